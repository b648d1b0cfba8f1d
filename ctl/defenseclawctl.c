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

/*
 * defenseclawctl, also installed as defenseclaw and defenseclaw-gateway: the
 * operator's front end.
 *
 *   may      what its caller may; it has no rights of its own
 *   may not  show a secret, use the network, decide anything: who may do
 *            what is the suite's to say, by the kernel's word on the caller
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "cmd.h"
#include "setup.h"
#include "sinkopt.h"

#define TEXT_OR_FILE	(BIT(CONTENT) | BIT(FILE))
#define SETUP_ALL	(BIT(NON_INTERACTIVE) | BIT(DRY_RUN) | SETUP_KEYS)

struct option_def ctl_options[MAX_OPTIONS + 1] = {
	[O_HELP] = { "help", 'h', NULL, "how to use the command" },
	[O_JSON] = { "json", 0, NULL, "answer as JSON" },
	[O_USER] = { "user", 0, NULL, "the suite of this user, also as root" },
	[O_LIMIT] = { "limit", 'n', "N", "at most so many rows" },
	[O_SEVERITY] = { "severity", 0, "S[,S]", "only rows of these "
	    "severities: CRITICAL, HIGH, MEDIUM, LOW, INFO" },
	[O_ACTION] = { "action", 0, "NAME...", "only rows of this action; of "
	    "a sink, may be repeated" },
	[O_ACTOR] = { "actor", 0, "NAME", "only rows of this actor" },
	[O_SINCE] = { "since", 0, "SEQ|WHEN", "only rows after this one; of "
	    "a query, from this time on: 2026-01-02T03:04:05Z, or how long "
	    "ago: 30m, 1h, 2d" },
	[O_BEFORE] = { "before", 0, "SEQ", "only rows before this one" },
	[O_FOLLOW] = { "follow", 'f', NULL, "go on with new rows as they "
	    "come" },
	[O_OUT] = { "out", 'o', "FILE", "write there; - is standard output" },
	[O_DB] = { "db", 0, "FILE", "look at this database, offline" },
	[O_FILE] = { "file", 0, "FILE", "read it from there; - is standard "
	    "input" },
	[O_ANCHOR] = { "anchor", 0, "FILE", "a head taken earlier that the "
	    "log must still contain" },
	[O_PUBKEY] = { "pubkey", 0, "FILE", "the device's public key" },
	[O_FROM] = { "from", 0, "SEQ", "begin with this row; a new sink may "
	    "also begin with now or beginning" },
	[O_TO] = { "to", 0, "SEQ", "end with this row" },
	[O_NOTE] = { "note", 0, "TEXT", "recorded with it" },
	[O_REASON] = { "reason", 0, "TEXT", "recorded with it" },
	[O_TOOL] = { "tool", 0, "NAME", "name of the tool" },
	[O_ARGS] = { "args", 0, "JSON", "arguments of the call" },
	[O_ARGS_FILE] = { "args-file", 0, "FILE", "read the arguments from "
	    "there; - is standard input" },
	[O_CONTENT] = { "content", 0, "TEXT", "text to inspect" },
	[O_OUTPUT] = { "output", 0, "TEXT", "what the tool gave back" },
	[O_MODEL] = { "model", 0, "NAME", "name of the model" },
	[O_MODE] = { "mode", 0, "observe|action", "observe records what "
	    "would be blocked, action blocks it" },
	[O_SKIP_INSTALL] = { "skip-install", 0, NULL, "accepted for scripts: "
	    "nothing is ever installed or downloaded" },
	[O_FOREGROUND] = { "foreground", 0, NULL, "do not go into the "
	    "background" },
	[O_FEATURES] = { "features", 0, NULL, "what the suite needs of the "
	    "kernel, and which of it is in force" },
	[O_VERSION] = { "version", 0, NULL, "the same as the command" },
	[O_NAME] = { "name", 0, "NAME", "the sink's name; else one is made "
	    "of the receiver's" },
	[O_HOST] = { "host", 0, "HOST", "the receiver's host" },
	[O_PORT] = { "port", 0, "PORT", "the receiver's port" },
	[O_HEADER] = { "header", 0, "'NAME: VALUE'...", "sent with each "
	    "request; may be repeated" },
	[O_ENABLED] = { "enabled", 0, NULL, "the sink is to run" },
	[O_DISABLED] = { "disabled", 0, NULL, "the sink is to wait, and its "
	    "place in the log is kept" },
	[O_TOKEN] = { "token", 0, "TOKEN", "the receiver's token; - reads it "
	    "from standard input, where no list of processes shows it" },
	[O_TOKEN_FILE] = { "token-file", 0, "FILE", "read the token from "
	    "there" },
	[O_TOKEN_ENV] = { "token-env", 0, "NAME", "take the token from this "
	    "variable, once" },
	[O_NON_INTERACTIVE] = { "non-interactive", 0, NULL, "ask nothing" },
	[O_DRY_RUN] = { "dry-run", 0, NULL, "show what would be done" },
	[O_NO_TEST] = { "no-test", 0, NULL, "do not send a test event" },
	[O_YES] = { "yes", 'y', NULL, "do not ask" },
	[O_ALL] = { "all", 0, NULL, "all of them" },
	[O_CANCEL] = { "cancel", 0, NULL, "send no more of it" },
	[O_TIMEOUT] = { "timeout", 0, "SECONDS", "how long to wait" },
	[O_UNTIL] = { "until", 0, "WHEN", "only rows before this time" },
	[O_SESSION] = { "session", 0, "ID", "only rows of this session" },
	[O_TARGET] = { "target", 0, "NAME", "only rows on this target" },
	[O_TEXT] = { "text", 0, "TEXT", "only rows with this text in some "
	    "field, in upper or lower case" },
	[O_FORMAT] = { "format", 0, "jsonl|csv|ocsf", "how a row is written; "
	    "only jsonl can be verified" },
	[O_WATCH] = { "watch", 'w', NULL, "draw it again and again, until q" },
	[O_RESUME] = { "resume", 0, NULL, "go on after the last whole row of "
	    "the file" },
	[O_FAIL_MODE] = { "fail-mode", 0, "open|closed", "what becomes of a "
	    "call that nobody decides; closed is the default" },
	[O_SYSTEM] = { "system", 0, NULL, "the suite of this host, whatever "
	    "the environment says" },
	[O_EXPLAIN] = { "explain", 0, NULL, "also how the verdict came about: "
	    "strategy, triage, who was asked and the answer" },
	[O_ENV_FILE] = { "env-file", 0, "FILE", "the .env that goes with it" },
	[O_SECTION] = { "section", 0, "NAME[,NAME]", "only checks of these "
	    "sections" },
	[O_ID] = { "id", 0, "ID[,ID]", "only these checks" },
	[O_PASSIVE] = { "passive", 0, NULL, "cause no traffic: no test event "
	    "to any sink" },
	[O_FIX] = { "fix", 0, NULL, "put right what loses nothing: modes, "
	    "owners, missing directories, sockets nobody listens on" },
	[O_LIST] = { "list", 0, NULL, "every check, without running any" },
	[O_KEY] = { "key", 0, "FILE", "the secret key that signs" },
	/* here follow the keys of sinks, those of setup, and the end */
	[MAX_OPTIONS] = { NULL, 0, NULL, NULL }
};

const struct cmd ctl_cmds[] = {
	{ "init", NULL, "", 0, 0, BIT(MODE) | BIT(SKIP_INSTALL), 0, 1,
	    cmd_init, "make what is missing: files, keys, accounts" },
	{ "start", NULL, "", 0, 0, BIT(FOREGROUND), 0, 1, cmd_start,
	    "start the suite" },
	{ "stop", NULL, "", 0, 0, 0, 0, 0, cmd_stop, "stop the suite" },
	{ "restart", NULL, "", 0, 0, 0, 0, 0, cmd_restart,
	    "stop the suite and start it again" },
	{ "reload", NULL, "", 0, 0, 0, 0, 0, cmd_reload,
	    "put a changed configuration or rule pack in force" },
	{ "status", NULL, "", 0, 0, BIT(FEATURES) | BIT(WATCH) |
	    BIT(SINCE), 0, 0, cmd_status, "every process and what holds it" },
	{ "doctor", NULL, "", 0, 0, BIT(SECTION) | BIT(ID) | BIT(PASSIVE) |
	    BIT(FIX) | BIT(DRY_RUN) | BIT(LIST), 0, 0, cmd_doctor,
	    "is everything in place and does it work, and what to do" },

	{ "inspect", "tool", "", 0, 0, BIT(TOOL) | BIT(ARGS) |
	    BIT(ARGS_FILE) | TEXT_OR_FILE | BIT(EXPLAIN), BIT(TOOL), 0,
	    cmd_inspect_tool, "the verdict on a tool call" },
	{ "inspect", "request", "", 0, 0, TEXT_OR_FILE | BIT(MODEL) |
	    BIT(EXPLAIN), 0, 0, cmd_inspect_request,
	    "the verdict on a prompt" },
	{ "inspect", "response", "", 0, 0, TEXT_OR_FILE | BIT(MODEL) |
	    BIT(EXPLAIN), 0, 0, cmd_inspect_response,
	    "the verdict on a model's answer" },
	{ "inspect", "tool-response", "", 0, 0, BIT(TOOL) | BIT(OUTPUT) |
	    BIT(FILE) | BIT(EXPLAIN), BIT(TOOL), 0, cmd_inspect_tool_response,
	    "the verdict on what a tool gave back" },
	{ "inspect", "batch", "FILE", 1, 1, 0, 0, 0, cmd_inspect_batch,
	    "verdicts on a file of rows, one JSON object per line" },

	{ "setup", "agent", "[AGENT]", 0, 1, BIT(ALL) | BIT(FAIL_MODE) |
	    BIT(DRY_RUN) | BIT(NON_INTERACTIVE), 0, 0, cmd_setup_agent,
	    "put our hook into a client's settings; as root into those that "
	    "no user can switch off" },
	{ "agent", "list", "", 0, 0, 0, 0, 0, cmd_agent_list,
	    "the clients we know, and where their hooks are" },
	{ "agent", "status", "[AGENT]", 0, 1, 0, 0, 0, cmd_agent_status,
	    "what is set up, how it fails, and when it was last asked" },
	{ "agent", "verify", "[AGENT]", 0, 1, 0, 0, 0, cmd_agent_verify,
	    "prove that a client is gated, and not only set up" },
	{ "agent", "off", "[AGENT]", 0, 1, BIT(ALL) | BIT(DRY_RUN), 0, 0,
	    cmd_agent_off, "take the hook out; the client works on" },
	{ "agent", "remove", "[AGENT]", 0, 1, BIT(ALL) | BIT(DRY_RUN), 0, 0,
	    cmd_agent_remove, "take the hook out, and forget it" },
	{ "hook", NULL, "AGENT", 1, 1, BIT(FAIL_MODE) | BIT(TIMEOUT) |
	    BIT(SYSTEM), 0, 0, cmd_hook, "the gate of an agent's hook: reads "
	    "its event, answers in its words" },

	{ "audit", "list", "", 0, 0, BIT(LIMIT) | BIT(SEVERITY) |
	    BIT(ACTION) | BIT(ACTOR) | BIT(SINCE) | BIT(BEFORE), 0, 0,
	    cmd_audit_list, "rows of the log, newest first" },
	{ "audit", "query", "", 0, 0, BIT(LIMIT) | BIT(SINCE) | BIT(UNTIL) |
	    BIT(SEVERITY) | BIT(ACTION) | BIT(ACTOR) | BIT(SESSION) |
	    BIT(TOOL) | BIT(TARGET) | BIT(TEXT) | BIT(DB), 0, 0,
	    cmd_audit_query, "rows by time and by what they say, newest "
	    "first" },
	{ "audit", "show", "SEQ", 1, 1, 0, 0, 0, cmd_audit_show,
	    "all of one row" },
	{ "audit", "tail", "", 0, 0, BIT(FOLLOW) | BIT(LIMIT), 0, 0,
	    cmd_audit_tail, "the last rows of the log" },
	{ "audit", "head", "", 0, 0, BIT(OUT), 0, 0, cmd_audit_head,
	    "a signed head of the log, to keep elsewhere" },
	{ "audit", "verify", "", 0, 0, BIT(DB) | BIT(FILE) | BIT(ANCHOR) |
	    BIT(PUBKEY) | BIT(FROM), 0, 0, cmd_audit_verify,
	    "check the chain and the signatures" },
	{ "audit", "export", "", 0, 0, BIT(OUT) | BIT(FROM) | BIT(TO) |
	    BIT(FORMAT) | BIT(RESUME), 0, 0, cmd_audit_export,
	    "the log as lines that can be verified, as CSV or as OCSF" },

	{ "report", NULL, "", 0, 0, BIT(OUT) | BIT(SINCE) | BIT(UNTIL) |
	    BIT(DB) | BIT(PUBKEY), BIT(OUT), 0, cmd_report,
	    "one HTML file for an auditor" },
	{ "alerts", "list", "", 0, 0, BIT(LIMIT), 0, 0, cmd_alerts_list,
	    "alerts nobody has acknowledged" },
	{ "alerts", "acknowledge", "SEQ", 1, 1, BIT(NOTE), 0, 0,
	    cmd_alerts_acknowledge, "mark an alert as seen" },

	{ "approvals", "list", "", 0, 0, 0, 0, 0, cmd_approvals_list,
	    "calls that wait for a person" },
	{ "approvals", "allow", "NUMBER", 1, 1, 0, 0, 0,
	    cmd_approvals_allow, "let this call pass, once" },
	{ "approvals", "deny", "NUMBER", 1, 1, 0, 0, 0, cmd_approvals_deny,
	    "do not let it pass; also what was allowed and is not used" },
	{ "approvals", "passphrase", "", 0, 0, 0, 0, 0,
	    cmd_approvals_passphrase, "what allows in user mode, asked for on "
	    "a terminal" },

	{ "tool", "block", "NAME", 1, 1, BIT(REASON), 0, 0, cmd_tool_block,
	    "block a tool whatever its arguments" },
	{ "tool", "allow", "NAME", 1, 1, BIT(REASON), 0, 0, cmd_tool_allow,
	    "let a tool pass unless it is critical" },
	{ "tool", "unblock", "NAME", 1, 1, BIT(REASON), 0, 0,
	    cmd_tool_unblock, "take a tool off the list it is on" },
	{ "tool", "list", "", 0, 0, 0, 0, 0, cmd_tool_list,
	    "the block and allow lists" },

	{ "mcp", "run", "NAME COMMAND...", 2, 1024, BIT(FAIL_MODE) |
	    BIT(TIMEOUT) | BIT(SYSTEM), 0, 0, cmd_mcp_run, "stand between a "
	    "client and the MCP server that the command starts" },
	{ "mcp", "pin list", "", 0, 0, 0, 0, 0, cmd_mcp_pin_list,
	    "whose servers' tools are held to what they were" },
	{ "mcp", "pin accept", "SEQ", 1, 1, 0, 0, 0, cmd_mcp_pin_accept,
	    "take over the changed tools that this row refused" },
	{ "mcp", "pin forget", "NAME", 1, 1, 0, 0, 0,
	    cmd_mcp_pin_forget, "pin a server's tools anew, as they are seen "
	    "next" },
	{ "mcp", "block", "NAME", 1, 1, BIT(REASON), 0, 0, cmd_mcp_block,
	    "block a server, whatever it is asked" },
	{ "mcp", "allow", "NAME", 1, 1, BIT(REASON), 0, 0, cmd_mcp_allow,
	    "let a server pass unless it is critical" },
	{ "mcp", "unblock", "NAME", 1, 1, BIT(REASON), 0, 0, cmd_mcp_unblock,
	    "take a server off the list it is on" },

	{ "policy", "list", "", 0, 0, 0, 0, 0, cmd_policy_list,
	    "the rule packs, and which is active" },
	{ "policy", "show", "[PACK]", 0, 1, 0, 0, 0, cmd_policy_show,
	    "the rules of the active pack, or of another" },
	{ "policy", "validate", "[PACK]", 0, 1, 0, 0, 0,
	    cmd_policy_validate, "read and compile a pack as the suite does" },
	{ "policy", "test", "[PACK]", 0, 1, 0, 0, 0, cmd_policy_test,
	    "try its rules on the texts its author names" },
	{ "policy", "activate", "PACK", 1, 1, BIT(DRY_RUN), 0, 0,
	    cmd_policy_activate, "make a pack that passes both the one that "
	    "decides" },

	{ "policy", "bundle keygen", "", 0, 0, BIT(OUT), BIT(OUT), 0,
	    cmd_bundle_keygen, "a key that signs packs, and its public half" },
	{ "policy", "bundle sign", "DIR VERSION", 2, 2, BIT(KEY) | BIT(OUT),
	    BIT(KEY) | BIT(OUT), 0, cmd_bundle_sign, "a pack as one signed "
	    "file; of one name the version only grows" },
	{ "policy", "bundle verify", "FILE", 1, 1, 0, 0, 0,
	    cmd_bundle_verify, "is it whole, and by a trusted key" },
	{ "policy", "bundle activate", "FILE", 1, 1, 0, 0, 0,
	    cmd_bundle_activate, "verify it, try it and make it the pack that "
	    "decides" },

	{ "keys", "list", "", 0, 0, 0, 0, 0, cmd_keys_list,
	    "the names of the secrets, and what uses them" },
	{ "keys", "set", "NAME", 1, 1, 0, 0, 0, cmd_keys_set,
	    "a secret from standard input, or asked for" },
	{ "keys", "unset", "NAME", 1, 1, 0, 0, 0, cmd_keys_unset,
	    "remove a secret that nothing uses" },
	{ "keys", "check", "[NAME]", 0, 1, 0, 0, 0, cmd_keys_check,
	    "are the secrets there, and nobody else's to read" },

	{ "config", "validate", "[FILE]", 0, 1, 0, 0, 0, cmd_config_validate,
	    "check a configuration" },
	{ "config", "show", "", 0, 0, 0, 0, 0, cmd_config_show,
	    "every key, its value and where that is from" },
	{ "config", "path", "", 0, 0, 0, 0, 0, cmd_config_path,
	    "where the configuration is" },
	{ "config", "get", "KEY", 1, 1, 0, 0, 0, cmd_config_get,
	    "the value of one key" },
	{ "config", "set", "KEY VALUE", 2, 2, BIT(DRY_RUN), 0, 0,
	    cmd_config_set, "change one key and leave the rest of the file as "
	    "it is" },
	{ "config", "unset", "KEY", 1, 1, BIT(DRY_RUN), 0, 0,
	    cmd_config_unset, "take one key out: its default holds" },
	{ "config", "import", "FILE", 1, 1, BIT(ENV_FILE) | BIT(DRY_RUN), 0, 0,
	    cmd_config_import, "take over a configuration of the reference "
	    "implementation" },
	{ "config", "migrate", "", 0, 0, BIT(DRY_RUN), 0, 0,
	    cmd_config_migrate, "bring an older configuration to this "
	    "version" },
	{ "config", "schema", "", 0, 0, 0, 0, 0, cmd_config_schema,
	    "the keys as a JSON Schema" },
	{ "config", "diff", "[FILE|STATE|running]", 0, 1, 0, 0, 0,
	    cmd_config_diff, "the keys in which the configuration differs" },
	{ "config", "history", "", 0, 0, 0, 0, 0, cmd_config_history,
	    "the states that the configuration has had" },
	{ "config", "rollback", "STATE", 1, 1, BIT(DRY_RUN), 0, 0,
	    cmd_config_rollback, "make the configuration what it was" },

	{ "setup", "observability add", "KIND", 1, 1, BIT(NAME) | BIT(HOST) |
	    BIT(PORT) | BIT(HEADER) | BIT(ACTION) | BIT(FROM) | BIT(ENABLED) |
	    BIT(DISABLED) | BIT(TOKEN) | BIT(TOKEN_FILE) | BIT(TOKEN_ENV) |
	    BIT(NO_TEST) | SETUP_ALL | SINK_KEYS,
	    0, 0, cmd_sink_add, "send the log to a receiver: splunk-hec, "
	    "otlp, http-jsonl, syslog or file" },
	{ "setup", "observability list", "", 0, 0, 0, 0, 0, cmd_sink_list,
	    "the sinks, and how far they are" },
	{ "setup", "observability show", "NAME", 1, 1, 0, 0, 0,
	    cmd_sink_show, "all of one sink" },
	{ "setup", "observability enable", "NAME", 1, 1, SETUP_ALL, 0, 0,
	    cmd_sink_enable, "let it run, from where it was" },
	{ "setup", "observability disable", "NAME", 1, 1, SETUP_ALL, 0, 0,
	    cmd_sink_disable, "let it wait; its place in the log is kept" },
	{ "setup", "observability remove", "NAME", 1, 1, BIT(YES) |
	    SETUP_ALL, 0, 0,
	    cmd_sink_remove, "take it and its token away" },
	{ "setup", "observability test", "NAME", 1, 1, BIT(TIMEOUT), 0, 0,
	    cmd_sink_test, "send one marked event and wait for the "
	    "receiver's word" },
	{ "setup", "observability replay", "NAME", 1, 1,
	    BIT(FROM) | BIT(TO) | BIT(CANCEL), 0, 0, cmd_sink_replay,
	    "send rows of the log again, or stop that" },
	{ "setup", "observability dead-letters list", "NAME", 1, 1,
	    BIT(SINCE) | BIT(LIMIT), 0, 0, cmd_dead_list,
	    "what the receiver would not have, and why" },
	{ "setup", "observability dead-letters retry", "NAME [SEQ]", 1, 2,
	    BIT(ALL), 0, 0, cmd_dead_retry, "send them once more" },
	{ "setup", "observability dead-letters drop", "NAME [SEQ]", 1, 2,
	    BIT(ALL) | BIT(REASON), 0, 0, cmd_dead_drop,
	    "give them up; the log keeps them" },

	{ "setup", "webhook add", "TYPE", 1, 1, BIT(NAME) | BIT(ACTION) |
	    BIT(FROM) | BIT(ENABLED) | BIT(DISABLED) | BIT(TOKEN) |
	    BIT(TOKEN_FILE) | BIT(TOKEN_ENV) | BIT(NO_TEST) | SETUP_ALL |
	    SINK_KEYS, 0, 0, cmd_sink_add,
	    "tell people of what matters: slack, pagerduty, webex or "
	    "generic" },
	{ "setup", "webhook list", "", 0, 0, 0, 0, 0, cmd_sink_list,
	    "the webhooks, and how far they are" },
	{ "setup", "webhook show", "NAME", 1, 1, 0, 0, 0, cmd_sink_show,
	    "all of one webhook" },
	{ "setup", "webhook enable", "NAME", 1, 1, SETUP_ALL, 0, 0,
	    cmd_sink_enable, "let it run, from where it was" },
	{ "setup", "webhook disable", "NAME", 1, 1, SETUP_ALL, 0, 0,
	    cmd_sink_disable, "let it wait; its place in the log is kept" },
	{ "setup", "webhook remove", "NAME", 1, 1, BIT(YES) |
	    SETUP_ALL, 0, 0,
	    cmd_sink_remove, "take it and its token away" },
	{ "setup", "webhook test", "NAME", 1, 1, BIT(TIMEOUT), 0, 0,
	    cmd_sink_test, "send one marked event and wait for the "
	    "receiver's word" },

	{ "setup", "token add", "NAME", 1, 1, BIT(OUT) | SETUP_ALL, 0, 0,
	    cmd_token_add, "make a client's token, which is shown once" },
	{ "setup", "token list", "", 0, 0, 0, 0, 0, cmd_token_list,
	    "the named tokens; none is shown" },
	{ "setup", "token revoke", "NAME", 1, 1, SETUP_ALL, 0, 0,
	    cmd_token_revoke, "take it no more" },
	{ "setup", "token rotate", "NAME", 1, 1, BIT(OUT) | SETUP_ALL, 0, 0,
	    cmd_token_rotate, "make a new one, and take the one before for "
	    "a while" },

	{ "setup", "guardrail", "", 0, 0, BIT(MODE) | SETUP_ALL, 0, 0,
	    cmd_setup_guardrail,
	    "mode, detection strategy, block message and judge" },
	{ "setup", "gateway", "", 0, 0, SETUP_ALL, 0, 0,
	    cmd_setup_gateway, "where clients are served, and how many" },
	{ "setup", "skill-scanner", "", 0, 0, SETUP_ALL, 0, 0,
	    cmd_setup_skill_scanner, "how skills are to be scanned" },
	{ "setup", "mcp-scanner", "", 0, 0, SETUP_ALL, 0, 0,
	    cmd_setup_mcp_scanner, "how MCP servers are to be scanned" },
	{ "setup", NULL, "", 0, 0, 0, 0, 0, cmd_setup,
	    "what can be set up, and what is" },
	{ "judge", "status", "", 0, 0, 0, 0, 0, cmd_judge_status,
	    "whom it asks, how often, and what came of it" },
	{ "judge", "test", "", 0, 0, 0, 0, 0, cmd_judge_test,
	    "ask the judge one marked question and wait for its answer" },

	{ "support", "bundle", "", 0, 0, BIT(OUT) | BIT(YES) | BIT(DRY_RUN),
	    BIT(OUT), 0, cmd_support_bundle, "an archive for who looks after "
	    "the suite, without secrets" },

	{ "version", NULL, "", 0, 0, 0, 0, 0, cmd_version,
	    "version of this program" },
	{ "completion", NULL, "bash|zsh|fish", 1, 1, 0, 0, 0, cmd_completion,
	    "a script for the shell to source" },
	{ "help", NULL, "[COMMAND [SUBCOMMAND]]", 0, 4, 0, 0, 0, cmd_help,
	    "how to use a command" },
	{ NULL, NULL, NULL, 0, 0, 0, 0, 0, NULL, NULL }
};

static int	nsinkopts;

const char *
cmd_value(const struct ctl *c, enum opt_id id)
{
	return (c->opts.value[id]);
}

int
cmd_has(const struct ctl *c, enum opt_id id)
{
	return (c->opts.value[id] != NULL);
}

int
cmd_takes(const struct cmd *k, int i)
{
	opt_set	opts = k->opts | ANY_COMMAND;

	if (i < O_COUNT)
		return ((opts & OPTION(i)) != 0);
	if (i < O_COUNT + nsinkopts)
		return ((opts & SINK_KEYS) != 0);
	return ((opts & SETUP_KEYS) != 0 && setup_takes(k, i));
}

int
cmd_number(const struct ctl *c, enum opt_id id, uint64_t min, uint64_t max,
    uint64_t *out)
{
	const char	*text = cmd_value(c, id);

	if (text == NULL || options_number(text, min, max, out) == 0)
		return (0);
	out_fail(CTL_USAGE, "--%s must be a number from %llu to %llu, not %s",
	    ctl_options[id].name, (unsigned long long)min,
	    (unsigned long long)max, text);
	return (-1);
}

int
cmd_seq(const char *text, uint64_t *seq)
{
	if (options_number(text, 1, INT64_MAX, seq) == 0)
		return (0);
	out_fail(CTL_USAGE, "%s is no sequence number of the log", text);
	return (-1);
}

void
cmd_path(const struct cmd *k, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", k->name, k->sub != NULL ? " " : "",
	    k->sub != NULL ? k->sub : "");
}

int
cmd_match(const struct cmd *k, const char **words, int nwords, int *total)
{
	char	path[MAX_CMD_PATH], *p = path, *word;
	int	n = 0;

	cmd_path(k, path, sizeof(path));
	for (*total = 0; (word = strsep(&p, " ")) != NULL; (*total)++)
		if (n == *total && n < nwords && strcmp(word, words[n]) == 0)
			n++;
	return (n);
}

/* word number i of a command, NULL when it has less */
static const char *
word_of(const struct cmd *k, int i, char *buf, size_t size)
{
	char	*p = buf, *word;

	cmd_path(k, buf, size);
	while ((word = strsep(&p, " ")) != NULL && i-- > 0)
		continue;
	return (word);
}

/* words[n] is wrong where the ones before it are right */
static int
unknown(const char **words, int n)
{
	const struct cmd	*k;
	const char		*known;
	char			 buf[MAX_CMD_PATH], best[MAX_CMD_PATH] = "";
	char			 said[MAX_CMD_PATH] = "";
	int			 i, d, total, bestd = 0;

	for (k = ctl_cmds; k->name != NULL; k++) {
		if (cmd_match(k, words, n, &total) != n ||
		    (known = word_of(k, n, buf, sizeof(buf))) == NULL)
			continue;
		d = options_slip(words[n], known);
		if (d != -1 && (best[0] == '\0' || d < bestd)) {
			strlcpy(best, known, sizeof(best));
			bestd = d;
		}
	}
	for (i = 0; i < n; i++) {
		strlcat(said, words[i], sizeof(said));
		strlcat(said, " ", sizeof(said));
	}
	return (out_fail(CTL_USAGE, "unknown command %s%s%s%s: see "
	    "`defenseclawctl help%s%.*s'", said, words[n], best[0] != '\0' ?
	    ", the nearest is " : "", best, n != 0 ? " " : "",
	    (int)strlen(said) - (n != 0), said));
}

/*
 * The row of the table that the words name, how many of them it took, or
 * NULL and the exit status.
 */
static const struct cmd *
find(const char **words, int nwords, int *used, int *status)
{
	const struct cmd	*k;
	char			 prefix[MAX_CMD_PATH] = "";
	int			 i, n, total, most = 0;

	/* one that is also the beginning of others comes after them */
	for (k = ctl_cmds; k->name != NULL; k++) {
		n = cmd_match(k, words, nwords, &total);
		if (n == total && n == most && n < nwords)
			break;
		if (n == total && n >= most) {
			*used = n;
			return (k);
		}
		if (n > most)
			most = n;
	}
	if (most == 0 || (most < nwords && strcmp(words[most], "help") != 0)) {
		*status = unknown(words, most);
		return (NULL);
	}
	for (i = 0; i < most; i++) {
		strlcat(prefix, i != 0 ? " " : "", sizeof(prefix));
		strlcat(prefix, words[i], sizeof(prefix));
	}
	*status = nwords > most ? CTL_OK : CTL_USAGE;
	if (out_json && *status != CTL_OK)
		(void)out_fail(*status, "%s: which of its commands: see "
		    "`defenseclawctl help %s'", prefix, prefix);
	else
		cmd_overview(prefix, nwords > most ? stdout : stderr);
	return (NULL);
}

/* what the table says against these options and operands; 0 when nothing */
static int
misuse(const struct ctl *c)
{
	const struct cmd	*k = c->cmd;
	const char		*token = cmd_value(c, O_TOKEN);
	int			 i;

	/* an unset variable lets the shell pass the next option as the value */
	if (token != NULL && strncmp(token, "--", 2) == 0)
		return (out_fail(CTL_USAGE, "--token: an option follows: is "
		    "the variable before it empty?"));
	for (i = 0; i < MAX_OPTIONS; i++) {
		if (c->opts.value[i] != NULL && !cmd_takes(k, i))
			return (out_fail(CTL_USAGE, "--%s is no option of "
			    "this command", ctl_options[i].name));
		if (c->opts.value[i] == NULL && i < O_COUNT &&
		    (k->must & OPTION(i)) != 0)
			return (out_fail(CTL_USAGE, "--%s %s is required",
			    ctl_options[i].name, ctl_options[i].arg));
	}
	/* to find rows by two actions is not to be had */
	if (c->opts.nrepeated > 1 && (k->opts & SINK_KEYS) == 0)
		return (out_fail(CTL_USAGE, "--%s is given twice",
		    ctl_options[c->opts.repeated[1].option].name));
	if (c->nargs >= k->min && c->nargs <= k->max)
		return (0);
	if (c->nargs > k->max)
		/* which may be a secret that has no place here */
		return (out_fail(CTL_USAGE, "one word too many: see "
		    "--help"));
	return (out_fail(CTL_USAGE, "missing: %s", k->args));
}

static int
run(struct ctl *c, const char **words, int nwords)
{
	static const struct cmd	 alone = { "", NULL, "", 0, 0, 0, 0, 0,
				    cmd_where, "" };
	char	err[MAX_PATHS_ERR];
	int	used, status;

	if (nwords == 0) {
		if (cmd_has(c, O_VERSION))
			return (cmd_version(c));
		if (cmd_has(c, O_HELP)) {
			cmd_overview(NULL, stdout);
			return (CTL_OK);
		}
		c->cmd = &alone;
		if ((status = misuse(c)) != 0)
			return (status);
		if (paths_init(&c->paths, PATHS_COMMAND, cmd_has(c, O_USER),
		    err, sizeof(err)) == -1)
			return (out_fail(CTL_CONFIG, "%s", err));
		return (cmd_where(c));
	}
	if (cmd_has(c, O_HELP)) {
		c->args = words;
		c->nargs = nwords;
		return (cmd_help(c));
	}
	if ((c->cmd = find(words, nwords, &used, &status)) == NULL)
		return (status);
	c->args = words + used;
	c->nargs = nwords - used;
	if ((status = misuse(c)) != 0) {
		if (!out_json)
			cmd_usage_line(c->cmd, stderr);
		return (status);
	}
	if (paths_init(&c->paths, cmd_has(c, O_SYSTEM) ? PATHS_SYSTEM :
	    c->cmd->setup ? PATHS_SETUP : PATHS_COMMAND, cmd_has(c, O_USER),
	    err, sizeof(err)) == -1)
		return (out_fail(CTL_CONFIG, "%s", err));
	return (c->cmd->run(c));
}

/* a hook's client takes 2 for a block, and anything else but 0 for leave */
static int
ended(char *const argv[], int status)
{
	return (argv[0] != NULL && argv[1] != NULL &&
	    strcmp(argv[1], "hook") == 0 && status != 0 ? CTL_USAGE : status);
}

int
main(int argc, char *argv[])
{
	static struct ctl	 c;
	const char		**words;
	char			 err[MAX_OPTIONS_ERR];
	int			 i, nwords, status;

	log_init("defenseclawctl", 0);
	if (log_std_fds() == -1)
		return (ended(argv, CTL_FAILURE));
	signal(SIGPIPE, SIG_DFL);
	if ((words = calloc((size_t)argc + 1, sizeof(*words))) == NULL)
		fatal("arguments");
	/* an error in the options is said in JSON, too */
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			break;
	out_init(i < argc && strcmp(argv[i], "--json") == 0);
	nsinkopts = sinkopt_define(ctl_options + O_COUNT,
	    MAX_OPTIONS - O_COUNT);
	setup_define(ctl_options + O_COUNT + nsinkopts,
	    MAX_OPTIONS - O_COUNT - nsinkopts);
	if (options_parse(&c.opts, ctl_options, argc - 1, argv + 1, words,
	    &nwords, err, sizeof(err)) == -1) {
		free(words);
		return (out_fail(CTL_USAGE, "%s", err));
	}
	out_init(cmd_has(&c, O_JSON));
	status = run(&c, words, nwords);
	if (out_end() != 0 && status == CTL_OK)
		status = CTL_FAILURE;
	free(words);
	return (ended(argv, status));
}
