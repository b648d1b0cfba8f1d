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

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/detect/command.h"
#include "common/detect/detect.h"
#include "common/detect/image.h"
#include "common/detect/sentence.h"
#include "common/detect/text.h"

#define MAX_DETECT_KEEP	(1024 * 1024)	/* bytes of a buffer kept */
#define MAX_DETECT_PLAIN (64 * 1024)	/* bytes in which to find a hit again */
#define OBFUSCATED	" (obfuscated)"

struct detect {
	struct match	*match;
	struct text_buf	 buf;
	struct text_buf	 marked;	/* the same with marks */
};

/* What kinds of tool there are, for the tuning of confidence. */
#define TOOL_EXEC	0x01
#define TOOL_FILE	0x02
#define TOOL_READ	0x04
#define TOOL_WRITE	0x08

static const struct tool_kind {
	const char	*name;
	int		 kinds;
} tool_kinds[] = {
	{ "shell",		TOOL_EXEC },
	{ "system.run",		TOOL_EXEC },
	{ "exec",		TOOL_EXEC },
	{ "bash",		TOOL_EXEC },
	{ "terminal",		TOOL_EXEC },
	{ "run_command",	TOOL_EXEC },
	{ "execute",		TOOL_EXEC },
	{ "subprocess",		TOOL_EXEC },
	{ "read",		TOOL_FILE | TOOL_READ },
	{ "read_file",		TOOL_FILE | TOOL_READ },
	{ "cat",		TOOL_READ },
	{ "cat_file",		TOOL_READ },
	{ "open",		TOOL_READ },
	{ "open_file",		TOOL_READ },
	{ "view",		TOOL_READ },
	{ "view_file",		TOOL_READ },
	{ "write",		TOOL_FILE | TOOL_WRITE },
	{ "write_file",		TOOL_FILE | TOOL_WRITE },
	{ "edit",		TOOL_FILE | TOOL_WRITE },
	{ "edit_file",		TOOL_FILE | TOOL_WRITE },
	{ "delete_file",	TOOL_FILE | TOOL_WRITE },
	{ "move_file",		TOOL_FILE | TOOL_WRITE },
	{ "create_file",	TOOL_FILE | TOOL_WRITE },
	{ "append_file",	TOOL_WRITE }
};

static int
tool_kinds_of(const char *tool)
{
	size_t	 i;

	for (i = 0; i < sizeof(tool_kinds) / sizeof(tool_kinds[0]); i++)
		if (tool != NULL && strcasecmp(tool, tool_kinds[i].name) == 0)
			return tool_kinds[i].kinds;
	return 0;
}

static int
has_tag(const struct match_rule *r, const char *tag)
{
	size_t	 i;

	for (i = 0; i < r->ntags; i++)
		if (strcmp(r->tags[i], tag) == 0)
			return 1;
	return 0;
}

/*
 * A command in a shell's arguments is more likely one than the same words in
 * a chat, a path in a file tool's likewise, and to read one's own memory file
 * is less than to write it.  Factors and tags are those of the reference
 * implementation; only the first kind of tag counts.
 */
static void
detect_tune(struct detect_finding *f, int kinds)
{
	const struct match_rule	*r = f->rule;

	if (has_tag(r, "execution") || has_tag(r, "reverse-shell") ||
	    has_tag(r, "destructive")) {
		if (kinds & TOOL_EXEC)
			f->confidence *= 1.05;
		else if (!(kinds & TOOL_FILE))
			f->confidence *= 0.8;
	} else if (has_tag(r, "file-sensitive") || has_tag(r, "system-file")) {
		if (kinds & TOOL_FILE)
			f->confidence *= 1.05;
		else if (!(kinds & TOOL_EXEC))
			f->confidence *= 0.85;
	} else if (has_tag(r, "cognitive-tampering")) {
		if (kinds & TOOL_WRITE)
			f->confidence *= 1.10;
		else if (kinds & TOOL_READ) {
			f->confidence *= 0.65;
			if (f->severity == SEV_CRITICAL)
				f->severity = SEV_HIGH;
			else if (f->severity == SEV_HIGH)
				f->severity = SEV_MEDIUM;
		}
	}
	if (f->confidence > 1.0)
		f->confidence = 1.0;
}

/* One line for a log or a screen, as the reference shows it. */
static void
detect_evidence(struct detect_finding *f, const struct match_hit *h)
{
	size_t		 i, n = 0;
	unsigned char	 c;

	for (i = 0; i < h->evidence_len && n < MAX_MATCH_EVIDENCE; i++) {
		c = (unsigned char)h->evidence[i];
		if (c == '\r' || c == TEXT_COMMAND ||
		    (c == TEXT_SENTENCE && n == 0))
			continue;
		f->evidence[n++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
	f->evidence[n] = '\0';
}

static void
detect_title(struct detect_finding *f)
{
	const char	*title = f->rule->title;
	size_t		 len, room;

	room = sizeof(f->title) - sizeof(OBFUSCATED);
	len = text_cut(title, strlen(title), room);
	memcpy(f->title, title, len);
	f->title[len] = '\0';
	if (f->obfuscated)
		memcpy(f->title + len, OBFUSCATED, sizeof(OBFUSCATED));
}

/* Room for one more, that of the least grave if there is no other. */
static struct detect_finding *
detect_slot(struct detect_result *res, enum severity severity)
{
	struct detect_finding	*f, *least;
	size_t			 i;

	if (res->nfindings < MAX_FINDINGS)
		return &res->findings[res->nfindings++];
	least = &res->findings[0];
	for (i = 1; i < MAX_FINDINGS; i++) {
		f = &res->findings[i];
		if (f->severity < least->severity)
			least = f;
	}
	return least->severity < severity ? least : NULL;
}

static void
detect_add(struct detect_result *res, const struct match_hit *h, int kinds,
    int obfuscated)
{
	struct detect_finding	 head, *f;

	head.rule = h->rule;
	head.severity = h->rule->severity;
	head.confidence = h->rule->confidence;
	detect_tune(&head, kinds);
	res->total++;
	if (head.severity > res->severity)
		res->severity = head.severity;
	if (h->indeterminate)
		res->indeterminate = 1;
	if ((f = detect_slot(res, head.severity)) == NULL)
		return;
	f->rule = head.rule;
	f->severity = head.severity;
	f->confidence = obfuscated ? head.confidence * 0.9 : head.confidence;
	f->obfuscated = obfuscated;
	f->indeterminate = h->indeterminate;
	detect_title(f);
	detect_evidence(f, h);
}

static int
detect_order(const void *a, const void *b)
{
	const struct detect_finding	*x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return strcmp(x->rule->id, y->rule->id);
}

/* Whether the text begins with the evidence, but for the marks in it. */
static int
begins_with(const char *text, const char *end, const struct match_hit *h)
{
	size_t	 i;
	char	 c;

	for (i = 0; i < h->evidence_len; i++) {
		c = h->evidence[i];
		if (c == TEXT_COMMAND)
			continue;
		if (c == TEXT_SENTENCE) {
			text += text < end && *text == ' ';
			continue;
		}
		if (text == end || *text++ != c)
			return 0;
	}
	return 1;
}

/*
 * Whether what was found in a copy can be read in the text as it came: then
 * nothing was hidden, and it was found by a mark that only the copy has.
 */
static int
detect_is_plain(const struct detect_piece *p, const struct match_hit *h)
{
	const char	*end, *s = p->text;
	size_t		 i = 0;

	end = s + (p->len < MAX_DETECT_PLAIN ? p->len : MAX_DETECT_PLAIN);
	while (i < h->evidence_len && (h->evidence[i] == TEXT_COMMAND ||
	    h->evidence[i] == TEXT_SENTENCE))
		i++;
	if (i == h->evidence_len)
		return 1;
	while ((s = memchr(s, h->evidence[i], (size_t)(end - s))) != NULL) {
		if (begins_with(s, end, h))
			return 1;
		s++;
	}
	return 0;
}

/* The piece tells hidden text from plain; NULL: the text is the piece. */
static int
detect_scan(struct detect *d, enum match_text what, const char *text,
    size_t len, unsigned int directions, int kinds,
    const struct detect_piece *hidden, struct detect_result *res)
{
	const struct match_hit	*hits;
	int			 i, n;

	if ((n = match_scan(d->match, what, text, len, directions,
	    &hits)) < 0) {
		errno = n == MATCH_SLOW ? ETIMEDOUT : EIO;
		return -1;
	}
	for (i = 0; i < n; i++)
		detect_add(res, &hits[i], kinds, hidden != NULL &&
		    !detect_is_plain(hidden, &hits[i]));
	return 0;
}

static int
detect_raw(struct detect *d, const struct detect_piece *p,
    unsigned int directions, int kinds, struct detect_result *res)
{
	if (text_valid(p->text, p->len) == p->len)
		return detect_scan(d, MATCH_PLAIN, p->text, p->len,
		    directions, kinds, NULL, res);
	if (text_sanitise(&d->buf, p->text, p->len) == -1) {
		errno = ENOMEM;
		return -1;
	}
	return detect_scan(d, MATCH_PLAIN, d->buf.data, d->buf.len,
	    directions, kinds, NULL, res);
}

/* Copies with the places marked where sentences and commands start. */
static int
detect_marked(struct detect *d, const char *text, size_t len,
    unsigned int directions, int kinds, const struct detect_piece *hidden,
    struct detect_result *res)
{
	if (match_looks_at(d->match, MATCH_SENTENCES)) {
		if (sentence_mark(&d->marked, text, len) == -1)
			goto nomem;
		if (detect_scan(d, MATCH_SENTENCES, d->marked.data,
		    d->marked.len, directions, kinds, hidden, res) == -1)
			return -1;
	}
	if (!(directions & IMAGE_DIR_TOOL_CALL) ||
	    !match_looks_at(d->match, MATCH_COMMANDS))
		return 0;
	if (command_mark(&d->marked, text, len) == -1)
		goto nomem;
	return detect_scan(d, MATCH_COMMANDS, d->marked.data, d->marked.len,
	    directions, kinds, hidden, res);
nomem:
	errno = ENOMEM;
	return -1;
}

/* The copy in which what hides a word is undone, and its marked copies. */
static int
detect_normalised(struct detect *d, const struct detect_piece *p,
    unsigned int directions, int kinds, struct detect_result *res)
{
	const char	*text = p->text;
	size_t		 len = p->len;
	int		 changed, flags = TEXT_UNICODE;

	if (p->kind == DETECT_PLAIN)
		flags |= TEXT_SHELL;
	if ((changed = text_normalise(&d->buf, text, len, flags)) == -1)
		goto nomem;
	/* bytes that are no character are no change, but are never scanned */
	if (!changed && text_valid(text, len) != len) {
		if (text_sanitise(&d->buf, text, len) == -1)
			goto nomem;
		text = d->buf.data;
		len = d->buf.len;
	} else if (changed) {
		text = d->buf.data;
		len = d->buf.len;
	}
	if (changed && detect_scan(d, MATCH_PLAIN, text, len, directions,
	    kinds, p, res) == -1)
		return -1;
	/* JSON's own quotes would pass for the start of a sentence */
	if (p->kind != DETECT_PLAIN)
		return 0;
	return detect_marked(d, text, len, directions, kinds, changed ? p :
	    NULL, res);
nomem:
	errno = ENOMEM;
	return -1;
}

int
detect_text(struct detect *d, enum detect_direction direction,
    const char *tool, const struct detect_piece *pieces, size_t n,
    struct detect_result *res)
{
	unsigned int	 directions;
	size_t		 i;
	int		 kinds, rc = 0;

	res->severity = SEV_NONE;
	res->indeterminate = 0;
	res->total = res->nfindings = 0;
	if (n > MAX_DETECT_PIECES) {
		errno = E2BIG;
		return -1;
	}
	for (i = 0; i < n; i++)
		if (pieces[i].len > MAX_DETECT_TEXT) {
			errno = E2BIG;
			return -1;
		}
	directions = direction == DETECT_PROMPT ? IMAGE_DIR_PROMPT :
	    direction == DETECT_COMPLETION ? IMAGE_DIR_COMPLETION :
	    IMAGE_DIR_TOOL_CALL;
	kinds = tool_kinds_of(tool);
	match_begin(d->match);
	/* all as they are first: a plain hit must not count as hidden */
	for (i = 0; i < n && rc == 0; i++)
		rc = detect_raw(d, &pieces[i], directions, kinds, res);
	for (i = 0; i < n && rc == 0; i++)
		rc = detect_normalised(d, &pieces[i], directions, kinds, res);
	if (d->buf.size > MAX_DETECT_KEEP)
		text_buf_free(&d->buf);
	if (d->marked.size > MAX_DETECT_KEEP)
		text_buf_free(&d->marked);
	if (rc == 0 && res->nfindings > 1)
		qsort(res->findings, res->nfindings,
		    sizeof(res->findings[0]), detect_order);
	return rc;
}

struct detect *
detect_open(const void *image, size_t len, char *err, size_t errlen)
{
	struct detect	*d;
	struct match	*m;

	if ((m = match_open(image, len, err, errlen)) == NULL)
		return NULL;
	if ((d = calloc(1, sizeof(*d))) == NULL) {
		(void)snprintf(err, errlen, "out of memory");
		match_close(m);
		return NULL;
	}
	d->match = m;
	return d;
}

void
detect_close(struct detect *d)
{
	if (d == NULL)
		return;
	match_close(d->match);
	text_buf_free(&d->buf);
	text_buf_free(&d->marked);
	free(d);
}

size_t
detect_kept(const struct detect *d)
{
	return match_kept(d->match);
}

size_t
detect_nrules(const struct detect *d)
{
	return match_count(d->match);
}

const struct match_rule *
detect_rule(const struct detect *d, size_t i)
{
	return match_rule(d->match, i);
}

const char *
detect_hash(const struct detect *d)
{
	return match_hash(d->match);
}

const char *
detect_pack(const struct detect *d)
{
	return match_pack(d->match);
}

const void *
detect_judge(const struct detect *d, size_t *len)
{
	return match_judge(d->match, len);
}
