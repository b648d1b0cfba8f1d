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

#include "auditd/query.h"
#include "tests/unit/test_audit.h"

static struct store	*store;
static struct query	*query;
static char		 seen[4096];

static void
start(void)
{
	store = audit_open(NULL, EPOCH_FIRST);
	CHECK_INT(query_open(&query, store), STORE_OK);
	seen[0] = '\0';
}

static void
stop(void)
{
	query_close(query);
	store_close(store);
	audit_clean();
}

static int
note(const struct chain_row *row, void *arg)
{
	char	 err[160];

	CHECK_INT(chain_check(row, err, sizeof(err)), 0);
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%llu ",
	    (unsigned long long)row->seq);
	return (arg != NULL && --*(int *)arg == 0);
}

static int
count(const struct chain_row *row, void *arg)
{
	(void)row;
	++*(unsigned int *)arg;
	return (0);
}

/* rows of one answer as text; the cursor must be the one given */
static const char *
list(const struct query_filter *f, uint64_t want_next)
{
	uint64_t	 next;

	seen[0] = '\0';
	CHECK_INT(query_list(query, f, note, NULL, &next), STORE_OK);
	CHECK_INT(next, want_next);
	return (seen);
}

/* rows 2..13: severities 0..5 twice, actors by turns */
static void
twelve(void)
{
	struct event	 ev;
	unsigned int	 i;

	for (i = 0; i < 12; i++) {
		ev = audit_event(i, (enum severity)(i % SEV_COUNT));
		if (i % 2 == 1)
			ev.field[EV_ACTOR] = "token:ci";
		if (i >= 6)
			ev.field[EV_ACTION] = "scan";
		if (i == 10) {
			ev.field[EV_SESSION_ID] = "one";
			ev.field[EV_TOOL_NAME] = "shell";
			ev.field[EV_TARGET] = "/bin/x";
		}
		CHECK_INT(audit_put(store, &ev), i + 2);
	}
}

static void
filters(void)
{
	struct query_filter	 f;
	uint64_t		 next;
	int			 two = 2;

	start();
	twelve();
	memset(&f, 0, sizeof(f));
	CHECK_STR(list(&f, 0), "13 12 11 10 9 8 7 6 5 4 3 2 1 ");
	f.limit = 3;
	CHECK_STR(list(&f, 11), "13 12 11 ");
	f.rows.before = 11;
	CHECK_STR(list(&f, 8), "10 9 8 ");
	f.rows.before = 3;
	CHECK_STR(list(&f, 0), "2 1 ");
	memset(&f, 0, sizeof(f));
	f.rows.since = 11;
	CHECK_STR(list(&f, 0), "13 12 ");
	memset(&f, 0, sizeof(f));
	f.rows.action = "scan";
	CHECK_STR(list(&f, 0), "13 12 11 10 9 8 ");
	f.rows.actor = "token:ci";
	CHECK_STR(list(&f, 0), "13 11 9 ");
	f.rows.severities = SEV_BIT(SEV_CRITICAL) | SEV_BIT(SEV_MEDIUM);
	CHECK_STR(list(&f, 0), "13 11 ");
	f.rows.severities |= SEV_BIT(SEV_INFO);
	CHECK_STR(list(&f, 0), "13 11 9 ");
	memset(&f, 0, sizeof(f));
	f.rows.severities = SEV_ALERT;
	CHECK_STR(list(&f, 0), "13 12 11 10 7 6 5 4 ");
	f.rows.before = 12;
	f.rows.since = 4;
	CHECK_STR(list(&f, 0), "11 10 7 6 5 ");
	f.limit = 2;
	CHECK_STR(list(&f, 10), "11 10 ");
	f.rows.severities = SEV_BIT(SEV_HIGH);
	f.rows.before = f.rows.since = 0;
	CHECK_STR(list(&f, 6), "12 6 ");
	f.rows.before = 6;
	CHECK_STR(list(&f, 0), "");
	/* by time and by the other texts, with an index and without */
	memset(&f, 0, sizeof(f));
	f.rows.since_us = TIME0 + 3;
	f.rows.until_us = TIME0 + 6;
	CHECK_STR(list(&f, 0), "7 6 5 ");
	f.rows.severities = SEV_ALERT;
	CHECK_STR(list(&f, 0), "7 6 5 ");
	f.rows.since_us = UINT64_MAX;
	f.rows.until_us = UINT64_MAX;
	CHECK_STR(list(&f, 0), "");
	memset(&f, 0, sizeof(f));
	f.rows.session = "one";
	CHECK_STR(list(&f, 0), "12 ");
	f.rows.severities = SEV_ALERT;
	CHECK_STR(list(&f, 0), "12 ");
	memset(&f, 0, sizeof(f));
	f.rows.tool = "shell";
	f.rows.target = "else";
	CHECK_STR(list(&f, 0), "");
	f.rows.target = "/bin/x";
	CHECK_STR(list(&f, 0), "12 ");
	memset(&f, 0, sizeof(f));
	f.rows.text = "/BIN/";
	CHECK_STR(list(&f, 0), "12 ");
	f.rows.severities = SEV_BIT(SEV_HIGH);
	CHECK_STR(list(&f, 0), "12 ");
	memset(&f, 0, sizeof(f));
	f.rows.action = "nothing";
	CHECK_STR(list(&f, 0), "");
	/* forward, in pieces */
	seen[0] = '\0';
	CHECK_INT(query_rows(query, 1, 4, note, NULL, &next), STORE_OK);
	CHECK_INT(next, 5);
	CHECK_INT(query_rows(query, next, 100, note, &two, &next), STORE_OK);
	CHECK_INT(next, 7);
	CHECK_INT(query_rows(query, 13, 100, note, NULL, &next), STORE_OK);
	CHECK_INT(next, 14);
	CHECK_INT(query_rows(query, next, 100, note, NULL, &next), STORE_OK);
	CHECK_INT(next, 14);
	CHECK_STR(seen, "1 2 3 4 5 6 13 ");
	seen[0] = '\0';
	CHECK_INT(query_show(query, 7, note, NULL), STORE_OK);
	CHECK_STR(seen, "7 ");
	CHECK_INT(query_show(query, 14, note, NULL), STORE_REFUSED);
	CHECK_INT(query_show(query, UINT64_MAX, note, NULL), STORE_REFUSED);
	stop();
}

static enum store_status
acknowledge(uint64_t alert, unsigned int n, uint64_t *seq)
{
	struct event	 ev = audit_event(n, SEV_INFO);
	uint8_t		 buf[MAX_EVENT_LEN];
	ssize_t		 len;

	ev.field[EV_ACTION] = "acknowledge-alerts";
	CHECK((len = event_encode(&ev, buf, sizeof(buf))) > 0);
	return (query_acknowledge(query, alert, buf, (size_t)len, seq));
}

static void
alerts(void)
{
	struct query_filter	 f;
	uint64_t		 next, seq;

	start();
	twelve();
	memset(&f, 0, sizeof(f));
	seen[0] = '\0';
	CHECK_INT(query_alerts(query, &f, note, NULL, &next), STORE_OK);
	CHECK_STR(seen, "13 12 11 10 7 6 5 4 ");
	CHECK_INT(acknowledge(12, 100, &seq), STORE_REFUSED);
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(query_alerts(query, &f, note, NULL, &next), STORE_REFUSED);
	CHECK_INT(query_show(query, 1, note, NULL), STORE_REFUSED);
	CHECK_INT(query_rows(query, 1, 9, note, NULL, &next), STORE_REFUSED);
	CHECK_INT(acknowledge(3, 100, &seq), STORE_REFUSED);	/* INFO */
	CHECK_INT(acknowledge(99, 100, &seq), STORE_REFUSED);
	CHECK_INT(acknowledge(12, 100, &seq), STORE_OK);
	CHECK_INT(seq, 14);
	CHECK_INT(acknowledge(13, 101, &seq), STORE_OK);
	CHECK_INT(acknowledge(13, 101, &seq), STORE_OK);
	CHECK_INT(seq, 15);		/* known: not doubled */
	CHECK_INT(acknowledge(13, 102, &seq), STORE_OK);
	CHECK_INT(seq, 16);		/* said twice: recorded twice */
	CHECK_INT(store_commit(store), STORE_OK);
	seen[0] = '\0';
	CHECK_INT(query_alerts(query, &f, note, NULL, &next), STORE_OK);
	CHECK_STR(seen, "11 10 7 6 5 4 ");
	/* one's own: a client asks by its actor */
	f.rows.actor = "token:ci";
	f.limit = 2;
	seen[0] = '\0';
	CHECK_INT(query_alerts(query, &f, note, NULL, &next), STORE_OK);
	CHECK_STR(seen, "11 7 ");
	CHECK_INT(next, 7);
	f.rows.before = next;
	seen[0] = '\0';
	CHECK_INT(query_alerts(query, &f, note, NULL, &next), STORE_OK);
	CHECK_STR(seen, "5 ");
	CHECK_INT(next, 0);
	/* the rows are what they were */
	seen[0] = '\0';
	CHECK_INT(query_show(query, 12, note, NULL), STORE_OK);
	CHECK_STR(seen, "12 ");
	CHECK(sqlite3_exec(store_db(store), "DELETE FROM alert_ack", NULL,
	    NULL, NULL) != SQLITE_OK);
	stop();
}

/* an answer costs the same however much there is to look through */
static void
bounded(void)
{
	struct query_filter	 f;
	struct event		 ev;
	uint64_t		 next, seq;
	unsigned int		 i, n = 0, calls = 0;
	int			 known;

	start();
	CHECK_INT(store_begin(store), STORE_OK);
	for (i = 0; i < 3 * MAX_QUERY_SCAN; i++) {
		ev = audit_event(i, i == 5 ? SEV_CRITICAL : SEV_NONE);
		CHECK_INT(audit_append(store, &ev, &seq, &known), STORE_OK);
	}
	CHECK_INT(store_commit(store), STORE_OK);
	memset(&f, 0, sizeof(f));
	f.rows.action = "audit-epoch";
	do {
		CHECK_INT(query_list(query, &f, count, &n, &next), STORE_OK);
		CHECK(next == 0 || f.rows.before == 0 || next < f.rows.before);
		f.rows.before = next;
		calls++;
	} while (next != 0);
	CHECK_INT(n, 1);
	CHECK(calls >= 3);
	/* to search for a text costs more, so fewer are looked at */
	memset(&f, 0, sizeof(f));
	f.rows.text = "not there";
	CHECK_INT(query_list(query, &f, count, &n, &next), STORE_OK);
	CHECK_INT(next, 3 * MAX_QUERY_SCAN + 1 - MAX_QUERY_TEXT + 1);
	/* the index finds the rare one at once */
	memset(&f, 0, sizeof(f));
	CHECK_INT(query_alerts(query, &f, note, NULL, &next), STORE_OK);
	CHECK_STR(seen, "7 ");
	CHECK_INT(next, 0);
	/* a limit beyond the bound is the bound */
	f.limit = 1000000;
	n = 0;
	CHECK_INT(query_list(query, &f, count, &n, &next), STORE_OK);
	CHECK_INT(n, MAX_QUERY_ROWS);
	stop();
}

int
main(void)
{
	audit_setup();
	RUN(filters);
	RUN(alerts);
	RUN(bounded);
	audit_teardown();
	return (0);
}
