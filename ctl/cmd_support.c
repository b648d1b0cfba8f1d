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
#include <sys/utsname.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"
#include "common/version.h"
#include "schema.h"
#include "scrub.h"
#include "ustar.h"
#include "watch.h"

/*
 * support bundle: what a maintainer needs to see of a host, in one archive.
 * Neither the configuration's text nor a row of the log nor a secret is
 * collected; what is, is listed first, and written only when that is wanted.
 */

#define MAX_MEMBERS	16
#define MAX_MEMBER	(512 * 1024)	/* bytes of one */
#define MAX_LISTED	256		/* files of one directory */

struct member {
	const char	*name;
	const char	*what;
	char		*text;
	size_t		 len;
	size_t		 masked;
};

struct bundle {
	struct member	 member[MAX_MEMBERS];
	size_t		 n;
};

/* takes the text, which may be NULL */
static void
member_add(struct bundle *b, const char *name, const char *what, char *text)
{
	struct member	*m;

	if (text == NULL || b->n == MAX_MEMBERS) {
		free(text);
		return;
	}
	m = &b->member[b->n++];
	m->name = name;
	m->what = what;
	m->text = text;
	m->len = strlen(text);
	if (m->len > MAX_MEMBER)
		m->len = MAX_MEMBER;
}

static void
member_json(struct bundle *b, const char *name, const char *what, json_t *j)
{
	member_add(b, name, what, j != NULL ? json_text(j) : NULL);
	json_decref(j);
}

/* the end of a file, from the beginning of a line; malloc'd */
static char *
file_end(const char *path)
{
	struct stat	 st;
	char		*text, *nl;
	ssize_t		 n = 0;
	off_t		 from;
	int		 fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK)) == -1)
		return (NULL);
	if ((text = malloc(MAX_MEMBER + 1)) == NULL ||
	    fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		free(text);
		close(fd);
		return (NULL);
	}
	from = st.st_size > MAX_MEMBER ? st.st_size - MAX_MEMBER : 0;
	if ((n = pread(fd, text, MAX_MEMBER, from)) == -1)
		n = 0;
	close(fd);
	text[n] = '\0';
	if (from != 0 && (nl = strchr(text, '\n')) != NULL)
		memmove(text, nl + 1, strlen(nl + 1) + 1);
	return (text);
}

static json_t *
host_json(void)
{
	struct utsname	 u;
	json_t		*j;
	char		*os;

	if (uname(&u) == -1)
		return (NULL);
	os = file_end("/etc/os-release");
	j = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:s?}", "sysname", u.sysname,
	    "release", u.release, "version", u.version, "machine", u.machine,
	    "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "pages",
	    (json_int_t)sysconf(_SC_PHYS_PAGES), "os_release", os);
	free(os);
	return (j);
}

/* settings by the table; the names of secrets are settings */
static json_t *
conf_json(const struct ctl *c)
{
	static struct conf	 conf;
	char			 text[MAX_CONF_VALUE];
	json_t			*j = json_object(), *sinks = json_array();
	int			 i;

	if (config_load(c->paths.config, &conf, text, sizeof(text)) !=
	    CTL_OK) {
		json_object_set_new(j, "error", json_string("the "
		    "configuration cannot be read or is not valid"));
		json_decref(sinks);
		return (j);
	}
	for (i = 0; i < schema_nkeys; i++) {
		schema_get(&schema_keys[i], &conf, text, sizeof(text));
		if (conf.line[i] != 0)
			json_object_set_new(j, schema_keys[i].path,
			    json_string(text));
	}
	for (i = 0; i < conf.nsinks; i++)
		json_array_append_new(sinks,
		    json_string(conf.sinks[i].name));
	json_object_set_new(j, "audit_sinks", sinks);
	return (j);
}

static void
dir_json(json_t *list, const char *path)
{
	struct dirent	*de;
	struct stat	 st;
	char		 mode[8];
	DIR		*dp;
	int		 n = 0;

	if ((dp = opendir(path)) == NULL) {
		json_array_append_new(list, json_pack("{s:s,s:s}", "dir",
		    path, "error", strerror(errno)));
		return;
	}
	while ((de = readdir(dp)) != NULL && n++ < MAX_LISTED) {
		if (strcmp(de->d_name, "..") == 0 || fstatat(dirfd(dp),
		    de->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		snprintf(mode, sizeof(mode), "%06o",
		    (unsigned int)st.st_mode);
		json_array_append_new(list, json_pack(
		    "{s:s,s:s,s:s,s:I,s:I,s:I}", "dir", path, "name",
		    de->d_name, "mode", mode, "uid", (json_int_t)st.st_uid,
		    "gid", (json_int_t)st.st_gid, "size",
		    (json_int_t)st.st_size));
	}
	closedir(dp);
}

static json_t *
files_json(const struct paths *p)
{
	json_t	*list = json_array();

	dir_json(list, p->confdir);
	dir_json(list, p->secrets);
	dir_json(list, p->state);
	dir_json(list, p->audit);
	dir_json(list, p->sign);
	dir_json(list, p->run);
	dir_json(list, p->log);
	dir_json(list, p->libexec);
	return (list);
}

static void
collect(struct ctl *c, struct bundle *b)
{
	struct client	 cl;
	char		 path[MAX_CONF_PATH];
	json_t		*status;
	int		 rc;

	member_json(b, "version.json", "of this program", json_pack(
	    "{s:s,s:s}", "version", DC_VERSION, "mode", c->paths.system ?
	    "system" : "user"));
	member_json(b, "host.json", "kernel, distribution, size",
	    host_json());
	if ((status = status_gather(&c->paths, &cl, &rc)) == NULL)
		status = json_pack("{s:s,s:i}", "error", cl.err, "code", rc);
	member_json(b, "status.json", "processes, store, sinks", status);
	member_json(b, "config.json", "what config.yaml sets, by the table "
	    "of keys; names of sinks", conf_json(c));
	member_json(b, "files.json", "names, modes, owners and sizes of the "
	    "suite's own files", files_json(&c->paths));
	if (paths_join(path, sizeof(path), c->paths.log,
	    "defenseclaw.log") == 0)
		member_add(b, "defenseclaw.log", "the end of the suite's own "
		    "log", file_end(path));
}

static json_t *
list_bundle(const struct bundle *b)
{
	static const char *const heads[] = { "FILE", "BYTES", "MASKED",
	    "WHAT", NULL };
	const struct member	*m;
	struct table		 t;
	json_t			*list = json_array();
	size_t			 i;

	table_init(&t, heads);
	for (i = 0; i < b->n; i++) {
		m = &b->member[i];
		json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:s}",
		    "name", m->name, "bytes", (json_int_t)m->len, "masked",
		    (json_int_t)m->masked, "what", m->what));
		if (out_json)
			continue;
		table_cell(&t, "%s", m->name);
		table_cell(&t, "%zu", m->len);
		table_cell(&t, "%zu", m->masked);
		table_cell(&t, "%s", m->what);
	}
	if (!out_json)
		table_print(&t);
	return (list);
}

/* 1: write it */
static int
is_wanted(struct ctl *c, const char *path)
{
	char	line[16];

	if (cmd_has(c, O_YES))
		return (1);
	if (cmd_has(c, O_DRY_RUN) || out_json || !isatty(STDIN_FILENO))
		return (0);
	printf("write %s? [y/N] ", out_safe(path));
	fflush(stdout);
	return (fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' ||
	    line[0] == 'Y'));
}

static int
write_bundle(const struct bundle *b, const char *path)
{
	struct outfile	o;
	uint64_t	now = (uint64_t)time(NULL);
	char		name[MAX_USTAR_NAME + 1];
	size_t		i;
	int		bad = 0;

	if (outfile_open(&o, path) == -1)
		return (CTL_FAILURE);
	for (i = 0; i < b->n && !bad; i++) {
		snprintf(name, sizeof(name), "defenseclaw-support/%s",
		    b->member[i].name);
		bad = ustar_add(o.f, name, b->member[i].text,
		    b->member[i].len, now) == -1;
	}
	if (bad || ustar_end(o.f) == -1)
		bad = out_fail(CTL_FAILURE, "%s: %s", path, strerror(errno));
	if (outfile_close(&o, !bad) == -1)
		bad = CTL_FAILURE;
	return (bad ? CTL_FAILURE : CTL_OK);
}

int
cmd_support_bundle(struct ctl *c)
{
	static struct bundle	 b;
	const char		*path = cmd_value(c, O_OUT);
	struct scrub		*s;
	json_t			*list;
	char			 err[256];
	size_t			 i;
	int			 rc = CTL_OK, wanted;

	if ((s = scrub_open(&c->paths, err, sizeof(err))) == NULL)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_FAILURE, "%s", err));
	collect(c, &b);
	for (i = 0; i < b.n; i++)
		b.member[i].masked = scrub_text(s, b.member[i].text,
		    b.member[i].len);
	scrub_close(s);
	list = list_bundle(&b);
	if ((wanted = is_wanted(c, path)))
		rc = write_bundle(&b, path);
	if (rc == CTL_OK && out_json)
		out_document(json_pack("{s:s,s:b,s:O}", "file", path,
		    "written", wanted, "files", list));
	else if (rc == CTL_OK)
		printf(wanted ? "%s is written: look at it before you give "
		    "it away\n" : "%s is not written: --yes does so without "
		    "asking\n", out_safe(path));
	json_decref(list);
	for (i = 0; i < b.n; i++)
		free(b.member[i].text);
	return (rc);
}
