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

#ifndef TESTS_POWER_LOAD_H
#define TESTS_POWER_LOAD_H

#include <stdint.h>

#include "tests/power/plog.h"

/*
 * A load on the recorded auditd and signer: events of many producers, of
 * which now one, now some, now all are at work, changes of the lists, many
 * checkpoints.  Both are killed, or told to stop, and started again on the
 * way; what was not answered is sent again, as gatewayd does it.
 */

struct load {
	const char	*bindir;
	const char	*top;		/* directory; disk/ and keys/ in it */
	const char	*leaves_out;	/* words of tests/power/plog.h */
	unsigned int	 rows;		/* events and changes */
	unsigned int	 lives;		/* starts with a share of them */
	unsigned int	 shorts;	/* starts killed at once before that */
	uint64_t	 seed;
};

/* makes keys and two empty directories, disk/audit and disk/sign */
void	 load_prepare(const char *);
/* exits with a reason when it does not come to its end */
void	 load_run(const struct load *, struct plog *, int);

#endif /* TESTS_POWER_LOAD_H */
