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

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "auditd.h"
#include "outbox.h"

/*
 * What operators ask of sinks, what sinks say of themselves, and the events
 * that come of both.
 */

/*
 * Texts of a sink go into the log and onto an operator's screen; what its
 * receiver said may quote an event.
 */
void
outbox_text(char *s, size_t size)
{
	char	 red[MAX_REDACT_TEXT] = "", *said;
	size_t	 i;

	s[size - 1] = '\0';
	if ((said = strchr(s, OUTBOX_SAID)) != NULL)
		*said++ = '\0';
	if (said != NULL)
		redact_reason(&auditd.redactor, said, red);
	for (i = 0; s[i] != '\0'; i++)
		if ((s[i] < ' ' || s[i] > '~') && s[i] != '\n')
			s[i] = '?';
	if (said != NULL) {
		strlcat(s, ": ", size);
		strlcat(s, red, size);
	}
}

static void
time_text(uint64_t us, char text[EVENT_TIME_SIZE])
{
	text[0] = '\0';
	if (us != 0)
		event_time(us, text);
}

static int
first_time(const struct chain_row *row, void *arg)
{
	*(uint64_t *)arg = row->ev.time_us;
	return (1);
}

/* how far behind, in rows and in the age of the first of them */
static void
lag(const struct outsink *s, uint64_t *events, uint64_t *seconds)
{
	struct head	 h;
	uint64_t	 t = 0, next, now = clock_wall_us();

	store_head(auditd.store, &h);
	*events = h.seq > s->at.cursor ? h.seq - s->at.cursor : 0;
	*seconds = 0;
	if (*events != 0 && !auditd.in_tx && query_rows(auditd.query,
	    s->at.cursor + 1, 1, first_time, &t, &next) == STORE_OK &&
	    t != 0 && t < now)
		*seconds = (now - t) / 1000000;
}

/* what its receiver did not take; there may be many of them */
static void
count(struct outsink *s)
{
	if (cursors == NULL || s->counted)
		return;
	s->counted = dead_count(cursors, s->rec.name, OUTBOX_QUARANTINED,
	    &s->quarantined) == STORE_OK && dead_count(cursors, s->rec.name,
	    OUTBOX_DEADLETTER, &s->letters) == STORE_OK;
}

static json_t *
sink_json(struct outsink *s)
{
	const struct outbox_state	*st = &s->state;
	char		 ok[EVENT_TIME_SIZE], bad[EVENT_TIME_SIZE];
	char		 again[EVENT_TIME_SIZE], until[EVENT_TIME_SIZE];
	uint64_t	 events, seconds;
	json_t		*j;

	lag(s, &events, &seconds);
	count(s);
	time_text(st->last_success_us, ok);
	time_text(st->last_error_us, bad);
	time_text(st->retry_us, again);
	time_text(st->tls_until_us, until);
	j = json_pack("{s:s,s:s,s:b,s:b,s:s,s:I,s:I,s:I}", "name",
	    s->rec.name, "kind", sink_kind_name(s->rec.kind), "enabled",
	    (int)s->rec.enabled, "running", s->peer != NULL, "circuit",
	    s->peer != NULL ? circuit_name(st->circuit) : "none", "cursor",
	    (json_int_t)s->at.cursor, "lag_events", (json_int_t)events,
	    "lag_seconds", (json_int_t)seconds);
	if (j == NULL || json_object_update_new(j, json_pack(
	    "{s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:s,s:s,s:I,s:I,s:s}",
	    "delivered", (json_int_t)st->delivered, "requests",
	    (json_int_t)st->requests, "bytes",
	    (json_int_t)st->bytes, "failures",
	    (json_int_t)st->failures, "quarantined", (json_int_t)s->quarantined,
	    "dead_letters", (json_int_t)s->letters, "last_success", ok,
	    "last_error", bad, "error", st->error, "retry_at", again,
	    "replay_next", (json_int_t)s->at.replay_next, "replay_to",
	    (json_int_t)s->at.replay_to, "tls_until", until)) == -1)
		fatal("status");
	if (st->have_skew)
		json_object_set_new(j, "skew_ms",
		    json_integer((json_int_t)st->skew_ms));
	return (j);
}

json_t *
sinks_json(void)
{
	struct outsink	*s;
	json_t		*list;

	if ((list = json_array()) == NULL)
		fatal("status");
	TAILQ_FOREACH(s, &outsinks, entry)
		if (!s->gone)
			json_array_append_new(list, sink_json(s));
	return (list);
}

unsigned int
sinks_stats(struct sink_stats all[MAX_SINKS])
{
	struct outsink		*s;
	struct sink_stats	*to;
	unsigned int		 n = 0;

	TAILQ_FOREACH(s, &outsinks, entry) {
		if (s->gone || n == MAX_SINKS)
			continue;
		to = &all[n++];
		count(s);
		strlcpy(to->name, s->rec.name, sizeof(to->name));
		to->kind = s->rec.kind;
		to->enabled = s->rec.enabled;
		to->running = s->peer != NULL;
		to->circuit = s->state.circuit;
		to->cursor = s->at.cursor;
		lag(s, &to->lag_events, &to->lag_seconds);
		to->delivered = s->state.delivered;
		to->requests = s->state.requests;
		to->bytes = s->state.bytes;
		to->failures = s->state.failures;
		to->quarantined = s->quarantined;
		to->dead = s->letters;
		to->last_success_us = s->state.last_success_us;
		to->last_error_us = s->state.last_error_us;
		strlcpy(to->error, s->state.error, sizeof(to->error));
	}
	return (n);
}

void
sinks_answer(struct peer *p, uint32_t id, json_t *j, uint32_t code)
{
	char	*text = json_text(j);

	json_decref(j);
	if (text == NULL)
		fatal("answer");
	peer_text(p, id, text, strlen(text));
	free(text);
	peer_done(p, id, code);
}

void
sinks_list(struct peer *p, struct msg *msg)
{
	commit_now();
	sinks_answer(p, msg->hdr.id, sinks_json(), CTL_OK);
}

int
sinks_changed(struct peer *p, uint32_t id, const char *action,
    const char *name, json_t *details)
{
	struct event	 ev;
	char		 actor[32];

	role_actor(p->caller.uid, actor);
	stamp_event(&auditd.stamp, &ev, action, SEV_INFO);
	ev.field[EV_TARGET] = name;
	ev.field[EV_ACTOR] = actor;
	if (commit_event(&ev, details, NULL) == 0) {
		commit_now();
		if (auditd.why[0] == '\0')
			return (0);
	}
	peer_error(p, id, CTL_FAILURE, "%s", auditd.why[0] != '\0' ?
	    auditd.why : "the audit log is busy: try again");
	return (-1);
}

struct outsink *
sinks_named(struct peer *p, uint32_t id, const char *name)
{
	struct outsink	*s = outsink_find(name);

	if (s == NULL)
		peer_error(p, id, CTL_NOT_FOUND, "no sink of this name is "
		    "configured: see `setup observability list'");
	return (s);
}

static int
test_row(const struct chain_row *row, void *arg)
{
	struct outsink	*s = arg;
	struct wbuf	 w;

	/* else the one that comes is asked */
	if (s->peer == NULL)
		return (1);
	wbuf_init(&w, MAX_FRAME);
	if (outbox_pack(&w, row) == 0)
		(void)peer_send(s->peer, MSG_OUTBOX_TEST, s->test_id, -1,
		    w.data, w.len);
	wbuf_free(&w);
	return (1);
}

/* why a sink cannot be tested now, or NULL */
static const char *
test_bar(const struct outsink *s)
{
	if (!s->rec.enabled)
		return ("the sink is disabled: enable it first");
	if (s->tester != NULL)
		return ("another test of it is under way");
	return (NULL);
}

/*
 * A marked event, in the log like any other, goes to the sink at once.
 */
void
sinks_test(struct peer *p, struct msg *msg)
{
	struct outsink	*s;
	struct event	 ev;
	struct rbuf	 b;
	const char	*name, *bar;
	char		 actor[32];
	int		 found = 0;

	rbuf_init(&b, msg->data, msg->len);
	name = rbuf_str(&b, MAX_SINK_NAME);
	if (rbuf_end(&b) == -1) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "malformed request");
		return;
	}
	if ((s = sinks_named(p, msg->hdr.id, name)) == NULL)
		return;
	if ((bar = test_bar(s)) != NULL) {
		peer_error(p, msg->hdr.id, CTL_FAILURE, "%s", bar);
		return;
	}
	role_actor(p->caller.uid, actor);
	stamp_event(&auditd.stamp, &ev, "sink-test", SEV_INFO);
	memcpy(s->test_event, ev.id, sizeof(s->test_event));
	ev.field[EV_TARGET] = s->rec.name;
	ev.field[EV_ACTOR] = actor;
	if (commit_event(&ev, json_pack("{s:b}", "test", 1), NULL) == 0)
		commit_now();
	s->tester = p;
	s->test_id = msg->hdr.id;
	s->test_ms = clock_ms();
	if (auditd.in_tx || query_id(auditd.query, ev.id, test_row, s,
	    &found) != STORE_OK || !found) {
		s->tester = NULL;
		peer_error(p, msg->hdr.id, CTL_FAILURE, "the audit log takes "
		    "no event now: %s", auditd.why);
	}
}

/* its process was replaced before it had an answer */
void
sinks_test_again(struct outsink *s)
{
	int	found;

	if (s->tester == NULL)
		return;
	commit_now();
	if (!auditd.in_tx)
		(void)query_id(auditd.query, s->test_event, test_row, s,
		    &found);
}

void
outbox_tested(struct peer *p, struct msg *msg)
{
	struct outbox_tested	 t;
	struct outsink		*s = p->ctx;
	struct peer		*to = s->tester;
	char			 until[EVENT_TIME_SIZE];
	json_t			*j;

	if (msg_get(msg, &t, sizeof(t)) == -1 || to == NULL ||
	    msg->hdr.id != s->test_id)
		return;
	s->tester = NULL;
	outbox_text(t.text, sizeof(t.text));
	time_text(t.tls_until_us, until);
	j = json_pack("{s:s,s:b,s:I,s:I,s:s,s:I,s:s}", "name", s->rec.name,
	    "ok", t.code == CTL_OK, "http", (json_int_t)t.http, "code",
	    (json_int_t)t.pcode, "text", t.text, "ms", (json_int_t)t.ms,
	    "tls_until", until);
	if (j != NULL && t.have_skew)
		json_object_set_new(j, "skew_ms",
		    json_integer((json_int_t)t.skew_ms));
	sinks_answer(to, s->test_id, j, t.code == CTL_OK ? CTL_OK :
	    CTL_UPSTREAM);
}

/* what its sink has already it will still send */
static void
replay_cancel(struct peer *p, uint32_t id, struct outsink *s)
{
	uint64_t	 next = s->at.replay_next, to = s->at.replay_to;

	if (next == 0) {
		peer_error(p, id, CTL_NOT_FOUND, "no rows are being "
		    "replayed");
		return;
	}
	if (sinks_changed(p, id, "sink-replay", s->rec.name, json_pack(
	    "{s:b,s:I,s:I}", "cancelled", 1, "next", (json_int_t)next, "to",
	    (json_int_t)to)) == -1)
		return;
	outbox_cancel(s);
	sinks_answer(p, id, json_pack("{s:s,s:b,s:I,s:I}", "name",
	    s->rec.name, "cancelled", 1, "next", (json_int_t)next, "to",
	    (json_int_t)to), CTL_OK);
}

void
sinks_replay(struct peer *p, struct msg *msg)
{
	struct outsink	*s;
	struct head	 h;
	struct rbuf	 b;
	const char	*name;
	uint64_t	 from, to;

	rbuf_init(&b, msg->data, msg->len);
	from = rbuf_u64(&b);
	to = rbuf_u64(&b);
	name = rbuf_str(&b, MAX_SINK_NAME);
	if (rbuf_end(&b) == -1) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "malformed request");
		return;
	}
	if ((s = sinks_named(p, msg->hdr.id, name)) == NULL)
		return;
	if (from == 0) {
		replay_cancel(p, msg->hdr.id, s);
		return;
	}
	store_head(auditd.store, &h);
	if (to == 0 || to > h.seq)
		to = h.seq;
	if (from > to) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "no such range in this "
		    "log, which ends at %llu", (unsigned long long)h.seq);
		return;
	}
	if (s->at.replay_next != 0) {
		peer_error(p, msg->hdr.id, CTL_ALREADY, "rows %llu to %llu "
		    "are being replayed already",
		    (unsigned long long)s->at.replay_next,
		    (unsigned long long)s->at.replay_to);
		return;
	}
	s->at.replay_next = s->replay = from;
	s->at.replay_to = to;
	outbox_touch(s);
	if (sinks_changed(p, msg->hdr.id, "sink-replay", s->rec.name, json_pack(
	    "{s:I,s:I}", "from", (json_int_t)from, "to",
	    (json_int_t)to)) == -1) {
		s->at.replay_next = s->at.replay_to = 0;
		return;
	}
	outbox_serve();
	sinks_answer(p, msg->hdr.id, json_pack("{s:s,s:I,s:I}", "name",
	    s->rec.name, "from", (json_int_t)from, "to", (json_int_t)to),
	    CTL_OK);
}

void
sinks_forget(struct peer *p)
{
	struct outsink	*s;

	TAILQ_FOREACH(s, &outsinks, entry)
		if (s->tester == p)
			s->tester = NULL;
	dead_forget(p);
}

void
sinks_tick(void)
{
	struct outsink	*s;
	uint64_t	 ms;

	TAILQ_FOREACH(s, &outsinks, entry) {
		if (s->tester == NULL)
			continue;
		ms = clock_ms() - s->test_ms;
		if (s->peer == NULL && ms > TEST_UP_MS)
			peer_error(s->tester, s->test_id, CTL_FAILURE,
			    "its process is not running: see the log");
		else if (ms > TEST_MS)
			peer_error(s->tester, s->test_id, CTL_UPSTREAM,
			    "no answer from the receiver within %d s",
			    TEST_MS / 1000);
		else
			continue;
		s->tester = NULL;
	}
}

static json_t *
report_details(const struct outsink *s, const struct outbox_report *r)
{
	json_t	*d;

	d = json_pack("{s:s,s:s}", "sink", s->rec.name, "kind",
	    sink_kind_name(s->rec.kind));
	if (d == NULL)
		fatal("report");
	if (r->http != 0)
		json_object_set_new(d, "http", json_integer(r->http));
	if (r->code >= 0)
		json_object_set_new(d, "code", json_integer(r->code));
	if (r->reason[0] != '\0')
		json_object_set_new(d, "reason", json_string(r->reason));
	if (r->count != 0)
		(void)json_object_update_new(d, json_pack(
		    "{s:I,s:I,s:I,s:I}", "first_seq", (json_int_t)r->first,
		    "last_seq", (json_int_t)r->last, "count",
		    (json_int_t)r->count, "age_s",
		    (json_int_t)(r->age_ms / 1000)));
	if (r->have_skew)
		json_object_set_new(d, "clock_skew_ms",
		    json_integer((json_int_t)r->skew_ms));
	return (d);
}

static void
news_event(struct outsink *s, const char *action, enum severity severity,
    const struct outbox_report *r)
{
	struct event	 ev;
	char		 actor[MAX_INSTANCE + 8];

	stamp_event(&auditd.stamp, &ev, action, severity);
	snprintf(actor, sizeof(actor), "role:sink.%s", s->rec.name);
	ev.field[EV_TARGET] = s->rec.name;
	ev.field[EV_ACTOR] = actor;
	(void)commit_event(&ev, report_details(s, r), NULL);
}

/*
 * What happened on the way to one receiver, for all receivers to know.  A
 * failure is told once until delivery is seen again.
 */
void
outbox_report(struct peer *p, struct msg *msg)
{
	static const struct {
		const char	*action;
		enum severity	 severity;
	} news[] = {
		[OUTBOX_REJECTED] = { "sink.rejected", SEV_HIGH },
		[OUTBOX_FAILED] = { "sink.failed", SEV_HIGH },
		[OUTBOX_QUARANTINE] = { "sink.quarantined", SEV_MEDIUM },
	};
	struct outbox_report	 r;
	struct outsink		*s = p->ctx;

	if (clock_ms() - s->reports_ms >= 60000) {
		s->reports_ms = clock_ms();
		s->reports = 0;
	}
	if (msg_get(msg, &r, sizeof(r)) == -1 || r.news < OUTBOX_REJECTED ||
	    r.news > OUTBOX_QUARANTINE || r.count > MAX_CHAIN_SEQ ||
	    r.first > MAX_CHAIN_SEQ || r.last > MAX_CHAIN_SEQ ||
	    ++s->reports > MAX_REPORTS) {
		outbox_bad(p, "reports that are malformed or too many");
		return;
	}
	if (r.news == OUTBOX_FAILED && s->at.failed)
		return;
	outbox_text(r.reason, sizeof(r.reason));
	news_event(s, news[r.news].action, news[r.news].severity, &r);
	if (r.news == OUTBOX_FAILED) {
		s->at.failed = 1;
		outbox_touch(s);
	}
}

void
outbox_state(struct peer *p, struct msg *msg)
{
	struct outsink		*s = p->ctx;
	struct outbox_report	 r;

	(void)msg_get(msg, &s->state, sizeof(s->state));
	outbox_text(s->state.error, sizeof(s->state.error));
	/* its process may be another than the one that failed */
	if (!s->at.failed || s->state.circuit != CIRCUIT_CLOSED ||
	    s->state.delivered == 0)
		return;
	memset(&r, 0, sizeof(r));
	r.code = -1;
	news_event(s, "sink.restored", SEV_INFO, &r);
	s->at.failed = 0;
	outbox_touch(s);
}
