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

#ifndef CTL_CONFEDIT_H
#define CTL_CONFEDIT_H

#include <stddef.h>
#include <sys/types.h>

#include "ctl/confparse.h"

/*
 * Change one scalar in the text of a config.yaml, or add it with the
 * sections it lives in.  Every other byte stays as it is: comments, order,
 * blank lines, quoting, foreign keys.  What cannot be done safely (a value
 * over several lines, adding to a {flow} mapping) is refused with a reason.
 * The result is parsed again before it is returned: it is valid, the key
 * has the value, and nothing else means anything different.
 */

#define MAX_CONFEDIT_ERR	MAX_CONF_MSG

/*
 * Returns 0 and the new text (to be freed by the caller), or -1 with a
 * reason.  A text that does not parse is not edited.
 */
int	confedit_set(const char *, size_t, const char *, const char *,
	    char **, size_t *, char *, size_t);

/*
 * The same for a file: lock, read with the checks of conffile_open(), edit,
 * write atomically.  The uid is the one that may own the file besides root.
 * Returns 1 when the file was changed, 0 when it already said so, -1 with a
 * reason.  A missing file is an error.
 */
int	confedit_file(const char *, uid_t, const char *, const char *, char *,
	    size_t);

#endif /* CTL_CONFEDIT_H */
