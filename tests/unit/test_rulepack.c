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

#include <errno.h>

#include "common/detect/image.h"
#include "gatewayd/rulefile.h"
#include "gatewayd/rulerec.h"
#include "gatewayd/rulesyntax.h"
#include "tests/unit/pack.h"

/* What a pack may not be, and the sentence its author reads. */

#define HEAD	"version: 1\ncategory: command\nrules:\n"
#define RULE	"  - id: A\n    pattern: abc\n    severity: LOW\n"
#define LOCAL	"rules/local-patterns.yaml"
#define SUPP	"suppressions.yaml"
#define TOOLS	"sensitive-tools.yaml"

/* one file alone is the pack; what is said of it */
static const char *
refused(const char *file, const char *text)
{
	static char	 err[512];
	struct pack	 p;

	pack_init(&p);
	pack_file(&p, file, text);
	CHECK_INT(pack_read(&p), -1);
	(void)snprintf(err, sizeof(err), "%s", p.err);
	pack_free(&p);
	return (err);
}

struct row {
	const char	*file;
	const char	*text;
	const char	*says;
};

static void
rows(const struct row *r, size_t n)
{
	char	 want[512];

	for (; n > 0; n--, r++) {
		(void)snprintf(want, sizeof(want), "%s:%s", r->file, r->says);
		CHECK_STR(refused(r->file, r->text), want);
	}
}

static void
no_yaml(void)
{
	static const struct row	 list[] = {
		{ "rules/a.yaml", "", "1: the file is empty" },
		{ "rules/a.yaml", "# only\n", "1: the file is empty" },
		{ "rules/a.yaml", "~\n", "1: the file is empty" },
		{ LOCAL, "~\n", "1: the file is empty" },
		{ SUPP, "~\n", "1: the file is empty" },
		{ TOOLS, "~\n", "1: the file is empty" },
		{ "rules/a.yaml", "- a\n", "1: the file must be a mapping" },
		{ LOCAL, "a\n", "1: the file must be a mapping" },
		{ "rules/a.yaml", "version: 1\n---\na: 1\n",
		    "2: something follows the document" },
		{ "rules/a.yaml", "version: &a 1\n",
		    "1: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "version: !!int 1\n",
		    "1: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "version: 1\nrules: &r []\n",
		    "2: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "version: 1\nrules: !t []\n",
		    "2: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "version: 1\nx: &m {}\n",
		    "2: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "version: 1\nx: !t {}\n",
		    "2: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "version: 1\nx: *m\n",
		    "2: anchors, aliases and tags are not accepted" },
		{ "rules/a.yaml", "? [a]\n: 1\n",
		    "1: a key must be a plain word" },
		{ "rules/a.yaml", "version: 1\n\"a\\tb\": 1\n\"a\\tb\": 2\n",
		    "3: a?b is given twice" },
		{ "rules/a.yaml", "\"a\\0\": 1\n",
		    "1: a key is longer than 63 bytes or holds NUL" },
		{ "rules/a.yaml", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaa: 1\n",
		    "1: a key is longer than 63 bytes or holds NUL" },
		{ "rules/a.yaml", "version: 1\n"
		    "x: [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n",
		    "2: nested deeper than 16 levels" },
	};
	char	 text[1024] = "";
	int	 i;

	rows(list, sizeof(list) / sizeof(list[0]));
	CHECK(strstr(refused("rules/a.yaml", "a: [\n"),
	    "rules/a.yaml:2: not YAML: ") != NULL);
	CHECK(strstr(refused("rules/a.yaml", "a: \xff\n"),
	    "rules/a.yaml:1: not YAML: ") != NULL);
	for (i = 0; i <= MAX_RULEYAML_KEYS; i++)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), "key%d: 1\n", i);
	CHECK_STR(refused("rules/a.yaml", text),
	    "rules/a.yaml:33: more than 32 keys");
}

static void
wrong_values(void)
{
	static const struct row	 list[] = {
		{ "rules/a.yaml", "category: a\n",
		    "1: version is missing, it must be 1" },
		{ LOCAL, "secrets: []\n",
		    "1: version is missing, it must be 1" },
		{ "rules/a.yaml", "version: 2\n",
		    "1: version is out of range (1 to 1)" },
		{ "rules/a.yaml", "version: 0\n",
		    "1: version is out of range (1 to 1)" },
		{ "rules/a.yaml", "version: '1'\n",
		    "1: version must be a whole number (1 to 1)" },
		{ "rules/a.yaml", "version: 1.0\n",
		    "1: version must be a whole number (1 to 1)" },
		{ "rules/a.yaml", "version:\n",
		    "1: version must be a whole number (1 to 1)" },
		{ "rules/a.yaml", "version: 99999999999999999999\n",
		    "1: version must be a whole number (1 to 1)" },
		{ "rules/a.yaml", "version: 999999999999999999999\n",
		    "1: version is longer than 20 bytes or holds NUL" },
		{ "rules/a.yaml", "version: [1]\n",
		    "1: version must be one value" },
		{ "rules/a.yaml", "version: 1\ncategory: a b\n",
		    "2: category has other than letters, digits, . _ -" },
		{ "rules/a.yaml", "version: 1\nrules: {}\n",
		    "2: rules must be a list" },
		{ LOCAL, "version: 1\nsecrets: {}\n",
		    "2: secrets must be a list" },
		{ SUPP, "version: 1\ntool_suppressions: a\n",
		    "2: tool_suppressions must be a list" },
		{ TOOLS, "version: 1\ntools: a\n", "2: tools must be a list" },
		{ "rules/a.yaml", HEAD "  - a\n",
		    "4: a rule must be a mapping" },
		{ SUPP, "version: 1\ntool_suppressions:\n  - a\n",
		    "3: a suppression must be a mapping" },
		{ TOOLS, "version: 1\ntools:\n  - a\n",
		    "3: a tool must be a mapping" },
		{ "rules/a.yaml", HEAD "  - id: [a]\n",
		    "4: id must be one value" },
		{ "rules/a.yaml", HEAD "  - id: \"a\\0b\"\n",
		    "4: id is longer than 4096 bytes or holds NUL" },
		{ "rules/a.yaml", HEAD "  - enabled: maybe\n",
		    "4: enabled must be true or false" },
		{ "rules/a.yaml", HEAD "  - enabled: 'true'\n",
		    "4: enabled must be true or false" },
		{ "rules/a.yaml", HEAD "  - enabled: falsehood\n",
		    "4: enabled is longer than 8 bytes or holds NUL" },
		{ "rules/a.yaml", HEAD "  - tags: a\n",
		    "4: tags must be a list" },
		{ "rules/a.yaml", HEAD "  - tags: [[]]\n",
		    "4: tags must be one value" },
		{ "rules/a.yaml", HEAD "  - confidence: 1.1\n",
		    "4: confidence must be a number from 0 to 1" },
		{ "rules/a.yaml", HEAD "  - confidence: -0.1\n",
		    "4: confidence must be a number from 0 to 1" },
		{ "rules/a.yaml", HEAD "  - confidence: nan\n",
		    "4: confidence must be a number from 0 to 1" },
		{ "rules/a.yaml", HEAD "  - confidence: 0.5x\n",
		    "4: confidence must be a number from 0 to 1" },
		{ "rules/a.yaml", HEAD "  - confidence: '0.5'\n",
		    "4: confidence must be a number from 0 to 1" },
		{ "rules/a.yaml", HEAD "  - confidence:\n",
		    "4: confidence must be a number from 0 to 1" },
		{ "rules/a.yaml", HEAD "  - confidence: []\n",
		    "4: confidence must be one value" },
		{ "rules/a.yaml", HEAD "  - enabled: []\n",
		    "4: enabled must be one value" },
		{ LOCAL, "version: 1\nsecrets:\n  - [a]\n",
		    "3: secrets must be one value" },
		{ TOOLS, "version: 1\ntools:\n  - min_entities_for_alert: "
		    "1000001\n", "3: min_entities_for_alert is out of range "
		    "(-1000000 to 1000000)" },
	};

	rows(list, sizeof(list) / sizeof(list[0]));
}

static const char *
repeat(char *text, const char *head, const char *line, int n)
{
	size_t	 len = strlen(head), one = strlen(line);

	memcpy(text, head, len);
	for (; n > 0; n--) {
		memcpy(text + len, line, one);
		len += one;
	}
	text[len] = '\0';
	return (text);
}

/* one more than each limit */
static void
too_many(void)
{
	struct pack	 p;
	char		*text, name[96];
	int		 i;

	CHECK((text = malloc(2 * MAX_RULEPACK_FILE)) != NULL);
	CHECK_STR(refused("rules/a.yaml", repeat(text, HEAD, "  - {}\n",
	    MAX_RULEPACK_FILE_RULES + 1)),
	    "rules/a.yaml:2052: more than 2048 rules in a file");
	CHECK_STR(refused(LOCAL, repeat(text, "version: 1\nsecrets:\n",
	    "  - abc\n", MAX_RULEPACK_PATTERNS + 1)),
	    LOCAL ":4099: more than 4096 local patterns");
	CHECK_STR(refused(SUPP, repeat(text,
	    "version: 1\ntool_suppressions:\n", "  - {}\n",
	    MAX_RULEPACK_SUPPRESSIONS + 1)),
	    SUPP ":4099: more than 4096 suppressions");
	CHECK_STR(refused(TOOLS, repeat(text, "version: 1\ntools:\n",
	    "  - {}\n", MAX_RULEPACK_TOOLS + 1)),
	    TOOLS ":2051: more than 2048 tools");
	CHECK_STR(refused("rules/a.yaml", repeat(text, HEAD "  - tags:\n",
	    "      - a\n", MAX_RULEREC_LIST + 1)),
	    "rules/a.yaml:261: tags has more than 256 entries");
	CHECK_STR(refused("rules/a.yaml", repeat(text, HEAD, "# 3456789\n",
	    MAX_RULEPACK_FILE / 10)), "rules/a.yaml: larger than 1 MiB");
	/* each file may be, all together may not */
	pack_init(&p);
	(void)repeat(text, HEAD, "# 3456789\n", MAX_RULEPACK_FILE / 10 - 10);
	for (i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "rules/%c.yaml", 'a' + i);
		pack_file(&p, name, text);
	}
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/e.yaml: with this file the pack is larger "
	    "than 4 MiB");
	pack_free(&p);
	/* rules of all files together, and records of them */
	pack_init(&p);
	(void)repeat(text, HEAD, "  - {}\n", MAX_RULEPACK_FILE_RULES);
	for (i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "rules/%c.yaml", 'a' + i);
		pack_file(&p, name, text);
	}
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/c.yaml:4: more than 4096 rules");
	pack_free(&p);
	pack_init(&p);
	for (i = 0; i <= MAX_RULEPACK_FILES; i++) {
		(void)snprintf(name, sizeof(name), "rules/%d.yaml", i);
		pack_file(&p, name, HEAD);
	}
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/: more than 64 files, or out of memory");
	(void)snprintf(name, sizeof(name), "%s/rules/64.yaml", p.dir);
	CHECK(unlink(name) == 0);
	pack_file(&p, SUPP, "version: 1\n");
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "more than 64 files");
	pack_free(&p);
	free(text);
}

static void
directories(void)
{
	struct pack	 p;
	char		 path[128], name[32];
	int		 i;

	pack_init(&p);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "testpack: the directory holds no file of a rule "
	    "pack");
	/* what lies beside is no business of ours */
	pack_file(&p, "README.md", "text");
	(void)snprintf(path, sizeof(path), "%s/other", p.dir);
	CHECK(mkdir(path, 0700) == 0);
	pack_file(&p, "other/x.yaml", "text");
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "testpack: the directory holds no file of a rule "
	    "pack");
	(void)snprintf(path, sizeof(path), "%s/judge", p.dir);
	CHECK(mkdir(path, 0700) == 0);
	pack_file(&p, "judge/x.yaml", "text");
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "judge/x.yaml: not a file of a rule pack, rules "
	    "belong into rules/");
	(void)snprintf(path, sizeof(path), "%s/judge/x.yaml", p.dir);
	CHECK(unlink(path) == 0);
	/* a YAML file that would not be read is an error, not a surprise */
	pack_file(&p, "rules.yaml", HEAD);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules.yaml: not a file of a rule pack, rules belong "
	    "into rules/");
	(void)snprintf(path, sizeof(path), "%s/rules.yaml", p.dir);
	CHECK(unlink(path) == 0);
	pack_file(&p, "rules/a.yml", HEAD);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/a.yml: files of a pack end in .yaml");
	(void)snprintf(path, sizeof(path), "%s/rules/a.yml", p.dir);
	CHECK(unlink(path) == 0);
	/* nothing that is not a plain file there */
	(void)snprintf(path, sizeof(path), "%s/rules/a.yaml", p.dir);
	CHECK(symlink("/etc/passwd", path) == 0);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/a.yaml: symbolic links are not followed, put "
	    "the file itself there");
	CHECK(unlink(path) == 0);
	CHECK(mkfifo(path, 0600) == 0);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/a.yaml: not a regular file");
	CHECK(unlink(path) == 0);
	/* one that may hold the entries of others, but not that many */
	for (i = 0; i < MAX_RULEPACK_ENTRIES; i++) {
		(void)snprintf(name, sizeof(name), "rules/%d", i);
		pack_file(&p, name, "");
	}
	pack_file(&p, "rules/a.yaml", HEAD);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules/: more than 4096 entries");
	pack_free(&p);
	/* rules/ itself may be missing, and may be no link */
	pack_init(&p);
	(void)snprintf(path, sizeof(path), "%s/rules", p.dir);
	CHECK(rmdir(path) == 0);
	pack_file(&p, SUPP, "version: 1\n");
	CHECK_INT(pack_read(&p), 0);
	CHECK(symlink("/tmp", path) == 0);
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules: symbolic links are not followed, put the "
	    "file itself there");
	CHECK(unlink(path) == 0);
	pack_file(&p, "rules", "");
	CHECK_INT(pack_read(&p), -1);
	CHECK_STR(p.err, "rules: Not a directory");
	pack_free(&p);
}

/* who may write a rule decides: nobody but root and the pack's owner */
static void
others_may_write(void)
{
	static const char	 chmod_it[] =
	    "group or others may write it: run chmod go-w on it";
	static const struct {
		const char	*name;
		const char	*shown;
		mode_t		 good;
	} list[] = {
		{ "", "testpack", 0700 },
		{ "rules", "rules", 0755 },
		{ "rules/a.yaml", "rules/a.yaml", 0644 },
		{ SUPP, SUPP, 0640 },
	};
	struct pack	 p;
	char		 path[128], want[160];
	size_t		 i;

	pack_init(&p);
	pack_file(&p, "rules/a.yaml", HEAD RULE);
	pack_file(&p, SUPP, "version: 1\n");
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p.dir,
		    list[i].name);
		(void)snprintf(want, sizeof(want), "%s: %s", list[i].shown,
		    chmod_it);
		CHECK(chmod(path, list[i].good | S_IWGRP) == 0);
		CHECK_INT(pack_read(&p), -1);
		CHECK_STR(p.err, want);
		CHECK(chmod(path, list[i].good | S_IWOTH) == 0);
		CHECK_INT(pack_read(&p), -1);
		CHECK_STR(p.err, want);
		CHECK(chmod(path, list[i].good) == 0);
		CHECK_INT(pack_read(&p), 0);
		free(p.recs);
		p.recs = NULL;
		if (geteuid() != 0 || i == 0)
			continue;
		(void)snprintf(want, sizeof(want), "%s: belongs neither to "
		    "root nor to the pack's owner", list[i].shown);
		CHECK(chown(path, 47001, 0) == 0);
		CHECK_INT(pack_read(&p), -1);
		CHECK_STR(p.err, want);
		CHECK(chown(path, 0, 0) == 0);
	}
	/* the owner's own pack, read by root */
	if (geteuid() == 0) {
		CHECK(chown(p.dir, 47001, 0) == 0);
		(void)snprintf(path, sizeof(path), "%s/rules/a.yaml", p.dir);
		CHECK(chown(path, 47001, 0) == 0);
		CHECK_INT(pack_read(&p), 0);
	}
	pack_free(&p);
}

/* the notes of a pack that loads, in order, "KIND line id: reason" */
static void
notes(const char *file, const char *text, const char *const *want)
{
	struct pack	 p;
	char		 got[512];
	uint32_t	 i;

	pack_init(&p);
	pack_file(&p, file, text);
	/* one rule, for a pack without any does not compile */
	pack_file(&p, "rules/z.yaml",
	    "version: 1\ncategory: z\nrules:\n" RULE);
	pack_load(&p);
	for (i = 0; i < p.report.nnotes; i++) {
		(void)snprintf(got, sizeof(got), "%d %u %s: %s",
		    p.report.notes[i].kind, p.report.notes[i].line,
		    p.report.notes[i].id, p.report.notes[i].reason);
		CHECK(want[i] != NULL);
		CHECK_STR(got, want[i]);
		CHECK_STR(p.report.notes[i].file, file);
	}
	CHECK(want[i] == NULL);
	pack_free(&p);
}

static void
rules_left_out(void)
{
	static char	 text[8192];
	static const char *const whole[] = { NULL };
	static const char *const unknown[] = {
		"1 3 : unknown key more is ignored",
		"1 9 : unknown key x is ignored", NULL
	};
	static const struct {
		const char	*keys;
		const char	*note[2];
	} list[] = {
		{ "{}", { "2 4 : id is missing or has other than letters, "
		    "digits, . _ -" } },
		{ "{id: '', pattern: a, severity: LOW}", { "2 4 : id is "
		    "missing or has other than letters, digits, . _ -" } },
		{ "{id: 'a b', pattern: a, severity: LOW}", { "2 4 : id is "
		    "missing or has other than letters, digits, . _ -" } },
		{ "{id: B}", { "2 4 B: pattern is missing" } },
		{ "{id: B, pattern: ~}", { "2 4 B: pattern is missing" } },
		{ "{id: B, pattern: a}", { "2 4 B: severity is none of "
		    "CRITICAL HIGH MEDIUM LOW INFO NONE" } },
		{ "{id: B, pattern: a, severity: WORSE}", { "2 4 B: severity "
		    "is none of CRITICAL HIGH MEDIUM LOW INFO NONE" } },
		{ "{id: B, pattern: a, severity: LOW, title: \"a\\tb\"}",
		    { "2 4 B: title has a control character" } },
		{ "{id: B, pattern: a, severity: LOW, title: \"a\\x7f\"}",
		    { "2 4 B: title has a control character" } },
		{ "{id: B, pattern: a, severity: LOW, expression: x > 1}",
		    { "2 4 B: it has an expression, and expressions are not "
		    "evaluated" } },
		{ "{id: B, enabled: no}", { "3 4 B: switched off by enabled: "
		    "false" } },
		{ "{enabled: false}", { "3 4 : switched off by enabled: "
		    "false" } },
		/* nothing wrong: empty ones count as absent */
		{ "{id: B, pattern: a, severity: LOW, expression: '', "
		    "title: '', enabled: null, tags: ~}", { NULL } },
	};
	size_t	 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		(void)snprintf(text, sizeof(text), HEAD "  - %s\n",
		    list[i].keys);
		notes("rules/a.yaml", text, list[i].note);
	}
	notes("rules/a.yaml", "version: 1\ncategory: command\nmore: [{a: b}]"
	    "\nrules:\n  - id: B\n    pattern: b\n    severity: LOW\n"
	    "    title: b\n    x: {y: z}\n", unknown);
	notes("rules/a.yaml", HEAD, whole);
	/* too much for one rule */
	{
		static const char *const regex[] = {
			"2 4 B: pattern is too long", NULL };
		static const char *const tags[] = {
			"2 4 B: too many tags", NULL };
		static char	 head[4096];

		(void)snprintf(text, sizeof(text), HEAD "  - {id: B, "
		    "severity: LOW, pattern: '%0*d'}\n",
		    MAX_RULEPACK_REGEX + 1, 0);
		notes("rules/a.yaml", text, regex);
		(void)repeat(head, HEAD "  - {id: B, severity: LOW, pattern: "
		    "a, tags: [a", ", a", MAX_IMAGE_TAGS);
		(void)snprintf(text, sizeof(text), "%s]}\n", head);
		notes("rules/a.yaml", text, tags);
	}
}

static void
files_left_out(void)
{
	static const char *const none[] = {
		"1 0 : the file has no category and is left out", NULL };
	static const char *const same[] = {
		"1 0 : left out: rules/z.yaml has the same category", NULL };

	notes("rules/a.yaml", "version: 1\nrules:\n" RULE, none);
	notes("rules/a.yaml", "version: 1\ncategory:\nrules: ~\n", none);
	notes("rules/a.yaml", "version: 1\ncategory: z\nrules:\n" RULE, same);
}

static void
other_files(void)
{
	static char	 text[8192];
	static const char *const local[] = {
		"1 2 : unknown key phrases is ignored",
		"2 4 LP-SECRET-MATCH: secrets: the entry is empty",
		"2 6 LP-INJ-IGNORE: injection: the entry is too long", NULL
	};
	static const char *const supp[] = {
		"1 2 : unknown key more is ignored",
		"1 5 : unknown key when is ignored",
		"1 8 : unknown key x is ignored", NULL
	};
	static const char *const tools[] = {
		"1 2 : unknown key more is ignored",
		"1 4 : a tool without a name is ignored",
		"1 5 : a tool without a name is ignored",
		"1 6 : unknown key x is ignored", NULL
	};

	(void)snprintf(text, sizeof(text), "version: 1\nphrases: [a]\n"
	    "secrets:\n  - ' '\ninjection:\n  - '%0600d'\n", 0);
	notes(LOCAL, text, local);
	notes(SUPP, "version: 1\nmore: 1\ntool_suppressions:\n"
	    "  - tool_pattern: a\n    when: b\n"
	    "    suppress_findings: [A, B]\nfinding_suppressions:\n"
	    "  - {id: a, x: 1}\npre_judge_strips: ~\n", supp);
	notes(TOOLS, "version: 1\nmore: 1\ntools:\n  - {}\n  - {name: ''}\n"
	    "  - {name: a, result_inspection: yes, judge_result: Off, "
	    "min_entities_for_alert: 0, x: 1}\n", tools);
}

/* --- records --------------------------------------------------------------- */

static void
record_limits(void)
{
	static char	 big[MAX_RULEREC_STRING + 2];
	struct rulebuf	 b, more;
	struct rulecur	 c;
	size_t		 len;
	int		 i;

	memset(&b, 0, sizeof(b));
	memset(big, 'x', sizeof(big) - 1);
	rulebuf_open(&b, RULEREC_PACK);
	rulebuf_str(&b, big);
	CHECK_INT(b.failed, 1);
	rulebuf_close(&b);
	CHECK_INT(b.count, 0);
	/* one that failed makes what takes it up fail */
	memset(&more, 0, sizeof(more));
	rulebuf_append(&more, &b);
	CHECK_INT(more.failed, 1);
	rulebuf_free(&b);
	big[MAX_RULEREC_STRING] = '\0';
	for (i = 0; !b.failed; i++) {
		CHECK(i < 300);
		rulebuf_open(&b, RULEREC_PACK);
		rulebuf_str(&b, big);
		rulebuf_close(&b);
	}
	CHECK(b.len <= MAX_RULEREC_LEN &&
	    b.len > MAX_RULEREC_LEN - 2 * MAX_RULEREC_STRING);
	rulebuf_free(&b);
	for (i = 0; i <= MAX_RULEREC_RECORDS; i++) {
		CHECK_INT(b.failed, 0);
		rulebuf_open(&b, RULEREC_PACK);
		rulebuf_close(&b);
	}
	CHECK_INT(b.failed, 1);
	rulebuf_free(&b);
	/* strings that are none */
	memset(&c, 0, sizeof(c));
	rulebuf_str(&b, "ab");
	c.data = b.data;
	c.len = b.len;
	b.data[5] = '\0';
	CHECK_STR(rulecur_str(&c, &len), "");
	CHECK(len == 0 && c.failed);
	CHECK_INT(rulecur_u8(&c), 0);
	CHECK_INT(rulecur_u16(&c), 0);
	CHECK_INT(rulecur_u32(&c), 0);
	b.data[2] = 2;		/* 128 KiB and more */
	memset(&c, 0, sizeof(c));
	c.data = b.data;
	c.len = b.len;
	CHECK_STR(rulecur_str(&c, &len), "");
	CHECK(c.failed);
	rulebuf_free(&b);
	memset(&c, 0, sizeof(c));
	CHECK_INT(rulecur_header(&c), -1);
	c.data = (const uint8_t *)RULEREC_MAGIC "\2\0\0\0";
	c.len = 12;
	c.pos = c.failed = 0;
	CHECK_INT(rulecur_header(&c), -1);
	c.data = (const uint8_t *)"DCRULES2" "\1\0\0\0";
	c.pos = c.failed = 0;
	CHECK_INT(rulecur_header(&c), -1);
	c.data = (const uint8_t *)RULEREC_MAGIC "\1\0\0\0";
	c.pos = c.failed = 0;
	CHECK_INT(rulecur_header(&c), 0);
	c.len = (size_t)MAX_RULEREC_LEN + 1;
	c.pos = c.failed = 0;
	CHECK_INT(rulecur_header(&c), -1);
}

/* --- patterns -------------------------------------------------------------- */

static void
patterns(void)
{
	static const struct {
		const char	*in;
		const char	*out;	/* NULL: the next says why not */
		const char	*why;
		unsigned int	 flags;
	} list[] = {
		{ "a$", "a\\z", NULL, 0 },
		{ "(?m)a$", "(?m)a$", NULL, 0 },
		{ "(?m:a$)b$", "(?m:a$)b\\z", NULL, 0 },
		{ "(?m)(?-m)a$", "(?m)(?-m)a\\z", NULL, 0 },
		{ "(?i-s:a.)", "(?i-s:a(?:[^\\n\\x80-\\xbf][\\x80-\\xbf]*))",
		    NULL, 0 },
		{ "(?s)a.", "(?s)a(?:[^\\x80-\\xbf][\\x80-\\xbf]*)", NULL,
		    0 },
		{ "(?U)a+", "a+", NULL, 0 },
		{ "(?-U)a", "a", NULL, 0 },
		{ "(?x)a", NULL, "it has a (?...) that RE2 does not know",
		    0 },
		{ "(?", NULL, "it has a (?...) that RE2 does not know", 0 },
		{ "(*UTF)a", NULL, "it has a (*...), which RE2 does not know",
		    0 },
		{ "(?P<n>a)(?<m>b)(?=c)(?!d)(?<=e)(?<!f)",
		    "(?P<n>a)(?<m>b)(?=c)(?!d)(?<=e)(?<!f)", NULL, 0 },
		{ "a)", NULL, "a ) is not opened", 0 },
		{ "(a", NULL, "a ( is not closed", 0 },
		{ "[a", NULL, "a [ is not closed", 0 },
		{ "[^", NULL, "a [ is not closed", 0 },
		{ "a\\", NULL, "it ends with a backslash", 0 },
		{ "[a\\", NULL, "it has an escape within [] that RE2 does "
		    "not know", 0 },
		{ "[\\b]", NULL, "it has an escape within [] that RE2 does "
		    "not know", 0 },
		{ "\\Z", NULL, "it has an escape that RE2 does not know", 0 },
		{ "\\v\\.\\d", "\\x0b\\.\\d", NULL, 0 },
		{ "\\Qa.b*\\E+c", "a\\.b\\*+c", NULL, 0 },
		{ "\\Qa.", "a\\.", NULL, 0 },
		{ "\\Qa\\b\\Ec", "a\\\\bc", NULL, 0 },
		{ "\\Q\xc3\xa9\\E", "\xc3\xa9", NULL, IMAGE_UTF },
		{ "\xc3\xa9", "\xc3\xa9", NULL, IMAGE_UTF },
		{ "[\xc3\xa9]", "[\xc3\xa9]", NULL, IMAGE_UTF },
		{ "\\x41", "\\x41", NULL, 0 },
		{ "\\xe9", "\\xe9", NULL, IMAGE_UTF },
		{ "\\x{41}", "\\x{41}", NULL, IMAGE_UTF },
		{ "\\xzz", "\\xzz", NULL, 0 },
		{ "\\x", "\\x", NULL, 0 },
		{ "\\pL", "\\pL", NULL, IMAGE_UTF },
		{ "\\PL", "\\PL", NULL, IMAGE_UTF },
		{ "[[:alpha:]]", "[[:alpha:]]", NULL, 0 },
		{ "[[:^alpha:]]", "[[:^alpha:]]", NULL, IMAGE_UTF },
		{ "[[:a]", "[[:a]", NULL, 0 },
		{ "[[:a:b]", "[[:a:b]", NULL, 0 },
		{ "[]a]", "[]a]", NULL, 0 },
		{ "[\\S]", "[\\S]", NULL, IMAGE_UTF },
		{ "[^\\S]", "[^\\S]", NULL, IMAGE_UTF },
		{ "[^a]*", "[^a]*", NULL, 0 },
		{ "[^a]+", "[^a]+", NULL, 0 },
		{ "[^a-]", "(?:[^a\\-\\x80-\\xbf][\\x80-\\xbf]*)", NULL, 0 },
		{ "[^-]", "(?:[^\\-\\x80-\\xbf][\\x80-\\xbf]*)", NULL, 0 },
		{ "[^a\\-]", "(?:[^a\\-\\x80-\\xbf][\\x80-\\xbf]*)", NULL,
		    0 },
		{ "\\D\\S\\W", "(?:[^\\d\\x80-\\xbf][\\x80-\\xbf]*)"
		    "(?:[^\\s\\x80-\\xbf][\\x80-\\xbf]*)"
		    "(?:[^\\w\\x80-\\xbf][\\x80-\\xbf]*)", NULL, 0 },
		{ ".{3}", "(?:[^\\n\\x80-\\xbf][\\x80-\\xbf]*){3}", NULL, 0 },
		{ ".{x", "(?:[^\\n\\x80-\\xbf][\\x80-\\xbf]*){x", NULL, 0 },
		/* beyond the count they are bytes */
		{ ".{2,128}", "(?:[^\\n\\x80-\\xbf][\\x80-\\xbf]*){2,128}",
		    NULL, 0 },
		{ ".{2,129}", ".{2,129}", NULL, 0 },
		{ ".{1,99999}", ".{1,99999}", NULL, 0 },
		{ ".{0}", ".{0}", NULL, 0 },
		{ ".{9,}", "(?:[^\\n\\x80-\\xbf][\\x80-\\xbf]*){9,}", NULL,
		    0 },
	};
	char		 out[RULESYNTAX_SIZE(1024)], in[1024];
	unsigned int	 flags;
	const char	*why;
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		flags = 0;
		why = rulesyntax(list[i].in, out, &flags);
		if (list[i].out == NULL)
			CHECK_STR(why, list[i].why);
		else {
			if (why != NULL)
				fprintf(stderr, "%s: %s\n", list[i].in, why);
			CHECK(why == NULL);
			CHECK_STR(out, list[i].out);
			CHECK_INT(flags, list[i].flags);
		}
	}
	/* nested as deep as may be, and deeper, by each kind of bracket */
	memset(in, '(', MAX_RULESYNTAX_NEST + 1);
	memset(in + MAX_RULESYNTAX_NEST + 1, ')', MAX_RULESYNTAX_NEST + 1);
	in[2 * MAX_RULESYNTAX_NEST + 2] = '\0';
	CHECK_STR(rulesyntax(in, out, &flags),
	    "its brackets are nested too deep");
	in[2 * MAX_RULESYNTAX_NEST + 1] = '\0';
	CHECK(rulesyntax(in + 1, out, &flags) == NULL);
	(void)repeat(in, "", "(?i:", MAX_RULESYNTAX_NEST + 1);
	CHECK_STR(rulesyntax(in, out, &flags),
	    "its brackets are nested too deep");
	/* a class that is too long to be copied about */
	(void)repeat(in, "[^", "a", MAX_RULESYNTAX_CLASS);
	(void)snprintf(in + strlen(in), 2, "]");
	flags = 0;
	CHECK(rulesyntax(in, out, &flags) == NULL);
	CHECK_INT(flags, IMAGE_UTF);
}

int
main(void)
{
	RUN(no_yaml);
	RUN(wrong_values);
	RUN(too_many);
	RUN(directories);
	RUN(others_may_write);
	RUN(rules_left_out);
	RUN(files_left_out);
	RUN(other_files);
	RUN(record_limits);
	RUN(patterns);
	return (0);
}
