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


#ifndef COMMON_FOREIGN_H
#define COMMON_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Uids that are no user of this host.  What a container's users are outside
 * of it is a subordinate range of somebody (subuid(5)), and what the kernel
 * cannot name in our user namespace it shows as the overflow uid
 * (user_namespaces(7)), whoever that is.
 */

#define MAX_UID_RANGES	32	/* of subuid(5) */
#define MAX_UID_OWNER	33	/* bytes of a name, with NUL */
#define MAX_UID_ACTOR	32	/* "overflow-uid:4294967295", with NUL */
#define MAX_UID_WORDS	128	/* bytes of what a person is told */
#define UID_OVERFLOW	65534	/* unless the kernel says another */

struct uid_range {
	uint32_t	first;
	uint32_t	count;
	char		owner[MAX_UID_OWNER];
	char		pad[3];
};

struct foreign {
	uint32_t	overflow;
	uint32_t	nranges;
	struct uid_range range[MAX_UID_RANGES];
};

/*
 * Reads the number the kernel has for it, and subuid(5): lines NAME:FIRST:
 * COUNT, others and those too many are passed over, as is a missing file.
 */
void	foreign_read(struct foreign *, const char *);

int	foreign_is_overflow(const struct foreign *, uint32_t);

/* "uid:1000", "mapped-uid:100005", "overflow-uid:65534": as in a row */
void	foreign_actor(const struct foreign *, uint32_t, char [MAX_UID_ACTOR]);

/* "uid 100005 (mapped: subordinate range of alice)" */
void	foreign_words(const struct foreign *, uint32_t, char [MAX_UID_WORDS]);

/* are our own uids another namespace's, so that root may be unnamed here */
int	foreign_inside(void);

#endif /* COMMON_FOREIGN_H */
