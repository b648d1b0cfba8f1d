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

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/enforce.h"
#include "common/landlock.h"

/* the same numbers on every machine; older headers lack them */
#define NR_CREATE_RULESET	444
#define NR_ADD_RULE		445
#define NR_RESTRICT_SELF	446

#define CREATE_RULESET_VERSION	(1U << 0)
#define RULE_PATH_BENEATH	1
#define RULE_NET_PORT		2

/* uapi/linux/landlock.h, as of ABI 6; earlier kernels know a prefix of it */
struct ruleset_attr {
	uint64_t	 handled_access_fs;
	uint64_t	 handled_access_net;
	uint64_t	 scoped;
};
_Static_assert(sizeof(struct ruleset_attr) == 24, "kernel ABI");
_Static_assert(offsetof(struct ruleset_attr, handled_access_net) == 8,
    "kernel ABI");
_Static_assert(offsetof(struct ruleset_attr, scoped) == 16, "kernel ABI");

struct path_beneath_attr {
	uint64_t	 allowed_access;
	int32_t		 parent_fd;
} __attribute__((__packed__));
_Static_assert(sizeof(struct path_beneath_attr) == 12, "kernel ABI");
_Static_assert(offsetof(struct path_beneath_attr, parent_fd) == 8,
    "kernel ABI");

struct net_port_attr {
	uint64_t	 allowed_access;
	uint64_t	 port;
};
_Static_assert(sizeof(struct net_port_attr) == 16, "kernel ABI");
_Static_assert(offsetof(struct net_port_attr, port) == 8, "kernel ABI");

/* the only rights a rule on something other than a directory may name */
#define LL_FILE_RIGHTS	(LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE |	\
	    LL_TRUNCATE | LL_IOCTL_DEV)

/* what each ABI added; 7 and 8 brought flags, no rights */
static const struct {
	int		 abi;
	uint64_t	 fs;
	uint64_t	 net;
	uint64_t	 scoped;
} added[] = {
	{ 1, LL_REFER - 1, 0, 0 },
	{ 2, LL_REFER, 0, 0 },
	{ 3, LL_TRUNCATE, 0, 0 },
	{ 4, 0, LL_BIND_TCP | LL_CONNECT_TCP, 0 },
	{ 5, LL_IOCTL_DEV, 0, 0 },
	{ 6, 0, 0, LL_SCOPE_ABSTRACT_UNIX | LL_SCOPE_SIGNAL },
	{ 9, LL_RESOLVE_UNIX, 0, 0 },
	{ 10, 0, LL_BIND_UDP | LL_CONNECT_UDP, 0 },
};

static const struct {
	uint64_t	 fs;
	uint64_t	 net;
	uint64_t	 scoped;
	const char	*name;
} names[] = {
	{ LL_EXECUTE, 0, 0, "execute" },
	{ LL_WRITE_FILE, 0, 0, "write file" },
	{ LL_READ_FILE, 0, 0, "read file" },
	{ LL_READ_DIR, 0, 0, "read directory" },
	{ LL_REMOVE_DIR, 0, 0, "remove directory" },
	{ LL_REMOVE_FILE, 0, 0, "remove file" },
	{ LL_MAKE_CHAR, 0, 0, "make character device" },
	{ LL_MAKE_DIR, 0, 0, "make directory" },
	{ LL_MAKE_REG, 0, 0, "make file" },
	{ LL_MAKE_SOCK, 0, 0, "make socket" },
	{ LL_MAKE_FIFO, 0, 0, "make fifo" },
	{ LL_MAKE_BLOCK, 0, 0, "make block device" },
	{ LL_MAKE_SYM, 0, 0, "make symbolic link" },
	{ LL_REFER, 0, 0, "move between directories" },
	{ LL_TRUNCATE, 0, 0, "truncate" },
	{ LL_IOCTL_DEV, 0, 0, "device ioctl" },
	{ LL_RESOLVE_UNIX, 0, 0, "connect to unix socket file" },
	{ 0, LL_BIND_TCP, 0, "bind tcp" },
	{ 0, LL_CONNECT_TCP, 0, "connect tcp" },
	{ 0, LL_BIND_UDP, 0, "bind udp" },
	{ 0, LL_CONNECT_UDP, 0, "connect udp" },
	{ 0, 0, LL_SCOPE_ABSTRACT_UNIX, "abstract unix socket" },
	{ 0, 0, LL_SCOPE_SIGNAL, "signal" },
};

static int	 failed(char *, size_t, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));

/* the text, then what errno says */
static int
failed(char *err, size_t errlen, const char *fmt, ...)
{
	char	 what[160];
	va_list	 ap;
	int	 saved = errno;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(err, errlen, "landlock: %s: %s", what, strerror(saved));
	return (-1);
}

int
landlock_abi(char *err, size_t errlen)
{
	long	 abi;

	abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
	if (abi > 0)
		return (abi > INT16_MAX ? INT16_MAX : (int)abi);
	switch (abi == 0 ? ENOSYS : errno) {
	case ENOSYS:
		errno = ENOSYS;
		enforce_refuse("landlock", err, errlen);
		break;
	case EOPNOTSUPP:
		snprintf(err, errlen, "landlock: switched off at boot, add "
		    "landlock to the lsm= kernel parameter");
		break;
	case EPERM:
		snprintf(err, errlen, "landlock: forbidden from outside, by "
		    "the filter of a container or unit");
		break;
	default:
		failed(err, errlen, "asking for its version");
		break;
	}
	return (0);
}

/* everything we know goes into missing, what the kernel knows moves over */
static void
handled(int abi, struct landlock_result *res)
{
	size_t	 i;

	for (i = 0; i < sizeof(added) / sizeof(added[0]); i++)
		if (added[i].abi <= abi) {
			res->fs |= added[i].fs;
			res->net |= added[i].net;
			res->scoped |= added[i].scoped;
		} else {
			res->fs_missing |= added[i].fs;
			res->net_missing |= added[i].net;
			res->scoped_missing |= added[i].scoped;
		}
}

static int
create(struct landlock_result *res, char *err, size_t errlen)
{
	struct ruleset_attr	 attr;
	size_t			 len;
	long			 fd;

	memset(&attr, 0, sizeof(attr));
	attr.handled_access_fs = res->fs;
	attr.handled_access_net = res->net;
	attr.scoped = res->scoped;
	len = res->abi >= 6 ? sizeof(attr) :
	    res->abi >= 4 ? offsetof(struct ruleset_attr, scoped) :
	    offsetof(struct ruleset_attr, handled_access_net);
	fd = syscall(NR_CREATE_RULESET, &attr, len, 0);
	if (fd == -1 && errno == EINVAL &&
	    (res->scoped & LL_SCOPE_SIGNAL) != 0) {
		/* RHEL 9 (5.14) says ABI 6 and lacks the signal scope */
		res->scoped &= ~LL_SCOPE_SIGNAL;
		res->scoped_missing |= LL_SCOPE_SIGNAL;
		attr.scoped = res->scoped;
		fd = syscall(NR_CREATE_RULESET, &attr, len, 0);
	}
	if (fd == -1)
		return (failed(err, errlen, "making a rule set for ABI %d",
		    res->abi));
	return ((int)fd);
}

static int
add_path(int set, const struct landlock_rule *rule,
    const struct landlock_result *res, char *err, size_t errlen)
{
	struct path_beneath_attr	 attr;
	struct stat			 st;
	const char			*path;
	int				 fd, r;

	path = rule->path == NULL ? "a descriptor" : rule->path;
	fd = rule->fd;
	if (fd == -1) {
		if (rule->path == NULL) {
			errno = EINVAL;
			return (failed(err, errlen, "a rule without a path"));
		}
		fd = open(rule->path, O_PATH | O_CLOEXEC);
		if (fd == -1)
			return (failed(err, errlen, "%s", path));
	}
	attr.allowed_access = rule->rights & res->fs;
	attr.parent_fd = fd;
	r = fstat(fd, &st);
	if (r == 0 && !S_ISDIR(st.st_mode))
		attr.allowed_access &= LL_FILE_RIGHTS;
	if (r == 0)
		r = (int)syscall(NR_ADD_RULE, set, RULE_PATH_BENEATH, &attr, 0);
	if (r == -1)
		failed(err, errlen, "rule for %s", path);
	if (fd != rule->fd)
		close(fd);
	return (r);
}

static int
add_port(int set, const struct landlock_port *port,
    const struct landlock_result *res, char *err, size_t errlen)
{
	struct net_port_attr	 attr;

	memset(&attr, 0, sizeof(attr));
	attr.allowed_access = port->rights & res->net;
	attr.port = port->port;
	if (attr.allowed_access == 0)
		return (0);
	if (syscall(NR_ADD_RULE, set, RULE_NET_PORT, &attr, 0) == -1)
		return (failed(err, errlen, "rule for port %u",
		    (unsigned int)port->port));
	return (0);
}

static int
fill_and_restrict(int set, const struct landlock_policy *policy,
    const struct landlock_result *res, char *err, size_t errlen)
{
	size_t	 i;

	for (i = 0; i < policy->nrules; i++)
		if (add_path(set, &policy->rules[i], res, err, errlen) == -1)
			return (-1);
	for (i = 0; i < policy->nports; i++)
		if (add_port(set, &policy->ports[i], res, err, errlen) == -1)
			return (-1);
	if (syscall(NR_RESTRICT_SELF, set, 0) == -1)
		return (failed(err, errlen, "restricting the process"));
	return (0);
}

int
landlock_apply(const struct landlock_policy *policy, int allow_none,
    struct landlock_result *res, char *err, size_t errlen)
{
	int	 set, r;

	memset(res, 0, sizeof(*res));
	res->kernel_abi = landlock_abi(err, errlen);
	res->abi = res->kernel_abi > MAX_LANDLOCK_ABI ? MAX_LANDLOCK_ABI :
	    res->kernel_abi;
	handled(res->abi, res);
	if (res->kernel_abi == 0)
		return (allow_none ? 0 : -1);
	if ((set = create(res, err, errlen)) == -1)
		return (-1);
	r = fill_and_restrict(set, policy, res, err, errlen);
	close(set);
	return (r);
}

void
landlock_names(uint64_t fs, uint64_t net, uint64_t scoped, char *buf,
    size_t len)
{
	size_t	 i, used = 0;
	int	 n;

	if (len == 0)
		return;
	buf[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((fs & names[i].fs) == 0 && (net & names[i].net) == 0 &&
		    (scoped & names[i].scoped) == 0)
			continue;
		n = snprintf(buf + used, len - used, "%s%s",
		    used == 0 ? "" : ", ", names[i].name);
		if (n < 0 || (size_t)n >= len - used)
			return;
		used += (size_t)n;
	}
}
