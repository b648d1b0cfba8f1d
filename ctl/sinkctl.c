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

#include "common/json.h"
#include "cmd.h"
#include "confparse.h"
#include "sinkctl.h"

#define CHAIN	"; it shows "	/* before certificates in a test's text */

/* --- asking --------------------------------------------------------------- */

static int
collect(const char *text, size_t len, void *arg)
{
	struct wbuf	*w = arg;

	wbuf_put(w, text, len);
	return (w->failed ? CTL_FAILURE : CTL_OK);
}

/* what is wrong may come with an answer, too: a test that failed */
json_t *
sinkctl_ask(const struct paths *p, const char *role, uint32_t type,
    const struct wbuf *req, int ms, int *rc, char *err, size_t errlen)
{
	char		 why[MAX_JSON_ERR];
	struct client	 c;
	struct wbuf	 w;
	json_t		*j = NULL;

	wbuf_init(&w, MAX_FRAME_BIG);
	if ((*rc = client_open(&c, p, role)) == CTL_OK) {
		c.limit_ms = ms;
		*rc = client_send(&c, type, req != NULL ? req->data : NULL,
		    req != NULL ? req->len : 0, NULL, 0);
	}
	if (*rc == CTL_OK)
		*rc = client_answer(&c, collect, &w);
	strlcpy(err, c.err, errlen);
	client_close(&c);
	if (w.len != 0 && !w.failed &&
	    (j = json_strict((char *)w.data, w.len, why)) == NULL &&
	    *rc == CTL_OK) {
		snprintf(err, errlen, "%s: %s", role, why);
		*rc = CTL_FAILURE;
	}
	if (j == NULL && *rc == CTL_OK) {
		snprintf(err, errlen, "%s: an empty answer", role);
		*rc = CTL_FAILURE;
	}
	wbuf_free(&w);
	return (j);
}

json_t *
sinkctl_test(const struct paths *p, const char *name, int ms, int *rc,
    char *err, size_t errlen)
{
	struct wbuf	 w;
	json_t		*j;

	wbuf_init(&w, MAX_FRAME);
	wbuf_str(&w, name);
	j = sinkctl_ask(p, "auditd", MSG_CTL_SINK_TEST, &w, ms, rc, err,
	    errlen);
	wbuf_free(&w);
	return (j);
}

/* OpenSSL's words for a certificate that nobody known here has signed */
static int
is_unknown_ca(const char *text)
{
	static const char *const words[] = { "local issuer certificate",
	    "issuer certificate", "self-signed", "self signed",
	    "no CA certificates" };
	size_t	i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(text, words[i]) != NULL)
			return (1);
	return (0);
}

/* the receiver's certificates come at the end of what went wrong */
static void
print_chain(const char *text)
{
	const char	*end;

	for (; *text != '\0'; text = end + (*end != '\0' ? 2 : 0)) {
		if ((end = strstr(text, "; ")) == NULL)
			end = text + strlen(text);
		printf("  certificate %.*s\n", (int)(end - text), text);
	}
}

void
sinkctl_print_test(const struct conf_sink *s, const json_t *j)
{
	const json_t	*skew = json_object_get(j, "skew_ms");
	const char	*text = json_str(j, "text"), *chain;
	char		 why[MAX_CTL_TEXT];
	json_int_t	 http, code;

	strlcpy(why, text != NULL ? text : "", sizeof(why));
	text = text != NULL ? text : "";
	if ((chain = strstr(text, CHAIN)) != NULL &&
	    (size_t)(chain - text) < sizeof(why))
		why[chain - text] = '\0';
	http = json_integer_value(json_object_get(j, "http"));
	code = json_integer_value(json_object_get(j, "code"));
	printf("test: %s after %lld ms", json_is_true(json_object_get(j,
	    "ok")) ? out_word("delivered") : out_word("failed"),
	    (long long)json_integer_value(json_object_get(j, "ms")));
	if (http != 0)
		printf(", HTTP %lld", (long long)http);
	if (http != 0 && code >= 0)
		printf(", code %lld", (long long)code);
	if (skew != NULL)
		printf(", its clock is %lld ms %s ours", llabs(
		    json_integer_value(skew)), json_integer_value(skew) > 0 ?
		    "behind" : "ahead of");
	printf("%s%s\n", why[0] != '\0' ? ": " : "", out_safe(why));
	if (chain != NULL)
		print_chain(out_safe(chain + strlen(CHAIN)));
	if (is_unknown_ca(why))
		out_note("the receiver's certificate is signed by nobody "
		    "this host trusts: give its CA with --ca-file FILE, or "
		    "accept this one key with --pin sha256//..., as in "
		    "`defenseclawctl setup observability add KIND --name %s "
		    "--ca-file FILE'", s->name);
}

/* --- the configuration ---------------------------------------------------- */

const struct conf_sink *
sinkctl_find(const struct conf *conf, const char *name)
{
	int	i;

	for (i = 0; i < conf->nsinks; i++)
		if (strcmp(conf->sinks[i].name, name) == 0)
			return (&conf->sinks[i]);
	return (NULL);
}

int
sinkctl_named(const struct ctl *c, const char *name, struct conf *conf,
    const struct conf_sink **s)
{
	int	rc;

	if ((rc = config_need(c, conf)) != CTL_OK)
		return (rc);
	if ((*s = sinkctl_find(conf, name)) != NULL && ((*s)->kind ==
	    CONF_SINK_WEBHOOK || strncmp(c->cmd->sub, "webhook", 7) != 0))
		return (CTL_OK);
	return (out_fail(CTL_NOT_FOUND, "no sink is named %s: see "
	    "`defenseclawctl setup observability list'", name));
}
