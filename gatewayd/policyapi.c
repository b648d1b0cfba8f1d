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

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/action.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * Routes that carry no text to inspect: the policy merge, a client's own
 * event, the lists, the alerts.
 */

#define MAX_ACTION_NAME	64

static int
severity_of(const json_t *result)
{
	const char	*s = body_str(result, "severity");
	enum severity	 sev;

	if (s == NULL || severity_parse(s, &sev) == -1)
		return (SEV_NONE);
	return (sev);
}

/*
 * Policy-only merge of what two scanners said elsewhere: the higher severity
 * wins with its own action, and observe turns a block into an alert.
 */
void
evaluate_guardrail(const struct asker *a, json_t *body)
{
	const char	*direction, *mode, *action, *reason, *model;
	char		 red[MAX_REDACT_TEXT], target[MAX_TARGET_NAME + 1];
	json_t		*local, *remote, *top, *sources;
	struct event	 ev;
	int		 sev;

	direction = body_str(body, "direction");
	mode = body_str(body, "mode");
	if (direction == NULL || mode == NULL || direction[0] == '\0' ||
	    mode[0] == '\0') {
		api_error(a, 400, "direction and mode are required");
		return;
	}
	local = body_get(body, "local_result");
	remote = body_get(body, "cisco_result");
	top = severity_of(remote) > severity_of(local) ? remote : local;
	sev = severity_of(top);
	action = body_str(top, "action");
	if (action == NULL || (strcmp(action, "block") != 0 &&
	    strcmp(action, "alert") != 0))
		action = "allow";
	if (strcmp(mode, "action") != 0 && strcmp(action, "block") == 0)
		action = "alert";
	reason = body_str(top, "reason");
	redact_reason(&gatewayd.redactor, reason != NULL ? reason : "", red);
	model = body_str(body, "model");
	redact_name(&gatewayd.redactor, model != NULL ? model : "model",
	    target, sizeof(target));
	sources = json_array();
	if (json_is_object(local))
		json_array_append_new(sources, json_string("local-pattern"));
	if (json_is_object(remote))
		json_array_append_new(sources, json_string("ai-defense"));
	stamp_event(&gatewayd.stamp, &ev, "guardrail-verdict",
	    sev == SEV_NONE ? SEV_INFO : (enum severity)sev);
	record_fill(&ev, a);
	ev.field[EV_TARGET] = target;
	record_answer(a, &ev, json_pack("{s:s,s:s,s:s,s:s}", "direction",
	    strcmp(direction, "completion") == 0 ? "completion" :
	    strcmp(direction, "prompt") == 0 ? "prompt" : "other", "action",
	    action, "severity", severity_name((enum severity)sev), "reason",
	    red), json_pack("{s:s,s:s,s:s,s:o}", "action", action,
	    "severity", severity_name((enum severity)sev), "reason",
	    reason != NULL ? reason : "", "scanner_sources", sources));
}

/* actions that are the suite's own word: auditd's, and this role's */
static int
is_reserved(const char *action)
{
	static const char *const prefixes[] = { "inspect-", "api-enforce-",
	    "mcp-pin-" };
	size_t	i;

	if (action_is_auditds(action) || action_is_note(action) ||
	    strcmp(action, "guardrail-verdict") == 0)
		return (1);
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(action, prefixes[i], strlen(prefixes[i])) == 0)
			return (1);
	return (0);
}

static int
is_action_name(const char *s)
{
	size_t	i;

	for (i = 0; s[i] != '\0'; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    strchr("-_.:", s[i]) == NULL)
			return (0);
	return (i != 0 && i <= MAX_ACTION_NAME);
}

/* a time as RFC 3339 writes it, any fraction and offset: never a secret */
static int
is_time(const char *s)
{
	static const char	form[] = "dddd-dd-ddTdd:dd:dd";
	size_t			i, n;

	for (i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) :
		    s[i] != form[i])
			return (0);
	s += i;
	if (*s == '.') {
		n = strspn(s + 1, "0123456789");
		if (n == 0 || n > 9)
			return (0);
		s += n + 1;
	}
	if (strcmp(s, "Z") == 0)
		return (1);
	return ((*s == '+' || *s == '-') && strlen(s) == 6 &&
	    isdigit((unsigned char)s[1]) && isdigit((unsigned char)s[2]) &&
	    s[3] == ':' && isdigit((unsigned char)s[4]) &&
	    isdigit((unsigned char)s[5]));
}

/*
 * Upper or lower case, and ERROR as some clients call what is HIGH here; -1:
 * neither.
 */
static int
event_severity(const char *s, enum severity *sev)
{
	char	upper[16];
	size_t	i;

	for (i = 0; s[i] != '\0' && i < sizeof(upper) - 1; i++)
		upper[i] = (char)toupper((unsigned char)s[i]);
	upper[i] = '\0';
	if (strcmp(upper, "ERROR") != 0)
		return (s[i] == '\0' ? severity_parse(upper, sev) : -1);
	*sev = SEV_HIGH;
	return (0);
}

/* what the body says of itself beside the headers, as its claims */
static void
event_claims(const json_t *body, json_t *d)
{
	static const char *const names[] = { "run_id", "session_id",
	    "trace_id", "request_id", "tool_id", "agent_id", "agent_name",
	    "agent_instance_id" };
	const char	*s;
	char		 key[64], value[MAX_TARGET_NAME + 1];
	size_t		 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = body_str(body, names[i]);
		if (s == NULL || s[0] == '\0')
			continue;
		snprintf(key, sizeof(key), "claimed_%s", names[i]);
		redact_name(&gatewayd.redactor, s, value, sizeof(value));
		json_object_set_new(d, key, json_string(value));
	}
}

/*
 * A client's own event: who said it is the kernel's word, what it says of
 * itself (actor, time) is kept as its claim.
 */
void
audit_event(const struct asker *a, json_t *body)
{
	const char	*action, *target, *details, *claimed, *when, *s;
	char		 red[MAX_REDACT_TEXT], where[MAX_TARGET_NAME + 1];
	char		 who[MAX_TARGET_NAME + 1], tool[MAX_TARGET_NAME + 1];
	enum severity	 sev = SEV_INFO;
	struct event	 ev;
	json_t		*d;
	int		 error;

	action = body_str(body, "action");
	if (action == NULL || action[0] == '\0') {
		api_error(a, 400, "action is required");
		return;
	}
	if (!is_action_name(action) || is_reserved(action)) {
		api_error(a, 400, "action: letters, digits and -_.: only, at "
		    "most 64, and none of the suite's own");
		return;
	}
	if ((s = body_str(body, "severity")) != NULL && s[0] != '\0' &&
	    event_severity(s, &sev) == -1) {
		api_error(a, 400, "severity: CRITICAL, HIGH, MEDIUM, LOW, "
		    "INFO or ERROR");
		return;
	}
	error = s != NULL && strcasecmp(s, "ERROR") == 0;
	target = body_str(body, "target");
	details = body_str(body, "details");
	claimed = body_str(body, "actor");
	when = body_str(body, "timestamp");
	redact_name(&gatewayd.redactor, target != NULL ? target : "", where,
	    sizeof(where));
	redact_reason(&gatewayd.redactor, details != NULL ? details : "",
	    red);
	redact_name(&gatewayd.redactor, claimed != NULL ? claimed : "", who,
	    sizeof(who));
	stamp_event(&gatewayd.stamp, &ev, action, sev);
	record_fill(&ev, a);
	ev.field[EV_TARGET] = where;
	if ((s = body_str(body, "tool_name")) != NULL && s[0] != '\0') {
		redact_name(&gatewayd.redactor, s, tool, sizeof(tool));
		ev.field[EV_TOOL_NAME] = tool;
	}
	d = json_pack("{s:s,s:s}", "details", red, "claimed_actor", who);
	if (when != NULL && is_time(when))
		json_object_set_new(d, "claimed_time", json_string(when));
	if (error)
		json_object_set_new(d, "claimed_severity",
		    json_string("ERROR"));
	event_claims(body, d);
	record_answer(a, &ev, d, json_pack("{s:s}", "status", "ok"));
}

static void
enforce(const struct asker *a, json_t *body, enum list_op op,
    enum list_op was, const char *fallback)
{
	static const char *const kinds[] = { "tool", "skill", "mcp",
	    "plugin" };
	const char	*type, *name, *reason;
	size_t		 i;

	type = body_str(body, "target_type");
	name = body_str(body, "target_name");
	reason = body_str(body, "reason");
	if (type == NULL || name == NULL || name[0] == '\0') {
		api_error(a, 400, "target_type and target_name are required");
		return;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(type, kinds[i]) == 0)
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0])) {
		api_error(a, 400, "target_type: tool, skill, mcp or plugin");
		return;
	}
	if (strlen(name) > MAX_TARGET_NAME || (reason != NULL &&
	    strlen(reason) > MAX_TARGET_REASON)) {
		api_error(a, 400, "target_name or reason is too long");
		return;
	}
	if (record_list_change(a, (enum list_kind)(KIND_TOOL + i), op, was,
	    name, reason != NULL && reason[0] != '\0' ? reason :
	    fallback) == -1)
		api_unavailable(a);
}

void
enforce_block(const struct asker *a, json_t *body)
{
	if (a->is_delete)
		enforce(a, body, OP_NONE, OP_BLOCK, "unblocked via REST API");
	else
		enforce(a, body, OP_BLOCK, OP_NONE, "blocked via REST API");
}

void
enforce_allow(const struct asker *a, json_t *body)
{
	enforce(a, body, OP_ALLOW, OP_NONE, "allowed via REST API");
}

static void
listed(const struct asker *a, enum list_op op)
{
	json_t	*j;

	if (!lists_ready() || (j = lists_json(op)) == NULL) {
		api_unavailable(a);
		return;
	}
	api_answer(a, 200, j);
}

void
enforce_blocked(const struct asker *a, json_t *body)
{
	(void)body;
	listed(a, OP_BLOCK);
}

void
enforce_allowed(const struct asker *a, json_t *body)
{
	(void)body;
	listed(a, OP_ALLOW);
}

/* a client sees the alerts it caused itself */
void
alerts_get(const struct asker *a, json_t *body)
{
	unsigned int	limit = a->limit;

	(void)body;
	if (limit == 0)
		limit = 50;
	if (limit > MAX_ALERT_ROWS)
		limit = MAX_ALERT_ROWS;
	if (record_alerts(a, limit) == -1)
		api_unavailable(a);
}
