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
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/*
 * Does every process that should run, and does it answer.
 */

#define LATELY_S	600	/* a death that is still news */
#define ANSWERS_S	40	/* for all roles together */

static int
is_live(const json_t *p)
{
	return (strcmp(doc_str(p, "state"), "down") != 0 &&
	    strcmp(doc_str(p, "state"), "draining") != 0);
}

static void
check_running(struct doctor *d)
{
	if (d->alive == 1) {
		doc_say(d, DOC_PASS, NULL, "the suite runs%s%s, %s mode",
		    d->status != NULL ? ", version " : "",
		    doc_str(d->status, "version"), d->paths->system ?
		    "system" : "user");
		return;
	}
	if (d->alive == -1) {
		doc_say(d, DOC_SKIP, NULL, "this user cannot see whether the "
		    "suite runs");
		doc_do(d, "run doctor as root, or as the suite's owner");
		return;
	}
	doc_say(d, DOC_FAIL, NULL, "the suite is not running, so nothing is "
	    "inspected or recorded");
	doc_do(d, "run `defenseclawctl start'; the end of %s/defenseclaw.log "
	    "says why it stopped", d->paths->log);
}

/* one that lives of this role, or NULL */
static const json_t *
living(const struct doctor *d, const char *role, const char *instance)
{
	const json_t	*p;
	size_t		 i;

	json_array_foreach(json_object_get(d->status, "processes"), i, p)
		if (is_live(p) && (role == NULL || strcmp(doc_str(p, "role"),
		    role) == 0) && (instance == NULL || strcmp(doc_str(p,
		    "instance"), instance) == 0))
			return (p);
	return (NULL);
}

static void
absent(struct doctor *d, const char *name, const char *why)
{
	doc_say(d, DOC_FAIL, name, "%s%s", "is not running", why);
	doc_do(d, "look at the end of %s/defenseclaw.log; the supervisor "
	    "tries again by itself", d->paths->log);
}

static void
check_roles(struct doctor *d)
{
	static const char *const roles[] = { "gatewayd", "auditd", "signer" };
	const json_t	*p, *death;
	char		 why[MAX_DOC_TEXT];
	size_t		 i, n = 0;

	if (d->status == NULL) {
		(void)doc_need_status(d);
		return;
	}
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (living(d, roles[i], NULL) == NULL)
			absent(d, roles[i], "");
	json_array_foreach(json_object_get(d->status, "processes"), i, p) {
		n++;
		death = json_object_get(p, "last_death");
		/* of sinks sinks.process speaks */
		if (strcmp(doc_str(p, "role"), "sink") == 0)
			continue;
		if (strcmp(doc_str(p, "state"), "down") == 0) {
			snprintf(why, sizeof(why), ": %s", doc_str(death,
			    "why"));
			absent(d, doc_str(p, "instance"), why);
		} else if (strcmp(doc_str(p, "state"), "starting") == 0 &&
		    doc_int(p, "uptime_s") > 5) {
			doc_say(d, DOC_FAIL, doc_str(p, "instance"), "is not "
			    "ready after %lld s", (long long)doc_int(p,
			    "uptime_s"));
			doc_do(d, "look at the end of %s/defenseclaw.log",
			    d->paths->log);
		}
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "%zu processes, each ready or "
		    "finishing its last work", n);
}

static void
check_deaths(struct doctor *d)
{
	const json_t	*p, *death;
	size_t		 i;

	if (d->status == NULL) {
		(void)doc_need_status(d);
		return;
	}
	json_array_foreach(json_object_get(d->status, "processes"), i, p) {
		death = json_object_get(p, "last_death");
		/* of what is not up again processes.roles speaks */
		if (!json_is_object(death) || strcmp(doc_str(p, "state"),
		    "ready") != 0 || doc_int(p, "uptime_s") > LATELY_S)
			continue;
		doc_say(d, DOC_WARN, doc_str(p, "instance"), "died at "
		    "%.19sZ and was started again: %s", doc_str(death, "at"),
		    doc_str(death, "why"));
		doc_do(d, "nothing was lost; when it goes on, report it with "
		    "the end of %s/defenseclaw.log", d->paths->log);
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "no process died in the last %d "
		    "minutes", LATELY_S / 60);
}

static void
check_answers(struct doctor *d)
{
	const json_t	*p;
	const char	*instance, *role;
	struct client	 c;
	json_t		*j;
	size_t		 i, n = 0;
	int		 rc;

	if (d->alive == 1 && d->status_rc != CTL_OK && d->status_rc !=
	    CTL_PERMISSION) {
		doc_say(d, DOC_FAIL, "auditd", "%s", d->status_err);
		doc_do(d, "wait half a minute, in which the supervisor "
		    "replaces what hangs; then look at the end of "
		    "%s/defenseclaw.log", d->paths->log);
	} else if (!doc_need_status(d))
		return;
	json_array_foreach(json_object_get(d->status, "processes"), i, p) {
		instance = doc_str(p, "instance");
		role = doc_str(p, "role");
		if (!is_live(p) || (strcmp(role, "gatewayd") != 0 &&
		    strcmp(role, "signer") != 0))
			continue;
		j = client_status(d->paths, instance, &c, &rc);
		json_decref(j);
		n++;
		if (j != NULL)
			continue;
		doc_say(d, rc == CTL_PERMISSION ? DOC_SKIP : DOC_FAIL,
		    instance, "%s", c.err);
		doc_do(d, rc == CTL_PERMISSION ? "run doctor as root, or as "
		    "a member of the group defenseclaw-admin" : "wait half a "
		    "minute, in which the supervisor replaces what hangs");
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "auditd and %zu others answer",
		    n);
}

/* left behind by a suite that was killed; a start replaces them, too */
static void
check_sockets(struct doctor *d)
{
	const char		*dirs[] = { d->paths->run,
				    d->paths->control };
	const struct dirent	*de;
	struct stat		 st;
	char			 path[MAX_CONF_PATH + NAME_MAX + 2];
	size_t			 i;
	DIR			*dp;

	for (i = 0; i < 2; i++) {
		if ((dp = opendir(dirs[i])) == NULL)
			continue;
		while ((de = readdir(dp)) != NULL) {
			if (d->alive != 0 || fstatat(dirfd(dp), de->d_name,
			    &st, AT_SYMLINK_NOFOLLOW) == -1 ||
			    !S_ISSOCK(st.st_mode))
				continue;
			snprintf(path, sizeof(path), "%s/%s", dirs[i],
			    de->d_name);
			doc_say(d, DOC_WARN, path, "is left of a suite that "
			    "did not end by itself");
			doc_do(d, "nothing has to be done: a start replaces "
			    "it, and doctor --fix removes it");
			doc_fix(d, "unlink", path, 0, (uid_t)-1, (gid_t)-1);
		}
		closedir(dp);
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "no socket is left of a suite "
		    "that is gone");
}

const struct check doc_processes[] = {
	{ "processes.running", "the suite runs", 0, 0, check_running },
	{ "processes.roles", "every process is there and ready", 0, 0,
	    check_roles },
	{ "processes.deaths", "none died lately", 0, 0, check_deaths },
	{ "processes.answers", "every role with a socket answers", ANSWERS_S,
	    0, check_answers },
	{ "processes.sockets", "no socket is left of a suite that is gone",
	    0, 0, check_sockets },
	{ NULL, NULL, 0, 0, NULL }
};
