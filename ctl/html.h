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

#ifndef CTL_HTML_H
#define CTL_HTML_H

#include <stdint.h>
#include <stdio.h>

/*
 * One HTML file that needs nothing else and runs nothing: its style is in
 * it, its charts are SVG, and its Content-Security-Policy allows that style
 * alone, by its hash.  Whatever is not markup of ours is escaped.
 */

/* text: & < > " ' are written as references, controls as U+FFFD */
void	 html_text(FILE *, const char *);

void	 html_begin(FILE *, const char *);	/* its title */
void	 html_end(FILE *);
void	 html_section(FILE *, const char *);	/* a heading */
void	 html_para(FILE *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));

/* a table by its headings; a cell, a row's end, the end */
void	 html_table(FILE *, const char *const *);
void	 html_row(FILE *);
void	 html_cell(FILE *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));
void	 html_row_end(FILE *);
void	 html_table_end(FILE *);

/* a bar of value against the largest, as a cell */
void	 html_bar(FILE *, uint64_t, uint64_t);

/*
 * Stacked columns: n of them with series values each, in the order of the
 * names; from and to are written below the ends.
 */
#define MAX_HTML_SERIES	4
void	 html_chart(FILE *, const uint64_t (*)[MAX_HTML_SERIES], int,
	    const char *const *, int, const char *, const char *);

#endif /* CTL_HTML_H */
