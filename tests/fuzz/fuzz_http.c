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

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "gatewayd/http.h"

/*
 * One request, head and body.  Two things must hold for every input: the
 * answer does not depend on how the bytes are divided, and whatever we
 * accept http-parser (an independent reader, used widely) accepts and
 * understands in the same way.  That we refuse what it accepts is intended.
 */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define FUZZ_BODY	4096	/* limit of a body here */
#define FUZZ_TEXT	65536	/* room for what a reader reports */

#define REQUIRE(expr) do {						\
	if (!(expr)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,	\
		    #expr);						\
		abort();						\
	}								\
} while (0)

/* What a reader made of the bytes, in a form that can be compared. */
struct outcome {
	enum http_result head, body;
	struct http_error error;
	size_t		 headlen;	/* head found at all */
	size_t		 end;		/* end of the message */
	size_t		 nheaders;
	size_t		 textlen;
	char		 text[FUZZ_TEXT];	/* "name:value\n" */
	size_t		 bodylen;
	char		 bodytext[FUZZ_TEXT];
};

static struct outcome		 whole, parts, other;
static struct http_head		 head;
static char			 url[FUZZ_TEXT];
static size_t			 urllen;
static int			 in_value, head_done, message_done, keepalive;

static void
text_add(char *dst, size_t *len, const char *p, size_t n)
{
	REQUIRE(n <= FUZZ_TEXT - *len);
	memcpy(dst + *len, p, n);
	*len += n;
}

static void
read_head(struct outcome *o, const char *buf)
{
	size_t	i;

	if (http_parse(&head, buf, o->headlen, &o->error) == -1) {
		o->head = HTTP_BAD;
		return;
	}
	for (i = 0; i < head.nheaders; i++) {
		text_add(o->text, &o->textlen, head.headers[i].name.p,
		    head.headers[i].name.len);
		text_add(o->text, &o->textlen, ":", 1);
		text_add(o->text, &o->textlen, head.headers[i].value.p,
		    head.headers[i].value.len);
		text_add(o->text, &o->textlen, "\n", 1);
	}
	o->nheaders = head.nheaders;
}

static void
read_chunks(struct outcome *o, const char *buf, size_t len, size_t step)
{
	struct chunked		 c;
	struct http_slice	 data;
	size_t			 off = o->headlen, n, used;

	chunked_init(&c, FUZZ_BODY);
	o->body = HTTP_MORE;
	while (off < len && o->body == HTTP_MORE) {
		n = len - off < step ? len - off : step;
		do {
			o->body = chunked_read(&c, buf + off, n, &used, &data,
			    &o->error);
			if (o->body == HTTP_BAD)
				return;
			REQUIRE(used <= n);
			off += used;
			n -= used;
			if (o->body == HTTP_DATA) {
				REQUIRE(data.len > 0);
				REQUIRE(data.p + data.len <= buf + off);
				text_add(o->bodytext, &o->bodylen, data.p,
				    data.len);
			}
		} while (o->body == HTTP_DATA);
		REQUIRE(o->body == HTTP_OK || n == 0);
	}
	REQUIRE(o->bodylen <= FUZZ_BODY);
	o->end = off;
}

static void
read_ours(struct outcome *o, const char *buf, size_t len, size_t step)
{
	struct http_scan	scan = { 0 };
	size_t			n = 0;

	memset(&o->error, 0, sizeof(o->error));
	o->body = HTTP_MORE;
	o->textlen = o->bodylen = o->nheaders = o->end = o->headlen = 0;
	do {
		n = len - n < step ? len : n + step;
		o->head = http_scan(&scan, buf, n, &o->error);
	} while (o->head == HTTP_MORE && n < len);
	if (o->head != HTTP_OK)
		return;
	REQUIRE(scan.off <= n && scan.off <= MAX_HTTP_HEAD);
	o->headlen = scan.off;
	read_head(o, buf);
	if (o->head != HTTP_OK)
		return;
	if (head.chunked) {
		read_chunks(o, buf, len, step);
	} else if (head.content_length <= len - o->headlen) {
		text_add(o->bodytext, &o->bodylen, buf + o->headlen,
		    head.content_length);
		o->body = HTTP_OK;
		o->end = o->headlen + head.content_length;
	}
}

static int
on_url(http_parser *p, const char *s, size_t n)
{
	(void)p;
	text_add(url, &urllen, s, n);
	return (0);
}

static void
value_end(void)
{
	if (!in_value)
		return;
	/* It keeps space after a value (RFC 9112 section 5.1: not part). */
	while (other.textlen > 0 && (other.text[other.textlen - 1] == ' ' ||
	    other.text[other.textlen - 1] == '\t'))
		other.textlen--;
	text_add(other.text, &other.textlen, "\n", 1);
	in_value = 0;
}

static int
on_field(http_parser *p, const char *s, size_t n)
{
	(void)p;
	/* It reports trailers as headers; we refused the body before. */
	if (head_done)
		return (0);
	value_end();
	text_add(other.text, &other.textlen, s, n);
	return (0);
}

static int
on_value(http_parser *p, const char *s, size_t n)
{
	(void)p;
	if (head_done)
		return (0);
	if (!in_value) {
		text_add(other.text, &other.textlen, ":", 1);
		other.nheaders++;
		in_value = 1;
	}
	text_add(other.text, &other.textlen, s, n);
	return (0);
}

static int
on_headers_complete(http_parser *p)
{
	value_end();
	head_done = 1;
	keepalive = http_should_keep_alive(p);
	REQUIRE((p->content_length == ULLONG_MAX) == !head.has_length);
	if (head.has_length)
		REQUIRE(p->content_length == head.content_length);
	return (0);
}

static int
on_body(http_parser *p, const char *s, size_t n)
{
	(void)p;
	text_add(other.bodytext, &other.bodylen, s, n);
	return (0);
}

static int
on_message_complete(http_parser *p)
{
	message_done = 1;
	http_parser_pause(p, 1);
	return (0);
}

/*
 * http-parser 2.9.4 marks a message as having a transfer coding as soon as a
 * header's name begins with "Transfer-Encoding", and then refuses it for want
 * of one it knows, or for a Content-Length beside it, although the header
 * "Transfer-Encodings" has no meaning.
 */
static int
is_te_prefix(void)
{
	static const char	te[] = "Transfer-Encoding";
	size_t			i;

	for (i = 0; i < head.nheaders; i++)
		if (head.headers[i].name.len > sizeof(te) - 1 &&
		    strncasecmp(head.headers[i].name.p, te,
		    sizeof(te) - 1) == 0)
			return (1);
	return (0);
}

/*
 * http-parser misses a "close" in a Connection list after an element that
 * begins like one it knows ("k, close"), and one followed by a tab.  Closing,
 * as we do, is right.
 */
static int
is_odd_close(void)
{
	struct http_header	*f;
	size_t			 i;

	for (i = 0; i < head.nheaders; i++) {
		f = &head.headers[i];
		if (!head.keepalive &&
		    http_slice_caseeq(f->name, "Connection") &&
		    (memchr(f->value.p, ',', f->value.len) != NULL ||
		    f->value.p[f->value.len] != '\r'))
			return (1);
	}
	return (0);
}

/* We accepted the head, and perhaps the body: compare. */
static void
check_other(const char *buf, size_t len)
{
	http_parser_settings	 set;
	struct http_slice	 value;
	http_parser		 p;
	enum http_errno		 err;

	http_parser_settings_init(&set);
	set.on_url = on_url;
	set.on_header_field = on_field;
	set.on_header_value = on_value;
	set.on_headers_complete = on_headers_complete;
	set.on_body = on_body;
	set.on_message_complete = on_message_complete;
	http_parser_init(&p, HTTP_REQUEST);
	other.textlen = other.bodylen = other.nheaders = 0;
	urllen = 0;
	in_value = head_done = message_done = 0;
	other.end = http_parser_execute(&p, &set, buf, len);
	err = HTTP_PARSER_ERRNO(&p);

	if ((err == HPE_INVALID_TRANSFER_ENCODING ||
	    err == HPE_UNEXPECTED_CONTENT_LENGTH) && is_te_prefix())
		return;
	REQUIRE(head_done);
	REQUIRE(p.http_major == 1 && p.http_minor == 1);
	REQUIRE(strcmp(http_method_str(p.method),
	    head.method == METHOD_GET ? "GET" :
	    head.method == METHOD_HEAD ? "HEAD" :
	    head.method == METHOD_POST ? "POST" :
	    head.method == METHOD_PUT ? "PUT" :
	    head.method == METHOD_PATCH ? "PATCH" :
	    head.method == METHOD_DELETE ? "DELETE" : "OPTIONS") == 0);
	REQUIRE(urllen == head.target.len);
	REQUIRE(memcmp(url, head.target.p, urllen) == 0);
	/* It also obeys Proxy-Connection, which no standard knows. */
	REQUIRE(keepalive == head.keepalive || is_odd_close() ||
	    http_header_get(&head, "Proxy-Connection", &value) > 0);
	REQUIRE(other.nheaders == whole.nheaders);
	REQUIRE(other.textlen == whole.textlen);
	REQUIRE(memcmp(other.text, whole.text, whole.textlen) == 0);
	if (whole.body == HTTP_BAD)
		return;
	REQUIRE(message_done == (whole.body == HTTP_OK));
	REQUIRE(err == (message_done ? HPE_PAUSED : HPE_OK));
	if (!message_done)
		return;
	REQUIRE(other.end == whole.end);
	REQUIRE(other.bodylen == whole.bodylen);
	REQUIRE(memcmp(other.bodytext, whole.bodytext, whole.bodylen) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*buf = (const char *)data;
	size_t		 step;

	if (size > FUZZ_TEXT / 2)
		return (0);
	read_ours(&whole, buf, size, SIZE_MAX / 2);
	/* Divided, by a step that follows from the input. */
	step = size == 0 ? 1 : 1 + (data[size / 2] + size) % 7;
	read_ours(&parts, buf, size, step);
	REQUIRE(parts.head == whole.head && parts.body == whole.body);
	REQUIRE(parts.error.status == whole.error.status);
	REQUIRE(parts.error.reason == whole.error.reason);
	REQUIRE(parts.end == whole.end && parts.headlen == whole.headlen);
	REQUIRE(parts.bodylen == whole.bodylen);
	REQUIRE(memcmp(parts.bodytext, whole.bodytext, whole.bodylen) == 0);
	if (whole.head == HTTP_OK)
		check_other(buf, size);
	return (0);
}
