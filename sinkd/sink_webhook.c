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
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "common/utf8.h"
#include "sink.h"

/*
 * Notifications for people: Slack's incoming webhooks (also Mattermost's and
 * Rocket.Chat's), PagerDuty's Events API v2, Webex's messages, and a JSON
 * object that is signed.  One event is one request.
 */

#define MAX_SHOWN	500	/* bytes of the details */
#define MAX_LINE	256	/* bytes of an action or target in a line */

static const char *
field(const struct chain_row *row, enum event_field f)
{
	const char	*v = row->ev.field[f];

	return (v != NULL ? v : "");
}

/* cut where a character ends */
static json_t *
cut(const char *s, size_t max)
{
	size_t	n = strlen(s);

	if (n > max)
		for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	return (json_stringn(s, n));
}

static json_t *
slack(const struct chain_row *row, const char *id, const char *when)
{
	static const char *const colours[SEV_COUNT] = {
		[SEV_NONE] = "#439FE0", [SEV_INFO] = "#439FE0",
		[SEV_LOW] = "#36A64F", [SEV_MEDIUM] = "#FFCC00",
		[SEV_HIGH] = "#FF6600", [SEV_CRITICAL] = "#FF0000" };
	char	title[MAX_LINE], sev[MAX_LINE], target[MAX_LINE + 16];
	char	context[128], details[MAX_SHOWN + 32];
	json_t	*j;

	snprintf(title, sizeof(title), "DefenseClaw: %.100s",
	    field(row, EV_ACTION));
	snprintf(sev, sizeof(sev), "*Severity:* %s",
	    severity_name(row->ev.severity));
	snprintf(context, sizeof(context), "Event ID: %s | %s", id, when);
	j = cut(field(row, EV_TARGET), MAX_LINE);
	snprintf(target, sizeof(target), "*Target:* %s",
	    json_string_value(j));
	json_decref(j);
	j = cut(field(row, EV_DETAILS), MAX_SHOWN);
	snprintf(details, sizeof(details), "*Details:* %s",
	    json_string_value(j));
	json_decref(j);
	return (json_pack("{s:[{s:s,s:[{s:s,s:{s:s,s:s}},{s:s,s:[{s:s,s:s},"
	    "{s:s,s:s},{s:s,s:s}]},{s:s,s:[{s:s,s:s}]}]}]}", "attachments",
	    "color", colours[row->ev.severity], "blocks", "type", "header",
	    "text", "type", "plain_text", "text", title, "type", "section",
	    "fields", "type", "mrkdwn", "text", sev, "type", "mrkdwn", "text",
	    target, "type", "mrkdwn", "text", details, "type", "context",
	    "elements", "type", "mrkdwn", "text", context));
}

/* without its routing key, which the body has */
static json_t *
pagerduty(const struct chain_row *row, const char *id, const char *when)
{
	static const char *const words[SEV_COUNT] = { "info", "info", "info",
	    "warning", "error", "critical" };
	char	summary[2 * MAX_LINE + 32], key[3 * MAX_LINE];

	snprintf(summary, sizeof(summary), "DefenseClaw: %.200s %.200s",
	    field(row, EV_ACTION), utf8_valid(field(row, EV_TARGET),
	    strnlen(field(row, EV_TARGET), 200)) ? field(row, EV_TARGET) :
	    "");
	snprintf(key, sizeof(key), "defenseclaw-%.200s-%.200s",
	    utf8_valid(field(row, EV_TARGET), strnlen(field(row, EV_TARGET),
	    200)) ? field(row, EV_TARGET) : id, field(row, EV_ACTION));
	return (json_pack("{s:s,s:s,s:{s:s,s:s,s:s,s:s,s:{s:s,s:o,s:s,s:o,"
	    "s:s}}}", "event_action", "trigger", "dedup_key", key, "payload",
	    "summary", summary, "source", "defenseclaw", "severity",
	    words[row->ev.severity], "timestamp", when, "custom_details",
	    "action", field(row, EV_ACTION), "target",
	    cut(field(row, EV_TARGET), MAX_LINE), "severity",
	    severity_name(row->ev.severity), "details",
	    cut(field(row, EV_DETAILS), MAX_SHOWN), "event_id", id));
}

static json_t *
webex(const struct sink *s, const struct chain_row *row, const char *id,
    const char *when)
{
	char	 text[MAX_SHOWN + 3 * MAX_LINE + 256];
	json_t	*target, *details, *j;

	target = cut(field(row, EV_TARGET), MAX_LINE);
	details = cut(field(row, EV_DETAILS), MAX_SHOWN);
	snprintf(text, sizeof(text), "**DefenseClaw: %.200s**\n\n- severity: "
	    "%s\n- target: %s\n- details: %s\n- event: %s, %s",
	    field(row, EV_ACTION), severity_name(row->ev.severity),
	    json_string_value(target), json_string_value(details), id, when);
	j = json_pack("{s:s,s:s}", "markdown", text, "roomId",
	    s->rec.room_id);
	json_decref(target);
	json_decref(details);
	return (j);
}

static json_t *
generic(const struct chain_row *row, const char *id, const char *when)
{
	return (json_pack("{s:s,s:s,s:{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,"
	    "s:I}}", "webhook_type", "defenseclaw_enforcement",
	    "defenseclaw_version", "1.0", "event", "id", id, "timestamp",
	    when, "action", field(row, EV_ACTION), "target",
	    field(row, EV_TARGET), "actor", field(row, EV_ACTOR), "details",
	    field(row, EV_DETAILS), "severity",
	    severity_name(row->ev.severity), "run_id",
	    field(row, EV_RUN_ID), "trace_id", field(row, EV_TRACE_ID),
	    "seq", (json_int_t)row->seq));
}

static int
webhook_event(const struct sink *s, const struct chain_row *row,
    struct wbuf *w, char *err, size_t errlen)
{
	char	 id[EVENT_UUID_SIZE], when[EVENT_TIME_SIZE], *text = NULL;
	json_t	*j = NULL;

	event_uuid(row->ev.id, id);
	event_time(row->ev.time_us, when);
	switch (s->rec.webhook) {
	case WEBHOOK_SLACK:
		j = slack(row, id, when);
		break;
	case WEBHOOK_PAGERDUTY:
		j = pagerduty(row, id, when);
		break;
	case WEBHOOK_WEBEX:
		j = webex(s, row, id, when);
		break;
	case WEBHOOK_GENERIC:
		j = generic(row, id, when);
		break;
	}
	if (j != NULL)
		text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	if (text == NULL) {
		snprintf(err, errlen, "row %llu has no form as a "
		    "notification", (unsigned long long)row->seq);
		return (-1);
	}
	wbuf_put(w, text, strlen(text));
	free(text);
	return (w->failed ? -1 : 0);
}

/* the routing key is put before what was made of the event */
static int
webhook_body(const struct sink *s, const struct wbuf *events,
    const size_t *lens, size_t n, struct wbuf *body)
{
	if (s->rec.webhook != WEBHOOK_PAGERDUTY)
		return (sink_concat(s, events, lens, n, body));
	if (s->token == NULL || s->token->data == NULL || events->len < 2)
		return (-1);
	sink_put(body, "{\"routing_key\":");
	sink_string(body, s->token->data);
	sink_put(body, ",");
	wbuf_put(body, events->data + 1, events->len - 1);
	return (body->failed ? -1 : 0);
}

static const char *
webhook_type(const struct sink *s)
{
	(void)s;
	return ("application/json");
}

static void
webhook_judge(const struct sink *s, const struct answer *a,
    struct judgement *j)
{
	(void)s;
	memset(j, 0, sizeof(*j));
	j->bad_event = -1;
	sink_judge_status(a, j);
}

/* RFC 2104, of all these bytes, in hexadecimal */
static void
sign(const struct secret *key, const char *before, const struct wbuf *body,
    char hex[2 * crypto_auth_hmacsha256_BYTES + 1])
{
	crypto_auth_hmacsha256_state	 st;
	uint8_t				 mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256_init(&st, (const uint8_t *)key->data,
	    key->len);
	crypto_auth_hmacsha256_update(&st, (const uint8_t *)before,
	    strlen(before));
	crypto_auth_hmacsha256_update(&st, body->data, body->len);
	crypto_auth_hmacsha256_final(&st, mac);
	sodium_memzero(&st, sizeof(st));
	sodium_bin2hex(hex, 2 * sizeof(mac) + 1, mac, sizeof(mac));
}

/*
 * X-Hub-Signature-256 is of the body alone, as receivers know it; the other
 * one is of the time, a dot and the body, so that a receiver can refuse what
 * somebody recorded earlier.
 */
int
webhook_header(const struct sink *s, const struct wbuf *body, size_t n,
    char *line, size_t size)
{
	static time_t	now;
	char		hex[2 * crypto_auth_hmacsha256_BYTES + 1];
	char		when[32];

	if (s->rec.kind != SINK_WEBHOOK || s->rec.webhook != WEBHOOK_GENERIC ||
	    s->token == NULL || s->token->data == NULL)
		return (0);
	if (n == 0)
		now = time(NULL);
	snprintf(when, sizeof(when), "%lld.", (long long)now);
	if (n == 0) {
		sign(s->token, "", body, hex);
		snprintf(line, size, "X-Hub-Signature-256: sha256=%s", hex);
	} else if (n == 1)
		snprintf(line, size, "X-DefenseClaw-Timestamp: %lld",
		    (long long)now);
	else {
		sign(s->token, when, body, hex);
		snprintf(line, size, "X-DefenseClaw-Signature: sha256=%s",
		    hex);
	}
	return (1);
}

const struct sink_ops	sink_webhook = {
	SINK_WEBHOOK, webhook_event, webhook_body, webhook_type,
	webhook_judge
};
