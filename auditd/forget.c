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

#include "common/clock.h"
#include "common/log.h"
#include "auditd.h"

/*
 * Forgets texts whose time is over.  The rows that tell of them stay.
 */

#define DAY_US		(24 * 3600 * 1000000ULL)
#define FORGET_MS	2000		/* between two looks */
#define SCRUB_MS	(3600 * 1000)	/* the WAL is written anew that often */

/* 1: there may be more */
static int
forget_some(uint64_t before_us)
{
	enum store_status	 st;
	uint64_t		 n;

	if (commit_begin() == -1)
		return (0);
	if ((st = kept_expire(auditd.kept, before_us, &n)) != STORE_OK) {
		commit_fail();
		return (0);
	}
	commit_now();
	return (n == KEPT_BATCH);
}

static void
scrub(void)
{
	static uint64_t	 next_ms;
	int		 unclean;

	if (clock_ms() < next_ms || kept_unclean(auditd.kept, &unclean) !=
	    STORE_OK || !unclean)
		return;
	/* who reads now is gone at another look */
	if (kept_scrub(auditd.kept) == STORE_OK)
		next_ms = clock_ms() + SCRUB_MS;
	else
		log_debug("forgotten texts may be in the WAL: %s",
		    store_errtext(auditd.store));
}

void
forget_tick(void)
{
	static uint64_t	 next_ms;
	uint64_t	 keep = (uint64_t)auditd.rec.body_days * DAY_US;
	uint64_t	 now = clock_wall_us(), before;

	if (!auditd.reconciled || auditd.why[0] != '\0' ||
	    clock_ms() < next_ms)
		return;
	next_ms = clock_ms() + FORGET_MS;
	commit_now();
	before = now > keep ? now - keep : 0;
	if (auditd.why[0] == '\0' && kept_older(auditd.kept, before) &&
	    forget_some(before))
		next_ms = 0;
	else if (auditd.why[0] == '\0')
		scrub();
}
