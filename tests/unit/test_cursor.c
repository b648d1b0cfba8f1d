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

#include "auditd/cursor.h"
#include "tests/unit/test_audit.h"

/* cursors and dead letters of sinks in a real store */

static struct store	*store;
static struct cursors	*cursors;
static char		 seen[4096];

static void
open_all(void)
{
	CHECK_INT(cursors_open(&cursors, store), STORE_OK);
}

static void
start(void)
{
	store = audit_open(NULL, EPOCH_FIRST);
	open_all();
}

static void
stop(void)
{
	cursors_close(cursors);
	store_close(store);
	audit_clean();
}

static void
put(const char *name, uint64_t at)
{
	struct cursor_row	 row;

	memset(&row, 0, sizeof(row));
	strlcpy(row.name, name, sizeof(row.name));
	row.cursor = at;
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(cursor_put(cursors, &row), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
}

static void
dead(const char *sink, uint64_t seq, enum outbox_class class)
{
	struct outbox_dead	 d;

	memset(&d, 0, sizeof(d));
	d.seq = seq;
	d.class = class;
	d.http = 400;
	d.code = 6;
	strlcpy(d.reason, "a reason", sizeof(d.reason));
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(dead_put(cursors, sink, &d, TIME0 + seq), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
}

static int
note_cursor(const struct cursor_row *row, void *arg)
{
	(void)arg;
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s=%llu ",
	    row->name, (unsigned long long)row->cursor);
	return (0);
}

static int
note_dead(const struct dead_row *d, void *arg)
{
	CHECK_STR(d->reason, "a reason");
	CHECK(d->http == 400 && d->code == 6 && d->time_us == TIME0 + d->seq);
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%llu%s ",
	    (unsigned long long)d->seq, d->retry ? "r" : "");
	return (arg != NULL && --*(int *)arg == 0);
}

static const char *
letters(const char *sink, uint64_t after, int retry, unsigned int limit)
{
	seen[0] = '\0';
	CHECK_INT(dead_each(cursors, sink, after, retry, limit, note_dead,
	    NULL), STORE_OK);
	return (seen);
}

static void
test_cursors(void)
{
	struct cursor_row	 row;

	start();
	CHECK_INT(cursor_get(cursors, "a", &row), STORE_REFUSED);
	put("b", 7);
	put("a", 5);
	put("a", 6);
	CHECK_INT(cursor_get(cursors, "a", &row), STORE_OK);
	CHECK_STR(row.name, "a");
	CHECK_INT(row.cursor, 6);
	CHECK(row.replay_next == 0 && row.replay_to == 0 && !row.failed);
	seen[0] = '\0';
	CHECK_INT(cursor_each(cursors, note_cursor, NULL), STORE_OK);
	CHECK_STR(seen, "a=6 b=7 ");
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(cursor_del(cursors, "a"), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_INT(cursor_get(cursors, "a", &row), STORE_REFUSED);
	stop();
}

/* all of a row, over a death of the process */
static void
test_durable(void)
{
	struct cursor_row	 row, got;
	char			 err[MAX_STORE_ERR];

	start();
	memset(&row, 0, sizeof(row));
	strlcpy(row.name, "sink", sizeof(row.name));
	row.cursor = MAX_CHAIN_SEQ;
	row.replay_next = 3;
	row.replay_to = 9;
	row.failed = 1;
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(cursor_put(cursors, &row), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	dead("sink", 4, OUTBOX_QUARANTINED);
	cursors_close(cursors);
	store_close(store);
	CHECK_INT(store_open(&store, &conf, err, sizeof(err)), STORE_OK);
	open_all();
	CHECK_INT(cursor_get(cursors, "sink", &got), STORE_OK);
	CHECK_STR(got.name, "sink");
	CHECK(got.cursor == MAX_CHAIN_SEQ && got.replay_next == 3 &&
	    got.replay_to == 9 && got.failed == 1);
	CHECK_STR(letters("sink", 0, 0, 0), "4 ");
	stop();
}

/* a transaction that is undone takes both along */
static void
test_undone(void)
{
	struct cursor_row	 row;
	struct outbox_dead	 d;

	start();
	put("a", 5);
	memset(&d, 0, sizeof(d));
	d.seq = 5;
	d.class = OUTBOX_DEADLETTER;
	memset(&row, 0, sizeof(row));
	strlcpy(row.name, "a", sizeof(row.name));
	row.cursor = 9;
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(dead_put(cursors, "a", &d, TIME0), STORE_OK);
	CHECK_INT(cursor_put(cursors, &row), STORE_OK);
	store_rollback(store);
	CHECK_INT(cursor_get(cursors, "a", &row), STORE_OK);
	CHECK_INT(row.cursor, 5);
	CHECK_STR(letters("a", 0, 0, 0), "");
	stop();
}

static void
test_dead(void)
{
	uint64_t	 n;
	int		 one = 1;

	start();
	dead("a", 3, OUTBOX_QUARANTINED);
	dead("a", 1, OUTBOX_DEADLETTER);
	dead("a", 2, OUTBOX_DEADLETTER);
	dead("b", 2, OUTBOX_DEADLETTER);
	CHECK_STR(letters("a", 0, 0, 0), "1 2 3 ");
	CHECK_STR(letters("a", 1, 0, 0), "2 3 ");
	CHECK_STR(letters("a", 0, 0, 2), "1 2 ");
	CHECK_STR(letters("c", 0, 0, 0), "");
	seen[0] = '\0';
	CHECK_INT(dead_each(cursors, "a", 0, 0, 0, note_dead, &one),
	    STORE_OK);
	CHECK_STR(seen, "1 ");
	CHECK_INT(dead_count(cursors, "a", OUTBOX_DEADLETTER, &n), STORE_OK);
	CHECK_INT(n, 2);
	CHECK_INT(dead_count(cursors, "a", OUTBOX_QUARANTINED, &n), STORE_OK);
	CHECK_INT(n, 1);

	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(dead_retry(cursors, "a", 2, 2, &n), STORE_OK);
	CHECK_INT(n, 1);
	CHECK_INT(dead_retry(cursors, "a", 2, 2, &n), STORE_OK);
	CHECK_INT(n, 0);
	CHECK_INT(dead_retry(cursors, "a", 99, 99, &n), STORE_OK);
	CHECK_INT(n, 0);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_STR(letters("a", 0, 1, 0), "2r ");
	/* what was not to be sent again is not gone by being between */
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(dead_sent(cursors, "a", 1, 3), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_STR(letters("a", 0, 0, 0), "1 3 ");
	/* one that failed again waits no more */
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(dead_retry(cursors, "a", 0, 9, &n), STORE_OK);
	CHECK_INT(n, 2);
	CHECK_INT(store_commit(store), STORE_OK);
	dead("a", 1, OUTBOX_QUARANTINED);
	CHECK_STR(letters("a", 0, 0, 0), "1 3r ");
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(dead_drop(cursors, "a", 3, 3, &n), STORE_OK);
	CHECK_INT(n, 1);
	CHECK_INT(dead_drop(cursors, "a", 0, 9, &n), STORE_OK);
	CHECK_INT(n, 1);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_STR(letters("a", 0, 0, 0), "");
	CHECK_STR(letters("b", 0, 0, 0), "2 ");
	stop();
}

static unsigned int
plan(const char *sql)
{
	sqlite3_stmt	*st;
	unsigned int	 scans = 0;
	const char	*s;

	CHECK_INT(sqlite3_prepare_v2(store_db(store), sql, -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		s = (const char *)sqlite3_column_text(st, 3);
		scans += strstr(s, "INDEX sink_dead_") == NULL;
	}
	sqlite3_finalize(st);
	return (scans);
}

/* of very many, a step at a time, and none is read to find few */
static void
test_many(void)
{
	uint64_t	 n, to, i;

	start();
	CHECK_INT(plan("EXPLAIN QUERY PLAN SELECT count(*) FROM sink_dead"
	    " WHERE sink = ? AND class = ?"), 0);
	CHECK_INT(plan("EXPLAIN QUERY PLAN SELECT seq, reason FROM sink_dead"
	    " WHERE sink = ? AND seq > ? AND retry = 1 ORDER BY seq LIMIT ?"),
	    0);
	CHECK_INT(store_begin(store), STORE_OK);
	for (i = 1; i <= MAX_DEAD_STEP + 5; i++) {
		struct outbox_dead	 d = { .seq = 2 * i, .class =
		    OUTBOX_DEADLETTER, .code = -1, .reason = "x" };

		CHECK_INT(dead_put(cursors, "a", &d, TIME0), STORE_OK);
	}
	CHECK_INT(dead_step(cursors, "a", 0, &to), STORE_OK);
	CHECK_INT(to, 2 * MAX_DEAD_STEP);
	CHECK_INT(dead_retry(cursors, "a", 1, to, &n), STORE_OK);
	CHECK_INT(n, MAX_DEAD_STEP);
	CHECK_INT(dead_step(cursors, "a", to, &i), STORE_OK);
	CHECK(i == MAX_CHAIN_SEQ);
	CHECK_INT(dead_retry(cursors, "a", to + 1, i, &n), STORE_OK);
	CHECK_INT(n, 5);
	CHECK_INT(dead_step(cursors, "nobody", 0, &to), STORE_OK);
	CHECK(to == MAX_CHAIN_SEQ);
	CHECK_INT(store_commit(store), STORE_OK);
	stop();
}

int
main(void)
{
	audit_setup();
	RUN(test_cursors);
	RUN(test_durable);
	RUN(test_undone);
	RUN(test_dead);
	RUN(test_many);
	audit_teardown();
	return (0);
}
