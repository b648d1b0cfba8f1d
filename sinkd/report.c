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

#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "sinkd.h"

/*
 * What auditd is told besides acknowledgements: events about the delivery,
 * several of one kind as one, and the state for status.
 */

#define NEWS_MS		1000	/* between two events of one kind */
#define STATE_MS	1000

static struct waiting {
	struct outbox_report	 r;
	int			 have;
	uint64_t		 sent_ms;
} waiting[OUTBOX_QUARANTINE + 1];

static struct event	*timer;
static uint64_t		 state_ms;
static int		 state_due;

static void
news_send(enum outbox_news news)
{
	struct waiting	*w = &waiting[news];

	if (!w->have || sinkd.auditd == NULL)
		return;
	if (peer_send(sinkd.auditd, MSG_OUTBOX_REPORT, 0, -1, &w->r,
	    sizeof(w->r)) == -1)
		return;
	w->have = 0;
	w->sent_ms = clock_ms();
}

static void
state_send(void)
{
	if (sinkd.auditd == NULL)
		return;
	(void)peer_send(sinkd.auditd, MSG_OUTBOX_STATE, 0, -1, &sinkd.state,
	    sizeof(sinkd.state));
	state_ms = clock_ms();
	state_due = 0;
}

static void
later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	report_flush();
}

static void
arm(void)
{
	struct timeval	 tv = { NEWS_MS / 1000, 0 };

	if (timer == NULL && (timer = evtimer_new(role.base, later,
	    NULL)) == NULL)
		fatalx("timer");
	if (!evtimer_pending(timer, NULL) && evtimer_add(timer, &tv) == -1)
		fatalx("timer");
}

void
report_flush(void)
{
	int	 n;

	for (n = OUTBOX_REJECTED; n <= OUTBOX_QUARANTINE; n++)
		news_send((enum outbox_news)n);
	if (state_due)
		state_send();
}

static void
news_merge(struct outbox_report *to, const struct outbox_report *r)
{
	uint64_t	 count = to->count + r->count, first = to->first;

	*to = *r;
	to->count = count;
	if (first != 0 && (r->first == 0 || first < r->first))
		to->first = first;
}

/* the pieces' events that may be spoken of: none that is about delivery */
size_t
report_count(const struct piece *pc)
{
	size_t	 i, n = 0;

	for (i = pc->from; i < pc->to; i++)
		n += !pc->batch->own[i];
	return (n);
}

void
report_news(enum outbox_news news, const struct judgement *j,
    const struct answer *a, const struct piece *pc)
{
	struct outbox_report	 r;
	struct waiting		*w = &waiting[news];

	memset(&r, 0, sizeof(r));
	r.news = news;
	r.code = j != NULL ? j->code : -1;
	r.http = a != NULL ? (uint32_t)a->http : 0;
	r.have_skew = sinkd.state.have_skew;
	r.skew_ms = sinkd.state.skew_ms;
	if (j != NULL)
		strlcpy(r.reason, j->reason, sizeof(r.reason));
	if (pc != NULL && pc->to > pc->from) {
		/* a failure is no news of events: deliver.c waits longer */
		if ((r.count = report_count(pc)) == 0 && news != OUTBOX_FAILED)
			return;
		r.first = pc->batch->seqs[pc->from];
		r.last = pc->batch->seqs[pc->to - 1];
		r.age_ms = ((int64_t)clock_wall_us() -
		    (int64_t)pc->batch->times[pc->from]) / 1000;
	}
	if (w->have && w->r.code == r.code && w->r.http == r.http)
		news_merge(&w->r, &r);
	else {
		news_send(news);
		w->r = r;
		w->have = 1;
	}
	if (clock_ms() - w->sent_ms >= NEWS_MS)
		news_send(news);
	else
		arm();
}

void
report_dead(const struct piece *pc, size_t i, enum outbox_class class,
    const struct judgement *j, const struct answer *a)
{
	struct outbox_dead	 d;

	memset(&d, 0, sizeof(d));
	d.batch = pc->batch->id;
	d.seq = pc->batch->seqs[i];
	d.class = class;
	d.http = a != NULL ? (uint32_t)a->http : 0;
	d.code = j->code;
	strlcpy(d.reason, j->reason, sizeof(d.reason));
	if (sinkd.auditd != NULL)
		(void)peer_send(sinkd.auditd, MSG_OUTBOX_DEAD, 0, -1, &d,
		    sizeof(d));
}

void
report_state(void)
{
	if (clock_ms() - state_ms >= STATE_MS)
		state_send();
	else {
		state_due = 1;
		arm();
	}
}
