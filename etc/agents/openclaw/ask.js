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

import { spawn } from "node:child_process";
import { isAbsolute } from "node:path";

/*
 * What both plug-ins ask: the front end's hook program, which reads an event
 * and says allow or block.  Whatever is not such a word, is late, or does not
 * run at all is an Error, and the caller makes a block of it.
 */

const MAX_ANSWER = 16 * 1024 * 1024;	/* bytes */
const MAX_TIMEOUT_S = 60;
const TIMEOUT_S = 8;
const GRACE_MS = 2000;		/* for the program to give up by itself */

/* program, home, failMode and timeout are the operator's */
function command(agent, config) {
	const { program, home, failMode = "closed", timeout = TIMEOUT_S } =
	    config ?? {};

	if (typeof program !== "string" || !isAbsolute(program))
		throw new Error("the plug-in's `program' is no absolute path");
	if (failMode !== "open" && failMode !== "closed")
		throw new Error("the plug-in's `failMode' is open or closed");
	if (!Number.isInteger(timeout) || timeout < 1 ||
	    timeout > MAX_TIMEOUT_S)
		throw new Error("the plug-in's `timeout' is out of range");
	const args = ["hook", agent, "--fail-mode", failMode, "--timeout",
	    String(timeout)];
	const env = { HOME: process.env.HOME ?? "/" };
	if (home === undefined)
		args.push("--system");
	else
		env.DEFENSECLAW_HOME = home;
	return { program, args, options: { env, cwd: "/", timeout:
	    timeout * 1000 + GRACE_MS, killSignal: "SIGKILL" } };
}

/* null: no objection; or what the program said against it */
function verdict(status, text) {
	let answer;

	if (status !== 0 && status !== 2)
		throw new Error("the hook program ended with " +
		    `${status ?? "a signal"}`);
	try {
		answer = JSON.parse(text);
	} catch {
		throw new Error("the hook program gave no answer");
	}
	if (answer?.action === "allow" && status === 0)
		return null;
	/* for who can ask a person; anybody else makes a block of it */
	if (answer?.action === "confirm" && status === 0 &&
	    typeof answer.reason === "string")
		return answer;
	if (answer?.action !== "block" || typeof answer.reason !== "string")
		throw new Error("the hook program's answer is no verdict");
	return answer;
}

/* how long a call may take at most, in milliseconds */
export function limit(config) {
	const s = config?.timeout;

	return ((Number.isInteger(s) ? s : TIMEOUT_S) * 1000 + 2 * GRACE_MS);
}

export function ask(agent, config, event) {
	return new Promise((resolve, reject) => {
		const { program, args, options } = command(agent, config);
		const child = spawn(program, args, { ...options, stdio:
		    ["pipe", "pipe", "ignore"] });
		const parts = [];
		let size = 0;

		child.on("error", reject);
		/* a program that is gone says so by its status */
		child.stdin.on("error", () => {});
		child.stdout.on("data", (part) => {
			size += part.length;
			if (size > MAX_ANSWER)
				child.kill("SIGKILL");
			else
				parts.push(part);
		});
		child.on("close", (status) => {
			try {
				resolve(verdict(status,
				    Buffer.concat(parts).toString()));
			} catch (err) {
				reject(err);
			}
		});
		child.stdin.end(JSON.stringify(event));
	});
}

export function why(err) {
	return `DefenseClaw: nobody decides this: ${err?.message ?? err}`;
}
