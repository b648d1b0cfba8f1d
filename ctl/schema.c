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

#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/proto.h"
#include "common/utf8.h"
#include "schema.h"

#define SLIP	2	/* characters wrong by a slip of the pen */

static const char *const modes[] = { "observe", "action", NULL };
static const char *const strategies[] = { "", "regex_only", "regex_judge",
    "judge_first", NULL };
static const char *const scan_policies[] = { "strict", "balanced",
    "permissive", NULL };
static const char *const on_errors[] = { "allow", "alert", "block", NULL };
static const char *const hashes[] = { "blake2b-256", "sha-256", NULL };
static const char *const levels[] = { "info", "debug", NULL };
static const char *const token_envs[] = { "DEFENSECLAW_GATEWAY_TOKEN",
    "OPENCLAW_GATEWAY_TOKEN", NULL };

/* what keys live in, to be found in spite of a slip of the pen */
static const char *const sections[] = { "agent", "gateway", "guardrail",
    "guardrail.hilt", "scanners", "scanners.skill_scanner",
    "scanners.mcp_scanner", "audit", "log", "sandbox", NULL };

static const char *const hilt_severities[] = { "LOW", "MEDIUM", "HIGH",
    "CRITICAL", NULL };

#define FIELD(f)	offsetof(struct conf, f), sizeof(((struct conf *)0)->f)
#define BOOL(p, f, fl, d, h)						\
	{ p, KEY_BOOL, fl, FIELD(f), 0, 1, NULL, d, h }
#define INT(p, f, fl, lo, hi, d, h)					\
	{ p, KEY_INT, fl, FIELD(f), lo, hi, NULL, d, h }
#define ENUM(p, f, fl, c, d, h)						\
	{ p, KEY_ENUM, fl, FIELD(f), 0, 0, c, d, h }
#define TEXT(p, f, t, fl, d, h)						\
	{ p, t, fl, FIELD(f), 0, 0, NULL, d, h }

#define MAX_WHOLE_DIGITS	6	/* before the point of a fraction */

const struct key schema_keys[] = {
	INT("config_version", config_version, 0, 1, CONF_VERSION, "5",
	    "version of this file's format"),
	BOOL("managed", managed, KEYF_RELOAD, "false", "true: another program "
	    "keeps this file, and no command writes it"),

	TEXT("agent.id", agent.id, KEY_STRING, KEYF_RELOAD | KEYF_EMPTY, "",
	    "identifier of the governed agent, written into every event"),
	TEXT("agent.name", agent.name, KEY_STRING, KEYF_RELOAD | KEYF_EMPTY,
	    "", "name of the governed agent, written into every event"),

	TEXT("gateway.api_bind", gateway.api_bind, KEY_LOOPBACK,
	    KEYF_RELOAD | KEYF_EMPTY, "127.0.0.1",
	    "loopback address the HTTP interface listens on"),
	INT("gateway.api_port", gateway.api_port, KEYF_RELOAD, 1, 65535,
	    "18970", "TCP port of the HTTP interface"),
	ENUM("gateway.token_env", gateway.token_env, KEYF_RELOAD, token_envs,
	    "DEFENSECLAW_GATEWAY_TOKEN",
	    "variable looked at first when init takes a token over"),
	TEXT("gateway.token_secret", gateway.token_secret, KEY_NAME,
	    KEYF_RELOAD | KEYF_SECRET, "gateway-token",
	    "file below secrets/ that holds the clients' token"),
	TEXT("gateway.tokens", gateway.tokens, KEY_STRING, KEYF_RELOAD |
	    KEYF_EMPTY, "", "names of clients' tokens besides it, with "
	    "commas between them"),
	BOOL("gateway.allow_enforce", gateway.allow_enforce, KEYF_RELOAD,
	    "false", "let clients change the block and allow lists"),
	INT("gateway.workers", gateway.workers, KEYF_RELOAD, 0, MAX_WORKERS,
	    "0", "ingress processes; 0 is one per core, at most 4"),
	INT("gateway.max_connections", gateway.max_connections, KEYF_RELOAD,
	    16, 60000, "12000", "connections one ingress process holds open"),
	INT("gateway.requests_per_second", gateway.requests_per_second,
	    KEYF_RELOAD, 0, 1000000, "4000",
	    "requests a second of one uid or token; 0 is no limit"),
	INT("gateway.requests_burst", gateway.requests_burst, KEYF_RELOAD, 1,
	    10000000, "8000", "requests one uid or token may save up"),

	BOOL("guardrail.enabled", guardrail.enabled, KEYF_RELOAD, "true",
	    "false: verdicts are recorded and nothing is blocked"),
	ENUM("guardrail.mode", guardrail.mode, KEYF_RELOAD, modes, "observe",
	    "observe records what would be blocked, action blocks it"),
	TEXT("guardrail.rule_pack_dir", guardrail.rule_pack_dir, KEY_PATH,
	    KEYF_RELOAD | KEYF_EMPTY, "", "directory of the rule pack; its "
	    "last part names the profile; empty: policies/guardrail/default"),
	TEXT("guardrail.block_message", guardrail.block_message, KEY_STRING,
	    KEYF_RELOAD | KEYF_EMPTY, "",
	    "text an agent is given instead of what was blocked"),
	BOOL("guardrail.hilt.enabled", guardrail.hilt_enabled, KEYF_RELOAD,
	    "false", "let a person decide on tool calls that alert"),
	ENUM("guardrail.hilt.min_severity", guardrail.hilt_min_severity,
	    KEYF_RELOAD, hilt_severities, "HIGH",
	    "from this severity on, and below what is blocked"),
	INT("guardrail.hilt.deadline_s", guardrail.hilt_deadline_s,
	    KEYF_RELOAD, 10, 86400, "300", "seconds a call waits for that; "
	    "then it is denied, and what was allowed is no more"),
	ENUM("guardrail.detection_strategy", guardrail.detection_strategy,
	    KEYF_RELOAD, strategies, "regex_only",
	    "rules only, or rules and a judge"),
	ENUM("guardrail.detection_strategy_prompt",
	    guardrail.detection_strategy_prompt, KEYF_RELOAD | KEYF_EMPTY,
	    strategies, "", "the same for prompts; empty: as above"),
	ENUM("guardrail.detection_strategy_completion",
	    guardrail.detection_strategy_completion, KEYF_RELOAD | KEYF_EMPTY,
	    strategies, "", "the same for completions; empty: as above"),
	ENUM("guardrail.detection_strategy_tool_call",
	    guardrail.detection_strategy_tool_call, KEYF_RELOAD | KEYF_EMPTY,
	    strategies, "", "the same for tool calls; empty: as above"),
	BOOL("guardrail.judge_sweep", guardrail.judge_sweep, KEYF_RELOAD,
	    "true", "regex_judge: also ask about text without any signal"),
	BOOL("guardrail.retain_judge_bodies", guardrail.retain_judge_bodies,
	    KEYF_RELOAD, "false", "keep what the judge wrote, redacted"),

	BOOL("guardrail.judge.enabled", judge.enabled, KEYF_RELOAD, "false",
	    "ask a model where a strategy wants one"),
	TEXT("guardrail.judge.model", judge.model, KEY_STRING,
	    KEYF_RELOAD | KEYF_EMPTY, "",
	    "its name, also with a provider before it: vllm/NAME"),
	TEXT("guardrail.judge.api_base", judge.api_base, KEY_STRING,
	    KEYF_RELOAD | KEYF_EMPTY, "",
	    "URL of an OpenAI-compatible server, http or https"),
	TEXT("guardrail.judge.api_key_env", judge.api_key_env, KEY_STRING,
	    KEYF_RELOAD | KEYF_EMPTY, "", "variable that setup takes the key "
	    "from; a running suite reads none"),
	TEXT("guardrail.judge.key_secret", judge.key_secret, KEY_NAME,
	    KEYF_RELOAD | KEYF_EMPTY | KEYF_SECRET, "",
	    "file below secrets/ that holds the judge's key; empty: none"),
	TEXT("guardrail.judge.ca_file", judge.ca_file, KEY_PATH,
	    KEYF_RELOAD | KEYF_EMPTY, "",
	    "PEM of the CA; empty: the host's trust store"),
	INT("guardrail.judge.timeout", judge.timeout_ms,
	    KEYF_RELOAD | KEYF_FRACTION, 1, 120, "2",
	    "seconds for one answer"),
	INT("guardrail.judge.adjudication_timeout",
	    judge.adjudication_ms, KEYF_RELOAD | KEYF_FRACTION, 1, 120, "2",
	    "seconds for one answer about what the rules found"),
	INT("guardrail.judge.max_concurrent", judge.max_concurrent,
	    KEYF_RELOAD, 1, 256, "16", "questions under way at once"),
	INT("guardrail.judge.queue", judge.queue, KEYF_RELOAD, 0, 4096, "256",
	    "questions that may wait behind them; one more is a failure"),
	INT("guardrail.judge.cache_ttl", judge.cache_ttl, KEYF_RELOAD, 0, 3600,
	    "30", "seconds an answer is kept; 0: not at all"),
	ENUM("guardrail.judge.on_error", judge.on_error, KEYF_RELOAD,
	    on_errors, "alert",
	    "what text gets that is undecided when the judge fails"),
	BOOL("guardrail.judge.injection", judge.injection, KEYF_RELOAD,
	    "true", "ask about injection, of prompts"),
	BOOL("guardrail.judge.pii", judge.pii, KEYF_RELOAD, "true",
	    "ask about personal data"),
	BOOL("guardrail.judge.pii_prompt", judge.pii_prompt, KEYF_RELOAD,
	    "true", "ask about it in prompts"),
	BOOL("guardrail.judge.pii_completion", judge.pii_completion,
	    KEYF_RELOAD, "true", "ask about it in completions"),
	BOOL("guardrail.judge.tool_injection", judge.tool_injection,
	    KEYF_RELOAD, "true", "ask about injection, of tool calls"),
	BOOL("guardrail.judge.exfil", judge.exfil, KEYF_RELOAD, "true",
	    "ask about data that is to leave, of prompts"),
	INT("guardrail.judge.body_days", judge.body_days, KEYF_RELOAD, 1, 3650,
	    "30", "days for which what the judge wrote is kept, if it is"),

	TEXT("scanners.python", scanners.python, KEY_PATH,
	    KEYF_RELOAD | KEYF_EMPTY, "", "interpreter of the environment "
	    "that has the scanners' packages; empty: they are inactive"),
	TEXT("scanners.skill_scanner.binary", skill_scanner.binary,
	    KEY_STRING, KEYF_RELOAD, "skill-scanner",
	    "command of the skill scanner"),
	ENUM("scanners.skill_scanner.policy", skill_scanner.policy,
	    KEYF_RELOAD, scan_policies, "permissive",
	    "how strict the skill scanner is"),
	BOOL("scanners.skill_scanner.lenient", skill_scanner.lenient,
	    KEYF_RELOAD, "true", "take skills that are not quite well-formed"),
	BOOL("scanners.skill_scanner.use_llm", skill_scanner.use_llm,
	    KEYF_RELOAD, "false", "also ask a model"),
	BOOL("scanners.skill_scanner.use_behavioral",
	    skill_scanner.use_behavioral, KEYF_RELOAD, "false",
	    "also follow the flow of data in its code"),
	BOOL("scanners.skill_scanner.use_trigger", skill_scanner.use_trigger,
	    KEYF_RELOAD, "false", "also judge when a skill says it is used"),
	BOOL("scanners.skill_scanner.enable_meta", skill_scanner.enable_meta,
	    KEYF_RELOAD, "false", "let a model sort out false findings"),
	INT("scanners.skill_scanner.llm_consensus_runs",
	    skill_scanner.llm_consensus_runs, KEYF_RELOAD, 0, 9, "0",
	    "times a model is asked; 0 is once"),
	TEXT("scanners.mcp_scanner.binary", mcp_scanner.binary, KEY_STRING,
	    KEYF_RELOAD, "mcp-scanner", "command of the MCP scanner"),
	TEXT("scanners.mcp_scanner.analyzers", mcp_scanner.analyzers,
	    KEY_STRING, KEYF_RELOAD, "yara", "of yara, llm, behavioral, "
	    "readiness and api, with commas between them"),
	BOOL("scanners.mcp_scanner.scan_prompts", mcp_scanner.scan_prompts,
	    KEYF_RELOAD, "false", "also look at a server's prompts"),
	BOOL("scanners.mcp_scanner.scan_resources",
	    mcp_scanner.scan_resources, KEYF_RELOAD, "false",
	    "also look at a server's resources"),
	BOOL("scanners.mcp_scanner.scan_instructions",
	    mcp_scanner.scan_instructions, KEYF_RELOAD, "false",
	    "also look at a server's instructions"),

	ENUM("audit.hash", audit.hash, KEYF_RELOAD, hashes, "blake2b-256",
	    "hash of the audit chain, of rows from now on"),
	INT("audit.checkpoint_events", audit.checkpoint_events, KEYF_RELOAD,
	    1, 100000, "1000", "events after which a head is signed"),
	INT("audit.checkpoint_seconds", audit.checkpoint_seconds, KEYF_RELOAD,
	    1, 3600, "60", "seconds after which a head with news is signed"),
	INT("audit.principal_mb_per_hour", audit.principal_mb_per_hour,
	    KEYF_RELOAD, 0, 1048576, "1024", "MiB of rows of one uid or token "
	    "in an hour; 0 is no limit"),
	INT("audit.disk_reserve_mb", audit.disk_reserve_mb, KEYF_RELOAD, 0,
	    1048576, "64", "MiB of free disk that traffic leaves alone"),
	INT("audit.max_size_mb", audit.max_size_mb, KEYF_RELOAD, 0, 16777216,
	    "0", "size in MiB the audit database may have; 0 is no limit"),

	ENUM("log.level", log.level, KEYF_RELOAD, levels, "info",
	    "how much the programs write to their log"),
	INT("log.max_size_mb", log.max_size_mb, KEYF_RELOAD, 1, 1024, "10",
	    "size in MiB at which a log file is rotated"),
	INT("log.max_total_mb", log.max_total_mb, KEYF_RELOAD, 2, 4095, "100",
	    "size in MiB that all log files may take together"),

	BOOL("sandbox.allow_no_landlock", sandbox.allow_no_landlock, 0,
	    "false", "start on a kernel without Landlock"),
};
const int schema_nkeys = sizeof(schema_keys) / sizeof(schema_keys[0]);

_Static_assert(sizeof(schema_keys) / sizeof(schema_keys[0]) <= MAX_CONF_KEYS,
    "MAX_CONF_KEYS");

const char *const schema_foreign[] = {
	"data_dir", "audit_db", "quarantine_dir", "plugin_dir", "policy_dir",
	"environment", "claw", "llm", "default_llm_api_key_env",
	"default_llm_model", "inspect_llm", "cisco_ai_defense",
	"openshell", "watch", "firewall", "codex", "skill_actions",
	"mcp_actions", "plugin_actions", "otel", "webhooks",
	"splunk",
	"scanners.plugin_scanner", "scanners.plugin_llm", "scanners.codeguard",
	"scanners.skill_scanner.llm", "scanners.skill_scanner.use_virustotal",
	"scanners.skill_scanner.use_aidefense",
	"scanners.skill_scanner.virustotal_api_key",
	"scanners.skill_scanner.virustotal_api_key_env",
	"scanners.mcp_scanner.llm",
	"guardrail.scanner_mode", "guardrail.host", "guardrail.port",
	"guardrail.llm", "guardrail.model", "guardrail.model_name",
	"guardrail.api_key_env", "guardrail.api_base",
	"guardrail.original_model", "guardrail.stream_buffer_bytes",
	"guardrail.allow_unknown_llm_domains", "guardrail.judge.llm",
	"guardrail.judge.fallbacks", "guardrail.judge.hook_connectors",
	"guardrail.judge.hook_timeout", "guardrail.judge_persist_queue_depth",
	"gateway.host", "gateway.port", "gateway.token", "gateway.tls",
	"gateway.tls_skip_verify", "gateway.device_key_file",
	"gateway.auto_approve_safe", "gateway.reconnect_ms",
	"gateway.max_reconnect_ms", "gateway.approval_timeout_s",
	"gateway.watcher", "gateway.watchdog",
	NULL
};

const struct key *
schema_find(const char *path)
{
	int	i;

	for (i = 0; i < schema_nkeys; i++)
		if (strcmp(schema_keys[i].path, path) == 0)
			return (&schema_keys[i]);
	return (NULL);
}

int
schema_is_foreign(const char *path)
{
	int	i;

	for (i = 0; schema_foreign[i] != NULL; i++)
		if (strcmp(schema_foreign[i], path) == 0)
			return (1);
	return (0);
}

int
schema_is_section(const char *path)
{
	size_t	len = strlen(path);
	int	i;

	for (i = 0; i < schema_nkeys; i++)
		if (strncmp(schema_keys[i].path, path, len) == 0 &&
		    schema_keys[i].path[len] == '.')
			return (1);
	return (0);
}

/*
 * Changes of one character (insert, drop, replace, swap with its neighbour)
 * between two words: optimal string alignment, three rows.
 */
int
schema_distance(const char *a, const char *b)
{
	int	row[3][MAX_CONF_KEY + 1], *prev2, *prev, *cur, *tmp;
	int	la = (int)strnlen(a, MAX_CONF_KEY);
	int	lb = (int)strnlen(b, MAX_CONF_KEY);
	int	i, j, d;

	prev2 = row[0], prev = row[1], cur = row[2];
	for (j = 0; j <= lb; j++)
		prev[j] = j;
	for (i = 1; i <= la; i++) {
		cur[0] = i;
		for (j = 1; j <= lb; j++) {
			d = prev[j - 1] + (a[i - 1] != b[j - 1]);
			if (prev[j] + 1 < d)
				d = prev[j] + 1;
			if (cur[j - 1] + 1 < d)
				d = cur[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && prev2[j - 2] + 1 < d)
				d = prev2[j - 2] + 1;
			cur[j] = d;
		}
		tmp = prev2, prev2 = prev, prev = cur, cur = tmp;
	}
	return (prev[lb]);
}

static const char *
last_part(const char *path)
{
	const char	*p = strrchr(path, '.');

	return (p != NULL ? p + 1 : path);
}

/* the shortest distance so far; extra is what a word is worth less */
static void
nearer(const char *path, const char *word, int extra, const char **best,
    int *bestd)
{
	size_t	len = strlen(word);
	int	d;

	if (strncmp(path, word, len) == 0 && path[len] == '.')
		return;		/* its own section is no answer */
	if ((d = schema_distance(path, word) + extra) < *bestd) {
		*bestd = d;
		*best = word;
	}
}

const char *
schema_nearest(const char *path)
{
	const char	*best = NULL;
	int		 i, bestd;

	bestd = (int)strnlen(last_part(path), MAX_CONF_KEY) / 2 + 1;
	for (i = 0; i < schema_nkeys; i++)
		nearer(path, schema_keys[i].path, 0, &best, &bestd);
	for (i = 0; sections[i] != NULL; i++)
		nearer(path, sections[i], 0, &best, &bestd);
	nearer(path, "audit_sinks", 0, &best, &bestd);
	for (i = 0; schema_foreign[i] != NULL; i++)
		nearer(path, schema_foreign[i], SLIP, &best, &bestd);
	if (best != NULL && bestd <= SLIP)
		return (best);
	/* the right word in the wrong section is likelier than a far one */
	for (i = 0; i < schema_nkeys; i++)
		if (strcmp(last_part(path), last_part(schema_keys[i].path))
		    == 0)
			return (schema_keys[i].path);
	return (best);
}

void
schema_defaults(struct conf *c)
{
	char	err[MAX_SCHEMA_ERR];
	int	i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < schema_nkeys; i++)
		if (schema_keys[i].def[0] != '\0' &&
		    schema_set(&schema_keys[i], schema_keys[i].def, c, err,
		    sizeof(err)) == -1)
			abort();	/* the table contradicts itself */
}

static int
reason(char *err, size_t errlen, const char *text)
{
	strlcpy(err, text, errlen);
	return (-1);
}

/*
 * Well-formed UTF-8 without controls, line separators, byte order mark and
 * the two noncharacters that YAML has no place for.
 */
static int
text_ok(const char *s)
{
	static const char *const sequences[] = { "\xe2\x80\xa8",
	    "\xe2\x80\xa9", "\xef\xbb\xbf", "\xef\xbf\xbe",
	    "\xef\xbf\xbf" };
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 i;

	if (!utf8_valid(s, strlen(s)))
		return (0);
	for (; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return (0);
	for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (strstr(s, sequences[i]) != NULL)
			return (0);
	return (1);
}

static int
path_check(const char *s, char *err, size_t errlen)
{
	const char	*p;

	if (s[0] != '/')
		return (reason(err, errlen, "must be an absolute path"));
	for (p = strstr(s, "/.."); p != NULL; p = strstr(p + 1, "/.."))
		if (p[3] == '/' || p[3] == '\0')
			return (reason(err, errlen,
			    "must not contain \"..\""));
	return (0);
}

static int
name_check(const char *s, char *err, size_t errlen)
{
	static const char	chars[] = "._-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";

	if (strspn(s, "._-") != 0 || s[strspn(s, chars)] != '\0')
		return (reason(err, errlen, "must be the name of a file "
		    "below secrets/: letters, digits, . _ -"));
	return (0);
}

static int
loopback_check(const char *s, char *err, size_t errlen)
{
	struct in_addr	a4;
	struct in6_addr	a6;

	if (inet_pton(AF_INET, s, &a4) == 1) {
		if ((ntohl(a4.s_addr) >> 24) == 127)
			return (0);
	} else if (inet_pton(AF_INET6, s, &a6) == 1) {
		if (IN6_IS_ADDR_LOOPBACK(&a6))
			return (0);
	} else
		return (reason(err, errlen, "must be a loopback address as "
		    "a number, such as 127.0.0.1 or ::1"));
	return (reason(err, errlen, "must be a loopback address such as "
	    "127.0.0.1 or ::1; other hosts are not served"));
}

static int
set_text(const struct key *k, const char *s, char *field, char *err,
    size_t errlen)
{
	if (strlen(s) >= k->size) {
		snprintf(err, errlen, "must be at most %zu bytes long",
		    k->size - 1);
		return (-1);
	}
	if (!text_ok(s))
		return (reason(err, errlen,
		    "must be one line of printable UTF-8 text"));
	if (s[0] == '\0') {
		if (!(k->flags & KEYF_EMPTY))
			return (reason(err, errlen, "must not be empty"));
		s = k->def;	/* "" but for the bind address */
	} else if ((k->type == KEY_PATH && path_check(s, err, errlen) == -1) ||
	    (k->type == KEY_NAME && name_check(s, err, errlen) == -1) ||
	    (k->type == KEY_LOOPBACK && loopback_check(s, err, errlen) == -1))
		return (-1);
	strlcpy(field, s, k->size);
	return (0);
}

/* thousandths of what may have a point and up to three digits behind it */
static int
set_fraction(const struct key *k, const char *s, int *field, char *err,
    size_t errlen)
{
	size_t	 n = strspn(s, "0123456789"), digits = 0, i;
	int	 v = 0;

	if (s[n] == '.')
		digits = strspn(s + n + 1, "0123456789");
	if (n == 0 || n > MAX_WHOLE_DIGITS || (n > 1 && s[0] == '0') ||
	    digits > 3 || (s[n] == '.' && digits == 0) ||
	    s[n + (s[n] == '.') + digits] != '\0')
		goto bad;
	for (i = 0; i < n; i++)
		v = v * 10 + (s[i] - '0');
	for (i = 1; i <= 3; i++)
		v = v * 10 + (i <= digits ? s[n + i] - '0' : 0);
	if (v < k->min * 1000 || v > k->max * 1000)
		goto bad;
	*field = v;
	return (0);
bad:
	snprintf(err, errlen, "must be a number from %d to %d, such as %d or "
	    "%d.5", k->min, k->max, k->min, k->min);
	return (-1);
}

static int
set_int(const struct key *k, const char *s, int *field, char *err,
    size_t errlen)
{
	const char	*digits = s + (s[0] == '-');
	const char	*bad;
	long long	 v;

	if (k->flags & KEYF_FRACTION)
		return (set_fraction(k, s, field, err, errlen));
	/* strtonum(3) alone would take " 8", "+8" and "010" */
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0' ||
	    (digits[0] == '0' && digits[1] != '\0')) {
		snprintf(err, errlen, "must be a number from %d to %d",
		    k->min, k->max);
		return (-1);
	}
	v = strtonum(s, INT_MIN, INT_MAX, &bad);
	if (bad == NULL && v > k->max && k->off ==
	    offsetof(struct conf, config_version)) {
		snprintf(err, errlen, "is newer than this program knows (%d); "
		    "use the version that wrote this file", k->max);
		return (-1);
	}
	if (bad != NULL || v < k->min || v > k->max) {
		snprintf(err, errlen, "must be a number from %d to %d",
		    k->min, k->max);
		return (-1);
	}
	*field = (int)v;
	return (0);
}

/* "must be one of a, b or c" */
static void
choices_text(const struct key *k, char *err, size_t errlen)
{
	int	i;

	strlcpy(err, "must be one of ", errlen);
	for (i = 0; k->choices[i] != NULL; i++) {
		if (k->choices[i][0] == '\0') {
			if (k->flags & KEYF_EMPTY)
				strlcat(err, "'' (as the general key), ",
				    errlen);
			continue;
		}
		strlcat(err, k->choices[i], errlen);
		if (k->choices[i + 1] != NULL)
			strlcat(err, ", ", errlen);
	}
}

int
schema_set(const struct key *k, const char *s, void *c, char *err,
    size_t errlen)
{
	char	*field = (char *)c + k->off;
	int	 v;

	switch (k->type) {
	case KEY_BOOL:
		v = strcmp(s, "true") == 0;
		if (!v && strcmp(s, "false") != 0)
			return (reason(err, errlen, "must be true or false"));
		memcpy(field, &v, sizeof(v));
		return (0);
	case KEY_INT:
		if (set_int(k, s, &v, err, errlen) == -1)
			return (-1);
		memcpy(field, &v, sizeof(v));
		return (0);
	case KEY_ENUM:
		for (v = 0; k->choices[v] != NULL; v++)
			if (strcmp(k->choices[v], s) == 0)
				break;
		if (k->choices[v] == NULL ||
		    (s[0] == '\0' && !(k->flags & KEYF_EMPTY))) {
			choices_text(k, err, errlen);
			return (-1);
		}
		memcpy(field, &v, sizeof(v));
		return (0);
	case KEY_STRING:
	case KEY_PATH:
	case KEY_NAME:
	case KEY_LOOPBACK:
		return (set_text(k, s, field, err, errlen));
	}
	return (-1);
}

void
schema_get(const struct key *k, const void *c, char *buf, size_t size)
{
	const char	*field = (const char *)c + k->off;
	int		 v;

	switch (k->type) {
	case KEY_BOOL:
		memcpy(&v, field, sizeof(v));
		strlcpy(buf, v ? "true" : "false", size);
		break;
	case KEY_INT:
		memcpy(&v, field, sizeof(v));
		if (k->flags & KEYF_FRACTION)
			snprintf(buf, size, "%g", v / 1000.0);
		else
			snprintf(buf, size, "%d", v);
		break;
	case KEY_ENUM:
		memcpy(&v, field, sizeof(v));
		strlcpy(buf, k->choices[v], size);
		break;
	case KEY_STRING:
	case KEY_PATH:
	case KEY_NAME:
	case KEY_LOOPBACK:
		strlcpy(buf, field, size);
		break;
	}
}

void
schema_type_text(const struct key *k, char *buf, size_t size)
{
	static const char *const names[] = { "true|false", NULL, NULL, "text",
	    "path", "name", "loopback address" };
	int	i;

	if (k->type == KEY_INT)
		snprintf(buf, size, "%d..%d", k->min, k->max);
	else if (k->type == KEY_ENUM) {
		buf[0] = '\0';
		for (i = 0; k->choices[i] != NULL; i++) {
			if (k->choices[i][0] == '\0')
				continue;
			if (buf[0] != '\0')
				strlcat(buf, "|", size);
			strlcat(buf, k->choices[i], size);
		}
	} else
		strlcpy(buf, names[k->type], size);
}

enum profile
schema_profile(const char *dir)
{
	static const char *const names[] = {
		[PROFILE_DEFAULT] = "default",
		[PROFILE_STRICT] = "strict",
		[PROFILE_BALANCED] = "balanced",
		[PROFILE_PERMISSIVE] = "permissive"
	};
	size_t	end = strlen(dir), start, i;

	while (end > 0 && dir[end - 1] == '/')
		end--;
	for (start = end; start > 0 && dir[start - 1] != '/';)
		start--;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == end - start &&
		    strncmp(dir + start, names[i], end - start) == 0)
			return ((enum profile)i);
	return (PROFILE_DEFAULT);
}
