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
#include <stdlib.h>
#include <string.h>

#include "common/export.h"
#include "common/json.h"
#include "common/version.h"
#include "exportfmt.h"
#include "options.h"

#define MAX_SEQ_DIGITS	19

static const char *const names[] = { "jsonl", "csv", "ocsf" };

int
exportfmt_parse(const char *name, enum export_format *f)
{
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*f = (enum export_format)i;
			return (0);
		}
	return (-1);
}

/* --- CSV ------------------------------------------------------------------ */

static void
csv_cell(FILE *f, const char *text)
{
	int	formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) !=
		    NULL;

	if (strpbrk(text, "\",\r\n") == NULL) {
		fprintf(f, "%s%s", formula ? "'" : "", text);
		return;
	}
	fprintf(f, "\"%s", formula ? "'" : "");
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', f);
		putc(*text, f);
	}
	putc('"', f);
}

static void
csv_hex(FILE *f, const uint8_t *bin, size_t len)
{
	size_t	i;

	putc(',', f);
	for (i = 0; i < len; i++)
		fprintf(f, "%02x", bin[i]);
}

static void
csv_header(FILE *f)
{
	int	i;

	fprintf(f, "seq,id,timestamp,severity,schema_version,generation");
	for (i = 0; i < EV_COUNT; i++)
		fprintf(f, ",%s", event_field_name(i));
	fprintf(f, ",device,epoch,hash\r\n");
}

static void
csv_row(FILE *f, const struct chain_row *row)
{
	char	id[EVENT_UUID_SIZE], when[EVENT_TIME_SIZE];
	int	i;

	event_uuid(row->ev.id, id);
	event_time(row->ev.time_us, when);
	fprintf(f, "%llu,%s,%s,%s,%d,%llu", (unsigned long long)row->seq, id,
	    when, severity_name(row->ev.severity), EVENT_SCHEMA_VERSION,
	    (unsigned long long)row->ev.generation);
	for (i = 0; i < EV_COUNT; i++) {
		putc(',', f);
		if (row->ev.field[i] != NULL)
			csv_cell(f, row->ev.field[i]);
	}
	csv_hex(f, row->device, CHAIN_DEVICE_LEN);
	csv_hex(f, row->epoch, CHAIN_EPOCH_LEN);
	csv_hex(f, row->hash, CHAIN_HASH_LEN);
	fprintf(f, "\r\n");
}

/* --- OCSF ----------------------------------------------------------------- */

/* severity_id of the schema: 1 Informational .. 5 Critical, 0 Unknown */
static const struct {
	int		 id;
	const char	*name;
} ocsf_severity[SEV_COUNT] = {
	[SEV_NONE] = { 1, "Informational" },
	[SEV_INFO] = { 1, "Informational" },
	[SEV_LOW] = { 2, "Low" },
	[SEV_MEDIUM] = { 3, "Medium" },
	[SEV_HIGH] = { 4, "High" },
	[SEV_CRITICAL] = { 5, "Critical" },
};

static const char *
field(const struct chain_row *row, enum event_field f)
{
	return (row->ev.field[f] != NULL ? row->ev.field[f] : "");
}

/* the verdict is the end of the action: inspect-tool-block */
static void
ocsf_verdict(const struct chain_row *row, json_t *j)
{
	static const struct {
		const char	*end;
		int		 action, disposition;
		const char	*action_name, *disposition_name;
	} verdicts[] = {
		{ "-block", 2, 2, "Denied", "Blocked" },
		{ "-alert", 1, 19, "Allowed", "Alert" },
		{ "-allow", 1, 1, "Allowed", "Allowed" },
	};
	const char	*action = field(row, EV_ACTION);
	size_t		 i, n = strlen(action), len;

	for (i = 0; strncmp(action, "inspect-", 8) == 0 && i <
	    sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		len = strlen(verdicts[i].end);
		if (n < len || strcmp(action + n - len, verdicts[i].end) != 0)
			continue;
		json_object_set_new(j, "action_id",
		    json_integer(verdicts[i].action));
		json_object_set_new(j, "action",
		    json_string(verdicts[i].action_name));
		json_object_set_new(j, "disposition_id",
		    json_integer(verdicts[i].disposition));
		json_object_set_new(j, "disposition",
		    json_string(verdicts[i].disposition_name));
		return;
	}
	json_object_set_new(j, "action_id", json_integer(0));
	json_object_set_new(j, "disposition_id", json_integer(17));
	json_object_set_new(j, "disposition", json_string("Logged"));
}

static json_t *
hex_json(const uint8_t *bin, size_t len)
{
	char	text[2 * CHAIN_HASH_LEN + 1];
	size_t	i;

	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bin[i]);
	return (json_string(text));
}

/* what the schema has no place for */
static json_t *
ocsf_unmapped(const struct chain_row *row)
{
	json_t	*j = json_object();
	int	 i;

	for (i = 0; i < EV_COUNT; i++)
		if (row->ev.field[i] != NULL)
			json_object_set_new(j, event_field_name(i),
			    json_string(row->ev.field[i]));
	json_object_set_new(j, "generation",
	    json_integer((json_int_t)row->ev.generation));
	json_object_set_new(j, "device",
	    hex_json(row->device, CHAIN_DEVICE_LEN));
	json_object_set_new(j, "epoch", hex_json(row->epoch,
	    CHAIN_EPOCH_LEN));
	json_object_set_new(j, "hash", hex_json(row->hash, CHAIN_HASH_LEN));
	return (j);
}

static json_t *
ocsf_metadata(const struct chain_row *row, const char *id)
{
	json_t	*j;

	j = json_pack("{s:s,s:{s:s,s:s,s:s},s:s,s:I,s:s,s:[s]}",
	    "version", OCSF_VERSION, "product", "name", "DefenseClaw",
	    "vendor_name", "DefenseClaw", "version", field(row,
	    EV_BINARY_VERSION)[0] != '\0' ? field(row, EV_BINARY_VERSION) :
	    DC_VERSION, "uid", id, "sequence", (json_int_t)row->seq,
	    "log_name", "audit", "profiles", "security_control");
	if (field(row, EV_REQUEST_ID)[0] != '\0')
		json_object_set_new(j, "correlation_uid",
		    json_string(field(row, EV_REQUEST_ID)));
	return (j);
}

static json_t *
ocsf_row(const struct chain_row *row)
{
	char		 id[EVENT_UUID_SIZE];
	const char	*target = field(row, EV_TARGET);
	json_int_t	 ms = (json_int_t)(row->ev.time_us / 1000);
	json_t		*j;

	event_uuid(row->ev.id, id);
	j = json_pack("{s:i,s:s,s:i,s:s,s:i,s:s,s:i,s:s,s:i,s:s,s:i,s:s,"
	    "s:I,s:o,s:{s:s,s:s,s:I,s:[s]},s:o}",
	    "activity_id", 1, "activity_name", "Create",
	    "category_uid", 2, "category_name", "Findings",
	    "class_uid", 2004, "class_name", "Detection Finding",
	    "type_uid", 200401, "type_name", "Detection Finding: Create",
	    "severity_id", ocsf_severity[row->ev.severity].id,
	    "severity", ocsf_severity[row->ev.severity].name,
	    "status_id", 1, "status", "New", "time", ms,
	    "metadata", ocsf_metadata(row, id),
	    "finding_info", "uid", id, "title", field(row, EV_ACTION),
	    "created_time", ms, "types", field(row, EV_ACTION),
	    "unmapped", ocsf_unmapped(row));
	if (j == NULL)
		return (NULL);
	ocsf_verdict(row, j);
	if (field(row, EV_DETAILS)[0] != '\0')
		json_object_set_new(j, "raw_data",
		    json_string(field(row, EV_DETAILS)));
	if (target[0] != '\0')
		json_object_set_new(j, "resources", json_pack("[{s:s}]",
		    "name", target));
	/* the class has an actor in its evidence alone */
	if (field(row, EV_ACTOR)[0] != '\0')
		json_object_set_new(j, "evidences", json_pack(
		    "[{s:{s:{s:s}}}]", "actor", "user", "name",
		    field(row, EV_ACTOR)));
	return (j);
}

/* --- any ------------------------------------------------------------------ */

char *
exportfmt_header(enum export_format fmt, size_t *len)
{
	char	*text = NULL;
	FILE	*f;

	if (fmt != FORMAT_CSV || (f = open_memstream(&text, len)) == NULL)
		return (NULL);
	csv_header(f);
	fclose(f);
	return (text);
}

char *
exportfmt_row(enum export_format fmt, const struct chain_row *row,
    size_t *len)
{
	char	*text = NULL, *line;
	json_t	*j;
	FILE	*f;

	if ((f = open_memstream(&text, len)) == NULL)
		return (NULL);
	if (fmt == FORMAT_CSV)
		csv_row(f, row);
	else if ((j = ocsf_row(row)) == NULL ||
	    (line = json_text(j)) == NULL) {
		json_decref(j);
		fclose(f);
		free(text);
		return (NULL);
	} else {
		fprintf(f, "%s\n", line);
		free(line);
		json_decref(j);
	}
	if (fclose(f) != 0) {
		free(text);
		return (NULL);
	}
	return (text);
}

/* --- a file that is there already ----------------------------------------- */

/* the next record with its end, 0 when none is whole; quotes hold newlines */
static size_t
record_read(enum export_format fmt, FILE *f, char *buf)
{
	size_t	n = 0;
	int	ch, quoted = 0;

	while ((ch = getc(f)) != EOF && n < MAX_FORMAT_ROW) {
		buf[n++] = (char)ch;
		if (ch == '"' && fmt == FORMAT_CSV)
			quoted = !quoted;
		if (ch == '\n' && !quoted)
			return (n);
	}
	return (0);
}

/* the sequence of a record, 0 when it is no row */
static uint64_t
record_seq(enum export_format fmt, const char *text, size_t len)
{
	char		 digits[MAX_SEQ_DIGITS + 1], err[MAX_JSON_ERR];
	const char	*p = text;
	uint64_t	 seq = 0;
	json_int_t	 v;
	size_t		 n = 0;
	json_t		*j;

	if (fmt == FORMAT_OCSF) {
		if ((j = json_strict(text, len, err)) == NULL)
			return (0);
		v = json_integer_value(json_object_get(json_object_get(j,
		    "metadata"), "sequence"));
		json_decref(j);
		return (v < 0 ? 0 : (uint64_t)v);
	}
	if (fmt == FORMAT_JSONL) {
		if (len < 7 || memcmp(text, "{\"seq\":", 7) != 0)
			return (0);
		p += 7;
	}
	while (n < MAX_SEQ_DIGITS && p + n < text + len && p[n] >= '0' &&
	    p[n] <= '9')
		n++;
	memcpy(digits, p, n);
	digits[n] = '\0';
	if (options_number(digits, 1, MAX_CHAIN_SEQ, &seq) == -1)
		return (0);
	return (seq);
}

static int
is_header(enum export_format fmt, const char *text, size_t len)
{
	struct export_header	 eh;
	char			 err[128], *head;
	size_t			 n;
	int			 same;

	if (fmt == FORMAT_JSONL)
		return (export_header_parse(&eh, text, len - 1, err,
		    sizeof(err)) == 0);
	if ((head = exportfmt_header(fmt, &n)) == NULL)
		return (0);
	same = n == len && memcmp(head, text, n) == 0;
	free(head);
	return (same);
}

int
exportfmt_place(enum export_format fmt, FILE *f, struct export_place *at,
    char *err, size_t errlen)
{
	char		*buf;
	uint64_t	 seq;
	size_t		 n;

	memset(at, 0, sizeof(*at));
	if ((buf = malloc(MAX_FORMAT_ROW)) == NULL) {
		snprintf(err, errlen, "out of memory");
		return (-1);
	}
	while ((n = record_read(fmt, f, buf)) != 0) {
		if (at->end == 0 && is_header(fmt, buf, n))
			at->header = 1;
		else if ((at->end != 0 || fmt == FORMAT_OCSF) &&
		    (seq = record_seq(fmt, buf, n)) > at->seq) {
			at->seq = seq;
			at->last = at->end;
		} else {
			snprintf(err, errlen, "record %llu is none of an "
			    "export as %s", (unsigned long long)at->seq + 1,
			    names[fmt]);
			free(buf);
			return (-1);
		}
		at->end += n;
	}
	free(buf);
	if (!ferror(f))
		return (0);
	snprintf(err, errlen, "%s", strerror(errno));
	return (-1);
}
