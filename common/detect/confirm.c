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

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect/confirm.h"
#include "common/detect/image.h"

/* second lines of defence; the steps are the first */
#define MAX_CONFIRM_MATCH	1000000		/* PCRE2's own match limit */
#define MAX_CONFIRM_DEPTH	20000
#define MAX_CONFIRM_HEAP	4096		/* KiB */
#define MAX_CONFIRM_NEST	100		/* brackets in a pattern */

struct confirm {
	pcre2_compile_context	*compile;
	pcre2_match_context	*match;
	pcre2_match_data	*data;
};

struct spent {
	uint32_t	 left;
	size_t		 last;
};

/* Called by PCRE2 before each item of a pattern. */
static int
confirm_step(pcre2_callout_block *b, void *arg)
{
	struct spent	*s = arg;
	size_t		 cost;

	cost = b->current_position > s->last ?
	    b->current_position - s->last : s->last - b->current_position;
	s->last = b->current_position;
	if (cost >= s->left) {
		s->left = 0;
		return PCRE2_ERROR_CALLOUT;
	}
	s->left -= (uint32_t)cost + 1;
	return 0;
}

struct confirm *
confirm_new(void)
{
	struct confirm	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->compile = pcre2_compile_context_create(NULL);
	c->match = pcre2_match_context_create(NULL);
	c->data = pcre2_match_data_create(1, NULL);
	if (c->compile == NULL || c->match == NULL || c->data == NULL) {
		confirm_free(c);
		return NULL;
	}
	(void)pcre2_set_newline(c->compile, PCRE2_NEWLINE_LF);
	(void)pcre2_set_parens_nest_limit(c->compile, MAX_CONFIRM_NEST);
	(void)pcre2_set_match_limit(c->match, MAX_CONFIRM_MATCH);
	(void)pcre2_set_depth_limit(c->match, MAX_CONFIRM_DEPTH);
	(void)pcre2_set_heap_limit(c->match, MAX_CONFIRM_HEAP);
	return c;
}

void
confirm_free(struct confirm *c)
{
	if (c == NULL)
		return;
	pcre2_compile_context_free(c->compile);
	pcre2_match_context_free(c->match);
	pcre2_match_data_free(c->data);
	free(c);
}

struct confirm_code *
confirm_compile(struct confirm *c, const char *pattern, unsigned int flags,
    char *err, size_t errlen)
{
	PCRE2_UCHAR	 text[128];
	pcre2_code	*code;
	PCRE2_SIZE	 at;
	uint32_t	 options;
	int		 rc;

	options = PCRE2_DOLLAR_ENDONLY | PCRE2_AUTO_CALLOUT |
	    PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C;
	if (flags & IMAGE_CASELESS)
		options |= PCRE2_CASELESS;
	if (flags & IMAGE_UTF)
		options |= PCRE2_UTF;
	code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern), options,
	    &rc, &at, c->compile);
	if (code == NULL) {
		if (pcre2_get_error_message(rc, text, sizeof(text)) < 0)
			text[0] = '\0';
		snprintf(err, errlen, "%s at byte %zu", (char *)text,
		    (size_t)at);
		return NULL;
	}
	return (struct confirm_code *)code;
}

void
confirm_code_free(struct confirm_code *code)
{
	pcre2_code_free((pcre2_code *)code);
}

enum confirm_answer
confirm_search(struct confirm *c, const struct confirm_code *code,
    const char *text, size_t len, size_t first, size_t last, size_t *from,
    size_t *to, uint32_t *steps)
{
	struct spent	 spent;
	PCRE2_SIZE	*ov;
	int		 rc;

	spent.left = *steps;
	spent.last = first;
	(void)pcre2_set_callout(c->match, confirm_step, &spent);
	(void)pcre2_set_offset_limit(c->match, last);
	rc = pcre2_match((const pcre2_code *)code, (PCRE2_SPTR)text, len,
	    first, PCRE2_NO_UTF_CHECK, c->data, c->match);
	*steps = spent.left;
	if (rc == PCRE2_ERROR_NOMATCH)
		return CONFIRM_NO;
	if (rc < 0)
		return CONFIRM_UNKNOWN;
	ov = pcre2_get_ovector_pointer(c->data);
	if (ov[0] > ov[1] || ov[1] > len)
		return CONFIRM_UNKNOWN;
	*from = ov[0];
	*to = ov[1];
	return CONFIRM_YES;
}
