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

#ifndef CTL_BUNDLEDIR_H
#define CTL_BUNDLEDIR_H

#include <stdint.h>

#include "bundle.h"
#include "paths.h"

/*
 * Bundles (bundle.h) and the file system.
 *
 *	policies/trusted/NAME.pub	public keys of those who may sign, in
 *					the form of device.pub (common/head.h)
 *	policies/bundles/NAME-N/NAME	the pack of version N, unpacked
 *	STATE/bundles/NAME		the highest version that was activated,
 *					a space, what was in it in hexadecimal
 *
 * All functions return 0, or -1 with a reason and errno.
 */

struct bundle_dirs {
	int	state;			/* locked as long as it is open */
	char	tmp[MAX_CONF_PATH];	/* the version, and the pack in it */
	char	tmp_pack[MAX_CONF_PATH];
	char	dir[MAX_CONF_PATH];
	char	pack[MAX_CONF_PATH];
};

/*
 * The trusted keys.  Each file, and their directory, must be root's or ours
 * and not be writable by others.
 */
int	bundle_trusted(const struct paths *, struct bundle_keys *, char *,
	    size_t);

/*
 * The files of a pack's directory, into malloc'd memory, which
 * bundle_pack_free() frees whatever came of it.  What does not end in .yaml
 * or .yml is no part of a pack and left out.
 */
int	bundle_pack_read(const char *, struct bundle *, char *, size_t);
void	bundle_pack_free(struct bundle *);

/*
 * Takes the lock, and makes the names for the bundle.  bundle_dirs_close()
 * takes away what was not kept.
 */
int	bundle_dirs_open(const struct paths *, const struct bundle *,
	    struct bundle_dirs *, char *, size_t);
void	bundle_dirs_close(struct bundle_dirs *);

/*
 * With the lock: may this version be activated?  1, or 0 and why not: a
 * higher one was, or the same one with other files.
 */
int	bundle_may_follow(const struct bundle_dirs *, const struct bundle *,
	    char *, size_t);
/* remembers that it was */
int	bundle_remember(const struct bundle_dirs *, const struct bundle *,
	    char *, size_t);

/* unpacks into tmp; puts tmp in the place of dir, at once */
int	bundle_unpack(const struct paths *, const struct bundle *,
	    const struct bundle_dirs *, char *, size_t);
int	bundle_keep(const struct bundle_dirs *, char *, size_t);

#endif /* CTL_BUNDLEDIR_H */
