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

#ifndef TESTS_FUZZ_CLIENT_H
#define TESTS_FUZZ_CLIENT_H

#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/role.h"

/*
 * A role as its event loop sees it, for targets that feed a control
 * connection: the real tables, handlers, store or rules, without the jail.
 */

static int	fuzz_sup;	/* the supervisor's end */

static void
fuzz_quiet(enum log_level level, const char *text)
{
	/* a role that gives up has met what must not be possible */
	if (level == LOG_LVL_FATAL) {
		(void)!write(2, text, strlen(text));
		abort();
	}
}

static void
fuzz_role(const char *name)
{
	static const struct dispatch	 none[] = { { 0 } };
	int				 sv[2];

	if (sodium_init() == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	signal(SIGPIPE, SIG_IGN);	/* as role_begin() */
	log_init(name, 0);
	log_set_sink(fuzz_quiet);
	role.base = event_base_new();
	role.state = ST_RUNNING;
	role.start.mode = MODE_USER;
	role.start.owner = getuid();
	role.start.groups.client = role.start.groups.audit =
	    role.start.groups.admin = GID_NONE;
	TAILQ_INIT(&role.clients);
	role.sup = peer_new(role.base, sv[0], "supervisor", PEER_FATAL, none,
	    &role.state, MAX_FRAME, 1);
	fuzz_sup = sv[1];
}

static void
fuzz_drain(int fd)
{
	char	buf[65536];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/*
 * One connection of an operator that says hello and then sends the bytes:
 * its first byte is how often the stream is cut.
 */
static void
fuzz_client(struct peer *(*open)(struct msg *), const uint8_t *data,
    size_t len)
{
	struct frame_hdr	hdr = { MSG_CTL_HELLO, sizeof(hdr) + 4, 1, 0 };
	struct caller		caller;
	struct msg		msg;
	uint32_t		version = CTL_VERSION;
	size_t			off, n, step;
	int			sv[2];

	if (len < 2)
		return;
	step = 1 + (size_t)data[0] * 97;
	data++;
	len--;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		abort();
	memset(&caller, 0, sizeof(caller));
	caller.uid = getuid();
	memset(&msg, 0, sizeof(msg));
	msg.data = &caller;
	msg.len = sizeof(caller);
	msg.fd = sv[0];
	if (open(&msg) == NULL)
		abort();
	(void)!write(sv[1], &hdr, sizeof(hdr));
	(void)!write(sv[1], &version, sizeof(version));
	for (off = 0; off < len; off += n) {
		n = len - off < step ? len - off : step;
		if (send(sv[1], data + off, n, MSG_DONTWAIT |
		    MSG_NOSIGNAL) == -1)
			break;
		event_base_loop(role.base, EVLOOP_NONBLOCK);
		fuzz_drain(sv[1]);
	}
	for (n = 0; n < 4; n++) {
		event_base_loop(role.base, EVLOOP_NONBLOCK);
		fuzz_drain(sv[1]);
		fuzz_drain(fuzz_sup);
	}
	close(sv[1]);
	for (n = 0; n < 4; n++)
		event_base_loop(role.base, EVLOOP_NONBLOCK);
	if (role.nclients != 0)
		abort();
}

#endif /* TESTS_FUZZ_CLIENT_H */
