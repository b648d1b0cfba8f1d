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
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "cmd.h"
#include "watch.h"

/*
 * The program without a word: where the operator stands, and the next step.
 * It changes nothing and sends nothing but questions to the suite.
 */

#define MAX_WHERE	512

struct where {
	char	 state[MAX_WHERE];
	char	 next[MAX_WHERE];
	char	 why[MAX_WHERE];	/* of the next step */
};

static void
say(struct where *w, const char *state, const char *next, const char *why)
{
	strlcpy(w->state, state, sizeof(w->state));
	strlcpy(w->next, next, sizeof(w->next));
	strlcpy(w->why, why, sizeof(w->why));
}

static int
open_alerts(const struct paths *p)
{
	struct alert_list	al;
	struct client		cl;
	char			*text = NULL;
	size_t			len;
	int			some;

	memset(&al, 0, sizeof(al));
	al.limit = 1;
	some = client_open(&cl, p, "auditd") == CTL_OK &&
	    client_call(&cl, MSG_CTL_ALERTS, &al, sizeof(al), &text, &len) ==
	    CTL_OK && len != 0;
	free(text);
	client_close(&cl);
	return (some);
}

static void
running(struct where *w, const struct paths *p, const struct conf *conf,
    const json_t *status)
{
	const json_t	*store = json_object_get(status, "store");
	const char	*why = json_str(store, "why");
	char		 state[MAX_WHERE];

	snprintf(state, sizeof(state), "the suite runs, in mode %s",
	    conf->guardrail.mode == CONF_ACTION ? "action" : "observe");
	if (!json_is_true(json_object_get(store, "ok"))) {
		snprintf(state, sizeof(state), "the suite runs and answers "
		    "no agent: %s", why != NULL ? why : "");
		say(w, state, "status", "the audit log takes no events");
	} else if (open_alerts(p))
		say(w, state, "alerts list",
		    "there are alerts that nobody has acknowledged");
	else if (conf->nsinks == 0)
		say(w, state, "help setup observability add",
		    "the log is on this host alone: it can be sent to a "
		    "receiver");
	else if (conf->guardrail.mode != CONF_ACTION)
		say(w, state, "config set guardrail.mode action",
		    "nothing is blocked yet");
	else
		say(w, state, "status --watch", "nothing waits for you");
}

static void
find_out(struct ctl *c, struct where *w)
{
	static struct conf	 conf;
	struct client		 cl;
	char			 err[MAX_WHERE] = "";
	json_t			*status;
	int			 rc;

	rc = config_load(c->paths.config, &conf, err, sizeof(err));
	if (rc == CTL_NOT_FOUND) {
		say(w, "nothing is set up here", "init",
		    "it makes files, keys and accounts, and uses no network");
		return;
	}
	if (rc == CTL_CONFIG) {
		say(w, "the configuration is not valid", "config validate",
		    "it names file, line and key");
		return;
	}
	if (rc != CTL_OK) {
		say(w, err, "status", "this user may not read the "
		    "configuration, and perhaps ask the suite");
		return;
	}
	if ((status = status_gather(&c->paths, &cl, &rc)) != NULL)
		running(w, &c->paths, &conf, status);
	else if (rc == CTL_NOT_RUNNING)
		say(w, "the suite is set up and does not run", "start",
		    "it checks the configuration and starts every process");
	else
		say(w, cl.err, "status", "it says more");
	json_decref(status);
}

int
cmd_where(struct ctl *c)
{
	struct where	w;

	find_out(c, &w);
	if (out_json) {
		out_document(json_pack("{s:s,s:s,s:s,s:s}", "state", w.state,
		    "next", w.next, "why", w.why, "config",
		    c->paths.config));
		return (CTL_OK);
	}
	out_field("suite", "%s, %s mode", c->paths.system ? c->paths.run :
	    c->paths.home, c->paths.system ? "system" : "user");
	out_field("state", "%s", w.state);
	out_field("next", "defenseclawctl %s", w.next);
	out_field("", "%s", w.why);
	printf("\n`defenseclawctl help' lists all commands.\n");
	return (CTL_OK);
}
