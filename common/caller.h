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

#ifndef COMMON_CALLER_H
#define COMMON_CALLER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Who is at the other end of a Unix socket: the kernel's word, as it was when
 * the other end connected (SO_PEERCRED and SO_PEERGROUPS, unix(7)).  No
 * account has to be in passwd(5) or group(5): a process is in the groups it
 * has, wherever they came from.
 */

#define MAX_PEER_GROUPS	65536	/* of one process; NGROUPS_MAX of Linux */
#define GID_NONE	0xffffffffU

/* the groups that give a right in system mode; GID_NONE: there is none */
struct suite_groups {
	uint32_t	client;
	uint32_t	audit;
	uint32_t	admin;
};
#define MAX_GROUPS	(sizeof(struct suite_groups) / sizeof(uint32_t))

struct caller {
	uint32_t	uid;
	uint32_t	gid;
	uint32_t	pid;
	uint32_t	ngroups;
	uint32_t	groups[MAX_GROUPS];	/* those of the suite's */
};

/*
 * Fills in the caller; of its supplementary groups those are kept that are
 * among the suite's (NULL: none is).  -1 with errno when the kernel does not
 * say: such a connection is nobody's and must be closed.
 */
int	caller_get(int, const struct suite_groups *, struct caller *);

/* is it in this group, be it the primary one; never in GID_NONE */
int	caller_in_group(const struct caller *, uint32_t);

#endif /* COMMON_CALLER_H */
