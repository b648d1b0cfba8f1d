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

#include <sys/resource.h>
#include <sys/un.h>

#include "conn_rig.h"

/* Send a byte every few milliseconds until the server has enough of it. */
static unsigned int
trickle(struct client *c, const char *status)
{
	uint64_t	start = now_ms();

	while (c->len == 0 && now_ms() - start < SOON) {
		send(c->fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		pump_for(5);
		client_read(c);
	}
	client_expect(c, status, 1);
	client_end(c);
	return (now_ms() - start);
}

static void
test_deadlines(void)
{
	struct client	*c, *d;
	unsigned int	 ms;

	defaults();
	lim.head_ms = 150;
	lim.request_ms = 300;
	lim.answer_ms = 200;
	lim.linger_ms = 50;
	setup();
	d = client_tcp();
	c = client_tcp();
	client_send(c, "GET / HTTP/1.1\r\nX: ");
	ms = trickle(c, "HTTP/1.1 408");
	CHECK(ms >= 100 && ms < 2000);
	CHECK_STR(last_reason, "head-deadline");
	client_free(c);
	check_served(d);

	c = client_tcp();
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 100000\r\n"
	    "\r\n");
	ms = trickle(c, "HTTP/1.1 408");
	CHECK(ms >= 250 && ms < 2000);
	CHECK_STR(last_reason, "request-deadline");
	client_free(c);
	check_served(d);

	c = client_tcp();
	client_send(c, GET("/later"));
	client_expect(c, "HTTP/1.1 503", 1);
	client_expect(c, "Retry-After: 1\r\n", 1);
	CHECK_STR(last_reason, "answer-deadline");
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, NULL, 0), -1);
	client_end(c);
	client_free(c);
	check_served(d);
	client_free(d);
	expect_conns(0);
	teardown();
}

static void
test_idle_and_slow(void)
{
	struct client	*c, *d;
	uint64_t	 start;

	defaults();
	lim.idle_ms = 150;
	lim.write_ms = 200;
	setup();
	c = client_tcp();
	start = now_ms();
	client_end(c);
	CHECK(now_ms() - start >= 100);
	CHECK_INT(c->len, 0);
	CHECK_INT(nevents, 0);
	client_free(c);

	/* One that never reads, one that reads: eight megabytes each. */
	c = client_tcp();
	d = client_tcp();
	client_send(c, GET("/big"));
	client_send(d, GET("/big"));
	check_body(d, "HTTP/1.1 200", 8 * MB);
	check_served(d);
	start = now_ms();
	while (nevents == 0 && now_ms() - start < SOON) {
		pump();
		client_read(d);
	}
	CHECK_INT(last_status, 0);
	CHECK_STR(last_reason, "write-deadline");
	client_free(c);
	client_free(d);
	expect_conns(0);
	teardown();
}

static void
test_conn_budget(void)
{
	struct sockaddr_in	 other = { .sin_family = AF_INET };
	struct client		*c[3], *d;
	int			 i, from;

	defaults();
	lim.max_conns_addr = 3;
	setup();
	for (i = 0; i < 3; i++) {
		c[i] = client_tcp();
		check_served(c[i]);
	}
	d = client_tcp();
	client_send(d, GET("/echo"));
	client_expect(d, "HTTP/1.1 503 Service Unavailable\r\n", 1);
	client_expect(d, "Retry-After: 1\r\n", 1);
	client_end(d);
	CHECK_STR(last_reason, "too-many-connections");
	client_free(d);
	/* Another address of loopback is no other origin. */
	from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	other.sin_addr.s_addr = htonl(0x7f000009);
	CHECK(bind(from, (struct sockaddr *)&other, sizeof(other)) == 0);
	CHECK(connect(from, (struct sockaddr *)&addr4, sizeof(addr4)) == 0);
	d = client_new(from);
	client_expect(d, "HTTP/1.1 503 Service Unavailable\r\n", 1);
	client_end(d);
	client_free(d);
	/* More than are told so. */
	for (i = 0; i < MAX_REFUSING + 10; i++) {
		int	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		CHECK(connect(fd, (struct sockaddr *)&addr4,
		    sizeof(addr4)) == 0);
		pump();
		close(fd);
	}
	for (i = 0; i < 3; i++)
		check_served(c[i]);
	client_free(c[0]);
	expect_conns(2);
	c[0] = client_tcp();
	check_served(c[0]);
	for (i = 0; i < 3; i++)
		client_free(c[i]);
	expect_conns(0);
	teardown();
}

static void
test_byte_budget(void)
{
	struct client		*c, *d, *e;
	struct conn_stats	 st;

	defaults();
	lim.buf_addr = 256 * 1024;
	setup();
	d = client_tcp();
	c = client_tcp();
	e = client_tcp();
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 200000\r\n"
	    "\r\n");
	client_sendn(c, big, 150000);
	pump_for(20);
	client_send(e, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked"
	    "\r\n\r\n30000\r\n");
	client_sendn(e, big, 0x20000);
	client_expect(e, "HTTP/1.1 503", 1);
	CHECK_STR(last_reason, "over-budget");
	client_end(e);
	client_free(e);
	conn_get_stats(srv, &st);
	CHECK(st.buffered <= lim.buf_addr);
	check_served(d);
	/* The older one is not harmed. */
	client_sendn(c, big + 150000, 50000);
	check_body(c, "HTTP/1.1 200", 200000);
	client_free(c);
	client_free(d);
	expect_conns(0);
	teardown();

	defaults();
	lim.buf_total = 100000;
	setup();
	c = client_tcp();
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 200000\r\n"
	    "Expect: 100-continue\r\n\r\n");
	client_expect(c, "HTTP/1.1 503", 1);
	CHECK(strstr(c->buf, " 100 ") == NULL);
	client_free(c);
	expect_conns(0);
	teardown();
}

static void
test_unix(void)
{
	struct sockaddr_un	 addr;
	struct client		*c[2], *d;
	char			 path[64];
	int			 i, fd;

	defaults();
	lim.max_conns_uid = 2;
	setup();
	memset(&addr, 0, sizeof(addr));
	addr.sun_family = AF_UNIX;
	snprintf(path, sizeof(path), "/tmp/test_conn.%ld",
	    (long)getpid());
	strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
	unlink(path);
	fd = listen_on(&addr, sizeof(addr), AF_UNIX);
	CHECK(conn_listen(srv, fd) == 0);
	for (i = 0; i < 2; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
		c[i] = client_new(fd);
		check_served(c[i]);
		CHECK(was_unix);
		CHECK_INT(last_caller.uid, getuid());
		CHECK_INT(last_caller.gid, getgid());
		CHECK_INT(last_caller.pid, getpid());
		CHECK_INT(last_caller.ngroups, 0);
	}
	/* This uid has its share; TCP is another account. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	d = client_new(fd);
	client_expect(d, "HTTP/1.1 503", 1);
	client_end(d);
	client_free(d);
	d = client_tcp();
	check_served(d);
	CHECK(!was_unix);
	client_free(d);
	for (i = 0; i < 2; i++)
		client_free(c[i]);
	expect_conns(0);
	unlink(path);
	teardown();
}

static void
test_pause(void)
{
	struct client	*c, *d, *e;

	defaults();
	lim.idle_ms = 300;
	setup();
	c = client_tcp();
	d = client_tcp();
	check_served(c);
	client_clear(c);
	client_send(d, "POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nbo");
	pump_for(20);
	conn_pause(srv);
	client_send(c, GET("/x"));
	client_send(d, "dy");
	e = client_tcp();	/* waits in the backlog */
	client_send(e, GET("/x"));
	client_expect(d, "body", 1);
	client_read(c);
	client_read(e);
	CHECK_INT(c->len + e->len, 0);
	conn_resume(srv);
	client_expect(c, "HTTP/1.1 200", 1);
	client_expect(e, "HTTP/1.1 200", 1);
	client_clear(c);
	/* Too long: waiting has its deadline, and its answer. */
	conn_pause(srv);
	client_send(c, GET("/x"));
	client_expect(c, "HTTP/1.1 503", 1);
	CHECK_STR(last_reason, "paused");
	client_end(c);
	client_free(c);
	client_free(d);
	client_free(e);
	expect_conns(0);
	teardown();
}

static void
test_drain(void)
{
	struct client	*c, *d, *e;
	int		 fd;

	defaults();
	lim.drain_ms = 200;
	setup();
	c = client_tcp();
	d = client_tcp();
	e = client_tcp();
	check_served(c);
	client_clear(c);
	check_served(e);
	client_send(d, GET("/later"));
	while (nlater == 0)
		pump();
	conn_drain(srv, on_drained, &is_drained);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(fd, (struct sockaddr *)&addr4, sizeof(addr4)) == -1);
	close(fd);
	client_send(c, GET("/x"));
	client_expect(c, "Connection: close\r\n", 1);
	client_end(c);
	client_end(e);		/* silent */
	CHECK_INT(is_drained, 0);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, "done", 4), 0);
	client_expect(d, "Connection: close\r\n", 1);
	client_expect(d, "done", 1);
	client_end(d);
	expect_conns(0);
	pump();
	CHECK_INT(is_drained, 1);
	client_free(c);
	client_free(d);
	client_free(e);
	teardown();
}

/* Out of descriptors: who is served is served on, who waits gets its turn. */
static void
test_descriptors(void)
{
	struct rlimit	 old, low;
	struct client	*c, *d;

	defaults();
	setup();
	c = client_tcp();
	check_served(c);
	d = client_tcp();	/* takes our last descriptor but one */
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	low = old;
	low.rlim_cur = d->fd + 1;
	CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
	client_send(d, GET("/x"));
	pump_for(50);
	check_served(c);
	client_read(d);
	CHECK_INT(d->len, 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	client_expect(d, "HTTP/1.1 200", 1);
	client_free(c);
	client_free(d);
	expect_conns(0);
	teardown();
}

/* A pool that comes at once is shared; one by one nobody has to wait. */
static void
test_turns(void)
{
	struct conn_stats	 mine, theirs;
	struct conn_server	*other;
	struct client		*c[24];
	uint64_t		 end = now_ms() + SOON;
	size_t			 i, n = sizeof(c) / sizeof(c[0]);

	defaults();
	lim.workers = 2;
	setup();
	/* those that come and go are no pool */
	for (i = 0; i < n; i++) {
		c[0] = client_tcp();
		event_base_loop(base, EVLOOP_NONBLOCK);
		conn_get_stats(srv, &mine);
		CHECK_INT(mine.conns, 1);
		client_free(c[0]);
		expect_conns(0);
	}
	CHECK((other = conn_server_new(base, &lim, &ops, &lim)) != NULL);
	CHECK(conn_listen(other, dup(listener)) == 0);
	for (i = 0; i < n; i++)
		c[i] = client_tcp();
	event_base_loop(base, EVLOOP_NONBLOCK);
	conn_get_stats(srv, &mine);
	conn_get_stats(other, &theirs);
	CHECK_INT(mine.conns, 4);
	CHECK_INT(theirs.conns, 4);
	while (mine.conns + theirs.conns < n && now_ms() < end) {
		pump();
		conn_get_stats(srv, &mine);
		conn_get_stats(other, &theirs);
	}
	CHECK_INT(mine.conns + theirs.conns, n);
	conn_server_free(other);
	for (i = 0; i < n; i++)
		client_free(c[i]);
	expect_conns(0);
	teardown();
}

int
main(void)
{
	big_fill();
	RUN(test_deadlines);
	RUN(test_idle_and_slow);
	RUN(test_conn_budget);
	RUN(test_byte_budget);
	RUN(test_unix);
	RUN(test_pause);
	RUN(test_drain);
	RUN(test_descriptors);
	RUN(test_turns);
	free(big);
	return (0);
}
