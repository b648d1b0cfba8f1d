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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sinkd/names.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* hosts and resolv.conf, and the name that is looked for in them */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct resolv_conf	 rc;
	struct resolved		 r;
	char			*text, *name;
	uint32_t		 i;
	int			 j;

	if ((text = malloc(len + 1)) == NULL)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	name = text + strcspn(text, "\n");
	if (*name != '\0')
		*name++ = '\0';
	/* the first line is the name, the rest the file */
	memset(&r, 0, sizeof(r));
	if (names_hosts(name, text, &r) > MAX_RESOLVED)
		abort();
	for (i = 0; i < r.count; i++)
		if (r.addr[i].family != AF_INET &&
		    r.addr[i].family != AF_INET6)
			abort();
	names_resolv_conf(&rc, name);
	if (rc.nsearch > MAX_SEARCH || strlen(rc.servers) >=
	    sizeof(rc.servers) - 1)
		abort();
	for (j = 0; j < rc.nsearch; j++)
		if (!names_valid(rc.search[j]))
			abort();
	free(text);
	return (0);
}
