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

#include "common/rowfilter.h"

static int
is(const struct chain_row *row, enum event_field f, const char *wanted)
{
	return (wanted == NULL || (row->ev.field[f] != NULL &&
	    strcmp(row->ev.field[f], wanted) == 0));
}

static int
has_text(const struct chain_row *row, const char *text)
{
	int	 f;

	for (f = 0; f < EV_COUNT; f++)
		if (row->ev.field[f] != NULL &&
		    strcasestr(row->ev.field[f], text) != NULL)
			return (1);
	return (0);
}

static const char *
word(char text[MAX_QUERY_WORD])
{
	text[MAX_QUERY_WORD - 1] = '\0';
	return (text[0] != '\0' ? text : NULL);
}

void
rowfilter_asked(struct rowfilter *f, struct audit_list *al)
{
	f->since = al->since;
	f->before = al->before;
	f->since_us = al->since_us;
	f->until_us = al->until_us;
	f->severities = al->severities & SEV_ANY;
	f->action = word(al->action);
	f->actor = word(al->actor);
	f->session = word(al->session);
	f->tool = word(al->tool);
	f->target = word(al->target);
	f->text = word(al->text);
}

int
rowfilter_match(const struct rowfilter *f, const struct chain_row *row)
{
	if (row->seq <= f->since ||
	    (f->before != 0 && row->seq >= f->before) ||
	    row->ev.time_us < f->since_us ||
	    (f->until_us != 0 && row->ev.time_us >= f->until_us) ||
	    (f->severities != 0 &&
	    (f->severities & SEV_BIT(row->ev.severity)) == 0))
		return (0);
	return (is(row, EV_ACTION, f->action) &&
	    is(row, EV_ACTOR, f->actor) &&
	    is(row, EV_SESSION_ID, f->session) &&
	    is(row, EV_TOOL_NAME, f->tool) &&
	    is(row, EV_TARGET, f->target) &&
	    (f->text == NULL || has_text(row, f->text)));
}
