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
#include <sys/mman.h>

#include <hs/hs_runtime.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/detect/confirm.h"
#include "common/detect/image.h"
#include "common/detect/match.h"
#include "common/detect/text.h"

#define MAX_MATCH_RANGES	16	/* places of one prefiltered rule */
#define MAX_MATCH_FIND		1024	/* bytes before an end looked at */
#define MATCH_WINDOW		(256 * 1024)	/* bytes at once */
#define MATCH_OVERLAP		(16 * 1024)	/* that two windows share */
#define MATCH_SLACK		64	/* bytes around a prefilter's place */
#define MATCH_ALIGN		64	/* of a database: a line of the cache */
#define MATCH_HUGE		(2 * 1024 * 1024UL)	/* a large page */

/* Places where matches of a prefiltered rule may end, first to last. */
struct match_range {
	size_t	 first;
	size_t	 last;
};

struct match_maybe {
	struct match_range	 range[MAX_MATCH_RANGES];
	size_t			 n;
	size_t			 events;
};

struct match_state {
	struct confirm_code	*code;		/* made at the first hit */
	struct match_maybe	*maybe;		/* prefiltered rules only */
	int			 tried;
};

/* A rule seen in the scan at hand: exact ones with the end of a match. */
struct match_seen {
	uint32_t	 rule;
	size_t		 end;
};

struct match {
	struct match_rule	*rules;
	struct match_state	*state;
	struct match_seen	*seen;
	struct match_hit	*hits;
	uint32_t		*epoch;		/* by group: when last hit */
	const char		**tags;
	hs_database_t		*db[IMAGE_DATABASES];	/* by match_text */
	char			*arena;		/* that they are in */
	size_t			 arena_len;
	hs_scratch_t		*scratch;
	struct confirm		*confirm;
	const char		*pack;
	const void		*judge;		/* records, not read here */
	size_t			 judge_len;
	char			 hash[IMAGE_HASH_LEN + 1];
	size_t			 kept;		/* bytes of the image in use */
	size_t			 nrules;
	size_t			 nseen;
	size_t			 nhits;
	uint32_t		 now;
	uint32_t		 steps;		/* left in this request */
	uint64_t		 deadline;	/* ns; 0: none yet */
	size_t			 base;		/* where the window begins */
	unsigned int		 directions;
	int			 damaged;	/* the database named no rule */
};

/* An image while it is read. */
struct cursor {
	const uint8_t	*p;
	size_t		 len;
	size_t		 pos;
	int		 failed;
};

static void	match_err(char *, size_t, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));

static void
match_err(char *err, size_t errlen, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
}

static const uint8_t *
take(struct cursor *c, size_t n)
{
	const uint8_t	*p;

	if (c->failed || c->len - c->pos < n) {
		c->failed = 1;
		return NULL;
	}
	p = c->p + c->pos;
	c->pos += n;
	return p;
}

static unsigned int
take_u8(struct cursor *c)
{
	const uint8_t	*p = take(c, 1);

	return p == NULL ? 0 : p[0];
}

static uint32_t
take_u32(struct cursor *c)
{
	const uint8_t	*p = take(c, 4);

	return p == NULL ? 0 : (uint32_t)p[0] | (uint32_t)p[1] << 8 |
	    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static const char *
take_str(struct cursor *c)
{
	const uint8_t	*p;
	uint32_t	 len = take_u32(c);

	if (len == 0 || len > MAX_IMAGE_STRING)
		c->failed = 1;
	if ((p = take(c, len)) == NULL || memchr(p, '\0', len) != p + len - 1 ||
	    text_valid((const char *)p, len - 1) != len - 1) {
		c->failed = 1;
		return "";
	}
	return (const char *)p;
}

/* Reads one rule; its tags go to tags when that is not NULL. */
static void
take_rule(struct cursor *c, struct match_rule *r, uint32_t index,
    const char **tags)
{
	uint32_t	 confidence, i, n;
	const char	*s;

	r->kind = (uint8_t)take_u8(c);
	r->severity = (enum severity)take_u8(c);
	r->directions = (uint8_t)take_u8(c);
	r->flags = (uint8_t)take_u8(c);
	r->group = take_u32(c);
	r->width = take_u32(c);
	confidence = take_u32(c);
	r->confidence = confidence / 1e6;
	r->id = take_str(c);
	r->category = take_str(c);
	r->title = take_str(c);
	r->pattern = take_str(c);
	r->tags = tags;
	n = take_u32(c);
	if ((r->kind != IMAGE_EXACT && r->kind != IMAGE_PREFILTER) ||
	    r->severity >= SEV_COUNT || r->directions & ~IMAGE_DIR_ALL ||
	    r->flags & ~IMAGE_FLAGS_ALL || r->group > index ||
	    confidence > 1000000 || r->id[0] == '\0' || n > MAX_IMAGE_TAGS)
		c->failed = 1;
	for (i = 0; i < n && !c->failed; i++) {
		s = take_str(c);
		if (tags != NULL)
			tags[i] = s;
	}
	r->ntags = i;
}

/* Reads all rules, twice: the first time to count their tags. */
static int
open_rules(struct match *m, const struct cursor *start)
{
	struct match_rule	 r;
	struct cursor		 c = *start;
	size_t			 i, ntags = 0;

	for (i = 0; i < m->nrules; i++) {
		take_rule(&c, &r, (uint32_t)i, NULL);
		ntags += r.ntags;
	}
	m->judge_len = take_u32(&c);
	m->judge = take(&c, m->judge_len);
	if (c.failed || c.pos != c.len)
		return -1;
	m->tags = calloc(ntags + 1, sizeof(*m->tags));
	m->rules = calloc(m->nrules + 1, sizeof(*m->rules));
	m->state = calloc(m->nrules + 1, sizeof(*m->state));
	m->seen = calloc(m->nrules + 1, sizeof(*m->seen));
	m->hits = calloc(m->nrules + 1, sizeof(*m->hits));
	m->epoch = calloc(m->nrules + 1, sizeof(*m->epoch));
	if (m->tags == NULL || m->rules == NULL || m->state == NULL ||
	    m->seen == NULL || m->hits == NULL || m->epoch == NULL)
		return -1;
	c = *start;
	ntags = 0;
	for (i = 0; i < m->nrules; i++) {
		take_rule(&c, &m->rules[i], (uint32_t)i, m->tags + ntags);
		ntags += m->rules[i].ntags;
		if (m->rules[i].kind == IMAGE_PREFILTER &&
		    (m->state[i].maybe = calloc(1,
		    sizeof(*m->state[i].maybe))) == NULL)
			return -1;
	}
	return 0;
}

/* Header and rules; the database is where *db says. */
static int
open_header(struct match *m, const void *image, size_t len,
    const uint8_t **db, size_t dblen[IMAGE_DATABASES], char *err, size_t errlen)
{
	struct cursor	 c = { image, len, 0, 0 };
	const uint8_t	*p;
	uint32_t	 offset, version;
	size_t		 i, left;

	p = take(&c, IMAGE_MAGIC_LEN);
	if (p == NULL || memcmp(p, IMAGE_MAGIC, IMAGE_MAGIC_LEN) != 0) {
		match_err(err, errlen, "not a matcher image");
		return -1;
	}
	if ((version = take_u32(&c)) != IMAGE_VERSION) {
		match_err(err, errlen, "matcher image of version %u, this "
		    "program reads %d", version, IMAGE_VERSION);
		return -1;
	}
	if (len > MAX_IMAGE_LEN || take_u32(&c) != len)
		c.failed = 1;
	m->nrules = take_u32(&c);
	offset = take_u32(&c);
	if (m->nrules > MAX_IMAGE_RULES || offset >= len)
		c.failed = 1;
	left = len - offset;
	for (i = 0; i < IMAGE_DATABASES; i++) {
		dblen[i] = take_u32(&c);
		if (dblen[i] > left)
			c.failed = 1;
		left -= dblen[i];
	}
	if (left != 0)
		c.failed = 1;
	if ((p = take(&c, IMAGE_HASH_LEN)) != NULL)
		memcpy(m->hash, p, IMAGE_HASH_LEN);
	if (strspn(m->hash, "0123456789abcdef") != IMAGE_HASH_LEN)
		c.failed = 1;
	m->pack = take_str(&c);
	if (!c.failed && c.pos <= offset) {
		*db = c.p + offset;
		c.len = offset;
		if (open_rules(m, &c) == 0)
			return 0;
	}
	match_err(err, errlen, "matcher image is damaged or too large");
	return -1;
}

/*
 * Room for the databases that begins where a large page does.  They are
 * megabytes of tables read here and there: in small pages a scan waits for
 * the processor's page tables more than for anything else.
 */
static int
open_arena(struct match *m, size_t len)
{
	char	*p;
	size_t	 page = (size_t)sysconf(_SC_PAGESIZE), size, skip;

	len = (len + page - 1) / page * page;
	size = len + MATCH_HUGE;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	skip = (MATCH_HUGE - (uintptr_t)p % MATCH_HUGE) % MATCH_HUGE;
	if (skip != 0)
		(void)munmap(p, skip);
	(void)munmap(p + skip + len, size - skip - len);
	m->arena = p + skip;
	m->arena_len = len;
	/* a kernel without large pages is slower, nothing else */
	(void)madvise(m->arena, len, MADV_HUGEPAGE);
	return 0;
}

static hs_error_t
open_databases(struct match *m, const uint8_t *p,
    const size_t len[IMAGE_DATABASES])
{
	const char	*image = (const char *)p;
	size_t		 all = 0, size[IMAGE_DATABASES];
	hs_error_t	 rc = HS_SUCCESS;
	int		 i;

	for (i = 0; i < IMAGE_DATABASES && rc == HS_SUCCESS; i++) {
		size[i] = 0;
		if (len[i] != 0)
			rc = hs_serialized_database_size(image, len[i],
			    &size[i]);
		size[i] = (size[i] + MATCH_ALIGN - 1) / MATCH_ALIGN *
		    MATCH_ALIGN;
		image += len[i];
		all += size[i];
	}
	if (rc != HS_SUCCESS || all == 0)
		return rc;
	if (open_arena(m, all) == -1)
		return HS_NOMEM;
	image = (const char *)p;
	for (i = 0, all = 0; i < IMAGE_DATABASES && rc == HS_SUCCESS; i++) {
		if (len[i] == 0)
			continue;
		m->db[i] = (hs_database_t *)(void *)(m->arena + all);
		rc = hs_deserialize_database_at(image, len[i], m->db[i]);
		if (rc == HS_SUCCESS)
			rc = hs_alloc_scratch(m->db[i], &m->scratch);
		image += len[i];
		all += size[i];
	}
	return rc;
}

struct match *
match_open(const void *image, size_t len, char *err, size_t errlen)
{
	struct match	*m;
	const uint8_t	*db;
	size_t		 dblen[IMAGE_DATABASES];
	hs_error_t	 rc;

	if ((m = calloc(1, sizeof(*m))) == NULL) {
		match_err(err, errlen, "out of memory");
		return NULL;
	}
	if (open_header(m, image, len, &db, dblen, err, errlen) == -1)
		goto fail;
	m->kept = (size_t)(db - (const uint8_t *)image);
	rc = open_databases(m, db, dblen);
	if (rc != HS_SUCCESS) {
		match_err(err, errlen, "matcher database cannot be opened "
		    "(Hyperscan error %d%s)", rc,
		    rc == HS_DB_VERSION_ERROR ? ", other version" :
		    rc == HS_DB_PLATFORM_ERROR ? ", other processor" :
		    rc == HS_ARCH_ERROR ? ", processor too old" : "");
		goto fail;
	}
	if ((m->confirm = confirm_new()) == NULL) {
		match_err(err, errlen, "out of memory");
		goto fail;
	}
	match_begin(m);
	return m;
fail:
	match_close(m);
	return NULL;
}

void
match_close(struct match *m)
{
	size_t	 i;

	if (m == NULL)
		return;
	for (i = 0; m->state != NULL && i < m->nrules; i++) {
		confirm_code_free(m->state[i].code);
		free(m->state[i].maybe);
	}
	confirm_free(m->confirm);
	(void)hs_free_scratch(m->scratch);
	if (m->arena != NULL)
		(void)munmap(m->arena, m->arena_len);
	free(m->tags);
	free(m->rules);
	free(m->state);
	free(m->seen);
	free(m->hits);
	free(m->epoch);
	free(m);
}

/* CPU time: a busy machine must not make a text look slow. */
static uint64_t
match_clock(void)
{
	struct timespec	 ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
match_begin(struct match *m)
{
	if (++m->now == 0) {
		memset(m->epoch, 0, m->nrules * sizeof(*m->epoch));
		m->now = 1;
	}
	m->steps = MAX_CONFIRM_STEPS;
	m->deadline = 0;
}

static void
maybe_add(struct match_maybe *y, size_t end)
{
	struct match_range	*r;
	size_t			 i;

	for (i = 0; i < y->n; i++) {
		r = &y->range[i];
		if (end + MATCH_SLACK >= r->first &&
		    end <= r->last + MATCH_SLACK)
			break;
	}
	if (i == y->n && y->n < MAX_MATCH_RANGES) {
		y->range[y->n].first = y->range[y->n].last = end;
		y->n++;
		return;
	}
	/* no room: the last range grows over what lies between */
	r = &y->range[i == y->n ? i - 1 : i];
	if (end < r->first)
		r->first = end;
	if (end > r->last)
		r->last = end;
}

/* Called by Hyperscan; anything but 0 ends the scan. */
static int
match_event(unsigned int id, unsigned long long from, unsigned long long to,
    unsigned int flags, void *arg)
{
	struct match		*m = arg;
	struct match_rule	*r;
	struct match_maybe	*y;

	(void)from;
	(void)flags;
	to += m->base;
	if (id >= m->nrules) {
		m->damaged = 1;
		return 1;
	}
	r = &m->rules[id];
	if ((r->directions & m->directions) == 0 ||
	    m->epoch[r->group] == m->now)
		return 0;
	y = m->state[id].maybe;
	if (y == NULL)
		m->epoch[r->group] = m->now;
	else {
		maybe_add(y, (size_t)to);
		if (y->events++ > 0)
			return 0;
	}
	m->seen[m->nseen].rule = id;
	m->seen[m->nseen].end = (size_t)to;
	m->nseen++;
	return 0;
}

/* Compiled patterns are kept: what hits once is likely to hit again. */
static const struct confirm_code *
match_code(struct match *m, uint32_t rule)
{
	struct match_state	*s = &m->state[rule];
	char			 err[160];

	if (!s->tried) {
		s->tried = 1;
		s->code = confirm_compile(m->confirm, m->rules[rule].pattern,
		    m->rules[rule].flags, err, sizeof(err));
	}
	return s->code;
}

static size_t
back_to_char(const char *text, size_t len, size_t at)
{
	while (at > 0 && at < len && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t
minus(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

static void
match_hit(struct match *m, uint32_t rule, const char *text, size_t len,
    size_t from, size_t to, int indeterminate)
{
	struct match_hit	*h = &m->hits[m->nhits++];

	from = back_to_char(text, len, from);
	h->rule = &m->rules[rule];
	h->evidence = text + from;
	h->evidence_len = text_cut(text + from, len - from,
	    to - from < MAX_MATCH_EVIDENCE ? to - from : MAX_MATCH_EVIDENCE);
	h->indeterminate = indeterminate;
}

/*
 * Hyperscan has said where a match ends.  Where it begins is for show only,
 * so a pattern that takes too long gets the bytes before the end.
 */
static void
match_exact(struct match *m, const struct match_seen *s, const char *text,
    size_t len)
{
	const struct confirm_code	*code;
	size_t				 first, from, to, back;
	uint32_t			 steps = MAX_CONFIRM_FIND;
	enum confirm_answer		 answer = CONFIRM_UNKNOWN;

	back = m->rules[s->rule].width < MAX_MATCH_FIND ?
	    m->rules[s->rule].width : MAX_MATCH_FIND;
	first = back_to_char(text, len, minus(s->end, back));
	if (steps > m->steps)
		steps = m->steps;
	m->steps -= steps;
	if ((code = match_code(m, s->rule)) != NULL)
		answer = confirm_search(m->confirm, code, text, len, first,
		    s->end, &from, &to, &steps);
	m->steps += steps;
	if (answer != CONFIRM_YES) {
		from = back_to_char(text, len,
		    minus(s->end, MAX_MATCH_EVIDENCE));
		to = s->end;
	}
	match_hit(m, s->rule, text, len, from, to, 0);
}

static void
match_prefiltered(struct match *m, const struct match_seen *s,
    const char *text, size_t len)
{
	const struct match_rule		*r = &m->rules[s->rule];
	const struct confirm_code	*code;
	struct match_maybe		*y = m->state[s->rule].maybe;
	size_t				 first, from, i, last, to;
	enum confirm_answer		 answer = CONFIRM_NO;

	code = match_code(m, s->rule);
	for (i = 0; i < y->n && answer == CONFIRM_NO; i++) {
		if (code == NULL) {
			answer = CONFIRM_UNKNOWN;
			break;
		}
		first = minus(minus(y->range[i].first, r->width), MATCH_SLACK);
		first = back_to_char(text, len, first);
		last = y->range[i].last + MATCH_SLACK;
		if (last > len)
			last = len;
		answer = confirm_search(m->confirm, code, text, len, first,
		    last, &from, &to, &m->steps);
	}
	if (answer == CONFIRM_YES)
		match_hit(m, s->rule, text, len, from, to, 0);
	else if (answer == CONFIRM_UNKNOWN) {
		to = y->range[0].last;
		match_hit(m, s->rule, text, len, back_to_char(text, len,
		    minus(to, MAX_MATCH_EVIDENCE)), to, 1);
	}
	if (answer != CONFIRM_NO)
		m->epoch[r->group] = m->now;
}

/*
 * A long text in windows, with a look at the clock between two.  What matches
 * across more than MATCH_OVERLAP bytes is seen in one window only.
 */
static int
match_windows(struct match *m, const hs_database_t *db, const char *text,
    size_t len)
{
	hs_error_t	 rc;
	size_t		 n;

	if (m->deadline == 0)
		m->deadline = match_clock() + MAX_MATCH_NS;
	for (m->base = 0;;) {
		n = len - m->base;
		if (n > MATCH_WINDOW)
			n = text_cut(text + m->base, n, MATCH_WINDOW);
		rc = hs_scan(db, text + m->base, (unsigned int)n, 0,
		    m->scratch, match_event, m);
		if (rc != HS_SUCCESS || m->damaged)
			return -1;
		if (m->base + n == len)
			return 0;
		if (match_clock() > m->deadline)
			return MATCH_SLOW;
		m->base = back_to_char(text, len, m->base + n - MATCH_OVERLAP);
	}
}

int
match_scan(struct match *m, enum match_text what, const char *text,
    size_t len, unsigned int directions, const struct match_hit **hits)
{
	struct match_maybe	*y;
	struct match_seen	*s;
	size_t			 i;
	int			 rc = 0;

	if (len > MAX_MATCH_TEXT)
		return -1;
	m->directions = directions;
	m->nseen = m->nhits = 0;
	m->damaged = 0;
	*hits = m->hits;
	if (len == 0 || m->db[what] == NULL)
		return 0;
	m->base = 0;
	if (len <= MATCH_WINDOW) {
		if (hs_scan(m->db[what], text, (unsigned int)len, 0, m->scratch,
		    match_event, m) != HS_SUCCESS || m->damaged)
			rc = -1;
	} else
		rc = match_windows(m, m->db[what], text, len);
	for (i = 0; i < m->nseen; i++) {
		s = &m->seen[i];
		if ((y = m->state[s->rule].maybe) == NULL) {
			match_exact(m, s, text, len);
			continue;
		}
		if (m->epoch[m->rules[s->rule].group] != m->now)
			match_prefiltered(m, s, text, len);
		y->n = y->events = 0;
	}
	return rc < 0 ? rc : (int)m->nhits;
}

int
match_looks_at(const struct match *m, enum match_text what)
{
	return m->db[what] != NULL;
}

size_t
match_count(const struct match *m)
{
	return m->nrules;
}

const struct match_rule *
match_rule(const struct match *m, size_t i)
{
	return i < m->nrules ? &m->rules[i] : NULL;
}

const char *
match_hash(const struct match *m)
{
	return m->hash;
}

const char *
match_pack(const struct match *m)
{
	return m->pack;
}

size_t
match_kept(const struct match *m)
{
	return m->kept;
}

const void *
match_judge(const struct match *m, size_t *len)
{
	*len = m->judge_len;
	return m->judge;
}
