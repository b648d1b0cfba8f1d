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

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "setup.h"

#define MAX_TRIES	3	/* answers that are no value */
#define MAX_NAME_OPT	40	/* an option's name, with its NUL */

/*
 * Options that are keys.  Where one has no name here it is named as the last
 * part of its key.
 */
#define OF(sub, name, key)	{ sub, name, key, NULL, NULL, NULL }
static const struct setup_opt {
	const char	*sub;		/* of the command, "guardrail" */
	const char	*name;
	const char	*key;		/* NULL: it is none */
	const char	*off;		/* the contrary; NULL: "no-NAME" */
	const char	*arg, *help;	/* where it is no key */
} opts[] = {
	{ NULL, "no-reload", NULL, NULL, NULL,
	    "write only: a running suite goes on as it is" },
	{ "token rotate", "overlap", NULL, NULL, "SECONDS", "how long the "
	    "token before is taken, too; a day by default, 0: no more" },
	{ "guardrail", "enable", "guardrail.enabled", "disable", NULL, NULL },
	OF("guardrail", NULL, "guardrail.detection_strategy"),
	OF("guardrail", NULL, "guardrail.detection_strategy_prompt"),
	OF("guardrail", NULL, "guardrail.detection_strategy_completion"),
	OF("guardrail", NULL, "guardrail.detection_strategy_tool_call"),
	OF("guardrail", NULL, "guardrail.block_message"),
	OF("guardrail", "judge-model", "guardrail.judge.model"),
	OF("guardrail", "judge-api-base", "guardrail.judge.api_base"),
	OF("guardrail", "judge-api-key-env", "guardrail.judge.api_key_env"),
	OF("guardrail", "judge-ca-file", "guardrail.judge.ca_file"),
	OF("guardrail", "judge-timeout", "guardrail.judge.timeout"),
	OF("guardrail", "judge", "guardrail.judge.enabled"),
	{ "guardrail", "judge-api-key-file", NULL, NULL, "FILE",
	    "read the judge's key from there; - is standard input" },
	OF("gateway", NULL, "gateway.api_bind"),
	OF("gateway", NULL, "gateway.api_port"),
	OF("gateway", NULL, "gateway.allow_enforce"),
	OF("gateway", NULL, "gateway.workers"),
	OF("gateway", NULL, "gateway.max_connections"),
	OF("gateway", NULL, "gateway.requests_per_second"),
	OF("gateway", NULL, "gateway.requests_burst"),
	OF("skill-scanner", "binary", "scanners.skill_scanner.binary"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.policy"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.lenient"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.use_llm"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.use_behavioral"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.use_trigger"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.enable_meta"),
	OF("skill-scanner", NULL, "scanners.skill_scanner.llm_consensus_runs"),
	OF("mcp-scanner", "binary", "scanners.mcp_scanner.binary"),
	OF("mcp-scanner", NULL, "scanners.mcp_scanner.analyzers"),
	OF("mcp-scanner", NULL, "scanners.mcp_scanner.scan_prompts"),
	OF("mcp-scanner", NULL, "scanners.mcp_scanner.scan_resources"),
	OF("mcp-scanner", NULL, "scanners.mcp_scanner.scan_instructions"),
};
#define NOPTS	(sizeof(opts) / sizeof(opts[0]))

/* options made of them, in the order of their definitions */
static struct made {
	const struct setup_opt	*opt;
	char			 name[MAX_NAME_OPT];
	char			 arg[MAX_CONF_KEY];
	int			 off;
} made[2 * NOPTS];
static int	nmade;
static int	base;			/* number of the first one */

/* --- options -------------------------------------------------------------- */

static const char *
option_of(const struct setup_opt *o)
{
	const char	*dot;

	if (o->name != NULL)
		return (o->name);
	dot = strrchr(o->key, '.');
	return (dot != NULL ? dot + 1 : o->key);
}

static void
make(struct option_def *d, const struct setup_opt *o, const struct key *k,
    int off)
{
	struct made	*m = &made[nmade++];
	char		*p;

	m->opt = o;
	m->off = off;
	if (off && o->off != NULL)
		strlcpy(m->name, o->off, sizeof(m->name));
	else
		snprintf(m->name, sizeof(m->name), "%s%s", off ? "no-" : "",
		    option_of(o));
	for (p = m->name; *p != '\0'; p++)
		if (*p == '_')
			*p = '-';
	if (k != NULL)
		schema_type_text(k, m->arg, sizeof(m->arg));
	d->name = m->name;
	d->letter = 0;
	d->arg = k == NULL ? o->arg : k->type == KEY_BOOL ? NULL : m->arg;
	d->help = off ? "the contrary" : k == NULL ? o->help : k->help;
}

void
setup_define(struct option_def *defs, int room)
{
	const struct key	*k;
	size_t			 i;
	int			 j;

	base = (int)(defs - ctl_options);
	for (i = 0; i < NOPTS; i++) {
		/* two commands may have an option of one name */
		for (j = 0; j < nmade; j++)
			if (strcmp(option_of(made[j].opt),
			    option_of(&opts[i])) == 0)
				break;
		if (j < nmade || nmade + 2 >= room)
			continue;
		k = opts[i].key != NULL ? schema_find(opts[i].key) : NULL;
		make(&defs[nmade], &opts[i], k, 0);
		if (k != NULL && k->type == KEY_BOOL)
			make(&defs[nmade], &opts[i], k, 1);
	}
	memset(&defs[nmade], 0, sizeof(defs[nmade]));
}

/* what a made option means to a command, or NULL */
static const struct setup_opt *
meaning(const char *sub, int at)
{
	size_t	i;

	for (i = 0; i < NOPTS; i++)
		if ((opts[i].sub == NULL || strcmp(opts[i].sub, sub) == 0) &&
		    strcmp(option_of(&opts[i]), option_of(made[at].opt)) == 0)
			return (&opts[i]);
	return (NULL);
}

int
setup_takes(const struct cmd *k, int i)
{
	return (k->sub != NULL && i >= base && i < base + nmade &&
	    meaning(k->sub, i - base) != NULL);
}

const char *
setup_option(const struct ctl *c, const char *name)
{
	int	i;

	for (i = 0; i < nmade; i++)
		if (strcmp(made[i].name, name) == 0)
			return (c->opts.value[base + i]);
	return (NULL);
}

/* --- values --------------------------------------------------------------- */

int
setup_put(struct setup *s, const char *key, const char *value)
{
	const struct key	*k = schema_find(key);
	char			 err[MAX_SCHEMA_ERR];
	int			 i;

	if (k == NULL)
		abort();	/* a command names a key there is not */
	if (schema_set(k, value, &s->conf, err, sizeof(err)) == -1)
		return (out_fail(CTL_USAGE, "%s: %s", key, err));
	for (i = 0; i < s->n; i++)
		if (s->v[i].key == k)
			break;
	if (i == MAX_SETUP_VALUES)
		abort();
	if (i == s->n)
		s->n++;
	s->v[i].key = k;
	strlcpy(s->v[i].value, value, sizeof(s->v[i].value));
	return (CTL_OK);
}

int
setup_has(const struct setup *s, const char *key)
{
	int	i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].key->path, key) == 0)
			return (1);
	return (0);
}

void
setup_note(struct setup *s, const char *text)
{
	if (s->nnotes < MAX_SETUP_NOTES)
		s->notes[s->nnotes++] = text;
}

int
setup_begin(struct setup *s, struct ctl *c, const char *target)
{
	const struct setup_opt	*o;
	const char		*value;
	int			 i, rc;

	memset(s, 0, sizeof(*s));
	s->c = c;
	s->target = target;
	s->ask = !cmd_has(c, O_NON_INTERACTIVE) && !out_json &&
	    isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if ((rc = config_need(c, &s->was)) != CTL_OK)
		return (rc);
	s->conf = s->was;
	for (i = 0; i < nmade; i++) {
		if (c->opts.value[base + i] == NULL ||
		    (o = meaning(c->cmd->sub, i)) == NULL || o->key == NULL)
			continue;
		if (setup_has(s, o->key))
			return (out_fail(CTL_USAGE, "--%s says the contrary "
			    "of another option", made[i].name));
		value = schema_find(o->key)->type != KEY_BOOL ?
		    c->opts.value[base + i] : made[i].off ? "false" : "true";
		if ((rc = setup_put(s, o->key, value)) != CTL_OK)
			return (rc);
	}
	return (CTL_OK);
}

int
setup_ask(struct setup *s, const char *key, const char *question)
{
	const struct key	*k = schema_find(key);
	char			 old[MAX_CONF_VALUE], line[MAX_CONF_VALUE];
	char			 type[MAX_CONF_KEY], err[MAX_SCHEMA_ERR];
	int			 i;

	if (!s->ask || setup_has(s, key))
		return (CTL_OK);
	schema_get(k, &s->conf, old, sizeof(old));
	schema_type_text(k, type, sizeof(type));
	for (i = 0; i < MAX_TRIES; i++) {
		fprintf(stderr, "%s (%s) [%s]: ", question, type,
		    out_safe(old));
		if (fgets(line, sizeof(line), stdin) == NULL)
			return (out_fail(CTL_USAGE, "nothing was answered"));
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0')
			return (CTL_OK);
		/* the only way to say that there is to be none */
		if (strcmp(line, "''") == 0)
			line[0] = '\0';
		if (schema_set(k, line, &s->conf, err, sizeof(err)) == 0)
			return (setup_put(s, key, line));
		out_note("%s", err);
	}
	return (out_fail(CTL_USAGE, "%s: no value was given", key));
}

/* --- the change ----------------------------------------------------------- */

/* another command may have changed the file since setup_begin() */
static int
read_again(struct setup *s, const char *text, size_t len, char *err,
    size_t errlen)
{
	struct conf_report	*rep;
	int			 rv;

	if ((rep = malloc(sizeof(*rep))) == NULL) {
		strlcpy(err, "out of memory", errlen);
		return (-1);
	}
	if ((rv = conf_parse(text, len, "config.yaml", &s->was, rep)) == -1)
		strlcpy(err, "the file is not valid any more", errlen);
	else if (s->follow != NULL)
		rv = s->follow(s, err, errlen);
	free(rep);
	return (rv);
}

/*
 * All of them: what is valid only after another one waits for it.
 */
static int
values_edit(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	struct setup		*s = arg;
	char			*now, *next, done[MAX_SETUP_VALUES] = { 0 };
	size_t			 n = len, nextlen;
	int			 i, left, progress = 1;

	if (read_again(s, text, len, err, errlen) == -1)
		return (-1);
	left = s->n;
	if ((now = malloc(len + 1)) == NULL) {
		strlcpy(err, "out of memory", errlen);
		return (-1);
	}
	memcpy(now, text, len);
	while (left > 0 && progress)
		for (progress = 0, i = 0; i < s->n; i++) {
			if (done[i] || confedit_set(now, n,
			    s->v[i].key->path, s->v[i].value, &next, &nextlen,
			    err, errlen) == -1)
				continue;
			free(now);
			now = next;
			n = nextlen;
			done[i] = 1;
			progress = 1;
			left--;
		}
	*out = now;
	*outlen = n;
	return (left == 0 ? 0 : -1);
}

/* what is to be said otherwise */
static json_t *
changes(const struct setup *s)
{
	char		 old[MAX_CONF_VALUE], new[MAX_CONF_VALUE];
	json_t		*all = json_array();
	int		 i;

	for (i = 0; i < s->n; i++) {
		schema_get(s->v[i].key, &s->was, old, sizeof(old));
		schema_get(s->v[i].key, &s->conf, new, sizeof(new));
		/* a default that is written down is a change of the file */
		if (strcmp(old, new) == 0 &&
		    s->was.line[s->v[i].key - schema_keys] != 0)
			continue;
		json_array_append_new(all, json_pack("{s:s,s:s,s:s}", "key",
		    s->v[i].key->path, "old", old, "new", new));
	}
	return (all);
}

static void
print_changes(const struct setup *s, const json_t *all, int dry)
{
	const json_t	*j;
	size_t		 i;
	const char	*old, *new;

	if (json_array_size(all) == 0 && s->secret == NULL)
		printf("%s: says so already\n", s->target);
	json_array_foreach(all, i, j) {
		old = json_string_value(json_object_get(j, "old"));
		new = json_string_value(json_object_get(j, "new"));
		printf("%s%s: ", dry ? "would change " : "",
		    json_string_value(json_object_get(j, "key")));
		if (strcmp(old, new) == 0)
			printf("%s, no longer by default only\n",
			    out_safe(new));
		else
			printf("%s -> %s\n", old[0] != '\0' ?
			    out_safe(old) : "''", new[0] != '\0' ?
			    out_safe(new) : "''");
	}
	if (s->secret != NULL)
		printf("the key %s to %s/%s\n", dry ? "would go" : "went",
		    out_safe(s->c->paths.secrets), s->secret_name);
}

static int
secret_before(void *arg, char *err, size_t errlen)
{
	struct setup		*s = arg;
	const struct paths	*p = &s->c->paths;

	if (s->secret == NULL)
		return (0);
	sinktoken_keep(p, s->secret_name, &s->secret_was);
	if (s->secret_old != NULL) {
		if (s->secret_was.s.data == NULL) {
			snprintf(err, errlen, "%s/%s: is missing or no usable "
			    "token: revoke it and add it again", p->secrets,
			    s->secret_name);
			return (-1);
		}
		sinktoken_keep(p, s->secret_old, &s->old_was);
		if (sinktoken_write(p, s->secret_old, s->secret_was.s.data,
		    err, errlen) == -1)
			return (-1);
	}
	if (sinktoken_write(p, s->secret_name, s->secret, err, errlen) == -1)
		return (-1);
	s->secret_written = 1;
	return (0);
}

static void
secret_undo(void *arg)
{
	struct setup	*s = arg;

	if (s->secret == NULL)
		return;
	sinktoken_back(&s->c->paths, s->secret_name, &s->secret_was);
	if (s->secret_old != NULL)
		sinktoken_back(&s->c->paths, s->secret_old, &s->old_was);
	s->secret_written = 0;
}

static json_t *
notes_json(const struct setup *s)
{
	json_t	*j = json_array();
	int	 i;

	for (i = 0; i < s->nnotes; i++)
		json_array_append_new(j, json_string(s->notes[i]));
	return (j);
}

static int
done(struct setup *s, const struct edit *e, json_t *j)
{
	int	i, rc = CTL_OK, any = e->changed || s->secret != NULL;

	for (i = 0; i < s->nnotes; i++)
		if (!out_json)
			out_note("%s", s->notes[i]);
	if (e->dry_run && any) {
		json_object_set_new(j, "needs", json_string("reload"));
		if (!out_json)
			printf("nothing is written; a reload, not a restart, "
			    "would put it in force\n");
	} else if (any)
		rc = setup_in_force(s->c, e, j);
	return (rc);
}

int
setup_end(struct setup *s)
{
	struct edit	 e = { .action = "config-update", .target = s->target,
			    .fn = values_edit, .arg = s, .before =
			    secret_before, .undo = secret_undo, .note =
			    s->secret != NULL ? "its key is new" : NULL,
			    .dry_run = cmd_has(s->c, O_DRY_RUN) };
	char		 command[MAX_CMD_PATH];
	json_t		*all, *j;
	int		 rc;

	if ((rc = edit_config(s->c, &e)) == CTL_OK) {
		all = changes(s);
		cmd_path(s->c->cmd, command, sizeof(command));
		j = json_pack("{s:s,s:O,s:b,s:b,s:b,s:n,s:b,s:o}", "command",
		    command, "changes", all, "changed", e.changed,
		    "secret_written", s->secret_written,
		    "dry_run", e.dry_run, "needs", "reloaded", 0, "notes",
		    notes_json(s));
		if (!out_json)
			print_changes(s, all, e.dry_run);
		rc = done(s, &e, j);
		if (rc == CTL_OK && out_json)
			out_document(json_incref(j));
		json_decref(j);
		json_decref(all);
	}
	edit_free(&e);
	sinktoken_forget(&s->secret_was);
	sinktoken_forget(&s->old_was);
	if (s->secret != NULL)
		sodium_free(s->secret);
	s->secret = NULL;
	return (rc);
}

int
setup_in_force(const struct ctl *c, const struct edit *e, json_t *j)
{
	char	err[MAX_CTL_TEXT + 64];
	int	rc;

	json_object_set_new(j, "reloaded", json_false());
	if (e->seq != 0)
		json_object_set_new(j, "seq",
		    json_integer((json_int_t)e->seq));
	if (!e->running) {
		if (!out_json)
			printf("it is in force when the suite starts\n");
		return (CTL_OK);
	}
	if (setup_option(c, "no-reload") != NULL) {
		json_object_set_new(j, "needs", json_string("reload"));
		if (!out_json)
			printf("takes effect with `defenseclawctl reload'\n");
		return (CTL_OK);
	}
	if ((rc = suite_reload(&c->paths, err, sizeof(err))) != CTL_OK)
		return (out_fail(rc, "the change is written and not in "
		    "force: reload: %s", err));
	json_object_set_new(j, "reloaded", json_true());
	if (!out_json)
		printf("reloaded: it is in force\n");
	return (CTL_OK);
}
