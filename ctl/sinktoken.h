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

#ifndef CTL_SINKTOKEN_H
#define CTL_SINKTOKEN_H

#include "common/secret.h"
#include "cmd.h"
#include "schema.h"

/*
 * A receiver's token on its way from an operator to secrets/: it is held in
 * guarded memory and shown nowhere.
 */

#define MAX_SINK_TOKEN	4000	/* bytes, without NUL */

/*
 * From --token, --token-file or --token-env, or asked for where ask is not
 * NULL (which names the sink).  1 and the token, to be freed with
 * sodium_free(); 0 when there is none; -1 after having said why.
 */
int	sinktoken_take(const struct ctl *, const char *, char **);

/*
 * From standard input, or asked for without echo where that is a terminal;
 * as above, but that an empty answer is wrong, too.
 */
int	sinktoken_read(const char *, char **);

/*
 * From a file ("-": standard input), or else from a variable that an option
 * of this name gave, or else asked for.
 */
int	sinktoken_from(const char *, const char *, const char *, const char *,
	    char **);

/* "sink-NAME" below secrets/; -1 with a reason */
int	sinktoken_write(const struct paths *, const char *, const char *,
	    char *, size_t);

/*
 * Whether the secrets that judge and sinks of a configuration name can be
 * sent, as far as they are files that we can read; -1 with a reason.
 */
int	sinktoken_usable(const struct paths *, const struct conf *, char *,
	    size_t);

/* 1 it is gone, 0 there was none, -1 with a reason */
int	sinktoken_remove(const struct paths *, const char *, char *, size_t);
int	sinktoken_exists(const struct paths *, const char *);

/*
 * What is there under a name before it is replaced: sinktoken_back() puts it
 * back, or takes the new one away where there was none.  Both that and
 * sinktoken_forget() free it; zeroes are nothing to put back or to free.
 */
struct sinktoken_was {
	int		kept;		/* sinktoken_keep() looked */
	int		had;
	struct secret	s;		/* no data: it could not be read */
};
void	sinktoken_keep(const struct paths *, const char *,
	    struct sinktoken_was *);
void	sinktoken_back(const struct paths *, const char *,
	    struct sinktoken_was *);
void	sinktoken_forget(struct sinktoken_was *);

#endif /* CTL_SINKTOKEN_H */
