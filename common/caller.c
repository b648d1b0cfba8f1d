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

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/caller.h"

#define FEW_GROUPS	64	/* of nearly everybody: no memory is needed */

static int
is_suite_group(const struct suite_groups *sg, gid_t gid)
{
	return (gid != GID_NONE && (gid == sg->client || gid == sg->audit ||
	    gid == sg->admin));
}

static void
keep_groups(struct caller *c, const struct suite_groups *sg, const gid_t *all,
    size_t n)
{
	size_t	i;

	/* a list may name a group twice */
	for (i = 0; i < n && c->ngroups < MAX_GROUPS; i++)
		if (is_suite_group(sg, all[i]) &&
		    !caller_in_group(c, all[i]))
			c->groups[c->ngroups++] = all[i];
}

static int
get_groups(int fd, const struct suite_groups *sg, struct caller *c)
{
	gid_t		 few[FEW_GROUPS], *all = few;
	socklen_t	 len = sizeof(few);
	int		 rv;

	rv = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &len);
	/* the kernel says how much it takes */
	if (rv == -1 && errno == ERANGE && len > sizeof(few) &&
	    len <= MAX_PEER_GROUPS * sizeof(*all)) {
		if ((all = malloc(len)) == NULL)
			return (-1);
		rv = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, all, &len);
	}
	/* before Linux 4.13: the primary group is all that is known */
	if (rv == -1 && errno == ENOPROTOOPT)
		return (0);
	if (rv == 0)
		keep_groups(c, sg, all, len / sizeof(*all));
	if (all != few)
		free(all);
	return (rv);
}

int
caller_get(int fd, const struct suite_groups *sg, struct caller *c)
{
	struct ucred	 cred;
	socklen_t	 len = sizeof(cred);

	memset(c, 0, sizeof(*c));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return (-1);
	c->uid = cred.uid;
	c->gid = cred.gid;
	c->pid = (uint32_t)cred.pid;
	return (sg == NULL ? 0 : get_groups(fd, sg, c));
}

int
caller_in_group(const struct caller *c, uint32_t gid)
{
	uint32_t	i;

	if (gid == GID_NONE)
		return (0);
	if (c->gid == gid)
		return (1);
	for (i = 0; i < c->ngroups && i < MAX_GROUPS; i++)
		if (c->groups[i] == gid)
			return (1);
	return (0);
}
