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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/detect/image.h"
#include "rulefile.h"
#include "rulepack.h"

#define MAX_RULEFILE_TAG	64	/* bytes of one */
#define MAX_RULEFILE_PHRASE	512	/* bytes of a literal */

/* A list of strings while it is read. */
struct strlist {
	char	*s[MAX_RULEREC_LIST];
	size_t	 n;
};

struct rawrule {
	char		*id;
	char		*pattern;
	char		*title;
	char		*severity;
	char		*expression;
	struct strlist	 tags;
	double		 confidence;
	uint32_t	 line;
	int		 enabled;
	int		 tool_call_only;
};

void
rulefile_note(struct rulefile *f, enum rulenote_kind kind, uint32_t line,
    const char *id, const char *fmt, ...)
{
	char	 text[256];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rulebuf_open(&f->notes, RULEREC_NOTE);
	rulebuf_u32(&f->notes, line);
	rulebuf_u8(&f->notes, kind);
	rulebuf_u8(&f->notes, 0);
	rulebuf_u8(&f->notes, 0);
	rulebuf_u8(&f->notes, 0);
	rulebuf_str(&f->notes, id);
	rulebuf_str(&f->notes, text);
	rulebuf_close(&f->notes);
}

void
rulefile_unknown(struct ruleyaml *y, struct rulefile *f,
    const struct ruleyaml_map *m)
{
	rulefile_note(f, RULENOTE_WARNING, m->line, "",
	    "unknown key %s is ignored", m->key);
	ruleyaml_skip(y);
}

/* The key version, in every file of a pack. */
static void
read_version(struct ruleyaml *y, int *seen)
{
	int	 v;

	ruleyaml_int(y, "version", 1, 1, &v);
	*seen = 1;
}

void
rulefile_need_version(struct ruleyaml *y, int seen)
{
	if (!seen)
		ruleyaml_fail(y, 1, "version is missing, it must be 1");
}

static void
read_list(struct ruleyaml *y, const char *key, size_t max, struct strlist *l)
{
	if (!ruleyaml_list(y, key))
		return;
	while (ruleyaml_item(y)) {
		if (l->n == MAX_RULEREC_LIST) {
			ruleyaml_fail(y, ruleyaml_line(y),
			    "%s has more than %d entries", key,
			    MAX_RULEREC_LIST);
			return;
		}
		l->s[l->n] = NULL;
		ruleyaml_str(y, key, max, &l->s[l->n]);
		if (l->s[l->n] != NULL)
			l->n++;
	}
}

static void
list_put(struct rulebuf *b, const struct strlist *l)
{
	size_t	 i;

	rulebuf_u32(b, (uint32_t)l->n);
	for (i = 0; i < l->n; i++)
		rulebuf_str(b, l->s[i]);
}

static void
list_free(struct strlist *l)
{
	while (l->n > 0)
		free(l->s[--l->n]);
}

int
rulefile_is_id(const char *s)
{
	return s[0] != '\0' && strlen(s) < MAX_RULEFILE_ID &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

int
rulefile_is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return 0;
	return 1;
}

static void
rule_put(struct rulebuf *b, const struct rawrule *r, enum severity severity,
    unsigned int directions, unsigned int flags)
{
	rulebuf_open(b, RULEREC_RULE);
	rulebuf_u32(b, r->line);
	rulebuf_u32(b, (uint32_t)(r->confidence * 1e6 + 0.5));
	rulebuf_u8(b, severity);
	rulebuf_u8(b, directions);
	rulebuf_u8(b, flags);
	rulebuf_u8(b, 0);
	rulebuf_str(b, r->id);
	rulebuf_str(b, r->title);
	rulebuf_str(b, r->pattern);
	list_put(b, &r->tags);
	rulebuf_close(b);
}

/*
 * A rule whose meaning is not whole is left out and named; a rule with a
 * condition we cannot evaluate would fire without it.
 */
static void
rule_finish(struct rulefile *f, const struct rawrule *r)
{
	const char	*why = NULL, *id;
	enum severity	 severity = SEV_NONE;
	struct rawrule	 whole = *r;

	id = r->id != NULL && rulefile_is_id(r->id) ? r->id : "";
	if (!r->enabled) {
		rulefile_note(f, RULENOTE_DISABLED, r->line, id,
		    "switched off by enabled: false");
		return;
	}
	if (id[0] == '\0')
		why = "id is missing or has other than letters, digits, . _ -";
	else if (r->expression != NULL && r->expression[0] != '\0')
		why = "it has an expression, and expressions are not evaluated";
	else if (r->pattern == NULL || r->pattern[0] == '\0')
		why = "pattern is missing";
	else if (strlen(r->pattern) > MAX_RULEPACK_REGEX)
		why = "pattern is too long";
	else if (r->severity == NULL ||
	    severity_parse(r->severity, &severity) == -1)
		why = "severity is none of CRITICAL HIGH MEDIUM LOW INFO NONE";
	else if (r->title != NULL && !rulefile_is_printable(r->title))
		why = "title has a control character";
	else if (r->tags.n > MAX_IMAGE_TAGS)
		why = "too many tags";
	if (why != NULL) {
		rulefile_note(f, RULENOTE_SKIPPED, r->line, id, "%s", why);
		return;
	}
	if (r->title == NULL || r->title[0] == '\0')
		whole.title = r->id;
	rule_put(&f->recs, &whole, severity, r->tool_call_only ?
	    IMAGE_DIR_TOOL_CALL : IMAGE_DIR_ALL, 0);
}

static void
read_rule(struct ruleyaml *y, struct rulefile *f)
{
	struct ruleyaml_map	 m;
	struct rawrule		 r;

	memset(&r, 0, sizeof(r));
	r.enabled = 1;
	r.line = ruleyaml_line(y);
	if (!ruleyaml_map(y, &m, "a rule"))
		return;
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "id") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_TEXT, &r.id);
		else if (strcmp(m.key, "pattern") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_SCALAR,
			    &r.pattern);
		else if (strcmp(m.key, "title") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_TEXT, &r.title);
		else if (strcmp(m.key, "severity") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_TEXT,
			    &r.severity);
		else if (strcmp(m.key, "confidence") == 0)
			ruleyaml_real(y, m.key, &r.confidence);
		else if (strcmp(m.key, "tags") == 0)
			read_list(y, m.key, MAX_RULEFILE_TAG, &r.tags);
		else if (strcmp(m.key, "enabled") == 0)
			ruleyaml_bool(y, m.key, &r.enabled);
		else if (strcmp(m.key, "expression") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_SCALAR,
			    &r.expression);
		else if (strcmp(m.key, "tool_call_only") == 0)
			ruleyaml_bool(y, m.key, &r.tool_call_only);
		else
			rulefile_unknown(y, f, &m);
	}
	if (!y->failed)
		rule_finish(f, &r);
	free(r.id);
	free(r.pattern);
	free(r.title);
	free(r.severity);
	free(r.expression);
	list_free(&r.tags);
}

/* Counts one more of a kind against its limit. */
static int
count(struct ruleyaml *y, const char *what, int *n, int max)
{
	if (y->failed)
		return -1;
	if (++*n > max) {
		ruleyaml_fail(y, ruleyaml_line(y), "more than %d %s", max,
		    what);
		return -1;
	}
	return 0;
}

void
rulefile_rules(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	struct ruleyaml_map	 m;
	char			*category = NULL;
	int			 n = 0, version = 0;

	if (!ruleyaml_map(y, &m, "the file"))
		ruleyaml_fail(y, 1, "the file is empty");
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "version") == 0)
			read_version(y, &version);
		else if (strcmp(m.key, "category") == 0) {
			ruleyaml_str(y, m.key, MAX_RULEFILE_TEXT, &category);
			if (category != NULL && category[0] != '\0' &&
			    !rulefile_is_id(category))
				ruleyaml_fail(y, m.line, "category has other "
				    "than letters, digits, . _ -");
		} else if (strcmp(m.key, "rules") == 0) {
			if (!ruleyaml_list(y, m.key))
				continue;
			while (ruleyaml_item(y) && count(y, "rules in a file",
			    &n, MAX_RULEPACK_FILE_RULES) == 0 &&
			    count(y, "rules", &c->rules,
			    MAX_RULEPACK_RULES) == 0)
				read_rule(y, f);
		} else
			rulefile_unknown(y, f, &m);
	}
	rulefile_need_version(y, version);
	if (!y->failed && category != NULL)
		(void)snprintf(f->category, sizeof(f->category), "%s",
		    category);
	free(category);
}

/*
 * local-patterns.yaml.  Every entry becomes a rule; the ids are the canonical
 * ones of the reference's audit details, so many entries share one id and a
 * text yields one finding per id.  Phrases about instructions, requests for
 * personal data and exfiltration are judged where a user speaks to a model;
 * data itself in both directions; none in a tool's arguments.
 */
struct local_kind {
	const char	*key;
	const char	*id;
	const char	*title;
	enum severity	 severity;
	unsigned int	 directions;
	int		 regex;
};

static const struct local_kind local_kinds[] = {
	{ "injection", "LP-INJ-IGNORE", "Prompt injection phrase",
	    SEV_HIGH, IMAGE_DIR_PROMPT, 0 },
	{ "injection_regexes", "LP-INJ-IGNORE", "Prompt injection phrase",
	    SEV_HIGH, IMAGE_DIR_PROMPT, 1 },
	{ "pii_requests", "LP-PII-REQUEST", "Request for personal data",
	    SEV_HIGH, IMAGE_DIR_PROMPT, 0 },
	{ "pii_data_regexes", "LP-PII-DATA", "Personal data",
	    SEV_HIGH, IMAGE_DIR_PROMPT | IMAGE_DIR_COMPLETION, 1 },
	{ "secrets", "LP-SECRET-MATCH", "Text that looks like a secret",
	    SEV_MEDIUM, IMAGE_DIR_PROMPT | IMAGE_DIR_COMPLETION, 0 },
	{ "exfiltration", "LP-EXFIL", "Exfiltration phrase",
	    SEV_HIGH, IMAGE_DIR_PROMPT, 0 },
};

#define LOCAL_CONFIDENCE	0.7	/* the lists carry none */

/*
 * A phrase as a pattern: its words with any white space between them, slashes
 * however many and spaced, beginning at the beginning of a word ("sk-" is not
 * in "risk-free").  It may end inside one, because many are prefixes.
 */
static char *
phrase_pattern(const char *s)
{
	char	*out, *p;
	size_t	 len = strlen(s);

	/* the longest replacement of one byte is \s*\/+\s* */
	if ((out = malloc(len * 9 + 3)) == NULL)
		return NULL;
	p = out;
	if (isalnum((unsigned char)s[0])) {
		memcpy(p, "\\b", 2);
		p += 2;
	}
	while (*s != '\0') {
		if (strchr(" \t\r\n", *s) != NULL) {
			s += strspn(s, " \t\r\n");
			memcpy(p, "\\s+", 3);
			p += 3;
		} else if (*s == '/') {
			s += strspn(s, "/");
			if (p != out) {
				memcpy(p, "\\s*", 3);
				p += 3;
			}
			memcpy(p, "/+\\s*", 5);
			p += 5;
		} else {
			if (strchr("\\.+*?()|[]{}^$-", *s) != NULL)
				*p++ = '\\';
			*p++ = *s++;
		}
	}
	*p = '\0';
	return out;
}

static void
local_entry(struct ruleyaml *y, struct rulefile *f,
    const struct local_kind *k)
{
	struct rawrule	 r;
	const char	*why = NULL;
	char		*id, *text = NULL, *title;

	memset(&r, 0, sizeof(r));
	r.line = ruleyaml_line(y);
	ruleyaml_str(y, k->key, MAX_RULEFILE_SCALAR, &text);
	if (text == NULL)
		return;
	id = strdup(k->id);
	title = strdup(k->title);
	if (!k->regex && k->id[3] == 'I' &&
	    strcasestr(text, "jailbreak") != NULL) {
		free(id);
		id = strdup("LP-INJ-JAILBREAK");
	} else if (!k->regex && strcmp(k->key, "exfiltration") == 0 &&
	    (text[0] == '/' || text[0] == '~')) {
		free(id);
		free(title);
		id = strdup("LP-SYSTEM-FILE");
		title = strdup("Path of a system file");
	}
	r.id = id;
	r.title = title;
	r.confidence = LOCAL_CONFIDENCE;
	r.pattern = k->regex ? strdup(text) : phrase_pattern(text);
	if (id == NULL || title == NULL || r.pattern == NULL)
		ruleyaml_fail(y, r.line, "out of memory");
	else if (text[strspn(text, " \t\r\n")] == '\0')
		why = "the entry is empty";
	else if (strlen(text) > (k->regex ? (size_t)MAX_RULEPACK_REGEX :
	    (size_t)MAX_RULEFILE_PHRASE))
		why = "the entry is too long";
	else
		rule_put(&f->recs, &r, k->severity, k->directions,
		    IMAGE_CASELESS);
	if (why != NULL)
		rulefile_note(f, RULENOTE_SKIPPED, r.line, id, "%s: %s",
		    k->key, why);
	free(text);
	free(id);
	free(title);
	free(r.pattern);
}

void
rulefile_local(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	const struct local_kind	*k = NULL;
	struct ruleyaml_map	 m;
	size_t			 i;
	int			 version = 0;

	if (!ruleyaml_map(y, &m, "the file"))
		ruleyaml_fail(y, 1, "the file is empty");
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "version") == 0) {
			read_version(y, &version);
			continue;
		}
		for (i = 0; i < sizeof(local_kinds) / sizeof(*k); i++)
			if (strcmp(m.key, local_kinds[i].key) == 0)
				break;
		if (i == sizeof(local_kinds) / sizeof(*k)) {
			rulefile_unknown(y, f, &m);
			continue;
		}
		k = &local_kinds[i];
		if (!ruleyaml_list(y, m.key))
			continue;
		while (ruleyaml_item(y) && count(y, "local patterns",
		    &c->patterns, MAX_RULEPACK_PATTERNS) == 0)
			local_entry(y, f, k);
	}
	rulefile_need_version(y, version);
	(void)snprintf(f->category, sizeof(f->category), "%s",
	    RULEFILE_LOCAL);
}

/* One entry of suppressions.yaml: up to five strings and a list. */
struct rawsupp {
	char		*s[5];
	struct strlist	 list;
	uint32_t	 line;
};

struct supp_kind {
	const char	*key;
	enum rulerec_type type;
	const char	*strings[5];
	const char	*list;
};

static const struct supp_kind supp_kinds[] = {
	{ "pre_judge_strips", RULEREC_STRIP,
	    { "id", "pattern", "context", NULL, NULL }, "applies_to" },
	{ "finding_suppressions", RULEREC_SUPPRESS,
	    { "id", "finding_pattern", "entity_pattern", "condition",
	    "reason" }, NULL },
	{ "tool_suppressions", RULEREC_TOOLSUP,
	    { "tool_pattern", "reason", NULL, NULL, NULL },
	    "suppress_findings" }
};

static void
supp_key(struct ruleyaml *y, struct rulefile *f, const struct supp_kind *k,
    struct ruleyaml_map *m, struct rawsupp *r)
{
	size_t	 i;

	for (i = 0; i < 5 && k->strings[i] != NULL; i++)
		if (strcmp(m->key, k->strings[i]) == 0) {
			ruleyaml_str(y, m->key, MAX_RULEFILE_TEXT, &r->s[i]);
			return;
		}
	if (k->list != NULL && strcmp(m->key, k->list) == 0)
		read_list(y, m->key, MAX_RULEFILE_ID, &r->list);
	else
		rulefile_unknown(y, f, m);
}

static void
read_supp(struct ruleyaml *y, struct rulefile *f, const struct supp_kind *k)
{
	struct ruleyaml_map	 m;
	struct rawsupp		 r;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	r.line = ruleyaml_line(y);
	if (!ruleyaml_map(y, &m, "a suppression"))
		return;
	while (ruleyaml_key(y, &m))
		supp_key(y, f, k, &m, &r);
	rulebuf_open(&f->recs, k->type);
	rulebuf_u32(&f->recs, r.line);
	for (i = 0; i < 5 && k->strings[i] != NULL; i++)
		rulebuf_str(&f->recs, r.s[i]);
	if (k->list != NULL)
		list_put(&f->recs, &r.list);
	rulebuf_close(&f->recs);
	for (i = 0; i < 5; i++)
		free(r.s[i]);
	list_free(&r.list);
}

void
rulefile_suppressions(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	struct ruleyaml_map	 m;
	size_t			 i, n = sizeof(supp_kinds) /
				    sizeof(supp_kinds[0]);
	int			 version = 0;

	if (!ruleyaml_map(y, &m, "the file"))
		ruleyaml_fail(y, 1, "the file is empty");
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "version") == 0) {
			read_version(y, &version);
			continue;
		}
		for (i = 0; i < n; i++)
			if (strcmp(m.key, supp_kinds[i].key) == 0)
				break;
		if (i == n) {
			rulefile_unknown(y, f, &m);
			continue;
		}
		if (!ruleyaml_list(y, m.key))
			continue;
		while (ruleyaml_item(y) && count(y, "suppressions",
		    &c->suppressions, MAX_RULEPACK_SUPPRESSIONS) == 0)
			read_supp(y, f, &supp_kinds[i]);
	}
	rulefile_need_version(y, version);
}

static void
read_tool(struct ruleyaml *y, struct rulefile *f)
{
	struct ruleyaml_map	 m;
	char			*name = NULL;
	uint32_t		 line = ruleyaml_line(y);
	int			 judge = 0, min = 1, result = 0;

	if (!ruleyaml_map(y, &m, "a tool"))
		return;
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "name") == 0)
			ruleyaml_str(y, m.key, MAX_RULEFILE_ID, &name);
		else if (strcmp(m.key, "result_inspection") == 0)
			ruleyaml_bool(y, m.key, &result);
		else if (strcmp(m.key, "judge_result") == 0)
			ruleyaml_bool(y, m.key, &judge);
		else if (strcmp(m.key, "min_entities_for_alert") == 0)
			ruleyaml_int(y, m.key, -1000000, 1000000, &min);
		else
			rulefile_unknown(y, f, &m);
	}
	if (name == NULL || name[0] == '\0')
		rulefile_note(f, RULENOTE_WARNING, line, "",
		    "a tool without a name is ignored");
	else {
		rulebuf_open(&f->recs, RULEREC_TOOL);
		rulebuf_u32(&f->recs, line);
		rulebuf_u32(&f->recs, min <= 0 ? 1 : (uint32_t)min);
		rulebuf_u8(&f->recs, result);
		rulebuf_u8(&f->recs, judge);
		rulebuf_u8(&f->recs, 0);
		rulebuf_u8(&f->recs, 0);
		rulebuf_str(&f->recs, name);
		rulebuf_close(&f->recs);
	}
	free(name);
}

void
rulefile_tools(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	struct ruleyaml_map	 m;
	int			 version = 0;

	if (!ruleyaml_map(y, &m, "the file"))
		ruleyaml_fail(y, 1, "the file is empty");
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "version") == 0)
			read_version(y, &version);
		else if (strcmp(m.key, "tools") == 0) {
			if (!ruleyaml_list(y, m.key))
				continue;
			while (ruleyaml_item(y) && count(y, "tools",
			    &c->tools, MAX_RULEPACK_TOOLS) == 0)
				read_tool(y, f);
		} else
			rulefile_unknown(y, f, &m);
	}
	rulefile_need_version(y, version);
}
