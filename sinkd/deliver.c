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
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "sinkd.h"

/*
 * One piece is on the wire at a time, so a receiver gets the log in order;
 * what is accepted and not yet indexed (HEC acknowledgement) waits beside it.
 * A piece that is refused for one event is cut until that event stands
 * alone.  Nothing leaves the line but settled.
 */

#define ACK_POLL_MS	250	/* then twice as long, up to... */
#define MAX_ACK_POLL_MS	10000
#define MAX_ACK_IDS	512	/* asked for at once */

static struct piece	*sending;
static struct wbuf	 body;
static size_t		 body_lens[MAX_OUTBOX_EVENTS]; /* a batch may go */
static struct event	*again;		/* not before this */
static struct event	*fill;		/* let a batch fill */
static struct event	*poll;		/* for acknowledgements */
static unsigned int	 poll_ms = ACK_POLL_MS;
static unsigned int	 failures;	/* in a row */
static unsigned int	 refusals;	/* in a row, of what was sent */
static int		 reported;	/* sink.failed was */
static int		 busy;		/* a body is with the carrier */
static int		 slow;
static uint64_t		 newest_ack;	/* ids of a channel count up */
static int		 have_ack;

static struct {
	struct peer	*peer;
	uint32_t	 id;
	struct wbuf	 event;
	uint64_t	 since_ms;
	int		 waits;		/* to be sent */
	int		 sending;
	struct outbox_tested told;
} test;

static void
after_ms(struct event *ev, uint64_t ms)
{
	struct timeval	 tv;

	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	if (evtimer_add(ev, &tv) == -1)
		fatalx("timer");
}

static struct piece *
next_piece(void)
{
	struct piece	*pc;

	TAILQ_FOREACH(pc, &sinkd.pieces, entry)
		if (pc->state == PIECE_QUEUED)
			return (pc);
	return (NULL);
}

/* is anything accepted and not indexed */
static int
waits(void)
{
	struct piece	*pc;

	TAILQ_FOREACH(pc, &sinkd.pieces, entry)
		if (pc->state == PIECE_WAITING)
			return (1);
	return (0);
}

/* full jitter: many sinks do not come back at the same moment */
static uint64_t
jitter(uint64_t ms)
{
	return (ms / 2 + randombytes_uniform((uint32_t)(ms / 2 + 1)));
}

static uint64_t
backoff(uint64_t least, uint64_t most)
{
	uint64_t	 ms = least;
	unsigned int	 i;

	for (i = 1; i < failures && ms < most; i++)
		ms *= 2;
	return (jitter(ms < most ? ms : most));
}

static void
circuit(enum outbox_circuit c, uint64_t wait_ms)
{
	sinkd.state.circuit = c;
	sinkd.state.retry_us = wait_ms == 0 ? 0 :
	    clock_wall_us() + wait_ms * 1000;
	report_state();
}

static void
success(void)
{
	sinkd.state.last_success_us = clock_wall_us();
	failures = refusals = 0;
	if (reported)
		log_info("delivers again");
	reported = 0;
	circuit(CIRCUIT_CLOSED, 0);
}

/* as long as the receiver asks for, within reason; then status says so */
static uint64_t
asked_wait(const struct answer *a, uint64_t ms)
{
	char	 note[96];

	if (a == NULL || a->retry_after_ms <= (int64_t)ms)
		return (ms);
	if (a->retry_after_ms <= MAX_RETRY_AFTER_MS)
		return ((uint64_t)a->retry_after_ms);
	snprintf(note, sizeof(note), "; it asks for %lld s of patience and "
	    "has %d s", (long long)(a->retry_after_ms / 1000),
	    MAX_RETRY_AFTER_MS / 1000);
	strlcat(sinkd.state.error, note, sizeof(sinkd.state.error));
	return (MAX_RETRY_AFTER_MS);
}

static void
failure(const struct judgement *j, const struct answer *a,
    const struct piece *pc)
{
	uint64_t	 ms;
	unsigned int	 after;
	int		 held = j->outcome == OUT_HOLD;
	int		 sure = held || j->late;

	failures++;
	sinkd.state.failures++;
	sinkd.state.last_error_us = clock_wall_us();
	strlcpy(sinkd.state.error, j->reason, sizeof(sinkd.state.error));
	ms = held ? backoff(MIN_HOLD_MS, MAX_HOLD_MS) :
	    backoff(MIN_BACKOFF_MS, MAX_BACKOFF_MS);
	ms = asked_wait(a, ms);
	after = sure ? 1 : FAILED_AFTER;
	/* else the news of one short failure could be what fails next */
	if (report_count(pc) == 0)
		after = sure ? FAILED_AFTER : QUIET_FAILED_AFTER;
	if (!reported && failures >= after) {
		/* without what the receiver said, which nobody redacted */
		log_warnx("%s: %.*s", held ? "held until an operator acts" :
		    "does not deliver", (int)strcspn(j->reason,
		    (const char []){ OUTBOX_SAID, '\0' }), j->reason);
		if (held)
			report_news(OUTBOX_REJECTED, j, a, pc);
		report_news(OUTBOX_FAILED, j, a, pc);
		reported = 1;
	}
	after_ms(again, ms);
	circuit(held ? CIRCUIT_HELD : CIRCUIT_OPEN, ms);
}

/* this piece becomes several, in the same place of the line */
static void
piece_cut(struct piece *pc, size_t at)
{
	struct piece	*new;

	if (at <= pc->from || at >= pc->to)
		return;
	if ((new = calloc(1, sizeof(*new))) == NULL)
		fatal("piece");
	new->batch = pc->batch;
	new->from = at;
	new->to = pc->to;
	pc->to = at;
	pc->batch->pieces++;
	TAILQ_INSERT_AFTER(&sinkd.pieces, pc, new, entry);
}

static void
piece_dead(struct piece *pc, enum outbox_class class,
    const struct judgement *j, const struct answer *a)
{
	size_t	 i;

	for (i = pc->from; i < pc->to; i++)
		report_dead(pc, i, class, j, a);
	report_news(OUTBOX_REJECTED, j, a, pc);
	if (class == OUTBOX_QUARANTINED)
		report_news(OUTBOX_QUARANTINE, j, a, pc);
	pc->state = PIECE_SETTLED;
}

static void
piece_refused(struct piece *pc, const struct judgement *j,
    const struct answer *a)
{
	size_t	 n = pc->to - pc->from, bad;

	pc->state = PIECE_QUEUED;
	if (n == 1) {
		piece_dead(pc, OUTBOX_QUARANTINED, j, a);
		return;
	}
	if (j->outcome == OUT_BISECT && j->bad_event >= 0 &&
	    (size_t)j->bad_event < n) {
		/* what came before it may be indexed already: alone it is */
		bad = pc->from + (size_t)j->bad_event;
		piece_cut(pc, bad + 1);
		piece_cut(pc, bad);
	} else
		piece_cut(pc, pc->from + n / 2);
}

/*
 * Who refuses all that comes is set up wrongly, and asked ever more seldom:
 * at full speed the whole log would soon be put aside.
 */
static void
piece_unwanted(const struct piece *pc, const struct judgement *j,
    const struct answer *a)
{
	/* some of it was taken: partial success */
	if (j->rejected != 0 && j->rejected < pc->to - pc->from)
		refusals = 0;
	else if (++refusals > MAX_QUICK_REFUSALS)
		failure(j, a, pc);
}

/* it was taken, and the receiver has something to say to it */
static void
piece_warned(const struct judgement *j)
{
	if (j->reason[0] == '\0')
		return;
	if (strcmp(sinkd.state.error, j->reason) != 0)
		log_warnx("delivered, with a warning of the receiver: see "
		    "status");
	sinkd.state.last_error_us = clock_wall_us();
	strlcpy(sinkd.state.error, j->reason, sizeof(sinkd.state.error));
}

static void
piece_delivered(struct piece *pc)
{
	pc->state = PIECE_SETTLED;
	sinkd.state.delivered += pc->to - pc->from;
}

/*
 * A receiver that lost its state counts from 0 again: what it had not said
 * to be indexed it will not, and its new ids would be taken for the old ones.
 */
static void
piece_accepted(struct piece *pc, uint64_t id)
{
	if (have_ack && id <= newest_ack && waits()) {
		log_warnx("the receiver counts its acknowledgements anew: "
		    "what is not indexed is sent again");
		deliver_rechannel();
		slow = 1;	/* or two of them answer in turn */
	}
	have_ack = 1;
	newest_ack = id;
	pc->state = PIECE_WAITING;
	pc->ack_id = id;
	pc->sent_ms = clock_ms();
	/* a poll that is due soon is not put off for ever */
	if (poll_ms != ACK_POLL_MS || !evtimer_pending(poll, NULL)) {
		poll_ms = ACK_POLL_MS;
		after_ms(poll, poll_ms);
	}
}

static void
piece_judged(struct piece *pc, const struct judgement *j,
    const struct answer *a)
{
	switch (j->outcome) {
	case OUT_DELIVERED:
	case OUT_AWAIT_ACK:
		/* what is accepted and never indexed is no success */
		if (j->outcome == OUT_AWAIT_ACK && sinkd.sink.rec.use_ack) {
			piece_accepted(pc, j->ack_id);
			break;
		}
		piece_delivered(pc);
		piece_warned(j);
		success();
		break;
	case OUT_SPLIT:
	case OUT_BISECT:
		piece_refused(pc, j, a);
		piece_unwanted(pc, j, a);
		break;
	case OUT_DEAD:
		piece_dead(pc, OUTBOX_DEADLETTER, j, a);
		piece_unwanted(pc, j, a);
		break;
	case OUT_RETRY:
	case OUT_HOLD:
		pc->state = PIECE_QUEUED;
		if (j->new_channel)
			deliver_rechannel();
		failure(j, a, pc);
		break;
	}
}

static void
test_answer(void)
{
	if (test.peer != NULL && test.peer == sinkd.auditd)
		(void)peer_send(test.peer, MSG_OUTBOX_TESTED, test.id, -1,
		    &test.told, sizeof(test.told));
	test.peer = NULL;
}

/* the receiver's certificates, for whoever must decide about them */
static void
test_chain(const char *chain)
{
	if (chain[0] != '\0') {
		strlcat(test.told.text, "; it shows ",
		    sizeof(test.told.text));
		strlcat(test.told.text, chain, sizeof(test.told.text));
	}
	test_answer();
}

static void
test_over(const struct judgement *j, const struct answer *a)
{
	struct outbox_tested	*t = &test.told;

	test.sending = 0;
	test.waits = 0;
	/* whoever comes after this process is asked again */
	if (test.peer == NULL || test.peer != sinkd.auditd || sinkd.stopping)
		return;
	memset(t, 0, sizeof(*t));
	t->code = j->outcome == OUT_DELIVERED || j->outcome == OUT_AWAIT_ACK ?
	    CTL_OK : CTL_UPSTREAM;
	t->http = a != NULL ? (uint32_t)a->http : 0;
	t->pcode = j->code;
	t->have_skew = sinkd.state.have_skew;
	t->skew_ms = sinkd.state.skew_ms;
	t->tls_until_us = sinkd.state.tls_until_us;
	t->ms = (uint32_t)(clock_ms() - test.since_ms);
	strlcpy(t->text, j->reason, sizeof(t->text));
	/* who asked finds in the status what was met with */
	report_state();
	/* what was waited for is over */
	if (t->code == CTL_OK)
		evtimer_del(again);
	if (a != NULL && a->http == 0 &&
	    a->curl == CURLE_PEER_FAILED_VERIFICATION)
		egress_chain(test_chain);
	else
		test_answer();
}

void
deliver_done(const struct judgement *j, const struct answer *a)
{
	struct piece	*pc = sending;

	sending = NULL;
	busy = 0;
	sinkd.state.requests++;
	slow = j->slow_down;
	if (j->no_ack && sinkd.sink.rec.use_ack) {
		log_warnx("the token has no acknowledgement: an answer of "
		    "200 counts as delivered");
		sinkd.sink.rec.use_ack = 0;
	}
	if (test.sending)
		test_over(j, a);
	else if (pc != NULL)
		piece_judged(pc, j, a);
	batch_settle();
	if (sinkd.stopping)
		role_exit();
	deliver_kick();
}

static void
send_body(const struct wbuf *events, const size_t *lens, size_t n)
{
	struct judgement	 j;

	busy = 1;
	wbuf_reset(&body);
	if (sinkd.ops->body(&sinkd.sink, events, lens, n, &body) == -1) {
		memset(&j, 0, sizeof(j));
		sink_judged(&j, OUT_SPLIT, -1, "does not fit into a request");
		deliver_done(&j, NULL);
		return;
	}
	memcpy(body_lens, lens, n * sizeof(*lens));
	carrier->send(&body, body_lens, n);
}

static void
test_send(void)
{
	size_t	 len = test.event.len;

	test.sending = 1;
	send_body(&test.event, &len, 1);
}

static void
piece_send(struct piece *pc)
{
	struct judgement	 j;
	struct wbuf		 view;
	struct batch		*b = pc->batch;

	if (pc->to - pc->from == 1 && b->lens[pc->from] == 0) {
		memset(&j, 0, sizeof(j));
		j.code = -1;
		sink_judged(&j, OUT_BISECT, -1, "cannot be written in the "
		    "receiver's form");
		piece_dead(pc, OUTBOX_QUARANTINED, &j, NULL);
		batch_settle();
		event_active(again, EV_TIMEOUT, 1);
		return;
	}
	memset(&view, 0, sizeof(view));
	view.data = b->events.data + b->offs[pc->from];
	view.len = b->offs[pc->to - 1] + b->lens[pc->to - 1] -
	    b->offs[pc->from];
	pc->state = PIECE_SENDING;
	sending = pc;
	send_body(&view, b->lens + pc->from, pc->to - pc->from);
}

static void
pull(void)
{
	uint64_t	 ms = batch_due();

	if (ms == 0)
		batch_pull();
	else if (!evtimer_pending(fill, NULL))
		after_ms(fill, ms);
}

void
deliver_kick(void)
{
	struct piece	*pc;

	if (busy || sinkd.stopping)
		return;
	if (test.waits) {
		test_send();
		return;
	}
	if (evtimer_pending(again, NULL))
		return;
	if (slow) {
		slow = 0;
		after_ms(again, MAX_SLOW_MS);
		return;
	}
	if ((pc = next_piece()) != NULL) {
		if (sinkd.state.circuit != CIRCUIT_CLOSED)
			circuit(CIRCUIT_HALF_OPEN, 0);
		piece_send(pc);
	}
	pull();
}

static void
kick_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	deliver_kick();
}

void
deliver_indexed(uint64_t id)
{
	struct piece	*pc;

	TAILQ_FOREACH(pc, &sinkd.pieces, entry)
		if (pc->state == PIECE_WAITING && pc->ack_id == id) {
			piece_delivered(pc);
			success();
			poll_ms = ACK_POLL_MS;
			return;
		}
}

void
deliver_rechannel(void)
{
	struct piece	*pc;

	have_ack = 0;
	TAILQ_FOREACH(pc, &sinkd.pieces, entry)
		if (pc->state == PIECE_WAITING)
			pc->state = PIECE_QUEUED;
}

static void
ack_late(const struct piece *pc)
{
	struct judgement	 j;

	memset(&j, 0, sizeof(j));
	sink_judged(&j, OUT_RETRY, -1, "accepted, and not indexed within %u s",
	    sinkd.sink.rec.ack_timeout_ms / 1000);
	j.late = 1;
	failure(&j, NULL, pc);
}

/*
 * What was not indexed in time is sent again, in its place in the line.
 */
static void
poll_cb(evutil_socket_t fd, short what, void *arg)
{
	uint64_t	 ids[MAX_ACK_IDS], now = clock_ms();
	struct piece	*pc, *late = NULL;
	size_t		 n = 0;

	(void)fd;
	(void)what;
	(void)arg;
	batch_settle();
	TAILQ_FOREACH(pc, &sinkd.pieces, entry) {
		if (pc->state != PIECE_WAITING)
			continue;
		if (now - pc->sent_ms > sinkd.sink.rec.ack_timeout_ms) {
			pc->state = PIECE_QUEUED;
			if (late == NULL)
				late = pc;
		} else if (n < MAX_ACK_IDS)
			ids[n++] = pc->ack_id;
	}
	if (late != NULL)
		ack_late(late);
	if (n != 0) {
		http_poll_acks(ids, n);
		poll_ms = poll_ms * 2 < MAX_ACK_POLL_MS ? poll_ms * 2 :
		    MAX_ACK_POLL_MS;
		after_ms(poll, poll_ms);
	}
	deliver_kick();
}

/*
 * One marked event through the same settings, not waiting behind the line.
 */
void
deliver_test(struct peer *p, struct msg *msg)
{
	struct chain_row	 row;
	struct judgement	 j;
	char			 err[MAX_SINK_REASON];
	size_t			 cursor = 0;

	if (outbox_unpack(msg->data, msg->len, &cursor, &row) != 1)
		fatalx("%s: malformed test", p->name);
	wbuf_reset(&test.event);
	test.since_ms = clock_ms();
	test.peer = p;
	test.id = msg->hdr.id;
	test.waits = 1;
	if (sinkd.ops->event(&sinkd.sink, &row, &test.event, err,
	    sizeof(err)) == -1) {
		memset(&j, 0, sizeof(j));
		sink_judged(&j, OUT_BISECT, -1, "%s", err);
		test_over(&j, NULL);
		return;
	}
	deliver_kick();
}

/* auditd went away: what it gave us it will give again */
void
deliver_forget(void)
{
	sending = NULL;
	test.peer = NULL;
	test.waits = 0;
	batch_forget();
}

int
deliver_busy(void)
{
	return (busy);
}

void
deliver_init(void)
{
	TAILQ_INIT(&sinkd.pieces);
	wbuf_init(&body, MAX_OUTBOX_BYTES * 16);
	wbuf_init(&test.event, MAX_SINK_EVENT);
	again = evtimer_new(role.base, kick_cb, NULL);
	fill = evtimer_new(role.base, kick_cb, NULL);
	poll = evtimer_new(role.base, poll_cb, NULL);
	if (again == NULL || fill == NULL || poll == NULL)
		fatalx("timer");
}
