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
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/detect/image.h"
#include "common/detect/text.h"
#include "judgepack.h"
#include "rulerec.h"

#define MAX_STRIPPED	4096	/* pieces left out of one text */

struct strip {
	char			*id;
	uint32_t		 kinds;
	struct confirm_code	*code;
};

enum condition { COND_NONE, COND_EPOCH, COND_PLATFORM_ID, COND_COUNT };

struct suppression {
	char			*id;
	char			*literal;
	struct confirm_code	*finding;	/* NULL: only the literal */
	struct confirm_code	*entity;
	enum condition		 condition;
};

struct toolsup {
	struct confirm_code	*tool;
	char			**findings;
	size_t			 n;
};

struct judgepack {
	struct confirm		*confirm;
	struct judge_rules	 rules[JUDGE_KIND_COUNT];
	struct strip		*strips;
	size_t			 nstrips;
	struct suppression	*supps;
	size_t			 nsupps;
	struct toolsup		*toolsups;
	size_t			 ntoolsups;
	struct judge_tool	*tools;
	size_t			 ntools;
};

static char *
get_str(struct rulecur *c)
{
	const char	*p;
	size_t		 len;
	char		*s;

	p = rulecur_str(c, &len);
	if ((s = strndup(p, len)) == NULL)
		c->failed = 1;
	return s;
}

static struct confirm_code *
get_code(struct judgepack *jp, struct rulecur *c, uint32_t flags)
{
	struct confirm_code	*code = NULL;
	char			*s, err[160];

	s = get_str(c);
	if (s != NULL && s[0] != '\0' && (code = confirm_compile(jp->confirm,
	    s, flags & IMAGE_FLAGS_ALL, err, sizeof(err))) == NULL)
		c->failed = 1;
	free(s);
	return code;
}

static void
categories_free(struct judge_rules *r)
{
	while (r->ncats > 0) {
		r->ncats--;
		free(r->cats[r->ncats].name);
		free(r->cats[r->ncats].id);
	}
}

/* the built-in words come first; a pack's own take their place, if any */
static void
get_judge(struct judgepack *jp, struct rulecur *c)
{
	struct judge_rules	*r;
	unsigned int		 kind;
	char			*s;

	(void)rulecur_u32(c);
	kind = rulecur_u8(c);
	if (kind < JUDGE_INJECTION || kind >= JUDGE_ADJUDICATION) {
		c->failed = 1;
		return;
	}
	r = &jp->rules[kind];
	r->enabled = rulecur_u8(c) != 0;
	r->min_high = rulecur_u8(c);
	r->cap = (enum severity)rulecur_u8(c);
	if (rulecur_u32(c) & RULEREC_JUDGE_CATEGORIES)
		categories_free(r);
	if ((s = get_str(c)) != NULL && s[0] != '\0') {
		free(r->prompt);
		r->prompt = s;
	} else
		free(s);
	if ((s = get_str(c)) != NULL && s[0] != '\0') {
		free(r->adjudication);
		r->adjudication = s;
	} else
		free(s);
	if (r->cap >= SEV_COUNT)
		c->failed = 1;
}

static void
get_category(struct judgepack *jp, struct rulecur *c)
{
	struct judge_category	*cat;
	struct judge_rules	*r;
	unsigned int		 kind = rulecur_u8(c);

	if (kind < JUDGE_INJECTION || kind >= JUDGE_ADJUDICATION ||
	    jp->rules[kind].ncats == MAX_JUDGE_NAMES) {
		c->failed = 1;
		return;
	}
	r = &jp->rules[kind];
	cat = &r->cats[r->ncats++];
	cat->enabled = rulecur_u8(c) != 0;
	cat->prompt = (enum severity)rulecur_u8(c);
	cat->completion = (enum severity)rulecur_u8(c);
	cat->name = get_str(c);
	cat->id = get_str(c);
	if (cat->prompt >= SEV_COUNT || cat->completion >= SEV_COUNT)
		c->failed = 1;
}

/*
 * One more, of zeroes, at the end of the list that a pointer of some type
 * points to; NULL: no memory.
 */
static void *
get_more(struct rulecur *c, void *list, size_t *n, size_t size)
{
	char	*p;

	memcpy(&p, list, sizeof(p));
	if ((p = recallocarray(p, *n, *n + 1, size)) == NULL) {
		c->failed = 1;
		return NULL;
	}
	memcpy(list, &p, sizeof(p));
	return p + (*n)++ * size;
}

static void
get_strip(struct judgepack *jp, struct rulecur *c)
{
	struct strip	*s;
	uint32_t	 flags;

	if ((s = get_more(c, &jp->strips, &jp->nstrips, sizeof(*s))) == NULL)
		return;
	s->kinds = rulecur_u32(c);
	flags = rulecur_u32(c);
	s->id = get_str(c);
	s->code = get_code(jp, c, flags);
	if (s->code == NULL)
		c->failed = 1;
}

static void
get_suppression(struct judgepack *jp, struct rulecur *c)
{
	struct suppression	*s;
	uint32_t		 finding, entity;

	if ((s = get_more(c, &jp->supps, &jp->nsupps, sizeof(*s))) == NULL)
		return;
	s->condition = (enum condition)rulecur_u32(c);
	finding = rulecur_u32(c);
	entity = rulecur_u32(c);
	s->id = get_str(c);
	s->literal = get_str(c);
	s->finding = get_code(jp, c, finding);
	s->entity = get_code(jp, c, entity);	/* NULL: any value */
	if (s->condition >= COND_COUNT)
		c->failed = 1;
}

static void
get_toolsup(struct judgepack *jp, struct rulecur *c)
{
	struct toolsup	*t;
	uint32_t	 flags, i, n;
	char		**s;

	if ((t = get_more(c, &jp->toolsups, &jp->ntoolsups,
	    sizeof(*t))) == NULL)
		return;
	flags = rulecur_u32(c);
	t->tool = get_code(jp, c, flags);
	n = rulecur_count(c);
	for (i = 0; i < n && !c->failed; i++)
		if ((s = get_more(c, &t->findings, &t->n, sizeof(*s))) !=
		    NULL)
			*s = get_str(c);
}

static void
get_tool(struct judgepack *jp, struct rulecur *c)
{
	struct judge_tool	*t;

	if ((t = get_more(c, &jp->tools, &jp->ntools, sizeof(*t))) == NULL)
		return;
	t->min_entities = rulecur_u32(c);
	t->result_inspection = rulecur_u8(c) != 0;
	t->judge_result = rulecur_u8(c) != 0;
	(void)rulecur_u16(c);
	t->name = get_str(c);
}

static void
get_record(struct judgepack *jp, struct rulecur *c, unsigned int type)
{
	switch (type) {
	case RULEREC_JUDGE:
		get_judge(jp, c);
		break;
	case RULEREC_JUDGECAT:
		get_category(jp, c);
		break;
	case RULEREC_STRIP:
		get_strip(jp, c);
		break;
	case RULEREC_SUPPRESS:
		get_suppression(jp, c);
		break;
	case RULEREC_TOOLSUP:
		get_toolsup(jp, c);
		break;
	case RULEREC_TOOL:
		get_tool(jp, c);
		break;
	default:
		c->failed = 1;
	}
}

static int
get_records(struct judgepack *jp, const void *data, size_t len)
{
	struct rulecur	 all = { data, len, 0, 0 }, one;
	unsigned int	 type;

	if (rulecur_header(&all) == -1)
		return -1;
	for (;;) {
		type = rulecur_u16(&all);
		(void)rulecur_u16(&all);
		memset(&one, 0, sizeof(one));
		one.len = rulecur_u32(&all);
		if (all.failed || one.len > all.len - all.pos)
			return -1;
		one.data = all.data + all.pos;
		all.pos += one.len;
		if (type == RULEREC_END)
			return all.pos == all.len ? 0 : -1;
		get_record(jp, &one, type);
		if (one.failed || one.pos != one.len)
			return -1;
	}
}

struct judgepack *
judgepack_open(const void *data, size_t len, char *err, size_t errlen)
{
	struct judgepack	*jp;
	unsigned int		 i;

	if ((jp = calloc(1, sizeof(*jp))) == NULL ||
	    (jp->confirm = confirm_new()) == NULL) {
		(void)snprintf(err, errlen, "out of memory");
		free(jp);
		return NULL;
	}
	if (get_records(jp, data, len) == 0) {
		for (i = JUDGE_INJECTION; i < JUDGE_ADJUDICATION; i++)
			if (jp->rules[i].prompt == NULL)
				break;
		if (i == JUDGE_ADJUDICATION)
			return jp;
	}
	(void)snprintf(err, errlen, "the judge's records are damaged");
	judgepack_close(jp);
	return NULL;
}

void
judgepack_close(struct judgepack *jp)
{
	size_t	 i, j;

	if (jp == NULL)
		return;
	for (i = 0; i < JUDGE_KIND_COUNT; i++) {
		free(jp->rules[i].prompt);
		free(jp->rules[i].adjudication);
		categories_free(&jp->rules[i]);
	}
	for (i = 0; i < jp->nstrips; i++) {
		free(jp->strips[i].id);
		confirm_code_free(jp->strips[i].code);
	}
	for (i = 0; i < jp->nsupps; i++) {
		free(jp->supps[i].id);
		free(jp->supps[i].literal);
		confirm_code_free(jp->supps[i].finding);
		confirm_code_free(jp->supps[i].entity);
	}
	for (i = 0; i < jp->ntoolsups; i++) {
		confirm_code_free(jp->toolsups[i].tool);
		for (j = 0; j < jp->toolsups[i].n; j++)
			free(jp->toolsups[i].findings[j]);
		free(jp->toolsups[i].findings);
	}
	for (i = 0; i < jp->ntools; i++)
		free(jp->tools[i].name);
	free(jp->strips);
	free(jp->supps);
	free(jp->toolsups);
	free(jp->tools);
	confirm_free(jp->confirm);
	free(jp);
}

const struct judge_rules *
judgepack_rules(const struct judgepack *jp, enum judge_kind kind)
{
	return &jp->rules[kind];
}

const struct judge_tool *
judgepack_tool(const struct judgepack *jp, const char *name)
{
	size_t	 i;

	for (i = 0; name != NULL && i < jp->ntools; i++)
		if (strcmp(jp->tools[i].name, name) == 0)
			return &jp->tools[i];
	return NULL;
}

/* One expression after the other, each over what the last one left. */
static unsigned int
strip_one(const struct judgepack *jp, const struct strip *s,
    const char *text, size_t len, struct wbuf *w, uint32_t *steps)
{
	size_t		 from, pos = 0, to;
	unsigned int	 n = 0;

	while (pos < len && n < MAX_STRIPPED && confirm_search(jp->confirm,
	    s->code, text, len, pos, len, &from, &to, steps) ==
	    CONFIRM_YES) {
		/* an empty match takes nothing, and must not stay */
		if (to == from)
			to += to < len;
		else {
			wbuf_put(w, text + pos, from - pos);
			n++;
			pos = to;
			continue;
		}
		while (to < len && (text[to] & 0xc0) == 0x80)
			to++;
		wbuf_put(w, text + pos, to - pos);
		pos = to;
	}
	wbuf_put(w, text + pos, len - pos);
	return n;
}

unsigned int
judgepack_strip(const struct judgepack *jp, enum judge_kind kind,
    const char *text, size_t len, struct wbuf *out)
{
	struct wbuf	 w[2];
	uint32_t	 steps = MAX_JUDGEPACK_STEPS;
	unsigned int	 n = 0;
	size_t		 i;
	int		 at = 0;

	wbuf_init(&w[0], out->max);
	wbuf_init(&w[1], out->max);
	for (i = 0; i < jp->nstrips; i++) {
		if (!(jp->strips[i].kinds & 1U << kind))
			continue;
		wbuf_reset(&w[at]);
		n += strip_one(jp, &jp->strips[i], text, len, &w[at],
		    &steps);
		text = w[at].data == NULL ? "" : (const char *)w[at].data;
		len = w[at].len;
		at = !at;
	}
	wbuf_put(out, text, len);
	wbuf_free(&w[0]);
	wbuf_free(&w[1]);
	return n;
}

int
judgepack_is_epoch(const char *s)
{
	long long	 v;
	char		*end;

	if (!isdigit((unsigned char)s[0]))
		return 0;
	errno = 0;
	v = strtoll(s, &end, 10);
	return errno == 0 && *end == '\0' && v >= 1000000000 &&
	    v <= 2100000000;
}

/* Area or exchange of a North American number: not 0, not 1, not N11. */
static int
is_nanp(const char *s)
{
	return s[0] >= '2' && s[0] <= '9' && !(s[1] == '1' && s[2] == '1');
}

int
judgepack_is_platform_id(const char *s)
{
	size_t	 len = strlen(s);

	if (len < 9 || len > 12 || s[strspn(s, "0123456789")] != '\0')
		return 0;
	if (judgepack_is_epoch(s))
		return 1;
	if (len == 11 && s[0] == '1')
		s++;
	else if (len != 10)
		return 1;
	return !(is_nanp(s) && is_nanp(s + 3));
}

/* Whether an expression surely matches; a limit is no match. */
static int
matches(const struct judgepack *jp, const struct confirm_code *code,
    const char *s, uint32_t *steps)
{
	size_t	 from, len = strlen(s), to;

	return text_valid(s, len) == len && confirm_search(jp->confirm, code,
	    s, len, 0, len, &from, &to, steps) == CONFIRM_YES;
}

static int
suppression_holds(const struct judgepack *jp, const struct suppression *s,
    const char *finding, const char *entity, uint32_t *steps)
{
	if (strcmp(s->literal, finding) != 0 && (s->finding == NULL ||
	    !matches(jp, s->finding, finding, steps)))
		return 0;
	if (s->condition == COND_EPOCH && !judgepack_is_epoch(entity))
		return 0;
	if (s->condition == COND_PLATFORM_ID &&
	    !judgepack_is_platform_id(entity))
		return 0;
	return s->entity == NULL || matches(jp, s->entity, entity, steps);
}

int
judgepack_suppressed(const struct judgepack *jp, const char *tool,
    const char *finding, const char *entity, uint32_t *steps, char *id,
    size_t size)
{
	const struct toolsup	*t;
	size_t			 i, j;

	for (i = 0; tool != NULL && i < jp->ntoolsups; i++) {
		t = &jp->toolsups[i];
		for (j = 0; j < t->n; j++)
			if (strcmp(t->findings[j], finding) == 0)
				break;
		if (j == t->n || (t->tool != NULL && !matches(jp, t->tool,
		    tool, steps)))
			continue;
		(void)snprintf(id, size, "tool:%s", tool);
		return 1;
	}
	for (i = 0; i < jp->nsupps; i++)
		if (suppression_holds(jp, &jp->supps[i], finding, entity,
		    steps)) {
			(void)snprintf(id, size, "%s", jp->supps[i].id);
			return 1;
		}
	return 0;
}

void
judgepack_fill(struct wbuf *w, const char *prompt, const char *const *with,
    size_t n)
{
	const char	*blank;

	for (; n > 0 && (blank = strstr(prompt, "%s")) != NULL; n--) {
		wbuf_put(w, prompt, (size_t)(blank - prompt));
		wbuf_put(w, *with, strlen(*with));
		with++;
		prompt = blank + 2;
	}
	wbuf_put(w, prompt, strlen(prompt));
}

void
judgepack_tool_name(const char *tool, char out[MAX_JUDGEPACK_TOOL + 1])
{
	size_t	 i;

	for (i = 0; i < MAX_JUDGEPACK_TOOL && tool[i] != '\0'; i++)
		out[i] = isalnum((unsigned char)tool[i]) ||
		    strchr("._-:/", tool[i]) != NULL ? tool[i] : '_';
	out[i] = '\0';
}
