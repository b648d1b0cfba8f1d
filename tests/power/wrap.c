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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/power/plog.h"
#include "tests/power/record.h"

/*
 * The calls by which our own code changes files, wrapped by the linker
 * (-Wl,--wrap): the object files are those of the release.  Only what went
 * well is recorded.
 */

#define REAL(ret, name, ...)						\
	ret	 __real_##name(__VA_ARGS__);				\
	ret	 __wrap_##name(__VA_ARGS__)

REAL(int, open, const char *, int, ...);
REAL(int, openat, int, const char *, int, ...);
REAL(ssize_t, write, int, const void *, size_t);
REAL(int, ftruncate, int, off_t);
REAL(int, fsync, int);
REAL(int, fchmod, int, mode_t);
REAL(int, fchown, int, uid_t, gid_t);
REAL(int, unlink, const char *);
REAL(int, unlinkat, int, const char *, int);
REAL(int, rename, const char *, const char *);
REAL(int, renameat, int, const char *, int, const char *);
REAL(int, renameat2, int, const char *, int, const char *, unsigned int);
REAL(int, mkdir, const char *, mode_t);
REAL(int, mkdirat, int, const char *, mode_t);
REAL(int, symlinkat, const char *, int, const char *);

/* errno stays what the call made it, here and below */
static uint64_t
ino_fd(int fd, mode_t *type)
{
	struct stat	 st;
	int		 saved = errno;

	memset(&st, 0, sizeof(st));
	(void)fstat(fd, &st);
	if (type != NULL)
		*type = st.st_mode;
	errno = saved;
	return (st.st_ino);
}

/* 0: there is no such thing */
static uint64_t
ino_at(int dirfd, const char *path, int flags, mode_t *type)
{
	struct stat	 st;
	int		 saved = errno;

	memset(&st, 0, sizeof(st));
	(void)fstatat(dirfd, path, &st, flags);
	if (type != NULL)
		*type = st.st_mode;
	errno = saved;
	return (st.st_ino);
}

const char *
record_base(const char *path)
{
	const char	*slash = strrchr(path, '/');

	return (slash != NULL ? slash + 1 : path);
}

static void
dir_of(const char *path, char *dir, size_t size)
{
	const char	*base = record_base(path);

	if (base == path)
		snprintf(dir, size, ".");
	else
		snprintf(dir, size, "%.*s", base == path + 1 ? 1 :
		    (int)(base - path - 1), path);
}

/* of the directory that a call with this descriptor and name changes */
static uint64_t
dir_at(int dirfd, const char *path)
{
	char	 dir[PATH_MAX];

	if (dirfd != AT_FDCWD && strchr(path, '/') == NULL)
		return (ino_fd(dirfd, NULL));
	dir_of(path, dir, sizeof(dir));
	return (ino_at(dirfd, dir, 0, NULL));
}

uint64_t
record_dir_of(const char *path)
{
	return (dir_at(AT_FDCWD, path));
}

static void
put(enum plog_op op, uint64_t file, uint64_t a, uint64_t b)
{
	struct plog_rec	 r = { .op = op, .file = file, .a = a, .b = b };

	plog_put(&r, NULL, NULL, 0);
}

static void
put_name(enum plog_op op, uint64_t file, int dirfd, const char *path,
    mode_t mode)
{
	struct plog_rec	 r = { .op = op, .file = file, .a = mode };

	r.dir = dir_at(dirfd, path);
	plog_put(&r, record_base(path), NULL, 0);
}

/* after an open: was a file made, or emptied, by it */
static void
opened(int fd, int dirfd, const char *path, int flags, int there)
{
	mode_t		 mode;
	uint64_t	 ino;

	if (fd == -1 || (ino = ino_fd(fd, &mode)) == 0 ||
	    !S_ISREG(mode))
		return;
	if ((flags & O_CREAT) != 0 && !there)
		put_name(P_CREATE, ino, dirfd, path, mode & 07777);
	else if ((flags & O_TRUNC) != 0)
		put(P_TRUNCATE, ino, 0, 0);
}

static int
opening(int dirfd, const char *path, int flags)
{
	return ((flags & (O_CREAT | O_EXCL)) == O_CREAT &&
	    ino_at(dirfd, path, AT_SYMLINK_NOFOLLOW, NULL) != 0);
}

int
__wrap_open(const char *path, int flags, ...)
{
	va_list	 ap;
	int	 fd, there;

	plog_enter();
	there = opening(AT_FDCWD, path, flags);
	va_start(ap, flags);
	fd = __real_open(path, flags, va_arg(ap, mode_t));
	va_end(ap);
	opened(fd, AT_FDCWD, path, flags, there);
	plog_leave();
	return (fd);
}

int
__wrap_openat(int dirfd, const char *path, int flags, ...)
{
	va_list	 ap;
	int	 fd, there;

	plog_enter();
	there = opening(dirfd, path, flags);
	va_start(ap, flags);
	fd = __real_openat(dirfd, path, flags, va_arg(ap, mode_t));
	va_end(ap);
	opened(fd, dirfd, path, flags, there);
	plog_leave();
	return (fd);
}

ssize_t
__wrap_write(int fd, const void *buf, size_t len)
{
	mode_t		 mode;
	uint64_t	 ino;
	ssize_t		 n;

	plog_enter();
	n = __real_write(fd, buf, len);
	if (n > 0 && (ino = ino_fd(fd, &mode)) != 0 && S_ISREG(mode))
		plog_write(ino, (uint64_t)(lseek(fd, 0, SEEK_CUR) - n), buf,
		    (size_t)n);
	plog_leave();
	return (n);
}

int
__wrap_ftruncate(int fd, off_t size)
{
	int	 rv;

	plog_enter();
	if ((rv = __real_ftruncate(fd, size)) == 0)
		put(P_TRUNCATE, ino_fd(fd, NULL), (uint64_t)size, 0);
	plog_leave();
	return (rv);
}

int
__wrap_fsync(int fd)
{
	mode_t		 mode;
	uint64_t	 ino = ino_fd(fd, &mode);
	int		 rv;

	if (plog_leaves_out(S_ISDIR(mode) ? PLOG_NODIRSYNC : PLOG_NOFSYNC))
		return (0);
	plog_enter();
	if ((rv = __real_fsync(fd)) == 0)
		put(P_SYNC, ino, 0, 0);
	plog_leave();
	return (rv);
}

void
record_sync_dir(const char *path)
{
	char	 dir[PATH_MAX];
	int	 fd;

	dir_of(path, dir, sizeof(dir));
	fd = __real_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (__real_fsync(fd) == 0)
		put(P_SYNC, ino_fd(fd, NULL), 0, 0);
	close(fd);
}

static void
put_mode(int fd)
{
	struct stat	 st;

	if (fstat(fd, &st) == 0)
		put(P_MODE, st.st_ino, st.st_mode & 07777,
		    (uint64_t)st.st_uid << 32 | st.st_gid);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	int	 rv;

	plog_enter();
	if ((rv = __real_fchmod(fd, mode)) == 0)
		put_mode(fd);
	plog_leave();
	return (rv);
}

int
__wrap_fchown(int fd, uid_t uid, gid_t gid)
{
	int	 rv;

	plog_enter();
	if ((rv = __real_fchown(fd, uid, gid)) == 0)
		put_mode(fd);
	plog_leave();
	return (rv);
}

int
__wrap_unlinkat(int dirfd, const char *path, int flags)
{
	int	 rv;

	plog_enter();
	if ((rv = __real_unlinkat(dirfd, path, flags)) == 0)
		put_name(P_UNLINK, 0, dirfd, path, 0);
	plog_leave();
	return (rv);
}

int
__wrap_unlink(const char *path)
{
	return (__wrap_unlinkat(AT_FDCWD, path, 0));
}

/* within one directory: whoever moves more must teach the model */
static void
renamed(int fromfd, const char *from, int tofd, const char *to)
{
	struct plog_rec	 r = { .op = P_RENAME };
	const char	*base = record_base(to);

	r.dir = dir_at(tofd, to);
	if (r.dir != dir_at(fromfd, from))
		abort();
	plog_put(&r, record_base(from), base, strlen(base) + 1);
}

int
__wrap_renameat2(int fromfd, const char *from, int tofd, const char *to,
    unsigned int flags)
{
	int	 rv;

	plog_enter();
	if ((rv = __real_renameat2(fromfd, from, tofd, to, flags)) == 0)
		renamed(fromfd, from, tofd, to);
	plog_leave();
	return (rv);
}

int
__wrap_renameat(int fromfd, const char *from, int tofd, const char *to)
{
	int	 rv;

	plog_enter();
	if ((rv = __real_renameat(fromfd, from, tofd, to)) == 0)
		renamed(fromfd, from, tofd, to);
	plog_leave();
	return (rv);
}

int
__wrap_rename(const char *from, const char *to)
{
	return (__wrap_renameat(AT_FDCWD, from, AT_FDCWD, to));
}

int
__wrap_mkdirat(int dirfd, const char *path, mode_t mode)
{
	mode_t		 made;
	uint64_t	 ino;
	int		 rv;

	plog_enter();
	if ((rv = __real_mkdirat(dirfd, path, mode)) == 0) {
		ino = ino_at(dirfd, path, AT_SYMLINK_NOFOLLOW, &made);
		put_name(P_MKDIR, ino, dirfd, path, made & 07777);
	}
	plog_leave();
	return (rv);
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	return (__wrap_mkdirat(AT_FDCWD, path, mode));
}

int
__wrap_symlinkat(const char *target, int dirfd, const char *path)
{
	struct plog_rec	 r = { .op = P_SYMLINK };
	int		 rv;

	plog_enter();
	if ((rv = __real_symlinkat(target, dirfd, path)) == 0) {
		r.file = ino_at(dirfd, path, AT_SYMLINK_NOFOLLOW,
		    NULL);
		r.dir = dir_at(dirfd, path);
		plog_put(&r, record_base(path), target, strlen(target) + 1);
	}
	plog_leave();
	return (rv);
}
