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

#include "common/action.h"
#include "common/export.h"

int
action_is_auditds(const char *action)
{
	static const char *const own[] = { ACTION_CHECKPOINT, ACTION_EPOCH,
	    ACTION_UNFOUNDED, ACTION_SPACE, "start", "stop", "auditd-stop",
	    "role-death", "acknowledge-alerts", "config-update", "init",
	    "policy-update", "setup-observability" };
	/* whatever is said of delivery, and of what a person decides */
	static const char *const families[] = { "sink.", "sink-",
	    "dead-letters-", "approval-" };
	static const char *const kinds[] = { "tool-", "skill-", "mcp-",
	    "plugin-", "mcp-pin-", "api-enforce-" };
	static const char *const verbs[] = { "block", "allow", "unblock" };
	size_t	i, j, len;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(action, own[i]) == 0)
			return (1);
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strncmp(action, families[i], strlen(families[i])) == 0)
			return (1);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		len = strlen(kinds[i]);
		if (strncmp(action, kinds[i], len) != 0)
			continue;
		for (j = 0; j < sizeof(verbs) / sizeof(verbs[0]); j++)
			if (strcmp(action + len, verbs[j]) == 0)
				return (1);
	}
	return (0);
}

int
action_is_note(const char *action)
{
	static const char *const notes[] = { ACTION_REFUSED, ACTION_RELOAD,
	    "inspect-reveal" };
	size_t	i;

	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (strcmp(action, notes[i]) == 0)
			return (1);
	return (0);
}
