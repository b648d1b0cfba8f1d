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

#include <stdint.h>

#include "ctl/when.h"
#include "tests/unit/test.h"

#define NOW	1767323045000000ULL	/* 2026-01-02T03:04:05Z */

static uint64_t
when(const char *text)
{
	uint64_t	us;

	CHECK_INT(when_parse(text, NOW, &us), 0);
	return (us);
}

static void
times(void)
{
	CHECK_INT(when("2026-01-02T03:04:05Z"), NOW);
	CHECK_INT(when("2026-01-02t03:04:05z"), NOW);
	CHECK_INT(when("2026-01-02 03:04:05Z"), NOW);
	CHECK_INT(when("2026-01-02T04:34:05+01:30"), NOW);
	CHECK_INT(when("2026-01-01T22:04:05-05:00"), NOW);
	CHECK_INT(when("2026-01-02T03:04:05.25Z"), NOW + 250000);
	CHECK_INT(when("2026-01-02T03:04:05.0000019Z"), NOW + 1);
	CHECK_INT(when("1970-01-01T00:00:00Z"), 0);
	CHECK_INT(when("2016-12-31T23:59:60Z"), 1483228800000000ULL);
	CHECK_INT(when("2024-02-29T00:00:00Z"), 1709164800000000ULL);
}

static void
ages(void)
{
	CHECK_INT(when("0s"), NOW);
	CHECK_INT(when("30s"), NOW - 30 * 1000000ULL);
	CHECK_INT(when("15m"), NOW - 900 * 1000000ULL);
	CHECK_INT(when("1h"), NOW - 3600 * 1000000ULL);
	CHECK_INT(when("2d"), NOW - 2 * 86400 * 1000000ULL);
	CHECK_INT(when("3w"), NOW - 21 * 86400 * 1000000ULL);
}

static void
neither(void)
{
	static const char *const bad[] = { "", "h", "1", "1y", "-1h", "1.5h",
	    " 1h", "1h ", "99999999999999999999h", "20000w", "now",
	    "2026-01-02", "2026-01-02T03:04:05", "2026-1-2T03:04:05Z",
	    "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
	    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
	    "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
	    "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
	    "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00ZZ",
	    "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00",
	    "2026-01-01T00:00:00+01:00Z", "1969-12-31T23:59:59Z",
	    "1970-01-01T00:00:00+00:01", "2026-01-01T00:00:00.1x" };
	uint64_t	us;
	size_t		i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (when_parse(bad[i], NOW, &us) != -1) {
			printf("%s is taken\n", bad[i]);
			exit(1);
		}
}

int
main(void)
{
	RUN(times);
	RUN(ages);
	RUN(neither);
	return (0);
}
