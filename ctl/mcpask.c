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

#include <sys/uio.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "mcp.h"

/*
 * The gate's half of asking, and what both processes say to each other.
 */

#define CONFLICT	409	/* HTTP's */

static int
write_all(int fd, struct iovec *v, int n)
{
	ssize_t	done;

	while (n > 0) {
		done = writev(fd, v, n);
		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1)
			return (-1);
		for (; n > 0 && (size_t)done >= v->iov_len; v++, n--)
			done -= (ssize_t)v->iov_len;
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + done;
			v->iov_len -= (size_t)done;
		}
	}
	return (0);
}

static int
read_all(int fd, void *buf, size_t len)
{
	char	*p = buf;
	ssize_t	 n;

	while (len != 0) {
		n = read(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ECONNRESET;
			return (-1);
		}
		p += n;
		len -= (size_t)n;
	}
	return (0);
}

int
mcp_send(int fd, enum mcp_kind kind, const void *a, size_t alen,
    const void *b, size_t blen)
{
	struct iovec	iov[3];
	uint32_t	head[2];

	if (alen > MAX_MCP_FRAME || blen > MAX_MCP_FRAME - alen) {
		errno = EMSGSIZE;
		return (-1);
	}
	head[0] = kind;
	head[1] = (uint32_t)(alen + blen);
	iov[0].iov_base = head;
	iov[0].iov_len = sizeof(head);
	iov[1].iov_base = (void *)(uintptr_t)a;
	iov[1].iov_len = alen;
	iov[2].iov_base = (void *)(uintptr_t)b;
	iov[2].iov_len = blen;
	return (write_all(fd, iov, 3));
}

int
mcp_recv(int fd, char **data, size_t *len)
{
	uint32_t	head[2];

	if (read_all(fd, head, sizeof(head)) == -1)
		return (-1);
	if (head[0] > MCP_GONE || head[1] > MAX_MCP_FRAME) {
		errno = EPROTO;
		return (-1);
	}
	if ((*data = malloc((size_t)head[1] + 1)) == NULL)
		return (-1);
	if (read_all(fd, *data, head[1]) == -1) {
		free(*data);
		return (-1);
	}
	(*data)[head[1]] = '\0';
	*len = head[1];
	return ((int)head[0]);
}

/* the body of an answer, and its status; -1 when there is none */
static int
answer_of(struct mcp_gate *g, char **data, size_t *len)
{
	int32_t	status;
	int	kind;

	while ((kind = mcp_recv(g->asker, data, len)) == MCP_GONE) {
		g->gone = 1;
		free(*data);
	}
	if (kind == -1)
		return (-1);
	if (kind != MCP_ANSWER || *len < sizeof(status)) {
		free(*data);
		return (-1);
	}
	memcpy(&status, *data, sizeof(status));
	*len -= sizeof(status);
	memmove(*data, *data + sizeof(status), *len + 1);
	return (status);
}

/* kept for the log that nobody writes now; -1: it is not */
static int
spool(struct mcp_gate *g, const struct mcp_question *q,
    const char *action, const char *rule, const char *why)
{
	char	*text = NULL, *data;
	json_t	*j;
	size_t	 len;
	int	 rc = -1;

	j = json_pack("{s:s,s:s,s:s,s:s}", "action", action, "tool", q->tool,
	    "why", why, "server", g->name);
	if (j != NULL && rule != NULL)
		json_object_set_new(j, "rule", json_string(rule));
	if ((text = json_text(j)) != NULL && mcp_send(g->asker, MCP_SPOOL,
	    text, strlen(text), NULL, 0) == 0 &&
	    (rc = answer_of(g, &data, &len)) != -1)
		free(data);
	free(text);
	json_decref(j);
	return (rc == 200 ? 0 : -1);
}

/*
 * Nobody decided: not passed on, or with --fail-mode open unless a rule of
 * our own finds it.
 */
static int
undecided(struct mcp_gate *g, const struct mcp_question *q,
    const char *why, char reason[MAX_HOOK_REASON])
{
	const char	*rule = NULL;

	if (g->open && (rule = hookrules_value(q->body)) == NULL) {
		if (spool(g, q, "hook-ungated", NULL, why) == 0)
			return (0);
		snprintf(reason, MAX_HOOK_REASON, "DefenseClaw: nobody "
		    "decides this (%s), and its record cannot be kept", why);
		return (-1);
	}
	(void)spool(g, q, "hook-refused", rule, why);
	if (rule != NULL)
		snprintf(reason, MAX_HOOK_REASON, "DefenseClaw: blocked by "
		    "%s, which needs no running suite", rule);
	else
		snprintf(reason, MAX_HOOK_REASON, "DefenseClaw: nobody "
		    "decides this: %s. An operator can start the suite with "
		    "`defenseclawctl start', or see `defenseclawctl doctor'",
		    why);
	return (-1);
}

/* gatewayd's verdict */
static int
decided(struct mcp_gate *g, const struct mcp_question *q,
    const char *answer, size_t len, char reason[MAX_HOOK_REASON])
{
	const char	*action, *said, *why;
	char		 err[MAX_JSON_ERR];
	json_t		*v = json_strict(answer, len, err);
	int		 rc = 0;

	action = json_str(v, "action");
	if (q->ask == ASK_PINS && action == NULL &&
	    json_str(v, "status") != NULL)
		action = "allow";	/* they are pinned now */
	if (action == NULL || (strcmp(action, "allow") != 0 &&
	    strcmp(action, "block") != 0))
		rc = undecided(g, q, "gatewayd's answer is no verdict",
		    reason);
	else if (strcmp(action, "block") == 0) {
		said = json_str(v, "block_message");
		why = json_str(v, "reason");
		snprintf(reason, MAX_HOOK_REASON, "DefenseClaw: %s: %s",
		    said != NULL ? said : "blocked", why != NULL ? why : "");
		g->changed = q->ask == ASK_PINS;
		rc = -1;
	}
	json_decref(v);
	return (rc);
}

/*
 * {"tool":..,..,"args": params}, without what is new in each message: an
 * approval is bound to the rest.  NULL: no memory.
 */
static char *
question(struct mcp_gate *g, const struct mcp_question *q, size_t *len)
{
	static const char	call[] = "/api/v1/inspect/tool";
	static const char	result[] = "/api/v1/inspect/tool-response";
	static const char	pins[] = "/api/v1/mcp/pins";
	const char		*route = q->ask == ASK_CALL ? call :
				    q->ask == ASK_RESULT ? result : pins;
	struct wbuf		w;
	char			*text;
	json_t			*j = NULL;

	if (q->ask == ASK_PINS)
		text = strdup(q->pins);
	else {
		j = json_pack("{s:s,s:s,s:s,s:O*}", "tool", q->tool,
		    "mcp_server_name", g->name, "session_id", g->session,
		    q->ask == ASK_CALL ? "args" : "output", q->body);
		text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17));
	}
	json_decref(j);
	wbuf_init(&w, MAX_MCP_FRAME);
	if (text == NULL)
		return (NULL);
	wbuf_put(&w, route, strlen(route) + 1);
	wbuf_put(&w, text, strlen(text));
	free(text);
	*len = w.len;
	if (w.failed) {
		wbuf_free(&w);
		return (NULL);
	}
	return ((char *)w.data);
}

static int
exchange(struct mcp_gate *g, const char *data, size_t len, char **answer,
    size_t *alen)
{
	if (mcp_send(g->asker, MCP_ASK, data, len, NULL, 0) == -1)
		return (-1);
	return (answer_of(g, answer, alen));
}

int
mcp_ask(struct mcp_gate *g, const struct mcp_question *q,
    char reason[MAX_HOOK_REASON])
{
	char	*data, *answer, why[MAX_HOOK_ERR], err[MAX_JSON_ERR];
	json_t	*j;
	size_t	 len, alen;
	int	 status, rc;

	if (q->ask == ASK_NOTHING)
		return (0);
	if ((data = question(g, q, &len)) == NULL)
		return (undecided(g, q, "no memory", reason));
	status = exchange(g, data, len, &answer, &alen);
	if (status == CONFLICT) {
		/* another client of this user has pinned them meanwhile */
		free(answer);
		status = exchange(g, data, len, &answer, &alen);
	}
	free(data);
	if (status == -1) {
		strlcpy(reason, "DefenseClaw: the gate's other half is gone",
		    MAX_HOOK_REASON);
		return (-1);
	}
	if (status == 200)
		rc = decided(g, q, answer, alen, reason);
	else if (status == 0)
		rc = undecided(g, q, answer, reason);
	else {
		j = json_strict(answer, alen, err);
		snprintf(why, sizeof(why), "gatewayd refused (%d): %s",
		    status, status == 401 ? "this user is not in the group "
		    "defenseclaw" : json_str(j, "error") != NULL ?
		    json_str(j, "error") : "no reason");
		json_decref(j);
		rc = undecided(g, q, why, reason);
	}
	free(answer);
	return (rc);
}
