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

#ifndef CTL_INIT_TOKEN_H
#define CTL_INIT_TOKEN_H

#include <stddef.h>

/*
 * Where init takes the clients' token from.  Buffers for a token have
 * MAX_TOKEN + 2 bytes; reasons never repeat one.
 */

/* the secret that is there: 1, 0 when there is none, -1 unusable */
int	token_existing(int, const char *, char *, char *, size_t);

/*
 * A token for a new installation: from the environment, else from an
 * existing .env in the directory, else made.  The first argument is the
 * enum conf_token_env of the name to try first.  Returns 1 and says where it
 * is from, or -1 with a reason: a token somebody gave is used or refused,
 * never passed over.
 */
int	token_find(int, int, char *, char *, size_t);

/*
 * Write .env with both names.  1 made; 0 kept and it has this token; -1 kept
 * and it has another or none; -2 failed.
 */
int	token_dotenv(int, const char *, char *, size_t);

/*
 * The value of a name in the text of a .env: KEY=VALUE lines, # comments, one
 * layer of matching quotes; the last one counts.  1 when it is there and not
 * empty; a value too long is cut to the size, with its NUL.
 */
int	dotenv_get(const char *, const char *, char *, size_t);

#endif /* CTL_INIT_TOKEN_H */
