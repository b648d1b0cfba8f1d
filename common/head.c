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

#include <sys/types.h>

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/head.h"
#include "common/json.h"
#include "common/le.h"

#define HEAD_DOMAIN	"defenseclaw audit head v1"	/* with its NUL */
#define HEAD_TYPE	"defenseclaw-audit-head"
#define HEAD_VERSION	1
#define HEAD_MESSAGE	(sizeof(HEAD_DOMAIN) + CHAIN_DEVICE_LEN +	\
			    CHAIN_EPOCH_LEN + 8 + CHAIN_HASH_LEN + 8)
#define KEY_BASE64	44	/* characters for 32 bytes, with padding */

#define PEM_PRIVATE	"ED25519 PRIVATE KEY"
#define PEM_PUBLIC	"ED25519 PUBLIC KEY"

_Static_assert(HEAD_SIG_LEN == crypto_sign_BYTES, "signature length");
_Static_assert(HEAD_SEED_LEN == crypto_sign_SEEDBYTES, "seed length");
_Static_assert(HEAD_SECRET_LEN == crypto_sign_SECRETKEYBYTES, "key length");

static void
head_message(const struct head *h, uint8_t out[HEAD_MESSAGE])
{
	uint8_t	*p = out;

	memcpy(p, HEAD_DOMAIN, sizeof(HEAD_DOMAIN));
	p += sizeof(HEAD_DOMAIN);
	memcpy(p, h->device, CHAIN_DEVICE_LEN);
	p += CHAIN_DEVICE_LEN;
	memcpy(p, h->epoch, CHAIN_EPOCH_LEN);
	p += CHAIN_EPOCH_LEN;
	le_put64(p, h->seq);
	p += 8;
	memcpy(p, h->hash, CHAIN_HASH_LEN);
	p += CHAIN_HASH_LEN;
	le_put64(p, h->time_us);
}

void
head_sign(struct head *h, const uint8_t *secret)
{
	uint8_t	 msg[HEAD_MESSAGE];

	head_message(h, msg);
	crypto_sign_detached(h->sig, NULL, msg, sizeof(msg), secret);
}

int
head_verify(const struct head *h, const uint8_t key[CHAIN_KEY_LEN], char *err,
    size_t errlen)
{
	uint8_t	 msg[HEAD_MESSAGE], device[CHAIN_DEVICE_LEN];

	chain_device(key, device);
	if (memcmp(device, h->device, sizeof(device)) != 0) {
		snprintf(err, errlen,
		    "the signed head is of another device than this key");
		return (-1);
	}
	head_message(h, msg);
	if (crypto_sign_verify_detached(h->sig, msg, sizeof(msg), key) != 0) {
		snprintf(err, errlen, "the head's signature is wrong");
		return (-1);
	}
	return (0);
}

size_t
head_json(const struct head *h, char out[MAX_HEAD_JSON])
{
	char	 device[2 * CHAIN_DEVICE_LEN + 1];
	char	 epoch[2 * CHAIN_EPOCH_LEN + 1];
	char	 hash[2 * CHAIN_HASH_LEN + 1], sig[2 * HEAD_SIG_LEN + 1];
	char	 when[EVENT_TIME_SIZE];
	int	 n;

	sodium_bin2hex(device, sizeof(device), h->device, CHAIN_DEVICE_LEN);
	sodium_bin2hex(epoch, sizeof(epoch), h->epoch, CHAIN_EPOCH_LEN);
	sodium_bin2hex(hash, sizeof(hash), h->hash, CHAIN_HASH_LEN);
	sodium_bin2hex(sig, sizeof(sig), h->sig, HEAD_SIG_LEN);
	event_time(h->time_us, when);
	n = snprintf(out, MAX_HEAD_JSON,
	    "{\"type\":\"" HEAD_TYPE "\",\"version\":%d,\"device\":\"%s\","
	    "\"epoch\":\"%s\",\"seq\":%" PRIu64 ",\"hash\":\"%s\","
	    "\"time\":\"%s\",\"sig\":\"%s\"}", HEAD_VERSION, device, epoch,
	    h->seq, hash, when, sig);
	return ((size_t)n);
}

/* a member that is exactly len bytes in hexadecimal */
static int
head_hex(const json_t *root, const char *name, uint8_t *out, size_t len)
{
	const char	*s = json_str(root, name);
	size_t		 n;

	if (s == NULL || strlen(s) != 2 * len ||
	    sodium_hex2bin(out, len, s, 2 * len, NULL, &n, NULL) != 0)
		return (-1);
	return (n == len ? 0 : -1);
}

int
head_parse(struct head *h, const char *buf, size_t len, char *err,
    size_t errlen)
{
	char		 jerr[MAX_JSON_ERR], again[MAX_HEAD_JSON];
	const char	*when;
	json_t		*root;
	json_int_t	 seq;
	int		 bad;

	memset(h, 0, sizeof(*h));
	if (len >= MAX_HEAD_JSON) {
		snprintf(err, errlen, "too long for a signed head");
		return (-1);
	}
	if ((root = json_strict(buf, len, jerr)) == NULL) {
		snprintf(err, errlen, "%s", jerr);
		return (-1);
	}
	when = json_str(root, "time");
	seq = json_integer_value(json_object_get(root, "seq"));
	bad = head_hex(root, "device", h->device, CHAIN_DEVICE_LEN) == -1 ||
	    head_hex(root, "epoch", h->epoch, CHAIN_EPOCH_LEN) == -1 ||
	    head_hex(root, "hash", h->hash, CHAIN_HASH_LEN) == -1 ||
	    head_hex(root, "sig", h->sig, HEAD_SIG_LEN) == -1 ||
	    when == NULL || event_time_parse(when, &h->time_us) == -1 ||
	    seq < 1;
	h->seq = bad ? 0 : (uint64_t)seq;
	json_decref(root);
	/* one spelling only: type, version, order and spaces count as well */
	if (bad || head_json(h, again) != len ||
	    memcmp(again, buf, len) != 0) {
		memset(h, 0, sizeof(*h));
		snprintf(err, errlen, "not a signed head of version %d",
		    HEAD_VERSION);
		return (-1);
	}
	return (0);
}

/* builds what the file must be and compares: no other spelling gets in */
static size_t
pem_text(const char *type, const uint8_t bin[CHAIN_KEY_LEN],
    char out[MAX_DEVICE_KEY])
{
	char	 b64[KEY_BASE64 + 1];
	int	 n;

	sodium_bin2base64(b64, sizeof(b64), bin, CHAIN_KEY_LEN,
	    sodium_base64_VARIANT_ORIGINAL);
	n = snprintf(out, MAX_DEVICE_KEY,
	    "-----BEGIN %s-----\n%s\n-----END %s-----\n", type, b64, type);
	sodium_memzero(b64, sizeof(b64));
	return ((size_t)n);
}

static int
pem_parse(const char *type, const char *buf, size_t len,
    uint8_t bin[CHAIN_KEY_LEN], char *err, size_t errlen)
{
	char	 again[MAX_DEVICE_KEY];
	size_t	 body, full, n;
	int	 ok;

	body = strlen(type) + sizeof("-----BEGIN -----\n") - 1;
	ok = len < MAX_DEVICE_KEY && len > body + KEY_BASE64 &&
	    sodium_base642bin(bin, CHAIN_KEY_LEN, buf + body, KEY_BASE64,
	    NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    n == CHAIN_KEY_LEN;
	if (ok) {
		full = pem_text(type, bin, again);
		ok = (len == full || len == full - 1) &&
		    sodium_memcmp(again, buf, len) == 0;
		sodium_memzero(again, sizeof(again));
	}
	if (!ok) {
		sodium_memzero(bin, CHAIN_KEY_LEN);
		snprintf(err, errlen, "not a PEM file of type \"%s\" with one "
		    "line of base64 of %d bytes", type, CHAIN_KEY_LEN);
		return (-1);
	}
	return (0);
}

int
device_key_parse(const char *buf, size_t len, uint8_t seed[HEAD_SEED_LEN],
    char *err, size_t errlen)
{
	return (pem_parse(PEM_PRIVATE, buf, len, seed, err, errlen));
}

size_t
device_key_text(const uint8_t seed[HEAD_SEED_LEN], char out[MAX_DEVICE_KEY])
{
	return (pem_text(PEM_PRIVATE, seed, out));
}

int
device_pub_parse(const char *buf, size_t len, uint8_t key[CHAIN_KEY_LEN],
    char *err, size_t errlen)
{
	return (pem_parse(PEM_PUBLIC, buf, len, key, err, errlen));
}

size_t
device_pub_text(const uint8_t key[CHAIN_KEY_LEN], char out[MAX_DEVICE_KEY])
{
	return (pem_text(PEM_PUBLIC, key, out));
}

void
device_key_expand(const uint8_t seed[HEAD_SEED_LEN],
    uint8_t key[CHAIN_KEY_LEN], uint8_t secret[HEAD_SECRET_LEN])
{
	crypto_sign_seed_keypair(key, secret, seed);
}
