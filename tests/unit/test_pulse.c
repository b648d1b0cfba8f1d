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

#include <sys/socket.h>

#include <event2/event.h>
#include <string.h>

#include "ctl/defenseclawd/pulse.c"
#include "tests/unit/test.h"

/* who is silent is killed: when, and when not */

struct sup		 sup;
static struct proc	 p;
static unsigned int	 kills;

void
proc_kill(struct proc *dead)
{
	CHECK(dead == &p);
	kills++;
}

void
load_settle(void)
{
}

static void
quiet(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
}

/* pulses until it is killed, at most max */
static unsigned int
survives(unsigned int max)
{
	unsigned int	 n;

	for (n = 0; n < max && kills == 0; n++)
		pulse_tick(-1, 0, NULL);
	kills = 0;
	return (n);
}

static void
alive(enum role_id role)
{
	p.role = role;
	pulse_tick(-1, 0, NULL);
	pulse_pong(&p, p.ping);
	CHECK_INT(p.silent, 0);
}

static void
silent(void)
{
	alive(ROLE_GATEWAYD);
	CHECK_INT(survives(1000), MAX_SILENT_PULSES + 1);
	alive(ROLE_AUDITD);
	CHECK_INT(survives(1000), MAX_SILENT_DISK + 1);
}

static void
busy(void)
{
	alive(ROLE_AUDITD);
	pulse_busy(&p, 100);
	CHECK_INT(survives(1000), MAX_SILENT_DISK + 100 + 1);
	/* its next answer ends it */
	alive(ROLE_AUDITD);
	CHECK_INT(survives(1000), MAX_SILENT_DISK + 1);
	/* not for ever */
	alive(ROLE_AUDITD);
	pulse_busy(&p, UINT32_MAX);
	CHECK_INT(survives(10000), MAX_SILENT_DISK + MAX_SILENT_BUSY + 1);
}

int
main(void)
{
	static const struct dispatch	 none[] = { { 0 } };
	int				 sv[2];

	log_set_sink(quiet);
	CHECK((sup.base = event_base_new()) != NULL);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	TAILQ_INIT(&sup.procs);
	TAILQ_INSERT_TAIL(&sup.procs, &p, entry);
	p.state = PROC_READY;
	CHECK((p.peer = peer_new(sup.base, sv[0], "role", PEER_CHILD, none,
	    &sup.state, MAX_FRAME, 1)) != NULL);
	RUN(silent);
	RUN(busy);
	return (0);
}
