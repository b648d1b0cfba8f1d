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

#include <stddef.h>

#include "common/proto.h"

static const char *const	role_names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",
	[ROLE_SUPERVISOR] = "supervisor",
	[ROLE_CONFC] = "confc",
	[ROLE_RULEREAD] = "rulec-read",
	[ROLE_RULECOMP] = "rulec-compile",
	[ROLE_GATEWAYD] = "gatewayd",
	[ROLE_AUDITD] = "auditd",
	[ROLE_SIGNER] = "signer",
	[ROLE_SINK] = "sink",
	[ROLE_RESOLVER] = "resolver",
	[ROLE_JUDGE] = "judge",
};

const char *
role_name(enum role_id id)
{
	return ((unsigned int)id < ROLE_COUNT ? role_names[id] : "unknown");
}

const char *
list_kind_name(uint32_t kind)
{
	static const char *const	 names[] = { NULL, "tool", "skill",
					    "mcp", "plugin", "mcp-pin" };

	return (kind < sizeof(names) / sizeof(names[0]) ? names[kind] :
	    NULL);
}

const char *
approval_state_name(uint32_t state)
{
	static const char *const	 names[] = { "unavailable", "pending",
	    "allowed", "denied", "used", "too-many" };

	return (state < sizeof(names) / sizeof(names[0]) ? names[state] :
	    NULL);
}
