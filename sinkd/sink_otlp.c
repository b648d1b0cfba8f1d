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

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/version.h"
#include "sink.h"
#include "otlp_pb.h"

/*
 * OTLP/HTTP logs (opentelemetry-proto, specification.md and
 * logs/v1/logs.proto), as JSON or as protocol buffers: one resource, one
 * scope, a log record per event.
 */

#define OTLP_SERVICE	"defenseclaw-audit"
#define MAX_OTLP_REASON	160	/* bytes of a receiver's text that are kept */

/* attributes that are there even when empty, as existing queries expect */
static const struct otlp_attr {
	enum event_field	 field;
	const char		*key;
	int			 always;
} attrs[] = {
	{ EV_ACTION,		"audit.action",		1 },
	{ EV_TARGET,		"audit.target",		1 },
	{ EV_ACTOR,		"audit.actor",		1 },
	{ EV_RUN_ID,		"audit.run_id",		1 },
	{ EV_TRACE_ID,		"audit.trace_id",	1 },
	{ EV_REQUEST_ID,	"audit.request_id",	1 },
	{ EV_DETAILS,		"audit.details",	0 },
	{ EV_SESSION_ID,	"audit.session_id",	0 },
	{ EV_AGENT_NAME,	"audit.agent_name",	0 },
	{ EV_AGENT_ID,		"audit.agent_id",	0 },
	{ EV_AGENT_INSTANCE_ID,	"audit.agent_instance_id", 0 },
	{ EV_SIDECAR_INSTANCE_ID, "audit.sidecar_instance_id", 0 },
	{ EV_POLICY_ID,		"audit.policy_id",	0 },
	{ EV_DESTINATION_APP,	"audit.destination_app", 0 },
	{ EV_TOOL_NAME,		"audit.tool_name",	0 },
	{ EV_TOOL_ID,		"audit.tool_id",	0 },
	{ EV_CONTENT_HASH,	"audit.content_hash",	0 },
	{ EV_BINARY_VERSION,	"audit.binary_version",	0 },
};
#define NATTRS	(sizeof(attrs) / sizeof(attrs[0]))

/* logs data model, SeverityNumber */
static const int	severities[SEV_COUNT] = { 0, 9, 9, 13, 17, 21 };

/* calls put for every attribute of a row, in the order of the table */
static void
each_attr(const struct chain_row *row, void (*put)(struct wbuf *,
    const char *, const char *), struct wbuf *w)
{
	char		 text[2 * CHAIN_HASH_LEN + 1];
	const char	*v;
	size_t		 i;

	event_uuid(row->ev.id, text);
	put(w, "audit.id", text);
	put(w, "audit.severity", severity_name(row->ev.severity));
	for (i = 0; i < NATTRS; i++) {
		v = row->ev.field[attrs[i].field];
		if (v != NULL || attrs[i].always)
			put(w, attrs[i].key, v != NULL ? v : "");
	}
	snprintf(text, sizeof(text), "%" PRIu64, row->seq);
	put(w, "audit.seq", text);
	snprintf(text, sizeof(text), "%" PRIu64, row->ev.generation);
	put(w, "audit.generation", text);
#define HEX(key, bin) do {						\
	sodium_bin2hex(text, sizeof(text), row->bin, sizeof(row->bin));	\
	put(w, key, text);						\
} while (0)
	HEX("audit.device", device);
	HEX("audit.epoch", epoch);
	put(w, "audit.hash_alg", chain_alg_name(row->alg));
	HEX("audit.salt", salt);
	HEX("audit.commitment", commitment);
	HEX("audit.prev_hash", prev);
	HEX("audit.hash", hash);
#undef HEX
}

/* the record's text: what was done, to what, and the details */
static void
body_text(const struct chain_row *row, struct wbuf *w)
{
	static const enum event_field	 shown[] = { EV_ACTION, EV_TARGET,
					    EV_DETAILS };
	const char			*v;
	size_t				 i, n = 0;

	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		v = row->ev.field[shown[i]];
		if (v == NULL && shown[i] == EV_DETAILS)
			continue;
		wbuf_put(w, n++ == 0 ? "{" : ",", 1);
		sink_string(w, event_field_name(shown[i]));
		sink_put(w, ":");
		sink_string(w, v != NULL ? v : "");
	}
	wbuf_put(w, "}", 2);	/* with its NUL */
}

/* a trace id in the record's own field only when it is one: W3C, 16 bytes */
static int
trace_id(const struct chain_row *row, uint8_t id[16])
{
	const char	*t = row->ev.field[EV_TRACE_ID];
	size_t		 n;

	return (t != NULL && strlen(t) == 32 && sodium_hex2bin(id, 16, t, 32,
	    NULL, &n, NULL) == 0 && n == 16 && !sodium_is_zero(id, 16));
}

static void
json_attr(struct wbuf *w, const char *key, const char *value)
{
	if (w->len != 0 && w->data[w->len - 1] != '[')
		sink_put(w, ",");
	sink_put(w, "{\"key\":");
	sink_string(w, key);
	sink_put(w, ",\"value\":{\"stringValue\":");
	sink_string(w, value);
	sink_put(w, "}}");
}

static void
json_event(const struct chain_row *row, const struct wbuf *text,
    struct wbuf *w)
{
	char	 buf[256], hex[33];
	uint8_t	 id[16];
	int	 n;

	n = snprintf(buf, sizeof(buf), "{\"timeUnixNano\":\"%" PRIu64
	    "000\",\"observedTimeUnixNano\":\"%" PRIu64 "000\","
	    "\"severityNumber\":%d,\"severityText\":\"%s\",\"body\":"
	    "{\"stringValue\":", row->ev.time_us, clock_wall_us(),
	    severities[row->ev.severity], severity_name(row->ev.severity));
	wbuf_put(w, buf, (size_t)n);
	sink_string(w, (const char *)text->data);
	sink_put(w, "},\"attributes\":[");
	each_attr(row, json_attr, w);
	sink_put(w, "]");
	if (trace_id(row, id)) {
		sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
		n = snprintf(buf, sizeof(buf), ",\"traceId\":\"%s\"", hex);
		wbuf_put(w, buf, (size_t)n);
	}
	sink_put(w, "}");
}

static void
pb_event(const struct chain_row *row, const struct wbuf *text,
    struct wbuf *w)
{
	uint8_t	 id[16];

	pb_fixed64(w, 1, row->ev.time_us * 1000);
	pb_fixed64(w, 11, clock_wall_us() * 1000);
	pb_uint(w, 2, (uint64_t)severities[row->ev.severity]);
	pb_string(w, 3, severity_name(row->ev.severity));
	pb_any_string(w, 5, (const char *)text->data);
	each_attr(row, pb_attr, w);
	if (trace_id(row, id))
		pb_bytes(w, 9, id, sizeof(id));
}

static int
otlp_event(const struct sink *s, const struct chain_row *row, struct wbuf *w,
    char *err, size_t errlen)
{
	static struct wbuf	 text;
	static int		 ready;

	if (row->ev.severity >= SEV_COUNT ||
	    chain_alg_name(row->alg) == NULL) {
		snprintf(err, errlen, "row %" PRIu64 " has no OTLP form",
		    row->seq);
		return (-1);
	}
	if (!ready) {
		wbuf_init(&text, MAX_SINK_EVENT);
		ready = 1;
	}
	wbuf_reset(&text);
	body_text(row, &text);
	if (text.failed) {
		snprintf(err, errlen, "row %" PRIu64 " is too long", row->seq);
		return (-1);
	}
	if (s->rec.protobuf)
		pb_event(row, &text, w);
	else
		json_event(row, &text, w);
	return (w->failed ? -1 : 0);
}

static void
json_body(const struct sink *s, const struct wbuf *events,
    const size_t *lens, size_t n, struct wbuf *b)
{
	const uint8_t	*p = events->data;
	size_t		 i;

	sink_put(b, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
	json_attr(b, "service.name", OTLP_SERVICE);
	json_attr(b, "service.version", DC_VERSION);
	json_attr(b, "defenseclaw.component", "audit-sink");
	sink_put(b, "]},\"scopeLogs\":[{\"scope\":{\"name\":");
	sink_string(b, s->rec.logger_name);
	sink_put(b, "},\"logRecords\":[");
	for (i = 0; i < n; i++) {
		if (i != 0)
			sink_put(b, ",");
		wbuf_put(b, p, lens[i]);
		p += lens[i];
	}
	sink_put(b, "]}]}]}");
}

/*
 * Lengths come before what they count: the inner parts are measured first.
 */
static void
pb_body(const struct sink *s, const struct wbuf *events, const size_t *lens,
    size_t n, struct wbuf *b)
{
	struct wbuf	 resource, scope;
	const uint8_t	*p = events->data;
	size_t		 i, records = 0, scope_logs, resource_logs;

	wbuf_init(&resource, 1024);
	wbuf_init(&scope, 1024);
	pb_resource_attr(&resource, "service.name", OTLP_SERVICE);
	pb_resource_attr(&resource, "service.version", DC_VERSION);
	pb_resource_attr(&resource, "defenseclaw.component", "audit-sink");
	pb_string(&scope, 1, s->rec.logger_name);
	for (i = 0; i < n; i++)
		records += pb_len_size(2, lens[i]);
	scope_logs = pb_len_size(1, scope.len) + records;
	resource_logs = pb_len_size(1, resource.len) +
	    pb_len_size(2, scope_logs);
	pb_len(b, 1, resource_logs);
	pb_bytes(b, 1, resource.data, resource.len);
	pb_len(b, 2, scope_logs);
	pb_bytes(b, 1, scope.data, scope.len);
	for (i = 0; i < n; i++) {
		pb_bytes(b, 2, p, lens[i]);
		p += lens[i];
	}
	if (resource.failed || scope.failed)
		b->failed = 1;
	wbuf_free(&resource);
	wbuf_free(&scope);
}

static int
otlp_body(const struct sink *s, const struct wbuf *events,
    const size_t *lens, size_t n, struct wbuf *body)
{
	if (s->rec.protobuf)
		pb_body(s, events, lens, n, body);
	else
		json_body(s, events, lens, n, body);
	return (body->failed ? -1 : 0);
}

static const char *
otlp_type(const struct sink *s)
{
	return (s->rec.protobuf ? "application/x-protobuf" :
	    "application/json");
}

/* a 64-bit number is a string in OTLP's JSON; some write a number */
static uint64_t
json_count(const json_t *v)
{
	if (json_is_integer(v) && json_integer_value(v) > 0)
		return ((uint64_t)json_integer_value(v));
	if (json_is_string(v))
		return (strtoull(json_string_value(v), NULL, 10));
	return (0);
}

static uint64_t
partial_json(const struct answer *a, char *text, size_t size)
{
	const json_t	*p;
	const char	*msg;
	json_t		*root;
	char		 err[MAX_JSON_ERR];
	uint64_t	 n;

	root = json_strict(a->body, a->len, err);
	p = json_object_get(root, "partialSuccess");
	n = json_count(json_object_get(p, "rejectedLogRecords"));
	if ((msg = json_str(p, "errorMessage")) != NULL)
		snprintf(text, size, "%.*s", MAX_OTLP_REASON, msg);
	json_decref(root);
	return (n);
}

/*
 * Specification: retry 429, 502, 503 and 504 only; every other 4xx and 5xx
 * and a partial success must not be sent again.  One with a text and none
 * rejected is a warning.
 */
static void
otlp_judge(const struct sink *s, const struct answer *a,
    struct judgement *j)
{
	char	 text[MAX_OTLP_REASON + 1] = "";

	memset(j, 0, sizeof(*j));
	j->bad_event = -1;
	sink_judge_status(a, j);
	switch (a->http) {
	case 429:
	case 502:
	case 503:
	case 504:
		sink_judged(j, OUT_RETRY, -1, "HTTP %d", a->http);
		return;
	case 200:
		break;
	default:
		if (j->outcome == OUT_RETRY || j->outcome == OUT_BISECT)
			sink_judged(j, OUT_DEAD, -1, "HTTP %d, which OTLP "
			    "forbids to send again", a->http);
		return;
	}
	if (a->truncated)
		return;
	j->rejected = s->rec.protobuf ? pb_partial(a->body, a->len, text,
	    sizeof(text)) : partial_json(a, text, sizeof(text));
	if (j->rejected != 0) {
		uint64_t	 n = j->rejected;

		sink_judged(j, OUT_DEAD, -1, "partial success: %" PRIu64
		    " records rejected", n);
		sink_said(j, text);
		j->rejected = n;
	} else if (text[0] != '\0') {
		sink_judged(j, OUT_DELIVERED, -1, "accepted with a warning");
		sink_said(j, text);
	}
}

const struct sink_ops	sink_otlp = {
	SINK_OTLP, otlp_event, otlp_body, otlp_type, otlp_judge
};
