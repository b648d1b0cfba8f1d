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
#include <string.h>

#include "confsecret.h"
#include "confsink.h"

/*
 * The list audit_sinks: the one part of the configuration that is no fixed
 * set of keys.
 */

struct reader {
	const struct ytree	*t;
	struct conf_sink	*s;
	void			(*fn)(void *, int, int, const char *,
				    const char *);
	void			*arg;
	int			 bad;		/* this sink has an error */
};

/* keys that would put a secret into this file */
static const char *const secrets[] = { "token", "token_env", "bearer_token",
    "bearer_env", NULL };

static void
error(struct reader *r, int node, const char *text)
{
	char	path[MAX_CONF_KEY];

	r->bad = 1;
	ytree_path(r->t, node, path, sizeof(path));
	r->fn(r->arg, 0, r->t->n[node].line, path, text);
}

static void
warning(struct reader *r, int node, const char *text)
{
	char	path[MAX_CONF_KEY];

	ytree_path(r->t, node, path, sizeof(path));
	r->fn(r->arg, 1, r->t->n[node].line, path, text);
}

static int
is_secret_key(const char *key)
{
	int	i;

	for (i = 0; secrets[i] != NULL; i++)
		if (strcmp(secrets[i], key) == 0)
			return (1);
	return (0);
}

static void
read_scalar(struct reader *r, int i, const char *path)
{
	const struct ynode	*n = &r->t->n[i];
	const struct key	*k = schema_sink_find(path);
	const char		*near, *dot = strchr(path, '.');
	char			 text[2 * MAX_SCHEMA_ERR];

	if (is_secret_key(dot != NULL ? dot + 1 : path)) {
		error(r, i, "a secret is not read from here: `setup "
		    "observability add' puts it into secrets/ with --token -, "
		    "--token-file or --token-env, `config import' moves it");
		return;
	}
	if (k == NULL) {
		if ((near = schema_sink_nearest(path)) != NULL)
			snprintf(text, sizeof(text), "unknown key; the "
			    "nearest known one is %s", near);
		else
			strlcpy(text, "unknown key", sizeof(text));
		error(r, i, text);
		return;
	}
	if (n->kind != Y_SCALAR || ytree_null(n) ||
	    strlen(n->val) != n->vallen) {
		error(r, i, "must be a single value");
		return;
	}
	if ((k->type == KEY_BOOL || k->type == KEY_INT) &&
	    n->style != YS_PLAIN) {
		error(r, i, "must be written without quotes");
		return;
	}
	if (schema_set(k, n->val, r->s, text, MAX_SCHEMA_ERR) == -1)
		error(r, i, text);
}

static void
read_actions(struct reader *r, int i)
{
	const struct ynode	*n;
	int			 c;

	if (r->t->n[i].kind != Y_SEQ) {
		error(r, i, "must be a list of actions");
		return;
	}
	for (c = r->t->n[i].child; c != 0; c = r->t->n[c].next) {
		n = &r->t->n[c];
		if (n->kind != Y_SCALAR || ytree_null(n) || n->vallen == 0 ||
		    n->vallen >= sizeof(r->s->actions[0]) ||
		    strlen(n->val) != n->vallen ||
		    r->s->nactions == MAX_SINK_ACTIONS) {
			error(r, c, "must be the name of an action, at most "
			    "16 of them");
			return;
		}
		strlcpy(r->s->actions[r->s->nactions++], n->val,
		    sizeof(r->s->actions[0]));
	}
}

static void
read_pairs(struct reader *r, int i, struct conf_pair *pairs, int *npairs)
{
	const struct ynode	*n;
	int			 c;

	if (r->t->n[i].kind != Y_MAP) {
		error(r, i, "must be a list of \"name: value\"");
		return;
	}
	for (c = r->t->n[i].child; c != 0; c = r->t->n[c].next) {
		n = &r->t->n[c];
		if (n->kind != Y_SCALAR || ytree_null(n) ||
		    n->keylen >= sizeof(pairs[0].name) ||
		    n->vallen >= sizeof(pairs[0].value) ||
		    strlen(n->val) != n->vallen ||
		    strlen(n->key) != n->keylen ||
		    strpbrk(n->val, "\r\n") != NULL ||
		    *npairs == MAX_CONF_PAIRS) {
			error(r, c, "must be one line of text, at most 16 "
			    "of them");
			return;
		}
		if (pairs == r->s->headers && confsecret_header(n->key))
			warning(r, c, "a secret in clear: keep it in "
			    "secrets/, which token_secret names, and its "
			    "header in auth_header");
		strlcpy(pairs[*npairs].name, n->key, sizeof(pairs[0].name));
		strlcpy(pairs[(*npairs)++].value, n->val,
		    sizeof(pairs[0].value));
	}
}

/* the section of a kind; those of other kinds are an error */
static void
read_kind(struct reader *r, int i)
{
	const char	*kind = r->t->n[i].key, *key;
	char		 path[MAX_CONF_KEY];
	int		 c;

	if (strcmp(kind, schema_sink_kinds[r->s->kind]) != 0) {
		error(r, i, "is not the section of this sink's kind");
		return;
	}
	if (r->t->n[i].kind != Y_MAP) {
		if (!ytree_null(&r->t->n[i]))
			error(r, i, "must be a section of keys");
		return;
	}
	for (c = r->t->n[i].child; c != 0; c = r->t->n[c].next) {
		key = r->t->n[c].key;
		snprintf(path, sizeof(path), "%s.%s", kind, key);
		if (strcmp(key, "headers") == 0 && (r->s->kind ==
		    CONF_SINK_OTLP || r->s->kind == CONF_SINK_JSONL))
			read_pairs(r, c, r->s->headers, &r->s->nheaders);
		else if (strcmp(path, "splunk_hec.sourcetype_overrides") == 0)
			read_pairs(r, c, r->s->sourcetypes,
			    &r->s->nsourcetypes);
		else
			read_scalar(r, c, path);
	}
}

static int
is_kind(const char *key)
{
	int	i;

	for (i = 0; schema_sink_kinds[i] != NULL; i++)
		if (strcmp(schema_sink_kinds[i], key) == 0)
			return (1);
	return (0);
}

static void
read_sink(struct reader *r, int i)
{
	const char	*key = NULL;
	char		 err[MAX_SCHEMA_ERR];
	int		 c, kind;

	schema_sink_defaults(r->s);
	r->s->line = r->t->n[i].line;
	r->bad = 0;
	if (r->t->n[i].kind != Y_MAP) {
		error(r, i, "must be a section of keys");
		return;
	}
	/* what the kind is says which keys there are */
	if ((kind = ytree_child(r->t, i, "kind", 4)) == -1) {
		error(r, i, "has no kind: splunk_hec, otlp_logs, http_jsonl, "
		    "syslog, file or webhook");
		return;
	}
	read_scalar(r, kind, "kind");
	if (r->bad)
		return;
	for (c = r->t->n[i].child; c != 0; c = r->t->n[c].next) {
		key = r->t->n[c].key;
		if (c == kind)
			continue;
		if (strcmp(key, "actions") == 0)
			read_actions(r, c);
		else if (is_kind(key))
			read_kind(r, c);
		else
			read_scalar(r, c, key);
	}
	/* the sum of keys that are wrong says nothing more */
	if (!r->bad && schema_sink_check(r->s, &key, err, sizeof(err)) == -1) {
		char	 path[MAX_CONF_KEY];

		ytree_path(r->t, i, path, sizeof(path));
		strlcat(path, ".", sizeof(path));
		strlcat(path, key, sizeof(path));
		r->fn(r->arg, 0, r->s->line, path, err);
	}
}

void
confsink_read(const struct ytree *t, int node, struct conf *c,
    void (*fn)(void *, int, int, const char *, const char *), void *arg)
{
	struct reader	 r = { t, NULL, fn, arg, 0 };
	int		 i, j;

	if (ytree_null(&t->n[node]))
		return;
	if (t->n[node].kind != Y_SEQ) {
		error(&r, node, "must be a list of sinks");
		return;
	}
	for (i = t->n[node].child; i != 0; i = t->n[i].next) {
		if (c->nsinks == MAX_CONF_SINKS) {
			error(&r, i, "more sinks than there may be (16)");
			return;
		}
		r.s = &c->sinks[c->nsinks++];
		read_sink(&r, i);
		for (j = 0; j < c->nsinks - 1; j++)
			if (r.s->name[0] != '\0' &&
			    strcmp(c->sinks[j].name, r.s->name) == 0)
				break;
		if (j < c->nsinks - 1)
			error(&r, i, "another sink has this name");
	}
}
