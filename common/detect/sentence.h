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

#ifndef COMMON_DETECT_SENTENCE_H
#define COMMON_DETECT_SENTENCE_H

#include <stddef.h>

#include "common/detect/text.h"

/*
 * Where a sentence gives an order.  In a copy of the text, TEXT_SENTENCE
 * stands before each word that may be the verb of one: the first of a line or
 * after . ; ! ? and a space, also behind a list mark, a quote or a bracket;
 * after please, kindly, now, then, instead, and, let's, you must, could you
 * and the like; after "task:", "system:", "user:", "note:", "admin:" at the
 * start of a line.  It takes the place of the space before the word when there
 * is one.  Rules therefore say \vignore and need not know what may stand
 * before it, and write spaces within as \s.
 *
 * English only, as the rules are.  Linear in the text; at most twice its
 * length.
 */

#define TEXT_SENTENCE	'\v'

/* Makes the copy in the buffer.  0, or -1: no memory. */
int	sentence_mark(struct text_buf *, const char *, size_t);

#endif /* COMMON_DETECT_SENTENCE_H */
