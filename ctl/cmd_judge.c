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
#include <string.h>

#include "common/json.h"
#include "cmd.h"
#include "sinkctl.h"

#define JUDGE_TEST_MS	130000	/* beyond the longest time-out there is */

int
cmd_judge_test(struct ctl *c)
{
	const char	*status, *reason;
	char		 err[MAX_CTL_TEXT + 64];
	json_t		*j;
	json_int_t	 http;
	int		 rc;

	j = sinkctl_ask(&c->paths, "gatewayd.1", MSG_CTL_JUDGE_TEST, NULL,
	    JUDGE_TEST_MS, &rc, err, sizeof(err));
	if (j == NULL)
		return (out_fail(rc, "%s", err));
	if (out_json) {
		out_document(j);
		return (rc);
	}
	status = json_str(j, "status");
	reason = json_str(j, "reason");
	http = json_integer_value(json_object_get(j, "http"));
	printf("test: %s after %.1f ms", rc == CTL_OK ? out_word("answered") :
	    out_word("failed"), (double)json_integer_value(json_object_get(j,
	    "latency_us")) / 1000);
	if (http != 0)
		printf(", HTTP %lld", (long long)http);
	if (rc != CTL_OK)
		printf(": %s: %s", out_safe(status != NULL ? status : "?"),
		    out_safe(reason != NULL ? reason : ""));
	printf("\n");
	json_decref(j);
	return (rc);
}
