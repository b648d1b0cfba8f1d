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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/atomicfile.h"
#include "common/frame.h"
#include "agent.h"
#include "agentfile.h"

char *
agentfile_read(const char *path, struct stat *st, char err[MAX_AGENT_ERR])
{
	struct wbuf	w;
	char		buf[16384];
	ssize_t		n = -1;
	int		fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK)) == -1) {
		err[0] = '\0';
		if (errno != ENOENT && errno != ENOTDIR)
			snprintf(err, MAX_AGENT_ERR, "%s: %s", path,
			    strerror(errno));
		return (NULL);
	}
	wbuf_init(&w, MAX_AGENT_FILE + 1);
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		while ((n = read(fd, buf, sizeof(buf))) > 0 && !w.failed)
			wbuf_put(&w, buf, (size_t)n);
	close(fd);
	if (n == 0 && memchr(w.data != NULL ? (char *)w.data : "", '\0',
	    w.len) == NULL)
		wbuf_put(&w, "", 1);
	else
		w.failed = 1;
	if (!w.failed)
		return ((char *)w.data);
	snprintf(err, MAX_AGENT_ERR, "%s is no text file of at most %d KiB",
	    path, MAX_AGENT_FILE / 1024);
	wbuf_free(&w);
	return (NULL);
}

/* 0, or -1 with errno; what was made is counted */
static int
make_dirs(const char *path, mode_t mode, int *made)
{
	char	dir[PATH_MAX], *p;

	*made = 0;
	if (strlcpy(dir, path, sizeof(dir)) >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	for (p = dir + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(dir, mode) == 0)
			++*made;
		else if (errno != EEXIST && errno != EROFS)
			return (-1);
		*p = '/';
	}
	return (0);
}

/* the directory, and the name in it */
static int
open_dir(const char *path, const char **name)
{
	char	dir[PATH_MAX], *slash;
	int	fd;

	strlcpy(dir, path, sizeof(dir));
	if ((slash = strrchr(dir, '/')) == NULL) {
		errno = EINVAL;
		return (-1);
	}
	*name = path + (slash - dir) + 1;
	slash[slash == dir] = '\0';
	if ((fd = open(dir, O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	return (fd);
}

int
agentfile_write(const char *path, const char *text, mode_t mode, uid_t uid,
    gid_t gid, mode_t dirmode, char err[MAX_AGENT_ERR])
{
	struct atomicfile	 how = { mode, uid, gid, 0 };
	const char		*name;
	char			 tmp[NAME_MAX];
	int			 fd = -1, rc = -1, made;

	if (make_dirs(path, dirmode, &made) == 0 &&
	    (fd = open_dir(path, &name)) != -1 &&
	    (size_t)snprintf(tmp, sizeof(tmp), ".%s.defenseclaw", name) <
	    sizeof(tmp)) {
		/* one that was interrupted left it */
		(void)unlinkat(fd, tmp, 0);
		rc = atomicfile_write(fd, tmp, name, text, strlen(text),
		    &how);
	}
	if (rc == -1)
		snprintf(err, MAX_AGENT_ERR, "%s: %s", path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
	return (rc == -1 ? -1 : made);
}

int
agentfile_remove(const char *path, int dirs, char err[MAX_AGENT_ERR])
{
	char	dir[PATH_MAX], *slash;

	if (unlink(path) == -1 && errno != ENOENT) {
		snprintf(err, MAX_AGENT_ERR, "%s: %s", path,
		    strerror(errno));
		return (-1);
	}
	strlcpy(dir, path, sizeof(dir));
	/* what was made for it, while nobody else uses it */
	while (dirs-- > 0 && (slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		if (rmdir(dir) == -1)
			break;
	}
	return (0);
}
