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

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * jansson's own reader must agree, but for its limit of depth and for a NUL
 * after a number, which it passes over.
 */
static void
compare(const uint8_t *data, size_t len, const json_t *root, const char *err)
{
	json_error_t	 je;
	json_t		*theirs;

	if (root == NULL && (strstr(err, "deeper than") != NULL ||
	    memchr(data, '\0', len) != NULL))
		return;
	theirs = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES,
	    &je);
	if ((theirs == NULL) != (root == NULL) || (root != NULL &&
	    !json_equal(root, theirs)))
		abort();
	json_decref(theirs);
}

/* what can be read is JSON, and undoing escapes never makes more of it */
static void
bounded(const uint8_t *data, size_t len, const json_t *root)
{
	char	 err[MAX_JSON_ERR], *copy;
	json_t	*few;
	int	 unreadable;

	few = json_bounded(data, len, 8, &unreadable, err);
	if (few != NULL && (root == NULL || unreadable))
		abort();
	/* only the number of values may differ */
	if (few == NULL && root != NULL && !unreadable)
		abort();
	json_decref(few);
	if ((copy = malloc(len + 1)) == NULL)
		return;
	memcpy(copy, data, len);
	if (json_unescape(copy, len) > len)
		abort();
	free(copy);
}

/* what parses is valid UTF-8, and parses the same when written again */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	 err[MAX_JSON_ERR], *text;
	json_t	*root, *again;

	root = json_strict(data, len, err);
	compare(data, len, root, err);
	bounded(data, len, root);
	if (root == NULL) {
		if (memchr(err, '\0', sizeof(err)) == NULL ||
		    strchr(err, '\n') != NULL)
			abort();
		return (0);
	}
	if (!utf8_valid(data, len))
		abort();
	if ((text = json_text(root)) == NULL)
		abort();
	if ((again = json_strict(text, strlen(text), err)) == NULL)
		abort();
	/* reals may lose their last digits, structure may not */
	if (json_typeof(again) != json_typeof(root) ||
	    json_object_size(again) != json_object_size(root) ||
	    json_array_size(again) != json_array_size(root))
		abort();
	json_decref(again);
	json_decref(root);
	free(text);
	return (0);
}
