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

#ifndef TESTS_SANDBOX_ENTER_H
#define TESTS_SANDBOX_ENTER_H

/* the layers can be left out one by one only in a probe build */
#define CONFINE_PROBE

#include "common/confine.c"
#include "tests/sandbox/probe.c"
#include "tests/sandbox/probe_ops.c"

#include "tests/unit/test.h"

/*
 * For tests that enter sample promises in children: the promises, what they
 * need around them, and the way in.
 */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED	1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED	0
#endif

#define TEST_UID	65534
#define MAX_TEST_FDS	64

enum mode { USER_MODE, SYSTEM_MODE };

#define LIMITS(fsize)	{ MAX_TEST_FDS, fsize, 0, 1024 * 1024 }

/* the shapes of the roles, one for each way of holding files */
static const struct sample {
	const char	*name;
	struct promise	 promise;
} samples[] = {
	{ "ingress", { SB_STDIO | SB_EVENT | SB_RECVFD | SB_SENDFD |
	    SB_ACCEPT | SB_MAPRO | SB_SECRET, FILES_NONE, LIMITS(0) } },
	{ "store", { SB_STDIO | SB_EVENT | SB_RECVFD | SB_DB, FILES_DBDIR,
	    LIMITS(LIMIT_NONE) } },
	{ "signer", { SB_STDIO | SB_EVENT | SB_STATEFILE | SB_SECRET,
	    FILES_STATEDIR, LIMITS(4096) } },
	{ "reader", { SB_STDIO | SB_READTREE | SB_MEMFD | SB_SENDFD,
	    FILES_READTREE, LIMITS(65536) } },
	{ "compiler", { SB_STDIO | SB_MEMFD | SB_MAPRO, FILES_NONE,
	    LIMITS(65536) } },
};
#define NSAMPLES	(sizeof(samples) / sizeof(samples[0]))
#define INGRESS		(&samples[0])
#define STORE		(&samples[1])
#define SIGNER		(&samples[2])
#define READER		(&samples[3])
#define COMPILER	(&samples[4])

static struct probe_env	 env;
static char		 top[] = "/tmp/sandbox.XXXXXX";
static char		 empty[64], tree[64], own[2][64];	/* by mode */

/* child: everything a role does to enter; the state goes to *st */
static void
enter(const struct sample *s, enum mode mode, struct sandbox_state *st)
{
	struct confine_params	 par;
	struct confine_ids	 ids;
	char			 err[MAX_CONFINE_ERR];
	const char		*dir;

	memset(st, 0, sizeof(*st));
	memset(&par, 0, sizeof(par));
	memset(&ids, 0, sizeof(ids));
	dir = s->promise.files == FILES_READTREE ? tree : own[mode];
	if (s->promise.files != FILES_NONE) {
		par.dirs[0] = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		par.ndirs = 1;
	}
	ids.uid = ids.gid = TEST_UID;
	ids.netns = 1;
	/* uid 0 without capabilities could not even search it */
	ids.root_is_own = s->promise.files == FILES_DBDIR &&
	    !SKIPPED(LAYER_UID);
	ids.root = ids.root_is_own ? own[mode] : empty;
	if ((mode == SYSTEM_MODE &&
	    confine_drop_ids(&ids, st, err, sizeof(err)) == -1) ||
	    confine_tie(getppid(), st, err, sizeof(err)) == -1 ||
	    confine_enter(&s->promise, &par, st, err, sizeof(err)) == -1) {
		dprintf(STDERR_FILENO, "%s: %s\n", s->name, err);
		_exit(PROBE_SETUP);
	}
}

static int
wait_for(pid_t pid)
{
	int	 status;

	CHECK(pid != -1);
	CHECK(waitpid(pid, &status, 0) == pid);
	return (status);
}

static void
make_dirs(void)
{
	int	 fd;

	CHECK(mkdtemp(top) != NULL);
	CHECK(chmod(top, 0755) == 0);
	snprintf(empty, sizeof(empty), "%s/empty", top);
	snprintf(own[USER_MODE], sizeof(own[0]), "%s/user", top);
	snprintf(own[SYSTEM_MODE], sizeof(own[0]), "%s/system", top);
	snprintf(tree, sizeof(tree), "%s/tree", top);
	CHECK(mkdir(empty, 0755) == 0);
	CHECK(mkdir(own[USER_MODE], 0700) == 0);
	CHECK(mkdir(own[SYSTEM_MODE], 0700) == 0);
	CHECK(mkdir(tree, 0755) == 0);
	if (geteuid() == 0)
		CHECK(chown(own[SYSTEM_MODE], TEST_UID, TEST_UID) == 0);
	CHECK((fd = open(tree, O_RDONLY | O_DIRECTORY)) != -1);
	CHECK(make_file(fd, "pack") == 0);
	close(fd);
	(void)probe_gain_make();
	CHECK(probe_env_open(&env) == 0);
}

static void
remove_dirs(void)
{
	char	 path[96];

	probe_env_close(&env);
	probe_gain_remove();
	snprintf(path, sizeof(path), "%s/pack", tree);
	unlink(path);
	rmdir(empty);
	rmdir(own[USER_MODE]);
	rmdir(own[SYSTEM_MODE]);
	rmdir(tree);
	rmdir(top);
}

#endif /* TESTS_SANDBOX_ENTER_H */
