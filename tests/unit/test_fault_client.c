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

#include <sys/un.h>

#include "common/peer.h"
#include "ctl/client.h"
#include "tests/unit/fault.h"

/*
 * The front end against an end that answers what no role answers, and a
 * kernel that fails in between.
 */

static struct client	 c;
static int		 far;		/* the role's end */

static void
begin(void)
{
	int	 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	memset(&c, 0, sizeof(c));
	c.fd = sv[0];
	c.instance = "auditd";
	c.limit_ms = 2000;
	c.id = 1;
	frame_in_init(&c.in, MAX_FRAME_BIG, 0);
	far = sv[1];
}

static void
end(void)
{
	client_close(&c);
	close(far);
}

static void
put(uint32_t type, uint32_t id, const void *data, size_t len)
{
	struct frame_hdr hdr = { type, (uint32_t)(sizeof(hdr) + len), id, 0 };

	CHECK(write(far, &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	if (len != 0)
		CHECK(write(far, data, len) == (ssize_t)len);
}

static void
sending(void)
{
	static const struct {
		int		 error;
		int		 rc;
		const char	*says;
	} list[] = {
		{ EINTR, CTL_OK, "" },
		{ EAGAIN, CTL_FAILURE, "auditd did not answer within 2 s" },
		{ EPIPE, CTL_OK, "" },
		{ ECONNRESET, CTL_OK, "" },
		{ EIO, CTL_FAILURE, "auditd: Input/output error" },
	};
	struct frame_hdr hdr;
	char		 buf[64];
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		begin();
		fault_set("sendmsg", 0, 0, -1, list[i].error);
		CHECK_INT(client_send(&c, 7, "ab", 2, "cde", 3), list[i].rc);
		fault_end();
		CHECK_STR(c.err, list[i].says);
		CHECK_INT(c.lost, list[i].error == EAGAIN);
		end();
	}
	/* the kernel takes it in pieces: within each, and at the edge */
	begin();
	fault_set("sendmsg", 0, 0, 5, 0);
	fault_then("sendmsg", 0, 0, (long)sizeof(hdr) - 5 + 1, 0);
	CHECK_INT(client_send(&c, 7, "ab", 2, "cde", 3), CTL_OK);
	fault_end();
	CHECK_INT(read(far, buf, sizeof(buf)), 4);
	CHECK(memcmp(buf, "bcde", 4) == 0);
	fault_set("sendmsg", 0, 0, (long)sizeof(hdr) + 2, 0);
	CHECK_INT(client_send(&c, 7, "ab", 2, "cde", 3), CTL_OK);
	fault_end();
	CHECK_INT(read(far, buf, sizeof(buf)), 3);
	CHECK(memcmp(buf, "cde", 3) == 0);
	CHECK_INT(client_send(&c, 7, "ab", 2, NULL, 0), CTL_OK);
	CHECK_INT(read(far, buf, sizeof(buf)), sizeof(hdr) + 2);
	memcpy(&hdr, buf, sizeof(hdr));
	CHECK(hdr.type == 7 && hdr.len == sizeof(hdr) + 2);
	CHECK_INT(hdr.id, c.id);
	/* too large, alone or together */
	CHECK_INT(client_send(&c, 7, "", (size_t)MAX_FRAME_BIG + 1, "", 0),
	    CTL_USAGE);
	CHECK_INT(client_send(&c, 7, "", MAX_FRAME_BIG, "a", 1), CTL_USAGE);
	CHECK_STR(c.err, "the request is larger than 5242880 bytes");
	end();
}

static void
receiving(void)
{
	static const struct {
		const char	*call;
		int		 ret;
		int		 error;
		int		 rc;
		const char	*says;
	} list[] = {
		{ "poll", -1, EINTR, CTL_OK, "" },
		{ "poll", -1, ENOMEM, CTL_FAILURE,
		    "auditd: Cannot allocate memory" },
		{ "poll", 0, 0, CTL_FAILURE,
		    "auditd did not answer within 2 s" },
		{ "recvmsg", -1, EAGAIN, CTL_OK, "" },
		{ "recvmsg", -1, EIO, CTL_FAILURE,
		    "auditd: Input/output error" },
		{ "recvmsg", -1, ECONNRESET, CTL_NOT_RUNNING, "auditd closed "
		    "the connection before its answer was complete: try "
		    "again" },
		{ "recvmsg", 0, 0, CTL_NOT_RUNNING, "auditd closed the "
		    "connection before its answer was complete: try again" },
	};
	struct msg	 msg;
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		begin();
		put(MSG_CTL_TEXT, 1, "x", 1);
		fault_set(list[i].call, FAULT_ANY, 0, list[i].ret,
		    list[i].error);
		CHECK_INT(client_recv(&c, &msg), list[i].rc);
		fault_end();
		CHECK_STR(c.err, list[i].says);
		end();
	}
	/* without a limit it waits, and a limit that is over is over */
	begin();
	c.limit_ms = -1;
	put(MSG_CTL_TEXT, 1, "x", 1);
	CHECK_INT(client_recv(&c, &msg), CTL_OK);
	c.limit_ms = 1;
	CHECK_INT(client_recv(&c, &msg), CTL_FAILURE);
	CHECK_STR(c.err, "auditd did not answer within 0.001 s");
	CHECK_INT(c.lost, 1);
	end();
	begin();
	close(far);
	CHECK_INT(client_recv(&c, &msg), CTL_NOT_RUNNING);
	CHECK_INT(c.lost, 1);
	client_close(&c);
}

static int
count(const char *text, size_t len, void *arg)
{
	(void)text;
	*(size_t *)arg += len;
	return (*(size_t *)arg > 3 ? CTL_POLICY : CTL_OK);
}

static void
answers(void)
{
	static const char	 bad[] = "auditd: malformed answer";
	static const struct {
		uint32_t	 type;
		const char	*data;
		size_t		 len;
		int		 rc;
		const char	*says;
	} list[] = {
		{ MSG_CTL_ERROR, "\4\0\0\0\2\0\0\0no", 11, CTL_POLICY, "no" },
		{ MSG_CTL_ERROR, "\0\0\0\0\2\0\0\0no", 11, CTL_FAILURE,
		    "no" },
		{ MSG_CTL_ERROR, "\12\0\0\0\2\0\0\0no", 11, CTL_FAILURE,
		    "no" },
		{ MSG_CTL_ERROR, "\4\0\0\0\2\0\0\0no", 10, CTL_FAILURE, bad },
		{ MSG_CTL_ERROR, "\4\0\0", 3, CTL_FAILURE, bad },
		{ MSG_CTL_DONE, "\0\0\0", 3, CTL_FAILURE, bad },
		{ MSG_CTL_DONE, "\12\0\0\0", 4, CTL_FAILURE, bad },
		{ MSG_CTL_DONE, "\7\0\0\0", 4, CTL_NOT_FOUND,
		    "auditd refused" },
		{ MSG_CTL_DONE, "\0\0\0\0", 4, CTL_OK, "" },
		{ MSG_CTL_NEXT, "\1\0\0\0", 4, CTL_FAILURE,
		    "auditd: unexpected message 147" },
		{ MSG_CTL_STATUS, "", 0, CTL_FAILURE,
		    "auditd: unexpected message 132" },
		{ MSG_CTL_TEXT, "four", 4, CTL_POLICY, "" },
	};
	uint64_t	 next = 42;
	size_t		 i, sum;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		begin();
		put(list[i].type, 1, list[i].data, list[i].len);
		sum = 0;
		CHECK_INT(client_answer(&c, count, &sum), list[i].rc);
		CHECK_STR(c.err, list[i].says);
		end();
	}
	begin();
	put(MSG_CTL_TEXT, 2, "other request's", 15);
	put(MSG_CTL_TEXT, 1, "abc", 3);
	put(MSG_CTL_NEXT, 1, &next, sizeof(next));
	put(MSG_CTL_DONE, 1, "\0\0\0\0", 4);
	sum = 0;
	CHECK_INT(client_answer(&c, count, &sum), CTL_OK);
	CHECK_INT(sum, 3);
	CHECK_INT(c.next, 42);
	end();
	/* a frame that is none */
	begin();
	CHECK(write(far, "\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16) == 16);
	CHECK_INT(client_answer(&c, count, &sum), CTL_FAILURE);
	CHECK_STR(c.err, bad);
	end();
}

static void
calls(void)
{
	char	*text;
	size_t	 len;
	int	 i;

	begin();
	c.id = 0;
	put(MSG_CTL_TEXT, 1, "abc", 3);
	put(MSG_CTL_DONE, 1, "\0\0\0\0", 4);
	CHECK_INT(client_call(&c, MSG_CTL_STATUS, NULL, 0, &text, &len),
	    CTL_OK);
	CHECK_STR(text, "abc");
	CHECK_INT(len, 3);
	free(text);
	end();
	/* no memory for the buffer, for the first piece, for the end */
	for (i = 0; i < 3; i++) {
		begin();
		c.id = 0;
		put(MSG_CTL_TEXT, 1, "abc", 3);
		put(MSG_CTL_DONE, 1, "\0\0\0\0", 4);
		fault_alloc(i);
		if (client_call(&c, MSG_CTL_STATUS, NULL, 0, &text, &len) ==
		    CTL_OK) {
			CHECK_INT(fault_alloc_end(), 0);
			CHECK_STR(text, "abc");
			free(text);
		} else {
			CHECK_INT(fault_alloc_end(), 1);
			CHECK(text == NULL);
			CHECK_STR(c.err, i == 0 ?
			    "auditd: Cannot allocate memory" :
			    "auditd: the answer is too large");
		}
		end();
	}
	begin();
	CHECK_INT(client_call(&c, MSG_CTL_STATUS, "",
	    (size_t)MAX_FRAME_BIG + 1, &text, &len), CTL_USAGE);
	CHECK(text == NULL);
	end();
}

/* --- opening --------------------------------------------------------------- */

static struct paths	 paths;
static char		 dir[] = "/tmp/test_client.XXXXXX";

/* what a process at the socket says to a hello */
static int
opened(uint32_t type, const void *data, size_t len)
{
	struct sockaddr_un	 sun;
	struct frame_hdr	 hdr = { type, 0, 1, 0 };
	pid_t			 pid;
	int			 fd, lfd, rc, status;
	char			 buf[64];

	hdr.len = (uint32_t)(sizeof(hdr) + len);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	CHECK(paths_control(&paths, "auditd", sun.sun_path,
	    sizeof(sun.sun_path)) == 0);
	CHECK((lfd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	CHECK(bind(lfd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	CHECK(listen(lfd, 8) == 0);
	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		nfaults = 0;
		if ((fd = accept(lfd, NULL, NULL)) == -1 ||
		    read(fd, buf, sizeof(buf)) <= 0)
			_exit(1);
		(void)!write(fd, &hdr, sizeof(hdr));
		(void)!write(fd, data, len);
		(void)!read(fd, buf, 1);
		_exit(0);
	}
	close(lfd);
	rc = client_open(&c, &paths, "auditd");
	client_close(&c);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(unlink(sun.sun_path) == 0);
	return (rc);
}

static void
opening(void)
{
	static const char	 other[] = "auditd is of another release: "
	    "install all programs of one";
	uint32_t		 version = CTL_VERSION;

	CHECK_INT(opened(MSG_CTL_HELLO, &version, sizeof(version)), CTL_OK);
	CHECK_INT(opened(MSG_CTL_HELLO, &version, 3), CTL_FAILURE);
	CHECK_STR(c.err, other);
	version++;
	CHECK_INT(opened(MSG_CTL_HELLO, &version, sizeof(version)),
	    CTL_FAILURE);
	CHECK_STR(c.err, other);
	version--;
	CHECK_INT(opened(MSG_CTL_DONE, &version, sizeof(version)),
	    CTL_FAILURE);
	CHECK_STR(c.err, other);
	fault_set("getsockopt", SO_PEERCRED, 0, -1, ENOPROTOOPT);
	CHECK_INT(opened(MSG_CTL_HELLO, &version, sizeof(version)),
	    CTL_FAILURE);
	fault_end();
	CHECK_STR(c.err, "auditd: Protocol not available");
}

static void
not_opened(void)
{
	static const char	 start[] = "not running: start the suite with "
	    "`defenseclawctl start";
	static const struct {
		const char	*call;
		long		 arg;
		int		 error;
		int		 rc;
		const char	*says;
	} list[] = {
		{ "socket", FAULT_ANY, EMFILE, CTL_FAILURE,
		    "socket: Too many open files" },
		{ "setsockopt", SO_SNDTIMEO, EDOM, CTL_FAILURE,
		    "socket: Numerical argument out of domain" },
		{ "connect", FAULT_ANY, EACCES, CTL_PERMISSION,
		    "/auditd.sock: Permission denied" },
		{ "connect", FAULT_ANY, EPERM, CTL_PERMISSION,
		    "/auditd.sock: Operation not permitted" },
		{ "connect", FAULT_ANY, ENOTSOCK, CTL_FAILURE,
		    "/auditd.sock: Socket operation on non-socket" },
		{ "connect", FAULT_ANY, ECONNREFUSED, CTL_NOT_RUNNING,
		    start },
		{ "connect", FAULT_ANY, ENOENT, CTL_NOT_RUNNING, start },
	};
	char	 want[128];
	size_t	 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		fault_set(list[i].call, list[i].arg, 0, -1, list[i].error);
		CHECK_INT(client_open(&c, &paths, "auditd"), list[i].rc);
		fault_end();
		CHECK(strstr(c.err, list[i].says) != NULL);
		CHECK_INT(c.fd, -1);
	}
	CHECK_INT(client_open(&c, &paths, "a-name-that-no-instance-of-a-"
	    "role-has-for-it-is-too-long-to-be-one-of-them"), CTL_FAILURE);
	CHECK(strstr(c.err, ": no such process") != NULL);
	/* how it is started depends on whose it is */
	CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
	for (i = 0; i < 4; i++) {
		paths.system = i == 1;
		if (i == 2)
			CHECK(setenv("DEFENSECLAW_HOME", dir, 1) == 0);
		if (i == 3)
			CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
		fault_set("connect", FAULT_ANY, 0, -1, ENOENT);
		if (i != 1)
			fault_then("geteuid", 0, 0, i == 3 ? 1000 : 0, 0);
		CHECK_INT(client_open(&c, &paths, "auditd"),
		    CTL_NOT_RUNNING);
		fault_end();
		(void)snprintf(want, sizeof(want), "%s%s'", start,
		    i == 0 ? " --user" : "");
		CHECK_STR(c.err, want);
	}
	paths.system = 0;
	CHECK_INT(client_open_worker(&c, &paths), CTL_NOT_RUNNING);
}

int
main(void)
{
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(paths.home, sizeof(paths.home), "%s", dir);
	(void)snprintf(paths.control, sizeof(paths.control), "%s", dir);
	RUN(sending);
	RUN(receiving);
	RUN(answers);
	RUN(calls);
	RUN(opening);
	RUN(not_opened);
	CHECK(rmdir(dir) == 0);
	return (0);
}
