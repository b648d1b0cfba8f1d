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

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/export.h"
#include "common/json.h"
#include "common/kept.h"
#include "cmd.h"
#include "exportfmt.h"

/*
 * audit export: the log as a file.  It appears whole or not at all, or, with
 * --resume, grows by whole rows and goes on where it ends.
 */

struct export {
	struct outfile		 o;
	enum export_format	 fmt;
	struct export_reader	*reader;	/* formats but jsonl */
	uint64_t		 rows;
	uint64_t		 beside;	/* of them tell of a text that
						   is no part of the log */
	int			 headed;	/* auditd's first line came */
	int			 has_header;	/* the file has one */
	char			*last;		/* resume: row that must come
						   first, or NULL */
	size_t			 last_len;
	char			 err[256];
};

static int
export_fail(struct export *e, const char *why)
{
	strlcpy(e->err, why, sizeof(e->err));
	return (CTL_FAILURE);
}

static int
export_write(struct export *e, const char *text, size_t len)
{
	if (fwrite(text, 1, len, e->o.f) == len)
		return (CTL_OK);
	return (export_fail(e, strerror(errno)));
}

/* auditd's header becomes that of the format, once in a file */
static int
export_header(struct export *e, const char *text, size_t len)
{
	char	*head;
	size_t	 n;
	int	 rc = CTL_OK;

	e->headed = 1;
	if (e->has_header)
		return (CTL_OK);
	if (e->fmt == FORMAT_JSONL) {
		if ((rc = export_write(e, text, len)) == CTL_OK)
			rc = export_write(e, "\n", 1);
		return (rc);
	}
	if ((head = exportfmt_header(e->fmt, &n)) != NULL)
		rc = export_write(e, head, n);
	free(head);
	return (rc);
}

/* the row in its format, malloc'd */
static char *
export_format(struct export *e, const char *text, size_t len, size_t *n)
{
	struct chain_row	 row;
	char			*line;

	if (e->fmt == FORMAT_JSONL) {
		if ((line = malloc(len + 1)) == NULL)
			return (NULL);
		memcpy(line, text, len);
		line[len] = '\n';
		*n = len + 1;
		return (line);
	}
	if (export_row_parse(e->reader, &row, text, len, e->err,
	    sizeof(e->err)) == -1)
		return (NULL);
	return (exportfmt_row(e->fmt, &row, n));
}

static int
export_line(const char *text, size_t len, void *arg)
{
	/* a quote within a value is escaped: the member and nothing else */
	static const char	 beside[] = "\"action\":\"" ACTION_JUDGE_BODY
				    "\"";
	struct export		*e = arg;
	char			*line;
	size_t			 n;
	int			 rc;

	if (!e->headed)
		return (export_header(e, text, len));
	if ((line = export_format(e, text, len, &n)) == NULL)
		return (e->err[0] != '\0' ? CTL_FAILURE :
		    export_fail(e, "out of memory"));
	if (e->last == NULL) {
		e->rows++;
		e->beside += memmem(text, len, beside, sizeof(beside) - 1) !=
		    NULL;
		rc = export_write(e, line, n);
	} else if (n == e->last_len && memcmp(line, e->last, n) == 0)
		rc = CTL_OK;
	else
		rc = export_fail(e, "the file ends with a row of another "
		    "log, or was changed");
	if (e->last != NULL) {
		free(e->last);
		e->last = NULL;
	}
	free(line);
	return (rc);
}

/* --- going on ------------------------------------------------------------- */

/*
 * What comes after the last whole row is cut off, and that row is asked for
 * again: it must be the same.
 */
static int
resume_place(struct export *e, const char *path, uint64_t *from)
{
	struct export_place	 at;
	char			 err[128];

	if (exportfmt_place(e->fmt, e->o.f, &at, err, sizeof(err)) == -1)
		return (out_fail(CTL_FAILURE, "%s: %s", path, err));
	e->has_header = at.header;
	if (at.seq != 0) {
		*from = at.seq;
		e->last_len = (size_t)(at.end - at.last);
		if ((e->last = malloc(e->last_len)) == NULL ||
		    fseeko(e->o.f, (off_t)at.last, SEEK_SET) == -1 ||
		    fread(e->last, 1, e->last_len, e->o.f) != e->last_len)
			return (out_fail(CTL_FAILURE, "%s: cannot be read",
			    path));
	}
	if (fseeko(e->o.f, (off_t)at.end, SEEK_SET) == -1 ||
	    ftruncate(fileno(e->o.f), (off_t)at.end) == -1)
		return (out_fail(CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	return (CTL_OK);
}

static int
resume_open(struct export *e, const char *path, uint64_t *from)
{
	struct stat	st;
	int		fd;

	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NOCTTY | O_NONBLOCK, 0600)) == -1)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_FAILURE, "%s: %s", path, strerror(errno)));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return (out_fail(CTL_FAILURE, "%s: no regular file", path));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		return (out_fail(CTL_ALREADY, "%s: another export is "
		    "writing it", path));
	}
	if ((e->o.f = fdopen(fd, "r+")) == NULL) {
		close(fd);
		return (out_fail(CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	}
	e->o.path = path;
	return (resume_place(e, path, from));
}

/* --- the command ---------------------------------------------------------- */

static int
export_options(struct ctl *c, struct export *e, uint64_t range[2])
{
	const char	*fmt = cmd_value(c, O_FORMAT), *path;

	path = cmd_value(c, O_OUT);
	if (cmd_number(c, O_FROM, 1, INT64_MAX, &range[0]) == -1 ||
	    cmd_number(c, O_TO, 1, INT64_MAX, &range[1]) == -1)
		return (CTL_USAGE);
	if (fmt != NULL && exportfmt_parse(fmt, &e->fmt) == -1)
		return (out_fail(CTL_USAGE, "--format: %s is none: jsonl, "
		    "csv, ocsf", fmt));
	if (cmd_has(c, O_RESUME) && (path == NULL || strcmp(path, "-") == 0))
		return (out_fail(CTL_USAGE, "--resume needs --out FILE"));
	if (e->fmt != FORMAT_JSONL &&
	    (e->reader = export_reader_new()) == NULL)
		return (out_fail(CTL_FAILURE, "out of memory"));
	return (CTL_OK);
}

static int
export_run(struct ctl *c, struct export *e, struct client *cl,
    uint64_t range[2])
{
	const char	*path = cmd_value(c, O_OUT);
	int		 rc, resume = cmd_has(c, O_RESUME);

	if (resume)
		rc = resume_open(e, path, &range[0]);
	else
		rc = outfile_open(&e->o, path) == -1 ? CTL_FAILURE : CTL_OK;
	if (rc != CTL_OK) {
		if (e->o.f != NULL)
			fclose(e->o.f);
		return (rc);
	}
	rc = client_send(cl, MSG_CTL_AUDIT_EXPORT, range, 2 *
	    sizeof(range[0]), NULL, 0);
	if (rc == CTL_OK)
		rc = client_answer(cl, export_line, e);
	if (rc == CTL_OK && e->last != NULL)
		rc = export_fail(e, "the file ends with a row that this log "
		    "does not have yet");
	if (rc != CTL_OK)
		out_fail(rc, "%s: %s", e->last != NULL || resume ? path :
		    "the export is not complete", e->err[0] != '\0' ?
		    e->err : cl->err);
	if (resume && rc == CTL_OK && (fflush(e->o.f) != 0 ||
	    fsync(fileno(e->o.f)) == -1))
		rc = out_fail(CTL_FAILURE, "%s: %s", path, strerror(errno));
	if (outfile_close(&e->o, rc == CTL_OK) == -1 && rc == CTL_OK)
		rc = CTL_FAILURE;
	return (rc);
}

int
cmd_audit_export(struct ctl *c)
{
	const char	*path = cmd_value(c, O_OUT);
	struct client	 cl;
	struct export	 e;
	uint64_t	 range[2] = { 0, 0 };
	int		 rc;

	memset(&e, 0, sizeof(e));
	if ((rc = export_options(c, &e, range)) != CTL_OK)
		return (rc);
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = export_run(c, &e, &cl, range);
	else
		out_fail(rc, "%s", cl.err);
	client_close(&cl);
	export_reader_free(e.reader);
	free(e.last);
	if (rc != CTL_OK || path == NULL || strcmp(path, "-") == 0)
		return (rc);
	if (out_json)
		out_document(json_pack("{s:s,s:I,s:I}", "file", path, "rows",
		    (json_int_t)e.rows, "bodies_left_out",
		    (json_int_t)e.beside));
	else {
		printf("%llu rows in %s\n", (unsigned long long)e.rows,
		    out_safe(path));
		if (e.beside != 0)
			printf("%llu of them tell of a judge's answer: its "
			    "words expire and are not exported, their hash "
			    "is\n", (unsigned long long)e.beside);
	}
	return (CTL_OK);
}
