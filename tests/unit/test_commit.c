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
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>

#include "auditd/auditd.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/test_audit.h"

/* what workers send while somebody else writes to the database */

#define BIG		(30 * 1024)	/* bytes of details */
#define MB		(1024 * 1024)
#define HALF_MS		(MAX_BUSY_MS * 6 / 10)

static struct worker	*w;
static int		 fd;		/* the worker's end */
static int		 sup;		/* the supervisor's */
static sqlite3		*other;
static unsigned int	 nevents;
static unsigned int	 locks;		/* begins until the other locks */

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

static void
lock(const char *sql)
{
	CHECK_INT(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* what the channel would call */
static void
append(size_t details)
{
	static char	 text[BIG + 16];
	static uint8_t	 buf[MAX_EVENT_LEN];
	struct event	 ev = audit_event(++nevents, SEV_NONE);
	struct msg	 msg;
	ssize_t		 n;

	memset(text, 'x', sizeof(text));
	snprintf(text + details, 3, "\"}");
	memcpy(text, "{\"a\":\"", 6);
	ev.field[EV_DETAILS] = text;
	CHECK((n = event_encode(&ev, buf, sizeof(buf))) > 0);
	memset(&msg, 0, sizeof(msg));
	msg.data = buf;
	msg.len = (size_t)n;
	msg.fd = -1;
	append_msg(w->peer, &msg);
}

/* turns until so many were answered; how many of them were refused */
static unsigned int
answered(unsigned int want)
{
	static uint8_t	 data[MAX_APPENDED * sizeof(struct appended)];
	struct frame_hdr hdr;
	unsigned int	 n = 0, refused = 0, len;
	uint64_t	 since = clock_ms();

	while (n < want) {
		CHECK(clock_ms() - since < 20000);
		turn();
		if (recv(fd, &hdr, sizeof(hdr), MSG_DONTWAIT) !=
		    (ssize_t)sizeof(hdr))
			continue;
		len = hdr.len - (unsigned int)sizeof(hdr);
		CHECK(len <= sizeof(data));
		CHECK(len == 0 || recv(fd, data, len, MSG_WAITALL) ==
		    (ssize_t)len);
		if (hdr.type == MSG_APPENDED)
			n += len / (unsigned int)sizeof(struct appended);
		else if (hdr.type == MSG_REFUSED) {
			n++;
			refused++;
		}
	}
	return (refused);
}

/* a row that had to wait costs its actor what any other costs */
static void
charged_once(void)
{
	unsigned int	 i;

	for (i = 0; i < MB / BIG - 4; i++) {
		lock("BEGIN IMMEDIATE");
		append(BIG);
		turn();
		lock("ROLLBACK");
		CHECK_INT(answered(1), 0);
	}
	/* and it was charged */
	for (i = 0; i < 8; i++)
		append(BIG);
	CHECK(answered(8) > 0);
}

/* the other takes its turn when the rows before are written */
static int
at_begin(unsigned int what, void *arg, void *st, void *sql)
{
	(void)what;
	(void)arg;
	(void)st;
	if (strncmp(sql, "BEGIN", 5) == 0 && locks != 0 && --locks == 0)
		lock("BEGIN IMMEDIATE");
	return (0);
}

/* whoever lets us write in between is waited for, and nobody refused */
static void
progress(void)
{
	uint64_t	 since;
	unsigned int	 i;

	auditd.rec.principal_mb_per_hour = 0;
	limits_open(open(dir, O_RDONLY | O_DIRECTORY));
	limits_look();
	lock("BEGIN IMMEDIATE");
	for (i = 0; i < MAX_APPENDED + 100; i++)
		append(64);
	for (since = clock_ms(); clock_ms() - since < HALF_MS;)
		turn();
	CHECK_INT(sqlite3_trace_v2(store_db(auditd.store), SQLITE_TRACE_STMT,
	    at_begin, NULL), SQLITE_OK);
	locks = 2;
	lock("ROLLBACK");
	CHECK_INT(answered(MAX_APPENDED), 0);
	CHECK_INT(locks, 0);
	for (since = clock_ms(); clock_ms() - since < HALF_MS;)
		turn();
	CHECK_STR(auditd.why, "");
	lock("ROLLBACK");
	CHECK_INT(answered(100), 0);
}

/* what a reader held back is announced before it is moved, all at once */
static void
held_back(void)
{
	struct frame_hdr hdr;
	sqlite3_stmt	*st;
	uint32_t	 s, said = 0;

	turn();
	while (recv(sup, &hdr, sizeof(hdr), MSG_DONTWAIT) > 0)
		;
	CHECK_INT(sqlite3_prepare_v2(other, "SELECT seq FROM events", -1, &st,
	    NULL), SQLITE_OK);
	CHECK_INT(sqlite3_step(st), SQLITE_ROW);
	while (store_checkpoint_pages(auditd.store) < STORE_WAL_LONG * 5 / 4) {
		append(BIG);
		CHECK_INT(answered(1), 0);
	}
	while (recv(sup, &hdr, sizeof(hdr), MSG_DONTWAIT) ==
	    (ssize_t)sizeof(hdr))
		CHECK(recv(sup, &s, hdr.len - sizeof(hdr), MSG_DONTWAIT) > 0);
	CHECK_INT(sqlite3_finalize(st), SQLITE_OK);
	while (store_checkpoint_pages(auditd.store) >= STORE_WAL_LONG) {
		append(64);
		CHECK_INT(answered(1), 0);
	}
	while (recv(sup, &hdr, sizeof(hdr), MSG_DONTWAIT) ==
	    (ssize_t)sizeof(hdr)) {
		CHECK_INT(hdr.type, MSG_BUSY);
		CHECK(recv(sup, &said, sizeof(said), MSG_DONTWAIT) == 4);
	}
	CHECK(said >= STORE_WAL_LONG / STORE_WAL_S);
}

static void
setup(void)
{
	static const struct dispatch	 none[] = { { 0 } };
	struct event			 ev;
	enum store_epoch		 why;
	char				 err[MAX_STORE_ERR];
	int				 sv[2];

	audit_setup();
	signal(SIGPIPE, SIG_IGN);
	log_set_sink(quiet);
	CHECK((role.base = event_base_new()) != NULL);
	role.state = ST_RUNNING;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((role.sup = peer_new(role.base, sv[0], "supervisor",
	    PEER_FATAL, none, &role.state, MAX_FRAME, 1)) != NULL);
	sup = sv[1];
	stamp_init(&auditd.stamp, &auditd.suite);
	auditd.rec.principal_mb_per_hour = 1;
	CHECK(store_open(&auditd.store, &conf, err, sizeof(err)) == STORE_OK);
	commit_init();
	seal_init();
	stamp_event(&auditd.stamp, &ev, "audit-epoch", SEV_INFO);
	CHECK(store_reconcile(auditd.store, NULL, &ev, &why) == STORE_OK);
	CHECK(query_open(&auditd.query, auditd.store) == STORE_OK);
	CHECK(kept_open(&auditd.kept, auditd.store) == STORE_OK);
	CHECK(approve_open(&auditd.approve, auditd.store) == STORE_OK);
	auditd.reconciled = 1;
	limits_open(open(dir, O_RDONLY | O_DIRECTORY));
	limits_look();
	CHECK(sqlite3_open(path, &other) == SQLITE_OK);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((w = calloc(1, sizeof(*w))) != NULL);
	CHECK((w->peer = peer_new(role.base, sv[0], "gatewayd.1", PEER_CHILD,
	    none, &role.state, MAX_FRAME, 1)) != NULL);
	w->peer->ctx = w;
	TAILQ_INSERT_TAIL(&auditd.workers, w, entry);
	fd = sv[1];
}

int
main(void)
{
	setup();
	RUN(charged_once);
	RUN(progress);
	RUN(held_back);
	CHECK(sqlite3_close(other) == SQLITE_OK);
	kept_close(auditd.kept);
	approve_close(auditd.approve);
	store_close(auditd.store);
	audit_teardown();
	return (0);
}
