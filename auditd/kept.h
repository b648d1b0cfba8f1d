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

#ifndef AUDITD_KEPT_H
#define AUDITD_KEPT_H

#include "common/kept.h"
#include "store.h"

/*
 * Texts that are kept for a time beside the log (common/kept.h).  The table
 * is a ring: whatever workers send there are never more than MAX_KEPT, and
 * the oldest makes room.  No row of the log depends on it.
 */

#define MAX_KEPT	65536	/* texts: 33 MB of them */
#define KEPT_BATCH	1024	/* forgotten in one transaction */

struct kept;

enum store_status kept_open(struct kept **, struct store *);
void	 kept_close(struct kept *);

/*
 * In the transaction of the row with this sequence; time in microseconds.
 * Of a row that is known already nothing is stored again.
 */
enum store_status kept_add(struct kept *, uint64_t, uint64_t, const char *);

/* is there a text older than this time */
int	 kept_older(struct kept *, uint64_t);

/*
 * Forgets up to KEPT_BATCH texts older than this time; *n says how many.  In
 * a transaction of the caller's.
 */
enum store_status kept_expire(struct kept *, uint64_t, uint64_t *);

/*
 * Whether what was forgotten may still stand in the files: SQLite wipes its
 * pages (secure_delete), but the write-ahead log has what they were.
 * kept_scrub() rewrites it, without a transaction open; STORE_BUSY while
 * somebody reads, to be tried again.
 */
enum store_status kept_unclean(struct kept *, int *);
enum store_status kept_scrub(struct kept *);

/* the text of a row, at most MAX_KEPT_BODY bytes; *found 0: there is none */
enum store_status kept_get(struct kept *, uint64_t,
	    char [MAX_KEPT_BODY + 1], int *);

#endif /* AUDITD_KEPT_H */
