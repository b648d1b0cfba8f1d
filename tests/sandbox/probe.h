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

#ifndef TESTS_SANDBOX_PROBE_H
#define TESTS_SANDBOX_PROBE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "common/enforce.h"

/*
 * What no role may do, how each attempt ends, and which layer ends it.  A
 * probe is one process: it enters as the role does, tries one operation and
 * exits with the errno it got (0 when the operation went through).
 */

#define PROBE_KILLED	(-1)	/* SIGSYS */
#define PROBE_ANY	(-2)	/* it reached the kernel; what for is moot */
#define PROBE_DIED	(-3)	/* another signal */
#define PROBE_UPROBE	(-4)	/* SIGSYS, or the kernel's uprobe exception */
#define PROBE_SETUP	250	/* exit code: the probe itself is broken */

#define MAX_PROBE_STEPS	7
#define PROBE_HOST	LAYER_COUNT	/* the host's own rules, not a layer */

/* what the operations aim at; flat, so that it can be handed to an exec */
struct probe_env {
	pid_t	 parent;	/* not to be signalled, traced, read */
	pid_t	 sibling;	/* the same; the parent's other child */
	uint64_t secret;	/* where the parent has 16 readable bytes */
	int	 listener;	/* TCP, non-blocking, nobody connects */
	int	 inet;		/* TCP socket, unconnected */
	int	 outside;	/* directory of root's, 0700, no role's */
	int	 dirlist;	/* the same, opened to be read */
	int	 memfd;		/* 4096 bytes */
	int	 nsfd;		/* /proc/self/ns/uts */
	int	 udp;		/* UDP socket, unconnected */
	int	 local;		/* stream socket, unconnected */
	int	 pidfd;		/* of the sibling */
	uint16_t port;		/* TCP on 127.0.0.1, listening */
	uint16_t receiver;	/* the same: the port of the sink's records */
	char	 dir[64];	/* path of outside */
	char	 abstract[32];	/* name of an abstract socket, listening */
	char	 db[128];	/* path of an audit database */
	char	 gain[64];	/* directory, see probe_gain_make() */
};

enum probe_cond {
	WHEN_ALWAYS = 0,
	WHEN_ROOT,		/* the role's uid is 0 */
	WHEN_NOT_ROOT,
	WHEN_YAMA,		/* kernel.yama.ptrace_scope is not 0 */
	WHEN_NO_EGRESS		/* its promise has no port to connect to */
};

/* with all earlier layers off, this one gives this result */
struct probe_step {
	enum enforce_layer	 layer;	/* PROBE_HOST: no layer left */
	int			 result;
	enum probe_cond		 when;
	int			 abi;	/* of Landlock, 0: any */
};

/*
 * One way to try an operation: with these layers left out.  The first few of
 * an operation take one layer away after the other, the rest leave one alone.
 */
struct probe_way {
	uint32_t		 skip;		/* 1u << enum enforce_layer */
	enum enforce_layer	 held;		/* who answers, or PROBE_HOST */
	int			 result;
};
#define MAX_PROBE_WAYS	(2 * MAX_PROBE_STEPS)

struct probe_op {
	const char		*name;
	int			(*run)(const struct probe_env *);
	uint32_t		 allowed;	/* SB_*: seccomp lets these */
	struct probe_step	 step[MAX_PROBE_STEPS];
};

size_t			 probe_count(void);
const struct probe_op	*probe_op(size_t);
const struct probe_op	*probe_find(const char *);
int			 probe_gains(const struct probe_op *);

/* every way in which a role of this state must be tried; how many */
size_t	 probe_ways(const struct probe_op *, const struct sandbox_state *,
	    struct probe_way [MAX_PROBE_WAYS]);

/*
 * A directory with a set-user-ID program in it, for all who come later.
 * Without one (it needs root and a file system that honours the bit) an
 * operation that must be tried with it has no ways.
 */
int	 probe_gain_make(void);
void	 probe_gain_remove(void);

/* makes what the operations aim at, below a new directory in /tmp */
int	 probe_env_open(struct probe_env *);
int	 probe_env_reset(struct probe_env *);	/* before each operation */
void	 probe_env_close(struct probe_env *);

/* a socket of this process that listens on a free port of 127.0.0.1 */
int	 probe_listen_tcp(uint16_t *);

/* in the confined process */
void	 probe_run_op(const struct probe_op *, const struct probe_env *)
	    __attribute__((__noreturn__));
void	 probe_run_nr(long) __attribute__((__noreturn__));

/*
 * What the operation must give in a role of this state, as the whole process
 * would report it, with the layers of skip (1u << layer) left out; *held is
 * the layer that answers, PROBE_HOST when none is left.
 */
int	 probe_expect(const struct probe_op *, const struct sandbox_state *,
	    uint32_t, enum enforce_layer *);

/*
 * The same for a bare number whose arguments are all ones, which every
 * argument test refuses; PROBE_ANY if the role may make the call as it likes.
 */
int	 probe_expect_nr(uint32_t, long);

/* from waitpid's status: errno, 0, PROBE_KILLED or PROBE_DIED */
int	 probe_outcome(int);
int	 probe_same(int, int);		/* outcome, expected */

/* "SIGSYS", "Permission denied", "went through" */
const char	*probe_text(int);

/*
 * Role programs of a probe build (-DCONFINE_PROBE) take one more descriptor
 * at their start: a sealed memory file with one of these.  They then enter
 * as ever, say what their sandbox state is, try the one thing that is asked
 * and exit; without it they run as ever.
 */
#define SFD_PROBE	1000	/* enum start_fd_kind: the request */
#define SFD_PROBE_ENV	1001	/* and on: probe_env_fds() */

enum probe_kind {
	PROBE_STATE = 1,	/* nothing: the state is the answer */
	PROBE_OP,		/* operation number n */
	PROBE_NUMBER,		/* system call n */
	PROBE_OUTLIVE		/* live on when the supervisor is gone */
};

struct probe_request {
	struct probe_env	env;	/* numbers of descriptors are moot */
	uint32_t		kind;
	uint32_t		skip;
	int64_t			n;
};

/* where the descriptors of an environment are, in the order of handing */
#define MAX_PROBE_FDS	9
void	 probe_env_fds(struct probe_env *, int *[MAX_PROBE_FDS]);

#endif /* TESTS_SANDBOX_PROBE_H */
