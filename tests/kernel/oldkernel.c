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

/*
 * A kernel that lacks something, for tests: starts a program whose system
 * calls, and those of all it starts, are answered as that kernel would.
 *
 *	oldkernel [-u uid] [-l abi] [-d feature[=ERRNO]] ... program [arg ...]
 *	oldkernel -L			the features, one a line
 *
 * -d answers a feature's calls with its errno, or the one given.  -l gives
 * Landlock this ABI: the version asked for is that number, and rights that
 * such a kernel does not know are refused.  With 6:nosignal it is that of
 * RHEL 9, which says 6 and lacks a scope.  An ABI newer than the kernel's is
 * played, too: rights it does not have are taken and not enforced.
 *
 * The filter comes before the suite's own, which are stacked on it: the
 * strictest answer counts, and a kill is stricter than an errno.  As root it
 * is set without no_new_privs, so that what the suite must set itself is not
 * set for it; anybody else needs that, and gets it.
 */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/landlock.h"

#if defined(__x86_64__)
#define ARCH		AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH		AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH		AUDIT_ARCH_RISCV64
#endif

#define NR_CREATE_RULESET	444
#define NR_ADD_RULE		445
#define NR_RESTRICT_SELF	446
#define LANDLOCK_VERSION	1	/* flag of the first: asks for the ABI */

/* options that headers of Debian 12 may lack */
#define OPT_SET_MDWE		65
#define OPT_GET_MDWE		66
#define OPT_PEERGROUPS		59
#define OPT_ADD_SEALS		1033
#define FLAG_ALLOW_SEALING	2
#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |	\
	    CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER)

#define MAX_INSNS	512
#define MAX_FEATURES	16
#define MAX_ATTR	64	/* bytes of a rule set's attributes */

enum test { ALWAYS, IS, HAS };	/* the argument: equal, any bit of */

static const struct call {
	const char	*feature;
	long		 nr;
	int		 errnum;
	enum test	 test;
	unsigned int	 arg;
	uint32_t	 value;
} calls[] = {
	{ "landlock",	 NR_CREATE_RULESET, ENOSYS, ALWAYS, 0, 0 },
	{ "landlock",	 NR_ADD_RULE, ENOSYS, ALWAYS, 0, 0 },
	{ "landlock",	 NR_RESTRICT_SELF, ENOSYS, ALWAYS, 0, 0 },
	{ "openat2",	 SYS_openat2, ENOSYS, ALWAYS, 0, 0 },
	{ "close_range", SYS_close_range, ENOSYS, ALWAYS, 0, 0 },
	{ "clone3",	 SYS_clone3, ENOSYS, ALWAYS, 0, 0 },
	{ "statx",	 SYS_statx, ENOSYS, ALWAYS, 0, 0 },
	{ "getrandom",	 SYS_getrandom, ENOSYS, ALWAYS, 0, 0 },
	{ "renameat2",	 SYS_renameat2, ENOSYS, ALWAYS, 0, 0 },
	{ "rseq",	 SYS_rseq, ENOSYS, ALWAYS, 0, 0 },
	{ "faccessat2",	 SYS_faccessat2, ENOSYS, ALWAYS, 0, 0 },
	{ "pidfd",	 SYS_pidfd_open, ENOSYS, ALWAYS, 0, 0 },
	{ "pidfd",	 SYS_pidfd_send_signal, ENOSYS, ALWAYS, 0, 0 },
	{ "pidfd",	 SYS_pidfd_getfd, ENOSYS, ALWAYS, 0, 0 },
	{ "memfd",	 SYS_memfd_create, ENOSYS, ALWAYS, 0, 0 },
	{ "seals",	 SYS_memfd_create, EINVAL, HAS, 1,
	    FLAG_ALLOW_SEALING },
	{ "add_seals",	 SYS_fcntl, EINVAL, IS, 1, OPT_ADD_SEALS },
	{ "unshare",	 SYS_unshare, EPERM, ALWAYS, 0, 0 },
	{ "namespaces",	 SYS_unshare, EPERM, HAS, 0, NAMESPACES },
	{ "namespaces",	 SYS_clone, EPERM, HAS, 0, NAMESPACES },
	{ "namespaces",	 SYS_clone3, ENOSYS, ALWAYS, 0, 0 },
	{ "netns",	 SYS_unshare, EINVAL, HAS, 0, CLONE_NEWNET },
	{ "userns",	 SYS_unshare, EPERM, HAS, 0, CLONE_NEWUSER },
	{ "userns",	 SYS_clone, EPERM, HAS, 0, CLONE_NEWUSER },
	{ "userns",	 SYS_clone3, ENOSYS, ALWAYS, 0, 0 },
	{ "chroot",	 SYS_chroot, EPERM, ALWAYS, 0, 0 },
	{ "setgroups",	 SYS_setgroups, EPERM, ALWAYS, 0, 0 },
	{ "setresuid",	 SYS_setresuid, EPERM, ALWAYS, 0, 0 },
	{ "capset",	 SYS_capset, EPERM, ALWAYS, 0, 0 },
	{ "seccomp",	 SYS_seccomp, ENOSYS, ALWAYS, 0, 0 },
	{ "seccomp",	 SYS_prctl, EINVAL, IS, 0, PR_SET_SECCOMP },
	/* Linux 3.17 to 4.13 has the call and kills a thread only */
	{ "kill_process", SYS_seccomp, EOPNOTSUPP, IS, 0,
	    SECCOMP_GET_ACTION_AVAIL },
	{ "filter",	 SYS_seccomp, EINVAL, IS, 0,
	    SECCOMP_SET_MODE_FILTER },
	{ "no_new_privs", SYS_prctl, EINVAL, IS, 0, PR_SET_NO_NEW_PRIVS },
	{ "dumpable",	 SYS_prctl, EINVAL, IS, 0, PR_SET_DUMPABLE },
	{ "pdeathsig",	 SYS_prctl, EINVAL, IS, 0, PR_SET_PDEATHSIG },
	{ "mdwe",	 SYS_prctl, EINVAL, IS, 0, OPT_SET_MDWE },
	{ "mdwe",	 SYS_prctl, EINVAL, IS, 0, OPT_GET_MDWE },
	{ "rlimit",	 SYS_prlimit64, EPERM, HAS, 2, UINT32_MAX },
	{ "peergroups",	 SYS_getsockopt, ENOPROTOOPT, IS, 2,
	    OPT_PEERGROUPS },
};
#define NCALLS	(sizeof(calls) / sizeof(calls[0]))

static const struct {
	const char	*name;
	int		 errnum;
} errnos[] = {
	{ "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EINVAL", EINVAL },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "EACCES", EACCES },
};

/* what came with which ABI, as in common/landlock.c, by size of the struct */
static const struct {
	int		 abi;
	uint64_t	 fs;
	uint64_t	 net;
	uint64_t	 scoped;
} abis[] = {
	{ 1, LL_REFER - 1, 0, 0 },
	{ 2, LL_REFER, 0, 0 },
	{ 3, LL_TRUNCATE, 0, 0 },
	{ 4, 0, LL_BIND_TCP | LL_CONNECT_TCP, 0 },
	{ 5, LL_IOCTL_DEV, 0, 0 },
	{ 6, 0, 0, LL_SCOPE_ABSTRACT_UNIX | LL_SCOPE_SIGNAL },
	{ 9, LL_RESOLVE_UNIX, 0, 0 },
	{ 10, 0, LL_BIND_UDP | LL_CONNECT_UDP, 0 },
};
#define NABIS	(sizeof(abis) / sizeof(abis[0]))

static struct feature {
	const char	*name;
	int		 errnum;	/* 0: the call's own */
} lacks[MAX_FEATURES];
static size_t			 nlacks;
static int			 abi = -1;	/* -1: the kernel's own */
static int			 no_signal;
static struct sock_filter	 insns[MAX_INSNS];
static unsigned short		 ninsns;

static void
die(const char *what)
{
	fprintf(stderr, "oldkernel: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void
emit(unsigned int code, uint32_t k, unsigned int jt, unsigned int jf)
{
	struct sock_filter	*f = &insns[ninsns++];

	if (ninsns == MAX_INSNS)
		abort();
	f->code = (unsigned short)code;
	f->k = k;
	f->jt = (unsigned char)jt;
	f->jf = (unsigned char)jf;
}

/* lower half of an argument only: no value here has an upper one */
static void
emit_call(const struct call *c, uint32_t answer)
{
	size_t	 off;

	off = offsetof(struct seccomp_data, args) + c->arg * sizeof(uint64_t);
	emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr),
	    0, 0);
	emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)c->nr, 0,
	    c->test == ALWAYS ? 1 : 3);
	if (c->test != ALWAYS) {
		emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)off, 0, 0);
		emit(BPF_JMP | (c->test == IS ? BPF_JEQ : BPF_JSET) | BPF_K,
		    c->value, 0, 1);
	}
	emit(BPF_RET | BPF_K, answer, 0, 0);
}

static void
make_filter(void)
{
	static const struct call	 create = { "", NR_CREATE_RULESET, 0,
	    ALWAYS, 0, 0 };
	size_t				 i, j;
	int				 errnum;

	emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	    0, 0);
	emit(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	for (i = 0; i < nlacks; i++)
		for (j = 0; j < NCALLS; j++) {
			if (strcmp(lacks[i].name, calls[j].feature) != 0)
				continue;
			errnum = lacks[i].errnum != 0 ? lacks[i].errnum :
			    calls[j].errnum;
			emit_call(&calls[j],
			    SECCOMP_RET_ERRNO | (uint32_t)errnum);
		}
	if (abi >= 0)
		emit_call(&create, SECCOMP_RET_USER_NOTIF);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* --- Landlock of another age ----------------------------------------------- */

static int
kernel_abi(void)
{
	return ((int)syscall(NR_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION));
}

/* the rights of an ABI: fs, net, scoped */
static void
rights_of(int n, uint64_t known[3])
{
	size_t	 i;

	memset(known, 0, 3 * sizeof(known[0]));
	for (i = 0; i < NABIS && abis[i].abi <= n; i++) {
		known[0] |= abis[i].fs;
		known[1] |= abis[i].net;
		known[2] |= abis[i].scoped;
	}
}

/*
 * security/landlock/syscalls.c: the attributes may be longer than the kernel
 * knows if the rest is zero, and name no right it does not know.  0 when the
 * real kernel may have them as they are, 1 when they are to be cut to what it
 * knows, else the errno.
 */
static int
judge(const struct seccomp_notif *rq, uint64_t attr[MAX_ATTR / 8])
{
	struct iovec	 to, from;
	uint64_t	 known[3], mine[3];
	size_t		 i, words, len = rq->data.args[1];
	int		 cut = 0;

	if (len < sizeof(uint64_t))
		return (EINVAL);
	if (len > MAX_ATTR)
		return (E2BIG);
	memset(attr, 0, MAX_ATTR);
	to.iov_base = attr;
	from.iov_base = (void *)(uintptr_t)rq->data.args[0];
	to.iov_len = from.iov_len = len;
	if (process_vm_readv((pid_t)rq->pid, &to, 1, &from, 1, 0) !=
	    (ssize_t)len)
		return (EFAULT);
	rights_of(abi, known);
	if (no_signal)
		known[2] &= ~LL_SCOPE_SIGNAL;
	rights_of(kernel_abi(), mine);
	words = abi >= 6 ? 3 : abi >= 4 ? 2 : 1;
	for (i = words; i < MAX_ATTR / 8; i++)
		if (attr[i] != 0)
			return (E2BIG);
	for (i = 0; i < words; i++) {
		if ((attr[i] & ~known[i]) != 0)
			return (EINVAL);
		if ((attr[i] & ~mine[i]) != 0)
			cut = 1;
		attr[i] &= mine[i];
	}
	return (cut);
}

/* a rule set of what this kernel has, put in the place of the wanted one */
static int
give_ruleset(int listener, uint64_t id, const uint64_t *attr)
{
	struct seccomp_notif_addfd	 add;
	long				 fd;

	fd = syscall(NR_CREATE_RULESET, attr, 3 * sizeof(attr[0]), 0);
	if (fd == -1)
		return (errno);
	memset(&add, 0, sizeof(add));
	add.id = id;
	add.flags = SECCOMP_ADDFD_FLAG_SEND;
	add.srcfd = (uint32_t)fd;
	add.newfd_flags = O_CLOEXEC;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) == -1 &&
	    errno != ENOENT)
		die("rule set");
	close((int)fd);
	return (0);
}

static void
answer(int listener, const struct seccomp_notif *rq)
{
	struct seccomp_notif_resp	 rp;
	uint64_t			 attr[MAX_ATTR / 8];
	int				 errnum;

	memset(&rp, 0, sizeof(rp));
	rp.id = rq->id;
	if (rq->data.args[2] == LANDLOCK_VERSION)
		rp.val = abi;
	else if (rq->data.args[2] != 0)
		rp.error = -EINVAL;
	else if ((errnum = judge(rq, attr)) == 0)
		rp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (errnum != 1)
		rp.error = -errnum;
	else if ((errnum = give_ruleset(listener, rq->id, attr)) != 0)
		rp.error = -errnum;
	else
		return;
	/* ENOENT: it was killed meanwhile */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &rp) == -1 &&
	    errno != ENOENT)
		die("answer");
}

/* until nobody is left who has the filter */
static void
serve(int listener)
{
	struct seccomp_notif	 rq;
	struct pollfd		 pfd = { listener, POLLIN, 0 };

	while (poll(&pfd, 1, -1) == 1 && (pfd.revents & POLLIN) != 0) {
		memset(&rq, 0, sizeof(rq));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &rq) == 0)
			answer(listener, &rq);
	}
	_exit(0);
}

static int
take_fd(int sock)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct iovec		 iov;
	struct msghdr		 mh;
	char			 c;
	int			 fd;

	memset(&mh, 0, sizeof(mh));
	iov.iov_base = &c;
	iov.iov_len = 1;
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = cmsg.buf;
	mh.msg_controllen = sizeof(cmsg.buf);
	if (recvmsg(sock, &mh, 0) != 1 || CMSG_FIRSTHDR(&mh) == NULL)
		_exit(0);
	memcpy(&fd, CMSG_DATA(&cmsg.hdr), sizeof(fd));
	return (fd);
}

static void
send_fd(int sock, int fd)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct iovec		 iov;
	struct msghdr		 mh;
	char			 c = 0;

	memset(&mh, 0, sizeof(mh));
	memset(&cmsg, 0, sizeof(cmsg));
	iov.iov_base = &c;
	iov.iov_len = 1;
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = cmsg.buf;
	mh.msg_controllen = sizeof(cmsg.buf);
	cmsg.hdr.cmsg_level = SOL_SOCKET;
	cmsg.hdr.cmsg_type = SCM_RIGHTS;
	cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&cmsg.hdr), &fd, sizeof(int));
	if (sendmsg(sock, &mh, 0) != 1)
		die("listener");
}

/* nobody's child, so that the suite has none that it did not start */
static int
start_server(void)
{
	pid_t	 pid;
	int	 sv[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		die("socketpair");
	if ((pid = fork()) == -1)
		die("fork");
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		setsid();
		/* whoever waits for the end of a pipe does not wait for us */
		fd = dup2(sv[1], 0);
		closefrom(1);
		serve(take_fd(fd));
	}
	close(sv[1]);
	waitpid(pid, NULL, 0);
	return (sv[0]);
}

/* --------------------------------------------------------------------------- */

static void
install(void)
{
	struct sock_fprog	 prog = { ninsns, insns };
	int			 sock = -1, fd;

	if (abi >= 0)
		sock = start_server();
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		die("no_new_privs");
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, abi >= 0 ?
	    SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &prog);
	if (fd == -1)
		die("filter");
	if (abi >= 0) {
		send_fd(sock, fd);
		close(fd);
		close(sock);
	}
}

static void
usage(void)
{
	fprintf(stderr, "usage: oldkernel [-u uid] [-l abi[:nosignal]] "
	    "[-d feature[=ERRNO]] ... program [arg ...]\n"
	    "       oldkernel -L\n");
	exit(125);
}

static void
lack(char *name)
{
	char	*eq = strchr(name, '=');
	size_t	 i;

	if (nlacks == MAX_FEATURES)
		usage();
	if (eq != NULL) {
		*eq++ = '\0';
		for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
			if (strcmp(errnos[i].name, eq) == 0)
				lacks[nlacks].errnum = errnos[i].errnum;
		if (lacks[nlacks].errnum == 0)
			usage();
	}
	for (i = 0; i < NCALLS; i++)
		if (strcmp(calls[i].feature, name) == 0)
			break;
	if (i == NCALLS)
		usage();
	lacks[nlacks++].name = name;
}

static void
list(void)
{
	size_t	 i;

	for (i = 0; i < NCALLS; i++)
		if (i == 0 || strcmp(calls[i].feature,
		    calls[i - 1].feature) != 0)
			printf("%s\n", calls[i].feature);
	exit(0);
}

int
main(int argc, char *argv[])
{
	uid_t	 uid = (uid_t)-1;
	int	 ch;

	while ((ch = getopt(argc, argv, "+d:l:Lu:")) != -1) {
		switch (ch) {
		case 'd':
			lack(optarg);
			break;
		case 'l':
			abi = atoi(optarg);
			no_signal = strstr(optarg, ":nosignal") != NULL;
			break;
		case 'L':
			list();
			break;
		case 'u':
			uid = (uid_t)atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
	make_filter();
	if (uid != (uid_t)-1 && (setgroups(0, NULL) == -1 ||
	    setresgid(uid, uid, uid) == -1))
		die("gid");
	install();
	/* the filter may forbid setresuid: as root the plain call is left */
	if (uid != (uid_t)-1 && setuid(uid) == -1)
		die("uid");
	execvp(argv[optind], argv + optind);
	die(argv[optind]);
	return (125);
}
