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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/sandbox_table.h"

/*
 * Which system calls a promise is made of.  A library, C library or kernel
 * that wants one more shows as a role killed by SIGSYS: add the row here,
 * with the reason, and a test that fails without it.
 *
 * glibc and musl spell the same function differently, and the generic table
 * of aarch64 and riscv64 lacks the old names: groups list all spellings.
 */

#define LOW(v)		((uint64_t)(v) & 0xffffffffULL)

/* int arguments */
#define IS(a, v)	{ TEST_VALUE, a, LOW(~0ULL), LOW(v) }
#define SUBSET(a, m)	{ TEST_VALUE, a, LOW(~(uint64_t)(m)), 0 }
#define IS_BUT(a, m, v)	{ TEST_VALUE, a, LOW(~(uint64_t)(m)), LOW(v) }
#define SELF(a)		{ TEST_SELF, a, LOW(~0ULL), 0 }
/* long and pointer arguments */
#define LIS(a, v)	{ TEST_VALUE, a, ~0ULL, (uint64_t)(v) }
#define LSUBSET(a, m)	{ TEST_VALUE, a, ~(uint64_t)(m), 0 }
#define LIS_BUT(a, m, v) { TEST_VALUE, a, ~(uint64_t)(m), (uint64_t)(v) }

#define ALLOW(name)							\
	{ SYS_##name, SANDBOX_ALLOW, 0, "", { { TEST_NONE, 0, 0, 0 } } }
#define ALLOW_IF(name, ...)						\
	{ SYS_##name, SANDBOX_ALLOW, 0, #__VA_ARGS__, { __VA_ARGS__ } }
#define SOFT(name, e)							\
	{ SYS_##name, SANDBOX_ERRNO, e, "", { { TEST_NONE, 0, 0, 0 } } }
#define SOFT_IF(name, e, ...)						\
	{ SYS_##name, SANDBOX_ERRNO, e, #__VA_ARGS__, { __VA_ARGS__ } }
#define NEVER(name)							\
	{ SYS_##name, SANDBOX_KILL, 0, "", { { TEST_NONE, 0, 0, 0 } } }

/* kernel numbers that headers of older distributions lack */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2	441
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr	442
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd		443
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr	467
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE		0x08
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL		0x0008U
#endif
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS		59
#endif

/* the kernel's bit, which 64-bit glibc hides and musl sets */
#if defined(__aarch64__)
#define K_LARGEFILE	0400000
#else
#define K_LARGEFILE	0100000
#endif

#define K_TCGETS2	0x802c542aUL	/* glibc 2.42 */

#define PROT_DATA	(PROT_READ | PROT_WRITE)
#define OPEN_FREE	(O_CLOEXEC | O_DIRECTORY | O_NONBLOCK | K_LARGEFILE)
#define OPEN_DB		(OPEN_FREE | O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
#define OPEN_STATE							\
	(OPEN_FREE | O_WRONLY | O_RDWR | O_CREAT | O_EXCL | O_TRUNC)
#define STATUS_FLAGS	(O_ACCMODE | O_NONBLOCK | K_LARGEFILE)

/*
 * Memory that is never executable and never shared, time, the descriptors
 * one has, and an end.  Paths get an error instead of death, since libraries
 * look for optional files and live without them.
 */
static const struct sandbox_rule stdio_rules[] = {
	ALLOW(read), ALLOW(pread64), ALLOW(write), ALLOW(readv), ALLOW(writev),
	ALLOW(close), ALLOW(fstat), ALLOW(lseek),
	ALLOW_IF(fcntl, IS(1, F_GETFD)),
	ALLOW_IF(fcntl, IS(1, F_SETFD), LSUBSET(2, FD_CLOEXEC)),
	ALLOW_IF(fcntl, IS(1, F_GETFL)),
	ALLOW_IF(fcntl, IS(1, F_SETFL), LSUBSET(2, STATUS_FLAGS)),
	ALLOW(brk), ALLOW(munmap),
	ALLOW_IF(mmap, LSUBSET(2, PROT_DATA), LIS_BUT(3,
	    MAP_NORESERVE | MAP_STACK | MAP_POPULATE,
	    MAP_PRIVATE | MAP_ANONYMOUS)),
	ALLOW_IF(mprotect, LSUBSET(2, PROT_DATA)),
	ALLOW_IF(mremap, LSUBSET(3, MREMAP_MAYMOVE)),
	ALLOW_IF(madvise, IS(2, MADV_DONTNEED)),
	ALLOW_IF(madvise, IS(2, MADV_FREE)),
	ALLOW_IF(madvise, IS(2, MADV_DONTDUMP)),
	ALLOW_IF(madvise, IS(2, MADV_DODUMP)),
	ALLOW_IF(madvise, IS(2, MADV_WIPEONFORK)),
	ALLOW_IF(madvise, IS(2, MADV_HUGEPAGE)),
	ALLOW(clock_gettime), ALLOW(gettimeofday),
	ALLOW(nanosleep), ALLOW(clock_nanosleep), ALLOW(restart_syscall),
#ifdef SYS_time
	ALLOW(time),
#endif
	ALLOW(getrandom),
	ALLOW(sysinfo),		/* qsort(3) of glibc before 2.37 */
	ALLOW_IF(futex, IS_BUT(1, FUTEX_PRIVATE_FLAG, FUTEX_WAIT)),
	ALLOW_IF(futex, IS_BUT(1, FUTEX_PRIVATE_FLAG, FUTEX_WAKE)),
	ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn),
	/* abort(3), and the fork check of arc4random(3) */
	ALLOW(getpid), ALLOW(gettid),
	ALLOW_IF(tgkill, SELF(0), SELF(1)),
	ALLOW_IF(tkill, SELF(0)),
	ALLOW(exit), ALLOW(exit_group),

	SOFT(openat, EACCES), SOFT(newfstatat, EACCES),
	SOFT(statx, EACCES), SOFT(faccessat, EACCES),
	SOFT(readlinkat, EACCES),
#ifdef SYS_openat2
	SOFT(openat2, EACCES),
#endif
#ifdef SYS_faccessat2
	SOFT(faccessat2, EACCES),
#endif
#ifdef SYS_open
	SOFT(open, EACCES), SOFT(stat, EACCES), SOFT(lstat, EACCES),
	SOFT(access, EACCES), SOFT(readlink, EACCES),
#endif
	/* glibc falls back to clone, which is killed, only on ENOSYS */
	SOFT(clone3, ENOSYS),
	/* vgetrandom of glibc 2.41 and guard pages of 2.42 can do without */
	SOFT_IF(mmap, EINVAL, LSUBSET(2, PROT_DATA),
	    LIS_BUT(3, MAP_NORESERVE | MAP_ANONYMOUS, MAP_DROPPABLE)),
	SOFT(madvise, EINVAL),
	/* "is it a terminal", asked of every stdio stream */
	SOFT_IF(ioctl, ENOTTY, IS(1, TCGETS)),
	SOFT_IF(ioctl, ENOTTY, IS(1, K_TCGETS2)),
	SOFT_IF(ioctl, ENOTTY, IS(1, TIOCGWINSZ)),
	SOFT(prlimit64, ENOSYS), SOFT(sched_getaffinity, ENOSYS),
	SOFT(set_robust_list, ENOSYS), SOFT(membarrier, ENOSYS),
#ifdef SYS_rseq
	SOFT(rseq, ENOSYS),
#endif
#ifdef SYS_riscv_hwprobe
	SOFT(riscv_hwprobe, ENOSYS),
#endif
#ifdef SYS_getrlimit
	SOFT(getrlimit, ENOSYS),
#endif
};

/* libevent 2.1 and 2.2 once the base is there, and stream sockets */
static const struct sandbox_rule event_rules[] = {
#ifdef SYS_epoll_wait
	ALLOW(epoll_wait),
#endif
	ALLOW(epoll_pwait), ALLOW(epoll_pwait2), ALLOW(epoll_ctl),
#ifdef SYS_poll
	ALLOW(poll),
#endif
	ALLOW(ppoll),
	/* send(2) and recv(2): no address, so a socket's one peer */
	ALLOW_IF(sendto, LIS(4, 0)), ALLOW_IF(recvfrom, LIS(4, 0)),
	ALLOW(shutdown),
};

static const struct sandbox_rule recvfd_rules[] = {
	ALLOW(recvmsg),
	/* what is it that came */
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_TYPE)),
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_DOMAIN)),
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ACCEPTCONN)),
	ALLOW_IF(fcntl, IS(1, F_GET_SEALS)),
};

static const struct sandbox_rule sendfd_rules[] = {
	ALLOW(sendmsg),
};

static const struct sandbox_rule accept_rules[] = {
	ALLOW_IF(accept4, SUBSET(3, SOCK_CLOEXEC | SOCK_NONBLOCK)),
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_PEERCRED)),
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_PEERGROUPS)),
	ALLOW_IF(setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)),
	ALLOW(getpeername),
};

/*
 * SQLite in WAL mode with temp_store=MEMORY, the database being open.  Where
 * the paths may point is Landlock's to say, and of what is only looked at
 * (stat, access, readlink) in user mode nobody's.
 */
static const struct sandbox_rule db_rules[] = {
	ALLOW(pwrite64), ALLOW(fdatasync), ALLOW(fsync),
	ALLOW(ftruncate), ALLOW(fallocate), ALLOW(fstatfs),
	ALLOW_IF(fcntl, IS(1, F_SETLK)), ALLOW_IF(fcntl, IS(1, F_GETLK)),
	/* the -shm file */
	ALLOW_IF(mmap, LSUBSET(2, PROT_DATA), LIS(3, MAP_SHARED)),
	ALLOW_IF(openat, SUBSET(2, OPEN_DB)),
	ALLOW(newfstatat), ALLOW(faccessat), ALLOW(readlinkat),
	ALLOW_IF(unlinkat, IS(2, 0)),
	ALLOW(getcwd), ALLOW(geteuid),
#ifdef SYS_faccessat2
	ALLOW(faccessat2),
#endif
#ifdef SYS_open
	ALLOW_IF(open, SUBSET(1, OPEN_DB)),
	ALLOW(stat), ALLOW(lstat), ALLOW(access), ALLOW(readlink),
	ALLOW(unlink),
#endif
	/* it would copy owner and mode of the database to the -wal file */
	SOFT(fchown, EPERM), SOFT(fchmod, EPERM),
};

/*
 * Write a new file, sync it, rename it over the old one, sync the directory.
 * Names are never followed, so opens without O_NOFOLLOW are refused.
 */
static const struct sandbox_rule statefile_rules[] = {
	ALLOW_IF(openat, IS_BUT(2, OPEN_STATE, O_NOFOLLOW)),
	ALLOW(pwrite64), ALLOW(fsync), ALLOW(fdatasync),
	ALLOW_IF(newfstatat, IS(3, AT_EMPTY_PATH)),
#ifdef SYS_renameat
	ALLOW(renameat),
#endif
	ALLOW_IF(renameat2, IS(4, 0)),
	ALLOW_IF(unlinkat, IS(2, 0)),
};

static const struct sandbox_rule readtree_rules[] = {
	ALLOW_IF(openat, IS_BUT(2, OPEN_FREE, O_RDONLY | O_NOFOLLOW)),
	ALLOW(getdents64),
	ALLOW_IF(newfstatat,
	    SUBSET(3, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)),
};

static const struct sandbox_rule memfd_rules[] = {
	ALLOW_IF(memfd_create,
	    SUBSET(1, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL)),
	ALLOW_IF(fcntl, IS(1, F_ADD_SEALS)),
	ALLOW(ftruncate),
};

static const struct sandbox_rule mapro_rules[] = {
	ALLOW_IF(fcntl, IS(1, F_GET_SEALS)),
	ALLOW_IF(mmap, LSUBSET(2, PROT_READ),
	    LIS_BUT(3, MAP_POPULATE, MAP_SHARED)),
	ALLOW_IF(mmap, LSUBSET(2, PROT_READ),
	    LIS_BUT(3, MAP_POPULATE, MAP_PRIVATE)),
};

static const struct sandbox_rule secret_rules[] = {
	ALLOW(mlock), ALLOW(munlock),
};

/* a socket of its own; where it may lead is Landlock's to say, and ours */
#define INET_SOCKET(d, t)						\
	ALLOW_IF(socket, IS(0, d),					\
	    IS_BUT(1, SOCK_CLOEXEC | SOCK_NONBLOCK, t))
#define INET_OUT							\
	INET_SOCKET(AF_INET, SOCK_STREAM),				\
	INET_SOCKET(AF_INET6, SOCK_STREAM),				\
	ALLOW(connect),							\
	ALLOW_IF(setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY))

/* what libcurl 7.88 does to it */
static const struct sandbox_rule inet_out_rules[] = {
	INET_OUT,
	ALLOW(getsockname), ALLOW(getpeername),
	ALLOW_IF(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
	ALLOW_IF(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_KEEPALIVE)),
	ALLOW_IF(setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_KEEPIDLE)),
	ALLOW_IF(setsockopt, IS(1, IPPROTO_TCP), IS(2, TCP_KEEPINTVL)),
	ALLOW_IF(ioctl, IS(1, SIOCOUTQ)),	/* is it all acknowledged */
};

/* c-ares 1.18 does less, over TCP when an answer was cut */
static const struct sandbox_rule dns_rules[] = {
	INET_OUT,
	INET_SOCKET(AF_INET, SOCK_DGRAM), INET_SOCKET(AF_INET6, SOCK_DGRAM),
	ALLOW(recvfrom),		/* c-ares looks at who answers */
};

/* what a full disk left of a line */
static const struct sandbox_rule truncate_rules[] = {
	ALLOW(ftruncate),
};

#ifdef SANDBOX_SANITIZER
/* shadow memory, symbolising a report, and its own locks and signal stack */
static const struct sandbox_rule sanitizer_rules[] = {
	ALLOW_IF(mmap, LSUBSET(2, PROT_DATA)),
	ALLOW(madvise), ALLOW(futex), ALLOW(sched_yield),
	ALLOW(sigaltstack), ALLOW(sched_getaffinity), ALLOW(geteuid),
	ALLOW(getppid), ALLOW(uname), ALLOW(getcwd), ALLOW(newfstatat),
	ALLOW(readlinkat),
	ALLOW_IF(openat, SUBSET(2, OPEN_FREE)),
	ALLOW_IF(prlimit64, IS(0, 0), LIS(2, 0)),
#ifdef SYS_open
	ALLOW_IF(open, SUBSET(1, OPEN_FREE)),
	ALLOW(stat), ALLOW(readlink), ALLOW(access),
#endif
};
#endif

/*
 * What nobody in the suite ever does.  Fork, exec, unshare, chroot and the
 * setuid family are not here: the supervisor and the entry of a role need
 * them, and the role's own filter takes them away.
 */
static const struct sandbox_rule never_rules[] = {
	/* other processes' memory and descriptors */
	NEVER(ptrace), NEVER(process_vm_readv), NEVER(process_vm_writev),
	NEVER(kcmp),
#ifdef SYS_process_madvise
	NEVER(process_madvise),
#endif
#ifdef SYS_pidfd_getfd
	NEVER(pidfd_getfd),
#endif
	/* wide doors into the kernel */
	NEVER(bpf), NEVER(userfaultfd), NEVER(perf_event_open),
	NEVER(io_uring_setup), NEVER(io_uring_enter),
	NEVER(io_uring_register),
	NEVER(add_key), NEVER(request_key), NEVER(keyctl),
	NEVER(memfd_secret),
	/* files by handle, past every path check */
	NEVER(open_by_handle_at), NEVER(name_to_handle_at),
	NEVER(fanotify_init), NEVER(fanotify_mark),
	/* the kernel itself */
	NEVER(kexec_load), NEVER(init_module), NEVER(finit_module),
	NEVER(delete_module), NEVER(reboot), NEVER(syslog), NEVER(acct),
#ifdef SYS_kexec_file_load
	NEVER(kexec_file_load),
#endif
	/* mounts, name spaces of others, swap, quota */
	NEVER(mount), NEVER(umount2), NEVER(pivot_root), NEVER(setns),
	NEVER(open_tree), NEVER(open_tree_attr), NEVER(move_mount),
	NEVER(fsopen), NEVER(fsconfig), NEVER(fsmount), NEVER(fspick),
	NEVER(mount_setattr), NEVER(swapon), NEVER(swapoff),
	NEVER(quotactl), NEVER(quotactl_fd),
	/* clock and names of the host */
	NEVER(settimeofday), NEVER(clock_settime), NEVER(adjtimex),
	NEVER(clock_adjtime), NEVER(sethostname), NEVER(setdomainname),
	NEVER(vhangup),
	/* ASan asks for the personality before main */
#ifndef SANDBOX_SANITIZER
	NEVER(personality),
#endif
#ifdef SYS_iopl
	NEVER(iopl), NEVER(ioperm), NEVER(modify_ldt),
#endif
#ifdef SYS_uselib
	NEVER(uselib), NEVER(_sysctl),
#endif
#ifdef SYS_lookup_dcookie
	NEVER(lookup_dcookie),
#endif
#ifdef SYS_nfsservctl
	NEVER(nfsservctl),
#endif
};

#define GROUP(bit, rules)						\
	{ bit, #bit, rules, sizeof(rules) / sizeof((rules)[0]) }

const struct sandbox_group sandbox_groups[] = {
	GROUP(SB_STDIO, stdio_rules),
	GROUP(SB_EVENT, event_rules),
	GROUP(SB_RECVFD, recvfd_rules),
	GROUP(SB_SENDFD, sendfd_rules),
	GROUP(SB_ACCEPT, accept_rules),
	GROUP(SB_DB, db_rules),
	GROUP(SB_STATEFILE, statefile_rules),
	GROUP(SB_READTREE, readtree_rules),
	GROUP(SB_MEMFD, memfd_rules),
	GROUP(SB_MAPRO, mapro_rules),
	GROUP(SB_SECRET, secret_rules),
	GROUP(SB_INET_OUT, inet_out_rules),
	GROUP(SB_DNS, dns_rules),
	GROUP(SB_TRUNCATE, truncate_rules),
#ifdef SANDBOX_SANITIZER
	GROUP(SB_SANITIZER, sanitizer_rules),
#endif
};

const size_t sandbox_ngroups =
    sizeof(sandbox_groups) / sizeof(sandbox_groups[0]);

const struct sandbox_group sandbox_never = {
	0, "never", never_rules, sizeof(never_rules) / sizeof(never_rules[0])
};
