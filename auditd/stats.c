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

#include <string.h>

#include "common/log.h"
#include "common/stats.h"
#include "auditd.h"
#include "outbox.h"

/*
 * Figures of all workers and sinks, told to every worker.
 */

static struct worker_stats	 past;	/* counters of workers that are gone */
static struct suite_stats	 last;	/* as it was told */

void
stats_msg(struct peer *p, struct msg *msg)
{
	struct worker	*w = p->ctx;

	if (msg_get(msg, &w->stats, sizeof(w->stats)) == -1)
		fatalx("%s: malformed figures", p->name);
}

void
stats_gone(const struct worker *w)
{
	stats_add(&past, &w->stats, 0);
}

void
stats_tell(struct worker *w)
{
	(void)peer_send(w->peer, MSG_SUITE_STATS, 0, -1, &last, sizeof(last));
}

void
stats_tick(void)
{
	struct suite_stats	 now;
	struct worker		*w;
	struct head		 h;

	/* what is read of the log is durable */
	commit_now();
	memset(&now, 0, sizeof(now));
	now.workers = past;
	TAILQ_FOREACH(w, &auditd.workers, entry) {
		stats_add(&now.workers, &w->stats, 1);
		now.nworkers++;
	}
	store_head(auditd.store, &h);
	now.rows = h.seq;
	now.nsinks = sinks_stats(now.sinks);
	/* an idle suite is silent */
	if (memcmp(&now, &last, sizeof(now)) == 0)
		return;
	last = now;
	TAILQ_FOREACH(w, &auditd.workers, entry)
		stats_tell(w);
}
