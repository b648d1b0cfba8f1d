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

#include <string.h>
#include <strings.h>

#include "http.h"

/* Classes of bytes, RFC 9110 section 5.6.2 and RFC 3986 sections 2 and 3. */
#define C_TOKEN		0x01	/* tchar */
#define C_URI		0x02	/* pchar without "%", and "/" and "?" */
#define C_DIGIT		0x04
#define C_HEX		0x08
#define C_VALUE		0x10	/* field-vchar, space and tab */
#define C_HOST		0x20	/* a host name's bytes */

#define T	C_TOKEN
#define U	C_URI
#define V	C_VALUE
#define N	(C_TOKEN | C_URI | C_HOST | C_VALUE)	/* letters */
#define X	(N | C_HEX)
#define D	(X | C_DIGIT)

static const unsigned char class[256] = {
	['\t'] = V, [' '] = V, ['!'] = T | U | V, ['"'] = V, ['#'] = T | V,
	['$'] = T | U | V, ['%'] = T | V, ['&'] = T | U | V,
	['\''] = T | U | V, ['('] = U | V, [')'] = U | V,
	['*'] = T | U | V, ['+'] = T | U | V, [','] = U | V, ['-'] = N,
	['.'] = N, ['/'] = U | V, ['0' ... '9'] = D, [':'] = U | V,
	[';'] = U | V, ['<'] = V, ['='] = U | V, ['>'] = V, ['?'] = U | V,
	['@'] = U | V, ['A' ... 'F'] = X, ['G' ... 'Z'] = N,
	['[' ... ']'] = V, ['^'] = T | V, ['_'] = N, ['`'] = T | V,
	['a' ... 'f'] = X, ['g' ... 'z'] = N, ['{'] = V, ['|'] = T | V,
	['}'] = V, ['~'] = T | U | V, [0x80 ... 0xff] = V
};

#undef T
#undef U
#undef V
#undef N
#undef X
#undef D

#define IS(c, cl)	(class[(unsigned char)(c)] & (cl))

static const struct {
	const char	*name;
	size_t		 len;
} methods[] = {
	[METHOD_GET] = { "GET", 3 },
	[METHOD_HEAD] = { "HEAD", 4 },
	[METHOD_POST] = { "POST", 4 },
	[METHOD_PUT] = { "PUT", 3 },
	[METHOD_PATCH] = { "PATCH", 5 },
	[METHOD_DELETE] = { "DELETE", 6 },
	[METHOD_OPTIONS] = { "OPTIONS", 7 }
};

/* Headers that decide framing may come once; this remembers which came. */
struct seen {
	int	host;
	int	length;
	int	te;
	int	expect;
};

static int
bad(struct http_error *e, int status, const char *reason)
{
	e->status = status;
	e->reason = reason;
	return (-1);
}

/*
 * True if the slice is exactly the text; the second form ignores the case
 * of ASCII letters.
 */
int
http_slice_eq(struct http_slice s, const char *text)
{
	return (strlen(text) == s.len && memcmp(s.p, text, s.len) == 0);
}

int
http_slice_caseeq(struct http_slice s, const char *text)
{
	return (strlen(text) == s.len && strncasecmp(s.p, text, s.len) == 0);
}

/*
 * Look for the end of the head in the first len bytes of a message.  Call
 * again with the same scan and the same bytes followed by more of them until
 * it is not HTTP_MORE; what was looked at is not looked at again.  On HTTP_OK
 * scan->off is the length of the head, for http_parse().  The answer does not
 * depend on how the bytes were divided.
 */
enum http_result
http_scan(struct http_scan *s, const char *buf, size_t len,
    struct http_error *e)
{
	size_t	max = len < MAX_HTTP_HEAD ? len : MAX_HTTP_HEAD;

	while (s->off < max) {
		switch (buf[s->off]) {
		case '\0':
			bad(e, 400, "nul");
			return (HTTP_BAD);
		case '\n':
			bad(e, 400, "bare-lf");
			return (HTTP_BAD);
		case '\r':
			if (s->off + 1 == max)
				goto more;
			if (buf[s->off + 1] != '\n') {
				bad(e, 400, "bare-cr");
				return (HTTP_BAD);
			}
			s->off += 2;
			if (s->off == s->line + 2) {
				if (s->lines != 0)
					return (HTTP_OK);
				/* A leftover of a body sent too long. */
				bad(e, 400, "empty-line");
				return (HTTP_BAD);
			}
			s->line = s->off;
			if (++s->lines > 1 + MAX_HTTP_HEADERS) {
				bad(e, 431, "too-many-headers");
				return (HTTP_BAD);
			}
			break;
		default:
			s->off++;
		}
	}
more:
	if (len < MAX_HTTP_HEAD)
		return (HTTP_MORE);
	if (s->lines == 0)
		bad(e, 414, "target-too-long");
	else
		bad(e, 431, "head-too-large");
	return (HTTP_BAD);
}

static int
parse_method(struct http_head *h, const char *p, size_t len,
    struct http_error *e)
{
	size_t	i;

	if (len == 0)
		return (bad(e, 400, "bad-method"));
	for (i = 0; i < len; i++)
		if (!IS(p[i], C_TOKEN))
			return (bad(e, 400, "bad-method"));
	if (len > MAX_HTTP_METHOD)
		return (bad(e, 501, "unknown-method"));
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (methods[i].len == len &&
		    memcmp(methods[i].name, p, len) == 0) {
			h->method = i;
			return (0);
		}
	}
	return (bad(e, 501, "unknown-method"));
}

/*
 * Only the forms an origin server needs: "/path?query", and "*" for OPTIONS
 * (RFC 9112 section 3.2).
 */
static int
parse_target(struct http_head *h, const char *p, size_t len,
    struct http_error *e)
{
	size_t	i;

	if (len == 0)
		return (bad(e, 400, "bad-target"));
	if (len > MAX_HTTP_TARGET)
		return (bad(e, 414, "target-too-long"));
	h->target.p = h->path.p = p;
	h->target.len = h->path.len = len;
	h->query.p = NULL;
	h->query.len = 0;
	if (p[0] != '/') {
		if (len == 1 && p[0] == '*' && h->method == METHOD_OPTIONS)
			return (0);
		return (bad(e, 400, "target-form"));
	}
	for (i = 0; i < len; i++) {
		if (p[i] == '%') {
			if (len - i < 3 || !IS(p[i + 1], C_HEX) ||
			    !IS(p[i + 2], C_HEX))
				return (bad(e, 400, "bad-target"));
			i += 2;
		} else if (!IS(p[i], C_URI)) {
			return (bad(e, 400, "bad-target"));
		} else if (p[i] == '?' && h->query.p == NULL) {
			h->path.len = i;
			h->query.p = p + i + 1;
			h->query.len = len - i - 1;
		}
	}
	return (0);
}

static int
parse_version(const char *p, size_t len, struct http_error *e)
{
	if (len != 8 || memcmp(p, "HTTP/", 5) != 0 || !IS(p[5], C_DIGIT) ||
	    p[6] != '.' || !IS(p[7], C_DIGIT))
		return (bad(e, 400, "bad-request-line"));
	if (p[5] != '1' || p[7] != '1')
		return (bad(e, 505, "bad-version"));
	return (0);
}

/* method SP request-target SP HTTP-version, with exactly these two spaces. */
static int
parse_request_line(struct http_head *h, const char *p, const char *end,
    struct http_error *e)
{
	const char	*sp1, *sp2;

	sp1 = memchr(p, ' ', end - p);
	if (sp1 == NULL)
		return (bad(e, 400, "bad-request-line"));
	sp2 = memchr(sp1 + 1, ' ', end - sp1 - 1);
	if (sp2 == NULL)
		return (bad(e, 400, "bad-request-line"));
	if (parse_version(sp2 + 1, end - sp2 - 1, e) == -1 ||
	    parse_method(h, p, sp1 - p, e) == -1)
		return (-1);
	return (parse_target(h, sp1 + 1, sp2 - sp1 - 1, e));
}

/*
 * name, bracketed IPv6 address or dotted address, with an optional port.
 * An empty Host would be legal for a target without authority; nobody sends
 * one, and it would slip past every comparison with allowed hosts.
 */
static int
parse_host(struct http_head *h, struct http_slice v, struct http_error *e)
{
	size_t	digits, i = 0;

	if (v.len == 0 || v.len > MAX_HTTP_HOST)
		return (bad(e, 400, "bad-host"));
	if (v.p[0] == '[') {
		for (i = 1; i < v.len && (IS(v.p[i], C_HEX) ||
		    v.p[i] == ':' || v.p[i] == '.'); i++)
			;
		if (i < 3 || i == v.len || v.p[i] != ']')
			return (bad(e, 400, "bad-host"));
		i++;
	} else {
		while (i < v.len && IS(v.p[i], C_HOST))
			i++;
		if (i == 0)
			return (bad(e, 400, "bad-host"));
	}
	if (i < v.len) {
		if (v.p[i++] != ':')
			return (bad(e, 400, "bad-host"));
		for (digits = 0; i < v.len && IS(v.p[i], C_DIGIT); i++)
			digits++;
		if (i != v.len || digits == 0 || digits > 5)
			return (bad(e, 400, "bad-host"));
	}
	h->host = v;
	return (0);
}

static int
parse_length(struct http_head *h, struct http_slice v, struct http_error *e)
{
	uint64_t	n = 0;
	size_t		i;

	if (v.len == 0)
		return (bad(e, 400, "bad-content-length"));
	for (i = 0; i < v.len; i++)
		if (!IS(v.p[i], C_DIGIT))
			return (bad(e, 400, "bad-content-length"));
	if (v.len > MAX_HTTP_LENGTH_DIGITS)
		return (bad(e, 413, "body-too-large"));
	for (i = 0; i < v.len; i++)
		n = n * 10 + (uint64_t)(v.p[i] - '0');
	h->content_length = n;
	h->has_length = 1;
	return (0);
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return (p);
}

/* Connection: tokens and, rarely, nothing between commas (RFC 9110 5.6.1). */
static int
parse_connection(struct http_head *h, struct http_slice v,
    struct http_error *e)
{
	struct http_slice	 t;
	const char		*p = v.p, *end = v.p + v.len;

	for (;; p++) {
		t.p = p = skip_space(p, end);
		while (p < end && IS(*p, C_TOKEN))
			p++;
		t.len = p - t.p;
		if (http_slice_caseeq(t, "close"))
			h->keepalive = 0;
		p = skip_space(p, end);
		if (p == end)
			return (0);
		if (*p != ',')
			return (bad(e, 400, "bad-connection"));
	}
}

/*
 * Legal, but readers disagree about a tab or trailing space around a value
 * that decides framing, and nobody honest sends one.
 */
static int
odd_space(const struct http_header *f)
{
	const char	*p;

	for (p = f->name.p + f->name.len + 1; p < f->value.p; p++)
		if (*p == '\t')
			return (1);
	return (f->value.p[f->value.len] != '\r');
}

/* Headers with a meaning for the connection; all others are the caller's. */
static int
parse_known(struct http_head *h, struct seen *s, const struct http_header *f,
    struct http_error *e)
{
	switch (f->name.len) {
	case 4:
		if (!http_slice_caseeq(f->name, "Host"))
			break;
		if (s->host++)
			return (bad(e, 400, "two-host"));
		return (parse_host(h, f->value, e));
	case 6:
		if (!http_slice_caseeq(f->name, "Expect"))
			break;
		if (s->expect++ ||
		    !http_slice_caseeq(f->value, "100-continue"))
			return (bad(e, 417, "bad-expect"));
		h->expect_continue = 1;
		break;
	case 10:
		if (http_slice_caseeq(f->name, "Connection"))
			return (parse_connection(h, f->value, e));
		break;
	case 14:
		if (!http_slice_caseeq(f->name, "Content-Length"))
			break;
		if (s->te)
			return (bad(e, 400, "cl-with-te"));
		if (s->length++)
			return (bad(e, 400, "two-content-length"));
		if (odd_space(f))
			return (bad(e, 400, "bad-content-length"));
		return (parse_length(h, f->value, e));
	case 17:
		if (!http_slice_caseeq(f->name, "Transfer-Encoding"))
			break;
		if (s->length)
			return (bad(e, 400, "cl-with-te"));
		if (s->te++)
			return (bad(e, 400, "two-te"));
		if (odd_space(f))
			return (bad(e, 501, "bad-te"));
		if (!http_slice_caseeq(f->value, "chunked"))
			return (bad(e, 501, "bad-te"));
		h->chunked = 1;
		break;
	}
	return (0);
}

/* field-name ":" OWS field-value OWS, RFC 9112 section 5. */
static int
parse_field(struct http_header *f, const char *p, const char *end,
    struct http_error *e)
{
	const char	*q;

	if (*p == ' ' || *p == '\t')
		return (bad(e, 400, "obs-fold"));
	for (q = p; q < end && IS(*q, C_TOKEN); q++)
		;
	if (q == end)
		return (bad(e, 400, "no-colon"));
	if (*q == ' ' || *q == '\t')
		return (bad(e, 400, "space-before-colon"));
	if (*q != ':' || q == p)
		return (bad(e, 400, "bad-header-name"));
	f->name.p = p;
	f->name.len = q - p;
	p = skip_space(q + 1, end);
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	f->value.p = p;
	f->value.len = end - p;
	for (; p < end; p++)
		if (!IS(*p, C_VALUE))
			return (bad(e, 400, "bad-header-value"));
	return (0);
}

/*
 * Parse a head of exactly len bytes, as measured by http_scan(): lines end
 * in CRLF, the last is empty.  Returns -1 with status and reason if it is
 * refused; the head is then not to be used.
 */
int
http_parse(struct http_head *h, const char *buf, size_t len,
    struct http_error *e)
{
	struct seen	 seen = { 0 };
	const char	*p = buf, *last = buf + len - 2, *eol;

	h->content_length = 0;
	h->has_length = h->chunked = h->expect_continue = 0;
	h->keepalive = 1;
	h->nheaders = 0;
	h->host.p = NULL;
	h->host.len = 0;

	eol = memchr(p, '\r', last - p);
	if (eol == NULL)
		return (bad(e, 400, "bad-request-line"));
	if (parse_request_line(h, p, eol, e) == -1)
		return (-1);
	for (p = eol + 2; p < last; p = eol + 2) {
		eol = memchr(p, '\r', last - p);
		if (eol == NULL)
			return (bad(e, 400, "bare-lf"));
		if (h->nheaders == MAX_HTTP_HEADERS)
			return (bad(e, 431, "too-many-headers"));
		if (parse_field(&h->headers[h->nheaders], p, eol, e) == -1 ||
		    parse_known(h, &seen, &h->headers[h->nheaders], e) == -1)
			return (-1);
		h->nheaders++;
	}
	if (!seen.host)
		return (bad(e, 400, "no-host"));
	return (0);
}

/*
 * Find a header, ignoring the case of its name.  Returns how often it comes;
 * *value is the first one (untouched if there is none), so that a caller for
 * whom it must be unique can tell.
 */
size_t
http_header_get(const struct http_head *h, const char *name,
    struct http_slice *value)
{
	size_t	i, len = strlen(name), n = 0;

	for (i = 0; i < h->nheaders; i++) {
		if (h->headers[i].name.len != len ||
		    strncasecmp(h->headers[i].name.p, name, len) != 0)
			continue;
		if (n++ == 0)
			*value = h->headers[i].value;
	}
	return (n);
}
