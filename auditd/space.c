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

#include <string.h>

#include "space.h"

void
space_init(struct space *s, uint64_t reserve, uint64_t max)
{
	memset(s, 0, sizeof(*s));
	s->reserve = reserve;
	s->max = max;
	s->full_s = SPACE_NEVER;
}

const char *
space_level_name(enum space_level level)
{
	static const char *const names[] = { "ok", "low", "out" };

	return (names[level]);
}

static uint64_t
beyond(uint64_t have, uint64_t kept)
{
	return (have > kept ? have - kept : 0);
}

/* one a minute, the oldest of them an hour old */
static void
sample(struct space *s, uint64_t now_ms)
{
	unsigned int	last;

	last = (s->next + MAX_SPACE_SAMPLES - 1) % MAX_SPACE_SAMPLES;
	if (s->nsamples != 0 &&
	    now_ms - s->sample[last].ms < SPACE_SAMPLE_MS)
		return;
	s->sample[s->next].ms = now_ms;
	s->sample[s->next].room = s->room;
	s->next = (s->next + 1) % MAX_SPACE_SAMPLES;
	if (s->nsamples < MAX_SPACE_SAMPLES)
		s->nsamples++;
}

/* at the pace at which room went away, whoever took it */
static void
forecast(struct space *s, uint64_t now_ms)
{
	const struct space_sample	*old;
	double				 gone, span, left;

	s->full_s = SPACE_NEVER;
	old = &s->sample[s->nsamples < MAX_SPACE_SAMPLES ? 0 : s->next];
	if (now_ms - old->ms < SPACE_MIN_MS || old->room <= s->room)
		return;
	gone = (double)(old->room - s->room);
	span = (double)(now_ms - old->ms) / 1000;
	left = (double)s->room * span / gone;
	if (left < MAX_SPACE_FORECAST_S)
		s->full_s = (uint64_t)left;
}

static int
is_out(const struct space *s)
{
	/* to work again there must be some room, not just a byte of it */
	uint64_t	 more = s->level == SPACE_OUT ? s->reserve / 8 : 0;
	uint64_t	 less = s->level == SPACE_OUT ? s->max / 64 : 0;

	if (s->reserve != 0 && s->free <= s->reserve + more)
		return (1);
	return (s->max != 0 && s->used >= s->max - less);
}

static int
is_low(const struct space *s)
{
	int		 calm = s->level == SPACE_OK;
	uint64_t	 disk = calm ? s->reserve * 2 : s->reserve * 5 / 2;
	uint64_t	 left = calm ? s->max / 5 : s->max / 4;

	if (s->reserve != 0 && s->free < disk)
		return (1);
	if (s->max != 0 && beyond(s->max, s->used) < left)
		return (1);
	return (s->full_s < (calm ? SPACE_WARN_S : SPACE_CALM_S));
}

enum space_level
space_update(struct space *s, uint64_t used, uint64_t free, uint64_t now_ms)
{
	s->used = used;
	s->free = free;
	s->room = beyond(free, s->reserve);
	if (s->max != 0 && beyond(s->max, used) < s->room)
		s->room = beyond(s->max, used);
	sample(s, now_ms);
	forecast(s, now_ms);
	s->level = is_out(s) ? SPACE_OUT : is_low(s) ? SPACE_LOW : SPACE_OK;
	return (s->level);
}
