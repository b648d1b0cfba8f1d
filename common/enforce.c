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

#include <stdio.h>
#include <string.h>

#include "common/enforce.h"
#include "common/landlock.h"

static const struct enforce_row rows[] = {
	{ "seccomp", "a system call that a role's promise does not list "
	    "kills the role", LAYER_SECCOMP, NEED_FLOOR, 0, "4.14", 0, 0, 0 },
	{ "no_new_privs", "no program a role could start would gain "
	    "privilege", LAYER_NNP, NEED_FLOOR, 0, "3.5", 0, 0, 0 },
	{ "capabilities", "a role holds no capability, as uid 0 neither",
	    LAYER_CAPS, NEED_FLOOR, 0, "3.5", 0, 0, 0 },
	{ "dumpable", "no core file, and no process of the same uid reads a "
	    "role's memory", LAYER_DUMPABLE, NEED_FLOOR, 0, "3.5", 0, 0, 0 },
	{ "rlimit", "descriptors, file size, processes and locked memory of a "
	    "role are limited", LAYER_RLIMIT, NEED_FLOOR, 0, "3.5", 0, 0, 0 },
	{ "parent", "a role dies with the supervisor", LAYER_TIE, NEED_FLOOR,
	    0, "3.5", 0, 0, 0 },
	{ "uid", "each role has a uid of its own", LAYER_UID,
	    NEED_FLOOR_SYSTEM, 0, "3.5", 0, 0, 0 },
	{ "root", "a role's root directory is empty or its own state "
	    "directory", LAYER_CHROOT, NEED_FLOOR_SYSTEM, 0, "3.5", 0, 0, 0 },
	{ "network", "a role without egress has an empty network namespace",
	    LAYER_NETNS, NEED_FLOOR_SYSTEM, 0, "3.5", 0, 0, 0 },
	{ "landlock", "a role opens, makes and removes files in its own "
	    "directory only", LAYER_LANDLOCK, NEED_FLOOR, 1, "5.13",
	    LL_REFER - 1, 0, 0 },
	{ "landlock.refer", "a role moves no file between directories, by "
	    "rule and not by accident", LAYER_LANDLOCK, NEED_MORE, 2, "5.19",
	    LL_REFER, 0, 0 },
	{ "landlock.truncate", "a role cuts no file outside its directory",
	    LAYER_LANDLOCK, NEED_MORE, 3, "6.2", LL_TRUNCATE, 0, 0 },
	{ "landlock.tcp", "a role binds no TCP port and connects to its "
	    "endpoint's port only", LAYER_LANDLOCK, NEED_MORE, 4, "6.7", 0,
	    LL_BIND_TCP | LL_CONNECT_TCP, 0 },
	{ "landlock.ioctl", "a role opens no device to control it",
	    LAYER_LANDLOCK, NEED_MORE, 5, "6.10", LL_IOCTL_DEV, 0, 0 },
	{ "landlock.abstract", "a role reaches no abstract socket of others",
	    LAYER_LANDLOCK, NEED_MORE, 6, "6.12", 0, 0,
	    LL_SCOPE_ABSTRACT_UNIX },
	{ "landlock.signal", "a role signals no other process",
	    LAYER_LANDLOCK, NEED_MORE, 6, "6.12", 0, 0, LL_SCOPE_SIGNAL },
	{ "landlock.unix", "a role connects to no socket file",
	    LAYER_LANDLOCK, NEED_MORE, 9, "7.1", LL_RESOLVE_UNIX, 0, 0 },
	{ "landlock.udp", "a role binds and sends no UDP", LAYER_LANDLOCK,
	    NEED_MORE, 10, "7.2", 0, LL_BIND_UDP | LL_CONNECT_UDP, 0 },
	{ "mdwe", "no memory of a role becomes executable", LAYER_MDWE,
	    NEED_MORE, 0, "6.3", 0, 0, 0 },
};

#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static const char *const layer_names[LAYER_COUNT] = {
	[LAYER_SECCOMP] = "seccomp",
	[LAYER_NNP] = "no_new_privs",
	[LAYER_CAPS] = "capabilities",
	[LAYER_DUMPABLE] = "dumpable",
	[LAYER_RLIMIT] = "rlimit",
	[LAYER_TIE] = "parent",
	[LAYER_UID] = "uid",
	[LAYER_CHROOT] = "chroot",
	[LAYER_NETNS] = "netns",
	[LAYER_LANDLOCK] = "landlock",
	[LAYER_MDWE] = "mdwe",
};

const char *
enforce_layer_name(enum enforce_layer layer)
{
	if ((unsigned int)layer >= LAYER_COUNT)
		return ("none");
	return (layer_names[layer]);
}

const struct enforce_row *
enforce_rows(size_t *n)
{
	*n = NROWS;
	return (rows);
}

enum enforce_held
enforce_held(const struct enforce_row *row, const struct sandbox_state *st)
{
	if (row->need == NEED_FLOOR_SYSTEM && !st->system_mode)
		return (HELD_NOT_HERE);
	if (row->layer == LAYER_NETNS && !st->want_netns)
		return (HELD_NOT_HERE);
	if (!STATE_HAS(st, row->layer))
		return (HELD_NO);
	if (row->layer != LAYER_LANDLOCK)
		return (HELD_YES);
	if (st->landlock_abi < row->abi ||
	    (st->landlock_fs & row->fs) != row->fs ||
	    (st->landlock_net & row->net) != row->net ||
	    (st->landlock_scoped & row->scoped) != row->scoped)
		return (HELD_NO);
	return (HELD_YES);
}

int
enforce_floor(const struct sandbox_state *st, int allow_no_landlock,
    char *err, size_t errlen)
{
	size_t	 i;

	for (i = 0; i < NROWS; i++) {
		if (rows[i].need == NEED_MORE ||
		    enforce_held(&rows[i], st) != HELD_NO)
			continue;
		if (rows[i].layer == LAYER_LANDLOCK && allow_no_landlock &&
		    st->landlock_kernel_abi == 0)
			continue;
		snprintf(err, errlen, "sandbox: %s is not in force, so it "
		    "would not hold that %s", rows[i].id, rows[i].what);
		return (-1);
	}
	return (0);
}

void
enforce_summary(const struct sandbox_state *st, char *buf, size_t len)
{
	const char	*sep = "; lacks ";
	size_t		 i, used;
	int		 n;

	n = snprintf(buf, len, "seccomp %u calls, landlock %u, uid %u%s%s%s",
	    (unsigned int)st->syscalls, (unsigned int)st->landlock_abi,
	    (unsigned int)st->uid,
	    STATE_HAS(st, LAYER_CHROOT) ? ", own root" : "",
	    STATE_HAS(st, LAYER_NETNS) ? ", no network" : "",
	    STATE_HAS(st, LAYER_MDWE) ? ", mdwe" : "");
	if (n < 0 || (size_t)n >= len)
		return;
	used = (size_t)n;
	for (i = 0; i < NROWS; i++) {
		if (enforce_held(&rows[i], st) != HELD_NO)
			continue;
		n = snprintf(buf + used, len - used, "%s%s", sep, rows[i].id);
		if (n < 0 || (size_t)n >= len - used)
			return;
		used += (size_t)n;
		sep = ", ";
	}
}
