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

#ifndef COMMON_DETECT_DETECT_H
#define COMMON_DETECT_DETECT_H

#include <sys/types.h>

#include <stddef.h>

#include "common/event.h"
#include "common/detect/match.h"

/*
 * Text in, findings out: the one door to detection.  What a finding leads to
 * is not decided here.
 */

#define MAX_DETECT_TEXT		(4 * 1024 * 1024)	/* bytes, one piece */
#define MAX_DETECT_PIECES	64
#define MAX_FINDINGS		64	/* kept; the gravest ones */
#define MAX_FINDING_TITLE	256	/* bytes with suffix and NUL */

enum detect_direction {
	DETECT_PROMPT,		/* towards the model */
	DETECT_COMPLETION,	/* from the model, and results of tools */
	DETECT_TOOL_CALL
};

/*
 * A request is inspected as one or more pieces.  DETECT_PLAIN is what the
 * receiver will see: the message, the decoded strings of a tool's arguments
 * (joined by newlines).  DETECT_JSON is JSON text, inspected so that keys
 * are seen beside their values; its quotes and backslashes belong to JSON
 * and are not undone, therefore pass the decoded strings as well.
 */
enum detect_kind { DETECT_PLAIN, DETECT_JSON };

struct detect_piece {
	const char		*text;	/* any bytes, no NUL needed */
	size_t			 len;
	enum detect_kind	 kind;
};

/*
 * The rule pointers stay valid until detect_close().  Evidence and title are
 * valid UTF-8; evidence is not redacted: redact it before it is kept.
 */
struct detect_finding {
	const struct match_rule	*rule;		/* id, category, tags */
	enum severity		 severity;	/* after tuning by tool */
	double			 confidence;	/* 0 to 1, after tuning */
	int			 obfuscated;	/* seen only when normalised */
	int			 indeterminate;	/* a limit: counts as found */
	char			 title[MAX_FINDING_TITLE];
	char			 evidence[MAX_MATCH_EVIDENCE + 1];
};

struct detect_result {
	enum severity		 severity;	/* gravest, SEV_NONE if none */
	int			 indeterminate;	/* any finding is */
	size_t			 total;		/* found, also those not kept */
	size_t			 nfindings;	/* kept */
	/* gravest first, then by id */
	struct detect_finding	 findings[MAX_FINDINGS];
};

struct detect;

/*
 * Opens a matcher image, which stays in place until detect_close(); NULL
 * with a text in err.  To change rules: open the new one between two
 * requests, then close the old one.
 */
struct detect	*detect_open(const void *, size_t, char *, size_t);
void		 detect_close(struct detect *);

/*
 * Inspects.  The tool is the name of the tool called, or NULL.  0, or -1
 * with errno E2BIG (a piece over MAX_DETECT_TEXT, too many pieces), ENOMEM,
 * ETIMEDOUT (more than MAX_MATCH_NS for a long text) or EIO (the engine
 * failed): the text is not inspected and must be refused.
 */
int	 detect_text(struct detect *, enum detect_direction, const char *,
	    const struct detect_piece *, size_t, struct detect_result *);

/* bytes of the image that must stay in place; what follows may go */
size_t			 detect_kept(const struct detect *);

size_t			 detect_nrules(const struct detect *);
const struct match_rule	*detect_rule(const struct detect *, size_t);
/* the part of the image that is for a judge, and its length */
const void		*detect_judge(const struct detect *, size_t *);

const char		*detect_hash(const struct detect *);	/* 64 hex */
const char		*detect_pack(const struct detect *);	/* its name */

#endif /* COMMON_DETECT_DETECT_H */
