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

#include <sys/types.h>

#include "gatewayd/judging.h"
#include "tests/unit/test.h"

/* What findings mean, whom a strategy asks, and what comes of the answers. */

static struct match_rule	 rule;
static struct detect_finding	*f;
static struct detect_result	 found;

static enum triage
one(const char *id, const char *category, const char *tag,
    enum severity severity, double confidence, enum detect_direction d)
{
	static const char	*tags[1];

	memset(&rule, 0, sizeof(rule));
	memset(&found, 0, sizeof(found));
	tags[0] = tag;
	rule.id = id;
	rule.category = category;
	rule.tags = tags;
	rule.ntags = tag != NULL;
	found.nfindings = 1;
	f = &found.findings[0];
	f->rule = &rule;
	f->severity = severity;
	f->confidence = confidence;
	return (triage(&found, d));
}

static void
signals(void)
{
	static const struct {
		const char		*id;
		const char		*category;
		const char		*tag;
		enum severity		 severity;
		double			 confidence;
		enum detect_direction	 direction;
		enum triage		 want;
	} rows[] = {
		{ "A", "x", NULL, SEV_CRITICAL, 0.0, DETECT_PROMPT,
		    TRIAGE_HIGH },
		{ "A", "x", NULL, SEV_HIGH, 0.1, DETECT_COMPLETION,
		    TRIAGE_HIGH },
		{ "A", "x", NULL, SEV_MEDIUM, 1.0, DETECT_PROMPT,
		    TRIAGE_REVIEW },
		{ "A", "x", NULL, SEV_MEDIUM, TRIAGE_DOUBT, DETECT_TOOL_CALL,
		    TRIAGE_REVIEW },
		{ "A", "x", NULL, SEV_MEDIUM, 0.39, DETECT_PROMPT,
		    TRIAGE_LOW },
		{ "A", "x", NULL, SEV_LOW, 1.0, DETECT_PROMPT, TRIAGE_LOW },
		{ "A", "x", NULL, SEV_NONE, 1.0, DETECT_PROMPT, TRIAGE_LOW },
		/* secrets: on their way out, or back */
		{ "S", "secret", NULL, SEV_MEDIUM, 0.1, DETECT_PROMPT,
		    TRIAGE_HIGH },
		{ "S", "secret", NULL, SEV_LOW, 0.1, DETECT_TOOL_CALL,
		    TRIAGE_HIGH },
		{ "S", "secret", NULL, SEV_MEDIUM, 0.1, DETECT_COMPLETION,
		    TRIAGE_REVIEW },
		{ "S", "secret", NULL, SEV_HIGH, 0.1, DETECT_COMPLETION,
		    TRIAGE_HIGH },
		{ "A", "x", "credential", SEV_MEDIUM, 0.7, DETECT_PROMPT,
		    TRIAGE_HIGH },
		{ "LP-SECRET-MATCH", "local-pattern", NULL, SEV_MEDIUM, 0.7,
		    DETECT_COMPLETION, TRIAGE_REVIEW },
		{ "LP-SECRET-MATCH", "local-pattern", NULL, SEV_MEDIUM, 0.7,
		    DETECT_PROMPT, TRIAGE_HIGH },
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("    %zu\n", i);
		CHECK_INT(one(rows[i].id, rows[i].category, rows[i].tag,
		    rows[i].severity, rows[i].confidence, rows[i].direction),
		    rows[i].want);
	}
	CHECK_INT(triage(NULL, DETECT_PROMPT), TRIAGE_NONE);
	/* the strongest counts */
	found.findings[1] = found.findings[0];
	found.findings[0].severity = SEV_LOW;
	rule.id = rule.category = "x";
	found.findings[1].severity = SEV_MEDIUM;
	found.nfindings = 2;
	CHECK_INT(triage(&found, DETECT_PROMPT), TRIAGE_REVIEW);
	(void)one("A", "enterprise-data", NULL, SEV_LOW, 1, DETECT_PROMPT);
	CHECK(triage_is_data(f));
	(void)one("LP-PII-DATA", "local-pattern", NULL, SEV_LOW, 1, 0);
	CHECK(triage_is_data(f));
	(void)one("LP-INJ-IGNORE", "local-pattern", NULL, SEV_LOW, 1, 0);
	CHECK(!triage_is_data(f));
}

static void
plans(void)
{
	static const enum strategy	 all[] = { STRATEGY_REGEX_ONLY,
	    STRATEGY_REGEX_JUDGE, STRATEGY_JUDGE_FIRST };
	enum triage			 t;
	size_t				 i;
	int				 sweep;

	for (t = TRIAGE_NONE; t <= TRIAGE_HIGH; t++)
		for (sweep = 0; sweep < 2; sweep++) {
			/* regex_only asks nobody, and so does a number */
			CHECK_INT(triage_plan(STRATEGY_REGEX_ONLY, t, 0,
			    sweep), PLAN_RULES);
			CHECK_INT(triage_plan((enum strategy)0, t, 0, sweep),
			    PLAN_RULES);
			CHECK_INT(triage_plan((enum strategy)99, t, 0,
			    sweep), PLAN_RULES);
			for (i = 0; i < 3; i++)
				CHECK_INT(triage_plan(all[i], t, 1, sweep),
				    PLAN_RULES);
			CHECK_INT(triage_plan(STRATEGY_JUDGE_FIRST, t, 0,
			    sweep), PLAN_JUDGES);
			CHECK_INT(triage_plan(STRATEGY_REGEX_JUDGE, t, 0,
			    sweep), t == TRIAGE_HIGH ? PLAN_RULES :
			    t == TRIAGE_REVIEW ? PLAN_ADJUDICATE : sweep ?
			    PLAN_JUDGES : PLAN_RULES);
		}
	CHECK_STR(strategy_name(STRATEGY_JUDGE_FIRST), "judge_first");
	CHECK_STR(strategy_name((enum strategy)9), "");
	CHECK_STR(triage_name(TRIAGE_REVIEW), "NEEDS_REVIEW");
}

#define FAILED	((enum severity)SEV_COUNT)

static struct judged		 j;
static struct judge_opinion	 opinions[2];
static struct verdict		 v;

/* rules say, triage, strategy, plan, what two judges say */
static void
judged(enum severity rules, enum triage t, enum strategy strategy,
    enum course plan, enum severity a, enum severity b)
{
	const enum severity	 say[] = { a, b };
	size_t			 i;

	memset(&j, 0, sizeof(j));
	memset(&v, 0, sizeof(v));
	memset(&found, 0, sizeof(found));
	found.severity = rules;
	v.severity = rules;
	v.raw_action = "allow";
	v.found = rules != SEV_NONE ? &found : NULL;
	j.triage = t;
	j.strategy = strategy;
	j.plan = plan;
	j.ncalls = 2;
	for (i = 0; i < 2; i++) {
		opinions[i].severity = say[i];
		j.calls[i].opinion = say[i] != FAILED ? &opinions[i] : NULL;
		j.calls[i].status = say[i] != FAILED ? JUDGE_OK :
		    JUDGE_TIMEOUT;
	}
}

static void
check(enum severity severity, const char *raw, int undecided, int overruled)
{
	decide_judged(&j, &v);
	CHECK_INT(v.severity, severity);
	CHECK_STR(v.raw_action, raw);
	CHECK_INT(j.undecided, undecided);
	CHECK_INT(j.overruled != NULL, overruled);
	CHECK_INT(v.found == NULL, overruled || found.severity == SEV_NONE);
	CHECK_INT(v.would_block, strcmp(raw, "block") == 0);
}

#define REVIEW	TRIAGE_REVIEW, STRATEGY_REGEX_JUDGE, PLAN_ADJUDICATE
#define SWEEP	TRIAGE_LOW, STRATEGY_REGEX_JUDGE, PLAN_JUDGES
#define FIRST	TRIAGE_REVIEW, STRATEGY_JUDGE_FIRST, PLAN_JUDGES
#define SURE	TRIAGE_HIGH, STRATEGY_JUDGE_FIRST, PLAN_JUDGES

static void
merging(void)
{
	gatewayd.rec.profile = PROFILE_DEFAULT;
	gatewayd.rec.mode = GATEWAY_ACTION;
	gatewayd.judge.on_error = ON_ERROR_ALERT;
	/* asked about what the rules were not sure of, the answer counts */
	judged(SEV_MEDIUM, REVIEW, SEV_NONE, SEV_NONE);
	check(SEV_NONE, "allow", 0, 1);
	judged(SEV_MEDIUM, REVIEW, SEV_NONE, SEV_LOW);
	check(SEV_LOW, "allow", 0, 1);
	judged(SEV_MEDIUM, REVIEW, SEV_CRITICAL, SEV_NONE);
	check(SEV_CRITICAL, "block", 0, 0);
	/* of a sweep the graver of all */
	judged(SEV_LOW, SWEEP, SEV_NONE, SEV_NONE);
	check(SEV_LOW, "allow", 0, 0);
	judged(SEV_LOW, SWEEP, SEV_HIGH, SEV_MEDIUM);
	check(SEV_HIGH, "alert", 0, 0);
	CHECK(v.confidence > 0.7);
	/* a judge that comes first, but not before what rules have decided */
	judged(SEV_MEDIUM, FIRST, SEV_NONE, SEV_NONE);
	check(SEV_NONE, "allow", 0, 1);
	judged(SEV_HIGH, SURE, SEV_NONE, SEV_NONE);
	check(SEV_HIGH, "alert", 0, 0);
	judged(SEV_HIGH, SURE, SEV_CRITICAL, SEV_NONE);
	check(SEV_CRITICAL, "block", 0, 0);
	/* who has not seen all, or leaves a rule open, raises only */
	judged(SEV_MEDIUM, REVIEW, SEV_NONE, SEV_NONE);
	j.calls[1].omitted = 1;
	check(SEV_MEDIUM, "alert", 0, 0);
	judged(SEV_MEDIUM, FIRST, SEV_NONE, SEV_NONE);
	found.indeterminate = 1;
	check(SEV_MEDIUM, "alert", 0, 0);
	judged(SEV_MEDIUM, REVIEW, SEV_CRITICAL, SEV_NONE);
	j.calls[0].omitted = 1;
	check(SEV_CRITICAL, "block", 0, 0);
	/* what lists and reading have decided stays */
	judged(SEV_HIGH, SURE, SEV_CRITICAL, SEV_CRITICAL);
	v.is_static = 1;
	v.raw_action = "block";
	decide_judged(&j, &v);
	CHECK_INT(v.severity, SEV_HIGH);
	/* a clamp is one for judges, too */
	judged(SEV_NONE, SWEEP, SEV_HIGH, SEV_NONE);
	gatewayd.rec.profile = PROFILE_STRICT;
	v.only_critical = 1;
	check(SEV_HIGH, "alert", 0, 0);
	gatewayd.rec.profile = PROFILE_DEFAULT;
}

static void
failures(void)
{
	static const struct {
		enum judge_on_error	 on_error;
		enum severity		 none;	/* without a finding */
		const char		*none_raw;
		enum severity		 medium;
		const char		*medium_raw;
	} rows[] = {
		{ ON_ERROR_ALLOW, SEV_NONE, "allow", SEV_MEDIUM, "alert" },
		{ ON_ERROR_ALERT, SEV_MEDIUM, "alert", SEV_MEDIUM, "alert" },
		{ ON_ERROR_BLOCK, SEV_HIGH, "block", SEV_HIGH, "block" },
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gatewayd.judge.on_error = rows[i].on_error;
		judged(SEV_NONE, TRIAGE_NONE, STRATEGY_REGEX_JUDGE,
		    PLAN_JUDGES, FAILED, FAILED);
		check(rows[i].none, rows[i].none_raw, 1, 0);
		/* one of two is enough, and what the other says counts */
		judged(SEV_NONE, SWEEP, SEV_NONE, FAILED);
		check(rows[i].none, rows[i].none_raw, 1, 0);
		judged(SEV_NONE, SWEEP, SEV_CRITICAL, FAILED);
		check(SEV_CRITICAL, "block", 1, 0);
		/* the rules' verdict is never lowered by a failure */
		judged(SEV_MEDIUM, REVIEW, SEV_NONE, FAILED);
		check(rows[i].medium, rows[i].medium_raw, 1, 0);
		judged(SEV_MEDIUM, FIRST, FAILED, FAILED);
		check(rows[i].medium, rows[i].medium_raw, 1, 0);
		/* and one that they have decided is not touched */
		judged(SEV_HIGH, SURE, FAILED, FAILED);
		check(SEV_HIGH, "alert", 0, 0);
		/* who is gone has asked for nothing more */
		judged(SEV_NONE, SWEEP, FAILED, FAILED);
		j.gone = 1;
		check(SEV_NONE, "allow", 0, 0);
	}
}

int
main(void)
{
	RUN(signals);
	RUN(plans);
	RUN(merging);
	RUN(failures);
	return (0);
}
