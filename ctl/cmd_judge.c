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

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "cmd.h"
#include "sinkctl.h"
#include "watch.h"

#define JUDGE_TEST_MS	130000	/* beyond the longest time-out there is */

static const char *
string(const json_t *j, const char *member)
{
	const char	*s = json_str(j, member);

	return (s != NULL ? s : "");
}

static json_int_t
integer(const json_t *j, const char *member)
{
	return (json_integer_value(json_object_get(j, member)));
}

/* what a worker knows of all workers' questions; NULL: none says */
static json_t *
figures(const json_t *status)
{
	json_t	*p, *j;
	size_t	 i;

	json_array_foreach(json_object_get(status, "processes"), i, p)
		if ((j = json_object_get(json_object_get(p, "figures"),
		    "judge")) != NULL)
			return (j);
	return (NULL);
}

static json_t *
process(const json_t *status)
{
	json_t	*p;
	size_t	 i;

	json_array_foreach(json_object_get(status, "processes"), i, p)
		if (strcmp(string(p, "role"), "judge") == 0)
			return (p);
	return (NULL);
}

static void
print_kinds(const json_t *kinds)
{
	static const char *const heads[] = { "KIND", "CALLS", "CACHED",
	    "FAILURES", "DISAGREEMENTS", "MEAN", NULL };
	const char	*kind;
	json_t		*k;
	struct table	 t;

	table_init(&t, heads);
	json_object_foreach((json_t *)(uintptr_t)kinds, kind, k) {
		table_cell(&t, "%s", kind);
		table_cell(&t, "%lld", (long long)integer(k, "calls"));
		table_cell(&t, "%lld", (long long)integer(k, "cached"));
		table_cell(&t, "%lld", (long long)integer(k, "failures"));
		table_cell(&t, "%lld", (long long)integer(k,
		    "disagreements"));
		table_cell(&t, "%.1f ms", (double)integer(k, "mean_us") /
		    1000);
	}
	table_print(&t);
}

void
judge_print(const json_t *status, int all)
{
	const json_t	*j = figures(status), *p = process(status);

	if (j == NULL || (!all && !json_is_true(json_object_get(j,
	    "enabled"))))
		return;
	if (p != NULL)
		out_field("judge", "%s, pid %lld, %lld restarts", string(p,
		    "state"), (long long)integer(p, "pid"),
		    (long long)integer(p, "restarts"));
	else
		out_field("judge", "none: guardrail.judge.enabled is false, "
		    "or no detection_strategy wants one");
	out_field("strategies", "prompt %s, completion %s, tool_call %s",
	    string(j, "strategy_prompt"), string(j, "strategy_completion"),
	    string(j, "strategy_tool_call"));
	if (!json_is_true(json_object_get(j, "enabled")))
		return;
	out_field("endpoint", "%s", string(j, "url"));
	out_field("model", "%s", string(j, "model"));
	out_field("waiting", "%lld requests", (long long)integer(j,
	    "waiting"));
	print_kinds(json_object_get(j, "kinds"));
}

int
cmd_judge_status(struct ctl *c)
{
	struct client	 cl;
	json_t		*s, *j, *p;
	int		 rc;

	if ((s = status_gather(&c->paths, &cl, &rc)) == NULL)
		return (out_fail(rc, "%s", cl.err));
	if ((j = figures(s)) == NULL) {
		json_decref(s);
		return (out_fail(CTL_FAILURE, "no worker says what it asks: "
		    "see `defenseclawctl status'"));
	}
	p = process(s);
	/* a judge that is wanted and not there is a failure to a script */
	rc = json_is_true(json_object_get(j, "enabled")) && (p == NULL ||
	    strcmp(string(p, "state"), "ready") != 0) ? CTL_FAILURE : CTL_OK;
	if (out_json) {
		if (p != NULL)
			json_object_set(j, "process", p);
		else
			json_object_set_new(j, "process", json_null());
		out_document(json_incref(j));
	} else
		judge_print(s, 1);
	json_decref(s);
	return (rc);
}

int
cmd_judge_test(struct ctl *c)
{
	const char	*status, *reason;
	char		 err[MAX_CTL_TEXT + 64];
	json_t		*j;
	json_int_t	 http;
	int		 rc;

	j = sinkctl_ask(&c->paths, "gatewayd.1", MSG_CTL_JUDGE_TEST, NULL,
	    JUDGE_TEST_MS, &rc, err, sizeof(err));
	if (j == NULL)
		return (out_fail(rc, "%s", err));
	if (out_json) {
		out_document(j);
		return (rc);
	}
	status = json_str(j, "status");
	reason = json_str(j, "reason");
	http = json_integer_value(json_object_get(j, "http"));
	printf("test: %s after %.1f ms", rc == CTL_OK ? out_word("answered") :
	    out_word("failed"), (double)json_integer_value(json_object_get(j,
	    "latency_us")) / 1000);
	if (http != 0)
		printf(", HTTP %lld", (long long)http);
	if (rc != CTL_OK)
		printf(": %s: %s", out_safe(status != NULL ? status : "?"),
		    out_safe(reason != NULL ? reason : ""));
	printf("\n");
	json_decref(j);
	return (rc);
}
