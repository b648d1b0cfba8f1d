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
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/waitfd.h"
#include "client.h"

#define RETRY_STEP_MS	50

static int
client_fail(struct client *c, int code, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

static int
client_fail(struct client *c, int code, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(c->err, sizeof(c->err), fmt, ap);
	va_end(ap);
	return (code);
}

static int
client_gone(struct client *c)
{
	c->lost = 1;
	return (client_fail(c, CTL_NOT_RUNNING, "%s closed the connection "
	    "before its answer was complete: try again", c->instance));
}

const char *
client_worker(unsigned int i)
{
	static const char *const names[MAX_WORKERS] = { "gatewayd.1",
	    "gatewayd.2", "gatewayd.3", "gatewayd.4" };

	return (i < MAX_WORKERS ? names[i] : NULL);
}

static uint64_t
client_deadline(const struct client *c)
{
	if (c->until != 0)
		return (c->until);
	return (c->limit_ms == -1 ? 0 : clock_ms() + (uint64_t)c->limit_ms);
}

static int
client_late(struct client *c)
{
	c->lost = 1;
	return (client_fail(c, CTL_FAILURE, "%s did not answer within %g s",
	    c->instance, c->limit_ms / 1000.0));
}

int
client_send(struct client *c, uint32_t type, const void *a, size_t alen,
    const void *b, size_t blen)
{
	struct frame_hdr hdr;
	struct iovec	 iov[3], *v = iov;
	struct msghdr	 mh;
	ssize_t		 n;

	if (alen > MAX_FRAME_BIG || blen > MAX_FRAME_BIG - alen)
		return (client_fail(c, CTL_USAGE, "the request is larger "
		    "than %d bytes", MAX_FRAME_BIG));
	hdr.type = type;
	hdr.len = (uint32_t)(sizeof(hdr) + alen + blen);
	hdr.id = ++c->id;
	hdr.pid = (uint32_t)getpid();
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	iov[1].iov_base = (void *)(uintptr_t)a;
	iov[1].iov_len = alen;
	iov[2].iov_base = (void *)(uintptr_t)b;
	iov[2].iov_len = blen;
	memset(&mh, 0, sizeof(mh));
	while (v < iov + 3) {
		mh.msg_iov = v;
		mh.msg_iovlen = (size_t)(iov + 3 - v);
		n = sendmsg(c->fd, &mh, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return (client_late(c));
		/* why it closed is still to be read */
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
			return (CTL_OK);
		if (n == -1)
			return (client_fail(c, CTL_FAILURE, "%s: %s",
			    c->instance, strerror(errno)));
		while (v < iov + 3 && (size_t)n >= v->iov_len)
			n -= (ssize_t)(v++)->iov_len;
		if (v < iov + 3) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
	return (CTL_OK);
}

static int
client_error(struct client *c, const struct msg *msg)
{
	struct rbuf	 r;
	const char	*text;
	uint32_t	 code;

	rbuf_init(&r, msg->data, msg->len);
	code = rbuf_u32(&r);
	text = rbuf_str(&r, MAX_CTL_TEXT);
	if (rbuf_end(&r) == -1)
		return (client_fail(c, CTL_FAILURE, "%s: malformed answer",
		    c->instance));
	return (client_fail(c, code == CTL_OK || code > CTL_UPSTREAM ?
	    CTL_FAILURE : (int)code, "%s", text));
}

int
client_recv(struct client *c, struct msg *msg)
{
	uint64_t	deadline = client_deadline(c);
	int		rc;

	for (;;) {
		if ((rc = frame_in_next(&c->in, msg)) == -1)
			return (client_fail(c, CTL_FAILURE, "%s: malformed "
			    "answer", c->instance));
		/* of any piece of a request, or said before all */
		if (rc == 1 && msg->hdr.type == MSG_CTL_ERROR)
			return (client_error(c, msg));
		if (rc == 1 && msg->hdr.id == c->id)
			return (CTL_OK);
		if (rc == 1)
			continue;
		if ((rc = wait_fd(c->fd, POLLIN, deadline)) == 0)
			return (client_late(c));
		if (rc == 1)
			rc = frame_in_read(&c->in, c->fd);
		if (rc == 0 || (rc == -1 && errno == ECONNRESET))
			return (client_gone(c));
		if (rc == -1 && errno != EAGAIN)
			return (client_fail(c, CTL_FAILURE, "%s: %s",
			    c->instance, strerror(errno)));
	}
}

int
client_answer(struct client *c, client_text_cb *cb, void *arg)
{
	struct msg	 msg;
	uint32_t	 code;
	int		 rc;

	c->next = 0;
	for (;;) {
		if ((rc = client_recv(c, &msg)) != CTL_OK)
			return (rc);
		if (msg.hdr.type == MSG_CTL_DONE)
			break;
		if (msg.hdr.type == MSG_CTL_NEXT &&
		    msg_get(&msg, &c->next, sizeof(c->next)) == 0)
			continue;
		if (msg.hdr.type != MSG_CTL_TEXT)
			return (client_fail(c, CTL_FAILURE, "%s: unexpected "
			    "message %u", c->instance, msg.hdr.type));
		if ((rc = cb(msg.data, msg.len, arg)) != CTL_OK)
			return (rc);
	}
	if (msg_get(&msg, &code, sizeof(code)) == -1 || code > CTL_UPSTREAM)
		return (client_fail(c, CTL_FAILURE, "%s: malformed answer",
		    c->instance));
	if (code != CTL_OK)
		client_fail(c, (int)code, "%s refused", c->instance);
	return ((int)code);
}

static int
client_collect(const char *text, size_t len, void *arg)
{
	struct wbuf	*w = arg;

	wbuf_put(w, text, len);
	return (w->failed ? CTL_FAILURE : CTL_OK);
}

/* all of an answer's text */
static int
client_text(struct client *c, char **text, size_t *textlen)
{
	struct wbuf	w;
	int		rc;

	wbuf_init(&w, MAX_FRAME_BIG + 1);
	rc = client_answer(c, client_collect, &w);
	wbuf_put(&w, "", 1);
	if (w.failed)
		rc = client_fail(c, CTL_FAILURE, "%s: the answer is too "
		    "large", c->instance);
	if (rc != CTL_OK) {
		wbuf_free(&w);
		return (rc);
	}
	*text = (char *)w.data;
	*textlen = w.len - 1;
	return (CTL_OK);
}

int
client_call(struct client *c, uint32_t type, const void *data, size_t len,
    char **text, size_t *textlen)
{
	int	rc;

	*text = NULL;
	if ((rc = client_send(c, type, data, len, NULL, 0)) != CTL_OK)
		return (rc);
	return (client_text(c, text, textlen));
}

/* is this the suite we were told to speak to */
static int
client_trust(struct client *c, const struct paths *p)
{
	struct ucred	cred;
	socklen_t	len = sizeof(cred);
	uid_t		owner = p->system ? 0 : geteuid();

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return (client_fail(c, CTL_FAILURE, "%s: %s", c->instance,
		    strerror(errno)));
	if (cred.uid == 0 || cred.uid == owner)
		return (CTL_OK);
	return (client_fail(c, CTL_PERMISSION, "%s: its socket belongs to "
	    "uid %u, not to root%s", c->instance, (unsigned)cred.uid,
	    p->system ? "" : " or to you"));
}

static int
hello_send(struct client *c)
{
	uint32_t	version = CTL_VERSION;

	return (client_send(c, MSG_CTL_HELLO, &version, sizeof(version), NULL,
	    0));
}

static int
hello_recv(struct client *c)
{
	struct msg	msg;
	uint32_t	version;
	int		rc;

	if ((rc = client_recv(c, &msg)) != CTL_OK)
		return (rc);
	if (msg.hdr.type != MSG_CTL_HELLO ||
	    msg_get(&msg, &version, sizeof(version)) == -1 ||
	    version != CTL_VERSION)
		return (client_fail(c, CTL_FAILURE, "%s is of another "
		    "release: install all programs of one", c->instance));
	return (CTL_OK);
}

static int
client_connect(struct client *c, const struct paths *p)
{
	struct timeval		tv;
	struct sockaddr_un	sun;

	tv.tv_sec = c->limit_ms / 1000;
	tv.tv_usec = c->limit_ms % 1000 * 1000;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (paths_control(p, c->instance, sun.sun_path,
	    sizeof(sun.sun_path)) == -1)
		return (client_fail(c, CTL_FAILURE, "%s: no such process",
		    c->instance));
	if ((c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1)
		return (client_fail(c, CTL_FAILURE, "socket: %s",
		    strerror(errno)));
	if (connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return (client_trust(c, p));
	if (errno == ENOENT || errno == ECONNREFUSED)
		return (client_fail(c, CTL_NOT_RUNNING, "not running: start "
		    "the suite with `defenseclawctl start%s'", p->system ||
		    geteuid() != 0 || getenv("DEFENSECLAW_HOME") != NULL ?
		    "" : " --user"));
	return (client_fail(c, errno == EACCES || errno == EPERM ?
	    CTL_PERMISSION : CTL_FAILURE, "%s: %s", sun.sun_path,
	    strerror(errno)));
}

static void
client_new(struct client *c, const char *instance, int limit_ms)
{
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	c->instance = instance;
	c->limit_ms = limit_ms;
}

int
client_open(struct client *c, const struct paths *p, const char *instance)
{
	struct timespec	 step = { 0, RETRY_STEP_MS * 1000000L };
	uint64_t	 end = clock_ms() + CLIENT_RETRY_MS;
	int		 rc;

	client_new(c, instance, CLIENT_LIMIT_MS);
	for (;;) {
		c->lost = 0;
		frame_in_init(&c->in, MAX_FRAME_BIG, 0);
		if ((rc = client_connect(c, p)) != CTL_OK)
			break;
		if ((rc = hello_send(c)) == CTL_OK &&
		    (rc = hello_recv(c)) == CTL_OK)
			return (CTL_OK);
		/* the socket is there, the role behind it is not yet */
		if (rc != CTL_NOT_RUNNING || !c->lost || clock_ms() >= end)
			break;
		client_close(c);
		nanosleep(&step, NULL);
	}
	if (rc == CTL_NOT_RUNNING && c->lost)
		client_fail(c, rc, "%s is being started: try again",
		    instance);
	client_close(c);
	return (rc);
}

int
client_open_worker(struct client *c, const struct paths *p)
{
	const char	*name;
	char		 first[sizeof(c->err)];
	unsigned int	 i;
	int		 rc = CTL_NOT_RUNNING;

	for (i = 0; (name = client_worker(i)) != NULL; i++) {
		if ((rc = client_open(c, p, name)) != CTL_NOT_RUNNING)
			return (rc);
		if (i == 0)
			strlcpy(first, c->err, sizeof(first));
	}
	/* the first is there whenever any is */
	strlcpy(c->err, first, sizeof(c->err));
	return (rc);
}

void
client_close(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	frame_in_free(&c->in);
}

/* --- what roles say of themselves ----------------------------------------- */

/* the answer to a question that was sent */
static json_t *
status_recv(struct client *c, int *rc)
{
	char	 err[MAX_JSON_ERR], *text = NULL;
	size_t	 len;
	json_t	*j = NULL;

	*rc = client_text(c, &text, &len);
	if (*rc == CTL_OK && (j = json_strict(text, len, err)) == NULL)
		*rc = client_fail(c, CTL_FAILURE, "%s: %s", c->instance, err);
	free(text);
	return (j);
}

json_t *
client_status(const struct paths *p, const char *instance, struct client *c,
    int *rc)
{
	json_t	*j = NULL;

	if ((*rc = client_open(c, p, instance)) == CTL_OK &&
	    (*rc = client_send(c, MSG_CTL_STATUS, NULL, 0, NULL, 0)) ==
	    CTL_OK)
		j = status_recv(c, rc);
	client_close(c);
	return (j);
}

/* both questions at once: nobody waits for the first's answer */
static void
status_ask(struct client_status *s, const struct paths *p, uint64_t until)
{
	struct client	*c = &s->c;
	const char	*instance = c->instance;

	client_new(c, instance, STATUS_LIMIT_MS);
	c->until = until;
	frame_in_init(&c->in, MAX_FRAME_BIG, 0);
	s->json = NULL;
	if ((s->rc = client_connect(c, p)) == CTL_OK &&
	    (s->rc = hello_send(c)) == CTL_OK)
		s->rc = client_send(c, MSG_CTL_STATUS, NULL, 0, NULL, 0);
	if (s->rc != CTL_OK)
		client_close(c);
}

/* 1: it is being replaced, and may be there in a moment */
static int
status_hear(struct client_status *s)
{
	struct client	*c = &s->c;

	c->id = 1;
	if ((s->rc = hello_recv(c)) == CTL_OK) {
		c->id++;
		s->json = status_recv(c, &s->rc);
	}
	client_close(c);
	return (s->rc == CTL_NOT_RUNNING && c->lost);
}

void
client_status_all(const struct paths *p, struct client_status *s, size_t n)
{
	struct pollfd	 pfd[MAX_STATUS];
	uint64_t	 now = clock_ms(), retry = now + CLIENT_RETRY_MS;
	uint64_t	 until = now + STATUS_LIMIT_MS;
	size_t		 i, open;

	for (i = 0; i < n; i++)
		status_ask(&s[i], p, until);
	do {
		for (i = open = 0; i < n; i++) {
			pfd[i] = (struct pollfd){ s[i].c.fd, POLLIN, 0 };
			open += s[i].c.fd != -1;
		}
		now = clock_ms();
		if (open == 0 || poll(pfd, n, now < until ?
		    (int)(until - now) : 0) <= 0)
			continue;
		for (i = 0; i < n; i++) {
			if (s[i].c.fd == -1 || pfd[i].revents == 0 ||
			    !status_hear(&s[i]) || clock_ms() >= retry)
				continue;
			poll(NULL, 0, RETRY_STEP_MS);
			status_ask(&s[i], p, until);
		}
	} while (open != 0 && now < until);
	for (i = 0; i < n; i++)
		if (s[i].c.fd != -1) {
			s[i].rc = client_late(&s[i].c);
			client_close(&s[i].c);
		}
}
