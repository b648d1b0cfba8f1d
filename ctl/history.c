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
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conffile.h"
#include "confparse.h"
#include "history.h"
#include "redacted.h"

#define MAX_HEAD	512	/* of a file, its first line */
#define MAX_SCAN	4096	/* names looked at in the directory */

static int
dir_path(const struct paths *p, char *buf, size_t size)
{
	return (paths_join(buf, size, p->state, "history"));
}

/* "00000012.yaml"; 0 when it is none */
static unsigned int
number_of(const char *name)
{
	int	i;

	for (i = 0; i < 8; i++)
		if (!isdigit((unsigned char)name[i]))
			return (0);
	if (strcmp(name + 8, ".yaml") != 0)
		return (0);
	return ((unsigned int)strtoul(name, NULL, 10));
}

static int
order(const void *a, const void *b)
{
	unsigned int	x = *(const unsigned int *)a;
	unsigned int	y = *(const unsigned int *)b;

	return (x < y ? -1 : x > y);
}

/* numbers of all entries, ascending; -1 errno, 0 without a directory */
static int
numbers(const struct paths *p, unsigned int list[MAX_SCAN])
{
	char		 path[MAX_CONF_PATH + 16];
	struct dirent	*de;
	DIR		*d;
	int		 n = 0;

	if (dir_path(p, path, sizeof(path)) == -1)
		return (-1);
	if ((d = opendir(path)) == NULL)
		return (errno == ENOENT ? 0 : -1);
	while (n < MAX_SCAN && (de = readdir(d)) != NULL)
		if ((list[n] = number_of(de->d_name)) != 0)
			n++;
	closedir(d);
	qsort(list, (size_t)n, sizeof(list[0]), order);
	return (n);
}

static int
entry_path(const struct paths *p, unsigned int n, char *buf, size_t size)
{
	char	name[32];

	snprintf(name, sizeof(name), "history/%08u.yaml", n);
	return (paths_join(buf, size, p->state, name));
}

/* "# defenseclaw history TIME UID ACTION TARGET HASH" */
static void
head_read(const char *line, struct hist *h)
{
	memset(&h->time, 0, sizeof(*h) - offsetof(struct hist, time));
	if (sscanf(line, "# defenseclaw history %31s %u %63s %127s %64s",
	    h->time, &h->uid, h->action, h->target, h->hash) != 5)
		strlcpy(h->hash, "-", sizeof(h->hash));
}

int
history_read(const struct paths *p, unsigned int n, struct hist *h,
    char **text, size_t *len, char *err, size_t errlen)
{
	char	 path[MAX_CONF_PATH + 32], *nl;
	int	 fd, rv;

	*text = NULL;
	h->n = n;
	if (entry_path(p, n, path, sizeof(path)) == -1) {
		errno = ENAMETOOLONG;
		strlcpy(err, "path too long", errlen);
		return (-1);
	}
	fd = conffile_open(path, geteuid(), MAX_CONF_SIZE + MAX_HEAD, err,
	    errlen);
	if (fd == -1)
		return (-1);
	rv = conffile_read(fd, MAX_CONF_SIZE + MAX_HEAD, text, len, err,
	    errlen);
	close(fd);
	if (rv == -1)
		return (-1);
	if ((nl = strchr(*text, '\n')) == NULL) {
		snprintf(err, errlen, "%s: damaged", path);
		free(*text);
		*text = NULL;
		errno = EINVAL;
		return (-1);
	}
	*nl++ = '\0';
	head_read(*text, h);
	*len -= (size_t)(nl - *text);
	memmove(*text, nl, *len + 1);
	return (0);
}

int
history_list(const struct paths *p, struct hist **out, char *err,
    size_t errlen)
{
	unsigned int	 list[MAX_SCAN];
	char		*text, why[MAX_CONFFILE_ERR];
	size_t		 len;
	int		 i, n, kept = 0;

	*out = NULL;
	if ((n = numbers(p, list)) == -1) {
		snprintf(err, errlen, "%s/history: %s", p->state,
		    strerror(errno));
		return (-1);
	}
	if ((*out = calloc((size_t)n + 1, sizeof(**out))) == NULL) {
		strlcpy(err, "out of memory", errlen);
		return (-1);
	}
	/* one that cannot be read hides none of the others */
	for (i = 0; i < n; i++)
		if (history_read(p, list[i], &(*out)[kept], &text, &len, why,
		    sizeof(why)) == 0) {
			free(text);
			kept++;
		}
	return (kept);
}

/* the directory, made where it is missing; -1 errno */
static int
open_dir(const struct paths *p)
{
	char	path[MAX_CONF_PATH + 16];
	int	fd;

	if (dir_path(p, path, sizeof(path)) == -1)
		return (-1);
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return (-1);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return (fd);
}

static void
head_make(char *buf, size_t size, const char *text, size_t len,
    const char *action, const char *target)
{
	struct conf_report	*rep = malloc(sizeof(*rep));
	struct conf		*conf = malloc(sizeof(*conf));
	unsigned char		 hash[CONF_HASH_LEN];
	char			 hex[2 * CONF_HASH_LEN + 1] = "-", at[32];
	char			 where[MAX_CONF_KEY];
	struct tm		 tm;
	time_t			 now = time(NULL);
	size_t			 i;

	if (rep != NULL && conf != NULL && conf_parse(text, len, "", conf,
	    rep) == 0) {
		conf_hash(conf, hash);
		sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	}
	free(rep);
	free(conf);
	strlcpy(where, target, sizeof(where));
	for (i = 0; where[i] != '\0'; i++)
		if (where[i] <= ' ' || where[i] == 0x7f)
			where[i] = '_';
	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(buf, size, "# defenseclaw history %s %u %s %s %s\n", at,
	    (unsigned)geteuid(), action, where, hex);
}

/* the oldest go */
static void
prune(int dir, const struct paths *p)
{
	unsigned int	list[MAX_SCAN];
	char		name[32];
	int		i, n;

	n = numbers(p, list);
	for (i = 0; i < n - MAX_HISTORY; i++) {
		snprintf(name, sizeof(name), "%08u.yaml", list[i]);
		(void)unlinkat(dir, name, 0);
	}
}

/* does the newest say the same; *last is its number */
static int
newest_same(const struct paths *p, const char *text, size_t len,
    unsigned int *last)
{
	unsigned int	 list[MAX_SCAN];
	struct hist	 h;
	char		*was, err[MAX_CONFFILE_ERR];
	size_t		 waslen;
	int		 n, same;

	*last = 0;
	if ((n = numbers(p, list)) <= 0)
		return (0);
	*last = list[n - 1];
	if (history_read(p, *last, &h, &was, &waslen, err, sizeof(err)) == -1)
		return (0);
	same = waslen == len && memcmp(was, text, len) == 0;
	free(was);
	return (same);
}

static int
add(int dir, const struct paths *p, const char *text, size_t len,
    const char *head, char *err, size_t errlen)
{
	unsigned int	 last;
	char		*all, *red, name[32];
	size_t		 redlen, headlen = strlen(head);
	int		 rv = 0;

	if (redacted_text(text, len, &red, &redlen, err, errlen) == -1)
		return (-1);
	if (newest_same(p, red, redlen, &last)) {
		free(red);
		return (0);
	}
	if ((all = malloc(headlen + redlen)) == NULL) {
		strlcpy(err, "out of memory", errlen);
		rv = -1;
	} else {
		memcpy(all, head, headlen);
		memcpy(all + headlen, red, redlen);
		/* another command may take the same number */
		do {
			snprintf(name, sizeof(name), "%08u.yaml", ++last);
			rv = file_write_atomic(dir, name, all, headlen +
			    redlen, 0600, (uid_t)-1, (gid_t)-1,
			    FILE_NOREPLACE, err, errlen);
		} while (rv == -1 && errno == EEXIST && last < 99999999);
	}
	free(all);
	free(red);
	return (rv);
}

int
history_add(const struct paths *p, const char *text, size_t len,
    const char *action, const char *target, char *err, size_t errlen)
{
	char	head[MAX_HEAD];
	int	dir, rv;

	if ((dir = open_dir(p)) == -1) {
		snprintf(err, errlen, "%s/history: %s", p->state,
		    strerror(errno));
		return (-1);
	}
	head_make(head, sizeof(head), text, len, action, target);
	rv = add(dir, p, text, len, head, err, errlen);
	prune(dir, p);
	close(dir);
	return (rv);
}

void
history_found(const struct paths *p)
{
	char	*text = NULL, err[MAX_CONF_MSG];
	size_t	 len;
	int	 fd;

	fd = conffile_open(p->config, geteuid(), MAX_CONF_SIZE, err,
	    sizeof(err));
	if (fd == -1)
		return;
	if (conffile_read(fd, MAX_CONF_SIZE, &text, &len, err, sizeof(err)) ==
	    0)
		(void)history_add(p, text, len, "found", "config.yaml", err,
		    sizeof(err));
	close(fd);
	free(text);
}
