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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/event.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* what decodes has one encoding and texts that can be shown */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t	 again[MAX_EVENT_LEN];
	char		 when[EVENT_TIME_SIZE], id[EVENT_UUID_SIZE];
	struct event	 ev;
	uint8_t		 back[EVENT_ID_LEN];
	uint64_t	 us;

	if (event_decode(&ev, data, len) == -1)
		return (0);
	if (event_encode(&ev, again, sizeof(again)) != (ssize_t)len ||
	    memcmp(again, data, len) != 0)
		abort();
	event_time(ev.time_us, when);
	event_uuid(ev.id, id);
	if (event_time_parse(when, &us) == -1 || us != ev.time_us ||
	    event_uuid_parse(id, back) == -1 ||
	    memcmp(back, ev.id, sizeof(back)) != 0 ||
	    severity_name(ev.severity) == NULL)
		abort();
	return (0);
}
