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

#include "common/judge.h"
#include "schema.h"

/*
 * What is special about guardrail.judge.
 */

enum conf_strategy
schema_strategy(const struct conf *c, uint32_t direction)
{
	int	 v = CONF_INHERIT;

	switch (direction) {
	case JUDGE_PROMPT:
		v = c->guardrail.detection_strategy_prompt;
		break;
	case JUDGE_COMPLETION:
		v = c->guardrail.detection_strategy_completion;
		break;
	case JUDGE_TOOL_CALL:
		v = c->guardrail.detection_strategy_tool_call;
		break;
	}
	if (v == CONF_INHERIT)
		v = c->guardrail.detection_strategy;
	return ((enum conf_strategy)v);
}

int
schema_judge_wanted(const struct conf *c)
{
	uint32_t	 d;

	for (d = JUDGE_PROMPT; d < JUDGE_DIRECTION_COUNT; d++)
		if (schema_strategy(c, d) != CONF_REGEX_ONLY)
			return (c->judge.enabled);
	return (0);
}

/* a base that ends in /v1 has the version, any other gets it */
static int
judge_url(struct conf_judge *j, const char *path, char *err, size_t errlen)
{
	static const char	 v1[] = "/v1";
	size_t			 len = strlen(path);
	int			 n;

	if (strchr(path, '?') != NULL) {
		strlcpy(err, "must not hold a query", errlen);
		return (-1);
	}
	while (len > 0 && path[len - 1] == '/')
		len--;
	n = snprintf(j->url, sizeof(j->url), strchr(j->host, ':') != NULL ?
	    "%s://[%s]:%d%.*s%s/chat/completions" :
	    "%s://%s:%d%.*s%s/chat/completions", j->tls ? "https" : "http",
	    j->host, j->port, (int)len, path, len >= sizeof(v1) - 1 &&
	    strncmp(path + len - (sizeof(v1) - 1), v1, sizeof(v1) - 1) == 0 ?
	    "" : v1);
	if (n < 0 || (size_t)n >= sizeof(j->url)) {
		strlcpy(err, "is too long", errlen);
		return (-1);
	}
	return (0);
}

int
schema_judge_check(struct conf_judge *j, const char **key, char *err,
    size_t errlen)
{
	const char	*path;

	*key = "guardrail.judge.api_base";
	if (j->api_base[0] != '\0') {
		if (schema_url(j->api_base, j->host, sizeof(j->host),
		    &j->port, &j->tls, &path, err, errlen) == -1)
			return (-1);
		if (j->port == -1)
			j->port = j->tls ? 443 : 80;
		if (judge_url(j, path, err, errlen) == -1)
			return (-1);
	} else if (j->enabled) {
		strlcpy(err, "must be set for the judge: such as "
		    "http://127.0.0.1:8000/v1", errlen);
		return (-1);
	}
	*key = "guardrail.judge.model";
	if (j->enabled && j->model[0] == '\0') {
		strlcpy(err, "must be set for the judge: the name that its "
		    "server knows", errlen);
		return (-1);
	}
	*key = "guardrail.judge.ca_file";
	if (j->ca_file[0] != '\0' && j->api_base[0] != '\0' && !j->tls) {
		strlcpy(err, "has a use with https:// only", errlen);
		return (-1);
	}
	return (0);
}
