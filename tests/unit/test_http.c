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

#include "gatewayd/http.h"
#include "test.h"

#define H	"Host: a\r\n"
#define POST	"POST / HTTP/1.1\r\n" H
#define CHUNKED	POST "Transfer-Encoding: chunked\r\n\r\n"

/* status 0: accepted; reason NULL: more is needed. */
struct vector {
	const char	*text;
	int		 status;
	const char	*reason;
};

static const struct vector heads[] = {
	/* good */
	{ "GET / HTTP/1.1\r\n" H "\r\n", 0, "" },
	{ "GET /a/b?c=d&e=%2F? HTTP/1.1\r\nhOsT: [::1]:18970\r\n\r\n", 0, "" },
	{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, "" },
	{ "GET / HTTP/1.1\r\nHost:\t a.b-c_d:80 \r\n\r\n", 0, "" },
	{ POST "Content-Length: 0\r\n\r\n", 0, "" },
	{ POST "Content-Length: 007\r\n\r\n", 0, "" },
	{ POST "Transfer-Encoding: Chunked\r\n\r\n", 0, "" },
	{ POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n", 0, "" },
	{ POST "Connection: , keep-alive ,, upgrade\r\n\r\n", 0, "" },
	{ POST "X: \xc3\xa9\xff\ty\r\nEmpty:\r\n\r\n", 0, "" },
	/* not yet */
	{ "", 0, NULL },
	{ "GET", 0, NULL },
	{ "GET / HTTP/1.1\r\n" H, 0, NULL },
	{ "GET / HTTP/1.1\r\n" H "\r", 0, NULL },
	/* bytes */
	{ "GET / HTTP/1.1\n" H "\r\n", 400, "bare-lf" },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "bare-lf" },
	{ "GET / HTTP/1.1\r\n" H "\n", 400, "bare-lf" },
	{ "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, "bare-cr" },
	{ "GET / HTTP/1.1\r\n" H "\r\r\n", 400, "bare-cr" },
	{ "\r\nGET / HTTP/1.1\r\n" H "\r\n", 400, "empty-line" },
	/* request line */
	{ "GET  / HTTP/1.1\r\n" H "\r\n", 400, "bad-request-line" },
	{ "GET /\r\n" H "\r\n", 400, "bad-request-line" },
	{ "GET\r\n" H "\r\n", 400, "bad-request-line" },
	{ "GET / HTTP/1.1 \r\n" H "\r\n", 400, "bad-request-line" },
	{ "GET / http/1.1\r\n" H "\r\n", 400, "bad-request-line" },
	{ "GET / HTTP/1.10\r\n" H "\r\n", 400, "bad-request-line" },
	{ " GET / HTTP/1.1\r\n" H "\r\n", 400, "bad-request-line" },
	{ "GET / HTTP/1.0\r\n" H "\r\n", 505, "bad-version" },
	{ "GET / HTTP/1.2\r\n" H "\r\n", 505, "bad-version" },
	{ "PRI * HTTP/2.0\r\n\r\n", 505, "bad-version" },
	{ "G@T / HTTP/1.1\r\n" H "\r\n", 400, "bad-method" },
	{ "get / HTTP/1.1\r\n" H "\r\n", 501, "unknown-method" },
	{ "TRACE / HTTP/1.1\r\n" H "\r\n", 501, "unknown-method" },
	{ "CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 501, "unknown-method" },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" H "\r\n", 501,
	    "unknown-method" },
	{ "GET http://a/ HTTP/1.1\r\n" H "\r\n", 400, "target-form" },
	{ "GET a:1 HTTP/1.1\r\n" H "\r\n", 400, "target-form" },
	{ "GET * HTTP/1.1\r\n" H "\r\n", 400, "target-form" },
	{ "GET /\x01 HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /\x7f HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /a#b HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /a\\b HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /%4 HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /%4g HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	{ "GET /?% HTTP/1.1\r\n" H "\r\n", 400, "bad-target" },
	/* fields */
	{ "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400, "obs-fold" },
	{ "GET / HTTP/1.1\r\n\tX: a\r\n" H "\r\n", 400, "obs-fold" },
	{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "space-before-colon" },
	{ "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400, "space-before-colon" },
	{ "GET / HTTP/1.1\r\n: a\r\n\r\n", 400, "bad-header-name" },
	{ "GET / HTTP/1.1\r\nX(: a\r\n\r\n", 400, "bad-header-name" },
	{ "GET / HTTP/1.1\r\nX\xe9: a\r\n\r\n", 400, "bad-header-name" },
	{ "GET / HTTP/1.1\r\nHost\r\n\r\n", 400, "no-colon" },
	{ "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n", 400, "bad-header-value" },
	{ "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", 400, "bad-header-value" },
	/* Host */
	{ "GET / HTTP/1.1\r\n\r\n", 400, "no-host" },
	{ "GET / HTTP/1.1\r\n" H "HOST: a\r\n\r\n", 400, "two-host" },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: a:1x\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400, "bad-host" },
	{ "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400, "bad-host" },
	/* framing */
	{ POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400,
	    "two-content-length" },
	{ POST "Content-Length: 1\r\nX: y\r\ncontent-length: 2\r\n\r\n", 400,
	    "two-content-length" },
	{ POST "Content-Length: 1, 1\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length: +1\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length: -1\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length: 0x1\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length: 1 2\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length:\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length: 1 \r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length:\t1\r\n\r\n", 400, "bad-content-length" },
	{ POST "Content-Length: 99999999999999999999\r\n\r\n", 413,
	    "body-too-large" },
	{ POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
	    "cl-with-te" },
	{ POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400,
	    "cl-with-te" },
	{ POST "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", 400, "two-te" },
	{ POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding: chunked, identity\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding: xchunked\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding: chunked\t\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding: \tchunked\r\n\r\n", 501, "bad-te" },
	{ POST "Transfer-Encoding:\r\n\r\n", 501, "bad-te" },
	{ POST "Expect: 200-ok\r\n\r\n", 417, "bad-expect" },
	{ POST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 417,
	    "bad-expect" },
	{ POST "Connection: close keep-alive\r\n\r\n", 400, "bad-connection" },
	{ POST "Connection: \"close\"\r\n\r\n", 400, "bad-connection" },
};

static const struct {
	const char	*text;
	const char	*body;		/* if accepted */
	int		 status;
	const char	*reason;
} bodies[] = {
	{ "0\r\n\r\n", "", 0, "" },
	{ "5\r\nhello\r\n0\r\n\r\n", "hello", 0, "" },
	{ "1\r\na\r\n00000002\r\nbc\r\nA\r\n0123456789\r\n000\r\n\r\n",
	    "abc0123456789", 0, "" },
	{ "10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef", 0, "" },
	{ "5\r\nhel", "", 0, NULL },
	{ "0\r\n\r", "", 0, NULL },
	{ "\r\n", NULL, 400, "bad-chunk-size" },
	{ "g\r\n", NULL, 400, "bad-chunk-size" },
	{ "-1\r\n", NULL, 400, "bad-chunk-size" },
	{ "0x1\r\na\r\n", NULL, 400, "bad-chunk-size" },
	{ " 1\r\na\r\n", NULL, 400, "bad-chunk-size" },
	{ "1\na\r\n0\r\n\r\n", NULL, 400, "bad-chunk-size" },
	{ "1\rxa\r\n", NULL, 400, "bad-chunk-size" },
	{ "000000001\r\na\r\n", NULL, 400, "bad-chunk-size" },
	{ "1;x=y\r\na\r\n", NULL, 400, "chunk-extension" },
	{ "1 \r\na\r\n", NULL, 400, "chunk-extension" },
	{ "1\r\nab\r\n", NULL, 400, "bad-chunk-end" },
	{ "1\r\na\n0\r\n\r\n", NULL, 400, "bad-chunk-end" },
	{ "1\r\na\r0\r\n\r\n", NULL, 400, "bad-chunk-end" },
	{ "0\r\nX: y\r\n\r\n", NULL, 400, "chunk-trailer" },
	{ "0\r\n\n", NULL, 400, "chunk-trailer" },
	{ "0\r\n\rx", NULL, 400, "bad-chunk-end" },
	{ "11\r\n", NULL, 413, "body-too-large" },
	{ "FFFFFFFF\r\n", NULL, 413, "body-too-large" },
	{ "8\r\n01234567\r\n9\r\n", NULL, 413, "body-too-large" },
};

#define BODY_MAX	16	/* limit of the table above */
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* Feed in two parts, each at its own address, as an evbuffer would. */
static enum http_result
feed(const char *text, size_t len, size_t split, struct http_head *h,
    struct http_error *e, char **copy)
{
	struct http_scan	 s = { 0 };
	enum http_result	 r;
	char			*first = malloc(split + 1);

	*copy = malloc(len + 1);
	CHECK(first != NULL && *copy != NULL);
	memcpy(first, text, split);
	memcpy(*copy, text, len);
	r = http_scan(&s, first, split, e);
	free(first);
	if (r == HTTP_MORE)
		r = http_scan(&s, *copy, len, e);
	if (r == HTTP_OK && http_parse(h, *copy, s.off, e) == -1)
		r = HTTP_BAD;
	if (r == HTTP_OK)
		CHECK(s.off <= len);
	return (r);
}

static void
check_head(const char *text, size_t len, int status, const char *reason)
{
	struct http_head	 h;
	struct http_error	 e;
	enum http_result	 r;
	size_t			 split;
	char			*copy;

	for (split = 0; split <= len; split++) {
		r = feed(text, len, split, &h, &e, &copy);
		if (reason == NULL) {
			CHECK_INT(r, HTTP_MORE);
		} else if (status == 0) {
			if (r == HTTP_BAD)
				fprintf(stderr, "%s: %s\n", text, e.reason);
			CHECK_INT(r, HTTP_OK);
		} else {
			if (r != HTTP_BAD)
				fprintf(stderr, "%s\n", text);
			CHECK_INT(r, HTTP_BAD);
			CHECK_STR(e.reason, reason);
			CHECK_INT(e.status, status);
		}
		free(copy);
	}
}

static void
test_heads(void)
{
	static const char	nul[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
	size_t			i;

	for (i = 0; i < NELEM(heads); i++)
		check_head(heads[i].text, strlen(heads[i].text),
		    heads[i].status, heads[i].reason);
	check_head(nul, sizeof(nul) - 1, 400, "nul");
	check_head("\0", 1, 400, "nul");
}

/* Every meaning of one head. */
static void
test_fields(void)
{
	static const char	 text[] =
	    "PATCH /v1/x?a=b?c HTTP/1.1\r\nHost: localhost:18970\r\n"
	    "X-A:  one \t\r\nConnection: foo, cLoSe\r\nx-a: two\r\n"
	    "Content-Length: 12\r\nExpect: 100-continue\r\n\r\nbody";
	struct http_head	 h;
	struct http_error	 e;
	struct http_slice	 v;
	char			*copy;

	CHECK_INT(feed(text, sizeof(text) - 1, 5, &h, &e, &copy), HTTP_OK);
	CHECK_INT(h.method, METHOD_PATCH);
	CHECK(http_slice_eq(h.target, "/v1/x?a=b?c"));
	CHECK(http_slice_eq(h.path, "/v1/x"));
	CHECK(http_slice_eq(h.query, "a=b?c"));
	CHECK(http_slice_eq(h.host, "localhost:18970"));
	CHECK_INT(h.content_length, 12);
	CHECK_INT(h.has_length, 1);
	CHECK_INT(h.chunked, 0);
	CHECK_INT(h.keepalive, 0);
	CHECK_INT(h.expect_continue, 1);
	CHECK_INT(h.nheaders, 6);
	CHECK_INT(http_header_get(&h, "X-a", &v), 2);
	CHECK(http_slice_eq(v, "one"));
	CHECK_INT(http_header_get(&h, "X-B", &v), 0);
	CHECK(http_slice_caseeq(v, "ONE"));
	CHECK(!http_slice_eq(v, "on"));
	free(copy);

	CHECK_INT(feed(heads[0].text, strlen(heads[0].text), 0, &h, &e,
	    &copy), HTTP_OK);
	CHECK(h.query.p == NULL);
	CHECK_INT(h.keepalive, 1);
	CHECK_INT(h.has_length, 0);
	free(copy);
}

/* The exact edges of sizes and counts. */
static void
test_limits(void)
{
	static const char	 line[] = "GET / HTTP/1.1\r\nHost: a\r\n";
	static char		 big[MAX_HTTP_HEAD + 64];
	struct http_head	 h;
	struct http_error	 e;
	size_t			 len, n;
	char			*copy;

	for (n = MAX_HTTP_HEAD - 1; n <= MAX_HTTP_HEAD + 1; n++) {
		memset(big, 'x', sizeof(big));
		memcpy(big, line, sizeof(line) - 1);
		memcpy(big + sizeof(line) - 1, "X: ", 3);
		memcpy(big + n - 4, "\r\n\r\n", 4);
		if (n <= MAX_HTTP_HEAD) {
			CHECK_INT(feed(big, n, n / 2, &h, &e, &copy), HTTP_OK);
		} else {
			CHECK_INT(feed(big, n, n / 2, &h, &e, &copy),
			    HTTP_BAD);
			CHECK_STR(e.reason, "head-too-large");
			CHECK_INT(e.status, 431);
		}
		free(copy);
	}
	/* A line without end. */
	memset(big, 'x', sizeof(big));
	CHECK_INT(feed(big, MAX_HTTP_HEAD - 1, 9, &h, &e, &copy), HTTP_MORE);
	free(copy);
	CHECK_INT(feed(big, MAX_HTTP_HEAD, 9, &h, &e, &copy), HTTP_BAD);
	CHECK_INT(e.status, 414);
	free(copy);

	for (n = MAX_HTTP_TARGET; n <= MAX_HTTP_TARGET + 1; n++) {
		len = snprintf(big, sizeof(big), "GET /%0*d HTTP/1.1\r\n" H
		    "\r\n", (int)n - 1, 0);
		CHECK_INT(feed(big, len, 7, &h, &e, &copy),
		    n <= MAX_HTTP_TARGET ? HTTP_OK : HTTP_BAD);
		if (n > MAX_HTTP_TARGET)
			CHECK_INT(e.status, 414);
		free(copy);
	}
	for (n = MAX_HTTP_HEADERS; n <= MAX_HTTP_HEADERS + 1; n++) {
		len = sizeof(line) - 1;
		memcpy(big, line, len);
		while (len < sizeof(line) - 1 + (n - 1) * 6) {
			memcpy(big + len, "X: y\r\n", 6);
			len += 6;
		}
		memcpy(big + len, "\r\n", 2);
		CHECK_INT(feed(big, len + 2, 7, &h, &e, &copy),
		    n <= MAX_HTTP_HEADERS ? HTTP_OK : HTTP_BAD);
		if (n > MAX_HTTP_HEADERS)
			CHECK_STR(e.reason, "too-many-headers");
		free(copy);
	}
}

/* Decode a part; HTTP_MORE if the next part is wanted. */
static enum http_result
decode(struct chunked *c, const char *p, size_t len, char *out, size_t *outlen,
    size_t *consumed, struct http_error *e)
{
	struct http_slice	data;
	enum http_result	r;
	size_t			used;

	while ((r = chunked_read(c, p, len, &used, &data, e)) == HTTP_DATA) {
		CHECK(data.p >= p && data.p + data.len == p + used);
		CHECK(*outlen + data.len <= BODY_MAX);
		memcpy(out + *outlen, data.p, data.len);
		*outlen += data.len;
		p += used;
		len -= used;
		*consumed += used;
	}
	if (r != HTTP_BAD)
		*consumed += used;
	return (r);
}

static void
check_chunks(size_t i, size_t split)
{
	const char		*text = bodies[i].text;
	char			 out[BODY_MAX + 1], all[256];
	size_t			 outlen = 0, consumed = 0;
	struct chunked		 c;
	struct http_error	 e;
	enum http_result	 r;

	/* What follows the body must be left alone. */
	snprintf(all, sizeof(all), "%s%s", text,
	    bodies[i].reason == NULL ? "" : "GET ");
	chunked_init(&c, BODY_MAX);
	r = decode(&c, all, split, out, &outlen, &consumed, &e);
	if (r == HTTP_MORE)
		r = decode(&c, all + split, strlen(all) - split, out, &outlen,
		    &consumed, &e);
	out[outlen] = '\0';
	if (bodies[i].reason == NULL) {
		CHECK_INT(r, HTTP_MORE);
	} else if (bodies[i].status == 0) {
		CHECK_INT(r, HTTP_OK);
		CHECK_STR(out, bodies[i].body);
		CHECK_INT(consumed, strlen(text));
	} else {
		CHECK_INT(r, HTTP_BAD);
		CHECK_STR(e.reason, bodies[i].reason);
		CHECK_INT(e.status, bodies[i].status);
	}
}

static void
test_chunked(void)
{
	size_t	i, split;

	for (i = 0; i < NELEM(bodies); i++)
		for (split = 0; split <= strlen(bodies[i].text); split++)
			check_chunks(i, split);
	/* The table's heads and bodies meet: the framing is chunked. */
	check_head(CHUNKED, strlen(CHUNKED), 0, "");
}

int
main(void)
{
	RUN(test_heads);
	RUN(test_fields);
	RUN(test_limits);
	RUN(test_chunked);
	return (0);
}
