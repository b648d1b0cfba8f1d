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
 * gatewayd: takes requests from agents and decides.
 *
 *   may      accept connections on the listeners it was handed, parse HTTP
 *            and JSON, match, ask auditd to record
 *   may not  open a file, connect anywhere, see the audit database, hold a
 *            sink's or judge's secret, exec, map executable memory
 *   if taken sees what agents send, answers them what it likes, records what
 *            it likes from then on; knows the clients' tokens and the redaction
 *            key; cannot change what is recorded or the rules, nor the lists
 *            unless gateway.allow_enforce is true
 */

#include <sys/socket.h>

#include <event2/event.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "gatewayd.h"
#include "judgelink.h"
#include "judging.h"

#define MAX_GATEWAY_FDS	65536

static const struct promise gatewayd_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_ACCEPT | SB_MAPRO |
	    SB_SECRET,
	.files = FILES_NONE,
	.limits = { .nofile = MAX_GATEWAY_FDS, .fsize = 0, .nproc = 0,
	    .memlock = 65536 },
};

static void	gatewayd_peer(struct peer *, struct msg *);
static void	gatewayd_control(struct peer *, struct msg *);
static void	gatewayd_rules(struct peer *, struct msg *);
static void	gatewayd_drain(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_ANY, sizeof(struct peer_end), sizeof(struct peer_end),
	    FD_ONE, NOBODY, gatewayd_peer },
	{ MSG_CONTROL, ST_ANY, sizeof(struct caller), sizeof(struct caller),
	    FD_ONE, NOBODY, gatewayd_control },
	{ MSG_RULES, ST_ANY, sizeof(struct rules_info),
	    sizeof(struct rules_info), FD_ONE, NOBODY, gatewayd_rules },
	{ MSG_REQUEST_DONE, ST_ANY, sizeof(struct request_done),
	    sizeof(struct request_done), FD_NONE, NOBODY,
	    reload_done },
	{ MSG_DRAIN, ST_ANY, 0, 0, FD_NONE, NOBODY, gatewayd_drain },
	{ MSG_SHUTDOWN, ST_ANY, 0, 0, FD_NONE, NOBODY, gatewayd_drain },
	{ MSG_PING, ST_ANY, 0, 0, FD_NONE, NOBODY, role_ping },
	{ 0 }
};

static struct event	*drained_ev;

/* audit is behind, or has caught up: traffic waits, evidence is not lost */
static void
auditd_flow(struct peer *p)
{
	/* an edge that was replaced may still have words to say */
	if (gatewayd.auditd != p)
		return;
	if (peer_blocked(p))
		conn_pause(gatewayd.server);
	else
		conn_resume(gatewayd.server);
}

static void
auditd_closed(struct peer *p)
{
	if (gatewayd.auditd != p)
		return;
	record_edge_lost();
	conn_resume(gatewayd.server);
}

static void
gatewayd_peer(struct peer *sup, struct msg *msg)
{
	struct peer_end	 end;
	struct peer	*p;

	(void)sup;
	if (msg_get(msg, &end, sizeof(end)) == -1)
		fatalx("malformed peer message");
	if (end.role == ROLE_JUDGE) {
		judgelink_edge(msg, &end);
		return;
	}
	if (end.role != ROLE_AUDITD)
		fatalx("an edge to %s is not ours", role_name(end.role));
	p = role_peer(msg, &end, from_auditd);
	p->on_flow = auditd_flow;
	p->on_close = auditd_closed;
	record_edge(p);
	auditd_flow(p);
}

static void
gatewayd_control(struct peer *sup, struct msg *msg)
{
	struct peer	*p;

	(void)sup;
	if ((p = role_control(msg, api_from_client, MAX_FRAME_BIG,
	    api_control_refused)) != NULL)
		api_control(p);
}

static void
gatewayd_rules(struct peer *sup, struct msg *msg)
{
	struct rules_info	ri;

	(void)sup;
	if (msg_get(msg, &ri, sizeof(ri)) == -1)
		fatalx("malformed rules");
	serve_rules(msg_take_fd(msg), ri.generation);
	serve_if_ready();
}

static void
drained_check(evutil_socket_t fd, short what, void *arg)
{
	struct timeval	tv = { 0, 20000 };

	(void)fd;
	(void)what;
	(void)arg;
	refusal_flush(1);
	if (judging_waiting() == 0)
		judging_flush(1);
	/* answers still wait for the log, or an operator reads one */
	if (judging_waiting() != 0 || record_pending() != 0 ||
	    !TAILQ_EMPTY(&role.clients))
		evtimer_add(drained_ev, &tv);
	else {
		refusal_end();
		judging_end();
		/* what it did since its last tick counts, too */
		stats_tick();
		if (gatewayd.auditd != NULL)
			(void)peer_flush(gatewayd.auditd, LAST_FLUSH_MS);
		role_exit();
	}
}

static void
drained(void *arg)
{
	(void)arg;
	drained_check(-1, 0, NULL);
}

/*
 * A successor serves, or the suite stops: what is on the wire is finished.
 */
static void
gatewayd_drain(struct peer *sup, struct msg *msg)
{
	struct peer	*p, *tmp;

	(void)sup;
	if (msg->hdr.type == MSG_SHUTDOWN)
		TAILQ_FOREACH_SAFE(p, &role.clients, entry, tmp)
			peer_close_when_sent(p);
	if (role.state != ST_DRAINING) {
		role.state = ST_DRAINING;
		conn_drain(gatewayd.server, drained, NULL);
	}
	/* no successor serves: an idle client has nothing to wait for */
	if (msg->hdr.type == MSG_SHUTDOWN)
		conn_end_idle(gatewayd.server);
}

static void
tally_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	refusal_flush(0);
	judging_flush(0);
	stats_tick();
}

static void
read_token(const char *name, struct secret *s)
{
	int	fd = role_fd(SFD_SECRET, name);

	if (fd == -1)
		log_warnx("no token in secrets/%s: nobody has it", name);
	else if (secret_read(fd, s) == -1)
		fatal("%s", name);
}

static void
read_tokens(void)
{
	struct named_token	*t;
	char			 name[MAX_SECRET_NAME];
	int			 rc = 0;

	for (; gatewayd.ntokens < MAX_TOKENS; gatewayd.ntokens++) {
		t = &gatewayd.tokens[gatewayd.ntokens];
		if ((rc = records_nth(&role.records, REC_TOKEN,
		    gatewayd.ntokens, &t->rec, sizeof(t->rec))) != 1)
			break;
		snprintf(name, sizeof(name), "token-%.*s", MAX_TOKEN_NAME - 1,
		    t->rec.name);
		read_token(name, &t->now);
		strlcat(name, ".old", sizeof(name));
		if (t->rec.old_until != 0)
			read_token(name, &t->old);
	}
	if (rc == -1)
		fatalx("records");
}

static void
read_secrets(void)
{
	struct secret	key;
	int		fd;

	if ((fd = role_fd(SFD_SECRET, "redaction.key")) == -1)
		fatalx("no redaction.key was handed over");
	if (secret_read(fd, &key) == -1)
		fatal("redaction.key");
	if (redact_init(&gatewayd.redactor, key.data, key.len) == -1)
		fatal("redaction.key");
	secret_free(&key);
	if ((fd = role_fd(SFD_SECRET, gatewayd.rec.token_name)) != -1 &&
	    secret_read(fd, &gatewayd.token) == -1)
		fatal("%s", gatewayd.rec.token_name);
	read_tokens();
	if (gatewayd.token.data == NULL)
		log_warnx("no token in secrets/%s: no service over TCP",
		    gatewayd.rec.token_name);
}

/* where TCP is served: the kernel's word, for /health */
static void
read_addr(void)
{
	struct sockaddr_storage	ss;
	socklen_t		len = sizeof(ss);
	char			host[48], port[8];

	if (gatewayd.tcp == -1 || getsockname(gatewayd.tcp,
	    (struct sockaddr *)&ss, &len) == -1 || getnameinfo(
	    (struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(gatewayd.addr, sizeof(gatewayd.addr), strchr(host, ':') !=
	    NULL ? "[%s]:%s" : "%s:%s", host, port);
}

int
main(int argc, char *argv[])
{
	static struct event	*tick;
	struct timeval		 tv = { 1, 0 };
	struct conn_limits	 lim;
	int			 fd;

	role_begin(argc, argv, ROLE_GATEWAYD);
	if (records_get(&role.records, REC_SUITE, &gatewayd.suite,
	    sizeof(gatewayd.suite)) == -1 || records_get(&role.records,
	    REC_GATEWAY, &gatewayd.rec, sizeof(gatewayd.rec)) == -1 ||
	    records_get(&role.records, REC_JUDGE_USE, &gatewayd.judge,
	    sizeof(gatewayd.judge)) == -1)
		fatalx("records");
	gatewayd.started_us = clock_wall_us();
	strlcpy(gatewayd.store.text, "auditd is not there yet",
	    sizeof(gatewayd.store.text));
	read_secrets();
	stamp_init(&gatewayd.stamp, &gatewayd.suite);
	gatewayd.tcp = role_fd(SFD_LISTEN_TCP, NULL);
	read_addr();
	gatewayd.unix_http = role_fd(SFD_LISTEN_UNIX, NULL);
	if ((fd = role_fd(SFD_RULES, NULL)) == -1)
		fatalx("no rules were handed over");
	serve_rules(fd, role.start.rules_generation);
	conn_limits_default(&lim);
	/* nobody alone can take all the places */
	lim.workers = role.start.workers;
	lim.max_conns = gatewayd.rec.max_connections;
	/* an answer may be a judge's, and then the log's */
	lim.answer_ms += gatewayd.judge.timeout_ms +
	    gatewayd.judge.adjudication_ms;
	lim.max_conns_addr = lim.max_conns - lim.max_conns / 12;
	lim.max_conns_uid = lim.max_conns / 4;
	if ((gatewayd.server = conn_server_new(role.base, &lim, &api_ops,
	    NULL)) == NULL)
		fatal("connections");
	record_init();
	judging_init();
	limits_init();
	drained_ev = evtimer_new(role.base, drained_check, NULL);
	tick = event_new(role.base, -1, EV_PERSIST, tally_tick, NULL);
	if (drained_ev == NULL || tick == NULL ||
	    evtimer_add(tick, &tv) == -1)
		fatalx("timers");
	role_enter(&gatewayd_promise, NULL);
	role_serve(from_supervisor);
	_exit(0);
}
