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

#ifndef CTL_JSONEDIT_H
#define CTL_JSONEDIT_H

#include <stddef.h>

/*
 * Edits of a JSON text that leave every other byte as it is.  Texts are
 * malloc'd strings, strict JSON (json.h) with an object outermost; a function
 * frees the text it is given and returns the new one, or NULL, which it also
 * takes, so that edits can follow one another unchecked.  What results may
 * be looked at with json_strict() once more: a key written with escapes is
 * not recognised, and then stands there twice.
 */

#define MAX_JSONEDIT	(4 * 1024 * 1024)	/* bytes of a text */

/* adds an element to the array members[0].members[1]..., made when missing */
char	*jsonedit_append(char *, const char *const *, const char *);

/* likewise a member of the object there, which has none of that name */
char	*jsonedit_put(char *, const char *const *, const char *, const char *);

/* a member of the outermost object gets this value */
char	*jsonedit_set(char *, const char *, const char *);
char	*jsonedit_unset(char *, const char *);

/*
 * Takes away the elements with this text in them from all arrays that are
 * members of the named member, and what is empty after that.
 */
char	*jsonedit_take(char *, const char *, const char *);

/*
 * Takes away what is in the array or object at members[0].members[1]...:
 * elements with this text in them, members with it as their name in quotes;
 * and what is empty after that, up to the outermost object.
 */
char	*jsonedit_drop(char *, const char *const *, const char *);

#endif /* CTL_JSONEDIT_H */
