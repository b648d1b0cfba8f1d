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

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/enforce.h"
#include "common/sandbox.h"
#include "common/sandbox_table.h"

#if defined(__x86_64__) && defined(__LP64__)
#define SANDBOX_ARCH	AUDIT_ARCH_X86_64
#define SANDBOX_X32_BIT	0x40000000
#elif defined(__aarch64__)
#define SANDBOX_ARCH	AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define SANDBOX_ARCH	AUDIT_ARCH_RISCV64
#else
#error "no seccomp filter for this machine: add its AUDIT_ARCH and test it"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OFF_LOW		0
#define OFF_HIGH	4
#else
#define OFF_LOW		4
#define OFF_HIGH	0
#endif

#define MAX_SANDBOX_INSNS	1024	/* the kernel takes 4096 */

#ifdef SANDBOX_TRAP
#define RET_DEFAULT	SECCOMP_RET_TRAP
#else
#define RET_DEFAULT	SECCOMP_RET_KILL_PROCESS
#endif

struct program {
	struct sock_filter	 insn[MAX_SANDBOX_INSNS];
	unsigned short		 len;
	int			 overflow;
};

/* a visitor over the rows of a filter, in its order; non-zero ends the walk */
typedef int (*row_fn)(const struct sandbox_group *, const struct sandbox_rule *,
    void *);

static void
emit(struct program *p, unsigned int code, uint32_t k, size_t jt, size_t jf)
{
	struct sock_filter	*f;

	if (p->len >= MAX_SANDBOX_INSNS) {
		p->overflow = 1;
		return;
	}
	f = &p->insn[p->len++];
	f->code = (unsigned short)code;
	f->k = k;
	f->jt = (unsigned char)jt;
	f->jf = (unsigned char)jf;
}

static void
emit_load(struct program *p, size_t off)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)off, 0, 0);
}

/* instructions one half of a test takes: load, mask unless full, compare */
static size_t
half_len(uint32_t mask)
{
	if (mask == 0)
		return (0);
	return (mask == UINT32_MAX ? 2 : 3);
}

static size_t
test_len(const struct sandbox_test *t)
{
	return (half_len((uint32_t)t->mask) +
	    half_len((uint32_t)(t->mask >> 32)));
}

/* *left counts down to the end of the row, where a failed test goes on */
static void
emit_half(struct program *p, size_t off, uint32_t mask, uint32_t value,
    size_t *left)
{
	size_t	 n;

	if ((n = half_len(mask)) == 0)
		return;
	*left -= n;
	emit_load(p, off);
	if (mask != UINT32_MAX)
		emit(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, *left);
}

static uint32_t
rule_return(const struct sandbox_rule *r)
{
	switch (r->action) {
	case SANDBOX_ALLOW:
		return (SECCOMP_RET_ALLOW);
	case SANDBOX_ERRNO:
		return (SECCOMP_RET_ERRNO |
		    ((uint32_t)r->errnum & SECCOMP_RET_DATA));
	case SANDBOX_KILL:
		break;
	}
	return (RET_DEFAULT);
}

/*
 * One row: other numbers jump past it; a test that fails jumps to its last
 * instruction, which loads the number again for the next row.
 */
static int
emit_rule(const struct sandbox_group *g, const struct sandbox_rule *r,
    void *arg)
{
	const struct sandbox_test	*t;
	struct program			*p = arg;
	uint64_t			 value;
	size_t				 i, off, left = 1;

	(void)g;
	for (i = 0; i < MAX_SANDBOX_TESTS; i++)
		left += test_len(&r->test[i]);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0,
	    left == 1 ? 1 : left + 1);
	for (i = 0; i < MAX_SANDBOX_TESTS; i++) {
		t = &r->test[i];
		if (t->kind == TEST_NONE)
			break;
		value = t->kind == TEST_SELF ? (uint64_t)getpid() : t->value;
		off = offsetof(struct seccomp_data, args) +
		    (size_t)t->arg * sizeof(uint64_t);
		emit_half(p, off + OFF_LOW, (uint32_t)t->mask,
		    (uint32_t)value, &left);
		emit_half(p, off + OFF_HIGH, (uint32_t)(t->mask >> 32),
		    (uint32_t)(value >> 32), &left);
	}
	emit(p, BPF_RET | BPF_K, rule_return(r), 0, 0);
	if (i > 0)
		emit_load(p, offsetof(struct seccomp_data, nr));
	return (p->overflow);
}

static uint32_t
with_sanitizer(uint32_t groups)
{
#ifdef SANDBOX_SANITIZER
	groups |= SB_SANITIZER;
#endif
	return (groups);
}

/* allow rows of all groups, then their soft denials */
static void
walk(uint32_t groups, row_fn fn, void *arg)
{
	static const enum sandbox_action order[] = {
		SANDBOX_ALLOW, SANDBOX_ERRNO
	};
	const struct sandbox_group	*g;
	size_t				 pass, i, j;

	groups = with_sanitizer(groups);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < sandbox_ngroups; i++) {
			g = &sandbox_groups[i];
			if ((groups & g->bit) == 0)
				continue;
			for (j = 0; j < g->nrules; j++)
				if (g->rules[j].action == order[pass] &&
				    fn(g, &g->rules[j], arg) != 0)
					return;
		}
}

static void
walk_never(row_fn fn, void *arg)
{
	size_t	 i;

	for (i = 0; i < sandbox_never.nrules; i++)
		if (fn(&sandbox_never, &sandbox_never.rules[i], arg) != 0)
			return;
}

/* a number of another machine's table means something else: first of all */
static void
emit_prologue(struct program *p)
{
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0);
	emit(p, BPF_RET | BPF_K, RET_DEFAULT, 0, 0);
	emit_load(p, offsetof(struct seccomp_data, nr));
#ifdef SANDBOX_X32_BIT
	emit(p, BPF_JMP | BPF_JGE | BPF_K, SANDBOX_X32_BIT, 0, 1);
	emit(p, BPF_RET | BPF_K, RET_DEFAULT, 0, 0);
#endif
}

#ifdef SANDBOX_TRAP
/* for whoever writes a promise: says which call was missing, then dies */
static void
trapped(int sig, siginfo_t *si, void *context)
{
	char		 buf[64];
	const char	*name;
	int		 n;

	(void)context;
	name = sandbox_syscall_name(si->si_syscall);
	n = snprintf(buf, sizeof(buf), "sandbox: pid %d wants %s (%d)\n",
	    (int)getpid(), name == NULL ? "?" : name, si->si_syscall);
	if (n > 0)
		n = (int)write(STDERR_FILENO, buf, (size_t)n);
	_exit(128 + sig);
}

static void
catch_traps(void)
{
	struct sigaction	 sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = trapped;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGSYS, &sa, NULL);
}
#endif

#ifdef SANDBOX_SANITIZER
static int	 filtered;

/*
 * LeakSanitizer asks at the end of a process.  Its check traces the process
 * itself, and no filter here lets anybody trace: only who has none is checked.
 */
int
__lsan_is_turned_off(void)
{
	return (filtered);
}
#endif

static int
install(struct program *p, char *err, size_t errlen)
{
	struct sock_fprog	 prog = { .len = p->len, .filter = p->insn };
	uint32_t		 action = SECCOMP_RET_KILL_PROCESS;

	if (p->overflow) {
		snprintf(err, errlen, "seccomp: the filter is over %d "
		    "instructions", MAX_SANDBOX_INSNS);
		return (-1);
	}
	/* without it a filter would kill one thread and leave the others */
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		return (enforce_refuse("seccomp", err, errlen));
#ifdef SANDBOX_TRAP
	catch_traps();
#endif
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == -1)
		return (enforce_refuse("seccomp", err, errlen));
#ifdef SANDBOX_SANITIZER
	filtered = 1;
#endif
	return (p->len);
}

int
sandbox_apply(uint32_t groups, char *err, size_t errlen)
{
	struct program	 p;
	uint32_t	 bit;

	for (bit = 1; bit != 0; bit <<= 1)
		if ((groups & bit) != 0 && sandbox_group_name(bit) == NULL) {
			snprintf(err, errlen,
			    "seccomp: promise 0x%x has no group", bit);
			return (-1);
		}
	memset(&p, 0, sizeof(p));
	emit_prologue(&p);
	walk(groups, emit_rule, &p);
	emit(&p, BPF_RET | BPF_K, RET_DEFAULT, 0, 0);
	return (install(&p, err, errlen));
}

int
sandbox_deny_never(char *err, size_t errlen)
{
	struct program	 p;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (enforce_refuse("no_new_privs", err, errlen));
	memset(&p, 0, sizeof(p));
	emit_prologue(&p);
	walk_never(emit_rule, &p);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	return (install(&p, err, errlen));
}

struct explain {
	void	(*fn)(const struct sandbox_line *, void *);
	void	*arg;
};

static int
explain_rule(const struct sandbox_group *g, const struct sandbox_rule *r,
    void *arg)
{
	struct explain		*e = arg;
	struct sandbox_line	 line;

	line.nr = r->nr;
	line.name = sandbox_syscall_name(r->nr);
	if (line.name == NULL)
		line.name = "?";
	line.group = g->name;
	line.rule = r->text;
	line.action = r->action;
	line.errnum = r->errnum;
	e->fn(&line, e->arg);
	return (0);
}

void
sandbox_explain(uint32_t groups,
    void (*fn)(const struct sandbox_line *, void *), void *arg)
{
	struct explain	 e = { fn, arg };

	walk(groups, explain_rule, &e);
}

void
sandbox_explain_never(void (*fn)(const struct sandbox_line *, void *),
    void *arg)
{
	struct explain	 e = { fn, arg };

	walk_never(explain_rule, &e);
}

struct verdict {
	long			 nr;
	enum sandbox_action	 action;
	int			 errnum;
};

static int
verdict_rule(const struct sandbox_group *g, const struct sandbox_rule *r,
    void *arg)
{
	struct verdict	*v = arg;

	(void)g;
	if (r->nr != v->nr || r->test[0].kind != TEST_NONE)
		return (0);
	v->action = r->action;
	v->errnum = r->errnum;
	return (1);
}

enum sandbox_action
sandbox_verdict(uint32_t groups, long nr, int *errnum)
{
	struct verdict	 v = { nr, SANDBOX_KILL, 0 };

	walk(groups, verdict_rule, &v);
	*errnum = v.errnum;
	return (v.action);
}

struct count {
	unsigned char	 seen[MAX_SYSCALL_NR + 1];
	int		 n;
};

static int
count_rule(const struct sandbox_group *g, const struct sandbox_rule *r,
    void *arg)
{
	struct count	*c = arg;

	(void)g;
	if (r->action != SANDBOX_ALLOW || r->nr < 0 ||
	    r->nr > MAX_SYSCALL_NR || c->seen[r->nr])
		return (0);
	c->seen[r->nr] = 1;
	c->n++;
	return (0);
}

int
sandbox_count(uint32_t groups)
{
	struct count	 c;

	memset(&c, 0, sizeof(c));
	walk(groups, count_rule, &c);
	return (c.n);
}

const char *
sandbox_group_name(uint32_t bit)
{
	size_t	 i;

	for (i = 0; i < sandbox_ngroups; i++)
		if (sandbox_groups[i].bit == bit)
			return (sandbox_groups[i].name);
	return (NULL);
}
