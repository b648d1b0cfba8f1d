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

#include "common/log.h"
#include "confsecret.h"
#include "redacted.h"
#include "treediff.h"

#define MAX_SHOWN	2048	/* bytes of a line that is shown, escaped */
#define MAX_REST	48	/* "; and 16384 more" */

/* a value of one of the two texts */
struct leaf {
	char	*key;
	char	*val;
	int	 secret;
};

struct leaves {
	struct leaf	*l;
	size_t		 n;
};

static void
leaves_free(struct leaves *ls)
{
	size_t	i;

	for (i = 0; i < ls->n; i++) {
		free(ls->l[i].key);
		freezero(ls->l[i].val, strlen(ls->l[i].val));
	}
	free(ls->l);
}

static int
leaf_order(const void *a, const void *b)
{
	return (strcmp(((const struct leaf *)a)->key,
	    ((const struct leaf *)b)->key));
}

void
treediff_path(const struct ytree *t, int node, char *buf, size_t size)
{
	const struct ynode	*n;
	int			 chain[MAX_YAML_DEPTH + 2], k = 0, name, len;
	size_t			 used = 0;

	buf[0] = '\0';
	for (; node > 0 && k < MAX_YAML_DEPTH + 2; node = t->n[node].parent)
		chain[k++] = node;
	while (k-- > 0) {
		n = &t->n[chain[k]];
		name = n->key == NULL && n->kind == Y_MAP ?
		    ytree_child(t, chain[k], "name", 4) : -1;
		if (n->key != NULL)
			len = snprintf(buf + used, size - used, "%s%s",
			    used != 0 ? "." : "", n->key);
		else if (name != -1 && t->n[name].kind == Y_SCALAR &&
		    t->n[name].vallen != 0)
			len = snprintf(buf + used, size - used, ".%s",
			    t->n[name].val);
		else
			len = snprintf(buf + used, size - used, "[%d]",
			    n->seq);
		if (len < 0 || (size_t)len >= size - used)
			return;
		used += (size_t)len;
	}
}

/* what a node says by itself; NULL: nothing, its children do, or none is */
static const char *
leaf_value(const struct ynode *n)
{
	if (n->kind == Y_SCALAR)
		return (ytree_null(n) ? NULL : n->val);
	if (n->child != 0)
		return (NULL);
	return (n->kind == Y_MAP ? "{}" : "[]");
}

static int
leaves_get(struct leaves *ls, const char *text, size_t len, char *err,
    size_t errlen)
{
	struct ytree	 t;
	struct leaf	*l;
	const char	*val;
	char		 path[MAX_DIFF_KEY];
	int		 i, rv = 0;

	memset(ls, 0, sizeof(*ls));
	if (ytree_parse(&t, text, len) == -1) {
		snprintf(err, errlen, "line %d: %s", t.errline, t.err);
		ytree_free(&t);
		return (-1);
	}
	ls->l = calloc((size_t)t.nn + 1, sizeof(*ls->l));
	for (i = 1; i < t.nn && ls->l != NULL; i++) {
		if ((val = leaf_value(&t.n[i])) == NULL)
			continue;
		treediff_path(&t, i, path, sizeof(path));
		l = &ls->l[ls->n];
		l->key = strdup(path);
		l->val = strdup(val);
		l->secret = confsecret_node(&t, i);
		if (l->key == NULL || l->val == NULL) {
			free(l->key);
			free(l->val);
			rv = -1;
			break;
		}
		ls->n++;
	}
	ytree_free(&t);
	if (ls->l == NULL || rv == -1) {
		strlcpy(err, "out of memory", errlen);
		return (-1);
	}
	qsort(ls->l, ls->n, sizeof(ls->l[0]), leaf_order);
	return (0);
}

static char *
shown(const struct leaf *l, const char *redacted)
{
	char	*s;

	if (l == NULL)
		return (NULL);
	if ((s = strdup(l->secret ? redacted : l->val)) == NULL)
		fatal("differences");
	return (s);
}

/* a and b are of the same key, or one of them is NULL */
static void
add_line(struct treediff *d, const struct leaf *a, const struct leaf *b)
{
	struct diff_line	*l = &d->line[d->n];

	if (a != NULL && b != NULL && strcmp(a->val, b->val) == 0)
		return;
	if ((l->key = strdup(a != NULL ? a->key : b->key)) == NULL)
		fatal("differences");
	l->old = shown(a, REDACTED);
	l->new = shown(b, a != NULL && a->secret ? "<redacted, another>" :
	    REDACTED);
	d->n++;
}

int
treediff_make(struct treediff *d, const char *a, size_t alen, const char *b,
    size_t blen, char *err, size_t errlen)
{
	struct leaves	 x, y;
	size_t		 i = 0, j = 0;
	int		 c, rv = -1;

	memset(d, 0, sizeof(*d));
	memset(&y, 0, sizeof(y));
	if (leaves_get(&x, a, alen, err, errlen) == 0 &&
	    leaves_get(&y, b, blen, err, errlen) == 0) {
		d->line = calloc(x.n + y.n + 1, sizeof(*d->line));
		if (d->line == NULL)
			fatal("differences");
		while (i < x.n || j < y.n) {
			c = i == x.n ? 1 : j == y.n ? -1 :
			    strcmp(x.l[i].key, y.l[j].key);
			add_line(d, c <= 0 ? &x.l[i] : NULL, c >= 0 ?
			    &y.l[j] : NULL);
			i += c <= 0;
			j += c >= 0;
		}
		rv = 0;
	}
	leaves_free(&x);
	leaves_free(&y);
	return (rv);
}

void
treediff_free(struct treediff *d)
{
	size_t	i;

	for (i = 0; i < d->n; i++) {
		free(d->line[i].key);
		free(d->line[i].old);
		free(d->line[i].new);
	}
	free(d->line);
	memset(d, 0, sizeof(*d));
}

static const char *
quoted(const char *s)
{
	return (s == NULL ? "(none)" : s[0] == '\0' ? "''" : s);
}

void
treediff_text(const struct treediff *d, char *buf, size_t size)
{
	const struct diff_line	*l;
	size_t			 i, used = 0;
	int			 n;

	buf[0] = '\0';
	for (i = 0; i < d->n; i++) {
		l = &d->line[i];
		n = snprintf(buf + used, size - used, "%s%s: %s -> %s", i != 0 ?
		    "; " : "", l->key, quoted(l->old), quoted(l->new));
		if (n < 0 || (size_t)n + MAX_REST >= size - used) {
			snprintf(buf + used, size - used, "%sand %zu more",
			    i != 0 ? "; " : "", d->n - i);
			return;
		}
		used += (size_t)n;
	}
}

json_t *
treediff_json(const struct treediff *d)
{
	json_t	*j = json_array();
	size_t	 i;

	for (i = 0; i < d->n; i++)
		json_array_append_new(j, json_pack("{s:s,s:s?,s:s?}", "key",
		    d->line[i].key, "old", d->line[i].old, "new",
		    d->line[i].new));
	return (j);
}

static void
print_line(FILE *f, char sign, const char *text, size_t len)
{
	char	esc[MAX_SHOWN];

	log_escape(esc, sizeof(esc), text, len);
	fprintf(f, "%c %s\n", sign, esc);
}

void
treediff_print(const struct treediff *d, FILE *f)
{
	const struct diff_line	*l;
	char			 text[MAX_SHOWN];
	size_t			 i;

	for (i = 0; i < d->n; i++) {
		l = &d->line[i];
		if (l->old != NULL) {
			snprintf(text, sizeof(text), "%s: %s", l->key,
			    quoted(l->old));
			print_line(f, '-', text, strlen(text));
		}
		if (l->new != NULL) {
			snprintf(text, sizeof(text), "%s: %s", l->key,
			    quoted(l->new));
			print_line(f, '+', text, strlen(text));
		}
	}
}

static void
print_lines(FILE *f, char sign, const char *from, const char *end)
{
	const char	*nl;

	for (; from < end; from = nl + 1) {
		nl = memchr(from, '\n', (size_t)(end - from));
		if (nl == NULL)
			nl = end;
		print_line(f, sign, from, (size_t)(nl - from));
	}
}

void
textdiff_print(const char *a, size_t alen, const char *b, size_t blen,
    FILE *f)
{
	size_t	i = 0, start = 0, end = 0, n = 0;

	for (; i < alen && i < blen && a[i] == b[i]; i++)
		if (a[i] == '\n')
			start = i + 1;
	for (; n < alen - start && n < blen - start &&
	    a[alen - 1 - n] == b[blen - 1 - n]; n++)
		if (a[alen - 1 - n] == '\n')
			end = n;
	if (n == alen - start || n == blen - start)
		end = n;
	print_lines(f, '-', a + start, a + alen - end);
	print_lines(f, '+', b + start, b + blen - end);
}
