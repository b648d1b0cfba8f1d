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
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/peer.h"
#include "common/proto.h"

#define PEER_CHUNK	(16 * 1024)	/* small messages share a buffer */
#define PEER_PIECE	(64 * 1024)	/* of a text to a client */
#define MAX_PEER_IOV	32

static void	peer_readable(evutil_socket_t, short, void *);
static void	peer_writable(evutil_socket_t, short, void *);
static void	peer_flush_cb(evutil_socket_t, short, void *);

struct peer *
peer_new(struct event_base *base, int fd, const char *name,
    enum peer_class class, const struct dispatch *table, unsigned int *state,
    size_t max, int allow_fd)
{
	struct peer	*p;
	int		 flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return (NULL);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	strlcpy(p->name, name, sizeof(p->name));
	p->class = class;
	p->fd = fd;
	p->pid = (uint32_t)getpid();
	p->table = table;
	p->state = state;
	frame_in_init(&p->in, max, allow_fd);
	TAILQ_INIT(&p->out);
	p->rev = event_new(base, fd, EV_READ | EV_PERSIST, peer_readable, p);
	p->wev = event_new(base, fd, EV_WRITE, peer_writable, p);
	p->flush = event_new(base, -1, 0, peer_flush_cb, p);
	if (p->rev == NULL || p->wev == NULL || p->flush == NULL ||
	    event_add(p->rev, NULL) == -1) {
		p->fd = -1;		/* stays the caller's */
		peer_free(p);
		errno = ENOMEM;
		return (NULL);
	}
	return (p);
}

static void
peer_out_free(struct peer *p, struct peer_out *o)
{
	TAILQ_REMOVE(&p->out, o, entry);
	if (o->fd != -1)
		close(o->fd);
	explicit_bzero(o->data, o->len);
	/* one stays, for a busy channel needs it again at once */
	if (p->spare == NULL && o->size == PEER_CHUNK) {
		p->spare = o;
		return;
	}
	free(o->data);
	free(o);
}

void
peer_free(struct peer *p)
{
	struct peer_out	*o;

	if (p->busy) {
		p->dead = 1;
		return;
	}
	if (p->rev != NULL)
		event_free(p->rev);
	if (p->wev != NULL)
		event_free(p->wev);
	if (p->flush != NULL)
		event_free(p->flush);
	while ((o = TAILQ_FIRST(&p->out)) != NULL)
		peer_out_free(p, o);
	if (p->spare != NULL) {
		free(p->spare->data);
		free(p->spare);
	}
	frame_in_free(&p->in);
	if (p->fd != -1)
		close(p->fd);
	free(p);
}

void
peer_set_incarnation(struct peer *p, uint32_t incarnation)
{
	p->incarnation = incarnation;
}

static void
peer_gone(struct peer *p)
{
	p->dead = 1;
	if (p->on_close != NULL)
		p->on_close(p);
	if (!p->busy)
		peer_free(p);
}

void
peer_close_when_sent(struct peer *p)
{
	p->closing = 1;
	event_del(p->rev);
	if (TAILQ_EMPTY(&p->out))
		event_active(p->flush, EV_WRITE, 1);
}

int
peer_blocked(const struct peer *p)
{
	return (p->held || p->congested);
}

static void
peer_flow(struct peer *p)
{
	int	before = p->congested;

	if (p->queued >= PEER_QUEUE_HIGH)
		p->congested = 1;
	else if (p->queued <= PEER_QUEUE_LOW)
		p->congested = 0;
	if (before != p->congested && p->on_flow != NULL)
		p->on_flow(p);
}

static struct peer_out *
peer_out_room(struct peer *p, size_t need, int fd)
{
	struct peer_out	*o;

	/* a message with a descriptor starts a buffer and has it alone */
	o = TAILQ_LAST(&p->out, peer_out_head);
	if (o != NULL && fd == -1 && o->fd == -1 &&
	    o->size - o->len >= need)
		return (o);
	if (p->spare != NULL && fd == -1 && need <= PEER_CHUNK) {
		o = p->spare;
		p->spare = NULL;
		o->len = o->off = 0;
		TAILQ_INSERT_TAIL(&p->out, o, entry);
		return (o);
	}
	if ((o = calloc(1, sizeof(*o))) == NULL)
		return (NULL);
	o->size = fd == -1 && need < PEER_CHUNK ? PEER_CHUNK : need;
	o->fd = -1;
	if ((o->data = malloc(o->size)) == NULL) {
		free(o);
		return (NULL);
	}
	TAILQ_INSERT_TAIL(&p->out, o, entry);
	return (o);
}

static int
peer_queue(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *a, size_t alen, const void *b, size_t blen)
{
	struct frame_hdr hdr;
	struct peer_out	*o;
	size_t		 need = sizeof(hdr) + alen + blen;

	if (alen > MAX_FRAME_BIG || blen > MAX_FRAME_BIG) {
		errno = EMSGSIZE;
		goto fail;
	}
	if (p->dead || p->queued + need > MAX_PEER_QUEUE) {
		errno = ENOBUFS;
		goto fail;
	}
	if ((o = peer_out_room(p, need, fd)) == NULL)
		goto fail;
	hdr.type = type;
	hdr.len = (uint32_t)need | (fd != -1 ? FRAME_FD_MARK : 0);
	hdr.id = id;
	hdr.pid = p->pid;
	memcpy(o->data + o->len, &hdr, sizeof(hdr));
	if (alen != 0)
		memcpy(o->data + o->len + sizeof(hdr), a, alen);
	if (blen != 0)
		memcpy(o->data + o->len + sizeof(hdr) + alen, b, blen);
	o->len += need;
	o->fd = fd;
	p->queued += need;
	p->sent++;
	event_active(p->flush, EV_WRITE, 1);
	peer_flow(p);
	return (0);
fail:
	if (fd != -1)
		close(fd);
	return (-1);
}

int
peer_send(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	return (peer_queue(p, type, id, fd, data, len, NULL, 0));
}

int
peer_send2(struct peer *p, uint32_t type, uint32_t id, const void *a,
    size_t alen, const void *b, size_t blen)
{
	return (peer_queue(p, type, id, -1, a, alen, b, blen));
}

/*
 * Writes until the queue is out (1) or the socket is full (0); -1 errno.
 */
static int
peer_drain(struct peer *p)
{
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct iovec	 iov[MAX_PEER_IOV];
	struct msghdr	 mh;
	struct peer_out	*o;
	ssize_t		 n;
	size_t		 left;

	while ((o = TAILQ_FIRST(&p->out)) != NULL) {
		memset(&mh, 0, sizeof(mh));
		mh.msg_iov = iov;
		TAILQ_FOREACH(o, &p->out, entry) {
			if (mh.msg_iovlen == MAX_PEER_IOV ||
			    (o->fd != -1 && mh.msg_iovlen != 0))
				break;
			iov[mh.msg_iovlen].iov_base = o->data + o->off;
			iov[mh.msg_iovlen++].iov_len = o->len - o->off;
			if (o->fd != -1) {
				memset(&cmsg, 0, sizeof(cmsg));
				mh.msg_control = cmsg.buf;
				mh.msg_controllen = sizeof(cmsg.buf);
				cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
				cmsg.hdr.cmsg_level = SOL_SOCKET;
				cmsg.hdr.cmsg_type = SCM_RIGHTS;
				memcpy(CMSG_DATA(&cmsg.hdr), &o->fd,
				    sizeof(int));
				break;
			}
		}
		do {
			/* most roles may not hand descriptors on */
			if (mh.msg_controllen == 0)
				n = writev(p->fd, iov, (int)mh.msg_iovlen);
			else
				n = sendmsg(p->fd, &mh,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		} while (n == -1 && errno == EINTR);
		if (n == -1) {
			/* descriptors in flight are limited per user */
			if (errno == EAGAIN || errno == ETOOMANYREFS)
				return (0);
			return (-1);
		}
		p->queued -= (size_t)n;
		for (left = (size_t)n; left != 0; ) {
			o = TAILQ_FIRST(&p->out);
			if (o->fd != -1) {
				close(o->fd);
				o->fd = -1;
			}
			if (left < o->len - o->off) {
				o->off += left;
				left = 0;
			} else {
				left -= o->len - o->off;
				peer_out_free(p, o);
			}
		}
	}
	return (1);
}

static void
peer_writable(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;
	int		 rc;

	(void)fd;
	(void)what;
	rc = peer_drain(p);
	if (rc == -1 && errno != EPIPE && errno != ECONNRESET)
		log_warn("%s: write", p->name);
	if (rc == -1) {
		/* what it still sent comes first; end of file follows */
		if (p->closing)
			peer_gone(p);
		else
			shutdown(p->fd, SHUT_WR);
		return;
	}
	if (rc == 0)
		event_add(p->wev, NULL);
	else if (p->closing) {
		peer_gone(p);
		return;
	}
	peer_flow(p);
}

static void
peer_flush_cb(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;

	if (!event_pending(p->wev, EV_WRITE, NULL))
		peer_writable(fd, what, p);
}

int
peer_flush(struct peer *p, int ms)
{
	struct timespec	 now, end;
	struct pollfd	 pfd;
	int		 rc, left;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += (ms % 1000) * 1000000L;
	while ((rc = peer_drain(p)) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = (int)((end.tv_sec - now.tv_sec) * 1000 +
		    (end.tv_nsec - now.tv_nsec) / 1000000);
		if (left <= 0)
			return (-1);
		pfd.fd = p->fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, left) == -1 && errno != EINTR)
			return (-1);
	}
	return (rc == 1 ? 0 : -1);
}

unsigned int
peer_fds(const struct peer *p)
{
	const struct peer_out	*o;
	unsigned int		 n = 0;

	TAILQ_FOREACH(o, &p->out, entry)
		if (o->fd != -1)
			n++;
	return (n);
}

void
peer_read(struct peer *p, int on)
{
	if (on)
		event_add(p->rev, NULL);
	else
		event_del(p->rev);
}

void
peer_hold(struct peer *p)
{
	if (!p->holding && peer_send(p, MSG_XOFF, 0, -1, NULL, 0) == 0)
		p->holding = 1;
}

void
peer_release(struct peer *p)
{
	if (p->holding && peer_send(p, MSG_XON, 0, -1, NULL, 0) == 0)
		p->holding = 0;
}

void
peer_error(struct peer *p, uint32_t id, uint32_t code, const char *fmt, ...)
{
	char		text[MAX_CTL_TEXT];
	struct wbuf	w;
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wbuf_init(&w, sizeof(text) + 16);
	wbuf_u32(&w, code);
	wbuf_str(&w, text);
	if (!w.failed)
		peer_send(p, MSG_CTL_ERROR, id, -1, w.data, w.len);
	wbuf_free(&w);
}

void
peer_done(struct peer *p, uint32_t id, uint32_t code)
{
	peer_send(p, MSG_CTL_DONE, id, -1, &code, sizeof(code));
}

void
peer_text(struct peer *p, uint32_t id, const char *text, size_t len)
{
	for (; len > PEER_PIECE; len -= PEER_PIECE) {
		peer_send(p, MSG_CTL_TEXT, id, -1, text, PEER_PIECE);
		text += PEER_PIECE;
	}
	peer_send(p, MSG_CTL_TEXT, id, -1, text, len);
}

/*
 * A client's first message is its version; nothing else is looked at before.
 */
static int
peer_client_hello(struct peer *p, struct msg *msg)
{
	uint32_t version;

	if (msg->hdr.type != MSG_CTL_HELLO ||
	    msg_get(msg, &version, sizeof(version)) == -1 || msg->fd != -1)
		return (-1);
	if (version != CTL_VERSION) {
		peer_error(p, msg->hdr.id, CTL_FAILURE, "this suite speaks "
		    "control version %u, the front end %u: install both "
		    "from one release", CTL_VERSION, version);
		peer_close_when_sent(p);
		return (0);
	}
	p->hello = 1;
	version = CTL_VERSION;
	peer_send(p, MSG_CTL_HELLO, msg->hdr.id, -1, &version,
	    sizeof(version));
	return (0);
}

/*
 * NULL when the message may be handled, else what is wrong with it.
 */
static const char *
peer_judge(struct peer *p, const struct dispatch *d, const struct msg *msg)
{
	if (d == NULL)
		return ("unknown type");
	if (!(d->states & *p->state))
		return ("not in this state");
	if (msg->len < d->min || msg->len > d->max)
		return ("wrong length");
	if ((d->fd == FD_ONE) != (msg->fd != -1))
		return ("descriptor missing or unexpected");
	return (NULL);
}

static int
peer_dispatch(struct peer *p, struct msg *msg)
{
	const struct dispatch	*d;
	const char		*wrong;

	p->received++;
	if (p->class == PEER_CLIENT && !p->hello)
		return (peer_client_hello(p, msg));
	if (p->class != PEER_CLIENT && msg->len == 0 &&
	    (msg->hdr.type == MSG_XOFF || msg->hdr.type == MSG_XON)) {
		p->held = msg->hdr.type == MSG_XOFF;
		if (p->on_flow != NULL)
			p->on_flow(p);
		return (0);
	}
	for (d = p->table; d->handler != NULL; d++)
		if (d->type == msg->hdr.type)
			break;
	if (d->handler == NULL)
		d = NULL;
	if ((wrong = peer_judge(p, d, msg)) != NULL) {
		if (p->class == PEER_FATAL)
			fatalx("%s: message %u of %zu bytes: %s", p->name,
			    msg->hdr.type, msg->len, wrong);
		if (p->class == PEER_CHILD)
			log_warnx("%s: message %u of %zu bytes: %s", p->name,
			    msg->hdr.type, msg->len, wrong);
		else
			peer_error(p, msg->hdr.id, CTL_FAILURE,
			    "message %u: %s", msg->hdr.type, wrong);
		return (-1);
	}
	if (p->class == PEER_CLIENT && !(d->who & p->principal)) {
		if (p->on_refused != NULL)
			p->on_refused(p, msg->hdr.type);
		peer_error(p, msg->hdr.id, CTL_PERMISSION,
		    "%s may not do this", p->who);
		return (0);
	}
	d->handler(p, msg);
	return (0);
}

static void
peer_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;
	struct msg	 msg;
	int		 rc, got;

	(void)what;
	got = frame_in_read(&p->in, fd);
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == -1 && errno == EBADMSG && p->class == PEER_FATAL)
		fatalx("%s: unexpected or lost descriptor", p->name);
	if (got == -1)
		log_debug("%s: read: %s", p->name, strerror(errno));
	if (got <= 0) {
		peer_gone(p);
		return;
	}
	p->busy = 1;
	while (!p->dead && !p->closing &&
	    (rc = frame_in_next(&p->in, &msg)) != 0) {
		if (rc == -1 && p->class == PEER_FATAL)
			fatal("%s: framing", p->name);
		if (rc == -1 || peer_dispatch(p, &msg) == -1) {
			if (rc == 1 && msg.fd != -1)
				close(msg.fd);
			if (p->class == PEER_CHILD)
				peer_gone(p);
			else
				peer_close_when_sent(p);
			break;
		}
		if (msg.fd != -1)
			close(msg.fd);
	}
	p->busy = 0;
	if (p->dead)
		peer_free(p);
}
