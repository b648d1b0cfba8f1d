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

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/chain.h"
#include "common/export.h"
#include "common/head.h"
#include "common/stamp.h"
#include "auditd/policy.h"
#include "auditd/query.h"
#include "auditd/signer.h"
#include "auditd/store.h"
#include "ctl/verify.h"
#include "tests/power/check.h"

#define MAX_CHECK_IDS	65536		/* a power of two */

/* the state of one check, all of it closed by the end */
struct check {
	const struct promised	*promised;
	char			 db[PATH_MAX];
	int			 dirfd;
	struct signer		*signer;
	struct store		*store;
	struct policy		*policy;
	struct query		*query;
	struct head		 last;		/* the signer's, at the end */
	char			*reason;
	size_t			 size;
};

static int	bad(struct check *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));

static int
bad(struct check *c, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(c->reason, c->size, fmt, ap);
	va_end(ap);
	return (-1);
}

static size_t
read_key(const char *keys, const char *name, char *buf, size_t size)
{
	char	 path[PATH_MAX];
	ssize_t	 n;
	int	 fd;

	snprintf(path, sizeof(path), "%s/%s", keys, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (n = read(fd, buf, size)) < 1)
		err(1, "%s", path);
	close(fd);
	return ((size_t)n);
}

static int
start_signer(struct check *c, const char *keys)
{
	char	 key[MAX_DEVICE_KEY], why[256];
	size_t	 len;

	len = read_key(keys, "device.key", key, sizeof(key));
	if (signer_open(&c->signer, key, len, c->dirfd, why,
	    sizeof(why)) == -1)
		return (bad(c, "signer: %s", why));
	return (0);
}

/* a head that was given away is never signed anew with other rows */
static int
check_signer(struct check *c)
{
	const struct head	*last = signer_last(c->signer);
	uint64_t		 seq = last != NULL ? last->seq : 0;

	if (seq < c->promised->signed_seq)
		return (bad(c, "the signer gave a head for row %llu away and "
		    "remembers %llu", (unsigned long long)
		    c->promised->signed_seq, (unsigned long long)seq));
	return (0);
}

static void
make_stamp(struct stamp *stamp)
{
	struct rec_suite	 suite;

	memset(&suite, 0, sizeof(suite));
	memset(suite.conf_hash, 'a', sizeof(suite.conf_hash) - 1);
	stamp_init(stamp, &suite);
}

/* as auditd: open_store() */
static int
start_store(struct check *c)
{
	struct store_conf	 conf;
	char			 why[MAX_STORE_ERR];

	if (access(c->db, F_OK) == -1 && c->promised->nids != 0)
		return (bad(c, "the database is not there, and %zu rows were "
		    "acknowledged", c->promised->nids));
	memset(&conf, 0, sizeof(conf));
	conf.path = c->db;
	conf.alg = CHAIN_BLAKE2B;
	memcpy(conf.public_key, signer_public_key(c->signer),
	    sizeof(conf.public_key));
	if (store_open(&c->store, &conf, why, sizeof(why)) != STORE_OK)
		return (bad(c, "store: %s", why));
	return (0);
}

/* and seal_match() */
static int
match(struct check *c, struct stamp *stamp)
{
	struct event		 ev;
	enum store_epoch	 epoch;
	uint64_t		 generation;

	stamp_event(stamp, &ev, ACTION_EPOCH, SEV_INFO);
	if (store_reconcile(c->store, signer_last(c->signer), &ev, &epoch) !=
	    STORE_OK || policy_open(&c->policy, c->store) != STORE_OK ||
	    query_open(&c->query, c->store) != STORE_OK ||
	    policy_generation(c->policy, &generation) != STORE_OK)
		return (bad(c, "start: %s", store_errtext(c->store)));
	if (epoch != EPOCH_SAME && (epoch != EPOCH_FIRST ||
	    c->promised->nids != 0 || c->promised->signed_seq != 0))
		return (bad(c, "a new epoch begins: %s",
		    store_epoch_name(epoch)));
	return (0);
}

static size_t
slot_of(uint8_t (*ids)[EVENT_ID_LEN], const uint8_t *id)
{
	static const uint8_t	 none[EVENT_ID_LEN];
	uint64_t		 h;
	size_t			 i;

	memcpy(&h, id, sizeof(h));
	h ^= (uint64_t)id[15] << 8 | (uint64_t)id[14] << 16 | id[13];
	h *= 0x9e3779b97f4a7c15ULL;
	for (i = h >> 48; memcmp(ids[i], none, EVENT_ID_LEN) != 0 &&
	    memcmp(ids[i], id, EVENT_ID_LEN) != 0;
	    i = (i + 1) % MAX_CHECK_IDS)
		continue;
	return (i);
}

/* from the table itself: an index may say what the table does not */
static int
check_rows(struct check *c)
{
	static uint8_t	 ids[MAX_CHECK_IDS][EVENT_ID_LEN];
	const struct promised *p = c->promised;
	sqlite3_stmt	*st = NULL;
	const uint8_t	*id;
	size_t		 i, missing = 0, twice = 0;
	int		 rc;

	memset(ids, 0, sizeof(ids));
	rc = sqlite3_prepare_v2(store_db(c->store),
	    "SELECT id FROM events NOT INDEXED", -1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		id = sqlite3_column_blob(st, 0);
		i = slot_of(ids, id);
		twice += memcmp(ids[i], id, EVENT_ID_LEN) == 0;
		memcpy(ids[i], id, EVENT_ID_LEN);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return (bad(c, "rows: %s", sqlite3_errstr(rc)));
	for (i = 0; i < p->nids; i++)
		missing += memcmp(ids[slot_of(ids, p->ids[i])], p->ids[i],
		    EVENT_ID_LEN) != 0;
	if (missing != 0)
		return (bad(c, "%zu of %zu acknowledged rows are missing",
		    missing, p->nids));
	if (twice != 0)
		return (bad(c, "%zu rows are there twice", twice));
	return (0);
}

/* a question whose answer must be this one */
static int
check_sql(struct check *c, const char *what, const char *sql,
    const char *right)
{
	sqlite3_stmt	*st = NULL;
	char		 got[128] = "an error";

	if (sqlite3_prepare_v2(store_db(c->store), sql, -1, &st, NULL) ==
	    SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		strlcpy(got, (const char *)sqlite3_column_text(st, 0),
		    sizeof(got));
	sqlite3_finalize(st);
	if (strcmp(got, right) != 0)
		return (bad(c, "%s: %s", what, got));
	return (0);
}

/* the lists are what the events in the log say that they became */
static const char	 lists_sql[] =
    "WITH said(name, action, seq) AS ("
    " SELECT target, action, max(seq) FROM events"
    "  WHERE action LIKE 'api-enforce-%' GROUP BY target),"
    " now(name, action) AS ("
    " SELECT name, CASE action WHEN 1 THEN 'api-enforce-block'"
    "  ELSE 'api-enforce-allow' END FROM policy_list)"
    " SELECT (SELECT count(*) FROM said WHERE action !="
    "   'api-enforce-unblock' AND (name, action) NOT IN (SELECT name, action"
    "   FROM now))"
    "  + (SELECT count(*) FROM now WHERE (name, action) NOT IN"
    "   (SELECT name, action FROM said))";

/* the log takes a row and the signer signs it */
static int
go_on(struct check *c, struct stamp *stamp)
{
	uint8_t		 buf[MAX_EVENT_LEN];
	struct event	 ev;
	uint64_t	 seq;
	char		 why[256];
	ssize_t		 n;
	int		 known;

	stamp_event(stamp, &ev, "start", SEV_INFO);
	if ((n = event_encode(&ev, buf, sizeof(buf))) == -1 ||
	    store_begin(c->store) != STORE_OK ||
	    store_append(c->store, buf, (size_t)n, &seq, &known) !=
	    STORE_OK || store_commit(c->store) != STORE_OK)
		return (bad(c, "append: %s", store_errtext(c->store)));
	store_head(c->store, &c->last);
	if (signer_sign(c->signer, &c->last, ev.time_us, why,
	    sizeof(why)) == -1)
		return (bad(c, "sign: %s", why));
	return (0);
}

/* as `audit verify' with the signer's head for an anchor */
static int
check_chain(struct check *c)
{
	struct verify_conf	 conf;
	struct verify_result	 res;
	char			 why[256];

	memset(&conf, 0, sizeof(conf));
	memcpy(conf.public_key, signer_public_key(c->signer),
	    sizeof(conf.public_key));
	conf.anchor = &c->last;
	if (verify_db(c->db, &conf, &res, why, sizeof(why)) == -1)
		return (bad(c, "verify: %s", why));
	if (!res.ok)
		return (bad(c, "verify: %s", res.reason));
	return (0);
}

static int
check_all(struct check *c, const char *keys)
{
	struct stamp	 stamp;

	make_stamp(&stamp);
	if (start_signer(c, keys) == -1 || start_store(c) == -1 ||
	    check_rows(c) == -1 || check_signer(c) == -1 ||
	    match(c, &stamp) == -1 ||
	    check_sql(c, "lists", lists_sql, "0") == -1 ||
	    check_sql(c, "integrity", "PRAGMA integrity_check(1)", "ok") ==
	    -1)
		return (-1);
	return (go_on(c, &stamp) == -1 ? -1 : check_chain(c));
}

int
check_recovers(const char *image, const char *keys,
    const struct promised *promised, char *reason, size_t size)
{
	struct check	 c;
	char		 path[PATH_MAX];
	int		 ret;

	memset(&c, 0, sizeof(c));
	c.promised = promised;
	c.reason = reason;
	c.size = size;
	snprintf(c.db, sizeof(c.db), "%s/audit/audit.db", image);
	snprintf(path, sizeof(path), "%s/sign", image);
	if ((c.dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	ret = check_all(&c, keys);
	query_close(c.query);
	policy_close(c.policy);
	store_close(c.store);
	signer_close(c.signer);
	close(c.dirfd);
	return (ret);
}
