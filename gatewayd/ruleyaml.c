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
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruleyaml.h"

void
ruleyaml_fail(struct ruleyaml *y, uint32_t line, const char *fmt, ...)
{
	char	 text[256], *p;
	va_list	 ap;

	if (y->failed)
		return;
	y->failed = 1;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (p = text; *p != '\0'; p++)	/* a key may hold anything */
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	(void)snprintf(y->err, y->errlen, "%s:%u: %s", y->file, line, text);
}

/* The next event, which stays next until it is dropped; NULL: failed. */
static yaml_event_t *
peek(struct ruleyaml *y)
{
	yaml_event_t	*e = &y->event;
	uint32_t	 line;
	int		 odd = 0;

	if (y->failed)
		return NULL;
	if (y->have)
		return e;
	if (!yaml_parser_parse(&y->parser, e)) {
		ruleyaml_fail(y, (uint32_t)y->parser.problem_mark.line + 1,
		    "not YAML: %s", y->parser.problem == NULL ?
		    "out of memory" : y->parser.problem);
		return NULL;
	}
	y->have = 1;
	line = (uint32_t)e->start_mark.line + 1;
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		odd = 1;
		break;
	case YAML_SCALAR_EVENT:
		odd = e->data.scalar.anchor != NULL ||
		    e->data.scalar.tag != NULL;
		break;
	case YAML_SEQUENCE_START_EVENT:
		odd = e->data.sequence_start.anchor != NULL ||
		    e->data.sequence_start.tag != NULL;
		break;
	case YAML_MAPPING_START_EVENT:
		odd = e->data.mapping_start.anchor != NULL ||
		    e->data.mapping_start.tag != NULL;
		break;
	default:
		break;
	}
	if (odd) {
		ruleyaml_fail(y, line,
		    "anchors, aliases and tags are not accepted");
		return NULL;
	}
	return e;
}

static void
drop(struct ruleyaml *y)
{
	if (y->have)
		yaml_event_delete(&y->event);
	y->have = 0;
}

static int
is_null(const yaml_event_t *e)
{
	const char	*s;

	if (e->type != YAML_SCALAR_EVENT ||
	    e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return 0;
	s = (const char *)e->data.scalar.value;
	return s[0] == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0;
}

int
ruleyaml_open(struct ruleyaml *y, const char *file, const void *data,
    size_t len, char *err, size_t errlen)
{
	yaml_event_t	*e;

	memset(y, 0, sizeof(*y));
	y->file = file;
	y->err = err;
	y->errlen = errlen;
	if (!yaml_parser_initialize(&y->parser)) {
		ruleyaml_fail(y, 1, "out of memory");
		return -1;
	}
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser, data, len);
	if (peek(y) == NULL)
		return -1;
	drop(y);		/* the stream begins */
	if ((e = peek(y)) == NULL)
		return -1;
	if (e->type != YAML_DOCUMENT_START_EVENT) {
		ruleyaml_fail(y, 1, "the file is empty");
		return -1;
	}
	drop(y);
	return 0;
}

int
ruleyaml_close(struct ruleyaml *y)
{
	yaml_event_t	*e;

	if ((e = peek(y)) != NULL && e->type == YAML_DOCUMENT_END_EVENT) {
		drop(y);
		e = peek(y);
	}
	if (e != NULL && e->type != YAML_STREAM_END_EVENT)
		ruleyaml_fail(y, ruleyaml_line(y),
		    "something follows the document");
	drop(y);
	yaml_parser_delete(&y->parser);
	return y->failed ? -1 : 0;
}

uint32_t
ruleyaml_line(struct ruleyaml *y)
{
	yaml_event_t	*e = peek(y);

	return e == NULL ? 0 : (uint32_t)e->start_mark.line + 1;
}

/* A container of the type wanted: 1 entered, 0 null or failed. */
static int
enter(struct ruleyaml *y, yaml_event_type_t type, const char *key,
    const char *what)
{
	yaml_event_t	*e;
	int		 null;

	if ((e = peek(y)) == NULL)
		return 0;
	if (e->type == type) {
		drop(y);
		return 1;
	}
	null = is_null(e);
	if (!null)
		ruleyaml_fail(y, ruleyaml_line(y), "%s must be a %s", key,
		    what);
	drop(y);
	return 0;
}

int
ruleyaml_map(struct ruleyaml *y, struct ruleyaml_map *m, const char *key)
{
	m->nseen = 0;
	m->key[0] = '\0';
	m->line = 0;
	return enter(y, YAML_MAPPING_START_EVENT, key, "mapping");
}

int
ruleyaml_list(struct ruleyaml *y, const char *key)
{
	return enter(y, YAML_SEQUENCE_START_EVENT, key, "list");
}

int
ruleyaml_key(struct ruleyaml *y, struct ruleyaml_map *m)
{
	yaml_event_t	*e;
	size_t		 i, len;

	if ((e = peek(y)) == NULL)
		return 0;
	if (e->type == YAML_MAPPING_END_EVENT) {
		drop(y);
		return 0;
	}
	m->line = ruleyaml_line(y);
	if (e->type != YAML_SCALAR_EVENT) {
		ruleyaml_fail(y, m->line, "a key must be a plain word");
		return 0;
	}
	len = e->data.scalar.length;
	if (len >= sizeof(m->key) ||
	    memchr(e->data.scalar.value, '\0', len) != NULL) {
		ruleyaml_fail(y, m->line, "a key is longer than %zu bytes or "
		    "holds NUL", sizeof(m->key) - 1);
		return 0;
	}
	memcpy(m->key, e->data.scalar.value, len);
	m->key[len] = '\0';
	drop(y);
	for (i = 0; i < m->nseen; i++)
		if (strcmp(m->key, m->seen[i]) == 0) {
			ruleyaml_fail(y, m->line, "%s is given twice", m->key);
			return 0;
		}
	if (m->nseen == MAX_RULEYAML_KEYS) {
		ruleyaml_fail(y, m->line, "more than %d keys",
		    MAX_RULEYAML_KEYS);
		return 0;
	}
	memcpy(m->seen[m->nseen++], m->key, len + 1);
	return 1;
}

int
ruleyaml_item(struct ruleyaml *y)
{
	yaml_event_t	*e;

	if ((e = peek(y)) == NULL)
		return 0;
	if (e->type == YAML_SEQUENCE_END_EVENT) {
		drop(y);
		return 0;
	}
	return 1;
}

/* The scalar that is next; the caller drops it.  NULL: failed. */
static yaml_event_t *
scalar(struct ruleyaml *y, const char *key, size_t max)
{
	yaml_event_t	*e;

	if ((e = peek(y)) == NULL)
		return NULL;
	if (e->type != YAML_SCALAR_EVENT) {
		ruleyaml_fail(y, ruleyaml_line(y), "%s must be one value",
		    key);
		return NULL;
	}
	if (e->data.scalar.length > max || memchr(e->data.scalar.value, '\0',
	    e->data.scalar.length) != NULL) {
		ruleyaml_fail(y, ruleyaml_line(y),
		    "%s is longer than %zu bytes or holds NUL", key, max);
		return NULL;
	}
	return e;
}

void
ruleyaml_str(struct ruleyaml *y, const char *key, size_t max, char **out)
{
	yaml_event_t	*e;
	char		*s;

	if ((e = scalar(y, key, max)) == NULL)
		return;
	if ((s = strdup(is_null(e) ? "" : (char *)e->data.scalar.value)) ==
	    NULL) {
		ruleyaml_fail(y, ruleyaml_line(y), "out of memory");
		return;
	}
	drop(y);
	free(*out);
	*out = s;
}

void
ruleyaml_bool(struct ruleyaml *y, const char *key, int *out)
{
	static const char *const	 yes[] = { "true", "True", "TRUE",
	    "yes", "Yes", "YES", "on", "On", "ON" };
	static const char *const	 no[] = { "false", "False", "FALSE",
	    "no", "No", "NO", "off", "Off", "OFF" };
	yaml_event_t			*e;
	const char			*s;
	size_t				 i;

	if ((e = scalar(y, key, 8)) == NULL)
		return;
	s = (const char *)e->data.scalar.value;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0)
			break;
	if (is_null(e))
		;
	else if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	    i == sizeof(yes) / sizeof(yes[0]))
		ruleyaml_fail(y, ruleyaml_line(y), "%s must be true or false",
		    key);
	else
		*out = strcmp(s, yes[i]) == 0;
	drop(y);
}

void
ruleyaml_int(struct ruleyaml *y, const char *key, int min, int max, int *out)
{
	yaml_event_t	*e;
	const char	*text = NULL;
	long long	 v;
	char		*end;

	if ((e = scalar(y, key, 20)) == NULL)
		return;
	errno = 0;
	v = strtoll((char *)e->data.scalar.value, &end, 10);
	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	    e->data.scalar.length == 0 || *end != '\0' || errno != 0)
		text = "must be a whole number";
	else if (v < min || v > max)
		text = "is out of range";
	if (text != NULL)
		ruleyaml_fail(y, ruleyaml_line(y), "%s %s (%d to %d)", key,
		    text, min, max);
	else
		*out = (int)v;
	drop(y);
}

void
ruleyaml_real(struct ruleyaml *y, const char *key, double *out)
{
	yaml_event_t	*e;
	double		 v;
	char		*end;

	if ((e = scalar(y, key, 40)) == NULL)
		return;
	v = strtod((char *)e->data.scalar.value, &end);
	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	    e->data.scalar.length == 0 || *end != '\0' || !isfinite(v) ||
	    v < 0.0 || v > 1.0)
		ruleyaml_fail(y, ruleyaml_line(y),
		    "%s must be a number from 0 to 1", key);
	else
		*out = v;
	drop(y);
}

/* Jumps over a value of any shape; the depth is a counter, no recursion. */
void
ruleyaml_skip(struct ruleyaml *y)
{
	yaml_event_t	*e;
	int		 depth = 0;

	do {
		if ((e = peek(y)) == NULL)
			return;
		switch (e->type) {
		case YAML_MAPPING_START_EVENT:
		case YAML_SEQUENCE_START_EVENT:
			if (++depth > MAX_RULEYAML_DEPTH) {
				ruleyaml_fail(y, ruleyaml_line(y),
				    "nested deeper than %d levels",
				    MAX_RULEYAML_DEPTH);
				return;
			}
			break;
		case YAML_MAPPING_END_EVENT:
		case YAML_SEQUENCE_END_EVENT:
			depth--;
			break;
		default:
			break;
		}
		drop(y);
	} while (depth > 0);
}
