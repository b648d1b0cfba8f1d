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

#ifndef CTL_CONFEDIT_H
#define CTL_CONFEDIT_H

#include <stddef.h>
#include <sys/types.h>

#include "ctl/confparse.h"
#include "ctl/yamledit.h"

/*
 * Change one scalar in the text of a config.yaml, or add it with the
 * sections it lives in.  Every other byte stays as it is: comments, order,
 * blank lines, quoting, foreign keys.  What cannot be done safely (a value
 * over several lines, adding to a {flow} mapping) is refused with a reason.
 * What is added stands where the schema has it among its like, so that a file
 * is the same in whatever order it was set up.
 * The result is parsed again before it is returned: it is valid, the key
 * has the value, and nothing else means anything different.
 */

#define MAX_CONFEDIT_ERR	MAX_CONF_MSG

/*
 * Returns 0 and the new text (to be freed by the caller), or -1 with a
 * reason.  A text that does not parse is not edited.
 */
int	confedit_set(const char *, size_t, const char *, const char *,
	    char **, size_t *, char *, size_t);

/*
 * The same for taking a key's line out; comments and its section stay.  What
 * is not there is no error.
 */
int	confedit_unset(const char *, size_t, const char *, char **, size_t *,
	    char *, size_t);

/*
 * An edit of any kind: it makes a new text of the old one, 0, or -1 with a
 * reason.
 */
typedef int confedit_fn(const char *, size_t, char **, size_t *, void *,
	    char *, size_t);

/* of one key, with a struct conf_setting; value NULL takes it out */
struct conf_setting {
	const char	*key;
	const char	*value;
};
confedit_fn	confedit_setting;

/*
 * An edit of a file: lock, read with the checks of conffile_open(), edit,
 * write atomically.  The uid is the one that may own the file besides root.
 * Returns 1 when the file was changed, 0 when it already said so, -1 with a
 * reason.  A missing file is an error.  Commands go through edit_config()
 * (edit.h), which calls this.
 */
int	confedit_apply(const char *, uid_t, confedit_fn *, void *, char *,
	    size_t);

/*
 * One value of a sink: the key as schema_sink_keys[] has it, or "actions"
 * with names between commas, or a section of pairs ("otlp_logs.headers")
 * with the pair's name.
 */
struct sink_value {
	const char	*key;
	const char	*name;		/* of a pair, else NULL */
	const char	*value;
};

#define MAX_SINK_VALUES	64	/* of one edit */

/*
 * Give the sink of this name these values; when there is none it is added
 * at the end of audit_sinks, with the kind given first.  What it says
 * already is left as it is.
 */
int	confedit_sink_put(const char *, size_t, const char *,
	    const struct sink_value *, int, char **, size_t *, char *, size_t);

/* take the sink out, with its comments; 1 when there is none */
int	confedit_sink_remove(const char *, size_t, const char *, char **,
	    size_t *, char *, size_t);

/* for confedit_list.c */
#define CONFEDIT_SINKS	"audit_sinks"
int	confedit_open(struct yedit *, const char *, const char *, size_t,
	    char *, size_t);
int	confedit_valid(struct yedit *, struct conf *);
void	confedit_take(struct yedit *, char **, size_t *);

#endif /* CTL_CONFEDIT_H */
