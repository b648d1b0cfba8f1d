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

#include "http.h"

/*
 * chunked-body, RFC 9112 section 7.1, without its two optional parts: an
 * extension has no use for us and a trailer would bring headers after the
 * decision on the head, so both are refused.
 */

enum {
	CH_SIZE,	/* in the hex digits */
	CH_SIZE_LF,	/* after the CR that ends them */
	CH_DATA,
	CH_DATA_CR,	/* after the last byte of a chunk */
	CH_DATA_LF,
	CH_END_CR,	/* after the chunk of size 0 */
	CH_END_LF,
	CH_DONE
};

static enum http_result
bad(struct http_error *e, int status, const char *reason)
{
	e->status = status;
	e->reason = reason;
	return (HTTP_BAD);
}

static int
hexval(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/* Start a body of at most max decoded bytes. */
void
chunked_init(struct chunked *c, uint64_t max)
{
	c->state = CH_SIZE;
	c->digits = 0;
	c->left = c->total = 0;
	c->max = max;
}

/* One byte of a size line.  HTTP_MORE if it fits. */
static enum http_result
size_byte(struct chunked *c, char ch, struct http_error *e)
{
	int	v;

	if ((v = hexval(ch)) != -1) {
		if (++c->digits > MAX_CHUNK_DIGITS)
			return (bad(e, 400, "bad-chunk-size"));
		c->left = c->left * 16 + (uint64_t)v;
		return (HTTP_MORE);
	}
	if (c->digits == 0)
		return (bad(e, 400, "bad-chunk-size"));
	if (ch == ';' || ch == ' ' || ch == '\t')
		return (bad(e, 400, "chunk-extension"));
	if (ch != '\r')
		return (bad(e, 400, "bad-chunk-size"));
	/* Said before the bytes are taken, so that none is held in vain. */
	if (c->left > c->max - c->total)
		return (bad(e, 413, "body-too-large"));
	c->total += c->left;
	c->state = CH_SIZE_LF;
	return (HTTP_MORE);
}

/*
 * Decode from buf.  *used is set to the bytes consumed.  Returns HTTP_DATA
 * with the next span of body bytes in *data (inside buf; call again with
 * what follows), HTTP_MORE when all is consumed, HTTP_OK at the end of the
 * body (what follows belongs to the next request), or HTTP_BAD.
 */
enum http_result
chunked_read(struct chunked *c, const char *buf, size_t len, size_t *used,
    struct http_slice *data, struct http_error *e)
{
	size_t	i = 0;

	while (i < len) {
		switch (c->state) {
		case CH_SIZE:
			if (size_byte(c, buf[i++], e) == HTTP_BAD)
				return (HTTP_BAD);
			break;
		case CH_SIZE_LF:
			if (buf[i++] != '\n')
				return (bad(e, 400, "bad-chunk-size"));
			c->state = c->left == 0 ? CH_END_CR : CH_DATA;
			break;
		case CH_DATA:
			data->p = buf + i;
			data->len = len - i < c->left ? len - i : c->left;
			c->left -= data->len;
			if (c->left == 0)
				c->state = CH_DATA_CR;
			*used = i + data->len;
			return (HTTP_DATA);
		case CH_DATA_CR:
			if (buf[i++] != '\r')
				return (bad(e, 400, "bad-chunk-end"));
			c->state = CH_DATA_LF;
			break;
		case CH_DATA_LF:
			if (buf[i++] != '\n')
				return (bad(e, 400, "bad-chunk-end"));
			c->digits = 0;
			c->state = CH_SIZE;
			break;
		case CH_END_CR:
			if (buf[i++] != '\r')
				return (bad(e, 400, "chunk-trailer"));
			c->state = CH_END_LF;
			break;
		case CH_END_LF:
			if (buf[i++] != '\n')
				return (bad(e, 400, "bad-chunk-end"));
			c->state = CH_DONE;
			*used = i;
			return (HTTP_OK);
		default:
			/* Read past the end: a fault of the caller. */
			return (bad(e, 500, "chunked-done"));
		}
	}
	*used = i;
	return (HTTP_MORE);
}
