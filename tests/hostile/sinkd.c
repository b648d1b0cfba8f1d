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

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/outbox.h"
#include "common/role.h"

/*
 * A sink's program that does to its peers whatever the name of the sink says
 * (tests/system/test_hostile.py).  It stands in the place of the real one,
 * which is defenseclaw-sinkd.real beside it and gets all sinks with other
 * names, and the resolver.
 */

static const struct promise hostile_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD,
	.files = FILES_NONE,
	.limits = { .nofile = 64, .fsize = 0, .nproc = 0, .memlock = 0 },
};

static void	with_peer(struct peer *, struct msg *);
static void	rows(struct peer *, struct msg *);
static void	end(struct peer *, struct msg *);
static void	leave(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_RUNNING, sizeof(struct peer_end),
	    sizeof(struct peer_end), FD_ONE, NOBODY, with_peer },
	{ MSG_PING, ST_RUNNING, 0, 0, FD_NONE, NOBODY, role_ping },
	{ MSG_SHUTDOWN, ST_RUNNING, 0, 0, FD_NONE, NOBODY, leave },
	{ 0 }
};

static const struct dispatch from_auditd[] = {
	{ MSG_OUTBOX_ROWS, ST_RUNNING, 0, MAX_FRAME, FD_NONE, NOBODY, rows },
	{ MSG_OUTBOX_END, ST_RUNNING, 0, MAX_FRAME, FD_NONE, NOBODY, end },
	{ 0 }
};

static const struct dispatch from_resolver[] = {
	{ MSG_RESOLVED, ST_RUNNING, 0, MAX_FRAME, FD_NONE, NOBODY, rows },
	{ 0 }
};

/* the names that are ours; the rest is for the real program */
static const char *const deeds[] = {
	"acks", "early", "pulls", "nothing", "letters", "class", "type",
	"short", "flood", "text", "frames", "asks", "stop", "silent"
};
#define NDEEDS	(sizeof(deeds) / sizeof(deeds[0]))

static int
is(const char *name)
{
	return (strcmp(role.start.instance + strlen("sink."), name) == 0);
}

static void
rows(struct peer *p, struct msg *msg)
{
	(void)p;
	(void)msg;
}

static void
leave(struct peer *p, struct msg *msg)
{
	(void)p;
	(void)msg;
	role_exit();
}

static void
ack(struct peer *p, uint64_t batch, uint64_t upto)
{
	struct outbox_ack	 a = { batch, upto };

	(void)peer_send(p, MSG_OUTBOX_ACK, 0, -1, &a, sizeof(a));
}

static void
dead(struct peer *p, uint64_t batch, uint64_t seq, uint32_t class)
{
	struct outbox_dead	 d;

	memset(&d, 0, sizeof(d));
	d.batch = batch;
	d.seq = seq;
	d.class = class;
	memset(d.reason, 0xff, sizeof(d.reason));
	(void)peer_send(p, MSG_OUTBOX_DEAD, 0, -1, &d, sizeof(d));
}

static void
report(struct peer *p, int n)
{
	struct outbox_report	 r;

	memset(&r, 0, sizeof(r));
	r.news = OUTBOX_REJECTED;
	r.first = r.last = r.count = 1;
	memset(r.reason, 0xc3, sizeof(r.reason));
	while (n-- > 0)
		(void)peer_send(p, MSG_OUTBOX_REPORT, 0, -1, &r, sizeof(r));
}

/* text that is none, numbers that are none of the list */
static void
speak(struct peer *p)
{
	struct outbox_state	 s;

	memset(&s, 0xfe, sizeof(s));
	(void)peer_send(p, MSG_OUTBOX_STATE, 0, -1, &s, sizeof(s));
	report(p, 1);
}

/* a batch has come whole */
static void
end(struct peer *p, struct msg *msg)
{
	struct outbox_end	 e;

	if (msg_get(msg, &e, sizeof(e)) == -1)
		fatalx("end of a batch");
	if (is("acks"))
		ack(p, e.batch, e.upto + 1);
	else if (is("letters"))
		dead(p, e.batch, e.upto + 1000, OUTBOX_QUARANTINED);
	else if (is("class"))
		dead(p, e.batch, e.first, 99);
	else if (is("text"))
		speak(p);
}

static void
pull(struct peer *p, uint32_t events)
{
	struct outbox_pull	 q = { events, MAX_OUTBOX_BYTES };

	(void)peer_send(p, MSG_OUTBOX_PULL, 0, -1, &q, sizeof(q));
}

static void
with_auditd(struct peer *p)
{
	struct request	 rq = { REQ_STOP, 0, 0 };

	if (is("early"))
		ack(p, 1, 1);
	else if (is("nothing"))
		pull(p, 0);
	else if (is("type"))
		(void)peer_send(p, MSG_APPEND, 0, -1, "x", 1);
	else if (is("short"))
		(void)peer_send(p, MSG_OUTBOX_ACK, 0, -1, "x", 1);
	else if (is("flood"))
		report(p, 100000);
	else if (is("frames"))
		(void)send(p->fd, "\377\377\377\377\377\377\377\377\377\377"
		    "\377\377\377\377\377\377\377\377", 18, 0);
	else if (is("stop"))
		(void)peer_send(role.sup, MSG_REQUEST, 0, -1, &rq,
		    sizeof(rq));
	else if (!is("asks"))
		pull(p, MAX_OUTBOX_EVENTS);
	if (is("pulls"))
		pull(p, MAX_OUTBOX_EVENTS);
}

static void
with_peer(struct peer *sup, struct msg *msg)
{
	struct peer_end	 pe;
	struct peer	*p;

	(void)sup;
	if (msg_get(msg, &pe, sizeof(pe)) == -1)
		fatalx("peer");
	p = role_peer(msg, &pe, pe.role == ROLE_AUDITD ? from_auditd :
	    from_resolver);
	/* whoever turns us away must do the rest, too */
	p->class = PEER_CHILD;
	if (pe.role == ROLE_AUDITD)
		with_auditd(p);
	else if (is("asks"))
		(void)peer_send(p, MSG_RESOLVE, 0, -1, "\377\0\0\0x\0", 6);
}

/* the first words say who we are to be; they stay for whoever reads them */
static int
is_ours(void)
{
	struct {
		struct frame_hdr	 hdr;
		struct start		 start;
	}		 first;
	size_t		 i;
	ssize_t		 n;

	do
		n = recv(ROLE_FD, &first, sizeof(first), MSG_PEEK |
		    MSG_WAITALL);
	while (n == -1);
	for (i = 0; n == sizeof(first) && i < NDEEDS; i++)
		if (strcmp(first.start.instance + strlen("sink."),
		    deeds[i]) == 0)
			return (1);
	return (0);
}

int
main(int argc, char *argv[], char *envp[])
{
	char	 path[MAX_PATH_LEN];
	ssize_t	 n;

	if (!is_ours()) {
		n = readlink("/proc/self/exe", path, sizeof(path) - 6);
		if (n == -1)
			return (1);
		strlcpy(path + n, ".real", sizeof(path) - (size_t)n);
		execve(path, argv, envp);
		return (1);
	}
	role_begin(argc, argv, ROLE_SINK);
	role_enter(&hostile_promise, NULL);
	role_serve(from_supervisor);
	_exit(0);
}
