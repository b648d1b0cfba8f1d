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

#include <sys/types.h>
#include <sys/wait.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "users.h"

#ifndef DC_PASSWD
#define DC_PASSWD	"/etc/passwd"
#endif
#ifndef DC_GROUP
#define DC_GROUP	"/etc/group"
#endif

#define MAX_TOOL_ARGS	16

const struct user_name	users_roles[] = {
	{ "_dcgate",	"DefenseClaw ingress" },
	{ "_dcaudit",	"DefenseClaw audit and policy owner" },
	{ "_dcsign",	"DefenseClaw signer" },
	{ "_dcsink",	"DefenseClaw egress" },
	{ "_dcdns",	"DefenseClaw resolver" },
	{ "_dcscan",	"DefenseClaw scan host" },
	{ "_dcconf",	"DefenseClaw config and rule readers" },
	{ NULL, NULL }
};

const struct user_name	users_groups[] = {
	{ "defenseclaw",	"clients without a token" },
	{ "defenseclaw-audit",	"auditors" },
	{ "defenseclaw-admin",	"operators" },
	{ NULL, NULL }
};

/* what a distribution has for making accounts: the first that exists */
static const struct tool {
	const char	*path;
	const char	*args[MAX_TOOL_ARGS];	/* %n name, %w comment */
} group_tools[] = {
	{ "/usr/sbin/groupadd", { "groupadd", "-r", "%n" } },
	{ "/usr/sbin/addgroup", { "addgroup", "-S", "%n" } },
}, user_tools[] = {
	{ "/usr/sbin/useradd", { "useradd", "-r", "-M", "-N", "-g", "%n",
	    "-d", "/nonexistent", "-s", "/usr/sbin/nologin", "-c", "%w",
	    "%n" } },
	{ "/usr/sbin/adduser", { "adduser", "-S", "-D", "-H", "-G", "%n",
	    "-h", "/nonexistent", "-s", "/sbin/nologin", "-g", "%w", "%n" } },
};

#define NTOOLS	(sizeof(group_tools) / sizeof(group_tools[0]))
_Static_assert(sizeof(user_tools) == sizeof(group_tools), "tools in pairs");

int
users_lookup(const char *name, uid_t *uid, gid_t *gid)
{
	struct passwd	*pw;
	FILE		*f;
	int		 rv = -1;

	if ((f = fopen(DC_PASSWD, "re")) == NULL)
		return (-1);
	while (rv == -1 && (pw = fgetpwent(f)) != NULL) {
		if (strcmp(pw->pw_name, name) != 0)
			continue;
		if (uid != NULL)
			*uid = pw->pw_uid;
		if (gid != NULL)
			*gid = pw->pw_gid;
		rv = 0;
	}
	fclose(f);
	return (rv);
}

int
users_group(const char *name, gid_t *gid)
{
	struct group	*gr;
	FILE		*f;
	int		 rv = -1;

	if ((f = fopen(DC_GROUP, "re")) == NULL)
		return (-1);
	while (rv == -1 && (gr = fgetgrent(f)) != NULL) {
		if (strcmp(gr->gr_name, name) != 0)
			continue;
		if (gid != NULL)
			*gid = gr->gr_gid;
		rv = 0;
	}
	fclose(f);
	return (rv);
}

int
users_home(uid_t uid, char *buf, size_t size)
{
	struct passwd	*pw;
	FILE		*f;
	int		 rv = -1;

	if ((f = fopen(DC_PASSWD, "re")) == NULL)
		return (-1);
	while (rv == -1 && (pw = fgetpwent(f)) != NULL)
		if (pw->pw_uid == uid && strlcpy(buf, pw->pw_dir, size) < size)
			rv = 0;
	fclose(f);
	return (rv);
}

static void
note_missing(const char *name, char *buf, size_t size, int *n)
{
	if ((*n)++ != 0)
		strlcat(buf, " ", size);
	strlcat(buf, name, size);
}

int
users_missing(char *buf, size_t size)
{
	const struct user_name	*u;
	int			 n = 0;

	buf[0] = '\0';
	for (u = users_groups; u->name != NULL; u++)
		if (users_group(u->name, NULL) == -1)
			note_missing(u->name, buf, size, &n);
	for (u = users_roles; u->name != NULL; u++)
		if (users_lookup(u->name, NULL, NULL) == -1)
			note_missing(u->name, buf, size, &n);
	return (n);
}

/* 0 when the tool ran and said it was well */
static int
tool_run(const char *path, const char *const args[])
{
	static char *const	 env[] = { NULL };
	char			*argv[MAX_TOOL_ARGS + 1];
	pid_t			 pid;
	size_t			 i;
	int			 status;

	for (i = 0; i < MAX_TOOL_ARGS && args[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)args[i];
	argv[i] = NULL;
	switch (pid = fork()) {
	case -1:
		return (-1);
	case 0:
		/* stdout belongs to our --json; complaints go to stderr */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execve(path, argv, env);
		_exit(127);
	default:
		break;
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (-1);
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1);
}

static int
account_make(const struct tool *t, const struct user_name *u, char *err,
    size_t errlen)
{
	const char	*args[MAX_TOOL_ARGS];
	size_t		 i;

	memset(args, 0, sizeof(args));
	strlcpy(err, "could not make an account; run by hand:", errlen);
	for (i = 0; t->args[i] != NULL; i++) {
		args[i] = strcmp(t->args[i], "%n") == 0 ? u->name :
		    strcmp(t->args[i], "%w") == 0 ? u->what : t->args[i];
		strlcat(err, " ", errlen);
		strlcat(err, strchr(args[i], ' ') != NULL ? "'" : "", errlen);
		strlcat(err, args[i], errlen);
		strlcat(err, strchr(args[i], ' ') != NULL ? "'" : "", errlen);
	}
	return (tool_run(t->path, args));
}

int
users_create(char *err, size_t errlen)
{
	const struct user_name	*u;
	size_t			 i;
	int			 n = 0;

	for (i = 0; i < NTOOLS; i++)
		if (access(group_tools[i].path, X_OK) == 0 &&
		    access(user_tools[i].path, X_OK) == 0)
			break;
	if (i == NTOOLS) {
		snprintf(err, errlen, "neither useradd nor adduser is here; "
		    "run systemd-sysusers with the shipped "
		    "sysusers.d/defenseclaw.conf, or make the accounts by "
		    "hand");
		return (-1);
	}
	for (u = users_groups; u->name != NULL; u++) {
		if (users_group(u->name, NULL) == 0)
			continue;
		if (account_make(&group_tools[i], u, err, errlen) == -1)
			return (-1);
		n++;
	}
	for (u = users_roles; u->name != NULL; u++) {
		if (users_group(u->name, NULL) == -1 &&
		    account_make(&group_tools[i], u, err, errlen) == -1)
			return (-1);
		if (users_lookup(u->name, NULL, NULL) == 0)
			continue;
		if (account_make(&user_tools[i], u, err, errlen) == -1)
			return (-1);
		n++;
	}
	return (n);
}
