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

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "scrub.h"

struct scrub {
	struct secret	 secret[MAX_SCRUB];
	size_t		 n;
};

/* a line of .env: NAME=VALUE, the value perhaps in quotes */
static int
dotenv_line(struct scrub *s, const char *line, size_t len)
{
	const char	*v = memchr(line, '=', len);
	size_t		 n;

	if (v == NULL)
		return (0);
	n = len - (size_t)(++v - line);
	if (n >= 2 && (v[0] == '"' || v[0] == '\'') && v[n - 1] == v[0]) {
		v++;
		n -= 2;
	}
	if (n < MIN_SCRUB)
		return (0);
	if (s->n == MAX_SCRUB ||
	    (s->secret[s->n].data = sodium_malloc(n + 1)) == NULL)
		return (-1);
	memcpy(s->secret[s->n].data, v, n);
	s->secret[s->n].data[n] = '\0';
	s->secret[s->n++].len = n;
	return (0);
}

static int
dotenv(struct scrub *s, const char *path)
{
	struct secret	 all;
	const char	*p, *nl;
	int		 fd, rc = 0;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK)) == -1)
		return (errno == ENOENT ? 0 : -1);
	if (secret_read_text(fd, &all) == -1)
		return (errno == EINVAL ? 0 : -1);
	for (p = all.data; rc == 0 && *p != '\0'; p = nl + (*nl != '\0')) {
		nl = p + strcspn(p, "\r\n");
		rc = dotenv_line(s, p, (size_t)(nl - p));
	}
	secret_free(&all);
	return (rc);
}

static int
secrets(struct scrub *s, const char *path)
{
	struct dirent	*de;
	DIR		*dp;
	int		 fd, rc = 0;

	if ((dp = opendir(path)) == NULL)
		return (errno == ENOENT ? 0 : -1);
	while (rc == 0 && (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		if (s->n == MAX_SCRUB || (fd = openat(dirfd(dp), de->d_name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) == -1)
			rc = -1;
		else if (secret_read(fd, &s->secret[s->n]) == 0)
			s->n++;
		else if (errno != EINVAL)	/* an empty one hides nothing */
			rc = -1;
	}
	closedir(dp);
	return (rc);
}

struct scrub *
scrub_open(const struct paths *p, char *err, size_t errlen)
{
	struct scrub	*s;

	if (sodium_init() == -1 || (s = calloc(1, sizeof(*s))) == NULL) {
		snprintf(err, errlen, "out of memory");
		return (NULL);
	}
	if (secrets(s, p->secrets) == 0 && dotenv(s, p->dotenv) == 0)
		return (s);
	snprintf(err, errlen, "the secrets cannot be read, and could not be "
	    "kept out: %s", strerror(errno));
	scrub_close(s);
	return (NULL);
}

void
scrub_close(struct scrub *s)
{
	size_t	i;

	for (i = 0; s != NULL && i < s->n; i++)
		secret_free(&s->secret[i]);
	free(s);
}

size_t
scrub_text(const struct scrub *s, char *text, size_t len)
{
	size_t	 i, places = 0;
	char	*p;

	for (i = 0; i < s->n; i++) {
		if (s->secret[i].len < MIN_SCRUB)
			continue;
		p = text;
		while ((p = memmem(p, len - (size_t)(p - text),
		    s->secret[i].data, s->secret[i].len)) != NULL) {
			memset(p, '*', s->secret[i].len);
			places++;
		}
	}
	return (places);
}
