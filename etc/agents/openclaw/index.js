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

import { ask, limit, why } from "./ask.js";

/*
 * The gate of an OpenClaw agent (plug-in hooks of OpenClaw 2026.9): calls,
 * prompts, messages that leave, installs, and what tools gave back.  Each
 * handler ends in a verdict of the suite or in a block; a handler that threw
 * would block a call, but let a message out.
 */

const AGENT = "openclaw";
/*
 * Of handlers that rewrite a call the last one wins, and each is shown the
 * original: so ours is the last, and says what it has asked about.
 */
const LAST = Number.MIN_SAFE_INTEGER;
const MAX_OUTER = 64;		/* wrapped calls whose inner one is to come */

/* the call that `tool_call' wraps; its own hook fires next */
function inner(event) {
	const { id, args } = event.params ?? {};

	if (event.toolName !== "tool_call" || typeof id !== "string")
		return null;
	return { tool: id, params: args ?? {} };
}

export default function register(api) {
	const config = api.pluginConfig;
	const options = { timeoutMs: limit(config) };
	/* by the outer call's id: the inner one that was asked about */
	const asked = new Map();

	function about(hook, ctx, more) {
		return { hook_event_name: hook, session_id: ctx?.sessionId ??
		    ctx?.sessionKey ?? "", run_id: ctx?.runId, ...more };
	}

	async function verdict(event) {
		try {
			return await ask(AGENT, config, event);
		} catch (err) {
			return { action: "block", reason: why(err) };
		}
	}

	async function objection(event) {
		return (await verdict(event))?.reason;
	}

	/* its time is over: denied */
	function question({ reason, timeout_ms: timeoutMs }) {
		return { requireApproval: { title: "DefenseClaw", description:
		    reason, severity: "warning", timeoutMs, timeoutBehavior:
		    "deny" } };
	}

	/* counted once: not again what the outer call was asked about */
	function answered(event) {
		const outer = /^tool_search_code:([^:]+):/.exec(
		    event.toolCallId ?? "")?.[1];
		const before = outer === undefined ? undefined :
		    asked.get(outer);

		if (before === undefined || before !== JSON.stringify(
		    [event.toolName, event.params]))
			return false;
		asked.delete(outer);
		return true;
	}

	api.on("before_tool_call", async (event, ctx) => {
		if (answered(event))
			return { params: event.params };
		const wrapped = inner(event);
		const tool = wrapped?.tool ?? event.toolName;
		const params = wrapped?.params ?? event.params;
		const said = await verdict(about("before_tool_call", ctx,
		    { tool_name: tool, params, tool_call_id:
		    event.toolCallId }));
		if (said !== null && said.action !== "confirm")
			return { block: true, blockReason: said.reason };
		if (wrapped !== null && event.toolCallId !== undefined) {
			if (asked.size >= MAX_OUTER)
				asked.delete(asked.keys().next().value);
			asked.set(event.toolCallId, JSON.stringify(
			    [tool, params]));
		}
		return said === null ? { params: event.params } :
		    { params: event.params, ...question(said) };
	}, { ...options, priority: LAST });

	api.on("before_agent_run", async (event, ctx) => {
		const reason = await objection(about("before_agent_run", ctx,
		    { prompt: event.prompt }));

		return reason === undefined ? undefined :
		    { outcome: "block", reason, message: reason };
	}, options);

	api.on("message_sending", async (event, ctx) => {
		const cancelReason = await objection(about("message_sending",
		    ctx, { tool_name: "message", params: { to: event.to,
		    content: event.content } }));

		return cancelReason === undefined ? undefined :
		    { cancel: true, cancelReason };
	}, options);

	api.on("before_install", async (event, ctx) => {
		const blockReason = await objection(about("before_install",
		    ctx, { tool_name: "install", params: event }));

		return blockReason === undefined ? undefined :
		    { block: true, blockReason };
	}, options);

	/* what the model is told; a wrapped call's comes in its outer one */
	api.registerAgentToolResultMiddleware(async (event, ctx) => {
		const { content } = event.result;
		let notice;

		try {
			const answer = await ask(AGENT, config, about(
			    "tool_result", ctx, { tool_name: event.toolName,
			    result: content }));

			if (answer === null)
				return undefined;
			if (Array.isArray(answer.output))
				return { result: { content: answer.output,
				    details: {} } };
			notice = answer.reason;
		} catch (err) {
			notice = why(err);
		}
		return { result: { content: [{ type: "text", text: notice }],
		    details: {} } };
	}, { runtimes: ["openclaw", "codex"] });
}
