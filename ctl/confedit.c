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

#include <sodium.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "confedit.h"
#include "conffile.h"
#include "yamltree.h"

#define MAX_PARTS	4	/* of a schema key; more would be a mistake */
#define INDENT_STEP	2	/* of a section we add */
#define MAX_QUOTED	(2 * MAX_CONF_VALUE + 3)

/* the place of a key in a text */
struct place {
	const struct key	*k;
	const char		*part[MAX_PARTS];
	size_t			 partlen[MAX_PARTS];
	int			 nparts;
	int			 node[MAX_PARTS];	/* of what exists */
	int			 nfound;
};

struct edit {
	const char	*text;
	size_t		 len;
	struct ytree	 t;
	struct place	 at;
	char		 value[MAX_QUOTED];	/* as YAML */
	const char	*eol;
	char		*err;
	size_t		 errlen;
};

static int
refuse(struct edit *e, const char *why)
{
	snprintf(e->err, e->errlen, "%s: %s; edit the file by hand",
	    e->at.k->path, why);
	return (-1);
}

static void
place_split(struct place *at, const struct key *k)
{
	const char	*p = k->path;

	memset(at, 0, sizeof(*at));
	at->k = k;
	while (at->nparts < MAX_PARTS) {
		at->part[at->nparts] = p;
		at->partlen[at->nparts++] = strcspn(p, ".");
		p += strcspn(p, ".");
		if (*p++ == '\0')
			break;
	}
}

/* how much of the path exists in this tree */
static void
place_find(struct place *at, const struct ytree *t)
{
	int	i, n = 0;

	at->nfound = 0;
	if (t->nn == 0)
		return;
	for (i = 0; i < at->nparts; i++) {
		if (t->n[n].kind != Y_MAP)
			return;
		n = ytree_child(t, n, at->part[i], at->partlen[i]);
		if (n == -1)
			return;
		at->node[at->nfound++] = n;
	}
}

/*
 * Hash of all that a document says but for the value at a place (and the
 * sections on the way to it, which an edit may have to add).
 */
static void
digest_others(const struct ytree *t, struct place *at,
    unsigned char hash[CONF_HASH_LEN])
{
	crypto_hash_sha256_state	 st;
	const struct ynode		*n;
	long				 head[6];
	int				 i, next = 0;

	place_find(at, t);
	crypto_hash_sha256_init(&st);
	for (i = 1; i < t->nn; i++) {
		n = &t->n[i];
		if (next < at->nfound && i == at->node[next]) {
			next++;
			continue;
		}
		head[0] = n->depth;
		head[1] = n->kind;
		head[2] = n->style;
		head[3] = n->seq;
		head[4] = (long)n->keylen;
		head[5] = (long)n->vallen;
		crypto_hash_sha256_update(&st, (const unsigned char *)head,
		    sizeof(head));
		crypto_hash_sha256_update(&st, (const unsigned char *)n->key,
		    n->keylen);
		crypto_hash_sha256_update(&st, (const unsigned char *)n->val,
		    n->vallen);
	}
	crypto_hash_sha256_final(&st, hash);
}

/* plain where no reader of YAML 1.1 or 1.2 could see another type in it */
static void
yaml_scalar(const struct key *k, const char *s, char *buf, size_t size)
{
	static const char	 chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz/0123456789_.-";
	static const char *const words[] = { "true", "false", "yes", "no",
	    "on", "off", "y", "n", "null" };
	size_t			 i, o = 0;
	int			 plain;

	plain = s[0] != '\0' && strchr(chars, s[0]) < strchr(chars, '0') &&
	    s[strspn(s, chars)] == '\0';
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			plain = 0;
	if (plain || k->type == KEY_BOOL || k->type == KEY_INT) {
		strlcpy(buf, s, size);
		return;
	}
	buf[o++] = '\'';
	for (; *s != '\0' && o + 4 < size; s++) {
		if (*s == '\'')
			buf[o++] = '\'';
		buf[o++] = *s;
	}
	buf[o++] = '\'';
	buf[o] = '\0';
}

static int
splice(struct edit *e, size_t from, size_t to, const char *in, char **out,
    size_t *outlen)
{
	size_t	inlen = strlen(in);

	*outlen = e->len - (to - from) + inlen;
	if ((*out = malloc(*outlen + 1)) == NULL)
		return (refuse(e, "out of memory"));
	memcpy(*out, e->text, from);
	memcpy(*out + from, in, inlen);
	memcpy(*out + from + inlen, e->text + to, e->len - to);
	(*out)[*outlen] = '\0';
	return (0);
}

static int
replace_value(struct edit *e, char **out, size_t *outlen)
{
	const struct ynode	*n = &e->t.n[e->at.node[e->at.nparts - 1]];
	char			 in[MAX_QUOTED + 1];

	if (n->kind != Y_SCALAR)
		return (refuse(e, "has a section or a list for a value"));
	if (n->style == YS_BLOCK || n->vline != n->vendline)
		return (refuse(e, "its value takes more than one line"));
	if (n->start != n->end)
		return (splice(e, n->start, n->end, e->value, out, outlen));
	/* nothing there yet: what libyaml gives is the place after ':' */
	if (n->start == 0 || e->text[n->start - 1] != ':')
		return (refuse(e, "has no value"));
	snprintf(in, sizeof(in), " %s", e->value);
	return (splice(e, n->start, n->start, in, out, outlen));
}

/* offset after the newline that ends a line (from 1), or the text's end */
static size_t
after_line(const struct edit *e, int line)
{
	const char	*p = e->text, *end = e->text + e->len;

	while (line-- > 0 && p < end) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : end;
	}
	return ((size_t)(p - e->text));
}

/* nothing but spaces before column col of a line */
static int
indented_by(const struct edit *e, int line, int col)
{
	const char	*p = e->text + after_line(e, line - 1);
	int		 i;

	if (line == 1 && e->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (i = 0; i < col; i++)
		if (p[i] != ' ')
			return (0);
	return (1);
}

/* the missing sections and the key, from an indentation on, put at a place */
static int
add_lines(struct edit *e, size_t where, int indent, char **out,
    size_t *outlen)
{
	struct place	*at = &e->at;
	char		 in[MAX_QUOTED + MAX_PARTS * (MAX_CONF_KEY + 64)];
	size_t		 n = 0;
	int		 i;

	if (indent > MAX_CONF_KEY)
		return (refuse(e, "indented too far"));
	if (where > 0 && e->text[where - 1] != '\n')
		n += (size_t)snprintf(in, sizeof(in), "%s", e->eol);
	for (i = at->nfound; i < at->nparts; i++) {
		n += (size_t)snprintf(in + n, sizeof(in) - n, "%*s%.*s:%s",
		    indent, "", (int)at->partlen[i], at->part[i],
		    i + 1 < at->nparts ? e->eol : " ");
		indent += INDENT_STEP;
	}
	snprintf(in + n, sizeof(in) - n, "%s%s", e->value, e->eol);
	return (splice(e, where, where, in, out, outlen));
}

static int
add_key(struct edit *e, char **out, size_t *outlen)
{
	const struct ynode	*n, *c;

	if (e->t.nn == 0 || (e->t.nn == 1 && e->t.n[0].vallen == 0))
		return (add_lines(e, e->len, 0, out, outlen));
	n = &e->t.n[e->at.nfound == 0 ? 0 : e->at.node[e->at.nfound - 1]];
	if (n->kind == Y_SCALAR && n->start == n->end && ytree_null(n) &&
	    e->t.n[n->parent].style != YS_FLOW) {
		/* "section:" with nothing, or only comments, below it */
		if (!indented_by(e, n->line, n->col))
			return (refuse(e, "its section starts in mid-line"));
		return (add_lines(e, after_line(e, n->line),
		    n->col + INDENT_STEP, out, outlen));
	}
	if (n->kind != Y_MAP)
		return (refuse(e, "what should be its section is a value"));
	if (n->style == YS_FLOW || n->child == 0)
		return (refuse(e, "its section is written with { }"));
	c = &e->t.n[n->child];
	if (!indented_by(e, c->line, c->col))
		return (refuse(e, "its section starts in mid-line"));
	return (add_lines(e, after_line(e, n->vendline), c->col, out,
	    outlen));
}

/* trust nothing of the above: read the result as everybody else will */
static int
verify(struct edit *e, const char *want, const char *out, size_t outlen)
{
	unsigned char		 before[CONF_HASH_LEN], after[CONF_HASH_LEN];
	struct conf_report	*rep;
	struct conf		 c;
	struct ytree		 t;
	char			 got[MAX_CONF_VALUE], msg[MAX_CONF_MSG];
	int			 i, rv;

	if ((rep = malloc(sizeof(*rep))) == NULL)
		return (refuse(e, "out of memory"));
	rv = conf_parse(out, outlen, "config.yaml", &c, rep);
	for (i = 0; rv == -1 && i < rep->nmsgs; i++) {
		if (rep->msgs[i].is_warning)
			continue;
		conf_msg_text(rep, &rep->msgs[i], msg, sizeof(msg));
		snprintf(e->err, e->errlen, "not changed, the result would "
		    "not be valid: %s", msg);
		break;
	}
	free(rep);
	if (rv == -1)
		return (-1);
	schema_get(e->at.k, &c, got, sizeof(got));
	if (strcmp(got, want) != 0)
		return (refuse(e, "the change would not take effect"));
	digest_others(&e->t, &e->at, before);
	rv = ytree_parse(&t, out, outlen);
	if (rv == 0)
		digest_others(&t, &e->at, after);
	ytree_free(&t);
	if (rv == -1 || memcmp(before, after, sizeof(before)) != 0)
		return (refuse(e, "the change would affect other keys"));
	return (0);
}

static int
edit_text(struct edit *e, const char *want, char **out, size_t *outlen)
{
	const char	*nl;

	if (e->len > MAX_CONF_SIZE)
		return (refuse(e, "the file is larger than 256 KiB"));
	if (ytree_parse(&e->t, e->text, e->len) == -1) {
		snprintf(e->err, e->errlen, "not changed, the file is not "
		    "valid: line %d: %s", e->t.errline, e->t.err);
		return (-1);
	}
	nl = memchr(e->text, '\n', e->len);
	e->eol = nl != NULL && nl > e->text && nl[-1] == '\r' ? "\r\n" : "\n";
	yaml_scalar(e->at.k, want, e->value, sizeof(e->value));
	place_find(&e->at, &e->t);
	if ((e->at.nfound == e->at.nparts ? replace_value(e, out, outlen) :
	    add_key(e, out, outlen)) == -1)
		return (-1);
	if (verify(e, want, *out, *outlen) == 0)
		return (0);
	free(*out);
	*out = NULL;
	return (-1);
}

/* does the text already say so: then not a byte of it changes */
static int
says_so(const char *text, size_t len, const struct key *k, const char *want)
{
	struct conf_report	*rep;
	struct conf		 c;
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
	const struct key	*k;
	const char		*near;
	struct conf		 c;
	struct edit		 e;
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
	memset(&e, 0, sizeof(e));
	e.text = text;
	e.len = len;
	e.err = err;
	e.errlen = errlen;
	place_split(&e.at, k);
	if (says_so(text, len, k, want))
		return (splice(&e, 0, 0, "", out, outlen));
	rv = edit_text(&e, want, out, outlen);
	ytree_free(&e.t);
	return (rv);
}

static int
edit_locked(const char *path, uid_t owner, const char *key, const char *value,
    char *err, size_t errlen)
{
	struct stat	 st;
	char		*text = NULL, *out = NULL;
	size_t		 len, outlen;
	int		 fd, rv = -1;

	fd = conffile_open(path, owner, MAX_CONF_SIZE, err, errlen);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == -1)
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
	else if (conffile_read(fd, MAX_CONF_SIZE, &text, &len, err, errlen)
	    == 0 && confedit_set(text, len, key, value, &out, &outlen, err,
	    errlen) == 0) {
		if (outlen == len && memcmp(out, text, len) == 0)
			rv = 0;
		else if (conffile_write(path, out, outlen, &st, err, errlen)
		    == 0)
			rv = 1;
	}
	close(fd);
	free(text);
	free(out);
	return (rv);
}

int
confedit_file(const char *path, uid_t owner, const char *key,
    const char *value, char *err, size_t errlen)
{
	int	lock, rv;

	if ((lock = conffile_lock(path, err, errlen)) == -1)
		return (-1);
	rv = edit_locked(path, owner, key, value, err, errlen);
	close(lock);
	return (rv);
}
