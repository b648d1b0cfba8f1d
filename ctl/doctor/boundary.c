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
#include <sys/un.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/*
 * What user mode cannot hold, and whose the port is at which agents ask.
 */

#define LISTEN		0x0a	/* TCP_LISTEN in proc_net_tcp(5) */

static void
check_same_uid(struct doctor *d)
{
	if (d->paths->system) {
		doc_say(d, DOC_PASS, NULL, "every role has a uid that no "
		    "agent has");
		return;
	}
	doc_say(d, DOC_WARN, NULL, "user mode does not protect from code "
	    "that runs as the same user, such as the agent itself");
	doc_do(d, "`sudo defenseclawctl init && sudo defenseclawctl start' "
	    "gives real separation");
}

struct holder {
	int	seen;		/* somebody listens */
	uid_t	uid;		/* who, of several the one that is not ours */
};

/* is the address one that answers at ours, or all of them */
static int
is_ours(const char *hex, int v6, const char *bind)
{
	struct in6_addr	a6;
	struct in_addr	a4;
	unsigned int	w[4] = { 0, 0, 0, 0 };

	if (v6) {
		if (sscanf(hex, "%8x%8x%8x%8x", &w[0], &w[1], &w[2], &w[3])
		    != 4)
			return (0);
		return ((w[0] | w[1] | w[2] | w[3]) == 0 || (inet_pton(
		    AF_INET6, bind, &a6) == 1 && memcmp(&a6, w, sizeof(a6))
		    == 0));
	}
	return (sscanf(hex, "%8x", &w[0]) == 1 && (w[0] == 0 || (inet_pton(
	    AF_INET, bind, &a4) == 1 && a4.s_addr == w[0])));
}

/* proc_net_tcp(5): words of the machine's byte order in hexadecimal */
static void
look(const char *path, int v6, const struct conf *conf, uid_t want,
    struct holder *h)
{
	char		 line[256], addr[40];
	unsigned int	 port, state, uid;
	FILE		*f;

	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*u: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x "
		    "%*x:%*x %*x:%*x %*x %u", addr, &port, &state, &uid) !=
		    4 || state != LISTEN || (int)port !=
		    conf->gateway.api_port || !is_ours(addr, v6,
		    conf->gateway.api_bind))
			continue;
		if (!h->seen || h->uid == want)
			h->uid = uid;
		h->seen = 1;
	}
	fclose(f);
}

static void
holder_of(const struct doctor *d, uid_t want, struct holder *h)
{
	memset(h, 0, sizeof(*h));
	look("/proc/net/tcp", 0, &d->conf, want, h);
	look("/proc/net/tcp6", 1, &d->conf, want, h);
}

static void
check_port_owner(struct doctor *d)
{
	struct holder	h;
	uid_t		want = d->paths->system ? 0 : geteuid();

	if (!doc_need_conf(d))
		return;
	holder_of(d, want, &h);
	if (!h.seen || h.uid == want) {
		doc_say(d, DOC_PASS, NULL, "nobody else listens on port %d",
		    d->conf.gateway.api_port);
		return;
	}
	doc_say(d, DOC_FAIL, NULL, "uid %u listens on port %d of %s: agents "
	    "would ask it for verdicts and show it the token", h.uid,
	    d->conf.gateway.api_port, d->conf.gateway.api_bind);
	doc_do(d, "stop that process, and give the suite a new token if an "
	    "agent has asked there; or set gateway.api_port");
}

const struct check doc_boundary[] = {
	{ "boundary.same-uid", "what protects the suite from the agent", 0,
	    0, check_same_uid },
	{ "boundary.port", "no other uid listens on a port of the suite's",
	    0, 0, check_port_owner },
	{ NULL, NULL, 0, 0, NULL }
};

/* --- ports ---------------------------------------------------------------- */

static void
check_api(struct doctor *d)
{
	struct holder	h;
	uid_t		want = d->paths->system ? 0 : geteuid();
	int		port = d->conf.gateway.api_port;

	if (!doc_need_conf(d))
		return;
	holder_of(d, want, &h);
	if (h.seen && h.uid != want) {
		doc_say(d, DOC_SKIP, NULL, "port %d is somebody else's",
		    port);
		doc_do(d, "see boundary.port");
	} else if (d->alive == 1 && !h.seen) {
		doc_say(d, DOC_FAIL, NULL, "the suite runs and nobody "
		    "listens on port %d of %s", port,
		    d->conf.gateway.api_bind);
		doc_do(d, "see config.in-force, and run doctor in the "
		    "network where the suite runs");
	} else if (d->alive == 0 && h.seen) {
		doc_say(d, DOC_FAIL, NULL, "port %d is taken, and the suite "
		    "is not running", port);
		doc_do(d, "stop what listens there, or set "
		    "gateway.api_port");
	} else
		doc_say(d, DOC_PASS, NULL, d->alive == 0 ? "port %d is free "
		    "for the suite" : "the suite listens on port %d", port);
}

/* where agents of this host ask, who then need no token */
static void
check_socket(struct doctor *d)
{
	struct sockaddr_un	 sun;
	int			 fd, rc;

	if (d->alive != 1) {
		(void)doc_need_status(d);
		return;
	}
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, d->paths->gateway_sock, sizeof(sun.sun_path));
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return;
	rc = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	if (rc == 0)
		doc_say(d, DOC_PASS, d->paths->gateway_sock, "takes "
		    "connections");
	else if (errno == EACCES) {
		doc_say(d, DOC_SKIP, d->paths->gateway_sock, "does not take "
		    "this user");
		doc_do(d, "nothing, unless an agent of this user should ask "
		    "there: the group defenseclaw may");
	} else {
		doc_say(d, DOC_FAIL, d->paths->gateway_sock, "%s",
		    strerror(errno));
		doc_do(d, "run `defenseclawctl restart'");
	}
	close(fd);
}

const struct check doc_ports[] = {
	{ "ports.api", "the suite, and nothing else, has its TCP port", 0, 0,
	    check_api },
	{ "ports.socket", "the Unix socket of agents takes connections", 0,
	    0, check_socket },
	{ NULL, NULL, 0, 0, NULL }
};
