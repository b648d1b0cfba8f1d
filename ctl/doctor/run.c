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

#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "doctor.h"

/*
 * One check in a process of its own: it writes what it found as JSON into a
 * pipe, and is killed when its time is over.
 */

#define FIRST_WORD_MS	2000	/* until the first sign that it is at work */
#define NEXT_WORD_MS	10000

const char *
doc_str(const json_t *j, const char *member)
{
	const char	*s = json_str(j, member);

	return (s != NULL ? s : "");
}

int64_t
doc_int(const json_t *j, const char *member)
{
	return ((int64_t)json_integer_value(json_object_get(j, member)));
}

const json_t *
doc_named(const json_t *list, const char *name)
{
	const json_t	*j;
	size_t		 i;

	json_array_foreach(list, i, j)
		if (strcmp(doc_str(j, "name"), name) == 0)
			return (j);
	return (NULL);
}

time_t
doc_seconds(const char *text)
{
	struct tm	 tm;

	memset(&tm, 0, sizeof(tm));
	return (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL ?
	    timegm(&tm) : 0);
}

ssize_t
doc_read(const char *path, char *buf, size_t size)
{
	ssize_t	n;
	int	fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (fd == -1)
		return (-1);
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return (n);
}

/* --- findings ------------------------------------------------------------- */

/* text of data may be of any bytes: as a terminal may see it */
static json_t *
sentence(const char *fmt, va_list ap)
{
	char	raw[MAX_DOC_TEXT], esc[MAX_DOC_TEXT];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	log_escape(esc, sizeof(esc), raw, strlen(raw));
	return (json_string(esc));
}

void
doc_say(struct doctor *d, enum doc_verdict v, const char *subject,
    const char *fmt, ...)
{
	char	 name[MAX_DOC_TEXT] = "";
	va_list	 ap;
	json_t	*seen;

	va_start(ap, fmt);
	seen = sentence(fmt, ap);
	va_end(ap);
	if (subject != NULL)
		log_escape(name, sizeof(name), subject, strlen(subject));
	d->last = json_pack("{s:i,s:s,s:o,s:s,s:[]}", "verdict", (int)v,
	    "subject", name, "seen", seen, "do",
	    v == DOC_PASS || v == DOC_EXPECTED ? "nothing" : "", "fix");
	if (d->last == NULL || json_array_append_new(d->found, d->last) == -1)
		fatal("findings");
}

void
doc_do(struct doctor *d, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	json_object_set_new(d->last, "do", sentence(fmt, ap));
	va_end(ap);
}

void
doc_fix(struct doctor *d, const char *what, const char *path, mode_t mode,
    uid_t uid, gid_t gid)
{
	json_array_append_new(json_object_get(d->last, "fix"), json_pack(
	    "{s:s,s:s,s:i,s:I,s:I}", "what", what, "path", path, "mode",
	    (int)mode, "uid", uid == (uid_t)-1 ? (json_int_t)-1 :
	    (json_int_t)uid, "gid", gid == (gid_t)-1 ? (json_int_t)-1 :
	    (json_int_t)gid));
}

int
doc_fine(const struct doctor *d)
{
	const json_t	*j;
	size_t		 i;

	json_array_foreach(d->found, i, j)
		if (doc_int(j, "verdict") >= DOC_SKIP)
			return (0);
	return (1);
}

int
doc_need_conf(struct doctor *d)
{
	if (d->conf_rc == CTL_OK)
		return (1);
	doc_say(d, DOC_SKIP, NULL, "the configuration could not be read");
	doc_do(d, "see config.valid");
	return (0);
}

int
doc_need_status(struct doctor *d)
{
	if (d->status_rc == CTL_OK)
		return (1);
	if (d->status_rc == CTL_PERMISSION) {
		doc_say(d, DOC_SKIP, NULL, "the suite does not answer this "
		    "user");
		doc_do(d, "run doctor as root, or as a member of the group "
		    "defenseclaw-audit");
		return (0);
	}
	doc_say(d, DOC_SKIP, NULL, d->alive == 0 ?
	    "the suite is not running" : "auditd does not answer");
	doc_do(d, "see processes.%s", d->alive == 0 ? "running" : "answers");
	return (0);
}

/* --- the process ---------------------------------------------------------- */

static void
child(struct doctor *d, const struct check *c, int fd)
{
	d->found = json_array();
	c->run(d);
	if (json_dumpfd(d->found, fd, JSON_COMPACT) == -1)
		_exit(1);
	_exit(0);
}

/* it is at work; on a terminal on one line, and gone again after it */
static void
progress(const struct check *c, unsigned int ms)
{
	static int	 shown;

	if (ms == 0) {
		if (shown && isatty(STDERR_FILENO))
			fprintf(stderr, "\r%60s\r", "");
		shown = 0;
		return;
	}
	fflush(stdout);
	fprintf(stderr, isatty(STDERR_FILENO) ? "\r%s: %u s of at most %u " :
	    "%s: still looking, %u s of at most %u\n", c->id, ms / 1000,
	    c->seconds != 0 ? c->seconds : MAX_CHECK_S);
	shown = 1;
}

/* 1 all of it, 0 late, -1 errno or too much */
static int
collect(const struct check *c, int fd, struct wbuf *w, uint64_t start)
{
	struct pollfd	pfd = { fd, POLLIN, 0 };
	uint64_t	now, end, word = start + FIRST_WORD_MS;
	char		buf[8192];
	ssize_t		n;

	end = start + 1000 * (c->seconds != 0 ? c->seconds : MAX_CHECK_S);
	while ((now = clock_ms()) < end) {
		if (now >= word) {
			progress(c, (unsigned int)(now - start));
			word = now + (isatty(STDERR_FILENO) ? 1000 :
			    NEXT_WORD_MS);
		}
		if (poll(&pfd, 1, (int)((word < end ? word : end) - now)) <=
		    0)
			continue;
		if ((n = read(fd, buf, sizeof(buf))) == 0)
			return (w->failed ? -1 : 1);
		if (n > 0)
			wbuf_put(w, buf, (size_t)n);
		else if (errno != EINTR)
			return (-1);
	}
	return (0);
}

/* what ends without a word is said for it */
static json_t *
unheard(const struct check *c, int late, int status)
{
	struct doctor	 d;

	memset(&d, 0, sizeof(d));
	d.found = json_array();
	if (late) {
		doc_say(&d, c->late != 0 ? c->late : DOC_FAIL, NULL, "the "
		    "check did not end within %u s", c->seconds != 0 ?
		    c->seconds : MAX_CHECK_S);
		doc_do(&d, "look at what holds it up: a disk, a network file "
		    "system, a process that was stopped");
	} else {
		doc_say(&d, DOC_FAIL, NULL, "the check itself ended %s %d",
		    WIFSIGNALED(status) ? "by signal" : "with status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status));
		doc_do(&d, "report it: this is a defect of doctor");
	}
	return (d.found);
}

json_t *
doc_run(struct doctor *d, const struct check *c, uint64_t *took)
{
	uint64_t	 start = clock_ms();
	struct wbuf	 w;
	char		 err[MAX_JSON_ERR];
	json_t		*j = NULL;
	pid_t		 pid;
	int		 fds[2], rc, status = 0;

	wbuf_init(&w, MAX_DOC_ANSWER);
	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("doctor");
	if (pid == 0) {
		/* all that it starts ends with it, and it with us */
		if (setpgid(0, 0) == -1 || prctl(PR_SET_PDEATHSIG, SIGKILL,
		    0, 0, 0) == -1)
			_exit(1);
		close(fds[0]);
		child(d, c, fds[1]);
	}
	close(fds[1]);
	rc = collect(c, fds[0], &w, start);
	close(fds[0]);
	progress(c, 0);
	if (rc != 1 && kill(-pid, SIGKILL) == -1)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (rc == 1 && status == 0)
		j = json_strict((char *)w.data, w.len, err);
	wbuf_free(&w);
	*took = clock_ms() - start;
	return (j != NULL ? j : unheard(c, rc == 0, status));
}
