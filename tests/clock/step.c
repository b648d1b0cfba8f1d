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

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * A wall clock that a test sets: linked into the release's own objects with
 * --wrap, as `make clock-build' does; no program of build/bin has it.  The
 * file that DC_CLOCK names holds a number of seconds (int64_t), added to the
 * time while the programs run.  Each has it mapped before it shuts itself in.
 */

#define MAX_ENV	16

static const volatile int64_t	*offset;
static char			 variable[4096];

int	 __real_clock_gettime(clockid_t, struct timespec *);
int	 __wrap_clock_gettime(clockid_t, struct timespec *);
int	 __real_execve(const char *, char *const [], char *const []);
int	 __wrap_execve(const char *, char *const [], char *const []);

static void __attribute__((__constructor__))
step_begin(void)
{
	const char	*path = getenv("DC_CLOCK");
	void		*p;
	int		 fd;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	p = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return;
	offset = p;
	strlcpy(variable, "DC_CLOCK=", sizeof(variable));
	strlcat(variable, path, sizeof(variable));
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int	 rc = __real_clock_gettime(id, ts);

	if (rc == 0 && id == CLOCK_REALTIME && offset != NULL)
		ts->tv_sec += *offset;
	return (rc);
}

/* the supervisor gives its roles an environment of its own making */
int
__wrap_execve(const char *path, char *const argv[], char *const env[])
{
	char	*more[MAX_ENV + 2];
	size_t	 n;

	for (n = 0; n < MAX_ENV && env[n] != NULL; n++)
		more[n] = env[n];
	if (offset != NULL)
		more[n++] = variable;
	more[n] = NULL;
	return (__real_execve(path, argv, more));
}
