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

#include <sys/stat.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/role.h"
#include "common/spool.h"
#include "auditd.h"
#include "query.h"

/*
 * What an operator did with the front end: told by a client of the control
 * socket, or late, by the spool.
 */

#define AGENT_OFF	"agent-off"
#define AGENT_REMOVE	"agent-remove"

/* of the spool, from before the filters to its record */
static char	*spool;
static size_t	 spool_len;
static uid_t	 spool_uid;

static int
names_secret(const char *key)
{
	static const char *const words[] = { "token", "secret", "password",
	    "key", "bearer", "header" };
	size_t	i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(key, words[i]) != NULL)
			return (1);
	return (0);
}

int
note_allowed(const char *action)
{
	static const char *const allowed[] = { "config-update", "init",
	    "policy-update", "setup-observability", "agent-setup",
	    AGENT_OFF, AGENT_REMOVE };
	size_t	i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(action, allowed[i]) == 0)
			return (1);
	return (0);
}

void
note_id(struct note *n, const void *data, size_t len)
{
	crypto_generichash(n->id, sizeof(n->id), data, len, NULL, 0);
}

static int
known_cb(const struct chain_row *row, void *arg)
{
	*(uint64_t *)arg = row->seq;
	return (0);
}

/*
 * Of an earlier start that ended before the spool was out of the way, or of
 * a spool that was read before its writer told us.
 */
int
note_known(const struct note *n, uint64_t *seq)
{
	int	found;

	return (query_id(auditd.query, n->id, known_cb, seq, &found) ==
	    STORE_OK && found);
}

int
note_event(const struct note *n, uint64_t *seq)
{
	char		 actor[32], where[256], red[MAX_REDACT_TEXT];
	char		 at[EVENT_TIME_SIZE];
	struct event	 ev;
	json_t		*details;

	role_actor(n->uid, actor);
	redact_name(&auditd.redactor, n->target, where, sizeof(where));
	/* values are evidence, unless the key may hold a secret */
	if (names_secret(n->target))
		redact_reason(&auditd.redactor, n->change, red);
	else
		strlcpy(red, n->change, sizeof(red));
	stamp_event(&auditd.stamp, &ev, n->action, n->severity);
	ev.field[EV_TARGET] = where;
	ev.field[EV_ACTOR] = actor;
	details = json_pack("{s:s}", "change", red);
	if (!sodium_is_zero(n->id, sizeof(n->id)))
		memcpy(ev.id, n->id, sizeof(ev.id));
	if (n->late) {
		event_time(n->time_us, at);
		json_object_set_new(details, "late", json_true());
		json_object_set_new(details, "changed_at", json_string(at));
	}
	return (commit_event(&ev, details, seq));
}

void
spool_read(void)
{
	struct stat	st;
	ssize_t		n;
	int		fd;

	if ((fd = role_fd(SFD_SPOOL, NULL)) == -1)
		return;
	if (fstat(fd, &st) == -1 || st.st_size < 0 ||
	    st.st_size > MAX_SPOOL || (spool = malloc((size_t)st.st_size +
	    1)) == NULL)
		fatal("spool");
	if ((n = pread(fd, spool, (size_t)st.st_size, 0)) == -1)
		fatal("spool");
	spool_len = (size_t)n;
	spool_uid = st.st_uid;
	close(fd);
}

static void
record_one(const struct spool_rec *rec)
{
	struct note	n;
	uint64_t	seq;

	memset(&n, 0, sizeof(n));
	n.action = note_allowed(rec->action) ? rec->action : "config-update";
	n.target = rec->target;
	n.change = rec->change;
	/* a gate that goes is news */
	n.severity = strcmp(n.action, AGENT_OFF) == 0 ||
	    strcmp(n.action, AGENT_REMOVE) == 0 ? SEV_HIGH : SEV_INFO;
	n.uid = spool_uid;
	n.late = 1;
	n.time_us = rec->time_us;
	note_id(&n, rec->raw, rec->rawlen);
	if (!note_known(&n, &seq))
		(void)note_event(&n, NULL);
}

/* that evidence is missing is evidence */
static void
record_broken(int taken)
{
	char		text[128];
	struct note	n;

	snprintf(text, sizeof(text), "the spool of changes made while the "
	    "suite was down is damaged after %d records; it was set aside",
	    taken);
	memset(&n, 0, sizeof(n));
	n.action = "config-update";
	n.target = "spool.events";
	n.change = text;
	n.severity = SEV_HIGH;
	n.uid = spool_uid;
	(void)note_event(&n, NULL);
}

void
spool_record(void)
{
	struct spool_walk	w;
	struct spool_rec	rec;
	struct request		rq;
	int			rv;

	if (spool == NULL || !auditd.reconciled)
		return;
	if (commit_begin() == -1)
		return;
	rv = spool_begin(&w, spool, spool_len);
	while (rv != -1 && (rv = spool_next(&w, &rec)) == 1)
		record_one(&rec);
	if (rv == -1)
		record_broken(w.n);
	commit_now();
	if (auditd.why[0] != '\0')
		return;
	memset(&rq, 0, sizeof(rq));
	rq.kind = REQ_SPOOL_KEPT;
	rq.id = rv == -1;
	peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq));
	freezero(spool, spool_len);
	spool = NULL;
}
