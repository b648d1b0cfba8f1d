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

#ifndef CTL_TALLIES_H
#define CTL_TALLIES_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a long log says most often: names and how often they came.  Names
 * beyond the first MAX_TALLIES different ones are counted together.
 */

#define MAX_TALLIES	4096
#define MAX_TALLY_NAME	128	/* with its NUL; longer ones are cut */

struct one_tally {
	uint64_t	n;
	char		name[MAX_TALLY_NAME];
};

struct tallies {
	struct one_tally one[2 * MAX_TALLIES];	/* by hash; n 0: free */
	size_t		 used;
	uint64_t	 others;
};

void	 tallies_add(struct tallies *, const char *);

/* those that came most often, most first, at most so many; how many */
size_t	 tallies_top(const struct tallies *, const struct one_tally **,
	    size_t);

#endif /* CTL_TALLIES_H */
