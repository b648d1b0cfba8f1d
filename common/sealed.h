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

#ifndef COMMON_SEALED_H
#define COMMON_SEALED_H

#include <stddef.h>

/*
 * Sealed memory files (memfd_create(2)): what one process made and no one,
 * its maker included, can change afterwards.
 */

#define MAX_SEALED	(64 * 1024 * 1024)	/* bytes of one */

/* a new sealed file holding data; -1 with errno */
int	 sealed_create(const char *, const void *, size_t);

/* why it gave -1, by errno: the support table's words for a kernel without */
void	 sealed_why(char *, size_t);

/*
 * Maps read-only after checking that fd is a memory file with all of
 * F_SEAL_WRITE, SHRINK, GROW and SEAL, and not over max bytes.  NULL with
 * errno EPERM (not sealed), EFBIG, EINVAL (empty).  fd stays the caller's.
 */
const void	*sealed_map(int, size_t, size_t *);
void		 sealed_unmap(const void *, size_t);

/*
 * Unmaps whole pages behind the first keep bytes of a mapping of len bytes;
 * returns the length to give to sealed_unmap() later.
 */
size_t		 sealed_trim(const void *, size_t, size_t);

#endif /* COMMON_SEALED_H */
