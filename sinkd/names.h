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

#ifndef SINKD_NAMES_H
#define SINKD_NAMES_H

#include "common/outbox.h"

/*
 * What the resolver reads before it asks anybody: resolv.conf(5), hosts(5),
 * and the names that it is asked for.  Pure functions.
 */

#define MAX_NAMESERVERS	3		/* as resolv.conf(5) has it */
#define MAX_SEARCH	6
#define MAX_DNS_NAME	253		/* RFC 1035, 3.1, as text */
#define HOSTS_TTL	30		/* seconds, for what hosts says */

struct resolv_conf {
	char	 servers[MAX_NAMESERVERS * 64];	/* as c-ares takes them */
	char	*search[MAX_SEARCH];	/* into the text that was parsed */
	int	 nsearch;
};

/*
 * Cuts the text into pieces, which must live on.  A name server that is no
 * numeric address (with a zone, say) is passed over.
 */
void	 names_resolv_conf(struct resolv_conf *, char *);

/*
 * Adds the addresses that the text of hosts(5) has for the name, without
 * regard to case; how many there are now.
 */
unsigned int names_hosts(const char *, const char *, struct resolved *);

/* for anybody who fills in an answer; what is one too many is left out */
void	 names_add(struct resolved *, int, const void *);

/* RFC 1123, 2.1, and the underscore that some sites use */
int	 names_valid(const char *);

#endif /* SINKD_NAMES_H */
