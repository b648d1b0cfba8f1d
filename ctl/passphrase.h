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

#ifndef CTL_PASSPHRASE_H
#define CTL_PASSPHRASE_H

#include <stdint.h>

#include "common/proto.h"
#include "paths.h"

/*
 * Of the passphrase that the suite has, asked for on the terminal: *has is 1
 * and the key, to be wiped, or 0 where there is none.  A code that is not
 * CTL_OK is reported.
 */
int	passphrase_key(const struct paths *, const char *, uint32_t *has,
	    uint8_t key[APPROVAL_KEY_LEN]);

#endif /* CTL_PASSPHRASE_H */
