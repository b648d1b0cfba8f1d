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

#include <errno.h>
#include <string.h>

#include "ustar.h"

#define BLOCK	512

/* fields as they follow each other; numbers are octal text */
struct header {
	char	name[100];
	char	mode[8];
	char	uid[8];
	char	gid[8];
	char	size[12];
	char	mtime[12];
	char	chksum[8];
	char	typeflag;
	char	linkname[100];
	char	magic[6];
	char	version[2];
	char	uname[32];
	char	gname[32];
	char	devmajor[8];
	char	devminor[8];
	char	prefix[155];
	char	pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

static void
checksum(struct header *h)
{
	const unsigned char	*p = (const unsigned char *)h;
	unsigned int		 sum = 0;
	size_t			 i;

	/* of the header with blanks in its own place */
	memset(h->chksum, ' ', sizeof(h->chksum));
	for (i = 0; i < sizeof(*h); i++)
		sum += p[i];
	(void)snprintf(h->chksum, sizeof(h->chksum), "%06o", sum);
	h->chksum[7] = ' ';
}

int
ustar_add(FILE *f, const char *name, const void *data, size_t len,
    uint64_t mtime)
{
	static const char	zero[BLOCK];
	struct header		h;
	size_t			n = strlen(name);

	if (n == 0 || n > MAX_USTAR_NAME || len > MAX_USTAR_SIZE ||
	    mtime >> 33 != 0) {
		errno = EINVAL;
		return (-1);
	}
	memset(&h, 0, sizeof(h));
	memcpy(h.name, name, n);
	memcpy(h.mode, "0000600", 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	(void)snprintf(h.size, sizeof(h.size), "%011zo", len);
	(void)snprintf(h.mtime, sizeof(h.mtime), "%011llo",
	    (unsigned long long)mtime);
	h.typeflag = '0';
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	checksum(&h);
	n = (BLOCK - len % BLOCK) % BLOCK;
	if (fwrite(&h, sizeof(h), 1, f) != 1 ||
	    fwrite(data, 1, len, f) != len || fwrite(zero, 1, n, f) != n)
		return (-1);
	return (0);
}

/* two blocks of nothing */
int
ustar_end(FILE *f)
{
	static const char	zero[2 * BLOCK];

	return (fwrite(zero, sizeof(zero), 1, f) == 1 ? 0 : -1);
}
