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

#include "common/le.h"
#include "ctl/bundle.h"
#include "test.h"

static struct bundle	b;
static struct bundle_keys keys;
static uint8_t		secret[HEAD_SECRET_LEN];
static uint8_t		*data;
static size_t		 len;
static char		 err[MAX_BUNDLE_ERR];

static void
file(const char *path, const char *text)
{
	struct bundle_file	*f = &b.file[b.nfiles++];

	strlcpy(f->path, path, sizeof(f->path));
	f->data = (const uint8_t *)text;
	f->len = strlen(text);
}

static void
make(void)
{
	memset(&b, 0, sizeof(b));
	strlcpy(b.name, "ours", sizeof(b.name));
	b.version = 7;
	b.time = 1700000000;
	file("vectors/a.yaml", "vectors");
	file("rules/a.yaml", "rules");
	file("suppressions.yaml", "");
	free(data);
	CHECK((data = bundle_make(&b, secret, &len, err, sizeof(err))) !=
	    NULL);
}

static int
read_it(size_t n)
{
	struct bundle	 got;
	uint8_t		*copy;
	int		 f;

	/* exactly as long: the sanitizer sees what is read beyond */
	CHECK((copy = malloc(n + (n == 0))) != NULL);
	memcpy(copy, data, n);
	err[0] = '\0';
	f = bundle_read(&got, copy, n, &keys, err, sizeof(err));
	CHECK((f == BUNDLE_OK) == (err[0] == '\0'));
	free(copy);
	return (f);
}

/* a signature that holds over what was changed: a signer who errs */
static void
sign_again(void)
{
	static const char	domain[] = "defenseclaw policy bundle v1";
	uint8_t			msg[sizeof(domain) + 64];

	memcpy(msg, domain, sizeof(domain));
	crypto_generichash(msg + sizeof(domain), 64, data, len - HEAD_SIG_LEN,
	    NULL, 0);
	crypto_sign_detached(data + len - HEAD_SIG_LEN, NULL, msg,
	    sizeof(msg), secret);
}

static uint8_t *
find(const char *text)
{
	uint8_t	*p = memmem(data, len, text, strlen(text));

	CHECK(p != NULL);
	return (p);
}

static void
whole(void)
{
	struct bundle	got;

	make();
	CHECK_INT(bundle_read(&got, data, len, &keys, err, sizeof(err)),
	    BUNDLE_OK);
	CHECK_STR(got.name, "ours");
	CHECK_INT(got.version, 7);
	CHECK_INT(got.time, 1700000000);
	CHECK_INT(got.nfiles, 3);
	CHECK_STR(got.file[0].path, "rules/a.yaml");
	CHECK(got.file[0].len == 5 && memcmp(got.file[0].data, "rules", 5) ==
	    0);
	CHECK_STR(got.file[1].path, "suppressions.yaml");
	CHECK_INT(got.file[1].len, 0);
	CHECK_STR(got.file[2].path, "vectors/a.yaml");
	CHECK(memcmp(got.content, b.content, sizeof(b.content)) == 0);
}

static void
changed(void)
{
	size_t	i, bit;

	make();
	for (i = 0; i < len; i++)
		for (bit = 0; bit < 8; bit += 7) {
			data[i] ^= (uint8_t)(1 << bit);
			CHECK(read_it(len) != BUNDLE_OK);
			data[i] ^= (uint8_t)(1 << bit);
		}
	CHECK_INT(read_it(len), BUNDLE_OK);
}

static void
lengths(void)
{
	size_t	i;

	make();
	for (i = 0; i < len; i++)
		CHECK_INT(read_it(i), i < BUNDLE_MAGIC_LEN ?
		    BUNDLE_MALFORMED : i == len - HEAD_SIG_LEN ?
		    BUNDLE_UNSIGNED : BUNDLE_TRUNCATED);
	CHECK((data = realloc(data, len + 1)) != NULL);
	data[len] = 0;
	CHECK_INT(read_it(len + 1), BUNDLE_TRAILING);
}

static void
signatures(void)
{
	make();
	memset(data + len - HEAD_SIG_LEN, 0, HEAD_SIG_LEN);
	CHECK_INT(read_it(len), BUNDLE_UNSIGNED);
	make();
	data[len - 1] ^= 1;
	CHECK_INT(read_it(len), BUNDLE_FORGED);
	make();
	keys.n = 0;
	CHECK_INT(read_it(len), BUNDLE_UNTRUSTED);
	/* of another, who is trusted, and did not sign it */
	keys.n = 2;
	memset(keys.key[1], 9, CHAIN_KEY_LEN);
	chain_device(keys.key[1], data + 24);
	CHECK_INT(read_it(len), BUNDLE_FORGED);
	keys.n = 1;
}

/* what a trusted signer must not get through either */
static void
signed_wrong(void)
{
	uint8_t	*p;

	make();
	memcpy(find("vectors/a.yaml") - 32, find("rules/a.yaml") - 32, 32);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	CHECK(strstr(err, "hash") != NULL);
	make();
	le_put64(data + BUNDLE_HEAD_LEN, 0);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	make();
	le_put32(data + BUNDLE_HEAD_LEN + 16, 2);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	CHECK(strstr(err, "more than its manifest") != NULL);
	make();
	le_put32(data + BUNDLE_HEAD_LEN + 16, 4);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	make();
	le_put32(find("rules/a.yaml") - 36, UINT32_MAX);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	make();
	le_put32(find("rules/a.yaml") - 40, UINT32_MAX);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	make();
	p = find("rules/a.yaml");
	memcpy(p, "../../a.yaml", 12);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	CHECK(strstr(err, "none of a rule pack") != NULL);
	make();
	memcpy(find("ours"), "../x", 4);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	make();
	memcpy(find("rules/a.yaml"), "vules/a.yaml", 12);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
}

static void
twice(void)
{
	make();
	memset(&b, 0, sizeof(b));
	strlcpy(b.name, "ours", sizeof(b.name));
	b.version = 1;
	file("rules/a.yaml", "one");
	file("rules/b.yaml", "two");
	free(data);
	CHECK((data = bundle_make(&b, secret, &len, err, sizeof(err))) !=
	    NULL);
	memcpy(find("rules/b.yaml"), "rules/a.yaml", 12);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_TWICE);
	/* nor is it made */
	strlcpy(b.file[1].path, "rules/a.yaml", sizeof(b.file[1].path));
	CHECK(bundle_make(&b, secret, &len, err, sizeof(err)) == NULL);
	CHECK(strstr(err, "twice") != NULL);
	strlcpy(b.file[0].path, "rules/b.yaml", sizeof(b.file[1].path));
	CHECK((data = (free(data), bundle_make(&b, secret, &len, err,
	    sizeof(err)))) != NULL);
	memcpy(find("rules/a.yaml"), "rules/z.yaml", 12);
	sign_again();
	CHECK_INT(read_it(len), BUNDLE_MALFORMED);
	CHECK(strstr(err, "out of order") != NULL);
}

static void
paths(void)
{
	static const char *const good[] = { "rules/a.yaml",
	    "judge/pii.yaml", "vectors/A-b_c.1.yaml", "suppressions.yaml",
	    "sensitive-tools.yaml" };
	static const char *const bad[] = { "", "/", "a.yaml", "rules/",
	    "rules/.yaml", "rules/..yaml", "rules/../a.yaml",
	    "/rules/a.yaml", "rules//a.yaml", "rules/a/b.yaml", "rules/a.yml",
	    "rules/a", "rules/a b.yaml", "rules/a\n.yaml", "./rules/a.yaml",
	    "other/a.yaml", "rules/../../x.yaml", "rules/\xc3\xa4.yaml",
	    "rules/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml" };
	size_t	i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(bundle_path_ok(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!bundle_path_ok(bad[i]));
	CHECK(bundle_name_ok("strict") && bundle_name_ok("a.b-c_9"));
	CHECK(!bundle_name_ok("") && !bundle_name_ok("..") &&
	    !bundle_name_ok("a/b") && !bundle_name_ok("a b"));
}

int
main(void)
{
	uint8_t	seed[HEAD_SEED_LEN];

	CHECK(sodium_init() != -1);
	memset(seed, 5, sizeof(seed));
	keys.n = 1;
	device_key_expand(seed, keys.key[0], secret);
	RUN(whole);
	RUN(changed);
	RUN(lengths);
	RUN(signatures);
	RUN(signed_wrong);
	RUN(twice);
	RUN(paths);
	free(data);
	return (0);
}
