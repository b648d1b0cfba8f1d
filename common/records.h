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

#ifndef COMMON_RECORDS_H
#define COMMON_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"

/*
 * What confc tells one role: a header and typed records of exact length in a
 * sealed memory file.  A role takes the types it knows by name; a missing,
 * repeated or wrongly sized one is fatal to it.
 */

#define RECORDS_MAGIC	0x44435231U	/* "DCR1" */
#define MAX_RECORDS	(64 * 1024)	/* bytes of one role's file */

enum record_type {
	REC_SUITE = 1,		/* struct rec_suite: every role */
	REC_GATEWAY,		/* struct rec_gateway */
	REC_AUDIT,		/* struct rec_audit */
	REC_OUTBOX,		/* struct rec_outbox: one per sink, to auditd */
	REC_SINK,		/* struct rec_sink: one, to its sinkd */
	REC_SINK_HEADER,	/* struct rec_pair: HTTP header and value */
	REC_SINK_SOURCETYPE,	/* struct rec_pair: action and sourcetype */
	REC_JUDGE,		/* struct rec_judge: to sinkd -P judge */
	REC_JUDGE_USE,		/* struct rec_judge_use: to gatewayd */
	REC_TOKEN		/* struct rec_token: a name each, gatewayd */
};

struct record_hdr {
	uint32_t	type;
	uint32_t	len;		/* payload */
};

struct rec_suite {
	char		conf_hash[65];
	char		agent_id[65];
	char		agent_name[65];
	char		pad[5];
};

struct rec_gateway {
	uint32_t	mode;		/* enum gateway_mode */
	uint32_t	profile;	/* enum profile */
	uint32_t	allow_enforce;
	uint32_t	max_connections;
	uint32_t	requests_per_second;	/* of all workers; 0: any */
	uint32_t	requests_burst;
	uint32_t	workers;	/* as configured: shares depend on it */
	uint32_t	hilt_severity;	/* a person decides; 0: no */
	uint32_t	hilt_s;		/* and has so long */
	char		token_name[65];	/* of the actor "token:NAME" */
	char		block_message[513];
	char		pad[2];
};

/*
 * A client's token by its name; in secrets/ it is "token-NAME", and the one
 * before it "token-NAME.old".
 */
#define MAX_TOKENS		8
#define MAX_TOKEN_NAME		32
struct rec_token {
	char		name[MAX_TOKEN_NAME];
	uint64_t	old_until;	/* s since 1970; 0: there is none */
};

enum gateway_mode { GATEWAY_OBSERVE = 0, GATEWAY_ACTION = 1 };

/* which severity does what: facts of the August tree */
enum profile {
	PROFILE_DEFAULT = 0,	/* block CRITICAL, alert MEDIUM */
	PROFILE_STRICT,		/* block MEDIUM, alert LOW */
	PROFILE_BALANCED,	/* as default */
	PROFILE_PERMISSIVE	/* block CRITICAL, alert HIGH */
};

struct rec_audit {
	uint32_t	hash_alg;	/* enum hash_alg */
	uint32_t	checkpoint_events;
	uint32_t	checkpoint_seconds;
	uint32_t	allow_enforce;	/* list changes by clients */
	uint32_t	principal_mb_per_hour;	/* 0: any */
	uint32_t	disk_reserve_mb;
	uint32_t	max_size_mb;		/* 0: any */
	uint32_t	body_days;	/* a judge's words are kept */
	uint32_t	hilt_s;		/* an approval waits, and holds */
};

/* what auditd must know of a sink: which events it gets, and from where */
#define MAX_SINK_ACTIONS	16
struct rec_outbox {
	char		name[65];
	char		pad[3];
	uint32_t	kind;		/* enum sink_kind */
	uint32_t	enabled;
	uint32_t	min_severity;	/* enum severity; 0: all */
	uint64_t	start;		/* a new one's: 0 now, else this seq */
	uint32_t	nactions;	/* 0: all */
	uint32_t	pad2;
	char		actions[MAX_SINK_ACTIONS][64];
};

enum sink_kind {
	SINK_HEC = 1,		/* splunk_hec */
	SINK_OTLP,		/* otlp_logs */
	SINK_JSONL,		/* http_jsonl */
	SINK_SYSLOG,
	SINK_FILE,
	SINK_WEBHOOK
};

/* what a webhook's receiver understands */
enum webhook_type {
	WEBHOOK_SLACK = 0,
	WEBHOOK_PAGERDUTY,
	WEBHOOK_WEBEX,
	WEBHOOK_GENERIC
};

enum sink_transport {
	SINK_TCP = 1,		/* http:// and syslog over TCP */
	SINK_TLS,		/* https:// and syslog over TLS */
	SINK_LOCAL,		/* the host's own syslog socket */
	SINK_DIR		/* its own directory */
};

/* everything a sink's process knows of its one endpoint, but the secrets */
#define MAX_SINK_HEADERS	16
#define MAX_SINK_SOURCETYPES	32
#define MAX_SINK_HOST		256
#define MAX_SINK_URL		1024
struct rec_sink {
	char		name[65];
	char		token_name[65];	/* of its secret; "": none */
	char		pad[2];
	uint32_t	kind;		/* enum sink_kind */
	uint32_t	transport;	/* enum sink_transport */
	uint32_t	verify_tls;
	uint32_t	port;		/* of host, or of proxy_host if set */
	uint32_t	gzip;
	uint32_t	use_ack;	/* HEC: indexer acknowledgement */
	uint32_t	protobuf;	/* OTLP: 0 is JSON */
	uint32_t	facility;	/* syslog, RFC 5424 number */
	uint32_t	batch_events;
	uint32_t	batch_bytes;	/* of a body before compression */
	uint32_t	flush_ms;	/* a batch waits so long to fill */
	uint32_t	timeout_ms;	/* of one request */
	uint32_t	ack_timeout_ms;	/* HEC: then it is sent again */
	uint32_t	rotate_bytes;	/* file */
	uint32_t	rotate_files;	/* file: kept beside the current one */
	uint32_t	webhook;	/* enum webhook_type */
	uint32_t	cooldown_s;	/* webhook: 0 none */
	char		host[MAX_SINK_HOST];	/* name or numeric address */
	char		url[MAX_SINK_URL];	/* HTTP kinds, no credentials */
	char		proxy_host[MAX_SINK_HOST]; /* "": none */
	uint32_t	target_port;	/* of host, when there is a proxy */
	char		method[8];	/* http_jsonl: POST, PUT, PATCH */
	char		auth_header[64]; /* "": Authorization */
	char		index[128];	/* HEC; "": left out */
	char		source[128];
	char		sourcetype[128];
	char		logger_name[128]; /* OTLP scope */
	char		pin[64];	/* "sha256//BASE64" of a public key */
	char		room_id[128];	/* webhook: webex */
};

struct rec_pair {
	char		name[64];
	char		value[512];
};

/* everything the judge's process knows, but its key */
#define MAX_JUDGE_MODEL		256
struct rec_judge {
	char		key_name[65];	/* of its secret; "": none */
	char		pad[3];
	uint32_t	transport;	/* SINK_TCP, SINK_TLS */
	uint32_t	port;
	uint32_t	max_concurrent;
	uint32_t	queue;
	uint32_t	cache_ttl_s;	/* 0: no cache */
	char		host[MAX_SINK_HOST];	/* name or numeric address */
	char		url[MAX_SINK_URL];	/* of its chat completions */
	char		model[MAX_JUDGE_MODEL];	/* as it is sent */
};

enum strategy {
	STRATEGY_REGEX_ONLY = 1,
	STRATEGY_REGEX_JUDGE,
	STRATEGY_JUDGE_FIRST
};

/* what text gets that is undecided when the judge fails */
enum judge_on_error { ON_ERROR_ALLOW = 0, ON_ERROR_ALERT, ON_ERROR_BLOCK };

/* when and about what gatewayd asks */
struct rec_judge_use {
	uint32_t	strategy[4];	/* by enum judge_direction */
	uint32_t	wanted;		/* 0: there is no judge's process */
	uint32_t	sweep;
	uint32_t	keep_bodies;
	uint32_t	body_days;
	uint32_t	timeout_ms;
	uint32_t	adjudication_ms;
	uint32_t	on_error;	/* enum judge_on_error */
	uint32_t	injection;
	uint32_t	pii_prompt;	/* pii, and in prompts */
	uint32_t	pii_completion;
	uint32_t	tool_injection;
	uint32_t	exfil;
	char		model[MAX_JUDGE_MODEL];	/* as configured, to show */
	char		url[MAX_SINK_URL];	/* to show */
};

struct records {
	const void	*map;
	size_t		 len;
};

/* takes fd; -1 with errno when it is no whole, sealed set of records */
int	records_open(struct records *, int);
void	records_close(struct records *);

/* appends a record to a file that RECORDS_MAGIC begins (wbuf_u32) */
void	records_add(struct wbuf *, enum record_type, const void *, size_t);

/* copies the one record of this type; -1: none, several, other length */
int	records_get(const struct records *, enum record_type, void *, size_t);

/*
 * Copies the n-th record of this type, from 0.  0 when there is none so far;
 * 1; -1 when it has another length.
 */
int	records_nth(const struct records *, enum record_type, size_t, void *,
	    size_t);

#endif /* COMMON_RECORDS_H */
