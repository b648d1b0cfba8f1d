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

#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/head.h"
#include "common/stamp.h"
#include "tests/power/disk.h"
#include "tests/power/load.h"
#include "tests/power/pair.h"

#define EDGES		6
#define SLOTS		48		/* rows on the way, at most */
#define EVENT_BYTES	2048
#define LIST_NAMES	12		/* that change all the time */
#define CHANGE_EVERY	16		/* rows */
#define PHASE_ROWS	150		/* then other numbers are at work */
#define MAX_LIFE_S	60
#define MAX_SHORT_US	20000
#define CHECKPOINT_ROWS	40

/* one row on its way */
struct slot {
	uint8_t		 id[EVENT_ID_LEN];
	uint32_t	 type;		/* MSG_APPEND, MSG_LIST_CHANGE, or 0 */
	size_t		 len;
	uint8_t		 data[EVENT_BYTES];
};

static struct plog		*record;
static struct pair		 pair;
static struct peer		*edges[EDGES];
static int			 served[EDGES];
static struct slot		 slots[SLOTS];
static struct stamp		 stamp;
static unsigned int		 nrows, until;
static uint64_t			 rnd;
static int			 stopping;

static void	appended(struct peer *, struct msg *);
static void	changed(struct peer *, struct msg *);
static void	store_state(struct peer *, struct msg *);
static void	policy(struct peer *, struct msg *);
static void	refused(struct peer *, struct msg *);

static const struct dispatch from_auditd[] = {
	PAIR_FROM_AUDITD(appended, refused, store_state, policy),
	{ MSG_LIST_CHANGED, ST_ANY, sizeof(struct list_changed),
	    sizeof(struct list_changed), FD_NONE, NOBODY, changed },
	{ 0 }
};

/* a row as an inspected tool call makes it */
static void
make_event(struct slot *s)
{
	static const char	 fill[] = "0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdef0123456789abcdef";
	struct event		 ev;
	char			 details[256];
	ssize_t			 len;

	stamp_event(&stamp, &ev, "inspect-tool-allow", SEV_INFO);
	ev.field[EV_TARGET] = "shell";
	ev.field[EV_TOOL_NAME] = "shell";
	ev.field[EV_ACTOR] = "token:gateway-token";
	ev.field[EV_REQUEST_ID] = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
	ev.severity = disk_random(&rnd) % 8 == 0 ? SEV_HIGH : SEV_INFO;
	snprintf(details, sizeof(details), "{\"reason\":\"%.*s\"}",
	    (int)(disk_random(&rnd) % sizeof(fill)), fill);
	ev.field[EV_DETAILS] = details;
	if ((len = event_encode(&ev, s->data, sizeof(s->data))) == -1)
		errx(1, "event");
	s->type = MSG_APPEND;
	s->len = (size_t)len;
	memcpy(s->id, ev.id, sizeof(s->id));
}

static void
make_change(struct slot *s)
{
	struct list_change	 lc;
	struct event		 ev;
	struct wbuf		 w;
	char			 name[24];

	stamp_event(&stamp, &ev, "x", SEV_INFO);
	memset(&lc, 0, sizeof(lc));
	memcpy(lc.id, ev.id, sizeof(lc.id));
	lc.time_us = ev.time_us;
	lc.kind = KIND_TOOL;
	lc.op = (uint32_t)(disk_random(&rnd) % 3);
	snprintf(name, sizeof(name), "tool%u",
	    (unsigned int)(disk_random(&rnd) % LIST_NAMES));
	wbuf_init(&w, sizeof(s->data));
	wbuf_put(&w, &lc, sizeof(lc));
	wbuf_str(&w, name);
	wbuf_str(&w, "a reason");
	wbuf_str(&w, "token:gateway-token");
	wbuf_str(&w, "");
	if (w.failed)
		errx(1, "list change");
	memcpy(s->data, w.data, w.len);
	s->len = w.len;
	wbuf_free(&w);
	s->type = MSG_LIST_CHANGE;
	memcpy(s->id, lc.id, sizeof(s->id));
}

static void
slot_send(struct slot *s)
{
	size_t	 e = (size_t)(s - slots) % EDGES;

	if (served[e] && peer_send(edges[e], s->type, 1, -1, s->data,
	    s->len) == -1)
		err(1, "send");
}

/* how many rows may be on their way */
static size_t
at_work(void)
{
	static const size_t	 counts[] = { 1, 5, SLOTS };

	return (counts[nrows / PHASE_ROWS % 3]);
}

static void
produce(void)
{
	size_t	 i, n = at_work();

	for (i = 0; i < n; i++) {
		if (slots[i].type != 0 || !served[i % EDGES])
			continue;
		if (disk_random(&rnd) % CHANGE_EVERY == 0)
			make_change(&slots[i]);
		else
			make_event(&slots[i]);
		slot_send(&slots[i]);
	}
}

static void
row_done(const uint8_t *id)
{
	size_t	 i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].type != 0 &&
		    memcmp(slots[i].id, id, EVENT_ID_LEN) == 0)
			break;
	if (i == SLOTS)
		errx(1, "an answer to nothing");
	slots[i].type = 0;
	nrows++;
	if (nrows >= until && !stopping) {
		stopping = 1;
		event_base_loopbreak(pair.base);
	}
}

static void
appended(struct peer *peer, struct msg *msg)
{
	struct appended	 a;
	size_t		 i;

	(void)peer;
	for (i = 0; i + sizeof(a) <= msg->len; i += sizeof(a)) {
		memcpy(&a, (const uint8_t *)msg->data + i, sizeof(a));
		row_done(a.id);
	}
	if (!stopping)
		produce();
}

static void
changed(struct peer *peer, struct msg *msg)
{
	struct list_changed	 lc;

	(void)peer;
	if (msg_get(msg, &lc, sizeof(lc)) == -1)
		errx(1, "malformed answer");
	if (lc.code != CTL_OK)
		errx(1, "list change: %s", lc.text);
	row_done(lc.id);
	if (!stopping)
		produce();
}

static void
refused(struct peer *peer, struct msg *msg)
{
	(void)msg;
	errx(1, "%s refused a row", peer->name);
}

static void
store_state(struct peer *peer, struct msg *msg)
{
	struct store_state	 ss;
	size_t			 e, i;

	if (msg_get(msg, &ss, sizeof(ss)) == -1)
		errx(1, "malformed state");
	for (e = 0; e < EDGES && edges[e] != peer; e++)
		continue;
	/* said again it is no news */
	if (!ss.ok || served[e])
		return;
	served[e] = 1;
	for (i = e; i < SLOTS; i += EDGES)
		if (slots[i].type != 0)
			slot_send(&slots[i]);
	produce();
}

static void
policy(struct peer *peer, struct msg *msg)
{
	if (msg->hdr.type == MSG_POLICY_END)
		peer_send(peer, MSG_POLICY_IN_FORCE, 0, -1, msg->data,
		    msg->len);
}

static void
edge_closed(struct peer *peer)
{
	size_t	 i;

	for (i = 0; i < EDGES; i++)
		if (edges[i] == peer) {
			edges[i] = NULL;
			served[i] = 0;
		}
}

static void
ready(struct pair *p)
{
	size_t	 i;

	for (i = 0; i < EDGES; i++) {
		if ((edges[i] = peer_new(p->base, pair_edge(p), "auditd",
		    PEER_CHILD, from_auditd, &p->state, MAX_FRAME,
		    0)) == NULL)
			err(1, "edge");
		edges[i]->on_close = edge_closed;
	}
}

static void
gone(struct pair *p, const char *name)
{
	if (!stopping)
		errx(1, "%s is gone", name);
	if (strcmp(name, role_name(ROLE_AUDITD)) == 0)
		event_base_loopbreak(p->base);
}

static void
loop(long us)
{
	struct timeval	 tv = { us / 1000000, us % 1000000 };

	event_base_loopexit(pair.base, &tv);
	if (event_base_dispatch(pair.base) == -1)
		errx(1, "event loop");
}

/* one start; how it ends is the caller's choice */
static void
life(const struct pair_conf *conf, long us, int stop)
{
	size_t	 i;

	stopping = us < MAX_LIFE_S * 1000000L;
	memset(served, 0, sizeof(served));
	memset(edges, 0, sizeof(edges));
	if ((pair.base = event_base_new()) == NULL)
		errx(1, "event base");
	pair.on_ready = ready;
	pair.on_gone = gone;
	pair_start(&pair, conf);
	loop(us);
	if (us == MAX_LIFE_S * 1000000L && nrows < until)
		errx(1, "%u of %u rows in %d s", nrows, until, MAX_LIFE_S);
	if (stop) {
		peer_send(pair.auditd.peer, MSG_SHUTDOWN, 0, -1, NULL, 0);
		loop(MAX_LIFE_S * 1000000L);
	}
	plog_hold(record);
	pair_kill(&pair);
	plog_go_on(record);
	for (i = 0; i < EDGES; i++)
		if (edges[i] != NULL) {
			edges[i]->on_close = NULL;
			peer_free(edges[i]);
		}
	event_base_free(pair.base);
}

static void
write_file(const char *dir, const char *name, const void *data, size_t len)
{
	char	 path[PATH_MAX];
	int	 fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, data, len) != (ssize_t)len ||
	    close(fd) == -1)
		err(1, "%s", path);
}

void
load_prepare(const char *top)
{
	static const char *const	 dirs[] = { "keys", "disk",
	    "disk/audit", "disk/sign" };
	uint8_t				 seed[HEAD_SEED_LEN];
	uint8_t				 key[CHAIN_KEY_LEN];
	uint8_t				 secret[HEAD_SECRET_LEN];
	char				 path[PATH_MAX], text[MAX_DEVICE_KEY];
	size_t				 i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", top, dirs[i]);
		if (mkdir(path, 0700) == -1)
			err(1, "%s", path);
	}
	snprintf(path, sizeof(path), "%s/keys", top);
	randombytes_buf(seed, sizeof(seed));
	sodium_bin2hex(text, sizeof(text), seed, sizeof(seed));
	write_file(path, "redaction.key", text, strlen(text));
	randombytes_buf(seed, sizeof(seed));
	write_file(path, "device.key", text, device_key_text(seed, text));
	device_key_expand(seed, key, secret);
	write_file(path, "device.pub", text, device_pub_text(key, text));
}

void
load_run(const struct load *l, struct plog *log, int logfd)
{
	static char		 paths[5][PATH_MAX], env[128];
	static const char *const names[] = { "disk/audit", "disk/sign",
	    "keys/device.key", "keys/device.pub", "keys/redaction.key" };
	struct rec_suite	 suite;
	struct pair_conf	 conf;
	unsigned int		 i;

	record = log;
	rnd = l->seed;
	nrows = 0;
	memset(slots, 0, sizeof(slots));
	for (i = 0; i < 5; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", l->top,
		    names[i]);
	memset(&conf, 0, sizeof(conf));
	conf.bindir = l->bindir;
	conf.audit_dir = paths[0];
	conf.sign_dir = paths[1];
	conf.device_key = paths[2];
	conf.device_pub = paths[3];
	conf.redaction_key = paths[4];
	conf.audit.hash_alg = CHAIN_BLAKE2B;
	conf.audit.checkpoint_events = CHECKPOINT_ROWS;
	conf.audit.checkpoint_seconds = 60;
	conf.audit.allow_enforce = 1;
	conf.fd = logfd;
	snprintf(env, sizeof(env), "%s=%s", PLOG_ENV, l->leaves_out);
	conf.env = env;
	signal(SIGPIPE, SIG_IGN);
	memset(&suite, 0, sizeof(suite));
	memset(suite.conf_hash, 'a', sizeof(suite.conf_hash) - 1);
	stamp_init(&stamp, &suite);
	until = 0;
	for (i = 0; i < l->shorts; i++)
		life(&conf, (long)(disk_random(&rnd) % MAX_SHORT_US), 0);
	for (i = 0; i < l->lives; i++) {
		until = l->rows * (i + 1) / l->lives;
		life(&conf, MAX_LIFE_S * 1000000L, (i & 1) != 0);
	}
}
