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

#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/frame.h"

/*
 * Between auditd, which owns the log and each sink's cursor in it, and a
 * sinkd, which carries rows to one receiver.  sinkd pulls a batch, sends it,
 * and acknowledges; only an acknowledgement moves the cursor.
 *
 * A batch is one of three streams: the log from the cursor on, a replay that
 * an operator asked for, or dead letters to be tried again.  One pull is
 * answered with zero or more MSG_OUTBOX_ROWS and one MSG_OUTBOX_END; when
 * there is nothing to send the answer waits until there is.  sinkd may pull
 * the next batch before the last is acknowledged (MAX_OUTBOX_OPEN); batches
 * of one stream are acknowledged in the order in which they came.
 */

#define MAX_OUTBOX_EVENTS	8192	/* rows of one batch */
#define MAX_OUTBOX_BYTES	(4 * 1024 * 1024) /* of packed rows */
#define MAX_OUTBOX_OPEN		64	/* batches not yet acknowledged */
#define MAX_OUTBOX_REASON	256	/* bytes of a text with its NUL */

/*
 * Before a receiver's own words in a reason, which are its last part: auditd
 * redacts them, for what a receiver quotes may be a value of an event.
 */
#define OUTBOX_SAID		'\x1f'

enum outbox_stream { OUTBOX_LOG = 1, OUTBOX_REPLAY, OUTBOX_RETRY };

struct outbox_pull {
	uint32_t	max_events;	/* 1 .. MAX_OUTBOX_EVENTS */
	uint32_t	max_bytes;	/* of packed rows; one always fits */
};

struct outbox_end {
	uint64_t	batch;		/* counts up, per connection */
	uint64_t	first;		/* sequences of its rows */
	uint64_t	last;
	uint64_t	upto;		/* the cursor when all is delivered */
	uint32_t	count;		/* rows, 0 when all were filtered out */
	uint32_t	stream;		/* enum outbox_stream */
};

/* everything of this batch up to and with this sequence is settled */
struct outbox_ack {
	uint64_t	batch;
	uint64_t	upto;		/* outbox_end's upto: the whole batch */
};

enum outbox_class {
	OUTBOX_QUARANTINED = 1,	/* the receiver cannot take this one event */
	OUTBOX_DEADLETTER	/* the protocol forbids to send it again */
};

/* an event that the receiver will not get; before its batch's ack */
struct outbox_dead {
	uint64_t	batch;
	uint64_t	seq;
	uint32_t	class;		/* enum outbox_class */
	uint32_t	http;		/* status, 0 none */
	int32_t		code;		/* of the protocol, -1 none */
	uint32_t	pad;
	char		reason[MAX_OUTBOX_REASON]; /* escaped */
};

enum outbox_news {
	OUTBOX_REJECTED = 1,	/* sink.rejected */
	OUTBOX_FAILED,		/* sink.failed: the circuit opened, or hold */
	OUTBOX_QUARANTINE	/* sink.quarantined */
};

/*
 * Becomes an audit event; never about events that are about this sink.  That
 * it delivers again (sink.restored) auditd sees from its state.
 */
struct outbox_report {
	uint32_t	news;		/* enum outbox_news */
	uint32_t	http;
	int32_t		code;		/* -1: none */
	uint32_t	have_skew;
	int64_t		skew_ms;	/* our clock less the receiver's */
	int64_t		age_ms;		/* of the oldest event concerned */
	uint64_t	first;		/* sequences concerned; 0 none */
	uint64_t	last;
	uint64_t	count;
	char		reason[MAX_OUTBOX_REASON];
};

enum outbox_circuit {
	CIRCUIT_CLOSED = 0,	/* delivers */
	CIRCUIT_OPEN,		/* waits before the next attempt */
	CIRCUIT_HALF_OPEN,	/* one attempt under way */
	CIRCUIT_HELD,		/* an operator must act */
	CIRCUIT_COUNT
};

/* words for people; "unknown" for what is none */
const char	*circuit_name(uint32_t);	/* "half-open" */
const char	*sink_kind_name(uint32_t);	/* "splunk_hec" */

/* on change, and at most once a second */
struct outbox_state {
	uint32_t	circuit;	/* enum outbox_circuit */
	uint32_t	have_skew;
	int64_t		skew_ms;
	uint64_t	delivered;	/* events, since the process started */
	uint64_t	requests;
	uint64_t	bytes;		/* on the wire */
	uint64_t	failures;
	uint64_t	last_success_us;
	uint64_t	last_error_us;
	uint64_t	retry_us;	/* next attempt, wall clock; 0 none */
	uint64_t	tls_until_us;	/* its certificates end; 0 not seen */
	char		error[MAX_OUTBOX_REASON];	/* the last one */
};

struct outbox_tested {
	uint32_t	code;		/* CTL_OK, CTL_UPSTREAM */
	uint32_t	http;
	int32_t		pcode;		/* of the protocol, -1 none */
	uint32_t	have_skew;
	int64_t		skew_ms;
	uint64_t	tls_until_us;	/* as above */
	uint32_t	ms;		/* it took */
	uint32_t	pad;
	char		text[1024];	/* verdict, or the chain of a bad CA */
};

/* sinkd and the resolver */
#define MAX_RESOLVED	16
struct resolved_addr {
	uint32_t	family;		/* AF_INET, AF_INET6 */
	uint8_t		addr[16];	/* network byte order */
};
struct resolved {
	uint32_t	code;		/* enum ctl_code */
	uint32_t	ttl;		/* seconds */
	uint32_t	count;
	uint32_t	pad;
	struct resolved_addr addr[MAX_RESOLVED];
	char		text[128];	/* why there is none */
};

/*
 * A packed row, integers little-endian: u32 length of all that follows, u32
 * hash_alg, u64 seq, device[32], epoch[16], salt[16], commitment[32],
 * prev[32], hash[32], then the encoded event (common/event.h).
 */
#define OUTBOX_ROW_HEAD	(4 + 4 + 8 + 32 + 16 + 16 + 32 + 32 + 32)

/* appends; -1 with errno of event_encode(), then nothing was appended */
int	 outbox_pack(struct wbuf *, const struct chain_row *);

/*
 * The next row of a MSG_OUTBOX_ROWS: 1, 0 at the end, -1 malformed.  Strings
 * point into the buffer.  The cursor starts at 0 and is the caller's.
 */
int	 outbox_unpack(const void *, size_t, size_t *, struct chain_row *);

#endif /* COMMON_OUTBOX_H */
