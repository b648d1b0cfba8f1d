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

#ifndef COMMON_DBROW_H
#define COMMON_DBROW_H

#include <sqlite3.h>
#include <stddef.h>

#include "common/chain.h"

/*
 * One row of the audit database as the store and the offline verifier read
 * it.  A statement begins with DBROW_SELECT and goes on with a WHERE over
 * e (events) and p (epochs).
 */
#define DBROW_SELECT							\
	"SELECT e.seq, e.id, e.time_us, e.severity, e.generation,"	\
	" e.hash_alg, e.salt, e.commitment, e.prev, e.hash,"		\
	" p.epoch, p.device,"						\
	" e.action, e.target, e.actor, e.details, e.run_id, e.trace_id,"\
	" e.request_id, e.session_id, e.agent_name,"			\
	" e.agent_instance_id, e.policy_id, e.destination_app,"		\
	" e.tool_name, e.tool_id, e.content_hash, e.binary_version,"	\
	" e.agent_id, e.sidecar_instance_id"				\
	" FROM events e JOIN epochs p ON p.n = e.epoch "
#define DBROW_FIELD0	12	/* column of EV_ACTION */
#define DBROW_SCHEMA	8	/* user_version, the last that is known */

/*
 * How many list entries and acknowledgements name no row that made them.
 * The chain does not cover these two tables: an entry that is gone, or an
 * older one that was true once, is not seen by this.
 */
#define DBROW_UNFOUNDED_LISTS						\
	"SELECT count(*) FROM policy_list l LEFT JOIN events e"		\
	" ON e.seq = l.seq WHERE e.seq IS NULL OR e.target IS NULL"	\
	" OR (e.target <> l.name AND e.target NOT LIKE '<redacted%')"	\
	" OR e.action NOT IN ("						\
	"CASE l.type WHEN 1 THEN 'tool-' WHEN 2 THEN 'skill-'"		\
	" WHEN 3 THEN 'mcp-' WHEN 4 THEN 'plugin-'"			\
	" ELSE 'mcp-pin-' END ||"			\
	"CASE l.action WHEN 1 THEN 'block' ELSE 'allow' END,"		\
	"'api-enforce-' ||"						\
	"CASE l.action WHEN 1 THEN 'block' ELSE 'allow' END)"
#define DBROW_UNFOUNDED_ACKS						\
	"SELECT count(*) FROM alert_ack a LEFT JOIN events e"		\
	" ON e.seq = a.ack_seq WHERE e.seq IS NULL"			\
	" OR e.action <> 'acknowledge-alerts'"				\
	" OR e.target IS NOT CAST(a.seq AS TEXT)"

/*
 * Reads the row the statement stands on.  Strings belong to the statement
 * until it is stepped or reset.  -1 with err when a column has a type, a
 * length or a value that the store never writes.
 */
int	 dbrow_read(sqlite3_stmt *, struct chain_row *, char *, size_t);

#endif /* COMMON_DBROW_H */
