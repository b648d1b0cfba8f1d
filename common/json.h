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

#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Strict JSON (RFC 8259), read and written by ourselves into jansson's
 * values: duplicate keys, NUL, invalid UTF-8, lone surrogates, trailing
 * bytes, numbers out of range and too much depth are refused.  Everything
 * that reads JSON goes through here.
 */

#define MAX_JSON_DEPTH	64
#define MAX_JSON_ERR	160

/*
 * Returns a new reference, or NULL with err (MAX_JSON_ERR bytes) naming
 * line, column and reason.  The caller has bounded len.
 */
json_t	*json_strict(const void *, size_t, char *);

/*
 * The same with at most max values.  When it returns NULL, *unreadable says
 * whether the text is all the same JSON by syntax (RFC 8259) and only holds
 * what has no value here: a number out of range, an escape of NUL or of half
 * a surrogate pair, too many levels or values.
 */
json_t	*json_bounded(const void *, size_t, size_t, int *, char *);

/*
 * Undoes the escapes of a JSON string wherever they stand, in place; what is
 * no escape stays, what stands for no character becomes U+FFFD.  Returns the
 * length, which is never more.
 */
size_t	 json_unescape(char *, size_t);

/*
 * The first byte that a string holds only escaped, or that ends it; the end
 * when there is none.
 */
const char	*json_plain(const char *, const char *);

/* member as string (NULL when absent or no string); not owned */
const char	*json_str(const json_t *, const char *);

/*
 * Compact text, keys in order of insertion, reals with six digits; malloc'd,
 * NULL when out of memory or for values nested beyond reason (or NULL).
 */
char	*json_text(const json_t *);

/* the same with at most max bytes of each string that is a value */
char	*json_text_cut(const json_t *, size_t);

/*
 * The same text without values, for what is written often.  The key of a
 * member of an array, and of the outermost value, is NULL; keys and strings
 * are copied.  A string that is no UTF-8, and want of memory, fail the whole.
 */
struct json_out {
	char	*data;
	size_t	 len;
	size_t	 size;
	size_t	 max;		/* bytes of a string value */
	int	 failed;
};

void	 json_out_init(struct json_out *);
void	 json_out_open(struct json_out *, const char *, char);
void	 json_out_close(struct json_out *, char);
void	 json_out_str(struct json_out *, const char *, const char *);
void	 json_out_int(struct json_out *, const char *, int64_t);
void	 json_out_real(struct json_out *, const char *, double);
void	 json_out_bool(struct json_out *, const char *, int);
void	 json_out_value(struct json_out *, const char *, const json_t *);

/* the text, malloc'd; NULL when it failed */
char	*json_out_end(struct json_out *);

#endif /* COMMON_JSON_H */
