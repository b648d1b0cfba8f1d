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
#include <stdlib.h>
#include <string.h>

#include "common/dbrow.h"

#include "query.h"

#define NEWEST	((uint64_t)INT64_MAX)

/*
 * One severity of an index is in order of seq already; the four are merged
 * by the outer ORDER BY without sorting, so the first rows come at once
 * however many there are.
 */
#define ONE_SEVERITY(n, more)						\
	"SELECT seq FROM events WHERE severity = " #n " AND severity >= 2"\
	" AND (?3 & (1 << " #n ")) AND seq < ?1 AND seq > ?2" more " "
#define ALERTS(more)							\
	ONE_SEVERITY(2, more) "UNION ALL " ONE_SEVERITY(3, more)	\
	"UNION ALL " ONE_SEVERITY(4, more) "UNION ALL "			\
	ONE_SEVERITY(5, more) "ORDER BY seq DESC"

enum query_stmt {
	QS_ROW, QS_RANGE, QS_LIST, QS_ALERTS, QS_OWN, QS_ACKED, QS_ACK, QS_ID,
	QS_UNFOUNDED, QS_MAX
};

static const char *const query_sql[QS_MAX] = {
	[QS_ROW] = DBROW_SELECT "WHERE e.seq = ?",
	[QS_RANGE] = DBROW_SELECT "WHERE e.seq >= ? ORDER BY e.seq LIMIT ?",
	[QS_LIST] = "SELECT seq FROM events WHERE seq < ?1 AND seq > ?2"
	    " AND ((1 << severity) & ?3) AND (?4 IS NULL OR action = ?4)"
	    " AND (?5 IS NULL OR actor = ?5)"
	    " AND (?6 IS NULL OR session_id = ?6)"
	    " AND (?7 IS NULL OR tool_name = ?7)"
	    " AND (?8 IS NULL OR target = ?8)"
	    " AND time_us >= ?9 AND time_us < ?10 ORDER BY seq DESC",
	[QS_ALERTS] = ALERTS(""),
	[QS_OWN] = ALERTS(" AND actor = ?5"),
	[QS_ACKED] = "SELECT ack_seq FROM alert_ack WHERE seq = ?",
	[QS_ACK] = "INSERT INTO alert_ack(seq, ack_seq) VALUES(?, ?)",
	[QS_ID] = DBROW_SELECT "WHERE e.id = ?",
	[QS_UNFOUNDED] = DBROW_UNFOUNDED_ACKS,
};

struct query {
	struct store	*store;
	sqlite3_stmt	*st[QS_MAX];
};

enum store_status
query_open(struct query **out, struct store *s)
{
	enum store_status	 ret;
	struct query		*q;
	int			 i, rc;

	*out = NULL;
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return (store_fail(s, SQLITE_NOMEM, "queries"));
	q->store = s;
	for (i = 0; i < QS_MAX; i++) {
		rc = sqlite3_prepare_v3(store_db(s), query_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &q->st[i], NULL);
		if (rc != SQLITE_OK) {
			ret = store_fail(s, rc, "queries");
			query_close(q);
			return (ret);
		}
	}
	*out = q;
	return (STORE_OK);
}

void
query_close(struct query *q)
{
	int	 i;

	if (q == NULL)
		return;
	for (i = 0; i < QS_MAX; i++)
		sqlite3_finalize(q->st[i]);
	free(q);
}

/* uncommitted rows are nobody's to see */
static enum store_status
query_ready(struct query *q)
{
	if (store_in_transaction(q->store))
		return (store_refuse(q->store,
		    "a transaction is open, nothing can be read"));
	return (STORE_OK);
}

/* hands out the row a statement stands on; SQLITE_ROW or an error */
static enum store_status
query_give(struct query *q, sqlite3_stmt *st, query_cb *cb, void *arg,
    uint64_t *seq, int *stop)
{
	struct chain_row	 row;
	char			 why[128];

	if (dbrow_read(st, &row, why, sizeof(why)) == -1)
		return (store_fail(q->store, SQLITE_CORRUPT, why));
	*seq = row.seq;
	*stop = cb(&row, arg) != 0;
	return (STORE_OK);
}

/* one row by its sequence; *found is 0 when there is none */
static enum store_status
query_one(struct query *q, uint64_t seq, query_cb *cb, void *arg, int *found,
    int *stop)
{
	sqlite3_stmt		*st = q->st[QS_ROW];
	enum store_status	 ret = STORE_OK;
	int			 rc;

	*found = *stop = 0;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)seq);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		*found = 1;
		ret = query_give(q, st, cb, arg, &seq, stop);
	} else if (rc != SQLITE_DONE)
		ret = store_fail(q->store, rc, "read a row");
	(void)sqlite3_reset(st);
	return (ret);
}

static enum store_status
query_acked(struct query *q, uint64_t seq, int *acked)
{
	sqlite3_stmt	*st = q->st[QS_ACKED];
	int		 rc;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)seq);
	rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	*acked = rc == SQLITE_ROW;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(q->store, rc, "read an acknowledgement"));
	return (STORE_OK);
}

/* a candidate, read whole: is it one of the rows asked for */
struct filter_cb {
	const struct rowfilter	*rows;
	query_cb		*cb;
	void			*arg;
	unsigned int		 given;
};

static int
filter_row(const struct chain_row *row, void *arg)
{
	struct filter_cb	*a = arg;

	if (!rowfilter_match(a->rows, row))
		return (0);
	a->given++;
	return (a->cb(row, a->arg));
}

/* how many rows one call looks at */
static unsigned int
query_scan(const struct rowfilter *r)
{
	return (r->text != NULL ? MAX_QUERY_TEXT : MAX_QUERY_SCAN);
}

/* lower end (exclusive) of what one call looks at */
static uint64_t
query_floor(const struct rowfilter *r, uint64_t before)
{
	uint64_t	 floor = r->since, scan = query_scan(r);

	if (before - 1 > scan && before - 1 - scan > floor)
		floor = before - 1 - scan;
	return (floor);
}

/* what a statement has no place for is found out by filter_row() */
static void
query_bind(sqlite3_stmt *st, const struct rowfilter *r, uint64_t before,
    uint64_t floor)
{
	const char	*text[] = { r->action, r->actor, r->session, r->tool,
			    r->target };
	int		 i, n = sqlite3_bind_parameter_count(st);

	sqlite3_bind_int64(st, 1, (sqlite3_int64)before);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)floor);
	sqlite3_bind_int(st, 3, (int)r->severities);
	for (i = 0; i < 5 && 4 + i <= n; i++)
		sqlite3_bind_text(st, 4 + i, text[i], -1, SQLITE_STATIC);
	if (n < 10)
		return;
	sqlite3_bind_int64(st, 9, (sqlite3_int64)r->since_us);
	sqlite3_bind_int64(st, 10, r->until_us != 0 ?
	    (sqlite3_int64)r->until_us : INT64_MAX);
}

/*
 * Steps through candidates, newest first, until enough were given or looked
 * at.  *next: see query_list; floor is where the candidates end.
 */
static enum store_status
query_walk(struct query *q, sqlite3_stmt *st, const struct query_filter *f,
    struct filter_cb *a, uint64_t *next)
{
	enum store_status	 ret = STORE_OK;
	unsigned int		 looked = 0;
	uint64_t		 seq;
	int			 rc, acked = 0, found, stop = 0;

	*next = 0;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		seq = (uint64_t)sqlite3_column_int64(st, 0);
		if (f->open_only &&
		    (ret = query_acked(q, seq, &acked)) != STORE_OK)
			break;
		if (!acked && (ret = query_one(q, seq, filter_row, a,
		    &found, &stop)) != STORE_OK)
			break;
		if (stop || a->given >= f->limit ||
		    ++looked >= query_scan(a->rows)) {
			*next = seq;
			break;
		}
	}
	(void)sqlite3_reset(st);
	if (ret == STORE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
		ret = store_fail(q->store, rc, "list rows");
	return (ret);
}

enum store_status
query_list(struct query *q, const struct query_filter *filter, query_cb *cb,
    void *arg, uint64_t *next)
{
	struct query_filter	 f = *filter;
	struct filter_cb	 a = { &f.rows, cb, arg, 0 };
	struct rowfilter	*r = &f.rows;
	enum store_status	 ret;
	struct head		 tip;
	sqlite3_stmt		*st;
	uint64_t		 before, floor;

	*next = 0;
	if ((ret = query_ready(q)) != STORE_OK)
		return (ret);
	if (f.limit == 0 || f.limit > MAX_QUERY_ROWS)
		f.limit = MAX_QUERY_ROWS;
	if (r->severities == 0)
		r->severities = SEV_ANY;
	if (f.open_only)
		r->severities &= SEV_ALERT;
	if (r->since > NEWEST)
		r->since = NEWEST;
	if (r->since_us > NEWEST)
		r->since_us = NEWEST;
	if (r->until_us > NEWEST)
		r->until_us = NEWEST;
	store_head(q->store, &tip);
	before = r->before == 0 || r->before > tip.seq ? tip.seq + 1 :
	    r->before;
	floor = r->since;
	if ((r->severities & ~SEV_ALERT) == 0) {
		st = q->st[r->actor == NULL ? QS_ALERTS : QS_OWN];
	} else {
		st = q->st[QS_LIST];
		floor = query_floor(r, before);
	}
	query_bind(st, r, before, floor);
	if ((ret = query_walk(q, st, &f, &a, next)) == STORE_OK &&
	    *next == 0 && floor > r->since)
		*next = floor + 1;
	return (ret);
}

enum store_status
query_alerts(struct query *q, const struct query_filter *filter, query_cb *cb,
    void *arg, uint64_t *next)
{
	struct query_filter	 f = *filter;

	f.open_only = 1;
	return (query_list(q, &f, cb, arg, next));
}

enum store_status
query_id(struct query *q, const uint8_t id[EVENT_ID_LEN], query_cb *cb,
    void *arg, int *found)
{
	sqlite3_stmt		*st = q->st[QS_ID];
	enum store_status	 ret;
	uint64_t		 seq;
	int			 rc, stop;

	*found = 0;
	if ((ret = query_ready(q)) != STORE_OK)
		return (ret);
	sqlite3_bind_blob(st, 1, id, EVENT_ID_LEN, SQLITE_STATIC);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		*found = 1;
		ret = query_give(q, st, cb, arg, &seq, &stop);
	} else if (rc != SQLITE_DONE)
		ret = store_fail(q->store, rc, "look up an id");
	(void)sqlite3_reset(st);
	return (ret);
}

enum store_status
query_unfounded(struct query *q, uint64_t *n)
{
	return (store_count(q->store, q->st[QS_UNFOUNDED], n));
}

enum store_status
query_show(struct query *q, uint64_t seq, query_cb *cb, void *arg)
{
	enum store_status	 ret;
	int			 found, stop;

	if ((ret = query_ready(q)) != STORE_OK ||
	    (ret = query_one(q, seq > NEWEST ? NEWEST : seq, cb, arg, &found,
	    &stop)) != STORE_OK)
		return (ret);
	if (!found)
		return (store_refuse(q->store, "there is no row %llu",
		    (unsigned long long)seq));
	return (STORE_OK);
}

enum store_status
query_rows(struct query *q, uint64_t from, unsigned int max, query_cb *cb,
    void *arg, uint64_t *next)
{
	sqlite3_stmt		*st = q->st[QS_RANGE];
	enum store_status	 ret;
	uint64_t		 seq;
	int			 rc = SQLITE_DONE, stop = 0;

	*next = from;
	if ((ret = query_ready(q)) != STORE_OK)
		return (ret);
	if (max == 0 || max > MAX_QUERY_ROWS)
		max = MAX_QUERY_ROWS;
	sqlite3_bind_int64(st, 1,
	    (sqlite3_int64)(from > NEWEST ? NEWEST : from));
	sqlite3_bind_int64(st, 2, max);
	while (!stop && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		ret = query_give(q, st, cb, arg, &seq, &stop);
		if (ret != STORE_OK)
			break;
		*next = seq + 1;
	}
	(void)sqlite3_reset(st);
	if (ret == STORE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
		ret = store_fail(q->store, rc, "read rows");
	return (ret);
}

static int
is_alert(const struct chain_row *row, void *arg)
{
	*(int *)arg = row->ev.severity >= SEV_LOW;
	return (0);
}

enum store_status
query_acknowledge(struct query *q, uint64_t alert, const void *event,
    size_t len, uint64_t *seq)
{
	sqlite3_stmt		*st = q->st[QS_ACK];
	enum store_status	 ret;
	int			 acked, alerting = 0, found, known, rc, stop;

	if (!store_in_transaction(q->store))
		return (store_refuse(q->store, "no transaction is open"));
	if (alert > NEWEST)
		alert = NEWEST;
	if ((ret = query_one(q, alert, is_alert, &alerting, &found, &stop)) !=
	    STORE_OK)
		return (ret);
	if (!found || !alerting)
		return (store_refuse(q->store, "row %llu is no alert",
		    (unsigned long long)alert));
	if ((ret = store_append(q->store, event, len, seq, &known)) !=
	    STORE_OK || known)
		return (ret);
	if ((ret = query_acked(q, alert, &acked)) != STORE_OK || acked)
		return (ret);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)alert);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)*seq);
	rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return (store_fail(q->store, rc, "write an acknowledgement"));
	return (STORE_OK);
}
