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

#ifndef AUDITD_OUTBOX_H
#define AUDITD_OUTBOX_H

#include <sys/queue.h>

#include <jansson.h>
#include <stdint.h>

#include "common/outbox.h"
#include "common/peer.h"
#include "common/records.h"
#include "common/stats.h"
#include "cursor.h"

/*
 * The sinks as they live: one per record, with a process or without.
 */

#define SERVE_ROWS	64	/* read for one sink in one turn of the loop */
#define READ_AGAIN_S	1	/* after rows could not be read */
#define QUIET_MS	200	/* then cursors are written by themselves */
#define MAX_PENDING_DEAD 8192	/* not durable yet, of one sink */
#define TEST_MS		30000	/* for a test to be answered */
#define TEST_UP_MS	10000	/* of them for the sink's process to come */
#define MAX_REPORTS	1000	/* of one sink that become events, a minute */

/* a batch that its sink has and has not settled */
struct batch_out {
	TAILQ_ENTRY(batch_out)	 entry;
	uint64_t		 id;
	uint32_t		 stream;
	uint64_t		 first;
	uint64_t		 told;		/* upto, as the sink knows it */
	uint64_t		 upto;		/* with those filtered out */
	int			 stale;		/* what is said of it is void */
};

struct dead_out {
	TAILQ_ENTRY(dead_out)	 entry;
	struct outbox_dead	 d;
	uint64_t		 time_us;
};

struct outsink {
	TAILQ_ENTRY(outsink)	 entry;
	struct rec_outbox	 rec;
	struct cursor_row	 at;		/* as it shall be stored */
	int			 known;		/* it has a row */
	int			 gone;		/* no longer configured */
	int			 told;		/* that it is, in an event */
	int			 dirty;		/* at, dead or sent to write */
	struct peer		*peer;		/* NULL: no process */
	uint64_t		 batches;	/* ids given on this peer */
	uint64_t		 next;		/* log: to read from */
	uint64_t		 replay;	/* replay: to read from */
	uint64_t		 retried;	/* dead letters: read up to */
	int			 retry;		/* there may be more of them */
	int			 marking;	/* and more to come */
	int			 replayed;	/* the last batch was of that */
	int			 pulling;	/* a pull waits */
	struct outbox_pull	 pull;
	struct wbuf		 rows;		/* packed, of the batch made */
	struct outbox_end	 end;		/* the batch being made */
	size_t			 bytes;		/* of its packed rows */
	unsigned int		 scanned;	/* rows in this turn */
	TAILQ_HEAD(, batch_out)	 out;
	unsigned int		 nout;
	TAILQ_HEAD(, dead_out)	 dead;
	unsigned int		 ndead;
	uint64_t		 sent_from;	/* dead letters delivered */
	uint64_t		 sent_to;
	struct outbox_state	 state;		/* the sink's own word */
	unsigned int		 reports;	/* since reports_ms */
	uint64_t		 reports_ms;
	int			 counted;	/* the two that follow hold */
	uint64_t		 quarantined;
	uint64_t		 letters;
	struct peer		*tester;	/* a client who waits */
	uint8_t			 test_event[EVENT_ID_LEN];
	uint32_t		 test_id;
	uint64_t		 test_ms;
};
TAILQ_HEAD(outsink_list, outsink);

extern struct outsink_list	 outsinks;
extern struct cursors		*cursors;

/* outbox.c */
void	 outbox_init(void);
void	 outbox_open(void);		/* the store is in use */
void	 outbox_close(void);
void	 outbox_peer(struct msg *, struct peer_end *);
enum store_status outbox_write(void);	/* in the open transaction */
void	 outbox_written(void);		/* it is durable */
void	 outbox_rows(void);		/* there are new rows */
void	 outbox_serve(void);		/* soon: something was changed */
void	 outbox_touch(struct outsink *);	/* write it soon */
void	 outbox_bad(struct peer *, const char *); /* replaces the process */
void	 outbox_text(char *, size_t);	/* of a sink: now a safe string */
void	 outbox_retry(struct outsink *);	/* letters were marked */
void	 outbox_cancel(struct outsink *);	/* no more is replayed */
struct outsink	*outsink_find(const char *);

/* outboxconf.c */
void	 outbox_conf(struct peer *, struct msg *);
void	 outbox_places(void);		/* of the sinks, in the log */

/* dead.c */
void	 sinks_dead_list(struct peer *, struct msg *);
void	 sinks_dead_retry(struct peer *, struct msg *);
void	 sinks_dead_drop(struct peer *, struct msg *);
void	 dead_forget(struct peer *);	/* a client went away */

/* outboxctl.c: what clients ask, and what sinks report */
/* of this name; NULL: the client was told */
struct outsink	*sinks_named(struct peer *, uint32_t, const char *);
/* an operator's change is an event; -1: the client was told */
int	 sinks_changed(struct peer *, uint32_t, const char *, const char *,
	    json_t *);
/* takes the reference */
void	 sinks_answer(struct peer *, uint32_t, json_t *, uint32_t);
void	 sinks_list(struct peer *, struct msg *);
void	 sinks_test(struct peer *, struct msg *);
void	 sinks_replay(struct peer *, struct msg *);
void	 sinks_test_again(struct outsink *);
void	 sinks_forget(struct peer *);	/* a client went away */
void	 sinks_tick(void);
void	 outbox_report(struct peer *, struct msg *);
void	 outbox_state(struct peer *, struct msg *);
void	 outbox_tested(struct peer *, struct msg *);
json_t	*sinks_json(void);
unsigned int sinks_stats(struct sink_stats [MAX_SINKS]);

#endif /* AUDITD_OUTBOX_H */
