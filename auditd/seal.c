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
#include "common/export.h"
#include "common/log.h"
#include "auditd.h"
#include "outbox.h"

/*
 * Checkpoints: the signer's word on where the log ends, put into the log
 * itself, so that whoever receives the log holds the anchor.
 */

#define SIGN_RETRY_MS	5000	/* the signer did not answer, or refused */
#define SIGN_WAIT_MS	2000	/* how long anybody waits for its answer */
#define SIGN_EVERY_MS	1000	/* between heads that readers ask for */

static struct event	*seal_timer;
static struct event	*answer_timer;
static int		 asked;		/* a head is with the signer */
static uint64_t		 not_before_ms;	/* the signer is left alone */
static uint64_t		 asked_rows;	/* unsealed when it was taken */
static uint64_t		 news_ms;	/* first row since the last one */
static uint64_t		 signed_ms;	/* the last head came */
static int		 wanted;	/* a reader waits to ask for one */
static int		 greeted;	/* the signer's first words came */
static struct sign_hello hello;		/* have and last are kept fresh */
static int		 matched;	/* the store knows that head */
static enum store_epoch	 epoch;

int
seal_pending(void)
{
	return (asked && auditd.signer != NULL);
}

const struct head *
seal_last(void)
{
	return (hello.have ? &hello.last : NULL);
}

/*
 * The one end of every question to the signer: answered (NULL), or not for
 * this reason.  Nobody waits any longer.
 */
void
seal_over(const char *failure)
{
	asked = 0;
	evtimer_del(answer_timer);
	if (failure != NULL)
		control_head(NULL, failure);
	if (auditd.stopping)
		role_exit();
}

static void
seal_overdue(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_warnx("no checkpoint: the signer does not answer");
	seal_over("the signer does not answer: try again");
}

/*
 * Asks for a signature under the last durable row, if there is news.
 */
void
seal_now(void)
{
	struct timeval	tv = { SIGN_WAIT_MS / 1000, 0 };
	struct head	h;

	if (auditd.signer == NULL || !auditd.reconciled || asked ||
	    auditd.unsealed == 0 || clock_ms() < not_before_ms)
		return;
	store_head(auditd.store, &h);
	h.time_us = clock_wall_us();
	if (peer_send(auditd.signer, MSG_SIGN, 0, -1, &h, sizeof(h)) == -1)
		return;
	if (evtimer_add(answer_timer, &tv) == -1)
		fatalx("timer");
	asked = 1;
	not_before_ms = clock_ms() + SIGN_RETRY_MS;
	asked_rows = auditd.unsealed;
}

/*
 * Readers ask as often as they like; the signer is asked once a second.
 */
void
seal_head(void)
{
	if (asked)
		return;
	wanted = signed_ms != 0 && clock_ms() - signed_ms < SIGN_EVERY_MS;
	if (wanted)
		return;
	seal_now();
	if (!asked)
		control_head(NULL, "the signer is not asked at the moment: "
		    "try again");
}

void
seal_rows(uint64_t rows)
{
	if (rows == 0)
		return;
	if (auditd.unsealed == 0)
		news_ms = clock_ms();
	auditd.unsealed += rows;
	if (auditd.unsealed >= auditd.rec.checkpoint_events)
		seal_now();
}

static void
seal_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (!auditd.reconciled)
		commit_state(NULL);
	if (wanted)
		seal_head();
	if (auditd.unsealed != 0 && clock_ms() - news_ms >=
	    (uint64_t)auditd.rec.checkpoint_seconds * 1000)
		seal_now();
	lists_check();
	spool_record();
	deaths_record();
	control_tick();
	limits_look();
	forget_tick();
}

void
seal_init(void)
{
	struct timeval	tv = { 1, 0 };

	seal_timer = event_new(role.base, -1, EV_PERSIST, seal_tick, NULL);
	answer_timer = evtimer_new(role.base, seal_overdue, NULL);
	if (seal_timer == NULL || answer_timer == NULL ||
	    evtimer_add(seal_timer, &tv) == -1)
		fatalx("timer");
}

/*
 * Opens what is read and written from now on.  -1: why is set, and this is
 * called again when the store works; what will not pass ends the suite.
 */
static int
seal_match(void)
{
	enum store_status	st = STORE_OK;
	struct event		ev;

	if (!matched) {
		stamp_event(&auditd.stamp, &ev, ACTION_EPOCH, SEV_INFO);
		st = store_reconcile(auditd.store,
		    hello.have ? &hello.last : NULL, &ev, &epoch);
		matched = st == STORE_OK;
		if (matched && epoch != EPOCH_SAME)
			log_info("a new epoch of the log begins: %s",
			    store_epoch_name(epoch));
	}
	if (st == STORE_OK && auditd.policy == NULL)
		st = policy_open(&auditd.policy, auditd.store);
	if (st == STORE_OK && auditd.query == NULL)
		st = query_open(&auditd.query, auditd.store);
	if (st == STORE_OK && auditd.approve == NULL)
		st = approve_open(&auditd.approve, auditd.store);
	if (st == STORE_OK && auditd.kept == NULL)
		st = kept_open(&auditd.kept, auditd.store);
	if (st == STORE_OK)
		st = policy_generation(auditd.policy, &auditd.generation);
	if (st == STORE_OK)
		return (0);
	if (!store_transient(st))
		role_refuse("audit database: %s",
		    store_errtext(auditd.store));
	commit_pause(store_errtext(auditd.store));
	return (-1);
}

/*
 * With the signer's last head in hand the store can tell an older copy from
 * its own past.  Only then, and when our own first event is in the log, are
 * events taken.
 */
void
seal_begin(void)
{
	struct event	 ev;
	json_t		*d;
	int		 bad;

	if (auditd.reconciled || !greeted || auditd.why[0] != '\0' ||
	    seal_match() == -1)
		return;
	auditd.reconciled = 1;
	stamp_event(&auditd.stamp, &ev, "start", SEV_INFO);
	ev.field[EV_TARGET] = "defenseclaw";
	d = json_pack("{s:s,s:s}", "mode", role.start.mode == MODE_SYSTEM ?
	    "system" : "user", "epoch", store_epoch_name(epoch));
	bad = commit_event(&ev, d, NULL) == -1;
	commit_now();
	if (bad || auditd.why[0] != '\0') {
		auditd.reconciled = 0;
		if (auditd.why[0] == '\0')
			commit_pause("another process writes the audit "
			    "database: end it, readers are welcome");
		return;
	}
	lists_verify();
	if (epoch != EPOCH_SAME)
		approvals_forget();
	commit_now();
	outbox_open();
	spool_record();
	deaths_record();
	seal_now();
	limits_look();
	worker_greet_all();
}

/*
 * The signer is there.
 */
void
seal_hello(struct peer *peer, struct msg *msg)
{
	struct sign_hello	 sh;
	char			 err[MAX_STORE_ERR];

	if (msg_get(msg, &sh, sizeof(sh)) == -1)
		fatalx("%s: malformed", peer->name);
	if (memcmp(sh.pubkey, auditd.pubkey, sizeof(sh.pubkey)) != 0)
		role_refuse("device.pub does not belong to device.key: "
		    "restore the pair from a backup");
	if (sh.have && head_verify(&sh.last, auditd.pubkey, err,
	    sizeof(err)) == -1)
		role_refuse("the signer's last head: %s", err);
	hello = sh;
	greeted = 1;
	not_before_ms = 0;
	if (asked)
		seal_over("the signer was replaced: try again");
	seal_begin();
}

/*
 * The head becomes a row, unless so many came since that whoever verifies
 * has let go of its row: then there is a newer one to sign.
 */
static void
seal_record(const struct head *h)
{
	struct event	 ev;
	struct head	 now;
	char		 text[MAX_HEAD_JSON], seq[24];

	commit_now();
	store_head(auditd.store, &now);
	if (now.seq - h->seq >= MAX_CHECKPOINT_LAG) {
		log_info("no checkpoint: %llu rows came while the signer "
		    "signed row %llu", (unsigned long long)(now.seq -
		    h->seq), (unsigned long long)h->seq);
		seal_now();
		return;
	}
	(void)head_json(h, text);
	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)h->seq);
	stamp_event(&auditd.stamp, &ev, ACTION_CHECKPOINT, SEV_INFO);
	ev.field[EV_TARGET] = seq;
	ev.field[EV_DETAILS] = text;
	if (commit_event(&ev, NULL, NULL) == -1)
		return;
	commit_now();
	/* rows since the head was taken are news, the checkpoint is not */
	if (asked_rows > auditd.unsealed)
		asked_rows = auditd.unsealed;
	auditd.unsealed -= asked_rows;
	asked_rows = 0;
	news_ms = clock_ms();
}

void
seal_signed(struct peer *peer, struct msg *msg)
{
	struct sign_answer	 sa;
	char			 err[MAX_STORE_ERR];

	if (msg_get(msg, &sa, sizeof(sa)) == -1)
		fatalx("%s: malformed", peer->name);
	sa.text[sizeof(sa.text) - 1] = '\0';
	if (sa.code != CTL_OK) {
		log_warnx("no checkpoint: the signer: %s", sa.text);
		news_ms = clock_ms();
		seal_over(sa.text);
		return;
	}
	if (head_verify(&sa.head, auditd.pubkey, err, sizeof(err)) == -1)
		fatalx("the signer's signature: %s", err);
	hello.have = 1;
	hello.last = sa.head;
	signed_ms = clock_ms();
	not_before_ms = 0;
	asked = 0;
	control_head(&sa.head, NULL);
	seal_record(&sa.head);
	/* a newer head may have been asked for */
	if (!asked)
		seal_over(NULL);
}
