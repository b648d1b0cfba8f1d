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

#ifndef GATEWAYD_RULEPACK_H
#define GATEWAYD_RULEPACK_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reader of rule packs: a directory in the reference format, read through
 * its descriptor, made into rule records (rulerec.h).  Nothing outside the
 * directory is looked at, and no link is followed.  The directory, rules and
 * the files must be root's or the directory's owner's, whom the caller knows,
 * and not be writable by group or others.
 *
 *	rules/NAME.yaml		version, category, rules[]
 *	rules/local-patterns.yaml	version, lists of phrases and regexes
 *	judge/NAME.yaml		what a model is told; injection, pii,
 *				tool-injection, exfil
 *	suppressions.yaml  sensitive-tools.yaml
 *	vectors/NAME.yaml	texts that the rules must find, or not
 *
 * Of judge/ and sensitive-tools.yaml what a pack does not have is that of the
 * pack "default", which the compiler carries (rulebuiltin.c).  Suppressions
 * hide, so they are never made up for one.
 */

#define MAX_RULEPACK_FILES	64
#define MAX_RULEPACK_ENTRIES	4096		/* of one directory */
#define MAX_RULEPACK_FILE	(1024 * 1024)	/* bytes */
#define MAX_RULEPACK_TOTAL	(4 * 1024 * 1024)
#define MAX_RULEPACK_RULES	4096
#define MAX_RULEPACK_FILE_RULES	2048
#define MAX_RULEPACK_SUPPRESSIONS 4096
#define MAX_RULEPACK_TOOLS	2048
#define MAX_RULEPACK_PATTERNS	4096		/* local-patterns.yaml */
#define MAX_RULEPACK_REGEX	2048		/* bytes */
#define MAX_RULEPACK_PROMPT	(16 * 1024)	/* bytes */
#define MAX_RULEPACK_ERR	512

/*
 * Reads the pack of the name (basename of its directory) through dirfd, an
 * open directory the caller keeps.  0 with the records in malloc'd memory
 * (the caller frees), or -1 with err naming file, line and key: the pack is
 * refused as a whole.
 */
int	rulepack_read(int, const char *, uint8_t **, size_t *, char *, size_t);

/* the same of the vectors alone (VECTOR records), of which there may be none */
int	rulepack_vectors(int, const char *, uint8_t **, size_t *, char *,
	    size_t);

#endif /* GATEWAYD_RULEPACK_H */
