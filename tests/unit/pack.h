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

#ifndef TESTS_UNIT_PACK_H
#define TESTS_UNIT_PACK_H

#include <sys/types.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/detect/detect.h"
#include "gatewayd/rulecompile.h"
#include "gatewayd/rulepack.h"
#include "tests/unit/test.h"

/* A rule pack in a temporary directory, and what becomes of it. */
struct pack {
	char			 dir[64];
	struct rulereport	 report;
	uint8_t			*recs;
	size_t			 reclen;
	uint8_t			*image;
	size_t			 imagelen;
	struct detect		*detect;
	char			 err[512];
};

static inline void
pack_init(struct pack *p)
{
	char	 path[96];

	memset(p, 0, sizeof(*p));
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/pack.XXXXXX");
	CHECK(mkdtemp(p->dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/rules", p->dir);
	CHECK(mkdir(path, 0700) == 0);
}

static inline void
pack_file(struct pack *p, const char *name, const char *text)
{
	char	 path[160];
	FILE	*f;

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	CHECK((f = fopen(path, "w")) != NULL);
	CHECK(fwrite(text, 1, strlen(text), f) == strlen(text));
	CHECK(fclose(f) == 0);
}

/* YAML to records; 0, or -1 with p->err. */
static inline int
pack_read(struct pack *p)
{
	int	 fd, rc;

	CHECK((fd = open(p->dir, O_RDONLY | O_DIRECTORY)) != -1);
	rc = rulepack_read(fd, "testpack", &p->recs, &p->reclen, p->err,
	    sizeof(p->err));
	close(fd);
	return rc;
}

/* All the way to a matcher, which must succeed. */
static inline void
pack_load(struct pack *p)
{
	if (pack_read(p) == -1 || rulecompile(p->recs, p->reclen, &p->image,
	    &p->imagelen, &p->report, p->err, sizeof(p->err)) == -1 ||
	    (p->detect = detect_open(p->image, p->imagelen, p->err,
	    sizeof(p->err))) == NULL) {
		fprintf(stderr, "%s\n", p->err);
		exit(1);
	}
}

static inline int
pack_unlink(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline void
pack_free(struct pack *p)
{
	detect_close(p->detect);
	rulereport_free(&p->report);
	free(p->recs);
	free(p->image);
	CHECK(nftw(p->dir, pack_unlink, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

#endif /* TESTS_UNIT_PACK_H */
