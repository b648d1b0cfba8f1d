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

#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * What the benchmarks share: the clock, percentiles, and the disk's own
 * floor, an fdatasync of 4 KiB that overwrites blocks which exist.
 */

#define FLOOR_BLOCKS	1024
#define FLOOR_BLOCK	4096

static inline uint64_t
now_ns(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec);
}

static inline int
by_value(const void *a, const void *b)
{
	uint64_t	 x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

/* sorts n samples (at least one) and gives the one at the percentile, in us */
static inline double
percentile(uint64_t *samples, size_t n, unsigned int percent)
{
	qsort(samples, n, sizeof(*samples), by_value);
	return ((double)samples[n * percent / 100] / 1e3);
}

/* a preallocated file in dir, without a name: nothing to clean up */
static inline int
floor_open(const char *dir)
{
	static char	 block[FLOOR_BLOCK];
	int		 fd, i;

	if ((fd = open(dir, O_RDWR | O_TMPFILE, 0600)) == -1)
		err(1, "%s", dir);
	for (i = 0; i < FLOOR_BLOCKS; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			err(1, "%s", dir);
	if (fsync(fd) == -1)
		err(1, "%s", dir);
	return (fd);
}

/* one overwrite, ns */
static inline uint64_t
floor_once(int fd)
{
	static char	 block[FLOOR_BLOCK];
	static size_t	 n;
	uint64_t	 t;

	memset(block, (int)++n, sizeof(block));
	t = now_ns();
	if (pwrite(fd, block, sizeof(block), (off_t)(n % FLOOR_BLOCKS *
	    FLOOR_BLOCK)) != sizeof(block) || fdatasync(fd) == -1)
		err(1, "floor");
	return (now_ns() - t);
}

#endif /* TESTS_BENCH_BENCH_H */
