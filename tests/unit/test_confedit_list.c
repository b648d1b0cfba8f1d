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

#include "ctl/confedit.h"
#include "tests/unit/test.h"

#include <stdarg.h>

/*
 * Sinks are added to, changed in and taken out of texts as people write
 * them.
 */

static struct conf_report	 rep;
static char			 err[MAX_CONFEDIT_ERR];

/* one edit: a sink's name; its values, or NULL to remove it */
static const struct {
	const char		*in, *name;
	struct sink_value	 v[4];
	const char		*out;		/* or a piece of the reason */
	int			 refused;
} edits[] = {
#define KIND(k)	{ "kind", NULL, k }
	/* a list is begun */
	{ "", "f", { KIND("file") },
	  "audit_sinks:\n  - name: f\n    kind: file\n", 0 },
	{ "# c", "f", { KIND("file") },
	  "# c\naudit_sinks:\n  - name: f\n    kind: file\n", 0 },
	{ "log:\n  level: info\n# end\n", "f", { KIND("file") },
	  "log:\n  level: info\naudit_sinks:\n  - name: f\n    kind: file\n"
	  "# end\n", 0 },
	{ "audit_sinks:   # none\nlog:\n", "f", { KIND("file") },
	  "audit_sinks:   # none\n  - name: f\n    kind: file\nlog:\n", 0 },
	{ "audit_sinks: [] # none\nlog:\n", "f", { KIND("file") },
	  "audit_sinks: # none\n  - name: f\n    kind: file\nlog:\n", 0 },
	{ "audit_sinks: ~", "f", { KIND("file") },
	  "audit_sinks:\n  - name: f\n    kind: file\n", 0 },
	{ "log:\r\n", "f", { KIND("file") },
	  "log:\r\naudit_sinks:\r\n  - name: f\r\n    kind: file\r\n", 0 },
	/* or gone on with as it is */
	{ "audit_sinks:\n- kind: file\n  name: a # 1\n\n# next\nlog:\n", "f",
	  { KIND("file") }, "audit_sinks:\n- kind: file\n  name: a # 1\n"
	  "- name: f\n  kind: file\n\n# next\nlog:\n", 0 },
	{ "audit_sinks:\n   -    name: a\n        kind: file\n", "f",
	  { KIND("file") }, "audit_sinks:\n   -    name: a\n"
	  "        kind: file\n   -    name: f\n        kind: file\n", 0 },
	{ "audit_sinks:\n  -\n    name: a\n    kind: file", "f",
	  { KIND("file") }, "audit_sinks:\n  -\n    name: a\n    kind: file\n"
	  "  - name: f\n    kind: file\n", 0 },
	/* with what it is to say */
	{ "", "f", { KIND("file"), { "batch_size", NULL, "7" },
	  { "file.rotate_mb", NULL, "5" }, { "actions", NULL, "a,b: c" } },
	  "audit_sinks:\n  - name: f\n    kind: file\n    batch_size: 7\n"
	  "    actions: [a, 'b: c']\n    file:\n      rotate_mb: 5\n", 0 },
	{ "", "j", { KIND("http_jsonl"), { "http_jsonl.url", NULL,
	  "http://h" }, { "http_jsonl.headers", "X.Y", "it's" } },
	  "audit_sinks:\n  - name: j\n    kind: http_jsonl\n"
	  "    http_jsonl:\n      url: 'http://h'\n      headers:\n"
	  "        X.Y: 'it''s'\n", 0 },
	/* changed where it stands, or said once more */
	{ "audit_sinks:\n- name: 'f'   # one\n  kind: file\n  enabled: true "
	  "# on\n- {name: b, kind: file}\n", "f", { { "enabled", NULL,
	  "false" } }, "audit_sinks:\n- name: 'f'   # one\n  kind: file\n"
	  "  enabled: false # on\n- {name: b, kind: file}\n", 0 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  file:   # f\n    "
	  "rotate_mb: 5\n  # tail\n- name: b\n  kind: file\n", "f",
	  { { "file.rotate_files", NULL, "2" }, { "enabled", NULL, "false" } },
	  "audit_sinks:\n- name: f\n  kind: file\n  enabled: false\n"
	  "  file:   # f\n    rotate_mb: 5\n    rotate_files: 2\n  # tail\n"
	  "- name: b\n  kind: file\n", 0 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  file:\n", "f",
	  { { "file.rotate_mb", NULL, "9" } }, "audit_sinks:\n- name: f\n"
	  "  kind: file\n  file:\n    rotate_mb: 9\n", 0 },
	{ "audit_sinks:\n- {name: f, kind: file, enabled: true}\n", "f",
	  { { "enabled", NULL, "false" } },
	  "audit_sinks:\n- {name: f, kind: file, enabled: false}\n", 0 },
	{ "audit_sinks: [{name: f, kind: file, enabled: true}]\n", "f",
	  { { "enabled", NULL, "false" } },
	  "audit_sinks: [{name: f, kind: file, enabled: false}]\n", 0 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  actions:\n  - a\n  - b\n"
	  "  enabled: true\n", "f", { { "actions", NULL, "c" } },
	  "audit_sinks:\n- name: f\n  kind: file\n  actions: [c]\n"
	  "  enabled: true\n", 0 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  actions: [a,\n    b]\n",
	  "f", { { "actions", NULL, "c,d" } }, "audit_sinks:\n- name: f\n"
	  "  kind: file\n  actions: [c, d]\n", 0 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  actions:\n    - a\n", "f",
	  { { "actions", NULL, "a" } }, "audit_sinks:\n- name: f\n"
	  "  kind: file\n  actions:\n    - a\n", 0 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  batch_size:   500\n", "f",
	  { KIND("file"), { "batch_size", NULL, "500" } }, "audit_sinks:\n"
	  "- name: f\n  kind: file\n  batch_size:   500\n", 0 },
	/* taken out, with what is in it and not what is beside it */
	{ "audit_sinks:\n# one\n- name: a\n  kind: file\n  # in it\n  file:\n"
	  "    rotate_mb: 1\n# two\n- name: b\n  kind: file\n# end\n", "a",
	  { { NULL, NULL, NULL } }, "audit_sinks:\n# one\n# two\n- name: b\n"
	  "  kind: file\n# end\n", 0 },
	{ "audit_sinks: # all\n-\n  # a\n  name: a\n  kind: file\nlog:\n",
	  "a", { { NULL, NULL, NULL } }, "audit_sinks: # all\nlog:\n", 0 },
	{ "audit_sinks:\n  - {name: a, kind: file}\n  - {name: b,\n     "
	  "kind: file}", "b", { { NULL, NULL, NULL } },
	  "audit_sinks:\n  - {name: a, kind: file}\n", 0 },
	{ "audit_sinks:\n- name: a\n  kind: file\n  actions:\n  - x\n"
	  "  - y\n- name: b\n  kind: file\n", "a", { { NULL, NULL, NULL } },
	  "audit_sinks:\n- name: b\n  kind: file\n", 0 },
	/* what cannot be done safely is refused */
	{ "audit_sinks: [{name: a, kind: file}]\n", "f", { KIND("file") },
	  "written with [ ]", 1 },
	{ "audit_sinks: [{name: a, kind: file}]\n", "a",
	  { { NULL, NULL, NULL } }, "written with [ ]", 1 },
	{ "audit_sinks:\n- {name: f, kind: file}\n", "f", { { "enabled", NULL,
	  "false" } }, "written with { }", 1 },
	{ "{}\n", "f", { KIND("file") }, "written with { }", 1 },
	{ "{log: {level: info}}\n", "f", { KIND("file") },
	  "written with { }", 1 },
	{ "audit_sinks:\n- name: f\n  kind: file\n  actions:\n  - a # why\n",
	  "f", { { "actions", NULL, "c" } }, "hold comments", 1 },
	{ "audit_sinks:\n- name: f\n  kind: file\n", "f",
	  { KIND("syslog") }, "choose another --name", 1 },
	{ "", "f", { { "enabled", NULL, "false" } }, "no sink of this name",
	  1 },
	{ "audit_sinks:\n- name: f\n  kind: file\n", "g",
	  { { NULL, NULL, NULL } }, "no sink of this name", 1 },
	{ "", "F", { KIND("file") }, "lower case", 1 },
	{ "", "f", { KIND("file"), { "batch_size", NULL, "0" } },
	  "batch_size: must be a number from 1 to 8192", 1 },
	{ "", "f", { KIND("file"), { "syslog.endpoint", NULL, "h" } },
	  "is not the section of this sink's kind", 1 },
	{ "", "f", { KIND("syslog") }, "must be HOST:PORT", 1 },
	{ "zz: 1\n", "f", { KIND("file") }, "unknown key", 1 },
	{ "audit_sinks: x\n", "f", { KIND("file") }, "must be a list", 1 },
	/* the newline we would need is part of the text before it */
	{ "otel:\n  text: |\n    a", "f", { KIND("file") },
	  "other keys", 1 },
};

static void
table(void)
{
	char	*out;
	size_t	 i, len;
	int	 n, rv;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		for (n = 0; n < 4 && edits[i].v[n].key != NULL; n++)
			continue;
		err[0] = '\0';
		rv = n == 0 ? confedit_sink_remove(edits[i].in,
		    strlen(edits[i].in), edits[i].name, &out, &len, err,
		    sizeof(err)) : confedit_sink_put(edits[i].in,
		    strlen(edits[i].in), edits[i].name, edits[i].v, n, &out,
		    &len, err, sizeof(err));
		if ((rv != 0) != edits[i].refused)
			fprintf(stderr, "case %zu: %s%s\n", i, err,
			    rv == 0 ? out : "");
		CHECK_INT(rv != 0, edits[i].refused);
		if (rv == 0) {
			CHECK_STR(out, edits[i].out);
			CHECK_INT(len, strlen(out));
		} else {
			if (strstr(err, edits[i].out) == NULL)
				fprintf(stderr, "case %zu: %s\n", i, err);
			CHECK(strstr(err, edits[i].out) != NULL);
			CHECK(out == NULL);
		}
		free(out);
	}
}

/* --- any edits of any text ------------------------------------------------ */

/* xorshift64*, so that every run is the same */
static unsigned long long	 seed = 20261124;

static unsigned
rnd(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((unsigned)((seed * 2685821657736338717ULL) >> 33) % n);
}

#define MAX_MODEL	6

/* what the list must say, in its order */
static struct model {
	int	 n;
	struct {
		char	 name[16];
		int	 kind;
		int	 enabled;
		int	 batch_size;
		char	 text[32];	/* index, url_path, source */
		int	 nactions;
	} sink[MAX_MODEL];
} model;

static const char *const	 kinds[] = { "splunk_hec", "otlp_logs",
    "http_jsonl", "syslog", "file" };
static const char *const	 text_key[] = { "splunk_hec.index",
    "otlp_logs.logger_name", "http_jsonl.auth_header", "syslog.path",
    "token_secret" };
static const char *const	 texts[] = { "/a", "/b/c#d", "/e: f", "/'g'" };

static const char *
text_for(int kind)
{
	return (kind == 4 ? "t" : texts[rnd(4)]);
}

static void
append(char *buf, size_t size, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

static void
append(char *buf, size_t size, const char *fmt, ...)
{
	size_t	n = strlen(buf);
	va_list	ap;

	va_start(ap, fmt);
	CHECK(vsnprintf(buf + n, size - n, fmt, ap) < (int)(size - n));
	va_end(ap);
}

static void
some_lines(char *buf, size_t size, const char *indent)
{
	switch (rnd(6)) {
	case 0:
		append(buf, size, "\n");
		break;
	case 1:
		append(buf, size, "%s# a: comment\n", indent);
		break;
	case 2:
		append(buf, size, "# - name: at the margin\n");
		break;
	default:
		break;
	}
}

static void
random_section(char *buf, size_t size, const char *in, int i)
{
	int	kind = model.sink[i].kind;

	if (kind == 4)
		return;
	append(buf, size, "%s%s:%s\n%s  ", in, kinds[kind], rnd(3) == 0 ?
	    "  # where" : "", in);
	append(buf, size, kind == 0 ? "endpoint: 'https://h%d'" : kind == 1 ?
	    "endpoint: h%d" : kind == 2 ? "url: http://h%d/x" :
	    "endpoint: h%d:1", i);
	append(buf, size, "\n");
	some_lines(buf, size, in);
}

/* one element as somebody may have written it */
static void
random_sink(char *buf, size_t size, const char *pad, int i)
{
	char	in[32];

	model.sink[i].kind = (int)rnd(5);
	model.sink[i].enabled = 1;
	model.sink[i].batch_size = 500;
	snprintf(model.sink[i].name, sizeof(model.sink[i].name), "s%d", i);
	snprintf(in, sizeof(in), "%s  ", pad);
	if (rnd(5) == 0)
		append(buf, size, "%s-\n%s", pad, in);
	else
		append(buf, size, "%s- ", pad);
	append(buf, size, rnd(2) ? "name: s%d\n%skind: %s\n" :
	    "name: \"s%d\"  # its name\n%skind: '%s'\n", i, in,
	    kinds[model.sink[i].kind]);
	some_lines(buf, size, in);
	if (model.sink[i].kind == 0)
		append(buf, size, "%stoken_secret: t\n", in);
	if (rnd(2))
		append(buf, size, "%senabled: true   # on\n", in);
	if (rnd(3) == 0) {
		model.sink[i].nactions = 2;
		append(buf, size, rnd(2) ? "%sactions: [x, y]\n" :
		    "%1$sactions:\n%1$s- x\n%1$s- y\n", in);
	}
	random_section(buf, size, in, i);
	if (rnd(3) == 0) {
		model.sink[i].batch_size = 17;
		append(buf, size, "%sbatch_size: 17\n", in);
	}
}

static void
random_file(char *buf, size_t size)
{
	static const char *const before[] = { "# head\n",
	    "otel:\n  a: {b: 1}\n", "guardrail:\n  # mine\n  mode: observe\n", "---\n", "" };
	static const char *const after[] = { "\n# tail\n",
	    "log:\n  level: info # why\n", "webhooks:\n- text: |\n    - name: s0\n\n", "" };
	static const char *const pads[] = { "", "  ", "    " };
	const char		*pad = pads[rnd(3)];
	int			 i;

	memset(&model, 0, sizeof(model));
	buf[0] = '\0';
	append(buf, size, "%s", before[rnd(5)]);
	if ((model.n = (int)rnd(4)) != 0) {
		append(buf, size, "audit_sinks:%s\n", rnd(2) ? "  # list" :
		    "");
		some_lines(buf, size, pad);
	} else if (rnd(2))
		append(buf, size, "audit_sinks:%s\n", rnd(2) ? " []" : "");
	for (i = 0; i < model.n; i++) {
		random_sink(buf, size, pad, i);
		some_lines(buf, size, pad);
	}
	append(buf, size, "%s", after[rnd(4)]);
	if (rnd(5) == 0 && buf[0] != '\0')
		buf[strlen(buf) - 1] = '\0';
}

/* does the text say what the model says */
static void
compare(const char *text, size_t len)
{
	static struct conf	 c;
	const struct conf_sink	*s;
	const struct key	*k;
	char			 got[MAX_CONF_URL];
	int			 i;

	if (conf_parse(text, len, "t", &c, &rep) == -1) {
		conf_msg_text(&rep, &rep.msgs[0], err, sizeof(err));
		fprintf(stderr, "%s\n%s\n", err, text);
	}
	CHECK_INT(rep.nerrors, 0);
	CHECK_INT(c.nsinks, model.n);
	/* a new one stands where its name does */
	for (i = 0; i < model.n; i++) {
		for (s = c.sinks; s < c.sinks + c.nsinks; s++)
			if (strcmp(s->name, model.sink[i].name) == 0)
				break;
		CHECK(s < c.sinks + c.nsinks);
		CHECK_INT(s->kind, model.sink[i].kind);
		CHECK_INT(s->enabled, model.sink[i].enabled);
		CHECK_INT(s->batch_size, model.sink[i].batch_size);
		CHECK_INT(s->nactions, model.sink[i].nactions);
		if (model.sink[i].text[0] == '\0')
			continue;
		k = schema_sink_find(text_key[model.sink[i].kind]);
		schema_get(k, s, got, sizeof(got));
		CHECK_STR(got, model.sink[i].text);
	}
}

/* bytes before the dash of a sink and after its last line */
static void
extent(const char *text, size_t len, const char *name, size_t *before,
    size_t *after)
{
	struct ytree	t;
	const char	*p, *end = text + len;
	int		i, c, list, last = 0;

	CHECK_INT(ytree_parse(&t, text, len), 0);
	list = ytree_child(&t, 0, "audit_sinks", 11);
	CHECK(list != -1);
	for (i = t.n[list].child; i != 0; i = t.n[i].next) {
		c = ytree_child(&t, i, "name", 4);
		if (strcmp(t.n[c].val, name) == 0)
			break;
	}
	CHECK(i != 0);
	p = text + t.n[i].start;
	while (*p != '-')
		p--;
	while (p > text && p[-1] != '\n')
		p--;
	*before = (size_t)(p - text);
	last = t.n[i].vendline;
	for (p = text; p < end && last > 0; p++)
		last -= *p == '\n';
	*after = (size_t)(end - p);
	ytree_free(&t);
}

static int
model_find(const char *name)
{
	int	i;

	for (i = 0; i < model.n; i++)
		if (strcmp(model.sink[i].name, name) == 0)
			return (i);
	return (-1);
}

/* values to set, and in the model */
static int
random_values(int i, int new, struct sink_value *v, char num[8])
{
	static const char *const	 ends[] = { "splunk_hec.endpoint",
	    "otlp_logs.endpoint", "http_jsonl.url", "syslog.endpoint" };
	static const char *const	 where[] = { "https://n", "n:1",
	    "https://n/?q=1", "n:2" };
	int				 kind = model.sink[i].kind, n = 0;

	v[n++] = (struct sink_value){ "kind", NULL, kinds[kind] };
	if (new && kind != 4)
		v[n++] = (struct sink_value){ ends[kind], NULL, where[kind] };
	if (new && kind == 0)
		v[n++] = (struct sink_value){ "token_secret", NULL, "t" };
	if (rnd(2)) {
		model.sink[i].enabled = (int)rnd(2);
		v[n++] = (struct sink_value){ "enabled", NULL,
		    model.sink[i].enabled ? "true" : "false" };
	}
	if (rnd(2)) {
		model.sink[i].batch_size = 1 + (int)rnd(8192);
		snprintf(num, 8, "%d", model.sink[i].batch_size);
		v[n++] = (struct sink_value){ "batch_size", NULL, num };
	}
	if (rnd(2)) {
		strlcpy(model.sink[i].text, text_for(kind),
		    sizeof(model.sink[i].text));
		v[n++] = (struct sink_value){ text_key[kind], NULL,
		    model.sink[i].text };
	}
	if (rnd(3) == 0) {
		model.sink[i].nactions = (int)rnd(4);
		v[n++] = (struct sink_value){ "actions", NULL,
		    &"a,b,c"[model.sink[i].nactions == 0 ? 5 : 6 - 2 *
		    model.sink[i].nactions] };
	}
	return (n);
}

static void
put_one(char **text, size_t *len)
{
	struct sink_value	 v[8];
	char			 num[8], *out;
	size_t			 outlen, before, after, b2, a2;
	int			 i, n, new;

	i = (int)rnd(MAX_MODEL);
	new = i >= model.n;
	if (new) {
		i = model.n;
		memset(&model.sink[i], 0, sizeof(model.sink[i]));
		for (n = 0; n < MAX_MODEL + 1; n++) {
			snprintf(model.sink[i].name, 16, "s%d", n);
			if (model_find(model.sink[i].name) == -1)
				break;
		}
		model.n++;
		model.sink[i].kind = (int)rnd(5);
		model.sink[i].enabled = 1;
		model.sink[i].batch_size = 500;
	}
	n = random_values(i, new, v, num);
	if (confedit_sink_put(*text, *len, model.sink[i].name, v, n, &out,
	    &outlen, err, sizeof(err)) == -1) {
		fprintf(stderr, "%s\n%s\n", err, *text);
		exit(1);
	}
	extent(out, outlen, model.sink[i].name, &b2, &a2);
	if (!new) {
		extent(*text, *len, model.sink[i].name, &before, &after);
		CHECK_INT(before, b2);
		CHECK_INT(after, a2);
		CHECK(memcmp(*text, out, before) == 0);
		CHECK(memcmp(*text + *len - after, out + outlen - after,
		    after) == 0);
	} else {
		/* the old text is there whole, around the new lines */
		CHECK(memcmp(*text + *len - a2, out + outlen - a2, a2) == 0);
		before = *len - a2;
		CHECK(before <= b2 || strstr(*text, "[]") != NULL);
		if (strstr(*text, "[]") == NULL)
			CHECK(memcmp(*text, out, before) == 0);
	}
	free(*text);
	*text = out;
	*len = outlen;
}

static int
remove_one(char **text, size_t *len)
{
	char	*out;
	size_t	 outlen, before, after;
	int	 i;

	if (model.n == 0)
		return (0);
	i = (int)rnd((unsigned)model.n);
	extent(*text, *len, model.sink[i].name, &before, &after);
	if (confedit_sink_remove(*text, *len, model.sink[i].name, &out,
	    &outlen, err, sizeof(err)) != 0)
		fprintf(stderr, "%s\n%s\n", err, *text);
	CHECK_INT(outlen, before + after);
	CHECK(memcmp(*text, out, before) == 0);
	CHECK(memcmp(*text + *len - after, out + before, after) == 0);
	memmove(&model.sink[i], &model.sink[i + 1],
	    (size_t)(model.n - 1 - i) * sizeof(model.sink[0]));
	model.n--;
	free(*text);
	*text = out;
	*len = outlen;
	return (1);
}

static void
property(void)
{
	char	 buf[8192], *text;
	size_t	 len;
	int	 i, step, done = 0, removed = 0;

	for (i = 0; i < 1000; i++) {
		random_file(buf, sizeof(buf));
		CHECK((text = strdup(buf)) != NULL);
		len = strlen(text);
		compare(text, len);
		for (step = 0; step < 8; step++) {
			if (rnd(4) == 0)
				removed += remove_one(&text, &len);
			else if (model.n < MAX_MODEL) {
				put_one(&text, &len);
				done++;
			}
			compare(text, len);
		}
		free(text);
	}
	printf("    %d edits, %d removals\n", done, removed);
	CHECK(done > 4000 && removed > 800);
}

int
main(void)
{
	RUN(table);
	RUN(property);
	return (0);
}
