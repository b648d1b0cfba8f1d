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

#include "setup.h"

/*
 * Detection strategies of setup guardrail, and the judge that they ask.
 */

const char *const setup_strategies[SETUP_STRATEGIES] = {
    "guardrail.detection_strategy", "guardrail.detection_strategy_prompt",
    "guardrail.detection_strategy_completion",
    "guardrail.detection_strategy_tool_call" };

/* does a strategy, as it is to be, have a judge in it */
static int
asks_judge(const struct setup *s, const char *key)
{
	int	v;

	memcpy(&v, (const char *)&s->conf + schema_find(key)->off, sizeof(v));
	return (v == CONF_REGEX_JUDGE || v == CONF_JUDGE_FIRST);
}

/*
 * regex_only means that no judge is asked: of no direction either that this
 * command was not told about.
 */
int
setup_judge(struct setup *s)
{
	size_t	i;
	int	rc = CTL_OK;

	if (!setup_has(s, setup_strategies[0]) ||
	    asks_judge(s, setup_strategies[0]))
		return (CTL_OK);
	for (i = 1; i < SETUP_STRATEGIES && rc == CTL_OK; i++)
		if (!setup_has(s, setup_strategies[i]) &&
		    asks_judge(s, setup_strategies[i]))
			rc = setup_put(s, setup_strategies[i], "");
	return (rc);
}
