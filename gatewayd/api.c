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

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"
#include "judgelink.h"
#include "judging.h"
#include "reply.h"

/*
 * The routes, the order of refusals (401, 403, 415, then 404, 405, 400), and
 * the one way an answer leaves, over HTTP or over a control connection.
 */

#define MAX_CTL_ROUTE	64
#define APPROVALS	"/api/v1/approvals"
#define MAX_EXTRA	1024	/* bytes of our header lines */
#define MAX_BODY_KEPT	(1024 * 1024)	/* bytes whose memory stays ours */

struct route {
	enum http_verb	 method;
	const char	*path;
	size_t		 max_body;
	unsigned int	 who;		/* 0: anybody, without a token */
	void		(*handler)(const struct asker *, json_t *);
	const char	*inspect;	/* its word for a verdict's row */
	int		 has_effect;	/* beyond its answer */
	enum hook_agent	 agent;		/* of a hook's route */
};

static const struct route routes[] = {
	{ METHOD_GET, "/health", 0, 0, health_get, NULL, 0, 0 },
	{ METHOD_GET, "/status", 0, CLIENT | READERS, status_get, NULL, 0, 0 },
	{ METHOD_GET, "/metrics", 0, CLIENT | READERS, metrics_get, NULL, 0,
	    0 },
	{ METHOD_POST, "/api/v1/inspect/tool", MAX_BODY_INSPECT, CLIENT,
	    inspect_tool, "inspect-tool", 0, 0 },
	{ METHOD_POST, "/api/v1/inspect/request", MAX_BODY_INSPECT, CLIENT,
	    inspect_request, "inspect-request", 0, 0 },
	{ METHOD_POST, "/api/v1/inspect/response", MAX_BODY_INSPECT, CLIENT,
	    inspect_response, "inspect-response", 0, 0 },
	{ METHOD_POST, "/api/v1/inspect/tool-response", MAX_BODY_INSPECT,
	    CLIENT, inspect_tool_response, "inspect-tool-response", 0, 0 },
	{ METHOD_POST, "/api/v1/claude-code/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_CLAUDE_CODE },
	{ METHOD_POST, "/api/v1/codex/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_CODEX },
	{ METHOD_POST, "/api/v1/cursor/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_CURSOR },
	{ METHOD_POST, "/api/v1/geminicli/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_GEMINICLI },
	{ METHOD_POST, "/api/v1/opencode/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_OPENCODE },
	{ METHOD_POST, "/api/v1/openclaw/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_OPENCLAW },
	{ METHOD_POST, "/api/v1/generic/hook", MAX_BODY_INSPECT, CLIENT,
	    hook_post, "hook", 0, HOOK_GENERIC },
	{ METHOD_POST, "/api/v1/mcp/pins", MAX_BODY_OTHER, CLIENT, mcp_pins,
	    NULL, 1, 0 },
	{ METHOD_POST, "/v1/guardrail/evaluate", MAX_BODY_OTHER, CLIENT,
	    evaluate_guardrail, NULL, 0, 0 },
	{ METHOD_POST, "/audit/event", MAX_BODY_OTHER, CLIENT, audit_event,
	    NULL, 1, 0 },
	{ METHOD_POST, "/enforce/block", MAX_BODY_OTHER, CLIENT,
	    enforce_block, NULL, 1, 0 },
	{ METHOD_DELETE, "/enforce/block", MAX_BODY_OTHER, CLIENT,
	    enforce_block, NULL, 1, 0 },
	{ METHOD_POST, "/enforce/allow", MAX_BODY_OTHER, CLIENT,
	    enforce_allow, NULL, 1, 0 },
	{ METHOD_GET, "/enforce/blocked", 0, CLIENT, enforce_blocked, NULL, 0,
	    0 },
	{ METHOD_GET, "/enforce/allowed", 0, CLIENT, enforce_allowed, NULL, 0,
	    0 },
	{ METHOD_GET, "/alerts", 0, CLIENT, alerts_get, NULL, 0, 0 },
};
#define NROUTES	(sizeof(routes) / sizeof(routes[0]))

/* the tag of a request: its route, and above that the principal */
#define TAG_WHO		32
#define TAG_ROUTE	((1ULL << TAG_WHO) - 1)

static const char	as_json[] = "application/json";

static void	ctl_status(struct peer *, struct msg *);
static void	ctl_reload(struct peer *, struct msg *);
static void	ctl_call(struct peer *, struct msg *);

#define MAX_CTL_CALL	(MAX_BODY_INSPECT + MAX_CTL_ROUTE + 16)

const struct dispatch api_from_client[] = {
	{ MSG_CTL_STATUS, ST_ANY, 0, 0, FD_NONE, READERS, ctl_status },
	/* who came before the successor did may ask for one more */
	{ MSG_CTL_RELOAD, ST_RUNNING | ST_DRAINING, 0, 0, FD_NONE, OPERATOR,
	    ctl_reload },
	{ MSG_CTL_CALL, ST_RUNNING, 5, MAX_CTL_CALL, FD_NONE, CLIENT,
	    ctl_call },
	{ MSG_CTL_BATCH, ST_RUNNING, 4, MAX_CTL_CALL, FD_NONE, OPERATOR,
	    batch_rows },
	{ MSG_CTL_JUDGE_TEST, ST_RUNNING, 0, 0, FD_NONE, OPERATOR,
	    judgetest_ask },
	{ 0 }
};

static uint32_t
ctl_code(int status)
{
	switch (status) {
	case 200:
		return (CTL_OK);
	case 400:
	case 404:
	case 413:
		return (status == 404 ? CTL_NOT_FOUND : CTL_USAGE);
	case 401:
	case 403:
		return (CTL_PERMISSION);
	default:
		return (CTL_FAILURE);
	}
}

/* plug-ins keep what these two say, so a masked one is not sent */
static size_t
agent_lines(const struct asker *a, char *buf, size_t size)
{
	const char	*agent = a->agent_id;
	size_t		 n = 0;

	if (agent[0] == '\0')
		agent = gatewayd.suite.agent_id;
	if (agent[0] != '\0' && agent[0] != '<')
		n = (size_t)snprintf(buf, size,
		    "X-DefenseClaw-Agent-Id: %s\r\n", agent);
	if (a->agent_instance_id[0] != '\0' && a->agent_instance_id[0] != '<')
		n += (size_t)snprintf(buf + n, size - n,
		    "X-DefenseClaw-Agent-Instance-Id: %s\r\n",
		    a->agent_instance_id);
	return (n);
}

static void
answer_text(const struct asker *a, int status, const char *type,
    const char *text, const struct under *under, uint64_t seq)
{
	char		 extra[MAX_EXTRA];
	size_t		 len = strlen(text);
	size_t		 n;

	if (a->ctl != NULL) {
		peer_text(a->ctl, a->ctl_id, text, len);
		peer_done(a->ctl, a->ctl_id, status == 200 ?
		    (uint32_t)a->code : ctl_code(status));
		return;
	}
	n = (size_t)snprintf(extra, sizeof(extra),
	    "X-DefenseClaw-Request-Id: %s\r\n", a->request_id);
	n += agent_lines(a, extra + n, sizeof(extra) - n);
	if (seq != 0)
		snprintf(extra + n, sizeof(extra) - n,
		    "X-DefenseClaw-Audit-Seq: %llu\r\n"
		    "X-DefenseClaw-Generation: config=%llu rules=%llu "
		    "lists=%llu\r\n", (unsigned long long)seq,
		    (unsigned long long)under->config,
		    (unsigned long long)under->rules,
		    (unsigned long long)under->lists);
	stats_answered(a);
	conn_reply(gatewayd.server, a->conn, status, type, extra, text, len);
}

/*
 * Sends and takes the JSON; every body ends with a newline.
 */
void
api_answer(const struct asker *a, int status, json_t *j)
{
	char	*text, *line;
	size_t	 len;

	text = json_text(j);
	json_decref(j);
	if (text == NULL || (line = realloc(text, (len = strlen(text)) +
	    2)) == NULL) {
		free(text);
		fatal("answer");
	}
	line[len] = '\n';
	line[len + 1] = '\0';
	answer_text(a, status, as_json, line, NULL, 0);
	free(line);
}

/* a text that is no JSON and ends as it should */
void
api_plain(const struct asker *a, const char *type, const char *text)
{
	answer_text(a, 200, type, text, NULL, 0);
}

void
api_durable(const struct asker *a, const char *text,
    const struct under *under, uint64_t seq)
{
	answer_text(a, 200, as_json, text, under, seq);
}

static void
error_http(uint64_t conn, const char *request_id, int status,
    const char *error)
{
	char	body[MAX_REPLY_ERROR], extra[MAX_EXTRA];
	size_t	len;

	snprintf(extra, sizeof(extra), "X-DefenseClaw-Request-Id: %s\r\n%s",
	    request_id, status == 503 ? "Retry-After: 1\r\n" : "");
	len = reply_error_body(body, sizeof(body), error);
	conn_reply(gatewayd.server, conn, status, "application/json", extra,
	    body, len);
}

void
api_error(const struct asker *a, int status, const char *error)
{
	if (a->ctl != NULL)
		peer_error(a->ctl, a->ctl_id, ctl_code(status), "%s", error);
	else {
		stats_answered(a);
		error_http(a->conn, a->request_id, status, error);
	}
}

/*
 * No audit, no verdict.
 */
void
api_unavailable(const struct asker *a)
{
	char	text[MAX_CTL_TEXT + 64];

	gatewayd.unavailable++;
	gatewayd.stats.unavailable++;
	snprintf(text, sizeof(text), "no verdict: the audit log takes no "
	    "event: %s", gatewayd.store.text[0] != '\0' ?
	    gatewayd.store.text : "auditd is being replaced, try again");
	api_error(a, 503, text);
}

/*
 * Beyond its limit the actor is refused.  Of those who ask for a verdict
 * some look at the body only: what they find there is no leave to go on.
 */
void
api_limited(const struct asker *a, const char *what, unsigned int wait_s)
{
	char	 text[192], finding[64], extra[MAX_EXTRA], *body;
	json_t	*j;

	gatewayd.limited++;
	gatewayd.stats.limited++;
	refusal_actor(a->actor, what);
	snprintf(text, sizeof(text), "%s has %s: try again in %u s", a->actor,
	    strcmp(what, LIMIT_REQUESTS) == 0 ? "made too many requests" :
	    "had its share of the audit log", wait_s);
	if (a->ctl != NULL) {
		peer_error(a->ctl, a->ctl_id, ctl_code(429), "no verdict: %s",
		    text);
		return;
	}
	j = json_pack("{s:s}", "error", text);
	snprintf(finding, sizeof(finding), "REFUSED:%s", what);
	if (a->inspects)
		(void)json_object_update_new(j, json_pack(
		    "{s:s,s:s,s:s,s:f,s:s,s:[s],s:s,s:b}", "action", "block",
		    "raw_action", "block", "severity", "HIGH", "confidence",
		    1.0, "reason", text, "findings", finding, "mode",
		    decide_mode(), "would_block", 1));
	body = json_text(j);
	json_decref(j);
	if (body == NULL)
		fatal("answer");
	snprintf(extra, sizeof(extra), "X-DefenseClaw-Request-Id: %s\r\n"
	    "Retry-After: %u\r\n", a->request_id, wait_s);
	conn_reply(gatewayd.server, a->conn, 429, "application/json", extra,
	    body, strlen(body));
	free(body);
}

/* is its answer leave to go on, or none; r may be NULL */
static int
asks_verdict(const struct route *r)
{
	return (r != NULL && (r->inspect != NULL ||
	    r->handler == evaluate_guardrail));
}

/* NULL, with *known when another method would do */
static const struct route *
route_find(const struct http_head *h, int *known)
{
	size_t	i;

	*known = 0;
	for (i = 0; i < NROUTES; i++) {
		if (!http_slice_eq(h->path, routes[i].path))
			continue;
		*known = 1;
		if (routes[i].method == h->method)
			return (&routes[i]);
	}
	return (NULL);
}

/* refused as a net/http server says it, which clients were written for */
static void
plain_http(uint64_t conn, const struct http_head *h, int status,
    const char *text)
{
	char	extra[MAX_EXTRA], request_id[MAX_CORR + 1];

	auth_request_id(h, request_id);
	snprintf(extra, sizeof(extra), "X-DefenseClaw-Request-Id: %s\r\n"
	    "X-Content-Type-Options: nosniff\r\n%s", request_id,
	    status == 401 ? "WWW-Authenticate: Bearer\r\n" : "");
	conn_reply(gatewayd.server, conn, status,
	    "text/plain; charset=utf-8", extra, text, strlen(text));
}

/* refused for its rate, before its route is looked at */
static int
limited_http(uint64_t id, const struct route *r, const struct conn_peer *peer,
    const struct http_head *h)
{
	struct asker	 a;
	const char	*what;
	char		 actor[MAX_ACTOR];
	unsigned int	 wait_s;

	auth_actor(peer, h, actor);
	if ((wait_s = limits_request(actor, &what)) == 0)
		return (0);
	memset(&a, 0, sizeof(a));
	a.conn = id;
	a.inspects = asks_verdict(r);
	strlcpy(a.actor, actor, sizeof(a.actor));
	auth_request_id(h, a.request_id);
	api_limited(&a, what, wait_s);
	return (1);
}

static size_t
api_head(void *arg, uint64_t id, const struct conn_peer *peer,
    const struct http_head *h, uint64_t *tag)
{
	const struct route	*r;
	const char		*error, *reason;
	char			 rid[MAX_CORR + 1], text[MAX_REPLY_ERROR];
	unsigned int		 who = NOBODY;
	int			 known, status, open_to_all;

	(void)arg;
	r = route_find(h, &known);
	open_to_all = r != NULL && r->who == 0;
	if (!open_to_all && (who = auth_peer(peer, h)) == NOBODY) {
		refusal_peer(peer, "unauthorized");
		plain_http(id, h, 401, "{\"error\":\"unauthorized\"}\n");
		return (0);
	}
	if (!open_to_all && limited_http(id, r, peer, h))
		return (0);
	if ((status = auth_csrf(peer, h, &error, &reason)) != 0) {
		refusal_peer(peer, reason);
		text[reply_error_body(text, sizeof(text) - 1, error)] = '\0';
		plain_http(id, h, status, text);
		return (0);
	}
	if (r == NULL) {
		/* no route decides on those, and who looks for one is seen */
		if (h->path.len >= sizeof(APPROVALS) - 1 && memcmp(h->path.p,
		    APPROVALS, sizeof(APPROVALS) - 1) == 0)
			refusal_peer(peer, "approval");
		plain_http(id, h, known ? 405 : 404, known ?
		    "method not allowed\n" : "404 page not found\n");
		return (0);
	}
	if (!open_to_all && !(who & r->who)) {
		refusal_peer(peer, "principal");
		auth_request_id(h, rid);
		error_http(id, rid, 403, "this principal may not use this "
		    "route");
		return (0);
	}
	*tag = (uint64_t)who << TAG_WHO | (uint64_t)(r - routes);
	return (r->max_body);
}

/*
 * limit=N of /alerts, the first one; others are ignored, as they always
 * were.  0 when absent, -1 when not a positive number.
 */
static int
query_limit(const struct http_head *h, unsigned int *limit)
{
	static const char	 key[] = "limit=";
	const char		*p = h->query.p, *end, *amp;
	size_t			 n;

	*limit = 0;
	if (p == NULL)
		return (0);
	for (end = p + h->query.len; p < end; p = amp + 1) {
		if ((amp = memchr(p, '&', (size_t)(end - p))) == NULL)
			amp = end;
		n = (size_t)(amp - p);
		if (n < sizeof(key) - 1 || memcmp(p, key, sizeof(key) - 1) != 0)
			continue;
		/* more than there may be is as many as there may be */
		for (p += sizeof(key) - 1; p < amp; p++) {
			if (*p < '0' || *p > '9')
				return (-1);
			*limit = *limit * 10 + (unsigned int)(*p - '0');
			if (*limit > MAX_ALERT_ROWS)
				*limit = MAX_ALERT_ROWS;
		}
		return (*limit != 0 ? 0 : -1);
	}
	return (0);
}

/* what is wrong with a body, NULL for nothing */
static const char *
body_wrong(const json_t *j, int *unreadable)
{
	if (!json_is_object(j))
		return ("not an object");
	if (json_object_size(j) > MAX_BODY_MEMBERS) {
		*unreadable = 1;
		return ("too many members");
	}
	if (body_ambiguous(j))
		return ("member names differ in case only");
	return (NULL);
}

static int
starts_object(const char *body, size_t len)
{
	size_t	i;

	for (i = 0; i < len && strchr(" \n\t\r", body[i]) != NULL; i++)
		continue;
	return (i < len && body[i] == '{');
}

static void
call(const struct route *r, const struct asker *a, const char *body,
    size_t len)
{
	const char	*wrong = NULL;
	char		 err[MAX_JSON_ERR], text[MAX_JSON_ERR + 32];
	json_t		*j = NULL;
	int		 unreadable = 0;

	if (r->max_body != 0) {
		j = json_bounded(body, len, MAX_BODY_VALUES, &unreadable,
		    err);
		wrong = j == NULL ? err : body_wrong(j, &unreadable);
	}
	if (wrong == NULL)
		r->handler(a, j);
	else if (unreadable && r->inspect != NULL && starts_object(body,
	    len)) {
		/* clients take an error for leave to go on */
		if (r->handler == hook_post)
			hook_unreadable(a, wrong);
		else
			inspect_unreadable(a, r->inspect, wrong);
	} else {
		snprintf(text, sizeof(text), "invalid JSON body: %s", wrong);
		api_error(a, 400, text);
	}
	json_decref(j);
	/* what a large one took goes back */
	if (len > MAX_BODY_KEPT)
		malloc_trim(0);
}

static void
api_request(void *arg, uint64_t id, const struct conn_peer *peer,
    const struct http_head *h, uint64_t tag, const char *body, size_t len)
{
	const struct route	*r = &routes[tag & TAG_ROUTE];
	struct asker		 a;

	(void)arg;
	memset(&a, 0, sizeof(a));
	a.conn = id;
	a.since_us = clock_us();
	a.principal = (unsigned int)(tag >> TAG_WHO);
	if (r->who != 0)
		auth_actor(peer, h, a.actor);
	auth_asker(&a, h);
	a.has_effect = r->has_effect;
	a.inspects = asks_verdict(r);
	a.agent = r->agent;
	limits_body(a.actor, len);
	if (r->handler == alerts_get && query_limit(h, &a.limit) == -1) {
		api_error(&a, 400, "limit must be a positive number");
		return;
	}
	call(r, &a, body, len);
}

static void
api_event(void *arg, const struct conn_peer *peer, int status,
    const char *reason)
{
	(void)arg;
	if (gatewayd.serving)
		refusal_conn(peer, status, reason);
}

const struct conn_ops api_ops = { api_head, api_request, api_event,
    &role.start.groups };

static void
control_closed(struct peer *p)
{
	record_forget(p);
	reload_forget(p);
	judgetest_forget(p);
	judging_forget(p);
	batch_closed(p);
	role_client_closed(p);
}

void
api_control_refused(struct peer *p, uint32_t type)
{
	struct conn_peer	cp;

	(void)type;
	memset(&cp, 0, sizeof(cp));
	cp.is_unix = 1;
	cp.caller = &p->caller;
	refusal_peer(&cp, "control");
}

void
api_control(struct peer *p)
{
	p->on_close = control_closed;
}

static void
ctl_status(struct peer *p, struct msg *msg)
{
	struct asker	a;

	memset(&a, 0, sizeof(a));
	a.ctl = p;
	a.ctl_id = msg->hdr.id;
	api_answer(&a, 200, health_worker());
}

/*
 * An operator's reload is recorded, then asked for; the supervisor's answer
 * finds its way back by the id.
 */
static void
ctl_reload(struct peer *p, struct msg *msg)
{
	struct event	 ev;
	char		 actor[MAX_ACTOR];

	role_actor(p->caller.uid, actor);
	stamp_event(&gatewayd.stamp, &ev, ACTION_RELOAD, SEV_INFO);
	ev.field[EV_TARGET] = "config.yaml";
	ev.field[EV_ACTOR] = actor;
	record_event(&ev, NULL);
	reload_ask(p, msg->hdr.id);
}

/*
 * A client's call without HTTP: a route and its body.
 */
static void
ctl_call(struct peer *p, struct msg *msg)
{
	struct asker		 a;
	struct rbuf		 r;
	const char		*path, *method, *body, *what;
	uint8_t			 id[EVENT_ID_LEN];
	size_t			 i, len;
	enum http_verb		 verb;
	unsigned int		 wait_s;

	memset(&a, 0, sizeof(a));
	a.ctl = p;
	a.ctl_id = msg->hdr.id;
	a.principal = p->principal;
	role_actor(p->caller.uid, a.actor);
	stamp_id(&gatewayd.stamp, id);
	event_uuid(id, a.request_id);
	strlcpy(a.logged_id, a.request_id, sizeof(a.logged_id));
	rbuf_init(&r, msg->data, msg->len);
	method = rbuf_str(&r, MAX_HTTP_METHOD);
	path = rbuf_str(&r, MAX_CTL_ROUTE);
	body = rbuf_rest(&r, &len);
	verb = strcmp(method, "POST") == 0 ? METHOD_POST :
	    strcmp(method, "DELETE") == 0 ? METHOD_DELETE : METHOD_GET;
	a.is_delete = verb == METHOD_DELETE;
	for (i = 0; i < NROUTES; i++)
		if (routes[i].method == verb &&
		    strcmp(routes[i].path, path) == 0)
			break;
	if (r.failed || i == NROUTES) {
		api_error(&a, 404, "no such route");
		return;
	}
	if (len > routes[i].max_body) {
		api_error(&a, 413, "the body is too large");
		return;
	}
	if ((wait_s = limits_request(a.actor, &what)) != 0) {
		api_limited(&a, what, wait_s);
		return;
	}
	limits_body(a.actor, len);
	a.has_effect = routes[i].has_effect;
	a.agent = routes[i].agent;
	call(&routes[i], &a, body, len);
}
