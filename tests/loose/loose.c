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

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A gatewayd that says it is held and is not, by one thing: what doctor is to
 * see by the kernel's word.  Linked into the release's own objects with
 * --wrap, as `make loose-build' does; no program of build/bin has it.
 * DC_LOOSE names what is left out.
 */

#define MAX_ENV	16

static char	 variable[64];

int	 __real_execve(const char *, char *const [], char *const []);
int	 __wrap_execve(const char *, char *const [], char *const []);
int	 __real_unshare(int);
int	 __wrap_unshare(int);
int	 __real_chroot(const char *);
int	 __wrap_chroot(const char *);
int	 __real_prctl(int, ...);
int	 __wrap_prctl(int, ...);
long	 __real_syscall(long, ...);
long	 __wrap_syscall(long, ...);
int	 __real_setresuid(uid_t, uid_t, uid_t);
int	 __wrap_setresuid(uid_t, uid_t, uid_t);
int	 __real_getresuid(uid_t *, uid_t *, uid_t *);
int	 __wrap_getresuid(uid_t *, uid_t *, uid_t *);

static uid_t	 said;			/* the uid that was asked for */

static void __attribute__((__constructor__))
loose_begin(void)
{
	const char	*what = getenv("DC_LOOSE");

	if (what == NULL)
		return;
	strlcpy(variable, "DC_LOOSE=", sizeof(variable));
	strlcat(variable, what, sizeof(variable));
}

static int
is(const char *what)
{
	if (variable[0] == '\0' || strcmp(variable + strlen("DC_LOOSE="),
	    what) != 0)
		return (0);
	/* what is inherited begins with the supervisor */
	return (strcmp(what, "no-new-privs") == 0 ||
	    strcmp(what, "capabilities") == 0 ||
	    strstr(program_invocation_name, "gatewayd") != NULL);
}

/* the supervisor gives its roles an environment of its own making */
int
__wrap_execve(const char *path, char *const argv[], char *const env[])
{
	char	*more[MAX_ENV + 2];
	size_t	 n;

	for (n = 0; n < MAX_ENV && env[n] != NULL; n++)
		more[n] = env[n];
	if (variable[0] != '\0')
		more[n++] = variable;
	more[n] = NULL;
	return (__real_execve(path, argv, more));
}

int
__wrap_unshare(int flags)
{
	return (__real_unshare(is("network") ? flags & ~CLONE_NEWNET :
	    flags));
}

int
__wrap_chroot(const char *path)
{
	return (is("root") ? 0 : __real_chroot(path));
}

/* of all capabilities this one, over the change of uid */
static int
keep(int cap, uid_t r, uid_t e, uid_t s)
{
	struct __user_cap_header_struct	 hdr = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct	 data[2];

	memset(data, 0, sizeof(data));
	data[0].effective = data[0].permitted = 1u << cap;
	if (__real_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 ||
	    __real_setresuid(r, e, s) == -1 ||
	    __real_syscall(SYS_capset, &hdr, data) == -1)
		return (-1);
	return (0);
}

int
__wrap_setresuid(uid_t r, uid_t e, uid_t s)
{
	if (r != 0 && is("no-new-privs"))
		return (keep(CAP_SYS_ADMIN, r, e, s));
	if (r == 0 || !is("uid"))
		return (__real_setresuid(r, e, s));
	said = r;
	return (__real_setresuid(65534, 65534, 65534));
}

int
__wrap_getresuid(uid_t *r, uid_t *e, uid_t *s)
{
	if (said == 0)
		return (__real_getresuid(r, e, s));
	*r = *e = *s = said;
	return (0);
}

/* a filter that lets all pass, for which a capability is still at hand */
static int
sieve(void)
{
	struct sock_filter	 all[] = { BPF_STMT(BPF_RET | BPF_K,
				    SECCOMP_RET_ALLOW) };
	struct sock_fprog	 prog = { 1, all };

	return (__real_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

int
__wrap_prctl(int op, ...)
{
	unsigned long	 a[4];
	va_list		 ap;
	int		 i;

	va_start(ap, op);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	/* they would be gone before it is asked for them */
	if ((is("no-new-privs") || is("capabilities")) &&
	    (op == PR_SET_SECUREBITS || op == PR_CAPBSET_DROP))
		return (0);
	if (is("no-new-privs") && op == PR_SET_NO_NEW_PRIVS)
		return (0);
	if (is("no-new-privs") && op == PR_GET_NO_NEW_PRIVS)
		return (1);
	return (__real_prctl(op, a[0], a[1], a[2], a[3]));
}

long
__wrap_syscall(long nr, ...)
{
	unsigned long	 a[6];
	va_list		 ap;
	int		 i;

	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (is("seccomp") && nr == SYS_seccomp &&
	    a[0] == SECCOMP_SET_MODE_FILTER)
		return (0);
	/* in user mode, as root: elsewhere the change of uid takes them */
	if (is("capabilities") && nr == SYS_capset)
		return (0);
	if (is("capabilities") && nr == SYS_capget && strstr(
	    program_invocation_name, "dc-") != NULL) {
		memset((void *)a[1], 0, 2 * sizeof(
		    struct __user_cap_data_struct));
		return (0);
	}
	if (is("no-new-privs") && nr == SYS_capset && sieve() == -1)
		return (-1);
	/* these two want what is not there */
	if (is("no-new-privs") && (nr == 446 /* landlock_restrict_self */ ||
	    (nr == SYS_seccomp && a[0] == SECCOMP_SET_MODE_FILTER)))
		return (0);
	return (__real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}
