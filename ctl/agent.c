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

#include "agent.h"

/*
 * The clients we know: where they read hooks, and in which form.
 */

static const struct agent_event claude[] = {
	{ "PreToolUse", 1 }, { "PermissionRequest", 1 }, { "PostToolUse", 1 },
	{ "UserPromptSubmit", 0 }, { "SessionStart", 0 }, { NULL, 0 }
};

static const struct agent_event codex[] = {
	{ "PreToolUse", 1 }, { "PermissionRequest", 1 }, { "PostToolUse", 1 },
	{ "UserPromptSubmit", 0 }, { "SessionStart", 0 }, { NULL, 0 }
};

static const struct agent_event cursor[] = {
	{ "beforeShellExecution", 0 }, { "beforeMCPExecution", 0 },
	{ "beforeReadFile", 0 }, { "beforeSubmitPrompt", 0 },
	{ "preToolUse", 0 }, { "postToolUse", 0 }, { NULL, 0 }
};

static const struct agent_event gemini[] = {
	{ "BeforeTool", 1 }, { "AfterTool", 1 }, { "BeforeAgent", 0 },
	{ "SessionStart", 0 }, { NULL, 0 }
};

static const struct agent_event opencode[] = {
	{ "tool.execute.before", 0 }, { NULL, 0 }
};

static const struct agent_event openclaw[] = {
	{ "before_tool_call", 0 }, { NULL, 0 }
};

const struct agent_def agent_defs[] = {
	{ HOOK_CLAUDE_CODE, "Claude Code", "claude", ".claude",
	    ".claude/settings.json", NULL,
	    "claude-code/managed-settings.json", STYLE_GROUPS, STYLE_GROUPS,
	    1, claude, "allowManagedHooksOnly", "2.1.197" },
	{ HOOK_CODEX, "Codex CLI", "codex", ".codex", ".codex/hooks.json",
	    ".codex/config.toml", "codex/requirements.toml", STYLE_TOML,
	    STYLE_GROUPS, 1, codex, "allow_managed_hooks_only", "0.169.0" },
	{ HOOK_CURSOR, "Cursor", "cursor", ".cursor", ".cursor/hooks.json",
	    NULL, "cursor/hooks.json", STYLE_FLAT, STYLE_FLAT, 1, cursor, NULL,
	    NULL },
	{ HOOK_GEMINICLI, "Gemini CLI", "gemini", ".gemini",
	    ".gemini/settings.json", NULL, "gemini-cli/settings.json",
	    STYLE_GROUPS, STYLE_GROUPS, 1000, gemini, NULL, NULL },
	{ HOOK_OPENCODE, "opencode", "opencode", ".config/opencode",
	    ".config/opencode/opencode.json", NULL, NULL, STYLE_PLUGIN,
	    STYLE_PLUGIN, 1, opencode, NULL, "1.18.33" },
	{ HOOK_OPENCLAW, "OpenClaw", "openclaw", ".openclaw",
	    ".openclaw/openclaw.json", NULL, NULL, STYLE_PLUGIN,
	    STYLE_PLUGIN, 1, openclaw, NULL, "2026.9.6" },
	{ HOOK_GENERIC, NULL, NULL, NULL, NULL, NULL, NULL, STYLE_FLAT,
	    STYLE_FLAT, 0, NULL, NULL, NULL }
};

const struct agent_def *
agent_find(const char *name)
{
	const struct agent_def	*d;

	for (d = agent_defs; d->title != NULL; d++)
		if (strcmp(hook_agent_name(d->agent), name) == 0)
			return (d);
	return (NULL);
}
