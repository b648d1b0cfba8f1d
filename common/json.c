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

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"
#include "common/utf8.h"

/*
 * Our own reader: it walks the text once and copies a string in one piece,
 * where jansson's takes each byte through four functions.  The values are
 * jansson's.
 */

#define MAX_JSON_NUMBER	64	/* bytes of a number read without malloc */

struct json_in {
	const char	*start;
	const char	*p;
	const char	*end;
	char		*scratch;	/* of the longest string, or NULL */
	char		*err;
	size_t		 left;		/* values that may still come */
	int		 depth;
	int		 unreadable;	/* JSON, but not for us */
};

static json_t	*in_value(struct json_in *);

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

/* what is wrong at p; always NULL */
static void *
in_fail(struct json_in *in, const char *what)
{
	const char	*q, *line = in->start;
	int		 n = 1;

	for (q = in->start; q < in->p && q < in->end; q++)
		if (*q == '\n') {
			n++;
			line = q + 1;
		}
	snprintf(in->err, MAX_JSON_ERR, "line %d column %zd: %s", n,
	    in->p - line + 1, in->p >= in->end ? "it ends too early" : what);
	return (NULL);
}

/* the same for what is JSON and has no value here */
static void *
in_unreadable(struct json_in *in, const char *what)
{
	in->unreadable = 1;
	return (in_fail(in, what));
}

static void
in_space(struct json_in *in)
{
	while (in->p < in->end && (*in->p == ' ' || *in->p == '\n' ||
	    *in->p == '\t' || *in->p == '\r'))
		in->p++;
}

/* four hex digits, -1: none */
static int
in_hex(const char *p, const char *end)
{
	int	 i, v = 0;

	if (end - p < 4)
		return (-1);
	for (i = 0; i < 4; i++) {
		v <<= 4;
		if (p[i] >= '0' && p[i] <= '9')
			v |= p[i] - '0';
		else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
			v |= (p[i] | 0x20) - 'a' + 10;
		else
			return (-1);
	}
	return (v);
}

/* \uXXXX at p: writes UTF-8 and returns its length, 0 when it is invalid */
static size_t
in_unicode(struct json_in *in, char *out)
{
	int	 c, low;

	if ((c = in_hex(in->p + 2, in->end)) <= 0 ||
	    (c >= 0xdc00 && c <= 0xdfff))
		return (0);
	if (c >= 0xd800 && c <= 0xdbff) {
		if (in->end - in->p < 12 || in->p[6] != '\\' ||
		    in->p[7] != 'u' || (low = in_hex(in->p + 8,
		    in->end)) < 0xdc00 || low > 0xdfff)
			return (0);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		in->p += 6;
	}
	in->p += 6;
	if (c < 0x80) {
		out[0] = (char)c;
		return (1);
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return (2);
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return (3);
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return (4);
}

/* an escape at p into out; 0: invalid */
static size_t
in_escape(struct json_in *in, char *out)
{
	static const char	 from[] = "\"\\/bfnrt";
	static const char	 to[] = "\"\\/\b\f\n\r\t";
	const char		*at;

	if (in->end - in->p < 2)
		return (0);
	if (in->p[1] == 'u')
		return (in_unicode(in, out));
	if (in->p[1] == '\0' || (at = strchr(from, in->p[1])) == NULL)
		return (0);
	*out = to[at - from];
	in->p += 2;
	return (1);
}

/* the length of the escape at p by syntax alone; 0: invalid */
static size_t
in_escape_len(const struct json_in *in)
{
	if (in->end - in->p < 2)
		return (0);
	if (in->p[1] == 'u')
		return (in_hex(in->p + 2, in->end) == -1 ? 0 : 6);
	return (in->p[1] != '\0' && strchr("\"\\/bfnrt", in->p[1]) !=
	    NULL ? 2 : 0);
}

/* bytes of a word that are v, and perhaps some after the first of them */
#define SAME(w, v)	((((w) ^ EACH(v)) - EACH(1)) & ~((w) ^ EACH(v)) & HIGH)
#define EACH(v)		(0x0101010101010101ULL * (v))
#define HIGH		EACH(0x80)

const char *
json_plain(const char *p, const char *end)
{
	uint64_t	 w;

	/* strings are most of a text: eight bytes at a time */
	for (; (size_t)(end - p) >= sizeof(w); p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		if ((SAME(w, '"') | SAME(w, '\\') |
		    ((w - EACH(0x20)) & ~w & HIGH)) != 0)
			break;
	}
	while (p < end && *p != '"' && *p != '\\' &&
	    (unsigned char)*p >= 0x20)
		p++;
	return (p);
}

/* the string at p, in the text itself or in the scratch buffer */
static const char *
in_string(struct json_in *in, size_t *len)
{
	const char	*s, *q;
	size_t		 n = 0, add;

	s = ++in->p;
	q = json_plain(in->p, in->end);
	if (q < in->end && *q == '"') {
		*len = (size_t)(q - s);
		if (!utf8_valid(s, *len))
			return (in_fail(in, "a string is not UTF-8"));
		in->p = q + 1;
		return (s);
	}
	/* what an escape stands for is never longer than the escape */
	if (in->scratch == NULL && (in->scratch = malloc((size_t)(in->end -
	    in->p) + 1)) == NULL)
		return (in_fail(in, "out of memory"));
	for (;;) {
		q = json_plain(in->p, in->end);
		memcpy(in->scratch + n, in->p, (size_t)(q - in->p));
		n += (size_t)(q - in->p);
		in->p = q;
		if (q == in->end || (unsigned char)*q < 0x20)
			return (in_fail(in, "a control character in a "
			    "string"));
		if (*q == '"')
			break;
		if ((add = in_escape(in, in->scratch + n)) == 0)
			return (in_escape_len(in) == 0 ? in_fail(in,
			    "an invalid escape") : in_unreadable(in,
			    "an escape that stands for no character"));
		n += add;
	}
	if (!utf8_valid(in->scratch, n))
		return (in_fail(in, "a string is not UTF-8"));
	in->p++;
	*len = n;
	return (in->scratch);
}

static const char *
in_digits(const struct json_in *in, const char *q)
{
	while (q < in->end && *q >= '0' && *q <= '9')
		q++;
	return (q);
}

/* the end of the number at p, NULL: none */
static const char *
in_number_end(const struct json_in *in, int *real)
{
	const char	*q = in->p, *d;

	*real = 0;
	if (q < in->end && *q == '-')
		q++;
	if ((d = in_digits(in, q)) == q || (*q == '0' && d - q > 1))
		return (NULL);
	q = d;
	if (q < in->end && *q == '.') {
		*real = 1;
		q++;
		if ((d = in_digits(in, q)) == q)
			return (NULL);
		q = d;
	}
	if (q < in->end && (*q == 'e' || *q == 'E')) {
		*real = 1;
		q++;
		if (q < in->end && (*q == '+' || *q == '-'))
			q++;
		if ((d = in_digits(in, q)) == q)
			return (NULL);
		q = d;
	}
	return (q);
}

static json_t *
in_number(struct json_in *in)
{
	char		 buf[MAX_JSON_NUMBER], *text = buf;
	const char	*end;
	json_t		*v;
	long long	 n;
	double		 d;
	size_t		 len;
	int		 fits, real;

	if ((end = in_number_end(in, &real)) == NULL)
		return (in_fail(in, "not a value"));
	len = (size_t)(end - in->p);
	if (len < sizeof(buf)) {
		memcpy(buf, in->p, len);
		buf[len] = '\0';
	} else if ((text = strndup(in->p, len)) == NULL)
		return (in_fail(in, "out of memory"));
	errno = 0;
	if (real) {
		d = strtod(text, NULL);
		fits = !isinf(d);
		v = fits ? json_real(d) : NULL;
	} else {
		n = strtoll(text, NULL, 10);
		fits = errno == 0;
		v = fits ? json_integer(n) : NULL;
	}
	if (text != buf)
		free(text);
	if (!fits)
		return (in_unreadable(in, "the number is out of range"));
	if (v == NULL)
		return (in_fail(in, "out of memory"));
	in->p = end;
	return (v);
}

static json_t *
in_word(struct json_in *in, const char *word, json_t *v)
{
	size_t	 len = strlen(word);

	if ((size_t)(in->end - in->p) < len || memcmp(in->p, word, len) != 0)
		return (in_fail(in, "not a value"));
	in->p += len;
	return (v);
}

/* after a member: 1 there is another, 0 the end, -1 neither */
static int
in_more(struct json_in *in, char close)
{
	in_space(in);
	if (in->p < in->end && (*in->p == ',' || *in->p == close))
		return (*in->p++ == ',');
	in_fail(in, "a comma or the end is missing");
	return (-1);
}

static json_t *
in_array(struct json_in *in)
{
	json_t	*a = json_array(), *v;
	int	 more;

	in->p++;
	in_space(in);
	if (in->p < in->end && *in->p == ']') {
		in->p++;
		return (a);
	}
	do {
		in_space(in);
		if ((v = in_value(in)) == NULL ||
		    json_array_append_new(a, v) == -1)
			break;
		if ((more = in_more(in, ']')) == 0)
			return (a);
	} while (more == 1);
	json_decref(a);
	return (NULL);
}

static int
in_member(struct json_in *in, json_t *o)
{
	const char	*s;
	char		 small[MAX_JSON_NUMBER], *key = small;
	json_t		*v;
	size_t		 len;
	int		 rc = -1;

	in_space(in);
	if (in->p == in->end || *in->p != '"') {
		in_fail(in, "a member name is missing");
		return (-1);
	}
	if ((s = in_string(in, &len)) == NULL)
		return (-1);
	/* the value may need the scratch buffer */
	if (len >= sizeof(small) && (key = malloc(len + 1)) == NULL) {
		in_fail(in, "out of memory");
		return (-1);
	}
	memcpy(key, s, len);
	key[len] = '\0';
	in_space(in);
	if (in->p == in->end || *in->p != ':')
		in_fail(in, "a colon is missing");
	else if (json_object_getn(o, key, len) != NULL)
		in_fail(in, "a member name is there twice");
	else {
		in->p++;
		in_space(in);
		if ((v = in_value(in)) != NULL)
			rc = json_object_setn_new_nocheck(o, key, len, v);
	}
	if (key != small)
		free(key);
	return (rc);
}

static json_t *
in_object(struct json_in *in)
{
	json_t	*o = json_object();
	int	 more;

	in->p++;
	in_space(in);
	if (in->p < in->end && *in->p == '}') {
		in->p++;
		return (o);
	}
	do {
		if (in_member(in, o) == -1)
			break;
		if ((more = in_more(in, '}')) == 0)
			return (o);
	} while (more == 1);
	json_decref(o);
	return (NULL);
}

static json_t *
in_value(struct json_in *in)
{
	const char	*s;
	json_t		*v;
	size_t		 len;

	if (in->p == in->end)
		return (in_fail(in, ""));
	if (in->left-- == 0)
		return (in_unreadable(in, "too many values"));
	switch (*in->p) {
	case '{':
	case '[':
		/* the recursion ends here */
		if (in->depth == MAX_JSON_DEPTH) {
			in->unreadable = 1;
			snprintf(in->err, MAX_JSON_ERR, "byte %zd: nested "
			    "deeper than %d levels", in->p - in->start + 1,
			    MAX_JSON_DEPTH);
			return (NULL);
		}
		in->depth++;
		v = *in->p == '{' ? in_object(in) : in_array(in);
		in->depth--;
		return (v);
	case '"':
		if ((s = in_string(in, &len)) == NULL)
			return (NULL);
		return (json_stringn_nocheck(s, len));
	case 't':
		return (in_word(in, "true", json_true()));
	case 'f':
		return (in_word(in, "false", json_false()));
	case 'n':
		return (in_word(in, "null", json_null()));
	default:
		return (in_number(in));
	}
}

/* past the string at p by syntax alone; -1: it is none */
static int
skim_string(struct json_in *in)
{
	size_t	 len;

	if (in->p == in->end || *in->p != '"')
		return (-1);
	for (in->p++; (in->p = json_plain(in->p, in->end)) < in->end;
	    in->p += len) {
		if (*in->p == '"') {
			in->p++;
			return (0);
		}
		if (*in->p != '\\' || (len = in_escape_len(in)) == 0)
			return (-1);
	}
	return (-1);
}

/* past a member's name and colon */
static int
skim_name(struct json_in *in)
{
	in_space(in);
	if (skim_string(in) == -1)
		return (-1);
	in_space(in);
	return (in->p < in->end && *in->p++ == ':' ? 0 : -1);
}

static int
skim_scalar(struct json_in *in)
{
	static const char *const	 words[] = { "true", "false", "null" };
	const char			*end;
	size_t				 i, len;
	int				 real;

	if (*in->p == '"')
		return (skim_string(in));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		len = strlen(words[i]);
		if ((size_t)(in->end - in->p) >= len &&
		    memcmp(in->p, words[i], len) == 0) {
			in->p += len;
			return (0);
		}
	}
	if ((end = in_number_end(in, &real)) == NULL)
		return (-1);
	in->p = end;
	return (0);
}

/* past every end that follows a value: 1 a comma, 0 all ended, -1 neither */
static int
skim_ends(struct json_in *in, const char *open, size_t *depth)
{
	for (; *depth != 0; in->p++, (*depth)--) {
		in_space(in);
		if (in->p == in->end)
			return (-1);
		if (*in->p == ',') {
			in->p++;
			return (1);
		}
		/* '}' is '{' + 2, ']' is '[' + 2 */
		if (*in->p != open[*depth - 1] + 2)
			return (-1);
	}
	in_space(in);
	return (in->p == in->end ? 0 : -1);
}

/*
 * Whether all of it is JSON by syntax, however deep: open has room for one
 * byte per level, which are no more than bytes of text.
 */
static int
skim(struct json_in *in, char *open)
{
	size_t	 depth = 0;
	int	 more = 1;
	char	 c;

	while (more == 1) {
		in_space(in);
		if (in->p == in->end)
			return (0);
		if ((c = *in->p) == '{' || c == '[') {
			in->p++;
			open[depth++] = c;
			in_space(in);
			/* an empty one ends like one with members */
			if (in->p == in->end || *in->p != c + 2) {
				if (c == '{' && skim_name(in) == -1)
					return (0);
				continue;
			}
		} else if (skim_scalar(in) == -1)
			return (0);
		if ((more = skim_ends(in, open, &depth)) == 1 &&
		    open[depth - 1] == '{' && skim_name(in) == -1)
			return (0);
	}
	return (more == 0);
}

static int
json_is_syntax(const void *buf, size_t len)
{
	struct json_in	 in;
	char		*open;
	int		 rc;

	if (!utf8_valid(buf, len) || (open = malloc(len + 1)) == NULL)
		return (0);
	memset(&in, 0, sizeof(in));
	in.start = in.p = buf;
	in.end = in.start + len;
	rc = skim(&in, open);
	free(open);
	return (rc);
}

json_t *
json_bounded(const void *buf, size_t len, size_t max, int *unreadable,
    char *err)
{
	struct json_in	 in;
	json_t		*root = NULL;

	memset(&in, 0, sizeof(in));
	in.start = in.p = buf;
	in.end = in.start + len;
	in.err = err;
	in.left = max;
	snprintf(err, MAX_JSON_ERR, "line 1 column 1: out of memory");
	in_space(&in);
	if (in.p < in.end && *in.p != '{' && *in.p != '[')
		in_fail(&in, "neither an object nor an array");
	else if ((root = in_value(&in)) != NULL) {
		in_space(&in);
		if (in.p != in.end) {
			in_fail(&in, "bytes after the end");
			json_decref(root);
			root = NULL;
		}
	}
	free(in.scratch);
	*unreadable = root == NULL && in.unreadable &&
	    json_is_syntax(buf, len);
	return (root);
}

json_t *
json_strict(const void *buf, size_t len, char *err)
{
	int	 unreadable;

	return (json_bounded(buf, len, SIZE_MAX, &unreadable, err));
}

size_t
json_unescape(char *s, size_t len)
{
	struct json_in	 in;
	size_t		 n = 0, add;

	memset(&in, 0, sizeof(in));
	in.p = s;
	in.end = s + len;
	/* what an escape stands for is never longer than the escape */
	while (in.p < in.end) {
		if (*in.p != '\\')
			s[n++] = *in.p++;
		else if ((add = in_escape(&in, s + n)) != 0)
			n += add;
		else if (in_escape_len(&in) == 6) {
			memcpy(s + n, "\xef\xbf\xbd", 3);
			n += 3;
			in.p += 6;
		} else
			s[n++] = *in.p++;
	}
	return (n);
}

const char *
json_str(const json_t *obj, const char *key)
{
	return (json_string_value(json_object_get(obj, key)));
}
