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

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_file.h"

#define PAGE_SIZE	4096
#define WAL_FRAME	(PAGE_SIZE + 24)	/* a page and its header */
#define WAL_HEADER	32
#define MAGIC		"SQLite format 3"	/* with its NUL */

static enum store_status
file_fail(const char *path, const char *what, char *err, size_t errlen)
{
	snprintf(err, errlen, "%s: %s: %s", path, what, strerror(errno));
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return (STORE_FULL);
	case EROFS:
	case EACCES:
	case EPERM:
		return (STORE_READONLY);
	}
	return (STORE_IO);
}

/* a regular file of our own, mode 0600 */
static enum store_status
file_take(const char *path, int *fdp, char *err, size_t errlen)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd == -1)
		return (file_fail(path, "open", err, errlen));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		snprintf(err, errlen, "%s: not a regular file", path);
		close(fd);
		return (STORE_REFUSED);
	}
	if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) == -1) {
		close(fd);
		return (file_fail(path, "chmod to 0600", err, errlen));
	}
	*fdp = fd;
	return (STORE_OK);
}

enum store_status
store_file_sync_dir(const char *path, char *err, size_t errlen)
{
	char		 dir[PATH_MAX];
	const char	*slash = strrchr(path, '/');
	int		 fd, bad;

	if (slash == NULL)
		snprintf(dir, sizeof(dir), ".");
	else
		snprintf(dir, sizeof(dir), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (file_fail(dir, "open", err, errlen));
	bad = fsync(fd) == -1;
	if (bad)
		(void)file_fail(dir, "fsync", err, errlen);
	close(fd);
	return (bad ? STORE_IO : STORE_OK);
}

enum store_status
store_file_grow_wal(const char *path, char *err, size_t errlen)
{
	static const char	 zeros[64 * 1024];
	enum store_status	 ret;
	char			 wal[PATH_MAX];
	off_t			 at, end;
	ssize_t			 n;
	int			 fd;

	if (snprintf(wal, sizeof(wal), "%s-wal", path) >= (int)sizeof(wal)) {
		snprintf(err, errlen, "%s: the path is too long", path);
		return (STORE_REFUSED);
	}
	if ((ret = file_take(wal, &fd, err, errlen)) != STORE_OK)
		return (ret);
	end = WAL_HEADER + (off_t)STORE_WAL_PAGES * WAL_FRAME;
	if ((at = lseek(fd, 0, SEEK_END)) == -1) {
		close(fd);
		return (file_fail(wal, "seek", err, errlen));
	}
	while (at < end) {
		n = write(fd, zeros, end - at < (off_t)sizeof(zeros) ?
		    (size_t)(end - at) : sizeof(zeros));
		if (n <= 0)
			break;
		at += n;
	}
	if (fsync(fd) == -1 && errno != ENOSPC && errno != EDQUOT)
		ret = file_fail(wal, "fsync", err, errlen);
	close(fd);
	return (ret);
}

/*
 * Only the very first transaction has a journal of that kind, and a power
 * cut in it may leave any bytes in the database: SQLite takes them back.
 */
static int
file_unborn(const char *path)
{
	char		 journal[PATH_MAX];
	struct stat	 st;

	return (snprintf(journal, sizeof(journal), "%s-journal", path) <
	    (int)sizeof(journal) && lstat(journal, &st) == 0 &&
	    S_ISREG(st.st_mode));
}

enum store_status
store_file_prepare(const char *path, char *err, size_t errlen)
{
	enum store_status	 ret;
	char			 magic[sizeof(MAGIC)];
	ssize_t			 n;
	int			 fd;

	if ((ret = file_take(path, &fd, err, errlen)) != STORE_OK)
		return (ret);
	n = pread(fd, magic, sizeof(magic), 0);
	/* no descriptor may stay open: closing one drops SQLite's locks */
	close(fd);
	if (n == -1)
		return (file_fail(path, "read", err, errlen));
	if (n != 0 && ((size_t)n != sizeof(magic) ||
	    memcmp(magic, MAGIC, sizeof(magic)) != 0) &&
	    !file_unborn(path)) {
		snprintf(err, errlen, "%s: not a database, or its start is "
		    "damaged: it was left as it is, put a copy in its place",
		    path);
		return (STORE_CORRUPT);
	}
	return (STORE_OK);
}
