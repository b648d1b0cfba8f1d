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

#ifndef CTL_JUDGEREC_H
#define CTL_JUDGEREC_H

#include "common/frame.h"
#include "common/proto.h"
#include "schema.h"

/*
 * From a valid configuration to what the judge's process, gatewayd and the
 * supervisor are told of it.
 */

/* appends REC_JUDGE to records that RECORDS_MAGIC begins */
void	 judgerec_judge(const struct conf_judge *, struct wbuf *);

/* appends REC_JUDGE_USE */
void	 judgerec_use(const struct conf *, struct wbuf *);

/* which files the supervisor opens for it; an empty name: there is none */
void	 judgerec_plan(const struct conf *, struct plan_sink *);

/* the model's name as its server knows it, without a provider before it */
const char	*judgerec_model(const char *);

#endif /* CTL_JUDGEREC_H */
