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

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/hook.h"
#include "common/json.h"
#include "common/utf8.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
leaf(const char *s, size_t len, void *arg)
{
	(void)arg;
	return (len != 0 && (s[0] & 1));
}

/* an answer is an object that says its reason in one clean line */
static void
check(json_t *j)
{
	char	*text;

	if (j == NULL)
		return;
	text = json_text(j);
	if (!json_is_object(j) || text == NULL ||
	    !utf8_valid(text, strlen(text)) || strchr(text, '\n') != NULL)
		abort();
	free(text);
	json_decref(j);
}

/* the first byte is the agent, the rest its event */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct hook	 h;
	char		 err[MAX_JSON_ERR], reason[64];
	json_t		*body;

	if (len == 0)
		return (0);
	body = json_strict(data + 1, len - 1, err);
	if (json_is_object(body)) {
		hook_read(&h, (enum hook_agent)(data[0] % HOOK_NAGENTS),
		    body);
		check(hook_block(&h, h.event));
		check(hook_pass(&h));
		check(hook_withhold(&h, h.event, leaf, NULL));
		hook_reason(reason, sizeof(reason), h.tool != NULL ? h.tool :
		    "");
		if (reason[0] == '\0' || !utf8_valid(reason, strlen(reason)))
			abort();
	}
	json_decref(body);
	return (0);
}
