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

#ifndef COMMON_CONFINE_H
#define COMMON_CONFINE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "common/enforce.h"
#include "common/sandbox.h"

/*
 * The steps by which a process gives up what it does not need, in the order
 * in which they must come:
 *
 *	confine_drop_ids	system mode: namespaces, root, uid
 *	confine_tie		dies with its parent (setresuid clears this)
 *	confine_enter		dumpable, limits, capabilities,
 *				no_new_privs, mdwe, Landlock, seccomp
 *
 * Each fails with a text that names the step; the caller must then exit.
 */

#define MAX_CONFINE_DIRS	16
#define MAX_CONFINE_PORTS	16
#define MAX_CONFINE_ERR		256	/* bytes a text here may need */

#define LIMIT_NONE	UINT64_MAX	/* no limit of our own */

/* what the directory descriptors a role holds may be used for */
enum promise_files {
	FILES_NONE = 0,		/* it holds none */
	FILES_DBDIR,		/* SQLite's own directory */
	FILES_STATEDIR,		/* replace files in it */
	FILES_READTREE		/* read what is below */
};

struct promise_limits {
	uint64_t	 nofile;
	uint64_t	 fsize;		/* bytes; also of memory files */
	uint64_t	 nproc;
	uint64_t	 memlock;	/* bytes */
};				/* core is always 0, as is never set */

/* a role's whole power, one constant per role */
struct promise {
	uint32_t		 groups;	/* SB_* */
	enum promise_files	 files;
	struct promise_limits	 limits;
};

/* what of it is known only when the process runs; zero it first */
struct confine_params {
	int		 dirs[MAX_CONFINE_DIRS];	/* the caller's */
	size_t		 ndirs;				/* 0 if FILES_NONE */
	uint16_t	 ports[MAX_CONFINE_PORTS];	/* TCP connect */
	size_t		 nports;
	int		 allow_no_landlock;
};

struct confine_ids {
	uid_t		 uid;		/* never 0 */
	gid_t		 gid;		/* never 0 */
	const char	*root;		/* directory to chroot to */
	int		 root_is_own;	/* 0: empty, root's; 1: uid's, 0700 */
	int		 netns;		/* empty network namespace */
};

/*
 * Needs root.  Unshares IPC, UTS and mount namespaces, the network's too if
 * asked, changes root, drops groups, gid and uid, and shows that there is no
 * way back.  Sets its part of the state.  SQLite opens by path, so auditd's
 * root is its own directory and the database is /audit.db in it.
 */
int	 confine_drop_ids(const struct confine_ids *, struct sandbox_state *,
	    char *, size_t);

/* parent: the pid that must still be the parent */
int	 confine_tie(pid_t, struct sandbox_state *, char *, size_t);

/*
 * Everything else; only the groups' system calls work afterwards.  The state
 * must be the one confine_drop_ids and confine_tie have filled, or zero.
 * A hard limit below what the promise asks for stays as it is.
 */
int	 confine_enter(const struct promise *, const struct confine_params *,
	    struct sandbox_state *, char *, size_t);

#ifdef CONFINE_PROBE
/*
 * Probe builds only: layers (1u << enum enforce_layer) to leave out, so that
 * tests/sandbox can show that a forbidden operation succeeds without the
 * layer that holds it.
 */
extern uint32_t	 confine_skip;
#endif

#endif /* COMMON_CONFINE_H */
