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

#ifndef GATEWAYD_TRIAGE_H
#define GATEWAYD_TRIAGE_H

#include "common/detect/detect.h"
#include "common/records.h"

/*
 * What the findings of rules mean to a strategy that may ask a judge:
 *
 *	HIGH_SIGNAL	the rules have decided, nobody else is heard
 *	NEEDS_REVIEW	a sign that somebody should look at
 *	LOW_SIGNAL	next to nothing
 *	NONE		no finding
 *
 * Of all findings the strongest counts.  One of severity HIGH or more is
 * HIGH_SIGNAL.  A secret (category "secret", tag "credential", or
 * LP-SECRET-MATCH) below that is HIGH_SIGNAL on its way out, in a prompt or
 * a tool call, and NEEDS_REVIEW in a completion.  MEDIUM is NEEDS_REVIEW, but
 * LOW_SIGNAL when its confidence is below TRIAGE_DOUBT; what is less is
 * LOW_SIGNAL.
 */

#define TRIAGE_DOUBT	0.4

enum triage { TRIAGE_NONE, TRIAGE_LOW, TRIAGE_REVIEW, TRIAGE_HIGH };

enum triage	 triage_finding(const struct detect_finding *,
		    enum detect_direction);
enum triage	 triage(const struct detect_result *, enum detect_direction);
const char	*triage_name(enum triage);	/* "NEEDS_REVIEW" */

/* data somebody owns, not an order to a model: whose judge adjudicates it */
int		 triage_is_data(const struct detect_finding *);

/*
 * Whom to ask, given what the rules say.  Decided is a verdict that no judge
 * changes: a list's, a text that cannot be read, or CRITICAL.
 */
enum course {
	PLAN_RULES,		/* nobody: the rules' verdict is the verdict */
	PLAN_ADJUDICATE,	/* a judge about these findings */
	PLAN_JUDGES		/* the judges of the direction */
};
enum course	 triage_plan(enum strategy, enum triage, int decided,
		    int sweep);
const char	*strategy_name(enum strategy);

#endif /* GATEWAYD_TRIAGE_H */
