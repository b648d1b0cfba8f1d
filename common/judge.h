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

#ifndef COMMON_JUDGE_H
#define COMMON_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/event.h"
#include "common/frame.h"
#include "common/proto.h"

/*
 * Between a gatewayd worker, which holds the rule pack and decides, and
 * sinkd -P judge, which asks the model.  MSG_JUDGE_ASK is one question and
 * MSG_JUDGE_SAID its one answer, each whole in one frame; the header's id is
 * the worker's and comes back.  A worker whose judge goes away gets no answer
 * any more: for what is pending its end of the channel says so.
 *
 * A question is complete: the pack's prompt with its blanks filled in, the
 * text as it came (the judge wraps and escapes it), and the only names that
 * an answer may have.  An answer is typed: of what the model wrote nothing
 * comes back but which of these names it set, and for personal data the
 * strings that it took for such.
 */

#define MAX_JUDGE_PROMPT	(24 * 1024)	/* bytes of a system prompt */
#define MAX_JUDGE_SAMPLE	(32 * 1024)	/* bytes of the text shown */
#define JUDGE_SAMPLE_TAIL	(8 * 1024)	/* of them from its end */
#define MAX_JUDGE_NAMES		32	/* categories, or what was found */
#define MAX_JUDGE_NAME		128	/* bytes of one */
#define MAX_JUDGE_ENTITIES	256	/* of one answer */
#define MAX_JUDGE_ENTITY	256	/* bytes of one */
#define MAX_JUDGE_REASON	256	/* bytes with its NUL */
#define MAX_JUDGE_BODY		2048	/* bytes kept of an answer */
#define MAX_JUDGE_MS		120000	/* a deadline is no later */
#define MAX_JUDGE_SKEW_MS	(INT64_C(1) << 52)	/* either way */

enum judge_kind {
	JUDGE_INJECTION = 1,
	JUDGE_PII,
	JUDGE_TOOL_INJECTION,
	JUDGE_EXFIL,
	JUDGE_ADJUDICATION,	/* are these findings true ones */
	JUDGE_KIND_COUNT
};

enum judge_direction {
	JUDGE_PROMPT = 1,
	JUDGE_COMPLETION,
	JUDGE_TOOL_CALL,
	JUDGE_DIRECTION_COUNT
};

/* what became of a question; all but the first are failures */
enum judge_status {
	JUDGE_OK = 0,
	JUDGE_BUSY,		/* as many wait as may */
	JUDGE_NO_ENDPOINT,	/* there is no judge now */
	JUDGE_NO_NAME,		/* its name has no address */
	JUDGE_NO_ADDRESS,	/* only one that may not be used */
	JUDGE_REFUSED,		/* no connection */
	JUDGE_TIMEOUT,		/* no whole answer before the deadline */
	JUDGE_TLS,		/* certificate or handshake */
	JUDGE_REDIRECT,		/* 3xx: never followed */
	JUDGE_CLIENT_ERROR,	/* 4xx */
	JUDGE_SERVER_ERROR,	/* 5xx */
	JUDGE_TRUNCATED,	/* the connection broke within the answer */
	JUDGE_OVERSIZE,		/* more than an answer may have */
	JUDGE_MALFORMED,	/* no chat completion: HTML, no JSON */
	JUDGE_CUT,		/* the model stopped before its end */
	JUDGE_NO_VERDICT,	/* no answer of this kind */
	JUDGE_BAD_KEY,		/* ours, which cannot be sent */
	JUDGE_STATUS_COUNT
};

/*
 * In the prompt only what cannot speak may be filled in: ids of rules, a
 * direction, a name of checked characters, or what judge_escape() wrote.
 */
struct judge_ask {
	uint32_t	 kind;		/* enum judge_kind */
	uint32_t	 direction;	/* enum judge_direction */
	uint32_t	 deadline_ms;	/* from its arrival, 1..MAX_JUDGE_MS */
	uint32_t	 keep_body;	/* send back what the model wrote */
	uint32_t	 fresh;		/* a test: not from the cache */
	uint32_t	 head;		/* bytes of sample before the gap */
	uint64_t	 omitted;	/* bytes left out there; 0 none */
	uint64_t	 generation;	/* of policy and rules, for the cache */
	const char	*prompt;
	const char	*sample;	/* any bytes */
	size_t		 sample_len;
	size_t		 nnames;	/* at least one */
	const char	*names[MAX_JUDGE_NAMES];
};

/* what the answer says about one name of the question */
struct judge_mark {
	uint32_t	name;		/* index in the question's */
	uint32_t	label;		/* found, or a true positive */
	uint32_t	first;		/* of its entities (personal data) */
	uint32_t	nentities;
};

struct judge_said {
	uint32_t	 status;	/* enum judge_status */
	uint32_t	 http;		/* 0: none came */
	uint64_t	 latency_us;	/* from the question's arrival */
	uint32_t	 cached;
	uint32_t	 threat;	/* adjudication: overall_threat */
	uint32_t	 severity;	/* adjudication: enum severity */
	uint64_t	 tls_until_us;	/* its certificates; 0: none seen */
	uint32_t	 have_skew;	/* it said its time once... */
	int64_t		 skew_ms;	/* ...and this is ours less that */
	size_t		 nmarks;	/* in the order of the answer */
	struct judge_mark marks[MAX_JUDGE_NAMES];
	size_t		 nentities;
	const char	*entities[MAX_JUDGE_ENTITIES];
	const char	*reason;	/* our words and numbers; "" when ok */
	const char	*body;		/* what the model wrote, not redacted */
};

const char	*judge_kind_name(uint32_t);	/* "tool-injection" */
const char	*judge_direction_name(uint32_t);	/* "tool_call" */
const char	*judge_status_name(uint32_t);	/* "time-out" */

/* append; -1 when something is over its limit, then w is worthless */
int	 judge_ask_pack(struct wbuf *, const struct judge_ask *);
int	 judge_said_pack(struct wbuf *, const struct judge_said *);

/* -1: malformed; strings point into the message */
int	 judge_ask_unpack(const void *, size_t, struct judge_ask *);
int	 judge_said_unpack(const void *, size_t, struct judge_said *);

/*
 * Sets sample, head and omitted: the text itself, or when it is longer than
 * MAX_JUDGE_SAMPLE its head and JUDGE_SAMPLE_TAIL bytes of its end, copied to
 * the buffer (MAX_JUDGE_SAMPLE bytes) without cutting a character.
 */
void	 judge_window(struct judge_ask *, const char *, size_t, char *);

/*
 * Appends the text such that no marker, role token or tag of a chat template
 * is left in it: "&", "<" and a "[" before a letter or "/" become character
 * references, and NUL and what is no UTF-8 become U+FFFD.
 */
void	 judge_escape(struct wbuf *, const char *, size_t);

#endif /* COMMON_JUDGE_H */
