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

#ifndef GATEWAYD_RULECOMPILE_H
#define GATEWAYD_RULECOMPILE_H

#include <stddef.h>
#include <stdint.h>

#include "rulerec.h"
#include "common/detect/image.h"

/*
 * Rule records to a matcher image.  Linked into the rule compiler and tests
 * only: it needs the whole of Hyperscan.
 */

#define MAX_RULEREPORT_NOTES	1024
#define MAX_RULEREPORT_CATEGORIES 64
#define MAX_RULEREPORT_TEXT	256	/* bytes of a reason, with NUL */
#define MAX_RULEREPORT_NAME	128	/* of a file, id or category */
#define MAX_RULECOMPILE_SECS	5	/* CPU time for one pattern */
#define MAX_RULECOMPILE_ERR	512

struct rulenote {
	enum rulenote_kind	 kind;
	uint32_t		 line;		/* 0: none */
	char			 file[MAX_RULEREPORT_NAME];
	char			 id[MAX_RULEREPORT_NAME];	/* may be "" */
	char			 reason[MAX_RULEREPORT_TEXT];
};

struct rulecount {
	char			 category[MAX_RULEREPORT_NAME];
	uint32_t		 loaded;
};

struct rulereport {
	char			 pack[MAX_RULEREPORT_NAME];
	char			 hash[IMAGE_HASH_LEN + 1];
	uint32_t		 loaded;	/* rules in force */
	uint32_t		 prefiltered;	/* of them, PCRE2 decides */
	uint32_t		 skipped;
	uint32_t		 disabled;
	uint32_t		 suppressions;
	uint32_t		 tools;
	uint32_t		 nnotes;	/* kept */
	uint32_t		 dropped;	/* notes beyond the limit */
	uint32_t		 ncategories;
	struct rulecount	 categories[MAX_RULEREPORT_CATEGORIES];
	struct rulenote		*notes;
};

/*
 * Compiles.  0 with the image in malloc'd memory and the report filled (free
 * it with rulereport_free()), or -1 with err: the records are damaged, no
 * rule is left, no memory.  A rule that cannot be compiled is a note.
 */
int	rulecompile(const void *, size_t, uint8_t **, size_t *,
	    struct rulereport *, char *, size_t);
void	rulereport_free(struct rulereport *);

#endif /* GATEWAYD_RULECOMPILE_H */
