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

#ifndef CTL_CONFMIGRATE_H
#define CTL_CONFMIGRATE_H

#include <stddef.h>

#include "ctl/schema.h"

/*
 * Files of earlier config_version, as the reference implementation brought
 * each up to the next: what a key that is not there meant then.  A file is
 * understood so whenever it is read; `config migrate' writes it down.
 */
struct conf_step {
	int		 to;		/* the version it leads to */
	const char	*key;		/* NULL at the end */
	const char	*value;		/* where the file does not say */
};

extern const struct conf_step	 confmigrate_steps[];

/* is a step one that this configuration needs */
int	confmigrate_needs(const struct conf *, const struct conf_step *);

/*
 * Gives the keys that a file of its version does not have what they meant,
 * and says so.  1, or 0 when the file is of this version.
 */
int	confmigrate(struct conf *, char *, size_t);

#endif /* CTL_CONFMIGRATE_H */
