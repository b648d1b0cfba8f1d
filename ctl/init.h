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

#ifndef CTL_INIT_H
#define CTL_INIT_H

#include "ctl/paths.h"
#include "ctl/schema.h"

/*
 * The file part of `defenseclawctl init`: makes what is missing and touches
 * nothing that is there.  Never uses the network; run again it changes
 * nothing.
 */

#define MAX_INIT_STEPS	48
#define MAX_INIT_TEXT	384
#define MIN_TOKEN	16	/* shortest gateway token we take over */
#define MAX_TOKEN	512	/* longest, without NUL */

enum init_what {
	INIT_MADE,
	INIT_KEPT,
	INIT_NOTE,	/* worth knowing */
	INIT_WARN,	/* something should be looked at */
	INIT_FAILED	/* could not be done; the rest was tried */
};

struct init_step {
	enum init_what	 what;
	char		 subject[MAX_CONF_PATH];	/* a path or a topic */
	char		 text[MAX_INIT_TEXT];	/* may be empty */
};

struct init_result {
	int			 nsteps;
	int			 nfailed;
	struct init_step	 steps[MAX_INIT_STEPS];
};

/*
 * Returns 0 when everything is in place, -1 when a step failed.  The mode is
 * written into a new config.yaml; an existing one keeps its own.
 */
int	init_run(const struct paths *, enum conf_mode, struct init_result *);

/* "made", "kept", "note", "warning", "failed" */
const char	*init_what_name(enum init_what);

/* the config.yaml of a new installation; etc/config.yaml is its copy */
extern const char	 init_template[];

/*
 * Is this a token a gateway may be run with: length, printable ASCII, not
 * one of the words people put there.  0, or -1 with a reason.
 */
int	init_token_check(const char *, char *, size_t);

#endif /* CTL_INIT_H */
