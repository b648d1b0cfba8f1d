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

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/frame.h"
#include "common/json.h"
#include "cmd.h"
#include "hook.h"

/*
 * hook AGENT: an agent client's hook.  The client runs the tool on anything
 * but an explicit block, so each failure in here ends as one: the exit
 * status is 0 or 2, nothing else, and standard output holds one whole answer
 * or nothing.
 */

#define MAX_EVENT_VALUES	(256 * 1024)	/* JSON values of an event */

struct gate {
	struct paths	*paths;
	struct hook	 hook;
	const char	*session;
	int		 open;		/* --fail-mode open */
	uint64_t	 deadline;
	char		*input;		/* as it came */
	size_t		 len;
	json_t		*event;
};

/* an answer and the end; text is the reason of a block, or NULL */
static int
finish(const struct hook *h, json_t *output, const char *text)
{
	char	 reason[MAX_HOOK_REASON], *line;
	size_t	 len;

	if (output != NULL) {
		line = json_text(output);
		json_decref(output);
		if (line == NULL)
			text = "DefenseClaw: no memory for an answer";
		else {
			len = strlen(line);
			line[len] = '\n';
			if (fwrite(line, 1, len + 1, stdout) != len + 1 ||
			    fflush(stdout) != 0)
				text = "DefenseClaw: the answer could not be "
				    "written";
			free(line);
		}
	}
	if (text == NULL)
		return (0);
	hook_reason(reason, sizeof(reason), text);
	fprintf(stderr, "%s\n", reason);
	return (hook_status(h));
}

static int
block(const struct hook *h, const char *text)
{
	return (finish(h, hook_block(h, text), text));
}

static int
pass(const struct hook *h)
{
	return (finish(h, hook_pass(h), NULL));
}

/* NULL with a reason; the whole of it, or none */
static char *
read_event(size_t *len, char err[MAX_HOOK_ERR])
{
	struct wbuf	w;
	char		buf[65536];
	ssize_t		n;

	wbuf_init(&w, MAX_HOOK_INPUT + 1);
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		wbuf_put(&w, buf, (size_t)n);
		if (w.failed)
			break;
	}
	*len = w.len;
	wbuf_put(&w, "", 1);
	if (n == 0 && !w.failed)
		return ((char *)w.data);
	if (n == -1)
		snprintf(err, MAX_HOOK_ERR, "the event cannot be read: %s",
		    strerror(errno));
	else
		snprintf(err, MAX_HOOK_ERR, "the event is larger than %d MiB, "
		    "and nothing is let pass that was not looked at",
		    MAX_HOOK_INPUT / (1024 * 1024));
	wbuf_free(&w);
	return (NULL);
}

/*
 * Nobody decided.  A call is blocked, or with --fail-mode open let pass
 * unless a compiled-in rule finds it; either is kept for the log.
 */
static int
undecided(const struct gate *g, const char *why)
{
	const struct hook	*h = &g->hook;
	struct spool_row	 row = { "hook-refused", NULL, g->session,
	    why };
	char			 text[MAX_HOOK_REASON], err[MAX_HOOK_ERR];

	if (h->class != HOOK_TOOL && h->class != HOOK_PERMISSION &&
	    h->class != HOOK_MESSAGE)
		return (pass(h));
	if (g->open && (row.rule = hookrules_value(h->value)) ==
	    NULL) {
		row.action = "hook-ungated";
		if (hookspool_add(h, &row, err) == 0)
			return (pass(h));
		snprintf(text, sizeof(text), "DefenseClaw: nobody decides "
		    "this call (%s), and %s", why, err);
		return (block(h, text));
	}
	(void)hookspool_add(h, &row, err);
	if (row.rule != NULL)
		snprintf(text, sizeof(text), "DefenseClaw: blocked by %s, "
		    "which needs no running suite", row.rule);
	else
		snprintf(text, sizeof(text), "DefenseClaw: nobody decides "
		    "this call: %s. An operator can start the suite with "
		    "`defenseclawctl start', or see `defenseclawctl doctor'",
		    why);
	return (block(h, text));
}

/* gatewayd's words, into the client's */
static int
decided(const struct gate *g, char *answer, size_t len)
{
	const struct hook	*h = &g->hook;
	const char		*action, *said;
	char			 err[MAX_JSON_ERR];
	char			 text[MAX_HOOK_REASON];
	json_t			*v, *output;
	int			 rc;

	v = json_strict(answer, len, err);
	action = json_str(v, "action");
	output = json_incref(json_object_get(v, hook_member(h->agent)));
	if (action == NULL || (strcmp(action, "allow") != 0 &&
	    strcmp(action, "block") != 0 && (strcmp(action, "confirm") != 0 ||
	    output == NULL || !hook_asks(h)))) {
		json_decref(output);
		json_decref(v);
		return (undecided(g, "gatewayd's answer is no verdict"));
	}
	if (strcmp(action, "block") != 0)
		rc = finish(h, output, NULL);
	else {
		said = json_str(v, "block_message");
		snprintf(text, sizeof(text), "DefenseClaw: %s%s%s",
		    said != NULL ? said : "blocked", ": ",
		    json_str(v, "reason") != NULL ? json_str(v, "reason") :
		    "");
		rc = finish(h, output != NULL ? output : hook_block(h, text),
		    text);
	}
	json_decref(v);
	return (rc);
}

static int
ask(struct gate *g)
{
	char	 route[64], err[MAX_HOOK_ERR], why[MAX_HOOK_ERR], *answer;
	size_t	 len;
	json_t	*j;
	int	 status, rc;

	snprintf(route, sizeof(route), "/api/v1/%s/hook",
	    hook_agent_name(g->hook.agent));
	status = hookask(g->paths, route, g->input, g->len, g->deadline,
	    &answer, &len, err);
	if (status == -1)
		return (undecided(g, err));
	if (status == 200) {
		rc = decided(g, answer, len);
		hookspool_send(g->paths, g->deadline);
	} else {
		j = json_strict(answer, len, err);
		snprintf(why, sizeof(why), "gatewayd refused (%d): %s",
		    status, status == 401 ? "this user is not in the group "
		    "defenseclaw" : json_str(j, "error") != NULL ?
		    json_str(j, "error") : "no reason");
		json_decref(j);
		rc = undecided(g, why);
	}
	free(answer);
	return (rc);
}

int
cmd_hook(struct ctl *c)
{
	static struct gate	 g;
	const char		*mode = cmd_value(c, O_FAIL_MODE);
	char			 err[MAX_HOOK_ERR], text[MAX_HOOK_REASON];
	uint64_t		 limit = HOOK_LIMIT_S;
	int			 agent, unreadable;

	signal(SIGPIPE, SIG_IGN);
	/* until an event is read it may be any call */
	g.hook.class = HOOK_TOOL;
	strlcpy(g.hook.event, "PreToolUse", sizeof(g.hook.event));
	if ((agent = hook_agent_find(c->args[0])) == -1) {
		g.hook.agent = HOOK_GENERIC;
		snprintf(text, sizeof(text), "DefenseClaw: hook: no agent is "
		    "called %.64s", c->args[0]);
		return (block(&g.hook, text));
	}
	g.hook.agent = (enum hook_agent)agent;
	if (mode != NULL && strcmp(mode, "open") != 0 &&
	    strcmp(mode, "closed") != 0)
		return (block(&g.hook, "DefenseClaw: hook: --fail-mode is "
		    "open or closed"));
	if (cmd_number(c, O_TIMEOUT, 1, MAX_HOOK_S, &limit) == -1)
		return (block(&g.hook, "DefenseClaw: hook: --timeout is out "
		    "of range"));
	g.paths = &c->paths;
	g.open = mode != NULL && strcmp(mode, "open") == 0;
	g.deadline = clock_ms() + limit * 1000;
	if ((g.input = read_event(&g.len, err)) == NULL) {
		snprintf(text, sizeof(text), "DefenseClaw: %s", err);
		return (block(&g.hook, text));
	}
	g.event = json_bounded(g.input, g.len, MAX_EVENT_VALUES, &unreadable,
	    err);
	if (!json_is_object(g.event)) {
		snprintf(text, sizeof(text), "DefenseClaw: the event is %s%s",
		    g.event != NULL ? "no JSON object" : "unreadable: ",
		    g.event != NULL ? "" : err);
		return (block(&g.hook, text));
	}
	hook_read(&g.hook, (enum hook_agent)agent, g.event);
	g.session = json_str(g.event, "session_id");
	/* a turn that a stop hook made never ends by another one's block */
	if (g.hook.again)
		return (0);
	return (ask(&g));
}
