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
#include <stdlib.h>
#include <string.h>

#include "common/role.h"
#include "sinkd/judge.h"
#include "tests/unit/test.h"

static struct judge_ask
make_ask(void)
{
	struct judge_ask	 a;

	memset(&a, 0, sizeof(a));
	a.kind = JUDGE_PII;
	a.direction = JUDGE_PROMPT;
	a.deadline_ms = 2000;
	a.generation = 7;
	a.prompt = "judge it";
	a.sample = "a text";
	a.sample_len = 6;
	a.nnames = 2;
	a.names[0] = "one";
	a.names[1] = "two";
	return (a);
}

static int
same(const struct judge_ask *a, const struct judge_ask *b)
{
	uint8_t	 x[JUDGE_KEY_LEN], y[JUDGE_KEY_LEN];

	judge_cache_key(a, x);
	judge_cache_key(b, y);
	return (memcmp(x, y, sizeof(x)) == 0);
}

#define OTHER(change) do {						\
	b = a;								\
	change;								\
	CHECK_INT(same(&a, &b), 0);					\
} while (0)

/* whatever may change the answer makes it another question */
static void
keys(void)
{
	struct judge_ask	 a = make_ask(), b = make_ask();

	CHECK_INT(same(&a, &b), 1);
	/* by what it says, wherever it stands, however long one waits */
	b.prompt = strdup(a.prompt);
	b.deadline_ms = 1;
	b.fresh = 1;
	CHECK_INT(same(&a, &b), 1);
	free((char *)(uintptr_t)b.prompt);
	OTHER(b.kind = JUDGE_EXFIL);
	OTHER(b.direction = JUDGE_COMPLETION);
	OTHER(b.generation++);
	OTHER(b.generation += 1ULL << 32);
	OTHER(b.head = 1);
	OTHER(b.omitted = 1);
	OTHER(b.keep_body = 1);
	OTHER(b.prompt = "judge it ");
	OTHER(b.sample = "b text");
	OTHER(b.sample_len = 5);
	OTHER(b.names[0] = "One");
	OTHER(b.nnames = 1);
	OTHER((b.names[0] = "two", b.names[1] = "one"));
	/* no byte moves from one part to the next */
	OTHER((b.names[0] = "onet", b.names[1] = "wo"));
	OTHER((b.prompt = "judge ita", b.sample = " text",
	    b.sample_len = 5));
	OTHER((b.nnames = 1, b.prompt = "two"));
}

static void
key_of(uint32_t n, uint8_t key[JUDGE_KEY_LEN])
{
	memset(key, 0, JUDGE_KEY_LEN);
	memcpy(key + 8, &n, sizeof(n));
}

static void
put(uint32_t n, const void *data, size_t len)
{
	uint8_t	 key[JUDGE_KEY_LEN];

	key_of(n, key);
	judge_cache_put(key, data, len);
}

/* its length; -1: it is not there */
static long
get(uint32_t n)
{
	uint8_t	 key[JUDGE_KEY_LEN];
	size_t	 len;

	key_of(n, key);
	return (judge_cache_get(key, &len) == NULL ? -1 : (long)len);
}

static void
number_is_bounded(void)
{
	uint32_t	 i;

	for (i = 0; i <= MAX_JUDGE_CACHED; i++)
		put(i, &i, sizeof(i));
	CHECK_INT(get(0), -1);
	CHECK_INT(get(1), 4);
	CHECK_INT(get(MAX_JUDGE_CACHED), 4);
	/* what is put again is the newest, and one */
	put(1, "again", 5);
	CHECK_INT(get(1), 5);
	CHECK_INT(get(2), 4);
	put(i, "new", 3);
	CHECK_INT(get(2), -1);
	CHECK_INT(get(1), 5);
}

static void
bytes_are_bounded(void)
{
	static char	 large[MAX_JUDGE_CACHE / 4];
	uint32_t	 i;

	for (i = 0; i < 4; i++)
		put(100000 + i, large, sizeof(large));
	/* the small ones have made room */
	CHECK_INT(get(1), -1);
	CHECK_INT(get(100000), sizeof(large));
	put(200000, "x", 1);
	CHECK_INT(get(100000), -1);
	CHECK_INT(get(100001), sizeof(large));
	CHECK_INT(get(200000), 1);
}

static void
stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void
time_is_bounded(void)
{
	struct timeval	 tv = { 0, 50000 };
	struct event	*ev;
	int		 i;

	CHECK((ev = event_new(role.base, -1, EV_PERSIST, stop,
	    role.base)) != NULL);
	CHECK_INT(event_add(ev, &tv), 0);
	CHECK_INT(get(200000), 1);
	for (i = 0; i < 600 && get(200000) != -1; i++)
		CHECK(event_base_dispatch(role.base) != -1);
	CHECK_INT(get(200000), -1);
	event_free(ev);
	/* 0: nothing is kept */
	judge_cache_init(0);
	put(1, "x", 1);
	CHECK_INT(get(1), -1);
}

int
main(void)
{
	CHECK(sodium_init() != -1);
	CHECK((role.base = event_base_new()) != NULL);
	judge_cache_init(3);
	RUN(keys);
	RUN(number_is_bounded);
	RUN(bytes_are_bounded);
	RUN(time_is_bounded);
	return (0);
}
