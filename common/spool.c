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

#include "common/spool.h"
#include "common/utf8.h"

int
spool_begin(struct spool_walk *w, const void *data, size_t len)
{
	char	magic[SPOOL_MAGIC_LEN];

	memset(w, 0, sizeof(*w));
	rbuf_init(&w->r, data, len);
	rbuf_get(&w->r, magic, sizeof(magic));
	return (!w->r.failed && memcmp(magic, SPOOL_MAGIC,
	    sizeof(magic)) == 0 ? 0 : -1);
}

static int
text_ok(const char *s)
{
	return (utf8_valid(s, strlen(s)));
}

int
spool_next(struct spool_walk *w, struct spool_rec *rec)
{
	struct rbuf	 r;
	const void	*rest;
	size_t		 left;
	uint32_t	 len;

	if (rbuf_end(&w->r) == 0)
		return (0);
	len = rbuf_u32(&w->r);
	if (w->r.failed || w->n == MAX_SPOOL_RECS)
		return (-1);
	rest = rbuf_rest(&w->r, &left);
	if (len > left)
		return (-1);
	rbuf_init(&w->r, (const char *)rest + len, left - len);
	rbuf_init(&r, rest, len);
	rec->raw = rest;
	rec->rawlen = len;
	rec->time_us = rbuf_u64(&r);
	rec->action = rbuf_str(&r, 64);
	rec->target = rbuf_str(&r, MAX_SPOOL_NAME - 1);
	rec->change = rbuf_str(&r, MAX_SPOOL_TEXT);
	if (rbuf_end(&r) == -1 || !text_ok(rec->action) ||
	    !text_ok(rec->target) || !text_ok(rec->change))
		return (-1);
	w->n++;
	return (1);
}

void
spool_put(struct wbuf *w, uint64_t time_us, const char *action,
    const char *target, const char *change)
{
	struct wbuf	rec;

	wbuf_init(&rec, MAX_SPOOL_TEXT + 2 * MAX_SPOOL_NAME);
	wbuf_u64(&rec, time_us);
	wbuf_str(&rec, action);
	wbuf_str(&rec, target);
	wbuf_str(&rec, change);
	if (rec.failed)
		w->failed = 1;
	else {
		wbuf_u32(w, (uint32_t)rec.len);
		wbuf_put(w, rec.data, rec.len);
	}
	wbuf_free(&rec);
}
