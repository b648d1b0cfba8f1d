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

#ifndef COMMON_ROLE_H
#define COMMON_ROLE_H

#include <stdint.h>

#include "common/confine.h"
#include "common/peer.h"
#include "common/proto.h"
#include "common/records.h"

/*
 * The life of a role: begin (drop root, take what the supervisor hands
 * over), open what must be open, enter (no way back), serve.
 */

#define ROLE_FD			3	/* the channel to the supervisor */
#define MAX_START_SECONDS	10	/* for the supervisor's first words */
#define MAX_CLIENTS		64	/* control connections of one role */
#define MAX_CLIENTS_PER_UID	16
#define OPERATOR_CLIENTS	4	/* of them, kept for operators */
#define MAX_HELLO_MS		2000	/* for a client's first message */
#define MAX_ROLE_FDS		48	/* descriptors handed over at start */

struct event_base;

struct role {
	struct start		 start;
	struct records		 records;
	struct event_base	*base;
	struct peer		*sup;
	unsigned int		 state;		/* enum role_state */
	struct sandbox_state	 sandbox;
	TAILQ_HEAD(, peer)	 clients;
	unsigned int		 nclients;
};

extern struct role	 role;

/* never returns on failure; afterwards uid, root and namespaces are final */
void	 role_begin(int, char *[], enum role_id);

/*
 * The descriptor of this kind (and name, or NULL for any) that was handed
 * over; each is given once and is then the caller's.  -1: none.
 */
int	 role_fd(enum start_fd_kind, const char *);

/*
 * Before READY: sleeps so many ms, and ends the process when the supervisor
 * wants it to.
 */
void	 role_pause(int);

/* says why, like fatalx(), and that only an operator can help */
void	 role_refuse(const char *, ...)
	    __attribute__((__format__(printf, 1, 2), __noreturn__));

/* filters and limits; params may be NULL; never returns on failure */
void	 role_enter(const struct promise *, struct confine_params *);

/* says READY and runs the loop; returns when role_exit() was called */
void	 role_serve(const struct dispatch *);
void	 role_exit(void);

/* handler of MSG_PING: all that came before it is done */
void	 role_ping(struct peer *, struct msg *);

/* a channel whose end a MSG_PEER brought; fatal on a wrong one */
struct peer	*role_peer(struct msg *, struct peer_end *,
		    const struct dispatch *);

/*
 * Handler of MSG_CONTROL: makes a client of the passed connection, with its
 * principal.  NULL when the caller may do nothing at all or the role has too
 * many (it is told).  The last is called when a client, also one that may do
 * nothing, is refused for who it is; the type is 0 when it sent none.
 */
struct peer	*role_control(struct msg *, const struct dispatch *, size_t,
		    void (*)(struct peer *, uint32_t));

/* on_close of a client; one that replaces it calls it */
void	 role_client_closed(struct peer *);

/* what a caller may do: CLIENT, AUDITOR, OPERATOR bits */
unsigned int	 role_principal(const struct caller *);
/* who that is in a row: "uid:1000" */
void	 role_actor(uint32_t, char [MAX_UID_ACTOR]);

#ifdef CONFINE_PROBE
/*
 * Probe builds only, in tests/sandbox/probe_main.c: called when all is handed
 * over but no id dropped yet, and when the role has entered.  They return
 * unless a probe was handed over.
 */
void	 probe_begin(void);
void	 probe_main(void);
#endif

#endif /* COMMON_ROLE_H */
