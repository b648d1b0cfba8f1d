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

#ifndef CTL_HISTORY_H
#define CTL_HISTORY_H

#include <stddef.h>

#include "ctl/paths.h"

/*
 * What config.yaml has said: the last MAX_HISTORY states of it, without
 * secrets, one file each in the state directory, mode 0600.  The first line
 * of a file says when, who and why; the rest is the text.
 */

#define MAX_HISTORY	64

struct hist {
	unsigned int	 n;		/* from 1, never used again */
	char		 time[32];	/* RFC 3339, UTC */
	unsigned int	 uid;
	char		 action[64];
	char		 target[MAX_CONF_KEY];
	char		 hash[65];	/* as the suite names it; "-": none */
};

/*
 * Keep this state, unless the newest says the same word for word.  0, or -1
 * with a reason.
 */
int	history_add(const struct paths *, const char *, size_t, const char *,
	    const char *, char *, size_t);

/*
 * The same of the file as it is, which is about to be put in force.  Who may
 * not read or keep it leaves that to whoever may.
 */
void	history_found(const struct paths *);

/* in ascending order, to be freed; their number, or -1 with a reason */
int	history_list(const struct paths *, struct hist **, char *, size_t);

/* one state and its text (to be freed); -1 with a reason, ENOENT: none */
int	history_read(const struct paths *, unsigned int, struct hist *,
	    char **, size_t *, char *, size_t);

#endif /* CTL_HISTORY_H */
