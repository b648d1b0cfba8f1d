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
#include <sys/vfs.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/action.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rate.h"
#include "auditd.h"

/*
 * What traffic may write: one principal so many bytes of rows in an hour,
 * and all of them together until the disk's reserve, or the database's own
 * limit, is reached.  What auditd and operators write is not refused: that
 * is what the reserve is for.
 */

#define MB		(1024ULL * 1024)
#define LOOK_BYTES	(4 * MB)	/* rows after which we look again */
#define PRINCIPAL_PART	2	/* of the room is one principal's an hour */
#define ROW_BYTES	250	/* of a row beside its event: hashes, indexes */
#define HOUR_S		3600.0

static struct rates		bytes;		/* by actor */
static int			dir = -1;
static uint64_t			taken;		/* since we looked */
static enum space_level		told = SPACE_OK;	/* in the log */

/* of our directory: its disk is the one that counts */
void
limits_open(int dirfd)
{
	dir = dirfd;
	space_init(&auditd.space, auditd.rec.disk_reserve_mb * MB,
	    auditd.rec.max_size_mb * MB);
	rate_init(&bytes, 0, (double)auditd.rec.principal_mb_per_hour * MB);
}

/*
 * What the room is divides among: nobody alone can use it up within an hour,
 * however small the disk is.
 */
static void
limits_budget(void)
{
	double	budget = (double)auditd.rec.principal_mb_per_hour * MB;
	double	part = (double)auditd.space.room / PRINCIPAL_PART;

	if ((auditd.rec.disk_reserve_mb != 0 ||
	    auditd.rec.max_size_mb != 0) && (budget == 0 || part < budget))
		budget = part;
	else if (budget == 0) {
		rate_set(&bytes, 0, 1);
		return;
	}
	/* a rate of nothing would be no limit */
	rate_set(&bytes, (budget < 1 ? 1 : budget) / HOUR_S, budget);
}

static int
measure(uint64_t *used, uint64_t *avail)
{
	struct statfs	 fs;
	struct stat	 st;

	*used = 0;
	if (fstatfs(dir, &fs) == -1)
		return (-1);
	*avail = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	/* by name: to close a descriptor of it would drop SQLite's locks */
	if (stat("audit.db", &st) == 0)
		*used = (uint64_t)st.st_size;
	if (stat("audit.db-wal", &st) == 0)
		*used += (uint64_t)st.st_size;
	return (0);
}

/* -1: it is not in the log yet */
static int
limits_event(enum space_level level)
{
	static const enum severity severity[] = { SEV_INFO, SEV_HIGH,
	    SEV_CRITICAL };
	const struct space	*s = &auditd.space;
	struct event		 ev;
	json_t			*d;

	stamp_event(&auditd.stamp, &ev, ACTION_SPACE, severity[level]);
	ev.field[EV_TARGET] = space_level_name(level);
	d = json_pack("{s:I,s:I,s:I,s:I,s:I}", "used_bytes",
	    (json_int_t)s->used, "free_bytes", (json_int_t)s->free,
	    "room_bytes", (json_int_t)s->room, "reserve_bytes",
	    (json_int_t)s->reserve, "max_bytes", (json_int_t)s->max);
	if (d != NULL && s->full_s != SPACE_NEVER)
		json_object_set_new(d, "full_in_s",
		    json_integer((json_int_t)s->full_s));
	return (commit_event(&ev, d, NULL));
}

static void
limits_log(enum space_level level)
{
	const struct space	*s = &auditd.space;

	if (level == SPACE_OK)
		log_info("the audit log has room again: %llu MiB",
		    (unsigned long long)(s->room / MB));
	else if (level == SPACE_OUT)
		log_warnx("%s", auditd.out);
	else if (s->full_s != SPACE_NEVER)
		log_warnx("the audit log has room for %llu MiB, at the pace "
		    "of the last hour for %llu minutes: then traffic is "
		    "refused", (unsigned long long)(s->room / MB),
		    (unsigned long long)(s->full_s / 60));
	else
		log_warnx("the audit log has room for %llu MiB: then traffic "
		    "is refused", (unsigned long long)(s->room / MB));
}

/* traffic is refused from now on, or taken again */
static void
limits_out(int out)
{
	const struct space	*s = &auditd.space;

	if (out == (auditd.out[0] != '\0'))
		return;
	if (!out)
		auditd.out[0] = '\0';
	else if (s->max != 0 && s->used >= s->max)
		snprintf(auditd.out, sizeof(auditd.out), "the audit database "
		    "has its full size of %u MiB: raise audit.max_size_mb",
		    auditd.rec.max_size_mb);
	else
		snprintf(auditd.out, sizeof(auditd.out), "the disk of the "
		    "audit log is full up to the reserve of %u MiB: free "
		    "some space there, or lower audit.disk_reserve_mb",
		    auditd.rec.disk_reserve_mb);
	commit_state(NULL);
}

/*
 * Once a second, and in between when much was written.
 */
void
limits_look(void)
{
	static enum space_level	 said = SPACE_OK;
	static int		 failed;
	enum space_level	 level;
	uint64_t		 used, avail;

	taken = 0;
	if (measure(&used, &avail) == -1) {
		if (!failed)
			log_warn("the audit log's disk");
		failed = 1;
		return;
	}
	failed = 0;
	level = space_update(&auditd.space, used, avail, clock_ms());
	limits_budget();
	limits_out(level == SPACE_OUT);
	if (level != said)
		limits_log(level);
	said = level;
	/* what the log does not take now it is told with the next look */
	if (level != told && limits_event(level) == 0)
		told = level;
}

/* 0, or the seconds until the actor may cause another row of that length */
unsigned int
limits_take(const char *actor, size_t len)
{
	taken += len + ROW_BYTES;
	return (rate_take(&bytes, actor, (double)(len + ROW_BYTES),
	    clock_ms()));
}

/*
 * Before a row from a worker: 0, or why it is not taken, and for how long
 * its actor had better wait.  One that was charged before is looked at for
 * room alone.
 */
enum refusal
limits_row(const struct event *ev, size_t len, int charged,
    unsigned int *wait_s)
{
	const char	*actor = ev->field[EV_ACTOR];
	const char	*action = ev->field[EV_ACTION];

	*wait_s = 0;
	if (taken >= LOOK_BYTES)
		limits_look();
	if (auditd.out[0] != '\0' && strcmp(action, ACTION_RELOAD) != 0)
		return (REFUSAL_STORE);
	if (charged)
		return (0);
	if (actor == NULL)
		actor = "";
	if (action_is_note(action)) {
		taken += len + ROW_BYTES;
		rate_charge(&bytes, actor, (double)(len + ROW_BYTES),
		    clock_ms());
	} else if ((*wait_s = limits_take(actor, len)) != 0)
		return (REFUSAL_BUDGET);
	return (0);
}
