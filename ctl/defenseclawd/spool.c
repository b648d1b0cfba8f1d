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
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/spool.h"
#include "ctl/defenseclawd/defenseclawd.h"

/*
 * The spool of changes made while the suite was down: handed to auditd, and
 * out of the way when that has it.  Its content is never looked at here.
 */

/* what auditd could not read, or must not, stays under another name */
static void
set_aside(const char *why)
{
	char	to[MAX_CONF_PATH + 32];

	snprintf(to, sizeof(to), "%s.broken-%lld", sup.paths.spool,
	    (long long)time(NULL));
	if (rename(sup.paths.spool, to) == -1)
		log_warn("%s: %s, and it cannot be set aside",
		    sup.paths.spool, why);
	else
		log_warnx("%s: %s: what it says was done while the suite was "
		    "down is not, or not wholly, in the audit log: see %s",
		    sup.paths.spool, why, to);
}

void
spool_hand(struct proc *p)
{
	struct stat	st;
	const char	*why = NULL;
	int		fd;

	sup.spool.ino = 0;
	fd = open(sup.paths.spool, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			return;
		why = strerror(errno);
	} else if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		why = "no regular file";
	else if (st.st_uid != 0 && st.st_uid != getuid())
		why = "belongs to somebody else";
	else if ((st.st_mode & 077) != 0)
		why = "others may read or write it";
	else if (st.st_size > MAX_SPOOL)
		why = "too large";
	if (why != NULL)
		set_aside(why);
	else {
		sup.spool.dev = st.st_dev;
		sup.spool.ino = st.st_ino;
		spawn_hand(p, SFD_SPOOL, NULL, fd);
	}
	if (fd != -1)
		close(fd);
}

/*
 * auditd has what was handed to it.  Whoever writes the spool holds its lock,
 * and then it stays for the next auditd, which knows what it has already.
 */
void
spool_kept(int broken)
{
	struct stat	st;
	char		path[MAX_CONF_PATH + 16], *name;
	int		fd;

	strlcpy(path, sup.paths.spool, MAX_CONF_PATH);
	if ((name = strrchr(path, '/')) == NULL)
		return;
	snprintf(path + (name - path), sizeof(path) - (size_t)(name - path),
	    "/.%s.lock", strrchr(sup.paths.spool, '/') + 1);
	fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		return;
	}
	if (sup.spool.ino != 0 && lstat(sup.paths.spool, &st) == 0 &&
	    st.st_dev == sup.spool.dev && st.st_ino == sup.spool.ino) {
		if (broken)
			set_aside("damaged");
		else if (unlink(sup.paths.spool) == -1)
			log_warn("%s", sup.paths.spool);
	}
	sup.spool.ino = 0;
	if (fd != -1)
		close(fd);
}
