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

#ifndef COMMON_ATOMICFILE_H
#define COMMON_ATOMICFILE_H

#include <sys/types.h>

#include <stddef.h>

/*
 * Files that are whole at every moment, also after a power cut: written
 * under another name, synced, renamed, and the directory synced.
 */

struct atomicfile {
	mode_t	mode;		/* to have; it is 0600 while it is written */
	uid_t	uid;		/* (uid_t)-1: ours */
	gid_t	gid;		/* (gid_t)-1: ours */
	int	noreplace;	/* what is there stays: EEXIST */
};

/*
 * Writes name in the directory, by way of tmp, which must not be there.  A
 * group that cannot be had gets no rights; an owner that cannot be had is an
 * error.  NULL is 0600, ours, replacing: then neither chmod nor chown is
 * called, which a confined role may not.
 *
 * 0 when it is durable.  -1 with errno: nothing was changed and tmp is gone,
 * unless it is the sync of the directory that failed.
 */
int	atomicfile_write(int, const char *, const char *, const void *,
	    size_t, const struct atomicfile *);

#endif /* COMMON_ATOMICFILE_H */
