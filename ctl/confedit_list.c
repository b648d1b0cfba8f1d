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

#include "confedit.h"

/*
 * One element of the list audit_sinks.
 */

#define LIST		CONFEDIT_SINKS
#define MAX_PART	128	/* of a key path */

static const char	pairs_headers[] = "headers";
static const char	pairs_sourcetypes[] = "sourcetype_overrides";

/* the node of the list, or -1 */
static int
find_list(const struct ytree *t)
{
	if (t->nn == 0 || t->n[0].kind != Y_MAP)
		return (-1);
	return (ytree_child(t, 0, LIST, strlen(LIST)));
}

/* the node of the sink with this name, or -1 */
static int
find_sink(const struct ytree *t, const char *name)
{
	int	list, i, c;

	if ((list = find_list(t)) == -1 || t->n[list].kind != Y_SEQ)
		return (-1);
	for (i = t->n[list].child; i != 0; i = t->n[i].next) {
		if (t->n[i].kind != Y_MAP)
			continue;
		c = ytree_child(t, i, "name", 4);
		if (c != -1 && t->n[c].kind == Y_SCALAR &&
		    strcmp(t->n[c].val, name) == 0)
			return (i);
	}
	return (-1);
}

/* the first node that is not below this one */
static int
end_of(const struct ytree *t, int node)
{
	int	i;

	for (i = node + 1; i < t->nn && t->n[i].depth > t->n[node].depth; i++)
		continue;
	return (i);
}

/* hash of all but one sink: what an edit must not change */
static void
digest_others(const struct ytree *t, const char *name,
    unsigned char hash[CONF_HASH_LEN])
{
	crypto_hash_sha256_state	 st;
	int				 list = find_list(t), i, sink, end;

	crypto_hash_sha256_init(&st);
	sink = find_sink(t, name);
	end = list == -1 ? t->nn : end_of(t, list);
	if (list == -1)
		yedit_digest(&st, t, 1, t->nn, NULL, 0);
	else {
		yedit_digest(&st, t, 1, list, NULL, 0);
		yedit_digest(&st, t, end, t->nn, NULL, 0);
		for (i = t->n[list].child; i != 0; i = t->n[i].next)
			if (i != sink)
				yedit_digest(&st, t, i, end_of(t, i), NULL,
				    0);
	}
	crypto_hash_sha256_final(&st, hash);
}

/* --- what it should say afterwards ---------------------------------------- */

static int
too_many(char *err, size_t errlen, const char *key)
{
	snprintf(err, errlen, "%s: too long, or more than there may be", key);
	return (-1);
}

static int
want_actions(struct conf_sink *s, const char *value, char *err, size_t errlen)
{
	size_t	n;

	s->nactions = 0;
	for (; *value != '\0'; value += n + (value[n] == ',')) {
		n = strcspn(value, ",");
		if (n == 0 || n >= sizeof(s->actions[0]) ||
		    s->nactions == MAX_SINK_ACTIONS)
			return (too_many(err, errlen, "actions"));
		snprintf(s->actions[s->nactions++], sizeof(s->actions[0]),
		    "%.*s", (int)n, value);
	}
	return (0);
}

static int
want_pair(struct conf_pair *pairs, int *n, const struct sink_value *v,
    char *err, size_t errlen)
{
	int	i;

	for (i = 0; i < *n; i++)
		if (strcmp(pairs[i].name, v->name) == 0)
			break;
	if (i == MAX_CONF_PAIRS || strlcpy(pairs[i].name, v->name,
	    sizeof(pairs[i].name)) >= sizeof(pairs[i].name) ||
	    strlcpy(pairs[i].value, v->value, sizeof(pairs[i].value)) >=
	    sizeof(pairs[i].value))
		return (too_many(err, errlen, v->key));
	if (i == *n)
		(*n)++;
	return (0);
}

static int
is_pairs(const char *key, const char *which)
{
	const char	*dot = strchr(key, '.');

	return (dot != NULL && strcmp(dot + 1, which) == 0);
}

/* the value goes into the struct: what the file must say in the end */
static int
want(struct conf_sink *s, const struct sink_value *v, char *err,
    size_t errlen)
{
	const struct key	*k;
	char			 why[MAX_SCHEMA_ERR];

	if (strcmp(v->key, "actions") == 0)
		return (want_actions(s, v->value, err, errlen));
	if (is_pairs(v->key, pairs_headers))
		return (want_pair(s->headers, &s->nheaders, v, err, errlen));
	if (is_pairs(v->key, pairs_sourcetypes))
		return (want_pair(s->sourcetypes, &s->nsourcetypes, v, err,
		    errlen));
	if ((k = schema_sink_find(v->key)) == NULL) {
		snprintf(err, errlen, "%s: unknown key", v->key);
		return (-1);
	}
	if (schema_set(k, v->value, s, why, sizeof(why)) == 0)
		return (0);
	snprintf(err, errlen, "%s: %s", v->key, why);
	return (-1);
}

static int
same_pairs(const struct conf_pair *a, int na, const struct conf_pair *b,
    int nb)
{
	int	i;

	for (i = 0; i < na && i < nb; i++)
		if (strcmp(a[i].name, b[i].name) != 0 ||
		    strcmp(a[i].value, b[i].value) != 0)
			return (0);
	return (na == nb);
}

static int
same(const struct conf_sink *a, const struct conf_sink *b)
{
	char	x[MAX_CONF_URL], y[MAX_CONF_URL];
	int	i;

	for (i = 0; i < schema_nsink_keys; i++) {
		schema_get(&schema_sink_keys[i], a, x, sizeof(x));
		schema_get(&schema_sink_keys[i], b, y, sizeof(y));
		if (strcmp(x, y) != 0)
			return (0);
	}
	if (a->nactions != b->nactions)
		return (0);
	for (i = 0; i < a->nactions; i++)
		if (strcmp(a->actions[i], b->actions[i]) != 0)
			return (0);
	return (same_pairs(a->headers, a->nheaders, b->headers,
	    b->nheaders) && same_pairs(a->sourcetypes, a->nsourcetypes,
	    b->sourcetypes, b->nsourcetypes));
}

static const struct conf_sink *
sink_named(const struct conf *c, const char *name)
{
	int	i;

	for (i = 0; i < c->nsinks; i++)
		if (strcmp(c->sinks[i].name, name) == 0)
			return (&c->sinks[i]);
	return (NULL);
}

/* --- cutting -------------------------------------------------------------- */

/* column of the byte at an offset, from 0 */
static int
column(const struct yedit *e, size_t at)
{
	size_t	start = at;

	while (start > 0 && e->text[start - 1] != '\n')
		start--;
	return ((int)(at - start));
}

/* the line of the dash of an element, or -1 */
static int
dash_line(const struct yedit *e, int list, int sink)
{
	const struct ynode	*n = &e->t.n[sink];
	size_t			 at;
	int			 line, col, i;

	col = column(e, e->t.n[list].start);
	for (line = n->vline; line >= e->t.n[list].line; line--) {
		at = yedit_after_line(e, line - 1);
		for (i = 0; i < col && e->text[at + (size_t)i] == ' '; i++)
			continue;
		if (i == col && e->text[at + (size_t)i] == '-')
			return (line);
	}
	return (-1);
}

/* [], ~ and null become nothing, so that elements can stand below the key */
static int
make_empty(struct yedit *e)
{
	const struct ynode	*n;
	int			 list = find_list(&e->t);

	n = &e->t.n[list];
	if (n->kind == Y_SEQ && n->child != 0 && n->style == YS_FLOW)
		return (yedit_refuse(e, "the list is written with [ ]"));
	if (n->kind == Y_SEQ && n->child != 0)
		return (0);
	if ((n->kind != Y_SEQ && !ytree_null(n)) || n->line != n->vendline ||
	    e->t.n[0].style == YS_FLOW)
		return (yedit_refuse(e, "is no list that can be added to"));
	if (n->start == n->end)
		return (0);
	return (yedit_splice(e, n->start - (e->text[n->start - 1] == ' '),
	    n->end, ""));
}

/*
 * Where a sink of this name goes, by name: the order in which sinks were
 * added says nothing.
 */
static size_t
place(const struct yedit *e, int list, const char *name)
{
	const struct ynode	*n = e->t.n;
	int			 i, c, line, last = 0, first = n[list].child;

	for (i = first; i != 0; i = n[i].next) {
		c = ytree_child(&e->t, i, "name", 4);
		if (strcmp(n[c].val, name) < 0 && (last == 0 ||
		    strcmp(n[c].val, n[ytree_child(&e->t, last, "name",
		    4)].val) > 0))
			last = i;
	}
	if (last != 0)
		return (yedit_below(e, n[last].vendline, column(e,
		    n[list].start)));
	line = dash_line(e, list, first);
	return (line != -1 ? yedit_above(e, first, line,
	    column(e, n[list].start)) :
	    yedit_after_line(e, n[list].vendline));
}

/* "- name: N", "  kind: K" in its place of the list */
static int
add_sink(struct yedit *e, const char *name, const char *kind)
{
	const struct ynode	*n;
	char			 in[512], quoted[2 * MAX_CONF_NAME + 3];
	size_t			 where = e->len;
	int			 list, dash = YEDIT_STEP, key, c, head = 1;

	key = dash + YEDIT_STEP;
	if (e->t.nn > 0 && e->t.n[0].style == YS_FLOW)
		return (yedit_refuse(e, "the file is written with { }"));
	if (find_list(&e->t) != -1) {
		if (make_empty(e) == -1)
			return (-1);
		list = find_list(&e->t);
		n = &e->t.n[list];
		where = yedit_below(e, n->vendline, 0);
		head = 0;
		if (n->kind == Y_SEQ) {
			where = place(e, list, name);
			dash = column(e, n->start);
			c = e->t.n[n->child].child;
			key = c != 0 ? e->t.n[c].col : dash + YEDIT_STEP;
		}
	} else if (e->t.nn > 1)
		where = yedit_place(e, 0, LIST, strlen(LIST));
	if (key > MAX_PART || key <= dash)
		return (yedit_refuse(e, "the list is indented too far"));
	yedit_scalar(name, 0, quoted, sizeof(quoted));
	snprintf(in, sizeof(in), "%s%s%s%*s-%*sname: %s%s%*skind: %s%s",
	    where > 0 && e->text[where - 1] != '\n' ? e->eol : "", head ?
	    LIST ":" : "", head ? e->eol : "", dash, "", key - dash - 1, "",
	    quoted, e->eol, key, "", kind, e->eol);
	return (yedit_splice(e, where, where, in));
}

/* the value of "actions" in one line, which it is from now on */
static int
put_actions(struct yedit *e, int sink, const struct sink_value *v)
{
	const struct ynode	*n;
	char			 yaml[MAX_YEDIT_VALUE], one[64], quoted[131];
	const char		*p;
	struct ypath		 at;
	size_t			 len, i;
	int			 flow;

	strlcpy(yaml, "[", sizeof(yaml));
	for (p = v->value; *p != '\0'; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		snprintf(one, sizeof(one), "%.*s", (int)len, p);
		yedit_scalar(one, 0, quoted, sizeof(quoted));
		if (yaml[1] != '\0')
			strlcat(yaml, ", ", sizeof(yaml));
		strlcat(yaml, quoted, sizeof(yaml));
	}
	strlcat(yaml, "]", sizeof(yaml));
	ypath_split(&at, v->key);
	ypath_find(&at, &e->t, sink);
	if (at.nfound == 0 || ytree_null(n = &e->t.n[at.node[0]]))
		return (yedit_set(e, sink, &at, yaml));
	flow = n->kind == Y_SEQ && n->style == YS_FLOW;
	len = flow ? n->end : yedit_after_line(e, n->vendline);
	if (memchr(e->text + n->start, '#', len - n->start) != NULL)
		return (yedit_refuse(e, "actions may hold comments"));
	if (flow)
		return (yedit_splice(e, n->start, n->end, yaml));
	/* a list below the key: its lines go, the value stands beside it */
	i = yedit_after_line(e, n->line);
	if (n->kind != Y_SEQ || i > n->start)
		return (yedit_refuse(e, "actions is no list"));
	strlcat(yaml, e->eol, sizeof(yaml));
	memmove(yaml + 1, yaml, strlen(yaml) + 1);
	yaml[0] = ' ';
	while (i > 0 && (e->text[i - 1] == '\n' || e->text[i - 1] == '\r' ||
	    e->text[i - 1] == ' '))
		i--;
	if (e->text[i - 1] != ':')
		return (yedit_refuse(e, "actions has a comment"));
	return (yedit_splice(e, i, len, yaml));
}

/* is that what the text has there, however it is written */
static int
says_so(const struct yedit *e, int sink, struct ypath *at, const char *value)
{
	const struct ynode	*n;

	ypath_find(at, &e->t, sink);
	if (at->nfound != at->n)
		return (0);
	n = &e->t.n[at->node[at->n - 1]];
	return (n->kind == Y_SCALAR && strlen(value) == n->vallen &&
	    memcmp(n->val, value, n->vallen) == 0 && !ytree_null(n));
}

static int
put_value(struct yedit *e, const char *name, const struct sink_value *v,
    const struct conf_sink *had)
{
	const struct key	*k = schema_sink_find(v->key);
	struct conf_sink	*now;
	struct ypath		 at;
	char			 yaml[MAX_YEDIT_VALUE], err[MAX_SCHEMA_ERR];
	int			 sink = find_sink(&e->t, name), rv;

	if (strcmp(v->key, "name") == 0 || strcmp(v->key, "kind") == 0)
		return (0);
	if (strcmp(v->key, "actions") == 0) {
		if ((now = malloc(sizeof(*now))) == NULL)
			return (yedit_refuse(e, "out of memory"));
		*now = *had;
		rv = want_actions(now, v->value, err, sizeof(err));
		rv = rv == 0 && same(now, had) ? 1 : 0;
		free(now);
		return (rv ? 0 : put_actions(e, sink, v));
	}
	ypath_split(&at, v->key);
	if (v->name != NULL)
		ypath_add(&at, v->name);
	if (says_so(e, sink, &at, v->value))
		return (0);
	yedit_scalar(v->value, k != NULL && (k->type == KEY_BOOL ||
	    k->type == KEY_INT), yaml, sizeof(yaml));
	return (yedit_set(e, sink, &at, yaml));
}

/* --- the whole ------------------------------------------------------------ */

static const char *
kind_of(const struct sink_value *v, int n)
{
	return (n > 0 && strcmp(v[0].key, "kind") == 0 ? v[0].value : NULL);
}

/* the sink as it is, or as a new one begins; -1 with a reason */
static int
begin(struct yedit *e, const char *name, const struct sink_value *v, int n,
    struct conf *c, struct conf_sink *s)
{
	const struct conf_sink	*old;

	if (confedit_valid(e, c) == -1)
		return (-1);
	if ((old = sink_named(c, name)) != NULL) {
		*s = *old;
		if (kind_of(v, n) == NULL || strcmp(kind_of(v, n),
		    schema_sink_kinds[s->kind]) == 0)
			return (0);
		snprintf(e->err, e->errlen, "%s is a sink of kind %s: choose "
		    "another --name, or remove it first", name,
		    schema_sink_kinds[s->kind]);
		return (-1);
	}
	schema_sink_defaults(s);
	if (kind_of(v, n) == NULL || strlcpy(s->name, name,
	    sizeof(s->name)) >= sizeof(s->name)) {
		snprintf(e->err, e->errlen, "%s: no sink of this name", name);
		return (-1);
	}
	return (0);
}

static int
put(struct yedit *e, const char *name, const struct sink_value *v, int n,
    struct conf *c, struct conf_sink *s)
{
	unsigned char		 before[CONF_HASH_LEN], after[CONF_HASH_LEN];
	const struct conf_sink	*now;
	struct conf_sink	*had = &c->sinks[0];
	int			 i;

	if (begin(e, name, v, n, c, s) == -1)
		return (-1);
	digest_others(&e->t, name, before);
	*had = *s;
	for (i = 0; i < n; i++)
		if (want(s, &v[i], e->err, e->errlen) == -1)
			return (-1);
	if (find_sink(&e->t, name) == -1 &&
	    add_sink(e, name, kind_of(v, n)) == -1)
		return (-1);
	for (i = 0; i < n; i++)
		if (put_value(e, name, &v[i], had) == -1)
			return (-1);
	if (confedit_valid(e, c) == -1)
		return (-1);
	digest_others(&e->t, name, after);
	if (memcmp(before, after, sizeof(after)) != 0)
		return (yedit_refuse(e, "the change would affect other "
		    "keys"));
	now = sink_named(c, name);
	if (now == NULL || !same(now, s))
		return (yedit_refuse(e, "the change would not take effect"));
	return (0);
}

int
confedit_sink_put(const char *text, size_t len, const char *name,
    const struct sink_value *v, int n, char **out, size_t *outlen, char *err,
    size_t errlen)
{
	struct conf_sink	*s = malloc(sizeof(*s));
	struct conf		*c = malloc(sizeof(*c));
	struct yedit		 e;
	int			 rv;

	*out = NULL;
	*outlen = 0;
	rv = confedit_open(&e, LIST, text, len, err, errlen);
	if (rv == 0 && (s == NULL || c == NULL))
		rv = yedit_refuse(&e, "out of memory");
	if (rv == 0)
		rv = put(&e, name, v, n, c, s);
	if (rv == 0)
		confedit_take(&e, out, outlen);
	yedit_close(&e);
	free(s);
	free(c);
	return (rv);
}

static int
take_out(struct yedit *e, const char *name, struct conf *c)
{
	unsigned char	before[CONF_HASH_LEN], after[CONF_HASH_LEN];
	int		list, sink, line;

	if (confedit_valid(e, c) == -1)
		return (-1);
	if ((sink = find_sink(&e->t, name)) == -1) {
		snprintf(e->err, e->errlen, "%s: no sink of this name", name);
		return (1);
	}
	list = find_list(&e->t);
	if (e->t.n[list].style == YS_FLOW)
		return (yedit_refuse(e, "the list is written with [ ]"));
	if ((line = dash_line(e, list, sink)) == -1)
		return (yedit_refuse(e, "where the sink begins is not to be "
		    "seen"));
	digest_others(&e->t, name, before);
	if (yedit_splice(e, yedit_after_line(e, line - 1),
	    yedit_after_line(e, e->t.n[sink].vendline), "") == -1 ||
	    confedit_valid(e, c) == -1)
		return (-1);
	digest_others(&e->t, name, after);
	if (memcmp(before, after, sizeof(after)) != 0 ||
	    sink_named(c, name) != NULL)
		return (yedit_refuse(e, "the change would affect other "
		    "keys"));
	return (0);
}

int
confedit_sink_remove(const char *text, size_t len, const char *name,
    char **out, size_t *outlen, char *err, size_t errlen)
{
	struct conf	*c = malloc(sizeof(*c));
	struct yedit	 e;
	int		 rv;

	*out = NULL;
	*outlen = 0;
	rv = confedit_open(&e, LIST, text, len, err, errlen);
	if (rv == 0 && c == NULL)
		rv = yedit_refuse(&e, "out of memory");
	if (rv == 0)
		rv = take_out(&e, name, c);
	if (rv == 0)
		confedit_take(&e, out, outlen);
	yedit_close(&e);
	free(c);
	return (rv);
}
