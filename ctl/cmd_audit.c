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
#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/json.h"
#include "cmd.h"
#include "rows.h"

/*
 * audit list, show, tail and the alerts: rows of the log for people.
 */

#define DEFAULT_ROWS	20
#define TAIL_ROWS	10
#define MAX_ROWS	1000000	/* that one command prints */
#define PAGE_ROWS	1000	/* that one answer holds */

/* rows of an answer, as they came */
struct rows {
	char	**line;
	size_t	  n;
	size_t	  room;
	uint64_t  last;		/* sequence of the last one */
};

static const char *const row_heads[] = { "SEQ", "TIME", "SEVERITY", "ACTION",
    "ACTOR", "TARGET", "ABOUT", NULL };

static int
rows_add(const char *text, size_t len, void *arg)
{
	struct rows	*r = arg;
	char		**grown;

	if (r->n == r->room) {
		if ((grown = recallocarray(r->line, r->room, r->room + 256,
		    sizeof(*grown))) == NULL)
			return (CTL_FAILURE);
		r->line = grown;
		r->room += 256;
	}
	if ((r->line[r->n] = strndup(text, len)) == NULL)
		return (CTL_FAILURE);
	r->n++;
	return (CTL_OK);
}

static void
rows_free(struct rows *r)
{
	size_t	i;

	for (i = 0; i < r->n; i++)
		free(r->line[i]);
	free(r->line);
	memset(r, 0, sizeof(*r));
}

/* to the second, which is what a list needs */
static void
row_cells(struct table *t, const json_t *row)
{
	char	about[MAX_ROW_ABOUT];

	row_about(row, about, sizeof(about));
	table_cell(t, "%lld", (long long)json_integer_value(
	    json_object_get(row, "seq")));
	table_cell(t, "%.19sZ", row_text(row, "timestamp"));
	table_cell(t, "%s", row_text(row, "severity"));
	table_cell(t, "%s", row_text(row, "action"));
	table_cell(t, "%s", row_text(row, "actor"));
	table_cell(t, "%s", row_text(row, "target"));
	table_cell(t, "%s", about);
}

static void
rows_print(const struct rows *r, int oldest_first)
{
	struct table	 t;
	const char	*line;
	json_t		*row;
	size_t		 i;

	table_init(&t, row_heads);
	for (i = 0; i < r->n; i++) {
		line = r->line[oldest_first ? r->n - 1 - i : i];
		if (out_json)
			out_line(line, strlen(line));
		else if ((row = row_parse(line)) != NULL) {
			row_cells(&t, row);
			json_decref(row);
		}
	}
	if (!out_json)
		table_print(&t);
}

/*
 * Asks page by page until there are enough rows.
 */
static int
rows_fetch(struct client *cl, struct audit_list *al, uint64_t limit,
    struct rows *r)
{
	int	rc;

	do {
		al->limit = limit - r->n < PAGE_ROWS ?
		    (uint32_t)(limit - r->n) : PAGE_ROWS;
		rc = client_send(cl, MSG_CTL_AUDIT_LIST, al, sizeof(*al),
		    NULL, 0);
		if (rc == CTL_OK)
			rc = client_answer(cl, rows_add, r);
		if (rc != CTL_OK)
			return (rc);
		al->before = cl->next;
	} while (r->n < limit && cl->next != 0);
	return (CTL_OK);
}

int
cmd_audit_list(struct ctl *c)
{
	struct audit_list	 al;
	struct client		 cl;
	struct rows		 r;
	uint64_t		 limit = DEFAULT_ROWS;
	int			 rc;

	memset(&r, 0, sizeof(r));
	if (cmd_number(c, O_LIMIT, 1, MAX_ROWS, &limit) == -1 ||
	    rows_filter(c, &al) == -1)
		return (CTL_USAGE);
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = rows_fetch(&cl, &al, limit, &r);
	if (rc == CTL_OK)
		rows_print(&r, 0);
	else
		out_fail(rc, "%s", cl.err);
	rows_free(&r);
	client_close(&cl);
	return (rc);
}

static void
show_details(json_t *details)
{
	const char	*key;
	char		*text;
	json_t		*v;

	json_object_foreach(details, key, v) {
		text = json_is_string(v) ? NULL : json_text(v);
		out_field("details", "%s: %s", key, text != NULL ? text :
		    json_string_value(v));
		free(text);
	}
}

static void
show_row(json_t *row)
{
	const char	*key;
	char		 err[MAX_JSON_ERR];
	json_t		*v, *details;

	json_object_foreach(row, key, v) {
		details = NULL;
		if (strcmp(key, "details") == 0)
			details = json_strict(json_string_value(v),
			    json_string_length(v), err);
		if (details != NULL)
			show_details(details);
		else if (json_is_integer(v))
			out_field(key, "%lld", (long long)
			    json_integer_value(v));
		else
			out_field(key, "%s", json_string_value(v));
		json_decref(details);
	}
}

int
cmd_audit_show(struct ctl *c)
{
	struct client	 cl;
	uint64_t	 seq;
	char		*text = NULL;
	size_t		 len;
	json_t		*row;
	int		 rc;

	if (cmd_seq(c->args[0], &seq) == -1)
		return (CTL_USAGE);
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_AUDIT_SHOW, &seq, sizeof(seq),
		    &text, &len);
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	else if (out_json)
		out_line(text, len);
	else if ((row = row_parse(text)) != NULL) {
		show_row(row);
		json_decref(row);
	} else
		rc = out_fail(CTL_FAILURE, "row %llu cannot be read",
		    (unsigned long long)seq);
	free(text);
	client_close(&cl);
	return (rc);
}

/* --- tail ----------------------------------------------------------------- */

/*
 * Follows for ever; when auditd is replaced, from where it stopped.
 */
static int
tail_follow(const struct ctl *c, uint64_t last)
{
	struct client	cl;
	uint64_t	from;
	int		rc;

	for (;;) {
		if ((rc = client_open(&cl, &c->paths, "auditd")) != CTL_OK)
			break;
		cl.limit_ms = -1;
		from = last + 1;
		if ((rc = client_send(&cl, MSG_CTL_AUDIT_TAIL, &from,
		    sizeof(from), NULL, 0)) == CTL_OK)
			rc = client_answer(&cl, row_print, &last);
		if (!cl.lost)
			break;
		client_close(&cl);
	}
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err[0] != '\0' ? cl.err :
		    "the rows cannot be printed");
	client_close(&cl);
	return (rc);
}

int
cmd_audit_tail(struct ctl *c)
{
	struct audit_list	 al;
	struct client		 cl;
	struct rows		 r;
	uint64_t		 limit = TAIL_ROWS, last = 0;
	size_t			 i;
	int			 rc;

	memset(&r, 0, sizeof(r));
	memset(&al, 0, sizeof(al));
	if (cmd_number(c, O_LIMIT, 1, MAX_ROWS, &limit) == -1)
		return (CTL_USAGE);
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = rows_fetch(&cl, &al, limit, &r);
	client_close(&cl);
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	else if (!cmd_has(c, O_FOLLOW))
		rows_print(&r, 1);
	for (i = r.n; rc == CTL_OK && cmd_has(c, O_FOLLOW) && i > 0; i--)
		rc = row_print(r.line[i - 1], strlen(r.line[i - 1]), &last);
	rows_free(&r);
	if (rc == CTL_OK && cmd_has(c, O_FOLLOW))
		rc = tail_follow(c, last);
	return (rc);
}

/* --- alerts --------------------------------------------------------------- */

int
cmd_alerts_list(struct ctl *c)
{
	struct alert_list	al;
	struct client		cl;
	struct rows		r;
	uint64_t		limit = DEFAULT_ROWS;
	int			rc;

	memset(&r, 0, sizeof(r));
	memset(&al, 0, sizeof(al));
	if (cmd_number(c, O_LIMIT, 1, PAGE_ROWS, &limit) == -1)
		return (CTL_USAGE);
	rc = client_open(&cl, &c->paths, "auditd");
	while (rc == CTL_OK) {
		al.limit = (uint32_t)(limit - r.n);
		rc = client_send(&cl, MSG_CTL_ALERTS, &al, sizeof(al), NULL,
		    0);
		if (rc == CTL_OK)
			rc = client_answer(&cl, rows_add, &r);
		al.before = cl.next;
		if (r.n >= limit || cl.next == 0)
			break;
	}
	if (rc == CTL_OK)
		rows_print(&r, 0);
	else
		out_fail(rc, "%s", cl.err);
	rows_free(&r);
	client_close(&cl);
	return (rc);
}

int
cmd_alerts_acknowledge(struct ctl *c)
{
	const char	*note = cmd_value(c, O_NOTE);
	struct client	 cl;
	struct wbuf	 w;
	uint64_t	 seq;
	char		*text = NULL;
	size_t		 len;
	json_t		*j;
	int		 rc;

	if (cmd_seq(c->args[0], &seq) == -1)
		return (CTL_USAGE);
	wbuf_init(&w, MAX_FRAME);
	wbuf_u64(&w, seq);
	wbuf_str(&w, note != NULL ? note : "");
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_ALERT_ACK, w.data, w.len,
		    &text, &len);
	wbuf_free(&w);
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	else if (out_json)
		out_line(text, len);
	else {
		j = row_parse(text);
		printf("alert %llu acknowledged, row %lld\n",
		    (unsigned long long)seq, (long long)json_integer_value(
		    json_object_get(j, "seq")));
		json_decref(j);
	}
	free(text);
	client_close(&cl);
	return (rc);
}
