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

#include "common/tally.h"
#include "tests/unit/test.h"

/* refusals that are counted: one report a window, and nothing lost */

static uint64_t		 reported;
static unsigned int	 reports;
static int		 refuse;
static char		 last[MAX_TALLY_KEY];

static int
report(const struct tally_entry *e, void *arg)
{
	(void)arg;
	if (refuse)
		return (-1);
	CHECK(e->count > 0);
	reported += e->count;
	reports++;
	strlcpy(last, e->origin, sizeof(last));
	return (0);
}

static void
start(struct tally *t)
{
	memset(t, 0, sizeof(*t));
	reported = 0;
	reports = 0;
}

static void
first_at_once_then_by_window(void)
{
	static struct tally	 t;
	unsigned int		 i;

	start(&t);
	for (i = 0; i < 1000; i++)
		tally_hit(&t, "unauthorized", "uid:1", 100, report, NULL);
	CHECK_INT(reports, 1);
	CHECK_INT(reported, 1);
	/* another origin and another kind are others */
	tally_hit(&t, "unauthorized", "uid:2", 100, report, NULL);
	tally_hit(&t, "bare-lf", "uid:1", 100, report, NULL);
	CHECK_INT(reports, 3);
	tally_flush(&t, 100 + TALLY_WINDOW_MS - 1, 0, report, NULL);
	CHECK_INT(reports, 3);
	tally_flush(&t, 100 + TALLY_WINDOW_MS, 0, report, NULL);
	CHECK_INT(reports, 4);
	CHECK_INT(reported, 1002);
	CHECK_STR(last, "uid:1");
	/* a flood that goes on is one report a window */
	for (i = 0; i < 1000; i++)
		tally_hit(&t, "unauthorized", "uid:1", 200 +
		    TALLY_WINDOW_MS, report, NULL);
	CHECK_INT(reports, 4);
	tally_flush(&t, 100 + 2 * TALLY_WINDOW_MS, 0, report, NULL);
	CHECK_INT(reports, 5);
	CHECK_INT(reported, 2002);
	/* one that ended is forgotten, and begins anew */
	tally_flush(&t, 100 + 3 * TALLY_WINDOW_MS, 0, report, NULL);
	CHECK_INT(t.n, 0);
	CHECK_INT(reports, 5);
	tally_hit(&t, "unauthorized", "uid:1", 101 + 3 * TALLY_WINDOW_MS,
	    report, NULL);
	CHECK_INT(reports, 6);
}

static void
unrecorded_is_kept(void)
{
	static struct tally	t;

	start(&t);
	refuse = 1;
	tally_hit(&t, "control", "uid:1", 0, report, NULL);
	tally_hit(&t, "control", "uid:1", 0, report, NULL);
	tally_flush(&t, TALLY_WINDOW_MS, 0, report, NULL);
	refuse = 0;
	CHECK_INT(tally_unreported(&t), 2);
	tally_flush(&t, TALLY_WINDOW_MS, 0, report, NULL);
	CHECK_INT(reports, 1);
	CHECK_INT(reported, 2);
	CHECK_INT(tally_unreported(&t), 0);
}

static void
others_are_counted(void)
{
	static struct tally	 t;
	char			 origin[32];
	unsigned int		 i;

	start(&t);
	for (i = 0; i < 3 * MAX_TALLY; i++) {
		snprintf(origin, sizeof(origin), "127.0.%u.%u", i / 256,
		    i % 256);
		tally_hit(&t, "unauthorized", origin, 0, report, NULL);
	}
	/* the first of all others is recorded at once, too */
	CHECK_INT(reports, MAX_TALLY + 1);
	CHECK_INT(tally_unreported(&t), 2 * MAX_TALLY - 1);
	refuse = 1;
	tally_flush(&t, TALLY_WINDOW_MS, 0, report, NULL);
	refuse = 0;
	CHECK_INT(tally_unreported(&t), 2 * MAX_TALLY - 1);
	tally_flush(&t, TALLY_WINDOW_MS, 0, report, NULL);
	CHECK_INT(reports, MAX_TALLY + 2);
	CHECK_INT(reported, 3 * MAX_TALLY);
	CHECK_STR(last, "*");
	tally_flush(&t, 2 * TALLY_WINDOW_MS, 0, report, NULL);
	CHECK_INT(t.other_used, 0);
}

static void
the_end_leaves_nothing(void)
{
	static struct tally	 t;
	unsigned int		 i;

	start(&t);
	for (i = 0; i < 5; i++)
		tally_hit(&t, "cross-site", "127.0.0.1", 10, report, NULL);
	tally_flush(&t, 11, 1, report, NULL);
	CHECK_INT(reported, 5);
	CHECK_INT(reports, 2);
	CHECK_INT(tally_unreported(&t), 0);
}

int
main(void)
{
	RUN(first_at_once_then_by_window);
	RUN(unrecorded_is_kept);
	RUN(others_are_counted);
	RUN(the_end_leaves_nothing);
	return (0);
}
