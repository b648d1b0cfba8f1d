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

#ifndef COMMON_SPOOL_H
#define COMMON_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"

/*
 * What an operator did while nobody was there to record it: a file of the
 * front end's, mode 0600, that auditd takes in when it starts.
 *
 * "DCSPOOL1", then records: u32 length, u64 time in microseconds since 1970,
 * str action, str target, str change; the numbers of this host's byte order.
 */

#define SPOOL_MAGIC	"DCSPOOL1"
#define SPOOL_MAGIC_LEN	8
#define MAX_SPOOL	(1024 * 1024)	/* bytes of the file */
#define MAX_SPOOL_RECS	1024
#define MAX_SPOOL_NAME	256		/* bytes of action and target */
#define MAX_SPOOL_TEXT	8192		/* bytes of the change */

struct spool_rec {
	uint64_t	 time_us;
	const char	*action;	/* into the buffer */
	const char	*target;
	const char	*change;
	const void	*raw;		/* the whole record */
	size_t		 rawlen;
};

struct spool_walk {
	struct rbuf	 r;
	int		 n;		/* records so far */
};

/* 0, or -1: no such file */
int	spool_begin(struct spool_walk *, const void *, size_t);

/* 1 a record, 0 there are no more, -1 from here on it is broken */
int	spool_next(struct spool_walk *, struct spool_rec *);

/* appends one; the buffer's own failure says when it is too much */
void	spool_put(struct wbuf *, uint64_t, const char *, const char *,
	    const char *);

#endif /* COMMON_SPOOL_H */
