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

#ifndef CTL_KERNEL_H
#define CTL_KERNEL_H

/*
 * What the kernel says of a process (proc(5)), which nobody has to believe
 * the process for.
 */

struct kernel {
	int	seen;		/* /proc told us, and it is this process */
	int	seccomp;	/* 2: filter */
	int	filters;	/* of them; -1: before Linux 5.9 */
	int	no_new_privs;
	unsigned long long cap_eff;
	unsigned long uid;
	unsigned long rss_kb;
	int	netns;		/* 1 its own, 0 the host's, -1 not visible */
	int	root;		/* 1 its own, 0 ours, -1 not visible */
};

/*
 * parent is the supervisor, 0 for itself: a number that another process has
 * by now is not taken for the role.
 */
void	 kernel_says(struct kernel *, long, long);

#endif /* CTL_KERNEL_H */
