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

#include "common/rate.h"
#include "tests/unit/test.h"

/* token buckets, with a clock of the test's own */

static struct rates	rs;

static void
burst_then_rate(void)
{
	unsigned int	 i, ok = 0;

	rate_init(&rs, 10, 20);
	for (i = 0; i < 100; i++)
		ok += rate_take(&rs, "uid:1", 1, 1000) == 0;
	CHECK_INT(ok, 20);
	/* a second brings ten, an hour no more than the burst */
	for (i = 0, ok = 0; i < 100; i++)
		ok += rate_take(&rs, "uid:1", 1, 2000) == 0;
	CHECK_INT(ok, 10);
	for (i = 0, ok = 0; i < 100; i++)
		ok += rate_take(&rs, "uid:1", 1, 3600000) == 0;
	CHECK_INT(ok, 20);
	/* a clock that stands still gives nothing */
	CHECK(rate_take(&rs, "uid:1", 1, 3600000) != 0);
}

static void
others_are_not_touched(void)
{
	unsigned int	 i, ok = 0;

	rate_init(&rs, 10, 20);
	for (i = 0; i < 100000; i++)
		(void)rate_take(&rs, "uid:1", 1, 1000 + i / 100);
	for (i = 0; i < 20; i++)
		ok += rate_take(&rs, "token:gateway-token", 1, 2000) == 0;
	CHECK_INT(ok, 20);
}

static void
waits_are_said(void)
{
	unsigned int	wait;

	/* one in ten seconds */
	rate_init(&rs, 0.1, 1);
	CHECK_INT(rate_take(&rs, "uid:1", 1, 0), 0);
	wait = rate_take(&rs, "uid:1", 1, 0);
	CHECK(wait >= 10 && wait <= 11);
	CHECK(rate_take(&rs, "uid:1", 1, 9000) != 0);
	CHECK_INT(rate_take(&rs, "uid:1", 1, wait * 1000), 0);
	rate_init(&rs, 1e-9, 1);
	CHECK_INT(rate_take(&rs, "uid:1", 1, 0), 0);
	CHECK_INT(rate_take(&rs, "uid:1", 1, 0), MAX_RATE_WAIT);
}

static void
costs_make_debts(void)
{
	rate_init(&rs, 1000, 1000);
	/* something larger than the burst is had once, and paid for */
	CHECK_INT(rate_take(&rs, "uid:1", 5000, 0), 0);
	CHECK(rate_take(&rs, "uid:1", 1, 500) != 0);
	CHECK(rate_take(&rs, "uid:1", 1, 1000) != 0);
	/* a debt is one burst at most */
	CHECK_INT(rate_take(&rs, "uid:1", 1, 1001), 0);
	rate_charge(&rs, "uid:2", 1500, 0);
	CHECK(rate_take(&rs, "uid:2", 1, 400) != 0);
	CHECK_INT(rate_take(&rs, "uid:2", 1, 501), 0);
}

static void
bounded_and_shared(void)
{
	char		 name[32];
	unsigned int	 i, ok = 0;

	rate_init(&rs, 1, 2);
	for (i = 0; i < MAX_RATES + 100; i++) {
		snprintf(name, sizeof(name), "uid:%u", i);
		ok += rate_take(&rs, name, 1, 0) == 0;
	}
	/* those beyond share one bucket; nobody goes without a limit */
	CHECK_INT(ok, MAX_RATES + 2);
	CHECK_INT(rs.n, MAX_RATES);
	CHECK_INT(rate_take(&rs, "uid:0", 1, 0), 0);
	/* places of those at rest are free again */
	CHECK_INT(rate_take(&rs, "new", 1, 10000), 0);
	CHECK_INT(rate_take(&rs, "new", 1, 10000), 0);
	CHECK(rate_take(&rs, "new", 1, 10000) != 0);
	CHECK_INT(rs.n, 1);
}

static void
holds(void)
{
	unsigned int	wait;

	/* also without a rate of its own */
	rate_init(&rs, 0, 1);
	CHECK_INT(rate_take(&rs, "uid:1", 1, 0), 0);
	rate_hold(&rs, "uid:1", 5, 0);
	wait = rate_take(&rs, "uid:1", 1, 1000);
	CHECK(wait >= 4 && wait <= 5);
	CHECK_INT(rate_take(&rs, "uid:2", 1, 1000), 0);
	CHECK_INT(rate_take(&rs, "uid:1", 1, 5000), 0);
}

static void
burst_shrinks(void)
{
	rate_init(&rs, 1, 1000);
	rate_charge(&rs, "uid:1", 1, 0);
	rate_set(&rs, 1, 10);
	CHECK_INT(rate_take(&rs, "uid:1", 11, 0), 0);
	CHECK(rate_take(&rs, "uid:1", 1, 0) != 0);
}

int
main(void)
{
	RUN(burst_then_rate);
	RUN(others_are_not_touched);
	RUN(waits_are_said);
	RUN(costs_make_debts);
	RUN(bounded_and_shared);
	RUN(holds);
	RUN(burst_shrinks);
	return (0);
}
