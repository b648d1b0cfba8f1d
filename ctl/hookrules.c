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

#include <string.h>

#include "common/detect/command.h"
#include "common/detect/confirm.h"
#include "common/detect/image.h"
#include "common/detect/text.h"
#include "common/frame.h"
#include "hook.h"

/*
 * What stops a call when nobody is there to ask: few, and so plain that no
 * configuration means them well.  \f stands before each word that a shell
 * may take for a command (command.h).
 */

#define MAX_TEXT_DEPTH	32

#define SHELLS	"(?:(?:ba|z|da|k|a|c|tc|fi)?sh|python[0-9.]*|perl|ruby|node|" \
		"php)\\b"

static const struct {
	const char	*id;
	const char	*pattern;
} rules[] = {
	{ "HOOK-DOWNLOAD-RUN", "\\f(?:curl|wget|fetch)\\b[^\\n]{0,400}\\|"
	    "\\s{0,8}(?:\\fsudo\\s[^\\f\\n]{0,40})?\\f" SHELLS "|"
	    "\\f" SHELLS "[^\\n]{0,40}(?:<\\(|\\$\\(|`)\\s{0,4}\\f?"
	    "(?:curl|wget)\\b" },
	{ "HOOK-DECODE-RUN", "\\f(?:base64|base32|xxd)\\b[^\\n]{0,200}\\|"
	    "\\s{0,8}(?:\\fsudo\\s[^\\f\\n]{0,40})?\\f" SHELLS },
	{ "HOOK-ERASE", "\\frm\\s(?=[^\\n]{0,80}-[a-zA-Z-]{0,12}[rR])"
	    "[^\\n]{0,80}?\\s(?:/|~|\\$HOME|\\$\\{HOME\\})/?\\*?"
	    "(?=[\\s;&|)\"']|$)" },
	{ "HOOK-DISK", "\\f(?:mkfs[.\\w]{0,8}|wipefs|blkdiscard|shred)\\b"
	    "[^\\n]{0,80}/dev/|\\fdd\\b[^\\n]{0,200}\\bof=/dev/(?!null|zero|"
	    "stdout|full)|>\\s{0,4}/dev/(?:sd|nvme|vd|xvd|mmcblk)\\w" },
	{ "HOOK-REVERSE-SHELL", "/dev/(?:tcp|udp)/[^\\s/]{1,255}/\\d|"
	    "\\f(?:nc|ncat|netcat)\\b[^\\n]{0,120}\\s(?:-[a-z]{0,6}[ec]\\b|"
	    "--(?:sh-)?exec\\b)|\\fsocat\\b[^\\n]{0,200}\\bexec:" },
	{ "HOOK-CREDENTIAL", "/etc/(?:g?shadow|sudoers)\\b|\\.ssh/(?:id_\\w|"
	    "authorized_keys)|\\.aws/credentials|\\.gnupg/private-keys" },
	{ "HOOK-FORK-BOMB", ":\\s?\\(\\)\\s?\\{[\\s\f]{0,3}:\\s?\\|"
	    "[\\s\f]{0,3}:\\s?&" },
	/* what would open the gate for good */
	{ "HOOK-SUITE", "\\fdefenseclaw(?:ctl|-gateway)?\\s+(?:stop|restart|"
	    "agent|setup|config\\s+set|tool|policy)\\b|\\fsystemctl\\b"
	    "[^\\n]{0,60}defenseclaw|\\f(?:p?kill|killall)\\b[^\\n]{0,60}"
	    "(?:defenseclaw|dc-\\w)|\\.claude/settings|/etc/claude-code|"
	    "\\.codex/(?:hooks\\.json|config\\.toml)|/etc/codex/|"
	    "\\.cursor/hooks\\.json|\\.gemini/settings\\.json" },
};
#define NRULES	(sizeof(rules) / sizeof(rules[0]))

static const char	unknown[] = "HOOK-INDETERMINATE";

static enum confirm_answer
look(struct confirm *c, const char *pattern, const char *text, size_t len)
{
	struct confirm_code	*code;
	enum confirm_answer	 answer;
	char			 err[256];
	size_t			 start, end;
	uint32_t		 steps = MAX_CONFIRM_STEPS;

	if ((code = confirm_compile(c, pattern, 0, err, sizeof(err))) == NULL)
		return (CONFIRM_UNKNOWN);
	answer = confirm_search(c, code, text, len, 0, len, &start, &end,
	    &steps);
	confirm_code_free(code);
	return (answer);
}

const char *
hookrules_find(const char *text, size_t len)
{
	struct text_buf		 clean = { NULL, 0, 0 };
	struct text_buf		 marked = { NULL, 0, 0 };
	struct confirm		*c;
	const char		*id = NULL;
	size_t			 i;
	int			 rc;

	if ((c = confirm_new()) == NULL)
		return (unknown);
	rc = text_normalise(&clean, text, len, TEXT_UNICODE | TEXT_SHELL);
	if (rc == 0)
		rc = text_sanitise(&clean, text, len);
	if (rc == -1 || command_mark(&marked, clean.data, clean.len) == -1)
		id = unknown;
	for (i = 0; i < NRULES && id == NULL; i++)
		switch (look(c, rules[i].pattern, marked.data, marked.len)) {
		case CONFIRM_YES:
			id = rules[i].id;
			break;
		case CONFIRM_UNKNOWN:
			id = unknown;
			break;
		case CONFIRM_NO:
			break;
		}
	text_buf_free(&clean);
	text_buf_free(&marked);
	confirm_free(c);
	return (id);
}

/* the strings of a value, one a line; too much of it fails the buffer */
static void
strings_of(const json_t *v, struct wbuf *w, int level)
{
	const char	*key;
	json_t		*in;
	size_t		 i;

	if (level > MAX_TEXT_DEPTH) {
		w->failed = 1;
		return;
	}
	if (json_is_string(v)) {
		wbuf_put(w, json_string_value(v), json_string_length(v));
		wbuf_put(w, "\n", 1);
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, in)
		strings_of(in, w, level + 1);
	json_array_foreach(v, i, in)
		strings_of(in, w, level + 1);
}

const char *
hookrules_value(const json_t *v)
{
	struct wbuf	 w;
	const char	*id = unknown;

	wbuf_init(&w, MAX_HOOK_INPUT);
	strings_of(v, &w, 0);
	if (!w.failed)
		id = w.len == 0 ? NULL : hookrules_find((char *)w.data,
		    w.len);
	wbuf_free(&w);
	return (id);
}
