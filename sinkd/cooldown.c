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

#include <sodium.h>
#include <string.h>

#include "sinkd.h"

/*
 * A notification of one action on one target is not repeated before a time
 * has passed.  Times are those of the events, so what was held back while a
 * receiver was away comes as it would have come.  The log has all of them.
 */

#define MAX_COOLDOWNS	1024	/* the one used longest ago gives way */

static struct cooldown {
	uint64_t	key;
	uint64_t	time_us;	/* of the event that was let through */
	uint64_t	seq;
} table[MAX_COOLDOWNS];
static size_t	nused;

uint64_t
cooldown_key(const struct chain_row *row)
{
	static const enum event_field	 fields[] = { EV_ACTION, EV_TARGET };
	crypto_generichash_state	 st;
	const char			*v;
	uint64_t			 key;
	uint8_t				 hash[crypto_generichash_BYTES_MIN];
	size_t				 i;

	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		v = row->ev.field[fields[i]];
		v = v != NULL ? v : "";
		crypto_generichash_update(&st, (const uint8_t *)v,
		    strlen(v) + 1);
	}
	crypto_generichash_final(&st, hash, sizeof(hash));
	memcpy(&key, hash, sizeof(key));
	return (key);
}

/*
 * An event that comes once more, after auditd was replaced, is the one that
 * was let through; one that is older is sent again by somebody's will.
 */
int
cooldown_skips(uint64_t key, uint64_t time_us, uint64_t seq)
{
	uint64_t	 us = (uint64_t)sinkd.sink.rec.cooldown_s * 1000000;
	struct cooldown	*c, *oldest = table;

	for (c = table; c < table + nused; c++) {
		if (c->key == key)
			break;
		if (c->seq < oldest->seq)
			oldest = c;
	}
	if (c < table + nused) {
		if (seq > c->seq && time_us >= c->time_us &&
		    time_us - c->time_us < us)
			return (1);
	} else if (nused < MAX_COOLDOWNS)
		c = &table[nused++];
	else
		c = oldest;
	c->key = key;
	c->time_us = time_us;
	c->seq = seq;
	return (0);
}
