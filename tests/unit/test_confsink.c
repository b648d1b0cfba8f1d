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

#include "ctl/confparse.h"
#include "tests/unit/test.h"

static struct conf		 conf;
static struct conf_report	 rep;
static char			 msg[MAX_CONF_MSG];

/* 0, or -1 with the first error in msg */
static int
parse(const char *text)
{
	int	i, rv;

	rv = conf_parse(text, strlen(text), "c", &conf, &rep);
	for (i = 0; i < rep.nmsgs && rep.msgs[i].is_warning; i++)
		continue;
	msg[0] = '\0';
	if (rv == -1)
		conf_msg_text(&rep, &rep.msgs[i], msg, sizeof(msg));
	return (rv);
}

/* one sink of a kind with these lines of its section and of its own */
static int
sink(const char *kind, const char *section, const char *own)
{
	char	text[8192];

	snprintf(text, sizeof(text), "audit_sinks:\n- name: s\n  kind: %s\n"
	    "%s%s%s%s%s", kind, own, section[0] != '\0' ? "  " : "",
	    section[0] != '\0' ? kind : "", section[0] != '\0' ? ": " : "",
	    section);
	return (parse(text));
}

static void
fails(const char *kind, const char *section, const char *own,
    const char *want)
{
	if (sink(kind, section, own) == 0 || strcmp(msg, want) != 0)
		fprintf(stderr, "%s %s%s\n", kind, own, section);
	CHECK_STR(msg, want);
}

/* a table that could contradict itself must not */
static void
table(void)
{
	struct conf_sink	 s, d;
	const struct key	*k;
	char			 text[MAX_CONF_URL], err[MAX_SCHEMA_ERR];
	const char		*dot;
	int			 i, j;

	schema_sink_defaults(&s);
	for (i = 0; i < schema_nsink_keys; i++) {
		k = &schema_sink_keys[i];
		CHECK(schema_sink_find(k->path) == k);
		CHECK_STR(schema_sink_nearest(k->path), k->path);
		CHECK(k->help[0] != '\0');
		CHECK(k->flags & KEYF_RELOAD);
		schema_get(k, &s, text, sizeof(text));
		CHECK(strcmp(k->path, "name") == 0 ||
		    schema_set(k, text, &d, err, sizeof(err)) == 0);
		/* the same field of several kinds begins the same */
		for (j = 0; j < schema_nsink_keys; j++)
			CHECK(schema_sink_keys[j].off != k->off ||
			    strcmp(schema_sink_keys[j].def, k->def) == 0);
		if ((dot = strchr(k->path, '.')) == NULL)
			continue;
		for (j = 0; schema_sink_kinds[j] != NULL; j++)
			if (strncmp(schema_sink_kinds[j], k->path,
			    (size_t)(dot - k->path)) == 0)
				break;
		CHECK(schema_sink_kinds[j] != NULL);
		s.kind = j;
		CHECK(schema_sink_concerns(k, &s));
		s.kind = (j + 1) % 5;
		CHECK(!schema_sink_concerns(k, &s));
		s.kind = 0;
	}
	CHECK(schema_sink_find("splunk_hec.token") == NULL);
	CHECK(schema_sink_find("audit_sinks") == NULL);
}

/* the file with every key, and what it becomes */
static void
every_key(void)
{
	const struct conf_sink	*s;
	char			 text[16384];
	FILE			*f;
	size_t			 n;

	CHECK((f = fopen("tests/unit/conf/sinks.yaml", "r")) != NULL);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	if (parse(text) == -1)
		fprintf(stderr, "%s\n", msg);
	CHECK_STR(msg, "");
	CHECK_INT(conf.nsinks, 7);
	s = &conf.sinks[0];
	CHECK_STR(s->name, "hec");
	CHECK_INT(s->kind, CONF_SINK_HEC);
	CHECK_INT(s->enabled, 0);
	CHECK_INT(s->batch_size, 8192);
	CHECK_INT(s->batch_kb, 16);
	CHECK_INT(s->flush_interval_s, 0);
	CHECK_INT(s->timeout_s, 300);
	CHECK_STR(s->min_severity, "MEDIUM");
	CHECK_INT(s->nactions, 2);
	CHECK_STR(s->actions[1], "sink.rejected");
	CHECK_STR(s->start, "beginning");
	CHECK_STR(s->token_secret, "sink-hec");
	CHECK_STR(s->ca_file, "/etc/ca.pem");
	CHECK_STR(s->client_cert, "/etc/c.pem");
	CHECK_STR(s->client_key, "/etc/c.key");
	CHECK_STR(s->proxy_host, "proxy");
	CHECK_INT(s->proxy_port, 3128);
	CHECK_STR(s->url, "https://s:8088/services/collector/event");
	CHECK_STR(s->index, "i");
	CHECK_STR(s->source, "o");
	CHECK_STR(s->sourcetype, "t");
	CHECK_INT(s->nsourcetypes, 2);
	CHECK_STR(s->sourcetypes[1].name, "c d");
	CHECK_STR(s->sourcetypes[1].value, "e");
	CHECK_INT(s->use_ack, 1);
	CHECK_INT(s->ack_timeout_s, 10);
	CHECK_INT(s->verify_tls, 0);
	CHECK_INT(s->gzip, 1);
	s = &conf.sinks[1];
	CHECK_STR(s->start, "12");
	CHECK_STR(s->host, "fd00::1");
	CHECK_STR(s->url, "http://[fd00::1]:4318/x");
	CHECK_INT(s->encoding, 1);
	CHECK_INT(s->nheaders, 1);
	CHECK_STR(s->headers[0].name, "X-Scope");
	CHECK_STR(s->headers[0].value, "a b");
	CHECK_STR(s->logger_name, "l");
	CHECK_STR(s->auth_header, "X-Key");
	s = &conf.sinks[2];
	CHECK_STR(s->url, "http://10.0.0.1:80/a?b");
	CHECK_INT(s->method, 1);
	CHECK_INT(s->nheaders, 0);
	s = &conf.sinks[3];
	CHECK_INT(s->transport, CONF_SYSLOG_TLS);
	CHECK_INT(s->port, 514);
	CHECK_INT(s->tls, 1);
	CHECK_INT(s->facility, 10);
	s = &conf.sinks[4];
	CHECK_INT(s->transport, CONF_SYSLOG_LOCAL);
	CHECK_STR(s->path, "/run/log");
	s = &conf.sinks[5];
	CHECK_INT(s->rotate_mb, 4095);
	CHECK_INT(s->rotate_files, 3);
	/* and what none of them says */
	s = &conf.sinks[6];
	CHECK_INT(s->enabled, 1);
	CHECK_INT(s->batch_size, 500);
	CHECK_INT(s->batch_kb, 512);
	CHECK_INT(s->flush_interval_s, 1);
	CHECK_INT(s->timeout_s, 10);
	CHECK_STR(s->start, "now");
	CHECK_INT(s->verify_tls, 1);
	CHECK_INT(s->rotate_mb, 100);
}

/* where each form of an endpoint leads */
static void
endpoints(void)
{
	static const struct {
		const char	*kind, *section, *url;
	} good[] = {
		{ "splunk_hec", "{endpoint: 'https://h'}",
		  "https://h:8088/services/collector/event" },
		{ "splunk_hec", "{endpoint: 'HTTP://h:1/'}",
		  "http://h:1/services/collector/event" },
		{ "splunk_hec", "{endpoint: 'https://h/services/collector'}",
		  "https://h:8088/services/collector/event" },
		{ "splunk_hec", "{endpoint: 'https://[::1]:9/raw'}",
		  "https://[::1]:9/raw" },
		{ "otlp_logs", "{endpoint: c}", "https://c:4318/v1/logs" },
		{ "otlp_logs", "{endpoint: 'c:4319', insecure: true}",
		  "http://c:4319/v1/logs" },
		/* the scheme says it better */
		{ "otlp_logs", "{endpoint: 'https://c/in', insecure: true}",
		  "https://c:4318/in" },
		{ "otlp_logs", "{endpoint: 'http://c/in', url_path: /x}",
		  "http://c:4318/x" },
		{ "http_jsonl", "{url: 'https://h'}", "https://h:443/" },
		{ "http_jsonl", "{url: 'http://h:8/a/b?c=d'}",
		  "http://h:8/a/b?c=d" },
	};
	size_t	i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (sink(good[i].kind, good[i].section,
		    "  token_secret: t\n") == -1)
			fprintf(stderr, "%s: %s\n", good[i].section, msg);
		CHECK_STR(msg, "");
		CHECK_STR(conf.sinks[0].url, good[i].url);
	}
	CHECK_INT(sink("syslog", "{endpoint: 'h'}", ""), 0);
	CHECK_INT(conf.sinks[0].port, 601);
	CHECK_INT(sink("syslog", "{endpoint: 'h', transport: tls}", ""), 0);
	CHECK_INT(conf.sinks[0].port, 6514);
	CHECK_INT(sink("syslog", "{transport: local}", ""), 0);
}

#define TOK	"  token_secret: t\n"
#define HEC	"{endpoint: 'https://h'}"

/* file, line, key, and what to do */
static void
complaints(void)
{
	fails("splunk_hec", HEC, "", "c:2:audit_sinks[0].token_secret: a HEC "
	    "needs a token: `setup observability add' takes it with "
	    "--token-file");
	fails("splunk_hec", "{endpoint: 'https://h', token: x}", TOK,
	    "c:5:audit_sinks[0].splunk_hec.token: a secret is not read from "
	    "here: `setup observability add' puts it into secrets/ with "
	    "--token -, --token-file or --token-env, `config import' moves "
	    "it");
	fails("splunk_hec", "{}", TOK, "c:2:audit_sinks[0].splunk_hec."
	    "endpoint: must begin with http:// or https://");
	fails("splunk_hec", "{endpoint: 'https://u:p@h'}", TOK, "c:2:"
	    "audit_sinks[0].splunk_hec.endpoint: must not hold a user or "
	    "password; a token goes into secrets/");
	fails("splunk_hec", "{endpoint: 'https://:1'}", TOK, "c:2:audit_sinks"
	    "[0].splunk_hec.endpoint: names no host and port");
	fails("splunk_hec", "{endpoint: 'https://h:0'}", TOK, "c:2:audit_sinks"
	    "[0].splunk_hec.endpoint: names no host and port");
	fails("splunk_hec", "{endpoint: 'https://h:65536'}", TOK, "c:2:"
	    "audit_sinks[0].splunk_hec.endpoint: names no host and port");
	fails("splunk_hec", "{endpoint: 'https://h/a b'}", TOK, "c:2:"
	    "audit_sinks[0].splunk_hec.endpoint: holds a character that a "
	    "URL has not");
	fails("splunk_hec", HEC, TOK "  client_cert: /c\n", "c:2:audit_sinks"
	    "[0].client_cert: a client certificate and its key come "
	    "together");
	fails("splunk_hec", HEC, TOK "  pin: sha256//abc\n", "c:2:audit_sinks"
	    "[0].pin: must be sha256// and the 44 characters of a base64 "
	    "digest");
	fails("splunk_hec", HEC, TOK "  proxy: p\n", "c:2:audit_sinks[0]."
	    "proxy: must be HOST:PORT");
	fails("splunk_hec", HEC, TOK "  ca_file: ca.pem\n", "c:5:audit_sinks"
	    "[0].ca_file: must be an absolute path");
	fails("otlp_logs", "{endpoint: h, protocol: grpc}", "", "c:2:"
	    "audit_sinks[0].otlp_logs.protocol: grpc is not supported: use "
	    "http, port 4318 of most collectors");
	fails("otlp_logs", "{endpoint: h, url_path: x}", "", "c:2:audit_sinks"
	    "[0].otlp_logs.url_path: must begin with a slash");
	fails("otlp_logs", "{endpoint: h, headers: {'a b': c}}", "", "c:2:"
	    "audit_sinks[0].headers: holds a name that is none, or one that "
	    "is set here");
	fails("otlp_logs", "{endpoint: h, headers: {Content-Length: 1}}", "",
	    "c:2:audit_sinks[0].headers: holds a name that is none, or one "
	    "that is set here");
	fails("otlp_logs", "{endpoint: h, headers: [a]}", "", "c:4:"
	    "audit_sinks[0].otlp_logs.headers: must be a list of \"name: "
	    "value\"");
	fails("http_jsonl", "{url: 'http://h', bearer_token: x}", "", "c:4:"
	    "audit_sinks[0].http_jsonl.bearer_token: a secret is not read "
	    "from here: `setup observability add' puts it into secrets/ with "
	    "--token -, --token-file or --token-env, `config import' moves "
	    "it");
	fails("syslog", "", "", "c:2:audit_sinks[0].syslog.endpoint: must be "
	    "HOST:PORT");
	fails("syslog", "{endpoint: 'h:x'}", "", "c:2:audit_sinks[0].syslog."
	    "endpoint: must be HOST:PORT");
	fails("file", "", "  start: 0\n", "c:2:audit_sinks[0].start: must be "
	    "now, beginning or a sequence");
	fails("file", "", "  min_severity: loud\n", "c:2:audit_sinks[0]."
	    "min_severity: must be INFO, LOW, MEDIUM, HIGH or CRITICAL");
	fails("file", "", "  batch_sise: 1\n", "c:4:audit_sinks[0]."
	    "batch_sise: unknown key; the nearest known one is batch_size");
	fails("file", "", "  enabled: yes\n", "c:4:audit_sinks[0].enabled: "
	    "must be true or false");
	fails("file", "", "  batch_size: '1'\n", "c:4:audit_sinks[0]."
	    "batch_size: must be written without quotes");
	fails("file", "", "  batch_size: [1]\n", "c:4:audit_sinks[0]."
	    "batch_size: must be a single value");
}

/* each number one step beyond its ends, each text one byte too long */
static void
limits(void)
{
	const struct key	*k;
	char			 text[4096], err[MAX_SCHEMA_ERR];
	struct conf_sink	 s;
	size_t			 n;
	int			 i;

	schema_sink_defaults(&s);
	for (i = 0; i < schema_nsink_keys; i++) {
		k = &schema_sink_keys[i];
		if (k->type == KEY_INT) {
			snprintf(text, sizeof(text), "%d", k->min);
			CHECK_INT(schema_set(k, text, &s, err, sizeof(err)),
			    0);
			snprintf(text, sizeof(text), "%d", k->max);
			CHECK_INT(schema_set(k, text, &s, err, sizeof(err)),
			    0);
			snprintf(text, sizeof(text), "%d", k->max + 1);
			CHECK_INT(schema_set(k, text, &s, err, sizeof(err)),
			    -1);
			snprintf(text, sizeof(text), "%d", k->min - 1);
			CHECK_INT(schema_set(k, text, &s, err, sizeof(err)),
			    -1);
		} else if (k->type != KEY_BOOL && k->type != KEY_ENUM) {
			CHECK(k->size < sizeof(text));
			memset(text, 'a', sizeof(text));
			text[0] = k->type == KEY_PATH ? '/' : 'a';
			text[k->size - 1] = '\0';
			CHECK_INT(schema_set(k, text, &s, err, sizeof(err)),
			    0);
			text[k->size - 1] = 'a';
			text[k->size] = '\0';
			CHECK_INT(schema_set(k, text, &s, err, sizeof(err)),
			    -1);
		}
	}
	/* 16 actions and no more; each at most 63 bytes */
	strlcpy(text, "  actions: [a", sizeof(text));
	for (i = 1; i < MAX_SINK_ACTIONS; i++)
		strlcat(text, ", a", sizeof(text));
	n = strlen(text);
	strlcat(text, "]\n", sizeof(text));
	CHECK_INT(sink("file", "", text), 0);
	CHECK_INT(conf.sinks[0].nactions, MAX_SINK_ACTIONS);
	text[n] = '\0';
	strlcat(text, ", a]\n", sizeof(text));
	fails("file", "", text, "c:4:audit_sinks[0].actions[16]: must be the "
	    "name of an action, at most 16 of them");
	memset(text, 'a', 100);
	memcpy(text, "  actions: [", 12);
	memcpy(text + 12 + 63, "]\n", 3);
	CHECK_INT(sink("file", "", text), 0);
	memcpy(text + 12 + 63, "a]\n", 4);
	CHECK_INT(sink("file", "", text), -1);
}

/* the hash of the configuration knows every key of every sink */
static void
hashed(void)
{
	static const char *const own[] = { "", "  enabled: false\n",
	    "  actions: [a]\n", "  actions: [b]\n", "  start: 7\n",
	    "  batch_size: 7\n" };
	unsigned char	hash[8][CONF_HASH_LEN];
	size_t		i, j, n = sizeof(own) / sizeof(own[0]);

	for (i = 0; i < n; i++) {
		CHECK_INT(sink("file", "", own[i]), 0);
		conf_hash(&conf, hash[i]);
	}
	CHECK_INT(sink("otlp_logs", "{endpoint: h, headers: {a: b}}", ""), 0);
	conf_hash(&conf, hash[n++]);
	CHECK_INT(sink("otlp_logs", "{endpoint: h, headers: {a: c}}", ""), 0);
	conf_hash(&conf, hash[n++]);
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			CHECK(memcmp(hash[i], hash[j], CONF_HASH_LEN) != 0);
	CHECK_INT(sink("otlp_logs", "\n    # as before\n    headers: {a: c}\n"
	    "    endpoint: h\n", ""), 0);
	conf_hash(&conf, hash[0]);
	CHECK(memcmp(hash[0], hash[n - 1], CONF_HASH_LEN) == 0);
}

int
main(void)
{
	RUN(table);
	RUN(every_key);
	RUN(endpoints);
	RUN(complaints);
	RUN(limits);
	RUN(hashed);
	return (0);
}
