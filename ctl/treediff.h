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

#ifndef CTL_TREEDIFF_H
#define CTL_TREEDIFF_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/yamltree.h"

/*
 * What two configurations say differently, key by key, whatever their order
 * and comments.  Secrets are never in it: that one changed is.
 */

#define MAX_DIFF_KEY	256	/* a key path, with its NUL; longer is cut */

struct diff_line {
	char	*key;
	char	*old;		/* NULL: was not there */
	char	*new;		/* NULL: is not there */
};

struct treediff {
	struct diff_line	*line;	/* in the order of their keys */
	size_t			 n;
};

/*
 * 0, or -1 with a reason: one of the texts is no YAML that we read.
 * treediff_free() in both cases.
 */
int	treediff_make(struct treediff *, const char *, size_t, const char *,
	    size_t, char *, size_t);
void	treediff_free(struct treediff *);

/*
 * "audit_sinks.NAME.kind": as ytree_path(), but an element of a list is
 * called as its own key "name" says.
 */
void	treediff_path(const struct ytree *, int, char *, size_t);

/* "KEY: OLD -> NEW; ..." in one line, cut with the number of the rest */
void	treediff_text(const struct treediff *, char *, size_t);

/* [{"key", "old", "new"}], null where there is none */
json_t	*treediff_json(const struct treediff *);

/* "- KEY: OLD" and "+ KEY: NEW", escaped */
void	treediff_print(const struct treediff *, FILE *);

/*
 * The lines of two texts between what they begin and end with alike, with
 * - and + before them, escaped: what an edit does to a file.
 */
void	textdiff_print(const char *, size_t, const char *, size_t, FILE *);

#endif /* CTL_TREEDIFF_H */
