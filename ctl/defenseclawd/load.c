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

#include <sys/wait.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/conffile.h"
#include "ctl/defenseclawd/defenseclawd.h"

/*
 * From config.yaml and a rule pack to a setup in force: confc, then rulec
 * twice, each in its own jail; only when all of it is good is anything
 * changed.
 */

static void	from_loader_plan(struct peer *, struct msg *);
static void	from_loader_blob(struct peer *, struct msg *);
static void	from_loader_log(struct peer *, struct msg *);
static void	load_begin(void);

const struct dispatch from_confc[] = {
	{ MSG_PLAN, ST_ANY, sizeof(struct plan), sizeof(struct plan),
	    FD_NONE, NOBODY, from_loader_plan },
	{ MSG_BLOB, ST_ANY, sizeof(struct blob), sizeof(struct blob),
	    FD_ONE, NOBODY, from_loader_blob },
	{ MSG_LOG, ST_ANY, sizeof(struct log_line), sizeof(struct log_line),
	    FD_NONE, NOBODY, from_loader_log },
	{ 0 }
};

const struct dispatch from_rulec[] = {
	{ MSG_BLOB, ST_ANY, sizeof(struct blob), sizeof(struct blob),
	    FD_ONE, NOBODY, from_loader_blob },
	{ MSG_LOG, ST_ANY, sizeof(struct log_line), sizeof(struct log_line),
	    FD_NONE, NOBODY, from_loader_log },
	{ 0 }
};

void
setup_init(struct setup *s)
{
	size_t	i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < ROLE_COUNT; i++)
		s->records[i] = -1;
	for (i = 0; i < MAX_PLAN_SECRETS; i++)
		s->secrets[i].fd = -1;
	s->device_key.fd = s->device_pub = s->pack = s->rules = -1;
	sinks_init(s);
}

static void
fd_drop(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
setup_free(struct setup *s)
{
	size_t	i;

	for (i = 0; i < ROLE_COUNT; i++)
		fd_drop(&s->records[i]);
	for (i = 0; i < MAX_PLAN_SECRETS; i++)
		fd_drop(&s->secrets[i].fd);
	fd_drop(&s->device_key.fd);
	fd_drop(&s->device_pub);
	fd_drop(&s->pack);
	fd_drop(&s->rules);
	sinks_free(s);
	setup_init(s);
}

static void
load_answer(uint32_t incarnation, uint32_t id, uint32_t code,
    const char *text)
{
	struct request_done	 done;
	struct proc		*p = proc_by_incarnation(incarnation);

	if (incarnation == 0 || p == NULL || p->peer == NULL)
		return;
	memset(&done, 0, sizeof(done));
	done.id = id;
	done.code = code;
	strlcpy(done.text, text, sizeof(done.text));
	peer_send(p->peer, MSG_REQUEST_DONE, id, -1, &done, sizeof(done));
}

static void
waiters_answer(struct waiters *w, uint32_t code, const char *text)
{
	unsigned int	i;

	for (i = 0; i < w->n; i++)
		load_answer(w->list[i].incarnation, w->list[i].id, code,
		    text);
	w->n = 0;
}

/*
 * Whoever asked while this load was under way may have changed what it had
 * read already: one more is made for all of them, and only that answers.
 */
static void
load_next(void)
{
	if (!sup.load_again || sup.stopping)
		return;
	sup.load_again = 0;
	sup.waiters = sup.next_waiters;
	sup.next_waiters.n = 0;
	load_begin();
}

/*
 * The load is over: who asked gets the answer; the first one of all decides
 * whether the suite runs.
 */
static void
load_end(uint32_t code, const char *text)
{
	evtimer_del(sup.load_timer);
	if (code != CTL_OK && sup.load != LOAD_SETTLE)
		log_warnx("%s: %s", sup.now.have_plan ?
		    "reload refused, nothing changed" : "cannot start", text);
	sup.load = LOAD_NONE;
	setup_free(&sup.next);
	waiters_answer(&sup.waiters, code, text);
	/* the first READY=1 is sent when all roles serve */
	if (sup.now.have_plan) {
		if (sup.ready)
			notify_service("READY=1");
		load_next();
	} else {
		sup.status = (int)code;
		event_base_loopbreak(sup.base);
	}
}

static void
load_fail(const char *fallback)
{
	load_end(CTL_CONFIG, sup.load_text[0] != '\0' ? sup.load_text :
	    fallback);
}

static void
load_overdue(evutil_socket_t fd, short what, void *arg)
{
	struct proc	*p;

	(void)fd;
	(void)what;
	(void)arg;
	if (sup.load == LOAD_SETTLE) {
		log_warnx("configuration %llu is loaded and not in force "
		    "everywhere after %d s", (unsigned long long)
		    sup.now.generation, MAX_SETTLE_MS / 1000);
		load_end(CTL_FAILURE, "it is loaded and not in force "
		    "everywhere yet: see `defenseclawctl status'");
		return;
	}
	strlcpy(sup.load_text, "reading the configuration or the rule pack "
	    "took too long", sizeof(sup.load_text));
	TAILQ_FOREACH(p, &sup.procs, entry)
		if (p->role == ROLE_CONFC || p->role == ROLE_RULEREAD ||
		    p->role == ROLE_RULECOMP)
			proc_kill(p);
}

static int
load_step(enum load_step step, enum role_id id, int input)
{
	struct proc	*p;
	char		 empty[MAX_CONF_PATH];
	int		 fd;

	sup.load = step;
	if ((p = spawn(id, NULL, role_name(id))) == NULL)
		return (-1);
	if (sup.paths.system && paths_join(empty, sizeof(empty),
	    sup.paths.run, "empty") == 0 &&
	    (fd = open(empty, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1) {
		spawn_hand(p, SFD_ROOT, NULL, fd);
		close(fd);
	}
	spawn_hand(p, SFD_INPUT, id == ROLE_CONFC ? "config.yaml" : NULL,
	    input);
	spawn_go(p);
	return (0);
}

/*
 * A role asks for a reload; allowed says whether it is its turn.
 */
void
load_asked(struct proc *p, uint32_t id, int allowed)
{
	if (allowed)
		load_start(p->incarnation, id);
	else
		load_answer(p->incarnation, id, CTL_FAILURE,
		    "too many reloads in a short time: try again");
}

void
load_start(uint32_t incarnation, uint32_t id)
{
	struct waiters	*w = sup.load == LOAD_NONE ? &sup.waiters :
	    &sup.next_waiters;

	if (sup.stopping) {
		load_answer(incarnation, id, CTL_NOT_RUNNING,
		    "the suite is stopping");
		return;
	}
	if (incarnation != 0 && w->n == MAX_RELOAD_WAITERS) {
		load_answer(incarnation, id, CTL_FAILURE, "too many wait for "
		    "a reload already: try again");
		return;
	}
	if (incarnation != 0) {
		w->list[w->n].incarnation = incarnation;
		w->list[w->n++].id = id;
	}
	if (sup.load == LOAD_NONE)
		load_begin();
	else
		sup.load_again = 1;
}

static void
load_timer_set(int ms)
{
	struct timeval	tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	if (sup.load_timer == NULL)
		sup.load_timer = evtimer_new(sup.base, load_overdue, NULL);
	if (sup.load_timer == NULL || evtimer_add(sup.load_timer, &tv) == -1)
		fatalx("timer");
}

static void
load_conf(void)
{
	struct stat	st;
	char		err[MAX_CONFFILE_ERR];
	int		fd;

	sup.load_text[0] = '\0';
	sup.conf_reads++;
	fd = conffile_open(sup.paths.config, getuid(), MAX_CONF_SIZE, err,
	    sizeof(err));
	if (fd == -1) {
		load_end(CTL_CONFIG, err);
		return;
	}
	if (fstat(fd, &st) == 0)
		held_state(&sup.conf, &st);
	if (load_step(LOAD_CONF, ROLE_CONFC, fd) == -1)
		load_fail("the config reader cannot be started");
	close(fd);
}

/*
 * Was what confc has read whole?  An editor that writes in place shows a file
 * cut short for a moment, which may well be a valid one that says less.
 */
static int
conf_changed(void)
{
	struct held_file	now;
	struct stat		st;

	if (stat(sup.paths.config, &st) == -1)
		return (0);
	held_state(&now, &st);
	return (!held_unchanged(&now, &sup.conf));
}

static void
load_begin(void)
{
	setup_init(&sup.next);
	sup.load = LOAD_CONF;
	sup.conf_reads = 0;
	if (sup.ready)
		notify_service("RELOADING=1");
	load_timer_set(MAX_LOAD_MS);
	load_conf();
}

/*
 * The suite ends: no load goes on, and nobody is left without an answer.
 */
void
load_stop(void)
{
	struct proc	*p;

	if (sup.load_timer != NULL)
		evtimer_del(sup.load_timer);
	waiters_answer(&sup.waiters, CTL_NOT_RUNNING,
	    "the suite is stopping");
	waiters_answer(&sup.next_waiters, CTL_NOT_RUNNING,
	    "the suite is stopping");
	TAILQ_FOREACH(p, &sup.procs, entry)
		if (p->role == ROLE_CONFC || p->role == ROLE_RULEREAD ||
		    p->role == ROLE_RULECOMP)
			proc_kill(p);
}

static void
from_loader_log(struct peer *peer, struct msg *msg)
{
	struct log_line	 line;

	if (msg_get(msg, &line, sizeof(line)) == -1)
		return;
	line.text[sizeof(line.text) - 1] = '\0';
	if (line.level == LOG_LVL_FATAL)
		strlcpy(sup.load_text, line.text, sizeof(sup.load_text));
	logfile_role(peer->ctx, &line);
}

static int
is_string(const char *s, size_t size)
{
	return (memchr(s, '\0', size) != NULL);
}

/*
 * confc has read what an editor wrote: its plan is believed as far as it is
 * well-formed, never further.
 */
static int
plan_valid(const struct plan *pl)
{
	uint32_t	i;

	if (!is_string(pl->bind, sizeof(pl->bind)) || pl->port > 65535 ||
	    pl->port == 0 || pl->workers > MAX_WORKERS ||
	    pl->nsecrets > MAX_PLAN_SECRETS ||
	    !is_string(pl->pack_dir, sizeof(pl->pack_dir)) ||
	    (pl->pack_dir[0] != '\0' && pl->pack_dir[0] != '/') ||
	    !is_string(pl->conf_hash, sizeof(pl->conf_hash)) ||
	    pl->allow_no_landlock > 1 || pl->verbose > 1)
		return (0);
	for (i = 0; i < pl->nsecrets; i++)
		if (!is_string(pl->secrets[i].name,
		    sizeof(pl->secrets[i].name)) ||
		    !held_is_name(pl->secrets[i].name) ||
		    (pl->secrets[i].role != ROLE_GATEWAYD &&
		    pl->secrets[i].role != ROLE_AUDITD))
			return (0);
	return (sinks_valid(pl));
}

static unsigned int
default_workers(void)
{
	long	n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return (1);
	return (n > MAX_WORKERS ? MAX_WORKERS : (unsigned int)n);
}

/*
 * One plan and a good one; after anything else nothing of this confc's is
 * used.
 */
static void
from_loader_plan(struct peer *peer, struct msg *msg)
{
	struct plan	plan;

	if (sup.next.nplans++ != 0 ||
	    msg_get(msg, &plan, sizeof(plan)) == -1 || !plan_valid(&plan)) {
		log_warnx("confc: malformed plan, or more than one");
		sup.next.have_plan = 0;
		proc_kill(peer->ctx);
		return;
	}
	if (plan.workers == 0)
		plan.workers = default_workers();
	sup.next.plan = plan;
	sup.next.have_plan = 1;
}

static void
from_loader_blob(struct peer *peer, struct msg *msg)
{
	struct proc	*p = peer->ctx;
	struct blob	 b;
	int		*where = NULL;

	if (msg_get(msg, &b, sizeof(b)) == -1)
		return;
	if (p->role == ROLE_CONFC && (b.kind == BLOB_OUTBOX ||
	    (b.kind == BLOB_RECORDS && (b.role == ROLE_SINK ||
	    b.role == ROLE_JUDGE))))
		where = sinks_blob(&b);
	else if (p->role == ROLE_CONFC && b.kind == BLOB_RECORDS &&
	    b.role > ROLE_NONE && b.role < ROLE_COUNT)
		where = &sup.next.records[b.role];
	else if (p->role == ROLE_RULEREAD && b.kind == BLOB_PACK)
		where = &sup.next.pack;
	else if (p->role == ROLE_RULECOMP && b.kind == BLOB_MATCHER)
		where = &sup.next.rules;
	if (where == NULL || *where != -1) {
		log_warnx("%s: unexpected result", p->instance);
		return;
	}
	*where = msg_take_fd(msg);
	if (b.kind == BLOB_PACK)
		memcpy(sup.next.pack_digest, b.digest, sizeof(b.digest));
}

/* what the pack is called: the last part of its path */
const char *
pack_name(void)
{
	const char	*slash = strrchr(sup.next.plan.pack_dir, '/');

	return (slash == NULL ? "default" : slash + 1);
}

static int
pack_open(void)
{
	char		path[PATH_MAX];
	struct stat	st;
	int		fd;

	if (sup.next.plan.pack_dir[0] != '\0')
		strlcpy(path, sup.next.plan.pack_dir, sizeof(path));
	else if (paths_join(path, sizeof(path), sup.paths.policies,
	    "guardrail/default") == -1)
		return (-1);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		snprintf(sup.load_text, sizeof(sup.load_text), "rule pack "
		    "%.300s: %s: see guardrail.rule_pack_dir", path,
		    strerror(errno));
	else if (fstat(fd, &st) == -1 || (st.st_uid != 0 &&
	    st.st_uid != getuid())) {
		snprintf(sup.load_text, sizeof(sup.load_text), "rule pack "
		    "%.300s: must belong to root or to uid %u: who owns it "
		    "decides", path, getuid());
		close(fd);
		return (-1);
	}
	return (fd);
}

static int
role_changed(enum role_id id, int rebound)
{
	const struct setup	*a = &sup.now, *b = &sup.next;
	uint32_t		 i;

	if (memcmp(a->plan.digest[id], b->plan.digest[id],
	    sizeof(a->plan.digest[id])) != 0)
		return (1);
	if (id == ROLE_GATEWAYD && rebound)
		return (1);
	if (id == ROLE_SIGNER && !held_same(&a->device_key,
	    &b->device_key))
		return (1);
	if (a->plan.nsecrets != b->plan.nsecrets)
		return (1);
	for (i = 0; i < b->plan.nsecrets; i++)
		if (b->plan.secrets[i].role == (uint32_t)id &&
		    !held_same(&a->secrets[i], &b->secrets[i]))
			return (1);
	return (0);
}

/*
 * The pack says what it said before: its matcher is still good, and seconds
 * of compiling are saved.
 */
static int
rules_same(void)
{
	if (!sup.now.have_plan || sup.now.rules == -1 ||
	    memcmp(sup.now.pack_digest, sup.next.pack_digest,
	    sizeof(sup.now.pack_digest)) != 0)
		return (0);
	sup.next.rules = fcntl(sup.now.rules, F_DUPFD_CLOEXEC, 10);
	return (sup.next.rules != -1);
}

/*
 * Gives a worker the rules in force, if it has others; also one that only
 * finishes what is on the wire, for its answers are verdicts too.
 */
void
rules_push(struct proc *p)
{
	struct rules_info	ri;
	int			fd;

	if (p->role != ROLE_GATEWAYD || p->state == PROC_STARTING ||
	    p->peer == NULL || p->rules_generation == sup.rules_generation)
		return;
	ri.generation = sup.rules_generation;
	if ((fd = fcntl(sup.now.rules, F_DUPFD_CLOEXEC, 10)) == -1 ||
	    peer_send(p->peer, MSG_RULES, 0, fd, &ri, sizeof(ri)) == -1) {
		log_warn("%s: rules", p->instance);
		proc_kill(p);
		return;
	}
	p->rules_generation = ri.generation;
}

/* the first secret of a plan is the clients' token, which may be missing */
static int
has_token(const struct setup *s)
{
	return (s->plan.nsecrets == 0 || s->secrets[0].fd != -1);
}

static int
slot_changed(const struct slot *s, int rebound)
{
	switch (s->role) {
	case ROLE_SINK:
		return (sink_changed(s));
	case ROLE_JUDGE:
		return (judge_changed());
	case ROLE_RESOLVER:
		return (role_changed(s->role, rebound) || resolver_changed());
	default:
		return (role_changed(s->role, rebound));
	}
}

static void
load_apply(int new_rules)
{
	struct proc	*p;
	char		 err[MAX_CTL_TEXT];
	int		 rebound, first = !sup.now.have_plan;
	unsigned int	 i;

	rebound = listen_open(&sup.next.plan, has_token(&sup.next), err,
	    sizeof(err));
	if (rebound == -1) {
		load_end(CTL_FAILURE, err);
		return;
	}
	for (i = 0; i < sup.nslots; i++)
		sup.slots[i].replace = first ||
		    slot_changed(&sup.slots[i], rebound);
	sup.next.generation = ++sup.generation;
	if (new_rules)
		sup.rules_generation++;
	setup_free(&sup.now);
	sup.now = sup.next;
	setup_init(&sup.next);
	logfile_limits(sup.now.plan.log_max_bytes,
	    sup.now.plan.log_total_bytes, sup.now.plan.log_reserve_mb);
	/* new workers start with them; one just starting gets them then */
	TAILQ_FOREACH(p, &sup.procs, entry) {
		rules_push(p);
		outbox_send(p);
	}
	sinks_assign();
	slots_apply();
	/* the start is over when all are ready, which role_ready() sees */
	if (first) {
		load_end(CTL_OK, "");
		return;
	}
	sup.load = LOAD_SETTLE;
	load_timer_set(MAX_SETTLE_MS);
	TAILQ_FOREACH(p, &sup.procs, entry)
		p->barrier = 0;
	load_settle();
}

/*
 * A reload is answered when everybody who serves has what it brought: each
 * place is filled by a process of it, and each worker has answered a ping
 * that was sent after its rules or its word to finish.
 */
void
load_settle(void)
{
	struct proc	*p;
	int		 waits = 0;

	if (sup.load != LOAD_SETTLE || sup.stopping || !slots_complete())
		return;
	TAILQ_FOREACH(p, &sup.procs, entry) {
		if (p->role != ROLE_GATEWAYD || p->peer == NULL ||
		    p->state == PROC_STARTING)
			continue;
		if (p->barrier == 0) {
			pulse_ping(p);
			p->barrier = p->ping;
		}
		waits |= p->pong < p->barrier;
	}
	if (waits)
		return;
	log_info("configuration %llu in force",
	    (unsigned long long)sup.now.generation);
	load_end(CTL_OK, "");
}

/* what to say of one that ended without a word of its own */
static const char *
load_epitaph(const struct proc *p)
{
	static char	 text[MAX_EPITAPH + 32];
	char		 how[MAX_EPITAPH];

	snprintf(text, sizeof(text), "%s: %s", p->instance,
	    proc_epitaph(p, how, sizeof(how)));
	return (text);
}

/*
 * confc or rulec is over: on with the next step, or with an answer.
 */
void
load_dead(struct proc *p)
{
	int	fd;

	if (sup.stopping || sup.load == LOAD_NONE) {
		if (sup.stopping && TAILQ_EMPTY(&sup.procs))
			event_base_loopbreak(sup.base);
		return;
	}
	if (sup.load == LOAD_CONF && conf_changed()) {
		setup_free(&sup.next);
		strlcpy(sup.load_text, "config.yaml changes all the time: "
		    "try again", sizeof(sup.load_text));
		/* no deadline is left after one that hung until it */
		if (sup.conf_reads < MAX_CONF_READS &&
		    evtimer_pending(sup.load_timer, NULL))
			load_conf();
		else
			load_fail("");
		return;
	}
	if (p->status != 0) {
		load_fail(WIFSIGNALED(p->status) &&
		    WTERMSIG(p->status) == SIGPROF ? "the rule pack takes too "
		    "long to compile: leave out its largest patterns" :
		    load_epitaph(p));
		return;
	}
	switch (sup.load) {
	case LOAD_CONF:
		if (!sup.next.have_plan ||
		    sup.next.records[ROLE_GATEWAYD] == -1 ||
		    sup.next.records[ROLE_AUDITD] == -1 ||
		    sup.next.records[ROLE_SIGNER] == -1 ||
		    sup.next.outbox == -1 || secrets_open() == -1 ||
		    sinks_open() == -1 || (fd = pack_open()) == -1) {
			load_fail("the config reader left without a result");
			return;
		}
		if (load_step(LOAD_READ, ROLE_RULEREAD, fd) == -1)
			load_fail("rulec cannot be started");
		close(fd);
		break;
	case LOAD_READ:
		if (sup.next.pack != -1 && rules_same()) {
			load_apply(0);
			return;
		}
		if (sup.next.pack == -1 || load_step(LOAD_COMPILE,
		    ROLE_RULECOMP, sup.next.pack) == -1)
			load_fail("the rule pack gave no records");
		break;
	case LOAD_COMPILE:
		if (sup.next.rules == -1)
			load_fail("the rules gave no matcher");
		else
			load_apply(1);
		break;
	default:
		break;
	}
}
