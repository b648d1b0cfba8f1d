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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/enforce.h"
#include "common/landlock.h"
#include "tests/unit/test.h"

#define OWN_DIR	(LL_READ_FILE | LL_WRITE_FILE | LL_READ_DIR |		\
	    LL_MAKE_REG | LL_REMOVE_FILE | LL_TRUNCATE)

static char	 top[] = "/tmp/landlock.XXXXXX";
static char	 in_dir[64], out_dir[64], in_file[80], out_file[80];

/* each child restricts itself, so that the next one starts free */
static int
in_child(int (*fn)(void))
{
	pid_t	 pid;
	int	 status;

	if ((pid = fork()) == 0)
		_exit(fn());
	CHECK(pid != -1);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return (WEXITSTATUS(status));
}

static int
try_open(const char *path, int flags)
{
	int	 fd;

	if ((fd = open(path, flags | O_CLOEXEC, 0600)) == -1)
		return (errno);
	close(fd);
	return (0);
}

/* 0, or the exit code that names the step which did not go as it must */
static int
paths(void)
{
	struct landlock_rule	 rule = { -1, in_dir, OWN_DIR };
	struct landlock_policy	 policy = { &rule, 1, NULL, 0 };
	struct landlock_result	 res;
	char			 err[256], name[96];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (1);
	if (landlock_apply(&policy, 0, &res, err, sizeof(err)) == -1) {
		fprintf(stderr, "%s\n", err);
		return (2);
	}
	if (try_open(in_file, O_RDWR) != 0 ||
	    try_open(in_file, O_WRONLY | O_TRUNC) != 0)
		return (3);
	snprintf(name, sizeof(name), "%s/new", in_dir);
	if (try_open(name, O_WRONLY | O_CREAT | O_EXCL) != 0 ||
	    unlink(name) == -1)
		return (4);
	if (try_open(out_file, O_RDONLY) != EACCES)
		return (5);
	snprintf(name, sizeof(name), "%s/new", out_dir);
	if (try_open(name, O_WRONLY | O_CREAT) != EACCES)
		return (6);
	if (unlink(out_file) != -1 || errno != EACCES)
		return (7);
	if (res.abi >= 3 && (truncate(out_file, 0) != -1 || errno != EACCES))
		return (8);
	if (mkdir("/tmp/landlock.never", 0700) != -1 || errno != EACCES)
		return (9);
	snprintf(name, sizeof(name), "%s/sub", in_dir);
	if (mkdir(name, 0700) != -1 || errno != EACCES)
		return (10);
	snprintf(name, sizeof(name), "%s/moved", in_dir);
	if (rename(in_file, name) == -1 || rename(name, in_file) == -1)
		return (11);
	snprintf(name, sizeof(name), "%s/moved", out_dir);
	if (rename(in_file, name) != -1)
		return (12);
	return (0);
}

/* a descriptor as the rule, and a file rule that asks for directory rights */
static int
by_descriptor(void)
{
	struct landlock_rule	 rules[2] = {
		{ -1, NULL, LL_READ_FILE | LL_READ_DIR },
		{ -1, out_file, OWN_DIR }
	};
	struct landlock_policy	 policy = { rules, 2, NULL, 0 };
	struct landlock_result	 res;
	char			 err[256], name[96];

	rules[0].fd = open(in_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rules[0].fd == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (1);
	if (landlock_apply(&policy, 0, &res, err, sizeof(err)) == -1) {
		fprintf(stderr, "%s\n", err);
		return (2);
	}
	if (try_open(in_file, O_RDONLY) != 0 ||
	    try_open(in_file, O_RDWR) != EACCES)
		return (3);
	if (try_open(out_file, O_RDWR) != 0)
		return (4);
	snprintf(name, sizeof(name), "%s/new", out_dir);
	if (try_open(name, O_WRONLY | O_CREAT) != EACCES)
		return (5);
	return (0);
}

static int
bad_rules(void)
{
	struct landlock_rule	 rule = { -1, "/nonexistent", OWN_DIR };
	struct landlock_policy	 policy = { &rule, 1, NULL, 0 };
	struct landlock_result	 res;
	char			 err[256];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (1);
	if (landlock_apply(&policy, 0, &res, err, sizeof(err)) != -1 ||
	    strstr(err, "/nonexistent") == NULL)
		return (2);
	rule.path = NULL;
	if (landlock_apply(&policy, 0, &res, err, sizeof(err)) != -1)
		return (3);
	rule.path = in_dir;
	rule.rights = 0;
	if (landlock_apply(&policy, 0, &res, err, sizeof(err)) != -1)
		return (4);
	/* a failure has restricted nothing */
	return (try_open(out_file, O_RDONLY));
}

static int
try_connect(uint16_t port)
{
	struct sockaddr_in	 sin;
	int			 fd, r;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (errno);
	r = connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ? errno : 0;
	close(fd);
	return (r);
}

static int
ports_and_scopes(void)
{
	struct landlock_port	 port = { 9, LL_CONNECT_TCP };
	struct landlock_policy	 policy = { NULL, 0, &port, 1 };
	struct landlock_result	 res;
	char			 err[256];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (1);
	if (landlock_apply(&policy, 0, &res, err, sizeof(err)) == -1)
		return (2);
	if (res.abi >= 4 &&
	    (try_connect(9) == EACCES || try_connect(10) != EACCES))
		return (3);
	if ((res.scoped & LL_SCOPE_SIGNAL) != 0 &&
	    (kill(getppid(), 0) != -1 || errno != EPERM))
		return (4);
	/* each right is either handled or named as missing */
	if ((res.fs & res.fs_missing) != 0 ||
	    (res.fs | res.fs_missing) != (LL_RESOLVE_UNIX << 1) - 1 ||
	    (res.net | res.net_missing) != (LL_CONNECT_UDP << 1) - 1 ||
	    (res.scoped | res.scoped_missing) != (LL_SCOPE_SIGNAL << 1) - 1)
		return (5);
	return (0);
}

static void
test_abi(void)
{
	char	 err[256];

	CHECK(landlock_abi(err, sizeof(err)) >= 1);
}

static void
test_paths(void)
{
	CHECK_INT(in_child(paths), 0);
}

static void
test_by_descriptor(void)
{
	CHECK_INT(in_child(by_descriptor), 0);
}

static void
test_bad_rules(void)
{
	CHECK_INT(in_child(bad_rules), 0);
}

static void
test_ports_and_scopes(void)
{
	CHECK_INT(in_child(ports_and_scopes), 0);
}

static void
test_names(void)
{
	char	 buf[64], tiny[16];

	landlock_names(LL_READ_FILE | LL_TRUNCATE, LL_BIND_TCP,
	    LL_SCOPE_SIGNAL, buf, sizeof(buf));
	CHECK_STR(buf, "read file, truncate, bind tcp, signal");
	landlock_names(0, 0, 0, buf, sizeof(buf));
	CHECK_STR(buf, "");
	landlock_names(~0ULL, ~0ULL, ~0ULL, tiny, sizeof(tiny));
	CHECK(strlen(tiny) < sizeof(tiny));
}

/* what each kernel of the support table gives, as status would show it */
static void
test_enforcement_by_abi(void)
{
	static const struct {
		int		 abi;
		const char	*missing;
	} steps[] = {
		{ 0, "landlock" },
		{ 1, "landlock.refer" },
		{ 2, "landlock.truncate" },
		{ 3, "landlock.tcp" },
		{ 4, "landlock.ioctl" },
		{ 5, "landlock.abstract" },
		{ 6, "landlock.unix" },
		{ 8, "landlock.unix" },
		{ 9, "landlock.udp" },
		{ 10, NULL },
	};
	const struct enforce_row	*rows;
	struct sandbox_state		 st;
	const char			*first;
	size_t				 i, j, n;

	rows = enforce_rows(&n);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		memset(&st, 0, sizeof(st));
		st.layers = steps[i].abi == 0 ? 0 : 1u << LAYER_LANDLOCK;
		st.landlock_kernel_abi = st.landlock_abi =
		    (uint16_t)steps[i].abi;
		st.landlock_fs = st.landlock_net = st.landlock_scoped = ~0ULL;
		first = NULL;
		for (j = 0; j < n && first == NULL; j++)
			if (rows[j].layer == LAYER_LANDLOCK &&
			    enforce_held(&rows[j], &st) == HELD_NO)
				first = rows[j].id;
		if (steps[i].missing == NULL)
			CHECK(first == NULL);
		else
			CHECK_STR(first, steps[i].missing);
	}
}

static void
test_floor(void)
{
	struct sandbox_state	 st;
	char			 err[256];
	unsigned int		 layer;

	memset(&st, 0, sizeof(st));
	st.system_mode = st.want_netns = 1;
	st.landlock_kernel_abi = st.landlock_abi = 1;
	st.landlock_fs = LL_REFER - 1;
	st.layers = (1u << LAYER_COUNT) - 1;
	CHECK_INT(enforce_floor(&st, 0, err, sizeof(err)), 0);
	for (layer = 0; layer < LAYER_COUNT; layer++) {
		st.layers = ((1u << LAYER_COUNT) - 1) & ~(1u << layer);
		CHECK_INT(enforce_floor(&st, 0, err, sizeof(err)),
		    layer == LAYER_MDWE ? 0 : -1);
	}
	/* user mode has no uid, root and network of its own */
	st.system_mode = st.want_netns = 0;
	st.layers = ((1u << LAYER_COUNT) - 1) & ~(1u << LAYER_UID |
	    1u << LAYER_CHROOT | 1u << LAYER_NETNS);
	CHECK_INT(enforce_floor(&st, 0, err, sizeof(err)), 0);
	/* a kernel without Landlock only where the operator said so */
	st.layers &= ~(1u << LAYER_LANDLOCK);
	st.landlock_kernel_abi = st.landlock_abi = 0;
	CHECK_INT(enforce_floor(&st, 0, err, sizeof(err)), -1);
	CHECK_INT(enforce_floor(&st, 1, err, sizeof(err)), 0);
	/* and that never covers a kernel that has it */
	st.landlock_kernel_abi = 1;
	CHECK_INT(enforce_floor(&st, 1, err, sizeof(err)), -1);
}

/* what is no floor has a loss to tell, all else the words of a refusal */
static void
test_support_table(void)
{
	const struct enforce_row	*rows;
	struct sandbox_state		 st;
	char				 err[256], want[256];
	size_t				 i, n;

	memset(&st, 0, sizeof(st));
	st.system_mode = st.want_netns = 1;
	rows = enforce_rows(&n);
	for (i = 0; i < n; i++) {
		CHECK_INT(rows[i].need == NEED_MORE, rows[i].without != NULL);
		CHECK_INT(rows[i].need == NEED_MORE, rows[i].refusal == NULL);
		CHECK_INT(enforce_held(&rows[i], &st),
		    rows[i].layer == LAYER_NONE ? HELD_NOT_HERE : HELD_NO);
		CHECK_INT(strncmp(enforce_need_name(rows[i].need), "floor",
		    5) == 0, rows[i].refusal != NULL);
		errno = EPERM;
		CHECK_INT(enforce_refuse(rows[i].id, err, sizeof(err)), -1);
		snprintf(want, sizeof(want), "%s: %s", rows[i].refusal !=
		    NULL ? rows[i].refusal : rows[i].id, strerror(EPERM));
		CHECK_STR(err, want);
	}
}

static void
make_file(const char *path)
{
	int	 fd;

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd != -1);
	CHECK(write(fd, "x", 1) == 1);
	close(fd);
}

int
main(void)
{
	CHECK(mkdtemp(top) != NULL);
	snprintf(in_dir, sizeof(in_dir), "%s/in", top);
	snprintf(out_dir, sizeof(out_dir), "%s/out", top);
	snprintf(in_file, sizeof(in_file), "%s/file", in_dir);
	snprintf(out_file, sizeof(out_file), "%s/file", out_dir);
	CHECK(mkdir(in_dir, 0700) == 0 && mkdir(out_dir, 0700) == 0);
	make_file(in_file);
	make_file(out_file);

	RUN(test_names);
	RUN(test_enforcement_by_abi);
	RUN(test_support_table);
	RUN(test_floor);
	RUN(test_abi);
	RUN(test_paths);
	RUN(test_by_descriptor);
	RUN(test_bad_rules);
	RUN(test_ports_and_scopes);

	unlink(in_file);
	unlink(out_file);
	rmdir(in_dir);
	rmdir(out_dir);
	rmdir(top);
	return (0);
}
