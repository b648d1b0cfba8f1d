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

#include "common/hook.h"
#include "common/json.h"
#include "common/utf8.h"

#define LONG_LEAF	24	/* bytes; shorter strings are names and kinds */

static const struct {
	const char	*name;
	const char	*member;
} agents[HOOK_NAGENTS] = {
	[HOOK_CLAUDE_CODE] = { "claude-code", "claude_code_output" },
	[HOOK_CODEX] = { "codex", "codex_output" },
	[HOOK_CURSOR] = { "cursor", "hook_output" },
	[HOOK_GEMINICLI] = { "geminicli", "hook_output" },
	[HOOK_OPENCODE] = { "opencode", "hook_output" },
	[HOOK_OPENCLAW] = { "openclaw", "hook_output" },
	[HOOK_GENERIC] = { "generic", "hook_output" },
};

/* names are the clients'; no two of them mean different things by one */
static const struct {
	const char	*name;
	enum hook_class	 class;
} events[] = {
	/* Claude Code, Codex */
	{ "PreToolUse", HOOK_TOOL },
	{ "PermissionRequest", HOOK_PERMISSION },
	{ "UserPromptSubmit", HOOK_PROMPT },
	{ "PostToolUse", HOOK_RESULT },
	{ "Stop", HOOK_STOP },
	{ "SubagentStop", HOOK_STOP },
	/* of a call that is over, with its input: nothing is left to block */
	{ "PostToolUseFailure", HOOK_OTHER },
	{ "PermissionDenied", HOOK_OTHER },
	/* Cursor */
	{ "preToolUse", HOOK_TOOL },
	{ "beforeShellExecution", HOOK_TOOL },
	{ "beforeMCPExecution", HOOK_TOOL },
	{ "beforeReadFile", HOOK_TOOL },
	{ "beforeSubmitPrompt", HOOK_PROMPT },
	{ "postToolUse", HOOK_RESULT },
	{ "afterShellExecution", HOOK_RESULT },
	{ "afterMCPExecution", HOOK_RESULT },
	{ "afterFileEdit", HOOK_OTHER },
	{ "stop", HOOK_STOP },
	/* Gemini CLI */
	{ "BeforeTool", HOOK_TOOL },
	{ "BeforeAgent", HOOK_PROMPT },
	{ "AfterTool", HOOK_RESULT },
	{ "AfterAgent", HOOK_STOP },
	/* OpenClaw's plug-in */
	{ "before_tool_call", HOOK_TOOL },
	{ "before_install", HOOK_TOOL },
	{ "before_agent_run", HOOK_PROMPT },
	{ "message_sending", HOOK_MESSAGE },
	{ "tool_result", HOOK_RESULT },
	/* opencode's plug-in, and whoever has no form of its own */
	{ "tool.execute.before", HOOK_TOOL },
	{ "tool.execute.after", HOOK_RESULT },
	{ "permission.ask", HOOK_PERMISSION },
	{ "chat.message", HOOK_PROMPT },
	{ "tool", HOOK_TOOL },
	{ "prompt", HOOK_PROMPT },
	{ "result", HOOK_RESULT },
};
#define NEVENTS	(sizeof(events) / sizeof(events[0]))

/* in this order; the first that is there */
static const char *const inputs[] = { "tool_input", "args", "input",
    "params", NULL };
static const char *const outputs[] = { "tool_response", "tool_output",
    "result_json", "output", "result", NULL };
static const char *const prompts[] = { "prompt", "content", "parts", NULL };

const char *
hook_agent_name(enum hook_agent a)
{
	return (agents[a].name);
}

int
hook_agent_find(const char *name)
{
	int	i;

	for (i = 0; i < HOOK_NAGENTS; i++)
		if (strcmp(agents[i].name, name) == 0)
			return (i);
	return (-1);
}

const char *
hook_member(enum hook_agent a)
{
	return (agents[a].member);
}

static const json_t *
member_of(const json_t *body, const char *const *names)
{
	const json_t	*v;

	for (; *names != NULL; names++)
		if ((v = json_object_get(body, *names)) != NULL &&
		    !json_is_null(v))
			return (v);
	return (NULL);
}

/* an event of a later version of the client that shows a call is a call */
static enum hook_class
class_of(const char *event, const json_t *body)
{
	size_t	i;

	for (i = 0; i < NEVENTS; i++)
		if (strcmp(events[i].name, event) == 0)
			return (events[i].class);
	if (member_of(body, outputs) != NULL)
		return (HOOK_RESULT);
	if (member_of(body, inputs) != NULL ||
	    json_object_get(body, "command") != NULL)
		return (HOOK_TOOL);
	return (HOOK_OTHER);
}

void
hook_read(struct hook *h, enum hook_agent agent, const json_t *body)
{
	const char	*event, *tool;

	memset(h, 0, sizeof(*h));
	h->agent = agent;
	if ((event = json_str(body, "hook_event_name")) == NULL)
		event = json_str(body, "event");
	hook_reason(h->event, sizeof(h->event), event != NULL ? event : "");
	if (event == NULL)
		h->event[0] = '\0';
	h->class = class_of(h->event, body);
	if ((tool = json_str(body, "tool_name")) == NULL)
		tool = json_str(body, "tool");
	h->tool = tool != NULL && tool[0] != '\0' ? tool : NULL;
	switch (h->class) {
	case HOOK_TOOL:
	case HOOK_PERMISSION:
	case HOOK_MESSAGE:
		h->value = member_of(body, inputs);
		/* Cursor has these beside the names that route the event */
		if (strcmp(h->event, "beforeShellExecution") == 0)
			h->tool = "shell";
		else if (strcmp(h->event, "beforeReadFile") == 0)
			h->tool = "read_file";
		if (h->value == NULL || json_object_get(body, "command") !=
		    NULL)
			h->value = body;
		if (h->tool == NULL)
			h->tool = "shell";
		break;
	case HOOK_RESULT:
		h->value = member_of(body, outputs);
		break;
	case HOOK_PROMPT:
		if ((h->value = member_of(body, prompts)) == NULL)
			h->value = body;
		break;
	case HOOK_STOP:
	case HOOK_OTHER:
		break;
	}
	h->whole = h->value == body;
	h->again = json_is_true(json_object_get(body, "stop_hook_active"));
}

/* characters that turn, hide or break a line of text */
static int
is_hidden(const unsigned char *p)
{
	/* U+200B..200F, U+2028..202E, U+2060..206F, U+FEFF, U+0080..009F */
	if (p[0] == 0xe2 && p[1] == 0x80)
		return ((p[2] >= 0x8b && p[2] <= 0x8f) ||
		    (p[2] >= 0xa8 && p[2] <= 0xae));
	if (p[0] == 0xe2 && p[1] == 0x81)
		return (p[2] >= 0xa0 && p[2] <= 0xaf);
	if (p[0] == 0xef && p[1] == 0xbb)
		return (p[2] == 0xbf);
	return (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

static size_t
char_len(unsigned char c)
{
	return (c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4);
}

void
hook_reason(char *buf, size_t size, const char *text)
{
	const unsigned char	*p = (const unsigned char *)text;
	size_t			 n = 0, len, i;

	/* nobody makes words of what is no text */
	if (!utf8_valid(text, strlen(text)))
		p = (const unsigned char *)"";
	for (; *p != '\0'; p += len) {
		len = char_len(*p);
		if (n + len >= size)
			break;
		if (*p < ' ' || *p == 0x7f) {
			if (n != 0 && buf[n - 1] != ' ')
				buf[n++] = ' ';
		} else if (!is_hidden(p))
			for (i = 0; i < len; i++)
				buf[n++] = (char)p[i];
	}
	while (n > 0 && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
	if (n == 0)
		strncat(buf, "blocked", size - 1);
}

static json_t *
specific(const struct hook *h, json_t *members)
{
	if (members == NULL)
		return (NULL);
	if (json_object_set_new(members, "hookEventName",
	    json_string(h->event)) == -1) {
		json_decref(members);
		return (NULL);
	}
	return (json_pack("{s:o}", "hookSpecificOutput", members));
}

static json_t *
block_claude(const struct hook *h, const char *reason)
{
	switch (h->class) {
	case HOOK_TOOL:
		return (specific(h, json_pack("{s:s,s:s}",
		    "permissionDecision", "deny", "permissionDecisionReason",
		    reason)));
	case HOOK_PERMISSION:
		return (specific(h, json_pack("{s:{s:s,s:s}}", "decision",
		    "behavior", "deny", "message", reason)));
	default:
		return (json_pack("{s:s,s:s}", "decision", "block", "reason",
		    reason));
	}
}

static json_t *
block_cursor(const struct hook *h, const char *reason)
{
	if (h->class == HOOK_PROMPT)
		return (json_pack("{s:b,s:s}", "continue", 0, "user_message",
		    reason));
	return (json_pack("{s:b,s:s,s:s,s:s}", "continue", 1, "permission",
	    "deny", "user_message", reason, "agent_message", reason));
}

json_t *
hook_block(const struct hook *h, const char *text)
{
	char	reason[MAX_HOOK_REASON];

	if (h->class == HOOK_OTHER || h->class == HOOK_STOP)
		return (NULL);
	hook_reason(reason, sizeof(reason), text);
	switch (h->agent) {
	case HOOK_CLAUDE_CODE:
	case HOOK_CODEX:
		return (block_claude(h, reason));
	case HOOK_CURSOR:
		return (h->class == HOOK_RESULT ? json_object() :
		    block_cursor(h, reason));
	case HOOK_GEMINICLI:
		return (json_pack("{s:s,s:s}", "decision", "deny", "reason",
		    reason));
	default:
		return (json_pack("{s:s,s:s}", "action", "block", "reason",
		    reason));
	}
}

int
hook_asks(const struct hook *h)
{
	switch (h->agent) {
	case HOOK_CLAUDE_CODE:
		return (strcmp(h->event, "PreToolUse") == 0);
	case HOOK_CURSOR:
		return (strcmp(h->event, "beforeShellExecution") == 0 ||
		    strcmp(h->event, "beforeMCPExecution") == 0);
	case HOOK_OPENCLAW:
		return (strcmp(h->event, "before_tool_call") == 0);
	default:
		return (0);
	}
}

json_t *
hook_ask(const struct hook *h, const char *text, uint32_t ms)
{
	char	reason[MAX_HOOK_REASON];

	if (!hook_asks(h))
		return (NULL);
	hook_reason(reason, sizeof(reason), text);
	switch (h->agent) {
	case HOOK_CLAUDE_CODE:
		return (specific(h, json_pack("{s:s,s:s}",
		    "permissionDecision", "ask", "permissionDecisionReason",
		    reason)));
	case HOOK_CURSOR:
		return (json_pack("{s:b,s:s,s:s,s:s}", "continue", 1,
		    "permission", "ask", "user_message", reason,
		    "agent_message", reason));
	default:
		return (json_pack("{s:s,s:s,s:I}", "action", "confirm",
		    "reason", reason, "timeout_ms", (json_int_t)ms));
	}
}

json_t *
hook_pass(const struct hook *h)
{
	switch (h->agent) {
	case HOOK_CURSOR:
		/* which takes silence for a failure */
		if (h->class == HOOK_TOOL || h->class == HOOK_PERMISSION)
			return (json_pack("{s:b,s:s}", "continue", 1,
			    "permission", "allow"));
		if (h->class == HOOK_PROMPT)
			return (json_pack("{s:b}", "continue", 1));
		return (json_object());
	case HOOK_OPENCODE:
	case HOOK_OPENCLAW:
	case HOOK_GENERIC:
		return (json_pack("{s:s}", "action", "allow"));
	default:
		return (NULL);
	}
}

struct withhold {
	const char	*notice;
	hook_leaf	*leaf;
	void		*arg;
	int		 long_ones;	/* nobody chose any: the long ones */
	size_t		 replaced;
};

static json_t *
withheld(const json_t *v, struct withhold *w, int level)
{
	const char	*key;
	json_t		*copy, *in, *new;
	size_t		 i;
	int		 failed = 0;

	if (json_is_string(v)) {
		if (w->long_ones ? json_string_length(v) < LONG_LEAF :
		    !w->leaf(json_string_value(v), json_string_length(v),
		    w->arg))
			return (json_copy((json_t *)(uintptr_t)v));
		w->replaced++;
		return (json_string(w->notice));
	}
	if (level == MAX_HOOK_DEPTH)
		return (json_null());
	if (json_is_object(v)) {
		if ((copy = json_object()) == NULL)
			return (NULL);
		json_object_foreach((json_t *)(uintptr_t)v, key, in) {
			new = withheld(in, w, level + 1);
			failed |= json_object_set_new(copy, key, new);
		}
	} else if (json_is_array(v)) {
		if ((copy = json_array()) == NULL)
			return (NULL);
		json_array_foreach(v, i, in) {
			new = withheld(in, w, level + 1);
			failed |= json_array_append_new(copy, new);
		}
	} else
		return (json_copy((json_t *)(uintptr_t)v));
	if (failed) {
		json_decref(copy);
		return (NULL);
	}
	return (copy);
}

json_t *
hook_withhold(const struct hook *h, const char *text, hook_leaf *leaf,
    void *arg)
{
	struct withhold	 w = { NULL, leaf, arg, 0, 0 };
	char		 notice[MAX_HOOK_REASON];
	json_t		*copy;

	if (h->class != HOOK_RESULT || h->value == NULL)
		return (NULL);
	/* these replace the whole by the reason */
	if (h->agent == HOOK_CODEX || h->agent == HOOK_GEMINICLI)
		return (hook_block(h, text));
	if (h->agent == HOOK_CURSOR)
		return (NULL);
	hook_reason(notice, sizeof(notice), text);
	w.notice = notice;
	if ((copy = withheld(h->value, &w, 0)) != NULL && w.replaced == 0) {
		/* what was found is in no string alone */
		json_decref(copy);
		w.long_ones = 1;
		copy = withheld(h->value, &w, 0);
	}
	if (copy == NULL)
		return (NULL);
	if (h->agent == HOOK_CLAUDE_CODE)
		return (specific(h, json_pack("{s:o}", "updatedToolOutput",
		    copy)));
	return (json_pack("{s:s,s:s,s:o}", "action", "block", "reason",
	    notice, "output", copy));
}

int
hook_status(const struct hook *h)
{
	switch (h->class) {
	case HOOK_TOOL:
	case HOOK_PERMISSION:
	case HOOK_MESSAGE:
	case HOOK_PROMPT:
		return (2);
	default:
		return (0);
	}
}
