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

import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * A call of a tool that is always blocked, through a plug-in of ours as its
 * client loads it: agent, tool, plugin and config are on standard input.
 * Ends with 2 and the reason when the call was blocked, like a hook.
 */

const { agent, tool, plugin, config } =
    JSON.parse(readFileSync(0, "utf8"));
const session = `canary-${Date.now()}`;
const params = { command: "true" };

async function opencode() {
	const { default: make } = await import(plugin);
	const hooks = await make({}, config);

	try {
		await hooks["tool.execute.before"]({ tool, sessionID: session,
		    callID: "canary" }, { args: params });
	} catch (err) {
		return err.message;
	}
	return null;
}

async function openclaw() {
	const { id, activation } = JSON.parse(readFileSync(join(plugin,
	    "openclaw.plugin.json"), "utf8"));
	const { default: register } = await import(join(plugin, "index.js"));
	const handlers = new Map();

	if (id !== "defenseclaw" || activation?.onStartup !== true)
		throw new Error("its manifest does not load it at start");
	register({ pluginConfig: config, on: (name, handler) =>
	    handlers.set(name, handler),
	    registerAgentToolResultMiddleware: () => {} });
	const answer = await handlers.get("before_tool_call")({ toolName:
	    tool, params, runId: session, toolCallId: "canary" },
	    { sessionId: session });

	return answer?.block === true ? answer.blockReason : null;
}

let reason, status;

try {
	reason = await (agent === "opencode" ? opencode : openclaw)();
	status = reason === null ? 1 : 2;
} catch (err) {
	reason = `the plug-in fails: ${err?.message ?? err}`;
	status = 1;
}
console.log(reason ?? "the call passed");
/* a program that did not start leaves its timer */
process.exit(status);
