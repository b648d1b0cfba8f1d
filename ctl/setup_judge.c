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
#include "sinktoken.h"

/*
 * Detection strategies of setup guardrail, and the judge that they ask.
 */

#define JUDGE_SECRET	"judge-key"

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

static int
any_asks_judge(const struct setup *s)
{
	size_t	i;

	for (i = 0; i < SETUP_STRATEGIES; i++)
		if (asks_judge(s, setup_strategies[i]))
			return (1);
	return (0);
}

/*
 * regex_only means that no judge is asked: of no direction either that this
 * command was not told about.
 */
static int
regex_only(struct setup *s)
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

/*
 * A judge is switched on by --judge, or by a strategy that was given and asks
 * one; regex_only switches it off, and nothing else touches it.
 */
static int
judge_switch(struct setup *s)
{
	static const char	key[] = "guardrail.judge.enabled";
	size_t			i;
	int			wanted = 0;

	for (i = 0; i < SETUP_STRATEGIES; i++)
		wanted |= setup_has(s, setup_strategies[i]) &&
		    asks_judge(s, setup_strategies[i]);
	if (setup_has(s, key)) {
		if (s->conf.judge.enabled && !any_asks_judge(s))
			return (out_fail(CTL_USAGE, "--judge: with the "
			    "strategy regex_only nothing asks a judge; give "
			    "--detection-strategy regex_judge"));
		if (!s->conf.judge.enabled && wanted)
			return (out_fail(CTL_USAGE, "--no-judge, and a "
			    "strategy that asks one"));
		return (CTL_OK);
	}
	if (wanted)
		return (setup_put(s, key, "true"));
	if (setup_has(s, setup_strategies[0]) && !any_asks_judge(s) &&
	    s->conf.judge.enabled)
		return (setup_put(s, key, "false"));
	return (CTL_OK);
}

static int
judge_whole(const struct setup *s)
{
	if (!s->conf.judge.enabled)
		return (CTL_OK);
	if (s->conf.judge.api_base[0] == '\0')
		return (out_fail(CTL_USAGE, "a judge needs an address: "
		    "--judge-api-base URL"));
	if (s->conf.judge.model[0] == '\0')
		return (out_fail(CTL_USAGE, "a judge needs the name of its "
		    "model: --judge-model NAME"));
	return (CTL_OK);
}

/* the key is copied into secrets/, where the suite reads it */
static int
judge_key(struct setup *s)
{
	const char	*file = setup_option(s->c, "judge-api-key-file");
	const char	*env = NULL;
	int		 had = s->conf.judge.key_secret[0] != '\0';

	if (setup_has(s, "guardrail.judge.api_key_env") &&
	    s->conf.judge.api_key_env[0] != '\0')
		env = s->conf.judge.api_key_env;
	if (file != NULL && env != NULL)
		return (out_fail(CTL_USAGE, "--judge-api-key-env or "
		    "--judge-api-key-file, not both"));
	if (file == NULL && env == NULL && (!s->ask || had ||
	    !setup_has(s, "guardrail.judge.api_base") ||
	    !s->conf.judge.enabled))
		return (CTL_OK);
	if (sinktoken_from(file, "--judge-api-key-env", env, "the judge",
	    &s->secret) == -1)
		return (CTL_USAGE);
	if (s->secret == NULL)
		return (CTL_OK);
	if (!had && setup_put(s, "guardrail.judge.key_secret",
	    JUDGE_SECRET) != CTL_OK)
		return (CTL_USAGE);
	s->secret_name = s->conf.judge.key_secret;
	return (CTL_OK);
}


int
setup_judge(struct setup *s)
{
	int	rc;

	if ((rc = regex_only(s)) == CTL_OK &&
	    (rc = judge_switch(s)) == CTL_OK &&
	    (rc = judge_whole(s)) == CTL_OK)
		rc = judge_key(s);
	if (rc == CTL_OK && !s->conf.judge.enabled && (setup_has(s,
	    "guardrail.judge.api_base") || setup_has(s,
	    "guardrail.judge.model")))
		setup_note(s, "the judge stays off until a strategy asks it: "
		    "--detection-strategy regex_judge");
	return (rc);
}

int
setup_judge_ask(struct setup *s)
{
	int	rc;

	if (!asks_judge(s, setup_strategies[0]))
		return (CTL_OK);
	if ((rc = setup_ask(s, "guardrail.judge.api_base", "URL of the "
	    "judge's server")) != CTL_OK ||
	    (rc = setup_ask(s, "guardrail.judge.model", "its model")) !=
	    CTL_OK || strncmp(s->conf.judge.api_base, "https:", 6) != 0)
		return (rc);
	return (setup_ask(s, "guardrail.judge.ca_file", "file of its CA"));
}
