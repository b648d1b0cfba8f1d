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

#include <stdint.h>
#include <stdio.h>

#include "common/export.h"
#include "common/json.h"
#include "ctl/exportfmt.h"
#include "tests/unit/test.h"

static struct chain_row	 row;

static void
setup(void)
{
	memset(&row, 0, sizeof(row));
	row.seq = 7;
	row.alg = CHAIN_BLAKE2B;
	row.ev.time_us = 1767323045000000ULL;
	row.ev.severity = SEV_HIGH;
	row.ev.field[EV_ACTION] = "inspect-tool-block";
}

/* the cell of the target as it is written */
static const char *
cell(const char *target)
{
	static char	 buf[256];
	const char	*p, *end;
	char		*text;
	size_t		 n;

	row.ev.field[EV_TARGET] = target;
	CHECK((text = exportfmt_row(FORMAT_CSV, &row, &n)) != NULL);
	CHECK_INT(strlen(text), n);
	CHECK_STR(text + n - 2, "\r\n");
	CHECK((p = strstr(text, ",inspect-tool-block,")) != NULL);
	p += strlen(",inspect-tool-block,");
	/* what follows: the other fields, none of which is there */
	CHECK((end = strstr(p, ",,,,,,,,,,,,,,,,")) != NULL);
	snprintf(buf, sizeof(buf), "%.*s", (int)(end - p), p);
	free(text);
	return (buf);
}

static void
csv(void)
{
	char	*head;
	size_t	 n, commas = 0, i;

	CHECK_STR(cell("shell"), "shell");
	CHECK_STR(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
	CHECK_STR(cell("+1"), "'+1");
	CHECK_STR(cell("-1"), "'-1");
	CHECK_STR(cell("@SUM(A1)"), "'@SUM(A1)");
	CHECK_STR(cell("\tx"), "'\tx");
	CHECK_STR(cell("\rx"), "\"'\rx\"");
	CHECK_STR(cell("a=b"), "a=b");
	CHECK_STR(cell("a,b"), "\"a,b\"");
	CHECK_STR(cell("say \"x\""), "\"say \"\"x\"\"\"");
	CHECK_STR(cell("=\"x\""), "\"'=\"\"x\"\"\"");
	CHECK_STR(cell("two\nlines"), "\"two\nlines\"");
	CHECK((head = exportfmt_header(FORMAT_CSV, &n)) != NULL);
	for (i = 0; i < n; i++)
		commas += head[i] == ',';
	CHECK_INT(commas, 6 + EV_COUNT + 3 - 1);
	CHECK_INT(strncmp(head, "seq,id,timestamp,severity,", 26), 0);
	free(head);
	CHECK(exportfmt_header(FORMAT_OCSF, &n) == NULL);
}

static json_t *
ocsf(void)
{
	char	 err[MAX_JSON_ERR], *text;
	json_t	*j;
	size_t	 n;

	CHECK((text = exportfmt_row(FORMAT_OCSF, &row, &n)) != NULL);
	CHECK(text[n - 1] == '\n' && memchr(text, '\n', n) == text + n - 1);
	CHECK((j = json_strict(text, n, err)) != NULL);
	free(text);
	return (j);
}

static json_int_t
number(const json_t *j, const char *name)
{
	return (json_integer_value(json_object_get(j, name)));
}

/* what the class requires, and what the verdict becomes */
static void
finding(void)
{
	static const struct {
		enum severity	 sev;
		int		 id;
	} severities[] = { { SEV_NONE, 1 }, { SEV_INFO, 1 }, { SEV_LOW, 2 },
	    { SEV_MEDIUM, 3 }, { SEV_HIGH, 4 }, { SEV_CRITICAL, 5 } };
	static const struct {
		const char	*action;
		int		 id, disposition;
	} actions[] = { { "inspect-tool-block", 2, 2 },
	    { "inspect-request-alert", 1, 19 },
	    { "inspect-tool-response-allow", 1, 1 }, { "tool-block", 0, 17 },
	    { "inspect-batch", 0, 17 }, { "checkpoint", 0, 17 } };
	json_t	*j, *m;
	size_t	 i;

	row.ev.field[EV_TARGET] = "\033[2Jshell";
	row.ev.field[EV_ACTOR] = "uid:1000";
	for (i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
		row.ev.severity = severities[i].sev;
		j = ocsf();
		CHECK_INT(number(j, "severity_id"), severities[i].id);
		json_decref(j);
	}
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		row.ev.field[EV_ACTION] = actions[i].action;
		j = ocsf();
		CHECK_INT(number(j, "action_id"), actions[i].id);
		CHECK_INT(number(j, "disposition_id"),
		    actions[i].disposition);
		json_decref(j);
	}
	j = ocsf();
	CHECK_INT(number(j, "class_uid"), 2004);
	CHECK_INT(number(j, "category_uid"), 2);
	CHECK_INT(number(j, "activity_id"), 1);
	CHECK_INT(number(j, "type_uid"), 200401);
	CHECK_INT(number(j, "time"), 1767323045000LL);
	m = json_object_get(j, "metadata");
	CHECK_STR(json_str(m, "version"), OCSF_VERSION);
	CHECK_INT(number(m, "sequence"), 7);
	CHECK(json_str(json_object_get(m, "product"), "vendor_name") != NULL);
	CHECK_STR(json_str(json_object_get(j, "finding_info"), "title"),
	    "checkpoint");
	json_decref(j);
}

static int
place(enum export_format fmt, const char *text, struct export_place *at)
{
	char	 err[160];
	FILE	*f;
	int	 rc;

	/* fmemopen takes no empty buffer */
	if (text[0] == '\0')
		CHECK((f = fopen("/dev/null", "r")) != NULL);
	else
		CHECK((f = fmemopen((void *)(uintptr_t)text, strlen(text),
		    "r")) != NULL);
	rc = exportfmt_place(fmt, f, at, err, sizeof(err));
	fclose(f);
	return (rc);
}

/* wherever a file is cut, what is whole is found */
static void
cut(enum export_format fmt)
{
	struct export_place	 at;
	char			*head, *line, text[16384] = "", part[16384];
	size_t			 n, ends[4], i, k;

	ends[0] = 0;
	if (fmt == FORMAT_CSV) {
		CHECK((head = exportfmt_header(fmt, &n)) != NULL);
		strlcpy(text, head, sizeof(text));
		ends[0] = n;
		free(head);
	}
	row.ev.field[EV_TARGET] = "a \"quoted\"\r\nname";
	for (i = 1; i < 4; i++) {
		row.seq = 9 + i;
		CHECK((line = exportfmt_row(fmt, &row, &n)) != NULL);
		CHECK(strlcat(text, line, sizeof(text)) < sizeof(text));
		ends[i] = strlen(text);
		free(line);
	}
	for (n = 0; n <= ends[3]; n++) {
		for (i = 0; i < 3 && ends[i + 1] <= n; i++)
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)n, text);
		CHECK_INT(place(fmt, part, &at), 0);
		k = ends[0] <= n ? ends[i] : 0;
		CHECK_INT(at.end, k);
		CHECK_INT(at.seq, i == 0 ? 0 : 9 + i);
		if (i > 0)
			CHECK_INT(at.last, ends[i - 1]);
		CHECK_INT(at.header, fmt == FORMAT_CSV && n >= ends[0]);
	}
}

static void
places(void)
{
	struct export_place	at;

	cut(FORMAT_CSV);
	cut(FORMAT_OCSF);
	CHECK_INT(place(FORMAT_JSONL, "{\"seq\":1}\n", &at), -1);
	CHECK_INT(place(FORMAT_CSV, "root:x:0:0:root\n", &at), -1);
	CHECK_INT(place(FORMAT_OCSF, "{\"metadata\":{}}\n", &at), -1);
	CHECK_INT(place(FORMAT_OCSF, "{\"metadata\":{\"sequence\":3}}\n"
	    "{\"metadata\":{\"sequence\":3}}\n", &at), -1);
	CHECK_INT(place(FORMAT_OCSF, "{\"metadata\":{\"sequence\":-3}}\n",
	    &at), -1);
}

int
main(void)
{
	enum export_format	f;

	CHECK_INT(exportfmt_parse("ocsf", &f), 0);
	CHECK_INT(f, FORMAT_OCSF);
	CHECK_INT(exportfmt_parse("xml", &f), -1);
	setup();
	RUN(csv);
	RUN(finding);
	RUN(places);
	return (0);
}
