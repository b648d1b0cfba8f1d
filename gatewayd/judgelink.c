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

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/role.h"
#include "judgelink.h"

struct asked {
	RB_ENTRY(asked)	 node;
	uint32_t	 id;
	struct peer	*judge;		/* who was asked */
	void		(*fn)(void *, const struct judge_said *);
	void		*arg;
	struct event	*overdue;
};

static int
asked_cmp(const struct asked *a, const struct asked *b)
{
	return (a->id < b->id ? -1 : a->id > b->id);
}

RB_HEAD(asked_tree, asked);
RB_PROTOTYPE(asked_tree, asked, node, asked_cmp)
RB_GENERATE(asked_tree, asked, node, asked_cmp)

static struct asked_tree	 tree = RB_INITIALIZER(&tree);
static unsigned int		 nasked;
static uint32_t			 ids;
static struct peer		*judge;		/* NULL: none */

static struct asked *
find(uint32_t id)
{
	struct asked	 want;

	want.id = id;
	return (RB_FIND(asked_tree, &tree, &want));
}

static void
asked_free(struct asked *a)
{
	RB_REMOVE(asked_tree, &tree, a);
	nasked--;
	event_free(a->overdue);
	free(a);
}

/* gone first: the callback may ask again */
static void
asked_over(struct asked *a, const struct judge_said *s)
{
	void	(*fn)(void *, const struct judge_said *) = a->fn;
	void	*arg = a->arg;

	asked_free(a);
	fn(arg, s);
}

static void
asked_fail(struct asked *a, enum judge_status status, const char *reason)
{
	struct judge_said	 s;

	memset(&s, 0, sizeof(s));
	s.status = status;
	s.reason = reason;
	s.body = "";
	asked_over(a, &s);
}

static void
overdue(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	asked_fail(arg, JUDGE_TIMEOUT, "the judge's process does not answer");
}

/* from the start each time: a callback may end other questions, too */
static struct asked *
first_of(const struct peer *p)
{
	struct asked	*a;

	RB_FOREACH(a, asked_tree, &tree)
		if (a->judge == p)
			return (a);
	return (NULL);
}

/*
 * It ended, or sent what nobody may and was turned away; then another takes
 * its place.  For one that is gone already this asks for nothing.
 */
static void
judge_closed(struct peer *p)
{
	struct request	 rq;
	struct asked	*a;

	memset(&rq, 0, sizeof(rq));
	rq.kind = REQ_REPLACE;
	rq.incarnation = p->incarnation;
	(void)peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq));
	if (judge == p)
		judge = NULL;
	while ((a = first_of(p)) != NULL)
		asked_fail(a, JUDGE_NO_ENDPOINT, "the judge's process ended");
}

static void
judge_said(struct peer *p, struct msg *msg)
{
	struct judge_said	 s;
	struct asked		*a;

	if (judge_said_unpack(msg->data, msg->len, &s) == -1) {
		/* it reads what strangers send: it ends, not we */
		log_warnx("%s: a malformed answer", p->name);
		judge_closed(p);
		peer_free(p);
		return;
	}
	a = find(msg->hdr.id);
	if (a != NULL && a->judge == p)
		asked_over(a, &s);
}

static const struct dispatch from_judge[] = {
	{ MSG_JUDGE_SAID, ST_ANY, 1, MAX_FRAME, FD_NONE, NOBODY,
	    judge_said },
	{ 0 }
};

void
judgelink_edge(struct msg *msg, struct peer_end *end)
{
	judge = role_peer(msg, end, from_judge);
	judge->class = PEER_CHILD;
	judge->on_close = judge_closed;
}

int
judgelink_up(void)
{
	return (judge != NULL);
}

uint32_t
judgelink_ask(const struct judge_ask *ask,
    void (*fn)(void *, const struct judge_said *), void *arg)
{
	struct timeval	 tv;
	struct asked	*a;
	struct wbuf	 w;
	uint32_t	 ms = ask->deadline_ms + JUDGE_GRACE_MS;
	int		 rc;

	if (judge == NULL || nasked == MAX_JUDGE_ASKED)
		return (0);
	do {
		ids++;
	} while (ids == 0 || find(ids) != NULL);
	wbuf_init(&w, MAX_FRAME);
	rc = judge_ask_pack(&w, ask);
	if (rc == 0)
		rc = peer_send(judge, MSG_JUDGE_ASK, ids, -1, w.data, w.len);
	wbuf_free(&w);
	if (rc == -1)
		return (0);
	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (a->overdue = evtimer_new(role.base, overdue, a)) == NULL)
		fatal("question");
	tv.tv_sec = ms / 1000;
	tv.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	if (evtimer_add(a->overdue, &tv) == -1)
		fatalx("timer");
	a->id = ids;
	a->judge = judge;
	a->fn = fn;
	a->arg = arg;
	RB_INSERT(asked_tree, &tree, a);
	nasked++;
	return (a->id);
}

void
judgelink_forget(uint32_t id)
{
	struct asked	*a = find(id);

	if (a != NULL)
		asked_free(a);
}

unsigned int
judgelink_asked(void)
{
	return (nasked);
}
