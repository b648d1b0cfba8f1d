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

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * inspect batch: an operator measures the rules on a file of rows.  The one
 * exception to a row per verdict: one event sums the batch up, and no result
 * leaves before it is durable.
 */

#define MAX_BATCH_ROWS	200000
#define MAX_BATCH_BYTES	(32 * 1024 * 1024)	/* of results held */
#define BATCH_END	1U			/* flags: the last piece */

struct batch {
	struct wbuf	 out;		/* lines of results */
	uint64_t	 rows;
	uint64_t	 actions[3];	/* allow, alert, block */
	uint64_t	 bad;
	int		 failed;
};

static struct detect_result	found;

static void
batch_result(struct json_out *o, const char *id, const struct verdict *v)
{
	json_out_open(o, NULL, '{');
	json_out_str(o, "id", id);
	json_out_str(o, "action", v->action);
	json_out_str(o, "raw_action", v->raw_action);
	json_out_str(o, "severity", severity_name(v->severity));
	inspect_rule_ids(o, v);
	json_out_close(o, '}');
}

static int
batch_direction(const char *s, struct inspection *in)
{
	if (s == NULL || strcmp(s, "tool_call") == 0)
		in->direction = DETECT_TOOL_CALL;
	else if (strcmp(s, "prompt") == 0) {
		in->direction = DETECT_PROMPT;
		in->clamp = 1;
	} else if (strcmp(s, "completion") == 0)
		in->direction = DETECT_COMPLETION;
	else
		return (-1);
	return (0);
}

/*
 * The text of a tool call is read as its args would be, when it is JSON; any
 * other is a content, which the API gets as a string.
 */
static json_t *
batch_value(struct inspection *in, json_t *text, char *err)
{
	const char	*s = json_string_value(text);
	json_t		*args;
	int		 unreadable;

	if (in->direction != DETECT_TOOL_CALL)
		return (json_incref(text));
	args = json_bounded(s, strlen(s), MAX_BODY_VALUES, &unreadable, err);
	if (args != NULL)
		return (args);
	if (!unreadable)
		return (json_incref(text));
	in->unreadable = err;
	return (NULL);
}

static void
batch_error(struct batch *b, struct json_out *o, const char *id,
    const char *error)
{
	b->bad++;
	json_out_open(o, NULL, '{');
	json_out_str(o, "id", id != NULL ? id : "");
	json_out_str(o, "error", error);
	json_out_close(o, '}');
}

/* what the API would say of the row */
static void
batch_verdict(struct batch *b, struct json_out *o, const json_t *row)
{
	struct inspection	 in;
	struct verdict		 v;
	char			 err[MAX_JSON_ERR];
	const char		*id = body_str(row, "id");
	json_t			*text = body_get(row, "text"), *value;
	size_t			 len;
	int			 rc;

	memset(&in, 0, sizeof(in));
	if (b->rows > MAX_BATCH_ROWS) {
		batch_error(b, o, id, "too many rows: split the file");
		return;
	}
	if (id == NULL || !json_is_string(text) ||
	    batch_direction(body_str(row, "direction"), &in) == -1) {
		batch_error(b, o, id, "id, direction and text are required");
		return;
	}
	in.tool = body_str(row, "tool_name");
	value = batch_value(&in, text, err);
	rc = body_detect(&in, value, &found, &len);
	json_decref(value);
	if (rc == -1) {
		batch_error(b, o, id, "the text could not be inspected");
		return;
	}
	decide(&in, len != 0 ? &found : NULL, &v);
	b->actions[strcmp(v.raw_action, "block") == 0 ? 2 :
	    strcmp(v.raw_action, "alert") == 0]++;
	batch_result(o, id, &v);
}

static void
batch_row(struct batch *b, const char *line, size_t len)
{
	struct json_out	 o;
	char		 err[MAX_JSON_ERR], *text;
	json_t		*row;
	int		 unreadable;

	b->rows++;
	json_out_init(&o);
	row = json_bounded(line, len, MAX_BODY_VALUES, &unreadable, err);
	if (row != NULL)
		batch_verdict(b, &o, row);
	else
		batch_error(b, &o, NULL, err);
	if ((text = json_out_end(&o)) == NULL)
		b->failed = 1;
	else {
		wbuf_put(&b->out, text, strlen(text));
		wbuf_put(&b->out, "\n", 1);
	}
	free(text);
	json_decref(row);
}

static void
batch_end(struct peer *p, struct msg *msg, struct batch *b)
{
	struct asker	 a;
	struct event	 ev;
	json_t		*d;

	memset(&a, 0, sizeof(a));
	a.ctl = p;
	a.ctl_id = msg->hdr.id;
	a.principal = p->principal;
	role_actor(p->caller.uid, a.actor);
	if (b->failed || b->out.failed) {
		api_error(&a, 413, "the batch is too large: split the file");
		batch_closed(p);
		return;
	}
	stamp_event(&gatewayd.stamp, &ev, "inspect-batch", SEV_INFO);
	record_fill(&ev, &a);
	ev.field[EV_TARGET] = "batch";
	d = json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:I}", "rows",
	    (json_int_t)b->rows, "allow", (json_int_t)b->actions[0],
	    "alert", (json_int_t)b->actions[1], "block",
	    (json_int_t)b->actions[2], "malformed", (json_int_t)b->bad,
	    "rules_hash", detect_hash(gatewayd.rules->detect),
	    "rules_generation", (json_int_t)gatewayd.rules->generation);
	wbuf_put(&b->out, "", 1);
	a.code = b->bad != 0 ? CTL_FAILURE : CTL_OK;
	record_text(&a, &ev, d, b->out.failed ? "" : (char *)b->out.data);
	batch_closed(p);
}

void
batch_rows(struct peer *p, struct msg *msg)
{
	struct batch	*b = p->ctx;
	struct rbuf	 r;
	const char	*rows, *nl;
	size_t		 len;
	uint32_t	 flags;

	if (b == NULL) {
		if ((b = calloc(1, sizeof(*b))) == NULL)
			fatal("batch");
		wbuf_init(&b->out, MAX_BATCH_BYTES);
		p->ctx = b;
	}
	rbuf_init(&r, msg->data, msg->len);
	flags = rbuf_u32(&r);
	rows = rbuf_rest(&r, &len);
	/* a piece holds whole lines only */
	while (len != 0 && (nl = memchr(rows, '\n', len)) != NULL) {
		if (nl != rows)
			batch_row(b, rows, (size_t)(nl - rows));
		len -= (size_t)(nl + 1 - rows);
		rows = nl + 1;
	}
	if (len != 0)
		batch_row(b, rows, len);
	if (flags & BATCH_END)
		batch_end(p, msg, b);
}

void
batch_closed(struct peer *p)
{
	struct batch	*b = p->ctx;

	if (b == NULL)
		return;
	wbuf_free(&b->out);
	free(b);
	p->ctx = NULL;
}
