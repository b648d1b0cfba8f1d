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

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Hostile rule records and hostile matcher images.  The first byte says
 * which; headers are completed so that the fuzzer gets past them, and an
 * image always carries a real database, because a false one is Hyperscan's
 * affair.
 */

#define MAX_META	4096

static struct pack	 pack;
static const uint8_t	*db;
static size_t		 dblen;

static void
put_u32(uint8_t *p, size_t v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8 & 0xff;
	p[2] = v >> 16 & 0xff;
	p[3] = v >> 24 & 0xff;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const uint8_t	*p;
	size_t		 offset;

	(void)argc;
	(void)argv;
	pack_init(&pack);
	pack_file(&pack, "rules/a.yaml", "version: 1\ncategory: c\nrules:\n"
	    "  - {id: A, severity: HIGH, pattern: 'hello', tags: [a, b]}\n"
	    "  - {id: B, severity: LOW, pattern: 'wor(?!x)ld'}\n");
	pack_load(&pack);
	CHECK(nftw(pack.dir, pack_unlink, 8, FTW_DEPTH | FTW_PHYS) == 0);
	p = pack.image + IMAGE_MAGIC_LEN + 12;
	offset = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
	db = pack.image + offset;
	dblen = pack.imagelen - offset;
	return 0;
}

static void
try_records(const uint8_t *data, size_t len, int header)
{
	struct rulereport	 report;
	uint8_t			*image, *recs;
	size_t			 imagelen, n = 0;
	char			 err[512] = "";

	CHECK((recs = malloc(len + 12)) != NULL);
	if (header) {
		memcpy(recs, RULEREC_MAGIC, RULEREC_MAGIC_LEN);
		put_u32(recs + RULEREC_MAGIC_LEN, RULEREC_VERSION);
		n = 12;
	}
	memcpy(recs + n, data, len);
	if (rulecompile(recs, n + len, &image, &imagelen, &report, err,
	    sizeof(err)) == 0) {
		rulereport_free(&report);
		free(image);
	} else
		CHECK(err[0] != '\0');
	free(recs);
}

static void
try_image(const uint8_t *data, size_t len, int header)
{
	static struct detect_result	 res;
	struct detect_piece		 piece = { "hello wor world a", 17,
					    DETECT_PLAIN };
	struct detect			*d;
	uint8_t				*image;
	size_t				 i;
	char				 err[512] = "";

	if (len < IMAGE_HEADER_LEN || len > MAX_META)
		return;
	CHECK((image = malloc(len + dblen)) != NULL);
	memcpy(image, data, len);
	memcpy(image + len, db, dblen);
	if (header) {
		memcpy(image, IMAGE_MAGIC, IMAGE_MAGIC_LEN);
		put_u32(image + IMAGE_MAGIC_LEN, IMAGE_VERSION);
		put_u32(image + IMAGE_MAGIC_LEN + 4, len + dblen);
		put_u32(image + IMAGE_MAGIC_LEN + 12, len);
		put_u32(image + IMAGE_MAGIC_LEN + 16, dblen);
		put_u32(image + IMAGE_MAGIC_LEN + 20, 0);
		put_u32(image + IMAGE_MAGIC_LEN + 24, 0);
		for (i = 0; i < IMAGE_HASH_LEN; i++)
			image[IMAGE_HEADER_LEN - 1 - i] = 'a';
	}
	d = detect_open(image, len + dblen, err, sizeof(err));
	if (d != NULL) {
		/* fewer rules than the database names is a failed scan */
		if (detect_text(d, DETECT_TOOL_CALL, NULL, &piece, 1, &res) ==
		    -1)
			CHECK(detect_nrules(d) < 2);
		detect_close(d);
	} else
		CHECK(err[0] != '\0');
	free(image);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] & 1)
		try_image(data + 1, len - 1, data[0] & 2);
	else
		try_records(data + 1, len - 1, data[0] & 2);
	return 0;
}
