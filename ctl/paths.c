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

#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paths.h"
#include "users.h"

#ifndef DC_SYSCONFDIR
#define DC_SYSCONFDIR		"/etc"
#endif
#ifndef DC_LOCALSTATEDIR
#define DC_LOCALSTATEDIR	"/var"
#endif
#ifndef DC_RUNDIR
#define DC_RUNDIR		"/run"
#endif
#ifndef DC_LIBEXECDIR
#define DC_LIBEXECDIR		"/usr/local/libexec/defenseclaw"
#endif
#ifndef DC_DATADIR
#define DC_DATADIR		"/usr/local/share/defenseclaw"
#endif

#define MAX_DATA_LEVELS	3	/* directories at and above the programs */

/* where a path lies: below which directory, under which name */
static const struct {
	size_t		 off;
	size_t		 below;		/* in system mode */
	const char	*name;
} layout[] = {
#define P(f)	offsetof(struct paths, f)
	{ P(config),		P(confdir),	"config.yaml" },
	{ P(secrets),		P(confdir),	"secrets" },
	{ P(policies),		P(confdir),	"policies" },
	{ P(dotenv),		P(confdir),	".env" },
	{ P(audit),		P(state),	"audit" },
	{ P(audit_db),		P(audit),	"audit.db" },
	{ P(sign),		P(state),	"sign" },
	{ P(sinks),		P(state),	"sinks" },
	{ P(spool),		P(state),	"spool.events" },
	{ P(device_key),	P(state),	"device.key" },
	{ P(device_pub),	P(state),	"device.pub" },
	{ P(control),		P(run),		"control" },
	{ P(gateway_sock),	P(run),		"gateway.sock" },
#undef P
};

int
paths_join(char *buf, size_t size, const char *dir, const char *name)
{
	return (strlcpy(buf, dir, size) >= size ||
	    strlcat(buf, "/", size) >= size ||
	    strlcat(buf, name, size) >= size ? -1 : 0);
}

int
paths_control(const struct paths *p, const char *name, char *buf, size_t size)
{
	char	file[MAX_SOCK_NAME + 8];

	if (strlen(name) > MAX_SOCK_NAME)
		return (-1);
	snprintf(file, sizeof(file), "%s.sock", name);
	return (paths_join(buf, size, p->control, file));
}

int
paths_rule_pack(const struct paths *p, const struct conf *c, char *buf,
    size_t size)
{
	if (c->guardrail.rule_pack_dir[0] != '\0')
		return (strlcpy(buf, c->guardrail.rule_pack_dir, size) >=
		    size ? -1 : 0);
	return (paths_join(buf, size, p->policies, "guardrail/default"));
}

/* is there a suite of system mode: a directory that only root can make */
static int
system_runs(void)
{
	struct stat	st;

	return (lstat(DC_RUNDIR "/defenseclaw", &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == 0);
}

static int
choose_system(enum paths_for what, int user, const char *env)
{
	if (what == PATHS_SYSTEM)
		return (1);
	if (user || env != NULL)
		return (0);
	if (geteuid() == 0)
		return (1);
	return (what == PATHS_COMMAND && system_runs());
}

static int
home_dir(const char *env, char *buf, size_t size, char *err, size_t errlen)
{
	const char	*base = env, *tail = "", *name = "DEFENSECLAW_HOME";
	char		 pw[MAX_CONF_PATH];
	size_t		 n;

	if (base == NULL) {
		tail = "/.defenseclaw";
		name = "HOME";
		base = getenv("HOME");
		if (base == NULL || base[0] == '\0') {
			if (users_home(geteuid(), pw, sizeof(pw)) == -1) {
				snprintf(err, errlen, "no home directory: set "
				    "HOME or DEFENSECLAW_HOME");
				return (-1);
			}
			base = pw;
		}
	}
	if (base[0] != '/' || strstr(base, "/../") != NULL ||
	    (strlen(base) >= 3 && strcmp(base + strlen(base) - 3, "/..") ==
	    0)) {
		snprintf(err, errlen, "%s must be an absolute path without "
		    "\"..\"", name);
		return (-1);
	}
	for (n = strlen(base); n > 0 && base[n - 1] == '/'; n--)
		continue;
	if (n + strlen(tail) == 0 || n + strlen(tail) >= size) {
		snprintf(err, errlen, "%s is %s", name, n == 0 ?
		    "the root directory" : "too long");
		return (-1);
	}
	memcpy(buf, base, n);
	strlcpy(buf + n, tail, size - n);
	return (0);
}

static int
is_dir(const char *path)
{
	struct stat	st;

	return (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* does no process of this user namespace have this uid (user_namespaces(7)) */
static int
is_outside(uid_t uid)
{
	unsigned long	 first, out, n;
	FILE		*f;
	int		 inside = 0;

	if ((f = fopen("/proc/self/uid_map", "re")) == NULL)
		return (0);
	while (!inside && fscanf(f, "%lu %lu %lu", &first, &out, &n) == 3)
		inside = uid >= first && uid - first < n;
	fclose(f);
	return (!inside);
}

/*
 * Whoever may write in a directory puts in its place what he likes.  Above
 * the home, others may make what is new, and in a container the owner may be
 * one of the host's.
 */
static int
roots_alone(const char *path, int above, char *err, size_t errlen)
{
	struct stat	st;

	if (stat(path, &st) == -1) {
		snprintf(err, errlen, "%.400s: %s", path, strerror(errno));
		return (-1);
	}
	if (S_ISDIR(st.st_mode) && (st.st_uid == 0 || (above &&
	    is_outside(st.st_uid))) && ((st.st_mode & 022) == 0 ||
	    (above && (st.st_mode & S_ISVTX))))
		return (0);
	snprintf(err, errlen, "%.300s is not root's alone (uid %u, mode "
	    "%04o): root uses no suite there; run this as the user whose "
	    "suite it is", path, (unsigned)st.st_uid,
	    (unsigned)(st.st_mode & 07777));
	return (-1);
}

/*
 * Root makes, changes and believes nothing in a place that others can change
 * or lead elsewhere by a link.  The home becomes the path without links.
 */
static int
root_home(char *home, size_t size, char *err, size_t errlen)
{
	char		 real[PATH_MAX], start[MAX_CONF_PATH], *p;
	struct stat	 st;
	size_t		 n = strlen(home), len;

	strlcpy(start, home, sizeof(start));
	/* what is not there yet will be root's */
	while (realpath(n == 0 ? "/" : start, real) == NULL) {
		if (errno != ENOENT || lstat(start, &st) == 0) {
			snprintf(err, errlen, "%.400s: %s", start,
			    strerror(errno));
			return (-1);
		}
		n = (size_t)(strrchr(start, '/') - start);
		start[n] = '\0';
	}
	for (p = real; (p = strchr(p + 1, '/')) != NULL; *p = '/') {
		*p = '\0';
		if (roots_alone(real, 1, err, errlen) == -1)
			return (-1);
	}
	if (roots_alone(real, home[n] != '\0', err, errlen) == -1)
		return (-1);
	len = strcmp(real, "/") == 0 ? 0 : strlen(real);
	real[len] = '\0';
	if (strlcat(real, home + n, sizeof(real)) >= size) {
		snprintf(err, errlen, "%.400s is too long", real);
		return (-1);
	}
	strlcpy(home, real, size);
	return (0);
}

/* programs and data beside the running program, else where installed */
static void
find_installed(struct paths *p)
{
	char	dir[PATH_MAX], probe[PATH_MAX], *slash;
	ssize_t	n;
	int	i;

	strlcpy(p->libexec, DC_LIBEXECDIR, sizeof(p->libexec));
	strlcpy(p->data, DC_DATADIR, sizeof(p->data));
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n > 0)
		dir[n] = '\0';
	/* without /proc: the name it was executed by */
	else if (realpath((const char *)getauxval(AT_EXECFN), dir) == NULL)
		return;
	if ((slash = strrchr(dir, '/')) == NULL)
		return;
	*slash = '\0';
	if (paths_join(probe, sizeof(probe), dir, "defenseclawd") == -1 ||
	    access(probe, X_OK) == -1)
		return;
	strlcpy(p->libexec, dir, sizeof(p->libexec));
	for (i = 0; i < MAX_DATA_LEVELS; i++) {
		if (paths_join(probe, sizeof(probe), dir,
		    "etc/policies/guardrail/default") == 0 && is_dir(probe)) {
			paths_join(p->data, sizeof(p->data), dir, "etc");
			return;
		}
		if ((slash = strrchr(dir, '/')) == NULL)
			return;
		*slash = '\0';
	}
}

static int
fill(struct paths *p)
{
	char	*base = (char *)p;
	size_t	 i;

	for (i = 0; i < sizeof(layout) / sizeof(layout[0]); i++)
		if (paths_join(base + layout[i].off, MAX_CONF_PATH,
		    base + layout[i].below, layout[i].name) == -1)
			return (-1);
	return (0);
}

int
paths_init(struct paths *p, enum paths_for what, int user, char *err,
    size_t errlen)
{
	const char	*env = getenv("DEFENSECLAW_HOME");
	size_t		 room;

	memset(p, 0, sizeof(*p));
	if (env != NULL && env[0] == '\0')
		env = NULL;
	p->system = choose_system(what, user, env);
	if (p->system) {
		strlcpy(p->confdir, DC_SYSCONFDIR "/defenseclaw",
		    sizeof(p->confdir));
		strlcpy(p->state, DC_LOCALSTATEDIR "/lib/defenseclaw",
		    sizeof(p->state));
		strlcpy(p->log, DC_LOCALSTATEDIR "/log/defenseclaw",
		    sizeof(p->log));
		strlcpy(p->run, DC_RUNDIR "/defenseclaw", sizeof(p->run));
	} else {
		if (home_dir(env, p->home, sizeof(p->home), err, errlen) ==
		    -1 || (geteuid() == 0 && root_home(p->home,
		    sizeof(p->home), err, errlen) == -1))
			return (-1);
		strlcpy(p->confdir, p->home, sizeof(p->confdir));
		strlcpy(p->state, p->home, sizeof(p->state));
		if (paths_join(p->run, sizeof(p->run), p->home, "run") == -1 ||
		    paths_join(p->log, sizeof(p->log), p->home, "log") == -1)
			p->run[0] = '\0';
	}
	/* "/control/NAME.sock" and the NUL must fit a sun_path (unix(7)) */
	room = sizeof(((struct sockaddr_un *)0)->sun_path) -
	    (sizeof("/control/.sock") + MAX_SOCK_NAME);
	if (p->run[0] == '\0' || strlen(p->run) > room || fill(p) == -1) {
		snprintf(err, errlen, "%s: too long for the sockets below it "
		    "(at most %zu bytes); set DEFENSECLAW_HOME to a shorter "
		    "path", p->home, room - sizeof("/run") + 1);
		return (-1);
	}
	find_installed(p);
	return (0);
}
