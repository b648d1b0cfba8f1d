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

#include "agent.h"
#include "agentfile.h"

/*
 * For each file of a place three of ours: NAME.N.was with its bytes before
 * (none when it was not there), NAME.N.ours with what we wrote, NAME.N.dirs
 * with the number of directories made for it.
 */

static int
state_path(const struct agent_place *p, int i, const char *what, char *buf,
    size_t size)
{
	return ((size_t)snprintf(buf, size, "%s/%s.%d.%s", p->state,
	    hook_agent_name(p->def->agent), i, what) < size ? 0 : -1);
}

static char *
state_read(const struct agent_place *p, int i, const char *what)
{
	struct stat	st;
	char		path[PATH_MAX], err[MAX_AGENT_ERR];

	if (state_path(p, i, what, path, sizeof(path)) == -1)
		return (NULL);
	return (agentfile_read(path, &st, err));
}

static int
state_write(const struct agent_place *p, int i, const char *what,
    const char *text, char err[MAX_AGENT_ERR])
{
	char	path[PATH_MAX];

	if (state_path(p, i, what, path, sizeof(path)) == -1) {
		snprintf(err, MAX_AGENT_ERR, "%s: too long", p->state);
		return (-1);
	}
	if (text == NULL)
		return (agentfile_remove(path, 0, err));
	return (agentfile_write(path, text, 0600, (uid_t)-1, (gid_t)-1, 0700,
	    err) == -1 ? -1 : 0);
}

/* are these bytes what we wrote, with what is kept of before still right? */
static int
is_ours(const struct agent_place *p, int i)
{
	char	*ours = state_read(p, i, "ours");
	int	 same;

	same = ours != NULL && p->file[i].old != NULL &&
	    strcmp(ours, p->file[i].old) == 0;
	free(ours);
	return (same);
}

int
agent_state_keep(const struct agent_place *p, int i, char err[MAX_AGENT_ERR])
{
	const struct agent_file	*f = &p->file[i];

	/* what was there before us stays so */
	if (!is_ours(p, i) && (state_write(p, i, "was", f->base, err) == -1 ||
	    state_write(p, i, "dirs", NULL, err) == -1))
		return (-1);
	return (state_write(p, i, "ours", f->new, err));
}

int
agent_state_dirs(const struct agent_place *p, int i, int made)
{
	char	 text[16], err[MAX_AGENT_ERR], *was;
	int	 n = 0;

	if (made == 0) {
		if ((was = state_read(p, i, "dirs")) != NULL)
			n = atoi(was);
		free(was);
		return (n);
	}
	snprintf(text, sizeof(text), "%d", made);
	(void)state_write(p, i, "dirs", text, err);
	return (made);
}

int
agent_state_original(const struct agent_place *p, int i, char **was)
{
	if (!is_ours(p, i))
		return (0);
	*was = state_read(p, i, "was");
	return (1);
}

void
agent_state_drop(const struct agent_place *p)
{
	static const char *const kinds[] = { "was", "ours", "dirs" };
	char			 err[MAX_AGENT_ERR];
	size_t			 k;
	int			 i;

	for (i = 0; i < p->nfiles; i++)
		for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			(void)state_write(p, i, kinds[k], NULL, err);
}
