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

#include "common/dbrow.h"
#include "tests/unit/test.h"

/* Rows as the database hands them out, and one thing wrong with each. */

#define NCOLS	(DBROW_FIELD0 + EV_COUNT)

static sqlite3	*db;

static const char *const	 good[DBROW_FIELD0] = {
	"7", NULL, "1700000000000000", "2", "3", "1"
};
static const size_t		 sizes[DBROW_FIELD0] = {
	[1] = EVENT_ID_LEN, [6] = CHAIN_SALT_LEN, [7] = CHAIN_HASH_LEN,
	[8] = CHAIN_HASH_LEN, [9] = CHAIN_HASH_LEN, [10] = CHAIN_EPOCH_LEN,
	[11] = CHAIN_DEVICE_LEN
};

/* reads a row with value in column bad (-1: none); its error */
static const char *
read_with(int bad, const char *value, struct chain_row *row)
{
	static char	 err[256];
	static sqlite3_stmt *st;
	char		 sql[4096], cell[128];
	size_t		 len;
	int		 i;

	sqlite3_finalize(st);
	len = (size_t)snprintf(sql, sizeof(sql), "SELECT ");
	for (i = 0; i < NCOLS; i++) {
		if (i == bad)
			(void)snprintf(cell, sizeof(cell), "%s", value);
		else if (i >= DBROW_FIELD0)
			(void)snprintf(cell, sizeof(cell), "%s",
			    i == DBROW_FIELD0 ? "'tool-block'" : "NULL");
		else if (sizes[i] != 0)
			(void)snprintf(cell, sizeof(cell), "zeroblob(%zu)",
			    sizes[i]);
		else
			(void)snprintf(cell, sizeof(cell), "%s", good[i]);
		len += (size_t)snprintf(sql + len, sizeof(sql) - len,
		    "%s%s AS c%d", i == 0 ? "" : ", ", cell, i);
	}
	CHECK(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	CHECK(sqlite3_step(st) == SQLITE_ROW);
	err[0] = '\0';
	CHECK_INT(dbrow_read(st, row, err, sizeof(err)), bad == -1 ? 0 : -1);
	return (err);
}

static void
whole(void)
{
	struct chain_row	 row;

	CHECK_STR(read_with(-1, NULL, &row), "");
	CHECK_INT(row.seq, 7);
	CHECK_INT(row.ev.time_us, 1700000000000000LL);
	CHECK_INT(row.ev.severity, 2);
	CHECK_INT(row.ev.generation, 3);
	CHECK_INT(row.alg, 1);
	CHECK_STR(row.ev.field[EV_ACTION], "tool-block");
	CHECK(row.ev.field[EV_TARGET] == NULL);
}

/* each column with what is never stored there, which is named */
static void
wrong(void)
{
	static const char *const ints[] = { "NULL", "'7'", "x'07'", "-1",
	    "7.5" };
	static const char *const over[DBROW_FIELD0] = {
		[3] = "99", [5] = "128"
	};
	struct chain_row	 row;
	char			 want[80], cell[80];
	size_t			 i;
	int			 col;

	for (col = 0; col < DBROW_FIELD0; col++) {
		(void)snprintf(want, sizeof(want),
		    "column c%d holds what is never stored there", col);
		if (sizes[col] != 0) {
			CHECK_STR(read_with(col, "NULL", &row), want);
			CHECK_STR(read_with(col, "'text'", &row), want);
			(void)snprintf(cell, sizeof(cell), "zeroblob(%zu)",
			    sizes[col] - 1);
			CHECK_STR(read_with(col, cell, &row), want);
			(void)snprintf(cell, sizeof(cell), "zeroblob(%zu)",
			    sizes[col] + 1);
			CHECK_STR(read_with(col, cell, &row), want);
			continue;
		}
		for (i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
			CHECK_STR(read_with(col, ints[i], &row), want);
		if (over[col] != NULL)
			CHECK_STR(read_with(col, over[col], &row), want);
	}
	CHECK_STR(read_with(0, "0", &row),
	    "column c0 holds what is never stored there");
	(void)snprintf(cell, sizeof(cell), "%llu",
	    (unsigned long long)MAX_CHAIN_SEQ + 1);
	CHECK_STR(read_with(0, cell, &row),
	    "column c0 holds what is never stored there");
	for (; col < NCOLS; col++) {
		(void)snprintf(want, sizeof(want),
		    "column c%d holds what is never stored there", col);
		CHECK_STR(read_with(col, "1", &row), want);
		CHECK_STR(read_with(col, "x'41'", &row), want);
		CHECK_STR(read_with(col, "''", &row), want);
		CHECK_STR(read_with(col, "CAST(x'410042' AS TEXT)", &row),
		    want);
	}
	CHECK_STR(read_with(DBROW_FIELD0, "NULL", &row),
	    "column c12 holds what is never stored there");
}

int
main(void)
{
	CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
	RUN(whole);
	RUN(wrong);
	return (0);
}
