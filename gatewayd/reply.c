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

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reply.h"

/* Where bytes are gathered; full stays set once something did not fit. */
struct out {
	char	*p;
	size_t	 len;
	size_t	 cap;
	int	 full;
};

static void
put(struct out *o, const char *s, size_t n)
{
	if (o->full || n > o->cap - o->len) {
		o->full = 1;
		return;
	}
	memcpy(o->p + o->len, s, n);
	o->len += n;
}

static void
puts_(struct out *o, const char *s)
{
	put(o, s, strlen(s));
}

static void
put_number(struct out *o, size_t n)
{
	char	tmp[24];
	size_t	i = sizeof(tmp);

	do {
		tmp[--i] = '0' + n % 10;
	} while ((n /= 10) != 0);
	put(o, tmp + i, sizeof(tmp) - i);
}

/* The text of a status (RFC 9110 section 15); of its class if unknown. */
const char *
reply_reason(int status)
{
	switch (status) {
	case 200: return ("OK");
	case 202: return ("Accepted");
	case 204: return ("No Content");
	case 400: return ("Bad Request");
	case 401: return ("Unauthorized");
	case 403: return ("Forbidden");
	case 404: return ("Not Found");
	case 405: return ("Method Not Allowed");
	case 408: return ("Request Timeout");
	case 409: return ("Conflict");
	case 413: return ("Content Too Large");
	case 414: return ("URI Too Long");
	case 415: return ("Unsupported Media Type");
	case 417: return ("Expectation Failed");
	case 421: return ("Misdirected Request");
	case 422: return ("Unprocessable Content");
	case 429: return ("Too Many Requests");
	case 431: return ("Request Header Fields Too Large");
	case 500: return ("Internal Server Error");
	case 501: return ("Not Implemented");
	case 502: return ("Bad Gateway");
	case 503: return ("Service Unavailable");
	case 504: return ("Gateway Timeout");
	case 505: return ("HTTP Version Not Supported");
	}
	if (status < 300)
		return ("Success");
	if (status < 500)
		return ("Client Error");
	return ("Server Error");
}

/* IMF-fixdate, RFC 9110 section 5.6.7; made anew once a second. */
static const char *
date_line(size_t *len)
{
	static char	line[64];
	static size_t	linelen;
	static time_t	made;
	time_t		now = time(NULL);
	struct tm	tm;

	if (now != made || linelen == 0) {
		gmtime_r(&now, &tm);
		/* Nobody calls setlocale(3), so the names are English. */
		linelen = strftime(line, sizeof(line),
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
		made = now;
	}
	*len = linelen;
	return (line);
}

/*
 * A caller's lines may hold what a client sent (a request id); they must not
 * become further headers or an end of the head.
 */
static int
headers_ok(const char *h)
{
	const char	*line = h;

	for (; *h != '\0'; h++) {
		if (*h == '\n' || *h == 0x7f ||
		    ((unsigned char)*h < ' ' && *h != '\r' && *h != '\t'))
			return (0);
		if (*h != '\r')
			continue;
		if (h == line || *++h != '\n')
			return (0);
		line = h + 1;
	}
	return (h == line);
}

/*
 * Write the head of an answer, up to and including the empty line.  Returns
 * its length, or 0 if the caller's headers are malformed or it does not fit;
 * cap of MAX_REPLY_HEAD is enough for MAX_REPLY_HEADERS and a type of up to
 * 128 bytes.
 */
size_t
reply_head(char *buf, size_t cap, const struct reply *r)
{
	struct out	 o = { buf, 0, cap, 0 };
	const char	*date;
	size_t		 n;

	if (r->headers != NULL && !headers_ok(r->headers))
		return (0);
	puts_(&o, "HTTP/1.1 ");
	put_number(&o, (size_t)r->status);
	puts_(&o, " ");
	puts_(&o, reply_reason(r->status));
	puts_(&o, "\r\n");
	date = date_line(&n);
	put(&o, date, n);
	if (r->type != NULL) {
		puts_(&o, "Content-Type: ");
		puts_(&o, r->type);
		puts_(&o, "\r\n");
	}
	if (r->status != 204) {
		puts_(&o, "Content-Length: ");
		put_number(&o, r->len);
		puts_(&o, "\r\n");
	}
	if (r->headers != NULL)
		puts_(&o, r->headers);
	if (r->close)
		puts_(&o, "Connection: close\r\n");
	puts_(&o, "\r\n");
	return (o.full ? 0 : o.len);
}

/*
 * Write {"error":"text"} and a newline, escaped as JSON; bytes outside ASCII
 * become "?", for they may be no UTF-8.  Returns the length; a text that does
 * not fit is replaced whole, never cut (MAX_REPLY_ERROR is enough for 160
 * bytes of any kind).
 */
size_t
reply_error_body(char *buf, size_t cap, const char *text)
{
	struct out	o = { buf, 0, cap, 0 };
	char		esc[8];

	puts_(&o, "{\"error\":\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			put(&o, "\\", 1);
			put(&o, text, 1);
		} else if ((unsigned char)*text < ' ') {
			snprintf(esc, sizeof(esc), "\\u%04x", *text);
			puts_(&o, esc);
		} else if ((unsigned char)*text > '~') {
			put(&o, "?", 1);
		} else {
			put(&o, text, 1);
		}
	}
	puts_(&o, "\"}\n");
	if (o.full) {
		o.len = 0;
		o.full = 0;
		puts_(&o, "{\"error\":\"error\"}\n");
	}
	return (o.len);
}
