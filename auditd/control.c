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

#include "common/action.h"
#include "common/clock.h"
#include "common/export.h"
#include "common/json.h"
#include "common/log.h"
#include "auditd.h"
#include "outbox.h"

/*
 * Requests that come over control connections, and the clients' own alerts
 * that gatewayd asks for.  A long answer is sent as the client reads it.
 */

enum stream_kind { STREAM_NONE, STREAM_EXPORT, STREAM_TAIL };

/* what a client's connection is in the middle of */
struct stream {
	enum stream_kind kind;
	uint32_t	 id;
	uint64_t	 next;
	uint64_t	 last;		/* export: where it ends */
	int		 want_head;
	uint32_t	 head_id;	/* of the request for it */
};

struct alerts_to {
	struct peer	*peer;
	uint32_t	 id;
};

static void	control_status(struct peer *, struct msg *);
static void	control_stop(struct peer *, struct msg *);
static void	control_list(struct peer *, struct msg *);
static void	control_show(struct peer *, struct msg *);
static void	control_take_head(struct peer *, struct msg *);
static void	control_export(struct peer *, struct msg *);
static void	control_tail(struct peer *, struct msg *);
static void	control_alerts(struct peer *, struct msg *);
static void	control_ack(struct peer *, struct msg *);
static void	control_lists(struct peer *, struct msg *);
static void	control_note(struct peer *, struct msg *);

#define MAX_LIST_MSG	(sizeof(struct list_change) + MAX_TARGET_NAME +	\
    MAX_PIN_TEXT + 16)
#define DAY_US		(24 * 3600 * 1000000ULL)
#define MAX_NOTE_TEXT	16384
#define MAX_ACK_NOTE	1024

const struct dispatch control_from_client[] = {
	{ MSG_CTL_STATUS, ST_RUNNING, 0, 0, FD_NONE, READERS,
	    control_status },
	{ MSG_CTL_STOP, ST_RUNNING, 0, 0, FD_NONE, OPERATOR, control_stop },
	{ MSG_CTL_AUDIT_LIST, ST_RUNNING, sizeof(struct audit_list),
	    sizeof(struct audit_list), FD_NONE, READERS, control_list },
	{ MSG_CTL_AUDIT_SHOW, ST_RUNNING, 8, 8, FD_NONE, READERS,
	    control_show },
	{ MSG_CTL_AUDIT_HEAD, ST_RUNNING, 0, 0, FD_NONE, READERS,
	    control_take_head },
	{ MSG_CTL_AUDIT_EXPORT, ST_RUNNING, 16, 16, FD_NONE, READERS,
	    control_export },
	{ MSG_CTL_AUDIT_TAIL, ST_RUNNING, 8, 8, FD_NONE, READERS,
	    control_tail },
	{ MSG_CTL_ALERTS, ST_RUNNING, sizeof(struct alert_list),
	    sizeof(struct alert_list), FD_NONE, READERS, control_alerts },
	{ MSG_CTL_ALERT_ACK, ST_RUNNING, 13, 13 + MAX_ACK_NOTE, FD_NONE,
	    OPERATOR, control_ack },
	{ MSG_CTL_LIST, ST_RUNNING, 0, 0, FD_NONE, READERS, control_lists },
	{ MSG_CTL_LIST_CHANGE, ST_RUNNING, sizeof(struct list_change),
	    MAX_LIST_MSG, FD_NONE, OPERATOR, lists_change },
	{ MSG_CTL_NOTE, ST_RUNNING, 23, MAX_NOTE_TEXT, FD_NONE, OPERATOR,
	    control_note },
	{ MSG_CTL_APPROVALS, ST_RUNNING, 0, 0, FD_NONE, READERS,
	    approvals_list },
	{ MSG_CTL_APPROVE, ST_RUNNING, sizeof(struct approve),
	    sizeof(struct approve), FD_NONE, OPERATOR, approvals_word },
	{ MSG_CTL_PASSPHRASE, ST_RUNNING, 0, 0, FD_NONE, OPERATOR,
	    passphrase_salt },
	{ MSG_CTL_PASSPHRASE_SET, ST_RUNNING, sizeof(struct passphrase_set),
	    sizeof(struct passphrase_set), FD_NONE, OPERATOR,
	    passphrase_change },
	{ MSG_CTL_SINKS, ST_RUNNING, 0, 0, FD_NONE, READERS, sinks_list },
	{ MSG_CTL_SINK_TEST, ST_RUNNING, 6, 5 + MAX_SINK_NAME, FD_NONE,
	    OPERATOR, sinks_test },
	{ MSG_CTL_SINK_REPLAY, ST_RUNNING, 22, 21 + MAX_SINK_NAME, FD_NONE,
	    OPERATOR, sinks_replay },
	{ MSG_CTL_DEAD_LIST, ST_RUNNING, 18, 17 + MAX_SINK_NAME, FD_NONE,
	    READERS, sinks_dead_list },
	{ MSG_CTL_DEAD_RETRY, ST_RUNNING, 14, 13 + MAX_SINK_NAME, FD_NONE,
	    OPERATOR, sinks_dead_retry },
	{ MSG_CTL_DEAD_DROP, ST_RUNNING, 19, 18 + MAX_SINK_NAME +
	    MAX_TARGET_REASON, FD_NONE, OPERATOR, sinks_dead_drop },
	{ 0 }
};

void
control_json(struct peer *p, uint32_t id, json_t *j)
{
	char	*text;

	text = json_text(j);
	json_decref(j);
	if (text == NULL)
		fatal("answer");
	peer_text(p, id, text, strlen(text));
	free(text);
}

static void
store_error(struct peer *p, uint32_t id, enum store_status st)
{
	peer_error(p, id, st == STORE_REFUSED ? CTL_NOT_FOUND : CTL_FAILURE,
	    "%s", store_errtext(auditd.store));
}

/* queries see durable rows only */
int
control_ready(struct peer *p, uint32_t id)
{
	if (!auditd.reconciled) {
		peer_error(p, id, CTL_NOT_RUNNING, "the audit log waits for "
		    "the signer: try again");
		return (0);
	}
	commit_now();
	return (1);
}

/*
 * One row to the client; stops when its queue is full enough.  A row that
 * cannot be sent ends the connection: a gap must not look like the end.
 */
static int
row_line(const struct chain_row *row, void *arg)
{
	static char	 line[MAX_EXPORT_LINE];
	struct peer	*p = arg;
	struct stream	*s = p->ctx;
	ssize_t		 n;

	n = export_row_line(row, line, sizeof(line));
	if (n == -1 || peer_send(p, MSG_CTL_TEXT, s->id, -1, line,
	    (size_t)n) == -1) {
		log_warn("row %llu", (unsigned long long)row->seq);
		s->kind = STREAM_NONE;
		peer_close_when_sent(p);
		return (1);
	}
	return (peer_blocked(p));
}

/*
 * Sends what the client's queue has room for.
 */
static void
stream_go(struct peer *p)
{
	struct stream		*s = p->ctx;
	enum store_status	 st;
	uint64_t		 next;
	unsigned int		 max;

	while (s->kind != STREAM_NONE && !peer_blocked(p)) {
		max = s->kind == STREAM_TAIL ? TAIL_ROWS : EXPORT_ROWS;
		if (s->kind == STREAM_EXPORT) {
			if (s->next > s->last) {
				s->kind = STREAM_NONE;
				peer_done(p, s->id, CTL_OK);
				return;
			}
			if (s->last - s->next + 1 < max)
				max = (unsigned int)(s->last - s->next + 1);
		}
		st = query_rows(auditd.query, s->next, max, row_line, p,
		    &next);
		if (st != STORE_OK) {
			s->kind = STREAM_NONE;
			store_error(p, s->id, st);
			return;
		}
		if (next == s->next) {
			if (s->kind == STREAM_EXPORT) {
				s->kind = STREAM_NONE;
				peer_done(p, s->id, CTL_OK);
			}
			return;
		}
		s->next = next;
	}
}

static void
control_flow(struct peer *p)
{
	if (!peer_blocked(p) && !auditd.in_tx)
		stream_go(p);
}

void
control_tails(void)
{
	struct peer	*p;

	TAILQ_FOREACH(p, &role.clients, entry)
		if (((struct stream *)p->ctx)->kind != STREAM_NONE)
			stream_go(p);
}

/*
 * -1 when it is not durable: it is kept then, and counted on.
 */
static int
control_refusal(const struct tally_entry *e, void *arg)
{
	struct event	ev;

	(void)arg;
	stamp_event(&auditd.stamp, &ev, ACTION_REFUSED, SEV_MEDIUM);
	ev.field[EV_TARGET] = e->what;
	ev.field[EV_ACTOR] = e->origin;
	if (commit_event(&ev, json_pack("{s:I,s:i}", "count",
	    (json_int_t)e->count, "window_ms", TALLY_WINDOW_MS), NULL) == -1)
		return (-1);
	commit_now();
	return (auditd.why[0] == '\0' ? 0 : -1);
}

/*
 * Somebody asked for what is not theirs; floods of it are counted.
 */
void
control_tally(const char *what, const char *origin)
{
	tally_hit(&auditd.tally, what, origin, clock_ms(), control_refusal,
	    NULL);
}

static void
refused_uid(uint32_t uid)
{
	char	origin[32];

	role_actor(uid, origin);
	control_tally("control", origin);
}

void
control_refused(struct peer *p, uint32_t type)
{
	(void)type;
	refused_uid(p->caller.uid);
}

/* at the signer's control socket: it writes no events itself */
void
control_by_signer(struct peer *p, struct msg *msg)
{
	struct sign_refused	sr;

	if (msg_get(msg, &sr, sizeof(sr)) == -1)
		fatalx("%s: malformed", p->name);
	refused_uid(sr.uid);
}

/* once a second, and what was only counted so far before the end */
void
control_tick(void)
{
	tally_flush(&auditd.tally, clock_ms(), auditd.stopping,
	    control_refusal, NULL);
	sinks_tick();
	approvals_tick();
	stats_tick();
}

/* what the end leaves unrecorded is at least said */
void
control_end(void)
{
	uint64_t	n;

	if ((n = tally_unreported(&auditd.tally)) != 0)
		log_warnx("%llu refusals were not recorded before the end",
		    (unsigned long long)n);
}

void
control_closed(struct peer *p)
{
	commit_forget(p);
	sinks_forget(p);
	role_client_closed(p);
	free(p->ctx);
	p->ctx = NULL;
}

void
control_open(struct peer *p)
{
	if ((p->ctx = calloc(1, sizeof(struct stream))) == NULL)
		fatal("client");
	p->on_close = control_closed;
	p->on_flow = control_flow;
}

static void
control_status(struct peer *p, struct msg *msg)
{
	control_json(p, msg->hdr.id, report_status());
	peer_done(p, msg->hdr.id, CTL_OK);
}

static void
stop_recorded(struct after *a, const char *failure)
{
	struct request	rq;

	/* an operator can stop a suite whose disk is full */
	if (failure != NULL)
		log_warnx("stop is not recorded: %s", failure);
	memset(&rq, 0, sizeof(rq));
	rq.kind = REQ_STOP;
	peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq));
	if (a->peer != NULL)
		peer_done(a->peer, a->id, CTL_OK);
	free(a);
}

static void
control_stop(struct peer *p, struct msg *msg)
{
	struct event	 ev;
	char		 actor[32];
	struct after	*a;

	role_actor(p->caller.uid, actor);
	stamp_event(&auditd.stamp, &ev, "stop", SEV_INFO);
	ev.field[EV_TARGET] = "defenseclaw";
	ev.field[EV_ACTOR] = actor;
	a = commit_after(stop_recorded, p, msg->hdr.id);
	if (commit_event(&ev, NULL, NULL) == -1 &&
	    TAILQ_LAST(&auditd.after, after_list) == a) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		stop_recorded(a, auditd.why);
	}
}

static void
control_list(struct peer *p, struct msg *msg)
{
	struct stream		*s = p->ctx;
	struct audit_list	 al;
	struct query_filter	 f;
	enum store_status	 st;
	uint64_t		 next;
	unsigned int		 want;

	if (msg_get(msg, &al, sizeof(al)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	memset(&f, 0, sizeof(f));
	rowfilter_asked(&f.rows, &al);
	want = al.limit == 0 || al.limit > MAX_QUERY_ROWS ?
	    MAX_QUERY_ROWS : al.limit;
	s->id = msg->hdr.id;
	f.limit = want;
	if ((st = query_list(auditd.query, &f, row_line, p, &next)) !=
	    STORE_OK) {
		store_error(p, msg->hdr.id, st);
		return;
	}
	/* fewer rows than asked for need not be the end */
	if (next != 0)
		peer_send(p, MSG_CTL_NEXT, msg->hdr.id, -1, &next,
		    sizeof(next));
	peer_done(p, msg->hdr.id, CTL_OK);
}

/* why there is nothing kept of a row */
static const char *
kept_gone(const struct chain_row *row)
{
	uint64_t	 days = (clock_wall_us() - row->ev.time_us) / DAY_US;

	return (clock_wall_us() > row->ev.time_us && days >=
	    auditd.rec.body_days ? "expired" : "displaced by newer ones");
}

/* the row, with what is kept beside the log for it */
static int
row_whole(const struct chain_row *row, void *arg)
{
	static char	 line[MAX_EXPORT_LINE];
	struct peer	*p = arg;
	struct stream	*s = p->ctx;
	char		 body[MAX_KEPT_BODY + 1], err[MAX_JSON_ERR];
	json_t		*j;
	ssize_t		 n;
	int		 found;

	/* an event that a client named so has none */
	if (strcmp(row->ev.field[EV_ACTION], ACTION_JUDGE_BODY) != 0 ||
	    row->ev.field[EV_DETAILS] == NULL ||
	    strstr(row->ev.field[EV_DETAILS], "\"" KEPT_HASH "\"") == NULL)
		return (row_line(row, p));
	if ((n = export_row_line(row, line, sizeof(line))) == -1 ||
	    (j = json_strict(line, (size_t)n, err)) == NULL)
		return (row_line(row, p));
	if (kept_get(auditd.kept, row->seq, body, &found) != STORE_OK)
		json_object_set_new(j, "kept_state", json_string(
		    store_errtext(auditd.store)));
	else if (!found)
		json_object_set_new(j, "kept_state", json_string(
		    kept_gone(row)));
	else {
		json_object_set_new(j, "kept_state", json_string(
		    kept_matches(row->ev.field[EV_DETAILS], body) ? "kept" :
		    "changed: it is not what was recorded"));
		json_object_set_new(j, "kept_body", json_string(body));
	}
	control_json(p, s->id, j);
	return (0);
}

static void
control_show(struct peer *p, struct msg *msg)
{
	struct stream		*s = p->ctx;
	enum store_status	 st;
	uint64_t		 seq;

	if (msg_get(msg, &seq, sizeof(seq)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	s->id = msg->hdr.id;
	if ((st = query_show(auditd.query, seq, row_whole, p)) != STORE_OK)
		store_error(p, msg->hdr.id, st);
	else
		peer_done(p, msg->hdr.id, CTL_OK);
}

static void
head_answer(struct peer *p, uint32_t id, const struct head *h)
{
	char	text[MAX_HEAD_JSON];
	size_t	n = head_json(h, text);

	peer_send(p, MSG_CTL_TEXT, id, -1, text, n);
	peer_done(p, id, CTL_OK);
}

/*
 * A signature under the newest row that says anything; the answer comes with
 * it.
 */
static void
control_take_head(struct peer *p, struct msg *msg)
{
	struct stream	*s = p->ctx;

	if (!control_ready(p, msg->hdr.id))
		return;
	/* what came after that head is the checkpoint made of it */
	if (auditd.unsealed == 0 && seal_last() != NULL) {
		head_answer(p, msg->hdr.id, seal_last());
		return;
	}
	if (auditd.signer == NULL) {
		peer_error(p, msg->hdr.id, CTL_NOT_RUNNING, "the signer is "
		    "not running at the moment: try again");
		return;
	}
	s->head_id = msg->hdr.id;
	s->want_head = 1;
	seal_head();
}

/*
 * To everybody who waits: the head, or why there is none (NULL).
 */
void
control_head(const struct head *h, const char *failure)
{
	struct stream	*s;
	struct peer	*p;

	TAILQ_FOREACH(p, &role.clients, entry) {
		s = p->ctx;
		if (!s->want_head)
			continue;
		s->want_head = 0;
		if (h != NULL)
			head_answer(p, s->head_id, h);
		else
			peer_error(p, s->head_id, CTL_NOT_RUNNING, "%s",
			    failure);
	}
}

static int
row_alg(const struct chain_row *row, void *arg)
{
	*(enum chain_alg *)arg = row->alg;
	return (1);
}

static void
stream_start(struct peer *p, uint32_t id, enum stream_kind kind,
    uint64_t from, uint64_t to)
{
	struct export_header	 eh;
	struct stream		*s = p->ctx;
	struct head		 h;
	char			 line[MAX_EXPORT_HEADER];
	uint64_t		 next;
	ssize_t			 n;

	store_head(auditd.store, &h);
	s->id = id;
	s->kind = kind;
	s->next = from == 0 ? 1 : from;
	s->last = to == 0 || to > h.seq ? h.seq : to;
	memset(&eh, 0, sizeof(eh));
	memcpy(eh.device, h.device, sizeof(eh.device));
	memcpy(eh.public_key, auditd.pubkey, sizeof(eh.public_key));
	/* of the first row: the configured one may have changed since */
	eh.alg = (enum chain_alg)auditd.rec.hash_alg;
	(void)query_rows(auditd.query, s->next, 1, row_alg, &eh.alg, &next);
	eh.from = s->next;
	if (kind == STREAM_EXPORT) {
		n = export_header_line(&eh, line, sizeof(line));
		if (n == -1)
			fatal("export header");
		peer_send(p, MSG_CTL_TEXT, id, -1, line, (size_t)n);
	}
	stream_go(p);
}

static void
control_export(struct peer *p, struct msg *msg)
{
	uint64_t	range[2];

	if (msg_get(msg, range, sizeof(range)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	if (range[0] > MAX_CHAIN_SEQ) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "no such row");
		return;
	}
	stream_start(p, msg->hdr.id, STREAM_EXPORT, range[0], range[1]);
}

static void
control_tail(struct peer *p, struct msg *msg)
{
	struct head	h;
	uint64_t	from;

	if (msg_get(msg, &from, sizeof(from)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	if (from == 0) {
		store_head(auditd.store, &h);
		from = h.seq + 1;
	}
	stream_start(p, msg->hdr.id, STREAM_TAIL, from, 0);
}

static void
control_alerts(struct peer *p, struct msg *msg)
{
	struct stream		*s = p->ctx;
	struct query_filter	 f;
	enum store_status	 st;
	struct alert_list	 al;
	uint64_t		 next;

	if (msg_get(msg, &al, sizeof(al)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	memset(&f, 0, sizeof(f));
	f.rows.before = al.before;
	f.limit = al.limit == 0 || al.limit > MAX_QUERY_ROWS ?
	    MAX_QUERY_ROWS : al.limit;
	s->id = msg->hdr.id;
	if ((st = query_alerts(auditd.query, &f, row_line, p, &next)) !=
	    STORE_OK) {
		store_error(p, msg->hdr.id, st);
		return;
	}
	if (next != 0)
		peer_send(p, MSG_CTL_NEXT, msg->hdr.id, -1, &next,
		    sizeof(next));
	peer_done(p, msg->hdr.id, CTL_OK);
}

/* a client's request was recorded, or could not be */
void
control_recorded(struct after *a, const char *failure)
{
	if (a->peer != NULL && failure != NULL)
		peer_error(a->peer, a->id, CTL_FAILURE, "%s", failure);
	else if (a->peer != NULL) {
		control_json(a->peer, a->id, json_pack("{s:I}", "seq",
		    (json_int_t)a->seq));
		peer_done(a->peer, a->id, CTL_OK);
	}
	free(a);
}

static void
control_ack(struct peer *p, struct msg *msg)
{
	char			 actor[32], target[24], red[MAX_REDACT_TEXT];
	uint8_t			 buf[MAX_EVENT_LEN];
	struct event		 ev;
	struct after		*a;
	struct rbuf		 r;
	enum store_status	 st;
	const char		*note;
	uint64_t		 seq, mine = 0;
	ssize_t			 n;

	rbuf_init(&r, msg->data, msg->len);
	seq = rbuf_u64(&r);
	note = rbuf_str(&r, MAX_ACK_NOTE);
	if (rbuf_end(&r) == -1) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "malformed");
		return;
	}
	if (!control_ready(p, msg->hdr.id))
		return;
	if (commit_begin() == -1) {
		peer_error(p, msg->hdr.id, CTL_FAILURE, "%s",
		    auditd.why[0] != '\0' ? auditd.why :
		    "the audit log is busy: try again");
		return;
	}
	role_actor(p->caller.uid, actor);
	snprintf(target, sizeof(target), "%llu", (unsigned long long)seq);
	redact_reason(&auditd.redactor, note, red);
	stamp_event(&auditd.stamp, &ev, "acknowledge-alerts", SEV_INFO);
	ev.field[EV_TARGET] = target;
	ev.field[EV_ACTOR] = actor;
	ev.generation = auditd.generation;
	n = stamp_encode(&ev, json_pack("{s:s}", "note", red), buf,
	    sizeof(buf));
	a = commit_after(control_recorded, p, msg->hdr.id);
	st = n == -1 ? STORE_REFUSED : query_acknowledge(auditd.query, seq,
	    buf, (size_t)n, &mine);
	a->seq = mine;
	if (st == STORE_REFUSED) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		free(a);
		store_error(p, msg->hdr.id, st);
	} else if (st != STORE_OK)
		commit_fail();
}

static int
lists_row(const struct list_entry *e, void *arg)
{
	char	at[EVENT_TIME_SIZE];

	event_time(e->updated_us, at);
	json_array_append_new(arg, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I}",
	    "target_type", list_type_name(e->type), "target_name", e->name,
	    "action", list_action_name(e->action), "reason",
	    e->reason != NULL ? e->reason : "", "actor", e->actor,
	    "updated_at", at, "seq", (json_int_t)e->seq));
	return (0);
}

static void
control_lists(struct peer *p, struct msg *msg)
{
	json_t	*rows;

	if (!control_ready(p, msg->hdr.id))
		return;
	if ((rows = json_array()) == NULL)
		fatal("lists");
	(void)policy_each(auditd.policy, lists_row, rows);
	control_json(p, msg->hdr.id, json_pack("{s:I,s:o}", "generation",
	    (json_int_t)auditd.generation, "entries", rows));
	peer_done(p, msg->hdr.id, CTL_OK);
}

/*
 * What an operator did with the front end: a changed configuration.
 */
static void
control_note(struct peer *p, struct msg *msg)
{
	struct note	 n;
	struct after	*a;
	struct rbuf	 r;

	memset(&n, 0, sizeof(n));
	rbuf_init(&r, msg->data, msg->len);
	n.time_us = rbuf_u64(&r);
	n.action = rbuf_str(&r, 64);
	n.target = rbuf_str(&r, 255);
	n.change = rbuf_str(&r, MAX_NOTE_TEXT);
	n.severity = SEV_INFO;
	n.uid = p->caller.uid;
	if (rbuf_end(&r) == -1 || !note_allowed(n.action)) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "malformed");
		return;
	}
	note_id(&n, msg->data, msg->len);
	commit_now();
	a = commit_after(control_recorded, p, msg->hdr.id);
	if (note_known(&n, &a->seq)) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		control_recorded(a, NULL);
	} else if (note_event(&n, &a->seq) == -1 &&
	    TAILQ_LAST(&auditd.after, after_list) == a) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		control_recorded(a, "the audit log takes no events now");
	}
}

static int
alerts_row(const struct chain_row *row, void *arg)
{
	struct alerts_to	*to = arg;
	uint8_t			 buf[MAX_EVENT_LEN];
	ssize_t			 n;
	uint64_t		 seq = row->seq;

	if ((n = event_encode(&row->ev, buf, sizeof(buf))) == -1)
		return (1);
	return (peer_send2(to->peer, MSG_ALERTS_ROW, to->id, &seq,
	    sizeof(seq), buf, (size_t)n) == -1);
}

/*
 * gatewayd asks for the alerts of one actor, by the name it gave them.
 */
void
alerts_msg(struct peer *peer, struct msg *msg)
{
	struct query_filter	 f;
	struct alerts_to	 to;
	struct rbuf		 r;
	const char		*actor;
	uint64_t		 next;
	uint32_t		 code = CTL_OK;

	rbuf_init(&r, msg->data, msg->len);
	memset(&f, 0, sizeof(f));
	f.limit = rbuf_u32(&r);
	actor = rbuf_str(&r, 80);
	if (rbuf_end(&r) == -1 || f.limit == 0 || f.limit > MAX_QUERY_ROWS)
		fatalx("%s: malformed alert query", peer->name);
	f.rows.actor = actor;
	to.peer = peer;
	to.id = msg->hdr.id;
	if (actor[0] == '\0')
		code = CTL_PERMISSION;	/* everybody's are for operators */
	else if (!auditd.reconciled)
		code = CTL_NOT_RUNNING;
	else {
		commit_now();
		if (query_alerts(auditd.query, &f, alerts_row, &to,
		    &next) != STORE_OK)
			code = CTL_FAILURE;
	}
	peer_send(peer, MSG_ALERTS_END, msg->hdr.id, -1, &code,
	    sizeof(code));
}
