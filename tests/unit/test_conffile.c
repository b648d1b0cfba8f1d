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
#include <unistd.h>

#include "ctl/conffile.h"
#include "tests/unit/test.h"

#define MAX_TEST_FILE	1000

static char	dir[] = "/tmp/conffile.XXXXXX";
static char	err[MAX_CONFFILE_ERR];
static char	path[128];

static const char *
in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return (path);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	int	fd;

	(void)unlink(in_dir(name));
	CHECK((fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) != -1);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static int
try_open(const char *name)
{
	int	fd;

	err[0] = '\0';
	fd = conffile_open(in_dir(name), getuid(), MAX_TEST_FILE, err,
	    sizeof(err));
	if (fd == -1)
		CHECK(strstr(err, dir) == err);	/* names what it is about */
	return (fd);
}

static void
refused(const char *name, int want, const char *why)
{
	CHECK_INT(try_open(name), -1);
	CHECK_INT(errno, want);
	if (strstr(err, why) == NULL)
		CHECK_STR(err, why);
}

static void
opening(void)
{
	char	*text, big[MAX_TEST_FILE + 2];
	size_t	 len;
	int	 fd;

	put("a", "hello\n", 0640);
	CHECK((fd = try_open("a")) != -1);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_INT(conffile_read(fd, MAX_TEST_FILE, &text, &len, err,
	    sizeof(err)), 0);
	CHECK_STR(text, "hello\n");
	CHECK_INT(len, 6);
	free(text);
	/* again from the start, and not more than allowed */
	CHECK_INT(conffile_read(fd, 6, &text, &len, err, sizeof(err)), 0);
	free(text);
	CHECK_INT(conffile_read(fd, 5, &text, &len, err, sizeof(err)), -1);
	close(fd);

	refused("none", ENOENT, "No such file");
	put("a", "", 0620);
	refused("a", EPERM, "chmod go-w");
	put("a", "", 0602);
	refused("a", EPERM, "chmod go-w");
	CHECK(symlink("a", in_dir("link")) == 0);
	refused("link", ELOOP, "symbolic link");
	CHECK(mkfifo(in_dir("fifo"), 0600) == 0);
	refused("fifo", EINVAL, "not a regular file");
	CHECK(mkdir(in_dir("sub"), 0700) == 0);
	refused("sub", EINVAL, "not a regular file");
	refused("nodir/a", ENOENT, "No such file");
	memset(big, 'x', sizeof(big));
	big[MAX_TEST_FILE] = '\0';
	put("big", big, 0600);
	CHECK((fd = try_open("big")) != -1);
	close(fd);
	big[MAX_TEST_FILE] = 'x';
	big[MAX_TEST_FILE + 1] = '\0';
	put("big", big, 0600);
	refused("big", EFBIG, "larger than 1000");

	put("a", "", 0600);
	CHECK(chmod(dir, 0770) == 0);
	refused("a", EPERM, "chmod go-w");
	CHECK(chmod(dir, 01777) == 0);	/* sticky is no help */
	refused("a", EPERM, "chmod go-w");
	CHECK(chmod(dir, 0755) == 0);
	if (getuid() == 0) {
		CHECK(chown(in_dir("a"), 4711, 0) == 0);
		refused("a", EPERM, "uid 4711");
		fd = conffile_open(path, 4711, 10, err, sizeof(err));
		CHECK(fd != -1);	/* root may own the directory */
		close(fd);
		CHECK(chown(dir, 4712, 0) == 0);
		CHECK_INT(conffile_open(path, 4711, 10, err, sizeof(err)), -1);
		CHECK(chown(dir, 0, 0) == 0);
	}
}

static int
count(void)
{
	DIR	*d = opendir(dir);
	int	 n = 0;

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return (n);
}

static void
has(const char *name, const char *want, mode_t mode)
{
	struct stat	 st;
	char		*text;
	size_t		 len;
	int		 fd;

	CHECK((fd = open(in_dir(name), O_RDONLY | O_NOFOLLOW)) != -1);
	CHECK(fstat(fd, &st) == 0);
	CHECK_INT(st.st_mode & 07777, mode);
	CHECK_INT(conffile_read(fd, MAX_TEST_FILE, &text, &len, err,
	    sizeof(err)), 0);
	CHECK_STR(text, want);
	free(text);
	close(fd);
}

static void
writing(void)
{
	struct stat	st;
	int		dfd, before;

	umask(0);			/* the mode is ours, not the umask's */
	put("c", "old", 0640);
	if (getuid() == 0)
		CHECK(chown(in_dir("c"), 4711, 4712) == 0);
	CHECK(stat(in_dir("c"), &st) == 0);
	before = count();
	CHECK_INT(conffile_write(in_dir("c"), "new", 3, &st, err,
	    sizeof(err)), 0);
	has("c", "new", 0640);
	CHECK(stat(in_dir("c"), &st) == 0);
	if (getuid() == 0) {
		CHECK_INT(st.st_uid, 4711);
		CHECK_INT(st.st_gid, 4712);
	}
	/* a new file is nobody else's, and an existing one is not replaced */
	CHECK_INT(conffile_write(in_dir("d"), "d", 1, NULL, err,
	    sizeof(err)), 0);
	has("d", "d", 0600);
	CHECK_INT(conffile_write(in_dir("d"), "e", 1, NULL, err,
	    sizeof(err)), -1);
	has("d", "d", 0600);

	CHECK((dfd = open(dir, O_RDONLY | O_DIRECTORY)) != -1);
	CHECK_INT(file_write_atomic(dfd, "d", "f", 1, 0644, (uid_t)-1,
	    (gid_t)-1, FILE_NOREPLACE, err, sizeof(err)), -1);
	CHECK_INT(errno, EEXIST);
	CHECK_INT(file_write_atomic(dfd, "d", "f", 1, 0644, (uid_t)-1,
	    (gid_t)-1, 0, err, sizeof(err)), 0);
	has("d", "f", 0644);
	/* a link is replaced itself, what it points to is not touched */
	CHECK(symlink("c", in_dir("l")) == 0);
	CHECK_INT(file_write_atomic(dfd, "l", "x", 1, 0600, (uid_t)-1,
	    (gid_t)-1, FILE_NOREPLACE, err, sizeof(err)), -1);
	CHECK_INT(file_write_atomic(dfd, "l", "x", 1, 0600, (uid_t)-1,
	    (gid_t)-1, 0, err, sizeof(err)), 0);
	has("l", "x", 0600);
	has("c", "new", 0640);
	CHECK_INT(file_write_atomic(dfd, "../x", "x", 1, 0600, (uid_t)-1,
	    (gid_t)-1, 0, err, sizeof(err)), -1);
	/* a directory in the way: refused, and no temporary file is left */
	CHECK_INT(file_write_atomic(dfd, "sub", "x", 1, 0600, (uid_t)-1,
	    (gid_t)-1, 0, err, sizeof(err)), -1);
	CHECK_INT(count(), before + 2);
	close(dfd);
}

/* a group that cannot be kept loses its rights instead of going to ours */
static void
narrowing(void)
{
	struct stat	st;

	if (getuid() != 0) {
		printf("    not root: skipped\n");
		return;
	}
	put("g", "old", 0660);
	CHECK(chown(in_dir("g"), 4711, 4712) == 0 && chown(dir, 4711, 0) == 0);
	CHECK(stat(in_dir("g"), &st) == 0);
	CHECK(setegid(4711) == 0 && seteuid(4711) == 0);
	CHECK_INT(conffile_write(in_dir("g"), "new", 3, &st, err,
	    sizeof(err)), 0);
	has("g", "new", 0600);
	/* another's file cannot be kept another's: not touched at all */
	CHECK(seteuid(0) == 0 && setegid(0) == 0);
	put("h", "old", 0644);
	CHECK(stat(in_dir("h"), &st) == 0);
	CHECK(setegid(4711) == 0 && seteuid(4711) == 0);
	CHECK_INT(conffile_write(in_dir("h"), "new", 3, &st, err,
	    sizeof(err)), -1);
	CHECK(seteuid(0) == 0 && setegid(0) == 0);
	has("h", "old", 0644);
}

static void
clean(void)
{
	static const char *const names[] = { "a", "big", "c", "d", "fifo",
	    "g", "h", "l", "link" };
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_dir(names[i]));
	CHECK(rmdir(in_dir("sub")) == 0);
	CHECK(rmdir(dir) == 0);
}

int
main(void)
{
	CHECK(mkdtemp(dir) != NULL);
	RUN(opening);
	RUN(writing);
	RUN(narrowing);
	RUN(clean);
	return (0);
}
