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

#ifndef SINKD_SINKD_H
#define SINKD_SINKD_H

#include <sys/queue.h>

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outbox.h"
#include "common/role.h"
#include "common/secret.h"
#include "sink.h"

/*
 * One process, one receiver.  batch.c takes rows from auditd and cuts them
 * into pieces that one request carries; deliver.c decides when a piece is
 * sent and what its answer means; a carrier (http.c, stream.c, local.c,
 * dirsink.c) moves the bytes.
 */

#define MAX_SINK_FDS		64
#define MAX_OPEN_BYTES	(16 * 1024 * 1024) /* encoded, not yet settled */
#define MAX_PREFETCH		2	/* batches behind the one being sent */
#define MAX_BACKOFF_MS		60000
#define MIN_BACKOFF_MS		500
#define MAX_HOLD_MS		(10 * 60 * 1000)
#define MIN_HOLD_MS		30000
#define MAX_RETRY_AFTER_MS	(60 * 60 * 1000) /* whatever is asked for */
#define MAX_SLOW_MS		1000	/* between requests when asked to */
#define FAILED_AFTER		3	/* failures in a row become an event */
#define QUIET_FAILED_AFTER	8	/* when delivery events alone wait */
#define MAX_QUICK_REFUSALS	32	/* in a row: two bad events found */

struct batch {
	uint64_t	 id;
	uint64_t	 upto;
	uint32_t	 stream;	/* enum outbox_stream */
	size_t		 n;
	size_t		 pieces;	/* not yet settled */
	struct wbuf	 events;	/* one after the other */
	size_t		*lens;
	size_t		*offs;
	uint64_t	*seqs;
	uint64_t	*times;		/* us since 1970 */
	uint8_t		*own;		/* a delivery event, of any sink */
	uint64_t	*keys;		/* cooldown.c; webhooks */
};

enum piece_state {
	PIECE_QUEUED, PIECE_SENDING, PIECE_WAITING, PIECE_SETTLED
};

/* events from..to-1 of a batch: what one request carries */
struct piece {
	TAILQ_ENTRY(piece)	 entry;
	struct batch		*batch;
	size_t			 from;
	size_t			 to;
	enum piece_state	 state;
	uint64_t		 ack_id;
	uint64_t		 sent_ms;
};
TAILQ_HEAD(piece_list, piece);

#define MAX_UNUSABLE	160	/* bytes of why the token is */

struct sinkd {
	struct sink		 sink;
	const struct sink_ops	*ops;
	struct secret		 token;
	char			 unusable[MAX_UNUSABLE]; /* "": it is good */
	struct secret		 client_key;
	struct peer		*auditd;	/* NULL: being replaced */
	struct piece_list	 pieces;	/* in order of the log */
	size_t			 open_bytes;
	unsigned int		 open_batches;
	int			 stopping;
	struct outbox_state	 state;		/* for status */
};

extern struct sinkd	 sinkd;

/*
 * The secret of the endpoint.  One that cannot be sent is no reason to end,
 * which would only be begun again: whatever is to be sent fails for it, until
 * a reload brings another.
 */
void	 token_read(const char *);

/* batch.c */
void	 batch_rows(struct peer *, struct msg *);
void	 batch_end(struct peer *, struct msg *);
void	 batch_pull(void);		/* if there is room for more */
uint64_t batch_due(void);		/* ms to wait before batch_pull */
void	 batch_forget(void);		/* auditd is gone: all of it */
void	 batch_settle(void);		/* acknowledges what is settled */

/* cooldown.c: of what is told again and again */
uint64_t cooldown_key(const struct chain_row *);
int	 cooldown_skips(uint64_t, uint64_t, uint64_t);	/* key, time, seq */

/* deliver.c */
void	 deliver_init(void);
void	 deliver_kick(void);		/* send what can be sent */
/* what became of the piece being sent; answer may be NULL */
void	 deliver_done(const struct judgement *, const struct answer *);
void	 deliver_test(struct peer *, struct msg *);
void	 deliver_indexed(uint64_t);	/* HEC: this id is indexed */
void	 deliver_rechannel(void);	/* HEC: ids of before are worthless */
void	 deliver_forget(void);		/* auditd is gone */
int	 deliver_busy(void);		/* a request is under way */

/* report.c: what auditd is told */
void	 report_news(enum outbox_news, const struct judgement *,
	    const struct answer *, const struct piece *);
size_t	 report_count(const struct piece *);	/* not about delivery */
void	 report_dead(const struct piece *, size_t, enum outbox_class,
	    const struct judgement *, const struct answer *);
void	 report_state(void);
void	 report_flush(void);

/*
 * A way to the receiver.  The body stays valid until deliver_done(), which is
 * never called before send has returned; lens are the lengths of its n parts
 * where they stand one after the other.
 */
struct carrier {
	void	(*init)(void);		/* before the sandbox */
	void	(*send)(const struct wbuf *, const size_t *, size_t);
};
extern const struct carrier	 http_carrier;
extern const struct carrier	 stream_carrier;
extern const struct carrier	 local_carrier;
extern const struct carrier	 dir_carrier;
extern const struct carrier	*carrier;

/* multi.c: one of libcurl's, for the carrier in use */
void	 multi_init(void (*)(CURL *, int));	/* told of each end */
void	 multi_add(CURL *);
void	 multi_remove(CURL *);
/* one handle beside the carrier's, which is told of its end alone */
void	 multi_aside(CURL *, void (*)(CURL *, int));

/* http.c */
void	 http_poll_acks(const uint64_t *, size_t);

/* local.c */
void	 local_socket(struct peer *, struct msg *);
void	 local_refused(struct peer *, struct msg *);

/*
 * handed.c: what a descriptor of this kind holds, malloc'd with a NUL behind
 * it; NULL when none was handed over.  Ends the process, naming what, when it
 * cannot be read or is longer than max.
 */
char	*handed_read(enum start_fd_kind, const char *, size_t, size_t *);

/* dirsink.c: its directory, for the sandbox */
int	 dirsink_fd(void);

/*
 * addr.c: no receiver lives there: nowhere, everybody, and (unless an
 * operator wrote the number itself, the last argument) the link, where
 * machines of a cloud hand out secrets; also within an address of IPv6.
 */
int	 addr_refused(const struct resolved_addr *, int);

/* egress.c: the one endpoint, for every libcurl handle */
void	 egress_init(void);
void	 egress_begin(CURL *);		/* TLS, addresses, no detours */
/*
 * Calls back with EGRESS_OK when an address is known (at once for a numeric
 * one), else with a text.
 */
enum egress_end { EGRESS_OK = 0, EGRESS_NO_NAME, EGRESS_REFUSED };
void	 egress_resolve(void (*)(int, const char *));
/* the supervisor's edge to the resolver; a question that waits goes there */
void	 egress_resolver(struct msg *, struct peer_end *);
/* shows what certificates the receiver has; nothing is sent to it */
void	 egress_chain(void (*)(const char *));
/* a transfer is over: until when the receiver's certificates hold, its time */
void	 egress_shown(CURL *);
/* the answer's header of this name, until the next transfer; NULL: none */
const char *egress_header(CURL *, const char *);
/* the answer's Date in ms since 1970; 0: it has none */
int64_t	 egress_date_ms(CURL *);

/* resolver.c */
int	 resolver_main(int, char *[]);

/* judge.c */
int	 judge_main(int, char *[]);

#endif /* SINKD_SINKD_H */
