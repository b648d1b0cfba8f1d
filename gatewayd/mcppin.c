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

#include "common/frame.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * Pins: an MCP server's tools are what they were when its client first saw
 * them.  What is new or different after that is refused until an operator
 * takes it over; what is gone hurts nobody.
 */

#define ACTION_PIN_CHANGED	"mcp-pin-changed"
#define MAX_PIN_SHOWN		64	/* tools that a row names */
#define MAX_PIN_NAMED		5	/* and a reason */

static int
is_server(const char *s)
{
	size_t	n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return (n != 0 && n <= MAX_PIN_SERVER && s[n] == '\0');
}

static int
is_hash(const char *s)
{
	return (strspn(s, "0123456789abcdef") == PIN_HASH &&
	    s[PIN_HASH] == '\0');
}

static int
is_pinned(const char *pins, const char *hash)
{
	for (; strlen(pins) >= PIN_HASH; pins++) {
		if (strncmp(pins, hash, PIN_HASH) == 0)
			return (1);
		pins += PIN_HASH;
		if (*pins == '\0')
			break;
	}
	return (0);
}

/* NULL, or why the body cannot be taken */
static const char *
pins_check(const char *server, const json_t *tools)
{
	const char	*hash;
	json_t		*t;
	size_t		 i;

	if (server == NULL || !is_server(server))
		return ("server: 1 to 64 letters, digits and ._-");
	if (!json_is_array(tools) || json_array_size(tools) > MAX_PIN_TOOLS)
		return ("tools: an array of at most 512");
	json_array_foreach(tools, i, t)
		if ((hash = json_str(t, "sha256")) == NULL ||
		    !is_hash(hash) || json_str(t, "name") == NULL)
			return ("tools: each has a name and the sha256 of "
			    "what is said of it");
	return (NULL);
}

/* seen for the first time, and whole: auditd keeps it, and answers */
static void
pins_first(const struct asker *a, const char *name, const json_t *tools)
{
	struct wbuf	 w;
	json_t		*t;
	size_t		 i;

	wbuf_init(&w, MAX_PIN_TEXT + 1);
	json_array_foreach(tools, i, t) {
		if (i != 0)
			wbuf_put(&w, " ", 1);
		wbuf_put(&w, json_str(t, "sha256"), PIN_HASH);
	}
	wbuf_put(&w, "", 1);
	if (w.failed)
		fatal("pins");
	if (record_list_change(a, KIND_PIN, OP_ALLOW, OP_NONE, name,
	    (char *)w.data) == -1)
		api_unavailable(a);
	wbuf_free(&w);
}

/* the tools that are not pinned, by name and hash; and a reason */
static json_t *
pins_other(const char *pins, const json_t *tools, char *reason, size_t size,
    size_t *n)
{
	char	 name[MAX_TARGET_NAME + 1];
	json_t	*other, *t;
	size_t	 i;

	*n = 0;
	if ((other = json_array()) == NULL)
		fatal("pins");
	strlcpy(reason, "tools are new or changed since they were pinned: ",
	    size);
	json_array_foreach(tools, i, t) {
		if (is_pinned(pins, json_str(t, "sha256")))
			continue;
		redact_name(&gatewayd.redactor, json_str(t, "name"), name,
		    sizeof(name));
		if (*n < MAX_PIN_SHOWN)
			json_array_append_new(other, json_pack("{s:s,s:s}",
			    "name", name, "sha256", json_str(t, "sha256")));
		if (*n < MAX_PIN_NAMED) {
			strlcat(reason, *n == 0 ? "" : ", ", size);
			strlcat(reason, name, size);
		}
		++*n;
	}
	strlcat(reason, "; an operator sees them with `defenseclawctl audit "
	    "list --action " ACTION_PIN_CHANGED "', and takes them over with "
	    "`defenseclawctl mcp pin accept SEQ'", size);
	return (other);
}

/*
 * {server, tools: [{name, sha256}], complete}: may a client see these tools?
 * Without complete there is more to come, and nothing is pinned yet.
 */
void
mcp_pins(const struct asker *a, json_t *body)
{
	const struct target	*t;
	const char		*server = json_str(body, "server"), *why, *act;
	struct asker		 copy = *a;
	struct event		 ev;
	json_t			*tools = json_object_get(body, "tools"), *other;
	char			 name[MAX_TARGET_NAME + 1];
	char			 reason[MAX_REASON];
	size_t			 n;

	if ((why = pins_check(server, tools)) != NULL) {
		api_error(a, 400, why);
		return;
	}
	if (!lists_ready() || (size_t)snprintf(name, sizeof(name), "%s/%s",
	    a->actor, server) >= sizeof(name)) {
		api_unavailable(a);
		return;
	}
	t = lists_find(KIND_PIN, name);
	if (t == NULL && json_is_true(json_object_get(body, "complete"))) {
		pins_first(a, name, tools);
		return;
	}
	other = pins_other(t != NULL ? t->reason : "", tools, reason,
	    sizeof(reason), &n);
	if (t == NULL || n == 0) {
		json_decref(other);
		api_answer(a, 200, json_pack("{s:s,s:b}", "action", "allow",
		    "pinned", t != NULL));
		return;
	}
	act = gatewayd.rec.mode == GATEWAY_ACTION ? "block" : "allow";
	inspect_session(&copy, body);
	stamp_event(&gatewayd.stamp, &ev, ACTION_PIN_CHANGED, SEV_HIGH);
	record_fill(&ev, &copy);
	/* of 64 bytes without a space it may be somebody's key */
	redact_name(&gatewayd.redactor, server, name, sizeof(name));
	ev.field[EV_TARGET] = name;
	record_answer(&copy, &ev, json_pack("{s:s,s:o,s:I,s:s,s:s}",
	    "mcp_server", name, "tools", other, "refused", (json_int_t)n,
	    "action", act, "mode", decide_mode()), json_pack(
	    "{s:s,s:s,s:s,s:s,s:b,s:s}", "action", act, "raw_action", "block",
	    "severity", "HIGH", "reason", reason, "would_block", 1, "mode",
	    decide_mode()));
}
