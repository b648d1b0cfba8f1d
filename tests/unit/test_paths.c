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
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* the real code with other prefixes: /etc and /run may hold a real suite */
#undef DC_SYSCONFDIR
#define DC_SYSCONFDIR		"/tmp/test_paths.etc"
#undef DC_LOCALSTATEDIR
#define DC_LOCALSTATEDIR	"/tmp/test_paths.var"
#undef DC_RUNDIR
#define DC_RUNDIR		"/tmp/test_paths.run"
#include "ctl/paths.c"

static struct paths	p;
static char		err[MAX_PATHS_ERR];

static int
mode_of(enum paths_for what, int user)
{
	CHECK_INT(paths_init(&p, what, user, err, sizeof(err)), 0);
	return (p.system);
}

static void
user_mode(void)
{
	char	buf[MAX_CONF_PATH];

	CHECK(setenv("DEFENSECLAW_HOME", "/tmp/dc home//", 1) == 0);
	CHECK_INT(mode_of(PATHS_SETUP, 0), 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
	CHECK_STR(p.home, "/tmp/dc home");
	CHECK_STR(p.config, "/tmp/dc home/config.yaml");
	CHECK_STR(p.secrets, "/tmp/dc home/secrets");
	CHECK_STR(p.policies, "/tmp/dc home/policies");
	CHECK_STR(p.dotenv, "/tmp/dc home/.env");
	CHECK_STR(p.audit_db, "/tmp/dc home/audit/audit.db");
	CHECK_STR(p.sign, "/tmp/dc home/sign");
	CHECK_STR(p.device_key, "/tmp/dc home/device.key");
	CHECK_STR(p.device_pub, "/tmp/dc home/device.pub");
	CHECK_STR(p.gateway_sock, "/tmp/dc home/run/gateway.sock");
	CHECK_STR(p.log, "/tmp/dc home/log");
	CHECK_INT(paths_control(&p, "auditd", buf, sizeof(buf)), 0);
	CHECK_STR(buf, "/tmp/dc home/run/control/auditd.sock");
	CHECK_INT(paths_control(&p, "12345678901234567", buf, sizeof(buf)),
	    -1);
	CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
	CHECK(setenv("HOME", "/home/u", 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 1), 0);
	CHECK_STR(p.home, "/home/u/.defenseclaw");
	CHECK(setenv("HOME", "/", 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 1), 0);
	CHECK_STR(p.home, "/.defenseclaw");
	CHECK(setenv("DEFENSECLAW_HOME", "", 1) == 0);	/* as if not set */
	CHECK_INT(mode_of(PATHS_SETUP, 1), 0);
	CHECK_STR(p.home, "/.defenseclaw");
	CHECK(unsetenv("HOME") == 0);		/* then /etc/passwd says */
	if (users_home(geteuid(), buf, sizeof(buf)) == 0) {
		CHECK_INT(mode_of(PATHS_SETUP, 1), 0);
		CHECK(strncmp(p.home, buf, strlen(buf)) == 0);
	} else {
		CHECK_INT(paths_init(&p, PATHS_SETUP, 1, err, sizeof(err)),
		    -1);
		CHECK(strstr(err, "set HOME or DEFENSECLAW_HOME") != NULL);
	}
}

static void
bad_home(const char *home, const char *why)
{
	CHECK(setenv("DEFENSECLAW_HOME", home, 1) == 0);
	CHECK_INT(paths_init(&p, PATHS_COMMAND, 0, err, sizeof(err)), -1);
	if (strstr(err, why) == NULL)
		CHECK_STR(err, why);
}

static void
refusals(void)
{
	char	home[300], buf[MAX_CONF_PATH];
	size_t	n;

	bad_home("relative", "absolute path");
	bad_home("~/.x", "absolute path");
	bad_home("/a/../b", "absolute path");
	bad_home("/a/..", "absolute path");
	bad_home("///", "root directory");
	memset(home, 'x', sizeof(home));
	home[0] = '/';
	home[299] = '\0';
	bad_home(home, "too long");
	/* the longest that works, and one more: sun_path has 108 bytes */
	for (n = 60; n < 100; n++) {
		home[n] = '\0';
		CHECK(setenv("DEFENSECLAW_HOME", home, 1) == 0);
		if (paths_init(&p, PATHS_COMMAND, 0, err, sizeof(err)) == -1)
			break;
		CHECK_INT(paths_control(&p, "1234567890123456", buf,
		    sizeof(buf)), 0);
		CHECK(strlen(buf) < 108);
		home[n] = 'x';
	}
	CHECK_INT(strlen(buf), 107);
	CHECK(strstr(err, "sockets below it (at most 73 bytes)") != NULL);
	CHECK_INT(n, 74);
	CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
}

/* root follows nobody's links and uses nobody's directories */
static void
homes_of_others(void)
{
	char	top[] = "/tmp/test_paths.XXXXXX", dir[64], home[80], buf[80];

	if (getuid() != 0) {
		printf("    not root: skipped\n");
		return;
	}
	CHECK(mkdtemp(top) != NULL);
	snprintf(dir, sizeof(dir), "%s/d", top);
	snprintf(home, sizeof(home), "%s/d/h", top);
	CHECK(mkdir(dir, 0700) == 0 && mkdir(home, 0700) == 0);
	CHECK(setenv("DEFENSECLAW_HOME", home, 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
	CHECK_STR(p.home, home);
	CHECK(chown(home, 4711, 0) == 0);
	bad_home(home, "not root's alone (uid 4711, mode 0700)");
	CHECK(chown(home, 0, 0) == 0 && chmod(home, 0770) == 0);
	bad_home(home, "not root's alone (uid 0, mode 0770)");
	CHECK(chmod(home, 01777) == 0);
	bad_home(home, "not root's alone (uid 0, mode 1777)");
	CHECK(chmod(home, 0755) == 0);
	/* what is above it */
	CHECK(chown(dir, 4711, 0) == 0);
	bad_home(home, "not root's alone (uid 4711");
	CHECK(chown(dir, 0, 0) == 0 && chmod(dir, 0777) == 0);
	bad_home(home, "not root's alone (uid 0, mode 0777)");
	CHECK(chmod(dir, 01777) == 0);
	CHECK(setenv("DEFENSECLAW_HOME", home, 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
	/* not there yet */
	snprintf(buf, sizeof(buf), "%s/new/er", dir);
	CHECK(setenv("DEFENSECLAW_HOME", buf, 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
	CHECK_STR(p.home, buf);
	/* links are followed before it is judged, and not again */
	snprintf(buf, sizeof(buf), "%s/l", top);
	CHECK(symlink("d", buf) == 0);
	strlcat(buf, "/h", sizeof(buf));
	CHECK(setenv("DEFENSECLAW_HOME", buf, 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
	CHECK_STR(p.home, home);
	CHECK(chown(home, 4711, 0) == 0);
	bad_home(buf, "not root's alone (uid 4711");
	/* one that leads nowhere yet may lead anywhere later */
	CHECK(rmdir(home) == 0 && symlink("nowhere", home) == 0);
	bad_home(home, "No such file");
	CHECK(unlink(home) == 0 && rmdir(dir) == 0);
	snprintf(buf, sizeof(buf), "%s/l", top);
	CHECK(unlink(buf) == 0 && rmdir(top) == 0);
	CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
}

static void
packs(void)
{
	struct conf	c;
	char		buf[MAX_CONF_PATH];

	CHECK(setenv("DEFENSECLAW_HOME", "/h", 1) == 0);
	CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
	schema_defaults(&c);
	CHECK_INT(paths_rule_pack(&p, &c, buf, sizeof(buf)), 0);
	CHECK_STR(buf, "/h/policies/guardrail/default");
	strlcpy(c.guardrail.rule_pack_dir, "/srv/strict",
	    sizeof(c.guardrail.rule_pack_dir));
	CHECK_INT(paths_rule_pack(&p, &c, buf, sizeof(buf)), 0);
	CHECK_STR(buf, "/srv/strict");
	CHECK_INT(paths_rule_pack(&p, &c, buf, 5), -1);
	CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
}

/* in a child, as another user when the uid is not 0 */
static void
as(uid_t uid, int want_setup, int want_command)
{
	pid_t	pid;
	int	status;

	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		if (uid != 0)
			CHECK(setgid(uid) == 0 && setuid(uid) == 0);
		CHECK(setenv("HOME", "/h", 1) == 0);
		CHECK_INT(mode_of(PATHS_SETUP, 0), want_setup);
		CHECK_INT(mode_of(PATHS_COMMAND, 0), want_command);
		CHECK_INT(mode_of(PATHS_SETUP, 1), 0);
		CHECK_INT(mode_of(PATHS_COMMAND, 1), 0);
		CHECK(setenv("DEFENSECLAW_HOME", "/d", 1) == 0);
		CHECK_INT(mode_of(PATHS_SETUP, 0), 0);
		CHECK_INT(mode_of(PATHS_COMMAND, 0), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
modes(void)
{
	if (getuid() != 0) {
		printf("    not root: skipped\n");
		return;
	}
	(void)rmdir(DC_RUNDIR "/defenseclaw");
	(void)rmdir(DC_RUNDIR);
	as(0, 1, 1);
	as(4711, 0, 0);
	CHECK(mkdir(DC_RUNDIR, 0755) == 0);
	CHECK(mkdir(DC_RUNDIR "/defenseclaw", 0755) == 0);
	as(4711, 0, 1);
	/* one that another user made is no suite */
	CHECK(chown(DC_RUNDIR "/defenseclaw", 4711, 0) == 0);
	as(4711, 0, 0);
	CHECK(rmdir(DC_RUNDIR "/defenseclaw") == 0 && rmdir(DC_RUNDIR) == 0);
	CHECK_INT(mode_of(PATHS_SETUP, 0), 1);
	CHECK_STR(p.config, "/tmp/test_paths.etc/defenseclaw/config.yaml");
	CHECK_STR(p.audit_db,
	    "/tmp/test_paths.var/lib/defenseclaw/audit/audit.db");
	CHECK_STR(p.device_key,
	    "/tmp/test_paths.var/lib/defenseclaw/device.key");
	CHECK_STR(p.log, "/tmp/test_paths.var/log/defenseclaw");
	CHECK_STR(p.control, "/tmp/test_paths.run/defenseclaw/control");
	CHECK_STR(p.home, "");
}

static void
copy_self(const char *to)
{
	char	buf[65536];
	ssize_t	n;
	int	in, out;

	CHECK((in = open("/proc/self/exe", O_RDONLY)) != -1);
	CHECK((out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755)) != -1);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_INT(write(out, buf, (size_t)n), n);
	close(in);
	CHECK(close(out) == 0);
}

/* run the copy, which prints what it finds */
static void
probe(const char *exe, const char *libexec, const char *data)
{
	char	got[2 * PATH_MAX], want[2 * PATH_MAX];
	int	fd[2], status;
	ssize_t	n;
	pid_t	pid;

	CHECK(pipe(fd) == 0 && (pid = fork()) != -1);
	if (pid == 0) {
		dup2(fd[1], STDOUT_FILENO);
		execl(exe, exe, "probe", (char *)NULL);
		_exit(127);
	}
	close(fd[1]);
	CHECK((n = read(fd[0], got, sizeof(got) - 1)) >= 0);
	got[n] = '\0';
	close(fd[0]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	snprintf(want, sizeof(want), "%s %s", libexec, data);
	CHECK_STR(got, want);
}

static void
installed(void)
{
	static const char *const dirs[] = { "", "/build", "/build/bin",
	    "/etc", "/etc/policies", "/etc/policies/guardrail",
	    "/etc/policies/guardrail/default" };
	char	top[] = "/tmp/paths.XXXXXX", exe[128], role[128], data[128];
	char	dir[128], lib[128];
	size_t	i;

	CHECK(mkdtemp(top) != NULL);
	for (i = 1; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(dir, sizeof(dir), "%s%s", top, dirs[i]);
		CHECK(mkdir(dir, 0755) == 0);
	}
	snprintf(exe, sizeof(exe), "%s/build/bin/me", top);
	snprintf(lib, sizeof(lib), "%s/build/bin", top);
	snprintf(role, sizeof(role), "%s/build/bin/defenseclawd", top);
	snprintf(data, sizeof(data), "%s/etc", top);
	copy_self(exe);
	probe(exe, DC_LIBEXECDIR, DC_DATADIR);	/* no sibling: as installed */
	copy_self(role);
	probe(exe, lib, data);
	CHECK(unlink(role) == 0 && unlink(exe) == 0);
	for (i = sizeof(dirs) / sizeof(dirs[0]); i-- > 0;) {
		snprintf(dir, sizeof(dir), "%s%s", top, dirs[i]);
		CHECK(rmdir(dir) == 0);
	}
}

static void
accounts(void)
{
	char	buf[MAX_CONF_PATH];
	uid_t	uid = 1;
	gid_t	gid = 1;

	CHECK_INT(users_lookup("root", &uid, &gid), 0);
	CHECK_INT(uid, 0);
	CHECK_INT(gid, 0);
	CHECK_INT(users_lookup("_dcnobodyhasthis", &uid, &gid), -1);
	CHECK_INT(users_group("root", &gid), 0);
	CHECK_INT(users_group("_dcnobodyhasthis", &gid), -1);
	CHECK_INT(users_home(0, buf, sizeof(buf)), 0);
	CHECK(buf[0] == '/');
	CHECK_INT(users_home(0, buf, 2), -1);
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "probe") == 0) {
		CHECK(setenv("HOME", "/h", 1) == 0);
		CHECK_INT(mode_of(PATHS_COMMAND, 1), 0);
		printf("%s %s", p.libexec, p.data);
		return (0);
	}
	RUN(user_mode);
	RUN(refusals);
	RUN(homes_of_others);
	RUN(packs);
	RUN(modes);
	RUN(installed);
	RUN(accounts);
	return (0);
}
