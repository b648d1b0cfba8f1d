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

#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sealed.h"
#include "gatewayd.h"
#include "judgepack.h"

struct gatewayd	gatewayd = { .tcp = -1, .unix_http = -1 };

/*
 * Traffic is taken when there are rules, lists and a log, and not before.
 */
void
serve_if_ready(void)
{
	if (gatewayd.serving || gatewayd.rules == NULL || !lists_ready() ||
	    !(gatewayd.store.ok || gatewayd.store.full) ||
	    role.state != ST_RUNNING)
		return;
	gatewayd.serving = 1;
	/* no token, no TCP */
	if (gatewayd.tcp != -1 && gatewayd.token.data != NULL &&
	    conn_listen(gatewayd.server, gatewayd.tcp) == -1)
		fatal("listen");
	if (gatewayd.unix_http != -1 &&
	    conn_listen(gatewayd.server, gatewayd.unix_http) == -1)
		fatal("listen");
	peer_send(role.sup, MSG_SERVING, 0, -1, NULL, 0);
}

void
serve_rules_hold(struct ruleset *r)
{
	r->holds++;
}

void
serve_rules_drop(struct ruleset *r)
{
	if (--r->holds != 0)
		return;
	detect_close(r->detect);
	judgepack_close(r->judge);
	sealed_unmap(r->map, r->len);
	free(r);
}

/*
 * A new matcher database, taken over between two requests.  Requests that
 * wait for a judge keep the one they were looked at with.
 */
void
serve_rules(int fd, uint64_t generation)
{
	struct ruleset	*r;
	const void	*judge;
	size_t		 len;
	char		 err[256];

	if ((r = calloc(1, sizeof(*r))) == NULL)
		fatal("rules");
	r->map = sealed_map(fd, MAX_SEALED, &r->len);
	close(fd);
	if (r->map == NULL)
		fatal("rules");
	if ((r->detect = detect_open(r->map, r->len, err,
	    sizeof(err))) == NULL)
		fatalx("rules: %s", err);
	judge = detect_judge(r->detect, &len);
	if ((r->judge = judgepack_open(judge, len, err, sizeof(err))) == NULL)
		fatalx("rules: %s", err);
	r->len = sealed_trim(r->map, r->len, detect_kept(r->detect));
	r->generation = generation;
	r->holds = 1;
	if (gatewayd.rules != NULL)
		serve_rules_drop(gatewayd.rules);
	gatewayd.rules = r;
}
