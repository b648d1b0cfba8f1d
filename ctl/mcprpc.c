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
#include <strings.h>

#include "common/json.h"
#include "mcp.h"

/*
 * Messages of JSON-RPC 2.0 and the lines they come in.
 */

static void
bad(struct rpc *r, int code, const char *why)
{
	r->kind = RPC_BAD;
	r->code = code;
	strlcpy(r->why, why, sizeof(r->why));
}

/* keys that a reader which ignores case takes for one; or too many */
static int
is_ambiguous(const json_t *o)
{
	void	*a, *b;
	json_t	*v = (json_t *)(uintptr_t)o;

	if (json_object_size(o) > MAX_MCP_MEMBERS)
		return (1);
	for (a = json_object_iter(v); a != NULL;
	    a = json_object_iter_next(v, a))
		for (b = json_object_iter_next(v, a); b != NULL;
		    b = json_object_iter_next(v, b))
			if (strcasecmp(json_object_iter_key(a),
			    json_object_iter_key(b)) == 0)
				return (1);
	return (0);
}

/* as JSON into id; a string or a whole number, as MCP has it */
static int
take_id(const json_t *v, char id[MAX_MCP_ID])
{
	char	*text;
	int	 rc = -1;

	if (!json_is_string(v) && !json_is_integer(v))
		return (-1);
	if ((text = json_text(v)) != NULL &&
	    strlcpy(id, text, MAX_MCP_ID) < MAX_MCP_ID)
		rc = 0;
	else
		strlcpy(id, "null", MAX_MCP_ID);
	free(text);
	return (rc);
}

static int
has_only_ours(const json_t *msg)
{
	static const char *const ours[] = { "jsonrpc", "id", "method",
	    "params", "result", "error" };
	const char	*key;
	json_t		*v;
	size_t		 i;

	json_object_foreach((json_t *)(uintptr_t)msg, key, v) {
		for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			if (strcmp(key, ours[i]) == 0)
				break;
		if (i == sizeof(ours) / sizeof(ours[0]))
			return (0);
	}
	return (1);
}

/* request, notification or answer, by the members it has; NULL, or why not */
static const char *
classify(struct rpc *r)
{
	const json_t	*method = json_object_get(r->msg, "method");
	const json_t	*params = json_object_get(r->msg, "params");
	const json_t	*result = json_object_get(r->msg, "result");
	const json_t	*error = json_object_get(r->msg, "error");
	const json_t	*id = json_object_get(r->msg, "id");

	if (id != NULL && take_id(id, r->id) == -1 && (error == NULL ||
	    !json_is_null(id)))
		return ("its id is neither a short string nor a whole number");
	if (method != NULL) {
		if (result != NULL || error != NULL)
			return ("it is request and answer at once");
		r->method = json_string_value(method);
		if (r->method == NULL || r->method[0] == '\0' ||
		    strlen(r->method) > MAX_MCP_METHOD)
			return ("its method is no name");
		if (params != NULL && !json_is_object(params))
			return ("its params are no object");
		if (is_ambiguous(params))
			return ("two of its params differ in case only, or "
			    "there are too many");
		r->body = params;
		r->kind = id != NULL ? RPC_REQUEST : RPC_NOTIFICATION;
		return (NULL);
	}
	if (params != NULL || (result == NULL) == (error == NULL) ||
	    id == NULL)
		return ("it is neither request nor answer");
	if (error != NULL && !json_is_object(error))
		return ("its error is no object");
	r->body = result != NULL ? result : error;
	r->kind = result != NULL ? RPC_RESULT : RPC_ERROR;
	return (NULL);
}

void
rpc_read(struct rpc *r, const char *line, size_t len)
{
	struct rpc_scan	 scan;
	const char	*version, *why = NULL;
	int		 unreadable;

	memset(r, 0, sizeof(*r));
	strlcpy(r->id, "null", sizeof(r->id));
	/* a line's end for some readers, who would find two messages */
	if (len > 1 && memchr(line, '\r', len - 1) != NULL)
		strlcpy(r->why, "a carriage return inside of it",
		    sizeof(r->why));
	else
		r->msg = json_bounded(line, len, MAX_MCP_VALUES, &unreadable,
		    r->why);
	if (r->msg == NULL) {
		r->kind = RPC_BAD;
		r->code = RPC_PARSE;
		memset(&scan, 0, sizeof(scan));
		rpc_scan(&scan, line, len);
		rpc_scan_id(&scan, r->id);
		return;
	}
	version = json_str(r->msg, "jsonrpc");
	if (json_is_array(r->msg))
		why = "an array of messages is no part of MCP 2025-06-18";
	else if (!json_is_object(r->msg) || version == NULL ||
	    strcmp(version, "2.0") != 0)
		why = "it is no JSON-RPC 2.0";
	else if (!has_only_ours(r->msg))
		why = "it has a member that JSON-RPC has not";
	else
		why = classify(r);
	if (why != NULL)
		bad(r, RPC_INVALID, why);
}

void
rpc_free(struct rpc *r)
{
	json_decref(r->msg);
	r->msg = NULL;
}

char *
rpc_error(const char *id, int code, const char *why)
{
	char	*text, *line = NULL;
	json_t	*j;
	size_t	 len;

	/* the id is ours to write: it was read as JSON, or is null */
	j = json_pack("{s:i,s:s}", "code", code, "message", why);
	text = json_text(j);
	json_decref(j);
	if (text == NULL)
		return (NULL);
	len = strlen(text) + strlen(id) + 64;
	if ((line = malloc(len)) != NULL)
		snprintf(line, len, "{\"jsonrpc\":\"2.0\",\"id\":%s,"
		    "\"error\":%s}\n", id, text);
	free(text);
	return (line);
}

/* a key or value of the outermost object is over */
static void
scan_end(struct rpc_scan *s)
{
	if (s->key && s->len != 0) {
		s->is_id = s->len == 4 && memcmp(s->text, "\"id\"", 4) == 0;
		s->key = 0;
	} else if (s->is_id) {
		s->found++;
		s->is_id = 0;
		if (s->len < sizeof(s->text)) {
			memcpy(s->id, s->text, s->len);
			s->id[s->len] = '\0';
		}
	}
	s->len = 0;
}

static void
scan_keep(struct rpc_scan *s, char c)
{
	if (s->depth != 1)
		return;
	/* one too long stays so */
	if (s->len < sizeof(s->text))
		s->text[s->len++] = c;
}

static void
scan_outside(struct rpc_scan *s, char c)
{
	switch (c) {
	case '"':
		s->quoted = 1;
		scan_keep(s, c);
		break;
	case '{':
	case '[':
		/* a value that is no id, whatever is in it */
		scan_keep(s, c);
		if (s->depth++ == 0)
			s->key = c == '{';
		break;
	case '}':
	case ']':
		if (s->depth == 1)
			scan_end(s);
		if (s->depth > 0)
			s->depth--;
		break;
	case ',':
	case ':':
		if (s->depth != 1)
			break;
		scan_end(s);
		s->key = c == ',';
		break;
	case ' ':
	case '\t':
	case '\r':
		break;
	default:
		scan_keep(s, c);
		break;
	}
}

void
rpc_scan(struct rpc_scan *s, const char *p, size_t len)
{
	for (; len != 0; p++, len--) {
		if (!s->quoted) {
			/* an object, and nothing beside it */
			if (s->depth == 0 && *p != '{' &&
			    strchr(" \t\r", *p) == NULL)
				s->found = 2;
			scan_outside(s, *p);
			continue;
		}
		scan_keep(s, *p);
		if (s->escaped)
			s->escaped = 0;
		else if (*p == '\\')
			s->escaped = 1;
		else if (*p == '"')
			s->quoted = 0;
	}
}

void
rpc_scan_id(struct rpc_scan *s, char id[MAX_MCP_ID])
{
	char	 text[MAX_MCP_ID + 2], err[MAX_JSON_ERR];
	json_t	*j;
	int	 n;

	strlcpy(id, "null", MAX_MCP_ID);
	if (s->found != 1 || s->id[0] == '\0')
		return;
	n = snprintf(text, sizeof(text), "[%s]", s->id);
	if ((j = json_strict(text, (size_t)n, err)) != NULL &&
	    json_array_size(j) == 1)
		(void)take_id(json_array_get(j, 0), id);
	json_decref(j);
}

void
rpc_in_init(struct rpc_in *in)
{
	memset(in, 0, sizeof(*in));
	wbuf_init(&in->line, MAX_MCP_LINE);
}

void
rpc_in_free(struct rpc_in *in)
{
	wbuf_free(&in->line);
}

/* no message, and nobody is told of it */
static int
is_blank(const struct wbuf *w)
{
	size_t	i;

	for (i = 0; i < w->len; i++)
		if (w->data[i] != ' ' && w->data[i] != '\t' &&
		    w->data[i] != '\r')
			return (0);
	return (1);
}

static void
in_line(struct rpc_in *in, const char *why, rpc_line *line, void *arg)
{
	char	id[MAX_MCP_ID];

	if (!in->skip && is_blank(&in->line))
		;
	else if (!in->skip && why == NULL)
		line(arg, (char *)in->line.data, in->line.len, NULL, NULL);
	else {
		if (!in->skip)
			rpc_scan(&in->scan, (char *)in->line.data,
			    in->line.len);
		rpc_scan_id(&in->scan, id);
		line(arg, NULL, 0, why != NULL ? why : "it is longer than "
		    "4 MiB", id);
	}
	wbuf_reset(&in->line);
	memset(&in->scan, 0, sizeof(in->scan));
	in->skip = 0;
}

void
rpc_in_take(struct rpc_in *in, const char *p, size_t len, rpc_line *line,
    void *arg)
{
	const char	*end;
	size_t		 n;

	for (; len != 0; p += n, len -= n) {
		end = memchr(p, '\n', len);
		n = end != NULL ? (size_t)(end - p) : len;
		if (!in->skip && n > MAX_MCP_LINE - in->line.len) {
			in->skip = 1;
			rpc_scan(&in->scan, (char *)in->line.data,
			    in->line.len);
			wbuf_reset(&in->line);
		}
		if (in->skip)
			rpc_scan(&in->scan, p, n);
		else
			wbuf_put(&in->line, p, n);
		if (in->line.failed)
			in->skip = 1;
		if (end != NULL) {
			in_line(in, NULL, line, arg);
			n++;
		}
	}
}

void
rpc_in_end(struct rpc_in *in, rpc_line *line, void *arg)
{
	in_line(in, "it ends without a newline", line, arg);
}
