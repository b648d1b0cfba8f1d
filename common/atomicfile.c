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
#include <unistd.h>

#include "common/atomicfile.h"

static int
write_all(int fd, const void *data, size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	while (len != 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		p += n;
		len -= (size_t)n;
	}
	return (0);
}

/* owner first, while the mode is still 0600 */
static int
set_owner(int fd, const struct atomicfile *how)
{
	struct stat	st;
	mode_t		mode = how->mode;

	if (how->uid != (uid_t)-1 || how->gid != (gid_t)-1) {
		if (fchown(fd, how->uid, how->gid) == -1) {
			if (fstat(fd, &st) == -1)
				return (-1);
			if (how->uid != (uid_t)-1 && st.st_uid != how->uid) {
				errno = EPERM;
				return (-1);
			}
			if (how->gid != (gid_t)-1 && st.st_gid != how->gid)
				mode &= ~(mode_t)070;
		}
	}
	return (fchmod(fd, mode));
}

static int
put(int dirfd, const char *tmp, const void *data, size_t len,
    const struct atomicfile *how)
{
	int	fd, ok, saved;

	fd = openat(dirfd, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	ok = write_all(fd, data, len) == 0 &&
	    (how == NULL || set_owner(fd, how) == 0) && fsync(fd) == 0;
	saved = errno;
	if (close(fd) == -1 && ok) {
		saved = errno;
		ok = 0;
	}
	if (!ok) {
		unlinkat(dirfd, tmp, 0);
		errno = saved;
		return (-1);
	}
	return (0);
}

int
atomicfile_write(int dirfd, const char *tmp, const char *name,
    const void *data, size_t len, const struct atomicfile *how)
{
	int	rv, saved;

	if (put(dirfd, tmp, data, len, how) == -1)
		return (-1);
	if (how != NULL && how->noreplace)
		rv = renameat2(dirfd, tmp, dirfd, name, RENAME_NOREPLACE);
	else
		rv = renameat(dirfd, tmp, dirfd, name);
	if (rv == -1) {
		saved = errno;
		unlinkat(dirfd, tmp, 0);
		errno = saved;
		return (-1);
	}
	return (fsync(dirfd));
}
