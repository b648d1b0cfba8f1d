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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/judge.h"
#include "common/detect/confirm.h"
#include "common/detect/text.h"
#include "rulecompile.h"
#include "ruleimage.h"
#include "rulepack.h"
#include "rulerec.h"
#include "rulesyntax.h"

#define MAX_RULECOMPILE_RETRIES	16	/* patterns that fail only together */

struct compile {
	struct rulereport	*report;
	struct confirm		*confirm;
	struct crule		*rules;
	size_t			 nrules;
	size_t			 size;
	char			*file;		/* of the records at hand */
	char			*category;
	char			**files;
	size_t			 nfiles;
	struct rulebuf		 judge;		/* for gatewayd as they are */
	hs_platform_info_t	 platform;
	int			 nomem;
};

static void	note(struct compile *, enum rulenote_kind, const char *,
		    uint32_t, const char *, const char *, ...)
		    __attribute__((__format__(printf, 6, 7)));

/* Copies for the report, cut between characters; control bytes become ?. */
static void
show(char *dst, size_t size, const char *src)
{
	size_t	 i, len = text_cut(src, strlen(src), size - 1);

	for (i = 0; i < len; i++)
		dst[i] = (unsigned char)src[i] < ' ' || src[i] == 0x7f ?
		    '?' : src[i];
	dst[len] = '\0';
}

static void
note(struct compile *c, enum rulenote_kind kind, const char *file,
    uint32_t line, const char *id, const char *fmt, ...)
{
	struct rulereport	*r = c->report;
	struct rulenote		*n;
	char			 text[512];
	va_list			 ap;

	if (kind == RULENOTE_SKIPPED)
		r->skipped++;
	else if (kind == RULENOTE_DISABLED)
		r->disabled++;
	if (r->nnotes == MAX_RULEREPORT_NOTES) {
		r->dropped++;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = &r->notes[r->nnotes++];
	n->kind = kind;
	n->line = line;
	show(n->file, sizeof(n->file), file);
	show(n->id, sizeof(n->id), id);
	show(n->reason, sizeof(n->reason), text);
}

/* A string of the records in memory of its own; "" after a failure. */
static char *
take_str(struct compile *c, struct rulecur *cur, size_t max)
{
	const char	*p;
	size_t		 len;
	char		*s;

	p = rulecur_str(cur, &len);
	if (len >= max || text_valid(p, len) != len)
		cur->failed = 1;
	if ((s = cur->failed ? strdup("") : strndup(p, len)) == NULL)
		c->nomem = 1;
	return s;
}

static void
crule_free(struct crule *r)
{
	uint32_t	 i;

	free(r->id);
	free(r->category);
	free(r->title);
	free(r->pattern);
	for (i = 0; r->tags != NULL && i < r->ntags; i++)
		free(r->tags[i]);
	free(r->tags);
}

static void
take_file(struct compile *c, struct rulecur *cur)
{
	char	**files;

	free(c->category);
	c->file = take_str(c, cur, MAX_IMAGE_STRING);
	c->category = take_str(c, cur, MAX_RULEREPORT_NAME);
	files = reallocarray(c->files, c->nfiles + 1, sizeof(*files));
	if (files == NULL) {
		free(c->file);
		c->file = NULL;
		c->nomem = 1;
		return;
	}
	c->files = files;
	c->files[c->nfiles++] = c->file;
}

static void
take_rule(struct compile *c, struct rulecur *cur)
{
	struct crule	*r;
	uint32_t	 i, n;
	size_t		 size;

	if (c->nrules == c->size) {
		size = c->size + c->size / 2 + 64;
		r = recallocarray(c->rules, c->size, size, sizeof(*r));
		if (r == NULL) {
			c->nomem = 1;
			return;
		}
		c->rules = r;
		c->size = size;
	}
	r = &c->rules[c->nrules++];
	r->line = rulecur_u32(cur);
	r->confidence = rulecur_u32(cur);
	r->severity = (uint8_t)rulecur_u8(cur);
	r->directions = (uint8_t)rulecur_u8(cur);
	r->flags = (uint8_t)rulecur_u8(cur);
	(void)rulecur_u8(cur);
	r->id = take_str(c, cur, MAX_RULEREPORT_NAME);
	r->title = take_str(c, cur, MAX_IMAGE_STRING);
	r->pattern = take_str(c, cur, MAX_IMAGE_STRING);
	if ((r->category = strdup(c->category)) == NULL)
		c->nomem = 1;
	r->file = (uint32_t)c->nfiles - 1;
	n = rulecur_u32(cur);
	if (c->nfiles == 0 || n > MAX_IMAGE_TAGS || r->id == NULL ||
	    r->id[0] == '\0' || r->confidence > 1000000 ||
	    r->severity >= SEV_COUNT || r->directions & ~IMAGE_DIR_ALL ||
	    r->flags & ~IMAGE_CASELESS || c->nrules > MAX_IMAGE_RULES)
		cur->failed = 1;
	if (cur->failed || n == 0)
		return;
	if ((r->tags = calloc(n, sizeof(*r->tags))) == NULL) {
		c->nomem = 1;
		return;
	}
	for (i = 0; i < n && !cur->failed; i++) {
		r->tags[i] = take_str(c, cur, MAX_IMAGE_STRING);
		r->ntags++;
	}
}

/*
 * A regular expression of a suppression, as PCRE2 is given it, in memory of
 * its own.  NULL after it was said why it never applies.
 */
static char *
take_regex(struct compile *c, uint32_t line, const char *id,
    const char *key, const char *pattern, int whole, unsigned int *flags)
{
	struct confirm_code	*code;
	const char		*why;
	char			*out, *all = NULL, err[160];

	*flags = 0;
	if ((out = malloc(RULESYNTAX_SIZE(strlen(pattern)))) == NULL) {
		c->nomem = 1;
		return NULL;
	}
	if ((why = rulesyntax(pattern, out, flags)) == NULL) {
		if (asprintf(&all, whole ? "\\A(?:%s)\\z" : "%s", out) == -1) {
			c->nomem = 1;
			all = NULL;
		} else if ((code = confirm_compile(c->confirm, all, *flags,
		    err, sizeof(err))) == NULL)
			why = err;
		else
			confirm_code_free(code);
	}
	free(out);
	if (why == NULL)
		return all;
	free(all);
	note(c, RULENOTE_WARNING, c->file, line, id, "never applies, %s: %s",
	    key, why);
	return NULL;
}

/* Strings of a list; the same into the records for gatewayd, if b is given. */
static void
take_list(struct compile *c, struct rulecur *cur, struct rulebuf *b)
{
	uint32_t	 i, n = rulecur_count(cur);
	char		*s;

	if (b != NULL)
		rulebuf_u32(b, n);
	for (i = 0; i < n && !cur->failed; i++) {
		s = take_str(c, cur, MAX_IMAGE_STRING);
		if (b != NULL)
			rulebuf_str(b, s);
		free(s);
	}
}

/* For which judges a strip is: none named means all. */
static uint32_t
take_kinds(struct compile *c, struct rulecur *cur, uint32_t line,
    const char *id)
{
	uint32_t	 all = 0, i, k, kinds = 0, n = rulecur_count(cur);
	char		*s;

	for (k = 1; k < JUDGE_KIND_COUNT; k++)
		all |= 1U << k;
	for (i = 0; i < n && !cur->failed; i++) {
		s = take_str(c, cur, MAX_IMAGE_STRING);
		for (k = 1; s != NULL && k < JUDGE_KIND_COUNT; k++)
			if (strcmp(s, judge_kind_name(k)) == 0)
				break;
		if (k < JUDGE_KIND_COUNT)
			kinds |= 1U << k;
		else if (s != NULL && !cur->failed)
			note(c, RULENOTE_WARNING, c->file, line, id,
			    "applies_to %.40s is no judge", s);
		free(s);
	}
	return n == 0 ? all : kinds;
}

static void
take_strip(struct compile *c, struct rulecur *cur)
{
	uint32_t	 kinds, line = rulecur_u32(cur);
	unsigned int	 flags;
	char		*id, *pattern, *regex = NULL;

	id = take_str(c, cur, MAX_IMAGE_STRING);
	pattern = take_str(c, cur, MAX_IMAGE_STRING);
	free(take_str(c, cur, MAX_IMAGE_STRING));
	if (c->file == NULL || c->nomem)
		cur->failed = 1;
	else {
		kinds = take_kinds(c, cur, line, id);
		if (!cur->failed)
			regex = take_regex(c, line, id, "pattern", pattern, 0,
			    &flags);
		c->report->suppressions++;
	}
	if (regex != NULL) {
		rulebuf_open(&c->judge, RULEREC_STRIP);
		rulebuf_u32(&c->judge, kinds);
		rulebuf_u32(&c->judge, flags);
		rulebuf_str(&c->judge, id);
		rulebuf_str(&c->judge, regex);
		rulebuf_close(&c->judge);
	}
	free(regex);
	free(pattern);
	free(id);
}

static void
put_suppression(struct compile *c, char *const s[5], uint32_t line)
{
	static const char *const conditions[] = { "", "is_epoch",
	    "is_platform_id" };
	unsigned int		 eflags, fflags = 0, i;
	char			*entity, *finding;

	for (i = 0; i < 3; i++)
		if (strcmp(s[3], conditions[i]) == 0)
			break;
	if (i == 3) {
		note(c, RULENOTE_WARNING, c->file, line, s[0], "never "
		    "applies, condition %.40s is none of is_epoch, "
		    "is_platform_id", s[3]);
		return;
	}
	if ((entity = take_regex(c, line, s[0], "entity_pattern", s[2], 0,
	    &eflags)) == NULL)
		return;
	/* one that is no expression may still be the id itself */
	finding = take_regex(c, line, s[0], "finding_pattern as an "
	    "expression", s[1], 1, &fflags);
	rulebuf_open(&c->judge, RULEREC_SUPPRESS);
	rulebuf_u32(&c->judge, i);
	rulebuf_u32(&c->judge, fflags);
	rulebuf_u32(&c->judge, eflags);
	rulebuf_str(&c->judge, s[0]);
	rulebuf_str(&c->judge, s[1]);
	rulebuf_str(&c->judge, finding);
	rulebuf_str(&c->judge, entity);
	rulebuf_close(&c->judge);
	free(entity);
	free(finding);
}

static void
take_suppression(struct compile *c, struct rulecur *cur)
{
	uint32_t	 line = rulecur_u32(cur);
	size_t		 i;
	char		*s[5] = { NULL, NULL, NULL, NULL, NULL };

	for (i = 0; i < 5; i++)
		s[i] = take_str(c, cur, MAX_IMAGE_STRING);
	if (c->file == NULL)
		cur->failed = 1;
	if (!cur->failed && !c->nomem) {
		c->report->suppressions++;
		/* an empty finding_pattern never applies */
		if (s[1][0] != '\0')
			put_suppression(c, s, line);
	}
	for (i = 0; i < 5; i++)
		free(s[i]);
}

static void
take_toolsup(struct compile *c, struct rulecur *cur)
{
	uint32_t	 line = rulecur_u32(cur);
	unsigned int	 flags;
	char		*pattern, *regex = NULL;

	pattern = take_str(c, cur, MAX_IMAGE_STRING);
	free(take_str(c, cur, MAX_IMAGE_STRING));
	if (c->file == NULL || c->nomem)
		cur->failed = 1;
	else if (!cur->failed) {
		c->report->suppressions++;
		regex = take_regex(c, line, "", "tool_pattern", pattern, 0,
		    &flags);
	}
	if (regex != NULL) {
		rulebuf_open(&c->judge, RULEREC_TOOLSUP);
		rulebuf_u32(&c->judge, flags);
		rulebuf_str(&c->judge, regex);
		take_list(c, cur, &c->judge);
		rulebuf_close(&c->judge);
	} else
		take_list(c, cur, NULL);
	free(regex);
	free(pattern);
}

static void
take_tool(struct compile *c, struct rulecur *cur)
{
	uint32_t	 min, flags;
	char		*name;

	(void)rulecur_u32(cur);
	min = rulecur_u32(cur);
	flags = rulecur_u32(cur);
	name = take_str(c, cur, MAX_IMAGE_STRING);
	if (!cur->failed)
		c->report->tools++;
	rulebuf_open(&c->judge, RULEREC_TOOL);
	rulebuf_u32(&c->judge, min);
	rulebuf_u32(&c->judge, flags);
	rulebuf_str(&c->judge, name);
	rulebuf_close(&c->judge);
	free(name);
}

/* A judge or one of its categories goes on as it is, once it is sound. */
static void
take_judge(struct compile *c, struct rulecur *cur, unsigned int type)
{
	const uint8_t	*all = cur->data;
	unsigned int	 kind, i;
	char		*s[2];

	if (type == RULEREC_JUDGE)
		(void)rulecur_u32(cur);
	kind = rulecur_u8(cur);
	if (kind < JUDGE_INJECTION || kind >= JUDGE_ADJUDICATION ||
	    rulecur_u8(cur) > 1)
		cur->failed = 1;
	if (type == RULEREC_JUDGE) {
		if (rulecur_u8(cur) > MAX_JUDGE_NAMES ||
		    rulecur_u8(cur) >= SEV_COUNT)
			cur->failed = 1;
		(void)rulecur_u32(cur);
	} else if (rulecur_u8(cur) >= SEV_COUNT ||
	    rulecur_u8(cur) >= SEV_COUNT)
		cur->failed = 1;
	for (i = 0; i < 2; i++) {
		s[i] = take_str(c, cur, type == RULEREC_JUDGE ?
		    MAX_RULEPACK_PROMPT + 1 : MAX_RULEREPORT_NAME);
		if (s[i] != NULL && type != RULEREC_JUDGE && s[i][0] == '\0')
			cur->failed = 1;
		free(s[i]);
	}
	if (!cur->failed)
		rulebuf_copy(&c->judge, type, all, cur->len);
}

static void
take_note(struct compile *c, struct rulecur *cur)
{
	unsigned int	 kind;
	uint32_t	 line = rulecur_u32(cur);
	char		*id, *reason;

	kind = rulecur_u8(cur);
	(void)rulecur_u8(cur);
	(void)rulecur_u16(cur);
	id = take_str(c, cur, MAX_IMAGE_STRING);
	reason = take_str(c, cur, MAX_IMAGE_STRING);
	if (kind < RULENOTE_WARNING || kind > RULENOTE_DISABLED ||
	    c->file == NULL)
		cur->failed = 1;
	if (!cur->failed && !c->nomem)
		note(c, (enum rulenote_kind)kind, c->file, line, id, "%s",
		    reason);
	free(id);
	free(reason);
}

static void
take_pack(struct compile *c, struct rulecur *cur)
{
	char	*name = take_str(c, cur, MAX_RULEREPORT_NAME);

	if (name != NULL)
		show(c->report->pack, sizeof(c->report->pack), name);
	free(name);
}

static void
take_record(struct compile *c, struct rulecur *cur, unsigned int type)
{
	switch (type) {
	case RULEREC_PACK:
		take_pack(c, cur);
		break;
	case RULEREC_FILE:
		take_file(c, cur);
		break;
	case RULEREC_RULE:
		if (c->category == NULL)
			cur->failed = 1;
		else
			take_rule(c, cur);
		break;
	case RULEREC_STRIP:
		take_strip(c, cur);
		break;
	case RULEREC_SUPPRESS:
		take_suppression(c, cur);
		break;
	case RULEREC_TOOLSUP:
		take_toolsup(c, cur);
		break;
	case RULEREC_JUDGE:
	case RULEREC_JUDGECAT:
		take_judge(c, cur, type);
		break;
	case RULEREC_TOOL:
		take_tool(c, cur);
		break;
	case RULEREC_NOTE:
		take_note(c, cur);
		break;
	default:
		cur->failed = 1;
	}
}

/* All records; -1: they are not what a reader of rule packs writes. */
static int
take_records(struct compile *c, const void *data, size_t len)
{
	struct rulecur	 all, one;
	unsigned int	 type;
	uint32_t	 n = 0;

	memset(&all, 0, sizeof(all));
	all.data = data;
	all.len = len;
	if (rulecur_header(&all) == -1)
		return -1;
	for (;;) {
		type = rulecur_u16(&all);
		if (rulecur_u16(&all) != 0)
			return -1;
		memset(&one, 0, sizeof(one));
		one.len = rulecur_u32(&all);
		if (all.failed || one.len > all.len - all.pos)
			return -1;
		one.data = all.data + all.pos;
		all.pos += one.len;
		if (type == RULEREC_END)
			return rulecur_u32(&one) == n && !one.failed &&
			    one.pos == one.len && all.pos == all.len ? 0 : -1;
		if (++n > MAX_RULEREC_RECORDS)
			return -1;
		take_record(c, &one, type);
		if (one.failed || one.pos != one.len || c->nomem)
			return -1;
	}
}

static void
drop_rule(struct compile *c, size_t i, const char *why)
{
	struct crule	*r = &c->rules[i];

	note(c, RULENOTE_SKIPPED, c->files[r->file], r->line, r->id, "%s",
	    why);
	crule_free(r);
	c->nrules--;
	memmove(r, r + 1, (c->nrules - i) * sizeof(*r));
}

/* Keeps the rules that compile, each on its own. */
static void
probe_rules(struct compile *c)
{
	char	 err[MAX_RULEREPORT_TEXT];
	size_t	 i = 0;

	while (i < c->nrules) {
		if (ruleimage_probe(&c->rules[i], c->confirm, &c->platform,
		    err, sizeof(err)) == -1)
			drop_rule(c, i, err);
		else
			i++;
	}
}

static void
free_databases(struct ruledb db[IMAGE_DATABASES])
{
	size_t	 i;

	for (i = 0; i < IMAGE_DATABASES; i++) {
		free(db[i].data);
		memset(&db[i], 0, sizeof(db[i]));
	}
}

/* All databases; 0, or -1 with the rule at fault in *bad, or -1 there. */
static int
compile_databases(struct compile *c, struct ruledb db[IMAGE_DATABASES],
    int *bad, char *err, size_t errlen)
{
	static const unsigned int	 kinds[IMAGE_DATABASES] = {
		IMAGE_PLAIN, IMAGE_COMMAND, IMAGE_SENTENCE
	};
	size_t				 i;

	for (i = 0; i < IMAGE_DATABASES; i++)
		if (ruleimage_database(c->rules, c->nrules, kinds[i],
		    &c->platform, &db[i], bad, err, errlen) == -1) {
			free_databases(db);
			return -1;
		}
	return 0;
}

/* All together; a rule that is too much only then is left out as well. */
static int
compile_rules(struct compile *c, struct ruledb db[IMAGE_DATABASES],
    char *err, size_t errlen)
{
	char	 ignored[256];
	int	 bad, i;

	for (i = 0; c->nrules > 0; i++) {
		if (compile_databases(c, db, &bad, err, errlen) == 0)
			return 0;
		if (bad < 0 || (size_t)bad >= c->nrules ||
		    i == MAX_RULECOMPILE_RETRIES)
			return -1;
		if (ruleimage_prefilter(&c->rules[bad], c->confirm,
		    &c->platform, ignored, sizeof(ignored)) == -1)
			drop_rule(c, (size_t)bad, err);
	}
	(void)snprintf(err, errlen, "no rule of the pack is left, %u were "
	    "skipped and %u are switched off", c->report->skipped,
	    c->report->disabled);
	return -1;
}

static void
count_rules(struct compile *c)
{
	struct rulereport	*r = c->report;
	struct crule		*rule;
	size_t			 i;
	uint32_t		 k;

	r->loaded = (uint32_t)c->nrules;
	for (i = 0; i < c->nrules; i++) {
		rule = &c->rules[i];
		r->prefiltered += rule->kind == IMAGE_PREFILTER;
		for (k = 0; k < r->ncategories; k++)
			if (strcmp(r->categories[k].category,
			    rule->category) == 0)
				break;
		if (k == MAX_RULEREPORT_CATEGORIES)
			continue;
		if (k == r->ncategories) {
			show(r->categories[k].category,
			    sizeof(r->categories[k].category),
			    rule->category);
			r->ncategories++;
		}
		r->categories[k].loaded++;
	}
}

static void
compile_free(struct compile *c)
{
	size_t	 i;

	for (i = 0; i < c->nrules; i++)
		crule_free(&c->rules[i]);
	for (i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->rules);
	free(c->files);
	free(c->category);
	rulebuf_free(&c->judge);
	confirm_free(c->confirm);
}

static void
hash_records(const void *data, size_t len, char hash[IMAGE_HASH_LEN + 1])
{
	unsigned char	 h[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(h, data, len);
	(void)sodium_bin2hex(hash, IMAGE_HASH_LEN + 1, h, sizeof(h));
}

int
rulecompile(const void *data, size_t len, uint8_t **image, size_t *imagelen,
    struct rulereport *report, char *err, size_t errlen)
{
	struct compile	 c;
	struct ruledb	 db[IMAGE_DATABASES];
	int		 rc = -1;

	memset(&c, 0, sizeof(c));
	memset(db, 0, sizeof(db));
	memset(report, 0, sizeof(*report));
	rulebuf_header(&c.judge);
	c.report = report;
	c.confirm = confirm_new();
	report->notes = calloc(MAX_RULEREPORT_NOTES, sizeof(*report->notes));
	if (c.confirm == NULL || report->notes == NULL)
		c.nomem = 1;
	else if (hs_populate_platform(&c.platform) != HS_SUCCESS)
		(void)snprintf(err, errlen,
		    "Hyperscan does not run on this processor");
	else if (take_records(&c, data, len) == -1 && !c.nomem)
		(void)snprintf(err, errlen,
		    "the rule records are damaged or too many");
	else if (!c.nomem) {
		probe_rules(&c);
		if (compile_rules(&c, db, err, errlen) == 0) {
			hash_records(data, len, report->hash);
			count_rules(&c);
			rulebuf_end(&c.judge);
			rc = c.judge.failed ? -1 : ruleimage_write(c.rules,
			    c.nrules, report->pack, report->hash, &c.judge,
			    db, image, imagelen);
			c.nomem = rc == -1;
		}
	}
	if (c.nomem) {
		(void)snprintf(err, errlen,
		    "out of memory, or the rules are too large");
		rc = -1;
	}
	free_databases(db);
	compile_free(&c);
	if (rc == -1)
		rulereport_free(report);
	return rc;
}

void
rulereport_free(struct rulereport *r)
{
	free(r->notes);
	memset(r, 0, sizeof(*r));
}
