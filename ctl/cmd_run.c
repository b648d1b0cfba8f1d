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
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "cmd.h"
#include "confparse.h"
#include "history.h"
#include "sinktoken.h"

/*
 * start, stop, restart, reload.  Where a service manager has the suite as a
 * service, it is asked to, so that it does not look on as a stranger.
 */

#define MAX_START_MS	100000	/* until ready */
#define MAX_GONE_MS	20000	/* until stopped */
#define RELOAD_MS	250000	/* for the answer: one load may be before it */
#define GONE_STEP_MS	50
#define MAX_RELAY	65536	/* bytes kept of what a start says */
#define READY_FD	3	/* in the supervisor */
#define SERVICE		"defenseclaw"

extern char	**environ;

/* --- who runs ------------------------------------------------------------- */

int
suite_alive(const struct paths *p, pid_t *pid)
{
	char		 path[MAX_CONF_PATH], text[16];
	const char	*errstr;
	ssize_t		 n;
	int		 fd;

	*pid = 0;
	if (paths_join(path, sizeof(path), p->run, "defenseclawd.pid") == -1)
		return (-1);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return (errno == ENOENT || errno == ENOTDIR ? 0 : -1);
	if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		close(fd);
		return (0);
	}
	if (errno != EWOULDBLOCK) {
		close(fd);
		return (-1);
	}
	n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	if (n > 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		*pid = (pid_t)strtonum(text, 2, INT32_MAX, &errstr);
	}
	return (1);
}

/*
 * The same for somebody who cannot see the lock: does anybody answer; -1 when
 * that cannot be seen either.
 */
static int
suite_listens(const struct paths *p)
{
	struct client	c;
	pid_t		pid;
	int		alive, rc;

	if ((alive = suite_alive(p, &pid)) != -1)
		return (alive);
	rc = client_open(&c, p, "auditd");
	client_close(&c);
	if (rc == CTL_PERMISSION && !c.lost)
		return (-1);
	return (rc == CTL_OK || c.lost);
}

static int
not_running(void)
{
	return (out_fail(CTL_NOT_RUNNING, "the suite is not running"));
}

static int
done_text(const char *state, const char *text)
{
	if (out_json)
		out_document(json_pack("{s:s}", "state", state));
	else
		printf("%s\n", text);
	return (CTL_OK);
}

/* --- service managers ----------------------------------------------------- */

struct manager {
	const char	*booted;	/* exists when it is in charge */
	const char	*units[4];	/* any: it knows the suite */
	const char	*program[3];	/* where it is, NULL at end */
	int		 verb_last;	/* rc-service NAME start */
};

static const struct manager managers[] = {
	{ "/run/systemd/system", { "/etc/systemd/system/" SERVICE ".service",
	    "/usr/lib/systemd/system/" SERVICE ".service",
	    "/lib/systemd/system/" SERVICE ".service",
	    "/usr/local/lib/systemd/system/" SERVICE ".service" },
	    { "/usr/bin/systemctl", "/bin/systemctl", NULL }, 0 },
	{ "/run/openrc", { "/etc/init.d/" SERVICE, NULL, NULL },
	    { "/sbin/rc-service", "/usr/sbin/rc-service", NULL }, 1 },
};

static const char *
first_there(const char *const *paths, size_t n, int mode)
{
	size_t	i;

	for (i = 0; i < n && paths[i] != NULL; i++)
		if (access(paths[i], mode) == 0)
			return (paths[i]);
	return (NULL);
}

/* the manager in charge of a suite of system mode, and its program */
static const struct manager *
manager_find(const struct paths *p, const char **program)
{
	const struct manager	*m;
	size_t			 i;

	for (i = 0; p->system && i < sizeof(managers) / sizeof(managers[0]);
	    i++) {
		m = &managers[i];
		if (access(m->booted, F_OK) == 0 &&
		    first_there(m->units, sizeof(m->units) /
		    sizeof(m->units[0]), F_OK) != NULL &&
		    (*program = first_there(m->program, 3, X_OK)) != NULL)
			return (m);
	}
	return (NULL);
}

/* its exit status, -1 when it could not be run */
static int
manager_run(const struct manager *m, const char *program, const char *verb)
{
	char		*argv[4];
	pid_t		 pid;
	int		 status, error;

	argv[0] = (char *)(uintptr_t)program;
	argv[1] = (char *)(uintptr_t)(m->verb_last ? SERVICE : verb);
	argv[2] = (char *)(uintptr_t)(m->verb_last ? verb : SERVICE);
	argv[3] = NULL;
	fflush(stdout);
	error = posix_spawn(&pid, program, NULL, NULL, argv, environ);
	if (error != 0) {
		out_fail(CTL_FAILURE, "%s: %s", program, strerror(error));
		return (-1);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (-1);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static int
manager_do(const struct manager *m, const char *program, const char *verb)
{
	if (manager_run(m, program, verb) == 0)
		return (done_text(strcmp(verb, "stop") == 0 ? "stopped" :
		    "started", strcmp(verb, "stop") == 0 ? "stopped" :
		    "started"));
	return (out_fail(CTL_FAILURE, "%s %s " SERVICE " failed: its journal "
	    "and defenseclaw.log say why", program, verb));
}

/* --- start ---------------------------------------------------------------- */

struct starting {
	pid_t	 pid;
	int	 said;			/* its standard error, our end */
	int	 ready;			/* readiness, our end */
	char	 text[MAX_RELAY];
	size_t	 len;
};

static void
supervisor_exec(const struct ctl *c, const char *path)
{
	const char	*argv[5];
	int		 n = 0;

	argv[n++] = "defenseclawd";
	if (!c->paths.system)
		argv[n++] = "-u";
	if (!cmd_has(c, O_FOREGROUND)) {
		argv[n++] = "-R";
		argv[n++] = "3";
	}
	argv[n] = NULL;
	/* what init may take over is nothing a daemon carries along */
	unsetenv("DEFENSECLAW_GATEWAY_TOKEN");
	unsetenv("OPENCLAW_GATEWAY_TOKEN");
	execv(path, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
}

static void
supervisor_child(const struct ctl *c, const char *path, int said, int ready)
{
	int	null;

	/* out of the way of the low numbers first */
	if ((said = fcntl(said, F_DUPFD, 10)) == -1 ||
	    (ready = fcntl(ready, F_DUPFD, 10)) == -1 ||
	    (null = open("/dev/null", O_RDONLY)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(said, STDOUT_FILENO) == -1 ||
	    dup2(said, STDERR_FILENO) == -1 ||
	    dup2(ready, READY_FD) == -1 || setsid() == -1 ||
	    chdir("/") == -1)
		_exit(CTL_FAILURE);
	closefrom(READY_FD + 1);
	unsetenv("NOTIFY_SOCKET");
	supervisor_exec(c, path);
	_exit(CTL_FAILURE);
}

static int
supervisor_spawn(const struct ctl *c, const char *path, struct starting *s)
{
	int	said[2], ready[2];

	memset(s, 0, sizeof(*s));
	if (pipe2(said, O_CLOEXEC) == -1 || pipe2(ready, O_CLOEXEC) == -1 ||
	    (s->pid = fork()) == -1)
		return (out_fail(CTL_FAILURE, "start: %s", strerror(errno)));
	if (s->pid == 0)
		supervisor_child(c, path, said[1], ready[1]);
	close(said[1]);
	close(ready[1]);
	s->said = said[0];
	s->ready = ready[0];
	return (CTL_OK);
}

/* 1 something came, 0 end of it */
static int
supervisor_hear(struct starting *s)
{
	char	 spill[4096];
	ssize_t	 n;

	if (s->len < sizeof(s->text) - 1)
		n = read(s->said, s->text + s->len,
		    sizeof(s->text) - 1 - s->len);
	else
		n = read(s->said, spill, sizeof(spill));
	if (n <= 0)
		return (0);
	if (s->len < sizeof(s->text) - 1)
		s->len += (size_t)n;
	return (1);
}

/* 1 ready, 0 it is gone, -1 late */
static int
supervisor_wait(struct starting *s)
{
	struct pollfd	pfd[2];
	uint64_t	now, end = clock_ms() + MAX_START_MS;
	char		ch;

	while ((now = clock_ms()) < end) {
		pfd[0].fd = s->ready;
		pfd[1].fd = s->said;
		pfd[0].events = pfd[1].events = POLLIN;
		if (poll(pfd, 2, (int)(end - now)) == -1) {
			if (errno == EINTR)
				continue;
			return (-1);
		}
		if (pfd[1].revents != 0 && !supervisor_hear(s))
			s->said = -1;
		if (pfd[0].revents == 0)
			continue;
		if (read(s->ready, &ch, 1) == 1)
			return (1);
		/* closed without a word: what it last said comes first */
		while (s->said != -1 && supervisor_hear(s))
			;
		return (0);
	}
	return (-1);
}

/* what it said, or only what is worth knowing of a start that went well */
static void
supervisor_relay(struct starting *s, int all)
{
	char	*line, *next;

	s->text[s->len] = '\0';
	for (line = s->text; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (all || strstr(line, "Z warn ") != NULL)
			out_note("%s", line);
	}
}

static int
count_processes(const struct paths *p)
{
	struct client	 c;
	char		 err[MAX_JSON_ERR], *text = NULL;
	size_t		 len;
	json_t		*j = NULL;
	int		 n = 0;

	if (client_open(&c, p, "auditd") == CTL_OK && client_call(&c,
	    MSG_CTL_STATUS, NULL, 0, &text, &len) == CTL_OK)
		j = json_strict(text, len, err);
	n = (int)json_array_size(json_object_get(j, "processes"));
	json_decref(j);
	free(text);
	client_close(&c);
	return (n);
}

static int
started(const struct ctl *c)
{
	int	n = count_processes(&c->paths);

	if (out_json)
		out_document(json_pack("{s:s,s:i}", "state", "started",
		    "processes", n));
	else if (n != 0)
		printf("started, %d processes\n", n);
	else
		printf("started\n");
	return (CTL_OK);
}

static int
start_failed(struct starting *s)
{
	int	status;

	supervisor_relay(s, 1);
	while (waitpid(s->pid, &status, 0) == -1)
		if (errno != EINTR)
			return (out_fail(CTL_FAILURE, "start: %s",
			    strerror(errno)));
	if (WIFSIGNALED(status))
		return (out_fail(CTL_FAILURE, "the suite did not start: "
		    "defenseclawd ended by signal %d", WTERMSIG(status)));
	return (out_fail(WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) :
	    CTL_FAILURE, "the suite did not start"));
}

static int
start(const struct ctl *c)
{
	static struct starting	 s;
	char			 path[PATH_MAX];
	int			 rc;

	if (paths_join(path, sizeof(path), c->paths.libexec,
	    "defenseclawd") == -1 || access(path, X_OK) == -1)
		return (out_fail(CTL_FAILURE, "%s/defenseclawd: %s",
		    c->paths.libexec, strerror(errno)));
	if (access(c->paths.config, F_OK) == -1 && errno == ENOENT)
		return (out_fail(CTL_CONFIG, "%s is missing: run "
		    "`defenseclawctl init' first", c->paths.config));
	if (cmd_has(c, O_FOREGROUND)) {
		supervisor_exec(c, path);
		return (CTL_FAILURE);
	}
	if ((rc = supervisor_spawn(c, path, &s)) != CTL_OK)
		return (rc);
	rc = supervisor_wait(&s);
	if (rc == 0)
		return (start_failed(&s));
	if (rc == -1) {
		(void)kill(s.pid, SIGTERM);
		supervisor_relay(&s, 1);
		return (out_fail(CTL_FAILURE, "the suite was not ready within "
		    "%d s and was told to stop again", MAX_START_MS / 1000));
	}
	supervisor_relay(&s, 0);
	return (started(c));
}

int
cmd_start(struct ctl *c)
{
	const struct manager	*m;
	const char		*program;

	if (suite_listens(&c->paths) == 1)
		return (out_fail(CTL_ALREADY, "already running: see "
		    "`defenseclawctl status'"));
	history_found(&c->paths);
	if (!cmd_has(c, O_FOREGROUND) &&
	    (m = manager_find(&c->paths, &program)) != NULL)
		return (manager_do(m, program, "start"));
	return (start(c));
}

/* --- stop ----------------------------------------------------------------- */

/*
 * Asks auditd, which records who stopped the suite; when it cannot answer,
 * the supervisor by signal.
 */
static int
ask_to_stop(const struct paths *p)
{
	struct client	 c;
	char		*text = NULL;
	size_t		 len;
	pid_t		 pid;
	int		 rc, alive;

	if ((rc = client_open(&c, p, "auditd")) == CTL_OK)
		rc = client_call(&c, MSG_CTL_STOP, NULL, 0, &text, &len);
	free(text);
	client_close(&c);
	if (rc == CTL_OK)
		return (CTL_OK);
	if (rc != CTL_NOT_RUNNING && !c.lost)
		return (out_fail(rc, "stop: %s", c.err));
	alive = suite_alive(p, &pid);
	if (alive == 0)
		return (c.lost ? CTL_OK : CTL_NOT_RUNNING);
	if (alive == -1 || pid == 0)
		return (out_fail(rc, "stop: %s", c.err));
	if (kill(pid, SIGTERM) == -1 && errno != ESRCH)
		return (out_fail(errno == EPERM ? CTL_PERMISSION :
		    CTL_FAILURE, "stop: process %d: %s", (int)pid,
		    strerror(errno)));
	out_note("auditd does not answer: the supervisor was told to stop, "
	    "which no event records");
	return (CTL_OK);
}

/* CTL_OK, CTL_NOT_RUNNING without a word, or a failure that was said */
static int
stop(const struct paths *p)
{
	struct timespec	 step = { 0, GONE_STEP_MS * 1000000L };
	uint64_t	 end;
	int		 rc;

	if (suite_listens(p) == 0)
		return (CTL_NOT_RUNNING);
	if ((rc = ask_to_stop(p)) != CTL_OK)
		return (rc);
	for (end = clock_ms() + MAX_GONE_MS; clock_ms() < end;
	    nanosleep(&step, NULL))
		if (suite_listens(p) == 0)
			return (CTL_OK);
	return (out_fail(CTL_FAILURE, "the suite was told to stop and still "
	    "runs after %d s: its log says what it waits for",
	    MAX_GONE_MS / 1000));
}

int
cmd_stop(struct ctl *c)
{
	const struct manager	*m;
	const char		*program;
	int			 rc;

	/* a service it does not know as running is stopped by us */
	if ((m = manager_find(&c->paths, &program)) != NULL && !m->verb_last &&
	    manager_run(m, program, "is-active") == 0)
		return (manager_do(m, program, "stop"));
	if ((rc = stop(&c->paths)) == CTL_NOT_RUNNING)
		return (not_running());
	return (rc != CTL_OK ? rc : done_text("stopped", "stopped"));
}

/*
 * What will not start must not stop what runs; a configuration that cannot
 * be seen is the supervisor's to judge.
 */
static int
config_usable(const struct paths *p, const char *otherwise)
{
	static struct conf	conf;
	char			err[MAX_CONF_MSG];
	int			rc;

	rc = config_load(p->config, &conf, err, sizeof(err));
	if (rc == CTL_CONFIG)
		return (out_fail(CTL_CONFIG, "%s: the running suite keeps "
		    "what it has", otherwise));
	if (rc == CTL_OK && sinktoken_usable(p, &conf, err, sizeof(err)) ==
	    -1)
		return (out_fail(CTL_CONFIG, "%s: %s", otherwise, err));
	history_found(p);
	return (CTL_OK);
}

int
cmd_restart(struct ctl *c)
{
	const struct manager	*m;
	const char		*program;
	int			 rc;

	if ((rc = config_usable(&c->paths, "not restarted")) != CTL_OK)
		return (rc);
	m = manager_find(&c->paths, &program);
	if (m != NULL && (m->verb_last ||
	    manager_run(m, program, "is-active") == 0))
		return (manager_do(m, program, "restart"));
	rc = stop(&c->paths);
	if (rc != CTL_OK && rc != CTL_NOT_RUNNING)
		return (rc);
	if (m != NULL)
		return (manager_do(m, program, "start"));
	return (start(c));
}

/* --- reload --------------------------------------------------------------- */

int
suite_reload(const struct paths *p, char *err, size_t errlen)
{
	struct client	 cl;
	char		*text = NULL;
	size_t		 len;
	int		 rc;

	if ((rc = client_open_worker(&cl, p)) == CTL_OK) {
		cl.limit_ms = RELOAD_MS;
		rc = client_call(&cl, MSG_CTL_RELOAD, NULL, 0, &text, &len);
	}
	free(text);
	strlcpy(err, cl.err, errlen);
	client_close(&cl);
	return (rc);
}

int
cmd_reload(struct ctl *c)
{
	char	err[MAX_CTL_TEXT + 64];
	int	rc;

	if ((rc = config_usable(&c->paths, "not reloaded")) != CTL_OK)
		return (rc);
	rc = suite_reload(&c->paths, err, sizeof(err));
	if (rc != CTL_OK)
		return (out_fail(rc, "reload: %s", err));
	return (done_text("reloaded", "reloaded"));
}
