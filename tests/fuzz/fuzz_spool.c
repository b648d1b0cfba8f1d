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

#include "common/spool.h"
#include "common/utf8.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * What is taken from a spool is bounded text, and written again it is the
 * same records.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct spool_walk	w, again;
	struct spool_rec	a, b;
	struct wbuf		out;
	uint8_t			*copy;
	int			 rv = -1;

	if ((copy = malloc(len + 1)) == NULL)
		abort();
	memcpy(copy, data, len);	/* ASan sees its end */
	wbuf_init(&out, MAX_SPOOL + len);
	wbuf_put(&out, SPOOL_MAGIC, SPOOL_MAGIC_LEN);
	if (spool_begin(&w, copy, len) == 0)
		while ((rv = spool_next(&w, &a)) == 1) {
			if (strlen(a.action) > 64 ||
			    strlen(a.target) >= MAX_SPOOL_NAME ||
			    strlen(a.change) > MAX_SPOOL_TEXT ||
			    !utf8_valid(a.change, strlen(a.change)))
				abort();
			spool_put(&out, a.time_us, a.action, a.target,
			    a.change);
		}
	if (w.n > MAX_SPOOL_RECS || (rv == 0 && (out.failed ||
	    out.len != len || memcmp(out.data, data, len) != 0)))
		abort();
	if (!out.failed) {
		if (spool_begin(&again, out.data, out.len) == -1)
			abort();
		while (spool_next(&again, &b) == 1)
			continue;
		if (again.n != w.n)
			abort();
	}
	wbuf_free(&out);
	free(copy);
	return (0);
}
