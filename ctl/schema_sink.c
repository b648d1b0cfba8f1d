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

#include <sys/types.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "schema.h"

#define NEAR	3	/* characters wrong in a key of a sink */

const char *const schema_sink_kinds[] = { "splunk_hec", "otlp_logs",
    "http_jsonl", "syslog", "file", "webhook", NULL };
static const char *const webhooks[] = { "slack", "pagerduty", "webex",
    "generic", NULL };
static const char *const encodings[] = { "json", "protobuf", NULL };
static const char *const methods[] = { "POST", "PUT", "PATCH", NULL };
static const char *const transports[] = { "tcp", "tls", "local", NULL };
/* RFC 5424, table 1 */
static const char *const facilities[] = { "kern", "user", "mail", "daemon",
    "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3",
    "local4", "local5", "local6", "local7", NULL };

#define FIELD(f)	offsetof(struct conf_sink, f),			\
    sizeof(((struct conf_sink *)0)->f)
#define R		KEYF_RELOAD
#define E		(KEYF_RELOAD | KEYF_EMPTY)
#define BOOL(p, f, d, h)	{ p, KEY_BOOL, R, FIELD(f), 0, 1, NULL, d, h }
#define INT(p, f, lo, hi, d, h)						\
	{ p, KEY_INT, R, FIELD(f), lo, hi, NULL, d, h }
#define ENUM(p, f, c, d, h)	{ p, KEY_ENUM, R, FIELD(f), 0, 0, c, d, h }
#define TEXT(p, f, t, fl, d, h)	{ p, t, fl, FIELD(f), 0, 0, NULL, d, h }

const struct key schema_sink_keys[] = {
	TEXT("name", name, KEY_STRING, R, "",
	    "its name: lower case, digits, - and _"),
	ENUM("kind", kind, schema_sink_kinds, "splunk_hec",
	    "what kind of receiver it is"),
	BOOL("enabled", enabled, "true", "false: nothing is sent, and the "
	    "place in the log is kept"),
	INT("batch_size", batch_size, 1, 8192, "500",
	    "events of one request at most"),
	INT("batch_kb", batch_kb, 16, 4096, "512",
	    "KiB of one request at most, before compression"),
	INT("flush_interval_s", flush_interval_s, 0, 600, "1",
	    "seconds a request may wait to fill"),
	INT("timeout_s", timeout_s, 1, 300, "10", "seconds for one request"),
	TEXT("min_severity", min_severity, KEY_STRING, E, "",
	    "LOW, MEDIUM, HIGH or CRITICAL: nothing below it is sent"),
	TEXT("start", start, KEY_STRING, R, "now", "where a new sink begins: "
	    "now, beginning, or a sequence"),
	TEXT("token_secret", token_secret, KEY_NAME, E | KEYF_SECRET, "",
	    "file below secrets/ that holds the receiver's token"),
	TEXT("ca_file", ca_file, KEY_PATH, E, "",
	    "PEM of the CA; empty: the host's trust store"),
	TEXT("ca_cert", ca_file, KEY_PATH, E, "", "the same as ca_file"),
	TEXT("client_cert", client_cert, KEY_PATH, E, "",
	    "PEM of a client certificate"),
	TEXT("client_key", client_key, KEY_PATH, E | KEYF_SECRET, "",
	    "PEM of its key, mode 0600"),
	TEXT("pin", pin, KEY_STRING, E, "", "sha256//BASE64 of the only "
	    "public key that is accepted"),
	TEXT("proxy", proxy, KEY_STRING, E, "",
	    "HOST:PORT of an HTTP proxy; the environment's is ignored"),

	TEXT("splunk_hec.endpoint", endpoint, KEY_STRING, E, "",
	    "URL; without a path /services/collector/event is added"),
	TEXT("splunk_hec.index", index, KEY_STRING, E, "",
	    "index; empty: the token's own"),
	TEXT("splunk_hec.source", source, KEY_STRING, R, "defenseclaw",
	    "source of each event"),
	TEXT("splunk_hec.sourcetype", sourcetype, KEY_STRING, R, "_json",
	    "sourcetype of each event"),
	BOOL("splunk_hec.use_ack", use_ack, "false",
	    "wait for the indexer's acknowledgement"),
	INT("splunk_hec.ack_timeout_s", ack_timeout_s, 10, 3600, "300",
	    "seconds after which what is not acknowledged is sent again"),
	BOOL("splunk_hec.verify_tls", verify_tls, "true",
	    "false: any certificate is taken"),
	BOOL("splunk_hec.gzip", gzip, "false", "compress requests"),

	TEXT("otlp_logs.endpoint", endpoint, KEY_STRING, E, "",
	    "URL, or HOST:PORT"),
	TEXT("otlp_logs.protocol", protocol, KEY_STRING, R, "http",
	    "http; grpc is not supported"),
	ENUM("otlp_logs.encoding", encoding, encodings, "json",
	    "form of the body"),
	TEXT("otlp_logs.url_path", url_path, KEY_STRING, E, "",
	    "path; empty: that of the URL, or /v1/logs"),
	BOOL("otlp_logs.insecure", insecure, "false",
	    "plain HTTP where the endpoint names no scheme"),
	BOOL("otlp_logs.verify_tls", verify_tls, "true",
	    "false: any certificate is taken"),
	BOOL("otlp_logs.gzip", gzip, "false", "compress requests"),
	TEXT("otlp_logs.logger_name", logger_name, KEY_STRING, R,
	    "defenseclaw.audit", "name of the scope"),
	TEXT("otlp_logs.auth_header", auth_header, KEY_STRING, E, "",
	    "header that takes the token; empty: Authorization: Bearer"),

	TEXT("http_jsonl.url", endpoint, KEY_STRING, E, "", "URL"),
	ENUM("http_jsonl.method", method, methods, "POST", "request method"),
	BOOL("http_jsonl.verify_tls", verify_tls, "true",
	    "false: any certificate is taken"),
	BOOL("http_jsonl.gzip", gzip, "false", "compress requests"),
	TEXT("http_jsonl.auth_header", auth_header, KEY_STRING, E, "",
	    "header that takes the token; empty: Authorization: Bearer"),

	TEXT("syslog.endpoint", endpoint, KEY_STRING, E, "", "HOST:PORT"),
	ENUM("syslog.transport", transport, transports, "tcp",
	    "local is the host's own socket"),
	ENUM("syslog.facility", facility, facilities, "local0", "facility"),
	TEXT("syslog.path", path, KEY_PATH, E, "",
	    "the local socket; empty: /dev/log"),
	BOOL("syslog.verify_tls", verify_tls, "true",
	    "false: any certificate is taken"),

	INT("file.rotate_mb", rotate_mb, 1, 4095, "100",
	    "MiB at which a new file is begun"),
	INT("file.rotate_files", rotate_files, 0, 100000, "0",
	    "finished files that are kept; 0: all"),

	ENUM("webhook.type", webhook, webhooks, "generic",
	    "what its receiver understands"),
	TEXT("webhook.url", endpoint, KEY_STRING, E, "",
	    "URL; of slack without the part that is secret, which is the "
	    "token"),
	TEXT("webhook.room_id", room_id, KEY_STRING, E, "",
	    "webex: the room that is told"),
	INT("webhook.cooldown_seconds", cooldown_seconds, 0, 86400, "300",
	    "seconds in which one action on one target is told once; 0: "
	    "each time"),
	BOOL("webhook.verify_tls", verify_tls, "true",
	    "false: any certificate is taken"),
};
const int schema_nsink_keys =
    sizeof(schema_sink_keys) / sizeof(schema_sink_keys[0]);

const struct key *
schema_sink_find(const char *path)
{
	int	i;

	for (i = 0; i < schema_nsink_keys; i++)
		if (strcmp(schema_sink_keys[i].path, path) == 0)
			return (&schema_sink_keys[i]);
	return (NULL);
}

const char *
schema_sink_nearest(const char *path)
{
	const char	*best = NULL;
	int		 i, d, bestd = NEAR + 1;

	for (i = 0; i < schema_nsink_keys; i++) {
		d = schema_distance(path, schema_sink_keys[i].path);
		if (d < bestd) {
			bestd = d;
			best = schema_sink_keys[i].path;
		}
	}
	return (best);
}

int
schema_sink_concerns(const struct key *k, const struct conf_sink *s)
{
	const char	*kind = schema_sink_kinds[s->kind];
	size_t		 n = strlen(kind);

	if (strcmp(k->path, "ca_cert") == 0)
		return (0);
	return (strchr(k->path, '.') == NULL ||
	    (strncmp(k->path, kind, n) == 0 && k->path[n] == '.'));
}

void
schema_sink_defaults(struct conf_sink *s)
{
	char	err[MAX_SCHEMA_ERR];
	int	i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < schema_nsink_keys; i++)
		if (schema_sink_keys[i].def[0] != '\0' &&
		    schema_set(&schema_sink_keys[i], schema_sink_keys[i].def,
		    s, err, sizeof(err)) == -1)
			abort();	/* the table contradicts itself */
}

static int
wrong(const char **key, const char *what, char *err, size_t errlen,
    const char *text)
{
	*key = what;
	strlcpy(err, text, errlen);
	return (-1);
}

/* "host:port", "[v6]:port"; port -1: none is given */
static int
host_port(const char *s, size_t len, char *host, size_t size, int *port)
{
	const char	*end = s + len, *h = s, *hend, *p;
	int		 n = 0;

	if (len != 0 && *s == '[') {
		h = s + 1;
		if ((hend = memchr(h, ']', len - 1)) == NULL)
			return (-1);
		p = hend + 1;
	} else {
		if ((hend = memchr(s, ':', len)) == NULL)
			hend = end;
		p = hend;
	}
	if (hend == h || (size_t)(hend - h) >= size)
		return (-1);
	memcpy(host, h, (size_t)(hend - h));
	host[hend - h] = '\0';
	if (host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
	    "qrstuvwxyz0123456789.-_:")] != '\0')
		return (-1);
	*port = -1;
	if (p == end)
		return (0);
	if (*p++ != ':' || p == end || end - p > 5)
		return (-1);
	for (; p < end; p++) {
		if (!isdigit((unsigned char)*p))
			return (-1);
		n = n * 10 + (*p - '0');
	}
	if (n < 1 || n > 65535)
		return (-1);
	*port = n;
	return (0);
}

int
schema_url(const char *url, char *host, size_t size, int *port, int *tls,
    const char **path, char *err, size_t errlen)
{
	const char	*p, *why = NULL;
	size_t		 len;

	if (strncasecmp(url, "https://", 8) == 0) {
		*tls = 1;
		p = url + 8;
	} else if (strncasecmp(url, "http://", 7) == 0) {
		*tls = 0;
		p = url + 7;
	} else {
		strlcpy(err, "must begin with http:// or https://", errlen);
		return (-1);
	}
	len = strcspn(p, "/?#");
	*path = p + len;
	if (memchr(p, '@', len) != NULL)
		why = "must not hold a user or password; a token goes into "
		    "secrets/";
	else if (strpbrk(*path, "# \t\"<>\\^`{|}") != NULL)
		why = "holds a character that a URL has not";
	else if (host_port(p, len, host, size, port) == -1)
		why = "names no host and port";
	if (why == NULL)
		return (0);
	strlcpy(err, why, errlen);
	return (-1);
}

static int
url_parse(struct conf_sink *s, const char *url, const char *key,
    const char **at, char *err, size_t errlen)
{
	const char	*path;

	if (schema_url(url, s->host, sizeof(s->host), &s->port, &s->tls,
	    &path, err, errlen) == 0)
		return (0);
	*at = key;
	return (-1);
}

static int
url_make(struct conf_sink *s, const char *key, const char *path,
    const char **at, char *err, size_t errlen)
{
	int	n;

	n = snprintf(s->url, sizeof(s->url), strchr(s->host, ':') != NULL ?
	    "%s://[%s]:%d%s" : "%s://%s:%d%s", s->tls ? "https" : "http",
	    s->host, s->port, path);
	if (n < 0 || (size_t)n >= sizeof(s->url))
		return (wrong(at, key, err, errlen, "is too long"));
	return (0);
}

static const char *
url_path_of(const char *url)
{
	const char	*p = strstr(url, "://");

	p = p != NULL ? p + 3 : url;
	return (p + strcspn(p, "/?"));
}

static int
check_hec(struct conf_sink *s, const char **at, char *err, size_t errlen)
{
	const char	*key = "splunk_hec.endpoint", *path;

	if (url_parse(s, s->endpoint, key, at, err, errlen) == -1)
		return (-1);
	if (s->port == -1)
		s->port = 8088;
	path = url_path_of(s->endpoint);
	if (path[0] == '\0' || strcmp(path, "/") == 0)
		path = "/services/collector/event";
	else if (strcmp(path, "/services/collector") == 0)
		path = "/services/collector/event";
	return (url_make(s, key, path, at, err, errlen));
}

static int
check_otlp(struct conf_sink *s, const char **at, char *err, size_t errlen)
{
	const char	*key = "otlp_logs.endpoint", *path;
	char		 url[MAX_CONF_URL + 16];

	if (strcmp(s->protocol, "grpc") == 0)
		return (wrong(at, "otlp_logs.protocol", err, errlen, "grpc is "
		    "not supported: use http, port 4318 of most collectors"));
	if (strcmp(s->protocol, "http") != 0)
		return (wrong(at, "otlp_logs.protocol", err, errlen,
		    "must be http"));
	if (strstr(s->endpoint, "://") == NULL)
		snprintf(url, sizeof(url), "%s://%s", s->insecure ? "http" :
		    "https", s->endpoint);
	else
		strlcpy(url, s->endpoint, sizeof(url));
	if (url_parse(s, url, key, at, err, errlen) == -1)
		return (-1);
	if (s->port == -1)
		s->port = 4318;
	path = s->url_path[0] != '\0' ? s->url_path : url_path_of(url);
	if (path[0] == '\0' || strcmp(path, "/") == 0)
		path = "/v1/logs";
	if (path[0] != '/')
		return (wrong(at, "otlp_logs.url_path", err, errlen,
		    "must begin with a slash"));
	return (url_make(s, key, path, at, err, errlen));
}

static int
check_jsonl(struct conf_sink *s, const char **at, char *err, size_t errlen)
{
	const char	*key = "http_jsonl.url", *path;

	if (url_parse(s, s->endpoint, key, at, err, errlen) == -1)
		return (-1);
	if (s->port == -1)
		s->port = s->tls ? 443 : 80;
	path = url_path_of(s->endpoint);
	return (url_make(s, key, path[0] == '/' ? path : "/", at, err,
	    errlen));
}

static int
check_webhook(struct conf_sink *s, const char **at, char *err, size_t errlen)
{
	static const char *const tokens[] = { NULL, "a routing key",
	    "a bot's token", NULL };
	const char	*key = "webhook.url", *path;

	if (url_parse(s, s->endpoint, key, at, err, errlen) == -1)
		return (-1);
	if (s->port == -1)
		s->port = s->tls ? 443 : 80;
	if (s->token_secret[0] == '\0' && tokens[s->webhook] != NULL) {
		*at = "token_secret";
		snprintf(err, errlen, "%s needs %s: `setup webhook add' "
		    "takes it with --token-file", webhooks[s->webhook],
		    tokens[s->webhook]);
		return (-1);
	}
	if (s->webhook == WEBHOOK_WEBEX && s->room_id[0] == '\0')
		return (wrong(at, "webhook.room_id", err, errlen,
		    "webex needs a room"));
	path = url_path_of(s->endpoint);
	return (url_make(s, key, path[0] == '/' ? path : "/", at, err,
	    errlen));
}

static int
check_syslog(struct conf_sink *s, const char **at, char *err, size_t errlen)
{
	const char	*key = "syslog.endpoint";

	s->tls = s->transport == CONF_SYSLOG_TLS;
	if (s->transport == CONF_SYSLOG_LOCAL)
		return (0);
	if (host_port(s->endpoint, strlen(s->endpoint), s->host,
	    sizeof(s->host), &s->port) == -1)
		return (wrong(at, key, err, errlen, "must be HOST:PORT"));
	if (s->port == -1)	/* RFC 6587 and RFC 5425 */
		s->port = s->tls ? 6514 : 601;
	return (0);
}

static int
name_ok(const char *s)
{
	return (s[0] != '\0' && s[0] != '-' && s[0] != '_' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0');
}

static int
start_ok(const char *s)
{
	return (strcmp(s, "now") == 0 || strcmp(s, "beginning") == 0 ||
	    (s[0] >= '1' && s[0] <= '9' && strlen(s) <= 18 &&
	    s[strspn(s, "0123456789")] == '\0'));
}

static int
check_general(struct conf_sink *s, const char **at, char *err, size_t errlen)
{
	enum severity	sev;

	if (!name_ok(s->name))
		return (wrong(at, "name", err, errlen, "must be lower case "
		    "letters, digits, - and _, beginning with a letter or "
		    "digit"));
	if (s->min_severity[0] != '\0' &&
	    severity_parse(s->min_severity, &sev) == -1)
		return (wrong(at, "min_severity", err, errlen, "must be "
		    "INFO, LOW, MEDIUM, HIGH or CRITICAL"));
	if (!start_ok(s->start))
		return (wrong(at, "start", err, errlen, "must be now, "
		    "beginning or a sequence"));
	if ((s->client_cert[0] == '\0') != (s->client_key[0] == '\0'))
		return (wrong(at, "client_cert", err, errlen, "a client "
		    "certificate and its key come together"));
	if (s->pin[0] != '\0' && (strncmp(s->pin, "sha256//", 8) != 0 ||
	    strlen(s->pin) != 8 + 44))
		return (wrong(at, "pin", err, errlen, "must be sha256// and "
		    "the 44 characters of a base64 digest"));
	if (s->proxy[0] != '\0' && (host_port(s->proxy, strlen(s->proxy),
	    s->proxy_host, sizeof(s->proxy_host), &s->proxy_port) == -1 ||
	    s->proxy_port == -1))
		return (wrong(at, "proxy", err, errlen, "must be HOST:PORT"));
	return (0);
}

/* RFC 9110, 5.6.2 and 5.5 */
static int
headers_ok(const struct conf_sink *s)
{
	static const char	 token[] = "!#$%&'*+-.^_`|~0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char		*n;
	int			 i;

	for (i = 0; i < s->nheaders; i++) {
		n = s->headers[i].name;
		if (n[0] == '\0' || n[strspn(n, token)] != '\0' ||
		    strcasecmp(n, "host") == 0 ||
		    strcasecmp(n, "content-length") == 0 ||
		    strcasecmp(n, "transfer-encoding") == 0)
			return (0);
	}
	return (1);
}

int
schema_sink_check(struct conf_sink *s, const char **at, char *err,
    size_t errlen)
{
	if (check_general(s, at, err, errlen) == -1)
		return (-1);
	if (!headers_ok(s))
		return (wrong(at, "headers", err, errlen, "holds a name that "
		    "is none, or one that is set here"));
	switch (s->kind) {
	case CONF_SINK_HEC:
		if (s->token_secret[0] == '\0')
			return (wrong(at, "token_secret", err, errlen,
			    "a HEC needs a token: `setup observability add' "
			    "takes it with --token-file"));
		return (check_hec(s, at, err, errlen));
	case CONF_SINK_OTLP:
		return (check_otlp(s, at, err, errlen));
	case CONF_SINK_JSONL:
		return (check_jsonl(s, at, err, errlen));
	case CONF_SINK_SYSLOG:
		return (check_syslog(s, at, err, errlen));
	case CONF_SINK_WEBHOOK:
		return (check_webhook(s, at, err, errlen));
	default:
		return (0);
	}
}
