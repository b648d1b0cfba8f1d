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

/*
 * sinkd -P resolver: turns names into addresses for sinks and the judge.
 *
 *   may      ask the name servers of resolv.conf, and read that file and
 *            hosts, which it was handed open
 *   may not  listen, open a file, see an event, a secret or the database
 *   if taken gives false addresses: TLS then stops a sink that verifies
 */

#include <sys/socket.h>

#include <ares.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "names.h"
#include "sinkd.h"

static const struct promise resolver_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_DNS,
	.files = FILES_NONE,
	.limits = { .nofile = 128, .fsize = 0, .nproc = 0, .memlock = 0 },
};

#define MAX_HOSTS_BYTES	(1024 * 1024)
#define MAX_RESOLV_BYTES (64 * 1024)
#define DNS_PORT	53
#define DNS_TIMEOUT_MS	2000
#define DNS_TRIES	3
#define MAX_QUERIES	8	/* of one sink under way */

static void	resolver_peer(struct peer *, struct msg *);
static void	resolver_shutdown(struct peer *, struct msg *);
static void	resolve(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_RUNNING, sizeof(struct peer_end),
	    sizeof(struct peer_end), FD_ONE, NOBODY, resolver_peer },
	{ MSG_PING, ST_RUNNING, 0, 0, FD_NONE, NOBODY, role_ping },
	{ MSG_SHUTDOWN, ST_RUNNING, 0, 0, FD_NONE, NOBODY,
	    resolver_shutdown },
	{ 0 }
};

static const struct dispatch from_sink[] = {
	{ MSG_RESOLVE, ST_RUNNING, 5, 5 + MAX_SINK_HOST, FD_NONE, NOBODY,
	    resolve },
	{ 0 }
};

/* a question under way; the peer may go before the answer comes */
struct query {
	TAILQ_ENTRY(query)	 entry;
	struct peer		*peer;
	uint32_t		 id;
};

static TAILQ_HEAD(, query)	 queries = TAILQ_HEAD_INITIALIZER(queries);
static ares_channel		 channel;
static char			*hosts;
static struct resolv_conf	 conf;
static struct event		*timer;

/* a host without one of them has nothing in it */
static char *
read_host_file(enum start_fd_kind kind, const char *what, size_t max)
{
	char	*text;
	size_t	 len;

	text = handed_read(kind, what, max, &len);
	if (text == NULL && (text = calloc(1, 1)) == NULL)
		fatal("%s", what);
	return (text);
}

static void
reply(struct peer *p, uint32_t id, struct resolved *r)
{
	(void)peer_send(p, MSG_RESOLVED, id, -1, r, sizeof(*r));
}

static void
refuse(struct peer *p, uint32_t id, uint32_t code, const char *text)
{
	struct resolved	 r;

	memset(&r, 0, sizeof(r));
	r.code = code;
	strlcpy(r.text, text, sizeof(r.text));
	reply(p, id, &r);
}

static void
answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	const struct ares_addrinfo_node	*n;
	struct query			*q = arg;
	struct resolved			 r;

	(void)timeouts;
	TAILQ_REMOVE(&queries, q, entry);
	if (q->peer == NULL || status == ARES_EDESTRUCTION) {
		free(q);
		return;
	}
	memset(&r, 0, sizeof(r));
	r.ttl = UINT32_MAX;
	if (status == ARES_SUCCESS)
		for (n = info->nodes; n != NULL; n = n->ai_next) {
			if (n->ai_family == AF_INET)
				names_add(&r, AF_INET,
				    &((const struct sockaddr_in *)
				    (const void *)n->ai_addr)->sin_addr);
			else if (n->ai_family == AF_INET6)
				names_add(&r, AF_INET6,
				    &((const struct sockaddr_in6 *)
				    (const void *)n->ai_addr)->sin6_addr);
			if (n->ai_ttl >= 0 && (uint32_t)n->ai_ttl < r.ttl)
				r.ttl = (uint32_t)n->ai_ttl;
		}
	if (r.count != 0)
		reply(q->peer, q->id, &r);
	else {
		snprintf(r.text, sizeof(r.text), "the name has no address: "
		    "%.80s", ares_strerror(status));
		r.code = CTL_UPSTREAM;
		reply(q->peer, q->id, &r);
	}
	if (info != NULL)
		ares_freeaddrinfo(info);
	free(q);
}

static void	tick(void);

static void
sink_closed(struct peer *p)
{
	struct query	*q;

	TAILQ_FOREACH(q, &queries, entry)
		if (q->peer == p)
			q->peer = NULL;
}

static void
resolve(struct peer *p, struct msg *msg)
{
	struct ares_addrinfo_hints	 hints;
	struct resolved			 r;
	struct query			*q;
	struct rbuf			 b;
	const char			*name;
	unsigned int			 n = 0;

	TAILQ_FOREACH(q, &queries, entry)
		if (q->peer == p)
			n++;
	rbuf_init(&b, msg->data, msg->len);
	name = rbuf_str(&b, MAX_SINK_HOST);
	if (rbuf_end(&b) == -1) {
		/* a sink that was taken over hurts no other */
		log_warnx("%s: a malformed question", p->name);
		sink_closed(p);
		peer_free(p);
		return;
	}
	memset(&r, 0, sizeof(r));
	if (!names_valid(name)) {
		refuse(p, msg->hdr.id, CTL_USAGE, "not a host name");
		return;
	}
	if (n >= MAX_QUERIES) {
		refuse(p, msg->hdr.id, CTL_UPSTREAM, "the name servers do "
		    "not answer");
		return;
	}
	if (names_hosts(hosts, name, &r) != 0) {
		reply(p, msg->hdr.id, &r);
		return;
	}
	if (conf.servers[0] == '\0') {
		refuse(p, msg->hdr.id, CTL_NOT_FOUND, "the name is not in "
		    "/etc/hosts and /etc/resolv.conf has no nameserver");
		return;
	}
	if ((q = calloc(1, sizeof(*q))) == NULL)
		fatal("query");
	q->peer = p;
	q->id = msg->hdr.id;
	TAILQ_INSERT_TAIL(&queries, q, entry);
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = ARES_AI_NOSORT;
	ares_getaddrinfo(channel, name, NULL, &hints, answered, q);
	tick();
}

static void
resolver_peer(struct peer *sup, struct msg *msg)
{
	struct peer_end	 end;
	struct peer	*p;

	(void)sup;
	p = role_peer(msg, &end, from_sink);
	if (end.role != ROLE_SINK && end.role != ROLE_JUDGE)
		fatalx("an edge to %s is not ours", role_name(end.role));
	p->class = PEER_CHILD;
	p->on_close = sink_closed;
}

static void
resolver_shutdown(struct peer *sup, struct msg *msg)
{
	(void)sup;
	(void)msg;
	role_exit();
}

/* c-ares has its own idea of when it wants to be called */
static void
tick(void)
{
	struct timeval	 tv, *next;

	next = ares_timeout(channel, NULL, &tv);
	if (next == NULL)
		evtimer_del(timer);
	else if (evtimer_add(timer, next) == -1)
		fatalx("timer");
}

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	tick();
}

static void
socket_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)arg;
	ares_process_fd(channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	tick();
}

struct watch {
	TAILQ_ENTRY(watch)	 entry;
	ares_socket_t		 fd;
	struct event		*ev;
};
static TAILQ_HEAD(, watch)	 watches = TAILQ_HEAD_INITIALIZER(watches);

static void
state_cb(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct watch	*w;
	short		 kind = EV_PERSIST;

	(void)arg;
	TAILQ_FOREACH(w, &watches, entry)
		if (w->fd == fd)
			break;
	if (w != NULL) {
		event_free(w->ev);
		TAILQ_REMOVE(&watches, w, entry);
		free(w);
	}
	if (!readable && !writable)
		return;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("watch");
	kind |= (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
	w->fd = fd;
	if ((w->ev = event_new(role.base, fd, kind, socket_cb, NULL)) ==
	    NULL || event_add(w->ev, NULL) == -1)
		fatalx("event");
	TAILQ_INSERT_TAIL(&watches, w, entry);
}

static void
channel_open(void)
{
	struct ares_options	 o;
	char			 dns[] = "b";
	int			 rc;

	memset(&o, 0, sizeof(o));
	o.flags = ARES_FLAG_NOALIASES;
	o.timeout = DNS_TIMEOUT_MS;
	o.tries = DNS_TRIES;
	o.lookups = dns;
	o.domains = conf.search;
	o.ndomains = conf.nsearch;
	o.sock_state_cb = state_cb;
	if ((rc = ares_library_init(ARES_LIB_INIT_ALL)) != ARES_SUCCESS ||
	    (rc = ares_init_options(&channel, &o, ARES_OPT_FLAGS |
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
	    ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB)) != ARES_SUCCESS)
		fatalx("c-ares: %s", ares_strerror(rc));
	if (conf.servers[0] != '\0' && (rc = ares_set_servers_ports_csv(channel,
	    conf.servers)) != ARES_SUCCESS)
		fatalx("resolv.conf: %s", ares_strerror(rc));
}

int
resolver_main(int argc, char *argv[])
{
	static struct confine_params	 params;

	role_begin(argc, argv, ROLE_RESOLVER);
	hosts = read_host_file(SFD_HOSTS, "hosts", MAX_HOSTS_BYTES);
	names_resolv_conf(&conf, read_host_file(SFD_RESOLV_CONF,
	    "resolv.conf", MAX_RESOLV_BYTES));
	channel_open();
	if ((timer = evtimer_new(role.base, timer_cb, NULL)) == NULL)
		fatalx("timer");
	params.ports[params.nports++] = DNS_PORT;
	role_enter(&resolver_promise, &params);
	role_serve(from_supervisor);
	_exit(0);
}
