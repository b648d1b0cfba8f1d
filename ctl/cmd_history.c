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

#include "common/json.h"
#include "conffile.h"
#include "edit.h"
#include "history.h"
#include "redacted.h"

/*
 * config diff, history, rollback: the configuration against what it was, is
 * in force, or is to be.
 */

/* one text and what it is called */
struct side {
	char	*text;
	size_t	 len;
	char	 name[MAX_CONF_PATH + 16];
};

static int
code_of(int error)
{
	if (error == EACCES || error == EPERM)
		return (CTL_PERMISSION);
	return (error == ENOENT ? CTL_NOT_FOUND : CTL_CONFIG);
}

/* without its secrets where the other side has none either */
static int
current(const struct ctl *c, int redact, struct side *s)
{
	char	 err[MAX_CONF_MSG], *red;
	size_t	 len;
	int	 fd, rv;

	strlcpy(s->name, c->paths.config, sizeof(s->name));
	fd = conffile_open(c->paths.config, geteuid(), MAX_CONF_SIZE, err,
	    sizeof(err));
	if (fd == -1)
		return (out_fail(code_of(errno), "%s", err));
	rv = conffile_read(fd, MAX_CONF_SIZE, &s->text, &s->len, err,
	    sizeof(err));
	close(fd);
	if (rv == -1)
		return (out_fail(CTL_FAILURE, "%s: %s", s->name, err));
	if (!redact)
		return (CTL_OK);
	if (redacted_text(s->text, s->len, &red, &len, err, sizeof(err)) ==
	    -1)
		return (out_fail(CTL_CONFIG, "%s: %s", s->name, err));
	free(s->text);
	s->text = red;
	s->len = len;
	return (CTL_OK);
}

static int
from_history(const struct ctl *c, unsigned int n, struct side *s)
{
	struct hist	h;
	char		err[MAX_CONFFILE_ERR];

	snprintf(s->name, sizeof(s->name), "history %u", n);
	if (history_read(&c->paths, n, &h, &s->text, &s->len, err,
	    sizeof(err)) == 0)
		return (CTL_OK);
	if (errno == ENOENT)
		return (out_fail(CTL_NOT_FOUND, "there is no state %u: see "
		    "`defenseclawctl config history'", n));
	return (out_fail(code_of(errno), "%s", err));
}

static int
from_file(const char *path, struct side *s)
{
	char	err[MAX_CONFFILE_ERR];
	int	fd, rv;

	strlcpy(s->name, path, sizeof(s->name));
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) ==
	    -1)
		return (out_fail(code_of(errno), "%s: %s", path,
		    strerror(errno)));
	rv = conffile_read(fd, MAX_CONF_SIZE, &s->text, &s->len, err,
	    sizeof(err));
	close(fd);
	return (rv == 0 ? CTL_OK : out_fail(CTL_CONFIG, "%s: %s", path, err));
}

/* the hash of what is in force */
static int
running_hash(const struct ctl *c, char *hash, size_t size)
{
	char		 why[MAX_JSON_ERR], *text = NULL;
	const char	*s;
	struct client	 cl;
	size_t		 len;
	json_t		*j;
	int		 rc;

	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_STATUS, NULL, 0, &text, &len);
	if (rc != CTL_OK)
		out_fail(rc, "%s", rc == CTL_NOT_RUNNING && !cl.lost ?
		    "the suite is not running" : cl.err);
	client_close(&cl);
	if (rc != CTL_OK)
		return (rc);
	j = json_strict(text, len, why);
	s = json_str(json_object_get(j, "suite"), "conf_hash");
	if (s == NULL)
		s = json_str(j, "conf_hash");
	strlcpy(hash, s != NULL ? s : "", size);
	json_decref(j);
	free(text);
	return (CTL_OK);
}

/* an exit status */
static int
is_current(const struct ctl *c, const char *hash, int *same)
{
	static struct conf	 conf;
	unsigned char		 bin[CONF_HASH_LEN];
	char			 hex[2 * CONF_HASH_LEN + 1];
	int			 rc;

	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	conf_hash(&conf, bin);
	sodium_bin2hex(hex, sizeof(hex), bin, sizeof(bin));
	*same = strcmp(hex, hash) == 0;
	return (CTL_OK);
}

/* the suite keeps no text; the state with its hash is what it runs */
static int
from_running(const struct ctl *c, struct side *s)
{
	struct hist	*list;
	char		 hash[2 * CONF_HASH_LEN + 1], err[MAX_CONFFILE_ERR];
	unsigned int	 found = 0;
	int		 i, n, rc, same;

	if ((rc = running_hash(c, hash, sizeof(hash))) != CTL_OK ||
	    (rc = is_current(c, hash, &same)) != CTL_OK)
		return (rc);
	if (same)
		rc = current(c, 1, s);
	else {
		n = history_list(&c->paths, &list, err, sizeof(err));
		for (i = 0; i < n; i++)
			if (strcmp(list[i].hash, hash) == 0)
				found = list[i].n;
		free(list);
		rc = found != 0 ? from_history(c, found, s) :
		    out_fail(CTL_NOT_FOUND, "the suite runs another "
		    "configuration than the file, and no state of the history "
		    "is that one: it was changed by hand and put in force "
		    "without defenseclawctl");
	}
	strlcpy(s->name, "running", sizeof(s->name));
	return (rc);
}

static int
print_diff(const struct side *a, const struct side *b)
{
	struct treediff	d;
	char		err[MAX_CONF_MSG];

	if (treediff_make(&d, a->text, a->len, b->text, b->len, err,
	    sizeof(err)) == -1) {
		treediff_free(&d);
		return (out_fail(CTL_CONFIG, "%s or %s: %s", a->name, b->name,
		    err));
	}
	if (out_json)
		out_document(json_pack("{s:s,s:s,s:b,s:o}", "from", a->name,
		    "to", b->name, "same", d.n == 0, "differences",
		    treediff_json(&d)));
	else if (d.n == 0)
		printf("no key differs\n");
	else {
		printf("--- %s\n", out_safe(a->name));
		printf("+++ %s\n", out_safe(b->name));
		treediff_print(&d, stdout);
	}
	treediff_free(&d);
	return (CTL_OK);
}

int
cmd_config_diff(struct ctl *c)
{
	const char	*what = c->nargs == 1 ? c->args[0] : "running";
	struct side	 a, b;
	uint64_t	 n;
	int		 rc, kept = 1;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	if (strcmp(what, "running") == 0)
		rc = from_running(c, &a);
	else if (options_number(what, 1, 99999999, &n) == 0)
		rc = from_history(c, (unsigned int)n, &a);
	else {
		rc = from_file(what, &a);
		kept = 0;
	}
	if (rc == CTL_OK && (rc = current(c, kept, &b)) == CTL_OK)
		rc = print_diff(&a, &b);
	free(a.text);
	free(b.text);
	return (rc);
}

int
cmd_config_history(struct ctl *c)
{
	static const char *const heads[] = { "STATE", "TIME", "WHO", "BY",
	    "OF", NULL };
	struct hist	*list;
	char		 err[MAX_CONFFILE_ERR];
	struct table	 t;
	json_t		*all = json_array();
	int		 i, n;

	n = history_list(&c->paths, &list, err, sizeof(err));
	if (n == -1) {
		json_decref(all);
		return (out_fail(code_of(errno), "%s", err));
	}
	table_init(&t, heads);
	for (i = n - 1; i >= 0; i--) {
		json_array_append_new(all, json_pack("{s:i,s:s,s:i,s:s,s:s,"
		    "s:s}", "state", (int)list[i].n, "time", list[i].time,
		    "uid", (int)list[i].uid, "action", list[i].action,
		    "target", list[i].target, "conf_hash", list[i].hash));
		table_cell(&t, "%u", list[i].n);
		table_cell(&t, "%s", list[i].time);
		table_cell(&t, "uid:%u", list[i].uid);
		table_cell(&t, "%s", list[i].action);
		table_cell(&t, "%s", list[i].target);
	}
	if (out_json)
		out_document(json_pack("{s:O}", "states", all));
	else if (n == 0)
		printf("no command has changed the configuration yet\n");
	else
		table_print(&t);
	json_decref(all);
	free(list);
	return (CTL_OK);
}

static int
rollback_fn(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	const struct side	*s = arg;

	return (redacted_fill(s->text, s->len, text, len, out, outlen, err,
	    errlen));
}

int
cmd_config_rollback(struct ctl *c)
{
	char		 verb[32];
	struct side	 s;
	struct edit	 e = { .action = "config-update",
			    .target = "config.yaml", .verb = verb,
			    .fn = rollback_fn, .arg = &s,
			    .dry_run = cmd_has(c, O_DRY_RUN) };
	uint64_t	 n;
	int		 rc;

	memset(&s, 0, sizeof(s));
	if (options_number(c->args[0], 1, 99999999, &n) == -1)
		return (out_fail(CTL_USAGE, "%s is no number of a state: see "
		    "`defenseclawctl config history'", c->args[0]));
	if ((rc = from_history(c, (unsigned int)n, &s)) != CTL_OK)
		return (rc);
	snprintf(verb, sizeof(verb), "rollback to %u", (unsigned int)n);
	rc = edit_config(c, &e);
	if (rc == CTL_OK && out_json)
		out_document(json_pack("{s:i,s:b,s:b,s:o,s:s?,s:I}", "state",
		    (int)n, "changed", e.changed, "dry_run", e.dry_run,
		    "differences", treediff_json(&e.diff), "needs",
		    e.changed && e.running ? "reload" : NULL, "seq",
		    (json_int_t)e.seq));
	else if (rc == CTL_OK && !e.changed)
		printf("%s says so already\n", out_safe(c->paths.config));
	else if (rc == CTL_OK && !e.dry_run) {
		treediff_print(&e.diff, stdout);
		printf("%s is as in state %u\n", out_safe(c->paths.config),
		    (unsigned int)n);
		if (e.running)
			printf("takes effect with `defenseclawctl reload'\n");
	}
	edit_free(&e);
	free(s.text);
	return (rc);
}
