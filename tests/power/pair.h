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

#ifndef TESTS_POWER_PAIR_H
#define TESTS_POWER_PAIR_H

#include <event2/event.h>

#include "common/peer.h"
#include "common/proto.h"
#include "common/records.h"

/*
 * The audit owner alone: the real auditd and signer, started as the
 * supervisor starts them, with their sandbox; the caller is their gatewayd.
 */

struct pair_conf {
	const char	*bindir;
	/* in directories of the caller's choice */
	const char	*audit_dir, *sign_dir;
	const char	*device_key, *device_pub, *redaction_key;
	struct rec_audit audit;
	const char	*env;		/* one more NAME=VALUE, or NULL */
	int		 fd;		/* becomes descriptor 4, or -1 */
};

struct pair_child {
	enum role_id	 id;
	pid_t		 pid;
	struct peer	*peer;
	int		 ready;
	struct pair	*pair;
};

struct pair {
	struct event_base	*base;
	const struct pair_conf	*conf;
	unsigned int		 state;
	unsigned int		 nedges;
	struct pair_child	 auditd, signer;
	void			(*on_ready)(struct pair *);
	void			(*on_gone)(struct pair *, const char *);
};

/*
 * What auditd tells a gatewayd and both of the programs here must hear; the
 * last handler gets everything that needs no answer.
 */
#define PAIR_FROM_AUDITD(appended, refused, store_state, other)		\
	{ MSG_APPENDED, ST_ANY, sizeof(struct appended),		\
	    MAX_APPENDED * sizeof(struct appended), FD_NONE, NOBODY,	\
	    appended },							\
	{ MSG_REFUSED, ST_ANY, sizeof(struct refused),			\
	    sizeof(struct refused), FD_NONE, NOBODY, refused },		\
	{ MSG_STORE_STATE, ST_ANY, sizeof(struct store_state),		\
	    sizeof(struct store_state), FD_NONE, NOBODY, store_state },	\
	{ MSG_POLICY_BEGIN, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, other }, \
	{ MSG_POLICY_ENTRY, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, other }, \
	{ MSG_POLICY_END, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, other }, \
	{ MSG_SUITE_STATS, ST_ANY, 0, MAX_FRAME, FD_NONE, NOBODY, other }

/* exits with a reason when they cannot be started; base and on_ are set */
void	 pair_start(struct pair *, const struct pair_conf *);
/* a gatewayd's edge to auditd: our end of it */
int	 pair_edge(struct pair *);
/* kills both and waits for them */
void	 pair_kill(struct pair *);

#endif /* TESTS_POWER_PAIR_H */
