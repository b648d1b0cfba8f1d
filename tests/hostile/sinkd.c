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

#include "common/judge.h"
#include "common/log.h"
#include "common/outbox.h"
#include "common/role.h"

/*
 * A sink's program that does to its peers whatever the name of the sink says
 * (tests/system/test_hostile.py), and a judge that answers as the text that
 * it is asked about says.  It stands in the place of the real one, which is
 * defenseclaw-sinkd.real beside it and gets all sinks with other names, and
 * the resolver.
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
static void	asked(struct peer *, struct msg *);

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

static const struct dispatch from_worker[] = {
	{ MSG_JUDGE_ASK, ST_RUNNING, 1, MAX_FRAME, FD_NONE, NOBODY, asked },
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

static int
told(const struct judge_ask *a, const char *deed)
{
	return (memmem(a->sample, a->sample_len, deed, strlen(deed)) != NULL);
}

static void
say(struct peer *p, uint32_t id, const struct judge_said *s, int more)
{
	struct wbuf	 w;

	wbuf_init(&w, MAX_FRAME);
	if (judge_said_pack(&w, s) == -1)
		fatalx("an answer");
	if (more > 0)
		wbuf_put(&w, "xxxx", (size_t)more);
	(void)peer_send(p, MSG_JUDGE_SAID, id, -1, w.data, w.len -
	    (more < 0 ? (size_t)-more : 0));
	wbuf_free(&w);
}

/* all that is asked about is there, and more than that */
static void
mark(struct judge_said *s, uint32_t first, uint32_t step)
{
	for (; s->nmarks < MAX_JUDGE_NAMES; s->nmarks++) {
		s->marks[s->nmarks].name = (first + step *
		    (uint32_t)s->nmarks) % MAX_JUDGE_NAMES;
		s->marks[s->nmarks].label = 1;
		s->marks[s->nmarks].nentities = (uint32_t)s->nentities;
	}
}

/* answers that have no form; 0: another was wanted */
static int
malformed(struct peer *p, uint32_t id, const struct judge_ask *a)
{
	struct judge_said	 none;
	char			 junk[64];

	memset(&none, 0, sizeof(none));
	memset(junk, 0xff, sizeof(junk));
	none.reason = none.body = "";
	if (told(a, "deed-type"))
		(void)peer_send(p, MSG_APPEND, id, -1, "x", 1);
	else if (told(a, "deed-empty"))
		(void)peer_send(p, MSG_JUDGE_SAID, id, -1, NULL, 0);
	else if (told(a, "deed-junk"))
		(void)peer_send(p, MSG_JUDGE_SAID, id, -1, junk,
		    sizeof(junk));
	else if (told(a, "deed-frames"))
		(void)send(p->fd, junk, sizeof(junk), 0);
	else if (told(a, "deed-cut"))
		say(p, id, &none, -1);
	else if (told(a, "deed-more"))
		say(p, id, &none, 1);
	else
		return (0);
	return (1);
}

static void
asked(struct peer *p, struct msg *msg)
{
	struct judge_ask	 a;
	struct judge_said	 s, all;
	uint32_t		 id = msg->hdr.id;

	if (judge_ask_unpack(msg->data, msg->len, &a) == -1)
		fatalx("question");
	if (malformed(p, id, &a))
		return;
	memset(&s, 0, sizeof(s));
	s.reason = s.body = "";
	all = s;
	mark(&all, 0, 1);
	if (told(&a, "deed-stranger"))	/* nobody asked this */
		say(p, id + 1000, &all, 0);
	else if (told(&a, "deed-names"))	/* that are none of ours */
		mark(&s, (uint32_t)a.nnames, 0);
	else if (told(&a, "deed-same"))
		mark(&s, 0, 0);
	else if (told(&a, "deed-invented")) {
		s.entities[s.nentities++] = "nobody@nowhere.example";
		mark(&s, 0, 1);
	}
	say(p, id, &s, 0);
	if (told(&a, "deed-twice"))	/* it thought better of it */
		say(p, id, &all, 0);
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
	    pe.role == ROLE_GATEWAYD ? from_worker : from_resolver);
	/* whoever turns us away must do the rest, too */
	p->class = PEER_CHILD;
	if (pe.role == ROLE_AUDITD)
		with_auditd(p);
	else if (is("asks"))
		(void)peer_send(p, MSG_RESOLVE, 0, -1, "\377\0\0\0x\0", 6);
}

/* the first words say who we are to be; they stay for whoever reads them */
static int
is_ours(uint32_t *as)
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
	if (n == sizeof(first) && first.start.role == ROLE_JUDGE) {
		*as = ROLE_JUDGE;
		return (1);
	}
	*as = ROLE_SINK;
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
	uint32_t as;
	ssize_t	 n;

	if (!is_ours(&as)) {
		n = readlink("/proc/self/exe", path, sizeof(path) - 6);
		if (n == -1)
			return (1);
		strlcpy(path + n, ".real", sizeof(path) - (size_t)n);
		execve(path, argv, envp);
		return (1);
	}
	role_begin(argc, argv, (enum role_id)as);
	role_enter(&hostile_promise, NULL);
	role_serve(from_supervisor);
	_exit(0);
}
