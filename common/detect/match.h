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

#ifndef COMMON_DETECT_MATCH_H
#define COMMON_DETECT_MATCH_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "common/event.h"

/*
 * The run time side of matching: opens a matcher image (image.h) and scans
 * texts.  Only the Hyperscan run time is needed.  One thread per struct.
 */

#define MAX_MATCH_TEXT		(64 * 1024 * 1024)	/* bytes, one scan */
#define MAX_MATCH_NS		100000000	/* CPU time of one request */
#define MATCH_SLOW		(-2)
#define MAX_MATCH_EVIDENCE	80	/* bytes of a match shown */

struct match;

enum match_text {
	MATCH_PLAIN,
	MATCH_COMMANDS,		/* with its commands marked (command.h) */
	MATCH_SENTENCES		/* with its sentences marked (sentence.h) */
};

/* Points into the image. */
struct match_rule {
	const char	*id;
	const char	*category;
	const char	*title;
	const char	*pattern;
	const char	**tags;
	size_t		 ntags;
	enum severity	 severity;
	double		 confidence;
	uint32_t	 group;		/* first rule of the same id */
	uint32_t	 width;		/* widest match, UINT32_MAX: no bound */
	uint8_t		 kind;
	uint8_t		 directions;
	uint8_t		 flags;
};

/*
 * One rule that holds.  The evidence lies in the scanned text, at most
 * MAX_MATCH_EVIDENCE bytes, cut between characters.  Indeterminate: neither
 * match nor no match could be established within the limits; it counts as a
 * finding.
 */
struct match_hit {
	const struct match_rule	*rule;
	const char		*evidence;
	size_t			 evidence_len;
	int			 indeterminate;
};

/*
 * Opens an image, which the caller keeps unchanged until match_close().
 * NULL with err filled: not an image, damaged, made for another processor or
 * version, no memory.
 */
struct match	*match_open(const void *, size_t, char *, size_t);
void		 match_close(struct match *);

/*
 * Forgets which rules have been reported; called once per request.
 */
void	 match_begin(struct match *);

/*
 * Scans one text of valid UTF-8 for the rules of any of the directions
 * (IMAGE_DIR_*) that look at texts of this kind.  Each rule id is reported
 * once between two match_begin().  Returns the number of hits, which stay
 * readable in *hits until the next call, or a negative value, and the text
 * counts as not inspected: -1, too long or the engine failed; MATCH_SLOW, a
 * long text took more than MAX_MATCH_NS.
 */
int	 match_scan(struct match *, enum match_text, const char *, size_t,
	    unsigned int, const struct match_hit **);

/* Whether any rule looks at texts of this kind. */
int	 match_looks_at(const struct match *, enum match_text);

/* bytes of the image that must stay: the database behind them is copied */
size_t			 match_kept(const struct match *);

size_t			 match_count(const struct match *);
const struct match_rule	*match_rule(const struct match *, size_t);
const void		*match_judge(const struct match *, size_t *);
const char		*match_hash(const struct match *);
const char		*match_pack(const struct match *);

#endif /* COMMON_DETECT_MATCH_H */
