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

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/export.h"
#include "common/head.h"
#include "ctl/exportfmt.h"
#include "ctl/verify.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct verify_conf	conf;

static void
setup(void)
{
	uint8_t	 seed[HEAD_SEED_LEN], secret[HEAD_SECRET_LEN];

	if (sodium_init() == -1)
		abort();
	memset(seed, 0x42, sizeof(seed));	/* as the corpus was made */
	device_key_expand(seed, conf.public_key, secret);
}

/* one line under every reader: what is taken is spelled exactly so */
static void
one_line(struct export_reader *rd, const char *p, size_t len)
{
	static char		 again[MAX_EXPORT_LINE];
	struct export_header	 hdr;
	struct chain_row	 row;
	struct head		 head;
	char			 err[200];

	if (export_row_parse(rd, &row, p, len, err, sizeof(err)) == 0) {
		if (export_row_line(&row, again, sizeof(again)) !=
		    (ssize_t)len || memcmp(again, p, len) != 0)
			abort();
		(void)chain_check(&row, err, sizeof(err));
	}
	if (export_header_parse(&hdr, p, len, err, sizeof(err)) == 0 &&
	    (export_header_line(&hdr, again, sizeof(again)) !=
	    (ssize_t)len || memcmp(again, p, len) != 0))
		abort();
	if (head_parse(&head, p, len, err, sizeof(err)) == 0 &&
	    (head_json(&head, again) != len || memcmp(again, p, len) != 0))
		abort();
}

/* the place to go on from lies in the file, after a record */
static void
places(const uint8_t *data, size_t len)
{
	struct export_place	 at;
	char			 err[200];
	FILE			*f;
	int			 fmt;

	for (fmt = FORMAT_JSONL; len != 0 && fmt <= FORMAT_OCSF; fmt++) {
		if ((f = fmemopen((void *)(uintptr_t)data, len, "r")) ==
		    NULL)
			abort();
		if (exportfmt_place((enum export_format)fmt, f, &at, err,
		    sizeof(err)) == 0 && (at.end > len || at.last > at.end ||
		    (at.end != 0 && data[at.end - 1] != '\n') ||
		    (at.seq != 0 && at.last == at.end)))
			abort();
		fclose(f);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct export_reader	*rd;
	struct verify_result		 res;
	struct verify			*v;
	const char			*p = (const char *)data, *nl;
	char				 err[200];

	if (rd == NULL) {
		setup();
		if ((rd = export_reader_new()) == NULL)
			abort();
	}
	if ((v = verify_new(&conf, err, sizeof(err))) == NULL)
		abort();
	places(data, len);
	while ((nl = memchr(p, '\n', len)) != NULL) {
		one_line(rd, p, (size_t)(nl - p));
		verify_line(v, p, (size_t)(nl - p));
		len -= (size_t)(nl - p) + 1;
		p = nl + 1;
	}
	one_line(rd, p, len);
	verify_line(v, p, len);
	verify_end(v, &res);
	if (res.ok != (res.bad_seq == 0 && res.reason[0] == '\0') ||
	    (res.signed_seq > res.last_seq))
		abort();
	verify_free(v);
	return (0);
}
