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

#include <unistd.h>

#include "common/log.h"
#include "common/sealed.h"
#include "gatewayd.h"

struct gatewayd	gatewayd = { .tcp = -1, .unix_http = -1 };

/*
 * Traffic is taken when there are rules, lists and a log, and not before.
 */
void
serve_if_ready(void)
{
	if (gatewayd.serving || gatewayd.detect == NULL || !lists_ready() ||
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

/*
 * A new matcher database, taken over between two requests.
 */
void
serve_rules(int fd, uint64_t generation)
{
	struct detect	*d;
	const void	*map;
	size_t		 len;
	char		 err[256];

	map = sealed_map(fd, MAX_SEALED, &len);
	close(fd);
	if (map == NULL)
		fatal("rules");
	if ((d = detect_open(map, len, err, sizeof(err))) == NULL)
		fatalx("rules: %s", err);
	if (gatewayd.detect != NULL) {
		detect_close(gatewayd.detect);
		sealed_unmap(gatewayd.rules_map, gatewayd.rules_len);
	}
	gatewayd.detect = d;
	gatewayd.rules_map = map;
	gatewayd.rules_len = sealed_trim(map, len, detect_kept(d));
	gatewayd.rules_generation = generation;
}
