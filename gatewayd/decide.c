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

#include "judging.h"

/*
 * From severity to action.  The thresholds are the profile's: from `block'
 * on a text is blocked, from `alert' on somebody is told.
 */
static const struct {
	enum severity	block;
	enum severity	alert;
} thresholds[] = {
	[PROFILE_DEFAULT] = { SEV_CRITICAL, SEV_MEDIUM },
	[PROFILE_STRICT] = { SEV_MEDIUM, SEV_LOW },
	[PROFILE_BALANCED] = { SEV_CRITICAL, SEV_MEDIUM },
	[PROFILE_PERMISSIVE] = { SEV_CRITICAL, SEV_HIGH },
};

const char *
decide_mode(void)
{
	return (gatewayd.rec.mode == GATEWAY_ACTION ? "action" : "observe");
}

static const char *
decide_raw(enum severity severity, const struct verdict *v)
{
	unsigned int	p = gatewayd.rec.profile;
	uint32_t	least = gatewayd.rec.hilt_severity;

	if (p >= sizeof(thresholds) / sizeof(thresholds[0]))
		p = PROFILE_STRICT;
	if (severity >= thresholds[p].block &&
	    (severity == SEV_CRITICAL || !v->only_critical))
		return ("block");
	/* nobody is asked about what is blocked, or on the allow list */
	if (v->confirms && !v->only_critical && least != 0 &&
	    (uint32_t)severity >= least)
		return ("confirm");
	if (severity >= thresholds[p].alert)
		return ("alert");
	return ("allow");
}

/* what the client does of it */
static void
decide_soften(struct verdict *v)
{
	v->would_block = strcmp(v->raw_action, "block") == 0;
	if (gatewayd.rec.mode != GATEWAY_ACTION && !v->canary)
		v->action = "allow";
	else if (v->would_block || strcmp(v->raw_action, "confirm") == 0)
		v->action = v->raw_action;
	else
		v->action = "allow";
}

/* what an operator said, or has not said yet, decides */
void
decide_approved(struct verdict *v, const struct approval_said *said)
{
	v->approval = said;
	v->action = said->state == APPROVAL_USED ? "allow" : "block";
}

/*
 * A tool as it is called, or as clients call one of a server; of the two a
 * block counts.
 */
static const struct target *
tool_target(const struct inspection *in)
{
	const struct target	*t, *full;
	char			 name[MAX_TARGET_NAME + 1];

	if (in->tool == NULL)
		return (NULL);
	t = lists_find(KIND_TOOL, in->tool);
	if (in->owner == NULL || in->owner_kind != KIND_MCP ||
	    (t != NULL && t->op == OP_BLOCK) ||
	    (size_t)snprintf(name, sizeof(name), "mcp__%s__%s", in->owner,
	    in->tool) >= sizeof(name))
		return (t);
	full = lists_find(KIND_TOOL, name);
	return (full != NULL ? full : t);
}

/*
 * The lists come first: a blocked name is blocked whatever its text, and for
 * an allowed one only CRITICAL blocks.  `action' is what the client does, so
 * it is never "alert": hooks take that for a broken answer.
 */
void
decide(const struct inspection *in, const struct detect_result *found,
    struct verdict *v)
{
	const struct target	*t = tool_target(in);
	int			 allowed = 0;

	memset(v, 0, sizeof(*v));
	v->found = found;
	if ((t == NULL || t->op != OP_BLOCK) && in->owner != NULL) {
		allowed = t != NULL && t->op == OP_ALLOW;
		t = lists_find(in->owner_kind, in->owner);
		v->by_owner = t != NULL && t->op == OP_BLOCK;
	}
	if (t != NULL && t->op == OP_ALLOW)
		allowed = 1;
	if (found != NULL) {
		v->severity = found->severity;
		if (found->nfindings != 0)
			v->confidence = found->findings[0].confidence;
	}
	/* a text nobody could look at is not taken for a good one */
	v->unreadable = in->unreadable != NULL;
	v->canary = in->hook != NULL && in->tool != NULL &&
	    strcmp(in->tool, HOOK_CANARY) == 0;
	v->is_static = v->canary || (t != NULL && t->op == OP_BLOCK);
	v->allowed = allowed;
	v->only_critical = in->clamp || allowed;
	v->confirms = in->confirms;
	if (v->is_static || v->unreadable) {
		v->raw_action = "block";
		v->confidence = 1.0;
		if (v->severity < SEV_HIGH)
			v->severity = SEV_HIGH;
	} else
		v->raw_action = decide_raw(v->severity, v);
	decide_soften(v);
}

/* the gravest that judges say; *sure: all of them, and of the whole text */
static enum severity
judges_say(const struct judged *j, int *sure, int *failed)
{
	const struct judged_call	*c;
	enum severity			 top = SEV_NONE;
	size_t				 i;

	*sure = 1;
	*failed = 0;
	for (i = 0; i < j->ncalls; i++) {
		c = &j->calls[i];
		if (c->opinion == NULL) {
			*sure = 0;
			*failed = 1;
			continue;
		}
		if (c->omitted != 0 || c->stripped != 0 || c->opinion->partial)
			*sure = 0;
		if (c->opinion->severity > top)
			top = c->opinion->severity;
	}
	return (top);
}

/*
 * What an undecided text gets that a judge should have decided.  Of a name on
 * the allow list an operator has decided that only CRITICAL blocks, which no
 * failure is.
 */
static void
decide_floor(struct verdict *v)
{
	enum severity	 least = SEV_NONE;

	if (gatewayd.judge.on_error == ON_ERROR_BLOCK && !v->allowed) {
		v->raw_action = "block";
		least = SEV_HIGH;
	} else if (gatewayd.judge.on_error != ON_ERROR_ALLOW) {
		if (strcmp(v->raw_action, "allow") == 0)
			v->raw_action = "alert";
		least = SEV_MEDIUM;
	}
	if (v->severity < least)
		v->severity = least;
}

/*
 * Rules and judges together: the graver word counts.  A judge's alone counts
 * when it was asked about findings that the rules were not sure of, or comes
 * first and the rules have not decided; but only when all judges have
 * answered, have seen the whole text and all findings, and no rule was left
 * open.
 */
void
decide_judged(struct judged *j, struct verdict *v)
{
	enum severity	 said;
	int		 alone, failed, sure;

	v->judged = j;
	if (j->ncalls == 0 || v->is_static || v->unreadable)
		return;
	said = judges_say(j, &sure, &failed);
	alone = sure && !j->unasked && j->triage != TRIAGE_HIGH &&
	    (j->plan == PLAN_ADJUDICATE ||
	    j->strategy == STRATEGY_JUDGE_FIRST) &&
	    (v->found == NULL || !v->found->indeterminate);
	if (alone && said < v->severity && j->left < v->severity) {
		j->overruled = v->found;
		/* what nobody was asked about stands, with its neighbours */
		if (j->left == SEV_NONE)
			v->found = NULL;
		v->severity = said > j->left ? said : j->left;
		v->confidence = 0;
	}
	if (said > v->severity || (said != SEV_NONE && said == v->severity &&
	    v->confidence < JUDGE_CONFIDENCE))
		v->confidence = JUDGE_CONFIDENCE;
	if (said > v->severity)
		v->severity = said;
	v->raw_action = decide_raw(v->severity, v);
	if (failed && !j->gone && j->triage != TRIAGE_HIGH) {
		j->undecided = 1;
		decide_floor(v);
	}
	decide_soften(v);
}
