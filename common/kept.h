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

#ifndef COMMON_KEPT_H
#define COMMON_KEPT_H

#include "common/event.h"

/*
 * What a judge wrote, redacted, when guardrail.retain_judge_bodies says so.
 * The audit log cannot forget, and this is to be forgotten: it is kept beside
 * the log for a time, in a table of its own, and the log's row has its
 * SHA-256.  Gatewayd sends both in one MSG_APPEND_KEPT, auditd stores both in
 * one transaction.
 */

#define ACTION_JUDGE_BODY	"llm-judge-response"
#define MAX_KEPT_BODY		500	/* bytes of one, UTF-8 */
#define KEPT_HASH_SIZE		65	/* hexadecimal digits with their NUL */

/* members of the row's details */
#define KEPT_HASH	"body_sha256"
#define KEPT_BYTES	"body_kept"	/* bytes of what is kept */
#define KEPT_DAYS	"body_days"	/* for how long, as was said then */

void	 kept_hash(const char *, char [KEPT_HASH_SIZE]);

/* is it the text that a row with these details tells of */
int	 kept_matches(const char *, const char *);

#endif /* COMMON_KEPT_H */
