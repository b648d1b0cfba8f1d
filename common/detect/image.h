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

#ifndef COMMON_DETECT_IMAGE_H
#define COMMON_DETECT_IMAGE_H

#include <stdint.h>

/*
 * The matcher image: what the rule compiler seals and the matcher opens.
 * All integers little-endian.
 *
 *	magic[8] "DCMATCH1"
 *	u32 version (3)		u32 length of the whole image
 *	u32 number of rules	u32 offset of the first Hyperscan database
 *	u32 lengths of the IMAGE_DATABASES databases, one after the other
 *	hash[64], hexadecimal SHA-256 of the records
 *	string pack name
 *	rules, one after the other:
 *		u8 kind, u8 severity, u8 directions, u8 flags
 *		u32 group: index of the first rule of the same id
 *		u32 widest match in bytes, UINT32_MAX for no bound
 *		u32 confidence in millionths
 *		strings id, category, title, pattern
 *		u32 number of tags, strings
 *	u32 length of the judge's records, and they: of no concern here
 *	the serialised databases, to the end
 *
 * A string is its u32 length with the NUL, the bytes, and a NUL.  Patterns
 * are the translated ones: what PCRE2 is given at run time.
 *
 * The first database holds the rules for text as it is, the second those for
 * text with its commands marked, the third those for text with its sentences
 * marked; a rule's flags say which hold it.  One that would hold none is
 * missing and has the length 0.
 */

#define IMAGE_MAGIC		"DCMATCH1"
#define IMAGE_MAGIC_LEN		8
#define IMAGE_VERSION		3
#define IMAGE_HASH_LEN		64	/* hex digits, without NUL */
#define IMAGE_DATABASES		3
#define IMAGE_HEADER_LEN	(IMAGE_MAGIC_LEN + 4 * 4 + \
				IMAGE_DATABASES * 4 + IMAGE_HASH_LEN)

#define MAX_IMAGE_LEN		(64 * 1024 * 1024)
#define MAX_IMAGE_RULES		8192	/* rules and local patterns */
#define MAX_IMAGE_STRING	8192	/* bytes of one string, with NUL */
#define MAX_IMAGE_TAGS		32	/* of one rule */

enum image_kind {
	IMAGE_EXACT = 1,	/* the database says all */
	IMAGE_PREFILTER = 2	/* the database says perhaps, PCRE2 decides */
};

/* directions a rule is for */
#define IMAGE_DIR_PROMPT	0x01
#define IMAGE_DIR_COMPLETION	0x02
#define IMAGE_DIR_TOOL_CALL	0x04
#define IMAGE_DIR_ALL		0x07

/* flags of a pattern, the same for the compiler and for PCRE2 */
#define IMAGE_CASELESS		0x01
#define IMAGE_UTF		0x02	/* characters, not bytes */
#define IMAGE_PLAIN		0x04	/* in the first database */
#define IMAGE_COMMAND		0x08	/* in the second */
#define IMAGE_SENTENCE		0x10	/* in the third */
#define IMAGE_FLAGS_ALL		0x1f

#endif /* COMMON_DETECT_IMAGE_H */
