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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/event.h"
#include "common/frame.h"
#include "common/json.h"
#include "hook.h"
#include "output.h"

/*
 * One file of JSON lines, each the body of a POST /audit/event, below the
 * caller's own state directory (XDG base directories): it is the client's
 * word, and its rows say so.  A lock is held while the file is read or
 * written, and a line that gatewayd took is gone only when it took it.
 */

#define SPOOL_DIR	"defenseclaw"
#define SPOOL_FILE	"hook-spool.jsonl"

/* the directory, made when it is missing; -1 with errno */
static int
spool_dir(char *dir, size_t size)
{
	const char	*base = getenv("XDG_STATE_HOME");
	const char	*home = getenv("HOME");
	char		 path[MAX_CONF_PATH];
	size_t		 i;
	int		 n;

	if (base != NULL && base[0] == '/')
		n = snprintf(path, sizeof(path), "%s/%s", base, SPOOL_DIR);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path, sizeof(path), "%s/.local/state/%s", home,
		    SPOOL_DIR);
	else {
		errno = ENOENT;
		return (-1);
	}
	if ((size_t)n >= sizeof(path) ||
	    strlcpy(dir, path, size) >= size) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	for (i = 1; i <= (size_t)n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return (-1);
		if (i < (size_t)n)
			path[i] = '/';
	}
	return (0);
}

/*
 * The file, locked; -1 with errno, ENOENT where there is none and create is
 * 0.  Nobody else's file is taken, and no link followed.
 */
static int
spool_open(int create)
{
	struct stat	st;
	char		dir[MAX_CONF_PATH];
	int		dirfd, fd;

	if (spool_dir(dir, sizeof(dir)) == -1 ||
	    (dirfd = open(dir, O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	fd = openat(dirfd, SPOOL_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK | (create ? O_CREAT : 0), 0600);
	close(dirfd);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || flock(fd, LOCK_EX | (create ? 0 :
	    LOCK_NB)) == -1) {
		close(fd);
		errno = EPERM;
		return (-1);
	}
	return (fd);
}

static json_t *
spool_json(const struct hook *h, const struct spool_row *row)
{
	char	 when[EVENT_TIME_SIZE];
	json_t	*j;

	event_time(clock_wall_us(), when);
	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "action", row->action,
	    "severity", row->rule != NULL ? "CRITICAL" : "HIGH", "timestamp",
	    when, "target", h->event, "agent_name", hook_agent_name(h->agent),
	    "details", row->rule != NULL ? row->rule : row->why);
	if (j == NULL)
		return (NULL);
	if (h->tool != NULL)
		json_object_set_new(j, "tool_name", json_string(h->tool));
	if (row->session != NULL)
		json_object_set_new(j, "session_id",
		    json_string(row->session));
	return (j);
}

int
hookspool_add(const struct hook *h, const struct spool_row *row,
    char err[MAX_HOOK_ERR])
{
	struct stat	 st;
	char		*line = NULL;
	json_t		*j;
	size_t		 len;
	int		 fd, rc = -1;

	j = spool_json(h, row);
	if (j != NULL)
		line = json_text_cut(j, MAX_SPOOL_LINE / 8);
	json_decref(j);
	if (line == NULL) {
		snprintf(err, MAX_HOOK_ERR, "no memory");
		return (-1);
	}
	len = strlen(line);
	line[len++] = '\n';
	if ((fd = spool_open(1)) == -1 || fstat(fd, &st) == -1)
		snprintf(err, MAX_HOOK_ERR, "its record cannot be kept: %s",
		    strerror(errno));
	else if ((size_t)st.st_size + len > MAX_SPOOL_BYTES)
		snprintf(err, MAX_HOOK_ERR, "the spool of records is full");
	else if (pwrite(fd, line, len, st.st_size) != (ssize_t)len ||
	    fdatasync(fd) == -1) {
		snprintf(err, MAX_HOOK_ERR, "its record cannot be kept: %s",
		    strerror(errno));
		/* else the next row is part of a line that is no event */
		if (ftruncate(fd, st.st_size) == -1)
			out_note("the spool of records is broken: %s",
			    strerror(errno));
	} else
		rc = 0;
	if (fd != -1)
		close(fd);
	free(line);
	return (rc);
}

/* what is left moves to the front */
static void
spool_rest(int fd, const struct wbuf *w, size_t sent)
{
	size_t	left = w->len - sent;

	/* cut short before the end rows are sent again, and never lost */
	if (pwrite(fd, w->data + sent, left, 0) != (ssize_t)left ||
	    fdatasync(fd) == -1 || ftruncate(fd, (off_t)left) == -1)
		out_note("the spool of records keeps rows that were sent: %s",
		    strerror(errno));
}

void
hookspool_send(const struct paths *p, uint64_t deadline)
{
	struct wbuf	 w;
	char		 buf[65536], err[MAX_HOOK_ERR], *answer, *end, *line;
	size_t		 sent = 0, alen;
	ssize_t		 n;
	int		 fd, i, status;

	if ((fd = spool_open(0)) == -1)
		return;
	wbuf_init(&w, MAX_SPOOL_BYTES);
	while ((n = read(fd, buf, sizeof(buf))) > 0 && !w.failed)
		wbuf_put(&w, buf, (size_t)n);
	for (i = 0; i < MAX_SPOOL_SENT && !w.failed; i++) {
		line = (char *)w.data + sent;
		if (sent == w.len || (end = memchr(line, '\n', w.len -
		    sent)) == NULL)
			break;
		status = hookask(p, "/audit/event", line,
		    (size_t)(end - line), deadline, &answer, &alen, err);
		if (status != -1)
			free(answer);
		/* what is no event will never be one */
		if (status != 200 && status != 400)
			break;
		sent = (size_t)(end + 1 - (char *)w.data);
	}
	if (sent != 0)
		spool_rest(fd, &w, sent);
	wbuf_free(&w);
	close(fd);
}
