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

#ifndef AUDITD_STORE_H
#define AUDITD_STORE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/head.h"

/*
 * The audit store: SQLite in WAL mode with synchronous=FULL, one connection
 * that writes.  Order of use: store_open, store_reconcile with the signer's
 * last head, then store_begin, any number of store_append, store_commit.
 *
 * An append is durable, and may be acknowledged, when store_commit has
 * returned STORE_OK.  After any other result of append or commit the caller
 * calls store_rollback: nothing since store_begin is stored.
 */

enum store_status {
	STORE_OK = 0,
	STORE_FULL,		/* no space or quota: store_recover later */
	STORE_READONLY,		/* read-only disk or no permission: same */
	STORE_IO,		/* the disk answered with an error: same */
	STORE_BUSY,		/* another process writes: try again */
	STORE_CORRUPT,		/* damaged or changed: left as is, no start */
	STORE_NEWER,		/* written by a newer version: no start */
	STORE_REFUSED		/* this request is not acceptable; text says */
};

/* why an epoch began; the words go into the audit-epoch event's target */
enum store_epoch {
	EPOCH_SAME = 0,		/* none began */
	EPOCH_FIRST,		/* "first-start" */
	EPOCH_RESTORED,		/* "older-copy": signed rows are missing */
	EPOCH_UNSIGNED,		/* "signer-state-lost" */
	EPOCH_MACHINE,		/* "other-machine": a clone or a move */
	EPOCH_DEVICE		/* "other-device-key" */
};

#define MAX_STORE_ERR		256	/* bytes of an operator text */
#define STORE_MACHINE_LEN	32
#define STORE_WAL_PAGES		4096	/* of 4 KiB, written ahead at open */
#define STORE_WAL_MARK		1024	/* pages that make a checkpoint due */
#define STORE_WAL_LONG		8192	/* pages whose move may take long */
#define STORE_WAL_S		256	/* pages a second, slowly */
#define MAX_STORE_CHECK		256	/* rows checked at open */

struct store_conf {
	const char	*path;		/* of the database, in own directory */
	uint8_t		 public_key[CHAIN_KEY_LEN];
	uint8_t		 machine[STORE_MACHINE_LEN];
	enum chain_alg	 alg;		/* of rows to come */
};

struct store;

/*
 * Opens or creates the database (mode 0600), migrates it after a backup to
 * PATH.vN.bak, checks the last MAX_STORE_CHECK rows.  err takes an operator
 * text of up to MAX_STORE_ERR bytes when the result is not STORE_OK.
 */
enum store_status store_open(struct store **, const struct store_conf *,
	    char *, size_t);
void	 store_close(struct store *);

/*
 * Takes the signer's last head (NULL: it never signed) and begins a new
 * epoch when there is a reason: the audit-epoch event is the epoch's first
 * row, CRITICAL when signed rows are missing, HIGH for another machine or
 * key, INFO at the first start.  The template gives the event's time and
 * provenance; id, action, target, actor, severity and details are set here.
 * No append is accepted before.  The caller has verified the head.
 */
enum store_status store_reconcile(struct store *, const struct head *,
	    const struct event *, enum store_epoch *);

enum store_status store_begin(struct store *);
/*
 * Appends an event as event_encode wrote it.  *seq is its sequence; when its
 * id is known already *known is 1 and *seq that row's: nothing is doubled.
 * STORE_REFUSED: bytes that do not decode, or a known id with other content;
 * the transaction stays usable after it.
 */
enum store_status store_append(struct store *, const void *, size_t,
	    uint64_t *, int *);
enum store_status store_commit(struct store *);
void	 store_rollback(struct store *);

/*
 * After FULL, READONLY or IO: rolls back, checkpoints, makes one small
 * durable write.  STORE_OK when work can go on; costs some milliseconds.
 */
enum store_status store_recover(struct store *);

/*
 * Moves the WAL into the database without waiting for readers; off the
 * commit path: when idle, or when STORE_WAL_MARK pages are to be moved.  What
 * a reader holds back is moved at once when it is gone, and can be gigabytes:
 * what a process left that was killed meanwhile store_open() moves.
 */
int	 store_checkpoint_pages(const struct store *);
enum store_status store_checkpoint(struct store *);

/*
 * Takes the whole WAL into the database and writes it anew: nothing that was
 * deleted is left in it.  STORE_BUSY while somebody reads; some milliseconds.
 */
enum store_status store_scrub(struct store *);

/*
 * The last durable row as an unsigned head (time and sig zero): what the
 * signer is asked to sign.  seq 0: no row yet.
 */
void	 store_head(const struct store *, struct head *);

/* sequence of the last checkpoint row, 0 for none */
uint64_t store_signed_row(const struct store *);

/* 1: what stands in the way may go away, or be taken away, by itself */
int	 store_transient(enum store_status);
const char	*store_status_name(enum store_status);	/* "full" */
const char	*store_epoch_name(enum store_epoch);
/* operator text of the last result that was not STORE_OK */
const char	*store_errtext(const struct store *);

/* for policy.c and query.c, which share the connection */
sqlite3		*store_db(struct store *);
int		 store_in_transaction(const struct store *);
/* classifies an SQLite result and keeps the text; what names the operation */
enum store_status store_fail(struct store *, int, const char *);
/* STORE_REFUSED with this text */
enum store_status store_refuse(struct store *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));
/* the number that a prepared statement gives */
enum store_status store_count(struct store *, sqlite3_stmt *, uint64_t *);
/* small persistent numbers, 0 when never set; set with a transaction open */
#define META_GENERATION	"policy_generation"	/* a new epoch sets it too */
enum store_status store_meta_get(struct store *, const char *, uint64_t *);
enum store_status store_meta_set(struct store *, const char *, uint64_t);

#endif /* AUDITD_STORE_H */
