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

#include "common/clock.h"
#include "common/log.h"
#include "auditd.h"

/*
 * The gatewayd workers auditd serves.
 */

void
worker_closed(struct peer *p)
{
	struct worker	*w = p->ctx;

	if (w == NULL)
		return;
	commit_forget(p);
	stats_gone(w);
	TAILQ_REMOVE(&auditd.workers, w, entry);
	free(w);
	p->ctx = NULL;
	/* a change that waited for this worker only is in force now */
	lists_check();
}

/*
 * No list is changed before every worker that serves is known: the answer
 * would come without those whose edge is still on its way.
 */
static int
workers_known(void)
{
	return (auditd.reconciled && auditd.roster.count != 0);
}

static void
worker_greet(struct worker *w)
{
	/*
	 * Until the signer has spoken, usually a moment, what the worker has
	 * waits; seal_tick() tells it when that takes longer.
	 */
	if (auditd.reconciled || auditd.why[0] != '\0')
		commit_state(w->peer);
	stats_tell(w);
	w->since_ms = clock_ms();
	if (workers_known()) {
		/* no list change that could still be undone */
		commit_now();
		lists_push(w);
		peer_read(w->peer, 1);
	}
}

void
worker_greet_all(void)
{
	struct worker	*w;

	TAILQ_FOREACH(w, &auditd.workers, entry)
		worker_greet(w);
}

void
worker_new(struct peer *p)
{
	struct worker	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("worker");
	w->peer = p;
	p->ctx = w;
	p->on_close = worker_closed;
	/* what it sends again may be in the log: no answer before we know */
	if (!workers_known())
		peer_read(p, 0);
	TAILQ_INSERT_TAIL(&auditd.workers, w, entry);
	worker_greet(w);
}
