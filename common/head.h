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

#ifndef COMMON_HEAD_H
#define COMMON_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"

/*
 * A signed head: the device's word that at this time its log ended with this
 * row.  Ed25519 (RFC 8032) over, integers little-endian:
 *	"defenseclaw audit head v1\0" || device || epoch || u64 sequence ||
 *	hash || u64 time in us since 1970
 *
 * Its JSON form is one line without white space and with these members in
 * this order, hexadecimal in lower case; any other spelling is refused:
 *	{"type":"defenseclaw-audit-head","version":1,"device":"..",
 *	"epoch":"..","seq":1,"hash":"..","time":"2026-01-02T03:04:05.678901Z",
 *	"sig":".."}
 */

#define HEAD_SIG_LEN	64
#define HEAD_SEED_LEN	32
#define HEAD_SECRET_LEN	64	/* libsodium's form: seed and public key */
#define MAX_HEAD_JSON	640	/* bytes with the NUL */

struct head {
	uint8_t		device[CHAIN_DEVICE_LEN];
	uint8_t		epoch[CHAIN_EPOCH_LEN];
	uint64_t	seq;
	uint8_t		hash[CHAIN_HASH_LEN];
	uint64_t	time_us;
	uint8_t		sig[HEAD_SIG_LEN];
};

/* sets sig; the secret is HEAD_SECRET_LEN bytes in the caller's memory */
void	 head_sign(struct head *, const uint8_t *);

/*
 * 0 when the head is of the device with this public key and its signature
 * holds, or -1 with err.
 */
int	 head_verify(const struct head *, const uint8_t [CHAIN_KEY_LEN],
	    char *, size_t);

/* writes MAX_HEAD_JSON bytes at most, without a newline; the length */
size_t	 head_json(const struct head *, char [MAX_HEAD_JSON]);

/* exactly the form above, no newline; does not check the signature */
int	 head_parse(struct head *, const char *, size_t, char *, size_t);

/*
 * Key files, as existing installations have them: PEM (RFC 7468) of type
 * "ED25519 PRIVATE KEY" or "ED25519 PUBLIC KEY" around the base64 of the raw
 * 32 bytes, lines ending in LF.  Nothing else is accepted, but the last LF
 * may be missing (secret_read drops it).  The caller reads and writes the
 * files, holds secrets in sodium_malloc'd memory and hands in where they go:
 * no copy is left behind.
 */
#define MAX_DEVICE_KEY	128	/* bytes of either file with a NUL */

int	 device_key_parse(const char *, size_t, uint8_t [HEAD_SEED_LEN],
	    char *, size_t);
size_t	 device_key_text(const uint8_t [HEAD_SEED_LEN],
	    char [MAX_DEVICE_KEY]);
int	 device_pub_parse(const char *, size_t, uint8_t [CHAIN_KEY_LEN],
	    char *, size_t);
size_t	 device_pub_text(const uint8_t [CHAIN_KEY_LEN],
	    char [MAX_DEVICE_KEY]);

/* public key and secret (HEAD_SECRET_LEN) of a seed */
void	 device_key_expand(const uint8_t [HEAD_SEED_LEN],
	    uint8_t [CHAIN_KEY_LEN], uint8_t [HEAD_SECRET_LEN]);

#endif /* COMMON_HEAD_H */
