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

#include <sys/file.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/atomicfile.h"
#include "conffile.h"

#define LOCK_POLL_MS	50

static int
failed(char *err, size_t errlen, const char *name, const char *why)
{
	int	saved = errno;

	snprintf(err, errlen, "%s: %s", name, why);
	errno = saved;
	return (-1);
}

/* the directory of a path, opened; *base points into the path */
static int
dir_open(const char *path, const char **base, char *err, size_t errlen)
{
	char		 dir[PATH_MAX];
	const char	*slash = strrchr(path, '/');
	size_t		 n;
	int		 fd;

	*base = slash != NULL ? slash + 1 : path;
	n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	if (n >= sizeof(dir) || **base == '\0' ||
	    strlen(*base) > NAME_MAX - 16) {
		errno = ENAMETOOLONG;
		return (failed(err, errlen, path, strerror(errno)));
	}
	memcpy(dir, path, n);
	dir[n] = '\0';
	fd = open(n == 0 ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (failed(err, errlen, n == 0 ? "." : dir,
		    strerror(errno)));
	return (fd);
}

/* could somebody other than root and uid have put this there */
static int
trusted(const struct stat *st, uid_t uid, const char *name, char *err,
    size_t errlen)
{
	errno = EPERM;
	if (st->st_uid != 0 && st->st_uid != uid) {
		snprintf(err, errlen, "%s: belongs to uid %u, not to root or "
		    "uid %u; chown it", name, (unsigned)st->st_uid,
		    (unsigned)uid);
		return (0);
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		snprintf(err, errlen, "%s: group or others may write (mode "
		    "%04o); run chmod go-w on it", name,
		    (unsigned)(st->st_mode & 07777));
		return (0);
	}
	return (1);
}

static int
open_checked(int dirfd, const char *base, const char *path, uid_t uid,
    size_t max, char *err, size_t errlen)
{
	struct stat	st;
	int		fd;

	/* O_NONBLOCK: a FIFO must not hang us before we see what it is */
	fd = openat(dirfd, base,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return (failed(err, errlen, path, errno == ELOOP ?
		    "is a symbolic link, which is not followed" :
		    strerror(errno)));
	if (fstat(fd, &st) == -1)
		failed(err, errlen, path, strerror(errno));
	else if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		failed(err, errlen, path, "not a regular file");
	} else if (st.st_size < 0 || (size_t)st.st_size > max) {
		snprintf(err, errlen, "%s: larger than %zu bytes", path, max);
		errno = EFBIG;
	} else if (trusted(&st, uid, path, err, errlen))
		return (fd);
	close(fd);
	return (-1);
}

int
conffile_open(const char *path, uid_t uid, size_t max, char *err,
    size_t errlen)
{
	struct stat	 st;
	const char	*base;
	char		 dir[PATH_MAX];
	int		 dirfd, fd = -1, saved;

	if ((dirfd = dir_open(path, &base, err, errlen)) == -1)
		return (-1);
	snprintf(dir, sizeof(dir), "%.*s", base == path ? 1 :
	    (int)(base - path), base == path ? "." : path);
	if (fstat(dirfd, &st) == -1)
		failed(err, errlen, dir, strerror(errno));
	else if (trusted(&st, uid, dir, err, errlen))
		fd = open_checked(dirfd, base, path, uid, max, err, errlen);
	saved = errno;
	close(dirfd);
	errno = saved;
	return (fd);
}

int
conffile_read(int fd, size_t max, char **text, size_t *len, char *err,
    size_t errlen)
{
	char	*buf;
	size_t	 n = 0;
	ssize_t	 got = 0;

	*text = NULL;
	if ((buf = malloc(max + 2)) == NULL)
		return (failed(err, errlen, "read", strerror(errno)));
	/* one byte more than allowed shows a file that grew */
	while (n <= max) {
		got = pread(fd, buf + n, max + 1 - n, (off_t)n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (got == -1 || n > max) {
		if (got == -1)
			failed(err, errlen, "read", strerror(errno));
		else
			snprintf(err, errlen, "larger than %zu bytes", max);
		free(buf);
		return (-1);
	}
	buf[n] = '\0';
	*text = buf;
	*len = n;
	return (0);
}

int
conffile_lock(const char *path, char *err, size_t errlen)
{
	static const struct timespec	 poll = { 0, LOCK_POLL_MS * 1000000L };
	const char			*base;
	char				 name[NAME_MAX + 1];
	int				 dirfd, fd, waited;

	if ((dirfd = dir_open(path, &base, err, errlen)) == -1)
		return (-1);
	snprintf(name, sizeof(name), ".%s.lock", base);
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC, 0600);
	close(dirfd);
	if (fd == -1)
		return (failed(err, errlen, name, strerror(errno)));
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB) == -1;
	    waited += LOCK_POLL_MS) {
		if (errno == EWOULDBLOCK && waited < MAX_LOCK_WAIT_MS) {
			nanosleep(&poll, NULL);
			continue;
		}
		failed(err, errlen, path, errno == EWOULDBLOCK ?
		    "another program is changing it; try again" :
		    strerror(errno));
		close(fd);
		return (-1);
	}
	return (fd);
}

int
file_write_atomic(int dirfd, const char *name, const void *data, size_t len,
    mode_t mode, uid_t uid, gid_t gid, int flags, char *err, size_t errlen)
{
	const struct atomicfile	 how = { .mode = mode, .uid = uid, .gid = gid,
	    .noreplace = (flags & FILE_NOREPLACE) != 0 };
	char			 tmp[NAME_MAX + 1];

	if (strlen(name) > NAME_MAX - 16 || strchr(name, '/') != NULL) {
		errno = EINVAL;
		return (failed(err, errlen, name, "not a usable file name"));
	}
	snprintf(tmp, sizeof(tmp), ".%s.%08x", name, arc4random());
	if (atomicfile_write(dirfd, tmp, name, data, len, &how) == -1)
		return (failed(err, errlen, name, strerror(errno)));
	return (0);
}

int
conffile_write(const char *path, const void *data, size_t len,
    const struct stat *old, char *err, size_t errlen)
{
	const char	*base;
	int		 dirfd, rv;

	if ((dirfd = dir_open(path, &base, err, errlen)) == -1)
		return (-1);
	if (old != NULL)
		rv = file_write_atomic(dirfd, base, data, len,
		    old->st_mode & 0777, old->st_uid, old->st_gid, 0, err,
		    errlen);
	else
		rv = file_write_atomic(dirfd, base, data, len, 0600,
		    (uid_t)-1, (gid_t)-1, FILE_NOREPLACE, err, errlen);
	close(dirfd);
	return (rv);
}
