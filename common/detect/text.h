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

#ifndef COMMON_DETECT_TEXT_H
#define COMMON_DETECT_TEXT_H

#include <stddef.h>

/*
 * Text before it is matched: UTF-8, and the copy in which the ways to hide a
 * word are undone.  All functions are linear in the length of their input
 * and write at most MAX_TEXT_GROWTH times as many bytes as they read.
 */

#define MAX_TEXT_GROWTH	3	/* one bad byte becomes U+FFFD */

/* A growing buffer that the caller keeps from one text to the next. */
struct text_buf {
	char	*data;		/* not NUL-terminated */
	size_t	 len;
	size_t	 size;
};

void	text_buf_free(struct text_buf *);

/* Room for so many bytes more.  0, or -1: no memory. */
int	text_buf_reserve(struct text_buf *, size_t);

/*
 * Length of the longest prefix that is valid UTF-8 (RFC 3629: shortest form,
 * no surrogates, at most U+10FFFF).
 */
size_t	text_valid(const char *, size_t);

/*
 * Copies into the buffer with every byte that is part of no valid sequence
 * replaced by U+FFFD, as Go's range over a string does.  0, or -1: no memory.
 */
int	text_sanitise(struct text_buf *, const char *, size_t);

/*
 * What to undo.  TEXT_UNICODE: characters without width or of direction,
 * variation selectors, soft hyphens vanish; U+212A and U+017F, fullwidth
 * ASCII and the invisible tag characters become the ASCII they stand for;
 * every Unicode space becomes a space.  TEXT_SHELL: quotes inside and around
 * words, $'\x41', backslashes before ordinary characters and before line
 * ends, $IFS, parameters and empty `` inside a word, {a,b} for a b, // and
 * /./ in a path.  Invalid UTF-8 becomes U+FFFD always.
 */
#define TEXT_UNICODE	0x01
#define TEXT_SHELL	0x02

/*
 * Makes the normalised copy of the text in the buffer, which is valid UTF-8.
 * 1: done; 0: the copy would equal the text, and the buffer holds nothing of
 * use; -1: no memory.
 */
int	text_normalise(struct text_buf *, const char *, size_t, int);

/*
 * Where to cut a valid text so that at most max bytes remain and no
 * character is split.
 */
size_t	text_cut(const char *, size_t, size_t);

#endif /* COMMON_DETECT_TEXT_H */
