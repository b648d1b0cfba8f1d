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

#include "tests/sandbox/enter.h"

#include <pthread.h>
#include <time.h>

/*
 * What the layers forbid: the table of operations with each layer peeled
 * off, and every system call number there is.
 */

/* what the role says of itself, over a pipe as it would over IPC */
static struct sandbox_state
state_of(const struct sample *s, enum mode mode)
{
	struct sandbox_state	 st;
	pid_t			 pid;
	int			 p[2];

	confine_skip = 0;
	CHECK(pipe(p) == 0);
	if ((pid = fork()) == 0) {
		enter(s, mode, &st);
		_exit(write(p[1], &st, sizeof(st)) == sizeof(st) ? 0 : 1);
	}
	CHECK_INT(wait_for(pid), 0);
	CHECK(read(p[0], &st, sizeof(st)) == sizeof(st));
	close(p[0]);
	close(p[1]);
	return (st);
}

static int
try(const struct sample *s, enum mode mode, const struct probe_op *op,
    uint32_t skip)
{
	struct sandbox_state	 st;
	pid_t			 pid;

	CHECK(probe_env_reset(&env) == 0);
	confine_skip = skip;
	if ((pid = fork()) == 0) {
		enter(s, mode, &st);
		probe_run_op(op, &env);
	}
	return (probe_outcome(wait_for(pid)));
}

static int
peel(const struct sample *s, enum mode mode, const struct sandbox_state *st,
    const struct probe_op *op)
{
	struct probe_way	 ways[MAX_PROBE_WAYS];
	size_t			 i, n;
	int			 got, bad = 0;

	n = probe_ways(op, st, ways);
	for (i = 0; i < n; i++) {
		got = try(s, mode, op, ways[i].skip);
		if (probe_same(got, ways[i].result))
			continue;
		fprintf(stderr, "%s, %s mode, %s, layers off 0x%x: %s, not "
		    "%s by %s\n", s->name, mode == SYSTEM_MODE ? "system" :
		    "user", op->name, ways[i].skip, probe_text(got),
		    probe_text(ways[i].result),
		    enforce_layer_name(ways[i].held));
		bad++;
	}
	return (bad);
}

static void
forbidden(enum mode mode)
{
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR];
	size_t			 i, j;
	int			 bad = 0;

	for (i = 0; i < NSAMPLES; i++) {
		st = state_of(&samples[i], mode);
		if (enforce_floor(&st, 0, err, sizeof(err)) == -1) {
			fprintf(stderr, "%s\n", err);
			bad++;
		}
		/* the one layer that may be missing, on old kernels */
		CHECK_INT(STATE_HAS(&st, LAYER_MDWE),
		    prctl(PR_GET_MDWE, 0, 0, 0, 0) != -1);
		for (j = 0; j < probe_count(); j++)
			bad += peel(&samples[i], mode, &st, probe_op(j));
	}
	CHECK_INT(bad, 0);
}

static void
test_forbidden_user(void)
{
	forbidden(USER_MODE);
}

static void
test_forbidden_system(void)
{
	forbidden(SYSTEM_MODE);
}

static void
test_every_number(void)
{
	struct sandbox_state	 st;
	const char		*name;
	pid_t			 pid;
	size_t			 i;
	long			 nr;
	int			 want, got, bad = 0;

	confine_skip = 0;
	for (i = 0; i < NSAMPLES; i++)
		for (nr = 0; nr <= MAX_SYSCALL_NR; nr++) {
			want = probe_expect_nr(samples[i].promise.groups, nr);
			if (want == PROBE_ANY)
				continue;
			if ((pid = fork()) == 0) {
				enter(&samples[i], USER_MODE, &st);
				probe_run_nr(nr);
			}
			got = probe_outcome(wait_for(pid));
			if (probe_same(got, want))
				continue;
			name = sandbox_syscall_name(nr);
			fprintf(stderr, "%s: %s (%ld): %s, not %s\n",
			    samples[i].name, name == NULL ? "?" : name, nr,
			    probe_text(got), probe_text(want));
			bad++;
		}
	CHECK_INT(bad, 0);
}

/* what every role must be refused, said here and not read from the table */
static void
test_never_promised(void)
{
	static const char *const never[] = {
		"accept", "add_key", "bind", "bpf", "chmod", "chown",
		"chroot", "clone", "clone3", "connect", "dup2", "execve",
		"execveat", "fchownat", "fork", "init_module",
		"io_uring_setup", "ioperm", "kill", "link", "linkat",
		"listen", "mknod", "mknodat", "mount", "open_by_handle_at",
		"perf_event_open", "pidfd_getfd", "pidfd_open", "prctl",
		"process_vm_readv", "process_vm_writev", "ptrace", "rename",
		"seccomp", "setns", "setpgid", "setresgid", "setresuid",
		"setrlimit", "setsid", "setuid", "setxattr", "shmget",
		"socket", "socketpair", "symlink", "umask", "unshare",
		"userfaultfd", "utimensat", "vfork",
	};
	const char	*name;
	uint32_t	 all = 0;
	size_t		 i, j;
	long		 nr;
	int		 errnum, found;

	for (i = 0; i < NSAMPLES; i++)
		all |= samples[i].promise.groups;
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		found = 0;
		for (nr = 0; nr <= MAX_SYSCALL_NR; nr++) {
			name = sandbox_syscall_name(nr);
			if (name == NULL || strcmp(name, never[i]) != 0)
				continue;
			found = 1;
			CHECK(sandbox_verdict(all, nr, &errnum) !=
			    SANDBOX_ALLOW);
		}
#ifdef __x86_64__
		CHECK(found);
#endif
	}
	/* and no role has more than a third of what Linux offers */
	for (j = 0; j < NSAMPLES; j++) {
		found = sandbox_count(samples[j].promise.groups);
		printf("    %s: %d system calls\n", samples[j].name, found);
		CHECK(found > 20 && found < 80);
	}
}

static int
never_child(int (*op)(const struct probe_env *), int killed)
{
	char	 err[MAX_CONFINE_ERR];
	int	 status;
	pid_t	 pid;

	if (sandbox_deny_never(err, sizeof(err)) == -1) {
		dprintf(STDERR_FILENO, "%s\n", err);
		return (PROBE_SETUP);
	}
	/* starting a process still works, and what it starts is bound too */
	if ((pid = fork()) == 0)
		_exit(op(&env));
	if (waitpid(pid, &status, 0) != pid)
		return (PROBE_SETUP);
	return (probe_outcome(status) == (killed ? PROBE_KILLED : 0) ? 0 : 1);
}

static void
count_never(const struct sandbox_line *line, void *arg)
{
	CHECK(line->action == SANDBOX_KILL);
	CHECK(strcmp(line->name, "?") != 0 || line->nr > 440);
	++*(int *)arg;
}

static void
never_numbers(const struct sandbox_line *line, void *arg)
{
	char	 err[MAX_CONFINE_ERR];
	pid_t	 pid;

	(void)arg;
	if ((pid = fork()) == 0) {
		if (sandbox_deny_never(err, sizeof(err)) == -1)
			_exit(PROBE_SETUP);
		probe_run_nr(line->nr);
	}
	CHECK_INT(probe_outcome(wait_for(pid)), PROBE_KILLED);
}

static void
test_deny_never(void)
{
	static const struct {
		int	(*op)(const struct probe_env *);
		int	 killed;
	} tries[] = {
		{ op_exec, 0 },
		{ op_ptrace, 1 },
#ifdef __x86_64__
		/* the deny list of one table would not bind another's */
		{ op_x32, 1 },
		{ op_int80, 1 },
#endif
	};
	pid_t	 pid;
	size_t	 i;
	int	 n = 0;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if ((pid = fork()) == 0)
			_exit(never_child(tries[i].op, tries[i].killed));
		CHECK_INT(wait_for(pid), 0);
	}
	sandbox_explain_never(count_never, &n);
	CHECK(n > 40);
	sandbox_explain_never(never_numbers, NULL);
}

struct seen {
	int	 openat_allow, openat_soft, kills;
};

static void
look(const struct sandbox_line *line, void *arg)
{
	struct seen	*seen = arg;

	if (line->action == SANDBOX_KILL)
		seen->kills++;
	if (line->nr != SYS_openat)
		return;
	CHECK_STR(line->name, "openat");
	if (line->action == SANDBOX_ALLOW) {
		/* first match decides: the exception comes before the rule */
		CHECK_INT(seen->openat_soft, 0);
		CHECK_STR(line->group, "SB_DB");
		CHECK_STR(line->rule, "SUBSET(2, OPEN_DB)");
		seen->openat_allow++;
	} else {
		CHECK_INT(line->errnum, EACCES);
		seen->openat_soft++;
	}
}

static void
test_explain(void)
{
	struct seen	 seen = { 0, 0, 0 };

	sandbox_explain(STORE->promise.groups, look, &seen);
	CHECK_INT(seen.openat_allow, 1);
	CHECK_INT(seen.openat_soft, 1);
	CHECK_INT(seen.kills, 0);
	CHECK_STR(sandbox_group_name(SB_MEMFD), "SB_MEMFD");
	CHECK(sandbox_group_name(0x80000000u) == NULL);
}

/* the filter looks at both words where the kernel does */
static int
high_word(void)
{
	struct sandbox_state	 st;

	enter(INGRESS, USER_MODE, &st);
	syscall(SYS_mmap, 0L, 4096L, (long)PROT_READ | 1L << 40,
	    (long)MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
	return (0);
}

static void
test_high_word(void)
{
	pid_t	 pid;

	confine_skip = 0;
	if ((pid = fork()) == 0)
		_exit(high_word());
	CHECK_INT(probe_outcome(wait_for(pid)), PROBE_KILLED);
}

static void *
outlive(void *arg)
{
	struct timespec	 ts = { 0, 200000000 };

	(void)arg;
	nanosleep(&ts, NULL);
	_exit(7);
}

/* the other thread is under no filter, and must not live on all the same */
static int
two_threads(void)
{
	char		 err[MAX_CONFINE_ERR];
	pthread_t	 t;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    pthread_create(&t, NULL, outlive, NULL) != 0 ||
	    sandbox_apply(SB_STDIO, err, sizeof(err)) == -1)
		return (PROBE_SETUP);
	return (op_socket_unix(&env));
}

static void
test_whole_process(void)
{
	pid_t	 pid;

	if ((pid = fork()) == 0)
		_exit(two_threads());
	CHECK_INT(probe_outcome(wait_for(pid)), PROBE_KILLED);
}

int
main(void)
{
	if (SANITIZED) {
		printf("  skipped: it runs on the plain build\n");
		return (0);
	}
	make_dirs();
	RUN(test_explain);
	RUN(test_never_promised);
	RUN(test_high_word);
	RUN(test_whole_process);
	RUN(test_deny_never);
	RUN(test_every_number);
	RUN(test_forbidden_user);
	if (geteuid() == 0)
		RUN(test_forbidden_system);
	else
		printf("  system mode skipped: it needs root\n");
	remove_dirs();
	return (0);
}
