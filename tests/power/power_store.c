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

#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/power/check.h"
#include "tests/power/disk.h"
#include "tests/power/load.h"
#include "tests/power/work.h"

/*
 * Power cuts under auditd and the signer.
 *
 * The two run under a load with a recorder (vfs.c, wrap.c).  Then, for many
 * points of the record, the disk is laid out as a cut there may leave it and
 * taken into use by the real code: the chain must verify, every row that was
 * acknowledged before the point must be there once, the lists must be what
 * the log says, and the signer must know every head it gave away.
 *
 * Two more runs do less than the store asks for and must lose something: else
 * this test would prove nothing.
 */

#define CI_POINTS	300
#define SOAK_POINTS	10000
#define OTHER_POINTS	150	/* of the other runs, which end at a loss */
#define CI_ROWS		1200
#define SOAK_ROWS	4000
#define LIVES		4
#define SHORTS		4
#define SHM_BYTES	32768
#define START_SHARE	5	/* every fifth is before the first answer */

struct run {
	const char	*name;
	const char	*leaves_out;
	const char	*want;		/* NULL: nothing may be lost */
	/* answer on; before it SQLite needs the name of its first journal */
	int		 from_first;
};

/*
 * SQLite syncs the directory of a new log itself, and so hides whether we do.
 * The second run holds by our sync alone; the last one differs from it by
 * that sync only.
 */
static const struct run runs[] = {
	{ "as it is", "nothing", NULL, 0 },
	{ "without SQLite's own syncs of the directory", PLOG_NOSQLDIR,
	    NULL, 1 },
	{ "synchronous=NORMAL", PLOG_NORMAL, "acknowledged rows are missing",
	    0 },
	{ "without SQLite's and ours",
	    PLOG_NODIRSYNC " " PLOG_NOSQLDIR, "the database is not there", 0 },
};

/* one run's record, as every worker sees it */
struct story {
	const char		*top;
	const struct plog	*log;
	struct disk		*before;
	uint64_t		 nrecs;
	uint64_t		 first;		/* record of the first answer */
	uint64_t		 from;		/* no point before this one */
	size_t			 nids;
};

static void
count(struct story *s)
{
	const struct plog_rec	*r;
	uint64_t		 off = 0, ops[P_ENDED + 1] = { 0 }, wals = 0;

	while ((r = plog_next(s->log, &off)) != NULL) {
		s->nrecs++;
		ops[r->op]++;
		/* the header of a WAL that begins anew */
		wals += r->op == P_WRITE && r->a == 0 && r->b == 32;
		if ((r->op == P_APPENDED || r->op == P_CHANGED) &&
		    s->nids++ == 0)
			s->first = s->nrecs;
	}
	printf("  %llu records: %llu writes, %llu syncs, %llu names; %llu "
	    "rows and %llu list changes acknowledged, %llu heads signed, "
	    "%llu times a new WAL\n",
	    (unsigned long long)s->nrecs,
	    (unsigned long long)ops[P_WRITE],
	    (unsigned long long)ops[P_SYNC],
	    (unsigned long long)(ops[P_CREATE] + ops[P_UNLINK] +
	    ops[P_RENAME]), (unsigned long long)ops[P_APPENDED],
	    (unsigned long long)ops[P_CHANGED],
	    (unsigned long long)ops[P_SIGNED], (unsigned long long)wals);
	if (s->nids == 0 || ops[P_SIGNED] == 0 || wals < 2)
		errx(1, "the load did too little");
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t	*x = a, *y = b;

	return (*x < *y ? -1 : *x > *y);
}

/* ascending, for the record is gone through once */
static uint64_t *
choose(const struct story *s, size_t n, uint64_t *rnd)
{
	uint64_t	*at;
	size_t		 i;

	if ((at = calloc(n + 1, sizeof(*at))) == NULL)
		err(1, "points");
	for (i = 0; i < n; i++)
		at[i] = s->from + disk_random(rnd) % (1 - s->from +
		    (i % START_SHARE == 0 && s->from == 0 ? s->first :
		    s->nrecs));
	qsort(at, n, sizeof(*at), by_number);
	return (at);
}

/* goes on to the point; what is promised grows with it */
static void
advance(const struct story *s, uint64_t *off, uint64_t *n, uint64_t to,
    uint8_t (*ids)[EVENT_ID_LEN], struct promised *p)
{
	const struct plog_rec	*r;

	for (; *n < to && (r = plog_next(s->log, off)) != NULL; ++*n) {
		disk_apply(s->before, r);
		if (r->op == P_APPENDED || r->op == P_CHANGED)
			memcpy(ids[p->nids++], PLOG_DATA(r), EVENT_ID_LEN);
		else if (r->op == P_SIGNED)
			p->signed_seq = r->a;
	}
}

/* what the -shm file is left as nobody knows, nor may it matter */
static void
leave_shm(const char *image, uint64_t *rnd)
{
	uint64_t	 junk[SHM_BYTES / sizeof(uint64_t)];
	char		 path[MAX_TOP + 64];
	size_t		 i, len = disk_random(rnd) % 3 * (SHM_BYTES / 2);
	int		 fd;

	if (len == 0)
		return;
	for (i = 0; i < len / sizeof(junk[0]); i++)
		junk[i] = disk_random(rnd);
	snprintf(path, sizeof(path), "%s/audit/audit.db-shm", image);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, junk, len) != (ssize_t)len)
		err(1, "%s", path);
	close(fd);
}

static void
try_points(struct work *w, void *arg)
{
	const struct story	*s = arg;
	uint8_t			(*ids)[EVENT_ID_LEN];
	struct promised		 p;
	uint64_t		 off = 0, n = 0, *at, seed;
	char			 image[MAX_TOP + 16], keys[MAX_TOP + 16];
	char			 why[MAX_CHECK_REASON];
	size_t			 i;

	snprintf(keys, sizeof(keys), "%s/keys", s->top);
	snprintf(image, sizeof(image), "%s/image.%u", s->top, w->number);
	if (mkdir(image, 0700) == -1 ||
	    (ids = calloc(s->nids + 1, sizeof(*ids))) == NULL)
		err(1, "%s", image);
	memset(&p, 0, sizeof(p));
	p.ids = (const uint8_t (*)[EVENT_ID_LEN])ids;
	at = choose(s, w->points, &w->rnd);
	for (i = 0; i < w->points && !work_over(w); i++) {
		advance(s, &off, &n, at[i], ids, &p);
		seed = disk_random(&w->rnd);
		disk_cut(s->before, seed, image);
		leave_shm(image, &w->rnd);
		w->found->done++;
		if (check_recovers(image, keys, &p, why, sizeof(why)) == -1 &&
		    work_failed(w, at[i], seed, why)) {
			/* as the cut left it, for whoever looks into it */
			(void)disk_empty(image);
			disk_cut(s->before, seed, image);
			break;
		}
		if (disk_empty(image) == -1)
			err(1, "%s", image);
	}
	free(at);
	free(ids);
}

/* 0: as expected */
static int
run_one(const char *bindir, const struct run *r, size_t points,
    unsigned int rows, uint64_t seed)
{
	struct story	 s;
	struct found	 f;
	struct load	 load;
	struct plog	*log;
	char		 top[MAX_TOP], disk[MAX_TOP + 16];
	int		 fd, bad;

	work_top(top, sizeof(top));
	load_prepare(top);
	memset(&s, 0, sizeof(s));
	s.top = top;
	s.log = log = plog_new(&fd);
	snprintf(disk, sizeof(disk), "%s/disk", top);
	s.before = disk_new(disk);
	memset(&load, 0, sizeof(load));
	load.bindir = bindir;
	load.top = top;
	load.leaves_out = r->leaves_out;
	load.rows = rows;
	load.lives = LIVES;
	load.shorts = SHORTS;
	load.seed = seed;
	printf("%s\n", r->name);
	load_run(&load, log, fd);
	count(&s);
	if (r->from_first)
		s.from = s.first;
	work_run(try_points, &s, points, seed, r->want, &f);
	if ((bad = work_verdict(&f, r->want)) != 0)
		printf("  what was left is in %s\n", top);
	else if (disk_empty(top) == -1 || rmdir(top) == -1)
		err(1, "%s", top);
	plog_free(log, fd);
	disk_free(s.before);
	return (bad);
}

int
main(void)
{
	char	 bindir[PATH_MAX], *slash;
	uint64_t seed;
	size_t	 i, points;
	ssize_t	 n;
	int	 soak, bad = 0;

	soak = work_begin(&seed);
	if ((n = readlink("/proc/self/exe", bindir, sizeof(bindir) - 1)) ==
	    -1)
		err(1, "/proc/self/exe");
	bindir[n] = '\0';
	if ((slash = strrchr(bindir, '/')) != NULL)
		*slash = '\0';
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		points = i != 0 ? OTHER_POINTS : soak ? SOAK_POINTS :
		    CI_POINTS;
		if (run_one(bindir, &runs[i], points, soak && i == 0 ?
		    SOAK_ROWS : CI_ROWS, seed + i) == -1)
			bad = 1;
	}
	return (bad);
}
