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
#include <sys/random.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"

/*
 * jansson seeds its hash tables on first use by opening /dev/urandom, which
 * a confined role may not: seed it before main, from the kernel.
 */
static void __attribute__((__constructor__))
json_seed(void)
{
	size_t	 seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (size_t)time(NULL) ^ ((size_t)getpid() << 16);
	/* 0 would mean: choose one yourself */
	json_object_seed(seed == 0 ? 1 : seed);
}

/*
 * jansson recurses on input depth with a limit of its own far above ours:
 * count brackets outside strings first.  Returns the offset of the bracket
 * that goes too deep, or -1.
 */
static ssize_t
json_too_deep(const char *p, size_t len)
{
	size_t	 i;
	int	 depth = 0, in_string = 0;

	for (i = 0; i < len; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = 0;
			continue;
		}
		switch (p[i]) {
		case '"':
			in_string = 1;
			break;
		case '[':
		case '{':
			if (++depth > MAX_JSON_DEPTH)
				return ((ssize_t)i);
			break;
		case ']':
		case '}':
			depth--;
			break;
		}
	}
	return (-1);
}

json_t *
json_strict(const void *buf, size_t len, char *err)
{
	json_error_t	 je;
	json_t		*root;
	ssize_t		 at;
	char		*p;

	if ((at = json_too_deep(buf, len)) != -1) {
		snprintf(err, MAX_JSON_ERR,
		    "byte %zd: nested deeper than %d levels", at + 1,
		    MAX_JSON_DEPTH);
		return (NULL);
	}
	root = json_loadb(buf, len, JSON_REJECT_DUPLICATES, &je);
	if (root != NULL)
		return (root);
	/* the text quotes input: keep one line of printable ASCII of it */
	for (p = je.text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	snprintf(err, MAX_JSON_ERR, "line %d column %d: %.120s",
	    je.line < 0 ? 0 : je.line, je.column < 0 ? 0 : je.column,
	    je.text);
	return (NULL);
}

const char *
json_str(const json_t *obj, const char *key)
{
	return (json_string_value(json_object_get(obj, key)));
}

char *
json_text(const json_t *root)
{
	return (json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY |
	    JSON_REAL_PRECISION(6)));
}
