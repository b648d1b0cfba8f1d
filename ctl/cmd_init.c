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

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "cmd.h"
#include "init.h"

/*
 * init: what init.c did, said to a person or a script.
 */

static void
print_steps(const struct init_result *r)
{
	const struct init_step	*s;
	int			 i, kept = 0;

	for (i = 0; i < r->nsteps; i++) {
		s = &r->steps[i];
		/* what was there already is no news */
		if (s->what == INIT_KEPT) {
			kept++;
			continue;
		}
		/* padded by hand: the word may be in colour */
		printf("%s%*s %s%s%s\n", out_word(init_what_name(s->what)),
		    (int)(8 - strlen(init_what_name(s->what))), "",
		    out_safe(s->subject), s->text[0] != '\0' ? ": " : "",
		    out_safe(s->text));
	}
	if (kept != 0)
		printf("kept     %d things that were there already\n", kept);
}

static void
print_next(const struct ctl *c)
{
	const char	*user = cmd_has(c, O_USER) ? " --user" : "";

	printf("\nNext:\n"
	    "  defenseclawctl start%s\n"
	    "  defenseclawctl status%s\n"
	    "  defenseclawctl inspect tool%s --tool shell --args "
	    "'{\"command\":\"id\"}'\n"
	    "The clients' token is in %s, the configuration in\n%s.\n",
	    user, user, user, out_safe(c->paths.dotenv),
	    out_safe(c->paths.config));
}

static json_t *
steps_json(const struct ctl *c, const struct init_result *r)
{
	json_t	*steps = json_array();
	int	 i;

	for (i = 0; i < r->nsteps; i++)
		json_array_append_new(steps, json_pack("{s:s,s:s,s:s}",
		    "what", init_what_name(r->steps[i].what), "subject",
		    r->steps[i].subject, "text", r->steps[i].text));
	return (json_pack("{s:b,s:s,s:s,s:o}", "ok", r->nfailed == 0, "mode",
	    c->paths.system ? "system" : "user", "config", c->paths.config,
	    "steps", steps));
}

/* a suite that runs keeps in its log that something was made beside it */
static void
note_made(const struct ctl *c, const struct init_result *r)
{
	char		err[MAX_CTL_TEXT], text[64];
	uint64_t	seq;
	int		i, made = 0;

	for (i = 0; i < r->nsteps; i++)
		made += r->steps[i].what == INIT_MADE;
	if (made == 0)
		return;
	snprintf(text, sizeof(text), "made=%d", made);
	if (config_note(&c->paths, clock_wall_us(), "init", "defenseclaw",
	    text, &seq, err, sizeof(err)) == -1)
		out_note("not recorded: %s", err);
}

int
cmd_init(struct ctl *c)
{
	static struct init_result	 result;
	const char			*mode = cmd_value(c, O_MODE);
	enum conf_mode			 m = CONF_ACTION;

	if (mode != NULL && strcmp(mode, "observe") == 0)
		m = CONF_OBSERVE;
	else if (mode != NULL && strcmp(mode, "action") != 0)
		return (out_fail(CTL_USAGE, "--mode must be observe or "
		    "action, not %s", mode));
	(void)init_run(&c->paths, m, &result);
	note_made(c, &result);
	if (out_json)
		out_document(steps_json(c, &result));
	else
		print_steps(&result);
	if (result.nfailed != 0) {
		if (!out_json)
			out_fail(CTL_FAILURE, "%d steps failed: put that "
			    "right and run init again, it goes on where it "
			    "stopped", result.nfailed);
		return (CTL_FAILURE);
	}
	if (!out_json)
		print_next(c);
	return (CTL_OK);
}
