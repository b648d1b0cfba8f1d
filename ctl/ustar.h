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

#ifndef CTL_USTAR_H
#define CTL_USTAR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * A tar archive of small regular files, in the ustar form of POSIX.1-2017,
 * pax(1): owner 0, mode 0600, no directories.
 */

#define MAX_USTAR_NAME	99		/* bytes of a name */
#define MAX_USTAR_SIZE	(1024 * 1024 * 1024)

/*
 * One file: its name, bytes, length and time (seconds since 1970).  0, or -1
 * with errno EINVAL (a name or length that does not fit) or as stdio has it.
 */
int	ustar_add(FILE *, const char *, const void *, size_t, uint64_t);
int	ustar_end(FILE *);

#endif /* CTL_USTAR_H */
