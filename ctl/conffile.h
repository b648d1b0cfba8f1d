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

#ifndef CTL_CONFFILE_H
#define CTL_CONFFILE_H

#include <sys/stat.h>
#include <sys/types.h>
#include <stddef.h>

/*
 * Files an operator owns: opened without following a link, refused when
 * somebody else could have written them, and replaced as a whole or not at
 * all (temporary file, fsync, rename, fsync of the directory).
 */

#define MAX_CONFFILE_ERR	512
#define MAX_LOCK_WAIT_MS	5000	/* for another editor to finish */

/*
 * Open a configuration file for reading.  It must be a regular file of at
 * most max bytes, owned by root or uid, not writable by group or other, in
 * a directory of which the same holds (sticky is no help: the name could be
 * taken first).  Returns a descriptor (close-on-exec), or -1 with a reason;
 * errno is ENOENT when there is no such file.
 */
int	conffile_open(const char *, uid_t, size_t, char *, size_t);

/*
 * Read all of a descriptor from its start, at most max bytes.  Returns 0
 * and a buffer with one NUL after its len bytes (to be freed), or -1.
 */
int	conffile_read(int, size_t, char **, size_t *, char *, size_t);

/*
 * Hold the lock of a file that is about to be edited (".NAME.lock" beside
 * it).  Returns a descriptor; closing it gives the lock back.
 */
int	conffile_lock(const char *, char *, size_t);

/*
 * Replace an existing file (stat of the old one given) or make it 0600 when
 * stat is NULL.  Owner and mode are kept; where the group cannot be, its
 * rights go.
 */
int	conffile_write(const char *, const void *, size_t, const struct stat *,
	    char *, size_t);

/*
 * Make dirfd/name with these bytes, mode and owner (-1: as they come)
 * appear at once.  With FILE_NOREPLACE an existing name stays and the
 * result is -1 with errno EEXIST.  Returns 0, or -1 with a reason.
 */
#define FILE_NOREPLACE	0x01
int	file_write_atomic(int, const char *, const void *, size_t, mode_t,
	    uid_t, gid_t, int, char *, size_t);

#endif /* CTL_CONFFILE_H */
