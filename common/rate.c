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

#include <string.h>

#include "common/rate.h"

void
rate_init(struct rates *rs, double per_second, double burst)
{
	memset(rs, 0, sizeof(*rs));
	rate_set(rs, per_second, burst);
	rs->others.left = rs->burst;
}

void
rate_set(struct rates *rs, double per_second, double burst)
{
	unsigned int	 i;

	rs->per_ms = per_second / 1000;
	rs->burst = burst < 1 ? 1 : burst;
	for (i = 0; i < rs->n; i++)
		if (rs->rate[i].left > rs->burst)
			rs->rate[i].left = rs->burst;
	if (rs->others.left > rs->burst)
		rs->others.left = rs->burst;
}

static void
refill(const struct rates *rs, struct rate *r, uint64_t now_ms)
{
	if (now_ms > r->at_ms)
		r->left += (double)(now_ms - r->at_ms) * rs->per_ms;
	if (r->left > rs->burst)
		r->left = rs->burst;
	r->at_ms = now_ms;
}

/* frees the places of those at rest */
static void
sweep(struct rates *rs, uint64_t now_ms)
{
	struct rate	*r;
	unsigned int	 i = 0;

	while (i < rs->n) {
		r = &rs->rate[i];
		refill(rs, r, now_ms);
		if (r->left >= rs->burst && r->until_ms <= now_ms)
			*r = rs->rate[--rs->n];
		else
			i++;
	}
}

static struct rate *
find(struct rates *rs, const char *name, uint64_t now_ms)
{
	struct rate	*r;
	unsigned int	 i;

	for (i = 0; i < rs->n; i++)
		if (strncmp(rs->rate[i].name, name, MAX_RATE_NAME - 1) == 0)
			break;
	if (i == MAX_RATES) {
		sweep(rs, now_ms);
		i = rs->n;
	}
	if (i == MAX_RATES)
		r = &rs->others;
	else if (i == rs->n) {
		r = &rs->rate[rs->n++];
		memset(r, 0, sizeof(*r));
		strlcpy(r->name, name, sizeof(r->name));
		r->left = rs->burst;
		r->at_ms = now_ms;
	} else
		r = &rs->rate[i];
	refill(rs, r, now_ms);
	return (r);
}

static unsigned int
seconds(double ms)
{
	if (ms > (MAX_RATE_WAIT - 1) * 1000.0)
		return (MAX_RATE_WAIT);
	return ((unsigned int)(ms / 1000) + 1);
}

static void
spend(const struct rates *rs, struct rate *r, double cost)
{
	r->left -= cost;
	if (r->left < -rs->burst)
		r->left = -rs->burst;
}

unsigned int
rate_take(struct rates *rs, const char *name, double cost, uint64_t now_ms)
{
	struct rate	*r;

	r = find(rs, name, now_ms);
	if (r->until_ms > now_ms)
		return (seconds((double)(r->until_ms - now_ms)));
	if (rs->per_ms <= 0)
		return (0);
	if (r->left < 1)
		return (seconds((1 - r->left) / rs->per_ms));
	spend(rs, r, cost);
	return (0);
}

void
rate_charge(struct rates *rs, const char *name, double cost, uint64_t now_ms)
{
	if (rs->per_ms > 0)
		spend(rs, find(rs, name, now_ms), cost);
}

void
rate_hold(struct rates *rs, const char *name, unsigned int wait_s,
    uint64_t now_ms)
{
	struct rate	*r;

	/* those who share a bucket are not stopped for one of them */
	if ((r = find(rs, name, now_ms)) != &rs->others)
		r->until_ms = now_ms + (uint64_t)wait_s * 1000;
}
