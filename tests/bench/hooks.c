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

#include <sys/wait.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/*
 * hooks RATE COUNT FILE STATUS PROGRAM [ARGUMENT ...]
 *
 * Starts the program at an even rate whether or not the ones before have
 * ended, each with the file as its input, and takes the time from before it
 * is started until its end is known.  Prints p50, p99 and the longest in
 * microseconds, and how many ended otherwise than with the status.
 */

#define MAX_HOOKS	100000

struct run {
	pid_t		pid;
	double		start;
};

static struct run	runs[MAX_HOOKS];
static double		took[MAX_HOOKS];
static long		nended, nwrong;
extern char		**environ;

static double
now(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3);
}

static int
compare(const void *a, const void *b)
{
	double	x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

/* those that have ended, among the first n */
static void
reap(long n, int want)
{
	static long	first;
	pid_t		pid;
	double		end;
	long		i;
	int		status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		end = now();
		for (i = first; i < n && runs[i].pid != pid; i++)
			continue;
		if (i == n)
			errx(1, "an unknown child ended");
		runs[i].pid = 0;
		took[nended++] = end - runs[i].start;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != want)
			nwrong++;
		while (first < n && runs[first].pid == 0)
			first++;
	}
}

int
main(int argc, char *argv[])
{
	posix_spawn_file_actions_t	fa;
	posix_spawnattr_t		attr;
	struct timespec			ts;
	sigset_t			chld, none;
	double				begin, due, left;
	long				n = 0, count;
	int				rate, want;

	if (argc < 6)
		errx(2, "usage: hooks RATE COUNT FILE STATUS PROGRAM ...");
	rate = atoi(argv[1]);
	count = atol(argv[2]);
	want = atoi(argv[4]);
	if (rate < 1 || count < 1 || count > MAX_HOOKS)
		errx(2, "rate or count out of range");
	sigemptyset(&none);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, argv[3], O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
	begin = now();
	while (nended < count) {
		due = begin + (double)n * 1e6 / rate;
		left = n < count ? due - now() : 1e6;
		if (left <= 0) {
			runs[n].start = now();
			if (posix_spawnp(&runs[n].pid, argv[5], &fa, &attr,
			    argv + 5, environ) != 0)
				err(1, "%s", argv[5]);
			n++;
		} else {
			ts.tv_sec = (time_t)(left / 1e6);
			ts.tv_nsec = (long)(left * 1e3) % 1000000000L;
			(void)sigtimedwait(&chld, NULL, &ts);
		}
		reap(n, want);
	}
	qsort(took, (size_t)count, sizeof(took[0]), compare);
	printf("hooks %.0f %.0f %.0f %ld\n", took[count / 2],
	    took[count * 99 / 100], took[count - 1], nwrong);
	return (0);
}
