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
	snprintf(buf, size, "%s%s%s%s%s", k->name, k->sub != NULL ? " " : "",
	    k->sub != NULL ? k->sub : "", k->args[0] != '\0' ? " " : "",
	    k->args);
}

void
cmd_overview(const char *family, FILE *f)
{
	const struct cmd	*k;
	char			 line[128];

	fprintf(f, "usage: defenseclawctl %s [options]\n\n",
	    family != NULL ? family : "COMMAND");
	for (k = ctl_cmds; k->name != NULL; k++) {
		if (family != NULL && strcmp(k->name, family) != 0)
			continue;
		command_line(k, line, sizeof(line));
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
		if (k->opts & OPTION_BIT(i))
			fprintf(f, k->must & OPTION_BIT(i) ? " --%s%s%s" :
			    " [--%s%s%s]", ctl_options[i].name,
			    ctl_options[i].arg != NULL ? " " : "",
			    ctl_options[i].arg != NULL ?
			    ctl_options[i].arg : "");
	fprintf(f, "\n");
}

static void
usage(const struct cmd *k)
{
	int	i;

	cmd_usage_line(k, stdout);
	printf("\n%s\n\n", k->help);
	for (i = 0; i < O_COUNT; i++)
		if ((k->opts | ANY_COMMAND) & OPTION_BIT(i))
			print_option(&ctl_options[i]);
}

int
cmd_help(struct ctl *c)
{
	const struct cmd	*k;
	int			 families = 0;

	if (c->nargs == 0) {
		cmd_overview(NULL, stdout);
		return (CTL_OK);
	}
	for (k = ctl_cmds; k->name != NULL; k++) {
		if (strcmp(k->name, c->args[0]) != 0)
			continue;
		families++;
		if (k->sub == NULL || (c->nargs > 1 &&
		    strcmp(k->sub, c->args[1]) == 0)) {
			usage(k);
			return (CTL_OK);
		}
	}
	if (families == 0 || c->nargs > 1)
		return (out_fail(CTL_USAGE, "there is no command %s%s%s",
		    c->args[0], c->nargs > 1 ? " " : "", c->nargs > 1 ?
		    c->args[1] : ""));
	cmd_overview(c->args[0], stdout);
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

static int
first_of_family(const struct cmd *k)
{
	return (k == ctl_cmds || strcmp(k->name, k[-1].name) != 0);
}

static void
subcommands(const struct cmd *k)
{
	const char	*family = k->name;
	int		 i;

	for (; k->name != NULL && strcmp(k->name, family) == 0; k++)
		if (k->sub != NULL)
			printf(" %s", k->sub);
	if (strcmp(family, "completion") == 0)
		printf(" bash zsh fish");
	for (i = 0; strcmp(family, "help") == 0 && ctl_cmds[i].name != NULL;
	    i++)
		if (first_of_family(&ctl_cmds[i]))
			printf(" %s", ctl_cmds[i].name);
}

static void
option_words(uint64_t opts)
{
	int	i;

	for (i = 0; i < O_COUNT; i++)
		if ((opts | ANY_COMMAND) & OPTION_BIT(i))
			printf(" --%s", ctl_options[i].name);
}

static void
key_words(void)
{
	int	i;

	for (i = 0; i < schema_nkeys; i++)
		printf(" %s", schema_keys[i].path);
}

/* zsh runs it, too, through its bashcompinit */
static void
completion_bash(int zsh)
{
	const struct cmd	*k;

	if (zsh)
		printf("#compdef defenseclawctl defenseclaw "
		    "defenseclaw-gateway\n"
		    "autoload -U +X bashcompinit && bashcompinit\n");
	printf("_defenseclawctl()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words= w cmd= sub=\n"
	    "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	    "\t\tcase $w in -*) continue ;; esac\n"
	    "\t\tif [ -z \"$cmd\" ]; then cmd=$w\n"
	    "\t\telif [ -z \"$sub\" ]; then sub=$w; fi\n"
	    "\tdone\n\tcase $cmd/$sub in\n\t/) words='");
	for (k = ctl_cmds; k->name != NULL; k++)
		if (first_of_family(k))
			printf("%s%s", k == ctl_cmds ? "" : " ", k->name);
	printf("' ;;\n");
	for (k = ctl_cmds; k->name != NULL; k++) {
		printf("\t%s/%s) words='", k->name, k->sub != NULL ? k->sub :
		    "*");
		option_words(k->opts);
		if (k->sub == NULL)
			subcommands(k);
		else if (strncmp(k->args, "KEY", 3) == 0)
			key_words();
		printf("' ;;\n");
		if (k->sub == NULL || (k[1].name != NULL &&
		    strcmp(k->name, k[1].name) == 0))
			continue;
		printf("\t%s/) words='", k->name);
		while (!first_of_family(k))
			k--;
		subcommands(k);
		printf("' ;;\n");
		while (k[1].name != NULL && !first_of_family(k + 1))
			k++;
	}
	printf("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	    "\tcase $cur in -*) ;; *)\n"
	    "\t\tCOMPREPLY+=($(compgen -f -- \"$cur\")) ;; esac\n}\n"
	    "complete -F _defenseclawctl defenseclawctl defenseclaw "
	    "defenseclaw-gateway\n");
}

static void
completion_fish(void)
{
	static const char *const names[] = { "defenseclawctl", "defenseclaw",
	    "defenseclaw-gateway" };
	const struct cmd	*k;
	size_t			 n;
	int			 i;

	for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (k = ctl_cmds; k->name != NULL; k++) {
			if (first_of_family(k))
				printf("complete -c %s -n __fish_use_subcommand"
				    " -a %s\n", names[n], k->name);
			if (k->sub != NULL)
				printf("complete -c %s -n "
				    "'__fish_seen_subcommand_from %s' -a %s "
				    "-d '%s'\n", names[n], k->name, k->sub,
				    k->help);
		}
		for (i = 0; i < O_COUNT; i++)
			printf("complete -c %s -l %s%s\n", names[n],
			    ctl_options[i].name, ctl_options[i].arg != NULL ?
			    " -r" : "");
	}
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
		return (out_fail(CTL_USAGE, "no completion for %s: bash, zsh "
		    "or fish", c->args[0]));
	return (CTL_OK);
}
