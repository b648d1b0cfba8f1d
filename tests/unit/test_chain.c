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
#include <sys/mman.h>

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/chain.h"
#include "common/export.h"
#include "common/head.h"
#include "ctl/verify.h"
#include "tests/unit/test.h"

#define ROWS	12
#define TIME0	1767323045000000ULL

static uint8_t	public_key[CHAIN_KEY_LEN], secret[HEAD_SECRET_LEN];
static uint8_t	device[CHAIN_DEVICE_LEN];

/* a log as rows and as lines; line 0 is the header */
struct log {
	struct chain_row	 row[ROWS + 1];	/* from 1 */
	char			 details[ROWS + 1][MAX_HEAD_JSON];
	char			*line[ROWS + 1];
};

static void
spell(struct log *l, int i)
{
	struct export_header	 h;
	char			 buf[4096];
	ssize_t			 len;

	if (i == 0) {
		memset(&h, 0, sizeof(h));
		memcpy(h.device, device, sizeof(device));
		memcpy(h.public_key, public_key, sizeof(public_key));
		h.alg = l->row[1].alg;
		h.from = 1;
		len = export_header_line(&h, buf, sizeof(buf));
	} else
		len = export_row_line(&l->row[i], buf, sizeof(buf));
	CHECK(len > 0 && (size_t)len == strlen(buf));
	free(l->line[i]);
	CHECK((l->line[i] = strdup(buf)) != NULL);
}

/* prev, commitment and hash of row i from its fields and the row before */
static void
seal(struct log *l, int i)
{
	struct chain_row	*r = &l->row[i], *b = i > 1 ? r - 1 : NULL;
	uint8_t			 buf[MAX_EVENT_LEN];
	ssize_t			 len;

	if (b == NULL || memcmp(b->epoch, r->epoch, CHAIN_EPOCH_LEN) != 0)
		chain_genesis(r, b, r->prev);
	else
		memcpy(r->prev, b->hash, CHAIN_HASH_LEN);
	CHECK((len = event_encode(&r->ev, buf, sizeof(buf))) > 0);
	chain_seal(r, buf, (size_t)len);
	spell(l, i);
}

static void
sign(const struct chain_row *r, struct head *h)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->device, r->device, CHAIN_DEVICE_LEN);
	memcpy(h->epoch, r->epoch, CHAIN_EPOCH_LEN);
	memcpy(h->hash, r->hash, CHAIN_HASH_LEN);
	h->seq = r->seq;
	h->time_us = TIME0 + r->seq;
	head_sign(h, secret);
}

static void
checkpoint(struct log *l, int i, int of)
{
	struct head	 h;

	sign(&l->row[of], &h);
	head_json(&h, l->details[i]);
	l->row[i].ev.field[EV_ACTION] = ACTION_CHECKPOINT;
	l->row[i].ev.field[EV_ACTOR] = ACTOR_AUDITD;
	l->row[i].ev.field[EV_DETAILS] = l->details[i];
	seal(l, i);
}

/* twelve rows, checkpoints at 5 (of 4) and 10 (of 8) */
static struct log *
make_log(enum chain_alg alg)
{
	struct chain_row	*r;
	struct log		*l;
	int			 i;

	CHECK((l = calloc(1, sizeof(*l))) != NULL);
	for (i = 1; i <= ROWS; i++) {
		r = &l->row[i];
		r->seq = (uint64_t)i;
		r->alg = alg;
		memcpy(r->device, device, sizeof(device));
		memset(r->epoch, 0xe1, sizeof(r->epoch));
		memset(r->salt, i, sizeof(r->salt));
		memset(r->ev.id, 0x10 + i, sizeof(r->ev.id));
		r->ev.time_us = TIME0 + (uint64_t)i * 1000001;
		r->ev.severity = (enum severity)(i % SEV_COUNT);
		r->ev.field[EV_ACTION] = "tool-call";
		r->ev.field[EV_ACTOR] = "uid:7";
		r->ev.field[EV_DETAILS] = "{\"q\":\"\\u0001 \xc3\xa9\x01\"}";
		seal(l, i);
		if (i == 5)
			checkpoint(l, i, 4);
		if (i == 10)
			checkpoint(l, i, 8);
	}
	spell(l, 0);
	return (l);
}

static void
free_log(struct log *l)
{
	int	 i;

	for (i = 0; i <= ROWS; i++)
		free(l->line[i]);
	free(l);
}

static struct verify_conf
conf_of(const struct head *anchor, uint64_t from)
{
	struct verify_conf	 c;

	memset(&c, 0, sizeof(c));
	memcpy(c.public_key, public_key, sizeof(public_key));
	c.anchor = anchor;
	c.from = from;
	return (c);
}

/* feeds the header and the rows named by order, 0-terminated */
static struct verify_result
feed(struct log *l, const int *order, const struct head *anchor)
{
	struct verify_conf	 c = conf_of(anchor, 0);
	struct verify_result	 res;
	struct verify		*v;
	char			 err[160];

	CHECK((v = verify_new(&c, err, sizeof(err))) != NULL);
	verify_line(v, l->line[0], strlen(l->line[0]));
	for (; *order != 0; order++)
		verify_line(v, l->line[*order], strlen(l->line[*order]));
	verify_end(v, &res);
	verify_free(v);
	return (res);
}

static const int	all[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0 };

static void
expect_bad(const struct verify_result *res, uint64_t seq, const char *word)
{
	if (res->ok || res->bad_seq != seq ||
	    strstr(res->reason, word) == NULL) {
		fprintf(stderr, "ok %d bad %llu (%llu wanted): %s (\"%s\" "
		    "wanted)\n", res->ok, (unsigned long long)res->bad_seq,
		    (unsigned long long)seq, res->reason, word);
		exit(1);
	}
}

static void
whole(void)
{
	struct verify_result	 res;
	struct head		 h;
	struct log		*l = make_log(CHAIN_BLAKE2B);

	res = feed(l, all, NULL);
	CHECK_STR(res.reason, "");
	CHECK(res.ok && res.bad_seq == 0 && !res.anchored);
	CHECK_INT(res.rows, ROWS);
	CHECK_INT(res.last_seq, ROWS);
	CHECK_INT(res.signed_seq, 8);	/* and no more */
	CHECK_INT(res.signed_time_us - TIME0, 8);
	CHECK_INT(res.epochs, 1);
	sign(&l->row[12], &h);
	res = feed(l, all, &h);
	CHECK(res.ok && res.anchored);
	CHECK_INT(res.signed_seq, 12);
	sign(&l->row[3], &h);
	res = feed(l, all, &h);
	CHECK(res.ok && res.anchored);
	CHECK_INT(res.signed_seq, 8);
	free_log(l);
	l = make_log(CHAIN_SHA256);
	res = feed(l, all, NULL);
	CHECK(res.ok);
	free_log(l);
}

static struct verify_result
verify_text(int fd, const char *text, size_t len)
{
	struct verify_conf	 c = conf_of(NULL, 0);
	struct verify_result	 res;
	char			 err[160];

	CHECK_INT(ftruncate(fd, 0), 0);
	CHECK_INT(pwrite(fd, text, len, 0), len);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(verify_fd(fd, &c, &res, err, sizeof(err)), 0);
	return (res);
}

static char *
join(struct log *l, size_t *len)
{
	char	*text, *p;
	size_t	 n;
	int	 i;

	for (*len = 0, i = 0; i <= ROWS; i++)
		*len += strlen(l->line[i]) + 1;
	CHECK((text = malloc(*len + 1)) != NULL);
	for (p = text, i = 0; i <= ROWS; i++) {
		n = strlen(l->line[i]);
		memcpy(p, l->line[i], n);
		p[n] = '\n';
		p += n + 1;
	}
	return (text);
}

/* the log up to a line, then that line as given */
static struct verify_result
verify_changed(struct log *l, int row, const char *line, size_t len)
{
	struct verify_conf	 c = conf_of(NULL, 0);
	struct verify_result	 res;
	struct verify		*v;
	const char		*nl = memchr(line, '\n', len);
	char			 err[160];
	int			 i;

	CHECK((v = verify_new(&c, err, sizeof(err))) != NULL);
	if (row > 0)
		CHECK_INT(verify_line(v, l->line[0], strlen(l->line[0])), 0);
	for (i = 1; i < row; i++)
		CHECK_INT(verify_row(v, &l->row[i]), 0);
	if (nl != NULL) {
		verify_line(v, line, (size_t)(nl - line));
		verify_line(v, nl + 1, len - 1 - (size_t)(nl - line));
	} else
		verify_line(v, line, len);
	verify_end(v, &res);
	verify_free(v);
	return (res);
}

/* every bit of the file: the first bad row is the one whose line it is in */
static void
every_bit(void)
{
	struct verify_result	 res;
	struct log		*l = make_log(CHAIN_BLAKE2B);
	char			*line;
	size_t			 len, bit;
	int			 i;

	for (i = 0; i <= ROWS; i++) {
		line = l->line[i];
		len = strlen(line);
		for (bit = 0; bit < len * 8; bit++) {
			line[bit / 8] ^= (char)(1 << bit % 8);
			res = verify_changed(l, i, line, len);
			expect_bad(&res, i == 0 ? 1 : (uint64_t)i, "");
			line[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	free_log(l);
}

/* as a file: every bit of the line ends, and cut at every byte */
static void
every_cut(void)
{
	struct verify_result	 res;
	struct log		*l = make_log(CHAIN_BLAKE2B);
	char			*text;
	size_t			 len, i, bit;
	uint64_t		 row = 0;
	int			 fd;

	CHECK((fd = memfd_create("log", MFD_CLOEXEC)) != -1);
	text = join(l, &len);
	res = verify_text(fd, text, len);
	CHECK(res.ok);
	for (i = 0; i < len; i++) {
		for (bit = 0; text[i] == '\n' && bit < 8; bit++) {
			text[i] ^= (char)(1 << bit);
			res = verify_text(fd, text, len);
			expect_bad(&res, row == 0 ? 1 : row, "");
			text[i] ^= (char)(1 << bit);
		}
		row += text[i] == '\n';
	}
	/* a row half there is bad, whole rows are not */
	for (i = 1, row = 0; i < len; i++) {
		res = verify_text(fd, text, i);
		row += text[i - 1] == '\n';
		if (text[i - 1] == '\n')
			CHECK(res.ok);
		else
			expect_bad(&res, row == 0 ? 1 : row,
			    "the last line is cut off");
	}
	close(fd);
	free(text);
	free_log(l);
}

static void
moved_rows(void)
{
	static const int	 no5[] = { 1, 2, 3, 4, 6, 7, 8, 0 };
	static const int	 no1[] = { 2, 3, 4, 5, 6, 0 };
	static const int	 swap[] = { 1, 2, 3, 5, 4, 6, 7, 8, 0 };
	static const int	 twice[] = { 1, 2, 3, 4, 4, 5, 6, 0 };
	static const int	 old[] = { 1, 2, 3, 4, 2, 5, 6, 0 };
	static const int	 early[] = { 1, 2, 9, 3, 4, 5, 6, 0 };
	struct verify_result	 res;
	struct log		*l = make_log(CHAIN_BLAKE2B);

	res = feed(l, no5, NULL);
	expect_bad(&res, 5, "missing");
	res = feed(l, no1, NULL);
	expect_bad(&res, 1, "missing");
	res = feed(l, swap, NULL);
	expect_bad(&res, 4, "missing");
	res = feed(l, twice, NULL);
	expect_bad(&res, 4, "second row");
	res = feed(l, old, NULL);
	expect_bad(&res, 2, "second row");
	res = feed(l, early, NULL);
	expect_bad(&res, 3, "missing");
	free_log(l);
}

/* whoever can write the file knows how to hash */
static void
forged_rows(void)
{
	static const int	 inserted[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0 };
	struct verify_result	 res;
	struct log		*l = make_log(CHAIN_BLAKE2B);
	int			 i;

	/* one row made anew, the next still chains to the old one */
	l->row[7].ev.field[EV_DETAILS] = "{}";
	seal(l, 7);
	res = feed(l, all, NULL);
	expect_bad(&res, 7, "does not chain");
	/* and all after it: then a signature tells */
	for (i = 8; i <= ROWS; i++)
		seal(l, i);
	res = feed(l, all, NULL);
	expect_bad(&res, 8, "not the one that was signed");
	CHECK(strstr(res.reason, "after row 4") != NULL);
	CHECK_INT(res.signed_seq, 4);
	free_log(l);

	/* a row put in between, the ones after it counted up */
	l = make_log(CHAIN_BLAKE2B);
	for (i = 8; i > 3; i--) {
		l->row[i].ev = l->row[i - 1].ev;
		seal(l, i);
	}
	for (i = 3; i <= 8; i++)
		seal(l, i);
	res = feed(l, inserted, NULL);
	CHECK(!res.ok);
	CHECK_INT(res.bad_seq, 4);	/* the signed one */
	free_log(l);

	/* a row with its sequence moved but otherwise as it was */
	l = make_log(CHAIN_BLAKE2B);
	l->row[6].seq = 7;
	spell(l, 6);
	res = feed(l, all, NULL);
	expect_bad(&res, 6, "does not match its hash");
	free_log(l);
}

static void
cut_tail(void)
{
	static const int	 to9[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0 };
	static const int	 none[] = { 0 };
	struct verify_result	 res;
	struct head		 h, other;
	struct log		*l = make_log(CHAIN_BLAKE2B);

	res = feed(l, to9, NULL);
	CHECK(res.ok && !res.anchored);
	CHECK_INT(res.last_seq, 9);
	CHECK_INT(res.signed_seq, 4);	/* all that can be said */
	sign(&l->row[11], &h);
	res = feed(l, to9, &h);
	expect_bad(&res, 10, "cut off or an older copy");
	res = feed(l, none, &h);
	expect_bad(&res, 1, "cut off");
	sign(&l->row[9], &h);
	res = feed(l, to9, &h);
	CHECK(res.ok && res.anchored);
	/* the same length, but another history after the last checkpoint */
	other = h;
	l->row[9].ev.field[EV_DETAILS] = "{}";
	seal(l, 9);
	res = feed(l, to9, NULL);
	CHECK(res.ok);
	res = feed(l, to9, &other);
	expect_bad(&res, 9, "the anchor was signed for");
	free_log(l);
}

static void
cut_head(void)
{
	struct verify_conf	 c = conf_of(NULL, 4);
	struct verify_result	 res;
	struct verify		*v;
	struct export_header	 h;
	struct head		 anchor;
	struct log		*l = make_log(CHAIN_BLAKE2B);
	char			 line[MAX_EXPORT_HEADER], err[160];
	int			 i;

	CHECK_INT(export_header_parse(&h, l->line[0], strlen(l->line[0]),
	    err, sizeof(err)), 0);
	h.from = 4;
	CHECK(export_header_line(&h, line, sizeof(line)) > 0);
	free(l->line[0]);
	CHECK((l->line[0] = strdup(line)) != NULL);
	/* the header says so, the caller does not */
	res = feed(l, all + 3, NULL);
	expect_bad(&res, 1, "starts with row 4");
	/* asked for: good from there, and an anchor before it proves nothing */
	for (i = 0; i < 2; i++) {
		CHECK((v = verify_new(&c, err, sizeof(err))) != NULL);
		for (const int *o = all + 3; *o != 0; o++) {
			if (o == all + 3)
				verify_line(v, line, strlen(line));
			verify_line(v, l->line[*o], strlen(l->line[*o]));
		}
		verify_end(v, &res);
		verify_free(v);
		if (i == 0) {
			CHECK(res.ok && res.signed_seq == 8);
			CHECK_INT(res.rows, 9);
		} else
			expect_bad(&res, 4, "before the first row");
		sign(&l->row[2], &anchor);
		c.anchor = &anchor;
	}
	free_log(l);
}

static void
epochs(void)
{
	static const int	 cut[] = { 1, 2, 3, 4, 5, 6, 9, 10, 11, 0 };
	struct verify_result	 res;
	struct log		*l = make_log(CHAIN_BLAKE2B);
	int			 i;

	/* rows 7 and 8 are another epoch, 9 and on a third */
	for (i = 7; i <= ROWS; i++) {
		memset(l->row[i].epoch, i < 9 ? 0xe2 : 0xe3, CHAIN_EPOCH_LEN);
		seal(l, i);
	}
	checkpoint(l, 10, 9);
	seal(l, 11);
	seal(l, 12);
	res = feed(l, all, NULL);
	CHECK_STR(res.reason, "");
	CHECK(res.ok);
	CHECK_INT(res.epochs, 3);
	CHECK_INT(res.signed_seq, 9);
	res = feed(l, cut, NULL);
	expect_bad(&res, 7, "rows 7 to 8 are missing: a new epoch");
	/* an epoch taken out and the rest counted down */
	for (i = 9; i <= ROWS; i++)
		l->row[i].seq = (uint64_t)i - 2;
	l->row[7] = l->row[9];
	spell(l, 7);
	res = feed(l, all, NULL);
	expect_bad(&res, 7, "does not match its hash");
	free_log(l);
}

static void
foreign(void)
{
	struct verify_conf	 c = conf_of(NULL, 0);
	struct verify_result	 res;
	struct head		 h;
	struct log		*l = make_log(CHAIN_BLAKE2B);
	char			 err[160];
	uint8_t			 seed[HEAD_SEED_LEN], pub[CHAIN_KEY_LEN];
	uint8_t			 sec[HEAD_SECRET_LEN];

	memset(seed, 0x55, sizeof(seed));
	device_key_expand(seed, pub, sec);
	/* a checkpoint signed by somebody else */
	sign(&l->row[4], &h);
	head_sign(&h, sec);
	head_json(&h, l->details[5]);
	seal(l, 5);
	res = feed(l, all, NULL);
	expect_bad(&res, 5, "signature is wrong");
	/* one that is of the future */
	sign(&l->row[4], &h);
	h.seq = 5;
	head_sign(&h, secret);
	head_json(&h, l->details[5]);
	seal(l, 5);
	res = feed(l, all, NULL);
	expect_bad(&res, 5, "not written then");
	/* what a client calls a checkpoint is none */
	l->row[5].ev.field[EV_ACTOR] = "uid:7";
	seal(l, 5);
	for (int i = 6; i <= 9; i++)
		seal(l, i);
	res = feed(l, (const int[]){ 1, 2, 3, 4, 5, 6, 0 }, NULL);
	CHECK(res.ok);
	CHECK_INT(res.signed_seq, 0);
	/* the whole export under another key, a forged anchor */
	sign(&l->row[4], &h);
	h.sig[0] ^= 1;
	c.anchor = &h;
	CHECK(verify_new(&c, err, sizeof(err)) == NULL);
	CHECK(strstr(err, "signature") != NULL);
	memcpy(public_key, pub, sizeof(pub));
	res = feed(l, all, NULL);
	expect_bad(&res, 1, "another device");
	free_log(l);
}

static void
lines(void)
{
	struct export_reader	*rd;
	struct chain_row	 back;
	struct log		*l = make_log(CHAIN_SHA256);
	char			 err[200], buf[4096];
	static const char *const bad[] = {
		"", "{}", "[]", "null", "{\"seq\":1}", "{\"seq\":1,\"seq\":1}"
	};
	size_t			 i;
	int			 f;

	CHECK((rd = export_reader_new()) != NULL);
	for (i = 1; i <= ROWS; i++) {
		CHECK_INT(export_row_parse(rd, &back, l->line[i],
		    strlen(l->line[i]), err, sizeof(err)), 0);
		CHECK_INT(chain_check(&back, err, sizeof(err)), 0);
		CHECK(memcmp(back.prev, l->row[i].prev, CHAIN_HASH_LEN) == 0);
		for (f = 0; f < EV_COUNT; f++)
			if (l->row[i].ev.field[f] != NULL)
				CHECK_STR(back.ev.field[f],
				    l->row[i].ev.field[f]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(export_row_parse(rd, &back, bad[i], strlen(bad[i]),
		    err, sizeof(err)), -1);
	/* another spelling of the same is not the same */
	snprintf(buf, sizeof(buf), " %s", l->line[1]);
	CHECK_INT(export_row_parse(rd, &back, buf, strlen(buf), err,
	    sizeof(err)), -1);
	CHECK_INT(export_row_line(&l->row[1], buf, 100), -1);
	CHECK_INT(errno, EMSGSIZE);
	for (i = 0; i < strlen(l->line[1]) + 1; i++)
		CHECK_INT(export_row_line(&l->row[1], buf, i), -1);
	CHECK_INT(export_row_line(&l->row[1], buf, i), i - 1);
	export_reader_free(rd);
	free_log(l);
}

static void
heads(void)
{
	struct log	*l = make_log(CHAIN_BLAKE2B);
	struct head	 h, back;
	char		 json[MAX_HEAD_JSON], err[160];
	size_t		 len, bit;

	sign(&l->row[3], &h);
	len = head_json(&h, json);
	CHECK_INT(head_parse(&back, json, len, err, sizeof(err)), 0);
	CHECK(memcmp(&back, &h, sizeof(h)) == 0);
	CHECK_INT(head_verify(&back, public_key, err, sizeof(err)), 0);
	for (bit = 0; bit < len * 8; bit++) {
		json[bit / 8] ^= (char)(1 << bit % 8);
		if (head_parse(&back, json, len, err, sizeof(err)) == 0)
			CHECK_INT(head_verify(&back, public_key, err,
			    sizeof(err)), -1);
		json[bit / 8] ^= (char)(1 << bit % 8);
	}
	json[len] = '\n';
	CHECK_INT(head_parse(&back, json, len + 1, err, sizeof(err)), -1);
	free_log(l);
}

static void
key_files(void)
{
	/* the bytes 0..31 in the form Go's encoding/pem writes */
	static const char	 pem[] =
	    "-----BEGIN ED25519 PRIVATE KEY-----\n"
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
	    "-----END ED25519 PRIVATE KEY-----\n";
	uint8_t			 seed[HEAD_SEED_LEN], pub[CHAIN_KEY_LEN];
	uint8_t			 sec[HEAD_SECRET_LEN];
	char			 text[MAX_DEVICE_KEY], err[160];
	size_t			 len = strlen(pem), bit, i;

	CHECK_INT(device_key_parse(pem, len, seed, err, sizeof(err)), 0);
	for (i = 0; i < sizeof(seed); i++)
		CHECK_INT(seed[i], i);
	CHECK_INT(device_key_parse(pem, len - 1, seed, err, sizeof(err)), 0);
	CHECK_INT(device_key_text(seed, text), len);
	CHECK_STR(text, pem);
	for (i = 0; i < len - 1; i++)
		CHECK_INT(device_key_parse(pem, i, seed, err, sizeof(err)),
		    -1);
	for (bit = 0; bit < len * 8; bit++) {
		text[bit / 8] ^= (char)(1 << bit % 8);
		if (device_key_parse(text, len, seed, err, sizeof(err)) == 0)
			CHECK(seed[0] != 0 || memcmp(seed + 1, seed, 31) != 0);
		else
			CHECK(sodium_is_zero(seed, sizeof(seed)));
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	CHECK_INT(device_key_parse(pem, len, seed, err, sizeof(err)), 0);
	device_key_expand(seed, pub, sec);
	len = device_pub_text(pub, text);
	CHECK(strstr(text, "BEGIN ED25519 PUBLIC KEY") != NULL);
	CHECK_INT(device_key_parse(text, len, seed, err, sizeof(err)), -1);
	CHECK_INT(device_pub_parse(text, len, seed, err, sizeof(err)), 0);
	CHECK(memcmp(seed, pub, sizeof(pub)) == 0);
}

/*
 * Hashes of one row that another program made from the layout in chain.h:
 * logs of years ago must verify, and every field of the header be in it.
 */
static void
known_hashes(void)
{
	static const struct {
		enum chain_alg	 alg;
		const char	*commitment, *hash;
	} known[] = {
		{ CHAIN_BLAKE2B,
		    "cae919da25d4fe69f84f3560f4adbafd"
		    "94ee84d04ba4e34f0233881ac2e545c0",
		    "60445c52abcc3c36f5150364524dcc07"
		    "838062990be30939d033b718f19746b9" },
		{ CHAIN_SHA256,
		    "c5581a3a19476df67b9bfd0067223598"
		    "f82954b1b347be67e87928233e43edc1",
		    "8030660beb3d43c094f59940493003d6"
		    "b2f28114ca832ff2d5d3dc3b2e56482a" }
	};
	struct chain_row	 row;
	char			 hex[2 * CHAIN_HASH_LEN + 1];
	size_t			 i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		memset(&row, 0, sizeof(row));
		row.alg = known[i].alg;
		row.seq = 77;
		memset(row.device, 1, sizeof(row.device));
		memset(row.epoch, 2, sizeof(row.epoch));
		memset(row.salt, 3, sizeof(row.salt));
		memset(row.prev, 4, sizeof(row.prev));
		memset(row.ev.id, 5, sizeof(row.ev.id));
		row.ev.time_us = TIME0;
		row.ev.severity = SEV_HIGH;
		row.ev.field[EV_ACTION] = "inspect-tool-block";
		chain_seal(&row, "content", 7);
		sodium_bin2hex(hex, sizeof(hex), row.commitment,
		    CHAIN_HASH_LEN);
		CHECK_STR(hex, known[i].commitment);
		sodium_bin2hex(hex, sizeof(hex), row.hash, CHAIN_HASH_LEN);
		CHECK_STR(hex, known[i].hash);
	}
}

int
main(void)
{
	uint8_t	 seed[HEAD_SEED_LEN];

	CHECK(sodium_init() != -1);
	memset(seed, 0x42, sizeof(seed));
	device_key_expand(seed, public_key, secret);
	chain_device(public_key, device);
	RUN(known_hashes);
	RUN(whole);
	RUN(lines);
	RUN(heads);
	RUN(key_files);
	RUN(moved_rows);
	RUN(forged_rows);
	RUN(cut_tail);
	RUN(cut_head);
	RUN(epochs);
	RUN(every_bit);
	RUN(every_cut);
	RUN(foreign);
	return (0);
}
