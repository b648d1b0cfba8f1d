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

#include <sys/socket.h>

#include <arpa/inet.h>
#include <string.h>

#include "sinkd/sinkd.h"
#include "tests/unit/test.h"

static int
refused(const char *text, int numeric)
{
	struct resolved_addr	 a;

	memset(&a, 0, sizeof(a));
	a.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	CHECK_INT(inet_pton((int)a.family, text, a.addr), 1);
	return (addr_refused(&a, numeric));
}

static void
receivers_live_there(void)
{
	static const char *const good[] = { "127.0.0.1", "10.0.0.1",
	    "192.168.1.1", "172.16.0.1", "169.253.1.1", "169.255.1.1",
	    "223.255.255.255", "1.2.3.4", "::1", "fd00::1", "fc00::1",
	    "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
	    "64:ff9b:1::1", "2002:a00:1::1", "2003::1", "fec0::1" };
	size_t	 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_STR(refused(good[i], 0) || refused(good[i], 1) ?
		    good[i] : "", "");
}

static void
nobody_lives_there(void)
{
	static const char *const bad[] = { "0.0.0.0", "0.1.2.3", "224.0.0.1",
	    "255.255.255.255", "240.0.0.1", "::", "ff02::1", "ff0e::1",
	    "::ffff:0.0.0.0", "::ffff:224.0.0.1", "::0.0.0.2",
	    "64:ff9b::224.0.0.1", "64:ff9b::0.0.0.0", "2002:e000:1::1",
	    "2002::1" };
	size_t	 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_STR(refused(bad[i], 0) && refused(bad[i], 1) ? "" :
		    bad[i], "");
}

/* where a name may not lead, and an operator's number may */
static void
the_link(void)
{
	static const char *const link[] = { "169.254.169.254", "169.254.0.1",
	    "fe80::1", "febf::1", "::ffff:169.254.169.254",
	    "::169.254.169.254", "64:ff9b::169.254.169.254",
	    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1" };
	size_t	 i;

	for (i = 0; i < sizeof(link) / sizeof(link[0]); i++)
		CHECK_STR(refused(link[i], 0) && !refused(link[i], 1) ? "" :
		    link[i], "");
}

int
main(void)
{
	RUN(receivers_live_there);
	RUN(nobody_lives_there);
	RUN(the_link);
	return (0);
}
