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
#include <yaml.h>

#include "yamltree.h"

/* an open mapping or sequence while reading */
struct frame {
	int	 node;
	int	 last;		/* its last child so far, 0: none */
	int	 nitems;
	char	*key;		/* read, its value not yet */
	size_t	 keylen;
	int	 keyline, keycol;
};

struct reader {
	struct ytree	*t;
	const char	*text;
	size_t		 len;
	size_t		*off;	/* character number to byte offset */
	size_t		 nchars;
	struct frame	 stack[MAX_YAML_DEPTH + 1];
	int		 sp;	/* open frames */
	int		 ndocs;
};

static int
fail(struct reader *r, int line, const char *text)
{
	struct ytree	*t = r->t;
	struct frame	*f;
	size_t		 n;

	t->errline = line;
	strlcpy(t->err, text, sizeof(t->err));
	t->errkey[0] = '\0';
	if (r->sp == 0)
		return (-1);
	f = &r->stack[r->sp - 1];
	ytree_path(t, f->node, t->errkey, sizeof(t->errkey));
	if (f->key != NULL) {
		n = strlen(t->errkey);
		snprintf(t->errkey + n, sizeof(t->errkey) - n, "%s%s",
		    n != 0 ? "." : "", f->key);
	}
	return (-1);
}

static size_t
byte_at(const struct reader *r, const yaml_mark_t *m)
{
	return (m->index >= r->nchars ? r->len : r->off[m->index]);
}

/*
 * What libyaml would take as a line break but an editor that counts \n would
 * not, and NUL, which it takes as the end.
 */
static int
check_bytes(struct reader *r)
{
	const unsigned char	*p = (const unsigned char *)r->text;
	size_t			 i, n = r->len;
	int			 line = 1;

	for (i = 0; i < n; i++) {
		if (p[i] == '\n')
			line++;
		else if (p[i] == '\0')
			return (fail(r, line, "a NUL byte"));
		else if (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n'))
			return (fail(r, line,
			    "a carriage return without a line feed"));
		else if ((p[i] == 0xc2 && i + 1 < n && p[i + 1] == 0x85) ||
		    (p[i] == 0xe2 && i + 2 < n && p[i + 1] == 0x80 &&
		    (p[i + 2] == 0xa8 || p[i + 2] == 0xa9)))
			return (fail(r, line,
			    "a Unicode line separator; use a plain newline"));
	}
	return (0);
}

/* libyaml counts characters, we cut bytes */
static int
map_offsets(struct reader *r)
{
	size_t	i, n = 0;

	r->off = calloc(r->len + 1, sizeof(*r->off));
	if (r->off == NULL)
		return (fail(r, 0, "out of memory"));
	for (i = 0; i < r->len; i++)
		if (((unsigned char)r->text[i] & 0xc0) != 0x80)
			r->off[n++] = i;
	r->nchars = n;
	return (0);
}

static char *
copy_bytes(const unsigned char *p, size_t len)
{
	char	*s;

	if ((s = malloc(len + 1)) == NULL)
		return (NULL);
	memcpy(s, p, len);
	s[len] = '\0';
	return (s);
}

/* make the node of a value, linked to the frame it belongs to */
static int
node_add(struct reader *r, const yaml_event_t *ev, enum ynode_kind kind)
{
	struct ytree	*t = r->t;
	struct frame	*f = r->sp != 0 ? &r->stack[r->sp - 1] : NULL;
	struct ynode	*n;
	void		*p;
	int		 max, line = (int)ev->start_mark.line + 1;

	if (t->nn == MAX_YAML_NODES)
		return (fail(r, line, "too many keys and values"));
	if (t->nn == t->maxn) {
		max = t->maxn == 0 ? 64 : t->maxn * 2;
		p = recallocarray(t->n, t->maxn, max, sizeof(*t->n));
		if (p == NULL)
			return (fail(r, line, "out of memory"));
		t->n = p;
		t->maxn = max;
	}
	n = &t->n[t->nn];
	n->kind = kind;
	n->parent = -1;
	n->seq = -1;
	n->line = n->vline = line;
	n->col = (int)ev->start_mark.column;
	n->vendline = (int)ev->end_mark.line + 1;
	n->start = byte_at(r, &ev->start_mark);
	n->end = byte_at(r, &ev->end_mark);
	if (f != NULL) {
		n->parent = f->node;
		n->depth = t->n[f->node].depth + 1;
		if (f->last == 0)
			t->n[f->node].child = t->nn;
		else
			t->n[f->last].next = t->nn;
		f->last = t->nn;
		if (t->n[f->node].kind == Y_SEQ)
			n->seq = f->nitems++;
		else {
			n->key = f->key;
			n->keylen = f->keylen;
			n->line = f->keyline;
			n->col = f->keycol;
			f->key = NULL;
		}
	}
	return (t->nn++);
}

/* a scalar where a mapping expects a key */
static int
key_read(struct reader *r, const yaml_event_t *ev)
{
	struct frame	*f = &r->stack[r->sp - 1];
	size_t		 i = byte_at(r, &ev->end_mark);

	f->keyline = (int)ev->start_mark.line + 1;
	f->keycol = (int)ev->start_mark.column;
	f->keylen = ev->data.scalar.length;
	f->key = copy_bytes(ev->data.scalar.value, f->keylen);
	if (f->key == NULL)
		return (fail(r, f->keyline, "out of memory"));
	while (i < r->len && (r->text[i] == ' ' || r->text[i] == '\t'))
		i++;
	/* "? key" and "{key}" are not worth telling apart from mistakes */
	if (i >= r->len || r->text[i] != ':')
		return (fail(r, f->keyline,
		    "a key must be followed by a colon on its line"));
	return (0);
}

static int
scalar_read(struct reader *r, const yaml_event_t *ev)
{
	struct ynode	*n;
	int		 i;

	if (r->sp != 0 && r->stack[r->sp - 1].key == NULL &&
	    r->t->n[r->stack[r->sp - 1].node].kind == Y_MAP)
		return (key_read(r, ev));
	if ((i = node_add(r, ev, Y_SCALAR)) == -1)
		return (-1);
	n = &r->t->n[i];
	switch (ev->data.scalar.style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		n->style = YS_QUOTED;
		break;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		n->style = YS_BLOCK;
		/* its end is the start of the line after it */
		if (ev->end_mark.column == 0 && n->vendline > n->vline)
			n->vendline--;
		break;
	default:
		n->style = YS_PLAIN;
		break;
	}
	n->vallen = ev->data.scalar.length;
	n->val = copy_bytes(ev->data.scalar.value, n->vallen);
	if (n->val == NULL)
		return (fail(r, n->line, "out of memory"));
	return (0);
}

static int
open_read(struct reader *r, const yaml_event_t *ev, enum ynode_kind kind,
    int flow)
{
	struct frame	*f;
	int		 i, line = (int)ev->start_mark.line + 1;

	if (r->sp != 0 && r->stack[r->sp - 1].key == NULL &&
	    r->t->n[r->stack[r->sp - 1].node].kind == Y_MAP)
		return (fail(r, line, "a key must be plain text"));
	if (r->sp == MAX_YAML_DEPTH)
		return (fail(r, line, "nested too deeply"));
	if ((i = node_add(r, ev, kind)) == -1)
		return (-1);
	r->t->n[i].style = flow ? YS_FLOW : YS_PLAIN;
	f = &r->stack[r->sp++];
	memset(f, 0, sizeof(*f));
	f->node = i;
	return (0);
}

static int
key_cmp(const void *pa, const void *pb)
{
	const struct ynode	*a = *(const struct ynode *const *)pa;
	const struct ynode	*b = *(const struct ynode *const *)pb;
	size_t			 len;
	int			 c;

	len = a->keylen < b->keylen ? a->keylen : b->keylen;
	if ((c = memcmp(a->key, b->key, len)) != 0)
		return (c);
	if (a->keylen != b->keylen)
		return (a->keylen < b->keylen ? -1 : 1);
	return (a < b ? -1 : a > b);
}

/* the first key of a finished mapping that was there before */
static int
check_duplicates(struct reader *r, int map)
{
	struct ytree	*t = r->t;
	struct ynode	**v, *dup = NULL;
	char		 text[MAX_YAML_ERR];
	int		 i, n = 0, first = 0;

	for (i = t->n[map].child; i != 0; i = t->n[i].next)
		n++;
	if (n < 2)
		return (0);
	if ((v = calloc((size_t)n, sizeof(*v))) == NULL)
		return (fail(r, t->n[map].line, "out of memory"));
	n = 0;
	for (i = t->n[map].child; i != 0; i = t->n[i].next)
		v[n++] = &t->n[i];
	qsort(v, (size_t)n, sizeof(*v), key_cmp);
	for (i = 1; i < n; i++) {
		if (v[i]->keylen != v[i - 1]->keylen ||
		    memcmp(v[i]->key, v[i - 1]->key, v[i]->keylen) != 0)
			continue;
		if (dup == NULL || v[i] < dup) {
			dup = v[i];
			first = v[i - 1]->line;
		}
	}
	free(v);
	if (dup == NULL)
		return (0);
	snprintf(text, sizeof(text), "already set on line %d", first);
	fail(r, dup->line, text);
	ytree_path(t, (int)(dup - t->n), t->errkey, sizeof(t->errkey));
	return (-1);
}

static int
close_read(struct reader *r, const yaml_event_t *ev)
{
	struct ytree	*t = r->t;
	struct ynode	*n, *c;
	int		 i, map = r->stack[r->sp - 1].node;

	n = &t->n[map];
	if (n->style == YS_FLOW) {
		n->vendline = (int)ev->end_mark.line + 1;
		n->end = byte_at(r, &ev->end_mark);
	} else {
		/* libyaml ends a block where the next thing starts */
		for (i = n->child; i != 0; i = c->next) {
			c = &t->n[i];
			if (c->vendline > n->vendline)
				n->vendline = c->vendline;
			if (c->end > n->end)
				n->end = c->end;
		}
	}
	if (n->kind == Y_MAP && check_duplicates(r, map) == -1)
		return (-1);
	r->sp--;
	return (0);
}

static int
refuse_decorations(struct reader *r, const yaml_event_t *ev)
{
	const yaml_char_t	*anchor = NULL, *tag = NULL;
	int			 line = (int)ev->start_mark.line + 1;

	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	case YAML_ALIAS_EVENT:
		return (fail(r, line,
		    "an alias (*name) is not taken here; write the value"));
	default:
		return (0);
	}
	if (anchor != NULL)
		return (fail(r, line,
		    "an anchor (&name) is not taken here; write the value"));
	if (tag != NULL)
		return (fail(r, line, "a tag (!type) is not taken here"));
	return (0);
}

/* 1 at the end of the stream */
static int
event_read(struct reader *r, const yaml_event_t *ev)
{
	int	line = (int)ev->start_mark.line + 1;

	if (refuse_decorations(r, ev) == -1)
		return (-1);
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->ndocs++ != 0)
			return (fail(r, line, "a second document"));
		if (ev->data.document_start.version_directive != NULL ||
		    ev->data.document_start.tag_directives.start !=
		    ev->data.document_start.tag_directives.end)
			return (fail(r, line,
			    "a directive (%) is not taken here"));
		return (0);
	case YAML_SCALAR_EVENT:
		return (scalar_read(r, ev));
	case YAML_MAPPING_START_EVENT:
		return (open_read(r, ev, Y_MAP, ev->data.mapping_start.style ==
		    YAML_FLOW_MAPPING_STYLE));
	case YAML_SEQUENCE_START_EVENT:
		return (open_read(r, ev, Y_SEQ, ev->data.sequence_start.style ==
		    YAML_FLOW_SEQUENCE_STYLE));
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return (close_read(r, ev));
	case YAML_STREAM_END_EVENT:
		return (1);
	default:
		return (0);
	}
}

/* errors of decoding carry a byte offset and no mark */
static int
problem_line(const struct reader *r, const yaml_parser_t *p)
{
	size_t	i;
	int	line = 1;

	if (p->error != YAML_READER_ERROR)
		return ((int)p->problem_mark.line + 1);
	for (i = 0; i < r->len && i < p->problem_offset; i++)
		if (r->text[i] == '\n')
			line++;
	return (line);
}

static int
syntax_error(struct reader *r, const yaml_parser_t *p)
{
	char	text[MAX_YAML_ERR], where[64] = "";
	size_t	at = byte_at(r, &p->problem_mark);

	if (p->error == YAML_SCANNER_ERROR && at < r->len &&
	    r->text[at] == '\t')
		return (fail(r, problem_line(r, p),
		    "a tab where YAML takes only spaces"));
	if (p->context != NULL && p->context_mark.line < p->problem_mark.line)
		snprintf(where, sizeof(where), " (begun on line %zu)",
		    p->context_mark.line + 1);
	snprintf(text, sizeof(text), "not valid YAML: %s%s",
	    p->problem != NULL ? p->problem : "out of memory", where);
	return (fail(r, problem_line(r, p), text));
}

static int
read_events(struct reader *r)
{
	yaml_parser_t	 p;
	yaml_event_t	 ev;
	int		 rv;

	if (!yaml_parser_initialize(&p))
		return (fail(r, 0, "out of memory"));
	yaml_parser_set_input_string(&p, (const unsigned char *)r->text,
	    r->len);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	do {
		if (!yaml_parser_parse(&p, &ev)) {
			rv = syntax_error(r, &p);
			break;
		}
		rv = event_read(r, &ev);
		yaml_event_delete(&ev);
	} while (rv == 0);
	yaml_parser_delete(&p);
	return (rv == -1 ? -1 : 0);
}

int
ytree_parse(struct ytree *t, const char *text, size_t len)
{
	struct reader	 r;
	size_t		 bom = 0;
	int		 i, rv = -1;

	memset(t, 0, sizeof(*t));
	memset(&r, 0, sizeof(r));
	r.t = t;
	/* libyaml skips a byte order mark without counting it */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		bom = 3;
	r.text = text + bom;
	r.len = len - bom;
	if (check_bytes(&r) == 0 && map_offsets(&r) == 0)
		rv = read_events(&r);
	for (i = 0; i < r.sp; i++)
		free(r.stack[i].key);
	free(r.off);
	for (i = 0; i < t->nn; i++) {
		t->n[i].start += bom;
		t->n[i].end += bom;
	}
	return (rv);
}

void
ytree_free(struct ytree *t)
{
	int	i;

	for (i = 0; i < t->nn; i++) {
		free(t->n[i].key);
		free(t->n[i].val);
	}
	free(t->n);
	memset(t, 0, sizeof(*t));
}

void
ytree_path(const struct ytree *t, int node, char *buf, size_t size)
{
	int	chain[MAX_YAML_DEPTH + 2], n = 0, len;
	size_t	used = 0;

	buf[0] = '\0';
	for (; node > 0 && n < MAX_YAML_DEPTH + 2; node = t->n[node].parent)
		chain[n++] = node;
	while (n-- > 0) {
		node = chain[n];
		if (t->n[node].key == NULL)
			len = snprintf(buf + used, size - used, "[%d]",
			    t->n[node].seq);
		else
			len = snprintf(buf + used, size - used, "%s%s",
			    used != 0 ? "." : "", t->n[node].key);
		if (len < 0 || (size_t)len >= size - used)
			return;
		used += (size_t)len;
	}
}

int
ytree_child(const struct ytree *t, int map, const char *key, size_t len)
{
	int	i;

	for (i = t->n[map].child; i != 0; i = t->n[i].next)
		if (t->n[i].key != NULL && t->n[i].keylen == len &&
		    memcmp(t->n[i].key, key, len) == 0)
			return (i);
	return (-1);
}

int
ytree_null(const struct ynode *n)
{
	if (n->kind != Y_SCALAR || n->style != YS_PLAIN)
		return (0);
	return (n->vallen == 0 || strcmp(n->val, "~") == 0 ||
	    strcmp(n->val, "null") == 0 || strcmp(n->val, "Null") == 0 ||
	    strcmp(n->val, "NULL") == 0);
}
