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
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "tests/unit/test.h"

/*
 * System mode below a directory of our own, with accounts that are all there
 * already: nothing of this host is looked at or changed.
 */
#define TOP			"/tmp/test_init"
#undef DC_SYSCONFDIR
#define DC_SYSCONFDIR		TOP "/etc"
#undef DC_LOCALSTATEDIR
#define DC_LOCALSTATEDIR	TOP "/var"
#undef DC_RUNDIR
#define DC_RUNDIR		TOP "/run"
#undef DC_DATADIR
#define DC_DATADIR		TOP "/share"
#undef DC_PASSWD
#define DC_PASSWD		TOP "/passwd"
#undef DC_GROUP
#define DC_GROUP		TOP "/group"
#include "ctl/paths.c"
#include "ctl/users.c"

#include "common/head.h"
#include "ctl/init.h"

#define FIRST_ID	4700

static struct init_result	 res;
static struct paths		 p;

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *f)
{
	(void)st;
	(void)what;
	(void)f;
	return (remove(path));
}

static void
put(const char *path, const char *text, mode_t mode)
{
	int	fd;

	CHECK((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) != -1);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static char *
get(const char *path)
{
	static char	buf[65536];
	ssize_t		n;
	int		fd;

	CHECK((fd = open(path, O_RDONLY | O_NOFOLLOW)) != -1);
	CHECK((n = read(fd, buf, sizeof(buf) - 1)) >= 0);
	buf[n] = '\0';
	close(fd);
	return (buf);
}

static void
start(int system)
{
	char	err[MAX_PATHS_ERR];

	(void)nftw(TOP, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	CHECK(mkdir(TOP, 0755) == 0 && mkdir(TOP "/share", 0755) == 0);
	CHECK(mkdir(TOP "/share/policies", 0755) == 0);
	CHECK(mkdir(TOP "/share/policies/guardrail", 0755) == 0);
	CHECK(mkdir(TOP "/share/policies/guardrail/default", 0755) == 0);
	CHECK(mkdir(TOP "/share/policies/guardrail/default/rules", 0755) == 0);
	CHECK(mkdir(TOP "/share/policies/guardrail/strict", 0755) == 0);
	CHECK(mkdir(TOP "/share/policies/guardrail/permissive", 0755) == 0);
	put(TOP "/share/policies/guardrail/default/rules/a.yaml", "a: 1\n",
	    0644);
	put(TOP "/share/policies/guardrail/default/b.yaml", "b: 1\n", 0644);
	put(TOP "/share/policies/guardrail/strict/b.yaml", "b: 2\n", 0644);
	put(TOP "/share/policies/guardrail/permissive/b.yaml", "b: 3\n", 0644);
	CHECK(setenv("DEFENSECLAW_HOME", TOP "/home/u/.defenseclaw", 1) == 0);
	if (system)
		CHECK(unsetenv("DEFENSECLAW_HOME") == 0);
	(void)unsetenv("DEFENSECLAW_GATEWAY_TOKEN");
	(void)unsetenv("OPENCLAW_GATEWAY_TOKEN");
	CHECK_INT(paths_init(&p, PATHS_SETUP, 0, err, sizeof(err)), 0);
	CHECK_INT(p.system, system);
	strlcpy(p.data, DC_DATADIR, sizeof(p.data));
}

static void
show(void)
{
	int	i;

	for (i = 0; i < res.nsteps; i++)
		fprintf(stderr, "%s %s %s\n",
		    init_what_name(res.steps[i].what), res.steps[i].subject,
		    res.steps[i].text);
}

static void
run(int want)
{
	int	rv = init_run(&p, CONF_ACTION, &res);

	if (rv != want)
		show();
	CHECK_INT(rv, want);
	CHECK(res.nsteps < MAX_INIT_STEPS);
}

static const struct init_step *
said(enum init_what what, const char *subject, const char *text)
{
	int	i;

	for (i = 0; i < res.nsteps; i++)
		if (res.steps[i].what == what &&
		    strcmp(res.steps[i].subject, subject) == 0 &&
		    strstr(res.steps[i].text, text) != NULL)
			return (&res.steps[i]);
	show();
	fprintf(stderr, "no step: %s %s %s\n", init_what_name(what), subject,
	    text);
	exit(1);
}

static void
is(const char *path, mode_t type, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat	st;

	if (lstat(path, &st) == -1)
		CHECK_STR("missing", path);
	if ((st.st_mode & S_IFMT) != type || (st.st_mode & 07777) != mode)
		fprintf(stderr, "%s: %o\n", path, st.st_mode);
	CHECK((st.st_mode & S_IFMT) == type);
	CHECK_INT(st.st_mode & 07777, mode);
	CHECK_INT(st.st_uid, uid);
	CHECK_INT(st.st_gid, gid);
}

static unsigned long	 sum;

static int
add_one(const char *path, const struct stat *st, int what, struct FTW *f)
{
	const char	*c;

	(void)f;
	for (c = path; *c != '\0'; c++)
		sum = sum * 31 + (unsigned char)*c;
	sum = sum * 31 + st->st_mode;
	sum = sum * 31 + (unsigned long)st->st_ino;
	/* a directory's time changes with every file tried */
	if (what != FTW_D && what != FTW_DP) {
		sum = sum * 31 + (unsigned long)st->st_mtim.tv_nsec;
		sum = sum * 31 + (unsigned long)st->st_size;
	}
	return (0);
}

/* names, modes, inodes, times and sizes of everything below */
static unsigned long
fingerprint(void)
{
	sum = 0;
	CHECK_INT(nftw(TOP, add_one, 16, FTW_PHYS), 0);
	return (sum);
}

static void
token_is(const char *want)
{
	char	file[MAX_CONF_PATH], text[MAX_TOKEN + 2];

	CHECK_INT(paths_join(file, sizeof(file), p.secrets, "gateway-token"),
	    0);
	snprintf(text, sizeof(text), "%s\n", want);
	CHECK_STR(get(file), text);
}

static void
no_token(void)
{
	char	file[MAX_CONF_PATH];

	CHECK_INT(paths_join(file, sizeof(file), p.secrets, "gateway-token"),
	    0);
	CHECK(access(file, F_OK) == -1);
}

static void
files_are_right(uid_t uid, gid_t gid)
{
	char		 token[80], env[300];
	uint8_t		 seed[HEAD_SEED_LEN], key[CHAIN_KEY_LEN];
	uint8_t		 pub[CHAIN_KEY_LEN], secret[HEAD_SECRET_LEN];
	char		 err[160], file[MAX_CONF_PATH];
	const char	*text;

	is(p.config, S_IFREG, 0600, uid, gid);
	CHECK(strstr(get(p.config), "\n  mode: action\n") != NULL);
	is(p.secrets, S_IFDIR, 0700, uid, gid);
	CHECK_INT(paths_join(file, sizeof(file), p.secrets, "gateway-token"),
	    0);
	is(file, S_IFREG, 0600, uid, gid);
	strlcpy(token, get(file), sizeof(token));
	CHECK_INT(strlen(token), 65);
	CHECK_INT(strspn(token, "0123456789abcdef"), 64);
	token[64] = '\0';
	snprintf(env, sizeof(env), "\nDEFENSECLAW_GATEWAY_TOKEN=%s\n"
	    "OPENCLAW_GATEWAY_TOKEN=%s\n", token, token);
	is(p.dotenv, S_IFREG, 0600, uid, gid);
	CHECK(strstr(get(p.dotenv), env) != NULL);
	CHECK_INT(paths_join(file, sizeof(file), p.secrets, "redaction.key"),
	    0);
	is(file, S_IFREG, 0600, uid, gid);
	CHECK_INT(strspn(get(file), "0123456789abcdef"), 64);
	CHECK(strstr(get(file), token) == NULL);
	is(p.device_key, S_IFREG, 0600, uid, gid);
	is(p.device_pub, S_IFREG, 0644, uid, gid);
	text = get(p.device_key);
	CHECK_INT(device_key_parse(text, strlen(text), seed, err,
	    sizeof(err)), 0);
	text = get(p.device_pub);
	CHECK_INT(device_pub_parse(text, strlen(text), pub, err,
	    sizeof(err)), 0);
	device_key_expand(seed, key, secret);
	CHECK(memcmp(key, pub, sizeof(key)) == 0);
}

static void
user_mode(void)
{
	unsigned long	before;
	char		link[32];
	uid_t		uid = getuid();
	gid_t		gid = getgid();

	umask(077);		/* modes must not hang on it */
	start(0);
	run(0);
	said(INIT_MADE, p.config, "action");
	said(INIT_NOTE, "user mode", "sudo defenseclawctl init");
	is(p.home, S_IFDIR, 0700, uid, gid);
	is(p.audit, S_IFDIR, 0700, uid, gid);
	is(p.sign, S_IFDIR, 0700, uid, gid);
	is(p.sinks, S_IFDIR, 0700, uid, gid);
	is(p.run, S_IFDIR, 0700, uid, gid);
	is(p.log, S_IFDIR, 0700, uid, gid);
	files_are_right(uid, gid);
	is(TOP "/home/u/.defenseclaw/policies/guardrail/default/rules/a.yaml",
	    S_IFREG, 0600, uid, gid);
	CHECK_STR(get(TOP "/home/u/.defenseclaw/policies/guardrail/strict/"
	    "b.yaml"), "b: 2\n");
	memset(link, 0, sizeof(link));
	CHECK(readlink(TOP "/home/u/.defenseclaw/audit.db", link,
	    sizeof(link) - 1) > 0);
	CHECK_STR(link, "audit/audit.db");

	before = fingerprint();
	run(0);
	CHECK(before == fingerprint());
	CHECK(res.steps[0].what == INIT_KEPT);
	said(INIT_KEPT, p.device_key, "");
	CHECK_INT(umask(022), 077);	/* and is given back */
}

static void
system_mode(void)
{
	unsigned long	 before;
	FILE		*f;
	int		 i;

	if (getuid() != 0) {
		printf("    not root: skipped\n");
		return;
	}
	start(1);
	CHECK((f = fopen(DC_PASSWD, "w")) != NULL);
	for (i = 0; users_roles[i].name != NULL; i++)
		fprintf(f, "%s:x:%d:%d::/:/x\n", users_roles[i].name,
		    FIRST_ID + i, FIRST_ID + 50 + i);
	fclose(f);
	CHECK((f = fopen(DC_GROUP, "w")) != NULL);
	for (i = 0; users_groups[i].name != NULL; i++)
		fprintf(f, "%s:x:%d:\n", users_groups[i].name,
		    FIRST_ID + 100 + i);
	fclose(f);
	run(0);
	said(INIT_KEPT, "accounts", "");
	is(p.confdir, S_IFDIR, 0755, 0, 0);
	is(p.state, S_IFDIR, 0755, 0, 0);
	is(p.audit, S_IFDIR, 0700, FIRST_ID + 1, FIRST_ID + 51);
	is(p.sign, S_IFDIR, 0700, FIRST_ID + 2, FIRST_ID + 52);
	is(p.sinks, S_IFDIR, 0700, FIRST_ID + 3, FIRST_ID + 53);
	is(p.log, S_IFDIR, 0750, 0, FIRST_ID + 102);
	files_are_right(0, 0);
	is(TOP "/etc/defenseclaw/policies/guardrail/default/rules", S_IFDIR,
	    0755, 0, 0);
	is(TOP "/etc/defenseclaw/policies/guardrail/default/rules/a.yaml",
	    S_IFREG, 0644, 0, 0);
	before = fingerprint();
	run(0);
	CHECK(before == fingerprint());
	/* what belongs to the wrong account is said and left alone */
	CHECK(chown(p.audit, 4242, 4242) == 0);
	run(-1);
	said(INIT_FAILED, p.audit, "belongs to uid 4242, must be 4701");
}

static void
observe(void)
{
	start(0);
	CHECK_INT(init_run(&p, CONF_OBSERVE, &res), 0);
	CHECK(strstr(get(p.config), "\n  mode: observe\n") != NULL);
	run(0);			/* mode action does not change it */
	said(INIT_KEPT, p.config, "guardrail.mode is observe");
}

static void
tokens(void)
{
	start(0);
	CHECK(setenv("DEFENSECLAW_GATEWAY_TOKEN", "first-0123456789", 1) == 0);
	CHECK(setenv("OPENCLAW_GATEWAY_TOKEN", "second-0123456789", 1) == 0);
	run(0);
	token_is("first-0123456789");
	CHECK(strstr(get(p.dotenv), "OPENCLAW_GATEWAY_TOKEN=first-0123456789\n")
	    != NULL);

	start(0);
	CHECK(setenv("OPENCLAW_GATEWAY_TOKEN", "second-0123456789", 1) == 0);
	run(0);
	token_is("second-0123456789");

	/* an existing .env is read, checked and kept byte for byte */
	start(0);
	CHECK(mkdir(TOP "/home", 0755) == 0 && mkdir(TOP "/home/u", 0755) ==
	    0 && mkdir(p.home, 0700) == 0);
	put(p.dotenv, "# mine\nX=1\n OPENCLAW_GATEWAY_TOKEN = \"from-env-file"
	    "-0123\"  \nDEFENSECLAW_GATEWAY_TOKENX=no\n", 0600);
	run(0);
	token_is("from-env-file-0123");
	CHECK(strncmp(get(p.dotenv), "# mine\nX=1\n OPENCLAW", 20) == 0);
	said(INIT_KEPT, p.dotenv, "");
	put(p.dotenv, "OPENCLAW_GATEWAY_TOKEN=another-0123456789\n", 0600);
	run(0);
	said(INIT_WARN, p.dotenv, "not the one in secrets/");
	put(p.dotenv, "OPENCLAW_GATEWAY_TOKEN=from-env-file-0123\n", 0644);
	run(0);
	said(INIT_WARN, p.dotenv, "chmod 600");
	put(p.dotenv, "A=1\n", 0600);
	run(0);
	said(INIT_WARN, p.dotenv, "does not have the token");
}

static void
bad_tokens(void)
{
	static const char *const bad[] = { "undefined", "NULL", "changeme",
	    "short", "0123456789abcde", "with space 0123456789",
	    "quote\"0123456789012", "tab\t01234567890123456",
	    "aaaaaaaaaaaaaaaaaaaaaaaa", "nonascii\xc3\xbc-123456789" };
	const struct init_step	*s;
	char			 text[600], file[MAX_CONF_PATH], err[200];
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(0);
		CHECK(setenv("OPENCLAW_GATEWAY_TOKEN", bad[i], 1) == 0);
		run(-1);
		CHECK_INT(paths_join(file, sizeof(file), p.secrets,
		    "gateway-token"), 0);
		s = said(INIT_FAILED, file, "OPENCLAW_GATEWAY_TOKEN in the "
		    "environment ");
		CHECK(i < 3 || strstr(s->text, bad[i]) == NULL);
		no_token();
		/* the rest was done, and the second run needs only this */
		CHECK_INT(res.nfailed, 1);
		CHECK(unsetenv("OPENCLAW_GATEWAY_TOKEN") == 0);
		run(0);
	}
	memset(text, 'x', sizeof(text));
	text[0] = 'y';
	text[MAX_TOKEN] = '\0';
	CHECK_INT(init_token_check(text, err, sizeof(err)), 0);
	text[MAX_TOKEN] = 'x';
	text[MAX_TOKEN + 1] = '\0';
	CHECK_INT(init_token_check(text, err, sizeof(err)), -1);

	start(0);
	CHECK(mkdir(TOP "/home", 0755) == 0 && mkdir(TOP "/home/u", 0755) ==
	    0 && mkdir(p.home, 0700) == 0);
	put(p.dotenv, "DEFENSECLAW_GATEWAY_TOKEN=null\n", 0600);
	run(-1);
	no_token();
}

static void
device(void)
{
	start(0);
	run(0);
	/* a public half that is gone is made again from the key */
	CHECK(unlink(p.device_pub) == 0);
	run(0);
	files_are_right(getuid(), getgid());
	put(p.device_pub, "nonsense\n", 0644);
	run(-1);
	said(INIT_FAILED, p.device_pub, "does not belong to");
	CHECK_STR(get(p.device_pub), "nonsense\n");
	/* a lost key is not silently replaced under an existing log */
	CHECK(unlink(p.device_key) == 0 && unlink(p.device_pub) == 0);
	put(p.audit_db, "x", 0600);
	run(-1);
	said(INIT_FAILED, p.device_key, "restore the key");
	CHECK(access(p.device_key, F_OK) == -1);
	put(p.device_key, "garbage", 0600);
	run(-1);
	CHECK_STR(get(p.device_key), "garbage");
}

static void
kept(void)
{
	char	file[MAX_CONF_PATH];

	start(0);
	CHECK(mkdir(TOP "/home", 0755) == 0 && mkdir(TOP "/home/u", 0755) ==
	    0 && mkdir(p.home, 0755) == 0);
	put(p.config, "# mine\ngateway: {token_secret: team}\n", 0600);
	put(TOP "/home/u/.defenseclaw/audit.db", "old", 0600);
	run(0);
	said(INIT_WARN, p.home, "chmod 0700");
	said(INIT_WARN, TOP "/home/u/.defenseclaw/audit.db", "was kept");
	CHECK_STR(get(TOP "/home/u/.defenseclaw/audit.db"), "old");
	CHECK_STR(get(p.config), "# mine\ngateway: {token_secret: team}\n");
	CHECK_INT(paths_join(file, sizeof(file), p.secrets, "team"), 0);
	is(file, S_IFREG, 0600, getuid(), getgid());
	no_token();
	/* a changed rule stays, a missing one comes back */
	put(TOP "/home/u/.defenseclaw/policies/guardrail/default/b.yaml",
	    "mine\n", 0600);
	CHECK(unlink(TOP "/home/u/.defenseclaw/policies/guardrail/default/"
	    "rules/a.yaml") == 0);
	run(0);
	said(INIT_MADE, TOP "/home/u/.defenseclaw/policies/guardrail/default",
	    "1 files copied, 1 kept");
	CHECK_STR(get(TOP "/home/u/.defenseclaw/policies/guardrail/default/"
	    "b.yaml"), "mine\n");
	/* an invalid config is named with its line, and left alone */
	put(p.config, "a: 1\nguardrail: {moed: x}\n", 0600);
	run(-1);
	said(INIT_FAILED, p.config, "config.yaml:1:a: unknown key");
	CHECK_STR(get(p.config), "a: 1\nguardrail: {moed: x}\n");
	/* others could have written this */
	put(p.config, "", 0666);
	run(-1);
	said(INIT_FAILED, p.config, "chmod go-w");
	/* a link where a directory should be is not followed */
	start(0);
	CHECK(mkdir(TOP "/home", 0755) == 0 && mkdir(TOP "/home/u", 0755) ==
	    0 && mkdir(p.home, 0700) == 0 && mkdir(TOP "/elsewhere", 0700) ==
	    0 && symlink(TOP "/elsewhere", p.secrets) == 0);
	run(-1);
	said(INIT_FAILED, p.secrets, "not a directory");
	CHECK(rmdir(TOP "/elsewhere") == 0);	/* nothing came into it */
	/* without the installed packs it says where it looked */
	start(0);
	strlcpy(p.data, TOP "/nowhere", sizeof(p.data));
	run(-1);
	said(INIT_FAILED, TOP "/home/u/.defenseclaw/policies/guardrail/strict",
	    TOP "/nowhere/policies/guardrail/strict");
}

int
main(void)
{
	RUN(user_mode);
	RUN(system_mode);
	RUN(observe);
	RUN(tokens);
	RUN(bad_tokens);
	RUN(device);
	RUN(kept);
	(void)nftw(TOP, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return (0);
}
