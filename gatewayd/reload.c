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

#include <string.h>

#include "gatewayd.h"

/*
 * Reloads that operators wait for.  The supervisor puts those together that
 * come while one is under way; each is answered for itself, in its order.
 */
struct reload {
	struct peer	*ctl;		/* NULL: a free place */
	uint32_t	 ctl_id;
	uint32_t	 id;
};
#define MAX_RELOADS	64	/* as many as the supervisor keeps */
static struct reload	reloads[MAX_RELOADS];
static uint32_t		reload_ids;

void
reload_ask(struct peer *ctl, uint32_t ctl_id)
{
	struct request	 rq;
	size_t		 i;

	for (i = 0; i < MAX_RELOADS; i++)
		if (reloads[i].ctl == NULL)
			break;
	if (i == MAX_RELOADS) {
		peer_error(ctl, ctl_id, CTL_FAILURE, "too many wait for a "
		    "reload already: try again");
		return;
	}
	memset(&rq, 0, sizeof(rq));
	rq.kind = REQ_RELOAD;
	rq.id = ++reload_ids;
	if (peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq)) == -1) {
		peer_error(ctl, ctl_id, CTL_FAILURE, "the supervisor takes "
		    "no request: try again");
		return;
	}
	reloads[i].ctl = ctl;
	reloads[i].ctl_id = ctl_id;
	reloads[i].id = rq.id;
}

/* the connection is gone, and its address may be another's soon */
void
reload_forget(struct peer *ctl)
{
	size_t	i;

	for (i = 0; i < MAX_RELOADS; i++)
		if (reloads[i].ctl == ctl)
			reloads[i].ctl = NULL;
}

void
reload_done(struct peer *sup, struct msg *msg)
{
	struct request_done	 done;
	struct peer		*p;
	size_t			 i;

	(void)sup;
	if (msg_get(msg, &done, sizeof(done)) == -1)
		return;
	done.text[sizeof(done.text) - 1] = '\0';
	for (i = 0; i < MAX_RELOADS; i++)
		if (reloads[i].ctl != NULL && reloads[i].id == done.id)
			break;
	if (i == MAX_RELOADS)
		return;
	p = reloads[i].ctl;
	reloads[i].ctl = NULL;
	if (done.code != CTL_OK)
		peer_error(p, reloads[i].ctl_id, done.code, "%s", done.text);
	else
		peer_done(p, reloads[i].ctl_id, CTL_OK);
}
