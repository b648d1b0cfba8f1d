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

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect/image.h"
#include "rulesyntax.h"

/*
 * How what may be any character is spelt.  CHARS: as the first byte of a
 * character and those that follow it, which is exact without Hyperscan's
 * UTF-8 mode, whose automata are several times as large.  UTF: as it is, in
 * that mode.  BYTES: as it is, each byte counting.
 */
enum spelling { CHARS, UTF, BYTES };

/* Flags in force at one level of brackets. */
#define LINES	0x01	/* (?m) */
#define DOTALL	0x02	/* (?s) */

struct syntax {
	const char	*in;
	char		*out;
	const char	*why;		/* the first refusal */
	enum spelling	 spelling;
	char		 flags[MAX_RULESYNTAX_NEST + 1];
	int		 depth;
	int		 utf;		/* CHARS cannot say it */
	int		 counted;	/* characters counted one by one */
};

static void
refuse(struct syntax *s, const char *why)
{
	if (s->why == NULL)
		s->why = why;
}

static void
copy(struct syntax *s, size_t n)
{
	while (n-- > 0 && *s->in != '\0')
		*s->out++ = *s->in++;
}

static void
put(struct syntax *s, const char *text)
{
	while (*text != '\0')
		*s->out++ = *text++;
}

/*
 * The number of times what was just read may be repeated one by one: 0 for *
 * and +, which mean the same for bytes and for characters.
 */
static int
repeats(const char *p)
{
	long	 n;
	char	*end;

	if (*p == '*' || *p == '+')
		return 0;
	if (*p != '{' || !isdigit((unsigned char)p[1]))
		return 1;
	n = strtol(p + 1, &end, 10);
	if (*end == ',' && isdigit((unsigned char)end[1]))
		n = strtol(end + 1, &end, 10);
	return n > 0 && n < 10000 ? (int)n : 10000;
}

/*
 * Something that may be any character: the output from start on, with inside
 * the same as the body of a class that is negated.  NULL: no such class.
 */
static void
any_char(struct syntax *s, char *start, const char *inside, size_t len)
{
	char	 body[MAX_RULESYNTAX_CLASS];
	int	 n = repeats(s->in);

	if (s->spelling != CHARS || n == 0)
		return;
	s->counted += n;
	if (s->counted > MAX_RULESYNTAX_COUNT)
		s->counted = MAX_RULESYNTAX_COUNT + 1;
	if (inside == NULL || len >= sizeof(body)) {
		s->utf = 1;
		return;
	}
	memcpy(body, inside, len);
	s->out = start;
	put(s, "(?:[^");
	memcpy(s->out, body, len);
	s->out += len;
	if (len > 0 && body[len - 1] == '-' &&
	    (len == 1 || body[len - 2] != '\\')) {
		s->out--;		/* it must not become a range */
		put(s, "\\-");
	}
	put(s, "\\x80-\\xbf][\\x80-\\xbf]*)");
}

/* \Q...\E: everything in between stands for itself. */
static void
quoted(struct syntax *s)
{
	s->in += 2;
	while (*s->in != '\0') {
		if (s->in[0] == '\\' && s->in[1] == 'E') {
			s->in += 2;
			return;
		}
		if ((unsigned char)*s->in >= 0x80)
			s->utf = 1;
		else if (ispunct((unsigned char)*s->in))
			*s->out++ = '\\';
		copy(s, 1);
	}
}

static int
hex_value(char c)
{
	const char	*digits = "0123456789abcdef", *p;

	if (c == '\0' || (p = strchr(digits, tolower((unsigned char)c))) ==
	    NULL)
		return -1;
	return (int)(p - digits);
}

/* \xHH, \x{H...}: above 0x7f it is a character, never a byte. */
static void
hex_escape(struct syntax *s)
{
	if (s->in[2] == '{' || hex_value(s->in[2]) >= 8)
		s->utf = 1;
	copy(s, 3);
}

/* One escape, in a class or outside; 1 if it may be any character. */
static int
escape(struct syntax *s)
{
	char	 c = s->in[1];

	if (c == '\0') {
		refuse(s, "it ends with a backslash");
		s->in++;
		return 0;
	}
	if (c == 'v') {
		put(s, "\\x0b");
		s->in += 2;
	} else if (c == 'x')
		hex_escape(s);
	else if (c == 'p' || c == 'P') {
		s->utf = 1;
		copy(s, 2);
	} else if (c == 'D' || c == 'S' || c == 'W') {
		copy(s, 2);
		return 1;
	} else if (isalpha((unsigned char)c) &&
	    strchr("zAbBafnrtdsw", c) == NULL) {
		refuse(s, "it has an escape that RE2 does not know");
		s->in += 2;
	} else
		copy(s, 2);
	return 0;
}

/* What stands between [ or [^ and ]; 1 if a \\S or the like is in it. */
static int
class_body(struct syntax *s)
{
	int	 any = 0;

	if (*s->in == ']')
		copy(s, 1);
	while (*s->in != ']') {
		if (*s->in == '\0') {
			refuse(s, "a [ is not closed");
			return 0;
		}
		if (*s->in == '\\') {
			if (strchr("QzAbB", s->in[1]) != NULL)
				refuse(s, "it has an escape within [] that "
				    "RE2 does not know");
			any |= escape(s);
		} else if (s->in[0] == '[' && s->in[1] == ':') {
			any |= s->in[2] == '^';
			copy(s, 2);
			while (islower((unsigned char)*s->in) ||
			    *s->in == '^')
				copy(s, 1);
			if (s->in[0] == ':' && s->in[1] == ']')
				copy(s, 2);
		} else {
			if ((unsigned char)*s->in >= 0x80)
				s->utf = 1;
			copy(s, 1);
		}
	}
	return any;
}

static void
class(struct syntax *s)
{
	char	*start = s->out, *inside;
	int	 any, negated = 0;

	copy(s, 1);
	if (*s->in == '^') {
		negated = 1;
		copy(s, 1);
	}
	inside = s->out;
	any = class_body(s);
	copy(s, 1);
	if (negated && !any)
		any_char(s, start, inside, (size_t)(s->out - 1 - inside));
	else if (negated || any)
		any_char(s, start, NULL, 0);
}

/* (?flags) and (?flags:, s->in at the first flag. */
static void
flag_group(struct syntax *s)
{
	char	 flags = s->flags[s->depth], *start = s->out;
	int	 bit, on = 1;

	put(s, "(?");
	for (; *s->in != ')' && *s->in != ':'; s->in++) {
		switch (*s->in) {
		case '-':
			on = 0;
			*s->out++ = '-';
			break;
		case 'm':
		case 's':
			bit = *s->in == 'm' ? LINES : DOTALL;
			flags = (char)(on ? flags | bit : flags & ~bit);
			*s->out++ = *s->in;
			break;
		case 'i':
			*s->out++ = 'i';
			break;
		case 'U':
			break;
		default:
			refuse(s, "it has a (?...) that RE2 does not know");
			return;
		}
	}
	if (s->out[-1] == '-')
		s->out--;
	if (*s->in == ')') {
		s->flags[s->depth] = flags;
		if (s->out[-1] == '?') {
			s->out = start;
			s->in++;
		} else
			copy(s, 1);
		return;
	}
	copy(s, 1);
	if (++s->depth <= MAX_RULESYNTAX_NEST)
		s->flags[s->depth] = flags;
}

static void
open_group(struct syntax *s)
{
	static const char *const	 known[] = { "(?:", "(?=", "(?!",
	    "(?<=", "(?<!", "(?P<", "(?<" };
	size_t				 i;

	if (s->in[1] == '*') {
		refuse(s, "it has a (*...), which RE2 does not know");
		return;
	}
	if (s->in[1] == '?') {
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strncmp(s->in, known[i], strlen(known[i])) == 0)
				break;
		if (i == sizeof(known) / sizeof(known[0])) {
			s->in += 2;
			flag_group(s);
			return;
		}
		copy(s, strlen(known[i]));
	} else
		copy(s, 1);
	if (++s->depth <= MAX_RULESYNTAX_NEST)
		s->flags[s->depth] = s->flags[s->depth - 1];
}

static void
one(struct syntax *s)
{
	static const char *const	 inside[] = { "\\d", "\\s", "\\w" };
	char				*start = s->out;

	switch (*s->in) {
	case '\\':
		if (s->in[1] == 'Q')
			quoted(s);
		else if (escape(s))
			any_char(s, start, s->in[-1] == 'D' ? inside[0] :
			    s->in[-1] == 'S' ? inside[1] : inside[2], 2);
		break;
	case '[':
		class(s);
		break;
	case '(':
		open_group(s);
		break;
	case ')':
		if (--s->depth < 0)
			refuse(s, "a ) is not opened");
		copy(s, 1);
		break;
	case '$':
		put(s, s->flags[s->depth] & LINES ? "$" : "\\z");
		s->in++;
		break;
	case '.':
		copy(s, 1);
		if (s->flags[s->depth] & DOTALL)
			any_char(s, start, "", 0);
		else
			any_char(s, start, "\\n", 2);
		break;
	default:
		if ((unsigned char)*s->in >= 0x80)
			s->utf = 1;
		copy(s, 1);
		break;
	}
	if (s->depth > MAX_RULESYNTAX_NEST)
		refuse(s, "its brackets are nested too deep");
}

static void
translate(struct syntax *s, const char *pattern, char *out,
    enum spelling spelling)
{
	memset(s, 0, sizeof(*s));
	s->in = pattern;
	s->out = out;
	s->spelling = spelling;
	while (s->why == NULL && *s->in != '\0')
		one(s);
	if (s->depth != 0)
		refuse(s, "a ( is not closed");
	*s->out = '\0';
}

const char *
rulesyntax(const char *pattern, char *out, unsigned int *flags)
{
	struct syntax	 s;

	translate(&s, pattern, out, CHARS);
	if (s.why == NULL && s.utf) {
		translate(&s, pattern, out, UTF);
		*flags |= IMAGE_UTF;
	} else if (s.why == NULL && s.counted > MAX_RULESYNTAX_COUNT)
		translate(&s, pattern, out, BYTES);
	return s.why;
}
