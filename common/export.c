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
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/export.h"
#include "common/json.h"

#define EXPORT_TYPE	"defenseclaw-audit-export"

/* output that remembers that it did not fit */
struct out {
	char	*p;
	size_t	 left;		/* with room for the NUL */
	int	 full;
};

struct export_reader {
	json_t	*root;				/* owns the row's strings */
	char	 again[MAX_EXPORT_LINE];
};

static void
out_mem(struct out *o, const void *data, size_t len)
{
	if (o->full || len >= o->left) {
		o->full = 1;
		return;
	}
	memcpy(o->p, data, len);
	o->p += len;
	o->left -= len;
}

#define out_lit(o, literal)	out_mem(o, literal, sizeof(literal) - 1)

static void
out_str(struct out *o, const char *s)
{
	out_mem(o, s, strlen(s));
}

/* a row has a dozen pieces: printf would be half the time of a delivery */
static void
out_uint(struct out *o, uint64_t v)
{
	char	 digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	out_mem(o, p, (size_t)(digits + sizeof(digits) - p));
}

/* "name":" with the quotes */
static void
out_name(struct out *o, const char *name)
{
	out_lit(o, "\"");
	out_str(o, name);
	out_lit(o, "\":\"");
}

static void
out_hex(struct out *o, const char *name, const uint8_t *bin, size_t len)
{
	static const char	 digit[] = "0123456789abcdef";
	size_t			 i;

	out_name(o, name);
	if (o->full || o->left < 2 * len + 1) {
		o->full = 1;
		return;
	}
	for (i = 0; i < len; i++) {
		*o->p++ = digit[bin[i] >> 4];
		*o->p++ = digit[bin[i] & 0xf];
	}
	o->left -= 2 * len;
	out_lit(o, "\"");
}

/* the body of a JSON string: RFC 8259, 7, only what must be escaped */
static void
out_string(struct out *o, const char *s)
{
	static const char	 letters[] = "btn\0fr";	/* from \b to \r */
	char			 esc[7];
	size_t			 n;

	for (;;) {
		n = 0;
		while ((unsigned char)s[n] >= ' ' && s[n] != '"' &&
		    s[n] != '\\')
			n++;
		out_mem(o, s, n);
		s += n;
		if (*s == '\0' || o->full)
			return;
		esc[0] = '\\';
		esc[1] = *s;
		if (*s >= '\b' && *s <= '\r')
			esc[1] = letters[*s - '\b'];
		if (esc[1] == '\0' || (unsigned char)esc[1] < ' ')
			out_mem(o, esc, (size_t)snprintf(esc, sizeof(esc),
			    "\\u%04x", (unsigned int)*s));
		else
			out_mem(o, esc, 2);
		s++;
	}
}

static ssize_t
out_end(struct out *o, const char *start)
{
	if (o->full || o->left == 0) {
		errno = EMSGSIZE;
		return (-1);
	}
	*o->p = '\0';
	return (o->p - start);
}

ssize_t
export_header_line(const struct export_header *h, char *buf, size_t size)
{
	struct out	 o = { buf, size, 0 };

	if (chain_alg_name(h->alg) == NULL || h->from == 0 ||
	    h->from > MAX_CHAIN_SEQ) {
		errno = EINVAL;
		return (-1);
	}
	out_lit(&o, "{\"type\":\"" EXPORT_TYPE "\",\"version\":");
	out_uint(&o, EXPORT_VERSION);
	out_lit(&o, ",");
	out_hex(&o, "device", h->device, CHAIN_DEVICE_LEN);
	out_lit(&o, ",");
	out_hex(&o, "public_key", h->public_key, CHAIN_KEY_LEN);
	out_lit(&o, ",");
	out_name(&o, "hash_alg");
	out_str(&o, chain_alg_name(h->alg));
	out_lit(&o, "\",\"from\":");
	out_uint(&o, h->from);
	out_lit(&o, "}");
	return (out_end(&o, buf));
}

ssize_t
export_row_line(const struct chain_row *row, char *buf, size_t size)
{
	struct out	 o = { buf, size, 0 };
	char		 id[EVENT_UUID_SIZE], when[EVENT_TIME_SIZE];
	const char	*sev = severity_name(row->ev.severity);
	int		 f;

	if (chain_alg_name(row->alg) == NULL || sev == NULL ||
	    row->seq == 0 || row->seq > MAX_CHAIN_SEQ) {
		errno = EINVAL;
		return (-1);
	}
	event_uuid(row->ev.id, id);
	event_time(row->ev.time_us, when);
	out_lit(&o, "{\"seq\":");
	out_uint(&o, row->seq);
	out_lit(&o, ",\"id\":\"");
	out_str(&o, id);
	out_lit(&o, "\",\"timestamp\":\"");
	out_str(&o, when);
	out_lit(&o, "\",\"severity\":\"");
	out_str(&o, sev);
	out_lit(&o, "\",\"schema_version\":");
	out_uint(&o, EVENT_SCHEMA_VERSION);
	out_lit(&o, ",\"generation\":");
	out_uint(&o, row->ev.generation);
	out_lit(&o, ",");
	for (f = 0; f < EV_COUNT; f++) {
		if (row->ev.field[f] == NULL)
			continue;
		out_name(&o, event_field_name(f));
		out_string(&o, row->ev.field[f]);
		out_lit(&o, "\",");
	}
	out_hex(&o, "device", row->device, CHAIN_DEVICE_LEN);
	out_lit(&o, ",");
	out_hex(&o, "epoch", row->epoch, CHAIN_EPOCH_LEN);
	out_lit(&o, ",");
	out_name(&o, "hash_alg");
	out_str(&o, chain_alg_name(row->alg));
	out_lit(&o, "\",");
	out_hex(&o, "salt", row->salt, CHAIN_SALT_LEN);
	out_lit(&o, ",");
	out_hex(&o, "commitment", row->commitment, CHAIN_HASH_LEN);
	out_lit(&o, ",");
	out_hex(&o, "prev_hash", row->prev, CHAIN_HASH_LEN);
	out_lit(&o, ",");
	out_hex(&o, "hash", row->hash, CHAIN_HASH_LEN);
	out_lit(&o, "}");
	return (out_end(&o, buf));
}

/*
 * The getters are lax about what is missing or of another type: the
 * comparison of the line encoded again is what decides.
 */
static void
in_hex(const json_t *root, const char *name, uint8_t *bin, size_t len)
{
	const char	*s = json_str(root, name);

	if (s != NULL && strlen(s) == 2 * len)
		(void)sodium_hex2bin(bin, len, s, 2 * len, NULL, NULL, NULL);
}

static uint64_t
in_int(const json_t *root, const char *name)
{
	json_int_t	 v = json_integer_value(json_object_get(root, name));

	return (v < 0 ? 0 : (uint64_t)v);
}

static void
in_alg(const json_t *root, enum chain_alg *alg)
{
	const char	*s = json_str(root, "hash_alg");

	if (s != NULL)
		(void)chain_alg_parse(s, alg);
}

static int
same_line(ssize_t n, const char *again, const char *line, size_t len)
{
	return (n >= 0 && (size_t)n == len && memcmp(again, line, len) == 0);
}

int
export_header_parse(struct export_header *h, const char *line, size_t len,
    char *err, size_t errlen)
{
	char	 jerr[MAX_JSON_ERR], again[MAX_EXPORT_HEADER];
	json_t	*root;

	memset(h, 0, sizeof(*h));
	if (len >= MAX_EXPORT_HEADER ||
	    (root = json_strict(line, len, jerr)) == NULL) {
		snprintf(err, errlen, "not the header of an audit export");
		return (-1);
	}
	in_hex(root, "device", h->device, CHAIN_DEVICE_LEN);
	in_hex(root, "public_key", h->public_key, CHAIN_KEY_LEN);
	in_alg(root, &h->alg);
	h->from = in_int(root, "from");
	json_decref(root);
	if (!same_line(export_header_line(h, again, sizeof(again)), again,
	    line, len)) {
		snprintf(err, errlen,
		    "not the header of an audit export of version %d",
		    EXPORT_VERSION);
		return (-1);
	}
	return (0);
}

struct export_reader *
export_reader_new(void)
{
	struct export_reader	*r;

	if ((r = malloc(sizeof(*r))) != NULL)
		r->root = NULL;
	return (r);
}

void
export_reader_free(struct export_reader *r)
{
	if (r == NULL)
		return;
	json_decref(r->root);
	free(r);
}

static void
in_row(const json_t *root, struct chain_row *row)
{
	const char	*s;
	int		 f;

	row->seq = in_int(root, "seq");
	row->ev.generation = in_int(root, "generation");
	if ((s = json_str(root, "id")) != NULL)
		(void)event_uuid_parse(s, row->ev.id);
	if ((s = json_str(root, "timestamp")) != NULL)
		(void)event_time_parse(s, &row->ev.time_us);
	if ((s = json_str(root, "severity")) != NULL)
		(void)severity_parse(s, &row->ev.severity);
	for (f = 0; f < EV_COUNT; f++)
		row->ev.field[f] = json_str(root, event_field_name(f));
	in_hex(root, "device", row->device, CHAIN_DEVICE_LEN);
	in_hex(root, "epoch", row->epoch, CHAIN_EPOCH_LEN);
	in_alg(root, &row->alg);
	in_hex(root, "salt", row->salt, CHAIN_SALT_LEN);
	in_hex(root, "commitment", row->commitment, CHAIN_HASH_LEN);
	in_hex(root, "prev_hash", row->prev, CHAIN_HASH_LEN);
	in_hex(root, "hash", row->hash, CHAIN_HASH_LEN);
}

int
export_row_parse(struct export_reader *r, struct chain_row *row,
    const char *line, size_t len, char *err, size_t errlen)
{
	char	 jerr[MAX_JSON_ERR];
	int	 f;

	json_decref(r->root);
	r->root = NULL;
	memset(row, 0, sizeof(*row));
	if (len >= MAX_EXPORT_LINE) {
		snprintf(err, errlen, "the line is too long for a row");
		return (-1);
	}
	if ((r->root = json_strict(line, len, jerr)) == NULL) {
		snprintf(err, errlen, "the line is not valid JSON: %s", jerr);
		return (-1);
	}
	in_row(r->root, row);
	if (!same_line(export_row_line(row, r->again, sizeof(r->again)),
	    r->again, line, len)) {
		snprintf(err, errlen, "the line is not spelled as exported");
		return (-1);
	}
	for (f = 0; f < EV_COUNT; f++) {
		if (row->ev.field[f] != NULL && row->ev.field[f][0] == '\0') {
			snprintf(err, errlen, "the field %s is empty",
			    event_field_name(f));
			return (-1);
		}
	}
	if (row->ev.field[EV_ACTION] == NULL) {
		snprintf(err, errlen, "the row has no action");
		return (-1);
	}
	return (0);
}

int
export_is_checkpoint(const struct chain_row *row)
{
	const char	*const *f = row->ev.field;

	return (f[EV_ACTION] != NULL && f[EV_ACTOR] != NULL &&
	    f[EV_DETAILS] != NULL &&
	    strcmp(f[EV_ACTION], ACTION_CHECKPOINT) == 0 &&
	    strcmp(f[EV_ACTOR], ACTOR_AUDITD) == 0);
}
