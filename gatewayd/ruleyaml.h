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

#ifndef GATEWAYD_RULEYAML_H
#define GATEWAYD_RULEYAML_H

#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

/*
 * One YAML file of a rule pack, read event by event with a schema in the
 * caller's code.  Anchors, aliases, tags, several documents and repeated
 * keys are errors.  The first error is kept, with file and line; from then
 * on every function says that there is nothing more.
 */

#define MAX_RULEYAML_DEPTH	16
#define MAX_RULEYAML_KEY	64	/* bytes of a key, with NUL */
#define MAX_RULEYAML_KEYS	32	/* keys of one mapping */

struct ruleyaml {
	yaml_parser_t	 parser;
	yaml_event_t	 event;
	const char	*file;
	char		*err;
	size_t		 errlen;
	int		 have;		/* event holds the next one */
	int		 failed;
};

/* The keys of a mapping while it is read. */
struct ruleyaml_map {
	char		 key[MAX_RULEYAML_KEY];
	char		 seen[MAX_RULEYAML_KEYS][MAX_RULEYAML_KEY];
	size_t		 nseen;
	uint32_t	 line;		/* of the key, from 1 */
};

/*
 * Begins; the bytes, the file's name and err are kept by the caller until
 * ruleyaml_close(), which is called whatever is returned.  -1: failed.
 */
int	ruleyaml_open(struct ruleyaml *, const char *, const void *, size_t,
	    char *, size_t);

/* Ends: -1 if anything failed or something follows the document. */
int	ruleyaml_close(struct ruleyaml *);

/* Enters the mapping or the list that is next; 0: there is none, or null. */
int	ruleyaml_map(struct ruleyaml *, struct ruleyaml_map *, const char *);
int	ruleyaml_list(struct ruleyaml *, const char *);

/* The next key, whose value must be read next; 0: the mapping is over. */
int	ruleyaml_key(struct ruleyaml *, struct ruleyaml_map *);

/* Whether another item follows, which must be read; 0: the list is over. */
int	ruleyaml_item(struct ruleyaml *);

/* Line of what is next, from 1. */
uint32_t	ruleyaml_line(struct ruleyaml *);

/*
 * Values of the key named for the error text.  Strings are malloc'd, at most
 * max bytes, without NUL, replacing (and freeing) what was there.  Booleans
 * and numbers are those of YAML 1.1 as the reference accepts them.
 */
void	ruleyaml_str(struct ruleyaml *, const char *, size_t, char **);
void	ruleyaml_bool(struct ruleyaml *, const char *, int *);
void	ruleyaml_int(struct ruleyaml *, const char *, int, int, int *);
void	ruleyaml_real(struct ruleyaml *, const char *, double *);
void	ruleyaml_skip(struct ruleyaml *);

/* Records an error of the caller's at a line. */
void	ruleyaml_fail(struct ruleyaml *, uint32_t, const char *, ...)
	    __attribute__((__format__(printf, 3, 4)));

#endif /* GATEWAYD_RULEYAML_H */
