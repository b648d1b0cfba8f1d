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

#ifndef CTL_SCRUB_H
#define CTL_SCRUB_H

#include <stddef.h>

#include "paths.h"

/*
 * Takes the secrets of this installation out of a text, wherever it came
 * from: what is in a file below secrets/, and every value of .env, of
 * MIN_SCRUB bytes or more.  It is the last of several nets, not the first:
 * what may hold secrets is not collected at all.
 */

#define MIN_SCRUB	6	/* shorter ones would hit words */
#define MAX_SCRUB	512	/* secrets that are known */

struct scrub;

/* NULL when they cannot all be read: then nothing may be written; err */
struct scrub	*scrub_open(const struct paths *, char *, size_t);
void		 scrub_close(struct scrub *);

/* overwrites each with *; the number of places */
size_t		 scrub_text(const struct scrub *, char *, size_t);

#endif /* CTL_SCRUB_H */
