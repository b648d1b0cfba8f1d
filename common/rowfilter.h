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

#ifndef COMMON_ROWFILTER_H
#define COMMON_ROWFILTER_H

#include <stdint.h>

#include "common/chain.h"
#include "common/proto.h"

/*
 * Which rows of the log somebody wants: auditd asks it of its store, the
 * front end of a database file.
 */

#define SEV_BIT(s)	(1U << (s))
#define SEV_ANY		((1U << SEV_COUNT) - 1)

struct rowfilter {
	uint64_t	 since;		/* seq > since; 0: all */
	uint64_t	 before;	/* seq < before; 0: newest */
	uint64_t	 since_us;	/* time >= since_us; 0: all */
	uint64_t	 until_us;	/* time < until_us; 0: all */
	unsigned int	 severities;	/* SEV_BIT set; 0: all */
	const char	*action;	/* exact; NULL: any */
	const char	*actor;
	const char	*session;
	const char	*tool;
	const char	*target;
	const char	*text;		/* in any field, ASCII case ignored */
};

/*
 * What a client asked for, whose texts it then points to; each is ended
 * there, limit is the caller's.
 */
void	 rowfilter_asked(struct rowfilter *, struct audit_list *);

/* 1 when the row is one of them, 0 when not */
int	 rowfilter_match(const struct rowfilter *, const struct chain_row *);

#endif /* COMMON_ROWFILTER_H */
