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
 * confc: reads config.yaml, once, and is gone.
 *
 *   may      read the one descriptor it was handed; make sealed memory files
 *   may not  open a file, see a secret (it only names them), network, exec,
 *            live longer than MAX_CONFC_SECONDS
 *   if taken chooses the configuration of one load: mode, limits, which file
 *            of secrets/ goes to which role, which directory rulec reads
 */

#include <sys/time.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/chain.h"
#include "common/log.h"
#include "common/role.h"
#include "common/sealed.h"
#include "ctl/conffile.h"
#include "ctl/confparse.h"
#include "ctl/judgerec.h"
#include "ctl/sinkrec.h"

#define MAX_CONFC_SECONDS	10
#define CONFC_NAME		"config.yaml"

static const struct promise confc_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_SENDFD | SB_MEMFD,
	.files = FILES_NONE,
	.limits = { .nofile = 64, .fsize = MAX_RECORDS, .nproc = 0,
	    .memlock = 0 },
};

static void
rec_gateway_fill(const struct conf *c, struct rec_gateway *g)
{
	memset(g, 0, sizeof(*g));
	/* a guardrail that is off still records what it would have done */
	g->mode = c->guardrail.enabled && c->guardrail.mode == CONF_ACTION ?
	    GATEWAY_ACTION : GATEWAY_OBSERVE;
	g->profile = schema_profile(c->guardrail.rule_pack_dir);
	if (c->guardrail.hilt_enabled)
		g->hilt_severity = SEV_LOW +
		    (uint32_t)c->guardrail.hilt_min_severity;
	g->hilt_s = (uint32_t)c->guardrail.hilt_deadline_s;
	g->allow_enforce = (uint32_t)c->gateway.allow_enforce;
	g->max_connections = (uint32_t)c->gateway.max_connections;
	g->requests_per_second = (uint32_t)c->gateway.requests_per_second;
	g->requests_burst = (uint32_t)c->gateway.requests_burst;
	g->workers = (uint32_t)c->gateway.workers;
	strlcpy(g->token_name, c->gateway.token_secret,
	    sizeof(g->token_name));
	strlcpy(g->block_message, c->guardrail.block_message,
	    sizeof(g->block_message));
}

static void
rec_audit_fill(const struct conf *c, struct rec_audit *a)
{
	memset(a, 0, sizeof(*a));
	a->hash_alg = c->audit.hash == CONF_SHA_256 ? CHAIN_SHA256 :
	    CHAIN_BLAKE2B;
	a->checkpoint_events = (uint32_t)c->audit.checkpoint_events;
	a->checkpoint_seconds = (uint32_t)c->audit.checkpoint_seconds;
	a->allow_enforce = (uint32_t)c->gateway.allow_enforce;
	a->principal_mb_per_hour = (uint32_t)c->audit.principal_mb_per_hour;
	a->disk_reserve_mb = (uint32_t)c->audit.disk_reserve_mb;
	a->max_size_mb = (uint32_t)c->audit.max_size_mb;
	a->body_days = (uint32_t)c->judge.body_days;
	a->hilt_s = (uint32_t)c->guardrail.hilt_deadline_s;
}

static void
plan_secret(struct plan *p, enum role_id id, const char *name, int required)
{
	struct plan_secret	*ps;

	if (p->nsecrets == MAX_PLAN_SECRETS)
		fatalx("too many secrets");
	ps = &p->secrets[p->nsecrets++];
	ps->role = id;
	ps->required = (uint32_t)required;
	strlcpy(ps->name, name, sizeof(ps->name));
}

/* those of a name: what is not there is not waited for */
static void
plan_tokens(const struct conf *c, struct plan *p)
{
	struct conf_token	 t[MAX_TOKENS];
	char			 name[MAX_SECRET_NAME], err[MAX_SCHEMA_ERR];
	int			 i, n;

	n = schema_tokens(c, t, err, sizeof(err));
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "token-%.*s", MAX_TOKEN_NAME -
		    1, t[i].name);
		plan_secret(p, ROLE_GATEWAYD, name, 0);
		strlcat(name, ".old", sizeof(name));
		if (t[i].old_until != 0)
			plan_secret(p, ROLE_GATEWAYD, name, 0);
	}
}

static void
plan_fill(const struct conf *c, struct plan *p)
{
	unsigned char	hash[CONF_HASH_LEN];

	memset(p, 0, sizeof(*p));
	strlcpy(p->bind, c->gateway.api_bind, sizeof(p->bind));
	p->port = (uint32_t)c->gateway.api_port;
	p->workers = (uint32_t)c->gateway.workers;
	p->log_max_bytes = (uint32_t)c->log.max_size_mb * 1024 * 1024;
	p->log_total_bytes = (uint32_t)c->log.max_total_mb * 1024 * 1024;
	p->log_reserve_mb = (uint32_t)c->audit.disk_reserve_mb;
	p->verbose = c->log.level == CONF_LOG_DEBUG;
	p->allow_no_landlock = (uint32_t)c->sandbox.allow_no_landlock;
	strlcpy(p->pack_dir, c->guardrail.rule_pack_dir, sizeof(p->pack_dir));
	conf_hash(c, hash);
	sodium_bin2hex(p->conf_hash, sizeof(p->conf_hash), hash,
	    sizeof(hash));
	/* without a token there is no TCP service; the keys are a must */
	plan_secret(p, ROLE_GATEWAYD, c->gateway.token_secret, 0);
	plan_secret(p, ROLE_GATEWAYD, "redaction.key", 1);
	plan_secret(p, ROLE_AUDITD, "redaction.key", 1);
	plan_tokens(c, p);
}

/*
 * What is in w, sealed, to the supervisor; w is freed.  The digest is what
 * tells it whether a later one says the same; NULL where it need not know.
 */
static void
send_blob(struct wbuf *w, const struct blob *b, unsigned char *digest)
{
	char	 err[MAX_CONFINE_ERR];
	int	 fd;

	if (w->failed)
		fatalx("records of %s: too large", role_name(b->role));
	if (digest != NULL)
		crypto_generichash(digest, PLAN_DIGEST_LEN, w->data, w->len,
		    NULL, 0);
	if ((fd = sealed_create("records", w->data, w->len)) == -1) {
		sealed_why(err, sizeof(err));
		fatalx("%s", err);
	}
	if (peer_send(role.sup, MSG_BLOB, 0, fd, b, sizeof(*b)) == -1)
		fatal("send");
	wbuf_free(w);
}

static void
add_tokens(const struct conf *c, struct wbuf *w)
{
	struct conf_token	 t[MAX_TOKENS];
	struct rec_token	 r;
	char			 err[MAX_SCHEMA_ERR];
	int			 i, n;

	n = schema_tokens(c, t, err, sizeof(err));
	for (i = 0; i < n; i++) {
		memset(&r, 0, sizeof(r));
		strlcpy(r.name, t[i].name, sizeof(r.name));
		r.old_until = t[i].old_until;
		records_add(w, REC_TOKEN, &r, sizeof(r));
	}
}

/*
 * Records of one role to the supervisor; their digest goes into the plan.
 */
static void
send_records(enum role_id id, const struct conf *c, struct plan *plan)
{
	struct rec_suite	 suite;
	struct rec_gateway	 gw;
	struct rec_audit	 audit;
	struct blob		 b;
	struct wbuf		 w;

	memset(&suite, 0, sizeof(suite));
	/* auditd learns it from the roster: it need not start again for it */
	if (id != ROLE_AUDITD)
		strlcpy(suite.conf_hash, plan->conf_hash,
		    sizeof(suite.conf_hash));
	strlcpy(suite.agent_id, c->agent.id, sizeof(suite.agent_id));
	strlcpy(suite.agent_name, c->agent.name, sizeof(suite.agent_name));
	wbuf_init(&w, MAX_RECORDS);
	wbuf_u32(&w, RECORDS_MAGIC);
	/* the signer's records do not change with the configuration */
	if (id != ROLE_SIGNER)
		records_add(&w, REC_SUITE, &suite, sizeof(suite));
	if (id == ROLE_GATEWAYD) {
		rec_gateway_fill(c, &gw);
		records_add(&w, REC_GATEWAY, &gw, sizeof(gw));
		judgerec_use(c, &w);
		add_tokens(c, &w);
	} else if (id == ROLE_AUDITD) {
		rec_audit_fill(c, &audit);
		records_add(&w, REC_AUDIT, &audit, sizeof(audit));
	}
	memset(&b, 0, sizeof(b));
	b.kind = BLOB_RECORDS;
	b.role = id;
	send_blob(&w, &b, plan->digest[id]);
}

/*
 * auditd learns of every sink, a process of its own has each enabled one.
 */
static void
send_sinks(const struct conf *c, struct plan *plan)
{
	struct plan_sink	*ps;
	struct blob		 b;
	struct wbuf		 w;
	int			 i;

	memset(&b, 0, sizeof(b));
	b.kind = BLOB_OUTBOX;
	b.role = ROLE_AUDITD;
	wbuf_init(&w, MAX_RECORDS);
	wbuf_u32(&w, RECORDS_MAGIC);
	for (i = 0; i < c->nsinks; i++)
		sinkrec_outbox(&c->sinks[i], &w);
	send_blob(&w, &b, NULL);
	for (i = 0; i < c->nsinks; i++) {
		if (!c->sinks[i].enabled)
			continue;
		ps = &plan->sinks[plan->nsinks];
		sinkrec_plan(&c->sinks[i], ps);
		b.kind = BLOB_RECORDS;
		b.role = ROLE_SINK;
		b.index = plan->nsinks++;
		wbuf_init(&w, MAX_RECORDS);
		wbuf_u32(&w, RECORDS_MAGIC);
		sinkrec_sink(&c->sinks[i], &w);
		send_blob(&w, &b, ps->digest);
	}
}

/*
 * There is a process only when a strategy may want it.
 */
static void
send_judge(const struct conf *c, struct plan *plan)
{
	struct blob	 b;
	struct wbuf	 w;

	judgerec_plan(c, &plan->judge);
	if (plan->judge.name[0] == '\0')
		return;
	memset(&b, 0, sizeof(b));
	b.kind = BLOB_RECORDS;
	b.role = ROLE_JUDGE;
	wbuf_init(&w, MAX_RECORDS);
	wbuf_u32(&w, RECORDS_MAGIC);
	judgerec_judge(&c->judge, &w);
	send_blob(&w, &b, plan->judge.digest);
}

int
main(int argc, char *argv[])
{
	static struct conf		 conf;
	static struct conf_report	 report;
	static struct plan		 plan;
	char				 err[MAX_CONFFILE_ERR];
	char				 line[MAX_CONF_MSG], *text;
	struct itimerval		 alarm_at;
	size_t				 len;
	int				 fd, i, rc;

	role_begin(argc, argv, ROLE_CONFC);
	if ((fd = role_fd(SFD_INPUT, NULL)) == -1)
		fatalx("no configuration was handed over");
	memset(&alarm_at, 0, sizeof(alarm_at));
	alarm_at.it_value.tv_sec = MAX_CONFC_SECONDS;
	if (setitimer(ITIMER_REAL, &alarm_at, NULL) == -1)
		fatal("alarm");
	role_enter(&confc_promise, NULL);

	if (conffile_read(fd, MAX_CONF_SIZE, &text, &len, err,
	    sizeof(err)) == -1)
		fatalx("%s: %s", CONFC_NAME, err);
	rc = conf_parse(text, len, CONFC_NAME, &conf, &report);
	for (i = 0; i < report.nmsgs; i++) {
		conf_msg_text(&report, &report.msgs[i], line, sizeof(line));
		if (report.msgs[i].is_warning)
			log_warnx("%s", line);
		else if (rc == -1)
			fatalx("%s", line);
	}
	if (rc == -1)
		fatalx("%s: invalid", CONFC_NAME);
	plan_fill(&conf, &plan);
	send_records(ROLE_GATEWAYD, &conf, &plan);
	send_records(ROLE_AUDITD, &conf, &plan);
	send_records(ROLE_SIGNER, &conf, &plan);
	send_sinks(&conf, &plan);
	send_judge(&conf, &plan);
	if (peer_send(role.sup, MSG_PLAN, 0, -1, &plan, sizeof(plan)) == -1 ||
	    peer_flush(role.sup, MAX_CONFC_SECONDS * 1000) == -1)
		fatal("send");
	_exit(0);
}
