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

#include "common/judge.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * A question or an answer, as the first byte says.  What is taken is written
 * again as it was read; a question's sample loses every marker.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct judge_ask	 ask;
	struct judge_said	 said;
	struct wbuf		 w;
	int			 rc;

	if (len-- == 0)
		return (0);
	wbuf_init(&w, MAX_FRAME);
	if (*data++ == 'a') {
		if (judge_ask_unpack(data, len, &ask) == -1)
			return (0);
		rc = judge_ask_pack(&w, &ask);
	} else {
		if (judge_said_unpack(data, len, &said) == -1)
			return (0);
		rc = judge_said_pack(&w, &said);
	}
	if (rc == -1 || w.len != len || memcmp(w.data, data, len) != 0)
		abort();
	wbuf_free(&w);
	wbuf_init(&w, MAX_FRAME * 6);
	judge_escape(&w, (const char *)data, len);
	if (w.failed || (w.len != 0 && memchr(w.data, '<', w.len) != NULL))
		abort();
	wbuf_free(&w);
	return (0);
}
