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
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "agent.h"
#include "jsonedit.h"

/*
 * opencode and OpenClaw have no hooks: their settings name a plug-in of ours,
 * which asks the same program.
 */

#define ID	"defenseclaw"	/* in OpenClaw's settings */

static const char *const opencode_list[] = { "plugin", NULL };
static const char *const claw_paths[] = { "plugins", "load", "paths", NULL };
static const char *const claw_allow[] = { "plugins", "allow", NULL };
static const char *const claw_entries[] = { "plugins", "entries", NULL };

/*
 * opencode asks a registry for its own library, and waits, unless there is
 * such a directory and a lock that names it (Npm.install of 1.18).
 */
static const char lock[] =
    "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n    \"\": {\n"
    "      \"dependencies\": {\n"
    "        \"@opencode-ai/plugin\": \"1.18.33\"\n"
    "      }\n    }\n  }\n}\n";
static const char package[] =
    "{\n  \"name\": \"@opencode-ai/plugin\",\n"
    "  \"version\": \"1.18.33\",\n"
    "  \"description\": \"keeps opencode from a download\"\n}\n";

void
agent_mark(const struct agent_place *p, char buf[MAX_AGENT_MARK])
{
	const char	*name = hook_agent_name(p->def->agent);

	if (p->def->style != STYLE_PLUGIN)
		snprintf(buf, MAX_AGENT_MARK, "/defenseclawctl" AGENT_MARK
		    "%s ", name);
	else
		snprintf(buf, MAX_AGENT_MARK, "/agents/%s%s\"", name,
		    p->def->agent == HOOK_OPENCODE ? "/index.js" : "");
}

/* what the plug-in is told by its client */
static json_t *
config(const struct agent_place *p)
{
	char	 program[MAX_AGENT_CMD], *end;
	char	*start;

	/* the word before " hook " */
	strlcpy(program, p->command, sizeof(program));
	if ((end = strstr(program, AGENT_MARK)) != NULL)
		*end = '\0';
	start = strrchr(program, ' ');
	return (json_pack("{s:s,s:s*,s:s,s:i}", "program", start != NULL ?
	    start + 1 : program, "home", p->home[0] != '\0' ? p->home : NULL,
	    "failMode", p->fail_open ? "open" : "closed", "timeout",
	    AGENT_PLUGIN_S));
}

/* the value of a new JSON value, which is dropped; "null" without memory */
static char *
text_of(json_t *j)
{
	char	*text = json_text(j);

	json_decref(j);
	return (text != NULL ? text : strdup("null"));
}

static int
names_us(const json_t *list)
{
	const json_t	*v;
	size_t		 i;

	json_array_foreach(list, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), ID) ==
		    0)
			return (1);
	return (0);
}

static char *
openclaw_with(const struct agent_place *p, char *text,
    char err[MAX_AGENT_ERR])
{
	char	 why[MAX_JSON_ERR], path[PATH_MAX + 16], *s;
	json_t	*j, *plugins, *allow;
	int	 off, listed;

	j = json_strict(text, strlen(text), why);
	plugins = json_object_get(j, "plugins");
	allow = json_object_get(plugins, "allow");
	off = json_is_false(json_object_get(plugins, "enabled")) ||
	    names_us(json_object_get(plugins, "deny"));
	listed = !json_is_array(allow) || names_us(allow);
	json_decref(j);
	if (off) {
		snprintf(err, MAX_AGENT_ERR, "%s: plugins are switched off, "
		    "or ours is denied: take plugins.enabled or the name in "
		    "plugins.deny out", p->file[0].path);
		free(text);
		return (NULL);
	}
	snprintf(path, sizeof(path), "%s/openclaw", p->plugins);
	s = text_of(json_string(path));
	text = jsonedit_append(text, claw_paths, s != NULL ? s : "null");
	free(s);
	if (!listed)
		text = jsonedit_append(text, claw_allow, "\"" ID "\"");
	s = text_of(json_pack("{s:b,s:{s:b},s:o}", "enabled", 1, "hooks",
	    "allowConversationAccess", 1, "config", config(p)));
	text = jsonedit_put(text, claw_entries, ID, s != NULL ? s : "null");
	free(s);
	return (text);
}

char *
agent_plugin_with(const struct agent_place *p, char *text,
    char err[MAX_AGENT_ERR])
{
	char	url[PATH_MAX + 64], *s;

	if (p->def->agent == HOOK_OPENCLAW)
		return (openclaw_with(p, text, err));
	snprintf(url, sizeof(url), "file://%s/opencode/index.js", p->plugins);
	s = text_of(json_pack("[s,o]", url, config(p)));
	text = jsonedit_append(text, opencode_list, s != NULL ? s : "null");
	free(s);
	return (text);
}

char *
agent_plugin_without(const struct agent_place *p, char *text)
{
	char	mark[MAX_AGENT_MARK];

	agent_mark(p, mark);
	if (p->def->agent == HOOK_OPENCODE)
		return (jsonedit_drop(text, opencode_list, mark));
	text = jsonedit_drop(text, claw_paths, mark);
	text = jsonedit_drop(text, claw_allow, "\"" ID "\"");
	return (jsonedit_drop(text, claw_entries, "\"" ID "\""));
}

/* a value of a list in the settings, by its end as the mark has it */
static const json_t *
ours_in(const json_t *list, const char *mark)
{
	const json_t	*v, *name;
	const char	*s;
	size_t		 i, len = strlen(mark) - 1;

	json_array_foreach(list, i, v) {
		name = json_is_array(v) ? json_array_get(v, 0) : v;
		if ((s = json_string_value(name)) != NULL && strlen(s) >=
		    len && strncmp(s + strlen(s) - len, mark, len) == 0)
			return (v);
	}
	return (NULL);
}

static json_t *
settings_of(const struct agent_place *p)
{
	char	 why[MAX_JSON_ERR];

	return (p->file[0].old == NULL ? NULL : json_strict(p->file[0].old,
	    strlen(p->file[0].old), why));
}

json_t *
agent_plugin_entry(const struct agent_place *p)
{
	json_t		*j = settings_of(p), *out = NULL;
	const json_t	*plugins, *v, *config = NULL;
	char		 mark[MAX_AGENT_MARK];

	agent_mark(p, mark);
	plugins = json_object_get(j, p->def->agent == HOOK_OPENCODE ?
	    "plugin" : "plugins");
	if (p->def->agent == HOOK_OPENCODE) {
		if (json_is_array(v = ours_in(plugins, mark))) {
			config = json_array_get(v, 1);
			v = json_array_get(v, 0);
		}
	} else {
		v = ours_in(json_object_get(json_object_get(plugins, "load"),
		    "paths"), mark);
		config = json_object_get(json_object_get(json_object_get(
		    plugins, "entries"), ID), "config");
	}
	if (v != NULL)
		out = json_pack("{s:O,s:O*}", "plugin", v, "config", config);
	json_decref(j);
	return (out);
}

/* files that opencode loads without being told */
static size_t
files_in(const struct agent_place *p, const char *name)
{
	char		 path[PATH_MAX], *end;
	struct dirent	*e;
	DIR		*d;
	size_t		 n = 0;

	strlcpy(path, p->file[0].path, sizeof(path));
	if ((end = strrchr(path, '/')) == NULL)
		return (0);
	strlcpy(end + 1, name, sizeof(path) - (size_t)(end + 1 - path));
	if ((d = opendir(path)) == NULL)
		return (0);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			n++;
	closedir(d);
	return (n);
}

size_t
agent_plugin_others(const struct agent_place *p)
{
	json_t		*j = settings_of(p);
	const json_t	*plugins;
	size_t		 n, paths;

	if (p->def->agent == HOOK_OPENCODE)
		n = json_array_size(json_object_get(j, "plugin")) +
		    files_in(p, "plugin") + files_in(p, "plugins");
	else {
		plugins = json_object_get(j, "plugins");
		n = json_object_size(json_object_get(plugins, "entries"));
		paths = json_array_size(json_object_get(json_object_get(
		    plugins, "load"), "paths"));
		if (n < paths)
			n = paths;
	}
	json_decref(j);
	return (n > 0 ? n - 1 : 0);
}

const char *
agent_plugin_beside(const struct agent_place *p, int i)
{
	char	 dir[PATH_MAX], *end;

	/* who has one already has what is needed, or asks for it */
	if (p->file[1].base != NULL || p->file[2].base != NULL)
		return (NULL);
	strlcpy(dir, p->file[1].path, sizeof(dir));
	if ((end = strrchr(dir, '/')) != NULL)
		strlcpy(end, "/node_modules", sizeof(dir) -
		    (size_t)(end - dir));
	if (p->file[2].old == NULL && access(dir, F_OK) == 0)
		return (NULL);
	return (i == 1 ? lock : package);
}

static const char *const files[] = { "canary.mjs", "openclaw/ask.js",
    "openclaw/index.js", "openclaw/package.json",
    "openclaw/openclaw.plugin.json", "opencode/index.js",
    "opencode/package.json", "openclaw", "opencode", "" };
#define NFILES	(sizeof(files) / sizeof(files[0]))

const char *
agent_plugin_loose(const struct agent_place *p)
{
	static char	path[PATH_MAX + 64];
	struct stat	st;
	size_t		i;

	for (i = 0; i < NFILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", p->plugins, files[i]);
		if (stat(path, &st) == 0 && ((st.st_mode & 022) != 0 ||
		    (st.st_uid != 0 && st.st_uid != geteuid())))
			return (path);
	}
	return (NULL);
}

/* the first file of the plug-in that is not there; NULL: it is whole */
const char *
agent_plugin_missing(const struct agent_place *p)
{
	static char	path[PATH_MAX + 64];
	size_t		i;

	for (i = 0; i < NFILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", p->plugins, files[i]);
		if (access(path, R_OK) == -1)
			return (path);
	}
	return (NULL);
}
