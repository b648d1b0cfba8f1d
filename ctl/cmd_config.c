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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "cmd.h"
#include "conffile.h"
#include "confparse.h"
#include "edit.h"
#include "sinkctl.h"
#include "sinktoken.h"

/*
 * config: looks at config.yaml and changes one key at a time.
 */

static struct conf_report	report;

int
config_note(const struct paths *p, uint64_t time_us, const char *action,
    const char *target, const char *what, uint64_t *seq, char *err,
    size_t errlen)
{
	char		 why[MAX_JSON_ERR], *text = NULL;
	struct client	 c;
	struct wbuf	 w;
	size_t		 len;
	json_t		*j;
	int		 rc;

	*seq = 0;
	wbuf_init(&w, MAX_FRAME);
	wbuf_u64(&w, time_us);
	wbuf_str(&w, action);
	wbuf_str(&w, target);
	wbuf_str(&w, what);
	if ((rc = client_open(&c, p, "auditd")) == CTL_OK)
		rc = client_call(&c, MSG_CTL_NOTE, w.data, w.len, &text,
		    &len);
	wbuf_free(&w);
	if (rc == CTL_OK) {
		j = json_strict(text, len, why);
		*seq = (uint64_t)json_integer_value(json_object_get(j,
		    "seq"));
		json_decref(j);
		free(text);
	} else
		strlcpy(err, c.err, errlen);
	client_close(&c);
	/* a role that is on its way up is a suite that runs */
	if (rc == CTL_NOT_RUNNING && !c.lost)
		return (0);
	return (rc == CTL_OK ? 1 : -1);
}

/* reads with the checks of the running suite, or any file by its name */
static int
config_text(const char *path, int checked, char **text, size_t *len,
    char *err, size_t errlen)
{
	int	fd, rc, saved;

	if (checked)
		fd = conffile_open(path, geteuid(), MAX_CONF_SIZE, err,
		    errlen);
	else if (strcmp(path, "-") == 0)
		fd = dup(STDIN_FILENO);
	else if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC)) == -1)
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
	if (fd == -1) {
		if (errno == EACCES)
			return (CTL_PERMISSION);
		return (errno == ENOENT ? CTL_NOT_FOUND : CTL_CONFIG);
	}
	rc = conffile_read(fd, MAX_CONF_SIZE, text, len, err, errlen);
	saved = errno;
	close(fd);
	errno = saved;
	return (rc == -1 ? CTL_CONFIG : CTL_OK);
}

static void
print_report(int to_stdout)
{
	char	line[MAX_CONF_MSG];
	int	i;

	for (i = 0; i < report.nmsgs; i++) {
		conf_msg_text(&report, &report.msgs[i], line, sizeof(line));
		fprintf(to_stdout ? stdout : stderr, "%s%s\n",
		    report.msgs[i].is_warning ? "warning: " : "", line);
	}
	if (report.nerrors + report.nwarnings > report.nmsgs)
		fprintf(to_stdout ? stdout : stderr, "... and %d more\n",
		    report.nerrors + report.nwarnings - report.nmsgs);
}

int
config_load(const char *path, struct conf *conf, char *err, size_t errlen)
{
	char	*text;
	size_t	 len;
	int	 rc;

	rc = config_text(path, 1, &text, &len, err, errlen);
	if (rc == CTL_CONFIG)
		out_note("%s", err);
	if (rc != CTL_OK)
		return (rc);
	rc = conf_parse(text, len, path, conf, &report);
	free(text);
	if (rc == -1)
		print_report(0);
	return (rc == -1 ? CTL_CONFIG : CTL_OK);
}

int
config_need(const struct ctl *c, struct conf *conf)
{
	char	err[MAX_CONF_MSG];
	int	rc;

	rc = config_load(c->paths.config, conf, err, sizeof(err));
	if (rc == CTL_CONFIG)
		return (out_fail(rc, "%s is not valid", c->paths.config));
	if (rc != CTL_OK)
		return (out_fail(rc, "%s%s", err, rc == CTL_NOT_FOUND ?
		    ": run `defenseclawctl init'" : ""));
	return (CTL_OK);
}

static json_t *
report_json(int rc)
{
	const struct conf_msg	*m;
	json_t			*msgs = json_array();
	int			 i;

	for (i = 0; i < report.nmsgs; i++) {
		m = &report.msgs[i];
		json_array_append_new(msgs, json_pack("{s:i,s:s,s:s,s:s}",
		    "line", m->line, "key", m->key, "level", m->is_warning ?
		    "warning" : "error", "text", m->text));
	}
	return (json_pack("{s:s,s:b,s:i,s:i,s:o}", "file", report.file, "ok",
	    rc == CTL_OK, "errors", report.nerrors, "warnings",
	    report.nwarnings, "messages", msgs));
}

int
cmd_config_validate(struct ctl *c)
{
	static struct conf	 conf;
	const char		*path;
	char			 err[MAX_CONF_MSG], *text;
	size_t			 len;
	int			 rc;

	path = c->nargs == 1 ? c->args[0] : c->paths.config;
	rc = config_text(path, c->nargs == 0, &text, &len, err, sizeof(err));
	if (rc != CTL_OK)
		return (out_fail(rc, "%s", err));
	rc = conf_parse(text, len, path, &conf, &report) == -1 ? CTL_CONFIG :
	    CTL_OK;
	free(text);
	if (rc == CTL_OK && c->nargs == 0 && sinktoken_usable(&c->paths,
	    &conf, err, sizeof(err)) == -1)
		return (out_fail(CTL_CONFIG, "%s", err));
	if (out_json) {
		out_document(report_json(rc));
		return (rc);
	}
	print_report(1);
	printf("%s: %s\n", out_safe(path), rc == CTL_OK ? "valid" :
	    "not valid");
	return (rc);
}

static json_t *
value_json(const struct key *k, const struct conf *conf, const char *text)
{
	int	v;

	if (k->type != KEY_BOOL && k->type != KEY_INT)
		return (json_string(text));
	memcpy(&v, (const char *)conf + k->off, sizeof(v));
	if (k->flags & KEYF_FRACTION && v % 1000 != 0)
		return (json_real(v / 1000.0));
	if (k->flags & KEYF_FRACTION)
		v /= 1000;
	return (k->type == KEY_BOOL ? json_boolean(v) : json_integer(v));
}

/* what a sink says otherwise than by default, and its kind */
static void
show_sink(struct table *t, const struct conf_sink *s)
{
	static struct conf_sink	 plain;
	const struct key	*k;
	char			 text[MAX_CONF_URL], other[MAX_CONF_URL];
	int			 i;

	schema_sink_defaults(&plain);
	for (i = 0; i < schema_nsink_keys; i++) {
		k = &schema_sink_keys[i];
		schema_get(k, s, text, sizeof(text));
		schema_get(k, &plain, other, sizeof(other));
		if (strcmp(k->path, "kind") != 0 &&
		    (strcmp(text, other) == 0 || strcmp(k->path, "name") ==
		    0 || !schema_sink_concerns(k, s)))
			continue;
		table_cell(t, "audit_sinks.%s.%s", s->name, k->path);
		table_cell(t, "%s", text[0] != '\0' ? text : "''");
		table_cell(t, "line %d", s->line);
	}
}

static void
show_table(const struct conf *conf)
{
	static const char *const heads[] = { "KEY", "VALUE", "FROM", NULL };
	char		text[MAX_CONF_VALUE];
	struct table	t;
	int		i;

	table_init(&t, heads);
	for (i = 0; i < schema_nkeys; i++) {
		schema_get(&schema_keys[i], conf, text, sizeof(text));
		table_cell(&t, "%s", schema_keys[i].path);
		table_cell(&t, "%s", text[0] != '\0' ? text : "''");
		if (conf->line[i] != 0)
			table_cell(&t, "line %d", conf->line[i]);
		else
			table_cell(&t, "default");
	}
	for (i = 0; i < conf->nsinks; i++)
		show_sink(&t, &conf->sinks[i]);
	table_print(&t);
}

static void
show_json(const char *path, const struct conf *conf)
{
	char	 text[MAX_CONF_VALUE];
	json_t	*keys = json_array(), *sinks = json_array(), *j;
	int	 i;

	for (i = 0; i < schema_nkeys; i++) {
		schema_get(&schema_keys[i], conf, text, sizeof(text));
		j = json_pack("{s:s,s:o,s:s}", "key", schema_keys[i].path,
		    "value", value_json(&schema_keys[i], conf, text), "from",
		    conf->line[i] != 0 ? "file" : "default");
		if (conf->line[i] != 0)
			json_object_set_new(j, "line",
			    json_integer(conf->line[i]));
		json_array_append_new(keys, j);
	}
	for (i = 0; i < conf->nsinks; i++)
		json_array_append_new(sinks, sinkctl_json(&conf->sinks[i]));
	out_document(json_pack("{s:s,s:o,s:o}", "file", path, "keys", keys,
	    "audit_sinks", sinks));
}

int
cmd_config_show(struct ctl *c)
{
	static struct conf	 conf;
	int			 rc;

	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	if (out_json)
		show_json(c->paths.config, &conf);
	else
		show_table(&conf);
	return (CTL_OK);
}

int
cmd_config_path(struct ctl *c)
{
	const struct paths	*p = &c->paths;

	if (out_json)
		out_document(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}",
		    "mode", p->system ? "system" : "user", "config",
		    p->config, "secrets", p->secrets, "policies",
		    p->policies, "audit_db", p->audit_db, "device_pub",
		    p->device_pub, "run", p->run, "log", p->log));
	else
		printf("%s\n", p->config);
	return (CTL_OK);
}

static const struct key *
key_named(const char *name)
{
	const struct key	*k = schema_find(name);
	const char		*near;

	if (k != NULL)
		return (k);
	if (strncmp(name, "audit_sinks", 11) == 0) {
		out_fail(CTL_NOT_FOUND, "%s: sinks are a list: see "
		    "`defenseclawctl help setup observability'", name);
		return (NULL);
	}
	near = schema_nearest(name);
	if (schema_is_foreign(name))
		near = NULL;
	out_fail(CTL_NOT_FOUND, "%s: %s%s%s", name, schema_is_section(name) ?
	    "is a section, name a key of it" : schema_is_foreign(name) ?
	    "is a key of the reference implementation without effect here" :
	    "no such key", near != NULL ? ", the nearest is " : "",
	    near != NULL ? near : "");
	return (NULL);
}

int
cmd_config_get(struct ctl *c)
{
	static struct conf	 conf;
	const struct key	*k;
	char			 text[MAX_CONF_VALUE];
	int			 rc, line;

	if ((k = key_named(c->args[0])) == NULL)
		return (CTL_NOT_FOUND);
	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	schema_get(k, &conf, text, sizeof(text));
	line = conf.line[k - schema_keys];
	if (out_json)
		out_document(json_pack("{s:s,s:o,s:s}", "key", k->path,
		    "value", value_json(k, &conf, text), "from", line != 0 ?
		    "file" : "default"));
	else
		printf("%s\n", text);
	return (CTL_OK);
}

static void
set_done(const struct key *k, const char *old, const char *new,
    const struct edit *e)
{
	const char	*next = NULL;

	if (e->running)
		next = k->flags & KEYF_RELOAD ? "reload" : "restart";
	if (out_json)
		out_document(json_pack("{s:s,s:s,s:s,s:b,s:b,s:s?,s:I}", "key",
		    k->path, "old", old, "new", new, "changed", e->changed,
		    "dry_run", e->dry_run, "needs", next, "seq",
		    (json_int_t)e->seq));
	else if (!e->changed)
		printf("%s: is so already\n", k->path);
	else if (!e->dry_run)
		printf("%s: %s -> %s\n", k->path, old[0] != '\0' ?
		    out_safe(old) : "''", new[0] != '\0' ? out_safe(new) :
		    "''");
	if (next != NULL && !out_json)
		printf("takes effect with `defenseclawctl %s'\n", next);
}

/* back to its default */
int
cmd_config_unset(struct ctl *c)
{
	static struct conf	 conf;
	const struct key	*k;
	struct conf_setting	 one = { c->args[0], NULL };
	struct edit		 e = { .action = "config-update",
				    .fn = confedit_setting, .arg = &one,
				    .dry_run = cmd_has(c, O_DRY_RUN) };
	char			 old[MAX_CONF_VALUE], new[MAX_CONF_VALUE];
	int			 rc;

	if ((k = key_named(c->args[0])) == NULL)
		return (CTL_NOT_FOUND);
	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	schema_get(k, &conf, old, sizeof(old));
	schema_defaults(&conf);
	schema_get(k, &conf, new, sizeof(new));
	e.target = k->path;
	if ((rc = edit_config(c, &e)) == CTL_OK)
		set_done(k, old, new, &e);
	edit_free(&e);
	return (rc);
}

int
cmd_config_set(struct ctl *c)
{
	static struct conf	 conf;
	const struct key	*k;
	struct conf_setting	 one = { c->args[0], c->args[1] };
	struct edit		 e = { .action = "config-update",
				    .fn = confedit_setting, .arg = &one,
				    .dry_run = cmd_has(c, O_DRY_RUN) };
	char			 old[MAX_CONF_VALUE], new[MAX_CONF_VALUE];
	char			 err[MAX_CONFEDIT_ERR];
	int			 rc;

	if ((k = key_named(c->args[0])) == NULL)
		return (CTL_NOT_FOUND);
	/* an invalid file is not edited: it would be refused below, too */
	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	schema_get(k, &conf, old, sizeof(old));
	if (schema_set(k, c->args[1], &conf, err, sizeof(err)) == -1)
		return (out_fail(CTL_CONFIG, "%s: %s", k->path, err));
	schema_get(k, &conf, new, sizeof(new));
	e.target = k->path;
	if ((rc = edit_config(c, &e)) == CTL_OK)
		set_done(k, old, new, &e);
	edit_free(&e);
	return (rc);
}
