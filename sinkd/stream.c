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

#include <sys/ioctl.h>

#include <errno.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "sinkd.h"

/*
 * Syslog over TCP or TLS, the connection made by libcurl (CONNECT_ONLY), so
 * that certificates, addresses and proxies are the business of one place.
 * The protocol has no answer: a piece is delivered when the receiver's kernel
 * has acknowledged every byte of it.  What a receiver loses after that cannot
 * be seen from here.
 */

#define DRAIN_MS	2	/* between two looks at the send queue */

static CURL		*easy;
static int		 connected;
static int		 connecting;
static curl_socket_t	 sock = CURL_SOCKET_BAD;
static const struct wbuf *out;
static size_t		 off;
static uint64_t		 since_ms;
static struct event	*go;		/* from the loop, and while draining */
static struct event	*writable;
static char		 url[MAX_SINK_HOST + 32];
static char		 error[CURL_ERROR_SIZE];

static void
disconnect(void)
{
	if (writable != NULL)
		event_free(writable);
	writable = NULL;
	if (connected || connecting)
		multi_remove(easy);
	connected = connecting = 0;
	sock = CURL_SOCKET_BAD;
}

static void
over(const struct judgement *j, const struct answer *a)
{
	out = NULL;
	deliver_done(j, a);
}

static void
broken(int rc, const char *text)
{
	struct judgement	 j;
	struct answer		 a;
	long			 proxy = 0;

	memset(&a, 0, sizeof(a));
	a.curl = rc;
	a.error = text;
	a.body = "";
	a.retry_after_ms = -1;
	if (curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy) ==
	    CURLE_OK)
		a.proxy = (int)proxy;
	disconnect();
	sink_judge_transport(&a, &j);
	over(&j, &a);
}

static void
again_in(int ms)
{
	struct timeval	 tv = { 0, ms * 1000 };

	if (evtimer_add(go, &tv) == -1)
		fatalx("timer");
}

/* has the other end closed: it says nothing, so all it can say is that */
static int
hung_up(void)
{
	char	 buf[512];
	size_t	 n;
	CURLcode rc;

	while ((rc = curl_easy_recv(easy, buf, sizeof(buf), &n)) == CURLE_OK)
		if (n == 0)
			return (1);
	return (rc != CURLE_AGAIN);
}

/* everything is written: is it there */
static void
drain(void)
{
	struct judgement	 j;
	int			 queued = 0;

	if (ioctl(sock, SIOCOUTQ, &queued) == -1)
		queued = 0;
	if (queued != 0 && clock_ms() - since_ms <
	    sinkd.sink.rec.timeout_ms && !hung_up()) {
		again_in(DRAIN_MS);
		return;
	}
	if (queued != 0) {
		broken(CURLE_OPERATION_TIMEDOUT, "the receiver does not take "
		    "what is sent");
		return;
	}
	memset(&j, 0, sizeof(j));
	j.bad_event = -1;
	sinkd.state.bytes += out->len;
	sink_judged(&j, OUT_DELIVERED, -1, "%s", "");
	over(&j, NULL);
}

static void
push(void)
{
	CURLcode	 rc;
	size_t		 n;

	while (off < out->len) {
		rc = curl_easy_send(easy, out->data + off, out->len - off, &n);
		if (rc == CURLE_OK) {
			off += n;
			continue;
		}
		if (rc != CURLE_AGAIN) {
			broken((int)rc, "the connection broke");
			return;
		}
		if (clock_ms() - since_ms >= sinkd.sink.rec.timeout_ms) {
			broken(CURLE_OPERATION_TIMEDOUT, "the receiver does "
			    "not take what is sent");
			return;
		}
		/* the timer ends a wait that the socket does not */
		if (event_add(writable, NULL) == -1)
			fatalx("event");
		again_in(100);
		return;
	}
	drain();
}

static void
writable_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (out != NULL && connected && off < out->len) {
		evtimer_del(go);
		push();
	}
}

static void
stream_over(CURL *c, int rc)
{
	if (rc != CURLE_OK ||
	    curl_easy_getinfo(c, CURLINFO_ACTIVESOCKET, &sock) != CURLE_OK ||
	    sock == CURL_SOCKET_BAD) {
		broken(rc != CURLE_OK ? rc : CURLE_COULDNT_CONNECT, error);
		return;
	}
	connecting = 0;
	connected = 1;
	egress_shown(c);
	if ((writable = event_new(role.base, sock, EV_WRITE, writable_cb,
	    NULL)) == NULL)
		fatalx("event");
	if (out != NULL)
		push();
}

static void
resolved(int rc, const char *text)
{
	if (rc != EGRESS_OK) {
		broken(CURLE_COULDNT_RESOLVE_HOST, text);
		return;
	}
	curl_easy_reset(easy);
	egress_begin(easy);
	error[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	connecting = 1;
	multi_add(easy);
}

static void
go_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (out == NULL || connecting)
		return;
	if (connected && off == 0 && hung_up())
		disconnect();
	if (!connected)
		egress_resolve(resolved);
	else
		push();
}

static void
stream_send(const struct wbuf *b, const size_t *lens, size_t n)
{
	(void)lens;
	(void)n;
	out = b;
	off = 0;
	since_ms = clock_ms();
	event_active(go, EV_TIMEOUT, 1);
}

static void
stream_init(void)
{
	const struct rec_sink	*r = &sinkd.sink.rec;

	multi_init(stream_over);
	if ((easy = curl_easy_init()) == NULL ||
	    (go = evtimer_new(role.base, go_cb, NULL)) == NULL)
		fatalx("libcurl does not start");
	snprintf(url, sizeof(url), strchr(r->host, ':') != NULL ?
	    "%s://[%s]:%u" : "%s://%s:%u", r->transport == SINK_TLS ?
	    "https" : "http", r->host, r->proxy_host[0] != '\0' ?
	    r->target_port : r->port);
}

const struct carrier	stream_carrier = { stream_init, stream_send };
