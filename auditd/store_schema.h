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

#ifndef AUDITD_STORE_SCHEMA_H
#define AUDITD_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#include "store.h"

/* "DCAW": tells our files from those of other programs */
#define STORE_APP_ID	0x44434157

/* one step of the schema: from user_version i to i + 1 */
struct store_step {
	const char	*sql;
};

extern const struct store_step	store_steps[];
extern const size_t		store_nsteps;

/*
 * Brings the open database to the last step.  When it holds a schema
 * already, a copy goes to PATH.vN.bak (0600) before; all steps are one
 * transaction.  Returns STORE_REFUSED for the file of another program and
 * STORE_NEWER for a schema beyond the last step; both leave it as it is.
 */
enum store_status store_migrate(sqlite3 *, const char *,
	    const struct store_step *, size_t, char *, size_t);

/* classifies an SQLite result right after the call; looks at errno too */
enum store_status store_classify(int);
/* what an operator can do about it */
const char	*store_advice(enum store_status);

#endif /* AUDITD_STORE_SCHEMA_H */
