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

#ifndef CTL_IMPORT_H
#define CTL_IMPORT_H

#include <stddef.h>

#include "ctl/confedit.h"
#include "ctl/paths.h"

/*
 * A config.yaml of the reference implementation taken over into ours: what
 * has an equal here is set, sinks are put, and tokens become files below
 * secrets/.  Of everything else is said why it was not taken.  Values of
 * secrets are in no line of the report.
 */

#define MAX_IMPORT_LINES	512
#define MAX_IMPORT_SECRETS	(MAX_CONF_SINKS + 1)
#define MAX_IMPORT_TOKEN	4000	/* bytes, without NUL */

enum import_what {
	IMPORT_TAKEN,
	IMPORT_SECRET,		/* goes below secrets/ */
	IMPORT_NOT
};

struct import_line {
	enum import_what what;
	char		 key[MAX_CONF_KEY];
	char		 text[MAX_CONF_MSG];	/* how, or why not */
};

struct import_secret {
	char	 name[MAX_CONF_NAME];
	char	 value[MAX_IMPORT_TOKEN + 1];
};

struct import {
	const char		*text;		/* of the other file */
	size_t			 len;
	const char		*env;		/* of its .env, or NULL */
	const struct paths	*paths;
	/* what came of it */
	struct import_line	 line[MAX_IMPORT_LINES];
	int			 nlines;
	struct import_secret	 secret[MAX_IMPORT_SECRETS];
	int			 nsecrets;
};

/* a confedit_fn with a struct import; -1 only where that is no YAML */
confedit_fn	import_edit;

/* clears the secrets */
void	import_clear(struct import *);

#endif /* CTL_IMPORT_H */
