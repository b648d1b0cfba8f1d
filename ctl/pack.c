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
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "edit.h"
#include "pack.h"
#include "rulejail.h"

#define PACK_KEY	"guardrail.rule_pack_dir"

int
pack_find(const struct ctl *c, const struct conf *conf, const char *name,
    struct pack *p)
{
	char		 path[MAX_CONF_PATH], real[PATH_MAX];
	char		 active[MAX_CONF_PATH], now[PATH_MAX];
	const char	*last;

	memset(p, 0, sizeof(*p));
	if (paths_rule_pack(&c->paths, conf, active, sizeof(active)) == -1)
		return (out_fail(CTL_CONFIG, PACK_KEY " is too long"));
	if (name == NULL)
		strlcpy(path, active, sizeof(path));
	else if (strchr(name, '/') != NULL) {
		if (strlcpy(path, name, sizeof(path)) >= sizeof(path))
			return (out_fail(CTL_USAGE, "%s: too long", name));
	} else if (name[0] == '.' || name[0] == '\0' || snprintf(path,
	    sizeof(path), "%s/guardrail/%s", c->paths.policies, name) >=
	    (int)sizeof(path))
		return (out_fail(CTL_USAGE, "%s is no name of a rule pack",
		    name));
	if (realpath(path, real) == NULL)
		return (out_fail(errno == ENOENT || errno == ENOTDIR ?
		    CTL_NOT_FOUND : errno == EACCES ? CTL_PERMISSION :
		    CTL_FAILURE, "rule pack %s: %s", path, strerror(errno)));
	last = strrchr(real, '/') + 1;
	if (last[0] == '\0')
		return (out_fail(CTL_USAGE, "%s is no rule pack", path));
	if (strlcpy(p->dir, real, sizeof(p->dir)) >= sizeof(p->dir) ||
	    strlcpy(p->name, last, sizeof(p->name)) >= sizeof(p->name))
		return (out_fail(CTL_USAGE, "rule pack %s: its name is too "
		    "long", path));
	p->active = realpath(active, now) != NULL && strcmp(now, real) == 0;
	return (CTL_OK);
}

int
pack_report(const struct ctl *c, const struct conf *conf,
    const struct pack *p, json_t **report)
{
	char		 err[MAX_RULEJAIL_ERR];
	struct stat	 st;
	int		 fd;

	if ((fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1) {
		if (fd != -1)
			close(fd);
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_CONFIG, "rule pack %s: %s", p->dir, strerror(errno)));
	}
	/* whom the supervisor asks for, too */
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		close(fd);
		return (out_fail(CTL_CONFIG, "rule pack %s: must belong to "
		    "root or to uid %u: who owns it decides", p->dir,
		    (unsigned int)geteuid()));
	}
	*report = rulejail_test(&c->paths, fd, p->name,
	    conf->sandbox.allow_no_landlock, err, sizeof(err));
	close(fd);
	if (*report == NULL)
		return (out_fail(CTL_CONFIG, "%s: %s", p->dir, err));
	return (CTL_OK);
}

json_int_t
pack_failed(const json_t *report)
{
	return (json_integer_value(json_object_get(json_object_get(report,
	    "vectors"), "failed")));
}

/* of confedit_setting(), which looks at the first member, and of first() */
struct switching {
	struct conf_setting	 one;
	pack_before		*before;
	void			*arg;
};

static int
first(void *arg, char *err, size_t errlen)
{
	struct switching	*s = arg;

	return (s->before(s->arg, err, errlen));
}

int
pack_activate(struct ctl *c, const struct pack *p, const struct pack *was,
    const char *note, pack_before *before, void *arg)
{
	struct switching	 s = { { PACK_KEY, p->dir }, before, arg };
	struct edit		 e = { .action = "policy-update",
				    .target = PACK_KEY,
				    .fn = confedit_setting, .arg = &s,
				    .note = note,
				    .before = before != NULL ? first : NULL,
				    .dry_run = cmd_has(c, O_DRY_RUN) };
	char			 err[MAX_CTL_TEXT + 64];
	int			 rc;

	rc = edit_config(c, &e);
	if (rc == CTL_OK && e.running && !e.dry_run &&
	    (rc = suite_reload(&c->paths, err, sizeof(err))) != CTL_OK)
		rc = out_fail(rc, "it is configured and not in force: %s",
		    err);
	if (rc == CTL_OK && out_json)
		out_document(json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:I}",
		    "pack", p->name, "dir", p->dir, "was", was->dir,
		    "changed", e.changed, "dry_run", e.dry_run, "in_force",
		    e.running && !e.dry_run, "seq", (json_int_t)e.seq));
	else if (rc == CTL_OK && !e.dry_run)
		printf("%s is the rule pack%s%s; it was %s\n",
		    out_safe(p->dir), e.changed ? "" : " already", e.running ?
		    ", and in force" : ", from the next start on",
		    out_safe(was->dir));
	edit_free(&e);
	return (rc);
}
