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

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/records.h"
#include "common/sealed.h"

int
records_open(struct records *r, int fd)
{
	struct record_hdr	 hdr;
	struct rbuf		 b;

	memset(r, 0, sizeof(*r));
	r->map = sealed_map(fd, MAX_RECORDS, &r->len);
	close(fd);
	if (r->map == NULL)
		return (-1);
	rbuf_init(&b, r->map, r->len);
	if (rbuf_u32(&b) != RECORDS_MAGIC)
		b.failed = 1;
	while (!b.failed && b.left != 0) {
		rbuf_get(&b, &hdr, sizeof(hdr));
		if (b.failed || hdr.len > b.left) {
			b.failed = 1;
			break;
		}
		b.p += hdr.len;
		b.left -= hdr.len;
	}
	if (b.failed) {
		records_close(r);
		errno = EBADMSG;
		return (-1);
	}
	return (0);
}

void
records_close(struct records *r)
{
	if (r->map != NULL)
		sealed_unmap(r->map, r->len);
	memset(r, 0, sizeof(*r));
}

void
records_add(struct wbuf *w, enum record_type type, const void *data,
    size_t len)
{
	struct record_hdr	 hdr;

	hdr.type = type;
	hdr.len = (uint32_t)len;
	wbuf_put(w, &hdr, sizeof(hdr));
	wbuf_put(w, data, len);
}

/* the n-th record of this type, from 0, and its length; NULL: none so far */
static const void *
record_find(const struct records *r, enum record_type type, size_t n,
    size_t *len)
{
	struct record_hdr	 hdr;
	struct rbuf		 b;

	rbuf_init(&b, r->map, r->len);
	(void)rbuf_u32(&b);
	while (b.left != 0) {
		rbuf_get(&b, &hdr, sizeof(hdr));
		if (hdr.type == type && n-- == 0) {
			*len = hdr.len;
			return (b.p);
		}
		b.p += hdr.len;
		b.left -= hdr.len;
	}
	return (NULL);
}

int
records_nth(const struct records *r, enum record_type type, size_t n,
    void *dst, size_t len)
{
	const void	*p;
	size_t		 got;

	if ((p = record_find(r, type, n, &got)) == NULL)
		return (0);
	if (got != len) {
		errno = EBADMSG;
		return (-1);
	}
	memcpy(dst, p, len);
	return (1);
}

int
records_get(const struct records *r, enum record_type type, void *dst,
    size_t len)
{
	size_t	 got;

	if (record_find(r, type, 1, &got) == NULL &&
	    records_nth(r, type, 0, dst, len) == 1)
		return (0);
	errno = EBADMSG;
	return (-1);
}
