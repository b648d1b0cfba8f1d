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

#include "common/hook.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * The routes of agents' hooks.  An event is a call, a prompt or a result to
 * inspect like any other; the answer also holds what its client would take,
 * under the name that existing scripts look for.
 */

#define ACTION_HOOK	"agent-event"	/* one that nothing can block */
#define MCP_PREFIX	"mcp__"

static struct detect_result	leaf_found;	/* beside the verdict's own */

/* mcp__SERVER__TOOL; NULL when the tool is no server's */
static const char *
mcp_server(const char *tool, char *buf, size_t size)
{
	const char	*end;

	if (tool == NULL || strncmp(tool, MCP_PREFIX,
	    sizeof(MCP_PREFIX) - 1) != 0)
		return (NULL);
	tool += sizeof(MCP_PREFIX) - 1;
	if ((end = strstr(tool, "__")) == NULL || end == tool ||
	    (size_t)(end - tool) >= size)
		return (NULL);
	memcpy(buf, tool, (size_t)(end - tool));
	buf[end - tool] = '\0';
	return (buf);
}

/*
 * What a client is about to install: by one of its names that is blocked, or
 * by the one that it says first.
 */
static const char *
installed(const json_t *v, enum list_kind *kind)
{
	static const struct {
		const char	*object;	/* NULL: the event itself */
		const char	*member;
	} names[] = {
		{ NULL, "targetName" }, { "plugin", "pluginId" },
		{ "plugin", "packageName" }, { "plugin", "manifestId" },
		{ "skill", "installId" }, { "request", "requestedSpecifier" }
	};
	const struct target	*t;
	const char		*s, *first = NULL;
	size_t			 i;

	s = json_str(v, "targetType");
	*kind = s != NULL && strcmp(s, "skill") == 0 ? KIND_SKILL :
	    KIND_PLUGIN;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = json_str(names[i].object == NULL ? v : json_object_get(v,
		    names[i].object), names[i].member);
		if (s == NULL)
			continue;
		if ((t = lists_find(*kind, s)) != NULL && t->op == OP_BLOCK)
			return (s);
		if (first == NULL)
			first = s;
	}
	return (first);
}

static void
asker_hook(struct asker *copy, const struct hook *h, const json_t *body)
{
	const char	*s;

	if (copy->agent_name[0] == '\0')
		strlcpy(copy->agent_name, hook_agent_name(h->agent),
		    sizeof(copy->agent_name));
	/* Cursor and opencode call it so */
	if (copy->session_id[0] == '\0' &&
	    ((s = json_str(body, "session_id")) != NULL ||
	    (s = json_str(body, "conversation_id")) != NULL ||
	    (s = json_str(body, "sessionID")) != NULL))
		redact_name(&gatewayd.redactor, s, copy->session_id,
		    sizeof(copy->session_id));
}

/* nothing to inspect: a session begins, a turn ends */
static void
hook_note(const struct asker *a, const struct hook *h)
{
	struct event	 ev;
	char		 name[MAX_TARGET_NAME + 1];
	json_t		*d, *answer, *pass;

	stamp_event(&gatewayd.stamp, &ev, ACTION_HOOK, SEV_INFO);
	record_fill(&ev, a);
	redact_name(&gatewayd.redactor, h->event, name, sizeof(name));
	ev.field[EV_TARGET] = name;
	d = json_pack("{s:s,s:s}", "hook", name, "connector",
	    hook_agent_name(h->agent));
	answer = json_pack("{s:s,s:s,s:s,s:s,s:[],s:s,s:b}", "action", "allow",
	    "raw_action", "allow", "severity", "NONE", "reason", "",
	    "findings", "mode", decide_mode(), "would_block", 0);
	if ((pass = hook_pass(h)) != NULL)
		json_object_set_new(answer, hook_member(h->agent), pass);
	record_answer(a, &ev, d, answer);
}

void
hook_post(const struct asker *a, json_t *body)
{
	struct asker		 copy = *a;
	struct inspection	 in;
	struct hook		 h;
	char			 server[MAX_TARGET_NAME + 1];

	hook_read(&h, a->agent, body);
	if (h.event[0] == '\0') {
		api_error(a, 400, "hook_event_name is required");
		return;
	}
	asker_hook(&copy, &h, body);
	if (h.value == NULL) {
		hook_note(&copy, &h);
		return;
	}
	memset(&in, 0, sizeof(in));
	in.hook = &h;
	in.tool = h.tool;
	switch (h.class) {
	case HOOK_PROMPT:
		in.direction = DETECT_PROMPT;
		in.clamp = 1;
		in.tool = NULL;
		in.what = "inspect-request";
		in.target = "prompt";
		break;
	case HOOK_MESSAGE:
		in.direction = DETECT_COMPLETION;
		in.tool = "message";	/* as on a list */
		in.what = "inspect-message";
		break;
	case HOOK_RESULT:
		in.direction = DETECT_COMPLETION;
		in.what = "inspect-tool-response";
		in.target = "result";
		break;
	default:
		in.direction = DETECT_TOOL_CALL;
		/* a client that asks its user anyway needs nobody else */
		in.confirms = h.class == HOOK_TOOL;
		in.cwd = json_str(body, "cwd");
		in.owner = mcp_server(h.tool, server, sizeof(server));
		in.owner_kind = KIND_MCP;
		if (strcmp(h.event, "before_install") == 0)
			in.owner = installed(h.value, &in.owner_kind);
		in.what = "inspect-tool";
		break;
	}
	inspect_value(&copy, &in, h.value);
}

/* JSON that we have no value for is a call nobody could look at */
void
hook_unreadable(const struct asker *a, const char *why)
{
	struct inspection	in;
	struct hook		h;

	memset(&h, 0, sizeof(h));
	h.agent = a->agent;
	h.class = HOOK_TOOL;
	strlcpy(h.event, "PreToolUse", sizeof(h.event));
	memset(&in, 0, sizeof(in));
	in.hook = &h;
	in.direction = DETECT_TOOL_CALL;
	in.unreadable = why;
	in.what = "inspect-tool";
	in.target = "unreadable";
	inspect_value(a, &in, NULL);
}

/* is there something in this string alone? */
static int
is_found(const char *s, size_t len, void *arg)
{
	struct detect_piece	piece = { s, len, DETECT_PLAIN };

	(void)arg;
	if (len > MAX_DETECT_TEXT || detect_text(gatewayd.rules->detect,
	    DETECT_COMPLETION, NULL, &piece, 1, &leaf_found) == -1)
		return (1);
	return (leaf_found.nfindings != 0 || leaf_found.indeterminate);
}

/*
 * What the client is to be told, into the answer: the configured message
 * and the rules, as in the reason.
 */
void
hook_members(struct json_out *o, const struct hook *h,
    const struct verdict *v, const char *reason)
{
	char	 text[MAX_HOOK_REASON];
	json_t	*j;

	if (strcmp(v->action, "allow") == 0)
		j = hook_pass(h);
	else if (strcmp(v->action, "confirm") == 0) {
		snprintf(text, sizeof(text), "DefenseClaw: %s", reason);
		j = hook_ask(h, text, gatewayd.rec.hilt_s * 1000);
	} else {
		snprintf(text, sizeof(text), "DefenseClaw: %s%s%s",
		    gatewayd.rec.block_message, gatewayd.rec.block_message[0]
		    != '\0' ? ": " : "blocked: ", reason);
		j = h->class == HOOK_RESULT ? hook_withhold(h, text, is_found,
		    NULL) : hook_block(h, text);
	}
	if (j != NULL)
		json_out_value(o, hook_member(h->agent), j);
	json_decref(j);
}
