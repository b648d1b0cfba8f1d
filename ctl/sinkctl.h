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

#ifndef CTL_SINKCTL_H
#define CTL_SINKCTL_H

#include <jansson.h>

#include "cmd.h"
#include "edit.h"
#include "schema.h"

/*
 * What the commands about sinks share: the configured one by its name, the
 * suite's word on it, and what follows a change.
 */

#define SINK_TEST_MS	35000	/* auditd itself gives up after 30 s */

/* a request to a role; the answer, or NULL with the code and a text */
json_t	*sinkctl_ask(const struct paths *, const char *, uint32_t,
	    const struct wbuf *, int, int *, char *, size_t);

/* as sinkctl_ask(); a process that is being replaced is waited for */
json_t	*sinkctl_test(const struct paths *, const char *, int, int *, char *,
	    size_t);
void	 sinkctl_print_test(const struct conf_sink *, const json_t *);

const struct conf_sink	*sinkctl_find(const struct conf *, const char *);

/* the configuration as config_need() reads it, and there is such a sink */
int	 sinkctl_named(const struct ctl *, const char *, struct conf *,
	    const struct conf_sink **);

/* all its keys, and "target", where it sends to */
json_t	*sinkctl_json(const struct conf_sink *);

#endif /* CTL_SINKCTL_H */
