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

/*
 * What a person decides: gatewayd asks for a request by its hash, an operator
 * says yes or no over a control connection, and each step is an event in the
 * transaction of what it changes.  A yes holds for that request, once, for a
 * time.  Nobody allows what was asked for under their own uid; where there is
 * no other, in user mode, it takes a passphrase (passphrase.c).
 */

#define SECOND_US	1000000ULL

/* in another epoch: what was used since may be unused in an older copy */
void
approvals_forget(void)
{
	if (commit_begin() == 0 && approve_drop_all(auditd.approve) != STORE_OK)
		commit_fail();
}

static uint64_t
until(uint64_t now_us)
{
	return (now_us + auditd.rec.hilt_s * SECOND_US);
}

/*
 * An event of it, in the open transaction; actor NULL: ours.  -1: it failed,
 * as has the transaction, or the event is none.
 */
static int
approvals_event(struct event *ev, const struct approval *row,
    const char *actor, uint64_t *seq)
{
	char	 hash[APPROVAL_HASH_LEN * 2 + 1];
	char	 at[EVENT_TIME_SIZE];
	json_t	*d;
	size_t	 i;

	for (i = 0; i < sizeof(row->hash); i++)
		snprintf(hash + 2 * i, 3, "%02x", row->hash[i]);
	event_time(row->until_us, at);
	d = json_pack("{s:s,s:s,s:s,s:s}", "asked_by", row->actor,
	    "request_hash", hash, "until", at, "reason", row->reason);
	if (d != NULL && row->number != 0)
		json_object_set_new(d, "approval",
		    json_integer((json_int_t)row->number));
	ev->field[EV_TARGET] = row->tool[0] != '\0' ? row->tool : "call";
	ev->field[EV_TOOL_NAME] = row->tool;
	ev->field[EV_AGENT_NAME] = row->agent;
	ev->field[EV_SESSION_ID] = row->session;
	ev->field[EV_ACTOR] = actor;
	return (commit_event(ev, d, seq));
}

/*
 * Those whose time is over: nobody has allowed, or nobody has used it.
 */
static int
approvals_over(uint64_t now_us)
{
	struct approval	 row;
	struct event	 ev;
	int		 i;

	for (i = 0; i < MAX_APPROVALS; i++) {
		if (approve_over(auditd.approve, now_us, &row) != STORE_OK)
			return (-1);
		if (row.number == 0)
			return (0);
		if (commit_begin() == -1)
			return (-1);
		if (row.state == APPROVAL_PENDING ||
		    row.state == APPROVAL_ALLOWED) {
			stamp_event(&auditd.stamp, &ev, "approval-expired",
			    SEV_LOW);
			if (approvals_event(&ev, &row, NULL, NULL) == -1)
				return (-1);
		}
		if (approve_drop(auditd.approve, row.number) != STORE_OK) {
			commit_fail();
			return (-1);
		}
	}
	return (0);
}

void
approvals_tick(void)
{
	if (auditd.reconciled && auditd.why[0] == '\0')
		(void)approvals_over(clock_wall_us());
}

/* --- gatewayd asks -------------------------------------------------------- */

static void
approvals_said(struct after *a, const char *failure)
{
	if (failure != NULL)
		a->said.state = APPROVAL_NONE;
	if (a->peer != NULL)
		peer_send(a->peer, MSG_APPROVAL_SAID, a->id, -1, &a->said,
		    sizeof(a->said));
	free(a);
}

static void
say(struct peer *peer, const struct approval_ask *ask,
    const struct approval *row, uint32_t state)
{
	struct approval_said	said;

	memset(&said, 0, sizeof(said));
	memcpy(said.id, ask->id, sizeof(said.id));
	said.state = state;
	if (row != NULL) {
		said.number = row->number;
		said.until_us = row->until_us;
	}
	peer_send(peer, MSG_APPROVAL_SAID, 0, -1, &said, sizeof(said));
}

/* 1: a new one is refused */
static int
approvals_full(const struct approval *row, size_t len)
{
	uint64_t	all, own;

	if (approve_count(auditd.approve, NULL, &all) == STORE_OK &&
	    approve_count(auditd.approve, row->actor, &own) == STORE_OK &&
	    all < MAX_APPROVALS && own < MAX_APPROVALS_ACTOR &&
	    limits_take(row->actor, len) == 0)
		return (0);
	control_tally("approval-flood", row->actor);
	return (1);
}

/* the event, and what it makes of the row; answered when both are durable */
static void
approvals_enter(struct peer *peer, const struct approval_ask *ask,
    struct approval *row, const char *action, const char *request_id)
{
	struct event	 ev;
	struct after	*a;
	uint64_t	 seq;

	if (commit_begin() == -1) {
		say(peer, ask, NULL, APPROVAL_NONE);
		return;
	}
	stamp_event(&auditd.stamp, &ev, action, row->state == APPROVAL_USED ?
	    SEV_INFO : (enum severity)row->severity);
	memcpy(ev.id, ask->id, sizeof(ev.id));
	ev.time_us = ask->time_us;
	ev.field[EV_REQUEST_ID] = request_id;
	a = commit_after(approvals_said, peer, 0);
	memcpy(a->said.id, ask->id, sizeof(a->said.id));
	a->said.state = row->state;
	a->said.until_us = row->until_us;
	if (approvals_event(&ev, row, row->actor, &seq) == -1) {
		/* a failed transaction has told it already */
		if (TAILQ_LAST(&auditd.after, after_list) == a) {
			TAILQ_REMOVE(&auditd.after, a, entry);
			approvals_said(a, "no event");
		}
		return;
	}
	if (row->number == 0)
		row->number = seq;
	a->said.number = row->number;
	if (approve_put(auditd.approve, row) != STORE_OK)
		commit_fail();
}

static void
approvals_decide(struct peer *peer, const struct approval_ask *ask,
    struct approval *want, size_t len, const char *request_id)
{
	struct approval	 row;
	uint64_t	 now_us = clock_wall_us();

	if (!auditd.reconciled || auditd.out[0] != '\0' ||
	    approvals_over(now_us) == -1 ||
	    approve_of_hash(auditd.approve, ask->hash, &row) != STORE_OK) {
		say(peer, ask, NULL, APPROVAL_NONE);
		return;
	}
	if (row.number != 0 && row.state == APPROVAL_ALLOWED) {
		row.state = APPROVAL_USED;
		memcpy(row.used_id, ask->id, sizeof(row.used_id));
		approvals_enter(peer, ask, &row, "approval-used",
		    request_id);
		return;
	}
	/* asked again because an answer of ours was lost */
	if (row.number != 0 && (row.state != APPROVAL_USED ||
	    memcmp(row.used_id, ask->id, sizeof(row.used_id)) == 0)) {
		say(peer, ask, &row, row.state);
		return;
	}
	if (approvals_full(want, len)) {
		say(peer, ask, NULL, APPROVAL_NO_ROOM);
		return;
	}
	want->state = APPROVAL_PENDING;
	want->asked_us = now_us;
	want->until_us = until(now_us);
	approvals_enter(peer, ask, want, "approval-ask", request_id);
}

void
approvals_ask(struct peer *peer, struct msg *msg)
{
	struct approval_ask	 ask;
	struct approval		 want;
	struct rbuf		 r;
	const char		*rid;

	memset(&want, 0, sizeof(want));
	rbuf_init(&r, msg->data, msg->len);
	rbuf_get(&r, &ask, sizeof(ask));
	strlcpy(want.actor, rbuf_str(&r, 80), sizeof(want.actor));
	strlcpy(want.tool, rbuf_str(&r, MAX_APPROVAL_NAME),
	    sizeof(want.tool));
	strlcpy(want.agent, rbuf_str(&r, MAX_APPROVAL_NAME),
	    sizeof(want.agent));
	strlcpy(want.session, rbuf_str(&r, MAX_APPROVAL_NAME),
	    sizeof(want.session));
	rid = rbuf_str(&r, 128);
	strlcpy(want.reason, rbuf_str(&r, MAX_APPROVAL_REASON - 1),
	    sizeof(want.reason));
	strlcpy(want.request, rbuf_str(&r, MAX_APPROVAL_TEXT - 1),
	    sizeof(want.request));
	if (rbuf_end(&r) == -1 || ask.severity >= SEV_COUNT ||
	    want.actor[0] == '\0' || ask.time_us > INT64_MAX)
		fatalx("%s: malformed approval", peer->name);
	want.severity = ask.severity;
	memcpy(want.hash, ask.hash, sizeof(want.hash));
	approvals_decide(peer, &ask, &want, msg->len, rid);
}

/* --- an operator decides ------------------------------------------------- */

/* 1: whoever asked for it may not be who allows it */
static int
approvals_own(const struct approval *row, uid_t uid)
{
	char	actor[32];

	/* a token's uid nobody knows; with one uid there is one only */
	if (role.start.mode == MODE_USER)
		return (1);
	role_actor(uid, actor);
	return (strcmp(row->actor, actor) == 0);
}

/* "": it may be decided so; or why not */
static const char *
approvals_refusal(const struct approval *row, const struct approve *word,
    const struct peer *p)
{
	char	origin[32];

	if (word->allow == 0 || !approvals_own(row, p->caller.uid))
		return ("");
	if (role.start.mode == MODE_USER)
		return (passphrase_refusal(p, row->number, word->has_key,
		    word->key));
	role_actor(p->caller.uid, origin);
	control_tally("approval-own", origin);
	return ("it was asked for by this uid: another operator must allow "
	    "it");
}

void
approvals_word(struct peer *p, struct msg *msg)
{
	char		 actor[32];
	const char	*why;
	struct approve	 word;
	struct approval	 row;
	struct event	 ev;
	struct after	*a;
	uint64_t	 seq, now_us = clock_wall_us();

	if (msg_get(msg, &word, sizeof(word)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	if (approvals_over(now_us) == -1 || approve_of_number(auditd.approve,
	    word.number, &row) != STORE_OK || commit_begin() == -1) {
		peer_error(p, msg->hdr.id, CTL_FAILURE, "%s",
		    auditd.why[0] != '\0' ? auditd.why :
		    "the audit log is busy: try again");
		return;
	}
	/* what was allowed can be taken back as long as it is not used */
	if (row.number == 0 || (row.state != APPROVAL_PENDING &&
	    (word.allow || row.state != APPROVAL_ALLOWED))) {
		peer_error(p, msg->hdr.id, CTL_NOT_FOUND, row.number == 0 ?
		    "no approval has this number, or its time is over" :
		    "it is %s already", approval_state_name(row.state));
		return;
	}
	why = approvals_refusal(&row, &word, p);
	explicit_bzero(word.key, sizeof(word.key));
	if (why[0] != '\0') {
		peer_error(p, msg->hdr.id, CTL_PERMISSION, "%s", why);
		return;
	}
	row.state = word.allow ? APPROVAL_ALLOWED : APPROVAL_DENIED;
	row.until_us = until(now_us);
	role_actor(p->caller.uid, actor);
	stamp_event(&auditd.stamp, &ev, word.allow ? "approval-allow" :
	    "approval-deny", SEV_MEDIUM);
	a = commit_after(control_recorded, p, msg->hdr.id);
	if (approvals_event(&ev, &row, actor, &seq) == -1) {
		if (TAILQ_LAST(&auditd.after, after_list) == a) {
			TAILQ_REMOVE(&auditd.after, a, entry);
			control_recorded(a, "no event");
		}
		return;
	}
	a->seq = seq;
	if (approve_put(auditd.approve, &row) != STORE_OK)
		commit_fail();
}

static int
approvals_row(const struct approval *row, void *arg)
{
	char	asked[EVENT_TIME_SIZE], at[EVENT_TIME_SIZE];

	event_time(row->asked_us, asked);
	event_time(row->until_us, at);
	json_array_append_new(arg, json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,"
	    "s:s,s:s,s:s,s:s}", "number", (json_int_t)row->number, "state",
	    approval_state_name(row->state), "severity",
	    severity_name((enum severity)row->severity), "asked_at", asked,
	    "until", at, "asked_by", row->actor, "tool", row->tool, "agent",
	    row->agent, "session", row->session, "reason", row->reason,
	    "request", row->request));
	return (0);
}

void
approvals_list(struct peer *p, struct msg *msg)
{
	json_t	*rows;

	if (!control_ready(p, msg->hdr.id))
		return;
	if ((rows = json_array()) == NULL)
		fatal("approvals");
	(void)approvals_over(clock_wall_us());
	if (approve_each(auditd.approve, approvals_row, rows) != STORE_OK) {
		json_decref(rows);
		peer_error(p, msg->hdr.id, CTL_FAILURE, "%s",
		    store_errtext(auditd.store));
		return;
	}
	control_json(p, msg->hdr.id, json_pack("{s:o}", "approvals", rows));
	peer_done(p, msg->hdr.id, CTL_OK);
}
