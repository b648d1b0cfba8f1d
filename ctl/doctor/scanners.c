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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/landlock.h"
#include "ctl/users.h"
#include "doctor.h"

/*
 * The two scanners are Python packages that an operator carries in.  Whether
 * they are the right ones, of a version that fits, and can be imported, only
 * their Python can say: doctor runs it, nothing else ever does.  It runs as
 * nobody when doctor is root's, writes no file, and its system calls for a
 * socket fail, since packages ask the internet when they are imported.
 */

#define MAX_PYTHON_ANSWER	16384
#define PYTHON_S		45	/* beyond it, it hangs */
#define PYTHON_CPU_S		40
#define NOBODY_ID			65534

struct package {
	const char	*dist;		/* as pip calls it */
	const char	*module;
	const char	*wrong;		/* what others have by the name */
	const char	*least;		/* version, and the first too new */
	const char	*beyond;
};

static const struct package packages[] = {
	{ "cisco-ai-skill-scanner", "skill_scanner", "skill-scanner",
	    "2.0.8", "3" },
	{ "cisco-ai-mcp-scanner", "mcpscanner", "mcpscanner", "4.3", "5" },
};

/* standard output is ours alone: what a package prints goes elsewhere */
static const char script[] =
    "import os, sys, json, importlib, importlib.metadata as m\n"
    "fd = os.dup(1)\n"
    "os.dup2(2, 1)\n"
    "def has(d):\n"
    "    try:\n"
    "        return m.version(d)\n"
    "    except Exception:\n"
    "        return ''\n"
    "dist, module, wrong = sys.argv[1:4]\n"
    "r = {'version': has(dist), 'wrong': has(wrong), 'error': ''}\n"
    "if r['version']:\n"
    "    try:\n"
    "        importlib.import_module(module)\n"
    "    except BaseException as e:\n"
    "        r['error'] = (type(e).__name__ + ': ' + str(e))[:300]\n"
    "os.write(fd, json.dumps(r).encode())\n"
    "os._exit(0)\n";

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH	AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH	AUDIT_ARCH_RISCV64
#endif

/* reads what its uid may read; no file appears, changes or goes */
static int
reads_only(void)
{
	const struct landlock_rule	 all = { -1, "/", LL_EXECUTE |
					    LL_READ_FILE | LL_READ_DIR };
	const struct landlock_policy	 policy = { &all, 1, NULL, 0 };
	struct landlock_result		 res;
	char				 err[256];

	return (landlock_apply(&policy, 1, &res, err, sizeof(err)));
}

/* sockets of AF_UNIX alone, others as if the host had no network */
static int
no_network(void)
{
#define LOAD(f)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,			\
		    offsetof(struct seccomp_data, f))
#define IF(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, t, f)
	struct sock_filter	 insn[] = {
		LOAD(arch),
		IF(ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		/* the other numbers that x86-64 has for the same calls */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 5, 0),
		IF(__NR_io_uring_setup, 4, 0),
		IF(__NR_socket, 0, 2),
		LOAD(args[0]),
		IF(AF_UNIX, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
	};
	struct sock_fprog	 prog = { sizeof(insn) / sizeof(insn[0]),
				    insn };

	return (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
#undef LOAD
#undef IF
}

/* root runs nothing of an environment that others may have made */
static int
drop_root(void)
{
	uid_t	uid = NOBODY_ID;
	gid_t	gid = NOBODY_ID;

	if (geteuid() != 0)
		return (0);
	(void)users_lookup("_dcscan", &uid, &gid);
	return (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1 ? -1 : 0);
}

static void
run(const char *python, const struct package *p, int out)
{
	const struct rlimit	 none = { 0, 0 };
	const struct rlimit	 cpu = { PYTHON_CPU_S, PYTHON_CPU_S };
	const char		*argv[] = { python, "-I", "-B", "-c", script,
				    p->dist, p->module, p->wrong, NULL };
	const char		*envp[] = { "PATH=/usr/bin:/bin",
				    "HOME=/nonexistent",
				    "LITELLM_LOCAL_MODEL_COST_MAP=True",
				    NULL };
	int			 null;

	if ((null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) ==
	    -1 || dup2(null, STDERR_FILENO) == -1 || chdir("/") == -1 ||
	    setrlimit(RLIMIT_FSIZE, &none) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1 ||
	    setrlimit(RLIMIT_CPU, &cpu) == -1 || drop_root() == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		_exit(126);
	closefrom(STDERR_FILENO + 1);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    reads_only() == -1 || no_network() == -1)
		_exit(126);
	execve(python, (char *const *)(uintptr_t)argv,
	    (char *const *)(uintptr_t)envp);
	_exit(errno == EACCES ? 126 : 127);
}

/* its answer, or NULL and why there is none */
static json_t *
ask(const char *python, const struct package *p, char *err, size_t errlen)
{
	char	 text[MAX_PYTHON_ANSWER], why[MAX_JSON_ERR];
	size_t	 len = 0;
	ssize_t	 n = 1;
	json_t	*j = NULL;
	pid_t	 pid;
	int	 fds[2], status;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		snprintf(err, errlen, "%s", strerror(errno));
		return (NULL);
	}
	if (pid == 0)
		run(python, p, fds[1]);
	close(fds[1]);
	while (n > 0 && len < sizeof(text)) {
		n = read(fds[0], text + len, sizeof(text) - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fds[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		snprintf(err, errlen, "there is no such program");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 126)
		snprintf(err, errlen, "may not be run");
	else if ((j = json_strict(text, len, why)) == NULL)
		snprintf(err, errlen, "does not answer as a Python of 3.8 or "
		    "newer does (%s %d)", WIFSIGNALED(status) ? "signal" :
		    "status", WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status));
	return (j);
}

/* by numbers, part by part: less, equal or greater than 0 */
static int
compare(const char *a, const char *b)
{
	long	 x, y;
	char	*end;

	while (*a != '\0' || *b != '\0') {
		x = strtol(a, &end, 10);
		a = end + strspn(end, ".");
		if (*a < '0' || *a > '9')
			a = "";
		y = strtol(b, &end, 10);
		b = end + strspn(end, ".");
		if (x != y)
			return (x < y ? -1 : 1);
	}
	return (0);
}

static void
judge(struct doctor *d, const struct package *p, const json_t *j)
{
	const char	*version = doc_str(j, "version");
	const char	*wrong = doc_str(j, "wrong");
	const char	*error = doc_str(j, "error");

	if (wrong[0] != '\0') {
		doc_say(d, DOC_FAIL, d->conf.scanners.python, "%s %s is "
		    "another author's package%s%s", p->wrong, wrong,
		    version[0] != '\0' ? ", beside " : "", version[0] != '\0'
		    ? p->dist : "");
		doc_do(d, "uninstall %s there and install %s, %s or newer and "
		    "older than %s, with --no-index from the mirror",
		    p->wrong, p->dist, p->least, p->beyond);
	} else if (version[0] == '\0') {
		doc_say(d, DOC_SKIP, d->conf.scanners.python, "%s is not "
		    "installed: inactive", p->dist);
		doc_do(d, "nothing, unless it is wanted: install %s, %s or "
		    "newer and older than %s", p->dist, p->least, p->beyond);
	} else if (compare(version, p->least) < 0 ||
	    compare(version, p->beyond) >= 0) {
		doc_say(d, DOC_FAIL, d->conf.scanners.python, "%s %s does "
		    "not fit this suite", p->dist, version);
		doc_do(d, "move %s to %s or newer and older than %s",
		    compare(version, p->least) < 0 ? "up" : "down",
		    p->least, p->beyond);
	} else if (error[0] != '\0') {
		doc_say(d, DOC_FAIL, d->conf.scanners.python, "%s %s cannot "
		    "be imported: %s", p->dist, version, error);
		doc_do(d, "install it again with all it needs, with "
		    "--no-index --find-links of the mirror");
	} else
		doc_say(d, DOC_PASS, d->conf.scanners.python, "%s %s can be "
		    "imported", p->dist, version);
}

static void
check(struct doctor *d, const struct package *p)
{
	char	 err[256];
	json_t	*j;

	if (!doc_need_conf(d))
		return;
	if (d->conf.scanners.python[0] == '\0') {
		doc_say(d, DOC_SKIP, NULL, "inactive: no Python is "
		    "configured");
		doc_do(d, "nothing, unless the scanner is wanted: install %s "
		    "(not `%s', which is another author's) and set "
		    "scanners.python", p->dist, p->wrong);
		return;
	}
	if ((j = ask(d->conf.scanners.python, p, err, sizeof(err))) == NULL) {
		doc_say(d, DOC_FAIL, d->conf.scanners.python, "%s", err);
		doc_do(d, "set scanners.python to the interpreter of the "
		    "environment that has %s", p->dist);
		return;
	}
	judge(d, p, j);
	json_decref(j);
}

static void
check_skill(struct doctor *d)
{
	check(d, &packages[0]);
}

static void
check_mcp(struct doctor *d)
{
	check(d, &packages[1]);
}

const struct check doc_scanners[] = {
	{ "scanners.skill", "the skill scanner is the right package, fits and "
	    "can be imported", PYTHON_S, 0, check_skill },
	{ "scanners.mcp", "the MCP scanner is the right package, fits and "
	    "can be imported", PYTHON_S, 0, check_mcp },
	{ NULL, NULL, 0, 0, NULL }
};
