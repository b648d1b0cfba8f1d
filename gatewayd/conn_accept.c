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
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "common/log.h"
#include "conn_int.h"

#define ACCEPT_RETRY_MS	100	/* pause after running out of descriptors */
#define ACCEPT_SHARE_MS	1	/* in which another worker may accept */
#define MAX_ACCEPT_TURN	4	/* more connections until the next is asked */
#define MAX_UNSHARED	256	/* connections from which on nobody is asked */

union address {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
	struct sockaddr_un	un;
};

static int	account_cmp(struct account *, struct account *);

RB_PROTOTYPE(account_tree, account, entry, account_cmp)
RB_GENERATE(account_tree, account, entry, account_cmp)

static int
account_cmp(struct account *a, struct account *b)
{
	if (a->is_unix != b->is_unix)
		return (a->is_unix < b->is_unix ? -1 : 1);
	if (a->uid != b->uid)
		return (a->uid < b->uid ? -1 : 1);
	return (memcmp(a->addr, b->addr, sizeof(a->addr)));
}

/*
 * What loopback shares: by TCP every local user has the same address, so a
 * good part of all is left to Unix clients, whom the kernel tells apart.
 */
void
conn_limits_default(struct conn_limits *l)
{
	memset(l, 0, sizeof(*l));
	l->head_ms = 10 * 1000;
	l->request_ms = 30 * 1000;
	l->answer_ms = 30 * 1000;
	l->idle_ms = 60 * 1000;
	l->write_ms = 30 * 1000;
	l->linger_ms = 2 * 1000;
	l->drain_ms = 10 * 1000;
	l->max_conns = 12000;
	l->max_conns_addr = 11000;
	l->max_conns_uid = 3000;
	l->buf_total = 256U * 1024 * 1024;
	l->buf_addr = 192U * 1024 * 1024;
	l->buf_uid = 64U * 1024 * 1024;
	l->max_reply = 8U * 1024 * 1024;
	l->max_linger = 8U * 1024 * 1024;
}

static size_t
account_max_bytes(const struct conn *c)
{
	return (c->account->is_unix ? c->srv->lim.buf_uid :
	    c->srv->lim.buf_addr);
}

/* Charge what is held, whatever the budgets say. */
void
conn_charge(struct conn *c, size_t held)
{
	if (held == c->charged)
		return;
	c->srv->stats.buffered += held - c->charged;
	if (c->account != NULL)
		c->account->bytes += held - c->charged;
	c->charged = held;
}

/* Charge what will be held, or nothing and -1 if a budget does not allow it. */
int
conn_budget(struct conn *c, size_t held)
{
	size_t	more;

	if (held > c->charged && c->account != NULL) {
		more = held - c->charged;
		if (c->srv->stats.buffered + more > c->srv->lim.buf_total ||
		    c->account->bytes + more > account_max_bytes(c))
			return (-1);
	}
	conn_charge(c, held);
	return (0);
}

/*
 * Every local user has all addresses of loopback: together they are one
 * account, or whoever asks from two of them has the places of two.
 */
static int
is_loopback(const uint8_t addr[16])
{
	static const uint8_t	mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t	one[16] = { [15] = 1 };

	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		return (addr[12] == 127);
	return (memcmp(addr, one, sizeof(one)) == 0);
}

static struct account *
account_get(struct conn_server *srv, const struct conn_peer *peer,
    const union address *ua)
{
	struct account	*a, key;

	memset(&key, 0, sizeof(key));
	if (peer->is_unix) {
		key.is_unix = 1;
		key.uid = peer->caller->uid;
	} else if (ua->sa.sa_family == AF_INET6) {
		memcpy(key.addr, &ua->in6.sin6_addr, 16);
	} else {
		key.addr[10] = key.addr[11] = 0xff;
		memcpy(key.addr + 12, &ua->in.sin_addr, 4);
	}
	if (!key.is_unix && is_loopback(key.addr))
		memset(key.addr, 0, sizeof(key.addr));
	if ((a = RB_FIND(account_tree, &srv->accounts, &key)) != NULL)
		return (a);
	if ((a = malloc(sizeof(*a))) == NULL)
		return (NULL);
	*a = key;
	RB_INSERT(account_tree, &srv->accounts, a);
	return (a);
}

static void
account_put(struct conn_server *srv, struct account *a)
{
	if (a->conns > 0)
		return;
	RB_REMOVE(account_tree, &srv->accounts, a);
	free(a);
}

static int
slot_get(struct conn_server *srv, struct conn *c)
{
	struct slot	*s;

	if (srv->free != srv->nslots) {
		c->slot = srv->free;
		srv->free = srv->slots[c->slot].next;
	} else if (srv->nused < srv->nslots) {
		c->slot = srv->nused++;
	} else {
		return (-1);
	}
	s = &srv->slots[c->slot];
	s->conn = c;
	s->gen++;
	return (0);
}

static void
slot_put(struct conn_server *srv, struct conn *c)
{
	struct slot	*s = &srv->slots[c->slot];

	s->conn = NULL;
	s->gen++;
	s->next = srv->free;
	srv->free = c->slot;
}

/* Free a connection nobody is inside of. */
void
conn_free(struct conn *c)
{
	struct conn_server	*srv = c->srv;

	conn_charge(c, 0);
	slot_put(srv, c);
	TAILQ_REMOVE(&srv->conns, c, entry);
	if (c->is_ready)
		TAILQ_REMOVE(&srv->ready, c, ready);
	if (c->account != NULL) {
		c->account->conns--;
		account_put(srv, c->account);
	}
	if (c->is_refused)
		srv->nrefusing--;
	else
		srv->nconns--;
	event_del(&c->timer);
	event_del(&c->readable);
	event_del(&c->writable);
	evbuffer_free(c->in);
	evbuffer_free(c->out);
	close(c->fd);
	if (c->body != NULL)
		free(c->body->data);
	free(c->body);
	free(c);
	if (srv->draining && TAILQ_EMPTY(&srv->conns))
		event_active(&srv->wake, EV_TIMEOUT, 0);
}

static int
peer_unix(struct conn_peer *p, struct caller *c, int fd,
    const struct suite_groups *sg)
{
	p->is_unix = 1;
	p->caller = c;
	strlcpy(p->addr, "unix", sizeof(p->addr));
	return (caller_get(fd, sg, c));
}

static void
peer_tcp(struct conn_peer *p, const union address *ua, int fd)
{
	int	on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (ua->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &ua->in6.sin6_addr, p->addr,
		    sizeof(p->addr));
		p->port = ntohs(ua->in6.sin6_port);
	} else {
		inet_ntop(AF_INET, &ua->in.sin_addr, p->addr,
		    sizeof(p->addr));
		p->port = ntohs(ua->in.sin_port);
	}
}

/* A connection not yet in any list.  fd stays the caller's on failure. */
static struct conn *
conn_alloc(struct conn_server *srv, int fd, const union address *ua)
{
	int		 is_unix = ua->sa.sa_family == AF_UNIX;
	struct conn	*c;

	c = calloc(1, sizeof(*c) + (is_unix ? sizeof(struct caller) : 0));
	if (c == NULL)
		return (NULL);
	c->srv = srv;
	if (is_unix) {
		if (peer_unix(&c->peer, c->caller, fd,
		    srv->ops->groups) == -1) {
			free(c);
			return (NULL);
		}
	} else {
		peer_tcp(&c->peer, ua, fd);
	}
	return (c);
}

static int
conn_buffers(struct conn *c)
{
	if ((c->in = evbuffer_new()) == NULL)
		return (-1);
	if ((c->out = evbuffer_new()) == NULL) {
		evbuffer_free(c->in);
		return (-1);
	}
	return (0);
}

/* Take a new connection in, or tell it that there is no room. */
static int
conn_open(struct conn_server *srv, int fd, const union address *ua)
{
	struct account	*a;
	struct conn	*c;
	unsigned int	 max;
	int		 full;

	if ((c = conn_alloc(srv, fd, ua)) == NULL)
		return (-1);
	if ((a = account_get(srv, &c->peer, ua)) == NULL) {
		free(c);
		return (-1);
	}
	max = a->is_unix ? srv->lim.max_conns_uid : srv->lim.max_conns_addr;
	full = srv->nconns >= srv->lim.max_conns || a->conns >= max;
	if ((full && srv->nrefusing >= MAX_REFUSING) ||
	    slot_get(srv, c) == -1) {
		srv->stats.refused++;
		srv->ops->event(srv->arg, &c->peer, 0,
		    "too-many-connections");
		account_put(srv, a);
		free(c);
		return (-1);
	}
	if (conn_buffers(c) == -1) {
		slot_put(srv, c);
		account_put(srv, a);
		free(c);
		return (-1);
	}
	c->fd = fd;
	TAILQ_INSERT_TAIL(&srv->conns, c, entry);
	if (full) {
		account_put(srv, a);
		c->is_refused = 1;
		srv->nrefusing++;
	} else {
		c->account = a;
		a->conns++;
		srv->nconns++;
		srv->stats.accepted++;
	}
	conn_start(c);
	if (full) {
		conn_refuse(c, 503, "too-many-connections");
		conn_run(c);
	}
	return (0);
}

static void
listeners_update(struct conn_server *srv)
{
	int		on = !srv->paused && !srv->draining && !srv->backoff;
	unsigned int	i;

	for (i = 0; i < srv->nlisteners; i++) {
		if (on)
			event_add(&srv->listeners[i].ev, NULL);
		else
			event_del(&srv->listeners[i].ev);
	}
}

static void
accept_rest(struct conn_server *srv, int ms)
{
	struct timeval	 tv = { 0, ms * 1000 };

	srv->backoff = 1;
	listeners_update(srv);
	evtimer_add(&srv->retry, &tv);
}

/*
 * A pool of connections must not end up with the worker that woke first:
 * whoever got some of it rests.  Clients that come and go make no pool.
 */
static int
turn_is_over(struct conn_server *srv)
{
	if (srv->nconns <= srv->turn)
		srv->turn = srv->nconns - (srv->nconns > 0);
	if (srv->lim.workers < 2 || srv->nconns >= MAX_UNSHARED ||
	    srv->nconns < srv->turn + MAX_ACCEPT_TURN)
		return (0);
	srv->turn = srv->nconns;
	return (1);
}

static void
on_accept(evutil_socket_t lfd, short what, void *arg)
{
	struct listener		*l = arg;
	struct conn_server	*srv = l->srv;
	union address		 ua;
	socklen_t		 len;
	int			 fd, i;

	(void)what;
	for (i = 0; i < MAX_ACCEPT_BATCH; i++) {
		memset(&ua, 0, sizeof(ua));
		len = sizeof(ua);
		fd = accept4(lfd, &ua.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1)
			break;
		if (conn_open(srv, fd, &ua) == -1)
			close(fd);
		/* A callback may have paused or drained us. */
		if (srv->paused || srv->draining)
			return;
		if (turn_is_over(srv)) {
			accept_rest(srv, ACCEPT_SHARE_MS);
			return;
		}
	}
	if (fd == -1 && (errno == EMFILE || errno == ENFILE ||
	    errno == ENOBUFS || errno == ENOMEM)) {
		/* Who waits in the backlog waits on; nobody else is hurt. */
		log_warn("accept: new connections wait; raise the limit of "
		    "open files or lower max_conns");
		accept_rest(srv, ACCEPT_RETRY_MS);
	}
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct conn_server	*srv = arg;

	(void)fd;
	(void)what;
	srv->backoff = 0;
	listeners_update(srv);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct conn_server	*srv = arg;
	struct conn		*c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&srv->ready)) != NULL) {
		TAILQ_REMOVE(&srv->ready, c, ready);
		c->is_ready = 0;
		conn_run(c);
	}
	if (srv->draining && TAILQ_EMPTY(&srv->conns) &&
	    srv->drained != NULL) {
		void	(*cb)(void *) = srv->drained;

		srv->drained = NULL;
		cb(srv->drained_arg);
	}
}

/*
 * Make a server without listeners.  limits are copied, ops is not; arg goes
 * to every callback.  SIGPIPE is ignored from here on.  NULL with errno.
 */
struct conn_server *
conn_server_new(struct event_base *base, const struct conn_limits *limits,
    const struct conn_ops *ops, void *arg)
{
	struct conn_server	*srv;

	if (limits->max_conns == 0 || limits->max_conns > MAX_CONNS) {
		errno = EINVAL;
		return (NULL);
	}
	if ((srv = calloc(1, sizeof(*srv))) == NULL)
		return (NULL);
	srv->base = base;
	srv->lim = *limits;
	srv->ops = ops;
	srv->arg = arg;
	RB_INIT(&srv->accounts);
	TAILQ_INIT(&srv->conns);
	TAILQ_INIT(&srv->ready);
	srv->nslots = srv->free = limits->max_conns + MAX_REFUSING;
	/* Untouched pages of it cost nothing. */
	if ((srv->slots = calloc(srv->nslots, sizeof(*srv->slots))) == NULL) {
		free(srv);
		return (NULL);
	}
	evtimer_assign(&srv->retry, base, on_retry, srv);
	evtimer_assign(&srv->wake, base, on_wake, srv);
	signal(SIGPIPE, SIG_IGN);
	return (srv);
}

static void
listeners_close(struct conn_server *srv)
{
	unsigned int	i;

	for (i = 0; i < srv->nlisteners; i++) {
		event_del(&srv->listeners[i].ev);
		close(srv->listeners[i].fd);
	}
	srv->nlisteners = 0;
}

/*
 * End at once; no callback is called.  Not from within a callback.
 */
void
conn_server_free(struct conn_server *srv)
{
	struct conn	*c;

	if (srv == NULL)
		return;
	srv->draining = 0;
	listeners_close(srv);
	while ((c = TAILQ_FIRST(&srv->conns)) != NULL)
		conn_free(c);
	event_del(&srv->retry);
	event_del(&srv->wake);
	free(srv->slots);
	free(srv);
}

/*
 * Accept from a listening, non-blocking TCP or Unix stream socket, which is
 * ours from now on.  -1 with errno: more than MAX_LISTENERS; it is not.
 */
int
conn_listen(struct conn_server *srv, int fd)
{
	struct listener	*l;

	if (srv->nlisteners == MAX_LISTENERS || srv->draining) {
		errno = ENOSPC;
		return (-1);
	}
	l = &srv->listeners[srv->nlisteners++];
	l->srv = srv;
	l->fd = fd;
	event_assign(&l->ev, srv->base, fd, EV_READ | EV_PERSIST, on_accept,
	    l);
	listeners_update(srv);
	return (0);
}

/*
 * Take no new connections and begin no new requests.  What was accepted on
 * its head goes on.  A client that waits beyond its deadline gets 503.
 */
void
conn_pause(struct conn_server *srv)
{
	srv->paused = 1;
	listeners_update(srv);
}

void
conn_resume(struct conn_server *srv)
{
	struct conn	*c;

	if (!srv->paused)
		return;
	srv->paused = 0;
	listeners_update(srv);
	TAILQ_FOREACH(c, &srv->conns, entry)
		if (c->state == CONN_IDLE || c->state == CONN_HEAD)
			conn_set_ready(c);
}

/*
 * Stop for good: listeners are closed, every answer from now on says
 * Connection: close, who stays silent for drain_ms is closed.  cb is called
 * from the event loop when no connection is left.
 */
void
conn_drain(struct conn_server *srv, void (*cb)(void *), void *arg)
{
	uint64_t	 end = conn_now() + srv->lim.drain_ms;
	struct conn	*c;

	srv->draining = 1;
	srv->drained = cb;
	srv->drained_arg = arg;
	listeners_close(srv);
	TAILQ_FOREACH(c, &srv->conns, entry)
		if (c->state == CONN_IDLE && end < c->deadline)
			conn_set_deadline(c, end);
	if (TAILQ_EMPTY(&srv->conns))
		event_active(&srv->wake, EV_TIMEOUT, 0);
}

/*
 * After conn_drain(): who asks nothing now is not waited for.
 */
void
conn_end_idle(struct conn_server *srv)
{
	struct conn	*c;

	TAILQ_FOREACH(c, &srv->conns, entry)
		if (c->state == CONN_IDLE || c->state == CONN_HEAD)
			conn_set_deadline(c, conn_now());
}

void
conn_get_stats(const struct conn_server *srv, struct conn_stats *st)
{
	*st = srv->stats;
	st->conns = srv->nconns;
}
