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

#ifndef CTL_SCHEMA_H
#define CTL_SCHEMA_H

#include <stddef.h>

#include "common/records.h"

/*
 * The configuration, once: a table of every key this program supports, the
 * struct a valid configuration becomes, and the list of keys of the
 * reference implementation that are known but have no effect here.
 *
 * Parser, editor, `config validate`, `config show`, the manual page and the
 * completions are derived from schema_keys[]; a new key is one line there
 * and one field in struct conf.
 */

#define CONF_VERSION		5	/* the config_version we write */
#define MAX_CONF_SIZE		(256 * 1024)	/* bytes of config.yaml */
#define MAX_CONF_KEYS		128	/* lines of schema_keys[] */
#define MAX_CONF_KEY		128	/* a key path, with its NUL */
#define MAX_CONF_NAME		65	/* names and ids, with NUL */
#define MAX_CONF_ADDR		46	/* INET6_ADDRSTRLEN */
#define MAX_CONF_PATH		256	/* paths, with NUL */
#define MAX_CONF_TEXT		513	/* one line of text, with NUL */
#define MAX_CONF_VALUE		MAX_CONF_TEXT	/* any value as text */
#define MAX_SCHEMA_ERR		192

enum conf_mode {
	CONF_OBSERVE,
	CONF_ACTION
};

enum conf_strategy {
	CONF_INHERIT,		/* per direction only: as detection_strategy */
	CONF_REGEX_ONLY,
	CONF_REGEX_JUDGE,
	CONF_JUDGE_FIRST
};

enum conf_hash_alg {
	CONF_BLAKE2B_256,
	CONF_SHA_256
};

enum conf_log_level {
	CONF_LOG_INFO,
	CONF_LOG_DEBUG
};

enum conf_sink_kind {		/* in the order of enum sink_kind, from 0 */
	CONF_SINK_HEC,
	CONF_SINK_OTLP,
	CONF_SINK_JSONL,
	CONF_SINK_SYSLOG,
	CONF_SINK_FILE,
	CONF_SINK_WEBHOOK
};

enum conf_transport {
	CONF_SYSLOG_TCP,
	CONF_SYSLOG_TLS,
	CONF_SYSLOG_LOCAL
};

struct conf_pair {
	char	 name[64];
	char	 value[512];
};

#define MAX_CONF_SINKS		16	/* of audit_sinks; MAX_SINKS */
#define MAX_CONF_PAIRS		16	/* headers, sourcetype overrides */
#define MAX_CONF_URL		1024
#define MAX_CONF_HOST		256

/*
 * One of audit_sinks.  What depends on the kind stands in the section named
 * after it; url, host and port are derived from its endpoint.
 */
struct conf_sink {
	char	 name[MAX_CONF_NAME];
	int	 kind;			/* enum conf_sink_kind */
	int	 enabled;
	int	 batch_size;
	int	 batch_kb;
	int	 flush_interval_s;
	int	 timeout_s;
	char	 min_severity[16];	/* "": all */
	int	 nactions;
	char	 actions[MAX_SINK_ACTIONS][64];
	char	 start[24];		/* now, beginning, or a sequence */
	char	 token_secret[MAX_CONF_NAME];
	char	 ca_file[MAX_CONF_PATH];
	char	 client_cert[MAX_CONF_PATH];
	char	 client_key[MAX_CONF_PATH];
	char	 pin[64];
	char	 proxy[MAX_CONF_HOST + 16];	/* host:port */
	char	 endpoint[MAX_CONF_URL];
	int	 verify_tls;
	int	 gzip;
	char	 index[128];
	char	 source[128];
	char	 sourcetype[128];
	int	 use_ack;
	int	 ack_timeout_s;
	char	 protocol[8];		/* otlp: http; grpc is refused */
	int	 encoding;		/* otlp: 0 json, 1 protobuf */
	char	 url_path[256];
	int	 insecure;
	char	 logger_name[128];
	int	 method;		/* http_jsonl: POST, PUT, PATCH */
	char	 auth_header[64];
	int	 transport;		/* enum conf_transport */
	int	 facility;
	char	 path[MAX_CONF_PATH];	/* syslog: the local socket */
	int	 rotate_mb;
	int	 rotate_files;
	int	 webhook;		/* enum webhook_type */
	char	 room_id[128];
	int	 cooldown_seconds;
	int	 nheaders;
	struct conf_pair headers[MAX_CONF_PAIRS];
	int	 nsourcetypes;
	struct conf_pair sourcetypes[MAX_CONF_PAIRS];
	/* derived */
	char	 url[MAX_CONF_URL];
	char	 host[MAX_CONF_HOST];
	int	 port;
	int	 tls;
	char	 proxy_host[MAX_CONF_HOST];
	int	 proxy_port;
	int	 line;
};

/*
 * guardrail.judge.  url, host and port are derived from api_base.
 */
struct conf_judge {
	int	 enabled;
	char	 model[MAX_JUDGE_MODEL];
	char	 api_base[MAX_CONF_VALUE];
	char	 api_key_env[MAX_CONF_NAME];
	char	 key_secret[MAX_CONF_NAME];
	char	 ca_file[MAX_CONF_PATH];
	int	 timeout_ms;
	int	 adjudication_ms;
	int	 max_concurrent;
	int	 queue;
	int	 cache_ttl;
	int	 on_error;		/* enum judge_on_error */
	int	 injection;
	int	 pii;
	int	 pii_prompt;
	int	 pii_completion;
	int	 tool_injection;
	int	 exfil;
	int	 body_days;
	/* derived */
	char	 url[MAX_CONF_URL];
	char	 host[MAX_CONF_HOST];
	int	 port;
	int	 tls;
};

enum conf_token_env {
	CONF_TOKEN_DEFENSECLAW,	/* DEFENSECLAW_GATEWAY_TOKEN */
	CONF_TOKEN_OPENCLAW	/* OPENCLAW_GATEWAY_TOKEN */
};

/*
 * A valid configuration: fields are named as their keys, bool, int and enum
 * are int, strings are NUL-terminated.  line[i] is where schema_keys[i] was
 * set, 0 when its default holds.
 */
struct conf {
	int	 config_version;
	int	 managed;
	struct {
		char	 id[MAX_CONF_NAME];
		char	 name[MAX_CONF_NAME];
	} agent;
	struct {
		char	 api_bind[MAX_CONF_ADDR];	/* never empty */
		int	 api_port;
		int	 token_env;		/* enum conf_token_env */
		char	 token_secret[MAX_CONF_NAME];
		char	 tokens[MAX_CONF_TEXT];
		int	 allow_enforce;
		int	 workers;		/* 0: one per core, at most 4 */
		int	 max_connections;
		int	 requests_per_second;
		int	 requests_burst;
	} gateway;
	struct {
		int	 enabled;
		int	 mode;			/* enum conf_mode */
		char	 rule_pack_dir[MAX_CONF_PATH];	/* "": the default */
		char	 block_message[MAX_CONF_TEXT];
		int	 hilt_enabled;
		int	 hilt_min_severity;	/* 0 LOW, as the rest of them */
		int	 hilt_deadline_s;
		int	 detection_strategy;	/* enum conf_strategy */
		int	 detection_strategy_prompt;
		int	 detection_strategy_completion;
		int	 detection_strategy_tool_call;
		int	 judge_sweep;
		int	 retain_judge_bodies;
	} guardrail;
	struct conf_judge judge;	/* guardrail.judge */
	struct {
		char	 binary[MAX_CONF_PATH];
		int	 policy;
		int	 lenient;
		int	 use_llm;
		int	 use_behavioral;
		int	 use_trigger;
		int	 enable_meta;
		int	 llm_consensus_runs;
	} skill_scanner;		/* of scanners */
	struct {
		char	 binary[MAX_CONF_PATH];
		char	 analyzers[128];
		int	 scan_prompts;
		int	 scan_resources;
		int	 scan_instructions;
	} mcp_scanner;
	struct {
		int	 hash;			/* enum conf_hash_alg */
		int	 checkpoint_events;
		int	 checkpoint_seconds;
		int	 principal_mb_per_hour;
		int	 disk_reserve_mb;
		int	 max_size_mb;
	} audit;
	struct {
		int	 level;			/* enum conf_log_level */
		int	 max_size_mb;
		int	 max_total_mb;
	} log;
	struct {
		char	 python[MAX_CONF_PATH];
	} scanners;
	struct {
		int	 allow_no_landlock;
	} sandbox;

	int	 nsinks;
	struct conf_sink sinks[MAX_CONF_SINKS];

	int	 line[MAX_CONF_KEYS];
};

enum key_type {
	KEY_BOOL,
	KEY_INT,	/* min..max */
	KEY_ENUM,	/* one of choices[], kept as its index */
	KEY_STRING,	/* one line of printable UTF-8, size bytes with NUL */
	KEY_PATH,	/* absolute, no ".." */
	KEY_NAME,	/* [A-Za-z0-9][A-Za-z0-9._-]*: a file below secrets/ */
	KEY_LOOPBACK	/* a loopback address, IPv4 or IPv6 */
};

#define KEYF_RELOAD	0x01	/* takes effect on reload */
#define KEYF_SECRET	0x02	/* names a secret: the name may be shown */
#define KEYF_EMPTY	0x04	/* may be the empty string */
#define KEYF_FRACTION	0x08	/* KEY_INT in thousandths; limits are not */

struct key {
	const char		*path;		/* "guardrail.mode" */
	enum key_type		 type;
	int			 flags;
	size_t			 off;		/* in conf, or conf_sink */
	size_t			 size;		/* of the field, strings */
	int			 min, max;	/* KEY_INT */
	const char *const	*choices;	/* KEY_ENUM, NULL at the end */
	const char		*def;		/* as text */
	const char		*help;		/* one line */
};

extern const struct key	 schema_keys[];
extern const int	 schema_nkeys;

/* keys of the reference implementation without effect here, NULL at the end */
extern const char *const schema_foreign[];

/* NULL when path is no supported key */
const struct key	*schema_find(const char *);

/* is path one of schema_foreign[] */
int	schema_is_foreign(const char *);

/* is path a section ("guardrail") that supported keys live in */
int	schema_is_section(const char *);

/* the supported key or section nearest in spelling, NULL when none is near */
const char	*schema_nearest(const char *);

/* every field to its default, line[] to 0 */
void	schema_defaults(struct conf *);

/*
 * Check a value given as text and store it in the field of the key.
 * Returns 0, or -1 with a reason that does not repeat the key
 * (MAX_SCHEMA_ERR bytes are enough).
 */
int	schema_set(const struct key *, const char *, void *, char *, size_t);

/* the value as text, as schema_set() takes it; MAX_CONF_VALUE is enough */
void	schema_get(const struct key *, const void *, char *, size_t);

/* "bool", "1..65535", "observe|action": for help, manual and completions */
void	schema_type_text(const struct key *, char *, size_t);

/*
 * The keys of one of audit_sinks: general ones, and those of a kind as
 * "KIND.KEY".  schema_set and schema_get take them with a struct conf_sink.
 */
extern const struct key	 schema_sink_keys[];
extern const int	 schema_nsink_keys;
extern const char *const schema_sink_kinds[];	/* enum conf_sink_kind */

const struct key	*schema_sink_find(const char *);
const char		*schema_sink_nearest(const char *);
void	schema_sink_defaults(struct conf_sink *);

/* is it a key of the sink's kind, or of all kinds, and no other's alias */
int	schema_sink_concerns(const struct key *, const struct conf_sink *);

/*
 * Whether it makes sense as a whole; fills in what is derived.  -1: *key is
 * the key at fault, in the sink, and err says why.
 */
int	schema_sink_check(struct conf_sink *, const char **, char *, size_t);

/*
 * Whether guardrail.judge makes sense as a whole; fills in what is derived.
 * -1: *key is the key at fault and err says why.
 */
int	schema_judge_check(struct conf_judge *, const char **, char *, size_t);

/* does a strategy want a judge, and is there to be one */
int	schema_judge_wanted(const struct conf *);

/* of prompt, completion, tool_call (enum judge_direction): never inherit */
enum conf_strategy	schema_strategy(const struct conf *, uint32_t);

/*
 * A URL as far as an endpoint needs it (RFC 3986: no user, no fragment): its
 * host, port (-1: none) and whether it is https; *path is the rest of it.  -1:
 * err says why not.
 */
int	schema_url(const char *, char *, size_t, int *, int *, const char **,
	    char *, size_t);

/* one of gateway.tokens */
struct conf_token {
	char		 name[MAX_TOKEN_NAME];
	uint64_t	 old_until;	/* s since 1970; 0: none before it */
};

/* all of them: how many, or -1 with a reason */
int	schema_tokens(const struct conf *, struct conf_token [MAX_TOKENS],
	    char *, size_t);

/* may this, of so many bytes, be the name of one: 0, or -1 */
int	schema_token_name(const char *, size_t);

/* changes between two words, at most MAX_CONF_KEY bytes of each */
int	schema_distance(const char *, const char *);

/* from a rule pack's path; anything but the four names is the default */
enum profile	schema_profile(const char *);

#endif /* CTL_SCHEMA_H */
