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

#include <sys/tree.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/confine.h"
#include "common/json.h"
#include "common/proto.h"
#include "mcp.h"
#include "output.h"

/*
 * The process between client and server.  One message is judged after the
 * other, so that each side gets them in the order in which they came.
 */

#define MAX_READ	65536

enum side_id { CLIENT_SIDE, SERVER_SIDE };

/* a request that a side has made and nobody has answered */
struct call {
	RB_ENTRY(call) entry;
	char		*id;		/* as JSON */
	char		*tool;		/* or method */
	int		 quiet;		/* an empty answer goes unasked */
	enum {
		LIST_NONE, LIST_FIRST, LIST_LATER
	}		 list;		/* a page of tools/list */
};
RB_HEAD(calls, call);

struct side {
	enum side_id	 id;
	const char	*name;
	int		 in;		/* -1: it says no more */
	int		 out;		/* -1: it hears no more */
	size_t		 most;		/* bytes of a write that cannot block */
	struct rpc_in	 lines;
	struct wbuf	 queue;		/* what it is to be told */
	size_t		 sent;		/* of that */
	struct calls	 asked;
	unsigned int	 nasked;
};

static struct gate {
	struct mcp_gate	*conf;
	struct side	 sides[2];
	int		 lost;		/* no memory for what to say */
	char		 refused[MAX_HOOK_REASON]; /* tools: so no calls */
} gate;

static int
call_cmp(struct call *a, struct call *b)
{
	return (strcmp(a->id, b->id));
}

RB_PROTOTYPE(calls, call, entry, call_cmp)
RB_GENERATE(calls, call, entry, call_cmp)

/* methods whose short messages carry no text that anybody acts upon */
static const char *const quiet[] = {
	"ping", "tools/list", "prompts/list", "resources/list",
	"resources/templates/list", "logging/setLevel", "roots/list",
	"notifications/initialized", "notifications/cancelled",
	"notifications/progress", "notifications/roots/list_changed",
	"notifications/tools/list_changed",
	"notifications/prompts/list_changed",
	"notifications/resources/list_changed",
	"notifications/resources/updated", NULL
};

static int
is_quiet(const char *method)
{
	const char *const	*m;

	for (m = quiet; *m != NULL; m++)
		if (strcmp(*m, method) == 0)
			return (1);
	return (0);
}

static struct side *
peer_of(const struct side *s)
{
	return (&gate.sides[s->id == CLIENT_SIDE ? SERVER_SIDE :
	    CLIENT_SIDE]);
}

static struct call *
call_find(struct side *s, const char *id)
{
	struct call	key;

	key.id = (char *)(uintptr_t)id;
	return (RB_FIND(calls, &s->asked, &key));
}

static void
call_free(struct side *s, struct call *rq)
{
	RB_REMOVE(calls, &s->asked, rq);
	s->nasked--;
	free(rq->id);
	free(rq->tool);
	free(rq);
}

/* NULL, or why it may not be made */
static const char *
call_add(struct side *s, const char *id, const char *tool, int is_short)
{
	struct call	*rq;

	if (call_find(s, id) != NULL)
		return ("its id is that of a request under way");
	if (s->nasked >= MAX_MCP_PENDING)
		return ("too many requests are unanswered");
	if ((rq = calloc(1, sizeof(*rq))) == NULL ||
	    (rq->id = strdup(id)) == NULL ||
	    (rq->tool = strdup(tool)) == NULL) {
		if (rq != NULL)
			free(rq->id);
		free(rq);
		return ("no memory");
	}
	rq->quiet = is_short;
	RB_INSERT(calls, &s->asked, rq);
	s->nasked++;
	return (NULL);
}

static void
tell(struct side *s, const char *text, size_t len)
{
	if (s->out == -1)
		return;
	wbuf_put(&s->queue, text, len);
	/* a message cut short would be another message */
	if (s->queue.failed)
		gate.lost = 1;
}

static void
tell_error(struct side *s, const char *id, int code, const char *why)
{
	char	 reason[MAX_HOOK_REASON], *line;

	hook_reason(reason, sizeof(reason), why);
	if ((line = rpc_error(id, code, reason)) == NULL)
		gate.lost = 1;
	else
		tell(s, line, strlen(line));
	free(line);
}

static void
pass(struct side *to, const char *line, size_t len)
{
	tell(to, line, len);
	tell(to, "\n", 1);
}

static void
dropped(const struct side *from, const char *why)
{
	char	reason[MAX_HOOK_REASON];

	hook_reason(reason, sizeof(reason), why);
	out_note("mcp %s: a message of the %s is not passed on: %s",
	    gate.conf->name, from->name, reason);
}

/*
 * A message that is none.  Who waits for it is told: the side that sent it,
 * or the one whose request it would have answered.
 */
static void
refuse(struct side *from, const char *id, int code, const char *why)
{
	struct side	*to = peer_of(from);
	struct call	*rq = call_find(to, id);
	char		 text[MAX_HOOK_REASON];

	dropped(from, why);
	snprintf(text, sizeof(text), "DefenseClaw: a message of the %s is "
	    "not passed on: %s", from->name, why);
	if (rq != NULL) {
		call_free(to, rq);
		tell_error(to, id, code, text);
	} else if (from->id == CLIENT_SIDE)
		tell_error(from, id, code, text);
}

static int
ask(const struct rpc *r, enum mcp_ask kind, const char *tool,
    char reason[MAX_HOOK_REASON])
{
	struct mcp_question	q;

	q.ask = kind;
	q.tool = tool;
	q.body = r->body;
	q.pins = NULL;
	return (mcp_ask(gate.conf, &q, reason));
}

/* of a call, the tool's name; what is not there is asked by its method */
static const char *
tool_of(const struct rpc *r)
{
	const char	*name = NULL;

	if (strcmp(r->method, "tools/call") == 0)
		name = json_str(r->body, "name");
	return (name != NULL ? name : r->method);
}

/* what the client has said goes to a tool, what the server has to a model */
static enum mcp_ask
way_of(const struct side *from)
{
	return (from->id == CLIENT_SIDE ? ASK_CALL : ASK_RESULT);
}

/*
 * A list that was refused was of tools that are not what they were; and one
 * that is called before its list was read to the end is a list all the same.
 */
static int
may_call(const struct rpc *r, char reason[MAX_HOOK_REASON])
{
	if (strcmp(r->method, "tools/call") != 0)
		return (1);
	if (gate.refused[0] == '\0') {
		if (mcp_pins_end(gate.conf, reason) == 0)
			return (1);
		if (gate.conf->changed)
			strlcpy(gate.refused, reason, sizeof(gate.refused));
		return (0);
	}
	strlcpy(reason, gate.refused, MAX_HOOK_REASON);
	return (0);
}

/* the tools are those that were pinned, or the first that were seen */
static int
may_list(const struct rpc *r, const struct call *rq,
    char reason[MAX_HOOK_REASON])
{
	if (r->kind != RPC_RESULT || rq->list == LIST_NONE)
		return (1);
	if (mcp_pins_page(gate.conf, r->body, rq->list == LIST_FIRST,
	    reason) == 0) {
		gate.refused[0] = '\0';
		return (1);
	}
	if (gate.conf->changed)
		strlcpy(gate.refused, reason, sizeof(gate.refused));
	return (0);
}

static void
take_request(struct side *from, const struct rpc *r, const char *line,
    size_t len)
{
	const char	*tool = tool_of(r), *why;
	enum mcp_ask	 kind = way_of(from);
	char		 reason[MAX_HOOK_REASON];
	int		 is_short = is_quiet(r->method);

	if (strcmp(r->method, "tools/call") == 0 && (tool == r->method ||
	    tool[0] == '\0')) {
		refuse(from, r->id, RPC_INVALID, "its tool has no name");
		return;
	}
	if ((why = call_add(from, r->id, tool, is_short)) != NULL) {
		/* that id's answer is another's */
		refuse(from, "null", RPC_INVALID, why);
		return;
	}
	if (is_short && len <= MAX_MCP_QUIET)
		kind = ASK_NOTHING;
	if (from->id == CLIENT_SIDE && strcmp(r->method, "tools/list") == 0)
		call_find(from, r->id)->list = json_object_get(r->body,
		    "cursor") == NULL ? LIST_FIRST : LIST_LATER;
	if (may_call(r, reason) && ask(r, kind, tool, reason) == 0) {
		pass(peer_of(from), line, len);
		return;
	}
	dropped(from, reason);
	call_free(from, call_find(from, r->id));
	tell_error(from, r->id, RPC_BLOCKED, reason);
}

static void
take_notification(struct side *from, const struct rpc *r, const char *line,
    size_t len)
{
	enum mcp_ask	 kind = way_of(from);
	char		 reason[MAX_HOOK_REASON], *id;
	struct call	*rq;

	if (is_quiet(r->method) && len <= MAX_MCP_QUIET)
		kind = ASK_NOTHING;
	if (ask(r, kind, r->method, reason) == -1) {
		dropped(from, reason);
		return;
	}
	/* whoever cancels hears of it no more */
	if (strcmp(r->method, "notifications/cancelled") == 0 &&
	    (id = json_text(json_object_get(r->body, "requestId"))) != NULL) {
		if ((rq = call_find(from, id)) != NULL)
			call_free(from, rq);
		free(id);
	}
	pass(peer_of(from), line, len);
}

static void
take_answer(struct side *from, const struct rpc *r, const char *line,
    size_t len)
{
	struct side	*to = peer_of(from);
	struct call	*rq = call_find(to, r->id);
	enum mcp_ask	 kind = way_of(from);
	char		 reason[MAX_HOOK_REASON];

	if (rq == NULL) {
		dropped(from, "it answers nothing that was asked");
		return;
	}
	if (r->kind == RPC_RESULT && len <= MAX_MCP_QUIET && rq->quiet &&
	    json_is_object(r->body) && json_object_size(r->body) == 0)
		kind = ASK_NOTHING;
	if (ask(r, kind, rq->tool, reason) == 0 && may_list(r, rq, reason))
		pass(to, line, len);
	else {
		dropped(from, reason);
		tell_error(to, r->id, RPC_BLOCKED, reason);
	}
	call_free(to, rq);
}

static void
take_line(void *arg, const char *line, size_t len, const char *why,
    const char *id)
{
	struct side	*from = arg;
	struct rpc	 r;

	if (line == NULL) {
		refuse(from, id, RPC_PARSE, why);
		return;
	}
	rpc_read(&r, line, len);
	switch (r.kind) {
	case RPC_BAD:
		refuse(from, r.id, r.code, r.why);
		break;
	case RPC_REQUEST:
		take_request(from, &r, line, len);
		break;
	case RPC_NOTIFICATION:
		take_notification(from, &r, line, len);
		break;
	case RPC_RESULT:
	case RPC_ERROR:
		take_answer(from, &r, line, len);
		break;
	}
	rpc_free(&r);
}

/* says no more; 1: read again later */
static int
take(struct side *s)
{
	static char	buf[MAX_READ];
	char		reason[MAX_HOOK_REASON];
	ssize_t		n;

	n = read(s->in, buf, sizeof(buf));
	if (n == -1 && (errno == EINTR || (errno == EAGAIN &&
	    !gate.conf->gone)))
		return (1);
	if (n > 0) {
		rpc_in_take(&s->lines, buf, (size_t)n, take_line, s);
		return (1);
	}
	rpc_in_end(&s->lines, take_line, s);
	if (s->id == CLIENT_SIDE)
		(void)mcp_pins_end(gate.conf, reason);
	close(s->in);
	s->in = -1;
	return (0);
}

static void
hears_no_more(struct side *s)
{
	if (s->out != -1)
		close(s->out);
	s->out = -1;
	wbuf_reset(&s->queue);
	s->sent = 0;
}

static void
give(struct side *s)
{
	size_t	len = s->queue.len - s->sent;
	ssize_t	n;

	n = write(s->out, s->queue.data + s->sent, len < s->most ? len :
	    s->most);
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n == -1) {
		hears_no_more(s);
		return;
	}
	s->sent += (size_t)n;
	if (s->sent == s->queue.len) {
		wbuf_reset(&s->queue);
		s->sent = 0;
	}
}

/* the other process says that the server has ended, or is gone itself */
static int
heard(void)
{
	char	*data;
	size_t	 len;

	if (mcp_recv(gate.conf->asker, &data, &len) != MCP_GONE)
		return (-1);
	free(data);
	gate.conf->gone = 1;
	return (0);
}

/* one turn; 0 when it is over */
static int
turn(void)
{
	struct side	*c = &gate.sides[CLIENT_SIDE];
	struct side	*s = &gate.sides[SERVER_SIDE];
	struct pollfd	 pfd[5];
	int		 i;

	/* each end is passed on when all before it was */
	if (c->in == -1 && s->queue.len == 0)
		hears_no_more(s);
	if ((s->in == -1 && c->queue.len == 0) || c->out == -1 || gate.lost)
		return (0);
	/* nobody is read whose last words the other has not taken */
	pfd[0].fd = s->queue.len == 0 && c->queue.len == 0 ? c->in : -1;
	pfd[1].fd = c->queue.len == 0 ? s->in : -1;
	pfd[2].fd = c->queue.len != 0 ? c->out : -1;
	pfd[3].fd = s->queue.len != 0 ? s->out : -1;
	pfd[4].fd = gate.conf->gone ? -1 : gate.conf->asker;
	pfd[0].events = pfd[1].events = pfd[4].events = POLLIN;
	pfd[2].events = pfd[3].events = POLLOUT;
	if (poll(pfd, 5, gate.conf->gone && pfd[1].fd != -1 ? 0 : -1) == -1)
		return (errno == EINTR);
	if (pfd[4].fd != -1 && pfd[4].revents != 0 && heard() == -1)
		return (0);
	for (i = 2; i < 4; i++)
		if (pfd[i].fd != -1 && pfd[i].revents != 0)
			give(i == 2 ? c : s);
	if (pfd[1].fd != -1 && (pfd[1].revents != 0 || gate.conf->gone))
		(void)take(s);
	else if (pfd[0].fd != -1 && pfd[0].revents != 0)
		(void)take(c);
	return (1);
}

int
mcp_confine(pid_t parent, char *err, size_t errlen)
{
	static const struct promise	 promise = {
		.groups = SB_STDIO | SB_EVENT,
		.files = FILES_NONE,
		.limits = { LIMIT_NONE, LIMIT_NONE, 0, 0 },
	};
	struct confine_params	 params;
	struct sandbox_state	 state;

	memset(&state, 0, sizeof(state));
	memset(&params, 0, sizeof(params));
	/* without it every path is refused all the same, by the filter */
	params.allow_no_landlock = 1;
	if (confine_tie(parent, &state, err, errlen) == -1)
		return (-1);
	return (confine_enter(&promise, &params, &state, err, errlen));
}

static void
side_init(enum side_id id, const char *name, int in, int out, size_t most)
{
	struct side	*s = &gate.sides[id];

	s->id = id;
	s->name = name;
	s->in = in;
	s->out = out;
	s->most = most;
	rpc_in_init(&s->lines);
	/* what one read of many lines can be answered with, and a line */
	wbuf_init(&s->queue, MAX_MCP_LINE + MAX_READ * MAX_HOOK_REASON);
	RB_INIT(&s->asked);
}

void
mcp_gate(struct mcp_gate *conf, pid_t parent)
{
	char	err[MAX_CONFINE_ERR];

	/* these are for the server, which the other process tells */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	gate.conf = conf;
	/* a pipe that can be written takes so much; and ours never blocks */
	side_init(CLIENT_SIDE, "client", STDIN_FILENO, STDOUT_FILENO,
	    PIPE_BUF);
	side_init(SERVER_SIDE, "server", conf->from_server, conf->to_server,
	    SIZE_MAX);
	if (mcp_confine(parent, err, sizeof(err)) == -1) {
		out_note("mcp %s: %s", conf->name, err);
		_exit(CTL_FAILURE);
	}
	while (turn())
		;
	if (gate.lost)
		out_note("mcp %s: no memory", conf->name);
	_exit(gate.lost ? CTL_FAILURE : CTL_OK);
}
