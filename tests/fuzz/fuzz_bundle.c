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
#include <stdlib.h>
#include <string.h>

#include "common/le.h"
#include "ctl/bundle.h"

int	 LLVMFuzzerInitialize(int *, char ***);
int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * A hostile bundle.  The first byte says how much is made right, so that the
 * fuzzer gets past the signature: 0 nothing, else the lengths of the head
 * and the signature of a trusted key.  What is taken fits its bounds, lies
 * within the input, and made again it is the same.
 */

static struct bundle_keys	keys;
static uint8_t			secret[HEAD_SECRET_LEN];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t	seed[HEAD_SEED_LEN];

	(void)argc;
	(void)argv;
	if (sodium_init() == -1)
		abort();
	memset(seed, 5, sizeof(seed));
	device_key_expand(seed, keys.key[0], secret);
	keys.n = 1;
	return (0);
}

static void
put_right(uint8_t *p, size_t len)
{
	static const char	domain[] = "defenseclaw policy bundle v1";
	uint8_t			msg[sizeof(domain) + 64];
	size_t			n = len - HEAD_SIG_LEN;

	memcpy(p, BUNDLE_MAGIC, BUNDLE_MAGIC_LEN);
	le_put32(p + 8, BUNDLE_FORMAT);
	le_put64(p + 16, n);
	chain_device(keys.key[0], p + 24);
	memcpy(msg, domain, sizeof(domain));
	crypto_generichash(msg + sizeof(domain), 64, p, n, NULL, 0);
	crypto_sign_detached(p + n, NULL, msg, sizeof(msg), secret);
}

static void
check(struct bundle *b, const uint8_t *data, size_t len)
{
	char	 err[MAX_BUNDLE_ERR];
	uint8_t	*again;
	size_t	 i, n;

	if (b->nfiles == 0 || b->nfiles > MAX_BUNDLE_FILES ||
	    !bundle_name_ok(b->name) || b->version == 0)
		abort();
	for (i = 0; i < b->nfiles; i++)
		if (!bundle_path_ok(b->file[i].path) ||
		    b->file[i].data < data || b->file[i].data +
		    b->file[i].len > data + len - HEAD_SIG_LEN)
			abort();
	if ((again = bundle_make(b, secret, &n, err, sizeof(err))) == NULL ||
	    n != len || memcmp(again, data, n) != 0)
		abort();
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct bundle	 b;
	char			 err[MAX_BUNDLE_ERR] = "";
	uint8_t			*copy;

	if (len-- == 0 || (copy = malloc(len + (len == 0))) == NULL)
		return (0);
	memcpy(copy, data + 1, len);
	if (data[0] != 0 && len >= BUNDLE_HEAD_LEN + HEAD_SIG_LEN)
		put_right(copy, len);
	if (bundle_read(&b, copy, len, &keys, err, sizeof(err)) == BUNDLE_OK)
		check(&b, copy, len);
	else if (err[0] == '\0')
		abort();
	free(copy);
	return (0);
}
