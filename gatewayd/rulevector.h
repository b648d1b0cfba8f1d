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

#ifndef GATEWAYD_RULEVECTOR_H
#define GATEWAYD_RULEVECTOR_H

#include <stddef.h>

#include "rulecompile.h"
#include "rulefile.h"

/*
 * What the author of a pack says that its rules find, and what they do not,
 * tried on the rules as they were compiled.
 *
 *	version: 1
 *	vectors:
 *	  - rule: CMD-PIPE-CURL
 *	    direction: tool_call	# or prompt, completion
 *	    tool: shell			# optional
 *	    match: [texts]		# the rule is among the findings
 *	    miss: [texts]		# it is not
 */

#define MAX_VECTORS		8192	/* of one pack */
#define MAX_VECTOR_TEXT		4096	/* bytes of one */
#define MAX_VECTOR_FAILURES	256	/* that are told one by one */
#define VECTORS_INPUT		"vectors"	/* name of rulec's descriptor */

/* a reader of rulefile.h */
void	 rulefile_vectors(struct ruleyaml *, struct rulefile *,
	    struct rulefile_counts *);

/*
 * Runs the vectors of these records and returns, malloc'd, one JSON object:
 * pack, hash, loaded, prefiltered, skipped, disabled, rules[], notes[], and
 * vectors {checked, failed, failures[], untested[]}.  NULL with err: damaged
 * records, an image that cannot be opened, no memory.  It trusts neither.
 */
char	*rulevector_report(const void *, size_t, const struct rulereport *,
	    const void *, size_t, char *, size_t);

#endif /* GATEWAYD_RULEVECTOR_H */
