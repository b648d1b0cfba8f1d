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


#include "conn_rig.h"

static void
test_keepalive(void)
{
	struct client	*c;
	int		 i;

	defaults();
	setup();
	c = client_tcp();
	for (i = 0; i < 100; i++)
		check_served(c);
	client_clear(c);
	client_send(c, "HEAD /echo HTTP/1.1\r\n" H
	    "Content-Length: 5\r\n\r\nhello" GET("/echo"));
	client_expect(c, "HTTP/1.1 200", 2);
	CHECK(strstr(c->buf, "Content-Length: 5\r\n") != NULL);
	CHECK(strstr(c->buf, "hello") == NULL);
	client_clear(c);
	client_send(c, "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	client_expect(c, "Connection: close\r\n", 1);
	client_end(c);
	expect_conns(0);
	CHECK_INT(nevents, 0);
	client_free(c);
	teardown();
}

static void
test_pipelining(void)
{
	static const char	one[] = "POST /echo HTTP/1.1\r\n" H
	    "Content-Length: 3\r\n\r\nabc";
	struct client		*c, *d;
	char			*many;
	size_t			 n;
	int			 i;

	defaults();
	setup();
	c = client_tcp();
	d = client_tcp();
	client_send(c, GET("/later"));
	client_send(c, one);
	client_send(c, GET("/later"));
	client_send(c, one);
	pump_for(20);
	client_read(c);
	CHECK_INT(c->len, 0);
	CHECK_INT(nlater, 1);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, "first", 5), 0);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, "again", 5), -1);
	client_expect(c, "abc", 1);
	CHECK(strstr(c->buf, "first") < strstr(c->buf, "abc"));
	CHECK_INT(nlater, 2);
	check_served(d);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, "second", 6), 0);
	client_expect(c, "abc", 2);
	CHECK(strstr(c->buf, "again") == NULL);

	/* Far more ahead than we buffer. */
	client_clear(c);
	n = sizeof(one) - 1;
	CHECK((many = malloc(n * 2000)) != NULL);
	for (i = 0; i < 2000; i++)
		memcpy(many + n * i, one, n);
	client_send(c, GET("/later"));
	client_sendn(c, many, n * 2000);
	pump_for(20);
	check_served(d);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, NULL, 0), 0);
	client_expect(c, "abc", 2000);
	free(many);
	client_free(c);
	client_free(d);
	expect_conns(0);
	teardown();
}

static void
test_bodies(void)
{
	static const char	chunked[] = "POST /echo HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a\r\n0123456789\r\n"
	    "0\r\n\r\n";
	struct client		*c;
	size_t			 i, n;
	char			 line[128];

	defaults();
	setup();
	c = client_tcp();
	for (i = 0; i < sizeof(chunked) - 1; i++) {
		client_sendn(c, chunked + i, 1);
		pump();
	}
	client_expect(c, "\r\n\r\nabc0123456789", 1);
	client_clear(c);
	client_sendn(c, chunked, sizeof(chunked) - 1);
	client_send(c, GET("/x"));
	client_expect(c, "HTTP/1.1 200 OK", 2);
	client_clear(c);

	/* Sizes around what is buffered in one piece, and the limit. */
	for (n = 1; n <= 2 * MB; n = n * 7 + 1) {
		snprintf(line, sizeof(line), "POST / HTTP/1.1\r\n" H
		    "Content-Length: %zu\r\n\r\n", n);
		client_send(c, line);
		client_sendn(c, big, n);
		check_body(c, "HTTP/1.1 200", n);
		snprintf(line, sizeof(line), "POST / HTTP/1.1\r\n" H
		    "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", n);
		client_send(c, line);
		client_sendn(c, big, n);
		client_send(c, "\r\n0\r\n\r\n");
		check_body(c, "HTTP/1.1 200", n);
	}
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 2097152\r\n"
	    "\r\n");
	client_sendn(c, big, 2 * MB);
	check_body(c, "HTTP/1.1 200", 2 * MB);
	CHECK_INT(nevents, 0);
	client_free(c);
	expect_conns(0);
	teardown();
}

static void
test_refusals(void)
{
	static const struct {
		const char	*text;
		int		 status;
		const char	*reason;
	} bad[] = {
		{ "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
		    "Content-Length: 1\r\n\r\na", 400, "two-content-length" },
		{ "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
		    "cl-with-te" },
		{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked"
		    "\r\n\r\n0\r\n\r\n", 501, "bad-te" },
		{ "GET / HTTP/1.1\r\n" H H "\r\n", 400, "two-host" },
		{ "GET / HTTP/1.1\nHost: a\n\n", 400, "bare-lf" },
		{ "GET / HTTP/1.0\r\n\r\n", 505, "bad-version" },
		{ "POST / HTTP/1.1\r\n" H "Expect: x\r\n\r\n", 417,
		    "bad-expect" },
		{ "POST /small HTTP/1.1\r\n" H "Content-Length: 17\r\n\r\n",
		    413, "body-too-large" },
		{ "POST /small HTTP/1.1\r\n" H "Content-Length: 17\r\n"
		    "Expect: 100-continue\r\n\r\n", 413, "body-too-large" },
		{ "POST /small HTTP/1.1\r\n" H "Transfer-Encoding: chunked"
		    "\r\n\r\nf\r\n0123456789abcde\r\n2\r\n", 413,
		    "body-too-large" },
		{ "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked"
		    "\r\n\r\nz", 400, "bad-chunk-size" },
	};
	struct client	*c, *d;
	char		 line[64];
	size_t		 i;

	defaults();
	setup();
	d = client_tcp();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = client_tcp();
		client_send(c, bad[i].text);
		/* What follows a refusal must not be taken for a request. */
		client_send(c, GET("/later"));
		snprintf(line, sizeof(line), "HTTP/1.1 %d ", bad[i].status);
		client_expect(c, line, 1);
		CHECK(c->buf == strstr(c->buf, line));
		client_expect(c, "Connection: close\r\n", 1);
		snprintf(line, sizeof(line), "{\"error\":\"%s\"}\n",
		    bad[i].reason);
		client_expect(c, line, 1);
		client_end(c);
		CHECK_INT(last_status, bad[i].status);
		CHECK_STR(last_reason, bad[i].reason);
		CHECK_INT(nevents, i + 1);
		client_free(c);
		check_served(d);
	}
	CHECK_INT(nlater, 0);
	client_free(d);
	expect_conns(0);
	teardown();
}

/* The owner refuses on the head; 413 reaches a client that keeps sending. */
static void
test_head_decision(void)
{
	struct client		*c;
	struct conn_stats	 st;

	defaults();
	setup();
	c = client_tcp();
	client_send(c, GET("/refuse"));
	client_expect(c, "HTTP/1.1 401 Unauthorized\r\n", 1);
	client_send(c, "POST /refuse HTTP/1.1\r\n" H
	    "Content-Length: 5\r\n\r\nhello");
	client_expect(c, "{\"error\":\"unauthorized\"}\n", 2);
	CHECK(!c->ended);
	check_served(c);
	client_send(c, "POST /refuse HTTP/1.1\r\n" H
	    "Content-Length: 100000\r\n\r\n");
	client_expect(c, "HTTP/1.1 401", 1);
	client_end(c);
	client_free(c);

	c = client_tcp();
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 8388608\r\n"
	    "\r\n");
	client_sendn(c, big, 4 * MB);
	conn_get_stats(srv, &st);
	CHECK(st.buffered < 64 * 1024);
	client_expect(c, "HTTP/1.1 413 Content Too Large\r\n", 1);
	client_end(c);
	client_free(c);
	expect_conns(0);
	teardown();
}

static void
test_expect(void)
{
	struct client	*c;

	defaults();
	setup();
	c = client_tcp();
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\n");
	client_expect(c, "HTTP/1.1 100 Continue\r\n\r\n", 1);
	client_clear(c);
	client_send(c, "hello");
	client_expect(c, "\r\n\r\nhello", 1);
	client_clear(c);
	/* No need to ask for what is there. */
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\nhello");
	client_expect(c, "\r\n\r\nhello", 1);
	CHECK(strstr(c->buf, " 100 ") == NULL);
	client_free(c);
	/* Refused on the head: the body may or may not come, so we close. */
	c = client_tcp();
	client_send(c, "POST /refuse HTTP/1.1\r\n" H "Content-Length: 5\r\n"
	    "Expect: 100-continue\r\n\r\n");
	client_expect(c, "HTTP/1.1 401", 1);
	CHECK(strstr(c->buf, " 100 ") == NULL);
	client_end(c);
	client_free(c);
	expect_conns(0);
	teardown();
}

static void
test_half_closed(void)
{
	struct client	*c, *d;

	defaults();
	setup();
	d = client_tcp();
	c = client_tcp();
	client_send(c, "POST /later HTTP/1.1\r\n" H
	    "Content-Length: 1\r\n\r\na" GET("/echo"));
	shutdown(c->fd, SHUT_WR);
	while (nlater == 0)
		pump();
	pump_for(20);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, "late", 4), 0);
	client_expect(c, "late", 1);
	client_expect(c, "HTTP/1.1 200", 2);
	client_end(c);
	client_free(c);

	c = client_tcp();
	client_send(c, "GET / HT");
	shutdown(c->fd, SHUT_WR);
	client_expect(c, "HTTP/1.1 400", 1);
	CHECK_STR(last_reason, "eof-in-head");
	client_end(c);
	client_free(c);

	c = client_tcp();
	client_send(c, "POST / HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nabc");
	shutdown(c->fd, SHUT_WR);
	client_expect(c, "HTTP/1.1 400", 1);
	CHECK_STR(last_reason, "eof-in-body");
	client_end(c);
	client_free(c);

	c = client_tcp();
	shutdown(c->fd, SHUT_WR);
	client_end(c);
	CHECK_INT(c->len, 0);
	CHECK_INT(nevents, 2);
	client_free(c);
	check_served(d);
	client_free(d);
	expect_conns(0);
	teardown();
}

/* Answering a request whose client has gone does nothing, even to others. */
static void
test_gone(void)
{
	struct linger	 hard = { 1, 0 };
	struct client	*c, *d;
	uint64_t	 old;

	defaults();
	setup();
	c = client_tcp();
	client_send(c, GET("/later"));
	while (nlater == 0)
		pump();
	old = later;
	CHECK(conn_alive(srv, old));
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	client_free(c);
	expect_conns(0);
	CHECK(!conn_alive(srv, old));
	d = client_tcp();	/* in the same slot */
	client_send(d, GET("/later"));
	while (nlater == 1)
		pump();
	CHECK_INT(conn_reply(srv, old, 200, NULL, NULL, "wrong", 5), -1);
	CHECK_INT(conn_reply(srv, 0, 200, NULL, NULL, "wrong", 5), -1);
	CHECK_INT(conn_reply(srv, ~0ULL, 200, NULL, NULL, "wrong", 5), -1);
	CHECK_INT(conn_reply(srv, later, 200, NULL, NULL, "right", 5), 0);
	client_expect(d, "right", 1);
	CHECK(strstr(d->buf, "wrong") == NULL);

	/* Closed politely, both sides: the kernel tells only when we write. */
	client_send(d, GET("/later"));
	while (nlater == 2)
		pump();
	client_free(d);
	pump_for(20);
	conn_reply(srv, later, 200, NULL, NULL, big, 4 * MB);
	expect_conns(0);
	teardown();
}

static void
test_reply(void)
{
	struct client	*c;
	char		 buf[MAX_REPLY_ERROR], tiny[20], text[161];
	size_t		 n;

	n = reply_error_body(buf, sizeof(buf), "a\"b\\c\n\x01\xc3\xa9");
	CHECK_INT(n, strlen("{\"error\":\"a\\\"b\\\\c\\u000a\\u0001??\"}\n"));
	CHECK(memcmp(buf, "{\"error\":\"a\\\"b\\\\c\\u000a\\u0001??\"}\n",
	    n) == 0);
	n = reply_error_body(tiny, sizeof(tiny), "does not fit in here");
	CHECK(memcmp(tiny, "{\"error\":\"error\"}\n", n) == 0);
	memset(text, 1, 160);
	text[160] = '\0';
	n = reply_error_body(buf, sizeof(buf), text);
	CHECK(n > 160 * 6);
	CHECK_STR(reply_reason(431), "Request Header Fields Too Large");

	defaults();
	setup();
	c = client_tcp();
	/* A header of the caller's cannot become a second answer. */
	client_send(c, GET("/split"));
	client_expect(c, "HTTP/1.1 500", 1);
	CHECK(strstr(c->buf, "200") == NULL);
	client_clear(c);
	client_send(c, GET("/toobig"));
	client_expect(c, "HTTP/1.1 500", 1);
	check_served(c);
	client_free(c);
	expect_conns(0);
	teardown();
}

int
main(void)
{
	big_fill();
	RUN(test_keepalive);
	RUN(test_pipelining);
	RUN(test_bodies);
	RUN(test_refusals);
	RUN(test_head_decision);
	RUN(test_expect);
	RUN(test_half_closed);
	RUN(test_gone);
	RUN(test_reply);
	free(big);
	return (0);
}
