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

#ifndef GATEWAYD_RULESYNTAX_H
#define GATEWAYD_RULESYNTAX_H

#include <stddef.h>

/*
 * Patterns of rule packs are written in the syntax of Go's regexp package
 * (RE2); Hyperscan and PCRE2 read Perl's.  This translates what the two
 * spell alike and mean differently, and refuses what RE2 does not have, but
 * for lookaround and references to groups, which packs in use contain.
 */

#define MAX_RULESYNTAX_NEST	100	/* brackets within brackets */

#define MAX_RULESYNTAX_COUNT	128	/* any-characters counted one by one */
#define MAX_RULESYNTAX_CLASS	512	/* bytes between [ and ] */

/* What a pattern of len bytes may grow to, with NUL. */
#define RULESYNTAX_SIZE(len)	((len) * 32 + 1)

/*
 * Translates a pattern into out, of at least RULESYNTAX_SIZE(length) bytes,
 * and adds IMAGE_UTF to flags when it can only be matched in UTF-8 mode.
 * Returns NULL, or why the pattern is refused.
 *
 *	$ without (?m)	is the end of the text only, so becomes \z
 *	\v		is one byte, not a class
 *	\Q...\E		is spelt out
 *	(?U)		changes which match, not whether: dropped
 *	. and [^...]	are characters: spelt as their bytes where they are
 *			counted, unless all counts together pass
 *			MAX_RULESYNTAX_COUNT; then they count bytes, because
 *			automata of that size cost more than the difference
 *			between 200 bytes and 200 characters is worth
 */
const char	*rulesyntax(const char *, char *, unsigned int *);

#endif /* GATEWAYD_RULESYNTAX_H */
