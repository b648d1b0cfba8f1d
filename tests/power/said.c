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

#include <sqlite3.h>
#include <string.h>

#include "common/peer.h"
#include "common/proto.h"
#include "tests/power/plog.h"

/*
 * What auditd and the signer promise: a mark in the log before the message
 * that says so leaves.  And, for a run that must fail, less durability than
 * the store asks SQLite for.
 */

int	 __real_peer_send(struct peer *, uint32_t, uint32_t, int, const void *,
	    size_t);
int	 __wrap_peer_send(struct peer *, uint32_t, uint32_t, int, const void *,
	    size_t);
int	 __real_sqlite3_exec(sqlite3 *, const char *, int (*)(void *, int,
	    char **, char **), void *, char **);
int	 __wrap_sqlite3_exec(sqlite3 *, const char *, int (*)(void *, int,
	    char **, char **), void *, char **);

int
__wrap_peer_send(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	const struct appended		*row = data;
	const struct list_changed	*lc = data;
	const struct sign_answer	*sa = data;
	struct plog_rec			 r = { .op = P_APPENDED };
	size_t				 i;

	plog_enter();
	if (type == MSG_APPENDED)
		for (i = 0; i < len / sizeof(*row); i++)
			plog_put(&r, NULL, row[i].id, sizeof(row[i].id));
	if (type == MSG_LIST_CHANGED && lc->code == CTL_OK) {
		r.op = P_CHANGED;
		plog_put(&r, NULL, lc->id, sizeof(lc->id));
	}
	if (type == MSG_SIGNED && sa->code == CTL_OK) {
		r.op = P_SIGNED;
		r.a = sa->head.seq;
		plog_put(&r, NULL, NULL, 0);
	}
	plog_leave();
	return (__real_peer_send(p, type, id, fd, data, len));
}

int
__wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*fn)(void *, int,
    char **, char **), void *arg, char **err)
{
	int	 rc = __real_sqlite3_exec(db, sql, fn, arg, err);

	if (rc == SQLITE_OK && plog_leaves_out(PLOG_NORMAL) &&
	    strstr(sql, "synchronous=FULL") != NULL)
		rc = __real_sqlite3_exec(db, "PRAGMA synchronous=NORMAL",
		    NULL, NULL, NULL);
	return (rc);
}
