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
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rulefile.h"
#include "rulepack.h"
#include "rulevector.h"

#define RULES_DIR	"rules"
#define JUDGE_DIR	"judge"
#define VECTORS_DIR	"vectors"
#define TOOLS_FILE	"sensitive-tools.yaml"
#define LOCAL_FILE	"local-patterns.yaml"

struct rulepack {
	struct rulefile		 builtin;
	struct rulefile		 files[MAX_RULEPACK_FILES];
	size_t			 nfiles;
	size_t			 total;		/* bytes read */
	struct rulefile_counts	 counts;
	uid_t			 owner;		/* of the directory */
	char			*err;
	size_t			 errlen;
};

/* Names of a directory that are to be read. */
struct names {
	char	*name[MAX_RULEPACK_FILES];
	size_t	 n;
};

static int
has_suffix(const char *s, const char *suffix)
{
	size_t	 len = strlen(s), slen = strlen(suffix);

	return len > slen && strcmp(s + len - slen, suffix) == 0;
}

static void
names_free(struct names *l)
{
	while (l->n > 0)
		free(l->name[--l->n]);
}

static int
names_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Who reads a file; NULL: it is not one of a rule pack. */
static rulefile_reader *
reader_of(const char *dir, const char *name)
{
	if (strcmp(dir, RULES_DIR "/") == 0)
		return strcmp(name, LOCAL_FILE) == 0 ? rulefile_local :
		    rulefile_rules;
	if (strcmp(dir, JUDGE_DIR "/") == 0)
		return rulejudge_reader(name);
	if (strcmp(dir, VECTORS_DIR "/") == 0)
		return rulefile_vectors;
	return strcmp(name, "suppressions.yaml") == 0 ?
	    rulefile_suppressions : strcmp(name, TOOLS_FILE) == 0 ?
	    rulefile_tools : NULL;
}

/*
 * One entry of a directory: 1 it is to be read, 0 it is none of ours, -1 it
 * makes the pack unacceptable.  A YAML file that is not known would be one
 * somebody believes in force.
 */
static int
check_entry(int fd, const char *dir, const char *name, char *err,
    size_t errlen)
{
	struct stat	 st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		(void)snprintf(err, errlen, "%s%s: %s", dir, name,
		    strerror(errno));
		return -1;
	}
	if (S_ISLNK(st.st_mode)) {
		(void)snprintf(err, errlen, "%s%s: symbolic links are not "
		    "followed, put the file itself there", dir, name);
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return 0;
	if (has_suffix(name, ".yml")) {
		(void)snprintf(err, errlen,
		    "%s%s: files of a pack end in .yaml", dir, name);
		return -1;
	}
	if (!has_suffix(name, ".yaml"))
		return 0;
	if (reader_of(dir, name) == NULL) {
		(void)snprintf(err, errlen, "%s%s: not a file of a rule pack, "
		    "rules belong into rules/", dir, name);
		return -1;
	}
	return 1;
}

static int
list_dir(int dirfd, const char *dir, struct names *l, char *err,
    size_t errlen)
{
	const char	*shown = dir[0] == '\0' ? "." : dir;
	struct dirent	*e;
	DIR		*d;
	int		 entries = 0, fd, rc = -1;

	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		(void)snprintf(err, errlen, "%s: %s", shown, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	for (;;) {
		errno = 0;
		if ((e = readdir(d)) == NULL)
			break;
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		if (++entries > MAX_RULEPACK_ENTRIES) {
			(void)snprintf(err, errlen, "%s: more than %d entries",
			    shown, MAX_RULEPACK_ENTRIES);
			goto out;
		}
		switch (check_entry(fd, dir, e->d_name, err, errlen)) {
		case -1:
			goto out;
		case 0:
			continue;
		}
		if (l->n == MAX_RULEPACK_FILES ||
		    (l->name[l->n] = strdup(e->d_name)) == NULL) {
			(void)snprintf(err, errlen, "%s: more than %d files, "
			    "or out of memory", shown,
			    MAX_RULEPACK_FILES);
			goto out;
		}
		l->n++;
	}
	if (errno != 0) {
		(void)snprintf(err, errlen, "%s: %s", shown, strerror(errno));
		goto out;
	}
	/* byte order, as the reference reads them: the last one wins */
	qsort(l->name, l->n, sizeof(l->name[0]), names_order);
	rc = 0;
out:
	closedir(d);
	return rc;
}

/*
 * Whoever can write a rule decides.  NULL: nobody can but root and the owner
 * of the pack's directory, whom the supervisor knows.
 */
static const char *
writable_by_others(const struct rulepack *p, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != p->owner)
		return "belongs neither to root nor to the pack's owner";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "group or others may write it: run chmod go-w on it";
	return NULL;
}

static int
check_dir(struct rulepack *p, int fd, const char *shown)
{
	struct stat	 st;
	const char	*why;

	why = fstat(fd, &st) == -1 ? strerror(errno) :
	    writable_by_others(p, &st);
	if (why == NULL)
		return 0;
	(void)snprintf(p->err, p->errlen, "%s: %s", shown, why);
	return -1;
}

/* The whole of a file in malloc'd memory. */
static char *
slurp(struct rulepack *p, int dirfd, const char *name, const char *shown,
    size_t *lenp)
{
	const char	*why = NULL;
	struct stat	 st;
	ssize_t		 n;
	size_t		 len = 0;
	char		*data = NULL;
	int		 fd;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if ((why = writable_by_others(p, &st)) == NULL &&
	    (data = malloc(MAX_RULEPACK_FILE + 1)) == NULL)
		why = "out of memory";
	while (why == NULL && len <= MAX_RULEPACK_FILE) {
		n = read(fd, data + len, MAX_RULEPACK_FILE + 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			why = strerror(errno);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (why == NULL && len > MAX_RULEPACK_FILE)
		why = "larger than 1 MiB";
	else if (why == NULL && (p->total += len) > MAX_RULEPACK_TOTAL)
		why = "with this file the pack is larger than 4 MiB";
	if (fd != -1)
		close(fd);
	if (why != NULL) {
		(void)snprintf(p->err, p->errlen, "%s: %s", shown, why);
		free(data);
		return NULL;
	}
	*lenp = len;
	return data;
}

static int
read_file(struct rulepack *p, int dirfd, const char *dir, const char *name)
{
	struct ruleyaml	 y;
	struct rulefile	*f;
	size_t		 len;
	char		*data;
	int		 rc;

	if (p->nfiles == MAX_RULEPACK_FILES) {
		(void)snprintf(p->err, p->errlen, "more than %d files",
		    MAX_RULEPACK_FILES);
		return -1;
	}
	f = &p->files[p->nfiles++];
	(void)snprintf(f->name, sizeof(f->name), "%s%s", dir, name);
	if ((data = slurp(p, dirfd, name, f->name, &len)) == NULL)
		return -1;
	if (ruleyaml_open(&y, f->name, data, len, p->err, p->errlen) == 0)
		reader_of(dir, name)(&y, f, &p->counts);
	rc = ruleyaml_close(&y);
	free(data);
	return rc;
}

/* All files of a directory in byte order; dir ends in "/" or is the top. */
static int
read_files(struct rulepack *p, int fd, const char *dir)
{
	struct names	 l;
	size_t		 i;
	int		 rc = -1;

	memset(&l, 0, sizeof(l));
	if (list_dir(fd, dir, &l, p->err, p->errlen) == -1)
		goto out;
	for (i = 0; i < l.n; i++)
		if (read_file(p, fd, dir, l.name[i]) == -1)
			goto out;
	rc = 0;
out:
	names_free(&l);
	return rc;
}

/* The same of one below the pack, which need not be there. */
static int
read_subdir(struct rulepack *p, int dirfd, const char *name, const char *dir)
{
	int	 fd, rc = -1;

	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1) {
		(void)snprintf(p->err, p->errlen, "%s: %s", name,
		    strerror(errno));
		return -1;
	}
	if (check_dir(p, fd, name) == 0 && read_files(p, fd, dir) == 0)
		rc = 0;
	close(fd);
	return rc;
}

static int
has_file(const struct rulepack *p, const char *name)
{
	size_t	 i;

	for (i = 0; i < p->nfiles; i++)
		if (strcmp(p->files[i].name, name) == 0)
			return 1;
	return 0;
}

/*
 * What the pack does not say of the judge.  Its own files come later and say
 * the last word, key by key; of tools one list counts.
 */
static int
read_builtin(struct rulepack *p)
{
	struct rulefile_counts	 counts;
	struct ruleyaml		 y;
	rulefile_reader		*reader;
	const char		*name, *slash, *text;
	size_t			 i;

	memset(&counts, 0, sizeof(counts));
	(void)snprintf(p->builtin.name, sizeof(p->builtin.name), "%s",
	    "built in");
	for (i = 0; (name = rulebuiltin(i, &text)) != NULL; i++) {
		if (strcmp(name, TOOLS_FILE) == 0 && has_file(p, name))
			continue;
		slash = strchr(name, '/');
		reader = slash == NULL ? reader_of("", name) :
		    reader_of(JUDGE_DIR "/", slash + 1);
		if (ruleyaml_open(&y, name, text, strlen(text), p->err,
		    p->errlen) == 0)
			reader(&y, &p->builtin, &counts);
		if (ruleyaml_close(&y) == -1)
			return -1;
	}
	return 0;
}

/*
 * A rules file without a category says nothing about what it replaces, and
 * of two files with the same one the later counts; both as in the reference.
 */
static int
is_in_force(struct rulepack *p, size_t i)
{
	struct rulefile	*f = &p->files[i];
	size_t		 j;

	if (strncmp(f->name, RULES_DIR "/", strlen(RULES_DIR) + 1) != 0)
		return 1;
	if (f->category[0] == '\0') {
		rulefile_note(f, RULENOTE_WARNING, 0, "",
		    "the file has no category and is left out");
		return 0;
	}
	for (j = i + 1; j < p->nfiles; j++)
		if (strcmp(f->category, p->files[j].category) == 0) {
			rulefile_note(f, RULENOTE_WARNING, 0, "",
			    "left out: %.120s has the same category",
			    p->files[j].name);
			return 0;
		}
	return 1;
}

static int
write_records(struct rulepack *p, const char *name, struct rulebuf *b)
{
	struct rulefile	*f;
	size_t		 i;

	rulebuf_header(b);
	rulebuf_open(b, RULEREC_PACK);
	rulebuf_str(b, name);
	rulebuf_close(b);
	rulebuf_open(b, RULEREC_FILE);
	rulebuf_str(b, p->builtin.name);
	rulebuf_str(b, "");
	rulebuf_close(b);
	rulebuf_append(b, &p->builtin.recs);
	for (i = 0; i < p->nfiles; i++) {
		f = &p->files[i];
		rulebuf_open(b, RULEREC_FILE);
		rulebuf_str(b, f->name);
		rulebuf_str(b, f->category);
		rulebuf_close(b);
		if (is_in_force(p, i))
			rulebuf_append(b, &f->recs);
		rulebuf_append(b, &f->notes);
	}
	rulebuf_end(b);
	if (b->failed) {
		(void)snprintf(p->err, p->errlen, "the pack is too large, or "
		    "out of memory");
		return -1;
	}
	return 0;
}

/* what the pack says, without what is built in */
static int
read_pack(struct rulepack *p, int dirfd)
{
	return read_files(p, dirfd, "") == -1 ||
	    read_subdir(p, dirfd, RULES_DIR, RULES_DIR "/") == -1 ||
	    read_subdir(p, dirfd, JUDGE_DIR, JUDGE_DIR "/") == -1 ? -1 : 0;
}

static int
make_records(int dirfd, const char *name, int vectors, uint8_t **data,
    size_t *len, char *err, size_t errlen)
{
	struct rulepack	*p;
	struct rulebuf	 b;
	struct stat	 st;
	size_t		 i;
	int		 rc = -1;

	memset(&b, 0, sizeof(b));
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		(void)snprintf(err, errlen, "out of memory");
		return -1;
	}
	p->err = err;
	p->errlen = errlen;
	if (fstat(dirfd, &st) == -1) {
		(void)snprintf(err, errlen, "%s: %s", name, strerror(errno));
		goto out;
	}
	p->owner = st.st_uid;
	if (check_dir(p, dirfd, name) == -1 || (vectors ? read_subdir(p,
	    dirfd, VECTORS_DIR, VECTORS_DIR "/") : read_pack(p, dirfd)) == -1)
		goto out;
	if (p->nfiles == 0 && !vectors) {
		(void)snprintf(err, errlen, "%s: the directory holds no file "
		    "of a rule pack", name);
		goto out;
	}
	if ((!vectors && read_builtin(p) == -1) ||
	    write_records(p, name, &b) == -1)
		goto out;
	*data = b.data;
	*len = b.len;
	b.data = NULL;
	rc = 0;
out:
	for (i = 0; i < p->nfiles; i++) {
		rulebuf_free(&p->files[i].recs);
		rulebuf_free(&p->files[i].notes);
	}
	rulebuf_free(&p->builtin.recs);
	rulebuf_free(&p->builtin.notes);
	rulebuf_free(&b);
	free(p);
	return rc;
}

int
rulepack_read(int dirfd, const char *name, uint8_t **data, size_t *len,
    char *err, size_t errlen)
{
	return make_records(dirfd, name, 0, data, len, err, errlen);
}

int
rulepack_vectors(int dirfd, const char *name, uint8_t **data, size_t *len,
    char *err, size_t errlen)
{
	return make_records(dirfd, name, 1, data, len, err, errlen);
}
