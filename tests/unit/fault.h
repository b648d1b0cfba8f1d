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

#ifndef TESTS_UNIT_FAULT_H
#define TESTS_UNIT_FAULT_H

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

/*
 * Calls of the C library that fail, or lie, when a test says so.  The tests
 * named test_fault* are linked with --wrap for each of the names here (the
 * Makefile reads the lines below), so that calls of the project's own code come
 * this way and those of libraries do not.
 */

#define FAULT_ANY	(-1000L)	/* whatever the first argument is */
#define MAX_FAULTS	8

static struct fault {
	const char	*name;
	long		 arg;
	int		 skip;	/* calls that go well first */
	long		 ret;
	int		 error;
} faults[MAX_FAULTS];

static unsigned int	nfaults, nfired;
static int		fault_alloc_in = -1;	/* that go well first */
static int		fault_alloc_fired;

/*
 * Once those before it are through, the call NAME with this first argument
 * (or FAULT_ANY) will answer ret and set errno to error, once, after skip
 * such calls have gone well.
 */
static inline void
fault_then(const char *name, long arg, int skip, long ret, int error)
{
	struct fault	 f = { name, arg, skip, ret, error };

	CHECK(nfaults < MAX_FAULTS);
	faults[nfaults++] = f;
}

/* The same, and nothing else from before. */
static inline void
fault_set(const char *name, long arg, int skip, long ret, int error)
{
	nfaults = nfired = 0;
	fault_then(name, arg, skip, ret, error);
}

/* All that was set has happened; nothing will any more. */
static inline void
fault_end(void)
{
	CHECK_INT(nfired, nfaults);
	nfaults = nfired = 0;
}

static inline int
fault_hit(const char *name, long arg, long *ret)
{
	struct fault	*f = &faults[nfired];

	if (nfired == nfaults || strcmp(f->name, name) != 0 ||
	    (f->arg != FAULT_ANY && f->arg != arg) || f->skip-- > 0)
		return (0);
	nfired++;
	*ret = f->ret;
	errno = f->error;
	return (1);
}

/* The allocation after n more fails, once; those of jansson count too. */
static inline void
fault_alloc(int n)
{
	fault_alloc_in = n;
	fault_alloc_fired = 0;
}

/* Whether one has failed; none will any more. */
static inline int
fault_alloc_end(void)
{
	fault_alloc_in = -1;
	return (fault_alloc_fired);
}

static inline int
fault_alloc_hit(void)
{
	if (fault_alloc_in < 0 || fault_alloc_in-- > 0)
		return (0);
	fault_alloc_fired = 1;
	errno = ENOMEM;
	return (1);
}

#define ALLOC(name, params, args)					\
void	*__real_##name params;						\
void	*__wrap_##name params;						\
void *									\
__wrap_##name params							\
{									\
	return (fault_alloc_hit() ? NULL : __real_##name args);		\
}

#define FAULT(type, name, params, args, arg)				\
type	 __real_##name params;						\
type	 __wrap_##name params;						\
type									\
__wrap_##name params							\
{									\
	long	 ret_;							\
									\
	if (fault_hit(#name, (long)(arg), &ret_))			\
		return ((type)ret_);					\
	return (__real_##name args);					\
}

ALLOC(malloc, (size_t n), (n))
ALLOC(calloc, (size_t k, size_t n), (k, n))
ALLOC(realloc, (void *p, size_t n), (p, n))
ALLOC(recallocarray, (void *p, size_t o, size_t k, size_t n), (p, o, k, n))
ALLOC(strdup, (const char *s), (s))
ALLOC(strndup, (const char *s, size_t n), (s, n))
FAULT(int, prctl, (int op, unsigned long a, unsigned long b, unsigned long c,
    unsigned long d), (op, a, b, c, d), op)
FAULT(long, syscall, (long nr, long a, long b, long c, long d, long e,
    long f), (nr, a, b, c, d, e, f), nr)
FAULT(int, unshare, (int flags), (flags), flags)
FAULT(int, setgroups, (size_t n, const gid_t *g), (n, g), 0)
FAULT(int, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s), r)
FAULT(int, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s), r)
FAULT(int, getresuid, (uid_t *r, uid_t *e, uid_t *s), (r, e, s), 0)
FAULT(int, getresgid, (gid_t *r, gid_t *e, gid_t *s), (r, e, s), 0)
FAULT(int, chroot, (const char *p), (p), 0)
FAULT(int, chdir, (const char *p), (p), 0)
FAULT(int, fchdir, (int fd), (fd), 0)
FAULT(DIR *, fdopendir, (int fd), (fd), 0)
FAULT(struct dirent *, readdir, (DIR *d), (d), 0)
FAULT(int, setrlimit, (int r, const struct rlimit *l), (r, l), r)
FAULT(int, getrlimit, (int r, struct rlimit *l), (r, l), r)
FAULT(int, fcntl, (int fd, int op, long a), (fd, op, a), op)
FAULT(int, memfd_create, (const char *s, unsigned int f), (s, f), 0)
FAULT(void *, mmap, (void *p, size_t n, int prot, int fl, int fd, off_t o),
    (p, n, prot, fl, fd, o), 0)
FAULT(off_t, lseek, (int fd, off_t o, int w), (fd, o, w), w)
FAULT(int, fstat, (int fd, struct stat *st), (fd, st), 0)
FAULT(int, fstatat, (int fd, const char *p, struct stat *st, int f), (fd, p,
    st, f), 0)
FAULT(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), 0)
FAULT(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), 0)
FAULT(ssize_t, pread, (int fd, void *p, size_t n, off_t o), (fd, p, n, o), 0)
FAULT(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), 0)
FAULT(int, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms), 0)
FAULT(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f),
    0)
FAULT(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), 0)
FAULT(int, socket, (int d, int t, int p), (d, t, p), 0)
FAULT(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a,
    n), 0)
FAULT(int, getsockopt, (int fd, int l, int o, void *p, socklen_t *n), (fd, l,
    o, p, n), o)
FAULT(int, setsockopt, (int fd, int l, int o, const void *p, socklen_t n),
    (fd, l, o, p, n), o)
FAULT(uid_t, geteuid, (void), (), 0)
FAULT(int, dup2, (int a, int b), (a, b), 0)
FAULT(int, sodium_init, (void), (), 0)
FAULT(void *, sodium_malloc, (size_t n), (n), 0)
FAULT(struct event_base *, event_base_new, (void), (), 0)
FAULT(struct event *, event_new, (struct event_base *b, evutil_socket_t fd,
    short w, event_callback_fn fn, void *arg), (b, fd, w, fn, arg), w)
FAULT(int, event_add, (struct event *e, const struct timeval *tv), (e, tv),
    0)

#endif /* TESTS_UNIT_FAULT_H */
