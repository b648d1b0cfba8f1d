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

#ifndef COMMON_SANDBOX_TABLE_H
#define COMMON_SANDBOX_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/sandbox.h"

/* between sandbox.c, which compiles, and sandbox_table.c, which lists */

#define MAX_SANDBOX_TESTS	3

enum sandbox_test_kind {
	TEST_NONE = 0,
	TEST_VALUE,		/* (argument & mask) == value */
	TEST_SELF		/* the low word is the caller's own pid */
};

/*
 * All tests of a row must hold.  Where the kernel takes an int it looks at
 * the low word only, and C libraries may leave anything above it: such
 * arguments are tested by their low word.  Where it takes a long both words
 * are.
 */
struct sandbox_test {
	enum sandbox_test_kind	 kind;
	int			 arg;		/* 0 to 5 */
	uint64_t		 mask;
	uint64_t		 value;
};

struct sandbox_rule {
	long			 nr;
	enum sandbox_action	 action;
	int			 errnum;
	const char		*text;
	struct sandbox_test	 test[MAX_SANDBOX_TESTS];
};

struct sandbox_group {
	uint32_t			 bit;
	const char			*name;
	const struct sandbox_rule	*rules;
	size_t				 nrules;
};

extern const struct sandbox_group	 sandbox_groups[];
extern const size_t			 sandbox_ngroups;
extern const struct sandbox_group	 sandbox_never;

#endif /* COMMON_SANDBOX_TABLE_H */
