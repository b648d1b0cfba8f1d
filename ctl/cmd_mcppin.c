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

#include "common/frame.h"
#include "common/json.h"
#include "cmd.h"
#include "rows.h"

/*
 * mcp pin: what the tools of MCP servers were when each user's client saw
 * them first.  auditd keeps it; an operator takes changes over or forgets.
 */

#define PIN_CHANGED	"mcp-pin-changed"	/* action of gatewayd's rows */

struct pin {
	char	name[MAX_TARGET_NAME + 1];	/* USER/SERVER */
	char	text[MAX_PIN_TEXT + 1];		/* hashes, a space between */
};

static int
is_pin(const json_t *e)
{
	const char	*type = json_str(e, "target_type");

	return (type != NULL && strcmp(type, list_kind_name(KIND_PIN)) == 0 &&
	    json_str(e, "target_name") != NULL);
}

/* a new reference to auditd's lists; or NULL and the code, said in cl->err */
static json_t *
lists_of(struct client *cl, int *rc)
{
	char	 err[MAX_JSON_ERR], *text = NULL;
	json_t	*j = NULL;
	size_t	 len;

	*rc = client_call(cl, MSG_CTL_LIST, NULL, 0, &text, &len);
	if (*rc == CTL_OK && (j = json_strict(text, len, err)) == NULL) {
		snprintf(cl->err, sizeof(cl->err), "auditd: %s", err);
		*rc = CTL_FAILURE;
	}
	free(text);
	return (j);
}

/*
 * The entry of this name, or the only one of this server.  Its hashes are ""
 * when there is none; 1: there are several.
 */
static int
pin_find(const json_t *lists, const char *name, struct pin *pin)
{
	const char	*full, *server, *text;
	json_t		*e;
	size_t		 i, n = 0;

	json_array_foreach(json_object_get(lists, "entries"), i, e) {
		if (!is_pin(e))
			continue;
		full = json_str(e, "target_name");
		server = strchr(full, '/');
		if (strcmp(full, name) != 0 && (server == NULL ||
		    strcmp(server + 1, name) != 0))
			continue;
		text = json_str(e, "reason");
		if (strlcpy(pin->name, full, sizeof(pin->name)) >=
		    sizeof(pin->name) || strlcpy(pin->text, text != NULL ?
		    text : "", sizeof(pin->text)) >= sizeof(pin->text))
			continue;
		n++;
	}
	return (n == 0 ? -1 : n > 1);
}

static size_t
pin_count(const char *text)
{
	return ((strlen(text) + 1) / (PIN_HASH + 1));
}

static int
pin_set(struct client *cl, const struct pin *pin, enum list_op op,
    struct list_changed *changed)
{
	struct list_change	 lc;
	struct msg		 msg;
	struct wbuf		 w;
	int			 rc;

	memset(&lc, 0, sizeof(lc));
	if (getrandom(lc.id, sizeof(lc.id), 0) != (ssize_t)sizeof(lc.id)) {
		strlcpy(cl->err, "no source of randomness", sizeof(cl->err));
		return (CTL_FAILURE);
	}
	lc.kind = KIND_PIN;
	lc.op = op;
	wbuf_init(&w, MAX_FRAME);
	wbuf_put(&w, &lc, sizeof(lc));
	wbuf_str(&w, pin->name);
	wbuf_str(&w, op == OP_NONE ? "" : pin->text);
	rc = client_send(cl, MSG_CTL_LIST_CHANGE, w.data, w.len, NULL, 0);
	wbuf_free(&w);
	if (rc != CTL_OK || (rc = client_recv(cl, &msg)) != CTL_OK)
		return (rc);
	if (msg.hdr.type != MSG_LIST_CHANGED ||
	    msg_get(&msg, changed, sizeof(*changed)) == -1 ||
	    changed->code > CTL_UPSTREAM) {
		strlcpy(cl->err, "auditd: malformed answer",
		    sizeof(cl->err));
		return (CTL_FAILURE);
	}
	changed->text[sizeof(changed->text) - 1] = '\0';
	strlcpy(cl->err, changed->text, sizeof(cl->err));
	return ((int)changed->code);
}

int
cmd_mcp_pin_list(struct ctl *c)
{
	static const char *const heads[] = { "USER/SERVER", "TOOLS", "SINCE",
	    "BY", NULL };
	const char	*text;
	struct client	 cl;
	struct table	 t;
	json_t		*lists = NULL, *pins, *e;
	size_t		 i;
	int		 rc;

	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		lists = lists_of(&cl, &rc);
	if (rc != CTL_OK) {
		out_fail(rc, "%s", cl.err);
		client_close(&cl);
		return (rc);
	}
	pins = json_array();
	table_init(&t, heads);
	json_array_foreach(json_object_get(lists, "entries"), i, e) {
		if (!is_pin(e))
			continue;
		text = json_str(e, "reason") != NULL ? json_str(e, "reason") :
		    "";
		table_cell(&t, "%s", json_str(e, "target_name"));
		table_cell(&t, "%zu", pin_count(text));
		table_cell(&t, "%s", json_str(e, "updated_at"));
		table_cell(&t, "%s", json_str(e, "actor"));
		json_array_append(pins, e);
	}
	if (out_json)
		out_document(json_pack("{s:O}", "pins", pins));
	else
		table_print(&t);
	json_decref(pins);
	json_decref(lists);
	client_close(&cl);
	return (CTL_OK);
}

/* the hashes that a row says were refused, beside those that are pinned */
static int
pin_add(struct pin *pin, const json_t *tools)
{
	const char	*hash;
	json_t		*t;
	size_t		 i;

	json_array_foreach(tools, i, t) {
		hash = json_str(t, "sha256");
		if (hash == NULL || strlen(hash) != PIN_HASH)
			return (-1);
		if (strstr(pin->text, hash) != NULL)
			continue;
		if (pin_count(pin->text) >= MAX_PIN_TOOLS)
			return (-1);
		if (pin->text[0] != '\0')
			strlcat(pin->text, " ", sizeof(pin->text));
		strlcat(pin->text, hash, sizeof(pin->text));
	}
	return (0);
}

/*
 * The row's pin with what it refused, and that; or the code, said in cl->err.
 */
static int
pin_of_row(struct client *cl, uint64_t seq, struct pin *pin, json_t **tools)
{
	const char	*actor, *server, *action, *details;
	char		 err[MAX_JSON_ERR], *text = NULL;
	json_t		*lists, *row, *d = NULL;
	size_t		 len;
	int		 rc;

	rc = client_call(cl, MSG_CTL_AUDIT_SHOW, &seq, sizeof(seq), &text,
	    &len);
	if (rc != CTL_OK)
		return (rc);
	row = row_parse(text);
	free(text);
	actor = json_str(row, "actor");
	action = json_str(row, "action");
	if ((details = json_str(row, "details")) != NULL)
		d = json_strict(details, strlen(details), err);
	server = json_str(d, "mcp_server");
	snprintf(pin->name, sizeof(pin->name), "%s/%s", actor != NULL ? actor :
	    "", server != NULL ? server : "");
	*tools = json_incref(json_object_get(d, "tools"));
	rc = action != NULL && strcmp(action, PIN_CHANGED) == 0 ? CTL_OK :
	    CTL_NOT_FOUND;
	json_decref(d);
	json_decref(row);
	if (rc != CTL_OK) {
		snprintf(cl->err, sizeof(cl->err), "row %llu is of no change "
		    "of tools: see audit list --action " PIN_CHANGED,
		    (unsigned long long)seq);
		return (rc);
	}
	if ((lists = lists_of(cl, &rc)) == NULL)
		return (rc);
	(void)pin_find(lists, pin->name, pin);
	json_decref(lists);
	if (pin_add(pin, *tools) == 0)
		return (CTL_OK);
	snprintf(cl->err, sizeof(cl->err), "%s has had %d tools: forget them, "
	    "and they are pinned as they are next", pin->name,
	    MAX_PIN_TOOLS);
	return (CTL_FAILURE);
}

int
cmd_mcp_pin_accept(struct ctl *c)
{
	static struct pin	 pin;
	struct list_changed	 lc;
	struct client		 cl;
	uint64_t		 seq;
	json_t			*t = NULL;
	size_t			 i;
	int			 rc;

	if (cmd_seq(c->args[0], &seq) == -1)
		return (CTL_USAGE);
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = pin_of_row(&cl, seq, &pin, &t);
	if (rc == CTL_OK)
		rc = pin_set(&cl, &pin, OP_ALLOW, &lc);
	if (rc != CTL_OK)
		out_fail(rc, "mcp pin accept: %s", cl.err);
	else if (out_json)
		out_document(json_pack("{s:s,s:O,s:I}", "pin", pin.name,
		    "accepted", t, "seq", (json_int_t)lc.seq));
	else {
		for (i = 0; i < json_array_size(t); i++)
			printf("%s  %s\n", out_safe(json_str(
			    json_array_get(t, i), "sha256")), out_safe(
			    row_text(json_array_get(t, i), "name")));
		printf("%s is pinned with these (row %llu)\n",
		    out_safe(pin.name), (unsigned long long)lc.seq);
	}
	json_decref(t);
	client_close(&cl);
	return (rc);
}

int
cmd_mcp_pin_forget(struct ctl *c)
{
	static struct pin	 pin;
	struct list_changed	 lc;
	struct client		 cl;
	json_t			*lists = NULL;
	int			 rc, found;

	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		lists = lists_of(&cl, &rc);
	if (rc == CTL_OK && (found = pin_find(lists, c->args[0], &pin)) != 0) {
		strlcpy(cl.err, found == -1 ? "is not pinned" :
		    "is pinned for several users: name one, as USER/SERVER",
		    sizeof(cl.err));
		rc = found == -1 ? CTL_NOT_FOUND : CTL_USAGE;
	}
	if (rc == CTL_OK)
		rc = pin_set(&cl, &pin, OP_NONE, &lc);
	if (rc != CTL_OK)
		out_fail(rc, "mcp pin forget: %s %s", c->args[0], cl.err);
	else if (out_json)
		out_document(json_pack("{s:s,s:I}", "forgotten", pin.name,
		    "seq", (json_int_t)lc.seq));
	else
		printf("%s is forgotten: its tools are pinned as they are "
		    "seen next (row %llu)\n", out_safe(pin.name),
		    (unsigned long long)lc.seq);
	json_decref(lists);
	client_close(&cl);
	return (rc);
}
