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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect/text.h"

#define MAX_QUOTED	64	/* bytes between quotes that join a word */
#define MAX_PARAM	64	/* bytes of a ${parameter} */
#define MAX_ANSI	256	/* bytes of a $'string' */
#define MAX_BRACES	256	/* bytes of a {brace,expansion} */
#define CHAR_BAD	0xfffd

enum action { KEEP, DROP, ASCII };

/* A text on its way to its normalised copy. */
struct norm {
	struct text_buf		*out;
	const unsigned char	*s;
	size_t			 len;
	size_t			 pos;
	struct quote {
		size_t	 drop;		/* where the one to drop closes */
		int	 open;		/* one that is kept is open */
	} quotes[2];			/* single, double */
	int			 flags;
	int			 ifs;		/* the last output was $IFS */
	int			 changed;
};

/* Characters that are not seen; the design of Unicode gives them no width. */
static const struct range {
	uint32_t	 first;
	uint32_t	 last;
} unseen[] = {
	{ 0x00ad, 0x00ad },	/* soft hyphen */
	{ 0x034f, 0x034f },
	{ 0x061c, 0x061c },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },	/* zero width, direction marks */
	{ 0x202a, 0x202e },	/* embeddings and overrides */
	{ 0x2060, 0x206f },
	{ 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f },	/* variation selectors */
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff9, 0xfffb },
	{ 0xe0000, 0xe001f },
	{ 0xe007f, 0xe007f },
	{ 0xe0100, 0xe01ef }
};

void
text_buf_free(struct text_buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int
text_buf_reserve(struct text_buf *b, size_t more)
{
	char	*p;
	size_t	 size;

	if (b->size - b->len >= more)
		return 0;
	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		return -1;
	size = b->len + more + b->len / 2 + 64;
	if ((p = realloc(b->data, size)) == NULL)
		return -1;
	b->data = p;
	b->size = size;
	return 0;
}

/*
 * One character at s: its length, 1 to 4, or 0 when the bytes are no
 * sequence of RFC 3629.
 */
static size_t
utf8_char(const unsigned char *s, size_t len, uint32_t *cp)
{
	uint32_t	 c, min;
	size_t		 i, n;

	c = s[0];
	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		n = 2;
		min = 0x80;
		c &= 0x1f;
	} else if (c >= 0xe0 && c <= 0xef) {
		n = 3;
		min = 0x800;
		c &= 0x0f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		n = 4;
		min = 0x10000;
		c &= 0x07;
	} else
		return 0;
	if (n > len)
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

size_t
text_valid(const char *text, size_t len)
{
	const unsigned char	*s = (const unsigned char *)text;
	uint64_t		 w;
	uint32_t		 cp;
	size_t			 i = 0, n;

	for (;;) {
		while (len - i >= sizeof(w)) {
			memcpy(&w, s + i, sizeof(w));
			if (w & 0x8080808080808080ULL)
				break;
			i += sizeof(w);
		}
		if (i == len)
			return len;
		if ((n = utf8_char(s + i, len - i, &cp)) == 0)
			return i;
		i += n;
	}
}

int
text_sanitise(struct text_buf *b, const char *text, size_t len)
{
	size_t	 i = 0, n;

	b->len = 0;
	if (text_buf_reserve(b, len) == -1)
		return -1;
	while (i < len) {
		n = text_valid(text + i, len - i);
		if (text_buf_reserve(b, n + 3) == -1)
			return -1;
		memcpy(b->data + b->len, text + i, n);
		b->len += n;
		i += n;
		if (i == len)
			break;
		memcpy(b->data + b->len, "\xef\xbf\xbd", 3);
		b->len += 3;
		i++;
	}
	return 0;
}

/* What becomes of a character; for ASCII sets the one that it stands for. */
static enum action
classify(uint32_t cp, char *ascii)
{
	size_t	 i;

	if (cp >= 0xff01 && cp <= 0xff5e)
		*ascii = (char)(cp - 0xff01 + '!');
	else if (cp >= 0xe0020 && cp <= 0xe007e)
		*ascii = (char)(cp - 0xe0000);
	else if (cp == 0x212a)
		*ascii = 'k';
	else if (cp == 0x017f)
		*ascii = 's';
	else if (cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
	    (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 ||
	    cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000)
		*ascii = ' ';
	else {
		for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
			if (cp < unseen[i].first)
				return KEEP;
			if (cp <= unseen[i].last)
				return DROP;
		}
		return KEEP;
	}
	return ASCII;
}

static int
is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* A byte of which a command, an option or a path is made. */
static int
is_word(int c)
{
	return is_name(c) || c == '/' || c == '-' || c == '.' || c == '~';
}

static int
is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int
is_one_of(int c, const char *set)
{
	return c > 0 && strchr(set, c) != NULL;
}

static int
byte_at(const struct norm *n, size_t i)
{
	return i < n->len ? n->s[i] : -1;
}

static int
last_out(const struct norm *n)
{
	if (n->out->len == 0)
		return -1;
	return (unsigned char)n->out->data[n->out->len - 1];
}

/* The byte at i or after it that is no backslash. */
static size_t
past_backslashes(const struct norm *n, size_t i)
{
	while (byte_at(n, i) == '\\')
		i++;
	return i;
}

/* The buffer always has room for what is left of the input. */
static void
emit(struct norm *n, const void *p, size_t len)
{
	memcpy(n->out->data + n->out->len, p, len);
	n->out->len += len;
	n->ifs = 0;
}

static int
norm_unicode(struct norm *n)
{
	enum action	 what = KEEP;
	uint32_t	 cp;
	size_t		 len;
	char		 ascii;

	if ((len = utf8_char(n->s + n->pos, n->len - n->pos, &cp)) == 0) {
		if (text_buf_reserve(n->out, n->len - n->pos + 3) == -1)
			return -1;
		emit(n, "\xef\xbf\xbd", 3);
		n->pos++;
		return 0;
	}
	if (n->flags & TEXT_UNICODE)
		what = classify(cp, &ascii);
	if (what == KEEP)
		emit(n, n->s + n->pos, len);
	else {
		if (what == ASCII)
			emit(n, &ascii, 1);
		n->changed = 1;
	}
	n->pos += len;
	return 0;
}

/*
 * A run of backslashes vanishes before what needs none, however many times
 * the text was quoted, and with the line end it hides.  Before anything else
 * (\|, \(, a space) it says that the next byte is not the shell's, and stays.
 */
static void
norm_backslash(struct norm *n)
{
	size_t	 end = past_backslashes(n, n->pos);
	int	 c = byte_at(n, end);

	if (c == '\n') {
		n->pos = end + 1;
		n->changed = 1;
	} else if (c == '\r' && byte_at(n, end + 1) == '\n') {
		n->pos = end + 2;
		n->changed = 1;
	} else if (is_word(c) || c == '"' || c == '\'') {
		n->pos = end;
		n->changed = 1;
	} else {
		emit(n, n->s + n->pos, end - n->pos);
		n->pos = end;
	}
}

/* Quotes written for the same reader are written alike. */
static int
is_escaped(const struct norm *n, size_t i)
{
	return i > 0 && n->s[i - 1] == '\\';
}

/*
 * Whether the quotes at open do nothing but hide a word.  They do when they
 * touch other parts of a word, or when they stand around a whole word that
 * the shell would find without them.  Quotes around a text with spaces, and
 * those of JSON and of program source (after a comma, a bracket, a colon),
 * do not.
 */
static int
quotes_hide(const struct norm *n, size_t open, size_t *closep)
{
	size_t	 i, end;
	int	 c, empty = 1, escaped, next, plain = 1, prev, quote;

	quote = n->s[open];
	escaped = is_escaped(n, open);
	end = n->len - open > MAX_QUOTED + 1 ? open + MAX_QUOTED + 1 : n->len;
	for (i = open + 1; i < end; i++) {
		c = n->s[i];
		if (c == quote && is_escaped(n, i) == escaped)
			break;
		if (is_space(c))
			return 0;
		if (!is_word(c) && c != '\\')
			plain = 0;
		if (c != '\\')
			empty = 0;
	}
	if (i >= end)
		return 0;
	*closep = i;
	prev = last_out(n);
	next = byte_at(n, i + 1);
	if (is_word(prev) || is_word(next))
		return 1;
	if (empty)
		return 0;
	if (next == '\'' || next == '"' || next == '\\')
		return plain;
	if (!plain)
		return 0;
	return (prev == -1 || is_space(prev) || is_one_of(prev, "|;&`")) &&
	    (next == -1 || is_space(next) || is_one_of(next, "|;&`<>"));
}

/*
 * Whether a quote that may close a kept one may as well open another: then a
 * lone quote earlier in the text must not hide what follows.
 */
static int
may_open(const struct norm *n, size_t open)
{
	size_t	 i = past_backslashes(n, open + 1);
	int	 next = byte_at(n, i);

	return is_word(next) || (next == n->s[open] &&
	    (is_word(last_out(n)) || is_word(byte_at(n, i + 1))));
}

static int
norm_quote(struct norm *n, size_t open)
{
	struct quote	*q = &n->quotes[n->s[open] == '"'];
	size_t		 end;

	if (open != q->drop) {
		if ((q->open && !may_open(n, open)) ||
		    !quotes_hide(n, open, &end)) {
			q->open = !q->open;
			return 0;
		}
		q->drop = end;
	}
	n->pos = open + 1;
	n->changed = 1;
	return 1;
}

/* The value of up to max digits of a base at i, which moves past them. */
static unsigned int
digits(const struct norm *n, size_t *i, unsigned int base, int max)
{
	unsigned int	 v = 0;
	int		 c;

	for (; max > 0; max--, ++*i) {
		c = byte_at(n, *i);
		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			c = (c | 0x20) - 'a' + 10;
		else
			break;
		if ((unsigned int)c >= base)
			break;
		v = v * base + (unsigned int)c;
	}
	return v;
}

/*
 * What a backslash within $'...' stands for, before a byte of ASCII; what is
 * not printable becomes a space or a question mark, so that the copy stays
 * valid.
 */
static char
ansi_escape(const struct norm *n, size_t *i)
{
	static const char	 from[] = "abefnrtv";
	unsigned int		 v;
	int			 c = byte_at(n, *i);

	if (c >= '0' && c <= '7')
		v = digits(n, i, 8, 3);
	else if (c == 'x' || c == 'u' || c == 'U') {
		++*i;
		v = digits(n, i, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8);
	} else {
		++*i;
		if (c == 'n')
			return '\n';
		return is_one_of(c, from) ? ' ' : (char)c;
	}
	return v >= 0x7f ? '?' : v < ' ' ? ' ' : (char)v;
}

/* $'...' with escapes (bash, "ANSI-C Quoting"): what it stands for. */
static int
norm_ansi(struct norm *n)
{
	size_t	 end, i = n->pos + 2;
	int	 escapes = 0;
	char	 c;

	for (end = i; byte_at(n, end) != '\''; end++) {
		if (end >= n->len || n->s[end] == '\n' ||
		    n->s[end] >= 0x80 || end - i > MAX_ANSI)
			return 0;
		if (n->s[end] == '\\') {
			escapes = 1;
			if (byte_at(n, ++end) >= 0x80)
				return 0;
		}
	}
	if (!escapes)
		return 0;
	while (i < end) {
		if (n->s[i] != '\\') {
			emit(n, n->s + i++, 1);
			continue;
		}
		i++;
		c = ansi_escape(n, &i);
		emit(n, &c, 1);
	}
	n->pos = end + 1;
	n->changed = 1;
	return 1;
}

/* {a,b} where a word starts: the words it stands for. */
static int
norm_expansion(struct norm *n)
{
	size_t	 end, i = n->pos + 1;
	int	 c, commas = 0, prev = last_out(n);

	if (!is_word(byte_at(n, i)) || (prev != -1 && !is_space(prev) &&
	    !is_one_of(prev, "|;&(`")))
		return 0;
	for (end = i; (c = byte_at(n, end)) != '}'; end++) {
		if (c <= ' ' || c >= 0x7f || c == '{' || c == ';' ||
		    end - i > MAX_BRACES)
			return 0;
		commas += c == ',';
	}
	if (commas == 0)
		return 0;
	for (; i < end; i++)
		emit(n, n->s[i] == ',' ? (const void *)" " : n->s + i, 1);
	n->pos = end + 1;
	n->changed = 1;
	return 1;
}

/* Two backquotes within a word run nothing and hide it. */
static int
norm_backquotes(struct norm *n)
{
	if (byte_at(n, n->pos + 1) != '`' || !is_name(last_out(n)) ||
	    !is_name(byte_at(n, n->pos + 2)))
		return 0;
	n->pos += 2;
	n->changed = 1;
	return 1;
}

/* //, /./ within a path; not those of a URL or a comment. */
static int
norm_slash(struct norm *n)
{
	size_t	 i = n->pos;

	if (last_out(n) == ':')
		return 0;
	while (byte_at(n, i) == '/')
		i += byte_at(n, i + 1) == '.' && byte_at(n, i + 2) == '/' ?
		    2 : 1;
	if (i == n->pos + 1)
		return 0;
	if (!is_name(byte_at(n, i))) {
		/* all of it at once, or its length would be squared */
		emit(n, n->s + n->pos, i - n->pos);
		n->pos = i;
		return 1;
	}
	emit(n, "/", 1);
	n->pos = i;
	n->changed = 1;
	return 1;
}

/* ${name}, ${name:-word} and the like, with a closing brace near by. */
static int
norm_braces(struct norm *n)
{
	size_t	 i, name = n->pos + 2, nlen, word;
	int	 c, hidden;

	for (i = name; is_name(byte_at(n, i)); i++)
		;
	nlen = i - name;
	if (nlen == 0 && is_one_of(byte_at(n, i), "@*#?!-"))
		i++;
	word = 0;
	for (; (c = byte_at(n, i)) != '}'; i++) {
		if (c <= ' ' || c >= 0x7f || i - name > MAX_PARAM)
			return 0;
		if ((c == '-' || c == '=') && word == 0)
			word = i + 1;
	}
	if (nlen == 3 && memcmp(n->s + name, "IFS", 3) == 0) {
		emit(n, " ", 1);
		n->ifs = 1;
	} else {
		hidden = is_word(last_out(n)) || n->ifs;
		if (!hidden && word == 0)
			return 0;
		if (word != 0)
			emit(n, n->s + word, i - word);
	}
	n->pos = i + 1;
	n->changed = 1;
	return 1;
}

/*
 * Parameters.  $IFS is the space it stands for.  One that follows a part of
 * a word (c${x}url, c$@url) is taken as empty, which is what makes such a
 * word run; at the start of a word it may hold anything and stays.
 */
static int
norm_dollar(struct norm *n)
{
	size_t	 i = n->pos + 1;
	int	 c;

	c = byte_at(n, i);
	if (c == '{')
		return norm_braces(n);
	if (c == '(' && byte_at(n, i + 1) == ')' && is_name(last_out(n)) &&
	    is_name(byte_at(n, i + 2))) {
		n->pos += 3;
		n->changed = 1;
		return 1;
	}
	if (c == '\'' && norm_ansi(n))
		return 1;
	if (c == '"' || c == '\'') {
		if (!norm_quote(n, i)) {
			emit(n, n->s + n->pos, 2);
			n->pos = i + 1;
		}
		return 1;
	}
	if (c == '@' || c == '*' || (c >= '0' && c <= '9'))
		i++;
	else
		while (is_name(byte_at(n, i)))
			i++;
	if (i == n->pos + 1)
		return 0;
	if (i - n->pos == 4 && memcmp(n->s + n->pos, "$IFS", 4) == 0) {
		emit(n, " ", 1);
		n->ifs = 1;
	} else if (!is_word(last_out(n)) && !n->ifs)
		return 0;
	n->pos = i;
	n->changed = 1;
	return 1;
}

static int
norm_shell(struct norm *n)
{
	switch (n->s[n->pos]) {
	case '\\':
		norm_backslash(n);
		return 1;
	case '$':
		return norm_dollar(n);
	case '/':
		return norm_slash(n);
	case '{':
		return norm_expansion(n);
	case '`':
		return norm_backquotes(n);
	default:
		return norm_quote(n, n->pos);
	}
}

static const unsigned char special[256] = {
	['\\'] = 1, ['"'] = 1, ['\''] = 1, ['$'] = 1, ['{'] = 1, ['`'] = 1,
	['/'] = 2, [0x80 ... 0xff] = 1
};

/* Index of the next byte that may have to change. */
static size_t
next_special(const unsigned char *s, size_t i, size_t len, int flags)
{
	if (flags & TEXT_SHELL) {
		for (; i < len; i++)
			if (special[s[i]] == 1 || (special[s[i]] == 2 &&
			    i + 1 < len && (s[i + 1] == '/' ||
			    s[i + 1] == '.')))
				break;
	} else {
		for (; i < len && s[i] < 0x80; i++)
			;
	}
	return i;
}

int
text_normalise(struct text_buf *b, const char *text, size_t len, int flags)
{
	struct norm	 n;
	size_t		 end;

	memset(&n, 0, sizeof(n));
	n.out = b;
	n.s = (const unsigned char *)text;
	n.len = len;
	n.flags = flags;
	n.quotes[0].drop = n.quotes[1].drop = SIZE_MAX;
	end = next_special(n.s, 0, len, flags);
	if (end == len)
		return 0;
	b->len = 0;
	if (text_buf_reserve(b, len) == -1)
		return -1;
	for (;;) {
		if (end > n.pos)
			emit(&n, n.s + n.pos, end - n.pos);
		n.pos = end;
		if (n.pos == len)
			break;
		if (n.s[n.pos] >= 0x80) {
			if (norm_unicode(&n) == -1)
				return -1;
		} else if (!norm_shell(&n)) {
			emit(&n, n.s + n.pos, 1);
			n.pos++;
		}
		end = next_special(n.s, n.pos, len, flags);
	}
	return n.changed;
}

size_t
text_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}
