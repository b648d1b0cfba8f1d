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

#ifndef CTL_RULEJAIL_H
#define CTL_RULEJAIL_H

#include <jansson.h>
#include <stddef.h>

#include "paths.h"

/*
 * A rule pack read, compiled and tried on its vectors by the suite's own
 * rulec, in the confinement in which the suite runs it: what a pack can do
 * to its reader it does to a process that can do nothing.
 */

#define MAX_RULEJAIL_MS		300000	/* silence, on a busy machine */
#define MAX_RULEJAIL_ERR	1024	/* as long as a line of a log */

/*
 * The directory's descriptor and the pack's name; allow is
 * sandbox.allow_no_landlock.  A new reference to rulec's report
 * (gatewayd/rulevector.h), or NULL with its last word in err, which names
 * file and line.
 */
json_t	*rulejail_test(const struct paths *, int, const char *, int, char *,
	    size_t);

#endif /* CTL_RULEJAIL_H */
