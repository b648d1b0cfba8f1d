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

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/detect/text.h"
#include "common/frame.h"
#include "common/json.h"
#include "common/log.h"
#include "gatewayd.h"

#define MAX_NESTED	3	/* levels of JSON in a string of JSON */
#define MAX_UNESCAPE	3	/* times that escapes alone are undone */
/* bytes of decoded strings: a level is never longer than the one around it */
#define MAX_BODY_TEXT	((MAX_NESTED + 1 + MAX_UNESCAPE) * MAX_BODY_INSPECT)
#define MAX_BESIDE	256	/* bytes of a value seen beside its key */
#define MAX_OVERLAP	(64 * 1024)	/* bytes that two pieces share */
#define MAX_TEXT_KEPT	(64 * 1024)	/* bytes of a buffer kept */

/*
 * Existing clients were written against a reader that ignores case in keys.
 */
json_t *
body_get(const json_t *body, const char *key)
{
	const char	*k;
	json_t		*v;

	if ((v = json_object_get(body, key)) != NULL)
		return (v);
	json_object_foreach((json_t *)(uintptr_t)body, k, v)
		if (strcasecmp(k, key) == 0)
			return (v);
	return (NULL);
}

const char *
body_str(const json_t *body, const char *key)
{
	return (json_string_value(body_get(body, key)));
}

/*
 * Two members that differ in case only: two readers would see two requests.
 * The caller has bounded their number.
 */
int
body_ambiguous(const json_t *body)
{
	void		*a, *b;
	json_t		*o = (json_t *)(uintptr_t)body;

	for (a = json_object_iter(o); a != NULL;
	    a = json_object_iter_next(o, a))
		for (b = json_object_iter_next(o, a); b != NULL;
		    b = json_object_iter_next(o, b))
			if (strcasecmp(json_object_iter_key(a),
			    json_object_iter_key(b)) == 0)
				return (1);
	return (0);
}

static void	body_walk(const json_t *, struct wbuf *, int);

static void
body_line(struct wbuf *w, const char *s, size_t len)
{
	wbuf_put(w, s, len);
	wbuf_put(w, "\n", 1);
}

/* JSON that our reader refuses another may take: its escapes at least */
static void
body_escapes(const char *s, size_t len, struct wbuf *w)
{
	char	*copy;
	size_t	 was;
	int	 i;

	if (memchr(s, '\\', len) == NULL)
		return;
	if ((copy = malloc(len)) == NULL) {
		w->failed = 1;
		return;
	}
	memcpy(copy, s, len);
	for (i = 0; i < MAX_UNESCAPE; i++) {
		was = len;
		if ((len = json_unescape(copy, len)) == was)
			break;
		body_line(w, copy, len);
	}
	free(copy);
}

/* tools get arguments as JSON inside a string, too, and hand on such */
static void
body_nested(const json_t *v, struct wbuf *w, int level)
{
	char	 err[MAX_JSON_ERR];
	json_t	*in = NULL;
	const char *s = json_string_value(v);
	size_t	 len = json_string_length(v);
	int	 unreadable;

	for (; len != 0 && strchr(" \n\t\r", *s) != NULL; s++)
		len--;
	if (len == 0 || strchr("{[\"", *s) == NULL)
		return;
	if (level < MAX_NESTED)
		in = json_bounded(s, len, MAX_BODY_VALUES, &unreadable, err);
	if (in == NULL) {
		body_escapes(s, len, w);
		return;
	}
	body_walk(in, w, level + 1);
	json_decref(in);
}

static void
body_walk(const json_t *v, struct wbuf *w, int level)
{
	const char	*key;
	json_t		*m;
	size_t		 i, len;

	/* the strict reader has bounded the depth of each level */
	switch (json_typeof(v)) {
	case JSON_STRING:
		body_line(w, json_string_value(v), json_string_length(v));
		body_nested(v, w, level);
		break;
	case JSON_OBJECT:
		json_object_keylen_foreach((json_t *)(uintptr_t)v, key, len,
		    m) {
			body_line(w, key, len);
			body_walk(m, w, level);
		}
		break;
	case JSON_ARRAY:
		json_array_foreach(v, i, m)
			body_walk(m, w, level);
		break;
	default:
		break;
	}
}

/*
 * Fills a buffer that is kept for the next.  -1: out of memory or over the
 * bound, so the text was not seen whole.
 */
static int
body_text(struct wbuf *w, const json_t *v)
{
	if (w->max == 0)
		wbuf_init(w, MAX_BODY_TEXT);
	wbuf_reset(w);
	body_walk(v, w, 0);
	return (w->failed ? -1 : 0);
}

/*
 * Pieces that detection takes, n of them before; each shares its end with
 * the next, so that nothing hides where the text is cut.
 */
static size_t
body_pieces(const char *text, size_t len, enum detect_kind kind,
    struct detect_piece *p, size_t n)
{
	size_t	size;

	for (; len != 0 && n < MAX_DETECT_PIECES; n++) {
		size = text_cut(text, len, MAX_DETECT_TEXT);
		p[n].text = text;
		p[n].len = size;
		p[n].kind = kind;
		if (size != len)
			size = text_cut(text, size, size - MAX_OVERLAP);
		text += size;
		len -= size;
	}
	return (len == 0 ? n : MAX_DETECT_PIECES + 1);
}

int
body_detect(const struct inspection *in, const json_t *v,
    struct detect_result *found, size_t *inspected)
{
	static struct detect_piece	 pieces[MAX_DETECT_PIECES];
	static struct wbuf		 plain;
	char				*text = NULL;
	size_t				 n, len;
	int				 rc = 0;

	memset(found, 0, offsetof(struct detect_result, findings));
	*inspected = 0;
	if (v == NULL)
		return (0);
	if (body_text(&plain, v) == -1) {
		wbuf_free(&plain);
		return (-1);
	}
	n = body_pieces((char *)plain.data, plain.len, DETECT_PLAIN, pieces,
	    0);
	*inspected = plain.len;
	/*
	 * Keys are seen beside their values only in the JSON itself, where
	 * the whole of a long value need not be seen once more.
	 */
	if (!json_is_string(v)) {
		if ((text = json_text_cut(v, MAX_BESIDE)) == NULL)
			fatal("inspection");
		len = strlen(text);
		n = body_pieces(text, len, DETECT_JSON, pieces, n);
		*inspected += len;
	}
	if (n != 0)
		rc = detect_text(gatewayd.rules->detect, in->direction,
		    in->tool, pieces, n, found);
	if (plain.size > MAX_TEXT_KEPT)
		wbuf_free(&plain);
	free(text);
	return (rc);
}
