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

#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "cmd.h"

/*
 * tool, and mcp block, allow and unblock: the block and allow lists, which
 * auditd owns.
 */

/* on which list auditd has the name */
static int
on_list(struct client *cl, enum list_kind kind, const char *name,
    enum list_op *op)
{
	const char	*type, *listed, *action;
	char		 err[MAX_JSON_ERR], *text = NULL;
	json_t		*j, *e;
	size_t		 i, len;
	int		 rc;

	*op = OP_NONE;
	rc = client_call(cl, MSG_CTL_LIST, NULL, 0, &text, &len);
	if (rc != CTL_OK)
		return (rc);
	j = json_strict(text, len, err);
	free(text);
	json_array_foreach(json_object_get(j, "entries"), i, e) {
		type = json_str(e, "target_type");
		listed = json_str(e, "target_name");
		action = json_str(e, "action");
		if (type != NULL && strcmp(type, list_kind_name(kind)) == 0 &&
		    listed != NULL && strcmp(listed, name) == 0 &&
		    action != NULL)
			*op = strcmp(action, "block") == 0 ? OP_BLOCK :
			    OP_ALLOW;
	}
	json_decref(j);
	return (CTL_OK);
}

/* the answer comes when every worker follows the change */
static int
change_answer(struct client *cl, struct list_changed *lc)
{
	struct msg	msg;
	int		rc;

	if ((rc = client_recv(cl, &msg)) != CTL_OK)
		return (rc);
	if (msg.hdr.type != MSG_LIST_CHANGED ||
	    msg_get(&msg, lc, sizeof(*lc)) == -1 || lc->code > CTL_UPSTREAM) {
		strlcpy(cl->err, "auditd: malformed answer",
		    sizeof(cl->err));
		return (CTL_FAILURE);
	}
	lc->text[sizeof(lc->text) - 1] = '\0';
	strlcpy(cl->err, lc->text, sizeof(cl->err));
	return ((int)lc->code);
}

static int
change(struct client *cl, const struct ctl *c, enum list_kind kind,
    enum list_op op, enum list_op was, struct list_changed *changed)
{
	const char		*reason = cmd_value(c, O_REASON);
	struct list_change	 lc;
	struct wbuf		 w;
	int			 rc;

	memset(&lc, 0, sizeof(lc));
	if (getrandom(lc.id, sizeof(lc.id), 0) != (ssize_t)sizeof(lc.id)) {
		strlcpy(cl->err, "no source of randomness", sizeof(cl->err));
		return (CTL_FAILURE);
	}
	lc.kind = kind;
	lc.op = op;
	lc.was = was;
	wbuf_init(&w, MAX_FRAME);
	wbuf_put(&w, &lc, sizeof(lc));
	wbuf_str(&w, c->args[0]);
	wbuf_str(&w, reason != NULL ? reason : "");
	rc = client_send(cl, MSG_CTL_LIST_CHANGE, w.data, w.len, NULL, 0);
	wbuf_free(&w);
	return (rc == CTL_OK ? change_answer(cl, changed) : rc);
}

static int
list_change(struct ctl *c, enum list_kind kind, enum list_op op)
{
	static const char *const done[] = { "is on no list now",
	    "is blocked", "is allowed" };
	const char		*name = c->args[0];
	const char		*what = list_kind_name(kind);
	const char		*reason = cmd_value(c, O_REASON);
	struct list_changed	 lc;
	struct client		 cl;
	enum list_op		 was = OP_NONE;
	int			 rc;

	if (name[0] == '\0' || strlen(name) > MAX_TARGET_NAME ||
	    (reason != NULL && strlen(reason) > MAX_TARGET_REASON))
		return (out_fail(CTL_USAGE, "a name has 1 to %d bytes, a "
		    "reason at most %d", MAX_TARGET_NAME,
		    MAX_TARGET_REASON));
	rc = client_open(&cl, &c->paths, "auditd");
	if (rc == CTL_OK && op == OP_NONE) {
		rc = on_list(&cl, kind, name, &was);
		if (rc == CTL_OK && was == OP_NONE) {
			strlcpy(cl.err, "is on no list", sizeof(cl.err));
			rc = CTL_NOT_FOUND;
		}
	}
	if (rc == CTL_OK)
		rc = change(&cl, c, kind, op, was, &lc);
	if (rc != CTL_OK)
		out_fail(rc, "%s %s: %s", what, name, cl.err);
	else if (out_json)
		out_document(json_pack("{s:s,s:s,s:I,s:I}", what, name,
		    "action", op == OP_BLOCK ? "block" : op == OP_ALLOW ?
		    "allow" : "none", "generation", (json_int_t)
		    lc.generation, "seq", (json_int_t)lc.seq));
	else
		printf("%s %s %s, in force in every worker (row %llu)\n",
		    what, out_safe(name), done[op], (unsigned long long)lc.seq);
	client_close(&cl);
	return (rc);
}

int
cmd_tool_block(struct ctl *c)
{
	return (list_change(c, KIND_TOOL, OP_BLOCK));
}

int
cmd_tool_allow(struct ctl *c)
{
	return (list_change(c, KIND_TOOL, OP_ALLOW));
}

int
cmd_tool_unblock(struct ctl *c)
{
	return (list_change(c, KIND_TOOL, OP_NONE));
}

int
cmd_mcp_block(struct ctl *c)
{
	return (list_change(c, KIND_MCP, OP_BLOCK));
}

int
cmd_mcp_allow(struct ctl *c)
{
	return (list_change(c, KIND_MCP, OP_ALLOW));
}

int
cmd_mcp_unblock(struct ctl *c)
{
	return (list_change(c, KIND_MCP, OP_NONE));
}

/* pins of servers' tools are shown by mcp pin list */
static void
drop_pins(json_t *lists)
{
	json_t		*entries = json_object_get(lists, "entries");
	const char	*type;
	size_t		 i = json_array_size(entries);

	while (i-- > 0) {
		type = json_str(json_array_get(entries, i), "target_type");
		if (type != NULL && strcmp(type, list_kind_name(KIND_PIN)) ==
		    0)
			json_array_remove(entries, i);
	}
}

static void
print_entries(const json_t *lists)
{
	static const char *const heads[] = { "ACTION", "TYPE", "NAME",
	    "SINCE", "BY", "REASON", NULL };
	static const char *const members[] = { "action", "target_type",
	    "target_name", "updated_at", "actor", "reason" };
	const char	*s;
	struct table	 t;
	json_t		*e;
	size_t		 i, k;

	table_init(&t, heads);
	json_array_foreach(json_object_get(lists, "entries"), i, e)
		for (k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
			s = json_str(e, members[k]);
			table_cell(&t, "%s", s != NULL ? s : "");
		}
	table_print(&t);
}

int
cmd_tool_list(struct ctl *c)
{
	char		 err[MAX_JSON_ERR], *text = NULL;
	struct client	 cl;
	size_t		 len;
	json_t		*j;
	int		 rc;

	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_LIST, NULL, 0, &text, &len);
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	else if ((j = json_strict(text, len, err)) == NULL)
		rc = out_fail(CTL_FAILURE, "auditd: %s", err);
	else {
		drop_pins(j);
		if (out_json)
			out_document(json_incref(j));
		else
			print_entries(j);
		json_decref(j);
	}
	free(text);
	client_close(&cl);
	return (rc);
}
