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

#include "common/log.h"
#include "common/outbox.h"
#include "sinkd/otlp_pb.h"
#include "sinkd/sink.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * A receiver's answer: the first byte says of which kind, the next two are
 * the status, the rest is the body.
 */

static void
acked(uint64_t id, void *arg)
{
	(void)id;
	++*(int *)arg;
}

static void
sane(const struct judgement *j)
{
	size_t	 i;

	if (j->outcome < OUT_DELIVERED || j->outcome > OUT_HOLD ||
	    j->bad_event < -1)
		abort();
	for (i = 0; i < sizeof(j->reason) && j->reason[i] != '\0'; i++)
		if ((j->reason[i] < ' ' || j->reason[i] > '~') &&
		    j->reason[i] != OUTBOX_SAID)
			abort();
	if (i == sizeof(j->reason))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct sink_ops	*const kinds[] = { &sink_hec,
					    &sink_otlp, &sink_otlp,
					    &sink_jsonl };
	static struct sink		 sink;
	struct answer			 a;
	struct judgement		 j;
	char				*body, text[160];
	int				 n = 0;

	if (len < 3)
		return (0);
	memset(&a, 0, sizeof(a));
	a.http = (data[1] | data[2] << 8) % 1000;
	a.truncated = data[0] >> 7;
	a.len = len - 3;
	a.error = "";
	a.retry_after_ms = -1;
	/* with no byte behind it */
	if ((body = malloc(a.len + (a.len == 0))) == NULL)
		abort();
	memcpy(body, data + 3, a.len);
	a.body = body;
	sink.rec.protobuf = data[0] % 4 == 2;
	memset(&j, 0x5a, sizeof(j));
	kinds[data[0] % 4]->judge(&sink, &a, &j);
	sane(&j);
	if (hec_acks(body, a.len, acked, &n) > 0 && n == 0)
		abort();
	(void)pb_partial(body, a.len, text, sizeof(text));
	if (memchr(text, '\0', sizeof(text)) == NULL)
		abort();
	free(body);
	return (0);
}
