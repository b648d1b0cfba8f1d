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

#ifndef CTL_VERIFY_H
#define CTL_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "common/chain.h"
#include "common/head.h"

/*
 * Offline verification of the audit log, from exported lines or straight
 * from the database file, with nothing but the device's public key.
 *
 * What a good answer means: every row from the first to the last chains,
 * and up to signed_seq the device's signature says so.  Rows after it chain
 * but whoever can write the file could have written them.  Only with an
 * anchor (a signed head kept elsewhere) does it also say that the log is not
 * a shorter or an older one.
 */

#define MAX_VERIFY_REASON	320

struct verify_conf {
	uint8_t			 public_key[CHAIN_KEY_LEN];
	const struct head	*anchor;	/* NULL: none */
	uint64_t		 from;		/* first row; 0 is 1 */
};

struct verify_result {
	int		ok;
	int		damaged;	/* not ok: SQLite says so */
	uint64_t	bad_seq;	/* first bad row, 0 when none is */
	char		reason[MAX_VERIFY_REASON]; /* "" when ok */
	uint64_t	rows;		/* good ones */
	uint64_t	last_seq;
	uint64_t	signed_seq;	/* whole and signed up to it; 0: none */
	uint64_t	signed_time_us;
	unsigned int	epochs;
	int		anchored;	/* its row was found as signed */
};

struct verify;

/* NULL: no memory, or the anchor is not signed by this key (err) */
struct verify	*verify_new(const struct verify_conf *, char *, size_t);
void	 verify_free(struct verify *);

/*
 * The next line of an export, header first, without its LF; or the next row
 * from elsewhere.  0, or -1 once something is bad: further input is not
 * looked at.
 */
int	 verify_line(struct verify *, const char *, size_t);
int	 verify_row(struct verify *, const struct chain_row *);
void	 verify_end(struct verify *, struct verify_result *);

/*
 * All at once; -1 with err only when nothing could be verified (file cannot
 * be read, bad anchor).  verify_db opens the file read-only and may run
 * beside the suite; it reads in pieces and holds up no checkpoint.  It also
 * looks at the lists and acknowledgements beside the log (common/dbrow.h).
 */
int	 verify_fd(int, const struct verify_conf *, struct verify_result *,
	    char *, size_t);
int	 verify_db(const char *, const struct verify_conf *,
	    struct verify_result *, char *, size_t);

/* the same of a database that the caller has open */
struct sqlite3;
int	 verify_open_db(struct sqlite3 *, const struct verify_conf *,
	    struct verify_result *, char *, size_t);

#endif /* CTL_VERIFY_H */
