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


#ifndef AUDITD_APPROVE_H
#define AUDITD_APPROVE_H

#include <stddef.h>
#include <stdint.h>

#include "common/proto.h"
#include "store.h"

/*
 * Requests that wait for a person, or were decided by one.  A row is changed
 * in the transaction of the event that says so, and is kept until its time is
 * over; one that is used no longer counts.
 */

#define MAX_APPROVALS		256	/* undecided, allowed or denied */
#define MAX_APPROVALS_ACTOR	16	/* of one uid or token */

struct approval {
	uint64_t	number;		/* sequence of its event */
	uint32_t	state;		/* enum approval_state */
	uint32_t	severity;
	uint64_t	asked_us;
	uint64_t	until_us;
	uint8_t		hash[APPROVAL_HASH_LEN];
	uint8_t		used_id[EVENT_ID_LEN];	/* by this request */
	char		actor[MAX_APPROVAL_NAME + 1];
	char		tool[MAX_APPROVAL_NAME + 1];
	char		agent[MAX_APPROVAL_NAME + 1];
	char		session[MAX_APPROVAL_NAME + 1];
	char		reason[MAX_APPROVAL_REASON];
	char		request[MAX_APPROVAL_TEXT];
};

/* from the hash nobody has the key that allows */
struct passphrase {
	int		set;		/* 0: there is none */
	uint8_t		salt[APPROVAL_SALT_LEN];
	uint8_t		hash[APPROVAL_HASH_LEN];	/* of the key */
};

struct approve_db;

enum store_status approve_open(struct approve_db **, struct store *);
void	 approve_close(struct approve_db *);

/* number 0: none */
enum store_status approve_of_hash(struct approve_db *,
	    const uint8_t [APPROVAL_HASH_LEN], struct approval *);
enum store_status approve_of_number(struct approve_db *, uint64_t,
	    struct approval *);
/* the first whose time is over at that time */
enum store_status approve_over(struct approve_db *, uint64_t,
	    struct approval *);

/* those that count, of an actor or of all (NULL) */
enum store_status approve_count(struct approve_db *, const char *,
	    uint64_t *);

/* inside a transaction: in the place of what has its hash; changed; gone */
enum store_status approve_put(struct approve_db *, const struct approval *);
enum store_status approve_drop(struct approve_db *, uint64_t);
enum store_status approve_drop_all(struct approve_db *);

/* those that count, oldest first; stops when the callback says non-zero */
enum store_status approve_each(struct approve_db *,
	    int (*)(const struct approval *, void *), void *);

enum store_status approve_passphrase(struct approve_db *,
	    struct passphrase *);
/* inside a transaction: in the place of any other */
enum store_status approve_passphrase_put(struct approve_db *,
	    const struct passphrase *);

#endif /* AUDITD_APPROVE_H */
