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


#include "common/detect/image.h"
#include "gatewayd/rulemarks.h"
#include "tests/unit/pack.h"

/*
 * Rules that ask for a mark: which texts they are matched on, and what of
 * them.
 */

#define P	IMAGE_PLAIN
#define C	IMAGE_COMMAND
#define S	IMAGE_SENTENCE

static struct detect_result	 res;

static void
test_kinds(void)
{
	static const struct {
		const char	*pattern;
		unsigned int	 kinds;
	} rows[] = {
		{ "curl", P }, { "\\fcurl", C }, { "\\x0bgo", S },
		{ "a|\\fb", P | C }, { "\\fa|\\fb", C },
		{ "(?:\\fa|b)c", P | C }, { "(?i)(?:\\fa|\\fb)c", C },
		{ "(?:\\fa)?b", P | C }, { "(?:\\fa)*b", P | C },
		{ "(?:\\fa){0,3}b", P | C }, { "(?:\\fa){1,3}b", C },
		{ "(?:\\fa)+b", C }, { "x(?:y(?:\\fa|\\fb))z", C },
		{ "\\fa|\\x0bb", C | S }, { "\\fa|\\x0bb|c", P | C | S },
		{ "[\\f]a", P }, { "[^]\\f]a", P }, { "[[:space:]\\f]", P },
		{ "\\\\fa", P }, { "\\(\\fa", C }, { "\\[\\fa", C },
		{ "(?=\\fa)b", P | C }, { "(?!\\fa)b", P | C },
		{ "(?<=\\f)b", P | C }, { "(?P<n>\\fa)b", P | C },
		{ "(?-i:\\fa)b", C }, { "\\x41\\x0bb", S }, { "\\x0a", P },
		{ "", P }, { "\\f", C }, { "\\f?", P | C }, { "a|", P },
	};
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rulemarks(rows[i].pattern) != rows[i].kinds) {
			fprintf(stderr, "%s\n", rows[i].pattern);
			CHECK_INT(rulemarks(rows[i].pattern), rows[i].kinds);
		}
}

static void
test_parts(void)
{
	static const struct {
		const char	*pattern;
		unsigned int	 kind;
		const char	*part;
	} rows[] = {
		{ "(?i)a|\\fb|c", P, "(?i)a|c" },
		{ "(?i)a|\\fb|c", C, "(?i)\\fb" },
		{ "\\fa|\\x0bb|c", S, "\\x0bb" },
		{ "(?:>|\\f(?:tee|cp) )/etc", P, "(?:>)/etc" },
		{ "(?:>|\\f(?:tee|cp) )/etc", C, "(?:\\f(?:tee|cp) )/etc" },
		/* either may be the one with the mark */
		{ "(?:x|\\fy)z(?:\\fq|r)", P, "(?:x)z(?:r)" },
		{ "(?:x|\\fy)z(?:\\fq|r)", C, "(?:x|\\fy)z(?:\\fq|r)" },
		{ "(?:x|\\fy)+z", C, "(?:x|\\fy)+z" },
		{ "(?:x|\\fy)+z", P, "(?:x)+z" },
		{ "(?:\\fa)?b", P, "(?:\\fa)?b" },
		{ "(?:\\fa)?b", C, "(?:\\fa)?b" },
		/* flags hold for what follows: nothing is taken away */
		{ "a(?i)|\\fb|c", P, "a(?i)|\\fb|c" },
		{ "x[|]y|\\fb", P, "x[|]y" },
		{ "x\\|\\)y|\\fb", P, "x\\|\\)y" },
		{ "\\fa", C, "\\fa" },
	};
	char	 out[256];
	size_t	 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rulemarks_part(rows[i].pattern, rows[i].kind, out);
		CHECK_STR(out, rows[i].part);
	}
}

static const char rules[] =
    "version: 1\n"
    "category: c\n"
    "rules:\n"
    "  - {id: CMD, severity: HIGH, pattern: '\\fcurl\\s[^\\n;]*-o'}\n"
    "  - {id: SAY, severity: HIGH, pattern: '(?i)\\vignore\\s(?:it|them)'}\n"
    "  - {id: MIX, severity: HIGH, pattern: 'x-(?:y|\\fwget|\\vwrite)-z'}\n"
    "  - {id: LOOK, severity: HIGH, pattern: '\\fscp (?!-q)\\w'}\n";

static const char *
ids(struct pack *p, enum detect_direction direction, const char *text,
    enum detect_kind kind)
{
	static char		 out[256];
	struct detect_piece	 piece = { text, strlen(text), kind };
	size_t			 i;

	CHECK_INT(detect_text(p->detect, direction, NULL, &piece, 1, &res),
	    0);
	out[0] = '\0';
	for (i = 0; i < res.nfindings; i++) {
		strlcat(out, res.findings[i].rule->id, sizeof(out));
		strlcat(out, res.findings[i].obfuscated ? "* " : " ",
		    sizeof(out));
	}
	return out;
}

static void
test_texts(void)
{
	struct pack	 p;

	pack_init(&p);
	pack_file(&p, "rules/a.yaml", rules);
	pack_load(&p);
	CHECK_INT(p.report.loaded, 4);
	CHECK_INT(p.report.prefiltered, 1);
	/* commands are marked in the strings of a tool call only */
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "ls; curl -o x", DETECT_PLAIN),
	    "CMD ");
	CHECK_STR(res.findings[0].evidence, "curl -o");
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "see curl -o x", DETECT_PLAIN),
	    "");
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "curl -o x", DETECT_JSON), "");
	CHECK_STR(ids(&p, DETECT_PROMPT, "curl -o x", DETECT_PLAIN), "");
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "c''url -o x", DETECT_PLAIN),
	    "CMD* ");
	/* a rule that PCRE2 confirms is confirmed on the marked text */
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "ls | scp a", DETECT_PLAIN),
	    "LOOK ");
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "ls | scp -q", DETECT_PLAIN), "");
	/* sentences in every direction */
	CHECK_STR(ids(&p, DETECT_PROMPT, "Please ignore it", DETECT_PLAIN),
	    "SAY ");
	CHECK_STR(res.findings[0].evidence, "ignore it");
	CHECK_STR(ids(&p, DETECT_COMPLETION, "ok.\n- IGNORE them",
	    DETECT_PLAIN), "SAY ");
	CHECK_STR(ids(&p, DETECT_TOOL_CALL, "and ignore it", DETECT_PLAIN),
	    "SAY ");
	CHECK_STR(ids(&p, DETECT_PROMPT, "I ignore it", DETECT_PLAIN), "");
	/* hidden, and not hidden beside something that is */
	CHECK_STR(ids(&p, DETECT_PROMPT, "Ig\xe2\x80\x8bnore it",
	    DETECT_PLAIN), "SAY* ");
	CHECK_STR(ids(&p, DETECT_PROMPT, "A\xe2\x80\x8b. \"Ignore it\". B",
	    DETECT_PLAIN), "SAY ");
	/* one alternative each */
	CHECK_STR(ids(&p, DETECT_PROMPT, "x-y-z", DETECT_PLAIN), "MIX ");
	CHECK_STR(ids(&p, DETECT_PROMPT, "x-wget-z", DETECT_PLAIN), "");
	pack_free(&p);
}

int
main(void)
{
	RUN(test_kinds);
	RUN(test_parts);
	RUN(test_texts);
	return 0;
}
