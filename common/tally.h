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
 * Counts what would flood the log.  The first of a kind and origin is
 * reported at once; from then on one report a window says how many more there
 * were, until a window passes with none.  What finds no place is counted in
 * one entry for all others, in the same way: nothing goes uncounted, and
 * there are at most MAX_TALLY + 1 reports a window besides the first ones.
 */

#define TALLY_WINDOW_MS	60000
#define MAX_TALLY	256	/* kinds and origins at a time */
#define MAX_TALLY_KEY	80

struct tally_entry {
	char		 what[MAX_TALLY_KEY];	/* "unauthorized" */
	char		 origin[MAX_TALLY_KEY];	/* "uid:1000", "127.0.0.1" */
	uint64_t	 since_ms;	/* of this window */
	uint64_t	 count;		/* not yet reported */
};

struct tally {
	struct tally_entry	entry[MAX_TALLY];
	unsigned int		n;
	struct tally_entry	other;	/* "other", "*" */
	int			other_used;
};

/* reports an entry and its count; -1: it could not, and is asked again */
typedef int	tally_report(const struct tally_entry *, void *);

/*
 * One more of a kind and origin at that time (ms of any clock that does not
 * go back); names that are longer than MAX_TALLY_KEY are cut.
 */
void	tally_hit(struct tally *, const char *, const char *, uint64_t,
	    tally_report *, void *);

/*
 * Reports what was counted in windows that are over, with all set in every
 * window.  Call it once a second or so, and with all before the end.
 */
void	tally_flush(struct tally *, uint64_t, int, tally_report *, void *);

/* how many were counted and not reported, over all entries */
uint64_t	 tally_unreported(const struct tally *);

#endif /* COMMON_TALLY_H */
