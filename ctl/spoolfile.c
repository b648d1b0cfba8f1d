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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/spool.h"
#include "conffile.h"
#include "spoolfile.h"

/* of a file that another version left, or that is damaged: said, not lost */
static int
walk(const void *data, size_t len, size_t *last, struct spool_rec *rec,
    int *n)
{
	struct spool_walk	w;
	int			rv;

	*n = 0;
	if (spool_begin(&w, data, len) == -1)
		return (-1);
	while ((*last = len - w.r.left), (rv = spool_next(&w, rec)) == 1)
		(*n)++;
	return (rv);
}

/* what is there: 0, with nothing in the buffer where there is no file */
static int
read_spool(const char *path, char **data, size_t *len, char *err,
    size_t errlen)
{
	int	fd, rv;

	*data = NULL;
	*len = 0;
	fd = conffile_open(path, geteuid(), MAX_SPOOL, err, errlen);
	if (fd == -1)
		return (errno == ENOENT ? 0 : -1);
	rv = conffile_read(fd, MAX_SPOOL, data, len, err, errlen);
	close(fd);
	return (rv);
}

static int
replace(const char *path, const void *data, size_t len, int exists, char *err,
    size_t errlen)
{
	struct stat	st;

	if (exists && stat(path, &st) == 0) {
		st.st_mode = 0600;
		return (conffile_write(path, data, len, &st, err, errlen));
	}
	return (conffile_write(path, data, len, NULL, err, errlen));
}

static int
add(const char *path, uint64_t time_us, const char *action,
    const char *target, const char *change, char *err, size_t errlen)
{
	struct spool_rec	 rec;
	struct wbuf		 w;
	char			*data;
	size_t			 len, last;
	int			 n = 0, rv = -1;

	if (read_spool(path, &data, &len, err, errlen) == -1)
		return (-1);
	wbuf_init(&w, MAX_SPOOL);
	if (data != NULL)
		wbuf_put(&w, data, len);
	else
		wbuf_put(&w, SPOOL_MAGIC, SPOOL_MAGIC_LEN);
	spool_put(&w, time_us, action, target, change);
	errno = EINVAL;
	if (data != NULL && walk(data, len, &last, &rec, &n) == -1)
		snprintf(err, errlen, "%s: damaged, or of another version: "
		    "start the suite, which sets it aside", path);
	else if (w.failed || n == MAX_SPOOL_RECS)
		snprintf(err, errlen, "%s: full of changes that nobody has "
		    "recorded yet: start the suite, which does", path);
	else
		rv = replace(path, w.data, w.len, data != NULL, err, errlen);
	wbuf_free(&w);
	free(data);
	return (rv);
}

int
spoolfile_add(const struct paths *p, uint64_t time_us, const char *action,
    const char *target, const char *change, char *err, size_t errlen)
{
	int	lock, rv;

	if ((lock = conffile_lock(p->spool, err, errlen)) == -1)
		return (-1);
	rv = add(p->spool, time_us, action, target, change, err, errlen);
	close(lock);
	return (rv);
}

static int
is_record(const struct spool_rec *rec, uint64_t time_us, const char *action,
    const char *target, const char *change)
{
	return (rec->time_us == time_us && strcmp(rec->action, action) == 0 &&
	    strcmp(rec->target, target) == 0 &&
	    strcmp(rec->change, change) == 0);
}

void
spoolfile_remove(const struct paths *p, uint64_t time_us, const char *action,
    const char *target, const char *change)
{
	struct spool_walk	 w;
	struct spool_rec	 rec;
	char			*data, err[MAX_CONFFILE_ERR];
	size_t			 len, at, end;
	int			 lock;

	if ((lock = conffile_lock(p->spool, err, sizeof(err))) == -1)
		return;
	if (read_spool(p->spool, &data, &len, err, sizeof(err)) == 0 &&
	    data != NULL && spool_begin(&w, data, len) == 0)
		while ((at = len - w.r.left), spool_next(&w, &rec) == 1) {
			if (!is_record(&rec, time_us, action, target, change))
				continue;
			end = len - w.r.left;
			memmove(data + at, data + end, len - end);
			len -= end - at;
			if (len == SPOOL_MAGIC_LEN)
				(void)unlink(p->spool);
			else
				(void)replace(p->spool, data, len, 1, err,
				    sizeof(err));
			break;
		}
	free(data);
	close(lock);
}
