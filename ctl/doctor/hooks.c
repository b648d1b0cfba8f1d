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

#include <string.h>

#include "ctl/agentverify.h"
#include "doctor.h"

/*
 * Hooks of agents, by the checks of `agent verify'.  Of a client whose hooks
 * are not set up nothing is said.
 */

#define HOOK_S	60

static void
each(struct doctor *d, const char *id)
{
	static const enum doc_verdict	 verdicts[] = { DOC_PASS, DOC_WARN,
	    DOC_FAIL };
	static struct agent_check	 check[MAX_AGENT_CHECKS];
	const struct agent_def		*def;
	int				 i, n;

	for (def = agent_defs; def->title != NULL; def++) {
		if (strcmp(agent_where(def, d->paths), "-") == 0)
			continue;
		if (d->passive && strcmp(id, "canary") == 0) {
			doc_say(d, DOC_SKIP, def->title, "no call is made "
			    "with --passive");
			doc_do(d, "run doctor without it");
			continue;
		}
		n = agent_verify(def, d->paths, id, check);
		for (i = 0; i < n; i++) {
			doc_say(d, verdicts[check[i].grade], def->title,
			    "%s", check[i].seen);
			if (check[i].todo[0] != '\0')
				doc_do(d, "%s", check[i].todo);
		}
	}
}

static void
check_settings(struct doctor *d)
{
	each(d, "settings");
}

static void
check_program(struct doctor *d)
{
	each(d, "program");
}

static void
check_canary(struct doctor *d)
{
	each(d, "canary");
}

static void
check_switches(struct doctor *d)
{
	each(d, "switches");
}

static void
check_others(struct doctor *d)
{
	each(d, "others");
}

static void
check_version(struct doctor *d)
{
	each(d, "version");
}

const struct check doc_hooks[] = {
	{ "hooks.settings", "a client's settings have a hook for every event",
	    0, 0, check_settings },
	{ "hooks.program", "what the hook runs is there, and no other's to "
	    "change", 0, 0, check_program },
	{ "hooks.canary", "a forbidden call through the hook is denied",
	    HOOK_S, 0, check_canary },
	{ "hooks.switches", "nothing that was found switches hooks off", 0, 0,
	    check_switches },
	{ "hooks.others", "no other hook can change a call after ours", 0, 0,
	    check_others },
	{ "hooks.version", "the client's version was tested", HOOK_S, 0,
	    check_version },
	{ NULL, NULL, 0, 0, NULL }
};
