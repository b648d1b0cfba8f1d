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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ruleimage.h"
#include "rulecompile.h"
#include "rulemarks.h"
#include "rulesyntax.h"

#define MAX_CHEAP_COUNT	256	/* in {m,n}, of a pattern not tried alone */

struct imgbuf {
	uint8_t	*data;
	size_t	 len;
	size_t	 size;
	int	 failed;
};

static unsigned int
hs_flags(const struct crule *r)
{
	unsigned int	 flags;

	/* where an exact rule matches again is of no interest */
	flags = r->kind == IMAGE_PREFILTER ? HS_FLAG_PREFILTER :
	    HS_FLAG_SINGLEMATCH;
	if (r->flags & IMAGE_CASELESS)
		flags |= HS_FLAG_CASELESS;
	if (r->flags & IMAGE_UTF)
		flags |= HS_FLAG_UTF8;
	return flags;
}

/*
 * Large counts are what makes a pattern explode; such a one is compiled alone
 * first, so that it can be named and left out.  Others are compiled once,
 * together, which is half the work.
 */
static int
is_costly(const char *pattern)
{
	const char	*p;

	for (p = pattern; (p = strpbrk(p, "{,")) != NULL; p++)
		if (strtoul(p + 1, NULL, 10) > MAX_CHEAP_COUNT)
			return 1;
	return 0;
}

/* Looks at a rule alone as the kind it is; takes its width. */
static int
probe_kind(struct crule *r, const hs_platform_info_t *platform, char *err,
    size_t errlen)
{
	hs_compile_error_t	*e = NULL;
	hs_expr_info_t		*info = NULL;
	hs_database_t		*db = NULL;
	unsigned int		 min;

	if (hs_expression_info(r->pattern, hs_flags(r), &info, &e) !=
	    HS_SUCCESS)
		goto fail;
	r->width = info->max_width;
	min = info->min_width;
	free(info);
	if (min == 0) {
		(void)snprintf(err, errlen, "it matches the empty text");
		return -1;
	}
	if (is_costly(r->pattern) && hs_compile(r->pattern, hs_flags(r),
	    HS_MODE_BLOCK, platform, &db, &e) != HS_SUCCESS)
		goto fail;
	(void)hs_free_database(db);
	return 0;
fail:
	(void)snprintf(err, errlen, "%s", e == NULL || e->message == NULL ?
	    "Hyperscan refuses it" : e->message);
	(void)hs_free_compile_error(e);
	return -1;
}

static double
seconds(void)
{
	struct timespec	 ts;

	/* of this process: a busy machine makes no pattern worse */
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
ruleimage_prefilter(struct crule *r, struct confirm *confirm,
    const hs_platform_info_t *platform, char *err, size_t errlen)
{
	struct confirm_code	*code;

	if (r->kind == IMAGE_PREFILTER) {
		(void)snprintf(err, errlen, "not even as a filter");
		return -1;
	}
	r->kind = IMAGE_PREFILTER;
	if (probe_kind(r, platform, err, errlen) == -1)
		return -1;
	if ((code = confirm_compile(confirm, r->pattern, r->flags, err,
	    errlen)) == NULL)
		return -1;
	confirm_code_free(code);
	return 0;
}

int
ruleimage_probe(struct crule *r, struct confirm *confirm,
    const hs_platform_info_t *platform, char *err, size_t errlen)
{
	const char		*why;
	unsigned int		 flags = r->flags;
	double			 start = seconds();
	char			 ignored[256], *out;

	if ((out = malloc(RULESYNTAX_SIZE(strlen(r->pattern)))) == NULL) {
		(void)snprintf(err, errlen, "out of memory");
		return -1;
	}
	why = rulesyntax(r->pattern, out, &flags);
	if (why != NULL || strlen(out) >= MAX_IMAGE_STRING) {
		(void)snprintf(err, errlen, "%s", why != NULL ? why :
		    "pattern is too long");
		free(out);
		return -1;
	}
	free(r->pattern);
	r->pattern = out;
	r->flags = (uint8_t)(flags | rulemarks(out));
	r->kind = IMAGE_EXACT;
	if (probe_kind(r, platform, err, errlen) == -1 &&
	    ruleimage_prefilter(r, confirm, platform, ignored,
	    sizeof(ignored)) == -1)
		return -1;
	if (seconds() - start > MAX_RULECOMPILE_SECS) {
		(void)snprintf(err, errlen, "it takes more than %d seconds "
		    "to compile", MAX_RULECOMPILE_SECS);
		return -1;
	}
	return 0;
}

int
ruleimage_database(const struct crule *rules, size_t n, unsigned int which,
    const hs_platform_info_t *platform, struct ruledb *out, int *bad,
    char *err, size_t errlen)
{
	hs_compile_error_t	*e = NULL;
	hs_database_t		*db = NULL;
	char			**patterns;
	unsigned int		*flags, *ids;
	hs_error_t		 rc = HS_NOMEM;
	unsigned int		 k = 0;
	size_t			 i;

	*bad = -1;
	memset(out, 0, sizeof(*out));
	patterns = calloc(n + 1, sizeof(*patterns));
	flags = calloc(n + 1, sizeof(*flags));
	ids = calloc(n + 1, sizeof(*ids));
	if (patterns != NULL && flags != NULL && ids != NULL) {
		for (i = 0; i < n; i++) {
			if (!(rules[i].flags & which))
				continue;
			patterns[k] = malloc(strlen(rules[i].pattern) + 1);
			if (patterns[k] == NULL)
				break;
			rulemarks_part(rules[i].pattern, which, patterns[k]);
			flags[k] = hs_flags(&rules[i]);
			ids[k++] = (unsigned int)i;
		}
		if (k == 0 && i == n)
			rc = HS_SUCCESS;
		else if (i == n)
			rc = hs_compile_multi((const char *const *)patterns,
			    flags, ids, k, HS_MODE_BLOCK, platform, &db, &e);
	}
	if (rc == HS_SUCCESS && db != NULL)
		rc = hs_serialize_database(db, &out->data, &out->len);
	if (rc != HS_SUCCESS) {
		if (e != NULL && e->expression >= 0 &&
		    (unsigned int)e->expression < k)
			*bad = (int)ids[e->expression];
		(void)snprintf(err, errlen, "%s", e == NULL || e->message ==
		    NULL ? "out of memory" : e->message);
	}
	(void)hs_free_compile_error(e);
	(void)hs_free_database(db);
	while (patterns != NULL && k > 0)
		free(patterns[--k]);
	free(patterns);
	free(flags);
	free(ids);
	return rc == HS_SUCCESS ? 0 : -1;
}

static void
put(struct imgbuf *b, const void *p, size_t len)
{
	uint8_t	*data;
	size_t	 size;

	if (b->failed)
		return;
	if (len > MAX_IMAGE_LEN - b->len) {
		b->failed = 1;
		return;
	}
	if (b->size - b->len < len) {
		size = b->len + len + b->len / 2 + 4096;
		if ((data = realloc(b->data, size)) == NULL) {
			b->failed = 1;
			return;
		}
		b->data = data;
		b->size = size;
	}
	memcpy(b->data + b->len, p, len);
	b->len += len;
}

static void
put_u8(struct imgbuf *b, unsigned int v)
{
	uint8_t	 c = (uint8_t)v;

	put(b, &c, 1);
}

static void
put_u32(struct imgbuf *b, size_t v)
{
	uint8_t	 p[4] = { v & 0xff, v >> 8 & 0xff, v >> 16 & 0xff,
		    v >> 24 & 0xff };

	put(b, p, sizeof(p));
}

static void
put_str(struct imgbuf *b, const char *s)
{
	put_u32(b, strlen(s) + 1);
	put(b, s, strlen(s) + 1);
}

/* The first rule of the same id. */
static size_t
group_of(const struct crule *rules, size_t i)
{
	size_t	 j;

	for (j = 0; j < i; j++)
		if (strcmp(rules[j].id, rules[i].id) == 0)
			break;
	return j;
}

static void
put_rules(struct imgbuf *b, const struct crule *rules, size_t n)
{
	const struct crule	*r;
	size_t			 i;
	uint32_t		 t;

	for (i = 0; i < n; i++) {
		r = &rules[i];
		put_u8(b, r->kind);
		put_u8(b, r->severity);
		put_u8(b, r->directions);
		put_u8(b, r->flags);
		put_u32(b, group_of(rules, i));
		put_u32(b, r->width);
		put_u32(b, r->confidence);
		put_str(b, r->id);
		put_str(b, r->category);
		put_str(b, r->title);
		put_str(b, r->pattern);
		put_u32(b, r->ntags);
		for (t = 0; t < r->ntags; t++)
			put_str(b, r->tags[t]);
	}
}

int
ruleimage_write(const struct crule *rules, size_t n, const char *pack,
    const char *hash, const struct rulebuf *judge,
    const struct ruledb db[IMAGE_DATABASES], uint8_t **image, size_t *len)
{
	struct imgbuf	 b, body;
	size_t		 dblen = 0, i;

	for (i = 0; i < IMAGE_DATABASES; i++)
		dblen += db[i].len;
	memset(&b, 0, sizeof(b));
	memset(&body, 0, sizeof(body));
	put_str(&body, pack);
	put_rules(&body, rules, n);
	put_u32(&body, judge->len);
	put(&body, judge->data, judge->len);
	put(&b, IMAGE_MAGIC, IMAGE_MAGIC_LEN);
	put_u32(&b, IMAGE_VERSION);
	put_u32(&b, IMAGE_HEADER_LEN + body.len + dblen);
	put_u32(&b, n);
	put_u32(&b, IMAGE_HEADER_LEN + body.len);
	for (i = 0; i < IMAGE_DATABASES; i++)
		put_u32(&b, db[i].len);
	put(&b, hash, IMAGE_HASH_LEN);
	if (body.len > 0)
		put(&b, body.data, body.len);
	for (i = 0; i < IMAGE_DATABASES; i++)
		if (db[i].len > 0)
			put(&b, db[i].data, db[i].len);
	free(body.data);
	if (b.failed || body.failed) {
		free(b.data);
		return -1;
	}
	*image = b.data;
	*len = b.len;
	return 0;
}
