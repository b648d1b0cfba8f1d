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

#include "common/json.h"
#include "ctl/mcp.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t	bytes;

/* an error that answers it is one line of JSON with that id */
static void
check_error(const char *id)
{
	char	*line = rpc_error(id, RPC_INVALID, "no");
	char	 err[MAX_JSON_ERR];
	json_t	*j;

	if (line == NULL)
		abort();
	j = json_strict(line, strlen(line), err);
	if (j == NULL || json_object_get(j, "id") == NULL ||
	    strchr(line, '\n') != line + strlen(line) - 1)
		abort();
	json_decref(j);
	free(line);
}

static void
take(void *arg, const char *line, size_t len, const char *why,
    const char *id)
{
	struct rpc_scan	 scan;
	struct rpc	 r;
	char		 seen[MAX_MCP_ID];

	(void)arg;
	if (line == NULL) {
		if (why == NULL || why[0] == '\0')
			abort();
		check_error(id);
		return;
	}
	bytes += len;
	rpc_read(&r, line, len);
	check_error(r.id);
	if (r.kind == RPC_BAD) {
		if (r.why[0] == '\0' || r.code == 0)
			abort();
	} else {
		/* what is passed on has one meaning, and its id is found */
		memset(&scan, 0, sizeof(scan));
		rpc_scan(&scan, line, len);
		rpc_scan_id(&scan, seen);
		if (strcmp(seen, "null") != 0 && strcmp(seen, r.id) != 0)
			abort();
		if ((r.kind == RPC_REQUEST || r.kind == RPC_NOTIFICATION) !=
		    (r.method != NULL))
			abort();
	}
	rpc_free(&r);
}

/* the first byte is the size of the pieces in which the rest comes */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rpc_in	 in;
	size_t		 n, step;

	if (len == 0)
		return (0);
	step = (size_t)data[0] + 1;
	data++;
	len--;
	bytes = 0;
	rpc_in_init(&in);
	for (n = 0; n < len; n += step)
		rpc_in_take(&in, (const char *)data + n, len - n < step ?
		    len - n : step, take, NULL);
	rpc_in_end(&in, take, NULL);
	rpc_in_free(&in);
	if (bytes > len)
		abort();
	return (0);
}
