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

#include <string.h>
#include <strings.h>

#include "confsecret.h"

int
confsecret_key(const char *key, size_t klen)
{
	static const char *const names[] = { "token", "bearer_token",
	    "access_token", "api_key", "password", "secret", "authorization" };
	size_t	i, len;

	/* ours: the name of a file below secrets/ */
	if (klen >= 12 && strncasecmp(key + klen - 12, "token_secret", 12) ==
	    0)
		return (0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		/* also virustotal_api_key, x-token */
		if (klen >= len && strncasecmp(key + klen - len, names[i],
		    len) == 0 && (klen == len || key[klen - len - 1] == '_' ||
		    key[klen - len - 1] == '-'))
			return (1);
	}
	return (0);
}

/* the reference implementation has people write tokens there */
int
confsecret_header(const char *name)
{
	static const char *const words[] = { "authorization", "token",
	    "api-key", "api_key", "secret", "password", "cookie" };
	size_t	i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(name, words[i]) != NULL)
			return (1);
	return (0);
}

/* is it below a section of this name */
static int
is_below(const struct ytree *t, int node, const char *name)
{
	for (node = t->n[node].parent; node > 0; node = t->n[node].parent)
		if (t->n[node].key != NULL &&
		    strcmp(t->n[node].key, name) == 0)
			return (1);
	return (0);
}

int
confsecret_node(const struct ytree *t, int node)
{
	const struct ynode	*n = &t->n[node];

	if (n->kind != Y_SCALAR || n->key == NULL || ytree_null(n) ||
	    n->vallen == 0)
		return (0);
	if (confsecret_key(n->key, n->keylen))
		return (1);
	if (is_below(t, node, "headers"))
		return (confsecret_header(n->key));
	if (strstr(n->val, "://") == NULL)
		return (0);
	return (strpbrk(n->val, "?@") != NULL || is_below(t, node,
	    "webhooks"));
}
