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

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/confine.h"
#include "common/landlock.h"

/* newer than the headers of Debian 12 */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE			65
#define PR_GET_MDWE			66
#endif
#define MDWE_REFUSE_EXEC_GAIN		1

#define RIGHTS_OWN_DIR	(LL_READ_FILE | LL_WRITE_FILE | LL_READ_DIR |	\
	    LL_MAKE_REG | LL_REMOVE_FILE | LL_TRUNCATE)
#define RIGHTS_READ	(LL_READ_FILE | LL_READ_DIR)

#ifdef CONFINE_PROBE
uint32_t	 confine_skip;
#define SKIPPED(layer)	((confine_skip & (1u << (layer))) != 0)
#else
#define SKIPPED(layer)	0
#endif

static int	 failed(char *, size_t, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));

/* the text, then what errno says */
static int
failed(char *err, size_t errlen, const char *fmt, ...)
{
	char	 what[MAX_CONFINE_ERR];
	va_list	 ap;
	int	 saved = errno;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(err, errlen, "%s: %s", what, strerror(saved));
	return (-1);
}

static void
hold(struct sandbox_state *st, enum enforce_layer layer)
{
	st->layers |= 1u << layer;
}

static int
cap_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct	 hdr = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};

	return ((int)syscall(SYS_capget, &hdr, data));
}

/*
 * Empties the bounding set and stops uid 0 from meaning anything.  Both need
 * CAP_SETPCAP; a process that never had it cannot use the bounding set
 * either, since it executes nothing after no_new_privs.
 */
static int
caps_bound(char *err, size_t errlen)
{
	struct __user_cap_data_struct	 data[2];
	unsigned long			 bits;
	int				 cap, old;

	if (cap_get(data) == -1)
		return (failed(err, errlen, "capabilities: reading them"));
	if ((data[0].effective & (1u << CAP_SETPCAP)) == 0)
		return (0);
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			return (failed(err, errlen, "capabilities: dropping "
			    "number %d from the bounding set", cap));
	if ((old = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)) == -1)
		return (failed(err, errlen, "capabilities: securebits"));
	bits = (unsigned long)old | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
	    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) == -1)
		return (failed(err, errlen, "capabilities: locking "
		    "securebits"));
	return (0);
}

static int
caps_clear(struct sandbox_state *st, char *err, size_t errlen)
{
	struct __user_cap_header_struct	 hdr = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct	 data[2];

	if (SKIPPED(LAYER_CAPS))
		return (0);
	if (caps_bound(err, errlen) == -1)
		return (-1);
	/* what is no longer permitted leaves the ambient set by itself */
	memset(data, 0, sizeof(data));
	if (syscall(SYS_capset, &hdr, data) == -1)
		return (enforce_refuse("capabilities", err, errlen));
	if (cap_get(data) == -1)
		return (failed(err, errlen, "capabilities: reading them"));
	if (data[0].effective != 0 || data[0].permitted != 0 ||
	    data[0].inheritable != 0 || data[1].effective != 0 ||
	    data[1].permitted != 0 || data[1].inheritable != 0) {
		snprintf(err, errlen, "capabilities: some are left after "
		    "dropping all");
		return (-1);
	}
	hold(st, LAYER_CAPS);
	return (0);
}

static int
new_namespaces(const struct confine_ids *ids, struct sandbox_state *st,
    char *err, size_t errlen)
{
	int	 flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
	int	 netns = ids->netns && !SKIPPED(LAYER_NETNS);

	if (netns)
		flags |= CLONE_NEWNET;
	if (unshare(flags) == -1)
		return (enforce_refuse("network", err, errlen));
	st->want_netns = ids->netns != 0;
	if (netns)
		hold(st, LAYER_NETNS);
	return (0);
}

/* only "." and ".." in it; takes the descriptor */
static int
dir_is_empty(int fd)
{
	struct dirent	*de;
	DIR		*dir;
	int		 n = 0;

	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return (0);
	}
	errno = 0;
	while ((de = readdir(dir)) != NULL)
		n++;
	if (errno != 0)
		n = INT_MAX;
	closedir(dir);
	return (n == 2);
}

static int
small_root(const struct confine_ids *ids, struct sandbox_state *st, char *err,
    size_t errlen)
{
	struct stat	 sb;
	uid_t		 owner = ids->root_is_own && !SKIPPED(LAYER_UID) ?
	    ids->uid : 0;
	mode_t		 no = ids->root_is_own ? 077 : 022;
	int		 fd;

	if (SKIPPED(LAYER_CHROOT))
		return (0);
	fd = open(ids->root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return (failed(err, errlen, "root directory: %s", ids->root));
	if (fstat(fd, &sb) == -1 || sb.st_uid != owner ||
	    (sb.st_mode & no) != 0) {
		close(fd);
		snprintf(err, errlen, "root directory: %s must belong to uid "
		    "%u with no mode bit of %03o", ids->root,
		    (unsigned int)owner, (unsigned int)no);
		return (-1);
	}
	if (fchdir(fd) == -1 || chroot(".") == -1 || chdir("/") == -1) {
		enforce_refuse("root", err, errlen);
		close(fd);
		return (-1);
	}
	if (ids->root_is_own)
		close(fd);
	else if (!dir_is_empty(fd)) {
		snprintf(err, errlen, "root directory: %s is not empty, "
		    "remove what is in it", ids->root);
		return (-1);
	}
	hold(st, LAYER_CHROOT);
	return (0);
}

static int
change_ids(const struct confine_ids *ids, struct sandbox_state *st,
    char *err, size_t errlen)
{
	uid_t	 r, e, s;
	gid_t	 rg, eg, sg;

	if (SKIPPED(LAYER_UID))
		return (0);
	if (setgroups(0, NULL) == -1 ||
	    setresgid(ids->gid, ids->gid, ids->gid) == -1 ||
	    setresuid(ids->uid, ids->uid, ids->uid) == -1)
		return (enforce_refuse("uid", err, errlen));
	if (setresuid(0, 0, 0) != -1 || setresgid(0, 0, 0) != -1 ||
	    getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1 ||
	    r != ids->uid || e != ids->uid || s != ids->uid ||
	    rg != ids->gid || eg != ids->gid || sg != ids->gid) {
		snprintf(err, errlen, "uid: the change to uid %u did not "
		    "hold", (unsigned int)ids->uid);
		return (-1);
	}
	hold(st, LAYER_UID);
	return (0);
}

int
confine_drop_ids(const struct confine_ids *ids, struct sandbox_state *st,
    char *err, size_t errlen)
{
	if (ids->uid == 0 || ids->gid == 0 || ids->uid == (uid_t)-1 ||
	    ids->gid == (gid_t)-1) {
		snprintf(err, errlen, "uid: a role of system mode needs a uid "
		    "and gid of its own, not 0");
		return (-1);
	}
	st->system_mode = 1;
	if (new_namespaces(ids, st, err, errlen) == -1 ||
	    small_root(ids, st, err, errlen) == -1)
		return (-1);
	/* the uid takes CAP_SETPCAP along */
	if (!SKIPPED(LAYER_CAPS) && caps_bound(err, errlen) == -1)
		return (-1);
	return (change_ids(ids, st, err, errlen));
}

int
confine_tie(pid_t parent, struct sandbox_state *st, char *err, size_t errlen)
{
	if (SKIPPED(LAYER_TIE))
		return (0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		return (enforce_refuse("parent", err, errlen));
	/* it may have died before the call above */
	if (getppid() != parent) {
		snprintf(err, errlen, "the supervisor is gone");
		return (-1);
	}
	hold(st, LAYER_TIE);
	return (0);
}

/*
 * Landlock binds a thread, not a process.  unshare(2) says EINVAL if there is
 * more than one, and needs no /proc; where a container forbids it, this check
 * is not to be had.
 */
static int
one_thread(char *err, size_t errlen)
{
	if (unshare(CLONE_THREAD) == -1 && errno == EINVAL) {
		snprintf(err, errlen, "threads: a role may have only one "
		    "before it enters");
		return (-1);
	}
	return (0);
}

static int
no_dump(struct sandbox_state *st, char *err, size_t errlen)
{
	struct rlimit	 rl = { 0, 0 };
	int		 dumpable = SKIPPED(LAYER_DUMPABLE);

	/* the change of uid has cleared it: a probe must put it back */
	if (prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) == -1)
		return (enforce_refuse("dumpable", err, errlen));
	if (setrlimit(RLIMIT_CORE, &rl) == -1)
		return (enforce_refuse("rlimit", err, errlen));
	if (!dumpable)
		hold(st, LAYER_DUMPABLE);
	return (0);
}

static int
limit(int resource, uint64_t want, uint64_t *got, char *err, size_t errlen)
{
	struct rlimit	 rl;

	if (getrlimit(resource, &rl) == -1)
		return (enforce_refuse("rlimit", err, errlen));
	if (want != LIMIT_NONE && !SKIPPED(LAYER_RLIMIT)) {
		if (rl.rlim_max == RLIM_INFINITY || want < rl.rlim_max)
			rl.rlim_max = want;
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(resource, &rl) == -1)
			return (enforce_refuse("rlimit", err, errlen));
	}
	*got = rl.rlim_cur == RLIM_INFINITY ? UINT64_MAX : rl.rlim_cur;
	return (0);
}

static int
limits(const struct promise_limits *l, struct sandbox_state *st, char *err,
    size_t errlen)
{
	if (limit(RLIMIT_NOFILE, l->nofile, &st->lim_nofile, err,
	    errlen) == -1 ||
	    limit(RLIMIT_FSIZE, l->fsize, &st->lim_fsize, err,
	    errlen) == -1 ||
	    limit(RLIMIT_NPROC, l->nproc, &st->lim_nproc, err,
	    errlen) == -1 ||
	    limit(RLIMIT_MEMLOCK, l->memlock, &st->lim_memlock, err,
	    errlen) == -1)
		return (-1);
	if (!SKIPPED(LAYER_RLIMIT))
		hold(st, LAYER_RLIMIT);
	return (0);
}

static int
no_new_privs(struct sandbox_state *st, char *err, size_t errlen)
{
	if (SKIPPED(LAYER_NNP))
		return (0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return (enforce_refuse("no_new_privs", err, errlen));
	hold(st, LAYER_NNP);
	return (0);
}

/* Linux 6.3; a unit with MemoryDenyWriteExecute= may have done it already */
static void
no_exec_gain(struct sandbox_state *st)
{
	int	 bits;

	if (SKIPPED(LAYER_MDWE))
		return;
	prctl(PR_SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	bits = prctl(PR_GET_MDWE, 0, 0, 0, 0);
	if (bits != -1 && (bits & MDWE_REFUSE_EXEC_GAIN) != 0)
		hold(st, LAYER_MDWE);
}

static uint64_t
rights_of(enum promise_files files)
{
	switch (files) {
	case FILES_NONE:
		break;
	case FILES_DBDIR:
	case FILES_STATEDIR:
		return (RIGHTS_OWN_DIR);
	case FILES_READTREE:
		return (RIGHTS_READ);
	}
	return (0);
}

static int
paths_and_ports(const struct promise *pr, const struct confine_params *par,
    struct sandbox_state *st, char *err, size_t errlen)
{
	struct landlock_rule	 rules[MAX_CONFINE_DIRS];
	struct landlock_port	 ports[MAX_CONFINE_PORTS + 1];
	struct landlock_policy	 policy = { rules, 0, ports, 0 };
	struct landlock_result	 res;
	size_t			 used;

	if (SKIPPED(LAYER_LANDLOCK))
		return (0);
	for (; policy.nrules < par->ndirs; policy.nrules++) {
		rules[policy.nrules].fd = par->dirs[policy.nrules];
		rules[policy.nrules].path = NULL;
		rules[policy.nrules].rights = rights_of(pr->files);
	}
	for (; policy.nports < par->nports; policy.nports++) {
		ports[policy.nports].port = par->ports[policy.nports];
		ports[policy.nports].rights = LL_CONNECT_TCP;
		if ((pr->groups & SB_DNS) != 0)
			ports[policy.nports].rights |= LL_CONNECT_UDP;
	}
	/* connecting a UDP socket binds it to a port the kernel chooses */
	if ((pr->groups & SB_DNS) != 0) {
		ports[policy.nports].port = 0;
		ports[policy.nports++].rights = LL_BIND_UDP;
	}
	if (landlock_apply(&policy, par->allow_no_landlock, &res, err,
	    errlen) == -1) {
		used = strnlen(err, errlen);
		if (res.kernel_abi == 0)
			snprintf(err + used, errlen - used, "; sandbox."
			    "allow_no_landlock: true runs without");
		return (-1);
	}
	st->landlock_kernel_abi = (uint16_t)res.kernel_abi;
	st->landlock_abi = (uint16_t)res.abi;
	st->landlock_fs = res.fs;
	st->landlock_net = res.net;
	st->landlock_scoped = res.scoped;
	if (res.abi > 0)
		hold(st, LAYER_LANDLOCK);
	return (0);
}

static int
filter(uint32_t groups, struct sandbox_state *st, char *err, size_t errlen)
{
	int	 n;

	st->groups = groups;
	st->syscalls = (uint32_t)sandbox_count(groups);
	if (SKIPPED(LAYER_SECCOMP))
		return (0);
	if ((n = sandbox_apply(groups, err, errlen)) == -1)
		return (-1);
	st->insns = (uint32_t)n;
	st->seccomp_mode = 2;
	hold(st, LAYER_SECCOMP);
	return (0);
}

int
confine_enter(const struct promise *pr, const struct confine_params *par,
    struct sandbox_state *st, char *err, size_t errlen)
{
	if (par->ndirs > MAX_CONFINE_DIRS || par->nports > MAX_CONFINE_PORTS ||
	    (par->ndirs > 0 && pr->files == FILES_NONE)) {
		snprintf(err, errlen, "promise: %zu directories and %zu ports "
		    "are more than it covers", par->ndirs, par->nports);
		return (-1);
	}
	st->uid = (uint32_t)getuid();
	st->gid = (uint32_t)getgid();
	if (one_thread(err, errlen) == -1 ||
	    no_dump(st, err, errlen) == -1 ||
	    limits(&pr->limits, st, err, errlen) == -1 ||
	    caps_clear(st, err, errlen) == -1 ||
	    no_new_privs(st, err, errlen) == -1)
		return (-1);
	no_exec_gain(st);
	if (paths_and_ports(pr, par, st, err, errlen) == -1)
		return (-1);
	return (filter(pr->groups, st, err, errlen));
}
