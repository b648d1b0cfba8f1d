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

#include <event2/event.h>

#include "ctl/defenseclawd/defenseclawd.h"

/*
 * The kernel tells of a role that died, nobody of one that hangs: each is
 * asked once a second, from its loop it answers, and who is silent for long
 * is killed and started again.  What is counted are our own turns, so that a
 * host that slept accuses nobody.
 */

static struct event	*pulse_ev;

void
pulse_ping(struct proc *p)
{
	if (p->peer == NULL || peer_send(p->peer, MSG_PING, sup.pings + 1, -1,
	    NULL, 0) == -1)
		return;
	p->ping = ++sup.pings;
}

void
pulse_pong(struct proc *p, uint32_t id)
{
	/* one that was never sent answers nothing */
	if (id > p->ping || id <= p->pong)
		return;
	p->pong = id;
	p->silent = p->patience = 0;
	load_settle();
}

/* until its next answer, which comes when that is over */
void
pulse_busy(struct proc *p, uint32_t seconds)
{
	if (p->patience == 0)
		log_debug("%s[%d]: may be silent for %u s", p->instance,
		    (int)p->pid, seconds);
	p->patience = seconds < MAX_SILENT_BUSY ? seconds * 1000 / PULSE_MS :
	    MAX_SILENT_BUSY;
}

static unsigned int
pulse_limit(const struct proc *p)
{
	if (p->state == PROC_STARTING)
		return (MAX_SILENT_START);
	if (p->role == ROLE_AUDITD || p->role == ROLE_SIGNER)
		return (MAX_SILENT_DISK + p->patience);
	return (p->pong < p->barrier ? MAX_FOLLOW_PULSES : MAX_SILENT_PULSES);
}

static void
pulse_tick(evutil_socket_t fd, short what, void *arg)
{
	struct proc	*p;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(p, &sup.procs, entry) {
		if (p->peer == NULL || p->exited)
			continue;
		/* auditd may have to wait there, and loads have a deadline */
		if (p->state == PROC_STARTING && p->role != ROLE_GATEWAYD &&
		    p->role != ROLE_SIGNER)
			continue;
		if (p->state != PROC_STARTING && p->pong == p->ping) {
			p->silent = 0;
			pulse_ping(p);
			continue;
		}
		if (++p->silent < pulse_limit(p))
			continue;
		log_warnx("%s[%d]: has not answered for %u s: killed",
		    p->instance, (int)p->pid, p->silent * PULSE_MS / 1000);
		p->silent = 0;
		proc_kill(p);
	}
}

void
pulse_start(void)
{
	struct timeval	tv = { PULSE_MS / 1000, PULSE_MS % 1000 * 1000 };

	pulse_ev = event_new(sup.base, -1, EV_PERSIST, pulse_tick, NULL);
	if (pulse_ev == NULL || event_add(pulse_ev, &tv) == -1)
		fatalx("timer");
}
