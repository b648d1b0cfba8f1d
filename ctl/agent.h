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

#ifndef CTL_AGENT_H
#define CTL_AGENT_H

#include <sys/types.h>
#include <jansson.h>
#include <limits.h>
#include <stddef.h>

#include "common/hook.h"
#include "paths.h"

/*
 * Agent clients whose settings call our hook.  A place is the files that one
 * client reads for one user, or managed ones that root owns and that neither
 * user nor repository can switch off.
 *
 * Before a file is changed its bytes are kept, with what is written in their
 * place; `off' and `remove' give them back when nobody wrote since, and else
 * take our entries out of what is there.
 */

#define MAX_AGENT_FILES	3
#define MAX_AGENT_CMD	1024		/* bytes of a hook's command */
#define MAX_AGENT_FILE	(1024 * 1024)	/* bytes of a settings file */
#define MAX_AGENT_ERR	(PATH_MAX + 512)
#define AGENT_MARK	" hook "	/* follows our program in a command */
#define MAX_AGENT_MARK	64
#define AGENT_TIMEOUT_S	30		/* the client's; ours is shorter */

enum agent_style {
	STYLE_GROUPS,		/* matcher and hooks: Claude Code's form */
	STYLE_FLAT,		/* commands: Cursor's */
	STYLE_TOML,		/* a block of text of its own */
	STYLE_PLUGIN		/* plug-ins of ours: agentplugin.c */
};

struct agent_event {
	const char	*name;
	int		 matcher;	/* has one: "*" */
};

struct agent_def {
	enum hook_agent			 agent;
	const char			*title;
	const char			*prog;	/* the client's, in PATH */
	const char			*dir;	/* below HOME: it was here */
	const char			*user;	/* file below HOME */
	const char			*trust;	/* and its trust; or NULL */
	const char			*managed; /* in SYSCONFDIR; or NULL */
	enum agent_style		 managed_style;
	enum agent_style		 style;
	unsigned int			 per_s;	/* units of a timeout */
	const struct agent_event	*events;
	const char			*only;	/* member of a managed file that
						   keeps others' hooks out */
	const char			*tested; /* version */
};

extern const struct agent_def	 agent_defs[];	/* title NULL at end */

const struct agent_def	*agent_find(const char *);

/* one file, as it is and as it is to be */
struct agent_file {
	char	 path[PATH_MAX];
	char	*old;		/* NULL: it is not there */
	char	*new;		/* NULL: is not to be there */
	char	*base;		/* without us; NULL: not there */
	mode_t	 mode;
	uid_t	 uid;
	gid_t	 gid;
};

struct agent_place {
	const struct agent_def	*def;
	int			 managed;
	char			 state[PATH_MAX];	/* directory */
	char			 command[MAX_AGENT_CMD];
	char			 home[PATH_MAX];	/* user mode */
	char			 plugins[PATH_MAX];	/* directory */
	int			 fail_open;
	struct agent_file	 file[MAX_AGENT_FILES];
	int			 nfiles;
};

/*
 * agentplace.c.  Reads the files and works out what they are to be: with the
 * hook, or without it.  0, or -1 with err; agent_place_free() after both.
 */
int	agent_place_open(struct agent_place *, const struct agent_def *,
	    const struct paths *, int, int, char [MAX_AGENT_ERR]);
int	agent_place_with(struct agent_place *, char [MAX_AGENT_ERR]);
int	agent_place_without(struct agent_place *, char [MAX_AGENT_ERR]);
int	agent_file_changes(const struct agent_file *);
int	agent_place_changes(const struct agent_place *);
int	agent_place_write(struct agent_place *, int, char [MAX_AGENT_ERR]);
void	agent_place_free(struct agent_place *);

/* how what is ours in its first file is told from others' */
void	agent_mark(const struct agent_place *, char [MAX_AGENT_MARK]);

/*
 * agentplugin.c: clients that load our plug-in.  The text is freed, and what
 * comes of it malloc'd; NULL: it cannot be edited, or err says why not.
 */
#define AGENT_PLUGIN_S	20		/* its time-out */
char	*agent_plugin_with(const struct agent_place *, char *,
	    char [MAX_AGENT_ERR]);
char	*agent_plugin_without(const struct agent_place *, char *);

/* what else has to be there: text of file[i], NULL when it need not be */
const char *agent_plugin_beside(const struct agent_place *, int);
const char *agent_plugin_missing(const struct agent_place *);

/* the first of its files or directories that others may change; or NULL */
const char *agent_plugin_loose(const struct agent_place *);

/*
 * What the settings hold of ours, for a client that loads it: a new value
 * with plugin, a path or URL, and config.  NULL: nothing of ours.
 */
json_t	*agent_plugin_entry(const struct agent_place *);

/* how many plug-ins of others its settings name, or its directory holds */
size_t	 agent_plugin_others(const struct agent_place *);

/* agentstate.c: what a file was before, and what we wrote in its place */
int	agent_state_keep(const struct agent_place *, int, char [MAX_AGENT_ERR]);
int	agent_state_dirs(const struct agent_place *, int, int);
int	agent_state_original(const struct agent_place *, int, char **);
void	agent_state_drop(const struct agent_place *);

#endif /* CTL_AGENT_H */
