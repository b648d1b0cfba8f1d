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

#ifndef GATEWAYD_GATEWAYD_H
#define GATEWAYD_GATEWAYD_H

#include <sys/queue.h>
#include <sys/tree.h>

#include "common/action.h"
#include "common/detect/detect.h"
#include "common/hook.h"
#include "common/json.h"
#include "common/proto.h"
#include "common/redact.h"
#include "common/role.h"
#include "common/secret.h"
#include "common/stamp.h"
#include "common/stats.h"
#include "common/tally.h"
#include "conn.h"

#define MAX_PENDING		16384	/* answers waiting for the log */
#define MAX_PENDING_BYTES	(64 * 1024 * 1024)
#define MAX_ANSWER_MS		5000	/* for the log to take an event */
#define LAST_FLUSH_MS		1000	/* for the figures of one that ends */
#define LIMIT_REQUESTS		"rate-limit"	/* what a 429 is for */
#define LIMIT_EVENTS		"event-budget"
#define MAX_ACTOR		80	/* "token:NAME", "uid:4294967295" */
#define MAX_CORR		128	/* bytes of a correlation header */
#define MAX_REASON		2048	/* bytes of one, with its NUL */
#define MAX_REASON_FINDINGS	5	/* named in a reason */
#define MAX_ALERT_ROWS		500
#define MAX_ALERT_BYTES		(2 * 1024 * 1024)
#define MAX_BODY_VALUES		(256 * 1024)	/* JSON values of a body */
#define MAX_BODY_MEMBERS	64

struct judged;
struct judgepack;

/* who asked, and where the answer goes */
struct asker {
	uint64_t	 conn;		/* HTTP: id of the request */
	struct peer	*ctl;		/* or a control connection */
	uint32_t	 ctl_id;
	unsigned int	 principal;
	char		 actor[MAX_ACTOR];
	char		 request_id[MAX_CORR + 1];
	char		 logged_id[MAX_CORR + 1];	/* the same, masked */
	char		 session_id[MAX_CORR + 1];
	char		 trace_id[MAX_CORR + 1];
	char		 run_id[MAX_CORR + 1];
	char		 agent_id[MAX_CORR + 1];
	char		 agent_name[MAX_CORR + 1];
	char		 agent_instance_id[MAX_CORR + 1];
	char		 policy_id[MAX_CORR + 1];
	char		 destination_app[MAX_CORR + 1];
	int		 reveal;	/* X-DefenseClaw-Reveal-PII: 1 */
	int		 is_delete;
	int		 has_effect;	/* late is not undone */
	int		 inspects;	/* a verdict is what it wants */
	int		 explain;	/* and how it came about */
	int		 nobody;	/* waits any more: only the event */
	int		 code;		/* control: how a good answer ends */
	enum hook_agent	 agent;		/* a hook's route: whose */
	unsigned int	 limit;		/* ?limit=N, 0 when absent */
	uint64_t	 since_us;	/* HTTP: the request was whole */
	uint64_t	 rules;		/* generation; 0: those in force */
};

/* rules in force, and those that a waiting request was looked at with */
struct ruleset {
	struct detect	*detect;
	struct judgepack *judge;
	const void	*map;
	size_t		 len;
	uint64_t	 generation;
	unsigned int	 holds;
};

/* what a verdict was decided under */
struct under {
	uint64_t	 config;
	uint64_t	 rules;
	uint64_t	 lists;
};

/* what a text leads to */
struct verdict {
	const char		*action;	/* softened: allow or block, or
						   confirm: the client asks */
	const char		*raw_action;	/* allow, alert, confirm or
						   block */
	enum severity		 severity;
	double			 confidence;
	int			 would_block;
	int			 is_static;	/* by the block list */
	int			 by_owner;	/* of the owner's kind */
	int			 unreadable;	/* because there was no text */
	int			 only_critical;	/* blocks */
	int			 confirms;	/* as the inspection */
	int			 allowed;	/* by the allow list */
	int			 canary;	/* HOOK_CANARY: in any mode */
	const struct detect_result *found;	/* NULL: not looked at */
	const struct judged	*judged;	/* NULL: see judging.h */
	const struct approval_said *approval;	/* NULL: none was asked for */
};

/* what an approval is bound to, and what is shown of the request */
struct bound {
	uint8_t			 hash[APPROVAL_HASH_LEN];
	char			 text[MAX_APPROVAL_TEXT];
};

struct inspection {
	enum detect_direction	 direction;
	const char		*what;		/* "inspect-tool" */
	const char		*target;	/* the event's if no tool is */
	const char		*tool;		/* NULL: none */
	const char		*owner;		/* that has a list; NULL */
	enum list_kind		 owner_kind;
	int			 clamp;		/* block only CRITICAL */
	const char		*unreadable;	/* why there is no text */
	const struct hook	*hook;		/* NULL: not a hook's */
	int			 confirms;	/* a person may decide it */
	int			 native;	/* and the client asks one */
	const char		*cwd;		/* NULL: not said */
	const struct bound	*bound;		/* NULL: to nothing */
};

/* a client's token by its name, and the one before it */
struct named_token {
	struct rec_token	 rec;
	struct secret		 now;		/* data NULL: none */
	struct secret		 old;
};

struct gatewayd {
	struct rec_suite	 suite;
	struct rec_gateway	 rec;
	struct rec_judge_use	 judge;
	struct stamp		 stamp;
	struct redactor		 redactor;
	struct secret		 token;		/* data NULL: no TCP service */
	struct named_token	 tokens[MAX_TOKENS];
	size_t			 ntokens;
	struct conn_server	*server;
	struct ruleset		*rules;
	struct peer		*auditd;	/* NULL: between two of them */
	uint64_t		 auditd_lost_ms;	/* since when */
	struct store_state	 store;
	struct tally		 tally;
	int			 tcp;
	int			 unix_http;
	char			 addr[64];	/* of TCP, "" without */
	int			 serving;
	uint64_t		 started_us;
	uint64_t		 verdicts;
	uint64_t		 blocked;
	uint64_t		 unavailable;	/* answered 503 */
	uint64_t		 limited;	/* answered 429 */
	struct worker_stats	 stats;		/* for monitors */
};

extern struct gatewayd	 gatewayd;

/* serve.c: what must be there before traffic is taken */
void	 serve_if_ready(void);
void	 serve_rules(int, uint64_t);
void	 serve_rules_hold(struct ruleset *);
void	 serve_rules_drop(struct ruleset *);	/* the last one frees */

/* reload.c: an operator's reload, through the supervisor */
void	 reload_ask(struct peer *, uint32_t);
void	 reload_done(struct peer *, struct msg *);
void	 reload_forget(struct peer *);

/* auth.c: decided on the head, before a byte of body */
unsigned int	 auth_peer(const struct conn_peer *, const struct http_head *);
void		 auth_actor(const struct conn_peer *, const struct http_head *,
		    char [MAX_ACTOR]);
int		 auth_csrf(const struct conn_peer *, const struct http_head *,
		    const char **, const char **);
void		 auth_request_id(const struct http_head *,
		    char [MAX_CORR + 1]);
void		 auth_asker(struct asker *, const struct http_head *);

/* api.c */
extern const struct conn_ops api_ops;
extern const struct dispatch api_from_client[];
void	 api_answer(const struct asker *, int, json_t *);
void	 api_error(const struct asker *, int, const char *);
void	 api_unavailable(const struct asker *);
void	 api_limited(const struct asker *, const char *, unsigned int);
void	 api_plain(const struct asker *, const char *, const char *);
void	 api_durable(const struct asker *, const char *,
	    const struct under *, uint64_t);
void	 api_control(struct peer *);
void	 api_control_refused(struct peer *, uint32_t);

/* limits.c: requests of one uid or token */
void		 limits_init(void);
unsigned int	 limits_request(const char *, const char **);
void		 limits_body(const char *, size_t);
void		 limits_hold(const char *, unsigned int);

/* refusal.c: what is refused, counted by kind and origin */
void	 refusal_actor(const char *, const char *);
void	 refusal_peer(const struct conn_peer *, const char *);
void	 refusal_conn(const struct conn_peer *, int, const char *);
void	 refusal_flush(int);
void	 refusal_end(void);

/* inspect.c */
void	 inspect_tool(const struct asker *, json_t *);
void	 inspect_request(const struct asker *, json_t *);
void	 inspect_response(const struct asker *, json_t *);
void	 inspect_tool_response(const struct asker *, json_t *);
/* JSON by syntax that we have no value for; what names the row */
void	 inspect_unreadable(const struct asker *, const char *, const char *);
/* a session named in the body counts when no header named one */
void	 inspect_session(struct asker *, const json_t *);
void	 inspect_rule_ids(struct json_out *, const struct verdict *);
/* "matched: ID:Title", into MAX_REASON bytes */
void	 inspect_reason(const struct inspection *, const struct verdict *,
	    char [MAX_REASON]);
/* its what and target say what the event is */
void	 inspect_value(const struct asker *, const struct inspection *,
	    const json_t *);
/* the verdict is final: the event, then the answer; bytes, microseconds */
void	 inspect_over(const struct asker *, const struct inspection *,
	    const struct verdict *, size_t, uint64_t);

/* hook.c: routes of agents' hooks */
void	 hook_post(const struct asker *, json_t *);
void	 hook_unreadable(const struct asker *, const char *);
void	 hook_members(struct json_out *, const struct hook *,
	    const struct verdict *, const char *);

/* approval.c: what a person decides */
void	 approval_bind(const struct asker *, const struct inspection *,
	    const struct verdict *, const json_t *, struct bound *);
int	 approval_wanted(const struct inspection *, const struct verdict *);
/* -1: there is no room; 0 and it is heard of, once */
typedef void	 approval_fn(void *, const struct approval_said *);
int	 approval_ask(const struct asker *, const struct inspection *,
	    const struct verdict *, const char *, approval_fn *, void *);
void	 approval_reason(const struct verdict *, char *, size_t);
void	 approval_json(struct json_out *, const struct verdict *);

/* mcppin.c */
void	 mcp_pins(const struct asker *, json_t *);

/* policyapi.c */
void	 evaluate_guardrail(const struct asker *, json_t *);
void	 audit_event(const struct asker *, json_t *);
void	 enforce_block(const struct asker *, json_t *);
void	 enforce_allow(const struct asker *, json_t *);
void	 enforce_blocked(const struct asker *, json_t *);
void	 enforce_allowed(const struct asker *, json_t *);
void	 alerts_get(const struct asker *, json_t *);

/* health.c */
void	 health_get(const struct asker *, json_t *);
void	 status_get(const struct asker *, json_t *);
json_t	*health_worker(void);

/* metrics.c */
void	 metrics_get(const struct asker *, json_t *);

/* stats.c */
void	 stats_tick(void);
void	 stats_again(void);
void	 stats_msg(struct peer *, struct msg *);
void	 stats_verdict(const struct verdict *);
void	 stats_answered(const struct asker *);
void	 stats_judged(const struct judged *, enum severity);
const struct suite_stats	*stats_suite(void);

/* decide.c */
void	 decide(const struct inspection *, const struct detect_result *,
	    struct verdict *);
void	 decide_judged(struct judged *, struct verdict *);
void	 decide_approved(struct verdict *, const struct approval_said *);
const char	*decide_mode(void);

/* record.c: nothing is answered before its event is durable */
void	 record_init(void);
void	 record_answer(const struct asker *, struct event *, json_t *,
	    json_t *);
void	 record_text(const struct asker *, struct event *, json_t *,
	    const char *);
int	 record_event(struct event *, json_t *);
int	 record_kept(struct event *, json_t *, const char *);
int	 record_list_change(const struct asker *, enum list_kind,
	    enum list_op, enum list_op, const char *, const char *);
int	 record_alerts(const struct asker *, unsigned int);
int	 record_approval(const struct approval_ask *, const struct wbuf *,
	    approval_fn *, void *);
void	 record_edge(struct peer *);
void	 record_edge_lost(void);
void	 record_forget(struct peer *);
unsigned int	 record_pending(void);
uint64_t record_lost(void);		/* times an event had no room */
extern const struct dispatch from_auditd[];
void	 record_fill(struct event *, const struct asker *);

/* lists.c */
struct target {
	RB_ENTRY(target) entry;
	uint32_t	 kind;
	uint32_t	 op;
	uint64_t	 updated_us;
	char		*name;
	char		*reason;
};
const struct target	*lists_find(enum list_kind, const char *);
void	 lists_begin(struct peer *, struct msg *);
void	 lists_entry(struct peer *, struct msg *);
void	 lists_end(struct peer *, struct msg *);
uint64_t lists_generation(void);
int	 lists_ready(void);
json_t	*lists_json(enum list_op);

/* batch.c */
void	 batch_rows(struct peer *, struct msg *);
void	 batch_closed(struct peer *);

/* body.c: members of a request, as the reference reads them */
json_t		*body_get(const json_t *, const char *);
const char	*body_str(const json_t *, const char *);
int		 body_ambiguous(const json_t *);
/*
 * Looks at all of a value, NULL for none: its decoded strings and keys, one a
 * line, and its JSON.  Bytes inspected; -1: it could not be inspected.
 */
int		 body_detect(const struct inspection *, const json_t *,
		    struct detect_result *, size_t *);

#endif /* GATEWAYD_GATEWAYD_H */
