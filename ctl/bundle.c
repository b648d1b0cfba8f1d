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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/le.h"
#include "bundle.h"

#define BUNDLE_DOMAIN	"defenseclaw policy bundle v1"	/* with its NUL */
#define BUNDLE_ENDING	".yaml"
#define BUNDLE_CONTENT	16	/* of the manifest: where the files begin */

_Static_assert(HEAD_SIG_LEN == crypto_sign_BYTES, "signature length");

/* what of the manifest is still to be read */
struct rest {
	const uint8_t	*p;
	size_t		 len;
};

static int	fault(int, char *, size_t, const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));

static int
fault(int code, char *err, size_t errlen, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return (code);
}

static int
plain_name(const char *s, size_t len)
{
	size_t	i;

	if (len == 0 || len > MAX_BUNDLE_NAME || s[0] == '.')
		return (0);
	for (i = 0; i < len; i++)
		if ((s[i] < 'a' || s[i] > 'z') && (s[i] < 'A' || s[i] > 'Z') &&
		    (s[i] < '0' || s[i] > '9') && s[i] != '-' &&
		    s[i] != '_' && s[i] != '.')
			return (0);
	return (1);
}

int
bundle_name_ok(const char *name)
{
	return (plain_name(name, strlen(name)));
}

int
bundle_path_ok(const char *path)
{
	static const char *const dirs[] = { "rules/", "judge/", "vectors/" };
	size_t	i, n, len, end = sizeof(BUNDLE_ENDING) - 1;

	if (strcmp(path, "suppressions.yaml") == 0 ||
	    strcmp(path, "sensitive-tools.yaml") == 0)
		return (1);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		n = strlen(dirs[i]);
		if (strncmp(path, dirs[i], n) != 0)
			continue;
		path += n;
		len = strlen(path);
		return (len > end && strcmp(path + len - end,
		    BUNDLE_ENDING) == 0 && plain_name(path, len));
	}
	return (0);
}

/* --- reading -------------------------------------------------------------- */

static const uint8_t *
take(struct rest *r, size_t n)
{
	const uint8_t	*p = r->p;

	if (r->len < n)
		return (NULL);
	r->p += n;
	r->len -= n;
	return (p);
}

static const uint8_t *
find_key(const struct bundle_keys *keys, const uint8_t *signer)
{
	uint8_t	id[CHAIN_DEVICE_LEN];
	size_t	i;

	for (i = 0; i < keys->n; i++) {
		chain_device(keys->key[i], id);
		if (memcmp(id, signer, sizeof(id)) == 0)
			return (keys->key[i]);
	}
	return (NULL);
}

/* what is signed of n bytes */
#define MESSAGE_LEN	(sizeof(BUNDLE_DOMAIN) + crypto_generichash_BYTES_MAX)
static void
message(uint8_t msg[MESSAGE_LEN], const uint8_t *data, size_t n)
{
	memcpy(msg, BUNDLE_DOMAIN, sizeof(BUNDLE_DOMAIN));
	crypto_generichash(msg + sizeof(BUNDLE_DOMAIN),
	    crypto_generichash_BYTES_MAX, data, n, NULL, 0);
}

/* the head against the length, then the signature; sets n and manifest */
static int
read_outside(struct bundle *b, const uint8_t *data, size_t len,
    const struct bundle_keys *keys, struct rest *manifest, struct rest *files,
    char *err, size_t errlen)
{
	uint8_t		 msg[MESSAGE_LEN];
	char		 hex[2 * CHAIN_DEVICE_LEN + 1];
	const uint8_t	*key;
	uint64_t	 n;
	uint32_t	 m;

	if (len < BUNDLE_MAGIC_LEN ||
	    memcmp(data, BUNDLE_MAGIC, BUNDLE_MAGIC_LEN) != 0)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is no policy "
		    "bundle"));
	if (len < BUNDLE_HEAD_LEN)
		return (fault(BUNDLE_TRUNCATED, err, errlen, "is truncated: "
		    "it ends in its head"));
	if (le_get32(data + 8) != BUNDLE_FORMAT)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is of format "
		    "%u, and only %d is known", (unsigned int)le_get32(data +
		    8), BUNDLE_FORMAT));
	m = le_get32(data + 12);
	n = le_get64(data + 16);
	if (m < BUNDLE_MANIFEST_LEN || m > MAX_BUNDLE_MANIFEST ||
	    n > MAX_BUNDLE_SIZE - HEAD_SIG_LEN || n < BUNDLE_HEAD_LEN +
	    (uint64_t)m)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "the lengths in its head cannot be"));
	if (len == n)
		return (fault(BUNDLE_UNSIGNED, err, errlen, "is not signed: "
		    "it ends where its signature should begin"));
	if (len < n + HEAD_SIG_LEN)
		return (fault(BUNDLE_TRUNCATED, err, errlen, "is truncated: "
		    "%zu bytes of %llu are there", len,
		    (unsigned long long)n + HEAD_SIG_LEN));
	if (len > n + HEAD_SIG_LEN)
		return (fault(BUNDLE_TRAILING, err, errlen, "has %llu bytes "
		    "after its end", (unsigned long long)(len - n -
		    HEAD_SIG_LEN)));
	if (sodium_is_zero(data + n, HEAD_SIG_LEN))
		return (fault(BUNDLE_UNSIGNED, err, errlen, "is not signed: "
		    "there are zeros in place of its signature"));
	memcpy(b->signer, data + 24, sizeof(b->signer));
	if ((key = find_key(keys, b->signer)) == NULL)
		return (fault(BUNDLE_UNTRUSTED, err, errlen, "is signed by "
		    "key %.16s, which is none of the trusted ones",
		    sodium_bin2hex(hex, sizeof(hex), b->signer,
		    sizeof(b->signer))));
	message(msg, data, (size_t)n);
	if (crypto_sign_verify_detached(data + n, msg, sizeof(msg), key) != 0)
		return (fault(BUNDLE_FORGED, err, errlen, "is changed, or "
		    "wrongly signed: the signature does not hold"));
	manifest->p = data + BUNDLE_HEAD_LEN;
	manifest->len = m;
	files->p = manifest->p + m;
	files->len = (size_t)n - BUNDLE_HEAD_LEN - m;
	return (BUNDLE_OK);
}

static int
read_file(struct bundle *b, struct rest *manifest, struct rest *files,
    char *err, size_t errlen)
{
	struct bundle_file	*f = &b->file[b->nfiles], *last = f - 1;
	uint8_t			 hash[BUNDLE_HASH_LEN];
	const uint8_t		*e, *path;
	size_t			 n;

	if ((e = take(manifest, BUNDLE_ENTRY_LEN)) == NULL ||
	    (n = le_get32(e)) > MAX_BUNDLE_PATH ||
	    (path = take(manifest, n)) == NULL)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "file %zu of its manifest", b->nfiles + 1));
	memcpy(f->path, path, n);
	f->path[n] = '\0';
	if (strlen(f->path) != n || !bundle_path_ok(f->path))
		return (fault(BUNDLE_MALFORMED, err, errlen, "has a file %s, "
		    "which is none of a rule pack", f->path));
	if (b->nfiles > 0 && strcmp(last->path, f->path) == 0)
		return (fault(BUNDLE_TWICE, err, errlen, "has %s twice",
		    f->path));
	if (b->nfiles > 0 && strcmp(last->path, f->path) > 0)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "%s is out of order", f->path));
	f->len = le_get32(e + 4);
	if (f->len > MAX_BUNDLE_FILE || (f->data = take(files, f->len)) ==
	    NULL)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "%s cannot be %zu bytes long", f->path, f->len));
	crypto_generichash(hash, sizeof(hash), f->data, f->len, NULL, 0);
	if (memcmp(hash, e + 8, sizeof(hash)) != 0)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "%s has another hash than its manifest says", f->path));
	b->nfiles++;
	return (BUNDLE_OK);
}

static int
read_manifest(struct bundle *b, struct rest m, struct rest files, char *err,
    size_t errlen)
{
	const uint8_t	*p = m.p, *name;
	uint32_t	 nfiles, n;
	int		 rc;

	/* read_outside() has seen to so much */
	take(&m, BUNDLE_MANIFEST_LEN);
	b->version = le_get64(p);
	b->time = le_get64(p + 8);
	nfiles = le_get32(p + 16);
	n = le_get32(p + 20);
	if (b->version == 0 || b->version > MAX_BUNDLE_VERSION ||
	    b->time > INT64_MAX || nfiles == 0 || nfiles > MAX_BUNDLE_FILES ||
	    n > MAX_BUNDLE_NAME || (name = take(&m, n)) == NULL)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "its manifest has numbers that cannot be"));
	memcpy(b->name, name, n);
	b->name[n] = '\0';
	if (strlen(b->name) != n || !bundle_name_ok(b->name))
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "its name is none of a rule pack"));
	crypto_generichash(b->content, sizeof(b->content), p + BUNDLE_CONTENT,
	    m.len + (size_t)(m.p - p) - BUNDLE_CONTENT, NULL, 0);
	while (b->nfiles < nfiles)
		if ((rc = read_file(b, &m, &files, err, errlen)) != BUNDLE_OK)
			return (rc);
	if (m.len != 0 || files.len != 0)
		return (fault(BUNDLE_MALFORMED, err, errlen, "is malformed: "
		    "it has more than its manifest says"));
	return (BUNDLE_OK);
}

enum bundle_fault
bundle_read(struct bundle *b, const uint8_t *data, size_t len,
    const struct bundle_keys *keys, char *err, size_t errlen)
{
	struct rest	manifest = { NULL, 0 }, files = { NULL, 0 };
	int		rc;

	memset(b, 0, sizeof(*b));
	rc = read_outside(b, data, len, keys, &manifest, &files, err, errlen);
	return (rc != BUNDLE_OK ? rc : read_manifest(b, manifest, files, err,
	    errlen));
}

/* --- making --------------------------------------------------------------- */

static int
path_order(const void *a, const void *b)
{
	return (strcmp(((const struct bundle_file *)a)->path,
	    ((const struct bundle_file *)b)->path));
}

static void
put_files(const struct bundle *b, uint8_t *p)
{
	const struct bundle_file	*f;
	size_t				 i, n;

	for (i = 0; i < b->nfiles; i++) {
		f = &b->file[i];
		n = strlen(f->path);
		le_put32(p, (uint32_t)n);
		le_put32(p + 4, (uint32_t)f->len);
		crypto_generichash(p + 8, BUNDLE_HASH_LEN, f->data, f->len,
		    NULL, 0);
		memcpy(p + BUNDLE_ENTRY_LEN, f->path, n);
		p += BUNDLE_ENTRY_LEN + n;
	}
	for (i = 0; i < b->nfiles; i++) {
		f = &b->file[i];
		if (f->len != 0)
			memcpy(p, f->data, f->len);
		p += f->len;
	}
}

uint8_t *
bundle_make(struct bundle *b, const uint8_t *secret, size_t *len, char *err,
    size_t errlen)
{
	static struct bundle	 again;
	static struct bundle_keys keys;
	uint8_t			 msg[MESSAGE_LEN], *out;
	size_t			 i, m, n, name = strlen(b->name);

	m = BUNDLE_MANIFEST_LEN + name;
	for (i = n = 0; i < b->nfiles; i++) {
		m += BUNDLE_ENTRY_LEN + strlen(b->file[i].path);
		n += b->file[i].len;
	}
	n += BUNDLE_HEAD_LEN + m;
	if ((out = calloc(1, n + HEAD_SIG_LEN)) == NULL) {
		strlcpy(err, "out of memory", errlen);
		return (NULL);
	}
	qsort(b->file, b->nfiles, sizeof(b->file[0]), path_order);
	/* libsodium's form of a secret ends with the public key */
	keys.n = 1;
	memcpy(keys.key[0], secret + HEAD_SEED_LEN, CHAIN_KEY_LEN);
	chain_device(keys.key[0], b->signer);
	memcpy(out, BUNDLE_MAGIC, BUNDLE_MAGIC_LEN);
	le_put32(out + 8, BUNDLE_FORMAT);
	le_put32(out + 12, (uint32_t)m);
	le_put64(out + 16, n);
	memcpy(out + 24, b->signer, sizeof(b->signer));
	le_put64(out + BUNDLE_HEAD_LEN, b->version);
	le_put64(out + BUNDLE_HEAD_LEN + 8, b->time);
	le_put32(out + BUNDLE_HEAD_LEN + 16, (uint32_t)b->nfiles);
	le_put32(out + BUNDLE_HEAD_LEN + 20, (uint32_t)name);
	memcpy(out + BUNDLE_HEAD_LEN + BUNDLE_MANIFEST_LEN, b->name, name);
	put_files(b, out + BUNDLE_HEAD_LEN + BUNDLE_MANIFEST_LEN + name);
	message(msg, out, n);
	crypto_sign_detached(out + n, NULL, msg, sizeof(msg), secret);
	*len = n + HEAD_SIG_LEN;
	/* what a reader would refuse is not made */
	if (bundle_read(&again, out, *len, &keys, err, errlen) != BUNDLE_OK) {
		free(out);
		return (NULL);
	}
	memcpy(b->content, again.content, sizeof(b->content));
	return (out);
}
