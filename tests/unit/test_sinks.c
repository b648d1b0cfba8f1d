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

#include <curl/curl.h>
#include <sodium.h>
#include <string.h>

#include "common/export.h"
#include "common/version.h"
#include "sinkd/names.h"
#include "sinkd/otlp_pb.h"
#include "sinkd/sink.h"
#include "tests/unit/test.h"

/* every kind's form of one row, and what every answer means */

#define TIME		1767323045123456ULL
#define OBSERVED	9	/* where in a record field 11 is, a clock */

static struct sink	 sink;
static struct chain_row	 row;
static char		 err[MAX_SINK_REASON];

static void
setup(enum sink_kind kind)
{
	size_t	 i;

	memset(&sink, 0, sizeof(sink));
	sink.rec.kind = kind;
	sink.rec.transport = SINK_TCP;
	strlcpy(sink.rec.source, "defenseclaw", sizeof(sink.rec.source));
	strlcpy(sink.rec.sourcetype, "_json", sizeof(sink.rec.sourcetype));
	strlcpy(sink.rec.logger_name, "defenseclaw.audit",
	    sizeof(sink.rec.logger_name));
	strlcpy(sink.hostname, "host one", sizeof(sink.hostname));
	memset(&row, 0, sizeof(row));
	row.seq = 7;
	row.alg = CHAIN_BLAKE2B;
	memset(row.device, 0x11, sizeof(row.device));
	memset(row.epoch, 0x22, sizeof(row.epoch));
	memset(row.salt, 0x33, sizeof(row.salt));
	memset(row.commitment, 0x44, sizeof(row.commitment));
	memset(row.prev, 0x55, sizeof(row.prev));
	memset(row.hash, 0x66, sizeof(row.hash));
	for (i = 0; i < sizeof(row.ev.id); i++)
		row.ev.id[i] = (uint8_t)(i + 1);
	row.ev.time_us = TIME;
	row.ev.severity = SEV_HIGH;
	row.ev.generation = 3;
	row.ev.field[EV_ACTION] = "tool-block";
	row.ev.field[EV_TARGET] = "a \"b\"";
	row.ev.field[EV_ACTOR] = "uid:1000";
	row.ev.field[EV_DETAILS] = "{\"n\":1}";
	row.ev.field[EV_TRACE_ID] = "4bf92f3577b34da6a3ce929d0e0e4736";
}

/* the event as this kind writes it; the caller's buffer ends with a NUL */
static size_t
written(const struct sink_ops *ops, char *buf, size_t size)
{
	struct wbuf	 w;
	size_t		 len;

	wbuf_init(&w, MAX_SINK_EVENT);
	CHECK_INT(ops->event(&sink, &row, &w, err, sizeof(err)), 0);
	CHECK(w.len < size);
	memcpy(buf, w.data, len = w.len);
	buf[len] = '\0';
	wbuf_free(&w);
	return (len);
}

static const char *
export_line(void)
{
	static char	 line[MAX_EXPORT_LINE];
	ssize_t		 n;

	CHECK((n = export_row_line(&row, line, sizeof(line))) > 0);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return (line);
}

static void
test_hec(void)
{
	static char	 got[65536], want[65536];

	setup(SINK_HEC);
	written(&sink_hec, got, sizeof(got));
	snprintf(want, sizeof(want), "{\"time\":1767323045.123456,\"source\":"
	    "\"defenseclaw\",\"sourcetype\":\"_json\",\"event\":%s}\n",
	    export_line());
	CHECK_STR(got, want);
	/* escapes of both layers */
	CHECK(strstr(got, "\"target\":\"a \\\"b\\\"\"") != NULL);
	CHECK(strstr(got, "\"seq\":7,") != NULL);

	/* never an exponent, never fewer digits */
	row.ev.time_us = 5;
	strlcpy(sink.rec.index, "a\"b\\c", sizeof(sink.rec.index));
	written(&sink_hec, got, sizeof(got));
	snprintf(want, sizeof(want), "{\"time\":0.000005,\"source\":"
	    "\"defenseclaw\",\"sourcetype\":\"_json\",\"index\":"
	    "\"a\\\"b\\\\c\",\"event\":%s}\n", export_line());
	CHECK_STR(got, want);

	strlcpy(sink.sourcetypes[0].name, "other", 64);
	strlcpy(sink.sourcetypes[0].value, "no", 64);
	strlcpy(sink.sourcetypes[1].name, "tool-block", 64);
	strlcpy(sink.sourcetypes[1].value, "dc:tool", 64);
	sink.nsourcetypes = 2;
	written(&sink_hec, got, sizeof(got));
	CHECK(strstr(got, "\"sourcetype\":\"dc:tool\",") != NULL);
	row.ev.field[EV_ACTION] = "tool-allow";
	written(&sink_hec, got, sizeof(got));
	CHECK(strstr(got, "\"sourcetype\":\"_json\",") != NULL);
}

static void
test_jsonl(void)
{
	static char	 got[65536], want[65536];

	setup(SINK_JSONL);
	snprintf(want, sizeof(want), "%s\n", export_line());
	written(&sink_jsonl, got, sizeof(got));
	CHECK_STR(got, want);
	written(&sink_file, got, sizeof(got));
	CHECK_STR(got, want);
	CHECK_STR(sink_jsonl.content_type(&sink), "application/x-ndjson");
}

static void
test_syslog(void)
{
	static char	 got[65536], want[65536], msg[65000];

	setup(SINK_SYSLOG);
	sink.rec.facility = 13;
	snprintf(msg, sizeof(msg), "<107>1 2026-01-02T03:04:05.123456Z "
	    "host_one defenseclaw - tool-block [defenseclaw@32473 seq=\"7\" "
	    "id=\"01020304-0506-0708-090a-0b0c0d0e0f10\" severity=\"HIGH\" "
	    "version=\"" DC_VERSION "\"] %s", export_line());
	written(&sink_syslog, got, sizeof(got));
	/* the count is of the octets that follow */
	snprintf(want, sizeof(want), "%zu %s", strlen(msg), msg);
	CHECK_STR(got, want);
	/* a datagram needs none */
	sink.rec.transport = SINK_LOCAL;
	written(&sink_syslog, got, sizeof(got));
	CHECK_STR(got, msg);

	/* a MSGID is at most 32 printable characters, and never empty */
	row.ev.field[EV_ACTION] = "a]b=c \"d\" and much more than there is "
	    "room for";
	written(&sink_syslog, got, sizeof(got));
	CHECK(strstr(got, " - a_b_c__d__and_much_more_than_the [") != NULL);
	row.ev.field[EV_ACTION] = "";
	strlcpy(sink.hostname, "", sizeof(sink.hostname));
	written(&sink_syslog, got, sizeof(got));
	CHECK(strstr(got, "Z - defenseclaw - - [") != NULL);
}

/* made by hand from logs.proto and specification.md */
static const char	 otlp_json[] =
	"{\"timeUnixNano\":\"1767323045123456000\",\"observedTimeUnixNano\""
	":\"0\",\"severityNumber\":17,\"severityText\":\"HIGH\",\"body\":{"
	"\"stringValue\":\"{\\\"action\\\":\\\"tool-block\\\",\\\"target\\"
	"\":\\\"a \\\\\\\"b\\\\\\\"\\\",\\\"details\\\":\\\"{\\\\\\\"n\\\\"
	"\\\":1}\\\"}\"},\"attributes\":[{\"key\":\"audit.id\",\"value\":{"
	"\"stringValue\":\"01020304-0506-0708-090a-0b0c0d0e0f10\"}},{\"key"
	"\":\"audit.severity\",\"value\":{\"stringValue\":\"HIGH\"}},{\"key"
	"\":\"audit.action\",\"value\":{\"stringValue\":\"tool-block\"}},{"
	"\"key\":\"audit.target\",\"value\":{\"stringValue\":\"a \\\"b\\\""
	"\"}},{\"key\":\"audit.actor\",\"value\":{\"stringValue\":\"uid:100"
	"0\"}},{\"key\":\"audit.run_id\",\"value\":{\"stringValue\":\"\"}},"
	"{\"key\":\"audit.trace_id\",\"value\":{\"stringValue\":\"4bf92f357"
	"7b34da6a3ce929d0e0e4736\"}},{\"key\":\"audit.request_id\",\"value"
	"\":{\"stringValue\":\"\"}},{\"key\":\"audit.details\",\"value\":{"
	"\"stringValue\":\"{\\\"n\\\":1}\"}},{\"key\":\"audit.seq\",\"value"
	"\":{\"stringValue\":\"7\"}},{\"key\":\"audit.generation\",\"value"
	"\":{\"stringValue\":\"3\"}},{\"key\":\"audit.device\",\"value\":{"
	"\"stringValue\":\"111111111111111111111111111111111111111111111111"
	"1111111111111111\"}},{\"key\":\"audit.epoch\",\"value\":{\"stringV"
	"alue\":\"22222222222222222222222222222222\"}},{\"key\":\"audit.has"
	"h_alg\",\"value\":{\"stringValue\":\"blake2b-256\"}},{\"key\":\"au"
	"dit.salt\",\"value\":{\"stringValue\":\"33333333333333333333333333"
	"333333\"}},{\"key\":\"audit.commitment\",\"value\":{\"stringValue"
	"\":\"4444444444444444444444444444444444444444444444444444444444444"
	"444\"}},{\"key\":\"audit.prev_hash\",\"value\":{\"stringValue\":\""
	"5555555555555555555555555555555555555555555555555555555555555555\""
	"}},{\"key\":\"audit.hash\",\"value\":{\"stringValue\":\"6666666666"
	"666666666666666666666666666666666666666666666666666666\"}}],\"trac"
	"eId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}";
static const char	 otlp_record[] =
	"\011\000\374\361#\362\312\206\030Y\000\000\000\000\000\000\000\000"
	"\020\021\032\004HIGH*B\012@{\"action\":\"tool-block\",\"target\":"
	"\"a \\\"b\\\"\",\"details\":\"{\\\"n\\\":1}\"}22\012\010audit.id"
	"\022&\012$01020304-0506-0708-090a-0b0c0d0e0f102\030\012\016audit.s"
	"everity\022\006\012\004HIGH2\034\012\014audit.action\022\014\012"
	"\012tool-block2\027\012\014audit.target\022\007\012\005a \"b\"2"
	"\031\012\013audit.actor\022\012\012\010uid:10002\022\012\014audit."
	"run_id\022\002\012\00024\012\016audit.trace_id\022\"\012 4bf92f357"
	"7b34da6a3ce929d0e0e47362\026\012\020audit.request_id\022\002\012"
	"\0002\032\012\015audit.details\022\011\012\007{\"n\":1}2\020\012"
	"\011audit.seq\022\003\012\00172\027\012\020audit.generation\022"
	"\003\012\00132R\012\014audit.device\022B\012@111111111111111111111"
	"111111111111111111111111111111111111111111121\012\013audit.epoch"
	"\022\"\012 222222222222222222222222222222222\037\012\016audit.hash"
	"_alg\022\015\012\013blake2b-25620\012\012audit.salt\022\"\012 3333"
	"33333333333333333333333333332V\012\020audit.commitment\022B\012@44"
	"444444444444444444444444444444444444444444444444444444444444442U"
	"\012\017audit.prev_hash\022B\012@555555555555555555555555555555555"
	"55555555555555555555555555555552P\012\012audit.hash\022B\012@66666"
	"66666666666666666666666666666666666666666666666666666666666J\020K"
	"\371/5w\263M\246\243\316\222\235\016\016G6";
static const char	 otlp_head[] =
	"\012\231\010\012h\012#\012\014service.name\022\023\012\021defensec"
	"law-audit\012\032\012\017service.version\022\007\012\0050.1.0\012%"
	"\012\025defenseclaw.component\022\014\012\012audit-sink\022\254"
	"\007\012\023\012\021defenseclaw.audit\022\224\007";

static void
test_otlp_json(void)
{
	static char	 got[65536], body[65536];
	struct wbuf	 events, w;
	char		*at, *end;
	size_t		 len, lens[2];

	setup(SINK_OTLP);
	len = written(&sink_otlp, got, sizeof(got));
	wbuf_init(&events, 65536);
	wbuf_put(&events, got, len);
	/* the clock of this machine is in the one field that is ours */
	CHECK((at = strstr(got, "\"observedTimeUnixNano\":\"")) != NULL);
	at += strlen("\"observedTimeUnixNano\":\"");
	CHECK((end = strchr(at, '"')) != NULL && end - at == 19);
	memmove(at + 1, end, strlen(end) + 1);
	*at = '0';
	CHECK_STR(got, otlp_json);

	wbuf_put(&events, "{}", 2);
	lens[0] = len;
	lens[1] = 2;
	wbuf_init(&w, 65536);
	CHECK_INT(sink_otlp.body(&sink, &events, lens, 2, &w), 0);
	memcpy(body, w.data, w.len);
	body[w.len] = '\0';
	CHECK(strncmp(body, "{\"resourceLogs\":[{\"resource\":{\"attributes\":"
	    "[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
	    "\"defenseclaw-audit\"}},", 100) == 0);
	CHECK(strstr(body, "]},\"scopeLogs\":[{\"scope\":{\"name\":"
	    "\"defenseclaw.audit\"},\"logRecords\":[{\"timeUnixNano\"") !=
	    NULL);
	CHECK_STR(body + w.len - 10, "},{}]}]}]}");
	CHECK_STR(sink_otlp.content_type(&sink), "application/json");
	wbuf_free(&w);
	wbuf_free(&events);
}

static void
test_otlp_protobuf(void)
{
	static char	 got[65536];
	struct wbuf	 events, w;
	size_t		 len, head = sizeof(otlp_head) - 1;

	setup(SINK_OTLP);
	sink.rec.protobuf = 1;
	len = written(&sink_otlp, got, sizeof(got));
	memset(got + OBSERVED + 1, 0, 8);
	CHECK_INT(len, sizeof(otlp_record) - 1);
	CHECK(memcmp(got, otlp_record, len) == 0);
	wbuf_init(&events, 65536);
	wbuf_put(&events, got, len);
	wbuf_init(&w, 65536);
	CHECK_INT(sink_otlp.body(&sink, &events, &len, 1, &w), 0);
	CHECK_INT(w.len, head + len);
	CHECK(memcmp(w.data, otlp_head, head) == 0);
	CHECK(memcmp((const char *)w.data + head, otlp_record, len) == 0);
	CHECK_STR(sink_otlp.content_type(&sink), "application/x-protobuf");
	wbuf_free(&w);
	wbuf_free(&events);
	/* no trace id but one of 16 bytes that are not all zero */
	row.ev.field[EV_TRACE_ID] = "00000000000000000000000000000000";
	CHECK_INT(written(&sink_otlp, got, sizeof(got)), len - 18);
}

static void
test_no_form(void)
{
	const struct sink_ops	*all[] = { &sink_otlp, &sink_syslog };
	struct wbuf		 w;
	size_t			 i;

	setup(SINK_OTLP);
	row.ev.severity = SEV_COUNT;
	for (i = 0; i < 2; i++) {
		wbuf_init(&w, 65536);
		CHECK_INT(all[i]->event(&sink, &row, &w, err, sizeof(err)),
		    -1);
		CHECK(!w.failed && err[0] != '\0');
		wbuf_free(&w);
	}
}

static struct judgement
judged(const struct sink_ops *ops, int http, const char *body)
{
	struct answer		 a;
	struct judgement	 j;

	memset(&a, 0, sizeof(a));
	a.http = http;
	a.body = body;
	a.len = strlen(body);
	a.retry_after_ms = -1;
	a.error = "";
	memset(&j, 0x5a, sizeof(j));
	ops->judge(&sink, &a, &j);
	return (j);
}

static void
test_hec_codes(void)
{
	/* Splunk's table, by code */
	static const struct {
		int		 http;
		enum outcome	 outcome;
	} table[] = {
		{ 200, OUT_DELIVERED }, { 403, OUT_HOLD }, { 401, OUT_HOLD },
		{ 401, OUT_HOLD }, { 403, OUT_HOLD }, { 400, OUT_HOLD },
		{ 400, OUT_BISECT }, { 400, OUT_HOLD }, { 500, OUT_RETRY },
		{ 503, OUT_RETRY }, { 400, OUT_HOLD }, { 400, OUT_RETRY },
		{ 400, OUT_BISECT }, { 400, OUT_BISECT }, { 400, OUT_RETRY },
		{ 400, OUT_BISECT }, { 400, OUT_HOLD }, { 200, OUT_DELIVERED },
		{ 503, OUT_RETRY }, { 503, OUT_RETRY }, { 503, OUT_RETRY },
		{ 400, OUT_HOLD }, { 400, OUT_HOLD }, { 503, OUT_RETRY },
		{ 200, OUT_DELIVERED }, { 200, OUT_DELIVERED },
		{ 429, OUT_RETRY }, { 429, OUT_RETRY },
	};
	struct judgement	 j;
	char			 body[128];
	int			 i;

	setup(SINK_HEC);
	for (i = 0; i <= 27; i++) {
		snprintf(body, sizeof(body), "{\"text\":\"x\",\"code\":%d}", i);
		j = judged(&sink_hec, table[i].http, body);
		CHECK_INT(j.outcome, table[i].outcome);
		CHECK_INT(j.code, i);
		CHECK_INT(j.bad_event, -1);
		CHECK_INT(j.new_channel, i == 11);
		CHECK_INT(j.no_ack, i == 14);
		CHECK_INT(j.slow_down, i == 24 || i == 25);
		CHECK_INT(j.reason[0] == '\0', j.outcome == OUT_DELIVERED);
		/* what says success with a status that does not is neither */
		if (j.outcome == OUT_DELIVERED)
			CHECK_INT(judged(&sink_hec, 500, body).outcome,
			    OUT_RETRY);
	}
}

static void
test_hec_details(void)
{
	struct judgement	 j;

	setup(SINK_HEC);
	j = judged(&sink_hec, 400, "{\"code\":6,\"invalid-event-number\":3}");
	CHECK_INT(j.bad_event, 3);
	j = judged(&sink_hec, 400, "{\"code\":6,\"invalid-event-number\":-3}");
	CHECK_INT(j.bad_event, -1);
	j = judged(&sink_hec, 200, "{\"code\":0,\"ackId\":0}");
	CHECK_INT(j.outcome, OUT_AWAIT_ACK);
	CHECK_INT(j.ack_id, 0);
	CHECK_INT(judged(&sink_hec, 200, "{\"code\":0,\"ackId\":-1}").outcome,
	    OUT_DELIVERED);
	CHECK_INT(judged(&sink_hec, 200, "\"OK\"").outcome, OUT_DELIVERED);
	/* a login page with 200 is no delivery */
	CHECK_INT(judged(&sink_hec, 200, "<html>").outcome, OUT_RETRY);
	CHECK_INT(judged(&sink_hec, 200, "").outcome, OUT_RETRY);
	CHECK_INT(judged(&sink_hec, 400, "<html>").outcome, OUT_HOLD);
	CHECK_INT(judged(&sink_hec, 413, "{\"code\":0}").outcome, OUT_SPLIT);
	CHECK_INT(judged(&sink_hec, 302, "").outcome, OUT_HOLD);
	CHECK_INT(judged(&sink_hec, 404, "").outcome, OUT_HOLD);
	CHECK_INT(judged(&sink_hec, 503, "").outcome, OUT_RETRY);
	CHECK_INT(judged(&sink_hec, 400, "{\"code\":9999}").outcome, OUT_HOLD);
	CHECK_INT(judged(&sink_hec, 400, "{\"code\":1e99}").outcome, OUT_HOLD);
}

static int	 acked[64];

static void
ack(uint64_t id, void *arg)
{
	CHECK(arg == acked && id < 64);
	acked[id]++;
}

static int
acks(const char *text)
{
	memset(acked, 0, sizeof(acked));
	return (hec_acks(text, strlen(text), ack, acked));
}

static void
test_hec_acks(void)
{
	CHECK_INT(acks("{\"acks\":{\"0\":true,\"1\":false,\"63\":true}}"), 2);
	CHECK(acked[0] == 1 && acked[1] == 0 && acked[63] == 1);
	CHECK_INT(acks("{\"acks\":{}}"), 0);
	CHECK_INT(acks("{\"acks\":{\"x\":true,\"-1\":true,\"1x\":true,\"\":"
	    "true,\"2\":1}}"), 0);
	CHECK_INT(acks("{\"acks\":[]}"), -1);
	CHECK_INT(acks("{}"), -1);
	CHECK_INT(acks(""), -1);
	CHECK_INT(acks("<html>"), -1);
}

static void
test_otlp_answers(void)
{
	/* only these four may be sent again */
	static const int	 again[] = { 429, 502, 503, 504 };
	static const int	 never[] = { 400, 408, 422, 500, 501, 505 };
	static const int	 hold[] = { 301, 307, 401, 403, 404, 405 };
	struct judgement	 j;
	size_t			 i;

	setup(SINK_OTLP);
	for (i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		CHECK_INT(judged(&sink_otlp, again[i], "").outcome, OUT_RETRY);
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		CHECK_INT(judged(&sink_otlp, never[i], "").outcome, OUT_DEAD);
	for (i = 0; i < sizeof(hold) / sizeof(hold[0]); i++)
		CHECK_INT(judged(&sink_otlp, hold[i], "").outcome, OUT_HOLD);
	CHECK_INT(judged(&sink_otlp, 413, "").outcome, OUT_SPLIT);
	CHECK_INT(judged(&sink_otlp, 200, "").outcome, OUT_DELIVERED);
	CHECK_INT(judged(&sink_otlp, 200, "{\"partialSuccess\":{}}").outcome,
	    OUT_DELIVERED);
	j = judged(&sink_otlp, 200, "{\"partialSuccess\":{"
	    "\"rejectedLogRecords\":\"12\",\"errorMessage\":\"old\\n\"}}");
	CHECK_INT(j.outcome, OUT_DEAD);
	CHECK_INT(j.rejected, 12);
	CHECK(strstr(j.reason, "old\\n") != NULL);
	/* the receiver's words stand apart, for auditd to redact */
	CHECK(strstr(j.reason, "rejected\x1f""old") != NULL);
	CHECK_INT(judged(&sink_otlp, 200, "{\"partialSuccess\":{"
	    "\"rejectedLogRecords\":3}}").rejected, 3);
	sink.rec.protobuf = 1;
	j = judged(&sink_otlp, 200, "\012\007\010\014\022\003old");
	CHECK_INT(j.outcome, OUT_DEAD);
	CHECK_INT(j.rejected, 12);
	CHECK(strstr(j.reason, "old") != NULL);
	/* a warning only, and bytes that are no message */
	j = judged(&sink_otlp, 200, "\012\005\022\003old");
	CHECK_INT(j.outcome, OUT_DELIVERED);
	CHECK_STR(j.reason, "accepted with a warning\x1f""old");
	sink.rec.protobuf = 0;
	j = judged(&sink_otlp, 200, "{\"partialSuccess\":{\"errorMessage\":"
	    "\"old\"}}");
	CHECK_INT(j.outcome, OUT_DELIVERED);
	CHECK_STR(j.reason, "accepted with a warning\x1f""old");
	sink.rec.protobuf = 1;
	CHECK_INT(judged(&sink_otlp, 200, "\012\177x").outcome,
	    OUT_DELIVERED);
	CHECK_INT(judged(&sink_otlp, 200, "\377\377\377\377\377\377\377\377"
	    "\377\377\377\377").outcome, OUT_DELIVERED);
}

static void
test_jsonl_answers(void)
{
	static const struct {
		int		 http;
		enum outcome	 outcome;
	} table[] = {
		{ 200, OUT_DELIVERED }, { 202, OUT_DELIVERED },
		{ 204, OUT_DELIVERED }, { 301, OUT_HOLD }, { 302, OUT_HOLD },
		{ 308, OUT_HOLD }, { 400, OUT_BISECT }, { 401, OUT_HOLD },
		{ 403, OUT_HOLD }, { 404, OUT_HOLD }, { 405, OUT_HOLD },
		{ 407, OUT_HOLD }, { 408, OUT_RETRY }, { 413, OUT_SPLIT },
		{ 415, OUT_HOLD }, { 422, OUT_BISECT }, { 425, OUT_RETRY },
		{ 429, OUT_RETRY }, { 500, OUT_RETRY }, { 502, OUT_RETRY },
		{ 503, OUT_RETRY }, { 504, OUT_RETRY }, { 599, OUT_RETRY },
	};
	size_t	 i;

	setup(SINK_JSONL);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		CHECK_INT(judged(&sink_jsonl, table[i].http, "x").outcome,
		    table[i].outcome);
}

static void
test_transport(void)
{
	static const struct {
		int		 curl;
		enum outcome	 outcome;
	} table[] = {
		{ CURLE_PEER_FAILED_VERIFICATION, OUT_HOLD },
		{ CURLE_SSL_CERTPROBLEM, OUT_HOLD },
		{ CURLE_SSL_CONNECT_ERROR, OUT_HOLD },
		{ CURLE_SSL_PINNEDPUBKEYNOTMATCH, OUT_HOLD },
		{ CURLE_COULDNT_CONNECT, OUT_RETRY },
		{ CURLE_OPERATION_TIMEDOUT, OUT_RETRY },
		{ CURLE_GOT_NOTHING, OUT_RETRY },
	}, proxies[] = {
		{ 200, OUT_RETRY }, { 403, OUT_HOLD }, { 405, OUT_HOLD },
		{ 407, OUT_HOLD }, { 408, OUT_RETRY }, { 429, OUT_RETRY },
		{ 500, OUT_RETRY }, { 502, OUT_RETRY }, { 503, OUT_RETRY },
	};
	struct answer		 a;
	struct judgement	 j;
	size_t			 i;

	memset(&a, 0, sizeof(a));
	a.body = a.error = "";
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		a.curl = table[i].curl;
		sink_judge_transport(&a, &j);
		CHECK_INT(j.outcome, table[i].outcome);
		CHECK(j.reason[0] != '\0');
	}
	/* a proxy that refuses is not a receiver that is away */
	a.curl = CURLE_RECV_ERROR;
	for (i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
		a.proxy = proxies[i].curl;
		sink_judge_transport(&a, &j);
		CHECK_INT(j.outcome, proxies[i].outcome);
		if (a.proxy >= 400)
			CHECK(strstr(j.reason, "proxy") != NULL);
	}
	a.proxy = 0;
	/* no terminal is fooled by a receiver */
	a.error = "a\033[2Jb\n";
	sink_judge_transport(&a, &j);
	CHECK(strchr(j.reason, '\033') == NULL && strchr(j.reason, '\n') ==
	    NULL);
}

static void
test_hosts(void)
{
	static const char	 text[] = "127.0.0.1 localhost\n"
	    "# 10.0.0.1 gone\n10.0.0.2\tHost.Example host # c\r\n"
	    "fd00::1 host.example\n10.0.0.2 other host.example\n"
	    "not-an-address host.example\n   10.0.0.9   far   \n";
	struct resolved		 r;
	char			 many[64 * 40] = "";
	int			 i;

	memset(&r, 0, sizeof(r));
	CHECK_INT(names_hosts(text, "host.EXAMPLE", &r), 3);
	CHECK_INT(r.addr[0].family, 2);
	CHECK(memcmp(r.addr[0].addr, "\12\0\0\2", 4) == 0);
	CHECK_INT(r.addr[1].family, 10);
	memset(&r, 0, sizeof(r));
	CHECK_INT(names_hosts(text, "gone", &r), 0);
	CHECK_INT(names_hosts(text, "far", &r), 1);
	for (i = 0; i < 40; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
		    "10.1.1.%d n\n", i);
	memset(&r, 0, sizeof(r));
	CHECK_INT(names_hosts(many, "n", &r), MAX_RESOLVED);
}

static void
test_resolv_conf(void)
{
	struct resolv_conf	 rc;
	char			 text[] = "; c\nnameserver 10.0.0.1 # x\n"
	    "search a.example b.example\nnameserver fe80::1%eth0\n"
	    "nameserver\t::1\r\nnameserver 10.0.0.4\ndomain c.example\n"
	    "options ndots:3\n";

	names_resolv_conf(&rc, text);
	/* three are looked at, as everywhere; one of them is no address */
	CHECK_STR(rc.servers, "10.0.0.1,[::1]:53");
	CHECK_INT(rc.nsearch, 1);
	CHECK_STR(rc.search[0], "c.example");
	CHECK(names_valid("a-b.c_d.example.") && names_valid("x"));
	CHECK(!names_valid("") && !names_valid("-x") && !names_valid(".x") &&
	    !names_valid("a b") && !names_valid("a/b") &&
	    !names_valid("a\n"));
}

int
main(void)
{
	CHECK(sodium_init() != -1);
	RUN(test_hec);
	RUN(test_jsonl);
	RUN(test_syslog);
	RUN(test_otlp_json);
	RUN(test_otlp_protobuf);
	RUN(test_no_form);
	RUN(test_hec_codes);
	RUN(test_hec_details);
	RUN(test_hec_acks);
	RUN(test_otlp_answers);
	RUN(test_jsonl_answers);
	RUN(test_transport);
	RUN(test_hosts);
	RUN(test_resolv_conf);
	return (0);
}
