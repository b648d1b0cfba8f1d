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

#include <stdlib.h>
#include <string.h>

#include "rulerec.h"

static void
rulebuf_bytes(struct rulebuf *b, const void *p, size_t len)
{
	uint8_t	*data;
	size_t	 size;

	if (b->failed || len == 0)
		return;
	if (len > MAX_RULEREC_LEN - b->len) {
		b->failed = 1;
		return;
	}
	if (b->size - b->len < len) {
		size = b->len + len + b->len / 2 + 1024;
		if ((data = realloc(b->data, size)) == NULL) {
			b->failed = 1;
			return;
		}
		b->data = data;
		b->size = size;
	}
	memcpy(b->data + b->len, p, len);
	b->len += len;
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8 & 0xff;
	p[2] = v >> 16 & 0xff;
	p[3] = v >> 24;
}

void
rulebuf_header(struct rulebuf *b)
{
	rulebuf_bytes(b, RULEREC_MAGIC, RULEREC_MAGIC_LEN);
	rulebuf_u32(b, RULEREC_VERSION);
}

void
rulebuf_end(struct rulebuf *b)
{
	uint32_t	 n = b->count;

	rulebuf_open(b, RULEREC_END);
	rulebuf_u32(b, n);
	rulebuf_close(b);
}

void
rulebuf_append(struct rulebuf *b, const struct rulebuf *more)
{
	if (more->failed)
		b->failed = 1;
	rulebuf_bytes(b, more->data, more->len);
	b->count += more->count;
}

void
rulebuf_free(struct rulebuf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
rulebuf_open(struct rulebuf *b, enum rulerec_type type)
{
	rulebuf_u32(b, (uint32_t)type);
	rulebuf_u32(b, 0);
	b->start = b->len;
}

void
rulebuf_close(struct rulebuf *b)
{
	if (b->failed)
		return;
	put_u32(b->data + b->start - 4, (uint32_t)(b->len - b->start));
	if (++b->count > MAX_RULEREC_RECORDS)
		b->failed = 1;
}

/* A record as it was read. */
void
rulebuf_copy(struct rulebuf *b, enum rulerec_type type, const void *p,
    size_t len)
{
	rulebuf_open(b, type);
	rulebuf_bytes(b, p, len);
	rulebuf_close(b);
}

void
rulebuf_u8(struct rulebuf *b, unsigned int v)
{
	uint8_t	 c = (uint8_t)v;

	rulebuf_bytes(b, &c, 1);
}

void
rulebuf_u32(struct rulebuf *b, uint32_t v)
{
	uint8_t	 p[4];

	put_u32(p, v);
	rulebuf_bytes(b, p, sizeof(p));
}

void
rulebuf_str(struct rulebuf *b, const char *s)
{
	size_t	 len = s == NULL ? 0 : strlen(s);

	if (len > MAX_RULEREC_STRING) {
		b->failed = 1;
		return;
	}
	rulebuf_u32(b, (uint32_t)len);
	rulebuf_bytes(b, s, len);
}

static const uint8_t *
rulecur_take(struct rulecur *c, size_t n)
{
	const uint8_t	*p;

	if (c->failed || c->len - c->pos < n) {
		c->failed = 1;
		return NULL;
	}
	p = c->data + c->pos;
	c->pos += n;
	return p;
}

int
rulecur_header(struct rulecur *c)
{
	const uint8_t	*p = rulecur_take(c, RULEREC_MAGIC_LEN);

	if (c->len > MAX_RULEREC_LEN || p == NULL ||
	    memcmp(p, RULEREC_MAGIC, RULEREC_MAGIC_LEN) != 0 ||
	    rulecur_u32(c) != RULEREC_VERSION) {
		c->failed = 1;
		return -1;
	}
	return 0;
}

unsigned int
rulecur_u8(struct rulecur *c)
{
	const uint8_t	*p = rulecur_take(c, 1);

	return p == NULL ? 0 : p[0];
}

unsigned int
rulecur_u16(struct rulecur *c)
{
	const uint8_t	*p = rulecur_take(c, 2);

	return p == NULL ? 0 : (unsigned int)p[0] | (unsigned int)p[1] << 8;
}

uint32_t
rulecur_u32(struct rulecur *c)
{
	const uint8_t	*p = rulecur_take(c, 4);

	return p == NULL ? 0 : (uint32_t)p[0] | (uint32_t)p[1] << 8 |
	    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* how many strings of a list follow */
uint32_t
rulecur_count(struct rulecur *c)
{
	uint32_t	 n = rulecur_u32(c);

	if (n > MAX_RULEREC_LIST)
		c->failed = 1;
	return (c->failed ? 0 : n);
}

const char *
rulecur_str(struct rulecur *c, size_t *lenp)
{
	const uint8_t	*p;
	uint32_t	 len = rulecur_u32(c);

	*lenp = 0;
	if (len > MAX_RULEREC_STRING)
		c->failed = 1;
	p = rulecur_take(c, len);
	if (p == NULL || memchr(p, '\0', len) != NULL) {
		c->failed = 1;
		return "";
	}
	*lenp = len;
	return (const char *)p;
}
