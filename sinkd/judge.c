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

/*
 * sinkd -P judge: asks a model about text that the rules leave open.
 *
 *   may      connect to the one endpoint in its records (egress.c checks the
 *            address after resolution; Landlock the port, ABI 4 and newer)
 *   may not  listen, accept, open a file, see the audit database, the rules,
 *            a policy or any other secret than the judge's key
 *   if taken leaks the text that workers ask about and the judge's key; says
 *            of that text what it likes, which lifts no finding of a rule
 *            that decides alone
 */

#include <sys/stat.h>

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "judge.h"
#include "sinkd.h"

/* a connection each, and as many that are kept open */
#define MAX_JUDGE_FDS	(2 * MAX_JUDGE_CONCURRENT + MAX_SINK_FDS)

static const struct promise judge_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_SECRET | SB_INET_OUT,
	.files = FILES_NONE,
	.limits = { .nofile = MAX_JUDGE_FDS, .fsize = 0, .nproc = 0,
	    .memlock = 65536 },
};

static void	judge_peer(struct peer *, struct msg *);
static void	judge_shutdown(struct peer *, struct msg *);
static void	judge_ask(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_RUNNING, sizeof(struct peer_end),
	    sizeof(struct peer_end), FD_ONE, NOBODY, judge_peer },
	{ MSG_PING, ST_RUNNING, 0, 0, FD_NONE, NOBODY, role_ping },
	{ MSG_SHUTDOWN, ST_RUNNING, 0, 0, FD_NONE, NOBODY, judge_shutdown },
	{ 0 }
};

static const struct dispatch from_worker[] = {
	{ MSG_JUDGE_ASK, ST_RUNNING, 1, MAX_FRAME, FD_NONE, NOBODY,
	    judge_ask },
	{ 0 }
};

static struct rec_judge	 conf;
static struct calls	 queue = TAILQ_HEAD_INITIALIZER(queue);
static struct calls	 running = TAILQ_HEAD_INITIALIZER(running);
static unsigned int	 nqueued, nrunning;
static size_t		 waiting_bytes;
static int		 resolving;
static struct wbuf	 said_buf;
static struct event	*next_ev;	/* starts what has a place now */

static void
said_send(struct peer *p, uint32_t id, const struct judge_said *s)
{
	wbuf_reset(&said_buf);
	if (judge_said_pack(&said_buf, s) == -1)
		fatalx("an answer that has no form");
	if (peer_send(p, MSG_JUDGE_SAID, id, -1, said_buf.data,
	    said_buf.len) == -1)
		log_warn("%s: an answer is lost", p->name);
}

/* from wherever it is */
static void
call_free(struct call *c)
{
	if (c->state == CALL_QUEUED) {
		TAILQ_REMOVE(&queue, c, entry);
		nqueued--;
		waiting_bytes -= c->len;
	} else {
		TAILQ_REMOVE(&running, c, entry);
		nrunning--;
		event_active(next_ev, EV_TIMEOUT, 1);
	}
	call_abort(c);
	if (c->deadline != NULL)
		event_free(c->deadline);
	freezero(c->msg, c->len);
	free(c);
}

void
judge_over(struct call *c, const struct judge_said *verdict)
{
	struct judge_said	 s = *verdict;

	s.latency_us = clock_us() - c->since_us;
	s.tls_until_us = sinkd.state.tls_until_us;
	s.have_skew = sinkd.state.have_skew;
	s.skew_ms = sinkd.state.skew_ms;
	said_send(c->worker, c->id, &s);
	if (s.status == JUDGE_OK && !c->ask.fresh)
		judge_cache_put(c->key, said_buf.data, said_buf.len);
	call_free(c);
}

static void
said_failed(struct judge_said *s, enum judge_status status, int http)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	s->http = (uint32_t)http;
	s->reason = s->body = "";
}

/* what came of an answer that is none, when it is to be kept */
static void
body_came(const struct call *c, char body[MAX_JUDGE_BODY + 1])
{
	size_t	 i, n = 0;

	if (c->ask.keep_body)
		n = c->in.len < MAX_JUDGE_BODY ? c->in.len : MAX_JUDGE_BODY;
	for (i = 0; i < n; i++)
		body[i] = c->in.data[i] != '\0' ? (char)c->in.data[i] : ' ';
	body[n] = '\0';
}

void
judge_fail(struct call *c, enum judge_status status, int http,
    const char *fmt, ...)
{
	struct judge_said	 s;
	char			 text[MAX_JUDGE_REASON];
	char			 reason[MAX_JUDGE_REASON];
	char			 body[MAX_JUDGE_BODY + 1];
	va_list			 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_escape(reason, sizeof(reason), text, strlen(text));
	said_failed(&s, status, http);
	s.reason = reason;
	body_came(c, body);
	s.body = body;
	judge_over(c, &s);
	explicit_bzero(body, sizeof(body));
}

static void
overdue(evutil_socket_t fd, short what, void *arg)
{
	static const char *const	 where[] = {
		[CALL_QUEUED] = "it still waited for its turn",
		[CALL_RESOLVING] = "the name was not resolved",
		[CALL_SENT] = "there was no whole answer"
	};
	struct call	*c = arg;

	(void)fd;
	(void)what;
	judge_fail(c, JUDGE_TIMEOUT, 0, "%s after %u ms", where[c->state],
	    c->ask.deadline_ms);
}

static void
resolved(int rc, const char *text)
{
	struct call	*c, *tmp;

	resolving = 0;
	TAILQ_FOREACH_SAFE(c, &running, entry, tmp) {
		if (c->state != CALL_RESOLVING)
			continue;
		if (rc == 0 && sinkd.unusable[0] != '\0')
			judge_fail(c, JUDGE_BAD_KEY, 0, "%s", sinkd.unusable);
		else if (rc == 0)
			call_send(c);
		else
			judge_fail(c, rc == EGRESS_REFUSED ?
			    JUDGE_NO_ADDRESS : JUDGE_NO_NAME, 0, "%s", text);
	}
}

static void
call_start(struct call *c)
{
	c->state = CALL_RESOLVING;
	TAILQ_INSERT_TAIL(&running, c, entry);
	nrunning++;
	if (resolving)
		return;
	resolving = 1;
	egress_resolve(resolved);
}

/* from the loop: nobody who ends a call finds others started meanwhile */
static void
next_cb(evutil_socket_t fd, short what, void *arg)
{
	struct call	*c;

	(void)fd;
	(void)what;
	(void)arg;
	while (nrunning < conf.max_concurrent &&
	    (c = TAILQ_FIRST(&queue)) != NULL) {
		TAILQ_REMOVE(&queue, c, entry);
		nqueued--;
		waiting_bytes -= c->len;
		call_start(c);
	}
}

/* 1: it was answered */
static int
from_cache(struct peer *p, uint32_t id, const uint8_t key[JUDGE_KEY_LEN],
    uint64_t since_us)
{
	struct judge_said	 s;
	const void		*data;
	size_t			 len;

	if ((data = judge_cache_get(key, &len)) == NULL ||
	    judge_said_unpack(data, len, &s) == -1)
		return (0);
	s.cached = 1;
	s.latency_us = clock_us() - since_us;
	said_send(p, id, &s);
	return (1);
}

static struct call *
call_new(struct peer *p, const struct msg *msg)
{
	struct call	*c;
	struct timeval	 tv;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->msg = malloc(msg->len)) == NULL)
		fatal("question");
	memcpy(c->msg, msg->data, msg->len);
	c->len = msg->len;
	c->worker = p;
	c->id = msg->hdr.id;
	c->since_us = clock_us();
	if (judge_ask_unpack(c->msg, c->len, &c->ask) == -1)
		fatalx("question");	/* it was good a moment ago */
	tv.tv_sec = c->ask.deadline_ms / 1000;
	tv.tv_usec = (suseconds_t)(c->ask.deadline_ms % 1000) * 1000;
	if ((c->deadline = evtimer_new(role.base, overdue, c)) == NULL ||
	    evtimer_add(c->deadline, &tv) == -1)
		fatalx("timer");
	return (c);
}

static void	worker_closed(struct peer *);

static void
judge_ask(struct peer *p, struct msg *msg)
{
	struct judge_ask	 ask;
	struct judge_said	 s;
	struct call		*c;
	uint64_t		 since = clock_us();
	uint8_t			 key[JUDGE_KEY_LEN];

	if (judge_ask_unpack(msg->data, msg->len, &ask) == -1) {
		/* a worker that was taken over hurts no other */
		log_warnx("%s: a malformed question", p->name);
		worker_closed(p);
		peer_free(p);
		return;
	}
	judge_cache_key(&ask, key);
	if (!ask.fresh && from_cache(p, msg->hdr.id, key, since))
		return;
	if (nrunning >= conf.max_concurrent && (nqueued >= conf.queue ||
	    waiting_bytes + msg->len > MAX_JUDGE_WAITING)) {
		said_failed(&s, JUDGE_BUSY, 0);
		s.reason = "as many questions wait as may";
		said_send(p, msg->hdr.id, &s);
		return;
	}
	c = call_new(p, msg);
	memcpy(c->key, key, sizeof(c->key));
	if (nrunning < conf.max_concurrent && TAILQ_EMPTY(&queue)) {
		call_start(c);
		return;
	}
	TAILQ_INSERT_TAIL(&queue, c, entry);
	nqueued++;
	waiting_bytes += c->len;
}

static void
drop_calls(struct calls *list, const struct peer *p)
{
	struct call	*c, *tmp;

	TAILQ_FOREACH_SAFE(c, list, entry, tmp)
		if (c->worker == p)
			call_free(c);
}

static void
worker_closed(struct peer *p)
{
	drop_calls(&queue, p);
	drop_calls(&running, p);
}

static void
judge_peer(struct peer *sup, struct msg *msg)
{
	struct peer_end	 end;
	struct peer	*p;

	(void)sup;
	if (msg_get(msg, &end, sizeof(end)) == -1)
		fatalx("malformed peer message");
	switch (end.role) {
	case ROLE_GATEWAYD:
		p = role_peer(msg, &end, from_worker);
		p->class = PEER_CHILD;
		p->on_close = worker_closed;
		break;
	case ROLE_RESOLVER:
		egress_resolver(msg, &end);
		break;
	default:
		fatalx("an edge to %s is not ours", role_name(end.role));
	}
}

/* who waits is told by the end of the channel */
static void
judge_shutdown(struct peer *sup, struct msg *msg)
{
	(void)sup;
	(void)msg;
	role_exit();
}

/* egress.c knows endpoints as sinks have them */
static void
endpoint_set(const struct rec_judge *r)
{
	struct rec_sink	*e = &sinkd.sink.rec;

	e->transport = r->transport;
	e->verify_tls = 1;
	e->port = e->target_port = r->port;
	e->timeout_ms = MAX_JUDGE_MS;
	strlcpy(e->host, r->host, sizeof(e->host));
	strlcpy(e->url, r->url, sizeof(e->url));
}

int
judge_main(int argc, char *argv[])
{
	static struct confine_params	 params;

	role_begin(argc, argv, ROLE_JUDGE);
	umask(077);
	if (records_get(&role.records, REC_JUDGE, &conf, sizeof(conf)) == -1)
		fatalx("records");
	if (conf.max_concurrent < 1 ||
	    conf.max_concurrent > MAX_JUDGE_CONCURRENT ||
	    conf.queue > MAX_JUDGE_QUEUE || conf.cache_ttl_s > MAX_JUDGE_TTL)
		fatalx("records");
	endpoint_set(&conf);
	if (conf.key_name[0] != '\0')
		token_read(conf.key_name);
	egress_init();
	call_init(&conf);
	judge_cache_init(conf.cache_ttl_s);
	wbuf_init(&said_buf, MAX_FRAME);
	if ((next_ev = evtimer_new(role.base, next_cb, NULL)) == NULL)
		fatalx("timer");
	params.ports[params.nports++] = (uint16_t)conf.port;
	role_enter(&judge_promise, &params);
	role_serve(from_supervisor);
	_exit(0);
}
