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

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "mcp.h"

/*
 * The tools that a server says it has, over the pages in which it says so
 * (MCP 2025-06-18, Pagination), for gatewayd to compare with what was pinned.
 */

/* of all that is said of a tool, in an order that is nobody's choice */
static json_t *
tool_hash(const json_t *tool)
{
	unsigned char	 hash[crypto_hash_sha256_BYTES];
	char		 hex[2 * sizeof(hash) + 1], *text;
	json_t		*j;

	text = json_dumps(tool, JSON_COMPACT | JSON_SORT_KEYS |
	    JSON_REAL_PRECISION(17));
	if (text == NULL)
		return (NULL);
	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	free(text);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	j = json_pack("{s:O,s:s}", "name", json_object_get(tool, "name"),
	    "sha256", hex);
	return (j);
}

/* NULL, or why the page cannot be taken */
static const char *
page_add(json_t *seen, const json_t *result)
{
	json_t	*tools = json_object_get(result, "tools"), *t, *hash;
	size_t	 i;

	if (!json_is_array(tools))
		return ("its tools are no list");
	json_array_foreach(tools, i, t) {
		if (json_str(t, "name") == NULL ||
		    json_array_size(seen) >= MAX_PIN_TOOLS)
			return (json_str(t, "name") == NULL ?
			    "one of its tools has no name" :
			    "it has more than 512 tools");
		if ((hash = tool_hash(t)) == NULL ||
		    json_array_append_new(seen, hash) == -1)
			return ("no memory");
	}
	return (NULL);
}

static int
pins_ask(struct mcp_gate *g, const json_t *result, int complete,
    char reason[MAX_HOOK_REASON])
{
	struct mcp_question	 q;
	char			*body;
	json_t			*j;
	int			 rc;

	j = json_pack("{s:s,s:s,s:b,s:O}", "server", g->name, "session_id",
	    g->session, "complete", complete, "tools", g->tools);
	body = json_text(j);
	json_decref(j);
	if (body == NULL) {
		strlcpy(reason, "DefenseClaw: no memory", MAX_HOOK_REASON);
		return (-1);
	}
	g->changed = 0;
	memset(&q, 0, sizeof(q));
	q.ask = ASK_PINS;
	q.tool = "tools/list";
	q.pins = body;
	q.body = result;
	rc = mcp_ask(g, &q, reason);
	free(body);
	return (rc);
}

int
mcp_pins_end(struct mcp_gate *g, char reason[MAX_HOOK_REASON])
{
	if (g->tools == NULL)
		return (0);
	/* asked once more when nobody decided */
	if (pins_ask(g, NULL, 1, reason) == -1 && !g->changed)
		return (-1);
	json_decref(g->tools);
	g->tools = NULL;
	return (g->changed ? -1 : 0);
}

int
mcp_pins_page(struct mcp_gate *g, const json_t *result, int first,
    char reason[MAX_HOOK_REASON])
{
	const char	*why;
	json_t		*next = json_object_get(result, "nextCursor");
	int		 last = next == NULL || json_is_null(next), rc;

	if (first && mcp_pins_end(g, reason) == -1)
		return (-1);
	if (g->tools == NULL && (g->tools = json_array()) == NULL)
		why = "no memory";
	else
		why = page_add(g->tools, result);
	if (why == NULL)
		rc = pins_ask(g, result, last, reason);
	else {
		snprintf(reason, MAX_HOOK_REASON, "DefenseClaw: the server's "
		    "list is not passed on: %s", why);
		rc = -1;
	}
	/* what was refused is no beginning of anything */
	if (last || rc == -1) {
		json_decref(g->tools);
		g->tools = NULL;
	}
	return (rc);
}
