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

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

/*
 * Our own writer, for the same reason as our own reader (json.c).
 */

#define JSON_OUT_MIN	512
#define MAX_JSON_OUT	(MAX_JSON_DEPTH + 16)	/* levels; ends recursion */

static void	out_value(struct json_out *, const json_t *, int);

static void
out_put(struct json_out *o, const char *p, size_t len)
{
	size_t	 size;
	char	*grown;

	if (o->failed)
		return;
	if (len >= o->size - o->len) {
		size = o->size * 2 > JSON_OUT_MIN ? o->size * 2 :
		    JSON_OUT_MIN;
		if (size <= o->len + len)
			size = o->len + len + 1;
		if ((grown = realloc(o->data, size)) == NULL) {
			o->failed = 1;
			return;
		}
		o->data = grown;
		o->size = size;
	}
	memcpy(o->data + o->len, p, len);
	o->len += len;
}

static void
out_string(struct json_out *o, const char *s, size_t len)
{
	static const char	 from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char		*end = s + len, *q, *at;
	char			 esc[8];
	int			 n;

	out_put(o, "\"", 1);
	for (;;) {
		q = json_plain(s, end);
		out_put(o, s, (size_t)(q - s));
		if (q == end)
			break;
		esc[0] = '\\';
		n = 2;
		if (*q != '\0' && (at = strchr(from, *q)) != NULL)
			esc[1] = to[at - from];
		else
			n = snprintf(esc, sizeof(esc), "\\u%04X",
			    (unsigned char)*q);
		out_put(o, esc, (size_t)n);
		s = q + 1;
	}
	out_put(o, "\"", 1);
}

/* six digits, and always with a sign that it is no integer */
static void
out_real(struct json_out *o, double d)
{
	char	 buf[32];
	int	 n;

	/* the confidence of most verdicts, and printf is slow at it */
	if (d == 0 && !signbit(d)) {
		out_put(o, "0.0", 3);
		return;
	}
	n = snprintf(buf, sizeof(buf), "%.6g", d);
	if (strpbrk(buf, ".e") == NULL)
		n = (int)strlcat(buf, ".0", sizeof(buf));
	out_put(o, buf, (size_t)n);
}

/* decimal; not by printf, which is slow at it */
static void
out_int(struct json_out *o, int64_t v)
{
	char		 buf[24];
	size_t		 i = sizeof(buf);
	uint64_t	 n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		buf[--i] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	if (v < 0)
		buf[--i] = '-';
	out_put(o, buf + i, sizeof(buf) - i);
}

static void
out_object(struct json_out *o, const json_t *v, int level)
{
	void	*it;
	json_t	*obj = (json_t *)(uintptr_t)v;
	int	 first = 1;

	out_put(o, "{", 1);
	for (it = json_object_iter(obj); it != NULL;
	    it = json_object_iter_next(obj, it)) {
		if (!first)
			out_put(o, ",", 1);
		first = 0;
		out_string(o, json_object_iter_key(it),
		    json_object_iter_key_len(it));
		out_put(o, ":", 1);
		out_value(o, json_object_iter_value(it), level + 1);
	}
	out_put(o, "}", 1);
}

static void
out_array(struct json_out *o, const json_t *v, int level)
{
	size_t	 i, n = json_array_size(v);

	out_put(o, "[", 1);
	for (i = 0; i < n; i++) {
		if (i != 0)
			out_put(o, ",", 1);
		out_value(o, json_array_get(v, i), level + 1);
	}
	out_put(o, "]", 1);
}

/* cut between characters */
static size_t
out_length(const json_t *v, size_t max)
{
	const char	*s = json_string_value(v);
	size_t		 len = json_string_length(v);

	if (len <= max)
		return (len);
	while (max > 0 && (s[max] & 0xc0) == 0x80)
		max--;
	return (max);
}

static void
out_value(struct json_out *o, const json_t *v, int level)
{
	if (v == NULL || level > MAX_JSON_OUT) {
		o->failed = 1;
		return;
	}
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		out_object(o, v, level);
		break;
	case JSON_ARRAY:
		out_array(o, v, level);
		break;
	case JSON_STRING:
		out_string(o, json_string_value(v), out_length(v, o->max));
		break;
	case JSON_INTEGER:
		out_int(o, json_integer_value(v));
		break;
	case JSON_REAL:
		out_real(o, json_real_value(v));
		break;
	case JSON_TRUE:
		out_put(o, "true", 4);
		break;
	case JSON_FALSE:
		out_put(o, "false", 5);
		break;
	case JSON_NULL:
		out_put(o, "null", 4);
		break;
	}
}

void
json_out_init(struct json_out *o)
{
	memset(o, 0, sizeof(*o));
	o->max = SIZE_MAX;
}

char *
json_out_end(struct json_out *o)
{
	if (o->failed || o->data == NULL) {
		free(o->data);
		return (NULL);
	}
	o->data[o->len] = '\0';
	return (o->data);
}

char *
json_text_cut(const json_t *root, size_t max)
{
	struct json_out	 o;

	json_out_init(&o);
	o.max = max;
	out_value(&o, root, 0);
	return (json_out_end(&o));
}

/* What comes before a value: a comma unless it is the first, and its key. */
static void
out_key(struct json_out *o, const char *key)
{
	char	 last = o->len == 0 ? '{' : o->data[o->len - 1];

	if (last != '{' && last != '[')
		out_put(o, ",", 1);
	if (key != NULL) {
		out_string(o, key, strlen(key));
		out_put(o, ":", 1);
	}
}

void
json_out_open(struct json_out *o, const char *key, char bracket)
{
	out_key(o, key);
	out_put(o, &bracket, 1);
}

void
json_out_close(struct json_out *o, char bracket)
{
	out_put(o, &bracket, 1);
}

void
json_out_str(struct json_out *o, const char *key, const char *s)
{
	size_t	 len = strlen(s);

	if (!utf8_valid(s, len))
		o->failed = 1;
	out_key(o, key);
	out_string(o, s, len);
}

void
json_out_int(struct json_out *o, const char *key, int64_t v)
{
	out_key(o, key);
	out_int(o, v);
}

void
json_out_real(struct json_out *o, const char *key, double d)
{
	out_key(o, key);
	out_real(o, d);
}

void
json_out_bool(struct json_out *o, const char *key, int v)
{
	out_key(o, key);
	if (v)
		out_put(o, "true", 4);
	else
		out_put(o, "false", 5);
}

void
json_out_value(struct json_out *o, const char *key, const json_t *v)
{
	out_key(o, key);
	out_value(o, v, 0);
}

char *
json_text(const json_t *root)
{
	return (json_text_cut(root, SIZE_MAX));
}
