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
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dbrow.h"
#include "common/export.h"

#include "store.h"
#include "store_file.h"
#include "store_schema.h"

#define MAX_SQL_VALUE	(1024 * 1024)	/* bytes of one value or row */
#define STORE_SALTS	64		/* drawn at once */
#define META_CHECKPOINT	"checkpoint_row"
#define META_RECOVERED	"recovered"

/* where the log ends: as durable, and with the open transaction */
struct tip {
	uint64_t	seq;
	int64_t		epoch_n;	/* key in epochs, 0: none */
	uint8_t		epoch[CHAIN_EPOCH_LEN];
	uint8_t		hash[CHAIN_HASH_LEN];
	int		fresh;		/* the next row starts the epoch */
	uint64_t	next;		/* its sequence */
	uint64_t	checkpoint;	/* last checkpoint row */
};

enum store_stmt {
	ST_BEGIN, ST_COMMIT, ST_ROLLBACK, ST_INSERT, ST_BY_ID, ST_BY_SEQ,
	ST_EPOCH, ST_META_GET, ST_META_SET, ST_COUNT
};

static const char *const store_sql[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_INSERT] = "INSERT INTO events(seq, id, time_us, severity,"
	    " generation, epoch, hash_alg, salt, commitment, prev, hash,"
	    " action, target, actor, details, run_id, trace_id, request_id,"
	    " session_id, agent_name, agent_instance_id, policy_id,"
	    " destination_app, tool_name, tool_id, content_hash,"
	    " binary_version, agent_id, sidecar_instance_id)"
	    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
	    "?,?)",
	[ST_BY_ID] = DBROW_SELECT "WHERE e.id = ?",
	[ST_BY_SEQ] = DBROW_SELECT "WHERE e.seq = ?",
	[ST_EPOCH] = "INSERT INTO epochs(n, epoch, device, machine, reason,"
	    " first_seq) VALUES(?,?,?,?,?,?)",
	[ST_META_GET] = "SELECT value FROM meta WHERE key = ?",
	[ST_META_SET] = "INSERT INTO meta(key, value) VALUES(?, ?)"
	    " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
};
#define INSERT_FIELD0	12	/* parameter of EV_ACTION */

struct store {
	sqlite3			*db;
	sqlite3_stmt		*st[ST_COUNT];
	struct store_conf	 conf;		/* path is our own copy */
	char			*path;
	uint8_t			 device[CHAIN_DEVICE_LEN];
	struct tip		 durable;
	struct tip		 cur;
	int			 in_tx;
	int			 ready;		/* reconciled */
	enum store_epoch	 found;		/* by the last epoch's row */
	uint8_t			 salts[STORE_SALTS][CHAIN_SALT_LEN];
	unsigned int		 nsalts;	/* unused ones */
	int			 wal_pages;	/* in the WAL */
	int			 wal_moved;	/* of them in the database */
	char			 text[MAX_STORE_ERR];
};

enum store_status
store_fail(struct store *s, int rc, const char *what)
{
	enum store_status	 ret = store_classify(rc);

	snprintf(s->text, sizeof(s->text), "%s: %s: %s: %s", s->path, what,
	    sqlite3_errstr(rc), store_advice(ret));
	return (ret);
}

enum store_status
store_refuse(struct store *s, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	return (STORE_REFUSED);
}

const char *
store_errtext(const struct store *s)
{
	return (s->text);
}

sqlite3 *
store_db(struct store *s)
{
	return (s->db);
}

int
store_in_transaction(const struct store *s)
{
	return (s->in_tx);
}

/* runs a statement that gives no row */
static int
store_run(struct store *s, enum store_stmt which)
{
	int	 rc;

	errno = 0;
	rc = sqlite3_step(s->st[which]);
	(void)sqlite3_reset(s->st[which]);
	return (rc == SQLITE_DONE ? SQLITE_OK : rc);
}

enum store_status
store_meta_get(struct store *s, const char *key, uint64_t *value)
{
	sqlite3_stmt	*st = s->st[ST_META_GET];
	int		 rc;

	*value = 0;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*value = (uint64_t)sqlite3_column_int64(st, 0);
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(s, rc, "read a number"));
	return (STORE_OK);
}

enum store_status
store_meta_set(struct store *s, const char *key, uint64_t value)
{
	sqlite3_stmt	*st = s->st[ST_META_SET];
	int		 rc;

	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)value);
	if ((rc = store_run(s, ST_META_SET)) != SQLITE_OK)
		return (store_fail(s, rc, "write a number"));
	return (STORE_OK);
}

enum store_status
store_count(struct store *s, sqlite3_stmt *st, uint64_t *n)
{
	int	 rc;

	*n = 0;
	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*n = (uint64_t)sqlite3_column_int64(st, 0);
	(void)sqlite3_reset(st);
	return (rc == SQLITE_ROW ? STORE_OK : store_fail(s, rc, "count"));
}

static int
store_wal_hook(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store	*s = arg;

	(void)db;
	(void)name;
	if (pages < s->wal_pages)
		s->wal_moved = 0;	/* the log began anew */
	s->wal_pages = pages;
	return (SQLITE_OK);
}

static enum store_status
store_tune(struct store *s)
{
	int	 on = 1, rc;

	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0,
	    NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, MAX_SQL_VALUE);
	/* truncating the log would make the next commits append again */
	sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &on);
	rc = sqlite3_exec(s->db, "PRAGMA temp_store=MEMORY;"
	    "PRAGMA synchronous=FULL;PRAGMA locking_mode=NORMAL;"
	    "PRAGMA cache_size=-8192;PRAGMA mmap_size=0;"
	    "PRAGMA secure_delete=ON;"
	    "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	/* replaces the automatic checkpoint inside a commit */
	sqlite3_wal_hook(s->db, store_wal_hook, s);
	return (rc == SQLITE_OK ? STORE_OK : store_fail(s, rc, "settings"));
}

static enum store_status
store_prepare(struct store *s)
{
	int	 i, rc;

	for (i = 0; i < ST_COUNT; i++) {
		rc = sqlite3_prepare_v3(s->db, store_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->st[i], NULL);
		if (rc != SQLITE_OK)
			return (store_fail(s, rc, "prepare"));
	}
	return (STORE_OK);
}

/* what the last epoch says of device and machine */
static enum store_status
store_load_epoch(struct store *s)
{
	sqlite3_stmt	*st = NULL;
	const void	*epoch, *device, *machine;
	int		 rc;

	rc = sqlite3_prepare_v2(s->db, "SELECT n, epoch, device, machine"
	    " FROM epochs ORDER BY n DESC LIMIT 1", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	s->found = EPOCH_FIRST;
	if (rc == SQLITE_ROW) {
		s->durable.epoch_n = sqlite3_column_int64(st, 0);
		epoch = sqlite3_column_blob(st, 1);
		device = sqlite3_column_blob(st, 2);
		machine = sqlite3_column_blob(st, 3);
		if (sqlite3_column_bytes(st, 1) != CHAIN_EPOCH_LEN ||
		    sqlite3_column_bytes(st, 2) != CHAIN_DEVICE_LEN ||
		    sqlite3_column_bytes(st, 3) != STORE_MACHINE_LEN) {
			rc = SQLITE_CORRUPT;
		} else {
			memcpy(s->durable.epoch, epoch, CHAIN_EPOCH_LEN);
			s->found = EPOCH_SAME;
			if (memcmp(device, s->device, CHAIN_DEVICE_LEN) != 0)
				s->found = EPOCH_DEVICE;
			else if (memcmp(machine, s->conf.machine,
			    STORE_MACHINE_LEN) != 0)
				s->found = EPOCH_MACHINE;
		}
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(s, rc, "read the epoch"));
	return (STORE_OK);
}

/* a row against the one after it; the first row of an epoch needs before */
static int
store_links(const struct chain_row *before, const struct chain_row *row)
{
	uint8_t	 genesis[CHAIN_HASH_LEN];

	if (memcmp(before->epoch, row->epoch, CHAIN_EPOCH_LEN) == 0)
		return (row->seq == before->seq + 1 &&
		    memcmp(row->prev, before->hash, CHAIN_HASH_LEN) == 0);
	chain_genesis(row, before, genesis);
	return (row->seq > before->seq &&
	    memcmp(row->prev, genesis, CHAIN_HASH_LEN) == 0);
}

/* reads the end of the log and checks the last rows, newest first */
static enum store_status
store_load_tip(struct store *s)
{
	struct chain_row	 row, after;
	sqlite3_stmt		*st = NULL;
	char			 why[128];
	int			 n = 0, rc;

	rc = sqlite3_prepare_v2(s->db, DBROW_SELECT
	    "ORDER BY e.seq DESC LIMIT ?", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int(st, 1, MAX_STORE_CHECK);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		why[0] = '\0';
		if (dbrow_read(st, &row, why, sizeof(why)) == -1 ||
		    chain_check(&row, why, sizeof(why)) == -1)
			goto damaged;
		if (n++ == 0) {
			s->durable.seq = row.seq;
			memcpy(s->durable.hash, row.hash, CHAIN_HASH_LEN);
			/* an epoch and its first row are one transaction */
			if (memcmp(row.epoch, s->durable.epoch,
			    CHAIN_EPOCH_LEN) != 0)
				goto damaged;
		} else if (!store_links(&row, &after))
			goto damaged;
		after = row;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return (store_fail(s, rc, "read the last rows"));
	if (n == 0 && s->durable.epoch_n != 0) {
		(void)store_refuse(s, "%s: the rows of the log are gone: %s",
		    s->path, store_advice(STORE_CORRUPT));
		return (STORE_CORRUPT);
	}
	return (store_meta_get(s, META_CHECKPOINT, &s->durable.checkpoint));
damaged:
	sqlite3_finalize(st);
	(void)store_refuse(s, "%s: row %llu: %s: %s", s->path,
	    (unsigned long long)row.seq, why[0] != '\0' ? why :
	    "the chain is broken here", store_advice(STORE_CORRUPT));
	return (STORE_CORRUPT);
}

static enum store_status
store_load(struct store *s)
{
	enum store_status	 ret;

	memset(&s->durable, 0, sizeof(s->durable));
	if ((ret = store_load_epoch(s)) != STORE_OK ||
	    (ret = store_load_tip(s)) != STORE_OK)
		return (ret);
	s->durable.next = s->durable.seq + 1;
	s->cur = s->durable;
	return (STORE_OK);
}

/* of the WAL what no reader holds */
static enum store_status
store_move(struct store *s)
{
	int	 rc, log = 0, moved = 0;

	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    &log, &moved);
	if (rc != SQLITE_OK)
		return (store_fail(s, rc, "checkpoint"));
	s->wal_pages = log;
	s->wal_moved = moved;
	return (STORE_OK);
}

static enum store_status
store_open_db(struct store *s)
{
	enum store_status	 ret;
	int			 rc;

	ret = store_file_prepare(s->path, s->text, sizeof(s->text));
	if (ret != STORE_OK)
		return (ret);
	rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		return (store_fail(s, rc, "open"));
	if ((ret = store_tune(s)) != STORE_OK ||
	    (ret = store_migrate(s->db, s->path, store_steps, store_nsteps,
	    s->text, sizeof(s->text))) != STORE_OK ||
	    (ret = store_file_grow_wal(s->path, s->text, sizeof(s->text))) !=
	    STORE_OK ||
	    /* also files that are not new: who made them may have died here */
	    (ret = store_file_sync_dir(s->path, s->text, sizeof(s->text))) !=
	    STORE_OK)
		return (ret);
	/* the backup of a migration was the last use of ATTACH */
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	if ((ret = store_prepare(s)) != STORE_OK)
		return (ret);
	/* here nobody waits for us; if not now, then later */
	(void)store_move(s);
	return (store_load(s));
}

enum store_status
store_open(struct store **out, const struct store_conf *conf, char *err,
    size_t errlen)
{
	enum store_status	 ret;
	struct store		*s;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL ||
	    (s->path = strdup(conf->path)) == NULL) {
		free(s);
		snprintf(err, errlen, "out of memory");
		return (STORE_IO);
	}
	s->conf = *conf;
	s->conf.path = s->path;
	chain_device(conf->public_key, s->device);
	if ((ret = store_open_db(s)) != STORE_OK) {
		snprintf(err, errlen, "%s", s->text);
		store_close(s);
		return (ret);
	}
	*out = s;
	return (STORE_OK);
}

void
store_close(struct store *s)
{
	int	 i;

	if (s == NULL)
		return;
	store_rollback(s);
	for (i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(s->st[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

enum store_status
store_begin(struct store *s)
{
	int	 rc;

	if (s->in_tx)
		return (store_refuse(s, "a transaction is open already"));
	if ((rc = store_run(s, ST_BEGIN)) != SQLITE_OK)
		return (store_fail(s, rc, "begin"));
	s->in_tx = 1;
	s->cur = s->durable;
	return (STORE_OK);
}

enum store_status
store_commit(struct store *s)
{
	int	 rc;

	if (!s->in_tx)
		return (store_refuse(s, "no transaction is open"));
	if ((rc = store_run(s, ST_COMMIT)) != SQLITE_OK)
		return (store_fail(s, rc, "commit"));
	s->in_tx = 0;
	s->durable = s->cur;
	return (STORE_OK);
}

void
store_rollback(struct store *s)
{
	if (!s->in_tx)
		return;
	/* some errors have rolled back already */
	if (!sqlite3_get_autocommit(s->db))
		(void)store_run(s, ST_ROLLBACK);
	s->in_tx = 0;
	s->cur = s->durable;
}

/* *known says whether the id is there; other content under it is refused */
static enum store_status
store_find(struct store *s, const struct event *ev, const void *buf,
    size_t len, uint64_t *seq, int *known)
{
	struct chain_row	 row, mine;
	sqlite3_stmt		*st = s->st[ST_BY_ID];
	enum store_status	 ret = STORE_OK;
	char			 why[128];
	int			 rc;

	*known = 0;
	sqlite3_bind_blob(st, 1, ev->id, EVENT_ID_LEN, SQLITE_STATIC);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (dbrow_read(st, &row, why, sizeof(why)) == -1) {
			ret = store_fail(s, SQLITE_CORRUPT, why);
		} else {
			mine = row;
			chain_seal(&mine, buf, len);
			if (memcmp(mine.commitment, row.commitment,
			    CHAIN_HASH_LEN) != 0)
				ret = store_refuse(s, "the event's id is "
				    "known from row %llu with other content",
				    (unsigned long long)row.seq);
			*seq = row.seq;
			*known = 1;
		}
	} else if (rc != SQLITE_DONE)
		ret = store_fail(s, rc, "look up an id");
	(void)sqlite3_reset(st);
	return (ret);
}

/* a salt is random, a system call for each would cost more than the hash */
static void
store_salt(struct store *s, uint8_t salt[CHAIN_SALT_LEN])
{
	if (s->nsalts == 0) {
		randombytes_buf(s->salts, sizeof(s->salts));
		s->nsalts = STORE_SALTS;
	}
	s->nsalts--;
	memcpy(salt, s->salts[s->nsalts], CHAIN_SALT_LEN);
	explicit_bzero(s->salts[s->nsalts], CHAIN_SALT_LEN);
}

/* chain fields of the row to come */
static void
store_seal(struct store *s, struct chain_row *row, const void *buf,
    size_t len)
{
	struct chain_row	 before;

	row->alg = s->conf.alg;
	row->seq = s->cur.next;
	memcpy(row->device, s->device, CHAIN_DEVICE_LEN);
	memcpy(row->epoch, s->cur.epoch, CHAIN_EPOCH_LEN);
	store_salt(s, row->salt);
	if (s->cur.fresh) {
		memset(&before, 0, sizeof(before));
		before.seq = s->durable.seq;
		memcpy(before.epoch, s->durable.epoch, CHAIN_EPOCH_LEN);
		memcpy(before.hash, s->durable.hash, CHAIN_HASH_LEN);
		chain_genesis(row, &before, row->prev);
	} else
		memcpy(row->prev, s->cur.hash, CHAIN_HASH_LEN);
	chain_seal(row, buf, len);
}

static int
store_insert(struct store *s, const struct chain_row *row)
{
	sqlite3_stmt	*st = s->st[ST_INSERT];
	int		 f;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)row->seq);
	sqlite3_bind_blob(st, 2, row->ev.id, EVENT_ID_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)row->ev.time_us);
	sqlite3_bind_int(st, 4, (int)row->ev.severity);
	sqlite3_bind_int64(st, 5, (sqlite3_int64)row->ev.generation);
	sqlite3_bind_int64(st, 6, s->cur.epoch_n);
	sqlite3_bind_int(st, 7, (int)row->alg);
	sqlite3_bind_blob(st, 8, row->salt, CHAIN_SALT_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(st, 9, row->commitment, CHAIN_HASH_LEN,
	    SQLITE_STATIC);
	sqlite3_bind_blob(st, 10, row->prev, CHAIN_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(st, 11, row->hash, CHAIN_HASH_LEN, SQLITE_STATIC);
	for (f = 0; f < EV_COUNT; f++)
		sqlite3_bind_text(st, INSERT_FIELD0 + f, row->ev.field[f],
		    -1, SQLITE_STATIC);
	return (store_run(s, ST_INSERT));
}

enum store_status
store_append(struct store *s, const void *buf, size_t len, uint64_t *seq,
    int *known)
{
	enum store_status	 ret;
	struct chain_row	 row;
	int			 rc;

	*known = 0;
	if (!s->in_tx || !(s->ready || s->cur.fresh))
		return (store_refuse(s, "no append is possible now"));
	memset(&row, 0, sizeof(row));
	if (event_decode(&row.ev, buf, len) == -1)
		return (store_refuse(s, "not a valid event"));
	if (s->cur.next > MAX_CHAIN_SEQ)
		return (store_refuse(s, "the sequence is used up"));
	store_seal(s, &row, buf, len);
	rc = store_insert(s, &row);
	if (rc == SQLITE_CONSTRAINT_UNIQUE) {
		ret = store_find(s, &row.ev, buf, len, seq, known);
		if (ret != STORE_OK || *known)
			return (ret);
		return (store_fail(s, SQLITE_CORRUPT, "index of ids"));
	}
	if (rc != SQLITE_OK)
		return (store_fail(s, rc, "append"));
	*seq = s->cur.seq = row.seq;
	s->cur.next = row.seq + 1;
	s->cur.fresh = 0;
	memcpy(s->cur.hash, row.hash, CHAIN_HASH_LEN);
	if (export_is_checkpoint(&row)) {
		s->cur.checkpoint = row.seq;
		return (store_meta_set(s, META_CHECKPOINT, row.seq));
	}
	return (STORE_OK);
}

/* is the head one of our rows? */
static enum store_status
store_holds(struct store *s, const struct head *h, int *holds)
{
	struct chain_row	 row;
	sqlite3_stmt		*st = s->st[ST_BY_SEQ];
	char			 why[128];
	int			 rc;

	*holds = 0;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)h->seq);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW)
		*holds = dbrow_read(st, &row, why, sizeof(why)) == 0 &&
		    memcmp(row.device, h->device, CHAIN_DEVICE_LEN) == 0 &&
		    memcmp(row.epoch, h->epoch, CHAIN_EPOCH_LEN) == 0 &&
		    memcmp(row.hash, h->hash, CHAIN_HASH_LEN) == 0;
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(s, rc, "look up the signed row"));
	return (STORE_OK);
}

static enum store_status
store_epoch_row(struct store *s, enum store_epoch why)
{
	sqlite3_stmt	*st = s->st[ST_EPOCH];
	int		 rc;

	sqlite3_bind_int64(st, 1, s->cur.epoch_n);
	sqlite3_bind_blob(st, 2, s->cur.epoch, CHAIN_EPOCH_LEN,
	    SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, s->device, CHAIN_DEVICE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(st, 4, s->conf.machine, STORE_MACHINE_LEN,
	    SQLITE_STATIC);
	sqlite3_bind_text(st, 5, store_epoch_name(why), -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, (sqlite3_int64)s->cur.next);
	if ((rc = store_run(s, ST_EPOCH)) != SQLITE_OK)
		return (store_fail(s, rc, "begin an epoch"));
	return (STORE_OK);
}

static enum store_status
store_epoch_event(struct store *s, enum store_epoch why,
    const struct head *signed_head, const struct event *tmpl)
{
	uint8_t		 buf[MAX_EVENT_LEN];
	char		 details[256], now[2 * CHAIN_EPOCH_LEN + 1];
	char		 old[2 * CHAIN_EPOCH_LEN + 1];
	struct event	 ev = *tmpl;
	uint64_t	 seq;
	ssize_t		 len;
	int		 known;

	sodium_bin2hex(now, sizeof(now), s->cur.epoch, CHAIN_EPOCH_LEN);
	sodium_bin2hex(old, sizeof(old), s->durable.epoch, CHAIN_EPOCH_LEN);
	snprintf(details, sizeof(details), "{\"reason\":\"%s\","
	    "\"epoch\":\"%s\",\"previous_epoch\":\"%s\",\"last_seq\":%llu,"
	    "\"signed_seq\":%llu}", store_epoch_name(why), now,
	    s->durable.epoch_n == 0 ? "" : old,
	    (unsigned long long)s->durable.seq,
	    signed_head == NULL ? 0ULL :
	    (unsigned long long)signed_head->seq);
	randombytes_buf(ev.id, sizeof(ev.id));
	ev.field[EV_ACTION] = ACTION_EPOCH;
	ev.field[EV_TARGET] = store_epoch_name(why);
	ev.field[EV_ACTOR] = ACTOR_AUDITD;
	ev.field[EV_DETAILS] = details;
	ev.severity = why == EPOCH_FIRST ? SEV_INFO :
	    why == EPOCH_RESTORED || why == EPOCH_UNSIGNED ? SEV_CRITICAL :
	    SEV_HIGH;
	if ((len = event_encode(&ev, buf, sizeof(buf))) == -1)
		return (store_refuse(s, "the epoch's event is not valid"));
	return (store_append(s, buf, (size_t)len, &seq, &known));
}

static enum store_status
store_begin_epoch(struct store *s, enum store_epoch why,
    const struct head *signed_head, const struct event *tmpl)
{
	enum store_status	 ret;

	if ((ret = store_begin(s)) != STORE_OK)
		return (ret);
	s->cur.epoch_n++;
	randombytes_buf(s->cur.epoch, CHAIN_EPOCH_LEN);
	s->cur.fresh = 1;
	/* sequences the signer has seen are not used twice */
	if (signed_head != NULL && signed_head->seq >= s->cur.next)
		s->cur.next = signed_head->seq + 1;
	if ((ret = store_epoch_row(s, why)) != STORE_OK ||
	    (ret = store_epoch_event(s, why, signed_head, tmpl)) !=
	    STORE_OK ||
	    /* the lists may be older ones: readers must take them anew */
	    (ret = store_meta_set(s, META_GENERATION, s->cur.seq)) !=
	    STORE_OK || (ret = store_commit(s)) != STORE_OK)
		store_rollback(s);
	return (ret);
}

enum store_status
store_reconcile(struct store *s, const struct head *signed_head,
    const struct event *tmpl, enum store_epoch *why)
{
	enum store_status	 ret;
	int			 holds = 1;

	*why = s->found;
	if (signed_head != NULL && (ret = store_holds(s, signed_head,
	    &holds)) != STORE_OK)
		return (ret);
	if (!holds)
		*why = EPOCH_RESTORED;
	else if (signed_head == NULL && s->durable.checkpoint != 0 &&
	    *why != EPOCH_DEVICE)
		*why = EPOCH_UNSIGNED;
	if (*why != EPOCH_SAME && (ret = store_begin_epoch(s, *why,
	    signed_head, tmpl)) != STORE_OK)
		return (ret);
	s->found = EPOCH_SAME;
	s->ready = 1;
	return (STORE_OK);
}

int
store_checkpoint_pages(const struct store *s)
{
	return (s->wal_pages - s->wal_moved);
}

enum store_status
store_checkpoint(struct store *s)
{
	if (s->in_tx || s->wal_pages == s->wal_moved)
		return (STORE_OK);
	return (store_move(s));
}

enum store_status
store_scrub(struct store *s)
{
	int	 rc;

	if (s->in_tx)
		return (store_refuse(s, "a transaction is open"));
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
	    NULL, NULL);
	if (rc != SQLITE_OK)
		return (store_fail(s, rc, "write the WAL anew"));
	s->wal_pages = s->wal_moved = 0;
	return (store_file_grow_wal(s->path, s->text, sizeof(s->text)));
}

enum store_status
store_recover(struct store *s)
{
	enum store_status	 ret;
	uint64_t		 n;

	store_rollback(s);
	if ((ret = store_checkpoint(s)) != STORE_OK ||
	    (ret = store_meta_get(s, META_RECOVERED, &n)) != STORE_OK ||
	    (ret = store_begin(s)) != STORE_OK)
		return (ret);
	if ((ret = store_meta_set(s, META_RECOVERED, n + 1)) != STORE_OK ||
	    (ret = store_commit(s)) != STORE_OK)
		store_rollback(s);
	return (ret);
}

void
store_head(const struct store *s, struct head *h)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->device, s->device, CHAIN_DEVICE_LEN);
	memcpy(h->epoch, s->durable.epoch, CHAIN_EPOCH_LEN);
	memcpy(h->hash, s->durable.hash, CHAIN_HASH_LEN);
	h->seq = s->durable.seq;
}

uint64_t
store_signed_row(const struct store *s)
{
	return (s->durable.checkpoint);
}
