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

#ifndef CTL_SINKREC_H
#define CTL_SINKREC_H

#include "common/frame.h"
#include "common/proto.h"
#include "ctl/schema.h"

/*
 * A configured sink as the records and the plan that processes are given.
 * Records are appended as common/records.h has them.
 */
void	sinkrec_outbox(const struct conf_sink *, struct wbuf *);
void	sinkrec_sink(const struct conf_sink *, struct wbuf *);
void	sinkrec_plan(const struct conf_sink *, struct plan_sink *);

#endif /* CTL_SINKREC_H */
