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

#include <errno.h>
#include <fcntl.h>
#include <readpassphrase.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "conffile.h"
#include "sinktoken.h"

/* room for one byte too many, a line end and the NUL */
#define TOKEN_ROOM	(MAX_SINK_TOKEN + 4)

static int
fail(const char *where, const char *why)
{
	out_fail(CTL_USAGE, "%s%s", where, why);
	return (-1);
}

/* what goes into one header: RFC 9110, 5.5, in ASCII */
static int
check(const char *where, char *token)
{
	size_t	i, n = strlen(token);

	while (n > 0 && (token[n - 1] == '\n' || token[n - 1] == '\r'))
		token[--n] = '\0';
	if (n == 0)
		return (fail(where, ": the token is empty: is it set?"));
	if (n > MAX_SINK_TOKEN)
		return (fail(where, ": the token is too long"));
	for (i = 0; i < n; i++)
		if (token[i] < ' ' || token[i] > '~')
			return (fail(where, ": a token is one line of "
			    "printable ASCII"));
	if (token[0] == ' ' || token[n - 1] == ' ')
		return (fail(where, ": the token has blanks at its ends"));
	if (strncasecmp(token, "splunk ", 7) == 0 ||
	    strncasecmp(token, "bearer ", 7) == 0)
		return (fail(where, ": give the token alone, without the "
		    "word in front of it"));
	return (1);
}

static int
read_fd(const char *where, int fd, char *token)
{
	size_t	n = 0;
	ssize_t	got = 0;

	while (n < TOKEN_ROOM - 1) {
		got = read(fd, token + n, TOKEN_ROOM - 1 - n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	token[n] = '\0';
	if (got == -1)
		return (fail(where, ": cannot be read"));
	if (strlen(token) != n)
		return (fail(where, ": a token is one line of printable "
		    "ASCII"));
	return (check(where, token));
}

static int
read_file(const char *path, char *token)
{
	struct stat	st;
	int		fd, rv;

	if (strcmp(path, "-") == 0)
		return (read_fd("standard input", STDIN_FILENO, token));
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		rv = errno;
		out_fail(rv == ENOENT ? CTL_NOT_FOUND : rv == EACCES ?
		    CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(rv));
		return (-1);
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 077) != 0)
		out_note("%s: others can read this token: run chmod 600 on "
		    "it, or remove it", path);
	rv = read_fd(path, fd, token);
	close(fd);
	return (rv);
}

/* the value has been in the list of processes; it need not stay there */
static int
from_argument(const char *value, char *token)
{
	char	*arg = (char *)(uintptr_t)value;

	if (strcmp(value, "-") == 0)
		return (read_file(value, token));
	strlcpy(token, value, TOKEN_ROOM);
	explicit_bzero(arg, strlen(arg));
	out_note("a token on the command line is for all users of this host "
	    "to see while the command runs, and stays in the shell's "
	    "history: --token -, --token-file or --token-env do not show "
	    "it");
	return (check("--token", token));
}

static int
from_environment(const char *option, const char *name, char *token)
{
	const char	*v = getenv(name);

	if (v == NULL) {
		out_fail(CTL_USAGE, "%s: %s is not set", option, name);
		return (-1);
	}
	strlcpy(token, v, TOKEN_ROOM);
	return (check(option, token));
}

static int
from_terminal(const char *name, char *token)
{
	char	prompt[128];

	snprintf(prompt, sizeof(prompt), "token of %s (empty: none): ", name);
	if (readpassphrase(prompt, token, TOKEN_ROOM, RPP_ECHO_OFF) == NULL)
		return (fail("token", ": could not be asked for"));
	return (token[0] == '\0' ? 0 : check("token", token));
}

int
sinktoken_take(const struct ctl *c, const char *ask, char **token)
{
	int	given, rv = 0;

	*token = NULL;
	given = cmd_has(c, O_TOKEN) + cmd_has(c, O_TOKEN_FILE) +
	    cmd_has(c, O_TOKEN_ENV);
	if (given > 1)
		return (fail("--token, --token-file, --token-env", ": only "
		    "one of them"));
	if (given == 0 && ask == NULL)
		return (0);
	if (sodium_init() == -1 ||
	    (*token = sodium_malloc(TOKEN_ROOM)) == NULL)
		return (fail("token", ": no memory that can be guarded"));
	if (cmd_has(c, O_TOKEN))
		rv = from_argument(cmd_value(c, O_TOKEN), *token);
	else if (cmd_has(c, O_TOKEN_FILE))
		rv = read_file(cmd_value(c, O_TOKEN_FILE), *token);
	else if (cmd_has(c, O_TOKEN_ENV))
		rv = from_environment("--token-env", cmd_value(c,
		    O_TOKEN_ENV), *token);
	else
		rv = from_terminal(ask, *token);
	if (rv != 1) {
		sodium_free(*token);
		*token = NULL;
	}
	return (rv);
}

int
sinktoken_read(const char *name, char **token)
{
	int	rv;

	if (sodium_init() == -1 ||
	    (*token = sodium_malloc(TOKEN_ROOM)) == NULL)
		return (fail("token", ": no memory that can be guarded"));
	if (!isatty(STDIN_FILENO))
		rv = read_fd("standard input", STDIN_FILENO, *token);
	else if ((rv = from_terminal(name, *token)) == 0)
		rv = fail("token", ": nothing was typed");
	if (rv != 1) {
		sodium_free(*token);
		*token = NULL;
	}
	return (rv);
}

int
sinktoken_from(const char *file, const char *option, const char *env,
    const char *ask, char **token)
{
	int	rv;

	if (sodium_init() == -1 ||
	    (*token = sodium_malloc(TOKEN_ROOM)) == NULL)
		return (fail("token", ": no memory that can be guarded"));
	if (file != NULL)
		rv = read_file(file, *token);
	else if (env != NULL)
		rv = from_environment(option, env, *token);
	else
		rv = from_terminal(ask, *token);
	if (rv != 1) {
		sodium_free(*token);
		*token = NULL;
	}
	return (rv);
}

static int
open_secrets(const struct paths *p, char *err, size_t errlen)
{
	int	fd;

	fd = open(p->secrets, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		snprintf(err, errlen, "%s: %s%s", p->secrets, strerror(errno),
		    errno == ENOENT ? ": run `defenseclawctl init' first" :
		    "");
	return (fd);
}

int
sinktoken_write(const struct paths *p, const char *name, const char *token,
    char *err, size_t errlen)
{
	struct stat	 st;
	char		*line;
	size_t		 size = strlen(token) + 2;
	int		 fd, rv = -1, saved;

	if ((fd = open_secrets(p, err, errlen)) == -1)
		return (-1);
	/* the same owner as its neighbours, whoever runs this */
	if (fstat(fd, &st) == -1 ||
	    (line = sodium_malloc(size)) == NULL)
		snprintf(err, errlen, "%s: %s", p->secrets, strerror(errno));
	else {
		strlcpy(line, token, size);
		strlcat(line, "\n", size);
		rv = file_write_atomic(fd, name, line, strlen(line), 0600,
		    st.st_uid == geteuid() ? (uid_t)-1 : st.st_uid,
		    (gid_t)-1, 0, err, errlen);
		saved = errno;
		sodium_free(line);
		errno = saved;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return (rv);
}

int
sinktoken_remove(const struct paths *p, const char *name, char *err,
    size_t errlen)
{
	int	fd, rv = 1;

	if ((fd = open_secrets(p, err, errlen)) == -1)
		return (-1);
	if (unlinkat(fd, name, 0) == -1) {
		snprintf(err, errlen, "%s/%s: %s", p->secrets, name,
		    strerror(errno));
		rv = errno == ENOENT ? 0 : -1;
	} else if (fsync(fd) == -1) {
		snprintf(err, errlen, "%s: %s", p->secrets, strerror(errno));
		rv = -1;
	}
	close(fd);
	return (rv);
}

/* one that is not there, or not ours to read, others speak of */
static int
usable(const struct paths *p, const char *name, char *err, size_t errlen)
{
	char		path[MAX_CONF_PATH];
	struct secret	s;
	int		fd, good;

	if (name[0] == '\0' || paths_join(path, sizeof(path), p->secrets,
	    name) == -1 || (fd = open(path, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC)) == -1)
		return (0);
	if (secret_read(fd, &s) == -1)
		good = errno != EINVAL;
	else {
		good = secret_is_line(&s);
		secret_free(&s);
	}
	if (!good)
		snprintf(err, errlen, "%s: must be one line of text, without "
		    "control characters: write the key or token anew, such "
		    "as with `defenseclawctl setup'", path);
	return (good ? 0 : -1);
}

int
sinktoken_usable(const struct paths *p, const struct conf *conf, char *err,
    size_t errlen)
{
	int	i;

	if (sodium_init() == -1)
		return (0);
	if (schema_judge_wanted(conf) && usable(p, conf->judge.key_secret,
	    err, errlen) == -1)
		return (-1);
	for (i = 0; i < conf->nsinks; i++)
		if (conf->sinks[i].enabled && usable(p,
		    conf->sinks[i].token_secret, err, errlen) == -1)
			return (-1);
	return (0);
}

int
sinktoken_exists(const struct paths *p, const char *name)
{
	char	path[MAX_CONF_PATH];

	return (paths_join(path, sizeof(path), p->secrets, name) == 0 &&
	    access(path, F_OK) == 0);
}

void
sinktoken_keep(const struct paths *p, const char *name,
    struct sinktoken_was *was)
{
	char	path[MAX_CONF_PATH];
	int	fd;

	memset(was, 0, sizeof(*was));
	was->kept = 1;
	was->had = sinktoken_exists(p, name);
	if (was->had && paths_join(path, sizeof(path), p->secrets, name) ==
	    0 && (fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC)) != -1)
		(void)secret_read(fd, &was->s);
}

void
sinktoken_back(const struct paths *p, const char *name,
    struct sinktoken_was *was)
{
	char	why[MAX_CONFFILE_ERR];

	if (was->kept && !was->had)
		(void)sinktoken_remove(p, name, why, sizeof(why));
	else if (was->s.data != NULL && sinktoken_write(p, name, was->s.data,
	    why, sizeof(why)) == -1)
		out_note("the key that was there before is not back: %s",
		    why);
	sinktoken_forget(was);
}

void
sinktoken_forget(struct sinktoken_was *was)
{
	secret_free(&was->s);
	memset(was, 0, sizeof(*was));
}
