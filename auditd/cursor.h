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

#ifndef AUDITD_CURSOR_H
#define AUDITD_CURSOR_H

#include <stdint.h>

#include "common/outbox.h"
#include "store.h"

/*
 * Where each sink stands in the log, and which events its receiver did not
 * take.  Everything that changes needs an open transaction.
 */

#define MAX_DEAD_ROWS	500	/* of one answer */
#define MAX_DEAD_STEP	10000	/* changed in one transaction */

struct cursor_row {
	char		 name[65];
	uint64_t	 cursor;	/* all up to here is settled */
	uint64_t	 replay_next;	/* 0: no replay */
	uint64_t	 replay_to;
	int		 failed;	/* sink.failed, not yet restored */
};

struct dead_row {
	uint64_t	 seq;
	uint64_t	 time_us;	/* when it was given up */
	uint32_t	 class;		/* enum outbox_class */
	uint32_t	 http;
	int32_t		 code;
	int		 retry;		/* waits to be sent again */
	const char	*reason;	/* valid during the call */
};

struct cursors;

enum store_status cursors_open(struct cursors **, struct store *);
void	 cursors_close(struct cursors *);

/* STORE_REFUSED when there is no such row */
enum store_status cursor_get(struct cursors *, const char *,
	    struct cursor_row *);
enum store_status cursor_put(struct cursors *, const struct cursor_row *);
enum store_status cursor_del(struct cursors *, const char *);
enum store_status cursor_each(struct cursors *,
	    int (*)(const struct cursor_row *, void *), void *);

/* puts a dead letter, or takes one anew that failed again */
enum store_status dead_put(struct cursors *, const char *,
	    const struct outbox_dead *, uint64_t);
/* after seq, in order; with retry only those that wait to be sent again */
enum store_status dead_each(struct cursors *, const char *, uint64_t, int,
	    unsigned int, int (*)(const struct dead_row *, void *), void *);
/*
 * To change many in steps: the last sequence of the next step after one,
 * MAX_CHAIN_SEQ when it is the last step.
 */
enum store_status dead_step(struct cursors *, const char *, uint64_t,
	    uint64_t *);
/* marks those between two sequences for sending; how many */
enum store_status dead_retry(struct cursors *, const char *, uint64_t,
	    uint64_t, uint64_t *);
/* delivered: those marked, between two sequences */
enum store_status dead_sent(struct cursors *, const char *, uint64_t,
	    uint64_t);
enum store_status dead_drop(struct cursors *, const char *, uint64_t,
	    uint64_t, uint64_t *);
/* how many of a class; those that wait to be sent again count too */
enum store_status dead_count(struct cursors *, const char *,
	    enum outbox_class, uint64_t *);

#endif /* AUDITD_CURSOR_H */
