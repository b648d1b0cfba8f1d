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

#include "gatewayd/judgepack.h"
#include "gatewayd/rulevector.h"
#include "tests/unit/pack.h"

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * YAML to records, and small ones on to an image.  The first byte says which
 * file of a pack the rest is.
 */

#define MAX_COMPILED	512	/* bytes of YAML worth compiling each time */

static const char *const names[] = { "rules/x.yaml",
    "rules/local-patterns.yaml", "suppressions.yaml",
    "sensitive-tools.yaml", "judge/injection.yaml", "judge/pii.yaml",
    "judge/tool-injection.yaml", "judge/exfil.yaml" };

static char	 dir[64];
static int	 dirfd_;

static void
clean(void)
{
	(void)nftw(dir, pack_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	(void)snprintf(dir, sizeof(dir), "%s/fuzz.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(dir) != NULL);
	CHECK(atexit(clean) == 0);
	CHECK((dirfd_ = open(dir, O_RDONLY | O_DIRECTORY)) != -1);
	CHECK(mkdirat(dirfd_, "rules", 0700) == 0);
	CHECK(mkdirat(dirfd_, "judge", 0700) == 0);
	CHECK(mkdirat(dirfd_, "vectors", 0700) == 0);
	return 0;
}

/* every suppression is tried once */
static void
judgepack_use(const struct judgepack *jp)
{
	static const char	 text[] = "trace_id=0123456789abcdef a@b.c";
	struct wbuf		 w;
	uint32_t		 steps = MAX_JUDGEPACK_STEPS;
	char			 id[64];

	wbuf_init(&w, 4096);
	(void)judgepack_strip(jp, JUDGE_PII, text, sizeof(text) - 1, &w);
	CHECK(w.failed || w.len <= sizeof(text) - 1);
	wbuf_free(&w);
	(void)judgepack_suppressed(jp, "list_files", "JUDGE-PII-PHONE",
	    "1700000000", &steps, id, sizeof(id));
}

static void
compile(const uint8_t *recs, size_t len)
{
	struct rulereport	 report;
	struct judgepack	*jp;
	struct detect		*d;
	const void		*judge;
	uint8_t			*image;
	size_t			 imagelen, judgelen;
	char			 err[512];

	if (rulecompile(recs, len, &image, &imagelen, &report, err,
	    sizeof(err)) == -1) {
		/* what the reader writes is never called damaged */
		CHECK(strstr(err, "damaged") == NULL);
		return;
	}
	CHECK(report.loaded > 0);
	d = detect_open(image, imagelen, err, sizeof(err));
	CHECK(d != NULL);
	CHECK_INT(detect_nrules(d), report.loaded);
	judge = detect_judge(d, &judgelen);
	CHECK((jp = judgepack_open(judge, judgelen, err, sizeof(err))) !=
	    NULL);
	judgepack_use(jp);
	judgepack_close(jp);
	detect_close(d);
	rulereport_free(&report);
	free(image);
}

/* what the reader made of vectors, and the bytes as they are, on one rule */
static void
vectors(const uint8_t *recs, size_t len, int valid)
{
	static const char	 text[] = "version: 1\ncategory: c\nrules:\n"
	    "  - id: A\n    pattern: 'a+b'\n    severity: LOW\n";
	static struct rulereport report;
	static uint8_t		*image;
	static size_t		 imagelen;
	uint8_t			*rules;
	size_t			 n;
	char			 err[512] = "", *said;
	int			 fd;

	if (image == NULL) {
		fd = openat(dirfd_, "rules/v.yaml", O_WRONLY | O_CREAT, 0600);
		CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
		close(fd);
		CHECK(rulepack_read(dirfd_, "fuzz", &rules, &n, err,
		    sizeof(err)) == 0);
		CHECK(rulecompile(rules, n, &image, &imagelen, &report, err,
		    sizeof(err)) == 0);
		free(rules);
		CHECK(unlinkat(dirfd_, "rules/v.yaml", 0) == 0);
	}
	said = rulevector_report(recs, len, &report, image, imagelen, err,
	    sizeof(err));
	CHECK(said != NULL || (err[0] != '\0' && !valid));
	free(said);
}

static int
fuzz_vectors(const uint8_t *data, size_t len)
{
	uint8_t	*recs;
	size_t	 n;
	char	 err[512] = "";
	int	 fd;

	vectors(data, len, 0);
	fd = openat(dirfd_, "vectors/x.yaml", O_WRONLY | O_CREAT | O_TRUNC,
	    0600);
	CHECK(fd != -1);
	CHECK(write(fd, data, len) == (ssize_t)len);
	close(fd);
	if (rulepack_vectors(dirfd_, "fuzz", &recs, &n, err, sizeof(err)) ==
	    0) {
		vectors(recs, n, 1);
		free(recs);
	} else
		CHECK(err[0] != '\0');
	CHECK(unlinkat(dirfd_, "vectors/x.yaml", 0) == 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*name;
	uint8_t		*recs;
	size_t		 n;
	char		 err[512] = "";
	int		 fd;

	if (len == 0)
		return 0;
	if (data[0] == 'v')
		return fuzz_vectors(data + 1, len - 1);
	name = names[data[0] & 7];
	fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd != -1);
	CHECK(write(fd, data + 1, len - 1) == (ssize_t)(len - 1));
	close(fd);
	if (rulepack_read(dirfd_, "fuzz", &recs, &n, err, sizeof(err)) == 0) {
		if (len <= MAX_COMPILED)
			compile(recs, n);
		free(recs);
	} else {
		CHECK(err[0] != '\0');
		CHECK(strchr(err, '\n') == NULL);
	}
	CHECK(unlinkat(dirfd_, name, 0) == 0);
	return 0;
}
