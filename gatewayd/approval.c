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


#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

/*
 * A call that a person decides and whose client cannot ask one: what it is
 * bound to, and the question to auditd, which keeps the answer.  Nobody waits
 * for the person: the call is denied with the number of its approval, and the
 * same call again passes once.
 */

/* members of an event that are another one's each time, and no argument */
static const char *const passing[] = { "tool_use_id", "tool_call_id",
    "toolCallId", "generation_id", "turn_id", "prompt_id", "run_id",
    "call_id", "transcript_path", NULL };
/* and of the _meta of a call (MCP 2025-06-18, progress; Claude Code's own) */
static const char *const marks[] = { "progressToken",
    "claudecode/toolUseId", NULL };

static void
hash_text(crypto_generichash_state *st, const char *s, size_t len)
{
	uint64_t	n = len;

	crypto_generichash_update(st, (const uint8_t *)&n, sizeof(n));
	crypto_generichash_update(st, (const uint8_t *)s, len);
}

static void
hash_word(crypto_generichash_state *st, const char *s)
{
	if (s == NULL)
		s = "";
	hash_text(st, s, strlen(s));
}

/* the arguments; malloc'd, and in one form whatever the order of members */
static char *
arguments(const struct inspection *in, const json_t *value)
{
	json_t	*copy = NULL, *meta;
	char	*text;
	size_t	 i;

	/* the event itself, when it has no member for them */
	if (in->hook != NULL && in->hook->whole) {
		if ((copy = json_copy((json_t *)(uintptr_t)value)) == NULL)
			fatal("approval");
		for (i = 0; passing[i] != NULL; i++)
			(void)json_object_del(copy, passing[i]);
		value = copy;
	} else if (json_is_object(meta = json_object_get(value, "_meta"))) {
		/* MCP's own, anew in each call; see mcpask.c */
		if ((copy = json_copy((json_t *)(uintptr_t)value)) == NULL ||
		    (meta = json_copy(meta)) == NULL)
			fatal("approval");
		for (i = 0; marks[i] != NULL; i++)
			(void)json_object_del(meta, marks[i]);
		if (json_object_set_new(copy, "_meta", meta) == -1)
			fatal("approval");
		value = copy;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS |
	    JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	json_decref(copy);
	if (text == NULL)
		fatal("approval");
	return (text);
}

/* what such a rule finds is not shown */
static int
finds_secrets(const struct match_rule *r)
{
	size_t	 i;

	if (strcmp(r->category, "secret") == 0)
		return (1);
	for (i = 0; i < r->ntags; i++)
		if (strcmp(r->tags[i], "credential") == 0)
			return (1);
	return (0);
}

/* 0 when a secret may be in it that cannot be taken out */
static int
mask(char *text, const struct detect_result *found)
{
	const struct detect_finding	*f;
	size_t				 i, len;
	char				*hit;

	for (i = 0; found != NULL && i < found->nfindings; i++) {
		f = &found->findings[i];
		if (!finds_secrets(f->rule))
			continue;
		len = strlen(f->evidence);
		if (len == 0 || len >= MAX_MATCH_EVIDENCE ||
		    (hit = strstr(text, f->evidence)) == NULL)
			return (0);
		for (; hit != NULL; hit = strstr(hit + len, f->evidence))
			memset(hit, '*', len);
	}
	return (found == NULL || found->total == found->nfindings);
}

/*
 * An approval holds for these words alone: another tool, argument, working
 * directory, session, agent or client is another request.
 */
void
approval_bind(const struct asker *a, const struct inspection *in,
    const struct verdict *v, const json_t *value, struct bound *b)
{
	crypto_generichash_state	 st;
	char				*text;

	memset(b, 0, sizeof(*b));
	text = arguments(in, value);
	crypto_generichash_init(&st, NULL, 0, sizeof(b->hash));
	hash_word(&st, in->hook != NULL ? hook_agent_name(in->hook->agent) :
	    in->what);
	hash_word(&st, in->hook != NULL ? in->hook->event : "");
	hash_word(&st, a->actor);
	hash_word(&st, a->session_id);
	hash_word(&st, a->agent_name);
	hash_word(&st, in->tool);
	hash_word(&st, in->owner);
	hash_word(&st, list_kind_name(in->owner_kind));
	hash_word(&st, in->cwd);
	hash_text(&st, text, strlen(text));
	crypto_generichash_final(&st, b->hash, sizeof(b->hash));
	if (!mask(text, v->found))
		strlcpy(b->text, "(not shown: it holds a secret)",
		    sizeof(b->text));
	else if (strlcpy(b->text, text, sizeof(b->text)) >= sizeof(b->text))
		memcpy(b->text + sizeof(b->text) - 4, "...", 4);
	freezero(text, strlen(text));
}

int
approval_wanted(const struct inspection *in, const struct verdict *v)
{
	return (strcmp(v->action, "confirm") == 0 && !in->native &&
	    (in->hook == NULL || !hook_asks(in->hook)));
}

int
approval_ask(const struct asker *a, const struct inspection *in,
    const struct verdict *v, const char *reason, approval_fn *fn, void *arg)
{
	struct approval_ask	 ask;
	struct event		 ev;
	struct wbuf		 w;
	char			 tool[MAX_TARGET_NAME + 1] = "";
	int			 rc = -1;

	stamp_event(&gatewayd.stamp, &ev, "", SEV_INFO);
	memset(&ask, 0, sizeof(ask));
	memcpy(ask.id, ev.id, sizeof(ask.id));
	ask.time_us = ev.time_us;
	ask.severity = v->severity;
	memcpy(ask.hash, in->bound->hash, sizeof(ask.hash));
	if (in->tool != NULL)
		redact_name(&gatewayd.redactor, in->tool, tool, sizeof(tool));
	wbuf_init(&w, MAX_FRAME);
	wbuf_put(&w, &ask, sizeof(ask));
	wbuf_str(&w, a->actor);
	wbuf_str(&w, tool);
	wbuf_str(&w, a->agent_name);
	wbuf_str(&w, a->session_id);
	wbuf_str(&w, a->logged_id);
	wbuf_str(&w, reason);
	wbuf_str(&w, in->bound->text);
	if (gatewayd.store.ok)
		rc = record_approval(&ask, &w, fn, arg);
	wbuf_free(&w);
	return (rc);
}

/* behind what rules and judges say: what the agent is told to do */
void
approval_reason(const struct verdict *v, char *out, size_t size)
{
	const struct approval_said	*s = v->approval;
	unsigned long long		 n = s->number;
	char				 text[256], at[EVENT_TIME_SIZE];

	event_time(s->until_us, at);
	switch (s->state) {
	case APPROVAL_PENDING:
		snprintf(text, sizeof(text), "approval %llu is pending until "
		    "%s: ask your operator (defenseclawctl approvals allow "
		    "%llu), then repeat exactly this call", n, at, n);
		break;
	case APPROVAL_DENIED:
		snprintf(text, sizeof(text), "approval %llu was denied by an "
		    "operator", n);
		break;
	case APPROVAL_USED:
		snprintf(text, sizeof(text), "approval %llu, given by an "
		    "operator, is used", n);
		break;
	case APPROVAL_NO_ROOM:
		strlcpy(text, "too many approvals are pending: ask your "
		    "operator to decide on those first", sizeof(text));
		break;
	default:
		strlcpy(text, "an approval is needed and could not be asked "
		    "for: try again", sizeof(text));
	}
	if (out[0] != '\0')
		strlcat(out, "; ", size);
	strlcat(out, text, size);
}

/* member "approval" of an open object */
void
approval_json(struct json_out *o, const struct verdict *v)
{
	const struct approval_said	*s = v->approval;
	char				 at[EVENT_TIME_SIZE];

	json_out_open(o, "approval", '{');
	json_out_str(o, "state", approval_state_name(s->state));
	if (s->number != 0)
		json_out_int(o, "number", (int64_t)s->number);
	if (s->until_us != 0) {
		event_time(s->until_us, at);
		json_out_str(o, "until", at);
	}
	json_out_close(o, '}');
}
