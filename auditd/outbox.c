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
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "auditd.h"
#include "outbox.h"

/*
 * Delivery from the store: a sink pulls rows and acknowledges them, and its
 * cursor moves with the next commit.  Little is done in one turn of the loop,
 * so that a sink with a long backlog delays no verdict.
 */

struct outsink_list	 outsinks = TAILQ_HEAD_INITIALIZER(outsinks);
struct cursors		*cursors;

static struct event	*serve_ev;	/* next turn */
static struct event	*quiet_ev;	/* write cursors alone */

static void	outbox_pull(struct peer *, struct msg *);
static void	outbox_ack(struct peer *, struct msg *);
static void	outbox_dead(struct peer *, struct msg *);

static const struct dispatch from_sink[] = {
	{ MSG_OUTBOX_PULL, ST_RUNNING, sizeof(struct outbox_pull),
	    sizeof(struct outbox_pull), FD_NONE, NOBODY, outbox_pull },
	{ MSG_OUTBOX_ACK, ST_RUNNING, sizeof(struct outbox_ack),
	    sizeof(struct outbox_ack), FD_NONE, NOBODY, outbox_ack },
	{ MSG_OUTBOX_DEAD, ST_RUNNING, sizeof(struct outbox_dead),
	    sizeof(struct outbox_dead), FD_NONE, NOBODY, outbox_dead },
	{ MSG_OUTBOX_REPORT, ST_RUNNING, sizeof(struct outbox_report),
	    sizeof(struct outbox_report), FD_NONE, NOBODY, outbox_report },
	{ MSG_OUTBOX_STATE, ST_RUNNING, sizeof(struct outbox_state),
	    sizeof(struct outbox_state), FD_NONE, NOBODY, outbox_state },
	{ MSG_OUTBOX_TESTED, ST_RUNNING, sizeof(struct outbox_tested),
	    sizeof(struct outbox_tested), FD_NONE, NOBODY, outbox_tested },
	{ 0 }
};

struct outsink *
outsink_find(const char *name)
{
	struct outsink	*s;

	TAILQ_FOREACH(s, &outsinks, entry)
		if (!s->gone && strcmp(s->rec.name, name) == 0)
			return (s);
	return (NULL);
}

/* in the next turn of the loop, when others had theirs */
void
outbox_serve(void)
{
	struct timeval	 tv = { 0, 0 };

	if (evtimer_add(serve_ev, &tv) == -1)
		fatalx("timer");
}

void
outbox_touch(struct outsink *s)
{
	struct timeval	 tv = { 0, QUIET_MS * 1000 };

	s->dirty = 1;
	if (!evtimer_pending(quiet_ev, NULL) &&
	    evtimer_add(quiet_ev, &tv) == -1)
		fatalx("timer");
}

/* what this process has of the log is over; what was settled stays so */
static void
session_end(struct outsink *s)
{
	struct batch_out	*b;

	while ((b = TAILQ_FIRST(&s->out)) != NULL) {
		TAILQ_REMOVE(&s->out, b, entry);
		free(b);
	}
	s->nout = 0;
	wbuf_reset(&s->rows);
	memset(&s->end, 0, sizeof(s->end));
	s->bytes = 0;
	s->pulling = 0;
	s->peer = NULL;
}

static void
sink_replace(const struct peer *p)
{
	struct request	 rq;

	memset(&rq, 0, sizeof(rq));
	rq.kind = REQ_REPLACE;
	rq.incarnation = p->incarnation;
	(void)peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq));
}

/*
 * A sink reads what a stranger sends: when it misbehaves it is replaced, and
 * nobody else is hurt.
 */
void
outbox_bad(struct peer *p, const char *what)
{
	struct outsink	*s = p->ctx;

	log_warnx("%s: %s: it is replaced", p->name, what);
	sink_replace(p);
	if (s->peer == p)
		session_end(s);
	peer_free(p);
}

/* of a process that is gone already this asks for nothing */
static void
sink_closed(struct peer *p)
{
	struct outsink	*s = p->ctx;

	sink_replace(p);
	if (s->peer == p)
		session_end(s);
}

static void
sink_flow(struct peer *p)
{
	if (!peer_blocked(p))
		outbox_serve();
}

void
outbox_peer(struct msg *msg, struct peer_end *end)
{
	struct outsink	*s;
	struct peer	*p;

	p = role_peer(msg, end, from_sink);
	p->class = PEER_CHILD;
	if (strncmp(end->instance, "sink.", 5) != 0 ||
	    (s = outsink_find(end->instance + 5)) == NULL) {
		log_warnx("%s: no such sink is configured", p->name);
		peer_free(p);
		return;
	}
	if (s->peer != NULL)
		peer_free(s->peer);
	session_end(s);
	p->ctx = s;
	p->on_close = sink_closed;
	p->on_flow = sink_flow;
	s->peer = p;
	s->batches = 0;
	s->next = s->at.cursor + 1;
	s->replay = s->at.replay_next;
	s->retried = 0;
	s->reports = 0;
	s->retry = 1;
	memset(&s->state, 0, sizeof(s->state));
	sinks_test_again(s);
}

static void
outbox_pull(struct peer *p, struct msg *msg)
{
	struct outsink	*s = p->ctx;

	if (msg_get(msg, &s->pull, sizeof(s->pull)) == -1 || s->pulling ||
	    s->nout >= MAX_OUTBOX_OPEN ||
	    s->pull.max_events == 0 ||
	    s->pull.max_events > MAX_OUTBOX_EVENTS ||
	    s->pull.max_bytes == 0 || s->pull.max_bytes > MAX_OUTBOX_BYTES) {
		outbox_bad(p, "a pull that is malformed or one too many");
		return;
	}
	s->pulling = 1;
	memset(&s->end, 0, sizeof(s->end));
	outbox_serve();
}

static int
wanted(const struct outsink *s, const struct chain_row *row)
{
	const char	*action = row->ev.field[EV_ACTION];
	uint32_t	 i;

	if (row->ev.severity < s->rec.min_severity)
		return (0);
	if (s->rec.nactions == 0)
		return (1);
	for (i = 0; i < s->rec.nactions; i++)
		if (action != NULL && strcmp(s->rec.actions[i], action) == 0)
			return (1);
	return (0);
}

static void
rows_send(struct outsink *s)
{
	if (s->rows.len == 0)
		return;
	(void)peer_send(s->peer, MSG_OUTBOX_ROWS, 0, -1, s->rows.data,
	    s->rows.len);
	wbuf_reset(&s->rows);
}

static int
batch_full(const struct outsink *s)
{
	return (s->end.count >= s->pull.max_events ||
	    s->bytes >= s->pull.max_bytes);
}

/* one row into the batch that is being made */
static int
row_pack(const struct chain_row *row, void *arg)
{
	struct outsink	*s = arg;
	size_t		 before;

	s->scanned++;
	if (s->end.stream == OUTBOX_REPLAY && row->seq > s->at.replay_to)
		return (1);
	if (s->end.stream != OUTBOX_RETRY && !wanted(s, row))
		return (0);
	if (s->rows.len + MAX_EVENT_LEN + OUTBOX_ROW_HEAD > MAX_FRAME)
		rows_send(s);
	before = s->rows.len;
	if (outbox_pack(&s->rows, row) == -1)
		fatal("%s: row %llu", s->rec.name,
		    (unsigned long long)row->seq);
	s->bytes += s->rows.len - before;
	if (s->end.count++ == 0)
		s->end.first = row->seq;
	s->end.last = row->seq;
	return (batch_full(s));
}

static void
batch_finish(struct outsink *s, uint64_t upto)
{
	struct batch_out	*b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		fatal("batch");
	rows_send(s);
	s->replayed = s->end.stream == OUTBOX_REPLAY;
	s->end.batch = ++s->batches;
	s->end.upto = upto;
	b->id = s->end.batch;
	b->stream = s->end.stream;
	b->first = s->end.first;
	b->told = b->upto = upto;
	TAILQ_INSERT_TAIL(&s->out, b, entry);
	s->nout++;
	(void)peer_send(s->peer, MSG_OUTBOX_END, 0, -1, &s->end,
	    sizeof(s->end));
	memset(&s->end, 0, sizeof(s->end));
	s->bytes = 0;
	s->pulling = 0;
}

static int
read_range(struct outsink *s, uint64_t *at)
{
	struct timeval		 tv = { READ_AGAIN_S, 0 };
	enum store_status	 st;
	uint64_t		 next;

	s->scanned = 0;
	st = query_rows(auditd.query, *at, SERVE_ROWS, row_pack, s, &next);
	/* what was read before it failed is in the batch */
	*at = next;
	if (st == STORE_OK)
		return (0);
	log_warnx("%s: %s", s->rec.name, store_errtext(auditd.store));
	if (evtimer_add(serve_ev, &tv) == -1)
		fatalx("timer");
	return (-1);
}

/*
 * What a filter takes out moves the cursor too: at once when nothing is
 * under way, else with the last batch that is.
 */
static void
pass_filtered(struct outsink *s, uint64_t upto)
{
	struct batch_out	*b, *last = NULL;

	TAILQ_FOREACH(b, &s->out, entry)
		if (b->stream == OUTBOX_LOG)
			last = b;
	if (last != NULL)
		last->upto = upto;
	else if (upto > s->at.cursor) {
		s->at.cursor = upto;
		outbox_touch(s);
	}
}

/* each: 1 when there is more to do in the next turn, 0 when not */
static int
serve_log(struct outsink *s)
{
	s->end.stream = OUTBOX_LOG;
	if (read_range(s, &s->next) == -1)
		return (0);
	if (batch_full(s) || (s->scanned < SERVE_ROWS && s->end.count != 0)) {
		batch_finish(s, s->next - 1);
		return (0);
	}
	if (s->end.count == 0) {
		pass_filtered(s, s->next - 1);
		s->end.stream = 0;
	}
	return (s->scanned == SERVE_ROWS);
}

static int
serve_replay(struct outsink *s)
{
	s->end.stream = OUTBOX_REPLAY;
	if (read_range(s, &s->replay) == -1)
		return (0);
	if (batch_full(s) || s->scanned < SERVE_ROWS ||
	    s->replay > s->at.replay_to) {
		/* also an empty one: it says that the replay is over */
		batch_finish(s, s->replay - 1);
		return (0);
	}
	return (1);
}

static int
retry_row(const struct dead_row *d, void *arg)
{
	struct outsink		*s = arg;
	enum store_status	 st;

	s->retry = 1;
	st = query_show(auditd.query, d->seq, row_pack, s);
	if (st != STORE_OK && st != STORE_REFUSED)
		return (1);
	s->retried = d->seq;
	return (batch_full(s));
}

/*
 * From the first on, also those that are under way: what one of these
 * batches says of its range says nothing of a row that was marked since.
 */
void
outbox_retry(struct outsink *s)
{
	struct batch_out	*b;

	TAILQ_FOREACH(b, &s->out, entry)
		b->stale |= b->stream == OUTBOX_RETRY;
	s->retried = 0;
	s->retry = 1;
	outbox_serve();
}

static int
serve_retry(struct outsink *s)
{
	if (!s->retry || s->marking)
		return (0);
	s->end.stream = OUTBOX_RETRY;
	s->scanned = 0;
	s->retry = 0;
	if (dead_each(cursors, s->rec.name, s->retried, 1, SERVE_ROWS,
	    retry_row, s) != STORE_OK) {
		s->retry = 1;
		log_warnx("%s: %s", s->rec.name, store_errtext(auditd.store));
	}
	if (s->end.count != 0)
		batch_finish(s, s->end.last);
	else
		s->end.stream = 0;
	return (0);
}

/*
 * No more of it; what its sink has of it is over when it says so, and of no
 * other replay.
 */
void
outbox_cancel(struct outsink *s)
{
	struct batch_out	*b;

	/* rows that were sent need their end */
	if (s->end.stream == OUTBOX_REPLAY)
		batch_finish(s, s->replay - 1);
	TAILQ_FOREACH(b, &s->out, entry)
		b->stale |= b->stream == OUTBOX_REPLAY;
	s->at.replay_next = s->at.replay_to = 0;
	outbox_touch(s);
}

/* a busy log and a long replay go on in turn, a batch each */
static int
replay_due(const struct outsink *s)
{
	return (s->at.replay_next != 0 && s->replay <= s->at.replay_to);
}

static int
serve_one(struct outsink *s)
{
	if (s->peer == NULL || !s->pulling || peer_blocked(s->peer))
		return (0);
	if (s->end.stream == OUTBOX_LOG)
		return (serve_log(s));
	if (s->end.stream == OUTBOX_REPLAY)
		return (serve_replay(s));
	(void)serve_retry(s);
	if (s->pulling && replay_due(s) && !s->replayed)
		return (serve_replay(s));
	if (s->pulling && serve_log(s))
		return (1);
	if (s->pulling && s->end.stream == 0 && replay_due(s))
		return (serve_replay(s));
	return (0);
}

static struct outsink *
nth_sink(unsigned int n)
{
	struct outsink	*s = TAILQ_FIRST(&outsinks);

	while (n-- > 0)
		s = TAILQ_NEXT(s, entry);
	return (s);
}

/*
 * So few rows in one turn, for all sinks together, that no verdict waits for
 * them; who had its turn comes last in the next.
 */
static void
serve_cb(evutil_socket_t fd, short what, void *arg)
{
	static unsigned int	 first;
	struct outsink		*s;
	unsigned int		 i, n = 0, left = SERVE_ROWS;
	int			 more = 0;

	(void)fd;
	(void)what;
	(void)arg;
	/* only durable rows are read: the commit calls again */
	if (!auditd.reconciled || auditd.in_tx || cursors == NULL)
		return;
	TAILQ_FOREACH(s, &outsinks, entry)
		n++;
	for (i = 0; i < n && left != 0; i++) {
		s = nth_sink((first + i) % n);
		s->scanned = 0;
		more |= serve_one(s);
		left -= s->scanned < left ? s->scanned : left;
	}
	if (i < n)
		more = 1;
	if (n != 0)
		first = (first + i) % n;
	if (more)
		outbox_serve();
}

void
outbox_rows(void)
{
	struct outsink	*s;

	TAILQ_FOREACH(s, &outsinks, entry)
		if (s->pulling) {
			outbox_serve();
			return;
		}
}

static struct batch_out *
batch_find(struct outsink *s, uint64_t id)
{
	struct batch_out	*b;

	TAILQ_FOREACH(b, &s->out, entry)
		if (b->id == id)
			break;
	return (b);
}

/* the one of its stream after it */
static struct batch_out *
batch_next(const struct batch_out *b)
{
	struct batch_out	*o;

	for (o = TAILQ_NEXT(b, entry); o != NULL; o = TAILQ_NEXT(o, entry))
		if (o->stream == b->stream)
			break;
	return (o);
}

/* none of its stream may be skipped */
static int
batch_is_first(struct outsink *s, const struct batch_out *b)
{
	struct batch_out	*o;

	TAILQ_FOREACH(o, &s->out, entry)
		if (o->stream == b->stream)
			break;
	return (o == b);
}

static void
outbox_ack(struct peer *p, struct msg *msg)
{
	struct outbox_ack	 ack;
	struct outsink		*s = p->ctx;
	struct batch_out	*b;
	uint64_t		 upto;
	int			 whole;

	if (msg_get(msg, &ack, sizeof(ack)) == -1 ||
	    (b = batch_find(s, ack.batch)) == NULL ||
	    !batch_is_first(s, b) || ack.upto > b->told) {
		outbox_bad(p, "acknowledges what it was not given");
		return;
	}
	whole = ack.upto == b->told;
	upto = whole ? b->upto : ack.upto;
	switch (b->stream) {
	case OUTBOX_LOG:
		if (upto > s->at.cursor)
			s->at.cursor = upto;
		break;
	case OUTBOX_REPLAY:
		if (b->stale)
			break;
		s->at.replay_next = upto + 1;
		/* all was read and this is the last of it */
		if (s->at.replay_next > s->at.replay_to ||
		    (whole && s->replay > s->at.replay_to &&
		    batch_next(b) == NULL))
			s->at.replay_next = s->at.replay_to = 0;
		break;
	default:
		if (b->stale)
			break;
		if (s->sent_to == 0 || b->first < s->sent_from)
			s->sent_from = b->first;
		if (upto > s->sent_to)
			s->sent_to = upto;
		break;
	}
	if (whole) {
		TAILQ_REMOVE(&s->out, b, entry);
		s->nout--;
		free(b);
	}
	outbox_touch(s);
}

static void
outbox_dead(struct peer *p, struct msg *msg)
{
	struct outsink		*s = p->ctx;
	struct batch_out	*b;
	struct dead_out		*d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		fatal("dead letter");
	if (msg_get(msg, &d->d, sizeof(d->d)) == -1 ||
	    (b = batch_find(s, d->d.batch)) == NULL ||
	    d->d.seq < b->first || d->d.seq > b->told ||
	    (d->d.class != OUTBOX_QUARANTINED &&
	    d->d.class != OUTBOX_DEADLETTER) ||
	    s->ndead == MAX_PENDING_DEAD) {
		free(d);
		outbox_bad(p, "a dead letter that was not given to it");
		return;
	}
	outbox_text(d->d.reason, sizeof(d->d.reason));
	d->time_us = clock_wall_us();
	TAILQ_INSERT_TAIL(&s->dead, d, entry);
	/* many at once do not wait for the quiet */
	if (++s->ndead == MAX_PENDING_DEAD / 2 && commit_begin() == 0)
		commit_soon();
	outbox_touch(s);
}

/*
 * First the dead letters, then the cursor that passes them: together, or
 * neither.
 */
enum store_status
outbox_write(void)
{
	struct outsink		*s;
	struct dead_out		*d;
	enum store_status	 st;

	TAILQ_FOREACH(s, &outsinks, entry) {
		if (!s->dirty || cursors == NULL)
			continue;
		TAILQ_FOREACH(d, &s->dead, entry)
			if ((st = dead_put(cursors, s->rec.name, &d->d,
			    d->time_us)) != STORE_OK)
				return (st);
		if (s->sent_to != 0 && (st = dead_sent(cursors, s->rec.name,
		    s->sent_from, s->sent_to)) != STORE_OK)
			return (st);
		st = s->told ? cursor_del(cursors, s->rec.name) :
		    cursor_put(cursors, &s->at);
		if (st != STORE_OK)
			return (st);
	}
	return (STORE_OK);
}

static void
outsink_free(struct outsink *s)
{
	struct dead_out	*d;

	if (s->tester != NULL)
		peer_error(s->tester, s->test_id, CTL_NOT_FOUND, "the sink "
		    "was removed");
	if (s->peer != NULL)
		peer_free(s->peer);
	session_end(s);
	while ((d = TAILQ_FIRST(&s->dead)) != NULL) {
		TAILQ_REMOVE(&s->dead, d, entry);
		free(d);
	}
	wbuf_free(&s->rows);
	TAILQ_REMOVE(&outsinks, s, entry);
	free(s);
}

void
outbox_written(void)
{
	struct outsink	*s, *tmp;
	struct dead_out	*d;

	TAILQ_FOREACH_SAFE(s, &outsinks, entry, tmp) {
		if (!s->dirty)
			continue;
		s->dirty = 0;
		if (s->ndead != 0 || s->sent_to != 0)
			s->counted = 0;
		s->sent_from = s->sent_to = 0;
		while ((d = TAILQ_FIRST(&s->dead)) != NULL) {
			TAILQ_REMOVE(&s->dead, d, entry);
			free(d);
		}
		s->ndead = 0;
		if (s->told)
			outsink_free(s);
	}
}

static void
quiet_cb(evutil_socket_t fd, short what, void *arg)
{
	struct outsink	*s;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(s, &outsinks, entry)
		if (s->dirty)
			break;
	if (s == NULL || commit_begin() == 0)
		return;		/* the commit of this turn writes them */
	outbox_touch(s);
}

void
outbox_open(void)
{
	if (cursors == NULL &&
	    cursors_open(&cursors, auditd.store) != STORE_OK)
		log_warnx("sinks: %s", store_errtext(auditd.store));
	outbox_places();
}

void
outbox_close(void)
{
	cursors_close(cursors);
	cursors = NULL;
}

void
outbox_init(void)
{
	serve_ev = evtimer_new(role.base, serve_cb, NULL);
	quiet_ev = evtimer_new(role.base, quiet_cb, NULL);
	if (serve_ev == NULL || quiet_ev == NULL)
		fatalx("timers");
}
