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
 * auditd: owns the audit database and the block and allow lists.
 *
 *   may      read and write files in its own directory (which is its root in
 *            system mode), append events, decide on list changes, answer
 *            auditors and operators over connections the supervisor passes
 *   may not  sign (auditd -P sign does, and sees no event), use the network,
 *            exec, open anything outside its directory, see a client's token
 *   if taken can write false rows from now on and read what is stored; a
 *            change of rows up to a signed head shows to whoever keeps that
 *            head elsewhere, for it does not hold the device key; to others
 *            a log written anew with higher sequences does not show
 */

#include <sys/stat.h>

#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "auditd.h"
#include "outbox.h"

static const struct promise auditd_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_DB | SB_SECRET |
	    SB_MAPRO,
	.files = FILES_DBDIR,
	.limits = { .nofile = 256, .fsize = LIMIT_NONE, .nproc = 0,
	    .memlock = 65536 },
};

static void	auditd_peer(struct peer *, struct msg *);
static void	auditd_control(struct peer *, struct msg *);
static void	auditd_shutdown(struct peer *, struct msg *);
static void	auditd_roster(struct peer *, struct msg *);
static void	auditd_death(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_RUNNING, sizeof(struct peer_end),
	    sizeof(struct peer_end), FD_ONE, NOBODY, auditd_peer },
	{ MSG_CONTROL, ST_RUNNING, sizeof(struct caller),
	    sizeof(struct caller), FD_ONE, NOBODY, auditd_control },
	{ MSG_SHUTDOWN, ST_RUNNING, 0, 0, FD_NONE, NOBODY, auditd_shutdown },
	{ MSG_PING, ST_RUNNING, 0, 0, FD_NONE, NOBODY, role_ping },
	{ MSG_ROSTER, ST_RUNNING, sizeof(struct roster),
	    sizeof(struct roster), FD_NONE, NOBODY, auditd_roster },
	{ MSG_DEATH, ST_RUNNING, sizeof(struct death), sizeof(struct death),
	    FD_NONE, NOBODY, auditd_death },
	{ MSG_OUTBOX_CONF, ST_RUNNING, 0, 0, FD_ONE, NOBODY, outbox_conf },
	{ 0 }
};

#define MAX_LIST_CHANGE	(sizeof(struct list_change) + MAX_TARGET_NAME +	\
    MAX_PIN_TEXT + 80 + 128 + 32)

#define MAX_APPEND_KEPT	(5 + MAX_KEPT_BODY + MAX_EVENT_LEN)
#define MAX_APPROVAL_ASK	(sizeof(struct approval_ask) + 80 + 128 + \
    3 * MAX_APPROVAL_NAME + MAX_APPROVAL_REASON + MAX_APPROVAL_TEXT + 64)

static const struct dispatch from_gatewayd[] = {
	{ MSG_APPEND, ST_RUNNING, 36, MAX_EVENT_LEN, FD_NONE, NOBODY,
	    append_msg },
	{ MSG_APPEND_KEPT, ST_RUNNING, 5 + 36, MAX_APPEND_KEPT, FD_NONE,
	    NOBODY, append_msg },
	{ MSG_LIST_CHANGE, ST_RUNNING, sizeof(struct list_change),
	    MAX_LIST_CHANGE, FD_NONE, NOBODY, lists_change },
	{ MSG_POLICY_IN_FORCE, ST_RUNNING, sizeof(struct policy_head),
	    sizeof(struct policy_head), FD_NONE, NOBODY, lists_in_force },
	{ MSG_APPROVAL_ASK, ST_RUNNING, sizeof(struct approval_ask) + 35,
	    MAX_APPROVAL_ASK, FD_NONE, NOBODY, approvals_ask },
	{ MSG_ALERTS, ST_RUNNING, 9, 9 + 80, FD_NONE, NOBODY, alerts_msg },
	{ MSG_WORKER_STATS, ST_RUNNING, sizeof(struct worker_stats),
	    sizeof(struct worker_stats), FD_NONE, NOBODY, stats_msg },
	{ 0 }
};

static const struct dispatch from_signer[] = {
	{ MSG_SIGN_HELLO, ST_RUNNING, sizeof(struct sign_hello),
	    sizeof(struct sign_hello), FD_NONE, NOBODY, seal_hello },
	{ MSG_SIGNED, ST_RUNNING, sizeof(struct sign_answer),
	    sizeof(struct sign_answer), FD_NONE, NOBODY, seal_signed },
	{ MSG_SIGN_REFUSED, ST_RUNNING, sizeof(struct sign_refused),
	    sizeof(struct sign_refused), FD_NONE, NOBODY, control_by_signer },
	{ 0 }
};

#define MAX_DEATHS	64	/* as many as the supervisor keeps */
#define MAX_OPEN_MS	5000	/* at the suite's start, for another writer */

static struct death	deaths[MAX_DEATHS];
static unsigned int	ndeaths;

static void
signer_closed(struct peer *p)
{
	if (auditd.signer != p)
		return;
	auditd.signer = NULL;
	seal_over("the signer is being replaced: try again");
}

static void
auditd_peer(struct peer *sup, struct msg *msg)
{
	struct peer_end	 end;
	struct peer	*p;

	(void)sup;
	if (msg_get(msg, &end, sizeof(end)) == -1)
		fatalx("malformed peer message");
	if (end.role == ROLE_SIGNER) {
		p = role_peer(msg, &end, from_signer);
		p->on_close = signer_closed;
		auditd.signer = p;
		return;
	}
	if (end.role == ROLE_SINK) {
		outbox_peer(msg, &end);
		return;
	}
	if (end.role != ROLE_GATEWAYD)
		fatalx("an edge to %s is not ours", role_name(end.role));
	worker_new(role_peer(msg, &end, from_gatewayd));
}

static void
auditd_control(struct peer *sup, struct msg *msg)
{
	struct peer	*p;

	(void)sup;
	if ((p = role_control(msg, control_from_client, MAX_FRAME,
	    control_refused)) != NULL)
		control_open(p);
}

/*
 * The last row is followed by a last checkpoint when the signer answers.
 */
static void
auditd_shutdown(struct peer *sup, struct msg *msg)
{
	struct event	ev;

	(void)sup;
	(void)msg;
	if (auditd.stopping)
		return;
	auditd.stopping = 1;
	control_tick();
	stamp_event(&auditd.stamp, &ev, "auditd-stop", SEV_INFO);
	ev.field[EV_TARGET] = "auditd";
	(void)commit_event(&ev, NULL, NULL);
	commit_now();
	seal_now();
	if (!seal_pending())
		role_exit();
}

static void
auditd_roster(struct peer *sup, struct msg *msg)
{
	int	first = auditd.roster.count == 0;

	report_roster(sup, msg);
	strlcpy(auditd.stamp.conf_hash, auditd.roster.conf_hash,
	    sizeof(auditd.stamp.conf_hash));
	/* the edges of all who serve came before it */
	if (first)
		worker_greet_all();
}

/*
 * One death is one event, however often the supervisor has to tell of it.
 */
static void
death_id(const struct death *d, uint8_t id[EVENT_ID_LEN])
{
	uint64_t	who[2] = { d->suite_us, d->incarnation };

	crypto_generichash(id, EVENT_ID_LEN, (const uint8_t *)who,
	    sizeof(who), NULL, 0);
}

static int
death_cb(const struct chain_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return (0);
}

static int
death_known(const struct death *d)
{
	uint8_t	id[EVENT_ID_LEN];
	int	found;

	death_id(d, id);
	return (query_id(auditd.query, id, death_cb, NULL, &found) ==
	    STORE_OK && found);
}

/*
 * The death of a role nobody told to go is evidence.
 */
static void
death_event(const struct death *d)
{
	struct event	 ev;
	enum severity	 severity = SEV_HIGH;
	json_t		*details;

	if (WIFSIGNALED(d->status) && WTERMSIG(d->status) == SIGSYS)
		severity = SEV_CRITICAL;
	stamp_event(&auditd.stamp, &ev, "role-death", severity);
	death_id(d, ev.id);
	ev.field[EV_TARGET] = d->instance;
	ev.field[EV_ACTOR] = "role:supervisor";
	details = json_pack("{s:i,s:i,s:i,s:b,s:I}", "pid", (int)d->pid,
	    "signal", WIFSIGNALED(d->status) ? WTERMSIG(d->status) : 0,
	    "exit", WIFEXITED(d->status) ? WEXITSTATUS(d->status) : 0,
	    "was_ready", (int)d->was_ready, "lived_ms",
	    (json_int_t)d->lived_ms);
	(void)commit_event(&ev, details, NULL);
}

/*
 * Records what waits and tells the supervisor; it waits on when the store
 * takes nothing now.
 */
void
deaths_record(void)
{
	struct request	 rq;
	unsigned int	 i;
	int		 known[MAX_DEATHS];

	if (ndeaths == 0 || !auditd.reconciled)
		return;
	/* only durable rows are looked at */
	commit_now();
	for (i = 0; i < ndeaths; i++)
		known[i] = death_known(&deaths[i]);
	if (commit_begin() == -1)
		return;
	for (i = 0; i < ndeaths; i++)
		if (!known[i])
			death_event(&deaths[i]);
	commit_now();
	if (auditd.why[0] != '\0')
		return;
	for (i = 0; i < ndeaths; i++) {
		memset(&rq, 0, sizeof(rq));
		rq.kind = REQ_DEATH_KEPT;
		rq.incarnation = deaths[i].incarnation;
		peer_send(role.sup, MSG_REQUEST, 0, -1, &rq, sizeof(rq));
	}
	ndeaths = 0;
}

static void
auditd_death(struct peer *sup, struct msg *msg)
{
	(void)sup;
	if (ndeaths == MAX_DEATHS || msg_get(msg, &deaths[ndeaths],
	    sizeof(deaths[0])) == -1)
		return;		/* the supervisor still has it */
	deaths[ndeaths].instance[sizeof(deaths[0].instance) - 1] = '\0';
	ndeaths++;
	deaths_record();
}

static void
read_pubkey(void)
{
	struct secret	s;	/* no secret, but read the same way */
	char		err[128];
	int		fd;

	if ((fd = role_fd(SFD_PUBKEY, NULL)) == -1)
		fatalx("no device.pub was handed over");
	if (secret_read_text(fd, &s) == -1)
		fatal("device.pub");
	if (device_pub_parse(s.data, s.len, auditd.pubkey, err,
	    sizeof(err)) == -1)
		role_refuse("device.pub: %s", err);
	secret_free(&s);
}

static void
read_keys(struct store_conf *sc)
{
	struct secret	s;
	int		fd;

	read_pubkey();
	memcpy(sc->public_key, auditd.pubkey, sizeof(sc->public_key));
	if ((fd = role_fd(SFD_SECRET, "redaction.key")) == -1)
		fatalx("no redaction.key was handed over");
	if (secret_read(fd, &s) == -1)
		fatal("redaction.key");
	if (redact_init(&auditd.redactor, s.data, s.len) == -1)
		fatal("redaction.key");
	secret_free(&s);
	/* a clone has the same files and another machine-id */
	if ((fd = role_fd(SFD_MACHINE_ID, NULL)) != -1 &&
	    secret_read(fd, &s) == 0) {
		crypto_generichash(sc->machine, sizeof(sc->machine),
		    (const uint8_t *)s.data, s.len, NULL, 0);
		secret_free(&s);
	}
}

/*
 * Whatever may pass by itself is waited for while the suite lives; at its
 * start the operator is there and is told.
 */
static void
open_store(const struct store_conf *sc)
{
	char			 err[MAX_STORE_ERR], said[MAX_STORE_ERR] = "";
	enum store_status	 st;
	uint64_t		 since = clock_ms();

	while ((st = store_open(&auditd.store, sc, err, sizeof(err))) !=
	    STORE_OK) {
		if (!store_transient(st) || (!role.start.was_ready &&
		    (st != STORE_BUSY || clock_ms() - since > MAX_OPEN_MS)))
			role_refuse("audit database: %s", err);
		if (strcmp(err, said) != 0)
			log_warnx("audit database: %s", err);
		strlcpy(said, err, sizeof(said));
		role_pause(RECOVER_MS);
	}
}

int
main(int argc, char *argv[])
{
	static struct confine_params	 params;
	struct store_conf		 sc;
	int				 dir;

	if (argc == 3 && strcmp(argv[1], "-P") == 0 &&
	    strcmp(argv[2], "sign") == 0)
		return (sign_main(argc, argv));
	role_begin(argc, argv, ROLE_AUDITD);
	umask(077);
	if (records_get(&role.records, REC_SUITE, &auditd.suite,
	    sizeof(auditd.suite)) == -1 || records_get(&role.records,
	    REC_AUDIT, &auditd.rec, sizeof(auditd.rec)) == -1)
		fatalx("records");
	if ((dir = role_fd(SFD_DIR, NULL)) == -1 || fchdir(dir) == -1)
		fatal("no directory was handed over");
	memset(&sc, 0, sizeof(sc));
	sc.path = "audit.db";
	sc.alg = (enum chain_alg)auditd.rec.hash_alg;
	read_keys(&sc);
	spool_read();
	stamp_init(&auditd.stamp, &auditd.suite);
	open_store(&sc);
	commit_init();
	limits_open(dir);
	seal_init();
	outbox_init();
	params.dirs[params.ndirs++] = dir;
	role_enter(&auditd_promise, &params);
	role_serve(from_supervisor);
	commit_now();
	control_end();
	(void)peer_flush(role.sup, 1000);
	/* with no statement left the database takes in its log when closed */
	outbox_close();
	kept_close(auditd.kept);
	query_close(auditd.query);
	policy_close(auditd.policy);
	approve_close(auditd.approve);
	store_close(auditd.store);
	_exit(0);
}
