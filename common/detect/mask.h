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

#ifndef COMMON_DETECT_MASK_H
#define COMMON_DETECT_MASK_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <endian.h>
#endif

/*
 * What the bytes of a text are, 64 at a time: a bit for each, the first the
 * lowest.  Readers go from one byte that matters to the next without a branch
 * for those between, which are most of a text and hard to foretell.
 *
 * MASK_STEP bytes are looked at, and with them the MASK_MORE after them, so
 * that what stands behind one is known.
 */

#define MASK_STEP	56
#define MASK_MORE	8
#define MASK_LEN	(MASK_STEP + MASK_MORE)
#define MASK_STOPS	((1ULL << MASK_STEP) - 1)
#define MASK_NONE	(SIZE_MAX - MASK_STEP + 1)	/* no byte from there */

/* Where a reader stops: bits of the MASK_STEP bytes from base on. */
struct mask_stops {
	size_t		 base;
	uint64_t	 bits;
};

#ifdef __SSE2__
#define MASK_PART	16	/* bytes that are compared at once */
struct mask_part {
	__m128i		 v;
};
#else
#define MASK_PART	8
struct mask_part {
	uint64_t	 v;	/* the first byte the lowest */
};
#define MASK_EACH	0x0101010101010101ULL
#define MASK_HIGH	0x8080808080808080ULL
#endif

/* MASK_LEN bytes of a text from i on, or a copy of them, padded at its end. */
static inline const unsigned char *
mask_from(const unsigned char *s, size_t len, size_t i,
    unsigned char copy[MASK_LEN], unsigned char pad)
{
	if (len - i >= MASK_LEN)
		return s + i;
	memset(copy, pad, MASK_LEN);
	memcpy(copy, s + i, len - i);
	return copy;
}

static inline struct mask_part
mask_part(const unsigned char *s)
{
	struct mask_part	 p;

	memcpy(&p.v, s, MASK_PART);
#ifndef __SSE2__
	p.v = le64toh(p.v);
#endif
	return p;
}

/* Those from lo to hi, which are ASCII. */
static inline uint64_t
mask_in(struct mask_part p, unsigned char lo, unsigned char hi)
{
#ifdef __SSE2__
	__m128i		 v = _mm_sub_epi8(p.v, _mm_set1_epi8((char)lo));

	return (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(v,
	    _mm_min_epu8(v, _mm_set1_epi8((char)(hi - lo)))));
#else
	uint64_t	 low = p.v & ~MASK_HIGH, v;

	v = (low + MASK_EACH * (0x80U - lo)) & ~p.v &
	    ~(low + MASK_EACH * (0x7fU - hi)) & MASK_HIGH;
	/* the product has the highest bits of all bytes on top */
	return (v >> 7) * 0x0102040810204080ULL >> 56;
#endif
}

static inline uint64_t
mask_is(struct mask_part p, unsigned char c)
{
	return mask_in(p, c, c);
}

/* Where at least eight in a row begin. */
static inline uint64_t
mask_long(uint64_t bits)
{
	bits &= bits >> 1;
	bits &= bits >> 2;
	return bits & bits >> 4;
}

/* How many in a row begin at i; no more than MASK_MORE may. */
static inline unsigned int
mask_run(uint64_t bits, unsigned int i)
{
	return (unsigned int)__builtin_ctzll(~(bits >> i));
}

/* Whether what is at i has been looked at. */
static inline int
mask_has(const struct mask_stops *s, size_t i)
{
	return i - s->base < MASK_STEP;
}

/* The first stop at or after i; behind the last the end of what was seen. */
static inline size_t
mask_next(const struct mask_stops *s, size_t i)
{
	uint64_t	 bits = s->bits >> (i - s->base);

	return bits != 0 ? i + (size_t)__builtin_ctzll(bits) :
	    s->base + MASK_STEP;
}

#endif /* COMMON_DETECT_MASK_H */
