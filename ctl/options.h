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

#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A command line of words and options in any order: --name, --name=value,
 * --name value, -x, -xy, -x value, -xvalue; after -- everything is a word,
 * and so is a single -.  An option given twice is an error, since one of
 * the two would be lost, unless what help calls its value ends in "...".
 */

#define MAX_OPTIONS	192	/* definitions of one program */
#define MAX_REPEATED	32	/* values of repeated options, of all */
#define MAX_OPTIONS_ERR	256

struct option_def {
	const char	*name;		/* without the dashes; NULL at end */
	char		 letter;	/* 0: none */
	const char	*arg;		/* what help calls its value, or NULL */
	const char	*help;		/* one line */
};

/* index of a definition is its number here */
struct options {
	const char	*value[MAX_OPTIONS];	/* NULL: absent; a flag's "" */
	int		 nrepeated;
	struct {
		int		 option;
		const char	*value;
	} repeated[MAX_REPEATED];	/* in their order, also the last */
};

/*
 * Sorts argv into options and words (room for argc pointers; nothing is
 * copied).  Returns 0, or -1 with a reason that names the nearest option.
 */
int	options_parse(struct options *, const struct option_def *, int,
	    char *const *, const char **, int *, char *, size_t);

/* decimal number of min..max; 0, or -1 */
int	options_number(const char *, uint64_t, uint64_t, uint64_t *);

/*
 * How far a mistyped word is from a known one: what is left of the longer
 * one without the beginning and the end they share; -1 when that is too
 * much for a slip.
 */
int	options_slip(const char *, const char *);

#endif /* CTL_OPTIONS_H */
