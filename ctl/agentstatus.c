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

#include "common/json.h"
#include "agent.h"
#include "agentverify.h"
#include "client.h"
#include "cmd.h"
#include "output.h"
#include "rows.h"

/*
 * agent status: of each client whose hooks are set up what becomes of a call
 * that nobody decides, and when the log last saw a call, and a canary.
 */

#define STATUS_ROWS	64	/* of one question */
#define MAX_STATUS_ASKS	16	/* so far back is looked */

/* the newest row of an agent, but for canaries, or of these alone */
struct last {
	const char	*agent;
	int		 canary;
	char		 when[64];	/* "": none was seen */
	char		 action[64];
};

static int
last_row(const char *text, size_t len, void *arg)
{
	struct last	*l = arg;
	char		 err[MAX_JSON_ERR];
	json_t		*row;

	if (l->when[0] != '\0' || (row = json_strict(text, len, err)) == NULL)
		return (CTL_OK);
	if (strcmp(row_text(row, "agent_name"), l->agent) == 0 &&
	    (strcmp(row_text(row, "tool_name"), HOOK_CANARY) == 0) ==
	    l->canary) {
		strlcpy(l->when, row_text(row, "timestamp"), sizeof(l->when));
		strlcpy(l->action, row_text(row, "action"),
		    sizeof(l->action));
	}
	json_decref(row);
	return (CTL_OK);
}

static int
last_find(struct client *cl, struct last *l)
{
	struct audit_list	 al;
	int			 n, rc = CTL_OK;

	memset(&al, 0, sizeof(al));
	al.limit = STATUS_ROWS;
	if (l->canary)
		strlcpy(al.tool, HOOK_CANARY, sizeof(al.tool));
	strlcpy(al.text, l->agent, sizeof(al.text));
	for (n = 0; n < MAX_STATUS_ASKS && l->when[0] == '\0'; n++) {
		rc = client_send(cl, MSG_CTL_AUDIT_LIST, &al, sizeof(al),
		    NULL, 0);
		if (rc == CTL_OK)
			rc = client_answer(cl, last_row, l);
		if (rc != CTL_OK || (al.before = cl->next) == 0)
			break;
	}
	return (rc);
}

static const char *
when(const struct last *l, int asked)
{
	return (!asked ? "unknown" : l->when[0] != '\0' ? l->when : "never");
}

/* cl NULL: the suite does not run */
static void
status_one(const struct agent_def *d, const struct paths *paths,
    struct client *cl, struct table *t, json_t *report)
{
	const char	*name = hook_agent_name(d->agent), *mode;
	const char	*where = agent_where(d, paths);
	struct last	 call = { name, 0, "", "" };
	struct last	 canary = { name, 1, "", "" };
	int		 asked;

	asked = cl != NULL && last_find(cl, &call) == CTL_OK &&
	    last_find(cl, &canary) == CTL_OK;
	mode = agent_fails_open(d, paths) ? "open" : "closed";
	table_cell(t, "%s", name);
	table_cell(t, "%s", where);
	table_cell(t, "%s", mode);
	table_cell(t, "%s", out_safe(when(&call, asked)));
	table_cell(t, "%s", out_safe(when(&canary, asked)));
	table_cell(t, "%s", d->tested != NULL ? d->tested : "none");
	json_array_append_new(report, json_pack(
	    "{s:s,s:s,s:s,s:s,s:s,s:s*,s:s*}", "agent", name, "hooks", where,
	    "fail_mode", mode, "last_event", when(&call, asked),
	    "last_canary", when(&canary, asked), "last_action",
	    call.action[0] != '\0' ? call.action : NULL, "tested",
	    d->tested));
}

int
cmd_agent_status(struct ctl *c)
{
	static const char *const heads[] = { "AGENT", "HOOKS", "FAIL MODE",
	    "LAST EVENT", "LAST CANARY", "TESTED", NULL };
	const struct agent_def	*d;
	struct client		 cl;
	struct table		 t;
	json_t			*report = json_array();
	int			 n = 0, running;

	if (c->nargs == 1 && agent_find(c->args[0]) == NULL)
		return (out_fail(CTL_NOT_FOUND, "no agent is called %s: see "
		    "`defenseclawctl agent list'", c->args[0]));
	table_init(&t, heads);
	running = client_open(&cl, &c->paths, "auditd") == CTL_OK;
	for (d = agent_defs; d->title != NULL; d++) {
		if ((c->nargs == 1 && d != agent_find(c->args[0])) ||
		    strcmp(agent_where(d, &c->paths), "-") == 0)
			continue;
		n++;
		status_one(d, &c->paths, running ? &cl : NULL, &t, report);
	}
	if (out_json)
		out_document(report);
	else {
		json_decref(report);
		if (n != 0)
			table_print(&t);
		else
			printf("no agent is set up: see `defenseclawctl "
			    "setup agent'\n");
		if (n != 0 && !running)
			out_note("what the log saw is not known: %s", cl.err);
	}
	client_close(&cl);
	return (CTL_OK);
}
