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
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/power/work.h"

#define ENOUGH	8	/* losses that were to be found */

int
work_failed(struct work *w, uint64_t point, uint64_t seed, const char *text)
{
	struct found	*f = w->found;

	f->failed++;
	if (w->want != NULL && strstr(text, w->want) == NULL)
		return (0);
	if (atomic_fetch_add(&f->wanted, 1) == 0) {
		f->point = point;
		f->seed = seed;
		strlcpy(f->text, text, sizeof(f->text));
	}
	return (w->want == NULL);
}

int
work_over(const struct work *w)
{
	return (w->want == NULL ? w->found->failed != 0 :
	    w->found->wanted >= ENOUGH);
}

int
work_verdict(const struct found *f, const char *want)
{
	if (want == NULL && f->failed != 0) {
		printf("  FAILED at record %llu, cut %#llx: %s\n",
		    (unsigned long long)f->point,
		    (unsigned long long)f->seed, f->text);
		return (-1);
	}
	if (want == NULL) {
		printf("  all %lu points hold\n", f->done);
		return (0);
	}
	printf("  %lu of %lu points hold, as must be: %lu times \"%s\"%s%s\n",
	    f->done - f->failed, f->done, f->wanted, want,
	    f->wanted != 0 ? ", such as: " : "", f->text);
	if (f->wanted != 0)
		return (0);
	printf("  FAILED: this loss was not found, so the test shows "
	    "nothing\n");
	return (-1);
}

void
work_run(void (*fn)(struct work *, void *), void *arg, size_t points,
    uint64_t seed, const char *want, struct found *out)
{
	struct found	*f;
	struct work	 w;
	pid_t		 pid[WORKERS];
	int		 i, status;

	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	if (f == MAP_FAILED)
		err(1, "mmap");
	fflush(NULL);
	for (i = 0; i < WORKERS; i++) {
		w.number = (unsigned int)i;
		w.points = points / WORKERS +
		    ((size_t)i < points % WORKERS);
		w.rnd = seed + (uint64_t)i;
		w.found = f;
		w.want = want;
		if ((pid[i] = fork()) == -1)
			err(1, "fork");
		if (pid[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			fn(&w, arg);
			fflush(NULL);
			_exit(0);
		}
	}
	for (i = 0; i < WORKERS; i++)
		if (waitpid(pid[i], &status, 0) == -1 || status != 0)
			errx(1, "a worker ended with status %#x", status);
	*out = *f;
	munmap(f, sizeof(*f));
}

void
work_top(char *top, size_t size)
{
	const char	*at = access("/dev/shm", W_OK) == 0 ? "/dev/shm" :
	    "/tmp";

	snprintf(top, size, "%s/dcpower.XXXXXX", at);
	if (mkdtemp(top) == NULL)
		err(1, "%s", top);
}

int
work_begin(uint64_t *seed)
{
	const char	*s = getenv("DC_SEED"), *soak = getenv("DC_SOAK");

	if (sodium_init() == -1)
		errx(1, "libsodium");
	randombytes_buf(seed, sizeof(*seed));
	if (s != NULL)
		*seed = strtoull(s, NULL, 0);
	setlinebuf(stdout);
	printf("DC_SEED=%#llx\n", (unsigned long long)*seed);
	return (soak != NULL && strcmp(soak, "1") == 0);
}
