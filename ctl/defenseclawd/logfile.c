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

#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "ctl/defenseclawd/defenseclawd.h"

/*
 * One log file for the suite, rotated by size, with a cap on all of it and a
 * limit per role, so that no role can fill the disk or hide another's words.
 * Of the disk's reserve, which is the audit log's, it takes a small part.
 */

#define LOG_NAME	"defenseclaw.log"
#define LOG_MODE	0600
#define MAX_LOG_FILES	100
#define MAX_STAMP	32
#define MAX_LOW_LOG	(1024 * 1024)	/* bytes of the reserve, at most */
#define LOW_PART	8		/* or this part of it */
#define LOOK_BYTES	(64 * 1024)	/* then the disk is looked at */

static int	log_dir = -1;
static int	log_fd = -1;
static off_t	log_size;
static off_t	log_limit = 10 * 1024 * 1024;
static int	log_keep = 9;		/* old files beside the current one */
static int	log_stderr = 1;
static uint64_t	log_reserve;		/* bytes of the disk; 0: none */
static int	log_low;		/* no more than that is free */
static uint64_t	log_spare;		/* written nevertheless */
static unsigned int log_lost;		/* lines since it was used up */
static off_t	log_unseen;		/* bytes since the disk was looked at */

static void	logfile_own(enum log_level, const char *);

static int
logfile_reopen(void)
{
	struct stat	st;

	log_fd = openat(log_dir, LOG_NAME, O_WRONLY | O_APPEND | O_CREAT |
	    O_NOFOLLOW | O_CLOEXEC, LOG_MODE);
	if (log_fd == -1)
		return (-1);
	log_size = fstat(log_fd, &st) == 0 ? st.st_size : 0;
	return (0);
}

int
logfile_open(const char *dir)
{
	log_set_sink(logfile_own);
	if ((log_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW)) == -1)
		return (-1);
	return (logfile_reopen());
}

/*
 * Bytes of one file and of all together, and MiB of the reserve.
 */
void
logfile_limits(uint32_t max_bytes, uint32_t total_bytes, uint32_t reserve_mb)
{
	log_reserve = (uint64_t)reserve_mb * 1024 * 1024;
	if (max_bytes == 0 || total_bytes < max_bytes)
		return;
	log_limit = max_bytes;
	log_keep = (int)(total_bytes / max_bytes) - 1;
	if (log_keep > MAX_LOG_FILES)
		log_keep = MAX_LOG_FILES;
}

static void
logfile_rotate(void)
{
	char	from[64], to[64];
	int	i, moved = 1;

	for (i = log_keep; i >= 1; i--) {
		snprintf(from, sizeof(from), i == 1 ? "%s" : "%s.%d",
		    LOG_NAME, i - 1);
		snprintf(to, sizeof(to), "%s.%d", LOG_NAME, i);
		moved = renameat(log_dir, from, log_dir, to) == 0;
	}
	if (log_keep < 1)
		moved = unlinkat(log_dir, LOG_NAME, 0) == 0;
	/* the cap holds also where names cannot be changed */
	if (!moved && ftruncate(log_fd, 0) == 0) {
		log_size = 0;
		return;
	}
	/* a smaller cap than before leaves older ones behind */
	for (i = log_keep + 1; i <= MAX_LOG_FILES; i++) {
		snprintf(to, sizeof(to), "%s.%d", LOG_NAME, i);
		if (unlinkat(log_dir, to, 0) == -1)
			break;
	}
	close(log_fd);
	(void)logfile_reopen();
}

/* tried again once a second after it failed */
static void
logfile_retry(time_t now)
{
	static time_t	last;

	if (log_dir == -1 || now == last)
		return;
	last = now;
	(void)logfile_reopen();
}

/*
 * Once a second, and when much was written.
 */
static void
logfile_look(void)
{
	struct statvfs	 vfs;
	uint64_t	 room, part = log_reserve / LOW_PART;
	char		 text[MAX_LOG_LINE];
	int		 was = log_low;

	log_unseen = 0;
	log_low = 0;
	if (log_reserve != 0 && fstatvfs(log_dir, &vfs) == 0) {
		room = (uint64_t)vfs.f_bavail * vfs.f_frsize;
		log_low = room < log_reserve + (was ? part : 0);
	}
	if (log_low == was)
		return;
	log_spare = part < MAX_LOW_LOG ? part : MAX_LOW_LOG;
	if (log_low)
		snprintf(text, sizeof(text), "the disk is full up to "
		    "audit.disk_reserve_mb: %llu KiB more are logged",
		    (unsigned long long)(log_spare / 1024));
	else
		snprintf(text, sizeof(text), "the disk has room again: %u "
		    "lines were not logged", log_lost);
	log_lost = 0;
	logfile_own(LOG_LVL_WARN, text);
}

/* may so many bytes be written */
static int
logfile_may(time_t now, off_t n)
{
	static time_t	last;

	if (now != last || log_unseen >= LOOK_BYTES) {
		last = now;
		logfile_look();
	}
	log_unseen += n;
	if (!log_low)
		return (1);
	if (log_spare < (uint64_t)n) {
		log_spare = 0;
		log_lost++;
		return (0);
	}
	log_spare -= (uint64_t)n;
	return (1);
}

void
logfile_detach(void)
{
	if (!sup.verbose)
		log_stderr = 0;
}

void
logfile_line(const char *who, pid_t pid, enum log_level level,
    const char *text)
{
	static const char *const names[] = { "debug", "info", "warn",
	    "fatal" };
	char		 line[MAX_LOG_LINE + 128], stamp[MAX_STAMP];
	struct timespec	 ts;
	struct tm	 tm;
	int		 n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(line, sizeof(line), "%s.%03ldZ %s %s[%d]: %s\n", stamp,
	    ts.tv_nsec / 1000000, (unsigned int)level <= LOG_LVL_FATAL ?
	    names[level] : "?", who, (int)pid, text);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	if (log_stderr && write(STDERR_FILENO, line, (size_t)n) == -1)
		log_stderr = 0;
	if (log_fd == -1)
		logfile_retry(ts.tv_sec);
	if (log_fd == -1 || !logfile_may(ts.tv_sec, n))
		return;
	if (log_size + n > log_limit)
		logfile_rotate();
	if (log_fd != -1 && write(log_fd, line, (size_t)n) == n)
		log_size += n;
}

static void
logfile_own(enum log_level level, const char *text)
{
	logfile_line("supervisor", getpid(), level, text);
}

/*
 * What a role's allowance did not cover is counted, and said.
 */
void
logfile_dropped(struct proc *p)
{
	char	text[MAX_LOG_LINE];

	if (p->log_dropped == 0)
		return;
	snprintf(text, sizeof(text), "%u lines dropped: this role wrote more "
	    "than %d a second", p->log_dropped, LOG_PER_SECOND);
	p->log_dropped = 0;
	logfile_line(p->instance, p->pid, LOG_LVL_WARN, text);
}

/*
 * A role's text: already escaped by it, escaped again here if it was not.
 */
void
logfile_escape(char *dst, size_t size, const char *text)
{
	const char	*c;

	for (c = text; *c >= 0x20 && *c < 0x7f; c++)
		;
	if (*c == '\0')
		strlcpy(dst, text, size);
	else
		log_escape(dst, size, text, strlen(text));
}

/*
 * A role's line, counted against the role's allowance.
 */
void
logfile_role(struct proc *p, const struct log_line *line)
{
	char		text[MAX_LOG_LINE];
	uint64_t	now = clock_ms();

	if (line->level == LOG_LVL_DEBUG && !sup.verbose &&
	    !sup.now.plan.verbose)
		return;
	p->log_tokens += (double)(now - p->log_ms) * LOG_PER_SECOND / 1000;
	if (p->log_tokens > LOG_BURST)
		p->log_tokens = LOG_BURST;
	p->log_ms = now;
	/* its last word is never dropped: there can be one only */
	if (p->log_tokens < 1 &&
	    (line->level != LOG_LVL_FATAL || p->log_fatal)) {
		p->log_dropped++;
		return;
	}
	p->log_fatal |= line->level == LOG_LVL_FATAL;
	p->log_tokens -= 1;
	logfile_dropped(p);
	logfile_escape(text, sizeof(text), line->text);
	logfile_line(p->instance, p->pid, line->level, text);
}
