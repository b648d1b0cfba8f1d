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

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "gatewayd.h"

/*
 * The block and allow lists as auditd sent them last.  A new set is built
 * aside and taken over whole, so a verdict sees one generation only.
 */

RB_HEAD(targets, target);

static struct targets	now = RB_INITIALIZER(&now);
static struct targets	next = RB_INITIALIZER(&next);
static unsigned int	nnext;
static uint64_t		generation;
static int		have;

static int
target_cmp(struct target *a, struct target *b)
{
	if (a->kind != b->kind)
		return (a->kind < b->kind ? -1 : 1);
	return (strcmp(a->name, b->name));
}

RB_PROTOTYPE(targets, target, entry, target_cmp)
RB_GENERATE(targets, target, entry, target_cmp)

static void
targets_free(struct targets *set)
{
	struct target	*t;

	while ((t = RB_ROOT(set)) != NULL) {
		RB_REMOVE(targets, set, t);
		free(t->name);
		free(t->reason);
		free(t);
	}
}

const struct target *
lists_find(enum list_kind kind, const char *name)
{
	struct target	key;

	memset(&key, 0, sizeof(key));
	key.kind = kind;
	key.name = (char *)(uintptr_t)name;
	return (RB_FIND(targets, &now, &key));
}

void
lists_begin(struct peer *p, struct msg *msg)
{
	(void)p;
	(void)msg;
	targets_free(&next);
	nnext = 0;
}

void
lists_entry(struct peer *p, struct msg *msg)
{
	struct policy_item	 item;
	struct target		*t;
	struct rbuf		 r;
	const char		*name, *reason;

	rbuf_init(&r, msg->data, msg->len);
	rbuf_get(&r, &item, sizeof(item));
	name = rbuf_str(&r, MAX_TARGET_NAME);
	reason = rbuf_str(&r, item.kind == KIND_PIN ? MAX_PIN_TEXT :
	    MAX_TARGET_REASON);
	if (rbuf_end(&r) == -1)
		fatalx("%s: malformed list entry", p->name);
	if ((t = calloc(1, sizeof(*t))) == NULL ||
	    (t->name = strdup(name)) == NULL ||
	    (t->reason = strdup(reason)) == NULL)
		fatal("list entry");
	t->kind = item.kind;
	t->op = item.op;
	t->updated_us = item.updated_us;
	if (RB_INSERT(targets, &next, t) != NULL)
		fatalx("%s: a list entry came twice", p->name);
	nnext++;
}

void
lists_end(struct peer *p, struct msg *msg)
{
	struct policy_head	ph;

	if (msg_get(msg, &ph, sizeof(ph)) == -1)
		fatalx("%s: malformed", p->name);
	/* a list cut short would allow what is blocked */
	if (ph.count != nnext)
		fatalx("%s: %u list entries came of %u", p->name, nnext,
		    ph.count);
	targets_free(&now);
	now = next;
	RB_INIT(&next);
	nnext = 0;
	generation = ph.generation;
	have = 1;
	peer_send(p, MSG_POLICY_IN_FORCE, 0, -1, &ph, sizeof(ph));
	serve_if_ready();
}

uint64_t
lists_generation(void)
{
	return (generation);
}

int
lists_ready(void)
{
	return (have);
}

json_t *
lists_json(enum list_op op)
{
	struct target	*t;
	json_t		*list;
	char		 at[EVENT_TIME_SIZE], id[48];

	if ((list = json_array()) == NULL)
		return (NULL);
	RB_FOREACH(t, targets, &now) {
		if (t->op != (uint32_t)op || t->kind == KIND_PIN ||
		    list_kind_name(t->kind) == NULL)
			continue;
		event_time(t->updated_us, at);
		snprintf(id, sizeof(id), "%s-%llu", list_kind_name(t->kind),
		    (unsigned long long)t->updated_us);
		json_array_append_new(list, json_pack(
		    "{s:s,s:s,s:s,s:s,s:s}", "id", id, "target_type",
		    list_kind_name(t->kind), "target_name", t->name, "reason",
		    t->reason, "updated_at", at));
	}
	return (list);
}
