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
#include <grp.h>
#include <unistd.h>

#include "common/caller.h"
#include "tests/unit/test.h"

#define UID	47301		/* in no passwd file */
#define GID	47302
#define CLIENT	47311
#define AUDIT	47312
#define ADMIN	47313

static const struct suite_groups	suite = { CLIENT, AUDIT, ADMIN };
static gid_t				list[MAX_PEER_GROUPS];

/* who a child with these groups is, to somebody it connected to */
static void
child(const gid_t *groups, size_t n, const struct suite_groups *sg,
    struct caller *c)
{
	int	sv[2], status;
	pid_t	pid;
	char	b;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		int	mine[2];

		/* the credentials of a pair are those of its maker */
		if (setgroups(n, groups) == -1 || setgid(GID) == -1 ||
		    setuid(UID) == -1 ||
		    socketpair(AF_UNIX, SOCK_STREAM, 0, mine) == -1 ||
		    caller_get(mine[0], sg, c) == -1 ||
		    write(sv[1], c, sizeof(*c)) != sizeof(*c))
			_exit(1);
		_exit(0);
	}
	close(sv[1]);
	CHECK_INT(read(sv[0], c, sizeof(*c)), sizeof(*c));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK_INT(c->uid, UID);
	CHECK_INT(c->gid, GID);
	CHECK_INT(c->pid, pid);
	CHECK_INT(read(sv[0], &b, 1), 0);
	close(sv[0]);
}

static void
fill(size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		list[i] = (gid_t)(100000 + i);
}

/* the group is found wherever it stands, in lists of every length */
static void
lengths(void)
{
	static const size_t	n[] = { 1, 2, 31, 32, 33, 63, 64, 65, 66,
				    1000, MAX_PEER_GROUPS - 1,
				    MAX_PEER_GROUPS };
	struct caller		c;
	size_t			i;

	child(NULL, 0, &suite, &c);
	CHECK_INT(c.ngroups, 0);
	for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		fill(n[i]);
		child(list, n[i], &suite, &c);
		CHECK_INT(c.ngroups, 0);
		CHECK(!caller_in_group(&c, ADMIN));
		CHECK(!caller_in_group(&c, 100000));
		/* the kernel sorts: below and above all others */
		list[n[i] - 1] = ADMIN;
		child(list, n[i], &suite, &c);
		CHECK_INT(c.ngroups, 1);
		CHECK(caller_in_group(&c, ADMIN));
		CHECK(!caller_in_group(&c, CLIENT));
		fill(n[i]);
		child(list, n[i], &(struct suite_groups){ GID_NONE, GID_NONE,
		    (gid_t)(100000 + n[i] - 1) }, &c);
		CHECK_INT(c.ngroups, 1);
		CHECK_INT(c.groups[0], 100000 + n[i] - 1);
	}
}

static void
membership(void)
{
	static const gid_t	all[] = { 1, CLIENT, AUDIT, CLIENT, ADMIN,
				    AUDIT, ADMIN, 2 };
	struct caller		c;
	const struct suite_groups none = { GID_NONE, GID_NONE, GID_NONE };

	child(all, sizeof(all) / sizeof(all[0]), &suite, &c);
	CHECK_INT(c.ngroups, 3);
	CHECK(caller_in_group(&c, CLIENT));
	CHECK(caller_in_group(&c, AUDIT));
	CHECK(caller_in_group(&c, ADMIN));
	CHECK(caller_in_group(&c, GID));
	CHECK(!caller_in_group(&c, 1));
	CHECK(!caller_in_group(&c, GID_NONE));
	child(all, sizeof(all) / sizeof(all[0]), &none, &c);
	CHECK_INT(c.ngroups, 0);
	child(all, sizeof(all) / sizeof(all[0]), NULL, &c);
	CHECK_INT(c.ngroups, 0);
	/* nobody is in a group that is not there */
	c.gid = GID_NONE;
	CHECK(!caller_in_group(&c, GID_NONE));
}

static void
no_socket(void)
{
	struct caller	c;
	int		p[2];

	CHECK(pipe(p) == 0);
	CHECK_INT(caller_get(p[0], &suite, &c), -1);
	CHECK_INT(errno, ENOTSOCK);
	CHECK_INT(caller_get(-1, &suite, &c), -1);
	CHECK_INT(errno, EBADF);
}

int
main(void)
{
	RUN(no_socket);
	if (geteuid() != 0) {
		printf("needs root\n");
		return (77);
	}
	RUN(lengths);
	RUN(membership);
	return (0);
}
