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

/*
 * Checkpoints: the signer's word on where the log ends, put into the log
 * itself, so that whoever receives the log holds the anchor.
 */

#define SIGN_RETRY_MS	5000	/* the signer did not answer */

static struct event	*seal_timer;
static int		 asked;		/* a head is with the signer */
static uint64_t		 asked_ms;
static uint64_t		 asked_rows;	/* unsealed when it was taken */
static uint64_t		 news_ms;	/* first row since the last one */

int
seal_pending(void)
{
	return (asked && auditd.signer != NULL);
}

/*
 * Asks for a signature under the last durable row, if there is news.
 */
void
seal_now(void)
{
	struct head	h;

	if (auditd.signer == NULL || !auditd.reconciled ||
	    auditd.unsealed == 0 ||
	    (asked && clock_ms() - asked_ms < SIGN_RETRY_MS))
		return;
	store_head(auditd.store, &h);
	h.time_us = clock_wall_us();
	if (peer_send(auditd.signer, MSG_SIGN, 0, -1, &h, sizeof(h)) == -1)
		return;
	asked = 1;
	asked_ms = clock_ms();
	asked_rows = auditd.unsealed;
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
	if (auditd.unsealed != 0 && clock_ms() - news_ms >=
	    (uint64_t)auditd.rec.checkpoint_seconds * 1000)
		seal_now();
	lists_check();
	deaths_record();
	control_tick();
}

void
seal_init(void)
{
	struct timeval	tv = { 1, 0 };

	seal_timer = event_new(role.base, -1, EV_PERSIST, seal_tick, NULL);
	if (seal_timer == NULL || evtimer_add(seal_timer, &tv) == -1)
		fatalx("timer");
}

/*
 * The signer is there: with its last head in hand the store can tell an
 * older copy from its own past.  Only then are events taken.
 */
void
seal_hello(struct peer *peer, struct msg *msg)
{
	struct sign_hello	 sh;
	struct event		 ev;
	enum store_epoch	 epoch;
	enum store_status	 st;
	char			 err[MAX_STORE_ERR];
	json_t			*d;

	if (msg_get(msg, &sh, sizeof(sh)) == -1)
		fatalx("%s: malformed", peer->name);
	if (memcmp(sh.pubkey, auditd.pubkey, sizeof(sh.pubkey)) != 0)
		fatalx("device.pub does not belong to device.key: restore "
		    "the pair from a backup");
	if (sh.have && head_verify(&sh.last, auditd.pubkey, err,
	    sizeof(err)) == -1)
		fatalx("the signer's last head: %s", err);
	asked = 0;
	if (auditd.reconciled)
		return;
	stamp_event(&auditd.stamp, &ev, "audit-epoch", SEV_INFO);
	st = store_reconcile(auditd.store, sh.have ? &sh.last : NULL, &ev,
	    &epoch);
	if (st != STORE_OK)
		fatalx("audit database: %s", store_errtext(auditd.store));
	if (epoch != EPOCH_SAME)
		log_info("a new epoch of the log begins: %s",
		    store_epoch_name(epoch));
	if (policy_open(&auditd.policy, auditd.store) != STORE_OK ||
	    query_open(&auditd.query, auditd.store) != STORE_OK ||
	    policy_generation(auditd.policy, &auditd.generation) != STORE_OK)
		fatalx("audit database: %s", store_errtext(auditd.store));
	auditd.reconciled = 1;
	stamp_event(&auditd.stamp, &ev, "start", SEV_INFO);
	ev.field[EV_TARGET] = "defenseclaw";
	d = json_pack("{s:s,s:s}", "mode", role.start.mode == MODE_SYSTEM ?
	    "system" : "user", "epoch", store_epoch_name(epoch));
	if (commit_event(&ev, d, NULL) == -1)
		fatalx("audit database: %s", store_errtext(auditd.store));
	commit_now();
	deaths_record();
	seal_now();
	worker_greet_all();
}

void
seal_signed(struct peer *peer, struct msg *msg)
{
	struct sign_answer	 sa;
	struct event		 ev;
	char			 err[MAX_STORE_ERR], text[MAX_HEAD_JSON];
	char			 seq[24];

	if (msg_get(msg, &sa, sizeof(sa)) == -1)
		fatalx("%s: malformed", peer->name);
	sa.text[sizeof(sa.text) - 1] = '\0';
	asked = 0;
	if (sa.code != CTL_OK) {
		log_warnx("no checkpoint: the signer: %s", sa.text);
		news_ms = clock_ms();
		if (auditd.stopping)
			role_exit();
		return;
	}
	if (head_verify(&sa.head, auditd.pubkey, err, sizeof(err)) == -1)
		fatalx("the signer's signature: %s", err);
	control_head(&sa.head);
	(void)head_json(&sa.head, text);
	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)sa.head.seq);
	stamp_event(&auditd.stamp, &ev, ACTION_CHECKPOINT, SEV_INFO);
	ev.field[EV_TARGET] = seq;
	ev.field[EV_DETAILS] = text;
	if (commit_event(&ev, NULL, NULL) == -1) {
		if (auditd.stopping)
			role_exit();
		return;
	}
	commit_now();
	/* rows since the head was taken are news, the checkpoint is not */
	auditd.unsealed -= asked_rows;
	news_ms = clock_ms();
	if (auditd.stopping)
		role_exit();
}
