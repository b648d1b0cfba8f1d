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

int
tally_hit(struct tally *t, const char *what, const char *origin,
    uint64_t now_ms)
{
	struct tally_entry	*e;
	unsigned int		 i;

	for (i = 0; i < t->n; i++) {
		e = &t->entry[i];
		if (strcmp(e->what, what) == 0 &&
		    strcmp(e->origin, origin) == 0) {
			e->count++;
			return (0);
		}
	}
	if (t->n == MAX_TALLY) {
		t->overflow++;
		return (0);
	}
	e = &t->entry[t->n++];
	strlcpy(e->what, what, sizeof(e->what));
	strlcpy(e->origin, origin, sizeof(e->origin));
	e->since_ms = now_ms;
	e->count = 0;
	return (1);
}

void
tally_flush(struct tally *t, uint64_t now_ms,
    int (*report)(const struct tally_entry *, void *), void *arg)
{
	struct tally_entry	 other;
	unsigned int		 i = 0;

	while (i < t->n) {
		if (now_ms - t->entry[i].since_ms < TALLY_WINDOW_MS) {
			i++;
			continue;
		}
		if (t->entry[i].count != 0 &&
		    report(&t->entry[i], arg) == -1) {
			i++;
			continue;
		}
		t->entry[i] = t->entry[--t->n];
	}
	if (t->overflow != 0 && t->n < MAX_TALLY) {
		memset(&other, 0, sizeof(other));
		strlcpy(other.what, "other", sizeof(other.what));
		strlcpy(other.origin, "*", sizeof(other.origin));
		other.count = t->overflow;
		if (report(&other, arg) == 0)
			t->overflow = 0;
	}
}
