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

#include "common/clock.h"
#include "common/log.h"
#include "sinkd.h"

/*
 * Batches from auditd: rows become the receiver's form at once, and the
 * batch is cut into pieces of the size that the receiver is to get.
 */

#define MAX_ENCODED	(64 * 1024 * 1024)	/* one batch in its form */

static struct batch	*filling;
static int		 asked;
static int		 backlog;	/* the last one filled a request */
static uint64_t		 came_ms;	/* the last one */

static void
batch_free(struct batch *b)
{
	wbuf_free(&b->events);
	free(b->lens);
	free(b->offs);
	free(b->seqs);
	free(b->times);
	free(b->own);
	free(b->keys);
	free(b);
}

static struct batch *
batch_new(void)
{
	struct batch	*b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		fatal("batch");
	wbuf_init(&b->events, MAX_ENCODED);
	b->lens = calloc(MAX_OUTBOX_EVENTS, sizeof(*b->lens));
	b->offs = calloc(MAX_OUTBOX_EVENTS, sizeof(*b->offs));
	b->seqs = calloc(MAX_OUTBOX_EVENTS, sizeof(*b->seqs));
	b->times = calloc(MAX_OUTBOX_EVENTS, sizeof(*b->times));
	b->own = calloc(MAX_OUTBOX_EVENTS, sizeof(*b->own));
	b->keys = calloc(MAX_OUTBOX_EVENTS, sizeof(*b->keys));
	if (b->lens == NULL || b->offs == NULL || b->seqs == NULL ||
	    b->times == NULL || b->own == NULL || b->keys == NULL)
		fatal("batch");
	return (b);
}

/*
 * An event about delivery makes no further one, whatever sink it is about:
 * two sinks that refuse everything would tell of each other for ever.
 */
static int
is_own(const struct chain_row *row)
{
	const char	*action = row->ev.field[EV_ACTION];

	return (action != NULL && strncmp(action, "sink.", 5) == 0);
}

/*
 * An event that cannot be written has no length: its piece of one is
 * quarantined before anything is sent.
 */
static void
batch_add(struct batch *b, const struct chain_row *row)
{
	char	 err[MAX_SINK_REASON];
	size_t	 start = b->events.len, i = b->n;

	if (i == MAX_OUTBOX_EVENTS)
		fatalx("auditd: more rows than were asked for");
	if (sinkd.ops->event(&sinkd.sink, row, &b->events, err,
	    sizeof(err)) == -1) {
		if (b->events.failed)
			fatalx("a batch is too large");
		log_warnx("%s", err);
		b->events.len = start;
	}
	b->offs[i] = start;
	b->lens[i] = b->events.len - start;
	b->seqs[i] = row->seq;
	b->times[i] = row->ev.time_us;
	b->own[i] = (uint8_t)is_own(row);
	if (sinkd.sink.rec.cooldown_s != 0)
		b->keys[i] = cooldown_key(row);
	b->n++;
}

void
batch_rows(struct peer *p, struct msg *msg)
{
	struct chain_row	 row;
	size_t			 cursor = 0;
	int			 rc;

	if (!asked)
		fatalx("%s: rows nobody asked for", p->name);
	if (filling == NULL)
		filling = batch_new();
	while ((rc = outbox_unpack(msg->data, msg->len, &cursor, &row)) == 1)
		batch_add(filling, &row);
	if (rc == -1)
		fatalx("%s: malformed rows", p->name);
}

static void
piece_add(struct batch *b, size_t from, size_t to)
{
	struct piece	*pc;

	if ((pc = calloc(1, sizeof(*pc))) == NULL)
		fatal("piece");
	pc->batch = b;
	pc->from = from;
	pc->to = to;
	/* what an operator sends again is sent */
	if (sinkd.sink.rec.cooldown_s != 0 && b->stream == OUTBOX_LOG &&
	    to - from == 1 && cooldown_skips(b->keys[from], b->times[from],
	    b->seqs[from]))
		pc->state = PIECE_SETTLED;
	b->pieces++;
	TAILQ_INSERT_TAIL(&sinkd.pieces, pc, entry);
}

static void
batch_cut(struct batch *b)
{
	const struct rec_sink	*rec = &sinkd.sink.rec;
	size_t			 i, from = 0, bytes = 0;

	for (i = 0; i < b->n; i++) {
		if (i > from && (bytes + b->lens[i] > rec->batch_bytes ||
		    i - from == rec->batch_events || b->lens[i] == 0 ||
		    b->lens[i - 1] == 0)) {
			piece_add(b, from, i);
			from = i;
			bytes = 0;
		}
		bytes += b->lens[i];
	}
	/* with no row at all this only moves the cursor */
	piece_add(b, from, b->n);
}

void
batch_end(struct peer *p, struct msg *msg)
{
	struct outbox_end	 end;
	struct batch		*b = filling;

	if (msg_get(msg, &end, sizeof(end)) == -1 || !asked ||
	    end.stream < OUTBOX_LOG || end.stream > OUTBOX_RETRY)
		fatalx("%s: malformed end of a batch", p->name);
	if (b == NULL)
		b = batch_new();
	if (end.count != b->n)
		fatalx("%s: a batch of %zu rows was to have %u", p->name,
		    b->n, end.count);
	filling = NULL;
	asked = 0;
	came_ms = clock_ms();
	backlog = b->n >= sinkd.sink.rec.batch_events ||
	    b->events.len >= sinkd.sink.rec.batch_bytes;
	b->id = end.batch;
	b->upto = end.upto;
	b->stream = end.stream;
	sinkd.open_batches++;
	sinkd.open_bytes += b->events.len;
	batch_cut(b);
	if (b->n == 0)
		TAILQ_LAST(&sinkd.pieces, piece_list)->state = PIECE_SETTLED;
	batch_settle();
	deliver_kick();
}

/*
 * Asks for the next batch unless enough is here.  Where the receiver answers
 * later (indexer acknowledgement) much may be open, else only what keeps the
 * wire busy.
 */
void
batch_pull(void)
{
	struct outbox_pull	 pull;
	unsigned int		 max;

	max = sinkd.sink.rec.use_ack ? MAX_OUTBOX_OPEN : MAX_PREFETCH;
	if (asked || sinkd.auditd == NULL || sinkd.stopping ||
	    sinkd.open_batches >= max ||
	    sinkd.open_bytes >= MAX_OPEN_BYTES)
		return;
	pull.max_events = MAX_OUTBOX_EVENTS;
	pull.max_bytes = MAX_OUTBOX_BYTES;
	if (peer_send(sinkd.auditd, MSG_OUTBOX_PULL, 0, -1, &pull,
	    sizeof(pull)) == 0)
		asked = 1;
}

/*
 * The first of a quiet time comes at once; then a batch has flush_ms to
 * fill, unless there is a backlog.
 */
uint64_t
batch_due(void)
{
	uint64_t	 passed = clock_ms() - came_ms;

	return (backlog || passed >= sinkd.sink.rec.flush_ms ? 0 :
	    sinkd.sink.rec.flush_ms - passed);
}

void
batch_forget(void)
{
	struct piece	*pc;

	while ((pc = TAILQ_FIRST(&sinkd.pieces)) != NULL) {
		TAILQ_REMOVE(&sinkd.pieces, pc, entry);
		if (--pc->batch->pieces == 0)
			batch_free(pc->batch);
		free(pc);
	}
	if (filling != NULL)
		batch_free(filling);
	filling = NULL;
	asked = 0;
	sinkd.open_batches = 0;
	sinkd.open_bytes = 0;
}

/*
 * The front of the line is what the cursor may pass.
 */
void
batch_settle(void)
{
	struct outbox_ack	 ack;
	struct piece		*pc;
	struct batch		*b;
	int			 any = 0;

	memset(&ack, 0, sizeof(ack));
	while ((pc = TAILQ_FIRST(&sinkd.pieces)) != NULL &&
	    pc->state == PIECE_SETTLED) {
		b = pc->batch;
		if (any && ack.batch != b->id)
			(void)peer_send(sinkd.auditd, MSG_OUTBOX_ACK, 0, -1,
			    &ack, sizeof(ack));
		any = 1;
		ack.batch = b->id;
		ack.upto = b->pieces == 1 ? b->upto : b->seqs[pc->to - 1];
		TAILQ_REMOVE(&sinkd.pieces, pc, entry);
		free(pc);
		if (--b->pieces != 0)
			continue;
		sinkd.open_batches--;
		sinkd.open_bytes -= b->events.len;
		batch_free(b);
	}
	if (any && sinkd.auditd != NULL)
		(void)peer_send(sinkd.auditd, MSG_OUTBOX_ACK, 0, -1, &ack,
		    sizeof(ack));
}
