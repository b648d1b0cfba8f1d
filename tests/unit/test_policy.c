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

#include "auditd/policy.h"
#include "tests/unit/test_audit.h"

static struct store	*store;
static struct policy	*policy;

static void
start(enum store_epoch want)
{
	struct head	 h;

	store = audit_open(NULL, want);
	CHECK_INT(policy_open(&policy, store), STORE_OK);
	store_head(store, &h);
	CHECK(h.seq > 0);
}

static void
stop(void)
{
	policy_close(policy);
	store_close(store);
}

static struct list_entry
entry(enum list_type type, const char *name, enum list_action action)
{
	struct list_entry	 e;

	memset(&e, 0, sizeof(e));
	e.type = type;
	e.name = name;
	e.action = action;
	e.reason = "why not";
	e.actor = "uid:0";
	e.updated_us = TIME0;
	return (e);
}

/* inside the caller's transaction; event n */
static enum store_status
set(const struct list_entry *e, unsigned int n, uint64_t *seq, int *changed)
{
	struct event	 ev = audit_event(n, SEV_INFO);
	uint8_t		 buf[MAX_EVENT_LEN];
	ssize_t		 len;

	ev.field[EV_ACTION] = "tool-block";
	CHECK((len = event_encode(&ev, buf, sizeof(buf))) > 0);
	return (policy_set(policy, e, buf, (size_t)len, seq, changed));
}

static uint64_t
commit(const struct list_entry *e, unsigned int n, int want_changed)
{
	uint64_t	 seq;
	int		 changed;

	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(set(e, n, &seq, &changed), STORE_OK);
	CHECK_INT(changed, want_changed);
	CHECK_INT(store_commit(store), STORE_OK);
	return (seq);
}

static uint64_t
generation(void)
{
	uint64_t	 g;

	CHECK_INT(policy_generation(policy, &g), STORE_OK);
	return (g);
}

static char	listing[1024];

static int
list_one(const struct list_entry *e, void *arg)
{
	int	*n = arg;

	snprintf(listing + strlen(listing), sizeof(listing) - strlen(listing),
	    "%s %s %s;", list_type_name(e->type), e->name,
	    list_action_name(e->action));
	CHECK(e->seq > 0 && e->updated_us == TIME0);
	CHECK_STR(e->actor, "uid:0");
	return (++*n == 3);
}

static const char *
list(void)
{
	int	 n = 0;

	listing[0] = '\0';
	CHECK_INT(policy_each(policy, list_one, &n), STORE_OK);
	return (listing);
}

static void
changes(void)
{
	struct list_entry	 e;
	uint64_t		 seq, g;
	int			 changed;

	start(EPOCH_FIRST);
	g = generation();
	CHECK_STR(list(), "");
	e = entry(LIST_TOOL, "shell", LIST_BLOCK);
	seq = commit(&e, 1, 1);
	CHECK_INT(generation(), seq);
	CHECK(seq > g);
	/* said again: recorded, but the lists did not move */
	CHECK_INT(commit(&e, 2, 0), seq + 1);
	CHECK_INT(generation(), seq);
	/* the same event again, as after a crash: nothing at all */
	CHECK_INT(commit(&e, 1, 0), seq);
	e.action = LIST_ALLOW;
	CHECK_INT(commit(&e, 1, 0), seq);
	CHECK_STR(list(), "tool shell block;");
	CHECK_INT(commit(&e, 3, 1), seq + 2);
	e = entry(LIST_MCP, "\xc3\xa9 x", LIST_ALLOW);
	commit(&e, 4, 1);
	e.reason = NULL;
	commit(&e, 5, 1);
	e.type = LIST_SKILL;
	commit(&e, 6, 1);
	e.type = LIST_PLUGIN;
	commit(&e, 7, 1);
	CHECK_STR(list(), "tool shell allow;skill \xc3\xa9 x allow;"
	    "mcp \xc3\xa9 x allow;");	/* the callback stops there */
	e = entry(LIST_TOOL, "shell", LIST_NONE);
	seq = commit(&e, 8, 1);
	CHECK_INT(commit(&e, 9, 0), seq + 1);
	CHECK_STR(list(), "skill \xc3\xa9 x allow;mcp \xc3\xa9 x allow;"
	    "plugin \xc3\xa9 x allow;");
	g = generation();
	CHECK_INT(g, seq);
	/* a change and its event: both or none */
	CHECK_INT(store_begin(store), STORE_OK);
	e = entry(LIST_TOOL, "browser", LIST_BLOCK);
	CHECK_INT(set(&e, 10, &seq, &changed), STORE_OK);
	CHECK(changed);
	CHECK_INT(generation(), seq);
	store_rollback(store);
	CHECK_INT(generation(), g);
	CHECK(strstr(list(), "browser") == NULL);
	CHECK_INT(set(&e, 10, &seq, &changed), STORE_REFUSED);
	stop();
	start(EPOCH_SAME);
	CHECK_INT(generation(), g);
	CHECK(strstr(list(), "skill \xc3\xa9 x allow;") != NULL);
	stop();
	/* a new epoch counts on: what readers hold may be of another past */
	conf.machine[0] ^= 1;
	start(EPOCH_MACHINE);
	CHECK(generation() > g);
	stop();
	audit_clean();
}

static void
bad_names(void)
{
	static char		 big[MAX_LIST_NAME + 2];
	static char		 long_reason[MAX_LIST_REASON + 2];
	static const char *const bad[] = {
		"", "a\nb", "\x1b[2J", "\x7f", "\xc2\x85", "\xff", big
	};
	struct list_entry	 e;
	uint64_t		 seq;
	size_t			 i;
	int			 changed;

	memset(big, 'a', MAX_LIST_NAME + 1);
	memset(long_reason, 'r', MAX_LIST_REASON + 1);
	start(EPOCH_FIRST);
	CHECK_INT(store_begin(store), STORE_OK);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = entry(LIST_TOOL, bad[i], LIST_BLOCK);
		CHECK_INT(set(&e, 1, &seq, &changed), STORE_REFUSED);
		CHECK(strstr(store_errtext(store), "the name") != NULL);
	}
	e = entry(LIST_TOOL, "x", LIST_BLOCK);
	e.reason = long_reason;
	CHECK_INT(set(&e, 1, &seq, &changed), STORE_REFUSED);
	e = entry((enum list_type)9, "x", LIST_BLOCK);
	CHECK_INT(set(&e, 1, &seq, &changed), STORE_REFUSED);
	e = entry(LIST_TOOL, "x", (enum list_action)3);
	CHECK_INT(set(&e, 1, &seq, &changed), STORE_REFUSED);
	/* the transaction is none the worse for it */
	big[MAX_LIST_NAME] = '\0';
	e = entry(LIST_TOOL, big, LIST_BLOCK);
	CHECK_INT(set(&e, 1, &seq, &changed), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_INT(seq, 2);
	stop();
	audit_clean();
}

static void
full_list(void)
{
	struct list_entry	 e;
	char			 name[32];
	uint64_t		 seq;
	unsigned int		 i;
	int			 changed;

	start(EPOCH_FIRST);
	CHECK_INT(store_begin(store), STORE_OK);
	for (i = 0; i < MAX_LIST_ENTRIES; i++) {
		snprintf(name, sizeof(name), "tool-%u", i);
		e = entry(LIST_TOOL, name, LIST_BLOCK);
		CHECK_INT(set(&e, i, &seq, &changed), STORE_OK);
	}
	e = entry(LIST_MCP, "one more", LIST_BLOCK);
	CHECK_INT(set(&e, i, &seq, &changed), STORE_REFUSED);
	CHECK(strstr(store_errtext(store), "10000 entries") != NULL);
	e = entry(LIST_TOOL, "tool-7", LIST_ALLOW);	/* not one more */
	CHECK_INT(set(&e, i, &seq, &changed), STORE_OK);
	e = entry(LIST_TOOL, "tool-8", LIST_NONE);
	CHECK_INT(set(&e, i + 1, &seq, &changed), STORE_OK);
	e = entry(LIST_MCP, "one more", LIST_BLOCK);
	CHECK_INT(set(&e, i + 2, &seq, &changed), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	stop();
	audit_clean();
}

static void
actions_view(void)
{
	struct list_entry	 e = entry(LIST_TOOL, "shell", LIST_BLOCK);
	sqlite3_stmt		*st;
	sqlite3			*db;
	char			 got[512] = "";
	int			 i;

	start(EPOCH_FIRST);
	commit(&e, 0x0a, 1);
	CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_INT(sqlite3_prepare_v2(db, "SELECT id, target_type,"
	    " target_name, source_path, actions_json, reason, updated_at,"
	    " schema_version, generation FROM actions", -1, &st, NULL),
	    SQLITE_OK);
	CHECK_INT(sqlite3_step(st), SQLITE_ROW);
	for (i = 0; i < sqlite3_column_count(st); i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s|",
		    sqlite3_column_text(st, i) == NULL ? "" :
		    (const char *)sqlite3_column_text(st, i));
	CHECK_STR(got, "aaaaaaaa-aaaa-aaaa-aaaa-aaaa0a000000|tool|shell||"
	    "{\"install\":\"block\"}|why not|2026-01-02T03:04:05.000000Z|1|0|");
	CHECK_INT(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	sqlite3_close(db);
	stop();
	audit_clean();
}

static void
names(void)
{
	enum list_type	 t;

	CHECK_INT(list_type_parse("mcp", &t), 0);
	CHECK_INT(t, LIST_MCP);
	CHECK_INT(list_type_parse("MCP", &t), -1);
	CHECK(list_type_name((enum list_type)0) == NULL);
	CHECK(list_action_name((enum list_action)9) == NULL);
}

int
main(void)
{
	audit_setup();
	RUN(changes);
	RUN(bad_names);
	RUN(full_list);
	RUN(actions_view);
	RUN(names);
	audit_teardown();
	return (0);
}
