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

#ifndef AUDITD_STORE_FILE_H
#define AUDITD_STORE_FILE_H

#include <stddef.h>

#include "store.h"

/*
 * Creates or checks the database file before SQLite opens it: a regular
 * file, mode 0600.  One that is no database is STORE_CORRUPT and stays as
 * it is; one whose creation was cut short is left to SQLite to take back.
 */
enum store_status store_file_prepare(const char *, char *, size_t);

/*
 * Writes the WAL ahead with zeros, up to STORE_WAL_PAGES, so that a commit
 * overwrites blocks that exist: appending costs a journal commit of the file
 * system each time.  SQLite takes zeros for the end of the log.  To be
 * called when the database is in WAL mode (SQLite removes the log of an
 * empty one) and no transaction is open.  Lack of space is no error here:
 * the first commit will say so.
 */
enum store_status store_file_grow_wal(const char *, char *, size_t);

/*
 * Syncs the directory of a path: a file is not durable under its name before
 * that.  SQLite does so for its own log, but lets an error pass.
 */
enum store_status store_file_sync_dir(const char *, char *, size_t);

#endif /* AUDITD_STORE_FILE_H */
