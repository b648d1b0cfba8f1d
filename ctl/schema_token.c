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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

/*
 * gateway.tokens: the names of clients' tokens, with commas between them, and
 * behind a colon, while one is being replaced, the second until which the one
 * before is taken, too.
 */

static int
refuse(char *err, size_t errlen, const char *why)
{
	strlcpy(err, why, errlen);
	return (-1);
}

int
schema_token_name(const char *name, size_t len)
{
	static const char	chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "0123456789_-";
	size_t			i;

	if (len == 0 || len >= MAX_TOKEN_NAME || name[0] == '-' ||
	    name[0] == '_')
		return (-1);
	for (i = 0; i < len; i++)
		if (strchr(chars, name[i]) == NULL)
			return (-1);
	return (0);
}

int
schema_tokens(const struct conf *c, struct conf_token t[MAX_TOKENS],
    char *err, size_t errlen)
{
	const char	*p = c->gateway.tokens, *colon;
	size_t		 len, name;
	char		 text[32], *end;
	int		 i, n = 0;

	for (; *p != '\0'; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		colon = memchr(p, ':', len);
		name = colon != NULL ? (size_t)(colon - p) : len;
		if (schema_token_name(p, name) == -1)
			return (refuse(err, errlen, "must be names with "
			    "commas between them: lower case letters, "
			    "digits, - and _, at most 31 characters"));
		if (n == MAX_TOKENS)
			return (refuse(err, errlen, "names more than 8 "
			    "tokens"));
		memset(&t[n], 0, sizeof(t[n]));
		snprintf(t[n].name, sizeof(t[n].name), "%.*s", (int)name, p);
		for (i = 0; i < n; i++)
			if (strcmp(t[i].name, t[n].name) == 0)
				return (refuse(err, errlen, "names a token "
				    "twice"));
		if (strcmp(t[n].name, c->gateway.token_secret) == 0)
			return (refuse(err, errlen, "names the token of "
			    "gateway.token_secret, too"));
		if (colon != NULL) {
			snprintf(text, sizeof(text), "%.*s",
			    (int)(len - name - 1), colon + 1);
			t[n].old_until = strtoull(text, &end, 10);
			if (*end != '\0' || text[0] < '1' || text[0] > '9' ||
			    len - name - 1 > 11)
				return (refuse(err, errlen, "has a time that "
				    "is no number of seconds since 1970"));
		}
		n++;
	}
	return (n);
}
