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

#include "common/detect/text.h"
#include "tests/unit/pack.h"

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Any bytes through a fixed pack with exact, prefiltered and local rules.
 * The first byte chooses direction, tool and how the rest is cut into
 * pieces.  What comes out is always whole: valid UTF-8, in order, within its
 * bounds, and evidence that stands in the text.
 */

static const char rules[] =
    "version: 1\n"
    "category: c\n"
    "rules:\n"
    "  - {id: A, severity: CRITICAL, confidence: 0.9, tags: [execution], "
    "title: t, pattern: '(?i)\\bcurl\\b[^|\\n]{0,60}\\|\\s*(?:ba)?sh\\b'}\n"
    "  - {id: B, severity: HIGH, confidence: 1, tags: [file-sensitive], "
    "pattern: '/etc/(?:passwd|shadow)'}\n"
    "  - {id: C, severity: LOW, confidence: 0.1, pattern: "
    "'(?<![0-9])[0-9]{3}(?!9)-[0-9]{2}'}\n"
    "  - {id: D, severity: MEDIUM, pattern: '(a|b)+x\\1'}\n"
    "  - {id: E, severity: HIGH, tags: [cognitive-tampering], pattern: "
    "'(?i)soul\\.md'}\n"
    "  - {id: F, severity: LOW, pattern: 'a.{2,5}z$'}\n"
    "  - {id: G, severity: LOW, pattern: '\\p{Greek}[^a]q'}\n"
    "  - {id: H, severity: LOW, pattern: '(?s)k.+?(?=m)..n'}\n"
    "  - {id: I, severity: NONE, pattern: '[A-Z]{5,}'}\n"
    "  - {id: J, severity: HIGH, pattern: '(?i)x;y|\\fscp\\s|\\vgo\\s'}\n"
    "  - {id: K, severity: HIGH, pattern: '\\v(?:act|say)\\s(?!no)'}\n";

static const char local[] =
    "version: 1\n"
    "injection: [\"ignore all\", \"jailbreak\"]\n"
    "secrets: [\"sk-\"]\n"
    "exfiltration: [\"/etc/hosts\"]\n";

static struct pack	 pack;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	pack_init(&pack);
	pack_file(&pack, "rules/a.yaml", rules);
	pack_file(&pack, "rules/local-patterns.yaml", local);
	pack_load(&pack);
	CHECK_INT(pack.report.skipped, 0);
	CHECK(nftw(pack.dir, pack_unlink, 8, FTW_DEPTH | FTW_PHYS) == 0);
	return 0;
}

static int
is_plain(const uint8_t *p, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (p[i] < ' ' || p[i] == 0x7f)
			return 0;
	return text_valid((const char *)p, len) == len;
}

static void
check_result(const struct detect_result *res, const uint8_t *text, size_t len)
{
	const struct detect_finding	*f;
	enum severity			 top = SEV_NONE;
	size_t				 elen, i;
	int				 plain = is_plain(text, len);

	CHECK(res->nfindings <= MAX_FINDINGS);
	CHECK(res->total >= res->nfindings);
	for (i = 0; i < res->nfindings; i++) {
		f = &res->findings[i];
		CHECK(f->confidence >= 0 && f->confidence <= 1);
		CHECK(i == 0 || f[-1].severity >= f->severity);
		if (f->severity > top)
			top = f->severity;
		elen = strlen(f->evidence);
		CHECK(elen <= MAX_MATCH_EVIDENCE);
		CHECK_INT(text_valid(f->evidence, elen), elen);
		CHECK_INT(text_valid(f->title, strlen(f->title)),
		    strlen(f->title));
		CHECK(f->indeterminate || elen > 0);
		if (plain && !f->obfuscated)
			CHECK(memmem(text, len, f->evidence, elen) != NULL);
	}
	CHECK(res->severity == top);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const	 tools[] = { NULL, "shell",
	    "read_file", "write_file" };
	static struct detect_result	 res;
	struct detect_piece		 p[2];
	size_t				 cut;

	if (len == 0)
		return 0;
	cut = data[0] & 0x80 ? (len - 1) / 2 : len - 1;
	p[0].text = (const char *)data + 1;
	p[0].len = cut;
	p[0].kind = data[0] & 0x40 ? DETECT_JSON : DETECT_PLAIN;
	p[1].text = (const char *)data + 1 + cut;
	p[1].len = len - 1 - cut;
	p[1].kind = DETECT_JSON;
	CHECK_INT(detect_text(pack.detect, (enum detect_direction)
	    ((data[0] & 3) % 3), tools[data[0] >> 2 & 3], p, 2, &res), 0);
	check_result(&res, data + 1, len - 1);
	return 0;
}
