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
#include <strings.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * The inspect routes: a body becomes pieces of text, findings, a verdict, an
 * event and an answer, in this order.
 */

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
	size_t	i;

	out[0] = '\0';
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
	char				 text[MAX_FINDING_TITLE + 160];
	size_t				 i;

	names = json_array();
	detailed = json_array();
	if (v->is_static)
		json_array_append_new(names, json_string("STATIC-BLOCK"));
	for (i = 0; v->found != NULL && i < v->found->nfindings; i++) {
		f = &v->found->findings[i];
		snprintf(text, sizeof(text), "%s:%s", f->rule->id, f->title);
		json_array_append_new(names, json_string(text));
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

/* what the row keeps of it: rule ids and numbers, never the text */
static json_t *
details_json(const struct inspection *in, const struct verdict *v,
    const char *reason, size_t len, uint64_t us)
{
	static const char *const directions[] = { "prompt", "completion",
	    "tool_call" };
	json_t	*ids, *j;
	size_t	 i;

	ids = json_array();
	if (v->is_static)
		json_array_append_new(ids, json_string("STATIC-BLOCK"));
	for (i = 0; v->found != NULL && i < v->found->nfindings; i++)
		json_array_append_new(ids,
		    json_string(v->found->findings[i].rule->id));
	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:f,s:o,s:I,s:s,s:I,s:I,s:I}",
	    "direction", directions[in->direction], "action", v->action,
	    "raw_action", v->raw_action, "mode", decide_mode(), "severity",
	    severity_name(v->severity), "confidence", v->confidence,
	    "rule_ids", ids, "findings", (json_int_t)(v->found != NULL ?
	    v->found->total : 0), "reason", reason, "inspected_bytes",
	    (json_int_t)len, "elapsed_us", (json_int_t)us,
	    "rules_generation", (json_int_t)gatewayd.rules_generation);
	json_object_set_new(j, "config_generation",
	    json_integer((json_int_t)role.start.generation));
	if (v->found != NULL && v->found->indeterminate)
		json_object_set_new(j, "indeterminate", json_true());
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
 * Looks at the pieces and answers; what is the route's word for the event,
 * fallback the target when no tool is named.
 */
static void
inspect(const struct asker *a, const struct inspection *in, const char *what,
    const char *target, const struct detect_piece *pieces, size_t npieces)
{
	struct verdict	 v;
	struct event	 ev;
	uint64_t	 start = clock_wall_us(), now;
	size_t		 i, len = 0;
	char		 action[64], reason[1024], tool[MAX_TARGET_NAME + 1];
	char		 where[MAX_TARGET_NAME + 1];

	for (i = 0; i < npieces; i++)
		len += pieces[i].len;
	found.nfindings = 0;
	if (len != 0 && detect_text(gatewayd.detect, in->direction, in->tool,
	    pieces, npieces, &found) == -1) {
		log_warn("inspection");
		api_error(a, 503, "no verdict: the text could not be "
		    "inspected");
		return;
	}
	decide(in, len != 0 ? &found : NULL, &v);
	now = clock_wall_us();
	gatewayd.verdicts++;
	if (v.would_block)
		gatewayd.blocked++;
	reason_text(in, &v, reason, sizeof(reason));
	snprintf(action, sizeof(action), "%s-%s", what, v.raw_action);
	if (a->reveal)
		reveal_event(a, what);
	stamp_event(&gatewayd.stamp, &ev, action, v.severity == SEV_NONE ?
	    SEV_INFO : v.severity);
	record_fill(&ev, a);
	ev.field[EV_TOOL_NAME] = shown(in->tool, tool, sizeof(tool));
	ev.field[EV_TARGET] = ev.field[EV_TOOL_NAME] != NULL ?
	    ev.field[EV_TOOL_NAME] : shown(target, where, sizeof(where));
	record_answer(a, &ev, details_json(in, &v, reason, len,
	    now > start ? now - start : 0), verdict_json(&v, reason,
	    a->reveal));
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

static void
inspect_one(const struct asker *a, const json_t *body,
    const struct inspection *in, const char *what, const char *target,
    const json_t *value)
{
	struct detect_piece	 pieces[2];
	struct asker		 copy = *a;
	size_t			 n = 0, len = 0;
	char			*plain, *text = NULL;

	asker_session(&copy, body);
	if ((plain = body_text(value, &len)) == NULL) {
		api_error(&copy, 503, "no verdict: the text could not be "
		    "inspected");
		return;
	}
	if (len != 0) {
		pieces[n].text = plain;
		pieces[n].len = len;
		pieces[n++].kind = DETECT_PLAIN;
	}
	/* keys are seen beside their values only in the JSON itself */
	if (value != NULL && !json_is_string(value)) {
		if ((text = json_text(value)) == NULL)
			fatal("inspection");
		pieces[n].text = text;
		pieces[n].len = strlen(text);
		pieces[n++].kind = DETECT_JSON;
	}
	inspect(&copy, in, what, target, pieces, n);
	free(plain);
	free(text);
}

void
inspect_tool(const struct asker *a, json_t *body)
{
	struct inspection	 in;
	const char		*tool, *direction;
	const json_t		*args, *content;

	memset(&in, 0, sizeof(in));
	tool = body_str(body, "tool");
	if (tool == NULL || tool[0] == '\0') {
		api_error(a, 400, "tool is required");
		return;
	}
	args = body_get(body, "args");
	content = body_get(body, "content");
	direction = body_str(body, "direction");
	in.mcp_server = body_str(body, "mcp_server_name");
	if (strcasecmp(tool, "message") == 0 &&
	    ((json_is_string(content) && json_string_length(content) != 0) ||
	    (direction != NULL && strcmp(direction, "outbound") == 0))) {
		if (!json_is_string(content) ||
		    json_string_length(content) == 0)
			content = body_get(args, "content");
		if (content == NULL)
			content = body_get(args, "body");
		in.direction = DETECT_COMPLETION;
		inspect_one(a, body, &in, "inspect-message", "message",
		    content);
		return;
	}
	in.direction = DETECT_TOOL_CALL;
	in.tool = tool;
	/* a content beside the arguments is looked at, too */
	if (content != NULL && args != NULL) {
		json_t	*both = json_pack("[O,O]", args, content);

		inspect_one(a, body, &in, "inspect-tool", NULL, both);
		json_decref(both);
	} else
		inspect_one(a, body, &in, "inspect-tool", NULL,
		    args != NULL ? args : content);
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
	inspect_one(a, body, &in, what, model != NULL ? model : "model",
	    body_get(body, member));
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
