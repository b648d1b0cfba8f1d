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

#include <errno.h>
#include <string.h>

#include "common/le.h"
#include "common/outbox.h"

const char *
circuit_name(uint32_t c)
{
	static const char *const	 names[CIRCUIT_COUNT] = { "closed",
					    "open", "half-open", "held" };

	return (c < CIRCUIT_COUNT ? names[c] : "unknown");
}

const char *
sink_kind_name(uint32_t kind)
{
	static const char *const	 names[] = { "unknown", "splunk_hec",
					    "otlp_logs", "http_jsonl",
					    "syslog", "file", "webhook" };

	return (names[kind < sizeof(names) / sizeof(names[0]) ? kind : 0]);
}

int
outbox_pack(struct wbuf *w, const struct chain_row *row)
{
	uint8_t	 head[OUTBOX_ROW_HEAD], ev[MAX_EVENT_LEN], *p = head;
	ssize_t	 n;

	if ((n = event_encode(&row->ev, ev, sizeof(ev))) == -1)
		return (-1);
	le_put32(p, (uint32_t)(sizeof(head) - 4 + (size_t)n));
	le_put32(p + 4, row->alg);
	le_put64(p + 8, row->seq);
	p += 16;
	memcpy(p, row->device, sizeof(row->device));
	p += sizeof(row->device);
	memcpy(p, row->epoch, sizeof(row->epoch));
	p += sizeof(row->epoch);
	memcpy(p, row->salt, sizeof(row->salt));
	p += sizeof(row->salt);
	memcpy(p, row->commitment, sizeof(row->commitment));
	p += sizeof(row->commitment);
	memcpy(p, row->prev, sizeof(row->prev));
	p += sizeof(row->prev);
	memcpy(p, row->hash, sizeof(row->hash));
	wbuf_put(w, head, sizeof(head));
	wbuf_put(w, ev, (size_t)n);
	if (w->failed) {
		errno = EMSGSIZE;
		return (-1);
	}
	return (0);
}

int
outbox_unpack(const void *data, size_t size, size_t *cursor,
    struct chain_row *row)
{
	const uint8_t	*p = (const uint8_t *)data + *cursor;
	size_t		 left = size - *cursor, len;

	if (left == 0)
		return (0);
	if (*cursor > size || left < OUTBOX_ROW_HEAD ||
	    (len = le_get32(p)) > left - 4 || len < OUTBOX_ROW_HEAD - 4)
		return (-1);
	memset(row, 0, sizeof(*row));
	row->alg = (enum chain_alg)le_get32(p + 4);
	row->seq = le_get64(p + 8);
	if (chain_alg_name(row->alg) == NULL || row->seq == 0 ||
	    row->seq > MAX_CHAIN_SEQ)
		return (-1);
	*cursor += 4 + len;
	len -= OUTBOX_ROW_HEAD - 4;
	p += 16;
	memcpy(row->device, p, sizeof(row->device));
	p += sizeof(row->device);
	memcpy(row->epoch, p, sizeof(row->epoch));
	p += sizeof(row->epoch);
	memcpy(row->salt, p, sizeof(row->salt));
	p += sizeof(row->salt);
	memcpy(row->commitment, p, sizeof(row->commitment));
	p += sizeof(row->commitment);
	memcpy(row->prev, p, sizeof(row->prev));
	p += sizeof(row->prev);
	memcpy(row->hash, p, sizeof(row->hash));
	p += sizeof(row->hash);
	return (event_decode(&row->ev, p, len) == -1 ? -1 : 1);
}
