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

#ifndef AUDITD_AUDITD_H
#define AUDITD_AUDITD_H

#include <jansson.h>

#include "common/proto.h"
#include "common/redact.h"
#include "common/role.h"
#include "common/stamp.h"
#include "common/stats.h"
#include "common/tally.h"
#include "kept.h"
#include "approve.h"
#include "policy.h"
#include "query.h"
#include "space.h"
#include "store.h"

#define MAX_HELD	4096	/* appends kept while the store is busy */
#define MAX_BUSY_MS	1000	/* and for how long */
#define BUSY_RETRY_MS	10
#define HELD_BACK_MS	1000	/* between two looks at held pages */
#define RECOVER_MS	500	/* between attempts after a failed write */
#define IN_FORCE_MS	1000	/* for a worker to follow a list change */
#define MAX_WAITERS	256	/* list changes being answered */
#define TAIL_ROWS	256	/* rows sent to a follower at once */
#define EXPORT_ROWS	256

/* one gatewayd worker */
struct worker {
	TAILQ_ENTRY(worker)	 entry;
	struct peer		*peer;
	uint64_t		 in_force;	/* list generation it has */
	uint64_t		 since_ms;	/* told of one, or late */
	struct worker_stats	 stats;		/* its own word */
	struct appended		 acks[MAX_APPENDED];
	unsigned int		 nacks;
};

/* what is to be done when the open transaction has ended */
struct after {
	TAILQ_ENTRY(after)	 entry;
	void			(*fn)(struct after *, const char *);
	struct peer		*peer;		/* who asked; NULL gone */
	uint32_t		 id;		/* of the request */
	uint64_t		 seq;
	uint64_t		 generation;
	uint8_t			 event_id[EVENT_ID_LEN];
	uint64_t		 deadline_ms;
	struct approval_said	 said;
};
TAILQ_HEAD(after_list, after);

struct auditd {
	struct store		*store;
	struct policy		*policy;
	struct query		*query;
	struct approve_db	*approve;
	struct kept		*kept;
	struct redactor		 redactor;
	struct stamp		 stamp;
	struct rec_suite	 suite;
	struct rec_audit	 rec;
	struct roster		 roster;
	struct peer		*signer;
	uint8_t			 pubkey[CHAIN_KEY_LEN];
	TAILQ_HEAD(, worker)	 workers;
	struct after_list	 after;		/* the open transaction */
	struct after_list	 waiting;	/* for workers to follow */
	unsigned int		 nwaiting;
	struct tally		 tally;
	int			 reconciled;
	int			 in_tx;
	char			 why[MAX_CTL_TEXT]; /* "": takes appends */
	char			 out[MAX_CTL_TEXT]; /* "": traffic's, too */
	struct space		 space;
	uint64_t		 last_commit_us;
	uint64_t		 commits;
	uint64_t		 rows;		/* since our start */
	uint64_t		 generation;	/* of the lists, durable */
	uint64_t		 unsealed;	/* rows after the checkpoint */
	int			 stopping;
};

extern struct auditd	 auditd;

/* worker.c */
void	 worker_new(struct peer *);
void	 worker_closed(struct peer *);
void	 worker_greet_all(void);

/* stats.c: for monitors */
void	 stats_msg(struct peer *, struct msg *);
void	 stats_gone(const struct worker *);
void	 stats_tell(struct worker *);
void	 stats_tick(void);

/* note.c: what an operator did with the front end */
struct note {
	const char	*action;
	const char	*target;
	const char	*change;
	enum severity	 severity;
	uid_t		 uid;		/* who did it */
	int		 late;		/* while we were not there */
	uint64_t	 time_us;	/* when */
	uint8_t		 id[EVENT_ID_LEN]; /* zeroes: a new one */
};
int	 note_allowed(const char *);	/* is it an action of operators */
/* the id is that of the bytes that told it, of a client or of the spool */
void	 note_id(struct note *, const void *, size_t);
int	 note_known(const struct note *, uint64_t *);	/* is in the log */
int	 note_event(const struct note *, uint64_t *);
void	 spool_read(void);		/* the file that was handed over */
void	 spool_record(void);

/* auditd.c: those that the supervisor told us of */
void	 deaths_record(void);

/* commit.c: the one transaction that everything arriving together shares */
void	 commit_init(void);
int	 commit_begin(void);		/* -1: why is set, or busy */
void	 commit_soon(void);
void	 commit_now(void);
void	 commit_fail(void);
void	 commit_pause(const char *);	/* why traffic is refused now */
struct after	*commit_after(void (*)(struct after *, const char *),
	    struct peer *, uint32_t);
void	 commit_forget(struct peer *);
int	 commit_event(struct event *, json_t *, uint64_t *);
void	 commit_state(struct peer *);	/* tells one worker, or all (NULL) */
void	 append_msg(struct peer *, struct msg *);	/* also with a text */
int	 event_is_ours(const struct event *);	/* no worker may send it */

/* limits.c: what traffic may write */
void	 limits_open(int);
void	 limits_look(void);
enum refusal	 limits_row(const struct event *, size_t, int, unsigned int *);
unsigned int	 limits_take(const char *, size_t);

/* forget.c: texts that are kept for a time only */
void	 forget_tick(void);

/* lists.c */
void	 lists_push(struct worker *);
void	 lists_push_late(void);		/* to whoever could not be told */
void	 lists_verify(void);		/* against the log; reports */
void	 lists_in_force(struct peer *, struct msg *);
void	 lists_change(struct peer *, struct msg *);
void	 lists_check(void);
void	 lists_wait(struct after *);

/* approvals.c: what a person decides */
void	 approvals_forget(void);
void	 approvals_tick(void);
void	 approvals_ask(struct peer *, struct msg *);
void	 approvals_word(struct peer *, struct msg *);
void	 approvals_list(struct peer *, struct msg *);

/* passphrase.c: that of user mode's owner */
const char	*passphrase_refusal(const struct peer *, uint64_t, uint32_t,
	    const uint8_t [APPROVAL_KEY_LEN]);
void	 passphrase_salt(struct peer *, struct msg *);
void	 passphrase_change(struct peer *, struct msg *);

/* seal.c: checkpoints */
void	 seal_init(void);
void	 seal_hello(struct peer *, struct msg *);
void	 seal_signed(struct peer *, struct msg *);
void	 seal_rows(uint64_t);
void	 seal_now(void);
void	 seal_begin(void);		/* takes the log into use */
void	 seal_head(void);		/* a reader waits for a signature */
void	 seal_over(const char *);	/* no answer comes, for this reason */
int	 seal_pending(void);
const struct head	*seal_last(void);	/* NULL: none yet */

/* control.c */
extern const struct dispatch control_from_client[];
void	 control_open(struct peer *);
void	 control_refused(struct peer *, uint32_t);
void	 control_by_signer(struct peer *, struct msg *);
void	 control_tally(const char *, const char *);	/* what, origin */
void	 control_tails(void);		/* new rows for followers */
void	 alerts_msg(struct peer *, struct msg *);
void	 control_tick(void);
void	 control_end(void);
void	 control_head(const struct head *, const char *);
void	 control_closed(struct peer *);
int	 control_ready(struct peer *, uint32_t); /* 0: it is answered */
void	 control_json(struct peer *, uint32_t, json_t *);
void	 control_recorded(struct after *, const char *);

/* report.c: status as JSON */
json_t	*report_status(void);
json_t	*report_suite(void);	/* of it, what the supervisor told */
void	 report_roster(struct peer *, struct msg *);

/* sign.c */
int	 sign_main(int, char *[]);

#endif /* AUDITD_AUDITD_H */
