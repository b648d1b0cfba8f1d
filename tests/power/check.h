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

#ifndef TESTS_POWER_CHECK_H
#define TESTS_POWER_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "common/event.h"

#define MAX_CHECK_REASON	512

/* what was promised before the power went */
struct promised {
	const uint8_t	(*ids)[EVENT_ID_LEN];	/* of durable rows */
	size_t		 nids;
	uint64_t	 signed_seq;		/* of a head, 0: none */
};

/*
 * Takes a directory with audit/ and sign/ into use as auditd and the signer
 * do at their start, with their own code, and holds it against what was
 * promised; then goes on for one more row and one more signature.  keys is
 * the directory of load_prepare().  0, or -1 with a reason.
 */
int	 check_recovers(const char *, const char *, const struct promised *,
	    char *, size_t);

#endif /* TESTS_POWER_CHECK_H */
