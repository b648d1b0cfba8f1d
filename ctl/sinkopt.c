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
#include <stdio.h>
#include <string.h>

#include "sinkopt.h"

const struct sink_word sinkopt_words[] = {
	{ "splunk-hec", CONF_SINK_HEC, "splunk-hec" },
	{ "otlp", CONF_SINK_OTLP, "otlp" },
	{ "http-jsonl", CONF_SINK_JSONL, "http-jsonl" },
	{ "webhook", CONF_SINK_JSONL, "webhook" },
	{ "syslog", CONF_SINK_SYSLOG, "syslog" },
	{ "file", CONF_SINK_FILE, "file" },
	{ NULL, 0, NULL }
};

const struct sink_word sinkopt_webhooks[] = {
	{ "slack", CONF_SINK_WEBHOOK, "slack" },
	{ "pagerduty", CONF_SINK_WEBHOOK, "pagerduty" },
	{ "webex", CONF_SINK_WEBHOOK, "webex" },
	{ "generic", CONF_SINK_WEBHOOK, "webhook" },
	{ NULL, 0, NULL }
};

#define MAX_NAME_OPT	32	/* an option's name, with its NUL */

/* options made of keys, in the order of their definitions */
static struct sinkopt {
	char		 name[MAX_NAME_OPT];
	char		 arg[MAX_CONF_KEY];
	const char	*key;		/* the last part, "batch_size" */
	int		 off;		/* --no-KEY */
} made[MAX_OPTIONS];
static int	nmade;

/* these have options of their own, or none */
static int
is_special(const char *key)
{
	static const char *const names[] = { "name", "kind", "enabled",
	    "start", "token_secret", "ca_cert", "webhook.type" };
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(key, names[i]) == 0)
			return (1);
	return (0);
}

static const char *
last_part(const char *path)
{
	const char	*dot = strchr(path, '.');

	return (dot != NULL ? dot + 1 : path);
}

static void
make(struct option_def *d, struct sinkopt *m, const struct key *k, int off)
{
	char	*p;

	m->key = last_part(k->path);
	m->off = off;
	snprintf(m->name, sizeof(m->name), "%s%s", off ? "no-" : "", m->key);
	for (p = m->name; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	schema_type_text(k, m->arg, sizeof(m->arg));
	d->name = m->name;
	d->letter = 0;
	/* the long list of facilities is for the manual */
	d->arg = k->type == KEY_BOOL ? NULL : strlen(m->arg) > MAX_NAME_OPT ?
	    "NAME" : m->arg;
	d->help = off ? "the contrary" : k->help;
}

int
sinkopt_define(struct option_def *defs, int room)
{
	const struct key	*k;
	int			 i, j, n = 0;

	for (i = 0; i < schema_nsink_keys; i++) {
		k = &schema_sink_keys[i];
		for (j = 0; j < n; j++)
			if (strcmp(made[j].key, last_part(k->path)) == 0)
				break;
		if (j < n || is_special(k->path) || n + 2 >= room)
			continue;
		make(&defs[n], &made[n], k, 0);
		n++;
		if (k->type == KEY_BOOL) {
			make(&defs[n], &made[n], k, 1);
			n++;
		}
	}
	memset(&defs[n], 0, sizeof(defs[n]));
	nmade = n;
	return (n);
}

const char *
sinkopt_endpoint_key(int kind)
{
	static const char *const keys[] = { "splunk_hec.endpoint",
	    "otlp_logs.endpoint", "http_jsonl.url", "syslog.endpoint", NULL,
	    "webhook.url" };

	return (keys[kind]);
}

/* the key of a kind that an option means, or NULL */
static const struct key *
key_of(const char *name, int kind)
{
	const struct key	*k;
	char			 path[MAX_CONF_KEY];

	/* one thing with two names in the reference implementation */
	if ((strcmp(name, "url") == 0 || strcmp(name, "endpoint") == 0) &&
	    sinkopt_endpoint_key(kind) != NULL)
		return (schema_sink_find(sinkopt_endpoint_key(kind)));
	if ((k = schema_sink_find(name)) != NULL)
		return (k);
	snprintf(path, sizeof(path), "%s.%s", schema_sink_kinds[kind], name);
	return (schema_sink_find(path));
}

int
sinkopt_values(const struct options *o, int base, int kind,
    struct sink_value *v, int max, char *err, size_t errlen)
{
	const struct key	*k;
	int			 i, j, n = 0;

	for (i = base; i < base + nmade; i++) {
		if (o->value[i] == NULL)
			continue;
		k = key_of(made[i - base].key, kind);
		if (k == NULL) {
			snprintf(err, errlen, "--%s is no option of a sink "
			    "of kind %s", made[i - base].name,
			    schema_sink_kinds[kind]);
			return (-1);
		}
		for (j = 0; j < n; j++)
			if (strcmp(v[j].key, k->path) == 0) {
				snprintf(err, errlen, "--%s says what another "
				    "option says, too", made[i - base].name);
				return (-1);
			}
		if (n == max) {
			snprintf(err, errlen, "too many options");
			return (-1);
		}
		v[n].key = k->path;
		v[n].name = NULL;
		v[n++].value = k->type != KEY_BOOL ? o->value[i] :
		    made[i - base].off ? "false" : "true";
	}
	return (n);
}

void
sinkopt_name(const char *slug, const char *where, char *buf, size_t size)
{
	const char	*p = strstr(where, "://");
	size_t		 n;

	n = strlcpy(buf, slug, size);
	p = p != NULL ? p + 3 : where;
	if (*p == '\0')
		return;
	buf[n++] = '-';
	for (; *p != '\0' && n + 1 < size; p++) {
		if (isalnum((unsigned char)*p))
			buf[n++] = (char)tolower((unsigned char)*p);
		else if (buf[n - 1] != '-')
			buf[n++] = '-';
	}
	while (n > 0 && buf[n - 1] == '-')
		n--;
	buf[n] = '\0';
}

int
sinkopt_name_check(const char *name, char *err, size_t errlen)
{
	static const char	chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "0123456789_-";

	if (name[0] == '\0' || name[0] == '-' || name[0] == '_' ||
	    name[strspn(name, chars)] != '\0')
		snprintf(err, errlen, "a sink's name is lower case letters, "
		    "digits, - and _, and begins with a letter or digit");
	else if (strlen("sink-") + strlen(name) > MAX_SINK_SECRET)
		snprintf(err, errlen, "a sink's name is at most %zu "
		    "characters long", MAX_SINK_SECRET - strlen("sink-"));
	else
		return (0);
	return (-1);
}
