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

#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stddef.h>
#include <stdint.h>

/*
 * Secrets live in libsodium's guarded, locked memory, are read once from a
 * descriptor that the supervisor opened, and are never printed.
 */

#define MAX_SECRET	4096	/* bytes of one secret file */

struct secret {
	char	*data;		/* NUL-terminated; secret_free() clears */
	size_t	 len;
};

/*
 * Reads fd to its end and closes it; trailing line ends are dropped.  -1
 * with errno EFBIG, EINVAL (empty, or a NUL inside), ENOMEM.
 */
int	secret_read(int, struct secret *);
int	secret_read_text(int, struct secret *);	/* line ends stay */
void	secret_free(struct secret *);

/*
 * Is it one line?  What goes into a header (RFC 9110, 5.5) or a URL has no
 * control character.
 */
int	secret_is_line(const struct secret *);

/*
 * Compares in a time that depends on neither content: both sides are hashed
 * first, so the lengths do not show either.  1 when equal.
 */
int	secret_equal(const struct secret *, const void *, size_t);

#endif /* COMMON_SECRET_H */
