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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/event.h"
#include "common/json.h"
#include "rows.h"
#include "when.h"

json_t *
row_parse(const char *line)
{
	char	err[MAX_JSON_ERR];

	return (json_strict(line, strlen(line), err));
}

const char *
row_text(const json_t *row, const char *member)
{
	const char	*s = json_str(row, member);

	return (s != NULL ? s : "");
}

void
row_about(const json_t *row, char *buf, size_t size)
{
	static const char *const members[] = { "reason", "change", "note",
	    "details", "status" };
	const char	*details = json_str(row, "details"), *s;
	char		 err[MAX_JSON_ERR];
	json_t		*d, *ids, *id;
	size_t		 i;

	buf[0] = '\0';
	if (details == NULL || (d = json_strict(details, strlen(details),
	    err)) == NULL)
		return;
	ids = json_object_get(d, "rule_ids");
	json_array_foreach(ids, i, id) {
		strlcat(buf, i != 0 ? " " : "", size);
		strlcat(buf, json_is_string(id) ? json_string_value(id) :
		    "?", size);
	}
	for (i = 0; buf[0] == '\0' && i < sizeof(members) /
	    sizeof(members[0]); i++)
		if ((s = json_str(d, members[i])) != NULL)
			strlcpy(buf, s, size);
	json_decref(d);
}

static int
severities_parse(const char *text, uint32_t *mask)
{
	char		 word[16];
	enum severity	 s;
	size_t		 len;

	for (*mask = 0; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		snprintf(word, sizeof(word), "%.*s", (int)(len <
		    sizeof(word) ? len : sizeof(word) - 1), text);
		if (len >= sizeof(word) || severity_parse(word, &s) == -1) {
			out_fail(CTL_USAGE, "--severity: %s is none: "
			    "CRITICAL, HIGH, MEDIUM, LOW, INFO", word);
			return (-1);
		}
		*mask |= 1U << s;
	}
	return (0);
}

/* a text option into its place; an absent one leaves it empty */
static int
filter_word(const struct ctl *c, enum opt_id id, char buf[MAX_QUERY_WORD])
{
	const char	*s = cmd_value(c, id);

	if (s == NULL)
		return (0);
	if (s[0] != '\0' && strlcpy(buf, s, MAX_QUERY_WORD) < MAX_QUERY_WORD)
		return (0);
	out_fail(CTL_USAGE, "--%s must have 1 to %d bytes",
	    ctl_options[id].name, MAX_QUERY_WORD - 1);
	return (-1);
}

int
rows_time(const struct ctl *c, enum opt_id id, uint64_t *us)
{
	const char	*s = cmd_value(c, id);

	if (s == NULL || when_parse(s, clock_wall_us(), us) == 0)
		return (0);
	out_fail(CTL_USAGE, "--%s: %s is no time: 2026-01-02T03:04:05Z, or "
	    "how long ago, such as 30m, 1h, 2d", ctl_options[id].name, s);
	return (-1);
}

static int
filter_place(const struct ctl *c, struct audit_list *al)
{
	if ((c->cmd->opts & BIT(UNTIL)) == 0)
		return (cmd_number(c, O_SINCE, 0, INT64_MAX, &al->since) ==
		    -1 || cmd_number(c, O_BEFORE, 1, INT64_MAX,
		    &al->before) == -1 ? -1 : 0);
	if (rows_time(c, O_SINCE, &al->since_us) == -1 ||
	    rows_time(c, O_UNTIL, &al->until_us) == -1)
		return (-1);
	if (al->until_us == 0 || al->since_us < al->until_us)
		return (0);
	out_fail(CTL_USAGE, "--since is not before --until");
	return (-1);
}

int
rows_filter(const struct ctl *c, struct audit_list *al)
{
	const char	*s;

	memset(al, 0, sizeof(*al));
	if (filter_place(c, al) == -1 ||
	    filter_word(c, O_ACTION, al->action) == -1 ||
	    filter_word(c, O_ACTOR, al->actor) == -1 ||
	    filter_word(c, O_SESSION, al->session) == -1 ||
	    filter_word(c, O_TOOL, al->tool) == -1 ||
	    filter_word(c, O_TARGET, al->target) == -1 ||
	    filter_word(c, O_TEXT, al->text) == -1)
		return (-1);
	if ((s = cmd_value(c, O_SEVERITY)) != NULL)
		return (severities_parse(s, &al->severities));
	return (0);
}

int
row_print(const char *text, size_t len, void *arg)
{
	uint64_t	*last = arg;
	char		 about[MAX_ROW_ABOUT], err[MAX_JSON_ERR];
	const char	*sev;
	json_t		*row;

	if ((row = json_strict(text, len, err)) == NULL)
		return (CTL_FAILURE);
	*last = (uint64_t)json_integer_value(json_object_get(row, "seq"));
	if (out_json)
		out_line(text, len);
	else {
		row_about(row, about, sizeof(about));
		sev = row_text(row, "severity");
		printf("%llu  %.19sZ  %s%*s  %s  %s", (unsigned long long)
		    *last, out_safe(row_text(row, "timestamp")),
		    out_word(out_safe(sev)), strlen(sev) < 8 ?
		    (int)(8 - strlen(sev)) : 0, "",
		    out_safe(row_text(row, "action")),
		    out_safe(row_text(row, "actor")));
		printf("  %s  %s\n", out_safe(row_text(row, "target")),
		    out_safe(about));
	}
	json_decref(row);
	return (fflush(stdout) == 0 ? CTL_OK : CTL_FAILURE);
}

