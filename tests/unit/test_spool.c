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
#include "test.h"

static struct wbuf	w;

static void
make(int n)
{
	wbuf_init(&w, MAX_SPOOL);
	wbuf_put(&w, SPOOL_MAGIC, SPOOL_MAGIC_LEN);
	while (n-- > 0)
		spool_put(&w, (uint64_t)n, "config-update", "log.level",
		    "log.level: info -> debug");
	CHECK(!w.failed);
}

static int
count(size_t len, int *rv)
{
	struct spool_walk	walk;
	struct spool_rec	rec;

	if ((*rv = spool_begin(&walk, w.data, len)) == -1)
		return (0);
	while ((*rv = spool_next(&walk, &rec)) == 1) {
		CHECK_STR(rec.action, "config-update");
		CHECK_STR(rec.target, "log.level");
		CHECK_STR(rec.change, "log.level: info -> debug");
	}
	return (walk.n);
}

static void
records(void)
{
	size_t	len;
	int	rv;

	make(3);
	CHECK_INT(count(w.len, &rv), 3);
	CHECK_INT(rv, 0);
	/* cut anywhere, what is whole is still there */
	for (len = 0; len < w.len; len++) {
		CHECK(count(len, &rv) <= 2);
		CHECK(rv == -1 || (len - SPOOL_MAGIC_LEN) % ((w.len -
		    SPOOL_MAGIC_LEN) / 3) == 0);
	}
	wbuf_free(&w);
	make(MAX_SPOOL_RECS + 1);
	CHECK_INT(count(w.len, &rv), MAX_SPOOL_RECS);
	CHECK_INT(rv, -1);
	wbuf_free(&w);
}

static void
texts(void)
{
	char	large[MAX_SPOOL_TEXT + 2 * MAX_SPOOL_NAME];
	int	rv;

	make(1);
	memcpy(w.data + w.len - 6, "\xff", 1);
	CHECK_INT(count(w.len, &rv), 0);
	CHECK_INT(rv, -1);
	wbuf_free(&w);
	make(0);
	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	spool_put(&w, 1, "config-update", "x", large);
	CHECK(w.failed);
	wbuf_free(&w);
}

int
main(void)
{
	RUN(records);
	RUN(texts);
	return (0);
}
