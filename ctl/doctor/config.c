/*
 * Copyright (c) 2026 The DefenseClaw authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <sodium.h>
#include <string.h>

#include "doctor.h"

/*
 * config.yaml: valid, of our keys, and in force.
 */

static void
check_valid(struct doctor *d)
{
	const char	*path = d->paths->config;

	switch (d->conf_rc) {
	case CTL_OK:
		doc_say(d, DOC_PASS, path, "valid, guardrail.mode is %s",
		    d->conf.guardrail.mode == CONF_ACTION ? "action" :
		    "observe");
		return;
	case CTL_PERMISSION:
		doc_say(d, DOC_SKIP, path, "this user may not read it");
		doc_do(d, "run doctor as root, or as the suite's owner");
		return;
	case CTL_NOT_FOUND:
		doc_say(d, DOC_FAIL, path, "is missing");
		doc_do(d, "run `defenseclawctl init'");
		return;
	default:
		doc_say(d, DOC_FAIL, NULL, "%s", d->conf_err);
		doc_do(d, "put it right: `defenseclawctl config validate' "
		    "names every line");
	}
}

static void
check_keys(struct doctor *d)
{
	const struct conf_msg	*m;
	int			 i;

	if (!doc_need_conf(d))
		return;
	for (i = 0; i < d->report.nmsgs; i++) {
		m = &d->report.msgs[i];
		/* of strategies judge.wired speaks */
		if (!m->is_warning || strncmp(m->key,
		    "guardrail.detection_strategy", 28) == 0)
			continue;
		doc_say(d, DOC_WARN, m->key, "line %d: %s", m->line, m->text);
		doc_do(d, "take the line out, or say it with a key that "
		    "`defenseclawctl config show' lists");
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "every key has an effect");
}

static void
check_in_force(struct doctor *d)
{
	unsigned char	 hash[CONF_HASH_LEN];
	char		 text[2 * CONF_HASH_LEN + 1];
	const char	*theirs;

	if (!doc_need_conf(d) || !doc_need_status(d))
		return;
	conf_hash(&d->conf, hash);
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	theirs = doc_str(d->status, "conf_hash");
	if (strcmp(text, theirs) == 0) {
		doc_say(d, DOC_PASS, NULL, "the suite runs with it, "
		    "generation %lld", (long long)doc_int(d->status,
		    "generation"));
		return;
	}
	doc_say(d, DOC_WARN, NULL, "the file was changed since the suite "
	    "read it: it runs with %.12s, the file is %.12s", theirs, text);
	doc_do(d, "run `defenseclawctl reload'");
}

const struct check doc_config[] = {
	{ "config.valid", "config.yaml is there and valid", 0, 0,
	    check_valid },
	{ "config.keys", "every key of config.yaml has an effect", 0, 0,
	    check_keys },
	{ "config.in-force", "the suite runs with what the file says", 0, 0,
	    check_in_force },
	{ NULL, NULL, 0, 0, NULL }
};
