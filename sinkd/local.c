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

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "sinkd.h"

/*
 * The host's own syslog socket: datagrams, one event each.  The supervisor
 * connects it and passes it on, for this process can open nothing; a socket
 * whose other end went away is asked for anew.
 */

static int		 sock = -1;
static int		 asked;
static const struct wbuf *events;
static const size_t	*lens;
static size_t		 nevents;
static size_t		 sent;		/* of them, also of the last time */
static struct event	*go;

static void
ask(void)
{
	struct request	 rq;

	if (asked)
		return;
	memset(&rq, 0, sizeof(rq));
	rq.kind = REQ_SYSLOG;
	if (peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq)) == 0)
		asked = 1;
}

static void
over(enum outcome outcome, int error)
{
	struct judgement	 j;

	memset(&j, 0, sizeof(j));
	j.bad_event = -1;
	if (outcome == OUT_BISECT)
		j.bad_event = (long)sent;
	sink_judged(&j, outcome, -1, "%s", error != 0 ? strerror(error) : "");
	deliver_done(&j, NULL);
}

static void
go_cb(evutil_socket_t fd, short what, void *arg)
{
	const uint8_t	*p = events->data;
	size_t		 i;
	int		 error;

	(void)fd;
	(void)what;
	(void)arg;
	if (sock == -1) {
		ask();
		over(OUT_RETRY, ENOTCONN);
		return;
	}
	for (i = 0; i < sent; i++)
		p += lens[i];
	for (; sent < nevents; sent++) {
		if (send(sock, p, lens[sent], MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    -1) {
			sinkd.state.bytes += lens[sent];
			p += lens[sent];
			continue;
		}
		if (errno == EMSGSIZE) {
			over(OUT_BISECT, EMSGSIZE);
			return;
		}
		if (errno != EAGAIN && errno != ENOBUFS) {
			error = errno;
			close(sock);
			sock = -1;
			ask();
			errno = error;
		}
		over(OUT_RETRY, errno);
		return;
	}
	over(OUT_DELIVERED, 0);
}

static void
local_send(const struct wbuf *b, const size_t *l, size_t n)
{
	events = b;
	lens = l;
	nevents = n;
	sent = 0;
	event_active(go, EV_TIMEOUT, 1);
}

/* the supervisor could not connect it: the next attempt asks again */
void
local_refused(struct peer *sup, struct msg *msg)
{
	struct request_done	 done;

	(void)sup;
	asked = 0;
	if (msg_get(msg, &done, sizeof(done)) == -1)
		return;
	done.text[sizeof(done.text) - 1] = '\0';
	log_warnx("%s", done.text);
}

void
local_socket(struct peer *sup, struct msg *msg)
{
	(void)sup;
	asked = 0;
	if (sock != -1)
		close(sock);
	sock = msg_take_fd(msg);
}

static void
local_init(void)
{
	if ((go = evtimer_new(role.base, go_cb, NULL)) == NULL)
		fatalx("event");
	ask();
}

const struct carrier	local_carrier = { local_init, local_send };
