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

#include "approve.h"

#define COLUMNS								\
	"number, state, severity, asked_us, until_us, hash, used_id,"	\
	" actor, tool, agent, session, reason, request"
#define COUNTS	"state != 4"	/* APPROVAL_USED */

enum approve_stmt {
	AS_HASH, AS_NUMBER, AS_OVER, AS_COUNT, AS_COUNT_ACTOR, AS_PUT,
	AS_DROP, AS_DROP_ALL, AS_EACH, AS_PASSPHRASE, AS_PASSPHRASE_PUT,
	AS_MAX
};

static const char *const approve_sql[AS_MAX] = {
	[AS_HASH] = "SELECT " COLUMNS " FROM approvals WHERE hash = ?",
	[AS_NUMBER] = "SELECT " COLUMNS " FROM approvals WHERE number = ?",
	[AS_OVER] = "SELECT " COLUMNS " FROM approvals WHERE until_us <= ?"
	    " ORDER BY number LIMIT 1",
	[AS_COUNT] = "SELECT count(*) FROM approvals WHERE " COUNTS,
	[AS_COUNT_ACTOR] = "SELECT count(*) FROM approvals WHERE " COUNTS
	    " AND actor = ?",
	[AS_PUT] = "INSERT OR REPLACE INTO approvals(" COLUMNS
	    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[AS_DROP] = "DELETE FROM approvals WHERE number = ?",
	[AS_DROP_ALL] = "DELETE FROM approvals",
	[AS_EACH] = "SELECT " COLUMNS " FROM approvals WHERE " COUNTS
	    " ORDER BY number",
	[AS_PASSPHRASE] = "SELECT salt, hash FROM passphrase",
	[AS_PASSPHRASE_PUT] = "INSERT OR REPLACE INTO passphrase"
	    "(one, salt, hash) VALUES(1,?,?)",
};
_Static_assert(APPROVAL_USED == 4, "COUNTS");

struct approve_db {
	struct store	*store;
	sqlite3_stmt	*st[AS_MAX];
};

enum store_status
approve_open(struct approve_db **out, struct store *s)
{
	enum store_status	 ret;
	struct approve_db	*a;
	int			 i, rc;

	*out = NULL;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (store_fail(s, SQLITE_NOMEM, "approvals"));
	a->store = s;
	for (i = 0; i < AS_MAX; i++) {
		rc = sqlite3_prepare_v3(store_db(s), approve_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &a->st[i], NULL);
		if (rc != SQLITE_OK) {
			ret = store_fail(s, rc, "approvals");
			approve_close(a);
			return (ret);
		}
	}
	*out = a;
	return (STORE_OK);
}

void
approve_close(struct approve_db *a)
{
	int	 i;

	if (a == NULL)
		return;
	for (i = 0; i < AS_MAX; i++)
		sqlite3_finalize(a->st[i]);
	free(a);
}

static void
text_of(sqlite3_stmt *st, int col, char *buf, size_t size)
{
	const char	*s = (const char *)sqlite3_column_text(st, col);

	strlcpy(buf, s != NULL ? s : "", size);
}

/* -1: it is not what we wrote */
static int
row_of(sqlite3_stmt *st, struct approval *row)
{
	memset(row, 0, sizeof(*row));
	if (sqlite3_column_bytes(st, 5) != sizeof(row->hash) ||
	    sqlite3_column_bytes(st, 6) != sizeof(row->used_id))
		return (-1);
	row->number = (uint64_t)sqlite3_column_int64(st, 0);
	row->state = (uint32_t)sqlite3_column_int(st, 1);
	row->severity = (uint32_t)sqlite3_column_int(st, 2);
	row->asked_us = (uint64_t)sqlite3_column_int64(st, 3);
	row->until_us = (uint64_t)sqlite3_column_int64(st, 4);
	memcpy(row->hash, sqlite3_column_blob(st, 5), sizeof(row->hash));
	memcpy(row->used_id, sqlite3_column_blob(st, 6),
	    sizeof(row->used_id));
	text_of(st, 7, row->actor, sizeof(row->actor));
	text_of(st, 8, row->tool, sizeof(row->tool));
	text_of(st, 9, row->agent, sizeof(row->agent));
	text_of(st, 10, row->session, sizeof(row->session));
	text_of(st, 11, row->reason, sizeof(row->reason));
	text_of(st, 12, row->request, sizeof(row->request));
	return (0);
}

/* one row or none, of a statement whose values are bound */
static enum store_status
one(struct approve_db *a, sqlite3_stmt *st, struct approval *row)
{
	int	 rc, bad = 0;

	memset(row, 0, sizeof(*row));
	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		bad = row_of(st, row);
	(void)sqlite3_reset(st);
	if (bad)
		return (store_fail(a->store, SQLITE_CORRUPT, "approvals"));
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(a->store, rc, "read an approval"));
	return (STORE_OK);
}

enum store_status
approve_of_hash(struct approve_db *a, const uint8_t hash[APPROVAL_HASH_LEN],
    struct approval *row)
{
	sqlite3_bind_blob(a->st[AS_HASH], 1, hash, APPROVAL_HASH_LEN,
	    SQLITE_STATIC);
	return (one(a, a->st[AS_HASH], row));
}

enum store_status
approve_of_number(struct approve_db *a, uint64_t number,
    struct approval *row)
{
	sqlite3_bind_int64(a->st[AS_NUMBER], 1, (sqlite3_int64)number);
	return (one(a, a->st[AS_NUMBER], row));
}

enum store_status
approve_over(struct approve_db *a, uint64_t now_us, struct approval *row)
{
	sqlite3_bind_int64(a->st[AS_OVER], 1, (sqlite3_int64)now_us);
	return (one(a, a->st[AS_OVER], row));
}

enum store_status
approve_count(struct approve_db *a, const char *actor, uint64_t *n)
{
	if (actor == NULL)
		return (store_count(a->store, a->st[AS_COUNT], n));
	sqlite3_bind_text(a->st[AS_COUNT_ACTOR], 1, actor, -1,
	    SQLITE_STATIC);
	return (store_count(a->store, a->st[AS_COUNT_ACTOR], n));
}

static enum store_status
run(struct approve_db *a, sqlite3_stmt *st)
{
	int	 rc;

	rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	return (rc == SQLITE_DONE ? STORE_OK : store_fail(a->store, rc,
	    "write an approval"));
}

enum store_status
approve_put(struct approve_db *a, const struct approval *row)
{
	const char	*const texts[] = { row->actor, row->tool, row->agent,
	    row->session, row->reason, row->request };
	sqlite3_stmt	*st = a->st[AS_PUT];
	int		 i;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)row->number);
	sqlite3_bind_int(st, 2, (int)row->state);
	sqlite3_bind_int(st, 3, (int)row->severity);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)row->asked_us);
	sqlite3_bind_int64(st, 5, (sqlite3_int64)row->until_us);
	sqlite3_bind_blob(st, 6, row->hash, sizeof(row->hash),
	    SQLITE_STATIC);
	sqlite3_bind_blob(st, 7, row->used_id, sizeof(row->used_id),
	    SQLITE_STATIC);
	for (i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
		sqlite3_bind_text(st, 8 + i, texts[i], -1, SQLITE_STATIC);
	return (run(a, st));
}

enum store_status
approve_drop(struct approve_db *a, uint64_t number)
{
	sqlite3_bind_int64(a->st[AS_DROP], 1, (sqlite3_int64)number);
	return (run(a, a->st[AS_DROP]));
}

enum store_status
approve_drop_all(struct approve_db *a)
{
	return (run(a, a->st[AS_DROP_ALL]));
}

enum store_status
approve_each(struct approve_db *a, int (*cb)(const struct approval *, void *),
    void *arg)
{
	struct approval	 row;
	sqlite3_stmt	*st = a->st[AS_EACH];
	int		 rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (row_of(st, &row) == -1) {
			rc = SQLITE_CORRUPT;
			break;
		}
		if (cb(&row, arg) != 0) {
			rc = SQLITE_DONE;
			break;
		}
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return (store_fail(a->store, rc, "read the approvals"));
	return (STORE_OK);
}

enum store_status
approve_passphrase(struct approve_db *a, struct passphrase *pw)
{
	sqlite3_stmt	*st = a->st[AS_PASSPHRASE];
	int		 rc;

	memset(pw, 0, sizeof(*pw));
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (sqlite3_column_bytes(st, 0) == sizeof(pw->salt) &&
		    sqlite3_column_bytes(st, 1) == sizeof(pw->hash)) {
			pw->set = 1;
			memcpy(pw->salt, sqlite3_column_blob(st, 0),
			    sizeof(pw->salt));
			memcpy(pw->hash, sqlite3_column_blob(st, 1),
			    sizeof(pw->hash));
		} else
			rc = SQLITE_CORRUPT;
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(a->store, rc, "read the passphrase's "
		    "hash"));
	return (STORE_OK);
}

enum store_status
approve_passphrase_put(struct approve_db *a, const struct passphrase *pw)
{
	sqlite3_stmt	*st = a->st[AS_PASSPHRASE_PUT];

	sqlite3_bind_blob(st, 1, pw->salt, sizeof(pw->salt), SQLITE_STATIC);
	sqlite3_bind_blob(st, 2, pw->hash, sizeof(pw->hash), SQLITE_STATIC);
	return (run(a, st));
}
