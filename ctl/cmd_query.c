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

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/export.h"
#include "auditdb.h"
#include "rows.h"

/*
 * audit query: rows of the log by what they say, from the running suite or
 * from a database file.  Both print a row as soon as it is found.
 */

#define QUERY_ROWS	100	/* unless --limit says otherwise */
#define MAX_ROWS	1000000
#define PAGE_ROWS	1000	/* that one answer holds */

struct found {
	uint64_t	limit;
	uint64_t	n;
	int		tell;		/* progress, on a terminal */
};

static int
found_text(const char *text, size_t len, void *arg)
{
	struct found	*f = arg;
	uint64_t	 seq;

	f->n++;
	return (row_print(text, len, &seq));
}

/* a long search says where it is; a row, or the end, writes over it */
static void
progress(const struct found *f, uint64_t at)
{
	if (f->tell && at != 0)
		fprintf(stderr, "\rat row %llu\033[K\r",
		    (unsigned long long)at);
	else if (f->tell)
		fprintf(stderr, "\033[K");
}

static int
query_running(struct ctl *c, struct audit_list *al, struct found *f)
{
	struct client	 cl;
	int		 rc;

	rc = client_open(&cl, &c->paths, "auditd");
	while (rc == CTL_OK) {
		al->limit = f->limit - f->n < PAGE_ROWS ?
		    (uint32_t)(f->limit - f->n) : PAGE_ROWS;
		rc = client_send(&cl, MSG_CTL_AUDIT_LIST, al, sizeof(*al),
		    NULL, 0);
		if (rc == CTL_OK)
			rc = client_answer(&cl, found_text, f);
		al->before = cl.next;
		if (f->n >= f->limit || cl.next == 0)
			break;
		progress(f, cl.next);
	}
	progress(f, 0);
	if (rc == CTL_NOT_RUNNING && !cl.lost)
		out_fail(rc, "the suite is not running: ask the file, with "
		    "--db %s", c->paths.audit_db);
	else if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err[0] != '\0' ? cl.err :
		    "the rows cannot be printed");
	client_close(&cl);
	return (rc);
}

static int
found_row(const struct chain_row *row, void *arg)
{
	static char	 line[MAX_EXPORT_LINE];
	struct found	*f = arg;
	ssize_t		 n;

	if ((n = export_row_line(row, line, sizeof(line))) == -1)
		return (CTL_FAILURE);
	if (found_text(line, (size_t)n, f) != CTL_OK)
		return (CTL_FAILURE);
	return (f->n >= f->limit ? -2 : 0);
}

static int
query_offline(const char *path, struct audit_list *al, struct found *f)
{
	struct rowfilter rf;
	sqlite3		*db;
	char		 err[320];
	int		 rc;

	rowfilter_asked(&rf, al);
	if (access(path, R_OK) == -1)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND : errno ==
		    EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	if ((db = auditdb_open(path, err, sizeof(err))) == NULL)
		return (out_fail(CTL_FAILURE, "%s: %s", path, err));
	strlcpy(err, "a row cannot be shown", sizeof(err));
	rc = auditdb_query(db, &rf, found_row, f, err, sizeof(err));
	sqlite3_close(db);
	if (rc == 0 || rc == -2)
		return (CTL_OK);
	return (out_fail(CTL_FAILURE, "%s: %s", path, err));
}

int
cmd_audit_query(struct ctl *c)
{
	const char		*db = cmd_value(c, O_DB);
	struct audit_list	 al;
	struct found		 f;

	memset(&f, 0, sizeof(f));
	f.limit = QUERY_ROWS;
	f.tell = !out_json && isatty(STDERR_FILENO);
	if (cmd_number(c, O_LIMIT, 1, MAX_ROWS, &f.limit) == -1 ||
	    rows_filter(c, &al) == -1)
		return (CTL_USAGE);
	if (db != NULL)
		return (query_offline(db, &al, &f));
	return (query_running(c, &al, &f));
}
