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
#include "auditd.h"
#include "outbox.h"

/*
 * Which sinks there are, and the place in the log that each one has.
 */

static int	configured;	/* the supervisor said which */

static int
sink_event(const char *action, const struct outsink *s)
{
	struct event	 ev;

	stamp_event(&auditd.stamp, &ev, action, SEV_INFO);
	ev.field[EV_TARGET] = s->rec.name;
	return (commit_event(&ev, json_pack("{s:I}", "cursor",
	    (json_int_t)s->at.cursor), NULL));
}

/* gives a newly configured sink its place in the log */
static void
sink_place(struct outsink *s)
{
	struct head		 h;
	enum store_status	 st;

	if (s->known || s->gone || cursors == NULL)
		return;
	st = cursor_get(cursors, s->rec.name, &s->at);
	if (st == STORE_REFUSED) {
		store_head(auditd.store, &h);
		memset(&s->at, 0, sizeof(s->at));
		strlcpy(s->at.name, s->rec.name, sizeof(s->at.name));
		s->at.cursor = s->rec.start == 0 || s->rec.start > h.seq ?
		    h.seq : s->rec.start - 1;
		(void)sink_event("sink-added", s);
		outbox_touch(s);
	} else if (st != STORE_OK) {
		log_warnx("%s: %s", s->rec.name, store_errtext(auditd.store));
		return;
	}
	s->known = 1;
	s->next = s->at.cursor + 1;
	s->replay = s->at.replay_next;
}

static int
forget_row(const struct cursor_row *row, void *arg)
{
	struct outsink	*s;

	(void)arg;
	TAILQ_FOREACH(s, &outsinks, entry)
		if (strcmp(s->rec.name, row->name) == 0)
			return (0);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		fatal("sink");
	TAILQ_INIT(&s->out);
	TAILQ_INIT(&s->dead);
	wbuf_init(&s->rows, MAX_FRAME);
	strlcpy(s->rec.name, row->name, sizeof(s->rec.name));
	s->at = *row;
	s->known = s->gone = 1;
	TAILQ_INSERT_TAIL(&outsinks, s, entry);
	return (0);
}

/*
 * The table and the configuration agree from here on.  What its receiver did
 * not take stays when a sink goes.
 */
void
outbox_places(void)
{
	struct outsink	*s;

	if (cursors == NULL || !auditd.reconciled || !configured)
		return;
	commit_now();
	if (cursor_each(cursors, forget_row, NULL) != STORE_OK)
		log_warnx("%s", store_errtext(auditd.store));
	TAILQ_FOREACH(s, &outsinks, entry) {
		sink_place(s);
		if (s->gone && !s->told &&
		    sink_event("sink-removed", s) == 0) {
			s->told = 1;
			outbox_touch(s);
		}
	}
	if (auditd.in_tx)
		commit_now();
	outbox_serve();
}

static int
rec_valid(const struct rec_outbox *r)
{
	uint32_t	 i;

	if (memchr(r->name, '\0', sizeof(r->name)) == NULL ||
	    r->name[0] == '\0' || r->nactions > MAX_SINK_ACTIONS ||
	    r->min_severity >= SEV_COUNT || r->start > MAX_CHAIN_SEQ)
		return (0);
	for (i = 0; i < r->nactions; i++)
		if (memchr(r->actions[i], '\0',
		    sizeof(r->actions[i])) == NULL)
			return (0);
	return (1);
}

void
outbox_conf(struct peer *sup, struct msg *msg)
{
	struct records		 recs;
	struct rec_outbox	 r;
	struct outsink		*s;
	size_t			 n = 0;
	int			 rc;

	(void)sup;
	if (records_open(&recs, msg_take_fd(msg)) == -1)
		fatal("records of the sinks");
	TAILQ_FOREACH(s, &outsinks, entry)
		s->gone = 1;
	while ((rc = records_nth(&recs, REC_OUTBOX, n, &r, sizeof(r))) == 1) {
		if (n++ == MAX_SINKS || !rec_valid(&r))
			break;
		TAILQ_FOREACH(s, &outsinks, entry)
			if (strcmp(s->rec.name, r.name) == 0)
				break;
		if (s == NULL) {
			if ((s = calloc(1, sizeof(*s))) == NULL)
				fatal("sink");
			TAILQ_INIT(&s->out);
			TAILQ_INIT(&s->dead);
			wbuf_init(&s->rows, MAX_FRAME);
			TAILQ_INSERT_TAIL(&outsinks, s, entry);
		}
		s->rec = r;
		s->gone = s->told = 0;
	}
	records_close(&recs);
	configured = 1;
	if (rc != 0)
		fatalx("records of the sinks");
	outbox_places();
}
