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
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/dbrow.h"
#include "store_file.h"
#include "store_schema.h"

#define APPEND_ONLY(table)						\
	"CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table	\
	" BEGIN SELECT RAISE(ABORT, 'the audit log is append-only');"	\
	" END;"								\
	"CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table	\
	" BEGIN SELECT RAISE(ABORT, 'the audit log is append-only');"	\
	" END;"

/* text forms for readers of the views: as event_uuid and event_time write */
#define SQL_UUID(c)							\
	"lower(substr(hex(" c "),1,8)||'-'||substr(hex(" c "),9,4)"	\
	"||'-'||substr(hex(" c "),13,4)||'-'||substr(hex(" c "),17,4)"	\
	"||'-'||substr(hex(" c "),21,12))"
#define SQL_TIME(c)							\
	"strftime('%Y-%m-%dT%H:%M:%S'," c "/1000000,'unixepoch')"	\
	"||printf('.%06dZ'," c "%1000000)"
#define SQL_SEVERITY(c)							\
	"CASE " c " WHEN 0 THEN 'NONE' WHEN 1 THEN 'INFO'"		\
	" WHEN 2 THEN 'LOW' WHEN 3 THEN 'MEDIUM' WHEN 4 THEN 'HIGH'"	\
	" WHEN 5 THEN 'CRITICAL' END"

#define ACTIONS_VIEW							\
	"CREATE VIEW actions AS SELECT "				\
	SQL_UUID("e.id") " AS id,"					\
	" CASE l.type WHEN 1 THEN 'tool' WHEN 2 THEN 'skill' WHEN 3 THEN 'mcp'"\
	" WHEN 4 THEN 'plugin' END AS target_type, l.name AS target_name,"\
	" NULL AS source_path, CASE l.action"				\
	" WHEN 1 THEN '{\"install\":\"block\"}'"			\
	" WHEN 2 THEN '{\"install\":\"allow\"}' END AS actions_json,"	\
	" l.reason AS reason, " SQL_TIME("l.updated_us") " AS updated_at,"\
	" 1 AS schema_version, e.content_hash AS content_hash,"		\
	" e.generation AS generation, e.binary_version AS binary_version,"\
	" e.sidecar_instance_id AS sidecar_instance_id, l.seq AS seq"	\
	" FROM policy_list l LEFT JOIN events e ON e.seq = l.seq"

static const char schema_tables[] =
    "CREATE TABLE meta ("
    " key TEXT PRIMARY KEY, value INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE epochs ("
    " n INTEGER PRIMARY KEY, epoch BLOB NOT NULL UNIQUE,"
    " device BLOB NOT NULL, machine BLOB NOT NULL,"
    " reason TEXT NOT NULL, first_seq INTEGER NOT NULL"
    ") STRICT;"
    APPEND_ONLY("epochs")

    "CREATE TABLE events ("
    " seq INTEGER PRIMARY KEY, id BLOB NOT NULL, time_us INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " action TEXT NOT NULL, target TEXT, actor TEXT, details TEXT,"
    " run_id TEXT, trace_id TEXT, request_id TEXT, session_id TEXT,"
    " agent_name TEXT, agent_instance_id TEXT, policy_id TEXT,"
    " destination_app TEXT, tool_name TEXT, tool_id TEXT,"
    " content_hash TEXT, binary_version TEXT, agent_id TEXT,"
    " sidecar_instance_id TEXT,"
    " epoch INTEGER NOT NULL, hash_alg INTEGER NOT NULL, salt BLOB NOT NULL,"
    " commitment BLOB NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL"
    ") STRICT;"
    APPEND_ONLY("events")
    /*
     * Few indexes, each write pays for them.  An index ends in the rowid,
     * which is seq: one severity is read newest first without sorting.
     */
    "CREATE UNIQUE INDEX events_id ON events(id);"
    "CREATE INDEX events_alert ON events(severity) WHERE severity >= 2;"
    "CREATE INDEX events_own ON events(actor, severity)"
    " WHERE severity >= 2;"

    "CREATE TABLE alert_ack ("
    " seq INTEGER PRIMARY KEY, ack_seq INTEGER NOT NULL"
    ") STRICT;"
    APPEND_ONLY("alert_ack")

    "CREATE TABLE policy_list ("
    " type INTEGER NOT NULL, name TEXT NOT NULL, action INTEGER NOT NULL,"
    " reason TEXT, actor TEXT NOT NULL, updated_us INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, PRIMARY KEY (type, name)"
    ") STRICT, WITHOUT ROWID;";

/* names and order of the columns: what existing SQL expects */
static const char schema_views[] =
    "CREATE VIEW audit_events AS SELECT "
    SQL_UUID("id") " AS id, " SQL_TIME("time_us") " AS timestamp,"
    " action, target, actor, details, " SQL_SEVERITY("severity")
    " AS severity, run_id, trace_id, request_id, session_id, agent_name,"
    " agent_instance_id, policy_id, destination_app, tool_name, tool_id,"
    " 1 AS schema_version, content_hash, generation, binary_version,"
    " agent_id, sidecar_instance_id, seq, lower(hex(hash)) AS hash"
    " FROM events;"

    ACTIONS_VIEW ";";

/* each sink's place in the log, and what its receiver did not take */
static const char schema_sinks[] =
    "CREATE TABLE sinks ("
    " name TEXT PRIMARY KEY, cursor INTEGER NOT NULL,"
    " replay_next INTEGER NOT NULL, replay_to INTEGER NOT NULL,"
    " failed INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE sink_dead ("
    " sink TEXT NOT NULL, seq INTEGER NOT NULL, class INTEGER NOT NULL,"
    " http INTEGER NOT NULL, code INTEGER NOT NULL, reason TEXT NOT NULL,"
    " time_us INTEGER NOT NULL, retry INTEGER NOT NULL,"
    " PRIMARY KEY (sink, seq)"
    ") STRICT, WITHOUT ROWID;";

/* there may be many: to count them, and to find those to be sent again */
static const char schema_dead[] =
    "CREATE INDEX sink_dead_class ON sink_dead(sink, class);"
    "CREATE INDEX sink_dead_retry ON sink_dead(sink, seq) WHERE retry = 1;";

/*
 * What a judge wrote, for a time: no part of the log, whose row has its hash.
 * A ring of slots (kept.h).
 */
static const char schema_kept[] =
    "CREATE TABLE kept_body ("
    " slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE,"
    " time_us INTEGER NOT NULL, body TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX kept_body_time ON kept_body(time_us);";

/* numbers of states are enum approval_state's */
static const char schema_approvals[] =
    "CREATE TABLE approvals ("
    " number INTEGER PRIMARY KEY, state INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, asked_us INTEGER NOT NULL,"
    " until_us INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,"
    " used_id BLOB NOT NULL, actor TEXT NOT NULL, tool TEXT NOT NULL,"
    " agent TEXT NOT NULL, session TEXT NOT NULL, reason TEXT NOT NULL,"
    " request TEXT NOT NULL"
    ") STRICT;";

/* pins of MCP servers are on no list that existing SQL expects */
static const char schema_pins[] =
    "DROP VIEW actions;"
    ACTIONS_VIEW " WHERE l.type < 5;";

/* one row at most: that of user mode's owner */
static const char schema_passphrase[] =
    "CREATE TABLE passphrase ("
    " one INTEGER PRIMARY KEY CHECK (one = 1), salt BLOB NOT NULL,"
    " hash BLOB NOT NULL"
    ") STRICT;";

const struct store_step	store_steps[] = {
	{ schema_tables },
	{ schema_views },
	{ schema_sinks },
	{ schema_dead },
	{ schema_kept },
	{ schema_approvals },
	{ schema_pins },
	{ schema_passphrase },
};
_Static_assert(sizeof(store_steps) / sizeof(store_steps[0]) == DBROW_SCHEMA,
    "what a reader knows");
const size_t		store_nsteps =
    sizeof(store_steps) / sizeof(store_steps[0]);

const char *
store_status_name(enum store_status s)
{
	static const char *const	 names[] = {
		"ok", "full", "read-only", "io", "busy", "corrupt", "newer",
		"refused"
	};

	if ((size_t)s >= sizeof(names) / sizeof(names[0]))
		return ("unknown");
	return (names[s]);
}

const char *
store_advice(enum store_status s)
{
	switch (s) {
	case STORE_FULL:
		return ("free some space there, requests are refused until "
		    "then");
	case STORE_READONLY:
		return ("make it writable, requests are refused until then");
	case STORE_IO:
		return ("check the disk, requests are refused until it works");
	case STORE_BUSY:
		return ("another program writes to it, end that one");
	case STORE_CORRUPT:
		return ("it was left as it is, run audit verify or put a copy "
		    "in its place");
	default:
		return ("see the message before");
	}
}

const char *
store_epoch_name(enum store_epoch e)
{
	static const char *const	 names[] = {
		"same", "first-start", "older-copy", "signer-state-lost",
		"other-machine", "other-device-key"
	};

	if ((size_t)e >= sizeof(names) / sizeof(names[0]))
		return ("unknown");
	return (names[e]);
}

int
store_transient(enum store_status s)
{
	return (s == STORE_FULL || s == STORE_READONLY || s == STORE_IO ||
	    s == STORE_BUSY);
}

enum store_status
store_classify(int rc)
{
	int	 sys = errno;	/* sqlite3_system_errno misses most of them */

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return (STORE_OK);
	case SQLITE_FULL:
		return (STORE_FULL);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return (STORE_READONLY);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return (STORE_BUSY);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:	/* somebody else wrote rows */
		return (STORE_CORRUPT);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
			return (STORE_FULL);
		if (sys == EROFS || sys == EACCES || sys == EPERM)
			return (STORE_READONLY);
		return (STORE_IO);
	default:
		return (STORE_IO);
	}
}

static enum store_status
migrate_fail(sqlite3 *db, int rc, const char *what, char *err, size_t errlen)
{
	snprintf(err, errlen, "%s: %s", what, sqlite3_errmsg(db));
	return (store_classify(rc));
}

static int
pragma_int(sqlite3 *db, const char *sql, int *value)
{
	sqlite3_stmt	*st = NULL;
	int		 rc;

	if ((rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL)) != SQLITE_OK)
		return (rc);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		*value = sqlite3_column_int(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return (rc);
}

/* a copy beside the database, complete under its final name or not there */
static enum store_status
migrate_backup(sqlite3 *db, const char *path, int version, char *err,
    size_t errlen)
{
	enum store_status	 ret;
	char			*final = NULL, *tmp = NULL, *sql = NULL;
	mode_t			 mask;
	int			 rc, fd;

	ret = STORE_IO;
	snprintf(err, errlen, "backup before the migration: out of memory");
	final = sqlite3_mprintf("%s.v%d.bak", path, version);
	tmp = sqlite3_mprintf("%s.v%d.bak.tmp", path, version);
	sql = sqlite3_mprintf("VACUUM INTO %Q", tmp);
	if (final == NULL || tmp == NULL || sql == NULL)
		goto out;
	(void)unlink(tmp);
	mask = umask(077);
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	(void)umask(mask);
	if (rc != SQLITE_OK) {
		ret = migrate_fail(db, rc, "backup before the migration", err,
		    errlen);
		(void)unlink(tmp);
		goto out;
	}
	if ((fd = open(tmp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1 ||
	    fsync(fd) == -1 || rename(tmp, final) == -1) {
		snprintf(err, errlen, "%s: error %d", final, errno);
		ret = errno == ENOSPC ? STORE_FULL : STORE_IO;
	} else
		ret = store_file_sync_dir(final, err, errlen);
	if (fd != -1)
		close(fd);
out:
	sqlite3_free(final);
	sqlite3_free(tmp);
	sqlite3_free(sql);
	return (ret);
}

static enum store_status
migrate_steps(sqlite3 *db, const struct store_step *steps, size_t from,
    size_t to, char *err, size_t errlen)
{
	enum store_status	 ret;
	char			 sql[96];
	size_t			 i;
	int			 rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (i = from; i < to && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, steps[i].sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		snprintf(sql, sizeof(sql), "PRAGMA application_id=%d;"
		    "PRAGMA user_version=%zu;COMMIT", STORE_APP_ID, to);
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		return (STORE_OK);
	ret = migrate_fail(db, rc, "migration of the database", err, errlen);
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return (ret);
}

enum store_status
store_migrate(sqlite3 *db, const char *path, const struct store_step *steps,
    size_t nsteps, char *err, size_t errlen)
{
	enum store_status	 ret;
	int			 rc, version = 0, app = 0, tables = 0;

	rc = pragma_int(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = pragma_int(db, "PRAGMA application_id", &app);
	if (rc == SQLITE_OK)
		rc = pragma_int(db, "SELECT count(*) FROM sqlite_master",
		    &tables);
	if (rc != SQLITE_OK)
		return (migrate_fail(db, rc, path, err, errlen));
	if (tables > 0 && app != STORE_APP_ID) {
		snprintf(err, errlen, "%s: a database of another program, "
		    "move it away", path);
		return (STORE_REFUSED);
	}
	if (version < 0 || (size_t)version > nsteps) {
		snprintf(err, errlen, "%s: schema %d was written by a newer "
		    "version, which knows more than %zu: start that one",
		    path, version, nsteps);
		return (STORE_NEWER);
	}
	/* only now is anything changed */
	rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return (migrate_fail(db, rc, path, err, errlen));
	if ((size_t)version == nsteps)
		return (STORE_OK);
	if (version > 0 && (ret = migrate_backup(db, path, version, err,
	    errlen)) != STORE_OK)
		return (ret);
	return (migrate_steps(db, steps, (size_t)version, nsteps, err,
	    errlen));
}
