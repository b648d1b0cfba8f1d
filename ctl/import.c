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

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "import.h"
#include "import_sink.h"
#include "init.h"
#include "yamltree.h"

#define JUDGE_SECRET	"judge-key"

/* why a key of the reference implementation is not taken; first that fits */
static const struct {
	const char	*key;
	const char	*why;
} reasons[] = {
	{ "config_version", "this file has its own" },
	{ "managed", "this file has its own" },
	{ "splunk", "older than audit_sinks: run `defenseclawctl setup "
	    "observability add splunk-hec'" },
	{ "otel", "only the audit log is sent: give its collector to "
	    "`defenseclawctl setup observability add otlp'" },
	{ "guardrail.judge.llm", "only its model, base_url and key are known "
	    "here" },
	{ "llm", "only a judge asks a model: set guardrail.judge.model and "
	    "guardrail.judge.api_base" },
	{ "gateway.port", "that is the agent's own gateway" },
	{ "gateway.host", "that is the agent's own gateway" },
	{ "data_dir", "where files are is in defenseclawctl(8)" },
	{ "audit_db", "where files are is in defenseclawctl(8)" },
};

void
import_say(struct import *im, enum import_what what, const char *key,
    const char *fmt, ...)
{
	struct import_line	*l;
	char			 text[MAX_CONF_MSG];
	va_list			 ap;

	if (im->nlines == MAX_IMPORT_LINES)
		return;
	l = &im->line[im->nlines++];
	l->what = what;
	log_escape(l->key, sizeof(l->key), key, strlen(key));
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_escape(l->text, sizeof(l->text), text, strlen(text));
}

int
import_secret(struct import *im, const char *key, const char *name,
    const char *value)
{
	struct import_secret	*s;

	if (im->nsecrets == MAX_IMPORT_SECRETS ||
	    strlen(value) > MAX_IMPORT_TOKEN ||
	    strlen(name) >= sizeof(s->name)) {
		import_say(im, IMPORT_NOT, key, "too long, or too many");
		return (-1);
	}
	s = &im->secret[im->nsecrets++];
	strlcpy(s->name, name, sizeof(s->name));
	strlcpy(s->value, value, sizeof(s->value));
	import_say(im, IMPORT_SECRET, key, "to secrets/%s", name);
	return (0);
}

void
import_clear(struct import *im)
{
	explicit_bzero(im->secret, sizeof(im->secret));
	im->nsecrets = 0;
}

/* the new text in place of the old one */
void
import_step(struct import_text *x, char *out, size_t outlen)
{
	free(x->text);
	x->text = out;
	x->len = outlen;
}

/* a pack of ours with the same name is the same pack */
static int
own_pack(const struct import *im, const char *dir, char *buf, size_t size)
{
	struct stat	 st;
	const char	*name = strrchr(dir, '/');
	char		 sub[64];

	name = name != NULL ? name + 1 : dir;
	if (snprintf(sub, sizeof(sub), "guardrail/%s", name) >=
	    (int)sizeof(sub) || name[0] == '\0' || name[0] == '.' ||
	    paths_join(buf, size, im->paths->policies, sub) == -1)
		return (0);
	return (stat(buf, &st) == 0 && S_ISDIR(st.st_mode));
}

static void
take_key(struct import *im, struct import_text *x, const struct ynode *n,
    const struct key *k)
{
	struct stat	 st;
	const char	*value = n->val, *how = "as it is";
	char		*out, err[MAX_CONFEDIT_ERR], pack[MAX_CONF_PATH];
	size_t		 outlen;

	if (n->kind != Y_SCALAR || strlen(n->val) != n->vallen) {
		import_say(im, IMPORT_NOT, k->path, "is no single value");
		return;
	}
	if (ytree_null(n) || (n->vallen == 0 && !(k->flags & KEYF_EMPTY)))
		return;
	if (strcmp(k->path, "guardrail.rule_pack_dir") == 0 &&
	    n->vallen != 0) {
		if (own_pack(im, value, pack, sizeof(pack))) {
			value = pack;
			how = "as the pack of this name here";
		} else if (stat(value, &st) == -1) {
			import_say(im, IMPORT_NOT, k->path,
			    "there is no such directory here");
			return;
		}
	}
	if (confedit_set(x->text, x->len, k->path, value, &out, &outlen, err,
	    sizeof(err)) == -1) {
		import_say(im, IMPORT_NOT, k->path, "%s", err);
		return;
	}
	import_say(im, IMPORT_TAKEN, k->path, "%s", outlen == x->len &&
	    memcmp(out, x->text, outlen) == 0 ? "says so already" : how);
	import_step(x, out, outlen);
}

/*
 * The value of a key in the other file, or in its .env by another key's name:
 * 1, 0 nothing names one, -1 it is not to be had.
 */
static int
find_secret(const struct import *im, const struct ytree *t, const char *path,
    char *buf)
{
	char	other[MAX_CONF_KEY], env[MAX_CONF_KEY];
	int	i, found = 0;

	snprintf(env, sizeof(env), "%s_env", path);
	for (i = 1; i < t->nn && !found; i++) {
		if (t->n[i].kind != Y_SCALAR || ytree_null(&t->n[i]) ||
		    t->n[i].vallen == 0)
			continue;
		ytree_path(t, i, other, sizeof(other));
		if (strcmp(other, path) == 0)
			found = strlcpy(buf, t->n[i].val, MAX_IMPORT_TOKEN +
			    2) < MAX_IMPORT_TOKEN + 2 ? 1 : -1;
		else if (strcmp(other, env) == 0)
			found = import_env(im, t->n[i].val, buf) ? 1 : -1;
	}
	return (found);
}

static int
has_node(const struct ytree *t, const char *path)
{
	char	other[MAX_CONF_KEY];
	int	i;

	for (i = 1; i < t->nn; i++) {
		ytree_path(t, i, other, sizeof(other));
		if (strcmp(other, path) == 0)
			return (1);
	}
	return (0);
}

/* the key of a judge, wherever the reference implementation looks for it */
static void
take_judge_key(struct import *im, struct import_text *x,
    const struct ytree *t)
{
	static const char *const paths[] = { "guardrail.judge.api_key",
	    "guardrail.judge.llm.api_key", "llm.api_key" };
	char	*out, token[MAX_IMPORT_TOKEN + 2], err[MAX_CONFEDIT_ERR];
	size_t	 i = 0, outlen;
	int	 found = 0;

	if (!has_node(t, "guardrail.judge"))
		return;
	/* the first that names one decides, as it does there */
	while (i < sizeof(paths) / sizeof(paths[0]) &&
	    (found = find_secret(im, t, paths[i], token)) == 0)
		i++;
	if (found == -1)
		import_say(im, IMPORT_NOT, paths[i], "the judge's key was "
		    "not found: give the .env with --env-file");
	if (found == 1 && strpbrk(token, " \t\r\n") == NULL &&
	    import_secret(im, paths[i], JUDGE_SECRET, token) == 0) {
		if (confedit_set(x->text, x->len, "guardrail.judge.key_secret",
		    JUDGE_SECRET, &out, &outlen, err, sizeof(err)) == 0)
			import_step(x, out, outlen);
		else
			import_say(im, IMPORT_NOT,
			    "guardrail.judge.key_secret", "%s", err);
	}
	explicit_bzero(token, sizeof(token));
}

static void
take_gateway_token(struct import *im, const char *key, const char *value)
{
	static struct conf	 c;
	char			 why[MAX_INIT_TEXT];

	schema_defaults(&c);
	if (init_token_check(value, why, sizeof(why)) == -1)
		import_say(im, IMPORT_NOT, key, "%s", why);
	else
		(void)import_secret(im, key, c.gateway.token_secret, value);
}

/* something that says nothing needs no line */
static int
is_empty(const struct ynode *n)
{
	return (n->kind == Y_SCALAR ? ytree_null(n) || n->vallen == 0 :
	    n->child == 0);
}

static void
not_taken(struct import *im, const struct ynode *n, const char *path)
{
	size_t	i, len;

	if (is_empty(n))
		return;
	if (strcmp(path, "gateway.token") == 0 && n->kind == Y_SCALAR) {
		take_gateway_token(im, path, n->val);
		return;
	}
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		len = strlen(reasons[i].key);
		if (strncmp(path, reasons[i].key, len) == 0 &&
		    (path[len] == '\0' || path[len] == '.')) {
			import_say(im, IMPORT_NOT, path, "%s",
			    reasons[i].why);
			return;
		}
	}
	import_say(im, IMPORT_NOT, path, schema_is_foreign(path) ?
	    "has no effect in this program" : "not a key that is known");
}

/* the names of the judge's keys where a model has a section of its own */
static void
take_model(struct import *im, struct import_text *x, const struct ytree *t,
    int node)
{
	static const struct {
		const char	*from, *to;
	} names[] = {
		{ "model", "guardrail.judge.model" },
		{ "base_url", "guardrail.judge.api_base" },
		{ "api_key_env", "guardrail.judge.api_key_env" },
	};
	const struct ynode	*n;
	char			 path[MAX_CONF_KEY];
	size_t			 i;
	int			 c;

	for (c = t->n[node].child; c != 0; c = t->n[c].next) {
		n = &t->n[c];
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(names[i].from, n->key) == 0)
				break;
		ytree_path(t, c, path, sizeof(path));
		if (i < sizeof(names) / sizeof(names[0]))
			take_key(im, x, n, schema_find(names[i].to));
		else if (strcmp(n->key, "api_key") != 0)
			not_taken(im, n, path);
	}
}

/* 1: what is below it was looked at, or is not to be */
static int
take_node(struct import *im, struct import_text *x, const struct ytree *t,
    int i, const char *path)
{
	const struct ynode	*n = &t->n[i];
	const struct key	*k = schema_find(path);

	if (strcmp(path, "audit_sinks") == 0 ||
	    strcmp(path, "webhooks") == 0)
		import_sinks(im, x, t, i);
	else if (strcmp(path, "guardrail.judge.llm") == 0 && n->kind == Y_MAP)
		take_model(im, x, t, i);
	else if (strcmp(path, "guardrail.judge.api_key") == 0)
		return (1);	/* take_judge_key() does */
	else if (k != NULL && k->off != offsetof(struct conf,
	    config_version) && k->off != offsetof(struct conf, managed))
		take_key(im, x, n, k);
	else if (k == NULL && schema_is_section(path) && n->kind == Y_MAP)
		return (0);
	else
		not_taken(im, n, path);
	return (1);
}

static void
take_all(struct import *im, struct import_text *x, const struct ytree *t)
{
	char	path[MAX_CONF_KEY], token[MAX_IMPORT_TOKEN + 2];
	int	i, below = MAX_YAML_DEPTH + 1;

	for (i = 1; i < t->nn; i++) {
		if (t->n[i].depth > below)
			continue;
		ytree_path(t, i, path, sizeof(path));
		below = take_node(im, x, t, i, path) ? t->n[i].depth :
		    MAX_YAML_DEPTH + 1;
	}
	take_judge_key(im, x, t);
	for (i = 0; i < im->nsecrets; i++)
		if (strcmp(im->secret[i].name, "gateway-token") == 0)
			return;
	if (import_env(im, "DEFENSECLAW_GATEWAY_TOKEN", token) ||
	    import_env(im, "OPENCLAW_GATEWAY_TOKEN", token))
		take_gateway_token(im, "gateway.token", token);
	explicit_bzero(token, sizeof(token));
}

int
import_edit(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	struct import		*im = arg;
	struct import_text	 x;
	struct ytree		 t;
	int			 rv = -1;

	*out = NULL;
	*outlen = 0;
	im->nlines = 0;
	import_clear(im);
	if (ytree_parse(&t, im->text, im->len) == -1)
		snprintf(err, errlen, "the file to be imported is not valid: "
		    "line %d: %s", t.errline, t.err);
	else if (t.nn != 0 && t.n[0].kind != Y_MAP && !ytree_null(&t.n[0]))
		strlcpy(err, "the file to be imported is no configuration",
		    errlen);
	else if ((x.text = malloc(len + 1)) == NULL)
		strlcpy(err, "out of memory", errlen);
	else {
		memcpy(x.text, text, len);
		x.text[len] = '\0';
		x.len = len;
		take_all(im, &x, &t);
		*out = x.text;
		*outlen = x.len;
		rv = 0;
	}
	ytree_free(&t);
	return (rv);
}
