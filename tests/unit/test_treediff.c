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

#include <stdlib.h>
#include <string.h>

#include "ctl/confparse.h"
#include "ctl/redacted.h"
#include "ctl/treediff.h"
#include "test.h"

static char	err[MAX_CONF_MSG];

static const char	before[] =
    "# a comment\n"
    "gateway: {api_port: 1, token: s3cret-one}\n"
    "audit_sinks:\n"
    "  - name: hec\n"
    "    kind: splunk_hec\n"
    "  - kind: file\n"
    "    name: out\n"
    "list: [a, b]\n"
    "empty:\n";

static const char	after[] =
    "list: [a, c]\n"
    "audit_sinks:\n"
    "  - name: out\n"
    "    kind: file\n"
    "    batch_size: 7\n"
    "  - name: hec\n"
    "    kind: splunk_hec\n"
    "gateway:\n"
    "  api_port: 2\n"
    "  token: s3cret-two\n";

static void
differences(void)
{
	struct treediff	d;
	char		text[512];

	CHECK_INT(treediff_make(&d, before, strlen(before), after,
	    strlen(after), err, sizeof(err)), 0);
	treediff_text(&d, text, sizeof(text));
	CHECK_STR(text, "audit_sinks.out.batch_size: (none) -> 7; "
	    "gateway.api_port: 1 -> 2; gateway.token: <redacted> -> "
	    "<redacted, another>; list[1]: b -> c");
	treediff_text(&d, text, 100);
	CHECK_STR(text, "audit_sinks.out.batch_size: (none) -> 7; "
	    "and 3 more");
	treediff_free(&d);

	CHECK_INT(treediff_make(&d, before, strlen(before), before,
	    strlen(before), err, sizeof(err)), 0);
	CHECK_INT(d.n, 0);
	treediff_text(&d, text, sizeof(text));
	CHECK_STR(text, "");
	treediff_free(&d);

	CHECK_INT(treediff_make(&d, "a: [", 4, "", 0, err, sizeof(err)), -1);
	CHECK(strncmp(err, "line ", 5) == 0);
	treediff_free(&d);
}

static void
redact(const char *text, const char *want)
{
	char	*out;
	size_t	 len;
	int	 n;

	n = redacted_text(text, strlen(text), &out, &len, err, sizeof(err));
	CHECK_INT(n, strcmp(text, want) == 0 ? 0 : 1);
	CHECK_STR(out, want);
	CHECK_INT(len, strlen(want));
	free(out);
}

static void
texts(void)
{
	redact("a: 1 # b\n", "a: 1 # b\n");
	redact("x-token: abc # c\n", "x-token: '<redacted>' # c\n");
	redact("a: {my_api_key: \"q w\", b: 2}\r\n",
	    "a: {my_api_key: '<redacted>', b: 2}\r\n");
	redact("secret: |\n  one\n  two\nb: 2\n",
	    "secret: '<redacted>'\nb: 2\n");
	/* names of secrets are none, and neither is nothing */
	redact("token_env: T\ntoken_secret: t\ntoken: ''\npassword: ~\n",
	    "token_env: T\ntoken_secret: t\ntoken: ''\npassword: ~\n");
	/* in comments */
	redact("# token: abc def\na: 1\n", "# token: <redacted>\na: 1\n");
	redact("a: 1 #- api_key=abc\r\nb: 2\n",
	    "a: 1 #- api_key=<redacted>\r\nb: 2\n");
	redact("a: 'x # token: y'\n", "a: 'x # token: y'\n");
	/* headers and URLs */
	redact("headers:\n  X-Scope: a\n  Cookie: b\n",
	    "headers:\n  X-Scope: a\n  Cookie: '<redacted>'\n");
	redact("url: https://h/p?key=1\n", "url: '<redacted>'\n");
	redact("url: https://h/p\n", "url: https://h/p\n");
	redact("webhooks:\n- url: https://h/p\n",
	    "webhooks:\n- url: '<redacted>'\n");
}

static void
filled(void)
{
	static const char	kept[] = "b: 2\nsinks:\n- name: x\n  token: "
	    "'<redacted>'\n";
	static const char	now[] = "sinks:\n- {name: w, token: no}\n- "
	    "{token: \"yes\", name: x}\n";
	char	*out;
	size_t	 len;

	CHECK_INT(redacted_fill(kept, strlen(kept), now, strlen(now), &out,
	    &len, err, sizeof(err)), 0);
	CHECK_STR(out, "b: 2\nsinks:\n- name: x\n  token: \"yes\"\n");
	free(out);
	CHECK_INT(redacted_fill(kept, strlen(kept), "b: 3\n", 5, &out, &len,
	    err, sizeof(err)), -1);
	CHECK(out == NULL && strstr(err, "sinks.x.token: a secret") != NULL);
}

int
main(void)
{
	RUN(differences);
	RUN(texts);
	RUN(filled);
	return (0);
}
