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

#ifndef COMMON_EXPORT_H
#define COMMON_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"

/*
 * The exported log: JSON lines (one object, no white space, LF).  The first
 * line is the header, each further line one row, in ascending sequence.
 *
 * Header:
 *	{"type":"defenseclaw-audit-export","version":1,"device":"..",
 *	"public_key":"..","hash_alg":"blake2b-256","from":1}
 * Row:
 *	{"seq":1,"id":"uuid","timestamp":"..","severity":"HIGH",
 *	"schema_version":1,"generation":0,"action":"..", then the other text
 *	fields that are present under their event_field_name and in their
 *	order, "device":"..","epoch":"..","hash_alg":"blake2b-256",
 *	"salt":"..","commitment":"..","prev_hash":"..","hash":".."}
 *
 * There is one spelling of a line: the readers encode again what they
 * understood and compare bytes, so every bit of a line counts.
 *
 * hash_alg in the header is the one of the first row.
 */

#define EXPORT_VERSION		1
#define MAX_EXPORT_HEADER	512
/* every byte of an event may need a \u00xx */
#define MAX_EXPORT_LINE		(6 * MAX_EVENT_LEN + 2048)

/*
 * An action and actor that mark a row carrying a signed head as details; the
 * row comes at most MAX_CHECKPOINT_LAG rows after the head's, a head that is
 * older is not recorded but asked for anew.
 */
#define MAX_CHECKPOINT_LAG	16384
#define ACTION_CHECKPOINT	"checkpoint"
#define ACTION_EPOCH		"audit-epoch"
#define ACTION_UNFOUNDED "lists-unfounded"
#define ACTOR_AUDITD		"role:auditd"

struct export_header {
	uint8_t		device[CHAIN_DEVICE_LEN];
	uint8_t		public_key[CHAIN_KEY_LEN];
	enum chain_alg	alg;
	uint64_t	from;		/* sequence of the first row */
};

/*
 * Both write without LF but with a NUL and return the length, or -1 with
 * errno EMSGSIZE when size is too small, EINVAL when a value has no
 * spelling (unknown severity or hash, sequence 0, time after year 9999).
 */
ssize_t	 export_header_line(const struct export_header *, char *, size_t);
ssize_t	 export_row_line(const struct chain_row *, char *, size_t);

/* 0, or -1 with err.  The line comes without its LF. */
int	 export_header_parse(struct export_header *, const char *, size_t,
	    char *, size_t);

/*
 * Reads a row.  The strings of row->ev live until the next call with the
 * same reader.  chain_check is left to the caller.
 */
struct export_reader;
struct export_reader	*export_reader_new(void);	/* NULL: no memory */
void	 export_reader_free(struct export_reader *);
int	 export_row_parse(struct export_reader *, struct chain_row *,
	    const char *, size_t, char *, size_t);

/* 1 when the row is a checkpoint, whose details are a signed head */
int	 export_is_checkpoint(const struct chain_row *);

#endif /* COMMON_EXPORT_H */
