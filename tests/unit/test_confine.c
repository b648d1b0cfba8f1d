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

#include "tests/sandbox/enter.h"

#include <event2/event.h>
#include <pthread.h>
#include <sqlite3.h>

/*
 * What must still work for a confined role, what the kernel says of it, and
 * what confine refuses to start.
 */

static enum mode
best_mode(void)
{
	return (geteuid() == 0 ? SYSTEM_MODE : USER_MODE);
}

/* abort(3) must end as SIGABRT, so that a failed assertion can be told */
static void
test_abort(void)
{
	struct sandbox_state	 st;
	pid_t			 pid;
	int			 status;

	confine_skip = 0;
	if ((pid = fork()) == 0) {
		enter(INGRESS, USER_MODE, &st);
		abort();
	}
	status = wait_for(pid);
	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGABRT);
}

/* the heap at every size, a signal, the clock, random bytes, qsort */
static int
compare(const void *a, const void *b)
{
	return (*(const int *)a - *(const int *)b);
}

static volatile sig_atomic_t	 signalled;

static void
on_signal(int sig)
{
	signalled = sig;
}

static int
ordinary_work(void)
{
	struct timespec	 ts = { 0, 1000000 };
	struct timeval	 tv;
	char		*p, *q;
	int		 i, numbers[4096];

	for (i = 4; i < 28; i++) {
		if ((p = malloc((size_t)1 << i)) == NULL)
			return (1);
		memset(p, i, (size_t)1 << i);
		if ((q = realloc(p, (size_t)3 << i)) == NULL)
			return (2);
		free(q);
	}
	for (i = 0; i < 4096; i++)
		numbers[i] = (int)arc4random_uniform(1000);
	qsort(numbers, 4096, sizeof(numbers[0]), compare);
	signal(SIGUSR1, on_signal);
	if (raise(SIGUSR1) != 0 || signalled != SIGUSR1)
		return (3);
	if (nanosleep(&ts, NULL) == -1 || gettimeofday(&tv, NULL) == -1 ||
	    clock_gettime(CLOCK_BOOTTIME, &ts) == -1)
		return (4);
	if (printf("    printed from within\n") < 0 || fflush(stdout) != 0)
		return (5);
	if (fopen("/etc/hosts", "r") != NULL)
		return (6);
	return (0);
}

static void
test_ordinary_work(void)
{
	struct sandbox_state	 st;
	pid_t			 pid;

	confine_skip = 0;
	if ((pid = fork()) == 0) {
		enter(COMPILER, USER_MODE, &st);
		_exit(ordinary_work());
	}
	CHECK_INT(wait_for(pid), 0);
}

static void
echo(evutil_socket_t fd, short what, void *arg)
{
	char	 buf[1024];
	ssize_t	 n = read(fd, buf, sizeof(buf));

	(void)what;
	(void)arg;
	if (n > 0 && write(fd, buf, (size_t)n) != n)
		_exit(1);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct event	*ev;
	int		 client;

	(void)what;
	client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ev = event_new(arg, client, EV_READ | EV_PERSIST, echo, NULL);
	if (client == -1 || ev == NULL || event_add(ev, NULL) == -1)
		_exit(1);
}

static void
on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	event_base_loopbreak(arg);
}

static void
ingress_child(int listener)
{
	struct timeval		 tv = { 10, 0 };
	struct sandbox_state	 st;
	struct event_base	*base = event_base_new();

	enter(INGRESS, best_mode(), &st);
	if (event_add(event_new(base, listener, EV_READ | EV_PERSIST,
	    on_accept, base), &tv) == -1 ||
	    event_add(evsignal_new(base, SIGTERM, on_term, base), NULL) == -1)
		_exit(2);
	event_base_dispatch(base);
	event_base_free(base);
	_exit(0);
}

/* libevent accepts, reads, writes, takes a signal; in an empty network */
static void
test_libevent(void)
{
	static char	 out[100000], in[100000];
	uint16_t	 port;
	size_t		 sent = 0, got = 0;
	ssize_t		 n;
	pid_t		 pid;
	int		 fd, listener;

	confine_skip = 0;
	listener = probe_listen_tcp(&port);
	CHECK(listener != -1);
	if ((pid = fork()) == 0)
		ingress_child(listener);
	close(listener);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(fd != -1 && connect_inet(fd, port) == 0);
	memset(out, 'x', sizeof(out));
	while (got < sizeof(in)) {
		n = send(fd, out + sent, sizeof(out) - sent, MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		n = recv(fd, in + got, sizeof(in) - got,
		    sent < sizeof(out) ? MSG_DONTWAIT : 0);
		CHECK(n > 0 || (n == -1 && errno == EAGAIN));
		got += n > 0 ? (size_t)n : 0;
	}
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	close(fd);
	CHECK(kill(pid, SIGTERM) == 0);
	CHECK_INT(wait_for(pid), 0);
}

static const char store_sql[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=65536;"
    "CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT);";

static const char work_sql[] =
    "BEGIN IMMEDIATE; INSERT INTO t (b) VALUES (hex(randomblob(9000)));"
    "INSERT INTO t (b) SELECT b FROM t; COMMIT;"
    "PRAGMA wal_checkpoint(TRUNCATE);"
    "SELECT count(*), b FROM t GROUP BY b ORDER BY b DESC; PRAGMA optimize;";

static int
store_work(sqlite3 *db)
{
	char	*msg = NULL;
	int	 i;

	for (i = 0; i < 8; i++)
		if (sqlite3_exec(db, work_sql, NULL, NULL, &msg) !=
		    SQLITE_OK) {
			dprintf(STDERR_FILENO, "%s\n", msg);
			return (3);
		}
	/* close: checkpoint, and -wal and -shm go */
	return (sqlite3_close(db) == SQLITE_OK ? 0 : 4);
}

static int
store_child(enum mode mode)
{
	struct sandbox_state	 st;
	sqlite3			*db;
	char			 path[160];

	snprintf(path, sizeof(path), "%s/audit.db",
	    mode == USER_MODE ? own[mode] : "");
	if (mode == USER_MODE &&
	    (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, store_sql, NULL, NULL, NULL) != SQLITE_OK))
		return (1);
	enter(STORE, mode, &st);
	if (mode == SYSTEM_MODE &&
	    (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, store_sql, NULL, NULL, NULL) != SQLITE_OK))
		return (2);
	return (store_work(db));
}

static void
test_sqlite(void)
{
	char	 path[160];
	pid_t	 pid;
	int	 mode;

	confine_skip = 0;
	for (mode = USER_MODE; mode <= SYSTEM_MODE; mode++) {
		if (mode == SYSTEM_MODE && geteuid() != 0)
			break;
		if ((pid = fork()) == 0)
			_exit(store_child(mode));
		CHECK_INT(wait_for(pid), 0);
		snprintf(path, sizeof(path), "%s/audit.db-wal",
		    own[mode]);
		CHECK(access(path, F_OK) == -1 && errno == ENOENT);
		snprintf(path, sizeof(path), "%s/audit.db", own[mode]);
		CHECK(unlink(path) == 0);
	}
}

static int
signer_child(void)
{
	enum mode		 mode = best_mode();
	struct sandbox_state	 st;
	int			 dir, fd;

	dir = open(own[mode], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enter(SIGNER, mode, &st);
	fd = openat(dir, "head.new", O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, "1\n", 2) != 2 || fsync(fd) == -1 ||
	    close(fd) == -1)
		return (1);
	if (renameat(dir, "head.new", dir, "head") == -1 || fsync(dir) == -1)
		return (2);
	fd = openat(dir, "head", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || unlinkat(dir, "head", 0) == -1)
		return (3);
	return (0);
}

static void
test_state_file(void)
{
	pid_t	 pid;

	confine_skip = 0;
	if ((pid = fork()) == 0)
		_exit(signer_child());
	CHECK_INT(wait_for(pid), 0);
}

static int
reader_child(void)
{
	struct sandbox_state	 st;
	struct dirent		*de;
	struct stat		 sb;
	char			 buf[8];
	DIR			*dir;
	int			 top_fd, fd, out, files = 0;

	top_fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enter(READER, USER_MODE, &st);
	fd = openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if ((dir = fdopendir(fd)) == NULL)
		return (1);
	out = memfd_create("records", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (out == -1 || ftruncate(out, 64) == -1)
		return (2);
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		fd = openat(top_fd, de->d_name, READ_FLAGS | O_NONBLOCK);
		if (fd == -1 || fstat(fd, &sb) == -1 ||
		    !S_ISREG(sb.st_mode) || read(fd, buf, 7) != 7 ||
		    write(out, buf, 7) != 7)
			return (3);
		close(fd);
		files++;
	}
	closedir(dir);
	if (fcntl(out, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
	    F_SEAL_GROW | F_SEAL_WRITE) == -1)
		return (4);
	return (files == 1 ? 0 : 5);
}

static void
test_read_tree(void)
{
	pid_t	 pid;

	confine_skip = 0;
	if ((pid = fork()) == 0)
		_exit(reader_child());
	CHECK_INT(wait_for(pid), 0);
}

static int
mapping_child(void)
{
	struct sandbox_state	 st;

	enter(INGRESS, USER_MODE, &st);
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, env.memfd, 0) ==
	    MAP_FAILED || mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, env.memfd,
	    0) == MAP_FAILED)
		return (1);
	return (fcntl(env.memfd, F_GET_SEALS) == -1 ? 2 : 0);
}

static void
test_map_read_only(void)
{
	pid_t	 pid;

	confine_skip = 0;
	if ((pid = fork()) == 0)
		_exit(mapping_child());
	CHECK_INT(wait_for(pid), 0);
}

/* "CapEff:\t..." of a process, by the kernel */
static const char *
proc_line(pid_t pid, const char *file, const char *key)
{
	static char	 line[256];
	char		 path[64];
	FILE		*f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	CHECK((f = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0) {
			fclose(f);
			line[strcspn(line, "\n")] = '\0';
			return (line + strlen(key));
		}
	fclose(f);
	return (NULL);
}

/* soft and hard */
static void
check_limit(pid_t pid, const char *name, int want)
{
	const char	*line;
	int		 soft, hard;

	CHECK((line = proc_line(pid, "limits", name)) != NULL);
	CHECK(sscanf(line, "%d %d", &soft, &hard) == 2);
	CHECK_INT(soft, want);
	CHECK_INT(hard, want);
}

static void
check_proc(pid_t pid, enum mode mode)
{
	struct stat	 sb;
	char		 ours[64], theirs[64], path[64];
	ssize_t		 n;
	int		 same;

	CHECK_STR(proc_line(pid, "status", "Seccomp:\t"), "2");
	CHECK_STR(proc_line(pid, "status", "NoNewPrivs:\t"), "1");
	CHECK_STR(proc_line(pid, "status", "CapEff:\t"), "0000000000000000");
	CHECK_STR(proc_line(pid, "status", "CapPrm:\t"), "0000000000000000");
	if (geteuid() == 0)
		CHECK_STR(proc_line(pid, "status", "CapBnd:\t"),
		    "0000000000000000");
	CHECK_STR(proc_line(pid, "status", "CapInh:\t"), "0000000000000000");
	CHECK_STR(proc_line(pid, "status", "CapAmb:\t"), "0000000000000000");
	check_limit(pid, "Max core file size", 0);
	check_limit(pid, "Max open files", MAX_TEST_FDS);
	check_limit(pid, "Max file size", 0);
	check_limit(pid, "Max processes", 0);
	/* the kernel gives what cannot be dumped to root */
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	CHECK(stat(path, &sb) == 0);
	CHECK_INT(sb.st_uid, 0);
	if (geteuid() != 0)
		return;
	n = readlink("/proc/self/ns/net", ours, sizeof(ours) - 1);
	CHECK(n > 0);
	ours[n] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	n = readlink(path, theirs, sizeof(theirs) - 1);
	CHECK(n > 0);
	theirs[n] = '\0';
	same = strcmp(ours, theirs) == 0;
	CHECK_INT(same, mode == USER_MODE);
	if (mode == SYSTEM_MODE) {
		CHECK_STR(proc_line(pid, "status", "Uid:\t"),
		    "65534\t65534\t65534\t65534");
		CHECK_STR(proc_line(pid, "status", "Groups:\t"), " ");
	}
}

/* what a careless start would hand on */
static void
have_too_much(void)
{
	gid_t		 gids[2] = { 0, 4 };
	struct rlimit	 rl = { RLIM_INFINITY, RLIM_INFINITY };

	if (geteuid() != 0)
		return;
	if (setgroups(2, gids) == -1 || setrlimit(RLIMIT_CORE, &rl) == -1)
		_exit(PROBE_SETUP);
}

/* uid 0 means nothing more, and nobody can change that back */
static int
securebits_child(void)
{
	struct sandbox_state	 st;
	int			 bits;

	confine_skip = 1u << LAYER_SECCOMP;
	enter(INGRESS, USER_MODE, &st);
	bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	return ((bits & SECBIT_NOROOT) != 0 &&
	    (bits & SECBIT_NOROOT_LOCKED) != 0 ? 0 : 1);
}

static void
test_securebits(void)
{
	pid_t	 pid;

	if ((pid = fork()) == 0)
		_exit(securebits_child());
	CHECK_INT(wait_for(pid), 0);
}

/* the kernel's word on a waiting role, not the role's own */
static void
test_kernel_says(void)
{
	struct sandbox_state	 st;
	pid_t			 pid;
	char			 c = 'x';
	int			 mode, up[2], down[2];

	confine_skip = 0;
	for (mode = USER_MODE; mode <= SYSTEM_MODE; mode++) {
		if (mode == SYSTEM_MODE && geteuid() != 0)
			break;
		CHECK(pipe(up) == 0 && pipe(down) == 0);
		if ((pid = fork()) == 0) {
			have_too_much();
			enter(INGRESS, mode, &st);
			if (write(up[1], &c, 1) != 1 ||
			    read(down[0], &c, 1) != 1)
				_exit(1);
			_exit(0);
		}
		CHECK(read(up[0], &c, 1) == 1);
		check_proc(pid, mode);
		CHECK(write(down[1], &c, 1) == 1);
		CHECK_INT(wait_for(pid), 0);
		close(up[0]);
		close(up[1]);
		close(down[0]);
		close(down[1]);
	}
}

/* the parent dies by SIGKILL; the role holds the only end of a pipe */
static void
test_dies_with_parent(void)
{
	struct sandbox_state	 st;
	pid_t			 pid;
	char			 c = 'x';
	int			 up[2], hold_open[2];

	confine_skip = 0;
	CHECK(pipe(up) == 0 && pipe(hold_open) == 0);
	if ((pid = fork()) == 0) {
		if (fork() == 0) {
			enter(INGRESS, best_mode(), &st);
			if (write(up[1], &c, 1) != 1)
				_exit(1);
			for (;;)
				sleep(60);
		}
		for (;;)
			pause();
	}
	close(hold_open[1]);
	CHECK(read(up[0], &c, 1) == 1);
	CHECK(kill(pid, SIGKILL) == 0);
	wait_for(pid);
	/* end of file comes when the role is gone */
	alarm(10);
	CHECK(read(hold_open[0], &c, 1) == 0);
	alarm(0);
	close(up[0]);
	close(up[1]);
	close(hold_open[0]);
}

static void *
idle(void *arg)
{
	pause();
	return (arg);
}

/* 0 when confine_enter refuses with a text that has the word in it */
static int
refused(const struct promise *pr, const struct confine_params *par,
    const char *word)
{
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR];

	memset(&st, 0, sizeof(st));
	if (confine_enter(pr, par, &st, err, sizeof(err)) != -1)
		return (1);
	return (strstr(err, word) == NULL ? 2 : 0);
}

static int
threads_child(void)
{
	struct confine_params	 par;
	pthread_t		 t;

	memset(&par, 0, sizeof(par));
	if (pthread_create(&t, NULL, idle, NULL) != 0)
		return (PROBE_SETUP);
	return (refused(&INGRESS->promise, &par, "thread"));
}

static int
promises_child(void)
{
	struct confine_params	 par;
	struct promise		 pr = INGRESS->promise;
	int			 r;

	memset(&par, 0, sizeof(par));
	par.ndirs = 1;
	if ((r = refused(&pr, &par, "directories")) != 0)
		return (r);
	par.ndirs = 0;
	pr.groups |= 0x40000000u;
	return (refused(&pr, &par, "no group"));
}

static int
drop_refused(const struct confine_ids *ids, const char *word)
{
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR];

	memset(&st, 0, sizeof(st));
	if (confine_drop_ids(ids, &st, err, sizeof(err)) != -1)
		return (1);
	if (strstr(err, word) == NULL) {
		dprintf(STDERR_FILENO, "%s\n", err);
		return (2);
	}
	return (0);
}

static int
ids_child(void)
{
	struct confine_ids	 ids;
	int			 r;

	memset(&ids, 0, sizeof(ids));
	ids.root = empty;
	if ((r = drop_refused(&ids, "not 0")) != 0)
		return (10 + r);
	ids.uid = ids.gid = TEST_UID;
	if (geteuid() != 0)
		return (drop_refused(&ids, "CAP_SYS_ADMIN"));
	ids.root = "/nonexistent";
	if ((r = drop_refused(&ids, "/nonexistent")) != 0)
		return (20 + r);
	ids.root = "/tmp";
	if ((r = drop_refused(&ids, "belong")) != 0)
		return (30 + r);
	ids.root = own[USER_MODE];
	ids.root_is_own = 1;
	if ((r = drop_refused(&ids, "belong")) != 0)
		return (40 + r);
	ids.root_is_own = 0;
	ids.root = tree;
	return (drop_refused(&ids, "not empty"));
}

static int
tie_child(void)
{
	struct sandbox_state	 st;
	char			 err[MAX_CONFINE_ERR];

	memset(&st, 0, sizeof(st));
	return (confine_tie(getpid(), &st, err, sizeof(err)) == -1 &&
	    strstr(err, "gone") != NULL ? 0 : 1);
}

static void
test_refusals(void)
{
	static int (*const child[])(void) = {
		threads_child, promises_child, ids_child, tie_child
	};
	size_t	 i;
	pid_t	 pid;

	confine_skip = 0;
	for (i = 0; i < sizeof(child) / sizeof(child[0]); i++) {
		if ((pid = fork()) == 0)
			_exit(child[i]());
		CHECK_INT(wait_for(pid), 0);
	}
}

int
main(void)
{
#ifndef SANDBOX_SANITIZER
	if (SANITIZED) {
		printf("  skipped: sanitizers need -DSANDBOX_SANITIZER\n");
		return (0);
	}
#endif
	make_dirs();
	RUN(test_refusals);
	RUN(test_abort);
	RUN(test_ordinary_work);
	RUN(test_state_file);
	RUN(test_read_tree);
	RUN(test_map_read_only);
	RUN(test_sqlite);
	RUN(test_kernel_says);
	if (geteuid() == 0)
		RUN(test_securebits);
	RUN(test_dies_with_parent);
	RUN(test_libevent);
	remove_dirs();
	return (0);
}
