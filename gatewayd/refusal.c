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

#include "common/clock.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * A refusal is a security event; floods of it are counted, not repeated.
 * Each worker counts what it refused itself.
 */

static int
refusal_report(const struct tally_entry *e, void *arg)
{
	struct event	ev;

	(void)arg;
	/* what cannot be recorded now is counted on */
	if (!gatewayd.store.ok)
		return (-1);
	stamp_event(&gatewayd.stamp, &ev, ACTION_REFUSED, SEV_MEDIUM);
	ev.generation = lists_generation();
	ev.field[EV_TARGET] = e->what;
	ev.field[EV_ACTOR] = e->origin;
	return (record_event(&ev, json_pack("{s:I,s:i,s:s}", "count",
	    (json_int_t)e->count, "window_ms", TALLY_WINDOW_MS, "worker",
	    role.start.instance)));
}

/* origin is the actor whose requests are refused, or where they come from */
void
refusal_actor(const char *origin, const char *what)
{
	tally_hit(&gatewayd.tally, what, origin, clock_ms(), refusal_report,
	    NULL);
}

void
refusal_peer(const struct conn_peer *peer, const char *what)
{
	char	origin[MAX_ACTOR];

	if (peer->is_unix)
		role_actor(peer->caller->uid, origin);
	else
		strlcpy(origin, peer->addr, sizeof(origin));
	refusal_actor(origin, what);
}

/*
 * What the connection layer refused by itself.  Slow and vanishing clients
 * and requests that come while the log is behind are no attack; malformed
 * ones and those beyond a budget may be.
 */
void
refusal_conn(const struct conn_peer *peer, int status, const char *reason)
{
	int	budget = strcmp(reason, "too-many-connections") == 0 ||
	    strcmp(reason, "over-budget") == 0;

	if (!budget && (status < 400 || status == 408 || status == 503 ||
	    strncmp(reason, "eof-", 4) == 0))
		return;
	refusal_peer(peer, reason);
}

/* once a second, and with all before the end */
void
refusal_flush(int all)
{
	tally_flush(&gatewayd.tally, clock_ms(), all, refusal_report, NULL);
}

/* what the end leaves unrecorded is at least said */
void
refusal_end(void)
{
	uint64_t	n;

	if ((n = tally_unreported(&gatewayd.tally)) != 0)
		log_warnx("%llu refusals were not recorded before the end",
		    (unsigned long long)n);
}
