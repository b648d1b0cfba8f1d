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

#include <string.h>

#include "common/clock.h"
#include "common/enforce.h"
#include "common/log.h"
#include "common/version.h"
#include "auditd.h"
#include "outbox.h"

/*
 * What `status' shows, as far as auditd knows it: the roster is the
 * supervisor's word, the sandbox of each process its own.  The signer answers
 * with that word too, for a suite whose auditd does not start.
 */

#define MAX_SUMMARY	512

static const char *
state_name(uint32_t state)
{
	static const char *const names[] = { "down", "starting", "ready",
	    "draining" };

	return (state < sizeof(names) / sizeof(names[0]) ? names[state] :
	    "unknown");
}

/* ids of the rows that do not hold for this process */
static json_t *
report_lacks(const struct sandbox_state *st)
{
	const struct enforce_row	*rows;
	json_t				*list;
	size_t				 i, n;

	if ((list = json_array()) == NULL)
		fatal("status");
	rows = enforce_rows(&n);
	for (i = 0; i < n; i++)
		if (enforce_held(&rows[i], st) == HELD_NO)
			json_array_append_new(list, json_string(rows[i].id));
	return (list);
}

static json_t *
report_sandbox(const struct roster_entry *e)
{
	char	 text[MAX_SUMMARY];
	json_t	*layers;
	int	 i;

	if (e->role == ROLE_SUPERVISOR || e->sandbox.layers == 0)
		return (json_null());
	if ((layers = json_array()) == NULL)
		fatal("status");
	for (i = 0; i < LAYER_COUNT; i++)
		if (STATE_HAS(&e->sandbox, i))
			json_array_append_new(layers,
			    json_string(enforce_layer_name(i)));
	enforce_summary(&e->sandbox, text, sizeof(text));
	return (json_pack("{s:i,s:i,s:i,s:o,s:o,s:s}", "seccomp",
	    e->sandbox.seccomp_mode, "syscalls", (int)e->sandbox.syscalls,
	    "landlock_abi", e->sandbox.landlock_abi, "layers", layers,
	    "lacks", report_lacks(&e->sandbox), "summary", text));
}

/*
 * The supervisor's word on who lives and who does not.
 */
void
report_roster(struct peer *sup, struct msg *msg)
{
	struct roster	*r = &auditd.roster;
	uint32_t	 i;

	(void)sup;
	(void)msg_get(msg, r, sizeof(*r));
	if (r->count > MAX_PROCS)
		fatalx("malformed roster");
	r->conf_hash[sizeof(r->conf_hash) - 1] = '\0';
	for (i = 0; i < r->count; i++) {
		r->entry[i].instance[MAX_INSTANCE - 1] = '\0';
		r->entry[i].why[MAX_DEATH_TEXT - 1] = '\0';
	}
}

/* null when it never died */
static json_t *
report_death(const struct roster_entry *e)
{
	char	at[EVENT_TIME_SIZE];

	if (e->died_us == 0)
		return (json_null());
	event_time(e->died_us, at);
	return (json_pack("{s:s,s:s,s:I,s:I}", "at", at, "why", e->why,
	    "in_a_row", (json_int_t)e->in_a_row, "retry_ms",
	    (json_int_t)e->retry_ms));
}

static json_t *
report_processes(void)
{
	const struct roster_entry	*e;
	uint64_t			 now = clock_wall_us(), up;
	json_t				*list;
	uint32_t			 i;

	if ((list = json_array()) == NULL)
		fatal("status");
	for (i = 0; i < auditd.roster.count; i++) {
		e = &auditd.roster.entry[i];
		up = e->started_us != 0 && now > e->started_us ?
		    (now - e->started_us) / 1000000 : 0;
		json_array_append_new(list, json_pack(
		    "{s:s,s:s,s:I,s:I,s:s,s:I,s:I,s:o,s:o}", "instance",
		    e->instance, "role", role_name(e->role), "pid",
		    (json_int_t)e->pid, "uid", (json_int_t)e->uid, "state",
		    state_name(e->state), "restarts",
		    (json_int_t)e->restarts, "uptime_s", (json_int_t)up,
		    "last_death", report_death(e), "sandbox",
		    report_sandbox(e)));
	}
	return (list);
}

static json_t *
report_store(void)
{
	const struct space *s = &auditd.space;
	struct head	 h;
	json_t		*j;
	char		 at[EVENT_TIME_SIZE], epoch[2 * CHAIN_EPOCH_LEN + 1];
	size_t		 i;

	store_head(auditd.store, &h);
	at[0] = '\0';
	if (auditd.last_commit_us != 0)
		event_time(auditd.last_commit_us, at);
	for (i = 0; i < sizeof(h.epoch); i++)
		snprintf(epoch + 2 * i, 3, "%02x", h.epoch[i]);
	j = json_pack("{s:b,s:s,s:I,s:s,s:s,s:I,s:I,s:I,s:I,s:b}", "ok",
	    auditd.reconciled && auditd.why[0] == '\0' &&
	    auditd.out[0] == '\0', "why", auditd.why[0] != '\0' ?
	    auditd.why : auditd.out,
	    "last_seq", (json_int_t)h.seq, "last_commit", at, "epoch", epoch,
	    "commits", (json_int_t)auditd.commits, "rows",
	    (json_int_t)auditd.rows, "unsealed",
	    (json_int_t)auditd.unsealed, "checkpoint_seq",
	    (json_int_t)store_signed_row(auditd.store), "signer",
	    auditd.signer != NULL);
	json_object_set_new(j, "space", json_pack(
	    "{s:s,s:I,s:I,s:I,s:I,s:I,s:o}", "level",
	    space_level_name(s->level), "used_bytes", (json_int_t)s->used,
	    "free_bytes", (json_int_t)s->free, "room_bytes",
	    (json_int_t)s->room, "reserve_bytes", (json_int_t)s->reserve,
	    "max_bytes", (json_int_t)s->max, "full_in_s", s->full_s ==
	    SPACE_NEVER ? json_null() : json_integer((json_int_t)
	    s->full_s)));
	return (j);
}

static json_t *
report_workers(void)
{
	struct worker	*w;
	json_t		*list;

	if ((list = json_array()) == NULL)
		fatal("status");
	TAILQ_FOREACH(w, &auditd.workers, entry)
		json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:I}",
		    "instance", w->peer->name, "lists_in_force",
		    (json_int_t)w->in_force, "queue_bytes",
		    (json_int_t)w->peer->queued, "received",
		    (json_int_t)w->peer->received));
	return (list);
}

json_t *
report_suite(void)
{
	return (json_pack("{s:s,s:s,s:I,s:I,s:s,s:o}", "version",
	    DC_VERSION, "mode", auditd.roster.mode == MODE_SYSTEM ?
	    "system" : "user", "generation",
	    (json_int_t)auditd.roster.generation, "rules_generation",
	    (json_int_t)auditd.roster.rules_generation, "conf_hash",
	    auditd.roster.conf_hash, "processes", report_processes()));
}

json_t *
report_status(void)
{
	json_t	*j = report_suite();

	json_object_set_new(j, "lists_generation",
	    json_integer((json_int_t)auditd.generation));
	json_object_set_new(j, "store", report_store());
	json_object_set_new(j, "workers", report_workers());
	json_object_set_new(j, "sinks", sinks_json());
	return (j);
}
