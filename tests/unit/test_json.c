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

#include <stdlib.h>

#include "common/json.h"
#include "tests/unit/test.h"

static json_t *
parse(const char *s, char *err)
{
	return (json_strict(s, strlen(s), err));
}

static void
accepts(void)
{
	char	 err[MAX_JSON_ERR], *text;
	json_t	*root;

	root = parse("{ \"b\": [1, -2.5, true, null], \"a\": \"\\u00e9\\n\" }",
	    err);
	CHECK(root != NULL);
	CHECK_STR(json_str(root, "a"), "\xc3\xa9\n");
	CHECK(json_str(root, "b") == NULL);
	CHECK(json_str(root, "none") == NULL);
	text = json_text(root);
	CHECK_STR(text, "{\"b\":[1,-2.5,true,null],\"a\":\"\xc3\xa9\\n\"}");
	free(text);
	json_decref(root);
}

/* what goes in by any spelling comes out in one */
static void
spellings(void)
{
	static const char *const	 pairs[][2] = {
		{ " [ ] ", "[]" },
		{ "{\"a\\u0062\":{}}", "{\"ab\":{}}" },
		{ "[\"\\ud83d\\ude00\\u20ac\"]",
		    "[\"\xf0\x9f\x98\x80\xe2\x82\xac\"]" },
		{ "[\"\\/\\\\\\\"\\b\\f\\n\\r\\t\\u0001\x7f\"]",
		    "[\"/\\\\\\\"\\b\\f\\n\\r\\t\\u0001\x7f\"]" },
		{ "[0,-0,1.0,1e2,0.5,1E-7,9223372036854775807]",
		    "[0,0,1.0,100.0,0.5,1e-07,9223372036854775807]" },
		{ "[true,false,null]", "[true,false,null]" },
	};
	char		 err[MAX_JSON_ERR], *text;
	json_t		*root;
	size_t		 i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		CHECK((root = parse(pairs[i][0], err)) != NULL);
		CHECK((text = json_text(root)) != NULL);
		CHECK_STR(text, pairs[i][1]);
		free(text);
		json_decref(root);
	}
	CHECK(json_text(NULL) == NULL);
	CHECK((root = parse("{\"abcdef\":[\"abcde\",\"ab\xc3\xa9\",\"\"]}",
	    err)) != NULL);
	CHECK((text = json_text_cut(root, 3)) != NULL);
	CHECK_STR(text, "{\"abcdef\":[\"abc\",\"ab\",\"\"]}");
	free(text);
	json_decref(root);
}

static void
refuses(void)
{
	static const char *const	 bad[] = {
		"", " ", "{", "[1,]", "{\"a\":1,\"a\":2}", "{} x", "[01]",
		"['a']", "[NaN]", "[1e999]", "[123456789012345678901]",
		"[\"\x80\"]", "[\"\xc0\xaf\"]", "[\"\\ud800\"]",
		"[\"\\u0000\"]", "[\"a\nb\"]", "[// no\n1]", "{\"a\" 1}",
		"[\"\xed\xa0\x80\"]", "{a:1}", "[+1]", "[.5]", "[1.]",
		"[-]", "[1e]", "[\"\\x41\"]", "[\"\\u12\"]", "[\"a", "[tru]",
		"[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"\\", "3",
		"{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\",1}", "[1 2]",
		"{\"a\":1,\"\\u0061\":2}", "\xef\xbb\xbf[]", "[1}",
	};
	char				 err[MAX_JSON_ERR];
	size_t				 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		CHECK(parse(bad[i], err) == NULL);
		CHECK(strncmp(err, "line ", 5) == 0);
	}
	/* a NUL ends nothing: it is a byte that may not be there */
	CHECK(json_strict("{}\0", 3, err) == NULL);
}

static void
depth(void)
{
	char	*s, err[MAX_JSON_ERR];
	json_t	*root;
	int	 n = MAX_JSON_DEPTH;

	CHECK((s = malloc(200001)) != NULL);
	memset(s, '[', (size_t)n);
	memset(s + n, ']', (size_t)n);
	CHECK((root = json_strict(s, 2 * (size_t)n, err)) != NULL);
	json_decref(root);
	memset(s, '[', (size_t)n + 1);
	memset(s + n + 1, ']', (size_t)n + 1);
	CHECK(json_strict(s, 2 * (size_t)n + 2, err) == NULL);
	CHECK_STR(err, "byte 65: nested deeper than 64 levels");
	memset(s, '[', 100000);
	CHECK(json_strict(s, 100000, err) == NULL);
	/* brackets in strings do not count, an escaped quote ends none */
	s[0] = '[';
	s[1] = '"';
	s[2] = '\\';
	s[3] = '"';
	s[104] = '"';
	s[105] = ']';
	CHECK((root = json_strict(s, 106, err)) != NULL);
	json_decref(root);
	free(s);
}

/* JSON by syntax that has no value here, and what is no JSON */
static void
unreadable(void)
{
	static const char *const	 is[] = {
		"[\"\\u0000\"]", "[\"\\ud800\"]", "[\"\\udc00\"]",
		"[\"\\ud800\\u0041\"]", "{\"a\\u0000\":1}", "[1e999]",
		"[-1e999]", "[10000000000000000000]", "[1,2,3]",
		"{\"a\":[1e999,{},[],{\"b\":\"\\n\\ud800x\"},true]} ",
	};
	static const char *const	 no[] = {
		"[\"\\u0000\"", "[\"\\u0000\"]]", "[1e999,]", "[1e999}",
		"{\"a\":1e999,\"b\"}", "[1e999 1]", "[1e999,01]",
		"[1e999,\"\\x\"]", "[1e999,\"a\nb\"]", "[1e999,\"\xff\"]",
		"[1e999,tru]", "{\"a\":1e999,}", "[1e999] x", "[1e999,",
		"[\"\\ud80\"]", "{\"a\":1,\"a\":1e999}",
	};
	char	 err[MAX_JSON_ERR], *s;
	json_t	*root;
	size_t	 i, n = 100000;
	int	 un;

	for (i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		CHECK(json_bounded(is[i], strlen(is[i]), 3, &un, err) == NULL);
		CHECK_INT(un, 1);
	}
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		CHECK(json_bounded(no[i], strlen(no[i]), 9, &un, err) == NULL);
		CHECK_INT(un, 0);
	}
	CHECK((root = json_bounded("[1,2,3]", 7, 4, &un, err)) != NULL);
	CHECK_INT(un, 0);
	json_decref(root);
	CHECK((s = malloc(2 * n)) != NULL);
	memset(s, '[', n);
	memset(s + n, ']', n);
	CHECK(json_bounded(s, 2 * n, 9, &un, err) == NULL && un);
	CHECK(json_bounded(s, 2 * n - 1, 9, &un, err) == NULL && !un);
	free(s);
}

static void
unescapes(void)
{
	static const char *const	 pairs[][2] = {
		{ "", "" }, { "plain", "plain" },
		{ "cu\\u0072l \\\"x\\\" \\\\ \\/", "curl \"x\" \\ /" },
		{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "a\\u0000\\ud800b", "a\xef\xbf\xbd\xef\xbf\xbd" "b" },
		{ "\\x41\\u12\\", "\\x41\\u12\\" },
	};
	char	 buf[64];
	size_t	 i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		strlcpy(buf, pairs[i][0], sizeof(buf));
		buf[json_unescape(buf, strlen(buf))] = '\0';
		CHECK_STR(buf, pairs[i][1]);
	}
}

static void
written(void)
{
	struct json_out	 o;
	char		*text;

	json_out_init(&o);
	json_out_open(&o, NULL, '{');
	json_out_str(&o, "a\n", "q\"\xc3\xa9");
	json_out_open(&o, "none", '[');
	json_out_close(&o, ']');
	json_out_open(&o, "list", '[');
	json_out_str(&o, NULL, "[");
	json_out_int(&o, NULL, INT64_MIN);
	json_out_int(&o, NULL, 0);
	json_out_open(&o, NULL, '{');
	json_out_bool(&o, "yes", 1);
	json_out_close(&o, '}');
	json_out_real(&o, NULL, 0.25);
	json_out_close(&o, ']');
	json_out_bool(&o, "no", 0);
	json_out_int(&o, "most", INT64_MAX);
	json_out_close(&o, '}');
	CHECK((text = json_out_end(&o)) != NULL);
	CHECK_STR(text, "{\"a\\n\":\"q\\\"\xc3\xa9\",\"none\":[],"
	    "\"list\":[\"[\",-9223372036854775808,0,{\"yes\":true},0.25],"
	    "\"no\":false,\"most\":9223372036854775807}");
	free(text);
	/* what is no text is not written as one */
	json_out_init(&o);
	json_out_open(&o, NULL, '[');
	json_out_str(&o, NULL, "\xff");
	json_out_close(&o, ']');
	CHECK(json_out_end(&o) == NULL);
	json_out_init(&o);
	CHECK(json_out_end(&o) == NULL);
}

/* each byte at each place, before and after one that ends the string */
static void
plain(void)
{
	char	 buf[20];
	size_t	 at, len;
	int	 c;

	for (len = 0; len <= sizeof(buf); len++)
		for (at = 0; at <= len; at++)
			for (c = 0; c < 256; c++) {
				memset(buf, 'a', sizeof(buf));
				if (at > 0)
					buf[at - 1] = (char)0x80;
				if (at < len)
					buf[at] = (char)c;
				if (at + 1 < len)
					buf[at + 1] = '"';
				CHECK_INT(json_plain(buf, buf + len) - buf,
				    at < len && (c < 0x20 || c == '"' ||
				    c == '\\') ? (int)at : at + 1 < len ?
				    (int)at + 1 : (int)len);
			}
}

int
main(void)
{
	RUN(accepts);
	RUN(spellings);
	RUN(written);
	RUN(plain);
	RUN(refuses);
	RUN(depth);
	RUN(unreadable);
	RUN(unescapes);
	return (0);
}
