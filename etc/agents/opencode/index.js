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

import { ask, why } from "../openclaw/ask.js";

/*
 * The gate of an opencode agent (plug-ins of opencode 1.18).  What throws
 * before a tool is a block, and its message what the model is told.
 */

const AGENT = "opencode";

function freeze(value) {
	if (value === null || typeof value !== "object" ||
	    Object.isFrozen(value))
		return;
	Object.freeze(value);
	Object.values(value).forEach(freeze);
}

export default async function plugin(_context, config) {
	async function objection(event) {
		try {
			return await ask(AGENT, config, event);
		} catch (err) {
			return { reason: why(err) };
		}
	}

	async function insist(event) {
		const answer = await objection(event);

		if (answer !== null)
			throw new Error(answer.reason);
	}

	return {
		/* the tool runs with this very object, so nobody changes it now */
		"tool.execute.before": async ({ tool, sessionID, callID },
		    { args }) => {
			freeze(args);
			await insist({ hook_event_name: "tool.execute.before",
			    tool, sessionID, callID, args });
		},

		"chat.message": ({ sessionID }, { parts }) =>
		    insist({ hook_event_name: "chat.message", sessionID,
		    parts }),

		/* the model sees what is left in here */
		"tool.execute.after": async ({ tool, sessionID, callID },
		    result) => {
			const answer = await objection({ hook_event_name:
			    "tool.execute.after", tool, sessionID, callID,
			    output: result.output });

			if (answer === null)
				return;
			result.output = answer.reason;
			result.title = "";
			result.metadata = {};
		},
	};
}
