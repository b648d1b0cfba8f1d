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
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/frame.h"

/*
 * Framing: the same bytes in one piece and in pieces give the same messages,
 * and the cursors stay inside them.
 */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint64_t
digest(const uint8_t *data, size_t len, size_t step)
{
	struct frame_in	 in;
	struct msg	 msg;
	struct rbuf	 r;
	const char	*s;
	uint64_t	 sum = 0;
	size_t		 off, n;
	int		 sv[2], rc = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	frame_in_init(&in, 4096, 0);
	for (off = 0; off < len && rc != -1; off += n) {
		n = len - off < step ? len - off : step;
		if (write(sv[0], data + off, n) != (ssize_t)n)
			abort();
		if (frame_in_read(&in, sv[1]) != 1)
			abort();
		while ((rc = frame_in_next(&in, &msg)) == 1) {
			if (msg.len > 4096)
				abort();
			rbuf_init(&r, msg.data, msg.len);
			s = rbuf_str(&r, 256);
			sum = sum * 31 + msg.hdr.type + msg.len +
			    rbuf_u32(&r) + rbuf_u64(&r) + (uint8_t)s[0];
			sum += (uint64_t)(rbuf_end(&r) == 0);
		}
	}
	if (rc == -1)
		sum = sum * 31 + (uint64_t)errno;
	frame_in_free(&in);
	close(sv[0]);
	close(sv[1]);
	return (sum);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2 || len > 32768)
		return (0);
	if (digest(data + 1, len - 1, len) !=
	    digest(data + 1, len - 1, 1 + data[0]))
		abort();
	return (0);
}
