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

#include <sys/mount.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "auditd/store_schema.h"
#include "ctl/verify.h"
#include "tests/unit/test_audit.h"

static struct verify_result
verify_path(const char *p, uint64_t from, const struct head *anchor)
{
	struct verify_conf	 c;
	struct verify_result	 res;
	char			 err[200];

	memset(&c, 0, sizeof(c));
	memcpy(c.public_key, public_key, sizeof(public_key));
	c.from = from;
	c.anchor = anchor;
	CHECK_INT(verify_db(p, &c, &res, err, sizeof(err)), 0);
	return (res);
}

static void
check_whole(const char *p, uint64_t rows)
{
	struct verify_result	 res = verify_path(p, 0, NULL);

	CHECK_STR(res.reason, "");
	CHECK_INT(res.rows, rows);
}

static sqlite3 *
second(const char *p)
{
	sqlite3	*db;

	CHECK_INT(sqlite3_open(p, &db), SQLITE_OK);
	return (db);
}

/* first column of the first row, in a static buffer */
static const char *
ask(sqlite3 *db, const char *sql)
{
	static char	 buf[256];
	sqlite3_stmt	*st;
	const char	*s;

	CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	buf[0] = '\0';
	if (sqlite3_step(st) == SQLITE_ROW) {
		s = (const char *)sqlite3_column_text(st, 0);
		snprintf(buf, sizeof(buf), "%s", s == NULL ? "NULL" : s);
	}
	sqlite3_finalize(st);
	return (buf);
}

static void
copy_file(const char *from, const char *to)
{
	char	 buf[65536];
	ssize_t	 n;
	int	 in, out;

	CHECK((in = open(from, O_RDONLY)) != -1);
	CHECK((out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600)) != -1);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_INT(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

static char *
beside(const char *suffix)
{
	static char	 p[PATH_MAX + 32];

	snprintf(p, sizeof(p), "%s%s", path, suffix);
	return (p);
}

static uint64_t
digest(const char *p)
{
	uint8_t				 sum[8], buf[4096];
	crypto_generichash_state	 st;
	uint64_t			 v;
	ssize_t				 n;
	int				 fd;

	crypto_generichash_init(&st, NULL, 0, 16);
	CHECK((fd = open(p, O_RDONLY)) != -1);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		crypto_generichash_update(&st, buf, (size_t)n);
	close(fd);
	crypto_generichash_final(&st, buf, 16);
	memcpy(sum, buf, sizeof(sum));
	memcpy(&v, sum, sizeof(v));
	return (v);
}

static off_t
size_of(const char *p)
{
	struct stat	 st;

	CHECK_INT(stat(p, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	return (st.st_size);
}

static void
append_and_reopen(void)
{
	struct store	*s;
	struct head	 h;
	uint64_t	 i;
	off_t		 wal;

	s = audit_open(NULL, EPOCH_FIRST);
	store_head(s, &h);
	CHECK_INT(h.seq, 1);		/* the epoch's own event */
	for (i = 2; i <= 20; i++)
		CHECK_INT(audit_put_n(s, (unsigned int)i), i);
	CHECK(size_of(path) > 0);
	wal = size_of(beside("-wal"));
	CHECK(wal > STORE_WAL_PAGES * 4096);
	size_of(beside("-shm"));
	check_whole(path, 20);
	h = audit_sign(s);
	store_close(s);
	/* the log stays as long as it was, a commit never appends */
	CHECK_INT(size_of(beside("-wal")), wal);
	s = audit_open(&h, EPOCH_SAME);
	CHECK_INT(audit_put_n(s, 21), 21);
	store_close(s);
	check_whole(path, 21);
	conf.alg = CHAIN_SHA256;
	s = audit_open(&h, EPOCH_SAME);
	CHECK_INT(audit_put_n(s, 22), 22);
	conf.alg = CHAIN_BLAKE2B;
	store_close(s);
	check_whole(path, 22);
	CHECK(verify_path(path, 0, &h).anchored);
	audit_clean();
}

static void
known_ids(void)
{
	struct event	 ev = audit_event(1, SEV_LOW), other;
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	uint64_t	 seq;
	int		 known;

	CHECK_INT(audit_put(s, &ev), 2);
	CHECK_INT(store_begin(s), STORE_OK);
	CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_OK);
	CHECK(known && seq == 2);
	other = audit_event(2, SEV_LOW);
	CHECK_INT(audit_append(s, &other, &seq, &known), STORE_OK);
	CHECK(!known && seq == 3);
	CHECK_INT(audit_append(s, &other, &seq, &known), STORE_OK);
	CHECK(known && seq == 3);	/* twice in one transaction */
	other = ev;
	other.field[EV_TARGET] = "browser";
	CHECK_INT(audit_append(s, &other, &seq, &known), STORE_REFUSED);
	CHECK(strstr(store_errtext(s), "other content") != NULL);
	CHECK_INT(store_append(s, "junk", 4, &seq, &known), STORE_REFUSED);
	CHECK_INT(store_commit(s), STORE_OK);
	store_close(s);
	s = audit_open(NULL, EPOCH_SAME);
	CHECK_INT(audit_put(s, &ev), 2);
	store_close(s);
	check_whole(path, 3);
	audit_clean();
}

static void
order_of_use(void)
{
	struct event	 ev = audit_event(1, SEV_LOW);
	struct store	*s;
	enum store_epoch why;
	char		 err[MAX_STORE_ERR];
	uint64_t	 seq;
	int		 known, i;

	CHECK_INT(store_open(&s, &conf, err, sizeof(err)), STORE_OK);
	CHECK_INT(store_begin(s), STORE_OK);
	CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_REFUSED);
	store_rollback(s);
	CHECK_INT(store_reconcile(s, NULL, &template, &why), STORE_OK);
	CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_REFUSED);
	CHECK_INT(store_commit(s), STORE_REFUSED);
	/* what is rolled back leaves no gap and no trace */
	for (i = 0; i < 3; i++) {
		CHECK_INT(store_begin(s), STORE_OK);
		CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_OK);
		CHECK(!known && seq == 2);
		store_rollback(s);
	}
	CHECK_INT(audit_put(s, &ev), 2);
	store_close(s);
	check_whole(path, 2);
	audit_clean();
}

/* what a crash leaves: the files as they are, without the shared memory */
#define ONE_ROW		16	/* pages of a row and its indexes, and some */

static void
killed(void)
{
	struct event	 ev = audit_event(999, SEV_LOW);
	struct store	*s = audit_open(NULL, EPOCH_FIRST), *t;
	char		 copy[PATH_MAX + 8], wal[PATH_MAX + 16];
	uint64_t	 i, seq;
	int		 known;

	snprintf(copy, sizeof(copy), "%s/copy.db", dir);
	snprintf(wal, sizeof(wal), "%s-wal", copy);
	for (i = 2; i <= 40; i++) {
		CHECK_INT(audit_put_n(s, (unsigned int)i), i);
		if (i % 8 == 0)
			CHECK_INT(store_checkpoint(s), STORE_OK);
		/* in the middle of the next one */
		CHECK_INT(store_begin(s), STORE_OK);
		CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_OK);
		copy_file(path, copy);
		copy_file(beside("-wal"), wal);
		store_rollback(s);
		conf.path = copy;
		t = audit_open(NULL, EPOCH_SAME);
		conf.path = path;
		CHECK_INT(audit_put(t, &ev), i + 1);
		/* what was left was moved at the start */
		CHECK(store_checkpoint_pages(t) <= ONE_ROW);
		store_close(t);
		check_whole(copy, i + 1);
	}
	store_close(s);
	audit_clean();
}

static void
append_only(void)
{
	static const char *const	 sql[] = {
		"UPDATE events SET target = 'x' WHERE seq = 2",
		"DELETE FROM events WHERE seq = 2", "DELETE FROM events",
		"UPDATE epochs SET reason = 'x'", "DELETE FROM epochs",
	};
	struct event			 ev = audit_event(1, SEV_LOW);
	struct store			*s = audit_open(NULL, EPOCH_FIRST);
	sqlite3				*db;
	size_t				 i;

	CHECK_INT(audit_put(s, &ev), 2);
	db = second(path);
	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		CHECK_INT(sqlite3_exec(db, sql[i], NULL, NULL, NULL) & 0xff,
		    SQLITE_CONSTRAINT);
		CHECK_STR(sqlite3_errmsg(db), "the audit log is append-only");
	}
	sqlite3_close(db);
	store_close(s);
	check_whole(path, 2);
	audit_clean();
}

static void
column_names(sqlite3 *db, const char *view, const char *want)
{
	char		 got[1024] = "", sql[64];
	sqlite3_stmt	*st;
	int		 i;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s", view);
	CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	for (i = 0; i < sqlite3_column_count(st); i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
		    "%s%s", i > 0 ? " " : "", sqlite3_column_name(st, i));
	sqlite3_finalize(st);
	CHECK_STR(got, want);
}

static void
views(void)
{
	struct event	 ev = audit_event(0x01020304, SEV_HIGH);
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	sqlite3		*db = second(path);
	uint64_t	 seq;
	int		 known;

	column_names(db, "audit_events", "id timestamp action target actor "
	    "details severity run_id trace_id request_id session_id "
	    "agent_name agent_instance_id policy_id destination_app "
	    "tool_name tool_id schema_version content_hash generation "
	    "binary_version agent_id sidecar_instance_id seq hash");
	column_names(db, "actions", "id target_type target_name source_path "
	    "actions_json reason updated_at schema_version content_hash "
	    "generation binary_version sidecar_instance_id seq");
	ev.field[EV_RUN_ID] = "r1";
	CHECK_INT(audit_put(s, &ev), 2);
	CHECK_INT(store_begin(s), STORE_OK);
	ev.id[0] = 0;
	CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_OK);
	/* a reader beside an open transaction sees what is durable */
	CHECK_STR(ask(db, "SELECT max(seq) FROM audit_events"), "2");
	CHECK_STR(ask(db, "SELECT id FROM audit_events WHERE seq = 2"),
	    "aaaaaaaa-aaaa-aaaa-aaaa-aaaa04030201");
	CHECK_STR(ask(db, "SELECT timestamp FROM audit_events WHERE seq = 2"),
	    "2026-01-02T03:04:21.909060Z");
	CHECK_STR(ask(db, "SELECT severity || run_id || schema_version ||"
	    " (trace_id IS NULL) FROM audit_events WHERE seq = 2"),
	    "HIGHr111");
	CHECK_STR(ask(db, "SELECT count(*) FROM audit_events WHERE action ="
	    " 'audit-epoch' AND severity = 'INFO'"), "1");
	CHECK_INT(store_commit(s), STORE_OK);
	CHECK_STR(ask(db, "SELECT max(seq) FROM audit_events"), "3");
	sqlite3_close(db);
	store_close(s);
	audit_clean();
}

static void
refused(enum store_status want, const char *word)
{
	uint64_t	 before = digest(path);
	struct store	*s;
	char		 err[MAX_STORE_ERR] = "";

	CHECK_INT(store_open(&s, &conf, err, sizeof(err)), want);
	CHECK(s == NULL);
	if (strstr(err, word) == NULL)
		CHECK_STR(err, word);
	CHECK(digest(path) == before);
}

static void
migration(void)
{
	struct store	*s;
	sqlite3		*db;
	char		 err[MAX_STORE_ERR];

	/* as a version that knew the first step only would have left it */
	db = second(path);
	CHECK_INT(store_migrate(db, path, store_steps, 1, err, sizeof(err)),
	    STORE_OK);
	CHECK_STR(ask(db, "PRAGMA user_version"), "1");
	CHECK_STR(ask(db, "SELECT count(*) FROM sqlite_master WHERE type ="
	    " 'view'"), "0");
	sqlite3_close(db);
	CHECK(access(beside(".v1.bak"), F_OK) == -1);
	s = audit_open(NULL, EPOCH_FIRST);
	store_close(s);
	CHECK(size_of(beside(".v1.bak")) > 0);
	db = second(beside(".v1.bak"));
	CHECK_STR(ask(db, "PRAGMA user_version"), "1");
	CHECK_STR(ask(db, "PRAGMA integrity_check"), "ok");
	sqlite3_close(db);
	db = second(path);
	CHECK_INT(atoi(ask(db, "PRAGMA user_version")), store_nsteps);
	/* a step that fails leaves the schema as it was */
	CHECK_INT(sqlite3_exec(db, "PRAGMA user_version=1", NULL, NULL, NULL),
	    SQLITE_OK);
	CHECK(store_migrate(db, path, store_steps, store_nsteps, err,
	    sizeof(err)) != STORE_OK);
	CHECK_STR(ask(db, "PRAGMA user_version"), "1");
	CHECK(sqlite3_get_autocommit(db));
	CHECK_INT(sqlite3_exec(db, "PRAGMA user_version=99;"
	    "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	refused(STORE_NEWER, "newer version");
	audit_clean();
	db = second(path);
	CHECK_INT(sqlite3_exec(db, "CREATE TABLE audit_events(id TEXT)",
	    NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	refused(STORE_REFUSED, "another program");
	audit_clean();
}

/* a power cut in the first transaction: SQLite's journal undoes it */
static void
cut_at_birth(void)
{
	/* file format of SQLite, 3: the database had no page before */
	static const uint8_t	 head[] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1,
	    0x63, 0xd7, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
	    0x10, 0 };
	char			 journal[PATH_MAX + 8], page[4096];
	int			 fd;

	memset(page, 0, sizeof(page));
	CHECK((fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) != -1);
	CHECK_INT(write(fd, page, sizeof(page)), sizeof(page));
	close(fd);
	refused(STORE_CORRUPT, "not a database");
	memcpy(page, head, sizeof(head));
	snprintf(journal, sizeof(journal), "%s-journal", path);
	CHECK((fd = open(journal, O_WRONLY | O_CREAT | O_EXCL, 0600)) != -1);
	CHECK_INT(write(fd, page, 512), 512);
	close(fd);
	store_close(audit_open(NULL, EPOCH_FIRST));
	check_whole(path, 1);
	audit_clean();
}

static void
damage(void)
{
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	sqlite3		*db;
	uint64_t	 seq;
	int		 fd, known;
	struct event	 ev = audit_event(77, SEV_LOW);

	audit_put_n(s, 1);
	/* another program writes a row: ours does not go over it */
	db = second(path);
	CHECK_INT(sqlite3_exec(db, "INSERT INTO events SELECT seq + 1,"
	    " randomblob(16), time_us, severity, generation, action, target,"
	    " actor, details, run_id, trace_id, request_id, session_id,"
	    " agent_name, agent_instance_id, policy_id, destination_app,"
	    " tool_name, tool_id, content_hash, binary_version, agent_id,"
	    " sidecar_instance_id, epoch, hash_alg, salt, commitment, prev,"
	    " hash FROM events WHERE seq = 2", NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(store_begin(s), STORE_OK);
	CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_CORRUPT);
	store_rollback(s);
	CHECK_INT(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL,
	    NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	store_close(s);
	refused(STORE_CORRUPT, "row 3: ");
	CHECK_INT(verify_path(path, 0, NULL).bad_seq, 3);
	/* the first page */
	CHECK((fd = open(path, O_RDWR)) != -1);
	CHECK_INT(pwrite(fd, "garbage", 7, 0), 7);
	close(fd);
	refused(STORE_CORRUPT, "not a database");
	CHECK_INT(truncate(path, 10), 0);
	refused(STORE_CORRUPT, "not a database");
	audit_clean();
	/* no following of links out of the directory */
	CHECK_INT(symlink("/etc/passwd", path), 0);
	CHECK(store_open(&s, &conf, (char [MAX_STORE_ERR]){ "" },
	    MAX_STORE_ERR) != STORE_OK);
	audit_clean();
}

static void
busy(void)
{
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	sqlite3		*db = second(path);

	CHECK_INT(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	CHECK_INT(store_begin(s), STORE_BUSY);
	CHECK_STR(store_status_name(STORE_BUSY), "busy");
	CHECK(strstr(store_errtext(s), "another program") != NULL);
	CHECK_INT(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(audit_put_n(s, 1), 2);
	sqlite3_close(db);
	store_close(s);
	audit_clean();
}

/* rows until something is wrong; how many were acknowledged as durable */
static enum store_status
fill(struct store *s, unsigned int *n, unsigned int max)
{
	enum store_status	 ret = STORE_OK;
	struct event		 ev;
	uint64_t		 seq;
	int			 known;

	while (ret == STORE_OK && *n < max) {
		ev = audit_event(*n + 1, SEV_LOW);
		if ((ret = store_begin(s)) == STORE_OK &&
		    (ret = audit_append(s, &ev, &seq, &known)) == STORE_OK)
			ret = store_commit(s);
		if (ret == STORE_OK)
			++*n;
		if (ret == STORE_OK && store_checkpoint_pages(s) >=
		    STORE_WAL_MARK)
			ret = store_checkpoint(s);
	}
	store_rollback(s);
	return (ret);
}

static void
full_pages(void)
{
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	unsigned int	 n = 0;

	CHECK_INT(sqlite3_exec(store_db(s), "PRAGMA max_page_count=60", NULL,
	    NULL, NULL), SQLITE_OK);
	CHECK_INT(fill(s, &n, 100000), STORE_FULL);
	CHECK(strstr(store_errtext(s), "free some space") != NULL);
	CHECK(n > 10);
	check_whole(path, n + 1);
	CHECK_INT(sqlite3_exec(store_db(s), "PRAGMA max_page_count=1000000",
	    NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(store_recover(s), STORE_OK);
	CHECK_INT(audit_put_n(s, n + 1), n + 2);
	store_close(s);
	check_whole(path, n + 2);
	audit_clean();
}

/* the system's own limit on a file: the WAL may not grow */
static void
full_file(void)
{
	struct rlimit	 was, lim;
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	unsigned int	 n = 0, rounds = 0;

	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &was), 0);
	lim = was;
	lim.rlim_cur = 40 * 4096;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &lim), 0);
	/* emptying the log helps until the database is at the limit, too */
	do {
		CHECK_INT(fill(s, &n, 100000), STORE_FULL);
		CHECK(++rounds < 100);
	} while (store_recover(s) == STORE_OK);
	CHECK_INT(store_recover(s), STORE_FULL);
	CHECK(n > 3 && rounds > 1);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &was), 0);
	CHECK_INT(store_recover(s), STORE_OK);
	CHECK_INT(audit_put_n(s, n + 1), n + 2);
	store_close(s);
	check_whole(path, n + 2);
	audit_clean();
}

/* a real small disk, where this process may mount one */
static void
full_disk(void)
{
	static const char	 block[65536];
	struct store		*s;
	unsigned int		 n = 0;
	char			 filler[PATH_MAX + 8], err[MAX_STORE_ERR];
	int			 fd;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", dir, "tmpfs", 0, "size=20m,mode=0700") == -1) {
		printf("    (no mount allowed here: left out)\n");
		return;
	}
	s = audit_open(NULL, EPOCH_FIRST);
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	CHECK((fd = open(filler, O_WRONLY | O_CREAT, 0600)) != -1);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	CHECK_INT(errno, ENOSPC);
	CHECK_INT(fill(s, &n, 100000), STORE_FULL);
	CHECK(n > 100);		/* the WAL was there before */
	CHECK_INT(unlink(filler), 0);
	close(fd);
	CHECK_INT(store_recover(s), STORE_OK);
	CHECK_INT(audit_put_n(s, n + 1), n + 2);
	check_whole(path, n + 2);
	store_close(s);
	CHECK_INT(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	CHECK_INT(store_open(&s, &conf, err, sizeof(err)), STORE_READONLY);
	CHECK_INT(umount(dir), 0);
}

static void
older_copy(void)
{
	struct verify_result	 res;
	struct store		*s = audit_open(NULL, EPOCH_FIRST);
	struct head		 h, mid;
	sqlite3			*db;
	unsigned int		 i;

	for (i = 2; i <= 5; i++)
		audit_put_n(s, i);
	store_close(s);
	copy_file(path, beside(".old"));
	s = audit_open(NULL, EPOCH_SAME);
	for (i = 6; i <= 10; i++) {
		audit_put_n(s, i);
		if (i == 7)
			mid = audit_sign(s);
	}
	h = audit_sign(s);
	store_close(s);
	copy_file(beside(".old"), path);
	CHECK_INT(unlink(beside("-wal")), 0);
	s = audit_open(&h, EPOCH_RESTORED);
	/* no sequence is used twice */
	CHECK_INT(audit_put_n(s, 11), 12);
	store_close(s);
	db = second(path);
	CHECK_STR(ask(db, "SELECT severity || target || seq FROM audit_events"
	    " WHERE action = 'audit-epoch' AND seq > 1"),
	    "CRITICALolder-copy11");
	sqlite3_close(db);
	res = verify_path(path, 0, NULL);
	CHECK(!res.ok);
	CHECK_INT(res.bad_seq, 6);
	res = verify_path(path, 0, &mid);
	CHECK_INT(res.bad_seq, 6);
	res = verify_path(path, 11, NULL);
	CHECK(res.ok && res.rows == 2);
	/* once said, it is not said again */
	s = audit_open(NULL, EPOCH_SAME);
	h = audit_sign(s);
	store_close(s);
	s = audit_open(&h, EPOCH_SAME);
	store_close(s);
	audit_clean();
}

static void
other_epochs(void)
{
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	struct event	 ev;
	struct head	 h;
	char		 json[MAX_HEAD_JSON];
	uint8_t		 key = conf.public_key[0];

	h = audit_sign(s);
	store_close(s);
	conf.machine[0] ^= 1;
	s = audit_open(&h, EPOCH_MACHINE);
	CHECK_INT(audit_put_n(s, 1), 3);
	CHECK_INT(store_signed_row(s), 0);
	h = audit_sign(s);
	head_json(&h, json);
	ev = audit_event(2, SEV_INFO);
	ev.field[EV_ACTION] = ACTION_CHECKPOINT;
	ev.field[EV_ACTOR] = ACTOR_AUDITD;
	ev.field[EV_DETAILS] = json;
	CHECK_INT(audit_put(s, &ev), 4);
	CHECK_INT(store_signed_row(s), 4);
	store_close(s);
	CHECK_INT(verify_path(path, 0, NULL).signed_seq, 3);
	CHECK_INT(verify_path(path, 0, NULL).epochs, 2);
	/* a checkpoint was signed and now the signer knows of none */
	s = audit_open(NULL, EPOCH_UNSIGNED);
	store_close(s);
	check_whole(path, 5);
	conf.public_key[0] ^= 1;
	s = audit_open(NULL, EPOCH_DEVICE);
	store_close(s);
	CHECK_INT(verify_path(path, 0, NULL).bad_seq, 6);
	conf.public_key[0] = key;
	conf.machine[0] ^= 1;
	/* everything gone but the signer's memory */
	audit_clean();
	h.seq = 50;
	s = audit_open(&h, EPOCH_RESTORED);
	CHECK_INT(audit_put_n(s, 1), 52);
	store_close(s);
	CHECK_INT(verify_path(path, 0, NULL).bad_seq, 1);
	audit_clean();
}

static void
checkpoints(void)
{
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	struct event	 ev;
	uint64_t	 seq;
	unsigned int	 n;
	off_t		 wal = size_of(beside("-wal"));
	int		 known, round;

	for (n = 0, round = 0; round < 6; round++) {
		while (store_checkpoint_pages(s) < STORE_WAL_MARK) {
			CHECK_INT(store_begin(s), STORE_OK);
			do {
				ev = audit_event(++n, SEV_LOW);
				CHECK_INT(audit_append(s, &ev, &seq, &known),
				    STORE_OK);
			} while (n % 500 != 0);
			CHECK_INT(store_commit(s), STORE_OK);
		}
		CHECK_INT(store_checkpoint(s), STORE_OK);
		CHECK(store_checkpoint_pages(s) < STORE_WAL_MARK);
	}
	/* more went through the log than fits into it */
	CHECK_INT(size_of(beside("-wal")), wal);
	store_close(s);
	check_whole(path, n + 1);
	audit_clean();
}

int
main(void)
{
	audit_setup();
	RUN(append_and_reopen);
	RUN(known_ids);
	RUN(order_of_use);
	RUN(killed);
	RUN(append_only);
	RUN(views);
	RUN(migration);
	RUN(cut_at_birth);
	RUN(damage);
	RUN(busy);
	RUN(full_pages);
	RUN(full_file);
	RUN(older_copy);
	RUN(other_epochs);
	RUN(checkpoints);
	RUN(full_disk);
	audit_teardown();
	return (0);
}
