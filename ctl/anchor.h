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

#ifndef CTL_ANCHOR_H
#define CTL_ANCHOR_H

#include <stddef.h>

#include "common/head.h"

/*
 * The newest head that this device signed, wherever it stands in a file: as
 * it was given out, or in a checkpoint that a receiver of the log holds,
 * inside the JSON of HEC, OTLP, syslog or JSON lines, however often escaped.
 * What is not signed by this key is passed over, so that nothing else of the
 * file needs to be believed.
 */

/* the same piece by piece; the pieces of one file in their order */
struct anchor_scan {
	uint8_t		 public_key[CHAIN_KEY_LEN];
	struct head	 head;
	unsigned int	 found;		/* heads of this device */
	unsigned int	 others;	/* that are not, or damaged */
	char		*carry;		/* end of the last piece */
	size_t		 len;
	size_t		 seen;		/* of it */
};

/* -1: no memory */
int	 anchor_piece(struct anchor_scan *, const char *, size_t);
void	 anchor_end(struct anchor_scan *);

/* -1 with err: it cannot be read, or holds none */
int	 anchor_file(const char *, const uint8_t [CHAIN_KEY_LEN],
	    struct head *, char *, size_t);

#endif /* CTL_ANCHOR_H */
