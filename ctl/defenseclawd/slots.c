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
#include <sys/wait.h>

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "ctl/defenseclawd/defenseclawd.h"

/* who talks to whom; nobody else can */
static const struct {
	enum role_id	a;
	enum role_id	b;
} edges[] = {
	{ ROLE_GATEWAYD, ROLE_AUDITD },
	{ ROLE_AUDITD,	 ROLE_SIGNER },
	{ ROLE_SINK,	 ROLE_AUDITD },
	{ ROLE_SINK,	 ROLE_RESOLVER },
	{ ROLE_GATEWAYD, ROLE_JUDGE },
	{ ROLE_JUDGE,	 ROLE_RESOLVER },
};

static struct slot *
slot_add(enum role_id id, unsigned int index)
{
	struct slot	*s;

	if (sup.nslots == MAX_SLOTS)
		fatalx("too many processes");
	s = &sup.slots[sup.nslots++];
	memset(s, 0, sizeof(*s));
	s->role = id;
	s->index = index;
	s->control = -1;
	if (id == ROLE_GATEWAYD)
		snprintf(s->instance, sizeof(s->instance), "%s.%u",
		    role_name(id), index);
	else
		strlcpy(s->instance, role_name(id), sizeof(s->instance));
	return (s);
}

/* those that other hosts are behind: the suite serves without them */
static int
is_egress(enum role_id id)
{
	return (id == ROLE_SINK || id == ROLE_RESOLVER || id == ROLE_JUDGE);
}

/*
 * The places to fill.  Workers beyond the wanted number stay as places
 * without a process: a later configuration may want them again.
 */
void
slots_make(void)
{
	unsigned int	i;

	slot_add(ROLE_SIGNER, 0);
	slot_add(ROLE_AUDITD, 0);
	for (i = 1; i <= MAX_WORKERS; i++)
		slot_add(ROLE_GATEWAYD, i);
	slot_add(ROLE_RESOLVER, 0);
	slot_add(ROLE_JUDGE, 0);
	for (i = 0; i < MAX_SINKS; i++)
		slot_add(ROLE_SINK, i);
}

static int
slot_wanted(const struct slot *s)
{
	if (sup.stopping || !sup.now.have_plan)
		return (0);
	switch (s->role) {
	case ROLE_GATEWAYD:
		return (s->index <= sup.now.plan.workers);
	case ROLE_SINK:
		return (s->sink[0] != '\0' && sink_index(s->sink) != -1);
	case ROLE_RESOLVER:
		return (resolver_wanted());
	case ROLE_JUDGE:
		return (sup.now.plan.judge.name[0] != '\0');
	default:
		return (1);
	}
}

static void
slot_due(evutil_socket_t fd, short what, void *arg)
{
	struct slot	*s = arg;

	(void)fd;
	(void)what;
	if (s->proc == NULL && slot_wanted(s))
		slot_start(s);
}

static void
slot_later(struct slot *s, unsigned int ms)
{
	struct timeval	tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	s->retry_ms = clock_ms() + ms;
	if (s->timer == NULL)
		s->timer = evtimer_new(sup.base, slot_due, s);
	if (s->timer == NULL || evtimer_add(s->timer, &tv) == -1)
		fatalx("%s: timer", s->instance);
}

static void
hand_secrets(struct proc *p)
{
	const struct plan_secret	*ps;
	uint32_t			 i;

	for (i = 0; i < sup.now.plan.nsecrets; i++) {
		ps = &sup.now.plan.secrets[i];
		if (ps->role == p->role)
			spawn_hand(p, SFD_SECRET, ps->name,
			    sup.now.secrets[i].fd);
	}
	if (p->role == ROLE_SIGNER)
		spawn_hand(p, SFD_SECRET, "device.key",
		    sup.now.device_key.fd);
}

static void
hand_dir(struct proc *p, enum start_fd_kind kind, const char *path)
{
	int	fd;

	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW)) == -1) {
		log_warn("%s: %s", p->instance, path);
		return;
	}
	spawn_hand(p, kind, NULL, fd);
	close(fd);
}

/*
 * In system mode a role's root is its own directory, or the empty one; in
 * user mode there is no other root, and nothing may lie around unused.
 */
static void
hand_dirs(struct proc *p)
{
	char		 empty[MAX_CONF_PATH];
	const char	*own = NULL;

	if (p->role == ROLE_AUDITD)
		own = sup.paths.audit;
	else if (p->role == ROLE_SIGNER)
		own = sup.paths.sign;
	if (own != NULL)
		hand_dir(p, SFD_DIR, own);
	if (!sup.paths.system)
		return;
	if (own != NULL)
		hand_dir(p, SFD_ROOT, own);
	else if (paths_join(empty, sizeof(empty), sup.paths.run,
	    "empty") == 0)
		hand_dir(p, SFD_ROOT, empty);
}

void
slot_start(struct slot *s)
{
	struct proc	*p;
	int		 fd;

	if ((p = spawn(s->role, s, s->instance)) == NULL) {
		/* a suite that ran waits for better times */
		if (sup.ready) {
			slot_later(s, MAX_BACKOFF_MS);
			return;
		}
		log_warnx("cannot start: %s", s->instance);
		sup.status = CTL_CONFIG;
		slots_stop();
		return;
	}
	s->proc = p;
	if (s->role != ROLE_SINK && s->role != ROLE_JUDGE)
		spawn_hand(p, SFD_RECORDS, NULL, sup.now.records[s->role]);
	hand_dirs(p);
	hand_secrets(p);
	switch (s->role) {
	case ROLE_GATEWAYD:
		spawn_hand(p, SFD_LISTEN_TCP, NULL, sup.tcp);
		spawn_hand(p, SFD_LISTEN_UNIX, NULL, sup.unix_http);
		spawn_hand(p, SFD_RULES, NULL, sup.now.rules);
		break;
	case ROLE_SINK:
		sink_hand(p);
		break;
	case ROLE_RESOLVER:
		resolver_hand(p);
		break;
	case ROLE_JUDGE:
		judge_hand(p);
		break;
	case ROLE_AUDITD:
		spawn_hand(p, SFD_PUBKEY, NULL, sup.now.device_pub);
		spool_hand(p);
		if ((fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC |
		    O_NOFOLLOW)) != -1) {
			spawn_hand(p, SFD_MACHINE_ID, NULL, fd);
			close(fd);
		}
		break;
	default:
		break;
	}
	spawn_go(p);
	roster_send();
}

static void
edge_make(struct proc *a, struct proc *b)
{
	struct peer_end	 to_a, to_b;
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1) {
		log_warn("%s, %s: socketpair", a->instance, b->instance);
		return;
	}
	memset(&to_a, 0, sizeof(to_a));
	memset(&to_b, 0, sizeof(to_b));
	to_a.role = b->role;
	to_a.incarnation = b->incarnation;
	strlcpy(to_a.instance, b->instance, sizeof(to_a.instance));
	to_b.role = a->role;
	to_b.incarnation = a->incarnation;
	strlcpy(to_b.instance, a->instance, sizeof(to_b.instance));
	peer_send(a->peer, MSG_PEER, 0, sv[0], &to_a, sizeof(to_a));
	peer_send(b->peer, MSG_PEER, 0, sv[1], &to_b, sizeof(to_b));
}

static void
edges_make(struct proc *p)
{
	struct proc	*o;
	size_t		 i;

	TAILQ_FOREACH(o, &sup.procs, entry) {
		if (o == p || o->state == PROC_STARTING || o->peer == NULL ||
		    (o->state == PROC_DRAINING && o->role != ROLE_GATEWAYD))
			continue;
		for (i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
			if ((edges[i].a == p->role && edges[i].b == o->role) ||
			    (edges[i].b == p->role && edges[i].a == o->role))
				edge_make(p, o);
	}
}

/*
 * A death stays with us until auditd has it in the log: one that is killed
 * before then leaves it to its successor.
 */
static void
deaths_send(void)
{
	struct proc	*p;
	unsigned int	 i;

	TAILQ_FOREACH(p, &sup.procs, entry)
		if (p->role == ROLE_AUDITD && p->state == PROC_READY)
			break;
	if (p == NULL || p->peer == NULL)
		return;
	if (sup.deaths_to != p->incarnation) {
		sup.deaths_to = p->incarnation;
		sup.deaths_sent = 0;
	}
	for (i = sup.deaths_sent; i < sup.ndeaths; i++)
		peer_send(p->peer, MSG_DEATH, 0, -1, &sup.deaths[i],
		    sizeof(sup.deaths[i]));
	sup.deaths_sent = sup.ndeaths;
}

void
deaths_kept(uint32_t incarnation)
{
	unsigned int	i;

	for (i = 0; i < sup.deaths_sent; i++)
		if (sup.deaths[i].incarnation == incarnation)
			break;
	if (i == sup.deaths_sent)
		return;
	sup.deaths_sent--;
	sup.ndeaths--;
	memmove(&sup.deaths[i], &sup.deaths[i + 1],
	    (sup.ndeaths - i) * sizeof(sup.deaths[0]));
}

static void
roster_death(struct roster_entry *e, const struct slot *s)
{
	uint64_t	now = clock_ms();

	e->restarts = s->restarts;
	e->in_a_row = s->quick;
	e->died_us = s->died_us;
	if (s->proc == NULL && s->retry_ms > now)
		e->retry_ms = (uint32_t)(s->retry_ms - now);
	strlcpy(e->why, s->why, sizeof(e->why));
}

static void
roster_proc(struct roster_entry *e, const struct proc *p)
{
	strlcpy(e->instance, p->instance, sizeof(e->instance));
	e->role = p->role;
	e->pid = (uint32_t)p->pid;
	e->uid = p->uid;
	e->state = p->state;
	e->incarnation = p->incarnation;
	e->started_us = p->started_us;
	e->sandbox = p->sandbox;
	if (p->slot != NULL)
		roster_death(e, p->slot);
}

/*
 * A place that is empty: it waits for its next try.
 */
static void
roster_down(struct roster_entry *e, const struct slot *s)
{
	strlcpy(e->instance, s->instance, sizeof(e->instance));
	e->role = s->role;
	e->uid = sup.uids[s->role];
	roster_death(e, s);
}

/*
 * Tells auditd who lives and who does not, for `status'; and the signer,
 * which answers that when it is auditd that does not start.
 */
void
roster_send(void)
{
	static struct roster	 r;
	struct roster_entry	*e;
	struct proc		*p;
	unsigned int		 i;

	memset(&r, 0, sizeof(r));
	r.mode = sup.paths.system ? MODE_SYSTEM : MODE_USER;
	r.generation = sup.now.generation;
	r.rules_generation = sup.rules_generation;
	strlcpy(r.conf_hash, sup.now.plan.conf_hash, sizeof(r.conf_hash));
	e = &r.entry[r.count++];
	strlcpy(e->instance, "supervisor", sizeof(e->instance));
	e->role = ROLE_SUPERVISOR;
	e->pid = (uint32_t)getpid();
	e->uid = getuid();
	e->state = PROC_READY;
	e->started_us = sup.started_us;
	/* first those whose place it is: of old ones there may be many */
	for (i = 0; i < sup.nslots; i++)
		if (sup.slots[i].proc != NULL)
			roster_proc(&r.entry[r.count++], sup.slots[i].proc);
		else if (slot_wanted(&sup.slots[i]))
			roster_down(&r.entry[r.count++], &sup.slots[i]);
	TAILQ_FOREACH(p, &sup.procs, entry)
		if ((p->slot == NULL || p->slot->proc != p) &&
		    r.count < MAX_PROCS)
			roster_proc(&r.entry[r.count++], p);
	TAILQ_FOREACH(p, &sup.procs, entry)
		if ((p->role == ROLE_AUDITD || p->role == ROLE_SIGNER) &&
		    p->state == PROC_READY && p->peer != NULL)
			peer_send(p->peer, MSG_ROSTER, 0, -1, &r, sizeof(r));
}

int
slots_complete(void)
{
	const struct slot	*s;
	unsigned int		 i;

	for (i = 0; i < sup.nslots; i++) {
		s = &sup.slots[i];
		/* a receiver that is away is no reason not to serve */
		if (!slot_wanted(s) || is_egress(s->role))
			continue;
		if (s->proc == NULL || s->proc->state != PROC_READY ||
		    (s->role == ROLE_GATEWAYD && !s->proc->serving))
			return (0);
	}
	return (1);
}

/*
 * The successor serves: now its predecessors may finish.
 */
static void
drain_old(const struct proc *new)
{
	struct proc	*p;

	TAILQ_FOREACH(p, &sup.procs, entry)
		if (p->role == ROLE_GATEWAYD && p->slot == NULL &&
		    p->state == PROC_READY &&
		    strcmp(p->instance, new->instance) == 0)
			proc_stop(p, MSG_DRAIN, MAX_DRAIN_MS);
}

/*
 * A role said READY, or (gatewayd) SERVING.
 */
void
role_ready(struct proc *p)
{
	if (!p->serving) {
		log_debug("%s[%d]: ready", p->instance, (int)p->pid);
		outbox_send(p);
		edges_make(p);
		rules_push(p);
	} else
		drain_old(p);
	roster_send();
	deaths_send();
	if (!sup.ready && !sup.stopping && slots_complete()) {
		sup.ready = 1;
		log_info("ready");
		notify_ready(sup.ready_fd);
		sup.ready_fd = -1;
		logfile_detach();
	}
	load_settle();
}

static void
death_note(const struct proc *p)
{
	struct death	*d;

	if (sup.ndeaths == MAX_PENDING_DEATHS)
		return;		/* the log has it; auditd is long away */
	d = &sup.deaths[sup.ndeaths++];
	memset(d, 0, sizeof(*d));
	d->role = p->role;
	d->pid = (uint32_t)p->pid;
	d->incarnation = p->incarnation;
	d->status = p->status;
	d->was_ready = p->ready_ms != 0;
	d->expected = (uint32_t)p->expected;
	d->lived_ms = clock_ms() - p->started_ms;
	d->suite_us = sup.started_us;
	strlcpy(d->instance, p->instance, sizeof(d->instance));
}

static unsigned int
backoff(unsigned int quick)
{
	unsigned int	ms = MIN_BACKOFF_MS, i;

	if (quick < 2)
		return (0);
	for (i = 2; i < quick && ms < MAX_BACKOFF_MS; i++)
		ms *= 2;
	return (ms < MAX_BACKOFF_MS ? ms : MAX_BACKOFF_MS);
}

/*
 * The next to go when the suite ends: first what takes traffic, last what
 * seals the log.
 */
static void
stop_next(void)
{
	static const enum role_id order[] = {
		ROLE_GATEWAYD, ROLE_JUDGE, ROLE_SINK, ROLE_RESOLVER,
		ROLE_AUDITD, ROLE_SIGNER
	};
	struct proc	*p;
	size_t		 i;
	int		 left;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		left = 0;
		TAILQ_FOREACH(p, &sup.procs, entry) {
			if (p->role != order[i])
				continue;
			left++;
			if (p->expected < 2) {
				proc_stop(p, MSG_SHUTDOWN,
				    p->role == ROLE_SIGNER ?
				    MAX_SIGNER_STOP_MS : MAX_STOP_MS);
				p->expected = 2;
			}
		}
		if (left != 0)
			return;
	}
	if (TAILQ_EMPTY(&sup.procs))
		event_base_loopbreak(sup.base);
}

void
role_dead(struct proc *p)
{
	struct slot	*s = p->slot;

	/* told at once: it may be the one that ends the suite */
	if (!p->expected) {
		death_note(p);
		deaths_send();
	}
	if (s != NULL && s->proc == p) {
		s->proc = NULL;
		if (!p->expected) {
			s->restarts++;
			s->died_us = clock_wall_us();
			proc_epitaph(p, s->why, sizeof(s->why));
			if (p->ready_ms == 0 || clock_ms() - p->ready_ms <
			    QUICK_DEATH_MS)
				s->quick++;
			else
				s->quick = 0;
		}
		if (s->quick >= MAX_QUICK_DEATHS && !sup.stopping &&
		    !is_egress(s->role)) {
			log_warnx("%s died %u times in a row: the suite "
			    "stops; at last it %s", s->instance, s->quick,
			    s->why);
			sup.status = 1;
			slots_stop();
		}
		/* its own word, and it could as well ask us to stop */
		if (!p->expected && !sup.stopping &&
		    (p->role == ROLE_AUDITD || p->role == ROLE_SIGNER) &&
		    WIFEXITED(p->status) &&
		    WEXITSTATUS(p->status) == EXIT_OPERATOR) {
			log_warnx("%s cannot work until an operator acts: the "
			    "suite stops; its lines above say why",
			    s->instance);
			sup.status = 1;
			slots_stop();
		}
		/* a new sink may have found no place so far */
		if (s->role == ROLE_SINK && !slot_wanted(s))
			sinks_assign();
		if (slot_wanted(s))
			slot_later(s, backoff(s->quick));
	}
	if (sup.stopping)
		stop_next();
	else {
		roster_send();
		load_settle();
	}
}

static void
slot_replace(struct slot *s)
{
	struct proc	*old = s->proc;

	s->quick = 0;
	if (old == NULL) {
		slot_later(s, 0);
		return;
	}
	if (s->role == ROLE_GATEWAYD) {
		/* both serve until the new one does */
		old->slot = NULL;
		s->proc = NULL;
		/* but for one that does not: it never may by the old setup */
		if (old->state == PROC_STARTING) {
			old->expected = 1;
			proc_kill(old);
		}
		slot_start(s);
	} else {
		/* one owner of a directory at a time */
		proc_stop(old, MSG_SHUTDOWN, MAX_STOP_MS);
	}
}

/*
 * A new setup is in force: what it changed starts again, the rest stays.
 */
void
slots_apply(void)
{
	struct slot	*s;
	unsigned int	 i;

	for (i = 0; i < sup.nslots; i++) {
		s = &sup.slots[i];
		if (slot_wanted(s)) {
			/* later, a role nobody can ask is better than none */
			if (s->control == -1 && !is_egress(s->role) &&
			    listen_control(s) == -1 && !sup.ready) {
				log_warnx("cannot start: no control socket");
				sup.status = CTL_PERMISSION;
				slots_stop();
				return;
			}
			if (s->proc == NULL || s->replace)
				slot_replace(s);
		} else if (s->proc != NULL && s->role == ROLE_SINK) {
			/* keeps its place: enabled again, it waits for it */
			if (!s->proc->expected)
				proc_stop(s->proc, MSG_SHUTDOWN, MAX_STOP_MS);
		} else if (s->proc != NULL) {
			s->proc->slot = NULL;
			if (s->role == ROLE_GATEWAYD)
				proc_stop(s->proc, MSG_DRAIN, MAX_DRAIN_MS);
			else
				proc_stop(s->proc, MSG_SHUTDOWN, MAX_STOP_MS);
			s->proc = NULL;
		}
		s->replace = 0;
	}
	roster_send();
}

void
slots_stop(void)
{
	if (sup.stopping)
		return;
	sup.stopping = 1;
	log_info("stopping");
	notify_service("STOPPING=1");
	load_stop();
	stop_next();
}
