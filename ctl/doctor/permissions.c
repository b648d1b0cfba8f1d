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
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/users.h"
#include "doctor.h"

/*
 * Accounts, and whose files and directories are: as init makes them.
 */

#define MAX_SECRETS	1024	/* files looked at */

enum owner { OWN_ROOT, OWN_AUDIT, OWN_SIGN, OWN_SINK };

struct place {
	size_t		 off;		/* in struct paths */
	mode_t		 system, user;	/* most that it may have; 0: none */
	enum owner	 owner;		/* in system mode */
	const char	*group;		/* in system mode; NULL: owner's */
};

#define P(f)	offsetof(struct paths, f)

static const struct place dirs[] = {
	{ P(confdir), 0755, 0700, OWN_ROOT, NULL },
	{ P(secrets), 0700, 0700, OWN_ROOT, NULL },
	{ P(policies), 0755, 0700, OWN_ROOT, NULL },
	{ P(state), 0755, 0700, OWN_ROOT, NULL },
	{ P(audit), 0700, 0700, OWN_AUDIT, NULL },
	{ P(sign), 0700, 0700, OWN_SIGN, NULL },
	{ P(sinks), 0700, 0700, OWN_SINK, NULL },
	{ P(log), 0750, 0700, OWN_ROOT, "defenseclaw-admin" },
};

static const struct place files[] = {
	{ P(config), 0644, 0644, OWN_ROOT, NULL },
	{ P(dotenv), 0600, 0600, OWN_ROOT, NULL },
	{ P(device_key), 0600, 0600, OWN_ROOT, NULL },
	{ P(device_pub), 0644, 0644, OWN_ROOT, NULL },
	{ P(audit_db), 0600, 0600, OWN_AUDIT, NULL },
};

/* who has to own it; -1: there is no such account */
static int
owner_of(const struct doctor *d, const struct place *pl, uid_t *uid,
    gid_t *gid)
{
	static const char *const names[] = { NULL, "_dcaudit", "_dcsign",
	    "_dcsink" };

	*uid = d->paths->system ? 0 : geteuid();
	*gid = d->paths->system ? 0 : (gid_t)-1;
	if (!d->paths->system)
		return (0);
	if (pl->group != NULL)
		return (users_group(pl->group, gid));
	return (names[pl->owner] == NULL ? 0 : users_lookup(
	    names[pl->owner], uid, gid));
}

static int
unseen(struct doctor *d, const char *path)
{
	if (errno != EACCES && errno != EPERM)
		return (0);
	doc_say(d, DOC_SKIP, path, "this user may not look there");
	doc_do(d, "run doctor as root, or as the suite's owner");
	return (1);
}

/* mode and owner of what is there */
static void
look(struct doctor *d, const char *path, const struct stat *st, mode_t most,
    uid_t uid, gid_t gid)
{
	if (st->st_uid != uid) {
		doc_say(d, DOC_FAIL, path, "belongs to uid %u, not to %u",
		    st->st_uid, uid);
		doc_do(d, "chown it to uid %u: `defenseclawctl doctor --fix' "
		    "does, as root", uid);
		doc_fix(d, "chown", path, 0, uid, gid);
	}
	if ((st->st_mode & 07777 & ~most) != 0) {
		doc_say(d, DOC_FAIL, path, "mode %04o is more than %04o",
		    st->st_mode & 07777, most);
		doc_do(d, "chmod %04o it: `defenseclawctl doctor --fix' does",
		    st->st_mode & most);
		doc_fix(d, "chmod", path, st->st_mode & most, (uid_t)-1,
		    (gid_t)-1);
	}
}

static void
check_dirs(struct doctor *d)
{
	const struct place	*pl;
	const char		*path;
	struct stat		 st;
	mode_t			 most;
	uid_t			 uid;
	gid_t			 gid;
	size_t			 i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		pl = &dirs[i];
		path = (const char *)d->paths + pl->off;
		most = d->paths->system ? pl->system : pl->user;
		if (owner_of(d, pl, &uid, &gid) == -1)
			continue;	/* permissions.accounts says so */
		if (lstat(path, &st) == -1) {
			if (unseen(d, path))
				continue;
			doc_say(d, DOC_FAIL, path, "%s", strerror(errno));
			doc_do(d, "run `defenseclawctl init', or doctor with "
			    "--fix");
			if (errno == ENOENT)
				doc_fix(d, "mkdir", path, most, uid, gid);
		} else if (!S_ISDIR(st.st_mode)) {
			doc_say(d, DOC_FAIL, path, "is no directory");
			doc_do(d, "move it away and run `defenseclawctl "
			    "init'");
		} else
			look(d, path, &st, most, uid, gid);
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "all directories are there, "
		    "each its owner's alone to write");
}

static void
check_files(struct doctor *d)
{
	const struct place	*pl;
	const char		*path;
	struct stat		 st;
	uid_t			 uid;
	gid_t			 gid;
	size_t			 i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		pl = &files[i];
		path = (const char *)d->paths + pl->off;
		if (owner_of(d, pl, &uid, &gid) == -1)
			continue;
		if (lstat(path, &st) == -1) {
			/* what has to be there is another check's */
			(void)unseen(d, path);
			continue;
		}
		if (S_ISREG(st.st_mode)) {
			look(d, path, &st, d->paths->system ? pl->system :
			    pl->user, uid, gid);
			continue;
		}
		doc_say(d, DOC_FAIL, path, "is no regular file");
		doc_do(d, "find out who put it there");
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "configuration, keys and audit "
		    "database are their owners' alone to write");
}

static void
check_secrets(struct doctor *d)
{
	const struct dirent	*de;
	const char		*dir = d->paths->secrets;
	struct stat		 st;
	char			 path[MAX_CONF_PATH + NAME_MAX + 2];
	unsigned int		 n = 0;
	DIR			*dp;

	if ((dp = opendir(dir)) == NULL) {
		if (!unseen(d, dir)) {
			doc_say(d, DOC_SKIP, dir, "%s", strerror(errno));
			doc_do(d, "see permissions.directories");
		}
		return;
	}
	while ((de = readdir(dp)) != NULL && n < MAX_SECRETS) {
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (de->d_name[0] == '.' || fstatat(dirfd(dp), de->d_name,
		    &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		n++;
		if (S_ISREG(st.st_mode)) {
			look(d, path, &st, 0600, d->paths->system ? 0 :
			    geteuid(), (gid_t)-1);
			continue;
		}
		doc_say(d, DOC_FAIL, path, "is no regular file");
		doc_do(d, "find out who put it there");
	}
	closedir(dp);
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "%u secrets, each its owner's "
		    "alone", n);
}

static void
check_accounts(struct doctor *d)
{
	char	names[MAX_DOC_TEXT / 2];
	int	i;
	uid_t	uid, seen[16];
	int	n = 0, j;

	if (!d->paths->system)
		return;
	if (users_missing(names, sizeof(names)) != 0) {
		doc_say(d, DOC_FAIL, NULL, "missing: %s", names);
		doc_do(d, "run `defenseclawctl init'");
		return;
	}
	for (i = 0; users_roles[i].name != NULL; i++) {
		if (users_lookup(users_roles[i].name, &uid, NULL) == -1 ||
		    n == (int)(sizeof(seen) / sizeof(seen[0])))
			continue;
		for (j = 0; j < n && seen[j] != uid; j++)
			continue;
		if (uid == 0 || j < n) {
			doc_say(d, DOC_FAIL, users_roles[i].name, "has uid "
			    "%u, which is %s", uid, uid == 0 ? "root's" :
			    "another role's, too");
			doc_do(d, "give it a uid of its own in /etc/passwd, "
			    "and restart");
		}
		seen[n++] = uid;
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "%d accounts of roles, each with "
		    "a uid of its own", n);
}

const struct check doc_permissions[] = {
	{ "permissions.accounts", "system mode: every role has an account "
	    "and a uid of its own", 0, 0, check_accounts },
	{ "permissions.directories", "every directory is there, with owner "
	    "and mode", 0, 0, check_dirs },
	{ "permissions.files", "configuration, keys and database have owner "
	    "and mode", 0, 0, check_files },
	{ "permissions.secrets", "every secret is its owner's alone", 0, 0,
	    check_secrets },
	{ NULL, NULL, 0, 0, NULL }
};
