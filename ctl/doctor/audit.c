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

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/event.h"
#include "common/head.h"
#include "ctl/auditdb.h"
#include "ctl/verify.h"
#include "doctor.h"

/*
 * The audit database.  Beside a running suite it is read as any reader reads
 * it; without one it is opened as a file that nobody changes, since SQLite
 * would make files beside it otherwise.
 */

#define CHAIN_S		300
#define INTEGRITY_S	120
#define HOUR_US		3600000000LL
#define DAY_S		86400
#define CHECKPOINT_S	60	/* beyond audit.checkpoint_seconds */

/* what keeps it from being read at all; 1 when nothing does */
static int
readable(struct doctor *d)
{
	const char	*path = d->paths->audit_db;
	struct stat	 st;
	char		 wal[MAX_CONF_PATH + 8];

	if (lstat(path, &st) == -1 || d->alive == -1) {
		doc_say(d, DOC_SKIP, path, "%s", d->alive == -1 || errno ==
		    EACCES ? "this user may not read it" : errno == ENOENT ?
		    "there is none yet" : strerror(errno));
		doc_do(d, d->alive == -1 || errno == EACCES ? "run doctor as "
		    "root, or as the suite's owner" : "see audit.file");
		return (0);
	}
	if (!S_ISREG(st.st_mode)) {
		doc_say(d, DOC_SKIP, path, "is no regular file");
		doc_do(d, "see permissions.files");
		return (0);
	}
	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (d->alive == 1 || lstat(wal, &st) == -1 || st.st_size == 0)
		return (1);
	doc_say(d, DOC_SKIP, path, "its last %lld bytes are in %s still, as "
	    "after a crash or a power cut", (long long)st.st_size, wal);
	doc_do(d, "start the suite, which takes them in, and run doctor "
	    "again");
	return (0);
}

sqlite3 *
doc_db(struct doctor *d)
{
	const char	*path = d->paths->audit_db;
	sqlite3		*db;
	char		 err[256];

	if (!readable(d))
		return (NULL);
	if ((db = d->alive == 1 ? auditdb_open(path, err, sizeof(err)) :
	    auditdb_open_still(path, err, sizeof(err))) != NULL)
		return (db);
	doc_say(d, DOC_SKIP, path, "it cannot be opened: %s", err);
	doc_do(d, "run doctor as root, or as the suite's owner");
	return (NULL);
}

int
doc_db_number(sqlite3 *db, const char *sql, int64_t *n, char *err,
    size_t errlen)
{
	sqlite3_stmt	*st = NULL;
	int		 rc = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		*n = sqlite3_column_int64(st, 0);
		rc = 0;
	} else
		snprintf(err, errlen, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return (rc);
}

static void
check_file(struct doctor *d)
{
	const char	*path = d->paths->audit_db;
	struct stat	 st;

	if (lstat(path, &st) == 0)
		doc_say(d, DOC_PASS, path, "%lld KiB",
		    (long long)st.st_size / 1024);
	else if (errno == EACCES) {
		doc_say(d, DOC_SKIP, path, "this user may not look there");
		doc_do(d, "run doctor as root, or as the suite's owner");
	} else if (errno == ENOENT && d->alive == 0) {
		doc_say(d, DOC_SKIP, path, "there is none before the first "
		    "start");
		doc_do(d, "run `defenseclawctl start'");
	} else {
		doc_say(d, DOC_FAIL, path, "%s, and the suite runs",
		    strerror(errno));
		doc_do(d, "stop the suite, and find out who took it away "
		    "before anything else is written");
	}
}

static void
damaged(struct doctor *d, const char *text)
{
	doc_say(d, DOC_FAIL, d->paths->audit_db, "%s", text);
	doc_do(d, "stop the suite and keep a copy of %s: its rows are "
	    "evidence; then go back to a backup, or move it away to begin a "
	    "new log", d->paths->audit);
}

static void
check_integrity(struct doctor *d)
{
	sqlite3_stmt	*st = NULL;
	const char	*text;
	sqlite3		*db;
	int		 rc, n = 0;

	if ((db = doc_db(d)) == NULL)
		return;
	rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(3)", -1, &st, NULL);
	while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(st, 0);
		if (n++ == 0 && text != NULL && strcmp(text, "ok") == 0)
			doc_say(d, DOC_PASS, NULL, "SQLite finds every page "
			    "and index whole");
		else
			damaged(d, text != NULL ? text : "no answer");
	}
	if (n == 0)
		damaged(d, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* --- the chain ------------------------------------------------------------ */

static int
take_line(const char *text, size_t len, void *arg)
{
	return (verify_line(arg, text, len) == -1 ? CTL_FAILURE : CTL_OK);
}

/* asks auditd for all rows, as an auditor may; 0, or -1 with err */
static int
chain_asked(const struct doctor *d, const struct verify_conf *conf,
    struct verify_result *res, char *err, size_t errlen)
{
	struct verify	*v;
	struct client	 c;
	uint64_t	 range[2] = { 0, 0 };
	int		 rc;

	if ((v = verify_new(conf, err, errlen)) == NULL)
		return (-1);
	if ((rc = client_open(&c, d->paths, "auditd")) == CTL_OK &&
	    (rc = client_send(&c, MSG_CTL_AUDIT_EXPORT, range, sizeof(range),
	    NULL, 0)) == CTL_OK)
		rc = client_answer(&c, take_line, v);
	verify_end(v, res);
	verify_free(v);
	client_close(&c);
	/* a bad row is a result, an answer that broke off is none */
	if (rc == CTL_OK || (!res->ok && !c.lost && c.err[0] == '\0'))
		return (0);
	strlcpy(err, c.err, errlen);
	return (-1);
}

/* 0, or -1 after it was said why not */
static int
chain_result(struct doctor *d, struct verify_result *res)
{
	struct verify_conf	 conf;
	sqlite3			*db;
	char			 err[MAX_VERIFY_REASON] = "";
	int			 rc;

	memset(&conf, 0, sizeof(conf));
	if (doc_pubkey(d, conf.public_key, err, sizeof(err)) == -1) {
		doc_say(d, DOC_SKIP, d->paths->device_pub, "no key to verify "
		    "with: %s", err);
		doc_do(d, "see device.public");
		return (-1);
	}
	if (d->status_rc == CTL_OK)
		rc = chain_asked(d, &conf, res, err, sizeof(err));
	else {
		if ((db = doc_db(d)) == NULL)
			return (-1);
		rc = verify_open_db(db, &conf, res, err, sizeof(err));
		sqlite3_close(db);
	}
	if (rc == 0)
		return (0);
	doc_say(d, DOC_SKIP, NULL, "the rows could not be read: %s", err);
	doc_do(d, "see audit.integrity and processes.answers");
	return (-1);
}

static void
check_chain(struct doctor *d)
{
	struct verify_result	res;
	char			at[EVENT_TIME_SIZE];

	if (chain_result(d, &res) == -1)
		return;
	event_time(res.signed_time_us, at);
	if (res.damaged) {
		doc_say(d, DOC_SKIP, NULL, "the rows could not be read: %s",
		    res.reason);
		doc_do(d, "see audit.integrity");
	} else if (!res.ok) {
		doc_say(d, DOC_FAIL, NULL, "row %llu: %s",
		    (unsigned long long)res.bad_seq, res.reason);
		doc_do(d, "keep a copy of %s, and find out who could write "
		    "there: rows before it are good", d->paths->audit);
	} else if (res.signed_seq == 0)
		doc_say(d, DOC_PASS, NULL, "%llu rows chain, none is signed "
		    "yet", (unsigned long long)res.rows);
	else
		doc_say(d, DOC_PASS, NULL, "%llu rows chain, signed up to "
		    "row %llu at %.19sZ", (unsigned long long)res.rows,
		    (unsigned long long)res.signed_seq, at);
}

/* the signer's own memory of what it signed last: 1, 0 none, -1 unseen */
static int
signed_head(const struct doctor *d, struct head *h)
{
	char	 path[MAX_CONF_PATH], text[MAX_HEAD_JSON + 2], err[160];
	ssize_t	 n;

	if (paths_join(path, sizeof(path), d->paths->sign, "signed.head") ==
	    -1 || (n = doc_read(path, text, sizeof(text))) == -1)
		return (errno == ENOENT ? 0 : -1);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	return (head_parse(h, text, (size_t)n, err, sizeof(err)) == 0);
}

/* how long the first row waits that should be signed; 0 when none does */
static int64_t
unsigned_s(sqlite3 *db, uint64_t seq)
{
	char	 sql[128], err[160];
	int64_t	 us, now = (int64_t)clock_wall_us();

	/* a checkpoint is a row, too, and alone no reason for another */
	snprintf(sql, sizeof(sql), "SELECT time_us FROM events WHERE seq > "
	    "%lld ORDER BY seq LIMIT 1", (long long)seq + 1);
	if (doc_db_number(db, sql, &us, err, sizeof(err)) == -1 || us > now)
		return (0);
	return ((now - us) / 1000000);
}

static void
check_checkpoint(struct doctor *d)
{
	sqlite3		*db;
	struct head	 h;
	char		 at[EVENT_TIME_SIZE], err[160];
	int64_t		 last = -1;
	int		 rc, have, late;

	if ((db = doc_db(d)) == NULL)
		return;
	/* before the rows: what is signed is in the log by then */
	if ((have = signed_head(d, &h)) != 1)
		memset(&h, 0, sizeof(h));
	event_time(h.time_us, at);
	rc = doc_db_number(db, "SELECT coalesce(max(seq), 0) FROM events",
	    &last, err, sizeof(err));
	late = rc == 0 && d->alive == 1 && d->conf_rc == CTL_OK &&
	    unsigned_s(db, h.seq) > d->conf.audit.checkpoint_seconds +
	    CHECKPOINT_S;
	sqlite3_close(db);
	if (rc == -1) {
		doc_say(d, DOC_SKIP, NULL, "%s", err);
		doc_do(d, "see audit.integrity");
	} else if (have == -1) {
		doc_say(d, DOC_SKIP, NULL, "this user may not see what was "
		    "signed last");
		doc_do(d, "run doctor as root, or as the suite's owner");
	} else if (h.seq > (uint64_t)last) {
		doc_say(d, DOC_FAIL, NULL, "row %llu was signed at %.19sZ "
		    "and the log ends with row %lld: it is an older copy, or "
		    "its end was cut off", (unsigned long long)h.seq, at,
		    (long long)last);
		doc_do(d, "bring the newer database back; rows that are "
		    "gone may be at the receivers of the log still");
	} else if (late) {
		doc_say(d, DOC_FAIL, NULL, "row %llu was signed last, and "
		    "nothing of the %lld rows since",
		    (unsigned long long)h.seq, (long long)last -
		    (long long)h.seq);
		doc_do(d, "look at processes.answers and the log: the signer "
		    "does not sign");
	} else if (have == 0) {
		doc_say(d, DOC_SKIP, NULL, "nothing is signed yet");
		doc_do(d, "look again a minute after the start");
	} else
		doc_say(d, DOC_PASS, NULL, "row %llu was signed at %.19sZ",
		    (unsigned long long)h.seq, at);
}

/* --- room ----------------------------------------------------------------- */

static void
room_of_disk(struct doctor *d)
{
	struct statvfs	 v;
	long long	 left, reserve;

	if (!doc_need_conf(d))
		return;
	if (statvfs(d->paths->audit, &v) == -1) {
		doc_say(d, DOC_SKIP, d->paths->audit, "%s",
		    strerror(errno));
		doc_do(d, "see permissions.directories");
		return;
	}
	left = (long long)(v.f_bavail * v.f_frsize >> 20);
	reserve = d->conf.audit.disk_reserve_mb;
	if (left <= reserve * 2)
		doc_say(d, left <= reserve ? DOC_FAIL : DOC_WARN,
		    d->paths->audit, "%lld MiB are free, %lld MiB of them "
		    "are reserved", left, reserve);
	else
		doc_say(d, DOC_PASS, NULL, "%lld MiB are free, %lld MiB of "
		    "them are reserved", left, reserve);
	if (!doc_fine(d))
		doc_do(d, "make room on that disk: the suite refuses traffic "
		    "that it cannot record");
}

static void
check_space(struct doctor *d)
{
	const json_t	*store = json_object_get(d->status, "store");
	const json_t	*s = json_object_get(store, "space");
	const char	*level = doc_str(s, "level");

	if (d->status_rc != CTL_OK) {
		room_of_disk(d);
		return;
	}
	if (!json_is_true(json_object_get(store, "ok"))) {
		doc_say(d, DOC_FAIL, NULL, "the log takes no events, so "
		    "nothing is let through: %s", doc_str(store, "why"));
		doc_do(d, "make room on the disk of %s, or raise "
		    "audit.max_size_mb", d->paths->audit);
		return;
	}
	/* what the pace alone makes low is audit.growth's */
	if (strcmp(level, "ok") != 0 && !json_is_integer(json_object_get(s,
	    "full_in_s"))) {
		doc_say(d, strcmp(level, "out") == 0 ? DOC_FAIL : DOC_WARN,
		    NULL, "%lld MiB of room are left of the log's",
		    (long long)doc_int(s, "room_bytes") >> 20);
		doc_do(d, "make room on the disk of %s, or raise "
		    "audit.max_size_mb", d->paths->audit);
		return;
	}
	doc_say(d, DOC_PASS, NULL, "%lld MiB used, room for %lld MiB, %lld "
	    "MiB of the disk are reserved", (long long)doc_int(s,
	    "used_bytes") >> 20, (long long)doc_int(s, "room_bytes") >> 20,
	    (long long)doc_int(s, "reserve_bytes") >> 20);
}

/* bytes that may still come, from the suite or else the disk; -1 unknown */
static int64_t
room_left(const struct doctor *d, int64_t used)
{
	const json_t	*s = json_object_get(json_object_get(d->status,
			    "store"), "space");
	struct statvfs	 v;
	int64_t		 left, limit;

	if (s != NULL)
		return (doc_int(s, "room_bytes"));
	if (d->conf_rc != CTL_OK || statvfs(d->paths->audit, &v) == -1)
		return (-1);
	left = (int64_t)(v.f_bavail * v.f_frsize) -
	    ((int64_t)d->conf.audit.disk_reserve_mb << 20);
	limit = ((int64_t)d->conf.audit.max_size_mb << 20) - used;
	if (d->conf.audit.max_size_mb != 0 && limit < left)
		left = limit;
	return (left > 0 ? left : 0);
}

static void
check_growth(struct doctor *d)
{
	sqlite3		*db;
	char		 sql[160], err[160];
	int64_t		 rows, hour, pages, size, used, pace, left;
	int		 rc;

	if ((db = doc_db(d)) == NULL)
		return;
	/* sequences are without gaps; times need not be in order, nearly */
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM events WHERE seq > "
	    "(SELECT coalesce(max(seq), 0) FROM events) - 5000000 AND "
	    "time_us > %lld", (long long)clock_wall_us() - HOUR_US);
	rc = doc_db_number(db, "SELECT coalesce(max(seq), 0) FROM events",
	    &rows, err, sizeof(err)) | doc_db_number(db, sql, &hour, err,
	    sizeof(err)) | doc_db_number(db, "PRAGMA page_count", &pages, err,
	    sizeof(err)) | doc_db_number(db, "PRAGMA page_size", &size, err,
	    sizeof(err));
	sqlite3_close(db);
	if (rc != 0) {
		doc_say(d, DOC_SKIP, NULL, "%s", err);
		doc_do(d, "see audit.integrity");
		return;
	}
	used = pages * size;
	pace = rows > 0 ? (int64_t)((double)used * (double)hour /
	    (double)rows) : 0;
	left = room_left(d, used);
	if (left > 0 && pace > 0 && left / pace < DAY_S / 3600) {
		doc_say(d, DOC_WARN, NULL, "%lld rows in the last hour, about "
		    "%lld KiB: at that pace the room is gone in %lld hours",
		    (long long)hour, (long long)pace / 1024, (long long)(left
		    / pace));
		doc_do(d, "find out which client asks that much (`defense"
		    "clawctl audit list'), or make room");
		return;
	}
	doc_say(d, DOC_PASS, NULL, "%lld rows in the last hour, about %lld "
	    "KiB", (long long)hour, (long long)pace / 1024);
}

const struct check doc_audit[] = {
	{ "audit.file", "the audit database is there", 0, 0, check_file },
	{ "audit.integrity", "SQLite finds the audit database whole",
	    INTEGRITY_S, DOC_SKIP, check_integrity },
	{ "audit.chain", "every row chains, and the signatures hold",
	    CHAIN_S, DOC_SKIP, check_chain },
	{ "audit.checkpoint", "what was signed last is in the log, and was "
	    "signed lately", 30, 0, check_checkpoint },
	{ "audit.space", "the log takes events, and has room", 0, 0,
	    check_space },
	{ "audit.growth", "at the pace of the last hour there is room for a "
	    "day", 60, DOC_SKIP, check_growth },
	{ NULL, NULL, 0, 0, NULL }
};
