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

#include "common/version.h"
#include "doctor.h"

/*
 * The command: which checks, in which order, and what is printed of them.
 */

#define MAX_WORDS	64	/* of --section and --id */
#define WIDTH		26	/* of an id, with its padding */

const struct section doc_sections[] = {
	{ "binaries", doc_binaries },
	{ "config", doc_config },
	{ "permissions", doc_permissions },
	{ "audit", doc_audit },
	{ "device", doc_device },
	{ "processes", doc_processes },
	{ "sandbox", doc_sandbox },
	{ "rules", doc_rules },
	{ "scanners", doc_scanners },
	{ "sinks", doc_sinks },
	{ "judge", doc_judge },
	{ "hooks", doc_hooks },
	{ "clock", doc_clock },
	{ "boundary", doc_boundary },
	{ "ports", doc_ports },
	{ "updates", doc_updates },
	{ "upgrade", doc_upgrade },
	{ NULL, NULL }
};

static const char *const words[DOC_VERDICTS] = { "PASS", "EXPECTED", "SKIP",
    "WARN", "FAIL" };
static const char *const members[DOC_VERDICTS] = { "pass", "expected",
    "skip", "warn", "fail" };

/* words of --section or --id, separated by commas; NULL at the end */
struct chosen {
	char	 text[1024];
	char	*word[MAX_WORDS + 1];
};

/* --- which ---------------------------------------------------------------- */

static int
is_known(const char *word, int section)
{
	const struct section	*s;
	const struct check	*c;

	for (s = doc_sections; s->name != NULL; s++) {
		if (section && strcmp(s->name, word) == 0)
			return (1);
		for (c = s->checks; !section && c->id != NULL; c++)
			if (strcmp(c->id, word) == 0)
				return (1);
	}
	return (0);
}

static int
choose(const struct ctl *c, enum opt_id id, struct chosen *ch)
{
	const char	*value = cmd_value(c, id);
	char		*p = ch->text, *word;
	int		 n = 0;

	ch->word[0] = NULL;
	if (value == NULL)
		return (CTL_OK);
	if (strlcpy(ch->text, value, sizeof(ch->text)) >= sizeof(ch->text))
		return (out_fail(CTL_USAGE, "--%s is too long",
		    ctl_options[id].name));
	while ((word = strsep(&p, ",")) != NULL && n < MAX_WORDS) {
		if (!is_known(word, id == O_SECTION))
			return (out_fail(CTL_USAGE, "no %s is named %s: see "
			    "`defenseclawctl doctor --list'", id == O_SECTION ?
			    "section" : "check", word));
		ch->word[n++] = word;
	}
	ch->word[n] = NULL;
	return (CTL_OK);
}

static int
is_chosen(const struct chosen *ch, const char *name)
{
	int	i;

	for (i = 0; ch->word[i] != NULL; i++)
		if (strcmp(ch->word[i], name) == 0)
			return (1);
	return (ch->word[0] == NULL);
}

static int
list_checks(void)
{
	static const char *const heads[] = { "ID", "WHAT IT LOOKS AT", NULL };
	const struct section	*s;
	const struct check	*c;
	struct table		 t;
	json_t			*list = json_array();

	table_init(&t, heads);
	for (s = doc_sections; s->name != NULL; s++)
		for (c = s->checks; c->id != NULL; c++) {
			table_cell(&t, "%s", c->id);
			table_cell(&t, "%s", c->what);
			json_array_append_new(list, json_pack(
			    "{s:s,s:s,s:s}", "id", c->id, "section", s->name,
			    "what", c->what));
		}
	if (out_json)
		out_document(json_pack("{s:i,s:O}", "schema_version",
		    DOCTOR_SCHEMA, "checks", list));
	else
		table_print(&t);
	json_decref(list);
	return (CTL_OK);
}

/* --- what came of it ------------------------------------------------------ */

static void
print_finding(const char *id, const json_t *j)
{
	const char	*subject = doc_str(j, "subject");
	const json_t	*one;
	int		 v = (int)doc_int(j, "verdict");
	size_t		 i;

	printf("%s%*s%-*s%s%s%s\n", out_word(words[v]),
	    (int)(10 - strlen(words[v])), "", WIDTH, id, subject, subject[0]
	    != '\0' ? ": " : "", doc_str(j, "seen"));
	if (v != DOC_PASS && v != DOC_EXPECTED)
		printf("%10s%-*s%s\n", "", WIDTH, "", doc_str(j, "do"));
	json_array_foreach(json_object_get(j, "did"), i, one)
		printf("%10s%-*s%s: %s\n", "", WIDTH, "", json_is_true(
		    json_object_get(one, "done")) ? "done" : doc_str(one,
		    "error")[0] != '\0' ? doc_str(one, "error") :
		    "would be done", doc_str(one, "what"));
}

/* a finding as --json has it */
static json_t *
finding_json(const char *section, const char *id, const json_t *j,
    uint64_t took)
{
	json_t	*out;

	out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I}", "id", id, "section",
	    section, "status", members[doc_int(j, "verdict")], "subject",
	    doc_str(j, "subject"), "seen", doc_str(j, "seen"), "do",
	    doc_str(j, "do"), "ms", (json_int_t)took);
	if (json_object_get(j, "did") != NULL)
		json_object_set(out, "fixes", json_object_get(j, "did"));
	return (out);
}

struct tally {
	json_t		*list;
	unsigned int	 n[DOC_VERDICTS];
};

static void
tell(struct tally *t, const char *section, const char *id,
    const json_t *found, uint64_t took)
{
	const json_t	*j;
	size_t		 i;

	json_array_foreach(found, i, j) {
		t->n[doc_int(j, "verdict")]++;
		if (out_json)
			json_array_append_new(t->list, finding_json(section,
			    id, j, took));
		else
			print_finding(id, j);
	}
	fflush(stdout);
}

/*
 * Does what can be done about it and looks again: what is still wrong is
 * told with what was tried.
 */
static json_t *
repair(struct doctor *d, const struct check *c, json_t *found, int dry,
    uint64_t *took)
{
	json_t	*j, *did = json_array();
	size_t	 i;
	int	 changed = 0;

	json_array_foreach(found, i, j)
		changed |= doc_fix_all(j, dry, did);
	if (changed) {
		json_decref(found);
		found = doc_run(d, c, took);
	}
	if (json_array_size(did) != 0 && (j = json_array_get(found, 0)) !=
	    NULL)
		json_object_set(j, "did", did);
	json_decref(did);
	return (found);
}

static void
run_checks(struct ctl *c, struct doctor *d, const struct chosen *sections,
    const struct chosen *ids, struct tally *t)
{
	const struct section	*s;
	const struct check	*k;
	json_t			*found;
	uint64_t		 took;

	for (s = doc_sections; s->name != NULL; s++)
		for (k = s->checks; k->id != NULL; k++) {
			if (!is_chosen(sections, s->name) ||
			    !is_chosen(ids, k->id))
				continue;
			if (strncmp(k->id, "sinks.", 6) == 0 ||
			    strcmp(k->id, "clock.skew") == 0)
				doc_gather_tests(d);
			if (strncmp(k->id, "judge.", 6) == 0 ||
			    strcmp(k->id, "clock.skew") == 0)
				doc_gather_judge(d);
			found = doc_run(d, k, &took);
			if (cmd_has(c, O_FIX))
				found = repair(d, k, found,
				    cmd_has(c, O_DRY_RUN), &took);
			tell(t, s->name, k->id, found, took);
			json_decref(found);
		}
}

static int
conclude(const struct doctor *d, const struct tally *t)
{
	int	i, rc = t->n[DOC_FAIL] != 0 ? CTL_FAILURE : CTL_OK;
	json_t	*sum = json_object();

	for (i = 0; i < DOC_VERDICTS; i++)
		json_object_set_new(sum, members[i], json_integer(
		    (json_int_t)t->n[i]));
	if (out_json) {
		out_document(json_pack("{s:i,s:s,s:s,s:s,s:b,s:O,s:O,s:i}",
		    "schema_version", DOCTOR_SCHEMA, "version", DC_VERSION,
		    "mode", d->paths->system ? "system" : "user", "suite",
		    d->alive == 1 ? "running" : d->alive == 0 ? "down" :
		    "unknown", "passive", d->passive, "checks", t->list,
		    "summary", sum, "exit_code", rc));
		json_decref(sum);
		return (rc);
	}
	json_decref(sum);
	printf("\n%u pass, %u expected, %u skipped, %u %s, %u failed\n",
	    t->n[DOC_PASS], t->n[DOC_EXPECTED], t->n[DOC_SKIP],
	    t->n[DOC_WARN], t->n[DOC_WARN] == 1 ? "warning" : "warnings",
	    t->n[DOC_FAIL]);
	return (rc);
}

int
cmd_doctor(struct ctl *c)
{
	static struct doctor	d;
	static struct chosen	sections, ids;
	struct tally		t;
	int			rc;

	if (cmd_has(c, O_LIST))
		return (list_checks());
	if (cmd_has(c, O_DRY_RUN) && !cmd_has(c, O_FIX))
		return (out_fail(CTL_USAGE, "--dry-run goes with --fix"));
	if ((rc = choose(c, O_SECTION, &sections)) != CTL_OK ||
	    (rc = choose(c, O_ID, &ids)) != CTL_OK)
		return (rc);
	memset(&t, 0, sizeof(t));
	t.list = json_array();
	d.paths = &c->paths;
	d.passive = cmd_has(c, O_PASSIVE);
	doc_gather_conf(&d);
	doc_gather_suite(&d);
	run_checks(c, &d, &sections, &ids, &t);
	rc = conclude(&d, &t);
	json_decref(d.status);
	json_decref(d.tests);
	json_decref(d.judged);
	json_decref(t.list);
	return (rc);
}
