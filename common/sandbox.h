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

#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Promise groups, compiled to a seccomp filter (seccomp(2), kernel 4.14 and
 * newer) that kills the process at the first system call nobody promised.
 * Paths are answered with EACCES in roles without files; since glibc's
 * fstat(2) is a path call too, such a role asks for a size with lseek(2).
 * Nothing here promises execve, fork, clone, ptrace, bind or listen: no role
 * of the suite has a use for them once it has entered.
 */
#define SB_STDIO	0x00000001u	/* memory, time, read, write, exit */
#define SB_EVENT	0x00000002u	/* libevent on epoll; send, recv */
#define SB_RECVFD	0x00000004u	/* take descriptors, look at them */
#define SB_SENDFD	0x00000008u	/* hand descriptors on */
#define SB_ACCEPT	0x00000010u	/* accept4, and who is at the end */
#define SB_DB		0x00000020u	/* SQLite in WAL mode, once open */
#define SB_STATEFILE	0x00000040u	/* replace one small file, durably */
#define SB_READTREE	0x00000080u	/* read regular files of a tree */
#define SB_MEMFD	0x00000100u	/* make one sealed memory file */
#define SB_MAPRO	0x00000200u	/* map a descriptor, read only */
#define SB_SECRET	0x00000400u	/* lock and unlock memory */
#define SB_INET_OUT	0x00000800u	/* connect TCP sockets it makes */
#define SB_DNS		0x00001000u	/* the same, and UDP */
#define SB_TRUNCATE	0x00002000u	/* cut a file it holds open */
#ifdef SANDBOX_SANITIZER
#define SB_SANITIZER	0x80000000u	/* ASan, UBSan: test builds only */
#endif

/* system call numbers a filter test must walk: all tables end well below */
#define MAX_SYSCALL_NR	1023

enum sandbox_action {
	SANDBOX_KILL = 0,	/* SIGSYS, the whole process */
	SANDBOX_ERRNO,		/* a soft denial: the call returns errnum */
	SANDBOX_ALLOW
};

/* one row of a filter as sandbox_explain shows it; nothing is owned */
struct sandbox_line {
	long			 nr;
	const char		*name;		/* "openat" */
	const char		*group;		/* "SB_DB" */
	const char		*rule;		/* argument tests, or "" */
	enum sandbox_action	 action;
	int			 errnum;	/* with SANDBOX_ERRNO */
};

/*
 * Installs the filter of these groups for this process, for good.  Needs
 * no_new_privs or CAP_SYS_ADMIN, and must come before any thread.  The pid is
 * part of the filter (a role may signal only itself), so never before fork.
 * Returns the number of BPF instructions, or -1 with err naming the reason;
 * the process must then not go on.
 */
int	 sandbox_apply(uint32_t, char *, size_t);

/*
 * For the supervisor, which must fork and exec: kills whoever, it or any
 * process it starts, makes a call nobody in the suite may ever make.  Sets
 * no_new_privs, which the roles inherit with the filter.  Returns as above.
 */
int	 sandbox_deny_never(char *, size_t);

/*
 * Calls back for each row in the order of the filter: the first row whose
 * tests all hold decides, allow rows come before soft denials, and what
 * no row names is killed.
 */
void	 sandbox_explain(uint32_t,
	    void (*)(const struct sandbox_line *, void *), void *);

/* the same for the rows of sandbox_deny_never */
void	 sandbox_explain_never(void (*)(const struct sandbox_line *, void *),
	    void *);

/*
 * What becomes of a call whose every argument fails every test: the strictest
 * answer the filter has for this number.  errnum as in struct sandbox_line.
 * SANDBOX_ALLOW means that the number is allowed whatever its arguments.
 */
enum sandbox_action	 sandbox_verdict(uint32_t, long, int *);

/* how many different system calls these groups allow, in whatever form */
int	 sandbox_count(uint32_t);

/* "SB_DB" of one bit, NULL for a bit that has no group in this build */
const char	*sandbox_group_name(uint32_t);

/* name of a system call of this machine, NULL when the build knew none */
const char	*sandbox_syscall_name(long);

#ifdef SANDBOX_SANITIZER
/* <sanitizer/lsan_interface.h>: called by LeakSanitizer, not by us */
int	 __lsan_is_turned_off(void);
#endif

#endif /* COMMON_SANDBOX_H */
