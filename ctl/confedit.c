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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confedit.h"
#include "conffile.h"

#define MAX_QUOTED	(2 * MAX_CONF_VALUE + 3)

/*
 * Hash of all that a document says but for the value at a place (and the
 * sections on the way to it, which an edit may have to add).
 */
static void
digest_others(const struct ytree *t, struct ypath *at,
    unsigned char hash[CONF_HASH_LEN])
{
	crypto_hash_sha256_state	 st;

	ypath_find(at, t, 0);
	crypto_hash_sha256_init(&st);
	yedit_digest(&st, t, 1, t->nn, at->node, at->nfound);
	crypto_hash_sha256_final(&st, hash);
}

int
confedit_valid(struct yedit *e, struct conf *c)
{
	struct conf_report	*rep;
	char			 msg[MAX_CONF_MSG];
	int			 i, rv;

	if ((rep = malloc(sizeof(*rep))) == NULL)
		return (yedit_refuse(e, "out of memory"));
	rv = conf_parse(e->text, e->len, "config.yaml", c, rep);
	for (i = 0; rv == -1 && i < rep->nmsgs; i++) {
		if (rep->msgs[i].is_warning)
			continue;
		conf_msg_text(rep, &rep->msgs[i], msg, sizeof(msg));
		snprintf(e->err, e->errlen, "not changed, the result would "
		    "not be valid: %s", msg);
		break;
	}
	free(rep);
	return (rv);
}

/* trust nothing of the edit: read the result as everybody else will */
static int
verify(struct yedit *e, const struct key *k, const char *want,
    struct ypath *at, const unsigned char before[CONF_HASH_LEN])
{
	static struct conf	 c;
	unsigned char		 after[CONF_HASH_LEN];
	char			 got[MAX_CONF_VALUE];

	if (confedit_valid(e, &c) == -1)
		return (-1);
	schema_get(k, &c, got, sizeof(got));
	if (strcmp(got, want) != 0)
		return (yedit_refuse(e, "the change would not take effect"));
	digest_others(&e->t, at, after);
	if (memcmp(before, after, sizeof(after)) != 0)
		return (yedit_refuse(e, "the change would affect other "
		    "keys"));
	return (0);
}

static int
edit_text(struct yedit *e, const struct key *k, const char *want)
{
	unsigned char	before[CONF_HASH_LEN];
	struct ypath	at;
	char		value[MAX_QUOTED];

	ypath_split(&at, k->path);
	digest_others(&e->t, &at, before);
	yedit_scalar(want, k->type == KEY_BOOL || k->type == KEY_INT, value,
	    sizeof(value));
	if (yedit_set(e, 0, &at, value) == -1)
		return (-1);
	return (verify(e, k, want, &at, before));
}

/* place of a key, or of a section, among the keys of a table; -1: in none */
static int
rank(const struct key *keys, int nkeys, const char *path)
{
	size_t	len = strlen(path);
	int	i;

	for (i = 0; i < nkeys; i++)
		if (strncmp(keys[i].path, path, len) == 0 &&
		    (keys[i].path[len] == '\0' || keys[i].path[len] == '.'))
			return (i);
	return (-1);
}

/* of a key below some section, "" or with its dot; lists come last */
static int
rank_of(const char *section, const char *key, size_t len)
{
	char		 path[MAX_CONF_KEY];
	const char	*p;

	snprintf(path, sizeof(path), "%s%.*s", section, (int)len, key);
	if (strncmp(path, CONFEDIT_SINKS, strlen(CONFEDIT_SINKS)) != 0)
		return (rank(schema_keys, schema_nkeys, path));
	if ((p = strchr(path, '.')) == NULL)
		return (schema_nkeys);
	p++;
	return (strcmp(p, "actions") == 0 ? rank(schema_sink_keys,
	    schema_nsink_keys, "min_severity") : rank(schema_sink_keys,
	    schema_nsink_keys, p));
}

/*
 * As the tables have them, so that a file does not tell in which order its
 * keys were set.  Names that are in no table stand in their own order, and
 * have none among keys.
 */
static int
order(const struct yedit *e, int map, const char *a, size_t alen,
    const char *b, size_t blen)
{
	char	section[MAX_CONF_KEY];
	size_t	n = alen < blen ? alen : blen;
	int	ra, rb, d;

	ytree_path(&e->t, map, section, sizeof(section));
	if (section[0] != '\0')
		strlcat(section, ".", sizeof(section));
	ra = rank_of(section, a, alen);
	rb = rank_of(section, b, blen);
	if ((ra == -1) != (rb == -1))
		return (0);
	if (ra != rb)
		return (ra < rb ? -1 : 1);
	if ((d = memcmp(a, b, n)) != 0)
		return (d < 0 ? -1 : 1);
	return (alen == blen ? 0 : alen < blen ? -1 : 1);
}

int
confedit_open(struct yedit *e, const char *what, const char *text, size_t len,
    char *err, size_t errlen)
{
	int	rv;

	if (len <= MAX_CONF_SIZE) {
		rv = yedit_open(e, what, text, len, err, errlen);
		e->order = order;
		return (rv);
	}
	memset(e, 0, sizeof(*e));
	snprintf(err, errlen, "%s: the file is larger than 256 KiB", what);
	return (-1);
}

void
confedit_take(struct yedit *e, char **out, size_t *outlen)
{
	*out = e->text;
	*outlen = e->len;
	e->text = NULL;
}

/* does the text already say so: then not a byte of it changes */
static int
says_so(const char *text, size_t len, const struct key *k, const char *want)
{
	struct conf_report	*rep;
	static struct conf	 c;
	char			 got[MAX_CONF_VALUE];
	int			 rv;

	if ((rep = malloc(sizeof(*rep))) == NULL)
		return (0);
	rv = conf_parse(text, len, "", &c, rep);
	free(rep);
	schema_get(k, &c, got, sizeof(got));
	return (rv == 0 && c.line[k - schema_keys] != 0 &&
	    strcmp(got, want) == 0);
}

int
confedit_set(const char *text, size_t len, const char *key, const char *value,
    char **out, size_t *outlen, char *err, size_t errlen)
{
	static struct conf	 c;
	const struct key	*k;
	const char		*near;
	struct yedit		 e;
	char			 why[MAX_SCHEMA_ERR], want[MAX_CONF_VALUE];
	int			 rv;

	*out = NULL;
	*outlen = 0;
	if ((k = schema_find(key)) == NULL) {
		near = schema_nearest(key);
		snprintf(err, errlen, "%.*s: %s%s%s", MAX_CONF_KEY, key,
		    schema_is_foreign(key) ? "not supported by this program" :
		    "unknown key", near != NULL && !schema_is_foreign(key) ?
		    "; the nearest known one is " : "",
		    near != NULL && !schema_is_foreign(key) ? near : "");
		return (-1);
	}
	schema_defaults(&c);
	if (schema_set(k, value, &c, why, sizeof(why)) == -1) {
		snprintf(err, errlen, "%s: %s", k->path, why);
		return (-1);
	}
	schema_get(k, &c, want, sizeof(want));
	rv = confedit_open(&e, k->path, text, len, err, errlen);
	if (rv == 0 && !says_so(text, len, k, want))
		rv = edit_text(&e, k, want);
	if (rv == 0)
		confedit_take(&e, out, outlen);
	yedit_close(&e);
	return (rv);
}

/* the lines of a key, where nothing else stands on them */
static int
cut_key(struct yedit *e, const struct ypath *at)
{
	const struct ynode	*n = &e->t.n[at->node[at->n - 1]];
	size_t			 from = yedit_after_line(e, n->line - 1), i;

	if (n->line == 1 && e->len >= 3 &&
	    memcmp(e->text, "\xef\xbb\xbf", 3) == 0)
		from = 3;
	if (e->t.n[n->parent].style == YS_FLOW)
		return (yedit_refuse(e, "its section is written with { }"));
	if (n->kind != Y_SCALAR)
		return (yedit_refuse(e, "has a section or a list for a "
		    "value"));
	for (i = 0; i < (size_t)n->col; i++)
		if (e->text[from + i] != ' ')
			return (yedit_refuse(e, "starts in mid-line"));
	return (yedit_splice(e, from, yedit_after_line(e, n->vendline), ""));
}

static int
unset(struct yedit *e, const struct key *k)
{
	static struct conf	 c;
	unsigned char		 before[CONF_HASH_LEN], after[CONF_HASH_LEN];
	struct ypath		 at;

	if (confedit_valid(e, &c) == -1)
		return (-1);
	ypath_split(&at, k->path);
	digest_others(&e->t, &at, before);
	if (at.nfound < at.n)
		return (0);
	if (cut_key(e, &at) == -1 || confedit_valid(e, &c) == -1)
		return (-1);
	digest_others(&e->t, &at, after);
	if (memcmp(before, after, sizeof(after)) != 0 ||
	    at.nfound == at.n)
		return (yedit_refuse(e, "the change would affect other "
		    "keys"));
	return (0);
}

int
confedit_unset(const char *text, size_t len, const char *key, char **out,
    size_t *outlen, char *err, size_t errlen)
{
	const struct key	*k = schema_find(key);
	struct yedit		 e;
	int			 rv;

	*out = NULL;
	*outlen = 0;
	if (k == NULL) {
		snprintf(err, errlen, "%.*s: unknown key", MAX_CONF_KEY, key);
		return (-1);
	}
	if ((rv = confedit_open(&e, k->path, text, len, err, errlen)) == 0)
		rv = unset(&e, k);
	if (rv == 0)
		confedit_take(&e, out, outlen);
	yedit_close(&e);
	return (rv);
}

/* errno is EINVAL where it is the edit that cannot be made */
static int
edit_open(int fd, const char *path, confedit_fn *fn, void *arg, char *err,
    size_t errlen)
{
	struct stat	 st;
	char		*text = NULL, *out = NULL;
	size_t		 len, outlen;
	int		 rv = -1, saved;

	if (fstat(fd, &st) == -1)
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
	else if (conffile_read(fd, MAX_CONF_SIZE, &text, &len, err, errlen)
	    == 0) {
		if (fn(text, len, &out, &outlen, arg, err, errlen) == -1)
			errno = EINVAL;
		else if (outlen == len && memcmp(out, text, len) == 0)
			rv = 0;
		else if (conffile_write(path, out, outlen, &st, err, errlen)
		    == 0)
			rv = 1;
	}
	saved = errno;
	free(text);
	free(out);
	errno = saved;
	return (rv);
}

static int
edit_locked(const char *path, uid_t owner, confedit_fn *fn, void *arg,
    char *err, size_t errlen)
{
	int	fd, rv, saved;

	fd = conffile_open(path, owner, MAX_CONF_SIZE, err, errlen);
	if (fd == -1)
		return (-1);
	rv = edit_open(fd, path, fn, arg, err, errlen);
	saved = errno;
	close(fd);
	errno = saved;
	return (rv);
}

int
confedit_apply(const char *path, uid_t owner, confedit_fn *fn, void *arg,
    char *err, size_t errlen)
{
	int	lock, rv, saved;

	if ((lock = conffile_lock(path, err, errlen)) == -1)
		return (-1);
	rv = edit_locked(path, owner, fn, arg, err, errlen);
	saved = errno;
	close(lock);
	errno = saved;
	return (rv);
}

int
confedit_setting(const char *text, size_t len, char **out, size_t *outlen,
    void *arg, char *err, size_t errlen)
{
	const struct conf_setting	*s = arg;

	if (s->value == NULL)
		return (confedit_unset(text, len, s->key, out, outlen, err,
		    errlen));
	return (confedit_set(text, len, s->key, s->value, out, outlen, err,
	    errlen));
}
