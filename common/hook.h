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

#ifndef COMMON_HOOK_H
#define COMMON_HOOK_H

#include <jansson.h>
#include <stddef.h>

/*
 * The hooks of agent clients: what their events mean, and the one answer
 * each client takes for a block.  Both ends use it: gatewayd in its routes,
 * the front end when no gatewayd answers.
 *
 * Clients run the tool on anything but an explicit, well-formed block, so an
 * answer holds only keys its client knows, and a reason that is never empty.
 * No objection is silence where silence passes (Claude Code, Codex, Gemini
 * CLI): "allow" would lift Claude Code's own permission checks.
 *
 * Formats: Claude Code and Codex hooks, Cursor hooks 1, Gemini CLI hooks as
 * their makers document them.
 */

#define MAX_HOOK_EVENT	64	/* bytes of an event's name, with NUL */
#define MAX_HOOK_REASON	1024	/* bytes of a reason, with NUL */
#define MAX_HOOK_DEPTH	32	/* levels of a tool's output that are kept */

/* a tool that no client has: a call of it is always blocked, to prove it */
#define HOOK_CANARY	"defenseclaw-canary"

enum hook_agent {
	HOOK_CLAUDE_CODE,
	HOOK_CODEX,
	HOOK_CURSOR,
	HOOK_GEMINICLI,
	HOOK_OPENCODE,
	HOOK_OPENCLAW,
	HOOK_GENERIC,
	HOOK_NAGENTS
};

enum hook_class {
	HOOK_OTHER,		/* cannot be blocked */
	HOOK_TOOL,		/* before a tool runs */
	HOOK_PERMISSION,	/* the client would ask its user */
	HOOK_MESSAGE,		/* before a text leaves for a person */
	HOOK_PROMPT,
	HOOK_RESULT,		/* what a tool gave back */
	HOOK_STOP
};

/* an event as it came; strings belong to the body */
struct hook {
	enum hook_agent	 agent;
	enum hook_class	 class;
	char		 event[MAX_HOOK_EVENT];
	const char	*tool;		/* NULL: none named */
	const json_t	*value;		/* what is inspected; NULL: nothing */
	int		 whole;		/* that is the event itself */
	int		 again;		/* a stop hook's own turn */
};

const char	*hook_agent_name(enum hook_agent);	/* as in its route */
int		 hook_agent_find(const char *);		/* -1: none */

/* the member of gatewayd's answer that its output stands in */
const char	*hook_member(enum hook_agent);

/* Reads an event, which has to be an object and outlives it. */
void		 hook_read(struct hook *, enum hook_agent, const json_t *);

/*
 * Text for a person and a model: one line of valid UTF-8 without control or
 * direction characters, cut to the buffer; never empty.
 */
void		 hook_reason(char *, size_t, const char *);

/*
 * New values that the caller drops; NULL is silence (or no memory, which the
 * caller of hook_block() has to take for a failure).  A block of an event
 * that cannot be blocked is NULL.
 */
json_t		*hook_block(const struct hook *, const char *);
json_t		*hook_pass(const struct hook *);

/*
 * The answer that has the client ask its own user, who has so many ms; NULL
 * where it has no way to: Codex runs the tool on such an answer, Gemini CLI
 * and opencode know none, Cursor asks about commands and MCP calls only.
 */
int		 hook_asks(const struct hook *);
json_t		*hook_ask(const struct hook *, const char *, uint32_t);

/*
 * The answer that takes a tool's output out of the model's sight, with a
 * copy of it in the same shape in which leaf() chose the strings to replace
 * by the notice; NULL where the client has no way to.
 */
typedef int	 hook_leaf(const char *, size_t, void *);
json_t		*hook_withhold(const struct hook *, const char *, hook_leaf *,
		    void *);

/* how the client's hook ends with a block: 2, or 0 where output says all */
int		 hook_status(const struct hook *);

#endif /* COMMON_HOOK_H */
