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

#include <err.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/chain.h"
#include "common/stamp.h"
#include "tests/power/pair.h"
#include "bench.h"

/*
 * The audit owner alone: the real auditd and signer, started as the
 * supervisor starts them, with producers that each wait for their row to be
 * durable before they send the next.
 *
 *	bench_auditd PROGRAM-DIRECTORY HOME SECONDS PRODUCERS
 *
 * HOME is an initialised home of user mode whose suite does not run.  Prints
 * two lines: "floor" (count, p50 and p99 in us of a 4 KiB overwrite with
 * fdatasync beside the database) and "rows" (count, rows per second, p50 and
 * p99 of the acknowledgement in us).
 */

#define MAX_PRODUCERS	64
#define MAX_ROWS	4000000
#define WARM_ROWS	2000
#define FLOOR_SAMPLES	2000
#define EVENT_BYTES	2048

struct producer {
	int		 served;	/* the store takes rows */
	struct peer	*peer;
	uint64_t	 sent_ns;
};

static void	appended(struct peer *, struct msg *);
static void	store_state(struct peer *, struct msg *);
static void	policy(struct peer *, struct msg *);
static void	refused(struct peer *, struct msg *);

static const struct dispatch from_auditd[] = {
	PAIR_FROM_AUDITD(appended, refused, store_state, policy),
	{ 0 }
};

static struct pair		 pair;
static const char		*home;
static struct producer		 producers[MAX_PRODUCERS];
static unsigned int		 nproducers, nserved;
static uint64_t			*samples, started, span;
static size_t			 nsamples, nrows;
static struct stamp		 stamp;

static void
edge_closed(struct peer *p)
{
	errx(1, "%s is gone", p->name);
}

static void
gone(struct pair *p, const char *name)
{
	(void)p;
	errx(1, "%s is gone", name);
}

static void
ready(struct pair *pr)
{
	struct producer	*p;
	unsigned int	 i;

	for (i = 0; i < nproducers; i++) {
		p = &producers[i];
		if ((p->peer = peer_new(pr->base, pair_edge(pr), "auditd",
		    PEER_CHILD, from_auditd, &pr->state, MAX_FRAME, 0)) ==
		    NULL)
			err(1, "edge");
		p->peer->ctx = p;
		p->peer->on_close = edge_closed;
	}
}

/* a row as an inspected tool call makes it, about 600 bytes */
static void
produce(struct producer *p)
{
	static const char	 details[] =
	    "{\"direction\":\"tool_call\",\"action\":\"allow\","
	    "\"raw_action\":\"allow\",\"mode\":\"action\",\"severity\":"
	    "\"NONE\",\"confidence\":0.0,\"rule_ids\":[],\"findings\":0,"
	    "\"reason\":\"\",\"inspected_bytes\":1024,\"elapsed_us\":31,"
	    "\"rules_generation\":1,\"config_generation\":1}";
	uint8_t			 buf[EVENT_BYTES];
	struct event		 ev;
	ssize_t			 len;

	stamp_event(&stamp, &ev, "inspect-tool-allow", SEV_INFO);
	ev.field[EV_TARGET] = "shell";
	ev.field[EV_TOOL_NAME] = "shell";
	ev.field[EV_ACTOR] = "token:gateway-token";
	ev.field[EV_REQUEST_ID] = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
	ev.field[EV_SESSION_ID] = "session-42";
	ev.field[EV_DETAILS] = details;
	if ((len = event_encode(&ev, buf, sizeof(buf))) == -1)
		err(1, "event");
	p->sent_ns = now_ns();
	if (peer_send(p->peer, MSG_APPEND, 0, -1, buf, (size_t)len) == -1)
		err(1, "send");
}

static void
store_state(struct peer *peer, struct msg *msg)
{
	struct store_state	 ss;
	struct producer		*pr;

	if (msg_get(msg, &ss, sizeof(ss)) == -1)
		errx(1, "malformed state");
	if (!ss.ok) {
		if (nserved != 0)
			errx(1, "the store failed: %s", ss.text);
		return;
	}
	pr = peer->ctx;
	/* said again it is no news */
	if (pr->served)
		return;
	pr->served = 1;
	nserved++;
	produce(pr);
}

static void
policy(struct peer *peer, struct msg *msg)
{
	struct policy_head	 head;

	if (msg->hdr.type != MSG_POLICY_END)
		return;
	if (msg_get(msg, &head, sizeof(head)) == -1)
		errx(1, "malformed lists");
	peer_send(peer, MSG_POLICY_IN_FORCE, 0, -1, &head, sizeof(head));
}

static void
refused(struct peer *peer, struct msg *msg)
{
	(void)msg;
	errx(1, "%s refused a row", peer->name);
}

static void
appended(struct peer *peer, struct msg *msg)
{
	struct producer	*p = peer->ctx;
	uint64_t	 now = now_ns();

	if (msg->len != sizeof(struct appended))
		errx(1, "more than one row acknowledged");
	nrows++;
	if (nrows == WARM_ROWS)
		started = now;
	else if (nrows > WARM_ROWS && nsamples < MAX_ROWS)
		samples[nsamples++] = now - p->sent_ns;
	if (started != 0 && now - started >= span) {
		event_base_loopbreak(pair.base);
		return;
	}
	produce(p);
}

static void
bench_floor(void)
{
	static uint64_t	 took[FLOOR_SAMPLES];
	char		 path[4096];
	size_t		 i;
	int		 fd;

	snprintf(path, sizeof(path), "%s/audit", home);
	fd = floor_open(path);
	for (i = 0; i < FLOOR_SAMPLES; i++)
		took[i] = floor_once(fd);
	close(fd);
	printf("floor %d %.1f %.1f\n", FLOOR_SAMPLES,
	    percentile(took, FLOOR_SAMPLES, 50),
	    percentile(took, FLOOR_SAMPLES, 99));
	fflush(stdout);
}

/* in a home as init makes it */
static void
start(const char *bindir)
{
	static char		 paths[5][4096];
	static const char *const names[] = { "audit", "sign", "device.key",
	    "device.pub", "secrets/redaction.key" };
	static struct pair_conf	 conf;
	size_t			 i;

	for (i = 0; i < 5; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", home, names[i]);
	conf.bindir = bindir;
	conf.audit_dir = paths[0];
	conf.sign_dir = paths[1];
	conf.device_key = paths[2];
	conf.device_pub = paths[3];
	conf.redaction_key = paths[4];
	conf.audit.hash_alg = CHAIN_BLAKE2B;
	conf.audit.checkpoint_events = 1000;
	conf.audit.checkpoint_seconds = 60;
	conf.fd = -1;
	pair.on_ready = ready;
	pair.on_gone = gone;
	pair_start(&pair, &conf);
}

int
main(int argc, char *argv[])
{
	struct rec_suite	 suite;
	double			 seconds;

	if (argc != 5 || (nproducers = (unsigned int)atoi(argv[4])) < 1 ||
	    nproducers > MAX_PRODUCERS || atoi(argv[3]) < 1)
		errx(1, "usage: bench_auditd program-directory home seconds "
		    "producers");
	home = argv[2];
	span = (uint64_t)atoi(argv[3]) * 1000000000ULL;
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() == -1 || (pair.base = event_base_new()) == NULL ||
	    (samples = calloc(MAX_ROWS, sizeof(*samples))) == NULL)
		errx(1, "start");
	bench_floor();
	memset(&suite, 0, sizeof(suite));
	memset(suite.conf_hash, 'a', sizeof(suite.conf_hash) - 1);
	stamp_init(&stamp, &suite);
	start(argv[1]);
	if (event_base_dispatch(pair.base) == -1)
		errx(1, "event loop");
	seconds = (double)(now_ns() - started) / 1e9;
	printf("rows %zu %.0f %.1f %.1f\n", nsamples, (double)nsamples /
	    seconds, percentile(samples, nsamples, 50),
	    percentile(samples, nsamples, 99));
	pair_kill(&pair);
	return (0);
}
