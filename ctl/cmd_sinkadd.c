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

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "cmd.h"
#include "conffile.h"
#include "setup.h"
#include "sinkctl.h"
#include "sinkopt.h"
#include "sinktoken.h"

/*
 * setup observability add: a receiver, from options or, on a terminal, from
 * answers.  What is there already under the same name is changed and no more
 * than that.
 */

#define MAX_ANSWER	256

struct add {
	const struct ctl	*c;
	const struct sink_word	*word;
	const struct conf_sink	*old;		/* NULL: a new one */
	int			 ask;
	struct sink_value	 v[MAX_SINK_VALUES];
	int			 nv;
	char			 name[MAX_CONF_NAME];
	char			 secret[MAX_CONF_NAME];
	char			 host[MAX_CONF_HOST];
	char			 port[8];
	char			 index[MAX_ANSWER];
	char			 transport[8];
	char			 endpoint[MAX_CONF_URL];
	char			 actions[MAX_SINK_ACTIONS * 64];
	char			 headers[MAX_CONF_PAIRS][2][512];
	char			 header_key[32];
	char			 target[MAX_CONF_KEY];	/* of the event */
	char			*token;
	struct sinktoken_was	 was;		/* below secrets/, before */
};

static struct conf	conf;

static int
usage(const char *why)
{
	return (out_fail(CTL_USAGE, "%s", why));
}

/* the value that is to be set, or NULL */
static const char *
value_of(const struct add *a, const char *key)
{
	int	i;

	for (i = 0; i < a->nv; i++)
		if (strcmp(a->v[i].key, key) == 0)
			return (a->v[i].value);
	return (NULL);
}

static int
add_value(struct add *a, const char *key, const char *name,
    const char *value)
{
	if (a->nv == MAX_SINK_VALUES)
		return (usage("too many options"));
	a->v[a->nv].key = key;
	a->v[a->nv].name = name;
	a->v[a->nv++].value = value;
	return (CTL_OK);
}

/* --- answers -------------------------------------------------------------- */

static int
is_webhook(const struct add *a, const char *word)
{
	return (a->word->kind == CONF_SINK_WEBHOOK && (word == NULL ||
	    strcmp(a->word->word, word) == 0));
}

/* one line from the terminal, or what is in brackets */
static int
ask(const char *what, const char *otherwise, char *buf, size_t size)
{
	fprintf(stderr, otherwise[0] != '\0' ? "%s [%s]: " : "%s%s: ", what,
	    otherwise);
	if (fgets(buf, (int)size, stdin) == NULL)
		return (usage("nothing was answered"));
	buf[strcspn(buf, "\r\n")] = '\0';
	if (buf[0] == '\0')
		strlcpy(buf, otherwise, size);
	return (CTL_OK);
}

static const char *
usual_port(const struct add *a)
{
	switch (a->word->kind) {
	case CONF_SINK_HEC:
		return ("8088");
	case CONF_SINK_OTLP:
		return ("4318");
	case CONF_SINK_JSONL:
	case CONF_SINK_WEBHOOK:
		return ("443");
	default:
		return (strcmp(a->transport, "tls") == 0 ? "6514" : "601");
	}
}

static int
ask_receiver(struct add *a)
{
	int	kind = a->word->kind, rc = CTL_OK;

	if (kind == CONF_SINK_JSONL || kind == CONF_SINK_WEBHOOK)
		return (ask("URL", "", a->endpoint, sizeof(a->endpoint)));
	if (kind == CONF_SINK_SYSLOG &&
	    value_of(a, "syslog.transport") == NULL) {
		rc = ask("transport: tcp, tls or local", "tls", a->transport,
		    sizeof(a->transport));
		if (rc == CTL_OK)
			rc = add_value(a, "syslog.transport", NULL,
			    a->transport);
		if (rc != CTL_OK || strcmp(a->transport, "local") == 0)
			return (rc);
	}
	if ((rc = ask("host", "localhost", a->host, sizeof(a->host))) ==
	    CTL_OK && a->port[0] == '\0')
		rc = ask("port", usual_port(a), a->port, sizeof(a->port));
	if (rc == CTL_OK && kind == CONF_SINK_HEC &&
	    value_of(a, "splunk_hec.index") == NULL &&
	    (rc = ask("index", "defenseclaw", a->index, sizeof(a->index))) ==
	    CTL_OK)
		rc = add_value(a, "splunk_hec.index", NULL, a->index);
	return (rc);
}

/* --- options -------------------------------------------------------------- */

/* does this kind of it, with this transport, have no receiver to name */
static int
is_local(const struct add *a)
{
	const char	*t = value_of(a, "syslog.transport");

	if (a->word->kind == CONF_SINK_FILE)
		return (1);
	if (a->word->kind != CONF_SINK_SYSLOG)
		return (0);
	if (t == NULL && a->old != NULL)
		return (a->old->transport == CONF_SYSLOG_LOCAL);
	return (t != NULL && strcmp(t, "local") == 0);
}

/* a host, and perhaps a port, as the kind's endpoint */
static int
make_endpoint(struct add *a)
{
	const char	*v6 = strchr(a->host, ':') != NULL ? "[" : "";
	const char	*v6end = v6[0] != '\0' ? "]" : "";
	const char	*port, *insecure;
	int		 n;

	port = a->port[0] != '\0' ? a->port : usual_port(a);
	insecure = value_of(a, "otlp_logs.insecure");
	if (a->word->kind == CONF_SINK_SYSLOG)
		n = snprintf(a->endpoint, sizeof(a->endpoint), "%s%s%s%s%s",
		    v6, a->host, v6end, a->port[0] != '\0' ? ":" : "",
		    a->port);
	else
		n = snprintf(a->endpoint, sizeof(a->endpoint),
		    "%s://%s%s%s:%s%s", insecure != NULL &&
		    strcmp(insecure, "true") == 0 ? "http" : "https", v6,
		    a->host, v6end, port, a->word->kind == CONF_SINK_HEC ?
		    "/services/collector/event" : "");
	if (n < 0 || (size_t)n >= sizeof(a->endpoint))
		return (usage("--host is too long"));
	return (CTL_OK);
}

static int
take_host(struct add *a)
{
	const char	*host = cmd_value(a->c, O_HOST);
	uint64_t	 port = 0;

	if (cmd_number(a->c, O_PORT, 1, 65535, &port) == -1)
		return (CTL_USAGE);
	if (port != 0)
		snprintf(a->port, sizeof(a->port), "%u", (unsigned)port);
	if (host == NULL)
		return (CTL_OK);
	if (host[0] == '\0' || strpbrk(host, "/ []@") != NULL)
		return (usage("--host is a name or an address; a URL goes "
		    "with --endpoint"));
	if (strlcpy(a->host, host, sizeof(a->host)) >= sizeof(a->host))
		return (usage("--host is too long"));
	return (CTL_OK);
}

/* where it sends to: options first, then the terminal */
static int
take_receiver(struct add *a)
{
	const char	*key = sinkopt_endpoint_key(a->word->kind), *given;
	int		 rc;

	given = key != NULL ? value_of(a, key) : NULL;
	if ((rc = take_host(a)) != CTL_OK)
		return (rc);
	if ((given != NULL || is_local(a)) && (a->host[0] != '\0' ||
	    a->port[0] != '\0'))
		return (usage(given != NULL ? "--host and --port, or "
		    "--endpoint, not both" : "--host and --port are of no use "
		    "here"));
	if (given != NULL) {
		strlcpy(a->endpoint, given, sizeof(a->endpoint));
		return (CTL_OK);
	}
	if (is_local(a))
		return (CTL_OK);
	if (a->host[0] == '\0' && a->old == NULL) {
		if (!a->ask)
			return (usage(a->word->kind == CONF_SINK_JSONL ||
			    is_webhook(a, NULL) ?
			    "--url URL is required" : "--host HOST or "
			    "--endpoint is required"));
		if ((rc = ask_receiver(a)) != CTL_OK || is_local(a))
			return (rc);
	}
	if (a->host[0] == '\0' && a->port[0] != '\0')
		return (usage("--port goes with --host"));
	if (a->host[0] != '\0' && (rc = make_endpoint(a)) != CTL_OK)
		return (rc);
	return (a->endpoint[0] == '\0' ? CTL_OK : add_value(a, key, NULL,
	    a->endpoint));
}

/* headers are shown, kept in the configuration and handed around */
static int
is_secret_header(const char *name)
{
	static const char *const words[] = { "authorization", "token", "key",
	    "secret", "password", "cookie", "credential" };
	size_t	i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(name, words[i]) != NULL)
			return (1);
	return (0);
}

static int
take_header(struct add *a, const char *text, int n)
{
	char	*name, *value;
	size_t	 len = strcspn(text, ":");

	if (n == MAX_CONF_PAIRS)
		return (usage("too many headers"));
	name = a->headers[n][0];
	value = a->headers[n][1];
	if (text[len] != ':' || len == 0 || len >= sizeof(a->headers[n][0]))
		return (usage("a header is written 'NAME: VALUE'"));
	snprintf(name, sizeof(a->headers[n][0]), "%.*s", (int)len, text);
	text += len + 1;
	text += strspn(text, " \t");
	if (strlcpy(value, text, sizeof(a->headers[n][1])) >=
	    sizeof(a->headers[n][1]))
		return (usage("a header is too long"));
	if (is_secret_header(name))
		return (out_fail(CTL_USAGE, "%s: a secret is not kept in the "
		    "configuration: give it with --token-file and its header "
		    "with --auth-header %s", name, name));
	return (add_value(a, a->header_key, name, value));
}

/* --header and --action, which may be repeated */
static int
take_repeated(struct add *a)
{
	const struct options	*o = &a->c->opts;
	const char		*value;
	int			 i, rc, nheaders = 0;

	if (cmd_has(a->c, O_HEADER) && a->word->kind != CONF_SINK_OTLP &&
	    a->word->kind != CONF_SINK_JSONL)
		return (usage("--header is no option of this kind"));
	snprintf(a->header_key, sizeof(a->header_key), "%s.headers",
	    schema_sink_kinds[a->word->kind]);
	for (i = 0; i < o->nrepeated; i++) {
		value = o->repeated[i].value;
		if (o->repeated[i].option == O_HEADER) {
			rc = take_header(a, value, nheaders++);
			if (rc != CTL_OK)
				return (rc);
			continue;
		}
		if (a->actions[0] != '\0')
			strlcat(a->actions, ",", sizeof(a->actions));
		if (strlcat(a->actions, value, sizeof(a->actions)) >=
		    sizeof(a->actions))
			return (usage("too many actions"));
	}
	return (cmd_has(a->c, O_ACTION) ? add_value(a, "actions", NULL,
	    a->actions) : CTL_OK);
}

static int
take_switches(struct add *a)
{
	int	on = cmd_has(a->c, O_ENABLED), off = cmd_has(a->c, O_DISABLED);
	int	rc = CTL_OK;

	if (on && off)
		return (usage("--enabled or --disabled, not both"));
	if (on || off)
		rc = add_value(a, "enabled", NULL, on ? "true" : "false");
	if (rc != CTL_OK || !cmd_has(a->c, O_FROM))
		return (rc);
	if (a->old == NULL)
		return (add_value(a, "start", NULL, cmd_value(a->c, O_FROM)));
	out_note("--from is where a new sink begins; %s has its place in the "
	    "log, and `setup observability replay' sends rows again",
	    a->name);
	return (CTL_OK);
}

/* --- its name ------------------------------------------------------------- */

/* the host of an endpoint, or all of it for OTLP as ever */
static void
derive_name(struct add *a)
{
	const char	*p = strstr(a->endpoint, "://");
	char		 where[MAX_CONF_URL];

	strlcpy(where, p != NULL ? p + 3 : a->endpoint, sizeof(where));
	if (a->word->kind != CONF_SINK_OTLP) {
		if (where[0] == '[')
			where[strcspn(where, "]")] = '\0';
		else
			where[strcspn(where, ":/?")] = '\0';
	}
	if (a->word->kind == CONF_SINK_SYSLOG && is_local(a))
		strlcpy(where, "local", sizeof(where));
	sinkopt_name(a->word->slug, where, a->name, MAX_SINK_SECRET -
	    strlen("sink-") + 1);
}

static int
find_old(struct add *a)
{
	a->old = sinkctl_find(&conf, a->name);
	if (a->old == NULL || a->old->kind == a->word->kind)
		return (CTL_OK);
	return (out_fail(CTL_ALREADY, "%s is a sink of kind %s: choose "
	    "another --name, or remove it first", a->name,
	    schema_sink_kinds[a->old->kind]));
}

static int
take_options(struct add *a)
{
	const char	*name = cmd_value(a->c, O_NAME);
	char		 err[MAX_SCHEMA_ERR];
	int		 n, rc;

	add_value(a, "kind", NULL, schema_sink_kinds[a->word->kind]);
	n = sinkopt_values(&a->c->opts, O_COUNT, a->word->kind, a->v + a->nv,
	    MAX_SINK_VALUES / 2, err, sizeof(err));
	if (n == -1)
		return (usage(err));
	a->nv += n;
	if (is_webhook(a, NULL))
		add_value(a, "webhook.type", NULL, a->word->word);
	if (name != NULL) {
		if (sinkopt_name_check(name, err, sizeof(err)) == -1)
			return (usage(err));
		strlcpy(a->name, name, sizeof(a->name));
		if ((rc = find_old(a)) != CTL_OK)
			return (rc);
	}
	if ((rc = take_receiver(a)) != CTL_OK)
		return (rc);
	if (name == NULL) {
		derive_name(a);
		if ((rc = find_old(a)) != CTL_OK)
			return (rc);
	}
	if ((rc = take_switches(a)) != CTL_OK)
		return (rc);
	/* people are told of what matters, unless they want more */
	if (is_webhook(a, NULL) && a->old == NULL &&
	    value_of(a, "min_severity") == NULL &&
	    (rc = add_value(a, "min_severity", NULL, "HIGH")) != CTL_OK)
		return (rc);
	return (take_repeated(a));
}

/*
 * Who knows the path of a slack URL may write there: it becomes the token,
 * and the configuration has the rest.
 */
static int
take_path(struct add *a)
{
	char	*path = strstr(a->endpoint, "://"), *arg;
	int	 i;

	path = path != NULL ? strchr(path + 3, '/') : NULL;
	if (path == NULL || path[1] == '\0' || a->token != NULL)
		return (CTL_OK);
	if (sodium_init() == -1 ||
	    (a->token = sodium_malloc(MAX_CONF_URL)) == NULL)
		return (usage("no memory that can be guarded"));
	strlcpy(a->token, path + 1, MAX_CONF_URL);
	explicit_bzero(path + 1, strlen(path + 1));
	for (i = 0; i < a->nv; i++) {
		if (strcmp(a->v[i].key, "webhook.url") != 0)
			continue;
		if (a->v[i].value != a->endpoint) {
			arg = (char *)(uintptr_t)a->v[i].value;
			explicit_bzero(arg, strlen(arg));
			out_note("the path of a URL on the command line, "
			    "which is its secret, is for all users of this "
			    "host to see while the command runs: give it "
			    "with --token-file, and the URL without it");
		}
		a->v[i].value = a->endpoint;
	}
	return (CTL_OK);
}

static int
take_token(struct add *a)
{
	int	have, can;

	have = a->old != NULL && a->old->token_secret[0] != '\0';
	can = a->word->kind != CONF_SINK_SYSLOG &&
	    a->word->kind != CONF_SINK_FILE;
	if (!can && (cmd_has(a->c, O_TOKEN) || cmd_has(a->c, O_TOKEN_FILE) ||
	    cmd_has(a->c, O_TOKEN_ENV)))
		return (usage("this kind of receiver takes no token"));
	if (sinktoken_take(a->c, a->ask && can && !have && !is_webhook(a,
	    "slack") ? a->name : NULL, &a->token) == -1 ||
	    (is_webhook(a, "slack") && take_path(a) != CTL_OK))
		return (CTL_USAGE);
	/* a shared or renamed secret stays what the configuration calls it */
	if (have)
		strlcpy(a->secret, a->old->token_secret, sizeof(a->secret));
	else {
		strlcpy(a->secret, "sink-", sizeof(a->secret));
		strlcat(a->secret, a->name, sizeof(a->secret));
	}
	if (a->token != NULL)
		return (add_value(a, "token_secret", NULL, a->secret));
	if (!have && a->word->kind == CONF_SINK_HEC)
		return (usage("a HEC needs a token: --token -, --token-file "
		    "FILE or --token-env NAME"));
	if (!have && (is_webhook(a, "pagerduty") || is_webhook(a, "webex")))
		return (usage("its routing key, or the bot's token, is "
		    "needed: --token -, --token-file FILE or --token-env "
		    "NAME"));
	return (CTL_OK);
}

/* what all kinds have first, as a person would write it */
static void
sort_values(struct add *a)
{
	struct sink_value	sorted[MAX_SINK_VALUES];
	int			i, own, n = 0;

	for (own = 0; own < 2; own++)
		for (i = 0; i < a->nv; i++)
			if ((strchr(a->v[i].key, '.') != NULL) == own)
				sorted[n++] = a->v[i];
	memcpy(a->v, sorted, (size_t)n * sizeof(sorted[0]));
}

/* --- doing it ------------------------------------------------------------- */

static int
put_edit(const char *text, size_t len, char **out, size_t *outlen, void *arg,
    char *err, size_t errlen)
{
	const struct add	*a = arg;

	return (confedit_sink_put(text, len, a->name, a->v, a->nv, out,
	    outlen, err, errlen));
}

/* the token first: the configuration must not name what is not there */
static int
token_before(void *arg, char *err, size_t errlen)
{
	struct add	*a = arg;

	if (a->token == NULL)
		return (0);
	sinktoken_keep(&a->c->paths, a->secret, &a->was);
	return (sinktoken_write(&a->c->paths, a->secret, a->token, err,
	    errlen));
}

static void
token_undo(void *arg)
{
	struct add	*a = arg;

	if (a->token != NULL)
		sinktoken_back(&a->c->paths, a->secret, &a->was);
}

static int
write_all(struct add *a, struct edit *e)
{
	int	rc;

	snprintf(a->target, sizeof(a->target), "audit_sinks.%s", a->name);
	e->action = "setup-observability";
	e->target = a->target;
	e->verb = a->old == NULL ? "added" : "changed";
	e->fn = put_edit;
	e->arg = a;
	e->before = token_before;
	e->undo = token_undo;
	e->note = a->token != NULL ? "its token is new" : NULL;
	e->dry_run = cmd_has(a->c, O_DRY_RUN);
	rc = edit_config(a->c, e);
	sinktoken_forget(&a->was);
	return (rc);
}

static int
run_test(struct add *a, json_t *j)
{
	const struct conf_sink	*s;
	char			 err[MAX_CTL_TEXT + 64];
	json_t			*t;
	int			 rc;

	if ((rc = config_need(a->c, &conf)) != CTL_OK ||
	    (s = sinkctl_find(&conf, a->name)) == NULL || !s->enabled)
		return (rc);
	t = sinkctl_test(&a->c->paths, a->name, SINK_TEST_MS, &rc, err,
	    sizeof(err));
	if (t == NULL) {
		json_object_set_new(j, "test", json_pack("{s:b,s:s}", "ok", 0,
		    "text", err));
		if (!out_json)
			out_note("test: %s", err);
		return (rc);
	}
	if (!out_json)
		sinkctl_print_test(s, t);
	json_object_set_new(j, "test", t);
	return (rc);
}

static int
dry_run(const struct add *a, const struct edit *e)
{
	if (out_json)
		out_document(json_pack("{s:s,s:b,s:b,s:b,s:o}", "name",
		    a->name, "added", a->old == NULL, "changed", e->changed,
		    "dry_run", 1, "differences", treediff_json(&e->diff)));
	else if (a->token != NULL)
		printf("the token goes to %s/%s\n",
		    out_safe(a->c->paths.secrets), a->secret);
	return (CTL_OK);
}

static void
say_written(const struct add *a, const struct edit *e)
{
	printf("%s: %s in %s\n", a->name, a->old == NULL ? "added" :
	    e->changed ? "changed" : "says so already",
	    out_safe(a->c->paths.config));
	if (a->token != NULL)
		printf("its token is in %s/%s\n",
		    out_safe(a->c->paths.secrets), a->secret);
}

static int
done(struct add *a, const struct edit *e)
{
	json_t	*j;
	int	 rc;

	j = json_pack("{s:s,s:s,s:b,s:b,s:b}", "name", a->name, "kind",
	    schema_sink_kinds[a->word->kind], "added", a->old == NULL,
	    "changed", e->changed, "token_written", a->token != NULL);
	if (!out_json)
		say_written(a, e);
	if ((rc = setup_in_force(a->c, e, j)) != CTL_OK) {
		json_decref(j);
		return (rc);
	}
	if (a->word->kind == CONF_SINK_FILE && access(a->c->paths.sinks,
	    F_OK) == -1 && errno == ENOENT)
		out_note("%s is missing: run `defenseclawctl init'",
		    a->c->paths.sinks);
	if (json_is_true(json_object_get(j, "reloaded")) &&
	    !cmd_has(a->c, O_NO_TEST))
		rc = run_test(a, j);
	if (out_json)
		out_document(j);
	else
		json_decref(j);
	return (rc);
}

int
cmd_sink_add(struct ctl *c)
{
	static struct add	 a;
	struct edit		 e;
	int			 rc, hook;

	a.c = c;
	hook = strncmp(c->cmd->sub, "webhook", 7) == 0;
	for (a.word = hook ? sinkopt_webhooks : sinkopt_words;
	    a.word->word != NULL; a.word++)
		if (strcmp(a.word->word, c->args[0]) == 0)
			break;
	if (a.word->word == NULL)
		return (out_fail(CTL_USAGE, hook ? "%s is no kind of "
		    "webhook: slack, pagerduty, webex or generic" : "%s is "
		    "no kind of sink: splunk-hec, otlp, http-jsonl, webhook, "
		    "syslog or file", c->args[0]));
	a.ask = !cmd_has(c, O_NON_INTERACTIVE) && !out_json &&
	    isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if ((rc = config_need(c, &conf)) != CTL_OK ||
	    (rc = take_options(&a)) != CTL_OK)
		return (rc);
	rc = take_token(&a);
	sort_values(&a);
	memset(&e, 0, sizeof(e));
	if (rc == CTL_OK && (rc = write_all(&a, &e)) == CTL_OK)
		rc = e.dry_run ? dry_run(&a, &e) : done(&a, &e);
	edit_free(&e);
	if (a.token != NULL)
		sodium_free(a.token);
	return (rc);
}
