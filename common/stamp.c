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
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/stamp.h"
#include "common/version.h"

void
stamp_init(struct stamp *st, const struct rec_suite *suite)
{
	uint8_t	id[EVENT_ID_LEN];

	memset(st, 0, sizeof(*st));
	randombytes_buf(&st->prefix, sizeof(st->prefix));
	randombytes_buf(id, sizeof(id));
	event_uuid(id, st->instance);
	strlcpy(st->conf_hash, suite->conf_hash, sizeof(st->conf_hash));
	strlcpy(st->agent_id, suite->agent_id, sizeof(st->agent_id));
	strlcpy(st->agent_name, suite->agent_name, sizeof(st->agent_name));
}

/*
 * The process's random prefix and a counter: unique without asking, and
 * neighbours in the store's index.
 */
void
stamp_id(struct stamp *st, uint8_t id[EVENT_ID_LEN])
{
	uint64_t	n = ++st->counter;
	size_t		i;

	memcpy(id, &st->prefix, sizeof(st->prefix));
	for (i = 0; i < sizeof(n); i++)
		id[EVENT_ID_LEN - 1 - i] = (uint8_t)(n >> (8 * i));
}

void
stamp_event(struct stamp *st, struct event *ev, const char *action,
    enum severity severity)
{
	memset(ev, 0, sizeof(*ev));
	stamp_id(st, ev->id);
	ev->time_us = clock_wall_us();
	ev->severity = severity;
	ev->field[EV_ACTION] = action;
	ev->field[EV_BINARY_VERSION] = DC_VERSION;
	ev->field[EV_SIDECAR_INSTANCE_ID] = st->instance;
	if (st->conf_hash[0] != '\0')
		ev->field[EV_CONTENT_HASH] = st->conf_hash;
	if (st->agent_id[0] != '\0')
		ev->field[EV_AGENT_ID] = st->agent_id;
	if (st->agent_name[0] != '\0')
		ev->field[EV_AGENT_NAME] = st->agent_name;
}

ssize_t
stamp_encode(struct event *ev, json_t *details, void *buf, size_t size)
{
	char	*text = NULL;
	ssize_t	 n;
	int	 saved;

	if (details != NULL) {
		text = json_text(details);
		json_decref(details);
		if (text == NULL) {
			errno = ENOMEM;
			return (-1);
		}
		ev->field[EV_DETAILS] = text;
	}
	n = event_encode(ev, buf, size);
	saved = errno;
	free(text);
	if (text != NULL)
		ev->field[EV_DETAILS] = NULL;
	errno = saved;
	return (n);
}
