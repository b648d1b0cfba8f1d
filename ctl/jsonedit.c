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

#include "jsonedit.h"

#define INDENT	2

/* a member of an object, or an element: where it is in the text */
struct span {
	const char	*key;	/* NULL of an element */
	const char	*value;
	const char	*end;	/* after the value */
};

/* the text is known to be JSON: nothing here runs past its end */

static const char *
skip_space(const char *p)
{
	return (p + strspn(p, " \t\r\n"));
}

static const char *
skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return (p + 1);
}

static const char *
skip_value(const char *p)
{
	size_t	level = 0;

	do {
		p = skip_space(p);
		switch (*p) {
		case '"':
			p = skip_string(p);
			break;
		case '{':
		case '[':
			level++;
			p++;
			break;
		case '}':
		case ']':
			level--;
			p++;
			break;
		case ',':
		case ':':
			p++;
			break;
		default:
			p += strcspn(p, " \t\r\n,:]}");
			break;
		}
	} while (level > 0);
	return (p);
}

/* the first thing in an object or array, or what follows s; 0: no more */
static int
next_span(const char *in, struct span *s)
{
	const char	*p;

	p = skip_space(s->end == NULL ? in + 1 : s->end);
	if (s->end != NULL && *p == ',')
		p = skip_space(p + 1);
	if (*p == '}' || *p == ']')
		return (0);
	s->key = NULL;
	if (*in == '{') {
		s->key = p;
		p = skip_space(skip_space(skip_string(p)) + 1);
	}
	s->value = p;
	s->end = skip_value(p);
	return (1);
}

static int
find_member(const char *in, const char *name, struct span *s)
{
	size_t	len = strlen(name);

	memset(s, 0, sizeof(*s));
	if (*in != '{')
		return (0);
	while (next_span(in, s))
		if (strncmp(s->key + 1, name, len) == 0 &&
		    s->key[1 + len] == '"')
			return (1);
	return (0);
}

/* frees the text; between from and to stands what is given */
static char *
splice(char *text, const char *from, const char *to, const char *with)
{
	size_t	 head = (size_t)(from - text), n = strlen(with);
	size_t	 tail = strlen(to);
	char	*new = NULL;

	if (head + n + tail <= MAX_JSONEDIT &&
	    (new = malloc(head + n + tail + 1)) != NULL) {
		memcpy(new, text, head);
		memcpy(new + head, with, n);
		memcpy(new + head + n, to, tail + 1);
	}
	free(text);
	return (new);
}

/* another one at the end of an object or array, on a line of its own */
static char *
add_last(char *text, const char *in, const char *what, int level)
{
	struct span	 s = { NULL, NULL, NULL };
	const char	*last = in + 1, *close;
	char		*with;

	while (next_span(in, &s))
		last = s.end;
	close = skip_space(last);
	if (asprintf(&with, "%s\n%*s%s%s%*s", s.end != NULL ? "," : "",
	    level * INDENT, "", what, s.end != NULL ? "" : "\n",
	    s.end != NULL ? 0 : (level - 1) * INDENT, "") == -1) {
		free(text);
		return (NULL);
	}
	/* what stands before the bracket stays before it */
	text = splice(text, last, s.end != NULL ? last : close, with);
	free(with);
	return (text);
}

/* what is in there, with all that leads to it; empty is "[]" or "{}" */
static char *
insert(char *text, const char *const *path, const char *empty,
    const char *element)
{
	struct span	 s;
	const char	*in;
	char		*what;
	int		 level = 1;

	if (text == NULL)
		return (NULL);
	in = skip_space(text);
	for (; *path != NULL; path++, level++) {
		if (find_member(in, *path, &s)) {
			in = s.value;
			continue;
		}
		if (asprintf(&what, "\"%s\": %s", *path, path[1] == NULL ?
		    empty : "{}") == -1) {
			free(text);
			return (NULL);
		}
		/* then it is there, and the way begins anew */
		text = *in == '{' ? add_last(text, in, what, level) : NULL;
		free(what);
		if (text == NULL)
			return (NULL);
		return (insert(text, path - (level - 1), empty, element));
	}
	if (*in != *empty) {
		free(text);
		return (NULL);
	}
	return (add_last(text, in, element, level));
}

char *
jsonedit_append(char *text, const char *const *path, const char *element)
{
	return (insert(text, path, "[]", element));
}

char *
jsonedit_put(char *text, const char *const *path, const char *name,
    const char *value)
{
	char	*what;

	if (asprintf(&what, "\"%s\": %s", name, value) == -1) {
		free(text);
		return (NULL);
	}
	text = insert(text, path, "{}", what);
	free(what);
	return (text);
}

char *
jsonedit_set(char *text, const char *name, const char *value)
{
	struct span	 s;
	char		*what;

	if (text == NULL)
		return (NULL);
	if (find_member(skip_space(text), name, &s))
		return (splice(text, s.value, s.end, value));
	if (asprintf(&what, "\"%s\": %s", name, value) == -1) {
		free(text);
		return (NULL);
	}
	text = add_last(text, skip_space(text), what, 1);
	free(what);
	return (text);
}

/* with the comma that it leaves over, and the space of its line */
static char *
cut(char *text, const char *in, const struct span *s)
{
	const char	*from = s->key != NULL ? s->key : s->value;
	const char	*to = s->end, *after = skip_space(s->end);

	while (from > in + 1 && strchr(" \t\r\n", from[-1]) != NULL)
		from--;
	if (from[-1] == ',')
		from--;
	else if (*after == ',')
		to = after + 1;
	else
		to = after;
	return (splice(text, from, to, ""));
}

char *
jsonedit_unset(char *text, const char *name)
{
	struct span	 s;
	const char	*in;

	if (text == NULL)
		return (NULL);
	in = skip_space(text);
	return (find_member(in, name, &s) ? cut(text, in, &s) : text);
}

static int
is_empty(const char *value)
{
	return ((*value == '[' || *value == '{') &&
	    strchr("]}", *skip_space(value + 1)) != NULL);
}

static int
has_text(const struct span *s, const char *mark)
{
	return (memmem(s->value, (size_t)(s->end - s->value), mark,
	    strlen(mark)) != NULL);
}

/* one of them, or what is empty after; 0 when there is nothing more to do */
static int
take_one(char **text, const char *name, const char *mark)
{
	struct span	 outer, s = { NULL, NULL, NULL }, e;
	const char	*in = skip_space(*text);

	if (!find_member(in, name, &outer) || *outer.value != '{')
		return (0);
	while (next_span(outer.value, &s)) {
		if (*s.value != '[')
			continue;
		memset(&e, 0, sizeof(e));
		while (next_span(s.value, &e))
			if (has_text(&e, mark)) {
				*text = next_span(s.value, &(struct span){
				    NULL, NULL, e.end }) ||
				    skip_space(s.value + 1) != e.value ?
				    cut(*text, s.value, &e) :
				    cut(*text, outer.value, &s);
				return (*text != NULL);
			}
	}
	if (!is_empty(outer.value))
		return (0);
	*text = cut(*text, in, &outer);
	return (0);
}

char *
jsonedit_take(char *text, const char *name, const char *mark)
{
	if (text == NULL || strstr(text, mark) == NULL)
		return (text);
	while (take_one(&text, name, mark))
		continue;
	return (text);
}

/* one of them; 0: no more */
static int
drop_one(char **text, const char *const *path, const char *mark)
{
	struct span	 s;
	const char	*in = skip_space(*text);

	for (; *path != NULL; path++) {
		if (!find_member(in, *path, &s))
			return (0);
		in = s.value;
	}
	memset(&s, 0, sizeof(s));
	if (*in != '[' && *in != '{')
		return (0);
	while (next_span(in, &s))
		if (s.key != NULL ? strncmp(s.key, mark, strlen(mark)) == 0 :
		    has_text(&s, mark)) {
			*text = cut(*text, in, &s);
			return (*text != NULL);
		}
	return (0);
}

/* 1: the last of the path was empty, and is gone */
static int
drop_empty(char **text, const char *const *path, size_t n)
{
	struct span	 s;
	const char	*in = skip_space(*text), *outer = NULL;
	size_t		 i;

	for (i = 0; i < n; i++) {
		if (!find_member(in, path[i], &s))
			return (0);
		outer = in;
		in = s.value;
	}
	if (outer == NULL || !is_empty(in))
		return (0);
	*text = cut(*text, outer, &s);
	return (*text != NULL);
}

char *
jsonedit_drop(char *text, const char *const *path, const char *mark)
{
	size_t	n;

	if (text == NULL || !drop_one(&text, path, mark))
		return (text);
	while (text != NULL && drop_one(&text, path, mark))
		continue;
	for (n = 0; path[n] != NULL; n++)
		continue;
	while (text != NULL && drop_empty(&text, path, n))
		n--;
	return (text);
}
