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
#include <string.h>

#include "ctl/anchor.h"
#include "tests/unit/test.h"

/* heads wherever a receiver of the log has them */

static uint8_t	 public_key[CHAIN_KEY_LEN], secret[HEAD_SECRET_LEN];

static const char *
head_text(uint64_t seq, int other)
{
	static char	 text[MAX_HEAD_JSON];
	uint8_t		 seed[HEAD_SEED_LEN], pub[CHAIN_KEY_LEN];
	uint8_t		 key[HEAD_SECRET_LEN];
	struct head	 h;

	memset(&h, 0, sizeof(h));
	chain_device(public_key, h.device);
	h.seq = seq;
	h.time_us = 1767323045000000ULL;
	memcpy(key, secret, sizeof(key));
	if (other) {
		memset(seed, 9, sizeof(seed));
		device_key_expand(seed, pub, key);
		chain_device(pub, h.device);
	}
	head_sign(&h, key);
	text[head_json(&h, text)] = '\0';
	return (text);
}

/* as it is in a string of JSON, n times over */
static void
escape(char *text, size_t size, int n)
{
	char	 copy[16384];
	size_t	 i, o;

	while (n-- > 0) {
		strlcpy(copy, text, sizeof(copy));
		for (i = o = 0; copy[i] != '\0' && o + 2 < size; i++) {
			if (copy[i] == '"' || copy[i] == '\\')
				text[o++] = '\\';
			text[o++] = copy[i];
		}
		text[o] = '\0';
	}
}

static void
begin(struct anchor_scan *a)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->public_key, public_key, sizeof(a->public_key));
}

static void
test_everywhere(void)
{
	struct anchor_scan	 a;
	char			 text[16384], line[20000];
	int			 n;
	size_t			 step, at, len;

	for (n = 0; n < 4; n++) {
		strlcpy(text, head_text(40 + (uint64_t)n, 0), sizeof(text));
		escape(text, sizeof(text), n);
		snprintf(line, sizeof(line), "{\"time\":1,\"event\":{\"action\""
		    ":\"checkpoint\",\"details\":\"%s\",\"x\":1}}\n", text);
		len = strlen(line);
		/* cut in every way, it is found once */
		for (step = 1; step <= len; step = step * 3 + 1) {
			begin(&a);
			for (at = 0; at < len; at += step)
				CHECK_INT(anchor_piece(&a, line + at,
				    len - at < step ? len - at : step), 0);
			anchor_end(&a);
			CHECK_INT(a.found, 1);
			CHECK_INT(a.others, 0);
			CHECK_INT(a.head.seq, 40 + n);
		}
	}
}

static void
test_the_newest(void)
{
	static char		 noise[100000];
	struct anchor_scan	 a;
	uint64_t		 seq;

	memset(noise, '{', sizeof(noise));
	begin(&a);
	for (seq = 1; seq <= 50; seq++) {
		const char	*t = head_text(seq == 25 ? 99 : seq, 0);

		CHECK_INT(anchor_piece(&a, t, strlen(t)), 0);
		CHECK_INT(anchor_piece(&a, noise, sizeof(noise)), 0);
	}
	anchor_end(&a);
	CHECK_INT(a.found, 50);
	CHECK_INT(a.others, 0);
	CHECK_INT(a.head.seq, 99);
}

static void
test_not_ours(void)
{
	struct anchor_scan	 a;
	char			 text[MAX_HEAD_JSON + 64];
	char			*p;

	begin(&a);
	strlcpy(text, head_text(7, 1), sizeof(text));
	CHECK_INT(anchor_piece(&a, text, strlen(text)), 0);
	/* one digit is another */
	strlcpy(text, head_text(7, 0), sizeof(text));
	CHECK((p = strstr(text, "\"seq\":7")) != NULL);
	p[6] = '8';
	CHECK_INT(anchor_piece(&a, text, strlen(text)), 0);
	CHECK_INT(anchor_piece(&a, "defenseclaw-audit-head", 22), 0);
	anchor_end(&a);
	CHECK_INT(a.found, 0);
	CHECK_INT(a.others, 3);
}

int
main(void)
{
	uint8_t	 seed[HEAD_SEED_LEN];

	CHECK(sodium_init() != -1);
	memset(seed, 0x42, sizeof(seed));
	device_key_expand(seed, public_key, secret);
	RUN(test_everywhere);
	RUN(test_the_newest);
	RUN(test_not_ours);
	return (0);
}
