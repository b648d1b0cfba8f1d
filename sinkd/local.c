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
 * whose other end went away is asked for anew.  Its queue is short (10
 * datagrams is a usual limit), so most of the time is spent in waiting for
 * the reader.
 */

static int		 sock = -1;
static int		 asked;
static const struct wbuf *events;
static const size_t	*lens;
static size_t		 nevents;	/* 0: nothing to send */
static size_t		 sent;		/* of them */
static size_t		 off;		/* where the next one begins */
static struct event	*go;
static struct event	*room;		/* the reader has taken some */

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
over(enum outcome outcome, const char *text)
{
	struct judgement	 j;

	memset(&j, 0, sizeof(j));
	j.bad_event = -1;
	if (outcome == OUT_BISECT)
		j.bad_event = (long)sent;
	nevents = 0;
	sink_judged(&j, outcome, -1, "%s", text);
	deliver_done(&j, NULL);
}

static void
drop_socket(void)
{
	if (room != NULL)
		event_free(room);
	room = NULL;
	if (sock != -1)
		close(sock);
	sock = -1;
}

static void
send_failed(int error)
{
	struct timeval	 tv;

	if (error == EMSGSIZE) {
		over(OUT_BISECT, strerror(error));
		return;
	}
	if (error == EAGAIN || error == ENOBUFS) {
		tv.tv_sec = sinkd.sink.rec.timeout_ms / 1000;
		tv.tv_usec = sinkd.sink.rec.timeout_ms % 1000 * 1000;
		if (event_add(room, &tv) == -1)
			fatalx("event");
		return;
	}
	drop_socket();
	ask();
	over(OUT_RETRY, strerror(error));
}

/* without a socket what the supervisor answers goes on from here */
static void
push(void)
{
	if (nevents == 0)
		return;
	if (sock == -1) {
		ask();
		return;
	}
	while (sent < nevents) {
		if (send(sock, events->data + off, lens[sent], MSG_NOSIGNAL |
		    MSG_DONTWAIT) == -1) {
			send_failed(errno);
			return;
		}
		sinkd.state.bytes += lens[sent];
		off += lens[sent++];
	}
	over(OUT_DELIVERED, "");
}

static void
go_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)arg;
	if (what & EV_TIMEOUT && fd != -1)
		over(OUT_RETRY, "nobody reads from the socket");
	else
		push();
}

static void
local_send(const struct wbuf *b, const size_t *l, size_t n)
{
	events = b;
	lens = l;
	nevents = n;
	sent = off = 0;
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
	if (nevents != 0)
		over(OUT_RETRY, done.text);
}

void
local_socket(struct peer *sup, struct msg *msg)
{
	(void)sup;
	asked = 0;
	drop_socket();
	sock = msg_take_fd(msg);
	if ((room = event_new(role.base, sock, EV_WRITE, go_cb, NULL)) ==
	    NULL)
		fatalx("event");
	push();
}

static void
local_init(void)
{
	if ((go = evtimer_new(role.base, go_cb, NULL)) == NULL)
		fatalx("event");
	ask();
}

const struct carrier	local_carrier = { local_init, local_send };
