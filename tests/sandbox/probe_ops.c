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

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sandbox.h"
#include "tests/sandbox/probe.h"

/*
 * The forbidden operations.  Each returns 0 or errno, and undoes what it did
 * where it went through, since with layers off some do.  They use no stdio
 * and no heap: those would need system calls of their own.
 */

#define RESULT(call)	((call) == -1 ? errno : 0)
#define READ_FLAGS	(O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
#define WRITE_FLAGS	(O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC)

/* memory the operations map is given back by the exit that follows */
#define MAPPED(call)	((call) == MAP_FAILED ? errno : 0)

static char	 scratch[256];

static const char *
below(const struct probe_env *env, const char *name)
{
	strlcpy(scratch, env->dir, sizeof(scratch));
	strlcat(scratch, name, sizeof(scratch));
	return (scratch);
}

static int
op_open_passwd(const struct probe_env *env)
{
	(void)env;
	return (RESULT(open("/etc/passwd", READ_FLAGS)));
}

static int
op_open_db(const struct probe_env *env)
{
	return (RESULT(open(env->db, READ_FLAGS)));
}

/* no path to look up, so that an empty root does not answer for Landlock */
static int
op_open_beside(const struct probe_env *env)
{
	return (RESULT(openat(env->outside, "audit.db", READ_FLAGS)));
}

static int
op_write_beside(const struct probe_env *env)
{
	return (RESULT(openat(env->outside, "new", WRITE_FLAGS, 0600)));
}

static int
op_create_tmp(const struct probe_env *env)
{
	return (RESULT(open(below(env, "/new"), WRITE_FLAGS, 0600)));
}

static int
op_unlink_beside(const struct probe_env *env)
{
	return (RESULT(unlinkat(env->outside, "spare", 0)));
}

static int
op_rename_beside(const struct probe_env *env)
{
	return (RESULT(syscall(SYS_renameat2, env->outside, "victim",
	    env->outside, "moved", 0)));
}

static int
op_truncate(const struct probe_env *env)
{
	return (RESULT(truncate(below(env, "/victim"), 7)));
}

static int
op_chmod(const struct probe_env *env)
{
	return (RESULT(fchmodat(env->outside, "victim", 0600, 0)));
}

static int
op_mkdir(const struct probe_env *env)
{
	if (mkdirat(env->outside, "dir", 0700) == -1)
		return (errno);
	return (RESULT(unlinkat(env->outside, "dir", AT_REMOVEDIR)));
}

static int
op_symlink(const struct probe_env *env)
{
	if (symlinkat("victim", env->outside, "link") == -1)
		return (errno);
	return (RESULT(unlinkat(env->outside, "link", 0)));
}

static int
op_stat(const struct probe_env *env)
{
	struct stat	 sb;

	(void)env;
	return (RESULT(fstatat(AT_FDCWD, "/etc/passwd", &sb,
	    AT_SYMLINK_NOFOLLOW)));
}

static int
op_list(const struct probe_env *env)
{
	return (RESULT(syscall(SYS_getdents64, env->dirlist, scratch,
	    sizeof(scratch))));
}

static int
op_proc_mem(const struct probe_env *env)
{
	(void)env;
	return (RESULT(open("/proc/self/mem", READ_FLAGS)));
}

static int
op_fchdir(const struct probe_env *env)
{
	return (RESULT(fchdir(env->outside)));
}

static int
connect_inet(int fd, uint16_t port)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	return (connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
}

static int
op_connect_tcp(const struct probe_env *env)
{
	int	 fd;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		return (errno);
	return (RESULT(connect_inet(fd, env->port)));
}

/* what a sink may: the port of its own records */
static int
op_connect_receiver(const struct probe_env *env)
{
	int	 fd;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		return (errno);
	return (RESULT(connect_inet(fd, env->receiver)));
}

/* a socket made before the role entered stays in the old network */
static int
op_connect_held(const struct probe_env *env)
{
	if (connect_inet(env->inet, env->port) == -1 && errno != EINPROGRESS)
		return (errno);
	return (0);
}

static int
connect_unix(int fd, const char *path, int abstract)
{
	struct sockaddr_un	 sun;
	socklen_t		 len;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(path));
	if (abstract)
		sun.sun_path[0] = '\0';
	return (RESULT(connect(fd, (struct sockaddr *)&sun, len)));
}

static int
op_connect_unix(const struct probe_env *env)
{
	int	 fd;

	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return (errno);
	return (connect_unix(fd, below(env, "/socket"), 0));
}

static int
op_connect_held_unix(const struct probe_env *env)
{
	return (connect_unix(env->local, below(env, "/socket"), 0));
}

static int
op_connect_abstract(const struct probe_env *env)
{
	int	 fd;

	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return (errno);
	return (connect_unix(fd, env->abstract, 1));
}

static int
op_connect_held_abstract(const struct probe_env *env)
{
	return (connect_unix(env->local, env->abstract, 1));
}

static int
op_connect_udp(const struct probe_env *env)
{
	return (RESULT(connect_inet(env->udp, env->port)));
}

/* to whom it likes, without being connected */
static int
op_send_udp(const struct probe_env *env)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(env->port);
	return (RESULT(sendto(env->udp, "x", 1, 0, (struct sockaddr *)&sin,
	    sizeof(sin))));
}

static int
op_bind_udp(const struct probe_env *env)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(env->port);
	return (RESULT(bind(env->udp, (struct sockaddr *)&sin,
	    sizeof(sin))));
}

static int
op_bind(const struct probe_env *env)
{
	struct sockaddr_in	 sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	return (RESULT(bind(env->inet, (struct sockaddr *)&sin,
	    sizeof(sin))));
}

static int
op_listen(const struct probe_env *env)
{
	return (RESULT(listen(env->listener, 16)));
}

static int
op_accept(const struct probe_env *env)
{
	return (RESULT(accept4(env->listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)));
}

static int
op_socket_inet(const struct probe_env *env)
{
	(void)env;
	return (RESULT(socket(AF_INET, SOCK_STREAM, 0)));
}

static int
op_socket_netlink(const struct probe_env *env)
{
	(void)env;
	return (RESULT(socket(AF_NETLINK, SOCK_RAW, 0)));
}

static int
op_socket_udp(const struct probe_env *env)
{
	(void)env;
	return (RESULT(socket(AF_INET, SOCK_DGRAM, 0)));
}

static int
op_socket_raw(const struct probe_env *env)
{
	(void)env;
	return (RESULT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
}

static int
op_socket_packet(const struct probe_env *env)
{
	(void)env;
	return (RESULT(socket(AF_PACKET, SOCK_RAW, 0)));
}

/* past the routes of the host */
static int
op_bind_device(const struct probe_env *env)
{
	return (RESULT(setsockopt(env->inet, SOL_SOCKET, SO_BINDTODEVICE,
	    "lo", 3)));
}

static int
op_socket_unix(const struct probe_env *env)
{
	(void)env;
	return (RESULT(socket(AF_UNIX, SOCK_DGRAM, 0)));
}

static int
op_setsockopt(const struct probe_env *env)
{
	int	 on = 1;

	return (RESULT(setsockopt(env->inet, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on))));
}

/* exits 0 as /bin/true when it goes through */
static int
op_exec(const struct probe_env *env)
{
	char		*argv[] = { scratch, NULL };
	char		*envp[] = { NULL };

	(void)env;
	strlcpy(scratch, "true", sizeof(scratch));
	execve("/bin/true", argv, envp);
	return (errno);
}

static int
child_or_errno(long pid)
{
	if (pid == 0)
		_exit(0);
	return (pid == -1 ? errno : 0);
}

/* see probe_gain_make() */
static int
op_gain(const struct probe_env *env)
{
	static char	 key[96], name[] = "test", flag[] = "-r";
	char		*argv[] = { name, flag, key, NULL };
	char		*envp[] = { NULL };

	strlcpy(key, env->gain, sizeof(key));
	strlcat(key, "/key", sizeof(key));
	strlcpy(scratch, env->gain, sizeof(scratch));
	strlcat(scratch, "/test", sizeof(scratch));
	execve(scratch, argv, envp);
	return (errno);
}

int
probe_gains(const struct probe_op *op)
{
	return (op->run == op_gain);
}

static int
op_fork(const struct probe_env *env)
{
	(void)env;
	return (child_or_errno(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L,
	    0L)));
}

static int
op_clone3(const struct probe_env *env)
{
	struct clone_args	 ca;

	(void)env;
	memset(&ca, 0, sizeof(ca));
	ca.exit_signal = SIGCHLD;
	return (child_or_errno(syscall(SYS_clone3, &ca, sizeof(ca))));
}

static int
op_ptrace(const struct probe_env *env)
{
	return (RESULT(ptrace(PTRACE_SEIZE, env->parent, NULL, NULL)));
}

static int
op_ptrace_sibling(const struct probe_env *env)
{
	return (RESULT(ptrace(PTRACE_SEIZE, env->sibling, NULL, NULL)));
}

/* a descriptor of another process, as one sink's token may be */
static int
op_pidfd_getfd(const struct probe_env *env)
{
	return (RESULT(syscall(SYS_pidfd_getfd, env->pidfd, 0, 0)));
}

static const char *
proc_of(pid_t pid, const char *name)
{
	char	 digits[16];
	size_t	 i = sizeof(digits) - 1;

	digits[i] = '\0';
	for (; pid > 0 && i > 0; pid /= 10)
		digits[--i] = (char)('0' + pid % 10);
	strlcpy(scratch, "/proc/", sizeof(scratch));
	strlcat(scratch, digits + i, sizeof(scratch));
	strlcat(scratch, name, sizeof(scratch));
	return (scratch);
}

static int
op_sibling_mem(const struct probe_env *env)
{
	return (RESULT(open(proc_of(env->sibling, "/mem"), READ_FLAGS)));
}

static int
op_sibling_fd(const struct probe_env *env)
{
	return (RESULT(open(proc_of(env->sibling, "/fd/0"),
	    O_RDONLY | O_CLOEXEC)));
}

static int
op_read_sibling(const struct probe_env *env)
{
	struct iovec	 to = { scratch, 16 };
	struct iovec	 from = { (void *)(uintptr_t)env->secret, 16 };

	return (RESULT(process_vm_readv(env->sibling, &to, 1, &from, 1, 0)));
}

static int
op_read_parent(const struct probe_env *env)
{
	struct iovec	 to = { scratch, 16 };
	struct iovec	 from = { (void *)(uintptr_t)env->secret, 16 };

	return (RESULT(process_vm_readv(env->parent, &to, 1, &from, 1, 0)));
}

static int
op_kill_parent(const struct probe_env *env)
{
	return (RESULT(kill(env->parent, 0)));
}

static int
op_tgkill_parent(const struct probe_env *env)
{
	return (RESULT(syscall(SYS_tgkill, env->parent, env->parent, 0)));
}

static int
op_pidfd(const struct probe_env *env)
{
	return (RESULT(syscall(SYS_pidfd_open, env->parent, 0)));
}

static int
op_prlimit_parent(const struct probe_env *env)
{
	struct rlimit	 rl;

	return (RESULT(syscall(SYS_prlimit64, env->parent, RLIMIT_CORE, NULL,
	    &rl)));
}

static int
op_mmap_exec(const struct probe_env *env)
{
	(void)env;
	return (MAPPED(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
}

static int
op_mprotect_exec(const struct probe_env *env)
{
	void	*p;

	(void)env;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return (PROBE_SETUP);
	return (RESULT(mprotect(p, 4096, PROT_READ | PROT_EXEC)));
}

static int
op_mmap_file_exec(const struct probe_env *env)
{
	return (MAPPED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE,
	    env->memfd, 0)));
}

static int
op_mmap_shared(const struct probe_env *env)
{
	return (MAPPED(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
	    env->memfd, 0)));
}

static int
op_memfd(const struct probe_env *env)
{
	(void)env;
	return (RESULT(memfd_create("probe", MFD_CLOEXEC)));
}

static int
op_setuid(const struct probe_env *env)
{
	(void)env;
	return (RESULT(syscall(SYS_setresuid, 0, 0, 0)));
}

static int
op_setns(const struct probe_env *env)
{
	return (RESULT(setns(env->nsfd, 0)));
}

static int
op_unshare(const struct probe_env *env)
{
	(void)env;
	return (RESULT(unshare(CLONE_NEWUTS)));
}

static int
op_unshare_user(const struct probe_env *env)
{
	(void)env;
	return (RESULT(unshare(CLONE_NEWUSER)));
}

/* no such file system: that is said only after the right to mount */
static int
op_mount(const struct probe_env *env)
{
	(void)env;
	return (RESULT(mount("none", "/", "nosuchfs", 0, NULL)));
}

static int
op_chroot(const struct probe_env *env)
{
	(void)env;
	return (RESULT(chroot("/")));
}

static int
op_dumpable(const struct probe_env *env)
{
	(void)env;
	return (RESULT(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)));
}

static int
op_tiocsti(const struct probe_env *env)
{
	return (RESULT(ioctl(env->memfd, TIOCSTI, "x")));
}

static int
op_set_owner(const struct probe_env *env)
{
	return (RESULT(fcntl(env->inet, F_SETOWN, env->parent)));
}

static int
op_keyctl(const struct probe_env *env)
{
	(void)env;
	return (RESULT(syscall(SYS_keyctl, 0L, -3L, 0L)));
}

static int
op_io_uring(const struct probe_env *env)
{
	(void)env;
	memset(scratch, 0, sizeof(scratch));
	return (RESULT(syscall(SYS_io_uring_setup, 1, scratch)));
}

static int
op_bpf(const struct probe_env *env)
{
	(void)env;
	memset(scratch, 0, sizeof(scratch));
	return (RESULT(syscall(SYS_bpf, 0, scratch, 64)));
}

static int
op_userfaultfd(const struct probe_env *env)
{
	(void)env;
	return (RESULT(syscall(SYS_userfaultfd, O_CLOEXEC)));
}

static int
op_perf(const struct probe_env *env)
{
	(void)env;
	memset(scratch, 0, sizeof(scratch));
	return (RESULT(syscall(SYS_perf_event_open, scratch, 0, -1, -1, 0)));
}

static int
op_personality(const struct probe_env *env)
{
	(void)env;
	return (RESULT(syscall(SYS_personality, 0xffffffffUL)));
}

#ifdef __x86_64__
static int
op_x32(const struct probe_env *env)
{
	(void)env;
	return (RESULT(syscall(0x40000000 | SYS_getpid)));
}

/* getpid of the 32-bit table */
static int
op_int80(const struct probe_env *env)
{
	long	 r;

	(void)env;
	__asm__ volatile("int $0x80" : "=a" (r) : "0" (20L) : "memory");
	return (r < 0 ? (int)-r : 0);
}
#endif

#define KILL_STEP	{ LAYER_SECCOMP, PROBE_KILLED, WHEN_ALWAYS, 0 }
#define SOFT_STEP(e)	{ LAYER_SECCOMP, e, WHEN_ALWAYS, 0 }
#define ON(layer, e)	{ LAYER_##layer, e, WHEN_ALWAYS, 0 }
#define ABI(n, e)	{ LAYER_LANDLOCK, e, WHEN_ALWAYS, n }
#define ROOT(layer, e)	{ LAYER_##layer, e, WHEN_ROOT, 0 }
#define USER(layer, e)	{ LAYER_##layer, e, WHEN_NOT_ROOT, 0 }
#define NO_EGRESS(e)	{ LAYER_LANDLOCK, e, WHEN_NO_EGRESS, 4 }
#define YAMA		{ PROBE_HOST, EPERM, WHEN_YAMA, 0 }
#define YAMA_OPEN	{ PROBE_HOST, EACCES, WHEN_YAMA, 0 }
#define ACCOUNT(e)	{ PROBE_HOST, e, WHEN_NOT_ROOT, 0 }
#define END(r)		{ PROBE_HOST, r, WHEN_ALWAYS, 0 }

#define READERS		(SB_DB | SB_STATEFILE | SB_READTREE)
#define WRITERS		(SB_DB | SB_STATEFILE)
#define EGRESS		(SB_INET_OUT | SB_DNS)

/* the order of the steps is the order in which the kernel asks */
static const struct probe_op ops[] = {
	{ "open-passwd", op_open_passwd, READERS,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), ABI(1, EACCES),
	    END(0) } },
	{ "open-db", op_open_db, READERS,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), ON(UID, EACCES),
	    ABI(1, EACCES), END(0) } },
	{ "open-beside", op_open_beside, READERS,
	    { SOFT_STEP(EACCES), ON(UID, EACCES), ABI(1, EACCES), END(0) } },
	{ "write-beside", op_write_beside, WRITERS,
	    { SOFT_STEP(EACCES), ON(UID, EACCES), ABI(1, EACCES), END(0) } },
	{ "create-file", op_create_tmp, WRITERS,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), ON(UID, EACCES),
	    ABI(1, EACCES), END(0) } },
	{ "unlink-beside", op_unlink_beside, WRITERS,
	    { KILL_STEP, ON(UID, EACCES), ABI(1, EACCES), END(0) } },
	{ "rename-beside", op_rename_beside, SB_STATEFILE,
	    { KILL_STEP, ON(UID, EACCES), ABI(1, EACCES), END(0) } },
	{ "truncate", op_truncate, 0,
	    { KILL_STEP, ON(CHROOT, ENOENT), ON(UID, EACCES), ABI(3, EACCES),
	    END(0) } },
	{ "chmod", op_chmod, 0, { KILL_STEP, ON(UID, EACCES), END(0) } },
	{ "mkdir", op_mkdir, 0,
	    { KILL_STEP, ON(UID, EACCES), ABI(1, EACCES), END(0) } },
	{ "symlink", op_symlink, 0,
	    { KILL_STEP, ON(UID, EACCES), ABI(1, EACCES), END(0) } },
	/* Landlock does not cover looking: in user mode auditd could */
	{ "stat", op_stat, SB_DB | SB_READTREE,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), END(0) } },
	/* rights are checked at open: a role holds no directory to list */
	{ "list-directory", op_list, SB_READTREE, { KILL_STEP, END(0) } },
	{ "proc-self-mem", op_proc_mem, READERS,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), USER(DUMPABLE, EACCES),
	    ABI(1, EACCES), END(0) } },
	{ "fchdir", op_fchdir, 0,
	    { KILL_STEP, ON(UID, EACCES), END(0) } },

	{ "connect-receiver", op_connect_receiver, EGRESS,
	    { KILL_STEP, NO_EGRESS(EACCES), ON(NETNS, ENETUNREACH),
	    END(0) } },
	{ "connect-tcp", op_connect_tcp, EGRESS,
	    { KILL_STEP, ABI(4, EACCES), ON(NETNS, ENETUNREACH), END(0) } },
	{ "connect-held-socket", op_connect_held, EGRESS,
	    { KILL_STEP, ABI(4, EACCES), END(0) } },
	{ "connect-unix", op_connect_unix, 0,
	    { KILL_STEP, ON(CHROOT, ENOENT), ON(UID, EACCES),
	    ABI(9, EACCES), END(0) } },
	{ "connect-abstract", op_connect_abstract, 0,
	    { KILL_STEP, ON(NETNS, ECONNREFUSED), ABI(6, EPERM), END(0) } },
	{ "connect-held-unix", op_connect_held_unix, EGRESS,
	    { KILL_STEP, ON(CHROOT, ENOENT), ON(UID, EACCES),
	    ABI(9, EACCES), END(0) } },
	/* the socket was made before, in the old network */
	{ "connect-held-abstract", op_connect_held_abstract, EGRESS,
	    { KILL_STEP, ABI(6, EPERM), END(0) } },
	{ "connect-udp", op_connect_udp, EGRESS,
	    { KILL_STEP, ABI(10, EACCES), END(0) } },
	{ "send-udp", op_send_udp, 0,
	    { KILL_STEP, ABI(10, EACCES), END(0) } },
	{ "bind-udp", op_bind_udp, 0,
	    { KILL_STEP, ABI(10, EACCES), END(0) } },
	{ "bind-tcp", op_bind, 0, { KILL_STEP, ABI(4, EACCES), END(0) } },
	{ "listen", op_listen, 0, { KILL_STEP, END(0) } },
	{ "accept", op_accept, SB_ACCEPT, { KILL_STEP, END(EAGAIN) } },
	{ "socket-inet", op_socket_inet, EGRESS, { KILL_STEP, END(0) } },
	{ "socket-udp", op_socket_udp, SB_DNS, { KILL_STEP, END(0) } },
	{ "socket-raw", op_socket_raw, 0,
	    { KILL_STEP, ON(CAPS, EPERM), ON(UID, EPERM), ACCOUNT(EPERM),
	    END(0) } },
	{ "socket-packet", op_socket_packet, 0,
	    { KILL_STEP, ON(CAPS, EPERM), ON(UID, EPERM), ACCOUNT(EPERM),
	    END(0) } },
	{ "socket-netlink", op_socket_netlink, 0, { KILL_STEP, END(0) } },
	{ "socket-unix", op_socket_unix, 0, { KILL_STEP, END(0) } },
	{ "setsockopt", op_setsockopt, 0, { KILL_STEP, END(0) } },
	{ "bind-device", op_bind_device, 0, { KILL_STEP, END(0) } },

	{ "exec", op_exec, 0,
	    { KILL_STEP, ON(CHROOT, ENOENT), ABI(1, EACCES), END(0) } },
	{ "exec-gains-uid", op_gain, 0,
	    { KILL_STEP, ON(CHROOT, ENOENT), ABI(1, EACCES), ON(NNP, EPERM),
	    END(0) } },
	{ "fork", op_fork, 0,
	    { KILL_STEP, USER(RLIMIT, EAGAIN), END(0) } },
	{ "clone3", op_clone3, 0,
	    { SOFT_STEP(ENOSYS), USER(RLIMIT, EAGAIN), END(0) } },
	{ "ptrace-parent", op_ptrace, 0,
	    { KILL_STEP, ABI(1, EPERM), ON(UID, EPERM), ROOT(CAPS, EPERM),
	    YAMA, END(0) } },
	{ "ptrace-sibling", op_ptrace_sibling, 0,
	    { KILL_STEP, ABI(1, EPERM), ON(UID, EPERM), ROOT(CAPS, EPERM),
	    YAMA, END(0) } },
	{ "read-parent-memory", op_read_parent, 0,
	    { KILL_STEP, ABI(1, EPERM), ON(UID, EPERM), ROOT(CAPS, EPERM),
	    YAMA, END(0) } },
	{ "read-sibling-memory", op_read_sibling, 0,
	    { KILL_STEP, ABI(1, EPERM), ON(UID, EPERM), ROOT(CAPS, EPERM),
	    YAMA, END(0) } },
	{ "take-descriptor", op_pidfd_getfd, 0,
	    { KILL_STEP, ABI(1, EPERM), ON(UID, EPERM), ROOT(CAPS, EPERM),
	    YAMA, END(0) } },
	{ "open-sibling-memory", op_sibling_mem, READERS,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), ON(UID, EACCES),
	    ABI(1, EACCES), ROOT(CAPS, EACCES), YAMA_OPEN, END(0) } },
	{ "open-sibling-fd", op_sibling_fd, SB_DB,
	    { SOFT_STEP(EACCES), ON(CHROOT, ENOENT), ON(UID, EACCES),
	    ABI(1, EACCES), ROOT(CAPS, EACCES), END(0) } },
	{ "kill-parent", op_kill_parent, 0,
	    { KILL_STEP, ON(UID, EPERM), ABI(6, EPERM), END(0) } },
	{ "tgkill-parent", op_tgkill_parent, 0,
	    { KILL_STEP, ON(UID, EPERM), ABI(6, EPERM), END(0) } },
	{ "pidfd-parent", op_pidfd, 0, { KILL_STEP, END(0) } },
	{ "prlimit-parent", op_prlimit_parent, 0,
	    { SOFT_STEP(ENOSYS), ON(UID, EPERM), END(0) } },

	{ "mmap-exec", op_mmap_exec, 0,
	    { KILL_STEP, ON(MDWE, EACCES), END(0) } },
	{ "mprotect-exec", op_mprotect_exec, 0,
	    { KILL_STEP, ON(MDWE, EACCES), END(0) } },
	{ "mmap-file-exec", op_mmap_file_exec, 0, { KILL_STEP, END(0) } },
	{ "mmap-shared-write", op_mmap_shared, SB_DB,
	    { KILL_STEP, END(0) } },
	{ "memfd", op_memfd, SB_MEMFD, { KILL_STEP, END(0) } },

	{ "setuid-back", op_setuid, 0,
	    { KILL_STEP, ON(UID, EPERM), ACCOUNT(EPERM), END(0) } },
	{ "setns", op_setns, 0,
	    { KILL_STEP, ON(CAPS, EPERM), ON(UID, EPERM), ACCOUNT(EPERM),
	    END(0) } },
	{ "unshare", op_unshare, 0,
	    { KILL_STEP, ON(CAPS, EPERM), ON(UID, EPERM), ACCOUNT(EPERM),
	    END(0) } },
	/* a new user namespace is what seccomp alone keeps from a role */
	{ "unshare-user", op_unshare_user, 0,
	    { KILL_STEP, ON(CHROOT, EPERM), END(PROBE_ANY) } },
	{ "mount", op_mount, 0,
	    { KILL_STEP, ABI(1, EPERM), ON(CAPS, EPERM), ON(UID, EPERM),
	    ACCOUNT(EPERM), END(ENODEV) } },
	{ "chroot", op_chroot, 0,
	    { KILL_STEP, ON(CAPS, EPERM), ON(UID, EPERM), ACCOUNT(EPERM),
	    END(0) } },
	{ "set-dumpable", op_dumpable, 0, { KILL_STEP, END(0) } },
	{ "tiocsti", op_tiocsti, 0, { KILL_STEP, END(ENOTTY) } },
	{ "set-signal-owner", op_set_owner, 0, { KILL_STEP, END(0) } },

	{ "keyctl", op_keyctl, 0, { KILL_STEP, END(PROBE_ANY) } },
	{ "io_uring", op_io_uring, 0, { KILL_STEP, END(PROBE_ANY) } },
	{ "bpf", op_bpf, 0, { KILL_STEP, END(PROBE_ANY) } },
	{ "userfaultfd", op_userfaultfd, 0, { KILL_STEP, END(PROBE_ANY) } },
	{ "perf", op_perf, 0, { KILL_STEP, END(PROBE_ANY) } },
	{ "personality", op_personality, 0, { KILL_STEP, END(0) } },
#ifdef __x86_64__
	{ "x32-call", op_x32, 0, { KILL_STEP, END(PROBE_ANY) } },
	{ "i386-call", op_int80, 0, { KILL_STEP, END(PROBE_ANY) } },
#endif
};

size_t
probe_count(void)
{
	return (sizeof(ops) / sizeof(ops[0]));
}

const struct probe_op *
probe_op(size_t i)
{
	return (&ops[i]);
}
