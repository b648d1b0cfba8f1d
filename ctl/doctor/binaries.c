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
#include <sys/stat.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/version.h"
#include "doctor.h"

/*
 * The programs as they lie there.  Nothing of them is run: each carries its
 * version as what(1) looks for it (common/log.c).
 */

#define MAX_PROGRAM	(256 * 1024 * 1024)	/* bytes */
#define MAX_SUMS	8192
#define MAX_PROG_HEADS	64
#define WHAT		"@(#)DefenseClaw "

static const char *const programs[] = {
	"defenseclawd", "defenseclaw-confc", "defenseclaw-rulec",
	"defenseclaw-gatewayd", "defenseclaw-auditd", "defenseclaw-sinkd",
	"defenseclawctl"
};
#define NPROGRAMS	(sizeof(programs) / sizeof(programs[0]))

/* the last one is the program that runs */
static int
path_of(const struct doctor *d, size_t i, char path[PATH_MAX])
{
	ssize_t	n;

	if (i + 1 < NPROGRAMS)
		return (paths_join(path, PATH_MAX, d->paths->libexec,
		    programs[i]));
	if ((n = readlink("/proc/self/exe", path, PATH_MAX - 1)) <= 0)
		return (-1);
	path[n] = '\0';
	return (0);
}

/* a program's bytes, or NULL; *size of them */
static const uint8_t *
map(const char *path, size_t *size)
{
	struct stat	 st;
	void		*p = MAP_FAILED;
	int		 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return (NULL);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= MAX_PROGRAM) {
		*size = (size_t)st.st_size;
		p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	return (p != MAP_FAILED ? p : NULL);
}

static void
check_paths(struct doctor *d)
{
	struct stat	st;
	char		path[PATH_MAX];
	size_t		i;

	for (i = 0; i < NPROGRAMS; i++) {
		if (path_of(d, i, path) == -1)
			continue;
		if (stat(path, &st) == -1)
			doc_say(d, errno == EACCES ? DOC_SKIP : DOC_FAIL,
			    path, "%s", strerror(errno));
		else if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
			doc_say(d, DOC_FAIL, path, "is no program");
		else
			continue;
		doc_do(d, "install all programs of one release again");
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "all %zu programs are in %s",
		    NPROGRAMS - 1, d->paths->libexec);
}

/* -1: it carries none */
static int
version_of(const uint8_t *p, size_t size, char *buf, size_t len)
{
	const uint8_t	*at = memmem(p, size, WHAT, strlen(WHAT));
	size_t		 n;

	if (at == NULL)
		return (-1);
	at += strlen(WHAT);
	for (n = 0; at + n < p + size && n + 1 < len && at[n] > ' ' &&
	    at[n] < 0x7f; n++)
		buf[n] = (char)at[n];
	buf[n] = '\0';
	return (0);
}

static void
check_versions(struct doctor *d)
{
	const uint8_t	*p;
	char		 path[PATH_MAX], version[64];
	size_t		 i, size;

	for (i = 0; i + 1 < NPROGRAMS; i++) {
		if (path_of(d, i, path) == -1 || (p = map(path, &size)) ==
		    NULL)
			continue;
		if (version_of(p, size, version, sizeof(version)) == -1)
			doc_say(d, DOC_FAIL, path, "carries no version of "
			    "this suite");
		else if (strcmp(version, DC_VERSION) != 0)
			doc_say(d, DOC_FAIL, path, "is version %s, this "
			    "front end is %s", version, DC_VERSION);
		else
			goto next;
		doc_do(d, "install all programs of one release again");
next:
		munmap((void *)(uintptr_t)p, size);
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "all programs are version %s",
		    DC_VERSION);
}

static void
check_modes(struct doctor *d)
{
	struct stat	st;
	char		path[PATH_MAX];
	size_t		i;

	for (i = 0; i <= NPROGRAMS; i++) {
		if (i == NPROGRAMS)
			strlcpy(path, d->paths->libexec, sizeof(path));
		else if (path_of(d, i, path) == -1)
			continue;
		if (stat(path, &st) == -1)
			continue;
		if (st.st_uid != 0 && (d->paths->system ||
		    st.st_uid != geteuid())) {
			doc_say(d, DOC_FAIL, path, "belongs to uid %u, who "
			    "can replace what %s runs", st.st_uid,
			    d->paths->system ? "root" : "this user");
			doc_do(d, "chown root it, or install the release "
			    "as root");
		} else if ((st.st_mode & 022) != 0) {
			doc_say(d, DOC_FAIL, path, "mode %04o: group or "
			    "others may replace what it runs", st.st_mode &
			    07777);
			doc_do(d, "chmod go-w it");
			doc_fix(d, "chmod", path, st.st_mode & 0755,
			    (uid_t)-1, (gid_t)-1);
		} else if (!S_ISDIR(st.st_mode) && (st.st_mode & 06000) != 0) {
			doc_say(d, DOC_FAIL, path, "mode %04o: no program of "
			    "this suite is set-uid or set-gid", st.st_mode &
			    07777);
			doc_do(d, "chmod u-s,g-s it");
			doc_fix(d, "chmod", path, st.st_mode & 0755,
			    (uid_t)-1, (gid_t)-1);
		}
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "nobody else can change the "
		    "programs");
}

/* 1 static, 0 names an interpreter, -1 no program of this machine (elf(5)) */
static int
is_static(const uint8_t *p, size_t size)
{
	Elf64_Ehdr	eh;
	Elf64_Phdr	ph;
	unsigned int	i;

	if (size < sizeof(eh) || memcmp(p, ELFMAG, SELFMAG) != 0)
		return (-1);
	memcpy(&eh, p, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_phentsize !=
	    sizeof(ph) || eh.e_phnum > MAX_PROG_HEADS || eh.e_phoff > size ||
	    size - eh.e_phoff < eh.e_phnum * sizeof(ph))
		return (-1);
	for (i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, p + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_INTERP)
			return (0);
	}
	return (1);
}

static void
check_static(struct doctor *d)
{
	const uint8_t	*p;
	char		 path[PATH_MAX];
	size_t		 i, size, nstatic = 0, ndynamic = 0;
	int		 rc;

	for (i = 0; i < NPROGRAMS; i++) {
		if (path_of(d, i, path) == -1 || (p = map(path, &size)) ==
		    NULL)
			continue;
		rc = is_static(p, size);
		munmap((void *)(uintptr_t)p, size);
		nstatic += rc == 1;
		ndynamic += rc == 0;
		if (rc != -1)
			continue;
		doc_say(d, DOC_FAIL, path, "is no ELF program of this kind "
		    "of machine");
		doc_do(d, "install all programs of one release again");
	}
	if (nstatic != 0 && ndynamic != 0) {
		doc_say(d, DOC_FAIL, NULL, "%zu programs are static and %zu "
		    "are not: they are not of one release", nstatic,
		    ndynamic);
		doc_do(d, "install all programs of one release again");
	} else if (ndynamic != 0 && doc_fine(d)) {
		doc_say(d, DOC_SKIP, NULL, "a development build: the "
		    "programs use the host's libraries");
		doc_do(d, "nothing, unless this should be a release");
	} else if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "all programs are static");
}

/* the digest that SHA256SUMS has for a name, as sha256sum(1) writes it */
static const char *
sum_of(const char *sums, const char *name, char hex[65])
{
	size_t		 len = strlen(name);
	const char	*p;

	for (p = sums; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strspn(p, "0123456789abcdef") == 64 && p[64] == ' ' &&
		    (p[65] == ' ' || p[65] == '*') &&
		    strncmp(p + 66, name, len) == 0 && (p[66 + len] == '\n' ||
		    p[66 + len] == '\0')) {
			memcpy(hex, p, 64);
			hex[64] = '\0';
			return (hex);
		}
	}
	return (NULL);
}

static void
check_signature(struct doctor *d)
{
	const uint8_t	*p;
	uint8_t		 hash[crypto_hash_sha256_BYTES];
	char		 path[PATH_MAX], sums[MAX_SUMS], want[65], got[65];
	size_t		 i, size;

	if (paths_join(path, sizeof(path), d->paths->data, "SHA256SUMS") ==
	    -1 || doc_read(path, sums, sizeof(sums)) == -1) {
		doc_say(d, DOC_SKIP, NULL, "a development build: no "
		    "SHA256SUMS came with it");
		doc_do(d, "nothing, unless this should be a release");
		return;
	}
	for (i = 0; i < NPROGRAMS; i++) {
		if (path_of(d, i, path) == -1 || (p = map(path, &size)) ==
		    NULL)
			continue;
		(void)crypto_hash_sha256(hash, p, size);
		munmap((void *)(uintptr_t)p, size);
		sodium_bin2hex(got, sizeof(got), hash, sizeof(hash));
		if (sum_of(sums, programs[i], want) == NULL)
			doc_say(d, DOC_FAIL, path, "is not in SHA256SUMS");
		else if (strcmp(want, got) != 0)
			doc_say(d, DOC_FAIL, path, "is not the program that "
			    "was installed: SHA256SUMS has %.12s, it is "
			    "%.12s", want, got);
		else
			continue;
		doc_do(d, "find out who changed it, and install the release "
		    "again");
	}
	if (doc_fine(d))
		doc_say(d, DOC_PASS, NULL, "the programs are those of "
		    "%s/SHA256SUMS, whose own signature is checked when a "
		    "release is installed", d->paths->data);
}

const struct check doc_binaries[] = {
	{ "binaries.paths", "every program of the suite is where it is "
	    "looked for", 0, 0, check_paths },
	{ "binaries.versions", "all programs are of the front end's version",
	    0, 0, check_versions },
	{ "binaries.modes", "nobody else can change a program, and none is "
	    "set-uid", 0, 0, check_modes },
	{ "binaries.static", "all programs are static, or none of them is",
	    0, 0, check_static },
	{ "binaries.signature", "the programs are those that were "
	    "installed", 30, 0, check_signature },
	{ NULL, NULL, 0, 0, NULL }
};
