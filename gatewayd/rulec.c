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

/*
 * rulec: makes a matcher database from a rule pack, in two short lives.
 *
 * rulec -P read
 *   may      read regular files below the one directory it was handed
 *   may not  compile, see anything else, network, exec
 *   if taken chooses the records of one load
 *
 * rulec -P compile
 *   may      turn the records it was handed into sealed memory files
 *   may not  open a file, network, exec
 *   if taken owns gatewayd's matcher: what gatewayd deserialises is its work
 */

#include <sys/time.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/role.h"
#include "common/sealed.h"
#include "rulecompile.h"
#include "rulepack.h"
#include "ruleself.h"
#include "rulevector.h"

#define MAX_RULEC_SECONDS	20

static const struct promise read_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_SENDFD | SB_READTREE | SB_MEMFD,
	.files = FILES_READTREE,
	.limits = { .nofile = 64, .fsize = MAX_SEALED, .nproc = 0,
	    .memlock = 0 },
};

static const struct promise compile_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_SENDFD | SB_MAPRO | SB_MEMFD,
	.files = FILES_NONE,
	.limits = { .nofile = 64, .fsize = MAX_SEALED, .nproc = 0,
	    .memlock = 0 },
};

static void
deadline(void)
{
	struct itimerval	it;

	memset(&it, 0, sizeof(it));
	it.it_value.tv_sec = MAX_RULEC_SECONDS;
	/* of the processor: a busy machine makes no pack worse */
	if (setitimer(ITIMER_PROF, &it, NULL) == -1)
		fatal("alarm");
}

static void
send_blob(enum blob_kind kind, const void *data, size_t len)
{
	struct blob	b;
	char		err[MAX_CONFINE_ERR];
	int		fd;

	memset(&b, 0, sizeof(b));
	b.kind = kind;
	crypto_generichash(b.digest, sizeof(b.digest), data, len, NULL, 0);
	if ((fd = sealed_create("rules", data, len)) == -1) {
		sealed_why(err, sizeof(err));
		fatalx("%s", err);
	}
	if (peer_send(role.sup, MSG_BLOB, 0, fd, &b, sizeof(b)) == -1 ||
	    peer_flush(role.sup, MAX_RULEC_SECONDS * 1000) == -1)
		fatal("send");
}

static void
read_main(void)
{
	static struct confine_params	 params;
	char				 err[MAX_RULEPACK_ERR];
	uint8_t				*recs;
	size_t				 len;
	int				 dir, test;

	/* the front end, which tests a pack, calls its directory so */
	test = (dir = role_fd(SFD_INPUT, VECTORS_INPUT)) != -1;
	if (!test && (dir = role_fd(SFD_INPUT, NULL)) == -1)
		fatalx("no rule pack was handed over");
	params.dirs[params.ndirs++] = dir;
	role_enter(&read_promise, &params);
	if (rulepack_read(dir, role.start.pack, &recs, &len, err,
	    sizeof(err)) == -1)
		fatalx("rule pack: %s", err);
	send_blob(BLOB_PACK, recs, len);
	if (!test)
		return;
	if (rulepack_vectors(dir, role.start.pack, &recs, &len, err,
	    sizeof(err)) == -1)
		fatalx("rule pack: %s", err);
	send_blob(BLOB_VECTORS, recs, len);
}

/* the rules tried on their vectors, and all that is to be said of the pack */
static void
test_rules(int fd, const struct rulereport *rp, const void *image,
    size_t imagelen)
{
	char		 err[MAX_RULECOMPILE_ERR], *text;
	const void	*recs;
	size_t		 len;

	if ((recs = sealed_map(fd, MAX_SEALED, &len)) == NULL)
		fatal("vectors");
	if ((text = rulevector_report(recs, len, rp, image, imagelen, err,
	    sizeof(err))) == NULL)
		fatalx("rule pack: %s", err);
	send_blob(BLOB_REPORT, text, strlen(text));
}

static void
report(const struct rulereport *rp)
{
	const struct rulenote	*n;
	uint32_t		 i;

	for (i = 0; i < rp->nnotes; i++) {
		n = &rp->notes[i];
		log_info("rule pack %s: %s%s%s: %s", rp->pack, n->file,
		    n->id[0] != '\0' ? ": " : "", n->id, n->reason);
	}
	log_info("rule pack %s: %u rules loaded, %u of them confirmed by "
	    "PCRE2, %u skipped, %u disabled", rp->pack, rp->loaded,
	    rp->prefiltered, rp->skipped, rp->disabled);
}

static void
compile_main(void)
{
	static struct rulereport	 rp;
	char				 err[MAX_RULECOMPILE_ERR];
	const void			*recs;
	uint8_t				*image;
	size_t				 len, imagelen;
	int				 fd, vectors;

	vectors = role_fd(SFD_INPUT, VECTORS_INPUT);
	if ((fd = role_fd(SFD_INPUT, NULL)) == -1)
		fatalx("no records were handed over");
	role_enter(&compile_promise, NULL);
	if (ruleself_check(err, sizeof(err)) == -1)
		fatalx("%s", err);
	if ((recs = sealed_map(fd, MAX_SEALED, &len)) == NULL)
		fatal("records");
	if (rulecompile(recs, len, &image, &imagelen, &rp, err,
	    sizeof(err)) == -1)
		fatalx("rule pack: %s", err);
	if (vectors != -1) {
		test_rules(vectors, &rp, image, imagelen);
		return;
	}
	report(&rp);
	send_blob(BLOB_MATCHER, image, imagelen);
}

int
main(int argc, char *argv[])
{
	int	compile;

	compile = argc == 3 && strcmp(argv[2], "compile") == 0;
	role_begin(argc, argv, compile ? ROLE_RULECOMP : ROLE_RULEREAD);
	deadline();
	if (compile)
		compile_main();
	else
		read_main();
	_exit(0);
}
