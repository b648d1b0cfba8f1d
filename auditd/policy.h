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

#ifndef AUDITD_POLICY_H
#define AUDITD_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "store.h"

/*
 * Block and allow lists.  A change and its event are one transaction.
 *
 * The generation of the lists is the sequence of the event that changed
 * them last: it is durable with the change and only ever grows, also when an
 * older copy of the database was put back (that epoch's first event is then
 * the generation).
 */

#define MAX_LIST_ENTRIES	10000
#define MAX_LIST_NAME		256	/* bytes, without the NUL */
#define MAX_LIST_REASON		1024
#define MAX_LIST_PIN		(32 * 1024 + 512)	/* of a pin's */
#define MAX_LIST_PINS		256	/* of one actor */

/* numbers are stored; never renumber */
enum list_type {
	LIST_TOOL = 1,
	LIST_SKILL = 2,
	LIST_MCP = 3,
	LIST_PLUGIN = 4,
	LIST_PIN = 5		/* tools of an MCP server, see proto.h */
};

enum list_action {
	LIST_NONE = 0,		/* take the entry away */
	LIST_BLOCK = 1,
	LIST_ALLOW = 2
};

struct list_entry {
	enum list_type	 type;
	enum list_action action;
	const char	*name;
	const char	*reason;	/* NULL: none */
	const char	*actor;
	uint64_t	 updated_us;
	uint64_t	 seq;		/* of the event; set by the store */
};

struct policy;

enum store_status policy_open(struct policy **, struct store *);
void	 policy_close(struct policy *);

/*
 * One change inside an open transaction.  event is the encoded event that
 * records it; it is appended also when the list says so already, and not
 * again when its id is known (then nothing changes).  *changed is 1 when the
 * generation moved.  STORE_REFUSED (list full, bad name): nothing was done
 * and the transaction stays usable.
 */
enum store_status policy_set(struct policy *, const struct list_entry *,
	    const void *, size_t, uint64_t *, int *);

/* of the last change; inside a transaction with its own changes */
enum store_status policy_generation(struct policy *, uint64_t *);

/*
 * Every entry, by type and name; stops when the callback returns non-zero
 * and returns STORE_OK then too.  Strings are valid during the call.
 */
enum store_status policy_each(struct policy *,
	    int (*)(const struct list_entry *, void *), void *);

/* entries that no event in the log made (DBROW_UNFOUNDED_LISTS) */
enum store_status policy_unfounded(struct policy *, uint64_t *);

const char	*list_type_name(enum list_type);	/* "tool" */
int		 list_type_parse(const char *, enum list_type *);
const char	*list_action_name(enum list_action);	/* "block" */

/* 0, or -1 with err: length, UTF-8, control bytes */
int	 list_name_check(const char *, char *, size_t);

#endif /* AUDITD_POLICY_H */
