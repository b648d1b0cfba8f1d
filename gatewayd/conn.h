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

#ifndef GATEWAYD_CONN_H
#define GATEWAYD_CONN_H

#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>

#include "http.h"

struct caller;
struct suite_groups;
struct event_base;

/*
 * Connections of HTTP clients: accepting, budgets, deadlines, one request at
 * a time per connection, answers in order.  What is said here of "bytes
 * buffered" is memory really held for a client, not what was promised.
 *
 * A request has an id.  It is good from the head callback until it is
 * answered or its client is gone; afterwards it is dead for ever and answering
 * it does nothing.  Pointers given to callbacks are good only during the
 * call: keep the id, not the pointer.
 */

#define MAX_CONNS		65536	/* limit of conn_limits.max_conns */
#define MAX_LISTENERS		8
#define MAX_ACCEPT_BATCH	8	/* accepted per wakeup of a listener */
#define MAX_REFUSING		64	/* being told 503, beyond max_conns */
#define MAX_BODY_INSPECT	(4 * 1024 * 1024)
#define MAX_BODY_OTHER		(1024 * 1024)


/* Milliseconds, absolute per phase: a trickle of bytes extends nothing. */
struct conn_limits {
	unsigned int	head_ms;	/* first byte of a head to its end */
	unsigned int	request_ms;	/* first byte to end of the body */
	unsigned int	answer_ms;	/* end of the body to conn_reply() */
	unsigned int	idle_ms;	/* until a first byte, also at first */
	unsigned int	write_ms;	/* conn_reply() to the last byte out */
	unsigned int	linger_ms;	/* after our end, until theirs */
	unsigned int	drain_ms;	/* idle ones, once conn_drain()ed */
	unsigned int	workers;	/* that accept from the same sockets */
	unsigned int	max_conns;
	unsigned int	max_conns_addr;	/* from one TCP address */
	unsigned int	max_conns_uid;	/* of one uid by Unix socket */
	size_t		buf_total;	/* bytes buffered for all */
	size_t		buf_addr;	/* for one TCP address */
	size_t		buf_uid;	/* for one uid */
	size_t		max_reply;	/* bytes of one body we send */
	size_t		max_linger;	/* bytes thrown away while lingering */
};

/* Who is at the other end. */
struct conn_peer {
	int		 is_unix;
	const struct caller *caller;	/* Unix: the kernel's word; else NULL */
	char		 addr[INET6_ADDRSTRLEN];	/* TCP; else "unix" */
	uint16_t	 port;
};

struct conn_ops {
	/*
	 * A head is complete, its body not yet taken.  Returns the largest
	 * body this request may have, or answers it at once by conn_reply().
	 * *tag comes back with the request.
	 */
	size_t	(*head)(void *, uint64_t, const struct conn_peer *,
		    const struct http_head *, uint64_t *tag);
	/* The whole request; answer now or later. */
	void	(*request)(void *, uint64_t, const struct conn_peer *,
		    const struct http_head *, uint64_t tag, const char *,
		    size_t);
	/*
	 * A refusal by this layer: status sent (0: closed without one) and
	 * reason, a short static text.
	 */
	void	(*event)(void *, const struct conn_peer *, int, const char *);
	/* whose members struct caller tells apart; NULL: none */
	const struct suite_groups *groups;
};

struct conn_stats {
	unsigned int	conns;
	uint64_t	accepted;
	uint64_t	requests;	/* given to ops.request */
	uint64_t	refused;	/* told to ops.event */
	size_t		buffered;	/* bytes */
};

struct conn_server;

void	conn_limits_default(struct conn_limits *);
struct conn_server *conn_server_new(struct event_base *,
	    const struct conn_limits *, const struct conn_ops *, void *);
void	conn_server_free(struct conn_server *);
int	conn_listen(struct conn_server *, int);
void	conn_pause(struct conn_server *);
void	conn_resume(struct conn_server *);
void	conn_drain(struct conn_server *, void (*)(void *), void *);
void	conn_end_idle(struct conn_server *);
void	conn_get_stats(const struct conn_server *, struct conn_stats *);

int	conn_alive(struct conn_server *, uint64_t);
int	conn_reply(struct conn_server *, uint64_t, int, const char *,
	    const char *, const void *, size_t);
int	conn_reply_error(struct conn_server *, uint64_t, int, const char *);

#endif /* GATEWAYD_CONN_H */
