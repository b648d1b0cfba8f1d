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

#include <sys/types.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/event.h"
#include "common/utf8.h"
#include "tests/unit/test.h"

static struct event
sample(void)
{
	struct event	 ev;
	int		 i;

	memset(&ev, 0, sizeof(ev));
	for (i = 0; i < EVENT_ID_LEN; i++)
		ev.id[i] = (uint8_t)(i * 17);
	ev.time_us = 1767323045678901ULL;
	ev.generation = 42;
	ev.severity = SEV_HIGH;
	ev.field[EV_ACTION] = "inspect-tool-block";
	ev.field[EV_ACTOR] = "uid:1000";
	ev.field[EV_DETAILS] = "{\"a\":\"\xc3\xa9\"}";
	ev.field[EV_SIDECAR_INSTANCE_ID] = "x";
	return (ev);
}

static void
round_trip(void)
{
	struct event	 ev = sample(), back;
	uint8_t		 buf[MAX_EVENT_LEN], again[MAX_EVENT_LEN];
	ssize_t		 len;
	int		 f;

	ev.field[EV_TARGET] = "";	/* an empty field is an absent one */
	len = event_encode(&ev, buf, sizeof(buf));
	CHECK(len > 0);
	CHECK_INT(event_decode(&back, buf, (size_t)len), 0);
	CHECK(memcmp(back.id, ev.id, EVENT_ID_LEN) == 0);
	CHECK(back.time_us == ev.time_us && back.generation == 42);
	CHECK_INT(back.severity, SEV_HIGH);
	ev.field[EV_TARGET] = NULL;
	for (f = 0; f < EV_COUNT; f++) {
		if (ev.field[f] == NULL)
			CHECK(back.field[f] == NULL);
		else
			CHECK_STR(back.field[f], ev.field[f]);
	}
	CHECK_INT(event_encode(&back, again, sizeof(again)), len);
	CHECK(memcmp(buf, again, (size_t)len) == 0);
}

static void
known_bytes(void)
{
	static const uint8_t	 want[] = {
		1, 0, 1, 0,
		2, 0, 0, 0, 0, 0, 0, 0,
		3, 0, 0, 0, 0, 0, 0, 0,
		9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
		0, 0, 0, 0, 3, 0, 0, 0, 'g', 'o', 0,
		2, 0, 0, 0, 2, 0, 0, 0, 'u', 0
	};
	struct event		 ev;
	uint8_t			 buf[sizeof(want)];

	memset(&ev, 0, sizeof(ev));
	memset(ev.id, 9, sizeof(ev.id));
	ev.severity = SEV_INFO;
	ev.time_us = 2;
	ev.generation = 3;
	ev.field[EV_ACTION] = "go";
	ev.field[EV_ACTOR] = "u";
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), sizeof(want));
	CHECK(memcmp(buf, want, sizeof(want)) == 0);
	CHECK_INT(event_encode(&ev, buf, sizeof(buf) - 1), -1);
	CHECK_INT(errno, EMSGSIZE);
}

static void
encode_limits(void)
{
	static char	 big[MAX_EVENT_FIELD + 2];
	struct event	 ev = sample();
	uint8_t		 buf[MAX_EVENT_LEN + 64];

	memset(big, 'a', MAX_EVENT_FIELD);
	ev.field[EV_TARGET] = big;
	CHECK(event_encode(&ev, buf, sizeof(buf)) > MAX_EVENT_FIELD);
	ev.field[EV_TOOL_NAME] = big;
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), -1);
	CHECK_INT(errno, EMSGSIZE);
	ev.field[EV_TOOL_NAME] = NULL;
	big[MAX_EVENT_FIELD] = 'a';
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), -1);
	CHECK_INT(errno, EINVAL);
	ev = sample();
	ev.field[EV_ACTION] = NULL;
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), -1);
	CHECK_INT(errno, EINVAL);
	ev = sample();
	ev.field[EV_TARGET] = "\xc0\x80";
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), -1);
	CHECK_INT(errno, EINVAL);
	ev = sample();
	ev.time_us = 253402300800000000ULL;
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), -1);
	ev = sample();
	ev.generation = (uint64_t)INT64_MAX + 1;
	CHECK_INT(event_encode(&ev, buf, sizeof(buf)), -1);
}

/* whatever is accepted has exactly one encoding, under every change of a bit */
static void
decode_is_canonical(void)
{
	struct event	 ev = sample();
	uint8_t		 buf[512], again[512];
	ssize_t		 len, n;
	size_t		 bit;

	len = event_encode(&ev, buf, sizeof(buf));
	CHECK(len > 0);
	for (n = 0; n < len; n++) {
		/* cut right after a field it is a shorter event */
		if (event_decode(&ev, buf, (size_t)n) == 0)
			CHECK_INT(event_encode(&ev, again, sizeof(again)), n);
	}
	CHECK_INT(event_decode(&ev, buf, (size_t)len + 1), -1);
	CHECK_INT(errno, EBADMSG);
	for (bit = 0; bit < (size_t)len * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (event_decode(&ev, buf, (size_t)len) == 0) {
			CHECK_INT(event_encode(&ev, again, sizeof(again)),
			    len);
			CHECK(memcmp(buf, again, (size_t)len) == 0);
		}
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
decode_refuses(void)
{
	struct event	 ev = sample();
	uint8_t		 buf[512];
	ssize_t		 len;

	memset(&ev, 0, sizeof(ev));
	ev.field[EV_ACTION] = "abc";
	ev.field[EV_TARGET] = "def";
	len = event_encode(&ev, buf, sizeof(buf));
	CHECK_INT(len, 36 + 2 * 12);
	buf[48] = 0;			/* action twice */
	CHECK_INT(event_decode(&ev, buf, (size_t)len), -1);
	buf[48] = EV_COUNT;		/* unknown field */
	CHECK_INT(event_decode(&ev, buf, (size_t)len), -1);
	buf[48] = 1;
	CHECK_INT(event_decode(&ev, buf, (size_t)len), 0);
	buf[57] = 0;			/* NUL inside */
	CHECK_INT(event_decode(&ev, buf, (size_t)len), -1);
	buf[57] = 0x80;			/* not UTF-8 */
	CHECK_INT(event_decode(&ev, buf, (size_t)len), -1);
	buf[57] = 'e';
	buf[36] = 1;			/* no action, target twice */
	CHECK_INT(event_decode(&ev, buf, (size_t)len), -1);
	buf[36] = 0;
	buf[0] = 2;			/* version */
	CHECK_INT(event_decode(&ev, buf, (size_t)len), -1);
	CHECK(ev.field[EV_ACTION] == NULL);
}

static void
names(void)
{
	enum severity	 s;

	CHECK_STR(event_field_name(EV_ACTION), "action");
	CHECK_STR(event_field_name(EV_SIDECAR_INSTANCE_ID),
	    "sidecar_instance_id");
	CHECK(event_field_name(EV_COUNT) == NULL);
	CHECK_STR(severity_name(SEV_CRITICAL), "CRITICAL");
	CHECK_INT(severity_parse("MEDIUM", &s), 0);
	CHECK_INT(s, SEV_MEDIUM);
	CHECK_INT(severity_parse("medium", &s), -1);
}

static void
uuids(void)
{
	struct event	 ev = sample();
	uint8_t		 id[EVENT_ID_LEN];
	char		 s[EVENT_UUID_SIZE];

	event_uuid(ev.id, s);
	CHECK_STR(s, "00112233-4455-6677-8899-aabbccddeeff");
	CHECK_INT(event_uuid_parse(s, id), 0);
	CHECK(memcmp(id, ev.id, sizeof(id)) == 0);
	CHECK_INT(event_uuid_parse("", id), -1);
	CHECK_INT(event_uuid_parse("00112233-4455-6677-8899-aabbccddeef", id),
	    -1);
	CHECK_INT(event_uuid_parse("00112233-4455-6677-8899-aabbccddeefff",
	    id), -1);
	CHECK_INT(event_uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF",
	    id), -1);
	CHECK_INT(event_uuid_parse("001122334455-6677-8899-aabbccddeeff0",
	    id), -1);
}

static void
times(void)
{
	static const char *const	 bad[] = {
		"", "2026-02-29T00:00:00.000000Z",
		"2026-13-01T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z",
		"2026-01-01T00:00:60.000000Z", "2026-01-01T00:00:00.00000Z",
		"2026-01-01T00:00:00.000000", "2026-01-01 00:00:00.000000Z",
		"1969-12-31T23:59:59.999999Z", "2026-00-01T00:00:00.000000Z",
		"2026-01-00T00:00:00.000000Z", "2026-01-01T00:00:00.000000Zx",
	};
	char				 s[EVENT_TIME_SIZE];
	uint64_t			 us;
	size_t				 i;

	event_time(0, s);
	CHECK_STR(s, "1970-01-01T00:00:00.000000Z");
	event_time(1767323045678901ULL, s);
	CHECK_STR(s, "2026-01-02T03:04:05.678901Z");
	event_time(951782400000000ULL, s);	/* date -u -d @951782400 */
	CHECK_STR(s, "2000-02-29T00:00:00.000000Z");
	event_time(253402300799999999ULL, s);
	CHECK_STR(s, "9999-12-31T23:59:59.999999Z");
	CHECK_INT(event_time_parse(s, &us), 0);
	CHECK(us == 253402300799999999ULL);
	/* each day of 400 years, against the calendar's own order */
	for (i = 0; i < 146097; i++) {
		event_time(i * 86400000000ULL, s);
		CHECK_INT(event_time_parse(s, &us), 0);
		CHECK(us == i * 86400000000ULL);
	}
	CHECK_STR(s, "2369-12-31T00:00:00.000000Z");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(event_time_parse(bad[i], &us), -1);
}

static void
utf8(void)
{
	static const char *const	 good[] = {
		"", "plain text of more than eight bytes", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	static const char *const	 bad[] = {
		"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41",
		"\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "12345678\x80", "\xe2\x82\x41",
	};
	size_t				 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_INT(utf8_valid(good[i], strlen(good[i])), 1);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(utf8_valid(bad[i], strlen(bad[i])), 0);
}

int
main(void)
{
	RUN(round_trip);
	RUN(known_bytes);
	RUN(encode_limits);
	RUN(decode_is_canonical);
	RUN(decode_refuses);
	RUN(names);
	RUN(uuids);
	RUN(times);
	RUN(utf8);
	return (0);
}
