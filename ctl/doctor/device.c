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
#include <string.h>

#include "common/head.h"
#include "doctor.h"

/*
 * The device's key, with which the log is signed.
 */

static void
check_key(struct doctor *d)
{
	const char	*path = d->paths->device_key;
	char		 text[MAX_DEVICE_KEY], err[160];
	uint8_t		 seed[HEAD_SEED_LEN];
	ssize_t		 n;
	int		 rc;

	n = doc_read(path, text, sizeof(text));
	if (n == -1) {
		doc_say(d, errno == EACCES ? DOC_SKIP : DOC_FAIL, path, "%s",
		    errno == EACCES ? "this user may not read it" :
		    strerror(errno));
		doc_do(d, errno == EACCES ? "run doctor as root, or as the "
		    "suite's owner" : "bring it back from a backup; without "
		    "it a new log has to begin");
		return;
	}
	rc = device_key_parse(text, (size_t)n, seed, err, sizeof(err));
	explicit_bzero(text, sizeof(text));
	explicit_bzero(seed, sizeof(seed));
	if (rc == 0)
		doc_say(d, DOC_PASS, path, "a key of Ed25519");
	else {
		doc_say(d, DOC_FAIL, path, "%s", err);
		doc_do(d, "bring it back from a backup; without it a new log "
		    "has to begin");
	}
}

static void
check_public(struct doctor *d)
{
	uint8_t	key[CHAIN_KEY_LEN];
	char	err[256];

	if (doc_pubkey(d, key, err, sizeof(err)) == 0) {
		doc_say(d, DOC_PASS, d->paths->device_pub, "with it anybody "
		    "can verify the log");
		return;
	}
	doc_say(d, DOC_FAIL, d->paths->device_pub, "%s", err);
	doc_do(d, "remove it and run `defenseclawctl init', which makes it "
	    "of device.key");
}

const struct check doc_device[] = {
	{ "device.key", "the key that signs the log is there and whole", 0,
	    0, check_key },
	{ "device.public", "the public key is that key's", 0, 0,
	    check_public },
	{ NULL, NULL, 0, 0, NULL }
};
