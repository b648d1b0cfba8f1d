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
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "agent.h"
#include "agentverify.h"
#include "cmd.h"
#include "hook.h"
#include "spoolfile.h"

/*
 * setup agent and agent: the hooks in clients' settings, put in, looked at,
 * and taken out again.
 */

enum change { AGENT_WITH, AGENT_OFF, AGENT_REMOVE };

#define RECORD_MS	2000	/* for the event of a change */
#define MAX_LINE	1024	/* bytes of a line that is shown */

/* root sets up what users cannot switch off */
static int
is_managed(const struct ctl *c)
{
	return (c->paths.system && geteuid() == 0);
}

static int
has_client(const struct agent_def *d, int managed)
{
	char		 path[PATH_MAX];
	const char	*home = getenv("HOME");

	if (managed)
		snprintf(path, sizeof(path), "%s/%s", DC_SYSCONFDIR,
		    d->managed);
	else
		snprintf(path, sizeof(path), "%s/%s", home != NULL ? home :
		    "", d->dir);
	return (access(path, F_OK) == 0 || agent_program(d, path,
	    sizeof(path)) == 0);
}

static void
print_lines(char sign, const char *p, const char *end)
{
	char	line[MAX_LINE];
	size_t	n;

	for (; p < end; p += n + 1) {
		n = strcspn(p, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)n, p);
		printf("%c %s\n", sign, out_safe(line));
	}
}

/* the lines between those that both texts begin and end with */
static void
print_diff(const struct agent_file *f)
{
	const char	*a = f->old != NULL ? f->old : "";
	const char	*b = f->new != NULL ? f->new : "";
	const char	*ea = a + strlen(a), *eb = b + strlen(b);
	size_t		 same = 0, i;

	for (i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '\n')
			same = i + 1;
	a += same;
	b += same;
	while (ea > a && eb > b && ea[-1] == eb[-1]) {
		ea--;
		eb--;
	}
	/* whole lines */
	while (ea[0] != '\0' && ea > a && ea[-1] != '\n')
		ea++;
	while (eb[0] != '\0' && eb > b && eb[-1] != '\n')
		eb++;
	printf("%s%s\n", out_safe(f->path), f->old == NULL ? " (new)" :
	    f->new == NULL ? " (goes)" : "");
	print_lines('-', a, ea);
	print_lines('+', b, eb);
}

/* an event of the log, now, or when the suite runs again */
static void
record(const struct ctl *c, const char *action, const char *agent,
    const struct agent_place *p)
{
	char	 err[MAX_HOOK_ERR], *text, *answer;
	json_t	*j;
	size_t	 len;
	int	 status = -1;

	j = json_pack("{s:s,s:s,s:s,s:s}", "action", action, "target", agent,
	    "severity", strcmp(action, "agent-setup") == 0 ? "INFO" : "HIGH",
	    "details", p->file[0].path);
	if ((text = json_text(j)) != NULL)
		status = hookask(&c->paths, "/audit/event", text,
		    strlen(text), clock_ms() + RECORD_MS, &answer, &len, err);
	if (status != -1)
		free(answer);
	free(text);
	json_decref(j);
	if (status != 200 && spoolfile_add(&c->paths, clock_wall_us(),
	    action, agent, p->file[0].path, err, sizeof(err)) == -1)
		out_note("this change has no row in the log: %s", err);
}

static int
change_one(const struct ctl *c, const struct agent_def *d, enum change how,
    json_t *report)
{
	static const char *const actions[] = { "agent-setup", "agent-off",
	    "agent-remove" };
	struct agent_place	 p;
	char			 err[MAX_AGENT_ERR];
	const char		*name = hook_agent_name(d->agent);
	int			 rc, i, changed;

	rc = agent_place_open(&p, d, &c->paths, is_managed(c),
	    cmd_has(c, O_FAIL_MODE) && strcmp(cmd_value(c, O_FAIL_MODE),
	    "open") == 0, err);
	if (rc == 0)
		rc = how == AGENT_WITH ? agent_place_with(&p, err) :
		    agent_place_without(&p, err);
	changed = rc == 0 && agent_place_changes(&p);
	if (changed && !out_json)
		for (i = 0; i < p.nfiles; i++)
			if (agent_file_changes(&p.file[i]))
				print_diff(&p.file[i]);
	if (changed && !cmd_has(c, O_DRY_RUN)) {
		rc = agent_place_write(&p, how == AGENT_WITH, err);
		if (rc == 0)
			record(c, actions[how], name, &p);
	}
	if (rc == 0 && how == AGENT_REMOVE && !cmd_has(c, O_DRY_RUN))
		agent_state_drop(&p);
	if (rc == 0 && !out_json)
		printf("%s: %s%s\n", d->title, !changed ? "nothing to do" :
		    how == AGENT_WITH ? "its calls ask DefenseClaw" :
		    "its calls no longer ask DefenseClaw",
		    changed && cmd_has(c, O_DRY_RUN) ? " (not written)" : "");
	json_array_append_new(report, json_pack("{s:s,s:b,s:s,s:s*}",
	    "agent", name, "changed", changed, "file", p.nfiles > 0 ?
	    p.file[0].path : "", "error", rc == 0 ? NULL : err));
	agent_place_free(&p);
	return (rc == 0 ? CTL_OK : out_json ? CTL_FAILURE :
	    out_fail(CTL_FAILURE, "%s: %s", name, err));
}

/* the one that is named, or with --all those that are here */
static int
change(struct ctl *c, enum change how)
{
	const struct agent_def	*d;
	const char		*mode = cmd_value(c, O_FAIL_MODE);
	json_t			*report;
	int			 rc = CTL_OK, one, n = 0;

	if ((c->nargs == 1) == cmd_has(c, O_ALL))
		return (out_fail(CTL_USAGE, "name an agent, or give --all"));
	if (c->nargs == 1 && agent_find(c->args[0]) == NULL)
		return (out_fail(CTL_NOT_FOUND, "no agent is called %s: see "
		    "`defenseclawctl agent list'", c->args[0]));
	if (mode != NULL && strcmp(mode, "open") != 0 &&
	    strcmp(mode, "closed") != 0)
		return (out_fail(CTL_USAGE, "--fail-mode is open or closed"));
	report = json_array();
	for (d = agent_defs; d->title != NULL; d++) {
		if (c->nargs == 1 ? d != agent_find(c->args[0]) :
		    (is_managed(c) && d->managed == NULL) ||
		    (how == AGENT_WITH && !has_client(d, is_managed(c))))
			continue;
		n++;
		if ((one = change_one(c, d, how, report)) != CTL_OK)
			rc = one;
	}
	if (out_json)
		out_document(report);
	else {
		json_decref(report);
		if (n == 0)
			printf("no agent client was found here\n");
	}
	return (rc);
}

int
cmd_setup_agent(struct ctl *c)
{
	return (change(c, AGENT_WITH));
}

int
cmd_agent_off(struct ctl *c)
{
	return (change(c, AGENT_OFF));
}

int
cmd_agent_remove(struct ctl *c)
{
	return (change(c, AGENT_REMOVE));
}

int
cmd_agent_list(struct ctl *c)
{
	static const char *const heads[] = { "AGENT", "CLIENT", "HOOKS",
	    "PROGRAM", NULL };
	const struct agent_def	*d;
	struct table		 t;
	char			 prog[PATH_MAX];
	json_t			*a = json_array();
	int			 found;

	table_init(&t, heads);
	for (d = agent_defs; d->title != NULL; d++) {
		found = agent_program(d, prog, sizeof(prog)) == 0;
		table_cell(&t, "%s", hook_agent_name(d->agent));
		table_cell(&t, "%s", d->title);
		table_cell(&t, "%s", agent_where(d, &c->paths));
		table_cell(&t, "%s", found ? prog : "-");
		json_array_append_new(a, json_pack("{s:s,s:s,s:s,s:s*}",
		    "agent", hook_agent_name(d->agent), "title", d->title,
		    "hooks", agent_where(d, &c->paths), "program", found ?
		    prog : NULL));
	}
	if (out_json)
		out_document(a);
	else {
		table_print(&t);
		json_decref(a);
	}
	return (CTL_OK);
}

int
cmd_agent_verify(struct ctl *c)
{
	const struct agent_def	*d;
	struct agent_check	 check[MAX_AGENT_CHECKS];
	json_t			*report = json_array();
	int			 i, n, rc = CTL_OK, any = 0;

	if (c->nargs == 1 && agent_find(c->args[0]) == NULL)
		return (out_fail(CTL_NOT_FOUND, "no agent is called %s: see "
		    "`defenseclawctl agent list'", c->args[0]));
	for (d = agent_defs; d->title != NULL; d++) {
		if (c->nargs == 1 ? d != agent_find(c->args[0]) :
		    strcmp(agent_where(d, &c->paths), "-") == 0)
			continue;
		any = 1;
		n = agent_verify(d, &c->paths, NULL, check);
		for (i = 0; i < n; i++) {
			if (check[i].grade == CHECK_FAIL)
				rc = CTL_FAILURE;
			json_array_append_new(report, json_pack(
			    "{s:s,s:s,s:s,s:s,s:s}", "agent",
			    hook_agent_name(d->agent), "id", check[i].id,
			    "status", agent_grade(check[i].grade), "seen",
			    check[i].seen, "do", check[i].todo));
			if (out_json)
				continue;
			printf("%-5s %s %s: %s\n", out_word(agent_grade(
			    check[i].grade)), hook_agent_name(d->agent),
			    check[i].id, out_safe(check[i].seen));
			if (check[i].todo[0] != '\0')
				printf("      %s\n", out_safe(check[i].todo));
		}
	}
	if (out_json)
		out_document(report);
	else
		json_decref(report);
	if (!any && !out_json)
		printf("no agent is set up: see `defenseclawctl setup "
		    "agent'\n");
	return (rc);
}
