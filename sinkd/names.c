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
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "names.h"

#define MAX_HOSTS_LINE	1024	/* longer ones are passed over */

static int
numeric(const char *s, void *addr)
{
	if (inet_pton(AF_INET, s, addr) == 1)
		return (AF_INET);
	if (inet_pton(AF_INET6, s, addr) == 1)
		return (AF_INET6);
	return (AF_UNSPEC);
}

static void
add_server(struct resolv_conf *rc, const char *s)
{
	uint8_t	 addr[16];
	int	 family;

	if ((family = numeric(s, addr)) == AF_UNSPEC)
		return;
	if (rc->servers[0] != '\0')
		strlcat(rc->servers, ",", sizeof(rc->servers));
	strlcat(rc->servers, family == AF_INET6 ? "[" : "",
	    sizeof(rc->servers));
	strlcat(rc->servers, s, sizeof(rc->servers));
	strlcat(rc->servers, family == AF_INET6 ? "]:53" : "",
	    sizeof(rc->servers));
}

void
names_resolv_conf(struct resolv_conf *rc, char *text)
{
	char	*line, *word, *more;
	int	 n = 0;

	memset(rc, 0, sizeof(*rc));
	while ((line = strsep(&text, "\n")) != NULL) {
		more = line;
		word = strsep(&more, " \t");
		if (more == NULL)
			continue;
		if (strcmp(word, "nameserver") == 0 && n < MAX_NAMESERVERS) {
			more += strspn(more, " \t");
			more[strcspn(more, " \t\r#;")] = '\0';
			add_server(rc, more);
			n++;
		} else if (strcmp(word, "search") == 0 ||
		    strcmp(word, "domain") == 0) {
			rc->nsearch = 0;	/* the last one counts */
			while ((word = strsep(&more, " \t\r")) != NULL &&
			    rc->nsearch < MAX_SEARCH)
				if (names_valid(word))
					rc->search[rc->nsearch++] = word;
		}
	}
}

void
names_add(struct resolved *r, int family, const void *addr)
{
	if (r->count == MAX_RESOLVED)
		return;
	r->addr[r->count].family = (uint32_t)family;
	memcpy(r->addr[r->count].addr, addr, family == AF_INET ? 4 : 16);
	r->count++;
}

unsigned int
names_hosts(const char *text, const char *name, struct resolved *r)
{
	const char	*p = text, *end;
	char		 line[MAX_HOSTS_LINE], *word, *more;
	uint8_t		 addr[16];
	size_t		 len;
	int		 family;

	for (; *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = p + strcspn(p, "\n");
		if ((len = (size_t)(end - p)) >= sizeof(line))
			continue;
		memcpy(line, p, len);
		line[len] = '\0';
		line[strcspn(line, "#\r")] = '\0';
		more = line + strspn(line, " \t");
		if ((word = strsep(&more, " \t")) == NULL || more == NULL ||
		    (family = numeric(word, addr)) == AF_UNSPEC)
			continue;
		while ((word = strsep(&more, " \t")) != NULL)
			if (strcasecmp(word, name) == 0) {
				names_add(r, family, addr);
				break;
			}
	}
	r->ttl = HOSTS_TTL;
	return (r->count);
}

int
names_valid(const char *s)
{
	size_t	 i, len = strlen(s);

	if (len == 0 || len > MAX_DNS_NAME || s[0] == '.' || s[0] == '-')
		return (0);
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' &&
		    s[i] != '.' && s[i] != '_')
			return (0);
	return (1);
}
