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

#include <stdio.h>
#include <string.h>

#include "sink.h"

/*
 * JSON lines (application/x-ndjson): one row of the export format per line,
 * so that what a receiver keeps can be verified like an export.  The file
 * kind writes the same lines.
 */

static int
jsonl_event(const struct sink *s, const struct chain_row *row,
    struct wbuf *w, char *err, size_t errlen)
{
	(void)s;
	if (sink_row(row, w, err, errlen) == -1)
		return (-1);
	sink_put(w, "\n");
	return (w->failed ? -1 : 0);
}

static const char *
jsonl_type(const struct sink *s)
{
	(void)s;
	return ("application/x-ndjson");
}

static void
jsonl_judge(const struct sink *s, const struct answer *a,
    struct judgement *j)
{
	(void)s;
	memset(j, 0, sizeof(*j));
	j->bad_event = -1;
	sink_judge_status(a, j);
}

const struct sink_ops	sink_jsonl = {
	SINK_JSONL, jsonl_event, sink_concat, jsonl_type,
	jsonl_judge
};

const struct sink_ops	sink_file = {
	SINK_FILE, jsonl_event, sink_concat, NULL, NULL
};
