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

#include "tallies.h"

/* FNV-1a, 32 bits */
static uint32_t
hash(const char *s)
{
	uint32_t	h = 2166136261U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return (h);
}

void
tallies_add(struct tallies *t, const char *text)
{
	char			 name[MAX_TALLY_NAME];
	struct one_tally	*o;
	uint32_t		 i;

	strlcpy(name, text, sizeof(name));
	/* never more than half full, so that a free place ends the search */
	for (i = hash(name);; i++) {
		o = &t->one[i % (2 * MAX_TALLIES)];
		if (o->n == 0)
			break;
		if (strcmp(o->name, name) == 0) {
			o->n++;
			return;
		}
	}
	if (t->used == MAX_TALLIES) {
		t->others++;
		return;
	}
	t->used++;
	o->n = 1;
	memcpy(o->name, name, sizeof(name));
}

/* most first, and those of one count by name, so that the order is one */
static int
before(const struct one_tally *x, const struct one_tally *y)
{
	return (x->n != y->n ? x->n > y->n : strcmp(x->name, y->name) < 0);
}

size_t
tallies_top(const struct tallies *t, const struct one_tally **top, size_t max)
{
	const struct one_tally	*o;
	size_t			 i, j, n = 0;

	for (i = 0; i < 2 * MAX_TALLIES; i++) {
		o = &t->one[i];
		if (o->n == 0 || (n == max && !before(o, top[n - 1])))
			continue;
		for (j = n < max ? n++ : n - 1; j > 0 && before(o, top[j -
		    1]); j--)
			top[j] = top[j - 1];
		top[j] = o;
	}
	return (n);
}
