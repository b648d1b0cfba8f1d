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

#include <stdint.h>

#include "common/sealed.h"
#include "gatewayd/gatewayd.h"
#include "tests/fuzz/client.h"
#include "tests/unit/pack.h"

/*
 * Calls of gatewayd's routes over a control connection: framing, JSON
 * bodies, inspection, events, batches, with a real matcher and an auditd
 * that takes everything.
 */

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int	audit_end;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char	 rules[] = "version: 1\ncategory: command\n"
	    "rules:\n  - id: CMD-A\n    pattern: 'curl[^|]{0,40}\\|\\s*sh'\n"
	    "    title: a\n    severity: CRITICAL\n    confidence: 0.9\n";
	struct conn_limits	 lim;
	static struct pack	 pack;
	int			 sv[2];

	(void)argc;
	(void)argv;
	fuzz_role("gatewayd");
	pack_init(&pack);
	pack_file(&pack, "rules/commands.yaml", rules);
	pack_load(&pack);
	serve_rules(sealed_create("rules", pack.image, pack.imagelen), 1);
	strlcpy(gatewayd.rec.token_name, "t", sizeof(gatewayd.rec.token_name));
	gatewayd.rec.mode = GATEWAY_ACTION;
	stamp_init(&gatewayd.stamp, &gatewayd.suite);
	if (redact_init(&gatewayd.redactor, "key", 3) == -1)
		abort();
	conn_limits_default(&lim);
	gatewayd.server = conn_server_new(role.base, &lim, &api_ops, NULL);
	record_init();
	gatewayd.store.ok = 1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	record_edge(peer_new(role.base, sv[0], "auditd", PEER_FATAL,
	    from_auditd, &role.state, MAX_FRAME, 0));
	audit_end = sv[1];
	return (0);
}

static struct peer *
open_client(struct msg *msg)
{
	struct peer	*p = role_control(msg, api_from_client, MAX_FRAME_BIG,
	    api_control_refused);

	if (p != NULL)
		api_control(p);
	return (p);
}

/* acknowledges every event, and checks that each decodes */
static void
audit_all(void)
{
	static uint8_t		 buf[1024 * 1024];
	static size_t		 have;
	struct frame_hdr	 hdr, out;
	struct appended		 a;
	struct event		 ev;
	ssize_t			 n;
	size_t			 off = 0;

	n = recv(audit_end, buf + have, sizeof(buf) - have, MSG_DONTWAIT);
	if (n > 0)
		have += (size_t)n;
	while (have - off >= sizeof(hdr)) {
		memcpy(&hdr, buf + off, sizeof(hdr));
		if (have - off < hdr.len)
			break;
		if (hdr.type == MSG_APPEND) {
			if (event_decode(&ev, buf + off + sizeof(hdr),
			    hdr.len - sizeof(hdr)) == -1)
				abort();
			memset(&out, 0, sizeof(out));
			out.type = MSG_APPENDED;
			out.len = sizeof(out) + sizeof(a);
			memset(&a, 0, sizeof(a));
			memcpy(a.id, ev.id, sizeof(a.id));
			a.seq = 1;
			(void)!write(audit_end, &out, sizeof(out));
			(void)!write(audit_end, &a, sizeof(a));
		}
		off += hdr.len;
	}
	memmove(buf, buf + off, have - off);
	have -= off;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_client(open_client, data, len);
	audit_all();
	event_base_loop(role.base, EVLOOP_NONBLOCK);
	return (0);
}
