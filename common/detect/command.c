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
#include <string.h>

#include "common/detect/command.h"
#include "common/detect/mask.h"

#define MAX_COMMAND_LEAD	8	/* bytes of the longest lead */
#define MAX_COMMAND_VALUE	256	/* bytes of a quoted value */

/* Bytes that end a word, those after which a command starts, and others. */
#define ENDS		0x01
#define STARTS		0x02
#define BLANK		0x04
#define NAME		0x08

static const unsigned char kinds[256] = {
	['\n'] = ENDS | STARTS, ['\r'] = ENDS | BLANK,
	['\t'] = ENDS | BLANK, ['\f'] = ENDS | BLANK, [' '] = ENDS | BLANK,
	[';'] = ENDS | STARTS, ['|'] = ENDS | STARTS, ['&'] = ENDS | STARTS,
	['`'] = ENDS | STARTS, ['('] = ENDS, [')'] = ENDS, ['<'] = ENDS,
	['>'] = ENDS, ['"'] = ENDS, ['\''] = ENDS, ['{'] = ENDS,
	['}'] = ENDS, ['0' ... '9'] = NAME, ['A' ... 'Z'] = NAME,
	['a' ... 'z'] = NAME, ['_'] = NAME
};

/* What the next word is. */
enum want {
	WANT_NOTHING,	/* one operand among others */
	WANT_COMMAND,
	WANT_WRAPPED,	/* options and numbers, then a command */
	WANT_EITHER,	/* what an option takes, or the command */
	WANT_TARGET	/* the file of a redirection before a command */
};

struct command {
	struct text_buf		*out;
	const unsigned char	*s;
	size_t			 len;
	size_t			 pos;
	size_t			 copied;
	enum want		 want;
	struct mask_stops	 stops;
};

/*
 * Words before a command, by length.  Those that are common in prose count
 * only where a command may stand.
 */
static const struct lead {
	const char	*word;
	int		 anywhere;
	enum want	 then;
} leads[] = {
	{ "!", 0, WANT_COMMAND },
	{ "do", 1, WANT_COMMAND },
	{ "if", 0, WANT_COMMAND },
	{ "env", 1, WANT_WRAPPED },
	{ "run", 1, WANT_COMMAND },
	{ "doas", 1, WANT_WRAPPED },
	{ "elif", 0, WANT_COMMAND },
	{ "else", 1, WANT_COMMAND },
	{ "eval", 0, WANT_WRAPPED },
	{ "exec", 1, WANT_WRAPPED },
	{ "nice", 0, WANT_WRAPPED },
	{ "sudo", 1, WANT_WRAPPED },
	{ "then", 1, WANT_COMMAND },
	{ "time", 0, WANT_WRAPPED },
	{ "nohup", 1, WANT_WRAPPED },
	{ "until", 0, WANT_COMMAND },
	{ "watch", 0, WANT_WRAPPED },
	{ "while", 0, WANT_COMMAND },
	{ "xargs", 1, WANT_WRAPPED },
	{ "coproc", 0, WANT_COMMAND },
	{ "ionice", 0, WANT_WRAPPED },
	{ "setsid", 0, WANT_WRAPPED },
	{ "stdbuf", 0, WANT_WRAPPED },
	{ "strace", 0, WANT_WRAPPED },
	{ "builtin", 0, WANT_WRAPPED },
	{ "busybox", 0, WANT_WRAPPED },
	{ "command", 0, WANT_WRAPPED },
	{ "execute", 1, WANT_COMMAND },
	{ "timeout", 0, WANT_WRAPPED },
	{ "parallel", 0, WANT_WRAPPED }
};

/* leads[] of length n are those from lead_from[n - 1] to lead_from[n] */
static const unsigned char lead_from[MAX_COMMAND_LEAD + 1] = {
	0, 1, 3, 5, 14, 19, 24, 29, 30
};

/* lengths of those with this first byte: nearly no word needs a look */
#define LEN(n)		(1 << (n))
static const unsigned short lead_lens[256] = {
	['!'] = LEN(1), ['b'] = LEN(7), ['c'] = LEN(6) | LEN(7),
	['d'] = LEN(2) | LEN(4), ['e'] = LEN(3) | LEN(4) | LEN(7),
	['i'] = LEN(2) | LEN(6), ['n'] = LEN(4) | LEN(5), ['p'] = LEN(8),
	['r'] = LEN(3), ['s'] = LEN(4) | LEN(6), ['t'] = LEN(4) | LEN(7),
	['u'] = LEN(5), ['w'] = LEN(5), ['x'] = LEN(5)
};

/* second letters of those found anywhere, by their first */
#define AT(c)		(1U << ((c) & 0x1f))
static const uint32_t lead_seconds[256] = {
	['d'] = AT('o'), ['e'] = AT('l') | AT('n') | AT('x'), ['n'] = AT('o'),
	['r'] = AT('u'), ['s'] = AT('u'), ['t'] = AT('h'), ['x'] = AT('a')
};

static int
kind_at(const struct command *c, size_t i)
{
	return i < c->len ? kinds[c->s[i]] : ENDS | BLANK;
}

static void
mark(struct command *c, size_t at)
{
	struct text_buf	*b = c->out;

	memcpy(b->data + b->len, c->s + c->copied, at - c->copied);
	b->len += at - c->copied;
	b->data[b->len++] = TEXT_COMMAND;
	c->copied = at;
}

static const struct lead *
lead_find(const unsigned char *word, size_t len)
{
	size_t	 i;

	/* none behind a directory: the text may end there */
	if (len == 0 || len > MAX_COMMAND_LEAD ||
	    !(lead_lens[word[0]] & LEN(len)))
		return NULL;
	for (i = lead_from[len - 1]; i < lead_from[len]; i++)
		if (leads[i].word[0] == word[0] &&
		    memcmp(leads[i].word, word, len) == 0)
			return &leads[i];
	return NULL;
}

/* NAME=value, where a quoted value may hold spaces. */
static int
is_assignment(struct command *c, size_t start)
{
	const unsigned char	*close;
	size_t			 i = start, room;

	while (i < c->pos && (kinds[c->s[i]] & NAME))
		i++;
	if (i == start || i == c->pos || c->s[i] != '=')
		return 0;
	if (i + 1 == c->pos && c->pos < c->len &&
	    (c->s[c->pos] == '"' || c->s[c->pos] == '\'')) {
		room = c->len - c->pos - 1;
		if (room > MAX_COMMAND_VALUE)
			room = MAX_COMMAND_VALUE;
		close = memchr(c->s + c->pos + 1, c->s[c->pos], room);
		if (close != NULL)
			c->pos = (size_t)(close - c->s) + 1;
	}
	return 1;
}

/* -c, -lc and the like before a quote; -exec and its kin; -- */
static enum want
after_option(const struct command *c, const unsigned char *word, size_t len)
{
	size_t	 i;

	if (len == 2 && word[1] == '-')
		return WANT_COMMAND;
	if (len >= 3 && (memcmp(word, "-ok", 3) == 0 ||
	    (len >= 5 && memcmp(word, "-exec", 5) == 0)))
		return WANT_COMMAND;
	if (word[len - 1] != 'c' || len > MAX_COMMAND_LEAD)
		return WANT_NOTHING;
	for (i = c->pos; i < c->len && (c->s[i] == ' ' || c->s[i] == '\\');
	    i++)
		;
	return i > c->pos && i < c->len && (c->s[i] == '"' ||
	    c->s[i] == '\'') ? WANT_WRAPPED : WANT_NOTHING;
}

/* A word where a command may stand, with what it makes of the next. */
static enum want
command_word(struct command *c, size_t start)
{
	const unsigned char	*word = c->s + start;
	const struct lead	*lead;
	size_t			 end = c->pos, i;

	if (c->want != WANT_COMMAND) {
		if (*word == '-')
			return end - start == 2 && word[1] != '-' ?
			    WANT_EITHER : WANT_WRAPPED;
		if ((*word >= '0' && *word <= '9') || *word == '\\')
			return WANT_WRAPPED;
	} else if (end < c->len && (c->s[end] == '<' || c->s[end] == '>') &&
	    end == start + 1 && *word >= '0' && *word <= '9')
		return WANT_COMMAND;
	if (is_assignment(c, start))
		return c->want;
	mark(c, start);
	for (i = end; i > start && c->s[i - 1] != '/'; i--)
		;
	if (i >= start + 4 && memcmp(c->s + i - 4, "bin/", 4) == 0) {
		mark(c, i);
		start = i;
	}
	lead = lead_find(c->s + start, end - start);
	if (lead != NULL && (kind_at(c, end) & (BLANK | STARTS)))
		return lead->then;
	return c->want == WANT_EITHER ? WANT_WRAPPED : WANT_NOTHING;
}

/*
 * Among operands: the bytes from i on that may start a command, which are
 * separators, brackets, options, and words that look like leads.
 */
static void
look(struct command *c, size_t i)
{
	unsigned char		 copy[MASK_LEN];
	const unsigned char	*s;
	struct mask_part	 p;
	uint64_t		 dash = 0, ends = 0, known, left, starts;
	uint64_t		 stops = 0, word;
	unsigned int		 at;

	s = mask_from(c->s, c->len, i, copy, ' ');
	for (at = 0; at < MASK_LEN; at += MASK_PART) {
		p = mask_part(s + at);
		stops |= (mask_in(p, '(', ')') | mask_in(p, '{', '|') |
		    mask_is(p, '\n') | mask_is(p, ';') | mask_is(p, '&') |
		    mask_is(p, '`')) << at;
		ends |= (mask_in(p, '\f', '\r') | mask_is(p, '\t') |
		    mask_is(p, ' ') | mask_is(p, '<') | mask_is(p, '>') |
		    mask_is(p, '}') | mask_is(p, '"') |
		    mask_is(p, '\'')) << at;
		dash |= mask_is(p, '-') << at;
	}
	word = ~(ends | stops);
	starts = word & ~(word << 1);
	if (i > 0 && !(kinds[c->s[i - 1]] & ENDS))
		starts &= ~1ULL;
	known = starts & word >> 1 & ~(mask_long(word) & word >> MASK_MORE) &
	    MASK_STOPS;
	for (left = known; left != 0; left &= left - 1) {
		at = (unsigned int)__builtin_ctzll(left);
		if (!(lead_seconds[s[at]] & AT(s[at + 1])) ||
		    !(lead_lens[s[at]] & LEN(mask_run(word, at))))
			known ^= left & -left;
	}
	c->stops.base = i;
	c->stops.bits = (known | stops | (starts & dash)) & MASK_STOPS;
}

/* What changes nothing: most of a text. */
static void
skip(struct command *c)
{
	size_t	 i = c->pos;

	do {
		if (!mask_has(&c->stops, i))
			look(c, i);
		i = mask_next(&c->stops, i);
	} while (i < c->len && !mask_has(&c->stops, i));
	c->pos = i < c->len ? i : c->len;
}

static void
take_word(struct command *c)
{
	const struct lead	*lead;
	size_t			 end, start = c->pos;

	for (end = start; end < c->len && !(kinds[c->s[end]] & ENDS); end++)
		;
	c->pos = end;
	if (c->want == WANT_TARGET)
		c->want = WANT_COMMAND;
	else if (c->want != WANT_NOTHING)
		c->want = command_word(c, start);
	else if (c->s[start] == '-')
		c->want = after_option(c, c->s + start, c->pos - start);
	else if ((lead = lead_find(c->s + start, c->pos - start)) != NULL &&
	    lead->anywhere && (kind_at(c, c->pos) & BLANK))
		c->want = lead->then;
}

/* Punctuation: what it makes of the next word. */
static void
take_end(struct command *c)
{
	const unsigned char	*s = c->s + c->pos;
	int			 before = c->pos == 0 ? 0 : s[-1];

	switch (*s) {
	case '(':
		/* not that of a function's arguments */
		if (!(kinds[before] & NAME))
			c->want = WANT_COMMAND;
		break;
	case ')':
	case '{':
		if (kind_at(c, c->pos + 1) & (BLANK | STARTS))
			c->want = WANT_COMMAND;
		break;
	case '"':
	case '\'':
		if (c->want == WANT_COMMAND || c->want == WANT_TARGET)
			c->want = WANT_NOTHING;
		break;
	case '<':
	case '>':
		if (c->want == WANT_COMMAND)
			c->want = WANT_TARGET;
		break;
	case '&':
		if (before != '>' && before != '<' &&
		    (c->pos + 1 == c->len || s[1] != '>'))
			c->want = WANT_COMMAND;
		break;
	default:
		if (kinds[*s] & STARTS)
			c->want = WANT_COMMAND;
	}
	c->pos++;
}

int
command_mark(struct text_buf *b, const char *text, size_t len)
{
	struct command	 c;

	memset(&c, 0, sizeof(c));
	c.out = b;
	c.s = (const unsigned char *)text;
	c.len = len;
	c.want = WANT_COMMAND;
	c.stops.base = MASK_NONE;
	b->len = 0;
	/* at most one mark before each byte; never no buffer at all */
	if (len > SIZE_MAX / 4 || text_buf_reserve(b, 2 * len + 1) == -1)
		return -1;
	while (c.pos < len) {
		if (c.want == WANT_NOTHING)
			skip(&c);
		if (c.pos == len)
			break;
		if (kinds[c.s[c.pos]] & ENDS)
			take_end(&c);
		else
			take_word(&c);
	}
	memcpy(b->data + b->len, c.s + c.copied, len - c.copied);
	b->len += len - c.copied;
	return 0;
}
