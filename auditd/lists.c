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
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/export.h"
#include "auditd.h"

/*
 * Block and allow lists: who may change them, the change and its event as
 * one transaction, and the answer only when every live worker follows.
 */

struct find {
	enum list_type	 type;
	const char	*name;
	enum list_action found;
};

struct push {
	struct worker	*w;
	uint32_t	 count;
	int		 failed;
};

static int
push_entry(const struct list_entry *e, void *arg)
{
	struct push		*push = arg;
	struct policy_item	 item;
	struct wbuf		 b;

	memset(&item, 0, sizeof(item));
	item.updated_us = e->updated_us;
	item.kind = e->type;
	item.op = e->action;
	wbuf_init(&b, sizeof(item) + MAX_TARGET_NAME + MAX_PIN_TEXT + 32);
	wbuf_put(&b, &item, sizeof(item));
	wbuf_str(&b, e->name);
	wbuf_str(&b, e->reason != NULL ? e->reason : "");
	push->failed = b.failed || peer_send(push->w->peer, MSG_POLICY_ENTRY,
	    0, -1, b.data, b.len) == -1;
	wbuf_free(&b);
	push->count++;
	return (push->failed);
}

/*
 * The whole of the lists, which the worker takes over at the end message.
 * When they cannot be read or sent whole that message does not come and
 * traffic is refused: a list cut short would allow what is blocked.
 */
void
lists_push(struct worker *w)
{
	struct policy_head	ph;
	struct push		push;

	memset(&ph, 0, sizeof(ph));
	memset(&push, 0, sizeof(push));
	push.w = w;
	ph.generation = auditd.generation;
	push.failed = peer_send(w->peer, MSG_POLICY_BEGIN, 0, -1, &ph,
	    sizeof(ph)) == -1;
	if (!push.failed && policy_each(auditd.policy, push_entry, &push) !=
	    STORE_OK) {
		commit_pause(store_errtext(auditd.store));
		return;
	}
	ph.count = push.count;
	if (push.failed || peer_send(w->peer, MSG_POLICY_END, 0, -1, &ph,
	    sizeof(ph)) == -1)
		commit_pause("the lists could not be sent to every worker");
}

void
lists_push_late(void)
{
	struct worker	*w;

	TAILQ_FOREACH(w, &auditd.workers, entry)
		if (w->in_force < auditd.generation)
			lists_push(w);
}

/*
 * List entries and acknowledgements are no rows of the chain: each must at
 * least name the row that made it.
 */
void
lists_verify(void)
{
	struct event	ev;
	uint64_t	lists, acks;

	if (policy_unfounded(auditd.policy, &lists) != STORE_OK ||
	    query_unfounded(auditd.query, &acks) != STORE_OK) {
		log_warnx("lists: %s", store_errtext(auditd.store));
		return;
	}
	if (lists == 0 && acks == 0)
		return;
	log_warnx("%llu list entries and %llu acknowledgements have no event "
	    "that made them: the database was changed by somebody else",
	    (unsigned long long)lists, (unsigned long long)acks);
	stamp_event(&auditd.stamp, &ev, ACTION_UNFOUNDED, SEV_CRITICAL);
	ev.field[EV_TARGET] = "audit.db";
	(void)commit_event(&ev, json_pack("{s:I,s:I}", "list_entries",
	    (json_int_t)lists, "acknowledgements", (json_int_t)acks), NULL);
}

static void
lists_answer(const struct after *a, uint32_t code, const char *text)
{
	struct list_changed	lc;

	if (a->peer == NULL)
		return;
	memset(&lc, 0, sizeof(lc));
	memcpy(lc.id, a->event_id, sizeof(lc.id));
	lc.code = code;
	lc.generation = a->generation;
	lc.seq = a->seq;
	strlcpy(lc.text, text, sizeof(lc.text));
	peer_send(a->peer, MSG_LIST_CHANGED, a->id, -1, &lc, sizeof(lc));
}

/*
 * Of a worker, while traffic is refused or its actor's rows are too many: 1
 * and it is answered.  The row has what the message has, and some.
 */
static int
lists_limited(const struct after *a, const char *actor, size_t len)
{
	struct list_changed	lc;
	unsigned int		wait_s;

	if (auditd.out[0] != '\0') {
		lists_answer(a, CTL_FAILURE, auditd.out);
		return (1);
	}
	if ((wait_s = limits_take(actor, len)) == 0)
		return (0);
	memset(&lc, 0, sizeof(lc));
	memcpy(lc.id, a->event_id, sizeof(lc.id));
	lc.code = CTL_FAILURE;
	lc.wait_s = wait_s;
	peer_send(a->peer, MSG_LIST_CHANGED, a->id, -1, &lc, sizeof(lc));
	return (1);
}

/*
 * Answers every change that all workers follow, and has those replaced that
 * have not followed in time; called on every sign of progress and by timer.
 */
void
lists_check(void)
{
	struct after	*a, *tmp;
	struct worker	*w;
	struct request	 rq;
	uint64_t	 now = clock_ms();
	int		 late;

	TAILQ_FOREACH_SAFE(a, &auditd.waiting, entry, tmp) {
		late = 0;
		TAILQ_FOREACH(w, &auditd.workers, entry) {
			if (w->in_force >= a->generation)
				continue;
			late = 1;
			/* one that just came has its own time */
			if (now < a->deadline_ms ||
			    now < w->since_ms + IN_FORCE_MS)
				continue;
			w->since_ms = now;
			memset(&rq, 0, sizeof(rq));
			rq.kind = REQ_REPLACE;
			rq.incarnation = w->peer->incarnation;
			peer_send(role.sup, MSG_REQUEST, 0, -1, &rq,
			    sizeof(rq));
		}
		if (late)
			continue;
		TAILQ_REMOVE(&auditd.waiting, a, entry);
		auditd.nwaiting--;
		lists_answer(a, CTL_OK, "");
		free(a);
	}
}

void
lists_wait(struct after *a)
{
	a->deadline_ms = clock_ms() + IN_FORCE_MS;
	TAILQ_INSERT_TAIL(&auditd.waiting, a, entry);
	auditd.nwaiting++;
	lists_check();
}

void
lists_in_force(struct peer *peer, struct msg *msg)
{
	struct worker		*w = peer->ctx;
	struct policy_head	 ph;

	if (msg_get(msg, &ph, sizeof(ph)) == -1)
		fatalx("%s: malformed", peer->name);
	w->in_force = ph.generation;
	lists_check();
}

/* the change is durable, or undone */
static void
lists_committed(struct after *a, const char *failure)
{
	struct worker	*w;

	if (failure != NULL) {
		/* the list in memory went back with the transaction */
		lists_answer(a, CTL_FAILURE, failure);
		free(a);
		return;
	}
	/* what was there already may be there since this transaction only */
	if (a->generation == 0)
		a->generation = auditd.generation;
	if (a->generation > auditd.generation) {
		auditd.generation = a->generation;
		TAILQ_FOREACH(w, &auditd.workers, entry)
			lists_push(w);
	}
	lists_wait(a);
}

static int
find_cb(const struct list_entry *e, void *arg)
{
	struct find	*f = arg;

	if (e->type != f->type || strcmp(e->name, f->name) != 0)
		return (0);
	f->found = e->action;
	return (1);
}

/* what a change that was asked for before became */
struct before {
	const char	*action;
	const char	*target;
	const char	*actor;
	uint64_t	 time_us;
	uint64_t	 seq;
	int		 same;
};

static int
before_cb(const struct chain_row *row, void *arg)
{
	struct before	*b = arg;
	const char	*const *f = row->ev.field;

	b->seq = row->seq;
	b->same = row->ev.time_us == b->time_us &&
	    strcmp(f[EV_ACTION], b->action) == 0 && f[EV_TARGET] != NULL &&
	    strcmp(f[EV_TARGET], b->target) == 0 && f[EV_ACTOR] != NULL &&
	    strcmp(f[EV_ACTOR], b->actor) == 0;
	return (0);
}

static const char *
event_action(const struct list_change *lc, int over_http, char *buf,
    size_t size)
{
	static const char *const verbs[] = { "unblock", "block", "allow" };

	if (over_http && lc->kind != KIND_PIN)
		snprintf(buf, size, "api-enforce-%s", verbs[lc->op]);
	else
		snprintf(buf, size, "%s-%s", list_kind_name(lc->kind),
		    verbs[lc->op]);
	return (buf);
}

/*
 * gatewayd asks again when auditd was replaced before it answered: what is
 * in the log already is answered, not done twice.  1: nothing is left to do.
 */
static int
lists_known(const struct after *now, const struct list_change *lc,
    const char *name, const char *actor)
{
	char			 action[48], target[MAX_TARGET_NAME + 1];
	struct before		 b;
	struct after		*a;
	enum store_status	 st;
	int			 found;

	/* only durable rows are looked at */
	commit_now();
	redact_name(&auditd.redactor, name, target, sizeof(target));
	memset(&b, 0, sizeof(b));
	b.action = event_action(lc, 1, action, sizeof(action));
	b.target = target;
	b.actor = actor;
	b.time_us = lc->time_us;
	if ((st = query_id(auditd.query, lc->id, before_cb, &b, &found)) !=
	    STORE_OK) {
		commit_fail();
		lists_answer(now, CTL_FAILURE, auditd.why);
		return (1);
	}
	if (!found)
		return (0);
	if (!b.same) {
		lists_answer(now, CTL_USAGE, "the id is another event's");
		return (1);
	}
	if ((a = malloc(sizeof(*a))) == NULL)
		fatal("list change");
	*a = *now;
	a->seq = b.seq;
	lists_wait(a);
	return (1);
}

/* of a pin its tools' number and one hash of theirs */
static json_t *
change_details(const struct list_change *lc, const char *reason)
{
	static const char *const words[] = { "none", "block", "allow" };
	char		 red[MAX_REDACT_TEXT], hex[PIN_HASH + 1];
	unsigned char	 hash[crypto_hash_sha256_BYTES];
	size_t		 len = strlen(reason);

	if (lc->kind == KIND_PIN) {
		crypto_hash_sha256(hash, (const unsigned char *)reason, len);
		sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
		return (json_pack("{s:s,s:s,s:I,s:s}", "target_type",
		    list_kind_name(lc->kind), "install", words[lc->op],
		    "tools", (json_int_t)((len + 1) / (PIN_HASH + 1)),
		    "sha256", hex));
	}
	redact_reason(&auditd.redactor, reason, red);
	return (json_pack("{s:s,s:s,s:s}", "target_type",
	    list_kind_name(lc->kind), "install", words[lc->op], "reason",
	    red));
}

static void
lists_apply(struct peer *peer, struct msg *msg, const struct list_change *lc,
    const char *name, const char *reason, const char *actor,
    const char *request_id)
{
	char			 action[48], target[MAX_TARGET_NAME + 1];
	uint8_t			 buf[MAX_EVENT_LEN];
	struct list_entry	 e;
	struct event		 ev;
	struct after		*a;
	enum store_status	 st;
	json_t			*d;
	uint64_t		 seq;
	ssize_t			 n;
	int			 changed;

	stamp_event(&auditd.stamp, &ev, event_action(lc,
	    peer->class != PEER_CLIENT, action, sizeof(action)), SEV_INFO);
	if (peer->class != PEER_CLIENT) {
		memcpy(ev.id, lc->id, sizeof(ev.id));
		ev.time_us = lc->time_us;
	}
	redact_name(&auditd.redactor, name, target, sizeof(target));
	ev.field[EV_TARGET] = target;
	ev.field[EV_ACTOR] = actor;
	ev.field[EV_REQUEST_ID] = request_id[0] != '\0' ? request_id : NULL;
	ev.generation = auditd.generation;
	d = change_details(lc, reason);
	n = stamp_encode(&ev, d, buf, sizeof(buf));
	a = commit_after(lists_committed, peer, msg->hdr.id);
	memcpy(a->event_id, ev.id, sizeof(a->event_id));
	memset(&e, 0, sizeof(e));
	e.type = (enum list_type)lc->kind;
	e.action = (enum list_action)lc->op;
	e.name = name;
	e.reason = reason[0] != '\0' ? reason : NULL;
	e.actor = actor;
	e.updated_us = ev.time_us;
	st = n == -1 ? STORE_REFUSED : policy_set(auditd.policy, &e, buf,
	    (size_t)n, &seq, &changed);
	if (st == STORE_REFUSED) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		lists_answer(a, CTL_USAGE, store_errtext(auditd.store));
		free(a);
		return;
	}
	if (st != STORE_OK) {
		commit_fail();
		return;
	}
	a->seq = seq;
	a->generation = changed ? seq : 0;
}

/* hashes as proto.h has them */
static int
is_pin(const char *text)
{
	size_t	i, len = strlen(text);

	if (len == 0)
		return (1);
	for (i = 0; i < len; i++)
		if (i % (PIN_HASH + 1) == PIN_HASH ? text[i] != ' ' :
		    strchr("0123456789abcdef", text[i]) == NULL)
			return (0);
	return (i % (PIN_HASH + 1) == PIN_HASH);
}

static enum list_action
on_list(uint32_t kind, const char *name)
{
	struct find	f;

	f.type = (enum list_type)kind;
	f.name = name;
	f.found = LIST_NONE;
	(void)policy_each(auditd.policy, find_cb, &f);
	return (f.found);
}

/*
 * gatewayd's word on who asks is not enough: it parses agents' bytes.  But
 * whoever sees a server's tools first may pin them, for itself alone.
 */
static const char *
may_not(const struct list_change *lc, const char *name, const char *who)
{
	size_t	len = strlen(who);

	if (lc->kind == KIND_PIN)
		return (lc->op == OP_ALLOW && strncmp(name, who, len) == 0 &&
		    name[len] == '/' ? NULL : "clients pin their own "
		    "servers' tools only");
	return (auditd.rec.allow_enforce ? NULL : "clients may not change "
	    "the lists: gateway.allow_enforce is false");
}

/*
 * From an operator's control connection, or from gatewayd for a client whose
 * principal it reports; whether that may change anything is decided here.
 */
void
lists_change(struct peer *peer, struct msg *msg)
{
	char			 actor[80];
	const char		*name, *reason, *who = actor, *rid = "";
	const char		*why;
	struct list_change	 lc;
	struct after		 now;
	struct rbuf		 r;

	rbuf_init(&r, msg->data, msg->len);
	rbuf_get(&r, &lc, sizeof(lc));
	name = rbuf_str(&r, MAX_TARGET_NAME);
	reason = rbuf_str(&r, lc.kind == KIND_PIN ? MAX_PIN_TEXT :
	    MAX_TARGET_REASON);
	if (peer->class == PEER_CLIENT)
		role_actor(peer->caller.uid, actor);
	else {
		who = rbuf_str(&r, sizeof(actor) - 1);
		rid = rbuf_str(&r, 128);
	}
	memset(&now, 0, sizeof(now));
	now.peer = peer;
	now.id = msg->hdr.id;
	memcpy(now.event_id, lc.id, sizeof(now.event_id));
	now.generation = auditd.generation;
	if (rbuf_end(&r) == -1 || lc.kind < KIND_TOOL ||
	    lc.kind > KIND_PIN || lc.op > OP_ALLOW || lc.was > OP_ALLOW ||
	    lc.time_us > INT64_MAX || (lc.kind == KIND_PIN &&
	    !is_pin(reason))) {
		if (peer->class != PEER_CLIENT)
			fatalx("%s: malformed list change", peer->name);
		lists_answer(&now, CTL_USAGE, "malformed list change");
		return;
	}
	if (peer->class != PEER_CLIENT &&
	    (why = may_not(&lc, name, who)) != NULL) {
		control_tally("list-change", who);
		lists_answer(&now, CTL_PERMISSION, why);
		return;
	}
	if (!auditd.reconciled) {
		lists_answer(&now, CTL_NOT_RUNNING, "the audit log waits for "
		    "the signer: try again");
		return;
	}
	if (auditd.nwaiting >= MAX_WAITERS) {
		lists_answer(&now, CTL_FAILURE, "too many changes at once");
		return;
	}
	if (peer->class != PEER_CLIENT && (lists_known(&now, &lc, name,
	    who) || lists_limited(&now, who, msg->len)))
		return;
	if (lc.was != OP_NONE && on_list(lc.kind, name) !=
	    (enum list_action)lc.was) {
		lists_answer(&now, CTL_NOT_FOUND, lc.was == OP_BLOCK ?
		    "is not on the block list" : "is not on the allow list");
		return;
	}
	if (peer->class != PEER_CLIENT && lc.kind == KIND_PIN &&
	    on_list(lc.kind, name) != LIST_NONE) {
		lists_answer(&now, CTL_ALREADY, "its tools are pinned");
		return;
	}
	if (commit_begin() == -1) {
		lists_answer(&now, CTL_FAILURE, auditd.why[0] != '\0' ?
		    auditd.why : "the audit log is busy: try again");
		return;
	}
	lists_apply(peer, msg, &lc, name, reason, who, rid);
}
