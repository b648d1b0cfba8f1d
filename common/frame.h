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

#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Framing in the manner of imsg: a 16-byte header in host byte order, then
 * the payload.  Both ends are always on one host and of one build.
 */

#define FRAME_FD_MARK	0x80000000U	/* in len: one descriptor rides along */
#define MAX_FRAME	(80 * 1024)	/* payload between roles */
#define MAX_FRAME_BIG	(5 * 1024 * 1024)	/* payload from a client */
#define MAX_FRAME_FDS	32		/* descriptors waiting for a message */

struct frame_hdr {
	uint32_t	type;
	uint32_t	len;	/* with this header; FRAME_FD_MARK on top */
	uint32_t	id;	/* chosen by who asks, echoed by who answers */
	uint32_t	pid;	/* sender's own word, for the log only */
};

/* a growing buffer that remembers failure, so that only the end is checked */
struct wbuf {
	uint8_t	*data;
	size_t	 len;
	size_t	 size;
	size_t	 max;
	int	 failed;
};

void	 wbuf_init(struct wbuf *, size_t);	/* max bytes it may grow to */
void	 wbuf_free(struct wbuf *);		/* clears before freeing */
void	 wbuf_reset(struct wbuf *);
void	 wbuf_put(struct wbuf *, const void *, size_t);
void	 wbuf_u32(struct wbuf *, uint32_t);
void	 wbuf_u64(struct wbuf *, uint64_t);
void	 wbuf_str(struct wbuf *, const char *);	/* u32 length, bytes, NUL */

/* a bounds-checked cursor that remembers failure */
struct rbuf {
	const uint8_t	*p;
	size_t		 left;
	int		 failed;
};

void		 rbuf_init(struct rbuf *, const void *, size_t);
void		 rbuf_get(struct rbuf *, void *, size_t);
uint32_t	 rbuf_u32(struct rbuf *);
uint64_t	 rbuf_u64(struct rbuf *);
const char	*rbuf_str(struct rbuf *, size_t);	/* "" on failure */
const void	*rbuf_rest(struct rbuf *, size_t *);	/* takes it */
int		 rbuf_end(const struct rbuf *);	/* 0: all read, none failed */

/* one received message; data belongs to the channel, for the handler's time */
struct msg {
	struct frame_hdr hdr;
	const void	*data;
	size_t		 len;
	int		 fd;	/* -1, or taken once with msg_take_fd() */
};

int	 msg_get(const struct msg *, void *, size_t);	/* exact, else -1 */
int	 msg_take_fd(struct msg *);

/* one direction of a channel: bytes in, messages out */
struct frame_in {
	uint8_t		*buf;
	size_t		 len;
	size_t		 off;
	size_t		 size;
	size_t		 max;		/* payload limit */
	int		 fds[MAX_FRAME_FDS];
	unsigned int	 nfds;
	int		 allow_fd;
};

void	 frame_in_init(struct frame_in *, size_t, int);
void	 frame_in_free(struct frame_in *);

/*
 * Reads what the socket has: 1 something came, 0 end of file, -1 errno
 * (EAGAIN: nothing there; EBADMSG: a descriptor that may not be or was lost).
 */
int	 frame_in_read(struct frame_in *, int);

/*
 * Next whole message: 1 and *msg, 0 none yet, -1 with errno EMSGSIZE (over
 * the limit) or EBADMSG (impossible length, descriptor marked but missing).
 */
int	 frame_in_next(struct frame_in *, struct msg *);

#endif /* COMMON_FRAME_H */
