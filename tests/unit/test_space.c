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

#include "auditd/space.h"
#include "tests/unit/test.h"

/* the room of the audit log and its forecast, with the test's own clock */

#define MB	(1024ULL * 1024)
#define MINUTE	60000ULL

static struct space	s;

static void
reserve_of_the_disk(void)
{
	space_init(&s, 64 * MB, 0);
	CHECK_INT(space_update(&s, 10 * MB, 1000 * MB, 0), SPACE_OK);
	CHECK_INT(s.room, 936 * MB);
	CHECK(s.full_s == SPACE_NEVER);
	/* twice the reserve warns */
	CHECK_INT(space_update(&s, 10 * MB, 128 * MB, 1), SPACE_OK);
	CHECK_INT(space_update(&s, 10 * MB, 128 * MB - 1, 2), SPACE_LOW);
	CHECK_INT(space_update(&s, 10 * MB, 159 * MB, 3), SPACE_LOW);
	CHECK_INT(space_update(&s, 10 * MB, 160 * MB, 4), SPACE_OK);
	CHECK_INT(space_update(&s, 10 * MB, 64 * MB + 1, 5), SPACE_LOW);
	CHECK_INT(space_update(&s, 10 * MB, 64 * MB, 6), SPACE_OUT);
	CHECK_INT(s.room, 0);
	/* to work again takes some more than that */
	CHECK_INT(space_update(&s, 10 * MB, 72 * MB, 7), SPACE_OUT);
	CHECK_INT(space_update(&s, 10 * MB, 72 * MB + 1, 8), SPACE_LOW);
}

static void
limit_of_the_database(void)
{
	space_init(&s, 0, 640 * MB);
	CHECK_INT(space_update(&s, 500 * MB, 10000 * MB, 0), SPACE_OK);
	CHECK_INT(s.room, 140 * MB);
	CHECK_INT(space_update(&s, 513 * MB, 10000 * MB, 1), SPACE_LOW);
	CHECK_INT(space_update(&s, 500 * MB, 10000 * MB, 2), SPACE_LOW);
	CHECK_INT(space_update(&s, 480 * MB, 10000 * MB, 3), SPACE_OK);
	CHECK_INT(space_update(&s, 640 * MB, 10000 * MB, 4), SPACE_OUT);
	CHECK_INT(space_update(&s, 630 * MB, 10000 * MB, 5), SPACE_OUT);
	CHECK_INT(space_update(&s, 629 * MB, 10000 * MB, 6), SPACE_LOW);
}

static void
whichever_is_less(void)
{
	space_init(&s, 100 * MB, 1000 * MB);
	(void)space_update(&s, 100 * MB, 500 * MB, 0);
	CHECK_INT(s.room, 400 * MB);
	(void)space_update(&s, 700 * MB, 500 * MB, 1);
	CHECK_INT(s.room, 300 * MB);
}

static void
no_limits(void)
{
	space_init(&s, 0, 0);
	CHECK_INT(space_update(&s, 10 * MB, 0, 0), SPACE_OK);
	CHECK_INT(space_update(&s, 10 * MB, 10 * MB, 1), SPACE_OK);
}

/* n minutes at so many bytes a minute */
static enum space_level
minutes(unsigned int n, uint64_t each, uint64_t *free, uint64_t *now)
{
	enum space_level	level = SPACE_OK;
	unsigned int		i;

	for (i = 0; i < n; i++) {
		*now += MINUTE;
		*free -= each;
		level = space_update(&s, 0, *free, *now);
	}
	return (level);
}

static void
forecast(void)
{
	uint64_t	free = 100000 * MB, now = 0;

	space_init(&s, 64 * MB, 0);
	CHECK_INT(space_update(&s, 0, free, now), SPACE_OK);
	/* ten minutes are not much to go by, less is nothing */
	CHECK_INT(minutes(9, 100 * MB, &free, &now), SPACE_OK);
	CHECK(s.full_s == SPACE_NEVER);
	CHECK_INT(minutes(1, 100 * MB, &free, &now), SPACE_LOW);
	/* 98936 MiB at 100 MiB a minute */
	CHECK_INT(s.full_s, 98936 * 60 / 100);
	/* an hour of calm, and it is forgotten */
	CHECK_INT(minutes(61, 0, &free, &now), SPACE_OK);
	CHECK(s.full_s == SPACE_NEVER);
	/* a slow one does not warn: 60 MiB an hour are more than a month */
	CHECK_INT(minutes(120, MB, &free, &now), SPACE_OK);
	CHECK(s.full_s > 30 * 86400 && s.full_s != SPACE_NEVER);
	/* once warned it takes a longer forecast to calm down */
	CHECK_INT(minutes(60, 70 * MB, &free, &now), SPACE_LOW);
	CHECK_INT(minutes(60, 55 * MB, &free, &now), SPACE_LOW);
	CHECK(s.full_s > SPACE_WARN_S && s.full_s < SPACE_CALM_S);
	CHECK_INT(minutes(60, 10 * MB, &free, &now), SPACE_OK);
	CHECK(s.nsamples == MAX_SPACE_SAMPLES);
}

/* a pace at which nobody lives to see the end is none */
static void
forecast_of_ages(void)
{
	uint64_t	free = UINT64_MAX, now = 0;

	space_init(&s, MB, 0);
	CHECK_INT(space_update(&s, 0, free, now), SPACE_OK);
	CHECK_INT(minutes(30, 1, &free, &now), SPACE_OK);
	CHECK(s.full_s == SPACE_NEVER);
	free = 400 * 365 * 24 * 60ULL + MB;
	now += 2 * 60 * MINUTE;
	CHECK_INT(minutes(61, 1, &free, &now), SPACE_OK);
	CHECK_INT(minutes(61, 1, &free, &now), SPACE_OK);
	CHECK(s.full_s == SPACE_NEVER);
	/* fifty years are told */
	free = 50 * 365 * 24 * 60ULL + MB;
	CHECK_INT(minutes(61, 1, &free, &now), SPACE_OK);
	CHECK_INT(minutes(61, 1, &free, &now), SPACE_OK);
	CHECK(s.full_s > 49 * 365 * 86400ULL &&
	    s.full_s < 51 * 365 * 86400ULL);
}

int
main(void)
{
	RUN(reserve_of_the_disk);
	RUN(limit_of_the_database);
	RUN(whichever_is_less);
	RUN(no_limits);
	RUN(forecast);
	RUN(forecast_of_ages);
	return (0);
}
