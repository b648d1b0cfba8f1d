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

#include <sys/types.h>

#include <dirent.h>
#include <err.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditd/store.h"
#include "common/head.h"
#include "bench.h"

/*
 * What durability costs: rows of about 600 bytes in transactions of several
 * sizes, beside the disk's own floor, an fdatasync of 4 KiB that overwrites
 * blocks which exist.  Usage: bench_store [directory [seconds]]
 *
 * With -f DATABASE ROWS it makes a log of that many rows and measures
 * nothing: a backlog for bench.py.
 */

#define FILL_BATCH	20000	/* rows of one commit */

#define MAX_SAMPLES	100000

static uint64_t	samples[MAX_SAMPLES];	/* ns */

static void
print_row(const char *what, unsigned int per, size_t n, uint64_t total)
{
	if (n == 0)
		errx(1, "%s: nothing was measured", what);
	printf("%-28s %10.0f %10.1f %10.1f\n", what,
	    (double)n * per * 1e9 / (double)total,
	    percentile(samples, n, 50), percentile(samples, n, 99));
	fflush(stdout);
}

static void
bench_floor(const char *dir, uint64_t span)
{
	uint64_t	 start = now_ns();
	size_t		 n;
	int		 fd = floor_open(dir);

	for (n = 0; n < MAX_SAMPLES && now_ns() - start < span; n++)
		samples[n] = floor_once(fd);
	close(fd);
	print_row("4 KiB overwrite, fdatasync", 1, n, now_ns() - start);
}

/* ids as the writers make them: a random half and a counter */
static size_t
make_event(uint8_t *buf, size_t size, uint64_t n)
{
	static const char	 details[] =
	    "{\"tool\":\"shell\",\"args\":\"ls -la /srv/project && "
	    "git status --short\",\"rule_ids\":[],\"raw_action\":\"allow\","
	    "\"would_block\":false,\"mode\":\"action\",\"elapsed_us\":87,"
	    "\"findings\":0,\"direction\":\"request\",\"bytes\":1024}";
	struct event		 ev;
	ssize_t			 len;
	int			 i;

	memset(&ev, 0, sizeof(ev));
	memset(ev.id, 0x5a, 8);
	for (i = 0; i < 8; i++)
		ev.id[8 + i] = (uint8_t)(n >> (56 - 8 * i));
	ev.time_us = 1767323045000000ULL + n;
	ev.severity = n % 20 == 0 ? SEV_HIGH : SEV_NONE;
	ev.field[EV_ACTION] = "inspect-tool-allow";
	ev.field[EV_TARGET] = "shell";
	ev.field[EV_ACTOR] = "token:agent";
	ev.field[EV_DETAILS] = details;
	ev.field[EV_RUN_ID] = "0f8fad5b-d9cb-469f-a165-70867728950e";
	ev.field[EV_REQUEST_ID] = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
	ev.field[EV_SESSION_ID] = "session-42";
	ev.field[EV_TOOL_NAME] = "shell";
	ev.field[EV_CONTENT_HASH] = "9f86d081884c7d659a2feaa0c55ad015"
	    "a3bf4f1b2b0b822cd15d6c15b0f00a08";
	ev.field[EV_BINARY_VERSION] = "0.1.0";
	if ((len = event_encode(&ev, buf, size)) == -1)
		err(1, "event");
	return ((size_t)len);
}

static void
must(struct store *s, enum store_status ret)
{
	if (ret != STORE_OK)
		errx(1, "%s", store_errtext(s));
}

static void
bench_batch(struct store *s, unsigned int batch, uint64_t span)
{
	static uint64_t	 next;
	uint8_t		 buf[MAX_EVENT_LEN];
	char		 what[64];
	uint64_t	 start, t, total, seq;
	size_t		 n, len;
	unsigned int	 i;
	int		 known;

	start = now_ns();
	for (n = 0; n < MAX_SAMPLES && now_ns() - start < span; n++) {
		t = now_ns();
		must(s, store_begin(s));
		for (i = 0; i < batch; i++) {
			len = make_event(buf, sizeof(buf), next++);
			must(s, store_append(s, buf, len, &seq, &known));
		}
		must(s, store_commit(s));
		samples[n] = now_ns() - t;
		/* between commits: in the rate, not in their time */
		if (store_checkpoint_pages(s) >= STORE_WAL_MARK)
			must(s, store_checkpoint(s));
	}
	total = now_ns() - start;
	snprintf(what, sizeof(what), "rows, %u per commit", batch);
	print_row(what, batch, n, total);
}

static void
remove_files(const char *dir)
{
	struct dirent	*de;
	DIR		*dp;

	if ((dp = opendir(dir)) == NULL)
		err(1, "%s", dir);
	while ((de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.')
			(void)unlinkat(dirfd(dp), de->d_name, 0);
	closedir(dp);
	(void)rmdir(dir);
}

static struct store *
open_new(const char *path)
{
	struct store_conf	 conf;
	struct event		 tmpl;
	struct store		*s;
	enum store_epoch	 why;
	char			 msg[MAX_STORE_ERR];

	memset(&conf, 0, sizeof(conf));
	memset(&tmpl, 0, sizeof(tmpl));
	conf.path = path;
	conf.alg = CHAIN_BLAKE2B;
	if (store_open(&s, &conf, msg, sizeof(msg)) != STORE_OK)
		errx(1, "%s", msg);
	must(s, store_reconcile(s, NULL, &tmpl, &why));
	return (s);
}

static void
fill(const char *path, uint64_t rows)
{
	struct store	*s = open_new(path);
	uint8_t		 buf[MAX_EVENT_LEN];
	uint64_t	 i, seq;
	size_t		 len;
	int		 known;

	for (i = 0; i < rows; i++) {
		if (i % FILL_BATCH == 0)
			must(s, store_begin(s));
		len = make_event(buf, sizeof(buf), i);
		must(s, store_append(s, buf, len, &seq, &known));
		if ((i + 1) % FILL_BATCH != 0 && i + 1 != rows)
			continue;
		must(s, store_commit(s));
		if (store_checkpoint_pages(s) >= STORE_WAL_MARK)
			must(s, store_checkpoint(s));
	}
	store_close(s);
}

int
main(int argc, char *argv[])
{
	static const unsigned int	 batches[] = { 1, 10, 16, 100 };
	struct store			*s;
	uint64_t			 span;
	char				 dir[2048], path[4096];
	size_t				 i;

	if (argc == 4 && strcmp(argv[1], "-f") == 0) {
		if (sodium_init() == -1)
			errx(1, "libsodium");
		fill(argv[2], strtoull(argv[3], NULL, 10));
		return (0);
	}
	snprintf(dir, sizeof(dir), "%s/bench-store-XXXXXX",
	    argc > 1 ? argv[1] : ".");
	span = (argc > 2 ? strtoull(argv[2], NULL, 10) : 2) * 1000000000ULL;
	if (sodium_init() == -1 || mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(path, sizeof(path), "%s/audit.db", dir);
	printf("%-28s %10s %10s %10s\n", "", "per second", "p50 us",
	    "p99 us");
	bench_floor(dir, span);
	s = open_new(path);
	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++)
		bench_batch(s, batches[i], span);
	store_close(s);
	remove_files(dir);
	return (0);
}
