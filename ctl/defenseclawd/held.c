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

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "ctl/defenseclawd/defenseclawd.h"

#define SEALS	(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/*
 * Secrets and keys for the roles.  A role that is started again gets what
 * the last load found, whatever became of the file: the kernel copies it to
 * a sealed memory file, and the supervisor sees no byte of it.
 */

/* the name of a file in a directory, and of none elsewhere */
int
held_is_name(const char *name)
{
	return (name[0] != '\0' && name[0] != '.' &&
	    strchr(name, '/') == NULL);
}

/*
 * A sealed copy of fd's size bytes; -1 with errno, EAGAIN when the file is
 * being written just now.
 */
static int
held_copy(int fd, off_t size)
{
	struct stat	 st;
	off_t		 off = 0;
	ssize_t		 n;
	int		 copy, saved;

	copy = memfd_create("held", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy == -1)
		return (-1);
	while (off < size) {
		n = sendfile(copy, fd, &off, (size_t)(size - off));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		if (n == 0)
			break;
	}
	errno = EAGAIN;
	if (off != size || fstat(fd, &st) == -1 || st.st_size != size)
		goto fail;
	if (fcntl(copy, F_ADD_SEALS, SEALS) == -1)
		goto fail;
	return (copy);
fail:
	saved = errno;
	close(copy);
	errno = saved;
	return (-1);
}

static int
held_refuse(const char *path, int error, const char *what)
{
	snprintf(sup.load_text, sizeof(sup.load_text), "%.300s: %s", path,
	    what != NULL ? what : strerror(error));
	errno = error;
	return (-1);
}

void
held_state(struct held_file *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = st->st_size;
	f->mtime = st->st_mtim;
	f->ctime = st->st_ctim;
}

/*
 * A secret is a regular file of the operator's, for nobody else.  -1:
 * load_text says why; ENOENT when there is none.
 */
int
held_open(struct held_file *f, const char *dir, const char *name)
{
	char		path[PATH_MAX], what[128];
	struct stat	st;
	int		fd, error;

	f->fd = -1;
	if (!held_is_name(name) ||
	    paths_join(path, sizeof(path), dir, name) == -1)
		return (held_refuse(dir, ENAMETOOLONG, NULL));
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC)) == -1) {
		error = errno;
		snprintf(what, sizeof(what), "%s: run `defenseclawctl "
		    "init'", strerror(error));
		return (held_refuse(path, error, what));
	}
	what[0] = '\0';
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != getuid()) ||
	    (st.st_mode & 077) != 0)
		snprintf(what, sizeof(what), "must be a regular file of uid "
		    "%u with mode 0600", getuid());
	else if (st.st_size == 0)
		strlcpy(what, "is empty", sizeof(what));
	else if (st.st_size > MAX_SECRET)
		snprintf(what, sizeof(what), "is longer than %d bytes",
		    MAX_SECRET);
	if (what[0] != '\0') {
		close(fd);
		return (held_refuse(path, EPERM, what));
	}
	f->fd = held_copy(fd, st.st_size);
	error = errno;
	close(fd);
	if (f->fd == -1)
		return (held_refuse(path, error == ENOENT ? EIO : error,
		    error == EAGAIN ? "is being written: try again" : NULL));
	held_state(f, &st);
	return (0);
}

/*
 * A secret by its name: from the service manager or, when that has none of
 * this name, from secrets/.  -1: load_text says why; ENOENT when it is in
 * neither.  One that the manager has and that is not as it must be is never
 * replaced by an older one of the same name.
 */
int
held_find(struct held_file *f, const char *name)
{
	const char	*creds = getenv("CREDENTIALS_DIRECTORY");

	if (creds != NULL && creds[0] == '/' &&
	    (held_open(f, creds, name) == 0 || errno != ENOENT))
		return (f->fd == -1 ? -1 : 0);
	sup.load_text[0] = '\0';
	return (held_open(f, sup.paths.secrets, name));
}

/*
 * A file of certificates, which is no secret and may be a link, as trust
 * stores are.  -1: load_text says why.
 */
int
held_cert(struct held_file *f, const char *path, off_t max)
{
	struct stat	st;
	int		fd, error;

	f->fd = -1;
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return (held_refuse(path, errno, NULL));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0 || st.st_size > max) {
		close(fd);
		return (held_refuse(path, EINVAL, "must be a regular file "
		    "of certificates (PEM), at most 4 MiB"));
	}
	f->fd = held_copy(fd, st.st_size);
	error = errno;
	close(fd);
	if (f->fd == -1)
		return (held_refuse(path, error, error == EAGAIN ?
		    "is being written: try again" : NULL));
	held_state(f, &st);
	return (0);
}

/* is it the same file in the same state: content is not ours to read */
int
held_unchanged(const struct held_file *a, const struct held_file *b)
{
	return (a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime.tv_sec == b->mtime.tv_sec &&
	    a->mtime.tv_nsec == b->mtime.tv_nsec &&
	    a->ctime.tv_sec == b->ctime.tv_sec &&
	    a->ctime.tv_nsec == b->ctime.tv_nsec);
}

/* the same for secrets, of which there may be none */
int
held_same(const struct held_file *a, const struct held_file *b)
{
	if (a->fd == -1 || b->fd == -1)
		return (a->fd == b->fd);
	return (held_unchanged(a, b));
}

static int
pubkey_open(void)
{
	struct stat	st;
	int		fd, error;

	if ((fd = open(sup.paths.device_pub, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC)) == -1) {
		snprintf(sup.load_text, sizeof(sup.load_text),
		    "%.300s: %s: run `defenseclawctl init'",
		    sup.paths.device_pub, strerror(errno));
		return (-1);
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0 || st.st_size > MAX_SECRET) {
		close(fd);
		return (held_refuse(sup.paths.device_pub, EINVAL, "must be "
		    "the file that `defenseclawctl init' wrote"));
	}
	sup.next.device_pub = held_copy(fd, st.st_size);
	error = errno;
	close(fd);
	if (sup.next.device_pub == -1)
		return (held_refuse(sup.paths.device_pub, error, NULL));
	return (0);
}

/*
 * What the plan of the next setup names: in the service manager's credentials
 * or in secrets/.  -1: load_text says what is wrong.
 */
int
secrets_open(void)
{
	const struct plan_secret	*ps;
	struct held_file		*f;
	uint32_t			 i;

	for (i = 0; i < sup.next.plan.nsecrets; i++) {
		ps = &sup.next.plan.secrets[i];
		f = &sup.next.secrets[i];
		if (held_find(f, ps->name) == 0)
			continue;
		if (ps->required || errno != ENOENT)
			return (-1);
		sup.load_text[0] = '\0';
	}
	if (held_open(&sup.next.device_key, sup.paths.state,
	    "device.key") == -1)
		return (-1);
	return (pubkey_open());
}
