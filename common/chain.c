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

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/chain.h"
#include "common/le.h"

#define CHAIN_MAGIC	"DCCHAIN1"
#define CONTENT_MAGIC	"DCCONT1"	/* hashed with its NUL */
#define GENESIS_MAGIC	"defenseclaw audit genesis v1"	/* likewise */
#define CHAIN_HEADER	176		/* bytes before the action */
#define CHAIN_ALG_NAME	16

_Static_assert(CHAIN_HASH_LEN == crypto_hash_sha256_BYTES, "hash length");
_Static_assert(CHAIN_DEVICE_LEN == crypto_hash_sha256_BYTES, "device length");
_Static_assert(CHAIN_KEY_LEN == crypto_sign_PUBLICKEYBYTES, "key length");

/* one running hash of either kind */
struct hasher {
	enum chain_alg	 alg;
	union {
		crypto_generichash_state	 blake2b;
		crypto_hash_sha256_state	 sha256;
	} u;
};

static void
hasher_init(struct hasher *h, enum chain_alg alg)
{
	h->alg = alg;
	if (alg == CHAIN_SHA256)
		crypto_hash_sha256_init(&h->u.sha256);
	else
		crypto_generichash_init(&h->u.blake2b, NULL, 0,
		    CHAIN_HASH_LEN);
}

static void
hasher_add(struct hasher *h, const void *p, size_t len)
{
	if (h->alg == CHAIN_SHA256)
		crypto_hash_sha256_update(&h->u.sha256, p, len);
	else
		crypto_generichash_update(&h->u.blake2b, p, len);
}

static void
hasher_final(struct hasher *h, uint8_t out[CHAIN_HASH_LEN])
{
	if (h->alg == CHAIN_SHA256)
		crypto_hash_sha256_final(&h->u.sha256, out);
	else
		crypto_generichash_final(&h->u.blake2b, out, CHAIN_HASH_LEN);
}

const char *
chain_alg_name(enum chain_alg alg)
{
	switch (alg) {
	case CHAIN_BLAKE2B:
		return ("blake2b-256");
	case CHAIN_SHA256:
		return ("sha256");
	}
	return (NULL);
}

int
chain_alg_parse(const char *name, enum chain_alg *alg)
{
	if (strcmp(name, "blake2b-256") == 0)
		*alg = CHAIN_BLAKE2B;
	else if (strcmp(name, "sha256") == 0)
		*alg = CHAIN_SHA256;
	else
		return (-1);
	return (0);
}

void
chain_device(const uint8_t key[CHAIN_KEY_LEN], uint8_t out[CHAIN_DEVICE_LEN])
{
	crypto_hash_sha256(out, key, CHAIN_KEY_LEN);
}

void
chain_genesis(const struct chain_row *row, const struct chain_row *before,
    uint8_t out[CHAIN_HASH_LEN])
{
	static const struct chain_row	 none;
	struct hasher			 h;
	uint8_t				 seq[8];

	if (before == NULL)
		before = &none;
	le_put64(seq, before->seq);
	hasher_init(&h, row->alg);
	hasher_add(&h, GENESIS_MAGIC, sizeof(GENESIS_MAGIC));
	hasher_add(&h, row->device, CHAIN_DEVICE_LEN);
	hasher_add(&h, row->epoch, CHAIN_EPOCH_LEN);
	hasher_add(&h, before->epoch, CHAIN_EPOCH_LEN);
	hasher_add(&h, seq, sizeof(seq));
	hasher_add(&h, before->hash, CHAIN_HASH_LEN);
	hasher_final(&h, out);
}

static void
chain_commitment(const struct chain_row *row, const void *content, size_t len,
    uint8_t out[CHAIN_HASH_LEN])
{
	struct hasher	 h;

	hasher_init(&h, row->alg);
	hasher_add(&h, CONTENT_MAGIC, sizeof(CONTENT_MAGIC));
	hasher_add(&h, row->salt, CHAIN_SALT_LEN);
	hasher_add(&h, content, len);
	hasher_final(&h, out);
}

static void
chain_hash(const struct chain_row *row, uint8_t out[CHAIN_HASH_LEN])
{
	struct hasher	 h;
	const char	*action = row->ev.field[EV_ACTION];
	size_t		 alen = strlen(action);
	uint8_t		 b[CHAIN_HEADER];

	memset(b, 0, sizeof(b));
	memcpy(b, CHAIN_MAGIC, 8);
	snprintf((char *)b + 8, CHAIN_ALG_NAME, "%s",
	    chain_alg_name(row->alg));
	memcpy(b + 24, row->device, CHAIN_DEVICE_LEN);
	memcpy(b + 56, row->epoch, CHAIN_EPOCH_LEN);
	le_put64(b + 72, row->seq);
	le_put64(b + 80, row->ev.time_us);
	memcpy(b + 88, row->ev.id, EVENT_ID_LEN);
	le_put16(b + 104, (uint16_t)row->ev.severity);
	le_put32(b + 108, (uint32_t)alen);
	memcpy(b + 112, row->prev, CHAIN_HASH_LEN);
	memcpy(b + 144, row->commitment, CHAIN_HASH_LEN);
	hasher_init(&h, row->alg);
	hasher_add(&h, b, sizeof(b));
	hasher_add(&h, action, alen);
	hasher_final(&h, out);
}

void
chain_seal(struct chain_row *row, const void *content, size_t len)
{
	chain_commitment(row, content, len, row->commitment);
	chain_hash(row, row->hash);
}

int
chain_check(const struct chain_row *row, char *err, size_t errlen)
{
	uint8_t	 content[MAX_EVENT_LEN], sum[CHAIN_HASH_LEN];
	ssize_t	 len;

	if (chain_alg_name(row->alg) == NULL) {
		snprintf(err, errlen, "unknown hash algorithm %d", row->alg);
		return (-1);
	}
	if ((len = event_encode(&row->ev, content, sizeof(content))) == -1) {
		snprintf(err, errlen, "the content is not a valid event");
		return (-1);
	}
	chain_commitment(row, content, (size_t)len, sum);
	if (memcmp(sum, row->commitment, sizeof(sum)) != 0) {
		snprintf(err, errlen,
		    "the content does not match its commitment");
		return (-1);
	}
	chain_hash(row, sum);
	if (memcmp(sum, row->hash, sizeof(sum)) != 0) {
		snprintf(err, errlen, "the row does not match its hash");
		return (-1);
	}
	return (0);
}
