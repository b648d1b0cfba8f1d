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

#ifndef COMMON_RATE_H
#define COMMON_RATE_H

#include <stdint.h>

/*
 * Token buckets by name: what a principal may take is refilled evenly and
 * saved up to the burst.  Something is had as long as one unit is left, and
 * may cost more than is left: what is missing is a debt, of one burst at
 * most.  Whoever finds no place shares one bucket with all others that do
 * not; a place whose bucket is full again is free.  The caller gives the
 * time, in ms of a clock that does not go back.
 */

#define MAX_RATES	256	/* principals that are not at rest */
#define MAX_RATE_NAME	80
#define MAX_RATE_WAIT	3600	/* seconds, the longest wait that is named */

struct rate {
	char		 name[MAX_RATE_NAME];
	double		 left;
	uint64_t	 at_ms;		/* when left was true */
	uint64_t	 until_ms;	/* nothing before */
};

struct rates {
	struct rate	 rate[MAX_RATES];
	unsigned int	 n;
	struct rate	 others;
	double		 per_ms;	/* 0: no limit */
	double		 burst;
};

/* units a second, 0 for no limit, and units that can be saved, at least 1 */
void	rate_init(struct rates *, double, double);

/* the same from now on; who has more than the burst saved has that much */
void	rate_set(struct rates *, double, double);

/*
 * Takes so many units for this name.  0, or the seconds after which it is
 * worth another try, 1 to MAX_RATE_WAIT; nothing is taken then.
 */
unsigned int	 rate_take(struct rates *, const char *, double, uint64_t);

/* takes them whatever is left */
void	rate_charge(struct rates *, const char *, double, uint64_t);

/* another one decided that this name gets nothing for so many seconds */
void	rate_hold(struct rates *, const char *, unsigned int, uint64_t);

#endif /* COMMON_RATE_H */
