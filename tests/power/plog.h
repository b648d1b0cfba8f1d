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

#ifndef TESTS_POWER_PLOG_H
#define TESTS_POWER_PLOG_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What programs under the recorder did to the disk, in order, and what they
 * told others meanwhile.  One log in shared memory for all processes of a
 * run, so that the order between them is kept: a record is placed when the
 * call has returned, a mark before the message leaves.
 *
 * Files and directories go by their inode number; a P_CREATE or P_MKDIR
 * begins a new one under a number that may have been another's.
 */

#define PLOG_FD		4		/* where the recorder finds it */
#define PLOG_ENV	"DC_POWER"	/* set: record; what to leave out */
#define MAX_PLOG	(1024UL * 1024 * 1024)	/* bytes, of them few used */
#define MAX_PLOG_NAME	256

/* words in DC_POWER, for the runs that must lose something */
#define PLOG_NORMAL	"normal"	/* synchronous=NORMAL */
#define PLOG_NODIRSYNC	"nodirsync"	/* no directory is synced by us, */
#define PLOG_NOSQLDIR	"nosqldir"	/* and by SQLite */
#define PLOG_NOFSYNC	"nofsync"	/* no file is synced by us */

enum plog_op {
	P_NONE = 0,	/* where the log ends */
	P_CREATE,	/* file, dir, name; a = mode */
	P_SYMLINK,	/* file, dir, name; data = target */
	P_MKDIR,	/* file, dir, name; a = mode */
	P_WRITE,	/* file; a = offset, b = length; no data: zeros */
	P_TRUNCATE,	/* file; a = size */
	P_MODE,		/* file; a = mode, b = uid << 32 | gid */
	P_SYNC,		/* file or directory */
	P_UNLINK,	/* dir, name */
	P_RENAME,	/* dir, name is that before, data that after */
	P_APPENDED,	/* data = an event's id: durable, it was said */
	P_CHANGED,	/* the same of a list change */
	P_SIGNED,	/* a = sequence of the head given away */
	P_ENDED		/* a program said that all is done */
};

struct plog_rec {
	uint32_t	 op;		/* enum plog_op, stored last */
	uint32_t	 len;		/* of all of it, 8 bytes aligned */
	uint64_t	 file;
	uint64_t	 dir;
	uint64_t	 a;
	uint64_t	 b;
	uint32_t	 namelen;	/* with its NUL; data follows it */
	uint32_t	 datalen;
};

struct plog {
	_Atomic uint64_t used;		/* bytes of recs */
	_Atomic uint32_t stop;		/* nobody may begin a call */
	_Atomic uint32_t inside;	/* how many are in one */
	uint8_t		 recs[];
};

#define PLOG_NAME(r)	((const char *)((r) + 1))
#define PLOG_DATA(r)	((const uint8_t *)((r) + 1) + (r)->namelen)

/*
 * In the recorded program; nothing is kept when DC_POWER is not set.  Every
 * call goes between enter and leave with its record: so a process is never
 * killed between what it did and the record of it.
 */
void	 plog_enter(void);
void	 plog_leave(void);
void	 plog_put(const struct plog_rec *, const char *, const void *, size_t);
void	 plog_write(uint64_t, uint64_t, const void *, size_t);
int	 plog_leaves_out(const char *);	/* a word of DC_POWER */

/* in the test: a descriptor to hand over at PLOG_FD, and what is in it */
struct plog	*plog_new(int *);
void		 plog_free(struct plog *, int);
/* holds recorded programs where they are, between two calls */
void		 plog_hold(struct plog *);
void		 plog_go_on(struct plog *);
/* the record at *off, which is moved behind it; NULL at the end */
const struct plog_rec	*plog_next(const struct plog *, uint64_t *);

#endif /* TESTS_POWER_PLOG_H */
