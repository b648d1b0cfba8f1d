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

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/defenseclawd/defenseclawd.h"

#define BACKLOG		1024
#define MAX_ACCEPTS	16	/* control connections taken at once */
#define LISTEN_FD_FIRST	3	/* sd_listen_fds(3) */
#define MAX_LISTEN_FDS	8

/*
 * A listening Unix socket at path; one left behind by a dead suite is
 * replaced (we hold the lock, so no living one has it).
 */
int
listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un	sun;
	int			fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		return (-1);
	if ((unlink(path) == -1 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(path, mode) == -1 || listen(fd, BACKLOG) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

/*
 * TCP on a numeric loopback address; confc admits no other, and is not
 * believed.
 */
static int
listen_tcp(const char *bindto, uint32_t port)
{
	struct sockaddr_storage	 ss;
	struct sockaddr_in	*sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6	*sin6 = (struct sockaddr_in6 *)&ss;
	socklen_t		 len;
	int			 fd, on = 1;

	memset(&ss, 0, sizeof(ss));
	if (inet_pton(AF_INET, bindto, &sin->sin_addr) == 1 &&
	    ntohl(sin->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons((uint16_t)port);
		len = sizeof(*sin);
	} else if (inet_pton(AF_INET6, bindto, &sin6->sin6_addr) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons((uint16_t)port);
		len = sizeof(*sin6);
	} else {
		errno = EADDRNOTAVAIL;
		return (-1);
	}
	if ((fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return (-1);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

/*
 * Sockets for agents as the plan wants them: 1 when TCP changed, 0 when all
 * is as it was, -1 and a text.  Without a token nobody accepts on TCP, so
 * nobody may be left waiting in its backlog either.
 */
int
listen_open(const struct plan *pl, int tcp, char *err, size_t errlen)
{
	int	fd, changed = 0;

	if (sup.unix_http == -1) {
		/* who may do what is decided per connection, by its uid */
		sup.unix_http = listen_unix(sup.paths.gateway_sock, 0666);
		if (sup.unix_http == -1) {
			snprintf(err, errlen, "%.300s: %s: %s",
			    sup.paths.gateway_sock, strerror(errno),
			    place_hint(errno));
			return (-1);
		}
	}
	if (!tcp && !sup.tcp_given && sup.tcp != -1) {
		close(sup.tcp);
		sup.tcp = -1;
		return (1);
	}
	if (!tcp || sup.tcp_given || (sup.tcp != -1 &&
	    sup.tcp_port == pl->port && strcmp(sup.tcp_bind, pl->bind) == 0))
		return (0);
	if ((fd = listen_tcp(pl->bind, pl->port)) == -1) {
		snprintf(err, errlen, "%s port %u: %s%s", pl->bind, pl->port,
		    strerror(errno), errno == EADDRINUSE ? ": another program "
		    "listens there; see gateway.api_port" : "");
		return (-1);
	}
	if (sup.tcp != -1) {
		close(sup.tcp);
		changed = 1;
	}
	sup.tcp = fd;
	sup.tcp_port = pl->port;
	strlcpy(sup.tcp_bind, pl->bind, sizeof(sup.tcp_bind));
	return (changed);
}

/*
 * Listening sockets the service manager made (sd_listen_fds(3)): one for
 * TCP, one Unix, others are refused.
 */
void
listen_inherited(void)
{
	const char		*pid, *n, *errstr;
	struct sockaddr_storage	 ss;
	socklen_t		 len;
	int			 fd, last, on;

	pid = getenv("LISTEN_PID");
	n = getenv("LISTEN_FDS");
	if (pid == NULL || n == NULL ||
	    strtonum(pid, 1, INT32_MAX, &errstr) != getpid())
		return;
	last = LISTEN_FD_FIRST + (int)strtonum(n, 0, MAX_LISTEN_FDS, &errstr);
	for (fd = LISTEN_FD_FIRST; fd < last; fd++) {
		len = sizeof(on);
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on,
		    &len) == -1 || !on)
			fatalx("LISTEN_FDS: descriptor %d does not listen",
			    fd);
		len = sizeof(ss);
		if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
		    fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
			fatal("LISTEN_FDS: descriptor %d", fd);
		if (ss.ss_family == AF_UNIX && sup.unix_http == -1)
			sup.unix_http = fd;
		else if (ss.ss_family != AF_UNIX && sup.tcp == -1) {
			sup.tcp = fd;
			sup.tcp_given = 1;
		} else
			fatalx("LISTEN_FDS: descriptor %d is one too many",
			    fd);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
}

static void
control_again(evutil_socket_t fd, short what, void *arg)
{
	struct slot	*s = arg;

	(void)fd;
	(void)what;
	if (event_add(s->control_ev, NULL) == -1)
		fatalx("%s: control socket", s->instance);
}

/*
 * Those who come meanwhile wait in the kernel's queue, not in ours.
 */
static void
control_pause(struct slot *s)
{
	struct timeval	tv = { 0, CONTROL_PAUSE_MS * 1000 };

	event_del(s->control_ev);
	if (evtimer_add(s->control_timer, &tv) == -1)
		fatalx("%s: timer", s->instance);
}

static int
fd_is_reserved(int fd)
{
	struct rlimit	rl;

	return (getrlimit(RLIMIT_NOFILE, &rl) == 0 &&
	    rl.rlim_cur != RLIM_INFINITY &&
	    (rlim_t)fd + RESERVED_FDS >= rl.rlim_cur);
}

static void
control_accept(evutil_socket_t lfd, short what, void *arg)
{
	struct slot	*s = arg;
	struct caller	 c;
	int		 fd, i;

	(void)what;
	for (i = 0; i < MAX_ACCEPTS; i++) {
		/* a role that does not read may not fill our table of files */
		if (s->proc != NULL && s->proc->peer != NULL &&
		    peer_fds(s->proc->peer) >= MAX_CONTROL_FDS) {
			control_pause(s);
			return;
		}
		fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd == -1) {
			if (errno == EMFILE || errno == ENFILE)
				control_pause(s);
			return;
		}
		if (fd_is_reserved(fd)) {
			close(fd);
			control_pause(s);
			return;
		}
		if (s->proc == NULL || s->proc->state != PROC_READY ||
		    s->proc->peer == NULL ||
		    caller_get(fd, &sup.groups, &c) == -1) {
			close(fd);
			continue;
		}
		peer_send(s->proc->peer, MSG_CONTROL, 0, fd, &c, sizeof(c));
	}
}

int
listen_control(struct slot *s)
{
	char	path[MAX_CONF_PATH];

	if (paths_control(&sup.paths, s->instance, path, sizeof(path)) == -1 ||
	    (s->control = listen_unix(path, 0666)) == -1) {
		log_warnx("%s: %s: %s: %s", s->instance, path,
		    strerror(errno), place_hint(errno));
		return (-1);
	}
	s->control_ev = event_new(sup.base, s->control, EV_READ | EV_PERSIST,
	    control_accept, s);
	s->control_timer = evtimer_new(sup.base, control_again, s);
	if (s->control_ev == NULL || s->control_timer == NULL ||
	    event_add(s->control_ev, NULL) == -1)
		return (-1);
	return (0);
}

/*
 * Names of sockets nobody answers at any more go.
 */
void
listen_close(void)
{
	char		path[MAX_CONF_PATH];
	unsigned int	i;

	for (i = 0; i < sup.nslots; i++)
		if (sup.slots[i].control != -1 && paths_control(&sup.paths,
		    sup.slots[i].instance, path, sizeof(path)) == 0)
			unlink(path);
	unlink(sup.paths.gateway_sock);
}
