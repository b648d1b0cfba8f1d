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

#ifndef GATEWAYD_JUDGEPACK_H
#define GATEWAYD_JUDGEPACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/detect/confirm.h"
#include "common/event.h"
#include "common/frame.h"
#include "common/judge.h"

/*
 * The part of a rule pack that is for a judge, as the matcher image brings it
 * (rulerec.h): prompts, categories, suppressions and tools.  Expressions have
 * a bound on their work; one that passes it has not matched.
 */

#define MAX_JUDGEPACK_STEPS	MAX_CONFIRM_STEPS	/* of one answer */
#define MAX_JUDGEPACK_TOOL	128	/* bytes of a tool's name in a prompt */

struct judge_category {
	char		*name;
	char		*id;		/* of its finding */
	enum severity	 prompt;	/* how grave in this direction */
	enum severity	 completion;	/* and in the others */
	int		 enabled;
};

struct judge_rules {
	int		 enabled;
	unsigned int	 min_high;	/* categories for HIGH */
	enum severity	 cap;		/* of fewer; SEV_NONE: no cap */
	char		*prompt;
	char		*adjudication;
	size_t		 ncats;
	struct judge_category cats[MAX_JUDGE_NAMES];
};

struct judge_tool {
	char		*name;
	uint32_t	 min_entities;	/* fewer are no finding */
	int		 result_inspection;
	int		 judge_result;
};

struct judgepack;

/* NULL with a text in err: these are no such records, or no memory. */
struct judgepack *judgepack_open(const void *, size_t, char *, size_t);
void	 judgepack_close(struct judgepack *);

/* Of a kind but adjudication; never NULL. */
const struct judge_rules *judgepack_rules(const struct judgepack *,
	    enum judge_kind);

/* What the pack says of a tool, by its exact name; NULL: nothing. */
const struct judge_tool *judgepack_tool(const struct judgepack *,
	    const char *);

/*
 * Appends the text, valid UTF-8, without what the judge of this kind need not
 * see.  Returns how often something was left out.
 */
unsigned int judgepack_strip(const struct judgepack *, enum judge_kind,
	    const char *, size_t, struct wbuf *);

/*
 * Whether a value that a judge found counts for nothing.  Sets the id of the
 * suppression, in the buffer.  *steps is what expressions may still cost.
 */
int	 judgepack_suppressed(const struct judgepack *, const char *tool,
	    const char *finding, const char *entity, uint32_t *steps,
	    char *id, size_t);

/* Conditions of suppressions: see defenseclaw-rules(5). */
int	 judgepack_is_epoch(const char *);
int	 judgepack_is_platform_id(const char *);

/*
 * Appends a prompt with its blanks ("%s") filled in, in order; what is more
 * stays as it is.
 */
void	 judgepack_fill(struct wbuf *, const char *, const char *const *,
	    size_t);

/* A tool's name as it may stand in a prompt: no byte of it can speak. */
void	 judgepack_tool_name(const char *, char [MAX_JUDGEPACK_TOOL + 1]);

#endif /* GATEWAYD_JUDGEPACK_H */
