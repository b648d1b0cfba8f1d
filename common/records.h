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
	REC_AUDIT		/* struct rec_audit */
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
	uint32_t	pad0;
	char		token_name[65];	/* of the actor "token:NAME" */
	char		block_message[513];
	char		pad[6];
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
};

struct records {
	const void	*map;
	size_t		 len;
};

/* takes fd; -1 with errno when it is no whole, sealed set of records */
int	records_open(struct records *, int);
void	records_close(struct records *);

/* copies the one record of this type; -1: none, several, other length */
int	records_get(const struct records *, enum record_type, void *, size_t);

#endif /* COMMON_RECORDS_H */
