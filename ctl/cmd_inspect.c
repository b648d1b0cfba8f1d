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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "cmd.h"

/*
 * inspect: asks gatewayd for a verdict as an agent would, without HTTP.
 */

#define MAX_INSPECT	(4 * 1024 * 1024)	/* bytes of a request */
#define BATCH_PIECE	(64 * 1024)	/* rows of one message, about */
#define BATCH_END	1U		/* flag of the last piece */
#define BATCH_LIMIT_MS	60000		/* for the answer to the whole */
#define INSPECT_LIMIT_MS 130000		/* an answer may be a judge's */
#define PROGRESS_MS	2000		/* until a person is told */

/* the whole of a file; NULL after having said why not */
static char *
read_text(const char *path, size_t *len)
{
	struct wbuf	w;
	char		buf[65536];
	ssize_t		n;
	int		fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0 &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1) {
		out_fail(errno == ENOENT ? CTL_NOT_FOUND : CTL_FAILURE,
		    "%s: %s", path, strerror(errno));
		return (NULL);
	}
	wbuf_init(&w, MAX_INSPECT + 1);
	while ((n = read(fd, buf, sizeof(buf))) > 0 && !w.failed)
		wbuf_put(&w, buf, (size_t)n);
	*len = w.len;
	wbuf_put(&w, "", 1);
	if (fd != STDIN_FILENO)
		close(fd);
	if (n == 0 && !w.failed)
		return ((char *)w.data);
	out_fail(CTL_FAILURE, "%s: %s", path, n == -1 ? strerror(errno) :
	    "larger than what is inspected at once, 4 MiB");
	wbuf_free(&w);
	return (NULL);
}

/*
 * Sets a member to the text of an option, or of a file.  1 set, 0 neither
 * was given, -1 said why not.
 */
static int
member_text(const struct ctl *c, enum opt_id text_id, enum opt_id file_id,
    json_t *body, const char *member)
{
	const char	*text = cmd_value(c, text_id);
	char		*read = NULL;
	size_t		 len;
	json_t		*j;

	if (text != NULL && cmd_has(c, file_id)) {
		out_fail(CTL_USAGE, "--%s or --%s, not both",
		    ctl_options[text_id].name, ctl_options[file_id].name);
		return (-1);
	}
	if (text == NULL && !cmd_has(c, file_id))
		return (0);
	if (text != NULL)
		len = strlen(text);
	else if ((text = read = read_text(cmd_value(c, file_id),
	    &len)) == NULL)
		return (-1);
	j = json_stringn(text, len);
	free(read);
	if (j == NULL) {
		out_fail(CTL_USAGE, "the text is not UTF-8: an agent cannot "
		    "send it either");
		return (-1);
	}
	json_object_set_new(body, member, j);
	return (1);
}

static int
member_args(const struct ctl *c, json_t *body)
{
	const char	*text = cmd_value(c, O_ARGS);
	char		 err[MAX_JSON_ERR], *read = NULL;
	size_t		 len;
	json_t		*j;

	if (text != NULL && cmd_has(c, O_ARGS_FILE)) {
		out_fail(CTL_USAGE, "--args or --args-file, not both");
		return (-1);
	}
	if (text == NULL && !cmd_has(c, O_ARGS_FILE))
		return (0);
	if (text != NULL)
		len = strlen(text);
	else if ((text = read = read_text(cmd_value(c, O_ARGS_FILE),
	    &len)) == NULL)
		return (-1);
	j = json_strict(text, len, err);
	free(read);
	if (j == NULL) {
		out_fail(CTL_USAGE, "the arguments are no JSON: %s", err);
		return (-1);
	}
	json_object_set_new(body, "args", j);
	return (1);
}

static void
member_option(const struct ctl *c, enum opt_id id, json_t *body)
{
	if (cmd_has(c, id))
		json_object_set_new(body, ctl_options[id].name,
		    json_string(cmd_value(c, id)));
}

static void
print_rules(const json_t *v)
{
	const json_t	*findings = json_object_get(v, "detailed_findings");
	const json_t	*f;
	size_t		 i;

	json_array_foreach(findings, i, f)
		out_field(i == 0 ? "rules" : "", "%s %s: %s",
		    json_str(f, "rule_id"), json_str(f, "severity"),
		    json_str(f, "title"));
	/* a listed name has no finding of its own */
	findings = json_object_get(v, "findings");
	if (json_object_get(v, "detailed_findings") == NULL)
		json_array_foreach(findings, i, f)
			out_field(i == 0 ? "rules" : "", "%s",
			    json_string_value(f));
}

/* one question to a judge, in words */
static void
print_call(const json_t *call, int first)
{
	const json_t	*list, *j;
	const char	*about = json_str(call, "about");
	char		 text[1024];
	size_t		 i;

	snprintf(text, sizeof(text), "%s%s%s: %s, %lld ms%s",
	    json_str(call, "kind"), about != NULL ? " of " : "",
	    about != NULL ? about : "", json_str(call, "status"),
	    (long long)json_integer_value(json_object_get(call,
	    "latency_us")) / 1000, json_is_true(json_object_get(call,
	    "cached")) ? ", from the cache" : "");
	if (json_str(call, "reason") != NULL) {
		strlcat(text, ": ", sizeof(text));
		strlcat(text, json_str(call, "reason"), sizeof(text));
	}
	if (json_str(call, "severity") != NULL) {
		strlcat(text, ", severity ", sizeof(text));
		strlcat(text, json_str(call, "severity"), sizeof(text));
	}
	list = json_object_get(call, "findings");
	json_array_foreach(list, i, j) {
		strlcat(text, i == 0 ? ": " : ", ", sizeof(text));
		strlcat(text, json_string_value(j), sizeof(text));
	}
	out_field(first ? "judge" : "", "%s", text);
	list = json_object_get(call, "suppressed");
	json_array_foreach(list, i, j)
		out_field("", "suppressed by %s: %s", json_str(j, "by"),
		    json_str(j, "finding"));
}

static void
print_explain(const json_t *e)
{
	const json_t	*list, *j;
	size_t		 i;

	if (!json_is_object(e))
		return;
	out_field("strategy", "%s", json_str(e, "strategy"));
	out_field("triage", "%s", json_str(e, "triage"));
	out_field("asked", "%s: %s", json_is_true(json_object_get(e,
	    "asked")) ? "yes" : "no", json_str(e, "why"));
	list = json_object_get(e, "calls");
	json_array_foreach(list, i, j)
		print_call(j, i == 0);
	list = json_object_get(e, "overruled");
	json_array_foreach(list, i, j)
		out_field(i == 0 ? "overruled" : "", "%s",
		    json_string_value(j));
	if (json_str(e, "on_error") != NULL)
		out_field("on error", "%s", json_str(e, "on_error"));
}

static int
print_verdict(char *text, size_t len)
{
	const char	*action, *raw;
	char		 err[MAX_JSON_ERR];
	json_t		*v;
	int		 rc;

	if ((v = json_strict(text, len, err)) == NULL ||
	    (action = json_str(v, "action")) == NULL) {
		json_decref(v);
		return (out_fail(CTL_FAILURE, "the answer is no verdict"));
	}
	rc = strcmp(action, "allow") == 0 ? CTL_OK : CTL_POLICY;
	if (out_json) {
		out_line(text, len != 0 && text[len - 1] == '\n' ? len - 1 :
		    len);
		json_decref(v);
		return (rc);
	}
	raw = json_str(v, "raw_action");
	out_field("action", "%s", action);
	if (raw != NULL && strcmp(raw, action) != 0)
		out_field("raw action", "%s", raw);
	out_field("severity", "%s", json_str(v, "severity"));
	if (json_str(v, "reason") != NULL && json_str(v, "reason")[0] != '\0')
		out_field("reason", "%s", json_str(v, "reason"));
	print_rules(v);
	out_field("mode", "%s", json_str(v, "mode"));
	print_explain(json_object_get(v, "explain"));
	json_decref(v);
	return (rc);
}

/* sends and drops the body, prints the verdict */
static int
inspect(const struct ctl *c, const char *route, json_t *body)
{
	struct client	 cl;
	struct wbuf	 w;
	char		*text, *answer = NULL;
	size_t		 len;
	int		 rc;

	if (cmd_has(c, O_EXPLAIN))
		json_object_set_new(body, "explain", json_true());
	if ((text = json_text(body)) == NULL) {
		json_decref(body);
		return (out_fail(CTL_FAILURE, "the request cannot be "
		    "written as JSON"));
	}
	json_decref(body);
	if (strlen(text) > MAX_INSPECT) {
		free(text);
		return (out_fail(CTL_USAGE, "larger than what is inspected "
		    "at once, 4 MiB as JSON"));
	}
	wbuf_init(&w, MAX_FRAME_BIG);
	wbuf_str(&w, "POST");
	wbuf_str(&w, route);
	wbuf_put(&w, text, strlen(text));
	free(text);
	if ((rc = client_open_worker(&cl, &c->paths)) == CTL_OK) {
		cl.limit_ms = INSPECT_LIMIT_MS;
		rc = client_call(&cl, MSG_CTL_CALL, w.data, w.len, &answer,
		    &len);
	}
	wbuf_free(&w);
	if (rc == CTL_OK)
		rc = print_verdict(answer, len);
	else
		out_fail(rc, "%s", cl.err);
	free(answer);
	client_close(&cl);
	return (rc);
}

int
cmd_inspect_tool(struct ctl *c)
{
	json_t	*body = json_object();

	/* who looks at a verdict asks nobody for an approval */
	json_object_set_new(body, "approval_surface", json_string("native"));
	member_option(c, O_TOOL, body);
	if (member_args(c, body) == -1 ||
	    member_text(c, O_CONTENT, O_FILE, body, "content") == -1) {
		json_decref(body);
		return (CTL_USAGE);
	}
	return (inspect(c, "/api/v1/inspect/tool", body));
}

static int
inspect_text(const struct ctl *c, const char *route, enum opt_id text_id,
    const char *member)
{
	json_t	*body = json_object();
	int	 rc;

	member_option(c, O_TOOL, body);
	member_option(c, O_MODEL, body);
	rc = member_text(c, text_id, O_FILE, body, member);
	if (rc == 0)
		out_fail(CTL_USAGE, "--%s TEXT or --file FILE is required",
		    ctl_options[text_id].name);
	if (rc != 1) {
		json_decref(body);
		return (CTL_USAGE);
	}
	return (inspect(c, route, body));
}

int
cmd_inspect_request(struct ctl *c)
{
	return (inspect_text(c, "/api/v1/inspect/request", O_CONTENT,
	    "content"));
}

int
cmd_inspect_response(struct ctl *c)
{
	return (inspect_text(c, "/api/v1/inspect/response", O_CONTENT,
	    "content"));
}

int
cmd_inspect_tool_response(struct ctl *c)
{
	return (inspect_text(c, "/api/v1/inspect/tool-response", O_OUTPUT,
	    "output"));
}

/* --- batch ---------------------------------------------------------------- */

struct batch {
	struct client	 cl;
	struct wbuf	 piece;
	uint64_t	 rows;
	uint64_t	 begin_ms;
	int		 told;		/* progress is on the terminal */
	int		 newline;	/* one is held back */
};

static void
batch_progress(struct batch *b, const char *what)
{
	if (!isatty(STDERR_FILENO) || clock_ms() < b->begin_ms + PROGRESS_MS)
		return;
	fprintf(stderr, "\r%llu rows %s", (unsigned long long)b->rows, what);
	b->told = 1;
}

static int
batch_send(struct batch *b, uint32_t flags)
{
	int	rc;

	rc = client_send(&b->cl, MSG_CTL_BATCH, &flags, sizeof(flags),
	    b->piece.data, b->piece.len);
	wbuf_reset(&b->piece);
	batch_progress(b, "sent");
	return (rc);
}

/* whole lines only in a piece */
static int
batch_line(struct batch *b, const char *line, size_t len)
{
	int	rc = CTL_OK;

	b->rows++;
	if (len > MAX_INSPECT) {
		fprintf(stderr, "row %llu is longer than 4 MiB\n",
		    (unsigned long long)b->rows);
		/* its place in the answer stays, for an error */
		line = "{}\n";
		len = 3;
	}
	if (b->piece.len != 0 && b->piece.len + len > BATCH_PIECE)
		rc = batch_send(b, 0);
	wbuf_put(&b->piece, line, len);
	if (b->piece.failed) {
		strlcpy(b->cl.err, "out of memory", sizeof(b->cl.err));
		return (CTL_FAILURE);
	}
	return (rc);
}

static int
batch_rows(struct batch *b, FILE *f)
{
	char	*line = NULL;
	size_t	 size = 0;
	ssize_t	 n;
	int	 rc = CTL_OK;

	while (rc == CTL_OK && (n = getline(&line, &size, f)) != -1)
		rc = batch_line(b, line, (size_t)n);
	free(line);
	if (rc == CTL_OK && ferror(f)) {
		snprintf(b->cl.err, sizeof(b->cl.err), "after row %llu: %s",
		    (unsigned long long)b->rows, strerror(errno));
		return (CTL_FAILURE);
	}
	return (rc);
}

/* newlines at the end of a piece wait: the last of all is printed once */
static int
batch_print(const char *text, size_t len, void *arg)
{
	struct batch	*b = arg;
	int		 newline = 0;

	if (b->told)
		fprintf(stderr, "\r\033[K");
	b->told = 0;
	while (len != 0 && text[len - 1] == '\n') {
		newline = 1;
		len--;
	}
	if (len == 0) {
		b->newline |= newline;
		return (CTL_OK);
	}
	if (b->newline)
		putchar('\n');
	fwrite(text, 1, len, stdout);
	b->newline = newline;
	return (CTL_OK);
}

static int
batch(struct ctl *c, FILE *f)
{
	static struct batch	b;
	int			rc;

	if ((rc = client_open_worker(&b.cl, &c->paths)) != CTL_OK)
		return (out_fail(rc, "%s", b.cl.err));
	b.cl.limit_ms = BATCH_LIMIT_MS;
	b.begin_ms = clock_ms();
	wbuf_init(&b.piece, MAX_FRAME_BIG);
	rc = batch_rows(&b, f);
	if (rc == CTL_OK)
		rc = batch_send(&b, BATCH_END);
	if (rc == CTL_OK) {
		batch_progress(&b, "sent, waiting for the answer");
		rc = client_answer(&b.cl, batch_print, &b);
	}
	if (b.told)
		fprintf(stderr, "\n");
	if (b.newline && b.rows != 0)
		putchar('\n');
	/* a row at fault has its error in the answer */
	if (rc != CTL_OK)
		out_fail(rc, "%s%s", b.newline ? "not every row has a "
		    "verdict: " : "", b.cl.err);
	wbuf_free(&b.piece);
	client_close(&b.cl);
	return (rc);
}

int
cmd_inspect_batch(struct ctl *c)
{
	const char	*path = c->args[0];
	FILE		*f = stdin;
	int		 rc;

	if (strcmp(path, "-") != 0 && (f = fopen(path, "re")) == NULL)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND :
		    CTL_FAILURE, "%s: %s", path, strerror(errno)));
	rc = batch(c, f);
	if (f != stdin)
		fclose(f);
	return (rc);
}
