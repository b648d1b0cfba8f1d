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

#ifndef CTL_EXPORTFMT_H
#define CTL_EXPORTFMT_H

#include <stdint.h>
#include <stdio.h>

#include "common/chain.h"

/*
 * Rows of the log as others want to read them.
 *
 *	jsonl	the lines of common/export.h, which can be verified
 *	csv	RFC 4180: a header, CRLF, quotes where they are needed.  A
 *		text cell that a spreadsheet would calculate, one beginning
 *		with = + - @ TAB or CR, begins with ' instead
 *	ocsf	JSON lines: class Detection Finding (2004) of the Open
 *		Cybersecurity Schema Framework, version OCSF_VERSION, with
 *		the profile security_control
 */

#define OCSF_VERSION	"1.3.0"
#define MAX_FORMAT_ROW	(1024 * 1024)	/* bytes of one row in any of them */

enum export_format { FORMAT_JSONL, FORMAT_CSV, FORMAT_OCSF };

/* 0, or -1 */
int	 exportfmt_parse(const char *, enum export_format *);

/*
 * malloc'd, with its line end and a NUL; the length is set.  NULL without
 * memory, or when there is none (header of ocsf).  A line of jsonl is the
 * caller's: these two are for the other formats.
 */
char	*exportfmt_header(enum export_format, size_t *);
char	*exportfmt_row(enum export_format, const struct chain_row *,
	    size_t *);

/*
 * What of a file is whole: the end of its last whole record, where that one
 * begins and its sequence (0: no row is whole), and whether a header is.
 * -1 with err when it cannot be read or is no export of that format.
 */
struct export_place {
	uint64_t	end;
	uint64_t	last;
	uint64_t	seq;
	int		header;
};
int	 exportfmt_place(enum export_format, FILE *, struct export_place *,
	    char *, size_t);

#endif /* CTL_EXPORTFMT_H */
