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

#include "common/detect/image.h"
#include "tests/unit/pack.h"

/* Matcher images of somebody who is not our compiler. */

static struct pack	 p;
static uint8_t		*copy;
static size_t		 rule;		/* where the first rule begins */
static size_t		 db;		/* and the database */

static const char rules[] = "version: 1\ncategory: command\nrules:\n"
    "  - id: A\n    pattern: abc\n    severity: LOW\n    tags: [x]\n"
    "  - id: B\n    pattern: 'b(?=c)'\n    severity: HIGH\n";

static uint32_t
u32_at(const uint8_t *q)
{
	return (q[0] | (uint32_t)q[1] << 8 | (uint32_t)q[2] << 16 |
	    (uint32_t)q[3] << 24);
}

/* opens the image with len bytes at off replaced; what is said, or "" */
static const char *
opened(size_t off, const void *bytes, size_t len)
{
	static char	 err[256];
	struct detect	*d;

	memcpy(copy, p.image, p.imagelen);
	memcpy(copy + off, bytes, len);
	err[0] = '\0';
	if ((d = detect_open(copy, p.imagelen, err, sizeof(err))) != NULL)
		CHECK_STR(err, "");
	else
		CHECK(err[0] != '\0');
	detect_close(d);
	return (err);
}

static void
header(void)
{
	static const char	 damaged[] =
	    "matcher image is damaged or too large";
	char			 err[256];
	size_t			 len;

	CHECK_STR(opened(0, "", 0), "");
	CHECK_STR(opened(0, "X", 1), "not a matcher image");
	CHECK_STR(opened(8, "\1", 1),
	    "matcher image of version 1, this program reads 3");
	CHECK_STR(opened(12, "\0\0\0\0", 4), damaged);	/* length */
	CHECK_STR(opened(16, "\0\0\1\0", 4), damaged);	/* rules */
	CHECK_STR(opened(16, "\1\0\0\0", 4), damaged);
	CHECK_STR(opened(20, "\377\377\377\177", 4), damaged);
	CHECK_STR(opened(20, "\0\0\0\0", 4), damaged);	/* database */
	CHECK_STR(opened(24, "\0\0\0\0", 4), damaged);
	CHECK_STR(opened(24, "\377\377\377\377", 4), damaged);
	CHECK_STR(opened(32, "\1\0\0\0", 4), damaged);
	CHECK_STR(opened(36, "G", 1), damaged);		/* hash */
	/* cut anywhere it is refused, and nothing beyond is read */
	for (len = 0; len < db + 64; len++) {
		uint8_t		*part = malloc(len + 1);
		struct detect	*d;

		CHECK(part != NULL);
		memcpy(part, p.image, len);
		d = detect_open(part, len, err, sizeof(err));
		CHECK(d == NULL);
		free(part);
	}
}

static void
strings(void)
{
	static const char	 damaged[] =
	    "matcher image is damaged or too large";
	size_t			 name = IMAGE_HEADER_LEN;

	CHECK_INT(u32_at(p.image + name), sizeof("testpack"));
	CHECK_STR(opened(name, "\0\0\0\0", 4), damaged);
	CHECK_STR(opened(name, "\1\40\0\0", 4), damaged);	/* 8193 */
	CHECK_STR(opened(name + 4, "a\0", 2), damaged);
	CHECK_STR(opened(name + 4 + 8, "x", 1), damaged);
	CHECK_STR(opened(name + 4, "\377", 1), damaged);
	CHECK_STR(opened(name + 4, "\303\251", 2), "");
}

static void
rule_fields(void)
{
	static const char	 damaged[] =
	    "matcher image is damaged or too large";
	size_t			 at = rule;

	CHECK_STR(opened(at, "\0", 1), damaged);	/* kind */
	CHECK_STR(opened(at, "\3", 1), damaged);
	CHECK_STR(opened(at + 1, "\11", 1), damaged);	/* severity */
	CHECK_STR(opened(at + 2, "\10", 1), damaged);	/* directions */
	CHECK_STR(opened(at + 3, "\40", 1), damaged);	/* flags */
	CHECK_STR(opened(at + 4, "\1\0\0\0", 4), damaged);	/* group */
	CHECK_STR(opened(at + 12, "\101\102\17\0", 4), damaged); /* 1000001 */
	CHECK_STR(opened(at + 12, "\100\102\17\0", 4), "");
	CHECK_INT(u32_at(p.image + at + 16), 2);	/* id "A" */
	CHECK_STR(opened(at + 20, "\0", 1), damaged);
	/* past id, category, title, pattern: the tags' number */
	at += 16;
	at += 4 + u32_at(p.image + at);
	at += 4 + u32_at(p.image + at);
	at += 4 + u32_at(p.image + at);
	at += 4 + u32_at(p.image + at);
	CHECK_INT(u32_at(p.image + at), 1);
	CHECK_STR(opened(at, "\41\0\0\0", 4), damaged);
	CHECK_STR(opened(at, "\2\0\0\0", 4), damaged);
	CHECK_STR(opened(at, "\0\0\0\0", 4), damaged);
}

static void
database(void)
{
	CHECK(strstr(opened(db, "XXXX", 4),
	    "matcher database cannot be opened (Hyperscan error ") != NULL);
	CHECK(strstr(opened(db + 4, "\377\377\377\377", 4),
	    ", other version)") != NULL);
	/* the features of a processor that nobody has */
	CHECK(strstr(opened(db + 12, "\377\377\377\377\377\377\377\377", 8),
	    "matcher database cannot be opened (Hyperscan error ") != NULL);
}

/* any byte before the database: refused, or a matcher that works */
static void
any_byte(void)
{
	static struct detect_result	 res;
	static const char		 text[] = "abc bc abc";
	struct detect_piece		 piece = { text, sizeof(text) - 1,
	    DETECT_PLAIN };
	static const uint8_t		 flips[] = { 0x01, 0x10, 0x80, 0xff };
	struct detect			*d;
	char				 err[256];
	size_t				 i, k, refused = 0;

	for (i = 0; i < db; i++)
		for (k = 0; k < sizeof(flips); k++) {
			memcpy(copy, p.image, p.imagelen);
			copy[i] ^= flips[k];
			if ((d = detect_open(copy, p.imagelen, err,
			    sizeof(err))) == NULL) {
				refused++;
				continue;
			}
			(void)detect_text(d, DETECT_TOOL_CALL, "shell",
			    &piece, 1, &res);
			CHECK(res.nfindings <= 2);
			detect_close(d);
		}
	/* all of magic, version, lengths and offsets at least */
	CHECK(refused >= 28 * sizeof(flips));
}

int
main(void)
{
	pack_init(&p);
	pack_file(&p, "rules/a.yaml", rules);
	pack_load(&p);
	CHECK((copy = malloc(p.imagelen)) != NULL);
	db = u32_at(p.image + 20);
	rule = IMAGE_HEADER_LEN + 4 + u32_at(p.image + IMAGE_HEADER_LEN);
	RUN(header);
	RUN(strings);
	RUN(rule_fields);
	RUN(database);
	RUN(any_byte);
	free(copy);
	pack_free(&p);
	return (0);
}
