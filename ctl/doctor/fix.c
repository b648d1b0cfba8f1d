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

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/*
 * Puts right what can be without losing anything: modes and owners, missing
 * directories, sockets that nobody listens on.  Root does it in directories
 * of roles, too: no link is followed, and a file with a second name, which
 * may be anywhere, is left alone.
 */

struct fix {
	const char	*what;
	const char	*path;
	mode_t		 mode;
	uid_t		 uid;
	gid_t		 gid;
};

static const char *
said(const char *why)
{
	return (errno != 0 ? strerror(errno) : why);
}

/* what is there, opened without following a link; NULL, or why not */
static const char *
fix_owner(const struct fix *f, int chmod_it)
{
	const char	*why = NULL;
	struct stat	 st;
	int		 fd;

	fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (fd == -1)
		return (strerror(errno));
	errno = 0;
	if (fstat(fd, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		why = "neither a file nor a directory";
	else if (S_ISREG(st.st_mode) && st.st_nlink != 1)
		why = "it has a second name: put it right by hand";
	else if (chmod_it ? fchmod(fd, f->mode) == -1 :
	    fchown(fd, f->uid, f->gid) == -1)
		why = strerror(errno);
	close(fd);
	return (why);
}

static const char *
fix_mkdir(const struct fix *f)
{
	char		 parent[PATH_MAX], *slash;
	const char	*why = NULL;
	int		 dir, fd = -1;

	strlcpy(parent, f->path, sizeof(parent));
	if ((slash = strrchr(parent, '/')) == NULL || slash == parent)
		return ("no place for a directory");
	*slash = '\0';
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return (strerror(errno));
	if (mkdirat(dir, slash + 1, 0700) == -1 || (fd = openat(dir,
	    slash + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) ==
	    -1 || (f->uid != (uid_t)-1 && fchown(fd, f->uid, f->gid) == -1) ||
	    fchmod(fd, f->mode) == -1 || fsync(fd) == -1 || fsync(dir) == -1)
		why = strerror(errno);
	if (fd != -1)
		close(fd);
	close(dir);
	return (why);
}

/* a socket to which nobody listens, now and not when it was looked at */
static const char *
fix_unlink(const struct fix *f)
{
	struct sockaddr_un	 sun;
	struct stat		 st;
	int			 fd, rc;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	errno = 0;
	if (strlcpy(sun.sun_path, f->path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path) || lstat(f->path, &st) == -1 ||
	    !S_ISSOCK(st.st_mode))
		return (said("no socket"));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (strerror(errno));
	rc = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	close(fd);
	if (rc == 0 || errno != ECONNREFUSED)
		return ("somebody listens on it");
	return (unlink(f->path) == -1 ? strerror(errno) : NULL);
}

static const char *
fix_one(const struct fix *f)
{
	if (strcmp(f->what, "mkdir") == 0)
		return (fix_mkdir(f));
	if (strcmp(f->what, "unlink") == 0)
		return (fix_unlink(f));
	return (fix_owner(f, strcmp(f->what, "chmod") == 0));
}

static void
fix_text(const struct fix *f, char *buf, size_t size)
{
	if (strcmp(f->what, "chown") == 0)
		snprintf(buf, size, "chown %d:%d %s", (int)f->uid,
		    (int)f->gid, f->path);
	else if (strcmp(f->what, "unlink") == 0)
		snprintf(buf, size, "remove the socket %s", f->path);
	else
		snprintf(buf, size, "%s %04o %s", f->what,
		    (unsigned int)f->mode, f->path);
}

int
doc_fix_all(const json_t *finding, int dry, json_t *did)
{
	const json_t	*j;
	const char	*why;
	struct fix	 f;
	char		 text[MAX_DOC_TEXT];
	size_t		 i;
	int		 changed = 0;

	json_array_foreach(json_object_get(finding, "fix"), i, j) {
		f.what = doc_str(j, "what");
		f.path = doc_str(j, "path");
		f.mode = (mode_t)doc_int(j, "mode");
		f.uid = (uid_t)doc_int(j, "uid");
		f.gid = (gid_t)doc_int(j, "gid");
		fix_text(&f, text, sizeof(text));
		why = dry ? NULL : fix_one(&f);
		changed |= !dry && why == NULL;
		json_array_append_new(did, json_pack("{s:s,s:b,s:s}", "what",
		    text, "done", !dry && why == NULL, "error", why != NULL ?
		    why : ""));
	}
	return (changed);
}
