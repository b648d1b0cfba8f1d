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

#ifndef COMMON_CHAIN_H
#define COMMON_CHAIN_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "common/event.h"

/*
 * The hash chain over the audit log.
 *
 * A row is a chain header and a salted commitment to the event's content:
 * when content has to be erased later, the header and the commitment stay
 * and the chain still verifies.
 *
 *	commitment = H("DCCONT1\0" || salt || encoded event)
 *	hash       = H(header)
 *
 * The header, integers little-endian:
 *	  0   8	"DCCHAIN1"
 *	  8  16	name of the hash, padded with NUL
 *	 24  32	device: SHA-256 of its Ed25519 public key
 *	 56  16	epoch
 *	 72   8	sequence
 *	 80   8	time of the event, us since 1970
 *	 88  16	id of the event
 *	104   2	severity
 *	106   2	zero
 *	108   4	length of the action
 *	112  32	prev: hash of the row before, or the epoch's genesis
 *	144  32	commitment
 *	176   n	action, no NUL
 *
 * The genesis of an epoch binds the end of the epoch before it, so that no
 * epoch can be taken out unnoticed (zeros when it is the first):
 *	H("defenseclaw audit genesis v1\0" || device || epoch ||
 *	    previous epoch || u64 its last sequence || its last hash)
 *
 * Sequences never repeat on one device: a new epoch goes on after the last
 * sequence known, including one that only the signer still remembers.
 */

#define CHAIN_HASH_LEN		32
#define CHAIN_DEVICE_LEN	32
#define CHAIN_EPOCH_LEN		16
#define CHAIN_SALT_LEN		16
#define CHAIN_KEY_LEN		32	/* Ed25519 public key, also the seed */
#define MAX_CHAIN_SEQ		INT64_MAX

/* numbers are stored; never renumber */
enum chain_alg {
	CHAIN_BLAKE2B = 1,	/* "blake2b-256", RFC 7693 */
	CHAIN_SHA256 = 2	/* "sha256", FIPS 180-4 */
};

/* one row of the log as every reader sees it */
struct chain_row {
	uint64_t	 seq;
	enum chain_alg	 alg;
	uint8_t		 device[CHAIN_DEVICE_LEN];
	uint8_t		 epoch[CHAIN_EPOCH_LEN];
	uint8_t		 salt[CHAIN_SALT_LEN];
	uint8_t		 commitment[CHAIN_HASH_LEN];
	uint8_t		 prev[CHAIN_HASH_LEN];
	uint8_t		 hash[CHAIN_HASH_LEN];
	struct event	 ev;
};

const char	*chain_alg_name(enum chain_alg);	/* NULL: unknown */
int		 chain_alg_parse(const char *, enum chain_alg *);

/* device id of a public key */
void	 chain_device(const uint8_t [CHAIN_KEY_LEN],
	    uint8_t [CHAIN_DEVICE_LEN]);

/*
 * The prev of an epoch's first row.  row gives alg, device and epoch; before
 * is the last row of the epoch before (its epoch, seq and hash are read), or
 * NULL when there is none.
 */
void	 chain_genesis(const struct chain_row *, const struct chain_row *,
	    uint8_t [CHAIN_HASH_LEN]);

/* fills in commitment and hash; content is the event as event_encode wrote */
void	 chain_seal(struct chain_row *, const void *, size_t);

/*
 * Recomputes commitment and hash from the row's own fields.  0, or -1 with
 * err saying which of them does not match.  Says nothing about prev.
 */
int	 chain_check(const struct chain_row *, char *, size_t);

#endif /* COMMON_CHAIN_H */
