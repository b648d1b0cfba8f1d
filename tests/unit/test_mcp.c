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
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/json.h"
#include "ctl/mcp.h"
#include "tests/unit/test.h"

static char	last[2 * MAX_MCP_ID];	/* kind and id of a line */
static int	nlines;

static void
take(void *arg, const char *line, size_t len, const char *why, const char *id)
{
	struct rpc	r;

	(void)arg;
	nlines++;
	if (line == NULL) {
		snprintf(last, sizeof(last), "%s: %s", id, why);
		return;
	}
	rpc_read(&r, line, len);
	snprintf(last, sizeof(last), "%d %.*s", (int)r.kind,
	    MAX_MCP_ID, r.id);
	rpc_free(&r);
}

static const char *
read_line(const char *text)
{
	struct rpc_in	in;

	rpc_in_init(&in);
	rpc_in_take(&in, text, strlen(text), take, NULL);
	rpc_in_take(&in, "\n", 1, take, NULL);
	rpc_in_free(&in);
	return (last);
}

static void
kinds(void)
{
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}"),
	    "1 1");
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}"),
	    "2 null");
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"id\":\"\\u0061\","
	    "\"result\":7}"), "3 \"a\"");
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"id\":null,"
	    "\"error\":{}}"), "4 null");
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\","
	    "\"params\":{\"a\":1,\"A\":2}}"), "0 1");
	/* two lines for some, but for the one that ends it */
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"x\",\r\"params\":{}}"), "0 1");
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"x\"}\r"), "1 1");
	CHECK_STR(read_line("{\"id\":5,\"a\":{\"id\":6},\"b\":[{\"id\":7}]"),
	    "0 5");
	CHECK_STR(read_line("{\"id\":5,\"a\":{\"id\":6},\"b\":\"\\\"id\"} x"),
	    "0 null");
	CHECK_STR(read_line("{\"a\":{\"id\":6},\"id\":\"z\",\"b\":[1,,]}"),
	    "0 \"z\"");
	CHECK_STR(read_line("{\"id\":{\"id\":6},\"b\":[1,,]}"), "0 null");
}

static void
lines(void)
{
	static char	 big[MAX_MCP_LINE + 2];
	struct rpc_in	 in;

	/* pieces of any size make the same lines; blank ones are none */
	rpc_in_init(&in);
	nlines = 0;
	rpc_in_take(&in, "\n \t\r\n", 5, take, NULL);
	rpc_in_take(&in, "{\"jsonrpc\":\"2.", 14, take, NULL);
	CHECK_INT(nlines, 0);
	rpc_in_take(&in, "0\",\"id\":9,\"method\":\"x\"}\n\n{", 27, take,
	    NULL);
	CHECK_INT(nlines, 1);
	rpc_in_end(&in, take, NULL);
	CHECK_INT(nlines, 2);
	CHECK_STR(last, "null: it ends without a newline");
	rpc_in_free(&in);

	/* the longest passes, one more byte does not; the next is whole */
	rpc_in_init(&in);
	memset(big, ' ', sizeof(big));
	memcpy(big, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"x\"", 36);
	big[MAX_MCP_LINE - 1] = '}';
	rpc_in_take(&in, big, MAX_MCP_LINE, take, NULL);
	rpc_in_take(&in, "\n", 1, take, NULL);
	CHECK_STR(last, "1 9");
	big[MAX_MCP_LINE - 1] = ' ';
	big[MAX_MCP_LINE] = '}';
	rpc_in_take(&in, big, MAX_MCP_LINE, take, NULL);
	rpc_in_take(&in, "}\n", 2, take, NULL);
	CHECK_STR(last, "9: it is longer than 4 MiB");
	CHECK_STR(read_line("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}"),
	    "2 null");
	rpc_in_free(&in);
}

static void
frames(void)
{
	char	*data;
	size_t	 len;
	uint32_t bad[2] = { MCP_GONE + 1, 0 };
	int	 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK_INT(mcp_send(sv[0], MCP_ASK, "ab", 2, "c", 1), 0);
	CHECK_INT(mcp_recv(sv[1], &data, &len), MCP_ASK);
	CHECK_INT(len, 3);
	CHECK_STR(data, "abc");
	free(data);
	CHECK_INT(mcp_send(sv[0], MCP_ASK, "", MAX_MCP_FRAME, "", 1), -1);
	CHECK(write(sv[0], bad, sizeof(bad)) == sizeof(bad));
	CHECK_INT(mcp_recv(sv[1], &data, &len), -1);
	bad[0] = MCP_ASK;
	bad[1] = MAX_MCP_FRAME + 1;
	CHECK(write(sv[0], bad, sizeof(bad)) == sizeof(bad));
	CHECK_INT(mcp_recv(sv[1], &data, &len), -1);
	close(sv[0]);
	CHECK_INT(mcp_recv(sv[1], &data, &len), -1);
	close(sv[1]);
}

/* what the confined half tries: 0 when it has worked */
static int
try_open(void)
{
	return (open("/etc/passwd", O_RDONLY) == -1);
}

static int
try_socket(void)
{
	return (socket(AF_UNIX, SOCK_STREAM, 0) == -1);
}

static int
try_exec(void)
{
	char	*argv[] = { (char *)(uintptr_t)"true", NULL };

	execv("/bin/true", argv);
	return (1);
}

static int
try_fork(void)
{
	pid_t	pid = fork();

	if (pid == 0)
		_exit(0);
	return (pid == -1);
}

static int
try_kill(void)
{
	return (kill(getppid(), 0) == -1);
}

static int
try_unlink(void)
{
	return (unlink("/nonexistent/x") == -1 && errno != ENOENT);
}

static int
ended(int (*fn)(void), int hold)
{
	char	 err[256];
	pid_t	 pid, parent = getpid();
	int	 status;

	if ((pid = fork()) == 0) {
		if (hold && mcp_confine(parent, err, sizeof(err)) == -1) {
			fprintf(stderr, "%s\n", err);
			_exit(99);
		}
		_exit(fn());
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return (WIFSIGNALED(status) ? -WTERMSIG(status) :
	    WEXITSTATUS(status));
}

static int
try_nothing(void)
{
	return (write(STDERR_FILENO, "", 0) == -1);
}

static void
confined(void)
{
	int	(*fns[])(void) = { try_socket, try_exec, try_fork, try_kill,
		    try_unlink };
	size_t	i;

	CHECK_INT(ended(try_nothing, 1), 0);
	/* a path is answered, all else is the end; each works without */
	CHECK_INT(ended(try_open, 0), 0);
	CHECK_INT(ended(try_open, 1), 1);
	for (i = 0; i < sizeof(fns) / sizeof(fns[0]); i++) {
		CHECK_INT(ended(fns[i], 0), 0);
#ifndef SANDBOX_SANITIZER
		CHECK_INT(ended(fns[i], 1), -SIGSYS);
#endif
	}
}

int
main(void)
{
	RUN(kinds);
	RUN(lines);
	RUN(frames);
	RUN(confined);
	return (0);
}
