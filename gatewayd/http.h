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

#ifndef GATEWAYD_HTTP_H
#define GATEWAYD_HTTP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Strict reading of HTTP/1.1 requests (RFC 9110, RFC 9112).  Pure: nothing
 * here allocates, logs or keeps a pointer.  Whatever two readers could
 * understand differently is refused, not repaired.
 *
 * Only HTTP/1.1 is spoken.  1.0 would bring a second set of framing and
 * persistence rules (no Host, no chunks, closing by default), every known
 * client uses 1.1, so any other version is answered with 505.
 *
 * Percent-encoding is checked but never decoded: routes are literal.
 */

#define MAX_HTTP_HEAD		16384	/* bytes, request line to empty line */
#define MAX_HTTP_HEADERS	64	/* header lines */
#define MAX_HTTP_METHOD		16	/* bytes of a method name */
#define MAX_HTTP_TARGET		4096	/* bytes of a request target */
#define MAX_HTTP_HOST		255	/* bytes of a Host value */
#define MAX_HTTP_LENGTH_DIGITS	15	/* digits of a Content-Length */
#define MAX_CHUNK_DIGITS	8	/* hex digits of a chunk size */

enum http_result {
	HTTP_MORE,	/* well so far, more bytes are needed */
	HTTP_OK,	/* complete */
	HTTP_DATA,	/* chunked only: a span of body bytes */
	HTTP_BAD	/* refused: see status and reason */
};

enum http_verb {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS
};

struct http_slice {
	const char	*p;
	size_t		 len;
};

struct http_header {
	struct http_slice	name;
	struct http_slice	value;	/* without surrounding space */
};

/* Where the search for the end of a head stands; all zero at first. */
struct http_scan {
	size_t		 off;		/* HTTP_OK: length of the head */
	size_t		 line;		/* offset of the current line */
	unsigned int	 lines;		/* complete lines so far */
};

/*
 * A parsed head.  Every slice points into the buffer given to http_parse()
 * and lives as long as that.
 */
struct http_head {
	enum http_verb	 method;
	struct http_slice	 target;	/* path and query as sent */
	struct http_slice	 path;		/* "/..." or "*" (OPTIONS) */
	struct http_slice	 query;		/* after "?"; p NULL if none */
	struct http_slice	 host;		/* with port, if any */
	uint64_t		 content_length;	/* 0 if none */
	int			 has_length;
	int			 chunked;
	int			 keepalive;
	int			 expect_continue;
	size_t			 nheaders;
	struct http_header	 headers[MAX_HTTP_HEADERS];
};

/* Why something was refused: static text such as "bare-lf". */
struct http_error {
	int		 status;
	const char	*reason;
};

enum http_result http_scan(struct http_scan *, const char *, size_t,
	    struct http_error *);
int	http_parse(struct http_head *, const char *, size_t,
	    struct http_error *);
size_t	http_header_get(const struct http_head *, const char *,
	    struct http_slice *);
int	http_slice_eq(struct http_slice, const char *);
int	http_slice_caseeq(struct http_slice, const char *);

/* Decoder of a chunked body (RFC 9112 section 7.1); see chunked_init(). */
struct chunked {
	int		 state;
	unsigned int	 digits;
	uint64_t	 left;		/* bytes of this chunk to come */
	uint64_t	 total;		/* announced so far */
	uint64_t	 max;
};

void	chunked_init(struct chunked *, uint64_t);
enum http_result chunked_read(struct chunked *, const char *, size_t,
	    size_t *, struct http_slice *, struct http_error *);

#endif /* GATEWAYD_HTTP_H */
