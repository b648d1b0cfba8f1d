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

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/atomicfile.h"
#include "signer.h"

#define SIGNER_TMP	SIGNER_STATE ".tmp"

struct signer {
	int		 dirfd;
	int		 signed_once;
	struct head	 last;
	uint8_t		 public_key[CHAIN_KEY_LEN];
	uint8_t		 device[CHAIN_DEVICE_LEN];
	uint8_t		*secret;	/* HEAD_SECRET_LEN, locked memory */
};

static int
signer_key(struct signer *sg, const char *text, size_t len, char *err,
    size_t errlen)
{
	uint8_t	*seed;
	char	 why[128];
	int	 ret;

	sg->secret = sodium_malloc(HEAD_SECRET_LEN);
	seed = sodium_malloc(HEAD_SEED_LEN);
	if (sg->secret == NULL || seed == NULL) {
		sodium_free(seed);
		snprintf(err, errlen, "no locked memory for the device key");
		return (-1);
	}
	ret = device_key_parse(text, len, seed, why, sizeof(why));
	if (ret == 0) {
		device_key_expand(seed, sg->public_key, sg->secret);
		chain_device(sg->public_key, sg->device);
		(void)sodium_mprotect_readonly(sg->secret);
	} else
		snprintf(err, errlen, "device key: %s: put the right file "
		    "back, a new key cannot go on with this log", why);
	sodium_free(seed);
	return (ret);
}

/* 0 also when there is no state yet */
static int
signer_read(struct signer *sg, char *err, size_t errlen)
{
	char	 buf[MAX_HEAD_JSON + 2], why[128];
	ssize_t	 n;
	int	 fd;

	fd = openat(sg->dirfd, SIGNER_STATE, O_RDONLY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return (0);
	if (fd == -1 || (n = read(fd, buf, sizeof(buf))) == -1) {
		snprintf(err, errlen, "%s: %s", SIGNER_STATE,
		    strerror(errno));
		if (fd != -1)
			close(fd);
		return (-1);
	}
	close(fd);
	snprintf(why, sizeof(why), "it does not end in one line");
	if (n < 1 || buf[n - 1] != '\n' ||
	    head_parse(&sg->last, buf, (size_t)n - 1, why, sizeof(why)) ==
	    -1 || head_verify(&sg->last, sg->public_key, why, sizeof(why)) ==
	    -1) {
		snprintf(err, errlen, "%s: %s: nothing is signed with a "
		    "damaged memory, put the file or the key back",
		    SIGNER_STATE, why);
		return (-1);
	}
	sg->signed_once = 1;
	return (0);
}

int
signer_open(struct signer **out, const char *key, size_t len, int dirfd,
    char *err, size_t errlen)
{
	struct signer	*sg;

	*out = NULL;
	if ((sg = calloc(1, sizeof(*sg))) == NULL) {
		snprintf(err, errlen, "out of memory");
		return (-1);
	}
	sg->dirfd = dirfd;
	if (signer_key(sg, key, len, err, errlen) == -1 ||
	    signer_read(sg, err, errlen) == -1) {
		signer_close(sg);
		return (-1);
	}
	*out = sg;
	return (0);
}

void
signer_close(struct signer *sg)
{
	if (sg == NULL)
		return;
	sodium_free(sg->secret);
	free(sg);
}

const uint8_t *
signer_public_key(const struct signer *sg)
{
	return (sg->public_key);
}

const struct head *
signer_last(const struct signer *sg)
{
	return (sg->signed_once ? &sg->last : NULL);
}

/* on the disk, under its name, or an error */
static int
signer_write(struct signer *sg, const struct head *h)
{
	char	 buf[MAX_HEAD_JSON + 1];
	size_t	 len;

	len = head_json(h, buf);
	buf[len++] = '\n';
	/* of a signer that died at it */
	if (unlinkat(sg->dirfd, SIGNER_TMP, 0) == -1 && errno != ENOENT)
		return (-1);
	return (atomicfile_write(sg->dirfd, SIGNER_TMP, SIGNER_STATE, buf,
	    len, NULL));
}

/* 1: sign it, 0: it is the last one again, -1: refused */
static int
signer_rule(const struct signer *sg, const struct head *h)
{
	if (h->seq == 0 || h->seq > MAX_CHAIN_SEQ)
		return (-1);
	if (!sg->signed_once || h->seq > sg->last.seq)
		return (1);
	if (h->seq < sg->last.seq ||
	    memcmp(h->epoch, sg->last.epoch, CHAIN_EPOCH_LEN) != 0 ||
	    memcmp(h->hash, sg->last.hash, CHAIN_HASH_LEN) != 0)
		return (-1);
	return (0);
}

int
signer_sign(struct signer *sg, struct head *h, uint64_t now, char *err,
    size_t errlen)
{
	struct head	 mine = *h;
	int		 saved;

	switch (signer_rule(sg, h)) {
	case 0:
		*h = sg->last;
		return (0);
	case -1:
		snprintf(err, errlen, "row %llu is not after row %llu, which "
		    "is signed already", (unsigned long long)h->seq,
		    (unsigned long long)sg->last.seq);
		errno = EPERM;
		return (-1);
	}
	memcpy(mine.device, sg->device, CHAIN_DEVICE_LEN);
	mine.time_us = now;
	head_sign(&mine, sg->secret);
	if (signer_write(sg, &mine) == -1) {
		saved = errno;
		snprintf(err, errlen, "%s: %s", SIGNER_STATE,
		    strerror(saved));
		errno = saved;
		return (-1);
	}
	sg->last = mine;
	sg->signed_once = 1;
	*h = mine;
	return (0);
}
