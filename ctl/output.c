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

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "output.h"

#define PROGRAM		"defenseclawctl"
#define FIELD_WIDTH	14
#define MAX_CELL	512	/* bytes of one cell, escaped */
#define SAFE_BUFFERS	4

int		out_json;
static int	out_colour;

static const struct {
	const char	*word;
	const char	*colour;	/* SGR */
} colours[] = {
	{ "CRITICAL", "1;31" },
	{ "HIGH", "31" },
	{ "MEDIUM", "33" },
	{ "block", "1;31" },
	{ "alert", "33" },
	{ "allow", "32" },
	{ "ready", "32" },
	{ "ok", "32" },
	{ "starting", "33" },
	{ "draining", "33" },
	{ "down", "31" },
	{ "failed", "31" },
	{ "warning", "33" },
	{ "PASS", "32" },
	{ "EXPECTED", "36" },
	{ "WARN", "33" },
	{ "FAIL", "1;31" },
};

void
out_init(int json)
{
	const char	*term = getenv("TERM"), *no = getenv("NO_COLOR");

	out_json = json;
	out_colour = !json && isatty(STDOUT_FILENO) && (no == NULL ||
	    no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

/* malloc'd, escaped; never NULL */
static char *
escaped(const char *fmt, va_list ap)
{
	char	*raw, *esc;
	size_t	 len, size;

	if (vasprintf(&raw, fmt, ap) == -1)
		fatal("output");
	len = strlen(raw);
	size = 4 * len + 1;
	if (size > MAX_OUT_TEXT)
		size = MAX_OUT_TEXT;
	if ((esc = malloc(size)) == NULL)
		fatal("output");
	log_escape(esc, size, raw, len);
	free(raw);
	return (esc);
}

int
out_fail(int code, const char *fmt, ...)
{
	va_list	 ap;
	char	*text;

	va_start(ap, fmt);
	text = escaped(fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", PROGRAM, text);
	if (out_json)
		out_document(json_pack("{s:s,s:i}", "error", text, "code",
		    code));
	free(text);
	return (code);
}

void
out_note(const char *fmt, ...)
{
	va_list	 ap;
	char	*text;

	va_start(ap, fmt);
	text = escaped(fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", PROGRAM, text);
	free(text);
}

void
out_field(const char *name, const char *fmt, ...)
{
	va_list	 ap;
	char	*text;

	va_start(ap, fmt);
	text = escaped(fmt, ap);
	va_end(ap);
	printf("%-*s %s\n", FIELD_WIDTH, name, out_word(text));
	free(text);
}

unsigned int
out_obeyed(const char *s, size_t left, size_t *len)
{
	const unsigned char	*p = (const unsigned char *)s;
	unsigned int		 c;

	*len = 1;
	if (*p == 0x7f)
		return (*p);
	*len = 2;
	if (*p == 0xc2 && left >= 2 && p[1] < 0xa0)
		return (p[1]);
	*len = 3;
	if (*p != 0xe2 || left < 3 || p[1] > 0x81)
		return (0);
	c = 0x2000 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
	return ((c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ?
	    c : 0);
}

void
out_line(const char *text, size_t len)
{
	size_t		i, n, done = 0;
	unsigned int	c;

	/* such a character is within a string: nothing else of JSON is */
	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x7f ||
		    (c = out_obeyed(text + i, len - i, &n)) == 0)
			continue;
		fwrite(text + done, 1, i - done, stdout);
		printf("\\u%04X", c);
		done = i + n;
		i = done - 1;
	}
	fwrite(text + done, 1, len - done, stdout);
	putchar('\n');
}

void
out_document(json_t *j)
{
	char	*text;

	if (j == NULL || (text = json_text(j)) == NULL)
		fatalx("output: text that is no UTF-8, or out of memory");
	json_decref(j);
	out_line(text, strlen(text));
	free(text);
}

const char *
out_safe(const char *text)
{
	static char	bufs[SAFE_BUFFERS][MAX_CELL];
	static int	next;
	char		*buf = bufs[next++ % SAFE_BUFFERS];

	log_escape(buf, MAX_CELL, text, strlen(text));
	return (buf);
}

const char *
out_word(const char *word)
{
	static char	buf[MAX_CELL];
	size_t		i;

	for (i = 0; out_colour && i < sizeof(colours) / sizeof(colours[0]);
	    i++)
		if (strcmp(colours[i].word, word) == 0) {
			snprintf(buf, sizeof(buf), "\033[%sm%s\033[0m",
			    colours[i].colour, word);
			return (buf);
		}
	return (word);
}

int
out_end(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return (0);
	fprintf(stderr, "%s: standard output: %s\n", PROGRAM,
	    strerror(errno));
	return (1);
}

void
table_init(struct table *t, const char *const *heads)
{
	memset(t, 0, sizeof(*t));
	t->heads = heads;
	while (heads[t->ncols] != NULL && t->ncols < MAX_COLUMNS)
		t->ncols++;
}

void
table_cell(struct table *t, const char *fmt, ...)
{
	va_list	 ap;
	char	*text, **grown;

	if (out_json)
		return;
	va_start(ap, fmt);
	text = escaped(fmt, ap);
	va_end(ap);
	if (t->ncells == t->room) {
		grown = recallocarray(t->cells, t->room, t->room + 256,
		    sizeof(*grown));
		if (grown == NULL)
			fatal("output");
		t->cells = grown;
		t->room += 256;
	}
	t->cells[t->ncells++] = text;
}

static void
table_line(const struct table *t, const size_t *widths,
    const char *const *cells)
{
	size_t	i, pad;

	for (i = 0; i < t->ncols; i++) {
		fputs(out_word(cells[i]), stdout);
		if (i + 1 == t->ncols)
			break;
		for (pad = strlen(cells[i]); pad < widths[i] + 2; pad++)
			putchar(' ');
	}
	putchar('\n');
}

void
table_print(struct table *t)
{
	size_t	widths[MAX_COLUMNS], i, n;

	if (out_json)
		return;
	for (i = 0; i < t->ncols; i++)
		widths[i] = strlen(t->heads[i]);
	for (i = 0; i < t->ncells; i++)
		if ((n = strlen(t->cells[i])) > widths[i % t->ncols])
			widths[i % t->ncols] = n;
	table_line(t, widths, t->heads);
	for (i = 0; i + t->ncols <= t->ncells; i += t->ncols)
		table_line(t, widths, (const char *const *)t->cells + i);
	for (i = 0; i < t->ncells; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->ncells = t->room = 0;
}

int
outfile_open(struct outfile *o, const char *path)
{
	struct stat	st;
	int		fd;

	memset(o, 0, sizeof(*o));
	if (path == NULL || strcmp(path, "-") == 0) {
		o->f = stdout;
		return (0);
	}
	o->path = path;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->f = fopen(path, "we");
	} else {
		if (asprintf(&o->tmp, "%s.XXXXXX", path) == -1)
			fatal("output");
		if ((fd = mkostemp(o->tmp, O_CLOEXEC)) != -1 &&
		    (o->f = fdopen(fd, "w")) == NULL)
			close(fd);
	}
	if (o->f != NULL)
		return (0);
	out_fail(1, "%s: %s", path, strerror(errno));
	free(o->tmp);
	return (-1);
}

int
outfile_close(struct outfile *o, int ok)
{
	int	bad;

	if (o->f == stdout)
		return (0);
	bad = ferror(o->f) || fflush(o->f) != 0 ||
	    (o->tmp != NULL && fsync(fileno(o->f)) == -1);
	if (fclose(o->f) != 0)
		bad = 1;
	if (o->tmp != NULL && ok && !bad && rename(o->tmp, o->path) == -1)
		bad = 1;
	if (bad && ok)
		out_fail(1, "%s: %s", o->path, strerror(errno));
	if (o->tmp != NULL && (bad || !ok))
		(void)unlink(o->tmp);
	free(o->tmp);
	o->tmp = NULL;
	return (bad ? -1 : 0);
}
