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

#ifndef COMMON_ACTION_H
#define COMMON_ACTION_H

#define ACTION_SPACE	"audit-space"

/*
 * Does the action of an event say what only auditd may: that it, the
 * supervisor or an operator at a control connection did something?
 */
int	action_is_auditds(const char *);

#define ACTION_REFUSED	"request-refused"
#define ACTION_RELOAD	"policy-reload"

/*
 * Does it say what a worker adds of its own, and no client waits for?  It is
 * bounded in number or an operator's, and no budget of a client refuses it.
 */
int	action_is_note(const char *);

#endif /* COMMON_ACTION_H */
