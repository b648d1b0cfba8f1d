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

#ifndef CTL_BUNDLE_H
#define CTL_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/head.h"

/*
 * A rule pack as one signed file.  Integers are little-endian.
 *
 *	  0   8	"DCBUNDLE"
 *	  8   4	format, 1
 *	 12   4	length of the manifest, m
 *	 16   8	length of all before the signature, n
 *	 24  32	signer: SHA-256 of its Ed25519 public key
 *	 56   m	manifest
 *	 56+m	the files in the manifest's order, nothing between them
 *	  n  64	Ed25519 (RFC 8032) over "defenseclaw policy bundle v1\0" and
 *		the BLAKE2b-512 (RFC 7693) of the n bytes
 *
 * The manifest:
 *	  0   8	version, from 1; of one name it only grows
 *	  8   8	time, s since 1970
 *	 16   4	number of files
 *	 20   4	length of the name, and the name
 *	then of each file, in ascending order of the bytes of its path:
 *	  0   4	length of the path
 *	  4   4	length of the file
 *	  8  32	BLAKE2b-256 of the file
 *	 40	the path
 *
 * A path is suppressions.yaml, sensitive-tools.yaml, or NAME.yaml below
 * rules/, judge/ or vectors/.
 */

#define BUNDLE_MAGIC		"DCBUNDLE"
#define BUNDLE_MAGIC_LEN	8
#define BUNDLE_FORMAT		1
#define BUNDLE_HEAD_LEN		56
#define BUNDLE_MANIFEST_LEN	24	/* without its name and files */
#define BUNDLE_ENTRY_LEN	40	/* of a file, without its path */
#define BUNDLE_HASH_LEN		32
#define MAX_BUNDLE_NAME		48	/* bytes, also of a file's NAME.yaml */
#define MAX_BUNDLE_PATH		(MAX_BUNDLE_NAME + 8)
#define MAX_BUNDLE_FILES	128
#define MAX_BUNDLE_FILE		(1024 * 1024)	/* bytes */
#define MAX_BUNDLE_TOTAL	(8 * 1024 * 1024)
#define MAX_BUNDLE_MANIFEST	(BUNDLE_MANIFEST_LEN + MAX_BUNDLE_NAME + \
	MAX_BUNDLE_FILES * (BUNDLE_ENTRY_LEN + MAX_BUNDLE_PATH))
#define MAX_BUNDLE_SIZE		(BUNDLE_HEAD_LEN + MAX_BUNDLE_MANIFEST + \
	MAX_BUNDLE_TOTAL + HEAD_SIG_LEN)
#define MAX_BUNDLE_VERSION	INT64_MAX
#define MAX_BUNDLE_KEYS		64
#define MAX_BUNDLE_ERR		512

struct bundle_file {
	char		 path[MAX_BUNDLE_PATH + 1];
	const uint8_t	*data;
	size_t		 len;
};

struct bundle {
	char			 name[MAX_BUNDLE_NAME + 1];
	uint64_t		 version;
	uint64_t		 time;
	uint8_t			 signer[CHAIN_DEVICE_LEN];
	/* of the manifest from its number of files on: what is in it */
	uint8_t			 content[BUNDLE_HASH_LEN];
	size_t			 nfiles;
	struct bundle_file	 file[MAX_BUNDLE_FILES];
};

/* who may sign */
struct bundle_keys {
	size_t		 n;
	uint8_t		 key[MAX_BUNDLE_KEYS][CHAIN_KEY_LEN];
};

enum bundle_fault {
	BUNDLE_OK,
	BUNDLE_MALFORMED,	/* no bundle, or not as said above */
	BUNDLE_TRUNCATED,
	BUNDLE_TRAILING,	/* bytes after its end */
	BUNDLE_UNSIGNED,
	BUNDLE_UNTRUSTED,	/* by a key that is none of ours */
	BUNDLE_FORGED,		/* the signature does not hold */
	BUNDLE_TWICE		/* two files of one path */
};

/* of one path; 1: a file of a rule pack */
int	bundle_path_ok(const char *);
/* of a pack; letters, digits, dash, underscore, dot, the first no dot */
int	bundle_name_ok(const char *);

/*
 * Reads a bundle, which stays in the caller's memory: the signature first,
 * then the rest.  Anything but BUNDLE_OK says why in err.
 */
enum bundle_fault	bundle_read(struct bundle *, const uint8_t *, size_t,
			    const struct bundle_keys *, char *, size_t);

/*
 * The bundle of a name, version, time and files in any order, which are
 * sorted; the key is of HEAD_SECRET_LEN bytes.  malloc'd memory and its
 * length, or NULL and why.
 */
uint8_t	*bundle_make(struct bundle *, const uint8_t *, size_t *, char *,
	    size_t);

#endif /* CTL_BUNDLE_H */
