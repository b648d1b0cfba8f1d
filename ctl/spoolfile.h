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

#ifndef CTL_SPOOLFILE_H
#define CTL_SPOOLFILE_H

#include "ctl/paths.h"

/*
 * The spool of changes that are not recorded yet, as while the suite is down
 * (common/spool.h has its format): written as a whole under its own lock,
 * mode 0600.  A change has the time of its record for a name.
 */

/* 0, or -1 with a reason: what cannot be recorded is not to be done */
int	spoolfile_add(const struct paths *, uint64_t, const char *,
	    const char *, const char *, char *, size_t);

/* takes that record out again; the file goes with its last one */
void	spoolfile_remove(const struct paths *, uint64_t, const char *,
	    const char *, const char *);

#endif /* CTL_SPOOLFILE_H */
