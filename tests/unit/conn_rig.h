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

#ifndef TESTS_UNIT_CONN_RIG_H
#define TESTS_UNIT_CONN_RIG_H

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/peer.h"
#include "gatewayd/conn.h"
#include "gatewayd/reply.h"
#include "test.h"

/* Real sockets: clients here, the server in the same event loop. */

#define H		"Host: a\r\n"
#define GET(path)	"GET " path " HTTP/1.1\r\n" H "\r\n"
#define MAX_CLIENT	(9 * 1024 * 1024)
#define SOON		5000	/* ms; generous: only a failure takes it */
#define MB		(1024 * 1024)

struct client {
	int	 fd;
	char	*buf;
	size_t	 len;
	int	 ended;		/* end of file or reset */
};

static struct event_base	*base;
static struct conn_server	*srv;
static struct conn_limits	 lim;
static struct sockaddr_in	 addr4;
static int			 listener;	/* the server's */
static uint64_t			 later;		/* id of the last /later */
static unsigned int		 nlater;
static int			 last_status;
static char			 last_reason[64];
static unsigned int		 nevents;
static struct caller		 last_caller;
static int			 was_unix;
static int			 is_drained;
static char			*big;

static inline uint64_t
now_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

static inline size_t
on_head(void *arg, uint64_t id, const struct conn_peer *peer,
    const struct http_head *h, uint64_t *tag)
{
	CHECK(arg == &lim);
	CHECK(conn_alive(srv, id));
	was_unix = peer->is_unix;
	if (peer->is_unix)
		last_caller = *peer->caller;
	else
		CHECK_STR(peer->addr, "127.0.0.1");
	*tag = h->path.len;
	if (http_slice_eq(h->path, "/refuse"))
		CHECK_INT(conn_reply_error(srv, id, 401, "unauthorized"), 0);
	if (http_slice_eq(h->path, "/small"))
		return (16);
	return (2 * MB);
}

static inline void
on_request(void *arg, uint64_t id, const struct conn_peer *peer,
    const struct http_head *h, uint64_t tag, const char *body, size_t len)
{
	struct http_slice	v;

	(void)arg;
	(void)peer;
	CHECK(!http_slice_eq(h->path, "/refuse"));
	CHECK_INT(tag, h->path.len);
	if (http_slice_eq(h->path, "/later")) {
		later = id;
		nlater++;
	} else if (http_slice_eq(h->path, "/big")) {
		CHECK_INT(conn_reply(srv, id, 200, "text/plain", NULL, big,
		    8 * MB), 0);
	} else if (http_slice_eq(h->path, "/toobig")) {
		conn_reply(srv, id, 200, NULL, NULL, big, 8 * MB + 1);
	} else if (http_slice_eq(h->path, "/split")) {
		conn_reply(srv, id, 200, NULL, "A: b\r\n\r\nHTTP/1.1 200\r\n",
		    NULL, 0);
	} else {
		CHECK_INT(http_header_get(h, "Host", &v), 1);
		CHECK_INT(conn_reply(srv, id, 200, "text/plain",
		    "X-Test: 1\r\n", body, len), 0);
		CHECK_INT(conn_reply(srv, id, 200, NULL, NULL, NULL, 0), -1);
		CHECK(!conn_alive(srv, id));
	}
}

static inline void
on_refusal(void *arg, const struct conn_peer *peer, int status,
    const char *reason)
{
	CHECK(arg == &lim);
	CHECK(peer->is_unix || peer->port != 0);
	last_status = status;
	strlcpy(last_reason, reason, sizeof(last_reason));
	nevents++;
}

static const struct conn_ops	ops = { on_head, on_request, on_refusal,
				    NULL };

static inline void
on_drained(void *arg)
{
	CHECK(arg == &is_drained);
	is_drained++;
}

static inline int
listen_on(const void *sa, socklen_t len, int family)
{
	int	fd;

	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(fd != -1);
	CHECK(bind(fd, sa, len) == 0);
	CHECK(listen(fd, 64) == 0);
	return (fd);
}

static inline void
setup(void)
{
	socklen_t	len = sizeof(addr4);

	CHECK((base = event_base_new()) != NULL);
	CHECK((srv = conn_server_new(base, &lim, &ops, &lim)) != NULL);
	memset(&addr4, 0, sizeof(addr4));
	addr4.sin_family = AF_INET;
	addr4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = listen_on(&addr4, sizeof(addr4), AF_INET);
	CHECK(getsockname(listener, (struct sockaddr *)&addr4, &len) == 0);
	CHECK(conn_listen(srv, listener) == 0);
	nevents = nlater = 0;
	is_drained = 0;
}

/* Default limits, and what a test changes is changed before setup(). */
static inline void
defaults(void)
{
	conn_limits_default(&lim);
}

static inline void
teardown(void)
{
	conn_server_free(srv);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
}

static inline struct client *
client_new(int fd)
{
	struct client	*c = calloc(1, sizeof(*c));

	CHECK(c != NULL && fd != -1);
	c->fd = fd;
	CHECK((c->buf = malloc(MAX_CLIENT)) != NULL);
	return (c);
}

static inline struct client *
client_tcp(void)
{
	int	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(fd, (struct sockaddr *)&addr4, sizeof(addr4)) == 0);
	return (client_new(fd));
}

static inline void
client_free(struct client *c)
{
	close(c->fd);
	free(c->buf);
	free(c);
}

static inline void
pump(void)
{
	struct timespec	ts = { 0, 500 * 1000 };

	event_base_loop(base, EVLOOP_NONBLOCK);
	nanosleep(&ts, NULL);
}

static inline void
pump_for(unsigned int ms)
{
	uint64_t	end = now_ms() + ms;

	while (now_ms() < end)
		pump();
}

static inline void
client_read(struct client *c)
{
	ssize_t	n;

	for (;;) {
		n = recv(c->fd, c->buf + c->len, MAX_CLIENT - 1 - c->len,
		    MSG_DONTWAIT);
		if (n > 0) {
			c->len += n;
			continue;
		}
		if (n == 0 || errno != EAGAIN)
			c->ended = 1;
		break;
	}
	c->buf[c->len] = '\0';
}

static inline void
client_sendn(struct client *c, const char *p, size_t len)
{
	uint64_t	end = now_ms() + SOON;
	ssize_t		n;

	while (len > 0 && now_ms() < end) {
		n = send(c->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= n;
		}
		if (n == -1 && errno != EAGAIN)
			return;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	CHECK(len == 0);
}

static inline void
client_send(struct client *c, const char *text)
{
	client_sendn(c, text, strlen(text));
}

/* Until the text was received n times; then forget what was received. */
static inline void
client_expect(struct client *c, const char *text, unsigned int n)
{
	uint64_t	 end = now_ms() + SOON;
	unsigned int	 found;
	char		*p;

	do {
		pump();
		client_read(c);
		for (found = 0, p = c->buf; (p = strstr(p, text)) != NULL; p++)
			found++;
	} while (found < n && !c->ended && now_ms() < end);
	if (found != n)
		fprintf(stderr, "got: %.400s\n", c->buf);
	CHECK_INT(found, n);
}

static inline void
client_end(struct client *c)
{
	uint64_t	end = now_ms() + SOON;

	while (!c->ended && now_ms() < end) {
		pump();
		client_read(c);
	}
	CHECK(c->ended);
}

static inline void
client_clear(struct client *c)
{
	c->len = 0;
	c->buf[0] = '\0';
}

static inline void
expect_conns(unsigned int n)
{
	struct conn_stats	st;
	uint64_t		end = now_ms() + SOON;

	do {
		pump();
		conn_get_stats(srv, &st);
	} while (st.conns != n && now_ms() < end);
	CHECK_INT(st.conns, n);
	if (n == 0)
		CHECK_INT(st.buffered, 0);
}

/* A bystander: one request and its answer on a connection kept alive. */
static inline void
check_served(struct client *c)
{
	client_clear(c);
	client_send(c, "POST /echo HTTP/1.1\r\n" H
	    "Content-Length: 5\r\n\r\nhello");
	client_expect(c, "\r\n\r\nhello", 1);
	CHECK(strstr(c->buf, "HTTP/1.1 200 OK\r\n") == c->buf);
	CHECK(strstr(c->buf, "X-Test: 1\r\n") != NULL);
	CHECK(strstr(c->buf, "Connection: close") == NULL);
	CHECK(!c->ended);
}

static inline void
check_body(struct client *c, const char *head, size_t len)
{
	uint64_t	 end = now_ms() + SOON;
	char		*p = NULL;

	client_expect(c, head, 1);
	do {
		pump();
		client_read(c);
		p = strstr(c->buf, "\r\n\r\n");
	} while ((p == NULL || c->len - (p + 4 - c->buf) < len) &&
	    now_ms() < end);
	CHECK(p != NULL);
	CHECK_INT(c->len - (p + 4 - c->buf), len);
	CHECK(memcmp(p + 4, big, len) == 0);
	client_clear(c);
}

static inline void
big_fill(void)
{
	size_t	i;

	CHECK((big = malloc(8 * MB + 1)) != NULL);
	for (i = 0; i < 8 * MB + 1; i++)
		big[i] = 'a' + i * 7 % 26 + i / 4096 % 2;
}

#endif /* TESTS_UNIT_CONN_RIG_H */
