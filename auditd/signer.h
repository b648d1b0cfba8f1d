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

#ifndef AUDITD_SIGNER_H
#define AUDITD_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "common/head.h"

/*
 * The signer's memory and its one rule: never sign an older head.
 *
 * Its state file holds the last signed head in its JSON form and a newline.
 * It is replaced atomically, and is on the disk before a signature leaves.
 *
 * The rule, with last the head signed before:
 *	seq > last.seq			signed, also when the epoch changed:
 *					sequences go on over epochs
 *	seq == last.seq			only the same epoch and hash again:
 *					the stored head is given once more
 *	seq < last.seq			refused
 */

#define SIGNER_STATE	"signed.head"	/* file name in the directory */

struct signer;

/*
 * Takes the text of the key file and a directory descriptor, which stays
 * the caller's and must outlive the signer.  A state file that is damaged
 * or not signed by this key is an error: the caller does not start.
 */
int	 signer_open(struct signer **, const char *, size_t, int, char *,
	    size_t);
void	 signer_close(struct signer *);

const uint8_t	*signer_public_key(const struct signer *);
/* last head signed, NULL before the first */
const struct head *signer_last(const struct signer *);

/*
 * Signs epoch, seq and hash of the head at the given time (us since 1970);
 * device, time and sig are set here.  -1 with err: refused by the rule
 * (errno EPERM) or the state could not be written (errno of that); nothing
 * is signed then.
 */
int	 signer_sign(struct signer *, struct head *, uint64_t, char *,
	    size_t);

#endif /* AUDITD_SIGNER_H */
