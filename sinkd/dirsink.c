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

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "sinkd.h"

/*
 * The file kind: JSON lines in the sink's own directory, one file after the
 * other, audit-<n>.jsonl with n counting up.  A piece is delivered when it is
 * synced.
 */

#define MAX_FILE_NAME	48
#define FILE_FORMAT	"audit-%012llu.jsonl"

static int		 dir = -1;
static int		 fd = -1;
static uint64_t		 number;	/* of the file written */
static uint64_t		 oldest;	/* of those that are there */
static uint64_t		 written;	/* bytes of it */
static struct event	*done;
static int		 failed;	/* errno of the last write */

static void
file_name(uint64_t n, char name[MAX_FILE_NAME])
{
	snprintf(name, MAX_FILE_NAME, FILE_FORMAT, (unsigned long long)n);
}

static int
file_open(uint64_t n)
{
	char	 name[MAX_FILE_NAME];
	off_t	 end;
	int	 new, error;

	file_name(n, name);
	if ((new = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC, 0600)) == -1)
		return (-1);
	if (fsync(dir) == -1 || (end = lseek(new, 0, SEEK_END)) == -1) {
		error = errno;
		close(new);
		errno = error;
		return (-1);
	}
	/* only now is the old one done with */
	if (fd != -1)
		close(fd);
	fd = new;
	number = n;
	written = (uint64_t)end;
	return (0);
}

/*
 * What a crash left of a line is cut off; its event was not acknowledged.
 */
static int
cut_tail(void)
{
	char	 buf[4096];
	off_t	 end = (off_t)written;
	size_t	 n;

	while (end > 0) {
		n = end < (off_t)sizeof(buf) ? (size_t)end : sizeof(buf);
		if (pread(fd, buf, n, end - (off_t)n) != (ssize_t)n)
			return (-1);
		while (n > 0 && buf[n - 1] != '\n') {
			n--;
			end--;
		}
		if (n > 0)
			break;
	}
	if ((uint64_t)end == written)
		return (0);
	if (ftruncate(fd, end) == -1 || lseek(fd, end, SEEK_SET) == -1)
		return (-1);
	written = (uint64_t)end;
	return (0);
}

static int
rotate(void)
{
	char	 name[MAX_FILE_NAME];

	if (file_open(number + 1) == -1)
		return (-1);
	while (sinkd.sink.rec.rotate_files != 0 &&
	    number - oldest > sinkd.sink.rec.rotate_files) {
		file_name(oldest, name);
		if (unlinkat(dir, name, 0) == -1 && errno != ENOENT)
			return (-1);
		oldest++;
	}
	return (0);
}

static int
put(const uint8_t *p, size_t len)
{
	ssize_t	 n;

	while (len > 0) {
		if ((n = write(fd, p, len)) == -1) {
			if (errno == EINTR)
				continue;
			return (-1);
		}
		p += n;
		len -= (size_t)n;
	}
	return (0);
}

static void
dir_send(const struct wbuf *b, const size_t *lens, size_t n)
{
	(void)lens;
	(void)n;
	failed = 0;
	if ((sinkd.sink.rec.rotate_bytes != 0 && written != 0 &&
	    written + b->len > sinkd.sink.rec.rotate_bytes &&
	    rotate() == -1) || put(b->data, b->len) == -1 ||
	    fdatasync(fd) == -1) {
		failed = errno;
		/* half a line must not stay in front of the next */
		if (ftruncate(fd, (off_t)written) == -1 ||
		    lseek(fd, (off_t)written, SEEK_SET) == -1)
			fatal("the file cannot be mended");
	} else {
		written += b->len;
		sinkd.state.bytes += b->len;
	}
	event_active(done, EV_TIMEOUT, 1);
}

static void
done_cb(evutil_socket_t s, short what, void *arg)
{
	struct judgement	 j;

	(void)s;
	(void)what;
	(void)arg;
	memset(&j, 0, sizeof(j));
	j.bad_event = -1;
	if (failed != 0)
		sink_judged(&j, OUT_RETRY, -1, "write: %s", strerror(failed));
	else
		sink_judged(&j, OUT_DELIVERED, -1, "%s", "");
	deliver_done(&j, NULL);
}

static void
dir_init(void)
{
	struct dirent		*de;
	unsigned long long	 n;
	char			 name[MAX_FILE_NAME];
	DIR			*d;
	int			 all, copy;

	if ((all = role_fd(SFD_DIR, NULL)) == -1)
		fatalx("no directory was handed over");
	/* of the others' nothing is left open */
	if ((mkdirat(all, sinkd.sink.rec.name, 0700) == -1 &&
	    errno != EEXIST) || (dir = openat(all, sinkd.sink.rec.name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1 ||
	    fsync(all) == -1)
		fatal("its directory");
	close(all);
	if ((copy = openat(dir, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1 || (d = fdopendir(copy)) == NULL)
		fatal("its directory");
	while ((de = readdir(d)) != NULL) {
		if (sscanf(de->d_name, "audit-%12llu", &n) != 1 || n == 0)
			continue;
		file_name(n, name);
		if (strcmp(name, de->d_name) != 0)
			continue;
		if (n > number)
			number = n;
		if (oldest == 0 || n < oldest)
			oldest = n;
	}
	closedir(d);
	if (number == 0)
		number = oldest = 1;
	if (file_open(number) == -1 || cut_tail() == -1)
		fatal("its file");
	if ((done = evtimer_new(role.base, done_cb, NULL)) == NULL)
		fatalx("event");
}

int
dirsink_fd(void)
{
	return (dir);
}

const struct carrier	dir_carrier = { dir_init, dir_send };
