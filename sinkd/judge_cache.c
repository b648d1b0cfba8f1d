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

#include <sys/tree.h>

#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "judge.h"
#include "sinkd.h"

/*
 * Answers by what was asked.  Of the question only a keyed hash is kept; the
 * answer, which may hold what somebody's text holds, is wiped when its time
 * is over, not when somebody looks for it.
 */

struct cached {
	RB_ENTRY(cached)	 node;
	TAILQ_ENTRY(cached)	 entry;		/* oldest first */
	uint8_t			 key[JUDGE_KEY_LEN];
	uint64_t		 until_ms;
	void			*data;
	size_t			 len;
};

static int
cached_cmp(const struct cached *a, const struct cached *b)
{
	return (memcmp(a->key, b->key, sizeof(a->key)));
}

RB_HEAD(cached_tree, cached);
static struct cached_tree	 cache = RB_INITIALIZER(&cache);
static TAILQ_HEAD(, cached)	 ages = TAILQ_HEAD_INITIALIZER(ages);
static unsigned int		 ncached;
static size_t			 bytes;
static uint64_t			 ttl_ms;
static struct event		*timer;
static uint8_t			 secret[crypto_generichash_KEYBYTES];

RB_PROTOTYPE(cached_tree, cached, node, cached_cmp)
RB_GENERATE(cached_tree, cached, node, cached_cmp)

static void
forget(struct cached *c)
{
	RB_REMOVE(cached_tree, &cache, c);
	TAILQ_REMOVE(&ages, c, entry);
	ncached--;
	bytes -= c->len;
	freezero(c->data, c->len);
	free(c);
}

static void
next_sweep(void)
{
	struct cached	*c = TAILQ_FIRST(&ages);
	uint64_t	 now = clock_ms(), ms;
	struct timeval	 tv;

	if (c == NULL)
		return;
	ms = c->until_ms > now ? c->until_ms - now : 0;
	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	if (evtimer_add(timer, &tv) == -1)
		fatalx("timer");
}

static void
sweep(evutil_socket_t fd, short what, void *arg)
{
	struct cached	*c;
	uint64_t	 now = clock_ms();

	(void)fd;
	(void)what;
	(void)arg;
	while ((c = TAILQ_FIRST(&ages)) != NULL && c->until_ms <= now)
		forget(c);
	next_sweep();
}

void
judge_cache_init(uint32_t ttl)
{
	ttl_ms = (uint64_t)ttl * 1000;
	randombytes_buf(secret, sizeof(secret));
	if (timer == NULL && (timer = evtimer_new(role.base, sweep,
	    NULL)) == NULL)
		fatalx("timer");
}

static void
hash_u64(crypto_generichash_state *st, uint64_t v)
{
	crypto_generichash_update(st, (const unsigned char *)&v, sizeof(v));
}

/* each part after its length: no two questions are one string of bytes */
static void
hash_part(crypto_generichash_state *st, const char *s, size_t len)
{
	hash_u64(st, len);
	crypto_generichash_update(st, (const unsigned char *)s, len);
}

void
judge_cache_key(const struct judge_ask *a, uint8_t key[JUDGE_KEY_LEN])
{
	crypto_generichash_state	 st;
	size_t				 i;

	crypto_generichash_init(&st, secret, sizeof(secret), JUDGE_KEY_LEN);
	hash_u64(&st, a->kind);
	hash_u64(&st, a->direction);
	hash_u64(&st, a->generation);
	hash_u64(&st, a->head);
	hash_u64(&st, a->omitted);
	hash_u64(&st, a->keep_body);
	hash_u64(&st, a->nnames);
	for (i = 0; i < a->nnames; i++)
		hash_part(&st, a->names[i], strlen(a->names[i]));
	hash_part(&st, a->prompt, strlen(a->prompt));
	hash_part(&st, a->sample, a->sample_len);
	crypto_generichash_final(&st, key, JUDGE_KEY_LEN);
}

static struct cached *
find(const uint8_t key[JUDGE_KEY_LEN])
{
	struct cached	 want;

	memcpy(want.key, key, sizeof(want.key));
	return (RB_FIND(cached_tree, &cache, &want));
}

const void *
judge_cache_get(const uint8_t key[JUDGE_KEY_LEN], size_t *len)
{
	struct cached	*c = find(key);

	if (c == NULL || c->until_ms <= clock_ms())
		return (NULL);
	*len = c->len;
	return (c->data);
}

void
judge_cache_put(const uint8_t key[JUDGE_KEY_LEN], const void *data,
    size_t len)
{
	struct cached	*c;

	if (ttl_ms == 0)
		return;
	if ((c = find(key)) != NULL)
		forget(c);
	while (ncached == MAX_JUDGE_CACHED ||
	    (ncached != 0 && bytes + len > MAX_JUDGE_CACHE))
		forget(TAILQ_FIRST(&ages));
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->data = malloc(len)) == NULL)
		fatal("cache");
	memcpy(c->key, key, sizeof(c->key));
	memcpy(c->data, data, len);
	c->len = len;
	c->until_ms = clock_ms() + ttl_ms;
	RB_INSERT(cached_tree, &cache, c);
	TAILQ_INSERT_TAIL(&ages, c, entry);
	ncached++;
	bytes += len;
	if (!evtimer_pending(timer, NULL))
		next_sweep();
}
