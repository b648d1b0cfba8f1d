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

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/dbrow.h"
#include "auditdb.h"

#define BUSY_MS		5000
#define PIECE_ROWS	4096

static sqlite3 *
open_as(const char *name, int flags, char *err, size_t errlen)
{
	sqlite3	*db = NULL;

	if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_EXRESCODE | flags, NULL) != SQLITE_OK) {
		snprintf(err, errlen, "%s", db == NULL ? "out of memory" :
		    sqlite3_errmsg(db));
		sqlite3_close(db);
		return (NULL);
	}
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_busy_timeout(db, BUSY_MS);
	return (db);
}

sqlite3 *
auditdb_open(const char *path, char *err, size_t errlen)
{
	return (open_as(path, 0, err, errlen));
}

sqlite3 *
auditdb_open_still(const char *path, char *err, size_t errlen)
{
	char	 uri[3 * PATH_MAX];
	size_t	 n;

	/* as a URI has it: all but what is surely harmless in hexadecimal */
	n = strlcpy(uri, "file:", sizeof(uri));
	for (; *path != '\0' && n + 32 < sizeof(uri); path++)
		if (strchr("/._-", *path) != NULL || isalnum(
		    (unsigned char)*path))
			uri[n++] = *path;
		else
			n += (size_t)snprintf(uri + n, sizeof(uri) - n,
			    "%%%02X", (unsigned char)*path);
	strlcpy(uri + n, "?immutable=1", sizeof(uri) - n);
	return (open_as(uri, SQLITE_OPEN_URI, err, errlen));
}

/* rows from *at on, which follows them; SQLITE_DONE at the very end */
static int
query_piece(sqlite3_stmt *st, const struct rowfilter *f, auditdb_cb *cb,
    void *arg, uint64_t *at, int *ret, char *err, size_t errlen)
{
	struct chain_row	 row;
	char			 why[128];
	int			 n, rc = SQLITE_ROW;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)*at);
	for (n = 0; n < PIECE_ROWS && *ret == 0; n++) {
		if ((rc = sqlite3_step(st)) != SQLITE_ROW)
			break;
		if (dbrow_read(st, &row, why, sizeof(why)) == -1) {
			snprintf(err, errlen, "after row %llu: %s",
			    (unsigned long long)*at, why);
			*ret = -1;
			break;
		}
		*at = row.seq;
		if (rowfilter_match(f, &row))
			*ret = cb(&row, arg);
	}
	(void)sqlite3_reset(st);
	return (rc);
}

/* sql's parameters: where to go on, and the end */
static int
query_walk(sqlite3 *db, const char *sql, uint64_t at, uint64_t end,
    const struct rowfilter *f, auditdb_cb *cb, void *arg, char *err,
    size_t errlen)
{
	sqlite3_stmt	*st = NULL;
	int		 rc, ret = 0;

	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(st, 2, (sqlite3_int64)end);
		do
			rc = query_piece(st, f, cb, arg, &at, &ret, err,
			    errlen);
		while (rc == SQLITE_ROW && ret == 0);
	}
	if (ret == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW) {
		snprintf(err, errlen, "%s", sqlite3_errmsg(db));
		ret = -1;
	}
	sqlite3_finalize(st);
	return (ret);
}

int
auditdb_query(sqlite3 *db, const struct rowfilter *f, auditdb_cb *cb,
    void *arg, char *err, size_t errlen)
{
	return (query_walk(db, DBROW_SELECT "WHERE e.seq < ? AND e.seq > ? "
	    "ORDER BY e.seq DESC", f->before != 0 ? f->before : INT64_MAX,
	    f->since, f, cb, arg, err, errlen));
}

int
auditdb_each(sqlite3 *db, const struct rowfilter *f, auditdb_cb *cb,
    void *arg, char *err, size_t errlen)
{
	return (query_walk(db, DBROW_SELECT "WHERE e.seq > ? AND e.seq < ? "
	    "ORDER BY e.seq", f->since, f->before != 0 ? f->before :
	    INT64_MAX, f, cb, arg, err, errlen));
}
