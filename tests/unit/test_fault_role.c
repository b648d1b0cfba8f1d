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

#include <sodium.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/role.h"
#include "common/sealed.h"
#include "tests/unit/fault.h"

/*
 * The life of a role, with this program as its supervisor: everything that
 * can be wrong with what is handed over, and with the kernel, ends the role
 * with a sentence that says what it was.
 */

#define PLACE	ST_ANY, 0, 64, FD_NONE, NOBODY

static char	 text[4096];		/* the child's last words */
static int	 sup;			/* our end */
static void	(*scene)(void);		/* of the child, once begun */

static void
put(uint32_t type, const void *data, size_t len, int fd)
{
	struct frame_hdr	 hdr = { type, 0, 0, 0 };
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct iovec		 iov[2];
	struct msghdr		 mh;

	hdr.len = (uint32_t)(sizeof(hdr) + len) |
	    (fd != -1 ? FRAME_FD_MARK : 0);
	memset(&mh, 0, sizeof(mh));
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	iov[1].iov_base = (void *)(uintptr_t)data;
	iov[1].iov_len = len;
	mh.msg_iov = iov;
	mh.msg_iovlen = 2;
	if (fd != -1) {
		memset(&cmsg, 0, sizeof(cmsg));
		mh.msg_control = cmsg.buf;
		mh.msg_controllen = sizeof(cmsg.buf);
		cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		cmsg.hdr.cmsg_level = SOL_SOCKET;
		cmsg.hdr.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&cmsg.hdr), &fd, sizeof(fd));
	}
	CHECK_INT(__real_sendmsg(sup, &mh, MSG_NOSIGNAL),
	    sizeof(hdr) + len);
}

static struct start
good_start(void)
{
	struct start	 s;

	memset(&s, 0, sizeof(s));
	s.build = PROTO_BUILD;
	s.mode = MODE_USER;
	s.role = ROLE_SIGNER;
	s.parent = (uint32_t)getpid();
	(void)snprintf(s.instance, sizeof(s.instance), "signer");
	return (s);
}

/* the child's process: what it says goes to err and to the channel */
static void
life(int fd, int err, int argc)
{
	char	*argv[] = { (char *)(uintptr_t)"signer", NULL };

	alarm(60);	/* one that serves when it should not ends, too */
	(void)__real_dup2(err, STDERR_FILENO);
	close(err);
	if (fd != ROLE_FD) {
		(void)__real_dup2(fd, ROLE_FD);
		close(fd);
	}
	role_begin(argc, argv, ROLE_SIGNER);
	if (scene != NULL)
		scene();
	_exit(9);
}

static const char	*cue;	/* what it says when it is to be told to go */
static int		 cue_type;	/* how: a message, or 0: our end */

static pid_t	 child;
static int	 child_err;

static void
begin(int argc)
{
	int	 sv[2], err[2], null;

	/* the numbers of the channel and of what stands on 0 are fixed */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK(pipe(err) == 0);
	CHECK((child = fork()) != -1);
	if (child == 0) {
		close(sv[1]);
		null = open("/dev/null", O_RDWR);
		(void)__real_dup2(null, STDIN_FILENO);
		life(sv[0], err[1], argc);
	}
	close(sv[0]);
	close(err[1]);
	sup = sv[1];
	child_err = err[0];
}

/* whatever comes with the first words would be bytes after the end of them */
static void
go_on(void)
{
	if (cue == NULL || strstr(text, cue) == NULL)
		return;
	cue = NULL;
	if (cue_type != 0)
		put((uint32_t)cue_type, NULL, 0, -1);
	else
		shutdown(sup, SHUT_WR);
}

/*
 * How it ended, its words in text: those that came as messages, one a line,
 * then those of standard error.
 */
static int
ended(void)
{
	struct frame_hdr	 hdr;
	struct log_line		 line;
	size_t			 len = 0;
	ssize_t			 n;
	int			 status;

	memset(text, 0, sizeof(text));
	while (recv(sup, &hdr, sizeof(hdr), MSG_WAITALL) ==
	    (ssize_t)sizeof(hdr)) {
		if (hdr.type != MSG_LOG) {
			CHECK(hdr.type == MSG_READY);
			CHECK(recv(sup, text + len, hdr.len - sizeof(hdr),
			    MSG_WAITALL) > 0);
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "READY\n");
			go_on();
			continue;
		}
		CHECK(recv(sup, &line, sizeof(line), MSG_WAITALL) ==
		    (ssize_t)sizeof(line));
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%u: %s\n", line.level, line.text);
		go_on();
	}
	while ((n = read(child_err, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(child_err);
	close(sup);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status));
	nfaults = nfired = 0;
	scene = NULL;
	return (WEXITSTATUS(status));
}

static void
start_with(const struct start *s)
{
	begin(1);
	put(MSG_START, s, sizeof(*s), -1);
	put(MSG_START_END, NULL, 0, -1);
}

static void
first_words(void)
{
	struct start	 s = good_start();
	struct frame_hdr bad = { MSG_START, 3, 0, 0 };

	begin(1);
	shutdown(sup, SHUT_WR);
	CHECK_INT(ended(), 0);
	CHECK_STR(text, "");
	begin(4);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "signer: too many arguments\n");
	begin(1);
	CHECK(write(sup, &bad, sizeof(bad)) == (ssize_t)sizeof(bad));
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "signer: start: framing: Bad message\n");
	begin(1);
	put(MSG_START_END, NULL, 0, -1);
	CHECK_INT(ended(), 1);
	CHECK(strstr(text, "signer: not started by the supervisor: ") == text);
	begin(1);
	put(MSG_START, &s, sizeof(s) - 1, -1);
	CHECK_INT(ended(), 1);
	CHECK(strstr(text, "signer: not started by the supervisor: ") == text);
	s.build = PROTO_BUILD + 1;
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK(strstr(text, "signer: the supervisor is of another build") ==
	    text);
	s = good_start();
	s.role = ROLE_AUDITD;
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK(strstr(text, "signer: the supervisor is of another build") ==
	    text);
}

static void
handed_over(void)
{
	struct start	 s = good_start();
	struct start_fd	 what;
	uint32_t	 code = 7;
	int		 i, fd;

	memset(&what, 0, sizeof(what));
	what.kind = SFD_DIR;
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	put(MSG_START_FD, &what, sizeof(what), -1);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: too many descriptors, or none\n");
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	for (i = 0; i <= MAX_ROLE_FDS; i++)
		put(MSG_START_FD, &what, sizeof(what), STDIN_FILENO);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: too many descriptors, or none\n");
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	put(MSG_START_FD, &what, sizeof(what) - 1, STDIN_FILENO);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: malformed descriptor message\n");
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	memset(what.name, 'x', sizeof(what.name));
	put(MSG_START_FD, &what, sizeof(what), STDIN_FILENO);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: malformed descriptor message\n");
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	put(MSG_READY, NULL, 0, -1);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: unexpected message 48\n");
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	/* told to go so soon: one write, so that it is there already */
	{
		struct frame_hdr both[2] = {
			{ MSG_START_END, sizeof(both[0]), 0, 0 },
			{ MSG_SHUTDOWN, sizeof(both[0]), 0, 0 }
		};

		CHECK(write(sup, both, sizeof(both)) ==
		    (ssize_t)sizeof(both));
	}
	CHECK_INT(ended(), 0);
	CHECK_STR(text, "");
	/* records that are none */
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	memset(&what, 0, sizeof(what));
	what.kind = SFD_RECORDS;
	CHECK((fd = sealed_create("records", &code, sizeof(code))) != -1);
	put(MSG_START_FD, &what, sizeof(what), fd);
	close(fd);
	put(MSG_START_END, NULL, 0, -1);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: records: Bad message\n");
}

static void
calls_that_fail(void)
{
	static const struct {
		const char	*call;
		long		 arg, ret;
		int		 error;
		const char	*says;
	} list[] = {
		{ "sodium_init", 0, -1, 0, "libsodium does not start" },
		{ "poll", 0, 0, 0, "the supervisor did not speak for 10 s" },
		{ "poll", 0, -1, EIO, "poll: Input/output error" },
		{ "recvmsg", 0, -1, EIO, "start: read: Input/output error" },
		{ "event_base_new", 0, 0, 0, "libevent does not start" },
		{ "fcntl", F_GETFL, -1, EBADF,
		    "supervisor channel: Bad file descriptor" },
	};
	struct start	 s = good_start();
	char		 want[128];
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		fault_set(list[i].call, list[i].arg, 0, list[i].ret,
		    list[i].error);
		begin(1);
		nfaults = 0;
		if (i > 3) {
			put(MSG_START, &s, sizeof(s), -1);
			put(MSG_START_END, NULL, 0, -1);
		} else if (i == 3)
			put(MSG_SHUTDOWN, NULL, 0, -1);
		CHECK_INT(ended(), 1);
		/* until it knows who it is there is standard error only */
		(void)snprintf(want, sizeof(want), "%s: %s\n",
		    i > 3 ? "3" : "signer", list[i].says);
		CHECK_STR(text, want);
	}
	/* its words cannot be sent either: it ends all the same */
	fault_set("event_base_new", 0, 0, 0, 0);
	fault_then("write", 0, 0, -1, EPIPE);
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "");
	/* those that are no failure */
	fault_set("poll", 0, 0, -1, EINTR);
	fault_then("recvmsg", 0, 0, -1, EAGAIN);
	fault_then("recvmsg", 0, 0, -1, EINTR);
	start_with(&s);
	CHECK_INT(ended(), 9);
	s.parent++;
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: the supervisor is gone\n");
	fault_set("prctl", 1, 0, -1, EPERM);	/* PR_SET_PDEATHSIG */
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK(strncmp(text, "3: parent: asking to die with it is forbidden ",
	    46) == 0);
}

static void
system_mode(void)
{
	struct start	 s = good_start();
	struct start_fd	 what;

	s.mode = MODE_SYSTEM;
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: no directory to become the root\n");
	memset(&what, 0, sizeof(what));
	what.kind = SFD_ROOT;
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	put(MSG_START_FD, &what, sizeof(what), STDIN_FILENO);
	put(MSG_START_END, NULL, 0, -1);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: start: no directory to become the root\n");
	begin(1);
	put(MSG_START, &s, sizeof(s), -1);
	put(MSG_START_FD, &what, sizeof(what), open("/", O_PATH));
	put(MSG_START_END, NULL, 0, -1);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: uid: a role of system mode needs a uid and "
	    "gid of its own, not 0\n");
}

static const struct promise	 promise = {
	SB_STDIO | SB_EVENT | SB_RECVFD, FILES_NONE, { 64, 0, 0, 1024 * 1024 }
};

static void
go(struct peer *p, struct msg *msg)
{
	(void)p;
	(void)msg;
	role_exit();
}

static const struct dispatch	 table[] = {
	{ MSG_SHUTDOWN, PLACE, go },
	{ 0 }
};

static void
serve_scene(void)
{
	role_enter(&promise, NULL);
	log_debug("entered");
	log_warnx("a \"word\"\n");
	role_serve(table);
	_exit(8);
}

/* a step that was left out is found before anything is served */
static void
forgotten_scene(void)
{
	role.sandbox.layers &= ~(1U << LAYER_TIE);
	role_enter(&promise, NULL);
}

static void
refuse_scene(void)
{
	role_refuse("the disk is %s\n", "gone");
}

static void
pause_scene(void)
{
	role_pause(1);
	log_warnx("waited");
	role_pause(10000);
	_exit(8);
}

static void
serving(void)
{
	struct start	 s = good_start();

	scene = serve_scene;
	s.verbose = 1;
	cue = "READY";
	cue_type = MSG_SHUTDOWN;
	start_with(&s);
	CHECK_INT(ended(), 8);
	CHECK_STR(text, "0: entered\n2: a \"word\"\\n\nREADY\n");
	/* the supervisor's death is the role's, without a word */
	scene = serve_scene;
	s.verbose = 0;
	cue = "READY";
	cue_type = 0;
	start_with(&s);
	CHECK_INT(ended(), 0);
	CHECK_STR(text, "2: a \"word\"\\n\nREADY\n");
	scene = refuse_scene;
	start_with(&s);
	CHECK_INT(ended(), EXIT_OPERATOR);
	CHECK_STR(text, "3: the disk is gone\\n\n");
	scene = pause_scene;
	cue = "waited";
	cue_type = MSG_SHUTDOWN;
	start_with(&s);
	CHECK_INT(ended(), 0);
	CHECK_STR(text, "2: waited\n");
}

static void
not_entered(void)
{
	static const struct {
		const char	*call;
		long		 arg, ret;
		int		 error;
		const char	*says;
	} list[] = {
#ifndef SANDBOX_SANITIZER	/* with it standard error stays what it is */
		{ "dup2", 0, -1, EMFILE, "3: stderr: Too many open files\n" },
#endif
		{ "prctl", 4, -1, EPERM,	/* PR_SET_DUMPABLE */
		    "3: dumpable: clearing it is forbidden from outside, by "
		    "the filter of a container or unit: Operation not "
		    "permitted\n" },
	};
	struct start	 s = good_start();
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		scene = serve_scene;
		fault_set(list[i].call, list[i].arg, 0, list[i].ret,
		    list[i].error);
		start_with(&s);
		CHECK_INT(ended(), 1);
		CHECK_STR(text, list[i].says);
	}
	scene = forgotten_scene;
	start_with(&s);
	CHECK_INT(ended(), 1);
	CHECK_STR(text, "3: sandbox: parent is not in force, so it would not "
	    "hold that a role dies with the supervisor\n");
}

/* --- in this process: principals and places ------------------------------ */

static void
principals(void)
{
	struct caller	 c;

	memset(&c, 0, sizeof(c));
	role.start.mode = MODE_USER;
	role.start.owner = 1000;
	CHECK_INT(role_principal(&c), ANYONE);	/* uid 0 */
	c.uid = 1000;
	CHECK_INT(role_principal(&c), ANYONE);
	c.uid = 1001;
	CHECK_INT(role_principal(&c), NOBODY);
	role.start.mode = MODE_SYSTEM;
	role.start.groups.client = 50;
	role.start.groups.audit = 51;
	role.start.groups.admin = 52;
	CHECK_INT(role_principal(&c), NOBODY);
	c.gid = 50;
	CHECK_INT(role_principal(&c), CLIENT);
	c.ngroups = 1;
	c.groups[0] = 51;
	CHECK_INT(role_principal(&c), CLIENT | AUDITOR);
	c.groups[1] = 52;	/* one more than it counts */
	CHECK_INT(role_principal(&c), CLIENT | AUDITOR);
	c.ngroups = 2;
	CHECK_INT(role_principal(&c), ANYONE);
	/* a count beyond the array is not believed */
	memset(c.groups, 0, sizeof(c.groups));
	c.ngroups = UINT32_MAX;
	CHECK_INT(role_principal(&c), CLIENT);
	/* a group that does not exist is nobody's, not even -1's */
	role.start.groups.client = role.start.groups.audit =
	    role.start.groups.admin = GID_NONE;
	c.gid = GID_NONE;
	CHECK_INT(role_principal(&c), NOBODY);
}

static int	 refusals;

static void
on_refused(struct peer *p, uint32_t type)
{
	(void)p;
	CHECK_INT(type, 0);
	refusals++;
}

/* a control connection of this uid; the client's end */
static int
client(uint32_t uid, struct peer **p)
{
	struct caller	 c;
	struct msg	 msg;
	int		 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	memset(&c, 0, sizeof(c));
	c.uid = uid;
	memset(&msg, 0, sizeof(msg));
	msg.data = &c;
	msg.len = sizeof(c);
	msg.fd = sv[0];
	*p = role_control(&msg, table, MAX_FRAME, on_refused);
	CHECK_INT(msg.fd, -1);
	return (sv[1]);
}

/* the text of the error that the client got before the end of file */
static const char *
told(int fd, uint32_t *code)
{
	struct frame_hdr	 hdr;
	ssize_t			 n;
	int			 i;

	for (i = 0; i < 4; i++)
		event_base_loop(role.base, EVLOOP_NONBLOCK);
	CHECK(recv(fd, &hdr, sizeof(hdr), MSG_DONTWAIT) ==
	    (ssize_t)sizeof(hdr));
	CHECK_INT(hdr.type, MSG_CTL_ERROR);
	n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	CHECK_INT(n, hdr.len - sizeof(hdr));
	memcpy(code, text, sizeof(*code));
	CHECK_INT(recv(fd, text + n, 1, MSG_DONTWAIT), 0);
	return (text + 8);
}

static void
nobody_has_a_place(void)
{
	struct peer	*p;
	uint32_t	 code;
	int		 fd;

	role.start.mode = MODE_USER;
	refusals = 0;
	fd = client(1001, &p);
	CHECK(p == NULL);
	CHECK_STR(told(fd, &code), "uid 1001 may not do this");
	CHECK_INT(code, CTL_PERMISSION);
	CHECK_INT(refusals, 1);
	close(fd);
	/* no memory, no place, and the client sees its end */
	fault_alloc(0);
	fd = client(1000, &p);
	CHECK_INT(fault_alloc_end(), 1);
	CHECK(p == NULL);
	CHECK_INT(recv(fd, text, 1, MSG_DONTWAIT), 0);
	close(fd);
	CHECK_INT(role.nclients, 0);
}

static void
places(void)
{
	static int	 fd[MAX_CLIENTS];
	struct peer	*p, *last = NULL;
	uint32_t	 code;
	unsigned int	 i, extra;

	/* MAX_CLIENTS_PER_UID of one, but more of others */
	role.start.mode = MODE_SYSTEM;
	role.start.groups.client = 0;	/* the callers' group */
	for (i = 0; i < MAX_CLIENTS_PER_UID; i++) {
		fd[i] = client(1000, &p);
		CHECK(p != NULL);
	}
	extra = (unsigned int)client(1000, &p);
	CHECK(p == NULL);
	CHECK_STR(told((int)extra, &code), "16 control connections are open "
	    "already: close some, or try again");
	CHECK_INT(code, CTL_FAILURE);
	close((int)extra);
	for (; i < MAX_CLIENTS - OPERATOR_CLIENTS; i++) {
		fd[i] = client(1001 + i / 8, &p);
		CHECK(p != NULL);
	}
	/* the last places are an operator's */
	extra = (unsigned int)client(2000, &p);
	CHECK(p == NULL);
	CHECK_STR(told((int)extra, &code), "60 control connections are open "
	    "already: close some, or try again");
	close((int)extra);
	for (; i < MAX_CLIENTS; i++) {
		fd[i] = client(0, &last);
		CHECK(last != NULL);
	}
	extra = (unsigned int)client(0, &p);
	CHECK(p == NULL);
	close((int)extra);
	/* who says nothing makes room, who spoke and who goes anyway do not */
	TAILQ_FOREACH(p, &role.clients, entry)
		p->since_ms -= MAX_HELLO_MS;
	TAILQ_FIRST(&role.clients)->hello = 1;
	last->since_ms = clock_ms() + 60000;
	CHECK_INT(role.nclients, MAX_CLIENTS);
	while (role.nclients > 2)
		event_base_loop(role.base, EVLOOP_ONCE);
	for (i = 0; i < MAX_CLIENTS; i++)
		close(fd[i]);
	while (role.nclients > 0)
		event_base_loop(role.base, EVLOOP_ONCE);
	CHECK(TAILQ_EMPTY(&role.clients));
}

/* --- messages of the supervisor that would be its bug --------------------- */

static void
peer_scene(void)
{
	struct peer_end	 end;
	struct msg	 msg;

	memset(&msg, 0, sizeof(msg));
	memset(&end, 'x', sizeof(end));
	msg.data = &end;
	msg.len = sizeof(end) - (role.start.uid == 1);
	msg.fd = role.start.uid == 2 ? 4095 : STDIN_FILENO;
	if (role.start.uid == 2)
		(void)snprintf(end.instance, sizeof(end.instance), "auditd");
	(void)role_peer(&msg, &end, table);
}

static void
control_scene(void)
{
	struct caller	 c;
	struct msg	 msg;

	memset(&msg, 0, sizeof(msg));
	memset(&c, 0, sizeof(c));
	msg.data = &c;
	msg.len = sizeof(c) - (role.start.uid == 1);
	c.ngroups = MAX_GROUPS + (role.start.uid == 0);
	msg.fd = STDIN_FILENO;
	(void)role_control(&msg, table, MAX_FRAME, NULL);
}

static void
supervisors_bugs(void)
{
	struct start	 s = good_start();

	for (s.uid = 0; s.uid < 3; s.uid++) {
		scene = peer_scene;
		start_with(&s);
		CHECK_INT(ended(), 1);
		CHECK_STR(text, s.uid == 2 ?
		    "3: peer auditd: Bad file descriptor\n" :
		    "3: malformed peer message\n");
	}
	for (s.uid = 0; s.uid < 2; s.uid++) {
		scene = control_scene;
		start_with(&s);
		CHECK_INT(ended(), 1);
		CHECK_STR(text, "3: malformed control message\n");
	}
}

static void
quiet(enum log_level level, const char *line)
{
	(void)level;
	(void)line;
}

int
main(void)
{
	RUN(first_words);
	RUN(handed_over);
	RUN(calls_that_fail);
	RUN(system_mode);
	RUN(serving);
	RUN(not_entered);
	RUN(supervisors_bugs);
	CHECK(sodium_init() != -1);
	signal(SIGPIPE, SIG_IGN);	/* as role_begin() */
	log_set_sink(quiet);
	CHECK((role.base = event_base_new()) != NULL);
	role.state = ST_RUNNING;
	TAILQ_INIT(&role.clients);
	RUN(principals);
	RUN(nobody_has_a_place);
	RUN(places);
	return (0);
}
