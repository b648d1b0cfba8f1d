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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "confmigrate.h"
#include "edit.h"

/*
 * config migrate: an older configuration says what it means in the words of
 * this version.
 */

struct migrating {
	struct conf		 conf;
	struct conf_report	 rep;
	int			 was;
};

/* one edit after the other; the text is freed, or becomes the next */
static int
set(char **text, size_t *len, const char *key, const char *value, char *err,
    size_t errlen)
{
	char	*out;
	size_t	 outlen;

	if (confedit_set(*text, *len, key, value, &out, &outlen, err,
	    errlen) == -1)
		return (-1);
	free(*text);
	*text = out;
	*len = outlen;
	return (0);
}

static int
migrate_fn(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	const struct conf_step	*s;
	struct migrating	*m = arg;
	char			 version[16];
	int			 i, n = 0, rv = 0;
	const struct conf_step	*todo[MAX_CONF_KEYS];

	*out = NULL;
	if (conf_parse(text, len, "", &m->conf, &m->rep) == -1) {
		strlcpy(err, "the configuration is not valid: see "
		    "`defenseclawctl config validate'", errlen);
		return (-1);
	}
	m->was = m->conf.config_version;
	for (s = confmigrate_steps; s->key != NULL; s++)
		if (confmigrate_needs(&m->conf, s))
			todo[n++] = s;
	if ((*out = malloc(len + 1)) == NULL) {
		strlcpy(err, "out of memory", errlen);
		return (-1);
	}
	memcpy(*out, text, len);
	(*out)[len] = '\0';
	*outlen = len;
	snprintf(version, sizeof(version), "%d", CONF_VERSION);
	/* the version first: then a key that is not there is a default */
	if (m->was < CONF_VERSION)
		rv = set(out, outlen, "config_version", version, err, errlen);
	for (i = 0; rv == 0 && i < n; i++)
		rv = set(out, outlen, todo[i]->key, todo[i]->value, err,
		    errlen);
	if (rv == -1) {
		free(*out);
		*out = NULL;
	}
	return (rv);
}

int
cmd_config_migrate(struct ctl *c)
{
	static struct migrating	 m;
	struct edit		 e = { .action = "config-update",
				    .target = "config.yaml",
				    .verb = "migrate", .fn = migrate_fn,
				    .arg = &m,
				    .dry_run = cmd_has(c, O_DRY_RUN) };
	int			 rc;

	rc = edit_config(c, &e);
	if (rc == CTL_OK && out_json)
		out_document(json_pack("{s:i,s:i,s:b,s:b,s:o,s:I}", "from",
		    m.was, "to", CONF_VERSION, "changed", e.changed,
		    "dry_run", e.dry_run, "differences",
		    treediff_json(&e.diff), "seq", (json_int_t)e.seq));
	else if (rc == CTL_OK && !e.changed)
		printf("%s is of version %d already\n",
		    out_safe(c->paths.config), CONF_VERSION);
	else if (rc == CTL_OK && !e.dry_run)
		printf("%s: version %d -> %d; it means what it meant\n",
		    out_safe(c->paths.config), m.was, CONF_VERSION);
	edit_free(&e);
	return (rc);
}
