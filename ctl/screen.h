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

#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stddef.h>
#include <stdio.h>

/*
 * A terminal that is drawn again and again, over a line that may be slow:
 * what a line has in common with what stands there already is not sent.
 * Nothing but what a VT100 has: cursor address, erase to the end of the line
 * and of the screen.  Text is printable ASCII; what is not becomes "?".
 */

#define MAX_SCREEN_ROWS	64
#define MAX_SCREEN_COLS	160

struct screen {
	char	was[MAX_SCREEN_ROWS][MAX_SCREEN_COLS + 1];
	char	now[MAX_SCREEN_ROWS][MAX_SCREEN_COLS + 1];
	int	n;		/* lines of now */
	int	rows;
	int	cols;
	int	fresh;		/* what stands there is not known */
};

/* so many rows and columns of it are used; everything is sent anew */
void	screen_size(struct screen *, int, int);

/* a new picture: its lines, from the top; too many are left out */
void	screen_begin(struct screen *);
void	screen_line(struct screen *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));

/* sends what has changed, and remembers it */
void	screen_end(struct screen *, FILE *);

/* leaves the cursor below the picture */
void	screen_leave(struct screen *, FILE *);

#endif /* CTL_SCREEN_H */
