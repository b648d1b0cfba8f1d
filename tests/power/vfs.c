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

#include <sys/stat.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/power/plog.h"
#include "tests/power/record.h"

/*
 * An SQLite VFS over the system's own that records what becomes of files.
 * It is the default one of a program it is linked into, which therefore
 * needs to know nothing of it.  Not recorded is the -shm file: after a power
 * cut nobody reads it.
 */

struct pfile {
	sqlite3_file	 base;
	uint64_t	 ino;
	sqlite3_file	*real;		/* behind us, in the same memory */
};

static sqlite3_vfs	*sys;
static struct pfile	*syncing;	/* its file is, its directory not */

static uint64_t
ino_of(sqlite3_file *f)
{
	return (((struct pfile *)f)->ino);
}

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return (((struct pfile *)f)->real);
}

static int
p_close(sqlite3_file *f)
{
	return (real_of(f)->pMethods->xClose(real_of(f)));
}

static int
p_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 off)
{
	return (real_of(f)->pMethods->xRead(real_of(f), buf, n, off));
}

static int
p_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 off)
{
	int	 rc;

	plog_enter();
	rc = real_of(f)->pMethods->xWrite(real_of(f), buf, n, off);
	if (rc == SQLITE_OK)
		plog_write(ino_of(f), (uint64_t)off, buf, (size_t)n);
	plog_leave();
	return (rc);
}

static int
p_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct plog_rec	 r = { .op = P_TRUNCATE, .file = ino_of(f),
	    .a = (uint64_t)size };
	int		 rc;

	plog_enter();
	rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
	if (rc == SQLITE_OK)
		plog_put(&r, NULL, NULL, 0);
	plog_leave();
	return (rc);
}

static void
put_sync(uint64_t ino)
{
	struct plog_rec	 r = { .op = P_SYNC, .file = ino };

	plog_put(&r, NULL, NULL, 0);
}

/* a new journal's directory is synced in the same call, after the file */
static int
p_sync(sqlite3_file *f, int flags)
{
	int	 rc;

	plog_enter();
	syncing = (struct pfile *)f;
	rc = real_of(f)->pMethods->xSync(real_of(f), flags);
	if (syncing != NULL && rc == SQLITE_OK)
		put_sync(ino_of(f));
	syncing = NULL;
	plog_leave();
	return (rc);
}

static int
p_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return (real_of(f)->pMethods->xFileSize(real_of(f), size));
}

static int
p_lock(sqlite3_file *f, int level)
{
	return (real_of(f)->pMethods->xLock(real_of(f), level));
}

static int
p_unlock(sqlite3_file *f, int level)
{
	return (real_of(f)->pMethods->xUnlock(real_of(f), level));
}

static int
p_reserved(sqlite3_file *f, int *out)
{
	return (real_of(f)->pMethods->xCheckReservedLock(real_of(f), out));
}

static int
p_control(sqlite3_file *f, int op, void *arg)
{
	return (real_of(f)->pMethods->xFileControl(real_of(f), op, arg));
}

static int
p_sector(sqlite3_file *f)
{
	return (real_of(f)->pMethods->xSectorSize(real_of(f)));
}

static int
p_device(sqlite3_file *f)
{
	return (real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)));
}

static int
p_shmmap(sqlite3_file *f, int region, int size, int extend,
    void volatile **out)
{
	return (real_of(f)->pMethods->xShmMap(real_of(f), region, size,
	    extend, out));
}

static int
p_shmlock(sqlite3_file *f, int off, int n, int flags)
{
	return (real_of(f)->pMethods->xShmLock(real_of(f), off, n, flags));
}

static void
p_shmbarrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int
p_shmunmap(sqlite3_file *f, int del)
{
	return (real_of(f)->pMethods->xShmUnmap(real_of(f), del));
}

/* version 2: nothing is written through a mapping, mmap_size being 0 */
static const sqlite3_io_methods methods = {
	2, p_close, p_read, p_write, p_truncate, p_sync, p_size, p_lock,
	p_unlock, p_reserved, p_control, p_sector, p_device, p_shmmap,
	p_shmlock, p_shmbarrier, p_shmunmap, NULL, NULL
};

static int
opened(struct pfile *pf, const char *name, int flags, int *out)
{
	struct plog_rec	 r = { .op = P_CREATE, .a = 0600 };
	struct stat	 st;
	int		 rc, there;

	there = name != NULL && stat(name, &st) == 0;
	if ((rc = sys->xOpen(sys, name, pf->real, flags, out)) != SQLITE_OK)
		return (rc);
	if (name != NULL && stat(name, &st) == 0)
		pf->ino = st.st_ino;
	if (name != NULL && !there) {
		r.file = pf->ino;
		r.dir = record_dir_of(name);
		plog_put(&r, record_base(name), NULL, 0);
	}
	pf->base.pMethods = &methods;
	return (SQLITE_OK);
}

static int
p_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	struct pfile	*pf = (struct pfile *)f;
	int		 rc;

	(void)vfs;
	pf->base.pMethods = NULL;
	pf->real = (sqlite3_file *)(pf + 1);
	plog_enter();
	rc = opened(pf, name, flags, out);
	plog_leave();
	return (rc);
}

static int
p_delete(sqlite3_vfs *vfs, const char *name, int dirsync)
{
	struct plog_rec	 r = { .op = P_UNLINK };
	int		 rc;

	(void)vfs;
	r.dir = record_dir_of(name);
	plog_enter();
	/* the name first, then the directory: as two records */
	if ((rc = sys->xDelete(sys, name, 0)) == SQLITE_OK) {
		plog_put(&r, record_base(name), NULL, 0);
		if (dirsync && !plog_leaves_out(PLOG_NOSQLDIR))
			record_sync_dir(name);
	}
	plog_leave();
	return (rc);
}

/* the system VFS asks for a directory only to sync it */
static sqlite3_syscall_ptr	open_directory;

static int
p_opendir(const char *name, int *fd)
{
	struct pfile	*pf = syncing;
	int		 rc;

	syncing = NULL;
	if (pf != NULL)
		put_sync(pf->ino);
	*fd = -1;
	/* an error here is none to SQLite */
	if (plog_leaves_out(PLOG_NOSQLDIR))
		return (SQLITE_CANTOPEN);
	if ((rc = ((int (*)(const char *, int *))open_directory)(name,
	    fd)) == SQLITE_OK)
		put_sync(record_dir_of(name));
	return (rc);
}

static void __attribute__((__constructor__))
vfs_register(void)
{
	static sqlite3_vfs	 vfs;

	if ((sys = sqlite3_vfs_find("unix")) == NULL)
		abort();
	vfs = *sys;
	vfs.pNext = NULL;
	vfs.zName = "power-recorder";
	vfs.szOsFile += (int)sizeof(struct pfile);
	vfs.xOpen = p_open;
	vfs.xDelete = p_delete;
	open_directory = sys->xGetSystemCall(sys, "openDirectory");
	sys->xSetSystemCall(sys, "openDirectory",
	    (sqlite3_syscall_ptr)p_opendir);
	sqlite3_vfs_register(&vfs, 1);
}
