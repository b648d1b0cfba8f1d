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

#include <sys/types.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/event.h"
#include "common/le.h"
#include "common/utf8.h"

#define EVENT_VERSION	1
#define EVENT_FIXED	36	/* bytes before the first field */
#define EVENT_FIELD_HDR	8
#define MAX_EVENT_TIME	253402300799999999ULL	/* end of the year 9999 */
#define US_PER_SEC	1000000ULL
#define SEC_PER_DAY	86400ULL

static const char *const field_names[EV_COUNT] = {
	"action", "target", "actor", "details", "run_id", "trace_id",
	"request_id", "session_id", "agent_name", "agent_instance_id",
	"policy_id", "destination_app", "tool_name", "tool_id",
	"content_hash", "binary_version", "agent_id", "sidecar_instance_id"
};

static const char *const severity_names[SEV_COUNT] = {
	"NONE", "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"
};

/* what both directions hold of the fixed part; SQL integers are signed */
static int
event_fixed_ok(const struct event *ev)
{
	return ((unsigned int)ev->severity < SEV_COUNT &&
	    ev->time_us <= MAX_EVENT_TIME && ev->generation <= INT64_MAX);
}

/* an empty text is an absent one: SQL readers look for NULL */
static int
event_present(const struct event *ev, int f)
{
	return (ev->field[f] != NULL && ev->field[f][0] != '\0');
}

ssize_t
event_encode(const struct event *ev, void *buf, size_t size)
{
	uint8_t	*p = buf;
	size_t	 off = EVENT_FIXED, len;
	int	 f;

	if (!event_fixed_ok(ev) || !event_present(ev, EV_ACTION)) {
		errno = EINVAL;
		return (-1);
	}
	if (size > MAX_EVENT_LEN)
		size = MAX_EVENT_LEN;
	if (size < EVENT_FIXED) {
		errno = EMSGSIZE;
		return (-1);
	}
	le_put16(p, EVENT_VERSION);
	le_put16(p + 2, (uint16_t)ev->severity);
	le_put64(p + 4, ev->time_us);
	le_put64(p + 12, ev->generation);
	memcpy(p + 20, ev->id, EVENT_ID_LEN);
	for (f = 0; f < EV_COUNT; f++) {
		if (!event_present(ev, f))
			continue;
		len = strnlen(ev->field[f], MAX_EVENT_FIELD + 1);
		if (len > MAX_EVENT_FIELD || !utf8_valid(ev->field[f], len)) {
			errno = EINVAL;
			return (-1);
		}
		len++;
		if (size - off < EVENT_FIELD_HDR ||
		    size - off - EVENT_FIELD_HDR < len) {
			errno = EMSGSIZE;
			return (-1);
		}
		le_put16(p + off, (uint16_t)f);
		le_put16(p + off + 2, 0);
		le_put32(p + off + 4, (uint32_t)len);
		memcpy(p + off + EVENT_FIELD_HDR, ev->field[f], len);
		off += EVENT_FIELD_HDR + len;
	}
	return ((ssize_t)off);
}

/* one field at *off; its number, or -1 */
static int
event_decode_field(struct event *ev, const uint8_t *p, size_t len,
    size_t *off, int last)
{
	const char	*s;
	uint32_t	 n;
	int		 f;

	if (len - *off < EVENT_FIELD_HDR)
		return (-1);
	f = le_get16(p + *off);
	n = le_get32(p + *off + 4);
	if (f >= EV_COUNT || f <= last || le_get16(p + *off + 2) != 0)
		return (-1);
	*off += EVENT_FIELD_HDR;
	if (n < 2 || n > MAX_EVENT_FIELD + 1 || n > len - *off)
		return (-1);
	s = (const char *)p + *off;
	if (memchr(s, '\0', n) != s + n - 1 || !utf8_valid(s, n - 1))
		return (-1);
	ev->field[f] = s;
	*off += n;
	return (f);
}

int
event_decode(struct event *ev, const void *buf, size_t len)
{
	const uint8_t	*p = buf;
	size_t		 off = EVENT_FIXED;
	int		 f = -1;

	memset(ev, 0, sizeof(*ev));
	if (len < EVENT_FIXED || len > MAX_EVENT_LEN ||
	    le_get16(p) != EVENT_VERSION || le_get16(p + 2) >= SEV_COUNT)
		goto bad;
	ev->severity = (enum severity)le_get16(p + 2);
	ev->time_us = le_get64(p + 4);
	ev->generation = le_get64(p + 12);
	memcpy(ev->id, p + 20, EVENT_ID_LEN);
	if (!event_fixed_ok(ev))
		goto bad;
	while (off < len)
		if ((f = event_decode_field(ev, p, len, &off, f)) == -1)
			goto bad;
	if (ev->field[EV_ACTION] == NULL)
		goto bad;
	return (0);
bad:
	memset(ev, 0, sizeof(*ev));
	errno = EBADMSG;
	return (-1);
}

const char *
event_field_name(enum event_field f)
{
	if ((unsigned int)f >= EV_COUNT)
		return (NULL);
	return (field_names[f]);
}

const char *
severity_name(enum severity s)
{
	if ((unsigned int)s >= SEV_COUNT)
		return (NULL);
	return (severity_names[s]);
}

int
severity_parse(const char *s, enum severity *out)
{
	int	 i;

	for (i = 0; i < SEV_COUNT; i++) {
		if (strcmp(s, severity_names[i]) == 0) {
			*out = (enum severity)i;
			return (0);
		}
	}
	return (-1);
}

static char
hex_digit(unsigned int v)
{
	return ("0123456789abcdef"[v & 0xf]);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (-1);
}

/* a dash comes before these bytes (RFC 4122, 3) */
static int
uuid_dash(int i)
{
	return (i == 4 || i == 6 || i == 8 || i == 10);
}

void
event_uuid(const uint8_t id[EVENT_ID_LEN], char out[EVENT_UUID_SIZE])
{
	char	*p = out;
	int	 i;

	for (i = 0; i < EVENT_ID_LEN; i++) {
		if (uuid_dash(i))
			*p++ = '-';
		*p++ = hex_digit(id[i] >> 4);
		*p++ = hex_digit(id[i]);
	}
	*p = '\0';
}

int
event_uuid_parse(const char *s, uint8_t id[EVENT_ID_LEN])
{
	int	 i, hi, lo;

	for (i = 0; i < EVENT_ID_LEN; i++) {
		if (uuid_dash(i) && *s++ != '-')
			return (-1);
		if ((hi = hex_value(s[0])) == -1 ||
		    (lo = hex_value(s[1])) == -1)
			return (-1);
		id[i] = (uint8_t)(hi << 4 | lo);
		s += 2;
	}
	return (*s == '\0' ? 0 : -1);
}

/* decimal digits of v, most significant first */
static char *
put_digits(char *p, unsigned int v, int n)
{
	int	 i;

	for (i = n - 1; i >= 0; i--) {
		p[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return (p + n);
}

static const char *
get_digits(const char *p, unsigned int *v, int n)
{
	for (*v = 0; n > 0; n--, p++) {
		if (*p < '0' || *p > '9')
			return (NULL);
		*v = *v * 10 + (unsigned int)(*p - '0');
	}
	return (p);
}

/*
 * Days since 1970 to a date of the Gregorian calendar: years counted from
 * March, so that the leap day is the last of its year.
 */
static void
date_of_days(uint64_t days, unsigned int *y, unsigned int *m, unsigned int *d)
{
	unsigned int	 era, doe, yoe, doy, mp;

	days += 719468;		/* from 0000-03-01 */
	era = (unsigned int)(days / 146097);
	doe = (unsigned int)(days % 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2);
}

static uint64_t
days_of_date(unsigned int y, unsigned int m, unsigned int d)
{
	unsigned int	 era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y % 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return ((uint64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 +
	    doy - 719468);
}

void
event_time(uint64_t us, char out[EVENT_TIME_SIZE])
{
	unsigned int	 y, m, d, sec;
	char		*p = out;

	if (us > MAX_EVENT_TIME)
		us = MAX_EVENT_TIME;
	date_of_days(us / US_PER_SEC / SEC_PER_DAY, &y, &m, &d);
	sec = (unsigned int)(us / US_PER_SEC % SEC_PER_DAY);
	p = put_digits(p, y, 4);
	*p++ = '-';
	p = put_digits(p, m, 2);
	*p++ = '-';
	p = put_digits(p, d, 2);
	*p++ = 'T';
	p = put_digits(p, sec / 3600, 2);
	*p++ = ':';
	p = put_digits(p, sec / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, sec % 60, 2);
	*p++ = '.';
	p = put_digits(p, (unsigned int)(us % US_PER_SEC), 6);
	*p++ = 'Z';
	*p = '\0';
}

int
event_time_parse(const char *s, uint64_t *us)
{
	static const char	 form[] = "4-2-2T2:2:2.6Z";
	unsigned int		 v[7];
	const char		*f, *p = s;
	char			 again[EVENT_TIME_SIZE];
	int			 n = 0;

	for (f = form; *f != '\0'; f++) {
		if (*f >= '2' && *f <= '6') {
			if ((p = get_digits(p, &v[n++], *f - '0')) == NULL)
				return (-1);
		} else if (*p++ != *f)
			return (-1);
	}
	if (*p != '\0' || v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1)
		return (-1);
	*us = ((days_of_date(v[0], v[1], v[2]) * SEC_PER_DAY) +
	    v[3] * 3600 + v[4] * 60 + v[5]) * US_PER_SEC + v[6];
	/* the 31st of June and the 25th hour do not come back the same */
	event_time(*us, again);
	return (strcmp(again, s) == 0 ? 0 : -1);
}
