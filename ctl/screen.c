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

#include <stdarg.h>
#include <string.h>

#include "screen.h"

void
screen_size(struct screen *s, int rows, int cols)
{
	s->rows = rows < 1 ? 1 : rows > MAX_SCREEN_ROWS ? MAX_SCREEN_ROWS :
	    rows;
	/* a full last column wraps on some terminals */
	s->cols = cols < 2 ? 1 : cols > MAX_SCREEN_COLS ? MAX_SCREEN_COLS :
	    cols - 1;
	s->fresh = 1;
}

void
screen_begin(struct screen *s)
{
	s->n = 0;
}

void
screen_line(struct screen *s, const char *fmt, ...)
{
	char	*line, *p;
	va_list	 ap;

	if (s->n >= s->rows)
		return;
	line = s->now[s->n++];
	va_start(ap, fmt);
	(void)vsnprintf(line, MAX_SCREEN_COLS + 1, fmt, ap);
	va_end(ap);
	line[s->cols] = '\0';
	for (p = line; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	/* blanks at the end are what is there anyway */
	while (p > line && p[-1] == ' ')
		*--p = '\0';
}

/* the part of a line that differs, and the rest erased where it is shorter */
static void
send_line(FILE *f, int row, const char *was, const char *now)
{
	size_t	same = 0, len = strlen(now), old = strlen(was), end;

	while (now[same] != '\0' && now[same] == was[same])
		same++;
	if (same == len && same == old)
		return;
	/* and what is the same at the end of lines as long as each other */
	end = len;
	while (len == old && end > same && now[end - 1] == was[end - 1])
		end--;
	fprintf(f, "\033[%d;%zuH%.*s", row + 1, same + 1, (int)(end - same),
	    now + same);
	if (old > len)
		fputs("\033[K", f);
}

void
screen_end(struct screen *s, FILE *f)
{
	int	i;

	if (s->fresh) {
		fputs("\033[H\033[2J", f);
		memset(s->was, 0, sizeof(s->was));
		s->fresh = 0;
	}
	for (i = s->n; i < MAX_SCREEN_ROWS; i++)
		s->now[i][0] = '\0';
	for (i = 0; i < s->rows; i++)
		send_line(f, i, s->was[i], s->now[i]);
	memcpy(s->was, s->now, sizeof(s->was));
	fflush(f);
}

void
screen_leave(struct screen *s, FILE *f)
{
	int	row = s->n < s->rows ? s->n + 1 : s->rows;

	fprintf(f, "\033[%d;1H\033[K\n", row);
	fflush(f);
}
