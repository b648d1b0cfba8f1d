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

#ifndef COMMON_PEER_H
#define COMMON_PEER_H

#include <sys/queue.h>

#include <stdint.h>

#include "common/caller.h"
#include "common/foreign.h"
#include "common/frame.h"

struct event;
struct event_base;

/*
 * One channel to one other process: queue, flow control, dispatch table.
 * A message that the table does not allow closes a client, and is fatal to
 * the receiver when a peer process sent it; the supervisor ends the child
 * that sent it instead, for it must not be possible to take the suite down
 * with one message.
 */

#define MAX_PEER_NAME	32
#define PEER_QUEUE_HIGH	(1024 * 1024)	/* bytes: congested from here on */
#define PEER_QUEUE_LOW	(256 * 1024)	/* bytes: relieved below */
#define MAX_PEER_QUEUE	(64 * 1024 * 1024) /* bytes: peer_send() refuses */
#define CTL_VERSION	1		/* of the control protocol */

/* who may send a message; a row of a peer process's table has NOBODY */
#define NOBODY		0x00U
#define CLIENT		0x01U	/* inspect, hook, its own alerts */
#define AUDITOR		0x02U	/* read, verify, export */
#define OPERATOR	0x04U	/* policy, config, reload */
#define ANYONE		(CLIENT | AUDITOR | OPERATOR)
#define READERS		(AUDITOR | OPERATOR)

enum fdrule { FD_NONE, FD_ONE };

enum role_state {
	ST_STARTING	= 0x01,		/* before READY */
	ST_RUNNING	= 0x02,
	ST_DRAINING	= 0x04,		/* finishing what is on the wire */
};
#define ST_ANY	(ST_STARTING | ST_RUNNING | ST_DRAINING)

struct peer;

struct dispatch {
	uint32_t	 type;
	unsigned int	 states;	/* of the receiving role */
	size_t		 min;
	size_t		 max;
	enum fdrule	 fd;
	unsigned int	 who;		/* principals, for clients */
	void		(*handler)(struct peer *, struct msg *);
};

/* whom a bad message hurts: us, the client's connection, the child */
enum peer_class { PEER_FATAL, PEER_CLIENT, PEER_CHILD };

struct peer_out {
	TAILQ_ENTRY(peer_out)	 entry;
	uint8_t			*data;
	size_t			 len;
	size_t			 off;
	size_t			 size;
	int			 fd;
};

struct peer {
	TAILQ_ENTRY(peer)	 entry;		/* its owner's list */
	char			 name[MAX_PEER_NAME];
	enum peer_class		 class;
	int			 fd;
	uint32_t		 incarnation;	/* of the process behind it */
	uint32_t		 pid;		/* ours, as put into headers */
	const struct dispatch	*table;
	unsigned int		*state;		/* the receiving role's */
	struct event		*rev;
	struct event		*wev;
	struct event		*flush;		/* end of this turn */
	struct frame_in		 in;
	TAILQ_HEAD(peer_out_head, peer_out) out;
	struct peer_out		*spare;		/* an empty buffer */
	size_t			 queued;	/* bytes */
	uint64_t		 sent;		/* messages */
	uint64_t		 received;
	int			 held;		/* the other end said XOFF */
	int			 holding;	/* we said XOFF */
	int			 congested;	/* queue passed HIGH, not LOW */
	int			 hello;		/* client spoke its version */
	uint64_t		 since_ms;	/* client: when it came */
	int			 closing;	/* once the queue is out */
	int			 busy;		/* inside dispatch */
	int			 dead;
	struct caller		 caller;	/* clients */
	unsigned int		 principal;	/* clients */
	char			 who[MAX_UID_WORDS];	/* clients */
	void			*ctx;
	/* end of file, error or refusal; after it the peer is freed */
	void			(*on_close)(struct peer *);
	/* the answer to peer_blocked() changed */
	void			(*on_flow)(struct peer *);
	/* a client sent what its principal may not */
	void			(*on_refused)(struct peer *, uint32_t);
};

/*
 * Takes fd (made non-blocking).  allow_fd: descriptors may arrive.  max is
 * the payload limit of what arrives.  NULL with errno on failure.
 */
struct peer	*peer_new(struct event_base *, int, const char *,
		    enum peer_class, const struct dispatch *, unsigned int *,
		    size_t, int);
void		 peer_free(struct peer *);	/* closes; safe in a handler */
void		 peer_close_when_sent(struct peer *);
void		 peer_set_incarnation(struct peer *, uint32_t);

/*
 * Queues one message; fd (or -1) becomes the peer's and is closed after
 * sending, also on failure.  -1 with errno ENOBUFS when MAX_PEER_QUEUE is
 * reached, EMSGSIZE, ENOMEM.
 */
int	 peer_send(struct peer *, uint32_t, uint32_t, int, const void *,
	    size_t);
int	 peer_send2(struct peer *, uint32_t, uint32_t, const void *, size_t,
	    const void *, size_t);

int	 peer_flush(struct peer *, int);	/* ms; 0: all is out */
unsigned int peer_fds(const struct peer *);	/* descriptors in the queue */
int	 peer_blocked(const struct peer *);	/* held or congested */
void	 peer_read(struct peer *, int);		/* 0: what comes waits */
void	 peer_hold(struct peer *);		/* XOFF, once */
void	 peer_release(struct peer *);		/* XON, once */

/* ends an answer to a client: enum ctl_code */
void	 peer_done(struct peer *, uint32_t, uint32_t);

/* text to a client, in as many messages as it takes */
void	 peer_text(struct peer *, uint32_t, const char *, size_t);

/* answers a client: code of enum ctl_code and one line of text */
void	 peer_error(struct peer *, uint32_t, uint32_t, const char *, ...)
	    __attribute__((__format__(printf, 4, 5)));

#endif /* COMMON_PEER_H */
