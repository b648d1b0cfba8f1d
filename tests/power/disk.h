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

#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "tests/power/plog.h"

/*
 * A disk as a log of writes leaves it, and what a power cut makes of it.
 *
 * What was synced is there.  Of the rest each write may be there, be missing,
 * be torn at a sector of 512 or 4096 bytes, or stand in the order of another;
 * a file has any of the sizes it went through, with zeros or with foreign
 * bytes where a write is missing.  A name made, changed or taken away since
 * its directory was synced may be so or not, one without the other; only a
 * rename never loses both names.  A mode or owner is the new or the old one.
 */

struct disk;

/* a copy of a directory tree, taken as synced; NULL: there is none */
struct disk	*disk_new(const char *);
void		 disk_free(struct disk *);

/* goes on by one record */
void	 disk_apply(struct disk *, const struct plog_rec *);

/*
 * Writes one of the states that a cut now may leave into an empty directory,
 * which must be there.  The seed chooses; DISK_STRICT leaves just what was
 * synced.
 */
#define DISK_STRICT	0
void	 disk_cut(const struct disk *, uint64_t, const char *);

/* numbers from a seed (splitmix64), so that a run can be done again */
uint64_t disk_random(uint64_t *);

/* removes what is in a directory; 0 or -1 */
int	 disk_empty(const char *);

#endif /* TESTS_POWER_DISK_H */
