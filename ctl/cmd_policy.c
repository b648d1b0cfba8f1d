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
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "pack.h"

/*
 * policy: rule packs, looked at and tried before they decide anything.
 */

#define MAX_PACKS	256	/* below policies/guardrail */
#define MAX_NOTE	256

static json_int_t
number(const json_t *j, const char *member)
{
	return (json_integer_value(json_object_get(j, member)));
}

static const char *
text(const json_t *j, const char *member)
{
	const char	*s = json_str(j, member);

	return (s != NULL ? s : "");
}

/* --- list ----------------------------------------------------------------- */

static int
packs_order(const void *a, const void *b)
{
	return (strcmp(((const struct pack *)a)->name,
	    ((const struct pack *)b)->name));
}

/* the packs below policies/guardrail, and the configured one elsewhere */
static int
packs_read(struct ctl *c, const struct conf *conf, struct pack *packs,
    size_t *n)
{
	char		 dir[MAX_CONF_PATH];
	struct dirent	*de;
	struct stat	 st;
	DIR		*dp;
	size_t		 i;
	int		 active = 0, rc = CTL_OK;

	*n = 0;
	if (paths_join(dir, sizeof(dir), c->paths.policies, "guardrail") ==
	    -1 || (dp = opendir(dir)) == NULL)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_NOT_FOUND, "%s: %s", dir, strerror(errno)));
	while (rc == CTL_OK && *n + 1 < MAX_PACKS &&
	    (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.' || fstatat(dirfd(dp), de->d_name,
		    &st, 0) == -1 || !S_ISDIR(st.st_mode))
			continue;
		rc = pack_find(c, conf, de->d_name, &packs[(*n)++]);
	}
	closedir(dp);
	qsort(packs, *n, sizeof(*packs), packs_order);
	for (i = 0; i < *n; i++)
		active |= packs[i].active;
	if (rc == CTL_OK && !active)
		rc = pack_find(c, conf, NULL, &packs[(*n)++]);
	return (rc);
}

int
cmd_policy_list(struct ctl *c)
{
	static const char *const heads[] = { "PACK", "ACTIVE", "DIRECTORY",
	    NULL };
	static struct pack	 packs[MAX_PACKS];
	static struct conf	 conf;
	struct table		 t;
	json_t			*list;
	size_t			 i, n;
	int			 rc;

	if ((rc = config_need(c, &conf)) != CTL_OK ||
	    (rc = packs_read(c, &conf, packs, &n)) != CTL_OK)
		return (rc);
	list = json_array();
	table_init(&t, heads);
	for (i = 0; i < n; i++) {
		json_array_append_new(list, json_pack("{s:s,s:s,s:b}",
		    "name", packs[i].name, "dir", packs[i].dir, "active",
		    packs[i].active));
		table_cell(&t, "%s", packs[i].name);
		table_cell(&t, "%s", packs[i].active ? "yes" : "-");
		table_cell(&t, "%s", packs[i].dir);
	}
	if (out_json)
		out_document(json_pack("{s:O}", "packs", list));
	json_decref(list);
	if (!out_json)
		table_print(&t);
	return (CTL_OK);
}

/* --- show, validate, test ------------------------------------------------- */

/* the pack of the command line; was, unless NULL, is the active one */
static int
pack_load(struct ctl *c, struct pack *p, struct pack *was, json_t **report)
{
	static struct conf	 conf;
	int			 rc;

	if ((rc = config_need(c, &conf)) != CTL_OK ||
	    (rc = pack_find(c, &conf, c->nargs > 0 ? c->args[0] : NULL,
	    p)) != CTL_OK)
		return (rc);
	/* one that is gone can be replaced, too */
	if (was != NULL && paths_rule_pack(&c->paths, &conf, was->dir,
	    sizeof(was->dir)) == -1)
		return (out_fail(CTL_CONFIG, "its path is too long"));
	return (pack_report(c, &conf, p, report));
}

static void
print_notes(const json_t *report)
{
	const json_t	*n;
	size_t		 i;

	json_array_foreach(json_object_get(report, "notes"), i, n) {
		printf("%s: %s", out_safe(text(n, "kind")),
		    out_safe(text(n, "file")));
		if (number(n, "line") != 0)
			printf(":%lld", (long long)number(n, "line"));
		printf("%s%s: %s\n", text(n, "rule")[0] != '\0' ? ": " : "",
		    out_safe(text(n, "rule")), out_safe(text(n, "reason")));
	}
}

static void
print_summary(const struct pack *p, const json_t *report)
{
	out_field("pack", "%s%s", p->name, p->active ? ", the active one" :
	    "");
	out_field("directory", "%s", p->dir);
	out_field("rules", "%lld in force, %lld skipped, %lld switched off",
	    (long long)number(report, "loaded"),
	    (long long)number(report, "skipped"),
	    (long long)number(report, "disabled"));
	out_field("hash", "%s", text(report, "hash"));
}

int
cmd_policy_show(struct ctl *c)
{
	static const char *const heads[] = { "RULE", "CATEGORY", "SEVERITY",
	    "TITLE", NULL };
	const json_t	*r;
	struct table	 t;
	struct pack	 p;
	json_t		*report;
	size_t		 i;
	int		 rc;

	if ((rc = pack_load(c, &p, NULL, &report)) != CTL_OK)
		return (rc);
	if (out_json) {
		json_object_set_new(report, "dir", json_string(p.dir));
		json_object_set_new(report, "active", json_boolean(p.active));
		out_document(report);
		return (CTL_OK);
	}
	print_summary(&p, report);
	putchar('\n');
	table_init(&t, heads);
	json_array_foreach(json_object_get(report, "rules"), i, r) {
		table_cell(&t, "%s", text(r, "id"));
		table_cell(&t, "%s", text(r, "category"));
		table_cell(&t, "%s", text(r, "severity"));
		table_cell(&t, "%s", text(r, "title"));
	}
	table_print(&t);
	json_decref(report);
	return (CTL_OK);
}

int
cmd_policy_validate(struct ctl *c)
{
	struct pack	 p;
	json_t		*report;
	int		 rc;

	if ((rc = pack_load(c, &p, NULL, &report)) != CTL_OK)
		return (rc);
	if (out_json)
		out_document(json_pack("{s:b,s:s,s:O,s:O,s:O,s:O}", "ok", 1,
		    "dir", p.dir, "loaded", json_object_get(report,
		    "loaded"), "skipped", json_object_get(report, "skipped"),
		    "disabled", json_object_get(report, "disabled"), "notes",
		    json_object_get(report, "notes")));
	else {
		print_notes(report);
		print_summary(&p, report);
		printf("%s: valid\n", out_safe(p.dir));
	}
	json_decref(report);
	return (CTL_OK);
}

static void
print_vectors(const json_t *vectors)
{
	const json_t	*f, *list = json_object_get(vectors, "untested");
	size_t		 i;

	json_array_foreach(json_object_get(vectors, "failures"), i, f) {
		printf("%s:%lld: ", out_safe(text(f, "file")),
		    (long long)number(f, "line"));
		printf("%s %s: %s\n", out_safe(text(f, "rule")),
		    out_safe(text(f, "what")), out_safe(text(f, "text")));
	}
	json_array_foreach(list, i, f)
		printf("%s%s", i == 0 ? "without a text that matches and one "
		    "that does not: " : " ",
		    out_safe(json_string_value(f)));
	if (json_array_size(list) != 0)
		putchar('\n');
	printf("%lld texts tried, %lld failed, %zu rules not tried both "
	    "ways\n", (long long)number(vectors, "checked"),
	    (long long)number(vectors, "failed"), json_array_size(list));
}

int
cmd_policy_test(struct ctl *c)
{
	const json_t	*vectors;
	struct pack	 p;
	json_t		*report;
	int		 rc;

	if ((rc = pack_load(c, &p, NULL, &report)) != CTL_OK)
		return (rc);
	vectors = json_object_get(report, "vectors");
	rc = pack_failed(report) != 0 ? CTL_FAILURE : CTL_OK;
	if (out_json)
		out_document(json_pack("{s:b,s:s,s:O}", "ok", rc == CTL_OK,
		    "dir", p.dir, "vectors", vectors));
	else
		print_vectors(vectors);
	json_decref(report);
	return (rc);
}

/* --- activate ------------------------------------------------------------- */

int
cmd_policy_activate(struct ctl *c)
{
	char		 note[MAX_NOTE];
	struct pack	 p, was;
	json_t		*report;
	json_int_t	 failed;
	int		 rc;

	if ((rc = pack_load(c, &p, &was, &report)) != CTL_OK)
		return (rc);
	failed = pack_failed(report);
	snprintf(note, sizeof(note), "%lld rules, %.12s",
	    (long long)number(report, "loaded"), text(report, "hash"));
	json_decref(report);
	if (failed != 0)
		return (out_fail(CTL_POLICY, "%s: %lld of its own vectors "
		    "fail, nothing is changed: see `defenseclawctl policy "
		    "test %s'", p.dir, (long long)failed, p.dir));
	return (pack_activate(c, &p, &was, note, NULL, NULL));
}
