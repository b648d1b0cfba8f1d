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

#ifndef GATEWAYD_WEIGH_H
#define GATEWAYD_WEIGH_H

#include "common/judge.h"
#include "judgepack.h"

/*
 * What a judge's answer is worth.  Pure: nothing here asks, records or
 * decides.
 */

#define MAX_JUDGE_TITLE		160
#define MAX_JUDGE_SAYS		512	/* bytes of a reason, with NUL */
#define MAX_JUDGE_SUPPRESSED	32	/* named; more are counted */
#define MIN_JUDGE_SAMPLE	20	/* bytes trimmed worth a question */

struct judge_finding {
	char		 id[MAX_JUDGE_NAME + 24];	/* JUDGE-INJ-TOKEN */
	char		 title[MAX_JUDGE_NAME];		/* the category */
	enum severity	 severity;
	uint32_t	 entities;	/* personal data: how many */
};

struct judge_hidden {
	char		 by[MAX_JUDGE_NAME + 8];	/* id of suppression */
	char		 id[MAX_JUDGE_NAME];		/* of what it hid */
};

struct judge_opinion {
	enum judge_kind	 kind;
	enum severity	 severity;	/* SEV_NONE: nothing wrong */
	int		 partial;	/* not all is answered: lifts nothing */
	uint32_t	 entities;	/* of all findings */
	uint32_t	 invented;	/* entities that are not in the text */
	size_t		 nfindings;
	struct judge_finding findings[MAX_JUDGE_NAMES];
	uint32_t	 nhidden;	/* all of them */
	struct judge_hidden hidden[MAX_JUDGE_SUPPRESSED];
	char		 reason[MAX_JUDGE_SAYS];	/* "": no finding */
};

/* what was asked, as far as the answer's worth depends on it */
struct judge_question {
	enum judge_kind	 kind;
	enum judge_kind	 about;		/* adjudication: of injection, pii */
	enum judge_direction direction;
	const char	*tool;		/* NULL: none */
	const char	*sample;	/* what the judge was shown */
	size_t		 len;
	size_t		 nnames;
	const char	*names[MAX_JUDGE_NAMES];
};

/*
 * The names a question of this kind may be answered with: the categories that
 * the pack has switched on.  Returns how many; 0: there is nothing to ask.
 */
size_t	 weigh_names(const struct judge_rules *, const char **);

/*
 * Fills the opinion from an answer with status JUDGE_OK.  Marks of names that
 * the question does not have count for nothing.
 */
void	 weigh(const struct judgepack *, const struct judge_question *,
	    const struct judge_said *, struct judge_opinion *);

/* bytes left when white space at both ends is taken away */
size_t	 weigh_trimmed(const char *, size_t);

#endif /* GATEWAYD_WEIGH_H */
