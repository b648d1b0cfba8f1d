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

#ifndef COMMON_EVENT_H
#define COMMON_EVENT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The audit event: one struct, one encoding, used by every role, by the store
 * and by the offline verifier.
 */

#define EVENT_ID_LEN		16
#define MAX_EVENT_FIELD		(32 * 1024)	/* bytes of one text field */
#define MAX_EVENT_LEN		(64 * 1024)	/* bytes of one encoded event */
#define EVENT_SCHEMA_VERSION	1		/* schema_version column */

/* ranks as the existing implementation has them, and INFO below LOW */
enum severity {
	SEV_NONE = 0,
	SEV_INFO = 1,
	SEV_LOW = 2,
	SEV_MEDIUM = 3,
	SEV_HIGH = 4,
	SEV_CRITICAL = 5
};
#define SEV_COUNT	6

/*
 * Text fields.  The numbers are the encoding and the order of hashing: never
 * renumber, only append before EV_COUNT.  Names (event_field_name) are the
 * column names of the audit_events view.
 */
enum event_field {
	EV_ACTION = 0,		/* inspect-tool-block, config-update, ... */
	EV_TARGET,		/* what it was done to: tool, path, model */
	EV_ACTOR,		/* uid:1000, token:NAME, role:auditd */
	EV_DETAILS,		/* one JSON object, redacted by its sender */
	EV_RUN_ID,
	EV_TRACE_ID,
	EV_REQUEST_ID,
	EV_SESSION_ID,
	EV_AGENT_NAME,
	EV_AGENT_INSTANCE_ID,
	EV_POLICY_ID,
	EV_DESTINATION_APP,
	EV_TOOL_NAME,
	EV_TOOL_ID,
	EV_CONTENT_HASH,	/* SHA-256 hex of the configuration in force */
	EV_BINARY_VERSION,
	EV_AGENT_ID,
	EV_SIDECAR_INSTANCE_ID,
	EV_COUNT
};

struct event {
	uint8_t		 id[EVENT_ID_LEN];	/* unique for ever */
	uint64_t	 time_us;		/* wall clock, us since 1970 */
	uint64_t	 generation;		/* policy generation */
	enum severity	 severity;
	const char	*field[EV_COUNT];	/* NULL is absent; not owned */
};

/*
 * Encodes into buf of size bytes; returns the length, or -1 with errno
 * EMSGSIZE (too long), EINVAL (no action, a field over MAX_EVENT_FIELD or not
 * UTF-8, a time after the year 9999, a generation over INT64_MAX).  An empty
 * text is encoded as an absent one.
 * The form, all integers little-endian:
 *	u16 version (1), u16 severity, u64 time_us, u64 generation, id[16],
 *	then per present field in ascending order:
 *	u16 field, u16 zero, u32 length with the NUL, bytes, NUL
 */
ssize_t	 event_encode(const struct event *, void *, size_t);

/*
 * Decodes; the strings point into the buffer, which the caller keeps.
 * Anything but the exact form above is -1 with errno EBADMSG: unknown
 * version, unknown or repeated or descending field, embedded NUL, invalid
 * UTF-8, bytes left over.
 */
int	 event_decode(struct event *, const void *, size_t);

const char	*event_field_name(enum event_field);
const char	*severity_name(enum severity);		/* "HIGH" */
int		 severity_parse(const char *, enum severity *);

/* text forms: UUID of an id (37 bytes with NUL), RFC 3339 UTC with us */
#define EVENT_UUID_SIZE	37
#define EVENT_TIME_SIZE	28
void	 event_uuid(const uint8_t [EVENT_ID_LEN], char [EVENT_UUID_SIZE]);
int	 event_uuid_parse(const char *, uint8_t [EVENT_ID_LEN]);
void	 event_time(uint64_t, char [EVENT_TIME_SIZE]);
int	 event_time_parse(const char *, uint64_t *);

#endif /* COMMON_EVENT_H */
