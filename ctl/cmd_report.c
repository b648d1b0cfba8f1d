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
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/export.h"
#include "common/json.h"
#include "common/version.h"
#include "auditdb.h"
#include "confparse.h"
#include "html.h"
#include "rows.h"
#include "schema.h"
#include "tallies.h"
#include "verify.h"
#include "watch.h"

/*
 * report: what an auditor asks of a period, in one file.  The log is read
 * whole, from the suite or from its file: each row is verified, every one of
 * the period is counted.
 */

#define BUCKETS		48
#define SHOWN		10	/* rules and targets */

enum { V_ALLOW, V_ALERT, V_BLOCK, V_COUNT };
static const char *const verdict_names[] = { "allow", "alert", "block" };

struct report {
	struct verify		*verify;
	struct export_reader	*reader;
	struct verify_result	 res;
	uint64_t		 since_us;	/* of the period; 0: all */
	uint64_t		 until_us;
	uint64_t		 first_us;	/* of the first row in it */
	uint64_t		 verdicts[BUCKETS][MAX_HTML_SERIES];
	uint64_t		 all[V_COUNT];
	uint64_t		 severities[SEV_COUNT];
	uint64_t		 rows;
	struct tallies		 rules;
	struct tallies		 targets;	/* of what was not allowed */
	struct tallies		 actors;
	char			*head;		/* signed, as JSON */
	json_t			*status;	/* NULL: read from a file */
	struct conf		 conf;
	char			 no_conf[MAX_CONF_MSG];	/* why, or "" */
	char			 err[MAX_VERIFY_REASON];
};

/* the verdict that the row is of, -1: of none */
static int
verdict_of(const char *action)
{
	const char	*end = strrchr(action, '-');
	int		 i;

	if (strncmp(action, "inspect-", 8) != 0 || end == NULL)
		return (-1);
	for (i = 0; i < V_COUNT; i++)
		if (strcmp(end + 1, verdict_names[i]) == 0)
			return (i);
	return (-1);
}

static void
count_verdict(struct report *r, const struct chain_row *row, int verdict)
{
	const char	*details = row->ev.field[EV_DETAILS];
	const char	*target = row->ev.field[EV_TARGET];
	uint64_t	 span, at;
	char		 err[MAX_JSON_ERR];
	json_t		*d = NULL, *id;
	size_t		 i;

	r->all[verdict]++;
	span = r->until_us > r->first_us ? r->until_us - r->first_us : 1;
	at = row->ev.time_us > r->first_us ? row->ev.time_us - r->first_us :
	    0;
	i = (size_t)((double)at * BUCKETS / (double)span);
	r->verdicts[i < BUCKETS ? i : BUCKETS - 1][verdict]++;
	if (verdict != V_ALLOW && target != NULL)
		tallies_add(&r->targets, target);
	if (details != NULL)
		d = json_strict(details, strlen(details), err);
	json_array_foreach(json_object_get(d, "rule_ids"), i, id)
		if (json_is_string(id))
			tallies_add(&r->rules, json_string_value(id));
	json_decref(d);
}

static int
report_row(const struct chain_row *row, struct report *r)
{
	int	verdict;

	if (row->ev.time_us < r->since_us || row->ev.time_us >= r->until_us)
		return (CTL_OK);
	if (r->rows++ == 0)
		r->first_us = r->since_us != 0 ? r->since_us :
		    row->ev.time_us;
	r->severities[row->ev.severity]++;
	if (row->ev.field[EV_ACTOR] != NULL)
		tallies_add(&r->actors, row->ev.field[EV_ACTOR]);
	if ((verdict = verdict_of(row->ev.field[EV_ACTION])) != -1)
		count_verdict(r, row, verdict);
	return (CTL_OK);
}

static int
report_line(const char *text, size_t len, void *arg)
{
	struct report		*r = arg;
	struct chain_row	 row;

	(void)verify_line(r->verify, text, len);
	/* the first is the header; a damaged one is the verifier's to tell */
	if (export_row_parse(r->reader, &row, text, len, r->err,
	    sizeof(r->err)) == -1)
		return (CTL_OK);
	return (report_row(&row, r));
}

/* --- gathering ------------------------------------------------------------ */

static int
gather_running(struct ctl *c, const struct verify_conf *vc, struct report *r)
{
	struct client	 cl;
	uint64_t	 range[2] = { 0, 0 };
	size_t		 len;
	int		 rc;

	if ((r->status = status_gather(&c->paths, &cl, &rc)) == NULL) {
		if (rc == CTL_NOT_RUNNING)
			return (out_fail(rc, "the suite is not running: "
			    "report on the file, with --db %s",
			    c->paths.audit_db));
		return (out_fail(rc, "%s", cl.err));
	}
	if ((r->verify = verify_new(vc, r->err, sizeof(r->err))) == NULL ||
	    (r->reader = export_reader_new()) == NULL)
		return (out_fail(CTL_FAILURE, "out of memory"));
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_AUDIT_HEAD, NULL, 0, &r->head,
		    &len);
	if (rc == CTL_OK)
		rc = client_send(&cl, MSG_CTL_AUDIT_EXPORT, range,
		    sizeof(range), NULL, 0);
	if (rc == CTL_OK)
		rc = client_answer(&cl, report_line, r);
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	client_close(&cl);
	verify_end(r->verify, &r->res);
	return (rc);
}

static int
report_kept(const struct chain_row *row, void *arg)
{
	return (report_row(row, arg));
}

/* a file that somebody may be writing still: each reads what is there then */
static int
gather_file(const char *path, const struct verify_conf *vc,
    const struct audit_list *al, struct report *r)
{
	struct rowfilter	 f;
	struct audit_list	 asked = *al;
	sqlite3			*db;
	int			 rc;

	if (access(path, R_OK) == -1)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND : errno ==
		    EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	if (verify_db(path, vc, &r->res, r->err, sizeof(r->err)) == -1 ||
	    (db = auditdb_open(path, r->err, sizeof(r->err))) == NULL)
		return (out_fail(CTL_FAILURE, "%s: %s", path, r->err));
	rowfilter_asked(&f, &asked);
	rc = auditdb_each(db, &f, report_kept, r, r->err, sizeof(r->err));
	sqlite3_close(db);
	/* of a log that is not whole the report tells what can be read */
	if (rc == -1 && r->res.ok)
		return (out_fail(CTL_FAILURE, "%s: %s", path, r->err));
	return (CTL_OK);
}

/*
 * An auditor need not be one who may read the configuration; and a database
 * from elsewhere has another one.
 */
static int
gather_conf(const struct ctl *c, const char *db, struct report *r)
{
	int	rc;

	if (db != NULL && strcmp(db, c->paths.audit_db) != 0) {
		strlcpy(r->no_conf, "the log was read from a copy",
		    sizeof(r->no_conf));
		return (CTL_OK);
	}
	rc = config_load(c->paths.config, &r->conf, r->no_conf,
	    sizeof(r->no_conf));
	if (rc == CTL_CONFIG)
		return (out_fail(rc, "%s is not valid", c->paths.config));
	return (rc == CTL_OK || rc == CTL_PERMISSION ? CTL_OK : out_fail(rc,
	    "%s", r->no_conf));
}

static int
gather(struct ctl *c, struct report *r)
{
	const char		*db = cmd_value(c, O_DB);
	const char		*key = cmd_value(c, O_PUBKEY);
	struct verify_conf	 vc;
	struct audit_list	 al;
	int			 rc;

	if (rows_filter(c, &al) == -1)
		return (CTL_USAGE);
	if (key != NULL && db == NULL)
		return (out_fail(CTL_USAGE, "--pubkey goes with --db"));
	r->since_us = al.since_us;
	r->until_us = al.until_us != 0 ? al.until_us : clock_wall_us();
	memset(&vc, 0, sizeof(vc));
	if ((rc = gather_conf(c, db, r)) != CTL_OK ||
	    (rc = verify_public_key(key != NULL ? key : c->paths.device_pub,
	    &vc)) != CTL_OK)
		return (rc);
	return (db != NULL ? gather_file(db, &vc, &al, r) :
	    gather_running(c, &vc, r));
}

/* --- writing -------------------------------------------------------------- */

static const char *
string(const json_t *j, const char *member)
{
	const char	*s = json_str(j, member);

	return (s != NULL ? s : "");
}

static long long
integer(const json_t *j, const char *member)
{
	return ((long long)json_integer_value(json_object_get(j, member)));
}

static void
write_verdicts(FILE *f, const struct report *r)
{
	static const char *const heads[] = { "Severity", "Rows", NULL };
	char	from[EVENT_TIME_SIZE], to[EVENT_TIME_SIZE];
	int	s;

	event_time(r->first_us, from);
	event_time(r->until_us, to);
	html_section(f, "Verdicts over time");
	html_para(f, "%llu allowed, %llu alerted, %llu blocked; %llu rows of "
	    "the log in all.", (unsigned long long)r->all[V_ALLOW],
	    (unsigned long long)r->all[V_ALERT],
	    (unsigned long long)r->all[V_BLOCK],
	    (unsigned long long)r->rows);
	html_chart(f, r->verdicts, BUCKETS, verdict_names, V_COUNT, from, to);
	html_table(f, heads);
	for (s = SEV_CRITICAL; s >= SEV_NONE; s--) {
		html_row(f);
		html_cell(f, "%s", severity_name((enum severity)s));
		html_cell(f, "%llu", (unsigned long long)r->severities[s]);
		html_row_end(f);
	}
	html_table_end(f);
}

static void
write_top(FILE *f, const char *title, const char *what,
    const struct tallies *t)
{
	const struct one_tally	*top[SHOWN];
	const char		*heads[] = { what, "Count", "", NULL };
	size_t			 i, n;

	n = tallies_top(t, top, SHOWN);
	html_section(f, title);
	if (n == 0) {
		html_para(f, "None.");
		return;
	}
	html_table(f, heads);
	for (i = 0; i < n; i++) {
		html_row(f);
		html_cell(f, "%s", top[i]->name);
		html_cell(f, "%llu", (unsigned long long)top[i]->n);
		html_bar(f, top[i]->n, top[0]->n);
		html_row_end(f);
	}
	html_table_end(f);
	if (t->others != 0)
		html_para(f, "Besides, %llu times one that came after the "
		    "first %d different ones.", (unsigned long long)
		    t->others, MAX_TALLIES);
}

static void
write_sinks(FILE *f, const json_t *status)
{
	static const char *const heads[] = { "Sink", "Kind", "State",
	    "Behind (rows)", "Last success", "Dead letters", NULL };
	const json_t	*j, *sinks = json_object_get(status, "sinks");
	size_t		 i;

	html_section(f, "Delivery to sinks");
	if (status == NULL) {
		html_para(f, "Not known: the log was read from its file, and "
		    "how far each sink is the running suite says.");
		return;
	}
	if (json_array_size(sinks) == 0) {
		html_para(f, "No sink is configured: the log is on this host "
		    "alone.");
		return;
	}
	html_table(f, heads);
	json_array_foreach(sinks, i, j) {
		html_row(f);
		html_cell(f, "%s", string(j, "name"));
		html_cell(f, "%s", string(j, "kind"));
		html_cell(f, "%s", !json_is_true(json_object_get(j,
		    "enabled")) ? "disabled" : string(j, "circuit"));
		html_cell(f, "%lld", integer(j, "lag_events"));
		html_cell(f, "%s", string(j, "last_success"));
		html_cell(f, "%lld", integer(j, "dead_letters"));
		html_row_end(f);
	}
	html_table_end(f);
}

static void
write_proof(FILE *f, const struct report *r)
{
	const struct verify_result	*v = &r->res;
	char				 at[EVENT_TIME_SIZE];

	html_section(f, "Integrity");
	if (v->ok)
		html_para(f, "Every row from 1 to %llu was read and chains to "
		    "the one before it.", (unsigned long long)v->last_seq);
	else
		html_para(f, "THE LOG IS NOT WHOLE. First bad row: %llu. %s",
		    (unsigned long long)v->bad_seq, v->reason);
	event_time(v->signed_time_us, at);
	if (v->signed_seq != 0)
		html_para(f, "Signed by the device up to row %llu, at %s, in "
		    "%u epochs.", (unsigned long long)v->signed_seq, at,
		    v->epochs);
	if (r->head == NULL)
		return;
	html_para(f, "A signed head taken for this report. Kept elsewhere, "
	    "it is an anchor: `defenseclawctl audit verify --anchor FILE' "
	    "says whether the log still contains it.");
	fputs("<pre>", f);
	html_text(f, r->head);
	fputs("</pre>\n", f);
}

/* names of secrets are settings, what is in them is never read here */
static void
write_conf(FILE *f, const struct report *r)
{
	const struct conf	*conf = &r->conf;
	static const char *const heads[] = { "Key", "Value", "From", NULL };
	char			 text[MAX_CONF_VALUE];
	int			 i;

	html_section(f, "Configuration");
	if (r->no_conf[0] != '\0') {
		html_para(f, "Not in this report: %s.", r->no_conf);
		return;
	}
	html_table(f, heads);
	for (i = 0; i < schema_nkeys; i++) {
		schema_get(&schema_keys[i], conf, text, sizeof(text));
		html_row(f);
		html_cell(f, "%s", schema_keys[i].path);
		html_cell(f, "%s", text);
		html_cell(f, conf->line[i] != 0 ? "file" : "default");
		html_row_end(f);
	}
	html_table_end(f);
}

static void
write_report(FILE *f, struct report *r)
{
	char	at[EVENT_TIME_SIZE], from[EVENT_TIME_SIZE];

	if (r->rows == 0)
		r->first_us = r->since_us != 0 ? r->since_us : r->until_us;
	event_time(clock_wall_us(), at);
	event_time(r->first_us, from);
	html_begin(f, "DefenseClaw report");
	if (r->status != NULL)
		html_para(f, "Period from %s; made %s by version %s, %s "
		    "mode, configuration %.12s.", from, at,
		    string(r->status, "version"), string(r->status, "mode"),
		    string(r->status, "conf_hash"));
	else
		html_para(f, "Period from %s; made %s by version %s, from "
		    "the file of the log.", from, at, DC_VERSION);
	write_verdicts(f, r);
	write_top(f, "Rules that were found", "Rule", &r->rules);
	write_top(f, "Targets of alerts and blocks", "Target", &r->targets);
	write_top(f, "Who acted", "Actor", &r->actors);
	write_sinks(f, r->status);
	write_proof(f, r);
	write_conf(f, r);
	html_end(f);
}

int
cmd_report(struct ctl *c)
{
	const char	*path = cmd_value(c, O_OUT);
	struct outfile	 o;
	struct report	*r;
	int		 rc;

	if (sodium_init() == -1 || (r = calloc(1, sizeof(*r))) == NULL)
		return (out_fail(CTL_FAILURE, "out of memory"));
	if ((rc = gather(c, r)) == CTL_OK) {
		if (outfile_open(&o, path) == -1)
			rc = CTL_FAILURE;
		else {
			write_report(o.f, r);
			if (outfile_close(&o, 1) == -1)
				rc = CTL_FAILURE;
		}
	}
	if (rc == CTL_OK && !r->res.ok)
		rc = out_fail(CTL_FAILURE, "the report is written; the log "
		    "is not whole: row %llu: %s", (unsigned long long)
		    r->res.bad_seq, r->res.reason);
	else if (rc == CTL_OK && strcmp(path, "-") != 0 && out_json)
		out_document(json_pack("{s:s,s:I,s:b}", "file", path, "rows",
		    (json_int_t)r->rows, "whole", r->res.ok));
	else if (rc == CTL_OK && strcmp(path, "-") != 0)
		printf("%llu rows are in the report %s\n",
		    (unsigned long long)r->rows, out_safe(path));
	verify_free(r->verify);
	export_reader_free(r->reader);
	json_decref(r->status);
	free(r->head);
	free(r);
	return (rc);
}
