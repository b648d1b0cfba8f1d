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

#ifndef CTL_AGENTFILE_H
#define CTL_AGENTFILE_H

#include <sys/stat.h>

#include "agent.h"

/* Files of other programs, read and written whole. */

/*
 * The text, malloc'd; NULL with err, "" when there is no such file.  Files
 * that are no text, or larger than MAX_AGENT_FILE, are refused.
 */
char	*agentfile_read(const char *, struct stat *, char [MAX_AGENT_ERR]);

/*
 * Makes missing directories, then the file, at once or not at all.  How many
 * directories were made, or -1 with err.
 */
int	 agentfile_write(const char *, const char *, mode_t, uid_t, gid_t,
	    mode_t, char [MAX_AGENT_ERR]);

/* and so many empty directories above it */
int	 agentfile_remove(const char *, int, char [MAX_AGENT_ERR]);

#endif /* CTL_AGENTFILE_H */
