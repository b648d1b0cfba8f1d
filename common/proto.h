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

#ifndef COMMON_PROTO_H
#define COMMON_PROTO_H

#include <stdint.h>

#include "common/caller.h"
#include "common/enforce.h"
#include "common/event.h"
#include "common/foreign.h"
#include "common/head.h"
#include "common/peer.h"

/*
 * Every message that crosses a process boundary.  Fixed-size structures are
 * sent as they are (same host, same build; PROTO_BUILD is compared first).
 * Variable ones are written with wbuf and read with rbuf in the order given.
 */

#define PROTO_BUILD	1U

enum msg_type {
	/* peer.c's own */
	MSG_XOFF = 1,			/* empty */
	MSG_XON,			/* empty */

	/* supervisor to a starting role, in this order */
	MSG_START = 16,			/* struct start */
	MSG_START_FD,			/* struct start_fd + fd */
	MSG_START_END,			/* empty */

	/* supervisor to a running role */
	MSG_PEER,			/* struct peer_end + fd */
	MSG_CONTROL,			/* struct caller + fd */
	MSG_SHUTDOWN,			/* empty: finish and exit 0 */
	MSG_DRAIN,			/* empty: a successor serves */
	MSG_RULES,			/* struct rules_info + fd */
	MSG_ROSTER,			/* struct roster (auditd, signer) */
	MSG_DEATH,			/* struct death (auditd) */
	MSG_REQUEST_DONE,		/* struct request_done */
	MSG_PING,			/* empty: MSG_PONG comes back */
	MSG_OUTBOX_CONF,		/* fd: outbox records anew (auditd) */
	MSG_SYSLOG,			/* fd: the local socket (sinkd) */

	/* a role to the supervisor */
	MSG_READY = 48,			/* struct sandbox_state */
	MSG_SERVING,			/* empty (gatewayd: may take traffic) */
	MSG_LOG,			/* struct log_line */
	MSG_REQUEST,			/* struct request */
	MSG_PLAN,			/* struct plan (confc) */
	MSG_BLOB,			/* struct blob + fd (confc, rulec) */
	MSG_PONG,			/* empty: what came before is done */
	MSG_BUSY,			/* u32 s (auditd): silent so long */

	/* gatewayd and auditd */
	MSG_APPEND = 64,		/* encoded event (common/event.h) */
	MSG_APPENDED,			/* struct appended[], MAX_APPENDED */
	MSG_REFUSED,			/* struct refused: no verdict */
	MSG_POLICY_BEGIN,		/* struct policy_head */
	MSG_POLICY_ENTRY,		/* struct policy_item, 2 str */
	MSG_POLICY_END,			/* struct policy_head */
	MSG_POLICY_IN_FORCE,		/* struct policy_head, from gatewayd */
	MSG_LIST_CHANGE,		/* struct list_change, str name, reason,
					   actor, request id */
	MSG_LIST_CHANGED,		/* struct list_changed */
	MSG_ALERTS,			/* u32 limit, str actor */
	MSG_ALERTS_ROW,			/* u64 seq, rest encoded event */
	MSG_ALERTS_END,			/* u32 enum ctl_code */
	MSG_STORE_STATE,		/* struct store_state */
	MSG_WORKER_STATS,		/* struct worker_stats, from gatewayd */
	MSG_SUITE_STATS,		/* struct suite_stats, to gatewayd */
	MSG_APPEND_KEPT,		/* str text (common/kept.h), rest
					   encoded event */
	MSG_APPROVAL_ASK,		/* struct approval_ask, str actor, tool,
					   agent, session, request id, reason,
					   the request as it is shown */
	MSG_APPROVAL_SAID,		/* struct approval_said */

	/* auditd and signer */
	MSG_SIGN_HELLO = 96,		/* struct sign_hello, from the signer */
	MSG_SIGN,			/* struct head, unsigned */
	MSG_SIGNED,			/* struct sign_answer */
	MSG_SIGN_REFUSED,		/* struct sign_refused */

	/* auditd and a sinkd -P sink; common/outbox.h has the forms */
	MSG_OUTBOX_PULL = 104,		/* struct outbox_pull, from sinkd */
	MSG_OUTBOX_ROWS,		/* packed rows */
	MSG_OUTBOX_END,			/* struct outbox_end */
	MSG_OUTBOX_ACK,			/* struct outbox_ack, from sinkd */
	MSG_OUTBOX_DEAD,		/* struct outbox_dead, from sinkd */
	MSG_OUTBOX_REPORT,		/* struct outbox_report, from sinkd */
	MSG_OUTBOX_STATE,		/* struct outbox_state, from sinkd */
	MSG_OUTBOX_TEST,		/* one packed row */
	MSG_OUTBOX_TESTED,		/* struct outbox_tested, from sinkd */

	/* a sinkd and the resolver */
	MSG_RESOLVE = 120,		/* str name */
	MSG_RESOLVED,			/* struct resolved */

	/* gatewayd and sinkd -P judge; common/judge.h has the forms */
	MSG_JUDGE_ASK = 124,		/* a packed question */
	MSG_JUDGE_SAID,			/* a packed answer, same id */

	/* control, client to role and back: common/ctlproto */
	MSG_CTL_HELLO = 128,		/* u32 CTL_VERSION, both ways */
	MSG_CTL_ERROR,			/* u32 enum ctl_code, str text */
	MSG_CTL_TEXT,			/* a piece of the answer (JSON text) */
	MSG_CTL_DONE,			/* end of the answer: u32 code */

	MSG_CTL_STATUS,			/* empty */
	MSG_CTL_STOP,			/* empty */
	MSG_CTL_RELOAD,			/* empty */
	MSG_CTL_CALL,			/* str method, route, rest body */
	MSG_CTL_BATCH,			/* u32 flags, rest rows (JSONL) */
	MSG_CTL_AUDIT_LIST,		/* struct audit_list */
	MSG_CTL_AUDIT_SHOW,		/* u64 seq */
	MSG_CTL_AUDIT_HEAD,		/* empty */
	MSG_CTL_AUDIT_EXPORT,		/* u64 from, u64 to (0: all) */
	MSG_CTL_AUDIT_TAIL,		/* u64 from */
	MSG_CTL_ALERTS,			/* struct alert_list */
	MSG_CTL_ALERT_ACK,		/* u64 seq, str note */
	MSG_CTL_LIST,			/* empty: block and allow lists */
	MSG_CTL_LIST_CHANGE,		/* struct list_change, 2 str */
	MSG_CTL_NOTE,			/* u64 time in microseconds, str
					   action, target, change: as in the
					   spool, and recorded once */
	MSG_CTL_NEXT,			/* u64: go on from here */
	MSG_CTL_SINKS,			/* empty: state of every sink */
	MSG_CTL_SINK_TEST,		/* str name */
	MSG_CTL_SINK_REPLAY,		/* u64 from, 0: end; u64 to, str name */
	MSG_CTL_DEAD_LIST,		/* u64 after, u32 limit, str name */
	MSG_CTL_DEAD_RETRY,		/* u64 seq (0: all), str name */
	MSG_CTL_DEAD_DROP,		/* u64 seq (0: all), str name, reason */
	MSG_CTL_JUDGE_TEST,		/* empty */
	MSG_CTL_APPROVALS,		/* empty: what waits for a person */
	MSG_CTL_APPROVE,		/* struct approve */
	MSG_CTL_PASSPHRASE,		/* empty: is there one, and its salt */
	MSG_CTL_PASSPHRASE_SET,		/* struct passphrase_set */
};

/* how a control request ended; also the front end's exit codes */
enum ctl_code {
	CTL_OK = 0,
	CTL_FAILURE = 1,
	CTL_USAGE = 2,
	CTL_CONFIG = 3,
	CTL_POLICY = 4,
	CTL_NOT_RUNNING = 5,
	CTL_ALREADY = 6,
	CTL_NOT_FOUND = 7,
	CTL_PERMISSION = 8,
	CTL_UPSTREAM = 9
};

#define MAX_CTL_TEXT		512	/* bytes of an error's text */
#define MAX_INSTANCE		72	/* "gatewayd.1", "sink.NAME" */
#define MAX_PROCS		64	/* of the suite, with dying ones */
#define MAX_DEATH_TEXT		320	/* bytes of why a role died */
#define MAX_WORKERS		4
#define MAX_SINKS		16
#define MAX_SINK_NAME		65	/* with its NUL */
#define MAX_SECRET_NAME		64
#define MAX_PACK_NAME		128
#define MAX_PATH_LEN		1024
#define MAX_APPENDED		512

enum role_id {
	ROLE_NONE = 0,
	ROLE_SUPERVISOR,
	ROLE_CONFC,
	ROLE_RULEREAD,
	ROLE_RULECOMP,
	ROLE_GATEWAYD,
	ROLE_AUDITD,
	ROLE_SIGNER,
	ROLE_SINK,		/* sinkd -P sink, one per configured sink */
	ROLE_RESOLVER,		/* sinkd -P resolver */
	ROLE_JUDGE,		/* sinkd -P judge */
	ROLE_COUNT
};

/*
 * How auditd or the signer exits when it cannot work until an operator has
 * done something: trying again is of no use and the suite stops.
 */
#define EXIT_OPERATOR	3

enum suite_mode { MODE_USER = 1, MODE_SYSTEM = 2 };

/* first words to a new process */
struct start {
	uint32_t	build;		/* PROTO_BUILD */
	uint32_t	mode;		/* enum suite_mode */
	uint32_t	role;		/* enum role_id */
	uint32_t	incarnation;	/* unique per suite start */
	char		instance[MAX_INSTANCE];
	uint32_t	uid;		/* to become; own uid in user mode */
	uint32_t	gid;
	uint32_t	owner;		/* uid of the operator in user mode */
	struct suite_groups groups;
	struct foreign	foreign;	/* uids of no user here */
	uint32_t	allow_no_landlock;
	uint32_t	root_is_own;	/* SFD_ROOT is its own directory */
	uint32_t	verbose;
	uint32_t	was_ready;	/* the suite has served before */
	uint32_t	parent;		/* supervisor's pid */
	uint32_t	workers;	/* how many gatewayds share limits */
	uint64_t	generation;	/* of the configuration */
	uint64_t	rules_generation;
	char		pack[MAX_PACK_NAME];	/* rulec: its name */
	char		home[MAX_PATH_LEN]; /* for messages only */
};

enum start_fd_kind {
	SFD_RECORDS = 1,	/* sealed memory file of this role's records */
	SFD_ROOT,		/* directory to become the root */
	SFD_DIR,		/* the role's own directory */
	SFD_SECRET,		/* one secret; name says which */
	SFD_INPUT,		/* config.yaml, pack directory, pack records */
	SFD_LISTEN_TCP,
	SFD_LISTEN_UNIX,
	SFD_RULES,		/* sealed matcher database */
	SFD_MACHINE_ID,		/* auditd: /etc/machine-id */
	SFD_PUBKEY,		/* auditd: device.pub */
	SFD_CA,			/* sinkd: PEM of the CAs it trusts */
	SFD_CERT,		/* sinkd: its client certificate, PEM */
	SFD_RESOLV_CONF,	/* resolver: /etc/resolv.conf */
	SFD_HOSTS,		/* resolver: /etc/hosts */
	SFD_SPOOL,		/* auditd: what was done without it */
};

struct start_fd {
	uint32_t	kind;
	char		name[MAX_SECRET_NAME];
};

struct peer_end {
	uint32_t	role;		/* enum role_id of the other end */
	uint32_t	incarnation;
	char		instance[MAX_INSTANCE];
};

struct log_line {
	uint32_t	level;		/* enum log_level */
	char		text[1024];	/* escaped, NUL-terminated */
};

enum request_kind {
	REQ_RELOAD = 1, REQ_STOP, REQ_REPLACE, REQ_DEATH_KEPT,
	REQ_SYSLOG,		/* sinkd: connect the local syslog socket */
	REQ_SPOOL_KEPT		/* auditd: id 0 all of it, 1 it is broken */
};

struct request {
	uint32_t	kind;
	uint32_t	id;
	uint32_t	incarnation;	/* of whom (REPLACE, DEATH_KEPT) */
};

struct request_done {
	uint32_t	id;
	uint32_t	code;		/* enum ctl_code */
	char		text[MAX_CTL_TEXT];
};

/* what confc tells the supervisor, which reads no configuration itself */
#define MAX_PLAN_SECRETS	24	/* two for each of MAX_TOKENS, ours */
#define PLAN_DIGEST_LEN		32	/* BLAKE2b-256 */
struct plan_secret {
	uint32_t	role;
	uint32_t	required;
	char		name[MAX_SECRET_NAME];
};

/* one enabled sink: what the supervisor must open and hand over for it */
#define MAX_SINK_PATH		256
struct plan_sink {
	char		name[MAX_SINK_NAME];
	char		secret[MAX_SECRET_NAME];	/* "": none */
	char		ca_file[MAX_SINK_PATH];	/* "": the host's store */
	char		cert_file[MAX_SINK_PATH]; /* client certificate */
	char		key_file[MAX_SINK_PATH]; /* and its key, 0600 */
	char		syslog[MAX_SINK_PATH];	/* local socket to connect */
	uint32_t	wants_ca;	/* TLS is used and verified */
	uint32_t	wants_dir;	/* file sink: sinks/NAME is its own */
	uint32_t	wants_dns;	/* its host is a name */
	uint8_t		digest[PLAN_DIGEST_LEN];	/* of its records */
};

struct plan {
	char		bind[64];		/* numeric address */
	uint32_t	port;
	uint32_t	workers;
	uint32_t	log_max_bytes;
	uint32_t	log_total_bytes;
	uint32_t	log_reserve_mb;	/* of its disk, left to the audit log */
	uint32_t	verbose;
	uint32_t	allow_no_landlock;
	uint32_t	nsecrets;
	struct plan_secret secrets[MAX_PLAN_SECRETS];
	char		pack_dir[MAX_PATH_LEN];	/* absolute */
	char		conf_hash[65];
	uint8_t		digest[ROLE_COUNT][PLAN_DIGEST_LEN]; /* of records */
	uint32_t	nsinks;
	struct plan_sink sinks[MAX_SINKS];
	struct plan_sink judge;		/* name "": there is none */
};

enum blob_kind {
	BLOB_RECORDS = 1, BLOB_PACK, BLOB_MATCHER, BLOB_OUTBOX,
	BLOB_VECTORS,		/* rulec: what a pack is tested with */
	BLOB_REPORT		/* rulec: what became of it, JSON */
};

struct blob {
	uint32_t	kind;
	uint32_t	role;		/* BLOB_RECORDS: whose */
	uint32_t	index;		/* ROLE_SINK: in the plan's sinks */
	uint8_t		digest[32];	/* BLOB_PACK: of its bytes */
};

struct rules_info {
	uint64_t	generation;
};

struct roster_entry {
	char		 instance[MAX_INSTANCE];
	uint32_t	 role;
	uint32_t	 pid;
	uint32_t	 uid;
	uint32_t	 state;		/* down, starting, ready, draining */
	uint32_t	 restarts;
	uint32_t	 incarnation;
	uint32_t	 in_a_row;	/* quick deaths */
	uint32_t	 retry_ms;	/* down: until it is tried again */
	uint64_t	 started_us;	/* wall clock; down: 0 */
	uint64_t	 died_us;	/* last unexpected death; 0 none */
	char		 why[MAX_DEATH_TEXT];	/* that one, escaped */
	struct sandbox_state sandbox;	/* the role's own word */
};

struct roster {
	uint32_t	 count;
	uint32_t	 mode;
	uint64_t	 generation;	/* configuration */
	uint64_t	 rules_generation;
	char		 conf_hash[65];
	struct roster_entry entry[MAX_PROCS];
};

struct death {
	uint32_t	role;
	uint32_t	pid;
	uint32_t	incarnation;
	int32_t		status;		/* as waitpid(2) gives it */
	uint32_t	was_ready;
	uint32_t	expected;	/* told to go */
	uint64_t	lived_ms;
	uint64_t	suite_us;	/* when the supervisor started */
	char		instance[MAX_INSTANCE];
};

/* gatewayd and auditd */
struct appended {
	uint8_t		id[EVENT_ID_LEN];
	uint64_t	seq;
};

enum refusal {
	REFUSAL_STORE = 1,	/* the log takes nothing now */
	REFUSAL_EVENT,		/* this one it never takes */
	REFUSAL_BUDGET		/* its actor has had its bytes */
};

struct refused {
	uint8_t		id[EVENT_ID_LEN];
	uint32_t	code;		/* enum refusal */
	uint32_t	wait_s;		/* REFUSAL_BUDGET: until more is had */
};

struct policy_head {
	uint64_t	generation;
	uint32_t	count;
	uint32_t	pad;
};

/* numbers of the lists, as the store has them (auditd/policy.h) */
enum list_op { OP_NONE = 0, OP_BLOCK = 1, OP_ALLOW = 2 };
enum list_kind { KIND_TOOL = 1, KIND_SKILL, KIND_MCP, KIND_PLUGIN, KIND_PIN };
#define MAX_TARGET_NAME		256	/* bytes of a listed name */
#define MAX_TARGET_REASON	1024

/*
 * What an MCP server's tools were when somebody's client saw them first: the
 * name is "ACTOR/SERVER", the reason the SHA-256 of each, in hexadecimal and
 * lower case, with a space between.
 */
#define PIN_HASH		64		/* characters of one */
#define MAX_PIN_TOOLS		512
#define MAX_PIN_TEXT		(MAX_PIN_TOOLS * (PIN_HASH + 1))
#define MAX_PIN_SERVER		64		/* bytes of a server's name */

struct policy_item {
	uint64_t	updated_us;
	uint32_t	kind;		/* enum list_kind */
	uint32_t	op;		/* enum list_op */
};

struct list_change {
	uint8_t		id[EVENT_ID_LEN];	/* of the event it becomes */
	uint64_t	time_us;	/* gatewayd: of that event, too */
	uint32_t	kind;
	uint32_t	op;
	uint32_t	was;		/* OP_NONE: what must be there now */
	uint32_t	pad;
};

struct list_changed {
	uint8_t		id[EVENT_ID_LEN];
	uint32_t	code;		/* enum ctl_code */
	uint32_t	wait_s;		/* its actor has had its bytes */
	uint64_t	generation;
	uint64_t	seq;
	char		text[MAX_CTL_TEXT];
};

/*
 * A request that a person decides.  The hash binds it: who asked, over which
 * route, for which agent and session, the tool and all of its arguments.
 */
#define APPROVAL_HASH_LEN	32	/* BLAKE2b-256 */
#define APPROVAL_KEY_LEN	32	/* Argon2id: passphrase, salt */
#define APPROVAL_SALT_LEN	16
#define MAX_APPROVAL_TEXT	1024	/* bytes of it that are shown, + NUL */
#define MAX_APPROVAL_REASON	2048	/* with its NUL */
#define MAX_APPROVAL_NAME	256	/* of an actor, a tool, a session */

enum approval_state {
	APPROVAL_NONE = 0,	/* could not be asked for */
	APPROVAL_PENDING,	/* nobody has decided */
	APPROVAL_ALLOWED,	/* once, and not used yet; never sent */
	APPROVAL_DENIED,
	APPROVAL_USED,		/* by this request, which passes */
	APPROVAL_NO_ROOM	/* its actor has as many as it may */
};

struct approval_ask {
	uint8_t		id[EVENT_ID_LEN];	/* of the event it becomes */
	uint64_t	time_us;		/* of that event, too */
	uint8_t		hash[APPROVAL_HASH_LEN];
	uint32_t	severity;		/* enum severity */
	uint32_t	pad;
};

struct approval_said {
	uint8_t		id[EVENT_ID_LEN];
	uint64_t	number;		/* sequence of the event that asked */
	uint64_t	until_us;	/* wall clock; 0: no matter */
	uint32_t	state;		/* enum approval_state */
	uint32_t	pad;
};

/* an operator's word; the key is that of a passphrase, if there is one */
struct approve {
	uint64_t	number;
	uint32_t	allow;		/* 0: deny */
	uint32_t	has_key;
	uint8_t		key[APPROVAL_KEY_LEN];
};

/* a new passphrase, and the key of the one in whose place it is */
struct passphrase_set {
	uint8_t		salt[APPROVAL_SALT_LEN];
	uint8_t		key[APPROVAL_KEY_LEN];
	uint32_t	has_old;	/* 0: there is none */
	uint32_t	pad;
	uint8_t		old[APPROVAL_KEY_LEN];
};

/* what gatewayd needs to know of the store, sent on change */
struct store_state {
	uint32_t	ok;		/* 0: refuse traffic with text */
	uint32_t	full;		/* for want of room only */
	uint64_t	last_seq;
	char		text[MAX_CTL_TEXT];
};

/* auditd and signer */
struct sign_hello {
	uint8_t		pubkey[32];
	uint32_t	have;		/* last is one it signed */
	uint32_t	pad;
	struct head	last;
};

struct sign_answer {
	uint32_t	code;		/* 0, or why not: enum ctl_code */
	uint32_t	pad;
	struct head	head;
	char		text[MAX_CTL_TEXT];
};

/* somebody asked the signer for what is not theirs: auditd records it */
struct sign_refused {
	uint32_t	uid;
};

/* as struct rowfilter has it; a text that is empty asks for nothing */
#define MAX_QUERY_WORD	256
struct audit_list {
	uint64_t	since;		/* seq, exclusive; 0 none */
	uint64_t	before;		/* seq, exclusive; 0 none */
	uint64_t	since_us;	/* time, inclusive; 0 none */
	uint64_t	until_us;	/* time, exclusive; 0 none */
	uint32_t	limit;
	uint32_t	severities;	/* bit per enum severity; 0 all */
	char		action[MAX_QUERY_WORD];
	char		actor[MAX_QUERY_WORD];
	char		session[MAX_QUERY_WORD];
	char		tool[MAX_QUERY_WORD];
	char		target[MAX_QUERY_WORD];
	char		text[MAX_QUERY_WORD];
};

struct alert_list {
	uint64_t	before;		/* seq, exclusive; 0 none */
	uint32_t	limit;		/* 0: as many as there may be */
	uint32_t	pad;
};

const char	*role_name(enum role_id);	/* "gatewayd" */
const char	*list_kind_name(uint32_t);	/* "tool"; NULL: none */
const char	*approval_state_name(uint32_t);	/* "pending"; NULL: none */

#endif /* COMMON_PROTO_H */
