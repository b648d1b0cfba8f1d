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

#include "common/le.h"
#include "common/outbox.h"
#include "tests/unit/test.h"

/* rows as they go from auditd to a sink */

static struct chain_row
make_row(uint64_t seq)
{
	struct chain_row	 row;

	memset(&row, 0, sizeof(row));
	row.seq = seq;
	row.alg = CHAIN_SHA256;
	memset(row.device, 1, sizeof(row.device));
	memset(row.epoch, 2, sizeof(row.epoch));
	memset(row.salt, 3, sizeof(row.salt));
	memset(row.commitment, 4, sizeof(row.commitment));
	memset(row.prev, 5, sizeof(row.prev));
	memset(row.hash, 6, sizeof(row.hash));
	row.ev.time_us = 1767323045000000ULL + seq;
	row.ev.severity = SEV_LOW;
	row.ev.field[EV_ACTION] = "scan";
	row.ev.field[EV_TARGET] = "\303\244";
	return (row);
}

static void
same_row(const struct chain_row *a, const struct chain_row *b)
{
	size_t	 i;

	CHECK_INT(a->seq, b->seq);
	CHECK_INT(a->alg, b->alg);
	CHECK(memcmp(a->device, b->device, sizeof(a->device)) == 0);
	CHECK(memcmp(a->epoch, b->epoch, sizeof(a->epoch)) == 0);
	CHECK(memcmp(a->salt, b->salt, sizeof(a->salt)) == 0);
	CHECK(memcmp(a->commitment, b->commitment,
	    sizeof(a->commitment)) == 0);
	CHECK(memcmp(a->prev, b->prev, sizeof(a->prev)) == 0);
	CHECK(memcmp(a->hash, b->hash, sizeof(a->hash)) == 0);
	CHECK_INT(a->ev.time_us, b->ev.time_us);
	CHECK_INT(a->ev.severity, b->ev.severity);
	for (i = 0; i < EV_COUNT; i++)
		if (a->ev.field[i] == NULL)
			CHECK(b->ev.field[i] == NULL);
		else
			CHECK_STR(b->ev.field[i], a->ev.field[i]);
}

static void
test_there_and_back(void)
{
	struct chain_row	 row, got;
	struct wbuf		 w;
	size_t			 cursor = 0;
	uint64_t		 n;

	wbuf_init(&w, MAX_FRAME);
	for (n = 1; n <= 3; n++) {
		row = make_row(n);
		CHECK_INT(outbox_pack(&w, &row), 0);
	}
	/* little-endian: what it says is what follows */
	CHECK_INT(le_get32(w.data) + 4, w.len / 3);
	CHECK_INT(le_get64(w.data + 8), 1);
	for (n = 1; n <= 3; n++) {
		row = make_row(n);
		CHECK_INT(outbox_unpack(w.data, w.len, &cursor, &got), 1);
		same_row(&row, &got);
	}
	CHECK_INT(outbox_unpack(w.data, w.len, &cursor, &got), 0);
	CHECK_INT(outbox_unpack(w.data, 0, &cursor, &got) == 1, 0);
	wbuf_free(&w);
}

/* every length that is not the whole, and every header that is not one */
static void
test_malformed(void)
{
	struct chain_row	 row = make_row(9), got;
	struct wbuf		 w;
	uint8_t			*copy;
	size_t			 n, cursor;

	wbuf_init(&w, MAX_FRAME);
	CHECK_INT(outbox_pack(&w, &row), 0);
	for (n = 1; n < w.len; n++) {
		/* no byte more than that may be read */
		CHECK((copy = malloc(n)) != NULL);
		memcpy(copy, w.data, n);
		cursor = 0;
		CHECK_INT(outbox_unpack(copy, n, &cursor, &got), -1);
		free(copy);
	}
#define BAD(put) do {							\
	CHECK((copy = malloc(w.len)) != NULL);				\
	memcpy(copy, w.data, w.len);					\
	put;								\
	cursor = 0;							\
	CHECK_INT(outbox_unpack(copy, w.len, &cursor, &got), -1);	\
	free(copy);							\
} while (0)
	BAD(le_put32(copy, 0));
	BAD(le_put32(copy, OUTBOX_ROW_HEAD - 5));
	BAD(le_put32(copy, 0xffffffff));
	BAD(le_put32(copy, (uint32_t)w.len));
	BAD(le_put32(copy + 4, 0));
	BAD(le_put32(copy + 4, 99));
	BAD(le_put64(copy + 8, 0));
	BAD(le_put64(copy + 8, UINT64_MAX));
	BAD(copy[OUTBOX_ROW_HEAD] ^= 0xff);
#undef BAD
	wbuf_free(&w);
}

/* what does not fit leaves nothing behind */
static void
test_no_room(void)
{
	struct chain_row	 row = make_row(1);
	struct wbuf		 w;

	wbuf_init(&w, OUTBOX_ROW_HEAD + 10);
	CHECK_INT(outbox_pack(&w, &row), -1);
	CHECK_INT(errno, EMSGSIZE);
	wbuf_free(&w);
}

int
main(void)
{
	RUN(test_there_and_back);
	RUN(test_malformed);
	RUN(test_no_room);
	return (0);
}
