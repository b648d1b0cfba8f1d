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

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "common/clock.h"
#include "common/waitfd.h"

int
wait_fd(int fd, int events, uint64_t deadline)
{
	struct pollfd	pfd = { fd, (short)events, 0 };
	uint64_t	now, left;
	int		n, ms;

	for (;;) {
		ms = -1;
		if (deadline != 0) {
			now = clock_ms();
			left = now < deadline ? deadline - now : 0;
			ms = left < INT_MAX ? (int)left : INT_MAX;
		}
		if ((n = poll(&pfd, 1, ms)) >= 0)
			return (n);
		if (errno != EINTR)
			return (-1);
	}
}
