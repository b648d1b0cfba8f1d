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

#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/role.h"

struct role	role;

struct role_handed {
	struct start_fd	what;
	int		fd;
};

static struct role_handed	handed[MAX_ROLE_FDS];
static unsigned int		nhanded;
static struct event		*hellos;	/* clients' first messages */

static void	role_orphaned(struct peer *);

/*
 * Sink of log.c: lines travel to the supervisor.  A fatal line must be out
 * before the process is gone.
 */
static void
role_log(enum log_level level, const char *text)
{
	static int	 busy;
	struct log_line	 line;

	if (busy || role.sup == NULL)
		return;
	busy = 1;
	memset(&line, 0, sizeof(line));
	line.level = level;
	strlcpy(line.text, text, sizeof(line.text));
	if (peer_send(role.sup, MSG_LOG, 0, -1, &line, sizeof(line)) == 0 &&
	    level == LOG_LVL_FATAL)
		peer_flush(role.sup, 1000);
	busy = 0;
}

/*
 * The same before there is a channel: one frame, as it is.  Whatever keeps a
 * role from starting is then known to the supervisor, not only on stderr.
 */
static void
role_log_early(enum log_level level, const char *text)
{
	struct {
		struct frame_hdr hdr;
		struct log_line	 line;
	} out;

	memset(&out, 0, sizeof(out));
	out.hdr.type = MSG_LOG;
	out.hdr.len = sizeof(out);
	out.hdr.pid = (uint32_t)getpid();
	out.line.level = level;
	strlcpy(out.line.text, text, sizeof(out.line.text));
	/* the socket's buffer is still empty: it is taken whole */
	if (write(ROLE_FD, &out, sizeof(out)) != (ssize_t)sizeof(out))
		log_set_sink(NULL);
}

void
role_ping(struct peer *sup, struct msg *msg)
{
	peer_send(sup, MSG_PONG, msg->hdr.id, -1, NULL, 0);
}

void
role_refuse(const char *fmt, ...)
{
	char	raw[MAX_LOG_LINE], text[MAX_LOG_LINE];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	log_escape(text, sizeof(text), raw, strlen(raw));
	role_log(LOG_LVL_FATAL, text);
	_exit(EXIT_OPERATOR);
}

void
role_pause(int ms)
{
	struct pollfd	pfd;

	(void)peer_flush(role.sup, ms);
	pfd.fd = ROLE_FD;
	pfd.events = POLLIN;
	/* the only word before READY is that we are to go */
	if (poll(&pfd, 1, ms) == 1)
		_exit(0);
}

/* the supervisor is gone: so are we, at once */
static void
role_orphaned(struct peer *p)
{
	(void)p;
	_exit(0);
}

/*
 * One message of the start, with a time limit: nothing else runs yet.
 */
static void
role_next(struct frame_in *in, struct msg *msg)
{
	struct pollfd	 pfd;
	int		 rc;

	while ((rc = frame_in_next(in, msg)) == 0) {
		pfd.fd = ROLE_FD;
		pfd.events = POLLIN;
		rc = poll(&pfd, 1, MAX_START_SECONDS * 1000);
		if (rc == 0)
			fatalx("the supervisor did not speak for %d s",
			    MAX_START_SECONDS);
		if (rc == -1 && errno != EINTR)
			fatal("poll");
		rc = frame_in_read(in, ROLE_FD);
		if (rc == 0)
			_exit(0);
		if (rc == -1 && errno != EAGAIN)
			fatal("start: read");
	}
	if (rc == -1)
		fatal("start: framing");
}

static void
role_take(struct msg *msg)
{
	struct role_handed	*h;

	if (nhanded == MAX_ROLE_FDS || msg->fd == -1)
		fatalx("start: too many descriptors, or none");
	h = &handed[nhanded];
	if (msg_get(msg, &h->what, sizeof(h->what)) == -1 ||
	    memchr(h->what.name, '\0', sizeof(h->what.name)) == NULL)
		fatalx("start: malformed descriptor message");
	h->fd = msg_take_fd(msg);
	nhanded++;
}

int
role_fd(enum start_fd_kind kind, const char *name)
{
	unsigned int	i;
	int		fd;

	for (i = 0; i < nhanded; i++) {
		if (handed[i].fd == -1 || handed[i].what.kind != kind)
			continue;
		if (name != NULL && strcmp(handed[i].what.name, name) != 0)
			continue;
		fd = handed[i].fd;
		handed[i].fd = -1;
		return (fd);
	}
	return (-1);
}

static void
role_drop_root(void)
{
	struct confine_ids	 ids;
	char			 err[MAX_CONFINE_ERR];
	int			 fd;

	if (role.start.mode == MODE_SYSTEM) {
		if ((fd = role_fd(SFD_ROOT, NULL)) == -1 || fchdir(fd) == -1)
			fatalx("start: no directory to become the root");
		close(fd);
		memset(&ids, 0, sizeof(ids));
		ids.uid = role.start.uid;
		ids.gid = role.start.gid;
		ids.root = ".";
		ids.root_is_own = role.start.root_is_own != 0;
		/* egress needs the host's network */
		ids.netns = role.start.role != ROLE_SINK &&
		    role.start.role != ROLE_RESOLVER &&
		    role.start.role != ROLE_JUDGE;
		if (confine_drop_ids(&ids, &role.sandbox, err,
		    sizeof(err)) == -1)
			fatalx("%s", err);
	}
	if (confine_tie((pid_t)role.start.parent, &role.sandbox, err,
	    sizeof(err)) == -1)
		fatalx("%s", err);
}

void
role_begin(int argc, char *argv[], enum role_id id)
{
	static const struct dispatch	 nothing[] = { { 0 } };
	struct frame_in			 in;
	struct msg			 msg;
	int				 fd;

	log_init(role_name(id), 0);
	/* ps and the audit log of the kernel show this one, not argv[0] */
	if (argc > 0)
		prctl(PR_SET_NAME, argv[0], 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 3)
		fatalx("too many arguments");
	if (sodium_init() == -1)
		fatalx("libsodium does not start");
	TAILQ_INIT(&role.clients);
	role.state = ST_STARTING;
	frame_in_init(&in, MAX_FRAME, 1);
	role_next(&in, &msg);
	if (msg.hdr.type != MSG_START ||
	    msg_get(&msg, &role.start, sizeof(role.start)) == -1)
		fatalx("not started by the supervisor: this program is no "
		    "command, see defenseclawctl(8)");
	if (role.start.build != PROTO_BUILD || role.start.role != id)
		fatalx("the supervisor is of another build: install all "
		    "programs of one release");
	role.start.instance[sizeof(role.start.instance) - 1] = '\0';
	role.start.home[sizeof(role.start.home) - 1] = '\0';
	log_init(role.start.instance, (int)role.start.verbose);
	log_set_sink(role_log_early);
	for (;;) {
		role_next(&in, &msg);
		if (msg.hdr.type == MSG_START_END)
			break;
		if (msg.hdr.type != MSG_START_FD)
			fatalx("start: unexpected message %u", msg.hdr.type);
		role_take(&msg);
	}
	/* the only word that can follow so soon is that we are to go */
	if (in.len != in.off)
		_exit(0);
	frame_in_free(&in);
	if ((role.base = event_base_new()) == NULL)
		fatalx("libevent does not start");
	/* the channel exists before the filter: its events need no call more */
	if ((role.sup = peer_new(role.base, ROLE_FD, "supervisor", PEER_FATAL,
	    nothing, &role.state, MAX_FRAME, 1)) == NULL)
		fatal("supervisor channel");
	role.sup->on_close = role_orphaned;
	log_set_sink(role_log);
#ifdef CONFINE_PROBE
	probe_begin();
#endif
	role_drop_root();
	if ((fd = role_fd(SFD_RECORDS, NULL)) != -1 &&
	    records_open(&role.records, fd) == -1)
		fatal("records");
}

/*
 * From here on words go to the supervisor only; what a library might print
 * is not for its terminal.
 */
static void
role_mute(void)
{
	/* sanitizers report there; the supervisor put /dev/null on 0 */
#ifndef SANDBOX_SANITIZER
	if (dup2(STDIN_FILENO, STDERR_FILENO) == -1)
		fatal("stderr");
#endif
}

void
role_enter(const struct promise *promise, struct confine_params *params)
{
	struct confine_params	 none;
	char			 err[MAX_CONFINE_ERR];

	role_mute();
	if (params == NULL) {
		memset(&none, 0, sizeof(none));
		params = &none;
	}
	params->allow_no_landlock = (int)role.start.allow_no_landlock;
	if (confine_enter(promise, params, &role.sandbox, err,
	    sizeof(err)) == -1)
		fatalx("%s", err);
#ifdef CONFINE_PROBE
	probe_main();
#endif
	if (enforce_floor(&role.sandbox, params->allow_no_landlock, err,
	    sizeof(err)) == -1)
		fatalx("%s", err);
}

void
role_serve(const struct dispatch *table)
{
	role.sup->table = table;
	role.state = ST_RUNNING;
	if (peer_send(role.sup, MSG_READY, 0, -1, &role.sandbox,
	    sizeof(role.sandbox)) == -1)
		fatal("ready");
	if (event_base_dispatch(role.base) == -1)
		fatalx("event loop");
	peer_flush(role.sup, 1000);
}

void
role_exit(void)
{
	event_base_loopbreak(role.base);
}

struct peer *
role_peer(struct msg *msg, struct peer_end *end, const struct dispatch *table)
{
	struct peer	*p;
	int		 fd;

	if (msg_get(msg, end, sizeof(*end)) == -1 ||
	    memchr(end->instance, '\0', sizeof(end->instance)) == NULL)
		fatalx("malformed peer message");
	fd = msg_take_fd(msg);
	if ((p = peer_new(role.base, fd, end->instance, PEER_FATAL, table,
	    &role.state, MAX_FRAME, 0)) == NULL)
		fatal("peer %s", end->instance);
	peer_set_incarnation(p, end->incarnation);
	return (p);
}

void
role_actor(uint32_t uid, char actor[MAX_UID_ACTOR])
{
	foreign_actor(&role.start.foreign, uid, actor);
}

unsigned int
role_principal(const struct caller *c)
{
	unsigned int	who = NOBODY;

	/* whoever it is, it is nobody by that number: a token is needed */
	if (foreign_is_overflow(&role.start.foreign, c->uid))
		return (NOBODY);
	if (c->uid == 0)
		return (ANYONE);
	if (role.start.mode == MODE_USER)
		return (c->uid == role.start.owner ? ANYONE : NOBODY);
	if (caller_in_group(c, role.start.groups.admin))
		return (ANYONE);
	if (caller_in_group(c, role.start.groups.audit))
		who |= AUDITOR;
	if (caller_in_group(c, role.start.groups.client))
		who |= CLIENT;
	return (who);
}

void
role_client_closed(struct peer *p)
{
	TAILQ_REMOVE(&role.clients, p, entry);
	role.nclients--;
}

/*
 * Clients that connected and then say nothing make room for others.
 */
static void
role_hellos(evutil_socket_t fd, short what, void *arg)
{
	struct timeval	 tv = { 1, 0 };
	struct peer	*p, *tmp;
	uint64_t	 now = clock_ms();

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH_SAFE(p, &role.clients, entry, tmp)
		if (!p->hello && !p->closing &&
		    now - p->since_ms >= MAX_HELLO_MS)
			peer_close_when_sent(p);
	if (role.nclients != 0 && evtimer_add(hellos, &tv) == -1)
		fatalx("timer");
}

/*
 * Why this caller gets no place, as an enum ctl_code and a text.
 */
static uint32_t
role_no_place(const struct peer *p, char *text, size_t size)
{
	const struct peer	*other;
	unsigned int		 same = 0, places = MAX_CLIENTS;

	if (p->principal == NOBODY) {
		snprintf(text, size, "%s may not do this", p->who);
		return (CTL_PERMISSION);
	}
	TAILQ_FOREACH(other, &role.clients, entry)
		if (other->caller.uid == p->caller.uid)
			same++;
	if (!(p->principal & OPERATOR))
		places -= OPERATOR_CLIENTS;
	if (role.nclients < places && same < MAX_CLIENTS_PER_UID)
		return (CTL_OK);
	snprintf(text, size, "%u control connections are open already: close "
	    "some, or try again", role.nclients);
	return (CTL_FAILURE);
}

struct peer *
role_control(struct msg *msg, const struct dispatch *table, size_t max,
    void (*refused)(struct peer *, uint32_t))
{
	struct timeval	 tv = { 1, 0 };
	struct caller	 caller;
	struct peer	*p;
	char		 text[MAX_UID_WORDS + 32];
	uint32_t	 code;
	int		 fd;

	if (msg_get(msg, &caller, sizeof(caller)) == -1 ||
	    caller.ngroups > MAX_GROUPS)
		fatalx("malformed control message");
	fd = msg_take_fd(msg);
	if ((p = peer_new(role.base, fd, "client", PEER_CLIENT, table,
	    &role.state, max, 0)) == NULL) {
		log_warn("control connection of uid %u", caller.uid);
		close(fd);
		return (NULL);
	}
	p->caller = caller;
	p->principal = role_principal(&caller);
	foreign_words(&role.start.foreign, caller.uid, p->who);
	if ((code = role_no_place(p, text, sizeof(text))) != CTL_OK) {
		if (code == CTL_PERMISSION && refused != NULL)
			refused(p, 0);
		peer_error(p, 0, code, "%s", text);
		peer_close_when_sent(p);
		return (NULL);
	}
	p->on_refused = refused;
	p->since_ms = clock_ms();
	if (hellos == NULL &&
	    (hellos = evtimer_new(role.base, role_hellos, NULL)) == NULL)
		fatalx("timer");
	if (!evtimer_pending(hellos, NULL) && evtimer_add(hellos, &tv) == -1)
		fatalx("timer");
	TAILQ_INSERT_TAIL(&role.clients, p, entry);
	role.nclients++;
	p->on_close = role_client_closed;
	return (p);
}
