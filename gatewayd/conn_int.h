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

#ifndef GATEWAYD_CONN_INT_H
#define GATEWAYD_CONN_INT_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/peer.h"
#include "conn.h"
#include "http.h"
#include "reply.h"

/*
 * Shared by conn.c (what happens on a connection) and conn_accept.c (how
 * connections come, are counted, and go).
 */

struct evbuffer;

#define MAX_CONN_READ	(16 * 1024)	/* bytes taken at once */

enum conn_state {
	CONN_IDLE,	/* no byte of a request parsed */
	CONN_HEAD,	/* part of a head is there */
	CONN_DECIDE,	/* inside ops.head */
	CONN_BODY,	/* accepted, body incomplete */
	CONN_ANSWER,	/* given to ops.request, not answered */
	CONN_WRITE,	/* answered, not all of it in the kernel */
	CONN_CLOSE,	/* answered for the last time */
	CONN_LINGER,	/* our end shut, waiting for theirs */
	CONN_DEAD	/* to be freed as soon as nobody is inside */
};

/* What one peer, a TCP address or a uid, has in use. */
struct account {
	RB_ENTRY(account)	 entry;
	int			 is_unix;
	uint32_t		 uid;
	uint8_t			 addr[16];	/* IPv4: mapped */
	unsigned int		 conns;
	size_t			 bytes;
};
RB_HEAD(account_tree, account);

/* A request that did not arrive in one piece: its head, then its body. */
struct body {
	int		 is_chunked;
	struct chunked	 chunks;
	size_t		 headlen;
	size_t		 len;
	size_t		 cap;
	size_t		 max;		/* of len; with a length, its end */
	char		*data;
};

struct conn {
	TAILQ_ENTRY(conn)	 entry;
	TAILQ_ENTRY(conn)	 ready;
	struct conn_server	*srv;
	struct evbuffer		*in;		/* received, not yet used */
	struct evbuffer		*out;		/* the kernel did not take */
	struct event		 readable;
	struct event		 writable;
	struct account		*account;
	struct body		*body;
	struct event		 timer;
	uint64_t		 deadline;	/* of this phase, ms */
	uint64_t		 armed;		/* when the timer fires, or 0 */
	uint64_t		 start;		/* of this request, ms */
	uint64_t		 tag;
	size_t			 charged;	/* bytes, in the budgets */
	size_t			 lingered;
	struct http_scan	 scan;
	uint32_t		 slot;
	int			 fd;
	enum conn_state		 state;
	unsigned int		 busy:1;	/* inside conn_run() */
	unsigned int		 is_ready:1;	/* on the ready list */
	unsigned int		 is_refused:1;	/* counted in nrefusing */
	unsigned int		 is_full:1;	/* reading is stopped */
	unsigned int		 eof:1;		/* they will send no more */
	unsigned int		 keepalive:1;
	unsigned int		 unread:1;	/* more of this request comes */
	unsigned int		 head_only:1;	/* HEAD: answer has no body */
	struct conn_peer	 peer;
	struct caller		 caller[];	/* one, Unix only */
};
TAILQ_HEAD(conn_list, conn);

struct slot {
	struct conn	*conn;
	uint64_t	 gen;		/* of the request; changes at its end */
	uint32_t	 next;		/* free slot after this */
};

struct listener {
	struct event		 ev;
	struct conn_server	*srv;
	int			 fd;
};

struct conn_server {
	struct event_base	*base;
	struct conn_limits	 lim;
	const struct conn_ops	*ops;
	void			*arg;
	struct account_tree	 accounts;
	struct conn_list	 conns;
	struct conn_list	 ready;
	struct slot		*slots;
	uint32_t		 nslots;
	uint32_t		 nused;		/* slots ever used */
	uint32_t		 free;		/* first free one, or nslots */
	struct listener		 listeners[MAX_LISTENERS];
	unsigned int		 nlisteners;
	struct event		 retry;		/* accept again */
	struct event		 wake;		/* ready list, or drained */
	unsigned int		 nconns;
	unsigned int		 nrefusing;
	unsigned int		 turn;		/* nconns when it began */
	struct conn_stats	 stats;
	int			 paused;
	int			 draining;
	int			 backoff;
	void			(*drained)(void *);
	void			*drained_arg;
	struct http_head	 head;		/* of the current callback */
	char			 out[MAX_REPLY_HEAD];
	char			 in[MAX_CONN_READ];
};

/* conn.c */
void	conn_start(struct conn *);
void	conn_run(struct conn *);
void	conn_refuse(struct conn *, int, const char *);
void	conn_set_ready(struct conn *);
void	conn_set_deadline(struct conn *, uint64_t);
uint64_t conn_now(void);

/* conn_accept.c */
void	conn_free(struct conn *);
int	conn_budget(struct conn *, size_t);
void	conn_charge(struct conn *, size_t);

#endif /* GATEWAYD_CONN_INT_H */
