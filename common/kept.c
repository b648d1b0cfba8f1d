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

#include <sodium.h>
#include <string.h>

#include "common/json.h"
#include "common/kept.h"

void
kept_hash(const char *body, char hex[KEPT_HASH_SIZE])
{
	uint8_t	 hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const uint8_t *)body, strlen(body));
	sodium_bin2hex(hex, KEPT_HASH_SIZE, hash, sizeof(hash));
}

int
kept_matches(const char *details, const char *body)
{
	const char	*said;
	char		 hex[KEPT_HASH_SIZE], err[MAX_JSON_ERR];
	json_t		*j;
	int		 same;

	if (details == NULL || (j = json_strict(details, strlen(details),
	    err)) == NULL)
		return (0);
	kept_hash(body, hex);
	said = json_str(j, KEPT_HASH);
	same = said != NULL && strcmp(said, hex) == 0;
	json_decref(j);
	return (same);
}
