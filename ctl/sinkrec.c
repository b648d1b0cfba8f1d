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

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/records.h"
#include "sinkrec.h"

/* what events have a sourcetype of their own, as existing searches expect */
static const struct conf_pair sourcetypes[] = {
	{ "llm-judge-response", "defenseclaw:judge" },
	{ "guardrail-verdict", "defenseclaw:verdict" },
};

static void
pair_add(struct wbuf *w, enum record_type type, const struct conf_pair *p)
{
	struct rec_pair	 r;

	memset(&r, 0, sizeof(r));
	strlcpy(r.name, p->name, sizeof(r.name));
	strlcpy(r.value, p->value, sizeof(r.value));
	records_add(w, type, &r, sizeof(r));
}

void
sinkrec_outbox(const struct conf_sink *s, struct wbuf *w)
{
	struct rec_outbox	 r;
	enum severity		 sev = SEV_NONE;
	int			 i;

	memset(&r, 0, sizeof(r));
	strlcpy(r.name, s->name, sizeof(r.name));
	r.kind = (uint32_t)s->kind + SINK_HEC;
	r.enabled = (uint32_t)s->enabled;
	if (s->min_severity[0] != '\0')
		(void)severity_parse(s->min_severity, &sev);
	r.min_severity = sev;
	if (strcmp(s->start, "beginning") == 0)
		r.start = 1;
	else if (strcmp(s->start, "now") != 0)
		r.start = strtoull(s->start, NULL, 10);
	r.nactions = (uint32_t)s->nactions;
	for (i = 0; i < s->nactions; i++)
		strlcpy(r.actions[i], s->actions[i], sizeof(r.actions[i]));
	records_add(w, REC_OUTBOX, &r, sizeof(r));
}

static enum sink_transport
transport_of(const struct conf_sink *s)
{
	if (s->kind == CONF_SINK_FILE)
		return (SINK_DIR);
	if (s->kind == CONF_SINK_SYSLOG && s->transport == CONF_SYSLOG_LOCAL)
		return (SINK_LOCAL);
	return (s->tls ? SINK_TLS : SINK_TCP);
}

void
sinkrec_sink(const struct conf_sink *s, struct wbuf *w)
{
	static const char *const	 methods[] = { "POST", "PUT", "PATCH" };
	struct rec_sink			 r;
	size_t				 n;
	int				 i;

	memset(&r, 0, sizeof(r));
	strlcpy(r.name, s->name, sizeof(r.name));
	strlcpy(r.token_name, s->token_secret, sizeof(r.token_name));
	r.kind = (uint32_t)s->kind + SINK_HEC;
	r.transport = transport_of(s);
	r.verify_tls = (uint32_t)s->verify_tls;
	r.gzip = (uint32_t)s->gzip;
	r.use_ack = (uint32_t)s->use_ack;
	r.protobuf = (uint32_t)s->encoding;
	r.facility = (uint32_t)s->facility;
	/* a notification is about one event */
	r.batch_events = s->kind == CONF_SINK_WEBHOOK ? 1 :
	    (uint32_t)s->batch_size;
	r.batch_bytes = (uint32_t)s->batch_kb * 1024;
	r.flush_ms = (uint32_t)s->flush_interval_s * 1000;
	r.timeout_ms = (uint32_t)s->timeout_s * 1000;
	r.ack_timeout_ms = (uint32_t)s->ack_timeout_s * 1000;
	r.rotate_bytes = (uint32_t)s->rotate_mb * 1024 * 1024;
	r.rotate_files = (uint32_t)s->rotate_files;
	r.webhook = (uint32_t)s->webhook;
	/* of every other kind each event is delivered */
	if (s->kind == CONF_SINK_WEBHOOK)
		r.cooldown_s = (uint32_t)s->cooldown_seconds;
	strlcpy(r.room_id, s->room_id, sizeof(r.room_id));
	strlcpy(r.host, s->host, sizeof(r.host));
	strlcpy(r.url, s->url, sizeof(r.url));
	strlcpy(r.proxy_host, s->proxy_host, sizeof(r.proxy_host));
	r.port = (uint32_t)(s->proxy_host[0] != '\0' ? s->proxy_port :
	    s->port);
	r.target_port = (uint32_t)s->port;
	strlcpy(r.method, methods[s->method], sizeof(r.method));
	strlcpy(r.auth_header, s->auth_header, sizeof(r.auth_header));
	strlcpy(r.index, s->index, sizeof(r.index));
	strlcpy(r.source, s->source, sizeof(r.source));
	strlcpy(r.sourcetype, s->sourcetype, sizeof(r.sourcetype));
	strlcpy(r.logger_name, s->logger_name, sizeof(r.logger_name));
	strlcpy(r.pin, s->pin, sizeof(r.pin));
	records_add(w, REC_SINK, &r, sizeof(r));
	for (i = 0; i < s->nheaders; i++)
		pair_add(w, REC_SINK_HEADER, &s->headers[i]);
	if (s->kind != CONF_SINK_HEC)
		return;
	/* the operator's come first, and the first one counts */
	for (i = 0; i < s->nsourcetypes; i++)
		pair_add(w, REC_SINK_SOURCETYPE, &s->sourcetypes[i]);
	for (n = 0; n < sizeof(sourcetypes) / sizeof(sourcetypes[0]); n++)
		pair_add(w, REC_SINK_SOURCETYPE, &sourcetypes[n]);
}

void
sinkrec_plan(const struct conf_sink *s, struct plan_sink *p)
{
	const char	*host = s->proxy_host[0] != '\0' ? s->proxy_host :
			    s->host;
	char		 addr[16];

	memset(p, 0, sizeof(*p));
	strlcpy(p->name, s->name, sizeof(p->name));
	strlcpy(p->secret, s->token_secret, sizeof(p->secret));
	strlcpy(p->ca_file, s->ca_file, sizeof(p->ca_file));
	strlcpy(p->cert_file, s->client_cert, sizeof(p->cert_file));
	strlcpy(p->key_file, s->client_key, sizeof(p->key_file));
	if (transport_of(s) == SINK_LOCAL)
		strlcpy(p->syslog, s->path[0] != '\0' ? s->path : "/dev/log",
		    sizeof(p->syslog));
	p->wants_ca = transport_of(s) == SINK_TLS && s->verify_tls;
	p->wants_dir = transport_of(s) == SINK_DIR;
	p->wants_dns = host[0] != '\0' && inet_pton(AF_INET, host, addr) != 1 &&
	    inet_pton(AF_INET6, host, addr) != 1;
}
