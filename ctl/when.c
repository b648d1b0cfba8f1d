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

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"
#include "when.h"

#define SECOND		1000000ULL
#define MAX_AGE		(200ULL * 365 * 86400)	/* seconds */

/* a number of exactly so many digits, and what must follow them; or -1 */
static int
digits(const char **p, int n, const char *follow, int max)
{
	int	v = 0;

	for (; n > 0; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return (-1);
		v = v * 10 + **p - '0';
	}
	if (follow[0] != '\0') {
		if (**p == '\0' || strchr(follow, **p) == NULL)
			return (-1);
		(*p)++;
	}
	return (v <= max ? v : -1);
}

/* seconds east of UTC; 0, or -1 when that is no offset, or not the end */
static int
offset(const char *p, long *east)
{
	int	h, m, sign = *p == '-' ? -1 : 1;

	*east = 0;
	if ((*p == 'Z' || *p == 'z') && p[1] == '\0')
		return (0);
	if (*p != '+' && *p != '-')
		return (-1);
	p++;
	if ((h = digits(&p, 2, ":", 23)) == -1 ||
	    (m = digits(&p, 2, "", 59)) == -1 || *p != '\0')
		return (-1);
	*east = sign * (h * 3600L + m * 60L);
	return (0);
}

static int
rfc3339(const char *p, uint64_t *us)
{
	struct tm	 tm;
	uint64_t	 part = 0, unit = SECOND;
	time_t		 t;
	long		 east;
	int		 mday, leap;

	memset(&tm, 0, sizeof(tm));
	if ((tm.tm_year = digits(&p, 4, "-", 9999)) == -1 ||
	    (tm.tm_mon = digits(&p, 2, "-", 12)) < 1 ||
	    (tm.tm_mday = mday = digits(&p, 2, "Tt ", 31)) < 1 ||
	    (tm.tm_hour = digits(&p, 2, ":", 23)) == -1 ||
	    (tm.tm_min = digits(&p, 2, ":", 59)) == -1 ||
	    (tm.tm_sec = digits(&p, 2, "", 60)) == -1)
		return (-1);
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return (-1);
		for (; isdigit((unsigned char)*p); p++) {
			unit /= 10;
			part += (uint64_t)(*p - '0') * unit;
		}
	}
	if (offset(p, &east) == -1)
		return (-1);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if ((leap = tm.tm_sec == 60))
		tm.tm_sec = 59;
	t = timegm(&tm);
	/* the 30th of February became another day */
	if (tm.tm_mday != mday || (t += leap) < east)
		return (-1);
	*us = (uint64_t)(t - east) * SECOND + part;
	return (0);
}

static int
age(const char *text, uint64_t now, uint64_t *us)
{
	static const struct {
		char		unit;
		uint64_t	seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	    { 'w', 7 * 86400 } };
	char		 number[24];
	size_t		 i, n = strlen(text);
	uint64_t	 v;

	if (n < 2 || n > sizeof(number))
		return (-1);
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != text[n - 1])
			continue;
		if (options_number(number, 0, MAX_AGE / units[i].seconds,
		    &v) == -1 || v * units[i].seconds > now / SECOND)
			return (-1);
		*us = now - v * units[i].seconds * SECOND;
		return (0);
	}
	return (-1);
}

int
when_parse(const char *text, uint64_t now, uint64_t *us)
{
	return (age(text, now, us) == 0 || rfc3339(text, us) == 0 ? 0 : -1);
}
