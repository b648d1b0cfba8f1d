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

#ifndef CTL_CONFPARSE_H
#define CTL_CONFPARSE_H

#include <stddef.h>

#include "ctl/schema.h"

/*
 * config.yaml (YAML 1.1 as libyaml reads it, less anchors, aliases, tags,
 * directives, several documents, duplicate keys and depth beyond
 * MAX_YAML_DEPTH) to a struct conf.  Works on a buffer and opens nothing, so
 * that the jailed reader can use it; the same text always gives the same
 * result and the same messages.
 */

#define MAX_CONF_ERRORS	64	/* messages kept of one file */
#define CONF_HASH_LEN	32	/* SHA-256 */
#define MAX_CONF_MSG	(MAX_CONF_PATH + MAX_CONF_KEY + 2 * MAX_SCHEMA_ERR)

struct conf_msg {
	int	 line;			/* from 1; 0: the file as a whole */
	int	 is_warning;
	char	 key[MAX_CONF_KEY];	/* escaped; "" when there is none */
	char	 text[2 * MAX_SCHEMA_ERR];	/* escaped, no newline */
};

struct conf_report {
	char		 file[MAX_CONF_PATH];	/* as given, for display */
	int		 nerrors;	/* of all, kept or not */
	int		 nwarnings;
	int		 nmsgs;		/* kept, in order of line */
	struct conf_msg	 msgs[MAX_CONF_ERRORS];
};

/*
 * Parse len bytes; file is only for messages.  Returns 0 when there is no
 * error (there may be warnings), else -1; conf is filled with what could be
 * used, defaults elsewhere, and must not be run with after -1.
 */
int	conf_parse(const char *, size_t, const char *, struct conf *,
	    struct conf_report *);

/* "file:line:key: text", without the parts that are empty */
void	conf_msg_text(const struct conf_report *, const struct conf_msg *,
	    char *, size_t);

/*
 * SHA-256 over the effective configuration in canonical form, one
 * "key=value\n" for every key of the schema in its order: what a verdict's
 * provenance names.  Comments and the order of the file do not matter.
 */
void	conf_hash(const struct conf *, unsigned char[CONF_HASH_LEN]);

#endif /* CTL_CONFPARSE_H */
