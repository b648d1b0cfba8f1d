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
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "agent.h"
#include "agentfile.h"
#include "jsonedit.h"

#define BLOCK_BEGIN	"# defenseclaw: begin"
#define BLOCK_END	"# defenseclaw: end\n"
#define OUR_TIMEOUT_S	20	/* before the client gives up, and runs it */

static int
fail(char err[MAX_AGENT_ERR], const char *path, const char *why)
{
	snprintf(err, MAX_AGENT_ERR, "%s: %s", path, why);
	return (-1);
}

/* no character that a shell, JSON or TOML takes for more than itself */
static int
is_plain(const char *s)
{
	return (s[0] != '\0' && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789/._-+,@")] == '\0');
}

/* of the hook, and how ours is told from others' */
static int
command_of(struct agent_place *p, const struct paths *paths, int fail_open,
    char err[MAX_AGENT_ERR])
{
	char	self[PATH_MAX], env[PATH_MAX + 32] = "";
	ssize_t	n;
	char	*slash;

	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) <= 0)
		return (fail(err, "/proc/self/exe", strerror(errno)));
	self[n] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		*slash = '\0';
	if (!is_plain(self) || (!paths->system && !is_plain(paths->home)))
		return (fail(err, is_plain(self) ? paths->home : self,
		    "a hook's command has room for letters, digits and "
		    "/._-+,@ only"));
	if (p->def->style == STYLE_PLUGIN && !is_plain(paths->data))
		return (fail(err, paths->data, "a plug-in's path has room for "
		    "letters, digits and /._-+,@ only"));
	if ((size_t)snprintf(p->plugins, sizeof(p->plugins), "%s/agents",
	    paths->data) >= sizeof(p->plugins))
		return (fail(err, paths->data, "too long"));
	if (!paths->system)
		strlcpy(p->home, paths->home, sizeof(p->home));
	p->fail_open = fail_open;
	if (!paths->system)
		snprintf(env, sizeof(env), "DEFENSECLAW_HOME=%s ",
		    paths->home);
	if ((size_t)snprintf(p->command, sizeof(p->command),
	    "%s%s/defenseclawctl" AGENT_MARK "%s%s --fail-mode %s "
	    "--timeout %d", env, self, hook_agent_name(p->def->agent),
	    paths->system ? " --system" : "", fail_open ? "open" : "closed",
	    OUR_TIMEOUT_S) >= sizeof(p->command))
		return (fail(err, self, "too long"));
	return (0);
}

static int
file_add(struct agent_place *p, const char *base, const char *name,
    char err[MAX_AGENT_ERR])
{
	struct agent_file	*f = &p->file[p->nfiles];
	struct stat		 st;
	char			 path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", base, name) >=
	    sizeof(path))
		return (fail(err, base, "too long"));
	/* what a link leads to is what is read, and replaced */
	if (realpath(path, f->path) == NULL)
		strlcpy(f->path, path, sizeof(f->path));
	f->mode = p->managed ? 0644 : 0600;
	f->uid = (uid_t)-1;
	f->gid = (gid_t)-1;
	p->nfiles++;
	if ((f->old = agentfile_read(f->path, &st, err)) == NULL)
		return (err[0] != '\0' ? -1 : 0);
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	return (0);
}

int
agent_place_open(struct agent_place *p, const struct agent_def *def,
    const struct paths *paths, int managed, int fail_open,
    char err[MAX_AGENT_ERR])
{
	const char	*home = getenv("HOME");

	memset(p, 0, sizeof(*p));
	p->def = def;
	p->managed = managed;
	if (command_of(p, paths, fail_open, err) == -1)
		return (-1);
	if (managed && def->managed == NULL)
		return (fail(err, def->title, "has no managed settings: each "
		    "user sets it up, without root"));
	if (managed) {
		snprintf(p->state, sizeof(p->state), "%s/agents",
		    paths->state);
		return (file_add(p, DC_SYSCONFDIR, def->managed, err));
	}
	if (home == NULL || home[0] != '/')
		return (fail(err, "HOME", "is not set"));
	if ((size_t)snprintf(p->state, sizeof(p->state),
	    "%s/.local/state/defenseclaw/agents", home) >= sizeof(p->state))
		return (fail(err, "HOME", "is too long"));
	if (file_add(p, home, def->user, err) == -1)
		return (-1);
	if (def->agent == HOOK_OPENCODE && (file_add(p, home,
	    ".config/opencode/package-lock.json", err) == -1 ||
	    file_add(p, home, ".config/opencode/node_modules/@opencode-ai/"
	    "plugin/package.json", err) == -1))
		return (-1);
	return (def->trust == NULL ? 0 : file_add(p, home, def->trust, err));
}

void
agent_place_free(struct agent_place *p)
{
	int	i;

	for (i = 0; i < p->nfiles; i++) {
		free(p->file[i].old);
		free(p->file[i].new);
		free(p->file[i].base);
	}
	p->nfiles = 0;
}

static char *
element(const struct agent_place *p, const struct agent_event *ev)
{
	json_t	*hook, *e;
	char	*text;

	if (p->def->style == STYLE_FLAT)
		e = json_pack("{s:s,s:b}", "command", p->command,
		    "failClosed", strstr(p->command, "--fail-mode open") ==
		    NULL);
	else {
		hook = json_pack("{s:s,s:s,s:i}", "type", "command",
		    "command", p->command, "timeout",
		    (int)(AGENT_TIMEOUT_S * p->def->per_s));
		e = ev->matcher ? json_pack("{s:s,s:[o]}", "matcher", "*",
		    "hooks", hook) : json_pack("{s:[o]}", "hooks", hook);
	}
	text = json_text(e);
	json_decref(e);
	return (text);
}

static int
is_settings(const struct agent_file *f, const char *text,
    char err[MAX_AGENT_ERR])
{
	char	 why[MAX_JSON_ERR];
	json_t	*j;

	if (text == NULL)
		return (fail(err, f->path, "cannot be edited: its hooks are "
		    "no object of arrays, or it is too large"));
	if ((j = json_strict(text, strlen(text), why)) == NULL)
		return (fail(err, f->path, why));
	if (!json_is_object(j)) {
		json_decref(j);
		return (fail(err, f->path, "is no JSON object"));
	}
	json_decref(j);
	return (0);
}

static enum agent_style
style_of(const struct agent_place *p, int i)
{
	if (i == 1 && p->def->trust != NULL)
		return (STYLE_TOML);
	return (p->managed ? p->def->managed_style : p->def->style);
}

static int	without(struct agent_place *, int, char **,
		    char [MAX_AGENT_ERR]);

static int
settings_with(struct agent_place *p, char err[MAX_AGENT_ERR])
{
	struct agent_file		*f = &p->file[0];
	const struct agent_event	*ev;
	const char			*path[3] = { "hooks", NULL, NULL };
	char				*text, *e;

	if (without(p, 0, &f->base, err) == -1)
		return (-1);
	text = f->base != NULL ? strdup(f->base) : strdup(p->def->style ==
	    STYLE_FLAT ? "{\n  \"version\": 1\n}\n" : "{}\n");
	if (is_settings(f, text, err) == -1) {
		free(text);
		return (-1);
	}
	for (ev = p->def->events; ev->name != NULL; ev++) {
		path[1] = ev->name;
		e = element(p, ev);
		text = jsonedit_append(text, path, e != NULL ? e : "null");
		free(e);
	}
	if (p->managed && p->def->only != NULL)
		text = jsonedit_set(text, p->def->only, "true");
	f->new = text;
	return (is_settings(f, text, err));
}

/* without what stands between our two lines */
static char *
strip_blocks(const char *text)
{
	const char	*begin, *end;
	char		*out;
	size_t		 n = 0;

	if ((out = malloc(strlen(text) + 1)) == NULL)
		return (NULL);
	while ((begin = strstr(text, BLOCK_BEGIN)) != NULL &&
	    (end = strstr(begin, BLOCK_END)) != NULL) {
		memcpy(out + n, text, (size_t)(begin - text));
		n += (size_t)(begin - text);
		text = end + sizeof(BLOCK_END) - 1;
	}
	memcpy(out + n, text, strlen(text) + 1);
	return (out);
}

/* "PreToolUse" is pre_tool_use */
static void
snake(const char *name, char *buf, size_t size)
{
	size_t	n = 0;

	for (; *name != '\0' && n + 2 < size; name++) {
		if (isupper((unsigned char)*name) && n != 0)
			buf[n++] = '_';
		buf[n++] = (char)tolower((unsigned char)*name);
	}
	buf[n] = '\0';
}

/*
 * What Codex compares a hook with before it runs one that it was not asked
 * about: SHA-256 of the compact JSON, keys sorted at every level.
 */
static int
trust_hash(const struct agent_place *p, const struct agent_event *ev,
    char hex[crypto_hash_sha256_BYTES * 2 + 1])
{
	unsigned char	 hash[crypto_hash_sha256_BYTES];
	char		 name[64], *text;
	json_t		*j;

	snake(ev->name, name, sizeof(name));
	j = json_pack("{s:s,s:[{s:b,s:s,s:i,s:s}]}", "event_name", name,
	    "hooks", "async", 0, "command", p->command, "timeout",
	    AGENT_TIMEOUT_S, "type", "command");
	if (j != NULL && ev->matcher)
		json_object_set_new(j, "matcher", json_string("*"));
	text = json_text(j);
	json_decref(j);
	if (text == NULL)
		return (-1);
	crypto_hash_sha256(hash, (unsigned char *)text, strlen(text));
	free(text);
	sodium_bin2hex(hex, crypto_hash_sha256_BYTES * 2 + 1, hash,
	    sizeof(hash));
	return (0);
}

/* config.toml of Codex: our hooks are trusted, each by its place and hash */
static int
trust_with(struct agent_place *p, char err[MAX_AGENT_ERR])
{
	struct agent_file		*f = &p->file[1];
	const struct agent_event	*ev;
	char				 why[MAX_JSON_ERR], name[64];
	char				 hex[crypto_hash_sha256_BYTES * 2 + 1];
	const char			*base;
	json_t				*j;
	FILE				*out;
	size_t				 len;

	if (without(p, 1, &f->base, err) == -1)
		return (-1);
	base = f->base != NULL ? f->base : "";
	j = json_strict(p->file[0].new, strlen(p->file[0].new), why);
	if (j == NULL || (out = open_memstream(&f->new, &len)) == NULL) {
		json_decref(j);
		return (fail(err, f->path, "no memory"));
	}
	fprintf(out, "%s%s" BLOCK_BEGIN ", trust of its hooks\n", base,
	    base[0] != '\0' && base[strlen(base) - 1] != '\n' ? "\n" : "");
	for (ev = p->def->events; ev->name != NULL; ev++) {
		snake(ev->name, name, sizeof(name));
		if (trust_hash(p, ev, hex) == -1)
			continue;
		fprintf(out, "[hooks.state.\"%s:%s:%zu:0\"]\n"
		    "trusted_hash = \"sha256:%s\"\n", p->file[0].path, name,
		    json_array_size(json_object_get(json_object_get(j,
		    "hooks"), ev->name)) - 1, hex);
	}
	fprintf(out, BLOCK_END);
	json_decref(j);
	return (fclose(out) == 0 ? 0 : fail(err, f->path, "no memory"));
}

/* a line of the text that begins so */
static int
has_line(const char *text, const char *start)
{
	size_t	n = strlen(start);

	for (; text != NULL && *text != '\0'; text = strchr(text, '\n')) {
		text += strspn(text, "\n \t");
		if (strncmp(text, start, n) == 0)
			return (1);
	}
	return (0);
}

/*
 * requirements.toml of Codex: keys without a table come first in TOML, so
 * there are two blocks.
 */
static int
requirements_with(struct agent_place *p, char err[MAX_AGENT_ERR])
{
	struct agent_file		*f = &p->file[0];
	const struct agent_event	*ev;
	const char			*base;
	char				 dir[MAX_AGENT_CMD], *end;
	FILE				*out;
	size_t				 len;

	if (without(p, 0, &f->base, err) == -1)
		return (-1);
	base = f->base != NULL ? f->base : "";
	if (has_line(base, p->def->only) || has_line(base, "[features") ||
	    has_line(base, "[hooks") || has_line(base, "[[hooks"))
		return (fail(err, f->path, "has features or hooks of its "
		    "own: take them out, or add ours by hand as "
		    "`defenseclawctl setup agent codex --dry-run' shows them "
		    "for an empty file"));
	/* where the program is: its command begins with the path */
	strlcpy(dir, p->command, sizeof(dir));
	if ((end = strstr(dir, "/defenseclawctl ")) != NULL)
		*end = '\0';
	if ((out = open_memstream(&f->new, &len)) == NULL)
		return (fail(err, f->path, "no memory"));
	fprintf(out, BLOCK_BEGIN "\n%s = true\n" BLOCK_END "%s%s"
	    BLOCK_BEGIN "\n[features]\nhooks = true\n\n[hooks]\n"
	    "managed_dir = \"%s\"\n", p->def->only, base, base[0] != '\0' &&
	    base[strlen(base) - 1] != '\n' ? "\n" : "", dir);
	for (ev = p->def->events; ev->name != NULL; ev++)
		fprintf(out, "\n[[hooks.%s]]\n%s[[hooks.%s.hooks]]\n"
		    "type = \"command\"\ncommand = \"%s\"\ntimeout = %d\n",
		    ev->name, ev->matcher ? "matcher = \"*\"\n" : "",
		    ev->name, p->command, AGENT_TIMEOUT_S);
	fprintf(out, BLOCK_END);
	return (fclose(out) == 0 ? 0 : fail(err, f->path, "no memory"));
}

/* settings that name our plug-in, and what has to be beside them */
static int
plugin_with(struct agent_place *p, char err[MAX_AGENT_ERR])
{
	struct agent_file	*f = &p->file[0];
	const char		*beside;
	char			*text;
	int			 i;

	for (i = 0; i < p->nfiles; i++)
		if (without(p, i, &p->file[i].base, err) == -1)
			return (-1);
	text = strdup(f->base != NULL ? f->base : "{}\n");
	if (is_settings(f, text, err) == -1) {
		free(text);
		return (-1);
	}
	err[0] = '\0';
	f->new = agent_plugin_with(p, text, err);
	if (err[0] != '\0' || is_settings(f, f->new, err) == -1)
		return (-1);
	for (i = 1; i < p->nfiles; i++) {
		f = &p->file[i];
		if ((beside = agent_plugin_beside(p, i)) == NULL)
			beside = f->base;
		if (beside != NULL && (f->new = strdup(beside)) == NULL)
			return (fail(err, f->path, "no memory"));
	}
	return (0);
}

int
agent_place_with(struct agent_place *p, char err[MAX_AGENT_ERR])
{
	if (style_of(p, 0) == STYLE_PLUGIN)
		return (plugin_with(p, err));
	if (style_of(p, 0) == STYLE_TOML)
		return (requirements_with(p, err));
	if (settings_with(p, err) == -1)
		return (-1);
	return (p->nfiles > 1 ? trust_with(p, err) : 0);
}

/* is there nothing in it but what makes it a settings file? */
static int
is_bare(const struct agent_place *p, const char *text)
{
	char	 why[MAX_JSON_ERR];
	json_t	*j;
	size_t	 n;

	if (text[strspn(text, " \t\r\n")] == '\0')
		return (1);
	j = json_strict(text, strlen(text), why);
	n = json_object_size(j);
	if (p->def->style == STYLE_FLAT && json_object_get(j, "version") !=
	    NULL)
		n--;
	json_decref(j);
	return (j != NULL && n == 0);
}

/* what a file is without us */
static int
without(struct agent_place *p, int i, char **text, char err[MAX_AGENT_ERR])
{
	struct agent_file	*f = &p->file[i];
	char			 mark[MAX_AGENT_MARK];

	*text = NULL;
	if (f->old == NULL || agent_state_original(p, i, text))
		return (0);
	agent_mark(p, mark);
	if (style_of(p, i) == STYLE_TOML)
		*text = strip_blocks(f->old);
	else if (strstr(f->old, mark) == NULL || (i > 0 &&
	    p->def->style == STYLE_PLUGIN))
		*text = strdup(f->old);
	else {
		if (is_settings(f, f->old, err) == -1)
			return (-1);
		*text = p->def->style == STYLE_PLUGIN ?
		    agent_plugin_without(p, strdup(f->old)) :
		    jsonedit_take(strdup(f->old), "hooks", mark);
		if (p->managed && p->def->only != NULL)
			*text = jsonedit_unset(*text, p->def->only);
		if (is_settings(f, *text, err) == -1)
			return (-1);
	}
	if (*text == NULL)
		return (fail(err, f->path, "no memory"));
	/* one that was ours alone goes as it came */
	if (strcmp(*text, f->old) != 0 && is_bare(p, *text)) {
		free(*text);
		*text = NULL;
	}
	return (0);
}

int
agent_place_without(struct agent_place *p, char err[MAX_AGENT_ERR])
{
	int	i;

	for (i = 0; i < p->nfiles; i++)
		if (without(p, i, &p->file[i].new, err) == -1)
			return (-1);
	return (0);
}

int
agent_file_changes(const struct agent_file *f)
{
	if (f->old == NULL || f->new == NULL)
		return (f->old != f->new);
	return (strcmp(f->old, f->new) != 0);
}

int
agent_place_changes(const struct agent_place *p)
{
	int	i;

	for (i = 0; i < p->nfiles; i++)
		if (agent_file_changes(&p->file[i]))
			return (1);
	return (0);
}

int
agent_place_write(struct agent_place *p, int with, char err[MAX_AGENT_ERR])
{
	struct agent_file	*f;
	int			 i, made;

	/* trust comes before what is trusted, and goes after it */
	for (i = with ? p->nfiles - 1 : 0; i >= 0 && i < p->nfiles;
	    i += with ? -1 : 1) {
		f = &p->file[i];
		if (!agent_file_changes(f))
			continue;
		if (f->new == NULL) {
			if (agentfile_remove(f->path, agent_state_dirs(p, i,
			    0), err) == -1)
				return (-1);
			continue;
		}
		if (with && agent_state_keep(p, i, err) == -1)
			return (-1);
		if ((made = agentfile_write(f->path, f->new, f->mode, f->uid,
		    f->gid, p->managed ? 0755 : 0700, err)) == -1)
			return (-1);
		if (with && made > 0)
			(void)agent_state_dirs(p, i, made);
	}
	return (0);
}
