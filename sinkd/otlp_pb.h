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

#ifndef SINKD_OTLP_PB_H
#define SINKD_OTLP_PB_H

#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"

/*
 * The few forms of protocol buffers (protobuf.dev, "Encoding") that an OTLP
 * request is made of.  All append; wbuf remembers a failure.
 */

void	 pb_uint(struct wbuf *, unsigned int, uint64_t);
void	 pb_fixed64(struct wbuf *, unsigned int, uint64_t);
void	 pb_bytes(struct wbuf *, unsigned int, const void *, size_t);
void	 pb_string(struct wbuf *, unsigned int, const char *);

/* tag and length only; and how long a field of this length is in all */
void	 pb_len(struct wbuf *, unsigned int, size_t);
size_t	 pb_len_size(unsigned int, size_t);

/* field: AnyValue { string_value } */
void	 pb_any_string(struct wbuf *, unsigned int, const char *);
/* KeyValue of strings: field 6 of a LogRecord, field 1 of a Resource */
void	 pb_attr(struct wbuf *, const char *, const char *);
void	 pb_resource_attr(struct wbuf *, const char *, const char *);

/*
 * ExportLogsServiceResponse: rejected_log_records of its partial success,
 * and the error message cut to size.  0 for anything else or malformed.
 */
uint64_t pb_partial(const void *, size_t, char *, size_t);

#endif /* SINKD_OTLP_PB_H */
