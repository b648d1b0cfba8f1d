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

#include "options.h"

#define MAX_SLIP	2	/* characters */

struct parse {
	struct options			*o;
	const struct option_def		*defs;
	int				 argc;
	char *const			*argv;
	int				 at;	/* next of argv */
	char				*err;
	size_t				 errlen;
};

int
options_slip(const char *word, const char *known)
{
	size_t	a = strlen(word), b = strlen(known), n = 0, left;

	if (a >= 3 && a < b && strncmp(word, known, a) == 0)
		return (1);	/* the beginning of it */
	while (n < a && n < b && word[n] == known[n])
		n++;
	a -= n;
	b -= n;
	word += n;
	known += n;
	while (a > 0 && b > 0 && word[a - 1] == known[b - 1])
		a--, b--;
	left = a > b ? a : b;
	/* nothing shared is no slip, however short the words */
	if (left > MAX_SLIP || (n == 0 && word[a] == '\0'))
		return (-1);
	return ((int)left);
}

int
options_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	const char	*errstr;
	long long	 v;

	if (text[0] < '0' || text[0] > '9')
		return (-1);
	v = strtonum(text, (long long)min, max > INT64_MAX ? INT64_MAX :
	    (long long)max, &errstr);
	if (errstr != NULL)
		return (-1);
	*out = (uint64_t)v;
	return (0);
}

static int
unknown(struct parse *p, const char *name, size_t len)
{
	char		 word[64];
	const char	*near = NULL;
	int		 i, d, best = MAX_SLIP + 1;

	snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len :
	    sizeof(word) - 1), name);
	for (i = 0; p->defs[i].name != NULL; i++) {
		d = options_slip(word, p->defs[i].name);
		if (d != -1 && d < best) {
			best = d;
			near = p->defs[i].name;
		}
	}
	snprintf(p->err, p->errlen, "unknown option --%s%s%s", word,
	    near != NULL ? ": the nearest is --" : "",
	    near != NULL ? near : "");
	return (-1);
}

static int
may_repeat(const struct option_def *d)
{
	size_t	n = d->arg != NULL ? strlen(d->arg) : 0;

	return (n > 3 && strcmp(d->arg + n - 3, "...") == 0);
}

static int
take_repeated(struct parse *p, int i, const char *value)
{
	struct options	*o = p->o;

	if (o->nrepeated == MAX_REPEATED) {
		snprintf(p->err, p->errlen, "--%s is given too often",
		    p->defs[i].name);
		return (-1);
	}
	o->repeated[o->nrepeated].option = i;
	o->repeated[o->nrepeated++].value = value;
	return (0);
}

/* value is what came with the option itself, or NULL */
static int
take(struct parse *p, int i, const char *value)
{
	const struct option_def	*d = &p->defs[i];

	if (p->o->value[i] != NULL && !may_repeat(d)) {
		snprintf(p->err, p->errlen, "--%s is given twice", d->name);
		return (-1);
	}
	p->o->value[i] = "";
	if (d->arg == NULL) {
		if (value == NULL)
			return (0);
		snprintf(p->err, p->errlen, "--%s takes no value", d->name);
		return (-1);
	}
	if (value == NULL) {
		if (p->at == p->argc) {
			snprintf(p->err, p->errlen, "--%s needs a value: %s",
			    d->name, d->arg);
			return (-1);
		}
		value = p->argv[p->at++];
	}
	p->o->value[i] = value;
	return (may_repeat(d) ? take_repeated(p, i, value) : 0);
}

static int
take_long(struct parse *p, const char *name)
{
	const char	*eq = strchr(name, '=');
	size_t		 len = eq != NULL ? (size_t)(eq - name) :
			    strlen(name);
	int		 i;

	for (i = 0; p->defs[i].name != NULL; i++)
		if (strlen(p->defs[i].name) == len &&
		    strncmp(p->defs[i].name, name, len) == 0)
			return (take(p, i, eq != NULL ? eq + 1 : NULL));
	return (unknown(p, name, len));
}

static int
take_letters(struct parse *p, const char *letters)
{
	int	i;

	for (; *letters != '\0'; letters++) {
		for (i = 0; p->defs[i].name != NULL; i++)
			if (p->defs[i].letter == *letters)
				break;
		if (p->defs[i].name == NULL) {
			snprintf(p->err, p->errlen, "unknown option -%c",
			    *letters);
			return (-1);
		}
		if (p->defs[i].arg != NULL)
			return (take(p, i, letters[1] != '\0' ? letters + 1 :
			    NULL));
		if (take(p, i, NULL) == -1)
			return (-1);
	}
	return (0);
}

int
options_parse(struct options *o, const struct option_def *defs, int argc,
    char *const *argv, const char **words, int *nwords, char *err,
    size_t errlen)
{
	struct parse	 p = { o, defs, argc, argv, 0, err, errlen };
	const char	*a;
	int		 rc;

	memset(o, 0, sizeof(*o));
	*nwords = 0;
	while (p.at < argc) {
		a = argv[p.at++];
		if (strcmp(a, "--") == 0)
			break;
		if (a[0] != '-' || a[1] == '\0') {
			words[(*nwords)++] = a;
			continue;
		}
		rc = a[1] == '-' ? take_long(&p, a + 2) :
		    take_letters(&p, a + 1);
		if (rc == -1)
			return (-1);
	}
	while (p.at < argc)
		words[(*nwords)++] = argv[p.at++];
	return (0);
}
