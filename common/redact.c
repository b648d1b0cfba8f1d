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

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/redact.h"

#define REDACT_SHORT	5	/* bytes below which no digest is given */
#define MAX_NAME_LEN	128	/* bytes of a name that may stay */
#define MAX_NAME_PART	11	/* bytes of a part that may hold digits */
#define MAX_WORD_PART	24	/* bytes of a part made of letters only */
#define MAX_RULE_ID	128	/* bytes of a rule id before a colon */
#define MAX_PLAIN_VALUE	6	/* bytes of a value without letters */
#define UUID_LEN	36

int
redact_init(struct redactor *r, const void *secret, size_t len)
{
	static const char	domain[] = "defenseclaw redaction 1";

	if ((r->key = sodium_malloc(REDACT_KEY_LEN)) == NULL) {
		errno = ENOMEM;
		return (-1);
	}
	crypto_generichash(r->key, REDACT_KEY_LEN, secret, len,
	    (const uint8_t *)domain, sizeof(domain) - 1);
	return (sodium_mprotect_readonly(r->key));
}

static void
redact_digest(const struct redactor *r, const void *value, size_t len,
    char hex[9])
{
	uint8_t	mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256(mac, value, len, r->key);
	sodium_bin2hex(hex, 9, mac, 4);
}

void
redact_value(const struct redactor *r, const void *value, size_t len,
    char out[MAX_REDACTED])
{
	char	hex[9];

	if (len == 0)
		strlcpy(out, "<empty>", MAX_REDACTED);
	else if (len < REDACT_SHORT)
		snprintf(out, MAX_REDACTED, "<redacted len=%zu>", len);
	else {
		redact_digest(r, value, len, hex);
		snprintf(out, MAX_REDACTED, "<redacted len=%zu sha=%s>", len,
		    hex);
	}
}

void
redact_evidence(const struct redactor *r, const void *value, size_t len,
    char out[MAX_REDACTED])
{
	char	hex[9];

	redact_digest(r, value, len, hex);
	snprintf(out, MAX_REDACTED, "<redacted-evidence len=%zu sha=%s>", len,
	    hex);
}

static int
redact_is_uuid(const char *s, size_t len)
{
	size_t	i;

	if (len != UUID_LEN)
		return (0);
	for (i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i] != '-')
				return (0);
		} else if (!isxdigit((unsigned char)s[i]))
			return (0);
	return (1);
}

/*
 * Parts are cut at _ . : / - and @: a part that mixes letters and digits may
 * be short only, since that is what keys and tokens look like.
 */
static int
redact_is_name(const char *s, size_t len)
{
	size_t	i, part = 0, digits = 0, letters = 0;

	if (len == 0 || len > MAX_NAME_LEN)
		return (0);
	if (redact_is_uuid(s, len))
		return (1);
	for (i = 0; i <= len; i++) {
		if (i == len || strchr("_.:/-@", s[i]) != NULL) {
			if (part > MAX_WORD_PART ||
			    (digits != 0 && part > MAX_NAME_PART))
				return (0);
			part = digits = 0;
			continue;
		}
		if (isdigit((unsigned char)s[i]))
			digits++;
		else if (isalpha((unsigned char)s[i]))
			letters++;
		else
			return (0);
		part++;
	}
	return (letters != 0);
}

void
redact_name(const struct redactor *r, const char *name, char *out,
    size_t size)
{
	char	masked[MAX_REDACTED];
	size_t	len = strlen(name);

	if (len == 0 || redact_is_name(name, len)) {
		strlcpy(out, name, size);
		return;
	}
	redact_value(r, name, len, masked);
	strlcpy(out, masked, size);
}

/* a value after "key=": a name, a short number, or a comma list of those */
static int
redact_is_plain(const char *s, size_t len)
{
	size_t	i, from = 0, n;

	for (i = 0; i <= len; i++) {
		if (i != len && s[i] != ',')
			continue;
		n = i - from;
		if (n == 0)
			return (len == 0);
		if (!redact_is_name(s + from, n) && (n > MAX_PLAIN_VALUE ||
		    strspn(s + from, "0123456789.") < n))
			return (0);
		from = i + 1;
	}
	return (1);
}

/* a word before ':' or '=' that announces what nobody is to see */
static int
redact_is_secret(const char *key, size_t len)
{
	static const char *const words[] = { "pass", "secret", "token", "key",
	    "auth" };
	size_t	i, at, n;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i]);
		for (at = 0; at + n <= len; at++)
			if (strncasecmp(key + at, words[i], n) == 0)
				return (1);
	}
	return (0);
}

static void
redact_append(char *out, const char *s, size_t len)
{
	size_t	have = strlen(out);

	if (have + len >= MAX_REDACT_TEXT)
		len = MAX_REDACT_TEXT - 1 - have;
	memcpy(out + have, s, len);
	out[have + len] = '\0';
}

static void
redact_masked(const struct redactor *r, const char *s, size_t len, int secret,
    char *out)
{
	char	masked[MAX_REDACTED];

	if (len == 0)
		return;
	if (!secret && redact_is_plain(s, len)) {
		redact_append(out, s, len);
		return;
	}
	redact_value(r, s, len, masked);
	redact_append(out, masked, strlen(masked));
}

/* length of a rule id that stands before a colon, or 0 */
static size_t
redact_id_len(const char *s, size_t len)
{
	size_t	i, letters = 0;

	for (i = 0; i < len && i < MAX_RULE_ID; i++) {
		if (s[i] == ':')
			return (letters != 0 && redact_is_name(s, i) ? i : 0);
		if (isalpha((unsigned char)s[i]))
			letters++;
		else if (!isdigit((unsigned char)s[i]) &&
		    strchr("_./-", s[i]) == NULL)
			return (0);
	}
	return (0);
}

/* "a=b c=d": keys stay, each value up to the next " key=" is judged */
static void
redact_pairs(const struct redactor *r, const char *s, size_t len, int secret,
    char *out)
{
	size_t	i, eq, start, end;
	int	hide;

	for (i = 0; i < len; i = end) {
		for (eq = i; eq < len && s[eq] != '='; eq++)
			;
		if (eq == len || !redact_is_name(s + i, eq - i)) {
			redact_masked(r, s + i, len - i, secret, out);
			return;
		}
		redact_append(out, s + i, eq + 1 - i);
		hide = secret || redact_is_secret(s + i, eq - i);
		start = eq + 1;
		for (end = start; end < len; end++) {
			if (s[end] != ' ')
				continue;
			for (eq = end + 1; eq < len && s[eq] != '=' &&
			    s[eq] != ' '; eq++)
				;
			if (eq < len && s[eq] == '=' && eq > end + 1)
				break;
		}
		redact_masked(r, s + start, end - start, hide, out);
		if (end < len) {
			redact_append(out, " ", 1);
			end++;
		}
	}
}

static void
redact_clause(const struct redactor *r, const char *s, size_t len, char *out)
{
	size_t	id;
	int	secret = 0;

	if ((id = redact_id_len(s, len)) != 0) {
		secret = redact_is_secret(s, id);
		redact_append(out, s, id + 1);
		s += id + 1;
		len -= id + 1;
		if (len != 0 && s[0] == ' ') {
			redact_append(out, " ", 1);
			s++;
			len--;
		}
		/* one level more: "matched: RULE-ID:title" */
		if (!secret && (id = redact_id_len(s, len)) != 0) {
			secret = redact_is_secret(s, id);
			redact_append(out, s, id + 1);
			s += id + 1;
			len -= id + 1;
		}
	}
	if (memchr(s, '=', len) != NULL)
		redact_pairs(r, s, len, secret, out);
	else
		redact_masked(r, s, len, secret, out);
}

void
redact_reason(const struct redactor *r, const char *reason,
    char out[MAX_REDACT_TEXT])
{
	const char	*p = reason, *end;

	out[0] = '\0';
	while (*p != '\0') {
		for (end = p; *end != '\0'; end++)
			if ((end[0] == ',' || end[0] == ';') && end[1] == ' ')
				break;
		redact_clause(r, p, (size_t)(end - p), out);
		if (*end == '\0')
			break;
		redact_append(out, end, 2);
		p = end + 2;
	}
}
