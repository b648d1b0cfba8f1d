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
#include <string.h>

#include "common/enforce.h"
#include "ctl/kernel.h"
#include "ctl/users.h"
#include "doctor.h"

/*
 * What holds each process, by the kernel's word (proc(5)) and not by its own.
 * The kernel tells nobody of a process's Landlock rules: there each role's
 * own word is all there is.
 */

#define DO	"stop the suite, install all programs of one release " \
		"again, and start it: whoever replaced one of them may have " \
		"taken the process over"

/* the parent of all roles, as the roster has it */
static long
supervisor_of(const struct doctor *d)
{
	const json_t	*p;
	size_t		 i;

	json_array_foreach(json_object_get(d->status, "processes"), i, p)
		if (strcmp(doc_str(p, "role"), "supervisor") == 0)
			return ((long)doc_int(p, "pid"));
	return (0);
}

/* a role that the network belongs to */
static int
is_egress(const json_t *p)
{
	return (strncmp(doc_str(p, "role"), "sink", 4) == 0 ||
	    strcmp(doc_str(p, "role"), "judge") == 0 ||
	    strcmp(doc_str(p, "role"), "resolver") == 0);
}

typedef void hold(struct doctor *, const json_t *, const struct kernel *);

static int	 inherited;	/* filters that the supervisor has itself */

static void
each(struct doctor *d, hold *fn, const char *well)
{
	const json_t	*p;
	struct kernel	 k;
	size_t		 i, n = 0, unseen = 0;

	if (d->status == NULL) {
		(void)doc_need_status(d);
		return;
	}
	kernel_says(&k, supervisor_of(d), 0);
	inherited = k.seen ? k.filters : 0;
	json_array_foreach(json_object_get(d->status, "processes"), i, p) {
		if (strcmp(doc_str(p, "role"), "supervisor") == 0 ||
		    doc_int(p, "pid") == 0)
			continue;
		kernel_says(&k, (long)doc_int(p, "pid"), supervisor_of(d));
		if (!k.seen) {
			unseen++;
			continue;
		}
		n++;
		fn(d, p, &k);
	}
	if (n == 0 && unseen != 0) {
		doc_say(d, DOC_SKIP, NULL, "the kernel shows this user none "
		    "of the processes");
		doc_do(d, "run doctor as root, on the host or in the "
		    "container where the suite runs");
	} else if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "%zu processes: %s", n, well);
}

static void
bad(struct doctor *d, const json_t *p, const char *what)
{
	doc_say(d, DOC_FAIL, doc_str(p, "instance"), "process %lld %s, says "
	    "the kernel", (long long)doc_int(p, "pid"), what);
	doc_do(d, DO);
}

static void
hold_seccomp(struct doctor *d, const json_t *p, const struct kernel *k)
{
	if (k->seccomp != 2 || (k->filters != -1 && k->filters <= inherited))
		bad(d, p, "has no system call filter of its own");
}

static void
hold_nnp(struct doctor *d, const json_t *p, const struct kernel *k)
{
	if (k->no_new_privs != 1)
		bad(d, p, "may gain privilege by a program it runs");
}

static void
hold_caps(struct doctor *d, const json_t *p, const struct kernel *k)
{
	char	text[64];

	if (k->cap_eff == 0)
		return;
	snprintf(text, sizeof(text), "holds the capabilities %llx",
	    k->cap_eff);
	bad(d, p, text);
}

/* whose uid a role runs as is the account's, not the roster's, to say */
static void
hold_uid(struct doctor *d, const json_t *p, const struct kernel *k)
{
	static const char *const accounts[][2] = { { "gatewayd", "_dcgate" },
	    { "auditd", "_dcaudit" }, { "signer", "_dcsign" },
	    { "sink", "_dcsink" }, { "judge", "_dcsink" },
	    { "resolver", "_dcdns" } };
	const char	*role = doc_str(p, "role");
	char		 text[96];
	uid_t		 want;
	size_t		 i;

	for (i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		if (strcmp(role, accounts[i][0]) != 0 || users_lookup(
		    accounts[i][1], &want, NULL) == -1 || k->uid == want)
			continue;
		snprintf(text, sizeof(text), "runs as uid %lu, not as %s",
		    k->uid, accounts[i][1]);
		bad(d, p, text);
	}
}

static void
hold_net(struct doctor *d, const json_t *p, const struct kernel *k)
{
	if (is_egress(p) || k->netns == 1)
		return;
	if (k->netns == 0) {
		bad(d, p, "sees the host's network");
		return;
	}
	doc_say(d, DOC_SKIP, doc_str(p, "instance"), "this user may not see "
	    "its network");
	doc_do(d, "run doctor as root");
}

static void
hold_root(struct doctor *d, const json_t *p, const struct kernel *k)
{
	if (k->root == 1)
		return;
	if (k->root == 0) {
		bad(d, p, "has the host's root directory");
		return;
	}
	doc_say(d, DOC_SKIP, doc_str(p, "instance"), "this user may not see "
	    "its root directory");
	doc_do(d, "run doctor as root");
}

static void
check_seccomp(struct doctor *d)
{
	each(d, hold_seccomp, "each has a system call filter of its own");
}

static void
check_nnp(struct doctor *d)
{
	each(d, hold_nnp, "none gains privilege by a program it runs");
}

static void
check_caps(struct doctor *d)
{
	each(d, hold_caps, "none holds a capability");
}

static void
check_uid(struct doctor *d)
{
	if (d->paths->system)
		each(d, hold_uid, "each runs as its role's account");
}

static void
check_net(struct doctor *d)
{
	if (d->paths->system)
		each(d, hold_net, "those without egress have an empty "
		    "network");
}

static void
check_root(struct doctor *d)
{
	if (d->paths->system)
		each(d, hold_root, "each has a root directory of its own");
}

static void
check_landlock(struct doctor *d)
{
	const struct enforce_row *rows;
	const json_t		*p, *s, *id;
	size_t			 i, j, k, n, held = 0;
	char			 lacks[256] = "";

	if (d->status == NULL) {
		(void)doc_need_status(d);
		return;
	}
	rows = enforce_rows(&n);
	json_array_foreach(json_object_get(d->status, "processes"), i, p) {
		s = json_object_get(p, "sandbox");
		if (!json_is_object(s))
			continue;
		held++;
		json_array_foreach(json_object_get(s, "lacks"), j, id)
			for (k = 0; k < n; k++) {
				if (rows[k].layer != LAYER_LANDLOCK ||
				    strcmp(rows[k].id, json_string_value(id))
				    != 0)
					continue;
				if (rows[k].need == NEED_MORE) {
					if (strstr(lacks, rows[k].id) == NULL)
						snprintf(lacks + strlen(
						    lacks), sizeof(lacks) -
						    strlen(lacks), " %s",
						    rows[k].id);
					continue;
				}
				doc_say(d, DOC_WARN, doc_str(p, "instance"),
				    "has no Landlock rules, by its own word "
				    "(the kernel has none to show)");
				doc_do(d, "run a kernel with Landlock, Linux "
				    "5.13 or newer, and take sandbox.allow_"
				    "no_landlock out");
			}
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "%zu processes have Landlock "
		    "rules, by their own word; this kernel lacks%s", held,
		    lacks[0] != '\0' ? lacks : " nothing");
}

const struct check doc_sandbox[] = {
	{ "sandbox.seccomp", "the kernel filters every role's system calls",
	    0, 0, check_seccomp },
	{ "sandbox.no-new-privs", "no role gains privilege by a program",
	    0, 0, check_nnp },
	{ "sandbox.capabilities", "no role holds a capability", 0, 0,
	    check_caps },
	{ "sandbox.uid", "system mode: every role runs as its account", 0, 0,
	    check_uid },
	{ "sandbox.network", "system mode: only egress sees a network", 0, 0,
	    check_net },
	{ "sandbox.root", "system mode: no role has the host's root "
	    "directory", 0, 0, check_root },
	{ "sandbox.landlock", "every role has Landlock rules", 0, 0,
	    check_landlock },
	{ NULL, NULL, 0, 0, NULL }
};
