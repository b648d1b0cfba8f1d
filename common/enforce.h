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

#ifndef COMMON_ENFORCE_H
#define COMMON_ENFORCE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the kernel enforces for us, and since when: one table from which
 * status, doctor, the security page and the tests derive.
 */

enum enforce_layer {
	LAYER_SECCOMP = 0,
	LAYER_NNP,		/* no_new_privs */
	LAYER_CAPS,		/* no capability left, none to regain */
	LAYER_DUMPABLE,		/* no core, no ptrace, no /proc/PID/mem */
	LAYER_RLIMIT,
	LAYER_TIE,		/* dies with the supervisor */
	LAYER_UID,		/* own uid (system mode) */
	LAYER_CHROOT,		/* small root (system mode) */
	LAYER_NETNS,		/* empty network namespace (system mode) */
	LAYER_LANDLOCK,
	LAYER_MDWE,		/* no memory becomes executable, 6.3 */
	LAYER_COUNT,
	LAYER_NONE = LAYER_COUNT	/* needed, but holds no role */
};

/*
 * What a role found when it entered, its own word; travels over IPC as it is,
 * so fixed size, no padding, host byte order (one machine).
 */
struct sandbox_state {
	uint64_t	 landlock_fs;		/* rights handled */
	uint64_t	 landlock_net;
	uint64_t	 landlock_scoped;
	uint64_t	 lim_nofile;		/* UINT64_MAX: no limit */
	uint64_t	 lim_fsize;
	uint64_t	 lim_nproc;
	uint64_t	 lim_memlock;
	uint32_t	 layers;		/* 1u << enum enforce_layer */
	uint32_t	 groups;		/* SB_* */
	uint32_t	 syscalls;		/* allowed, sandbox_count() */
	uint32_t	 insns;			/* of the filter */
	uint32_t	 uid;
	uint32_t	 gid;
	uint16_t	 landlock_kernel_abi;	/* 0: none */
	uint16_t	 landlock_abi;		/* enforced */
	uint8_t		 seccomp_mode;		/* 2: filter */
	uint8_t		 system_mode;		/* ids were dropped */
	uint8_t		 want_netns;		/* system mode, but egress */
	uint8_t		 pad;
};
_Static_assert(sizeof(struct sandbox_state) == 88, "no padding on the wire");

#define STATE_HAS(s, layer)	(((s)->layers & (1u << (layer))) != 0)

enum enforce_need {
	NEED_FLOOR = 0,		/* else no start */
	NEED_FLOOR_SYSTEM,	/* floor of system mode, not in user mode */
	NEED_MORE		/* where the kernel has it */
};

struct enforce_row {
	const char		*id;		/* "landlock.truncate" */
	const char		*what;		/* "a role cuts no file ..." */
	enum enforce_layer	 layer;
	enum enforce_need	 need;
	int			 abi;		/* Landlock ABI, 0: any */
	const char		*kernel;	/* "6.2", first that has it */
	uint64_t		 fs;		/* Landlock bits it stands on */
	uint64_t		 net;
	uint64_t		 scoped;
	const char		*without;	/* NULL: no start without it */
	const char		*refusal;	/* then the words; NULL: none */
};

enum enforce_held {
	HELD_NO = 0,
	HELD_YES,
	HELD_NOT_HERE		/* not of this mode, this role or any role */
};

/* the table; *n rows */
const struct enforce_row	*enforce_rows(size_t *);

/* does this row hold for the process that reported this state */
enum enforce_held	 enforce_held(const struct enforce_row *,
			    const struct sandbox_state *);

/*
 * -1, and err has the row's refusal with what errno says: the one sentence of
 * the support table with which the suite does not start.
 */
int	 enforce_refuse(const char *, char *, size_t);

/* "floor", "floor of system mode", "more" */
const char	*enforce_need_name(enum enforce_need);

/*
 * Every floor row holds, or -1 with err naming the first that does not.
 * With allow_no_landlock the Landlock rows are no floor.
 */
int	 enforce_floor(const struct sandbox_state *, int, char *, size_t);

/*
 * One line for status: "seccomp 63 calls, landlock 7, no_new_privs, ..."
 * and what of MORE is missing.
 */
void	 enforce_summary(const struct sandbox_state *, char *, size_t);

const char	*enforce_layer_name(enum enforce_layer);

#endif /* COMMON_ENFORCE_H */
