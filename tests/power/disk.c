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

#include <sys/queue.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/power/disk.h"

#define MAX_DISK_DEPTH	16
#define BLOCK		4096	/* of the image; those of zeros are holes */

/* since the last sync of a file or directory, oldest first */
struct change {
	STAILQ_ENTRY(change)	 entry;
	enum plog_op		 op;
	uint64_t		 a, b;
	struct node		*node;		/* P_CREATE and such */
	char			 name[MAX_PLOG_NAME];
	char			 to[MAX_PLOG_NAME];
	uint8_t			*data;		/* NULL: zeros */
};
STAILQ_HEAD(changes, change);

struct name {
	LIST_ENTRY(name)	 entry;
	struct node		*node;
	char			 name[MAX_PLOG_NAME];
};
LIST_HEAD(names, name);

/* as synced, with what came since */
struct node {
	LIST_ENTRY(node)	 entry;
	uint64_t		 ino;
	mode_t			 type;		/* S_IFREG, S_IFDIR, S_IFLNK */
	mode_t			 mode;
	uid_t			 uid;
	gid_t			 gid;
	uint8_t			*data;		/* also a link's target */
	uint64_t		 size, room;
	struct names		 names;
	struct changes		 changes;
};

struct disk {
	LIST_HEAD(, node)	 nodes;		/* newest first */
	struct node		*root;
};

/* how one cut goes about it */
struct cut {
	uint64_t	 rnd;
	int		 strict;	/* nothing but what was synced */
	uint64_t	 sector;
};

static void
node_grow(struct node *n, uint64_t size)
{
	if (size > n->room) {
		n->room = size * 2;
		if ((n->data = realloc(n->data, n->room)) == NULL)
			err(1, "disk");
	}
	if (size > n->size)
		memset(n->data + n->size, 0, size - n->size);
	n->size = size;
}

static void
node_write(struct node *n, uint64_t off, const uint8_t *data, uint64_t len)
{
	if (len == 0)
		return;
	if (off + len > n->size)
		node_grow(n, off + len);
	if (data != NULL)
		memcpy(n->data + off, data, len);
	else
		memset(n->data + off, 0, len);
}

static struct node *
node_new(struct disk *d, uint64_t ino, mode_t type, mode_t mode)
{
	struct node	*n;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		err(1, "disk");
	n->ino = ino;
	n->type = type;
	n->mode = mode;
	n->uid = geteuid();
	n->gid = getegid();
	LIST_INIT(&n->names);
	STAILQ_INIT(&n->changes);
	LIST_INSERT_HEAD(&d->nodes, n, entry);
	return (n);
}

static struct node *
node_find(const struct disk *d, uint64_t ino)
{
	struct node	*n;

	LIST_FOREACH(n, &d->nodes, entry)
		if (n->ino == ino)
			return (n);
	return (NULL);
}

static void
name_set(struct names *names, const char *name, struct node *node)
{
	struct name	*e;

	LIST_FOREACH(e, names, entry)
		if (strcmp(e->name, name) == 0)
			break;
	if (e == NULL) {
		if (node == NULL)
			return;
		if ((e = calloc(1, sizeof(*e))) == NULL)
			err(1, "disk");
		strlcpy(e->name, name, sizeof(e->name));
		LIST_INSERT_HEAD(names, e, entry);
	} else if (node == NULL) {
		LIST_REMOVE(e, entry);
		free(e);
		return;
	}
	e->node = node;
}

static struct node *
name_get(const struct names *names, const char *name)
{
	struct name	*e;

	LIST_FOREACH(e, names, entry)
		if (strcmp(e->name, name) == 0)
			return (e->node);
	return (NULL);
}

static void
names_free(struct names *names)
{
	struct name	*e;

	while ((e = LIST_FIRST(names)) != NULL) {
		LIST_REMOVE(e, entry);
		free(e);
	}
}

static void
change_free(struct node *n, struct change *c)
{
	STAILQ_REMOVE_HEAD(&n->changes, entry);
	free(c->data);
	free(c);
}

/* a change of a directory on its names */
static void
names_apply(struct names *names, const struct change *c)
{
	switch (c->op) {
	case P_UNLINK:
		name_set(names, c->name, NULL);
		break;
	case P_RENAME:
		name_set(names, c->to, c->node);
		name_set(names, c->name, NULL);
		break;
	default:
		name_set(names, c->name, c->node);
	}
}

static void
node_sync(struct node *n)
{
	struct change	*c;

	while ((c = STAILQ_FIRST(&n->changes)) != NULL) {
		switch (c->op) {
		case P_WRITE:
			node_write(n, c->a, c->data, c->b);
			break;
		case P_TRUNCATE:
			node_grow(n, c->a);
			break;
		case P_MODE:
			n->mode = (mode_t)c->a;
			n->uid = (uid_t)(c->b >> 32);
			n->gid = (gid_t)c->b;
			break;
		default:
			names_apply(&n->names, c);
		}
		change_free(n, c);
	}
}

static void
disk_load(struct disk *d, struct node *dir, const char *path, int depth)
{
	char		 sub[PATH_MAX];
	struct dirent	*de;
	struct node	*n;
	struct stat	 st;
	DIR		*dp;
	int		 fd;

	if (depth == MAX_DISK_DEPTH || (dp = opendir(path)) == NULL)
		err(1, "%s", path);
	while ((de = readdir(dp)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
		if (lstat(sub, &st) == -1)
			err(1, "%s", sub);
		n = node_new(d, st.st_ino, st.st_mode & S_IFMT,
		    st.st_mode & 07777);
		n->uid = st.st_uid;
		n->gid = st.st_gid;
		name_set(&dir->names, de->d_name, n);
		if (S_ISDIR(n->type)) {
			disk_load(d, n, sub, depth + 1);
			continue;
		}
		node_grow(n, S_ISLNK(n->type) ? PATH_MAX :
		    (uint64_t)st.st_size);
		if (S_ISLNK(n->type)) {
			n->size = (uint64_t)readlink(sub, (char *)n->data,
			    PATH_MAX - 1);
			n->data[n->size] = '\0';
			continue;
		}
		if ((fd = open(sub, O_RDONLY | O_CLOEXEC)) == -1 ||
		    read(fd, n->data, n->size) != (ssize_t)n->size)
			err(1, "%s", sub);
		close(fd);
	}
	closedir(dp);
}

struct disk *
disk_new(const char *path)
{
	struct disk	*d;
	struct stat	 st;

	if ((d = calloc(1, sizeof(*d))) == NULL || stat(path, &st) == -1)
		err(1, "%s", path);
	LIST_INIT(&d->nodes);
	d->root = node_new(d, st.st_ino, S_IFDIR, st.st_mode & 07777);
	disk_load(d, d->root, path, 0);
	return (d);
}

void
disk_free(struct disk *d)
{
	struct change	*c;
	struct node	*n;

	while ((n = LIST_FIRST(&d->nodes)) != NULL) {
		while ((c = STAILQ_FIRST(&n->changes)) != NULL)
			change_free(n, c);
		names_free(&n->names);
		LIST_REMOVE(n, entry);
		free(n->data);
		free(n);
	}
	free(d);
}

static struct change *
change_new(struct node *n, const struct plog_rec *r)
{
	struct change	*c;

	if (n == NULL)
		errx(1, "the log names a file the disk does not have");
	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(1, "disk");
	c->op = (enum plog_op)r->op;
	c->a = r->a;
	c->b = r->b;
	if (r->namelen != 0)
		strlcpy(c->name, PLOG_NAME(r), sizeof(c->name));
	STAILQ_INSERT_TAIL(&n->changes, c, entry);
	return (c);
}

/* what a name leads to now, synced or not */
static struct node *
node_at(const struct node *dir, const char *name)
{
	const struct change	*c;
	struct node		*n = name_get(&dir->names, name);

	STAILQ_FOREACH(c, &dir->changes, entry)
		switch (c->op) {
		case P_RENAME:
			if (strcmp(c->to, name) == 0)
				n = c->node;
			/* FALLTHROUGH */
		case P_UNLINK:
			if (strcmp(c->name, name) == 0)
				n = NULL;
			break;
		case P_CREATE:
		case P_MKDIR:
		case P_SYMLINK:
			if (strcmp(c->name, name) == 0)
				n = c->node;
			break;
		default:
			break;
		}
	return (n);
}

static void
apply_name(struct disk *d, const struct plog_rec *r)
{
	struct node	*dir = node_find(d, r->dir), *n = NULL;
	struct change	*c;

	if (dir == NULL)
		errx(1, "the log names a directory the disk does not have");
	switch (r->op) {
	case P_CREATE:
		n = node_new(d, r->file, S_IFREG, (mode_t)r->a);
		break;
	case P_MKDIR:
		n = node_new(d, r->file, S_IFDIR, (mode_t)r->a);
		break;
	case P_SYMLINK:
		n = node_new(d, r->file, S_IFLNK, 0777);
		node_write(n, 0, PLOG_DATA(r), r->datalen);
		break;
	case P_RENAME:
		n = node_at(dir, PLOG_NAME(r));
		break;
	}
	c = change_new(dir, r);
	c->node = n;
	if (r->op == P_RENAME)
		strlcpy(c->to, (const char *)PLOG_DATA(r), sizeof(c->to));
}

void
disk_apply(struct disk *d, const struct plog_rec *r)
{
	struct change	*c;
	struct node	*n;

	switch (r->op) {
	case P_CREATE:
	case P_MKDIR:
	case P_SYMLINK:
	case P_UNLINK:
	case P_RENAME:
		apply_name(d, r);
		break;
	case P_WRITE:
		c = change_new(node_find(d, r->file), r);
		if (r->datalen != 0) {
			if ((c->data = malloc(r->datalen)) == NULL)
				err(1, "disk");
			memcpy(c->data, PLOG_DATA(r), r->datalen);
		}
		break;
	case P_TRUNCATE:
	case P_MODE:
		(void)change_new(node_find(d, r->file), r);
		break;
	case P_SYNC:
		/* one that was there before and is of no interest */
		if ((n = node_find(d, r->file)) != NULL)
			node_sync(n);
		break;
	default:
		break;
	}
}

uint64_t
disk_random(uint64_t *state)
{
	uint64_t	 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31));
}

static int
chance(struct cut *cut, unsigned int percent)
{
	return (disk_random(&cut->rnd) % 100 < percent);
}

static uint64_t
below(struct cut *cut, uint64_t n)
{
	return (n == 0 ? 0 : disk_random(&cut->rnd) % n);
}

static void
put(int fd, uint64_t off, const uint8_t *data, uint64_t len, const char *path)
{
	if (len != 0 && pwrite(fd, data, len, (off_t)off) != (ssize_t)len)
		err(1, "%s", path);
}

/* one sector of a missing write, where the file has grown over it */
static void
put_missing(struct cut *cut, int fd, uint64_t off, uint64_t len,
    const char *path)
{
	uint8_t		 buf[BLOCK];
	uint64_t	 i;

	if (len > sizeof(buf))
		len = sizeof(buf);
	for (i = 0; i < len; i++)
		buf[i] = (uint8_t)disk_random(&cut->rnd);
	put(fd, off, buf, len, path);
}

/* percent of its sectors come through, or it is whole or missing */
struct fate {
	unsigned int	 percent;
	int		 torn;		/* sector by sector */
	int		 foreign;	/* bytes where it is missing */
};

static void
put_change(struct cut *cut, const struct fate *fate, const struct node *n,
    const struct change *c, int fd, const char *path)
{
	static const uint8_t	 zeros[BLOCK];
	uint64_t		 at, end = c->a + c->b, next, len;
	const uint8_t		*from;
	int			 keep = chance(cut, fate->percent);

	for (at = c->a; at < end; at = next) {
		next = (at / cut->sector + 1) * cut->sector;
		if (next > end)
			next = end;
		len = next - at;
		if (fate->torn)
			keep = chance(cut, fate->percent);
		from = c->data != NULL ? c->data + (at - c->a) : zeros;
		if (keep)
			put(fd, at, from, len, path);
		else if (fate->foreign && at >= n->size)
			put_missing(cut, fd, at, len, path);
	}
}

/* any size that the file had since it was synced */
static uint64_t
any_size(struct cut *cut, const struct node *n)
{
	const struct change	*c;
	uint64_t		 size = n->size, now = n->size;
	uint64_t		 seen = 1;

	STAILQ_FOREACH(c, &n->changes, entry) {
		if (c->op == P_TRUNCATE)
			now = c->a;
		else if (c->op == P_WRITE && c->a + c->b > now)
			now = c->a + c->b;
		else
			continue;
		if (below(cut, ++seen) == 0)
			size = now;
	}
	return (size);
}

static uint64_t
last_size(const struct node *n)
{
	const struct change	*c;
	uint64_t		 size = n->size;

	STAILQ_FOREACH(c, &n->changes, entry)
		if (c->op == P_TRUNCATE)
			size = c->a;
		else if (c->op == P_WRITE && c->a + c->b > size)
			size = c->a + c->b;
	return (size);
}

/* their order is any: sectors of one place may be of the older write */
static void
put_changes(struct cut *cut, const struct node *n, int fd, const char *path)
{
	static const unsigned int	 percents[] = { 5, 50, 50, 95 };
	const struct change		**order, *c;
	struct fate			 fate;
	uint64_t			 size, count = 0, i, j, stop;
	int				 way = (int)below(cut, 8);

	STAILQ_FOREACH(c, &n->changes, entry)
		count += c->op == P_WRITE;
	size = way == 0 || chance(cut, 50) ? last_size(n) : any_size(cut, n);
	if ((order = calloc(count + 1, sizeof(*order))) == NULL)
		err(1, "cut");
	i = 0;
	STAILQ_FOREACH(c, &n->changes, entry)
		if (c->op == P_WRITE)
			order[i++] = c;
	fate.percent = percents[below(cut, 4)];
	fate.torn = chance(cut, 50);
	fate.foreign = chance(cut, 10);
	stop = count;
	if (way <= 2)			/* all, or as if in order */
		fate.percent = 100;
	if (way == 1 || way == 2)
		stop = below(cut, count + 1);
	for (i = count; way > 2 && i > 1; i--) {
		j = below(cut, i);
		c = order[i - 1];
		order[i - 1] = order[j];
		order[j] = c;
	}
	for (i = 0; i < stop; i++)
		put_change(cut, &fate, n, order[i], fd, path);
	/* the one in flight */
	fate.percent = 50;
	fate.torn = 1;
	if (stop < count)
		put_change(cut, &fate, n, order[stop], fd, path);
	free(order);
	if (ftruncate(fd, (off_t)size) == -1)
		err(1, "%s", path);
}

static void
cut_mode(struct cut *cut, const struct node *n, const char *path)
{
	const struct change	*c;
	mode_t			 mode = n->mode;
	uid_t			 uid = n->uid;
	gid_t			 gid = n->gid;

	STAILQ_FOREACH(c, &n->changes, entry)
		if (c->op == P_MODE && !cut->strict && chance(cut, 50)) {
			mode = (mode_t)c->a;
			uid = (uid_t)(c->b >> 32);
			gid = (gid_t)c->b;
		}
	if (geteuid() == 0 && lchown(path, uid, gid) == -1)
		err(1, "%s", path);
	if (chmod(path, mode) == -1)
		err(1, "%s", path);
}

static void
cut_file(struct cut *cut, const struct node *n, const char *path)
{
	static const uint8_t	 zeros[BLOCK];
	uint64_t		 at, len;
	int			 fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		err(1, "%s", path);
	for (at = 0; at < n->size; at += len) {
		for (len = 0; at + len < n->size && memcmp(n->data + at +
		    len, zeros, n->size - at - len < BLOCK ? n->size - at -
		    len : BLOCK) != 0; len += BLOCK)
			continue;
		if (at + len > n->size)
			len = n->size - at;
		put(fd, at, n->data + at, len, path);
		len = (len + BLOCK) / BLOCK * BLOCK;
	}
	if (ftruncate(fd, (off_t)n->size) == -1)
		err(1, "%s", path);
	if (!cut->strict)
		put_changes(cut, n, fd, path);
	close(fd);
	cut_mode(cut, n, path);
}

/* the names after a cut: in order up to a point, or each for itself */
static void
cut_names(struct cut *cut, const struct node *dir, struct names *names)
{
	const struct change	*c;
	const struct name	*e;
	uint64_t		 count = 0, i = 0, stop;
	int			 each = chance(cut, 40);

	LIST_INIT(names);
	LIST_FOREACH(e, &dir->names, entry)
		name_set(names, e->name, e->node);
	if (cut->strict)
		return;
	STAILQ_FOREACH(c, &dir->changes, entry)
		count++;
	stop = below(cut, count + 1);
	STAILQ_FOREACH(c, &dir->changes, entry) {
		if (!each && i++ == stop)
			break;
		if (c->op == P_MODE || (each && chance(cut, 50)))
			continue;
		if (c->op == P_RENAME && each && chance(cut, 50))
			/* both names stay, as two of one file */
			name_set(names, c->to, c->node);
		else
			names_apply(names, c);
	}
}

static void
cut_dir(struct cut *cut, const struct node *dir, const char *path, int depth)
{
	char		 sub[PATH_MAX];
	struct names	 names;
	struct name	*e;

	if (depth == MAX_DISK_DEPTH)
		errx(1, "%s: too deep", path);
	cut_names(cut, dir, &names);
	LIST_FOREACH(e, &names, entry) {
		snprintf(sub, sizeof(sub), "%s/%s", path, e->name);
		if (S_ISDIR(e->node->type)) {
			if (mkdir(sub, 0700) == -1)
				err(1, "%s", sub);
			cut_dir(cut, e->node, sub, depth + 1);
			cut_mode(cut, e->node, sub);
		} else if (S_ISLNK(e->node->type)) {
			if (symlink((char *)e->node->data, sub) == -1)
				err(1, "%s", sub);
		} else
			cut_file(cut, e->node, sub);
	}
	names_free(&names);
}

void
disk_cut(const struct disk *d, uint64_t seed, const char *path)
{
	struct cut	 cut = { .rnd = seed };

	/* every fourth is the one that durability is about */
	cut.strict = seed == DISK_STRICT || chance(&cut, 25);
	cut.sector = chance(&cut, 50) ? 512 : 4096;
	cut_dir(&cut, d->root, path, 0);
}

int
disk_empty(const char *path)
{
	char		 sub[PATH_MAX];
	struct dirent	*de;
	DIR		*dp;
	int		 ok = 1;

	if ((dp = opendir(path)) == NULL)
		return (-1);
	while (ok && (de = readdir(dp)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
		if (de->d_type == DT_DIR)
			ok = disk_empty(sub) == 0 && rmdir(sub) == 0;
		else
			ok = unlink(sub) == 0;
	}
	closedir(dp);
	return (ok ? 0 : -1);
}
