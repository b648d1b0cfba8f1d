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
#include <sys/types.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/head.h"
#include "confedit.h"
#include "conffile.h"
#include "confparse.h"
#include "init.h"
#include "init_token.h"
#include "users.h"

#define MAX_PACK_DEPTH	4			/* directories in a rule pack */
#define MAX_PACK_FILE	(1024 * 1024)		/* bytes */
#define KEEP		((uid_t)-1)

struct init {
	const struct paths	*p;
	enum conf_mode		 mode;
	struct init_result	*res;
	struct conf		 conf;
	int			 confdir, state, secrets;	/* or -1 */
};

static void
step(struct init *in, enum init_what what, const char *subject,
    const char *fmt, ...) __attribute__((__format__(printf, 4, 5)));

static void
step(struct init *in, enum init_what what, const char *subject,
    const char *fmt, ...)
{
	struct init_step	*s;
	va_list			 ap;

	if (what == INIT_FAILED)
		in->res->nfailed++;
	if (in->res->nsteps == MAX_INIT_STEPS)
		return;
	s = &in->res->steps[in->res->nsteps++];
	s->what = what;
	strlcpy(s->subject, subject, sizeof(s->subject));
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
}

const char *
init_what_name(enum init_what what)
{
	static const char *const names[] = { "made", "kept", "note",
	    "warning", "failed" };

	return (names[what]);
}

/* a name is durable when the directory that holds it is synced */
static int
sync_parent(const char *path)
{
	char	 dir[PATH_MAX], *slash;
	int	 fd, rv, saved;

	strlcpy(dir, path, sizeof(dir));
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	rv = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return (rv);
}

/* the directories above a path, as anybody would make them */
static void
make_parents(const char *path)
{
	char	buf[PATH_MAX], *p;

	strlcpy(buf, path, sizeof(buf));
	for (p = strchr(buf + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		/* what matters fails later */
		if (mkdir(buf, 0755) == 0)
			(void)sync_parent(buf);
		*p = '/';
	}
}

/*
 * Appears with owner and mode at once, or not at all: one that a power cut
 * left half made would be refused the next time.  -1 with errno, and *given
 * is 0 when the owner is what could not be had.
 */
static int
make_whole_dir(const char *path, mode_t mode, uid_t uid, gid_t gid,
    int *given)
{
	const char	*base = strrchr(path, '/') + 1;
	char		 tmp[PATH_MAX];
	struct stat	 st;
	int		 fd, ok, saved;

	*given = 1;
	if (lstat(path, &st) == 0) {
		errno = EEXIST;
		return (-1);
	}
	if (snprintf(tmp, sizeof(tmp), "%.*s.%s.%08x", (int)(base - path),
	    path, base, arc4random()) >= (int)sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if (mkdir(tmp, 0700) == -1)
		return (-1);
	fd = open(tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && (uid != KEEP || gid != KEEP))
		*given = fchown(fd, uid, gid) == 0;
	ok = fd != -1 && *given && fchmod(fd, mode) == 0 &&
	    fsync(fd) == 0 && renameat2(AT_FDCWD, tmp, AT_FDCWD, path,
	    RENAME_NOREPLACE) == 0;
	saved = errno;
	if (fd != -1)
		close(fd);
	if (!ok)
		(void)rmdir(tmp);
	errno = saved;
	return (ok ? 0 : -1);
}

/* -1: nothing may be put there */
static int
check_dir(struct init *in, const char *path, int fd, mode_t mode, uid_t uid)
{
	struct stat	st;
	int		failed = in->res->nfailed;

	if (fstat(fd, &st) == -1)
		step(in, INIT_FAILED, path, "%s", strerror(errno));
	else if (st.st_uid != (uid == KEEP ? geteuid() : uid))
		step(in, INIT_FAILED, path, "belongs to uid %u, must be %u; "
		    "chown it", (unsigned)st.st_uid,
		    (unsigned)(uid == KEEP ? geteuid() : uid));
	else if ((st.st_mode & 022) != 0)
		step(in, INIT_FAILED, path, "group or others may write (mode "
		    "%04o); run chmod %04o on it",
		    (unsigned)(st.st_mode & 07777), (unsigned)mode);
	else if ((st.st_mode & 0777 & ~mode) != 0)
		step(in, INIT_WARN, path, "mode %04o is wider than needed; "
		    "run chmod %04o on it", (unsigned)(st.st_mode & 07777),
		    (unsigned)mode);
	else
		step(in, INIT_KEPT, path, "%s", "");
	return (in->res->nfailed == failed ? 0 : -1);
}

/* a directory that is there afterwards; its descriptor, or -1 */
static int
make_dir(struct init *in, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	int	fd, made, given;

	make_parents(path);
	made = make_whole_dir(path, mode, uid, gid, &given) == 0;
	if (!given) {
		/* EINVAL: a user namespace has no such uid */
		step(in, INIT_FAILED, path, "cannot be given to uid %u: %s%s",
		    (unsigned)uid, strerror(errno), errno == EINVAL ||
		    errno == EPERM ? ": a container that has root alone can "
		    "run user mode (--user)" : "");
		return (-1);
	}
	if (!made && errno != EEXIST) {
		step(in, INIT_FAILED, path, "%s", strerror(errno));
		return (-1);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		step(in, INIT_FAILED, path, "%s", errno == ENOTDIR ||
		    errno == ELOOP ? "is not a directory" : strerror(errno));
		return (-1);
	}
	/* also of one that is not new: who made it may have died here */
	if (sync_parent(path) == -1)
		step(in, INIT_FAILED, path, "%s", strerror(errno));
	else if (made) {
		step(in, INIT_MADE, path, "%s", "");
		return (fd);
	} else if (check_dir(in, path, fd, mode, uid) == 0)
		return (fd);
	close(fd);
	return (-1);
}

static void
close_dir(int fd)
{
	if (fd != -1)
		close(fd);
}

/* 1 made, 0 was there, -1 failed */
static int
make_file(struct init *in, int dirfd, const char *path, const void *data,
    size_t len, mode_t mode, const char *text)
{
	char	err[MAX_CONFFILE_ERR];

	if (dirfd == -1)
		return (-1);
	if (file_write_atomic(dirfd, strrchr(path, '/') + 1, data, len, mode,
	    KEEP, KEEP, FILE_NOREPLACE, err, sizeof(err)) == 0) {
		step(in, INIT_MADE, path, "%s", text);
		return (1);
	}
	if (errno == EEXIST)
		return (0);
	step(in, INIT_FAILED, path, "%s", strerror(errno));
	return (-1);
}

static void
make_accounts(struct init *in)
{
	char	names[MAX_INIT_TEXT], err[MAX_USERS_ERR];
	int	n;

	if ((n = users_missing(names, sizeof(names))) == 0) {
		step(in, INIT_KEPT, "accounts", "%s", "");
		return;
	}
	if (users_create(err, sizeof(err)) == -1)
		step(in, INIT_FAILED, "accounts", "%s", err);
	else
		step(in, INIT_MADE, "accounts", "%s", names);
}

static void
make_dirs_system(struct init *in)
{
	const struct paths	*p = in->p;
	uid_t			 uid;
	gid_t			 gid;

	in->confdir = make_dir(in, p->confdir, 0755, 0, 0);
	in->secrets = make_dir(in, p->secrets, 0700, 0, 0);
	close_dir(make_dir(in, p->policies, 0755, 0, 0));
	in->state = make_dir(in, p->state, 0755, 0, 0);
	if (users_lookup("_dcaudit", &uid, &gid) == 0)
		close_dir(make_dir(in, p->audit, 0700, uid, gid));
	if (users_lookup("_dcsign", &uid, &gid) == 0)
		close_dir(make_dir(in, p->sign, 0700, uid, gid));
	if (users_lookup("_dcsink", &uid, &gid) == 0)
		close_dir(make_dir(in, p->sinks, 0700, uid, gid));
	if (users_group("defenseclaw-admin", &gid) == 0)
		close_dir(make_dir(in, p->log, 0750, 0, gid));
}

static void
make_dirs_user(struct init *in)
{
	const struct paths	*p = in->p;

	if ((in->confdir = make_dir(in, p->home, 0700, KEEP, KEEP)) == -1)
		return;
	in->state = fcntl(in->confdir, F_DUPFD_CLOEXEC, 0);
	in->secrets = make_dir(in, p->secrets, 0700, KEEP, KEEP);
	close_dir(make_dir(in, p->policies, 0700, KEEP, KEEP));
	close_dir(make_dir(in, p->audit, 0700, KEEP, KEEP));
	close_dir(make_dir(in, p->sign, 0700, KEEP, KEEP));
	close_dir(make_dir(in, p->sinks, 0700, KEEP, KEEP));
	close_dir(make_dir(in, p->run, 0700, KEEP, KEEP));
	close_dir(make_dir(in, p->log, 0700, KEEP, KEEP));
}

/* what an existing config.yaml says; defaults where it does not */
static void
read_config(struct init *in)
{
	struct conf_report	*rep;
	char			*text, err[MAX_CONFFILE_ERR];
	char			 msg[MAX_CONF_MSG];
	size_t			 len;
	int			 fd, i;

	schema_defaults(&in->conf);
	fd = conffile_open(in->p->config, geteuid(), MAX_CONF_SIZE, err,
	    sizeof(err));
	if (fd == -1) {
		step(in, INIT_FAILED, in->p->config, "%s", err);
		return;
	}
	rep = malloc(sizeof(*rep));
	if (rep == NULL || conffile_read(fd, MAX_CONF_SIZE, &text, &len, err,
	    sizeof(err)) == -1)
		step(in, INIT_FAILED, in->p->config, "could not be read");
	else {
		if (conf_parse(text, len, in->p->config, &in->conf, rep)
		    == -1) {
			for (i = 0; rep->msgs[i].is_warning; i++)
				continue;
			conf_msg_text(rep, &rep->msgs[i], msg, sizeof(msg));
			step(in, INIT_FAILED, in->p->config, "kept, but not "
			    "valid: %s", msg);
			schema_defaults(&in->conf);
		} else
			step(in, INIT_KEPT, in->p->config, "guardrail.mode is "
			    "%s", in->conf.guardrail.mode == CONF_ACTION ?
			    "action" : "observe");
		free(text);
	}
	free(rep);
	close(fd);
}

static void
make_config(struct init *in)
{
	char	*text, err[MAX_CONFEDIT_ERR];
	size_t	 len;
	int	 rv;

	if (confedit_set(init_template, strlen(init_template),
	    "guardrail.mode", in->mode == CONF_ACTION ? "action" : "observe",
	    &text, &len, err, sizeof(err)) == -1) {
		step(in, INIT_FAILED, in->p->config, "%s", err);
		return;
	}
	rv = make_file(in, in->confdir, in->p->config, text, len, 0600,
	    in->mode == CONF_ACTION ? "guardrail.mode is action" :
	    "guardrail.mode is observe");
	free(text);
	if (rv == 0)
		read_config(in);
	else
		schema_defaults(&in->conf);
}

static void
make_redaction_key(struct init *in)
{
	unsigned char	key[32];
	char		hex[2 * sizeof(key) + 2];
	char		path[MAX_CONF_PATH];

	if (paths_join(path, sizeof(path), in->p->secrets, "redaction.key")
	    == -1)
		return;
	randombytes_buf(key, sizeof(key));
	sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
	strlcat(hex, "\n", sizeof(hex));
	if (make_file(in, in->secrets, path, hex, strlen(hex), 0600, "") == 0)
		step(in, INIT_KEPT, path, "%s", "");
	explicit_bzero(key, sizeof(key));
	explicit_bzero(hex, sizeof(hex));
}

/* the token itself stays in guarded memory and never reaches a step */
static void
make_token(struct init *in)
{
	char		 path[MAX_CONF_PATH], why[MAX_INIT_TEXT], *token;
	int		 rv;

	if (paths_join(path, sizeof(path), in->p->secrets,
	    in->conf.gateway.token_secret) == -1 ||
	    (token = sodium_malloc(MAX_TOKEN + 2)) == NULL) {
		step(in, INIT_FAILED, path, "%s", strerror(ENOMEM));
		return;
	}
	rv = token_existing(in->secrets, in->conf.gateway.token_secret, token,
	    why, sizeof(why));
	if (rv == 0) {
		rv = token_find(in->conf.gateway.token_env, in->confdir,
		    token, why, sizeof(why));
		if (rv == 1) {
			strlcat(token, "\n", MAX_TOKEN + 2);
			if (make_file(in, in->secrets, path, token,
			    strlen(token), 0600, why) != 1)
				rv = -2;
			token[strcspn(token, "\n")] = '\0';
		}
	} else if (rv == 1)
		step(in, INIT_KEPT, path, "%s", "");
	if (rv == -1)
		step(in, INIT_FAILED, path, "%s", why);
	if (rv == 1) {
		rv = token_dotenv(in->confdir, token, why, sizeof(why));
		step(in, rv == 1 ? INIT_MADE : rv == 0 ? INIT_KEPT :
		    rv == -1 ? INIT_WARN : INIT_FAILED, in->p->dotenv, "%s",
		    why);
	}
	sodium_free(token);
}

/* the whole of a small file in a directory: its length, or -1 */
static ssize_t
read_small(int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t	n;
	int	fd;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1)
		return (-1);
	n = read(fd, buf, size);
	close(fd);
	return (n);
}

/*
 * A new key beside an old log would make everything signed so far look like
 * another device's, so that is left to the operator.
 */
static int
new_seed(struct init *in, uint8_t *seed)
{
	struct stat	st;
	char		text[MAX_DEVICE_KEY];
	size_t		len;
	int		rv;

	if (lstat(in->p->audit_db, &st) == 0) {
		step(in, INIT_FAILED, in->p->device_key, "missing, and there "
		    "is an audit database signed with it; restore the key, "
		    "or move %s away to begin a new log", in->p->audit);
		return (-1);
	}
	randombytes_buf(seed, HEAD_SEED_LEN);
	len = device_key_text(seed, text);
	rv = make_file(in, in->state, in->p->device_key, text, len, 0600, "");
	explicit_bzero(text, sizeof(text));
	return (rv == 1 ? 0 : -1);
}

static int
old_seed(struct init *in, uint8_t *seed)
{
	char	text[MAX_DEVICE_KEY], err[160];
	ssize_t	n;
	int	rv = -1;

	n = read_small(in->state, "device.key", text, sizeof(text));
	if (n == -1)
		step(in, INIT_FAILED, in->p->device_key, "%s",
		    strerror(errno));
	else if (device_key_parse(text, (size_t)n, seed, err, sizeof(err))
	    == -1)
		step(in, INIT_FAILED, in->p->device_key, "%s", err);
	else {
		step(in, INIT_KEPT, in->p->device_key, "%s", "");
		rv = 0;
	}
	explicit_bzero(text, sizeof(text));
	return (rv);
}

static void
make_public(struct init *in, const uint8_t *seed, uint8_t *secret)
{
	uint8_t	key[CHAIN_KEY_LEN];
	char	text[MAX_DEVICE_KEY], old[MAX_DEVICE_KEY];
	size_t	len;
	ssize_t	n;

	device_key_expand(seed, key, secret);
	len = device_pub_text(key, text);
	if (make_file(in, in->state, in->p->device_pub, text, len, 0644, "")
	    != 0)
		return;
	n = read_small(in->state, "device.pub", old, sizeof(old));
	if (n == (ssize_t)len && memcmp(old, text, len) == 0)
		step(in, INIT_KEPT, in->p->device_pub, "%s", "");
	else
		step(in, INIT_FAILED, in->p->device_pub, "does not belong to "
		    "device.key; remove it and run init again");
}

static void
make_device(struct init *in)
{
	struct stat	 st;
	uint8_t		*seed;
	int		 rv;

	if (in->state == -1)
		return;
	seed = sodium_malloc(HEAD_SEED_LEN + HEAD_SECRET_LEN);
	if (seed == NULL) {
		step(in, INIT_FAILED, in->p->device_key, "%s",
		    strerror(ENOMEM));
		return;
	}
	if (fstatat(in->state, "device.key", &st, AT_SYMLINK_NOFOLLOW) == 0)
		rv = old_seed(in, seed);
	else
		rv = new_seed(in, seed);
	if (rv == 0)
		make_public(in, seed, seed + HEAD_SEED_LEN);
	sodium_free(seed);
}

struct pack_count {
	int	made, kept, failed;
};

static int
copy_file(struct init *in, int from, int to, const char *name)
{
	char	*text, err[MAX_CONFFILE_ERR];
	size_t	 len;
	int	 fd, rv;

	fd = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1)
		return (-1);
	rv = conffile_read(fd, MAX_PACK_FILE, &text, &len, err, sizeof(err));
	close(fd);
	if (rv == -1)
		return (-1);
	rv = file_write_atomic(to, name, text, len, in->p->system ? 0644 :
	    0600, KEEP, KEEP, FILE_NOREPLACE, err, sizeof(err));
	free(text);
	return (rv == 0 ? 1 : errno == EEXIST ? 0 : -1);
}

/* everything below from that is not below to yet; closes both */
static void
copy_tree(struct init *in, int from, int to, int depth, struct pack_count *n)
{
	struct dirent	*de;
	struct stat	 st;
	DIR		*dir = NULL;
	int		 rv, sub, dst;

	if (from == -1 || to == -1 || depth == MAX_PACK_DEPTH ||
	    (dir = fdopendir(from)) == NULL) {
		n->failed++;
		close_dir(from);
		close_dir(to);
		return;
	}
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.' || fstatat(dirfd(dir), de->d_name,
		    &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		if (S_ISDIR(st.st_mode)) {
			(void)mkdirat(to, de->d_name,
			    in->p->system ? 0755 : 0700);
			sub = openat(dirfd(dir), de->d_name, O_RDONLY |
			    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			dst = openat(to, de->d_name, O_RDONLY | O_DIRECTORY |
			    O_NOFOLLOW | O_CLOEXEC);
			copy_tree(in, sub, dst, depth + 1, n);
		} else if (S_ISREG(st.st_mode)) {
			rv = copy_file(in, dirfd(dir), to, de->d_name);
			n->made += rv == 1;
			n->kept += rv == 0;
			n->failed += rv == -1;
		}
	}
	closedir(dir);
	/* the names of directories; those of files are synced already */
	n->failed += fsync(to) == -1;
	close(to);
}

static void
make_pack(struct init *in, const char *pack)
{
	struct pack_count	 n = { 0, 0, 0 };
	char			 rel[64], src[PATH_MAX], dst[MAX_CONF_PATH];
	int			 from, to;

	snprintf(rel, sizeof(rel), "policies/guardrail/%s", pack);
	if (paths_join(src, sizeof(src), in->p->data, rel) == -1 ||
	    paths_join(dst, sizeof(dst), in->p->policies,
	    rel + strlen("policies/")) == -1)
		return;
	from = open(src, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from == -1) {
		step(in, INIT_FAILED, dst, "the installed rule pack %s cannot "
		    "be read: %s", src, strerror(errno));
		return;
	}
	make_parents(dst);
	if (mkdir(dst, in->p->system ? 0755 : 0700) == 0)
		(void)sync_parent(dst);
	to = open(dst, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	copy_tree(in, from, to, 0, &n);
	step(in, n.failed != 0 ? INIT_FAILED : n.made != 0 ? INIT_MADE :
	    INIT_KEPT, dst, n.failed != 0 ? "%d files copied, %d kept, %d "
	    "could not be copied" : "%d files copied, %d kept", n.made,
	    n.kept, n.failed);
}

/* where the reference implementation and its users look for the database */
static void
make_link(struct init *in)
{
	char	path[MAX_CONF_PATH], target[32];
	ssize_t	n;

	if (in->confdir == -1 ||
	    paths_join(path, sizeof(path), in->p->home, "audit.db") == -1)
		return;
	if (symlinkat("audit/audit.db", in->confdir, "audit.db") == 0) {
		(void)fsync(in->confdir);
		step(in, INIT_MADE, path, "a link to audit/audit.db");
		return;
	}
	n = readlinkat(in->confdir, "audit.db", target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	if (strcmp(target, "audit/audit.db") == 0)
		step(in, INIT_KEPT, path, "%s", "");
	else
		step(in, INIT_WARN, path, "is something else and was kept; "
		    "ours is audit/audit.db");
}

static void
make_files(struct init *in)
{
	static const char *const packs[] = { "default", "strict",
	    "permissive" };
	size_t	i;

	make_config(in);
	make_token(in);
	make_redaction_key(in);
	make_device(in);
	for (i = 0; i < sizeof(packs) / sizeof(packs[0]); i++)
		make_pack(in, packs[i]);
	if (in->p->system)
		return;
	make_link(in);
	step(in, INIT_NOTE, "user mode", "does not protect from code that "
	    "runs as the same user, such as the agent itself; \"sudo "
	    "defenseclawctl init\" sets up a suite with a user of its own "
	    "for every role");
}

int
init_run(const struct paths *p, enum conf_mode mode, struct init_result *res)
{
	struct init	in;
	mode_t		mask;

	memset(res, 0, sizeof(*res));
	memset(&in, 0, sizeof(in));
	in.p = p;
	in.mode = mode;
	in.res = res;
	in.confdir = in.state = in.secrets = -1;
	if (sodium_init() == -1) {
		step(&in, INIT_FAILED, "libsodium", "no source of randomness");
		return (-1);
	}
	mask = umask(022);
	if (p->system) {
		make_accounts(&in);
		make_dirs_system(&in);
	} else
		make_dirs_user(&in);
	/* nothing is put into a place that is not ours alone */
	if (in.confdir != -1)
		make_files(&in);
	umask(mask);
	close_dir(in.confdir);
	close_dir(in.state);
	close_dir(in.secrets);
	return (res->nfailed != 0 ? -1 : 0);
}
