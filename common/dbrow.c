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

#include <sys/types.h>

#include <stdio.h>
#include <string.h>

#include "common/dbrow.h"

/* a BLOB of exactly len bytes */
static int
dbrow_blob(sqlite3_stmt *st, int col, uint8_t *out, size_t len)
{
	if (sqlite3_column_type(st, col) != SQLITE_BLOB ||
	    (size_t)sqlite3_column_bytes(st, col) != len)
		return (-1);
	memcpy(out, sqlite3_column_blob(st, col), len);
	return (0);
}

/* an INTEGER of 0 to max */
static int
dbrow_int(sqlite3_stmt *st, int col, uint64_t *out, int64_t max)
{
	int64_t	 v;

	if (sqlite3_column_type(st, col) != SQLITE_INTEGER)
		return (-1);
	v = sqlite3_column_int64(st, col);
	if (v < 0 || v > max)
		return (-1);
	*out = (uint64_t)v;
	return (0);
}

/* NULL, or TEXT that is not empty and holds no NUL */
static int
dbrow_text(sqlite3_stmt *st, int col, const char **out)
{
	int	 type = sqlite3_column_type(st, col);

	*out = NULL;
	if (type == SQLITE_NULL)
		return (0);
	if (type != SQLITE_TEXT)
		return (-1);
	*out = (const char *)sqlite3_column_text(st, col);
	if (*out == NULL || **out == '\0' ||
	    strlen(*out) != (size_t)sqlite3_column_bytes(st, col))
		return (-1);
	return (0);
}

int
dbrow_read(sqlite3_stmt *st, struct chain_row *row, char *err, size_t errlen)
{
	uint64_t	 severity, alg;
	int		 col = -1, f;

	memset(row, 0, sizeof(*row));
	if (dbrow_int(st, col = 0, &row->seq, MAX_CHAIN_SEQ) == -1 ||
	    row->seq == 0 ||
	    dbrow_blob(st, col = 1, row->ev.id, EVENT_ID_LEN) == -1 ||
	    dbrow_int(st, col = 2, &row->ev.time_us, INT64_MAX) == -1 ||
	    dbrow_int(st, col = 3, &severity, SEV_COUNT - 1) == -1 ||
	    dbrow_int(st, col = 4, &row->ev.generation, INT64_MAX) == -1 ||
	    dbrow_int(st, col = 5, &alg, INT8_MAX) == -1 ||
	    dbrow_blob(st, col = 6, row->salt, CHAIN_SALT_LEN) == -1 ||
	    dbrow_blob(st, col = 7, row->commitment, CHAIN_HASH_LEN) == -1 ||
	    dbrow_blob(st, col = 8, row->prev, CHAIN_HASH_LEN) == -1 ||
	    dbrow_blob(st, col = 9, row->hash, CHAIN_HASH_LEN) == -1 ||
	    dbrow_blob(st, col = 10, row->epoch, CHAIN_EPOCH_LEN) == -1 ||
	    dbrow_blob(st, col = 11, row->device, CHAIN_DEVICE_LEN) == -1)
		goto bad;
	row->ev.severity = (enum severity)severity;
	row->alg = (enum chain_alg)alg;
	for (f = 0; f < EV_COUNT; f++)
		if (dbrow_text(st, col = DBROW_FIELD0 + f,
		    &row->ev.field[f]) == -1)
			goto bad;
	col = DBROW_FIELD0 + EV_ACTION;
	if (row->ev.field[EV_ACTION] == NULL)
		goto bad;
	return (0);
bad:
	snprintf(err, errlen, "column %s holds what is never stored there",
	    sqlite3_column_name(st, col));
	return (-1);
}
