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

#include "common/log.h"
#include "sinkd.h"

/*
 * libcurl's multi interface on libevent (curl_multi_socket_action(3)).
 */

static CURLM		*multi;
static struct event	*timer;
static void		(*over)(CURL *, int);
static CURL		*aside;		/* one that is not the carrier's */
static void		(*aside_over)(CURL *, int);

static void
finished(void)
{
	CURLMsg	*m;
	CURL	*easy;
	int	 left, rc;

	while ((m = curl_multi_info_read(multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		easy = m->easy_handle;
		rc = (int)m->data.result;
		if (easy == aside) {
			aside = NULL;
			multi_remove(easy);
			aside_over(easy, rc);
		} else
			over(easy, rc);
	}
}

static void
socket_cb(evutil_socket_t fd, short what, void *arg)
{
	int	 flags = 0, running;

	(void)arg;
	if (what & EV_READ)
		flags |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(multi, fd, flags, &running);
	finished();
}

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	int	 running;

	(void)fd;
	(void)what;
	(void)arg;
	curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finished();
}

static int
on_socket(CURL *easy, curl_socket_t s, int what, void *arg, void *data)
{
	struct event	*ev = data;
	short		 kind = EV_PERSIST;

	(void)easy;
	(void)arg;
	if (ev != NULL)
		event_free(ev);
	curl_multi_assign(multi, s, NULL);
	if (what == CURL_POLL_REMOVE)
		return (0);
	if (what & CURL_POLL_IN)
		kind |= EV_READ;
	if (what & CURL_POLL_OUT)
		kind |= EV_WRITE;
	if ((ev = event_new(role.base, s, kind, socket_cb, NULL)) == NULL ||
	    event_add(ev, NULL) == -1)
		fatalx("event");
	curl_multi_assign(multi, s, ev);
	return (0);
}

static int
on_timer(CURLM *m, long ms, void *arg)
{
	struct timeval	 tv;

	(void)m;
	(void)arg;
	if (ms < 0)
		return (evtimer_del(timer));
	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	return (evtimer_add(timer, &tv));
}

void
multi_init(void (*fn)(CURL *, int))
{
	over = fn;
	if ((multi = curl_multi_init()) == NULL ||
	    (timer = evtimer_new(role.base, timer_cb, NULL)) == NULL)
		fatalx("libcurl does not start");
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
}

void
multi_add(CURL *c)
{
	if (curl_multi_add_handle(multi, c) != CURLM_OK)
		fatalx("libcurl takes no request");
}

void
multi_aside(CURL *c, void (*fn)(CURL *, int))
{
	aside = c;
	aside_over = fn;
	multi_add(c);
}

void
multi_remove(CURL *c)
{
	curl_multi_remove_handle(multi, c);
}
