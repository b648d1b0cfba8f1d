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

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "gatewayd.h"

#define MAX_FRESH_IDS	64	/* random ids fetched at once */

/*
 * Who asks, and whether a browser may be behind it.  All of it is decided on
 * the head of a request.
 */

static int
header(const struct http_head *h, const char *name, struct http_slice *v)
{
	v->p = NULL;
	v->len = 0;
	/* two of a kind that decides something are no kind */
	return (http_header_get(h, name, v) == 1 && v->len != 0);
}

/*
 * The token a request carries, empty when what it carries cannot be one (two
 * headers of a kind, another scheme); 0 when it carries nothing.
 */
static int
auth_token(const struct http_head *h, struct http_slice *t)
{
	static const char *const names[] = { "Authorization", "X-DC-Auth",
	    "X-DefenseClaw-Token" };
	static const char	bearer[] = "Bearer ";
	struct http_slice	v;
	size_t			i, n, skip;
	int			empty = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = http_header_get(h, names[i], &v);
		if (n == 0 || (n == 1 && v.len == 0))
			continue;
		t->p = "";
		t->len = 0;
		/* a scheme without a token: another header may hold one */
		if (n == 1 && i < 2 && http_slice_caseeq(v, "Bearer")) {
			empty = 1;
			continue;
		}
		skip = i < 2 ? sizeof(bearer) - 1 : 0;
		if (n == 1 && v.len > skip &&
		    strncasecmp(v.p, bearer, skip) == 0) {
			t->p = v.p + skip;
			t->len = v.len - skip;
		}
		return (1);
	}
	return (empty);
}

/*
 * The name of a token, or NULL.  All of them are looked at, whichever it is:
 * the time says neither that one matches nor which.
 */
static const char *
token_name(const struct http_slice *t)
{
	const struct named_token	*n = gatewayd.tokens;
	const char			*name = NULL;
	uint64_t			 now = clock_wall_us() / 1000000;
	size_t				 i;
	int				 hit;

	if (gatewayd.token.data != NULL &&
	    secret_equal(&gatewayd.token, t->p, t->len))
		name = gatewayd.rec.token_name;
	for (i = 0; i < gatewayd.ntokens; i++) {
		hit = n[i].now.data != NULL &&
		    secret_equal(&n[i].now, t->p, t->len);
		/* the one before stops by itself */
		if (n[i].old.data != NULL)
			hit |= secret_equal(&n[i].old, t->p, t->len) &
			    (now < n[i].rec.old_until);
		if (hit)
			name = n[i].rec.name;
	}
	return (name);
}

/*
 * The principal.  A wrong token is never made good by the uid.
 */
unsigned int
auth_peer(const struct conn_peer *peer, const struct http_head *h)
{
	struct http_slice	t;

	if (auth_token(h, &t))
		return (token_name(&t) != NULL ? CLIENT : NOBODY);
	return (peer->is_unix ? role_principal(peer->caller) : NOBODY);
}

/*
 * The actor in the rows of one who is somebody.
 */
void
auth_actor(const struct conn_peer *peer, const struct http_head *h,
    char actor[MAX_ACTOR])
{
	struct http_slice	 t;
	const char		*name;

	if (auth_token(h, &t))
		snprintf(actor, MAX_ACTOR, "token:%s",
		    (name = token_name(&t)) != NULL ? name : "");
	else
		role_actor(peer->caller->uid, actor);
}

static int
is_loopback_name(const char *p, size_t len, int brackets)
{
	static const char *const names[] = { "127.0.0.1", "localhost",
	    "[::1]", "::1" };
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len == strlen(names[i]) &&
		    strncasecmp(p, names[i], len) == 0 &&
		    (names[i][0] == '[') == brackets)
			return (1);
	return (0);
}

/* host, or host:port, of Host and Origin */
static int
is_loopback_authority(const char *p, size_t len)
{
	const char	*end, *colon;

	if (len != 0 && p[0] == '[') {
		if ((end = memchr(p, ']', len)) == NULL)
			return (0);
		if (end + 1 < p + len && end[1] != ':')
			return (0);
		return (is_loopback_name(p, (size_t)(end + 1 - p), 1));
	}
	colon = memchr(p, ':', len);
	return (is_loopback_name(p, colon != NULL ? (size_t)(colon - p) :
	    len, 0));
}

static int
is_loopback_origin(struct http_slice o)
{
	const char	*p;
	size_t		 skip;

	if ((p = memmem(o.p, o.len, "://", 3)) == NULL)
		return (0);
	skip = (size_t)(p - o.p) + 3;
	return (is_loopback_authority(o.p + skip, o.len - skip));
}

/*
 * What a page in a browser cannot do, or says of itself when it tries: 0, or
 * the status with the error text and a short reason for the record.
 */
int
auth_csrf(const struct conn_peer *peer, const struct http_head *h,
    const char **error, const char **reason)
{
	struct http_slice	v;

	/* a foreign name that resolves to us is DNS rebinding */
	if (!peer->is_unix && !is_loopback_authority(h->host.p,
	    h->host.len)) {
		*error = "foreign Host rejected";
		*reason = "foreign-host";
		return (403);
	}
	if (h->method == METHOD_GET || h->method == METHOD_HEAD)
		return (0);
	if (!header(h, "X-DefenseClaw-Client", &v)) {
		*error = "missing X-DefenseClaw-Client header";
		*reason = "no-client-header";
		return (403);
	}
	if (h->method != METHOD_OPTIONS && (!header(h, "Content-Type", &v) ||
	    memmem(v.p, v.len, "application/json", 16) == NULL)) {
		*error = "Content-Type must be application/json";
		*reason = "content-type";
		return (415);
	}
	if (http_header_get(h, "Origin", &v) != 0 && !is_loopback_origin(v)) {
		*error = "non-localhost Origin rejected";
		*reason = "foreign-origin";
		return (403);
	}
	if (http_header_get(h, "Sec-Fetch-Site", &v) != 0 &&
	    !http_slice_caseeq(v, "same-origin") &&
	    !http_slice_caseeq(v, "none")) {
		*error = "cross-site request rejected";
		*reason = "cross-site";
		return (403);
	}
	return (0);
}

/* at most MAX_CORR bytes, control characters dropped */
static int
corr(const struct http_head *h, const char *name, char out[MAX_CORR + 1])
{
	struct http_slice	v;
	size_t			i, n = 0;

	if (!header(h, name, &v))
		return (0);
	for (i = 0; i < v.len && n < MAX_CORR; i++)
		if ((unsigned char)v.p[i] > 0x20 &&
		    (unsigned char)v.p[i] < 0x7f)
			out[n++] = v.p[i];
	out[n] = '\0';
	return (n != 0);
}

static void
masked(char out[MAX_CORR + 1])
{
	char	copy[MAX_CORR + 1];

	strlcpy(copy, out, sizeof(copy));
	redact_name(&gatewayd.redactor, copy, out, MAX_CORR + 1);
}

/* A random id; bought by the dozen, one call of the kernel for each dozen. */
static void
fresh_id(uint8_t id[EVENT_ID_LEN])
{
	static uint8_t	pool[MAX_FRESH_IDS * EVENT_ID_LEN];
	static size_t	left;

	if (left == 0) {
		randombytes_buf(pool, sizeof(pool));
		left = MAX_FRESH_IDS;
	}
	memcpy(id, pool + --left * EVENT_ID_LEN, EVENT_ID_LEN);
}

/*
 * The client's id of the request, else one of ours; every answer names it.
 */
void
auth_request_id(const struct http_head *h, char out[MAX_CORR + 1])
{
	uint8_t	id[EVENT_ID_LEN];

	if (corr(h, "X-DefenseClaw-Request-Id", out) ||
	    corr(h, "X-Request-Id", out) || corr(h, "X-Correlation-Id", out))
		return;
	fresh_id(id);
	event_uuid(id, out);
}

/*
 * Correlation headers; each is masked unless it looks like a name.
 */
void
auth_asker(struct asker *a, const struct http_head *h)
{
	struct http_slice	v;
	char			tp[MAX_CORR + 1];

	auth_request_id(h, a->request_id);
	redact_name(&gatewayd.redactor, a->request_id, a->logged_id,
	    sizeof(a->logged_id));
	if (corr(h, "X-DefenseClaw-Session-Id", a->session_id))
		masked(a->session_id);
	if (corr(h, "X-DefenseClaw-Run-Id", a->run_id))
		masked(a->run_id);
	if (corr(h, "X-DefenseClaw-Agent-Id", a->agent_id))
		masked(a->agent_id);
	if (corr(h, "X-DefenseClaw-Agent-Name", a->agent_name))
		masked(a->agent_name);
	if (corr(h, "X-DefenseClaw-Agent-Instance-Id", a->agent_instance_id))
		masked(a->agent_instance_id);
	if (corr(h, "X-DefenseClaw-Policy-Id", a->policy_id))
		masked(a->policy_id);
	if (corr(h, "X-DefenseClaw-Destination-App", a->destination_app))
		masked(a->destination_app);
	if (corr(h, "X-DefenseClaw-Trace-Id", a->trace_id)) {
		if (strlen(a->trace_id) != 32 ||
		    strspn(a->trace_id, "0123456789abcdef") != 32)
			masked(a->trace_id);
	}
	/* W3C trace context: 00-<32 hex>-<16 hex>-<2 hex> */
	else if (corr(h, "traceparent", tp) && strlen(tp) == 55 &&
	    strspn(tp + 3, "0123456789abcdef") == 32)
		strlcpy(a->trace_id, tp + 3, 33);
	a->reveal = header(h, "X-DefenseClaw-Reveal-PII", &v) &&
	    http_slice_eq(v, "1");
	a->is_delete = h->method == METHOD_DELETE;
}
