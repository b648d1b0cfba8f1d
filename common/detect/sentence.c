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

#include "common/detect/mask.h"
#include "common/detect/sentence.h"

#define MAX_SENTENCE_LEAD	6	/* bytes between a start and its verb */
#define MAX_SENTENCE_WORD	7	/* bytes of the longest known word */

/* Bytes: of words, white, ends of sentences, and those before a verb. */
#define WORD		0x01
#define SPACE		0x02
#define ENDS		0x04
#define LEADS		0x08

static const unsigned char kinds[256] = {
	['0' ... '9'] = WORD, ['A' ... 'Z'] = WORD, ['a' ... 'z'] = WORD,
	['_'] = WORD, ['\t'] = SPACE, ['\n'] = SPACE, ['\v'] = SPACE,
	['\f'] = SPACE, ['\r'] = SPACE, [' '] = SPACE | LEADS, ['.'] = ENDS,
	[';'] = ENDS, ['!'] = ENDS | LEADS, ['?'] = ENDS, ['>'] = LEADS,
	['*'] = LEADS, ['#'] = LEADS, ['"'] = LEADS, ['\''] = LEADS,
	['('] = LEADS, ['<'] = LEADS, ['-'] = LEADS
};

/* What a word makes of the one that follows it. */
#define ORDERS		0x01	/* it is a verb: please, now, and */
#define YOU		0x02
#define MODAL_AFTER	0x04	/* you must */
#define MODAL_BEFORE	0x08	/* could you */
#define LET		0x10	/* let's */
#define SPEAKS		0x20	/* system: */

static const struct word {
	const char	*text;
	int		 is;
} words[] = {
	{ "to", MODAL_AFTER },
	{ "and", ORDERS }, { "can", MODAL_AFTER | MODAL_BEFORE },
	{ "let", LET }, { "now", ORDERS }, { "you", YOU },
	{ "lets", ORDERS }, { "must", MODAL_AFTER }, { "note", SPEAKS },
	{ "task", SPEAKS }, { "then", ORDERS }, { "user", SPEAKS },
	{ "will", MODAL_AFTER | MODAL_BEFORE },
	{ "admin", SPEAKS }, { "could", MODAL_BEFORE },
	{ "would", MODAL_BEFORE },
	{ "kindly", ORDERS }, { "please", ORDERS }, { "should", MODAL_AFTER },
	{ "system", SPEAKS },
	{ "instead", ORDERS }
};

/* words[] of length n are those from word_from[n - 2] to word_from[n - 1] */
static const unsigned char word_from[MAX_SENTENCE_WORD] = {
	0, 1, 6, 13, 16, 20, 21
};

/* lengths of those with this first letter: nearly no word needs a look */
#define LEN(n)		(1 << (n))
static const unsigned char word_lens[256] = {
	['a'] = LEN(3) | LEN(5), ['c'] = LEN(3) | LEN(5), ['i'] = LEN(7),
	['k'] = LEN(6), ['l'] = LEN(3) | LEN(4), ['m'] = LEN(4),
	['n'] = LEN(3) | LEN(4), ['p'] = LEN(6), ['s'] = LEN(6),
	['t'] = LEN(2) | LEN(4), ['u'] = LEN(4), ['w'] = LEN(4) | LEN(5),
	['y'] = LEN(3)
};

/* and their second letters */
#define AT(c)		(1U << ((c) & 0x1f))
static const uint32_t word_seconds[256] = {
	['a'] = AT('d') | AT('n'), ['c'] = AT('a') | AT('o'), ['i'] = AT('n'),
	['k'] = AT('i'), ['l'] = AT('e'), ['m'] = AT('u'), ['n'] = AT('o'),
	['p'] = AT('l'), ['s'] = AT('h') | AT('y'),
	['t'] = AT('a') | AT('h') | AT('o'), ['u'] = AT('s'),
	['w'] = AT('i') | AT('o'), ['y'] = AT('o')
};

struct sentence {
	struct text_buf		*out;
	const unsigned char	*s;
	size_t			 len;
	size_t			 pos;
	size_t			 copied;
	int			 lead;	/* bytes a verb may be behind; -1 */
	int			 line;	/* the line has just begun */
	int			 prev;	/* what the word before is */
	size_t			 after;	/* where that one ended */
	struct mask_stops	 stops;
};

static int
kind_at(const struct sentence *t, size_t i)
{
	return i < t->len ? kinds[t->s[i]] : 0;
}

static int
word_find(const unsigned char *s, size_t len)
{
	char	 low[MAX_SENTENCE_WORD];
	size_t	 i;

	if (len > MAX_SENTENCE_WORD || !(word_lens[s[0] | 0x20] & LEN(len)))
		return 0;
	for (i = 0; i < len; i++)
		low[i] = (char)(s[i] | 0x20);
	for (i = word_from[len - 2]; i < word_from[len - 1]; i++)
		if (words[i].text[0] == low[0] &&
		    memcmp(words[i].text, low, len) == 0)
			return words[i].is;
	return 0;
}

static void
mark(struct sentence *t, size_t at)
{
	struct text_buf	*b = t->out;

	memcpy(b->data + b->len, t->s + t->copied, at - t->copied);
	b->len += at - t->copied;
	if (at > 0 && t->s[at - 1] == ' ' && t->copied < at)
		b->len--;
	b->data[b->len++] = TEXT_SENTENCE;
	t->copied = at;
}

/* An order may follow the word that ends at t->pos: after a space. */
static void
expect(struct sentence *t, int comma)
{
	size_t	 i = t->pos;

	if (comma && i < t->len && t->s[i] == ',')
		i++;
	if (!(kind_at(t, i) & SPACE))
		return;
	t->pos = i + 1;
	t->lead = 0;
	if (t->s[i] == '\n') {
		t->line = 1;
		t->lead = MAX_SENTENCE_LEAD;
	}
}

/*
 * Where no verb is expected: the bytes from i on that may change that, which
 * are ends of lines and of sentences, and words that look like known ones.
 */
static void
look(struct sentence *t, size_t i)
{
	unsigned char		 copy[MASK_LEN];
	const unsigned char	*s;
	struct mask_part	 p;
	uint64_t		 ends = 0, known, left, line = 0, white = 0;
	uint64_t		 word = 0;
	unsigned int		 at;

	s = mask_from(t->s, t->len, i, copy, '\0');
	for (at = 0; at < MASK_LEN; at += MASK_PART) {
		p = mask_part(s + at);
		word |= (mask_in(p, 'a', 'z') | mask_in(p, 'A', 'Z') |
		    mask_in(p, '0', '9') | mask_is(p, '_')) << at;
		white |= (mask_in(p, '\t', '\r') | mask_is(p, ' ')) << at;
		ends |= (mask_is(p, '.') | mask_is(p, ';') |
		    mask_is(p, '!') | mask_is(p, '?')) << at;
		line |= mask_is(p, '\n') << at;
	}
	known = word & ~(word << 1) & word >> 1 & ~mask_long(word) &
	    MASK_STOPS;
	if (i > 0 && (kinds[t->s[i - 1]] & WORD))
		known &= ~1ULL;
	for (left = known; left != 0; left &= left - 1) {
		at = (unsigned int)__builtin_ctzll(left);
		if (!(word_seconds[s[at] | 0x20] & AT(s[at + 1])) ||
		    !(word_lens[s[at] | 0x20] & LEN(mask_run(word, at))))
			known ^= left & -left;
	}
	t->stops.base = i;
	t->stops.bits = (known | line | (ends & white >> 1)) & MASK_STOPS;
}

/* What says nothing here: most of a text. */
static void
skip(struct sentence *t)
{
	size_t	 i = t->pos;

	/* the rest of let'sgo is a word as well */
	if (i > 0 && (kinds[t->s[i]] & kinds[t->s[i - 1]] & WORD))
		return;
	do {
		if (!mask_has(&t->stops, i))
			look(t, i);
		i = mask_next(&t->stops, i);
	} while (i < t->len && !mask_has(&t->stops, i));
	if (i > t->len)
		i = t->len;
	if (i != t->pos)
		t->line = 0;
	t->pos = i;
}

static void
take_word(struct sentence *t)
{
	size_t	 end, i, start = t->pos;
	int	 is, joined = t->after + 1 == start && t->s[t->after] == ' ';

	if (t->lead >= 0)
		mark(t, start);
	t->lead = -1;
	for (end = start + 1; end < t->len && (kinds[t->s[end]] & WORD); end++)
		;
	t->pos = t->after = end;
	is = word_find(t->s + start, end - start);
	if (is & LET && t->pos + 1 < t->len &&
	    t->s[t->pos] == '\'' && (t->s[t->pos + 1] | 0x20) == 's') {
		t->pos += 2;
		expect(t, 1);
	} else if (is & ORDERS)
		expect(t, 1);
	else if (joined && ((is & MODAL_AFTER && t->prev & YOU) ||
	    (is & YOU && t->prev & MODAL_BEFORE)))
		expect(t, 1);
	else if (is & SPEAKS && t->line) {
		i = t->pos + (kind_at(t, t->pos) & SPACE ? 1 : 0);
		if (i < t->len && t->s[i] == ':') {
			t->pos = i + 1;
			expect(t, 0);
		}
	}
	t->prev = is;
	t->line = t->pos > 0 && t->s[t->pos - 1] == '\n';
}

static void
take_other(struct sentence *t)
{
	int	 kind = kind_at(t, t->pos);

	if (t->s[t->pos] == '\n') {
		t->line = 1;
		t->lead = MAX_SENTENCE_LEAD;
		t->pos++;
		return;
	}
	t->line = 0;
	if (kind & ENDS && kind_at(t, t->pos + 1) & SPACE) {
		t->pos++;
		t->lead = MAX_SENTENCE_LEAD;
		if (t->s[t->pos] == '\n')
			return;
	} else if (!(kind & LEADS))
		t->lead = -1;
	else if (t->lead >= 0)
		t->lead--;
	t->pos++;
}

int
sentence_mark(struct text_buf *b, const char *text, size_t len)
{
	struct sentence	 t;

	memset(&t, 0, sizeof(t));
	t.out = b;
	t.s = (const unsigned char *)text;
	t.len = len;
	t.lead = MAX_SENTENCE_LEAD;
	t.line = 1;
	t.after = SIZE_MAX - 1;
	t.stops.base = MASK_NONE;
	b->len = 0;
	/* at most one mark before each byte; never no buffer at all */
	if (len > SIZE_MAX / 4 || text_buf_reserve(b, 2 * len + 1) == -1)
		return -1;
	while (t.pos < len) {
		if (t.lead < 0)
			skip(&t);
		if (t.pos == len)
			break;
		if (kinds[t.s[t.pos]] & WORD)
			take_word(&t);
		else
			take_other(&t);
	}
	memcpy(b->data + b->len, t.s + t.copied, len - t.copied);
	b->len += len - t.copied;
	return 0;
}
