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


#include <stdlib.h>
#include <unistd.h>

#include "common/foreign.h"
#include "tests/unit/test.h"

static struct foreign	f;

static void
set(const char *text)
{
	char	 path[] = "/tmp/dc-test-XXXXXX";
	int	 fd;

	CHECK((fd = mkstemp(path)) != -1);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	foreign_read(&f, path);
	CHECK(unlink(path) == 0);
	close(fd);
}

static const char *
actor(uint32_t uid)
{
	static char	 buf[MAX_UID_ACTOR];

	foreign_actor(&f, uid, buf);
	return (buf);
}

static const char *
words(uint32_t uid)
{
	static char	 buf[MAX_UID_WORDS];

	foreign_words(&f, uid, buf);
	return (buf);
}

static void
of_this_host(void)
{
	set("");
	CHECK_INT(f.nranges, 0);
	CHECK_STR(actor(0), "uid:0");
	CHECK_STR(actor(100000), "uid:100000");
	CHECK_STR(actor(UINT32_MAX), "uid:4294967295");
	CHECK_STR(words(1000), "uid 1000");
	foreign_read(&f, "/nonexistent/subuid");
	CHECK_INT(f.nranges, 0);
}

static void
overflow(void)
{
	set("alice:60000:10000\n");
	CHECK(f.overflow != 0);
	CHECK(foreign_is_overflow(&f, f.overflow));
	CHECK(!foreign_is_overflow(&f, 0));
	/* that comes before a range */
	f.overflow = 65534;
	CHECK_STR(actor(65534), "overflow-uid:65534");
	CHECK_STR(words(65534), "uid 65534 (overflow: somebody of another "
	    "user namespace, no user of this host)");
	CHECK_STR(actor(65533), "mapped-uid:65533");
	/* nobody has read anything */
	memset(&f, 0, sizeof(f));
	CHECK(foreign_is_overflow(&f, 65534));
	CHECK(!foreign_is_overflow(&f, 0));
}

static void
ranges(void)
{
	set("alice:100000:65536\nbob:165536:1\n");
	CHECK_INT(f.nranges, 2);
	CHECK_STR(actor(99999), "uid:99999");
	CHECK_STR(actor(100000), "mapped-uid:100000");
	CHECK_STR(words(165535), "uid 165535 (mapped: subordinate range of "
	    "alice)");
	CHECK_STR(words(165536), "uid 165536 (mapped: subordinate range of "
	    "bob)");
	CHECK_STR(words(165537), "uid 165537");
}

static void
lines_that_are_none(void)
{
	char	 many[64 * MAX_UID_RANGES] = "";
	int	 i;

	set("# alice:1:2\nalice\nalice:1\n:1:2\nalice:0:9\nalice:x:9\n"
	    "alice:5:0\nalice:5:9x\nalice:4294967295:2\nalice:1:-1\n"
	    "al\x1b[1m:5:9\nabcdefghijklmnopqrstuvwxyz0123456789:5:9\n"
	    "carol:7:9");
	CHECK_INT(f.nranges, 1);
	CHECK_STR(words(15), "uid 15 (mapped: subordinate range of carol)");
	/* none of them reaches beyond the last uid, nor is root's */
	CHECK_STR(actor(0), "uid:0");
	CHECK_STR(actor(UINT32_MAX), "uid:4294967295");
	for (i = 0; i < MAX_UID_RANGES + 4; i++)
		strlcat(many, "dave:100:1\n", sizeof(many));
	set(many);
	CHECK_INT(f.nranges, MAX_UID_RANGES);
}

int
main(void)
{
	RUN(of_this_host);
	RUN(overflow);
	RUN(ranges);
	RUN(lines_that_are_none);
	return (0);
}
