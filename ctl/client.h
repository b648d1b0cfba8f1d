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

#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/proto.h"
#include "paths.h"

/*
 * The front end's end of one control socket (run/control/INSTANCE.sock),
 * one request after the other.  Whoever made the socket must be root, or
 * the suite's owner in user mode: the kernel says so, and nothing is sent to
 * anybody else.
 *
 * Functions return an enum ctl_code; err then says why, in one line.
 */

#define CLIENT_LIMIT_MS	10000	/* for the next message of an answer */
#define CLIENT_RETRY_MS	1500	/* for a role to come back */
#define STATUS_LIMIT_MS	2500	/* for all that several are asked */
#define MAX_STATUS	8	/* that are asked at once */

struct client {
	int		 fd;
	struct frame_in	 in;
	uint32_t	 id;		/* of the request under way */
	int		 limit_ms;	/* -1: none */
	uint64_t	 until;		/* clock_ms() of all of it; 0: each */
	uint64_t	 next;		/* rows go on before it; 0: the end */
	int		 lost;		/* no answer came: closed, or late */
	const char	*instance;
	char		 err[MAX_CTL_TEXT + 64];
};

/* connects and says hello; waits for a role that is being replaced */
int	client_open(struct client *, const struct paths *, const char *);

/* the first worker that answers */
int	client_open_worker(struct client *, const struct paths *);
void	client_close(struct client *);		/* also after a failed open */

/* a request of two parts, the second may be empty */
int	client_send(struct client *, uint32_t, const void *, size_t,
	    const void *, size_t);

/* the next message of the answer; an error message is its code and text */
int	client_recv(struct client *, struct msg *);

/* takes a piece of text; anything but 0 ends the answer with that code */
typedef int client_text_cb(const char *, size_t, void *);

/* pieces until the answer is over */
int	client_answer(struct client *, client_text_cb *, void *);

/* request and answer; all of the text in a buffer with a NUL, to be freed */
int	client_call(struct client *, uint32_t, const void *, size_t,
	    char **, size_t *);

/* the status of one instance; NULL and the code, with the text in the client */
json_t	*client_status(const struct paths *, const char *, struct client *,
	    int *);

/*
 * The same of at most MAX_STATUS that c.instance names, all at once: none
 * waits for another, and all of it ends within STATUS_LIMIT_MS.  json is to
 * be freed, or NULL with rc and c.err.
 */
struct client_status {
	struct client	 c;
	int		 rc;
	json_t		*json;
};
void	client_status_all(const struct paths *, struct client_status *,
	    size_t);

/* "gatewayd.1" and so on, index from 0; NULL after the last */
const char	*client_worker(unsigned int);

#endif /* CTL_CLIENT_H */
