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

#include "triage.h"

static int
is_secret(const struct detect_finding *f)
{
	size_t	 i;

	if (strcmp(f->rule->category, "secret") == 0 ||
	    strcmp(f->rule->id, "LP-SECRET-MATCH") == 0)
		return (1);
	for (i = 0; i < f->rule->ntags; i++)
		if (strcmp(f->rule->tags[i], "credential") == 0)
			return (1);
	return (0);
}

int
triage_is_data(const struct detect_finding *f)
{
	return (is_secret(f) ||
	    strcmp(f->rule->category, "enterprise-data") == 0 ||
	    strncmp(f->rule->id, "LP-PII-", 7) == 0);
}

enum triage
triage_finding(const struct detect_finding *f,
    enum detect_direction direction)
{
	if (f->severity >= SEV_HIGH)
		return (TRIAGE_HIGH);
	if (is_secret(f))
		return (direction == DETECT_COMPLETION ? TRIAGE_REVIEW :
		    TRIAGE_HIGH);
	if (f->severity == SEV_MEDIUM && f->confidence >= TRIAGE_DOUBT)
		return (TRIAGE_REVIEW);
	return (TRIAGE_LOW);
}

enum triage
triage(const struct detect_result *r, enum detect_direction direction)
{
	enum triage	 t, top = TRIAGE_NONE;
	size_t		 i;

	for (i = 0; r != NULL && i < r->nfindings; i++)
		if ((t = triage_finding(&r->findings[i], direction)) > top)
			top = t;
	return (top);
}

const char *
triage_name(enum triage t)
{
	static const char *const names[] = { "NONE", "LOW_SIGNAL",
	    "NEEDS_REVIEW", "HIGH_SIGNAL" };

	return (names[t]);
}

enum course
triage_plan(enum strategy strategy, enum triage t, int decided, int sweep)
{
	if (decided)
		return (PLAN_RULES);
	if (strategy == STRATEGY_JUDGE_FIRST)
		return (PLAN_JUDGES);
	/* what this does not know is not asked about */
	if (strategy != STRATEGY_REGEX_JUDGE || t == TRIAGE_HIGH)
		return (PLAN_RULES);
	if (t == TRIAGE_REVIEW)
		return (PLAN_ADJUDICATE);
	return (sweep ? PLAN_JUDGES : PLAN_RULES);
}

const char *
strategy_name(enum strategy s)
{
	static const char *const names[] = { "", "regex_only", "regex_judge",
	    "judge_first" };

	return (s <= STRATEGY_JUDGE_FIRST ? names[s] : "");
}
