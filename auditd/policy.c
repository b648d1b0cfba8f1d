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
#include "common/proto.h"
#include "common/utf8.h"

#include "policy.h"

enum policy_stmt {
	PS_GET, PS_COUNT, PS_PINS, PS_PUT, PS_DEL, PS_EACH, PS_UNFOUNDED, PS_MAX
};

static const char *const policy_sql[PS_MAX] = {
	[PS_GET] = "SELECT action, reason FROM policy_list"
	    " WHERE type = ? AND name = ?",
	[PS_COUNT] = "SELECT count(*) FROM policy_list",
	[PS_PINS] = "SELECT count(*) FROM policy_list WHERE type = 5"
	    " AND actor = ?",
	[PS_PUT] = "INSERT INTO policy_list(type, name, action, reason,"
	    " actor, updated_us, seq) VALUES(?,?,?,?,?,?,?)"
	    " ON CONFLICT(type, name) DO UPDATE SET"
	    " action = excluded.action, reason = excluded.reason,"
	    " actor = excluded.actor, updated_us = excluded.updated_us,"
	    " seq = excluded.seq",
	[PS_DEL] = "DELETE FROM policy_list WHERE type = ? AND name = ?",
	[PS_EACH] = "SELECT type, name, action, reason, actor, updated_us,"
	    " seq FROM policy_list ORDER BY type, name",
	[PS_UNFOUNDED] = DBROW_UNFOUNDED_LISTS,
};

struct policy {
	struct store	*store;
	sqlite3_stmt	*st[PS_MAX];
};

const char *
list_type_name(enum list_type type)
{
	return (list_kind_name((uint32_t)type));
}

int
list_type_parse(const char *name, enum list_type *type)
{
	enum list_type	 t;

	for (t = LIST_TOOL; t <= LIST_PIN; t++)
		if (strcmp(list_type_name(t), name) == 0) {
			*type = t;
			return (0);
		}
	return (-1);
}

const char *
list_action_name(enum list_action action)
{
	switch (action) {
	case LIST_NONE:
		return ("none");
	case LIST_BLOCK:
		return ("block");
	case LIST_ALLOW:
		return ("allow");
	}
	return (NULL);
}

/* text that may be shown on a terminal line */
static int
text_check(const char *what, const char *s, size_t max, char *err,
    size_t errlen)
{
	size_t	 i, len = strnlen(s, max + 1);

	if (len > max) {
		snprintf(err, errlen, "the %s is longer than %zu bytes", what,
		    max);
		return (-1);
	}
	if (!utf8_valid(s, len)) {
		snprintf(err, errlen, "the %s is not valid UTF-8", what);
		return (-1);
	}
	for (i = 0; i < len; i++) {
		/* C0, DEL, and C1 in UTF-8 */
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f ||
		    ((unsigned char)s[i] == 0xc2 &&
		    (unsigned char)s[i + 1] < 0xa0)) {
			snprintf(err, errlen,
			    "the %s holds a control character", what);
			return (-1);
		}
	}
	return (0);
}

int
list_name_check(const char *name, char *err, size_t errlen)
{
	if (name[0] == '\0') {
		snprintf(err, errlen, "the name is empty");
		return (-1);
	}
	return (text_check("name", name, MAX_LIST_NAME, err, errlen));
}

enum store_status
policy_open(struct policy **out, struct store *s)
{
	enum store_status	 ret;
	struct policy		*p;
	int			 i, rc;

	*out = NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (store_fail(s, SQLITE_NOMEM, "policy lists"));
	p->store = s;
	for (i = 0; i < PS_MAX; i++) {
		rc = sqlite3_prepare_v3(store_db(s), policy_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &p->st[i], NULL);
		if (rc != SQLITE_OK) {
			ret = store_fail(s, rc, "policy lists");
			policy_close(p);
			return (ret);
		}
	}
	*out = p;
	return (STORE_OK);
}

void
policy_close(struct policy *p)
{
	int	 i;

	if (p == NULL)
		return;
	for (i = 0; i < PS_MAX; i++)
		sqlite3_finalize(p->st[i]);
	free(p);
}

/* what the list says of a name now; LIST_NONE when nothing */
static enum store_status
policy_get(struct policy *p, const struct list_entry *e,
    enum list_action *action, int *same_reason)
{
	sqlite3_stmt	*st = p->st[PS_GET];
	const char	*reason;
	int		 rc;

	*action = LIST_NONE;
	*same_reason = 1;
	sqlite3_bind_int(st, 1, (int)e->type);
	sqlite3_bind_text(st, 2, e->name, -1, SQLITE_STATIC);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		*action = (enum list_action)sqlite3_column_int(st, 0);
		reason = (const char *)sqlite3_column_text(st, 1);
		*same_reason = strcmp(reason == NULL ? "" : reason,
		    e->reason == NULL ? "" : e->reason) == 0;
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (store_fail(p->store, rc, "read a list entry"));
	return (STORE_OK);
}

static enum store_status
policy_room(struct policy *p, const struct list_entry *e)
{
	sqlite3_stmt		*st = p->st[PS_PINS];
	enum store_status	 ret;
	uint64_t		 n;

	if ((ret = store_count(p->store, p->st[PS_COUNT], &n)) != STORE_OK)
		return (ret);
	if (n >= MAX_LIST_ENTRIES)
		return (store_refuse(p->store, "the lists hold %d entries "
		    "already: take some away first", MAX_LIST_ENTRIES));
	if (e->type != LIST_PIN)
		return (STORE_OK);
	sqlite3_bind_text(st, 1, e->actor, -1, SQLITE_STATIC);
	if ((ret = store_count(p->store, st, &n)) != STORE_OK)
		return (ret);
	/* one account's servers leave room for what an operator blocks */
	if (n >= MAX_LIST_PINS)
		return (store_refuse(p->store, "%s has pinned %d servers: an "
		    "operator can forget some", e->actor, MAX_LIST_PINS));
	return (STORE_OK);
}

static enum store_status
policy_write(struct policy *p, const struct list_entry *e, uint64_t seq)
{
	sqlite3_stmt	*st;
	int		 rc;

	st = p->st[e->action == LIST_NONE ? PS_DEL : PS_PUT];
	sqlite3_bind_int(st, 1, (int)e->type);
	sqlite3_bind_text(st, 2, e->name, -1, SQLITE_STATIC);
	if (e->action != LIST_NONE) {
		sqlite3_bind_int(st, 3, (int)e->action);
		sqlite3_bind_text(st, 4, e->reason, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 5, e->actor, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 6, (sqlite3_int64)e->updated_us);
		sqlite3_bind_int64(st, 7, (sqlite3_int64)seq);
	}
	rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return (store_fail(p->store, rc, "write a list entry"));
	return (store_meta_set(p->store, META_GENERATION, seq));
}

static enum store_status
policy_check(struct policy *p, const struct list_entry *e)
{
	char	 err[128];

	if (!store_in_transaction(p->store))
		return (store_refuse(p->store, "no transaction is open"));
	if (list_type_name(e->type) == NULL ||
	    list_action_name(e->action) == NULL || e->actor == NULL ||
	    e->updated_us > INT64_MAX)
		return (store_refuse(p->store, "not a valid list change"));
	if (list_name_check(e->name, err, sizeof(err)) == -1 ||
	    (e->reason != NULL && text_check("reason", e->reason,
	    e->type == LIST_PIN ? MAX_LIST_PIN : MAX_LIST_REASON, err,
	    sizeof(err)) == -1))
		return (store_refuse(p->store, "%s", err));
	return (STORE_OK);
}

enum store_status
policy_set(struct policy *p, const struct list_entry *e, const void *event,
    size_t len, uint64_t *seq, int *changed)
{
	enum store_status	 ret;
	enum list_action	 now;
	int			 known, same;

	*changed = 0;
	if ((ret = policy_check(p, e)) != STORE_OK ||
	    (ret = policy_get(p, e, &now, &same)) != STORE_OK)
		return (ret);
	if (now == LIST_NONE && e->action != LIST_NONE &&
	    (ret = policy_room(p, e)) != STORE_OK)
		return (ret);
	/* the event first: when it is known, so is the change */
	if ((ret = store_append(p->store, event, len, seq, &known)) !=
	    STORE_OK || known)
		return (ret);
	if (e->action == now && (same || now == LIST_NONE))
		return (STORE_OK);
	if ((ret = policy_write(p, e, *seq)) == STORE_OK)
		*changed = 1;
	return (ret);
}

enum store_status
policy_generation(struct policy *p, uint64_t *generation)
{
	return (store_meta_get(p->store, META_GENERATION, generation));
}

enum store_status
policy_unfounded(struct policy *p, uint64_t *n)
{
	return (store_count(p->store, p->st[PS_UNFOUNDED], n));
}

enum store_status
policy_each(struct policy *p, int (*cb)(const struct list_entry *, void *),
    void *arg)
{
	struct list_entry	 e;
	sqlite3_stmt		*st = p->st[PS_EACH];
	int			 rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		e.type = (enum list_type)sqlite3_column_int(st, 0);
		e.name = (const char *)sqlite3_column_text(st, 1);
		e.action = (enum list_action)sqlite3_column_int(st, 2);
		e.reason = (const char *)sqlite3_column_text(st, 3);
		e.actor = (const char *)sqlite3_column_text(st, 4);
		e.updated_us = (uint64_t)sqlite3_column_int64(st, 5);
		e.seq = (uint64_t)sqlite3_column_int64(st, 6);
		if (e.name == NULL || e.actor == NULL) {
			rc = SQLITE_NOMEM;
			break;
		}
		if (cb(&e, arg) != 0) {
			rc = SQLITE_DONE;
			break;
		}
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return (store_fail(p->store, rc, "read the lists"));
	return (STORE_OK);
}
