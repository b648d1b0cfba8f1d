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
#include <time.h>

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

static int
wanted(const struct doctor *d)
{
	return (d->conf_rc == CTL_OK && schema_judge_wanted(&d->conf));
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
	if (j == NULL)
		j = json_object();
	json_object_set_new(j, "rc", json_integer(rc));
	json_object_set_new(j, "seen", json_string(err));
	json_array_append_new(d->found, j);
}

void
doc_gather_judge(struct doctor *d)
{
	static const struct check	 test = { "judge.test", NULL,
					    ANSWER_S + 5, 0, ask };
	uint64_t			 took;

	if (d->judged != NULL)
		return;
	if (d->passive || d->status_rc != CTL_OK || !wanted(d))
		d->judged = json_array();
	else
		d->judged = doc_run(d, &test, &took);
}

/* the answer to the question, or NULL after it was said why there is none */
static const json_t *
answer(struct doctor *d)
{
	const json_t	*j;

	if (!wanted(d) || !doc_need_status(d))
		return (NULL);
	j = json_array_get(d->judged, 0);
	if (j == NULL) {
		doc_say(d, DOC_SKIP, NULL, "no question is asked with "
		    "--passive");
		doc_do(d, "run doctor without it");
	} else if (doc_int(j, "rc") == CTL_PERMISSION) {
		doc_say(d, DOC_SKIP, NULL, "this user may not ask it");
		doc_do(d, "run doctor as root, or as a member of the group "
		    "defenseclaw-admin");
		j = NULL;
	}
	return (j);
}

static int
is_tls(const json_t *j)
{
	return (strcmp(doc_str(j, "status"),
	    judge_status_name(JUDGE_TLS)) == 0);
}

static void
check_answers(struct doctor *d)
{
	const json_t	*j;

	if ((j = answer(d)) == NULL)
		return;
	if (json_is_true(json_object_get(j, "ok"))) {
		doc_say(d, DOC_PASS, NULL, "answered a test question after "
		    "%lld ms", (long long)doc_int(j, "latency_us") / 1000);
	} else if (is_tls(j)) {
		doc_say(d, DOC_SKIP, NULL, "no question gets through the "
		    "handshake");
		doc_do(d, "see judge.tls");
	} else {
		doc_say(d, DOC_FAIL, NULL, "did not answer a test question: "
		    "%s", doc_str(j, "seen"));
		doc_do(d, "see that %s port %d is to be reached from here and "
		    "serves %s; until then guardrail.judge.on_error says "
		    "what becomes of text that is undecided",
		    d->conf.judge.host, d->conf.judge.port,
		    d->conf.judge.model);
	}
}

static void
check_tls(struct doctor *d)
{
	const json_t	*j;
	const char	*until;
	time_t		 left;

	if (d->conf_rc != CTL_OK || !d->conf.judge.tls ||
	    (j = answer(d)) == NULL)
		return;
	until = doc_str(j, "tls_until");
	left = doc_seconds(until) - time(NULL);
	if (is_tls(j)) {
		doc_say(d, DOC_FAIL, NULL, "%s", doc_str(j, "reason"));
		doc_do(d, "give the judge a certificate that this host "
		    "trusts, or name its CA in guardrail.judge.ca_file; "
		    "until then guardrail.judge.on_error says what becomes "
		    "of text that is undecided");
	} else if (until[0] == '\0') {
		doc_say(d, DOC_SKIP, NULL, "no handshake was seen");
		doc_do(d, "see judge.answers");
	} else if (left < DOC_TLS_S) {
		doc_say(d, DOC_WARN, NULL, "its certificates hold until "
		    "%.19sZ, %lld days", until, (long long)left / 86400);
		doc_do(d, "renew the judge's certificate before that");
	} else
		doc_say(d, DOC_PASS, NULL, "its certificates hold until "
		    "%.19sZ", until);
}

const struct check doc_judge[] = {
	{ "judge.wired", "a judge that a strategy asks is there", 0, 0,
	    check_wired },
	{ "judge.answers", "the judge answers a test question", 0, 0,
	    check_answers },
	{ "judge.tls", "the judge's certificates are trusted and hold for a "
	    "month", 0, 0, check_tls },
	{ NULL, NULL, 0, 0, NULL }
};
