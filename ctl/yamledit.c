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
#include <strings.h>

#include "yamledit.h"

#define MAX_INDENT	128	/* of what we add below something */

int
yedit_refuse(struct yedit *e, const char *why)
{
	snprintf(e->err, e->errlen, "%s: %s; edit the file by hand", e->what,
	    why);
	return (-1);
}

int
yedit_open(struct yedit *e, const char *what, const char *text, size_t len,
    char *err, size_t errlen)
{
	const char	*nl;

	memset(e, 0, sizeof(*e));
	e->what = what;
	e->err = err;
	e->errlen = errlen;
	if ((e->text = malloc(len + 1)) == NULL)
		return (yedit_refuse(e, "out of memory"));
	memcpy(e->text, text, len);
	e->text[len] = '\0';
	e->len = len;
	nl = memchr(text, '\n', len);
	e->eol = nl != NULL && nl > text && nl[-1] == '\r' ? "\r\n" : "\n";
	if (ytree_parse(&e->t, e->text, len) == 0)
		return (0);
	snprintf(err, errlen, "not changed, the file is not valid: line %d: "
	    "%s", e->t.errline, e->t.err);
	return (-1);
}

void
yedit_close(struct yedit *e)
{
	ytree_free(&e->t);
	free(e->text);
	e->text = NULL;
}

void
ypath_split(struct ypath *at, const char *path)
{
	memset(at, 0, sizeof(*at));
	while (at->n < MAX_YEDIT_PARTS) {
		at->part[at->n] = path;
		at->len[at->n++] = strcspn(path, ".");
		path += strcspn(path, ".");
		if (*path++ == '\0')
			break;
	}
}

void
ypath_add(struct ypath *at, const char *part)
{
	if (at->n == MAX_YEDIT_PARTS)
		return;
	at->part[at->n] = part;
	at->len[at->n++] = strlen(part);
}

void
ypath_find(struct ypath *at, const struct ytree *t, int root)
{
	int	i, n = root;

	at->nfound = 0;
	if (t->nn == 0)
		return;
	for (i = 0; i < at->n; i++) {
		if (t->n[n].kind != Y_MAP)
			return;
		n = ytree_child(t, n, at->part[i], at->len[i]);
		if (n == -1)
			return;
		at->node[at->nfound++] = n;
	}
}

void
yedit_digest(crypto_hash_sha256_state *st, const struct ytree *t, int from,
    int to, const int *but, int nbut)
{
	const struct ynode	*n;
	long			 head[6];
	int			 i, next = 0;

	for (i = from; i < to; i++) {
		n = &t->n[i];
		if (next < nbut && i == but[next]) {
			next++;
			continue;
		}
		head[0] = n->depth;
		head[1] = n->kind;
		head[2] = n->style;
		/* the first may have moved among its like */
		head[3] = i == from ? -1 : n->seq;
		head[4] = (long)n->keylen;
		head[5] = (long)n->vallen;
		crypto_hash_sha256_update(st, (const unsigned char *)head,
		    sizeof(head));
		crypto_hash_sha256_update(st, (const unsigned char *)n->key,
		    n->keylen);
		crypto_hash_sha256_update(st, (const unsigned char *)n->val,
		    n->vallen);
	}
}

/* plain where no reader of YAML 1.1 or 1.2 could see another type in it */
void
yedit_scalar(const char *s, int bare, char *buf, size_t size)
{
	static const char	 chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz/0123456789_.-";
	static const char *const words[] = { "true", "false", "yes", "no",
	    "on", "off", "y", "n", "null" };
	size_t			 i, o = 0;
	int			 plain;

	plain = s[0] != '\0' && strchr(chars, s[0]) < strchr(chars, '0') &&
	    s[strspn(s, chars)] == '\0';
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			plain = 0;
	if (plain || bare) {
		strlcpy(buf, s, size);
		return;
	}
	buf[o++] = '\'';
	for (; *s != '\0' && o + 4 < size; s++) {
		if (*s == '\'')
			buf[o++] = '\'';
		buf[o++] = *s;
	}
	buf[o++] = '\'';
	buf[o] = '\0';
}

int
yedit_splice(struct yedit *e, size_t from, size_t to, const char *in)
{
	size_t	 inlen = strlen(in), len = e->len - (to - from) + inlen;
	char	*out;

	if ((out = malloc(len + 1)) == NULL)
		return (yedit_refuse(e, "out of memory"));
	memcpy(out, e->text, from);
	memcpy(out + from, in, inlen);
	memcpy(out + from + inlen, e->text + to, e->len - to);
	out[len] = '\0';
	free(e->text);
	e->text = out;
	e->len = len;
	ytree_free(&e->t);
	if (ytree_parse(&e->t, out, len) == -1)
		return (yedit_refuse(e, "the change would spoil the file"));
	return (0);
}

static int
replace_value(struct yedit *e, const struct ypath *at, const char *value)
{
	const struct ynode	*n = &e->t.n[at->node[at->n - 1]];
	char			 in[MAX_YEDIT_VALUE + 1];

	if (n->kind != Y_SCALAR)
		return (yedit_refuse(e, "has a section or a list for a "
		    "value"));
	if (n->style == YS_BLOCK || n->vline != n->vendline)
		return (yedit_refuse(e, "its value takes more than one "
		    "line"));
	if (n->start != n->end)
		return (yedit_splice(e, n->start, n->end, value));
	/* nothing there yet: what libyaml gives is the place after ':' */
	if (n->start == 0 || e->text[n->start - 1] != ':')
		return (yedit_refuse(e, "has no value"));
	snprintf(in, sizeof(in), " %s", value);
	return (yedit_splice(e, n->start, n->start, in));
}

size_t
yedit_after_line(const struct yedit *e, int line)
{
	const char	*p = e->text, *end = e->text + e->len;

	while (line-- > 0 && p < end) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : end;
	}
	return ((size_t)(p - e->text));
}

/*
 * Nothing but spaces before column col of a line; the first key of a list's
 * element may have the dash there.
 */
static int
indented_by(const struct yedit *e, int line, int col, int element)
{
	const char	*p = e->text + yedit_after_line(e, line - 1);
	int		 i;

	if (line == 1 && e->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (i = 0; i < col; i++)
		if (p[i] == '-' && element)
			element = 0;
		else if (p[i] != ' ')
			return (0);
	return (1);
}

/* the missing sections and the key, from an indentation on, put at a place */
static int
add_lines(struct yedit *e, const struct ypath *at, size_t where, int indent,
    const char *value)
{
	char	in[MAX_YEDIT_VALUE + MAX_YEDIT_PARTS * 4 * MAX_INDENT];
	char	part[MAX_INDENT], key[2 * MAX_INDENT];
	size_t	n = 0;
	int	i;

	if (indent > MAX_INDENT)
		return (yedit_refuse(e, "indented too far"));
	if (where > 0 && e->text[where - 1] != '\n')
		n += (size_t)snprintf(in, sizeof(in), "%s", e->eol);
	for (i = at->nfound; i < at->n; i++) {
		snprintf(part, sizeof(part), "%.*s", (int)at->len[i],
		    at->part[i]);
		yedit_scalar(part, 0, key, sizeof(key));
		n += (size_t)snprintf(in + n, sizeof(in) - n, "%*s%s:%s",
		    indent, "", key, i + 1 < at->n ? e->eol : " ");
		indent += YEDIT_STEP;
	}
	snprintf(in + n, sizeof(in) - n, "%s%s", value, e->eol);
	return (yedit_splice(e, where, where, in));
}

size_t
yedit_above(const struct yedit *e, int node, int line, int col)
{
	const struct ynode	*before = &e->t.n[node - 1];
	const char		*p;
	size_t			 at;
	int			 least;

	/* a line of text above may look like a comment */
	least = before->kind == Y_SCALAR ? before->vendline : before->line;
	for (; line - 1 > least; line--) {
		p = e->text + yedit_after_line(e, line - 2);
		if (p[strspn(p, " ")] != '#' || strspn(p, " ") > (size_t)col)
			break;
	}
	at = yedit_after_line(e, line - 1);
	return (at == 0 && e->len >= 3 && memcmp(e->text, "\xef\xbb\xbf",
	    3) == 0 ? 3 : at);
}

size_t
yedit_below(const struct yedit *e, int line, int col)
{
	const char	*p, *end = e->text + e->len;
	size_t		 in, at;
	int		 last = line;

	for (;; line++) {
		at = yedit_after_line(e, line);
		p = e->text + at;
		in = strspn(p, " ");
		if (p + in >= end || (p[in] == '#' && in <= (size_t)col) ||
		    (p[in] != '#' && p[in] != '\n' && p[in] != '\r'))
			return (yedit_after_line(e, last));
		if (p[in] == '#')
			last = line + 1;
	}
}

size_t
yedit_place(const struct yedit *e, int map, const char *key, size_t len)
{
	const struct ynode	*n = e->t.n;
	int			 i, o, last = 0, first = 0;

	for (i = e->order != NULL ? n[map].child : 0; i != 0; i = n[i].next) {
		o = e->order(e, map, n[i].key, n[i].keylen, key, len);
		if (o < 0 && (last == 0 || e->order(e, map, n[last].key,
		    n[last].keylen, n[i].key, n[i].keylen) < 0))
			last = i;
		if (o > 0 && (first == 0 || e->order(e, map, n[first].key,
		    n[first].keylen, n[i].key, n[i].keylen) > 0))
			first = i;
	}
	if (last != 0)
		return (yedit_below(e, n[last].vendline, n[last].col));
	/* the first of a list's element has its dash before it */
	if (first != 0 && (n[map].seq == -1 || first != n[map].child))
		return (yedit_above(e, first, n[first].line, n[first].col));
	return (yedit_below(e, n[map].vendline, n[n[map].child].col));
}

static int
add_key(struct yedit *e, int root, const struct ypath *at, const char *value)
{
	const struct ynode	*n, *c;

	if (e->t.nn == 0 || (e->t.nn == 1 && e->t.n[0].vallen == 0))
		return (add_lines(e, at, e->len, 0, value));
	n = &e->t.n[at->nfound == 0 ? root : at->node[at->nfound - 1]];
	if (n->kind == Y_SCALAR && n->start == n->end && ytree_null(n) &&
	    e->t.n[n->parent].style != YS_FLOW) {
		/* "section:" with nothing, or only comments, below it */
		if (!indented_by(e, n->line, n->col,
		    e->t.n[n->parent].seq != -1))
			return (yedit_refuse(e, "its section starts in "
			    "mid-line"));
		return (add_lines(e, at, yedit_below(e, n->line, n->col +
		    YEDIT_STEP), n->col + YEDIT_STEP, value));
	}
	if (n->kind != Y_MAP)
		return (yedit_refuse(e, "what should be its section is a "
		    "value"));
	if (n->style == YS_FLOW || n->child == 0)
		return (yedit_refuse(e, "its section is written with { }"));
	c = &e->t.n[n->child];
	if (!indented_by(e, c->line, c->col, n->seq != -1))
		return (yedit_refuse(e, "its section starts in mid-line"));
	return (add_lines(e, at, yedit_place(e, (int)(n - e->t.n),
	    at->part[at->nfound], at->len[at->nfound]), c->col, value));
}

int
yedit_set(struct yedit *e, int root, struct ypath *at, const char *value)
{
	ypath_find(at, &e->t, root);
	if (at->nfound == at->n)
		return (replace_value(e, at, value));
	return (add_key(e, root, at, value));
}
