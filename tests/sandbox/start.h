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

#ifndef TESTS_SANDBOX_START_H
#define TESTS_SANDBOX_START_H

#include "common/proto.h"
#include "ctl/paths.h"
#include "tests/sandbox/probe.h"

/*
 * A supervisor for probes: starts the real role programs with the words and
 * the descriptors that ctl/defenseclawd gives them, one probe per process.
 * It lacks the supervisor's own filter and reduced capabilities, which the
 * roles of a real suite inherit on top, and which would answer here in the
 * place of a layer that is left out.
 */

/*
 * Who is started: a role, and of sinks one for each promise they have.
 */
enum {
	SUBJECT_LOCAL = ROLE_COUNT,	/* ROLE_SINK is the one with a network */
	SUBJECT_DIR,
	SUBJECT_COUNT
};

enum role_id	 subject_role(unsigned int);
const char	*subject_name(unsigned int);	/* "gatewayd", "sink-local" */

/* what the short-lived roles made: all that starts the others */
struct made {
	struct plan	 plan;
	int		 records[SUBJECT_COUNT];
	int		 pack;
	int		 rules;
};

/* what one worker's processes are started with */
struct site {
	int		 system;	/* mode; else user mode as who we are */
	char		 top[64];
	struct paths	 paths;		/* of an initialised home */
	int		 tcp;
	int		 unix_http;
	uint16_t	 receiver;	/* port of the sink with a network */
	struct probe_env env;
};

struct tried {
	int			 outcome;	/* probe_outcome() */
	int			 entered;	/* and state is its word */
	struct sandbox_state	 state;
};

/* every role may do without Landlock, as the configuration can say */
extern int	 site_no_landlock;

/*
 * 0, or -1 after saying why; what was made goes with site_close().  Sites
 * share the receiver of the first.
 */
int	 site_open(struct site *, int);
void	 site_close(struct site *);

/* starts confc and rulec as a start of the suite does; 0 or -1 as above */
int	 site_load(const struct site *, struct made *);

/*
 * Starts a role with this probe and waits for its end.  The environment of
 * the probe must have been opened in site->env by this process.
 */
void	 site_try(struct site *, const struct made *, unsigned int,
	    const struct probe_request *, struct tried *);

#endif /* TESTS_SANDBOX_START_H */
