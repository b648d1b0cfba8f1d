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

#ifndef COMMON_REDACT_H
#define COMMON_REDACT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Keyed redaction.  Placeholders have the shape that existing tools know,
 * <redacted len=N sha=HHHHHHHH>, but the digest is HMAC-SHA-256 under a key
 * of this installation, so a value cannot be confirmed by trying candidates.
 * Input that looks like a placeholder is masked like any other.
 */

#define REDACT_KEY_LEN	32
#define MAX_REDACTED	96	/* bytes of one placeholder with its NUL */
#define MAX_REDACT_TEXT	2048	/* bytes of a redacted reason with its NUL */

struct redactor {
	uint8_t	*key;		/* in guarded, locked, read-only memory */
};

/*
 * The key is derived from the secret's bytes, however many there are, and
 * stays for the life of the process.  -1 with errno ENOMEM when it cannot be
 * locked.
 */
int	redact_init(struct redactor *, const void *, size_t);

/* masks the whole value; values under 5 bytes get no digest */
void	redact_value(const struct redactor *, const void *, size_t,
	    char [MAX_REDACTED]);

/* <redacted-evidence len=N sha=...> */
void	redact_evidence(const struct redactor *, const void *, size_t,
	    char [MAX_REDACTED]);

/*
 * A name (tool, target, session, agent): kept when every part of it looks
 * like a word or a UUID, masked otherwise.  Empty stays empty.
 */
void	redact_name(const struct redactor *, const char *, char *, size_t);

/*
 * Free text made of clauses ("ID: rest", "key=value", words): what names a
 * rule or a key stays, what may carry a value is masked.
 */
void	redact_reason(const struct redactor *, const char *,
	    char [MAX_REDACT_TEXT]);

#endif /* COMMON_REDACT_H */
