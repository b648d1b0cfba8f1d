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

#include "ctl/yamltree.h"
#include "tests/unit/test.h"

/* Texts that are YAML to somebody and no configuration to us. */

static void
refused(void)
{
	static const char	 colon[] =
	    "a key must be followed by a colon on its line";
	static const char	 separator[] =
	    "a Unicode line separator; use a plain newline";
	static const char	 cr[] =
	    "a carriage return without a line feed";
	static const char	 deco[] = "a directive (%) is not taken here";
	static const struct {
		const char	*text;
		int		 line;
		const char	*says;
		const char	*key;
	} list[] = {
		{ "a: 1\rb: 2\n", 1, cr, "" },
		{ "a: 1\nb: 2\r", 2, cr, "" },
		{ "a: 1\nb: x\xc2\x85y\n", 2, separator, "" },
		{ "a: x\xe2\x80\xa8y\n", 1, separator, "" },
		{ "a: x\xe2\x80\xa9y\n", 1, separator, "" },
		{ "? a\n: 1\n", 1, colon, "a" },
		{ "a: {b}\n", 1, colon, "a.b" },
		{ "x: 1\na: {b", 2, colon, "a.b" },
		{ "{[a]: 1}\n", 1, "a key must be plain text", "" },
		{ "a: 1\n---\nb: 2\n", 2, "a second document", "" },
		{ "%YAML 1.1\n---\na: 1\n", 1, deco, "" },
		{ "%TAG ! !x\n---\na: 1\n", 1, deco, "" },
		{ "a:\n\tb: 1\n", 2, "a tab where YAML takes only spaces",
		    "a" },
		{ "a: 1\nb: 2\na: 3\n", 3, "already set on line 1", "a" },
		{ "c:\n  b: 1\n  d: 1\n  b: 2\n  d: 2\n  b: 3\n", 4,
		    "already set on line 2", "c.b" },
		{ "l: [{x: 1, y: 2, x: 3}]\n", 1, "already set on line 1",
		    "l[0].x" },
	};
	struct ytree	 t;
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (ytree_parse(&t, list[i].text, strlen(list[i].text)) ==
		    0) {
			fprintf(stderr, "taken: %s\n", list[i].text);
			exit(1);
		}
		CHECK_STR(t.err, list[i].says);
		CHECK_INT(t.errline, list[i].line);
		CHECK_STR(t.errkey, list[i].key);
		ytree_free(&t);
	}
	CHECK_INT(ytree_parse(&t, "a: \0", 4), -1);
	CHECK_STR(t.err, "a NUL byte");
	ytree_free(&t);
	/* broken UTF-8 has its line though libyaml gives none */
	CHECK_INT(ytree_parse(&t, "a: 1\nb: \xc2\n", 10), -1);
	CHECK(strstr(t.err, "not valid YAML: ") == t.err);
	CHECK_INT(t.errline, 2);
	ytree_free(&t);
	CHECK_INT(ytree_parse(&t, "a: \xe2\x80", 5), -1);
	ytree_free(&t);
	CHECK_INT(ytree_parse(&t, "a: \xc2", 4), -1);
	ytree_free(&t);
	/* where it began, when that is another line */
	CHECK_INT(ytree_parse(&t, "a: [1,\n  2\nb: 3\n", 16), -1);
	CHECK(strstr(t.err, " (begun on line 1)") != NULL);
	ytree_free(&t);
}

/* the value of a key at the top */
static const struct ynode *
value(const struct ytree *t, const char *key)
{
	int	 i = ytree_child(t, 0, key, strlen(key));

	CHECK(i != -1);
	return (&t->n[i]);
}

static void
taken(void)
{
	static const char text[] = "\xef\xbb\xbf" "a \t : x\r\nb: \xc3\xa9"
	    "\xe2\x82\xac\xe2\x80\x93\xc2\xa0z\nc: |\n  one\n  two\nd: ~\n"
	    "e: Null\nf: NULL\ng: null\nh:\ni: 'null'\nj: [1, {k: 2}]\n"
	    "k: none\nl: |\n  end";
	static const char *const nulls[] = { "d", "e", "f", "g", "h" };
	struct ytree		 t;
	const struct ynode	*n;
	char			 buf[16];
	size_t			 i;
	int			 j;

	CHECK_INT(ytree_parse(&t, text, sizeof(text) - 1), 0);
	n = value(&t, "a");
	CHECK_STR(n->val, "x");
	CHECK(memcmp(text + n->start, "x", 1) == 0 && n->end == n->start + 1);
	n = value(&t, "b");
	CHECK(memcmp(text + n->start, n->val, n->vallen) == 0);
	CHECK_INT(n->end - n->start, n->vallen);
	n = value(&t, "c");
	CHECK_STR(n->val, "one\ntwo\n");
	CHECK_INT(n->style, YS_BLOCK);
	CHECK_INT(n->vline, 3);
	CHECK_INT(n->vendline, 5);
	for (i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		CHECK_INT(ytree_null(value(&t, nulls[i])), 1);
	CHECK_INT(ytree_null(value(&t, "i")), 0);
	CHECK_INT(ytree_null(value(&t, "j")), 0);
	CHECK_INT(ytree_null(value(&t, "k")), 0);
	CHECK_STR(value(&t, "l")->val, "end");
	/* a list has no keys; names that only begin alike are others */
	j = ytree_child(&t, 0, "j", 1);
	CHECK_INT(ytree_child(&t, j, "k", 1), -1);
	CHECK_INT(ytree_child(&t, 0, "jj", 2), -1);
	/* a path is cut where it does not fit */
	for (j = 0; t.n[j].key == NULL || t.n[j].depth < 3; j++)
		;
	ytree_path(&t, j, buf, sizeof(buf));
	CHECK_STR(buf, "j[1].k");
	ytree_path(&t, j, buf, 5);
	CHECK(strncmp(buf, "j[1]", strlen(buf)) == 0);
	ytree_path(&t, 0, buf, sizeof(buf));
	CHECK_STR(buf, "");
	ytree_free(&t);
	CHECK_INT(ytree_parse(&t, "# only\n", 7), 0);
	CHECK_INT(t.nn, 0);
	ytree_free(&t);
}

int
main(void)
{
	RUN(refused);
	RUN(taken);
	return (0);
}
