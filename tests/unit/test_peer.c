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
#include <unistd.h>

#include "common/log.h"
#include "common/peer.h"
#include "common/proto.h"
#include "tests/unit/test.h"

#define MSG_NUMBER	1000	/* u32, to anybody */
#define MSG_SECRET	1001	/* empty, operators only */
#define MSG_LATER	1002	/* not while running */

static struct event_base	*base;
static unsigned int		 state = ST_RUNNING;
static uint32_t			 seen;
static int			 closed, refused, flows;

static void
number(struct peer *p, struct msg *msg)
{
	(void)p;
	CHECK_INT(msg_get(msg, &seen, sizeof(seen)), 0);
}

static void
freed(struct peer *p, struct msg *msg)
{
	(void)msg;
	seen = 4711;
	peer_free(p);
}

static const struct dispatch table[] = {
	{ MSG_NUMBER, ST_RUNNING, 4, 4, FD_NONE, ANYONE, number },
	{ MSG_SECRET, ST_RUNNING, 0, 0, FD_NONE, OPERATOR, freed },
	{ MSG_LATER, ST_DRAINING, 0, 0, FD_NONE, ANYONE, freed },
	{ 0 }
};

static void
on_close(struct peer *p)
{
	(void)p;
	closed++;
}

static void
on_flow(struct peer *p)
{
	(void)p;
	flows++;
}

static void
on_refused(struct peer *p, uint32_t type)
{
	(void)p;
	CHECK_INT(type, MSG_SECRET);
	refused++;
}

static struct peer *
make(int *other, enum peer_class class, unsigned int who)
{
	struct peer	*p;
	int		 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	p = peer_new(base, sv[0], "peer", class, table, &state, 1000, 0);
	CHECK(p != NULL);
	p->principal = who;
	p->on_close = on_close;
	p->on_flow = on_flow;
	p->on_refused = on_refused;
	*other = sv[1];
	closed = refused = flows = 0;
	seen = 0;
	return (p);
}

static void
put(int fd, uint32_t type, const void *data, size_t len)
{
	struct frame_hdr hdr = { type, (uint32_t)(sizeof(hdr) + len), 3, 0 };

	CHECK_INT(write(fd, &hdr, sizeof(hdr)), sizeof(hdr));
	if (len != 0)
		CHECK_INT(write(fd, data, len), len);
}

static void
turn(void)
{
	int	i;

	for (i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* type of the next message that came back, 0 for end of file */
static uint32_t
back(int fd, uint32_t *code)
{
	struct frame_hdr hdr;
	char		 body[600];
	ssize_t		 n;

	turn();
	n = recv(fd, &hdr, sizeof(hdr), MSG_DONTWAIT);
	if (n == 0 || (n == -1 && errno == ECONNRESET))
		return (0);
	CHECK_INT(n, sizeof(hdr));
	n = recv(fd, body, hdr.len - sizeof(hdr), MSG_DONTWAIT);
	if (code != NULL && hdr.len > sizeof(hdr))
		memcpy(code, body, sizeof(*code));
	return (hdr.type);
}

static void
hello(int fd)
{
	uint32_t	v = CTL_VERSION;

	put(fd, MSG_CTL_HELLO, &v, sizeof(v));
	CHECK_INT(back(fd, NULL), MSG_CTL_HELLO);
}

static void
client_allowed(void)
{
	uint32_t	n = 42, code;
	int		fd;

	make(&fd, PEER_CLIENT, CLIENT);
	hello(fd);
	put(fd, MSG_NUMBER, &n, sizeof(n));
	turn();
	CHECK_INT(seen, 42);
	/* not for this principal: refused, reported, and it goes on */
	put(fd, MSG_SECRET, NULL, 0);
	CHECK_INT(back(fd, &code), MSG_CTL_ERROR);
	CHECK_INT(code, CTL_PERMISSION);
	CHECK_INT(refused, 1);
	CHECK_INT(closed, 0);
	n = 43;
	put(fd, MSG_NUMBER, &n, sizeof(n));
	turn();
	CHECK_INT(seen, 43);
	close(fd);
	turn();
	CHECK_INT(closed, 1);
}

static void
client_closed_on(uint32_t type, const void *data, size_t len, int greet)
{
	uint32_t	what;
	int		fd;

	make(&fd, PEER_CLIENT, ANYONE);
	if (greet)
		hello(fd);
	put(fd, type, data, len);
	while ((what = back(fd, NULL)) != 0)
		CHECK_INT(what, MSG_CTL_ERROR);
	CHECK_INT(closed, 1);
	CHECK_INT(seen, 0);
	close(fd);
}

static void
client_bad(void)
{
	char		 big[2000] = { 0 };
	uint32_t	 n = 1, wrong = CTL_VERSION + 1;

	client_closed_on(MSG_NUMBER, &n, sizeof(n), 0);	/* no hello */
	client_closed_on(MSG_CTL_HELLO, &wrong, sizeof(wrong), 0);
	client_closed_on(MSG_CTL_HELLO, NULL, 0, 0);
	client_closed_on(4242, NULL, 0, 1);		/* unknown */
	client_closed_on(MSG_NUMBER, &n, 3, 1);		/* too short */
	client_closed_on(MSG_NUMBER, big, 5, 1);	/* too long */
	client_closed_on(MSG_LATER, NULL, 0, 1);	/* wrong state */
	client_closed_on(MSG_NUMBER, big, sizeof(big), 1); /* over the limit */
	client_closed_on(MSG_XOFF, NULL, 0, 1);		/* not a client's */
}

static void
child_bad(void)
{
	int	fd;

	make(&fd, PEER_CHILD, NOBODY);
	put(fd, 4242, NULL, 0);
	turn();
	CHECK_INT(closed, 1);
	close(fd);
}

/* from a peer process the receiver dies of it */
static void
peer_bad(void)
{
	int	fd, status;
	pid_t	pid;

	if ((pid = fork()) == 0) {
		event_reinit(base);
		close(STDERR_FILENO);
		make(&fd, PEER_FATAL, NOBODY);
		put(fd, MSG_NUMBER, "abc", 3);
		turn();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 1);
}

static void
flow(void)
{
	static char	 buf[65536];
	struct peer	*p;
	size_t		 i, n;
	ssize_t		 got;
	int		 fd;

	p = make(&fd, PEER_FATAL, NOBODY);
	CHECK_INT(peer_blocked(p), 0);
	put(fd, MSG_XOFF, NULL, 0);
	turn();
	CHECK_INT(peer_blocked(p), 1);
	put(fd, MSG_XON, NULL, 0);
	turn();
	CHECK_INT(peer_blocked(p), 0);
	CHECK_INT(flows, 2);
	/* a queue that nobody reads becomes congested, then is refused */
	for (n = 0; !p->congested; n++)
		CHECK_INT(peer_send(p, 1, 0, -1, buf, sizeof(buf)), 0);
	CHECK(n * sizeof(buf) >= PEER_QUEUE_HIGH);
	for (; peer_send(p, 1, 0, -1, buf, sizeof(buf)) == 0; n++)
		CHECK(n * sizeof(buf) < 2 * MAX_PEER_QUEUE);
	CHECK_INT(errno, ENOBUFS);
	/* and everything queued arrives */
	for (i = 0; i < n * (sizeof(buf) + sizeof(struct frame_hdr)); ) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (got > 0)
			i += (size_t)got;
	}
	turn();
	CHECK_INT(p->congested, 0);
	CHECK_INT(p->queued, 0);
	/* freed inside its own handler */
	put(fd, MSG_SECRET, NULL, 0);
	put(fd, MSG_SECRET, NULL, 0);
	turn();
	CHECK_INT(seen, 4711);
	close(fd);
}

int
main(void)
{
	log_init("test", 0);
	CHECK((base = event_base_new()) != NULL);
	RUN(client_allowed);
	RUN(client_bad);
	RUN(child_bad);
	RUN(peer_bad);
	RUN(flow);
	event_base_free(base);
	return (0);
}
