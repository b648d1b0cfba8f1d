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
#include "judging.h"

/*
 * This worker's figures go to auditd, everybody's come back: see
 * common/stats.h.
 */

static struct worker_stats	 told;		/* as auditd has it */
static struct suite_stats	 suite;

void
stats_tick(void)
{
	struct worker_stats	*s = &gatewayd.stats;
	struct conn_stats	 cs;

	conn_get_stats(gatewayd.server, &cs);
	s->accepted = cs.accepted;
	s->requests = cs.requests;
	s->refused = cs.refused;
	s->connections = cs.conns;
	s->buffered = cs.buffered;
	s->pending = record_pending();
	s->lost = record_lost();
	s->judge_waiting = judging_waiting();
	if (gatewayd.auditd == NULL || memcmp(s, &told, sizeof(told)) == 0 ||
	    peer_send(gatewayd.auditd, MSG_WORKER_STATS, 0, -1, s,
	    sizeof(*s)) == -1)
		return;
	told = *s;
}

/* a new auditd knows nothing */
void
stats_again(void)
{
	memset(&told, 0, sizeof(told));
}

void
stats_msg(struct peer *p, struct msg *msg)
{
	unsigned int	 i;

	if (msg_get(msg, &suite, sizeof(suite)) == -1 ||
	    suite.nsinks > MAX_SINKS)
		fatalx("%s: malformed figures", p->name);
	for (i = 0; i < suite.nsinks; i++) {
		suite.sinks[i].name[MAX_SINK_NAME - 1] = '\0';
		suite.sinks[i].error[sizeof(suite.sinks[i].error) - 1] = '\0';
	}
}

const struct suite_stats *
stats_suite(void)
{
	return (&suite);
}

void
stats_verdict(const struct verdict *v)
{
	unsigned int	 action = STATS_ALLOW;

	if (strcmp(v->raw_action, "block") == 0)
		action = STATS_BLOCK;
	else if (strcmp(v->raw_action, "alert") == 0)
		action = STATS_ALERT;
	else if (strcmp(v->raw_action, "confirm") == 0)
		action = STATS_CONFIRM;
	gatewayd.stats.verdicts[action][v->severity]++;
	if (strcmp(v->action, "block") == 0)
		gatewayd.stats.blocked++;
}

void
stats_answered(const struct asker *a)
{
	if (a->since_us != 0)
		stats_latency(&gatewayd.stats, clock_us() - a->since_us);
}

/* of one request that is over; the gravest that its rules said */
void
stats_judged(const struct judged *j, enum severity rules)
{
	const struct judged_call	*c;
	struct judge_stats		*s;
	size_t				 i;

	for (i = 0; i < j->ncalls && !j->gone; i++) {
		c = &j->calls[i];
		s = &gatewayd.stats.judge[c->question.kind];
		s->calls++;
		stats_judge_latency(s, c->latency_us);
		if (c->cached)
			s->cached++;
		if (c->opinion == NULL)
			s->failures++;
		else if ((c->opinion->severity >= SEV_MEDIUM) !=
		    (rules >= SEV_MEDIUM))
			s->disagreed++;
	}
}
