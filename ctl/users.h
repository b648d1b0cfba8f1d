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

#ifndef CTL_USERS_H
#define CTL_USERS_H

#include <sys/types.h>
#include <stddef.h>

/*
 * The accounts of system mode: one user (and group of the same name) per
 * role, three groups for people.  Looked up in /etc/passwd and /etc/group
 * themselves (fgetpwent(3)): a statically linked program has no NSS, and an
 * account of a role that comes over the network is not wanted.
 */

#define MAX_USER_NAME	32
#define MAX_USERS_ERR	512

struct user_name {
	const char	*name;
	const char	*what;		/* for the account's comment field */
};

extern const struct user_name	 users_roles[];		/* name NULL at end */
extern const struct user_name	 users_groups[];	/* name NULL at end */

/* 0 and the ids (either may be NULL), -1 when there is no such account */
int	users_lookup(const char *, uid_t *, gid_t *);
int	users_group(const char *, gid_t *);

/* home directory of a uid; -1 when it has no line in /etc/passwd */
int	users_home(uid_t, char *, size_t);

/*
 * Names that do not exist yet, space separated, groups first; the number of
 * them.
 */
int	users_missing(char *, size_t);

/*
 * Make what is missing with the system's own useradd/groupadd or
 * adduser/addgroup; root only.  Nothing existing is changed.  Returns how
 * many were made, or -1 with a reason that says which line to run by hand.
 */
int	users_create(char *, size_t);

#endif /* CTL_USERS_H */
