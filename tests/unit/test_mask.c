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

/* the way of processors without SSE2; the other one is what all else tests */
#undef __SSE2__

#include <stdlib.h>

#include "common/detect/mask.h"
#include "test.h"

static unsigned char	 bytes[MASK_LEN];

static uint64_t
found(unsigned char lo, unsigned char hi)
{
	uint64_t	 bits = 0;
	size_t		 i;

	for (i = 0; i < MASK_LEN; i += MASK_PART)
		bits |= mask_in(mask_part(bytes + i), lo, hi) << i;
	return bits;
}

/* each byte, also beside those that could lend it a bit */
static void
test_in(void)
{
	static const unsigned char	 spans[][2] = { { 'a', 'z' },
		{ '\t', '\r' }, { 0, 0 }, { 0, 0x7f }, { 0x7f, 0x7f },
		{ '(', ')' }, { '\n', '\n' } };
	unsigned int			 c, i, k, round;
	uint64_t			 want;

	for (k = 0; k < sizeof(spans) / sizeof(spans[0]); k++)
		for (c = 0; c < 256; c++)
			for (round = 0; round < 8; round++) {
				want = 0;
				for (i = 0; i < MASK_LEN; i++) {
					bytes[i] = (unsigned char)(round < 4 ?
					    c + i * round : (unsigned int)
					    rand());
					if (bytes[i] >= spans[k][0] &&
					    bytes[i] <= spans[k][1])
						want |= 1ULL << i;
				}
				CHECK(found(spans[k][0], spans[k][1]) == want);
			}
	CHECK(mask_is(mask_part((const unsigned char *)"a.b.c..."), '.') ==
	    0xea);
}

static void
test_from(void)
{
	static const unsigned char	 text[MASK_LEN + 2] = "abc";
	unsigned char			 copy[MASK_LEN];

	CHECK(mask_from(text, sizeof(text), 2, copy, ' ') == text + 2);
	CHECK(mask_from(text, sizeof(text), 3, copy, ' ') == copy);
	CHECK_INT(copy[MASK_LEN - 2], 0);
	CHECK_INT(copy[MASK_LEN - 1], ' ');
	CHECK(mask_from(text, 3, 2, copy, ' ') == copy);
	CHECK_INT(copy[0], 'c');
	CHECK_INT(copy[1], ' ');
}

static void
test_runs(void)
{
	unsigned int	 i, n;
	uint64_t	 bits;

	for (i = 0; i <= MASK_STEP - 1; i++)
		for (n = 1; n <= MASK_MORE; n++) {
			bits = ((1ULL << n) - 1) << i;
			CHECK_INT(mask_run(bits, i), n);
			CHECK(mask_long(bits) == (n == 8 ? 1ULL << i : 0));
		}
}

static void
test_stops(void)
{
	struct mask_stops	 s = { MASK_NONE, 0 };

	CHECK(!mask_has(&s, 0));
	CHECK(!mask_has(&s, SIZE_MAX / 4));
	s.base = 100;
	s.bits = 1ULL << 3 | 1ULL << (MASK_STEP - 1);
	CHECK(!mask_has(&s, 99));
	CHECK(mask_has(&s, 100));
	CHECK(mask_has(&s, 100 + MASK_STEP - 1));
	CHECK(!mask_has(&s, 100 + MASK_STEP));
	CHECK_INT(mask_next(&s, 100), 103);
	CHECK_INT(mask_next(&s, 103), 103);
	CHECK_INT(mask_next(&s, 104), 100 + MASK_STEP - 1);
	s.bits = 1;
	CHECK_INT(mask_next(&s, 101), 100 + MASK_STEP);
}

int
main(void)
{
	RUN(test_in);
	RUN(test_from);
	RUN(test_runs);
	RUN(test_stops);
	return (0);
}
