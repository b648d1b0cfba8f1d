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

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundledir.h"
#include "conffile.h"
#include "options.h"

#define TRUSTED_DIR	"trusted"
#define TRUSTED_ENDING	".pub"
#define UNPACKED_DIR	"bundles"
#define MAX_ENTRIES	4096	/* of one directory */
#define MAX_SEEN	128	/* bytes of what is remembered of a name */
#define MAX_DEPTH	8	/* descriptors nftw(3) may hold */

static const char *const subdirs[] = { "rules", "judge", "vectors" };
#define NSUBDIRS	(sizeof(subdirs) / sizeof(subdirs[0]))

static int	say(char *, size_t, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));

/* the reason with errno's word, or ": " left out at its end without */
static int
say(char *err, size_t errlen, const char *fmt, ...)
{
	va_list	ap;
	size_t	n;
	int	saved = errno;

	va_start(ap, fmt);
	vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	n = strlen(err);
	if (n > 0 && err[n - 1] == ' ')
		strlcat(err, strerror(saved), errlen);
	errno = saved;
	return (-1);
}

static int
ends_in(const char *name, const char *end)
{
	size_t	n = strlen(name), m = strlen(end);

	return (n > m && strcmp(name + n - m, end) == 0);
}

/* --- trusted keys --------------------------------------------------------- */

static int
trusted_key(const char *dir, const char *name, struct bundle_keys *keys,
    char *err, size_t errlen)
{
	char	 path[PATH_MAX], why[160], *text;
	size_t	 len;
	int	 fd, rc;

	if (keys->n == MAX_BUNDLE_KEYS)
		return (say(err, errlen, "%s: more than %d keys", dir,
		    MAX_BUNDLE_KEYS));
	if (paths_join(path, sizeof(path), dir, name) == -1)
		return (say(err, errlen, "%s/%s: too long", dir, name));
	if ((fd = conffile_open(path, geteuid(), MAX_DEVICE_KEY, err,
	    errlen)) == -1)
		return (-1);
	rc = conffile_read(fd, MAX_DEVICE_KEY, &text, &len, err, errlen);
	close(fd);
	if (rc == -1)
		return (-1);
	rc = device_pub_parse(text, len, keys->key[keys->n], why,
	    sizeof(why));
	free(text);
	errno = EINVAL;
	if (rc == -1)
		return (say(err, errlen, "%s: %s", path, why));
	keys->n++;
	return (0);
}

int
bundle_trusted(const struct paths *p, struct bundle_keys *keys, char *err,
    size_t errlen)
{
	char		 dir[MAX_CONF_PATH];
	struct dirent	*de;
	DIR		*dp;
	int		 rc = 0;

	keys->n = 0;
	if (paths_join(dir, sizeof(dir), p->policies, TRUSTED_DIR) == -1)
		return (say(err, errlen, "%s: too long", p->policies));
	if ((dp = opendir(dir)) == NULL)
		return (errno == ENOENT ? 0 : say(err, errlen, "%s: ", dir));
	while (rc == 0 && (de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.' &&
		    ends_in(de->d_name, TRUSTED_ENDING))
			rc = trusted_key(dir, de->d_name, keys, err, errlen);
	closedir(dp);
	return (rc);
}

/* --- a pack that is to be signed ------------------------------------------ */

static int
read_file(int dir, const char *name, const char *path, struct bundle *b,
    size_t *total, char *err, size_t errlen)
{
	struct bundle_file	*f = &b->file[b->nfiles];
	struct stat		 st;
	char			*text, why[MAX_CONFFILE_ERR];
	int			 fd, rc;

	errno = EINVAL;
	if (b->nfiles == MAX_BUNDLE_FILES)
		return (say(err, errlen, "more than %d files",
		    MAX_BUNDLE_FILES));
	if (strlcpy(f->path, path, sizeof(f->path)) >= sizeof(f->path) ||
	    !bundle_path_ok(path))
		return (say(err, errlen, "%s: no file of a rule pack has this "
		    "name", path));
	if ((fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC)) == -1 || fstat(fd, &st) == -1) {
		if (fd != -1)
			close(fd);
		return (say(err, errlen, "%s: ", path));
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return (say(err, errlen, "%s: no regular file", path));
	}
	rc = conffile_read(fd, MAX_BUNDLE_FILE, &text, &f->len, why,
	    sizeof(why));
	close(fd);
	if (rc == -1)
		return (say(err, errlen, "%s: %s", path, why));
	f->data = (const uint8_t *)text;
	b->nfiles++;
	if ((*total += f->len) > MAX_BUNDLE_TOTAL)
		return (say(err, errlen, "with %s it is larger than %d bytes",
		    path, MAX_BUNDLE_TOTAL));
	return (0);
}

/* takes fd; below is "", or a name that the paths begin with */
static int
read_dir(int fd, const char *below, struct bundle *b, size_t *total,
    char *err, size_t errlen)
{
	char		 path[MAX_BUNDLE_PATH + NAME_MAX + 2];
	struct dirent	*de;
	DIR		*dp;
	int		 n = 0, rc = 0;

	if ((dp = fdopendir(fd)) == NULL) {
		close(fd);
		return (say(err, errlen, "%s: ", below));
	}
	while (rc == 0 && (de = readdir(dp)) != NULL) {
		if (++n > MAX_ENTRIES)
			rc = say(err, errlen, "%s: more than %d entries",
			    below, MAX_ENTRIES);
		else if (ends_in(de->d_name, ".yaml") ||
		    ends_in(de->d_name, ".yml")) {
			snprintf(path, sizeof(path), "%s%s%s", below,
			    below[0] != '\0' ? "/" : "", de->d_name);
			rc = read_file(dirfd(dp), de->d_name, path, b, total,
			    err, errlen);
		}
	}
	closedir(dp);
	return (rc);
}

int
bundle_pack_read(const char *dir, struct bundle *b, char *err, size_t errlen)
{
	size_t	i, total = 0;
	int	fd, sub, rc;

	b->nfiles = 0;
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (say(err, errlen, "%s: ", dir));
	rc = 0;
	for (i = 0; i < NSUBDIRS && rc == 0; i++) {
		sub = openat(fd, subdirs[i], O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (sub != -1)
			rc = read_dir(sub, subdirs[i], b, &total, err, errlen);
		else if (errno != ENOENT)
			rc = say(err, errlen, "%s/%s: ", dir, subdirs[i]);
	}
	if (rc == -1) {
		close(fd);
		return (-1);
	}
	if (read_dir(fd, "", b, &total, err, errlen) == -1)
		return (-1);
	errno = EINVAL;
	return (b->nfiles != 0 ? 0 : say(err, errlen, "%s: has no file of a "
	    "rule pack", dir));
}

void
bundle_pack_free(struct bundle *b)
{
	size_t	i;

	for (i = 0; i < b->nfiles; i++)
		free((void *)(uintptr_t)b->file[i].data);
	b->nfiles = 0;
}

/* --- what was activated --------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *w)
{
	(void)st;
	(void)flag;
	(void)w;
	(void)remove(path);
	return (0);
}

static void
remove_tree(const char *path)
{
	(void)nftw(path, remove_one, MAX_DEPTH, FTW_DEPTH | FTW_PHYS);
}

static int
make_dir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		return (chmod(path, mode));
	return (errno == EEXIST ? 0 : -1);
}

int
bundle_dirs_open(const struct paths *p, const struct bundle *b,
    struct bundle_dirs *d, char *err, size_t errlen)
{
	char	name[MAX_BUNDLE_NAME + 32], base[MAX_CONF_PATH];

	memset(d, 0, sizeof(*d));
	d->state = -1;
	errno = ENAMETOOLONG;
	snprintf(name, sizeof(name), ".%s-%llu", b->name,
	    (unsigned long long)b->version);
	if (paths_join(base, sizeof(base), p->policies, UNPACKED_DIR) == -1 ||
	    paths_join(d->tmp, sizeof(d->tmp), base, name) == -1 ||
	    paths_join(d->dir, sizeof(d->dir), base, name + 1) == -1 ||
	    paths_join(d->tmp_pack, sizeof(d->tmp_pack), d->tmp, b->name) ==
	    -1 || paths_join(d->pack, sizeof(d->pack), d->dir, b->name) == -1)
		return (say(err, errlen, "%s: ", base));
	if (make_dir(base, p->system ? 0755 : 0700) == -1)
		return (say(err, errlen, "%s: ", base));
	if (paths_join(base, sizeof(base), p->state, UNPACKED_DIR) == -1 ||
	    make_dir(base, 0700) == -1 ||
	    (d->state = open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1 || flock(d->state, LOCK_EX) == -1) {
		say(err, errlen, "%s: ", base);
		if (d->state != -1)
			close(d->state);
		d->state = -1;
		return (-1);
	}
	/* of one that was killed */
	remove_tree(d->tmp);
	return (0);
}

void
bundle_dirs_close(struct bundle_dirs *d)
{
	if (d->state == -1)
		return;
	remove_tree(d->tmp);
	close(d->state);
	d->state = -1;
}

/* 1 and what is remembered of the name, 0 when nothing is */
static int
seen_read(const struct bundle_dirs *d, const char *name, uint64_t *version,
    uint8_t content[BUNDLE_HASH_LEN], char *err, size_t errlen)
{
	char	 text[MAX_SEEN + 1], *hex;
	size_t	 n;
	ssize_t	 len;
	int	 fd;

	fd = openat(d->state, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return (errno == ENOENT ? 0 : say(err, errlen, "what is "
		    "remembered of %s: ", name));
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	if ((hex = strchr(text, ' ')) != NULL)
		*hex++ = '\0';
	if (hex == NULL || options_number(text, 1, MAX_BUNDLE_VERSION,
	    version) == -1 || sodium_hex2bin(content, BUNDLE_HASH_LEN, hex,
	    strlen(hex), "\n", &n, NULL) == -1 || n != BUNDLE_HASH_LEN) {
		errno = EINVAL;
		return (say(err, errlen, "what is remembered of %s in the "
		    "state directory's " UNPACKED_DIR " is damaged", name));
	}
	return (1);
}

int
bundle_may_follow(const struct bundle_dirs *d, const struct bundle *b,
    char *err, size_t errlen)
{
	uint8_t		content[BUNDLE_HASH_LEN];
	uint64_t	version;

	switch (seen_read(d, b->name, &version, content, err, errlen)) {
	case -1:
		return (0);
	case 0:
		return (1);
	}
	if (b->version < version)
		say(err, errlen, "is version %llu of %s, and version %llu was "
		    "activated before: there is no way back by a bundle",
		    (unsigned long long)b->version, b->name,
		    (unsigned long long)version);
	else if (b->version == version &&
	    memcmp(content, b->content, sizeof(content)) != 0)
		say(err, errlen, "is version %llu of %s, which was activated "
		    "before with other files: give it a higher version",
		    (unsigned long long)b->version, b->name);
	else
		return (1);
	return (0);
}

int
bundle_remember(const struct bundle_dirs *d, const struct bundle *b,
    char *err, size_t errlen)
{
	char	text[MAX_SEEN], hex[2 * BUNDLE_HASH_LEN + 1];

	sodium_bin2hex(hex, sizeof(hex), b->content, sizeof(b->content));
	snprintf(text, sizeof(text), "%llu %s\n",
	    (unsigned long long)b->version, hex);
	return (file_write_atomic(d->state, b->name, text, strlen(text), 0600,
	    (uid_t)-1, (gid_t)-1, 0, err, errlen));
}

/* --- unpacking ------------------------------------------------------------ */

/* those below dir ("" for the pack itself), and syncs it */
static int
write_files(const struct paths *p, const struct bundle *b, const char *pack,
    const char *sub, char *err, size_t errlen)
{
	const struct bundle_file	*f;
	char				 path[MAX_CONF_PATH];
	const char			*slash;
	size_t				 i, n = strlen(sub);
	int				 fd, rc = 0;

	if (paths_join(path, sizeof(path), pack, sub) == -1 ||
	    make_dir(path, p->system ? 0755 : 0700) == -1 ||
	    (fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1)
		return (say(err, errlen, "%s/%s: ", pack, sub));
	for (i = 0; i < b->nfiles && rc == 0; i++) {
		f = &b->file[i];
		slash = strchr(f->path, '/');
		if ((slash != NULL ? (size_t)(slash - f->path) : 0) == n &&
		    strncmp(f->path, sub, n) == 0)
			rc = file_write_atomic(fd, slash != NULL ? slash + 1 :
			    f->path, f->data, f->len, p->system ? 0644 : 0600,
			    (uid_t)-1, (gid_t)-1, FILE_NOREPLACE, err, errlen);
	}
	if (rc == 0 && fsync(fd) == -1)
		rc = say(err, errlen, "%s: ", path);
	close(fd);
	return (rc);
}

static int
sync_dir(const char *path)
{
	int	fd, rc;

	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	rc = fsync(fd);
	close(fd);
	return (rc);
}

int
bundle_unpack(const struct paths *p, const struct bundle *b,
    const struct bundle_dirs *d, char *err, size_t errlen)
{
	mode_t	mode = p->system ? 0755 : 0700;
	size_t	i;

	if (make_dir(d->tmp, mode) == -1 || make_dir(d->tmp_pack, mode) == -1)
		return (say(err, errlen, "%s: ", d->tmp_pack));
	for (i = 0; i < NSUBDIRS; i++)
		if (write_files(p, b, d->tmp_pack, subdirs[i], err, errlen) ==
		    -1)
			return (-1);
	if (write_files(p, b, d->tmp_pack, "", err, errlen) == -1)
		return (-1);
	if (sync_dir(d->tmp) == -1)
		return (say(err, errlen, "%s: ", d->tmp));
	return (0);
}

int
bundle_keep(const struct bundle_dirs *d, char *err, size_t errlen)
{
	char	*slash, base[MAX_CONF_PATH];

	/* one that is there, perhaps in force, is whole at every moment */
	if (rename(d->tmp, d->dir) == -1 && (errno != ENOTEMPTY &&
	    errno != EEXIST))
		return (say(err, errlen, "%s: ", d->dir));
	if (access(d->tmp, F_OK) == 0 && renameat2(AT_FDCWD, d->tmp, AT_FDCWD,
	    d->dir, RENAME_EXCHANGE) == -1)
		return (say(err, errlen, "%s is there already and cannot be "
		    "exchanged: ", d->dir));
	strlcpy(base, d->dir, sizeof(base));
	if ((slash = strrchr(base, '/')) != NULL)
		*slash = '\0';
	return (sync_dir(base) == -1 ? say(err, errlen, "%s: ", base) : 0);
}
