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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/enforce.h"
#include "common/json.h"
#include "cmd.h"
#include "kernel.h"
#include "watch.h"

/*
 * status: the roles' own words put together, and beside them what the kernel
 * says of each process, which nobody has to believe a role for.
 */

static json_t *
kernel_json(const struct kernel *k)
{
	json_t	*j;
	char	 caps[24];

	if (!k->seen)
		return (json_null());
	snprintf(caps, sizeof(caps), "%016llx", k->cap_eff);
	j = json_pack("{s:i,s:i,s:s,s:I,s:I}", "seccomp", k->seccomp,
	    "no_new_privs", k->no_new_privs, "cap_eff", caps, "uid",
	    (json_int_t)k->uid, "rss_kb", (json_int_t)k->rss_kb);
	json_object_set_new(j, "own_netns", k->netns == -1 ? json_null() :
	    json_boolean(k->netns));
	return (j);
}

/* --- gathering ------------------------------------------------------------ */

static long
integer(const json_t *j, const char *member)
{
	return ((long)json_integer_value(json_object_get(j, member)));
}

static const char *
string(const json_t *j, const char *member)
{
	const char	*s = json_str(j, member);

	return (s != NULL ? s : "");
}

static int
is_live(const json_t *p)
{
	return (strcmp(string(p, "state"), "draining") != 0 &&
	    strcmp(string(p, "state"), "down") != 0);
}

/* who says something of itself: auditd, the signer, every worker */
#define NASKED	(2 + MAX_WORKERS)
#define AUDITD	0
#define SIGNER	1

static void
ask_all(const struct paths *paths, struct client_status asked[NASKED])
{
	unsigned int	 i;

	asked[AUDITD].c.instance = "auditd";
	asked[SIGNER].c.instance = "signer";
	for (i = 0; i < MAX_WORKERS; i++)
		asked[2 + i].c.instance = client_worker(i);
	client_status_all(paths, asked, NASKED);
}

static void
asked_free(struct client_status asked[NASKED])
{
	size_t	 i;

	for (i = 0; i < NASKED; i++)
		json_decref(asked[i].json);
}

/*
 * Every other role's own figures go to its process in auditd's roster.
 */
static void
add_figures(struct client_status asked[NASKED], json_t *processes)
{
	struct client_status	*s;
	json_t			*p;
	size_t			 i;

	json_array_foreach(processes, i, p)
		for (s = &asked[SIGNER]; s < &asked[NASKED]; s++) {
			if (!is_live(p) || strcmp(string(p, "instance"),
			    s->c.instance) != 0)
				continue;
			if (s->json != NULL)
				json_object_set(p, "figures", s->json);
			else
				json_object_set_new(p, "no_answer",
				    json_string(s->c.err));
		}
}

static void
add_kernel(json_t *processes)
{
	struct kernel	 k;
	json_t		*p;
	long		 parent = 0;
	size_t		 i;

	json_array_foreach(processes, i, p)
		if (strcmp(string(p, "role"), "supervisor") == 0)
			parent = integer(p, "pid");
	json_array_foreach(processes, i, p) {
		kernel_says(&k, integer(p, "pid"), integer(p, "pid") ==
		    parent ? 0 : parent);
		json_object_set_new(p, "kernel", kernel_json(&k));
	}
}

/* --- printing ------------------------------------------------------------- */

static void
duration(long s, char *buf, size_t size)
{
	if (s >= 86400)
		snprintf(buf, size, "%ldd%ldh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(buf, size, "%ldh%ldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(buf, size, "%ldm%lds", s / 60, s % 60);
	else
		snprintf(buf, size, "%lds", s);
}

/* what waits in front of a process */
static void
queue_text(const json_t *status, const json_t *p, char *buf, size_t size)
{
	const json_t	*f = json_object_get(p, "figures"), *w;
	size_t		 i;
	long		 bytes = 0;

	strlcpy(buf, "-", size);
	if (strcmp(string(p, "role"), "gatewayd") == 0 && f != NULL)
		snprintf(buf, size, "%ld verdicts, %ld bytes, %ld conns",
		    integer(f, "pending"), integer(f, "buffered_bytes"),
		    integer(f, "connections"));
	if (strcmp(string(p, "role"), "auditd") != 0)
		return;
	json_array_foreach(json_object_get(status, "workers"), i, w)
		bytes += integer(w, "queue_bytes");
	snprintf(buf, size, "%ld unsealed, %ld bytes",
	    integer(json_object_get(status, "store"), "unsealed"), bytes);
}

static void
print_processes(const json_t *status)
{
	static const char *const heads[] = { "PROCESS", "PID", "UID",
	    "STATE", "UPTIME", "RESTARTS", "RSS", "QUEUE", NULL };
	const json_t	*p, *k;
	struct table	 t;
	char		 up[32], queue[96];
	size_t		 i;

	table_init(&t, heads);
	json_array_foreach(json_object_get(status, "processes"), i, p) {
		duration(integer(p, "uptime_s"), up, sizeof(up));
		queue_text(status, p, queue, sizeof(queue));
		k = json_object_get(p, "kernel");
		table_cell(&t, "%s", string(p, "instance"));
		table_cell(&t, "%ld", integer(p, "pid"));
		table_cell(&t, "%ld", integer(p, "uid"));
		table_cell(&t, "%s", json_object_get(p, "no_answer") !=
		    NULL ? "no answer" : string(p, "state"));
		table_cell(&t, "%s", up);
		table_cell(&t, "%ld", integer(p, "restarts"));
		if (json_is_object(k))
			table_cell(&t, "%ldK", integer(k, "rss_kb"));
		else
			table_cell(&t, "?");
		table_cell(&t, "%s", queue);
	}
	table_print(&t);
}

/* why a place is empty, or was a moment ago */
static void
print_deaths(const json_t *status)
{
	const json_t	*p, *d;
	size_t		 i;

	json_array_foreach(json_object_get(status, "processes"), i, p) {
		if (!json_is_object(d = json_object_get(p, "last_death")))
			continue;
		if (strcmp(string(p, "state"), "down") == 0)
			out_field(string(p, "instance"), "down, %ld deaths in "
			    "a row, tried again in %.1f s: %s", integer(d,
			    "in_a_row"), (double)integer(d, "retry_ms") / 1000,
			    string(d, "why"));
		else
			out_field(string(p, "instance"), "died last at "
			    "%.19sZ: %s", string(d, "at"), string(d, "why"));
	}
}

/* who is said to be there and says nothing itself */
static void
print_silent(const json_t *status)
{
	const json_t	*p;
	size_t		 i;

	json_array_foreach(json_object_get(status, "processes"), i, p)
		if (json_object_get(p, "no_answer") != NULL)
			out_field(string(p, "instance"), "%s",
			    string(p, "no_answer"));
}

/* "2026-01-02T03:04:05Z", or "-" */
static void
when_cell(struct table *t, const json_t *j, const char *member)
{
	if (string(j, member)[0] == '\0')
		table_cell(t, "-");
	else
		table_cell(t, "%.19sZ", string(j, member));
}

static void
print_sinks(const json_t *list)
{
	static const char *const heads[] = { "SINK", "KIND", "CIRCUIT",
	    "LAG", "LAST SUCCESS", "LAST ERROR", "QUARANTINED", "DEAD",
	    NULL };
	const json_t	*j;
	struct table	 t;
	char		 behind[32];
	size_t		 i;

	if (json_array_size(list) == 0)
		return;
	table_init(&t, heads);
	json_array_foreach(list, i, j) {
		duration(integer(j, "lag_seconds"), behind, sizeof(behind));
		table_cell(&t, "%s", string(j, "name"));
		table_cell(&t, "%s", string(j, "kind"));
		table_cell(&t, "%s", !json_is_true(json_object_get(j,
		    "enabled")) ? "disabled" : !json_is_true(json_object_get(
		    j, "running")) ? "no process" : string(j, "circuit"));
		table_cell(&t, "%ld, %s", integer(j, "lag_events"), behind);
		when_cell(&t, j, "last_success");
		if (string(j, "error")[0] != '\0')
			table_cell(&t, "%.19sZ %.60s", string(j,
			    "last_error"), string(j, "error"));
		else
			when_cell(&t, j, "last_error");
		table_cell(&t, "%ld", integer(j, "quarantined"));
		table_cell(&t, "%ld", integer(j, "dead_letters"));
	}
	table_print(&t);
	putchar('\n');
}

static void
kernel_text(const json_t *k, char *buf, size_t size)
{
	const json_t	*own = json_object_get(k, "own_netns");
	const char	*caps = string(k, "cap_eff");

	if (!json_is_object(k)) {
		strlcpy(buf, "nothing this user may see", size);
		return;
	}
	snprintf(buf, size, "seccomp %ld, no_new_privs %ld, caps %s, uid "
	    "%ld, network %s", integer(k, "seccomp"), integer(k,
	    "no_new_privs"), strspn(caps, "0") == strlen(caps) ? "none" :
	    caps, integer(k, "uid"), json_is_true(own) ? "own" :
	    json_is_false(own) ? "the host's" : "not visible");
}

static void
print_confinement(const json_t *status)
{
	static const char *const heads[] = { "PROCESS", "SAYS", "WHAT", NULL };
	const json_t	*p, *s;
	struct table	 t;
	char		 text[256];
	size_t		 i;

	table_init(&t, heads);
	json_array_foreach(json_object_get(status, "processes"), i, p) {
		kernel_text(json_object_get(p, "kernel"), text,
		    sizeof(text));
		table_cell(&t, "%s", string(p, "instance"));
		table_cell(&t, "kernel");
		table_cell(&t, "%s", text);
		if (!json_is_object(s = json_object_get(p, "sandbox")))
			continue;
		table_cell(&t, "%s", "");
		table_cell(&t, "itself");
		table_cell(&t, "%s", string(s, "summary"));
	}
	table_print(&t);
}

/* figures of the first worker that gave some */
static const json_t *
a_worker(const json_t *status)
{
	const json_t	*p, *f;
	size_t		 i;

	json_array_foreach(json_object_get(status, "processes"), i, p)
		if (strcmp(string(p, "role"), "gatewayd") == 0 &&
		    (f = json_object_get(p, "figures")) != NULL)
			return (f);
	return (NULL);
}

static void
print_room(const json_t *room)
{
	char	limit[48] = "", full[96] = "", left[32];

	if (!json_is_object(room))
		return;
	if (integer(room, "max_bytes") != 0)
		snprintf(limit, sizeof(limit), " of %ld",
		    integer(room, "max_bytes") >> 20);
	if (json_is_integer(json_object_get(room, "full_in_s"))) {
		duration(integer(room, "full_in_s"), left, sizeof(left));
		snprintf(full, sizeof(full), ", full in %s at the pace of "
		    "the last hour", left);
	}
	out_field("room", "%s: %ld%s MiB used, %ld MiB free, %ld MiB of "
	    "them reserved, room for %ld MiB%s", string(room, "level"),
	    integer(room, "used_bytes") >> 20, limit,
	    integer(room, "free_bytes") >> 20,
	    integer(room, "reserve_bytes") >> 20,
	    integer(room, "room_bytes") >> 20, full);
}

static void
print_suite(const struct ctl *c, const json_t *s)
{
	const json_t	*w = a_worker(s), *st = json_object_get(s, "store");

	out_field("suite", "%s, %s mode, %s", string(s, "version"),
	    string(s, "mode"), c->paths.system ? c->paths.run :
	    c->paths.home);
	out_field("configuration", "generation %ld, %.12s",
	    integer(s, "generation"), string(s, "conf_hash"));
	if (w != NULL)
		out_field("guardrail", "mode %s, %ld rules of pack %s, "
		    "generation %ld, %.12s", string(w, "mode"),
		    integer(w, "rules"), string(w, "pack"),
		    integer(w, "rules_generation"),
		    string(w, "rules_hash"));
	out_field("lists", "generation %ld", integer(s, "lists_generation"));
	out_field("audit log", "%s%s, last row %ld, last commit %.19s%s, "
	    "checkpoint in row %ld, signer %s", json_is_true(
	    json_object_get(st, "ok")) ? "ok" : "takes no events: ",
	    string(st, "why"), integer(st, "last_seq"),
	    string(st, "last_commit"), string(st, "last_commit")[0] != '\0' ?
	    "Z" : "none since start", integer(st, "checkpoint_seq"),
	    json_is_true(json_object_get(st, "signer")) ? "connected" :
	    "away");
	print_room(json_object_get(st, "space"));
}

/* the one thing user mode cannot do, and what does it */
static void
print_warning(const json_t *s)
{
	if (strcmp(string(s, "mode"), "user") == 0)
		out_note("user mode does not protect from code that runs as "
		    "the same user, such as the agent itself: `sudo "
		    "defenseclawctl init && sudo defenseclawctl start' "
		    "gives real separation");
}

/* --- what the suite stands on --------------------------------------------- */

static int
lacks(const json_t *sandbox, const char *id)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(json_object_get(sandbox, "lacks"), i, one)
		if (strcmp(json_string_value(one), id) == 0)
			return (1);
	return (0);
}

/*
 * Does every role have it, by its own word: "yes", "no", "-" for what is not
 * of this mode or no role's, "?" without a suite to ask.
 */
static const char *
in_force(const json_t *status, const struct enforce_row *row)
{
	const json_t	*p, *s;
	size_t		 i, asked = 0;

	if (row->layer == LAYER_NONE || (row->need == NEED_FLOOR_SYSTEM &&
	    strcmp(string(status, "mode"), "user") == 0))
		return ("-");
	json_array_foreach(json_object_get(status, "processes"), i, p) {
		if (!json_is_object(s = json_object_get(p, "sandbox")))
			continue;
		asked++;
		if (lacks(s, row->id))
			return ("no");
	}
	return (asked == 0 ? "?" : "yes");
}

static json_t *
feature_json(const json_t *status, const struct enforce_row *row)
{
	return (json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:s?,s:s?}", "feature",
	    row->id, "holds", row->what, "need", enforce_need_name(row->need),
	    "linux", row->kernel, "landlock_abi", row->abi, "in_force",
	    in_force(status, row), "without", row->without, "refusal",
	    row->refusal));
}

/* also without a suite, which may be missing for the want of one of them */
static int
features(struct ctl *c)
{
	static const char *const heads[] = { "FEATURE", "LINUX", "NEED",
	    "IN FORCE", "WITHOUT IT", NULL };
	const struct enforce_row *rows;
	struct client		 cl;
	struct table		 t;
	json_t			*status, *list;
	size_t			 i, n;
	int			 rc;

	status = client_status(&c->paths, "auditd", &cl, &rc);
	rows = enforce_rows(&n);
	if (out_json) {
		list = json_array();
		for (i = 0; i < n; i++)
			json_array_append_new(list, feature_json(status,
			    &rows[i]));
		out_document(json_pack("{s:o}", "features", list));
	} else {
		table_init(&t, heads);
		for (i = 0; i < n; i++) {
			table_cell(&t, "%s", rows[i].id);
			table_cell(&t, "%s", rows[i].kernel);
			table_cell(&t, "%s", enforce_need_name(rows[i].need));
			table_cell(&t, "%s", in_force(status, &rows[i]));
			table_cell(&t, "%s", rows[i].without != NULL ?
			    rows[i].without : "the suite does not start");
		}
		table_print(&t);
	}
	json_decref(status);
	return (CTL_OK);
}

/*
 * A suite that runs and records nothing answers no agent either, and a
 * process that hangs answers none of its own: both are a failure to whoever
 * watches.
 */
static int
health(const json_t *s)
{
	const json_t	*p;
	size_t		 i;

	json_array_foreach(json_object_get(s, "processes"), i, p)
		if (json_object_get(p, "no_answer") != NULL)
			return (CTL_FAILURE);
	return (json_is_true(json_object_get(json_object_get(s, "store"),
	    "ok")) ? CTL_OK : CTL_FAILURE);
}

/*
 * auditd does not answer: the signer knows who lives, and why who does not.
 */
static int
without_auditd(struct ctl *c, struct client_status asked[NASKED])
{
	const struct client_status *auditd = &asked[AUDITD];
	json_t			*s, *processes, *p;
	pid_t			 pid;
	size_t			 i;

	if ((auditd->rc != CTL_NOT_RUNNING && !auditd->c.lost) ||
	    suite_alive(&c->paths, &pid) != 1)
		return (out_fail(auditd->rc, "%s", auditd->c.err));
	s = json_incref(json_object_get(asked[SIGNER].json, "suite"));
	if (!json_is_object(s)) {
		json_decref(s);
		return (out_fail(CTL_FAILURE, "the supervisor runs (pid %d), "
		    "auditd and signer do not answer: %s/defenseclaw.log says "
		    "why", (int)pid, c->paths.log));
	}
	/* what else it said goes to its own process there */
	json_object_del(asked[SIGNER].json, "suite");
	processes = json_object_get(s, "processes");
	add_figures(asked, processes);
	json_array_foreach(processes, i, p)
		if (strcmp(string(p, "instance"), "auditd") == 0 &&
		    is_live(p))
			json_object_set_new(p, "no_answer",
			    json_string(auditd->c.err));
	add_kernel(processes);
	if (out_json) {
		out_document(s);
		return (CTL_FAILURE);
	}
	print_processes(s);
	print_deaths(s);
	print_silent(s);
	json_decref(s);
	return (out_fail(CTL_FAILURE, "auditd does not answer, no verdict is "
	    "given: see the lines above and %s/defenseclaw.log",
	    c->paths.log));
}

/* auditd's status with all that the others say, or NULL */
static json_t *
put_together(struct client_status asked[NASKED])
{
	json_t	*s, *processes;

	if ((s = json_incref(asked[AUDITD].json)) == NULL)
		return (NULL);
	processes = json_object_get(s, "processes");
	add_figures(asked, processes);
	add_kernel(processes);
	return (s);
}

json_t *
status_gather(const struct paths *paths, struct client *cl, int *rc)
{
	struct client_status	 asked[NASKED];
	json_t			*s;

	ask_all(paths, asked);
	*rc = asked[AUDITD].rc;
	strlcpy(cl->err, asked[AUDITD].c.err, sizeof(cl->err));
	s = put_together(asked);
	asked_free(asked);
	return (s);
}

static void
print_status(const struct ctl *c, const json_t *s)
{
	print_suite(c, s);
	putchar('\n');
	print_processes(s);
	print_deaths(s);
	print_silent(s);
	putchar('\n');
	print_sinks(json_object_get(s, "sinks"));
	judge_print(s, 0);
	print_confinement(s);
	print_warning(s);
}

int
cmd_status(struct ctl *c)
{
	struct client_status	 asked[NASKED];
	json_t			*s;
	int			 rc;

	if (cmd_has(c, O_SINCE) && !cmd_has(c, O_WATCH))
		return (out_fail(CTL_USAGE, "--since goes with --watch"));
	if (cmd_has(c, O_FEATURES))
		return (features(c));
	if (cmd_has(c, O_WATCH))
		return (watch_status(c));
	ask_all(&c->paths, asked);
	if ((s = put_together(asked)) == NULL)
		rc = without_auditd(c, asked);
	else {
		rc = health(s);
		if (out_json)
			out_document(json_incref(s));
		else
			print_status(c, s);
	}
	json_decref(s);
	asked_free(asked);
	return (rc);
}
