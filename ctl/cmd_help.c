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

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/version.h"
#include "cmd.h"
#include "schema.h"

/*
 * What the command table says about itself: help, completions, version.
 */

#define HELP_WIDTH	32

static void
command_line(const struct cmd *k, char *buf, size_t size)
{
	cmd_path(k, buf, size);
	if (k->args[0] != '\0') {
		strlcat(buf, " ", size);
		strlcat(buf, k->args, size);
	}
}

/* is that the beginning of the command's words */
static int
is_below(const struct cmd *k, const char *prefix)
{
	char	path[MAX_CMD_PATH];
	size_t	n = prefix != NULL ? strlen(prefix) : 0;

	cmd_path(k, path, sizeof(path));
	return (n == 0 || (strncmp(path, prefix, n) == 0 &&
	    (path[n] == ' ' || path[n] == '\0')));
}

void
cmd_overview(const char *prefix, FILE *f)
{
	const struct cmd	*k;
	char			 line[128];

	fprintf(f, "usage: defenseclawctl %s [options]\n\n",
	    prefix != NULL ? prefix : "COMMAND");
	for (k = ctl_cmds; k->name != NULL; k++) {
		if (!is_below(k, prefix))
			continue;
		command_line(k, line, sizeof(line));
		if (strlen(line) > HELP_WIDTH)
			fprintf(f, "  %s\n  %-*s %s\n", line, HELP_WIDTH,
			    "", k->help);
		else
			fprintf(f, "  %-*s %s\n", HELP_WIDTH, line, k->help);
	}
	fprintf(f, "\nEvery command takes --json and --help; --user chooses "
	    "the suite of this user,\nDEFENSECLAW_HOME another place for "
	    "it.  defenseclawctl help COMMAND tells more.\n");
}

static void
print_option(const struct option_def *d)
{
	char	left[64];

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s", d->letter != 0 ? "-" :
	    "  ", d->letter != 0 ? d->letter : ' ', d->letter != 0 ? ", " :
	    " ", d->name, d->arg != NULL ? " " : "", d->arg != NULL ?
	    d->arg : "");
	printf("  %-*s %s\n", HELP_WIDTH, left, d->help);
}

void
cmd_usage_line(const struct cmd *k, FILE *f)
{
	char	line[128];
	int	i;

	command_line(k, line, sizeof(line));
	fprintf(f, "usage: defenseclawctl %s", line);
	for (i = 0; i < O_COUNT; i++)
		if ((k->opts & OPTION(i)) != 0)
			fprintf(f, (k->must & OPTION(i)) != 0 ? " --%s%s%s" :
			    " [--%s%s%s]", ctl_options[i].name,
			    ctl_options[i].arg != NULL ? " " : "",
			    ctl_options[i].arg != NULL ?
			    ctl_options[i].arg : "");
	if (k->opts & (SINK_KEYS | SETUP_KEYS))
		fprintf(f, " [--KEY VALUE] ...");
	fprintf(f, "\n");
}

static void
usage(const struct cmd *k)
{
	int	i;

	cmd_usage_line(k, stdout);
	printf("\n%s\n\n", k->help);
	for (i = 0; ctl_options[i].name != NULL; i++)
		if (cmd_takes(k, i))
			print_option(&ctl_options[i]);
}

int
cmd_help(struct ctl *c)
{
	const struct cmd	*k;
	char			 said[MAX_CMD_PATH] = "";
	int			 i, n, total, known = 0;

	if (c->nargs == 0) {
		cmd_overview(NULL, stdout);
		return (CTL_OK);
	}
	for (i = 0; i < c->nargs; i++) {
		strlcat(said, i != 0 ? " " : "", sizeof(said));
		strlcat(said, c->args[i], sizeof(said));
	}
	for (k = ctl_cmds; k->name != NULL; k++) {
		n = cmd_match(k, c->args, c->nargs, &total);
		if (n == total) {
			usage(k);
			return (CTL_OK);
		}
		known += n == c->nargs;
	}
	if (known == 0)
		return (out_fail(CTL_USAGE, "there is no command %s", said));
	cmd_overview(said, stdout);
	return (CTL_OK);
}

int
cmd_version(struct ctl *c)
{
	(void)c;
	if (out_json)
		out_document(json_pack("{s:s,s:i}", "version", DC_VERSION,
		    "control_version", CTL_VERSION));
	else
		printf("defenseclawctl %s\n", DC_VERSION);
	return (CTL_OK);
}

/* --- completions ---------------------------------------------------------- */

/*
 * The word of a command after these; NULL where it does not begin with them,
 * or where an earlier one has the same.
 */
static const char *
next_word(const struct cmd *k, const char *prefix, char *word, size_t size)
{
	const struct cmd	*other;
	char			 path[MAX_CMD_PATH], *p;
	size_t			 n = strlen(prefix);

	cmd_path(k, path, sizeof(path));
	if (!is_below(k, prefix) || path[n] == '\0')
		return (NULL);
	p = path + n + (n != 0);
	p[strcspn(p, " ")] = '\0';
	strlcpy(word, p, size);
	for (other = ctl_cmds; other != k; other++)
		if (is_below(other, path))
			return (NULL);
	return (word);
}

static void
next_words(const char *prefix)
{
	const struct cmd	*k;
	char			 word[MAX_CMD_PATH];

	for (k = ctl_cmds; k->name != NULL; k++)
		if (next_word(k, prefix, word, sizeof(word)) != NULL)
			printf(" %s", word);
}

/* fn for every beginning of a command that is not yet a whole one */
static void
each_prefix(void (*fn)(const char *))
{
	const struct cmd	*k;
	char			 path[MAX_CMD_PATH], word[MAX_CMD_PATH];
	char			 before[MAX_CMD_PATH];
	size_t			 i, last;

	for (k = ctl_cmds; k->name != NULL; k++) {
		cmd_path(k, path, sizeof(path));
		for (i = 0, last = 0; path[i] != '\0'; i++) {
			if (path[i] != ' ')
				continue;
			snprintf(before, sizeof(before), "%.*s", (int)last,
			    path);
			last = i;
			path[i] = '\0';
			if (next_word(k, before, word, sizeof(word)) != NULL)
				fn(path);
			path[i] = ' ';
		}
	}
}

/* what may follow a whole command besides options */
static void
operand_words(const struct cmd *k)
{
	int	i;

	if (strcmp(k->name, "completion") == 0)
		printf(" bash zsh fish");
	if (strcmp(k->name, "help") == 0)
		next_words("");
	if (k->sub != NULL && strcmp(k->sub, "webhook add") == 0)
		printf(" slack pagerduty webex generic");
	else if (k->opts & SINK_KEYS)
		printf(" splunk-hec otlp http-jsonl webhook syslog file");
	for (i = 0; strncmp(k->args, "KEY", 3) == 0 && i < schema_nkeys; i++)
		printf(" %s", schema_keys[i].path);
}

/* what its operand is a name of, that only this host knows; NULL: nothing */
static const char *
names_of(const struct cmd *k)
{
	if (strncmp(k->args, "NAME", 4) == 0 && k->sub != NULL &&
	    strncmp(k->sub, "observability ", 14) == 0)
		return ("sinks");
	if (strstr(k->args, "PACK") != NULL)
		return ("packs");
	if (strcmp(k->name, "keys") == 0 && k->args[0] != '\0')
		return ("keys");
	return (NULL);
}

/* the values of a key that has a few */
static void
value_words(const struct key *k)
{
	int	i;

	if (k->type == KEY_BOOL)
		printf(" true false");
	for (i = 0; k->type == KEY_ENUM && k->choices[i] != NULL; i++)
		if (k->choices[i][0] != '\0')
			printf(" %s", k->choices[i]);
}

static int
has_values(const struct key *k)
{
	return (k->type == KEY_BOOL || k->type == KEY_ENUM);
}

static void
bash_values(void)
{
	int	i;

	for (i = 0; i < schema_nkeys; i++) {
		if (!has_values(&schema_keys[i]))
			continue;
		printf("\t'config set %s') words='", schema_keys[i].path);
		value_words(&schema_keys[i]);
		printf("' ;;\n");
	}
}

static void
bash_prefix(const char *prefix)
{
	printf("\t'%s') words='", prefix);
	next_words(prefix);
	printf("' ;;\n");
}

/* zsh runs it, too, through its bashcompinit */
static void
completion_bash(int zsh)
{
	const struct cmd	*k;
	char			 path[MAX_CMD_PATH];
	int			 i;

	if (zsh)
		printf("#compdef defenseclawctl defenseclaw "
		    "defenseclaw-gateway\n"
		    "autoload -U +X bashcompinit && bashcompinit\n");
	printf("_defenseclawctl()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words= w said=\n"
	    "\tfor w in \"${COMP_WORDS[@]:1:$((COMP_CWORD-1))}\"; do\n"
	    "\t\tcase $w in -*) continue ;; esac\n"
	    "\t\tsaid=\"${said:+$said }$w\"\n"
	    "\tdone\n\tcase $said in\n");
	bash_prefix("");
	each_prefix(bash_prefix);
	bash_values();
	for (k = ctl_cmds; k->name != NULL; k++) {
		cmd_path(k, path, sizeof(path));
		printf("\t'%s'|'%s '*) words='", path, path);
		for (i = 0; ctl_options[i].name != NULL; i++)
			if (cmd_takes(k, i))
				printf(" --%s", ctl_options[i].name);
		operand_words(k);
		printf("'");
		if (names_of(k) != NULL)
			printf("\n\t\twords=\"$words $(\"${COMP_WORDS[0]}\" "
			    "completion %s 2>/dev/null)\"", names_of(k));
		printf(" ;;\n");
	}
	printf("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	    "\tcase $cur in -*) ;; *)\n"
	    "\t\tCOMPREPLY+=($(compgen -f -- \"$cur\")) ;; esac\n}\n"
	    "complete -F _defenseclawctl defenseclawctl defenseclaw "
	    "defenseclaw-gateway\n");
}

static const char	*fish_program;

/* in single quotes, fish(1) takes \\' for one */
static void
fish_quoted(const char *s)
{
	putchar('\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('\'');
}

/* fish knows which words are there, so the last before is enough */
static void
fish_prefix(const char *prefix)
{
	const struct cmd	*k;
	const char		*last = strrchr(prefix, ' ');
	char			 word[MAX_CMD_PATH];

	last = last != NULL ? last + 1 : prefix;
	for (k = ctl_cmds; k->name != NULL; k++) {
		if (next_word(k, prefix, word, sizeof(word)) == NULL)
			continue;
		if (prefix[0] == '\0')
			printf("complete -c %s -n __fish_use_subcommand -a "
			    "%s\n", fish_program, word);
		else {
			printf("complete -c %s -n "
			    "'__fish_seen_subcommand_from %s' -a %s -d ",
			    fish_program, last, word);
			fish_quoted(k->help);
			printf("\n");
		}
	}
}

/* keys after get, set and unset, values after a key */
static void
fish_keys(const char *program)
{
	int	i;

	for (i = 0; i < schema_nkeys; i++) {
		printf("complete -c %s -n '__fish_seen_subcommand_from get "
		    "set unset' -a %s\n", program, schema_keys[i].path);
		if (!has_values(&schema_keys[i]))
			continue;
		printf("complete -c %s -n '__fish_seen_subcommand_from %s' "
		    "-a '", program, schema_keys[i].path);
		value_words(&schema_keys[i]);
		printf("'\n");
	}
}

/* after the last word of a command, the names from this host */
static void
fish_names(const char *program)
{
	const struct cmd	*k;
	const char		*last;

	for (k = ctl_cmds; k->name != NULL; k++) {
		if (names_of(k) == NULL)
			continue;
		last = strrchr(k->sub, ' ');
		printf("complete -c %s -n '__fish_seen_subcommand_from %s; "
		    "and __fish_seen_subcommand_from %.*s' -a '(%s "
		    "completion %s 2>/dev/null)'\n", program, last != NULL ?
		    last + 1 : k->sub, (int)strcspn(last != NULL ? k->sub :
		    k->name, " "), last != NULL ? k->sub : k->name, program,
		    names_of(k));
	}
}

static void
completion_fish(void)
{
	static const char *const names[] = { "defenseclawctl", "defenseclaw",
	    "defenseclaw-gateway" };
	size_t	n;
	int	i;

	for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		fish_program = names[n];
		fish_prefix("");
		each_prefix(fish_prefix);
		fish_keys(names[n]);
		fish_names(names[n]);
		for (i = 0; ctl_options[i].name != NULL; i++)
			printf("complete -c %s -l %s%s\n", names[n],
			    ctl_options[i].name, ctl_options[i].arg != NULL ?
			    " -r" : "");
	}
}

/* a shell expands what it is offered: other names are not offered */
static void
offer(const char *name)
{
	if (name[0] != '.' && name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0')
		printf("%s\n", name);
}

static void
entries(const char *dir)
{
	struct dirent	*de;
	DIR		*dp;

	if ((dp = opendir(dir)) == NULL)
		return;
	while ((de = readdir(dp)) != NULL)
		offer(de->d_name);
	closedir(dp);
}

/* names for the scripts; what cannot be read has none */
static int
completion_names(struct ctl *c, const char *what)
{
	static struct conf	 conf;
	char			 text[MAX_CONF_PATH];
	int			 i;

	if (strcmp(what, "sinks") == 0) {
		if (config_load(c->paths.config, &conf, text,
		    sizeof(text)) == CTL_OK)
			for (i = 0; i < conf.nsinks; i++)
				offer(conf.sinks[i].name);
	} else if (strcmp(what, "packs") == 0) {
		if (paths_join(text, sizeof(text), c->paths.policies,
		    "guardrail") == 0)
			entries(text);
	} else if (strcmp(what, "keys") == 0)
		entries(c->paths.secrets);
	else
		return (out_fail(CTL_USAGE, "no completion for %s: bash, zsh "
		    "or fish", what));
	return (CTL_OK);
}

int
cmd_completion(struct ctl *c)
{
	if (strcmp(c->args[0], "bash") == 0)
		completion_bash(0);
	else if (strcmp(c->args[0], "zsh") == 0)
		completion_bash(1);
	else if (strcmp(c->args[0], "fish") == 0)
		completion_fish();
	else
		return (completion_names(c, c->args[0]));
	return (CTL_OK);
}
