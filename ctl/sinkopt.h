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

#ifndef CTL_SINKOPT_H
#define CTL_SINKOPT_H

#include "confedit.h"
#include "options.h"
#include "schema.h"

/*
 * A sink on the command line: every key of schema_sink_keys[] is an option,
 * "--batch-size 500" for batch_size, and, where it is a choice of two,
 * "--gzip" and "--no-gzip".
 */

#define MAX_SINK_SECRET	63	/* bytes of a secret's name */

/* what `add' calls a kind */
struct sink_word {
	const char	*word;
	int		 kind;		/* enum conf_sink_kind */
	const char	*slug;		/* a name begins with it */
};

extern const struct sink_word	 sinkopt_words[];
extern const struct sink_word	 sinkopt_webhooks[];	/* and their types */

/*
 * Puts the options of keys, and an end, into a table with so much room; how
 * many they are.
 */
int	sinkopt_define(struct option_def *, int);

/*
 * The keys that options from base on give to a sink of this kind.  Their
 * number, or -1 with a reason: not a key of the kind, or too many.
 */
int	sinkopt_values(const struct options *, int, int, struct sink_value *,
	    int, char *, size_t);

/* where a kind has the address of its receiver; NULL for file */
const char	*sinkopt_endpoint_key(int);

/* "splunk-hec-splunk-internal" of a kind's slug and host, URL or neither */
void	sinkopt_name(const char *, const char *, char *, size_t);

/* 0, or -1 and what is wrong with a name that a person gave */
int	sinkopt_name_check(const char *, char *, size_t);

#endif /* CTL_SINKOPT_H */
