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

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/export.h"
#include "common/json.h"
#include "common/log.h"
#include "common/outbox.h"
#include "sink.h"

static const struct sink_ops *const	kinds[] = {
	&sink_hec, &sink_otlp, &sink_jsonl, &sink_syslog, &sink_file,
	&sink_webhook
};

const struct sink_ops *
sink_ops(enum sink_kind kind)
{
	size_t	i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i]->kind == kind)
			return (kinds[i]);
	return (NULL);
}

int
sink_row(const struct chain_row *row, struct wbuf *w, char *err,
    size_t errlen)
{
	static char	 line[MAX_EXPORT_LINE];
	ssize_t		 n;

	if ((n = export_row_line(row, line, sizeof(line))) == -1) {
		snprintf(err, errlen, "row %llu has no JSON form",
		    (unsigned long long)row->seq);
		return (-1);
	}
	wbuf_put(w, line, (size_t)n);
	return (w->failed ? -1 : 0);
}

int
sink_concat(const struct sink *s, const struct wbuf *events,
    const size_t *lens, size_t n, struct wbuf *body)
{
	(void)s;
	(void)lens;
	(void)n;
	wbuf_put(body, events->data, events->len);
	return (body->failed ? -1 : 0);
}

/* RFC 8259, 7: only what must be escaped */
void
sink_string(struct wbuf *w, const char *s)
{
	const char	*end = s + strlen(s), *p;
	char		 esc[8];
	size_t		 n;

	sink_put(w, "\"");
	for (;;) {
		p = json_plain(s, end);
		wbuf_put(w, s, (size_t)(p - s));
		s = p;
		if (s == end)
			break;
		if (*s == '"' || *s == '\\')
			n = (size_t)snprintf(esc, sizeof(esc), "\\%c", *s);
		else
			n = (size_t)snprintf(esc, sizeof(esc), "\\u%04x",
			    (unsigned int)*s);
		wbuf_put(w, esc, n);
		s++;
	}
	sink_put(w, "\"");
}

void
sink_judged(struct judgement *j, enum outcome outcome, int code,
    const char *fmt, ...)
{
	char	 text[MAX_SINK_REASON];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	j->outcome = outcome;
	j->code = code;
	log_escape(j->reason, sizeof(j->reason), text, strlen(text));
}

void
sink_said(struct judgement *j, const char *text)
{
	size_t	 n = strlen(j->reason);

	if (text[0] == '\0' || n + 2 >= sizeof(j->reason))
		return;
	j->reason[n++] = OUTBOX_SAID;
	log_escape(j->reason + n, sizeof(j->reason) - n, text, strlen(text));
}

/*
 * With TLS 1.3 the receiver says so after the handshake (RFC 8446, 6.2), and
 * libcurl takes it for a connection that broke: OpenSSL's text remains.
 */
static int
wants_certificate(const char *why)
{
	const char	*alert = strstr(why, " alert ");

	return (alert != NULL && (strstr(alert, "certificate") != NULL ||
	    strstr(alert, "unknown ca") != NULL));
}

/*
 * A proxy that wants what we do not have, or lets nobody through to there,
 * is no receiver that is away for a moment.
 */
static void
judge_proxy(int status, struct judgement *j)
{
	if (status == 407)
		sink_judged(j, OUT_HOLD, -1, "HTTP 407: the proxy wants "
		    "credentials, and none are sent to proxies: let this "
		    "host through without");
	else if (status < 500 && status != 408 && status != 425 &&
	    status != 429)
		sink_judged(j, OUT_HOLD, -1, "HTTP %d: the proxy lets nobody "
		    "through to the receiver", status);
	else
		sink_judged(j, OUT_RETRY, -1, "HTTP %d from the proxy",
		    status);
}

void
sink_judge_transport(const struct answer *a, struct judgement *j)
{
	const char	*why = a->error[0] != '\0' ? a->error :
			    curl_easy_strerror((CURLcode)a->curl);

	memset(j, 0, sizeof(*j));
	j->bad_event = -1;
	if (a->proxy >= 400) {
		judge_proxy(a->proxy, j);
		return;
	}
	switch (a->curl) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CONNECT_ERROR:
		sink_judged(j, OUT_HOLD, -1, "TLS: %s", why);
		break;
	default:
		if (wants_certificate(why))
			sink_judged(j, OUT_HOLD, -1, "TLS: the receiver wants "
			    "a client certificate that it trusts: %s", why);
		else
			sink_judged(j, OUT_RETRY, -1, "%s", why);
		break;
	}
}

/*
 * What every HTTP receiver means by a status, where its protocol says
 * nothing else.
 */
void
sink_judge_status(const struct answer *a, struct judgement *j)
{
	if (a->http >= 200 && a->http < 300)
		sink_judged(j, OUT_DELIVERED, -1, "%s", "");
	else if (a->http >= 300 && a->http < 400)
		sink_judged(j, OUT_HOLD, -1, "HTTP %d: a redirect, which is "
		    "never followed: configure the address itself", a->http);
	else if (a->http == 413)
		sink_judged(j, OUT_SPLIT, -1, "HTTP 413: too large");
	else if (a->http == 407)
		judge_proxy(a->http, j);
	else if (a->http == 401 || a->http == 403)
		sink_judged(j, OUT_HOLD, -1, "HTTP %d: the receiver does not "
		    "accept our credentials", a->http);
	else if (a->http == 400 || a->http == 422)
		sink_judged(j, OUT_BISECT, -1, "HTTP %d: the receiver does "
		    "not accept the data", a->http);
	else if (a->http == 408 || a->http == 425 || a->http == 429 ||
	    a->http >= 500)
		sink_judged(j, OUT_RETRY, -1, "HTTP %d", a->http);
	else
		sink_judged(j, OUT_HOLD, -1, "HTTP %d: wrong endpoint or "
		    "method", a->http);
}
