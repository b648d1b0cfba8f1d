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

#define PCRE2_CODE_UNIT_WIDTH 8

#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs_runtime.h>
#include <libgen.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/detect/detect.h"
#include "common/detect/image.h"
#include "gatewayd/rulecompile.h"
#include "gatewayd/rulepack.h"

/*
 * Matching, three ways on the same texts in one process: every rule in turn
 * under PCRE2's JIT compiler, one raw pass of Hyperscan, and the whole
 * detect step.  Medians over texts, so that the ratios hold on a machine
 * that is not quiet.
 *
 *	bench_match PACK-DIRECTORY
 */

#define TEXTS		96	/* different benign texts */
#define TEXT_LEN	1024
#define HOSTILE_LEN	(64 * 1024)
#define LARGE_LEN	(4 * 1024 * 1024)
#define ROUNDS		7

struct bench {
	struct detect		*detect;
	hs_database_t		*db[IMAGE_DATABASES];
	hs_scratch_t		*scratch;
	pcre2_code		**code;
	pcre2_match_data	*data;
	size_t			 nrules;
	size_t			 hits;
};

typedef void	(*bench_way)(struct bench *, const char *, size_t);

static uint32_t	 seed = 20260424;

static uint32_t
next_random(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Half prose, a quarter source, a quarter JSON arguments. */
static void
benign_text(char *buf, size_t len)
{
	static const char *const prose[] = { "The service reads its settings "
	    "at start and keeps them until it is told to read them again. ",
	    "A request that takes longer than two seconds is written to the "
	    "slow log together with its route. ",
	    "See the chapter on storage for how pages are written back; it "
	    "isn't needed for what follows.\n\n",
	    "Users may set `limit: 200` for one account, or for all of a "
	    "group, in the file that came with the package. ",
	    "Run \"make test\" first: it builds what is missing and says "
	    "where the report is.\n" };
	static const char *const source[] = {
	    "\tif (n < sizeof(buf) && buf[n] != '\\0')\n\t\treturn 0;\n",
	    "static int\nparse_key(struct parser *p, const char *key)\n{\n",
	    "def load(path, mode=\"r\"):\n    with open(path, mode) as f:\n"
	    "        return f.read().split('\\n')\n",
	    "for (i = 0; i < list->count; i++)\n"
	    "\tprintf(\"%s: %d\\n\", list->item[i].name, i);\n",
	    "export function total(rows) {\n  return rows.reduce((a, r) => "
	    "a + r.amount, 0);\n}\n" };
	static const char *const json[] = {
	    "{\"path\":\"src/store/page.c\",\"line\":214,\"text\":\"\\t"
	    "return page_get(s, id);\\n\"}\n",
	    "{\"command\":\"git log --oneline -n 20 -- docs/storage.md\","
	    "\"timeout\":30}\n",
	    "{\"query\":\"select name, total from orders where year = 2024"
	    "\",\"rows\":[1,2,3]}\n",
	    "{\"tool\":\"search\",\"args\":{\"pattern\":\"open_[a-z]+\\\\(\","
	    "\"glob\":\"**/*.c\"}}\n" };
	const char	*s;
	size_t		 n = 0, l;

	while (n < len) {
		switch (next_random(4)) {
		case 0:
			s = source[next_random(5)];
			break;
		case 1:
			s = json[next_random(4)];
			break;
		default:
			s = prose[next_random(5)];
			break;
		}
		l = strlen(s);
		if (l > len - n)
			l = len - n;
		memcpy(buf + n, s, l);
		n += l;
	}
}

static double
now_us(void)
{
	struct timespec	 ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int
order(const void *a, const void *b)
{
	double	 x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
way_pcre(struct bench *b, const char *text, size_t len)
{
	size_t	 i;

	for (i = 0; i < b->nrules; i++)
		if (b->code[i] != NULL && pcre2_jit_match(b->code[i],
		    (PCRE2_SPTR)text, len, 0, 0, b->data, NULL) >= 0)
			b->hits++;
}

static int
count_hit(unsigned int id, unsigned long long from, unsigned long long to,
    unsigned int flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	++*(size_t *)arg;
	return 0;
}

static void
way_raw(struct bench *b, const char *text, size_t len)
{
	size_t	 i;

	/* every rule: also those for texts with marks */
	for (i = 0; i < IMAGE_DATABASES; i++)
		if (b->db[i] != NULL && hs_scan(b->db[i], text,
		    (unsigned int)len, 0, b->scratch, count_hit, &b->hits) !=
		    HS_SUCCESS)
			errx(1, "hs_scan failed");
}

static void
way_detect(struct bench *b, const char *text, size_t len)
{
	static struct detect_result	 res;
	struct detect_piece		 p = { text, len, DETECT_PLAIN };

	if (detect_text(b->detect, DETECT_TOOL_CALL, "shell", &p, 1, &res) ==
	    -1)
		err(1, "detect_text");
	b->hits += res.total;
}

/* As a request comes: its strings, and its JSON text. */
static void
way_pieces(struct bench *b, const char *text, size_t len)
{
	static struct detect_result	 res;
	struct detect_piece		 p[2] = { { text, len, DETECT_PLAIN },
	    { text, len, DETECT_JSON } };

	if (detect_text(b->detect, DETECT_TOOL_CALL, "shell", p, 2, &res) ==
	    -1)
		err(1, "detect_text");
	b->hits += res.total;
}

/* A text so slow that it is refused takes what it takes to refuse it. */
static void
way_large(struct bench *b, const char *text, size_t len)
{
	static struct detect_result	 res;
	struct detect_piece		 p = { text, len, DETECT_PLAIN };

	if (detect_text(b->detect, DETECT_TOOL_CALL, "shell", &p, 1, &res) ==
	    -1 && errno != ETIMEDOUT)
		err(1, "detect_text");
}

/* Median over the texts of the best of several rounds, us per text. */
static double
measure(struct bench *b, bench_way way, char *const *texts, size_t n,
    size_t len, int repeat)
{
	double	*best, start, t;
	size_t	 i;
	int	 k, r;

	if ((best = calloc(n, sizeof(*best))) == NULL)
		err(1, NULL);
	for (r = 0; r < ROUNDS; r++)
		for (i = 0; i < n; i++) {
			start = now_us();
			for (k = 0; k < repeat; k++)
				way(b, texts[i], len);
			t = (now_us() - start) / repeat;
			if (r == 0 || t < best[i])
				best[i] = t;
		}
	qsort(best, n, sizeof(*best), order);
	t = best[n / 2];
	free(best);
	return t;
}

static void
bench_benign(struct bench *b)
{
	char	*texts[TEXTS];
	double	 detect, pcre, pieces, raw;
	size_t	 i;

	for (i = 0; i < TEXTS; i++) {
		if ((texts[i] = malloc(TEXT_LEN)) == NULL)
			err(1, NULL);
		benign_text(texts[i], TEXT_LEN);
	}
	pcre = measure(b, way_pcre, texts, TEXTS, TEXT_LEN, 20);
	raw = measure(b, way_raw, texts, TEXTS, TEXT_LEN, 200);
	detect = measure(b, way_detect, texts, TEXTS, TEXT_LEN, 100);
	pieces = measure(b, way_pieces, texts, TEXTS, TEXT_LEN, 100);
	for (i = 0; i < TEXTS; i++)
		free(texts[i]);
	printf("%-38s %12s %10s %8s\n", "1 KB of benign text, median", "us",
	    "MB/s", "ratio");
	printf("%-38s %12.2f %10.1f %8.1f\n", "PCRE2-JIT, rule by rule", pcre,
	    TEXT_LEN / pcre, 1.0);
	printf("%-38s %12.2f %10.1f %8.1f\n", "Hyperscan, one raw pass", raw,
	    TEXT_LEN / raw, pcre / raw);
	printf("%-38s %12.2f %10.1f %8.1f\n", "the whole detect step", detect,
	    TEXT_LEN / detect, pcre / detect);
	printf("%-38s %12.2f %10.1f %8.1f\n", "the same, also as JSON", pieces,
	    TEXT_LEN / pieces, pcre / pieces);
}

/* What makes backtracking matchers slow, over and over. */
static const struct {
	const char	*head;
	const char	*unit;
	const char	*tail;
} hostile[] = {
	{ "rm -", "r", "!" },
	{ "rm -", "rf", "!" },
	{ "rm ", "-r ", "!" },
	{ "", "eyJ", "!" },
	{ "", "eyJaaaaaaaaaaaa.", "!" },
	{ "curl ", "-F ", "!" },
	{ "", "curl ", "|" },
	{ "", "python -c socket ", "!" },
	{ ".env", "\n", "!" },
	{ "nc ", "-", "!" },
	{ "", "nc -l", "!" },
	{ "", "a@b.co ", "!" },
	{ "", "1234567890", "!" },
	{ "", "123456789 ", "!" },
	{ "", "000000000 ", "!" },
	{ "", "4111 1111 1111 111", "!" },
	{ "", "ignore previous ", "!" },
	{ "", "you are now ", "!" },
	{ "", "c\\u''r\"l\"$x", "!" },
	{ "", "'\"", "!" },
	{ "", "\\", "!" },
	{ "", "${IFS}", "!" },
	{ "", "${a", "!" },
	{ "", "\xe2\x80\x8b", "!" },
	{ "", "\xff", "!" },
	{ "", "$(dig ", "!" },
	{ "", "password=\"", "!" },
	{ "", "postgres://", "!" },
	{ "base64 -d ", " ", "| sh" },
	{ "", "$(curl ", "!" },
	{ "", "do curl ", "!" },
	{ "", "scp ", "!" },
	{ "", "sudo curl ", "!" },
	{ "", "; scp ", "!" },
	{ "", ";cat ", "!" },
	{ "", "cat ", "!" },
	{ "", "-exec ", "!" },
	{ "", ";cat a/.ssh/b", "!" },
	{ "", ";cat /etc/passwdx ", "!" },
	{ "", ";curl a | sh -", "!" },
	{ "", ";wget -O- a|", "!" },
	{ "", ";docker run -v ", "!" },
	{ "", ";git config a ", "!" },
	{ "", "please act as ", "!" },
	{ "", "and read the .env of ", "!" },
	{ "", "A=\"", "!" },
	{ "", "//./", "!" },
	{ "", "$'\\x41", "!" },
	{ "", " {a,", "!" },
	{ "", "A", "!" },
	{ "", " ", "!" }
};

static void
hostile_text(char *text, size_t len, size_t i)
{
	size_t	 head = strlen(hostile[i].head), n;
	size_t	 unit = strlen(hostile[i].unit);

	memcpy(text, hostile[i].head, head);
	for (n = head; n < len; n++)
		text[n] = hostile[i].unit[(n - head) % unit];
	n = strlen(hostile[i].tail);
	memcpy(text + len - n, hostile[i].tail, n);
}

static void
bench_hostile(struct bench *b)
{
	char	*text;
	double	 t, worst = 0, worst_raw = 0;
	size_t	 i, which = 0, which_raw = 0;

	if ((text = malloc(LARGE_LEN)) == NULL)
		err(1, NULL);
	for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		hostile_text(text, HOSTILE_LEN, i);
		t = measure(b, way_raw, &text, 1, HOSTILE_LEN, 1);
		if (t > worst_raw) {
			worst_raw = t;
			which_raw = i;
		}
		t = measure(b, way_detect, &text, 1, HOSTILE_LEN, 1);
		if (t > worst) {
			worst = t;
			which = i;
		}
		if (getenv("BENCH_VERBOSE") != NULL)
			printf("  %-20.20s %10.1f us\n", hostile[i].unit, t);
	}
	hostile_text(text, LARGE_LEN, which);
	t = measure(b, way_large, &text, 1, LARGE_LEN, 1);
	free(text);
	printf("%-38s %12.0f   (%s%s...)\n", "4 MB hostile, the same, us", t,
	    hostile[which].head, hostile[which].unit);
	printf("%-38s %12zu\n", "hostile texts tried",
	    sizeof(hostile) / sizeof(hostile[0]));
	printf("%-38s %12.0f   (%s%s...)\n",
	    "64 KB hostile, worst raw pass, us", worst_raw,
	    hostile[which_raw].head, hostile[which_raw].unit);
	printf("%-38s %12.0f   (%s%s...)\n", "64 KB hostile, worst detect, us",
	    worst, hostile[which].head, hostile[which].unit);
}

static uint32_t
image_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static void
bench_open(struct bench *b, const uint8_t *image, size_t len)
{
	const struct match_rule	*r;
	pcre2_compile_context	*cc = pcre2_compile_context_create(NULL);
	PCRE2_SIZE		 at;
	const uint8_t		*sizes = image + IMAGE_MAGIC_LEN + 12;
	size_t			 from, i, n;
	char			 text[256];
	int			 rc;

	if ((b->detect = detect_open(image, len, text, sizeof(text))) == NULL)
		errx(1, "%s", text);
	from = image_u32(sizes);
	for (i = 0; i < IMAGE_DATABASES; i++) {
		n = image_u32(sizes + 4 + 4 * i);
		if (n != 0 && (hs_deserialize_database((const char *)image +
		    from, n, &b->db[i]) != HS_SUCCESS ||
		    hs_alloc_scratch(b->db[i], &b->scratch) != HS_SUCCESS))
			errx(1, "database cannot be opened");
		from += n;
	}
	b->nrules = detect_nrules(b->detect);
	if ((b->code = calloc(b->nrules, sizeof(*b->code))) == NULL)
		err(1, NULL);
	(void)pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
	for (i = 0; i < b->nrules; i++) {
		r = detect_rule(b->detect, i);
		b->code[i] = pcre2_compile((PCRE2_SPTR)r->pattern,
		    PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY |
		    (r->flags & IMAGE_CASELESS ? PCRE2_CASELESS : 0), &rc,
		    &at, cc);
		if (b->code[i] != NULL &&
		    pcre2_jit_compile(b->code[i], PCRE2_JIT_COMPLETE) != 0)
			errx(1, "%s: no JIT", r->id);
	}
	pcre2_compile_context_free(cc);
	b->data = pcre2_match_data_create(1, NULL);
}

static void
bench_close(struct bench *b)
{
	size_t	 i;

	for (i = 0; i < b->nrules; i++)
		pcre2_code_free(b->code[i]);
	free(b->code);
	pcre2_match_data_free(b->data);
	(void)hs_free_scratch(b->scratch);
	(void)hs_free_database(b->db[0]);
	(void)hs_free_database(b->db[1]);
	detect_close(b->detect);
}

int
main(int argc, char *argv[])
{
	struct rulereport	 report;
	struct bench		 b;
	uint8_t			*image, *recs;
	double			 start;
	size_t			 imagelen, len;
	uint32_t		 i;
	char			 text[512];
	int			 fd;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_match pack-directory\n");
		return 1;
	}
	memset(&b, 0, sizeof(b));
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", argv[1]);
	start = now_us();
	if (rulepack_read(fd, basename(argv[1]), &recs, &len, text,
	    sizeof(text)) == -1 || rulecompile(recs, len, &image, &imagelen,
	    &report, text, sizeof(text)) == -1)
		errx(1, "%s", text);
	printf("pack %s: %u rules, %u of them confirmed by PCRE2, %u skipped; "
	    "image %zu KB; read and compiled in %.0f ms\n", report.pack,
	    report.loaded, report.prefiltered, report.skipped,
	    imagelen / 1024, (now_us() - start) / 1000);
	for (i = 0; i < report.nnotes; i++)
		if (report.notes[i].kind == RULENOTE_SKIPPED)
			printf("  skipped %s:%u: %s: %s\n",
			    report.notes[i].file, report.notes[i].line,
			    report.notes[i].id, report.notes[i].reason);
	close(fd);
	bench_open(&b, image, imagelen);
	bench_benign(&b);
	bench_hostile(&b);
	bench_close(&b);
	rulereport_free(&report);
	free(recs);
	free(image);
	return 0;
}
