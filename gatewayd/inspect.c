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

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/detect/image.h"
#include "common/detect/text.h"
#include "common/json.h"
#include "common/log.h"
#include "judging.h"

/*
 * The inspect routes: a body becomes pieces of text, findings, a verdict, an
 * event and an answer, in this order.
 */

#define EXPLAIN		"explain"	/* boolean: how it came about */
#define UNREADABLE_ID	"INDETERMINATE"
#define UNREADABLE	UNREADABLE_ID ":the body could not be read"

static struct detect_result	found;	/* large; one request at a time */

/* "shell" stays, what may be a value is masked; NULL stays NULL */
static const char *
shown(const char *name, char *buf, size_t size)
{
	if (name == NULL || name[0] == '\0')
		return (NULL);
	redact_name(&gatewayd.redactor, name, buf, size);
	return (buf);
}

/* "judge-pii: ...; judge-exfil: ...", behind what rules say */
static void
reason_judges(const struct judged *j, char *out, size_t size)
{
	const struct judge_opinion	*op;
	size_t				 i;

	for (i = 0; j != NULL && i < j->ncalls; i++) {
		op = j->calls[i].opinion;
		if (op == NULL || op->reason[0] == '\0')
			continue;
		if (out[0] != '\0')
			strlcat(out, "; ", size);
		strlcat(out, op->reason, size);
	}
	if (j != NULL && j->undecided)
		strlcat(out, out[0] != '\0' ? "; judge-failure" :
		    "judge-failure", size);
}

static void
reason_listed(const struct inspection *in, const struct verdict *v, char *out,
    size_t size)
{
	char	name[MAX_TARGET_NAME + 1];

	snprintf(out, size, "%s \"%s\" is on the static block list",
	    list_kind_name(v->by_owner ? in->owner_kind : KIND_TOOL),
	    shown(v->by_owner ? in->owner : in->tool, name, sizeof(name)));
}

/* "matched: ID:Title, ID:Title", the gravest first */
void
inspect_reason(const struct inspection *in, const struct verdict *v,
    char out[MAX_REASON])
{
	const size_t	size = MAX_REASON;
	size_t		i, len;

	out[0] = '\0';
	if (v->unreadable)
		strlcpy(out, "matched: " UNREADABLE, size);
	if (v->is_static) {
		reason_listed(in, v, out, size);
		return;
	}
	for (i = 0; v->found != NULL && i < v->found->nfindings &&
	    i < MAX_REASON_FINDINGS; i++) {
		strlcat(out, i == 0 ? "matched: " : ", ", size);
		strlcat(out, v->found->findings[i].rule->id, size);
		strlcat(out, ":", size);
		strlcat(out, v->found->findings[i].title, size);
	}
	reason_judges(v->judged, out, size);
	if (v->approval != NULL)
		approval_reason(v, out, size);
	/* what was cut off may be half a character */
	len = strlen(out);
	out[text_valid(out, len)] = '\0';
}

static void
finding_json(struct json_out *o, const struct detect_finding *f, int reveal)
{
	char	 masked[MAX_REDACTED];
	size_t	 i;

	redact_evidence(&gatewayd.redactor, f->evidence, strlen(f->evidence),
	    masked);
	json_out_open(o, NULL, '{');
	json_out_str(o, "rule_id", f->rule->id);
	json_out_str(o, "title", f->title);
	json_out_str(o, "severity", severity_name(f->severity));
	json_out_real(o, "confidence", f->confidence);
	json_out_str(o, "evidence", reveal ? f->evidence : masked);
	json_out_open(o, "tags", '[');
	for (i = 0; i < f->rule->ntags; i++)
		json_out_str(o, NULL, f->rule->tags[i]);
	json_out_close(o, ']');
	if (f->indeterminate)
		json_out_bool(o, "indeterminate", 1);
	json_out_close(o, '}');
}

/* Calls fn for every finding that is a judge's. */
static void
judges_each(const struct verdict *v, struct json_out *o,
    void (*fn)(struct json_out *, const struct judge_finding *))
{
	const struct judge_opinion	*op;
	size_t				 i, k;

	for (i = 0; v->judged != NULL && i < v->judged->ncalls; i++) {
		if ((op = v->judged->calls[i].opinion) == NULL)
			continue;
		for (k = 0; k < op->nfindings; k++)
			fn(o, &op->findings[k]);
	}
}

static void
judge_name(struct json_out *o, const struct judge_finding *f)
{
	char	 name[sizeof(f->id) + sizeof(f->title) + 1];

	snprintf(name, sizeof(name), "%s:%s", f->id, f->title);
	json_out_str(o, NULL, name);
}

static void
judge_id(struct json_out *o, const struct judge_finding *f)
{
	json_out_str(o, NULL, f->id);
}

static void
judge_detail(struct json_out *o, const struct judge_finding *f)
{
	json_out_open(o, NULL, '{');
	json_out_str(o, "rule_id", f->id);
	json_out_str(o, "title", f->title);
	json_out_str(o, "severity", severity_name(f->severity));
	json_out_real(o, "confidence", JUDGE_CONFIDENCE);
	json_out_open(o, "tags", '[');
	json_out_str(o, NULL, "judge");
	json_out_close(o, ']');
	if (f->entities != 0)
		json_out_int(o, "entities", f->entities);
	json_out_close(o, '}');
}

static size_t
judges_found(const struct verdict *v)
{
	size_t	 i, n = 0;

	for (i = 0; v->judged != NULL && i < v->judged->ncalls; i++)
		if (v->judged->calls[i].opinion != NULL)
			n += v->judged->calls[i].opinion->nfindings;
	return (n);
}

static void
verdict_names(struct json_out *o, const struct verdict *v)
{
	char	 name[MAX_IMAGE_STRING + MAX_FINDING_TITLE];
	size_t	 i;

	json_out_open(o, "findings", '[');
	if (v->is_static)
		json_out_str(o, NULL, "STATIC-BLOCK");
	if (v->unreadable)
		json_out_str(o, NULL, UNREADABLE);
	for (i = 0; v->found != NULL && i < v->found->nfindings; i++) {
		snprintf(name, sizeof(name), "%s:%s",
		    v->found->findings[i].rule->id,
		    v->found->findings[i].title);
		json_out_str(o, NULL, name);
	}
	judges_each(v, o, judge_name);
	json_out_close(o, ']');
}

/* malloc'd; NULL when it cannot be written */
static char *
verdict_json(const struct asker *a, const struct inspection *in,
    const struct verdict *v, const char *reason)
{
	struct json_out	 o;
	size_t		 i;

	json_out_init(&o);
	json_out_open(&o, NULL, '{');
	json_out_str(&o, "action", v->action);
	json_out_str(&o, "raw_action", v->raw_action);
	json_out_str(&o, "severity", severity_name(v->severity));
	json_out_real(&o, "confidence", v->confidence);
	json_out_str(&o, "reason", reason);
	verdict_names(&o, v);
	if ((v->found != NULL && v->found->nfindings != 0) ||
	    judges_found(v) != 0) {
		json_out_open(&o, "detailed_findings", '[');
		for (i = 0; v->found != NULL && i < v->found->nfindings; i++)
			finding_json(&o, &v->found->findings[i], a->reveal);
		judges_each(v, &o, judge_detail);
		json_out_close(&o, ']');
	}
	json_out_str(&o, "mode", decide_mode());
	json_out_bool(&o, "would_block", v->would_block);
	if (strcmp(v->action, "block") == 0 &&
	    gatewayd.rec.block_message[0] != '\0')
		json_out_str(&o, "block_message", gatewayd.rec.block_message);
	if (v->approval != NULL)
		approval_json(&o, v);
	else if (strcmp(v->action, "confirm") == 0)
		json_out_int(&o, "approval_timeout_ms",
		    (int64_t)gatewayd.rec.hilt_s * 1000);
	if (in->hook != NULL)
		hook_members(&o, in->hook, v, reason);
	if (a->explain && v->judged != NULL) {
		json_out_open(&o, "explain", '{');
		judging_json(&o, v->judged);
		json_out_close(&o, '}');
	}
	json_out_close(&o, '}');
	return (json_out_end(&o));
}

void
inspect_rule_ids(struct json_out *o, const struct verdict *v)
{
	size_t	 i;

	json_out_open(o, "rule_ids", '[');
	if (v->is_static)
		json_out_str(o, NULL, "STATIC-BLOCK");
	if (v->unreadable)
		json_out_str(o, NULL, UNREADABLE_ID);
	for (i = 0; v->found != NULL && i < v->found->nfindings; i++)
		json_out_str(o, NULL, v->found->findings[i].rule->id);
	judges_each(v, o, judge_id);
	json_out_close(o, ']');
}

/* what the row keeps of it: rule ids and numbers, never the text */
static char *
details_json(const struct asker *a, const struct inspection *in,
    const struct verdict *v, const char *reason, size_t len, uint64_t us)
{
	static const char *const directions[] = { "prompt", "completion",
	    "tool_call" };
	struct json_out	 o;
	char		 name[MAX_TARGET_NAME + 1];

	json_out_init(&o);
	json_out_open(&o, NULL, '{');
	json_out_str(&o, "direction", directions[in->direction]);
	if (in->hook != NULL) {
		redact_name(&gatewayd.redactor, in->hook->event, name,
		    sizeof(name));
		json_out_str(&o, "hook", name);
		json_out_str(&o, "connector",
		    hook_agent_name(in->hook->agent));
	}
	if (shown(in->owner, name, sizeof(name)) != NULL)
		json_out_str(&o, in->owner_kind == KIND_MCP ? "mcp_server" :
		    list_kind_name(in->owner_kind), name);
	json_out_str(&o, "action", v->action);
	json_out_str(&o, "raw_action", v->raw_action);
	json_out_str(&o, "mode", decide_mode());
	json_out_str(&o, "severity", severity_name(v->severity));
	json_out_real(&o, "confidence", v->confidence);
	inspect_rule_ids(&o, v);
	json_out_int(&o, "findings", (int64_t)((v->found != NULL ?
	    v->found->total : 0) + judges_found(v)));
	json_out_str(&o, "reason", reason);
	json_out_int(&o, "inspected_bytes", (int64_t)len);
	json_out_int(&o, "elapsed_us", (int64_t)us);
	json_out_int(&o, "rules_generation",
	    (int64_t)(a->rules != 0 ? a->rules : gatewayd.rules->generation));
	json_out_int(&o, "config_generation",
	    (int64_t)role.start.generation);
	if (v->unreadable || (v->found != NULL && v->found->indeterminate))
		json_out_bool(&o, "indeterminate", 1);
	if (in->unreadable != NULL)
		json_out_str(&o, "error", in->unreadable);
	if (v->approval != NULL)
		approval_json(&o, v);
	if (v->judged != NULL && v->judged->strategy !=
	    STRATEGY_REGEX_ONLY) {
		json_out_open(&o, "judge", '{');
		judging_json(&o, v->judged);
		json_out_close(&o, '}');
	}
	json_out_close(&o, '}');
	return (json_out_end(&o));
}

static void
reveal_event(const struct asker *a, const char *target)
{
	struct event	ev;

	stamp_event(&gatewayd.stamp, &ev, "inspect-reveal", SEV_MEDIUM);
	record_fill(&ev, a);
	ev.field[EV_TARGET] = target;
	record_event(&ev, NULL);
}

void
inspect_over(const struct asker *a, const struct inspection *in,
    const struct verdict *v, size_t len, uint64_t us)
{
	struct event	 ev;
	char		*answer, *details;
	char		 action[64], reason[MAX_REASON];
	char		 tool[MAX_TARGET_NAME + 1], where[MAX_TARGET_NAME + 1];

	gatewayd.verdicts++;
	stats_verdict(v);
	if (v->would_block)
		gatewayd.blocked++;
	inspect_reason(in, v, reason);
	snprintf(action, sizeof(action), "%s-%s", in->what, v->raw_action);
	details = details_json(a, in, v, reason, len, us);
	answer = verdict_json(a, in, v, reason);
	if (details == NULL || answer == NULL) {
		api_error(a, 503, "no verdict: its answer could not be "
		    "written");
		goto out;
	}
	if (a->reveal)
		reveal_event(a, in->what);
	stamp_event(&gatewayd.stamp, &ev, action, v->severity == SEV_NONE ?
	    SEV_INFO : v->severity);
	record_fill(&ev, a);
	ev.field[EV_TOOL_NAME] = shown(in->tool, tool, sizeof(tool));
	ev.field[EV_TARGET] = ev.field[EV_TOOL_NAME] != NULL ?
	    ev.field[EV_TOOL_NAME] : shown(in->target, where, sizeof(where));
	ev.field[EV_DETAILS] = details;
	if (a->nobody)
		record_event(&ev, NULL);
	else
		record_text(a, &ev, NULL, answer);
out:
	free(details);
	free(answer);
}

/*
 * Looks at the value, and answers now or when a judge has been heard.
 */
void
inspect_value(const struct asker *a, const struct inspection *in,
    const json_t *value)
{
	static struct judged	 j;	/* large; one request at a time */
	static struct bound	 bound;
	struct inspection	 seen;
	struct verdict		 v;
	uint64_t		 start = clock_wall_us(), now;
	size_t			 len;

	/* no answer of ours lets a text pass that was not looked at */
	seen = *in;
	if (body_detect(in, value, &found, &len) == -1) {
		log_warn("inspection");
		seen.unreadable = errno == ETIMEDOUT ? "inspection took too "
		    "long" : "inspection failed";
		len = 0;
	}
	decide(&seen, len != 0 ? &found : NULL, &v);
	judging_plan(&seen, &v, value, &j);
	now = clock_wall_us();
	now = now > start ? now - start : 0;
	if (seen.confirms && gatewayd.rec.hilt_severity != 0 &&
	    (j.plan != PLAN_RULES || approval_wanted(&seen, &v))) {
		approval_bind(a, &seen, &v, value, &bound);
		seen.bound = &bound;
	}
	if (j.plan == PLAN_RULES && !approval_wanted(&seen, &v)) {
		v.judged = &j;
		inspect_over(a, &seen, &v, len, now);
	} else
		judging_begin(a, &seen, &v, len, now, &j);
}

void
inspect_session(struct asker *copy, const json_t *body)
{
	const char	*s = body_str(body, "session_id");

	if (copy->session_id[0] == '\0' && s != NULL)
		redact_name(&gatewayd.redactor, s, copy->session_id,
		    sizeof(copy->session_id));
}

static int
is_absent(const json_t *v)
{
	return (v == NULL || json_is_null(v));
}

/*
 * What a body without the member says instead: some send what they were
 * given as it is.  All of it but the names that route a request.
 */
static json_t *
body_rest(const json_t *body)
{
	static const char *const names[] = { "tool", "model", "direction",
	    "mcp_server_name", "session_id", "approval_surface" };
	const char	*key;
	json_t		*rest, *v;
	size_t		 i;

	if ((rest = json_object()) == NULL)
		fatal("inspection");
	json_object_foreach((json_t *)(uintptr_t)body, key, v) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcasecmp(key, names[i]) == 0)
				break;
		if (strcasecmp(key, EXPLAIN) == 0 && json_is_boolean(v))
			continue;
		if (i == sizeof(names) / sizeof(names[0]) &&
		    json_object_set(rest, key, v) == -1)
			fatal("inspection");
	}
	return (rest);
}

/* both of two members that may be absent, or what the body says instead */
static void
inspect_members(const struct asker *a, const json_t *body,
    const struct inspection *in, const json_t *first, const json_t *second)
{
	struct asker	 copy = *a;
	json_t		*value;

	inspect_session(&copy, body);
	copy.explain = json_is_true(body_get(body, EXPLAIN));
	if (is_absent(first) && is_absent(second))
		value = body_rest(body);
	else if (!is_absent(first) && !is_absent(second))
		value = json_pack("[O,O]", first, second);
	else
		value = json_incref((json_t *)(uintptr_t)
		    (is_absent(first) ? second : first));
	if (value == NULL)
		fatal("inspection");
	inspect_value(&copy, in, json_object_size(value) == 0 &&
	    json_is_object(value) ? NULL : value);
	json_decref(value);
}

/* a message to a person, not a call: it has a content, or goes out */
static int
is_message(const char *tool, const json_t *content, const char *direction)
{
	if (strcasecmp(tool, "message") != 0)
		return (0);
	if (json_is_string(content) ? json_string_length(content) != 0 :
	    json_is_object(content) || json_is_array(content))
		return (1);
	return (direction != NULL && strcasecmp(direction, "outbound") == 0);
}

void
inspect_tool(const struct asker *a, json_t *body)
{
	struct inspection	 in;
	const json_t		*args, *content;
	const char		*surface;
	int			 message;

	memset(&in, 0, sizeof(in));
	in.tool = body_str(body, "tool");
	if (in.tool == NULL || in.tool[0] == '\0') {
		api_error(a, 400, "tool is required");
		return;
	}
	args = body_get(body, "args");
	content = body_get(body, "content");
	in.owner = body_str(body, "mcp_server_name");
	in.owner_kind = KIND_MCP;
	message = is_message(in.tool, content, body_str(body, "direction"));
	in.direction = message ? DETECT_COMPLETION : DETECT_TOOL_CALL;
	/* whatever its case, this one name is the one on a list */
	if (message)
		in.tool = "message";
	in.what = message ? "inspect-message" : "inspect-tool";
	in.confirms = !message;
	surface = body_str(body, "approval_surface");
	in.native = surface != NULL && strcmp(surface, "native") == 0;
	in.cwd = body_str(body, "cwd");
	inspect_members(a, body, &in, args, content);
}

static void
inspect_content(const struct asker *a, json_t *body, const char *what,
    const char *member, enum detect_direction direction)
{
	struct inspection	 in;
	const char		*model;

	memset(&in, 0, sizeof(in));
	in.direction = direction;
	in.clamp = direction == DETECT_PROMPT;
	if (strcmp(what, "inspect-tool-response") == 0) {
		in.tool = body_str(body, "tool");
		in.owner = body_str(body, "mcp_server_name");
		in.owner_kind = KIND_MCP;
	}
	model = body_str(body, "model");
	in.what = what;
	in.target = model != NULL ? model : "model";
	inspect_members(a, body, &in, body_get(body, member), NULL);
}

void
inspect_unreadable(const struct asker *a, const char *what, const char *why)
{
	struct inspection	in;

	memset(&in, 0, sizeof(in));
	in.direction = strcmp(what, "inspect-tool") == 0 ? DETECT_TOOL_CALL :
	    strcmp(what, "inspect-request") == 0 ? DETECT_PROMPT :
	    DETECT_COMPLETION;
	in.unreadable = why;
	in.what = what;
	in.target = "unreadable";
	inspect_value(a, &in, NULL);
}

void
inspect_request(const struct asker *a, json_t *body)
{
	inspect_content(a, body, "inspect-request", "content",
	    DETECT_PROMPT);
}

void
inspect_response(const struct asker *a, json_t *body)
{
	inspect_content(a, body, "inspect-response", "content",
	    DETECT_COMPLETION);
}

void
inspect_tool_response(const struct asker *a, json_t *body)
{
	inspect_content(a, body, "inspect-tool-response", "output",
	    DETECT_COMPLETION);
}
