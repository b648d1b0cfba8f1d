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

#ifndef GATEWAYD_REPLY_H
#define GATEWAYD_REPLY_H

#include <stddef.h>

/*
 * The writing side of HTTP/1.1 (RFC 9112): status line, our headers and the
 * caller's.  Pure, but for a Date that is remembered for its second.
 */

#define MAX_REPLY_HEADERS	4096	/* bytes of a caller's header lines */
#define MAX_REPLY_HEAD		(MAX_REPLY_HEADERS + 512)
#define MAX_REPLY_ERROR		1024	/* bytes of an error body */

struct reply {
	int		 status;
	const char	*type;		/* Content-Type, or NULL */
	const char	*headers;	/* complete lines with CRLF, or NULL */
	size_t		 len;		/* of the body */
	int		 close;		/* the connection ends after this */
};

const char *reply_reason(int);
size_t	reply_head(char *, size_t, const struct reply *);
size_t	reply_error_body(char *, size_t, const char *);

#endif /* GATEWAYD_REPLY_H */
