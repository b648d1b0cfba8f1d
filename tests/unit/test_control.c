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
#include <sys/wait.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <sqlite3.h>

#include "auditd/auditd.h"
#include "common/log.h"
#include "tests/unit/test_audit.h"

/* Requests to the audit owner, with a store of its own and no supervisor. */

static int	 sup;			/* the supervisor's end */
static char	 answer[4 * 1024 * 1024];
static size_t	 answer_len;
static unsigned int ntexts;		/* pieces of it */
static uint64_t	 next_row;		/* of MSG_CTL_NEXT; 0: none came */

/* of auditd.c */
void
deaths_record(void)
{
}

static void
quiet(enum log_level level, const char *line)
{
	(void)level;
	(void)line;
}

static void
turn(void)
{
	int	 i;

	for (i = 0; i < 3; i++)
		event_base_loop(role.base, EVLOOP_NONBLOCK);
}

static struct peer *
client(int *fd)
{
	struct frame_hdr hdr = { MSG_CTL_HELLO, sizeof(hdr) + 4, 1, 0 };
	struct caller	 caller;
	struct msg	 msg;
	struct peer	*p;
	uint32_t	 version = CTL_VERSION;
	int		 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	memset(&caller, 0, sizeof(caller));
	caller.uid = getuid();
	memset(&msg, 0, sizeof(msg));
	msg.data = &caller;
	msg.len = sizeof(caller);
	msg.fd = sv[0];
	CHECK((p = role_control(&msg, control_from_client, MAX_FRAME,
	    control_refused)) != NULL);
	control_open(p);
	CHECK(write(sv[1], &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	CHECK(write(sv[1], &version, sizeof(version)) == 4);
	turn();
	CHECK(recv(sv[1], answer, sizeof(hdr) + 4, MSG_DONTWAIT) ==
	    (ssize_t)sizeof(hdr) + 4);
	*fd = sv[1];
	return (p);
}

static void
put(int fd, uint32_t type, const void *data, size_t len)
{
	struct frame_hdr hdr = { type, (uint32_t)(sizeof(hdr) + len), 9, 0 };

	CHECK(write(fd, &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	if (len != 0)
		CHECK(write(fd, data, len) == (ssize_t)len);
}

/* reads exactly len bytes, turning the loop for more */
static void
take(int fd, void *data, size_t len)
{
	size_t	 got = 0;
	ssize_t	 n;
	int	 idle = 0;

	while (got < len) {
		n = recv(fd, (char *)data + got, len - got, MSG_DONTWAIT);
		if (n > 0) {
			got += (size_t)n;
			idle = 0;
			continue;
		}
		CHECK(n == -1 && errno == EAGAIN && idle++ < 1000);
		turn();
	}
}

/* one message into answer; its type */
static uint32_t
one(int fd, uint32_t *code)
{
	struct frame_hdr	 hdr;

	take(fd, &hdr, sizeof(hdr));
	CHECK_INT(hdr.id, 9);
	hdr.len -= sizeof(hdr);
	CHECK(answer_len + hdr.len < sizeof(answer));
	take(fd, answer + answer_len, hdr.len);
	if (hdr.type == MSG_CTL_TEXT) {
		ntexts++;
		answer_len += hdr.len;
		answer[answer_len] = '\0';
	} else if (hdr.type == MSG_CTL_NEXT) {
		CHECK_INT(hdr.len, sizeof(next_row));
		memcpy(&next_row, answer + answer_len, sizeof(next_row));
	} else {
		memcpy(code, answer + answer_len, sizeof(*code));
		if (hdr.type == MSG_CTL_ERROR)
			memmove(answer, answer + answer_len + 8,
			    hdr.len - 8);
		else
			answer[answer_len] = '\0';
	}
	return (hdr.type);
}

static void
fresh(void)
{
	answer_len = ntexts = 0;
	next_row = 0;
	answer[0] = '\0';
}

/*
 * The whole answer to a request; the code it ended with, an error's text in
 * answer.  Nothing follows it.
 */
static uint32_t
ask(int fd, uint32_t type, const void *data, size_t len)
{
	uint32_t	 code = UINT32_MAX, what;
	char		 more;

	fresh();
	put(fd, type, data, len);
	do
		what = one(fd, &code);
	while (what == MSG_CTL_TEXT || what == MSG_CTL_NEXT);
	CHECK(what == MSG_CTL_DONE || what == MSG_CTL_ERROR);
	turn();
	CHECK(recv(fd, &more, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	return (code);
}

static uint32_t
note(int fd, const char *action, const char *target, const char *what)
{
	static uint64_t	 when;
	struct wbuf	 w;
	uint32_t	 code;

	wbuf_init(&w, 32768);
	wbuf_u64(&w, ++when);
	wbuf_str(&w, action);
	wbuf_str(&w, target);
	wbuf_str(&w, what);
	code = ask(fd, MSG_CTL_NOTE, w.data, w.len);
	wbuf_free(&w);
	return (code);
}

static uint32_t
ack(int fd, uint64_t seq, const char *text)
{
	struct wbuf	 w;
	uint32_t	 code;

	wbuf_init(&w, 4096);
	wbuf_u64(&w, seq);
	wbuf_str(&w, text);
	code = ask(fd, MSG_CTL_ALERT_ACK, w.data, w.len);
	wbuf_free(&w);
	return (code);
}

static uint64_t
newest(void)
{
	struct head	 h;

	commit_now();
	store_head(auditd.store, &h);
	return (h.seq);
}

/* before the log is taken into use every reader is told to wait, once */
static void
not_ready(void)
{
	static const char	 wait[] =
	    "the audit log waits for the signer: try again";
	struct audit_list	 al;
	struct alert_list	 alerts;
	uint64_t		 range[2] = { 0, 0 };
	int			 fd;

	memset(&al, 0, sizeof(al));
	memset(&alerts, 0, sizeof(alerts));
	(void)client(&fd);
	auditd.reconciled = 0;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)),
	    CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_SHOW, range, 8), CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_HEAD, NULL, 0), CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_EXPORT, range, 16),
	    CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_TAIL, range, 8), CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ask(fd, MSG_CTL_ALERTS, &alerts, sizeof(alerts)),
	    CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ask(fd, MSG_CTL_LIST, NULL, 0), CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(ack(fd, 1, ""), CTL_NOT_RUNNING);
	CHECK_STR(answer, wait);
	CHECK_INT(note(fd, "init", "x", "y"), CTL_FAILURE);
	CHECK_STR(answer, "the audit log takes no events now");
	auditd.reconciled = 1;
	close(fd);
	turn();
}

static void
notes(void)
{
	static const char again[28] = "the time\4\0\0\0init\0\1\0\0\0x\0"
	    "\0\0\0";
	char		 want[32];
	uint64_t	 seq;
	int		 fd;

	(void)client(&fd);
	CHECK_INT(ask(fd, MSG_CTL_NOTE,
	    "12345678\377\0\0\0aaaaaaaaaaaaaaa", 27),
	    CTL_USAGE);
	CHECK_STR(answer, "malformed");
	CHECK_INT(note(fd, "stop", "x", "y"), CTL_USAGE);
	CHECK_STR(answer, "malformed");
	/* told again, as where the first answer was lost: one row */
	seq = newest();
	CHECK_INT(ask(fd, MSG_CTL_NOTE, again, sizeof(again)), CTL_OK);
	snprintf(want, sizeof(want), "{\"seq\":%llu}",
	    (unsigned long long)seq + 1);
	CHECK_STR(answer, want);
	CHECK_INT(ask(fd, MSG_CTL_NOTE, again, sizeof(again)), CTL_OK);
	CHECK_STR(answer, want);
	CHECK_INT(newest(), seq + 1);
	seq = newest();
	CHECK_INT(note(fd, "config-update", "guardrail.mode",
	    "mode: observe -> action"), CTL_OK);
	CHECK_INT(newest(), seq + 1);
	CHECK_INT(note(fd, "init", "judge.api_key", "judge.api_key=hunter2->x"),
	    CTL_OK);
	seq = newest();
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_SHOW, &seq, 8), CTL_OK);
	CHECK(strstr(answer, "judge.api_key") != NULL);
	CHECK(strstr(answer, "hunter2") == NULL);
	seq--;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_SHOW, &seq, 8), CTL_OK);
	CHECK(strstr(answer, "mode: observe -> action") != NULL);
	CHECK(strstr(answer, "config-update") != NULL);
	seq = newest() + 100;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_SHOW, &seq, 8), CTL_NOT_FOUND);
	close(fd);
	turn();
}

/* who asked has gone before the answer: the row is there all the same */
static void
gone(void)
{
	struct wbuf	 w;
	uint64_t	 seq = newest();
	int		 fd;

	(void)client(&fd);
	wbuf_init(&w, 1024);
	wbuf_u64(&w, UINT64_MAX);
	wbuf_str(&w, "init");
	wbuf_str(&w, "x");
	wbuf_str(&w, "y");
	put(fd, MSG_CTL_NOTE, w.data, w.len);
	put(fd, MSG_CTL_STOP, NULL, 0);
	put(fd, MSG_CTL_HELLO, NULL, 0);	/* closes the connection */
	close(fd);
	turn();
	CHECK_INT(role.nclients, 0);
	CHECK_INT(newest(), seq + 2);
	wbuf_free(&w);
	CHECK(recv(sup, answer, sizeof(answer), MSG_DONTWAIT) ==
	    (ssize_t)(sizeof(struct frame_hdr) + sizeof(struct request)));
}

static void
lists(void)
{
	struct audit_list	 al;
	uint64_t		 top = newest();
	int			 fd;

	(void)client(&fd);
	memset(&al, 0, sizeof(al));
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, top);
	al.limit = UINT32_MAX;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, top);
	CHECK_INT(next_row, 0);
	al.limit = 1;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 1);
	CHECK(next_row != 0);
	al.limit = 0;
	al.severities = 1U << SEV_CRITICAL;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 0);
	/* names fill their place: no NUL is needed */
	al.severities = 0;
	memset(al.action, 'x', sizeof(al.action));
	memset(al.actor, 'x', sizeof(al.actor));
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 0);
	memset(&al, 0, sizeof(al));
	(void)snprintf(al.action, sizeof(al.action), "stop");
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 1);
	memset(&al, 0, sizeof(al));
	(void)snprintf(al.actor, sizeof(al.actor), "uid:%u", getuid());
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_LIST, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 5);
	CHECK_INT(ask(fd, MSG_CTL_LIST, NULL, 0), CTL_OK);
	CHECK(strstr(answer, "\"entries\":[]") != NULL);
	CHECK_INT(ask(fd, MSG_CTL_STATUS, NULL, 0), CTL_OK);
	CHECK(answer[0] == '{');
	close(fd);
	turn();
}

static void
alert(enum severity severity, const char *actor)
{
	struct event	 ev;

	stamp_event(&auditd.stamp, &ev, "inspect-tool-block", severity);
	ev.field[EV_ACTOR] = actor;
	CHECK_INT(commit_event(&ev, NULL, NULL), 0);
}

static void
alerts(void)
{
	struct alert_list	 al;
	uint64_t		 seq;
	int			 fd;

	(void)client(&fd);
	alert(SEV_CRITICAL, "agent:a");
	alert(SEV_HIGH, "agent:b");
	seq = newest();
	memset(&al, 0, sizeof(al));
	CHECK_INT(ask(fd, MSG_CTL_ALERTS, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 2);
	al.limit = 1;
	CHECK_INT(ask(fd, MSG_CTL_ALERTS, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 1);
	CHECK(next_row != 0);
	al.limit = UINT32_MAX;
	CHECK_INT(ask(fd, MSG_CTL_ALERTS, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 2);
	CHECK_INT(ask(fd, MSG_CTL_ALERT_ACK, "12345678\377\0\0\0x", 13),
	    CTL_USAGE);
	CHECK_STR(answer, "malformed");
	CHECK_INT(ack(fd, seq + 1000, "seen"), CTL_NOT_FOUND);
	CHECK_INT(ack(fd, seq, "seen"), CTL_OK);
	CHECK_INT(ask(fd, MSG_CTL_ALERTS, &al, sizeof(al)), CTL_OK);
	CHECK_INT(ntexts, 1);
	CHECK(strstr(answer, "agent:a") != NULL);
	close(fd);
	turn();
}

static struct peer *
worker(int *fd)
{
	static const struct dispatch	 none[] = { { 0 } };
	struct peer			*p;
	int				 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((p = peer_new(role.base, sv[0], "gatewayd.0", PEER_FATAL, none,
	    &role.state, MAX_FRAME, 0)) != NULL);
	*fd = sv[1];
	return (p);
}

/* a worker asks for the alerts of one name; rows, then the code */
static uint32_t
actor_alerts(struct peer *p, int fd, uint32_t limit, const char *actor,
    unsigned int *rows)
{
	struct frame_hdr hdr;
	struct wbuf	 w;
	struct msg	 msg;
	uint32_t	 code;

	wbuf_init(&w, 1024);
	wbuf_u32(&w, limit);
	wbuf_str(&w, actor);
	memset(&msg, 0, sizeof(msg));
	msg.hdr.id = 9;
	msg.data = w.data;
	msg.len = w.len;
	msg.fd = -1;
	alerts_msg(p, &msg);
	wbuf_free(&w);
	for (*rows = 0;; ++*rows) {
		take(fd, &hdr, sizeof(hdr));
		take(fd, answer, hdr.len - sizeof(hdr));
		if (hdr.type == MSG_ALERTS_END)
			break;
		CHECK_INT(hdr.type, MSG_ALERTS_ROW);
	}
	memcpy(&code, answer, sizeof(code));
	return (code);
}

static void
alerts_of_workers(void)
{
	static const uint32_t	 limits[] = { 0, MAX_QUERY_ROWS + 1 };
	struct peer		*p;
	unsigned int		 rows, i;
	pid_t			 pid;
	int			 fd, status;

	p = worker(&fd);
	CHECK_INT(actor_alerts(p, fd, 10, "agent:a", &rows), CTL_OK);
	CHECK_INT(rows, 1);
	CHECK_INT(actor_alerts(p, fd, 10, "agent:c", &rows), CTL_OK);
	CHECK_INT(rows, 0);
	/* everybody's are no worker's to ask for */
	CHECK_INT(actor_alerts(p, fd, 10, "", &rows), CTL_PERMISSION);
	CHECK_INT(rows, 0);
	auditd.reconciled = 0;
	CHECK_INT(actor_alerts(p, fd, 10, "agent:a", &rows),
	    CTL_NOT_RUNNING);
	auditd.reconciled = 1;
	/* what a worker of ours never sends */
	for (i = 0; i < 2; i++) {
		CHECK((pid = fork()) != -1);
		if (pid == 0) {
			event_reinit(role.base);
			(void)actor_alerts(p, fd, limits[i], "agent:a",
			    &rows);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
	peer_free(p);
	close(fd);
}

static void
heads(void)
{
	struct head	 h;
	struct peer	*p;
	uint32_t	 code;
	int		 fd, other, sfd;

	(void)client(&fd);
	(void)client(&other);
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_HEAD, NULL, 0), CTL_NOT_RUNNING);
	CHECK_STR(answer, "the signer is not running at the moment: try "
	    "again");
	/* with one, the answer comes when it has signed or is gone */
	auditd.signer = worker(&sfd);
	fresh();
	put(fd, MSG_CTL_AUDIT_HEAD, NULL, 0);
	turn();
	CHECK(recv(fd, answer, 1, MSG_DONTWAIT) == -1);
	control_head(NULL, "the signer is gone");
	CHECK_INT(one(fd, &code), MSG_CTL_ERROR);
	CHECK_INT(code, CTL_NOT_RUNNING);
	CHECK_STR(answer, "the signer is gone");
	fresh();
	put(fd, MSG_CTL_AUDIT_HEAD, NULL, 0);
	turn();
	store_head(auditd.store, &h);
	control_head(&h, NULL);
	CHECK_INT(one(fd, &code), MSG_CTL_TEXT);
	CHECK(strstr(answer, "\"seq\":") != NULL);
	CHECK_INT(one(fd, &code), MSG_CTL_DONE);
	CHECK_INT(code, CTL_OK);
	/* who did not ask is told nothing */
	CHECK(recv(other, answer, 1, MSG_DONTWAIT) == -1 &&
	    errno == EAGAIN);
	p = auditd.signer;
	auditd.signer = NULL;
	seal_over("no signer");
	peer_free(p);
	close(sfd);
	close(fd);
	close(other);
	turn();
}

static void
exports(void)
{
	uint64_t	 range[2] = { 0, 0 }, top = newest();
	int		 fd;

	(void)client(&fd);
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_EXPORT, range, 16), CTL_OK);
	CHECK_INT(ntexts, top + 1);
	CHECK(strstr(answer, "\"public_key\"") != NULL);
	range[0] = 2;
	range[1] = 3;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_EXPORT, range, 16), CTL_OK);
	CHECK_INT(ntexts, 3);
	/* beyond the end there is nothing; backwards neither */
	range[1] = top + 1000;
	range[0] = top;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_EXPORT, range, 16), CTL_OK);
	CHECK_INT(ntexts, 2);
	range[0] = 3;
	range[1] = 2;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_EXPORT, range, 16), CTL_OK);
	CHECK_INT(ntexts, 1);
	range[0] = (uint64_t)MAX_CHAIN_SEQ + 1;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_EXPORT, range, 16), CTL_USAGE);
	CHECK_STR(answer, "no such row");
	close(fd);
	turn();
}

/* a reader slower than the log: it waits, and gets every row in order */
static void
slow_reader(void)
{
	static char	 big[8000];
	struct event	 ev;
	uint64_t	 range[2] = { 0, 0 }, top;
	struct peer	*p;
	int		 fd, i;

	memset(big, 'x', sizeof(big) - 1);
	for (i = 0; i < 300; i++) {
		stamp_event(&auditd.stamp, &ev, "test", SEV_INFO);
		ev.field[EV_TARGET] = big;
		if (commit_event(&ev, NULL, NULL) == -1)
			ev.field[EV_TARGET] = "small";
	}
	top = newest();
	p = client(&fd);
	fresh();
	put(fd, MSG_CTL_AUDIT_EXPORT, range, 16);
	turn();
	CHECK(peer_blocked(p));
	/* new rows do not overtake those that wait */
	alert(SEV_LOW, "agent:late");
	commit_now();
	turn();
	CHECK(peer_blocked(p));
	{
		uint32_t code, what;

		while ((what = one(fd, &code)) == MSG_CTL_TEXT)
			;
		CHECK_INT(what, MSG_CTL_DONE);
		CHECK_INT(code, CTL_OK);
	}
	CHECK_INT(ntexts, top + 1);
	close(fd);
	turn();
}

static void
tails(void)
{
	uint64_t	 from = 0;
	uint32_t	 code;
	int		 fd;

	(void)client(&fd);
	fresh();
	put(fd, MSG_CTL_AUDIT_TAIL, &from, 8);
	turn();
	CHECK(recv(fd, answer, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	alert(SEV_LOW, "agent:followed");
	commit_now();
	CHECK_INT(one(fd, &code), MSG_CTL_TEXT);
	CHECK(strstr(answer, "agent:followed") != NULL);
	close(fd);
	turn();
	(void)client(&fd);
	fresh();
	from = newest();
	put(fd, MSG_CTL_AUDIT_TAIL, &from, 8);
	CHECK_INT(one(fd, &code), MSG_CTL_TEXT);
	CHECK(strstr(answer, "agent:followed") != NULL);
	close(fd);
	turn();
}

static void
refusals(void)
{
	struct peer	*p;
	uint64_t	 seq = newest();
	int		 fd;

	p = client(&fd);
	p->caller.uid = 4711;
	control_refused(p, 0);
	CHECK_INT(newest(), seq + 1);
	seq++;
	CHECK_INT(ask(fd, MSG_CTL_AUDIT_SHOW, &seq, 8), CTL_OK);
	CHECK(strstr(answer, "request-refused") != NULL);
	CHECK(strstr(answer, "uid:4711") != NULL);
	/* the same again is counted, not written */
	control_refused(p, 0);
	control_refused(p, 0);
	CHECK_INT(newest(), seq);
	close(fd);
	turn();
}

/* what the channel would call */
static void
handle(struct peer *p, uint32_t type, const void *data, size_t len)
{
	const struct dispatch	*d = control_from_client;
	struct msg		 msg;

	while (d->type != type)
		d++;
	memset(&msg, 0, sizeof(msg));
	msg.hdr.id = 9;
	msg.data = data;
	msg.len = len;
	msg.fd = -1;
	d->handler(p, &msg);
}

/* the disk is full: nothing is recorded, and an operator can still stop it */
static void
store_fails(void)
{
	static const char note_text[28] =
	    "anytime.\4\0\0\0init\0\1\0\0\0x\0\0\0\0";
	struct frame_hdr hdr;
	struct request	 rq;
	struct peer	*p;
	sqlite3		*db;
	uint32_t	 code;
	int		 fd;

	p = client(&fd);
	commit_pause("the disk is full");
	CHECK_INT(ask(fd, MSG_CTL_STOP, NULL, 0), CTL_OK);
	take(sup, &hdr, sizeof(hdr));
	CHECK_INT(hdr.type, MSG_REQUEST);
	take(sup, &rq, sizeof(rq));
	CHECK_INT(rq.kind, REQ_STOP);
	CHECK_INT(note(fd, "init", "x", "y"), CTL_FAILURE);
	CHECK_STR(answer, "the audit log takes no events now");
	CHECK_INT(ack(fd, 1, ""), CTL_FAILURE);
	CHECK_STR(answer, "the disk is full");
	p->caller.uid = 4712;
	control_refused(p, 0);
	control_tick();
	auditd.why[0] = '\0';
	/* in the open transaction when it fails: told, with the reason */
	handle(p, MSG_CTL_NOTE, note_text, sizeof(note_text));
	handle(p, MSG_CTL_STOP, NULL, 0);
	CHECK(auditd.in_tx);
	commit_fail();
	fresh();
	CHECK_INT(one(fd, &code), MSG_CTL_ERROR);
	CHECK_INT(code, CTL_FAILURE);
	CHECK_INT(one(fd, &code), MSG_CTL_DONE);
	CHECK_INT(code, CTL_OK);
	auditd.why[0] = '\0';
	/* somebody else writes to the database */
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ==
	    SQLITE_OK);
	CHECK_INT(ack(fd, 1, ""), CTL_FAILURE);
	CHECK_STR(answer, "the audit log is busy: try again");
	CHECK(sqlite3_close(db) == SQLITE_OK);
	auditd.why[0] = '\0';
	close(fd);
	turn();
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
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((role.base = event_base_new()) != NULL);
	role.state = ST_RUNNING;
	role.start.mode = MODE_USER;
	role.start.owner = getuid();
	TAILQ_INIT(&role.clients);
	CHECK((role.sup = peer_new(role.base, sv[0], "supervisor",
	    PEER_FATAL, none, &role.state, MAX_FRAME, 1)) != NULL);
	sup = sv[1];
	memcpy(auditd.pubkey, public_key, sizeof(auditd.pubkey));
	auditd.rec.hash_alg = CHAIN_BLAKE2B;
	auditd.rec.checkpoint_events = 100000;
	auditd.rec.checkpoint_seconds = 3600;
	stamp_init(&auditd.stamp, &auditd.suite);
	CHECK(redact_init(&auditd.redactor, "key", 3) == 0);
	CHECK(store_open(&auditd.store, &conf, err, sizeof(err)) == STORE_OK);
	commit_init();
	seal_init();
	stamp_event(&auditd.stamp, &ev, "audit-epoch", SEV_INFO);
	CHECK(store_reconcile(auditd.store, NULL, &ev, &why) == STORE_OK);
	CHECK(policy_open(&auditd.policy, auditd.store) == STORE_OK);
	CHECK(approve_open(&auditd.approve, auditd.store) == STORE_OK);
	CHECK(query_open(&auditd.query, auditd.store) == STORE_OK);
	auditd.reconciled = 1;
}

int
main(void)
{
	setup();
	RUN(not_ready);
	RUN(notes);
	RUN(gone);
	RUN(lists);
	RUN(alerts);
	RUN(alerts_of_workers);
	RUN(heads);
	RUN(exports);
	RUN(tails);
	RUN(refusals);
	RUN(slow_reader);
	RUN(store_fails);
	store_close(auditd.store);
	audit_teardown();
	return (0);
}
