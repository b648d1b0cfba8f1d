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

#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/judge.h"
#include "rulefile.h"
#include "rulepack.h"

/*
 * judge/NAME.yaml: what a model is told, which categories it may answer with
 * and how grave each is.
 */

struct rawcategory {
	char	*id;
	char	*severity[4];	/* in the order of severity_keys */
	int	 enabled;
};

/* which of them counts: the direction's, then the default, then the plain */
static const char *const severity_keys[] = { "severity_prompt",
    "severity_completion", "severity_default", "severity" };

/* What the reference knows of a category when the file says nothing. */
static const struct known {
	uint32_t	 kind;
	const char	*name;
	const char	*id;
	enum severity	 severity;
} known[] = {
	{ JUDGE_INJECTION, "Instruction Manipulation", "JUDGE-INJ-INSTRUCT",
	    SEV_HIGH },
	{ JUDGE_INJECTION, "Context Manipulation", "JUDGE-INJ-CONTEXT",
	    SEV_HIGH },
	{ JUDGE_INJECTION, "Obfuscation", "JUDGE-INJ-OBFUSC", SEV_CRITICAL },
	{ JUDGE_INJECTION, "Semantic Manipulation", "JUDGE-INJ-SEMANTIC",
	    SEV_MEDIUM },
	{ JUDGE_INJECTION, "Token Exploitation", "JUDGE-INJ-TOKEN",
	    SEV_HIGH },
	{ JUDGE_PII, "Email Address", "JUDGE-PII-EMAIL", SEV_HIGH },
	{ JUDGE_PII, "IP Address", "JUDGE-PII-IP", SEV_LOW },
	{ JUDGE_PII, "Phone Number", "JUDGE-PII-PHONE", SEV_HIGH },
	{ JUDGE_PII, "Driver's License Number", "JUDGE-PII-DL",
	    SEV_CRITICAL },
	{ JUDGE_PII, "Passport Number", "JUDGE-PII-PASSPORT", SEV_CRITICAL },
	{ JUDGE_PII, "Social Security Number", "JUDGE-PII-SSN",
	    SEV_CRITICAL },
	{ JUDGE_PII, "Username", "JUDGE-PII-USER", SEV_LOW },
	{ JUDGE_PII, "Password", "JUDGE-PII-PASS", SEV_CRITICAL },
	{ JUDGE_TOOL_INJECTION, "Instruction Manipulation",
	    "JUDGE-TOOL-INJ-INSTRUCT", SEV_HIGH },
	{ JUDGE_TOOL_INJECTION, "Context Manipulation",
	    "JUDGE-TOOL-INJ-CONTEXT", SEV_HIGH },
	{ JUDGE_TOOL_INJECTION, "Obfuscation", "JUDGE-TOOL-INJ-OBFUSC",
	    SEV_MEDIUM },
	{ JUDGE_TOOL_INJECTION, "Data Exfiltration", "JUDGE-TOOL-INJ-EXFIL",
	    SEV_CRITICAL },
	{ JUDGE_TOOL_INJECTION, "Destructive Commands",
	    "JUDGE-TOOL-INJ-DESTRUCT", SEV_CRITICAL },
	{ JUDGE_EXFIL, "Sensitive File Access", "JUDGE-EXFIL-FILE",
	    SEV_HIGH },
	{ JUDGE_EXFIL, "Exfiltration Channel", "JUDGE-EXFIL-CHANNEL",
	    SEV_HIGH },
};

static const struct known *
known_category(uint32_t kind, const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].kind == kind && strcmp(known[i].name, name) == 0)
			return &known[i];
	return NULL;
}

/* How many blanks a prompt has for us to fill in. */
static size_t
blanks(const char *s)
{
	size_t	 n = 0;

	for (; (s = strstr(s, "%s")) != NULL; s += 2)
		n++;
	return n;
}

/* Severity in one direction: the first of the keys that is given. */
static enum severity
pick(struct ruleyaml *y, const struct rawcategory *r, size_t direction,
    uint32_t line, enum severity fallback)
{
	const size_t	 order[] = { direction, 2, 3 };
	enum severity	 severity;
	const char	*s;
	size_t		 i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		s = r->severity[order[i]];
		if (s == NULL || s[0] == '\0')
			continue;
		if (severity_parse(s, &severity) == 0)
			return severity;
		ruleyaml_fail(y, line, "%s is none of CRITICAL HIGH MEDIUM "
		    "LOW INFO NONE", severity_keys[order[i]]);
	}
	return fallback;
}

static void
category_finish(struct ruleyaml *y, struct rulefile *f, uint32_t kind,
    const struct rawcategory *r, const char *name, uint32_t line)
{
	const struct known	*k = known_category(kind, name);
	enum severity		 fallback, prompt, completion;
	const char		*id = r->id;

	fallback = k != NULL ? k->severity : SEV_MEDIUM;
	if ((id == NULL || id[0] == '\0') && k != NULL)
		id = k->id;
	if (id == NULL || !rulefile_is_id(id))
		ruleyaml_fail(y, line, "finding_id is missing or has other "
		    "than letters, digits, . _ -");
	prompt = pick(y, r, 0, line, fallback);
	completion = pick(y, r, 1, line, fallback);
	if (y->failed)
		return;
	rulebuf_open(&f->recs, RULEREC_JUDGECAT);
	rulebuf_u8(&f->recs, kind);
	rulebuf_u8(&f->recs, r->enabled);
	rulebuf_u8(&f->recs, prompt);
	rulebuf_u8(&f->recs, completion);
	rulebuf_str(&f->recs, name);
	rulebuf_str(&f->recs, id);
	rulebuf_close(&f->recs);
}

static void
read_category(struct ruleyaml *y, struct rulefile *f, uint32_t kind,
    const struct ruleyaml_map *of)
{
	struct ruleyaml_map	 m;
	struct rawcategory	 r;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	r.enabled = 1;
	if (of->key[0] == '\0' || !rulefile_is_printable(of->key))
		ruleyaml_fail(y, of->line, "a category's name is empty or "
		    "has a control character");
	if (!ruleyaml_map(y, &m, "a category"))
		return;
	while (ruleyaml_key(y, &m)) {
		for (i = 0; i < 4; i++)
			if (strcmp(m.key, severity_keys[i]) == 0)
				break;
		if (i < 4)
			ruleyaml_str(y, m.key, MAX_RULEFILE_ID,
			    &r.severity[i]);
		else if (strcmp(m.key, "finding_id") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_ID - 1, &r.id);
		else if (strcmp(m.key, "enabled") == 0)
			ruleyaml_bool(y, m.key, &r.enabled);
		else
			rulefile_unknown(y, f, &m);
	}
	category_finish(y, f, kind, &r, of->key, of->line);
	for (i = 0; i < 4; i++)
		free(r.severity[i]);
	free(r.id);
}

static void
read_categories(struct ruleyaml *y, struct rulefile *cats, uint32_t kind,
    int *seen)
{
	struct ruleyaml_map	 m;

	if (!ruleyaml_map(y, &m, "categories"))
		return;
	while (ruleyaml_key(y, &m)) {
		*seen = 1;
		read_category(y, cats, kind, &m);
	}
}

struct rawjudge {
	char	*prompt;
	char	*adjudication;
	char	*name;
	char	*cap;
	int	 enabled;
	int	 min_high;
	int	 version;
	int	 categories;
};

static void
judge_key(struct ruleyaml *y, struct rulefile *f, struct rulefile *cats,
    uint32_t kind, const struct ruleyaml_map *m, struct rawjudge *r)
{
	int	 v;

	if (strcmp(m->key, "version") == 0) {
		ruleyaml_int(y, m->key, 1, 1, &v);
		r->version = 1;
	} else if (strcmp(m->key, "name") == 0)
		ruleyaml_str(y, m->key, MAX_RULEFILE_TEXT, &r->name);
	else if (strcmp(m->key, "enabled") == 0)
		ruleyaml_bool(y, m->key, &r->enabled);
	else if (strcmp(m->key, "system_prompt") == 0) {
		ruleyaml_str(y, m->key, MAX_RULEPACK_PROMPT, &r->prompt);
		if (kind == JUDGE_TOOL_INJECTION && r->prompt != NULL &&
		    r->prompt[0] != '\0' && blanks(r->prompt) != 1)
			ruleyaml_fail(y, m->line, "system_prompt must hold "
			    "%%s once, for the tool's name");
	} else if (strcmp(m->key, "adjudication_prompt") == 0) {
		ruleyaml_str(y, m->key, MAX_RULEPACK_PROMPT,
		    &r->adjudication);
		if (r->adjudication != NULL && r->adjudication[0] != '\0' &&
		    blanks(r->adjudication) != 2)
			ruleyaml_fail(y, m->line, "adjudication_prompt must "
			    "hold %%s twice, for the direction and what was "
			    "found");
	} else if (strcmp(m->key, "min_categories_for_high") == 0)
		ruleyaml_int(y, m->key, 0, MAX_JUDGE_NAMES, &r->min_high);
	else if (strcmp(m->key, "single_category_max_severity") == 0)
		ruleyaml_str(y, m->key, MAX_RULEFILE_ID, &r->cap);
	else if (strcmp(m->key, "categories") == 0)
		read_categories(y, cats, kind, &r->categories);
	else
		rulefile_unknown(y, f, m);
}

static void
judge_put(struct rulebuf *b, uint32_t kind, const struct rawjudge *r,
    enum severity cap)
{
	rulebuf_open(b, RULEREC_JUDGE);
	rulebuf_u32(b, 1);
	rulebuf_u8(b, kind);
	rulebuf_u8(b, r->enabled);
	rulebuf_u8(b, (unsigned int)r->min_high);
	rulebuf_u8(b, cap);
	rulebuf_u8(b, r->categories ? RULEREC_JUDGE_CATEGORIES : 0);
	rulebuf_u8(b, 0);
	rulebuf_u8(b, 0);
	rulebuf_u8(b, 0);
	rulebuf_str(b, r->prompt);
	rulebuf_str(b, r->adjudication);
	rulebuf_close(b);
}

static void
read_judge(struct ruleyaml *y, struct rulefile *f, uint32_t kind)
{
	struct ruleyaml_map	 m;
	struct rulefile		 cats;
	struct rawjudge		 r;
	enum severity		 cap = SEV_NONE;

	memset(&cats, 0, sizeof(cats));
	memset(&r, 0, sizeof(r));
	r.enabled = 1;
	if (!ruleyaml_map(y, &m, "the file"))
		ruleyaml_fail(y, 1, "the file is empty");
	while (ruleyaml_key(y, &m))
		judge_key(y, f, &cats, kind, &m, &r);
	rulefile_need_version(y, r.version);
	if (r.cap != NULL && r.cap[0] != '\0' &&
	    severity_parse(r.cap, &cap) == -1)
		ruleyaml_fail(y, 1, "single_category_max_severity is none of "
		    "CRITICAL HIGH MEDIUM LOW INFO NONE");
	if (!y->failed) {
		judge_put(&f->recs, kind, &r, cap);
		rulebuf_append(&f->recs, &cats.recs);
		rulebuf_append(&f->notes, &cats.notes);
	}
	rulebuf_free(&cats.recs);
	rulebuf_free(&cats.notes);
	free(r.prompt);
	free(r.adjudication);
	free(r.name);
	free(r.cap);
}

static void
read_injection(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	(void)c;
	read_judge(y, f, JUDGE_INJECTION);
}

static void
read_pii(struct ruleyaml *y, struct rulefile *f, struct rulefile_counts *c)
{
	(void)c;
	read_judge(y, f, JUDGE_PII);
}

static void
read_tool_injection(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	(void)c;
	read_judge(y, f, JUDGE_TOOL_INJECTION);
}

static void
read_exfil(struct ruleyaml *y, struct rulefile *f, struct rulefile_counts *c)
{
	(void)c;
	read_judge(y, f, JUDGE_EXFIL);
}

rulefile_reader *
rulejudge_reader(const char *name)
{
	static const struct {
		const char	*name;
		rulefile_reader	*reader;
	} readers[] = {
		{ "injection.yaml", read_injection },
		{ "pii.yaml", read_pii },
		{ "tool-injection.yaml", read_tool_injection },
		{ "exfil.yaml", read_exfil },
	};
	size_t	 i;

	for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (strcmp(name, readers[i].name) == 0)
			return readers[i].reader;
	return NULL;
}
