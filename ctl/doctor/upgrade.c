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
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dbrow.h"
#include "common/version.h"
#include "doctor.h"

/*
 * Updates, of which nothing here asks, and upgrades that were begun.
 */

#define MAX_HEAD	256	/* bytes of a script that tell its language */

/* a `defenseclaw' of the PATH that is not this program; 1 when there is */
static int
other_program(char path[PATH_MAX])
{
	const char	*name = "defenseclaw", *p = getenv("PATH");
	struct stat	 ours, st;
	size_t		 len;

	if (p == NULL || stat("/proc/self/exe", &ours) == -1)
		return (0);
	for (; *p != '\0'; p += len + (p[len] == ':')) {
		len = strcspn(p, ":");
		if (snprintf(path, PATH_MAX, "%.*s/%s", (int)len, p, name) >=
		    PATH_MAX || p[0] != '/' || stat(path, &st) == -1 ||
		    (st.st_mode & 0111) == 0)
			continue;
		return (st.st_dev != ours.st_dev || st.st_ino !=
		    ours.st_ino);
	}
	return (0);
}

static void
check_external(struct doctor *d)
{
	char	path[PATH_MAX], head[MAX_HEAD];
	ssize_t	n;

	/* another copy of ours does not ask either */
	if (other_program(path) && (n = doc_read(path, head, sizeof(head))) >
	    2 && strncmp(head, "#!", 2) == 0) {
		doc_say(d, DOC_WARN, path, "a script of this name comes first "
		    "in PATH: the reference implementation's `upgrade' asks "
		    "GitHub");
		doc_do(d, "remove it, or put this suite's directory first in "
		    "PATH");
		return;
	}
	doc_say(d, DOC_EXPECTED, NULL, "there is no external update check: "
	    "no program of this suite asks anybody for a newer one");
}

const struct check doc_updates[] = {
	{ "updates.external", "nothing asks anybody for updates", 0, 0,
	    check_external },
	{ NULL, NULL, 0, 0, NULL }
};

/* --- upgrades ------------------------------------------------------------- */

static void
check_restart(struct doctor *d)
{
	const char	*theirs = doc_str(d->status, "version");
	char		 path[64], exe[PATH_MAX];
	ssize_t		 n;

	if (!doc_need_status(d))
		return;
	if (strcmp(theirs, DC_VERSION) != 0) {
		doc_say(d, DOC_WARN, NULL, "the suite that runs is version "
		    "%s, this front end is %s", theirs, DC_VERSION);
		doc_do(d, "run `defenseclawctl restart'");
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)d->supervisor);
	n = d->supervisor > 0 ? readlink(path, exe, sizeof(exe) - 1) : -1;
	if (n > 10 && memcmp(exe + n - 10, " (deleted)", 10) == 0) {
		doc_say(d, DOC_WARN, NULL, "the programs were replaced since "
		    "the suite started");
		doc_do(d, "run `defenseclawctl restart'");
		return;
	}
	doc_say(d, DOC_PASS, NULL, "the suite that runs is the one that is "
	    "installed, version %s", DC_VERSION);
}

static void
check_schema(struct doctor *d)
{
	sqlite3	*db;
	char	 err[160];
	int64_t	 version;
	int	 rc;

	if ((db = doc_db(d)) == NULL)
		return;
	rc = doc_db_number(db, "PRAGMA user_version", &version, err,
	    sizeof(err));
	sqlite3_close(db);
	if (rc == -1) {
		doc_say(d, DOC_SKIP, NULL, "%s", err);
		doc_do(d, "see audit.integrity");
	} else if (version > DBROW_SCHEMA) {
		doc_say(d, DOC_FAIL, d->paths->audit_db, "schema %lld was "
		    "written by a newer version, this one knows %d",
		    (long long)version, DBROW_SCHEMA);
		doc_do(d, "install that version again, or bring the copy "
		    "back that it made (audit.db.vN.bak)");
	} else
		doc_say(d, DOC_PASS, NULL, "schema %lld of the audit "
		    "database%s", (long long)version, version ==
		    DBROW_SCHEMA ? "" : "; the next start brings it up to "
		    "date, after a copy");
}

const struct check doc_upgrade[] = {
	{ "upgrade.restart", "the suite that runs is the one installed", 0,
	    0, check_restart },
	{ "upgrade.schema", "the audit database is of no newer version", 0,
	    0, check_schema },
	{ NULL, NULL, 0, 0, NULL }
};
