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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confsecret.h"
#include "redacted.h"
#include "treediff.h"

#define QUOTED	"'" REDACTED "'"

/* bytes from..to of a text, and what takes their place */
struct cut {
	size_t		 from, to;
	const char	*in;
	size_t		 inlen;
};

struct cuts {
	struct cut	*c;
	size_t		 n, max;
	int		 failed;
};

static void
cut_add(struct cuts *cs, size_t from, size_t to, const char *in, size_t inlen)
{
	struct cut	*c;

	if (cs->n == cs->max) {
		cs->max = cs->max == 0 ? 16 : 2 * cs->max;
		c = reallocarray(cs->c, cs->max, sizeof(*c));
		if (c == NULL) {
			cs->failed = 1;
			cs->max = cs->n;
			return;
		}
		cs->c = c;
	}
	c = &cs->c[cs->n++];
	c->from = from;
	c->to = to;
	c->in = in;
	c->inlen = inlen;
}

static int
cut_order(const void *a, const void *b)
{
	const struct cut	*x = a, *y = b;

	return (x->from < y->from ? -1 : x->from > y->from);
}

/* the text with all cuts made; NULL without memory */
static char *
cuts_make(struct cuts *cs, const char *text, size_t len, size_t *outlen)
{
	size_t	 i, at = 0, o = 0, size = len + 1;
	char	*out;

	for (i = 0; i < cs->n; i++)
		size += cs->c[i].inlen;
	if (cs->failed || (out = malloc(size)) == NULL)
		return (NULL);
	if (cs->n != 0)
		qsort(cs->c, cs->n, sizeof(cs->c[0]), cut_order);
	for (i = 0; i < cs->n; i++) {
		memcpy(out + o, text + at, cs->c[i].from - at);
		o += cs->c[i].from - at;
		memcpy(out + o, cs->c[i].in, cs->c[i].inlen);
		o += cs->c[i].inlen;
		at = cs->c[i].to;
	}
	memcpy(out + o, text + at, len - at);
	o += len - at;
	out[o] = '\0';
	*outlen = o;
	return (out);
}

/* "# token: abc": from the value on; 0 when the comment has none */
static size_t
comment_secret(const char *text, size_t from, size_t to)
{
	size_t	i, name;

	for (i = from; i < to; i++) {
		if (text[i] != ':' && text[i] != '=')
			continue;
		for (name = i; name > from && strchr(" \t#'\"-", text[name -
		    1]) == NULL; name--)
			continue;
		if (!confsecret_key(text + name, i - name))
			continue;
		for (i++; i < to && (text[i] == ' ' || text[i] == '\t'); i++)
			continue;
		return (i < to ? i : 0);
	}
	return (0);
}

/* values say where a # begins no comment */
static void
cut_comments(struct cuts *cs, const struct ytree *t, const char *text,
    size_t len)
{
	const char	*nl;
	size_t		 i, end, at;
	int		 node = 1;

	for (i = 0; i < len; i++) {
		while (node < t->nn && (t->n[node].kind != Y_SCALAR ||
		    t->n[node].end <= i))
			node++;
		if (node < t->nn && t->n[node].start <= i) {
			i = t->n[node].end - 1;
			continue;
		}
		if (text[i] != '#' || (i > 0 &&
		    strchr(" \t\n", text[i - 1]) == NULL))
			continue;
		nl = memchr(text + i, '\n', len - i);
		end = nl != NULL ? (size_t)(nl - text) : len;
		if (end > i && text[end - 1] == '\r')
			end--;
		if ((at = comment_secret(text, i, end)) != 0)
			cut_add(cs, at, end, REDACTED, strlen(REDACTED));
		i = end;
	}
}

static int
parsed(struct ytree *t, const char *text, size_t len, char *err,
    size_t errlen)
{
	if (ytree_parse(t, text, len) == 0)
		return (0);
	snprintf(err, errlen, "line %d: %s", t->errline, t->err);
	return (-1);
}

int
redacted_text(const char *text, size_t len, char **out, size_t *outlen,
    char *err, size_t errlen)
{
	struct cuts	 cs = { NULL, 0, 0, 0 };
	struct ytree	 t;
	size_t		 end;
	int		 i, rv = -1;

	*out = NULL;
	*outlen = 0;
	if (parsed(&t, text, len, err, errlen) == 0) {
		for (i = 1; i < t.nn; i++) {
			if (!confsecret_node(&t, i))
				continue;
			/* of a block the line end is a part */
			for (end = t.n[i].end; end > t.n[i].start &&
			    strchr("\r\n", text[end - 1]) != NULL; end--)
				continue;
			cut_add(&cs, t.n[i].start, end, QUOTED,
			    strlen(QUOTED));
		}
		cut_comments(&cs, &t, text, len);
		*out = cuts_make(&cs, text, len, outlen);
		if (*out == NULL)
			strlcpy(err, "out of memory", errlen);
		else
			rv = (int)cs.n;
	}
	free(cs.c);
	ytree_free(&t);
	return (rv);
}

/* the value of the same key; lists by the names of their elements */
static int
same_key(const struct ytree *t, const char *path)
{
	char	other[MAX_DIFF_KEY];
	int	i;

	for (i = 1; i < t->nn; i++) {
		if (t->n[i].kind != Y_SCALAR)
			continue;
		treediff_path(t, i, other, sizeof(other));
		if (strcmp(other, path) == 0)
			return (i);
	}
	return (-1);
}

static int
fill(struct cuts *cs, const struct ytree *t, const struct ytree *now,
    const char *nowtext, char *err, size_t errlen)
{
	const struct ynode	*n;
	char			 path[MAX_DIFF_KEY];
	int			 i, j;

	for (i = 1; i < t->nn; i++) {
		n = &t->n[i];
		if (n->kind != Y_SCALAR || n->style != YS_QUOTED ||
		    strcmp(n->val, REDACTED) != 0)
			continue;
		treediff_path(t, i, path, sizeof(path));
		if ((j = same_key(now, path)) == -1 ||
		    now->n[j].style == YS_BLOCK ||
		    now->n[j].vline != now->n[j].vendline) {
			snprintf(err, errlen, "%s: a secret, which is not "
			    "kept: add this key to the file by hand first",
			    path);
			return (-1);
		}
		cut_add(cs, n->start, n->end, nowtext + now->n[j].start,
		    now->n[j].end - now->n[j].start);
	}
	return (0);
}

int
redacted_fill(const char *text, size_t len, const char *now, size_t nowlen,
    char **out, size_t *outlen, char *err, size_t errlen)
{
	struct cuts	 cs = { NULL, 0, 0, 0 };
	struct ytree	 t, n;
	int		 rv = -1;

	*out = NULL;
	*outlen = 0;
	memset(&n, 0, sizeof(n));
	if (parsed(&t, text, len, err, errlen) == 0 &&
	    parsed(&n, now, nowlen, err, errlen) == 0 &&
	    fill(&cs, &t, &n, now, err, errlen) == 0) {
		*out = cuts_make(&cs, text, len, outlen);
		rv = *out != NULL ? 0 : -1;
		if (rv == -1)
			strlcpy(err, "out of memory", errlen);
	}
	free(cs.c);
	ytree_free(&t);
	ytree_free(&n);
	return (rv);
}
