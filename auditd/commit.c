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

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/export.h"
#include "common/log.h"
#include "common/utf8.h"
#include "auditd.h"
#include "outbox.h"

/*
 * Group commit without a timer: what has arrived while the loop was busy
 * shares one transaction, and nobody is answered before it is durable.
 */

struct held {
	STAILQ_ENTRY(held)	 entry;
	struct peer		*peer;
	int			 charged;	/* to its actor's budget */
	uint32_t		 type;		/* of the message */
	size_t			 len;
	uint8_t			 data[];
};

static STAILQ_HEAD(, held)	 helds = STAILQ_HEAD_INITIALIZER(helds);
static unsigned int		 nheld;
static uint64_t			 held_since;	/* nothing was taken */
static uint64_t			 own_rows;	/* of the open transaction */
static struct event		*commit_ev;	/* end of this loop's turn */
static struct event		*retry_ev;	/* store busy, or failed */

struct auditd	auditd;

/* what a worker wants to have appended; points into its message */
struct append {
	struct event	 ev;
	const void	*event;		/* as it was encoded */
	size_t		 len;
	const char	*kept;		/* a text beside it, or NULL */
};

static void	append_one(struct peer *, uint32_t, const void *, size_t, int);

static void
commit_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	commit_now();
}

void
commit_soon(void)
{
	event_active(commit_ev, EV_TIMEOUT, 1);
}

static void
retry_in(unsigned int ms)
{
	struct timeval	tv = { 0, (suseconds_t)ms * 1000 };

	if (evtimer_add(retry_ev, &tv) == -1)
		fatalx("timer");
}

void
commit_state(struct peer *peer)
{
	struct store_state	 ss;
	struct worker		*w;
	struct head		 h;

	memset(&ss, 0, sizeof(ss));
	ss.ok = auditd.reconciled && auditd.why[0] == '\0';
	/* a log without room works: whoever asks is told, and why */
	ss.full = ss.ok && auditd.out[0] != '\0';
	ss.ok = ss.ok && !ss.full;
	strlcpy(ss.text, auditd.why[0] != '\0' ? auditd.why :
	    !auditd.reconciled ? "the audit log waits for the signer" :
	    auditd.out, sizeof(ss.text));
	store_head(auditd.store, &h);
	ss.last_seq = h.seq;
	if (peer != NULL) {
		peer_send(peer, MSG_STORE_STATE, 0, -1, &ss, sizeof(ss));
		return;
	}
	TAILQ_FOREACH(w, &auditd.workers, entry)
		peer_send(w->peer, MSG_STORE_STATE, 0, -1, &ss, sizeof(ss));
}

struct after *
commit_after(void (*fn)(struct after *, const char *), struct peer *peer,
    uint32_t id)
{
	struct after	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("after");
	a->fn = fn;
	a->peer = peer;
	a->id = id;
	TAILQ_INSERT_TAIL(&auditd.after, a, entry);
	return (a);
}

/*
 * The peer is going: whatever waits for it has nobody to tell.
 */
void
commit_forget(struct peer *peer)
{
	struct after	*a;
	struct held	*h, *tmp;

	TAILQ_FOREACH(a, &auditd.after, entry)
		if (a->peer == peer)
			a->peer = NULL;
	TAILQ_FOREACH(a, &auditd.waiting, entry)
		if (a->peer == peer)
			a->peer = NULL;
	STAILQ_FOREACH_SAFE(h, &helds, entry, tmp)
		if (h->peer == peer) {
			STAILQ_REMOVE(&helds, h, held, entry);
			nheld--;
			free(h);
		}
}

static void
refuse(struct peer *peer, const uint8_t id[EVENT_ID_LEN], enum refusal code,
    unsigned int wait_s)
{
	struct refused	r;

	memset(&r, 0, sizeof(r));
	memcpy(r.id, id, sizeof(r.id));
	r.code = code;
	r.wait_s = wait_s;
	peer_send(peer, MSG_REFUSED, 0, -1, &r, sizeof(r));
}

/*
 * Traffic is refused for this reason until the store works again.
 */
void
commit_pause(const char *why)
{
	strlcpy(auditd.why, why, sizeof(auditd.why));
	log_warnx("the audit log fails, traffic is refused: %s", auditd.why);
	commit_state(NULL);
	retry_in(RECOVER_MS);
}

/*
 * Everything of the open transaction is undone and everyone in it told;
 * nothing durable is touched.  Traffic is refused until the store recovers.
 */
void
commit_fail(void)
{
	struct worker	*w;
	struct after	*a;
	unsigned int	 i;
	char		 why[MAX_STORE_ERR];

	strlcpy(why, store_errtext(auditd.store), sizeof(why));
	if (auditd.in_tx)
		store_rollback(auditd.store);
	auditd.in_tx = 0;
	own_rows = 0;
	/* first the reason, for the refusals are told to clients with it */
	commit_pause(why);
	TAILQ_FOREACH(w, &auditd.workers, entry) {
		for (i = 0; i < w->nacks; i++)
			refuse(w->peer, w->acks[i].id, REFUSAL_STORE, 0);
		w->nacks = 0;
	}
	while ((a = TAILQ_FIRST(&auditd.after)) != NULL) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		a->fn(a, auditd.why);
	}
}

int
commit_begin(void)
{
	enum store_status	st;

	if (!auditd.reconciled || auditd.why[0] != '\0')
		return (-1);
	if (auditd.in_tx)
		return (0);
	if ((st = store_begin(auditd.store)) == STORE_BUSY)
		return (-1);
	if (st != STORE_OK) {
		commit_fail();
		return (-1);
	}
	auditd.in_tx = 1;
	commit_soon();
	return (0);
}

/*
 * Whoever is asked every second whether it lives and is silent for long is
 * taken for hanging: before what may take long we say so.
 */
static void
checkpoint(void)
{
	static uint64_t	 again_ms;	/* a reader holds the rest back */
	unsigned int	 pages, left;
	uint32_t	 s;

	pages = (unsigned int)store_checkpoint_pages(auditd.store);
	if (pages < STORE_WAL_MARK || clock_ms() < again_ms)
		return;
	if (pages >= STORE_WAL_LONG) {
		s = pages / STORE_WAL_S;
		peer_send(role.sup, MSG_BUSY, 0, -1, &s, sizeof(s));
		(void)peer_flush(role.sup, BUSY_RETRY_MS);
	}
	if (store_checkpoint(auditd.store) != STORE_OK)
		log_debug("checkpoint: %s", store_errtext(auditd.store));
	left = (unsigned int)store_checkpoint_pages(auditd.store);
	if (left >= STORE_WAL_LONG)
		again_ms = clock_ms() + HELD_BACK_MS;
	else if (pages >= STORE_WAL_LONG)
		log_info("the database has taken in %u pages that a reader "
		    "held back", pages - left);
}

void
commit_now(void)
{
	enum store_status	 st;
	struct worker		*w;
	struct after		*a;
	uint64_t		 rows = own_rows;

	if (!auditd.in_tx)
		return;
	/* cursors ride with whatever is written */
	if ((st = outbox_write()) != STORE_OK ||
	    (st = store_commit(auditd.store)) != STORE_OK) {
		commit_fail();
		return;
	}
	auditd.in_tx = 0;
	outbox_written();
	own_rows = 0;
	auditd.commits++;
	auditd.last_commit_us = clock_wall_us();
	TAILQ_FOREACH(w, &auditd.workers, entry) {
		if (w->nacks == 0)
			continue;
		peer_send(w->peer, MSG_APPENDED, 0, -1, w->acks,
		    w->nacks * sizeof(w->acks[0]));
		rows += w->nacks;
		w->nacks = 0;
	}
	while ((a = TAILQ_FIRST(&auditd.after)) != NULL) {
		TAILQ_REMOVE(&auditd.after, a, entry);
		rows++;
		a->fn(a, NULL);
	}
	auditd.rows += rows;
	seal_rows(rows);
	control_tails();
	outbox_rows();
	checkpoint();
}

/*
 * An event of our own in the open transaction, which it begins if need be.
 */
int
commit_event(struct event *ev, json_t *details, uint64_t *seq)
{
	uint8_t			 buf[MAX_EVENT_LEN];
	enum store_status	 st;
	uint64_t		 dummy;
	ssize_t			 n;
	int			 known;

	if (commit_begin() == -1) {
		json_decref(details);
		return (-1);
	}
	ev->generation = auditd.generation;
	if (ev->field[EV_ACTOR] == NULL)
		ev->field[EV_ACTOR] = "role:auditd";
	if ((n = stamp_encode(ev, details, buf, sizeof(buf))) == -1) {
		log_warn("event %s", ev->field[EV_ACTION]);
		return (-1);
	}
	st = store_append(auditd.store, buf, (size_t)n,
	    seq != NULL ? seq : &dummy, &known);
	if (st == STORE_REFUSED) {
		log_warnx("event %s: %s", ev->field[EV_ACTION],
		    store_errtext(auditd.store));
		return (-1);
	}
	if (st != STORE_OK) {
		commit_fail();
		return (-1);
	}
	/* a checkpoint is no news that would call for another */
	if (strcmp(ev->field[EV_ACTION], ACTION_CHECKPOINT) != 0)
		own_rows++;
	return (0);
}

static void
append_read(struct peer *peer, uint32_t type, const void *data, size_t len,
    struct append *a)
{
	struct rbuf	 r;

	rbuf_init(&r, data, len);
	a->kept = type == MSG_APPEND_KEPT ? rbuf_str(&r, MAX_KEPT_BODY) :
	    NULL;
	a->event = rbuf_rest(&r, &a->len);
	if (r.failed || event_decode(&a->ev, a->event, a->len) == -1)
		fatalx("%s: an event that does not decode", peer->name);
}

static void
hold(struct peer *peer, uint32_t type, const void *data, size_t len,
    int charged)
{
	struct append	 a;
	struct held	*h;

	if (nheld == MAX_HELD || (h = malloc(sizeof(*h) + len)) == NULL) {
		/* the edge stays: a closed one is not made again */
		append_read(peer, type, data, len, &a);
		refuse(peer, a.ev.id, REFUSAL_STORE, 0);
		return;
	}
	h->peer = peer;
	h->charged = charged;
	h->type = type;
	h->len = len;
	memcpy(h->data, data, len);
	if (nheld++ == 0)
		held_since = clock_ms();
	STAILQ_INSERT_TAIL(&helds, h, entry);
	peer_hold(peer);
	retry_in(BUSY_RETRY_MS);
}

/* why it may never be recorded for a worker; NULL: it may */
static const char *
append_bad(const struct append *a)
{
	if (event_is_ours(&a->ev))
		return ("that is auditd's own to write");
	if (a->kept != NULL && (strcmp(a->ev.field[EV_ACTION],
	    ACTION_JUDGE_BODY) != 0 || !utf8_valid(a->kept,
	    strlen(a->kept)) || !kept_matches(a->ev.field[EV_DETAILS],
	    a->kept)))
		return ("whose text is not the one that it tells of");
	return (NULL);
}

static void
append_one(struct peer *peer, uint32_t type, const void *data, size_t len,
    int charged)
{
	struct worker		*w = peer->ctx;
	struct append		 a;
	enum store_status	 st;
	enum refusal		 no;
	const char		*bad;
	uint64_t		 seq;
	unsigned int		 wait_s;
	int			 known;

	append_read(peer, type, data, len, &a);
	if ((bad = append_bad(&a)) != NULL) {
		log_warnx("%s: refused an event %s: %s", peer->name, bad,
		    a.ev.field[EV_ACTION]);
		refuse(peer, a.ev.id, REFUSAL_EVENT, 0);
		return;
	}
	if ((no = limits_row(&a.ev, len, charged, &wait_s)) != 0) {
		refuse(peer, a.ev.id, no, wait_s);
		return;
	}
	if (commit_begin() == -1) {
		if (auditd.reconciled && auditd.why[0] == '\0')
			hold(peer, type, data, len, 1);
		else
			refuse(peer, a.ev.id, REFUSAL_STORE, 0);
		return;
	}
	st = store_append(auditd.store, a.event, a.len, &seq, &known);
	if (st == STORE_REFUSED) {
		log_warnx("%s: %s", peer->name, store_errtext(auditd.store));
		refuse(peer, a.ev.id, REFUSAL_EVENT, 0);
		return;
	}
	if (st == STORE_OK && a.kept != NULL && !known)
		st = kept_add(auditd.kept, seq, a.ev.time_us, a.kept);
	memcpy(w->acks[w->nacks].id, a.ev.id, EVENT_ID_LEN);
	w->acks[w->nacks++].seq = seq;
	if (st != STORE_OK)
		commit_fail();
	else if (w->nacks == MAX_APPENDED)
		commit_now();
}

void
append_msg(struct peer *peer, struct msg *msg)
{
	/* order is kept: nothing overtakes what is held */
	if (nheld != 0)
		hold(peer, msg->hdr.type, msg->data, msg->len, 0);
	else
		append_one(peer, msg->hdr.type, msg->data, msg->len, 0);
}

static void
held_release(void)
{
	struct held	*h;
	struct worker	*w;

	if (clock_ms() - held_since > MAX_BUSY_MS) {
		strlcpy(auditd.why, "another process writes the audit "
		    "database: end it, readers are welcome",
		    sizeof(auditd.why));
		log_warnx("%s", auditd.why);
		commit_state(NULL);
	}
	while ((h = STAILQ_FIRST(&helds)) != NULL) {
		if (auditd.why[0] == '\0' && commit_begin() == -1 &&
		    auditd.why[0] == '\0') {
			retry_in(BUSY_RETRY_MS);
			return;
		}
		STAILQ_REMOVE_HEAD(&helds, entry);
		nheld--;
		/* who lets us write now and then is waited for */
		held_since = clock_ms();
		append_one(h->peer, h->type, h->data, h->len, h->charged);
		free(h);
	}
	TAILQ_FOREACH(w, &auditd.workers, entry)
		peer_release(w->peer);
}

static void
retry_cb(evutil_socket_t fd, short what, void *arg)
{
	enum store_status	st;

	(void)fd;
	(void)what;
	(void)arg;
	if (nheld != 0)
		held_release();
	if (auditd.why[0] == '\0')
		return;
	if ((st = store_recover(auditd.store)) != STORE_OK) {
		strlcpy(auditd.why, store_errtext(auditd.store),
		    sizeof(auditd.why));
		retry_in(RECOVER_MS);
		return;
	}
	auditd.why[0] = '\0';
	log_info("the audit log can be written again");
	commit_state(NULL);
	outbox_rows();
	if (!auditd.reconciled)
		seal_begin();
	else
		lists_push_late();
}

void
commit_init(void)
{
	TAILQ_INIT(&auditd.after);
	TAILQ_INIT(&auditd.waiting);
	TAILQ_INIT(&auditd.workers);
	commit_ev = event_new(role.base, -1, 0, commit_cb, NULL);
	retry_ev = evtimer_new(role.base, retry_cb, NULL);
	if (commit_ev == NULL || retry_ev == NULL)
		fatalx("events");
}
