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

#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "auditd/signer.h"
#include "tests/unit/test_audit.h"

/*
 * What is synced before it counts as written.  A crash of the process proves
 * nothing here, since the page cache survives it, so the calls are watched:
 * those below stand in for the C library's, for SQLite's use too.
 */

static unsigned int	dirs_synced, wals_synced, files_synced;
static int		broken;		/* nothing can be synced */

int	 fsync(int);
int	 fdatasync(int);

static int
watch(int fd, long nr)
{
	struct stat	 st;
	char		 link[64], name[PATH_MAX];
	ssize_t		 n;

	if (broken) {
		errno = EIO;
		return (-1);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK((n = readlink(link, name, sizeof(name) - 1)) > 0);
	name[n] = '\0';
	if (S_ISDIR(st.st_mode))
		dirs_synced++;
	else if (n > 4 && strcmp(name + n - 4, "-wal") == 0)
		wals_synced++;
	else
		files_synced++;
	return ((int)syscall(nr, fd));
}

int
fsync(int fd)
{
	return (watch(fd, SYS_fsync));
}

int
fdatasync(int fd)
{
	return (watch(fd, SYS_fdatasync));
}

static void
forget(void)
{
	dirs_synced = wals_synced = files_synced = 0;
}

/* a file that is new has its name on the disk before anybody relies on it */
static void
new_database(void)
{
	struct store	*s;

	forget();
	s = audit_open(NULL, EPOCH_FIRST);
	CHECK(dirs_synced > 0);
	store_close(s);
	audit_clean();
}

static void
every_commit(void)
{
	struct event	 ev = audit_event(99, SEV_NONE);
	struct store	*s = audit_open(NULL, EPOCH_FIRST);
	unsigned int	 n;
	uint64_t	 seq;
	int		 known;

	for (n = 1; n <= 20; n++) {
		forget();
		audit_put_n(s, n);
		CHECK(wals_synced > 0);
	}
	/* and what cannot be synced is not committed */
	CHECK_INT(store_begin(s), STORE_OK);
	CHECK_INT(audit_append(s, &ev, &seq, &known), STORE_OK);
	broken = 1;
	CHECK(store_commit(s) != STORE_OK);
	broken = 0;
	store_close(s);
	audit_clean();
}

/* the file under another name, the directory after it has its own */
static void
signed_head(void)
{
	struct signer	*sg;
	struct head	 h;
	char		 key[MAX_DEVICE_KEY], err[256] = "";
	uint8_t		 seed[HEAD_SEED_LEN];
	size_t		 len;
	int		 fd;

	memset(seed, 0x42, sizeof(seed));
	len = device_key_text(seed, key);
	CHECK((fd = open(dir, O_RDONLY | O_DIRECTORY)) != -1);
	CHECK_INT(signer_open(&sg, key, len, fd, err, sizeof(err)), 0);
	memset(&h, 0, sizeof(h));
	h.seq = 1;
	forget();
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), 0);
	CHECK(files_synced > 0);
	CHECK(dirs_synced > 0);
	h.seq = 2;
	broken = 1;
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), -1);
	broken = 0;
	signer_close(sg);
	close(fd);
	audit_clean();
}

int
main(void)
{
	audit_setup();
	RUN(new_database);
	RUN(every_commit);
	RUN(signed_head);
	audit_teardown();
	return (0);
}
