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
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/confedit.h"
#include "ctl/init.h"
#include "ctl/paths.h"
#include "tests/power/disk.h"
#include "tests/power/plog.h"
#include "tests/power/tree.h"
#include "tests/power/work.h"

/*
 * Power cuts under defenseclawctl: init in either mode, and changes of
 * config.yaml.
 *
 * The code of init runs in a small root (chroot) with a recorder linked in.
 * Then, at every point of the record, each thing it makes must be absent or
 * whole, with mode and owner; init run again must go on and end well; run
 * once more it must find nothing to do.  Once it said that it had ended all
 * must be there.  Of config.yaml the old or the new text must be there.
 */

#define CI_CUTS		2	/* of every point */
#define LOSS_CUTS	4	/* where there must be a loss */
#define SOAK_CUTS	40
#define EDITS		4
#define MAX_WHY		256
#define CONFIG		"home/.defenseclaw/config.yaml"

enum what { USER, SYSTEM, EDIT };

struct run {
	enum what	 what;
	const char	*name;
	const char	*leaves_out;
	const char	*want;		/* NULL: nothing may go wrong */
};

static const struct run runs[] = {
	{ USER, "init, user mode", "nothing", NULL },
	{ SYSTEM, "init, system mode", "nothing", NULL },
	{ EDIT, "changes of config.yaml", "nothing", NULL },
	{ USER, "init without fsync", PLOG_NOFSYNC, "is not whole" },
	{ USER, "init without any sync of directories", PLOG_NODIRSYNC,
	    "is missing, and init had ended" },
	{ EDIT, "changes of config.yaml without fsync", PLOG_NOFSYNC,
	    "is neither" },
	{ EDIT, "changes of config.yaml without any sync of directories",
	    PLOG_NODIRSYNC, "is an older one" },
};

struct story {
	const struct run	*run;
	const char		*top;
	const struct plog	*log;
	struct disk		*before;
	struct tree		 start, end;
	uint64_t		 nrecs;
	unsigned int		 cuts;
	/* of config.yaml, oldest first */
	const struct plog_rec	*texts[EDITS + 1];
	size_t			 ntexts;
};

/* --- in the small root ---------------------------------------------------- */

static void
mark(void)
{
	struct plog_rec	 r = { .op = P_ENDED };
	char		 buf[64 * 1024];
	ssize_t		 n;
	int		 fd;

	if ((fd = open("/" CONFIG, O_RDONLY | O_CLOEXEC)) == -1)
		n = 0;
	else {
		n = read(fd, buf, sizeof(buf));
		close(fd);
	}
	plog_put(&r, NULL, buf, n > 0 ? (size_t)n : 0);
}

static int
run_init(enum what what, int again)
{
	static struct init_result	 res;
	struct paths			 p;
	char				 why[MAX_PATHS_ERR];
	int				 i;

	if (what == USER)
		setenv("DEFENSECLAW_HOME", "/home/.defenseclaw", 1);
	else
		unsetenv("DEFENSECLAW_HOME");
	unsetenv("DEFENSECLAW_GATEWAY_TOKEN");
	unsetenv("OPENCLAW_GATEWAY_TOKEN");
	if (paths_init(&p, PATHS_SETUP, what == USER, why, sizeof(why)) == -1)
		errx(1, "%s", why);
	strlcpy(p.data, "/share", sizeof(p.data));
	(void)init_run(&p, CONF_ACTION, &res);
	for (i = 0; i < res.nsteps; i++)
		if (res.steps[i].what == INIT_FAILED ||
		    res.steps[i].what == INIT_WARN ||
		    (again && res.steps[i].what == INIT_MADE))
			errx(1, "init: %s: %s: %s",
			    init_what_name(res.steps[i].what),
			    res.steps[i].subject, res.steps[i].text);
	mark();
	return (0);
}

static int
run_edits(void)
{
	char			why[512], value[16];
	struct conf_setting	s = { "audit.checkpoint_events", value };
	int			i;

	mark();
	for (i = 0; i < EDITS; i++) {
		snprintf(value, sizeof(value), "%d", 501 + i);
		if (confedit_apply("/" CONFIG, geteuid(), confedit_setting,
		    &s, why, sizeof(why)) != 1)
			errx(1, "%s", why);
		mark();
	}
	return (0);
}

static int
in_root(const char *root, const char *what)
{
	if (chroot(root) == -1 || chdir("/") == -1)
		err(1, "chroot %s", root);
	if (strcmp(what, "edit") == 0)
		return (run_edits());
	return (run_init(what[0] == 'u' ? USER : SYSTEM,
	    strstr(what, "again") != NULL));
}

/* --- the test ------------------------------------------------------------- */

/* with what it said on its standard error; 0 when it ended well */
static int
start(const char *root, const char *what, const char *leaves_out, int logfd,
    char *why, size_t size)
{
	char	 self[] = "/proc/self/exe", flag[] = "--in-root";
	char	 dir[PATH_MAX], word[32];
	char	*argv[] = { self, flag, dir, word, NULL };
	ssize_t	 n;
	size_t	 len = 0;
	pid_t	 pid;
	int	 pfd[2], status;

	strlcpy(dir, root, sizeof(dir));
	strlcpy(word, what, sizeof(word));
	if (pipe2(pfd, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		dup2(pfd[1], STDERR_FILENO);
		unsetenv(PLOG_ENV);
		if (logfd != -1) {
			setenv(PLOG_ENV, leaves_out, 1);
			if ((logfd = fcntl(logfd, F_DUPFD, 16)) == -1 ||
			    dup2(logfd, PLOG_FD) == -1)
				_exit(126);
		}
		execv(self, argv);
		_exit(127);
	}
	close(pfd[1]);
	while ((n = read(pfd[0], why + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(pfd[0]);
	why[len] = '\0';
	why[strcspn(why, "\n")] = '\0';
	if (waitpid(pid, &status, 0) == -1)
		err(1, "wait");
	return (status == 0 ? 0 : -1);
}

/* .NAME.xxxxxxxx, beside where NAME is or will be */
static int
is_temporary(const char *path)
{
	const char	*base = strrchr(path, '/');
	size_t		 len, i;

	base = base != NULL ? base + 1 : path;
	if (base[0] != '.' || (len = strlen(base)) < 11 ||
	    base[len - 9] != '.')
		return (0);
	for (i = len - 8; i < len; i++)
		if (!isxdigit((unsigned char)base[i]))
			return (0);
	return (1);
}

/* what is below a temporary directory is, too */
static int
in_temporary(const char *path)
{
	char	 buf[PATH_MAX], *slash;

	strlcpy(buf, path, sizeof(buf));
	for (;;) {
		if (is_temporary(buf))
			return (1);
		if ((slash = strrchr(buf, '/')) == NULL)
			return (0);
		*slash = '\0';
	}
}

/* each thing that is there is as it is at the end, or as it was before */
static int
check_things(const struct story *s, const struct tree *now, int ended,
    char *why)
{
	const struct thing	*t, *end, *old;
	const char		*diff;

	STAILQ_FOREACH(t, now, entry) {
		end = tree_get(&s->end, t->path);
		old = tree_get(&s->start, t->path);
		if (end == NULL && (old != NULL || in_temporary(t->path)))
			continue;
		diff = end == NULL ? "was not expected" :
		    thing_differs(end, t);
		if (diff == NULL || (old != NULL &&
		    thing_differs(old, t) == NULL))
			continue;
		snprintf(why, MAX_WHY, "%s %s", t->path, diff);
		return (-1);
	}
	STAILQ_FOREACH(end, &s->end, entry)
		if (ended && tree_get(now, end->path) == NULL) {
			snprintf(why, MAX_WHY, "%s is missing, and init had "
			    "ended", end->path);
			return (-1);
		}
	return (0);
}

/* everything is there again, and what was there has not changed */
static int
check_done(const struct story *s, const struct tree *was,
    const struct tree *now, char *why)
{
	const struct thing	*t, *end, *old;
	const char		*diff;

	STAILQ_FOREACH(end, &s->end, entry) {
		t = tree_get(now, end->path);
		old = tree_get(was, end->path);
		if (t == NULL)
			diff = "is not made by another init";
		else if (t->mode != end->mode || t->uid != end->uid ||
		    t->gid != end->gid)
			diff = "has another mode or owner";
		else
			diff = old == NULL ? NULL : thing_differs(old, t);
		if (diff != NULL) {
			snprintf(why, MAX_WHY, "%s %s", end->path, diff);
			return (-1);
		}
	}
	return (0);
}

static int
check_init(const struct story *s, const char *image, int ended, char *why)
{
	const char	*what = s->run->what == USER ? "user" : "system";
	struct tree	 was, now;
	char		 again[32];
	int		 rv;

	snprintf(again, sizeof(again), "%s again", what);
	tree_read(&was, image);
	rv = check_things(s, &was, ended, why);
	/* the second says whether the first had left anything open */
	if (rv == 0)
		rv = start(image, what, "", -1, why, MAX_WHY);
	if (rv == 0)
		rv = start(image, again, "", -1, why, MAX_WHY);
	if (rv == 0) {
		tree_read(&now, image);
		rv = check_done(s, &was, &now, why);
		tree_free(&now);
	}
	tree_free(&was);
	return (rv);
}

/* ended is how many texts were said to be in place */
static int
check_edit(const struct story *s, const char *image, size_t ended, char *why)
{
	const struct thing	*t, *old;
	struct tree		 now;
	size_t			 i;
	int			 rv = -1;

	tree_read(&now, image);
	t = tree_get(&now, CONFIG);
	old = tree_get(&s->start, CONFIG);
	if (t == NULL)
		snprintf(why, MAX_WHY, "config.yaml is not there");
	else if (t->mode != old->mode || t->uid != old->uid ||
	    t->gid != old->gid)
		snprintf(why, MAX_WHY, "config.yaml has another mode");
	else {
		for (i = ended < s->ntexts ? ended + 1 : ended; i > 0; i--)
			if (t->len == s->texts[i - 1]->datalen &&
			    memcmp(t->data, PLOG_DATA(s->texts[i - 1]),
			    t->len) == 0)
				break;
		if (i == 0)
			snprintf(why, MAX_WHY, "config.yaml is neither the "
			    "old nor the new text");
		else if (i < ended)
			snprintf(why, MAX_WHY, "config.yaml is an older one "
			    "than was said to be in place");
		else
			rv = 0;
	}
	tree_free(&now);
	return (rv);
}

static void
try_points(struct work *w, void *arg)
{
	const struct story	*s = arg;
	const struct plog_rec	*r;
	uint64_t		 off = 0, n = 0, seed;
	size_t			 ended = 0;
	char			 image[MAX_TOP + 16], why[MAX_WHY];
	unsigned int		 i;
	int			 rv;

	snprintf(image, sizeof(image), "%s/image.%u", s->top, w->number);
	if (mkdir(image, 0755) == -1)
		err(1, "%s", image);
	do {
		for (i = 0; i < s->cuts && !work_over(w); i++) {
			seed = disk_random(&w->rnd);
			/* points are dealt out to the workers */
			if ((n + i) % WORKERS != w->number)
				continue;
			disk_cut(s->before, seed, image);
			w->found->done++;
			rv = s->run->what == EDIT ?
			    check_edit(s, image, ended, why) :
			    check_init(s, image, ended != 0, why);
			if (rv == -1 && work_failed(w, n, seed, why)) {
				(void)disk_empty(image);
				disk_cut(s->before, seed, image);
				return;
			}
			if (disk_empty(image) == -1)
				err(1, "%s", image);
		}
		if ((r = plog_next(s->log, &off)) == NULL)
			break;
		disk_apply(s->before, r);
		ended += r->op == P_ENDED;
		n++;
	} while (!work_over(w));
}

static void
make_file(const char *root, const char *name, const char *text)
{
	char	 path[PATH_MAX], *p;
	int	 fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (p = path + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, text, strlen(text)) !=
	    (ssize_t)strlen(text) || close(fd) == -1)
		err(1, "%s", path);
}

/* rule packs and accounts, all small; no host file is looked at */
static void
make_root(const char *root)
{
	static const char *const users[] = { "_dcgate", "_dcaudit",
	    "_dcsign", "_dcsink", "_dcdns", "_dcscan", "_dcconf" };
	static const char *const groups[] = { "defenseclaw",
	    "defenseclaw-audit", "defenseclaw-admin" };
	char		 passwd[1024] = "root:x:0:0::/:/bin/sh\n";
	char		 group[1024] = "root:x:0:\n", line[96];
	size_t		 i;

	if (mkdir(root, 0755) == -1)
		err(1, "%s", root);
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		snprintf(line, sizeof(line), "%s:x:%zu:%zu::/:/bin/false\n",
		    users[i], 4700 + i, 4700 + i);
		strlcat(passwd, line, sizeof(passwd));
		snprintf(line, sizeof(line), "%s:x:%zu:\n", users[i],
		    4700 + i);
		strlcat(group, line, sizeof(group));
	}
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		snprintf(line, sizeof(line), "%s:x:%zu:\n", groups[i],
		    4800 + i);
		strlcat(group, line, sizeof(group));
	}
	make_file(root, "etc/passwd", passwd);
	make_file(root, "etc/group", group);
	make_file(root, "home/.keep", "");
	make_file(root, "share/policies/guardrail/default/rules/a.yaml",
	    "version: 1\nrules: []\n");
	make_file(root, "share/policies/guardrail/strict/b.yaml", "b: 2\n");
	make_file(root, "share/policies/guardrail/permissive/b.yaml",
	    "b: 3\n");
}

static void
find_texts(struct story *s)
{
	const struct plog_rec	*r;
	uint64_t		 off = 0, syncs = 0;

	while ((r = plog_next(s->log, &off)) != NULL) {
		s->nrecs++;
		syncs += r->op == P_SYNC;
		if (r->op == P_ENDED && s->ntexts <= EDITS)
			s->texts[s->ntexts++] = r;
	}
	printf("  %llu records, %llu of them syncs\n",
	    (unsigned long long)s->nrecs, (unsigned long long)syncs);
	if (s->nrecs < 8 || s->ntexts == 0)
		errx(1, "nothing was done");
}

static int
run_one(const struct run *r, unsigned int cuts, uint64_t seed)
{
	static const char *const words[] = { "user", "system", "edit" };
	struct story	 s;
	struct found	 f;
	struct plog	*log;
	char		 top[MAX_TOP], root[MAX_TOP + 16], why[MAX_WHY];
	int		 fd, bad;

	work_top(top, sizeof(top));
	snprintf(root, sizeof(root), "%s/root", top);
	make_root(root);
	if (r->what == EDIT &&
	    start(root, "user", "", -1, why, sizeof(why)) == -1)
		errx(1, "%s", why);
	memset(&s, 0, sizeof(s));
	s.run = r;
	s.top = top;
	s.cuts = cuts;
	s.log = log = plog_new(&fd);
	s.before = disk_new(root);
	tree_read(&s.start, root);
	printf("%s\n", r->name);
	if (start(root, words[r->what], r->leaves_out, fd, why,
	    sizeof(why)) == -1)
		errx(1, "%s", why);
	tree_read(&s.end, root);
	find_texts(&s);
	work_run(try_points, &s, 0, seed, r->want, &f);
	if ((bad = work_verdict(&f, r->want)) != 0)
		printf("  what was left is in %s\n", top);
	else if (disk_empty(top) == -1 || rmdir(top) == -1)
		err(1, "%s", top);
	tree_free(&s.start);
	tree_free(&s.end);
	plog_free(log, fd);
	disk_free(s.before);
	return (bad);
}

int
main(int argc, char *argv[])
{
	uint64_t	 seed;
	size_t		 i;
	int		 soak, bad = 0;

	if (argc == 4 && strcmp(argv[1], "--in-root") == 0)
		return (in_root(argv[2], argv[3]));
	soak = work_begin(&seed);
	if (geteuid() != 0) {
		printf("needs root, for chroot\n");
		return (77);
	}
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		bad |= run_one(&runs[i], soak ? SOAK_CUTS :
		    runs[i].want != NULL ? LOSS_CUTS : CI_CUTS, seed + i);
	return (bad != 0);
}
