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

#ifndef CTL_IMPORT_SINK_H
#define CTL_IMPORT_SINK_H

#include "import.h"
#include "yamltree.h"

/* our configuration while it changes */
struct import_text {
	char	*text;		/* owned */
	size_t	 len;
};

/* import_sink.c: the list audit_sinks, or webhooks, this node */
void	import_sinks(struct import *, struct import_text *,
	    const struct ytree *, int);

/* the value of a name in the .env; room for MAX_IMPORT_TOKEN + 2 bytes */
int	import_env(const struct import *, const char *, char *);

/* import.c */
void	import_say(struct import *, enum import_what, const char *,
	    const char *, ...) __attribute__((__format__(printf, 4, 5)));
int	import_secret(struct import *, const char *, const char *,
	    const char *);
void	import_step(struct import_text *, char *, size_t);

#endif /* CTL_IMPORT_SINK_H */
