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

#ifndef CTL_SETUP_H
#define CTL_SETUP_H

#include <jansson.h>

#include "cmd.h"
#include "edit.h"
#include "schema.h"
#include "sinktoken.h"

/*
 * What the setup commands for sections share: options that are keys, answers
 * on a terminal, and one change of the file with all of them.
 */

#define MAX_SETUP_VALUES	32
#define MAX_SETUP_NOTES		8

struct setup_value {
	const struct key	*key;
	char			 value[MAX_CONF_VALUE];
};

struct setup {
	const struct ctl	*c;
	const char		*target;	/* of the event: a section */
	int			 ask;		/* somebody is there to ask */
	struct conf		 was, conf;	/* before, and after */
	int			 n;
	struct setup_value	 v[MAX_SETUP_VALUES];
	int			 nnotes;
	const char		*notes[MAX_SETUP_NOTES];
	/* goes into secrets/ with the change: sodium_malloc'd, or NULL */
	char			*secret;
	const char		*secret_name;
	const char		*secret_old;	/* where that goes which it
						   replaces; NULL: nowhere */
	int			 secret_written;
	struct sinktoken_was	 secret_was, old_was;
	/*
	 * Puts values that follow from what the file says: called with it
	 * locked, and "was" read again.  -1: reason.  NULL: there are none
	 */
	int			(*follow)(struct setup *, char *, size_t);
};

/*
 * Puts the options of all of them, and an end, into a table with so much
 * room.  Each is an option of the commands whose rows have SETUP_KEYS.
 */
void	setup_define(struct option_def *, int);

/* is option i from the first of them on one of this command */
int	setup_takes(const struct cmd *, int);

/* the value of one that is no key; NULL when it was not given */
const char	*setup_option(const struct ctl *, const char *);

/*
 * Reads the configuration and takes the options that were given; the event
 * of a change is about the section named here.  CTL_OK, or the exit status.
 */
int	setup_begin(struct setup *, struct ctl *, const char *);

/* a value for a key; a reason is said.  CTL_OK, or CTL_USAGE */
int	setup_put(struct setup *, const char *, const char *);

/* was it given as an option, or put */
int	setup_has(const struct setup *, const char *);

/*
 * Asks for a key that was not given, with its value in brackets.  Nothing is
 * asked where nobody is.
 */
int	setup_ask(struct setup *, const char *, const char *);

/* for people, and in "notes"; a literal */
void	setup_note(struct setup *, const char *);

/*
 * Shows what would change, or changes it, records it, and has a running
 * suite read it.  Frees the secret.
 */
int	setup_end(struct setup *);

/*
 * What was written is put in force, unless --no-reload; what came of it is
 * said and goes into the object.  CTL_OK, or the exit status.
 */
int	setup_in_force(const struct ctl *, const struct edit *, json_t *);

/* setup_judge.c: the strategies, the general one first */
#define SETUP_STRATEGIES	4
extern const char *const setup_strategies[SETUP_STRATEGIES];

/* questions, and what follows from all that was said; an exit status */
int	setup_judge_ask(struct setup *);
int	setup_judge(struct setup *);

#endif /* CTL_SETUP_H */
