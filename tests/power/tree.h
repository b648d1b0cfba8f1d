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

#ifndef TESTS_POWER_TREE_H
#define TESTS_POWER_TREE_H

#include <sys/queue.h>
#include <sys/stat.h>

#include <stddef.h>

/*
 * What is in a directory tree, in memory, to be compared with another.
 */

struct thing {
	STAILQ_ENTRY(thing)	 entry;
	char			*path;		/* below the top */
	mode_t			 mode;		/* with the type */
	uid_t			 uid;
	gid_t			 gid;
	char			*data;		/* of a file or a link */
	size_t			 len;
};
STAILQ_HEAD(tree, thing);

void	 tree_read(struct tree *, const char *);
void	 tree_free(struct tree *);
const struct thing	*tree_get(const struct tree *, const char *);
/* what the second is in other than the first, or NULL; names no bytes */
const char	*thing_differs(const struct thing *, const struct thing *);

#endif /* TESTS_POWER_TREE_H */
