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
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "sinkd.h"

char *
handed_read(enum start_fd_kind kind, const char *what, size_t max,
    size_t *len)
{
	char	*data;
	ssize_t	 n;
	int	 fd;

	*len = 0;
	if ((fd = role_fd(kind, NULL)) == -1)
		return (NULL);
	if ((data = malloc(max + 1)) == NULL)
		fatal("%s", what);
	/* pread: a restarted process gets the same open file again */
	while (*len < max && (n = pread(fd, data + *len, max - *len,
	    (off_t)*len)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			fatal("%s", what);
		*len += (size_t)n;
	}
	close(fd);
	if (*len == max)
		fatalx("%s: larger than %zu bytes", what, max);
	data[*len] = '\0';
	return (data);
}
