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
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/waitfd.h"
#include "agentfile.h"
#include "agentverify.h"

#define RUN_MS		25000	/* a hook, or a client asked its version */
#define MAX_OUTPUT	65536

struct checks {
	const char		*only;	/* NULL: all */
	struct agent_check	*c;
	int			 n;
};

static void	say(struct checks *, const char *, enum agent_grade,
		    const char *, const char *, ...)
		    __attribute__((__format__(printf, 5, 6)));

static int
wanted(const struct checks *k, const char *id)
{
	return (k->only == NULL || strcmp(k->only, id) == 0);
}

/* what is to be done, then what was seen */
static void
say(struct checks *k, const char *id, enum agent_grade grade,
    const char *todo, const char *fmt, ...)
{
	struct agent_check	*c;
	va_list			 ap;

	if (k->n == MAX_AGENT_CHECKS || !wanted(k, id))
		return;
	c = &k->c[k->n++];
	c->id = id;
	c->grade = grade;
	strlcpy(c->todo, todo, sizeof(c->todo));
	va_start(ap, fmt);
	vsnprintf(c->seen, sizeof(c->seen), fmt, ap);
	va_end(ap);
}

const char *
agent_grade(enum agent_grade g)
{
	static const char *const words[] = { "PASS", "WARN", "FAIL" };

	return (words[g]);
}

static int
in_path(const char *prog, char *buf, size_t size)
{
	char	 path[4096], *p = path, *dir;

	strlcpy(path, getenv("PATH") != NULL ? getenv("PATH") : "",
	    sizeof(path));
	while ((dir = strsep(&p, ":")) != NULL)
		if (dir[0] == '/' && (size_t)snprintf(buf, size, "%s/%s", dir,
		    prog) < size && access(buf, X_OK) == 0 &&
		    strchr(buf, '\'') == NULL)
			return (0);
	return (-1);
}

int
agent_program(const struct agent_def *d, char *buf, size_t size)
{
	return (in_path(d->prog, buf, size));
}

int
agent_is_in(const struct agent_place *p)
{
	char	mark[MAX_AGENT_MARK];

	agent_mark(p, mark);
	return (p->nfiles > 0 && p->file[0].old != NULL &&
	    strstr(p->file[0].old, mark) != NULL);
}

/* what the child prints, until it ends or the time is up */
static void
collect(int fd, char *out, uint64_t deadline)
{
	size_t	len = 0;
	ssize_t	n;

	while (clock_ms() < deadline && len < MAX_OUTPUT - 1 &&
	    wait_fd(fd, POLLIN, deadline) == 1) {
		n = read(fd, out + len, MAX_OUTPUT - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
}

/*
 * A command as the client runs it: by the shell, with this environment and
 * the text as its input.  Its exit status, or -1: it did not end.
 */
static int
run_command(const char *command, const char *input, char *out)
{
	int		in[2], pipe_out[2], status = -1, ended = 0;
	pid_t		pid;
	uint64_t	deadline = clock_ms() + RUN_MS;

	out[0] = '\0';
	if (pipe2(in, O_CLOEXEC) == -1)
		return (-1);
	if (pipe2(pipe_out, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		close(in[0]);
		close(in[1]);
		return (-1);
	}
	if (pid == 0) {
		(void)setpgid(0, 0);
		dup2(in[0], STDIN_FILENO);
		dup2(pipe_out[1], STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(pipe_out[1]);
	/*
	 * It fits a pipe: a hook that reads nothing blocks nobody, and one
	 * that is gone already raises no SIGPIPE while we hold its end.
	 */
	(void)!write(in[1], input, strlen(input));
	close(in[0]);
	close(in[1]);
	collect(pipe_out[0], out, deadline);
	close(pipe_out[0]);
	while ((ended = waitpid(pid, &status, WNOHANG) == pid) == 0 &&
	    clock_ms() < deadline)
		poll(NULL, 0, 10);
	if (!ended) {
		(void)kill(-pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return (-1);
	}
	return (WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* the command of the client's first event, from its own file */
static char *
configured(const struct agent_place *p)
{
	const char		*text = p->file[0].old, *s, *e;
	char			 mark[MAX_AGENT_MARK], *command;

	/* a plug-in makes it of its settings, which are those that we write */
	if (p->def->style == STYLE_PLUGIN)
		return (strdup(p->command));
	agent_mark(p, mark);
	/* it holds no character that is written with an escape */
	if ((s = strstr(text, mark)) == NULL)
		return (NULL);
	e = s + strcspn(s, "\"\n");
	while (s > text && s[-1] != '"' && s[-1] != '\n')
		s--;
	command = strndup(s, (size_t)(e - s));
	return (command);
}

/* a call of the tool that is always blocked, through the client's command */
static void
check_canary(struct checks *k, const struct agent_place *p)
{
	static char	 out[MAX_OUTPUT];
	char		 event[512], *command;
	int		 status;

	if ((command = configured(p)) == NULL) {
		say(k, "canary", CHECK_FAIL, "run `defenseclawctl setup "
		    "agent'", "no command of ours is in %s", p->file[0].path);
		return;
	}
	snprintf(event, sizeof(event), "{\"hook_event_name\":\"%s\","
	    "\"session_id\":\"canary-%llu\",\"cwd\":\"/\",\"tool_name\":\""
	    HOOK_CANARY "\",\"tool_input\":{\"command\":\"true\"}}",
	    p->def->style == STYLE_FLAT ? "preToolUse" :
	    p->def->events[0].name, (unsigned long long)clock_wall_us());
	status = run_command(command, event, out);
	if (status == 2 && strstr(out, HOOK_CANARY) != NULL)
		say(k, "canary", CHECK_PASS, "", "a forbidden call through "
		    "the client's own hook was denied and recorded");
	else if (status == 2)
		say(k, "canary", CHECK_FAIL, "start the suite, and see "
		    "`defenseclawctl status'", "the hook blocks, but nobody "
		    "decides: %.200s", out);
	else if (status == 127)
		say(k, "canary", CHECK_FAIL, "run `defenseclawctl setup "
		    "agent' again", "the hook's program is missing, and the "
		    "client runs every call: %.200s", command);
	else
		say(k, "canary", CHECK_FAIL, "run `defenseclawctl setup "
		    "agent' again", "a forbidden call passed: the hook ended "
		    "with status %d", status);
	free(command);
}

/*
 * How the shell runs JavaScript here: opencode does as the client does it,
 * since it is a Bun that does so when it is told to.
 */
static int
runtime(const struct agent_def *d, char *buf, size_t size)
{
	char	prog[PATH_MAX];

	if (d->agent == HOOK_OPENCODE && agent_program(d, prog,
	    sizeof(prog)) == 0)
		snprintf(buf, size, "BUN_BE_BUN=1 '%s'", prog);
	else if (in_path("node", prog, sizeof(prog)) == 0 ||
	    in_path("bun", prog, sizeof(prog)) == 0)
		snprintf(buf, size, "'%s'", prog);
	else
		return (-1);
	return (0);
}

/* the same call through the plug-in itself, as the settings name it */
static void
check_plugin(struct checks *k, const struct agent_place *p)
{
	static char	 out[MAX_OUTPUT];
	char		 js[PATH_MAX + 32], command[3 * PATH_MAX], *text;
	json_t		*entry;
	int		 status;

	if ((entry = agent_plugin_entry(p)) == NULL) {
		say(k, "canary", CHECK_FAIL, "run `defenseclawctl setup "
		    "agent'", "no plug-in of ours is in %s", p->file[0].path);
		return;
	}
	if (runtime(p->def, js, sizeof(js)) == -1) {
		say(k, "canary", CHECK_WARN, "put node, bun or the client "
		    "into PATH", "that the plug-in's JavaScript asks was not "
		    "proved: nothing is here that runs it");
		json_decref(entry);
		return;
	}
	json_object_set_new(entry, "agent", json_string(hook_agent_name(
	    p->def->agent)));
	json_object_set_new(entry, "tool", json_string(HOOK_CANARY));
	text = json_text(entry);
	json_decref(entry);
	snprintf(command, sizeof(command), "%s '%s/canary.mjs'", js,
	    p->plugins);
	status = text == NULL ? -1 : run_command(command, text, out);
	free(text);
	out[strcspn(out, "\n")] = '\0';
	if (status == 2 && strstr(out, HOOK_CANARY) != NULL)
		say(k, "canary", CHECK_PASS, "", "a forbidden call through "
		    "the plug-in itself was denied and recorded");
	else
		say(k, "canary", CHECK_FAIL, "install the suite again, run "
		    "`defenseclawctl setup agent' and see `defenseclawctl "
		    "status'", "the plug-in does not gate (status %d): "
		    "%.200s", status, out);
}

/* a member of a settings file that is true */
static int
says_true(const char *path, const char *name)
{
	struct stat	 st;
	char		 why[MAX_JSON_ERR], err[MAX_AGENT_ERR], *text;
	json_t		*j = NULL;
	int		 yes;

	if ((text = agentfile_read(path, &st, err)) != NULL)
		j = json_strict(text, strlen(text), why);
	yes = json_is_true(json_object_get(j, name));
	json_decref(j);
	free(text);
	return (yes);
}

/* settings and variables with which Claude Code runs no hook */
static void
claude_switches(struct checks *k, const struct agent_place *p)
{
	static const char *const files[] = { ".claude/settings.json",
	    ".claude/settings.local.json" };
	const char	*env;
	size_t		 i;
	int		 found = 0;

	if ((env = getenv("CLAUDE_CODE_SIMPLE")) != NULL && env[0] != '\0') {
		found = 1;
		say(k, "switches", CHECK_FAIL, "unset it: with it even "
		    "managed hooks do not run", "CLAUDE_CODE_SIMPLE is set");
	}
	if (p->managed) {
		if (!found)
			say(k, "switches", CHECK_PASS, "", "no user or "
			    "repository can switch managed hooks off; only "
			    "--bare and CLAUDE_CODE_SIMPLE skip them");
		return;
	}
	if (says_true(p->file[0].path, "disableAllHooks")) {
		found = 1;
		say(k, "switches", CHECK_FAIL, "take disableAllHooks out",
		    "%s switches all hooks off", p->file[0].path);
	}
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (says_true(files[i], "disableAllHooks")) {
			found = 1;
			say(k, "switches", CHECK_FAIL, "take disableAllHooks "
			    "out, or set up managed hooks as root", "%s of "
			    "this directory switches all hooks off",
			    files[i]);
		}
	if ((env = getenv("CLAUDE_CONFIG_DIR")) != NULL) {
		found = 1;
		say(k, "switches", CHECK_FAIL, "unset it, or set up managed "
		    "hooks as root", "CLAUDE_CONFIG_DIR makes the client "
		    "read other settings: %s", env);
	}
	if (!found)
		say(k, "switches", CHECK_WARN, "as root, `defenseclawctl "
		    "setup agent claude-code' writes managed hooks", "nothing "
		    "switches the hooks off here, but a user's or a "
		    "repository's settings can");
}

static int
toml_says(const char *text, const char *key, const char *value)
{
	const char	*p = text;
	size_t		 n = strlen(key);

	for (; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		p += strspn(p, "\n \t");
		if (strncmp(p, key, n) != 0)
			continue;
		p += n + strspn(p + n, " \t");
		if (*p == '=' && strncmp(p + 1 + strspn(p + 1, " \t"), value,
		    strlen(value)) == 0)
			return (1);
	}
	return (0);
}

static void
codex_switches(struct checks *k, const struct agent_place *p)
{
	const char	*env = getenv("CODEX_HOME"), *home = getenv("HOME");
	char		 usual[PATH_MAX];
	int		 found = 0;

	if (p->managed) {
		say(k, "switches", CHECK_PASS, "", "requirements pin hooks "
		    "on, and take no others");
		return;
	}
	if (p->nfiles > 1 && p->file[1].old != NULL &&
	    (toml_says(p->file[1].old, "hooks", "false") ||
	    toml_says(p->file[1].old, "codex_hooks", "false"))) {
		found = 1;
		say(k, "switches", CHECK_FAIL, "take it out", "%s switches "
		    "hooks off", p->file[1].path);
	}
	snprintf(usual, sizeof(usual), "%s/.codex", home);
	if (env != NULL && strcmp(env, usual) != 0) {
		found = 1;
		say(k, "switches", CHECK_FAIL, "unset it, or set up managed "
		    "hooks as root", "CODEX_HOME makes the client read other "
		    "settings: %s", env);
	}
	if (!found)
		say(k, "switches", CHECK_WARN, "as root, `defenseclawctl "
		    "setup agent codex' writes managed hooks", "nothing "
		    "switches the hooks off here, but a user's options can");
}

/* settings with which Gemini CLI runs no hooks, or not all */
static int
gemini_off(const char *path)
{
	struct stat	 st;
	char		 why[MAX_JSON_ERR], err[MAX_AGENT_ERR], *text;
	json_t		*j, *config;
	int		 off = 0;

	if ((text = agentfile_read(path, &st, err)) != NULL &&
	    (j = json_strict(text, strlen(text), why)) != NULL) {
		config = json_object_get(j, "hooksConfig");
		off = json_is_false(json_object_get(config, "enabled")) ||
		    json_array_size(json_object_get(config, "disabled")) != 0;
		json_decref(j);
	}
	free(text);
	return (off);
}

/* hooksConfig of any file counts, also beside managed hooks */
static void
gemini_switches(struct checks *k, const struct agent_place *p)
{
	static const char *const vars[] = { "GEMINI_CLI_HOME",
	    "GEMINI_CLI_SYSTEM_SETTINGS_PATH", NULL };
	const char		*home = getenv("HOME"), *const *v;
	char			 user[PATH_MAX];
	const char		*files[] = { user, ".gemini/settings.json",
				    p->file[0].path };
	size_t			 i;
	int			 found = 0;

	snprintf(user, sizeof(user), "%s/.gemini/settings.json", home != NULL ?
	    home : "");
	for (i = 0; i < 2 + (size_t)p->managed; i++)
		if (gemini_off(files[i])) {
			found = 1;
			say(k, "switches", CHECK_FAIL, "take enabled and "
			    "disabled of hooksConfig out", "%s switches "
			    "hooks off", files[i]);
		}
	for (v = vars; *v != NULL; v++)
		if (getenv(*v) != NULL) {
			found = 1;
			say(k, "switches", CHECK_FAIL, "unset it", "%s makes "
			    "the client read other settings", *v);
		}
	if (!found)
		say(k, "switches", CHECK_WARN, "look at hooksConfig in the "
		    "settings of users and repositories", "nothing switches "
		    "the hooks off here, but hooksConfig can");
}

/* what makes a client leave a plug-in out, or look for it elsewhere */
static void
plugin_switches(struct checks *k, const struct agent_place *p)
{
	static const char *const vars[][4] = {
		{ "OPENCODE_PURE", "XDG_CONFIG_HOME", "OPENCODE_CONFIG_DIR",
		    NULL },
		{ "OPENCLAW_CONFIG_PATH", "OPENCLAW_STATE_DIR",
		    "OPENCLAW_HOME", NULL },
	};
	const char *const	*v;
	const char		*missing;
	int			 found = 0;

	if ((missing = agent_plugin_missing(p)) != NULL)
		say(k, "program", CHECK_FAIL, "install the suite again",
		    "%s is missing: the client runs every call without the "
		    "plug-in", missing);
	else if ((missing = agent_plugin_loose(p)) != NULL)
		say(k, "program", CHECK_FAIL, "chown and chmod go-w it", "%s "
		    "can be changed by others", missing);
	else
		say(k, "program", CHECK_PASS, "", "%s/%s is whole", p->plugins,
		    hook_agent_name(p->def->agent));
	for (v = vars[p->def->agent == HOOK_OPENCLAW]; *v != NULL; v++)
		if (getenv(*v) != NULL) {
			found = 1;
			say(k, "switches", CHECK_FAIL, "unset it", "%s makes "
			    "the client leave the plug-in out, or read other "
			    "settings", *v);
		}
	if (!found)
		say(k, "switches", CHECK_WARN, "keep these settings from who "
		    "must not change them", "nothing switches the plug-in "
		    "off here, but its user can%s", p->def->agent ==
		    HOOK_OPENCODE ? ", and --pure does" : "");
}

/* what setup would write is what is there, for every event, with trust */
static void
check_files(struct checks *k, struct agent_place *p)
{
	char		 err[MAX_AGENT_ERR];
	struct stat	 st;
	int		 i;

	if (agent_place_with(p, err) == -1) {
		say(k, "settings", CHECK_FAIL, "mend the file: a client may "
		    "take it for empty", "%s", err);
		return;
	}
	for (i = 0; i < p->nfiles; i++)
		if (agent_file_changes(&p->file[i])) {
			say(k, "settings", CHECK_FAIL, "run `defenseclawctl "
			    "setup agent' again", "%s is not as setup writes "
			    "it: a hook, its time-out, its trust or a plug-in "
			    "differs", p->file[i].path);
			return;
		}
	for (i = 0; i < p->nfiles && p->managed; i++)
		if (stat(p->file[i].path, &st) == -1 || st.st_uid != 0 ||
		    (st.st_mode & 022) != 0) {
			say(k, "settings", CHECK_FAIL, "chown root and chmod "
			    "go-w it", "%s can be written by others than "
			    "root", p->file[i].path);
			return;
		}
	say(k, "settings", CHECK_PASS, "", "%s is as setup writes it",
	    p->file[0].path);
}

/* may somebody else change the program that decides? */
static void
check_program(struct checks *k, const struct agent_place *p)
{
	struct stat	 st;
	char		 path[MAX_AGENT_CMD], *command, *s, *e;

	if ((command = configured(p)) == NULL)
		return;
	/* the word before " hook " */
	if ((e = strstr(command, AGENT_MARK)) != NULL)
		*e = '\0';
	s = strrchr(command, ' ');
	strlcpy(path, s != NULL ? s + 1 : command, sizeof(path));
	free(command);
	if (stat(path, &st) == -1 || access(path, X_OK) == -1)
		say(k, "program", CHECK_FAIL, "install it, and run "
		    "`defenseclawctl setup agent' again", "%s: %s", path,
		    strerror(errno));
	else if ((p->managed && st.st_uid != 0) || (st.st_mode & 022) != 0)
		say(k, "program", CHECK_FAIL, "chown root and chmod go-w it",
		    "%s can be changed by others than root", path);
	else
		say(k, "program", CHECK_PASS, "", "%s", path);
}

/* hooks beside ours may rewrite a call after we saw it */
static void
check_others(struct checks *k, const struct agent_place *p)
{
	char	 why[MAX_JSON_ERR];
	json_t	*j;
	size_t	 n;

	if (p->def->style == STYLE_PLUGIN) {
		if ((n = agent_plugin_others(p)) > 0)
			say(k, "others", CHECK_WARN, "look at them", "%zu "
			    "other plug-in%s in the client's own process: a "
			    "call cannot be changed after ours, but they may "
			    "do without one", n, n == 1 ? " runs" : "s run");
		return;
	}
	if (p->managed || p->file[0].old == NULL || (j = json_strict(
	    p->file[0].old, strlen(p->file[0].old), why)) == NULL)
		return;
	n = json_array_size(json_object_get(json_object_get(j, "hooks"),
	    p->def->events[0].name));
	if (n > 1)
		say(k, "others", CHECK_WARN, "look at them; managed hooks "
		    "keep them out", "%zu other hooks of the same event may "
		    "change a call after it was inspected", n - 1);
	json_decref(j);
}

static void
check_version(struct checks *k, const struct agent_def *d)
{
	static char	 out[MAX_OUTPUT];
	char		 prog[PATH_MAX], command[PATH_MAX + 32];

	if (d->tested == NULL || agent_program(d, prog, sizeof(prog)) == -1)
		return;
	snprintf(command, sizeof(command), "'%s' --version", prog);
	if (run_command(command, "", out) != 0)
		say(k, "version", CHECK_WARN, "", "%s does not say its "
		    "version", prog);
	else if (strstr(out, d->tested) != NULL)
		say(k, "version", CHECK_PASS, "", "%s, which was tested",
		    d->tested);
	else
		say(k, "version", CHECK_WARN, "the canary above is what "
		    "counts", "%.*s: %s was tested", (int)strcspn(out, "\n"),
		    out, d->tested);
}

static int
fails_open(const struct agent_place *p)
{
	return (strstr(p->file[0].old, p->def->style == STYLE_PLUGIN ?
	    "\"failMode\":\"open\"" : "--fail-mode open") != NULL);
}

int
agent_fails_open(const struct agent_def *d, const struct paths *paths)
{
	struct agent_place	 p;
	char			 err[MAX_AGENT_ERR];
	int			 managed, open = -1;

	for (managed = 1; managed >= 0 && open == -1; managed--) {
		if (agent_place_open(&p, d, paths, managed, 0, err) == 0 &&
		    agent_is_in(&p))
			open = fails_open(&p);
		agent_place_free(&p);
	}
	return (open == 1);
}

const char *
agent_where(const struct agent_def *d, const struct paths *paths)
{
	struct agent_place	 p;
	char			 err[MAX_AGENT_ERR];
	const char		*word = "-";
	int			 managed;

	for (managed = 1; managed >= 0 && *word == '-'; managed--) {
		if (agent_place_open(&p, d, paths, managed, 0, err) == 0 &&
		    agent_is_in(&p))
			word = managed ? "managed" : "user";
		agent_place_free(&p);
	}
	return (word);
}

int
agent_verify(const struct agent_def *d, const struct paths *paths,
    const char *only, struct agent_check check[MAX_AGENT_CHECKS])
{
	struct checks		k = { only, check, 0 };
	struct agent_place	p;
	char			err[MAX_AGENT_ERR];
	int			managed, rc;

	/* managed ones are what counts where they are */
	for (managed = 1; managed >= 0; managed--) {
		rc = agent_place_open(&p, d, paths, managed, 0, err);
		if (rc == 0 && agent_is_in(&p))
			break;
		if (managed == 0)
			break;
		agent_place_free(&p);
	}
	if (rc == -1)
		say(&k, "settings", CHECK_FAIL, "mend it", "%s", err);
	else if (!agent_is_in(&p))
		say(&k, "settings", CHECK_FAIL, "run `defenseclawctl setup "
		    "agent'", "no hook of ours is in %s", p.file[0].path);
	else {
		if (fails_open(&p)) {
			agent_place_free(&p);
			(void)agent_place_open(&p, d, paths, managed, 1, err);
		}
		check_files(&k, &p);
		check_program(&k, &p);
		if (wanted(&k, "canary"))
			check_canary(&k, &p);
		if (wanted(&k, "canary") && d->style == STYLE_PLUGIN)
			check_plugin(&k, &p);
		if (d->agent == HOOK_CLAUDE_CODE)
			claude_switches(&k, &p);
		if (d->agent == HOOK_CODEX)
			codex_switches(&k, &p);
		if (d->agent == HOOK_GEMINICLI)
			gemini_switches(&k, &p);
		if (d->style == STYLE_PLUGIN)
			plugin_switches(&k, &p);
		check_others(&k, &p);
		if (wanted(&k, "version"))
			check_version(&k, d);
	}
	agent_place_free(&p);
	return (k.n);
}
