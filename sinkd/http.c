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
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/stamp.h"
#include "common/version.h"
#include "sinkd.h"

/*
 * The HTTP carrier: libcurl's multi interface on libevent, one request at a
 * time and beside it one poll for acknowledgements (HEC).
 */

#define GZIP_WINDOW	(15 + 16)	/* zlib: a gzip header */
#define GZIP_MEMORY	8
#define MAX_GZIP	(MAX_OUTBOX_BYTES * 16)
#define MAX_HEADER_LINE	(MAX_SECRET + 256)
#define UUID_LEN	36
#define MAX_ASKED_S	(INT64_MAX / 1000) /* of Retry-After, in ms */

struct transfer {
	CURL			*easy;
	struct curl_slist	*headers;
	struct curl_slist	 secret;	/* before them, when there is */
	struct wbuf		 in;		/* of the answer */
	int			 truncated;
	int			 busy;
	char			 error[CURL_ERROR_SIZE];
};

static struct transfer	 post, acks;
static struct wbuf	 zipped, ack_body;
static const struct wbuf *out;
static char		 channel[UUID_LEN + 1];
static char		 ack_url[MAX_SINK_URL + 64];
static char		*auth;		/* in locked memory, or NULL */
static char		*secret_url;	/* the same: slack's */
static z_stream		 deflater;

static void	channel_new(void);

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer	*r = arg;
	size_t		 len = size * n;

	if (r->in.len + len > MAX_SINK_ANSWER) {
		r->truncated = 1;
		return (0);
	}
	wbuf_put(&r->in, data, len);
	return (len);
}

/*
 * ms to wait, "120" or a date (RFC 9110, 10.2.3) by the clock that it is of
 * when that is told; -1: nothing was asked for.
 */
static int64_t
retry_after(CURL *c)
{
	const char	*text = egress_header(c, "Retry-After");
	int64_t		 now = egress_date_ms(c);
	long long	 v;
	char		*end;
	time_t		 t;

	if (text == NULL)
		return (-1);
	v = strtoll(text, &end, 10);
	if (end != text && *end == '\0')
		return (v < 0 ? -1 : (v < MAX_ASKED_S ? v : MAX_ASKED_S) *
		    1000);
	if ((t = curl_getdate(text, NULL)) <= 0 || t >= MAX_ASKED_S)
		return (-1);
	return ((int64_t)t * 1000 - (now != 0 ? now :
	    (int64_t)clock_wall_us() / 1000));
}

static void
answer_of(struct transfer *r, int rc, struct answer *a)
{
	long	 status = 0, proxy = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(r->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	memset(a, 0, sizeof(*a));
	a->proxy = (int)proxy;
	a->curl = rc;
	a->truncated = r->truncated;
	if (rc == CURLE_OK || r->truncated)
		a->http = (int)status;
	a->body = r->in.len != 0 ? (const char *)r->in.data : "";
	a->len = r->in.len;
	a->retry_after_ms = retry_after(r->easy);
	a->error = r->error;
	egress_shown(r->easy);
}

static void
post_over(int rc)
{
	struct judgement	 j;
	struct answer		 a;
	curl_off_t		 n = 0;

	answer_of(&post, rc, &a);
	if (a.http == 0)
		sink_judge_transport(&a, &j);
	else
		sinkd.ops->judge(&sinkd.sink, &a, &j);
	curl_easy_getinfo(post.easy, CURLINFO_SIZE_UPLOAD_T, &n);
	sinkd.state.bytes += (uint64_t)n;
	post.busy = 0;
	if (j.new_channel)
		channel_new();
	deliver_done(&j, &a);
}

static void
indexed(uint64_t id, void *arg)
{
	(void)arg;
	deliver_indexed(id);
}

static void
acks_over(int rc)
{
	struct answer	 a;

	answer_of(&acks, rc, &a);
	acks.busy = 0;
	if (a.http == 200 && hec_acks(a.body, a.len, indexed, NULL) == -1)
		log_warnx("an answer about acknowledgements that is none");
	else if (a.http != 200)
		log_warnx("acknowledgements cannot be asked for: %s, HTTP %d",
		    curl_easy_strerror((CURLcode)rc), a.http);
	batch_settle();
	deliver_kick();
}

static void
http_over(CURL *easy, int rc)
{
	multi_remove(easy);
	if (easy == post.easy)
		post_over(rc);
	else
		acks_over(rc);
}

static void
header_add(struct transfer *r, const char *line)
{
	struct curl_slist	*l;

	if ((l = curl_slist_append(r->headers, line)) == NULL)
		fatalx("headers");
	r->headers = l;
}

/*
 * The line with the credentials is in locked memory and only borrowed: it
 * stands before the list, which is freed without it.
 */
static struct curl_slist *
headers_make(struct transfer *r, const struct wbuf *b)
{
	char	 line[MAX_HEADER_LINE];
	size_t	 i;

	curl_slist_free_all(r->headers);
	r->headers = NULL;
	snprintf(line, sizeof(line), "Content-Type: %s", r == &acks ?
	    "application/json" : sinkd.ops->content_type(&sinkd.sink));
	header_add(r, line);
	header_add(r, "Expect:");
	if (sinkd.sink.rec.gzip && r == &post)
		header_add(r, "Content-Encoding: gzip");
	if (sinkd.sink.rec.kind == SINK_HEC) {
		snprintf(line, sizeof(line), "X-Splunk-Request-Channel: %s",
		    channel);
		header_add(r, line);
	}
	for (i = 0; i < sinkd.sink.nheaders; i++) {
		snprintf(line, sizeof(line), "%s: %s",
		    sinkd.sink.headers[i].name, sinkd.sink.headers[i].value);
		header_add(r, line);
	}
	for (i = 0; i < MAX_SIGNATURES && webhook_header(&sinkd.sink, b, i,
	    line, sizeof(line)); i++)
		header_add(r, line);
	if (auth == NULL)
		return (r->headers);
	r->secret.data = auth;
	r->secret.next = r->headers;
	return (&r->secret);
}

static void
request_start(struct transfer *r, const char *url, const char *method,
    const struct wbuf *b)
{
	CURL	*c = r->easy;

	curl_easy_reset(c);
	egress_begin(c);
	wbuf_reset(&r->in);
	r->truncated = 0;
	r->error[0] = '\0';
	r->busy = 1;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	if (strcmp(method, "POST") != 0)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)b->len);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)b->data);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers_make(r, b));
	curl_easy_setopt(c, CURLOPT_USERAGENT, "defenseclaw/" DC_VERSION);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
	multi_add(c);
}

/*
 * From the loop, so that deliver_done() is never called by send.
 */
static void
post_fail(enum outcome outcome, const char *text)
{
	struct judgement	 j;
	struct answer		 a;

	memset(&j, 0, sizeof(j));
	memset(&a, 0, sizeof(a));
	a.retry_after_ms = -1;
	j.bad_event = -1;
	sink_judged(&j, outcome, -1, "%s", text);
	post.busy = 0;
	deliver_done(&j, &a);
}

static void
resolved(int rc, const char *text)
{
	if (rc != EGRESS_OK)
		post_fail(OUT_RETRY, text);
	else
		request_start(&post, secret_url != NULL ? secret_url :
		    sinkd.sink.rec.url,
		    sinkd.sink.rec.kind == SINK_JSONL ?
		    sinkd.sink.rec.method : "POST", out);
}

static void
begin_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (sinkd.unusable[0] != '\0')
		post_fail(OUT_HOLD, sinkd.unusable);
	else
		egress_resolve(resolved);
}

/* RFC 1952 */
static int
zip(const struct wbuf *b)
{
	uint8_t	 chunk[16384];
	int	 rc;

	wbuf_reset(&zipped);
	if (deflateReset(&deflater) != Z_OK)
		return (-1);
	deflater.next_in = b->data;
	deflater.avail_in = (uInt)b->len;
	do {
		deflater.next_out = chunk;
		deflater.avail_out = sizeof(chunk);
		rc = deflate(&deflater, Z_FINISH);
		wbuf_put(&zipped, chunk, sizeof(chunk) - deflater.avail_out);
	} while (rc == Z_OK);
	return (rc == Z_STREAM_END && !zipped.failed ? 0 : -1);
}

static void
http_send(const struct wbuf *b, const size_t *lens, size_t n)
{
	static struct event	*begin;

	(void)lens;
	(void)n;
	out = b;
	if (sinkd.sink.rec.gzip) {
		if (zip(b) == -1)
			fatalx("gzip");
		out = &zipped;
	}
	if (begin == NULL && (begin = evtimer_new(role.base, begin_cb,
	    NULL)) == NULL)
		fatalx("event");
	event_active(begin, EV_TIMEOUT, 1);
}

void
http_poll_acks(const uint64_t *ids, size_t n)
{
	char	 text[32];
	size_t	 i;

	if (acks.busy)
		return;
	wbuf_reset(&ack_body);
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%s%llu", i == 0 ?
		    "{\"acks\":[" : ",", (unsigned long long)ids[i]);
		wbuf_put(&ack_body, text, strlen(text));
	}
	sink_put(&ack_body, "]}");
	request_start(&acks, ack_url, "POST", &ack_body);
}

/* ".../services/collector/event" answers about acks at ".../collector/ack" */
static void
ack_url_make(void)
{
	static const char *const	 tails[] = { "/event", "/raw", "/" };
	size_t				 i, len, tail;

	strlcpy(ack_url, sinkd.sink.rec.url, sizeof(ack_url));
	len = strcspn(ack_url, "?");
	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		tail = strlen(tails[i]);
		if (len > tail && strncmp(ack_url + len - tail, tails[i],
		    tail) == 0) {
			len -= tail;
			break;
		}
	}
	snprintf(ack_url + len, sizeof(ack_url) - len, "/ack?channel=%s",
	    channel);
}

static void
channel_new(void)
{
	uint8_t	 id[EVENT_ID_LEN];

	/* what is answered about ids of the old one is about no event */
	if (acks.busy)
		multi_remove(acks.easy);
	acks.busy = 0;
	randombytes_buf(id, sizeof(id));
	id[6] = (id[6] & 0x0f) | 0x40;	/* RFC 9562, version 4 */
	id[8] = (id[8] & 0x3f) | 0x80;
	event_uuid(id, channel);
	ack_url_make();
}

/* slack's URL is the secret: what is configured of it, and the rest */
static void
url_make(void)
{
	const char	*rest = sinkd.token.data;
	size_t		 size, n;

	size = sizeof(sinkd.sink.rec.url) + sinkd.token.len + 2;
	if ((secret_url = sodium_malloc(size)) == NULL)
		fatalx("locked memory for the URL");
	n = strlcpy(secret_url, sinkd.sink.rec.url, size);
	while (n > 0 && secret_url[n - 1] == '/')
		n--;
	while (*rest == '/')
		rest++;
	snprintf(secret_url + n, size - n, "/%s", rest);
	secret_free(&sinkd.token);
}

static void
auth_make(void)
{
	const struct rec_sink	*r = &sinkd.sink.rec;
	size_t			 size;

	if (sinkd.token.data == NULL)
		return;
	if (r->kind == SINK_WEBHOOK && r->webhook == WEBHOOK_SLACK) {
		url_make();
		return;
	}
	/* of the others it is in the body, or signs it */
	if (r->kind == SINK_WEBHOOK && r->webhook != WEBHOOK_WEBEX)
		return;
	size = sinkd.token.len + sizeof(r->auth_header) + 32;
	if ((auth = sodium_malloc(size)) == NULL)
		fatalx("locked memory for the token");
	if (r->auth_header[0] != '\0')
		snprintf(auth, size, "%s: %s", r->auth_header,
		    sinkd.token.data);
	else
		snprintf(auth, size, "Authorization: %s %s",
		    r->kind == SINK_HEC ? "Splunk" : "Bearer",
		    sinkd.token.data);
	secret_free(&sinkd.token);
}

static void
http_init(void)
{
	multi_init(http_over);
	if ((post.easy = curl_easy_init()) == NULL ||
	    (acks.easy = curl_easy_init()) == NULL)
		fatalx("libcurl does not start");
	wbuf_init(&post.in, MAX_SINK_ANSWER);
	wbuf_init(&acks.in, MAX_SINK_ANSWER);
	wbuf_init(&zipped, MAX_GZIP);
	wbuf_init(&ack_body, 64 * 1024);
	if (deflateInit2(&deflater, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW,
	    GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		fatalx("zlib does not start");
	channel_new();
	auth_make();
}

const struct carrier	http_carrier = { http_init, http_send };
