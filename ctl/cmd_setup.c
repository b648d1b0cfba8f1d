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

#include "setup.h"

/*
 * setup: one section of the configuration at a time.  What a command is not
 * told about it leaves as it is, whoever set it.
 */

static struct setup	s;

/* --- guardrail ------------------------------------------------------------ */

static int
guardrail_questions(void)
{
	int	rc;

	/* whoever gives options has said what he wants */
	if (s.n != 0 || setup_option(s.c, "judge-api-key-file") != NULL)
		return (CTL_OK);
	if ((rc = setup_ask(&s, "guardrail.enabled", "guardrail on")) ==
	    CTL_OK && (rc = setup_ask(&s, "guardrail.mode", "mode")) ==
	    CTL_OK && (rc = setup_ask(&s, "guardrail.block_message",
	    "text instead of what was blocked")) == CTL_OK &&
	    (rc = setup_ask(&s, setup_strategies[0],
	    "detection strategy")) == CTL_OK)
		rc = setup_judge_ask(&s);
	return (rc);
}

int
cmd_setup_guardrail(struct ctl *c)
{
	const char	*mode = cmd_value(c, O_MODE);
	int		 rc;

	if ((rc = setup_begin(&s, c, "guardrail")) != CTL_OK)
		return (rc);
	if (mode != NULL)
		rc = setup_put(&s, "guardrail.mode", mode);
	if (rc != CTL_OK || (rc = guardrail_questions()) != CTL_OK ||
	    (rc = setup_judge(&s)) != CTL_OK)
		return (rc);
	if (!s.conf.guardrail.enabled)
		setup_note(&s, "the guardrail is off: verdicts are recorded "
		    "and nothing is blocked");
	return (setup_end(&s));
}

/* --- gateway -------------------------------------------------------------- */

int
cmd_setup_gateway(struct ctl *c)
{
	int	rc;

	if ((rc = setup_begin(&s, c, "gateway")) != CTL_OK)
		return (rc);
	if (s.n == 0 &&
	    ((rc = setup_ask(&s, "gateway.api_bind", "address")) != CTL_OK ||
	    (rc = setup_ask(&s, "gateway.api_port", "port")) != CTL_OK ||
	    (rc = setup_ask(&s, "gateway.allow_enforce", "may clients change "
	    "the block and allow lists")) != CTL_OK))
		return (rc);
	return (setup_end(&s));
}

/* --- scanners ------------------------------------------------------------- */

#define INACTIVE	"inactive: this version runs no scanner; the keys "  \
			"are kept for one that does"

int
cmd_setup_skill_scanner(struct ctl *c)
{
	int	rc;

	if ((rc = setup_begin(&s, c, "scanners.skill_scanner")) != CTL_OK)
		return (rc);
	if (s.n == 0 &&
	    ((rc = setup_ask(&s, "scanners.skill_scanner.binary",
	    "command")) != CTL_OK ||
	    (rc = setup_ask(&s, "scanners.skill_scanner.policy",
	    "policy")) != CTL_OK ||
	    (rc = setup_ask(&s, "scanners.skill_scanner.use_behavioral",
	    "follow the flow of data")) != CTL_OK))
		return (rc);
	setup_note(&s, INACTIVE);
	return (setup_end(&s));
}

/* names between commas, each one of these */
static int
analyzers_known(const char *list)
{
	static const char *const names[] = { "yara", "api", "llm",
	    "behavioral", "readiness" };
	size_t			 i, n;

	for (;; list += n + 1) {
		n = strcspn(list, ",");
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i]) == n &&
			    strncmp(list, names[i], n) == 0)
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return (0);
		if (list[n] == '\0')
			return (1);
	}
}

int
cmd_setup_mcp_scanner(struct ctl *c)
{
	int	rc;

	if ((rc = setup_begin(&s, c, "scanners.mcp_scanner")) != CTL_OK)
		return (rc);
	if (s.n == 0 &&
	    ((rc = setup_ask(&s, "scanners.mcp_scanner.binary",
	    "command")) != CTL_OK ||
	    (rc = setup_ask(&s, "scanners.mcp_scanner.analyzers",
	    "analyzers")) != CTL_OK))
		return (rc);
	if (!analyzers_known(s.conf.mcp_scanner.analyzers))
		return (out_fail(CTL_USAGE, "--analyzers: of yara, llm, "
		    "behavioral, readiness and api, with commas between "
		    "them"));
	setup_note(&s, INACTIVE);
	return (setup_end(&s));
}

/* --- what there is -------------------------------------------------------- */

struct rows {
	struct table	 t;
	json_t		*all;
};

static void
row(struct rows *r, const char *name, int is_set, const char *state)
{
	table_cell(&r->t, "%s", name);
	table_cell(&r->t, "%s", is_set ? "set up" : "as it comes");
	table_cell(&r->t, "%s", state);
	json_array_append_new(r->all, json_pack("{s:s,s:b,s:s}", "name",
	    name, "set_up", is_set, "state", state));
}

/* does the file say anything below a section */
static int
says(const struct conf *c, const char *section)
{
	int	i;

	for (i = 0; i < schema_nkeys; i++)
		if (c->line[i] != 0 && strncmp(schema_keys[i].path, section,
		    strlen(section)) == 0)
			return (1);
	return (0);
}

static void
guardrail_row(struct rows *r, const struct conf *c)
{
	char	text[MAX_CONF_VALUE], strategy[32];

	schema_get(schema_find(setup_strategies[0]), c, strategy,
	    sizeof(strategy));
	snprintf(text, sizeof(text), "%s, %s, %s, judge %s",
	    c->guardrail.enabled ? "on" : "off", c->guardrail.mode ==
	    CONF_ACTION ? "action" : "observe", strategy, c->judge.enabled ?
	    c->judge.model : "off");
	row(r, "guardrail", says(c, "guardrail."), text);
}

static void
sinks_row(struct rows *r, const struct conf *c)
{
	char	text[MAX_CONF_VALUE];
	int	i, hook, n[2] = { 0, 0 }, on[2] = { 0, 0 };

	for (i = 0; i < c->nsinks; i++) {
		hook = c->sinks[i].kind == CONF_SINK_WEBHOOK;
		n[hook]++;
		on[hook] += c->sinks[i].enabled;
	}
	snprintf(text, sizeof(text), "%d receivers of the log, %d enabled",
	    n[0], on[0]);
	row(r, "observability", n[0] != 0, text);
	snprintf(text, sizeof(text), "%d, %d enabled", n[1], on[1]);
	row(r, "webhook", n[1] != 0, text);
}

int
cmd_setup(struct ctl *c)
{
	static const char *const heads[] = { "SETUP", "", "STATE", NULL };
	static struct conf	 conf;
	struct rows		 r;
	struct conf_token	 tokens[MAX_TOKENS];
	char			 text[MAX_CONF_VALUE], err[MAX_SCHEMA_ERR];
	int			 n, rc;

	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	table_init(&r.t, heads);
	r.all = json_array();
	guardrail_row(&r, &conf);
	snprintf(text, sizeof(text), strchr(conf.gateway.api_bind, ':') !=
	    NULL ? "[%s]:%d%s" : "%s:%d%s", conf.gateway.api_bind,
	    conf.gateway.api_port, conf.gateway.allow_enforce ?
	    ", clients change the lists" : "");
	row(&r, "gateway", says(&conf, "gateway."), text);
	n = schema_tokens(&conf, tokens, err, sizeof(err));
	snprintf(text, sizeof(text), "%d besides secrets/%s", n,
	    conf.gateway.token_secret);
	row(&r, "token", n != 0, text);
	sinks_row(&r, &conf);
	row(&r, "skill-scanner", says(&conf, "scanners.skill_scanner."),
	    "inactive: this version runs no scanner");
	row(&r, "mcp-scanner", says(&conf, "scanners.mcp_scanner."),
	    "inactive: this version runs no scanner");
	if (out_json) {
		out_document(json_pack("{s:o}", "setup", r.all));
		return (CTL_OK);
	}
	table_print(&r.t);
	printf("\n`defenseclawctl setup NAME' asks for what is needed; "
	    "--help tells its options\n");
	json_decref(r.all);
	return (CTL_OK);
}
