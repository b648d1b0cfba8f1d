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
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conffile.h"
#include "init.h"
#include "init_token.h"

#define DOTENV		".env"
#define MAX_DOTENV	(64 * 1024)	/* bytes */
#define TOKEN_BYTES	32		/* random bytes in a token we make */

static const char *const env_names[] = { "DEFENSECLAW_GATEWAY_TOKEN",
    "OPENCLAW_GATEWAY_TOKEN" };

int
init_token_check(const char *token, char *err, size_t errlen)
{
	static const char *const words[] = { "undefined", "null", "none",
	    "nil", "changeme", "change-me", "change_me", "changeit",
	    "password", "secret", "token", "placeholder", "your-token",
	    "your-token-here", "replace-me", "example", "default", "test" };
	const char	*p;
	size_t		 i, len = strlen(token);

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(token, words[i]) == 0) {
			snprintf(err, errlen, "is the word \"%s\", not a "
			    "token; unset it and init makes one", words[i]);
			return (-1);
		}
	if (len < MIN_TOKEN || len > MAX_TOKEN) {
		snprintf(err, errlen, "must be %d to %d characters long; "
		    "unset it and init makes one", MIN_TOKEN, MAX_TOKEN);
		return (-1);
	}
	/* it must survive an HTTP header and a line of .env as it is */
	for (p = token; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\'' ||
		    *p == '\\' || *p == '#') {
			strlcpy(err, "may only have printable ASCII without "
			    "spaces, quotes, backslash and #", errlen);
			return (-1);
		}
	for (p = token; *p == token[0]; p++)
		continue;
	if (*p == '\0') {
		strlcpy(err, "is one character repeated, not a token; unset "
		    "it and init makes one", errlen);
		return (-1);
	}
	return (0);
}

/* 1 with its bytes, 0 when there is no such file, -1 with a reason */
static int
read_file(int dirfd, const char *name, char **text, size_t *len, char *err,
    size_t errlen)
{
	struct stat	st;
	int		fd, rv;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return (0);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		snprintf(err, errlen, "%s: cannot be read as a plain file",
		    name);
		if (fd != -1)
			close(fd);
		return (-1);
	}
	rv = conffile_read(fd, MAX_DOTENV, text, len, err, errlen);
	close(fd);
	return (rv == -1 ? -1 : 1);
}

static void
free_text(char *text, size_t len)
{
	if (text != NULL)
		freezero(text, len + 1);
}

int
token_existing(int secrets, const char *name, char *token, char *err,
    size_t errlen)
{
	char	*text = NULL, why[MAX_INIT_TEXT];
	size_t	 len = 0;
	int	 rv;

	if (secrets == -1) {
		strlcpy(err, "its directory is missing", errlen);
		return (-1);
	}
	if ((rv = read_file(secrets, name, &text, &len, err, errlen)) != 1)
		return (rv);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	if (strlcpy(token, text, MAX_TOKEN + 1) > MAX_TOKEN ||
	    init_token_check(token, why, sizeof(why)) == -1) {
		snprintf(err, errlen, "is kept, but it is no usable token; "
		    "remove the file and run init again");
		rv = -1;
	}
	free_text(text, len);
	return (rv);
}

int
dotenv_get(const char *text, const char *name, char *token, size_t size)
{
	const char	*p, *end;
	size_t		 n = strlen(name), len;
	int		 found = 0;

	for (p = text; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		p += strspn(p, " \t");
		if (strncmp(p, name, n) != 0)
			continue;
		p += n + strspn(p + n, " \t");
		if (*p++ != '=')
			continue;
		p += strspn(p, " \t");
		len = p < end ? (size_t)(end - p) : 0;
		while (len > 0 && strchr(" \t\r", p[len - 1]) != NULL)
			len--;
		if (len >= 2 && (*p == '"' || *p == '\'') &&
		    p[len - 1] == *p) {
			p++;
			len -= 2;
		}
		if (len > size - 1)
			len = size - 1;
		memcpy(token, p, len);
		token[len] = '\0';
		found = len != 0;
	}
	return (found);
}

int
token_find(int first, int confdir, char *token, char *err, size_t errlen)
{
	const char	*name, *v;
	char		*text = NULL, why[MAX_INIT_TEXT];
	unsigned char	 raw[TOKEN_BYTES];
	size_t		 len = 0;
	int		 i, rv;

	for (i = 0; i < 2; i++) {
		name = env_names[first ^ i];
		if ((v = getenv(name)) == NULL || v[0] == '\0')
			continue;
		if (init_token_check(v, why, sizeof(why)) == -1) {
			snprintf(err, errlen, "%s in the environment %s",
			    name, why);
			return (-1);
		}
		strlcpy(token, v, MAX_TOKEN + 1);
		snprintf(err, errlen, "taken from %s in the environment",
		    name);
		return (1);
	}
	rv = read_file(confdir, DOTENV, &text, &len, err, errlen);
	if (rv == -1)
		return (-1);
	for (i = 0; rv == 1 && i < 2; i++) {
		name = env_names[first ^ i];
		if (!dotenv_get(text, name, token, MAX_TOKEN + 2))
			continue;
		rv = init_token_check(token, why, sizeof(why)) == -1 ? -1 : 1;
		snprintf(err, errlen, rv == 1 ? "taken from %s in .env" :
		    "%s in .env %s", name, why);
		free_text(text, len);
		return (rv);
	}
	free_text(text, len);
	randombytes_buf(raw, sizeof(raw));
	sodium_bin2hex(token, MAX_TOKEN + 1, raw, sizeof(raw));
	explicit_bzero(raw, sizeof(raw));
	strlcpy(err, "made from 32 random bytes", errlen);
	return (1);
}

static int
dotenv_check(int confdir, const char *token, char *err, size_t errlen)
{
	struct stat	 st;
	char		*text = NULL, *have;
	size_t		 len = 0;
	int		 i, rv, found = 0, other = 0;

	if ((have = sodium_malloc(MAX_TOKEN + 2)) == NULL ||
	    (rv = read_file(confdir, DOTENV, &text, &len, err, errlen)) != 1) {
		sodium_free(have);
		return (-2);
	}
	for (i = 0; i < 2; i++)
		if (dotenv_get(text, env_names[i], have,
		    MAX_TOKEN + 2)) {
			found++;
			other += strcmp(have, token) != 0;
		}
	sodium_free(have);
	free_text(text, len);
	if (found == 0)
		strlcpy(err, "kept, but it does not have the token; add "
		    "DEFENSECLAW_GATEWAY_TOKEN for plug-ins that read it",
		    errlen);
	else if (other)
		strlcpy(err, "kept, but its token is not the one in "
		    "secrets/; plug-ins that read it will be refused", errlen);
	else if (fstatat(confdir, DOTENV, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & 077) != 0)
		strlcpy(err, "kept, but others can read the token in it; run "
		    "chmod 600 on it", errlen);
	else {
		err[0] = '\0';
		return (0);
	}
	return (-1);
}

int
token_dotenv(int confdir, const char *token, char *err, size_t errlen)
{
	char	*text;
	size_t	 size = 2 * MAX_TOKEN + 256;
	int	 rv, saved;

	if (confdir == -1 || (text = sodium_malloc(size)) == NULL) {
		strlcpy(err, "could not be written", errlen);
		return (-2);
	}
	snprintf(text, size, "# for plug-ins that look here; the suite reads "
	    "secrets/\n%s=%s\n%s=%s\n", env_names[0], token, env_names[1],
	    token);
	rv = file_write_atomic(confdir, DOTENV, text, strlen(text), 0600,
	    (uid_t)-1, (gid_t)-1, FILE_NOREPLACE, err, errlen);
	saved = errno;
	sodium_free(text);
	if (rv == 0) {
		err[0] = '\0';
		return (1);
	}
	if (saved == EEXIST)
		return (dotenv_check(confdir, token, err, errlen));
	return (-2);
}
