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

#ifndef SINKD_CHAIN_H
#define SINKD_CHAIN_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_PIN_SIZE	64	/* "sha256//" and base64, with the NUL */
#define MAX_CHAIN_CERTS	4	/* that are shown */

/*
 * The pin of a certificate's public key (RFC 5280, DER).  0, or -1 when it
 * is no certificate.
 */
int	 chain_pin(const uint8_t *, size_t, char [CHAIN_PIN_SIZE]);

/* when the first of them ends, in us since 1970; 0 when none says so */
uint64_t chain_until(const struct curl_certinfo *);

/* one line for an operator: subject, issuer, end and pin of each */
void	 chain_text(const struct curl_certinfo *, char *, size_t);

#endif /* SINKD_CHAIN_H */
