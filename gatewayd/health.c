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
#include "common/outbox.h"
#include "common/version.h"
#include "gatewayd.h"
#include "judgelink.h"
#include "triage.h"

#define MAX_REPLACE_MS	1000	/* that a new auditd may take unnoticed */

/*
 * /health and /status in the shape existing monitors read: what this build
 * does not have is "disabled", and "running" means that traffic is gated.
 */

static json_t *
part(const char *state, json_t *details)
{
	char	 at[EVENT_TIME_SIZE];
	json_t	*j;

	event_time(gatewayd.started_us, at);
	j = json_pack("{s:s,s:s}", "state", state, "since", at);
	if (details != NULL)
		json_object_set_new(j, "details", details);
	return (j);
}

static void
time_of(json_t *j, const char *key, uint64_t us)
{
	char	 at[EVENT_TIME_SIZE];

	if (us == 0)
		return;
	event_time(us, at);
	json_object_set_new(j, key, json_string(at));
}

static const char *
sink_circuit(const struct sink_stats *s)
{
	return (s->running ? circuit_name(s->circuit) : "none");
}

/* what a receiver said may name hosts: not for anybody */
static json_t *
sink_json(const struct sink_stats *s, int trusted)
{
	json_t	*j;

	j = json_pack("{s:s,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I}", "name",
	    s->name, "kind", sink_kind_name(s->kind), "enabled",
	    (int)s->enabled, "running", (int)s->running, "circuit",
	    sink_circuit(s), "lag_events", (json_int_t)s->lag_events,
	    "lag_seconds", (json_int_t)s->lag_seconds, "quarantined",
	    (json_int_t)s->quarantined, "dead_letters", (json_int_t)s->dead);
	time_of(j, "last_success", s->last_success_us);
	time_of(j, "last_error_at", s->last_error_us);
	if (trusted && s->error[0] != '\0')
		json_object_set_new(j, "last_error", json_string(s->error));
	return (j);
}

/*
 * As existing monitors read it, and ours beside: running while all that are
 * enabled deliver.
 */
static json_t *
sinks(int trusted)
{
	const struct suite_stats	*all = stats_suite();
	const struct sink_stats		*s;
	json_t				*kinds, *list, *j;
	const char			*wrong = NULL;
	unsigned int			 i, on = 0;

	kinds = json_array();
	list = json_array();
	for (i = 0; i < all->nsinks; i++) {
		s = &all->sinks[i];
		json_array_append_new(list, sink_json(s, trusted));
		if (!s->enabled)
			continue;
		on++;
		json_array_append_new(kinds, json_string(sink_kind_name(
		    s->kind)));
		if (strcmp(sink_circuit(s), "closed") != 0)
			wrong = s->name;
	}
	j = part(on == 0 ? "disabled" : wrong != NULL ? "error" : "running",
	    json_pack("{s:i,s:o,s:o}", "count", (int)on, "kinds", kinds,
	    "sinks", list));
	if (wrong != NULL)
		json_object_set_new(j, "last_error", json_sprintf(
		    "sink %s does not deliver", wrong));
	return (j);
}

/* of all workers; where it is is not for anybody */
static json_t *
judges(int trusted)
{
	const struct worker_stats	*s = &stats_suite()->workers;
	const struct judge_stats	*k;
	json_t				*j, *kinds;
	unsigned int			 i;

	j = json_pack("{s:b,s:s,s:s,s:s}", "enabled",
	    gatewayd.judge.wanted != 0, "strategy_prompt", strategy_name(
	    gatewayd.judge.strategy[JUDGE_PROMPT]), "strategy_completion",
	    strategy_name(gatewayd.judge.strategy[JUDGE_COMPLETION]),
	    "strategy_tool_call",
	    strategy_name(gatewayd.judge.strategy[JUDGE_TOOL_CALL]));
	if (!gatewayd.judge.wanted)
		return (j);
	kinds = json_object();
	for (i = JUDGE_INJECTION; i < JUDGE_KIND_COUNT; i++) {
		k = &s->judge[i];
		json_object_set_new(kinds, judge_kind_name(i), json_pack(
		    "{s:I,s:I,s:I,s:I,s:I}", "calls", (json_int_t)k->calls,
		    "cached", (json_int_t)k->cached, "failures",
		    (json_int_t)k->failures, "disagreements",
		    (json_int_t)k->disagreed, "mean_us", (json_int_t)
		    (k->calls != 0 ? k->latency_us / k->calls : 0)));
	}
	json_object_set_new(j, "connected", json_boolean(judgelink_up()));
	json_object_set_new(j, "waiting", json_integer((json_int_t)
	    s->judge_waiting));
	json_object_set_new(j, "clients_gone", json_integer((json_int_t)
	    s->judge_gone));
	json_object_set_new(j, "kinds", kinds);
	if (trusted) {
		json_object_set_new(j, "url", json_string(gatewayd.judge.url));
		json_object_set_new(j, "model",
		    json_string(gatewayd.judge.model));
	}
	return (j);
}

static json_t *
provenance(void)
{
	return (json_pack("{s:i,s:s,s:I,s:s}", "schema_version",
	    EVENT_SCHEMA_VERSION, "content_hash", gatewayd.suite.conf_hash,
	    "generation", (json_int_t)lists_generation(), "binary_version",
	    DC_VERSION));
}

static json_t *
snapshot(int trusted)
{
	uint64_t	 now = clock_wall_us();
	char		 at[EVENT_TIME_SIZE];
	const char	*state = "running", *wrong = NULL;
	json_t		*j, *gw;

	if (!gatewayd.store.ok)
		wrong = gatewayd.store.text;
	else if (gatewayd.auditd == NULL && clock_ms() >
	    gatewayd.auditd_lost_ms + MAX_REPLACE_MS)
		wrong = "auditd is gone: nothing can be recorded";
	if (wrong != NULL)
		state = gatewayd.serving ? "error" : "starting";
	event_time(gatewayd.started_us, at);
	gw = part(state, NULL);
	if (wrong != NULL)
		json_object_set_new(gw, "last_error", json_string(wrong));
	j = json_pack("{s:s,s:I}", "started_at", at, "uptime_ms",
	    (json_int_t)(now > gatewayd.started_us ? (now -
	    gatewayd.started_us) / 1000 : 0));
	json_object_set_new(j, "gateway", gw);
	json_object_set_new(j, "watcher", part("disabled", NULL));
	json_object_set_new(j, "api", part("running", json_pack(
	    "{s:b,s:b,s:s}", "tcp", gatewayd.tcp != -1, "unix",
	    gatewayd.unix_http != -1, "addr", gatewayd.addr)));
	json_object_set_new(j, "guardrail", part("running", json_pack(
	    "{s:s,s:I,s:o}", "mode", decide_mode(), "rules", (json_int_t)
	    detect_nrules(gatewayd.rules->detect), "judge", judges(trusted))));
	json_object_set_new(j, "telemetry", part("disabled", NULL));
	json_object_set_new(j, "sinks", sinks(trusted));
	return (j);
}

void
health_get(const struct asker *a, json_t *body)
{
	json_t	*j = snapshot(0);

	(void)body;
	json_object_set_new(j, "provenance", provenance());
	api_answer(a, 200, j);
}

void
status_get(const struct asker *a, json_t *body)
{
	(void)body;
	api_answer(a, 200, json_pack("{s:o,s:o}", "health", snapshot(1),
	    "provenance", provenance()));
}

/*
 * This worker's own figures, for `status'.
 */
json_t *
health_worker(void)
{
	struct conn_stats	cs;

	conn_get_stats(gatewayd.server, &cs);
	return (json_pack(
	    "{s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s,"
	    "s:s,s:I,s:o}",
	    "serving", gatewayd.serving, "mode", decide_mode(),
	    "connections", (json_int_t)cs.conns, "accepted",
	    (json_int_t)cs.accepted, "requests", (json_int_t)cs.requests,
	    "refused", (json_int_t)cs.refused, "buffered_bytes",
	    (json_int_t)cs.buffered, "pending",
	    (json_int_t)record_pending(), "lost_events",
	    (json_int_t)record_lost(), "verdicts",
	    (json_int_t)gatewayd.verdicts, "blocked",
	    (json_int_t)gatewayd.blocked, "unavailable",
	    (json_int_t)gatewayd.unavailable, "limited",
	    (json_int_t)gatewayd.limited, "rules", (json_int_t)
	    detect_nrules(gatewayd.rules->detect), "rules_hash",
	    detect_hash(gatewayd.rules->detect), "pack",
	    detect_pack(gatewayd.rules->detect), "rules_generation",
	    (json_int_t)gatewayd.rules->generation, "judge", judges(1)));
}
