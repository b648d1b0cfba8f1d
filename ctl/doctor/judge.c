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

#include "common/judge.h"
#include "ctl/sinkctl.h"
#include "doctor.h"

/*
 * The judge: a model that decides what rules leave open.  Without one the
 * rules decide alone, which is what a host without a way out should do.
 */

#define ANSWER_S	60

static int
strategy_wants(const struct conf *c)
{
	uint32_t	 i;

	for (i = JUDGE_PROMPT; i < JUDGE_DIRECTION_COUNT; i++)
		if (schema_strategy(c, i) != CONF_REGEX_ONLY)
			return (1);
	return (0);
}

static void
check_wired(struct doctor *d)
{
	if (!doc_need_conf(d))
		return;
	if (!strategy_wants(&d->conf)) {
		doc_say(d, DOC_EXPECTED, NULL, "no judge is wired: the "
		    "strategy is regex_only, and none is ever called");
		return;
	}
	if (schema_judge_wanted(&d->conf)) {
		doc_say(d, DOC_PASS, NULL, "%s at %s port %d is asked",
		    d->conf.judge.model, d->conf.judge.host,
		    d->conf.judge.port);
		return;
	}
	doc_say(d, DOC_WARN, NULL, "a strategy asks a judge and none is "
	    "wired: the rules decide alone");
	doc_do(d, "set guardrail.detection_strategy to regex_only, or wire "
	    "one: `defenseclawctl help setup guardrail'");
}

/* a marked question, by the way of all others */
static void
ask(struct doctor *d)
{
	char	 err[MAX_CTL_TEXT + 64];
	json_t	*j;
	int	 rc;

	j = sinkctl_ask(d->paths, "gatewayd.1", MSG_CTL_JUDGE_TEST, NULL,
	    ANSWER_S * 1000, &rc, err, sizeof(err));
	if (rc == CTL_OK)
		doc_say(d, DOC_PASS, NULL, "answered a test question after "
		    "%lld ms", (long long)doc_int(j, "latency_us") / 1000);
	else if (rc == CTL_PERMISSION) {
		doc_say(d, DOC_SKIP, NULL, "this user may not ask it");
		doc_do(d, "run doctor as root, or as a member of the group "
		    "defenseclaw-admin");
	} else {
		doc_say(d, DOC_FAIL, NULL, "did not answer a test question: "
		    "%s", err);
		doc_do(d, "see that %s port %d is to be reached from here and "
		    "serves %s; until then guardrail.judge.on_error says "
		    "what becomes of text that is undecided",
		    d->conf.judge.host, d->conf.judge.port,
		    d->conf.judge.model);
	}
	json_decref(j);
}

static void
check_answers(struct doctor *d)
{
	if (d->conf_rc != CTL_OK || !schema_judge_wanted(&d->conf) ||
	    !doc_need_status(d))
		return;
	if (!d->passive) {
		ask(d);
		return;
	}
	doc_say(d, DOC_SKIP, NULL, "no question is asked with --passive");
	doc_do(d, "run doctor without it");
}

const struct check doc_judge[] = {
	{ "judge.wired", "a judge that a strategy asks is there", 0, 0,
	    check_wired },
	{ "judge.answers", "the judge answers a test question", ANSWER_S + 5,
	    0, check_answers },
	{ NULL, NULL, 0, 0, NULL }
};
