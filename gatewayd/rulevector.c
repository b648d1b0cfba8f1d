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

#include "common/detect/detect.h"
#include "common/json.h"
#include "common/utf8.h"
#include "rulepack.h"
#include "rulevector.h"

#define MAX_SHOWN	120	/* bytes of a text that failed */

static const char *const directions[] = {
	[DETECT_PROMPT] = "prompt",
	[DETECT_COMPLETION] = "completion",
	[DETECT_TOOL_CALL] = "tool_call"
};
#define NDIRECTIONS	(sizeof(directions) / sizeof(directions[0]))

/* --- from YAML ------------------------------------------------------------ */

/* one entry while it is read: its keys come in any order */
struct rawvector {
	char		*rule;
	char		*tool;
	char		*direction;
	struct text {
		char		*text;
		uint32_t	 line;
		int		 match;
	}		 texts[MAX_RULEREC_LIST];
	size_t		 ntexts;
	uint32_t	 line;
};

static void
vector_texts(struct ruleyaml *y, struct rawvector *v, const char *key,
    int match)
{
	struct text	*t;

	if (!ruleyaml_list(y, key))
		return;
	while (ruleyaml_item(y)) {
		if (v->ntexts == MAX_RULEREC_LIST) {
			ruleyaml_fail(y, ruleyaml_line(y), "more than %d "
			    "texts of one rule", MAX_RULEREC_LIST);
			return;
		}
		t = &v->texts[v->ntexts++];
		t->line = ruleyaml_line(y);
		t->match = match;
		ruleyaml_str(y, key, MAX_VECTOR_TEXT, &t->text);
	}
}

static void
vector_key(struct ruleyaml *y, struct rulefile *f, struct ruleyaml_map *m,
    struct rawvector *v)
{
	if (strcmp(m->key, "rule") == 0)
		ruleyaml_str(y, m->key, MAX_RULEFILE_ID - 1, &v->rule);
	else if (strcmp(m->key, "tool") == 0)
		ruleyaml_str(y, m->key, MAX_RULEFILE_ID - 1, &v->tool);
	else if (strcmp(m->key, "direction") == 0)
		ruleyaml_str(y, m->key, MAX_RULEFILE_ID - 1, &v->direction);
	else if (strcmp(m->key, "match") == 0)
		vector_texts(y, v, m->key, 1);
	else if (strcmp(m->key, "miss") == 0)
		vector_texts(y, v, m->key, 0);
	else {
		rulefile_note(f, RULENOTE_WARNING, m->line, "",
		    "unknown key %s is ignored", m->key);
		ruleyaml_skip(y);
	}
}

static void
vector_put(struct ruleyaml *y, struct rulefile *f, const struct rawvector *v)
{
	unsigned int	 dir = DETECT_TOOL_CALL;
	size_t		 i;

	if (v->rule == NULL || v->rule[0] == '\0') {
		ruleyaml_fail(y, v->line, "a vector needs the key rule");
		return;
	}
	if (v->direction != NULL) {
		for (dir = 0; dir < NDIRECTIONS; dir++)
			if (strcmp(v->direction, directions[dir]) == 0)
				break;
		if (dir == NDIRECTIONS) {
			ruleyaml_fail(y, v->line, "direction must be prompt, "
			    "completion or tool_call");
			return;
		}
	}
	for (i = 0; i < v->ntexts; i++) {
		rulebuf_open(&f->recs, RULEREC_VECTOR);
		rulebuf_u32(&f->recs, v->texts[i].line);
		rulebuf_u8(&f->recs, dir);
		rulebuf_u8(&f->recs, (unsigned int)v->texts[i].match);
		rulebuf_u8(&f->recs, 0);
		rulebuf_u8(&f->recs, 0);
		rulebuf_str(&f->recs, v->rule);
		rulebuf_str(&f->recs, v->tool);
		rulebuf_str(&f->recs, v->texts[i].text);
		rulebuf_close(&f->recs);
	}
}

static void
read_vector(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	struct ruleyaml_map	 m;
	struct rawvector	*v;
	size_t			 i;

	if ((v = calloc(1, sizeof(*v))) == NULL) {
		ruleyaml_fail(y, ruleyaml_line(y), "out of memory");
		return;
	}
	v->line = ruleyaml_line(y);
	if (ruleyaml_map(y, &m, "a vector"))
		while (ruleyaml_key(y, &m))
			vector_key(y, f, &m, v);
	if ((c->vectors += (int)v->ntexts) > MAX_VECTORS)
		ruleyaml_fail(y, v->line, "more than %d vectors",
		    MAX_VECTORS);
	if (!y->failed)
		vector_put(y, f, v);
	for (i = 0; i < v->ntexts; i++)
		free(v->texts[i].text);
	free(v->rule);
	free(v->tool);
	free(v->direction);
	free(v);
}

void
rulefile_vectors(struct ruleyaml *y, struct rulefile *f,
    struct rulefile_counts *c)
{
	struct ruleyaml_map	 m;
	int			 version = 0;

	if (!ruleyaml_map(y, &m, "the file"))
		ruleyaml_fail(y, 1, "the file is empty");
	while (ruleyaml_key(y, &m)) {
		if (strcmp(m.key, "version") == 0)
			ruleyaml_int(y, "version", 1, 1, &version);
		else if (strcmp(m.key, "vectors") != 0) {
			rulefile_note(f, RULENOTE_WARNING, m.line, "",
			    "unknown key %s is ignored", m.key);
			ruleyaml_skip(y);
		} else if (ruleyaml_list(y, m.key))
			while (ruleyaml_item(y))
				read_vector(y, f, c);
	}
	if (version == 0 && !y->failed)
		ruleyaml_fail(y, 1, "the key version: 1 is missing");
}

/* --- tried ---------------------------------------------------------------- */

struct tried {
	struct detect		*detect;
	struct detect_result	*result;
	const struct rulereport	*report;
	json_t			*failures;
	json_int_t		 checked;
	json_int_t		 failed;
	uint8_t			*seen;		/* per rule: 1 miss, 2 match */
	char			 file[MAX_RULEREPORT_NAME];
};

/* a string of the records, which may be longer than its place */
static void
take_str(struct rulecur *cur, char *buf, size_t size)
{
	const char	*s;
	size_t		 len;

	s = rulecur_str(cur, &len);
	if (s == NULL || len >= size) {
		cur->failed = 1;
		len = 0;
	}
	if (len != 0)
		memcpy(buf, s, len);
	buf[len] = '\0';
}

/* 0: no rule in force has this id */
static int
mark_rule(struct tried *t, const char *id, int match)
{
	size_t	i;
	int	found = 0;

	for (i = 0; i < detect_nrules(t->detect); i++)
		if (strcmp(detect_rule(t->detect, i)->id, id) == 0) {
			t->seen[i] |= match ? 2 : 1;
			found = 1;
		}
	return (found);
}

/* by the pack itself, so that packs can share their vectors */
static int
is_switched_off(const struct rulereport *rp, const char *id)
{
	uint32_t	i;

	for (i = 0; i < rp->nnotes; i++)
		if (rp->notes[i].kind == RULENOTE_DISABLED &&
		    strcmp(rp->notes[i].id, id) == 0)
			return (1);
	return (0);
}

static int
is_found(const struct detect_result *r, const char *id)
{
	size_t	i;

	for (i = 0; i < r->nfindings; i++)
		if (strcmp(r->findings[i].rule->id, id) == 0)
			return (1);
	return (0);
}

static void
vector_failed(struct tried *t, uint32_t line, const char *rule,
    const char *what, const char *text)
{
	char	shown[MAX_SHOWN];

	if (t->failed++ >= MAX_VECTOR_FAILURES)
		return;
	strlcpy(shown, text, sizeof(shown));
	/* cut between characters */
	while (!utf8_valid(shown, strlen(shown)))
		shown[strlen(shown) - 1] = '\0';
	json_array_append_new(t->failures, json_pack("{s:s,s:i,s:s,s:s,s:s}",
	    "file", t->file, "line", (int)line, "rule", rule, "what", what,
	    "text", shown));
}

static void
take_vector(struct tried *t, struct rulecur *cur)
{
	static char		 text[MAX_VECTOR_TEXT + 1];
	char			 rule[MAX_RULEFILE_ID], tool[MAX_RULEFILE_ID];
	struct detect_piece	 piece;
	uint32_t		 line;
	unsigned int		 dir, match;

	line = rulecur_u32(cur);
	dir = rulecur_u8(cur);
	match = rulecur_u8(cur);
	(void)rulecur_u16(cur);
	take_str(cur, rule, sizeof(rule));
	take_str(cur, tool, sizeof(tool));
	take_str(cur, text, sizeof(text));
	if (dir >= NDIRECTIONS || match > 1)
		cur->failed = 1;
	if (cur->failed)
		return;
	if (!mark_rule(t, rule, (int)match) &&
	    is_switched_off(t->report, rule))
		return;
	piece.text = text;
	piece.len = strlen(text);
	piece.kind = DETECT_PLAIN;
	t->checked++;
	if (detect_text(t->detect, (enum detect_direction)dir, tool[0] !=
	    '\0' ? tool : NULL, &piece, 1, t->result) == -1)
		vector_failed(t, line, rule, "cannot be inspected", text);
	else if (match && !is_found(t->result, rule))
		vector_failed(t, line, rule, "is not found", text);
	else if (!match && is_found(t->result, rule))
		vector_failed(t, line, rule, "is found", text);
}

/* -1: they are not what the reader writes */
static int
take_vectors(struct tried *t, const void *data, size_t len)
{
	struct rulecur	 all, one;
	unsigned int	 type;

	memset(&all, 0, sizeof(all));
	all.data = data;
	all.len = len;
	if (rulecur_header(&all) == -1)
		return (-1);
	for (;;) {
		type = rulecur_u16(&all);
		(void)rulecur_u16(&all);
		memset(&one, 0, sizeof(one));
		one.len = rulecur_u32(&all);
		if (all.failed || one.len > all.len - all.pos)
			return (-1);
		one.data = all.data + all.pos;
		all.pos += one.len;
		if (type == RULEREC_END)
			return (all.pos == all.len ? 0 : -1);
		if (type == RULEREC_FILE)
			take_str(&one, t->file, sizeof(t->file));
		else if (type == RULEREC_VECTOR)
			take_vector(t, &one);
		if (one.failed || t->checked > MAX_VECTORS)
			return (-1);
	}
}

/* --- the report ----------------------------------------------------------- */

static json_t *
rules_json(const struct detect *d)
{
	const struct match_rule	*r;
	json_t			*list = json_array();
	size_t			 i;

	for (i = 0; i < detect_nrules(d); i++) {
		r = detect_rule(d, i);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}",
		    "id", r->id, "category", r->category, "severity",
		    severity_name(r->severity), "title", r->title));
	}
	return (list);
}

static json_t *
notes_json(const struct rulereport *rp)
{
	static const char *const kinds[] = { "", "warning", "skipped",
	    "disabled" };
	const struct rulenote	*n;
	json_t			*list = json_array();
	uint32_t		 i;

	for (i = 0; i < rp->nnotes; i++) {
		n = &rp->notes[i];
		json_array_append_new(list, json_pack(
		    "{s:s,s:s,s:i,s:s,s:s}", "kind", kinds[n->kind], "file",
		    n->file, "line", (int)n->line, "rule", n->id, "reason",
		    n->reason));
	}
	return (list);
}

/* rules that lack a vector of either kind, each id once */
static json_t *
untested_json(const struct tried *t)
{
	json_t	*list = json_array();
	size_t	 i, j;

	for (i = 0; i < detect_nrules(t->detect); i++) {
		for (j = 0; j < i; j++)
			if (strcmp(detect_rule(t->detect, i)->id,
			    detect_rule(t->detect, j)->id) == 0)
				break;
		if (j == i && t->seen[i] != 3)
			json_array_append_new(list, json_string(
			    detect_rule(t->detect, i)->id));
	}
	return (list);
}

char *
rulevector_report(const void *recs, size_t len, const struct rulereport *rp,
    const void *image, size_t imagelen, char *err, size_t errlen)
{
	struct tried	 t;
	json_t		*j = NULL;
	char		*text = NULL;

	memset(&t, 0, sizeof(t));
	if ((t.detect = detect_open(image, imagelen, err, errlen)) == NULL)
		return (NULL);
	(void)snprintf(err, errlen, "out of memory, or text that is no "
	    "UTF-8");
	t.result = calloc(1, sizeof(*t.result));
	t.report = rp;
	t.seen = calloc(detect_nrules(t.detect) + 1, 1);
	t.failures = json_array();
	if (t.result == NULL || t.seen == NULL || t.failures == NULL)
		goto out;
	if (take_vectors(&t, recs, len) == -1)
		(void)snprintf(err, errlen, "the vectors are damaged");
	else
		j = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:o,s:o,"
		    "s:{s:I,s:I,s:O,s:o}}", "pack", rp->pack, "hash",
		    rp->hash, "loaded", (json_int_t)rp->loaded,
		    "prefiltered", (json_int_t)rp->prefiltered, "skipped",
		    (json_int_t)rp->skipped, "disabled",
		    (json_int_t)rp->disabled, "rules", rules_json(t.detect),
		    "notes", notes_json(rp), "vectors", "checked", t.checked,
		    "failed", t.failed, "failures", t.failures, "untested",
		    untested_json(&t));
	if (j != NULL)
		text = json_text(j);
out:
	json_decref(j);
	json_decref(t.failures);
	free(t.seen);
	free(t.result);
	detect_close(t.detect);
	return (text);
}
