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

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "judgepack.h"
#include "judging.h"

/*
 * Who is asked about a text, and what.
 */

static const enum judge_direction directions[] = {
	[DETECT_PROMPT] = JUDGE_PROMPT,
	[DETECT_COMPLETION] = JUDGE_COMPLETION,
	[DETECT_TOOL_CALL] = JUDGE_TOOL_CALL,
};

void
judging_free(struct judged *j)
{
	size_t	 i;

	for (i = 0; i < j->ncalls; i++) {
		free(j->calls[i].opinion);
		free(j->calls[i].sample);
	}
	j->ncalls = 0;
}

static struct judged_call *
call_new(struct judged *j, const struct inspection *in, enum judge_kind kind)
{
	struct judged_call	*c = &j->calls[j->ncalls++];

	memset(c, 0, sizeof(*c));
	c->question.kind = kind;
	c->question.direction = directions[in->direction];
	c->question.tool = in->tool;
	return (c);
}

static void
call_drop(struct judged *j)
{
	free(j->calls[--j->ncalls].sample);
}

/*
 * What is left of head and tail once the judge need not see the rest; both
 * are taken apart, so that nothing joins across the gap.
 */
static void
call_sample(struct judged_call *c, const char *text, size_t len)
{
	static char		 window[MAX_JUDGE_SAMPLE];
	struct judge_ask	 ask;
	struct wbuf		 w;
	enum judge_kind		 kind = c->question.kind;
	size_t			 head;

	judge_window(&ask, text, len, window);
	wbuf_init(&w, MAX_JUDGE_SAMPLE + 1);
	head = ask.omitted != 0 ? ask.head : ask.sample_len;
	c->stripped = judgepack_strip(gatewayd.rules->judge, kind, ask.sample,
	    head, &w);
	c->head = ask.omitted != 0 ? (uint32_t)w.len : 0;
	c->stripped += judgepack_strip(gatewayd.rules->judge, kind,
	    ask.sample + head, ask.sample_len - head, &w);
	c->omitted = ask.omitted;
	c->question.len = w.len;
	wbuf_put(&w, "", 1);
	if (w.failed)
		fatalx("a text grew when it was cut");
	if ((c->sample = malloc(w.len)) == NULL)
		fatal("question");
	memcpy(c->sample, w.data, w.len);
	c->question.sample = c->sample;
	wbuf_free(&w);
}

/* the last call's; when nothing is left to be seen nobody is asked */
static void
plan_sample(struct judged *j, const char *text, size_t len)
{
	struct judged_call	*c = &j->calls[j->ncalls - 1];

	call_sample(c, text, len);
	if (c->stripped != 0 && weigh_trimmed(c->question.sample,
	    c->question.len) < MIN_JUDGE_SAMPLE) {
		call_drop(j);
		j->unasked = 1;
	}
}

/* One judge of the direction, when it is switched on and can be answered. */
static void
plan_kind(struct judged *j, const struct inspection *in, enum judge_kind kind,
    int wanted, const char *text, size_t len)
{
	struct judged_call	*c;

	if (!wanted)
		return;
	c = call_new(j, in, kind);
	c->question.nnames = weigh_names(judgepack_rules(
	    gatewayd.rules->judge, kind), c->question.names);
	if (c->question.nnames == 0)
		call_drop(j);
	else
		plan_sample(j, text, len);
}

static void
plan_judges(struct judged *j, const struct inspection *in,
    const struct judge_tool *t, const char *text, size_t len)
{
	const struct rec_judge_use	*use = &gatewayd.judge;

	switch (in->direction) {
	case DETECT_PROMPT:
		plan_kind(j, in, JUDGE_INJECTION, use->injection != 0, text,
		    len);
		plan_kind(j, in, JUDGE_PII, use->pii_prompt != 0, text, len);
		plan_kind(j, in, JUDGE_EXFIL, use->exfil != 0, text, len);
		break;
	case DETECT_COMPLETION:
		plan_kind(j, in, JUDGE_PII, use->pii_completion != 0 &&
		    (t == NULL || t->judge_result), text, len);
		break;
	case DETECT_TOOL_CALL:
		plan_kind(j, in, JUDGE_TOOL_INJECTION,
		    use->tool_injection != 0, text, len);
		break;
	}
}

/* whether the judge of this question is asked about a finding */
static int
is_about(const struct judge_question *q, const struct detect_finding *f,
    enum detect_direction direction)
{
	return (triage_finding(f, direction) == TRIAGE_REVIEW &&
	    (triage_is_data(f) != 0) == (q->about == JUDGE_PII));
}

/* One question about all findings of a sort that need to be looked at. */
static void
plan_adjudication(struct judged *j, const struct inspection *in,
    const struct detect_result *found, enum judge_kind about,
    const char *text, size_t len)
{
	struct judge_question	*q;
	size_t			 i;

	q = &call_new(j, in, JUDGE_ADJUDICATION)->question;
	q->about = about;
	for (i = 0; i < found->nfindings; i++)
		if (!is_about(q, &found->findings[i], in->direction))
			continue;
		else if (q->nnames == MAX_JUDGE_NAMES)
			j->unasked = 1;
		else
			q->names[q->nnames++] = found->findings[i].rule->id;
	if (q->nnames == 0)
		call_drop(j);
	else
		plan_sample(j, text, len);
}

/* how grave the findings are that an adjudication is not about */
static enum severity
left(const struct detect_result *found, enum detect_direction direction)
{
	const struct detect_finding	*f;
	enum severity			 top = SEV_NONE;
	size_t				 i;

	for (i = 0; i < found->nfindings; i++) {
		f = &found->findings[i];
		if (triage_finding(f, direction) != TRIAGE_REVIEW &&
		    f->severity > top)
			top = f->severity;
	}
	return (top);
}

static void
plan_calls(const struct inspection *in, const struct verdict *v,
    const struct judge_tool *t, const char *text, size_t len,
    struct judged *j)
{
	if (weigh_trimmed(text, len) < MIN_JUDGE_SAMPLE) {
		j->why = "the text is too short to be judged";
		j->plan = PLAN_RULES;
		return;
	}
	if (j->plan == PLAN_ADJUDICATE) {
		j->unasked = v->found->total > v->found->nfindings;
		plan_adjudication(j, in, v->found, JUDGE_INJECTION, text,
		    len);
		plan_adjudication(j, in, v->found, JUDGE_PII, text, len);
		j->left = left(v->found, in->direction);
	} else
		plan_judges(j, in, t, text, len);
	if (j->ncalls == 0) {
		j->why = "no judge is switched on for it, or may see it";
		j->plan = PLAN_RULES;
	}
}

static const char *
why(const struct judged *j, int decided, int sensitive)
{
	if (j->strategy != STRATEGY_REGEX_JUDGE &&
	    j->strategy != STRATEGY_JUDGE_FIRST)
		return ("the strategy asks nobody");
	if (!gatewayd.judge.wanted)
		return ("no judge is configured");
	if (decided)
		return ("no judge could change the verdict");
	if (j->plan == PLAN_ADJUDICATE)
		return ("the rules are not sure");
	if (j->plan == PLAN_RULES && j->triage == TRIAGE_HIGH)
		return ("the rules have decided");
	if (j->plan == PLAN_RULES)
		return ("no signal, and guardrail.judge_sweep is off");
	if (sensitive)
		return ("the tool's results are to be judged");
	return (j->strategy == STRATEGY_JUDGE_FIRST ?
	    "the judge comes first" : "no signal: the sweep");
}

void
judging_plan(const struct inspection *in, const struct verdict *v,
    const json_t *value, struct judged *j)
{
	const struct judge_tool	*t = NULL;
	char			*text = NULL;
	int			 decided, sensitive;

	j->gone = j->undecided = j->unasked = 0;
	j->left = SEV_NONE;
	j->ncalls = 0;
	j->overruled = NULL;
	j->strategy = (enum strategy)
	    gatewayd.judge.strategy[directions[in->direction]];
	j->triage = triage(v->found, in->direction);
	decided = v->is_static || v->unreadable || value == NULL ||
	    v->severity == SEV_CRITICAL;
	j->plan = triage_plan(j->strategy, j->triage, decided,
	    gatewayd.judge.sweep != 0);
	if (in->direction == DETECT_COMPLETION)
		t = judgepack_tool(gatewayd.rules->judge, in->tool);
	sensitive = j->plan == PLAN_RULES && !decided && t != NULL &&
	    t->judge_result && j->strategy == STRATEGY_REGEX_JUDGE &&
	    j->triage < TRIAGE_REVIEW;
	if (sensitive)
		j->plan = PLAN_JUDGES;
	if (!gatewayd.judge.wanted)
		j->plan = PLAN_RULES;
	j->why = why(j, decided, sensitive);
	if (j->plan == PLAN_RULES)
		return;
	if (json_is_string(value))
		plan_calls(in, v, t, json_string_value(value),
		    json_string_length(value), j);
	else {
		if ((text = json_text(value)) == NULL)
			fatal("question");
		plan_calls(in, v, t, text, strlen(text), j);
		free(text);
	}
}

/* "- ID: title", a line for each */
static void
evidence(const struct inspection *in, const struct judged_call *c,
    const struct detect_result *found, struct wbuf *w)
{
	const struct detect_finding	*f;
	size_t				 i;

	for (i = 0; i < found->nfindings; i++) {
		f = &found->findings[i];
		if (!is_about(&c->question, f, in->direction))
			continue;
		wbuf_put(w, "- ", 2);
		wbuf_put(w, f->rule->id, strlen(f->rule->id));
		wbuf_put(w, ": ", 2);
		judge_escape(w, f->rule->title, strlen(f->rule->title));
		wbuf_put(w, "\n", 1);
	}
}

void
judging_prompt(const struct inspection *in, const struct judged_call *c,
    const struct detect_result *found, struct wbuf *out)
{
	const struct judge_question	*q = &c->question;
	const struct judge_rules	*r;
	const char			*with[2];
	struct wbuf			 list;
	char				 tool[MAX_JUDGEPACK_TOOL + 1];

	r = judgepack_rules(gatewayd.rules->judge, q->kind ==
	    JUDGE_ADJUDICATION ? q->about : q->kind);
	if (q->kind == JUDGE_TOOL_INJECTION) {
		judgepack_tool_name(in->tool != NULL ? in->tool : "", tool);
		with[0] = tool;
		judgepack_fill(out, r->prompt, with, 1);
	} else if (q->kind == JUDGE_ADJUDICATION) {
		wbuf_init(&list, MAX_JUDGE_PROMPT);
		evidence(in, c, found, &list);
		wbuf_put(&list, "", 1);
		with[0] = judge_direction_name(q->direction);
		with[1] = list.failed ? "" : (const char *)list.data;
		judgepack_fill(out, r->adjudication, with, 2);
		wbuf_free(&list);
	} else
		wbuf_put(out, r->prompt, strlen(r->prompt));
}
