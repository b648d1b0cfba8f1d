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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/chain.h"
#include "common/proto.h"
#include "common/records.h"
#include "common/sealed.h"
#include "common/stamp.h"
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

struct child {
	enum role_id	 id;
	pid_t		 pid;
	struct peer	*peer;
	int		 ready;
};

struct producer {
	struct peer	*peer;
	uint64_t	 sent_ns;
};

static void	child_ready(struct peer *, struct msg *);
static void	child_log(struct peer *, struct msg *);
static void	appended(struct peer *, struct msg *);
static void	store_state(struct peer *, struct msg *);
static void	policy(struct peer *, struct msg *);
static void	refused(struct peer *, struct msg *);

static const struct dispatch from_child[] = {
	{ MSG_READY, ST_ANY, sizeof(struct sandbox_state),
	    sizeof(struct sandbox_state), FD_NONE, NOBODY, child_ready },
	{ MSG_LOG, ST_ANY, sizeof(struct log_line),
	    sizeof(struct log_line), FD_NONE, NOBODY, child_log },
	{ 0 }
};

static const struct dispatch from_auditd[] = {
	{ MSG_APPENDED, ST_ANY, sizeof(struct appended),
	    MAX_APPENDED * sizeof(struct appended), FD_NONE, NOBODY,
	    appended },
	{ MSG_REFUSED, ST_ANY, sizeof(struct refused),
	    sizeof(struct refused), FD_NONE, NOBODY, refused },
	{ MSG_STORE_STATE, ST_ANY, sizeof(struct store_state),
	    sizeof(struct store_state), FD_NONE, NOBODY, store_state },
	{ MSG_POLICY_BEGIN, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, policy },
	{ MSG_POLICY_ENTRY, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, policy },
	{ MSG_POLICY_END, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, policy },
	{ 0 }
};

static struct event_base	*base;
static unsigned int		 state = ST_RUNNING;
static const char		*bindir, *home;
static struct child		 auditd = { ROLE_AUDITD, -1, NULL, 0 };
static struct child		 signer = { ROLE_SIGNER, -1, NULL, 0 };
static struct producer		 producers[MAX_PRODUCERS];
static unsigned int		 nproducers, nserved;
static uint64_t			*samples, started, span;
static size_t			 nsamples, nrows;
static struct stamp		 stamp;

static void
child_closed(struct peer *p)
{
	errx(1, "%s is gone", p->name);
}

static void
child_log(struct peer *p, struct msg *msg)
{
	const struct log_line	*line = msg->data;

	warnx("%s: %.*s", p->name, (int)sizeof(line->text), line->text);
}

static void
hand(struct child *c, enum start_fd_kind kind, const char *name, int fd)
{
	struct start_fd	 what;

	memset(&what, 0, sizeof(what));
	what.kind = kind;
	if (name != NULL)
		strlcpy(what.name, name, sizeof(what.name));
	if (peer_send(c->peer, MSG_START_FD, 0, fd, &what,
	    sizeof(what)) == -1)
		err(1, "send");
}

static void
hand_file(struct child *c, enum start_fd_kind kind, const char *name,
    const char *path, int flags)
{
	char	 full[4096];
	int	 fd;

	snprintf(full, sizeof(full), "%s/%s", home, path);
	if ((fd = open(full, O_RDONLY | O_CLOEXEC | flags)) == -1)
		err(1, "%s", full);
	hand(c, kind, name, fd);
}

/* what confc would have written for these two */
static void
hand_records(struct child *c, const struct rec_suite *suite)
{
	struct rec_audit	 audit;
	struct record_hdr	 hdr;
	struct wbuf		 w;
	int			 fd;

	wbuf_init(&w, MAX_RECORDS);
	wbuf_u32(&w, RECORDS_MAGIC);
	if (c->id == ROLE_AUDITD) {
		hdr.type = REC_SUITE;
		hdr.len = sizeof(*suite);
		wbuf_put(&w, &hdr, sizeof(hdr));
		wbuf_put(&w, suite, sizeof(*suite));
		memset(&audit, 0, sizeof(audit));
		audit.hash_alg = CHAIN_BLAKE2B;
		audit.checkpoint_events = 1000;
		audit.checkpoint_seconds = 60;
		hdr.type = REC_AUDIT;
		hdr.len = sizeof(audit);
		wbuf_put(&w, &hdr, sizeof(hdr));
		wbuf_put(&w, &audit, sizeof(audit));
	}
	if (w.failed || (fd = sealed_create("records", w.data, w.len)) == -1)
		err(1, "records");
	wbuf_free(&w);
	hand(c, SFD_RECORDS, NULL, fd);
}

static void
child_exec(const struct child *c, int fd)
{
	char	 path[4096], name[16], flag[] = "-P", word[] = "sign";
	char	 tz[] = "TZ=UTC0";
	char	*env[] = { tz, NULL };
	char	*argv[4] = { name, NULL, NULL, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	strlcpy(name, "dc-bench", sizeof(name));
	if (c->id == ROLE_SIGNER) {
		argv[1] = flag;
		argv[2] = word;
	}
	if (dup2(fd, 3) == -1 || fcntl(3, F_SETFD, 0) == -1)
		_exit(126);
	closefrom(4);
	snprintf(path, sizeof(path), "%s/defenseclaw-auditd", bindir);
	execve(path, argv, env);
	_exit(127);
}

static void
child_start(struct child *c, const struct rec_suite *suite)
{
	struct start	 st;
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		err(1, "socketpair");
	if ((c->pid = fork()) == -1)
		err(1, "fork");
	if (c->pid == 0)
		child_exec(c, sv[1]);
	close(sv[1]);
	if ((c->peer = peer_new(base, sv[0], role_name(c->id), PEER_CHILD,
	    from_child, &state, MAX_FRAME, 1)) == NULL)
		err(1, "channel");
	c->peer->ctx = c;
	c->peer->on_close = child_closed;
	memset(&st, 0, sizeof(st));
	st.build = PROTO_BUILD;
	st.mode = MODE_USER;
	st.role = c->id;
	st.incarnation = c->id;
	strlcpy(st.instance, role_name(c->id), sizeof(st.instance));
	st.uid = st.owner = getuid();
	st.gid = getgid();
	st.groups.client = st.groups.audit = st.groups.admin = GID_NONE;
	st.root_is_own = 1;
	st.parent = (uint32_t)getpid();
	peer_send(c->peer, MSG_START, 0, -1, &st, sizeof(st));
	hand_records(c, suite);
	if (c->id == ROLE_SIGNER) {
		hand_file(c, SFD_DIR, NULL, "sign", O_DIRECTORY);
		hand_file(c, SFD_SECRET, "device.key", "device.key", 0);
	} else {
		hand_file(c, SFD_DIR, NULL, "audit", O_DIRECTORY);
		hand_file(c, SFD_SECRET, "redaction.key",
		    "secrets/redaction.key", 0);
		hand_file(c, SFD_PUBKEY, NULL, "device.pub", 0);
	}
	peer_send(c->peer, MSG_START_END, 0, -1, NULL, 0);
}

/* one end to the child; the other is our own, or the other child's */
static int
edge(struct child *c, enum role_id other, unsigned int n, int fd)
{
	struct peer_end	 end;
	int		 sv[2] = { -1, -1 };

	if (fd == -1) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
		    sv) == -1)
			err(1, "socketpair");
		fd = sv[0];
	}
	memset(&end, 0, sizeof(end));
	end.role = other;
	end.incarnation = 100 + n;
	snprintf(end.instance, sizeof(end.instance), "%s.%u",
	    role_name(other), n);
	if (peer_send(c->peer, MSG_PEER, 0, fd, &end, sizeof(end)) == -1)
		err(1, "send");
	return (sv[1]);
}

static void
child_ready(struct peer *peer, struct msg *msg)
{
	struct child	*c = peer->ctx;
	struct producer	*p;
	unsigned int	 i;

	(void)msg;
	c->ready = 1;
	if (!auditd.ready || !signer.ready)
		return;
	(void)edge(&signer, ROLE_AUDITD, 0, edge(&auditd, ROLE_SIGNER, 0,
	    -1));
	for (i = 0; i < nproducers; i++) {
		p = &producers[i];
		if ((p->peer = peer_new(base, edge(&auditd, ROLE_GATEWAYD, i,
		    -1), "auditd", PEER_CHILD, from_auditd, &state,
		    MAX_FRAME, 0)) == NULL)
			err(1, "edge");
		p->peer->ctx = p;
		p->peer->on_close = child_closed;
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

	if (msg_get(msg, &ss, sizeof(ss)) == -1)
		errx(1, "malformed state");
	if (!ss.ok) {
		if (nserved != 0)
			errx(1, "the store failed: %s", ss.text);
		return;
	}
	nserved++;
	produce(peer->ctx);
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
		event_base_loopbreak(base);
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

int
main(int argc, char *argv[])
{
	struct rec_suite	 suite;
	double			 seconds;

	if (argc != 5 || (nproducers = (unsigned int)atoi(argv[4])) < 1 ||
	    nproducers > MAX_PRODUCERS || atoi(argv[3]) < 1)
		errx(1, "usage: bench_auditd program-directory home seconds "
		    "producers");
	bindir = argv[1];
	home = argv[2];
	span = (uint64_t)atoi(argv[3]) * 1000000000ULL;
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() == -1 || (base = event_base_new()) == NULL ||
	    (samples = calloc(MAX_ROWS, sizeof(*samples))) == NULL)
		errx(1, "start");
	bench_floor();
	memset(&suite, 0, sizeof(suite));
	memset(suite.conf_hash, 'a', sizeof(suite.conf_hash) - 1);
	stamp_init(&stamp, &suite);
	child_start(&auditd, &suite);
	child_start(&signer, &suite);
	if (event_base_dispatch(base) == -1)
		errx(1, "event loop");
	seconds = (double)(now_ns() - started) / 1e9;
	printf("rows %zu %.0f %.1f %.1f\n", nsamples, (double)nsamples /
	    seconds, percentile(samples, nsamples, 50),
	    percentile(samples, nsamples, 99));
	/* end of file on its channel ends a role */
	kill(auditd.pid, SIGKILL);
	kill(signer.pid, SIGKILL);
	(void)waitpid(auditd.pid, NULL, 0);
	(void)waitpid(signer.pid, NULL, 0);
	return (0);
}
