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
#include "common/detect/text.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * The inspect routes: a body becomes pieces of text, findings, a verdict, an
 * event and an answer, in this order.
 */

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

/* "matched: ID:Title, ID:Title", the gravest first */
static void
reason_text(const struct inspection *in, const struct verdict *v, char *out,
    size_t size)
{
	char	name[MAX_TARGET_NAME + 1];
	size_t	i, len;

	out[0] = '\0';
	if (v->unreadable)
		strlcpy(out, "matched: " UNREADABLE, size);
	if (v->is_static) {
		snprintf(out, size, "tool \"%s\" is on the static block list",
		    shown(in->tool != NULL ? in->tool : in->mcp_server, name,
		    sizeof(name)));
		return;
	}
	for (i = 0; v->found != NULL && i < v->found->nfindings &&
	    i < MAX_REASON_FINDINGS; i++) {
		strlcat(out, i == 0 ? "matched: " : ", ", size);
		strlcat(out, v->found->findings[i].rule->id, size);
		strlcat(out, ":", size);
		strlcat(out, v->found->findings[i].title, size);
	}
	/* what was cut off may be half a character */
	len = strlen(out);
	out[text_valid(out, len)] = '\0';
}

static json_t *
finding_json(const struct detect_finding *f, int reveal)
{
	char	 masked[MAX_REDACTED];
	json_t	*tags, *j;
	size_t	 i;

	if ((tags = json_array()) == NULL)
		return (NULL);
	for (i = 0; i < f->rule->ntags; i++)
		json_array_append_new(tags, json_string(f->rule->tags[i]));
	redact_evidence(&gatewayd.redactor, f->evidence, strlen(f->evidence),
	    masked);
	j = json_pack("{s:s,s:s,s:s,s:f,s:s,s:o}", "rule_id", f->rule->id,
	    "title", f->title, "severity", severity_name(f->severity),
	    "confidence", f->confidence, "evidence", reveal ? f->evidence :
	    masked, "tags", tags);
	if (f->indeterminate)
		json_object_set_new(j, "indeterminate", json_true());
	return (j);
}

static json_t *
verdict_json(const struct verdict *v, const char *reason, int reveal)
{
	const struct detect_finding	*f;
	json_t				*names, *detailed, *j;
	size_t				 i;

	names = json_array();
	detailed = json_array();
	if (v->is_static)
		json_array_append_new(names, json_string("STATIC-BLOCK"));
	if (v->unreadable)
		json_array_append_new(names, json_string(UNREADABLE));
	for (i = 0; v->found != NULL && i < v->found->nfindings; i++) {
		f = &v->found->findings[i];
		json_array_append_new(names, json_sprintf("%s:%s",
		    f->rule->id, f->title));
		json_array_append_new(detailed, finding_json(f, reveal));
	}
	j = json_pack("{s:s,s:s,s:s,s:f,s:s,s:o}", "action", v->action,
	    "raw_action", v->raw_action, "severity",
	    severity_name(v->severity), "confidence", v->confidence,
	    "reason", reason, "findings", names);
	if (json_array_size(detailed) != 0)
		json_object_set(j, "detailed_findings", detailed);
	json_decref(detailed);
	json_object_set_new(j, "mode", json_string(decide_mode()));
	json_object_set_new(j, "would_block", json_boolean(v->would_block));
	if (strcmp(v->action, "block") == 0 &&
	    gatewayd.rec.block_message[0] != '\0')
		json_object_set_new(j, "block_message",
		    json_string(gatewayd.rec.block_message));
	return (j);
}

json_t *
inspect_rule_ids(const struct verdict *v)
{
	json_t	*ids = json_array();
	size_t	 i;

	if (v->is_static)
		json_array_append_new(ids, json_string("STATIC-BLOCK"));
	if (v->unreadable)
		json_array_append_new(ids, json_string(UNREADABLE_ID));
	for (i = 0; v->found != NULL && i < v->found->nfindings; i++)
		json_array_append_new(ids,
		    json_string(v->found->findings[i].rule->id));
	return (ids);
}

/* what the row keeps of it: rule ids and numbers, never the text */
static json_t *
details_json(const struct inspection *in, const struct verdict *v,
    const char *reason, size_t len, uint64_t us)
{
	static const char *const directions[] = { "prompt", "completion",
	    "tool_call" };
	json_t	*j;

	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:o,s:I,s:s,s:I,s:I,s:I}",
	    "direction", directions[in->direction], "action", v->action,
	    "raw_action", v->raw_action, "mode", decide_mode(), "severity",
	    severity_name(v->severity), "confidence", v->confidence,
	    "rule_ids", inspect_rule_ids(v), "findings", (json_int_t)
	    (v->found != NULL ? v->found->total : 0), "reason", reason,
	    "inspected_bytes", (json_int_t)len, "elapsed_us", (json_int_t)us,
	    "rules_generation", (json_int_t)gatewayd.rules_generation);
	json_object_set_new(j, "config_generation",
	    json_integer((json_int_t)role.start.generation));
	if (v->unreadable || (v->found != NULL && v->found->indeterminate))
		json_object_set_new(j, "indeterminate", json_true());
	if (in->unreadable != NULL)
		json_object_set_new(j, "error", json_string(in->unreadable));
	return (j);
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

/*
 * Looks at the value and answers; what is the route's word for the event,
 * target that of the event when no tool is named.
 */
static void
inspect(const struct asker *a, const struct inspection *in, const char *what,
    const char *target, const json_t *value)
{
	struct inspection seen;
	struct verdict	 v;
	struct event	 ev;
	uint64_t	 start = clock_wall_us(), now;
	json_t		*details, *answer;
	size_t		 len;
	char		 action[64], reason[1024], tool[MAX_TARGET_NAME + 1];
	char		 where[MAX_TARGET_NAME + 1];

	/* no answer of ours lets a text pass that was not looked at */
	seen = *in;
	if (body_detect(in, value, &found, &len) == -1) {
		log_warn("inspection");
		seen.unreadable = errno == ETIMEDOUT ? "inspection took too "
		    "long" : "inspection failed";
		len = 0;
	}
	decide(&seen, len != 0 ? &found : NULL, &v);
	now = clock_wall_us();
	gatewayd.verdicts++;
	if (v.would_block)
		gatewayd.blocked++;
	reason_text(&seen, &v, reason, sizeof(reason));
	snprintf(action, sizeof(action), "%s-%s", what, v.raw_action);
	details = details_json(&seen, &v, reason, len, now > start ?
	    now - start : 0);
	answer = verdict_json(&v, reason, a->reveal);
	if (details == NULL || answer == NULL) {
		json_decref(details);
		json_decref(answer);
		api_error(a, 503, "no verdict: its answer could not be "
		    "written");
		return;
	}
	if (a->reveal)
		reveal_event(a, what);
	stamp_event(&gatewayd.stamp, &ev, action, v.severity == SEV_NONE ?
	    SEV_INFO : v.severity);
	record_fill(&ev, a);
	ev.field[EV_TOOL_NAME] = shown(in->tool, tool, sizeof(tool));
	ev.field[EV_TARGET] = ev.field[EV_TOOL_NAME] != NULL ?
	    ev.field[EV_TOOL_NAME] : shown(target, where, sizeof(where));
	record_answer(a, &ev, details, answer);
}

/*
 * A session named in the body counts when no header named one.
 */
static void
asker_session(struct asker *copy, const json_t *body)
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
	    "mcp_server_name", "session_id" };
	const char	*key;
	json_t		*rest, *v;
	size_t		 i;

	if ((rest = json_object()) == NULL)
		fatal("inspection");
	json_object_foreach((json_t *)(uintptr_t)body, key, v) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcasecmp(key, names[i]) == 0)
				break;
		if (i == sizeof(names) / sizeof(names[0]) &&
		    json_object_set(rest, key, v) == -1)
			fatal("inspection");
	}
	return (rest);
}

/* both of two members that may be absent, or what the body says instead */
static void
inspect_members(const struct asker *a, const json_t *body,
    const struct inspection *in, const char *what, const char *target,
    const json_t *first, const json_t *second)
{
	struct asker	 copy = *a;
	json_t		*value;

	asker_session(&copy, body);
	if (is_absent(first) && is_absent(second))
		value = body_rest(body);
	else if (!is_absent(first) && !is_absent(second))
		value = json_pack("[O,O]", first, second);
	else
		value = json_incref((json_t *)(uintptr_t)
		    (is_absent(first) ? second : first));
	if (value == NULL)
		fatal("inspection");
	inspect(&copy, in, what, target, json_object_size(value) == 0 &&
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
	int			 message;

	memset(&in, 0, sizeof(in));
	in.tool = body_str(body, "tool");
	if (in.tool == NULL || in.tool[0] == '\0') {
		api_error(a, 400, "tool is required");
		return;
	}
	args = body_get(body, "args");
	content = body_get(body, "content");
	in.mcp_server = body_str(body, "mcp_server_name");
	message = is_message(in.tool, content, body_str(body, "direction"));
	in.direction = message ? DETECT_COMPLETION : DETECT_TOOL_CALL;
	/* whatever its case, this one name is the one on a list */
	if (message)
		in.tool = "message";
	inspect_members(a, body, &in, message ? "inspect-message" :
	    "inspect-tool", NULL, args, content);
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
	if (strcmp(what, "inspect-tool-response") == 0)
		in.tool = body_str(body, "tool");
	model = body_str(body, "model");
	inspect_members(a, body, &in, what, model != NULL ? model : "model",
	    body_get(body, member), NULL);
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
	inspect(a, &in, what, "unreadable", NULL);
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
