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

#ifndef CTL_CONFSECRET_H
#define CTL_CONFSECRET_H

#include <stddef.h>

#include "ctl/yamltree.h"

/*
 * Which values of a configuration are secrets that should not be in it.
 * None of ours is read from there, but the reference implementation's are,
 * and people write them.
 */

/* a key such as token, x-token, virustotal_api_key; len bytes */
int	confsecret_key(const char *, size_t);

/* a header that carries one, such as Authorization */
int	confsecret_header(const char *);

/*
 * Is the scalar at this index one: by its key, as a header, as a URL with a
 * user, a query or of a webhook.  What is empty is none.
 */
int	confsecret_node(const struct ytree *, int);

#endif /* CTL_CONFSECRET_H */
