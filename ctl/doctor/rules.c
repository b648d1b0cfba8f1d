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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "ctl/auditdb.h"
#include "doctor.h"

/*
 * The rule pack, as files and as the running workers have it.
 */

#define MAX_RULE_FILES	4096	/* looked at */

static void
unread(struct doctor *d, const char *dir)
{
	int	saved = errno;

	doc_say(d, saved == EACCES ? DOC_SKIP : DOC_FAIL, dir, "%s",
	    strerror(saved));
	doc_do(d, saved == EACCES ? "run doctor as root, or as the suite's "
	    "owner" : "run `defenseclawctl init', or set "
	    "guardrail.rule_pack_dir");
}

static void
open_to_others(struct doctor *d, const char *dir, const char *name,
    mode_t mode)
{
	char	path[MAX_CONF_PATH + NAME_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	doc_say(d, DOC_FAIL, path, "mode %04o: group or others may change the "
	    "rules", mode & 07777);
	doc_do(d, "chmod go-w it: `defenseclawctl doctor --fix' does");
	doc_fix(d, "chmod", path, mode & 07755, (uid_t)-1, (gid_t)-1);
}

/*
 * How many files of rules, and the newest change; without a doctor nothing is
 * said.  -1 when it cannot be read.
 */
static int
walk(struct doctor *d, const char *pack, unsigned int *n, time_t *newest)
{
	static const char *const	 below[] = { "", "/rules" };
	const struct dirent		*de;
	struct stat			 st;
	char				 dir[MAX_CONF_PATH + 8];
	size_t				 i;
	DIR				*dp;

	for (*n = 0, i = 0; i < 2; i++) {
		snprintf(dir, sizeof(dir), "%s%s", pack, below[i]);
		if ((dp = opendir(dir)) == NULL) {
			if (d != NULL)
				unread(d, dir);
			return (-1);
		}
		while ((de = readdir(dp)) != NULL && *n < MAX_RULE_FILES) {
			if (strcmp(de->d_name, "..") == 0 || fstatat(dirfd(
			    dp), de->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
				continue;
			*n += i == 1 && S_ISREG(st.st_mode);
			if (st.st_mtim.tv_sec > *newest)
				*newest = st.st_mtim.tv_sec;
			if (d != NULL && !S_ISLNK(st.st_mode) &&
			    (st.st_mode & 022) != 0)
				open_to_others(d, dir, de->d_name,
				    st.st_mode);
		}
		closedir(dp);
	}
	return (0);
}

static void
check_files(struct doctor *d)
{
	char		pack[MAX_CONF_PATH];
	time_t		newest = 0;
	unsigned int	n;

	if (!doc_need_conf(d))
		return;
	if (paths_rule_pack(d->paths, &d->conf, pack, sizeof(pack)) == -1 ||
	    walk(d, pack, &n, &newest) == -1)
		return;
	if (n == 0) {
		doc_say(d, DOC_FAIL, pack, "has no file below rules/");
		doc_do(d, "run `defenseclawctl init', or set "
		    "guardrail.rule_pack_dir");
	} else if (doc_fine(d))
		doc_say(d, DOC_PASS, pack, "%u files below rules/", n);
}

/* figures of the first worker that gives some */
static json_t *
worker(const struct doctor *d)
{
	const json_t	*p;
	struct client	 c;
	json_t		*f;
	size_t		 i;
	int		 rc;

	json_array_foreach(json_object_get(d->status, "processes"), i, p) {
		if (strcmp(doc_str(p, "role"), "gatewayd") == 0 &&
		    strcmp(doc_str(p, "state"), "ready") == 0 &&
		    (f = client_status(d->paths, doc_str(p, "instance"), &c,
		    &rc)) != NULL)
			return (f);
	}
	return (NULL);
}

/* when the pack was read last, by the log; 0 when this user cannot know */
static int64_t
read_at(const struct doctor *d)
{
	sqlite3	*db;
	char	 err[256];
	int64_t	 us;

	db = auditdb_open(d->paths->audit_db, err, sizeof(err));
	if (db == NULL || doc_db_number(db, "SELECT time_us FROM events "
	    "WHERE action IN ('start', 'policy-reload') ORDER BY seq DESC "
	    "LIMIT 1", &us, err, sizeof(err)) == -1)
		us = 0;
	sqlite3_close(db);
	return (us / 1000000);
}

static void
check_in_force(struct doctor *d)
{
	char		 pack[MAX_CONF_PATH];
	unsigned int	 n;
	time_t		 newest = 0;
	int64_t		 at;
	json_t		*f;

	if (!doc_need_status(d))
		return;
	if ((f = worker(d)) == NULL) {
		doc_say(d, DOC_SKIP, NULL, "no worker says which rules it "
		    "has");
		doc_do(d, "see processes.answers");
		return;
	}
	if (d->conf_rc == CTL_OK && paths_rule_pack(d->paths, &d->conf, pack,
	    sizeof(pack)) == 0)
		(void)walk(NULL, pack, &n, &newest);
	if (newest != 0 && (at = read_at(d)) != 0 && newest > at) {
		doc_say(d, DOC_WARN, pack, "was changed %lld s after the "
		    "suite read it", (long long)(newest - at));
		doc_do(d, "run `defenseclawctl reload'");
	} else
		doc_say(d, DOC_PASS, NULL, "%lld rules of pack %s, generation "
		    "%lld", (long long)doc_int(f, "rules"), doc_str(f,
		    "pack"), (long long)doc_int(f, "rules_generation"));
	json_decref(f);
}

const struct check doc_rules[] = {
	{ "rules.files", "the rule pack is there, and nobody else can change "
	    "it", 0, 0, check_files },
	{ "rules.in-force", "the workers have the rules of the pack as it is",
	    30, DOC_SKIP, check_in_force },
	{ NULL, NULL, 0, 0, NULL }
};
