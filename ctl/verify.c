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

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dbrow.h"
#include "common/export.h"
#include "common/kept.h"

#include "auditdb.h"
#include "verify.h"

#define READ_CHUNK	65536
#define DB_CHUNK	4096	/* rows of one read transaction */

/* what is kept of a row for the checkpoints to come */
struct seen {
	uint64_t	seq;
	uint8_t		epoch[CHAIN_EPOCH_LEN];
	uint8_t		hash[CHAIN_HASH_LEN];
};

struct verify {
	uint8_t			 public_key[CHAIN_KEY_LEN];
	uint8_t			 device[CHAIN_DEVICE_LEN];
	struct head		 anchor;
	int			 has_anchor;
	uint64_t		 from;
	int			 has_header;
	enum chain_alg		 header_alg;
	struct chain_row	 last;		/* its strings are not valid */
	struct export_reader	*reader;
	struct seen		*ring;		/* MAX_CHECKPOINT_LAG */
	struct verify_result	 res;		/* ok is 0 once bad */
};

struct verify *
verify_new(const struct verify_conf *conf, char *err, size_t errlen)
{
	struct verify	*v;

	if ((v = calloc(1, sizeof(*v))) == NULL ||
	    (v->reader = export_reader_new()) == NULL ||
	    (v->ring = calloc(MAX_CHECKPOINT_LAG, sizeof(*v->ring))) ==
	    NULL) {
		verify_free(v);
		snprintf(err, errlen, "out of memory");
		return (NULL);
	}
	memcpy(v->public_key, conf->public_key, CHAIN_KEY_LEN);
	chain_device(v->public_key, v->device);
	v->from = conf->from == 0 ? 1 : conf->from;
	v->res.ok = 1;
	if (conf->anchor != NULL) {
		v->anchor = *conf->anchor;
		v->has_anchor = 1;
		if (head_verify(&v->anchor, v->public_key, err, errlen) ==
		    -1) {
			verify_free(v);
			return (NULL);
		}
	}
	return (v);
}

void
verify_free(struct verify *v)
{
	if (v == NULL)
		return;
	export_reader_free(v->reader);
	free(v->ring);
	free(v);
}

/* the first thing that is bad stays; always -1 */
static int __attribute__((__format__(printf, 3, 4)))
verify_bad(struct verify *v, uint64_t seq, const char *fmt, ...)
{
	va_list	 ap;

	if (!v->res.ok)
		return (-1);
	v->res.ok = 0;
	v->res.bad_seq = seq;
	va_start(ap, fmt);
	vsnprintf(v->res.reason, sizeof(v->res.reason), fmt, ap);
	va_end(ap);
	return (-1);
}

/* sequence of the row that should come next */
static uint64_t
verify_next(const struct verify *v)
{
	return (v->res.rows == 0 ? v->from : v->last.seq + 1);
}

static int
verify_header(struct verify *v, const char *line, size_t len)
{
	struct export_header	 h;
	char			 why[128];

	if (export_header_parse(&h, line, len, why, sizeof(why)) == -1)
		return (verify_bad(v, v->from, "first line: %s", why));
	if (memcmp(h.public_key, v->public_key, CHAIN_KEY_LEN) != 0 ||
	    memcmp(h.device, v->device, CHAIN_DEVICE_LEN) != 0)
		return (verify_bad(v, v->from,
		    "first line: the export is of another device than the "
		    "key given"));
	if (h.from != v->from)
		return (verify_bad(v, v->from, "first line: the export "
		    "starts with row %" PRIu64 ", not with row %" PRIu64,
		    h.from, v->from));
	v->has_header = 1;
	v->header_alg = h.alg;
	return (0);
}

/* place of the row among the others */
static int
verify_place(struct verify *v, const struct chain_row *row)
{
	uint64_t	 next = verify_next(v);

	if (row->seq == next)
		return (0);
	if (row->seq < next)
		return (verify_bad(v, row->seq,
		    "a second row with this sequence comes after row %"
		    PRIu64, next - 1));
	if (v->res.rows > 0 && memcmp(row->epoch, v->last.epoch,
	    CHAIN_EPOCH_LEN) != 0)
		return (verify_bad(v, next, "rows %" PRIu64 " to %" PRIu64
		    " are missing: a new epoch begins with row %" PRIu64
		    ", an older copy was put back before; verify the rest "
		    "from there", next, row->seq - 1, row->seq));
	return (verify_bad(v, next, "row %" PRIu64 " is missing, row %"
	    PRIu64 " comes in its place", next, row->seq));
}

static int
verify_prev(struct verify *v, const struct chain_row *row)
{
	uint8_t		 genesis[CHAIN_HASH_LEN];
	const uint8_t	*want = v->last.hash;

	if (v->res.rows == 0) {
		/* without the row before nothing can be said from K on */
		if (row->seq != 1)
			return (0);
		chain_genesis(row, NULL, genesis);
		want = genesis;
	} else if (memcmp(row->epoch, v->last.epoch, CHAIN_EPOCH_LEN) != 0) {
		chain_genesis(row, &v->last, genesis);
		want = genesis;
	}
	if (memcmp(row->prev, want, CHAIN_HASH_LEN) == 0)
		return (0);
	/* this row is whole in itself: the one before was put in its place */
	return (verify_bad(v, v->res.rows == 0 ? row->seq : row->seq - 1,
	    "row %" PRIu64 " does not chain to the row before it", row->seq));
}

static const struct seen *
verify_seen(const struct verify *v, uint64_t seq)
{
	const struct seen	*s = &v->ring[seq % MAX_CHECKPOINT_LAG];

	return (s->seq == seq ? s : NULL);
}

static int
same_row(const struct seen *s, const struct head *h)
{
	return (memcmp(s->epoch, h->epoch, CHAIN_EPOCH_LEN) == 0 &&
	    memcmp(s->hash, h->hash, CHAIN_HASH_LEN) == 0);
}

/* the head in a checkpoint row against the rows before it */
static int
verify_checkpoint(struct verify *v, const struct chain_row *row)
{
	const struct seen	*s;
	const char		*details = row->ev.field[EV_DETAILS];
	struct head		 h;
	char			 why[160];

	if (head_parse(&h, details, strlen(details), why, sizeof(why)) ==
	    -1 || head_verify(&h, v->public_key, why, sizeof(why)) == -1)
		return (verify_bad(v, row->seq, "checkpoint: %s", why));
	if (h.seq >= row->seq)
		return (verify_bad(v, row->seq,
		    "checkpoint: its head is of a row not written then"));
	if (h.seq < v->from)
		return (0);
	if ((s = verify_seen(v, h.seq)) == NULL)
		return (verify_bad(v, row->seq,
		    "checkpoint: its head is of row %" PRIu64
		    ", too far back", h.seq));
	if (!same_row(s, &h))
		return (verify_bad(v, h.seq,
		    "row %" PRIu64 " is not the one that was signed: this or "
		    "a row before it, after row %" PRIu64 ", was changed",
		    h.seq, v->res.signed_seq));
	if (h.seq > v->res.signed_seq) {
		v->res.signed_seq = h.seq;
		v->res.signed_time_us = h.time_us;
	}
	return (0);
}

static int
verify_anchor(struct verify *v, const struct seen *s)
{
	if (!v->has_anchor || s->seq != v->anchor.seq)
		return (0);
	if (!same_row(s, &v->anchor))
		return (verify_bad(v, s->seq, "row %" PRIu64 " is not the one "
		    "the anchor was signed for: this or a row before it was "
		    "changed, or the log is another one", s->seq));
	v->res.anchored = 1;
	if (s->seq > v->res.signed_seq) {
		v->res.signed_seq = s->seq;
		v->res.signed_time_us = v->anchor.time_us;
	}
	return (0);
}

int
verify_row(struct verify *v, const struct chain_row *row)
{
	struct seen	*s;
	char		 why[160];

	if (!v->res.ok)
		return (-1);
	if (chain_check(row, why, sizeof(why)) == -1)
		return (verify_bad(v, verify_next(v), "%s", why));
	if (verify_place(v, row) == -1)
		return (-1);
	if (memcmp(row->device, v->device, CHAIN_DEVICE_LEN) != 0)
		return (verify_bad(v, row->seq,
		    "the row is of another device than the key given"));
	if (v->res.rows == 0 && v->has_header && row->alg != v->header_alg)
		return (verify_bad(v, row->seq,
		    "first line: it names another hash than the row"));
	if (verify_prev(v, row) == -1)
		return (-1);
	if (export_is_checkpoint(row) && verify_checkpoint(v, row) == -1)
		return (-1);
	s = &v->ring[row->seq % MAX_CHECKPOINT_LAG];
	s->seq = row->seq;
	memcpy(s->epoch, row->epoch, CHAIN_EPOCH_LEN);
	memcpy(s->hash, row->hash, CHAIN_HASH_LEN);
	if (verify_anchor(v, s) == -1)
		return (-1);
	if (v->res.rows == 0 || memcmp(row->epoch, v->last.epoch,
	    CHAIN_EPOCH_LEN) != 0)
		v->res.epochs++;
	v->last = *row;
	v->res.rows++;
	v->res.last_seq = row->seq;
	return (0);
}

int
verify_line(struct verify *v, const char *line, size_t len)
{
	struct chain_row	 row;
	char			 why[200];

	if (!v->res.ok)
		return (-1);
	if (!v->has_header)
		return (verify_header(v, line, len));
	if (export_row_parse(v->reader, &row, line, len, why, sizeof(why)) ==
	    -1)
		return (verify_bad(v, verify_next(v), "%s", why));
	return (verify_row(v, &row));
}

void
verify_end(struct verify *v, struct verify_result *res)
{
	if (v->res.ok && v->has_anchor && !v->res.anchored) {
		if (v->anchor.seq < v->from)
			(void)verify_bad(v, v->from, "the anchor is of row %"
			    PRIu64 ", before the first row looked at",
			    v->anchor.seq);
		else
			(void)verify_bad(v, verify_next(v),
			    "the log ends before row %" PRIu64 ", which the "
			    "anchor was signed for: its tail was cut off or "
			    "an older copy was put back", v->anchor.seq);
	}
	*res = v->res;
}

/* splits into lines; the remainder is moved to the front */
static size_t
verify_lines(struct verify *v, char *buf, size_t len)
{
	char	*p = buf, *nl;

	while ((nl = memchr(p, '\n', len - (size_t)(p - buf))) != NULL) {
		if (verify_line(v, p, (size_t)(nl - p)) == -1)
			return (0);
		p = nl + 1;
	}
	len -= (size_t)(p - buf);
	memmove(buf, p, len);
	return (len);
}

static int
verify_read(struct verify *v, int fd, char *err, size_t errlen)
{
	char	*buf;
	size_t	 len = 0;
	ssize_t	 n;

	if ((buf = malloc(MAX_EXPORT_LINE + READ_CHUNK)) == NULL) {
		snprintf(err, errlen, "out of memory");
		return (-1);
	}
	while ((n = read(fd, buf + len, READ_CHUNK)) > 0) {
		len = verify_lines(v, buf, len + (size_t)n);
		if (len >= MAX_EXPORT_LINE)
			(void)verify_bad(v, verify_next(v),
			    "the line is too long for a row");
		if (!v->res.ok)
			break;
	}
	free(buf);
	if (n == -1) {
		snprintf(err, errlen, "read: %s", strerror(errno));
		return (-1);
	}
	if (len > 0)
		(void)verify_bad(v, verify_next(v),
		    "the last line is cut off");
	else if (!v->has_header)
		(void)verify_bad(v, v->from, "the export is empty");
	return (0);
}

int
verify_fd(int fd, const struct verify_conf *conf, struct verify_result *res,
    char *err, size_t errlen)
{
	struct verify	*v;
	int		 ret;

	if ((v = verify_new(conf, err, errlen)) == NULL)
		return (-1);
	ret = verify_read(v, fd, err, errlen);
	verify_end(v, res);
	verify_free(v);
	return (ret);
}

/*
 * One piece of the log, of *rows rows: SQLITE_DONE, or SQLITE_ROW when one
 * was bad, or SQLite's error.
 */
static int
verify_piece(struct verify *v, sqlite3_stmt *st, int *rows)
{
	struct chain_row	 row;
	char			 why[128];
	int			 rc;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)(v->res.rows == 0 ?
	    v->from : v->last.seq + 1));
	sqlite3_bind_int(st, 2, DB_CHUNK);
	for (*rows = 0; (rc = sqlite3_step(st)) == SQLITE_ROW; ++*rows) {
		if (dbrow_read(st, &row, why, sizeof(why)) == -1) {
			(void)verify_bad(v, verify_next(v), "%s", why);
			break;
		}
		if (verify_row(v, &row) == -1)
			break;
	}
	(void)sqlite3_reset(st);
	return (rc);
}

static int
verify_walk(struct verify *v, sqlite3 *db, char *err, size_t errlen)
{
	sqlite3_stmt	*st = NULL;
	int		 rc, rows = DB_CHUNK;

	rc = sqlite3_prepare_v2(db, DBROW_SELECT
	    "WHERE e.seq >= ? ORDER BY e.seq LIMIT ?", -1, &st, NULL);
	while ((rc == SQLITE_OK || rc == SQLITE_DONE) && rows == DB_CHUNK)
		rc = verify_piece(v, st, &rows);
	sqlite3_finalize(st);
	switch (rc & 0xff) {
	case SQLITE_DONE:
	case SQLITE_ROW:
		return (0);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		v->res.damaged = 1;
		(void)verify_bad(v, verify_next(v), "the file is damaged: %s",
		    sqlite3_errmsg(db));
		return (0);
	}
	snprintf(err, errlen, "%s", sqlite3_errmsg(db));
	return (-1);
}

/* a list entry or an acknowledgement must name the row that made it */
static void
verify_founded(struct verify *v, sqlite3 *db, const char *what,
    const char *sql)
{
	sqlite3_stmt	*st = NULL;
	long long	 n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	if (n == -1)
		(void)verify_bad(v, 0, "%s cannot be read: %s", what,
		    sqlite3_errmsg(db));
	else if (n != 0)
		(void)verify_bad(v, 0, "%s: %lld that no row of the log made",
		    what, n);
	sqlite3_finalize(st);
}

/* 0: the file is of a version that kept nothing beside the log */
static int
verify_has_kept(sqlite3 *db)
{
	sqlite3_stmt	*st = NULL;
	int		 has;

	has = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_master WHERE"
	    " name = 'kept_body'", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return (has);
}

/* what is kept beside the log must be what its rows tell of */
static void
verify_kept(struct verify *v, sqlite3 *db)
{
	sqlite3_stmt	*st = NULL;
	const char	*body;
	int		 rc;

	rc = sqlite3_prepare_v2(db, "SELECT b.seq, b.body, e.details FROM"
	    " kept_body b LEFT JOIN events e ON e.seq = b.seq ORDER BY b.seq",
	    -1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		body = (const char *)sqlite3_column_text(st, 1);
		if (body == NULL || !kept_matches((const char *)
		    sqlite3_column_text(st, 2), body))
			(void)verify_bad(v, (uint64_t)sqlite3_column_int64(st,
			    0), "the text that is kept for it is not the one "
			    "that the row tells of");
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		(void)verify_bad(v, 0, "kept texts cannot be read: %s",
		    sqlite3_errmsg(db));
}

int
verify_open_db(struct sqlite3 *db, const struct verify_conf *conf,
    struct verify_result *res, char *err, size_t errlen)
{
	struct verify	*v;
	int		 ret;

	if ((v = verify_new(conf, err, errlen)) == NULL)
		return (-1);
	ret = verify_walk(v, db, err, errlen);
	if (ret == 0) {
		verify_founded(v, db, "list entries", DBROW_UNFOUNDED_LISTS);
		verify_founded(v, db, "acknowledgements",
		    DBROW_UNFOUNDED_ACKS);
		if (verify_has_kept(db))
			verify_kept(v, db);
	}
	verify_end(v, res);
	verify_free(v);
	return (ret);
}

int
verify_db(const char *path, const struct verify_conf *conf,
    struct verify_result *res, char *err, size_t errlen)
{
	sqlite3	*db;
	int	 ret;

	memset(res, 0, sizeof(*res));
	if ((db = auditdb_open(path, err, errlen)) == NULL)
		return (-1);
	ret = verify_open_db(db, conf, res, err, errlen);
	sqlite3_close(db);
	return (ret);
}
