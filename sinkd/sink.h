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

#ifndef SINKD_SINK_H
#define SINKD_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/frame.h"
#include "common/records.h"
#include "common/secret.h"

/*
 * A kind of receiver: how one event is written, how several become one body,
 * and what an answer means.  Pure functions; deliver.c does the rest.
 */

#define MAX_SINK_EVENT	(6 * MAX_EVENT_LEN + 4096) /* one, as JSON text */
#define MAX_SINK_ANSWER	(64 * 1024)	/* bytes kept of an answer's body */
#define MAX_SINK_REASON	256

/* what the process read from its records */
struct sink {
	struct rec_sink		 rec;
	struct rec_pair		 headers[MAX_SINK_HEADERS];
	size_t			 nheaders;
	struct rec_pair		 sourcetypes[MAX_SINK_SOURCETYPES];
	size_t			 nsourcetypes;
	char			 hostname[256];	/* syslog: of this host */
	const struct secret	*token;		/* webhook: goes into a body */
};

/* what came back for one request */
struct answer {
	int		 http;		/* status, 0: none came */
	int		 curl;		/* CURLcode of the transfer */
	const char	*body;		/* not NUL-terminated */
	size_t		 len;
	int		 truncated;	/* body longer than MAX_SINK_ANSWER */
	int		 proxy;		/* its status for a tunnel, 0 none */
	int64_t		 retry_after_ms; /* -1: the header was not there */
	const char	*error;		/* libcurl's or ours, "" none */
};

enum outcome {
	OUT_DELIVERED = 1,
	OUT_AWAIT_ACK,		/* accepted; ack_id will say when indexed */
	OUT_RETRY,		/* later, the same again */
	OUT_SPLIT,		/* too large: halves */
	OUT_BISECT,		/* an event in it is bad: that, or halves */
	OUT_DEAD,		/* must not be sent again: dead letters */
	OUT_HOLD		/* token, index, certificate: an operator */
};

struct judgement {
	enum outcome	 outcome;
	int		 code;		/* of the protocol, -1 none */
	long		 bad_event;	/* index from 0, -1 not said */
	uint64_t	 ack_id;
	uint64_t	 rejected;	/* events that the receiver refused */
	int		 new_channel;	/* HEC: code 11 */
	int		 no_ack;	/* HEC: code 14, tokens without ack */
	int		 slow_down;	/* HEC: codes 24, 25 */
	int		 late;		/* HEC: accepted, never indexed */
	char		 reason[MAX_SINK_REASON]; /* escaped, for the log */
};

struct sink_ops {
	enum sink_kind	 kind;
	/*
	 * Appends one event, without a separator.  -1: it cannot be written
	 * (text says why), which quarantines it.
	 */
	int		(*event)(const struct sink *, const struct chain_row *,
			    struct wbuf *, char *, size_t);
	/* separators and what stands around them: n pieces, one body */
	int		(*body)(const struct sink *, const struct wbuf *,
			    const size_t *, size_t, struct wbuf *);
	const char	*(*content_type)(const struct sink *);
	void		(*judge)(const struct sink *, const struct answer *,
			    struct judgement *);
};

extern const struct sink_ops	 sink_hec;
extern const struct sink_ops	 sink_otlp;
extern const struct sink_ops	 sink_jsonl;
extern const struct sink_ops	 sink_webhook;
/* no HTTP: content_type and judge are NULL */
extern const struct sink_ops	 sink_syslog;
extern const struct sink_ops	 sink_file;

const struct sink_ops	*sink_ops(enum sink_kind);

/*
 * Transport failures (no HTTP answer) are the same for every HTTP kind: TLS
 * and certificates hold, and a proxy that refuses; the rest is tried again.
 */
void	 sink_judge_transport(const struct answer *, struct judgement *);

/* by status alone, where a protocol says nothing more */
void	 sink_judge_status(const struct answer *, struct judgement *);

/* for the kinds: outcome, code and reason, which is escaped */
void	 sink_judged(struct judgement *, enum outcome, int, const char *, ...)
	    __attribute__((__format__(printf, 4, 5)));

/* for the kinds: the receiver's own words, after the reason; escapes them */
void	 sink_said(struct judgement *, const char *);

/* for the kinds: appends a string literal */
#define sink_put(w, literal)	wbuf_put(w, literal, sizeof(literal) - 1)

/* for the kinds: appends a JSON string with its quotes */
void	 sink_string(struct wbuf *, const char *);

/* for the kinds: the body of those whose events stand one after the other */
int	 sink_concat(const struct sink *, const struct wbuf *, const size_t *,
	    size_t, struct wbuf *);

/* for the kinds: appends the row as export_row_line() writes it */
int	 sink_row(const struct chain_row *, struct wbuf *, char *, size_t);

/*
 * Webhook: header number n of those that sign a body, as a line; 0 when
 * there are no more.
 */
#define MAX_SIGNATURES	3
int	 webhook_header(const struct sink *, const struct wbuf *, size_t,
	    char *, size_t);

/*
 * HEC: the answer to an acknowledgement poll; calls back for each id that is
 * indexed.  How many, or -1 when it is no such answer.
 */
int	 hec_acks(const char *, size_t, void (*)(uint64_t, void *), void *);

#endif /* SINKD_SINK_H */
