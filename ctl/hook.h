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

#ifndef CTL_HOOK_H
#define CTL_HOOK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hook.h"
#include "paths.h"

/*
 * What `hook' is made of: asking gatewayd, rules for when nobody answers,
 * and a spool for what happened then.
 */

#define MAX_HOOK_INPUT	(4 * 1024 * 1024)	/* bytes of an event */
#define MAX_HOOK_ANSWER	(16 * 1024 * 1024)	/* bytes of gatewayd's */
#define MAX_HOOK_ERR	512
#define MAX_HOOK_S	300		/* --timeout */
#define HOOK_LIMIT_S	10		/* without it */
#define MAX_SPOOL_LINE	1024		/* bytes of one row */
#define MAX_SPOOL_BYTES	(1024 * 1024)
#define MAX_SPOOL_SENT	16		/* rows that one hook takes along */

/*
 * One request over the gateway's Unix socket (HTTP/1.1, RFC 9112), which
 * root made, or in user mode the caller: to anybody else nothing is sent.
 * A socket that is gone or refuses is tried again for HOOK_RETRY_MS, in
 * which a role comes back.
 *
 * Returns the status, with the body malloc'd and NUL-terminated; or -1 with
 * err, in words for who can do something about it.  deadline is clock_ms().
 */
#define HOOK_RETRY_MS	1500
int	 hookask(const struct paths *, const char *, const char *, size_t,
	    uint64_t, char **, size_t *, char [MAX_HOOK_ERR]);

/*
 * The rules that need no gatewayd: what is never meant well, whatever the
 * configuration.  The id of the first that finds something, or NULL; a text
 * that cannot be looked at is found, too.
 */
const char	*hookrules_find(const char *, size_t);
/* the same of all strings of a value */
const char	*hookrules_value(const json_t *);

/*
 * What this uid's hooks did while nobody recorded it.  -1: the row could not
 * be kept, and err says why.
 */
struct spool_row {
	const char	*action;	/* "hook-refused", "hook-ungated" */
	const char	*rule;		/* NULL: none */
	const char	*session;	/* NULL: none */
	const char	*why;		/* nobody answered because */
};
int	 hookspool_add(const struct hook *, const struct spool_row *,
	    char [MAX_HOOK_ERR]);

/* hands rows to a gatewayd that answers; what it did not take stays */
void	 hookspool_send(const struct paths *, uint64_t);

#endif /* CTL_HOOK_H */
