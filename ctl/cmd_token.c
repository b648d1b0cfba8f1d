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
static const char		*name;		/* the token's */
static char			file[MAX_CONF_NAME], old_file[MAX_CONF_NAME];
static enum op { OP_ADD, OP_ROTATE, OP_REVOKE } op;
static uint64_t			old_until;

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
	name = c->args[0];
	if (schema_token_name(name, strlen(name)) == -1)
		return (out_fail(CTL_USAGE, "a token's name is lower case "
		    "letters, digits, - and _, begins with a letter or "
		    "digit and has at most %d characters",
		    MAX_TOKEN_NAME - 1));
	snprintf(file, sizeof(file), "token-%s", name);
	snprintf(old_file, sizeof(old_file), "token-%s.old", name);
	return (CTL_OK);
}

static int
find(const char *one)
{
	int	i;

	for (i = 0; i < ntokens; i++)
		if (strcmp(tokens[i].name, one) == 0)
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
put_names(struct setup *to)
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
	return (setup_put(to, KEY, text));
}

/* what is asked for, of the names that there are; an exit status */
static int
change(char *err, size_t errlen)
{
	int	at = find(name);

	if (op == OP_ADD && at != -1) {
		snprintf(err, errlen, "there is a token %s: `setup token "
		    "rotate' replaces it", name);
		return (CTL_ALREADY);
	}
	if (op == OP_ADD && ntokens == MAX_TOKENS) {
		snprintf(err, errlen, "there are %d tokens, and may be no "
		    "more: revoke one", MAX_TOKENS);
		return (CTL_FAILURE);
	}
	if (op != OP_ADD && at == -1) {
		snprintf(err, errlen, "no token is named %s: see "
		    "`defenseclawctl setup token list'", name);
		return (CTL_NOT_FOUND);
	}
	if (op == OP_ADD) {
		memset(&tokens[ntokens], 0, sizeof(tokens[0]));
		strlcpy(tokens[ntokens++].name, name, MAX_TOKEN_NAME);
	} else if (op == OP_ROTATE)
		tokens[at].old_until = old_until;
	else
		memmove(&tokens[at], &tokens[at + 1], (size_t)(--ntokens -
		    at) * sizeof(tokens[0]));
	return (CTL_OK);
}

/* the names are one value: it is made of what the file says, locked */
static int
follow(struct setup *to, char *err, size_t errlen)
{
	if ((ntokens = schema_tokens(&to->was, tokens, err, errlen)) == -1 ||
	    change(err, errlen) != CTL_OK || put_names(to) != CTL_OK)
		return (-1);
	return (0);
}

/* first as the file is now: what cannot be is said with its exit status */
static int
prepare(enum op what)
{
	char	err[MAX_SCHEMA_ERR];
	int	rc;

	op = what;
	if ((rc = change(err, sizeof(err))) != CTL_OK)
		return (out_fail(rc, "%s", err));
	s.follow = follow;
	return (CTL_OK);
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
	if (o.f != NULL && s.secret_written) {
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

	if ((rc = can_show(c)) != CTL_OK || (rc = load(c)) != CTL_OK ||
	    (rc = prepare(OP_ADD)) != CTL_OK)
		return (rc);
	return (issue(c));
}

int
cmd_token_rotate(struct ctl *c)
{
	const char	*overlap;
	uint64_t	 seconds = DEFAULT_OVERLAP;
	int		 rc;

	if ((rc = can_show(c)) != CTL_OK || (rc = load(c)) != CTL_OK)
		return (rc);
	if ((overlap = setup_option(c, "overlap")) != NULL &&
	    options_number(overlap, 0, MAX_OVERLAP, &seconds) == -1)
		return (out_fail(CTL_USAGE, "--overlap is a number of "
		    "seconds, at most %d", MAX_OVERLAP));
	old_until = seconds == 0 ? 0 : (uint64_t)time(NULL) + seconds;
	if ((rc = prepare(OP_ROTATE)) != CTL_OK)
		return (rc);
	/* beside the one that comes: what its holders have */
	if (seconds != 0)
		s.secret_old = old_file;
	setup_note(&s, seconds != 0 ? "the token before it is taken, too, "
	    "until the overlap ends" : "the token before it is taken no "
	    "more");
	return (issue(c));
}

int
cmd_token_revoke(struct ctl *c)
{
	char	err[MAX_CONFEDIT_ERR];
	int	rc;

	if ((rc = load(c)) != CTL_OK || (rc = prepare(OP_REVOKE)) !=
	    CTL_OK || (rc = setup_end(&s)) != CTL_OK ||
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
