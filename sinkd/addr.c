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

#include <netinet/in.h>
#include <string.h>

#include "sinkd.h"

/*
 * Prefixes of IPv6 behind which a translator or a tunnel puts the IPv4
 * address that is meant: mapped (RFC 4291, 2.5.5.2), compatible (2.5.5.1),
 * NAT64 (RFC 6052, 2.1) and 6to4 (RFC 3056, 2).
 */
static const struct {
	uint8_t	prefix[12];
	size_t	len;		/* bytes of it that count */
	size_t	at;		/* where the IPv4 address stands */
} embedded[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 12, 12 },
	{ { 0 }, 12, 12 },
	{ { 0, 0x64, 0xff, 0x9b }, 12, 12 },
	{ { 0x20, 0x02 }, 2, 2 },
};

static int
refused4(const uint8_t *p, int numeric)
{
	return (p[0] == 0 || p[0] >= 224 ||
	    (p[0] == 169 && p[1] == 254 && !numeric));
}

int
addr_refused(const struct resolved_addr *a, int numeric)
{
	const uint8_t	*p = a->addr;
	size_t		 i;

	if (a->family != AF_INET6)
		return (refused4(p, numeric));
	if (IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)(const void *)p))
		return (0);
	for (i = 0; i < sizeof(embedded) / sizeof(embedded[0]); i++)
		if (memcmp(p, embedded[i].prefix, embedded[i].len) == 0)
			return (refused4(p + embedded[i].at, numeric));
	return (p[0] == 0xff || (p[0] == 0xfe && (p[1] & 0xc0) == 0x80 &&
	    !numeric));
}
