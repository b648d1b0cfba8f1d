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

#ifndef DEFENSECLAWD_H
#define DEFENSECLAWD_H

#include <sys/queue.h>
#include <sys/stat.h>

#include <stdint.h>
#include <stdio.h>

#include "common/log.h"
#include "common/peer.h"
#include "common/proto.h"
#include "ctl/paths.h"

/*
 * The supervisor: starts processes, holds descriptors, passes control
 * connections on.  It reads no configuration, record, rule or secret.
 */

#define SUP_FD			3	/* of a child: ROLE_FD there */
#define MAX_BACKOFF_MS		5000
#define MIN_BACKOFF_MS		100
#define MAX_QUICK_DEATHS	10	/* in a row: the suite ends */
#define QUICK_DEATH_MS		1000	/* a life shorter than this is quick */
#define MAX_SLOTS		(4 + MAX_WORKERS + MAX_SINKS)
#define MAX_STOP_MS		8000	/* for a role to go when told to */
#define MAX_SIGNER_STOP_MS	2000	/* the signer has nothing to finish */
#define MAX_CONTROL_FDS		8	/* connections on their way to a role */
#define CONTROL_PAUSE_MS	100	/* before more are accepted */
#define MIN_SUP_FDS		256	/* open files; fewer is no start */
#define RESERVED_FDS		64	/* not for control connections */
#define RELOAD_MS		1000	/* roles may ask so often... */
#define RELOAD_BURST		60	/* ...after so many at once */
#define MAX_DRAIN_MS		60000	/* for a replaced worker to finish */
#define MAX_LOAD_MS		90000	/* for confc and rulec together */
#define MAX_EPITAPH		512	/* bytes of how a process ended */
#define MAX_CONF_READS		5	/* of a file that changes meanwhile */
#define MAX_SETTLE_MS		30000	/* until what was loaded is in force */
#define MAX_RELOAD_WAITERS	64	/* who wait for one load */
#define PULSE_MS		1000	/* between two questions to a role */
#define MAX_SILENT_PULSES	15	/* unanswered: the role hangs */
#define MAX_SILENT_DISK		30	/* of one that writes: disks are slow */
#define MAX_SILENT_START	60	/* from its start until READY */
#define MAX_SILENT_BUSY		3600	/* more, when auditd says why */
#define MAX_FOLLOW_PULSES	5	/* for a worker to take a reload */
#define MAX_PENDING_DEATHS	64	/* kept while auditd is away */
#define LOG_BURST		200	/* lines a role may send at once */
#define LOG_PER_SECOND		20	/* and then per second */

struct sup;
struct slot;

enum proc_state { PROC_STARTING = 1, PROC_READY, PROC_DRAINING };

struct proc {
	TAILQ_ENTRY(proc)	 entry;
	enum role_id		 role;
	struct slot		*slot;		/* NULL: short-lived, or old */
	char			 instance[MAX_INSTANCE];
	pid_t			 pid;
	uint32_t		 uid;
	uint32_t		 incarnation;
	enum proc_state		 state;
	int			 serving;
	int			 exited;	/* status is valid */
	int			 status;
	int			 closed;	/* its channel is at its end */
	int			 expected;	/* told to go */
	uint64_t		 started_ms;
	uint64_t		 started_us;
	uint64_t		 ready_ms;
	uint64_t		 rules_generation; /* of a worker */
	struct peer		*peer;
	struct event		*killer;	/* deadline for going */
	struct sandbox_state	 sandbox;
	uint32_t		 ping;		/* last one sent */
	uint32_t		 pong;		/* last one answered */
	uint32_t		 barrier;	/* ping after a reload; 0 */
	unsigned int		 silent;	/* pulses without an answer */
	unsigned int		 patience;	/* so many more are all right */
	char			 last_words[MAX_DEATH_TEXT]; /* escaped */
	double			 log_tokens;
	uint64_t		 log_ms;
	unsigned int		 log_dropped;
	int			 log_fatal;	/* had its last word */
};

/* a place that must be filled: auditd, signer, each worker, each sink */
struct slot {
	enum role_id	 role;
	unsigned int	 index;		/* workers: from 1 */
	char		 sink[MAX_SINK_NAME];	/* whose place; "": free */
	char		 instance[MAX_INSTANCE];
	struct proc	*proc;
	unsigned int	 quick;		/* deaths in a row */
	unsigned int	 restarts;
	uint64_t	 died_us;	/* last unexpected death */
	uint64_t	 retry_ms;	/* when it is started again */
	char		 why[MAX_DEATH_TEXT];
	struct event	*timer;
	int		 control;	/* listening socket */
	struct event	*control_ev;
	struct event	*control_timer;	/* accepting goes on */
	int		 replace;	/* start again with new records */
};

/*
 * A file of an operator's as it was when it was loaded: a sealed copy, which
 * later changes on the disk do not reach, and the state of the original.
 */
struct held_file {
	int		 fd;			/* -1 */
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	struct timespec	 mtime;
	struct timespec	 ctime;
};

/* what one sink's process is given, but its records */
struct sink_files {
	int		 records;	/* sealed; -1 */
	struct held_file token;
	struct held_file key;		/* of its client certificate */
	struct held_file ca;
	struct held_file cert;
};

/* everything a start needs, from one valid configuration */
struct setup {
	struct plan	 plan;
	int		 have_plan;
	unsigned int	 nplans;		/* confc sent; one is right */
	uint64_t	 generation;
	int		 records[ROLE_COUNT];	/* sealed; -1 */
	struct held_file secrets[MAX_PLAN_SECRETS];
	struct held_file device_key;
	int		 device_pub;		/* sealed copy, too */
	int		 outbox;		/* auditd's records of sinks */
	struct sink_files sinks[MAX_SINKS];	/* as in plan.sinks */
	struct sink_files judge;	/* as in plan.judge */
	int		 pack;			/* rulec's records */
	uint8_t		 pack_digest[32];	/* its word on them */
	int		 rules;			/* matcher database */
};

enum load_step { LOAD_NONE, LOAD_CONF, LOAD_READ, LOAD_COMPILE,
    LOAD_SETTLE };

/* a role that asked for a reload, and its id for that */
struct waiter {
	uint32_t	 incarnation;
	uint32_t	 id;
};

struct waiters {
	struct waiter	 list[MAX_RELOAD_WAITERS];
	unsigned int	 n;
};

struct sup {
	struct paths		 paths;
	struct event_base	*base;
	unsigned int		 state;		/* for peer.c: ST_RUNNING */
	TAILQ_HEAD(, proc)	 procs;
	struct slot		 slots[MAX_SLOTS];
	unsigned int		 nslots;
	struct setup		 now;		/* in force */
	struct setup		 next;		/* being loaded */
	enum load_step		 load;
	struct held_file	 conf;		/* as it was when opened */
	unsigned int		 conf_reads;	/* for this load */
	struct event		*load_timer;
	char			 load_text[MAX_CTL_TEXT]; /* why it failed */
	struct waiters		 waiters;	/* for this load */
	struct waiters		 next_waiters;	/* for the one after it */
	int			 load_again;	/* there is to be one */
	uint64_t		 generation;	/* configurations loaded */
	uint64_t		 rules_generation;
	uint32_t		 incarnations;
	uint32_t		 pings;
	uint64_t		 started_us;
	struct death		 deaths[MAX_PENDING_DEATHS];
	unsigned int		 ndeaths;	/* not yet in the log */
	unsigned int		 deaths_sent;	/* of them, to auditd */
	struct {
		dev_t		 dev;
		ino_t		 ino;	/* 0: none was handed over */
	}			 spool;
	uint32_t		 deaths_to;	/* its incarnation */
	int			 tcp;		/* listening sockets */
	int			 unix_http;
	char			 tcp_bind[64];
	uint32_t		 tcp_port;
	int			 tcp_given;	/* by LISTEN_FDS */
	uint64_t		 reload_ms;	/* asked for, up to here */
	int			 ready;		/* told the service manager */
	int			 ready_fd;	/* -R, or -1 */
	int			 stopping;
	int			 status;	/* exit status */
	int			 lock;
	int			 verbose;
	uid_t			 uids[ROLE_COUNT];
	gid_t			 gids[ROLE_COUNT];
	struct suite_groups	 groups;
	struct foreign		 foreign;
};

extern struct sup	 sup;

/* spawn.c */
struct proc	*spawn(enum role_id, struct slot *, const char *);
void		 spawn_hand(struct proc *, enum start_fd_kind, const char *,
		    int);
void		 spawn_go(struct proc *);
void		 proc_stop(struct proc *, uint32_t, int);
void		 proc_kill(struct proc *);
const char	*place_hint(int);
const char	*proc_epitaph(const struct proc *, char *, size_t);
struct proc	*proc_by_incarnation(uint32_t);
void		 reap(int, short, void *);

/* slots.c */
void		 slots_make(void);
void		 slot_start(struct slot *);
void		 slots_apply(void);	/* a new setup is in force */
void		 slots_stop(void);
int		 slots_complete(void);	/* everything serves */
void		 role_ready(struct proc *);
void		 role_dead(struct proc *);
void		 deaths_kept(uint32_t);	/* it is in the log */
void		 roster_send(void);

/* load.c */
void		 load_start(uint32_t, uint32_t);
void		 load_asked(struct proc *, uint32_t, int);
void		 load_dead(struct proc *);
void		 load_stop(void);
void		 load_settle(void);	/* something moved */
void		 rules_push(struct proc *);
const char	*pack_name(void);
void		 setup_init(struct setup *);
void		 setup_free(struct setup *);
extern const struct dispatch from_confc[];
extern const struct dispatch from_rulec[];

/* held.c */
int		 held_is_name(const char *);
int		 held_open(struct held_file *, const char *, const char *);
int		 held_find(struct held_file *, const char *);
int		 held_cert(struct held_file *, const char *, off_t);
void		 held_state(struct held_file *, const struct stat *);
int		 held_unchanged(const struct held_file *,
		    const struct held_file *);
int		 held_same(const struct held_file *, const struct held_file *);
int		 secrets_open(void);

/* pulse.c */
void		 pulse_start(void);
void		 pulse_ping(struct proc *);
void		 pulse_pong(struct proc *, uint32_t);
void		 pulse_busy(struct proc *, uint32_t);	/* s */

/* sinks.c: what is different about a sink's process */
void		 sinks_init(struct setup *);
void		 sinks_free(struct setup *);
int		 sinks_open(void);	/* -1: load_text says why */
int		 sinks_valid(const struct plan *);
int		*sinks_blob(const struct blob *);
void		 sinks_assign(void);	/* places to names */
int		 sink_index(const char *);	/* in the plan; -1 */
int		 sink_changed(const struct slot *);
int		 judge_changed(void);
int		 resolver_wanted(void);
void		 sink_hand(struct proc *);
void		 judge_hand(struct proc *);
void		 resolver_hand(struct proc *);
int		 resolver_changed(void);	/* its files, since */
void		 outbox_send(struct proc *);
void		 sink_syslog(struct proc *);

/* spool.c */
void		 spool_hand(struct proc *);
void		 spool_kept(int);

/* listen.c */
int		 listen_control(struct slot *);
int		 listen_open(const struct plan *, int, char *, size_t);
void		 listen_inherited(void);
int		 listen_unix(const char *, mode_t);
void		 listen_close(void);

/* logfile.c */
int		 logfile_open(const char *);
void		 logfile_limits(uint32_t, uint32_t, uint32_t);
void		 logfile_line(const char *, pid_t, enum log_level,
		    const char *);
void		 logfile_role(struct proc *, const struct log_line *);
void		 logfile_escape(char *, size_t, const char *);
void		 logfile_dropped(struct proc *);
void		 logfile_detach(void);	/* stop repeating on stderr */

/* notify.c */
void		 notify_service(const char *);
void		 notify_ready(int);

#endif /* DEFENSECLAWD_H */
