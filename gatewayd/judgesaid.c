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
#include <string.h>

#include "common/clock.h"
#include "common/detect/text.h"
#include "common/json.h"
#include "common/kept.h"
#include "common/log.h"
#include "judging.h"

/*
 * What became of questions, for rows, for who asked to see it, and for who
 * keeps a judge's words.
 */

#define ACTION_FAILURE	"judge-failure"

static const char *
on_error_name(void)
{
	static const char *const names[] = { "allow", "alert", "block" };

	return (names[gatewayd.judge.on_error]);
}

static void
hidden_json(struct json_out *o, const struct judge_opinion *op)
{
	uint32_t	 i;

	if (op->nhidden == 0)
		return;
	json_out_open(o, "suppressed", '[');
	for (i = 0; i < op->nhidden && i < MAX_JUDGE_SUPPRESSED; i++) {
		json_out_open(o, NULL, '{');
		json_out_str(o, "by", op->hidden[i].by);
		json_out_str(o, "finding", op->hidden[i].id);
		json_out_close(o, '}');
	}
	json_out_close(o, ']');
}

static void
opinion_json(struct json_out *o, const struct judged_call *c)
{
	const struct judge_opinion	*op = c->opinion;
	size_t				 i;

	json_out_str(o, "severity", severity_name(op->severity));
	json_out_open(o, "findings", '[');
	for (i = 0; i < op->nfindings; i++)
		json_out_str(o, NULL, op->findings[i].id);
	json_out_close(o, ']');
	if (op->entities != 0)
		json_out_int(o, "entities", op->entities);
	if (op->invented != 0)
		json_out_int(o, "not_in_text", op->invented);
	if (c->below != 0)
		json_out_int(o, "too_few_for_tool", c->below);
	hidden_json(o, op);
}

static void
call_json(struct json_out *o, const struct judged_call *c)
{
	json_out_open(o, NULL, '{');
	json_out_str(o, "kind", judge_kind_name(c->question.kind));
	if (c->question.kind == JUDGE_ADJUDICATION)
		json_out_str(o, "about", judge_kind_name(c->question.about));
	json_out_str(o, "status", judge_status_name(c->status));
	if (c->reason[0] != '\0')
		json_out_str(o, "reason", c->reason);
	if (c->http != 0)
		json_out_int(o, "http", c->http);
	json_out_int(o, "latency_us", (int64_t)c->latency_us);
	json_out_bool(o, "cached", c->cached);
	if (c->stripped != 0)
		json_out_int(o, "stripped", c->stripped);
	if (c->omitted != 0)
		json_out_int(o, "omitted_bytes", (int64_t)c->omitted);
	if (c->opinion != NULL)
		opinion_json(o, c);
	json_out_close(o, '}');
}

void
judging_json(struct json_out *o, const struct judged *j)
{
	size_t	 i;

	json_out_str(o, "strategy", strategy_name(j->strategy));
	json_out_str(o, "triage", triage_name(j->triage));
	json_out_bool(o, "asked", j->ncalls != 0);
	json_out_str(o, "why", j->why);
	if (j->ncalls != 0) {
		json_out_open(o, "calls", '[');
		for (i = 0; i < j->ncalls; i++)
			call_json(o, &j->calls[i]);
		json_out_close(o, ']');
	}
	if (j->overruled != NULL) {
		json_out_open(o, "overruled", '[');
		for (i = 0; i < j->overruled->nfindings; i++)
			json_out_str(o, NULL,
			    j->overruled->findings[i].rule->id);
		json_out_close(o, ']');
	}
	if (j->undecided)
		json_out_str(o, "on_error", on_error_name());
	if (j->gone)
		json_out_bool(o, "client_gone", 1);
}

static void
said_head(struct json_out *o, const struct judged_call *c)
{
	json_out_init(o);
	json_out_open(o, NULL, '{');
	json_out_str(o, "kind", judge_kind_name(c->question.kind));
	json_out_str(o, "direction",
	    judge_direction_name(c->question.direction));
	json_out_str(o, "status", judge_status_name(c->status));
	if (c->http != 0)
		json_out_int(o, "http", c->http);
	json_out_int(o, "latency_us", (int64_t)c->latency_us);
}

/* the first of a kind and status as it was, then how many a window had */
static struct tally	 failed;

struct failure {
	const struct asker		*asker;
	const struct judged		*judged;
	const struct judged_call	*call;
};

static void
failure_details(struct json_out *o, const struct tally_entry *e,
    const struct failure *f)
{
	if (f != NULL) {
		said_head(o, f->call);
		json_out_str(o, "reason", f->call->reason);
		json_out_bool(o, "undecided", f->judged->undecided);
	} else {
		json_out_init(o);
		json_out_open(o, NULL, '{');
		json_out_str(o, "kind", e->what);
		json_out_str(o, "status", e->origin);
		json_out_int(o, "window_ms", TALLY_WINDOW_MS);
	}
	json_out_int(o, "count", (int64_t)e->count);
	json_out_str(o, "worker", role.start.instance);
	json_out_str(o, "on_error", on_error_name());
	json_out_close(o, '}');
}

static int
failure_report(const struct tally_entry *e, void *arg)
{
	const struct failure	*f = arg;
	struct event		 ev;
	struct json_out		 o;
	char			*details;
	int			 rc;

	/* what cannot be recorded now is counted on */
	if (!gatewayd.store.ok)
		return (-1);
	failure_details(&o, e, f);
	if ((details = json_out_end(&o)) == NULL)
		return (-1);
	stamp_event(&gatewayd.stamp, &ev, ACTION_FAILURE, SEV_MEDIUM);
	ev.generation = lists_generation();
	if (f != NULL)
		record_fill(&ev, f->asker);
	ev.field[EV_TARGET] = e->what;
	ev.field[EV_DETAILS] = details;
	rc = record_event(&ev, NULL);
	free(details);
	return (rc);
}

void
judging_failures(const struct asker *a, const struct judged *j)
{
	struct failure	 f = { a, j, NULL };
	size_t		 i;

	for (i = 0; i < j->ncalls && !j->gone; i++) {
		f.call = &j->calls[i];
		if (f.call->status != JUDGE_OK)
			tally_hit(&failed, judge_kind_name(
			    f.call->question.kind),
			    judge_status_name(f.call->status), clock_ms(),
			    failure_report, &f);
	}
}

void
judging_flush(int all)
{
	tally_flush(&failed, clock_ms(), all, failure_report, NULL);
}

void
judging_end(void)
{
	uint64_t	 n;

	if ((n = tally_unreported(&failed)) != 0)
		log_warnx("%llu failures of a judge were not recorded before "
		    "the end", (unsigned long long)n);
}

/* a name that we asked for; any other may be one of the text */
static int
is_asked(const struct judged_call *c, const char *key)
{
	static const char *const names[] = { "label", "reasoning",
	    "detection_result", "entities", "findings", "pattern", "verdict",
	    "overall_threat", "severity" };
	size_t	 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(key, names[i]) == 0)
			return (1);
	for (i = 0; i < c->question.nnames; i++)
		if (strcmp(key, c->question.names[i]) == 0)
			return (1);
	return (0);
}

/* A string or a number may be one of the text. */
static json_t *
masked_leaf(const json_t *v)
{
	char	 out[MAX_REDACTED];
	char	*text;

	if (json_is_string(v)) {
		redact_evidence(&gatewayd.redactor, json_string_value(v),
		    json_string_length(v), out);
		return (json_string(out));
	}
	if (!json_is_number(v))
		return (json_incref((json_t *)(uintptr_t)v));
	if ((text = json_dumps(v, JSON_ENCODE_ANY)) == NULL)
		return (NULL);
	redact_evidence(&gatewayd.redactor, text, strlen(text), out);
	free(text);
	return (json_string(out));
}

/* A copy; the strict reader has bounded the depth.  NULL: no memory. */
static json_t *
masked(const struct judged_call *c, const json_t *v)
{
	json_t		*m, *copy;
	const char	*key;
	char		 out[MAX_REDACTED];
	size_t		 i;
	int		 rc = 0;

	if (!json_is_object(v) && !json_is_array(v))
		return (masked_leaf(v));
	copy = json_is_object(v) ? json_object() : json_array();
	json_object_foreach((json_t *)(uintptr_t)v, key, m) {
		redact_value(&gatewayd.redactor, key, strlen(key), out);
		rc |= json_object_set_new(copy, is_asked(c, key) ? key : out,
		    masked(c, m));
	}
	json_array_foreach(v, i, m)
		rc |= json_array_append_new(copy, masked(c, m));
	if (rc != 0) {
		json_decref(copy);
		return (NULL);
	}
	return (copy);
}

/* the row says what is kept beside it; bytes: of what the judge wrote */
static void
body_event(const struct asker *a, const struct judged_call *c,
    const char *text, size_t bytes)
{
	struct json_out	 o;
	struct event	 ev;
	char		 hash[KEPT_HASH_SIZE];
	char		*details;

	kept_hash(text, hash);
	said_head(&o, c);
	json_out_int(&o, "body_bytes", (int64_t)bytes);
	json_out_int(&o, KEPT_BYTES, (int64_t)strlen(text));
	json_out_str(&o, KEPT_HASH, hash);
	json_out_int(&o, KEPT_DAYS, gatewayd.judge.body_days);
	json_out_close(&o, '}');
	if ((details = json_out_end(&o)) == NULL)
		return;
	stamp_event(&gatewayd.stamp, &ev, ACTION_JUDGE_BODY, SEV_INFO);
	record_fill(&ev, a);
	ev.field[EV_TARGET] = judge_kind_name(c->question.kind);
	ev.field[EV_DETAILS] = details;
	record_kept(&ev, NULL, text);
	free(details);
}

/*
 * JSON keeps the names that were asked for and what is true in it; of
 * anything else only length and digest are kept.
 */
void
judging_body(const struct asker *a, const struct judged_call *c,
    const char *body)
{
	const char	*from = strchr(body, '{'), *to = strrchr(body, '}');
	json_t		*j = NULL, *m;
	char		 err[MAX_JSON_ERR], out[MAX_REDACTED];
	char		*text = NULL;

	if (from != NULL && to != NULL && to > from)
		j = json_strict(from, (size_t)(to + 1 - from), err);
	if (j != NULL) {
		if ((m = masked(c, j)) != NULL)
			text = json_text(m);
		json_decref(m);
		json_decref(j);
	}
	if (text == NULL) {
		redact_value(&gatewayd.redactor, body, strlen(body), out);
		if ((text = strdup(out)) == NULL)
			return;
	}
	text[text_cut(text, strlen(text), MAX_KEPT_BODY)] = '\0';
	body_event(a, c, text, strlen(body));
	free(text);
}
