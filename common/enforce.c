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

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/enforce.h"
#include "common/landlock.h"

#define BY_FILTER	"by the filter of a container or unit"
#define USER_DOES	"user mode (--user) does without"
#define FILTER_ALONE	"the system call filter alone keeps a role from "
#define FILTER_AND	"the system call filter, and in system mode "

static const struct enforce_row rows[] = {
	{ "seccomp", "a system call that a role's promise does not list "
	    "kills the role", LAYER_SECCOMP, NEED_FLOOR, 0, "4.14", 0, 0, 0,
	    NULL, "seccomp: this kernel takes no filter that kills a process, "
	    "Linux 4.14 with CONFIG_SECCOMP_FILTER is needed" },
	{ "no_new_privs", "no program a role could start would gain "
	    "privilege", LAYER_NNP, NEED_FLOOR, 0, "3.5", 0, 0, 0,
	    NULL, "no_new_privs: this kernel does not set it, Linux 3.5 is "
	    "needed" },
	{ "capabilities", "a role holds no capability, as uid 0 neither",
	    LAYER_CAPS, NEED_FLOOR, 0, "3.5", 0, 0, 0,
	    NULL, "capabilities: dropping them is forbidden from outside, "
	    BY_FILTER },
	{ "dumpable", "no core file, and no process of the same uid reads a "
	    "role's memory", LAYER_DUMPABLE, NEED_FLOOR, 0, "3.5", 0, 0, 0,
	    NULL, "dumpable: clearing it is forbidden from outside, "
	    BY_FILTER },
	{ "rlimit", "descriptors, file size, processes and locked memory of a "
	    "role are limited", LAYER_RLIMIT, NEED_FLOOR, 0, "3.5", 0, 0, 0,
	    NULL, "rlimit: setting limits is forbidden from outside, "
	    BY_FILTER },
	{ "parent", "a role dies with the supervisor", LAYER_TIE, NEED_FLOOR,
	    0, "3.5", 0, 0, 0,
	    NULL, "parent: asking to die with it is forbidden from outside, "
	    BY_FILTER },
	{ "uid", "each role has a uid of its own", LAYER_UID,
	    NEED_FLOOR_SYSTEM, 0, "3.5", 0, 0, 0,
	    NULL, "uid: changing to one of the role's own is refused, system "
	    "mode needs CAP_SETUID and CAP_SETGID, " USER_DOES },
	{ "root", "a role's root directory is empty or its own state "
	    "directory", LAYER_CHROOT, NEED_FLOOR_SYSTEM, 0, "3.5", 0, 0, 0,
	    NULL, "root: changing the root directory is refused, system mode "
	    "needs CAP_SYS_CHROOT, " USER_DOES },
	{ "network", "a role without egress has an empty network namespace",
	    LAYER_NETNS, NEED_FLOOR_SYSTEM, 0, "3.5", 0, 0, 0,
	    NULL, "network: new namespaces are refused, system mode needs "
	    "CAP_SYS_ADMIN, " USER_DOES },
	{ "landlock", "a role opens, makes and removes files in its own "
	    "directory only", LAYER_LANDLOCK, NEED_FLOOR, 1, "5.13",
	    LL_REFER - 1, 0, 0,
	    NULL, "landlock: this kernel has none, Linux 5.13 with "
	    "CONFIG_SECURITY_LANDLOCK is needed" },
	{ "landlock.refer", "a role moves no file between directories, by "
	    "rule and not by accident", LAYER_LANDLOCK, NEED_MORE, 2, "5.19",
	    LL_REFER, 0, 0,
	    "nothing is lost: with ABI 1 the kernel refuses every such move",
	    NULL },
	{ "landlock.truncate", "a role cuts no file outside its directory",
	    LAYER_LANDLOCK, NEED_MORE, 3, "6.2", LL_TRUNCATE, 0, 0,
	    FILTER_ALONE "truncate(2)", NULL },
	{ "landlock.tcp", "a role binds no TCP port and connects to its "
	    "endpoint's port only", LAYER_LANDLOCK, NEED_MORE, 4, "6.7", 0,
	    LL_BIND_TCP | LL_CONNECT_TCP, 0,
	    FILTER_AND "the empty network, keep a role from connect(2) and "
	    "bind(2)", NULL },
	{ "landlock.ioctl", "a role opens no device to control it",
	    LAYER_LANDLOCK, NEED_MORE, 5, "6.10", LL_IOCTL_DEV, 0, 0,
	    FILTER_AND "the root directory, keep a role from devices", NULL },
	{ "landlock.abstract", "a role reaches no abstract socket of others",
	    LAYER_LANDLOCK, NEED_MORE, 6, "6.12", 0, 0,
	    LL_SCOPE_ABSTRACT_UNIX,
	    FILTER_AND "the empty network, keep a role from connect(2)",
	    NULL },
	{ "landlock.signal", "a role signals no other process",
	    LAYER_LANDLOCK, NEED_MORE, 6, "6.12", 0, 0, LL_SCOPE_SIGNAL,
	    FILTER_AND "the uid, keep a role from kill(2)", NULL },
	{ "landlock.unix", "a role connects to no socket file",
	    LAYER_LANDLOCK, NEED_MORE, 9, "7.1", LL_RESOLVE_UNIX, 0, 0,
	    FILTER_AND "the root directory, keep a role from connect(2)",
	    NULL },
	{ "landlock.udp", "a role binds and sends no UDP", LAYER_LANDLOCK,
	    NEED_MORE, 10, "7.2", 0, LL_BIND_UDP | LL_CONNECT_UDP, 0,
	    FILTER_AND "the empty network, keep a role from socket(2) and "
	    "sendto(2)", NULL },
	{ "mdwe", "no memory of a role becomes executable", LAYER_MDWE,
	    NEED_MORE, 0, "6.3", 0, 0, 0,
	    FILTER_ALONE "making memory executable", NULL },
	{ "memory.files", "what one process hands to another neither can "
	    "change any more", LAYER_NONE, NEED_FLOOR, 0, "3.17", 0, 0, 0,
	    NULL, "memory.files: this kernel seals none, Linux 3.17 with "
	    "CONFIG_MEMFD_CREATE is needed" },
	{ "peer.groups", "all groups of a caller count, those of a directory "
	    "service too", LAYER_NONE, NEED_MORE, 0, "4.13", 0, 0, 0,
	    "a caller has the rights of its primary group only", NULL },
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
	if (row->layer == LAYER_NONE ||
	    (row->need == NEED_FLOOR_SYSTEM && !st->system_mode))
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

const char *
enforce_need_name(enum enforce_need need)
{
	static const char *const names[] = {
		[NEED_FLOOR] = "floor",
		[NEED_FLOOR_SYSTEM] = "floor of system mode",
		[NEED_MORE] = "more",
	};

	return (names[need]);
}

int
enforce_refuse(const char *id, char *err, size_t errlen)
{
	size_t	 i;
	int	 saved = errno;

	for (i = 0; i < NROWS; i++)
		if (strcmp(rows[i].id, id) == 0)
			break;
	/* a row that is not there or has no words is a bug of ours */
	if (i == NROWS || rows[i].refusal == NULL)
		snprintf(err, errlen, "%s: %s", id, strerror(saved));
	else
		snprintf(err, errlen, "%s: %s", rows[i].refusal,
		    strerror(saved));
	return (-1);
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
