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

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"

#define META_UNCLEAN	"kept_unclean"

enum kept_stmt {
	KS_LAST, KS_TAKEN, KS_ADD, KS_OLDER, KS_EXPIRE, KS_GET, KS_MAX
};

static const char *const kept_sql[KS_MAX] = {
	[KS_LAST] = "SELECT slot FROM kept_body ORDER BY seq DESC LIMIT 1",
	[KS_TAKEN] = "SELECT 1 FROM kept_body WHERE slot = ?",
	[KS_ADD] = "INSERT OR REPLACE INTO kept_body(slot, seq, time_us, body)"
	    " VALUES(?,?,?,?)",
	[KS_OLDER] = "SELECT 1 FROM kept_body WHERE time_us < ? LIMIT 1",
	[KS_EXPIRE] = "DELETE FROM kept_body WHERE slot IN (SELECT slot FROM"
	    " kept_body WHERE time_us < ?1 ORDER BY time_us LIMIT ?2)",
	[KS_GET] = "SELECT body FROM kept_body WHERE seq = ?",
};

struct kept {
	struct store	*store;
	sqlite3_stmt	*st[KS_MAX];
	uint64_t	 next;		/* slot */
};

/* SQLITE_ROW and its number, SQLITE_DONE, or an error */
static int
kept_number(struct kept *k, enum kept_stmt which, uint64_t *n)
{
	sqlite3_stmt	*st = k->st[which];
	int		 rc;

	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*n = (uint64_t)sqlite3_column_int64(st, 0);
	(void)sqlite3_reset(st);
	return (rc);
}

enum store_status
kept_open(struct kept **out, struct store *s)
{
	struct kept	*k;
	uint64_t	 last;
	int		 i, rc = SQLITE_OK;

	*out = NULL;
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return (store_fail(s, SQLITE_NOMEM, "kept texts"));
	k->store = s;
	for (i = 0; i < KS_MAX && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(store_db(s), kept_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &k->st[i], NULL);
	if (rc == SQLITE_OK && (rc = kept_number(k, KS_LAST, &last)) ==
	    SQLITE_ROW)
		k->next = (last + 1) % MAX_KEPT;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		kept_close(k);
		return (store_fail(s, rc, "kept texts"));
	}
	*out = k;
	return (STORE_OK);
}

void
kept_close(struct kept *k)
{
	int	 i;

	if (k == NULL)
		return;
	for (i = 0; i < KS_MAX; i++)
		sqlite3_finalize(k->st[i]);
	free(k);
}

enum store_status
kept_add(struct kept *k, uint64_t seq, uint64_t time_us, const char *body)
{
	sqlite3_stmt		*st = k->st[KS_ADD];
	enum store_status	 ret;
	uint64_t		 taken;
	int			 rc;

	/* whose place it takes is forgotten */
	sqlite3_bind_int64(k->st[KS_TAKEN], 1, (sqlite3_int64)k->next);
	rc = kept_number(k, KS_TAKEN, &taken);
	if (rc == SQLITE_ROW && (ret = store_meta_set(k->store, META_UNCLEAN,
	    1)) != STORE_OK)
		return (ret);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(k->store, rc, "keep a text"));
	sqlite3_bind_int64(st, 1, (sqlite3_int64)k->next);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)seq);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)time_us);
	sqlite3_bind_text(st, 4, body, -1, SQLITE_TRANSIENT);
	rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	if (rc != SQLITE_DONE)
		return (store_fail(k->store, rc, "keep a text"));
	k->next = (k->next + 1) % MAX_KEPT;
	return (STORE_OK);
}

int
kept_older(struct kept *k, uint64_t before_us)
{
	uint64_t	 one;

	sqlite3_bind_int64(k->st[KS_OLDER], 1, (sqlite3_int64)before_us);
	return (kept_number(k, KS_OLDER, &one) == SQLITE_ROW);
}

enum store_status
kept_expire(struct kept *k, uint64_t before_us, uint64_t *n)
{
	sqlite3_stmt	*st = k->st[KS_EXPIRE];
	int		 rc;

	*n = 0;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)before_us);
	sqlite3_bind_int(st, 2, KEPT_BATCH);
	rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return (store_fail(k->store, rc, "forget texts"));
	*n = (uint64_t)sqlite3_changes(store_db(k->store));
	return (*n == 0 ? STORE_OK :
	    store_meta_set(k->store, META_UNCLEAN, 1));
}

enum store_status
kept_unclean(struct kept *k, int *unclean)
{
	enum store_status	 ret;
	uint64_t		 n;

	ret = store_meta_get(k->store, META_UNCLEAN, &n);
	*unclean = ret == STORE_OK && n != 0;
	return (ret);
}

/* not clean before it is: killed between the two, it is done again */
enum store_status
kept_scrub(struct kept *k)
{
	enum store_status	 ret;

	if ((ret = store_scrub(k->store)) != STORE_OK ||
	    (ret = store_begin(k->store)) != STORE_OK)
		return (ret);
	if ((ret = store_meta_set(k->store, META_UNCLEAN, 0)) != STORE_OK ||
	    (ret = store_commit(k->store)) != STORE_OK)
		store_rollback(k->store);
	return (ret);
}

enum store_status
kept_get(struct kept *k, uint64_t seq, char body[MAX_KEPT_BODY + 1],
    int *found)
{
	sqlite3_stmt	*st = k->st[KS_GET];
	const char	*text;
	int		 rc;

	*found = 0;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)seq);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW &&
	    (text = (const char *)sqlite3_column_text(st, 0)) != NULL) {
		strlcpy(body, text, MAX_KEPT_BODY + 1);
		*found = 1;
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(k->store, rc, "read a kept text"));
	return (STORE_OK);
}
