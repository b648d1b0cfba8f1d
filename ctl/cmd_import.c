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
#include "import.h"
#include "init_token.h"
#include "sinktoken.h"

/*
 * config import: what another implementation's files say, into ours.
 */

#define MAX_ENV	(64 * 1024)	/* bytes of an .env */

struct importing {
	struct import	 im;
	struct edit	 e;
	struct sinktoken_was was[MAX_IMPORT_SECRETS];	/* before */
	int		 nwritten;
	char		 note[64];
};

static int
read_file(const char *path, size_t max, char **text, size_t *len)
{
	char	err[MAX_CONFFILE_ERR];
	int	fd, rv;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND : errno ==
		    EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	rv = conffile_read(fd, max, text, len, err, sizeof(err));
	close(fd);
	return (rv == 0 ? CTL_OK : out_fail(CTL_CONFIG, "%s: %s", path, err));
}

/* does the file below secrets/ say that already */
static int
is_there(const struct paths *p, const struct import_secret *s)
{
	char	have[MAX_IMPORT_TOKEN + 2], why[MAX_CONFFILE_ERR];
	char	path[MAX_CONF_PATH], *text = NULL;
	size_t	len;
	int	fd, same = 0;

	if (paths_join(path, sizeof(path), p->secrets, s->name) == -1 ||
	    (fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC)) == -1)
		return (0);
	if (conffile_read(fd, MAX_IMPORT_TOKEN + 1, &text, &len, why,
	    sizeof(why)) == 0) {
		strlcpy(have, text, sizeof(have));
		have[strcspn(have, "\r\n")] = '\0';
		same = strcmp(have, s->value) == 0;
		freezero(text, len);
	}
	explicit_bzero(have, sizeof(have));
	close(fd);
	return (same);
}

/* a confedit_fn: what secrets there will be is known with the text */
static int
edit(const char *text, size_t len, char **out, size_t *outlen, void *arg,
    char *err, size_t errlen)
{
	struct importing	*g = arg;
	int			 i, n = 0;

	if (import_edit(text, len, out, outlen, &g->im, err, errlen) == -1)
		return (-1);
	for (i = 0; i < g->im.nsecrets; i++)
		n += !is_there(g->im.paths, &g->im.secret[i]);
	snprintf(g->note, sizeof(g->note), "%d files written below secrets/",
	    n);
	g->e.note = n != 0 ? g->note : NULL;
	return (0);
}

static int
before(void *arg, char *err, size_t errlen)
{
	struct importing		*g = arg;
	const struct import_secret	*s;
	int				 i;

	for (i = 0; i < g->im.nsecrets; i++) {
		s = &g->im.secret[i];
		if (is_there(g->im.paths, s))
			continue;
		sinktoken_keep(g->im.paths, s->name, &g->was[i]);
		if (sinktoken_write(g->im.paths, s->name, s->value, err,
		    errlen) == -1)
			return (-1);
		g->nwritten++;
	}
	return (0);
}

static void
undo(void *arg)
{
	struct importing	*g = arg;
	int			 i;

	for (i = 0; i < g->im.nsecrets; i++)
		sinktoken_back(g->im.paths, g->im.secret[i].name, &g->was[i]);
	g->nwritten = 0;
}

static json_t *
lines_json(const struct import *im, enum import_what what)
{
	json_t	*j = json_array();
	int	 i;

	for (i = 0; i < im->nlines; i++)
		if (im->line[i].what == what)
			json_array_append_new(j, json_pack("{s:s,s:s}", "key",
			    im->line[i].key, what == IMPORT_NOT ? "why" :
			    "how", im->line[i].text));
	return (j);
}

static void
report(const char *path, const struct importing *g)
{
	static const char *const	 heads[] = { "RESULT", "KEY", "HOW",
					    NULL };
	static const char *const	 words[] = { "taken", "secret",
					    "not taken" };
	const struct import		*im = &g->im;
	struct table			 t;
	int				 i, what;

	if (out_json) {
		out_document(json_pack("{s:s,s:b,s:b,s:o,s:o,s:o,s:i,s:o,s:s?,"
		    "s:I}", "file", path, "changed", g->e.changed, "dry_run",
		    g->e.dry_run, "taken", lines_json(im, IMPORT_TAKEN),
		    "secrets", lines_json(im, IMPORT_SECRET), "not_taken",
		    lines_json(im, IMPORT_NOT), "secrets_written",
		    g->nwritten, "differences", treediff_json(&g->e.diff),
		    "needs", g->e.running && (g->e.changed || g->nwritten) ?
		    "reload" : NULL, "seq", (json_int_t)g->e.seq));
		return;
	}
	table_init(&t, heads);
	for (what = IMPORT_TAKEN; what <= IMPORT_NOT; what++)
		for (i = 0; i < im->nlines; i++) {
			if ((int)im->line[i].what != what)
				continue;
			table_cell(&t, "%s", words[what]);
			table_cell(&t, "%s", im->line[i].key);
			table_cell(&t, "%s", im->line[i].text);
		}
	table_print(&t);
	if (!g->e.changed && g->nwritten == 0 && !g->e.dry_run)
		printf("nothing was changed\n");
	else if (g->e.running && !g->e.dry_run)
		printf("takes effect with `defenseclawctl reload'\n");
}

int
cmd_config_import(struct ctl *c)
{
	static struct importing	 g;
	const char		*envfile = cmd_value(c, O_ENV_FILE);
	char			*text = NULL, *env = NULL;
	size_t			 len, envlen = 0;
	int			 i, rc;

	if (sodium_init() == -1)
		return (out_fail(CTL_FAILURE, "libsodium does not start"));
	rc = read_file(c->args[0], MAX_CONF_SIZE, &text, &len);
	if (rc == CTL_OK && envfile != NULL)
		rc = read_file(envfile, MAX_ENV, &env, &envlen);
	if (rc == CTL_OK) {
		g.im.text = text;
		g.im.len = len;
		g.im.env = env;
		g.im.paths = &c->paths;
		g.e.action = "config-update";
		g.e.target = "config.yaml";
		g.e.verb = "import";
		g.e.fn = edit;
		g.e.before = before;
		g.e.undo = undo;
		g.e.arg = &g;
		g.e.dry_run = cmd_has(c, O_DRY_RUN);
		rc = edit_config(c, &g.e);
	}
	if (rc == CTL_OK)
		report(c->args[0], &g);
	for (i = 0; i < MAX_IMPORT_SECRETS; i++)
		sinktoken_forget(&g.was[i]);
	import_clear(&g.im);
	edit_free(&g.e);
	if (env != NULL)
		freezero(env, envlen);
	if (text != NULL)
		freezero(text, len);
	return (rc);
}
