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

#ifndef COMMON_TALLY_H
#define COMMON_TALLY_H

#include <stdint.h>

/*
 * Counting what may come in floods (refused requests), so that each kind
 * from each origin costs one event at once and one more per window, however
 * often it comes.
 */

#define TALLY_WINDOW_MS	10000
#define MAX_TALLY	256	/* origins and kinds at a time */
#define MAX_TALLY_KEY	64

struct tally_entry {
	char		 what[MAX_TALLY_KEY];	/* "wrong-token" */
	char		 origin[MAX_TALLY_KEY];	/* "uid:1000", "127.0.0.1" */
	uint64_t	 since_ms;
	uint64_t	 count;		/* in this window, after the first */
};

struct tally {
	struct tally_entry	entry[MAX_TALLY];
	unsigned int		n;
	uint64_t		overflow;	/* had no room */
};

/* 1 when this one is to be recorded now, 0 when it is counted */
int	tally_hit(struct tally *, const char *, const char *, uint64_t);

/*
 * Calls back for each entry whose window is over and that counted anything,
 * and forgets those, unless the answer is -1: such an entry is kept and
 * counts on.  Call once a second.  Overflow comes as ("other", "*").
 */
void	tally_flush(struct tally *, uint64_t,
	    int (*)(const struct tally_entry *, void *), void *);

/* a now for tally_flush() at which every window is over: before an exit */
#define TALLY_END	UINT64_MAX

#endif /* COMMON_TALLY_H */
