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

#include <string.h>
#include <time.h>

#include "doctor.h"

/*
 * The receivers of the log.  Whether one can be reached its own process
 * says, by a test event over its own settings; with --passive what it last
 * met with is all that is looked at.
 */

#define LAG_WARN_S	300
#define CHAIN		"; it shows "	/* before certificates of a text */

/* calls fn for each sink that is on; 0 when there is nothing to look at */
typedef void one_sink(struct doctor *, const struct conf_sink *,
    const json_t *, const json_t *);

static void
each(struct doctor *d, one_sink *fn)
{
	const json_t	*now, *test;
	int		 i, n = 0;

	/* without one, not a word; config.valid says what is not readable */
	if (d->conf_rc != CTL_OK)
		return;
	for (i = 0; i < d->conf.nsinks; i++)
		n += d->conf.sinks[i].enabled;
	if (n == 0 || !doc_need_status(d))
		return;
	for (i = 0; i < d->conf.nsinks; i++) {
		if (!d->conf.sinks[i].enabled)
			continue;
		now = doc_named(json_object_get(d->status, "sinks"),
		    d->conf.sinks[i].name);
		test = doc_named(d->tests, d->conf.sinks[i].name);
		if (now != NULL)
			fn(d, &d->conf.sinks[i], now, test);
	}
}

/* what is wrong with the certificates and nothing else */
static int
is_tls(const char *why)
{
	return (strncmp(why, "TLS:", 4) == 0);
}

/* the text without the certificates after it */
static void
short_text(const char *text, char *buf, size_t size)
{
	char	*chain;

	strlcpy(buf, text, size);
	if ((chain = strstr(buf, CHAIN)) != NULL)
		*chain = '\0';
}

static void
process_one(struct doctor *d, const struct conf_sink *s, const json_t *now,
    const json_t *test)
{
	(void)test;
	if (json_is_true(json_object_get(now, "running"))) {
		doc_say(d, DOC_PASS, s->name, "its process runs");
		return;
	}
	doc_say(d, DOC_FAIL, s->name, "has no process");
	doc_do(d, "look at the end of %s/defenseclaw.log: its events wait "
	    "in the log and none is lost", d->paths->log);
}

static void
check_process(struct doctor *d)
{
	each(d, process_one);
}

static void
seen_connect(struct doctor *d, const struct conf_sink *s, const json_t *now)
{
	const char	*circuit = doc_str(now, "circuit");

	if (strcmp(circuit, "closed") == 0 || is_tls(doc_str(now, "error"))) {
		doc_say(d, is_tls(doc_str(now, "error")) ? DOC_SKIP :
		    DOC_PASS, s->name, "circuit %s, last success %.19s",
		    circuit, doc_str(now, "last_success")[0] != '\0' ?
		    doc_str(now, "last_success") : "none yet");
		if (!doc_fine(d))
			doc_do(d, "see sinks.tls");
		return;
	}
	doc_say(d, DOC_FAIL, s->name, "circuit %s: %s", circuit,
	    doc_str(now, "error"));
	doc_do(d, "see that %s port %d is to be reached from here and takes "
	    "our events: `defenseclawctl setup observability test %s'",
	    s->host, s->port, s->name);
}

static void
connect_one(struct doctor *d, const struct conf_sink *s, const json_t *now,
    const json_t *test)
{
	char	 text[MAX_DOC_TEXT];
	int64_t	 rc = doc_int(test, "rc");

	if (!json_is_true(json_object_get(now, "running"))) {
		doc_say(d, DOC_SKIP, s->name, "has no process");
		doc_do(d, "see sinks.process");
		return;
	}
	if (test == NULL || rc == CTL_PERMISSION) {
		seen_connect(d, s, now);
		return;
	}
	if (json_is_true(json_object_get(test, "ok"))) {
		doc_say(d, DOC_PASS, s->name, "took a test event after %lld "
		    "ms", (long long)doc_int(test, "ms"));
		return;
	}
	short_text(doc_str(test, "text"), text, sizeof(text));
	if (is_tls(text)) {
		doc_say(d, DOC_SKIP, s->name, "no event gets through the "
		    "handshake");
		doc_do(d, "see sinks.tls");
		return;
	}
	doc_say(d, DOC_FAIL, s->name, "did not take a test event: %s", text);
	doc_do(d, "see that %s port %d is to be reached from here and takes "
	    "our events; they wait in the log and none is lost", s->kind ==
	    CONF_SINK_FILE ? "the disk" : s->host, s->port);
}

static void
check_connect(struct doctor *d)
{
	each(d, connect_one);
}

static void
tls_one(struct doctor *d, const struct conf_sink *s, const json_t *now,
    const json_t *test)
{
	const char	*until = doc_str(test, "tls_until");
	char		 text[MAX_DOC_TEXT];
	time_t		 left;

	if (!s->tls)
		return;
	short_text(test != NULL && !json_is_true(json_object_get(test,
	    "ok")) ? doc_str(test, "text") : strcmp(doc_str(now, "circuit"),
	    "closed") != 0 ? doc_str(now, "error") : "", text, sizeof(text));
	if (until[0] == '\0')
		until = doc_str(now, "tls_until");
	left = doc_seconds(until) - time(NULL);
	if (is_tls(text)) {
		doc_say(d, DOC_FAIL, s->name, "%s", text);
		doc_do(d, "give the receiver a certificate that this host "
		    "trusts, or its CA with --ca-file or its key with --pin "
		    "(`defenseclawctl setup observability test %s' shows "
		    "what it has)", s->name);
	} else if (until[0] == '\0') {
		doc_say(d, DOC_SKIP, s->name, "no handshake was seen yet");
		doc_do(d, "run doctor without --passive, or see "
		    "sinks.connect");
	} else if (left < DOC_TLS_S) {
		doc_say(d, DOC_WARN, s->name, "its certificates hold until "
		    "%.19sZ, %lld days", until, (long long)left / 86400);
		doc_do(d, "renew the receiver's certificate before that");
	} else if (!s->verify_tls && s->pin[0] == '\0') {
		doc_say(d, DOC_WARN, s->name, "its certificate is not "
		    "verified: anybody on the way reads the log");
		doc_do(d, "set verify_tls to true with ca_file, or a pin");
	} else
		doc_say(d, DOC_PASS, s->name, "its certificates hold until "
		    "%.19sZ", until);
}

static void
check_tls(struct doctor *d)
{
	each(d, tls_one);
}

static void
lag_one(struct doctor *d, const struct conf_sink *s, const json_t *now,
    const json_t *test)
{
	long long	 events = doc_int(now, "lag_events");
	long long	 seconds = doc_int(now, "lag_seconds");

	(void)test;
	if (events == 0 || seconds < LAG_WARN_S) {
		doc_say(d, DOC_PASS, s->name, "%lld events behind, the oldest "
		    "of them %lld s", events, seconds);
		return;
	}
	doc_say(d, DOC_WARN, s->name, "%lld events behind, the oldest of "
	    "them %lld s", events, seconds);
	doc_do(d, "see sinks.connect; they wait in the log and none is lost");
}

static void
check_lag(struct doctor *d)
{
	each(d, lag_one);
}

static void
refused_one(struct doctor *d, const struct conf_sink *s, const json_t *now,
    const json_t *test)
{
	long long	 n = doc_int(now, "quarantined") + doc_int(now,
			    "dead_letters");

	(void)test;
	if (n == 0) {
		doc_say(d, DOC_PASS, s->name, "its receiver refused nothing");
		return;
	}
	doc_say(d, DOC_WARN, s->name, "its receiver refused %lld events", n);
	doc_do(d, "`defenseclawctl setup observability dead-letters list "
	    "%s' says why; then retry or drop them", s->name);
}

static void
check_refused(struct doctor *d)
{
	each(d, refused_one);
}

const struct check doc_sinks[] = {
	{ "sinks.process", "every sink has its process", 0, 0,
	    check_process },
	{ "sinks.connect", "every receiver takes a test event", 0, 0,
	    check_connect },
	{ "sinks.tls", "every receiver's certificates are trusted and hold "
	    "for a month", 0, 0, check_tls },
	{ "sinks.lag", "no sink is minutes behind the log", 0, 0,
	    check_lag },
	{ "sinks.refused", "no receiver refused an event", 0, 0,
	    check_refused },
	{ NULL, NULL, 0, 0, NULL }
};
