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

#include "common/outbox.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Rows from auditd.  What is taken is written again as it was read.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct chain_row	 row;
	struct wbuf		 w;
	size_t			 cursor = 0, before = 0;

	while (outbox_unpack(data, len, &cursor, &row) == 1) {
		if (cursor <= before || cursor > len)
			abort();
		wbuf_init(&w, MAX_FRAME);
		if (outbox_pack(&w, &row) == -1 || w.len != cursor - before ||
		    memcmp(w.data, data + before, w.len) != 0)
			abort();
		wbuf_free(&w);
		before = cursor;
	}
	return (0);
}
