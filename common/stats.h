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

#ifndef COMMON_STATS_H
#define COMMON_STATS_H

#include <stdint.h>

#include "common/event.h"
#include "common/judge.h"
#include "common/proto.h"

/*
 * Figures for monitors.  Each worker tells auditd its own once a second,
 * auditd tells every worker the sum and how the sinks do; so whichever worker
 * is asked knows of all.  They are the senders' word and decide nothing.
 */

enum {
	STATS_ALLOW, STATS_ALERT, STATS_CONFIRM, STATS_BLOCK, STATS_ACTIONS
};

/* requests answered within so many microseconds; one more for the rest */
#define STATS_BUCKETS	13
extern const uint32_t	 stats_bucket_us[STATS_BUCKETS];

/* the same of questions to a judge, which takes its time */
#define JUDGE_BUCKETS	6
extern const uint32_t	 judge_bucket_us[JUDGE_BUCKETS];

/* of the questions of one kind that judges were asked */
struct judge_stats {
	uint64_t	calls;
	uint64_t	cached;		/* answered without the model */
	uint64_t	failures;
	uint64_t	disagreed;	/* the rules said another thing */
	uint64_t	latency[JUDGE_BUCKETS + 1];
	uint64_t	latency_us;	/* sum */
};

/* counters of one worker since it started; then what it has now */
struct worker_stats {
	uint64_t	verdicts[STATS_ACTIONS][SEV_COUNT];
	uint64_t	blocked;	/* kept from doing it; mode action */
	uint64_t	unavailable;	/* answered 503 or 504 for the log */
	uint64_t	limited;	/* answered 429 */
	uint64_t	lost;		/* events without room */
	uint64_t	accepted;	/* connections */
	uint64_t	requests;
	uint64_t	refused;
	uint64_t	latency[STATS_BUCKETS + 1];
	uint64_t	latency_us;	/* sum */
	struct judge_stats judge[JUDGE_KIND_COUNT];
	uint64_t	judge_gone;	/* clients that did not wait */
	/* gauges */
	uint64_t	judge_waiting;	/* requests that wait for a judge */
	uint64_t	connections;
	uint64_t	pending;	/* answers that wait for the log */
	uint64_t	buffered;	/* bytes */
};

struct sink_stats {
	char		name[MAX_SINK_NAME];
	char		pad[3];
	uint32_t	kind;		/* enum sink_kind */
	uint32_t	enabled;
	uint32_t	running;	/* it has a process */
	uint32_t	circuit;	/* enum outbox_circuit, its word */
	uint64_t	cursor;
	uint64_t	lag_events;
	uint64_t	lag_seconds;
	uint64_t	delivered;	/* of this process; so on */
	uint64_t	requests;
	uint64_t	bytes;
	uint64_t	failures;
	uint64_t	quarantined;
	uint64_t	dead;
	uint64_t	last_success_us;
	uint64_t	last_error_us;
	char		error[256];	/* the last one, printable */
};

struct suite_stats {
	struct worker_stats workers;	/* of all there were */
	uint32_t	nworkers;	/* that there are */
	uint32_t	nsinks;
	uint64_t	rows;		/* of the log */
	struct sink_stats sinks[MAX_SINKS];
};

/* of a request that took so many microseconds */
void	 stats_latency(struct worker_stats *, uint64_t);

/* of a question that was under way for so many microseconds */
void	 stats_judge_latency(struct judge_stats *, uint64_t);

/* adds the counters, and with a flag the gauges too */
void	 stats_add(struct worker_stats *, const struct worker_stats *, int);

#endif /* COMMON_STATS_H */
