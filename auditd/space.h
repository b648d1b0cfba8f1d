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

#ifndef AUDITD_SPACE_H
#define AUDITD_SPACE_H

#include <stdint.h>

/*
 * How much room the audit log still has: what is free on its disk beyond the
 * reserve, or what is left of the database's own limit, whichever is less.
 * Pure: the caller measures and gives the time, in ms of a clock that does
 * not go back.
 *
 * LOW comes when little is left or when, at the pace of the last hour, all
 * of it is gone within SPACE_WARN_S; OUT when nothing is.  Both end later
 * than they begin, so that a size that goes to and fro makes no noise.
 */

#define SPACE_WARN_S		(24 * 3600)	/* forecast that warns */
#define SPACE_CALM_S		(36 * 3600)	/* and one that does no more */
#define SPACE_NEVER		UINT64_MAX
#define MAX_SPACE_FORECAST_S	(100ULL * 365 * 86400) /* more is never */
#define SPACE_SAMPLE_MS		60000
#define SPACE_MIN_MS		600000	/* less history tells nothing */
#define MAX_SPACE_SAMPLES	61	/* an hour */

enum space_level { SPACE_OK = 0, SPACE_LOW, SPACE_OUT };

struct space_sample {
	uint64_t	 ms;
	uint64_t	 room;
};

struct space {
	uint64_t	 reserve;	/* bytes of disk; 0: none */
	uint64_t	 max;		/* bytes of database; 0: no limit */
	uint64_t	 used;		/* as last measured */
	uint64_t	 free;
	uint64_t	 room;		/* until traffic is refused */
	uint64_t	 full_s;	/* forecast, or SPACE_NEVER */
	enum space_level level;
	struct space_sample sample[MAX_SPACE_SAMPLES];	/* a ring */
	unsigned int	 nsamples;
	unsigned int	 next;
};

void	space_init(struct space *, uint64_t, uint64_t);
/* bytes of the database and bytes free on its disk, now; the level */
enum space_level space_update(struct space *, uint64_t, uint64_t, uint64_t);
const char	*space_level_name(enum space_level);	/* "low" */

#endif /* AUDITD_SPACE_H */
