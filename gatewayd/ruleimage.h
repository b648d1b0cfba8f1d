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

#ifndef GATEWAYD_RULEIMAGE_H
#define GATEWAYD_RULEIMAGE_H

#include <hs/hs.h>
#include <stddef.h>
#include <stdint.h>

#include "common/detect/confirm.h"
#include "common/detect/image.h"
#include "rulerec.h"

/*
 * The half of the rule compiler that knows Hyperscan and the matcher image.
 */

/* One rule on its way; the strings are malloc'd and owned by it. */
struct crule {
	char		*id;
	char		*category;
	char		*title;
	char		*pattern;	/* as written, then translated */
	char		**tags;
	uint32_t	 ntags;
	uint32_t	 line;
	uint32_t	 confidence;	/* millionths */
	uint32_t	 width;
	uint32_t	 file;		/* index into the names of files */
	uint8_t		 severity;
	uint8_t		 directions;
	uint8_t		 flags;
	uint8_t		 kind;		/* enum image_kind */
};

/* A serialised database. */
struct ruledb {
	char	*data;
	size_t	 len;
};

/*
 * Tries a rule on its own: translates its pattern and settles whether the
 * database decides it alone or PCRE2 has to confirm.  0, or -1 with err
 * saying why it cannot be in force.
 */
int	ruleimage_probe(struct crule *, struct confirm *,
	    const hs_platform_info_t *, char *, size_t);

/*
 * Makes it a rule that PCRE2 has to confirm; -1 with err when it is one
 * already or cannot be.
 */
int	ruleimage_prefilter(struct crule *, struct confirm *,
	    const hs_platform_info_t *, char *, size_t);

/*
 * One database of the rules for texts of a kind (IMAGE_PLAIN and so on),
 * serialised in memory of free(3); NULL of length 0 when there is none.  -1
 * with err, and *bad the index of the rule at fault, or -1.
 */
int	ruleimage_database(const struct crule *, size_t, unsigned int,
	    const hs_platform_info_t *, struct ruledb *, int *, char *,
	    size_t);

/*
 * The image in malloc'd memory: rules, pack name, hash of 64 hex digits, the
 * judge's records and the serialised databases.  -1: no memory, or over
 * MAX_IMAGE_LEN.
 */
int	ruleimage_write(const struct crule *, size_t, const char *,
	    const char *, const struct rulebuf *,
	    const struct ruledb[IMAGE_DATABASES], uint8_t **, size_t *);

#endif /* GATEWAYD_RULEIMAGE_H */
