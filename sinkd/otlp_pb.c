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

#include "common/le.h"
#include "otlp_pb.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LEN = 2, WIRE_32 = 5 };

#define MAX_VARINT	10	/* bytes */
#define LOG_ATTRIBUTES	6
#define RES_ATTRIBUTES	1

static size_t
varint_size(uint64_t v)
{
	size_t	 n = 1;

	while ((v >>= 7) != 0)
		n++;
	return (n);
}

static void
varint(struct wbuf *w, uint64_t v)
{
	uint8_t	 buf[MAX_VARINT];
	size_t	 n = 0;

	do {
		buf[n] = v & 0x7f;
		if ((v >>= 7) != 0)
			buf[n] |= 0x80;
		n++;
	} while (v != 0);
	wbuf_put(w, buf, n);
}

static void
tag(struct wbuf *w, unsigned int field, unsigned int wire)
{
	varint(w, (uint64_t)field << 3 | wire);
}

void
pb_uint(struct wbuf *w, unsigned int field, uint64_t v)
{
	tag(w, field, WIRE_VARINT);
	varint(w, v);
}

void
pb_fixed64(struct wbuf *w, unsigned int field, uint64_t v)
{
	uint8_t	 buf[8];

	tag(w, field, WIRE_64);
	le_put64(buf, v);
	wbuf_put(w, buf, sizeof(buf));
}

void
pb_len(struct wbuf *w, unsigned int field, size_t len)
{
	tag(w, field, WIRE_LEN);
	varint(w, len);
}

size_t
pb_len_size(unsigned int field, size_t len)
{
	return (varint_size((uint64_t)field << 3) + varint_size(len) + len);
}

void
pb_bytes(struct wbuf *w, unsigned int field, const void *data, size_t len)
{
	pb_len(w, field, len);
	wbuf_put(w, data, len);
}

void
pb_string(struct wbuf *w, unsigned int field, const char *s)
{
	pb_bytes(w, field, s, strlen(s));
}

void
pb_any_string(struct wbuf *w, unsigned int field, const char *s)
{
	pb_len(w, field, pb_len_size(1, strlen(s)));
	pb_string(w, 1, s);
}

static void
key_value(struct wbuf *w, unsigned int field, const char *key,
    const char *value)
{
	size_t	 any = pb_len_size(1, strlen(value));

	pb_len(w, field, pb_len_size(1, strlen(key)) + pb_len_size(2, any));
	pb_string(w, 1, key);
	pb_any_string(w, 2, value);
}

void
pb_attr(struct wbuf *w, const char *key, const char *value)
{
	key_value(w, LOG_ATTRIBUTES, key, value);
}

void
pb_resource_attr(struct wbuf *w, const char *key, const char *value)
{
	key_value(w, RES_ATTRIBUTES, key, value);
}

static int
get_varint(struct rbuf *b, uint64_t *v)
{
	unsigned int	 shift;
	uint8_t		 c;

	*v = 0;
	for (shift = 0; shift < 64; shift += 7) {
		rbuf_get(b, &c, 1);
		if (b->failed)
			return (-1);
		*v |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0)
			return (0);
	}
	return (-1);
}

/*
 * The next field: 1, or 0 at the end, -1 malformed.  Of a field with a
 * length, data and len; of others the number in v, fixed ones are skipped.
 */
static int
get_field(struct rbuf *b, unsigned int *field, unsigned int *wire,
    uint64_t *v, struct rbuf *sub)
{
	uint8_t		 skip[8];
	uint64_t	 t;

	if (b->left == 0)
		return (0);
	if (get_varint(b, &t) == -1)
		return (-1);
	*field = (unsigned int)(t >> 3);
	*wire = t & 7;
	switch (*wire) {
	case WIRE_VARINT:
		return (get_varint(b, v) == -1 ? -1 : 1);
	case WIRE_LEN:
		if (get_varint(b, &t) == -1 || t > b->left)
			return (-1);
		rbuf_init(sub, b->p, (size_t)t);
		b->p += t;
		b->left -= (size_t)t;
		return (1);
	case WIRE_64:
	case WIRE_32:
		rbuf_get(b, skip, *wire == WIRE_64 ? 8 : 4);
		return (b->failed ? -1 : 1);
	default:
		return (-1);
	}
}

uint64_t
pb_partial(const void *data, size_t len, char *text, size_t size)
{
	struct rbuf	 b, partial, sub;
	uint64_t	 v, rejected = 0;
	unsigned int	 field, wire;
	int		 found = 0;

	if (size != 0)
		text[0] = '\0';
	rbuf_init(&b, data, len);
	while (get_field(&b, &field, &wire, &v, &sub) == 1)
		if (field == 1 && wire == WIRE_LEN) {
			partial = sub;
			found = 1;
		}
	if (!found)
		return (0);
	while (get_field(&partial, &field, &wire, &v, &sub) == 1) {
		if (field == 1 && wire == WIRE_VARINT)
			rejected = v;
		else if (field == 2 && wire == WIRE_LEN)
			snprintf(text, size, "%.*s", (int)sub.left,
			    (const char *)sub.p);
	}
	return (rejected);
}
