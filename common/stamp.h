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

#ifndef COMMON_STAMP_H
#define COMMON_STAMP_H

#include <jansson.h>

#include "common/event.h"
#include "common/records.h"

/*
 * What every event of a process carries without being asked: a unique id,
 * the time, and where it came from.
 */

struct stamp {
	uint64_t	prefix;		/* random, of this process */
	uint64_t	counter;
	char		instance[EVENT_UUID_SIZE];
	char		conf_hash[65];
	char		agent_id[65];
	char		agent_name[65];
};

void	stamp_init(struct stamp *, const struct rec_suite *);

/* a new id, unique for ever */
void	stamp_id(struct stamp *, uint8_t [EVENT_ID_LEN]);

/* clears ev and fills in id, time and provenance; strings are not copied */
void	stamp_event(struct stamp *, struct event *, const char *,
	    enum severity);

/*
 * Encodes ev with details as compact JSON; takes the reference.  The length,
 * or -1 with errno as event_encode().
 */
ssize_t	stamp_encode(struct event *, json_t *, void *, size_t);

#endif /* COMMON_STAMP_H */
