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

#ifndef CTL_YAMLEDIT_H
#define CTL_YAMLEDIT_H

#include <sodium.h>
#include <stddef.h>

#include "ctl/yamltree.h"

/*
 * Cuts into the text of a YAML document: what is not touched keeps every
 * byte.  What cannot be done safely is refused with a reason.  The text is
 * parsed again after each cut; whether the result means what was wanted is
 * for the caller to compare, with yedit_digest() for the rest.
 */

#define MAX_YEDIT_PARTS	4	/* of a path */
#define MAX_YEDIT_VALUE	8192	/* a value as YAML, with its NUL */
#define YEDIT_STEP	2	/* indentation of a section we add */

/* keys on the way to a value, below some mapping */
struct ypath {
	const char	*part[MAX_YEDIT_PARTS];	/* not NUL-terminated */
	size_t		 len[MAX_YEDIT_PARTS];
	int		 n;
	int		 node[MAX_YEDIT_PARTS];	/* of those that exist */
	int		 nfound;
};

struct yedit;

/*
 * Which of two keys of a mapping stands first: -1, 1, or 0 when a file has
 * no order for them.
 */
typedef int yedit_order_fn(const struct yedit *, int, const char *, size_t,
    const char *, size_t);

struct yedit {
	yedit_order_fn	*order;		/* NULL: new keys go to the end */
	char		*text;		/* as it is now, owned */
	size_t		 len;
	struct ytree	 t;		/* of text */
	const char	*eol;		/* as the text has it */
	const char	*what;		/* a refusal begins with it */
	char		*err;
	size_t		 errlen;
};

/* copies the text; -1 with a reason.  yedit_close() in both cases */
int	yedit_open(struct yedit *, const char *, const char *, size_t, char *,
	    size_t);
void	yedit_close(struct yedit *);

/* "a.b.c"; one part more, of any bytes */
void	ypath_split(struct ypath *, const char *);
void	ypath_add(struct ypath *, const char *);

/* how much of it exists below a mapping (0: the whole document) */
void	ypath_find(struct ypath *, const struct ytree *, int);

/*
 * Give the key at a path below a mapping this value, which is YAML of one
 * line, and add the sections it lives in.
 */
int	yedit_set(struct yedit *, int, struct ypath *, const char *);

/*
 * Where a new key of a mapping goes: behind the last one that stands before
 * it in order, whatever was added when.  It must have children.
 */
size_t	yedit_place(const struct yedit *, int, const char *, size_t);

/*
 * Offset of a node's line, or of the comment that stands right above it and
 * is indented no deeper than a column.
 */
size_t	yedit_above(const struct yedit *, int, int, int);

/*
 * Offset after a line, and after the comments below it that are indented
 * deeper than a column, as is what belongs to a key there.
 */
size_t	yedit_below(const struct yedit *, int, int);

/* bytes from..to replaced; and the same without a change of meaning */
int	yedit_splice(struct yedit *, size_t, size_t, const char *);

/* always -1 */
int	yedit_refuse(struct yedit *, const char *);

/* offset after the newline that ends a line (from 1), or the text's end */
size_t	yedit_after_line(const struct yedit *, int);

/* quoted where a reader could see another type in it; bare: never */
void	yedit_scalar(const char *, int, char *, size_t);

/* hash nodes from..to, but for those listed in ascending order */
void	yedit_digest(crypto_hash_sha256_state *, const struct ytree *, int,
	    int, const int *, int);

#endif /* CTL_YAMLEDIT_H */
