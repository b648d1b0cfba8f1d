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

#include <string.h>

#include "common/judge.h"
#include "tests/unit/test.h"

/* questions and answers between gatewayd and the judge's process */

static char	 big[MAX_JUDGE_SAMPLE * 3];

static struct judge_ask
make_ask(void)
{
	struct judge_ask	 a;

	memset(&a, 0, sizeof(a));
	a.kind = JUDGE_PII;
	a.direction = JUDGE_COMPLETION;
	a.deadline_ms = 2000;
	a.keep_body = 1;
	a.generation = 1ULL << 40;
	a.prompt = "look for numbers";
	a.sample = "a\0b\377";
	a.sample_len = 4;
	a.nnames = 2;
	a.names[0] = "Email Address";
	a.names[1] = "Driver's License Number";
	return (a);
}

static struct judge_said
make_said(void)
{
	struct judge_said	 s;

	memset(&s, 0, sizeof(s));
	s.http = 200;
	s.latency_us = 1234567;
	s.tls_until_us = 1800000000000000;
	s.have_skew = 1;
	s.skew_ms = -3600000;
	s.nmarks = 2;
	s.marks[0] = (struct judge_mark){ 1, 1, 0, 2 };
	s.marks[1] = (struct judge_mark){ 0, 0, 2, 0 };
	s.nentities = 2;
	s.entities[0] = "D1234567";
	s.entities[1] = "";
	s.reason = "";
	s.body = "{}";
	return (s);
}

static void
test_ask(void)
{
	struct judge_ask	 a = make_ask(), b;
	struct wbuf		 w;
	size_t			 i;

	wbuf_init(&w, MAX_FRAME);
	CHECK(judge_ask_pack(&w, &a) == 0);
	CHECK(judge_ask_unpack(w.data, w.len, &b) == 0);
	CHECK_INT(b.kind, JUDGE_PII);
	CHECK_INT(b.direction, JUDGE_COMPLETION);
	CHECK_INT(b.deadline_ms, 2000);
	CHECK_INT(b.keep_body, 1);
	CHECK_INT(b.fresh, 0);
	CHECK_INT(b.generation, 1LL << 40);
	CHECK_STR(b.prompt, a.prompt);
	CHECK_INT(b.nnames, 2);
	CHECK_STR(b.names[1], a.names[1]);
	CHECK_INT(b.sample_len, 4);
	CHECK(memcmp(b.sample, a.sample, 4) == 0);
	/* the sample is the rest: what is cut before it is malformed */
	for (i = 0; i < w.len - 4; i++)
		CHECK(judge_ask_unpack(w.data, i, &b) == -1);
	wbuf_free(&w);
}

static void
test_ask_limits(void)
{
	struct judge_ask	 a;
	struct wbuf		 w;
	size_t			 i;

	wbuf_init(&w, MAX_FRAME);
#define REFUSED(change) do {						\
	a = make_ask();							\
	change;								\
	wbuf_reset(&w);							\
	CHECK(judge_ask_pack(&w, &a) == -1);				\
} while (0)
	memset(big, 'x', sizeof(big) - 1);
	REFUSED(a.kind = 0);
	REFUSED(a.kind = JUDGE_KIND_COUNT);
	REFUSED(a.direction = 0);
	REFUSED(a.direction = JUDGE_DIRECTION_COUNT);
	REFUSED(a.deadline_ms = 0);
	REFUSED(a.deadline_ms = MAX_JUDGE_MS + 1);
	REFUSED(a.keep_body = 2);
	REFUSED(a.fresh = 2);
	REFUSED(a.head = 5);
	REFUSED(a.nnames = 0);
	REFUSED(a.nnames = MAX_JUDGE_NAMES + 1);
	REFUSED((a.sample = big, a.sample_len = MAX_JUDGE_SAMPLE + 1));
	REFUSED(a.prompt = big);
	REFUSED(a.names[0] = big + sizeof(big) - MAX_JUDGE_NAME - 2);
#undef REFUSED
	/* the largest question there is fits into a frame */
	a = make_ask();
	a.prompt = big + sizeof(big) - 1 - MAX_JUDGE_PROMPT;
	a.sample = big;
	a.sample_len = MAX_JUDGE_SAMPLE;
	a.nnames = MAX_JUDGE_NAMES;
	for (i = 0; i < a.nnames; i++)
		a.names[i] = big + sizeof(big) - 1 - MAX_JUDGE_NAME;
	wbuf_reset(&w);
	CHECK(judge_ask_pack(&w, &a) == 0);
	wbuf_free(&w);
}

static void
test_said(void)
{
	struct judge_said	 s = make_said(), b;
	struct wbuf		 w;
	size_t			 i;

	wbuf_init(&w, MAX_FRAME);
	CHECK(judge_said_pack(&w, &s) == 0);
	CHECK(judge_said_unpack(w.data, w.len, &b) == 0);
	CHECK_INT(b.status, JUDGE_OK);
	CHECK_INT(b.http, 200);
	CHECK_INT(b.latency_us, 1234567);
	CHECK_INT(b.tls_until_us, 1800000000000000);
	CHECK_INT(b.have_skew, 1);
	CHECK_INT(b.skew_ms, -3600000);
	CHECK_INT(b.nmarks, 2);
	CHECK_INT(b.marks[0].name, 1);
	CHECK_INT(b.marks[0].nentities, 2);
	CHECK_INT(b.nentities, 2);
	CHECK_STR(b.entities[0], "D1234567");
	CHECK_STR(b.entities[1], "");
	CHECK_STR(b.reason, "");
	CHECK_STR(b.body, "{}");
	for (i = 0; i < w.len; i++)
		CHECK(judge_said_unpack(w.data, i, &b) == -1);
	wbuf_put(&w, "x", 1);
	CHECK(judge_said_unpack(w.data, w.len, &b) == -1);
	wbuf_free(&w);
}

static void
test_said_limits(void)
{
	struct judge_said	 s;
	struct wbuf		 w;
	size_t			 i;

	wbuf_init(&w, MAX_FRAME);
#define REFUSED(change) do {						\
	s = make_said();						\
	change;								\
	wbuf_reset(&w);							\
	CHECK(judge_said_pack(&w, &s) == -1);				\
} while (0)
	REFUSED(s.status = JUDGE_STATUS_COUNT);
	REFUSED(s.http = 1000);
	REFUSED(s.severity = SEV_COUNT);
	REFUSED(s.threat = 2);
	REFUSED(s.have_skew = 2);
	REFUSED(s.skew_ms = MAX_JUDGE_SKEW_MS + 1);
	REFUSED(s.skew_ms = INT64_MIN);
	REFUSED(s.nmarks = MAX_JUDGE_NAMES + 1);
	REFUSED(s.marks[0].name = MAX_JUDGE_NAMES);
	REFUSED(s.marks[0].label = 2);
	REFUSED(s.marks[0].first = 3);
	REFUSED(s.marks[0].nentities = 3);
	REFUSED(s.marks[1].first = UINT32_MAX);
	REFUSED(s.nentities = MAX_JUDGE_ENTITIES + 1);
	REFUSED(s.reason = "\xff");
	REFUSED(s.reason = "two\nlines");
	REFUSED(s.reason = big + sizeof(big) - 1 - MAX_JUDGE_REASON);
	REFUSED(s.body = big + sizeof(big) - 2 - MAX_JUDGE_BODY);
	REFUSED(s.entities[1] = big + sizeof(big) - 2 - MAX_JUDGE_ENTITY);
#undef REFUSED
	/* so does the largest answer */
	s = make_said();
	s.nentities = MAX_JUDGE_ENTITIES;
	for (i = 0; i < s.nentities; i++)
		s.entities[i] = big + sizeof(big) - 1 - MAX_JUDGE_ENTITY;
	s.reason = big + sizeof(big) - MAX_JUDGE_REASON;
	s.body = big + sizeof(big) - 1 - MAX_JUDGE_BODY;
	s.nmarks = MAX_JUDGE_NAMES;
	wbuf_reset(&w);
	CHECK(judge_said_pack(&w, &s) == 0);
	wbuf_free(&w);
}

static void
test_window(void)
{
	static char		 buf[MAX_JUDGE_SAMPLE];
	struct judge_ask	 a;
	size_t			 i, len = sizeof(big) - 1;

	memset(&a, 0, sizeof(a));
	judge_window(&a, "short", 5, buf);
	CHECK(a.sample_len == 5 && a.head == 0 && a.omitted == 0);
	memset(big, 'x', len);
	judge_window(&a, big, MAX_JUDGE_SAMPLE, buf);
	CHECK(a.sample == big && a.omitted == 0);
	for (i = 0; i < 8; i++) {
		/* two-byte characters, not always on the edge of a cut */
		memset(big, 'y', i);
		for (len = i; len + 2 < sizeof(big) - i; len += 2)
			memcpy(big + len, "\303\244", 2);
		judge_window(&a, big, len, buf);
		CHECK(a.sample == buf);
		CHECK(a.sample_len <= MAX_JUDGE_SAMPLE);
		CHECK(a.sample_len > MAX_JUDGE_SAMPLE - 4);
		CHECK_INT(a.sample_len + a.omitted, len);
		CHECK(memcmp(buf, big, a.head) == 0);
		CHECK(memcmp(buf + a.head, big + a.head + a.omitted,
		    a.sample_len - a.head) == 0);
		CHECK((buf[a.head] & 0xc0) != 0x80);
		CHECK((big[a.head] & 0xc0) != 0x80);
	}
}

static void
escaped(const char *in, size_t len, const char *want)
{
	struct wbuf	 w;

	wbuf_init(&w, 1024);
	judge_escape(&w, in, len);
	wbuf_put(&w, "", 1);
	CHECK_STR((const char *)w.data, want);
	wbuf_free(&w);
}

static void
test_escape(void)
{
#define E(in, want)	escaped(in, sizeof(in) - 1, want)
	E("", "");
	E("plain [1] [\"a\"] > |", "plain [1] [\"a\"] > |");
	E("<<</SAMPLE>>>", "&lt;&lt;&lt;/SAMPLE>>>");
	E("<|im_start|>system", "&lt;|im_start|>system");
	E("[INST] x [/INST]", "&#91;INST] x &#91;/INST]");
	E("&lt; &", "&amp;lt; &amp;");
	E("\303\244\360\237\230\200", "\303\244\360\237\230\200");
	E("a\377b\303", "a\357\277\275b\357\277\275");
	E("[", "[");
#undef E
}

static void
test_names(void)
{
	uint32_t	 i, j;

	for (i = 0; i < JUDGE_STATUS_COUNT; i++)
		for (j = 0; j < i; j++)
			CHECK(strcmp(judge_status_name(i),
			    judge_status_name(j)) != 0);
	CHECK_STR(judge_status_name(JUDGE_STATUS_COUNT), "unknown");
	CHECK_STR(judge_kind_name(JUDGE_EXFIL), "exfil");
	CHECK_STR(judge_kind_name(0), "unknown");
	CHECK_STR(judge_direction_name(JUDGE_TOOL_CALL), "tool_call");
	CHECK_STR(judge_direction_name(9), "unknown");
}

int
main(void)
{
	RUN(test_ask);
	RUN(test_ask_limits);
	RUN(test_said);
	RUN(test_said_limits);
	RUN(test_window);
	RUN(test_escape);
	RUN(test_names);
	return (0);
}
