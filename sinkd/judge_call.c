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

#include "common/clock.h"
#include "common/log.h"
#include "common/version.h"
#include "judge.h"
#include "sinkd.h"

/*
 * One request to the judge: what it carries, and what each way in which it
 * may end is called.  Nothing is sent twice.
 */

static struct curl_slist	*headers;
static struct curl_slist	 secret;	/* before them, when there is */
static char			*auth;		/* in locked memory, or NULL */
static const struct rec_judge	*conf;

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct call	*c = arg;
	size_t		 len = size * n;

	if (c->in.len + len > MAX_JUDGE_ANSWER) {
		c->oversize = 1;
		return (0);
	}
	wbuf_put(&c->in, data, len);
	return (c->in.failed ? 0 : len);
}

static enum judge_status
transport_status(const struct call *c, int rc)
{
	switch (rc) {
	case CURLE_COULDNT_CONNECT:
		return (JUDGE_REFUSED);
	case CURLE_OPERATION_TIMEDOUT:
		return (JUDGE_TIMEOUT);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_USE_SSL_FAILED:
		return (JUDGE_TLS);
	case CURLE_UNSUPPORTED_PROTOCOL:	/* no HTTP at all */
	case CURLE_WEIRD_SERVER_REPLY:
		return (JUDGE_MALFORMED);
	case CURLE_COULDNT_RESOLVE_HOST:
		return (JUDGE_NO_NAME);
	default:
		/* TLS 1.3 says so after the handshake (RFC 8446, 6.2) */
		return (strstr(c->error, " alert ") != NULL ? JUDGE_TLS :
		    JUDGE_TRUNCATED);
	}
}

static void
call_ended(struct call *c, int rc, int http)
{
	struct judge_verdict	 v;
	enum judge_status	 status;
	char			 why[MAX_JUDGE_REASON];

	if (c->oversize || rc == CURLE_FILESIZE_EXCEEDED)
		judge_fail(c, JUDGE_OVERSIZE, http, "the answer has more than "
		    "%d KiB", MAX_JUDGE_ANSWER / 1024);
	else if (rc != CURLE_OK)
		judge_fail(c, transport_status(c, rc), http, "%s",
		    c->error[0] != '\0' ? c->error :
		    curl_easy_strerror((CURLcode)rc));
	else if (http >= 300 && http < 400)
		judge_fail(c, JUDGE_REDIRECT, http, "HTTP %d: a redirect, "
		    "which is never followed", http);
	else if (http >= 400 && http < 500)
		judge_fail(c, JUDGE_CLIENT_ERROR, http, "HTTP %d%s", http,
		    http == 401 || http == 403 ? ": the server does not "
		    "accept our key" : http == 404 ? ": no such endpoint, or "
		    "no such model" : "");
	else if (http >= 500)
		judge_fail(c, JUDGE_SERVER_ERROR, http, "HTTP %d", http);
	else if (http != 200)
		judge_fail(c, JUDGE_MALFORMED, http, "HTTP %d where 200 was "
		    "to be", http);
	else {
		status = judge_answer(&c->ask, c->in.len != 0 ?
		    (const char *)c->in.data : "", c->in.len, &v, why,
		    sizeof(why));
		v.said.http = 200;
		if (status == JUDGE_OK)
			judge_over(c, &v.said);
		else {
			/* of what came the model's own words, if there are */
			if (v.body[0] != '\0') {
				wbuf_reset(&c->in);
				wbuf_put(&c->in, v.body, strlen(v.body));
			}
			judge_fail(c, status, http, "%s", why);
		}
		judge_verdict_free(&v);
	}
}

static void
call_over(CURL *easy, int rc)
{
	struct call	*c = NULL;
	long		 http = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http);
	egress_shown(easy);
	call_ended(c, rc, http < 0 || http > 999 ? 0 : (int)http);
}

void
call_send(struct call *c)
{
	CURL	*e;

	c->state = CALL_SENT;
	wbuf_init(&c->out, MAX_JUDGE_REQUEST);
	wbuf_init(&c->in, MAX_JUDGE_ANSWER);
	if (judge_request(&c->ask, conf->model, &c->out) == -1 ||
	    (e = curl_easy_init()) == NULL)
		fatalx("no memory for a request");
	c->easy = e;
	egress_begin(e);
	/* the call has a timer of its own, from when it was asked */
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)MAX_JUDGE_MS);
	/* a test sees the certificates that are shown now */
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)c->ask.fresh);
	curl_easy_setopt(e, CURLOPT_URL, conf->url);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)c->out.len);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, (const char *)c->out.data);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, auth != NULL ? &secret :
	    headers);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "defenseclaw/" DC_VERSION);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE, (long)MAX_JUDGE_ANSWER);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(e, CURLOPT_PRIVATE, (char *)c);
	multi_add(e);
}

void
call_abort(struct call *c)
{
	if (c->easy != NULL) {
		multi_remove(c->easy);
		curl_easy_cleanup(c->easy);
	}
	c->easy = NULL;
	wbuf_free(&c->out);
	wbuf_free(&c->in);
}

static void
auth_make(void)
{
	size_t	 size;

	if (sinkd.token.data == NULL)
		return;
	size = sinkd.token.len + 32;
	if ((auth = sodium_malloc(size)) == NULL)
		fatalx("locked memory for the key");
	snprintf(auth, size, "Authorization: Bearer %s", sinkd.token.data);
	secret_free(&sinkd.token);
	secret.data = auth;
	secret.next = headers;
}

void
call_init(const struct rec_judge *r)
{
	conf = r;
	multi_init(call_over);
	if ((headers = curl_slist_append(NULL,
	    "Content-Type: application/json")) == NULL ||
	    curl_slist_append(headers, "Expect:") == NULL)
		fatalx("headers");
	auth_make();
}
