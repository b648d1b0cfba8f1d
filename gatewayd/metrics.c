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

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/outbox.h"
#include "common/version.h"
#include "gatewayd.h"

/*
 * /metrics: the text format of Prometheus, version 0.0.4 (prometheus.io,
 * "Exposition formats").  Names, label values and help texts are our own or
 * names of sinks, which need no escape.
 */

#define MAX_METRICS	(64 * 1024)

static const char *const actions[STATS_ACTIONS] = {
	"allow", "alert", "confirm", "block"
};
static void	put(struct wbuf *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));

static void
put(struct wbuf *w, const char *fmt, ...)
{
	char	 line[512];
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		fatalx("a line of metrics is too long");
	wbuf_put(w, line, (size_t)n);
}

static void
head(struct wbuf *w, const char *name, const char *type, const char *help)
{
	put(w, "# HELP defenseclaw_%s %s\n# TYPE defenseclaw_%s %s\n", name,
	    help, name, type);
}

static void
one(struct wbuf *w, const char *name, const char *type, const char *help,
    uint64_t value)
{
	head(w, name, type, help);
	put(w, "defenseclaw_%s %llu\n", name, (unsigned long long)value);
}

static void
verdicts(struct wbuf *w, const struct worker_stats *s)
{
	unsigned int	 i, j;

	head(w, "verdicts_total", "counter", "Verdicts by what the rules and "
	    "lists say and by severity.");
	for (i = 0; i < STATS_ACTIONS; i++)
		for (j = 0; j < SEV_COUNT; j++)
			put(w, "defenseclaw_verdicts_total{action=\"%s\","
			    "severity=\"%s\"} %llu\n", actions[i],
			    severity_name((enum severity)j),
			    (unsigned long long)s->verdicts[i][j]);
	one(w, "blocked_total", "counter", "Verdicts that kept somebody from "
	    "something.", s->blocked);
	one(w, "unavailable_total", "counter", "Answers without a verdict "
	    "because nothing could be recorded.", s->unavailable);
}

/* of seconds: the unit that the format asks for */
static void
latency(struct wbuf *w, const struct worker_stats *s)
{
	uint64_t	 n = 0;
	unsigned int	 i;

	head(w, "request_duration_seconds", "histogram", "From the whole of "
	    "a request to its answer.");
	for (i = 0; i < STATS_BUCKETS; i++) {
		n += s->latency[i];
		put(w, "defenseclaw_request_duration_seconds_bucket{le="
		    "\"%g\"} %llu\n", stats_bucket_us[i] / 1e6,
		    (unsigned long long)n);
	}
	n += s->latency[STATS_BUCKETS];
	put(w, "defenseclaw_request_duration_seconds_bucket{le=\"+Inf\"} "
	    "%llu\n", (unsigned long long)n);
	put(w, "defenseclaw_request_duration_seconds_sum %.6f\n",
	    (double)s->latency_us / 1e6);
	put(w, "defenseclaw_request_duration_seconds_count %llu\n",
	    (unsigned long long)n);
}

static void
traffic(struct wbuf *w, const struct suite_stats *all)
{
	const struct worker_stats	*s = &all->workers;

	one(w, "requests_total", "counter", "HTTP requests taken.",
	    s->requests);
	one(w, "refused_total", "counter", "HTTP requests that were malformed, "
	    "too large, too slow or too many.", s->refused);
	one(w, "limited_total", "counter", "HTTP requests over their "
	    "principal's rate.", s->limited);
	one(w, "connections_total", "counter", "Connections accepted.",
	    s->accepted);
	one(w, "connections", "gauge", "Connections open.", s->connections);
	one(w, "buffered_bytes", "gauge", "Bytes held for clients.",
	    s->buffered);
	one(w, "pending_answers", "gauge", "Answers that wait for the audit "
	    "log.", s->pending);
	one(w, "lost_events_total", "counter", "Times an event had no room.",
	    s->lost);
	one(w, "workers", "gauge", "Workers that serve.", all->nworkers);
}

static const struct {
	const char	*name;
	const char	*help;
	size_t		 at;	/* of a uint64_t in struct judge_stats */
} judge_families[] = {
#define AT(field)	offsetof(struct judge_stats, field)
	{ "judge_calls_total", "Questions to a judge.", AT(calls) },
	{ "judge_cached_total", "Of them, answered from its cache.",
	    AT(cached) },
	{ "judge_failures_total", "Of them, without an answer.",
	    AT(failures) },
	{ "judge_disagreements_total", "Answers that are MEDIUM or more where "
	    "the rules are not, or the other way round.", AT(disagreed) },
#undef AT
};

static void
judge_latency(struct wbuf *w, const char *kind, const struct judge_stats *s)
{
	uint64_t	 n = 0;
	unsigned int	 i;

	for (i = 0; i < JUDGE_BUCKETS; i++) {
		n += s->latency[i];
		put(w, "defenseclaw_judge_latency_seconds_bucket{kind=\"%s\","
		    "le=\"%g\"} %llu\n", kind, judge_bucket_us[i] / 1e6,
		    (unsigned long long)n);
	}
	n += s->latency[JUDGE_BUCKETS];
	put(w, "defenseclaw_judge_latency_seconds_bucket{kind=\"%s\","
	    "le=\"+Inf\"} %llu\n", kind, (unsigned long long)n);
	put(w, "defenseclaw_judge_latency_seconds_sum{kind=\"%s\"} %.6f\n",
	    kind, (double)s->latency_us / 1e6);
	put(w, "defenseclaw_judge_latency_seconds_count{kind=\"%s\"} %llu\n",
	    kind, (unsigned long long)n);
}

static void
judges(struct wbuf *w, const struct worker_stats *s)
{
	uint64_t	 value;
	size_t		 f;
	unsigned int	 k;

	for (f = 0; f < sizeof(judge_families) / sizeof(judge_families[0]);
	    f++) {
		head(w, judge_families[f].name, "counter",
		    judge_families[f].help);
		for (k = JUDGE_INJECTION; k < JUDGE_KIND_COUNT; k++) {
			memcpy(&value, (const char *)&s->judge[k] +
			    judge_families[f].at, sizeof(value));
			put(w, "defenseclaw_%s{kind=\"%s\"} %llu\n",
			    judge_families[f].name, judge_kind_name(k),
			    (unsigned long long)value);
		}
	}
	head(w, "judge_latency_seconds", "histogram", "From a question to "
	    "its answer or failure.");
	for (k = JUDGE_INJECTION; k < JUDGE_KIND_COUNT; k++)
		judge_latency(w, judge_kind_name(k), &s->judge[k]);
	one(w, "judge_waiting", "gauge", "Requests that wait for a judge.",
	    s->judge_waiting);
	one(w, "judge_clients_gone_total", "counter", "Clients that did not "
	    "wait for a judge.", s->judge_gone);
}

static void
state(struct wbuf *w, const struct suite_stats *all)
{
	one(w, "audit_ok", "gauge", "Whether the audit log takes events.",
	    gatewayd.auditd != NULL && gatewayd.store.ok);
	one(w, "audit_rows", "gauge", "Rows of the audit log, which is the "
	    "sequence of the last.", all->rows);
	one(w, "rules", "gauge", "Rules in force.",
	    detect_nrules(gatewayd.rules->detect));
	head(w, "generation", "gauge", "What verdicts are decided under.");
	put(w, "defenseclaw_generation{of=\"config\"} %llu\n"
	    "defenseclaw_generation{of=\"rules\"} %llu\n"
	    "defenseclaw_generation{of=\"lists\"} %llu\n",
	    (unsigned long long)role.start.generation,
	    (unsigned long long)gatewayd.rules->generation,
	    (unsigned long long)lists_generation());
}

/* one family: all sinks stand together */
static const struct {
	const char	*name;
	const char	*type;
	const char	*help;
	size_t		 at;	/* of a uint64_t in struct sink_stats */
} families[] = {
#define AT(field)	offsetof(struct sink_stats, field)
	{ "sink_cursor", "gauge", "Sequence up to which all is settled.",
	    AT(cursor) },
	{ "sink_lag_events", "gauge", "Events not yet settled.",
	    AT(lag_events) },
	{ "sink_lag_seconds", "gauge", "Age of the first of them.",
	    AT(lag_seconds) },
	{ "sink_delivered_total", "counter", "Events the receiver took from "
	    "this process.", AT(delivered) },
	{ "sink_requests_total", "counter", "Requests of this process.",
	    AT(requests) },
	{ "sink_sent_bytes_total", "counter", "Bytes this process sent.",
	    AT(bytes) },
	{ "sink_failures_total", "counter", "Requests that failed.",
	    AT(failures) },
	{ "sink_quarantined", "gauge", "Events the receiver cannot take.",
	    AT(quarantined) },
	{ "sink_dead_letters", "gauge", "Events that must not be sent again.",
	    AT(dead) },
#undef AT
};

static void
sink_times(struct wbuf *w, const struct suite_stats *all)
{
	const struct sink_stats	*s;
	unsigned int		 i;

	head(w, "sink_last_success_timestamp_seconds", "gauge", "When the "
	    "receiver last took something, 0 never.");
	for (i = 0; i < all->nsinks; i++) {
		s = &all->sinks[i];
		put(w, "defenseclaw_sink_last_success_timestamp_seconds{sink="
		    "\"%s\"} %.6f\n", s->name, (double)s->last_success_us /
		    1e6);
	}
	head(w, "sink_last_error_timestamp_seconds", "gauge", "When a request "
	    "last failed, 0 never.");
	for (i = 0; i < all->nsinks; i++) {
		s = &all->sinks[i];
		put(w, "defenseclaw_sink_last_error_timestamp_seconds{sink="
		    "\"%s\"} %.6f\n", s->name, (double)s->last_error_us /
		    1e6);
	}
}

static void
sink_states(struct wbuf *w, const struct suite_stats *all)
{
	const struct sink_stats	*s;
	unsigned int		 i, j;

	head(w, "sink_up", "gauge", "Whether an enabled sink has a process.");
	for (i = 0; i < all->nsinks; i++) {
		s = &all->sinks[i];
		if (s->enabled)
			put(w, "defenseclaw_sink_up{sink=\"%s\",kind=\"%s\"} "
			    "%d\n", s->name, sink_kind_name(s->kind),
			    s->running != 0);
	}
	head(w, "sink_circuit", "gauge", "1 for the state that the sink is "
	    "in.");
	for (i = 0; i < all->nsinks; i++) {
		s = &all->sinks[i];
		for (j = 0; j < CIRCUIT_COUNT; j++)
			put(w, "defenseclaw_sink_circuit{sink=\"%s\",state="
			    "\"%s\"} %d\n", s->name, circuit_name(j),
			    s->running && s->circuit == j);
	}
}

static void
sinks(struct wbuf *w, const struct suite_stats *all)
{
	uint64_t	 value;
	size_t		 f;
	unsigned int	 i;

	if (all->nsinks == 0)
		return;
	sink_states(w, all);
	for (f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		head(w, families[f].name, families[f].type, families[f].help);
		for (i = 0; i < all->nsinks; i++) {
			memcpy(&value, (const char *)&all->sinks[i] +
			    families[f].at, sizeof(value));
			put(w, "defenseclaw_%s{sink=\"%s\"} %llu\n",
			    families[f].name, all->sinks[i].name,
			    (unsigned long long)value);
		}
	}
	sink_times(w, all);
}

void
metrics_get(const struct asker *a, json_t *body)
{
	const struct suite_stats	*all = stats_suite();
	struct wbuf			 w;

	(void)body;
	wbuf_init(&w, MAX_METRICS);
	head(&w, "build_info", "gauge", "Always 1.");
	put(&w, "defenseclaw_build_info{version=\"%s\"} 1\n", DC_VERSION);
	head(&w, "start_time_seconds", "gauge", "When this worker started.");
	put(&w, "defenseclaw_start_time_seconds %.6f\n",
	    (double)gatewayd.started_us / 1e6);
	verdicts(&w, &all->workers);
	latency(&w, &all->workers);
	traffic(&w, all);
	if (gatewayd.judge.wanted)
		judges(&w, &all->workers);
	state(&w, all);
	sinks(&w, all);
	wbuf_put(&w, "", 1);
	if (w.failed)
		fatalx("metrics");
	api_plain(a, "text/plain; version=0.0.4; charset=utf-8",
	    (const char *)w.data);
	wbuf_free(&w);
}
