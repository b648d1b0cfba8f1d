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

#include "common/detect/image.h"
#include "rulemarks.h"

/*
 * All of this reads patterns that rulesyntax() has translated: brackets are
 * balanced and nested at most MAX_RULESYNTAX_NEST deep, which bounds the
 * recursion.
 */

struct span {
	const char	*p;
	const char	*end;
};

struct part {
	char		*out;
	unsigned int	 which;
};

static const char *
past_class(const char *p, const char *end)
{
	p++;
	if (p < end && *p == '^')
		p++;
	if (p < end && *p == ']')
		p++;
	for (; p < end && *p != ']'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '[' && p + 1 < end && p[1] == ':')
			for (p += 2; p + 1 < end && *p != ']'; p++)
				;
	}
	return p < end ? p + 1 : end;
}

static const char *
past_escape(const char *p, const char *end)
{
	size_t	 n = p + 1 < end && p[1] == 'x' ? 4 : 2;

	return (size_t)(end - p) < n ? end : p + n;
}

/* Past one item: a character, an escape, a class or a pair of brackets. */
static const char *
past_item(const char *p, const char *end)
{
	int	 depth = 0;

	do {
		if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		if (*p == '[')
			p = past_class(p, end);
		else if (*p == '\\')
			p = past_escape(p, end);
		else
			p++;
	} while (depth > 0 && p < end);
	return p;
}

/* Past the alternative that starts at p, to its | or to the end. */
static const char *
past_branch(const char *p, const char *end)
{
	while (p < end && *p != '|')
		p = past_item(p, end);
	return p;
}

/* Whether what stands before p may be there no times at all. */
static int
is_optional(const char *p, const char *end)
{
	return p < end && (*p == '*' || *p == '?' || (*p == '{' &&
	    strtol(p + 1, NULL, 10) == 0));
}

static int
is_repeated(const char *p, const char *end)
{
	return p < end && strchr("*+?{", *p) != NULL;
}

/*
 * What is between the brackets of (...), (?:...) and (?flags:...).  0: it is
 * not of this kind, but looks ahead or behind, or sets flags.
 */
static int
inside(const char *p, const char *end, struct span *in)
{
	in->p = p + 1;
	in->end = end - 1;
	if (in->p < in->end && *in->p == '?') {
		in->p += 1 + strspn(in->p + 1, "ims-");
		if (in->p >= in->end || *in->p != ':')
			return 0;
		in->p++;
	}
	return 1;
}

static unsigned int	marks_of(const char *, const char *);

static unsigned int
item_marks(const char *p, const char *end)
{
	struct span	 in;

	if (*p == '\\' && p + 1 < end && p[1] == 'f')
		return IMAGE_COMMAND;
	if (*p == '\\' && end - p == 4 && memcmp(p, "\\x0b", 4) == 0)
		return IMAGE_SENTENCE;
	if (*p != '(')
		return IMAGE_PLAIN;
	if (inside(p, end, &in))
		return marks_of(in.p, in.end);
	/* it may name a mark, but no match need hold it */
	return marks_of(p + 1, end - 1) | IMAGE_PLAIN;
}

/* One alternative: its items together. */
static unsigned int
branch_marks(const char *p, const char *end)
{
	const char	*next;
	unsigned int	 marks, all = IMAGE_PLAIN;

	for (; p < end; p = next) {
		next = past_item(p, end);
		marks = item_marks(p, next);
		if (!(marks & IMAGE_PLAIN) && !is_optional(next, end))
			return marks;
		all |= marks;
	}
	return all;
}

static unsigned int
marks_of(const char *p, const char *end)
{
	const char	*next;
	unsigned int	 marks = 0;

	for (;; p = next + 1) {
		next = past_branch(p, end);
		marks |= branch_marks(p, next);
		if (next >= end)
			return marks;
	}
}

unsigned int
rulemarks(const char *pattern)
{
	return marks_of(pattern, pattern + strlen(pattern));
}

static void
copy(struct part *t, const char *p, const char *end)
{
	memcpy(t->out, p, (size_t)(end - p));
	t->out += end - p;
}

static void	put_part(struct part *, const char *, const char *);

/*
 * Whether the alternatives between these brackets may be thinned out.  For
 * plain text each that needs a mark may go, it cannot match.  For marked text
 * one without a mark may go when nothing else in its line has one: then what
 * it matches is found in the plain text.
 */
static int
is_thinned(const struct part *t, const struct span *branch, const char *p,
    const char *next)
{
	if (t->which == IMAGE_PLAIN)
		return 1;
	return !is_repeated(next, branch->end) &&
	    branch_marks(branch->p, p) == IMAGE_PLAIN &&
	    branch_marks(next, branch->end) == IMAGE_PLAIN;
}

static void
put_branch(struct part *t, const char *p, const char *end)
{
	struct span	 branch = { p, end }, in;
	const char	*next;

	for (; p < end; p = next) {
		next = past_item(p, end);
		if (*p != '(' || !inside(p, next, &in) ||
		    marks_of(in.p, in.end) == t->which ||
		    !is_thinned(t, &branch, p, next)) {
			copy(t, p, next);
			continue;
		}
		copy(t, p, in.p);
		put_part(t, in.p, in.end);
		copy(t, in.end, next);
	}
}

/* Those of the alternatives that matter. */
static void
put_part(struct part *t, const char *p, const char *end)
{
	const char	*next;
	int		 n = 0;

	if (!(marks_of(p, end) & t->which)) {
		copy(t, p, end);
		return;
	}
	for (;; p = next + 1) {
		next = past_branch(p, end);
		if (branch_marks(p, next) & t->which) {
			if (n++ > 0)
				*t->out++ = '|';
			put_branch(t, p, next);
		}
		if (next >= end)
			return;
	}
}

/* (?flags) hold for the rest of what is around them, other branches too. */
static const char *
past_flags(const char *p)
{
	size_t	 n;

	if (p[0] != '(' || p[1] != '?')
		return NULL;
	n = 2 + strspn(p + 2, "ims-");
	return p[n] == ')' ? p + n + 1 : NULL;
}

void
rulemarks_part(const char *pattern, unsigned int which, char *out)
{
	struct part	 t = { out, which };
	const char	*end = pattern + strlen(pattern), *p, *rest;

	if ((rest = past_flags(pattern)) == NULL)
		rest = pattern;
	for (p = rest; (p = strstr(p, "(?")) != NULL; p++)
		if (past_flags(p) != NULL)
			rest = end;
	copy(&t, pattern, rest);
	if (rest < end)
		put_part(&t, rest, end);
	*t.out = '\0';
}
