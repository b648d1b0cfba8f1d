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
#include <sys/syscall.h>

#include <sched.h>

#include "common/confine.h"
#include "common/landlock.h"
#include "common/sandbox.h"
#include "tests/unit/fault.h"

/*
 * A kernel that refuses a step of confinement, or says yes and does nothing:
 * each is an error with a text that names the step, and nothing goes on as
 * if it held.  The numbers are those of the kernel's interface.
 */

#define NR_CREATE_RULESET	444
#define NR_ADD_RULE		445
#define NR_RESTRICT_SELF	446
#define TEST_UID		65534
#define DONE			7	/* a child that was not refused */

static char	 top[] = "/tmp/faults.XXXXXX";
static char	 small[64];

static const struct promise	 plain = {
	SB_STDIO, FILES_NONE, { 64, 0, 0, 1024 * 1024 }
};

static void
child_enter(const struct promise *pr, struct confine_params *par)
{
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR] = "";

	memset(&st, 0, sizeof(st));
	if (confine_tie(getppid(), &st, err, sizeof(err)) == 0 &&
	    confine_enter(pr, par, &st, err, sizeof(err)) == 0)
		_exit(DONE);
	dprintf(STDOUT_FILENO, "%s", err);
	_exit(0);
}

static void
child_drop(void)
{
	struct confine_ids	 ids;
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR] = "";

	memset(&ids, 0, sizeof(ids));
	memset(&st, 0, sizeof(st));
	ids.uid = ids.gid = TEST_UID;
	ids.root = small;
	ids.netns = 1;
	if (confine_drop_ids(&ids, &st, err, sizeof(err)) == 0)
		_exit(DONE);
	dprintf(STDOUT_FILENO, "%s", err);
	_exit(0);
}

/* a child meets the fault that is set; its error, or "" when it got through */
static const char *
in_child(void (*drop)(void), const struct promise *pr,
    struct confine_params *par)
{
	static char	 text[MAX_CONFINE_ERR];
	ssize_t		 n;
	size_t		 len = 0;
	pid_t		 pid;
	int		 fd[2], status;

	CHECK(pipe(fd) == 0);
	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		(void)__real_dup2(fd[1], STDOUT_FILENO);
		if (drop != NULL)
			drop();
		child_enter(pr, par);
	}
	close(fd[1]);
	memset(text, 0, sizeof(text));
	while ((n = read(fd[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), len == 0 ? DONE : 0);
	return (text);
}

struct step {
	const char	*call;
	long		 arg;
	int		 skip;
	long		 ret;
	int		 error;
	const char	*says;
};

static void
steps(const struct step *s, size_t n, void (*drop)(void))
{
	struct confine_params	 par;
	const char		*got;

	for (; n > 0; n--, s++) {
		memset(&par, 0, sizeof(par));
		fault_set(s->call, s->arg, s->skip, s->ret, s->error);
		got = in_child(drop, &plain, &par);
		if (strncmp(got, s->says, strlen(s->says)) != 0) {
			fprintf(stderr, "%s(%ld): \"%s\", not \"%s\"\n",
			    s->call, s->arg, got, s->says);
			exit(1);
		}
	}
	nfaults = nfired = 0;
}

static void
enter_steps(void)
{
	static const struct step	 list[] = {
		{ "prctl", PR_SET_PDEATHSIG, 0, -1, EPERM,
		    "parent: asking to die with it is forbidden " },
		{ "unshare", CLONE_THREAD, 0, -1, EINVAL,
		    "threads: a role may have only one before it enters" },
		{ "prctl", PR_SET_DUMPABLE, 0, -1, EPERM,
		    "dumpable: clearing it is forbidden " },
		{ "setrlimit", RLIMIT_CORE, 0, -1, EPERM,
		    "rlimit: setting limits is forbidden " },
		{ "getrlimit", RLIMIT_NOFILE, 0, -1, EPERM,
		    "rlimit: setting limits is forbidden " },
		{ "setrlimit", RLIMIT_NOFILE, 0, -1, EPERM,
		    "rlimit: setting limits is forbidden " },
		{ "setrlimit", RLIMIT_FSIZE, 0, -1, EPERM,
		    "rlimit: setting limits is forbidden " },
		{ "setrlimit", RLIMIT_NPROC, 0, -1, EPERM,
		    "rlimit: setting limits is forbidden " },
		{ "setrlimit", RLIMIT_MEMLOCK, 0, -1, EPERM,
		    "rlimit: setting limits is forbidden " },
		{ "syscall", SYS_capget, 0, -1, EPERM,
		    "capabilities: reading them: " },
		{ "syscall", SYS_capget, 1, -1, EPERM,
		    "capabilities: reading them: " },
		{ "syscall", SYS_capset, 0, -1, EPERM,
		    "capabilities: dropping them is forbidden " },
		{ "prctl", PR_SET_NO_NEW_PRIVS, 0, -1, EPERM,
		    "no_new_privs: this kernel does not set it, " },
		{ "prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0,
		    "no_new_privs: this kernel does not set it, " },
		{ "syscall", NR_CREATE_RULESET, 1, -1, ENOMEM,
		    "landlock: making a rule set for ABI " },
		{ "syscall", NR_RESTRICT_SELF, 0, -1, E2BIG,
		    "landlock: restricting the process: " },
		{ "syscall", SYS_seccomp, 0, -1, EOPNOTSUPP, "seccomp: " },
		{ "syscall", SYS_seccomp, 1, -1, EINVAL, "seccomp: " },
		/* one that forbids unshare(2) leaves the check out */
		{ "unshare", CLONE_THREAD, 0, -1, EPERM, "" },
	};

	steps(list, sizeof(list) / sizeof(list[0]), NULL);
}

static void
bounding_steps(void)
{
	static const struct step	 list[] = {
		{ "prctl", PR_CAPBSET_DROP, 3, -1, EPERM,
		    "capabilities: dropping number 3 from the bounding" },
		{ "prctl", PR_GET_SECUREBITS, 0, -1, EINVAL,
		    "capabilities: securebits: " },
		{ "prctl", PR_SET_SECUREBITS, 0, -1, EPERM,
		    "capabilities: locking securebits: " },
		{ "syscall", SYS_capset, 0, 0, 0,
		    "capabilities: some are left after dropping all" },
	};

	steps(list, sizeof(list) / sizeof(list[0]), NULL);
}

static void
drop_steps(void)
{
	static const struct step	 list[] = {
		{ "unshare", FAULT_ANY, 0, -1, EPERM, "network: new "
		    "namespaces are refused, system mode needs" },
		{ "fstat", 0, 0, -1, EIO, "root directory: " },
		{ "fchdir", 0, 0, -1, EACCES,
		    "root: changing the root directory is refused, " },
		{ "chroot", 0, 0, -1, EPERM,
		    "root: changing the root directory is refused, " },
		{ "chdir", 0, 0, -1, ENOENT,
		    "root: changing the root directory is refused, " },
		{ "fdopendir", 0, 0, 0, ENOMEM, "root directory: " },
		{ "readdir", 0, 2, 0, EIO, "root directory: " },
		{ "syscall", SYS_capget, 0, -1, EPERM,
		    "capabilities: reading them: " },
		{ "setgroups", 0, 0, -1, EPERM,
		    "uid: changing to one of the role's own is refused, " },
		{ "setresgid", TEST_UID, 0, -1, EPERM,
		    "uid: changing to one of the role's own is refused, " },
		{ "setresuid", TEST_UID, 0, -1, EPERM,
		    "uid: changing to one of the role's own is refused, " },
		/* a kernel that lies is found out by asking again */
		{ "setresuid", TEST_UID, 0, 0, 0,
		    "uid: the change to uid 65534 did not hold" },
		{ "setresuid", 0, 0, 0, 0,
		    "uid: the change to uid 65534 did not hold" },
		{ "setresgid", TEST_UID, 0, 0, 0,
		    "uid: the change to uid 65534 did not hold" },
		{ "setresgid", 0, 0, 0, 0,
		    "uid: the change to uid 65534 did not hold" },
		{ "getresuid", 0, 0, -1, EFAULT,
		    "uid: the change to uid 65534 did not hold" },
		{ "getresgid", 0, 0, -1, EFAULT,
		    "uid: the change to uid 65534 did not hold" },
	};

	steps(list, sizeof(list) / sizeof(list[0]), child_drop);
}

static void
bad_ids(void)
{
	static const struct { uid_t uid; gid_t gid; } bad[] = {
		{ 0, 1 }, { 1, 0 }, { (uid_t)-1, 1 }, { 1, (gid_t)-1 }
	};
	struct confine_ids	 ids;
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR];
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&ids, 0, sizeof(ids));
		memset(&st, 0, sizeof(st));
		ids.uid = bad[i].uid;
		ids.gid = bad[i].gid;
		CHECK_INT(confine_drop_ids(&ids, &st, err, sizeof(err)), -1);
		CHECK_STR(err, "uid: a role of system mode needs a uid and "
		    "gid of its own, not 0");
		CHECK_INT(st.layers, 0);
	}
}

static void
more_than_promised(void)
{
	static const char	 says[] =
	    "promise: %zu directories and %zu ports are more than it covers";
	struct confine_params	 par;
	char			 want[128];
	static const size_t	 n[][2] = {
		{ MAX_CONFINE_DIRS + 1, 0 }, { 0, MAX_CONFINE_PORTS + 1 },
		{ 1, 0 }
	};
	size_t			 i;

	for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		memset(&par, 0, sizeof(par));
		par.ndirs = n[i][0];
		par.nports = n[i][1];
		(void)snprintf(want, sizeof(want), says, n[i][0], n[i][1]);
		CHECK_STR(in_child(NULL, &plain, &par), want);
	}
}

/* ports are rules too: of a kernel that knows them, and of one that fails */
static void
ports(void)
{
	struct confine_params	 par;

	memset(&par, 0, sizeof(par));
	par.nports = 1;
	par.ports[0] = 4318;
	CHECK_STR(in_child(NULL, &plain, &par), "");
	if (landlock_abi((char[160]){ 0 }, 160) < 4)
		return;
	fault_set("syscall", NR_ADD_RULE, 0, -1, ENOMEM);
	CHECK_STR(in_child(NULL, &plain, &par),
	    "landlock: rule for port 4318: Cannot allocate memory");
	nfaults = nfired = 0;
}

/* why there is none, and the one way to run without */
static void
no_landlock(void)
{
	static const struct step	 list[] = {
		{ NULL, 0, 0, -1, ENOSYS, "landlock: this kernel has none, "
		    "Linux 5.13 with CONFIG_SECURITY_LANDLOCK is needed: "
		    "Function not implemented" },
		{ NULL, 0, 0, 0, 0, "landlock: this kernel has none, "
		    "Linux 5.13 with CONFIG_SECURITY_LANDLOCK is needed: "
		    "Function not implemented" },
		{ NULL, 0, 0, -1, EOPNOTSUPP, "landlock: switched off at "
		    "boot, add landlock to the lsm= kernel parameter" },
		{ NULL, 0, 0, -1, EPERM, "landlock: forbidden from outside, "
		    "by the filter of a container or unit" },
		{ NULL, 0, 0, -1, EIO,
		    "landlock: asking for its version: Input/output error" },
	};
	struct landlock_policy	 none = { NULL, 0, NULL, 0 };
	struct landlock_result	 res;
	struct confine_params	 par;
	char			 err[256], want[512];
	size_t			 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		fault_set("syscall", NR_CREATE_RULESET, 0, list[i].ret,
		    list[i].error);
		CHECK_INT(landlock_abi(err, sizeof(err)), 0);
		CHECK_STR(err, list[i].says);
		memset(&par, 0, sizeof(par));
		fault_set("syscall", NR_CREATE_RULESET, 0, list[i].ret,
		    list[i].error);
		(void)snprintf(want, sizeof(want), "%s; sandbox."
		    "allow_no_landlock: true runs without", list[i].says);
		CHECK_STR(in_child(NULL, &plain, &par), want);
		fault_set("syscall", NR_CREATE_RULESET, 0, list[i].ret,
		    list[i].error);
		par.allow_no_landlock = 1;
		CHECK_STR(in_child(NULL, &plain, &par), "");
		fault_set("syscall", NR_CREATE_RULESET, 0, list[i].ret,
		    list[i].error);
		CHECK_INT(landlock_apply(&none, 1, &res, err, sizeof(err)),
		    0);
		CHECK_INT(res.abi, 0);
		CHECK(res.fs == 0 && res.fs_missing != 0);
	}
}

/* what is forbidden to every process of the suite, by the same steps */
static void
never_fails(void)
{
	char	 err[MAX_CONFINE_ERR];

	fault_set("prctl", PR_SET_NO_NEW_PRIVS, 0, -1, EPERM);
	CHECK_INT(sandbox_deny_never(err, sizeof(err)), -1);
	fault_end();
	CHECK(strncmp(err, "no_new_privs: this kernel ", 26) == 0);
}

/* a kernel of another ABI than ours: what is missing is said */
static void
other_abis(void)
{
	struct landlock_policy	 none = { NULL, 0, NULL, 0 };
	struct landlock_result	 res;
	char			 err[256], want[80];
	int			 abi;

	for (abi = 1; abi <= MAX_LANDLOCK_ABI + 1; abi++) {
		fault_set("syscall", NR_CREATE_RULESET, 0, abi, 0);
		CHECK_INT(landlock_abi(err, sizeof(err)), abi);
		/* the rule set is for that ABI, then the process is not bound */
		fault_set("syscall", NR_RESTRICT_SELF, 0, -1, EPERM);
		CHECK(landlock_apply(&none, 0, &res, err, sizeof(err)) == -1);
		CHECK_STR(err, "landlock: restricting the process: "
		    "Operation not permitted");
	}
	fault_set("syscall", NR_CREATE_RULESET, 0, 100000, 0);
	CHECK_INT(landlock_abi(err, sizeof(err)), INT16_MAX);
	for (abi = 1; abi <= MAX_LANDLOCK_ABI; abi++) {
		/* the answer of the version, then no rule set */
		fault_set("syscall", NR_CREATE_RULESET, 0, abi, 0);
		fault_then("syscall", NR_CREATE_RULESET, 0, -1,
		    ENOMEM);
		CHECK(landlock_apply(&none, 0, &res, err, sizeof(err)) == -1);
		(void)snprintf(want, sizeof(want), "landlock: making a rule "
		    "set for ABI %d: Cannot allocate memory", abi);
		CHECK_STR(err, want);
		CHECK_INT(res.kernel_abi, abi);
		CHECK_INT((res.net_missing & LL_CONNECT_TCP) != 0, abi < 4);
		CHECK_INT(res.scoped_missing != 0, abi < 6);
	}
	/* RHEL 9 says 6, and knows no scope for signals */
	fault_set("syscall", NR_CREATE_RULESET, 0, 6, 0);
	fault_then("syscall", NR_CREATE_RULESET, 0, -1,
		    EINVAL);
	fault_then("syscall", NR_CREATE_RULESET, 0, -1, EACCES);
	CHECK(landlock_apply(&none, 0, &res, err, sizeof(err)) == -1);
	CHECK_STR(err, "landlock: making a rule set for ABI 6: Permission "
	    "denied");
	CHECK(res.scoped_missing == LL_SCOPE_SIGNAL);
	/* and one without any scope has nothing to take back */
	fault_set("syscall", NR_CREATE_RULESET, 0, 5, 0);
	fault_then("syscall", NR_CREATE_RULESET, 0, -1,
		    EINVAL);
	CHECK(landlock_apply(&none, 0, &res, err, sizeof(err)) == -1);
	CHECK_STR(err, "landlock: making a rule set for ABI 5: Invalid "
	    "argument");
	nfaults = nfired = 0;
}

static void
rules_that_fail(void)
{
	struct landlock_rule	 rule = { -1, NULL, LL_READ_FILE };
	struct landlock_policy	 policy = { &rule, 1, NULL, 0 };
	struct landlock_result	 res;
	char			 err[256];

	if (landlock_abi(err, sizeof(err)) == 0)
		return;
	CHECK(landlock_apply(&policy, 0, &res, err, sizeof(err)) == -1);
	CHECK_STR(err, "landlock: a rule without a path: Invalid argument");
	rule.path = "/";
	fault_set("fstat", 0, 0, -1, EIO);
	CHECK(landlock_apply(&policy, 0, &res, err, sizeof(err)) == -1);
	CHECK_STR(err, "landlock: rule for /: Input/output error");
	fault_set("syscall", NR_ADD_RULE, 0, -1, EBADF);
	CHECK(landlock_apply(&policy, 0, &res, err, sizeof(err)) == -1);
	CHECK_STR(err, "landlock: rule for /: Bad file descriptor");
	nfaults = nfired = 0;
}

/* names are cut between two, never within */
static void
names_cut(void)
{
	char	 buf[64];

	memset(buf, 'x', sizeof(buf));
	landlock_names(LL_READ_FILE, 0, 0, buf, 0);
	CHECK(buf[0] == 'x');
	landlock_names(LL_READ_FILE | LL_WRITE_FILE, 0, 0, buf, sizeof(buf));
	CHECK(strstr(buf, ", ") != NULL);
	buf[0] = 'x';
	landlock_names(LL_READ_FILE, 0, 0, buf, 4);
	CHECK(strlen(buf) < 4);
}

int
main(void)
{
	CHECK(mkdtemp(top) != NULL && chmod(top, 0755) == 0);
	(void)snprintf(small, sizeof(small), "%s/root", top);
	CHECK(mkdir(small, 0755) == 0);
	RUN(enter_steps);
	RUN(bad_ids);
	RUN(more_than_promised);
	RUN(ports);
	RUN(no_landlock);
	RUN(never_fails);
	RUN(other_abis);
	RUN(rules_that_fail);
	RUN(names_cut);
	if (geteuid() == 0) {
		RUN(bounding_steps);
		RUN(drop_steps);
	}
	CHECK(rmdir(small) == 0 && rmdir(top) == 0);
	return (0);
}
