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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"

#define FRAME_READ_SIZE	(64 * 1024)
#define WBUF_STEP	512

void
wbuf_init(struct wbuf *w, size_t max)
{
	memset(w, 0, sizeof(*w));
	w->max = max;
}

void
wbuf_free(struct wbuf *w)
{
	if (w->data != NULL)
		freezero(w->data, w->size);
	memset(w, 0, sizeof(*w));
}

void
wbuf_reset(struct wbuf *w)
{
	w->len = 0;
	w->failed = 0;
}

void
wbuf_put(struct wbuf *w, const void *data, size_t len)
{
	uint8_t	*grown;
	size_t	 size;

	if (w->failed || len > w->max || w->len > w->max - len) {
		w->failed = 1;
		return;
	}
	if (w->len + len > w->size) {
		size = w->size * 2 > WBUF_STEP ? w->size * 2 : WBUF_STEP;
		if (size < w->len + len)
			size = w->len + len;
		if (size > w->max)
			size = w->max;
		if ((grown = recallocarray(w->data, w->size, size,
		    1)) == NULL) {
			w->failed = 1;
			return;
		}
		w->data = grown;
		w->size = size;
	}
	if (len != 0)
		memcpy(w->data + w->len, data, len);
	w->len += len;
}

void
wbuf_u32(struct wbuf *w, uint32_t v)
{
	wbuf_put(w, &v, sizeof(v));
}

void
wbuf_u64(struct wbuf *w, uint64_t v)
{
	wbuf_put(w, &v, sizeof(v));
}

void
wbuf_str(struct wbuf *w, const char *s)
{
	size_t	len = strlen(s);

	if (len > UINT32_MAX) {
		w->failed = 1;
		return;
	}
	wbuf_u32(w, (uint32_t)len);
	wbuf_put(w, s, len + 1);
}

void
rbuf_init(struct rbuf *r, const void *data, size_t len)
{
	r->p = data;
	r->left = len;
	r->failed = 0;
}

void
rbuf_get(struct rbuf *r, void *dst, size_t len)
{
	if (r->failed || len > r->left) {
		r->failed = 1;
		memset(dst, 0, len);
		return;
	}
	memcpy(dst, r->p, len);
	r->p += len;
	r->left -= len;
}

uint32_t
rbuf_u32(struct rbuf *r)
{
	uint32_t v;

	rbuf_get(r, &v, sizeof(v));
	return (v);
}

uint64_t
rbuf_u64(struct rbuf *r)
{
	uint64_t v;

	rbuf_get(r, &v, sizeof(v));
	return (v);
}

/*
 * A string of at most max bytes; points into the message.  A NUL inside, or
 * none at its end, is a failure.
 */
const char *
rbuf_str(struct rbuf *r, size_t max)
{
	const char	*s;
	uint32_t	 len;

	len = rbuf_u32(r);
	if (r->failed || len > max || (size_t)len + 1 > r->left ||
	    r->p[len] != '\0' || memchr(r->p, '\0', len) != NULL) {
		r->failed = 1;
		return ("");
	}
	s = (const char *)r->p;
	r->p += (size_t)len + 1;
	r->left -= (size_t)len + 1;
	return (s);
}

const void *
rbuf_rest(struct rbuf *r, size_t *len)
{
	const void	*p = r->p;

	*len = r->failed ? 0 : r->left;
	r->p += *len;
	r->left -= *len;
	return (p);
}

int
rbuf_end(const struct rbuf *r)
{
	return (r->failed || r->left != 0 ? -1 : 0);
}

int
msg_get(const struct msg *msg, void *dst, size_t len)
{
	if (msg->len != len) {
		errno = EBADMSG;
		return (-1);
	}
	memcpy(dst, msg->data, len);
	return (0);
}

/*
 * The descriptor becomes the caller's; a second call gives -1.
 */
int
msg_take_fd(struct msg *msg)
{
	int	fd = msg->fd;

	msg->fd = -1;
	return (fd);
}

void
frame_in_init(struct frame_in *in, size_t max, int allow_fd)
{
	memset(in, 0, sizeof(*in));
	in->max = max;
	in->allow_fd = allow_fd;
}

void
frame_in_free(struct frame_in *in)
{
	unsigned int	i;

	for (i = 0; i < in->nfds; i++)
		close(in->fds[i]);
	freezero(in->buf, in->size);
	memset(in, 0, sizeof(*in));
}

static int
frame_in_room(struct frame_in *in)
{
	struct frame_hdr hdr;
	uint8_t		*grown;
	size_t		 want = FRAME_READ_SIZE, size;

	if (in->off != 0) {
		memmove(in->buf, in->buf + in->off, in->len - in->off);
		in->len -= in->off;
		in->off = 0;
	}
	/* a big message announces itself; never beyond the limit */
	if (in->len >= sizeof(hdr)) {
		memcpy(&hdr, in->buf, sizeof(hdr));
		size = hdr.len & ~FRAME_FD_MARK;
		if (size > want && size <= sizeof(hdr) + in->max)
			want = size;
	}
	if (in->len < want && in->size >= want)
		return (0);
	if (in->len >= want)
		want = in->len + FRAME_READ_SIZE;
	if ((grown = recallocarray(in->buf, in->size, want, 1)) == NULL)
		return (-1);
	in->buf = grown;
	in->size = want;
	return (0);
}

static int
frame_in_fds(struct frame_in *in, struct msghdr *mh)
{
	struct cmsghdr	*c;
	size_t		 i, n;
	int		 fd, bad = 0;

	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(fd));
			if (!in->allow_fd || n != 1 ||
			    in->nfds == MAX_FRAME_FDS) {
				close(fd);
				bad = 1;
			} else
				in->fds[in->nfds++] = fd;
		}
	}
	/* Linux delivers the data and drops the descriptor when it must */
	if (mh->msg_flags & MSG_CTRUNC)
		bad = 1;
	if (bad) {
		errno = EBADMSG;
		return (-1);
	}
	return (0);
}

int
frame_in_read(struct frame_in *in, int fd)
{
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(4 * sizeof(int))];
	} cmsg;
	struct msghdr	 mh;
	struct iovec	 iov;
	ssize_t		 n;

	if (frame_in_room(in) == -1)
		return (-1);
	memset(&mh, 0, sizeof(mh));
	iov.iov_base = in->buf + in->len;
	iov.iov_len = in->size - in->len;
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = cmsg.buf;
	mh.msg_controllen = sizeof(cmsg.buf);
	do {
		n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return (-1);
	if (frame_in_fds(in, &mh) == -1)
		return (-1);
	in->len += (size_t)n;
	return (n == 0 ? 0 : 1);
}

int
frame_in_next(struct frame_in *in, struct msg *msg)
{
	size_t	len;

	if (in->len - in->off < sizeof(msg->hdr))
		return (0);
	memcpy(&msg->hdr, in->buf + in->off, sizeof(msg->hdr));
	len = msg->hdr.len & ~FRAME_FD_MARK;
	if (len < sizeof(msg->hdr)) {
		errno = EBADMSG;
		return (-1);
	}
	if (len - sizeof(msg->hdr) > in->max) {
		errno = EMSGSIZE;
		return (-1);
	}
	if (in->len - in->off < len)
		return (0);
	msg->fd = -1;
	if (msg->hdr.len & FRAME_FD_MARK) {
		if (in->nfds == 0) {
			errno = EBADMSG;
			return (-1);
		}
		msg->fd = in->fds[0];
		in->nfds--;
		memmove(&in->fds[0], &in->fds[1],
		    in->nfds * sizeof(in->fds[0]));
	}
	msg->hdr.len = (uint32_t)len;
	msg->data = in->buf + in->off + sizeof(msg->hdr);
	msg->len = len - sizeof(msg->hdr);
	in->off += len;
	if (in->off == in->len)
		in->off = in->len = 0;
	return (1);
}
