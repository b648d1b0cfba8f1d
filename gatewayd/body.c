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

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/frame.h"
#include "common/json.h"
#include "gatewayd.h"

#define MAX_NESTED	3	/* levels of JSON in a string of JSON */
/* bytes of decoded strings: a level is never longer than the one around it */
#define MAX_BODY_TEXT	((MAX_NESTED + 1) * MAX_BODY_INSPECT)

/*
 * Existing clients were written against a reader that ignores case in keys.
 */
json_t *
body_get(const json_t *body, const char *key)
{
	const char	*k;
	json_t		*v;

	if ((v = json_object_get(body, key)) != NULL)
		return (v);
	json_object_foreach((json_t *)(uintptr_t)body, k, v)
		if (strcasecmp(k, key) == 0)
			return (v);
	return (NULL);
}

const char *
body_str(const json_t *body, const char *key)
{
	return (json_string_value(body_get(body, key)));
}

/*
 * Two members that differ in case only: two readers would see two requests.
 */
int
body_ambiguous(const json_t *body)
{
	void		*a, *b;
	json_t		*o = (json_t *)(uintptr_t)body;

	if (json_object_size(o) > 64)
		return (1);
	for (a = json_object_iter(o); a != NULL;
	    a = json_object_iter_next(o, a))
		for (b = json_object_iter_next(o, a); b != NULL;
		    b = json_object_iter_next(o, b))
			if (strcasecmp(json_object_iter_key(a),
			    json_object_iter_key(b)) == 0)
				return (1);
	return (0);
}

static void	body_walk(const json_t *, struct wbuf *, int);

/* tools get arguments as JSON inside a string, too, and hand on such */
static void
body_nested(const json_t *v, struct wbuf *w, int level)
{
	char	 err[MAX_JSON_ERR];
	json_t	*in;
	const char *s = json_string_value(v);

	while (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r')
		s++;
	if ((*s != '{' && *s != '[') ||
	    (in = json_strict(s, strlen(s), err)) == NULL)
		return;
	body_walk(in, w, level + 1);
	json_decref(in);
}

static void
body_walk(const json_t *v, struct wbuf *w, int level)
{
	const char	*key;
	json_t		*m;
	size_t		 i;

	/* the strict reader has bounded the depth of each level */
	switch (json_typeof(v)) {
	case JSON_STRING:
		wbuf_put(w, json_string_value(v), json_string_length(v));
		wbuf_put(w, "\n", 1);
		if (level < MAX_NESTED)
			body_nested(v, w, level);
		break;
	case JSON_OBJECT:
		json_object_foreach((json_t *)(uintptr_t)v, key, m)
			body_walk(m, w, level);
		break;
	case JSON_ARRAY:
		json_array_foreach(v, i, m)
			body_walk(m, w, level);
		break;
	default:
		break;
	}
}

/*
 * NULL: out of memory or over the bound, so the text was not seen whole.
 */
char *
body_text(const json_t *v, size_t *len)
{
	struct wbuf	 w;

	wbuf_init(&w, MAX_BODY_TEXT);
	if (v != NULL)
		body_walk(v, &w, 0);
	wbuf_put(&w, "", 1);
	if (w.failed) {
		wbuf_free(&w);
		return (NULL);
	}
	*len = w.len - 1;
	return ((char *)w.data);
}
