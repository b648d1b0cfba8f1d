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
#include <string.h>

#include "confmigrate.h"

const struct conf_step confmigrate_steps[] = {
	{ 2, "guardrail.mode", "observe" },
	{ 2, "guardrail.detection_strategy", "regex_only" },
	{ 3, "guardrail.detection_strategy_completion", "regex_only" },
	/* to 4 went splunk, to 5 came llm: foreign keys, and said to be so */
	{ 0, NULL, NULL }
};

int
confmigrate_needs(const struct conf *c, const struct conf_step *s)
{
	return (c->config_version < s->to &&
	    c->line[schema_find(s->key) - schema_keys] == 0);
}

int
confmigrate(struct conf *c, char *text, size_t size)
{
	const struct conf_step	*s;
	const struct key	*k;
	char			 err[MAX_SCHEMA_ERR];
	size_t			 n;
	int			 said = 0;

	if (c->config_version >= CONF_VERSION)
		return (0);
	snprintf(text, size, "is an older version, understood as %d",
	    CONF_VERSION);
	for (s = confmigrate_steps; s->key != NULL; s++) {
		n = strlen(text);
		if (!confmigrate_needs(c, s))
			continue;
		k = schema_find(s->key);
		(void)schema_set(k, s->value, c, err, sizeof(err));
		snprintf(text + n, size - n, "%s %s %s", said ? "," :
		    " with", strrchr(s->key, '.') + 1, s->value);
		said = 1;
	}
	return (1);
}
