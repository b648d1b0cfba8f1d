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

#ifndef COMMON_LANDLOCK_H
#define COMMON_LANDLOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Landlock by raw system calls (kernel documentation,
 * userspace-api/landlock.rst).  Distributions ship headers years behind the
 * kernel, so the constants are our own.  Everything the running kernel knows
 * is handled, which means denied, and only what a rule says is granted.
 */
#define MAX_LANDLOCK_ABI	10	/* newest this source knows */

/* file system rights, ABI 1 unless said otherwise */
#define LL_EXECUTE	(1ULL << 0)
#define LL_WRITE_FILE	(1ULL << 1)
#define LL_READ_FILE	(1ULL << 2)
#define LL_READ_DIR	(1ULL << 3)
#define LL_REMOVE_DIR	(1ULL << 4)
#define LL_REMOVE_FILE	(1ULL << 5)
#define LL_MAKE_CHAR	(1ULL << 6)
#define LL_MAKE_DIR	(1ULL << 7)
#define LL_MAKE_REG	(1ULL << 8)
#define LL_MAKE_SOCK	(1ULL << 9)
#define LL_MAKE_FIFO	(1ULL << 10)
#define LL_MAKE_BLOCK	(1ULL << 11)
#define LL_MAKE_SYM	(1ULL << 12)
#define LL_REFER	(1ULL << 13)	/* ABI 2 */
#define LL_TRUNCATE	(1ULL << 14)	/* ABI 3 */
#define LL_IOCTL_DEV	(1ULL << 15)	/* ABI 5 */
#define LL_RESOLVE_UNIX	(1ULL << 16)	/* ABI 9 */

/* network rights */
#define LL_BIND_TCP	(1ULL << 0)	/* ABI 4 */
#define LL_CONNECT_TCP	(1ULL << 1)	/* ABI 4 */
#define LL_BIND_UDP	(1ULL << 2)	/* ABI 10 */
#define LL_CONNECT_UDP	(1ULL << 3)	/* ABI 10, connect and send */

/* scopes */
#define LL_SCOPE_ABSTRACT_UNIX	(1ULL << 0)	/* ABI 6 */
#define LL_SCOPE_SIGNAL		(1ULL << 1)	/* ABI 6 */

/* grants below a directory or on one file; the descriptor stays the caller's */
struct landlock_rule {
	int		 fd;		/* -1: open path (O_PATH) instead */
	const char	*path;
	uint64_t	 rights;
};

struct landlock_port {
	uint16_t	 port;		/* host byte order */
	uint64_t	 rights;
};

struct landlock_policy {
	const struct landlock_rule	*rules;
	size_t				 nrules;
	const struct landlock_port	*ports;
	size_t				 nports;
};

/* what the kernel has taken on, and what it did not know */
struct landlock_result {
	int		 kernel_abi;	/* 0: the kernel has no Landlock */
	int		 abi;		/* enforced, 0: nothing is */
	uint64_t	 fs;		/* rights handled, hence denied */
	uint64_t	 net;
	uint64_t	 scoped;
	uint64_t	 fs_missing;	/* known here, not to the kernel */
	uint64_t	 net_missing;
	uint64_t	 scoped_missing;
};

/*
 * ABI of the running kernel; 0 when it has none (not built in, switched off
 * at boot, hidden by a container's filter), err then says which.
 */
int	 landlock_abi(char *, size_t);

/*
 * Restricts this process for good; the caller has set no_new_privs.
 * Single-threaded callers only: Landlock binds the calling thread.  With
 * allow_none a kernel without Landlock gives success and result->abi 0;
 * otherwise that, and every other failure, is -1 with err.  A port is granted
 * only where the kernel knows the right; on an older one ports are simply not
 * limited, as net_missing says.
 */
int	 landlock_apply(const struct landlock_policy *, int,
	    struct landlock_result *, char *, size_t);

/* "fs truncate, tcp connect" of the given sets, for status and the log */
void	 landlock_names(uint64_t, uint64_t, uint64_t, char *, size_t);

#endif /* COMMON_LANDLOCK_H */
