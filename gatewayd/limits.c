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

#include "common/clock.h"
#include "common/log.h"
#include "common/rate.h"
#include "gatewayd.h"

/*
 * How much one uid or token may ask for.  Connections of a principal are
 * spread over the workers by the kernel, and nobody adds up while requests
 * run: each worker allows its even share, so that all of them together never
 * allow more than the configured rate.  The bytes of its rows are auditd's
 * to count, which sees those of all workers; it says for how long a
 * principal that has had its bytes is to be refused.
 */

#define BODY_UNIT	(16 * 1024)	/* bytes of body as good as a request */

static struct rates	requests;
static struct rates	held;		/* by auditd's word */

void
limits_init(void)
{
	unsigned int	n = role.start.workers;

	if (n == 0)
		n = 1;
	rate_init(&requests, (double)gatewayd.rec.requests_per_second / n,
	    (double)gatewayd.rec.requests_burst / n);
	rate_init(&held, 0, 1);
}

/* 0: the actor's request may be served; else the seconds to wait, and why */
unsigned int
limits_request(const char *actor, const char **what)
{
	unsigned int	wait_s;

	*what = LIMIT_EVENTS;
	if ((wait_s = rate_take(&held, actor, 1, clock_ms())) != 0)
		return (wait_s);
	*what = LIMIT_REQUESTS;
	return (rate_take(&requests, actor, 1, clock_ms()));
}

/* a large body costs more time than a small one */
void
limits_body(const char *actor, size_t len)
{
	if (len >= BODY_UNIT)
		rate_charge(&requests, actor, (double)(len / BODY_UNIT),
		    clock_ms());
}

/* auditd's word: this actor's rows have had their bytes */
void
limits_hold(const char *actor, unsigned int wait_s)
{
	rate_hold(&held, actor, wait_s, clock_ms());
}
