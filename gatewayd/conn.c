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

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "common/log.h"
#include "conn_int.h"

/*
 * Bytes of input at which we stop reading while a request is being answered
 * (a pipelining client) or we are paused; a read adds MAX_CONN_READ at most.
 * Not libevent's bufferevents: these ask the kernel before each read how much
 * there is.
 */
#define READ_HIGH	MAX_HTTP_HEAD
#define BODY_MIN	4096	/* bytes first allocated for a body */
#define CHAIN_MIN	1024	/* bytes libevent allocates for one byte */
#define SLOT_BITS	17	/* MAX_CONNS + MAX_REFUSING fit */

#define RETRY		"Retry-After: 1\r\n"

/*
 * The timer of a connection is moved only to an earlier time; when it fires
 * too early it goes on to the real deadline.  So a busy connection costs no
 * timer work at all.
 */
uint64_t
conn_now(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

static void
arm(struct conn *c, uint64_t now)
{
	uint64_t	ms = c->deadline > now ? c->deadline - now : 1;
	struct timeval	tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	if (event_add(&c->timer, &tv) == 0)
		c->armed = c->deadline;
}

void
conn_set_deadline(struct conn *c, uint64_t deadline)
{
	c->deadline = deadline;
	if (c->armed == 0 || deadline < c->armed)
		arm(c, conn_now());
}

static uint64_t
id_of(const struct conn *c)
{
	return (c->srv->slots[c->slot].gen << SLOT_BITS | c->slot);
}

static void
kill_id(struct conn *c)
{
	c->srv->slots[c->slot].gen++;
}

static struct conn *
conn_find(struct conn_server *srv, uint64_t id)
{
	uint32_t	slot = id & ((1U << SLOT_BITS) - 1);
	struct conn	*c;

	if (slot >= srv->nused || srv->slots[slot].gen != id >> SLOT_BITS)
		return (NULL);
	c = srv->slots[slot].conn;
	if (c == NULL || (c->state != CONN_DECIDE && c->state != CONN_BODY &&
	    c->state != CONN_ANSWER))
		return (NULL);
	return (c);
}

static void
body_free(struct body *b)
{
	if (b == NULL)
		return;
	free(b->data);
	free(b);
}

static size_t
input_len(const struct conn *c)
{
	return (evbuffer_get_length(c->in));
}

/* Bytes really held for this connection; libevent rounds up to powers of 2. */
static size_t
held(const struct conn *c)
{
	size_t	n = input_len(c);

	if (n > 0)
		n = 2 * n + CHAIN_MIN;
	if (c->body != NULL)
		n += c->body->cap;
	return (n + evbuffer_get_length(c->out));
}

/* Everything is with the kernel: next request, or the end. */
static void
sent(struct conn *c)
{
	if (!c->keepalive) {
		c->state = CONN_CLOSE;
		return;
	}
	c->state = CONN_IDLE;
	c->head_only = 0;
	memset(&c->scan, 0, sizeof(c->scan));
	conn_set_deadline(c, conn_now() + c->srv->lim.idle_ms);
}

/*
 * Write directly what the kernel takes, in one call, and keep the rest until
 * it takes more.  Returns bytes left, or -1 if the client is gone.
 */
static ssize_t
out(struct conn *c, const void *p, size_t n, const void *q, size_t m)
{
	struct evbuffer	*buf = c->out;
	struct iovec	 iov[2];
	ssize_t		 w = 0;
	size_t		 done;

	if (evbuffer_get_length(buf) == 0) {
		iov[0].iov_base = (void *)(uintptr_t)p;
		iov[0].iov_len = n;
		iov[1].iov_base = (void *)(uintptr_t)q;
		iov[1].iov_len = m;
		do {
			w = writev(c->fd, iov, m > 0 ? 2 : 1);
		} while (w == -1 && errno == EINTR);
		if (w == -1 && errno != EAGAIN)
			return (-1);
		if (w == -1)
			w = 0;
	}
	done = w;
	if (done == n + m)
		return (0);
	if (done < n && evbuffer_add(buf, (const char *)p + done,
	    n - done) == -1)
		return (-1);
	done = done > n ? done - n : 0;
	if (done < m && evbuffer_add(buf, (const char *)q + done,
	    m - done) == -1)
		return (-1);
	if (event_add(&c->writable, NULL) == -1)
		return (-1);
	return (evbuffer_get_length(buf));
}

/* Answer whatever this connection asked.  Its id is dead afterwards. */
static void
answer(struct conn *c, const struct reply *r, const void *body)
{
	struct conn_server	*srv = c->srv;
	struct reply		 r500 = { 500, NULL, NULL, 0, r->close };
	ssize_t			 left;
	size_t			 n;

	kill_id(c);
	n = reply_head(srv->out, sizeof(srv->out), r);
	if (n == 0) {
		log_warnx("answer %d with malformed header lines, client gets "
		    "500 instead", r->status);
		n = reply_head(srv->out, sizeof(srv->out), &r500);
		left = out(c, srv->out, n, NULL, 0);
	} else if (c->head_only || r->status == 204) {
		left = out(c, srv->out, n, NULL, 0);
	} else {
		left = out(c, srv->out, n, body, r->len);
	}
	if (left == -1) {
		c->state = CONN_DEAD;
	} else if (left == 0) {
		sent(c);
	} else {
		c->state = CONN_WRITE;
		conn_set_deadline(c, conn_now() + srv->lim.write_ms);
	}
}

/*
 * Refuse what this connection sent or tries: tell the owner, answer, close.
 * The caller goes on with conn_run(), which sees to the closing.
 */
void
conn_refuse(struct conn *c, int status, const char *reason)
{
	char		body[MAX_REPLY_ERROR];
	struct reply	r = { status, "application/json", NULL, 0, 1 };

	c->srv->stats.refused++;
	c->srv->ops->event(c->srv->arg, &c->peer, status, reason);
	body_free(c->body);
	c->body = NULL;
	c->keepalive = 0;
	c->unread = 1;
	if (status == 503)
		r.headers = RETRY;
	r.len = reply_error_body(body, sizeof(body), reason);
	answer(c, &r, body);
}

static void
dispatch(struct conn *c, const char *body, size_t len)
{
	struct conn_server	*srv = c->srv;

	c->state = CONN_ANSWER;
	c->unread = 0;
	conn_set_deadline(c, conn_now() + srv->lim.answer_ms);
	srv->stats.requests++;
	srv->ops->request(srv->arg, id_of(c), &c->peer, &srv->head, c->tag,
	    body, len);
}

/* Make room for n more bytes.  -1: beyond a budget, or no memory. */
static int
body_room(struct conn *c, struct body *b, size_t n)
{
	size_t	 cap = b->cap;
	char	*p;

	if (n <= b->cap - b->len)
		return (0);
	if (n > b->max - b->len)
		return (-1);
	cap = cap == 0 ? BODY_MIN : cap * 2;
	if (cap < b->len + n)
		cap = b->len + n;
	if (cap > b->max)
		cap = b->max;
	if (conn_budget(c, held(c) - b->cap + cap) == -1 ||
	    (p = realloc(b->data, cap)) == NULL)
		return (-1);
	b->data = p;
	b->cap = cap;
	return (0);
}

/*
 * The head is accepted and its body incomplete: move what there is out of the
 * input, which then never holds more than a read.
 */
static int
body_start(struct conn *c, struct evbuffer *in, size_t max)
{
	struct http_head	*h = &c->srv->head;
	static const char	 go[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct body		*b;

	if ((b = c->body = calloc(1, sizeof(*b))) == NULL) {
		conn_refuse(c, 503, "no-memory");
		return (1);
	}
	b->headlen = c->scan.off;
	b->is_chunked = h->chunked;
	if (h->chunked)
		chunked_init(&b->chunks, max);
	b->max = b->headlen + (h->chunked ? max : h->content_length);
	/* Better now than after the client has sent it all. */
	if (b->max > c->srv->lim.buf_total - c->srv->stats.buffered ||
	    body_room(c, b, b->headlen) == -1) {
		conn_refuse(c, 503, "over-budget");
		return (1);
	}
	evbuffer_remove(in, b->data, b->headlen);
	b->len = b->headlen;
	c->state = CONN_BODY;
	conn_set_deadline(c, c->start + c->srv->lim.request_ms);
	if (h->expect_continue && evbuffer_get_length(in) == 0 &&
	    out(c, go, sizeof(go) - 1, NULL, 0) == -1)
		c->state = CONN_DEAD;
	return (1);
}

/* 1: the body is complete, 0: not yet, -1: refused. */
static int
body_chunks(struct conn *c, struct evbuffer *in)
{
	struct body		*b = c->body;
	struct http_slice	 data;
	struct http_error	 e;
	enum http_result	 r;
	const char		*p;
	size_t			 n, used;

	while ((n = evbuffer_get_contiguous_space(in)) > 0) {
		p = (const char *)evbuffer_pullup(in, n);
		r = chunked_read(&b->chunks, p, n, &used, &data, &e);
		if (r == HTTP_BAD) {
			conn_refuse(c, e.status, e.reason);
			return (-1);
		}
		if (r == HTTP_DATA) {
			if (body_room(c, b, data.len) == -1) {
				conn_refuse(c, 503, "over-budget");
				return (-1);
			}
			memcpy(b->data + b->len, data.p, data.len);
			b->len += data.len;
		}
		evbuffer_drain(in, used);
		if (r == HTTP_OK)
			return (1);
	}
	return (0);
}

static int
body_length(struct conn *c, struct evbuffer *in)
{
	struct body	*b = c->body;
	size_t		 n = evbuffer_get_length(in);

	if (n > b->max - b->len)
		n = b->max - b->len;
	if (body_room(c, b, n) == -1) {
		conn_refuse(c, 503, "over-budget");
		return (-1);
	}
	if (n > 0 && evbuffer_remove(in, b->data + b->len, n) != (int)n) {
		c->state = CONN_DEAD;
		return (-1);
	}
	b->len += n;
	return (b->len == b->max);
}

/* run_*: 1 if there may be more to do at once. */
static int
run_body(struct conn *c)
{
	struct evbuffer		*in = c->in;
	struct body		*b = c->body;
	struct http_error	 e;
	int			 r;

	r = b->is_chunked ? body_chunks(c, in) : body_length(c, in);
	if (r == -1)
		return (1);
	if (r == 0) {
		if (!c->eof)
			return (0);
		conn_refuse(c, 400, "eof-in-body");
		return (1);
	}
	/* It was good before: this only points into the copy. */
	if (http_parse(&c->srv->head, b->data, b->headlen, &e) == -1) {
		conn_refuse(c, e.status, e.reason);
		return (1);
	}
	c->body = NULL;
	dispatch(c, b->data + b->headlen, b->len - b->headlen);
	body_free(b);
	return (1);
}

/* A head is there, parsed, at p; len bytes of input in all. */
static int
decide(struct conn *c, struct evbuffer *in, const char *p, size_t len)
{
	struct conn_server	*srv = c->srv;
	struct http_head	*h = &srv->head;
	struct http_error	 e;
	size_t			 max, all = c->scan.off;
	const char		*q;
	int			 whole;

	whole = !h->chunked && h->content_length <= len - all;
	if (whole)
		all += h->content_length;
	c->state = CONN_DECIDE;
	c->unread = !whole;
	c->head_only = h->method == METHOD_HEAD;
	c->keepalive = h->keepalive && !srv->draining;
	c->tag = 0;
	max = srv->ops->head(srv->arg, id_of(c), &c->peer, h, &c->tag);
	if (c->state != CONN_DECIDE) {
		evbuffer_drain(in, all);
		return (1);
	}
	if (!h->chunked && h->content_length > max) {
		conn_refuse(c, 413, "body-too-large");
		return (1);
	}
	if (!whole)
		return (body_start(c, in, max));
	q = (const char *)evbuffer_pullup(in, all);
	if (q == NULL || (q != p &&
	    http_parse(h, q, c->scan.off, &e) == -1)) {
		conn_refuse(c, 503, "no-memory");
		return (1);
	}
	dispatch(c, q + c->scan.off, h->content_length);
	evbuffer_drain(in, all);
	return (1);
}

static int
run_head(struct conn *c)
{
	struct evbuffer		*in = c->in;
	size_t			 n, len = evbuffer_get_length(in);
	struct http_error	 e = { 503, "no-memory" };
	enum http_result	 r = HTTP_BAD;
	const char		*p;

	if (len == 0) {
		if (c->eof)
			c->state = CONN_DEAD;
		return (0);
	}
	if (c->srv->paused)
		return (0);
	if (c->state == CONN_IDLE)
		c->start = conn_now();
	n = len < MAX_HTTP_HEAD ? len : MAX_HTTP_HEAD;
	if ((p = (const char *)evbuffer_pullup(in, n)) != NULL)
		r = http_scan(&c->scan, p, n, &e);
	if (r == HTTP_MORE) {
		if (c->eof) {
			conn_refuse(c, 400, "eof-in-head");
			return (1);
		}
		if (conn_budget(c, held(c)) == -1) {
			conn_refuse(c, 503, "over-budget");
			return (1);
		}
		if (c->state == CONN_IDLE) {
			c->state = CONN_HEAD;
			conn_set_deadline(c, c->start + c->srv->lim.head_ms);
		}
		return (0);
	}
	if (r == HTTP_BAD ||
	    http_parse(&c->srv->head, p, c->scan.off, &e) == -1) {
		conn_refuse(c, e.status, e.reason);
		return (1);
	}
	return (decide(c, in, p, len));
}

/*
 * Closing while bytes of theirs are unread makes the kernel send a reset,
 * which can overtake our answer: so shut our side and wait for theirs.
 */
static int
run_close(struct conn *c)
{
	if (c->eof || (!c->unread && input_len(c) == 0) ||
	    shutdown(c->fd, SHUT_WR) == -1) {
		c->state = CONN_DEAD;
		return (0);
	}
	c->state = CONN_LINGER;
	conn_set_deadline(c, conn_now() + c->srv->lim.linger_ms);
	return (1);
}

static void
run_linger(struct conn *c)
{
	size_t	len = input_len(c);

	c->lingered += len;
	evbuffer_drain(c->in, len);
	if (c->eof || c->lingered > c->srv->lim.max_linger)
		c->state = CONN_DEAD;
}

/* Leave in the kernel what a client sends too early. */
static void
throttle(struct conn *c)
{
	int	full = input_len(c) >= READ_HIGH;

	if (full == c->is_full || c->eof)
		return;
	c->is_full = full;
	if (full)
		event_del(&c->readable);
	else
		event_add(&c->readable, NULL);
}

/* Do all there is to do now.  The connection may be freed on return. */
void
conn_run(struct conn *c)
{
	int	more;

	if (c->busy)
		return;
	c->busy = 1;
	do {
		more = 0;
		switch (c->state) {
		case CONN_IDLE:
		case CONN_HEAD:
			more = run_head(c);
			break;
		case CONN_BODY:
			more = run_body(c);
			break;
		case CONN_CLOSE:
			more = run_close(c);
			break;
		case CONN_LINGER:
			run_linger(c);
			break;
		default:
			break;
		}
	} while (more);
	c->busy = 0;
	if (c->state == CONN_DEAD) {
		conn_free(c);
		return;
	}
	throttle(c);
	conn_charge(c, held(c));
}

/* Have conn_run() called from the event loop. */
void
conn_set_ready(struct conn *c)
{
	if (c->is_ready)
		return;
	c->is_ready = 1;
	TAILQ_INSERT_TAIL(&c->srv->ready, c, ready);
	event_active(&c->srv->wake, EV_TIMEOUT, 0);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;
	ssize_t		 n;

	(void)what;
	n = read(fd, c->srv->in, sizeof(c->srv->in));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0) {
		/* only their side ends: they may still want an answer */
		c->eof = 1;
		event_del(&c->readable);
	} else if (n == -1 || evbuffer_add(c->in, c->srv->in, (size_t)n) ==
	    -1)
		c->state = CONN_DEAD;
	conn_run(c);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;

	(void)what;
	if (evbuffer_write(c->out, fd) == -1 && errno != EAGAIN &&
	    errno != EINTR) {
		c->state = CONN_DEAD;
		conn_run(c);
		return;
	}
	if (evbuffer_get_length(c->out) > 0) {
		if (event_add(&c->writable, NULL) == -1)
			c->state = CONN_DEAD;
	} else if (c->state == CONN_WRITE)
		sent(c);
	conn_run(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn		*c = arg;
	struct conn_server	*srv = c->srv;
	uint64_t		 now = conn_now();

	(void)fd;
	(void)what;
	c->armed = 0;
	if (now < c->deadline) {
		arm(c, now);
		return;
	}
	switch (c->state) {
	case CONN_IDLE:
		/* A request may wait there, because we are paused. */
		if (input_len(c) > 0)
			conn_refuse(c, 503, "paused");
		else
			c->state = CONN_DEAD;
		break;
	case CONN_HEAD:
		if (srv->paused)
			conn_refuse(c, 503, "paused");
		else
			conn_refuse(c, 408, "head-deadline");
		break;
	case CONN_BODY:
		conn_refuse(c, 408, "request-deadline");
		break;
	case CONN_ANSWER:
		conn_refuse(c, 503, "answer-deadline");
		break;
	case CONN_WRITE:
		srv->stats.refused++;
		srv->ops->event(srv->arg, &c->peer, 0, "write-deadline");
		c->state = CONN_DEAD;
		break;
	default:
		c->state = CONN_DEAD;
		break;
	}
	conn_run(c);
}

/* A new connection, its buffers made, begins to listen to its client. */
void
conn_start(struct conn *c)
{
	evtimer_assign(&c->timer, c->srv->base, on_timer, c);
	event_assign(&c->readable, c->srv->base, c->fd, EV_READ | EV_PERSIST,
	    on_read, c);
	event_assign(&c->writable, c->srv->base, c->fd, EV_WRITE, on_write, c);
	if (event_add(&c->readable, NULL) == -1)
		c->state = CONN_DEAD;
	conn_set_deadline(c, conn_now() + c->srv->lim.idle_ms);
}

/* Whether an answer to this request can still reach anybody. */
int
conn_alive(struct conn_server *srv, uint64_t id)
{
	return (conn_find(srv, id) != NULL);
}

/*
 * Answer a request.  type and headers (complete lines ending in CRLF) may be
 * NULL; everything is copied or sent before this returns.  Calls no callback.
 * A body not yet received is not wanted any more, and the connection closes.
 * Returns -1 if the id is dead.  A body above max_reply becomes 500: an
 * answer is whole or it is an error.
 */
int
conn_reply(struct conn_server *srv, uint64_t id, int status, const char *type,
    const char *headers, const void *body, size_t len)
{
	struct conn	*c = conn_find(srv, id);
	struct reply	 r = { status, type, headers, len, 0 };

	if (c == NULL)
		return (-1);
	if (len > srv->lim.max_reply) {
		log_warnx("answer of %zu bytes is above the limit of %zu, "
		    "client gets 500 instead", len, srv->lim.max_reply);
		r.status = 500;
		r.len = 0;
		r.type = r.headers = NULL;
	}
	if (c->unread || srv->draining)
		c->keepalive = 0;
	r.close = !c->keepalive;
	/* Only while a body was coming; a complete one is the caller's. */
	body_free(c->body);
	c->body = NULL;
	answer(c, &r, body);
	if (c->busy)
		return (0);
	if (c->state == CONN_CLOSE || c->state == CONN_DEAD)
		conn_run(c);
	else if (c->state == CONN_IDLE && (c->eof || input_len(c) > 0))
		conn_set_ready(c);
	else
		conn_charge(c, held(c));
	return (0);
}

/* Answer with {"error":"text"}. */
int
conn_reply_error(struct conn_server *srv, uint64_t id, int status,
    const char *text)
{
	char	body[MAX_REPLY_ERROR];
	size_t	len;

	len = reply_error_body(body, sizeof(body), text);
	return (conn_reply(srv, id, status, "application/json",
	    status == 503 ? RETRY : NULL, body, len));
}
