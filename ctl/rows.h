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

#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include <jansson.h>
#include <stddef.h>

#include "cmd.h"

/*
 * Rows of the log, as the lines that auditd answers with: what of them
 * people see, and which of them the options of a command ask for.
 */

#define MAX_ROW_ABOUT	256	/* bytes of a row's summary, with its NUL */

/* NULL when it is no JSON; a text member, "" when it is not there */
json_t		*row_parse(const char *);
const char	*row_text(const json_t *, const char *);

/* what of the details says most in few words */
void	 row_about(const json_t *, char *, size_t);

/*
 * A client_text_cb: prints a row at once, in columns of a width that most
 * keep to, or as JSON; arg is a uint64_t for its sequence.
 */
int	 row_print(const char *, size_t, void *);

/*
 * --severity, --action, --actor, --session, --tool, --target, --text; and of
 * a command that has --until, --since as a time, else --since and --before
 * as sequences.  0, or -1 after having said what is wrong with them.
 */
int	 rows_filter(const struct ctl *, struct audit_list *);

/* a moment of the command line, when it is there; -1: said what is wrong */
int	 rows_time(const struct ctl *, enum opt_id, uint64_t *);

#endif /* CTL_ROWS_H */
