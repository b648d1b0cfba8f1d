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

#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "conffile.h"
#include "edit.h"
#include "history.h"
#include "redacted.h"
#include "spoolfile.h"

#define MAX_EVENT_CHANGE	4096	/* bytes of what an event says */
#define MAX_EVENT_NOTE		512	/* of these, what is no difference */
#define MANAGED			"says \"managed: true\""

/* one run of edit_config() */
struct run {
	const struct ctl *c;
	struct edit	 *e;
	const char	 *why;		/* it is not to be written; or NULL */
	int		  rc;		/* of what was said already */
	int		  made;		/* before() was called */
	uint64_t	  spooled;	/* when: the event is in the spool */
	char		 *new;		/* what is written, for the history */
	size_t		  newlen;
	char		  what[MAX_EVENT_CHANGE]; /* it says */
};

static int
code_of(int error)
{
	if (error == EACCES || error == EPERM || error == EROFS)
		return (CTL_PERMISSION);
	return (error == ENOENT ? CTL_NOT_FOUND : CTL_CONFIG);
}

/* why nobody writes this file; NULL when one may, or there is none */
static const char *
read_only(const char *path)
{
	struct stat	 st;
	char		 dir[MAX_CONF_PATH], *slash;

	if (stat(path, &st) == -1)
		return (NULL);
	if ((st.st_mode & S_IWUSR) == 0)
		return ("is read-only by its mode");
	strlcpy(dir, path, sizeof(dir));
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	if (faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) == 0)
		return (NULL);
	return (errno == EROFS ? "is on a file system that is read-only" :
	    "is in a directory that this user may not write");
}

/* is the text valid; and is the file another program's */
static int
check(const char *path, const char *text, size_t len, int *managed)
{
	struct conf_report	*rep = malloc(sizeof(*rep));
	struct conf		*conf = malloc(sizeof(*conf));
	char			 msg[MAX_CONF_MSG];
	int			 i, rc = CTL_OK;

	if (rep == NULL || conf == NULL)
		rc = out_fail(CTL_FAILURE, "out of memory");
	else if (conf_parse(text, len, path, conf, rep) == -1) {
		for (i = 0; i < rep->nmsgs && rep->msgs[i].is_warning; i++)
			continue;
		conf_msg_text(rep, &rep->msgs[i], msg, sizeof(msg));
		rc = out_fail(CTL_CONFIG, "not changed, the result would not "
		    "be valid: %s", msg);
	} else
		*managed = conf->managed;
	free(rep);
	free(conf);
	return (rc);
}

/* of both texts without their secrets; nothing with --json */
static void
print_lines(const char *old, size_t oldlen, const char *new, size_t newlen)
{
	char	*a, *b = NULL, err[MAX_CONF_MSG];
	size_t	 alen, blen;

	if (out_json)
		return;
	if (redacted_text(old, oldlen, &a, &alen, err, sizeof(err)) != -1 &&
	    redacted_text(new, newlen, &b, &blen, err, sizeof(err)) != -1)
		textdiff_print(a, alen, b, blen, stdout);
	free(a);
	free(b);
}

/* after the lines, if they are to be seen */
static int
refuse(const char *path, const char *why, const struct edit *e)
{
	if (!out_json)
		return (out_fail(CTL_PERMISSION, "%s %s: nothing was "
		    "written%s", path, why, e->changed ? "; the lines above "
		    "are what to change where it is kept" : ", and no key: "
		    "it goes below secrets/ by what keeps the file"));
	out_document(json_pack("{s:s,s:i,s:s,s:o}", "error", why, "code",
	    CTL_PERMISSION, "file", path, "differences",
	    treediff_json(&e->diff)));
	return (CTL_PERMISSION);
}

/* what differs, and whether it may; rc and -1 when all was said */
static int
consider(struct run *r, const char *text, size_t len, const char *new,
    size_t newlen)
{
	const char	*path = r->c->paths.config;
	struct edit	*e = r->e;
	char		 err[MAX_CONF_MSG];
	int		 managed = 0, ignored;

	e->changed = newlen != len || memcmp(new, text, len) != 0;
	/* with a note a key is written, also where the text stays */
	if (!e->changed && e->note == NULL)
		return (0);
	if ((r->rc = check(path, text, len, &managed)) != CTL_OK ||
	    (r->rc = check(path, new, newlen, &ignored)) != CTL_OK)
		return (-1);
	if (treediff_make(&e->diff, text, len, new, newlen, err,
	    sizeof(err)) == -1) {
		r->rc = out_fail(CTL_CONFIG, "%s", err);
		return (-1);
	}
	if (managed)
		r->why = MANAGED;
	else if (!e->changed)
		return (0);
	if (e->dry_run || r->why != NULL)
		print_lines(text, len, new, newlen);
	if (e->dry_run || r->why == NULL)
		return (0);
	r->rc = refuse(path, r->why, e);
	return (-1);
}

/*
 * What somebody made of the file by hand is a state, too.  The history is a
 * help: without it the change is made all the same.
 */
static void
keep(struct run *r, const char *text, size_t len, const char *new,
    size_t newlen)
{
	char	err[MAX_CONF_MSG];

	if (history_add(&r->c->paths, text, len, "found", "config.yaml", err,
	    sizeof(err)) == -1)
		out_note("the history does not have what was there: %s", err);
	if ((r->new = malloc(newlen + 1)) != NULL) {
		memcpy(r->new, new, newlen);
		r->newlen = newlen;
	}
}

static void
keep_new(struct run *r)
{
	char	err[MAX_CONF_MSG];

	if (r->new != NULL && history_add(&r->c->paths, r->new, r->newlen,
	    r->e->action, r->e->target, err, sizeof(err)) == -1)
		out_note("the history does not have this change: %s", err);
}

static void
describe(struct run *r)
{
	const struct edit	*e = r->e;
	char			 diff[MAX_EVENT_CHANGE - MAX_EVENT_NOTE];

	treediff_text(&e->diff, diff, sizeof(diff));
	if (e->diff.n == 0 && e->changed)
		strlcpy(diff, "comments, order or form only", sizeof(diff));
	snprintf(r->what, sizeof(r->what), "%s%s%s%s%s", e->verb != NULL ?
	    e->verb : "", e->verb != NULL ? ": " : "", diff, e->note !=
	    NULL && diff[0] != '\0' ? "; " : "", e->note != NULL ? e->note :
	    "");
}

/*
 * The event is written down before the change: none is without one, also when
 * this program is killed in between.
 */
static int
spool_first(struct run *r, char *err, size_t errlen)
{
	const struct edit	*e = r->e;
	uint64_t		 now = clock_wall_us();

	if (!e->changed && e->note == NULL)
		return (0);
	describe(r);
	if (spoolfile_add(&r->c->paths, now, e->action, e->target, r->what,
	    err, errlen) == -1)
		return (-1);
	r->spooled = now;
	return (0);
}

/* a confedit_fn around the command's own */
static int
make(const char *text, size_t len, char **out, size_t *outlen, void *arg,
    char *err, size_t errlen)
{
	struct run	*r = arg;
	struct edit	*e = r->e;

	if (e->fn(text, len, out, outlen, e->arg, err, errlen) == -1)
		return (-1);
	if (consider(r, text, len, *out, *outlen) == -1)
		return (-1);
	if (e->dry_run)
		return (0);
	if (e->changed)
		keep(r, text, len, *out, *outlen);
	errno = 0;
	if (spool_first(r, err, errlen) == 0) {
		if (e->before == NULL)
			return (0);
		errno = 0;
		r->made = 1;
		if (e->before(e->arg, err, errlen) == 0)
			return (0);
	}
	r->rc = out_fail(errno == EACCES || errno == EPERM ||
	    errno == EROFS ? CTL_PERMISSION : CTL_FAILURE, "%s", err);
	return (-1);
}

static void
undo(struct run *r)
{
	struct edit	*e = r->e;

	if (r->made && e->undo != NULL)
		e->undo(e->arg);
	if (r->spooled != 0)
		spoolfile_remove(&r->c->paths, r->spooled, e->action,
		    e->target, r->what);
}

/*
 * A running suite has the event now, and the spool no more: it knows the one
 * from the other, should it have read both.  It is done, so nothing of this
 * is a failure.
 */
static void
record(struct run *r)
{
	const struct paths	*p = &r->c->paths;
	struct edit		*e = r->e;
	char			 err[MAX_CTL_TEXT + 64];
	int			 rc;

	rc = config_note(p, r->spooled, e->action, e->target, r->what,
	    &e->seq, err, sizeof(err));
	e->running = rc != 0;
	if (rc == 1)
		spoolfile_remove(p, r->spooled, e->action, e->target,
		    r->what);
	else if (rc == -1)
		out_note("the change is made and waits to be recorded: %s",
		    err);
}

/* the same without a lock and without writing: neither may be possible */
static int
look(struct run *r, char *err, size_t errlen)
{
	char	*text, *out = NULL;
	size_t	 len, outlen;
	int	 fd, rv;

	fd = conffile_open(r->c->paths.config, geteuid(), MAX_CONF_SIZE, err,
	    errlen);
	if (fd == -1)
		return (-1);
	rv = conffile_read(fd, MAX_CONF_SIZE, &text, &len, err, errlen);
	close(fd);
	if (rv == 0 && (rv = make(text, len, &out, &outlen, r, err,
	    errlen)) == -1)
		errno = EINVAL;
	free(text);
	free(out);
	return (rv);
}

int
edit_config(const struct ctl *c, struct edit *e)
{
	struct run	r = { .c = c, .e = e };
	char		err[MAX_CONFEDIT_ERR];
	int		rv;

	e->changed = e->running = 0;
	e->seq = 0;
	memset(&e->diff, 0, sizeof(e->diff));
	r.why = read_only(c->paths.config);
	errno = 0;
	if (e->dry_run || r.why != NULL)
		rv = look(&r, err, sizeof(err));
	else
		rv = confedit_apply(c->paths.config, geteuid(), make, &r, err,
		    sizeof(err));
	if (rv == -1) {
		if (r.rc == CTL_OK)
			r.rc = out_fail(code_of(errno), "%s", err);
		undo(&r);
		free(r.new);
		return (r.rc);
	}
	if (!e->dry_run && (e->changed || e->note != NULL))
		record(&r);
	keep_new(&r);
	free(r.new);
	return (CTL_OK);
}

int
edit_secrets(const struct ctl *c, const char *name)
{
	struct edit		 e = { .changed = 0 };
	struct conf		*conf = malloc(sizeof(*conf));
	char			 err[MAX_CONF_MSG];
	int			 managed;

	/* a configuration that is missing or wrong is no reason */
	managed = conf != NULL && config_load(c->paths.config, conf, err,
	    sizeof(err)) == CTL_OK && conf->managed;
	free(conf);
	if (!managed)
		return (CTL_OK);
	if (!out_json)
		printf("would change %s/%s\n", c->paths.secrets,
		    out_safe(name));
	return (refuse(c->paths.config, MANAGED, &e));
}

void
edit_free(struct edit *e)
{
	treediff_free(&e->diff);
}
