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

#ifndef CTL_CMD_H
#define CTL_CMD_H

#include <stdint.h>

#include "common/proto.h"
#include "client.h"
#include "options.h"
#include "output.h"
#include "paths.h"

/*
 * The command table (defenseclawctl.c): usage, help and completions are
 * derived from it.  A handler returns the exit status, an enum ctl_code.
 */

enum opt_id {
	O_HELP, O_JSON, O_USER, O_LIMIT, O_SEVERITY, O_ACTION, O_ACTOR,
	O_SINCE, O_BEFORE, O_FOLLOW, O_OUT, O_DB, O_FILE, O_ANCHOR, O_PUBKEY,
	O_FROM, O_TO, O_NOTE, O_REASON, O_TOOL, O_ARGS, O_ARGS_FILE,
	O_CONTENT, O_OUTPUT, O_MODEL, O_MODE, O_SKIP_INSTALL, O_FOREGROUND,
	O_FEATURES, O_VERSION, O_NAME, O_HOST, O_PORT, O_HEADER, O_ENABLED,
	O_DISABLED, O_TOKEN, O_TOKEN_FILE, O_TOKEN_ENV, O_NON_INTERACTIVE,
	O_DRY_RUN, O_NO_TEST, O_YES, O_ALL, O_TIMEOUT, O_UNTIL, O_SESSION,
	O_TARGET, O_TEXT, O_FORMAT, O_RESUME, O_WATCH, O_FAIL_MODE,
	O_SYSTEM, O_CANCEL, O_ENV_FILE, O_EXPLAIN, O_SECTION, O_ID, O_PASSIVE,
	O_FIX, O_LIST, O_KEY, O_COUNT
};

/* an option is a bit; the last two are others */
__extension__ typedef unsigned __int128	opt_set;
#define OPTION(i)	((opt_set)1 << (i))
#define BIT(id)		OPTION(O_##id)
_Static_assert(O_COUNT <= 126, "a set of options has no room for so many");
#define ANY_COMMAND	(BIT(HELP) | BIT(JSON) | BIT(USER))
/* and the options from O_COUNT on, which are keys of sinks, or of others */
#define SINK_KEYS	OPTION(127)
#define SETUP_KEYS	OPTION(126)
#define MAX_CMD_PATH	64	/* "setup observability add" */

struct ctl;

struct cmd {
	const char	*name;		/* "audit"; NULL at end */
	const char	*sub;		/* "list", may be several; or NULL */
	const char	*args;		/* operands as help shows them */
	int		 min, max;	/* how many of them */
	opt_set		 opts;		/* besides ANY_COMMAND */
	opt_set		 must;		/* that have to be given */
	int		 setup;		/* chooses the mode as init does */
	int		(*run)(struct ctl *);
	const char	*help;		/* one line */
};

/* one run of the program */
struct ctl {
	const struct cmd *cmd;
	struct options	 opts;
	struct paths	 paths;
	int		 nargs;
	const char	**args;		/* operands */
};

extern const struct cmd		 ctl_cmds[];
extern struct option_def	 ctl_options[];

/* NULL when it was not given */
const char	*cmd_value(const struct ctl *, enum opt_id);
int		 cmd_has(const struct ctl *, enum opt_id);

/*
 * A number given as option or operand.  0, or -1 after having said what is
 * wrong: the exit status is CTL_USAGE.  An absent option leaves the value.
 */
int	 cmd_number(const struct ctl *, enum opt_id, uint64_t, uint64_t,
	    uint64_t *);
int	 cmd_seq(const char *, uint64_t *);

/* "audit list"; how many of these words it begins with, and their number */
void	 cmd_path(const struct cmd *, char *, size_t);
int	 cmd_match(const struct cmd *, const char **, int, int *);

/* does a command take option number i, wherever that is defined */
int	 cmd_takes(const struct cmd *, int);

/* cmd_setup.c */
int	 cmd_setup(struct ctl *);
int	 cmd_setup_guardrail(struct ctl *);
int	 cmd_setup_gateway(struct ctl *);
int	 cmd_setup_skill_scanner(struct ctl *);
int	 cmd_setup_mcp_scanner(struct ctl *);

/* cmd_token.c */
int	 cmd_token_add(struct ctl *);
int	 cmd_token_list(struct ctl *);
int	 cmd_token_revoke(struct ctl *);
int	 cmd_token_rotate(struct ctl *);

/* cmd_help.c */
int	 cmd_help(struct ctl *);
int	 cmd_completion(struct ctl *);
int	 cmd_version(struct ctl *);
void	 cmd_usage_line(const struct cmd *, FILE *);
void	 cmd_overview(const char *, FILE *);	/* all, or below words */

/* cmd_agent.c */
int	 cmd_setup_agent(struct ctl *);
int	 cmd_agent_list(struct ctl *);
int	 cmd_agent_status(struct ctl *);	/* agentstatus.c */
int	 cmd_agent_off(struct ctl *);
int	 cmd_agent_remove(struct ctl *);
int	 cmd_agent_verify(struct ctl *);

/* cmd_hook.c */
int	 cmd_hook(struct ctl *);

/* cmd_mcp.c */
int	 cmd_mcp_run(struct ctl *);

/* cmd_mcppin.c */
int	 cmd_mcp_pin_list(struct ctl *);
int	 cmd_mcp_pin_accept(struct ctl *);
int	 cmd_mcp_pin_forget(struct ctl *);

/* cmd_init.c */
int	 cmd_init(struct ctl *);

/* cmd_observability.c */
int	 cmd_sink_list(struct ctl *);
int	 cmd_sink_show(struct ctl *);
int	 cmd_sink_enable(struct ctl *);
int	 cmd_sink_disable(struct ctl *);
int	 cmd_sink_remove(struct ctl *);
int	 cmd_sink_test(struct ctl *);
int	 cmd_sink_replay(struct ctl *);
int	 cmd_dead_list(struct ctl *);
int	 cmd_dead_retry(struct ctl *);
int	 cmd_dead_drop(struct ctl *);

/* cmd_sinkadd.c */
int	 cmd_sink_add(struct ctl *);

/* cmd_run.c */
int	 cmd_start(struct ctl *);
int	 cmd_stop(struct ctl *);
int	 cmd_restart(struct ctl *);
int	 cmd_reload(struct ctl *);

/* cmd_status.c */
int	 cmd_status(struct ctl *);

/* doctor/doctor.c */
int	 cmd_doctor(struct ctl *);

/* cmd_inspect.c */
int	 cmd_inspect_tool(struct ctl *);
int	 cmd_inspect_request(struct ctl *);
int	 cmd_inspect_response(struct ctl *);
int	 cmd_inspect_tool_response(struct ctl *);
int	 cmd_inspect_batch(struct ctl *);

/* cmd_audit.c */
int	 cmd_audit_list(struct ctl *);
int	 cmd_audit_show(struct ctl *);
int	 cmd_audit_tail(struct ctl *);
int	 cmd_alerts_list(struct ctl *);
int	 cmd_alerts_acknowledge(struct ctl *);

/* cmd_evidence.c */
int	 cmd_audit_head(struct ctl *);
int	 cmd_audit_verify(struct ctl *);
/* reads device.pub into it; CTL_OK, or the exit status, said */
struct verify_conf;
int	 verify_public_key(const char *, struct verify_conf *);

/* cmd_report.c */
int	 cmd_report(struct ctl *);

/* cmd_export.c */
int	 cmd_audit_export(struct ctl *);

/* cmd_query.c */
int	 cmd_audit_query(struct ctl *);

/* cmd_tool.c */
int	 cmd_approvals_list(struct ctl *);
int	 cmd_approvals_allow(struct ctl *);
int	 cmd_approvals_deny(struct ctl *);
int	 cmd_approvals_passphrase(struct ctl *);	/* passphrase.c */
int	 cmd_tool_block(struct ctl *);
int	 cmd_tool_allow(struct ctl *);
int	 cmd_tool_unblock(struct ctl *);
int	 cmd_tool_list(struct ctl *);
int	 cmd_mcp_block(struct ctl *);
int	 cmd_mcp_allow(struct ctl *);
int	 cmd_mcp_unblock(struct ctl *);

/* cmd_where.c */
int	 cmd_where(struct ctl *);

/* cmd_support.c */
int	 cmd_support_bundle(struct ctl *);

/* cmd_keys.c */
int	 cmd_keys_list(struct ctl *);
int	 cmd_keys_set(struct ctl *);
int	 cmd_keys_unset(struct ctl *);
int	 cmd_keys_check(struct ctl *);

/* cmd_policy.c */
int	 cmd_policy_list(struct ctl *);
int	 cmd_policy_show(struct ctl *);
int	 cmd_policy_validate(struct ctl *);
int	 cmd_policy_test(struct ctl *);
int	 cmd_policy_activate(struct ctl *);

/* cmd_bundle.c */
int	 cmd_bundle_keygen(struct ctl *);
int	 cmd_bundle_sign(struct ctl *);
int	 cmd_bundle_verify(struct ctl *);
int	 cmd_bundle_activate(struct ctl *);

/* cmd_judge.c */
int	 cmd_judge_status(struct ctl *);
int	 cmd_judge_test(struct ctl *);
/* what the suite's status says of it; without one only when all is wanted */
void	 judge_print(const json_t *, int);

/* cmd_config.c */
int	 cmd_config_validate(struct ctl *);
int	 cmd_config_show(struct ctl *);
int	 cmd_config_path(struct ctl *);
int	 cmd_config_get(struct ctl *);
int	 cmd_config_set(struct ctl *);
int	 cmd_config_unset(struct ctl *);

/* cmd_migrate.c */
int	 cmd_config_migrate(struct ctl *);

/* cmd_import.c */
int	 cmd_config_import(struct ctl *);

/* cmd_schema.c */
int	 cmd_config_schema(struct ctl *);

/* cmd_history.c */
int	 cmd_config_diff(struct ctl *);
int	 cmd_config_history(struct ctl *);
int	 cmd_config_rollback(struct ctl *);

/*
 * Reads config.yaml and prints what is wrong with it on standard error.
 * CTL_OK, or CTL_CONFIG; CTL_NOT_FOUND and CTL_PERMISSION, with a text that
 * was not printed, when it cannot be read.
 */
int	 config_load(const char *, struct conf *, char *, size_t);
/* the same for a command; it prints that text, too, and says what to do */
int	 config_need(const struct ctl *, struct conf *);

/*
 * Has a running suite record what an operator did, and when (in microseconds
 * since 1970; the same twice is recorded once): 1 and the sequence, 0 when it
 * is not running, -1 and why not.
 */
int	 config_note(const struct paths *, uint64_t, const char *, const char *,
	    const char *, uint64_t *, char *, size_t);

/*
 * Has a running suite read its configuration again: CTL_OK, or why not.
 */
int	 suite_reload(const struct paths *, char *, size_t);

/*
 * Is a supervisor alive, by the lock it holds: 1 and its pid (0 when not
 * known), 0, or -1 when this user cannot see.
 */
int	 suite_alive(const struct paths *, pid_t *);

#endif /* CTL_CMD_H */
