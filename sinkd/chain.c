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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "chain.h"

/*
 * Certificates as a receiver sent them, for an operator who must decide whom
 * to trust: untrusted bytes, so everything is measured before it is used.
 */

#define MAX_DER		16384	/* bytes of one certificate */
#define TAG_INTEGER	0x02
#define TAG_SEQUENCE	0x30
#define TAG_VERSION	0xa0	/* [0], RFC 5280, 4.1 */

/* X.690, 8.1: one element; *body its content.  -1 malformed */
static int
der_next(const uint8_t **p, const uint8_t *end, int *tag,
    const uint8_t **body, size_t *len)
{
	size_t	 n, i;

	if (end - *p < 2)
		return (-1);
	*tag = *(*p)++;
	n = *(*p)++;
	if (n >= 0x80) {
		i = n & 0x7f;
		if (i == 0 || i > 3 || (size_t)(end - *p) < i)
			return (-1);
		for (n = 0; i > 0; i--)
			n = n << 8 | *(*p)++;
	}
	if ((size_t)(end - *p) < n)
		return (-1);
	*body = *p;
	*len = n;
	*p += n;
	return (0);
}

/*
 * SHA-256 of the SubjectPublicKeyInfo, with its tag and length, in the form
 * that CURLOPT_PINNEDPUBLICKEY takes.
 */
int
chain_pin(const uint8_t *der, size_t size, char pin[CHAIN_PIN_SIZE])
{
	const uint8_t	*p = der, *end = der + size, *body, *spki;
	uint8_t		 hash[crypto_hash_sha256_BYTES];
	size_t		 len;
	int		 tag, i;

	if (der_next(&p, end, &tag, &body, &len) == -1 ||
	    tag != TAG_SEQUENCE)
		return (-1);
	p = body;
	end = body + len;
	if (der_next(&p, end, &tag, &body, &len) == -1 ||
	    tag != TAG_SEQUENCE)
		return (-1);
	p = body;		/* tbsCertificate */
	end = body + len;
	if (der_next(&p, end, &tag, &body, &len) == -1)
		return (-1);
	if (tag == TAG_VERSION &&
	    der_next(&p, end, &tag, &body, &len) == -1)
		return (-1);
	if (tag != TAG_INTEGER)
		return (-1);
	/* signature, issuer, validity, subject */
	for (i = 0; i < 4; i++)
		if (der_next(&p, end, &tag, &body, &len) == -1 ||
		    tag != TAG_SEQUENCE)
			return (-1);
	spki = p;
	if (der_next(&p, end, &tag, &body, &len) == -1 ||
	    tag != TAG_SEQUENCE)
		return (-1);
	crypto_hash_sha256(hash, spki, (size_t)(p - spki));
	strlcpy(pin, "sha256//", CHAIN_PIN_SIZE);
	sodium_bin2base64(pin + 8, CHAIN_PIN_SIZE - 8, hash, sizeof(hash),
	    sodium_base64_VARIANT_ORIGINAL);
	return (0);
}

/* RFC 7468 */
static int
pem_pin(const char *pem, char pin[CHAIN_PIN_SIZE])
{
	static const char	 begin[] = "-----BEGIN CERTIFICATE-----";
	const char		*end;
	uint8_t			 der[MAX_DER];
	size_t			 n;

	if ((pem = strstr(pem, begin)) == NULL)
		return (-1);
	pem += sizeof(begin) - 1;
	if ((end = strstr(pem, "-----END")) == NULL ||
	    sodium_base642bin(der, sizeof(der), pem, (size_t)(end - pem),
	    " \r\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) == -1)
		return (-1);
	return (chain_pin(der, n, pin));
}

static const char *
value_of(const struct curl_slist *l, const char *name)
{
	size_t	 len = strlen(name);

	for (; l != NULL; l = l->next)
		if (strncmp(l->data, name, len) == 0 && l->data[len] == ':')
			return (l->data + len + 1);
	return ("");
}

void
chain_text(const struct curl_certinfo *ci, char *text, size_t size)
{
	char	 raw[512], line[512], pin[CHAIN_PIN_SIZE];
	int	 i;

	text[0] = '\0';
	for (i = 0; i < ci->num_of_certs && i < MAX_CHAIN_CERTS; i++) {
		if (pem_pin(value_of(ci->certinfo[i], "Cert"), pin) == -1)
			strlcpy(pin, "unreadable", sizeof(pin));
		snprintf(raw, sizeof(raw), "%d: subject %.100s, issuer "
		    "%.100s, until %.40s, pin %s", i,
		    value_of(ci->certinfo[i], "Subject"),
		    value_of(ci->certinfo[i], "Issuer"),
		    value_of(ci->certinfo[i], "Expire date"), pin);
		log_escape(line, sizeof(line), raw, strlen(raw));
		if (i != 0)
			strlcat(text, "; ", size);
		strlcat(text, line, size);
	}
}

uint64_t
chain_until(const struct curl_certinfo *ci)
{
	uint64_t	 first = 0;
	time_t		 t;
	int		 i;

	for (i = 0; i < ci->num_of_certs; i++) {
		t = curl_getdate(value_of(ci->certinfo[i], "Expire date"),
		    NULL);
		if (t > 0 && (first == 0 || (uint64_t)t < first))
			first = (uint64_t)t;
	}
	return (first * 1000000);
}
