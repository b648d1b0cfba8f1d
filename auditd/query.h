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

#ifndef AUDITD_QUERY_H
#define AUDITD_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "common/rowfilter.h"

#include "store.h"

/*
 * Reading the store.  Each call does a bounded amount of work and leaves no
 * read transaction open; a caller goes on with the cursor it was given.
 * Only durable rows are seen: inside a transaction the answer is
 * STORE_REFUSED.
 */

#define MAX_QUERY_ROWS	1000	/* rows of one answer */
#define MAX_QUERY_SCAN	8192	/* rows looked at for one answer */
#define MAX_QUERY_TEXT	1024	/* when each has to be searched for a text */

#define SEV_ALERT	(SEV_BIT(SEV_LOW) | SEV_BIT(SEV_MEDIUM) |	\
			    SEV_BIT(SEV_HIGH) | SEV_BIT(SEV_CRITICAL))

struct query_filter {
	struct rowfilter rows;
	unsigned int	 limit;		/* 1 .. MAX_QUERY_ROWS */
	int		 open_only;	/* alerts nobody acknowledged */
};

struct query;

/* strings of the row are valid during the call; non-zero stops after it */
typedef int query_cb(const struct chain_row *, void *);

enum store_status query_open(struct query **, struct store *);
void	 query_close(struct query *);

/*
 * Newest first.  *next is the before to go on with, 0 when there is nothing
 * further; fewer rows than limit with *next set means the scan bound was
 * reached, not the end.  With open_only, or when severities holds nothing
 * below LOW, an index answers and only such rows count as looked at.  Time
 * is no order of the log, clocks are set back: it is looked at row by row.
 */
enum store_status query_list(struct query *, const struct query_filter *,
	    query_cb *, void *, uint64_t *);

/* open alerts of LOW and above, newest first */
enum store_status query_alerts(struct query *, const struct query_filter *,
	    query_cb *, void *, uint64_t *);

/* the row of an event by its id; the last is 0 when there is none */
enum store_status query_id(struct query *, const uint8_t [EVENT_ID_LEN],
	    query_cb *, void *, int *);

/* acknowledgements that no event in the log made (DBROW_UNFOUNDED_ACKS) */
enum store_status query_unfounded(struct query *, uint64_t *);

/* STORE_REFUSED when there is no such row */
enum store_status query_show(struct query *, uint64_t, query_cb *, void *);

/*
 * Oldest first from seq on, at most max rows; *next is the seq to go on
 * with (one past the last row seen).  For export, tail and sinks.
 */
enum store_status query_rows(struct query *, uint64_t, unsigned int,
	    query_cb *, void *, uint64_t *);

/*
 * Inside an open transaction: appends the encoded acknowledgement event and
 * marks the alert, in one step.  STORE_REFUSED: no such row or below LOW;
 * the transaction stays usable.  Acknowledging once more is recorded and
 * changes nothing; a known event id gives its sequence.
 */
enum store_status query_acknowledge(struct query *, uint64_t, const void *,
	    size_t, uint64_t *);

#endif /* AUDITD_QUERY_H */
