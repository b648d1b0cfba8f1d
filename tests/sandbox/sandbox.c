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
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/confine.h"
#include "common/sandbox.h"
#include "tests/sandbox/start.h"

/*
 * Confinement is real: every role program, started as the supervisor starts
 * it and confined as it confines itself, tries each forbidden operation and
 * each system call number, one per process; then each operation again with
 * layers left out, so that every layer is seen to hold what it claims.
 *
 *	sandbox [-lv]		the test; -l: numbers in every mode, -v: table
 *	sandbox --layer-off L	the same with layer L (or "all") left out, and
 *				nobody told: it must fail
 *	sandbox --only OP,OP ... --landlock N
 *				these operations alone, on a kernel whose
 *				Landlock is of this ABI (0: has none): what
 *				each role says of its layers must be that, and
 *				what the operations give must follow from it
 *	sandbox --counts	system calls each role's list has, and how
 *				many the supervisor's filter lets nobody make
 */

#define WORKERS		2
#define MAX_JOBS	16384
#define ACCOUNT_UID	47001	/* of user mode when we are root */
#define EXIT_SKIPPED	77

#ifndef PR_GET_MDWE
#define PR_GET_MDWE	66
#endif

#ifdef SANDBOX_SANITIZER
#define SANITIZED	1
#else
#define SANITIZED	0
#endif

enum run_mode { RUN_USER, RUN_ACCOUNT, RUN_SYSTEM, RUN_COUNT };

static const char *const mode_names[RUN_COUNT] = {
	"user mode", "user mode, unprivileged", "system mode"
};

static const unsigned int roles[] = {
	ROLE_CONFC, ROLE_RULEREAD, ROLE_RULECOMP, ROLE_GATEWAYD, ROLE_AUDITD,
	ROLE_SIGNER, ROLE_SINK, SUBJECT_LOCAL, SUBJECT_DIR, ROLE_RESOLVER,
	ROLE_JUDGE
};
#define NROLES	(sizeof(roles) / sizeof(roles[0]))

/* one process to start, and what must become of it */
struct job {
	size_t			 role;	/* index of roles[] */
	enum probe_kind		 kind;
	int64_t			 n;
	uint32_t		 skip;
	int			 want;
	enum enforce_layer	 held;
};

/* what the workers fill in, in memory of all */
struct board {
	atomic_uint	 next;
	atomic_int	 stop;
	int		 got[MAX_JOBS];
	uint32_t	 layers[MAX_JOBS];	/* as the role said */
};

static struct job		 jobs[MAX_JOBS];
static unsigned int		 njobs;
static struct board		*board;
static struct sandbox_state	 states[NROLES];	/* nothing left out */
static struct made		 made;
static struct site		 sites[WORKERS];

static int		 verbose, everywhere, counting;
static uint32_t		 left_out;	/* --layer-off */
static enum enforce_layer off_layer;	/* LAYER_COUNT: all */
static const char	*only;		/* --only */
static int		 landlock = -1;	/* --landlock; -1: whatever it is */

static void
add_job(size_t role, enum probe_kind kind, int64_t n, uint32_t skip, int want,
    enum enforce_layer held)
{
	struct job	*j;

	/* a layer that is off shows where it was to answer */
	if (left_out != 0 && (kind == PROBE_NUMBER ||
	    (off_layer == LAYER_COUNT ? skip != 0 : held != off_layer)))
		return;
	if (njobs == MAX_JOBS)
		abort();
	j = &jobs[njobs++];
	j->role = role;
	j->kind = kind;
	j->n = n;
	j->skip = skip;
	j->want = want;
	j->held = held;
}

/* who has no privilege to drop does not miss a layer that drops it */
static int
is_missed(const struct probe_op *op, const struct sandbox_state *st,
    const struct probe_way *way)
{
	enum enforce_layer	 held;

	return (left_out == 0 || off_layer == LAYER_COUNT ||
	    probe_expect(op, st, way->skip | left_out, &held) != way->result);
}

static int
is_asked(const char *name)
{
	const char	*p;
	size_t		 len = strlen(name);

	for (p = only; p != NULL && *p != '\0'; p += *p == ',') {
		if (strncmp(p, name, len) == 0 &&
		    (p[len] == ',' || p[len] == '\0'))
			return (1);
		p += strcspn(p, ",");
	}
	return (only == NULL);
}

static void
add_operations(size_t role)
{
	struct probe_way	 ways[MAX_PROBE_WAYS];
	const struct probe_op	*op;
	size_t			 i, j, n;

	for (i = 0; i < probe_count(); i++) {
		op = probe_op(i);
		if (!is_asked(op->name))
			continue;
		n = probe_ways(op, &states[role], ways);
		for (j = 0; j < n; j++)
			if (is_missed(op, &states[role], &ways[j]))
				add_job(role, PROBE_OP, (int64_t)i,
				    ways[j].skip, ways[j].result,
				    ways[j].held);
	}
	if (only != NULL)
		return;
	add_job(role, PROBE_OUTLIVE, 0, 0, PROBE_DIED, LAYER_TIE);
	add_job(role, PROBE_OUTLIVE, 0, 1u << LAYER_TIE, 0, PROBE_HOST);
}

static void
add_numbers(size_t role)
{
	long	 nr;
	int	 want;

	if (only != NULL)
		return;
	for (nr = 0; nr <= MAX_SYSCALL_NR; nr++) {
		want = probe_expect_nr(states[role].groups, nr);
		if (want != PROBE_ANY)
			add_job(role, PROBE_NUMBER, nr, 0, want,
			    LAYER_SECCOMP);
	}
}

/* a layer is there as long as it is not left out, and no other goes along */
static int
job_failed(unsigned int i)
{
	const struct job	*j = &jobs[i];

	if (!probe_same(board->got[i], j->want))
		return (1);
	return (left_out == 0 && board->layers[i] !=
	    (states[j->role].layers & ~j->skip));
}

static int
work(struct site *s)
{
	struct probe_request	 rq;
	struct tried		 t;
	unsigned int		 i;

	if (probe_env_open(&s->env) == -1) {
		fprintf(stderr, "what to aim at: %s\n", strerror(errno));
		return (1);
	}
	/* both databases exist before anybody looks for one */
	memset(&rq, 0, sizeof(rq));
	rq.kind = PROBE_STATE;
	site_try(s, &made, ROLE_AUDITD, &rq, &t);
	if (s->system) {
		rq.skip = 1u << LAYER_UID;
		site_try(s, &made, ROLE_AUDITD, &rq, &t);
	}
	while (!board->stop && (i = atomic_fetch_add(&board->next, 1)) <
	    njobs) {
		memset(&rq, 0, sizeof(rq));
		rq.kind = jobs[i].kind;
		rq.n = jobs[i].n;
		rq.skip = jobs[i].skip | left_out;
		site_try(s, &made, roles[jobs[i].role], &rq, &t);
		board->got[i] = t.outcome;
		board->layers[i] = t.state.layers;
		/* with a layer off one failure is all that is wanted */
		if (left_out != 0 && job_failed(i))
			board->stop = 1;
	}
	probe_env_close(&s->env);
	return (0);
}

static int
run_jobs(void)
{
	pid_t	 pid[WORKERS];
	int	 i, status, bad = 0;

	fflush(stdout);
	for (i = 0; i < WORKERS; i++)
		if ((pid[i] = fork()) == 0)
			_exit(work(&sites[i]));
	for (i = 0; i < WORKERS; i++)
		if (pid[i] == -1 || waitpid(pid[i], &status, 0) != pid[i] ||
		    status != 0)
			bad++;
	return (bad);
}

static const char *
job_name(const struct job *j, char *buf, size_t size)
{
	const char	*name;

	switch (j->kind) {
	case PROBE_OP:
		return (probe_op((size_t)j->n)->name);
	case PROBE_OUTLIVE:
		return ("outlive-supervisor");
	default:
		name = sandbox_syscall_name((long)j->n);
		snprintf(buf, size, "call %ld %s", (long)j->n,
		    name == NULL ? "(no name)" : name);
		return (buf);
	}
}

static const char *
layer_text(enum enforce_layer layer, uint32_t skip)
{
	if (layer != PROBE_HOST)
		return (enforce_layer_name(layer));
	return (skip == 0 ? "its promise allows it" : "-");
}

static void
layers_text(uint32_t layers, char *buf, size_t size)
{
	unsigned int	 i;

	strlcpy(buf, layers == 0 ? "none" : "", size);
	for (i = 0; i < LAYER_COUNT; i++) {
		if ((layers & (1u << i)) == 0)
			continue;
		if (buf[0] != '\0')
			strlcat(buf, ", ", size);
		strlcat(buf, enforce_layer_name(i), size);
	}
}

static void
show_job(FILE *out, unsigned int i, const char *mode)
{
	const struct job	*j = &jobs[i];
	char			 name[48], off[256];

	layers_text(j->skip | left_out, off, sizeof(off));
	fprintf(out, "  %-14s %-22s %-30s %-20s left out: %s\n",
	    subject_name(roles[j->role]), job_name(j, name, sizeof(name)),
	    probe_text(board->got[i]), layer_text(j->held, j->skip), off);
	if (!job_failed(i))
		return;
	fprintf(out, "    %s: expected %s", mode, probe_text(j->want));
	layers_text(board->layers[i], off, sizeof(off));
	fprintf(out, "; the role's layers: %s\n", off);
}

/* one line of what was tried, one of who held it in an untouched role */
static void
summary(size_t role)
{
	unsigned int	 i, layer, ops = 0, ways = 0, numbers = 0;
	unsigned int	 first[LAYER_COUNT + 1] = { 0 };

	for (i = 0; i < njobs; i++) {
		if (jobs[i].role != role)
			continue;
		if (jobs[i].kind == PROBE_NUMBER) {
			numbers++;
			continue;
		}
		ways++;
		if (jobs[i].skip == 0) {
			ops++;
			first[jobs[i].held]++;
		}
	}
	printf("  %-14s %u operations in %u ways", subject_name(roles[role]),
	    ops, ways);
	if (numbers != 0)
		printf(", %u numbers besides its %u calls", numbers,
		    states[role].syscalls);
	printf("; held by");
	for (layer = 0; layer < LAYER_COUNT; layer++)
		if (first[layer] != 0)
			printf(" %s %u,", enforce_layer_name(layer),
			    first[layer]);
	printf(" promised %u\n", first[PROBE_HOST]);
}

static int
show_results(enum run_mode mode)
{
	unsigned int	 i, bad = 0;
	size_t		 r;

	for (i = 0; i < njobs; i++) {
		if (left_out != 0 && i >= board->next)
			break;
		if (job_failed(i) && bad++ < 30)
			show_job(stderr, i, mode_names[mode]);
		else if (verbose)
			show_job(stdout, i, mode_names[mode]);
	}
	for (r = 0; r < NROLES && left_out == 0; r++)
		summary(r);
	if (bad != 0)
		fprintf(stderr, "%s: %u of %u are not as expected\n",
		    mode_names[mode], bad, njobs);
	return (bad != 0);
}

/* the layers that a whole role has in this mode, on this kernel */
static uint32_t
all_layers(enum run_mode mode, enum role_id id)
{
	uint32_t	 all = (1u << LAYER_COUNT) - 1;

	if (mode != RUN_SYSTEM)
		all &= ~(1u << LAYER_UID | 1u << LAYER_CHROOT |
		    1u << LAYER_NETNS);
	/* who connects to other hosts is on the host's network */
	if (id == ROLE_SINK || id == ROLE_RESOLVER || id == ROLE_JUDGE)
		all &= ~(1u << LAYER_NETNS);
	if (landlock == 0)
		all &= ~(1u << LAYER_LANDLOCK);
	if (prctl(PR_GET_MDWE, 0, 0, 0, 0) == -1)
		all &= ~(1u << LAYER_MDWE);
	return (all);
}

static void
count_never(const struct sandbox_line *line, void *arg)
{
	(void)line;
	++*(unsigned int *)arg;
}

static int
ask_states(enum run_mode mode)
{
	struct probe_request	 rq;
	struct tried		 t;
	char			 err[MAX_CONFINE_ERR], text[256];
	size_t			 r;

	memset(&rq, 0, sizeof(rq));
	rq.kind = PROBE_STATE;
	if (probe_env_open(&sites[0].env) == -1)
		return (-1);
	for (r = 0; r < NROLES; r++) {
		site_try(&sites[0], &made, roles[r], &rq, &t);
		states[r] = t.state;
		if (t.outcome != 0) {
			fprintf(stderr, "%s does not enter\n",
			    subject_name(roles[r]));
			break;
		}
		if (landlock != -1 && t.state.landlock_abi != landlock) {
			fprintf(stderr, "%s: has Landlock ABI %u\n",
			    subject_name(roles[r]), t.state.landlock_abi);
			break;
		}
		if (enforce_floor(&t.state, site_no_landlock, err,
		    sizeof(err)) == -1) {
			fprintf(stderr, "%s: %s\n", subject_name(roles[r]), err);
			break;
		}
		layers_text(t.state.layers, text, sizeof(text));
		if (t.state.layers != all_layers(mode,
		    subject_role(roles[r]))) {
			fprintf(stderr, "%s, %s: has only %s\n",
			    mode_names[mode], subject_name(roles[r]), text);
			break;
		}
		if (counting)
			printf("%s %u\n", subject_name(roles[r]),
			    t.state.syscalls);
	}
	probe_env_close(&sites[0].env);
	return (r == NROLES ? 0 : -1);
}

static int
run_in_sites(enum run_mode mode)
{
	unsigned int	 never = 0;
	size_t		 r;

	if (site_load(&sites[0], &made) == -1 || ask_states(mode) == -1)
		return (1);
	if (counting) {
		sandbox_explain_never(count_never, &never);
		printf("never %u\n", never);
		return (0);
	}
	for (r = 0; r < NROLES; r++) {
		add_operations(r);
		/* the filter is the same in every mode */
		if (everywhere || mode == RUN_USER)
			add_numbers(r);
	}
	if (njobs == 0)
		return (EXIT_SKIPPED);
	if (left_out == 0)
		printf("%s\n", mode_names[mode]);
	if (run_jobs() != 0)
		return (1);
	return (show_results(mode));
}

static int
become_account(void)
{
	if (setgroups(0, NULL) == -1 ||
	    setresgid(ACCOUNT_UID, ACCOUNT_UID, ACCOUNT_UID) == -1 ||
	    setresuid(ACCOUNT_UID, ACCOUNT_UID, ACCOUNT_UID) == -1 ||
	    /* or its children could not look at it, whatever they are */
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1) {
		fprintf(stderr, "uid %d: %s\n", ACCOUNT_UID, strerror(errno));
		return (-1);
	}
	if (access("/proc/self/exe", R_OK | X_OK) == 0)
		return (0);
	printf("  skipped: uid %d cannot reach the programs\n", ACCOUNT_UID);
	return (1);
}

/* a process of its own: it gives up its uid, and its memory starts empty */
static int
run_mode(enum run_mode mode)
{
	int	 i, rc;

	if (mode == RUN_ACCOUNT && (rc = become_account()) != 0)
		return (rc == -1);
	for (i = 0, rc = 0; i < WORKERS && rc == 0; i++)
		rc = site_open(&sites[i], mode == RUN_SYSTEM) == -1;
	if (rc == 0)
		rc = run_in_sites(mode);
	while (i-- > 0)
		site_close(&sites[i]);
	fflush(stdout);
	return (rc);
}

static int
run_modes(void)
{
	enum run_mode	 mode;
	int		 status, bad = 0, tried = 0;
	pid_t		 pid;

	for (mode = RUN_USER; mode < RUN_COUNT; mode++) {
		if (mode != RUN_USER && (counting || geteuid() != 0))
			continue;
		/* a layer that is off shows in one mode, which is enough */
		if (left_out != 0 && bad)
			break;
		board->next = 0;
		fflush(stdout);
		if ((pid = fork()) == 0)
			_exit(run_mode(mode));
		if (pid == -1 || waitpid(pid, &status, 0) != pid)
			bad = 1;
		else if (WIFEXITED(status) &&
		    WEXITSTATUS(status) == EXIT_SKIPPED)
			continue;
		else if (status != 0)
			bad = 1;
		tried = 1;
	}
	if (geteuid() != 0 && !counting)
		printf("system mode was not tried: it needs root\n");
	if (!tried)
		printf("no layer of that name holds anything here\n");
	return (tried ? bad : EXIT_SKIPPED);
}

static int
layer_named(const char *name)
{
	unsigned int	 i;

	off_layer = LAYER_COUNT;
	left_out = (1u << LAYER_COUNT) - 1;
	if (strcmp(name, "all") == 0)
		return (0);
	for (i = 0; i < LAYER_COUNT; i++)
		if (strcmp(name, enforce_layer_name(i)) == 0) {
			off_layer = i;
			left_out = 1u << i;
			return (0);
		}
	return (-1);
}

static void
usage(void)
{
	fprintf(stderr, "usage: sandbox [-lv] [--layer-off LAYER|all] "
	    "[--only OP,...] [--landlock ABI]\n       [--counts] "
	    "[--layers]\n");
	exit(2);
}

static void
options(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "layer-off", required_argument, NULL, 'o' },
		{ "counts", no_argument, NULL, 'c' },
		{ "layers", no_argument, NULL, 'L' },
		{ "only", required_argument, NULL, 'O' },
		{ "landlock", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 }
	};
	unsigned int	 i;
	int		 ch;

	while ((ch = getopt_long(argc, argv, "lv", longs, NULL)) != -1) {
		switch (ch) {
		case 'l':
			everywhere = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'c':
			counting = 1;
			break;
		case 'o':
			if (layer_named(optarg) == -1)
				usage();
			break;
		case 'O':
			only = optarg;
			break;
		case 'a':
			landlock = atoi(optarg);
			site_no_landlock = landlock == 0;
			break;
		case 'L':
			for (i = 0; i < LAYER_COUNT; i++)
				printf("%s\n", enforce_layer_name(i));
			exit(0);
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

int
main(int argc, char *argv[])
{
	int	 rc;

	options(argc, argv);
	if (SANITIZED) {
		printf("skipped: the sanitizers need system calls of their "
		    "own, the plain build is what counts\n");
		return (EXIT_SKIPPED);
	}
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED) {
		fprintf(stderr, "memory: %s\n", strerror(errno));
		return (1);
	}
	if (probe_gain_make() == -1 && !counting)
		printf("exec-gains-uid is not tried: it needs root and a "
		    "/tmp that honours set-user-ID\n");
	rc = run_modes();
	probe_gain_remove();
	return (rc);
}
