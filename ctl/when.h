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

#ifndef CTL_WHEN_H
#define CTL_WHEN_H

#include <stdint.h>

/*
 * A moment as operators write it: RFC 3339, section 5.6, with Z or an offset
 * and a fraction of a second where there is one (2026-01-02T03:04:05Z,
 * 2026-01-02t03:04:05.25+01:00), or how long before now: 30s, 15m, 1h, 2d,
 * 3w.  now and *us are microseconds since 1970.  A leap second is the second
 * after it.  0, or -1 when it is neither, or before 1970.
 */
int	when_parse(const char *, uint64_t, uint64_t *);

#endif /* CTL_WHEN_H */
