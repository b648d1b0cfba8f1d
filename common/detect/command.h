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

#ifndef COMMON_DETECT_COMMAND_H
#define COMMON_DETECT_COMMAND_H

#include <stddef.h>

#include "common/detect/text.h"

/*
 * Where commands start.  In the copy of a tool call's text that is matched,
 * TEXT_COMMAND stands before each word that a shell may take for a command:
 * at the start of a line, after a separator, an opening bracket, a keyword,
 * an assignment, a redirection, and after programs that run another one
 * (sudo -u x, timeout 9, env A=1, xargs, sh -c "...").  Rules therefore say
 * \fcurl and need not know what may stand before it.  Behind a directory
 * that ends in bin/ it stands once more: \f/usr/bin/\fcurl.
 *
 * This is no shell: quotes are not followed, so that a text within quotes
 * counts as commands as well.  Linear in the text; at most twice its length.
 */

#define TEXT_COMMAND	'\f'

/* Makes the copy in the buffer.  0, or -1: no memory. */
int	command_mark(struct text_buf *, const char *, size_t);

#endif /* COMMON_DETECT_COMMAND_H */
