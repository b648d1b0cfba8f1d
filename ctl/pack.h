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

#ifndef CTL_PACK_H
#define CTL_PACK_H

#include <jansson.h>

#include "cmd.h"

/*
 * Rule packs as commands name them: one below policies/guardrail by its name,
 * any directory by a path, and without a name the one that is configured.
 */

struct pack {
	char	 dir[MAX_CONF_PATH];	/* absolute */
	char	 name[MAX_PACK_NAME];	/* its last part: the profile */
	int	 active;		/* it is the configured one */
};

/* CTL_OK, or the exit status after having said why */
int	 pack_find(const struct ctl *, const struct conf *, const char *,
	    struct pack *);

/*
 * The pack under rulec (rulejail.h): CTL_OK and a new reference to the
 * report, CTL_CONFIG after having said what is wrong and where.
 */
int	 pack_report(const struct ctl *, const struct conf *,
	    const struct pack *, json_t **);

/* vectors of the report that failed */
json_int_t	 pack_failed(const json_t *);

/*
 * Makes the pack the configured one in place of the other, by edit_config(),
 * and has a running suite read it.  The text goes into the event.  The
 * function, if any, is called with its argument when it is certain that the
 * configuration will be written or says so already; -1 with a reason stops
 * that.  An exit status.
 */
typedef int	 pack_before(void *, char *, size_t);
int	 pack_activate(struct ctl *, const struct pack *, const struct pack *,
	    const char *, pack_before *, void *);

#endif /* CTL_PACK_H */
