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

#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/*
 * What the front end says.  Text that came from elsewhere (names, reasons,
 * rows) is escaped before a terminal sees it; colours only on a terminal and
 * not with NO_COLOR.  With --json there is one document, or one line per
 * row, on standard output, also when the command fails.
 */

#define MAX_OUT_TEXT	4096	/* bytes of one message, escaped */
#define MAX_COLUMNS	10

extern int	 out_json;	/* --json was given */

void	out_init(int);

/* text on standard error, an error object with --json; returns the code */
int	out_fail(int, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));

/* a remark on standard error */
void	out_note(const char *, ...)
	    __attribute__((__format__(printf, 1, 2)));

/* "name  value", escaped; names are padded to one width */
void	out_field(const char *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));

/*
 * The character at the start of this UTF-8, of so many bytes, if it is one
 * that neither JSON nor HTML need escape and a terminal or a reader obeys:
 * U+007F to U+009F, and those that end a line or turn the direction of what
 * follows (U+2028 to U+202E, U+2066 to U+2069); and its length.  0: another.
 */
unsigned int	out_obeyed(const char *, size_t, size_t *);

/*
 * A line of JSON, given without its LF, on the standard output: it means the
 * same and a terminal obeys nothing in it.
 */
void	out_line(const char *, size_t);

/* one document, and drops the reference */
void	out_document(json_t *);

/* escaped into a static buffer, one of four that are used in turn */
const char	*out_safe(const char *);

/* word in the colour of its meaning ("HIGH", "block", "ready"), or as is */
const char	*out_word(const char *);

/* 0, or 1 when something written did not arrive */
int	out_end(void);

/* columns as wide as their longest cell; with --json there are none */
struct table {
	const char *const	*heads;		/* NULL at the end */
	size_t			 ncols;
	size_t			 ncells;
	size_t			 room;
	char			**cells;
};

void	table_init(struct table *, const char *const *);
void	table_cell(struct table *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));
void	table_print(struct table *);	/* and empties it */

/*
 * A file that appears under its name only when it is whole, mode 0600;
 * NULL, or "-", is standard output, and what is there and no regular file is
 * written to as it is.  outfile_close() with ok 0 leaves nothing behind.
 */
struct outfile {
	FILE		*f;
	const char	*path;
	char		*tmp;
};

int	outfile_open(struct outfile *, const char *);
int	outfile_close(struct outfile *, int);

#endif /* CTL_OUTPUT_H */
