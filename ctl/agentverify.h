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

#ifndef CTL_AGENTVERIFY_H
#define CTL_AGENTVERIFY_H

#include "agent.h"

/*
 * Whether a client is really gated: a call goes through its own configured
 * command, and every known way to be installed and gate nothing is looked
 * for.
 */

#define MAX_AGENT_CHECKS	16
#define MAX_AGENT_SEEN		(PATH_MAX + 512)

enum agent_grade { CHECK_PASS, CHECK_WARN, CHECK_FAIL };

struct agent_check {
	const char		*id;
	enum agent_grade	 grade;
	char			 seen[MAX_AGENT_SEEN];
	char			 todo[MAX_AGENT_SEEN];	/* "": nothing */
};

const char	*agent_grade(enum agent_grade);

/* how many checks there are; of the id alone, unless it is NULL */
int	 agent_verify(const struct agent_def *, const struct paths *,
	    const char *, struct agent_check [MAX_AGENT_CHECKS]);

/* does a call pass that nobody decides? */
int	 agent_fails_open(const struct agent_def *, const struct paths *);

/* "managed", "user", "-": where its hooks are set up */
const char	*agent_where(const struct agent_def *, const struct paths *);

/* the client's program in PATH; 0, or -1 */
int	 agent_program(const struct agent_def *, char *, size_t);

/* is our hook in this place's file? */
int	 agent_is_in(const struct agent_place *);

#endif /* CTL_AGENTVERIFY_H */
