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

#ifndef SINKD_JUDGE_H
#define SINKD_JUDGE_H

#include <sys/queue.h>

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "common/judge.h"
#include "common/json.h"
#include "common/records.h"

/*
 * The judge: judge.c takes questions from workers and has them wait,
 * judge_call.c is one of them on the wire, judge_text.c writes the request
 * and reads the answer (pure functions), judge_cache.c keeps answers.
 */

#define MAX_JUDGE_REQUEST	(512 * 1024)	/* bytes of a body */
#define MAX_JUDGE_ANSWER	(256 * 1024)	/* bytes of an answer's body */
#define MAX_JUDGE_VALUES	8192	/* JSON values of it */
#define MAX_JUDGE_TOKENS	1024	/* the model is asked for no more */
#define MAX_JUDGE_CONCURRENT	256
#define MAX_JUDGE_QUEUE		4096	/* questions that wait... */
#define MAX_JUDGE_WAITING	(64 * 1024 * 1024)	/* ...and their bytes */
#define MAX_JUDGE_CACHED	2048	/* answers that are kept... */
#define MAX_JUDGE_CACHE		(8 * 1024 * 1024)	/* ...and their bytes */
#define MAX_JUDGE_TTL		3600	/* s */
#define JUDGE_KEY_LEN		32

/* a model's answer that is one; strings are the answer's own */
struct judge_verdict {
	struct judge_said	 said;	/* marks, entities, threat, severity */
	char			*owned[MAX_JUDGE_ENTITIES];
	char			 body[MAX_JUDGE_BODY + 1];
};

/* judge_text.c */

/* the body of a request; -1: it is too long */
int	 judge_request(const struct judge_ask *, const char *, struct wbuf *);

/*
 * What a body of status 200 says: JUDGE_OK and *v, to be freed, or why it
 * says nothing, in words that hold nothing of it.
 */
enum judge_status judge_answer(const struct judge_ask *, const char *, size_t,
	    struct judge_verdict *, char *, size_t);
void	 judge_verdict_free(struct judge_verdict *);

/* judge_cache.c */
void	 judge_cache_init(uint32_t);		/* s; 0: nothing is kept */
/* what makes two questions the same, under a key of this process */
void	 judge_cache_key(const struct judge_ask *, uint8_t [JUDGE_KEY_LEN]);
/* a packed answer, valid until the loop runs again; NULL: none */
const void *judge_cache_get(const uint8_t [JUDGE_KEY_LEN], size_t *);
void	 judge_cache_put(const uint8_t [JUDGE_KEY_LEN], const void *, size_t);

/* judge_call.c: one question, on the wire or before */
enum call_state { CALL_QUEUED, CALL_RESOLVING, CALL_SENT };

struct call {
	TAILQ_ENTRY(call)	 entry;
	struct peer		*worker;
	uint32_t		 id;
	enum call_state		 state;
	uint64_t		 since_us;
	struct event		*deadline;
	uint8_t			 key[JUDGE_KEY_LEN];
	void			*msg;		/* what ask points into */
	size_t			 len;
	struct judge_ask	 ask;
	CURL			*easy;
	struct wbuf		 out;
	struct wbuf		 in;
	int			 oversize;
	char			 error[CURL_ERROR_SIZE];
};
TAILQ_HEAD(calls, call);

void	 call_init(const struct rec_judge *);
void	 call_send(struct call *);
void	 call_abort(struct call *);	/* off the wire, if it is there */

/* judge.c: a call is over and gone */
void	 judge_over(struct call *, const struct judge_said *);
void	 judge_fail(struct call *, enum judge_status, int, const char *, ...)
	    __attribute__((__format__(printf, 4, 5)));

#endif /* SINKD_JUDGE_H */
