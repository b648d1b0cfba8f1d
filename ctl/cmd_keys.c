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
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/secret.h"
#include "cmd.h"
#include "conffile.h"
#include "confparse.h"
#include "schema.h"
#include "edit.h"
#include "sinktoken.h"
#include "spoolfile.h"

/*
 * keys: the files below secrets/, by name.  No command shows what is in one.
 */

#define MAX_KEYS	256	/* files, and names of the configuration */
#define MAX_KEY_USES	512
#define REDACTION_KEY	"redaction.key"

struct a_key {
	char	 name[MAX_SECRET_NAME];
	char	 uses[MAX_KEY_USES];	/* keys of the configuration */
	int	 there;
	mode_t	 mode;
	uid_t	 uid;
	time_t	 changed;
	char	 wrong[128];		/* "": nothing */
};

struct keys {
	struct a_key	 key[MAX_KEYS];
	size_t		 n;
	uid_t		 owner;		/* of secrets/ */
	int		 dir;
};

static struct a_key *
key_named(struct keys *k, const char *name)
{
	size_t	i;

	for (i = 0; i < k->n; i++)
		if (strcmp(k->key[i].name, name) == 0)
			return (&k->key[i]);
	if (k->n == MAX_KEYS)
		return (NULL);
	memset(&k->key[k->n], 0, sizeof(k->key[0]));
	strlcpy(k->key[k->n].name, name, sizeof(k->key[0].name));
	return (&k->key[k->n++]);
}

static void
key_used(struct keys *k, const char *name, const char *sink, const char *path)
{
	struct a_key	*one;

	if (name[0] == '\0' || (one = key_named(k, name)) == NULL)
		return;
	if (one->uses[0] != '\0')
		strlcat(one->uses, " ", sizeof(one->uses));
	if (sink != NULL) {
		strlcat(one->uses, "audit_sinks.", sizeof(one->uses));
		strlcat(one->uses, sink, sizeof(one->uses));
		strlcat(one->uses, ".", sizeof(one->uses));
	}
	strlcat(one->uses, path, sizeof(one->uses));
}

/* every name that the configuration gives */
static void
keys_of_conf(struct keys *k, const struct conf *conf)
{
	char	name[MAX_CONF_VALUE];
	int	i, s;

	key_used(k, REDACTION_KEY, NULL, "redaction");
	for (i = 0; i < schema_nkeys; i++)
		if (schema_keys[i].flags & KEYF_SECRET) {
			schema_get(&schema_keys[i], conf, name, sizeof(name));
			key_used(k, name, NULL, schema_keys[i].path);
		}
	for (s = 0; s < conf->nsinks; s++)
		for (i = 0; i < schema_nsink_keys; i++)
			if (schema_sink_keys[i].flags & KEYF_SECRET) {
				schema_get(&schema_sink_keys[i],
				    &conf->sinks[s], name, sizeof(name));
				key_used(k, name, conf->sinks[s].name,
				    schema_sink_keys[i].path);
			}
}

/* what a role would say when it was handed this file */
static void
key_look(const struct keys *k, struct a_key *one)
{
	struct secret	 s;
	struct stat	 st;
	int		 fd;

	if (fstatat(k->dir, one->name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		strlcpy(one->wrong, errno == ENOENT ? "is not there" :
		    strerror(errno), sizeof(one->wrong));
		return;
	}
	one->there = 1;
	one->mode = st.st_mode & 07777;
	one->uid = st.st_uid;
	one->changed = st.st_mtime;
	if (!S_ISREG(st.st_mode))
		strlcpy(one->wrong, "is no regular file", sizeof(one->wrong));
	else if (st.st_uid != 0 && st.st_uid != k->owner)
		snprintf(one->wrong, sizeof(one->wrong), "belongs to uid %u, "
		    "not to root or uid %u", (unsigned int)st.st_uid,
		    (unsigned int)k->owner);
	else if ((st.st_mode & 077) != 0)
		strlcpy(one->wrong, "others can use it: chmod 600",
		    sizeof(one->wrong));
	else if ((fd = openat(k->dir, one->name, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC)) == -1)
		strlcpy(one->wrong, strerror(errno), sizeof(one->wrong));
	else if (secret_read(fd, &s) == -1)
		strlcpy(one->wrong, errno == EFBIG ? "is too long" :
		    errno == EINVAL ? "is empty, or holds a NUL" :
		    strerror(errno), sizeof(one->wrong));
	else
		secret_free(&s);
}

static int
keys_order(const void *a, const void *b)
{
	return (strcmp(((const struct a_key *)a)->name,
	    ((const struct a_key *)b)->name));
}

/* files and configured names; CTL_OK, or the exit status, said */
static int
keys_read(struct ctl *c, struct keys *k)
{
	static struct conf	 conf;
	struct dirent		*de;
	struct stat		 st;
	DIR			*dp;
	size_t			 i;
	int			 fd, rc;

	memset(k, 0, sizeof(*k));
	if (sodium_init() == -1)
		return (out_fail(CTL_FAILURE, "no memory that can be "
		    "guarded"));
	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	if ((fd = open(c->paths.secrets, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC)) == -1 || fstat(fd, &st) == -1 ||
	    (dp = fdopendir(fd)) == NULL) {
		rc = errno;
		if (fd != -1)
			close(fd);
		return (out_fail(rc == EACCES ? CTL_PERMISSION : rc ==
		    ENOENT ? CTL_NOT_FOUND : CTL_FAILURE, "%s: %s",
		    c->paths.secrets, strerror(rc)));
	}
	k->dir = fd;
	k->owner = st.st_uid;
	while ((de = readdir(dp)) != NULL)
		if (de->d_name[0] != '.' && key_named(k, de->d_name) == NULL)
			break;
	keys_of_conf(k, &conf);
	for (i = 0; i < k->n; i++)
		key_look(k, &k->key[i]);
	closedir(dp);
	qsort(k->key, k->n, sizeof(k->key[0]), keys_order);
	return (CTL_OK);
}

static json_t *
key_json(const struct a_key *one)
{
	char	mode[8];

	snprintf(mode, sizeof(mode), "%04o", (unsigned int)one->mode);
	return (json_pack("{s:s,s:b,s:s,s:I,s:s,s:s}", "name", one->name,
	    "set", one->there, "mode", one->there ? mode : "", "uid",
	    (json_int_t)one->uid, "used_by", one->uses, "wrong",
	    one->wrong));
}

int
cmd_keys_list(struct ctl *c)
{
	static const char *const heads[] = { "KEY", "SET", "USED BY", NULL };
	static struct keys	 k;
	struct table		 t;
	json_t			*list;
	char			 when[32];
	size_t			 i;
	int			 rc;

	if ((rc = keys_read(c, &k)) != CTL_OK)
		return (rc);
	if (out_json) {
		list = json_array();
		for (i = 0; i < k.n; i++)
			json_array_append_new(list, key_json(&k.key[i]));
		out_document(json_pack("{s:o}", "keys", list));
		return (CTL_OK);
	}
	table_init(&t, heads);
	for (i = 0; i < k.n; i++) {
		strlcpy(when, "no", sizeof(when));
		if (k.key[i].there)
			strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ",
			    gmtime(&k.key[i].changed));
		table_cell(&t, "%s", k.key[i].name);
		table_cell(&t, "%s", when);
		table_cell(&t, "%s", k.key[i].uses[0] != '\0' ?
		    k.key[i].uses : "nothing");
	}
	table_print(&t);
	return (CTL_OK);
}

int
cmd_keys_check(struct ctl *c)
{
	static struct keys	 k;
	json_t			*list = json_array();
	const struct a_key	*one;
	size_t			 i, seen = 0;
	int			 bad = 0, rc;

	if ((rc = keys_read(c, &k)) != CTL_OK) {
		json_decref(list);
		return (rc);
	}
	for (i = 0; i < k.n; i++) {
		one = &k.key[i];
		if (c->nargs == 1 && strcmp(one->name, c->args[0]) != 0)
			continue;
		seen++;
		bad |= one->wrong[0] != '\0';
		json_array_append_new(list, key_json(one));
		if (out_json)
			continue;
		printf("%s: %s", out_safe(one->name), one->wrong[0] != '\0' ?
		    out_safe(one->wrong) : "ok");
		printf(", used by %s\n", one->uses[0] != '\0' ?
		    out_safe(one->uses) : "nothing");
	}
	if (out_json && seen != 0)
		out_document(json_pack("{s:b,s:O}", "ok", !bad, "keys",
		    list));
	json_decref(list);
	if (seen == 0 && c->nargs == 1)
		return (out_fail(CTL_NOT_FOUND, "%s: no such key",
		    c->args[0]));
	return (bad ? CTL_FAILURE : CTL_OK);
}

/* --- set, unset ----------------------------------------------------------- */

/* a name that may be given to a file, and not one of the suite's own keys */
static int
key_name(const char *name)
{
	static struct conf	 plain;
	char			 err[MAX_CONF_MSG];

	if (schema_set(schema_find("gateway.token_secret"), name, &plain,
	    err, sizeof(err)) == -1 || strlen(name) >= MAX_SECRET_NAME)
		/* not said: NAME=VALUE has a secret in it */
		return (out_fail(CTL_USAGE, "that is no name of a key: "
		    "letters, digits, . _ -; the key itself goes to standard "
		    "input"));
	if (strcmp(name, REDACTION_KEY) == 0)
		return (out_fail(CTL_FAILURE, "%s is made by init, and what "
		    "it has masked stays the same only with it", name));
	return (CTL_OK);
}

/* the log has that it was done, a running suite what is to do */
static int
key_done(struct ctl *c, const char *name, const char *what)
{
	char		 target[MAX_SECRET_NAME + 16], err[MAX_CTL_TEXT + 64];
	uint64_t	 seq, now = clock_wall_us();
	int		 noted;

	snprintf(target, sizeof(target), "secrets/%s", name);
	noted = config_note(&c->paths, now, "config-update", target, what,
	    &seq, err, sizeof(err));
	if (noted != 1 && spoolfile_add(&c->paths, now, "config-update",
	    target, what, err, sizeof(err)) == -1)
		out_note("it is not in the audit log: %s", err);
	if (out_json)
		out_document(json_pack("{s:s,s:s,s:I,s:s?}", "key", name,
		    "done", what, "seq", (json_int_t)seq, "needs", noted ==
		    0 ? NULL : "reload"));
	else {
		printf("%s: %s\n", out_safe(name), what);
		if (noted != 0)
			printf("takes effect with `defenseclawctl reload'\n");
	}
	return (CTL_OK);
}

int
cmd_keys_set(struct ctl *c)
{
	const char	*name = c->args[0];
	char		*token, err[MAX_CONFFILE_ERR];
	int		 rc;

	if ((rc = key_name(name)) != CTL_OK ||
	    (rc = edit_secrets(c, name)) != CTL_OK)
		return (rc);
	if (sinktoken_read(name, &token) != 1)
		return (CTL_USAGE);
	rc = sinktoken_write(&c->paths, name, token, err, sizeof(err));
	sodium_free(token);
	if (rc == -1)
		return (out_fail(errno == EACCES || errno == EROFS ?
		    CTL_PERMISSION : CTL_FAILURE, "%s", err));
	return (key_done(c, name, "set"));
}

int
cmd_keys_unset(struct ctl *c)
{
	static struct keys	 k;
	const char		*name = c->args[0];
	char			 err[MAX_CONFFILE_ERR];
	size_t			 i;
	int			 rc;

	if ((rc = key_name(name)) != CTL_OK ||
	    (rc = keys_read(c, &k)) != CTL_OK ||
	    (rc = edit_secrets(c, name)) != CTL_OK)
		return (rc);
	for (i = 0; i < k.n; i++)
		if (strcmp(k.key[i].name, name) == 0 &&
		    k.key[i].uses[0] != '\0')
			return (out_fail(CTL_FAILURE, "%s is used by %s: take "
			    "it out of the configuration first", name,
			    k.key[i].uses));
	switch (sinktoken_remove(&c->paths, name, err, sizeof(err))) {
	case 0:
		return (out_fail(CTL_NOT_FOUND, "%s: no such key", name));
	case -1:
		return (out_fail(errno == EACCES || errno == EROFS ?
		    CTL_PERMISSION : CTL_FAILURE, "%s", err));
	}
	return (key_done(c, name, "unset"));
}
