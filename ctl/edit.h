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

#ifndef CTL_EDIT_H
#define CTL_EDIT_H

#include <stdint.h>

#include "cmd.h"
#include "confedit.h"
#include "treediff.h"

/*
 * The one way in which commands change config.yaml.
 *
 * edit_config() locks the file, has fn make a new text of the old one, and
 * takes the new one only where it is valid.  A file that is read-only, or
 * says "managed: true", is never written: what would be changed is printed
 * and the answer is CTL_PERMISSION.  What is written is written at once or
 * not at all, and is an event of the audit log with the differences, but for
 * secrets.
 *
 * A command fills in the first part and looks at the second; it prints what
 * it has to say of a success itself, edit_config() what is wrong.
 */

struct edit {
	const char	*action;	/* of the event: "config-update" */
	const char	*target;	/* "guardrail.mode", a sink */
	confedit_fn	*fn;		/* confedit.h */
	void		*arg;		/* of fn, before and undo */
	const char	*verb;		/* the event begins with it; or NULL */
	const char	*note;		/* and ends with it; or NULL.  With one
					   there is an event also where the
					   text stays as it is */
	int		 dry_run;	/* print what would be changed */

	/*
	 * Files that have to be there first, such as a token below secrets/:
	 * made when it is certain that the configuration will be written (or
	 * says so already), and undone where it could not be.  NULL: none.
	 */
	int		(*before)(void *, char *, size_t);	/* -1: reason */
	void		(*undo)(void *);

	/* what came of it */
	int		 changed;	/* or would be */
	int		 running;	/* a suite runs: it needs a reload */
	uint64_t	 seq;		/* of the event, 0: it is not there */
	struct treediff	 diff;
};

/* an exit status; edit_free() whatever it is */
int	edit_config(const struct ctl *, struct edit *);

/*
 * May a command change this file below secrets/, with nothing in the
 * configuration: not where that says "managed: true".  CTL_OK, or
 * CTL_PERMISSION after it was said.
 */
int	edit_secrets(const struct ctl *, const char *);
void	edit_free(struct edit *);

#endif /* CTL_EDIT_H */
