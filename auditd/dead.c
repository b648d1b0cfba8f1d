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
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "auditd.h"
#include "outbox.h"

/*
 * Dead letters, as operators ask for them, send them again and drop them.
 */

static int
dead_json(const struct dead_row *d, void *arg)
{
	char	 when[EVENT_TIME_SIZE];

	event_time(d->time_us, when);
	json_array_append_new(arg, json_pack("{s:I,s:s,s:I,s:I,s:s,s:s,s:b}",
	    "seq", (json_int_t)d->seq, "class",
	    d->class == OUTBOX_QUARANTINED ? "quarantined" : "dead-letter",
	    "http", (json_int_t)d->http, "code", (json_int_t)d->code,
	    "reason", d->reason, "time", when, "retrying", d->retry));
	return (0);
}

/* also those of a sink that was removed are there to be looked at */
void
sinks_dead_list(struct peer *p, struct msg *msg)
{
	struct rbuf	 b;
	const char	*name;
	uint64_t	 after;
	uint32_t	 limit;
	json_t		*list;

	rbuf_init(&b, msg->data, msg->len);
	after = rbuf_u64(&b);
	limit = rbuf_u32(&b);
	name = rbuf_str(&b, MAX_SINK_NAME);
	if (rbuf_end(&b) == -1 || after > MAX_CHAIN_SEQ) {
		peer_error(p, msg->hdr.id, CTL_USAGE, "malformed request");
		return;
	}
	if ((list = json_array()) == NULL)
		fatal("answer");
	commit_now();
	if (cursors == NULL || dead_each(cursors, name, after, 0, limit,
	    dead_json, list) != STORE_OK) {
		json_decref(list);
		peer_error(p, msg->hdr.id, CTL_FAILURE, "%s",
		    store_errtext(auditd.store));
		return;
	}
	sinks_answer(p, msg->hdr.id, list, CTL_OK);
}

/*
 * A change of letters: of one, or of all in steps, between which others have
 * their turn.  Each step is a transaction with the event that tells of it,
 * so that what is dropped is in the log whatever happens to the rest.
 */
static struct bulk {
	int		 busy;
	struct peer	*peer;		/* NULL: it went away */
	uint32_t	 id;
	uint32_t	 uid;
	int		 retry;		/* or dropped, for the reason */
	char		 name[MAX_SINK_NAME];
	char		 reason[MAX_REDACT_TEXT]; /* redacted */
	uint64_t	 seq;		/* one, or 0 */
	uint64_t	 after;		/* all: done up to here */
	uint64_t	 total;
	uint64_t	 since_ms;	/* the database is busy */
} bulk;
static struct event	*bulk_ev;

static void
bulk_later(unsigned int ms)
{
	struct timeval	 tv = { 0, (suseconds_t)ms * 1000 };

	if (evtimer_add(bulk_ev, &tv) == -1)
		fatalx("timer");
}

/* error NULL: it is done */
static void
bulk_end(uint32_t code, const char *error)
{
	struct outsink	*s = outsink_find(bulk.name);

	bulk.busy = 0;
	if (s != NULL) {
		s->marking = 0;
		s->counted = 0;
		if (bulk.retry)
			outbox_retry(s);
	}
	if (bulk.peer == NULL)
		return;
	if (error != NULL)
		peer_error(bulk.peer, bulk.id, code, "%s", error);
	else
		sinks_answer(bulk.peer, bulk.id, json_pack("{s:s,s:I}",
		    "name", bulk.name, "count", (json_int_t)bulk.total),
		    CTL_OK);
}

/* in the open transaction; how many, and whether there may be more */
static enum store_status
bulk_change(uint64_t *n, int *more)
{
	uint64_t		 from = bulk.seq, to = bulk.seq;
	enum store_status	 st;

	*more = 0;
	if (bulk.seq == 0) {
		if ((st = dead_step(cursors, bulk.name, bulk.after, &to)) !=
		    STORE_OK)
			return (st);
		*more = to != MAX_CHAIN_SEQ;
		from = bulk.after + 1;
		bulk.after = to;
	}
	return (bulk.retry ? dead_retry(cursors, bulk.name, from, to, n) :
	    dead_drop(cursors, bulk.name, from, to, n));
}

static int
bulk_event(uint64_t n)
{
	struct event	 ev;
	json_t		*details;
	char		 actor[32];

	role_actor(bulk.uid, actor);
	stamp_event(&auditd.stamp, &ev, bulk.retry ? "dead-letters-retry" :
	    "dead-letters-drop", SEV_INFO);
	ev.field[EV_TARGET] = bulk.name;
	ev.field[EV_ACTOR] = actor;
	details = json_pack("{s:I,s:I}", "count", (json_int_t)n, "seq",
	    (json_int_t)bulk.seq);
	if (!bulk.retry && details != NULL)
		json_object_set_new(details, "reason",
		    json_string(bulk.reason));
	return (commit_event(&ev, details, NULL));
}

static void
bulk_step(void)
{
	enum store_status	 st;
	uint64_t		 n = 0;
	int			 more;

	/* what sinks said before is written before, or it would undo this */
	if (commit_begin() == 0)
		commit_now();
	if (cursors == NULL || commit_begin() == -1) {
		if (cursors == NULL || auditd.why[0] != '\0' ||
		    clock_ms() - bulk.since_ms > MAX_BUSY_MS)
			bulk_end(CTL_FAILURE, auditd.why[0] != '\0' ?
			    auditd.why : "the audit log is busy: try again");
		else
			bulk_later(BUSY_RETRY_MS);
		return;
	}
	if ((st = bulk_change(&n, &more)) != STORE_OK) {
		bulk_end(CTL_FAILURE, store_errtext(auditd.store));
		commit_fail();
		return;
	}
	if (n != 0 && bulk_event(n) == -1) {
		if (auditd.in_tx)
			commit_fail();
		bulk_end(CTL_FAILURE, auditd.why);
		return;
	}
	commit_now();
	if (auditd.why[0] != '\0') {
		bulk_end(CTL_FAILURE, auditd.why);
		return;
	}
	bulk.total += n;
	bulk.since_ms = clock_ms();
	if (more)
		bulk_later(0);
	else if (bulk.total == 0)
		bulk_end(CTL_NOT_FOUND, "no such dead letter: see "
		    "`dead-letters list'");
	else
		bulk_end(CTL_OK, NULL);
}

static void
bulk_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	bulk_step();
}

/* of one sequence or, with 0, of all; reason is NULL for a retry */
static void
dead_change(struct peer *p, struct msg *msg, uint64_t seq, const char *name,
    const char *reason)
{
	struct outsink	*s = outsink_find(name);

	if (reason == NULL && s == NULL) {
		(void)sinks_named(p, msg->hdr.id, name);
		return;
	}
	if (bulk.busy) {
		peer_error(p, msg->hdr.id, CTL_ALREADY, "dead letters of %s "
		    "are being changed: try again", bulk.name);
		return;
	}
	if (bulk_ev == NULL && (bulk_ev = evtimer_new(role.base, bulk_cb,
	    NULL)) == NULL)
		fatalx("timer");
	memset(&bulk, 0, sizeof(bulk));
	bulk.busy = 1;
	bulk.peer = p;
	bulk.id = msg->hdr.id;
	bulk.uid = p->caller.uid;
	bulk.retry = reason == NULL;
	bulk.seq = seq;
	bulk.since_ms = clock_ms();
	strlcpy(bulk.name, name, sizeof(bulk.name));
	if (reason != NULL)
		redact_reason(&auditd.redactor, reason, bulk.reason);
	if (s != NULL && bulk.retry) {
		/* what is under way says nothing of rows marked from now on */
		s->marking = 1;
		outbox_retry(s);
	}
	bulk_step();
}

void
dead_forget(struct peer *p)
{
	if (bulk.peer == p)
		bulk.peer = NULL;
}

void
sinks_dead_retry(struct peer *p, struct msg *msg)
{
	struct rbuf	 b;
	const char	*name;
	uint64_t	 seq;

	rbuf_init(&b, msg->data, msg->len);
	seq = rbuf_u64(&b);
	name = rbuf_str(&b, MAX_SINK_NAME);
	if (rbuf_end(&b) == -1 || seq > MAX_CHAIN_SEQ)
		peer_error(p, msg->hdr.id, CTL_USAGE, "malformed request");
	else
		dead_change(p, msg, seq, name, NULL);
}

void
sinks_dead_drop(struct peer *p, struct msg *msg)
{
	struct rbuf	 b;
	const char	*name, *reason;
	uint64_t	 seq;

	rbuf_init(&b, msg->data, msg->len);
	seq = rbuf_u64(&b);
	name = rbuf_str(&b, MAX_SINK_NAME);
	reason = rbuf_str(&b, MAX_TARGET_REASON);
	if (rbuf_end(&b) == -1 || seq > MAX_CHAIN_SEQ || reason[0] == '\0')
		peer_error(p, msg->hdr.id, CTL_USAGE, "dropping evidence "
		    "needs a reason");
	else
		dead_change(p, msg, seq, name, reason);
}
