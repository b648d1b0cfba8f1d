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

#ifndef CTL_YAMLTREE_H
#define CTL_YAMLTREE_H

#include <stddef.h>

/*
 * One YAML document as a flat array of nodes in the order of the text, each
 * with the place it was read from: what the configuration's parser checks
 * against the schema and its editor cuts into.
 *
 * Only what a configuration file needs is taken.  Anchors, aliases, tags,
 * directives, a second document, keys that are not plain text and the same
 * key twice in one section are refused.
 */

#define MAX_YAML_DEPTH	16
#define MAX_YAML_NODES	16384
#define MAX_YAML_ERR	192

enum ynode_kind {
	Y_SCALAR,
	Y_MAP,
	Y_SEQ
};

enum ynode_style {
	YS_PLAIN,	/* scalar: as written; map, seq: by indentation */
	YS_QUOTED,	/* scalar: '' or "" */
	YS_BLOCK,	/* scalar: | or > */
	YS_FLOW		/* map, seq: {} or [] */
};

struct ynode {
	enum ynode_kind	 kind;
	enum ynode_style style;
	int	 parent;	/* index; -1 for the root */
	int	 next;		/* next child of the same parent; 0: none */
	int	 child;		/* first child; 0: none */
	int	 depth;		/* of the root 0 */
	int	 seq;		/* place in a sequence, from 0; -1: has a key */
	char	*key;		/* NULL for the root and in a sequence */
	size_t	 keylen;
	char	*val;		/* scalars; NUL-terminated, may hold a NUL */
	size_t	 vallen;
	int	 line;		/* of the key, else of the value; from 1 */
	int	 col;		/* of the key, in characters; from 0 */
	int	 vline, vendline;	/* the value's first and last line */
	size_t	 start, end;	/* the value's bytes in the text */
};

struct ytree {
	struct ynode	*n;	/* n[0] is the root */
	int		 nn;	/* 0: nothing but comments */
	int		 maxn;
	/* of the first error */
	int		 errline;
	char		 errkey[128];	/* path, not escaped */
	char		 err[MAX_YAML_ERR];	/* not escaped */
};

/*
 * Parse len bytes of UTF-8.  Returns 0, or -1 with errline, errkey and err
 * set.  ytree_free() in both cases.
 */
int	ytree_parse(struct ytree *, const char *, size_t);
void	ytree_free(struct ytree *);

/* "audit_sinks[0].name"; cut where it does not fit */
void	ytree_path(const struct ytree *, int, char *, size_t);

/* the child of a mapping with this key (len bytes), -1 when there is none */
int	ytree_child(const struct ytree *, int, const char *, size_t);

/* a plain scalar that YAML reads as "no value": empty, ~ or null */
int	ytree_null(const struct ynode *);

#endif /* CTL_YAMLTREE_H */
