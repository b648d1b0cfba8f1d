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

#include <sys/mman.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/power/plog.h"

/*
 * The log from both sides.
 */

static struct plog	*plog;		/* of the recorded program */
static const char	*leaves_out = "";

/*
 * Before main(): the program's start closes descriptors and forgets its
 * environment, and its filter allows no new shared memory.
 */
static void __attribute__((__constructor__))
plog_attach(void)
{
	const char	*words = getenv(PLOG_ENV);
	void		*p;

	if (words == NULL)
		return;
	p = mmap(NULL, MAX_PLOG, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_NORESERVE, PLOG_FD, 0);
	if (p == MAP_FAILED || (leaves_out = strdup(words)) == NULL)
		err(1, "the log of writes");
	close(PLOG_FD);
	plog = p;
}

int
plog_leaves_out(const char *word)
{
	return (strstr(leaves_out, word) != NULL);
}

void
plog_enter(void)
{
	static const struct timespec	 ever = { 3600, 0 };

	if (plog == NULL)
		return;
	plog->inside++;
	if (plog->stop == 0)
		return;
	plog->inside--;
	for (;;)
		nanosleep(&ever, NULL);
}

void
plog_leave(void)
{
	if (plog != NULL)
		plog->inside--;
}

void
plog_put(const struct plog_rec *rec, const char *name, const void *data,
    size_t len)
{
	struct plog_rec	*r;
	size_t		 namelen = name != NULL ? strlen(name) + 1 : 0, all;
	uint64_t	 at;

	if (plog == NULL)
		return;
	all = (sizeof(*r) + namelen + len + 7) & ~(size_t)7;
	at = atomic_fetch_add(&plog->used, all);
	if (at + all > MAX_PLOG - sizeof(*plog))
		abort();
	r = (struct plog_rec *)(plog->recs + at);
	r->len = (uint32_t)all;
	r->file = rec->file;
	r->dir = rec->dir;
	r->a = rec->a;
	r->b = rec->b;
	r->namelen = (uint32_t)namelen;
	r->datalen = (uint32_t)len;
	if (namelen != 0)
		memcpy(r + 1, name, namelen);
	if (len != 0)
		memcpy((uint8_t *)(r + 1) + namelen, data, len);
	/* whoever reads it meanwhile sees the end before this */
	atomic_thread_fence(memory_order_release);
	*(volatile uint32_t *)&r->op = rec->op;
}

void
plog_write(uint64_t file, uint64_t off, const void *data, size_t len)
{
	struct plog_rec	 r = { .op = P_WRITE, .file = file, .a = off,
	    .b = len };
	const uint8_t	*p = data;

	if (len > 1 && p[0] == 0 && memcmp(p, p + 1, len - 1) == 0)
		plog_put(&r, NULL, NULL, 0);
	else
		plog_put(&r, NULL, data, len);
}

struct plog *
plog_new(int *fd)
{
	void	*p;

	if ((*fd = memfd_create("writes", MFD_CLOEXEC)) == -1 ||
	    ftruncate(*fd, MAX_PLOG) == -1)
		err(1, "the log of writes");
	p = mmap(NULL, MAX_PLOG, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_NORESERVE, *fd, 0);
	if (p == MAP_FAILED)
		err(1, "the log of writes");
	return (p);
}

void
plog_free(struct plog *p, int fd)
{
	munmap(p, MAX_PLOG);
	close(fd);
}

void
plog_hold(struct plog *p)
{
	static const struct timespec	 poll = { 0, 100000 };

	p->stop = 1;
	while (p->inside != 0)
		nanosleep(&poll, NULL);
}

void
plog_go_on(struct plog *p)
{
	p->stop = 0;
}

const struct plog_rec *
plog_next(const struct plog *p, uint64_t *off)
{
	const struct plog_rec	*r;

	r = (const struct plog_rec *)(p->recs + *off);
	if (*off >= p->used || *(volatile const uint32_t *)&r->op == P_NONE)
		return (NULL);
	*off += r->len;
	return (r);
}
