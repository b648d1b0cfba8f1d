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
#include "common/detect/confirm.h"
#include "common/detect/text.h"
#include "rulecompile.h"
#include "ruleimage.h"
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

/* A regular expression of a suppression: said when it can never apply. */
static void
check_regex(struct compile *c, uint32_t line, const char *id,
    const char *key, const char *pattern)
{
	struct confirm_code	*code;
	const char		*why;
	unsigned int		 flags = 0;
	char			*out, err[160];

	if (pattern == NULL || c->file == NULL)
		return;
	if ((out = malloc(RULESYNTAX_SIZE(strlen(pattern)))) == NULL) {
		c->nomem = 1;
		return;
	}
	if ((why = rulesyntax(pattern, out, &flags)) == NULL) {
		code = confirm_compile(c->confirm, out, flags, err,
		    sizeof(err));
		if (code == NULL)
			why = err;
		confirm_code_free(code);
	}
	if (why != NULL)
		note(c, RULENOTE_WARNING, c->file, line, id,
		    "never applies, %s: %s", key, why);
	free(out);
}

static void
take_list(struct compile *c, struct rulecur *cur)
{
	uint32_t	 i, n = rulecur_u32(cur);

	if (n > MAX_RULEREC_LIST)
		cur->failed = 1;
	for (i = 0; i < n && !cur->failed; i++)
		free(take_str(c, cur, MAX_IMAGE_STRING));
}

/* Suppressions are checked here and used by the judge. */
static void
take_suppression(struct compile *c, struct rulecur *cur, unsigned int type)
{
	uint32_t	 line = rulecur_u32(cur);
	size_t		 i, n;
	char		*s[5] = { NULL, NULL, NULL, NULL, NULL };

	n = type == RULEREC_STRIP ? 3 : type == RULEREC_SUPPRESS ? 5 : 2;
	for (i = 0; i < n; i++)
		s[i] = take_str(c, cur, MAX_IMAGE_STRING);
	if (type != RULEREC_SUPPRESS)
		take_list(c, cur);
	if (c->file == NULL)
		cur->failed = 1;
	if (!cur->failed && !c->nomem) {
		c->report->suppressions++;
		if (type == RULEREC_STRIP)
			check_regex(c, line, s[0], "pattern", s[1]);
		else if (type == RULEREC_TOOLSUP)
			check_regex(c, line, "", "tool_pattern", s[0]);
		else {
			check_regex(c, line, s[0], "entity_pattern", s[2]);
			if (s[3][0] != '\0' && strcmp(s[3], "is_epoch") != 0 &&
			    strcmp(s[3], "is_platform_id") != 0)
				note(c, RULENOTE_WARNING, c->file, line, s[0],
				    "never applies, condition %.40s is none "
				    "of is_epoch, is_platform_id", s[3]);
		}
	}
	for (i = 0; i < n; i++)
		free(s[i]);
}

static void
take_tool(struct compile *c, struct rulecur *cur)
{
	(void)rulecur_u32(cur);
	(void)rulecur_u32(cur);
	(void)rulecur_u32(cur);
	free(take_str(c, cur, MAX_IMAGE_STRING));
	if (!cur->failed)
		c->report->tools++;
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
	case RULEREC_SUPPRESS:
	case RULEREC_TOOLSUP:
		take_suppression(c, cur, type);
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
			rc = ruleimage_write(c.rules, c.nrules, report->pack,
			    report->hash, db, image, imagelen);
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
