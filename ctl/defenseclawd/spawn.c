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

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "ctl/defenseclawd/defenseclawd.h"

/* the file below libexec, the process name, and -P's word */
static const struct {
	enum role_id	 role;
	const char	*file;
	const char	*name;
	const char	*sub;
} programs[] = {
	{ ROLE_CONFC,	 "defenseclaw-confc",	 "dc-confc",	 NULL },
	{ ROLE_RULEREAD, "defenseclaw-rulec",	 "dc-rulec",	 "read" },
	{ ROLE_RULECOMP, "defenseclaw-rulec",	 "dc-rulec",	 "compile" },
	{ ROLE_GATEWAYD, "defenseclaw-gatewayd", "dc-gatewayd",	 NULL },
	{ ROLE_AUDITD,	 "defenseclaw-auditd",	 "dc-auditd",	 NULL },
	{ ROLE_SIGNER,	 "defenseclaw-auditd",	 "dc-signer",	 "sign" },
	{ ROLE_SINK,	 "defenseclaw-sinkd",	 "dc-sink",	 "sink" },
	{ ROLE_RESOLVER, "defenseclaw-sinkd",	 "dc-resolver",	 "resolver" },
	{ ROLE_JUDGE,	 "defenseclaw-sinkd",	 "dc-judge",	 "judge" },
};

/* how a child of ours ends that does not get to its program */
#define EXIT_NO_NULL	125
#define EXIT_NO_EXEC	127

static void	from_role_ready(struct peer *, struct msg *);
static void	from_role_serving(struct peer *, struct msg *);
static void	from_role_log(struct peer *, struct msg *);
static void	from_role_pong(struct peer *, struct msg *);
static void	from_role_request(struct peer *, struct msg *);
static void	from_role_busy(struct peer *, struct msg *);
static void	proc_closed(struct peer *);

#define ROLE_COMMON							\
	{ MSG_READY, ST_ANY, sizeof(struct sandbox_state),		\
	    sizeof(struct sandbox_state), FD_NONE, NOBODY,		\
	    from_role_ready },						\
	{ MSG_LOG, ST_ANY, sizeof(struct log_line),			\
	    sizeof(struct log_line), FD_NONE, NOBODY, from_role_log },	\
	{ MSG_PONG, ST_ANY, 0, 0, FD_NONE, NOBODY, from_role_pong }
#define ROLE_REQUEST							\
	{ MSG_REQUEST, ST_ANY, sizeof(struct request),			\
	    sizeof(struct request), FD_NONE, NOBODY, from_role_request }

static const struct dispatch from_gatewayd[] = {
	ROLE_COMMON,
	ROLE_REQUEST,
	{ MSG_SERVING, ST_ANY, 0, 0, FD_NONE, NOBODY, from_role_serving },
	{ 0 }
};

/* auditd and the sinks: from_role_request() says which may ask for what */
static const struct dispatch from_auditd[] = {
	ROLE_COMMON,
	ROLE_REQUEST,
	{ MSG_BUSY, ST_ANY, 4, 4, FD_NONE, NOBODY, from_role_busy },
	{ 0 }
};

/* the signer, the resolver and the judge */
static const struct dispatch from_signer[] = {
	ROLE_COMMON,
	{ 0 }
};

static const struct dispatch *
dispatch_of(enum role_id id)
{
	switch (id) {
	case ROLE_CONFC:
		return (from_confc);
	case ROLE_RULEREAD:
	case ROLE_RULECOMP:
		return (from_rulec);
	case ROLE_GATEWAYD:
		return (from_gatewayd);
	case ROLE_AUDITD:
	case ROLE_SINK:
		return (from_auditd);
	default:
		return (from_signer);
	}
}

/*
 * After fork: only fd 0-2 and 3 stay, the environment is empty, and no
 * signal disposition of ours is left.
 */
static void
child_exec(const char *path, const char *name, const char *sub, int fd)
{
	char		*argv[4], arg0[32], flag[] = "-P", word[16];
	/* localtime(3) would look for a file that no role may open */
	static char	 tz[] = "TZ=UTC0";
	char		*env[] = { tz, NULL };
	sigset_t	 none;
	int		 null, i;

	/* a signal to our group is for us: we tell the others in order */
	(void)setsid();
	if (fd != SUP_FD && dup2(fd, SUP_FD) == -1)
		_exit(126);
	if (fcntl(SUP_FD, F_SETFD, 0) == -1)
		_exit(126);
	closefrom(SUP_FD + 1);
	if ((null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(EXIT_NO_NULL);
	if (null > 2)
		close(null);
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	strlcpy(arg0, name, sizeof(arg0));
	argv[0] = arg0;
	argv[1] = NULL;
	if (sub != NULL) {
		strlcpy(word, sub, sizeof(word));
		argv[1] = flag;
		argv[2] = word;
		argv[3] = NULL;
	}
	execve(path, argv, env);
	_exit(EXIT_NO_EXEC);
}

static void
fill_start(struct start *st, const struct proc *p)
{
	memset(st, 0, sizeof(*st));
	st->build = PROTO_BUILD;
	st->mode = sup.paths.system ? MODE_SYSTEM : MODE_USER;
	st->role = p->role;
	st->incarnation = p->incarnation;
	strlcpy(st->instance, p->instance, sizeof(st->instance));
	st->uid = sup.uids[p->role];
	st->gid = sup.gids[p->role];
	st->owner = getuid();
	st->groups = sup.groups;
	st->foreign = sup.foreign;
	/* confc reads the setting; what it may is no more by it */
	if (p->role == ROLE_CONFC)
		st->allow_no_landlock = 1;
	else if (p->slot == NULL)
		st->allow_no_landlock = sup.next.plan.allow_no_landlock;
	else
		st->allow_no_landlock = sup.now.plan.allow_no_landlock;
	st->root_is_own = p->role == ROLE_AUDITD || p->role == ROLE_SIGNER;
	st->verbose = (uint32_t)sup.verbose | sup.now.plan.verbose;
	st->was_ready = (uint32_t)sup.ready;
	st->parent = (uint32_t)getpid();
	st->workers = sup.now.plan.workers;
	st->generation = sup.now.generation;
	st->rules_generation = sup.rules_generation;
	strlcpy(st->pack, pack_name(), sizeof(st->pack));
	strlcpy(st->home, sup.paths.system ? "" : sup.paths.home,
	    sizeof(st->home));
}

/* says what is missing, also as the reason of a load; always NULL */
static struct proc *
spawn_failed(const struct slot *slot, const char *instance, const char *what)
{
	char	 text[MAX_EPITAPH];
	int	 error = errno;

	snprintf(text, sizeof(text), "%s: %s: %s%s", instance, what,
	    strerror(error), error == EAGAIN ? ": raise the limit of "
	    "processes with ulimit -u, or LimitNPROC= and TasksMax= of a "
	    "unit" : "");
	log_warnx("%s", text);
	if (slot == NULL)
		strlcpy(sup.load_text, text, sizeof(sup.load_text));
	return (NULL);
}

/*
 * Starts a program of the suite and sends the first words; the caller hands
 * over descriptors and then calls spawn_go().  NULL: it said why.
 */
struct proc *
spawn(enum role_id id, struct slot *slot, const char *instance)
{
	char		 path[PATH_MAX];
	struct start	 st;
	struct proc	*p;
	size_t		 i;
	int		 sv[2];

	for (i = 0; programs[i].role != id; i++)
		;
	if (paths_join(path, sizeof(path), sup.paths.libexec,
	    programs[i].file) == -1 || (p = calloc(1, sizeof(*p))) == NULL) {
		log_warnx("%s: cannot be started", instance);
		return (NULL);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1) {
		free(p);
		return (spawn_failed(slot, instance, "socketpair"));
	}
	p->role = id;
	p->slot = slot;
	p->state = PROC_STARTING;
	p->uid = sup.uids[id];
	p->incarnation = ++sup.incarnations;
	p->started_ms = clock_ms();
	p->started_us = clock_wall_us();
	p->log_tokens = LOG_BURST;
	p->log_ms = p->started_ms;
	strlcpy(p->instance, instance, sizeof(p->instance));
	switch (p->pid = fork()) {
	case -1:
		spawn_failed(slot, instance, "fork");
		close(sv[0]);
		close(sv[1]);
		free(p);
		return (NULL);
	case 0:
		child_exec(path, programs[i].name, programs[i].sub, sv[1]);
		/* NOTREACHED */
	}
	close(sv[1]);
	if ((p->peer = peer_new(sup.base, sv[0], instance, PEER_CHILD,
	    dispatch_of(id), &sup.state, MAX_FRAME, 1)) == NULL)
		fatal("%s: channel", instance);
	p->peer->ctx = p;
	p->peer->on_close = proc_closed;
	TAILQ_INSERT_TAIL(&sup.procs, p, entry);
	fill_start(&st, p);
	p->rules_generation = st.rules_generation;
	peer_send(p->peer, MSG_START, 0, -1, &st, sizeof(st));
	return (p);
}

/*
 * Gives the process its own copy of fd.
 */
void
spawn_hand(struct proc *p, enum start_fd_kind kind, const char *name, int fd)
{
	struct start_fd	what;
	int		copy;

	if (fd == -1 || p->peer == NULL)
		return;
	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 10)) == -1) {
		log_warn("%s: dup", p->instance);
		return;
	}
	memset(&what, 0, sizeof(what));
	what.kind = kind;
	if (name != NULL)
		strlcpy(what.name, name, sizeof(what.name));
	peer_send(p->peer, MSG_START_FD, 0, copy, &what, sizeof(what));
}

void
spawn_go(struct proc *p)
{
	peer_send(p->peer, MSG_START_END, 0, -1, NULL, 0);
}

struct proc *
proc_by_incarnation(uint32_t incarnation)
{
	struct proc	*p;

	TAILQ_FOREACH(p, &sup.procs, entry)
		if (p->incarnation == incarnation)
			return (p);
	return (NULL);
}

void
proc_kill(struct proc *p)
{
	if (!p->exited)
		kill(p->pid, SIGKILL);
}

static void
proc_overdue(evutil_socket_t fd, short what, void *arg)
{
	struct proc	*p = arg;

	(void)fd;
	(void)what;
	log_warnx("%s: did not go when told to: killed", p->instance);
	proc_kill(p);
}

/*
 * Tells the process to go (MSG_SHUTDOWN or MSG_DRAIN) and sets its deadline.
 */
void
proc_stop(struct proc *p, uint32_t type, int ms)
{
	struct timeval	tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	p->expected = 1;
	p->state = PROC_DRAINING;
	if (p->peer != NULL)
		peer_send(p->peer, type, 0, -1, NULL, 0);
	if (p->killer == NULL)
		p->killer = evtimer_new(sup.base, proc_overdue, p);
	if (p->killer == NULL || evtimer_add(p->killer, &tv) == -1)
		proc_kill(p);
}

/*
 * How a process ended and, when it said why, its last word.
 */
const char *
proc_epitaph(const struct proc *p, char *buf, size_t size)
{
	if (WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGSYS)
		snprintf(buf, size, "killed by SIGSYS: it made a system call "
		    "that its role may not make");
	else if (WIFSIGNALED(p->status))
		snprintf(buf, size, "killed by signal %d (%s)",
		    WTERMSIG(p->status), strsignal(WTERMSIG(p->status)));
	else if (WEXITSTATUS(p->status) == EXIT_NO_EXEC)
		snprintf(buf, size, "its program in %.400s could not be "
		    "executed: is it there, on a file system without noexec",
		    sup.paths.libexec);
	else if (WEXITSTATUS(p->status) == EXIT_NO_NULL)
		snprintf(buf, size, "/dev/null could not be opened: it must "
		    "be there");
	else
		snprintf(buf, size, "exited %d", WEXITSTATUS(p->status));
	if (p->last_words[0] != '\0') {
		strlcat(buf, ": ", size);
		strlcat(buf, p->last_words, size);
	}
	return (buf);
}

/*
 * A process is over when it is reaped and its channel is read to the end, so
 * that its last words come before its death.
 */
static void
proc_over(struct proc *p)
{
	char	buf[MAX_EPITAPH];

	if (!p->exited || !p->closed)
		return;
	TAILQ_REMOVE(&sup.procs, p, entry);
	logfile_dropped(p);
	if (p->killer != NULL)
		event_free(p->killer);
	if (p->expected || (p->slot == NULL && p->status == 0))
		log_debug("%s[%d]: gone", p->instance, (int)p->pid);
	else
		log_warnx("%s[%d]: %s", p->instance, (int)p->pid,
		    proc_epitaph(p, buf, sizeof(buf)));
	if (p->role == ROLE_CONFC || p->role == ROLE_RULEREAD ||
	    p->role == ROLE_RULECOMP)
		load_dead(p);
	else
		role_dead(p);
	free(p);
}

static void
proc_closed(struct peer *peer)
{
	struct proc	*p = peer->ctx;

	p->peer = NULL;
	p->closed = 1;
	/* alive without its channel: nobody could tell it to go */
	proc_kill(p);
	proc_over(p);
}

void
reap(int fd, short what, void *arg)
{
	struct proc	*p;
	pid_t		 pid;
	int		 status;

	(void)fd;
	(void)what;
	(void)arg;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		TAILQ_FOREACH(p, &sup.procs, entry)
			if (p->pid == pid && !p->exited)
				break;
		if (p == NULL)
			continue;
		p->exited = 1;
		p->status = status;
		proc_over(p);
	}
}

static void
from_role_ready(struct peer *peer, struct msg *msg)
{
	struct proc	*p = peer->ctx;

	if (msg_get(msg, &p->sandbox, sizeof(p->sandbox)) == -1 ||
	    p->state != PROC_STARTING)
		return;
	p->state = PROC_READY;
	p->ready_ms = clock_ms();
	role_ready(p);
}

static void
from_role_serving(struct peer *peer, struct msg *msg)
{
	struct proc	*p = peer->ctx;

	(void)msg;
	/* once: each costs a roster for everybody who reads it */
	if (p->state != PROC_READY || p->serving)
		return;
	p->serving = 1;
	role_ready(p);
}

static void
from_role_log(struct peer *peer, struct msg *msg)
{
	struct proc	*p = peer->ctx;
	struct log_line	 line;

	if (msg_get(msg, &line, sizeof(line)) == -1)
		return;
	line.text[sizeof(line.text) - 1] = '\0';
	/* escaped by the role, if it is still itself */
	if (line.level == LOG_LVL_FATAL && !p->log_fatal)
		logfile_escape(p->last_words, sizeof(p->last_words),
		    line.text);
	logfile_role(p, &line);
}

static void
from_role_pong(struct peer *peer, struct msg *msg)
{
	pulse_pong(peer->ctx, msg->hdr.id);
}

/* sinks share auditd's table, not its disk */
static void
from_role_busy(struct peer *peer, struct msg *msg)
{
	struct proc	*p = peer->ctx;
	uint32_t	 s;

	if (p->role == ROLE_AUDITD && msg_get(msg, &s, sizeof(s)) == 0)
		pulse_busy(p, s);
}

/*
 * A role may ask for reloads one after another, not for a flood of them.
 */
static int
reload_allowed(void)
{
	uint64_t	now = clock_ms();

	if (sup.reload_ms < now)
		sup.reload_ms = now;
	if (sup.reload_ms - now >= RELOAD_BURST * RELOAD_MS)
		return (0);
	sup.reload_ms += RELOAD_MS;
	return (1);
}

/*
 * gatewayd may ask for a reload, and for a judge that answers nonsense to be
 * replaced; auditd for the end of the suite and for a
 * worker that does not follow the lists to be replaced.
 */
static void
from_role_request(struct peer *peer, struct msg *msg)
{
	struct proc	*p = peer->ctx, *other;
	struct request	 rq;

	if (msg_get(msg, &rq, sizeof(rq)) == -1)
		return;
	if (p->role == ROLE_GATEWAYD && rq.kind == REQ_RELOAD)
		load_asked(p, rq.id, reload_allowed());
	else if (p->role == ROLE_AUDITD && rq.kind == REQ_STOP)
		slots_stop();
	else if (p->role == ROLE_AUDITD && rq.kind == REQ_DEATH_KEPT)
		deaths_kept(rq.incarnation);
	else if (p->role == ROLE_AUDITD && rq.kind == REQ_SPOOL_KEPT)
		spool_kept(rq.id != 0);
	else if (p->role == ROLE_SINK && rq.kind == REQ_SYSLOG)
		sink_syslog(p);
	else if (p->role == ROLE_GATEWAYD && rq.kind == REQ_REPLACE) {
		other = proc_by_incarnation(rq.incarnation);
		if (other != NULL && other->role == ROLE_JUDGE)
			proc_kill(other);
	} else if (p->role == ROLE_AUDITD && rq.kind == REQ_REPLACE) {
		other = proc_by_incarnation(rq.incarnation);
		if (other != NULL && other->role == ROLE_SINK)
			proc_kill(other);
		if (other != NULL && other->role == ROLE_GATEWAYD) {
			log_warnx("%s[%d]: does not follow the lists: "
			    "replaced", other->instance, (int)other->pid);
			proc_kill(other);
		}
	} else
		log_warnx("%s: asked for what it may not", p->instance);
}
