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
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/power/tree.h"

#define MAX_TREE_DEPTH	16

static void
thing_data(struct thing *t, const char *path, off_t size)
{
	ssize_t	 n;
	int	 fd;

	if ((t->data = calloc(1, (size_t)size + 1)) == NULL)
		err(1, "%s", path);
	if (S_ISLNK(t->mode)) {
		n = readlink(path, t->data, (size_t)size);
	} else {
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			err(1, "%s", path);
		n = read(fd, t->data, (size_t)size);
		close(fd);
	}
	if (n != size)
		err(1, "%s", path);
	t->len = (size_t)size;
}

static void
walk(struct tree *tree, const char *top, const char *sub, int depth)
{
	char		 path[PATH_MAX], below[PATH_MAX];
	struct dirent	*de;
	struct thing	*t;
	struct stat	 st;
	DIR		*dp;

	if (depth == MAX_TREE_DEPTH || snprintf(path, sizeof(path), "%s/%s",
	    top, sub) >= (int)sizeof(path) || (dp = opendir(path)) == NULL)
		err(1, "%s/%s", top, sub);
	while ((de = readdir(dp)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s%s%s", sub,
		    sub[0] != '\0' ? "/" : "", de->d_name);
		if (snprintf(path, sizeof(path), "%s/%s", top, below) >=
		    (int)sizeof(path) || lstat(path, &st) == -1 ||
		    (t = calloc(1, sizeof(*t))) == NULL ||
		    (t->path = strdup(below)) == NULL)
			err(1, "%s", path);
		t->mode = st.st_mode;
		t->uid = st.st_uid;
		t->gid = st.st_gid;
		STAILQ_INSERT_TAIL(tree, t, entry);
		if (S_ISDIR(st.st_mode))
			walk(tree, top, below, depth + 1);
		else
			thing_data(t, path, st.st_size);
	}
	closedir(dp);
}

void
tree_read(struct tree *tree, const char *top)
{
	STAILQ_INIT(tree);
	walk(tree, top, "", 0);
}

void
tree_free(struct tree *tree)
{
	struct thing	*t;

	while ((t = STAILQ_FIRST(tree)) != NULL) {
		STAILQ_REMOVE_HEAD(tree, entry);
		free(t->path);
		free(t->data);
		free(t);
	}
}

const struct thing *
tree_get(const struct tree *tree, const char *path)
{
	const struct thing	*t;

	STAILQ_FOREACH(t, tree, entry)
		if (strcmp(t->path, path) == 0)
			return (t);
	return (NULL);
}

const char *
thing_differs(const struct thing *a, const struct thing *b)
{
	if (a->mode != b->mode)
		return ("has another mode");
	if (a->uid != b->uid || a->gid != b->gid)
		return ("has another owner");
	if (!S_ISDIR(a->mode) && (a->len != b->len ||
	    memcmp(a->data, b->data, a->len) != 0))
		return ("is not whole");
	return (NULL);
}
