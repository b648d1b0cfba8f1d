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

#ifndef CTL_REDACTED_H
#define CTL_REDACTED_H

#include <stddef.h>

/*
 * A configuration's text without its secrets, to be kept and shown, and the
 * way back: what was taken out is filled in from the text as it is now.
 */

#define REDACTED	"<redacted>"

/*
 * Every secret (confsecret_node()) becomes '<redacted>', and so does what
 * looks like one in a comment.  All other bytes stay.  Returns how many, and
 * the text (to be freed), or -1 with a reason.
 */
int	redacted_text(const char *, size_t, char **, size_t *, char *, size_t);

/*
 * The first text with the values of the second where it says '<redacted>'.
 * 0, or -1 with a reason: the second has no such key.
 */
int	redacted_fill(const char *, size_t, const char *, size_t, char **,
	    size_t *, char *, size_t);

#endif /* CTL_REDACTED_H */
