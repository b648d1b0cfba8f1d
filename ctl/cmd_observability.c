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
#include <unistd.h>

#include "common/json.h"
#include "cmd.h"
#include "setup.h"
#include "sinkctl.h"
#include "sinktoken.h"

/*
 * setup observability: the receivers that the log goes to, except for how
 * one is added.
 */

static struct conf	conf;

/* --- list and show -------------------------------------------------------- */

static const char *
string(const json_t *j, const char *member)
{
	const char	*s = json_str(j, member);

	return (s != NULL ? s : "");
}

static long long
integer(const json_t *j, const char *member)
{
	return (json_integer_value(json_object_get(j, member)));
}

static const char *
place(const struct conf_sink *s)
{
	static char	text[MAX_CONF_HOST + 16];

	switch (s->kind) {
	case CONF_SINK_SYSLOG:
		snprintf(text, sizeof(text), strchr(s->host, ':') != NULL ?
		    "[%s]:%d" : "%s:%d", s->host, s->port);
		if (s->transport != CONF_SYSLOG_LOCAL)
			return (text);
		return (s->path[0] != '\0' ? s->path : "/dev/log");
	case CONF_SINK_FILE:
		return ("its own directory");
	default:
		return (s->url);
	}
}

static json_t *
key_json(const struct key *k, const struct conf_sink *s)
{
	char	text[MAX_CONF_URL];
	int	v;

	schema_get(k, s, text, sizeof(text));
	if (k->type != KEY_BOOL && k->type != KEY_INT)
		return (json_string(text));
	memcpy(&v, (const char *)s + k->off, sizeof(v));
	return (k->type == KEY_BOOL ? json_boolean(v) : json_integer(v));
}

static json_t *
pairs_json(const struct conf_pair *pairs, int n)
{
	json_t	*j = json_object();
	int	 i;

	for (i = 0; i < n; i++)
		json_object_set_new(j, pairs[i].name,
		    json_string(pairs[i].value));
	return (j);
}

json_t *
sinkctl_json(const struct conf_sink *s)
{
	const struct key	*k;
	json_t			*j = json_object(), *own = json_object();
	json_t			*actions = json_array();
	const char		*dot;
	int			 i;

	for (i = 0; i < schema_nsink_keys; i++) {
		k = &schema_sink_keys[i];
		if (!schema_sink_concerns(k, s))
			continue;
		dot = strchr(k->path, '.');
		json_object_set_new(dot != NULL ? own : j, dot != NULL ?
		    dot + 1 : k->path, key_json(k, s));
	}
	for (i = 0; i < s->nactions; i++)
		json_array_append_new(actions, json_string(s->actions[i]));
	json_object_set_new(j, "actions", actions);
	if (s->kind == CONF_SINK_OTLP || s->kind == CONF_SINK_JSONL)
		json_object_set_new(own, "headers", pairs_json(s->headers,
		    s->nheaders));
	if (s->kind == CONF_SINK_HEC)
		json_object_set_new(own, "sourcetype_overrides", pairs_json(
		    s->sourcetypes, s->nsourcetypes));
	json_object_set_new(j, schema_sink_kinds[s->kind], own);
	json_object_set_new(j, "target", json_string(place(s)));
	return (j);
}

/* the suite's word on every sink; NULL when it does not run */
static json_t *
live(const struct ctl *c)
{
	char	err[MAX_CTL_TEXT + 64];
	int	rc;
	json_t	*j;

	j = sinkctl_ask(&c->paths, "auditd", MSG_CTL_SINKS, NULL,
	    CLIENT_LIMIT_MS, &rc, err, sizeof(err));
	if (rc != CTL_OK && rc != CTL_NOT_RUNNING)
		out_note("how far they are is not known: %s", err);
	return (j);
}

static json_t *
live_named(json_t *list, const char *name)
{
	json_t	*j;
	size_t	 i;

	json_array_foreach(list, i, j)
		if (strcmp(string(j, "name"), name) == 0)
			return (j);
	return (NULL);
}

static void
list_row(struct table *t, const struct conf_sink *s, const json_t *j)
{
	table_cell(t, "%s", s->name);
	table_cell(t, "%s", schema_sink_kinds[s->kind]);
	table_cell(t, "%s", s->enabled ? "yes" : "no");
	table_cell(t, "%s", j != NULL ? string(j, "circuit") : "-");
	if (j != NULL)
		table_cell(t, "%lld/%llds", integer(j, "lag_events"),
		    integer(j, "lag_seconds"));
	else
		table_cell(t, "-");
	table_cell(t, "%s", place(s));
}

int
cmd_sink_list(struct ctl *c)
{
	static const char *const heads[] = { "NAME", "KIND", "ENABLED",
	    "CIRCUIT", "LAG", "TARGET", NULL };
	struct table	 t;
	json_t		*list, *all, *j, *state;
	int		 i, rc;

	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	all = json_array();
	list = live(c);
	table_init(&t, heads);
	for (i = 0; i < conf.nsinks; i++) {
		if (conf.sinks[i].kind != CONF_SINK_WEBHOOK &&
		    strncmp(c->cmd->sub, "webhook", 7) == 0)
			continue;
		state = live_named(list, conf.sinks[i].name);
		if (!out_json) {
			list_row(&t, &conf.sinks[i], state);
			continue;
		}
		j = sinkctl_json(&conf.sinks[i]);
		json_object_set(j, "state", state != NULL ? state :
		    json_null());
		json_array_append_new(all, j);
	}
	if (out_json)
		out_document(json_pack("{s:O}", "sinks", all));
	else if (conf.nsinks == 0)
		printf("no sinks: see `defenseclawctl help setup "
		    "observability add'\n");
	else
		table_print(&t);
	json_decref(all);
	json_decref(list);
	return (CTL_OK);
}

static void
show_text(const struct conf_sink *s, const json_t *state)
{
	char		 text[MAX_CONF_URL];
	const char	*key;
	json_t		*v;
	int		 i;

	for (i = 0; i < schema_nsink_keys; i++) {
		if (!schema_sink_concerns(&schema_sink_keys[i], s))
			continue;
		schema_get(&schema_sink_keys[i], s, text, sizeof(text));
		out_field(schema_sink_keys[i].path, "%s", text[0] != '\0' ?
		    text : "''");
	}
	for (i = 0; i < s->nactions; i++)
		out_field("action", "%s", s->actions[i]);
	for (i = 0; i < s->nheaders; i++)
		out_field("header", "%s: %s", s->headers[i].name,
		    s->headers[i].value);
	for (i = 0; i < s->nsourcetypes; i++)
		out_field("sourcetype override", "%s: %s",
		    s->sourcetypes[i].name, s->sourcetypes[i].value);
	out_field("target", "%s", place(s));
	json_object_foreach((json_t *)(uintptr_t)state, key, v) {
		if (strcmp(key, "name") == 0 || strcmp(key, "kind") == 0 ||
		    strcmp(key, "enabled") == 0)
			continue;
		if (json_is_integer(v))
			out_field(key, "%lld",
			    (long long)json_integer_value(v));
		else
			out_field(key, "%s", json_is_string(v) ?
			    json_string_value(v) : json_is_true(v) ? "true" :
			    "false");
	}
}

int
cmd_sink_show(struct ctl *c)
{
	const struct conf_sink	*s;
	json_t			*list, *j, *state;
	int			 rc;

	if ((rc = sinkctl_named(c, c->args[0], &conf, &s)) != CTL_OK)
		return (rc);
	list = live(c);
	state = live_named(list, s->name);
	if (out_json) {
		j = sinkctl_json(s);
		json_object_set(j, "state", state != NULL ? state :
		    json_null());
		out_document(j);
	} else
		show_text(s, state);
	json_decref(list);
	return (CTL_OK);
}

/* --- enable, disable, remove ---------------------------------------------- */

static int
enable_edit(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	const struct conf_sink	*s = arg;
	struct sink_value	 v = { "enabled", NULL, s->enabled ?
				    "false" : "true" };

	return (confedit_sink_put(text, len, s->name, &v, 1, out, outlen, err,
	    errlen));
}

static int
remove_edit(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	const struct conf_sink	*s = arg;

	return (confedit_sink_remove(text, len, s->name, out, outlen, err,
	    errlen) == 0 ? 0 : -1);
}

static int
edit(const struct ctl *c, confedit_fn *fn, const struct conf_sink *s,
    const char *verb, struct edit *e)
{
	static char	target[MAX_CONF_KEY];

	memset(e, 0, sizeof(*e));
	snprintf(target, sizeof(target), "audit_sinks.%s", s->name);
	e->action = "setup-observability";
	e->target = target;
	e->verb = verb;
	e->fn = fn;
	e->arg = (void *)(uintptr_t)s;
	e->dry_run = cmd_has(c, O_DRY_RUN);
	return (edit_config(c, e));
}

static int
switch_to(struct ctl *c, int on)
{
	const struct conf_sink	*s;
	const char		*word = on ? "enabled" : "disabled";
	struct edit		 e;
	json_t			*j;
	int			 rc;

	if ((rc = sinkctl_named(c, c->args[0], &conf, &s)) != CTL_OK)
		return (rc);
	memset(&e, 0, sizeof(e));
	j = json_pack("{s:s,s:b,s:b}", "name", s->name, "enabled", on,
	    "changed", s->enabled != on);
	if (s->enabled == on) {
		if (!out_json)
			printf("%s: is %s already\n", s->name, word);
	} else if ((rc = edit(c, enable_edit, s, word, &e)) == CTL_OK) {
		json_object_set_new(j, "dry_run", json_boolean(e.dry_run));
		if (!out_json)
			printf("%s: %s%s\n", s->name, e.dry_run ?
			    "would be " : "", word);
		if (!e.dry_run)
			rc = setup_in_force(c, &e, j);
	}
	edit_free(&e);
	if (rc == CTL_OK && out_json)
		out_document(j);
	else
		json_decref(j);
	return (rc);
}

int
cmd_sink_enable(struct ctl *c)
{
	return (switch_to(c, 1));
}

int
cmd_sink_disable(struct ctl *c)
{
	return (switch_to(c, 0));
}

/* CTL_OK: go on */
static int
confirm(const struct ctl *c, const char *name)
{
	char	line[16] = "";

	if (cmd_has(c, O_YES) || cmd_has(c, O_DRY_RUN))
		return (CTL_OK);
	if (out_json || cmd_has(c, O_NON_INTERACTIVE) ||
	    !isatty(STDIN_FILENO))
		return (out_fail(CTL_USAGE, "--yes is required where nobody "
		    "can be asked"));
	fprintf(stderr, "remove sink %s, its token and its place in the log? "
	    "[y/N] ", name);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    (line[0] == 'y' || line[0] == 'Y'))
		return (CTL_OK);
	return (out_fail(CTL_FAILURE, "nothing was removed"));
}

/* another sink may have been given the same token by hand */
static int
is_shared(const struct conf_sink *s)
{
	int	i;

	for (i = 0; i < conf.nsinks; i++)
		if (&conf.sinks[i] != s && strcmp(conf.sinks[i].token_secret,
		    s->token_secret) == 0)
			return (1);
	return (strcmp(conf.gateway.token_secret, s->token_secret) == 0);
}

int
cmd_sink_remove(struct ctl *c)
{
	const struct conf_sink	*s;
	char			 err[MAX_CONFEDIT_ERR];
	struct edit		 e;
	json_t			*j;
	int			 rc, gone = 0;

	if ((rc = sinkctl_named(c, c->args[0], &conf, &s)) != CTL_OK ||
	    (rc = confirm(c, s->name)) != CTL_OK)
		return (rc);
	rc = edit(c, remove_edit, s, "removed", &e);
	edit_free(&e);
	if (rc != CTL_OK)
		return (rc);
	j = json_pack("{s:s,s:b,s:b}", "name", s->name, "removed",
	    !e.dry_run, "dry_run", e.dry_run);
	if (!e.dry_run)
		rc = setup_in_force(c, &e, j);
	/* not before nobody reads it any more */
	if (s->token_secret[0] != '\0' && !is_shared(s) && !e.dry_run &&
	    json_object_get(j, "needs") == NULL)
		gone = sinktoken_remove(&c->paths, s->token_secret, err,
		    sizeof(err));
	if (gone == -1)
		out_note("its token is still there: %s", err);
	json_object_set_new(j, "secret_removed", json_boolean(gone == 1));
	if (rc == CTL_OK && out_json)
		out_document(json_incref(j));
	else if (rc == CTL_OK)
		printf("%s: %s%s%s%s\n", s->name, e.dry_run ?
		    "would be removed" : "removed", gone == 1 ?
		    ", and its token in secrets/" : "", gone == 1 ?
		    s->token_secret : "", gone != 1 && !e.dry_run &&
		    s->token_secret[0] != '\0' ? "; its token is kept" :
		    "");
	json_decref(j);
	return (gone == -1 && rc == CTL_OK ? CTL_FAILURE : rc);
}

/* --- test, replay, dead letters ------------------------------------------- */

int
cmd_sink_test(struct ctl *c)
{
	const struct conf_sink	*s;
	char			 err[MAX_CTL_TEXT + 64];
	uint64_t		 seconds = SINK_TEST_MS / 1000;
	json_t			*j;
	int			 rc;

	if (cmd_number(c, O_TIMEOUT, 1, 600, &seconds) == -1)
		return (CTL_USAGE);
	if ((rc = sinkctl_named(c, c->args[0], &conf, &s)) != CTL_OK)
		return (rc);
	j = sinkctl_test(&c->paths, s->name, (int)seconds * 1000, &rc, err,
	    sizeof(err));
	if (j == NULL)
		return (out_fail(rc, "test of %s: %s", s->name, err));
	if (out_json)
		out_document(json_incref(j));
	else
		sinkctl_print_test(s, j);
	json_decref(j);
	return (rc);
}

int
cmd_sink_replay(struct ctl *c)
{
	char		 err[MAX_CTL_TEXT + 64];
	uint64_t	 from = 0, to = 0;
	struct wbuf	 w;
	json_t		*j;
	int		 rc, cancel = cmd_has(c, O_CANCEL);

	if (cmd_number(c, O_FROM, 1, INT64_MAX, &from) == -1 ||
	    cmd_number(c, O_TO, 1, INT64_MAX, &to) == -1)
		return (CTL_USAGE);
	if (cancel == cmd_has(c, O_FROM) || (cancel && cmd_has(c, O_TO)))
		return (out_fail(CTL_USAGE, "give --from SEQ, or --cancel"));
	wbuf_init(&w, MAX_FRAME);
	wbuf_u64(&w, from);
	wbuf_u64(&w, to);
	wbuf_str(&w, c->args[0]);
	j = sinkctl_ask(&c->paths, "auditd", MSG_CTL_SINK_REPLAY, &w,
	    CLIENT_LIMIT_MS, &rc, err, sizeof(err));
	wbuf_free(&w);
	if (rc != CTL_OK)
		out_fail(rc, "%s: %s", c->args[0], err);
	else if (out_json)
		out_document(json_incref(j));
	else if (cancel)
		printf("%s: rows %lld to %lld are not sent again\n",
		    out_safe(c->args[0]), integer(j, "next"),
		    integer(j, "to"));
	else
		printf("%s: rows %lld to %lld are sent again\n",
		    out_safe(c->args[0]), integer(j, "from"),
		    integer(j, "to"));
	json_decref(j);
	return (rc);
}

static void
print_dead(const json_t *list)
{
	static const char *const heads[] = { "SEQ", "CLASS", "SINCE", "HTTP",
	    "CODE", "REASON", NULL };
	struct table	 t;
	const json_t	*j;
	size_t		 i;

	table_init(&t, heads);
	json_array_foreach(list, i, j) {
		table_cell(&t, "%lld", integer(j, "seq"));
		table_cell(&t, "%s%s", string(j, "class"), json_is_true(
		    json_object_get(j, "retrying")) ? ", retrying" : "");
		table_cell(&t, "%.19sZ", string(j, "time"));
		table_cell(&t, "%lld", integer(j, "http"));
		table_cell(&t, "%lld", integer(j, "code"));
		table_cell(&t, "%s", string(j, "reason"));
	}
	table_print(&t);
}

int
cmd_dead_list(struct ctl *c)
{
	char		 err[MAX_CTL_TEXT + 64];
	uint64_t	 after = 0, limit = 100;
	struct wbuf	 w;
	json_t		*j;
	int		 rc;

	if (cmd_number(c, O_SINCE, 0, INT64_MAX, &after) == -1 ||
	    cmd_number(c, O_LIMIT, 1, 10000, &limit) == -1)
		return (CTL_USAGE);
	wbuf_init(&w, MAX_FRAME);
	wbuf_u64(&w, after);
	wbuf_u32(&w, (uint32_t)limit);
	wbuf_str(&w, c->args[0]);
	j = sinkctl_ask(&c->paths, "auditd", MSG_CTL_DEAD_LIST, &w,
	    CLIENT_LIMIT_MS, &rc, err, sizeof(err));
	wbuf_free(&w);
	if (rc != CTL_OK)
		out_fail(rc, "%s: %s", c->args[0], err);
	else if (out_json)
		out_document(json_pack("{s:O}", "dead_letters", j));
	else if (json_array_size(j) == 0)
		printf("%s: none\n", out_safe(c->args[0]));
	else
		print_dead(j);
	json_decref(j);
	return (rc);
}

/* reason is NULL for a retry */
static int
dead_change(struct ctl *c, uint32_t type, const char *reason,
    const char *done)
{
	char		 err[MAX_CTL_TEXT + 64];
	uint64_t	 seq = 0;
	struct wbuf	 w;
	json_t		*j;
	int		 rc;

	if ((c->nargs == 2) == cmd_has(c, O_ALL))
		return (out_fail(CTL_USAGE, "name one sequence, or --all"));
	if (c->nargs == 2 && cmd_seq(c->args[1], &seq) == -1)
		return (CTL_USAGE);
	wbuf_init(&w, MAX_FRAME);
	wbuf_u64(&w, seq);
	wbuf_str(&w, c->args[0]);
	if (reason != NULL)
		wbuf_str(&w, reason);
	j = sinkctl_ask(&c->paths, "auditd", type, &w, CLIENT_LIMIT_MS, &rc,
	    err, sizeof(err));
	wbuf_free(&w);
	if (rc != CTL_OK)
		out_fail(rc, "%s: %s", c->args[0], err);
	else if (out_json)
		out_document(json_incref(j));
	else
		printf("%s: %lld %s\n", out_safe(c->args[0]),
		    integer(j, "count"), done);
	json_decref(j);
	return (rc);
}

int
cmd_dead_retry(struct ctl *c)
{
	return (dead_change(c, MSG_CTL_DEAD_RETRY, NULL, "sent once more"));
}

int
cmd_dead_drop(struct ctl *c)
{
	const char	*reason = cmd_value(c, O_REASON);

	if (reason == NULL || reason[0] == '\0' ||
	    strlen(reason) > MAX_TARGET_REASON)
		return (out_fail(CTL_USAGE, "--reason TEXT is required, at "
		    "most %d bytes: it is recorded that events were given "
		    "up, and why", MAX_TARGET_REASON));
	return (dead_change(c, MSG_CTL_DEAD_DROP, reason, "given up"));
}
