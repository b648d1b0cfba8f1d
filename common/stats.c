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

#include "common/stats.h"

const uint32_t	stats_bucket_us[STATS_BUCKETS] = {
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
	1000000, 2500000, 5000000
};

const uint32_t	judge_bucket_us[JUDGE_BUCKETS] = {
	100000, 250000, 500000, 1000000, 2000000, 10000000
};

void
stats_latency(struct worker_stats *s, uint64_t us)
{
	unsigned int	 i;

	for (i = 0; i < STATS_BUCKETS && us > stats_bucket_us[i]; i++)
		;
	s->latency[i]++;
	s->latency_us += us;
}

void
stats_judge_latency(struct judge_stats *s, uint64_t us)
{
	unsigned int	 i;

	for (i = 0; i < JUDGE_BUCKETS && us > judge_bucket_us[i]; i++)
		;
	s->latency[i]++;
	s->latency_us += us;
}

static void
judge_stats_add(struct judge_stats *to, const struct judge_stats *s)
{
	unsigned int	 i;

	to->calls += s->calls;
	to->cached += s->cached;
	to->failures += s->failures;
	to->disagreed += s->disagreed;
	for (i = 0; i <= JUDGE_BUCKETS; i++)
		to->latency[i] += s->latency[i];
	to->latency_us += s->latency_us;
}

void
stats_add(struct worker_stats *to, const struct worker_stats *s, int gauges)
{
	unsigned int	 i, j;

	for (i = 0; i < STATS_ACTIONS; i++)
		for (j = 0; j < SEV_COUNT; j++)
			to->verdicts[i][j] += s->verdicts[i][j];
	for (i = 0; i <= STATS_BUCKETS; i++)
		to->latency[i] += s->latency[i];
	to->latency_us += s->latency_us;
	to->blocked += s->blocked;
	to->unavailable += s->unavailable;
	to->limited += s->limited;
	to->lost += s->lost;
	to->accepted += s->accepted;
	to->requests += s->requests;
	to->refused += s->refused;
	to->judge_gone += s->judge_gone;
	for (i = 0; i < JUDGE_KIND_COUNT; i++)
		judge_stats_add(&to->judge[i], &s->judge[i]);
	if (!gauges)
		return;
	to->judge_waiting += s->judge_waiting;
	to->connections += s->connections;
	to->pending += s->pending;
	to->buffered += s->buffered;
}
