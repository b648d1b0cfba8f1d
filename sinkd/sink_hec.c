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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "sink.h"

/*
 * Splunk HTTP Event Collector (Splunk Enterprise, "Format events for HTTP
 * Event Collector" and "About HTTP Event Collector Indexer Acknowledgment").
 * One object per event, separated by LF; the event is a row of the export
 * format.  The time is a plain decimal: Splunk 10 refuses an exponent.
 */

#define MAX_HEC_ACKS	1024	/* ids in one answer to a poll */

/* what a HEC answer's code means: Splunk, "Possible error codes" */
static const struct {
	int		 code;
	enum outcome	 outcome;
	const char	*text;
} codes[] = {
	{ 0,  OUT_DELIVERED, "" },
	{ 1,  OUT_HOLD,	  "the token is disabled" },
	{ 2,  OUT_HOLD,	  "a token is required" },
	{ 3,  OUT_HOLD,	  "the authorization is not understood" },
	{ 4,  OUT_HOLD,	  "the token is not known" },
	{ 5,  OUT_HOLD,	  "no data, says the receiver" },
	{ 6,  OUT_BISECT, "an event it cannot read" },
	{ 7,  OUT_HOLD,	  "the index is unknown, or not the token's" },
	{ 8,  OUT_RETRY,  "internal error" },
	{ 9,  OUT_RETRY,  "busy" },
	{ 10, OUT_HOLD,	  "a channel is missing" },
	{ 11, OUT_RETRY,  "the channel is not accepted" },
	{ 12, OUT_BISECT, "an event without its event field" },
	{ 13, OUT_BISECT, "an event with a blank event field" },
	{ 14, OUT_RETRY,  "acknowledgement is off for this token" },
	{ 15, OUT_BISECT, "an event with fields it cannot index" },
	{ 16, OUT_HOLD,	  "authorization by query string is off" },
	{ 17, OUT_DELIVERED, "" },
	{ 18, OUT_RETRY,  "its queues are full" },
	{ 19, OUT_RETRY,  "acknowledgement is unavailable" },
	{ 20, OUT_RETRY,  "queues full, acknowledgement unavailable" },
	{ 21, OUT_HOLD,	  "the token is invalid" },
	{ 22, OUT_HOLD,	  "the token is disabled" },
	{ 23, OUT_RETRY,  "shutting down" },
	{ 24, OUT_DELIVERED, "" },
	{ 25, OUT_DELIVERED, "" },
	{ 26, OUT_RETRY,  "its queue is at capacity" },
	{ 27, OUT_RETRY,  "its acknowledgement channel is at capacity" },
};

static const char *
hec_sourcetype(const struct sink *s, const char *action)
{
	size_t	i;

	for (i = 0; i < s->nsourcetypes; i++)
		if (strcmp(s->sourcetypes[i].name, action) == 0)
			return (s->sourcetypes[i].value);
	return (s->rec.sourcetype);
}

static void
put_member(struct wbuf *w, const char *name, const char *value)
{
	sink_put(w, ",\"");
	wbuf_put(w, name, strlen(name));
	sink_put(w, "\":");
	sink_string(w, value);
}

static int
hec_event(const struct sink *s, const struct chain_row *row, struct wbuf *w,
    char *err, size_t errlen)
{
	size_t	 start = w->len;
	char	 head[64];
	int	 n;

	n = snprintf(head, sizeof(head), "{\"time\":%" PRIu64 ".%06" PRIu64,
	    row->ev.time_us / 1000000, row->ev.time_us % 1000000);
	wbuf_put(w, head, (size_t)n);
	put_member(w, "source", s->rec.source);
	put_member(w, "sourcetype", hec_sourcetype(s,
	    row->ev.field[EV_ACTION]));
	if (s->rec.index[0] != '\0')
		put_member(w, "index", s->rec.index);
	sink_put(w, ",\"event\":");
	if (sink_row(row, w, err, errlen) == -1) {
		w->len = start;
		return (-1);
	}
	sink_put(w, "}\n");
	return (w->failed ? -1 : 0);
}

static const char *
hec_type(const struct sink *s)
{
	(void)s;
	return ("application/json");
}

/*
 * A status without a code that we know: by its class, and what only an
 * operator can mend is held, for the events are good.
 */
static void
hec_judge_status(const struct answer *a, struct judgement *j)
{
	sink_judge_status(a, j);
	if (j->outcome == OUT_DELIVERED)
		sink_judged(j, OUT_RETRY, -1, "HTTP %d without a HEC answer: "
		    "is this a HEC endpoint?", a->http);
	else if (j->outcome == OUT_BISECT)
		sink_judged(j, OUT_HOLD, -1, "HTTP %d without a HEC code",
		    a->http);
}

static void
hec_judge_code(const json_t *root, const struct answer *a,
    struct judgement *j, int code)
{
	const json_t	*v;
	size_t		 i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			break;
	if (i == sizeof(codes) / sizeof(codes[0])) {
		hec_judge_status(a, j);
		j->code = code;
		return;
	}
	if (codes[i].outcome == OUT_DELIVERED)
		sink_judged(j, OUT_DELIVERED, code, "%s", "");
	else
		sink_judged(j, codes[i].outcome, code,
		    "%s (HTTP %d, HEC code %d)", codes[i].text, a->http,
		    code);
	j->new_channel = code == 11;
	j->no_ack = code == 14;
	j->slow_down = code == 24 || code == 25;
	v = json_object_get(root, "invalid-event-number");
	if (j->outcome == OUT_BISECT && json_is_integer(v) &&
	    json_integer_value(v) >= 0 && json_integer_value(v) <= INT32_MAX)
		j->bad_event = (long)json_integer_value(v);
	v = json_object_get(root, "ackId");
	if (j->outcome == OUT_DELIVERED && json_is_integer(v) &&
	    json_integer_value(v) >= 0) {
		j->outcome = OUT_AWAIT_ACK;
		j->ack_id = (uint64_t)json_integer_value(v);
	}
}

static void
hec_judge(const struct sink *s, const struct answer *a, struct judgement *j)
{
	const json_t	*code;
	json_t		*root;
	char		 err[MAX_JSON_ERR];

	(void)s;
	memset(j, 0, sizeof(*j));
	j->bad_event = -1;
	j->code = -1;
	/* older collectors answer with the bare word */
	if ((a->http == 200 || a->http == 202) && a->len == 4 &&
	    memcmp(a->body, "\"OK\"", 4) == 0) {
		sink_judged(j, OUT_DELIVERED, -1, "%s", "");
		return;
	}
	/* before the body: a size limit in front answers with HTML */
	if (a->http == 413 || a->truncated) {
		hec_judge_status(a, j);
		return;
	}
	root = json_strict(a->body, a->len, err);
	code = json_object_get(root, "code");
	if (json_is_integer(code) && json_integer_value(code) >= 0 &&
	    json_integer_value(code) <= 9999)
		hec_judge_code(root, a, j, (int)json_integer_value(code));
	else
		hec_judge_status(a, j);
	/* success is a word of both layers */
	if ((j->outcome == OUT_DELIVERED || j->outcome == OUT_AWAIT_ACK) &&
	    (a->http < 200 || a->http >= 300))
		sink_judged(j, OUT_RETRY, j->code, "HTTP %d with a HEC code "
		    "of success", a->http);
	json_decref(root);
}

int
hec_acks(const char *body, size_t len, void (*fn)(uint64_t, void *),
    void *arg)
{
	const char	*key;
	json_t		*root, *acks, *v;
	char		 err[MAX_JSON_ERR], *end;
	uint64_t	 id;
	int		 n = 0;

	root = json_strict(body, len, err);
	acks = json_object_get(root, "acks");
	if (!json_is_object(acks) || json_object_size(acks) > MAX_HEC_ACKS) {
		json_decref(root);
		return (-1);
	}
	json_object_foreach(acks, key, v) {
		if (!json_is_true(v) || key[0] < '0' || key[0] > '9')
			continue;
		id = strtoull(key, &end, 10);
		if (*end != '\0')
			continue;
		fn(id, arg);
		n++;
	}
	json_decref(root);
	return (n);
}

const struct sink_ops	sink_hec = {
	SINK_HEC, hec_event, sink_concat, hec_type, hec_judge
};
