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

#include "cursor.h"

enum cursor_stmt {
	CS_GET, CS_PUT, CS_DEL, CS_EACH, CS_DEAD_PUT, CS_DEAD_EACH,
	CS_DEAD_AGAIN, CS_DEAD_STEP, CS_DEAD_RETRY, CS_DEAD_SENT,
	CS_DEAD_DROP, CS_DEAD_COUNT, CS_MAX
};

#define DEAD_ROWS							\
	"SELECT seq, class, http, code, reason, time_us, retry"		\
	" FROM sink_dead "

static const char *const cursor_sql[CS_MAX] = {
	[CS_GET] = "SELECT name, cursor, replay_next, replay_to, failed"
	    " FROM sinks"
	    " WHERE name = ?",
	[CS_PUT] = "INSERT INTO sinks(name, cursor, replay_next, replay_to,"
	    " failed) VALUES(?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET"
	    " cursor = excluded.cursor, replay_next = excluded.replay_next,"
	    " replay_to = excluded.replay_to, failed = excluded.failed",
	[CS_DEL] = "DELETE FROM sinks WHERE name = ?",
	[CS_EACH] = "SELECT name, cursor, replay_next, replay_to, failed"
	    " FROM sinks"
	    " ORDER BY name",
	[CS_DEAD_PUT] = "INSERT INTO sink_dead(sink, seq, class, http, code,"
	    " reason, time_us, retry) VALUES(?,?,?,?,?,?,?,0)"
	    " ON CONFLICT(sink, seq) DO UPDATE SET class = excluded.class,"
	    " http = excluded.http, code = excluded.code,"
	    " reason = excluded.reason, time_us = excluded.time_us,"
	    " retry = 0",
	[CS_DEAD_EACH] = DEAD_ROWS "WHERE sink = ? AND seq > ?"
	    " ORDER BY seq LIMIT ?",
	/* by an index of these alone */
	[CS_DEAD_AGAIN] = DEAD_ROWS "WHERE sink = ? AND seq > ?"
	    " AND retry = 1 ORDER BY seq LIMIT ?",
	[CS_DEAD_STEP] = "SELECT seq FROM sink_dead WHERE sink = ?"
	    " AND seq > ? ORDER BY seq LIMIT 1 OFFSET ?",
	[CS_DEAD_RETRY] = "UPDATE sink_dead SET retry = 1 WHERE sink = ?"
	    " AND seq BETWEEN ? AND ? AND retry = 0",
	[CS_DEAD_SENT] = "DELETE FROM sink_dead WHERE sink = ? AND retry = 1"
	    " AND seq BETWEEN ? AND ?",
	[CS_DEAD_DROP] = "DELETE FROM sink_dead WHERE sink = ?"
	    " AND seq BETWEEN ? AND ?",
	[CS_DEAD_COUNT] = "SELECT count(*) FROM sink_dead WHERE sink = ?"
	    " AND class = ?",
};

struct cursors {
	struct store	*store;
	sqlite3_stmt	*st[CS_MAX];
};

enum store_status
cursors_open(struct cursors **out, struct store *store)
{
	struct cursors	*c;
	int		 i, rc;

	*out = NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (store_fail(store, SQLITE_NOMEM, "sinks"));
	c->store = store;
	for (i = 0; i < CS_MAX; i++) {
		rc = sqlite3_prepare_v3(store_db(store), cursor_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &c->st[i], NULL);
		if (rc != SQLITE_OK) {
			cursors_close(c);
			return (store_fail(store, rc, "sinks"));
		}
	}
	*out = c;
	return (STORE_OK);
}

void
cursors_close(struct cursors *c)
{
	int	 i;

	if (c == NULL)
		return;
	for (i = 0; i < CS_MAX; i++)
		sqlite3_finalize(c->st[i]);
	free(c);
}

static enum store_status
done(struct cursors *c, enum cursor_stmt s, const char *what)
{
	int	 rc = sqlite3_step(c->st[s]);

	(void)sqlite3_reset(c->st[s]);
	return (rc == SQLITE_DONE ? STORE_OK : store_fail(c->store, rc, what));
}

static sqlite3_stmt *
of_sink(struct cursors *c, enum cursor_stmt s, const char *name)
{
	sqlite3_bind_text(c->st[s], 1, name, -1, SQLITE_TRANSIENT);
	return (c->st[s]);
}

static void
row_read(sqlite3_stmt *st, struct cursor_row *row)
{
	const char	*name = (const char *)sqlite3_column_text(st, 0);

	memset(row, 0, sizeof(*row));
	strlcpy(row->name, name != NULL ? name : "", sizeof(row->name));
	row->cursor = (uint64_t)sqlite3_column_int64(st, 1);
	row->replay_next = (uint64_t)sqlite3_column_int64(st, 2);
	row->replay_to = (uint64_t)sqlite3_column_int64(st, 3);
	row->failed = sqlite3_column_int(st, 4);
}

enum store_status
cursor_get(struct cursors *c, const char *name, struct cursor_row *row)
{
	sqlite3_stmt	*st = of_sink(c, CS_GET, name);
	int		 rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		row_read(st, row);
	(void)sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return (STORE_OK);
	if (rc == SQLITE_DONE)
		return (store_refuse(c->store, "no sink %s is known", name));
	return (store_fail(c->store, rc, "read a sink's cursor"));
}

enum store_status
cursor_put(struct cursors *c, const struct cursor_row *row)
{
	sqlite3_stmt	*st = of_sink(c, CS_PUT, row->name);

	sqlite3_bind_int64(st, 2, (sqlite3_int64)row->cursor);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)row->replay_next);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)row->replay_to);
	sqlite3_bind_int(st, 5, row->failed);
	return (done(c, CS_PUT, "write a sink's cursor"));
}

enum store_status
cursor_del(struct cursors *c, const char *name)
{
	(void)of_sink(c, CS_DEL, name);
	return (done(c, CS_DEL, "remove a sink's cursor"));
}

enum store_status
cursor_each(struct cursors *c, int (*cb)(const struct cursor_row *, void *),
    void *arg)
{
	struct cursor_row	 row;
	sqlite3_stmt		*st = c->st[CS_EACH];
	int			 rc, stop = 0;

	while (!stop && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		row_read(st, &row);
		stop = cb(&row, arg);
	}
	(void)sqlite3_reset(st);
	return (stop || rc == SQLITE_DONE ? STORE_OK :
	    store_fail(c->store, rc, "read the sinks"));
}

enum store_status
dead_put(struct cursors *c, const char *name, const struct outbox_dead *d,
    uint64_t now_us)
{
	sqlite3_stmt	*st = of_sink(c, CS_DEAD_PUT, name);

	sqlite3_bind_int64(st, 2, (sqlite3_int64)d->seq);
	sqlite3_bind_int(st, 3, (int)d->class);
	sqlite3_bind_int(st, 4, (int)d->http);
	sqlite3_bind_int(st, 5, d->code);
	sqlite3_bind_text(st, 6, d->reason, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(st, 7, (sqlite3_int64)now_us);
	return (done(c, CS_DEAD_PUT, "write a dead letter"));
}

enum store_status
dead_each(struct cursors *c, const char *name, uint64_t after, int retry,
    unsigned int limit, int (*cb)(const struct dead_row *, void *), void *arg)
{
	struct dead_row	 row;
	sqlite3_stmt	*st = of_sink(c, retry ? CS_DEAD_AGAIN : CS_DEAD_EACH,
			    name);
	int		 rc, stop = 0;

	sqlite3_bind_int64(st, 2, (sqlite3_int64)after);
	sqlite3_bind_int(st, 3, (int)(limit == 0 || limit > MAX_DEAD_ROWS ?
	    MAX_DEAD_ROWS : limit));
	while (!stop && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		row.seq = (uint64_t)sqlite3_column_int64(st, 0);
		row.class = (uint32_t)sqlite3_column_int(st, 1);
		row.http = (uint32_t)sqlite3_column_int(st, 2);
		row.code = sqlite3_column_int(st, 3);
		row.reason = (const char *)sqlite3_column_text(st, 4);
		row.time_us = (uint64_t)sqlite3_column_int64(st, 5);
		row.retry = sqlite3_column_int(st, 6);
		if (row.reason == NULL)
			row.reason = "";
		stop = cb(&row, arg);
	}
	(void)sqlite3_reset(st);
	return (stop || rc == SQLITE_DONE ? STORE_OK :
	    store_fail(c->store, rc, "read dead letters"));
}

enum store_status
dead_step(struct cursors *c, const char *name, uint64_t after, uint64_t *to)
{
	sqlite3_stmt	*st = of_sink(c, CS_DEAD_STEP, name);
	int		 rc;

	sqlite3_bind_int64(st, 2, (sqlite3_int64)after);
	sqlite3_bind_int(st, 3, MAX_DEAD_STEP - 1);
	*to = MAX_CHAIN_SEQ;
	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*to = (uint64_t)sqlite3_column_int64(st, 0);
	(void)sqlite3_reset(st);
	return (rc == SQLITE_ROW || rc == SQLITE_DONE ? STORE_OK :
	    store_fail(c->store, rc, "read dead letters"));
}

/* between two sequences; how many it was */
static enum store_status
dead_change(struct cursors *c, enum cursor_stmt which, const char *what,
    const char *name, uint64_t from, uint64_t to, uint64_t *n)
{
	sqlite3_stmt		*st = of_sink(c, which, name);
	enum store_status	 ret;

	sqlite3_bind_int64(st, 2, (sqlite3_int64)from);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)to);
	ret = done(c, which, what);
	*n = (uint64_t)sqlite3_changes64(store_db(c->store));
	return (ret);
}

enum store_status
dead_retry(struct cursors *c, const char *name, uint64_t from, uint64_t to,
    uint64_t *n)
{
	return (dead_change(c, CS_DEAD_RETRY, "mark dead letters", name, from,
	    to, n));
}

enum store_status
dead_drop(struct cursors *c, const char *name, uint64_t from, uint64_t to,
    uint64_t *n)
{
	return (dead_change(c, CS_DEAD_DROP, "drop dead letters", name, from,
	    to, n));
}

enum store_status
dead_sent(struct cursors *c, const char *name, uint64_t from, uint64_t to)
{
	uint64_t	 n;

	return (dead_change(c, CS_DEAD_SENT, "take away dead letters", name,
	    from, to, &n));
}

enum store_status
dead_count(struct cursors *c, const char *name, enum outbox_class class,
    uint64_t *n)
{
	sqlite3_stmt	*st = of_sink(c, CS_DEAD_COUNT, name);

	sqlite3_bind_int(st, 2, (int)class);
	return (store_count(c->store, st, n));
}
