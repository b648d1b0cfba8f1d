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
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "cmd.h"
#include "mcp.h"

/*
 * mcp run NAME -- COMMAND...: what an MCP client is told to start instead of
 * the server's own command.  This process starts the server and the confined
 * one that reads both (mcpgate.c), and does for that what it cannot: it asks
 * gatewayd and keeps the rows of what nobody decided.
 */

#define NO_PROGRAM	127	/* as shells have it */
#define NO_EXEC		126

static volatile sig_atomic_t	server_pid;

struct run {
	const struct paths	*paths;
	const char		*session;
	uint64_t		 limit_ms;
	int			 gate;		/* the gate's end */
	pid_t			 gate_pid;
	int			 server_status;	/* of wait(2) */
	int			 failed;	/* the gate */
};

/* what a client sends us to end it is the server's */
static void
forward(int sig)
{
	int	saved = errno;

	if (server_pid > 0)
		kill((pid_t)server_pid, sig);
	errno = saved;
}

static void
nothing(int sig)
{
	(void)sig;
}

static int
is_name(const char *s)
{
	size_t	n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return (n != 0 && n <= MAX_PIN_SERVER && s[n] == '\0');
}

/* no server needs what opens the suite; what its maker wants it gets */
static void
drop_secrets(void)
{
	static const char *const ours[] = { "DEFENSECLAW_", "OPENCLAW_GATEWAY",
	    NULL };
	extern char	**environ;
	char		 name[256];
	size_t		 i, k, len;

	for (i = 0; environ[i] != NULL; i++) {
		len = strcspn(environ[i], "=");
		for (k = 0; ours[k] != NULL; k++)
			if (strncmp(environ[i], ours[k], strlen(ours[k])) == 0)
				break;
		if (ours[k] == NULL || len >= sizeof(name) ||
		    strncmp(environ[i], "DEFENSECLAW_HOME=", 17) == 0)
			continue;
		memcpy(name, environ[i], len);
		name[len] = '\0';
		if (unsetenv(name) == 0)
			i--;
	}
}

static void
server_exec(const char **argv, int in, int out, pid_t parent)
{
	sigset_t	none;
	int		i, error;

	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1)
		_exit(NO_EXEC);
	closefrom(STDERR_FILENO + 1);
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(NO_EXEC);
	drop_secrets();
	execvp(argv[0], (char **)(uintptr_t)argv);
	error = errno;
	out_note("mcp run: %s: %s", argv[0], strerror(error));
	_exit(error == ENOENT ? NO_PROGRAM : NO_EXEC);
}

static int
answer(const struct run *r, int32_t status, const char *text, size_t len)
{
	/* the gate takes no more than it can read */
	if (len > MAX_MCP_FRAME - sizeof(status)) {
		status = 0;
		text = "gatewayd's answer is too long";
		len = strlen(text);
	}
	return (mcp_send(r->gate, MCP_ANSWER, &status, sizeof(status), text,
	    len));
}

/* the routes that the gate may ask, whoever it has become */
static int
is_route(const char *route)
{
	return (strcmp(route, "/api/v1/inspect/tool") == 0 ||
	    strcmp(route, "/api/v1/inspect/tool-response") == 0 ||
	    strcmp(route, "/api/v1/mcp/pins") == 0);
}

static int
ask(const struct run *r, const char *data, size_t len)
{
	char		 err[MAX_HOOK_ERR], *text = NULL;
	uint64_t	 deadline = clock_ms() + r->limit_ms;
	size_t		 n = strlen(data) + 1, alen;
	int		 status, rc;

	if (n > len || !is_route(data))
		return (-1);
	status = hookask(r->paths, data, data + n, len - n, deadline, &text,
	    &alen, err);
	if (status <= 0)
		return (answer(r, 0, err, strlen(err)));
	rc = answer(r, status, text, alen);
	free(text);
	if (status == 200)
		hookspool_send(r->paths, deadline);
	return (rc);
}

static int
spool(const struct run *r, const char *data, size_t len)
{
	struct spool_row	 row;
	struct hook		 h;
	char			 err[MAX_HOOK_ERR];
	json_t			*j;
	int			 rc = -1;

	if ((j = json_strict(data, len, err)) == NULL)
		return (-1);
	memset(&h, 0, sizeof(h));
	h.agent = HOOK_GENERIC;
	h.tool = json_str(j, "tool");
	snprintf(h.event, sizeof(h.event), "mcp:%s", json_str(j, "server") !=
	    NULL ? json_str(j, "server") : "");
	row.action = json_str(j, "action");
	row.rule = json_str(j, "rule");
	row.session = r->session;
	row.why = json_str(j, "why");
	if (row.action != NULL && row.why != NULL)
		rc = hookspool_add(&h, &row, err);
	json_decref(j);
	return (answer(r, rc == 0 ? 200 : 0, "", 0));
}

/* one message of the gate; -1 when there will be no more */
static int
serve(const struct run *r)
{
	char	*data;
	size_t	 len;
	int	 kind, rc = -1;

	if ((kind = mcp_recv(r->gate, &data, &len)) == -1)
		return (-1);
	if (kind == MCP_ASK)
		rc = ask(r, data, len);
	else if (kind == MCP_SPOOL)
		rc = spool(r, data, len);
	free(data);
	return (rc);
}

/* takes note of who has ended */
static void
reap(struct run *r)
{
	pid_t	pid;
	int	status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == server_pid) {
			server_pid = 0;
			r->server_status = status;
			(void)mcp_send(r->gate, MCP_GONE, NULL, 0, NULL, 0);
		} else if (pid == r->gate_pid) {
			r->gate_pid = 0;
			if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
				continue;
			out_note("mcp run: the reader of both sides ended "
			    "before its time");
			r->failed = 1;
			if (server_pid > 0)
				kill((pid_t)server_pid, SIGTERM);
		}
	}
}

static int
last_status(int status)
{
	struct rlimit	none = { 0, 0 };

	if (WIFEXITED(status))
		return (WEXITSTATUS(status));
	/* as it ended we end; its core is enough */
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return (128 + WTERMSIG(status));
}

static int
attend(struct run *r)
{
	static const int	 sent[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	    SIGUSR1, SIGUSR2 };
	struct sigaction	 sa;
	struct pollfd		 pfd;
	sigset_t		 none;
	size_t			 i;

	memset(&sa, 0, sizeof(sa));
	sigfillset(&sa.sa_mask);
	sa.sa_handler = forward;
	for (i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
		sigaction(sent[i], &sa, NULL);
	sigemptyset(&none);
	pfd.fd = r->gate;
	pfd.events = POLLIN;
	for (;;) {
		reap(r);
		if (server_pid == 0 && r->gate_pid == 0)
			return (r->failed ? CTL_FAILURE :
			    last_status(r->server_status));
		if (ppoll(&pfd, 1, NULL, &none) > 0 && serve(r) == -1) {
			shutdown(r->gate, SHUT_RDWR);
			pfd.fd = -1;
		}
	}
}

/* for rows; short, since a longer number is taken for a secret */
static int
session_name(char buf[MAX_MCP_SESSION])
{
	uint32_t	n;

	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return (-1);
	snprintf(buf, MAX_MCP_SESSION, "mcp-%08x", (unsigned int)n);
	return (0);
}

/* both processes; 0, or -1 with errno */
static int
start(struct run *r, struct mcp_gate *g, const char **argv)
{
	pid_t	parent = getpid(), pid;
	int	in[2], out[2], sv[2], null;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1 ||
	    fcntl(in[1], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(out[0], F_SETFL, O_NONBLOCK) == -1 ||
	    (pid = fork()) == -1)
		return (-1);
	if (pid == 0)
		server_exec(argv, in[0], out[1], parent);
	server_pid = pid;
	close(in[0]);
	close(out[1]);
	g->to_server = in[1];
	g->from_server = out[0];
	g->asker = sv[1];
	r->gate = sv[0];
	if ((r->gate_pid = fork()) == -1) {
		kill(pid, SIGTERM);
		return (-1);
	}
	if (r->gate_pid == 0) {
		close(sv[0]);
		mcp_gate(g, parent);
	}
	close(sv[1]);
	close(in[1]);
	close(out[0]);
	/* the client's ends are the gate's alone: who ends them is seen */
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) != -1) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return (0);
}

int
cmd_mcp_run(struct ctl *c)
{
	const char	*mode = cmd_value(c, O_FAIL_MODE);
	struct mcp_gate	 g;
	struct run	 r;
	struct sigaction sa;
	sigset_t	 child;
	char		 session[MAX_MCP_SESSION];
	uint64_t	 limit = HOOK_LIMIT_S;

	if (!is_name(c->args[0]))
		return (out_fail(CTL_USAGE, "a server's name has 1 to %d "
		    "letters, digits, dots, dashes and underscores",
		    MAX_PIN_SERVER));
	if (mode != NULL && strcmp(mode, "open") != 0 &&
	    strcmp(mode, "closed") != 0)
		return (out_fail(CTL_USAGE, "--fail-mode is open or closed"));
	if (cmd_number(c, O_TIMEOUT, 1, MAX_HOOK_S, &limit) == -1)
		return (CTL_USAGE);
	if (session_name(session) == -1)
		return (out_fail(CTL_FAILURE, "no source of randomness"));
	memset(&r, 0, sizeof(r));
	r.paths = &c->paths;
	r.session = session;
	r.limit_ms = limit * 1000;
	memset(&g, 0, sizeof(g));
	g.name = c->args[0];
	g.session = session;
	g.open = mode != NULL && strcmp(mode, "open") == 0;
	signal(SIGPIPE, SIG_IGN);
	/* heard only while there is nothing else to do */
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = nothing;
	sigaction(SIGCHLD, &sa, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	if (start(&r, &g, c->args + 1) == -1)
		return (out_fail(CTL_FAILURE, "mcp run: %s",
		    strerror(errno)));
	return (attend(&r));
}
