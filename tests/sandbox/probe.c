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

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox.h"
#include "tests/sandbox/probe.h"

/* what is the same for every operation; the operations are in probe_ops.c */

const struct probe_op *
probe_find(const char *name)
{
	size_t	 i;

	for (i = 0; i < probe_count(); i++)
		if (strcmp(probe_op(i)->name, name) == 0)
			return (probe_op(i));
	return (NULL);
}

/* a uid that is neither a role's nor anybody's, for what gains it */
#define GAIN_UID	47002
#define GAIN_PROGRAM	"/usr/bin/test"

static char	 gain_dir[64];

/* nobody accepts: room for every connection a run of the probes makes */
#define PROBE_BACKLOG	4096

static int
make_file(int dir, const char *name)
{
	int	 fd;

	fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	if (write(fd, "secret\n", 7) != 7) {
		close(fd);
		return (-1);
	}
	return (close(fd));
}

int
probe_listen_tcp(uint16_t *port)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);
	int			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, PROBE_BACKLOG) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		return (-1);
	*port = ntohs(sin.sin_port);
	return (fd);
}

/* a leading '@' makes it abstract; the descriptor lives with the harness */
static int
listen_unix(const char *name)
{
	struct sockaddr_un	 sun;
	socklen_t		 len;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", name) >=
	    (int)sizeof(sun.sun_path))
		return (-1);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(name));
	if (sun.sun_path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, len) == -1 ||
	    listen(fd, PROBE_BACKLOG) == -1)
		return (-1);
	return (fd);
}

static int
copy_file(const char *from, const char *to)
{
	char	 buf[64 * 1024];
	ssize_t	 n;
	int	 in, out;

	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (in == -1 || out == -1)
		return (-1);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return (-1);
	close(in);
	return (close(out) == -1 || n == -1 ? -1 : 0);
}

/*
 * `test -r key' as the one who may read the key: it exits 0 for who has
 * gained that uid, and 1, which is EPERM, for who has not.
 */
int
probe_gain_make(void)
{
	struct statvfs	 fs;
	char		 program[80], key[80];
	int		 fd;

	if (geteuid() != 0 || statvfs("/tmp", &fs) == -1 ||
	    (fs.f_flag & ST_NOSUID) != 0)
		return (-1);
	snprintf(gain_dir, sizeof(gain_dir), "/tmp/gain.XXXXXX");
	if (mkdtemp(gain_dir) == NULL || chmod(gain_dir, 0755) == -1)
		return (-1);
	snprintf(program, sizeof(program), "%s/test", gain_dir);
	snprintf(key, sizeof(key), "%s/key", gain_dir);
	fd = open(key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd == -1 || fchown(fd, GAIN_UID, GAIN_UID) == -1 ||
	    close(fd) == -1 || copy_file(GAIN_PROGRAM, program) == -1 ||
	    chown(program, GAIN_UID, GAIN_UID) == -1 ||
	    chmod(program, 04755) == -1) {
		probe_gain_remove();
		return (-1);
	}
	return (0);
}

void
probe_gain_remove(void)
{
	char	 path[80];

	if (gain_dir[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s/test", gain_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/key", gain_dir);
	unlink(path);
	rmdir(gain_dir);
	gain_dir[0] = '\0';
}

/* another process of the same parent, such as another role is */
static pid_t
sibling_start(void)
{
	pid_t	 parent = getpid(), pid;

	if ((pid = fork()) != 0)
		return (pid);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
	    getppid() != parent)
		_exit(PROBE_SETUP);
	/* descriptor 0 is what somebody may want to take */
	closefrom(1);
	for (;;)
		pause();
}

void
probe_env_fds(struct probe_env *env, int *fds[MAX_PROBE_FDS])
{
	fds[0] = &env->listener;
	fds[1] = &env->inet;
	fds[2] = &env->outside;
	fds[3] = &env->dirlist;
	fds[4] = &env->memfd;
	fds[5] = &env->nsfd;
	fds[6] = &env->udp;
	fds[7] = &env->local;
	fds[8] = &env->pidfd;
}

/* the last one may be connected or bound by now */
static int
fresh_socket(int family, int type, int where)
{
	int	 fd;

	fd = socket(family, type | SOCK_NONBLOCK, 0);
	if (fd == -1 || dup2(fd, where) == -1)
		return (-1);
	return (close(fd));
}

int
probe_env_reset(struct probe_env *env)
{
	unlinkat(env->outside, "new", 0);
	unlinkat(env->outside, "moved", 0);
	if (fresh_socket(AF_INET, SOCK_STREAM, env->inet) == -1 ||
	    fresh_socket(AF_INET, SOCK_DGRAM, env->udp) == -1 ||
	    fresh_socket(AF_UNIX, SOCK_STREAM, env->local) == -1)
		return (-1);
	if (make_file(env->outside, "audit.db") == -1 ||
	    make_file(env->outside, "victim") == -1 ||
	    make_file(env->outside, "spare") == -1)
		return (-1);
	return (0);
}

int
probe_env_open(struct probe_env *env)
{
	uint16_t	 unused;
	char		 path[96];

	memset(env, 0, sizeof(*env));
	env->parent = getpid();
	env->secret = (uintptr_t)gain_dir;
	snprintf(env->dir, sizeof(env->dir), "/tmp/probe.XXXXXX");
	if (mkdtemp(env->dir) == NULL)
		return (-1);
	env->outside = open(env->dir, O_PATH | O_DIRECTORY);
	env->dirlist = open(env->dir, O_RDONLY | O_DIRECTORY);
	if (env->outside == -1 || env->dirlist == -1)
		return (-1);
	snprintf(path, sizeof(path), "%s/socket", env->dir);
	snprintf(env->abstract, sizeof(env->abstract), "@probe.%d",
	    (int)env->parent);
	if (listen_unix(path) == -1 || listen_unix(env->abstract) == -1)
		return (-1);
	env->listener = probe_listen_tcp(&unused);
	if (probe_listen_tcp(&env->port) == -1 ||
	    probe_listen_tcp(&env->receiver) == -1)
		return (-1);
	env->inet = socket(AF_INET, SOCK_STREAM, 0);
	env->udp = socket(AF_INET, SOCK_DGRAM, 0);
	env->local = socket(AF_UNIX, SOCK_STREAM, 0);
	env->nsfd = open("/proc/self/ns/uts", O_RDONLY);
	env->memfd = memfd_create("probe", 0);
	if (env->listener == -1 || env->inet == -1 || env->udp == -1 ||
	    env->local == -1 || env->nsfd == -1 ||
	    env->memfd == -1 || ftruncate(env->memfd, 4096) == -1 ||
	    (env->sibling = sibling_start()) == -1 || (env->pidfd =
	    (int)syscall(SYS_pidfd_open, env->sibling, 0)) == -1)
		return (-1);
	snprintf(env->db, sizeof(env->db), "%s/audit.db", env->dir);
	strlcpy(env->gain, gain_dir, sizeof(env->gain));
	return (probe_env_reset(env));
}

void
probe_env_close(struct probe_env *env)
{
	kill(env->sibling, SIGKILL);
	waitpid(env->sibling, NULL, 0);
	unlinkat(env->outside, "audit.db", 0);
	unlinkat(env->outside, "victim", 0);
	unlinkat(env->outside, "spare", 0);
	unlinkat(env->outside, "new", 0);
	unlinkat(env->outside, "moved", 0);
	unlinkat(env->outside, "socket", 0);
	rmdir(env->dir);
}

void
probe_run_op(const struct probe_op *op, const struct probe_env *env)
{
	_exit(op->run(env));
}

void
probe_run_nr(long nr)
{
	/* no argument test of the table lets all ones pass */
	if (syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L) == -1)
		_exit(errno);
	_exit(0);
}

static int
yama(void)
{
	char	 c = '0';
	int	 fd;

	fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY);
	if (fd == -1)
		return (0);
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return (c != '0');
}

static int
step_holds(const struct probe_op *op, const struct probe_step *s,
    const struct sandbox_state *st, uint32_t skip)
{
	int	 root;

	root = st->uid == 0 ||
	    (st->system_mode && (skip & (1u << LAYER_UID)) != 0);
	if ((s->when == WHEN_ROOT && !root) ||
	    (s->when == WHEN_NOT_ROOT && root))
		return (0);
	if (s->when == WHEN_YAMA && !yama())
		return (0);
	if (s->when == WHEN_NO_EGRESS && (st->groups & SB_INET_OUT) != 0)
		return (0);
	if (s->layer == PROBE_HOST)
		return (1);
	if ((skip & (1u << s->layer)) != 0 || !STATE_HAS(st, s->layer))
		return (0);
	if (s->layer == LAYER_SECCOMP)
		return ((op->allowed & st->groups) == 0);
	return (s->layer != LAYER_LANDLOCK || st->landlock_abi >= s->abi);
}

int
probe_expect(const struct probe_op *op, const struct sandbox_state *st,
    uint32_t skip, enum enforce_layer *held)
{
	size_t	 i;

	for (i = 0; i < MAX_PROBE_STEPS; i++)
		if (step_holds(op, &op->step[i], st, skip))
			break;
	/* each row ends with a step of the host */
	if (i == MAX_PROBE_STEPS)
		abort();
	*held = op->step[i].layer;
	return (op->step[i].result);
}

/* the kernel takes a filter or a Landlock domain from nobody else */
static uint32_t
possible(uint32_t skip)
{
	uint32_t	 both = 1u << LAYER_SECCOMP | 1u << LAYER_LANDLOCK;

	if ((skip & both) != both)
		skip &= ~(1u << LAYER_NNP);
	return (skip);
}

/*
 * An operation is held by a layer; with that layer off by the next one, and
 * with all of them off it must go through, or the probe proves nothing.  Each
 * of them must hold it alone, too.
 */
size_t
probe_ways(const struct probe_op *op, const struct sandbox_state *st,
    struct probe_way ways[MAX_PROBE_WAYS])
{
	struct probe_way	*w = ways, *old;
	uint32_t		 skip = 0, all;
	unsigned int		 layer;

	if (probe_gains(op) && gain_dir[0] == '\0')
		return (0);
	do {
		w->skip = all = skip;
		w->result = probe_expect(op, st, skip, &w->held);
		skip |= 1u << w->held;
	} while (w++->held != PROBE_HOST);
	for (layer = 0; layer < LAYER_COUNT; layer++) {
		if ((all & (1u << layer)) == 0)
			continue;
		w->skip = possible(all & ~(1u << layer));
		w->result = probe_expect(op, st, w->skip, &w->held);
		/* else the row's order is wrong */
		if (w->held != layer)
			abort();
		for (old = ways; old->skip != w->skip; old++)
			;
		if (old == w)
			w++;
	}
	return ((size_t)(w - ways));
}

/*
 * uretprobe and uprobe of x86_64: since 6.14 the kernel does not ask any
 * filter about them (seccomp_uprobe_exception), since tracers put them into
 * processes.  From anywhere but a trampoline they are SIGILL and ENXIO.
 */
#define NR_URETPROBE	335
#define NR_UPROBE	336

int
probe_expect_nr(uint32_t groups, long nr)
{
	int	 errnum;

#ifdef __x86_64__
	if (nr == NR_URETPROBE || nr == NR_UPROBE)
		return (PROBE_UPROBE);
#endif
	switch (sandbox_verdict(groups, nr, &errnum)) {
	case SANDBOX_ALLOW:
		return (PROBE_ANY);
	case SANDBOX_ERRNO:
		return (errnum);
	case SANDBOX_KILL:
		break;
	}
	return (PROBE_KILLED);
}

int
probe_outcome(int status)
{
	if (WIFEXITED(status))
		return (WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return (PROBE_KILLED);
	return (PROBE_DIED);
}

int
probe_same(int outcome, int expected)
{
	if (outcome == PROBE_SETUP)
		return (0);
	if (expected == PROBE_ANY)
		return (outcome != PROBE_KILLED);
	if (expected == PROBE_UPROBE)
		return (outcome == PROBE_KILLED || outcome == PROBE_DIED ||
		    outcome == ENXIO);
	return (outcome == expected);
}

const char *
probe_text(int result)
{
	switch (result) {
	case PROBE_KILLED:
		return ("SIGSYS");
	case PROBE_ANY:
		return ("reached the kernel");
	case PROBE_UPROBE:
		return ("SIGSYS or a uprobe refused");
	case PROBE_DIED:
		return ("died of another signal");
	case PROBE_SETUP:
		return ("could not be tried");
	case 0:
		return ("went through");
	}
	return (strerror(result));
}
