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

#ifndef COMMON_DETECT_CONFIRM_H
#define COMMON_DETECT_CONFIRM_H

#include <stddef.h>
#include <stdint.h>

/*
 * PCRE2 for what Hyperscan cannot say: whether a rule with lookaround or
 * references really matches, and where a match begins.  The interpreter,
 * never the JIT compiler, and with a bound on its work that holds whatever
 * the pattern: every item of a pattern costs one step, and every byte that
 * is passed or gone back over one more.
 */

#define MAX_CONFIRM_STEPS	100000	/* per request, all rules together */
#define MAX_CONFIRM_FIND	4000	/* to find one beginning */

struct confirm;		/* limits and memory shared by all patterns */
struct confirm_code;	/* one compiled pattern */

enum confirm_answer {
	CONFIRM_NO,
	CONFIRM_YES,
	CONFIRM_UNKNOWN		/* out of steps, or an error */
};

struct confirm	*confirm_new(void);
void		 confirm_free(struct confirm *);

/*
 * Compiles a translated pattern with flags IMAGE_*.  NULL with a text in
 * err.  The compiler of rules calls it with the same arguments as the
 * matcher will, so that what loads also runs.
 */
struct confirm_code	*confirm_compile(struct confirm *, const char *,
			    unsigned int, char *, size_t);
void			 confirm_code_free(struct confirm_code *);

/*
 * Looks in the text, valid UTF-8, for a match that begins at first or later
 * and not after last; both are offsets between characters.  Sets where it
 * begins and ends.  *steps is what may be spent and is lowered by what was.
 */
enum confirm_answer	 confirm_search(struct confirm *,
			    const struct confirm_code *, const char *, size_t,
			    size_t, size_t, size_t *, size_t *, uint32_t *);

#endif /* COMMON_DETECT_CONFIRM_H */
