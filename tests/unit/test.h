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

#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A unit test is a program: main calls RUN for each static function; the
 * first failed CHECK names its line and ends the program with status 1.
 */

#define RUN(fn) do {							\
	printf("  %s\n", #fn);						\
	fflush(stdout);							\
	fn();								\
} while (0)

#define CHECK(expr) do {						\
	if (!(expr)) {							\
		fprintf(stderr, "%s:%d: %s: failed: %s\n", __FILE__,	\
		    __LINE__, __func__, #expr);				\
		exit(1);						\
	}								\
} while (0)

#define CHECK_INT(got, want) do {					\
	long long got_ = (long long)(got);				\
	long long want_ = (long long)(want);				\
	if (got_ != want_) {						\
		fprintf(stderr, "%s:%d: %s: %s is %lld, not %lld\n",	\
		    __FILE__, __LINE__, __func__, #got, got_, want_);	\
		exit(1);						\
	}								\
} while (0)

#define CHECK_STR(got, want) do {					\
	const char *got_ = (got);					\
	const char *want_ = (want);					\
	if (got_ == NULL || strcmp(got_, want_) != 0) {			\
		fprintf(stderr, "%s:%d: %s: %s is \"%s\", not \"%s\"\n",\
		    __FILE__, __LINE__, __func__, #got,			\
		    got_ ? got_ : "(null)", want_);			\
		exit(1);						\
	}								\
} while (0)

#endif /* TESTS_UNIT_TEST_H */
