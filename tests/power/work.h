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

#ifndef TESTS_POWER_WORK_H
#define TESTS_POWER_WORK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Points of a record, shared out to processes: each goes through the record
 * once, with its own disk and its own random numbers.
 */

#define MAX_WORK_TEXT	512
#define WORKERS		2
#define MAX_TOP		64	/* bytes of a path from work_top() */

/* what all of them found; in shared memory */
struct found {
	_Atomic unsigned long	 done;
	_Atomic unsigned long	 failed;
	_Atomic unsigned long	 wanted;	/* of them with that reason */
	uint64_t		 point, seed;	/* of the first of them */
	char			 text[MAX_WORK_TEXT];
};

struct work {
	unsigned int	 number;	/* of the process */
	size_t		 points;	/* its share */
	uint64_t	 rnd;
	const char	*want;		/* reason that must be found, or NULL */
	struct found	*found;
};

/*
 * Runs fn in WORKERS processes that write to a copy of all memory.
 * With a reason that is wanted they go on until it was found often enough.
 */
void	 work_run(void (*)(struct work *, void *), void *, size_t, uint64_t,
	    const char *, struct found *);
/* 1: that is the end, as nothing was to fail */
int	 work_failed(struct work *, uint64_t, uint64_t, const char *);
int	 work_over(const struct work *);
/* says how it went; 0 when it went as it must */
int	 work_verdict(const struct found *, const char *);

/* a fresh directory, in memory where there is room */
void	 work_top(char *, size_t);
/* seed from DC_SEED or drawn; 1 when DC_SOAK says that it may take long */
int	 work_begin(uint64_t *);

#endif /* TESTS_POWER_WORK_H */
