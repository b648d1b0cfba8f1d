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

#ifndef TESTS_UNIT_TEST_AUDIT_H
#define TESTS_UNIT_TEST_AUDIT_H

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <limits.h>
#include <sodium.h>
#include <stdint.h>
#include <unistd.h>

#include "auditd/store.h"
#include "common/export.h"
#include "common/head.h"
#include "tests/unit/test.h"

/* a directory, a device and events for the tests of the audit owner */

#define TIME0	1767323045000000ULL

static char		 dir[] = "/tmp/dc-test-XXXXXX";
static char		 path[PATH_MAX];	/* of the database in dir */
static uint8_t		 public_key[CHAIN_KEY_LEN], secret[HEAD_SECRET_LEN];
static struct store_conf conf;
static struct event	 template;	/* of the epoch's event */

static inline void
audit_setup(void)
{
	uint8_t	 seed[HEAD_SEED_LEN];

	CHECK(sodium_init() != -1);
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/audit.db", dir);
	memset(seed, 0x42, sizeof(seed));
	device_key_expand(seed, public_key, secret);
	conf.path = path;
	memcpy(conf.public_key, public_key, sizeof(public_key));
	memset(conf.machine, 7, sizeof(conf.machine));
	conf.alg = CHAIN_BLAKE2B;
	template.time_us = TIME0;
	template.field[EV_BINARY_VERSION] = "0.0.1";
}

/* removes what a test left in the directory */
static inline void
audit_clean(void)
{
	struct dirent	*de;
	DIR		*dp;

	CHECK((dp = opendir(dir)) != NULL);
	while ((de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.')
			CHECK_INT(unlinkat(dirfd(dp), de->d_name, 0), 0);
	closedir(dp);
}

static inline void
audit_teardown(void)
{
	audit_clean();
	CHECK_INT(rmdir(dir), 0);
}

/* an event whose id is n */
static inline struct event
audit_event(unsigned int n, enum severity sev)
{
	struct event	 ev;

	memset(&ev, 0, sizeof(ev));
	memset(ev.id, 0xaa, sizeof(ev.id));
	memcpy(ev.id + 12, &n, sizeof(n));
	ev.time_us = TIME0 + n;
	ev.severity = sev;
	ev.field[EV_ACTION] = "inspect-tool-allow";
	ev.field[EV_TARGET] = "shell";
	ev.field[EV_ACTOR] = "uid:1000";
	ev.field[EV_DETAILS] = "{\"n\":1}";
	return (ev);
}

static inline enum store_status
audit_append(struct store *s, const struct event *ev, uint64_t *seq,
    int *known)
{
	uint8_t	 buf[MAX_EVENT_LEN];
	ssize_t	 len;

	CHECK((len = event_encode(ev, buf, sizeof(buf))) > 0);
	return (store_append(s, buf, (size_t)len, seq, known));
}

/* one event in a transaction of its own; its sequence */
static inline uint64_t
audit_put(struct store *s, const struct event *ev)
{
	uint64_t	 seq;
	int		 known;

	CHECK_INT(store_begin(s), STORE_OK);
	CHECK_INT(audit_append(s, ev, &seq, &known), STORE_OK);
	CHECK_INT(store_commit(s), STORE_OK);
	return (seq);
}

static inline uint64_t
audit_put_n(struct store *s, unsigned int n)
{
	struct event	 ev = audit_event(n, SEV_NONE);

	return (audit_put(s, &ev));
}

/* opens and reconciles; the reason for an epoch must be the one expected */
static inline struct store *
audit_open(const struct head *signed_head, enum store_epoch want)
{
	struct store		*s;
	enum store_epoch	 why;
	char			 err[MAX_STORE_ERR] = "";

	if (store_open(&s, &conf, err, sizeof(err)) != STORE_OK)
		fprintf(stderr, "%s\n", err);
	CHECK(s != NULL);
	CHECK_INT(store_reconcile(s, signed_head, &template, &why),
	    STORE_OK);
	CHECK_INT(why, want);
	return (s);
}

/* the store's last row, signed */
static inline struct head
audit_sign(struct store *s)
{
	struct head	 h;

	store_head(s, &h);
	h.time_us = TIME0;
	head_sign(&h, secret);
	return (h);
}

#endif /* TESTS_UNIT_TEST_AUDIT_H */
