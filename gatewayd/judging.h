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

#ifndef GATEWAYD_JUDGING_H
#define GATEWAYD_JUDGING_H

#include "common/judge.h"
#include "gatewayd.h"
#include "triage.h"
#include "weigh.h"

/*
 * Requests that wait for a judge.  No worker waits with them: each is put
 * aside with what was found so far, and is over when its last answer, or the
 * end of its time, has come.
 */

#define MAX_JUDGED_CALLS	3	/* of one request */
#define MAX_WAITING		4096	/* requests */
#define MAX_WAITING_BYTES	(64 * 1024 * 1024)	/* of their texts */
#define WAITING_TICK_MS		200	/* to see who is gone */
#define JUDGE_CONFIDENCE	0.8	/* of a finding that is a judge's */

struct waiting;

struct judged_call {
	struct waiting	*owner;		/* while it is under way */
	uint32_t	 id;		/* the same; 0: it is not */
	enum judge_status status;
	uint32_t	 http;
	uint64_t	 latency_us;
	int		 cached;
	unsigned int	 stripped;	/* pieces the judge did not see */
	uint64_t	 omitted;	/* bytes it did not see */
	uint32_t	 head;		/* bytes before the gap */
	uint32_t	 below;		/* values, too few for this tool */
	char		 reason[MAX_JUDGE_REASON];
	struct judge_opinion *opinion;	/* NULL: none */
	struct judge_question question;
	char		*sample;	/* that it points to */
};

/* how a verdict came about */
struct judged {
	enum strategy	 strategy;
	enum triage	 triage;
	enum course	 plan;
	const char	*why;		/* somebody is asked, or nobody */
	int		 gone;		/* the client did not wait */
	int		 undecided;	/* a call failed: on_error decided */
	int		 unasked;	/* findings that no question is about */
	enum severity	 left;		/* of those no judge need look at */
	const struct detect_result *overruled;	/* NULL: nothing */
	size_t		 ncalls;
	struct judged_call calls[MAX_JUDGED_CALLS];
};

/*
 * judgeplan.c: what is to happen with a text that the rules have looked at,
 * and the questions, if any.  The value is what was looked at, NULL: none.
 */
void	 judging_plan(const struct inspection *, const struct verdict *,
	    const json_t *, struct judged *);

/* appends the prompt of a call */
void	 judging_prompt(const struct inspection *, const struct judged_call *,
	    const struct detect_result *, struct wbuf *);

void	 judging_free(struct judged *);

/*
 * judging.c: puts the request aside and asks as planned; inspect_over() ends
 * it.  Takes over what the plan holds.
 */
void	 judging_begin(const struct asker *, const struct inspection *,
	    const struct verdict *, size_t, uint64_t, struct judged *);
void	 judging_forget(struct peer *);	/* a control connection is gone */
unsigned int	 judging_waiting(void);
void	 judging_init(void);

/*
 * judgesaid.c: failures are events, of which an outage makes no flood: the
 * first of a kind and status at once, then one a window with a count.  To be
 * flushed once a second, and with all before the end.
 */
void	 judging_failures(const struct asker *, const struct judged *);
void	 judging_flush(int);
void	 judging_end(void);		/* says what is left unrecorded */

/* a body that is to be kept */
void	 judging_body(const struct asker *, const struct judged_call *,
	    const char *);

/* members "strategy", "triage" and so on of an open object */
void	 judging_json(struct json_out *, const struct judged *);

#endif /* GATEWAYD_JUDGING_H */
