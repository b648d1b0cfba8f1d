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

/*
 * defenseclawd: the supervisor of the suite, and all that ever runs as root.
 *
 *   may      start the suite's own programs, hold descriptors for them
 *            (records, secrets, listeners), accept control connections and
 *            pass them on, log; in system mode as root with the capabilities
 *            that restarts need (caps_keep() below)
 *   may not  parse configuration, rules, requests or records: it never maps
 *            or reads a record or a secret; from roles it takes messages of
 *            fixed size; it makes none of the calls of sandbox_deny_never()
 *   if taken everything: this is the trusted base, kept small
 */

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/confine.h"
#include "common/sandbox.h"
#include "ctl/defenseclawd/defenseclawd.h"
#include "ctl/users.h"

struct sup	sup;

static const struct {
	enum role_id	 role;
	const char	*user;
} role_users[] = {
	{ ROLE_CONFC,	 "_dcconf" },
	{ ROLE_RULEREAD, "_dcconf" },
	{ ROLE_RULECOMP, "_dcconf" },
	{ ROLE_GATEWAYD, "_dcgate" },
	{ ROLE_AUDITD,	 "_dcaudit" },
	{ ROLE_SIGNER,	 "_dcsign" },
	{ ROLE_SINK,	 "_dcsink" },
	{ ROLE_RESOLVER, "_dcdns" },
	{ ROLE_JUDGE,	 "_dcsink" },
};

static void
usage(void)
{
	fprintf(stderr, "usage: defenseclawd [-dv] [-R fd] [-u]\n");
	exit(CTL_USAGE);
}

#ifndef DC_SUBUID
#define DC_SUBUID	"/etc/subuid"
#endif

static void
find_users(void)
{
	char	names[512];
	size_t	i;

	for (i = 0; i < ROLE_COUNT; i++) {
		sup.uids[i] = getuid();
		sup.gids[i] = getgid();
	}
	sup.groups.client = sup.groups.audit = sup.groups.admin = GID_NONE;
	foreign_read(&sup.foreign, DC_SUBUID);
	if (!sup.paths.system)
		return;
	for (i = 0; i < sizeof(role_users) / sizeof(role_users[0]); i++)
		if (users_lookup(role_users[i].user,
		    &sup.uids[role_users[i].role],
		    &sup.gids[role_users[i].role]) == -1)
			goto missing;
	if (users_group("defenseclaw", &sup.groups.client) == -1 ||
	    users_group("defenseclaw-audit", &sup.groups.audit) == -1 ||
	    users_group("defenseclaw-admin", &sup.groups.admin) == -1)
		goto missing;
	return;
missing:
	users_missing(names, sizeof(names));
	log_warnx("missing accounts: %s: run `defenseclawctl init'", names);
	exit(CTL_CONFIG);
}

/*
 * What an operator does about a place where nothing can be made or written.
 */
const char *
place_hint(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return ("run `defenseclawctl init' first");
	case ENOSPC:
	case EDQUOT:
		return ("make room there, for more files too (df -i)");
	case EROFS:
		return ("it must be on a file system that can be written");
	case EACCES:
	case EPERM:
		return (sup.paths.system ? "even root may not here, as in "
		    "some containers: user mode (--user) does without" :
		    "it must be this user's");
	default:
		return ("it must be there and writable");
	}
}

static void
no_place(const char *path)
{
	int	error = errno;

	log_warnx("cannot start: %s: %s: %s", path, strerror(error),
	    place_hint(error));
	exit(error == ENOENT || error == ENOTDIR ? CTL_CONFIG :
	    CTL_PERMISSION);
}

static void
run_dir(const char *path, mode_t mode)
{
	struct stat	st;

	if ((mkdir(path, mode) == -1 && errno != EEXIST) ||
	    stat(path, &st) == -1)
		no_place(path);
	/* as it is on a file system that is read-only, it may be good */
	if ((st.st_mode & 07777) != mode && chmod(path, mode) == -1)
		no_place(path);
}

/*
 * Directories that live as long as the suite: world-searchable in system
 * mode, since who may do what is decided per connection.
 */
static void
run_dirs(void)
{
	char	empty[MAX_CONF_PATH];
	mode_t	mode = sup.paths.system ? 0755 : 0700;

	if (paths_join(empty, sizeof(empty), sup.paths.run, "empty") == -1) {
		errno = ENAMETOOLONG;
		no_place(sup.paths.run);
	}
	run_dir(sup.paths.run, mode);
	run_dir(sup.paths.control, mode);
	run_dir(empty, mode);
}

/*
 * One suite per state: the lock is the kernel's, the pid in it is for people
 * and for `stop'.
 */
static void
take_lock(void)
{
	char	path[MAX_CONF_PATH], pid[16];
	int	n;

	if (paths_join(path, sizeof(path), sup.paths.run,
	    "defenseclawd.pid") == -1 ||
	    (sup.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0644)) == -1)
		no_place(path);
	if (flock(sup.lock, LOCK_EX | LOCK_NB) == -1) {
		log_warnx("already running: see `defenseclawctl status'");
		exit(CTL_ALREADY);
	}
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(sup.lock, 0) == -1 ||
	    pwrite(sup.lock, pid, (size_t)n, 0) != n)
		log_warn("%s", path);
}

/*
 * Keeps only these capabilities, for us and for whatever we start.
 */
static int
caps_keep(uint64_t keep)
{
	struct __user_cap_header_struct	 hdr;
	struct __user_cap_data_struct	 data[2];
	int				 cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(keep & (1ULL << cap)) &&
		    prctl(PR_CAPBSET_READ, cap) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap) == -1 && errno != EPERM)
			return (-1);
	memset(&hdr, 0, sizeof(hdr));
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	if (syscall(SYS_capget, &hdr, data) == -1)
		return (-1);
	data[0].permitted &= (uint32_t)keep;
	data[1].permitted &= (uint32_t)(keep >> 32);
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	data[0].inheritable = data[1].inheritable = 0;
	return ((int)syscall(SYS_capset, &hdr, data));
}

static void
confine_self(void)
{
	struct rlimit	 none = { 0, 0 };
	uint64_t	 keep = 0;
	char		 err[MAX_CONFINE_ERR];
	int		 rc = 0;

	if (sup.paths.system)
		keep = (1ULL << CAP_SETUID) | (1ULL << CAP_SETGID) |
		    (1ULL << CAP_SYS_CHROOT) | (1ULL << CAP_SYS_ADMIN) |
		    (1ULL << CAP_SETPCAP) | (1ULL << CAP_KILL) |
		    (1ULL << CAP_DAC_READ_SEARCH);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		rc = enforce_refuse("dumpable", err, sizeof(err));
	else if (setrlimit(RLIMIT_CORE, &none) == -1)
		rc = enforce_refuse("rlimit", err, sizeof(err));
	else if (caps_keep(keep) == -1)
		rc = enforce_refuse("capabilities", err, sizeof(err));
	else
		rc = sandbox_deny_never(err, sizeof(err));
	if (rc == -1) {
		log_warnx("cannot start: %s", err);
		exit(CTL_CONFIG);
	}
}

/*
 * A channel and a socket for every process, and what a reload needs beside
 * them; a role's own need is higher still.
 */
static void
open_files(void)
{
	struct rlimit	rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("limit of open files");
	if (rl.rlim_cur >= MIN_SUP_FDS)
		return;
	rl.rlim_cur = MIN_SUP_FDS;
	if (rl.rlim_max >= MIN_SUP_FDS && setrlimit(RLIMIT_NOFILE, &rl) == 0)
		return;
	log_warnx("cannot start: the limit of open files is %llu, %d are "
	    "needed: raise it with ulimit -n, or LimitNOFILE= of a unit",
	    (unsigned long long)rl.rlim_max, MIN_SUP_FDS);
	exit(CTL_CONFIG);
}

static void
on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	slots_stop();
}

static void
on_hup(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)arg;
	load_start(0, 0);
}

static void
signals(void)
{
	static const struct {
		int	sig;
		void	(*fn)(evutil_socket_t, short, void *);
	} table[] = {
		{ SIGTERM, on_term },
		{ SIGINT, on_term },
		{ SIGHUP, on_hup },
		{ SIGCHLD, reap },
	};
	struct event	*ev;
	size_t		 i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		ev = evsignal_new(sup.base, table[i].sig, table[i].fn, NULL);
		if (ev == NULL || event_add(ev, NULL) == -1)
			fatalx("signals");
	}
}

static void
options(int argc, char *argv[], int *user)
{
	const char	*errstr;
	int		 ch;

	while ((ch = getopt(argc, argv, "dR:uv")) != -1) {
		switch (ch) {
		case 'd':
		case 'v':
			sup.verbose = 1;
			break;
		case 'R':
			sup.ready_fd = (int)strtonum(optarg, 0, 1023,
			    &errstr);
			if (errstr != NULL || fcntl(sup.ready_fd, F_SETFD,
			    FD_CLOEXEC) == -1)
				usage();
			break;
		case 'u':
			*user = 1;
			break;
		default:
			usage();
		}
	}
	if (argc != optind)
		usage();
}

int
main(int argc, char *argv[])
{
	char	err[MAX_PATHS_ERR];
	int	user = 0;

	log_init("defenseclawd", 0);
	if (log_std_fds() == -1)
		fatal("/dev/null");
	sup.ready_fd = sup.tcp = sup.unix_http = -1;
	sup.state = ST_RUNNING;
	TAILQ_INIT(&sup.procs);
	setup_init(&sup.now);
	setup_init(&sup.next);
	options(argc, argv, &user);
	umask(077);
	open_files();
	if (paths_init(&sup.paths, PATHS_SETUP, user, err, sizeof(err)) == -1) {
		log_warnx("%s", err);
		exit(CTL_CONFIG);
	}
	find_users();
	run_dirs();
	take_lock();
	if (logfile_open(sup.paths.log) == -1)
		log_warn("%s: no log file", sup.paths.log);
	log_init("supervisor", sup.verbose);
	sup.started_us = clock_wall_us();
	listen_inherited();
	confine_self();
	if ((sup.base = event_base_new()) == NULL)
		fatalx("libevent does not start");
	signals();
	slots_make();
	pulse_start();
	load_start(0, 0);
	/* a load that failed at once has nothing to wait for */
	if (sup.load != LOAD_NONE)
		event_base_dispatch(sup.base);
	listen_close();
	log_info("stopped");
	return (sup.status);
}
