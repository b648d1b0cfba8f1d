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

#include <event2/event.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "judgelink.h"
#include "judgepack.h"
#include "judging.h"

struct waiting {
	TAILQ_ENTRY(waiting)	 entry;
	struct asker		 asker;
	struct inspection	 in;		/* its strings are ours */
	struct hook		 hook;		/* that it points to, if any */
	struct detect_result	*found;
	struct ruleset		*rules;
	struct judged		 j;
	struct bound		 bound;		/* that in points to, if any */
	struct approval_said	 said;
	int			 asked;		/* for an approval */
	struct event		*over;		/* all answers are there */
	size_t			 len;		/* inspected */
	uint64_t		 us;		/* that this took */
	size_t			 bytes;		/* counted in the bound */
	unsigned int		 left;		/* answers to come */
};

static TAILQ_HEAD(, waiting)	 all = TAILQ_HEAD_INITIALIZER(all);
static struct event		*tick;
static unsigned int		 nwaiting;
static size_t			 nbytes;

unsigned int
judging_waiting(void)
{
	return (nwaiting);
}

static char *
copy(const char *s)
{
	char	*p;

	if (s == NULL)
		return (NULL);
	if ((p = strdup(s)) == NULL)
		fatal("request");
	return (p);
}

/* Only as many findings as there are: the whole is large. */
static struct detect_result *
found_copy(const struct detect_result *found)
{
	struct detect_result	*r;
	size_t			 size;

	if (found == NULL)
		return (NULL);
	size = offsetof(struct detect_result, findings) +
	    found->nfindings * sizeof(found->findings[0]);
	if ((r = malloc(size)) == NULL)
		fatal("request");
	memcpy(r, found, size);
	return (r);
}

static void
waiting_free(struct waiting *w)
{
	TAILQ_REMOVE(&all, w, entry);
	nwaiting--;
	nbytes -= w->bytes;
	event_free(w->over);
	judging_free(&w->j);
	free((char *)(uintptr_t)w->in.tool);
	free((char *)(uintptr_t)w->in.owner);
	free((char *)(uintptr_t)w->in.target);
	free((char *)(uintptr_t)w->hook.tool);
	json_decref((json_t *)(uintptr_t)w->hook.value);
	free(w->found);
	serve_rules_drop(w->rules);
	free(w);
}

static void
waiting_said(void *arg, const struct approval_said *said)
{
	struct waiting	*w = arg;

	if (said != NULL)
		w->said = *said;
	event_active(w->over, EV_TIMEOUT, 0);
}

/* 1: auditd is asked, and it is not over */
static int
waiting_asks(struct waiting *w, const struct verdict *v)
{
	char	 reason[MAX_REASON];

	if (w->asked)
		return (0);
	w->asked = 1;
	inspect_reason(&w->in, v, reason);
	return (approval_ask(&w->asker, &w->in, v, reason, waiting_said,
	    w) == 0);
}

/* The lists are asked again: what was blocked meanwhile is blocked. */
static void
waiting_over(struct waiting *w)
{
	struct verdict	 v;

	w->asker.rules = w->rules->generation;
	decide(&w->in, w->found, &v);
	decide_judged(&w->j, &v);
	if (approval_wanted(&w->in, &v)) {
		if (waiting_asks(w, &v))
			return;
		decide_approved(&v, &w->said);
	}
	stats_judged(&w->j, w->found != NULL ? w->found->severity : SEV_NONE);
	judging_failures(&w->asker, &w->j);
	inspect_over(&w->asker, &w->in, &v, w->len, w->us);
	waiting_free(w);
}

static void
over_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	waiting_over(arg);
}

/* One answer less; the end comes by itself, not within another's call. */
static void
call_over(struct judged_call *c)
{
	struct waiting	*w = c->owner;

	c->id = 0;
	c->owner = NULL;
	nbytes -= c->question.len;
	w->bytes -= c->question.len;
	free(c->sample);
	c->sample = NULL;
	c->question.sample = NULL;
	if (--w->left == 0)
		event_active(w->over, EV_TIMEOUT, 0);
}

static void
call_weigh(struct judged_call *c, const struct judge_said *s)
{
	const struct waiting	*w = c->owner;
	const struct judge_tool	*t;
	struct judge_opinion	*o;

	if ((o = c->opinion = malloc(sizeof(*o))) == NULL)
		fatal("answer");
	weigh(w->rules->judge, &c->question, s, o);
	/* such a tool's results hold some values by their nature */
	t = judgepack_tool(w->rules->judge, w->in.tool);
	if (t != NULL && o->kind == JUDGE_PII && o->entities != 0 &&
	    o->entities < t->min_entities) {
		c->below = o->entities;
		o->severity = SEV_NONE;
		o->nfindings = 0;
		o->reason[0] = '\0';
	}
}

static void
call_said(void *arg, const struct judge_said *s)
{
	struct judged_call	*c = arg;

	c->status = (enum judge_status)s->status;
	c->http = s->http;
	c->latency_us = s->latency_us;
	c->cached = s->cached != 0;
	strlcpy(c->reason, s->reason, sizeof(c->reason));
	if (c->status == JUDGE_OK)
		call_weigh(c, s);
	if (gatewayd.judge.keep_bodies && s->body[0] != '\0')
		judging_body(&c->owner->asker, c, s->body);
	call_over(c);
}

static void
call_failed(struct judged_call *c, enum judge_status status, const char *why)
{
	c->status = status;
	strlcpy(c->reason, why, sizeof(c->reason));
	call_over(c);
}

/* never more than there is: the same text under other rules is another */
static uint64_t
policy_generation(const struct waiting *w)
{
	return (role.start.generation << 32 ^ w->rules->generation);
}

static void
call_ask(struct waiting *w, struct judged_call *c)
{
	struct judge_question	*q = &c->question;
	struct judge_ask	 ask;
	struct wbuf		 prompt;

	memset(&ask, 0, sizeof(ask));
	ask.kind = q->kind;
	ask.direction = q->direction;
	ask.deadline_ms = q->kind == JUDGE_ADJUDICATION ?
	    gatewayd.judge.adjudication_ms : gatewayd.judge.timeout_ms;
	ask.keep_body = gatewayd.judge.keep_bodies != 0;
	ask.head = c->head;
	ask.omitted = c->omitted;
	ask.generation = policy_generation(w);
	ask.sample = q->sample;
	ask.sample_len = q->len;
	ask.nnames = q->nnames;
	memcpy(ask.names, q->names, q->nnames * sizeof(q->names[0]));
	wbuf_init(&prompt, MAX_JUDGE_PROMPT);
	judging_prompt(&w->in, c, w->found, &prompt);
	wbuf_put(&prompt, "", 1);
	ask.prompt = prompt.failed ? "" : (const char *)prompt.data;
	if (prompt.failed)
		call_failed(c, JUDGE_NO_VERDICT, "the prompt is too long");
	else if (!judgelink_up())
		call_failed(c, JUDGE_NO_ENDPOINT, "the judge's process is not "
		    "there");
	else if ((c->id = judgelink_ask(&ask, call_said, c)) == 0)
		call_failed(c, JUDGE_BUSY, "too many questions are under way");
	wbuf_free(&prompt);
}

/* nobody waits any more: recorded with what is known, and counted */
static void
waiting_gone(struct waiting *w)
{
	size_t	 i;

	w->j.gone = 1;
	gatewayd.stats.judge_gone++;
	for (i = 0; i < w->j.ncalls; i++)
		if (w->j.calls[i].owner != NULL) {
			if (w->j.calls[i].id != 0)
				judgelink_forget(w->j.calls[i].id);
			call_failed(&w->j.calls[i], JUDGE_TIMEOUT,
			    "the client did not wait");
		}
}

static void
tick_cb(evutil_socket_t fd, short what, void *arg)
{
	struct waiting	*w;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(w, &all, entry)
		if (w->left != 0 && w->asker.conn != 0 &&
		    !conn_alive(gatewayd.server, w->asker.conn))
			waiting_gone(w);
}

void
judging_forget(struct peer *ctl)
{
	struct waiting	*w;

	TAILQ_FOREACH(w, &all, entry)
		if (w->asker.ctl == ctl) {
			w->asker.ctl = NULL;
			w->asker.nobody = 1;
			if (w->left != 0)
				waiting_gone(w);
		}
}

void
judging_begin(const struct asker *a, const struct inspection *in,
    const struct verdict *v, size_t len, uint64_t us, struct judged *j)
{
	struct waiting	*w;
	size_t		 i;
	int		 full;

	if ((w = calloc(1, sizeof(*w))) == NULL ||
	    (w->over = evtimer_new(role.base, over_cb, w)) == NULL)
		fatal("request");
	w->asker = *a;
	w->in = *in;
	w->in.tool = copy(in->tool);
	w->in.owner = copy(in->owner);
	w->in.target = copy(in->target);
	if (in->hook != NULL) {
		w->hook = *in->hook;
		w->hook.tool = copy(in->hook->tool);
		json_incref((json_t *)(uintptr_t)w->hook.value);
		w->in.hook = &w->hook;
	}
	w->in.cwd = NULL;
	if (in->bound != NULL) {
		w->bound = *in->bound;
		w->in.bound = &w->bound;
	}
	w->found = found_copy(v->found);
	w->rules = gatewayd.rules;
	serve_rules_hold(w->rules);
	w->j = *j;
	w->len = len;
	w->us = us;
	for (i = 0; i < w->j.ncalls; i++)
		w->bytes += w->j.calls[i].question.len;
	full = nwaiting >= MAX_WAITING || nbytes + w->bytes >
	    MAX_WAITING_BYTES;
	TAILQ_INSERT_TAIL(&all, w, entry);
	nwaiting++;
	nbytes += w->bytes;
	w->left = (unsigned int)w->j.ncalls;
	for (i = 0; i < w->j.ncalls; i++) {
		w->j.calls[i].owner = w;
		w->j.calls[i].question.tool = w->in.tool;
		if (full)
			call_failed(&w->j.calls[i], JUDGE_BUSY,
			    "too many requests wait");
		else
			call_ask(w, &w->j.calls[i]);
	}
	/* only an approval is wanted; without room it is not asked for */
	w->asked = full;
	if (w->j.ncalls == 0)
		event_active(w->over, EV_TIMEOUT, 0);
}

void
judging_init(void)
{
	struct timeval	 tv = { 0, WAITING_TICK_MS * 1000 };

	tick = event_new(role.base, -1, EV_PERSIST, tick_cb, NULL);
	if (tick == NULL || (gatewayd.judge.wanted && evtimer_add(tick,
	    &tv) == -1))
		fatalx("timer");
}
