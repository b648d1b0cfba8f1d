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

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/enforce.h"
#include "common/sealed.h"

#define SEALS	(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int
sealed_create(const char *name, const void *data, size_t len)
{
	const char	*p = data;
	size_t		 done = 0;
	ssize_t		 n;
	int		 fd, saved;

	if (len == 0 || len > MAX_SEALED) {
		errno = EFBIG;
		return (-1);
	}
	if ((fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) == -1)
		return (-1);
	while (done < len) {
		n = write(fd, p + done, len - done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		goto fail;
	return (fd);
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return (-1);
}

void
sealed_why(char *err, size_t errlen)
{
	if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
		enforce_refuse("memory.files", err, errlen);
	else
		snprintf(err, errlen, "sealed memory file: %s",
		    strerror(errno));
}

const void *
sealed_map(int fd, size_t max, size_t *len)
{
	off_t		 size;
	void		*p;
	int		 seals;

	if ((seals = fcntl(fd, F_GET_SEALS)) == -1 ||
	    (seals & SEALS) != SEALS) {
		errno = EPERM;
		return (NULL);
	}
	/* fstat(2) is a path's call in roles that see no files */
	if ((size = lseek(fd, 0, SEEK_END)) == -1)
		return (NULL);
	if (size == 0) {
		errno = EINVAL;
		return (NULL);
	}
	if ((size_t)size > max) {
		errno = EFBIG;
		return (NULL);
	}
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return (NULL);
	*len = (size_t)size;
	return (p);
}

void
sealed_unmap(const void *p, size_t len)
{
	munmap((void *)(uintptr_t)p, len);
}

size_t
sealed_trim(const void *p, size_t len, size_t keep)
{
	size_t	page = (size_t)sysconf(_SC_PAGESIZE);

	keep = (keep + page - 1) / page * page;
	if (keep == 0 || keep >= len)
		return (len);
	munmap((char *)(uintptr_t)p + keep, len - keep);
	return (keep);
}
