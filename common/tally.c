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

#include "common/tally.h"

static struct tally_entry *
entry_new(struct tally *t, const char *what, const char *origin,
    uint64_t now_ms)
{
	struct tally_entry	*e;

	if (t->n == MAX_TALLY) {
		e = &t->other;
		if (t->other_used)
			return (e);
		t->other_used = 1;
		what = "other";
		origin = "*";
	} else
		e = &t->entry[t->n++];
	memset(e, 0, sizeof(*e));
	strlcpy(e->what, what, sizeof(e->what));
	strlcpy(e->origin, origin, sizeof(e->origin));
	e->since_ms = now_ms;
	return (e);
}

void
tally_hit(struct tally *t, const char *what, const char *origin,
    uint64_t now_ms, tally_report *report, void *arg)
{
	struct tally_entry	*e;
	unsigned int		 i;
	int			 used = t->other_used;

	for (i = 0; i < t->n; i++) {
		e = &t->entry[i];
		if (strncmp(e->what, what, MAX_TALLY_KEY - 1) == 0 &&
		    strncmp(e->origin, origin, MAX_TALLY_KEY - 1) == 0) {
			e->count++;
			return;
		}
	}
	e = entry_new(t, what, origin, now_ms);
	e->count++;
	if ((e != &t->other || !used) && report(e, arg) == 0)
		e->count = 0;
}

/* 1: its window is over and nothing was in it */
static int
entry_flush(struct tally_entry *e, uint64_t now_ms, int all,
    tally_report *report, void *arg)
{
	if (!all && now_ms - e->since_ms < TALLY_WINDOW_MS)
		return (0);
	if (e->count == 0)
		return (1);
	if (report(e, arg) == -1)
		return (0);
	e->count = 0;
	e->since_ms = now_ms;
	return (0);
}

void
tally_flush(struct tally *t, uint64_t now_ms, int all, tally_report *report,
    void *arg)
{
	unsigned int	 i = 0;

	while (i < t->n) {
		if (entry_flush(&t->entry[i], now_ms, all, report, arg))
			t->entry[i] = t->entry[--t->n];
		else
			i++;
	}
	if (t->other_used && entry_flush(&t->other, now_ms, all, report, arg))
		t->other_used = 0;
}

uint64_t
tally_unreported(const struct tally *t)
{
	uint64_t	 n = t->other_used ? t->other.count : 0;
	unsigned int	 i;

	for (i = 0; i < t->n; i++)
		n += t->entry[i].count;
	return (n);
}
