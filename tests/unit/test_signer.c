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

#include <errno.h>
#include <fcntl.h>

#include "auditd/signer.h"
#include "tests/unit/test_audit.h"

static char	key[MAX_DEVICE_KEY];
static size_t	key_len;
static int	dirfd_;

static struct signer *
start(void)
{
	struct signer	*sg;
	char		 err[256] = "";

	if (signer_open(&sg, key, key_len, dirfd_, err, sizeof(err)) == -1)
		CHECK_STR(err, "");
	return (sg);
}

static struct head
head_of(uint64_t seq, int epoch, int hash)
{
	struct head	 h;

	memset(&h, 0, sizeof(h));
	memset(h.epoch, epoch, sizeof(h.epoch));
	memset(h.hash, hash, sizeof(h.hash));
	h.seq = seq;
	return (h);
}

static void
refuse(struct signer *sg, struct head h)
{
	struct head	 was = h;
	char		 err[256];

	errno = 0;
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), -1);
	CHECK_INT(errno, EPERM);
	CHECK(memcmp(&h, &was, sizeof(h)) == 0);
}

static void
rule(void)
{
	struct signer	*sg = start();
	struct head	 h, again;
	char		 err[256];

	CHECK(memcmp(signer_public_key(sg), public_key, CHAIN_KEY_LEN) == 0);
	CHECK(signer_last(sg) == NULL);
	refuse(sg, head_of(0, 1, 1));
	h = head_of(10, 1, 1);
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), 0);
	CHECK_INT(head_verify(&h, public_key, err, sizeof(err)), 0);
	CHECK_INT(h.time_us - TIME0, 0);
	refuse(sg, head_of(9, 1, 1));		/* older */
	refuse(sg, head_of(9, 2, 1));		/* older under a new epoch */
	refuse(sg, head_of(10, 1, 2));		/* the same with other rows */
	refuse(sg, head_of(10, 2, 1));
	refuse(sg, head_of(UINT64_MAX, 1, 1));
	/* asked once more: the same answer, not a second signature */
	again = head_of(10, 1, 1);
	CHECK_INT(signer_sign(sg, &again, TIME0 + 5, err, sizeof(err)), 0);
	CHECK(memcmp(&again, &h, sizeof(h)) == 0);
	h = head_of(11, 2, 3);			/* a new epoch goes on */
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), 0);
	signer_close(sg);
	/* it remembers */
	sg = start();
	CHECK(signer_last(sg) != NULL);
	CHECK(memcmp(signer_last(sg), &h, sizeof(h)) == 0);
	refuse(sg, head_of(10, 1, 1));
	h = head_of(12, 2, 4);
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), 0);
	signer_close(sg);
}

static void
state_path(char *out, const char *name)
{
	snprintf(out, PATH_MAX, "%s/%s", dir, name);
}

static void
damaged(void)
{
	struct signer	*sg;
	struct stat	 st;
	char		 p[PATH_MAX], buf[MAX_HEAD_JSON + 2], err[256];
	ssize_t		 len;
	size_t		 bit;
	int		 fd;

	state_path(p, SIGNER_STATE);
	CHECK_INT(stat(p, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK((fd = open(p, O_RDWR)) != -1);
	CHECK((len = read(fd, buf, sizeof(buf))) > 0);
	/* no bit of it may be another, nothing more, nothing less */
	for (bit = 0; bit < (size_t)len * 8; bit++) {
		buf[bit / 8] ^= (char)(1 << bit % 8);
		CHECK_INT(pwrite(fd, buf, (size_t)len, 0), len);
		CHECK_INT(signer_open(&sg, key, key_len, dirfd_, err,
		    sizeof(err)), -1);
		CHECK(sg == NULL && strstr(err, SIGNER_STATE) != NULL);
		buf[bit / 8] ^= (char)(1 << bit % 8);
	}
	CHECK_INT(pwrite(fd, buf, (size_t)len, 0), len);
	sg = start();
	signer_close(sg);
	CHECK_INT(ftruncate(fd, len - 1), 0);
	CHECK_INT(signer_open(&sg, key, key_len, dirfd_, err, sizeof(err)),
	    -1);
	CHECK_INT(ftruncate(fd, 0), 0);
	CHECK_INT(signer_open(&sg, key, key_len, dirfd_, err, sizeof(err)),
	    -1);
	close(fd);
	CHECK_INT(signer_open(&sg, "junk", 4, dirfd_, err, sizeof(err)), -1);
	CHECK(strstr(err, "device key") != NULL);
	CHECK_INT(unlink(p), 0);
}

/* a signature that could not be remembered does not exist */
static void
not_written(void)
{
	struct signer	*sg = start();
	struct head	 h = head_of(5, 1, 1), was = h;
	char		 tmp[PATH_MAX], err[256];
	uint8_t		 zero[HEAD_SIG_LEN] = { 0 };

	state_path(tmp, SIGNER_STATE ".tmp");
	CHECK_INT(mkdir(tmp, 0700), 0);
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), -1);
	CHECK_INT(errno, EISDIR);
	CHECK(memcmp(&h, &was, sizeof(h)) == 0);
	CHECK(memcmp(h.sig, zero, sizeof(zero)) == 0);
	CHECK(signer_last(sg) == NULL);
	CHECK_INT(rmdir(tmp), 0);
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), 0);
	/* what a crash left under the other name is no hindrance */
	close(open(tmp, O_WRONLY | O_CREAT, 0600));
	h = head_of(6, 1, 1);
	CHECK_INT(signer_sign(sg, &h, TIME0, err, sizeof(err)), 0);
	CHECK(access(tmp, F_OK) == -1);
	signer_close(sg);
}

int
main(void)
{
	uint8_t	 seed[HEAD_SEED_LEN];

	audit_setup();
	memset(seed, 0x42, sizeof(seed));
	key_len = device_key_text(seed, key);
	CHECK((dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) != -1);
	RUN(rule);
	RUN(damaged);
	RUN(not_written);
	close(dirfd_);
	audit_teardown();
	return (0);
}
