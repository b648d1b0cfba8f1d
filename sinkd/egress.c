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

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "chain.h"
#include "sinkd.h"

/*
 * The one endpoint of this process.  Names go to the resolver and to nobody
 * else; whatever libcurl wants to connect to is looked at again here, after
 * resolution, whoever answered.
 */

#define MAX_CA_BYTES	(4 * 1024 * 1024)
#define MAX_CERT_BYTES	(256 * 1024)
#define MIN_TTL		1	/* seconds an address is kept */
#define MAX_TTL		300
#define MAX_RESOLVE_MS	10000
#define MAX_CHAIN_MS	5000
#define MAX_DATE_S	INT64_C(253402300799)	/* 9999-12-31 */
#define MAX_CHAIN_TEXT	900	/* of outbox_tested's text */

static struct resolved_addr	 addrs[MAX_RESOLVED];
static uint32_t			 naddrs;
static uint64_t			 good_until_ms;
static int			 numeric;
static struct curl_slist	*hosts;		/* for CURLOPT_RESOLVE */
static struct curl_slist	*old_hosts;	/* a handle may yet begin */
static struct curl_blob		 ca, cert, key;
static void			(*waiting)(int, const char *);
static uint32_t			 asked_id;
static struct peer		*resolver;	/* NULL: being replaced */
static struct event		*overdue;
static void			(*chain_fn)(const char *);

/* the host that is connected to: the receiver's, or the proxy's */
static const char *
peer_host(void)
{
	const struct rec_sink	*r = &sinkd.sink.rec;

	return (r->proxy_host[0] != '\0' ? r->proxy_host : r->host);
}

static int
parse_numeric(const char *host, struct resolved_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, a->addr) == 1)
		a->family = AF_INET;
	else if (inet_pton(AF_INET6, host, a->addr) == 1)
		a->family = AF_INET6;
	else
		return (-1);
	return (0);
}

static void
read_blob(enum start_fd_kind kind, size_t max, struct curl_blob *b)
{
	if ((b->data = handed_read(kind, "the file of certificates", max,
	    &b->len)) == NULL)
		return;
	if (b->len == 0)
		fatalx("the file of certificates is empty");
	b->flags = CURL_BLOB_NOCOPY;
}

/*
 * "host:port:address,..." in the form CURLOPT_RESOLVE takes, after the line
 * that takes the old ones away.
 */
static void
hosts_make(void)
{
	const struct rec_sink	*r = &sinkd.sink.rec;
	char			 line[MAX_SINK_HOST + 64 * MAX_RESOLVED];
	char			 text[INET6_ADDRSTRLEN];
	size_t			 n;
	uint32_t		 i;

	curl_slist_free_all(old_hosts);
	old_hosts = hosts;
	hosts = NULL;
	if (numeric)
		return;
	snprintf(line, sizeof(line), "-%s:%u", peer_host(), r->port);
	hosts = curl_slist_append(NULL, line);
	n = (size_t)snprintf(line, sizeof(line), "%s:%u:", peer_host(),
	    r->port);
	for (i = 0; i < naddrs && n < sizeof(line); i++) {
		(void)inet_ntop((int)addrs[i].family, addrs[i].addr, text,
		    sizeof(text));
		n += (size_t)snprintf(line + n, sizeof(line) - n,
		    addrs[i].family == AF_INET6 ? "%s[%s]" : "%s%s",
		    i == 0 ? "" : ",", text);
	}
	if (n >= sizeof(line) || hosts == NULL ||
	    curl_slist_append(hosts, line) == NULL)
		fatalx("addresses");
}

static void
answer(int rc, const char *text)
{
	void	(*fn)(int, const char *) = waiting;

	waiting = NULL;
	if (overdue != NULL)
		evtimer_del(overdue);
	if (fn != NULL)
		fn(rc, text);
}

static void
overdue_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	answer(EGRESS_NO_NAME, "the resolver does not answer");
}

static void
resolved(struct peer *p, struct msg *msg)
{
	struct resolved	 r;
	uint32_t	 i, n = 0;

	if (msg_get(msg, &r, sizeof(r)) == -1 || r.count > MAX_RESOLVED)
		fatalx("%s: malformed", p->name);
	if (msg->hdr.id != asked_id || waiting == NULL)
		return;
	r.text[sizeof(r.text) - 1] = '\0';
	if (r.code != CTL_OK) {
		answer(EGRESS_NO_NAME, r.text);
		return;
	}
	for (i = 0; i < r.count; i++) {
		if ((r.addr[i].family != AF_INET &&
		    r.addr[i].family != AF_INET6) ||
		    addr_refused(&r.addr[i], numeric))
			continue;
		addrs[n++] = r.addr[i];
	}
	if (n == 0) {
		answer(EGRESS_REFUSED, "the name has no address that may be "
		    "used");
		return;
	}
	naddrs = n;
	if (r.ttl < MIN_TTL)
		r.ttl = MIN_TTL;
	if (r.ttl > MAX_TTL)
		r.ttl = MAX_TTL;
	good_until_ms = clock_ms() + (uint64_t)r.ttl * 1000;
	hosts_make();
	answer(EGRESS_OK, "");
}

static const struct dispatch from_resolver[] = {
	{ MSG_RESOLVED, ST_RUNNING, sizeof(struct resolved),
	    sizeof(struct resolved), FD_NONE, NOBODY, resolved },
	{ 0 }
};

static void
ask(void)
{
	struct wbuf	 w;

	wbuf_init(&w, MAX_SINK_HOST + 8);
	wbuf_str(&w, peer_host());
	if (w.failed || peer_send(resolver, MSG_RESOLVE, ++asked_id, -1,
	    w.data, w.len) == -1)
		answer(EGRESS_NO_NAME, "the resolver cannot be asked");
	wbuf_free(&w);
}

static void
resolver_closed(struct peer *p)
{
	if (resolver == p)
		resolver = NULL;
}

void
egress_resolver(struct msg *msg, struct peer_end *end)
{
	resolver = role_peer(msg, end, from_resolver);
	resolver->on_close = resolver_closed;
	/* what the one before was asked, or what waited for this one */
	if (waiting != NULL)
		ask();
}

void
egress_resolve(void (*fn)(int, const char *))
{
	struct timeval	 tv = { MAX_RESOLVE_MS / 1000, 0 };

	if (waiting != NULL)
		fatalx("two names at once");
	waiting = fn;
	if (numeric || clock_ms() < good_until_ms) {
		answer(EGRESS_OK, "");
		return;
	}
	if ((overdue == NULL && (overdue = evtimer_new(role.base, overdue_cb,
	    NULL)) == NULL) || evtimer_add(overdue, &tv) == -1)
		fatalx("timer");
	/* while it is being replaced the question waits for the next one */
	if (resolver != NULL)
		ask();
}

static int
same_addr(const struct resolved_addr *a, const struct sockaddr *sa)
{
	const struct sockaddr_in	*s4 = (const void *)sa;
	const struct sockaddr_in6	*s6 = (const void *)sa;

	if (a->family != sa->sa_family)
		return (0);
	if (sa->sa_family == AF_INET)
		return (ntohs(s4->sin_port) == sinkd.sink.rec.port &&
		    memcmp(a->addr, &s4->sin_addr, 4) == 0);
	return (ntohs(s6->sin6_port) == sinkd.sink.rec.port &&
	    memcmp(a->addr, &s6->sin6_addr, 16) == 0);
}

/* the last word on every connection of this process */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *ca_addr)
{
	uint32_t	i;

	(void)arg;
	if (purpose != CURLSOCKTYPE_IPCXN)
		return (CURL_SOCKET_BAD);
	for (i = 0; i < naddrs; i++)
		if (same_addr(&addrs[i], &ca_addr->addr))
			return (socket(ca_addr->family, SOCK_STREAM |
			    SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
	log_warnx("a connection to an address that is not the receiver's "
	    "was refused");
	return (CURL_SOCKET_BAD);
}

void
egress_begin(CURL *c)
{
	const struct rec_sink	*r = &sinkd.sink.rec;
	char			 proxy[MAX_SINK_HOST + 32];

#define SET(opt, v) do {						\
	if (curl_easy_setopt(c, CURLOPT_ ## opt, v) != CURLE_OK)	\
		fatalx("libcurl does not take " #opt);			\
} while (0)
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L);
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(TIMEOUT_MS, (long)r->timeout_ms);
	SET(CONNECTTIMEOUT_MS, (long)r->timeout_ms);
	SET(NOPROXY, "");
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(OPENSOCKETFUNCTION, open_socket);
	SET(TCP_KEEPALIVE, 1L);
	SET(DNS_CACHE_TIMEOUT, (long)MAX_TTL);
	if (r->proxy_host[0] != '\0') {
		snprintf(proxy, sizeof(proxy), strchr(r->proxy_host, ':') !=
		    NULL ? "http://[%s]:%u" : "http://%s:%u", r->proxy_host,
		    r->port);
		SET(PROXY, proxy);
	} else
		SET(PROXY, "");
	if (hosts != NULL)
		SET(RESOLVE, hosts);
	if (r->transport != SINK_TLS)
		return;
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(SSL_VERIFYPEER, (long)r->verify_tls);
	SET(SSL_VERIFYHOST, r->verify_tls ? 2L : 0L);
	SET(CERTINFO, 1L);
	if (ca.len != 0)
		SET(CAINFO_BLOB, &ca);
	if (cert.len != 0) {
		SET(SSLCERT_BLOB, &cert);
		SET(SSLKEY_BLOB, &key);
	}
	if (r->pin[0] != '\0')
		SET(PINNEDPUBLICKEY, r->pin);
#undef SET
}

const char *
egress_header(CURL *c, const char *name)
{
	struct curl_header	*h;

	/* of several the last */
	if (curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
	    curl_easy_header(c, name, h->amount - 1, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return (NULL);
	return (h->value);
}

int64_t
egress_date_ms(CURL *c)
{
	const char	*text = egress_header(c, "Date");
	time_t		 t = text != NULL ? curl_getdate(text, NULL) : -1;

	return (t > 0 && t < MAX_DATE_S ? (int64_t)t * 1000 : 0);
}

/* a connection that was there before shows no certificates */
void
egress_shown(CURL *c)
{
	struct curl_certinfo	*ci = NULL;
	int64_t			 date, ms;

	if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &ci) == CURLE_OK &&
	    ci != NULL && ci->num_of_certs > 0)
		sinkd.state.tls_until_us = chain_until(ci);
	if ((date = egress_date_ms(c)) == 0)
		return;
	/* it has whole seconds: less than that is no difference */
	ms = (int64_t)clock_wall_us() / 1000 - date;
	sinkd.state.have_skew = 1;
	sinkd.state.skew_ms = ms > -1000 && ms < 1000 ? 0 : ms;
}

static void
chain_over(CURL *c, int rc)
{
	struct curl_certinfo	*ci = NULL;
	char			 text[MAX_CHAIN_TEXT] = "";
	void			(*fn)(const char *) = chain_fn;

	chain_fn = NULL;
	if (rc == CURLE_OK && curl_easy_getinfo(c, CURLINFO_CERTINFO,
	    &ci) == CURLE_OK && ci != NULL)
		chain_text(ci, text, sizeof(text));
	curl_easy_cleanup(c);
	fn(text);
}

/*
 * A connection of its own without verification, over which not a byte of
 * ours goes.
 */
void
egress_chain(void (*fn)(const char *))
{
	const struct rec_sink	*r = &sinkd.sink.rec;
	char			 url[MAX_SINK_HOST + 32];
	CURL			*c;

	/* one at a time */
	if (chain_fn != NULL || (c = curl_easy_init()) == NULL) {
		fn("");
		return;
	}
	chain_fn = fn;
	egress_begin(c);
	snprintf(url, sizeof(url), strchr(r->host, ':') != NULL ?
	    "https://[%s]:%u" : "https://%s:%u", r->host, r->target_port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, NULL);
	curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, NULL);
	curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, NULL);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)MAX_CHAIN_MS);
	multi_aside(c, chain_over);
}

void
egress_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("libcurl does not start");
	read_blob(SFD_CA, MAX_CA_BYTES, &ca);
	read_blob(SFD_CERT, MAX_CERT_BYTES, &cert);
	if (cert.len != 0) {
		if (sinkd.client_key.data == NULL)
			fatalx("a client certificate without its key");
		key.data = sinkd.client_key.data;
		key.len = sinkd.client_key.len;
		key.flags = CURL_BLOB_NOCOPY;
	}
	if (sinkd.sink.rec.transport == SINK_TLS &&
	    sinkd.sink.rec.verify_tls && ca.len == 0)
		fatalx("no CA certificates: set ca_file, or install the "
		    "host's ca-certificates");
	if (parse_numeric(peer_host(), &addrs[0]) == 0) {
		numeric = 1;
		naddrs = 1;
		if (addr_refused(&addrs[0], 1))
			fatalx("%s: not an address of a receiver",
			    peer_host());
	}
}
