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

#ifndef GATEWAYD_JUDGELINK_H
#define GATEWAYD_JUDGELINK_H

#include <stdint.h>

#include "common/judge.h"
#include "common/peer.h"

/*
 * The edge to the judge's process.  Nobody waits in a call: a question is
 * answered by a callback, once, in the loop.
 */

#define MAX_JUDGE_ASKED		8192	/* questions of a worker under way */
#define JUDGE_GRACE_MS		1000	/* beyond a deadline: no answer */

struct msg;

/* a new edge; the one before it stays until its end is seen */
void	 judgelink_edge(struct msg *, struct peer_end *);
int	 judgelink_up(void);

/*
 * An id, or 0 when there is nobody to ask or too much is asked already: then
 * nobody is called.  Strings of the question are not needed any longer.
 */
uint32_t judgelink_ask(const struct judge_ask *,
	    void (*)(void *, const struct judge_said *), void *);
void	 judgelink_forget(uint32_t);	/* no answer is wanted any more */
unsigned int	 judgelink_asked(void);

/* judgetest.c: MSG_CTL_JUDGE_TEST of an operator */
void	 judgetest_ask(struct peer *, struct msg *);
void	 judgetest_forget(struct peer *);

#endif /* GATEWAYD_JUDGELINK_H */
