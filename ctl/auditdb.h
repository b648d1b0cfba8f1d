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

#ifndef CTL_AUDITDB_H
#define CTL_AUDITDB_H

#include <sqlite3.h>
#include <stddef.h>

#include "common/rowfilter.h"

/*
 * The audit database read from its file, by nobody's leave but the file
 * system's; it may be in use, or anybody's work.
 */

/* read-only and trusting nothing in it; NULL with err */
sqlite3	*auditdb_open(const char *, char *, size_t);

/*
 * The same of one that nobody writes, so that no file comes or changes beside
 * it.  What is in a log of SQLite's beside it is not seen.
 */
sqlite3	*auditdb_open_still(const char *, char *, size_t);

/* the strings of the row are valid during the call; non-zero stops */
typedef int auditdb_cb(const struct chain_row *, void *);

/*
 * Rows that match, newest first.  0, what the callback returned, or -1 with
 * err; in pieces, which hold up no checkpoint of a suite that runs.
 */
int	 auditdb_query(sqlite3 *, const struct rowfilter *, auditdb_cb *,
	    void *, char *, size_t);

/* the same, oldest first */
int	 auditdb_each(sqlite3 *, const struct rowfilter *, auditdb_cb *,
	    void *, char *, size_t);

#endif /* CTL_AUDITDB_H */
