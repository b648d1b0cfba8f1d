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

#include <string.h>

#include "auditd/kept.h"
#include "tests/unit/test_audit.h"

#define MARK	"only-this-text-and-no-other-"

static struct store	*store;
static struct kept	*kept;

static void
start(enum store_epoch want)
{
	store = audit_open(NULL, want);
	CHECK_INT(kept_open(&kept, store), STORE_OK);
}

static void
stop(void)
{
	kept_close(kept);
	store_close(store);
}

static void
add(uint64_t seq, uint64_t time_us, const char *body)
{
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(kept_add(kept, seq, time_us, body), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
}

static uint64_t
expire(uint64_t before)
{
	uint64_t	 n;

	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(kept_expire(kept, before, &n), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	return (n);
}

/* NULL: there is none */
static const char *
get(uint64_t seq)
{
	static char	 body[MAX_KEPT_BODY + 1];
	int		 found;

	CHECK_INT(kept_get(kept, seq, body, &found), STORE_OK);
	return (found ? body : NULL);
}

static int
unclean(void)
{
	int	 is;

	CHECK_INT(kept_unclean(kept, &is), STORE_OK);
	return (is);
}

/* is it in the database, or in the log beside it */
static int
in_file(const char *end, const char *what)
{
	char	 name[PATH_MAX + 8];
	char	*data;
	FILE	*f;
	long	 len;
	int	 is;

	snprintf(name, sizeof(name), "%s%s", path, end);
	CHECK((f = fopen(name, "r")) != NULL);
	CHECK_INT(fseek(f, 0, SEEK_END), 0);
	CHECK((len = ftell(f)) > 0);
	rewind(f);
	CHECK((data = malloc((size_t)len)) != NULL);
	CHECK_INT(fread(data, 1, (size_t)len, f), (size_t)len);
	is = memmem(data, (size_t)len, what, strlen(what)) != NULL;
	free(data);
	fclose(f);
	return (is);
}

static void
a_text_has_its_time(void)
{
	start(EPOCH_FIRST);
	CHECK(get(1) == NULL);
	add(5, TIME0, MARK "5");
	add(6, TIME0 + 10, MARK "6");
	CHECK_STR(get(5), MARK "5");
	CHECK_STR(get(6), MARK "6");
	CHECK(!kept_older(kept, TIME0));
	CHECK_INT(expire(TIME0), 0);
	CHECK_INT(unclean(), 0);
	CHECK(kept_older(kept, TIME0 + 1));
	CHECK_INT(expire(TIME0 + 1), 1);
	CHECK(get(5) == NULL);
	CHECK_STR(get(6), MARK "6");
	CHECK_INT(unclean(), 1);
	stop();
}

/* killed before it was wiped, it is wiped by the next */
static void
it_leaves_the_files(void)
{
	sqlite3		*reader;
	sqlite3_stmt	*st;

	start(EPOCH_SAME);
	CHECK_INT(unclean(), 1);
	CHECK_INT(in_file("-wal", MARK "5"), 1);
	/* who reads may still need the old pages */
	CHECK_INT(sqlite3_open(path, &reader), SQLITE_OK);
	CHECK_INT(sqlite3_prepare_v2(reader, "SELECT * FROM events", -1, &st,
	    NULL), SQLITE_OK);
	CHECK_INT(sqlite3_step(st), SQLITE_ROW);
	add(7, TIME0 + 20, MARK "7");
	CHECK_INT(kept_scrub(kept), STORE_BUSY);
	CHECK_INT(unclean(), 1);
	sqlite3_finalize(st);
	sqlite3_close(reader);
	CHECK_INT(kept_scrub(kept), STORE_OK);
	CHECK_INT(unclean(), 0);
	CHECK_INT(in_file("", MARK "5"), 0);
	CHECK_INT(in_file("-wal", MARK "5"), 0);
	CHECK_INT(in_file("", MARK "7"), 1);
	CHECK_STR(get(7), MARK "7");
	/* the log goes on where it was */
	audit_put_n(store, 1);
	stop();
	start(EPOCH_SAME);
	CHECK_STR(get(6), MARK "6");
	stop();
}

/* The oldest makes room, also after a start; what is undone leaves no hole. */
static void
there_is_a_bound(void)
{
	uint64_t	 i;

	start(EPOCH_SAME);
	CHECK_INT(store_begin(store), STORE_OK);
	for (i = 0; i < MAX_KEPT - 2; i++)
		CHECK_INT(kept_add(kept, 100 + i, TIME0 + 100 + i, "x"),
		    STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	/* 6 and 7 are there, and all slots taken */
	CHECK_STR(get(6), MARK "6");
	CHECK_INT(unclean(), 0);
	stop();
	start(EPOCH_SAME);
	add(1000000, TIME0 + 1000000, "y");
	CHECK(get(6) == NULL);
	CHECK_STR(get(7), MARK "7");
	CHECK_INT(unclean(), 1);
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(kept_add(kept, 1000001, TIME0, "z"), STORE_OK);
	store_rollback(store);
	CHECK(get(1000001) == NULL);
	CHECK_STR(get(7), MARK "7");
	for (i = 0; expire(UINT64_MAX / 2) == KEPT_BATCH; i++)
		continue;
	CHECK_INT(i, MAX_KEPT / KEPT_BATCH);
	CHECK(get(1000000) == NULL);
	stop();
}

static void
the_hash_tells(void)
{
	char	 hash[KEPT_HASH_SIZE], details[160];

	/* FIPS 180-4, "abc" */
	kept_hash("abc", hash);
	CHECK_STR(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
	    "ff61f20015ad");
	snprintf(details, sizeof(details), "{\"" KEPT_HASH "\":\"%s\"}",
	    hash);
	CHECK(kept_matches(details, "abc"));
	CHECK(!kept_matches(details, "abd"));
	CHECK(!kept_matches("{\"" KEPT_HASH "\":1}", "abc"));
	CHECK(!kept_matches("no JSON", "abc"));
	CHECK(!kept_matches(NULL, "abc"));
}

int
main(void)
{
	audit_setup();
	RUN(a_text_has_its_time);
	RUN(it_leaves_the_files);
	RUN(there_is_a_bound);
	RUN(the_hash_tells);
	audit_teardown();
	return (0);
}
