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

#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "auditd/auditd.h"
#include "auditd/outbox.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/test_audit.h"

/* what a sink is given of the log, a replay and dead letters */

#define ROWS		40

static struct outsink	*s;
static struct peer	*operator;
static int		 fd;		/* the sink's end */
static int		 cli;		/* the operator's */
static char		 order[ROWS * 8];

/* of auditd.c */
void
deaths_record(void)
{
}

static void
quiet(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
}

static void
turn(void)
{
	CHECK(event_base_loop(role.base, EVLOOP_NONBLOCK) != -1);
}

static int
next(int from, struct frame_hdr *hdr, void *data, size_t size)
{
	size_t	 len;

	if (recv(from, hdr, sizeof(*hdr), MSG_DONTWAIT) !=
	    (ssize_t)sizeof(*hdr))
		return (0);
	len = hdr->len - sizeof(*hdr);
	CHECK(len <= size);
	CHECK(len == 0 || recv(from, data, len, MSG_WAITALL) ==
	    (ssize_t)len);
	return (1);
}

static void
say(uint32_t type, const void *data, size_t len)
{
	struct frame_hdr hdr = { type, (uint32_t)(sizeof(hdr) + len), 0, 0 };

	CHECK(write(fd, &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	CHECK(write(fd, data, len) == (ssize_t)len);
}

static void
pull(void)
{
	struct outbox_pull	 p = { .max_events = 1, .max_bytes = 1 };

	say(MSG_OUTBOX_PULL, &p, sizeof(p));
}

/* the next batch; 0: there is none */
static int
batch(struct outbox_end *end)
{
	static uint8_t	 data[MAX_FRAME];
	struct frame_hdr hdr;
	uint64_t	 since = clock_ms();

	while (clock_ms() - since < 300) {
		turn();
		if (!next(fd, &hdr, data, sizeof(data)))
			continue;
		if (hdr.type != MSG_OUTBOX_END)
			continue;
		memcpy(end, data, sizeof(*end));
		return (1);
	}
	return (0);
}

static void
settle(const struct outbox_end *end)
{
	struct outbox_ack	 ack;

	ack.batch = end->batch;
	ack.upto = end->upto;
	say(MSG_OUTBOX_ACK, &ack, sizeof(ack));
	turn();
}

/* pulls and settles n batches; order says which stream each was of */
static void
deliver(unsigned int n)
{
	struct outbox_end	 end;

	order[0] = '\0';
	while (n-- > 0) {
		pull();
		if (!batch(&end))
			return;
		strlcat(order, end.stream == OUTBOX_REPLAY ? "r" :
		    end.stream == OUTBOX_RETRY ? "d" : "l", sizeof(order));
		settle(&end);
	}
}

/* what a client's request says: the code, and what was done in error */
static uint32_t
ask(void (*fn)(struct peer *, struct msg *), const struct wbuf *w)
{
	static uint8_t	 data[MAX_FRAME];
	struct frame_hdr hdr;
	struct msg	 msg;
	uint32_t	 code;
	uint64_t	 since = clock_ms();

	memset(&msg, 0, sizeof(msg));
	msg.data = w->data;
	msg.len = w->len;
	msg.fd = -1;
	fn(operator, &msg);
	while (clock_ms() - since < 20000) {
		turn();
		if (!next(cli, &hdr, data, sizeof(data)) ||
		    hdr.type == MSG_CTL_TEXT)
			continue;
		CHECK(hdr.type == MSG_CTL_DONE || hdr.type == MSG_CTL_ERROR);
		memcpy(&code, data, sizeof(code));
		return (code);
	}
	CHECK(0);
	return (0);
}

static uint32_t
replay(uint64_t from, uint64_t to)
{
	struct wbuf	 w;
	uint32_t	 code;

	wbuf_init(&w, 1024);
	wbuf_u64(&w, from);
	wbuf_u64(&w, to);
	wbuf_str(&w, "one");
	code = ask(sinks_replay, &w);
	wbuf_free(&w);
	return (code);
}

/* neither waits for the end of the other */
static void
in_turn(void)
{
	CHECK_INT(replay(1, 4), CTL_OK);
	CHECK_INT(replay(1, 4), CTL_ALREADY);
	deliver(8);
	CHECK_STR(order, "rlrlrlrl");
	CHECK_INT(s->at.replay_next, 0);
	deliver(2);
	CHECK_STR(order, "ll");
}

static void
cancelled(void)
{
	struct outbox_end	 a, b;

	CHECK_INT(replay(0, 0), CTL_NOT_FOUND);
	CHECK_INT(replay(1, 20), CTL_OK);
	pull();
	CHECK(batch(&a) && a.stream == OUTBOX_REPLAY);
	pull();
	CHECK(batch(&b) && b.stream == OUTBOX_LOG);
	CHECK_INT(replay(0, 0), CTL_OK);
	CHECK_INT(s->at.replay_next, 0);
	/* another begins; what comes of the first is not its progress */
	CHECK_INT(replay(2, 3), CTL_OK);
	settle(&a);
	settle(&b);
	CHECK_INT(s->at.replay_next, 2);
	deliver(4);
	CHECK_STR(order, "rlrl");
	CHECK_INT(s->at.replay_next, 0);
	CHECK(s->peer != NULL);
}

static uint32_t
letters(void (*fn)(struct peer *, struct msg *), uint64_t seq,
    const char *reason)
{
	struct wbuf	 w;
	uint32_t	 code;

	wbuf_init(&w, 1024);
	wbuf_u64(&w, seq);
	wbuf_str(&w, "one");
	if (reason != NULL)
		wbuf_str(&w, reason);
	code = ask(fn, &w);
	wbuf_free(&w);
	return (code);
}

static uint64_t
ndead(void)
{
	uint64_t	 n;

	CHECK_INT(dead_count(cursors, "one", OUTBOX_DEADLETTER, &n),
	    STORE_OK);
	return (n);
}

static uint64_t
last_seq(void)
{
	struct head	 h;

	store_head(auditd.store, &h);
	return (h.seq);
}

/* many at once are many steps, an event each, and others in between */
static void
many_letters(void)
{
	struct outbox_dead	 d = { .class = OUTBOX_DEADLETTER, .code = -1,
				    .reason = "x" };
	uint64_t		 before;

	CHECK_INT(store_begin(auditd.store), STORE_OK);
	for (d.seq = 1; d.seq <= 2 * MAX_DEAD_STEP + 7; d.seq++)
		CHECK_INT(dead_put(cursors, "one", &d, TIME0), STORE_OK);
	CHECK_INT(store_commit(auditd.store), STORE_OK);
	before = last_seq();
	CHECK_INT(letters(sinks_dead_retry, 0, NULL), CTL_OK);
	CHECK_INT(last_seq() - before, 3);
	CHECK_INT(letters(sinks_dead_retry, 0, NULL), CTL_NOT_FOUND);
	CHECK_INT(ndead(), 2 * MAX_DEAD_STEP + 7);
	deliver(3);
	CHECK_STR(order, "ddd");
	/* the cursor's next commit takes them away */
	CHECK_INT(letters(sinks_dead_drop, 5, "one of them"), CTL_OK);
	CHECK_INT(ndead(), 2 * MAX_DEAD_STEP + 7 - 4);
	before = last_seq();
	CHECK_INT(letters(sinks_dead_drop, 0, "all"), CTL_OK);
	CHECK_INT(last_seq() - before, 3);
	CHECK_INT(ndead(), 0);
	CHECK_INT(letters(sinks_dead_drop, 0, "all"), CTL_NOT_FOUND);
}

static void
connect_sink(void)
{
	struct peer_end	 end, got;
	struct msg	 msg;
	int		 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	memset(&end, 0, sizeof(end));
	end.role = ROLE_SINK;
	end.incarnation = 7;
	strlcpy(end.instance, "sink.one", sizeof(end.instance));
	memset(&msg, 0, sizeof(msg));
	msg.data = &end;
	msg.len = sizeof(end);
	msg.fd = sv[0];
	outbox_peer(&msg, &got);
	fd = sv[1];
}

static void
setup(void)
{
	static const struct dispatch	 none[] = { { 0 } };
	struct event			 ev;
	enum store_epoch		 why;
	char				 err[MAX_STORE_ERR];
	unsigned int			 i;
	int				 sv[2];

	audit_setup();
	signal(SIGPIPE, SIG_IGN);
	log_set_sink(quiet);
	CHECK((role.base = event_base_new()) != NULL);
	role.state = ST_RUNNING;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((role.sup = peer_new(role.base, sv[0], "supervisor",
	    PEER_FATAL, none, &role.state, MAX_FRAME, 1)) != NULL);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((operator = peer_new(role.base, sv[0], "client", PEER_CHILD,
	    none, &role.state, MAX_FRAME, 1)) != NULL);
	cli = sv[1];
	stamp_init(&auditd.stamp, &auditd.suite);
	CHECK(redact_init(&auditd.redactor, "key", 3) == 0);
	auditd.rec.checkpoint_events = 100000;
	auditd.rec.checkpoint_seconds = 3600;
	CHECK(store_open(&auditd.store, &conf, err, sizeof(err)) == STORE_OK);
	commit_init();
	seal_init();
	stamp_event(&auditd.stamp, &ev, "audit-epoch", SEV_INFO);
	CHECK(store_reconcile(auditd.store, NULL, &ev, &why) == STORE_OK);
	CHECK(query_open(&auditd.query, auditd.store) == STORE_OK);
	for (i = 1; i <= ROWS; i++)
		(void)audit_put_n(auditd.store, i);
	auditd.reconciled = 1;
	outbox_init();
	outbox_open();
	CHECK(cursors != NULL);
	CHECK((s = calloc(1, sizeof(*s))) != NULL);
	strlcpy(s->rec.name, "one", sizeof(s->rec.name));
	strlcpy(s->at.name, "one", sizeof(s->at.name));
	s->rec.enabled = 1;
	TAILQ_INIT(&s->out);
	TAILQ_INIT(&s->dead);
	wbuf_init(&s->rows, MAX_FRAME);
	TAILQ_INSERT_TAIL(&outsinks, s, entry);
	connect_sink();
}

int
main(void)
{
	setup();
	RUN(in_turn);
	RUN(cancelled);
	RUN(many_letters);
	query_close(auditd.query);
	outbox_close();
	store_close(auditd.store);
	audit_teardown();
	return (0);
}
