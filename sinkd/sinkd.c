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

/*
 * sinkd -P sink: carries audit events to one receiver.
 *
 *   may      connect to the one endpoint in its records (egress.c checks the
 *            address after resolution; Landlock the port, ABI 4 and newer);
 *            a file sink writes in its own directory instead
 *   may not  listen, accept, open another file, see the audit database, see
 *            the secret of any other sink
 *   if taken leaks the events that pass through it and this receiver's token;
 *            cannot forge, change or withhold the log: the cursor is auditd's
 */

#include <sys/stat.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "sinkd.h"

static const struct promise sink_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_SECRET | SB_INET_OUT,
	.files = FILES_NONE,
	.limits = { .nofile = MAX_SINK_FDS, .fsize = 0, .nproc = 0,
	    .memlock = 65536 },
};

static const struct promise local_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD,
	.files = FILES_NONE,
	.limits = { .nofile = MAX_SINK_FDS, .fsize = 0, .nproc = 0,
	    .memlock = 0 },
};

static const struct promise dir_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_STATEFILE |
	    SB_TRUNCATE,
	.files = FILES_STATEDIR,
	.limits = { .nofile = MAX_SINK_FDS, .fsize = LIMIT_NONE, .nproc = 0,
	    .memlock = 0 },
};

static void	sinkd_peer(struct peer *, struct msg *);
static void	sinkd_shutdown(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_RUNNING, sizeof(struct peer_end),
	    sizeof(struct peer_end), FD_ONE, NOBODY, sinkd_peer },
	{ MSG_SYSLOG, ST_RUNNING, 0, 0, FD_ONE, NOBODY, local_socket },
	{ MSG_REQUEST_DONE, ST_RUNNING, sizeof(struct request_done),
	    sizeof(struct request_done), FD_NONE, NOBODY, local_refused },
	{ MSG_PING, ST_RUNNING, 0, 0, FD_NONE, NOBODY, role_ping },
	{ MSG_SHUTDOWN, ST_RUNNING, 0, 0, FD_NONE, NOBODY, sinkd_shutdown },
	{ 0 }
};

static const struct dispatch from_auditd[] = {
	{ MSG_OUTBOX_ROWS, ST_RUNNING, OUTBOX_ROW_HEAD, MAX_FRAME, FD_NONE,
	    NOBODY, batch_rows },
	{ MSG_OUTBOX_END, ST_RUNNING, sizeof(struct outbox_end),
	    sizeof(struct outbox_end), FD_NONE, NOBODY, batch_end },
	{ MSG_OUTBOX_TEST, ST_RUNNING, OUTBOX_ROW_HEAD, MAX_FRAME, FD_NONE,
	    NOBODY, deliver_test },
	{ 0 }
};

#define MAX_FINISH_MS	3000	/* for the request on the wire to end */
#define FLUSH_MS	1000	/* for auditd to take what is for it */

struct sinkd		 sinkd;
const struct carrier	*carrier;

static void
auditd_closed(struct peer *p)
{
	if (sinkd.auditd != p)
		return;
	sinkd.auditd = NULL;
	deliver_forget();
}

static void
sinkd_peer(struct peer *sup, struct msg *msg)
{
	struct peer_end	 end;
	struct peer	*p;

	(void)sup;
	if (msg_get(msg, &end, sizeof(end)) == -1)
		fatalx("malformed peer message");
	switch (end.role) {
	case ROLE_AUDITD:
		p = role_peer(msg, &end, from_auditd);
		p->on_close = auditd_closed;
		/* the new one may be here before the old one's end is seen */
		if (sinkd.auditd != NULL) {
			deliver_forget();
			/* with rows of it that nobody has read yet */
			peer_free(sinkd.auditd);
		}
		sinkd.auditd = p;
		report_state();
		deliver_kick();
		break;
	case ROLE_RESOLVER:
		egress_resolver(msg, &end);
		break;
	default:
		fatalx("an edge to %s is not ours", role_name(end.role));
	}
}

static void
finish_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	role_exit();
}

/*
 * The request on the wire may end, so that it need not be sent again.
 */
static void
sinkd_shutdown(struct peer *sup, struct msg *msg)
{
	struct timeval	 tv = { MAX_FINISH_MS / 1000, 0 };

	(void)sup;
	(void)msg;
	sinkd.stopping = 1;
	if (!deliver_busy() || event_base_once(role.base, -1, EV_TIMEOUT,
	    finish_cb, NULL, &tv) == -1)
		role_exit();
}

static void
read_records(void)
{
	struct sink	*s = &sinkd.sink;
	int		 rc;

	if (records_get(&role.records, REC_SINK, &s->rec,
	    sizeof(s->rec)) == -1)
		fatalx("records");
	while ((rc = s->nheaders < MAX_SINK_HEADERS ? records_nth(
	    &role.records, REC_SINK_HEADER, s->nheaders,
	    &s->headers[s->nheaders], sizeof(s->headers[0])) : 0) == 1)
		s->nheaders++;
	if (rc == -1)
		fatalx("records");
	while ((rc = s->nsourcetypes < MAX_SINK_SOURCETYPES ? records_nth(
	    &role.records, REC_SINK_SOURCETYPE, s->nsourcetypes,
	    &s->sourcetypes[s->nsourcetypes],
	    sizeof(s->sourcetypes[0])) : 0) == 1)
		s->nsourcetypes++;
	if (rc == -1 || (sinkd.ops = sink_ops((enum sink_kind)
	    s->rec.kind)) == NULL)
		fatalx("records");
	if (gethostname(s->hostname, sizeof(s->hostname) - 1) == -1)
		strlcpy(s->hostname, "-", sizeof(s->hostname));
}

void
token_read(const char *name)
{
	int	 fd;

	if ((fd = role_fd(SFD_SECRET, name)) == -1)
		fatalx("no %s was handed over", name);
	if (secret_read(fd, &sinkd.token) == -1) {
		if (errno != EINVAL)
			fatal("%s", name);
	} else if (secret_is_line(&sinkd.token))
		return;
	secret_free(&sinkd.token);
	snprintf(sinkd.unusable, sizeof(sinkd.unusable), "secrets/%s is not "
	    "one line of text: write it anew, then reload", name);
	log_warnx("%s", sinkd.unusable);
}

static void
read_secrets(void)
{
	int	 fd;

	if (sinkd.sink.rec.token_name[0] != '\0') {
		token_read(sinkd.sink.rec.token_name);
		sinkd.sink.token = &sinkd.token;
	}
	if ((fd = role_fd(SFD_SECRET, "client.key")) != -1 &&
	    secret_read_text(fd, &sinkd.client_key) == -1)
		fatal("the client certificate's key");
}

static const struct promise *
choose(struct confine_params *params)
{
	switch (sinkd.sink.rec.transport) {
	case SINK_LOCAL:
		carrier = &local_carrier;
		return (&local_promise);
	case SINK_DIR:
		carrier = &dir_carrier;
		return (&dir_promise);
	default:
		carrier = sinkd.sink.rec.kind == SINK_SYSLOG ?
		    &stream_carrier : &http_carrier;
		egress_init();
		params->ports[params->nports++] =
		    (uint16_t)sinkd.sink.rec.port;
		return (&sink_promise);
	}
}

int
main(int argc, char *argv[])
{
	static struct confine_params	 params;
	const struct promise		*promise;

	if (argc == 3 && strcmp(argv[1], "-P") == 0 &&
	    strcmp(argv[2], "resolver") == 0)
		return (resolver_main(argc, argv));
	if (argc == 3 && strcmp(argv[1], "-P") == 0 &&
	    strcmp(argv[2], "judge") == 0)
		return (judge_main(argc, argv));
	role_begin(argc, argv, ROLE_SINK);
	umask(077);
	read_records();
	read_secrets();
	promise = choose(&params);
	carrier->init();
	deliver_init();
	if (promise == &dir_promise)
		params.dirs[params.ndirs++] = dirsink_fd();
	role_enter(promise, &params);
	role_serve(from_supervisor);
	report_flush();
	/* an acknowledgement that is lost is a duplicate */
	if (sinkd.auditd != NULL)
		(void)peer_flush(sinkd.auditd, FLUSH_MS);
	_exit(0);
}
