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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sinkd/judge.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * A judge's answer, by the kind that the first byte says: what is taken of it
 * has a form, and nothing in it but entities is the answer's.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char	 sample[] = "mail a@b.c, &lt; <b>";
	struct judge_verdict	 v;
	struct judge_ask	 a;
	struct wbuf		 w;
	char			 why[MAX_JUDGE_REASON];
	size_t			 i;

	if (len-- == 0)
		return (0);
	memset(&a, 0, sizeof(a));
	a.kind = JUDGE_INJECTION + (uint32_t)*data++ % (JUDGE_KIND_COUNT -
	    JUDGE_INJECTION);
	a.direction = JUDGE_PROMPT;
	a.deadline_ms = 1;
	a.keep_body = len % 2;
	a.prompt = "";
	a.sample = sample;
	a.sample_len = sizeof(sample) - 1;
	a.nnames = 2;
	a.names[0] = "Email Address";
	a.names[1] = "Obfuscation";
	if (judge_answer(&a, (const char *)data, len, &v, why,
	    sizeof(why)) == JUDGE_OK) {
		wbuf_init(&w, MAX_FRAME);
		if (judge_said_pack(&w, &v.said) == -1)
			abort();
		for (i = 0; i < v.said.nmarks; i++)
			if (v.said.marks[i].name >= a.nnames)
				abort();
		wbuf_free(&w);
	}
	judge_verdict_free(&v);
	return (0);
}
