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

#include <sys/types.h>

#include "gatewayd/judgepack.h"
#include "gatewayd/rulefile.h"
#include "gatewayd/weigh.h"
#include "tests/unit/pack.h"

/*
 * judge/, suppressions.yaml and sensitive-tools.yaml, from a pack to what an
 * answer is worth.
 */

#define RULES	"version: 1\ncategory: x\nrules:\n  - id: A\n" \
		"    pattern: abc\n    severity: LOW\n"

static struct pack	 p;
static struct judgepack	*jp;

static void
begin(void)
{
	char	 path[96];

	pack_init(&p);
	pack_file(&p, "rules/a.yaml", RULES);
	(void)snprintf(path, sizeof(path), "%s/judge", p.dir);
	CHECK(mkdir(path, 0700) == 0);
}

static void
load(void)
{
	const void	*data;
	size_t		 len;

	pack_load(&p);
	data = detect_judge(p.detect, &len);
	if ((jp = judgepack_open(data, len, p.err, sizeof(p.err))) == NULL) {
		fprintf(stderr, "%s\n", p.err);
		exit(1);
	}
}

static void
end(void)
{
	judgepack_close(jp);
	jp = NULL;
	pack_free(&p);
}

static const char *
refused(const char *file, const char *text)
{
	static char	 err[512];

	begin();
	pack_file(&p, file, text);
	CHECK_INT(pack_read(&p), -1);
	(void)snprintf(err, sizeof(err), "%s", p.err);
	pack_free(&p);
	return (err);
}

/* a pack without a word about judges has the built-in ones */
static void
built_in(void)
{
	const struct judge_rules	*r;
	const char			*names[MAX_JUDGE_NAMES];

	begin();
	load();
	r = judgepack_rules(jp, JUDGE_INJECTION);
	CHECK_INT(r->enabled, 1);
	CHECK_INT(r->min_high, 2);
	CHECK_INT(r->cap, SEV_MEDIUM);
	CHECK_INT(weigh_names(r, names), 5);
	CHECK_STR(names[0], "Instruction Manipulation");
	CHECK_STR(r->cats[2].id, "JUDGE-INJ-OBFUSC");
	CHECK_INT(r->cats[2].prompt, SEV_CRITICAL);
	CHECK(strstr(r->adjudication, "%s") != NULL);
	r = judgepack_rules(jp, JUDGE_PII);
	CHECK_INT(r->ncats, 8);
	CHECK_INT(r->cats[0].prompt, SEV_LOW);
	CHECK_INT(r->cats[0].completion, SEV_HIGH);
	CHECK_INT(judgepack_rules(jp, JUDGE_TOOL_INJECTION)->ncats, 5);
	CHECK_INT(judgepack_rules(jp, JUDGE_EXFIL)->ncats, 2);
	CHECK_INT(judgepack_tool(jp, "users_list")->min_entities, 3);
	CHECK_INT(judgepack_tool(jp, "users_org_info")->judge_result, 0);
	CHECK(judgepack_tool(jp, "Users_list") == NULL);
	CHECK(judgepack_tool(jp, NULL) == NULL);
	end();
}

/* what a file says takes the place of the built-in words, key by key */
static void
own_files(void)
{
	const struct judge_rules	*r;
	const char			*names[MAX_JUDGE_NAMES];

	begin();
	pack_file(&p, "judge/injection.yaml", "version: 1\nenabled: false\n"
	    "system_prompt: Say yes\n");
	pack_file(&p, "judge/pii.yaml", "version: 1\nname: pii\nextra: 1\n"
	    "min_categories_for_high: 3\ncategories:\n"
	    "  Password:\n    severity_default: HIGH\n"
	    "    severity_prompt: LOW\n"
	    "  Shoe Size:\n    finding_id: MY-SHOE\n"
	    "  Username:\n    enabled: false\n");
	pack_file(&p, "sensitive-tools.yaml", "version: 1\ntools:\n"
	    "  - name: mine\n    min_entities_for_alert: -1\n");
	load();
	r = judgepack_rules(jp, JUDGE_INJECTION);
	CHECK_STR(r->prompt, "Say yes");
	CHECK_INT(weigh_names(r, names), 0);
	CHECK(r->adjudication != NULL);
	CHECK_INT(r->ncats, 5);
	r = judgepack_rules(jp, JUDGE_PII);
	CHECK(strlen(r->prompt) > 100);
	CHECK_INT(r->ncats, 3);
	CHECK_INT(weigh_names(r, names), 2);
	CHECK_STR(r->cats[0].id, "JUDGE-PII-PASS");
	CHECK_INT(r->cats[0].prompt, SEV_LOW);
	CHECK_INT(r->cats[0].completion, SEV_HIGH);
	CHECK_STR(r->cats[1].id, "MY-SHOE");
	CHECK_INT(r->cats[1].prompt, SEV_MEDIUM);
	CHECK_STR(r->cats[2].id, "JUDGE-PII-USER");
	CHECK_INT(judgepack_tool(jp, "mine")->min_entities, 1);
	CHECK(judgepack_tool(jp, "users_list") == NULL);
	end();
}

static void
wrong_files(void)
{
	CHECK_STR(refused("judge/pii.yaml", "name: a\n"),
	    "judge/pii.yaml:1: version is missing, it must be 1");
	CHECK_STR(refused("judge/pii.yaml", "~\n"),
	    "judge/pii.yaml:1: the file is empty");
	CHECK_STR(refused("judge/tool-injection.yaml", "version: 1\n"
	    "system_prompt: nothing\n"), "judge/tool-injection.yaml:2: "
	    "system_prompt must hold %s once, for the tool's name");
	CHECK_STR(refused("judge/exfil.yaml", "version: 1\n"
	    "adjudication_prompt: one %s\n"), "judge/exfil.yaml:2: "
	    "adjudication_prompt must hold %s twice, for the direction and "
	    "what was found");
	CHECK_STR(refused("judge/injection.yaml", "version: 1\n"
	    "categories:\n  Odd:\n    severity: HIGH\n"),
	    "judge/injection.yaml:3: finding_id is missing or has other than "
	    "letters, digits, . _ -");
	CHECK_STR(refused("judge/injection.yaml", "version: 1\n"
	    "categories:\n  Odd:\n    finding_id: A\n    severity: LOUD\n"),
	    "judge/injection.yaml:3: severity is none of CRITICAL HIGH "
	    "MEDIUM LOW INFO NONE");
	CHECK_STR(refused("judge/injection.yaml", "version: 1\n"
	    "single_category_max_severity: loud\n"),
	    "judge/injection.yaml:1: single_category_max_severity is none of "
	    "CRITICAL HIGH MEDIUM LOW INFO NONE");
	CHECK_STR(refused("judge/injection.yaml", "version: 1\n"
	    "min_categories_for_high: 33\n"), "judge/injection.yaml:2: "
	    "min_categories_for_high is out of range (0 to 32)");
	CHECK_STR(refused("judge/injection.yaml", "version: 1\n"
	    "categories: []\n"),
	    "judge/injection.yaml:2: categories must be a mapping");
}

static void
conditions(void)
{
	static const struct {
		const char	*s;
		int		 epoch;
		int		 platform;
	} rows[] = {
		{ "", 0, 0 }, { "999999999", 0, 1 }, { "1000000000", 1, 1 },
		{ "1700000000", 1, 1 }, { "2100000000", 1, 1 },
		{ "2100000001", 0, 1 },		/* exchange 000 */
		{ "1700000000\n", 0, 0 }, { " 1700000000", 0, 0 },
		{ "+1700000000", 0, 0 }, { "17e8", 0, 0 },
		{ "12345678", 0, 0 }, { "123456789", 0, 1 },
		{ "123456789012", 0, 1 }, { "1234567890123", 0, 0 },
		{ "4155550142", 0, 0 },		/* a telephone number */
		{ "14155550142", 0, 0 }, { "24155550142", 0, 1 },
		{ "9115550142", 0, 1 }, { "4159110142", 0, 1 },
		{ "1155550142", 1, 1 }, { "415-555-014", 0, 0 },
		{ "99999999999999999999", 0, 0 },
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("    %s\n", rows[i].s);
		CHECK_INT(judgepack_is_epoch(rows[i].s), rows[i].epoch);
		CHECK_INT(judgepack_is_platform_id(rows[i].s),
		    rows[i].platform);
	}
}

static const char *
hidden(const char *tool, const char *finding, const char *entity)
{
	static char	 id[64];
	uint32_t	 steps = MAX_JUDGEPACK_STEPS;

	return (judgepack_suppressed(jp, tool, finding, entity, &steps, id,
	    sizeof(id)) ? id : "-");
}

static void
suppressions(void)
{
	uint32_t	 steps = 1;
	char		 id[64];

	begin();
	pack_file(&p, "suppressions.yaml", "version: 1\n"
	    "finding_suppressions:\n"
	    "  - id: BAD\n    finding_pattern: 'F-.*'\n"
	    "    entity_pattern: '('\n"
	    "  - id: ODD\n    finding_pattern: 'F-.*'\n"
	    "    entity_pattern: '.'\n    condition: is_tuesday\n"
	    "  - id: EMPTY\n    finding_pattern: ''\n"
	    "    entity_pattern: '.'\n"
	    "  - id: LITERAL\n    finding_pattern: 'F-(1'\n"
	    "    entity_pattern: 'x'\n"
	    "  - id: WHOLE\n    finding_pattern: 'F-[23]'\n"
	    "    entity_pattern: 'bot$'\n"
	    "  - id: LATER\n    finding_pattern: 'F-3'\n"
	    "    entity_pattern: 'robot'\n"
	    "  - id: EPOCH\n    finding_pattern: 'F-4'\n"
	    "    entity_pattern: ''\n    condition: is_epoch\n"
	    "  - id: SLOW\n    finding_pattern: 'F-5'\n"
	    "    entity_pattern: '^(a|aa)+$'\n"
	    "tool_suppressions:\n"
	    "  - tool_pattern: 'list'\n    suppress_findings: [F-9, F-8]\n"
	    "  - tool_pattern: '['\n    suppress_findings: [F-7]\n");
	load();
	CHECK_STR(hidden(NULL, "F-(1", "axb"), "LITERAL");
	CHECK_STR(hidden(NULL, "F-1", "axb"), "-");
	CHECK_STR(hidden(NULL, "", "axb"), "-");
	/* finding_pattern is the whole id, entity_pattern anywhere */
	CHECK_STR(hidden(NULL, "F-2", "a robot"), "WHOLE");
	CHECK_STR(hidden(NULL, "F-22", "a robot"), "-");
	CHECK_STR(hidden(NULL, "XF-2", "a robot"), "-");
	CHECK_STR(hidden(NULL, "F-2\n", "a robot"), "-");
	/* $ is the end: a line feed behind it is not */
	CHECK_STR(hidden(NULL, "F-2", "robot\n"), "-");
	/* the first that holds */
	CHECK_STR(hidden(NULL, "F-3", "robot"), "WHOLE");
	CHECK_STR(hidden(NULL, "F-3", "robots"), "LATER");
	CHECK_STR(hidden(NULL, "F-4", "1700000000"), "EPOCH");
	CHECK_STR(hidden(NULL, "F-4", "170000000"), "-");
	/* what cannot be established has not matched */
	CHECK_STR(hidden(NULL, "F-5", "aaaaaaaa"), "SLOW");
	CHECK_STR(hidden(NULL, "F-5", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaab"), "-");
	CHECK_INT(judgepack_suppressed(jp, NULL, "F-2", "robot", &steps, id,
	    sizeof(id)), 0);
	CHECK_STR(hidden(NULL, "F-2", "\377bot"), "-");
	/* by tool: exact ids, a name that matches anywhere */
	CHECK_STR(hidden("my_list", "F-9", "whoever"), "tool:my_list");
	CHECK_STR(hidden("my_list", "F-99", "whoever"), "-");
	CHECK_STR(hidden("other", "F-9", "whoever"), "-");
	CHECK_STR(hidden(NULL, "F-9", "whoever"), "-");
	CHECK_STR(hidden("[", "F-7", "whoever"), "-");
	end();
}

static const char *
stripped(enum judge_kind kind, const char *text)
{
	static char	 out[256];
	struct wbuf	 w;

	wbuf_init(&w, sizeof(out));
	(void)judgepack_strip(jp, kind, text, strlen(text), &w);
	CHECK(!w.failed && w.len < sizeof(out));
	(void)snprintf(out, sizeof(out), "%.*s", (int)w.len,
	    w.len == 0 ? "" : (const char *)w.data);
	wbuf_free(&w);
	return (out);
}

static void
strips(void)
{
	begin();
	pack_file(&p, "suppressions.yaml", "version: 1\n"
	    "pre_judge_strips:\n"
	    "  - id: A\n    pattern: 'id=\\d+ ?'\n    applies_to: [pii]\n"
	    "  - id: B\n    pattern: '<x*>'\n"
	    "  - id: C\n    pattern: 'q*'\n"
	    "    applies_to: [tool-injection, nobody]\n"
	    "  - id: D\n    pattern: '('\n");
	load();
	CHECK_STR(stripped(JUDGE_PII, "a id=12 b <xx>id=3"), "a b ");
	CHECK_STR(stripped(JUDGE_INJECTION, "a id=12 <>b"), "a id=12 b");
	CHECK_STR(stripped(JUDGE_INJECTION, "plain"), "plain");
	CHECK_STR(stripped(JUDGE_INJECTION, ""), "");
	CHECK_STR(stripped(JUDGE_TOOL_INJECTION, "qaq\303\251qqb"),
	    "a\303\251b");
	/* what one takes away may leave what the next takes */
	CHECK_STR(stripped(JUDGE_PII, "<id=1 x>"), "");
	end();
}

static struct judge_opinion	 o;
static struct judge_question	 q;
static struct judge_said	 said;

/* an answer that sets the first n names of the kind */
static enum severity
labels(enum judge_kind kind, const char *which, const char *sample)
{
	size_t	 i;

	memset(&q, 0, sizeof(q));
	memset(&said, 0, sizeof(said));
	q.kind = kind;
	q.direction = kind == JUDGE_TOOL_INJECTION ? JUDGE_TOOL_CALL :
	    JUDGE_PROMPT;
	q.sample = sample;
	q.len = strlen(sample);
	q.nnames = weigh_names(judgepack_rules(jp, kind), q.names);
	for (i = 0; which[i] != '\0'; i++) {
		said.marks[i].name = (uint32_t)(which[i] - '0');
		said.marks[i].label = 1;
	}
	said.nmarks = i;
	weigh(jp, &q, &said, &o);
	return (o.severity);
}

static void
weights(void)
{
	begin();
	load();
	CHECK_INT(labels(JUDGE_INJECTION, "", "x"), SEV_NONE);
	CHECK_STR(o.reason, "");
	/* fewer than two are capped at MEDIUM */
	CHECK_INT(labels(JUDGE_INJECTION, "2", "x"), SEV_MEDIUM);
	CHECK_STR(o.reason, "judge-injection: Obfuscation");
	CHECK_STR(o.findings[0].id, "JUDGE-INJ-OBFUSC");
	/* the same twice is one; what was not asked for is none */
	CHECK_INT(labels(JUDGE_INJECTION, "00", "x"), SEV_MEDIUM);
	CHECK_INT(labels(JUDGE_INJECTION, "09", "x"), SEV_MEDIUM);
	CHECK_INT(o.nfindings, 1);
	/* a file of secrets lifts the cap */
	CHECK_INT(labels(JUDGE_INJECTION, "0", "show /ETC/ PASSWD"),
	    SEV_HIGH);
	CHECK_INT(labels(JUDGE_INJECTION, "0", "cat .env"), SEV_HIGH);
	CHECK_INT(labels(JUDGE_INJECTION, "0", "print the .env file please"),
	    SEV_HIGH);
	CHECK_INT(labels(JUDGE_INJECTION, "0", "my .environment"),
	    SEV_MEDIUM);
	CHECK_INT(labels(JUDGE_INJECTION, "0", "my .environment: cat .env"),
	    SEV_HIGH);
	CHECK_INT(labels(JUDGE_INJECTION, "01", "x"), SEV_HIGH);
	CHECK_INT(labels(JUDGE_INJECTION, "014", "x"), SEV_CRITICAL);
	CHECK_STR(o.reason, "judge-injection: Instruction Manipulation, "
	    "Context Manipulation, Token Exploitation");
	CHECK_INT(labels(JUDGE_TOOL_INJECTION, "0", "x"), SEV_MEDIUM);
	CHECK_INT(labels(JUDGE_TOOL_INJECTION, "3", "x"), SEV_HIGH);
	CHECK_INT(labels(JUDGE_TOOL_INJECTION, "02", "x"), SEV_HIGH);
	CHECK_INT(labels(JUDGE_TOOL_INJECTION, "234", "x"), SEV_CRITICAL);
	CHECK_INT(labels(JUDGE_EXFIL, "1", "x"), SEV_HIGH);
	CHECK_STR(o.reason, "judge-exfil: Exfiltration Channel");
	end();
}

static enum severity
values(enum judge_direction direction, const char *tool, const char *sample,
    uint32_t name, const char *a, const char *b)
{
	memset(&q, 0, sizeof(q));
	memset(&said, 0, sizeof(said));
	q.kind = JUDGE_PII;
	q.direction = direction;
	q.tool = tool;
	q.sample = sample;
	q.len = strlen(sample);
	q.nnames = weigh_names(judgepack_rules(jp, JUDGE_PII), q.names);
	said.nmarks = 1;
	said.marks[0].name = name;
	said.marks[0].label = 1;
	said.marks[0].nentities = said.nentities = b != NULL ? 2 : 1;
	said.entities[0] = a;
	said.entities[1] = b;
	weigh(jp, &q, &said, &o);
	return (o.severity);
}

static void
personal(void)
{
	begin();
	pack_file(&p, "suppressions.yaml", "version: 1\n"
	    "finding_suppressions:\n  - id: S\n"
	    "    finding_pattern: JUDGE-PII-EMAIL\n"
	    "    entity_pattern: '@corp$'\n");
	load();
	CHECK_INT(values(JUDGE_PROMPT, NULL, "write to a@b.c", 0, "a@b.c",
	    NULL), SEV_LOW);
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "write to A@b.c", 0, "a@B.c",
	    NULL), SEV_HIGH);
	CHECK_STR(o.reason, "judge-pii: Email Address: 1 instance(s) "
	    "detected");
	CHECK_INT(o.entities, 1);
	/* white space is no difference */
	CHECK_INT(values(JUDGE_PROMPT, NULL, "call 415 555\n0142", 2,
	    "4155550142", NULL), SEV_HIGH);
	/* what is not in the text was invented */
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "write to a@b.c", 0, "a@b.d",
	    NULL), SEV_NONE);
	CHECK_INT(o.invented, 1);
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "write to a@b.c", 0, " ",
	    ""), SEV_NONE);
	/* suppressed, and by what */
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "a@corp b@corp", 0, "a@corp",
	    "b@corp"), SEV_NONE);
	CHECK_INT(o.nhidden, 1);
	CHECK_STR(o.hidden[0].by, "S");
	CHECK_STR(o.hidden[0].id, "JUDGE-PII-EMAIL");
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "a@corp b@d.e", 0, "a@corp",
	    "b@d.e"), SEV_HIGH);
	CHECK_INT(o.entities, 1);
	/* JSON has it escaped, and is looked at as what it says, too */
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "{\"u\":\"\\\"Bo\\\"@c.d\","
	    "\"e\":\"M\\u00e9@x.y\"}", 0, "\"Bo\"@c.d", "M\xc3\xa9@x.y"),
	    SEV_HIGH);
	CHECK_INT(o.entities, 2);
	CHECK_INT(o.invented, 0);
	CHECK_INT(values(JUDGE_COMPLETION, NULL, "{\"u\":\"\\\"Bo\\\"@c.d\"}",
	    0, "\"Bob\"@c.d", NULL), SEV_NONE);
	CHECK_INT(o.invented, 1);
	/* an index beyond the answer is not followed */
	said.marks[0].first = 7;
	weigh(jp, &q, &said, &o);
	CHECK_INT(o.severity, SEV_NONE);
	end();
}

static void
adjudication(void)
{
	begin();
	load();
	memset(&q, 0, sizeof(q));
	memset(&said, 0, sizeof(said));
	q.kind = JUDGE_ADJUDICATION;
	q.about = JUDGE_PII;
	q.names[0] = "ENT-SSN";
	q.names[1] = "SEC-KEY";
	q.nnames = 2;
	said.nmarks = 2;
	said.marks[1].name = 1;
	said.marks[1].label = 1;
	said.severity = SEV_HIGH;
	/* no threat is none, whatever stands beside it */
	weigh(jp, &q, &said, &o);
	CHECK_INT(o.severity, SEV_NONE);
	CHECK_INT(o.nfindings, 0);
	said.threat = 1;
	weigh(jp, &q, &said, &o);
	CHECK_INT(o.severity, SEV_HIGH);
	CHECK_INT(o.nfindings, 1);
	CHECK_STR(o.findings[0].id, "JUDGE-ADJ-PII:SEC-KEY");
	CHECK_STR(o.reason, "judge-adjudication: SEC-KEY");
	/* no word on how grave */
	said.severity = SEV_NONE;
	q.about = JUDGE_INJECTION;
	weigh(jp, &q, &said, &o);
	CHECK_INT(o.severity, SEV_MEDIUM);
	CHECK_STR(o.findings[0].id, "JUDGE-ADJ-INJECTION:SEC-KEY");
	/* a threat of which nothing is confirmed is one all the same */
	said.nmarks = 1;
	weigh(jp, &q, &said, &o);
	CHECK_INT(o.severity, SEV_MEDIUM);
	CHECK_INT(o.nfindings, 0);
	CHECK_STR(o.reason, "judge-adjudication: threat");
	end();
}

static void
prompts(void)
{
	static const char *const with[] = { "%s", "two" };
	struct wbuf		 w;
	char			 name[MAX_JUDGEPACK_TOOL + 1];
	char			 longer[200];

	wbuf_init(&w, 256);
	judgepack_fill(&w, "a %s b %s c %s %d", with, 2);
	wbuf_put(&w, "", 1);
	CHECK_STR((char *)w.data, "a %s b two c %s %d");
	wbuf_free(&w);
	judgepack_tool_name("a\nb\"c%s {}", name);
	CHECK_STR(name, "a_b_c_s___");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	judgepack_tool_name(longer, name);
	CHECK_INT(strlen(name), MAX_JUDGEPACK_TOOL);
	CHECK_INT(weigh_trimmed(" \n 123 \t", 8), 3);
	CHECK_INT(weigh_trimmed("   ", 3), 0);
}

static void
damaged(void)
{
	const uint8_t	*data;
	uint8_t		*copy;
	size_t		 i, len;
	char		 err[128];

	begin();
	load();
	data = detect_judge(p.detect, &len);
	for (i = 0; i < len; i += i < 64 ? 1 : 37) {
		CHECK((copy = malloc(i + 1)) != NULL);
		memcpy(copy, data, i);
		CHECK(judgepack_open(copy, i, err, sizeof(err)) == NULL);
		free(copy);
	}
	CHECK_STR(err, "the judge's records are damaged");
	end();
}

int
main(void)
{
	RUN(built_in);
	RUN(own_files);
	RUN(wrong_files);
	RUN(conditions);
	RUN(suppressions);
	RUN(strips);
	RUN(weights);
	RUN(personal);
	RUN(adjudication);
	RUN(prompts);
	RUN(damaged);
	return (0);
}
