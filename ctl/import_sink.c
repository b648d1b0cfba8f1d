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
#include <strings.h>
#include <unistd.h>

#include "confsecret.h"
#include "import_sink.h"
#include "init_token.h"
#include "sinkopt.h"

/* one of audit_sinks on its way */
struct from {
	struct import		*im;
	const struct ytree	*t;
	const char		*name;
	int			 kind;		/* enum conf_sink_kind */
	struct conf_sink	*check;		/* what values may be */
	struct sink_value	 v[MAX_SINK_VALUES];
	int			 nv;
	char			 keys[MAX_SINK_VALUES][MAX_CONF_NAME];
	char			 actions[MAX_SINK_ACTIONS * 64];
	char			 secret[MAX_CONF_NAME];	/* "sink-NAME" */
	char			 token[MAX_IMPORT_TOKEN + 2];
	char			 token_key[MAX_CONF_KEY];
	char			 env[MAX_CONF_NAME];	/* had it; or "" */
	int			 verifies;	/* it says whether */
	int			 is_webhook;
	const char		*slack;		/* its URL, or NULL */
	char			 url[MAX_CONF_URL];
};

int
import_env(const struct import *im, const char *name, char *buf)
{
	return (im->env != NULL && dotenv_get(im->env, name, buf,
	    MAX_IMPORT_TOKEN + 2));
}

static void
path_of(const struct from *f, const char *key, char *buf, size_t size)
{
	snprintf(buf, size, "audit_sinks.%s.", f->name);
	strlcat(buf, key, size);
}

static void
no(struct from *f, const char *key, const char *why)
{
	char	path[MAX_CONF_KEY];

	path_of(f, key, path, sizeof(path));
	import_say(f->im, IMPORT_NOT, path, "%s", why);
}

static void
put(struct from *f, const char *key, const char *name, const char *value)
{
	if (f->nv == MAX_SINK_VALUES) {
		no(f, key, "more keys than one sink may have");
		return;
	}
	strlcpy(f->keys[f->nv], key, sizeof(f->keys[0]));
	f->v[f->nv].key = f->keys[f->nv];
	f->v[f->nv].name = name;
	f->v[f->nv++].value = value;
}

/* the token of a receiver, however it was given */
static void
token(struct from *f, const char *key, const char *value)
{
	const char	*space = strchr(value, ' ');

	/* what is in front of it is made by the sink itself */
	if (space != NULL && (strncasecmp(value, "Bearer ", 7) == 0 ||
	    strncasecmp(value, "Splunk ", 7) == 0))
		value = space + 1;
	if (value[0] == '\0' || strlen(value) > MAX_IMPORT_TOKEN ||
	    strpbrk(value, " \t\r\n") != NULL) {
		no(f, key, "is no token of one line");
		return;
	}
	strlcpy(f->token, value, sizeof(f->token));
	path_of(f, key, f->token_key, sizeof(f->token_key));
}

static void
headers(struct from *f, int node, const char *key)
{
	const struct ynode	*n;
	char			 path[MAX_CONF_KEY];
	int			 c;

	for (c = f->t->n[node].child; c != 0; c = f->t->n[c].next) {
		n = &f->t->n[c];
		snprintf(path, sizeof(path), "%s.%.32s", key, n->key);
		if (n->kind != Y_SCALAR || ytree_null(n))
			no(f, path, "is no single value");
		else if (strstr(key, "headers") == NULL ||
		    !confsecret_header(n->key))
			put(f, key, n->key, n->val);
		else if (f->token[0] != '\0')
			no(f, path, "a second secret of one sink");
		else {
			token(f, path, n->val);
			if (strcasecmp(n->key, "authorization") != 0) {
				snprintf(path, sizeof(path), "%s.auth_header",
				    schema_sink_kinds[f->kind]);
				put(f, path, NULL, n->key);
			}
		}
	}
}

/* a key of the sink, or of the section of its kind */
static void
scalar(struct from *f, int node, const char *path)
{
	const struct ynode	*n = &f->t->n[node];
	const char		*last = strrchr(path, '.');
	const struct key	*k;
	char			 why[MAX_SCHEMA_ERR];

	last = last != NULL ? last + 1 : path;
	if (n->kind == Y_SCALAR && (ytree_null(n) || n->vallen == 0))
		return;
	if (n->kind == Y_SCALAR && strcmp(last, "ca_cert") == 0)
		path = "ca_file";
	if (n->kind != Y_SCALAR || strlen(n->val) != n->vallen)
		no(f, path, "is no single value");
	else if (strcmp(last, "token") == 0 ||
	    strcmp(last, "bearer_token") == 0)
		token(f, path, n->val);
	else if (strcmp(last, "token_env") == 0 ||
	    strcmp(last, "bearer_env") == 0) {
		if (strlcpy(f->env, n->val, sizeof(f->env)) >= sizeof(f->env))
			no(f, path, "is no name of a variable");
	} else if ((k = schema_sink_find(path)) == NULL)
		no(f, path, "not a key that is known");
	else if (schema_set(k, n->val, f->check, why, sizeof(why)) == -1)
		no(f, path, why);
	else {
		f->verifies |= strcmp(last, "verify_tls") == 0;
		put(f, path, NULL, n->val);
	}
}

static void
section(struct from *f, int node)
{
	const char	*kind = f->t->n[node].key;
	char		 path[MAX_CONF_NAME];
	int		 c;

	if (strcmp(kind, schema_sink_kinds[f->kind]) != 0 ||
	    f->t->n[node].kind != Y_MAP) {
		no(f, kind, "is not the section of this kind");
		return;
	}
	for (c = f->t->n[node].child; c != 0; c = f->t->n[c].next) {
		snprintf(path, sizeof(path), "%s.%.40s", kind,
		    f->t->n[c].key);
		if (f->t->n[c].kind == Y_MAP)
			headers(f, c, path);
		else
			scalar(f, c, path);
	}
}

static void
actions(struct from *f, int node)
{
	const struct ynode	*n;
	int			 c;

	for (c = f->t->n[node].child; c != 0; c = f->t->n[c].next) {
		n = &f->t->n[c];
		if (n->kind != Y_SCALAR || strchr(n->val, ',') != NULL ||
		    strlen(f->actions) + n->vallen + 2 > sizeof(f->actions)) {
			no(f, "actions", "is no list of actions");
			return;
		}
		if (f->actions[0] != '\0')
			strlcat(f->actions, ",", sizeof(f->actions));
		strlcat(f->actions, n->val, sizeof(f->actions));
	}
	if (f->actions[0] != '\0')
		put(f, "actions", NULL, f->actions);
}

static void
read_sink(struct from *f, int node)
{
	const struct ynode	*n;
	int			 c, i;

	for (c = f->t->n[node].child; c != 0; c = f->t->n[c].next) {
		n = &f->t->n[c];
		for (i = 0; schema_sink_kinds[i] != NULL; i++)
			if (strcmp(schema_sink_kinds[i], n->key) == 0)
				break;
		if (strcmp(n->key, "name") == 0 || strcmp(n->key, "kind") == 0)
			continue;
		if (schema_sink_kinds[i] != NULL)
			section(f, c);
		else if (strcmp(n->key, "actions") == 0 && n->kind == Y_SEQ)
			actions(f, c);
		else
			scalar(f, c, n->key);
	}
}

/* of an earlier import, or by hand */
static int
has_secret(const struct from *f)
{
	char	path[MAX_CONF_PATH];

	return (paths_join(path, sizeof(path), f->im->paths->secrets,
	    f->secret) == 0 && access(path, F_OK) == 0);
}

/* without its token a sink waits */
static void
find_token(struct from *f)
{
	if (f->token[0] == '\0' && f->env[0] != '\0' &&
	    import_env(f->im, f->env, f->token))
		path_of(f, f->env, f->token_key, sizeof(f->token_key));
	if (f->token[0] != '\0' || has_secret(f)) {
		put(f, "token_secret", NULL, f->secret);
		return;
	}
	if (f->env[0] == '\0' && f->kind != CONF_SINK_HEC)
		return;
	put(f, "token_secret", NULL, f->secret);
	put(f, "enabled", NULL, "false");
	no(f, "token_secret", "its token was not found, so it is disabled: "
	    "give the .env with --env-file, or the token with `setup "
	    "observability add'");
}

static void
take_sink(struct from *f, struct import_text *x)
{
	char	*out, path[MAX_CONF_KEY], err[MAX_CONFEDIT_ERR];
	size_t	 outlen;

	snprintf(path, sizeof(path), "audit_sinks.%s", f->name);
	find_token(f);
	if (confedit_sink_put(x->text, x->len, f->name, f->v, f->nv, &out,
	    &outlen, err, sizeof(err)) == -1) {
		import_say(f->im, IMPORT_NOT, path, "%s", err);
		return;
	}
	import_say(f->im, IMPORT_TAKEN, path, "%s", outlen == x->len &&
	    memcmp(out, x->text, outlen) == 0 ? "says so already" :
	    schema_sink_kinds[f->kind]);
	import_step(x, out, outlen);
	if (f->token[0] != '\0')
		(void)import_secret(f->im, f->token_key, f->secret, f->token);
	if (f->kind == CONF_SINK_HEC && !f->verifies)
		no(f, "splunk_hec.verify_tls", "certificates were not "
		    "verified by default there, and they are here: give "
		    "ca_file if its CA is your own");
}

/* the path of a slack URL is its secret; the configuration has the rest */
static void
slack_url(struct from *f)
{
	char	*path;

	if (strlcpy(f->url, f->slack, sizeof(f->url)) >= sizeof(f->url) ||
	    (path = strstr(f->url, "://")) == NULL ||
	    (path = strchr(path + 3, '/')) == NULL || path[1] == '\0')
		put(f, "webhook.url", NULL, f->slack);
	else {
		token(f, "webhook.url", path + 1);
		path[1] = '\0';
		put(f, "webhook.url", NULL, f->url);
	}
}

/* one of webhooks, which are sinks here */
static void
read_webhook(struct from *f, int node)
{
	static const struct {
		const char	*from, *to;
	} names[] = {
		{ "type", "webhook.type" },
		{ "url", "webhook.url" },
		{ "secret_env", "token_env" },
		{ "room_id", "webhook.room_id" },
		{ "min_severity", "min_severity" },
		{ "timeout_seconds", "timeout_s" },
		{ "cooldown_seconds", "webhook.cooldown_seconds" },
		{ "enabled", "enabled" },
	};
	const struct ynode	*n;
	size_t			 i;
	int			 c, type;

	type = ytree_child(f->t, node, "type", 4);
	if (ytree_child(f->t, node, "min_severity", 12) == -1)
		put(f, "min_severity", NULL, "HIGH");
	for (c = f->t->n[node].child; c != 0; c = f->t->n[c].next) {
		n = &f->t->n[c];
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(names[i].from, n->key) == 0)
				break;
		if (strcmp(n->key, "name") == 0)
			continue;
		if (i == 1 && n->kind == Y_SCALAR && type != -1 &&
		    f->t->n[type].kind == Y_SCALAR &&
		    strcmp(f->t->n[type].val, "slack") == 0)
			f->slack = n->val;
		else if (i < sizeof(names) / sizeof(names[0]))
			scalar(f, c, names[i].to);
		else if (n->kind == Y_SCALAR || n->child != 0)
			no(f, n->key, "has no equal: min_severity and "
			    "actions say what is told");
	}
	if (f->slack != NULL)
		slack_url(f);
}

/* name and kind, without which it is none */
static int
begin_sink(struct from *f, int node)
{
	const struct ytree	*t = f->t;
	char			 path[MAX_CONF_KEY], why[MAX_SCHEMA_ERR];
	int			 name, kind;

	ytree_path(t, node, path, sizeof(path));
	name = t->n[node].kind == Y_MAP ? ytree_child(t, node, "name", 4) : -1;
	kind = f->is_webhook ? name : t->n[node].kind == Y_MAP ?
	    ytree_child(t, node, "kind", 4) : -1;
	if (name == -1 || kind == -1 || t->n[name].kind != Y_SCALAR ||
	    t->n[kind].kind != Y_SCALAR) {
		import_say(f->im, IMPORT_NOT, path, "has no name or no kind");
		return (-1);
	}
	for (f->kind = 0; schema_sink_kinds[f->kind] != NULL; f->kind++)
		if (strcmp(schema_sink_kinds[f->kind], f->is_webhook ?
		    "webhook" : t->n[kind].val) == 0)
			break;
	if (schema_sink_kinds[f->kind] == NULL) {
		import_say(f->im, IMPORT_NOT, path, "there is no receiver of "
		    "this kind here");
		return (-1);
	}
	f->name = t->n[name].val;
	if (sinkopt_name_check(f->name, why, sizeof(why)) == -1) {
		import_say(f->im, IMPORT_NOT, path, "%s", why);
		return (-1);
	}
	snprintf(f->secret, sizeof(f->secret), "sink-%.59s", f->name);
	put(f, "kind", NULL, schema_sink_kinds[f->kind]);
	return (0);
}

void
import_sinks(struct import *im, struct import_text *x, const struct ytree *t,
    int list)
{
	static struct conf_sink	 check;
	static struct from	 f;
	int			 i;

	if (t->n[list].kind != Y_SEQ)
		return;
	for (i = t->n[list].child; i != 0; i = t->n[i].next) {
		memset(&f, 0, sizeof(f));
		f.im = im;
		f.t = t;
		f.is_webhook = strcmp(t->n[list].key, "webhooks") == 0;
		f.check = &check;
		schema_sink_defaults(&check);
		if (begin_sink(&f, i) == -1)
			continue;
		if (f.is_webhook)
			read_webhook(&f, i);
		else
			read_sink(&f, i);
		take_sink(&f, x);
	}
	explicit_bzero(f.token, sizeof(f.token));
}
