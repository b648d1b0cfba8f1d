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

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "confmigrate.h"
#include "confparse.h"
#include "confsecret.h"
#include "confsink.h"
#include "yamltree.h"

struct parse {
	const struct ytree	*t;
	struct conf		*c;
	struct conf_report	*rep;
};

/* an error pushes out the last warning when there is no room for both */
static struct conf_msg *
msg_slot(struct conf_report *rep, int is_warning)
{
	int	i;

	if (rep->nmsgs < MAX_CONF_ERRORS)
		return (&rep->msgs[rep->nmsgs++]);
	if (is_warning)
		return (NULL);
	for (i = MAX_CONF_ERRORS - 1; i >= 0; i--) {
		if (!rep->msgs[i].is_warning)
			continue;
		memmove(&rep->msgs[i], &rep->msgs[i + 1],
		    (size_t)(MAX_CONF_ERRORS - 1 - i) * sizeof(rep->msgs[0]));
		return (&rep->msgs[MAX_CONF_ERRORS - 1]);
	}
	return (NULL);
}

static void
complain(struct conf_report *rep, int is_warning, int line, const char *key,
    const char *text)
{
	struct conf_msg	*m;

	if (is_warning)
		rep->nwarnings++;
	else
		rep->nerrors++;
	if ((m = msg_slot(rep, is_warning)) == NULL)
		return;
	m->line = line;
	m->is_warning = is_warning;
	log_escape(m->key, sizeof(m->key), key, strlen(key));
	log_escape(m->text, sizeof(m->text), text, strlen(text));
}

static void
error(struct parse *p, int line, const char *key, const char *text)
{
	complain(p->rep, 0, line, key, text);
}

static void
warning(struct parse *p, int line, const char *key, const char *text)
{
	complain(p->rep, 1, line, key, text);
}

static void
key_value(struct parse *p, const struct ynode *n, const char *path,
    const struct key *k)
{
	char	err[MAX_SCHEMA_ERR];

	p->c->line[k - schema_keys] = n->line;
	if (n->kind != Y_SCALAR) {
		error(p, n->line, path,
		    "must be a single value, not a section or list");
		return;
	}
	if (ytree_null(n)) {
		error(p, n->line, path, k->flags & KEYF_EMPTY ?
		    "has no value; write '' or remove the key" :
		    "has no value; give it one or remove the key");
		return;
	}
	if ((k->type == KEY_BOOL || k->type == KEY_INT) &&
	    n->style != YS_PLAIN) {
		error(p, n->line, path, "must be written without quotes");
		return;
	}
	if (strlen(n->val) != n->vallen)
		error(p, n->line, path,
		    "must be one line of printable UTF-8 text");
	else if (schema_set(k, n->val, p->c, err, sizeof(err)) == -1)
		error(p, n->line, path, err);
}

static void
key_unknown(struct parse *p, const struct ynode *n, const char *path)
{
	const char	*near;
	char		 text[2 * MAX_SCHEMA_ERR];

	if (strchr(n->key, '.') != NULL &&
	    (schema_find(path) != NULL || schema_is_foreign(path)))
		strlcpy(text, "unknown key; write a section for what is "
		    "before each dot", sizeof(text));
	else if ((near = schema_nearest(path)) != NULL)
		snprintf(text, sizeof(text),
		    "unknown key; the nearest known one is %s", near);
	else
		strlcpy(text, "unknown key", sizeof(text));
	error(p, n->line, path, text);
}

static void
key_foreign(struct parse *p, const struct ynode *n, const char *path)
{
	if (strcmp(path, "gateway.token") == 0 &&
	    confsecret_node(p->t, (int)(n - p->t->n)))
		warning(p, n->line, path, "a secret in clear, which is not "
		    "read from here; put it into secrets/gateway-token "
		    "(mode 0600) and remove it");
	else
		warning(p, n->line, path, "not supported by this program; "
		    "kept, without effect");
}

static void
sink_complaint(void *arg, int is_warning, int line, const char *key,
    const char *text)
{
	struct parse	*p = arg;

	complain(p->rep, is_warning, line, key, text);
}

/* a key of a section we know: 1 when what is below it is not ours to read */
static int
key_read(struct parse *p, const struct ynode *n, const char *path)
{
	const struct key	*k;

	if (strchr(n->key, '.') != NULL || strlen(n->key) != n->keylen) {
		key_unknown(p, n, path);
		return (1);
	}
	if ((k = schema_find(path)) != NULL) {
		key_value(p, n, path, k);
		return (1);
	}
	if (strcmp(path, "audit_sinks") == 0) {
		confsink_read(p->t, (int)(n - p->t->n), p->c, sink_complaint,
		    p);
		return (1);
	}
	if (schema_is_foreign(path)) {
		key_foreign(p, n, path);
		return (1);
	}
	if (!schema_is_section(path)) {
		key_unknown(p, n, path);
		return (1);
	}
	if (n->kind == Y_MAP || ytree_null(n))
		return (0);
	error(p, n->line, path, "must be a section of keys");
	return (1);
}

static void
read_nodes(struct parse *p)
{
	const struct ynode	*n;
	char			 path[MAX_CONF_KEY];
	int			 i, below = MAX_YAML_DEPTH + 1;
	int			 in_sinks = 0;

	for (i = 1; i < p->t->nn; i++) {
		n = &p->t->n[i];
		if (n->depth > below) {
			if (!in_sinks && confsecret_node(p->t, i)) {
				ytree_path(p->t, i, path, sizeof(path));
				warning(p, n->line, path, "a secret in clear, "
				    "which is not read from here; move it "
				    "to a file below secrets/ (mode 0600)");
			}
			continue;
		}
		ytree_path(p->t, i, path, sizeof(path));
		in_sinks = strcmp(path, "audit_sinks") == 0;
		below = key_read(p, n, path) ? n->depth : MAX_YAML_DEPTH + 1;
	}
}

/* where the key is set, or else what makes it needed */
static int
key_line(const struct parse *p, const char *key)
{
	int	 line = p->c->line[schema_find(key) - schema_keys];

	return (line != 0 ? line : p->c->line[schema_find(
	    "guardrail.judge.enabled") - schema_keys]);
}

/* what no single key can tell */
static void
check_together(struct parse *p)
{
	struct conf_token	 tokens[MAX_TOKENS];
	static const char *const strategy[] = { "guardrail.detection_strategy",
	    "guardrail.detection_strategy_prompt",
	    "guardrail.detection_strategy_completion",
	    "guardrail.detection_strategy_tool_call" };
	struct conf		*c = p->c;
	const struct key	*k;
	const char		*key;
	char			 err[MAX_SCHEMA_ERR];
	size_t			 i;
	int			 line, v;

	for (i = 0; i < sizeof(strategy) / sizeof(strategy[0]); i++) {
		k = schema_find(strategy[i]);
		memcpy(&v, (const char *)c + k->off, sizeof(v));
		if ((v == CONF_REGEX_JUDGE || v == CONF_JUDGE_FIRST) &&
		    !c->judge.enabled)
			warning(p, c->line[k - schema_keys], k->path,
			    "guardrail.judge.enabled is false: nobody is "
			    "asked");
	}
	if (schema_tokens(c, tokens, err, sizeof(err)) == -1)
		error(p, c->line[schema_find("gateway.tokens") - schema_keys],
		    "gateway.tokens", err);
	if (schema_judge_check(&c->judge, &key, err, sizeof(err)) == -1)
		error(p, key_line(p, key), key, err);
	if (c->log.max_total_mb < 2 * c->log.max_size_mb) {
		line = c->line[schema_find("log.max_total_mb") - schema_keys];
		if (line == 0)
			line = c->line[schema_find("log.max_size_mb") -
			    schema_keys];
		error(p, line, "log.max_total_mb",
		    "must be at least twice log.max_size_mb");
	}
}

static void
sort_msgs(struct conf_report *rep)
{
	struct conf_msg	m;
	int		i, j;

	for (i = 1; i < rep->nmsgs; i++) {
		for (j = i; j > 0 && rep->msgs[j - 1].line > rep->msgs[i].line;
		    j--)
			continue;
		if (j == i)
			continue;
		m = rep->msgs[i];
		memmove(&rep->msgs[j + 1], &rep->msgs[j],
		    (size_t)(i - j) * sizeof(m));
		rep->msgs[j] = m;
	}
}

/* older versions say less */
static void
migrate(struct parse *p)
{
	const struct key	*k = schema_find("config_version");
	char			 text[2 * MAX_SCHEMA_ERR];

	if (confmigrate(p->c, text, sizeof(text)))
		warning(p, p->c->line[k - schema_keys], k->path, text);
}

int
conf_parse(const char *text, size_t len, const char *file, struct conf *c,
    struct conf_report *rep)
{
	struct ytree	t;
	struct parse	p = { &t, c, rep };

	memset(rep, 0, sizeof(*rep));
	log_escape(rep->file, sizeof(rep->file), file, strlen(file));
	schema_defaults(c);
	if (len > MAX_CONF_SIZE) {
		error(&p, 0, "", "larger than 256 KiB");
		return (-1);
	}
	if (ytree_parse(&t, text, len) == -1)
		error(&p, t.errline, t.errkey, t.err);
	else if (t.nn != 0 && t.n[0].kind == Y_MAP)
		read_nodes(&p);
	else if (t.nn != 0 && !ytree_null(&t.n[0]))
		error(&p, t.n[0].line, "", "must be a list of \"key: value\"");
	if (rep->nerrors == 0) {
		migrate(&p);
		check_together(&p);
	}
	ytree_free(&t);
	sort_msgs(rep);
	return (rep->nerrors != 0 ? -1 : 0);
}

void
conf_msg_text(const struct conf_report *rep, const struct conf_msg *m,
    char *buf, size_t size)
{
	char	line[16] = "";

	if (m->line != 0)
		snprintf(line, sizeof(line), ":%d", m->line);
	snprintf(buf, size, "%s%s:%s%s %s%s", rep->file, line, m->key,
	    m->key[0] != '\0' ? ":" : "", m->is_warning ? "warning: " : "",
	    m->text);
}

static void
hash_text(crypto_hash_sha256_state *st, const char *name, const char *value)
{
	crypto_hash_sha256_update(st, (const unsigned char *)name,
	    strlen(name));
	crypto_hash_sha256_update(st, (const unsigned char *)"=", 1);
	crypto_hash_sha256_update(st, (const unsigned char *)value,
	    strlen(value));
	crypto_hash_sha256_update(st, (const unsigned char *)"\n", 1);
}

static void
hash_sink(crypto_hash_sha256_state *st, const struct conf_sink *s)
{
	char	 value[MAX_CONF_URL];
	int	 i;

	for (i = 0; i < schema_nsink_keys; i++) {
		schema_get(&schema_sink_keys[i], s, value, sizeof(value));
		hash_text(st, schema_sink_keys[i].path, value);
	}
	for (i = 0; i < s->nactions; i++)
		hash_text(st, "action", s->actions[i]);
	for (i = 0; i < s->nheaders; i++)
		hash_text(st, s->headers[i].name, s->headers[i].value);
	for (i = 0; i < s->nsourcetypes; i++)
		hash_text(st, s->sourcetypes[i].name,
		    s->sourcetypes[i].value);
}

void
conf_hash(const struct conf *c, unsigned char hash[CONF_HASH_LEN])
{
	crypto_hash_sha256_state	 st;
	char				 value[MAX_CONF_VALUE];
	int				 i;

	_Static_assert(CONF_HASH_LEN == crypto_hash_sha256_BYTES, "hash");
	crypto_hash_sha256_init(&st);
	for (i = 0; i < schema_nkeys; i++) {
		schema_get(&schema_keys[i], c, value, sizeof(value));
		hash_text(&st, schema_keys[i].path, value);
	}
	for (i = 0; i < c->nsinks; i++)
		hash_sink(&st, &c->sinks[i]);
	crypto_hash_sha256_final(&st, hash);
}
