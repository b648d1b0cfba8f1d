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

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "common/judge.h"
#include "common/utf8.h"

static const char *
name_of(const char *const *names, size_t n, uint32_t i)
{
	return (i < n && names[i] != NULL ? names[i] : "unknown");
}

const char *
judge_kind_name(uint32_t kind)
{
	static const char *const	 names[JUDGE_KIND_COUNT] = { NULL,
					    "injection", "pii",
					    "tool-injection", "exfil",
					    "adjudication" };

	return (name_of(names, JUDGE_KIND_COUNT, kind));
}

const char *
judge_direction_name(uint32_t direction)
{
	static const char *const	 names[JUDGE_DIRECTION_COUNT] = {
					    NULL, "prompt", "completion",
					    "tool_call" };

	return (name_of(names, JUDGE_DIRECTION_COUNT, direction));
}

const char *
judge_status_name(uint32_t status)
{
	static const char *const	 names[JUDGE_STATUS_COUNT] = {
		[JUDGE_OK] = "ok",
		[JUDGE_BUSY] = "busy",
		[JUDGE_NO_ENDPOINT] = "no-judge",
		[JUDGE_NO_NAME] = "no-name",
		[JUDGE_NO_ADDRESS] = "address-refused",
		[JUDGE_REFUSED] = "refused",
		[JUDGE_TIMEOUT] = "time-out",
		[JUDGE_TLS] = "tls",
		[JUDGE_REDIRECT] = "redirect",
		[JUDGE_CLIENT_ERROR] = "http-4xx",
		[JUDGE_SERVER_ERROR] = "http-5xx",
		[JUDGE_TRUNCATED] = "truncated",
		[JUDGE_OVERSIZE] = "oversize",
		[JUDGE_MALFORMED] = "malformed",
		[JUDGE_CUT] = "cut-short",
		[JUDGE_NO_VERDICT] = "no-verdict",
		[JUDGE_BAD_KEY] = "bad-key"
	};

	return (name_of(names, JUDGE_STATUS_COUNT, status));
}

static void
put_str(struct wbuf *w, const char *s, size_t max)
{
	if (strlen(s) > max)
		w->failed = 1;
	wbuf_str(w, s);
}

static int
ask_valid(const struct judge_ask *a)
{
	return (a->kind >= JUDGE_INJECTION && a->kind < JUDGE_KIND_COUNT &&
	    a->direction >= JUDGE_PROMPT &&
	    a->direction < JUDGE_DIRECTION_COUNT && a->deadline_ms >= 1 &&
	    a->deadline_ms <= MAX_JUDGE_MS && a->keep_body <= 1 &&
	    a->fresh <= 1 && a->head <= a->sample_len &&
	    a->sample_len <= MAX_JUDGE_SAMPLE && a->nnames >= 1 &&
	    a->nnames <= MAX_JUDGE_NAMES);
}

int
judge_ask_pack(struct wbuf *w, const struct judge_ask *a)
{
	size_t	 i;

	if (!ask_valid(a))
		return (-1);
	wbuf_u32(w, a->kind);
	wbuf_u32(w, a->direction);
	wbuf_u32(w, a->deadline_ms);
	wbuf_u32(w, a->keep_body);
	wbuf_u32(w, a->fresh);
	wbuf_u32(w, a->head);
	wbuf_u64(w, a->omitted);
	wbuf_u64(w, a->generation);
	put_str(w, a->prompt, MAX_JUDGE_PROMPT);
	wbuf_u32(w, (uint32_t)a->nnames);
	for (i = 0; i < a->nnames; i++)
		put_str(w, a->names[i], MAX_JUDGE_NAME);
	wbuf_put(w, a->sample, a->sample_len);
	return (w->failed ? -1 : 0);
}

int
judge_ask_unpack(const void *data, size_t len, struct judge_ask *a)
{
	struct rbuf	 r;
	size_t		 i;

	memset(a, 0, sizeof(*a));
	rbuf_init(&r, data, len);
	a->kind = rbuf_u32(&r);
	a->direction = rbuf_u32(&r);
	a->deadline_ms = rbuf_u32(&r);
	a->keep_body = rbuf_u32(&r);
	a->fresh = rbuf_u32(&r);
	a->head = rbuf_u32(&r);
	a->omitted = rbuf_u64(&r);
	a->generation = rbuf_u64(&r);
	a->prompt = rbuf_str(&r, MAX_JUDGE_PROMPT);
	if ((a->nnames = rbuf_u32(&r)) > MAX_JUDGE_NAMES)
		return (-1);
	for (i = 0; i < a->nnames; i++)
		a->names[i] = rbuf_str(&r, MAX_JUDGE_NAME);
	a->sample = rbuf_rest(&r, &a->sample_len);
	return (rbuf_end(&r) == 0 && ask_valid(a) ? 0 : -1);
}

/* it goes into events and answers, which are UTF-8 */
static int
is_printable(const char *s)
{
	const unsigned char	*p;

	for (p = (const unsigned char *)s; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			return (0);
	return (utf8_valid(s, strlen(s)));
}

/* every mark's name is one, and its entities are a part of the list */
static int
said_valid(const struct judge_said *s)
{
	const struct judge_mark	*m;
	size_t			 i;

	if (s->status >= JUDGE_STATUS_COUNT || s->http > 999 ||
	    s->cached > 1 || s->threat > 1 || s->severity >= SEV_COUNT ||
	    s->have_skew > 1 || s->skew_ms > MAX_JUDGE_SKEW_MS ||
	    s->skew_ms < -MAX_JUDGE_SKEW_MS ||
	    s->nmarks > MAX_JUDGE_NAMES ||
	    s->nentities > MAX_JUDGE_ENTITIES || !is_printable(s->reason))
		return (0);
	for (i = 0; i < s->nmarks; i++) {
		m = &s->marks[i];
		if (m->name >= MAX_JUDGE_NAMES || m->label > 1 ||
		    m->first > s->nentities ||
		    m->nentities > s->nentities - m->first)
			return (0);
	}
	return (1);
}

int
judge_said_pack(struct wbuf *w, const struct judge_said *s)
{
	size_t	 i;

	if (!said_valid(s))
		return (-1);
	wbuf_u32(w, s->status);
	wbuf_u32(w, s->http);
	wbuf_u64(w, s->latency_us);
	wbuf_u32(w, s->cached);
	wbuf_u32(w, s->threat);
	wbuf_u32(w, s->severity);
	wbuf_u64(w, s->tls_until_us);
	wbuf_u32(w, s->have_skew);
	wbuf_u64(w, (uint64_t)s->skew_ms);
	wbuf_u32(w, (uint32_t)s->nmarks);
	for (i = 0; i < s->nmarks; i++)
		wbuf_put(w, &s->marks[i], sizeof(s->marks[i]));
	wbuf_u32(w, (uint32_t)s->nentities);
	for (i = 0; i < s->nentities; i++)
		put_str(w, s->entities[i], MAX_JUDGE_ENTITY);
	put_str(w, s->reason, MAX_JUDGE_REASON - 1);
	put_str(w, s->body, MAX_JUDGE_BODY);
	return (w->failed ? -1 : 0);
}

int
judge_said_unpack(const void *data, size_t len, struct judge_said *s)
{
	struct rbuf	 r;
	size_t		 i;

	memset(s, 0, sizeof(*s));
	rbuf_init(&r, data, len);
	s->status = rbuf_u32(&r);
	s->http = rbuf_u32(&r);
	s->latency_us = rbuf_u64(&r);
	s->cached = rbuf_u32(&r);
	s->threat = rbuf_u32(&r);
	s->severity = rbuf_u32(&r);
	s->tls_until_us = rbuf_u64(&r);
	s->have_skew = rbuf_u32(&r);
	s->skew_ms = (int64_t)rbuf_u64(&r);
	if ((s->nmarks = rbuf_u32(&r)) > MAX_JUDGE_NAMES)
		return (-1);
	for (i = 0; i < s->nmarks; i++)
		rbuf_get(&r, &s->marks[i], sizeof(s->marks[i]));
	if ((s->nentities = rbuf_u32(&r)) > MAX_JUDGE_ENTITIES)
		return (-1);
	for (i = 0; i < s->nentities; i++)
		s->entities[i] = rbuf_str(&r, MAX_JUDGE_ENTITY);
	s->reason = rbuf_str(&r, MAX_JUDGE_REASON - 1);
	s->body = rbuf_str(&r, MAX_JUDGE_BODY);
	return (rbuf_end(&r) == 0 && said_valid(s) ? 0 : -1);
}

static int
continues(char c)
{
	return (((unsigned char)c & 0xc0) == 0x80);
}

void
judge_window(struct judge_ask *a, const char *text, size_t len, char *buf)
{
	size_t	 head = MAX_JUDGE_SAMPLE - JUDGE_SAMPLE_TAIL;
	size_t	 tail = len - JUDGE_SAMPLE_TAIL;

	a->sample = text;
	a->sample_len = len;
	a->head = 0;
	a->omitted = 0;
	if (len <= MAX_JUDGE_SAMPLE)
		return;
	while (head > 0 && continues(text[head]))
		head--;
	while (tail < len && continues(text[tail]))
		tail++;
	memcpy(buf, text, head);
	memcpy(buf + head, text + tail, len - tail);
	a->sample = buf;
	a->sample_len = head + len - tail;
	a->head = (uint32_t)head;
	a->omitted = tail - head;
}

/* bytes of the character at p, 0 when there is none of UTF-8 */
static size_t
char_len(const char *p, size_t left)
{
	size_t	 n;

	for (n = 1; n <= 4 && n <= left; n++)
		if (utf8_valid(p, n))
			return (n);
	return (0);
}

/* the reference for what may not stand as it is, or NULL */
static const char *
reference(const char *p, size_t left)
{
	switch (*p) {
	case '&':
		return ("&amp;");
	case '<':
		return ("&lt;");
	case '[':
		if (left > 1 && (p[1] == '/' ||
		    isalpha((unsigned char)p[1])))
			return ("&#91;");
		return (NULL);
	default:
		return (NULL);
	}
}

void
judge_escape(struct wbuf *w, const char *text, size_t len)
{
	const char	*ref;
	size_t		 i, n;

	for (i = 0; i < len; i += n) {
		if ((ref = reference(text + i, len - i)) != NULL) {
			n = 1;
			wbuf_put(w, ref, strlen(ref));
		} else if (text[i] == '\0' ||
		    (n = char_len(text + i, len - i)) == 0) {
			n = 1;
			wbuf_put(w, "\357\277\275", 3);
		} else
			wbuf_put(w, text + i, n);
	}
}
