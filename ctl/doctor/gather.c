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

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/head.h"
#include "ctl/conffile.h"
#include "ctl/sinkctl.h"
#include "doctor.h"

/*
 * What several checks stand on: the configuration, the suite's own word, and
 * what came of a test event to each sink.
 */

#define SUITE_S		30
#define TESTS_S		120	/* for all sinks together */

void
doc_gather_conf(struct doctor *d)
{
	const char	*path = d->paths->config;
	char		*text;
	size_t		 len;
	int		 fd, rc, i;

	fd = conffile_open(path, geteuid(), MAX_CONF_SIZE, d->conf_err,
	    sizeof(d->conf_err));
	if (fd == -1) {
		d->conf_rc = errno == EACCES ? CTL_PERMISSION : errno ==
		    ENOENT ? CTL_NOT_FOUND : CTL_CONFIG;
		return;
	}
	rc = conffile_read(fd, MAX_CONF_SIZE, &text, &len, d->conf_err,
	    sizeof(d->conf_err));
	close(fd);
	d->conf_rc = CTL_CONFIG;
	if (rc == -1)
		return;
	if (conf_parse(text, len, path, &d->conf, &d->report) == 0)
		d->conf_rc = CTL_OK;
	free(text);
	for (i = 0; d->conf_rc != CTL_OK && i < d->report.nmsgs; i++)
		if (!d->report.msgs[i].is_warning) {
			conf_msg_text(&d->report, &d->report.msgs[i],
			    d->conf_err, sizeof(d->conf_err));
			break;
		}
}

/* --- the suite ------------------------------------------------------------ */

static void
ask_suite(struct doctor *d)
{
	struct client	 c;
	char		 text[sizeof(d->status_err)];
	json_t		*j, *s;
	int		 rc, other;

	j = client_status(d->paths, "auditd", &c, &rc);
	strlcpy(text, c.err, sizeof(text));
	if (j == NULL && d->alive == 1) {
		/* the signer knows who lives, and why who does not */
		s = client_status(d->paths, "signer", &c, &other);
		if ((j = json_object_get(s, "suite")) != NULL)
			json_incref(j);
		json_decref(s);
	}
	json_array_append_new(d->found, json_pack("{s:i,s:s,s:o*}", "rc", rc,
	    "err", rc != CTL_OK ? text : "", "status", j));
}

void
doc_gather_suite(struct doctor *d)
{
	static const struct check	 ask = { "suite", NULL, SUITE_S, 0,
					    ask_suite };
	json_t				*j, *one;
	uint64_t			 took;

	d->alive = suite_alive(d->paths, &d->supervisor);
	j = doc_run(d, &ask, &took);
	one = json_array_get(j, 0);
	d->status_rc = CTL_FAILURE;
	if (json_object_get(one, "rc") != NULL) {
		d->status_rc = (int)doc_int(one, "rc");
		strlcpy(d->status_err, doc_str(one, "err"),
		    sizeof(d->status_err));
		d->status = json_incref(json_object_get(one, "status"));
	} else
		strlcpy(d->status_err, doc_str(one, "seen"),
		    sizeof(d->status_err));
	if (d->status_rc == CTL_OK)
		d->alive = 1;
	json_decref(j);
}

/* --- sinks ---------------------------------------------------------------- */

static void
test_sinks(struct doctor *d)
{
	const struct conf_sink	*s;
	char			 err[MAX_CTL_TEXT + 64];
	json_t			*j;
	int			 i, rc;

	for (i = 0; i < d->conf.nsinks; i++) {
		s = &d->conf.sinks[i];
		if (!s->enabled || doc_named(json_object_get(d->status,
		    "sinks"), s->name) == NULL)
			continue;
		j = sinkctl_test(d->paths, s->name, SINK_TEST_MS, &rc, err,
		    sizeof(err));
		if (j == NULL)
			j = json_pack("{s:s,s:b,s:s}", "name", s->name, "ok",
			    0, "text", err);
		json_object_set_new(j, "rc", json_integer(rc));
		json_array_append_new(d->found, j);
	}
}

void
doc_gather_tests(struct doctor *d)
{
	static const struct check	 test = { "sinks.test", NULL, TESTS_S,
					    DOC_SKIP, test_sinks };
	uint64_t			 took;

	if (d->tests != NULL)
		return;
	if (d->passive || d->conf_rc != CTL_OK || d->status_rc != CTL_OK)
		d->tests = json_array();
	else
		d->tests = doc_run(d, &test, &took);
}

/* --- the device's key ----------------------------------------------------- */

int
doc_pubkey(const struct doctor *d, uint8_t key[CHAIN_KEY_LEN], char *err,
    size_t errlen)
{
	char	 text[MAX_DEVICE_KEY], why[160];
	uint8_t	 seed[HEAD_SEED_LEN], secret[HEAD_SECRET_LEN];
	uint8_t	 real[CHAIN_KEY_LEN];
	ssize_t	 n;
	int	 rc;

	n = doc_read(d->paths->device_pub, text, sizeof(text));
	if (n == -1 || device_pub_parse(text, (size_t)n, key, why,
	    sizeof(why)) == -1) {
		snprintf(err, errlen, "%s", n == -1 ? strerror(errno) : why);
		return (-1);
	}
	/* whoever may read the key itself knows better */
	n = doc_read(d->paths->device_key, text, sizeof(text));
	if (n == -1)
		return (0);
	rc = device_key_parse(text, (size_t)n, seed, why, sizeof(why));
	explicit_bzero(text, sizeof(text));
	if (rc == 0) {
		device_key_expand(seed, real, secret);
		rc = memcmp(real, key, sizeof(real)) == 0 ? 0 : -1;
		snprintf(err, errlen, "it does not belong to device.key");
	} else
		rc = 0;
	explicit_bzero(seed, sizeof(seed));
	explicit_bzero(secret, sizeof(secret));
	return (rc);
}
