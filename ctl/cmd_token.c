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

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/event.h"
#include "init.h"
#include "init_token.h"
#include "setup.h"
#include "sinktoken.h"

/*
 * setup token: clients' tokens with a name each, which is the actor of what
 * their holders cause.  A token is a file below secrets/, made here and shown
 * once; the configuration has the names.
 */

#define KEY		"gateway.tokens"
#define RANDOM_BYTES	32
#define DEFAULT_OVERLAP	(24 * 3600)	/* seconds */
#define MAX_OVERLAP	(30 * 24 * 3600)

static struct setup		s;
static struct conf_token	tokens[MAX_TOKENS];
static int			ntokens;
static char			file[MAX_CONF_NAME], old_file[MAX_CONF_NAME];

static int
load(struct ctl *c)
{
	char	err[MAX_SCHEMA_ERR];
	int	rc;

	if (sodium_init() == -1)
		return (out_fail(CTL_FAILURE, "libsodium does not start"));
	if ((rc = setup_begin(&s, c, "gateway")) != CTL_OK)
		return (rc);
	if ((ntokens = schema_tokens(&s.conf, tokens, err, sizeof(err))) ==
	    -1)
		return (out_fail(CTL_CONFIG, "%s: %s", KEY, err));
	if (c->nargs == 0)
		return (CTL_OK);
	if (schema_token_name(c->args[0], strlen(c->args[0])) == -1)
		return (out_fail(CTL_USAGE, "a token's name is lower case "
		    "letters, digits, - and _, begins with a letter or "
		    "digit and has at most %d characters",
		    MAX_TOKEN_NAME - 1));
	snprintf(file, sizeof(file), "token-%s", c->args[0]);
	snprintf(old_file, sizeof(old_file), "token-%s.old", c->args[0]);
	return (CTL_OK);
}

static int
find(const char *name)
{
	int	i;

	for (i = 0; i < ntokens; i++)
		if (strcmp(tokens[i].name, name) == 0)
			return (i);
	return (-1);
}

static int
by_name(const void *a, const void *b)
{
	return (strcmp(((const struct conf_token *)a)->name,
	    ((const struct conf_token *)b)->name));
}

/* the names as the configuration has them, in their order */
static int
put_names(void)
{
	char	text[MAX_CONF_VALUE] = "", one[MAX_TOKEN_NAME + 24];
	int	i;

	qsort(tokens, (size_t)ntokens, sizeof(tokens[0]), by_name);
	for (i = 0; i < ntokens; i++) {
		snprintf(one, sizeof(one), "%s%.*s", i != 0 ? "," : "",
		    MAX_TOKEN_NAME - 1, tokens[i].name);
		strlcat(text, one, sizeof(text));
		snprintf(one, sizeof(one), ":%llu",
		    (unsigned long long)tokens[i].old_until);
		if (tokens[i].old_until != 0)
			strlcat(text, one, sizeof(text));
	}
	return (setup_put(&s, KEY, text));
}

/* where a new token is shown: nowhere that nobody asked for */
static int
can_show(const struct ctl *c)
{
	if (cmd_has(c, O_DRY_RUN) || cmd_has(c, O_OUT) ||
	    (!out_json && isatty(STDOUT_FILENO)))
		return (CTL_OK);
	return (out_fail(CTL_USAGE, "the token is shown once, on a terminal: "
	    "elsewhere --out FILE says where it is to be written, which may "
	    "be -"));
}

static int
make_token(void)
{
	unsigned char	raw[RANDOM_BYTES];

	if ((s.secret = sodium_malloc(2 * sizeof(raw) + 1)) == NULL)
		return (out_fail(CTL_FAILURE, "no memory that can be "
		    "guarded"));
	randombytes_buf(raw, sizeof(raw));
	sodium_bin2hex(s.secret, 2 * sizeof(raw) + 1, raw, sizeof(raw));
	explicit_bzero(raw, sizeof(raw));
	s.secret_name = file;
	return (CTL_OK);
}

/* to its file first: what could not be handed over is not made */
static int
open_out(const struct ctl *c, struct outfile *o)
{
	memset(o, 0, sizeof(*o));
	if (cmd_has(c, O_DRY_RUN))
		return (CTL_OK);
	return (outfile_open(o, cmd_value(c, O_OUT)) == -1 ? CTL_FAILURE :
	    CTL_OK);
}

static int
issue(struct ctl *c)
{
	struct outfile	 o;
	char		*copy;
	int		 rc;

	if ((rc = make_token()) != CTL_OK ||
	    (rc = open_out(c, &o)) != CTL_OK)
		return (rc);
	/* setup_end() frees its own */
	if ((copy = sodium_malloc(2 * RANDOM_BYTES + 1)) == NULL)
		return (out_fail(CTL_FAILURE, "no memory that can be "
		    "guarded"));
	strlcpy(copy, s.secret, 2 * RANDOM_BYTES + 1);
	rc = setup_end(&s);
	/* written, and perhaps not in force: it is to be known */
	if (o.f != NULL && sinktoken_exists(&c->paths, file)) {
		fprintf(o.f, "%s\n", copy);
		if (outfile_close(&o, 1) != CTL_OK)
			rc = out_fail(CTL_FAILURE, "%s: the token could not "
			    "be written: revoke it and add it again",
			    c->args[0]);
	} else if (o.f != NULL)
		(void)outfile_close(&o, 0);
	sodium_free(copy);
	return (rc);
}

int
cmd_token_add(struct ctl *c)
{
	int	rc;

	if ((rc = can_show(c)) != CTL_OK || (rc = load(c)) != CTL_OK)
		return (rc);
	if (find(c->args[0]) != -1)
		return (out_fail(CTL_ALREADY, "there is a token %s: `setup "
		    "token rotate' replaces it", c->args[0]));
	if (ntokens == MAX_TOKENS)
		return (out_fail(CTL_FAILURE, "there are %d tokens, and may "
		    "be no more: revoke one", MAX_TOKENS));
	memset(&tokens[ntokens], 0, sizeof(tokens[0]));
	strlcpy(tokens[ntokens++].name, c->args[0], MAX_TOKEN_NAME);
	if ((rc = put_names()) != CTL_OK)
		return (rc);
	return (issue(c));
}

static int
need(const struct ctl *c, int *at)
{
	if ((*at = find(c->args[0])) != -1)
		return (CTL_OK);
	return (out_fail(CTL_NOT_FOUND, "no token is named %s: see "
	    "`defenseclawctl setup token list'", c->args[0]));
}

/* beside the one that comes: what its holders have */
static int
keep_old(const struct ctl *c)
{
	char	*text, err[MAX_CONFEDIT_ERR];
	int	 fd, rc = CTL_FAILURE;

	if ((text = sodium_malloc(MAX_TOKEN + 2)) == NULL)
		return (out_fail(rc, "no memory that can be guarded"));
	fd = open(c->paths.secrets, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (token_existing(fd, file, text, err, sizeof(err)) != 1)
		out_fail(rc, "%s/%s: %s", c->paths.secrets, file,
		    "is missing or no usable token: revoke it and add it "
		    "again");
	else if (sinktoken_write(&c->paths, old_file, text, err,
	    sizeof(err)) == -1)
		rc = out_fail(errno == EACCES || errno == EPERM ?
		    CTL_PERMISSION : CTL_FAILURE, "%s", err);
	else
		rc = CTL_OK;
	if (fd != -1)
		close(fd);
	sodium_free(text);
	return (rc);
}

int
cmd_token_rotate(struct ctl *c)
{
	const char	*overlap;
	uint64_t	 seconds = DEFAULT_OVERLAP;
	int		 at, rc;

	if ((rc = can_show(c)) != CTL_OK || (rc = load(c)) != CTL_OK ||
	    (rc = need(c, &at)) != CTL_OK)
		return (rc);
	if ((overlap = setup_option(c, "overlap")) != NULL &&
	    options_number(overlap, 0, MAX_OVERLAP, &seconds) == -1)
		return (out_fail(CTL_USAGE, "--overlap is a number of "
		    "seconds, at most %d", MAX_OVERLAP));
	tokens[at].old_until = seconds == 0 ? 0 : (uint64_t)time(NULL) +
	    seconds;
	if (seconds != 0 && !cmd_has(c, O_DRY_RUN) &&
	    (rc = keep_old(c)) != CTL_OK)
		return (rc);
	if ((rc = put_names()) != CTL_OK)
		return (rc);
	setup_note(&s, seconds != 0 ? "the token before it is taken, too, "
	    "until the overlap ends" : "the token before it is taken no "
	    "more");
	return (issue(c));
}

int
cmd_token_revoke(struct ctl *c)
{
	char	err[MAX_CONFEDIT_ERR];
	int	at, rc;

	if ((rc = load(c)) != CTL_OK || (rc = need(c, &at)) != CTL_OK)
		return (rc);
	memmove(&tokens[at], &tokens[at + 1], (size_t)(--ntokens - at) *
	    sizeof(tokens[0]));
	if ((rc = put_names()) != CTL_OK || (rc = setup_end(&s)) != CTL_OK ||
	    cmd_has(c, O_DRY_RUN))
		return (rc);
	/* not before nobody is told to read them */
	if (sinktoken_remove(&c->paths, file, err, sizeof(err)) == -1 ||
	    sinktoken_remove(&c->paths, old_file, err, sizeof(err)) == -1)
		return (out_fail(CTL_FAILURE, "the token is revoked, and its "
		    "file is still there: %s", err));
	return (CTL_OK);
}

static void
token_row(const struct ctl *c, struct table *t, json_t *all,
    const struct conf_token *k)
{
	char	 path[MAX_CONF_PATH], when[EVENT_TIME_SIZE] = "";
	int	 old, there;

	snprintf(file, sizeof(file), "token-%.*s", MAX_TOKEN_NAME - 1,
	    k->name);
	there = paths_join(path, sizeof(path), c->paths.secrets, file) == 0 &&
	    access(path, F_OK) == 0;
	old = k->old_until > (uint64_t)time(NULL);
	if (old)
		event_time(k->old_until * 1000000, when);
	json_array_append_new(all, json_pack("{s:s,s:s,s:b,s:s?}", "name",
	    k->name, "file", path, "present", there, "old_until", old ?
	    when : NULL));
	table_cell(t, "%s", k->name);
	table_cell(t, "token:%s", k->name);
	table_cell(t, there ? "yes" : "missing");
	table_cell(t, "%.19s%s", old ? when : "-", old ? "Z" : "");
}

int
cmd_token_list(struct ctl *c)
{
	static const char *const heads[] = { "NAME", "ACTOR", "FILE",
	    "ONE BEFORE UNTIL", NULL };
	struct table	 t;
	json_t		*all;
	int		 i, rc;

	if ((rc = load(c)) != CTL_OK)
		return (rc);
	all = json_array();
	table_init(&t, heads);
	for (i = 0; i < ntokens; i++)
		token_row(c, &t, all, &tokens[i]);
	if (out_json)
		out_document(json_pack("{s:O}", "tokens", all));
	else if (ntokens == 0)
		printf("no named tokens: clients have the one in "
		    "secrets/%s\n", s.conf.gateway.token_secret);
	else
		table_print(&t);
	json_decref(all);
	return (CTL_OK);
}
