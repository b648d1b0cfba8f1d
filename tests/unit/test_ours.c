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

#include "auditd/auditd.h"
#include "test.h"

/*
 * What a worker may say happened, and what only auditd may.
 */

static int
ours(const char *action, const char *actor)
{
	struct event	ev;

	memset(&ev, 0, sizeof(ev));
	ev.field[EV_ACTION] = action;
	ev.field[EV_ACTOR] = actor;
	return (event_is_ours(&ev));
}

static void
reserved(void)
{
	static const char *const own[] = { "checkpoint", "audit-epoch",
	    "lists-unfounded", "start", "stop", "auditd-stop", "role-death",
	    "acknowledge-alerts", "config-update", "init", "tool-block",
	    "tool-allow", "tool-unblock", "skill-block", "mcp-allow",
	    "plugin-unblock", "api-enforce-block", "api-enforce-unblock" };
	size_t	i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		CHECK(ours(own[i], "uid:1000"));
		CHECK(ours(own[i], NULL));
	}
	CHECK(ours("inspect-tool-allow", "role:supervisor"));
	CHECK(ours("anything", "role:auditd"));
}

static void
gatewayds(void)
{
	static const char *const theirs[] = { "inspect-tool-allow",
	    "inspect-tool-block", "inspect-request-alert", "inspect-batch",
	    "inspect-reveal", "guardrail-verdict", "request-refused",
	    "policy-reload", "tool-used", "tool-blocked", "started",
	    "checkpoint-2", "deploy" };
	size_t	i;

	for (i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
		CHECK(!ours(theirs[i], "uid:1000"));
		CHECK(!ours(theirs[i], "token:gateway-token"));
		CHECK(!ours(theirs[i], NULL));
	}
	CHECK(!ours("deploy", "roleplayer"));
}

int
main(void)
{
	RUN(reserved);
	RUN(gatewayds);
	return (0);
}
