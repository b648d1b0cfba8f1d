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

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * Answers wait here until auditd says that their event is durable.  When its
 * process is replaced, what it has not acknowledged is sent again: ids are
 * unique in the store, so nothing is doubled.
 */

#define TICK_MS		100
#define MAX_SPARE	128	/* freed ones kept for the next answers */

enum pending_kind {
	PEND_EVENT, PEND_LIST, PEND_ALERTS, PEND_APPROVAL
};

struct pending {
	TAILQ_ENTRY(pending)	 entry;		/* oldest first */
	SLIST_ENTRY(pending)	 spare;
	RB_ENTRY(pending)	 node;		/* by kind and id */
	enum pending_kind	 kind;
	uint8_t			 id[EVENT_ID_LEN];	/* or query_id */
	uint32_t		 query_id;	/* PEND_ALERTS */
	uint64_t		 deadline_ms;
	struct asker		 asker;
	int			 answer;	/* somebody waits */
	struct under		 under;		/* PEND_EVENT */
	int			 again;		/* nobody: to be resent */
	char			*text;		/* the answer */
	json_t			*rows;		/* PEND_ALERTS */
	approval_fn		*said;		/* PEND_APPROVAL */
	void			*said_arg;
	size_t			 rows_len;
	uint32_t		 type;		/* of the message */
	size_t			 len;
	uint8_t			*event;		/* as it goes to auditd */
};

RB_HEAD(pending_tree, pending);

static TAILQ_HEAD(pendings, pending) pendings =
    TAILQ_HEAD_INITIALIZER(pendings);
static struct pending_tree	 by_id = RB_INITIALIZER(&by_id);
static SLIST_HEAD(, pending) spares = SLIST_HEAD_INITIALIZER(spares);
static unsigned int	 nspares;
static unsigned int	 npending;
static uint64_t		 lost;		/* times an event had no room */
static size_t		 pending_bytes;
static uint32_t		 query_ids;
static struct event	*tick;

static void	appended(struct peer *, struct msg *);
static void	refused(struct peer *, struct msg *);
static void	list_changed(struct peer *, struct msg *);
static void	alerts_row(struct peer *, struct msg *);
static void	alerts_end(struct peer *, struct msg *);
static void	approval_said(struct peer *, struct msg *);
static void	store_state(struct peer *, struct msg *);

const struct dispatch from_auditd[] = {
	{ MSG_APPENDED, ST_ANY, sizeof(struct appended),
	    MAX_APPENDED * sizeof(struct appended), FD_NONE, NOBODY,
	    appended },
	{ MSG_REFUSED, ST_ANY, sizeof(struct refused),
	    sizeof(struct refused), FD_NONE, NOBODY, refused },
	{ MSG_POLICY_BEGIN, ST_ANY, sizeof(struct policy_head),
	    sizeof(struct policy_head), FD_NONE, NOBODY, lists_begin },
	{ MSG_POLICY_ENTRY, ST_ANY, sizeof(struct policy_item) + 11,
	    sizeof(struct policy_item) + MAX_TARGET_NAME +
	    MAX_PIN_TEXT + 16, FD_NONE, NOBODY, lists_entry },
	{ MSG_POLICY_END, ST_ANY, sizeof(struct policy_head),
	    sizeof(struct policy_head), FD_NONE, NOBODY, lists_end },
	{ MSG_LIST_CHANGED, ST_ANY, sizeof(struct list_changed),
	    sizeof(struct list_changed), FD_NONE, NOBODY, list_changed },
	{ MSG_ALERTS_ROW, ST_ANY, 8 + 36, 8 + MAX_EVENT_LEN, FD_NONE, NOBODY,
	    alerts_row },
	{ MSG_ALERTS_END, ST_ANY, 4, 4, FD_NONE, NOBODY, alerts_end },
	{ MSG_APPROVAL_SAID, ST_ANY, sizeof(struct approval_said),
	    sizeof(struct approval_said), FD_NONE, NOBODY, approval_said },
	{ MSG_STORE_STATE, ST_ANY, sizeof(struct store_state),
	    sizeof(struct store_state), FD_NONE, NOBODY, store_state },
	{ MSG_SUITE_STATS, ST_ANY, sizeof(struct suite_stats),
	    sizeof(struct suite_stats), FD_NONE, NOBODY, stats_msg },
	{ 0 }
};

static int
pending_cmp(const struct pending *a, const struct pending *b)
{
	if (a->kind != b->kind)
		return (a->kind < b->kind ? -1 : 1);
	return (memcmp(a->id, b->id, EVENT_ID_LEN));
}

RB_PROTOTYPE(pending_tree, pending, node, pending_cmp)
RB_GENERATE(pending_tree, pending, node, pending_cmp)

unsigned int
record_pending(void)
{
	return (npending);
}

uint64_t
record_lost(void)
{
	return (lost);
}

static void
pending_free(struct pending *p)
{
	TAILQ_REMOVE(&pendings, p, entry);
	RB_REMOVE(pending_tree, &by_id, p);
	npending--;
	pending_bytes -= p->len;
	free(p->text);
	free(p->event);
	json_decref(p->rows);
	if (nspares == MAX_SPARE) {
		free(p);
		return;
	}
	nspares++;
	SLIST_INSERT_HEAD(&spares, p, spare);
}

/* They are large, and a busy worker needs one for each request. */
static struct pending *
pending_alloc(size_t len)
{
	struct pending	*p;

	if ((p = SLIST_FIRST(&spares)) != NULL) {
		SLIST_REMOVE_HEAD(&spares, spare);
		nspares--;
	} else if ((p = malloc(sizeof(*p))) == NULL)
		return (NULL);
	memset(p, 0, sizeof(*p));
	if ((p->event = malloc(len)) == NULL) {
		free(p);
		return (NULL);
	}
	return (p);
}

static struct pending *
pending_new(enum pending_kind kind, const uint8_t id[EVENT_ID_LEN],
    const void *data, size_t len)
{
	static const uint32_t types[] = { MSG_APPEND, MSG_LIST_CHANGE,
	    MSG_ALERTS, MSG_APPROVAL_ASK };
	struct timeval	 tv = { 0, TICK_MS * 1000 };
	struct pending	*p;

	if (npending >= MAX_PENDING || pending_bytes + len >
	    MAX_PENDING_BYTES || (p = pending_alloc(len)) == NULL)
		return (NULL);
	p->kind = kind;
	p->type = types[kind];
	p->deadline_ms = clock_ms() + MAX_ANSWER_MS;
	p->len = len;
	memcpy(p->id, id, sizeof(p->id));
	memcpy(p->event, data, len);
	TAILQ_INSERT_TAIL(&pendings, p, entry);
	RB_INSERT(pending_tree, &by_id, p);
	pending_bytes += len;
	if (npending++ == 0 && evtimer_add(tick, &tv) == -1)
		fatalx("timer");
	return (p);
}

static struct pending *
pending_find(enum pending_kind kind, const uint8_t id[EVENT_ID_LEN])
{
	struct pending	key;

	key.kind = kind;
	memcpy(key.id, id, sizeof(key.id));
	return (RB_FIND(pending_tree, &by_id, &key));
}

static void
pending_send(struct pending *p)
{
	if (gatewayd.auditd != NULL)
		peer_send(gatewayd.auditd, p->type, p->query_id, -1,
		    p->event, p->len);
}

/* sent and not acknowledged: it may have happened, and may still */
static void
pending_late(struct pending *p)
{
	if (p->kind == PEND_APPROVAL)
		p->said(p->said_arg, NULL);
	else if (p->answer && p->asker.has_effect) {
		gatewayd.unavailable++;
		gatewayd.stats.unavailable++;
		api_error(&p->asker, 504, "outcome unknown: the audit log "
		    "has not answered in time; look before trying again");
	} else if (p->answer)
		api_unavailable(&p->asker);
	else if (p->kind == PEND_EVENT)
		log_warnx("an event was not recorded before the end");
	pending_free(p);
}

static void
tick_cb(evutil_socket_t fd, short what, void *arg)
{
	struct timeval	 tv = { 0, TICK_MS * 1000 };
	struct pending	*p, *tmp;
	uint64_t	 now = clock_ms();

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH_SAFE(p, &pendings, entry, tmp) {
		if (p->deadline_ms > now)
			break;
		if (p->again && gatewayd.store.ok) {
			p->again = 0;
			pending_send(p);
		}
		/* evidence nobody waits for has all the time there is */
		if (!p->answer && p->kind == PEND_EVENT &&
		    role.state != ST_DRAINING)
			continue;
		pending_late(p);
	}
	if (npending != 0 && evtimer_add(tick, &tv) == -1)
		fatalx("timer");
}

void
record_init(void)
{
	if ((tick = evtimer_new(role.base, tick_cb, NULL)) == NULL)
		fatalx("timer");
}

/*
 * What the asker's headers said goes into the event.
 */
void
record_fill(struct event *ev, const struct asker *a)
{
	const struct {
		enum event_field	 field;
		const char		*value;
	} map[] = {
		{ EV_ACTOR, a->actor },
		{ EV_REQUEST_ID, a->logged_id },
		{ EV_SESSION_ID, a->session_id },
		{ EV_TRACE_ID, a->trace_id },
		{ EV_RUN_ID, a->run_id },
		{ EV_AGENT_ID, a->agent_id },
		{ EV_AGENT_NAME, a->agent_name },
		{ EV_AGENT_INSTANCE_ID, a->agent_instance_id },
		{ EV_POLICY_ID, a->policy_id },
		{ EV_DESTINATION_APP, a->destination_app },
	};
	size_t	i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].value[0] != '\0')
			ev->field[map[i].field] = map[i].value;
	ev->generation = lists_generation();
}

/* kept: a text beside it (common/kept.h), or NULL */
static struct pending *
event_queue(struct event *ev, json_t *details, const char *kept)
{
	uint8_t		 buf[MAX_EVENT_LEN];
	const void	*data = buf;
	struct pending	*p = NULL;
	struct wbuf	 w;
	ssize_t		 n;

	if ((n = stamp_encode(ev, details, buf, sizeof(buf))) == -1) {
		log_warn("event %s", ev->field[EV_ACTION]);
		return (NULL);
	}
	wbuf_init(&w, MAX_FRAME);
	if (kept != NULL) {
		wbuf_str(&w, kept);
		wbuf_put(&w, buf, (size_t)n);
		data = w.data;
		n = (ssize_t)w.len;
	}
	if (!w.failed)
		p = pending_new(PEND_EVENT, ev->id, data, (size_t)n);
	wbuf_free(&w);
	if (p == NULL)
		return (NULL);
	if (kept != NULL)
		p->type = MSG_APPEND_KEPT;
	pending_send(p);
	return (p);
}

/*
 * Records the event; the text and a newline go out when it is durable, or
 * 503 does.
 * Takes the reference; copies the text.
 */
void
record_text(const struct asker *a, struct event *ev, json_t *details,
    const char *text)
{
	struct pending	*p;
	size_t		 len;

	if (!gatewayd.store.ok) {
		json_decref(details);
		api_unavailable(a);
		return;
	}
	if ((p = event_queue(ev, details, NULL)) == NULL) {
		api_unavailable(a);
		return;
	}
	len = strlen(text);
	if ((p->text = malloc(len + 2)) == NULL)
		fatal("answer");
	memcpy(p->text, text, len);
	memcpy(p->text + len, "\n", 2);
	p->asker = *a;
	p->answer = 1;
	p->under.config = role.start.generation;
	p->under.rules = a->rules != 0 ? a->rules :
	    gatewayd.rules->generation;
	p->under.lists = ev->generation;
}

/* the same for a JSON answer; takes both references */
void
record_answer(const struct asker *a, struct event *ev, json_t *details,
    json_t *answer)
{
	char	*text;

	text = json_text(answer);
	json_decref(answer);
	if (text == NULL) {
		json_decref(details);
		api_error(a, 503, "the answer could not be written");
		return;
	}
	record_text(a, ev, details, text);
	free(text);
}

/*
 * An event nobody waits for; -1 when there is no room for it now.
 */
int
record_event(struct event *ev, json_t *details)
{
	return (record_kept(ev, details, NULL));
}

/* the same with a text to be kept beside it (common/kept.h), or NULL */
int
record_kept(struct event *ev, json_t *details, const char *kept)
{
	static uint64_t	told;

	if (event_queue(ev, details, kept) == NULL) {
		if (lost++ == told)
			log_warnx("no room for the event %s: the audit log is "
			    "behind", ev->field[EV_ACTION]);
		return (-1);
	}
	if (lost != told) {
		log_warnx("there was no room for an event %llu times",
		    (unsigned long long)(lost - told));
		told = lost;
	}
	return (0);
}

int
record_list_change(const struct asker *a, enum list_kind kind,
    enum list_op op, enum list_op was, const char *name, const char *reason)
{
	struct list_change	 lc;
	struct event		 ev;
	struct pending		*p = NULL;
	struct wbuf		 w;

	stamp_event(&gatewayd.stamp, &ev, "", SEV_INFO);
	memset(&lc, 0, sizeof(lc));
	memcpy(lc.id, ev.id, sizeof(lc.id));
	lc.time_us = ev.time_us;
	lc.kind = kind;
	lc.op = op;
	lc.was = was;
	wbuf_init(&w, MAX_FRAME);
	wbuf_put(&w, &lc, sizeof(lc));
	wbuf_str(&w, name);
	wbuf_str(&w, reason);
	wbuf_str(&w, a->actor);
	wbuf_str(&w, a->logged_id);
	if (!w.failed)
		p = pending_new(PEND_LIST, lc.id, w.data, w.len);
	wbuf_free(&w);
	if (p == NULL)
		return (-1);
	p->asker = *a;
	p->answer = 1;
	pending_send(p);
	return (0);
}

int
record_alerts(const struct asker *a, unsigned int limit)
{
	struct pending	*p = NULL;
	struct wbuf	 w;
	uint8_t		 id[EVENT_ID_LEN] = { 0 };
	uint32_t	 query_id = ++query_ids;

	memcpy(id, &query_id, sizeof(query_id));
	wbuf_init(&w, 256);
	wbuf_u32(&w, limit);
	wbuf_str(&w, a->actor);
	if (!w.failed)
		p = pending_new(PEND_ALERTS, id, w.data, w.len);
	wbuf_free(&w);
	if (p == NULL)
		return (-1);
	if ((p->rows = json_array()) == NULL) {
		pending_free(p);
		return (-1);
	}
	p->query_id = query_id;
	p->asker = *a;
	p->answer = 1;
	pending_send(p);
	return (0);
}

/* the message as it goes to auditd, whose answer or NULL is heard of later */
int
record_approval(const struct approval_ask *ask, const struct wbuf *w,
    approval_fn *fn, void *arg)
{
	struct pending	*p;

	if (w->failed || (p = pending_new(PEND_APPROVAL, ask->id, w->data,
	    w->len)) == NULL)
		return (-1);
	p->said = fn;
	p->said_arg = arg;
	pending_send(p);
	return (0);
}

/*
 * A new auditd: everything unacknowledged goes again, in order.
 */
void
record_edge(struct peer *auditd)
{
	struct pending	*p;

	gatewayd.auditd = auditd;
	stats_again();
	TAILQ_FOREACH(p, &pendings, entry) {
		if (p->kind == PEND_ALERTS && p->rows != NULL) {
			json_array_clear(p->rows);
			p->rows_len = 0;
		}
		pending_send(p);
	}
}

void
record_edge_lost(void)
{
	gatewayd.auditd = NULL;
	gatewayd.auditd_lost_ms = clock_ms();
}

/* a control connection is gone: its answers have nowhere to go */
void
record_forget(struct peer *ctl)
{
	struct pending	*p;

	TAILQ_FOREACH(p, &pendings, entry)
		if (p->asker.ctl == ctl)
			p->answer = 0;
}

static void
pending_done(struct pending *p, uint64_t seq)
{
	if (p->answer)
		api_durable(&p->asker, p->text, &p->under, seq);
	pending_free(p);
}

static void
appended(struct peer *peer, struct msg *msg)
{
	struct appended	 a;
	struct pending	*p;
	size_t		 i;

	if (msg->len % sizeof(a) != 0)
		fatalx("%s: malformed acknowledgement", peer->name);
	for (i = 0; i < msg->len / sizeof(a); i++) {
		memcpy(&a, (const char *)msg->data + i * sizeof(a),
		    sizeof(a));
		/* one whose time was over has been answered with 503 */
		if ((p = pending_find(PEND_EVENT, a.id)) != NULL)
			pending_done(p, a.seq);
	}
}

static void
refused(struct peer *peer, struct msg *msg)
{
	struct refused	 r;
	struct pending	*p;

	(void)peer;
	if (msg_get(msg, &r, sizeof(r)) == -1 ||
	    (p = pending_find(PEND_EVENT, r.id)) == NULL)
		return;
	/* what nobody waits for waits for the log instead */
	if (p->text == NULL && r.code == REFUSAL_STORE) {
		p->again = 1;
		return;
	}
	if (r.code == REFUSAL_BUDGET)
		limits_hold(p->asker.actor, r.wait_s);
	if (p->answer && r.code == REFUSAL_BUDGET)
		api_limited(&p->asker, LIMIT_EVENTS, r.wait_s);
	else if (p->answer)
		api_unavailable(&p->asker);
	pending_free(p);
}

static void
list_changed(struct peer *peer, struct msg *msg)
{
	static const int	 status[] = { 200, 503, 400, 400, 403, 503, 409,
	    404, 403, 502 };
	struct list_changed	 lc;
	struct list_change	 asked;
	struct pending		*p;

	(void)peer;
	if (msg_get(msg, &lc, sizeof(lc)) == -1 ||
	    (p = pending_find(PEND_LIST, lc.id)) == NULL)
		return;
	lc.text[sizeof(lc.text) - 1] = '\0';
	memcpy(&asked, p->event, sizeof(asked));
	if (lc.wait_s != 0)
		limits_hold(p->asker.actor, lc.wait_s);
	if (!p->answer)
		;	/* who asked is gone */
	else if (lc.wait_s != 0)
		api_limited(&p->asker, LIMIT_EVENTS, lc.wait_s);
	else if (lc.code != CTL_OK)
		api_error(&p->asker, lc.code < sizeof(status) /
		    sizeof(status[0]) ? status[lc.code] : 503, lc.text);
	else
		api_answer(&p->asker, 200, json_pack("{s:s}", "status",
		    asked.op == OP_BLOCK ? "blocked" : asked.op == OP_ALLOW ?
		    "allowed" : "unblocked"));
	pending_free(p);
}

static struct pending *
alerts_find(uint32_t query_id)
{
	uint8_t	id[EVENT_ID_LEN] = { 0 };

	memcpy(id, &query_id, sizeof(query_id));
	return (pending_find(PEND_ALERTS, id));
}

/* as GET /alerts has always shown a row */
static void
alerts_row(struct peer *peer, struct msg *msg)
{
	static const enum event_field shown[] = { EV_ACTION, EV_TARGET,
	    EV_ACTOR, EV_DETAILS, EV_RUN_ID, EV_TRACE_ID, EV_REQUEST_ID,
	    EV_SESSION_ID, EV_TOOL_NAME, EV_AGENT_ID };
	struct pending	*p;
	struct event	 ev;
	struct rbuf	 r;
	const void	*data;
	json_t		*row;
	uint64_t	 seq;
	size_t		 len, i;
	char		 id[EVENT_UUID_SIZE], at[EVENT_TIME_SIZE];

	rbuf_init(&r, msg->data, msg->len);
	seq = rbuf_u64(&r);
	data = rbuf_rest(&r, &len);
	if (event_decode(&ev, data, len) == -1)
		fatalx("%s: malformed alert", peer->name);
	p = alerts_find(msg->hdr.id);
	if (p == NULL || p->rows_len + len > MAX_ALERT_BYTES)
		return;
	p->rows_len += len;
	event_uuid(ev.id, id);
	event_time(ev.time_us, at);
	row = json_pack("{s:s,s:s,s:s,s:I}", "id", id, "timestamp", at,
	    "severity", severity_name(ev.severity), "seq", (json_int_t)seq);
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (ev.field[shown[i]] != NULL)
			json_object_set_new(row, event_field_name(shown[i]),
			    json_string(ev.field[shown[i]]));
	json_array_append_new(p->rows, row);
}

static void
alerts_end(struct peer *peer, struct msg *msg)
{
	struct pending	*p;
	uint32_t	 code;

	(void)peer;
	if (msg_get(msg, &code, sizeof(code)) == -1 ||
	    (p = alerts_find(msg->hdr.id)) == NULL)
		return;
	if (!p->answer)
		;	/* who asked is gone */
	else if (code != CTL_OK)
		api_unavailable(&p->asker);
	else {
		api_answer(&p->asker, 200, p->rows);
		p->rows = NULL;
	}
	pending_free(p);
}

static void
approval_said(struct peer *peer, struct msg *msg)
{
	struct approval_said	 said;
	struct pending		*p;

	if (msg_get(msg, &said, sizeof(said)) == -1 ||
	    approval_state_name(said.state) == NULL)
		fatalx("%s: malformed approval", peer->name);
	/* one that came too late has been denied */
	if ((p = pending_find(PEND_APPROVAL, said.id)) == NULL)
		return;
	p->said(p->said_arg, &said);
	pending_free(p);
}

static void
store_state(struct peer *peer, struct msg *msg)
{
	if (msg_get(msg, &gatewayd.store, sizeof(gatewayd.store)) == -1)
		fatalx("%s: malformed", peer->name);
	gatewayd.store.text[sizeof(gatewayd.store.text) - 1] = '\0';
	serve_if_ready();
}
