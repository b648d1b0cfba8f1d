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


#include "auditd/approve.h"
#include "tests/unit/test_audit.h"

static struct store		*store;
static struct approve_db	*db;

static struct approval
approval(uint64_t number, uint8_t hash, const char *actor)
{
	struct approval	 a;

	memset(&a, 0, sizeof(a));
	a.number = number;
	a.state = APPROVAL_PENDING;
	a.severity = SEV_HIGH;
	a.asked_us = TIME0;
	a.until_us = TIME0 + 10 + number;
	memset(a.hash, hash, sizeof(a.hash));
	strlcpy(a.actor, actor, sizeof(a.actor));
	strlcpy(a.tool, "shell", sizeof(a.tool));
	strlcpy(a.request, "{\"command\":\"x\"}", sizeof(a.request));
	return (a);
}

static void
put(const struct approval *a)
{
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(approve_put(db, a), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
}

static struct approval
of_hash(uint8_t hash)
{
	struct approval	 a;
	uint8_t		 h[APPROVAL_HASH_LEN];

	memset(h, hash, sizeof(h));
	CHECK_INT(approve_of_hash(db, h, &a), STORE_OK);
	return (a);
}

static uint64_t
count(const char *actor)
{
	uint64_t	 n;

	CHECK_INT(approve_count(db, actor, &n), STORE_OK);
	return (n);
}

static void
found_by_its_hash_alone(void)
{
	struct approval	 a = approval(7, 1, "uid:5"), got;

	put(&a);
	got = of_hash(1);
	CHECK(memcmp(&got, &a, sizeof(a)) == 0);
	/* one bit less is another request */
	a.hash[31] = 0;
	CHECK_INT(approve_of_hash(db, a.hash, &got), STORE_OK);
	CHECK_INT(got.number, 0);
	CHECK_INT(approve_of_number(db, 7, &got), STORE_OK);
	CHECK_INT(got.number, 7);
	CHECK_INT(approve_of_number(db, 8, &got), STORE_OK);
	CHECK_INT(got.number, 0);
}

static void
one_for_a_request(void)
{
	struct approval	 a = approval(9, 1, "uid:5");

	put(&a);
	CHECK_INT(of_hash(1).number, 9);
	CHECK_INT(count(NULL), 1);
}

static void
used_ones_do_not_count(void)
{
	struct approval	 a = approval(10, 2, "uid:5");
	struct approval	 b = approval(11, 3, "uid:6");

	put(&a);
	put(&b);
	CHECK_INT(count(NULL), 3);
	CHECK_INT(count("uid:5"), 2);
	CHECK_INT(count("uid:"), 0);
	a.state = APPROVAL_USED;
	put(&a);
	CHECK_INT(count("uid:5"), 1);
	CHECK_INT(of_hash(2).state, APPROVAL_USED);
}

static void
undone_with_its_event(void)
{
	struct approval	 a = of_hash(3);

	a.state = APPROVAL_ALLOWED;
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(approve_put(db, &a), STORE_OK);
	store_rollback(store);
	CHECK_INT(of_hash(3).state, APPROVAL_PENDING);
}

static void
over_in_time(void)
{
	struct approval	 a;

	CHECK_INT(approve_over(db, TIME0 + 18, &a), STORE_OK);
	CHECK_INT(a.number, 0);
	CHECK_INT(approve_over(db, TIME0 + 19, &a), STORE_OK);
	CHECK_INT(a.number, 9);
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(approve_drop(db, 9), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_INT(of_hash(1).number, 0);
}

static int
each(const struct approval *a, void *arg)
{
	*(uint64_t *)arg += a->number;
	return (0);
}

static void
listed_and_forgotten(void)
{
	uint64_t	 sum = 0;

	CHECK_INT(approve_each(db, each, &sum), STORE_OK);
	CHECK_INT(sum, 11);
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(approve_drop_all(db), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_INT(count(NULL), 0);
}

static void
one_passphrase(void)
{
	struct passphrase	 pw, got;

	CHECK_INT(approve_passphrase(db, &got), STORE_OK);
	CHECK_INT(got.set, 0);
	memset(&pw, 7, sizeof(pw));
	pw.set = 1;
	CHECK_INT(store_begin(store), STORE_OK);
	CHECK_INT(approve_passphrase_put(db, &pw), STORE_OK);
	memset(pw.hash, 8, sizeof(pw.hash));
	CHECK_INT(approve_passphrase_put(db, &pw), STORE_OK);
	CHECK_INT(store_commit(store), STORE_OK);
	CHECK_INT(approve_passphrase(db, &got), STORE_OK);
	CHECK(memcmp(&got, &pw, sizeof(pw)) == 0);
}

int
main(void)
{
	audit_setup();
	store = audit_open(NULL, EPOCH_FIRST);
	CHECK_INT(approve_open(&db, store), STORE_OK);
	RUN(found_by_its_hash_alone);
	RUN(one_for_a_request);
	RUN(used_ones_do_not_count);
	RUN(undone_with_its_event);
	RUN(over_in_time);
	RUN(listed_and_forgotten);
	RUN(one_passphrase);
	approve_close(db);
	store_close(store);
	audit_teardown();
	return (0);
}
